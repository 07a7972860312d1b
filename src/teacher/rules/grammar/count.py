"""'Finland has more than 100,000 lakes': How many lakes does Finland have?"""

import re
from dataclasses import replace

from teacher.rules.english import NUMBER, PAST, STOP_WORDS, THIRD, VERBS
from teacher.rules.fact import Fact
from teacher.rules.grammar.phrases import NP, inside
from teacher.rules.grammar.rule import Clause, Example, Form, Match, Rule, turned, unless, usable
from teacher.rules.lexicon import word_set
from teacher.rules.subject import ParsedArticle

UNCOUNTED = word_set("uncounted")
BIG_NUMBERS = ("million", "billion", "hundred", "thousand", "percent", "per")


def base_of(verb: str) -> str:
    """The verb of the question: 'have' of has, had; '' when it is no verb that we know."""
    if verb in ("has", "have", "had"):
        return "have"
    return THIRD.get(verb) or PAST.get(verb) or (verb if verb in VERBS else "")


def auxiliary_of(verb: str) -> str:
    if verb in PAST or verb == "had":
        return "did"
    return "do" if verb in VERBS or verb == "have" else "does"


def counted(match: Match) -> str:
    """What there are so many of: 'lakes', 'kilometres of canals'."""
    kind_of = re.match(r" of [a-z]+(?: [a-z]+)?$", match["rest"])
    return match["noun"] + (kind_of[0] if kind_of else "")


# what forbids


def unusable(clause: Clause, match: Match) -> bool:
    return not usable(match["np"], clause.article)


def not_counted(clause: Clause, match: Match) -> bool:
    """'3 million people', '40 percent', '5 years': a number goes on, or is a measure."""
    noun = counted(match).split()
    return noun[0] in BIG_NUMBERS or noun[-1] in UNCOUNTED or match["noun"].split()[-1] in STOP_WORDS


# what asks


def ask_number(clause: Clause, match: Match) -> list[Fact]:
    verb, prep, raw = match["verb"], (match["prep"] or "").strip(), match["np"]
    clause = replace(
        clause, raw=raw, np=inside(raw, clause.article), auxiliary=auxiliary_of(verb), asked=base_of(verb), stated=verb
    )
    return [turned(clause, f"how many {counted(match)}", prep, f"number of {counted(match)}", match["n"])]


def read(text: str, article: ParsedArticle, source: str) -> Clause:
    return Clause(text, article, source, said=text)


RULES = (
    Rule(
        "has so many",
        re.compile(
            rf"(?P<np>{NP}) (?P<verb>[a-z]+)(?P<prep> of| for)? (?P<n>{NUMBER}) (?P<noun>(?:[a-z\-]+ )?[a-z\-]+s"
            rf"|people)"
            r"(?P<rest>(?: (?:in|on|of|around|with|at|from|along)\b.*)?)"
        ),
        ask_number,
        Example(
            "Finland",
            "Finland is a country. Finland has more than 100,000 lakes.",
            "How many lakes does Finland have?",
            "Finland has more than 100,000 lakes.",
        ),
        (unusable, unless(lambda clause, match: base_of(match["verb"])), not_counted),
    ),
)
FORM = Form("count", read, RULES)
