"""Clauses with a full verb: When did X V? Where does X V? What does X V? Who V?"""

import re

from teacher.rules.english import NAME, NUMBER, PARTICIPLE, PAST, THIRD, VERBS
from teacher.rules.fact import Fact
from teacher.rules.grammar.phrases import NP, SUPERLATIVE, WHEN, WHERE, dated, inside, when_word
from teacher.rules.grammar.rule import (
    Clause,
    Example,
    Form,
    Match,
    Rule,
    asked_for_subject,
    has,
    longer,
    says,
    turned,
    unless,
    usable,
)
from teacher.rules.lexicon import word_set
from teacher.rules.subject import PERSON_NOUNS, ParsedArticle

PLACE_VERBS = word_set("place_verbs")
OBJECT_VERBS = word_set("object_verbs")
DEEDS = word_set("deeds")
ALONE = word_set("verbs_alone")

VERB = re.compile(rf"(?P<np>{NP}) (?P<verb>[a-z]+) (?P<rest>.+)")


def tense(verb: str, plural: bool) -> tuple[str, str]:
    """-> (a question's auxiliary, the verb after it): began -> did, begin; ('', '') when it is no verb that we know."""
    if verb in THIRD:
        return "does", THIRD[verb]
    if verb in PAST and verb not in VERBS:
        return "did", PAST[verb]
    return ("do", verb) if verb in VERBS and plural else ("", "")


def read(text: str, article: ParsedArticle, source: str) -> Clause | None:
    match = VERB.fullmatch(text)
    if not match or not usable(match["np"], article):
        return None
    raw, verb, said = match["np"], match["verb"], match["rest"].replace("§", article.subject.name)
    auxiliary, base = tense(verb, (raw == "§" and article.subject.pronoun == "they") or " and " in raw)
    first = said.split()[0]
    if not auxiliary or first in ("is", "was", "are", "were", "by") or first in PARTICIPLE:
        return None
    return Clause(text, article, source, said, raw, inside(raw, article), auxiliary, base, verb)


# what forbids


def undated(clause: Clause, match: Match) -> bool:
    return not dated(match["when"], clause.auxiliary != "did")


def too_little(clause: Clause, match: Match) -> bool:
    """'When did it take?': only some verbs need nothing after them."""
    return not match["body"] and clause.asked not in ALONE


def no_object(clause: Clause, match: Match) -> bool:
    """Whether 'What does X V?' is no question: 'What did X take?'"""
    verb = clause.asked
    return not (verb in OBJECT_VERBS and clause.auxiliary != "did" or verb in ("mean", "consist"))


def one_of_many(clause: Clause, match: Match) -> bool:
    """What was done may have had other doers: 'wrote a book', 'led in the war'."""
    return bool(
        re.match(
            r"(?:an?|many|several|some|about|most|her|his|their|for|in|at|on|to|with|from|into|by|under|against|over"
            r"|as) "
            r"|\d",
            unmarked(clause),
        )
    )


def unmarked(clause: Clause) -> str:
    """What follows the verb, as it stands: with § for the article's subject."""
    return clause.text[len(f"{clause.raw} {clause.stated} ") :]


def unclear_doer(clause: Clause, match: Match) -> bool:
    """Less than two words, a second predicate, or the subject on both sides."""
    rest = unmarked(clause)
    return len(rest.split()) < 2 or bool(re.search(r", \w+(?:ed|s)\b", rest)) or (clause.own and "§" in rest)


def a_person(clause: Clause, match: Match) -> bool:
    return clause.article.subject.person if clause.own else clause.article.kind_of(clause.np) in PERSON_NOUNS


# what asks


def ask_when(clause: Clause, match: Match) -> list[Fact]:
    return [turned(clause, when_word(match["when"]), match["body"] or "", f"when {clause.asked}", match["when"])]


def ask_where(clause: Clause, match: Match) -> list[Fact]:
    return [turned(clause, "where", "", f"where {clause.asked}", clause.said)]


def ask_origin(clause: Clause, match: Match) -> list[Fact]:
    return [turned(clause, "where", "from", "where come from", match["value"])]


def ask_object(clause: Clause, match: Match) -> list[Fact]:
    prep = match["prep"] or ""
    return [turned(clause, "what", prep.strip(), f"what {clause.asked} {prep}".strip(), match["value"])]


def ask_subject(clause: Clause, match: Match) -> list[Fact]:
    return asked_for_subject(clause, f"{clause.stated} {clause.said}")


RULES = (
    Rule(
        "does something at a time",
        re.compile(rf"(?:(?P<body>.+?),? )?{WHEN}"),
        ask_when,
        Example(
            "Samoa",
            "Samoa is a country. Samoa became independent from New Zealand in 1962.",
            "When did Samoa become independent from New Zealand?",
            "Samoa became independent from New Zealand in 1962.",
        ),
        (
            undated,
            too_little,
            longer("body", 10),
            has("body", r"\b(?:and|or|of|than|about|from|to|between|until|since)$|, and |\d{3,4}|, \w+(?:ed|ing)$"),
        ),
    ),
    Rule(
        "does something somewhere",
        re.compile(WHERE),
        ask_where,
        Example(
            "Otto Berg",
            "Otto Berg is a painter. Otto Berg lives in Rome.",
            "Where does Otto Berg live?",
            "Otto Berg lives in Rome.",
        ),
        (unless(lambda clause, match: clause.asked in PLACE_VERBS), has("where", r"\d")),
    ),
    Rule(
        "comes from a place",
        re.compile(rf"from (?P<value>(?:the )?(?:[a-z]+ (?:of |in ))?(?:the )?{NAME})"),
        ask_origin,
        Example(
            "Otto Berg",
            "Otto Berg was a painter. Otto Berg came from the south of Italy.",
            "Where did Otto Berg come from?",
            "Otto Berg came from the south of Italy.",
        ),
        (unless(lambda clause, match: clause.asked == "come"),),
    ),
    Rule(
        "does something to something",
        re.compile(
            r"(?P<prep>(?:of|on|from|to|into|for|through|up|mostly of|mainly of|mostly on|mainly on) )?"
            r"(?P<value>(?:the |an? |many |several |two |three )?[\w\-’\"].*)"
        ),
        ask_object,
        Example(
            "Lion",
            "The lion is a mammal. The lion hunts large animals.",
            "What does the lion hunt?",
            "The lion hunts large animals.",
        ),
        (
            no_object,
            longer("value", 12),
            has("value", r" (?:that|who|to) |^(?:use|up|way|sure|place) "),
            has("value", rf"^(?:{NUMBER}|(?:in|at|as|by|with|near) )"),
        ),
    ),
    Rule(
        "a person did it",
        re.compile(r".+"),
        ask_subject,
        Example(
            "Otto Berg",
            "Otto Berg was a painter. Otto Berg led the Salt March.",
            "Who led the Salt March?",
            "Otto Berg led the Salt March.",
        ),
        (unclear_doer, unless(a_person), unless(lambda clause, match: clause.stated in DEEDS), one_of_many),
    ),
    Rule(
        "became the first",
        re.compile(rf".*{SUPERLATIVE}.*"),
        ask_subject,
        Example(
            "Samoa",
            "Samoa is a country. Samoa became the first republic in the Pacific.",
            "Which country became the first republic in the Pacific?",
            "Samoa became the first republic in the Pacific.",
        ),
        (unclear_doer, says("one of"), unless(lambda clause, match: clause.stated in ("became", "won"))),
    ),
)
FORM = Form("verb", read, RULES)
