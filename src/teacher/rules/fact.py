"""A fact: a single statement with the questions that it answers; and what may name its subject."""

import re
from dataclasses import dataclass

from teacher.rules.lexicon import entries
from teacher.rules.subject import ParsedArticle

# Names that every country or company has one of: the Supreme Court, the Prime Minister.
GENERIC = re.compile("|".join(entries("generic_names")))


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


def stands_alone(name: str, article: ParsedArticle) -> bool:
    """Whether a name says by itself what it means: the subject, a title that is known, two words; not 'Snelling'."""
    if "§" in name or article.subject.name in name or article.known(name):
        return True
    if GENERIC.fullmatch(name):
        return False
    capitals = [w for w in name.split() if w[:1].isupper()]
    return len(capitals) > 1 and (capitals[0] in article.proper or capitals[0].lower() not in article.small)


def possessive(name: str) -> str:
    return name + ("'" if name.endswith("s") else "'s")
