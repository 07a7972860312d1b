"""Ages and spans of time, counted as Wikipedia's Module:Age and Module:Date count them.

A date is a list: year, month, day, or the first of them where the rest is not known.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from wikipedia.convert.numbers import spelled
from wikipedia.templates.base import Context, at
from wikipedia.templates.base import renders_in_english as renders
from wikipedia.templates.dates import date_in, day_first, day_text, number_of_month

UNITS = {"y": "year", "m": "month", "w": "week", "d": "day"}


class Age(NamedTuple):
    """How a template counts and shows an age."""

    show: str  # y, m, w, d: years, months, weeks, days
    bare: bool = False  # the number alone
    join: str = "and"  # "3 years and 2 days"; comma: "3 years, 2 days"
    range: str = ""  # between the two ages that unknown days leave open: "–" or " or "; "": the day is filled in
    commas: bool = False
    duration: bool = False  # the last day counts too


def dates_of(p: list[str], n: dict[str, str], count: int, today: Sequence[int]) -> list[list[int]]:
    """The dates in the arguments, as numbers (1990|5|2|2000|3|4, year1=, month1= ...) or as texts (2 May 1990);
    a missing one is today, what is no date is []"""
    named = [n.get(f"{part}{which}") or (n.get(part, "") if which == 1 else "") for which in (1, 2) for part in _PARTS]
    fields = named if any(named) else [x.strip() for x in p[:6]]
    given = max((i for i, x in enumerate(fields, 1) if x), default=0)
    if any(named) or given >= 3:
        fields += [""] * (6 - len(fields))
        dates = [_numbers(fields[i : i + 3]) if any(fields[i : i + 3]) else list(today) for i in (0, 3)]
    else:
        dates = [date_in(at(fields, i)) if at(fields, i) else list(today) for i in (0, 1)]
    return [x if _exists(x) else [] for x in dates[:count]]


_PARTS = ("year", "month", "day")


def _numbers(fields: list[str]) -> list[int]:
    """['1990', 'May', '0'] -> [1990, 5]"""
    numbers: list[int] = []
    for place, x in enumerate(fields):
        number = number_of_month(x) if place == 1 and x.isalpha() else int(x) if x.isdecimal() and len(x) < 5 else 0
        if not number:
            break
        numbers.append(number)
    return numbers


def _exists(numbers: Sequence[int]) -> bool:
    if not numbers:
        return False
    year, month, day = [*numbers, 1, 1][:3]
    return 1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _ends(numbers: list[int]) -> tuple[date, date]:
    """The first and the last day that a date may be"""
    year, month, day = [*numbers, 0, 0][:3]
    if day:
        return date(year, month, day), date(year, month, day)
    last = month or 12
    return date(year, month or 1, 1), date(year, last, monthrange(year, last)[1])


def _filled(numbers: list[int], other: list[int]) -> date:
    """With the month and day of the other date, or the first, where they are not known"""
    year, month, day = [*numbers, *(other[len(numbers) :] or [1] * (3 - len(numbers))), 1, 1][:3]
    return date(year, month, min(day, monthrange(year, month)[1]))


def counted(earlier: date, later: date, show: str) -> list[int]:
    """1990-05-02, 2000-03-04, 'ymd' -> [9, 10, 2]: the largest units first"""
    days = (later - earlier).days
    if show in ("d", "w", "wd"):
        return {"d": [days], "w": [days // 7], "wd": [days // 7, days % 7]}[show]
    months, rest = (later.year - earlier.year) * 12 + later.month - earlier.month, later.day - earlier.day
    if rest < 0:
        months -= 1
        before = later.replace(day=1) - timedelta(days=1)  # in the month before
        rest = later.day if earlier.day >= before.day else before.day - earlier.day + later.day
    years = months // 12
    if show == "yd":
        year = earlier.year + years
        birthday = earlier.replace(year=year, day=min(earlier.day, monthrange(year, earlier.month)[1]))
        return [years, (later - birthday).days]
    known = {"y": years, "m": months % 12 if "y" in show else months, "d": rest % 7 if "w" in show else rest}
    known["w"] = rest // 7
    return [known[unit] for unit in show]


def age_text(first: list[int], last: list[int], how: Age, n: dict[str, str]) -> str:
    """Two dates -> '9 years, 10 months and 2 days'; '−' before it when the second is the earlier one"""
    sign = "−" if _ends(first)[0] > _ends(last)[0] else ""
    earlier, later = (last, first) if sign else (first, last)
    if how.range and len(earlier) < 3 or how.range and len(later) < 3:
        text = _range_text(earlier, later, how, n)
    else:
        end = _filled(later, earlier) + timedelta(days=how.duration)
        start = min(_filled(earlier, later), end)
        text = _text([[x] for x in counted(start, end, how.show)], how, n)
    return text if text.split(" ")[0] == "0" else sign + text


def _range_text(earlier: list[int], later: list[int], how: Age, n: dict[str, str]) -> str:
    """'35–36', '9 or 10 years': what days that are not known leave open"""
    show = "ym" if how.show == "ymd" else how.show
    spans = (_ends(earlier)[1], _ends(later)[0]), (_ends(earlier)[0], _ends(later)[1])
    least, most = (counted(min(a, b), b, show) for a, b in spans)
    if show == "ym" and least[0] != most[0]:
        return _text([[least[0], most[0]]], how._replace(show="y"), n)
    return _text([sorted({a, b}) for a, b in zip(least, most)], how._replace(show=show), n)


def _text(values: list[list[int]], how: Age, n: dict[str, str]) -> str:
    style = n.get("format", "")
    parts: list[str] = []
    for place, (unit, value) in enumerate(zip(how.show, values)):
        last = place == len(values) - 1
        if not (value[-1] or last and not parts or parts and how.show == "yd"):
            continue
        numbers = [f"{x:,}" if not place and (how.commas or style == "commas") else str(x) for x in value]
        if style.lower().removesuffix("_us") in ("cardinal", "ordinal"):
            numbers = [spelled(x, us=style.endswith("_us")) for x in value]
            if style[0] == "C" and not parts:
                numbers[0] = numbers[0].capitalize()
        text = (how.range or " or ").join(numbers)
        parts.append(text if how.bare else text + _unit(unit, value[-1], n.get("abbr", "")))
    serial = n.get("sc") in ("y", "yes", "on") and len(parts) > 2
    glue = ", " if how.join == "comma" else ", and " if serial else " and "
    return ", ".join(parts[:-1]) + glue * (len(parts) > 1) + parts[-1]


def _unit(unit: str, value: int, abbreviation: str) -> str:
    return unit if abbreviation in ("on", "abbr") else f" {UNITS[unit]}{'s' * (value != 1)}"


def renders_age(names: str, how: Age) -> None:
    def render(p: list[str], n: dict[str, str], context: Context) -> str:
        first, last = dates_of(p, n, 2, context.day)
        if not first or not last:
            return ""
        if n.get("sep") == "and":
            shown = how._replace(join="and")
        else:
            shown = how._replace(duration=how.duration or n.get("duration") in ("y", "yes", "on"))
        if how.show == "d":
            unit = n.get("show unit") or ("full" if n.get("day") or n.get("format") == "day" else "")
            texts = not any(x.isdecimal() for x in p[1:3]) and not n.get("year") and not n.get("year1")
            shown = shown._replace(bare=not unit, commas=how.commas or texts and not how.duration)
            n = {**n, "abbr": "on" if unit == "abbr" else n.get("abbr", "")}
        prefix = n.get("prefix", "")
        return prefix + " " * (len(prefix) > 1) + age_text(first, last, shown, n)

    renders(names)(render)


renders_age("age; ayr", Age("y", bare=True))
renders_age("age nts", Age("y", bare=True, commas=True))
renders_age("age in years; years since; age in years nts", Age("y", bare=True, range="–"))
renders_age("age in days; days since; days elapsed", Age("d"))
renders_age("age in days nts", Age("d", commas=True))
renders_age("duration in days", Age("d", duration=True))
renders_age("duration in days nts", Age("d", duration=True, commas=True))
renders_age("age in months; months elapsed", Age("m", bare=True))
renders_age("age in weeks", Age("w", bare=True))
renders_age("age in weeks and days", Age("wd"))
renders_age("age in years and months; aym", Age("ym", join="comma"))
renders_age("age in years and days; ayd; age in years and days nts", Age("yd", join="comma", commas=True))
renders_age("age in years, months and days; age in years, months, and days; aymd; ymd", Age("ymd", range=" or "))
renders_age("age in years, months, weeks and days; aymwd", Age("ymwd"))


@renders("time interval")
def time_interval(p, n, context):
    """{{time interval|2 May 1990|4 March 2000|show=ym}}: 9 years and 10 months"""
    first, last = dates_of([at(p, 0), at(p, 1)], {}, 2, context.day)
    show = n.get("show") or {"months": "ym", "weeks": "ymw", "days": "ymd"}.get(n.get("round", ""), "ymd")
    if not first or not last or show not in ("y", "ym", "ymd", "ymw", "ymwd", "yd", "m", "md", "w", "wd", "d"):
        return ""
    join = {"comma": "comma", ",": "comma"}.get(n.get("sep", ""), "and")
    how = Age(show, join=join, duration=n.get("duration") in ("y", "yes", "on"))
    how = how._replace(range=" or " if n.get("range") in ("y", "yes") else "")
    serial = {"sc": "y"} if n.get("sep") == "serialcomma" else {}
    text = age_text(first, last, how, {**n, **serial})
    return text.replace(", ", " ").replace(" and ", " ") if n.get("sep") == "space" or n.get("abbr") == "on" else text


@renders("birth date and age; bda; birthdate and age; birth date and age2; dob and age; birth date & age")
def birth_and_age(p, n, context):
    """{{birth date and age|1990|5|2}}: May 2, 1990 (age 35); months or days for the youngest"""
    (born,) = dates_of(p, n, 1, context.day)
    if not born or not any(p) and not n:
        return at(p, 0)
    shown = day_text(born, day_first=day_first(n))
    start, today = _ends(born)[0], date(*context.day)
    years = (today - start).days // 366
    if start > today or years > 150:
        return shown
    show = "y" if counted(start, today, "y")[0] > 1 else "m" if counted(start, today, "m")[0] else "d"
    return f"{shown} (age {age_text(born, list(context.day), Age(show, bare=show == 'y'), {})})"


@renders("birth based on age as of date; bba")
def birth_by_age(p, n, context):
    """{{birth based on age as of date|41|2010|4|13}}: 1968 or 1969 (age 56–57)"""
    (then,) = dates_of(p[1:4], {}, 1, ())
    if not re.fullmatch(r"\d{1,3}", at(p, 0)) or not then:
        return ""
    age, latest = int(p[0]), then[0] - int(p[0])
    now = age + counted(_ends(then)[0], date(*context.day), "y")[0] if len(then) == 3 else context.day[0] - latest - 1
    return f"{latest - 1} or {latest}" + ("" if n.get("noage") or now < age else f" (age {now}–{now + 1})")


@renders("death date and age; dda; death date and age2; deathdateandage; death date & age")
def death_and_age(p, n, context):
    """{{death date and age|2000|3|4|1950|5|2}}: March 4, 2000 (aged 49); (aged 49–50) where days are not known"""
    died, born = dates_of(p, n, 2, ())
    if not died:
        return at(p, 0)
    shown = day_text(died, day_first=day_first(n))
    years = age_text(born, died, Age("y", bare=True, range="–"), {}) if born else "−"
    return shown if years.startswith("−") else f"{shown} (aged {years})"


@renders("time ago")
def time_ago(p, n, context):
    """{{time ago|2 May 1990}}: 35 years ago; in the largest unit of which there are two"""
    (when,) = dates_of([at(p, 0)], {}, 1, ())
    if len(when) < 3:
        return ""
    then, today = date(*when), date(*context.day)
    earlier, later = min(then, today), max(then, today)
    days = (later - earlier).days
    asked = n.get("magnitude", "")
    unit = asked[:1] or ("y" if days >= 2 * 365.25 else "m" if days >= 2 * 30.4375 else "d")
    least = n.get("min_magnitude", "")[:1]
    unit = max(unit, least or unit, key="dwmy".find)
    if unit not in UNITS:
        return ""
    lengths = {"d": 1, "w": 7, "m": 30.4375, "y": 365.25}
    number = counted(earlier, later, unit)[0] if days >= 10 else int(days / lengths[unit])
    if n.get("numeric"):
        return str(number)
    how = n.get("spellout", "")
    spells = how == "auto" and 1 <= number <= 9 or how in ("y", "yes", "on") and 1 <= number <= 100
    name = f"{spelled(number) if spells else number} {UNITS[unit]}{'s' * (number != 1)}"
    if then > today and n.get("ago") != "":
        return f"{name}{'’' if number != 1 else '’s'} time".replace("’", "'")
    return f"{name} {n.get('ago', 'ago')}".strip()
