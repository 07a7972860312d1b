"""Which conversations are fit to learn from: a table of the reasons for which one is dropped.

    problem(conversation, article, max_turns)   # -> None, or the reason: the first of CHECKS that applies

Measured on rows labelled by hand: scripts/bench/RESULTS.md.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pipeline.repetition import in_circles
from teacher.grounding import TENS, UNITS, counts_agree, dates_agree, names_known, numbers_known, stem
from teacher.reading import LISTS, NOT_SAID, Turn, unfit
from teacher.rules.english import PARTICIPLE, STOP_WORDS, VERBS, names_in, one_line, sentences, words
from teacher.rules.lexicon import entries, word_pairs, word_set
from teacher.rules.subject import KINDS

MALFORMED = "malformed"  # the kind of a conversation that the teacher did not write as it was asked to
MOST_QUESTION, MOST_ANSWER = 1200, 2000  # characters
MOST_REWRITTEN = 3000  # of an answer that is a text of 400 words again
LEAST_QUESTION, LEAST_ANSWER = 8, 2


@dataclass(frozen=True)
class Row:
    """A conversation as the checks see it."""

    kind: str
    questions: list[str]
    answers: list[str]
    title: str
    text: str  # of the article, or of the passages that the user shows
    texts: tuple[str, ...] = ()  # those passages; none: the question is from memory

    @property
    def said(self) -> list[str]:
        return self.questions + self.answers

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return list(zip(self.questions, self.answers))

    @property
    def reading(self) -> bool:
        """Whether the user shows the text that the question is about."""
        return bool(self.texts)

    @property
    def task(self) -> str:
        """Of a question about a passage: answer, title, summarise ..."""
        return self.kind.partition("/")[2]

    @cached_property
    def article_words(self) -> frozenset[str]:
        return frozenset(w.lower() for w in words(f"{self.title} {self.text}"))


def problem(conversation: dict, article: dict, max_turns: int) -> str | None:
    """Why a conversation is not fit to learn from; None when it is. One about passages has them as its texts, and is
    held to them alone."""
    if conversation["kind"] == MALFORMED:
        return MALFORMED
    messages = conversation.get("messages", [])
    if not messages or len(messages) % 2 or any(not m["content"].strip() for m in messages):
        return "empty"
    if len(messages) // 2 > max_turns:
        return "too many turns"
    said, texts = [m["content"] for m in messages], tuple(conversation.get("texts", ()))
    title, text = ("", "\n\n".join(texts)) if texts else (article["title"], article["text"])
    row = Row(conversation["kind"], said[::2], said[1::2], title, text, texts)
    reason = next((reason for reason, applies in CHECKS if applies(row)), None)
    if reason is None and row.reading:
        found = (unfit(Turn(row.task, *pair, list(texts))) for pair in row.pairs)
        reason = next((reason for reason in found if reason), None)
    return reason


# form

SPECIAL = re.compile(r"<\|\w+\|>")
MARKUP = re.compile(r"</?[a-zA-Z][^<>\n]*>|&(?:[a-z]{2,6}|#\d+);|[{}]|\[[^\]\n]+\]|_{3,}")
DOTS = re.compile(r"(?<![\w.])(?:\.{3}|…)|(?:\.{3}|…)(?= \w+ (?:\.{3}|…))")  # left open, not a pause within a sentence
FILLER = word_set("filler_latin")
TO_DO = re.compile(r"\b(?:TODO|TBD|FIXME|XXX)\b")
PLACEHOLDERS = {"answer", "your answer", "question", "string", "text", "answer text", "the answer"}


def markup(row: Row) -> bool:
    """HTML, template braces, brackets to be filled in; not what stands in the article itself."""
    return any(found not in row.text for text in row.answers for found in MARKUP.findall(text)) or (
        not row.reading and any(MARKUP.search(text) for text in row.questions)
    )


def placeholder(row: Row) -> bool:
    return any(DOTS.search(text) or TO_DO.search(text) for text in row.said) or any(
        answer.lower().strip(" .!") in PLACEHOLDERS for answer in row.answers
    )


def filler(row: Row) -> bool:
    """The Latin that printers fill pages with."""
    return any(len(FILLER & {w.lower() for w in words(text)} - row.article_words) >= 2 for text in row.said)


LIST_ITEM = re.compile(r"(?:^|\n)(?:[-*•]|\d+[.)]) ")
ASKS_FOR_A_TITLE = re.compile(r"\b(?:title|heading|headline|name)\b", re.IGNORECASE)


def without_end(row: Row) -> bool:
    """An answer that was cut off. A list and a title need no full stop."""
    return any(
        not answer.rstrip().endswith((".", "!", "?", '"', "”", "’", ")", "`"))
        and not LIST_ITEM.search(answer)
        and row.task not in ("title", *LISTS)
        and not (ASKS_FOR_A_TITLE.search(question) and len(answer.split()) <= 12)
        for question, answer in row.pairs
    )


# what is said

MENTIONS_SOURCE = re.compile(
    r"\b(?:the|this|above|given|provided|following) (?:above |given |provided |following )?"
    r"(?:article|passage|text|excerpt|document|paragraph|author|context|information)\b(?! of\b)"
    r"|\baccording to (?:the|this)\b|\bas (?:mentioned|stated|described|noted) (?:above|before|earlier)\b",
    re.IGNORECASE,
)
NO_ANSWER = re.compile(
    r"^(?:i['’]m |i am )?(?:sorry|afraid|unfortunately)\b"
    r"|\bi(?: do not|don['’]t| cannot|can['’]t) (?:have|find|see|recall)\b"
    r"|\b(?:data|details?|information|answer|date|figure)s? (?:is|are) (?:missing|unavailable)\b"
    r"|\b(?:is|are) not (?:discussed|covered|described|recorded|clear|available|included|given)\b"
    r"|\b(?:hard|difficult|impossible) to (?:say|tell|know|determine)\b|"
    r"(?:\bnot?|n['’]t)(?: have)?(?: enough| sufficient| any| further)? information\b"
    r"|\b(?:is|have|has|had) no (?:information|mention|knowledge|idea|record|data|details?)\b"
    r"|\bnot something i\b|\bi(?: am|['’]m) not (?:sure|certain|able)\b|\bas an ai\b|\blanguage model\b"
    r"|\b(?:can ?not|can't|unable to|could not) (?:answer|say|tell|determine|provide|help)\b"
    r"|\b(?:i|we) (?:do not|don't) know\b|\b(?:does not|doesn't|do not|don't) (?:specify|mention|say|provide|state)\b"
    r"|\bnot (?:specified|mentioned|stated|provided|known from)\b|^(?:unknown|n/a|none|not available|no answer)\W*$",
    re.IGNORECASE,
)
UNCERTAIN = re.compile(r"\b(?:unknown|unclear|uncertain|undetermined)\b", re.IGNORECASE)
PREAMBLE = re.compile(
    r"^(?:sure|certainly|of course|absolutely|(?:great|good|interesting) question|happy to|i['’]d be happy"
    r"|here(?:['’]s| is| are)\b|let me\b|thank you for)(?![\w, ]*\b(?:is|was|are|were|did|does)\b[^.!:]*[.!]$)",
    re.IGNORECASE,
)
LONGEST_CIRCLE = 6  # words
FOREIGN = word_set("foreign_words")


def mentions_source(row: Row) -> bool:
    """Speaks of a text that the user does not see; 'the document' may be what the article is about."""
    article = row.text.lower()
    return not row.reading and any(
        found.group(0).lower() not in article for text in row.said for found in MENTIONS_SOURCE.finditer(text)
    )


def no_answer(row: Row) -> bool:
    """A refusal, where the article is known to have the answer. 'The text does not say' is an answer about a text."""
    for answer in row.answers:
        if row.reading and NOT_SAID.search(answer):
            continue
        unsure = UNCERTAIN.search(answer)  # it may be what the article tells
        if NO_ANSWER.search(one_line(answer)) or unsure and unsure[0].lower() not in row.article_words:
            return True
    return False


def preamble(row: Row) -> bool:
    """'Great question!', 'Sure, here are ...': praise and promises before the answer."""
    return any(PREAMBLE.search(one_line(answer)) for answer in row.answers)


# What an answer to a question for a time, or for how many, has in it, beside digits
A_TIME = word_set("times")
A_QUANTITY = word_set("quantities") | frozenset([*UNITS, *TENS])
FOR_A_TIME = re.compile(
    r"^(?:and )?(?:when|(?:in|on) (?:what|which) (?:year|day|date|century|decade|month))\b", re.IGNORECASE
)
FOR_A_QUANTITY = re.compile(r"^(?:and |about )?how (?:many|much)\b", re.IGNORECASE)


def beside_the_question(row: Row) -> bool:
    """No time where the question asks when, no quantity where it asks how many."""
    return any(
        asks.search(question)
        and not re.search(r"\d", answer)
        and not telling & set(re.findall(r"[a-z]+", answer.lower()))
        for question, answer in row.pairs
        for asks, telling in ((FOR_A_TIME, A_TIME), (FOR_A_QUANTITY, A_QUANTITY))
        if not (row.reading and NOT_SAID.search(answer))
    )


def another_language(row: Row) -> bool:
    return any(foreign(text) for text in row.said)


def foreign(text: str) -> bool:
    """Letters that are not Latin, or more frequent words of other languages than of English."""
    letters = [c for c in text if c.isalpha()]
    if sum(ord(c) > 0x24F for c in letters) > 0.3 * len(letters):
        return True
    said = [w.lower() for w in words(text)]
    others = [w for w in said if w in FOREIGN]
    return "¿" in text or len(others) >= 2 and len(others) > sum(w in STOP_WORDS and w not in FOREIGN for w in said)


ASKING = frozenset("what where who whom whose which when how why".split())


def echo(row: Row) -> bool:
    """An answer that is a question, or of the question's own words and asks still, or says them in their order."""
    for question, answer in () if row.reading else row.pairs:
        asked, told = [[w.lower() for w in words(text)] for text in (question, answer)]
        if answer.rstrip().endswith("?") and len(sentences(one_line(answer))) == 1:
            return True
        if len(told) >= 3 and set(told) <= set(asked):
            in_order = f" {' '.join(told)} " in f" {' '.join(asked)} "
            if ASKING & set(told) or in_order:
                return True
    return False


