"""Texts about things that do not exist, with questions that only the text can answer: how a model learns to read.

A domain of data/invented.txt gives a thing and sentences about it; what the chosen ones leave out, the text does not
say.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from teacher import wordings
from teacher.rules.english import begins_with_vowel

PRONOUN = 0.4  # share of sentences behind the first that say 'it' or 'its' for the thing
JOINED = 0.2  # share of sentences behind the first that are one with the sentence before
ITS = {"it": "its", "she": "her", "he": "his"}
PLURALS = {
    "postman": "postmen",
    "deer": "deer",
    "goose": "geese",
    "knife": "knives",
    "mouse": "mice",
    "sheep": "sheep",
    "wolf": "wolves",
}
ANYTHING = 12  # how often the domain "anything" has its turn: its sentences cannot be known by heart


@dataclass
class Text:
    """A text about one thing: its sentences, and what may be asked of it."""

    subject: str
    sentences: list[str] = field(default_factory=list)
    said: list[tuple[tuple[str, ...], str]] = field(default_factory=list)  # (questions, answer)
    unsaid: list[tuple[str, ...]] = field(default_factory=list)  # questions that it leaves open

    @property
    def passage(self) -> str:
        return " ".join(self.sentences)


def texts(*key) -> Iterator[Text]:
    """Without end, the domains in turn."""
    named = wordings.load("invented")
    domains, place = [domain for name, domain in named.items() for _ in range(ANYTHING if name == "anything" else 1)], 0
    while True:
        rng = random.Random("|".join(map(str, (*key, place))))
        yield text(domains[place % len(domains)], rng)
        place += 1


def text(domain: dict[str, tuple[str, ...]], rng: random.Random) -> Text:
    names, _, pronoun = rng.choice(domain["@"]).partition(" | ")
    born = rng.randint(1100, 1900)
    subject = with_an(wordings.fill_in(name := rng.choice(names.split(" / ")), draw(name, rng, born)))
    facts = [line.split(" | ") for line in domain["+"]]
    rng.shuffle(facts)
    count = rng.randint(2, min(5, len(facts) - 1))
    made, about_it = Text(subject), False
    for place, (sentence, *questions) in enumerate(facts):
        slots = draw(sentence, rng, born) | {"S": subject, "it": pronoun}
        asked = tuple(filled(q, slots) for q in questions)
        if place >= count:
            made.unsaid.append(asked)
            continue
        answer = filled(sentence, slots)
        made.said.append((asked, answer))
        short = with_pronoun(sentence, answer, subject, pronoun) if place else answer
        if short != answer and about_it and rng.random() < JOINED:
            made.sentences[-1], about_it = f"{made.sentences[-1][:-1]}, and {short}", False
        else:
            made.sentences.append(short[0].upper() + short[1:] if rng.random() < PRONOUN else answer)
            about_it = sentence.startswith("{S} ")  # so that 'and it' can mean nothing else
    return made


def with_pronoun(template: str, sentence: str, subject: str, pronoun: str) -> str:
    """The sentence with a pronoun for the thing that it begins with, in small letters; as it is where it doesn't."""
    if template.startswith("{S} "):
        return pronoun + sentence[len(subject) :]
    if re.match(r"The (?:[a-z -]|\{\w+\})+ of \{S\} ", template):
        part, _, rest = sentence.partition(f" of {subject}")
        return f"{ITS[pronoun]} {part.removeprefix('The ')}{rest}"
    return sentence


def filled(template: str, slots: dict[str, str]) -> str:
    """{slots} filled; {animal}s is their plural, and 'a owl' becomes 'an owl'."""
    plurals = {f"{slot}_s": plural(word) for slot, word in slots.items()}
    text = wordings.fill(re.sub(r"\{(\w+)\}s\b", r"{\1_s}", template), slots | plurals)
    return with_an(text)


def with_an(text: str) -> str:
    """'a owl' becomes 'an owl'."""
    return re.sub(r"\b([Aa]) (?=(\w+))", lambda m: f"{m[1]}n " if begins_with_vowel(m[2]) else m[0], text)


def plural(word: str) -> str:
    if word in PLURALS:
        return PLURALS[word]
    if re.search(r"(?:s|x|z|ch|sh)$", word):
        return f"{word}es"
    return re.sub(r"(?<=[^aeiou])y$", "ie", word) + "s"


def thing(*key) -> str:
    """The name of something that does not exist: a land, a person, a bridge ..."""
    rng = random.Random("|".join(map(str, key)))
    if rng.random() < 0.5:
        return new_name(rng)
    domain = rng.choice(list(wordings.load("invented").values()))
    name = rng.choice(rng.choice(domain["@"]).partition(" | ")[0].split(" / "))
    return with_an(wordings.fill_in(name, draw(name, rng, born=1900)))


def new_name(rng: random.Random) -> str:
    parts = wordings.load("names")
    middle = rng.choice(words(parts["middle"])) if rng.random() < 0.5 else ""
    return rng.choice(words(parts["first"])) + middle + rng.choice(words(parts["last"]))


def draw(template: str, rng: random.Random, born: int) -> dict[str, str]:
    """A value for every slot of a template; years are those of a life that began in `born`."""
    found: dict[str, str] = {}
    for slot in re.findall(r"\{(\w+)\}", template):
        if slot in ("S", "it"):
            continue
        found[slot] = value(slot.rstrip("0123456789"), rng, born)
        while slot[-1].isdigit() and found[slot] == found.get(slot[:-1]):  # red with red spots
            found[slot] = value(slot[:-1], rng, born)
    return found


def value(slot: str, rng: random.Random, born: int) -> str:
    parts = wordings.load("names")
    numbers = {
        "born": lambda: str(born),
        "year": lambda: str(born + rng.randint(20, 55)),
        "died": lambda: str(born + rng.randint(56, 95)),
        "number": lambda: f"{rng.choice((rng.randint(20, 999), rng.randint(1000, 99999))):,}",
        "hundreds": lambda: str(rng.randint(60, 900)),
        "few": lambda: str(rng.randint(2, 60)),
        "day": lambda: f"{rng.randint(1, 28)} {rng.choice(words(parts['month']))} {born + rng.randint(20, 55)}",
    }
    if slot in numbers:
        return numbers[slot]()
    if slot in ("person", "woman", "man"):
        given = parts[slot] if slot != "person" else parts[rng.choice(("woman", "man"))]
        return f"{rng.choice(words(given))} {new_name(rng)}"
    if slot in ("new", "place", "river", "tongue", "coin"):
        name = new_name(rng)
        return name.lower() if slot == "coin" else name
    return rng.choice(words(parts[slot]))


def words(lines: dict[str, tuple[str, ...]]) -> list[str]:
    return [word for line in lines[""] for word in line.split("|")]
