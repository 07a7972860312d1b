"""Tasks with a text in the user's turn that the openai teacher makes: which of them, and which of its rows are fit.

    drawn = tasks(passage, other, count, *key)                # [Task(kind="summarise", asks="...")]
    problem = unfit(Turn(kind, question, answer, [passage]))  # None, or why the row is not learned from

An answer is held to its own text: all that it tells stands there, a list holds what was asked for, so many sentences
are so many, and what 'the text does not say' is not said there.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from pipeline.draws import hash64, shuffled
from teacher.grounding import UNITS, stem
from teacher.rules.english import STOP_WORDS, one_line, sentences, words

SAYS_NOTHING = "The text does not say."
# How often each kind is drawn to the others, and what the teacher is told of it
KINDS = {
    "answer": (4, "a question that the passage answers; the answer is one or two sentences"),
    "not_said": (
        2,
        "a question about the same things whose answer is NOT in the passage, and that a reader might well ask; the "
        f"answer is exactly: {SAYS_NOTHING}",
    ),
    "summarise": (2, "a request to summarise the passage in exactly {n}; the answer has exactly so many"),
    "bullets": (1, "a request to put the passage into exactly {m} bullet points; each is a line that begins with '- '"),
    "dates": (1, "a request to list all dates and years; the answer: each as the passage has it, a line each, '- '"),
    "names": (1, "a request to list all names of people; the answer: each as the passage has it, a line each, '- '"),
    "places": (1, "a request to list all names of places; the answer: each as the passage has it, a line each, '- '"),
    "numbers": (1, "a request to list all numbers; the answer: each with what it counts, a line each, '- '"),
    "simplify": (
        1,
        "a request to say it in simpler words, such as for a child of ten; the answer has shorter sentences and simple "
        "words, and tells nothing else",
    ),
    "rewrite": (1, "a request to rewrite the passage {style}; the answer keeps all facts and adds none"),
    "title": (1, "a request for a title; the answer is the title alone, at most ten words"),
    "compare": (1, "a request to compare the two passages; the answer says in two to four sentences what each is about "
                   "and where they differ"),
}  # fmt: skip
LISTS = {"dates", "names", "places", "numbers"}
STYLES = (
    "in other words",
    "in half as many words",
    "as a newspaper would",
    "as if told to a friend",
    "in a formal tone",
    "as a letter",
)
DIGITS = re.compile(r"\d")


class Task(NamedTuple):
    kind: str
    asks: str  # what the teacher is told of it


def tasks(passage: str, other: str, count: int, *key) -> list[Task]:
    """`count` kinds of tasks that suit a passage, all different, by the key; other: a second passage, or ''."""
    able = [kind for kind in KINDS if suits(kind, passage, other)]
    drawn = dict.fromkeys(shuffled([kind for kind in able for _ in range(KINDS[kind][0])], *key))
    chosen = hash64(*key, "numbers")
    sentences_asked = 1 + chosen % 3
    slots = {
        "n": "one sentence" if sentences_asked == 1 else f"{UNITS[sentences_asked]} sentences",
        "m": UNITS[3 + chosen // 3 % 3],
        "style": STYLES[chosen // 9 % len(STYLES)],
    }
    return [Task(kind, KINDS[kind][1].format(**slots)) for kind in list(drawn)[:count]]


def suits(kind: str, passage: str, other: str) -> bool:
    if kind == "compare":
        return bool(other)
    return kind not in ("dates", "numbers") or len(DIGITS.findall(passage)) >= 3


# which rows are fit

NOT_SAID = re.compile(
    r"^(?:no[,.] )?(?:the|this) (?:text|passage) (?:does not|doesn['’]t) (?:say|tell|mention|state|give|name)\b", re.I
)
COUNTED = re.compile(
    rf"\b(?P<number>{'|'.join(UNITS[1:13])}|\d{{1,2}}|a single)[- ]"
    r"(?:(?:short|simple|brief|key|main|full|bullet|bulleted|complete|clear) )*"
    r"(?P<what>sentence|point|bullet|item)s?\b",
    re.IGNORECASE,
)
ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+", re.MULTILINE)
YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
FIGURE = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w])")
BESIDE = re.compile(r"\s*(?:[:(–—]| - |, (?=[a-z]))")  # behind it stands what the item is
MOST_TITLE = 12  # words
MOST_SUMMARY = 0.7  # of the passage's words
MOST_COPIED = {"simplify": 0.9, "rewrite": 0.8}  # share of an answer's runs of three words that the passage has
SIMPLER_BY = 2  # words that the sentences of a simpler text may be longer than the passage's, on average
# What a question asks for, and what a sentence that answers it holds
ASKED_FOR = (
    (
        re.compile(r"\b(?:when|in (?:what|which) year|what year|what date)\b", re.IGNORECASE),
        re.compile(r"\d{3,4}|\d(?:st|nd|rd|th)"),
    ),
    (
        re.compile(r"\bhow (?:many|much|old|long|high|far|large|big|deep|tall|wide|heavy|often)\b", re.IGNORECASE),
        re.compile(r"\d"),
    ),
)


class Turn(NamedTuple):
    kind: str  # a key of KINDS
    question: str
    answer: str
    texts: list[str]  # that the user shows: one, or two to be compared

    @property
    def passage(self) -> str:
        return "\n\n".join(self.texts)


def unfit(turn: Turn) -> str | None:
    """Why a question about a text and its answer are not learned from; None when they are fit."""
    return next((reason for reason, applies in CHECKS if applies(turn)), None)


def answered_after_all(turn: Turn) -> bool:
    """'The text does not say', where one sentence has what the question asks of the thing that the first one names, and
    a value such as it asks for."""
    wanted = next((value for asks, value in ASKED_FOR if asks.search(turn.question)), None)
    if not wanted or not NOT_SAID.search(turn.answer):
        return False
    asked = {stem(w.lower()) for w in words(turn.question) if w.lower() not in STOP_WORDS}
    told = [{stem(w.lower()) for w in words(sentence)} for sentence in sentences(one_line(turn.passage))]
    for sentence, found in zip(sentences(one_line(turn.passage)), told):
        news = " ".join(w for w in sentence.split() if w.strip(".,;") not in turn.question)
        if asked & found and asked - found <= told[0] and wanted.search(news):
            return True
    return False


def says_what_is_not_said(turn: Turn) -> bool:
    """The kind not_said has that answer, and no task of another kind but a question has it."""
    told = bool(NOT_SAID.search(turn.answer))
    return told != (turn.kind == "not_said") if turn.kind != "answer" else False


def wrong_count(turn: Turn) -> bool:
    """Not so many sentences or points as the question asks for."""
    asked = COUNTED.search(turn.question)
    if not asked:
        return turn.kind == "bullets" and not ITEM.search(turn.answer)
    number = asked["number"].lower()
    wanted = int(number) if number.isdigit() else 1 if number == "a single" else UNITS.index(number)
    if asked["what"].lower() == "sentence":
        return bool(ITEM.search(turn.answer)) or len(sentences(one_line(turn.answer))) != wanted
    return len(ITEM.findall(turn.answer)) != wanted


def items(answer: str) -> list[str]:
    """The entries of a list, each without its mark and without what is said beside it."""
    lines = [ITEM.sub("", line).strip() for line in answer.splitlines() if line.strip()]
    if not ITEM.search(answer):
        lines = [part for line in lines for part in re.split(r", (?:and )?| and ", line.rstrip("."))]
    return [BESIDE.split(line)[0].strip(" .") for line in lines]


def foreign_items(turn: Turn) -> bool:
    """An entry of a list that the passage does not have, or one that comes twice."""
    if turn.kind not in LISTS:
        return False
    listed, text = [item.lower() for item in items(turn.answer)], one_line(turn.passage).lower()
    if turn.kind == "numbers":  # '302 watchtowers' for '302 tall watchtowers'
        return any(number not in turn.passage for number in FIGURE.findall(turn.answer))
    return len(set(listed)) < len(listed) or any(item.removeprefix("the ") not in text for item in listed)


def incomplete(turn: Turn) -> bool:
    """A list of dates or numbers that leaves one out."""
    if turn.kind == "dates":
        return not set(YEAR.findall(turn.passage)) <= set(YEAR.findall(turn.answer))
    if turn.kind == "numbers":
        counted = set(FIGURE.findall(turn.passage)) - set(YEAR.findall(turn.passage))
        return not counted <= set(FIGURE.findall(turn.answer))
    return False


def not_a_title(turn: Turn) -> bool:
    if turn.kind != "title":
        return False
    told = [w for w in words(turn.answer) if w.lower() not in STOP_WORDS]
    known = {stem(w.lower()) for w in words(turn.passage)}
    strange = [w for w in told if stem(w.lower()) not in known]
    return "\n" in turn.answer.strip() or len(turn.answer.split()) > MOST_TITLE or 2 * len(strange) > len(told)


def no_summary(turn: Turn) -> bool:
    return turn.kind == "summarise" and len(turn.answer.split()) > max(MOST_SUMMARY * len(turn.passage.split()), 20)


def copied(turn: Turn) -> bool:
    """A rewriting that is the passage again."""
    if turn.kind not in MOST_COPIED:
        return False
    runs, known = _runs(turn.answer), set(_runs(turn.passage))
    return sum(run in known for run in runs) > MOST_COPIED[turn.kind] * len(runs)


def _runs(text: str) -> list[tuple[str, ...]]:
    told = [w.lower() for w in words(text)]
    return list(zip(told, told[1:], told[2:]))


def no_simpler(turn: Turn) -> bool:
    def length(text: str) -> float:
        return len(text.split()) / max(1, len(sentences(one_line(text))))

    return turn.kind == "simplify" and length(turn.answer) > length(turn.passage) + SIMPLER_BY


def one_of_two(turn: Turn) -> bool:
    """A comparison that takes nothing from one of the two texts."""
    if turn.kind != "compare":
        return False
    texts = [{stem(w.lower()) for w in words(part)} - STOP_WORDS for part in turn.texts]
    told = {stem(w.lower()) for w in words(turn.answer)}
    return len(texts) == 2 and not (told & (texts[0] - texts[1]) and told & (texts[1] - texts[0]))


CHECKS: tuple[tuple[str, Callable[[Turn], bool]], ...] = (
    ("answered after all", answered_after_all),
    ("no answer", says_what_is_not_said),
    ("wrong count", wrong_count),
    ("not in the passage", foreign_items),
    ("incomplete list", incomplete),
    ("not a title", not_a_title),
    ("no summary", no_summary),
    ("copied", copied),
    ("not simpler", no_simpler),
    ("one of two texts", one_of_two),
)
