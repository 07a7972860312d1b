"""The kinds of fact that the rules teacher knows by name; the table of them is relations.txt.

A pattern (`find`) is matched against one clause in which every mention of the article's own subject is the mark §,
from its first character to its last. {S} is § or another name, {V} what the clause says of it. Wordings are templates:
{S} and {V}; {S's} the possessive; {bare} the subject without its article; {aV} the value with 'a'; {it} {its} {them}
{is} {was} {does} {has} {s} agree with the subject; {kind} is what the subject is and {vkind} what the value is
(wordings with them are left out where that is not known).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from teacher.rules.english import DATE, MONTH, NAME, NUMBER

TABLE = Path(__file__).with_name("relations.txt")
SUBJECT = rf"(?P<S>§|{NAME}|[a-z]{{3,}})"  # a small word only if an article has that name
ONE = rf"(?:§|{NAME})"
PLACE = rf"(?:the (?:[a-z\-]+ (?:of|in) )?(?:the )?)?{ONE}(?:, {NAME}| in (?!{MONTH}){NAME})?"
UNITS = (
    r"(?:(?:square |cubic )?(?:kilomet(?:re|er)s?|met(?:re|er)s?|centimet(?:re|er)s?|millimet(?:re|er)s?|miles?|feet"
    r"|inch(?:es)?|"
    r"km²?|km2|m|cm|mm|ft|mi|hectares|acres)|sq mi|tonnes|tons|kilograms?|kg|grams?|pounds|degrees(?: Celsius)?|°C"
    r"|percent|per cent|"
    r"hours|days|years|minutes|seconds)"
)
# What stands for a longer pattern in relations.txt.
SLOTS = {
    "S": SUBJECT,
    "bare": r"(?P<S>§|[A-Za-z][A-Za-z\- ]*?)",
    "P": PLACE,
    "DATE": DATE,
    "NUMBER": NUMBER,
    "UNITS": UNITS,
    "CONTINENT": r"(?P<V>Africa|Antarctica|Asia|Australia|Europe|North America|South America|Oceania)",
    "COLOUR": (
        r"(?P<V>(?:dark |light |pale |deep |bright )?(?:red|blue|green|yellow|white|black|violet|purple|orange|pink"
        r"|brown|grey|"
        r"golden|silvery|clear|blue-green|many-coloured))"
    ),
}
# What {V} may be, by the relation's `value`.
VALUES = {
    "name": rf"(?P<V>{ONE})",
    "list": rf"(?P<V>{ONE}(?:, {ONE})*(?:,? and {ONE})?)",
    "noun": r"(?P<V>(?:the |an? )?[^,;:]+?)",
    "quoted": r"(?P<V>\"[^\"]+\"|“[^”]+”)",
    "date": rf"(?P<V>{DATE})",
    "word": r"(?P<V>[a-z\-]+)",
    "phrase": r"(?P<V>[^;:]+?)",
    "number": rf"(?P<V>{NUMBER}(?: {UNITS})*(?: (?:people|inhabitants))?)",
    "place": rf"(?P<V>{PLACE})",
}
TAIL = r"(?: (?:in|since|from|on|at|with|near|as|by|for|until|of) .+)?"


@dataclass(frozen=True)
class Relation:
    name: str
    find: tuple[str, ...]
    ask: tuple[str, ...]
    answer: str
    follow: tuple[str, ...] = ()  # questions with a pronoun, after a turn that named the subject
    check: str = ""  # yes/no question with {V}
    back: tuple[str, ...] = ()  # asks for the subject, given the value
    back_answer: str = ""
    value: str = "name"  # what {V} may be: a key of VALUES
    tail: str = TAIL  # what may follow the value unasked
    of_kind: str = ""  # kinds of subject that it is said of; "": all
    of_person: bool = False  # whether a name that no article has must be a person's
    example: tuple[str, ...] = ()  # title, text, a question and its answer: also a test


def attribute(name: str, plural: bool) -> Relation:
    """A relation of the form 'the capital of France is Paris', with the patterns and wordings that all such share."""
    be = "are" if plural else "is"
    return Relation(
        name,
        find=(
            rf"[Tt]he {name} of {{S}} (?:is|are) (?:called |the )?{{V}}",
            rf"{{S}}['’]s {name} (?:is|are) (?:the )?{{V}}",
            rf"{{V}} (?:is|are) the {name} of {{S}}",
            rf"{{S}} has (?:the|a|an) {name} (?:of )?{{V}}",
            rf"{{S}} has {{V}} as its {name}",
        ),
        ask=(
            f"What {be} the {name} of {{S}}?",
            f"What {be} {{S's}} {name}?",
            f"Can you tell me the {name} of {{S}}?",
            f"Tell me the {name} of {{S}}.",
            f"Do you know the {name} of {{S}}?",
        ),
        answer=f"The {name} of {{S}} {be} {{V}}.",
        follow=(f"What {be} {{its}} {name}?", f"And what {be} {{its}} {name}?", f"And {{its}} {name}?"),
        check=f"{be.capitalize()} {{V}} the {name} of {{S}}?",
        back=(
            f"Which {{kind}} has the {name} {{V}}?",
            f"{{V}} is the {name} of which {{kind}}?",
            f"Of which {{kind}} is {{V}} the {name}?",
            f"Which {{kind}}'s {name} is {{V}}?",
            f"What is {{V}} the {name} of?",
        ),
        back_answer=f"{{V}} is the {name} of {{S}}.",
    )


def read_table(text: str) -> Iterator[Relation]:
    """The relations of a text in the form that the head of relations.txt explains."""
    for block in text.split("\n\n"):
        lines = [line.split(": ", 1) for line in block.splitlines() if not line.startswith("#")]
        if not lines:
            continue
        (form, name), *fields = lines
        relation = Relation(name, (), (), "") if form == "relation" else attribute(name, form == "attributes")
        for field, value in fields:
            relation = with_field(relation, field, value)
        yield relation


def with_field(relation: Relation, field: str, value: str) -> Relation:
    changed: dict[str, Any] = {field.replace(" ", "_"): {"none": "", "yes": True}.get(value, value)}
    if field == "back" and value == "none":
        changed = {"back": (), "back_answer": ""}
    elif field in ("find", "ask", "follow", "back"):
        changed = {field: (*getattr(relation, field), value)}
    elif field == "example":
        changed = {field: tuple(value.split(" | "))}
    return replace(relation, **changed)


RELATIONS = tuple(read_table(TABLE.read_text(encoding="utf-8")))


@cache
def pattern_of(relation: Relation, template: str) -> re.Pattern:
    """A pattern over a whole clause. Compiled when first needed: all of them take a second."""
    slots = SLOTS | {"V": VALUES[relation.value]}
    return re.compile(re.sub(r"\{([A-Za-z]+)\}", lambda m: slots[m[1]], template + relation.tail))


def literal_of(template: str) -> str:
    """The longest stretch that every match of a pattern contains: looked for first, it spares most regex runs."""
    text, depth, flat = re.sub(r"\[[^\]]*\]|\\.", "\0", template), 0, ""
    for character in text:
        depth += character == "("
        flat += "\0" if depth else character
        depth -= character == ")"
    flat = re.sub(r".[?*+]|\{\w+\}|\.", "\0", flat)
    return max(flat.split("\0"), key=len)


PATTERNS = [(relation, literal_of(template), template) for relation in RELATIONS for template in relation.find]
