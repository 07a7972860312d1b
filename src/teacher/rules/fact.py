"""A fact: a single statement with the questions that it answers; and what may name its subject."""

import re
from dataclasses import dataclass

from teacher.rules.subject import Page

# Names that every country or company has one of.
GENERIC = re.compile(
    r"(?:[Tt]he )?(?:Supreme|Constitutional|High|Federal|Superior|District) (?:Court|Council)|(?:[Tt]he )?(?:National|General|Federal|Legislative|Constituent) "
    r"(?:Assembly|Council|Congress|Diet|Park|Guard|Museum|Library|Bank)|(?:[Tt]he )?(?:Prime|Foreign|Finance|Interior) Minister|(?:[Tt]he )?Civil War|"
    r"(?:[Tt]he )?(?:Old|New) (?:Town|City|Testament)|(?:[Tt]he )?Hall of Fame|(?:[Tt]he )?(?:Vice |Deputy )?(?:President|Governor|Chancellor|King|Queen|Emperor|Pope|Senate|House|Parliament|Constitution)"
)


@dataclass(frozen=True)
class Fact:
    relation: str  # values of one relation may stand in for one another in a wrong guess
    subject: str  # the name that the question contains
    value: str
    answer: str  # a whole sentence
    ask: tuple[str, ...]  # wordings; each makes sense without the article
    follow: tuple[str, ...] = ()  # the same with a pronoun, after a turn that named the article's subject
    check: str = ""  # a yes/no question with {V} where the value stands
    back: tuple[str, ...] = ()  # questions for the subject, given the value; fit only when no other subject has it
    back_answer: str = ""
    source: str = ""  # the sentence it comes from


def stands_alone(name: str, page: Page) -> bool:
    """Whether a name says by itself what it means: the subject, a title that is known, two words; not 'Snelling'."""
    if "§" in name or page.subject.name in name or page.known(name):
        return True
    if GENERIC.fullmatch(name):
        return False
    capitals = [w for w in name.split() if w[:1].isupper()]
    return len(capitals) > 1 and (capitals[0] in page.proper or capitals[0].lower() not in page.small)


def possessive(name: str) -> str:
    return name + ("'" if name.endswith("s") else "'s")