def repetition(row: Row) -> bool:
    for answer in row.answers:
        told = [" ".join(words(s)).lower() for s in sentences(one_line(answer)) if len(s.split()) >= 3]
        if in_circles(answer, LONGEST_CIRCLE, numbers=False) or len(set(told)) < len(told):
            return True
    return False


# a question that makes sense by itself

POINTING = re.compile(
    r"^(?:(?:and|so|but) )?(?:who|whom|whose|what|when|where|why|how|which|is|was|are|were|did|does|do|has|had|in which"
    r"|can|name|list)\b[\w', ]{0,60}?"
    r"\b(?:he|she|it|they|his|her|its|their|him|them|this|these|those|there|then)\b|\bones?\?$",
    re.IGNORECASE,
)
# 'before there were cars', 'How long after its launch did Voyager 1 ...': these point at nothing, or at what comes
FORWARD = re.compile(
    r"\bthere (?:is|are|was|were|been|be)\b|\b(?:after|before|since|during) (?:its|his|her|their)\b", re.IGNORECASE
)
# 'What is chlorophyll?', 'Why do plants need light?': a thing without 'the' right behind the verb.
BARE = re.compile(
    r"\b(?:is|are|was|were|do|does|did|can|has|have|of|about|that|explain|describe|define|word|term) (?:an? )?"
    r"(?:[a-z]+[- ]){0,2}?(?P<noun>[a-z]{3,})\b",
    re.IGNORECASE,
)


