"""The units of Template:Convert by their codes: plain (mi), with a metric prefix (GWh), by the million (e6acre), per
another (kg/m3), several in one (ftin) and several beside one another (mi km)."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from wikipedia.tables import lines, table


@dataclass(frozen=True)
class Unit:
    kind: str  # what it measures; only units of one kind convert into each other
    scale: float  # in the kind's base unit
    symbol: str
    name: str
    plural: str
    default: str  # what it is converted to when the article does not say
    flags: frozenset[str] = frozenset()
    second_kind: str = ""  # Nm is a torque and an energy
    zero: float | None = None  # temperatures: where the scale begins
    millions: int = 0  # e6acre: 6
    currency: str = ""  # $/acre
    parts: tuple[tuple[str, int, str], ...] = ()  # how it may be divided: (smaller unit, how many, default)
    each: tuple["Unit", ...] = ()  # of a compound such as ftin: its units, largest first

    @property
    def default_output(self) -> str:
        """What it is converted to; may depend on the value, see conversion.default_code."""
        return (_DEFAULTS.get(f"e{self.millions}{self.symbol}") if self.millions else None) or _DEFAULTS.get(
            self.symbol, self.default
        )


WORDS = {3: "thousand", 6: "million", 9: "billion", 12: "trillion", 15: "quadrillion"}
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
    "a": ("atto", -18),
    "z": ("zepto", -21),
    "y": ("yocto", -24),
}
_FIXED = {  # newer than the table's rules: people per area
    "PD/sqmi": ("/sq mi", "inhabitant per square mile", "inhabitants per square mile"),
    "PD/km2": ("/km2", "inhabitant per square kilometre", "inhabitants per square kilometre"),
    "PD/sqkm": ("/km2", "inhabitant per square kilometre", "inhabitants per square kilometre"),
    "PD/ha": ("/ha", "inhabitant per hectare", "inhabitants per hectare"),
    "PD/acre": ("/acre", "inhabitant per acre", "inhabitants per acre"),
}
_DEFAULTS = table("unit_defaults")


def american(text: str) -> str:
    return text.replace("metre", "meter").replace("litre", "liter").replace("deca", "deka")


def _read() -> tuple[dict[str, tuple[str, list[str]]], dict[str, list[str]], dict[str, str], dict[str, str]]:
    """data/units.txt -> rows of units with their kind, aliases, compounds, several outputs under one code"""
    units: dict[str, tuple[str, list[str]]] = {}
    aliases: dict[str, list[str]] = {}
    others: dict[str, dict[str, str]] = {"compounds": {}, "several": {}}
    kind = ""
    for line in lines("units"):
        if line.startswith("= "):
            kind = line[2:]
            continue
        codes, *fields = [field.strip() for field in line.split("|")]
        if kind in others:
            others[kind][codes] = fields[0]
            continue
        fields += [""] * (5 - len(fields))
        for code in codes.split("; "):
            if kind == "aliases":
                aliases[code] = fields
            else:
                units[code] = kind, fields
    return units, aliases, others["compounds"], others["several"]


_ROWS, _ALIASES, _COMPOUNDS, _SEVERAL = _read()


@lru_cache(maxsize=8192)
def find_unit(code: str, us: bool = False) -> Unit | None:
    """The unit for a code; us: with American spelling. Compounds such as ftin are one unit with `each`."""
    code = re.sub(r" {2,}", " ", code.replace("_", " ").replace("&nbsp;", " "))
    if code in _ROWS:
        return _from_row(*_ROWS[code], us, code)
    if code in _ALIASES:
        target, symbol, default, spelling, _ = _ALIASES[code]
        unit = find_unit(target, us or spelling == "us")
        return unit and replace(unit, symbol=symbol or unit.symbol, default=default or unit.default)
    if code in _COMPOUNDS:
        return _compound(_COMPOUNDS[code].split(), us)
    return _prefixed(code, us) or _by_the_million(code, us) or _per(code, us)


def find_units(codes: str, us: bool = False) -> list[Unit]:
    """Of an output such as 'mi km', 'L/100 km mpgimp', 'acre+ha'; [] when one of them is unknown"""
    codes = _SEVERAL.get(codes, codes)
    whole = find_unit(codes, us)
    if whole:
        return [whole]
    separator = r"\s*\+\s*" if "+" in codes else r"\s+"
    found = [
        find_unit(code, us) for code in re.split(separator, re.sub(r"([Ll])/100 km\b", r"\1/100km", codes)) if code
    ]
    return [] if None in found else [unit for unit in found if unit]


def _from_row(kind: str, fields: list[str], us: bool, code: str) -> Unit | None:
    scale, symbol, names, default, flags = fields
    marks = flags.split()
    values = dict(mark.split("=", 1) for mark in marks if "=" in mark and not mark.startswith("of="))
    us = us or "us" in marks
    parts = tuple(
        (where[1], int(where[0].removeprefix("of=")), where[2] if len(where) > 2 else "")
        for where in (mark.split(":") for mark in marks if mark.startswith("of="))
    )
    common: dict[str, Any] = {
        "flags": frozenset(mark for mark in marks if "=" not in mark),
        "second_kind": values.get("also", ""),
        "zero": float(values["zero"]) if "zero" in values else None,
        "parts": parts,
    }
    if " per " in f" {scale} ":
        top, _, bottom = f" {scale}".partition(" per ")
        unit = _divided(kind, top.strip(), bottom.strip(), default, us, symbol)
        return unit and replace(unit, scale=unit.scale * float(values.get("times", 1)), flags=common["flags"])
    name, *more = names.split("; ")
    plural = more[0] if more else name + "s"
    if us:
        symbol = values.get("sym", symbol.replace("US ", "U.S. "))
        name, plural = (more[1], more[2]) if len(more) > 2 else (american(name), american(plural))
    return Unit(kind, float(scale), symbol, name, plural, default, **common)


def _prefixed(code: str, us: bool) -> Unit | None:
    for cut in (2, 1):  # da before d
        prefix, row = _PREFIXES.get(code[:cut]), _ROWS.get(code[cut:])
        power = next((int(mark[1]) for mark in row[1][4].split() if re.fullmatch(r"p[123]", mark)), 0) if row else 0
        if not prefix or not row or not power:
            continue
        unit = _from_row(*row, us, code)
        if unit is None:
            return None
        # square metre -> square kilometre, metre per second -> kilometre per second
        words, plurals = unit.name.split(" "), unit.plural.split(" ")
        at = 1 if words[0] in ("square", "cubic") and len(words) > 1 else 0
        words[at], plurals[at] = prefix[0] + words[at], prefix[0] + plurals[at]
        name, plural = " ".join(words), " ".join(plurals)
        return replace(
            unit,
            scale=unit.scale * 10.0 ** (prefix[1] * power),
            symbol=code[:cut].replace("u", "μ").replace("µ", "μ") + unit.symbol,
            name=american(name) if us else name,
            plural=american(plural) if us else plural,
        )
    return None


def _by_the_million(code: str, us: bool) -> Unit | None:
    """e6acre: "2 million acres", but in symbols "2×10⁶ acres"."""
    match = re.fullmatch(r"e(3|6|9|12|15)(.+)", code)
    unit = find_unit(match[2], us) if match else None
    if match is None or unit is None or unit.zero is not None or unit.each or unit.millions:
        return None
    default = _DEFAULTS.get(code, unit.default_output)
    return replace(unit, scale=unit.scale * 10.0 ** int(match[1]), millions=int(match[1]), default=default)


def _per(code: str, us: bool) -> Unit | None:
    top, slash, bottom = code.partition("/")
    if not slash or not bottom:
        return None
    currency = top if top in ("$", "£", "€") else ""
    below, above = find_unit(bottom, us), None if currency or not top else find_unit(top, us)
    if below is None or (top and not currency and above is None):
        return None
    default = _DEFAULTS.get(code) or _each_default(above, currency, below)
    kind = f"{above.kind if above else currency}/{below.kind}"
    unit = _divided(kind, top, bottom, default, us, "")
    if unit and code in _FIXED:
        symbol, name, plural = _FIXED[code]
        return replace(unit, symbol=symbol, name=name, plural=plural)
    return unit


def _each_default(above: Unit | None, currency: str, below: Unit) -> str:
    """kg/acre: what kg is converted to per what acre is converted to"""
    codes = [
        unit.default_output.split(" ")[0] if "!" not in unit.default_output else "" for unit in (above, below) if unit
    ]
    return f"{codes[0] if above else currency}/{codes[-1]}"


def _divided(kind: str, top: str, bottom: str, default: str, us: bool, symbol: str) -> Unit | None:
    currency = top if top in ("$", "£", "€") else ""
    below, above = find_unit(bottom, us), None if currency or not top else find_unit(top, us)
    if below is None or below.zero is not None or (top and not currency and above is None):
        return None
    if above is None:
        each = f"per {below.name}"
        return Unit(kind, 1 / below.scale, symbol or f"/{below.symbol}", each, each, default, currency=currency)
    if above.zero is not None:
        return None
    return Unit(
        kind,
        above.scale / below.scale,
        symbol or f"{above.symbol}/{below.symbol}",
        f"{above.name} per {below.name}",
        f"{above.plural} per {below.name}",
        default,
        millions=above.millions,
    )


def _compound(codes: list[str], us: bool) -> Unit | None:
    """ft in -> one unit that is shown as "5 ft 11 in"."""
    units = [unit for code in codes if (unit := find_unit(code, us))]
    return replace(units[-1], each=tuple(units)) if len(units) == len(codes) else None
