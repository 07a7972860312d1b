"""find(name): how to render a template; also whether it is known to show no prose, or was never heard of."""

import re

from wikipedia.names import COUNTRIES, ELEMENTS
from wikipedia.tables import lines, table
from wikipedia.templates import (  # noqa: F401 each enters its renderers when it is imported
    ages,
    criticism,
    dates,
    functions,
    languages,
    lists,
    measures,
    money,
    numbers,
    references,
    sciences,
    sounds,
    sport,
    symbols,
    text,
    transport,
    values,
    words,
)
from wikipedia.templates.base import ENGLISH, RENDERERS, Context, Renderer, constant, first


def UNKNOWN(p: list[str], n: dict[str, str], context: Context) -> str:
    return ""


# Templates without prose: data/silent_templates.txt and what fits here; what is neither here nor rendered is unknown.
_SILENT_PATTERN = re.compile(
    r"(?:cite|vcite|infobox|use |pp-|sfn|efn|navbox|campaignbox|s-|toc |wikiproject|user |graph:"
    r"|election box|football box|cfb |cbb |bs-|routemap|rail |#tag|#invoke|#switch|needs |clarify|expand "
    r"|unreferenced|taxonomy/|col-|multi-listen|image label|location map|certification|medical |largest cities"
    r"|navseasoncats|in lang|wikisource|wikinews|wikivoyage|commons |wiktionary |librivox|gutenberg|imdb"
    r"|defaultsort|displaytitle|r from|r to|template|us census|historical pop|chart |clade|tree |family|copied|db-"
    r"|merge|split |main |see also |further |redirect|about |other |hatnote|distinguish|latest stable"
    r"|latest preview|wikidata|:|more citations|contains )|.*(?: stub|-stub|-inline| inline| icon| sidebar|infobox"
    r"| navbox| footer| topics| topic| weatherbox|reflist|-sidebar| needed| succession box| labelled map| category"
    r"| categories| series| section| notice)$"
)
_ORDINARY_WORDS = {"lead", "tin", "gold", "silver", "mercury"}  # {{gold}} is a medal


def _everything() -> dict[str, Renderer | None]:
    """Silent templates, names that are templates of themselves ({{USA}}, {{HMS|...}}, {{carbon}}), all renderers."""
    found: dict[str, Renderer | None] = dict.fromkeys(lines("silent_templates"))
    silent = set(found)
    found.update({name: constant(symbol) for name, symbol in ELEMENTS.items() if name not in _ORDINARY_WORDS})
    found.update({code.lower(): constant(name) for code, name in COUNTRIES.items() if len(code) > 2 or code == "UK"})
    found.update({prefix.lower(): transport.ship(prefix) for prefix in lines("ship_prefixes")})
    found.update(
        {code: money.money(symbol) for code, symbol in money.CURRENCIES.items() if code not in money.NO_TEMPLATE}
    )
    ENGLISH.update(set(found) - silent)
    characters = table("symbols")
    ENGLISH.update(name for name, shown in characters.items() if re.search("[A-Za-z]{2}", shown))
    found.update({name: constant(shown) for name, shown in characters.items()})
    return {**found, **RENDERERS, ";": constant(";")}


_FOUND = _everything()


def find(name: str) -> Renderer | None:
    """The renderer of a template by its name in lower case with spaces; None: no prose; UNKNOWN: never heard of."""
    if name in _FOUND:
        return _FOUND[name]
    kind, _, code = name.partition("-")
    if kind == "lang" and code:
        return lambda p, n, context: languages.in_language(code, p, n)
    if kind == "ipac" and code:
        return lambda p, n, context: sounds.composed_sound(code, p, n)
    if kind == "ipa" and code:
        return lambda p, n, context: sounds.foreign_sound(code, p, n)
    if name.startswith(("cite ", "vcite ")):
        return references.cited
    if name.startswith("script/"):
        return first
    if name.startswith("flag") or name.endswith("-rt") and name.removesuffix("-rt") in _FOUND:  # of one more event
        return sport.country if "icon" not in name and "deco" not in name else None
    return None if _SILENT_PATTERN.match(name) else UNKNOWN


def silent_by_name(name: str) -> bool:
    """By the kind of name, such as "infobox city" or "x navbox", in any wiki"""
    return bool(_SILENT_PATTERN.match(name))
