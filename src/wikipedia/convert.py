"""{{convert}}: "26.2 miles (42.2 km)" from `{{convert|26.2|mi|km}}`, rounded as Wikipedia's template rounds.

The rules (documented at Template:Convert): the input keeps its digits and shows the unit's name, the output
its symbol; the output has about the precision of the input, never fewer than two significant digits.
"""

import re
from functools import lru_cache
from math import floor, log10
from typing import NamedTuple

from wikipedia.tables import lines


class Unit(NamedTuple):
    kind: str  # what it measures; only units of one kind convert into each other
    scale: float  # in the kind's base unit
    symbol: str
    name: str  # one of them
    plural: str
    default: str  # what it is converted to when the article does not say
    flags: str = ""  # n: name even where symbols are used, s: symbol even where names are, f and i: see below
    offset: float = 0.0  # temperatures: zero point
    each: tuple = ()  # of a compound such as ftin: (unit, units in the next larger one) from the smallest


# compounds such as "5 ft 6 in": (larger, smaller) -> how many
_PARTS = {
    ("ft", "in"): 12,
    ("yd", "ft"): 3,
    ("yd", "in"): 36,
    ("mi", "yd"): 1760,
    ("mi", "ft"): 5280,
    ("mi", "furlong"): 8,
    ("mi", "chain"): 80,
    ("furlong", "chain"): 10,
    ("chain", "yd"): 22,
    ("chain", "ft"): 66,
    ("chain", "rd"): 4,
    ("furlong", "ft"): 660,
    ("furlong", "yd"): 220,
    ("st", "lb"): 14,
    ("lb", "oz"): 16,
    ("LT", "cwt"): 20,
    ("cwt", "qtr"): 4,
    ("cwt", "lb"): 112,
    ("qtr", "lb"): 28,
    ("LT", "lb"): 2240,
    ("ST", "lb"): 2000,
    ("h", "min"): 60,
    ("min", "s"): 60,
    ("d", "h"): 24,
    ("fathom", "ft"): 6,
    ("acre", "rood"): 4,
    ("rood", "perch"): 40,
    ("hand", "in"): 4,
    ("year", "month"): 12,
    ("deg", "min"): 60,
}
_COMPOUND_OUTPUT = {
    "ftin": "ft in",
    "ft in": "ft in",
    "ydftin": "yd ft in",
    "ydft": "yd ft",
    "stlb": "st lb",
    "lboz": "lb oz",
    "mich": "mi chain",
    "mifur": "mi furlong",
    "miyd": "mi yd",
    "hmin": "h min",
    "furlongft": "furlong ft",
}
_PREFIXES = {
    "Q": ("quetta", 30),
    "R": ("ronna", 27),
    "Y": ("yotta", 24),
    "Z": ("zetta", 21),
    "E": ("exa", 18),
    "P": ("peta", 15),
    "T": ("tera", 12),
    "G": ("giga", 9),
    "M": ("mega", 6),
    "k": ("kilo", 3),
    "h": ("hecto", 2),
    "da": ("deca", 1),
    "d": ("deci", -1),
    "c": ("centi", -2),
    "m": ("milli", -3),
    "µ": ("micro", -6),
    "μ": ("micro", -6),
    "u": ("micro", -6),
    "n": ("nano", -9),
    "p": ("pico", -12),
    "f": ("femto", -15),
}
_WORDS = {3: "thousand", 6: "million", 9: "billion", 12: "trillion", 15: "quadrillion"}
_OIL = {"k": ("thousand ", 3), "M": ("million ", 6), "G": ("billion ", 9), "T": ("trillion ", 12)}  # koilbbl, Tcuft
# default outputs that differ from the table's for units made by a prefix or by "per"
_DEFAULTS = {
    "kbbl": "m3",
    "Mbbl": "e3m3",
    "Gbbl": "e6m3",
    "kcuft": "m3",
    "Mcuft": "m3",
    "Gcuft": "e6m3",
    "Tcuft": "e9m3",
    "koilbbl/d": "m3/d",
    "Moilbbl/d": "e3m3/d",
    "km": "mi",
    "cm": "in",
    "mm": "in",
    "µm": "in",
    "nm": "in",
    "km2": "sqmi",
    "cm2": "sqin",
    "mm2": "sqin",
    "hm2": "acre",
    "km3": "cumi",
    "cm3": "cuin",
    "mm3": "cuin",
    "dm3": "cuin",
    "ml": "impoz USoz",
    "mL": "impoz USoz",
    "mg": "gr",
    "kt": "LT ST",
    "kJ": "cal",
    "MJ": "kWh",
    "kWh": "MJ",
    "kN": "lbf",
    "MN": "LTf STf",
    "kpc": "kly",
    "Mpc": "Mly",
    "Gpc": "Gly",
    "kly": "kpc",
    "Mly": "kpc",
    "Gly": "Mpc",
    "km/s": "mi/s",
    "m3/s": "cuft/s",
    "cuft/s": "m3/s",
    "kg/m3": "lb/cuyd",
    "g/cm3": "lb/cuin",
    "lb/cuft": "g/cm3",
    "oilbbl/d": "m3/d",
    "/sqmi": "/km2",
    "/km2": "/sqmi",
    "PD/sqmi": "PD/km2",
    "PD/km2": "PD/sqmi",
    "mi/s": "km/s",
    "kg/ha": "lb/acre",
    "lb/acre": "kg/ha",
    "MPa": "psi",
    "GPa": "psi",
    "hPa": "inHg",
    "kHz": "Hz",
}
_FIXED = {
    "PD/sqmi": ("/sq mi", "inhabitant per square mile", "inhabitants per square mile"),
    "PD/km2": ("/km2", "inhabitant per square kilometre", "inhabitants per square kilometre"),
    "PD/ha": ("/ha", "inhabitant per hectare", "inhabitants per hectare"),
    "PD/acre": ("/acre", "inhabitant per acre", "inhabitants per acre"),
}


