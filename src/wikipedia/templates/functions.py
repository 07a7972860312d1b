"""MediaWiki's own functions, {{#if: a | b }}, and variables, {{PAGENAME}}."""

import math
import re
from calendar import day_abbr, day_name, month_abbr, month_name
from collections.abc import Callable, Iterable
from datetime import date

from wikipedia.languages import SAME, language
from wikipedia.templates.base import Context, at, joined, renders
from wikipedia.templates.expressions import evaluate, round_half_up
from wikipedia.templates.numbers import format_number

# Each takes what stands between the bars, as it is written: {{#switch: a | b = c }} keeps its order and its signs.
FUNCTIONS: dict[str, Callable[[list[str], Context], str]] = {}


def function(*names: str) -> Callable:
    def enter(body: Callable[[list[str], Context], str]) -> Callable[[list[str], Context], str]:
        FUNCTIONS.update(dict.fromkeys(names, body))
        return body

    return enter


def _argument(args: list[str], i: int) -> str:
    return args[i].strip() if i < len(args) else ""


@function("#if")
def conditional(args: list[str], context: Context) -> str:
    """{{#if: test | then | else}}"""
    return _argument(args, 1) if _argument(args, 0) else _argument(args, 2)


@function("#ifeq")
def compared(args: list[str], context: Context) -> str:
    """{{#ifeq: a | b | then | else}}: numbers are compared as numbers"""
    a, b = _argument(args, 0), _argument(args, 1)
    try:
        same = a == b or float(a) == float(b)
    except ValueError:
        same = False
    return _argument(args, 2 if same else 3)


@function("#switch")
def switch(args: list[str], context: Context) -> str:
    """{{#switch: x | a | b = for both | #default = else }}"""
    return chosen(_argument(args, 0), args[1:])


def chosen(wanted: str, cases: Iterable[str]) -> str:
    """The value of the first case that fits; no case behind it is looked at."""
    default, falls_through, bare = "", False, ""
    for case in cases:
        key, equals, value = case.partition("=")
        key, value = key.strip(), value.strip()
        bare = "" if equals else key
        if not equals:
            falls_through |= key == wanted
        elif key == wanted or falls_through:
            return value
        elif key == "#default":
            default = value
    return bare if falls_through or not default else default


@function("#ifexpr")
def conditional_expression(args: list[str], context: Context) -> str:
    value = evaluate(_argument(args, 0))
    return "" if value is None else _argument(args, 1 if value else 2)


@function("#iferror")
def on_error(args: list[str], context: Context) -> str:
    wrong = 'class="error"' in _argument(args, 0)
    return _argument(args, 1) if wrong else (_argument(args, 2) if len(args) > 2 else _argument(args, 0))


@function("#ifexist")
def if_a_page_exists(args: list[str], context: Context) -> str:
    """We do not know: as if it did not"""
    return _argument(args, 2)


@function("#expr")
def expression(args: list[str], context: Context) -> str:
    """{{#expr: 10 / 3 round 2 }}: 3.33"""
    value = evaluate(_argument(args, 0))
    return "" if value is None else f"{value:.12g}".replace("-", "−")


@function("plural")
def plural_form(args: list[str], context: Context) -> str:
    """{{plural:2|is|are}}: are"""
    number = _argument(args, 0).replace(",", "")
    one = number in ("1", "-1", "−1", "1.0")
    return _argument(args, 1) if one or len(args) < 3 else _argument(args, 2)


@function("formatnum")
def grouped(args: list[str], context: Context) -> str:
    """{{formatnum:1234567.5}}: 1,234,567.5, in French 1 234 567,5"""
    number = _argument(args, 0)
    if SAME.get(context.language, context.language) != "en" and re.fullmatch(r"[-−]?\d{1,30}(\.\d+)?", number):
        if _argument(args, 1).upper() in ("R", "NOSEP"):
            return number
        return language(context.language).number(number.replace("−", "-")).replace("-", "−")
    return format_number([_argument(args, 0), _argument(args, 1)], {}, context)


@function("uc")
def upper(args: list[str], context: Context) -> str:
    return _argument(args, 0).upper()


@function("lc")
def lower(args: list[str], context: Context) -> str:
    return _argument(args, 0).lower()


@function("ucfirst")
def upper_first(args: list[str], context: Context) -> str:
    return _argument(args, 0)[:1].upper() + _argument(args, 0)[1:]


@function("lcfirst")
def lower_first(args: list[str], context: Context) -> str:
    return _argument(args, 0)[:1].lower() + _argument(args, 0)[1:]


