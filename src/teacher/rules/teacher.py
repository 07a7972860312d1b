"""The rules teacher: conversations from the articles themselves, without a model or a network.

    teacher = RulesTeacher(articles, seed=1)
    teacher.conversations(article, count=20, max_turns=3)   # [{"kind": "fact", "messages": [...]}, ...]

What a sentence states is found by facts.py; here facts become conversations. Every fact of an article is
asked once before any is asked twice, each time in other words; wrong guesses for yes/no questions are true
values of other articles.
"""

import itertools
import re
from collections.abc import Iterable, Iterator

from pipeline.draws import hash64, shuffled
from teacher.rules.clauses import BROKEN
from teacher.rules.english import MONTH, capital, sentences, without_parentheses
from teacher.rules.facts import Fact, facts_of
from teacher.rules.lexicon import word_set
from teacher.rules.rewording import asked_back, asked_otherwise
from teacher.rules.subject import ParsedArticle, Subject, paragraphs_of, parse_article, read_subject

ROUNDS = 6  # wordings of one question at most
SUMMARY_WORDS = 45
ONE_VALUE = word_set("single_valued")  # relations in which another value is wrong for sure
SUMMARY = (
    "Tell me about {S}.",
    "What can you tell me about {S}?",
    "Give me a short description of {S}.",
    "Write a few words about {S}.",
    "Describe {S}.",
    "I would like to learn about {S}.",
)
ONE_SENTENCE = (
    "Describe {S} in one sentence.",
    "In one sentence, {who} {is} {S}?",
    "Sum up in one sentence {who} {S} {is}.",
)


Key = tuple  # what a choice depends on besides what is chosen from: the seed, the article's id and title
Turns = list[tuple[str, str]]  # (question, answer) each
Planned = tuple[str, Turns]  # the kind of a conversation, and its turns


class RulesTeacher:
    """Knows all articles of the run: their kinds, and the values that each relation takes among them."""

    def __init__(self, articles: Iterable[dict], seed: int):
        self.seed, articles = seed, list(articles)
        self.kinds: dict[str, str] = {}
        for article in articles:
            subject = read_subject(article["title"], paragraphs_of(article["text"]))[0]
            self.kinds[subject.name.lower()] = subject.kind
        self.values: dict[str, set[str]] = {}  # relation -> values
        self.truths: dict[tuple[str, str], set[str]] = {}  # (relation, subject) -> values
        self.owners: dict[tuple[str, str], set[str]] = {}  # (relation, value) -> subjects
        self.known: dict[tuple, tuple[ParsedArticle, list[Fact]]] = {}  # what read() has found
        for article in articles:
            for fact in self.read(article)[1]:
                if fact.check or fact.back:
                    self.values.setdefault(fact.relation, set()).add(fact.value)
                    self.truths.setdefault((fact.relation, fact.subject.lower()), set()).add(fact.value.lower())
                    self.owners.setdefault((fact.relation, fact.value.lower()), set()).add(fact.subject.lower())
        self.sorted_values = {relation: sorted(values) for relation, values in self.values.items()}

    def read(self, article: dict) -> tuple[ParsedArticle, list[Fact]]:
        """An article as the rules read it, and its facts: found once, asked for by all kinds of conversations."""
        key = article["title"], article["text"]
        if key not in self.known:
            parsed = parse_article(article, self.kinds)
            self.known[key] = parsed, facts_of(parsed)
        return self.known[key]

    def conversations(self, article: dict, count: int, max_turns: int) -> list[dict]:
        """At most `count` conversations about an article, the most needed first."""
        parsed, facts = self.read(article)
        key = (self.seed, article.get("id"), article["title"])
        result: list[dict] = []
        seen: set[tuple] = set()
        for kind, turns in self.plan(parsed, facts, max_turns, key):
            if tuple(turns) not in seen and len(result) < count:
                seen.add(tuple(turns))
                result.append({"kind": kind, "messages": messages(turns)})
        return result

    def plan(self, article: ParsedArticle, facts: list[Fact], max_turns: int, key: Key) -> Iterator[Planned]:
        """Conversations in the order of need: all facts once, then the other kinds, then all again."""
        wordings = {id(fact): self.questions(fact, key) for fact in facts}
        extras = self.extras(article, facts, key)
        chains = list(self.chains(article.subject, facts, wordings, max_turns, key))
        yield from chains
        told = {answer for _, turns in chains for _, answer in turns}
        for round_ in range(ROUNDS):
            single = [
                single_question(fact, wordings[id(fact)][round_]) for fact in facts if round_ < len(wordings[id(fact)])
            ]
            again = [s for s in single if round_ == 0 and s[1][0][1] in told]
            share = len(extras) // ROUNDS + 1
            yield from (s for s in single if s not in again)
            yield from extras[round_ * share : (round_ + 1) * share]
            yield from again

    def questions(self, fact: Fact, key: Key) -> list[str]:
        """At most ROUNDS questions for a fact's value: those of the rule that found it, and others, in turn."""
        own = shuffled(fact.ask, *key, fact.answer)
        other = shuffled(asked_otherwise(fact, self.kinds), *key, fact.answer)
        mixed = [question for pair in itertools.zip_longest(own, other) for question in pair if question]
        return list(dict.fromkeys(mixed))[:ROUNDS]

    def chains(
        self, subject: Subject, facts: list[Fact], wordings: dict[int, list[str]], max_turns: int, key: Key
    ) -> Iterator[Planned]:
        """Conversations of several turns: the first question names the subject, the others say 'it'."""
        able = [fact for fact in facts if fact.follow and fact.subject == subject.name]
        for start in range(0, len(able), max_turns):
            part = able[start : start + max_turns]
            first = facts[0] if start == 0 and facts[0].relation == "definition" else part[0]
            turns = [(wordings[id(first)][-1], first.answer)]
            turns += [(shuffled(fact.follow, *key, fact.answer)[0], fact.answer) for fact in part if fact is not first]
            if 2 <= len(turns):
                yield "multi_turn", turns[:max_turns]

    def extras(self, article: ParsedArticle, facts: list[Fact], key: Key) -> list[Planned]:
        """Everything that is not a plain question for a fact; one reverse question for each fact comes first."""
        found = list(summary_requests(article, key))
        for fact in facts:
            found += self.reverse(fact, key)
            found += self.yes_no(fact, key)
        mixed = shuffled(found, *key, "extras")
        first = {turns[0][1]: (kind, turns) for kind, turns in mixed if kind == "reverse"}
        return list(first.values()) + [extra for extra in mixed if extra not in first.values()]

    def reverse(self, fact: Fact, key: Key) -> Iterator[Planned]:
        """Questions for the subject, where no other has the value."""
        if fact.back and len(self.owners[fact.relation, fact.value.lower()]) == 1:
            own = shuffled(fact.back, *key, fact.answer)
            other = shuffled(asked_back(fact, self.kinds), *key, fact.answer, "back")
            for question in dict.fromkeys([own[0], *other[:2], *own[1:]][:3]):
                yield "reverse", [(question, fact.back_answer)]

    def yes_no(self, fact: Fact, key: Key) -> Iterator[Planned]:
        """As often yes as no, so that neither is the better guess."""
        wrong = self.wrong_value(fact, key) if fact.check else None
        if wrong:
            yield "yes_no", [(fact.check.replace("{V}", fact.value), f"Yes. {fact.answer}")]
            yield "yes_no", [(fact.check.replace("{V}", wrong), f"No. {fact.answer}")]

    def wrong_value(self, fact: Fact, key: Key) -> str | None:
        """A value of the same relation that is true of another subject and not of this one."""
        values = self.sorted_values.get(fact.relation, [])
        truths = self.truths.get((fact.relation, fact.subject.lower()), set())
        if fact.relation not in ONE_VALUE or len(truths) != 1 or len(values) < 3:
            return None
        start = hash64(*key, fact.answer, "wrong") % len(values)
        for value in values[start:] + values[:start]:
            if (
                value.lower() not in truths
                and not overlaps(value, fact.value)
                and value.lower() not in fact.subject.lower()
                and to_the_day(value) == to_the_day(fact.value)
            ):  # the question says 'on' or 'in'
                return value
        return None


