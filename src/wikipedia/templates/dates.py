"""Dates, ages and spans of years."""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from wikipedia.templates.base import Renderer, at, joined
from wikipedia.templates.base import renders_in_english as renders

MONTHS = """January February March April May June July August September October November December""".split()


def _integers(values: list[str], count: int) -> list[int]:
    numbers = []
    for x in values[:count]:
        x = x.strip().lstrip("0") or "0"
        if x.isdecimal() and len(x) < 6:
            numbers.append(int(x))
        elif x.isalpha() and (short := x[:3].title()) in (names := [m[:3] for m in MONTHS]):
            numbers.append(names.index(short) + 1)
        else:
            break
    return numbers


def day_text(numbers: Sequence[int], day_first: bool = False) -> str:
    """year, month, day or the first of them -> 'March 2, 1990' or '2 March 1990', 'March 1990', '1990'"""
    year, month, day = [*numbers, 0, 0, 0][:3]
    if not 1 <= month <= 12:
        return str(year) if year else ""
    name = MONTHS[month - 1]
    if not 1 <= day <= 31:
        return f"{name} {year}" if year else name
    if day_first:
        return f"{day} {name} {year}" if year else f"{day} {name}"
    return f"{name} {day}, {year}" if year else f"{name} {day}"


def _day_first(n: dict[str, str]) -> bool:
    return n.get("df", "").lower() in ("y", "yes", "true", "1", "dmy") or n.get(
        "dateformat", n.get("format", "")
    ).lower() in ("dmy", "d")


@renders("""
    start date; end date; birth date; death date; dob; date; start-date; end-date; birth-date; death-date;
    release date; dts; date table sorting; dtsa; launch date; film start; birthdate; deathdate; isodate; iso date;
    date of birth; format date
    """)
def plain_date(p, n, context):
    """{{start date|1990|1|2}}; whatever is no number, such as "circa", stays as written."""
    numbers = _integers(p, 3)
    return day_text(numbers, day_first=_day_first(n)) if numbers else at(p, 0)


def years_between(born: list[int], died: list[int]) -> int:
    """Whole years; an unknown month or day counts as the first."""
    a, b = (born + [1, 1])[:3], (died + [1, 1])[:3]
    return b[0] - a[0] - ((b[1], b[2]) < (a[1], a[2]))


@renders("birth date and age; bda; birthdate and age; birth date and age2; dob and age; birth date & age")
def birth_and_age(p, n, context):
    born = _integers(p, 3)
    if not born:
        return at(p, 0)
    return f"{day_text(born, day_first=_day_first(n))} (age {years_between(born, list(context.day))})"


@renders("birth year and age; bya")
def birth_year_and_age(p, n, context):
    born = _integers(p, 2)
    if not born:
        return at(p, 0)
    age = context.day[0] - born[0]
    return f"{day_text(born)} (age {age - 1}–{age})"


@renders("death date and age; dda; death date and age2; deathdateandage; death date & age")
def death_and_age(p, n, context):
    numbers = _integers(p, 6)
    if len(numbers) < 4:
        return plain_date(p, n, context)
    died, born = (numbers[:3], numbers[3:]) if len(numbers) == 6 else (numbers[:1], numbers[-1:])
    return f"{day_text(died, day_first=_day_first(n))} (aged {years_between(born, died)})"


@renders("death year and age; dya")
def death_year_and_age(p, n, context):
    died, born = _integers(p[:1], 1), _integers(p[1:2], 1)
    if not died or not born:
        return at(p, 0)
    return f"{died[0]} (aged {died[0] - born[0] - 1}–{died[0] - born[0]})"


@renders("birth-date and age; b-da")
def dated_text_and_age(p, n, context):
    """{{birth-date and age|2 January 1990}}"""
    match = re.search(r"\b(1\d{3}|20\d{2})\b", at(p, 0))
    numbers = _free_date(at(p, 0))
    if not match or not numbers:
        return at(p, 0)
    return f"{at(p, 1) or at(p, 0)} (age {years_between(numbers, list(context.day))})"


@renders("death-date and age; d-da")
def dated_texts_and_age(p, n, context):
    """{{death-date and age|2 January 2020|3 March 1950}}"""
    died, born = _free_date(at(p, 0)), _free_date(at(p, 1))
    return f"{at(p, 0)} (aged {years_between(born, died)})" if died and born else at(p, 0)


def _free_date(text: str) -> list[int]:
    words = re.findall(r"\d+|[A-Za-z]+", text)
    year = next((int(w) for w in words if re.fullmatch(r"[12]\d{3}", w)), 0)
    month = next(
        (i for w in words for i, m in enumerate(MONTHS, 1) if len(w) > 2 and m.lower().startswith(w.lower())), 0
    )
    day = next((int(w) for w in words if w.isdecimal() and len(w) < 3 and 1 <= int(w) <= 31), 0)
    return [x for x in (year, month, day) if x] if year else []


@renders("start date and age; start date and years ago; release date and age; start-date and age")
def start_and_age(p, n, context):
    numbers = _integers(p, 3)
    if not numbers:
        return at(p, 0)
    shown, years = day_text(numbers, day_first=_day_first(n)), years_between(numbers, list(context.day))
    if years <= 0:
        return shown
    ago = f"{years} year{'s' * (years != 1)} ago"
    return f"{shown} ({ago})" if n.get("paren") else f"{shown}; {ago}"


@renders("age; age in years; years since; age nts; ayr")
def age(p, n, context):
    numbers = _integers(p, 6)
    if not numbers:
        return ""
    until = numbers[3:] if len(numbers) > 3 else list(context.day)
    return str(years_between(numbers[:3], until))