def _read_table() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    kind = ""
    for line in lines("units"):
        if line.startswith("="):
            kind = line[2:]
            continue
        codes, scale, symbol, name, default, *rest = [field.strip() for field in line.split(";")]
        name, _, plural = name.partition("/")
        unit = Unit(
            kind,
            float(scale),
            symbol,
            name,
            plural or name + "s",
            default,
            rest[0] if rest else "",
            float(rest[1]) if len(rest) > 1 else 0.0,
        )
        for code in codes.split(","):
            units[code.strip()] = unit
    return units


_UNITS = _read_table()


@lru_cache(maxsize=4096)
def find_unit(code: str) -> Unit | None:
    """The unit for a code of Template:Convert: plain (mi), metric prefix (GWh), power of ten (e6acre), per (kg/m3)."""
    unit = _UNITS.get(code)
    if unit:
        return unit
    if code in _COMPOUND_OUTPUT:
        return _compound(_COMPOUND_OUTPUT[code].split())
    if match := re.fullmatch(r"e(\d{1,2})_?(.+)", code):
        return _times(int(match[1]), match[2])
    for cut in (2, 1):  # metric prefix: da before d
        prefix, rest = _PREFIXES.get(code[:cut]), _UNITS.get(code[cut:])
        if prefix and rest and (power := re.search(r"p([123])", rest.flags)):
            exponent = prefix[1] * int(power[1])
            if rest.symbol == "bbl" and code[0] in _OIL:
                word, exponent = _OIL[code[0]]
                return rest._replace(
                    scale=rest.scale * 10**exponent,
                    symbol=code[0] + "bbl",
                    name=word + rest.plural,
                    plural=word + rest.plural,
                    default=_DEFAULTS.get(code[0] + "bbl", "m3"),
                    flags="",
                )
            words = rest.name.split()  # square metre -> square kilometre
            return rest._replace(
                scale=rest.scale * 10.0**exponent,
                symbol=code[:cut].replace("u", "μ") + rest.symbol,
                name=" ".join(words[:-1] + [prefix[0] + words[-1]]),
                plural=" ".join(rest.plural.split()[:-1] + [prefix[0] + rest.plural.split()[-1]]),
                default=_DEFAULTS.get(code, rest.default),
                flags="",
            )
    if code[:1] in _OIL and code[1:] in ("cuft", "ft3", "cuyd", "cumi", "scuft"):
        rest, (word, exponent) = _UNITS[code[1:]], _OIL[code[0]]
        return rest._replace(
            scale=rest.scale * 10**exponent,
            symbol=f"{word}{rest.symbol}",
            name=word + rest.plural,
            plural=word + rest.plural,
            default=_DEFAULTS[code[0] + "cuft"],
        )
    top, slash, bottom = code.partition("/")
    if slash and bottom:
        return _per(code, top, bottom)
    return None


