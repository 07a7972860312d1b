"""What a {{convert}} asks for: values and ranges, units, rounding, wording; from its arguments as they are written."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from wikipedia.convert.numbers import Value, read_number
from wikipedia.convert.units import Unit, find_unit, find_units


class Range(NamedTuple):
    """What stands between two values."""

    names: str  # where the unit is named: 3 by 4 feet
    symbols: str  # where its symbol is shown: 3 ft × 4 ft
    adjective: str = ""  # in 3-to-4-foot, if it is not the hyphenated one
    by: bool = False  # both values have their unit's symbol
    change: bool = False  # what follows is a difference
    result: str = ""  # between results, named or not
    result_by: bool = False  # there each has its unit


_RANGES = {
    "-": Range("–", "–"),
    "to": Range(" to ", " to "),
    "and": Range(" and ", " and "),
    "or": Range(" or ", " or "),
    "by": Range(" by ", " by "),
    "x": Range(" by ", " × ", by=True),
    "xx": Range(" × ", " × "),
    "*": Range("×", "×"),
    "+/-": Range(" ± ", " ± ", " ± ", change=True),
    "+": Range(" + ", " + "),
    ",": Range(", ", ", "),
    ", and": Range(", and ", ", and "),
    ", or": Range(", or ", ", or "),
    "and(-)": Range(" and ", " and ", result="–"),
    "or(-)": Range(" or ", " or ", result="–"),
    "to(-)": Range(" to ", " to ", result="–"),
    "by(x)": Range(" by ", " by ", result=" × ", result_by=True),
    "to about": Range(" to about ", " to about "),
    "and about": Range(" and about ", " and about "),
    "till": Range(" till ", " till "),
    "until": Range(" until ", " until "),
    "through": Range(" through ", " through "),
    "plus": Range(" plus ", " plus "),
    "/": Range(" / ", " / "),
    ";": Range("; ", "; "),
}
_SAME = {
    "–": "-",
    "—": "-",
    "−": "-",
    "&ndash;": "-",
    "&mdash;": "-",
    "to-": "to(-)",
    "×": "x",
    "&times;": "x",
    "X": "x",
    "±": "+/-",
    "+/−": "+/-",
    "&plusmn;": "+/-",
    "&": "and",
}
_IN_ONE = ["+/-", "±", "to(-)", "–", "—", "-", "xx", "x", "×", "*", "by", "to", "or", "and"]  # 5-10, 5x10, 5 to 10


@dataclass
class Options:
    """The named arguments."""

    abbr: str | None = None  # as asked for: which side shows symbols
    symbols: str = "out"  # in, out, on (both) or off, after a flip
    words: bool = False  # millions are named beside symbols
    flip: bool = False
    adjective: bool = False
    middle: bool = False  # adj=mid: words behind the first unit
    singular: bool = False  # adj=1
    us: bool = False
    currency: str = ""  # instead of the $ of $/acre
    comma: str = ","
    comma_from: int = 4  # digits
    below: int | None = None  # frac
    figures: int | None = None  # sigfig
    step: float | None = None  # round
    each: bool = False  # round=each
    input_places: int | None = None  # adj=ri1
    spell: frozenset[str] = frozenset()  # in, out
    capital: str = ""  # the side whose first word is capitalized
    link: str = ""  # lk: a linked unit keeps its ordinary singular
    values_only: bool = False
    also_symbol: bool = False
    show: str = ""  # unit, unit2, out, number: parts that are shown alone
    join: str = "b"
    names_wanted: bool = False  # by the kind of join
    hh: bool = False
    results_only: bool = False  # order=out: the results in their order, the first one outside the brackets
    words_before: int = 0  # adj=pre: 1, disp=preunit: 2
    in_the_middle: bool = False  # disp=x: words before and behind the result


@dataclass
class Request:
    values: list[Value]
    ranges: list[Range]
    source: Unit
    options: Options
    parts: list[tuple[Value, Unit]] = field(default_factory=list)  # of 5 ft 6 in
    altitude: float = 0.0  # in feet, for Mach
    output: str = ""
    precision: int | None = None
    middle: str = ""
    before: tuple[str | None, str | None] = (None, None)  # words before the units
    around: tuple[str, str] | None = None  # and around the result


_ABBR = {"none": "off", "off": "off", "on": "on", "in": "in", "out": "out", "h": "on", "mos": "on", "unit": "on"}
_JOINS = {"or", "(or)", "sqbr", "comma", "semicolon", "slash", "/", "s", "br", "br()", "b"}
_SHOW = {
    "out": "out",
    "output only": "out",
    "2": "out",
    "number": "number",
    "output number only": "number",
    "unit": "unit",
    "unit or text": "unit",
    "unit2": "unit2",
    "u2": "unit2",
}
_STEPS = {"0.5": 0.5, "5": 5, "10": 10, "25": 25, "50": 50}


def read_options(named: dict[str, str], abbreviate: bool) -> Options:
    o = Options(us="us" in (named.get("sp"), named.get("spell")), link=named.get("lk") or named.get("link", ""))
    o.currency = {"euro": "€"}.get(named.get("$", ""), named.get("$", ""))
    abbr, adj, disp = named.get("abbr", ""), named.get("adj") or named.get("sing", ""), named.get("disp", "")
    o.abbr = _ABBR.get(abbr, "on" if abbreviate or abbr == "hh" else None)
    o.words, o.hh, o.results_only = abbr == "unit", abbr == "hh", named.get("order") == "out"
    o.values_only, o.also_symbol = abbr == "values" or disp in ("table", "tablecen") and not o.abbr, "~" in (abbr, adj)
    o.adjective, o.middle, o.singular = adj in ("on", "mid"), adj == "mid", adj == "1"
    o.words_before = 1 if adj == "pre" else 2 if disp == "preunit" else 0
    o.input_places = int(adj[2]) if re.fullmatch("ri[0-3]", adj) else None
    o.flip = (named.get("order") == "flip" or disp in ("flip", "flip5") or adj == "flip") and not o.results_only
    o.join, o.show, o.in_the_middle = disp if disp in _JOINS else "b", _SHOW.get(disp, ""), disp == "x"
    o.names_wanted = disp in ("or", "slash", "/", "s", "br", "br()") and not o.abbr
    comma = named.get("comma", "")
    if "nocomma" in (adj, disp) or abbr == "comma" or comma in ("off", "no", "none"):
        o.comma = ""
    elif comma.startswith("gaps"):
        o.comma = " "
    o.comma_from = 5 if comma in ("5", "gaps5") else 4
    o.below = _whole(named.get("frac", "").lstrip("-"), least=2)
    o.figures = _whole(named.get("sigfig", ""), least=1)
    rounding = named.get("round") or named.get("near") or disp.removeprefix("flip")
    o.step, o.each = _STEPS.get(rounding), rounding == "each"
    _spelling(o, named.get("spell", ""), bool(o.abbr))
    return o


def _spelling(o: Options, spell: str, chosen: bool) -> None:
    if spell.lower() in ("in", "on"):
        o.spell = frozenset({"in", "out"} if spell.lower() == "on" else {"out"} if o.flip else {"in"})
        o.capital = ("out" if o.flip else "in") if spell[0].isupper() else ""
    o.symbols = o.abbr or ("off" if "out" in o.spell and "in" in o.spell and not chosen else "out")
    if o.flip:
        other = {"in": "out", "out": "in"}
        o.symbols, o.link = other.get(o.symbols, o.symbols), other.get(o.link, o.link)


def _whole(text: str, least: int | None = None) -> int | None:
    """A whole number as {{convert}} takes it; None when it is none"""
    if not re.fullmatch(r"[-−+]?\d{1,3}(\.0*)?", text):
        return None
    number = int(float(text.replace("−", "-")))
    return None if least is not None and number < least else number


def read_request(positional: list[str], named: dict[str, str], abbreviate: bool = False) -> Request | None:
    """None when there is no value, or no unit that we know."""
    args = [argument.strip() for argument in positional]
    o = read_options(named, abbreviate)
    if len(args) > 1 and args[1].endswith("nocomma"):
        args[1], o.comma = args[1].removesuffix("nocomma").strip(), ""
    values, ranges, at = read_values(args)
    o.us |= at < len(args) and args[at] in ("meter", "meters")
    source = find_unit(args[at], o.us) if values and at < len(args) else None
    if source is None:
        return None
    request = Request(values, ranges, source, o)
    at += 1
    if not ranges:
        at = _read_parts(request, args, at)
    if "mach" in source.flags and at < len(args) and (altitude := read_number(args[at])):
        request.altitude, at = altitude.number, at + 1
    if altitude := read_number(named.get("altitude_ft", "")):
        request.altitude = altitude.number
    elif altitude := read_number(named.get("altitude_m", "")):
        request.altitude = altitude.number / 0.3048
    _read_rest(request, args[at:])
    return request


def read_values(args: list[str]) -> tuple[list[Value], list[Range], int]:
    """Numbers joined by range words: 5|to|10, 5|x|6|x|7, or '5-10' in one argument. -> values, ranges, next index"""
    values: list[Value] = []
    ranges: list[Range] = []
    at = 0
    while at < len(args) and len(values) < 12:
        value = read_number(args[at])
        while value is None and (split := _split_range(args[at])):
            args[at : at + 1] = split
            value = read_number(args[at])
        if value is None:
            return ([], [], 0) if not values else (values, ranges[: len(values) - 1], at)
        values.append(value._replace(change=bool(ranges) and ranges[-1].change))
        at += 1
        word = args[at] if at < len(args) else ""
        found = _RANGES.get(_SAME.get(word, word)) or _RANGES.get(_SAME.get(word.lower(), word.lower()))
        if not found or not word:
            break
        ranges.append(found)
        at += 1
    return values, ranges[: len(values) - 1], at


def _split_range(text: str) -> list[str] | None:
    """'5-10' -> ['5', '-', '10']"""
    match = re.fullmatch(r"(\S+)\s+(\S+)\s+(\S.*)", text)
    if match and _SAME.get(match[2], match[2]) in _RANGES and not (match[2] == "-" and "/" in match[3]):
        return [match[1], match[2], match[3]]
    if re.search(r"-.*/", text):
        return None
    for word in _IN_ONE:
        place = text.find(word, 1)
        if place > 0:
            return [text[:place].strip(), word, text[place + len(word) :].strip()]
    return None


def _read_parts(request: Request, args: list[str], at: int) -> int:
    """The rest of 5|ft|6|in: all parts, and the whole in the smallest unit; -> the next index"""
    parts, unit, default = [(request.values[0], request.source)], request.source, ""
    total = request.values[0].number
    while at + 1 < len(args) and len(parts) < 5:
        smaller, value = find_unit(args[at + 1], request.options.us), read_number(args[at])
        if smaller is None or value is None or (fits := _division(unit, smaller)) is None:
            break
        total = total * fits[0] + value.number
        default = default or fits[1]
        parts.append((value, smaller))
        unit, at = smaller, at + 2
    if len(parts) > 1:
        last = parts[-1][0]
        request.parts = parts
        request.values = [last._replace(number=total, in_hands=total)]
        request.output = default or request.source.default
    return at


_MORE_DIVISIONS = {  # beyond those of the table: (symbols) -> how many
    ("furlong", "ch"): 10,
    ("furlong", "chain"): 10,
    ("mi", "furlong"): 8,
    ("ch", "rd"): 4,
    ("furlong", "ft"): 660,
    ("furlong", "yd"): 220,
    ("yd", "in"): 36,
    ("long cwt", "lb"): 112,
    ("qtr", "lb"): 28,
    ("long ton", "lb"): 2240,
    ("short ton", "lb"): 2000,
    ("h", "min"): 60,
    ("min", "s"): 60,
    ("d", "h"): 24,
    ("fathom", "ft"): 6,
    ("acre", "rood"): 4,
    ("rood", "perch"): 40,
    ("h", "in"): 4,
    ("a", "month"): 12,
}
_MORE_DEFAULTS = {"length": "m", "mass": "kg"}


def _division(larger: Unit, smaller: Unit) -> tuple[int, str] | None:
    """How many of the smaller unit are in the larger, and what both are converted to; None when they do not mix"""
    for code, count, default in larger.parts:
        unit = find_unit(code)
        if unit and unit.scale == smaller.scale and unit.kind == smaller.kind:
            return count, default
    count = _MORE_DIVISIONS.get((larger.symbol, smaller.symbol), 0)
    if not count or larger.kind != smaller.kind:
        return None
    return count, _MORE_DEFAULTS.get(larger.kind, smaller.default)


def _read_rest(request: Request, rest: list[str]) -> None:
    """What follows the input unit: output unit, precision, words."""
    o = request.options
    if rest and (precision := _whole(rest[0])) is not None:
        request.precision, rest = precision, rest[1:]
    elif rest:
        if o.middle and not find_units(rest[0], o.us) and len(rest) == 1:  # {{convert|6|ft|adj=mid|-tall}}
            rest = ["", rest[0]]
        request.output, rest = rest[0] or request.output, rest[1:]
        if rest and (precision := _whole(rest[0])) is not None:
            request.precision, rest = precision, rest[1:]
    if o.middle and rest:
        request.middle, rest = rest[0] if rest[0].startswith("-") else f" {rest[0]}" if rest[0] else "", rest[1:]
    first, second = [*rest, "", ""][:2]
    if o.words_before == 1:
        words = _spaced(first)
        request.before, rest = (None, words) if o.flip else (words, None), rest[1:]
    elif o.words_before == 2:
        request.before, rest = _both_spaced(first, second), rest[2:]
    if o.in_the_middle:
        first, second = [*rest, "", ""][:2]
        glue = "" if second[:1] in ",.;:)]" else " "
        request.around, rest = ((f" {first} ", glue + second) if first else (" [ ", " ]" + second)), rest[2:]
    if request.precision is None and rest:
        request.precision = _whole(rest[0])


def _spaced(words: str) -> str | None:
    if not words:
        return None
    return ("" if words.startswith("-") else " ") + words + ("" if words.endswith("-") else " ")


def _both_spaced(first: str, second: str) -> tuple[str | None, str | None]:
    """Of disp=preunit: '+ ' gives 5+ feet, without a space; the second is the first where it is not given."""
    if not first and not second:
        return None, None
    one = first + " " if first == "+" else _spaced(first) or " "
    two = one if not second else second + " " if second == "+" else _spaced(second)
    return one, two
