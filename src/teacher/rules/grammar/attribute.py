"""What something of something is: 'The highest mountain in Japan is Mount Fuji', 'Oslo is the capital of Norway'."""

import re

from teacher.rules.english import NAME, NUMBER, PARTICIPLE, STOP_WORDS, capital
from teacher.rules.fact import Fact, possessive, stands_alone
from teacher.rules.grammar.phrases import SUPERLATIVE, WHO, WORLD
from teacher.rules.grammar.rule import Clause, Example, Form, Match, Rule, has, statement
from teacher.rules.lexicon import word_set
from teacher.rules.subject import ParsedArticle

VAGUE_ATTRIBUTES = word_set("vague_attributes")
ORDINALS = {"first", "second", "third", "last"}  # vague alone, not before a noun
ATTRIBUTE = r"(?P<attr>(?:[a-z][\w\-]* ){0,3}[a-z][\w\-]*)"
VALUE = re.compile(
    rf"(?:[Tt]he |called |about )?{NAME}|§|[Tt]he [a-z\-]+(?: [a-z\-]+)?|an? (?:[a-z\-]+ )?[a-z\-]+"
    rf"|{NUMBER}(?: [a-z\-]+){{0,2}}|{NAME}(?:, {NAME})*,? and {NAME}|\"[^\"]+\"|the \"[^\"]+\""
)
KIN = (
    "(?:son|daughter|brother|sister|cousin|nephew|niece|uncle|aunt|child|in-law|friend|pupil|student|ally|enemy|"
    "member)s?$"
)


def value_of(clause: Clause, match: Match) -> str:
    """The value as it stands in an answer; of 'Rome in the south' Rome alone."""
    value = match["value"].replace("§", clause.article.subject.name)
    value = re.sub(rf"^(?P<v>(?:the )?{NAME}) (?:in|at|on|near|with) .+", r"\g<v>", value).removeprefix("called ")
    return "t" + value[1:] if value.startswith("The ") else value


def owner_of(clause: Clause, match: Match) -> str:
    return match["of"].replace("§", clause.article.subject.name)


# what forbids


def vague_attribute(clause: Clause, match: Match) -> bool:
    """'the rest of', 'the first of', 'the of'."""
    words = match["attr"].split()
    return (
        words[-1] in VAGUE_ATTRIBUTES
        or words[0] in VAGUE_ATTRIBUTES - ORDINALS
        or words[-1] in PARTICIPLE
        or bool(set(words) & (STOP_WORDS - {"most"}))
    )


def disagreement(clause: Clause, match: Match) -> bool:
    """'The walls of Rome was': not the noun that the verb belongs to."""
    last = match["attr"].split()[-1]
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    return plural != (match["be"] in ("are", "were"))


def no_value(clause: Clause, match: Match) -> bool:
    value = value_of(clause, match)
    return (
        not VALUE.fullmatch(value)
        or len(value.split()) > 8
        or value.startswith("the most ")
        or value.lower() == owner_of(clause, match).lower()
        or (bool(re.match(r"an? ", value)) and match["prep"] != "of")
    )


def unknown_owner(clause: Clause, match: Match) -> bool:
    owner = owner_of(clause, match)
    return owner[0].isupper() and not stands_alone(owner, clause.article)


FORBIDS = (vague_attribute, disagreement, no_value, unknown_owner, has("attr", KIN))


# what asks


def ask_value(clause: Clause, match: Match) -> list[Fact]:
    attr, be, prep, of = match["attr"], match["be"], match["prep"], owner_of(clause, match)
    *before, last = attr.split()
    who = "who" if {last, last.removesuffix("s")} & WHO else "what"
    what = f"the {attr} {prep} {of}"
    ask = [
        f"{capital(who)} {be} {what}?",
        f"Can you tell me {who} {what} {be}?",
        f"Do you know {who} {what} {be}?",
        f"Name {what}.",
    ]
    if before and re.search(SUPERLATIVE, f"the {attr}"):
        ask.append(f"Which {last} {be} the {' '.join(before)} {prep} {of}?")
    if prep == "of" and of[0].isupper():
        ask.append(f"{capital(who)} {be} {possessive(of)} {attr}?")
    its = f"{clause.article.subject.its} {attr}"
    own = match["of"] == "§" and prep == "of"
    follow = (f"{capital(who)} {be} {its}?", f"And {who} {be} {its}?") if own else ()
    check, answer = f"{capital(be)} {{V}} {what}?", statement(clause.text, clause.article)
    return [
        Fact(f"{attr} {prep}", of, value_of(clause, match), answer, tuple(ask), follow, check, source=clause.source)
    ]


def read(text: str, article: ParsedArticle, source: str) -> Clause:
    return Clause(text, article, source, said=text)


RULES = (
    Rule(
        "the ... of X is",
        re.compile(
            rf"[Tt]he {ATTRIBUTE} (?P<prep>of|in|for|from) (?P<of>§|{NAME}|{WORLD}|all [a-z]+) (?P<be>is|was|are|were) "
            r"(?P<value>.+)"
        ),
        ask_value,
        Example(
            "Japan",
            "Japan is a country. The highest mountain in Japan is Mount Fuji.",
            "Which mountain is the highest in Japan?",
            "The highest mountain in Japan is Mount Fuji.",
        ),
        FORBIDS,
    ),
    Rule(
        "... is the ... of X",
        re.compile(
            rf"(?P<value>§|{NAME}|The [a-z]+(?: [a-z]+)?) (?P<be>is|was) the {ATTRIBUTE} (?P<prep>of|in|from|on) "
            rf"(?P<of>§|{NAME}|{WORLD}|all [a-z]+|land|Earth)(?: by area)?"
        ),
        ask_value,
        Example(
            "Austria",
            "Austria is a country. The Grossglockner is the highest mountain of Austria.",
            "Name the highest mountain of Austria.",
            "The Grossglockner is the highest mountain of Austria.",
        ),
        FORBIDS,
    ),
)
FORM = Form("attribute", read, RULES)