def _times(exponent: int, code: str) -> Unit | None:
    """e6acre: "2 million acres", but in symbols "2×10⁶ acres"."""
    rest = find_unit(code)
    if rest is None or exponent not in _WORDS:
        return None
    default = " ".join(f"e{exponent}{part}" for part in rest.default.split()) if rest.default else ""
    return rest._replace(scale=rest.scale * 10.0**exponent, default=default, flags=rest.flags + f" e{exponent}")


def _per(code: str, top: str, bottom: str) -> Unit | None:
    below = find_unit(bottom)
    above = find_unit(top) if top and top not in ("$", "£", "€") else Unit("", 1, top, top, top, "")
    if above is None or below is None or above.offset or below.offset:
        return None
    kind = f"{above.kind}/{below.kind}"
    default = _DEFAULTS.get(code) or f"{(above.default.split() or [''])[0]}/{(below.default.split() or [''])[0]}"
    if code in _FIXED:
        symbol, name, plural = _FIXED[code]
        return Unit(kind, above.scale / below.scale, symbol, name, plural, default)
    if not top or top in "$£€":
        return Unit(
            kind,
            1 / below.scale,
            f"/{below.symbol}",
            f"per {below.name}",
            f"per {below.name}",
            f"{top}{_DEFAULTS.get(code[len(top) :]) or default}",
            f"currency{top}" if top else "",
        )
    return Unit(
        kind,
        above.scale / below.scale,
        f"{above.symbol}/{below.symbol}",
        f"{above.name} per {below.name}",
        f"{above.plural} per {below.name}",
        default,
    )


def _compound(codes: list[str]) -> Unit:
    """ft in -> one unit that is shown as "5 ft 11 in"."""
    parts = [(_UNITS[code], _PARTS[pair]) for pair, code in zip(zip(codes, codes[1:]), codes[1:])][::-1]
    smallest = _UNITS[codes[-1]]
    return smallest._replace(each=tuple(parts) + ((_UNITS[codes[0]], 0),))


class Value(NamedTuple):
    number: float
    digits: str  # as written, without sign and separators: tells the precision
    shown: str
    one: bool  # the unit stays singular
    denominator: int = 0


_NUMBER = re.compile(r"([-+−]?)\s*(\d*\.?\d+|\d+\.)(?:[eE]([+-]?\d{1,3}))?")
_FRACTION = re.compile(r"([-+−]?)\s*(?:(\d+)\s*[+-])?\s*(\d+)\s*(?://?|⁄)\s*(\d+)")
_RANGES = {
    "-": "–",
    "–": "–",
    "&ndash;": "–",
    "to": " to ",
    "and": " and ",
    "or": " or ",
    "by": " by ",
    "x": " by ",
    "×": " by ",
    "xx": " × ",
    "*": "×",
    "+/-": " ± ",
    "±": " ± ",
    "+/−": " ± ",
    "&plusmn;": " ± ",
    "+": " + ",
    ",": ", ",
    ", and": ", and ",
    ", or": ", or ",
    "and(-)": " and ",
    "or(-)": " or ",
    "to(-)": " to ",
    "—": "–",
    "by(x)": " by ",
    "to about": " to about ",
    "till": " till ",
    "until": " until ",
    "−": "–",
    "/": "/",
    "through": " through ",
    "&": " & ",
    "and about": " and about ",
    "x(x)": " by ",
    "plus": " plus ",
    ";": "; ",
}
_SUPERSCRIPT = str.maketrans("0123456789-−+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁺")


