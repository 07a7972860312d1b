"""What quiz.py asks beside its hundred questions: the same ones typed otherwise, and talk that asks for no fact.

exam/company.txt, premises.txt, passages.txt hold the wordings; no model is trained on any (tests/scripts/test_exam.py).
exam/questions.txt asks the quiz's own questions in other people's words.
exam/everyday.txt is hello and thanks, in the words of everybody and of training.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "exam"
# What denies: 'Lyon is not the capital', 'No, he never did', 'I do not know'.
DENIES = r"\b(?:not|never|no|nobody|nothing|cannot)\b|n['’]t\b"
NOT_SAID = r"does(?:n['’]t| not) (?:say|tell|mention)|is not (?:said|mentioned)|no information"


@dataclass(frozen=True)
class Item:
    """One message to the model, alone in its conversation."""

    part: str  # the line of the table that it counts in
    text: str
    expected: str  # a regular expression, or with values the first of them
    values: tuple[str, ...] = ()  # one of them must stand in the answer
    system: str = ""
    relation: str = ""  # of the fact that is asked for
    lookup: str = "off"  # auto: the server puts a passage before it, or says that it found none

    @property
    def messages(self) -> list[dict]:
        said = [{"role": "user", "content": self.text}]
        return [{"role": "system", "content": self.system}, *said] if self.system else said


@dataclass
class Section:
    head: str
    lines: list[tuple[str, str]] = field(default_factory=list)  # (mark, text)


def sections(name: str, mark: str = "==") -> Iterator[Section]:
    """The sections of a file: a head line that begins with the mark, and the lines behind it."""
    section = None
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(mark + " "):
            if section:
                yield section
            section = Section(line[len(mark) + 1 :])
        elif line and not line.startswith("#") and section:
            section.lines.append((line[0], line[2:]))
    if section:
        yield section


# the questions of the quiz, typed otherwise


def typo(text: str, subject: str) -> str:
    """Two letters of the longest word change places; in the subject only where no other word will do."""
    words = [m for m in re.finditer(r"[^\W\d_]+", text) if len(m[0]) >= 4]
    other = [m for m in words if m[0] not in subject] or words
    if not other:
        return text
    word = max(other, key=lambda m: len(m[0]))
    at = word.start() + len(word[0]) // 2
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def small(text: str) -> str:
    return text[:1].lower() + text[1:]


REWORDINGS = {
    "lower case": lambda text, subject: text.lower(),
    "no question mark": lambda text, subject: text.rstrip(".?"),
    "capitals": lambda text, subject: text.upper(),
    "one typo": typo,
    "hi": lambda text, subject: f"Hi! {text}",
    "thanks": lambda text, subject: f"{text} Thanks!",
    "system prompt": lambda text, subject: text,
}
SYSTEM = "You are an assistant who gives correct answers to questions."


def reworded(questions: Iterable) -> list[Item]:
    """questions: of quiz.py, with text, subject and answers -> each in every rewording."""
    systems = {"system prompt": SYSTEM}
    return [
        Item(part, change(q.text, q.subject), q.answers[0], tuple(q.answers), systems.get(part, ""), q.relation)
        for part, change in REWORDINGS.items()
        for q in questions
    ]


def in_other_words(questions: Iterable, fresh: Callable[[str, str], bool], seed: int) -> list[Item]:
    """questions: of quiz.py -> each in one of the wordings of questions.txt; fresh: whether a relation's wording is new
    to the model"""
    rng = random.Random(seed)
    known = {section.head: [text for _, text in section.lines] for section in sections("questions")}
    items = []
    for q in questions:
        new = [text for text in known.get(q.relation, ()) if fresh(q.relation, text)]
        if new:
            text = rng.choice(new).replace("{S}", q.subject)
            text = text[:1].upper() + text[1:]
            items.append(Item("other people's words", text, q.answers[0], tuple(q.answers), relation=q.relation))
    return items


INVENTED = "Zorbantia Lumdoria Ostravenia Quendrassil Peldoria Vexillium Harbledon Snorvia Morrigal Krellenburg".split()
NAMELESS = ("record", "deed", "element_of_symbol")  # relations whose subjects are no names


def unheard(questions: Iterable) -> list[str]:
    """questions: of quiz.py -> the same about names that nobody has."""
    asked = [q for q in questions if q.relation not in NAMELESS]
    return [q.text.replace(q.subject, INVENTED[n % len(INVENTED)]) for n, q in enumerate(asked)]


def looked_up(questions: list) -> list[Item]:
    """The questions again, and those about names that nobody has, where the server looks things up."""
    asked = [
        Item("looked up", q.text, q.answers[0], tuple(q.answers), relation=q.relation, lookup="auto") for q in questions
    ]
    return asked + [Item("unknown names, looked up", text, DENIES, lookup="auto") for text in unheard(questions)]


# what no article tells


def company(part: str = "company") -> list[Item]:
    """part: company, wordings that no model was trained on; or everyday, what most people type first."""
    return [
        Item(part, text, section.head.partition(" ; ")[2]) for section in sections(part) for _, text in section.lines
    ]


def premises(facts: list[dict], seed: int) -> list[Item]:
    """facts: of miniwiki-truth.json. A false value is true of another subject of the relation and never of this one."""
    rng, items = random.Random(seed), []
    for section in sections("premises"):
        relation, _, who = section.head.partition(" ; ")
        if relation == "never":
            subjects = sorted({f["subject"] for f in facts if f["relation"] == "birth_year"})
            slots = [{"S": subject} for subject in rng.sample(subjects, len(section.lines))]
        else:
            slots = false_values([f for f in facts if f["relation"] == relation], len(section.lines), rng)
        items += [
            Item("false premises", text.replace("{S}", slot["S"]).replace("{W}", slot.get("W", "")), DENIES)
            for slot, (_, text) in zip(slots, section.lines)
        ]
    return items


def false_values(facts: list[dict], count: int, rng: random.Random) -> list[dict[str, str]]:
    """-> count of {"S": subject, "W": false value}, no subject twice."""
    true: dict[str, set[str]] = {}
    for fact in facts:
        true.setdefault(fact["subject"], set()).update((fact["object"], *fact["aliases"]))
    values = sorted({fact["object"] for fact in facts})
    chosen = []
    for subject in rng.sample(sorted(true), count):
        wrong = [v for v in values if not any(v in t or t in v for t in (*true[subject], subject))]
        chosen.append({"S": subject, "W": rng.choice(wrong)})
    return chosen


def passages() -> list[Item]:
    """Texts about things that are in no article, each with its questions, in the form of gpt.chat.with_passage."""
    items = []
    for section in sections("passages", "+"):
        for _, line in section.lines:
            question, _, values = line.partition(" | ")
            text = f"{section.head}\n\n{question}"
            if values == "?":
                items.append(Item("passages", text, NOT_SAID))
            else:
                items.append(Item("passages", text, values, tuple(values.split(" || "))))
    return items
