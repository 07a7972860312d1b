"""Dates, ages and spans of years."""

import re
from collections.abc import Sequence

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


def day_first(n: dict[str, str]) -> bool:
    return n.get("df", "").lower() in ("y", "yes", "true", "1", "dmy") or n.get(
        "dateformat", n.get("format", "")
    ).lower() in ("dmy", "d")


@renders("""
    start date; end date; birth date; death date; dob; start-date; end-date; birth-date; death-date;
    release date; dtsa; launch date; film start; birthdate; deathdate; isodate; iso date;
    date of birth; format date
    """)
def plain_date(p, n, context):
    """{{start date|1990|1|2}}; whatever is no number, such as "circa", stays as written."""
    numbers = _integers(p, 3)
    return day_text(numbers, day_first=day_first(n)) if numbers else at(p, 0)


@renders("date")
def formatted_date(p, n, context):
    """{{date|2001-02-03|mdy}}: February 3, 2001; 3 February 2001 where no format is named"""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", at(p, 0))
    if not match or at(p, 1).lower() in ("iso", "none"):
        return plain_date(p, n, context)
    return day_text([int(x) for x in match.groups()], day_first=at(p, 1).lower() != "mdy")


@renders("dts; date table sorting")
def sortable_date(p, n, context):
    """{{dts|1990|5|2|format=dmy|abbr=on}}: 2 May 1990, with the parts that the format names"""
    text = at(p, 0)
    numbers = [*_integers(p, 3), 0, 0, 0][:3] if at(p, 1) or at(p, 2) else _sortable(text)
    era = " BC" if at(p, 3).upper() in ("BC", "BCE") or text.startswith(("-", "−")) and text[1:].isdecimal() else ""
    if not any(numbers):
        return "" if n.get("format") == "hide" else text
    style = n.get("format") or ("dmy" if re.match(r"\d{1,2}\W+\w", text) and len(p) < 2 else "mdy")
    year, month, day = (number if part in style else 0 for number, part in zip(numbers, "ymd"))
    month_name = MONTHS[month - 1] if 1 <= month <= 12 else ""
    if n.get("abbr") in ("on", "y", "yes") or _SHORT_MONTH.search(" ".join(p)):
        month_name = month_name[:3]
    parts = [month_name, str(day or "")] if "md" in style else [str(day or ""), month_name]
    comma = "," * bool(year and day and month_name and "md" in style)
    shown_year = f"{year:,}{era}" if year > 9999 else f"{year}{era}" if year else ""
    return f"{' '.join(x for x in parts if x)}{comma} {shown_year}".strip()


_SHORT_MONTH = re.compile(r"\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b")


def _sortable(text: str) -> list[int]:
    """'2 May 1990', '1990-05-02', '2-5-1990', 'May 2', '-44' -> year, month, day; 0 for a part that is not there"""
    if match := re.fullmatch(r"[-−]?(\d{1,12})", text):
        return [int(match[1]), 0, 0]
    words = re.findall(r"\w+", text)
    named = [i for i, word in enumerate(words) if number_of_month(word)]
    numbers = [int(word) for word in words if word.isdecimal() and len(word) < 5]
    if len(numbers) + bool(named) != len(words) or len(words) > 3 or not words:
        return [0, 0, 0]
    years = [i for i, word in enumerate(words) if len(word) > 2 and word.isdecimal()]
    year = int(words[years[0]]) if years else 0
    if named:
        return [year, number_of_month(words[named[0]]), next((x for x in numbers if x != year), 0)]
    rest = [x for i, x in enumerate(numbers) if i not in years]
    return [year, *(rest if years[:1] == [0] else rest[::-1]), 0, 0][:3]


def number_of_month(name: str) -> int:
    """'May', 'sept' -> 5, 9; 0 for another word"""
    name = name.lower().rstrip(".")
    return next((i for i, m in enumerate(MONTHS, 1) if len(name) > 2 and m.lower().startswith(name)), 0)


def date_in(text: str) -> list[int]:
    """'2 May 1990', 'May 2nd, 1990', '1990-05-02', 'May 1990', '1990' -> [1990, 5, 2] or the first of them; else []"""
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", text.strip()):
        return [int(x) for x in match.groups() if x]
    year = month = day = 0
    for word in text.replace(",", " ").replace("\xa0", " ").split():
        if match := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", word):
            day = day or int(match[1])
        elif re.fullmatch(r"\d{3,4}", word):
            year = year or int(word)
        elif not month and number_of_month(word):
            month = number_of_month(word)
        else:
            return []
    return [year, month, day][: 1 + bool(month) + bool(month and day)] if year else []


def years_between(born: list[int], died: list[int]) -> int:
    """Whole years; an unknown month or day counts as the first."""
    a, b = (born + [1, 1])[:3], (died + [1, 1])[:3]
    return b[0] - a[0] - ((b[1], b[2]) < (a[1], a[2]))


@renders("birth year and age; bya")
def birth_year_and_age(p, n, context):
    born = _integers(p, 2)
    if not born:
        return at(p, 0)
    age = context.day[0] - born[0]
    return f"{day_text(born)} (age {age - 1}–{age})"


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
    numbers = date_in(at(p, 0))
    if not match or not numbers:
        return at(p, 0)
    return f"{at(p, 1) or at(p, 0)} (age {years_between(numbers, list(context.day))})"


@renders("death-date and age; d-da")
def dated_texts_and_age(p, n, context):
    """{{death-date and age|2 January 2020|3 March 1950}}"""
    died, born = date_in(at(p, 0)), date_in(at(p, 1))
    return f"{at(p, 0)} (aged {years_between(born, died)})" if died and born else at(p, 0)


@renders("start date and age; start date and years ago; release date and age; start-date and age")
def start_and_age(p, n, context):
    numbers = _integers(p, 3)
    if not numbers:
        return at(p, 0)
    shown, years = day_text(numbers, day_first=day_first(n)), years_between(numbers, list(context.day))
    if years <= 0:
        return shown
    ago = f"{years} year{'s' * (years != 1)} ago"
    return f"{shown} ({ago})" if n.get("paren") else f"{shown}; {ago}"


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
            texts.append(day_text(numbers, day_first=day_first(n)) + (f" ({place})" if place else ""))
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