def superscript(number: object) -> str:
    return str(number).translate(_SUPERSCRIPT)


def read_number(text: str) -> Value | None:
    """'1,234.5', '-40', '5+1/2', '1.2e6' -> Value; None when it is no number."""
    text = text.strip().replace(",", "").replace("\xa0", "")
    if len(text) > 40:
        return None
    if match := _NUMBER.fullmatch(text):
        sign, digits, exponent = match.groups()
        if abs(int(exponent or 0)) > 99:
            return None
        number = float(digits) * 10.0 ** int(exponent or 0)
        shown = group(digits.rstrip(".") if digits.endswith(".") else digits)
        if exponent:
            shown += f"×10{superscript(int(exponent))}"
        negative = sign in ("-", "−") and sign
        return Value(
            -number if negative else number,
            digits + (f"e{exponent}" if exponent else ""),
            ("−" if negative else sign) + shown,
            number == 1,
        )
    if match := _FRACTION.fullmatch(text):
        sign, whole, above, below = match.groups()
        if int(below) == 0:
            return None
        number = int(whole or 0) + int(above) / int(below)
        negative = sign in ("-", "−") and sign
        return Value(
            -number if negative else number,
            text,
            ("−" if negative else "") + fraction(whole or "", above, below),
            number <= 1,
            int(below),
        )
    return None


