"""Clauses with a form of 'be': turned round for when, where, by whom and what, or asked for their subject."""

import re
from collections.abc import Callable

from teacher.rules.clauses import PRONOUN
from teacher.rules.english import DATE, NAME, NUMBER, PARTICIPLE, PAST_OF_PARTICIPLE, WORD, capital
from teacher.rules.fact import Fact, stands_alone
from teacher.rules.grammar.creation import MAKERS
from teacher.rules.grammar.phrases import ADVERB, AGENT, NP, SUPERLATIVE, WHEN, WHERE, dated, inside, when_word
from teacher.rules.grammar.rule import (
    Clause,
    Example,
    Form,
    Match,
    Rule,
    about_doer,
    asked_for_subject,
    begins,
    has,
    lacks,
    longer,
    says,
    statement,
    turned,
    unless,
    usable,
)
from teacher.rules.lexicon import entries, word_set
from teacher.rules.subject import ParsedArticle

PLACE_VERBS = word_set("place_verbs")
AGENT_VERBS = set(MAKERS) | word_set("agent_verbs")
PAIRS = "|".join(sorted(entries("what_pairs"), key=lambda pair: (-len(pair), pair)))  # the longest first

BE = re.compile(rf"(?P<np>{NP}) (?P<be>is|was|are|were) {ADVERB}(?P<rest>.+)")
BY = re.compile(rf"(?P<verb>[a-z]+) by (?P<who>{AGENT})(?:,? (?:in|on|at|for|between|from|as|with) .+)?")
AT_A_TIME = re.compile(rf"(?P<body>.+?),? {WHEN}(?: (?P<after>(?:in|at|by|near) .+))?")
AT_A_PLACE = re.compile(rf"(?P<body>(?:[a-z]+ )?(?:[a-z]+ )?){WHERE}")


def read(text: str, article: ParsedArticle, source: str) -> Clause | None:
    match = BE.fullmatch(text)
    if not match or not usable(match["np"], article):
        return None
    be, said = match["be"], match["rest"].replace("§", article.subject.name)
    np = inside(match["np"], article)
    clause = Clause(text, article, source, said, match["np"], np, be, "", be, match["adv"])
    if clause.own and article.subject.pronoun != "they" and be in ("are", "were") and not clause.np.endswith("s"):
        return None
    return clause


# what forbids


def passive(clause: Clause, match: Match | None = None) -> bool:
    """Whether what is said begins with a participle, or with an adjective that is used like one: 'famous for'."""
    first = clause.first
    return (
        first in PARTICIPLE
        or (first.endswith("ed") and first.isalpha())
        or first in ("famous", "home", "similar", "native", "rich", "visible")
    )


def a_second_verb(clause: Clause, match: Match) -> bool:
    """'... a computer produced', '... photographs taken': the time is that of another deed."""
    last = match["body"].split()[-1]
    return " " in match["body"] and (last in PARTICIPLE or last.endswith("ed"))


def undated(clause: Clause, match: Match) -> bool:
    return not dated(match["when"], clause.auxiliary in ("is", "are"))


def own_birth(clause: Clause, match: Match) -> bool:
    """The relation 'born when' asks for it better."""
    return clause.own and clause.first == "born"


def by_someone_else(clause: Clause, match: Match) -> bool:
    """A doer in the middle of what is said: the question would hold too much."""
    return " by " in match["body"] and not BY.fullmatch(clause.said)


def agent_worth_asking(clause: Clause, match: Match) -> bool:
    return (
        stands_alone(match["who"].removeprefix("the "), clause.article)
        and match["verb"] in AGENT_VERBS
        and match["verb"] in PAST_OF_PARTICIPLE
    )


def in_a_language(clause: Clause, match: Match) -> bool:
    """'spoken in Rome' is a place, not a thing."""
    return match["pair"].endswith(" in") and bool(re.match(rf"{NAME}$", match["value"]))


TIME_FORBIDS = (
    undated,
    longer("body", 9),
    has("body", r" (?:and|or|than|of)$|, and |\d{3,4}|, \w+(?:ed|ing)$"),
    own_birth,
)


# what asks


def ask_agent(clause: Clause, match: Match) -> list[Fact]:
    be, np, verb, past = clause.auxiliary, clause.np, match["verb"], PAST_OF_PARTICIPLE[match["verb"]]
    ask = (
        f"Who {past} {np}?",
        f"Can you tell me who {past} {np}?",
        f"Do you know who {past} {np}?",
        f"By whom {be} {np} {verb}?",
        f"Who {be} {np} {verb} by?",
    )
    answer, check = statement(clause.text, clause.article), f"{capital(be)} {np} {verb} by {{V}}?"
    return [Fact(f"{verb} by", np, match["who"], answer, ask, about_doer(clause, past), check, source=clause.source)]


def ask_when(clause: Clause, match: Match) -> list[Fact]:
    body = match["body"].split(" by ")[0]
    return [turned(clause, when_word(match["when"]), body, f"when {clause.first}", match["when"])]


def ask_where(clause: Clause, match: Match) -> list[Fact]:
    body = match["body"].strip()
    return [turned(clause, "where", body, f"where {clause.first if body else 'be'}", match["where"])]