@function("padleft", "padright")
def padded(args: list[str], context: Context) -> str:
    width, fill = _argument(args, 1), _argument(args, 2)[:1] or "0"
    return _argument(args, 0).rjust(min(int(width), 99) if width.isdecimal() else 0, fill)


@function("#titleparts")
def title_parts(args: list[str], context: Context) -> str:
    """{{#titleparts: a/b/c | 1 | 2 }}: b"""
    parts, count, first = _argument(args, 0).split("/"), _argument(args, 1), _argument(args, 2)
    begin = max(int(first) - 1, 0) if first.isdecimal() else 0
    return "/".join(parts[begin : begin + int(count)] if count.isdecimal() and int(count) else parts[begin:])


@function("#dateformat", "#formatdate")
def formatted_date(args: list[str], context: Context) -> str:
    """{{#dateformat: 2009-12-25 | mdy }}: December 25, 2009"""
    found = read_date(_argument(args, 0), context)
    if found is None:
        return _argument(args, 0)
    style = {"dmy": "j F Y", "ymd": "Y F j", "ISO 8601": "Y-m-d"}.get(_argument(args, 1), "F j, Y")
    return date_text(found, style)


@function("#time", "#timel")
def time(args: list[str], context: Context) -> str:
    """{{#time: j F Y | 2009-12-25 }}: 25 December 2009"""
    found = read_date(_argument(args, 1), context)
    return "" if found is None else date_text(found, _argument(args, 0))


def read_date(text: str, context: Context) -> date | None:
    """'2009-12-25', '25 December 2009', 'December 25, 2009', 'Dec 2009', '' or 'now'; the page's day is today"""
    if text.lower() in ("", "now", "today"):
        return date(*context.day)
    words = re.findall(r"\d+|[A-Za-z]+", text[:60])
    try:
        if match := re.match(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?(?!\d)", text):
            return date(int(match[1]), int(match[2]), int(match[3] or 1))
        years = [int(w) for w in words if re.fullmatch(r"\d{4}", w)]
        days = [int(w) for w in words if re.fullmatch(r"\d{1,2}", w)]
        names = [m.lower() for m in month_name]
        months = [i for w in words for i in range(1, 13) if len(w) > 2 and names[i].startswith(w.lower())]
        if not years and not months:
            return None
        return date((years or [context.day[0]])[0], (months or [1])[0], (days or [1])[0])
    except ValueError:
        return None


def date_text(day: date, pattern: str) -> str:
    """PHP's letters: Y year, F month by name, j day ..."""
    number = day.isoweekday()
    letters = {
        "Y": f"{day.year}",
        "y": f"{day.year % 100:02}",
        "n": f"{day.month}",
        "m": f"{day.month:02}",
        "F": month_name[day.month],
        "M": month_abbr[day.month],
        "j": f"{day.day}",
        "d": f"{day.day:02}",
        "l": day_name[number - 1],
        "D": day_abbr[number - 1],
        "N": f"{number}",
        "w": f"{number % 7}",
        "z": f"{day.timetuple().tm_yday - 1}",
        "H": "00",
        "i": "00",
        "s": "00",
    }
    return re.sub(r'"([^"]*)"|\\(.)|([A-Za-z])', lambda m: m[1] or m[2] or letters.get(m[3] or "", m[3] or ""), pattern)


@renders("round; rnd")
def rounded(p, n, context):
    """{{round|2.5}}: 3, {{round|-2.5}}: −2: halves go up"""
    value = evaluate(at(p, 0).replace(",", ""))
    places = int(at(p, 1)) if re.fullmatch(r"-?\d", at(p, 1)) else 0
    if value is None:
        return at(p, 0)
    shown = round_half_up(math.floor(value * 10.0**places + 0.5) / 10.0**places, places)
    return format_number([shown.replace("-", "−") if shown.strip("-0.") else shown.lstrip("-")], {}, context)


@renders("plural", english=True)
def counted(p, n, context):
    """{{plural|2|apple}}: 2 apples"""
    number, one = at(p, 0), at(p, 1)
    if number.replace(",", "") in ("1", "-1", "−1"):
        return f"{number} {one}"
    return f"{number} {at(p, 2) or (one[:-1] + 'ies' if re.search('[^aeiou]y$', one) else one + 's')}"


@renders("decapitalize")
def decapitalized(p, n, context):
    return at(p, 0)[:1].lower() + at(p, 0)[1:]


@renders("pagename; fullpagename; basepagename; subpagename; pagenamebase")
def page_name(p, n, context):
    return context.title


renders("slash")(joined("/"))