_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen""".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelled(number: int) -> str:
    """1234 -> 'one thousand two hundred and thirty-four'"""
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            glue = "" if not rest else " and " if rest < 100 else " "
            return f"{spelled(number // size)} {name}{glue}{spelled(rest) if rest else ''}"
    if number < 20:
        return _ONES[number]
    return _TENS[number // 10 - 2] + (f"-{_ONES[number % 10]}" if number % 10 else "")


def fraction(whole: str, above: object, below: object) -> str:
    """'4', 1, 2 -> '4½'; '8', 5, 8 -> '8 5/8'"""
    vulgar = {"1/2": "½", "1/4": "¼", "3/4": "¾"}.get(f"{above}/{below}")
    if vulgar:
        return f"{group(whole) if whole else ''}{vulgar}"
    return f"{group(whole) + ' ' if whole else ''}{above}/{below}"


def group(digits: str) -> str:
    """'1234567.891' -> '1,234,567.891'"""
    whole, dot, rest = digits.partition(".")
    return (f"{int(whole):,}" if len(whole) > 3 and whole.isdigit() else whole or "0") + dot + rest


def _scientific(digits: str, exponent: int) -> str:
    return f"{digits[0]}{'.' + digits[1:] if len(digits) > 1 else ''}×10{superscript(exponent)}"


def _rounded(value: float, places: int) -> str:
    """The digits of a positive value to `places` decimals, negative places to tens ..., without separators."""
    if places >= 0:
        return f"{value + (2e-14 if places <= 8 else 0):.{min(places, 20)}f}"
    shift = 10.0**-places
    return f"{value / shift:.0f}" + ("0" * -places if round(value / shift) else "")


def _show(value: float, places: int, scientific: bool = False) -> str:
    digits = _rounded(value, places)
    low, high = (0.01, 1e3) if scientific else (1e-4, 1e10)
    if value >= high or 0 < value < low:
        figures = max(1, floor(log10(value)) + places + 1)
        mantissa, exponent = f"{value:.{figures - 1}e}".split("e")
        return _scientific(mantissa.replace(".", ""), int(exponent))
    return group(digits)


def _significant(value: float, figures: int) -> str:
    if value == 0:
        return "0"
    return _show(value, figures - 1 - floor(log10(float(f"{value:.{figures - 1}e}"))))


def _default_places(value: Value, given: float, result: float, source: Unit, target: Unit, compound: bool) -> int:
    """Decimals for the result: those of the input moved by the ratio of the units, at least two significant figures."""
    if value.denominator:
        places = max(log10(value.denominator), 1)
    else:
        digits, _, exponent = value.digits.lower().partition("e")
        whole, dot, decimals = digits.partition(".")
        places = len(decimals) if dot else (0 if compound else len(whole.rstrip("0")) - len(whole))
        places -= int(exponent or 0)
    if source.kind == target.kind == "temperature":
        kelvin = abs((given + source.offset) * source.scale)
        return max(floor(places), 2 - floor(log10(kelvin) + 1e-14) if kelvin > 1e-8 else 2)
    if given == 0 or result <= 0:
        return 0
    if "i" in target.flags and given == floor(given) and not target.each:
        adjust = -log10(source.scale)
    elif compound and "f" in source.flags:
        adjust = log10(target.scale) + 2
    else:
        adjust = log10(abs(given / result))
    return max(floor(places + adjust + log10(2)), 1 - floor(log10(result) + 1e-14))


def _transform(number: float, source: Unit, target: Unit) -> float:
    if source.kind == "temperature":
        return (number + source.offset) * source.scale / target.scale - target.offset
    if source.kind == "fuel economy" and ("v" in source.flags) != ("v" in target.flags):
        return 1 / (number * source.scale * target.scale) if number else 0.0
    return number * (source.scale / target.scale)


class _Style(NamedTuple):
    names: str  # which side shows names: in, out, both or none
    adjective: bool  # a 20-foot pole
    american: bool
    precision: int | None  # decimals of the output
    figures: int | None  # or its significant ones
    step: float | None  # or multiples of 5, 10, 25 ...
    denominator: int | None  # or a fraction
    comma: bool
    chosen: bool  # abbr= was given: it overrides units that prefer their symbol
    scientific: bool  # the input was written 1.2e6: so is the output


_JOINS = {
    "or": (" or ", ""),
    "sqbr": (" [", "]"),
    "comma": (", ", ""),
    "semicolon": ("; ", ""),
    "slash": (" / ", ""),
    "/": ("/", ""),
    "br": ("\n", ""),
    "br()": ("\n(", ")"),
    "b": (" (", ")"),
    "s": (" / ", ""),
}


def convert(positional: list[str], named: dict[str, str], abbreviate: bool = False) -> str:
    """The text that {{convert}} shows; for what it cannot convert the number and unit as they were written."""
    args = [a.strip() for a in positional]
    values, joints, at = _read_values(args)
    if not values:
        return " ".join(a for a in args[:2] if a)
    code = args[at] if at < len(args) else ""
    source = find_unit(code)
    if source is None:
        return f"{_join_range([v.shown for v in values], joints, 'in')} {code}".strip()
    parts, at = _read_parts(values[0], code, args, at + 1) if not joints else ([], at + 1)
    target, precision, middle = _read_rest(args[at:], named)
    style = _read_style(named, abbreviate, precision, "e" in values[0].digits)
    if named.get("spell", "").lower() in ("in", "on"):
        values = [_spelled(v, named["spell"][0] == "I" and i == 0) for i, v in enumerate(values)]
    given = _parts_text(parts, style) if parts else _side(values, joints, source, style, "in")
    if middle:
        given += middle if middle.startswith("-") else f" {middle}"
    if parts:
        source, values = _total(parts)
    if not target:
        target = "ftin" if source.symbol == "m" and 0 < values[0].number < 3 else source.default
    outputs = _outputs(values, joints, source, target, style, bool(parts))
    return _joined(
        given, outputs, named.get("disp", ""), "flip" in (named.get("order"), named.get("disp"), named.get("adj"))
    )


def _read_style(named: dict[str, str], abbreviate: bool, precision: int | None, scientific: bool) -> _Style:
    abbr, disp = named.get("abbr", "on" if abbreviate else ""), named.get("disp", "")
    adjective = {named.get("adj"), named.get("sing")} & {"on", "mid"}
    names = {
        "on": "none",
        "off": "both",
        "in": "out",
        "out": "in",
        "none": "both",
        "mos": "none",
        "unit": "none",
        "values": "none",
        "": "both" if disp in ("or", "slash", "s") else "in",
    }.get(abbr, "in")
    if "flip" in (named.get("order"), disp, named.get("adj")):
        names = {"in": "out", "out": "in"}.get(names, names)
    step = {"5": 5, "10": 10, "25": 25, "50": 50, "0.5": 0.5}.get(named.get("round") or disp)
    return _Style(
        names,
        bool(adjective),
        named.get("sp") == "us",
        precision,
        _integer(named.get("sigfig")),
        step,
        _integer(named.get("frac")),
        named.get("comma") not in ("off", "no"),
        bool(abbr),
        scientific,
    )


def _spelled(value: Value, capital: bool) -> Value:
    if not 0 <= value.number < 10**12 or value.number != int(value.number):
        return value
    text = spelled(int(value.number))
    return value._replace(shown=text[0].upper() + text[1:] if capital else text)


def _joined(given: str, outputs: list[str], disp: str, flip: bool) -> str:
    if not outputs:
        return given
    if disp in ("out", "output only", "number", "output number only"):
        text = "; ".join(outputs)
        return re.sub(r"(?<=\d)[^\d]*$", "", text) if "number" in disp else text
    if disp in ("unit", "unit2"):
        return re.sub(r"^[\d.,−–\s]+", "", given if disp == "unit" else outputs[0])
    before, after = _JOINS.get(disp, _JOINS["b"])
    inner = "; ".join(outputs) if disp not in ("or", "comma") else before.join(outputs)
    return f"{inner}{before}{given}{after}" if flip else f"{given}{before}{inner}{after}"


def _read_values(args: list[str]) -> tuple[list[Value], list[str], int]:
    """Numbers joined by range words: 5|to|10, 5|x|6|x|7, or '5-10' in one argument. -> values, joints, next index"""
    values: list[Value] = []
    joints: list[str] = []
    at = 0
    while at < len(args) and len(values) < 12:
        value = read_number(args[at])
        if value is None:
            split = re.fullmatch(
                r"(.*\d\S*?)\s*(–|—|-| to | and | by | x | or |×|\+/-|±)\s*([-−]?\s*[\d.].*)", args[at]
            )
            if not split or not (value := read_number(split[1])):
                return ([], [], 0) if not values else (values, joints[:-1], at)
            args[at : at + 1] = [split[1], split[2].strip(), split[3]]
        values.append(value)
        at += 1
        if at < len(args) and (args[at] in _RANGES or args[at].lower() in _RANGES):
            joints.append(args[at].lower())
            at += 1
        else:
            break
    return values, joints[: len(values) - 1], at


def _read_parts(first: Value, code: str, args: list[str], at: int) -> tuple[list[tuple[Value, Unit]], int]:
    """The rest of 5|ft|6|in -> both parts and the next index; [] when the input is one plain value."""
    parts, larger = [(first, _UNITS[_main(code)])] if _main(code) in _UNITS else [], code
    while at + 1 < len(args) and (_main(larger), _main(args[at + 1])) in _PARTS and (value := read_number(args[at])):
        parts.append((value, _UNITS[_main(args[at + 1])]))
        larger, at = args[at + 1], at + 2
    return (parts, at) if len(parts) > 1 else ([], at)


def _main(code: str) -> str:
    """'foot' -> 'ft': the first code of a unit"""
    return _MAIN_CODE.get(code, code)


_MAIN_CODE = {
    code.strip(): line.split(";")[0].split(",")[0].strip()
    for line in lines("units")
    if ";" in line
    for code in line.split(";")[0].split(",")
}


def _total(parts: list[tuple[Value, Unit]]) -> tuple[Unit, list[Value]]:
    """'5 ft 6 in' as one value in the smallest unit, with that part's precision."""
    last, smallest = parts[-1]
    total = sum(value.number * unit.scale for value, unit in parts) / smallest.scale
    default = {"in": "m", "lb": "kg", "oz": "kg", "ft": "m"}.get(
        smallest.symbol, "km" if smallest.kind == "length" else smallest.default
    )
    return smallest._replace(default=default), [last._replace(number=round(total, 9))]