def ask_what(group: str) -> Callable[[Clause, Match], list[Fact]]:
    return lambda clause, match: [turned(clause, "what", match[group], match[group], match["value"])]


def ask_subject(clause: Clause, match: Match) -> list[Fact]:
    return asked_for_subject(clause, f"{clause.auxiliary} {clause.adverb}{clause.said}")


RULES = (
    Rule(
        "done by someone",
        BY,
        ask_agent,
        Example(
            "Rome",
            "Rome is a city. Rome was conquered by Otto Berg in 1530.",
            "Who was Rome conquered by?",
            "Rome was conquered by Otto Berg in 1530.",
        ),
        forbid=(unless(agent_worth_asking),),
    ),
    Rule(
        "done at a time",
        AT_A_TIME,
        ask_when,
        Example(
            "Eiffel Tower",
            "The Eiffel Tower is a tower. The Eiffel Tower was opened in 1889.",
            "When was the Eiffel Tower opened?",
            "The Eiffel Tower was opened in 1889.",
        ),
        forbid=(*TIME_FORBIDS, unless(passive), a_second_verb, by_someone_else),
        also=True,
    ),
    Rule(
        "something for a time",
        AT_A_TIME,
        ask_when,
        Example(
            "Slovakia",
            "Slovakia is a country. Slovakia was a province from 1526 to 1918.",
            "When was Slovakia a province?",
            "Slovakia was a province from 1526 to 1918.",
        ),
        forbid=(
            *TIME_FORBIDS,
            unless(begins(r"(?:an?|the) ")),
            lacks("when", r"^(?:from|until|between|since)"),
            a_second_verb,
        ),
    ),
    Rule(
        "a part or a ruler at a time",
        AT_A_TIME,
        ask_when,
        Example(
            "Slovakia",
            "Slovakia is a country. Slovakia was part of Hungary until 1918.",
            "Until when was Slovakia part of Hungary?",
            "Slovakia was part of Hungary until 1918.",
        ),
        forbid=(*TIME_FORBIDS, unless(begins(r"(?:independent|part|president|king|queen|mayor|emperor)(?: |$)"))),
    ),
    Rule(
        "somewhere",
        AT_A_PLACE,
        ask_where,
        Example(
            "NATO",
            "NATO is an alliance. The headquarters of NATO are in Brussels.",
            "Where are the headquarters of NATO?",
            "The headquarters of NATO are in Brussels.",
        ),
        forbid=(has("body", r"\S"), has("where", r"\d")),
    ),
    Rule(
        "done somewhere",
        AT_A_PLACE,
        ask_where,
        Example(
            "Parliament",
            "The Parliament of Rome is X. The Treaty of Lisbon was signed in Lisbon.",
            "Where was the Treaty of Lisbon signed?",
            "The Treaty of Lisbon was signed in Lisbon.",
        ),
        forbid=(
            has("where", r"\d"),
            lacks("body", r"^\S+ *$"),
            unless(passive),
            unless(lambda clause, match: PARTICIPLE.get(clause.first) in PLACE_VERBS),
        ),
    ),
    Rule(
        "named after, made of, known as",
        re.compile(rf"(?P<pair>{PAIRS}) (?P<value>.+)"),
        ask_what("pair"),
        Example(
            "Radium",
            "Radium is a chemical element. Radium is named after the Latin word for ray. Much radium is radioactive.",
            "What is radium named after?",
            "Radium is named after the Latin word for ray.",
        ),
        forbid=(
            unless(passive),
            has("value", rf"^(?:{DATE}|{NUMBER})|^to |^that "),
            longer("value", 14),
            has("value", PRONOUN.pattern),
            in_a_language,
        ),
    ),
    Rule(
        "called",
        re.compile(
            r"(?P<pair>called|nicknamed|named|renamed) (?P<value>(?:the )?(?:\"[^\"]+\"|“[^”]+”|[A-Z][\w\- ]*))"
        ),
        ask_what("pair"),
        Example(
            "Sri Lanka",
            "Sri Lanka is a country. Sri Lanka was formerly called Ceylon.",
            "What was Sri Lanka formerly called?",
            "Sri Lanka was formerly called Ceylon.",
        ),
        forbid=(unless(passive),),
    ),
    Rule(
        "the only, the largest",
        re.compile(rf"(?=.*{SUPERLATIVE})(?:the|an?) .+"),
        ask_subject,
        Example(
            "Bat",
            "The bat is a mammal. The bat is the only mammal that flies in Europe.",
            "Which mammal is the only mammal that flies in Europe?",
            "The bat is the only mammal that flies in Europe.",
        ),
        forbid=(says("one of"),),
    ),
    Rule(
        "a person who is the ... of something with a name",
        re.compile(rf"the .* {WORD}.*"),
        ask_subject,
        Example(
            "Otto Berg",
            "Otto Berg was a painter. Otto Berg was the mayor of Vienna.",
            "Who was the mayor of Vienna?",
            "Otto Berg was the mayor of Vienna.",
        ),
        forbid=(unless(lambda clause, match: clause.own and clause.article.subject.person),),
    ),
)
FORM = Form("be", read, RULES)
