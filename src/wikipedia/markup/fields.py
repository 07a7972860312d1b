"""What an article says about itself: redirect, short description, disambiguation; and its sections to leave out."""

import html
import re
from functools import cache

from wikipedia.languages import language
from wikipedia.markup.marks import DROP

_REDIRECT = re.compile(r"\s*#\s*([^\W\d_]{4,})\s*:?\s*\[\[\s*:?\s*([^\]|]+?)\s*(?:\|[^\]]*)?\]\]")


def redirect_target(wikitext: str) -> str | None:
    """'#REDIRECT [[Target#Section]]', the word in any language's capitals -> 'Target#Section'"""
    match = _REDIRECT.match(wikitext) if wikitext.lstrip()[:1] == "#" else None
    if match and (match[1].isupper() or match[1].lower() == "redirect"):
        return match[2].replace("_", " ")
    return None


_SHORT = re.compile(r"\{\{\s*[Ss]hort ?desc(?:ription)?\s*\|\s*(?:1\s*=)?\s*([^{}|]*)")


_DISAMBIGUATION = re.compile(
    r"\{\{\s*(?:hndis|geodis|surname|given[ _]name|dab|disamb|mathdab|numberdis|roaddis|stationdis|letterdis|schooldis"
    r"|hospitaldis|mil-unit-dis|lnd|sia|set[ _]index|shipindex|mountainindex|roadindex|sportindex|chemistry[ _]index"
    r"|plant[ _]common[ _]name)\b",
    re.I,
)


@cache
def _disambiguation_names(code: str) -> re.Pattern | None:
    """The templates of a language's table, opened; their first letter may be either case."""
    names = "|".join(re.escape(name).replace(r"\ ", "[ _]") for name in sorted(language(code).disambiguation_templates))
    return re.compile(rf"\{{\{{\s*(?:{names})\s*[|}}]", re.I) if names and code != "en" else None


def is_disambiguation(text: str, code: str) -> bool:
    """{{disambiguation|...}} in any of its many names; {{other uses|X (disambiguation)}} is none."""
    own = _disambiguation_names(code)
    if own and (own.search(text, 0, 1000) or own.search(text, max(0, len(text) - 3000))):
        return True
    place = text.find("isambig")
    while place >= 0:
        opened = text.rfind("{{", max(0, place - 50), place)
        if (
            opened >= 0
            and not any(mark in text[opened:place] for mark in "|[}")
            and text[place : place + 40].lstrip("isambguton_ ")[:1] in ("|", "}", "")
        ):
            return True
        place = text.find("isambig", place + 7)
    return bool(
        _DISAMBIGUATION.search(text, 0, 1000)
        or _DISAMBIGUATION.search(text, max(0, len(text) - 3000))
        or "__DISAMBIG__" in text
    )


def short_description(text: str) -> str:
    match = _SHORT.search(text) if "hort" in text else None
    value = match[1].strip() if match else ""
    return "" if value.lower() == "none" else html.unescape(value)


_HEADING = re.compile(r"\n(={1,6})([^\n]+?)\1[ \t\x05]*(?=\n)")


_PLAIN = re.compile(r"\{\{[^{}]*\}\}|<[^<>]*>|\[\[(?:[^\[\]|]*\|)?|\]\]|'{2,}|\x05")


def without_sections(text: str, dropped: frozenset[str]) -> str:
    """Cut the sections that are left out, each with its subsections."""
    kept, done, cutting = [], 0, 0
    for match in _HEADING.finditer(text):
        level = len(match[1])
        if cutting and level > cutting:
            continue
        title = match[2]
        if "[" in title or "{" in title or "<" in title or "'" in title or DROP in title:
            title = _PLAIN.sub("", title)
        unwanted = title.strip(" :\t=").lower() in dropped
        if unwanted and not cutting:
            kept.append(text[done : match.start()])
        elif not unwanted and cutting:
            done = match.start()
        cutting = level if unwanted else 0
    if not cutting:
        kept.append(text[done:])
    return "".join(kept) + "\n"