def _read_rest(rest: list[str], named: dict[str, str]) -> tuple[str, int | None, str]:
    """What follows the input unit: output unit, precision, text for adj=mid."""
    target, precision, middle = "", None, ""
    if rest and (number := _integer(rest[0])) is not None:
        precision, rest = number, rest[1:]
    elif rest:
        target, rest = rest[0], rest[1:]
        if rest and (number := _integer(rest[0])) is not None:
            precision, rest = number, rest[1:]
    if named.get("adj") == "mid" and target and not rest and not any(map(find_unit, _split_codes(target))):
        target, middle = "", target  # {{convert|6|ft|adj=mid|-tall}}
    if named.get("adj") == "mid" and rest:
        middle, rest = rest[0], rest[1:]
        if rest and precision is None:
            precision = _integer(rest[0])
    return target, precision, middle


def _integer(text: str | None) -> int | None:
    try:
        return max(-15, min(15, int(text.replace("−", "-")))) if text else None
    except ValueError:
        return None


def _outputs(
    values: list[Value], joints: list[str], source: Unit, codes: str, style: _Style, compound: bool
) -> list[str]:
    outputs = []
    for code in _split_codes(codes):
        target = find_unit(code)
        if target is None or target.kind != source.kind:
            continue
        if target.each:
            texts = [_compound_text(value, source, target, style, compound) for value in values]
            outputs.append(_join_range(texts, joints, ""))
            continue
        results = [_transform(value.number, source, target) for value in values]
        places = style.precision
        if places is None:
            places = max(
                _default_places(v, v.number, abs(r), source, target, compound) for v, r in zip(values, results)
            )
        converted = [_result(result, places, style) for result in results]
        outputs.append(_side(converted, joints, target, style, "out"))
    return outputs


