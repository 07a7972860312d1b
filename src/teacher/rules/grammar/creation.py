"""Who made something, and when: '§ was discovered by Marie Curie in 1898', 'The inventor of § is ...'."""

import re
from collections.abc import Callable
from dataclasses import replace

from teacher.rules.english import MONTH, NAME, PARTICIPLE, PAST_OF_PARTICIPLE, capital
from teacher.rules.fact import Fact, stands_alone
from teacher.rules.grammar.phrases import AGENT, NP, THING, WHEN, inside
from teacher.rules.grammar.rule import Clause, Example, Form, Match, Rule, about_doer, turned, unless, usable
from teacher.rules.lexicon import word_pairs
from teacher.rules.subject import ParsedArticle

MAKERS = word_pairs("makers")  # {"written": "author"}
PAST_OF = {PAST_OF_PARTICIPLE[verb]: verb for verb in MAKERS}  # {"wrote": "written"}
WORK_OF = {"writer": "written", "novelist": "written", "poet": "written", "playwright": "written"}
WORK_OF |= {"composer": "composed", "painter": "painted"}  # what 'a work by' a person of this kind was

BE, VERB = "(?P<be>was|were|is|are) (?:first |originally )?", f"(?P<verb>{'|'.join(MAKERS)})"
NOUN = "|".join(sorted(set(MAKERS.values())))
NAMED = rf"(?P<np>§|(?:the )?{NAME}(?: and {NAME})?|the [a-z\-]+(?: [a-z\-]+)?)"
DOER = rf"(?P<who>{AGENT})"

Verb = Callable[[Clause, Match], str]  # the participle of what was done; "" when it is not clear


def written_out(clause: Clause, match: Match) -> str:
    return match["verb"]


def of_the_past(clause: Clause, match: Match) -> str:
    return PAST_OF[match["past"]]


def of_the_noun(clause: Clause, match: Match) -> str:
    """'the author of' means written; of two with one noun, the first in makers.txt."""
    return next(verb for verb, noun in MAKERS.items() if noun == match["noun"])


def of_the_profession(clause: Clause, match: Match) -> str:
    """'is by' a poet: written."""
    return WORK_OF.get(clause.article.kind_of(doer(clause, match)), "")


def doer(clause: Clause, match: Match) -> str:
    return inside(match["who"], clause.article)


# what forbids


def a_month(clause: Clause, match: Match) -> bool:
    return bool(re.match(MONTH, doer(clause, match)))


def unknown_doer(clause: Clause, match: Match) -> bool:
    """A surname alone says nothing without the article."""
    who = doer(clause, match)
    first = who.removeprefix("the ").split(" and ")[0]
    return not (who.endswith((" brothers", " sisters")) or stands_alone(first, clause.article))


def unknown_thing(verb: Verb) -> Callable[[Clause, Match], bool]:
    """What was made must be a name, or a thing that means something without the article."""

    def forbids(clause: Clause, match: Match) -> bool:
        raw, article = match["np"], clause.article
        # Within a sentence a capital makes a name; at its beginning a word that is never small (Hamlet), or two with a
        # singular verb.
        is_name = (
            not clause.text.startswith(raw)
            or (raw.split()[0].lower() not in article.small and " " not in raw)
            or (" and " in raw and match.groupdict().get("be") in ("is", "was"))
        )
        return not (
            usable(raw, article)
            or re.match(r"the [a-z]", raw)
            or (re.match(r"[A-Z]", raw) and is_name)
            or (raw.islower() and verb(clause, match) in ("discovered", "invented") and not raw.endswith("s"))
        )

    return forbids


# what asks


def ask_doer(verb: Verb) -> Callable[[Clause, Match], list[Fact]]:
    return lambda clause, match: created(clause, match, verb(clause, match))


def created(clause: Clause, match: Match, verb: str) -> list[Fact]:
    if not verb:
        return []
    got, who, subject = match.groupdict(), doer(clause, match), clause.article.subject
    raw, past, noun, base = got["np"], PAST_OF_PARTICIPLE[verb], MAKERS[verb], PARTICIPLE[verb]
    np = inside(raw, clause.article) if clause.text.startswith(raw) else raw.replace("§", subject.name)
    be = "were" if raw == "§" and subject.pronoun == "they" else "was"
    be = got["be"] if got.get("be") in ("was", "were") else be
    clause = replace(clause, raw=raw, np=np, auxiliary=be, stated=be)
    ask = (
        f"Who {past} {np}?",
        f"Can you tell me who {past} {np}?",
        f"Do you know who {past} {np}?",
        f"By whom {be} {np} {verb}?",
        f"Who {be} the {noun} of {np}?",
        f"Tell me who {past} {np}.",
        f"Who {be} {np} {verb} by?",
    )
    answer, check = capital(f"{np} {be} {verb} by {who}."), f"{capital(be)} {np} {verb} by {{V}}?"
    back, back_answer = (f"What did {who} {base}?",), capital(f"{who} {past} {np}.")
    follow = about_doer(clause, past)
    facts = [Fact(f"{verb} by", np, who, answer, ask, follow, check, back, back_answer, clause.source)]
    when = got.get("when")
    if when:
        when = when if " " in when else f"in {when}"
        told = replace(clause, text=f"{np} {be} {verb} {when}")
        facts.append(turned(told, "when", verb, f"{verb} when", re.sub("^(?:in|on) ", "", when)))
    return facts


