"""Renderings as data: the lines of extract.templates and of a language's table."""

import re
from datetime import date, timedelta

from wikipedia.languages import Language
from wikipedia.templates.base import Renderer, at
from wikipedia.templates.numbers import raised
from wikipedia.templates.sounds import bracketed

_ENGLISH = Language("en")


def user_renderer(pattern: str, language: Language = _ENGLISH) -> Renderer:
    """The rendering of a config line such as `ship: "{1} ({year})"`; missing arguments are empty.

    {2|1}: the second argument, or the first where there is none; {2:month}: the name of the month with that number;
    {1:day}: a day of the month; {1:number}: as the language groups and points it; {3:raised}: a power; {1:date}: three
    numbers from there on, in either order; {1:old_style}: day, month, year, day and month of the old style;
    {1:julian}: a day of the old style as 25.10.1917; {1:in_languages}: codes of languages and a word; {2:units}: units
    and powers from there on; {1:sound}: in brackets; {1:language}, {1:country}: the name that the code has;
    {2:name}: what the language's table `name` says of it; {1|"x"}: x where no argument is given;
    (? of {2}): only where its argument is given.
    """
    parts = _OPTIONAL.split(pattern)  # what is always shown and, at odd places, what only some calls show

    def render(p, n, context):
        def argument(key):
            if key[:1] == '"':
                return key[1:-1]
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
    if kind == "sound":
        return bracketed(text)
    if kind == "language":
        return language.languages.get(text.lower(), "")
    if kind == "country":
        return language.countries.get(text, text)
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


def _old_style(args: list[str], language: Language) -> str:
    """8, 1, 1901, 26, 12, 1900 -> 26 грудня 1900 (8 січня 1901); 22, 4, 1870, 10 -> 10 (22) апреля 1870"""
    day, month, year, old_day, old_month, old_year = [*args[:6], *[""] * 6][:6]
    name, old_name = (_shown(x, "month", language) for x in (month, old_month))
    day, old_day = (x.lstrip("0") for x in (day, old_day))
    if not old_day:
        return " ".join(x for x in (day, name, year) if x)
    if old_year and old_year != year:
        return f"{old_day} {old_name} {old_year} ({day} {name} {year})"
    if old_name and old_name != name:
        return f"{old_day} {old_name} ({day} {name}) {year}".rstrip()
    return f"{old_day} ({day}) {name} {year}".rstrip()


def _julian(args: list[str], language: Language) -> str:
    """25.10.1917 in both calendars"""
    match = re.fullmatch(r"(\d\d?)\.(\d\d?)\.(\d{4})", args[0] if args else "")
    if not match:
        return ".".join(x for x in args[:3] if x)
    day, month, year = map(int, match.groups())
    century = (year - (month < 3)) // 100
    try:
        new = date(year, month, min(day, 28)) + timedelta(days=max(day - 28, 0) + century - century // 4 - 2)
    except ValueError:
        return match[0]
    changed = [*map(str, (new.day, new.month, new.year)), *map(str, (day, month, year))]
    return _old_style(changed, language)


def _in_languages(args: list[str], language: Language) -> str:
    """uk, ru, три -> укр., рос. три"""
    *codes, word = [x for x in args if x] or [""]
    labels = ", ".join(x for x in (language.languages.get(code.lower(), "") for code in codes) if x)
    return f"{labels}{language.after_label}{word}" if labels else word


_OF_SEVERAL = {
    "date": _date,
    "units": _units,
    "old_style": _old_style,
    "julian": _julian,
    "in_languages": _in_languages,
}