GENERIC = frozenset("mount lake river sea island city great new war battle".split())  # of titles
OPENERS = frozenset(
    "can could define describe did do does explain give hello hi hey list name please say state sum summarise "
    "summarize tell thanks what when where which who whom whose why write".split()
)
# 'Who discovered the electron?', 'Who built the first bicycle?': a thing of which there is one kind, not 'the tower'.
ONE_OF_ITS_KIND = "coined described devised discovered explained formulated invented isolated patented predicted proved"
MADE = re.compile(
    rf"\b(?:(?:{'|'.join(ONE_OF_ITS_KIND.split())}) the (?:first )?"
    rf"|(?:{'|'.join([*word_pairs('makers'), *entries('deeds')])}) the first )"
    r"(?:[a-z]+ (?!of\b|against\b|for\b))?(?P<noun>(?!ones?\b)[a-z]+)\b"
)
# 'When did construction begin?': of something that is not named. 'When was paper invented?' names it.
OF_SOMETHING = re.compile(r"\b(?:did|had|was|were) [a-z]+(?:ion|ment|ing|ity|ence|ance|ism|ship) (?!of\b)")

# 'the longest river of all', 'atomic number 117'; not a year, in which much happened.
UNIQUE = re.compile(
    r"\bthe (?:(?:second|third|fourth|fifth) )?(?:(?!(?:west|rest|forest|east|test)\b)\w+est|most \w+)\b(?!\?)"
    r"|(?<![\d,])(?!1\d{3}\b|20\d\d\b)\d"
)