@renders("age in days; days since; days elapsed; age in days nts")
def age_in_days(p, n, context):
    numbers = _integers(p, 6)
    try:
        start = date(*numbers[:3])
        end = date(*numbers[3:6]) if len(numbers) == 6 else date(*context.day)
    except (TypeError, ValueError):
        return ""
    return f"{(end - start).days:,}" + (" days" if n.get("format") or n.get("day") else "")


@renders("""
    age in years, months and days; age in years, months, and days; aymd; ymd; age in years and months;
    age in years and days; ayd; age in years, months, weeks and days
    """)
def age_in_parts(p, n, context):
    """{{age in years, months and days|1990|1|2|2000|3|4}}: 10 years, 2 months and 2 days"""
    numbers = _integers(p, 6)
    if len(numbers) not in (3, 6):
        return ""
    (y1, m1, d1), (y2, m2, d2) = numbers[:3], numbers[3:] or context.day
    if not (1 <= m1 <= 12 and 1 <= m2 <= 12 and 1 <= y2 <= 9999):
        return ""
    months, days = (y2 - y1) * 12 + m2 - m1, d2 - d1
    if days < 0:
        months -= 1
        year, month = (y2, m2 - 1) if m2 > 1 else (max(y2 - 1, 1), 12)
        days += monthrange(year, month)[1]
    parts = [
        f"{v} {name}{'s' * (v != 1)}"
        for v, name in ((months // 12, "year"), (months % 12, "month"), (days, "day"))
        if v
    ]
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else "0 days"


@renders("as of; asof")
def as_of(p, n, context):
    """{{as of|2010|3}}: As of March 2010"""
    if n.get("alt"):
        return n["alt"]
    american = n.get("df", "").lower() in ("us", "mdy", "md", "m")
    when = day_text(_integers(p, 3), day_first=not american) or at(p, 0)
    word = "" if n.get("bare") in ("y", "yes") else "Since " if n.get("since") else "As of "
    if n.get("lc") in ("y", "yes", "on"):
        word = word.lower()
    return word + when + n.get("post", "")


@renders("mya; ma; million years ago")
def years_ago(p, n, context):
    return (
        f"{at(p, 0)}–{at(p, 1)} million years ago"
        if at(p, 1) and at(p, 1)[0].isdigit()
        else f"{at(p, 0)} million years ago"
    )


@renders("oldstyledate; old style date; oldstyledatedy; oldstyledateny")
def old_style(p, n, context):
    """{{OldStyleDate|14 November|1840|2 November}}"""
    new, year, old = at(p, 0), at(p, 1), at(p, 2)
    shown = f"{new}, {year}" if re.match(r"[A-Z]", new) and year else f"{new} {year}".strip()
    return f"{shown} [O.S. {old}]" if old else shown


def spanned(mark: str) -> Renderer:
    """{{circa|1500|1550}}: c. 1500 – c. 1550; {{reign|1500|1520}}: r. 1500–1520"""

    def render(p, n, context):
        start, end = at(p, 0), at(p, 1)
        if not start:
            return mark
        if not end:
            return f"{mark} {start}"
        return f"{mark} {start} – {mark} {end}" if mark == "c." else f"{mark} {start}–{end}"

    return render


@renders("marriage; married")
def marriage(p, n, context):
    name, start, end = at(p, 0), at(p, 1), at(p, 2)
    how = {
        "div": "div.",
        "divorced": "div.",
        "divorce": "div.",
        "died": "d.",
        "d": "d.",
        "death": "d.",
        "widowed": "wid.",
        "wid": "wid.",
        "sep": "sep.",
        "separated": "sep.",
        "annulled": "ann.",
        "ann": "ann.",
    }.get(n.get("end", n.get("reason", "")).lower(), "")
    if end and not how:
        return f"{name} (m. {start}–{end})".strip()
    return f"{name} (m. {start}{f'; {how} {end}' if end else ''})".strip() if start else name


@renders("film date; tv date")
def film_dates(p, n, context):
    """{{film date|1999|3|31|United States}}"""
    texts, i = [], 0
    while i < len(p) and i < 40:
        numbers = _integers(p[i : i + 3], 3)
        if numbers:
            place = at(p, i + 3)
            texts.append(day_text(numbers, day_first=_day_first(n)) + (f" ({place})" if place else ""))
        i += 4
    return ", ".join(texts)


@renders("vgrelease; video game release; vgrelease new; vgr")
def released(p, n, context):
    """{{video game release|NA|May 1, 2000|JP|...}} or {{vgrelease|NA=...}}"""
    pairs = list(zip(p[::2], p[1::2])) + [(k.upper(), v) for k, v in n.items() if len(k) < 5]
    return ", ".join(f"{place}: {when}" for place, when in pairs if when)


def current(kind: str) -> Renderer:
    def render(p, n, context):
        year, month, day = context.day
        return {"year": f"{year}", "month": MONTHS[month - 1], "day": f"{day}", "date": day_text(context.day)}[kind]

    return render


renders("circa; c.; ca; ca.; circ; cx")(spanned("c."))
renders("floruit; fl.; fl")(spanned("fl."))
renders("reign; r.; reigned; ruled")(spanned("r."))
renders("b.; born; b")(spanned("b."))
renders("d.; died; d")(spanned("d."))
renders("married in")(spanned("m."))
renders("née; nee")(spanned("née"))
renders("né")(spanned("né"))
renders("dash year; year range")(joined("–"))
renders("currentyear; localyear")(current("year"))
renders("currentmonthname; localmonthname")(current("month"))
renders("currentday; localday")(current("day"))
renders("currentdate")(current("date"))
