"""Regular expressions for the phrases that the grammar's patterns are made of: noun phrases, times, places, doers."""

import re

from teacher.rules.english import DATE, NAME, WORD
from teacher.rules.lexicon import word_set
from teacher.rules.subject import PERSON_NOUNS, ParsedArticle

WHO = PERSON_NOUNS | word_set("office_nouns")
WORLD = r"the (?:world|universe|solar system|Solar System|Sun|Earth)"
SUPERLATIVE = r"\bthe (?:\w+ )?(?:(?!west|rest|forest|east|test)\w+est|only|first|most \w+|last|\w+most)\b"

_PERSON = rf"(?:{'|'.join(sorted(PERSON_NOUNS))})"
# Who does something: 'the French chemists and physicists Marie Curie and Pierre Curie', 'the Wright brothers'.
AGENT = (
    rf"(?:§|(?:the |an? )?(?:[A-Z]\w+ )?(?:{_PERSON} )?(?:and {_PERSON} )?(?:[Tt]he )?{NAME}(?:, {NAME})*"
    rf"(?:,? and {NAME})?(?: brothers)?)"
)
_THE_OF = (
    r"[Tt]he (?:(?!of\b|in\b|that\b|who\b|and\b)[\w\-’']+ ){1,4}(?:of|in|from|on) (?:the )?(?:[a-z\-]+ )?"
    rf"(?:§|{NAME})"
)
# A noun phrase that can be the subject of a question.
NP = (
    rf"(?:§(?:['’]s? [a-z][\w\-]*(?: [a-z][\w\-]*)?)?|{_THE_OF}"
    rf"|(?:[Tt]he|[Aa]n?) (?:[a-z\-]+ ){{1,2}}{NAME}(?: (?:of|in) (?:§|{NAME}))?"
    rf"|{NAME}(?: (?:in|of|on|from) (?:§|{NAME}))?(?:,? and (?:§|{NAME}))?|[Tt]he {NAME} [a-z]+)"
)
ADVERB = (
    r"(?P<adv>(?:often |sometimes |usually |mainly |mostly |first |formerly |once |officially |commonly |generally |"
    r"originally |probably |largely |entirely |completely |closely |best |well |especially |traditionally |widely |"
    r"partly |nearly |almost )*)"
)
WHEN = (
    r"(?P<when>(?:in|on|since|until|by|around|about) (?:the year |about |around |early |late |the early |the late "
    r"|the )?"
    rf"{DATE}|from {DATE} (?:to|until) {DATE}|between {DATE} and {DATE})"
)
WHERE = (
    r"(?P<where>(?:in|at|on|near|between|off|along|beside|around|(?:north|south|east|west)(?:-?(?:east|west))? of) "
    r"(?:the |ancient |an? )?(?:(?!by|his|her|for|with|as|which|that)[a-z\-]+ (?:of |in )?(?:the )?){0,4}?"
    rf"{NAME}(?:(?:,? and|,| in| of| on| near| off) (?:the )?(?:[a-z\-]+ of )?{NAME})*)"
)
# What a creation is of: § is a name, 'the steam engine' and 'penicillin' are things.
THING = (
    rf"(?P<np>§|(?:[Tt]he |[Aa]n? )?(?:[a-z\-]+ ){{0,3}}{NAME}(?:(?:,)? (?:and|with|of) (?:the |a )?{NAME})?"
    r"|the [a-z\-]+(?: [a-z\-]+)?|[a-z]{5,})"
)


def dated(when: str, always: bool) -> bool:
    """Whether a time says the year, or is a day of every year."""
    return always or bool(re.search(r"\d{3}|century|BC|AD", when))


def when_word(when: str) -> str:
    """What asks for a time: when, since when, until when."""
    first = when.split()[0]
    return f"{first} when" if first in ("until", "since") else "when"


def names_someone(predicate: str) -> bool:
    """Whether a predicate has a name in it that ties it to one subject."""
    return bool(re.search(rf"{WORD}|{WORLD}", predicate))


def inside(np: str, article: ParsedArticle) -> str:
    """A noun phrase as it stands within a sentence."""
    first = re.match(r"[\w\-]+", np)
    lower = first and (
        first[0] in ("The", "A", "An")
        or (
            first[0].lower() in article.small
            and first[0] not in article.proper
            and not article.known(np)
            and not re.match(r"[\w\-]+ [A-Z]", np)
        )
    )
    np = np.replace("§", article.subject.name)
    return np[:1].lower() + np[1:] if lower else np