def place_of_subject(question: str, title: str) -> int | None:
    """Where a question first has a name, or a word of the article's title; None if nowhere."""
    core = {stem(w.lower()) for w in words(re.sub(r" \([^()]*\)$", "", title))} - STOP_WORDS - GENERIC
    names = set(names_in(question))
    for match in re.finditer(r"[\w’'\-]+", question):
        word = re.sub(r"['’]s$", "", match[0])
        opens = match.start() == 0 and word[:1].isupper() and not {word.lower()} & (OPENERS | STOP_WORDS)
        if opens or word in names or stem(word.lower()) in core:
            return match.start()
    return None


def without_subject(row: Row) -> bool:
    """A first question that makes sense only beside the article: 'When was it built?', 'How high is the tower?'"""
    question = FORWARD.sub("", row.questions[0])
    pronoun, place = POINTING.search(question), place_of_subject(question, row.title)
    if row.reading or (place is not None and not (pronoun and pronoun.end() < place)):
        return False
    if pronoun:
        return True
    if UNIQUE.search(question):
        return False
    made = MADE.search(question)
    if re.search(r"\bthe (?!(?:most|word|term|name) )[a-z]", question) and not (made and made["noun"] not in KINDS):
        return True
    if OF_SOMETHING.search(question):
        return True
    nouns = {match["noun"].lower() for match in BARE.finditer(question)}
    return not made and not nouns - STOP_WORDS - VERBS.keys() - PARTICIPLE.keys()


# grounded in the article


def grounded(answer: str, article: dict, question: str) -> bool:
    """Whether the numbers and names of an answer follow from the article (or the question that it takes up)."""
    known = f"{article['title']} {article['text']} {question}"
    return (
        numbers_known(answer, known, question)
        and names_known(answer, known)
        and counts_agree(answer, known)
        and dates_agree(answer, known, one_line(article["text"]), f"{article['title']} {question}")
    )


def not_grounded(row: Row) -> bool:
    article = {"title": row.title, "text": row.text}
    before = ""
    for question, answer in row.pairs:
        before += f" {question}"
        if row.task == "title":  # capitals say nothing there; reading.py looks at its words
            answer = answer.lower()
        if not grounded(answer, article, before):
            return True
    return False


CHECKS: tuple[tuple[str, Callable[[Row], bool]], ...] = (
    ("special token", lambda row: any(SPECIAL.search(text) for text in row.said)),
    (
        "too long",
        lambda row: (
            max(map(len, row.questions)) > MOST_QUESTION
            or max(map(len, row.answers)) > (MOST_REWRITTEN if row.reading else MOST_ANSWER)
        ),
    ),
    (
        "too short",
        lambda row: min(map(len, row.questions)) < LEAST_QUESTION or min(map(len, row.answers)) < LEAST_ANSWER,
    ),
    ("placeholder", placeholder),
    ("markup", markup),
    ("filler text", filler),
    ("another language", another_language),
    ("no answer", no_answer),
    ("mentions the article", mentions_source),
    ("question without a subject", without_subject),
    ("preamble", preamble),
    ("beside the question", beside_the_question),
    ("echo of the question", echo),
    ("repetition", repetition),
    ("answer without an end", without_end),
    ("not grounded", not_grounded),
)
