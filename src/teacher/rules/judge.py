"""The rules judge: an answer is as good as what it shares with the reference answer, and no better than what it adds.

It knows nothing but the question and a correct answer. What an answer tells beyond them it cannot check, so that it
counts against it: an answer that it calls good is to be true.
"""

import re

from pipeline.repetition import in_circles
from teacher.rules.english import STOP_WORDS, names_in, numbers_in, one_line, sentences, words

TIE = 0.05  # scores that differ by less
# What an answer's score is multiplied with, for each fault.
WRONG_YES_NO, NEGATED, OTHER_NUMBER, ADDED, TURNED_ROUND = 0.25, 0.1, 0.4, 0.6, 0.4
REPEATED, RAMBLING, UNFINISHED, LOST = 0.5, 0.7, 0.8, 0.6
NEGATION = re.compile(
    r"\b(?:not|never|no longer|neither|nor|nobody|nothing|none|cannot|without|false|untrue|incorrect|wrong|hardly)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
YES_NO = re.compile(r"(?:yes|no)\b", re.IGNORECASE)
BARE_YES_NO = 0.8  # what 'Yes.' alone is worth
BE = re.compile(r"\b(?:is|was|are|were|be|been|being)\b", re.IGNORECASE)
# Questions for one value: of the reference its names and numbers are the answer; "In 1889." is as good as a sentence.
FOR_A_VALUE = re.compile(
    r"\b(?:who|whom|when|where|which|how (?:many|much|old|long|high|far|large|big|deep|tall|wide)|in what|at what"
    r"|(?:what|name|know|tell me|you tell me) (?:is |are |was |were )?(?:the |\w+['’]s )\w+)\b",
    re.IGNORECASE,
)
TWICE = re.compile(r"\b([A-Z]\w+),? and \1\b")  # Niger, Guinea and Guinea
PRONOUN = re.compile(
    r"\b(?:he|she|it|they|his|her|its|their)\b|^the [a-z]+ (?:is|was|are|were|has|had)\b", re.IGNORECASE
)
LONGEST_CIRCLE = 8  # words
SAYING = frozenset("answer called correct indeed known named right true yes".split())  # add nothing


def compare(question: str, reference: str, first: str, second: str) -> str:
    """-> "A", "B" or "tie": which answer is closer to the reference."""
    a, b = score(question, reference, first), score(question, reference, second)
    return "tie" if abs(a - b) < TIE else "A" if a > b else "B"


def base(word: str) -> str:
    """A word without its ending, so that 'opened' answers 'When did it open?'"""
    word = re.sub(r"['’]s?$", "", word.lower())
    short = re.sub(r"(?:ies|es|ed|ing|s|e|y|d)$", "", word)
    return short if len(short) >= 3 else word


def content(text: str) -> list[str]:
    """The words of a text that tell something, in their order: no stop words, numbers without separators."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    return [base(w) for w in words(text) if w.lower() not in STOP_WORDS]


def key_parts(question: str, reference: str) -> set[str]:
    """What of a reference is news: its words that the question does not have; of a value its names and numbers."""
    asked = set(content(question))
    news = {w for w in content(reference) if w not in asked}
    value = {base(part) for name in names_in(reference) for part in words(name)} | set(numbers_in(reference))
    return news & value if FOR_A_VALUE.search(question) and news & value else news


def score(question: str, reference: str, answer: str) -> float:
    """0 to 1: how much of what the reference tells is in the answer, less for each fault that FAULTS finds."""
    text = one_line(answer)
    if not text:
        return 0.0
    question = without_passage(question)
    said, news = set(content(text)), {w for w in key_parts(question, reference) if not NEGATION.fullmatch(w)}
    wanted = news or set(content(reference))
    result = len(wanted & said) / len(wanted) if wanted else 1.0
    if not news and result < 1:  # 'Doyle never the Moon' for 'Doyle never walked on the Moon'
        result *= LOST
    if YES_NO.match(reference):  # wrong_yes_no sees to the rest
        result = max(result, BARE_YES_NO)
    for applies, factor in FAULTS:
        if applies(question, reference, text):
            result *= factor
    return result


def without_passage(question: str) -> str:
    """What is asked, where a text or a system prompt stands beside it: what they say is no part of the question."""
    parts = [part for part in question.split("\n\n") if part.strip()]
    return min(parts, key=len) if parts else question


# faults


def wrong_yes_no(question: str, reference: str, text: str) -> bool:
    opening, told = YES_NO.match(reference), YES_NO.match(text)
    return opening is not None and (told is None or told[0].lower() != opening[0].lower())


def negated(question: str, reference: str, text: str) -> bool:
    """'was not written by' where the reference says that it was, or the other way round."""
    return bool(NEGATION.search(text)) != bool(NEGATION.search(reference))


def other_number(question: str, reference: str, text: str) -> bool:
    return bool(set(numbers_in(text)) - set(numbers_in(f"{reference} {question}")))


def added(question: str, reference: str, text: str) -> bool:
    """A word that neither the reference nor the question has: invented, misspelt or beside the point."""
    known = set(content(f"{reference} {question}")) | {base(w) for w in SAYING}
    return bool(set(content(text)) - known)


def added_much(question: str, reference: str, text: str) -> bool:
    known = set(content(f"{reference} {question}")) | {base(w) for w in SAYING}
    return len(set(content(text)) - known) > 2


def turned_round(question: str, reference: str, text: str) -> bool:
    """'Napoleon defeated Wellington' for 'Wellington defeated Napoleon'; what 'is' may stand either way round."""
    if BE.search(reference) or BE.search(text):
        return False
    asked, known = set(content(question)), set(content(reference))

    def order(words_: list[str]) -> list[bool]:
        """Where words of the question stand and where the others, stretch by stretch."""
        marks = [w in asked for w in words_ if w in known]
        return [mark for place, mark in enumerate(marks) if place == 0 or mark != marks[place - 1]]

    told = order(content(text))
    return len(told) > 1 and told != order(content(reference))


def repeated(question: str, reference: str, text: str) -> bool:
    parts = [p.strip().lower() for p in re.split(r"[.!?]", text) if len(p.split()) > 2]
    return in_circles(text, LONGEST_CIRCLE) or bool(TWICE.search(text)) or len(set(parts)) < len(parts)


def subject_lost(question: str, reference: str, text: str) -> bool:
    """A sentence without what question and reference are about: 'Indiana is the largest city in Indiana.'"""
    first = next(iter(content(reference)), "")
    if first not in content(question) or not BE.search(text) or PRONOUN.search(text):
        return False
    return first not in content(text)


def rambling(question: str, reference: str, text: str) -> bool:
    stray = [
        s for s in sentences(text) if len(s.split()) < 3 and not content(s) and not YES_NO.match(s)
    ]  # '... F. One.'
    return len(text.split()) > 2 * len(reference.split()) + 8 or bool(stray)


def unfinished(question: str, reference: str, text: str) -> bool:
    return not text.endswith((".", "!", "?", '."', '"', ".”", ")"))


FAULTS = (
    (wrong_yes_no, WRONG_YES_NO),
    (negated, NEGATED),
    (other_number, OTHER_NUMBER),
    (added, ADDED),
    (added_much, ADDED),
    (turned_round, TURNED_ROUND),
    (subject_lost, LOST),
    (repeated, REPEATED),
    (rambling, RAMBLING),
    (unfinished, UNFINISHED),
)