def single_question(fact: Fact, wording: str) -> Planned:
    return "definition" if fact.relation == "definition" else "fact", [(wording, fact.answer)]


def summary_requests(article: ParsedArticle, key: Key) -> Iterator[Planned]:
    summary, sentence = summaries(article)
    subject = article.subject
    who, be = "who" if subject.person else "what", "are" if subject.pronoun == "they" else "is"
    fill = {"S": subject.name, "who": who, "is": be}
    for answer, templates, number in ((summary, SUMMARY, 2), (sentence, ONE_SENTENCE, 1)):
        for template in shuffled(templates, *key)[:number] if answer else ():
            yield "summary", [(fill_in(template, fill), answer)]


def to_the_day(value: str) -> bool:
    """Whether a value is a date with its day."""
    return bool(re.search(rf"\d {MONTH}|{MONTH} \d{{1,2}}\b", value))


def overlaps(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    return one in other or other in one


def messages(turns: Turns) -> list[dict]:
    return [{"role": role, "content": text} for turn in turns for role, text in zip(("user", "assistant"), turn)]


def fill_in(template: str, fill: dict[str, str]) -> str:
    return capital(re.sub(r"\{(\w+)\}", lambda m: fill[m[1]], template))


def summaries(article: ParsedArticle) -> tuple[str, str]:
    """-> (the first sentences of the article, its first sentence alone); '' where they will not do"""
    chosen: list[str] = []
    for sentence in sentences(article.paragraphs[0]) if article.paragraphs else []:
        clean = without_parentheses(sentence)
        if BROKEN.search(clean) or not clean.endswith(".") or len(" ".join(chosen + [clean]).split()) > SUMMARY_WORDS:
            break
        chosen.append(clean)
    if not chosen or not article.mention.search(chosen[0]) or len(chosen[0].split()) < 4:
        return "", ""
    return (" ".join(chosen) if len(chosen) > 1 else ""), chosen[0]
