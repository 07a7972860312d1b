"""The English of the mini-wiki: what an article is, wordings chosen by a hash, articles before nouns, lists.

A sentence is plain text. Where its wikitext is an inline template, the two forms stand side by side in it, as
`inline(wikitext, plain)` writes them; `plain()` and `wiki()` choose one. So the truth about what an extractor must
return is the sentence itself, not the result of a parser.
"""

import hashlib
import math
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Names that take "the" in running text, beside those that end in the words of ENDINGS.
THE = {
    "Bahamas",
    "Central African Republic",
    "Comoros",
    "Czech Republic",
    "Democratic Republic of the Congo",
    "Dominican Republic",
    "Gambia",
    "Maldives",
    "Marshall Islands",
    "Netherlands",
    "Philippines",
    "Republic of the Congo",
    "Seychelles",
    "Solomon Islands",
    "United Arab Emirates",
    "United Kingdom",
    "United States",
    "Galápagos Islands",
    "Matterhorn",
    "Zugspitze",
    "Grossglockner",
    "Vinson Massif",
}
ENDINGS = re.compile(r"(?:Ocean|Sea|River|Gulf|Alps|Andes|Himalayas)$")


@dataclass
class Article:
    title: str
    name: str  # the subject as running text calls it: "gold", "the Netherlands"
    topic: str  # the table it comes from; the infobox and the categories follow it
    # (heading, paragraphs of sentences); the lead has heading "", a list is a paragraph of "* item" sentences
    sections: list[tuple[str, list[list[str]]]] = field(default_factory=list)
    box: dict[str, str] = field(default_factory=dict)
    facts: list[dict] = field(default_factory=list)
    kind: str = "article"

    def fact(self, relation: str, answer: str, *aliases: str, subject: str | None = None) -> None:
        self.facts.append(
            {
                "subject": subject or self.name,
                "relation": relation,
                "object": answer,
                "aliases": [alias for alias in aliases if alias != answer],
            }
        )

    def sentences(self) -> list[str]:
        return [plain(s).removeprefix("* ") for _, paragraphs in self.sections for p in paragraphs for s in p]

    def text(self) -> str:
        """The article as an extractor should return it: prose with Markdown headings."""
        blocks = []
        for heading, paragraphs in self.sections:
            blocks += [f"## {heading}"] if heading else []
            for p in paragraphs:
                items = p[0].startswith("* ")
                blocks.append("\n".join("-" + plain(s)[1:] for s in p) if items else " ".join(map(plain, p)))
        return "\n\n".join(blocks)


def table(name: str) -> list[dict]:
    """Rows of facts/<name>.txt: the first line names the columns, '-' is empty, notes are split into sentences."""
    lines = (HERE / "facts" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    head, rows = lines[0].split("|"), []
    for line in lines[1:]:
        if line.startswith("#"):
            continue
        cells = ["" if c.strip() == "-" else c.strip() for c in line.split("|")]
        if len(cells) != len(head):
            raise ValueError(f"facts/{name}.txt: {len(cells)} cells where {len(head)} are named: {line}")
        row: dict = dict(zip(head, cells))
        if "notes" in row:
            row["notes"] = row["notes"].split(" / ")
        rows.append(row)
    return rows


@cache
def wordings() -> dict[str, list[str]]:
    lines = (HERE / "wordings.txt").read_text(encoding="utf-8").splitlines()
    slots = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return {slot: options for slot, *options in slots}


class Say:
    """Sentences about one subject, each slot in the wording that the hash of the title chooses."""

    def __init__(self, kind: str, title: str, /, **values: str):
        self.kind, self.title, self.values = kind, title, values

    def __call__(self, slot: str, /, **more: str) -> str:
        values = self.values | more
        capitals = {key[:1].upper() + key[1:]: start(value) for key, value in values.items()}
        return pick(f"{self.title}|{slot}", *wordings()[f"{self.kind}.{slot}"]).format(**capitals | values)


def number_of(*key) -> int:
    """A number that depends on the key alone, the same on every machine."""
    return int.from_bytes(hashlib.sha256("|".join(map(str, key)).encode()).digest()[:8], "big")


def pick(key: str, *options: str) -> str:
    return options[number_of(key) % len(options)]


def the(name: str) -> str:
    return f"the {name}" if name in THE or ENDINGS.search(name) else name


def start(text: str) -> str:
    """The text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' and not noun.startswith(('eu', 'uni', 'Ura')) else 'a'} {noun}"


def plural(noun: str) -> str:
    return noun if noun == "fish" else noun.removesuffix("s") + "ses" if noun.endswith("s") else noun + "s"


def join(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def inline(wikitext: str, text: str) -> str:
    """A span whose wikitext differs from what the reader sees."""
    return f"\x01{wikitext}\x02{text}\x03"


def plain(sentence: str) -> str:
    return re.sub("\x01[^\x02]*\x02([^\x03]*)\x03", r"\1", sentence)


def wiki(sentence: str) -> str:
    return re.sub("\x01([^\x02]*)\x02[^\x03]*\x03", r"\1", sentence)


UNITS = {"m": ("metres", "ft", 3.280839895), "km": ("kilometres", "mi", 0.621371192)}


def convert(value: int, unit: str) -> str:
    """{{convert}} as the real template renders it: to the precision of the input, with two figures at least."""
    long, other, factor = UNITS[unit]
    zeros = len(str(value)) - len(str(value).rstrip("0"))
    result = value * factor
    # Module:Convert keeps more precision for feet than its general rule would.
    adjust = math.log10(2) if other == "ft" else math.log10(1 / factor) + math.log10(2)
    precision = max(math.floor(-zeros + adjust), 1 - math.floor(math.log10(result) + 0.02))
    scale = 10 ** max(-precision, 0)
    rounded = int(math.floor(result / scale + 0.5)) * scale
    return inline(f"{{{{convert|{value}|{unit}|{other}}}}}", f"{value:,} {long} ({rounded:,} {other})")
