"""Renderings as data: the lines of extract.templates and of a language's table."""

import re

from wikipedia.languages import Language
from wikipedia.templates.base import Renderer, at
from wikipedia.templates.numbers import raised

_ENGLISH = Language("en")


def user_renderer(pattern: str, language: Language = _ENGLISH) -> Renderer:
    """The rendering of a config line such as `ship: "{1} ({year})"`; missing arguments are empty.

    {2|1}: the second argument, or the first where there is none; {2:month}: the name of the month with that number;
    {1:day}: a day of the month; {1:number}: as the language groups and points it; {3:raised}: a power; {1:date}: three
    numbers from there on, in either order; {2:units}: units and powers from there on; {2:name}: what the
    language's table `name` says of it; (? of {2}): only where its argument is given.
    """
    parts = _OPTIONAL.split(pattern)  # what is always shown and, at odd places, what only some calls show

    def render(p, n, context):
        def argument(key):
            return at(p, int(key) - 1) if key.isdecimal() and key != "0" else n.get(key.lower(), "")

        def value(match):
            key, _, kind = match[1].partition(":")
            if kind in _OF_SEVERAL and key.isdecimal():
                return _OF_SEVERAL[kind](p[max(int(key) - 1, 0) :], language)
            found = next((x for x in map(argument, key.split("|")) if x), "")
            return _shown(found, kind, language) if kind and found else found

        texts = [_FIELD.sub(value, part) for part in parts]
        bare = [_FIELD.sub("", part) for part in parts[1::2]]
        texts[1::2] = [text if text != alone else "" for text, alone in zip(texts[1::2], bare)]
        return "".join(texts)

    return render


_FIELD = re.compile(r"\{([^{}]+)\}")
_OPTIONAL = re.compile(r"\(\?([^()]*)\)")
_DIGITS = re.compile(r"(?<![\w.,])[-−]?\d{1,15}(?:[.,]\d+)?(?![\w.,]*\d)")


def _shown(text: str, kind: str, language: Language) -> str:
    """'3', 'month' -> 'März'; what does not fit its kind stays"""
    number = int(text) if text.isdecimal() and len(text) < 5 else 0
    if kind == "month":
        return language.months[number - 1] if 1 <= number <= len(language.months) else text
    if kind == "day":
        return language.first_day if number == 1 and language.first_day else text.lstrip("0") or text
    if kind == "number":
        return _DIGITS.sub(lambda m: language.number(m[0].replace(",", ".").replace("−", "-")).replace("-", "−"), text)
    if kind == "raised":
        return raised(text, "x")
    return language.values[kind].get(text, "") if kind in language.values else text


def _date(args: list[str], language: Language) -> str:
    """3, 10, 1990 or 1990, 10, 3 or 1990-10-03 in the language's words; other arguments as they are"""
    if args and re.fullmatch(r"\d{4}-\d\d?-\d\d?", args[0]):
        args = args[0].split("-")
    given = [x for x in args[:3] if x]
    numbers = [int(x) for x in given if x.isdecimal() and len(x) < 5]
    if len(numbers) == 3:
        year, month, day = numbers if numbers[0] > 31 else numbers[::-1]
        if 1 <= month <= 12 and 1 <= day <= 31:
            return language.date(year, month, day)
    return " ".join(_shown(x, "month", language) if i == 1 else x for i, x in enumerate(given))


def _units(args: list[str], language: Language) -> str:
    """J, kg, -1 -> J⋅kg⁻¹"""
    text = ""
    for x in filter(None, args):
        text += raised(x, "x") if re.fullmatch(r"[-−]?\d{1,2}", x) else ("⋅" if text and x[0].isalpha() else "") + x
    return text


_OF_SEVERAL = {"date": _date, "units": _units}
