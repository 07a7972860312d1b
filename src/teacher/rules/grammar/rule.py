"""What an entry of the grammar's tables is: a pattern, the question that it asks, what forbids it, and an example."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from teacher.rules.clauses import PRONOUN
from teacher.rules.english import MONTH, NAME, capital
from teacher.rules.fact import Fact, stands_alone
from teacher.rules.grammar.phrases import names_someone
from teacher.rules.subject import PERSON_NOUNS, ParsedArticle

Match = re.Match[str]


@dataclass(frozen=True)
class Clause:
    """A clause as far as all rules of its form need it taken apart."""

    text: str  # the whole, with § for the article's subject
    article: ParsedArticle
    source: str  # the sentence that it is of
    said: str  # what the rules' patterns look at: the whole, or what follows the verb
    raw: str = ""  # the noun phrase asked about, as it stands
    np: str = ""  # the same as it stands in a question
    auxiliary: str = ""  # how a question of it begins: was, does
    asked: str = ""  # the verb after the subject in a question: begin
    stated: str = ""  # the verb as it stands: began
    adverb: str = ""

    @property
    def own(self) -> bool:
        """Whether it is about the article's subject."""
        return self.raw == "§"

    @property
    def first(self) -> str:
        return self.said.split()[0]


Forbid = Callable[[Clause, Match], bool]


class Example(NamedTuple):
    title: str
    text: str
    question: str
    answer: str
    kinds: dict[str, str] = {}  # what other articles are about: {"vienna": "city"}


@dataclass(frozen=True)
class Rule:
    name: str
    pattern: re.Pattern[str]  # of the clause's `said`, from its first character to its last
    ask: Callable[[Clause, Match], list[Fact]]
    example: Example  # gives this question and answer because of this rule alone: also a test
    forbid: tuple[Forbid, ...] = ()
    also: bool = False  # whether it asks even where a rule above it has found a question


@dataclass(frozen=True)
class Form:
    """One form of clause: how it is taken apart, and the rules for what it says, in order."""

    name: str
    read: Callable[[str, ParsedArticle, str], Clause | None]
    rules: tuple[Rule, ...]

    def facts(self, text: str, article: ParsedArticle, source: str) -> list[Fact]:
        clause = self.read(text, article, source)
        found: list[Fact] = []
        if clause is None:
            return found
        for rule in self.rules:
            match = rule.pattern.fullmatch(clause.said) if rule.also or not found else None
            if match and not any(forbids(clause, match) for forbids in rule.forbid):
                found += rule.ask(clause, match)
        return found


# what forbids


def has(group: str, pattern: str) -> Forbid:
    """A group of the match contains a pattern."""
    compiled = re.compile(pattern)
    return lambda clause, match: bool(compiled.search(match[group] or ""))


def lacks(group: str, pattern: str) -> Forbid:
    compiled = re.compile(pattern)
    return lambda clause, match: not compiled.search(match[group] or "")


def longer(group: str, words: int) -> Forbid:
    """A group of the match has more words than these."""
    return lambda clause, match: len((match[group] or "").split()) > words


def begins(pattern: str) -> Forbid:
    """What is said begins with a pattern."""
    compiled = re.compile(pattern)
    return lambda clause, match: bool(compiled.match(clause.said))


def says(words: str) -> Forbid:
    """Words that stand somewhere in what is said."""
    compiled = re.compile(rf"\b{words}\b")
    return lambda clause, match: bool(compiled.search(clause.said))


def unless(holds: Callable[[Clause, Match], object]) -> Forbid:
    return lambda clause, match: not holds(clause, match)


def usable(np: str, article: ParsedArticle) -> bool:
    """Whether a noun phrase can be asked about without the article."""
    if "§" in np:
        return True
    names = re.findall(NAME, re.sub(r"^(?:The|An?) ", "", np))
    return bool(names) and all(stands_alone(n.removeprefix("the "), article) or i for i, n in enumerate(names))


# what asks


def statement(text: str, article: ParsedArticle) -> str:
    """A clause as an answer."""
    return capital(text.replace("§", article.subject.name)).rstrip(" .,") + "."


def turned(clause: Clause, wh: str, body: str, relation: str, value: str) -> Fact:
    """A question by inversion: 'X began in 1789' -> 'When did X begin?', 'Can you tell me when X began?'

    body: what follows the verb, without what is asked for.
    """
    article, np, auxiliary = clause.article, clause.np, clause.auxiliary
    body = f"{clause.adverb}{body}".strip()
    body, base = (f" {body}" if body else ""), f" {clause.asked}" if clause.asked else ""
    it = article.subject.pronoun
    direct, indirect = f"{wh} {auxiliary} {np}{base}{body}", f"{wh} {np} {clause.stated}{body}"
    ask = [
        f"{capital(direct)}?",
        f"Can you tell me {indirect}?",
        f"Do you know {indirect}?",
        f"Tell me {indirect}.",
        f"I would like to know {indirect}.",
    ]
    if wh == "when" and re.search(r"\d{3,4}", value) and not re.search(rf"{MONTH}|BC|from|between", value):
        ask += [f"In which year {direct[5:]}?", f"In what year {direct[5:]}?"]
    plural = {"does": "do"}.get(auxiliary, auxiliary) if it == "they" else auxiliary
    follow = [f"{capital(wh)} {plural} {it}{base}{body}?", f"And {wh} {plural} {it}{base}{body}?"]
    return Fact(
        relation,
        np,
        value,
        statement(clause.text, article),
        tuple(ask),
        tuple(follow) if clause.own else (),
        source=clause.source,
    )


def asked_for_subject(clause: Clause, predicate: str) -> list[Fact]:
    """'§ is the only mammal that can fly' -> Which animal is the only mammal ...? 'Who led the Salt March?'"""
    own, np, article = clause.own, clause.np, clause.article
    if len(predicate.split()) > 15 or re.search(r"\b(?:and|or|which)$", predicate) or PRONOUN.search(predicate):
        return []
    if "," in predicate or (not own and not names_someone(predicate)):
        return []
    who = subject_word(clause)
    if not who or (predicate.startswith(("are ", "were ")) and who != "who"):
        return []
    ask = (
        f"{capital(who)} {predicate}?",
        f"Can you tell me {who} {predicate}?",
        f"Do you know {who} {predicate}?",
        f"Tell me {who} {predicate}.",
    )
    return [Fact("subject: " + predicate, np, np, statement(clause.text, article), ask, source=clause.source)]


def subject_word(clause: Clause) -> str:
    """What asks for the subject: 'who', 'which river', 'what'; '' where nothing does."""
    subject = clause.article.subject
    kind = subject.kind if clause.own else clause.article.kind_of(clause.np)
    if (clause.own and subject.person) or kind in PERSON_NOUNS:
        return "who"
    if kind:
        return f"which {kind}"
    return "what" if re.match(r"(?:the|an?) ", clause.np) else ""


def about_doer(clause: Clause, past: str) -> tuple[str, ...]:
    """Who did it, after a turn that named what was done: 'Who discovered it?'"""
    subject = clause.article.subject
    them = subject.object
    return (f"Who {past} {them}?", f"And who {past} {them}?") if clause.own and not subject.person else ()
