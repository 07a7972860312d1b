"""Files of wordings, one a line, in teacher/data: how people put things, and how they are answered.

== greeting                       a section
> (hello|hi) (there|)             a line of kind ">"; (a|b|) is one of a, b or nothing
< Hello! I am {name}.             a line of kind "<"; {slots} are filled by who reads the file
"""

import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pipeline.draws import hash64

SPOKEN = ("company", "limits", "passage", "typing")
FOLDER = Path(__file__).parent / "data"
CHOICE = re.compile(r"\(([^()]*)\)")
QUESTION = re.compile(
    r"(?:who|whom|whose|what|what's|when|where|which|why|how|is|are|am|was|were|do|does|did|can|could|may|shall|should|will|would|have|has)\b",
    re.I,
)


@cache
def load(name: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """-> {section: {kind of line: lines}}, in the order of the file; the kind is a line's first character."""
    sections: dict[str, dict[str, list[str]]] = {}
    lines: dict[str, list[str]] = {}
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            lines = sections.setdefault(line[3:].partition(" ;")[0], {})
        elif line and not line.startswith("#"):
            mark, text = (line[0], line[2:]) if line[1:2] == " " and line[0] in "><@+" else ("", line)
            lines.setdefault(mark, []).append(text)
    return {section: {mark: tuple(of) for mark, of in lines.items()} for section, lines in sections.items()}


def pick(items, *key):
    """One of them, by the key alone."""
    return items[hash64(*key) % len(items)]


def expand(pattern: str, *key) -> str:
    """The pattern with one of each choice, by the key."""
    places = itertools.count()
    return tidy(CHOICE.sub(lambda match: pick(match[1].split("|"), *key, next(places)), pattern))


def expansions(pattern: str) -> list[str]:
    """All that expand() may give."""
    parts = CHOICE.split(pattern)  # text, choices, text, choices, ..., text
    options = [part.split("|") if i % 2 else [part] for i, part in enumerate(parts)]
    return [tidy("".join(chosen)) for chosen in itertools.product(*options)]


def tidy(text: str) -> str:
    return re.sub(r" +([,.?!])(?=\s|$)", r"\1", " ".join(text.split()))


def spoken(*key) -> Iterator[str]:
    """Lines of all files as people say them, without end, their slots left empty: the words of talk, which an
    encyclopaedia hardly has."""
    places = [(name, section) for name in SPOKEN for section in load(name)]
    for place in itertools.count():
        name, section = pick(places, *key, place)
        kinds = load(name)[section]
        lines = kinds.get(pick(("<", ">"), *key, place, "kind")) or next(iter(kinds.values()))
        text = expand(pick(lines, *key, place, "line").split(" | ")[0], *key, place)
        yield punctuated(tidy(re.sub(r"\{\w+\}", "", text)))


def fill(template: str, slots: dict[str, str]) -> str:
    """{slots} filled; a sentence begins with a capital letter whatever stands there."""
    return re.sub(r"^(\W*)(\w)", lambda match: match[1] + match[2].upper(), fill_in(template, slots))


def fill_in(template: str, slots: dict[str, str]) -> str:
    """{slots} filled, nothing else."""
    return re.sub(r"\{(\w+)\}", lambda match: slots[match[1]], template).replace("..", ".")


def punctuated(text: str) -> str:
    """A wording of the files as a sentence: capital letter, and a mark at its end if it has none."""
    text = text[:1].upper() + text[1:]
    if not text[-1:].isalnum() and text[-1:] not in "'\"”":
        return text
    last = re.split(r"[,.:] ", text)[-1]  # If I have two apples, how many ...
    return text + ("?" if QUESTION.match(text) or QUESTION.match(last) else ".")