def _split_codes(codes: str) -> list[str]:
    """'km mi' or 'km+mi' -> two outputs; names with spaces such as 'L/100 km' stay whole."""
    if find_unit(codes):
        return [codes]
    codes = (
        codes.replace("L/100 km", "L/100km")
        .replace("l/100 km", "L/100km")
        .replace("long ton", "LT")
        .replace("short ton", "ST")
    )
    return [code for code in re.split(r"[\s+]+", codes) if code]


def _result(result: float, places: int, style: _Style) -> Value:
    size, sign = abs(result), "−" if result < 0 else ""
    if style.denominator:
        below = style.denominator
        whole, above = divmod(floor(size * below + 0.5 + 2e-14), below)
        while below > 1 and above and above % 2 == 0 and below % 2 == 0:
            above, below = above // 2, below // 2
        shown = fraction(str(whole) if whole else "", above, below) if above else group(str(whole))
        return Value(result, "", sign + shown, size <= 1)
    if style.step and style.precision is None:
        stepped = floor(size / style.step + 0.5) * style.step
        shown = group(f"{stepped:g}" if stepped < 1e6 else f"{stepped:.0f}")
    elif style.figures and style.precision is None:
        shown = _significant(size, style.figures)
    else:
        shown = _show(size, places, style.scientific)
    if not shown.strip("0.,"):
        sign = ""
    return Value(result, "", sign + shown, bool(re.fullmatch(r"1(\.0*)?", shown)))