def read(text: str, article: ParsedArticle, source: str) -> Clause:
    return Clause(text, article, source, said=text)


def rule(
    name: str,
    pattern: str,
    verb: Verb,
    title: str,
    text: str,
    question: str,
    answer: str,
    kinds: dict[str, str] | None = None,
) -> Rule:
    forbid = (unless(verb), a_month, unknown_thing(verb), unknown_doer)
    example = Example(title, text, question, answer, kinds or {})
    return Rule(name, re.compile(pattern), ask_doer(verb), example, forbid)


RULES = (
    rule(
        "made by someone at a time",
        rf"(?P<np>{NP}) {BE}{VERB} by {DOER}(?: {WHEN})?",
        written_out,
        "Telephone",
        "The telephone is a device. The telephone was invented by Otto Berg in 1876. Many a telephone rings.",
        "When was the telephone invented?",
        "The telephone was invented in 1876.",
    ),
    rule(
        "made at a time by someone",
        rf"(?P<np>{NP}) {BE}{VERB}(?: {WHEN})? by {DOER}",
        written_out,
        "Telephone",
        "The telephone is a device. The telephone was invented in 1876 by Otto Berg. Many a telephone rings.",
        "Who was the inventor of the telephone?",
        "The telephone was invented by Otto Berg.",
    ),
    rule(
        "made by someone, with more behind it",
        rf"(?P<np>{NP}) {BE}{VERB} by {DOER}(?: {WHEN})?,? (?:in|at|of|for|from|with|as) .+",
        written_out,
        "Telephone",
        "The telephone is a device. The telephone was invented by Otto Berg at a school. Many a telephone rings.",
        "Who was the inventor of the telephone?",
        "The telephone was invented by Otto Berg.",
    ),
    rule(
        "someone made it",
        rf"{DOER} (?:first )?(?P<past>{'|'.join(PAST_OF)}) {THING}(?: {WHEN})?",
        of_the_past,
        "Radium",
        "Radium is a chemical element. Marie Curie discovered radium in 1898. Much radium is radioactive.",
        "By whom was radium discovered?",
        "Radium was discovered by Marie Curie.",
    ),
    rule(
        "the maker of it is someone",
        rf"[Tt]he (?P<noun>{NOUN}) of {NAMED} (?:is|was|are|were) {DOER}",
        of_the_noun,
        "Hamlet",
        "Hamlet is a play. The author of Hamlet is William Shakespeare.",
        "Who wrote Hamlet?",
        "Hamlet was written by William Shakespeare.",
    ),
    rule(
        "someone is the maker of it",
        rf"{DOER} (?:is|was) the (?P<noun>{NOUN}) of {NAMED}",
        of_the_noun,
        "Hamlet",
        "Hamlet is a play. William Shakespeare is the author of Hamlet.",
        "Who wrote Hamlet?",
        "Hamlet was written by William Shakespeare.",
    ),
    rule(
        "it is by a poet",
        rf"(?P<np>{NP}) (?:is|was) by {DOER}(?: from (?P<when>\d{{4}}))?",
        of_the_profession,
        "Hamlet",
        "Hamlet is a play. Hamlet is by William Shakespeare.",
        "Who wrote Hamlet?",
        "Hamlet was written by William Shakespeare.",
        kinds={"william shakespeare": "playwright"},
    ),
    rule(
        "it is an invention of someone",
        rf"(?P<np>{NP}) (?:is|was) an invention of {DOER}(?: from (?P<when>\d{{4}}))?",
        lambda clause, match: "invented",
        "Telephone",
        "The telephone is a device. The telephone is an invention of Otto Berg. Many a telephone rings.",
        "Who invented the telephone?",
        "The telephone was invented by Otto Berg.",
    ),
    rule(
        "it was first seen by someone",
        rf"(?P<np>{NP}) was (?:first )?(?:found|seen|sighted) by {DOER}(?: {WHEN})?",
        lambda clause, match: "discovered",
        "Titan",
        "Titan is a moon. Titan was first seen by Otto Berg in 1655.",
        "Who discovered Titan?",
        "Titan was discovered by Otto Berg.",
    ),
)
FORM = Form("creation", read, RULES)
