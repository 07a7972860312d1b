"""Numbers in words, as Module:ConvertNumeric writes them."""

import re

from wikipedia.convert.numbers import spelled, spelled_part
from wikipedia.templates.base import at
from wikipedia.templates.base import renders_in_english as renders

_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
_ORDINALS |= {"twelve": "twelfth"}


def ordinal_of(words: str) -> str:
    """'twenty-one' -> 'twenty-first'"""
    last = re.split(r"[^a-z]", words)[-1]
    before = words.removesuffix(last)
    return before + (_ORDINALS.get(last) or (last[:-1] + "ie" if last.endswith("y") else last) + "th")


def plural_of(words: str) -> str:
    """'six' -> 'sixes', 'twenty' -> 'twenties'"""
    last = re.split(r"[^a-z]", words)[-1]
    return words[:-1] + "ies" if last.endswith("y") else words + ("es" if last == "six" else "s")


def in_words(text: str, n: dict[str, str], ordinal: bool = False) -> str | None:
    """'1,234.5' -> 'one thousand two hundred and thirty-four point five'; None when it is no plain number"""
    text = text.replace(",", "").replace("−", "-").strip()
    match = re.fullmatch(r"([-+]?)(\d{0,33})(?:\.(\d+))?", text)
    if not match or not match[2] and not match[3]:
        return None
    american, number = n.get("sp") == "us", int(match[2] or 0)
    words = spelled(number, american) if number or "zero" not in n else n["zero"]
    if ordinal:
        words = ordinal_of(words)
    elif n.get("pl") == "on":
        words = plural_of(words)
    if match[3]:
        words += " point " + " ".join(spelled(int(digit)) for digit in match[3])
    if match[1] == "-" and words != "zero":
        words = f"{n.get('negative') or 'negative'} {words}"
    return _adorned(words + _part(n, american), n)


def _part(n: dict[str, str], american: bool) -> str:
    """numerator=3, denominator=8: ' and three-eighths'"""
    above, below = n.get("numerator", "1"), n.get("denominator", "")
    if not above.isdecimal() or not below.isdecimal():
        return ""
    part = spelled_part(int(above), int(below), american, alone=n.get("one") == "one")
    return f" and {part}" if part else ""


def _adorned(words: str, n: dict[str, str]) -> str:
    words = words.replace(" ", "-") if n.get("adj") == "on" else words
    return words[:1].upper() + words[1:] if n.get("case") in ("U", "u") else words


@renders("number to words; number to word; numtext; spellnum; spellnum per mos; spell number")
def number_words(p, n, context):
    """{{number to words|1234|sp=us}}: one thousand two hundred thirty-four"""
    return in_words(at(p, 0), n, ordinal=n.get("ord") == "on") or at(p, 0)


@renders("ordinal to word; ordinal to words")
def ordinal_words(p, n, context):
    """{{ordinal to word|21}}: twenty-first"""
    return in_words(at(p, 0), n, ordinal=True) or at(p, 0)