def _compound_text(value: Value, source: Unit, target: Unit, style: _Style, compound: bool) -> str:
    """A length in feet and inches, a weight in stone and pounds."""
    size = abs(_transform(value.number, source, target))
    places = style.precision
    if places is None:
        places = _default_places(value, value.number, size, source, target, compound)
    decimals = max(places, 0)
    rest = round(size + 2e-14, decimals) if decimals else floor(size + 0.5)
    above = below = 0
    if style.denominator:
        rest, above = divmod(floor(size * style.denominator + 0.5), style.denominator)
        below = style.denominator
        while above and above % 2 == 0 and below % 2 == 0:
            above, below = above // 2, below // 2
    texts = []
    for number, (unit, count) in enumerate(target.each):
        rest, amount = divmod(rest, count) if count else (0, rest)
        shown = f"{amount:.{decimals}f}" if number == 0 and decimals else f"{int(amount):,}"
        if number == 0 and above:
            shown = fraction(str(int(amount)) if amount else "", above, below)
        texts.append(_with_unit(Value(amount, "", shown, amount == 1), unit, style, "out"))
        if rest == 0:
            break
    glue = "-" if style.adjective and style.names in ("out", "both") else " "
    return ("−" if value.number < 0 else "") + glue.join(reversed(texts))


def _parts_text(parts: list[tuple[Value, Unit]], style: _Style) -> str:
    glue = "-" if style.adjective and style.names in ("in", "both") else " "
    return glue.join(_with_unit(value, unit, style, "in") for value, unit in parts)


def _side(values: list[Value], joints: list[str], unit: Unit, style: _Style, side: str) -> str:
    """One side of a conversion: a value with its unit, or a range with the unit behind the last value."""
    shown = [v.shown if style.comma else v.shown.replace(",", "") for v in values]
    if "currency" in unit.flags:
        shown = [unit.flags[-1] + s for s in shown]
    if len(values) == 1:
        return _with_unit(values[0]._replace(shown=shown[0]), unit, style, side)
    named = _shows_name(unit, style, side)
    texts = [_with_unit(v._replace(shown=s), unit, style, side) for v, s in zip(values, shown)]
    last = texts[-1]
    if any(joint in ("x", "×") for joint in joints) and not named:  # 33 ft × 66 ft
        return " × ".join(texts)
    return _join_range(shown[:-1] + [last], joints, "out" if side == "out" else "", style.adjective and named)


def _join_range(texts: list[str], joints: list[str], side: str, hyphen: bool = False) -> str:
    text = texts[0]
    for joint, following in zip(joints, texts[1:]):
        word = _RANGES[joint]
        if side == "out" and joint.endswith("(-)"):
            word = "–"
        elif joint == "by(x)" and side == "out":
            word = " × "
        if hyphen:
            word = word.replace(" ", "-") if word.strip().isalpha() else word
        if word == "–" and following.startswith("−"):
            word = " – "
        text += word + following
    return text


def _shows_name(unit: Unit, style: _Style, side: str) -> bool:
    if "n" in unit.flags.split():
        return True
    if "s" in unit.flags.split() and not style.chosen:
        return False
    return style.names in (side, "both")


def _with_unit(value: Value, unit: Unit, style: _Style, side: str) -> str:
    named = _shows_name(unit, style, side)
    power = next((int(flag[1:]) for flag in unit.flags.split() if flag[0] == "e"), 0)
    shown = value.shown
    if power:
        shown += f" {_WORDS[power]}" if style.names in (side, "both") else f"×10{superscript(power)}"
    if not named:
        symbol = unit.symbol
        return shown + symbol if symbol[:1] in "/°" and symbol not in ("°C", "°F", "°R") else f"{shown} {symbol}"
    name = unit.name if (value.one and not power) or style.adjective else unit.plural
    if style.american:
        name = (
            name.replace("metre", "meter")
            .replace("litre", "liter")
            .replace("tonne", "metric ton")
            .replace("US gal", "U.S. gal")
        )
    return f"{shown}-{name.replace(' ', '-')}" if style.adjective else f"{shown} {name}"
