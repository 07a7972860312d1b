"""Templates on a wiki that is not English: its language's table renders some; English words stay out of its text."""

import re
from collections.abc import Callable
from functools import cache, partial

from wikipedia.languages import SAME, Language
from wikipedia.languages import language as language_of
from wikipedia.names import LANGUAGES
from wikipedia.templates import dates, languages, measures, references, sounds
from wikipedia.templates.base import ENGLISH, Context, Renderer, at
from wikipedia.templates.lookup import UNKNOWN, find
from wikipedia.templates.patterns import user_renderer

_NATIVE_TEXT = ("text", "t", "s", "c", "kanji", "hangul")  # arguments that hold the word itself


@cache
def find_for(code: str) -> Callable[[str], Renderer | None]:
    """lookup.find() for a wiki by the code of its language."""
    return find if SAME.get(code, code) == "en" else finder(language_of(code))


def finder(language: Language) -> Callable[[str], Renderer | None]:
    """lookup.find() for a wiki in this language."""
    own: dict[str, Renderer | None] = dict.fromkeys(language.silent)
    if language.labels:  # a word in a language whose name the table does not say is shown without it
        own |= {language.labels.replace("{code}", code): partial(_labelled, language, code) for code in LANGUAGES}
        for code in language.languages:
            own[language.labels.replace("{code}", code)] = partial(_labelled, language, code)
    own |= dict.fromkeys(language.cited_templates, partial(_cited, language))
    own |= {code.lower(): partial(_country, name) for code, name in language.countries.items()}
    own |= {name: user_renderer(pattern, language) for name, pattern in language.templates}

    def find_here(name: str) -> Renderer | None:
        if name in own:
            return own[name]
        kind, _, code = name.partition("-")
        if kind == "lang" and code:
            return partial(_labelled, language, code)
        if name == "lang":
            return lambda p, n, context: at(p, 1) or n.get("text", "")
        if name == "langx":
            return lambda p, n, context: _labelled(language, at(p, 0), p[1:], n, context)
        renderer = find(name)
        if renderer is None:
            return None
        module = getattr(renderer, "__module__", "")
        if module == dates.__name__:
            return partial(_day, language)
        if module == sounds.__name__ or (kind in ("ipa", "ipac") and code):
            return partial(_sound, renderer)
        if module == languages.__name__:
            return _native_word
        if renderer is measures.conversion or renderer is measures.short_conversion:
            return partial(_converted, language)
        return UNKNOWN if name in ENGLISH else renderer

    return find_here


def _labelled(language: Language, code: str, p: list[str], n: dict[str, str], context: Context) -> str:
    """{{lang-la|Roma}} with the name of Latin as the wiki's readers know it, or the word alone."""
    word = at(p, 0) or n.get("text", "")
    label = language.languages.get(code.lower(), "")
    return f"{label}{language.after_label}{word}" if label and word else word


def _cited(language: Language, p: list[str], n: dict[str, str], context: Context) -> str:
    """{{Ouvrage|prénom1=Victor|nom1=Hugo|titre=Odes}} as {{cite book|first1=Victor|last1=Hugo|title=Odes}}"""
    english = dict(n)
    for key, value in n.items():
        own = key.rstrip("0123456789")
        if value and own.rstrip() in language.cited:
            english.setdefault(language.cited[own.rstrip()] + key[len(own) :], value)
    return references.cited(p, english, context)


def _country(name: str, p: list[str], n: dict[str, str], context: Context) -> str:
    """{{FRA}}: the name of France; {{FRA|Ziel=Paris}}: Paris, below its flag; {{FRA|#}}: the flag alone"""
    return "" if at(p, 0) == "#" else at(p, 0) or n.get("text") or n.get("ziel") or name


def _converted(language: Language, p: list[str], n: dict[str, str], context: Context) -> str:
    """{{convert|12.5|km|mi}}: 12,5 km (7,8 mi), with the symbols of the units, as English names are for English"""
    shown = measures.short_conversion(p, n, context)
    shown = re.sub(r"(?<=\d) (?:to|and) (?=\d)", "–", shown)
    return _NUMBER.sub(lambda m: language.number(m[0].replace(",", "")), shown)


_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


def _sound(renderer: Renderer, p: list[str], n: dict[str, str], context: Context) -> str:
    """The sounds in their brackets, without "pronounced"."""
    bracketed = re.search(r"[\[/].+[\]/]", renderer(p, n, context))
    return bracketed[0] if bracketed else ""


def _native_word(p: list[str], n: dict[str, str], context: Context) -> str:
    return at(p, 0) or next((n[key] for key in _NATIVE_TEXT if n.get(key)), "")


def _day(language: Language, p: list[str], n: dict[str, str], context: Context) -> str:
    """A year, month and day in numbers in the language's words; any other date as its arguments have it."""
    numbers = [int(x) for x in p[:3] if x.isdecimal() and len(x) < 5]
    if len(numbers) == 3 and 1 <= numbers[1] <= 12 and 1 <= numbers[2] <= 31:
        return language.date(*numbers)
    return " ".join(x for x in p if x)
