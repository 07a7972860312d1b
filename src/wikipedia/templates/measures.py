"""Measures: {{convert}} and the templates that end in it, track gauges."""

import re

from wikipedia.convert.conversion import convert
from wikipedia.convert.numbers import fraction, read_number
from wikipedia.tables import lines, table
from wikipedia.templates.base import Renderer, at
from wikipedia.templates.base import renders_in_english as renders


@renders("convert; conv; convinfobox; unit convert; conversion; cnvt; convert/flip")
def conversion(p, n, context):
    return convert(p, n)


@renders("cvt; convert abbr; cvt/flip")
def short_conversion(p, n, context):
    return convert(p, n, abbreviate=True)


@renders("hands")
def hands(p, n, context):
    """{{hands|14.2}}: 14.2 hands (58 inches, 147 cm)"""
    return convert([at(p, 0), "hand", "in cm"], {}).replace("; ", ", ") if at(p, 0) else ""


def short_units(source: str, target: str) -> Renderer:
    """{{auto in|12|0}}: 12 in (305 mm)"""
    return lambda p, n, context: convert([at(p, 0), source, target, at(p, 1)], {"abbr": "on"}) if at(p, 0) else ""


def long_units(source: str, target: str) -> Renderer:
    """{{km to mi|5}}: 5 kilometres (3.1 mi)"""
    return lambda p, n, context: convert([at(p, 0), source, target, at(p, 1)], n) if at(p, 0) else ""


for _source, _target in (line.split("\t") for line in lines("unit_pairs")):
    renders(f"auto {_source}")(short_units(_source, _target))
    renders(f"{_source} to {_target}")(long_units(_source, _target))
    renders(f"{_target} to {_source}")(long_units(_target, _source))


@renders("pop density; population density")
def population_density(p, n, context):
    people, area = read_number(at(p, 0)), read_number(at(p, 1))
    if not people or not area or not area.number:
        return ""
    unit = at(p, 2) or "km2"
    other = at(p, 3) or ("sqmi" if unit == "km2" else "km2")
    places = n.get("prec", "")
    density = people.number / area.number
    digits = int(places) if places.isdecimal() else (0 if density >= 10 else 1)
    return convert([f"{density:.{min(digits, 6)}f}", "/" + unit, "/" + other] + ([str(digits)] if places else []), n)


@renders("height; infobox height")
def height(p, n, context):
    if n.get("ft") or n.get("in"):
        return convert(
            [n.get("ft") or "0", "ft", n.get("in") or "0", "in", "m" if n.get("m") != "cm" else "cm", "2"],
            {"abbr": "on"},
        )
    if n.get("cm"):
        return convert([n["cm"], "cm", "ftin"], {"abbr": "on"})
    return convert([n["m"], "m", "ftin"], {"abbr": "on"}) if n.get("m") else ""


@renders("weight; infobox weight")
def weight(p, n, context):
    if n.get("kg"):
        return convert([n["kg"], "kg", "lb"], {"abbr": "on"})
    if n.get("st"):
        return convert([n["st"], "st", n.get("lb") or "0", "lb", "kg"], {"abbr": "on"})
    return convert([n["lb"], "lb", "kg"], {"abbr": "on"}) if n.get("lb") else ""


_GAUGE_NAMES = table("gauge_names")
_GAUGES = {
    int(mm): (int(feet), int(inches), *map(int, part.split("/")))
    for mm, feet, inches, part in map(str.split, lines("gauges"))
}


@renders("track gauge; railgauge; rail gauge; gauge; trackgauge")
def track_gauge(p, n, context):
    """{{track gauge|1435mm}}: 1,435 mm (4 ft 8½ in)"""
    text = _GAUGE_NAMES.get(at(p, 0).lower(), at(p, 0)).replace("\xa0", " ")
    if match := re.fullmatch(r"([\d,]+)\s*mm", text):
        mm = int(match[1].replace(",", ""))
        return f"{mm:,} mm ({_feet_and_inches(*(_GAUGES.get(mm) or _nearest_eighth(mm / 25.4)))})"
    match = re.fullmatch(r"(?:(\d+)\s*(?:ft|')\s*)?(?:(\d+)?(?:\.(\d+))?\s*\+?\s*(?:(\d+)/(\d+))?\s*(?:in|\"))?", text)
    if not match or not text:
        return text
    feet, inches, decimals, above, below = match.groups()
    size = int(inches or 0) + float(f"0.{decimals or 0}") + (int(above) / int(below) if below and int(below) else 0)
    whole_feet, whole, *part = _nearest_eighth(size)
    if feet or whole_feet < 4:  # 30 in, but 4 ft 8½ in
        whole_feet, whole = int(feet or 0), whole + 12 * whole_feet
    mm = round((whole_feet * 12 + whole + part[0] / part[1]) * 25.4)
    return f"{_feet_and_inches(whole_feet, whole, *part)} ({mm:,} mm)"


def _nearest_eighth(inches: float) -> tuple[int, int, int, int]:
    """56.5 -> 4 ft, 8 in and 1/2"""
    whole, above = divmod(round(inches * 8), 8)
    below = 8
    while above and above % 2 == 0:
        above, below = above // 2, below // 2
    return whole // 12, whole % 12, above, below


def _feet_and_inches(feet: int, inches: int, above: int, below: int) -> str:
    inch = fraction(str(inches) if inches else "", above, below) if above else str(inches)
    return " ".join(x for x in (f"{feet} ft" if feet else "", f"{inch} in" if inch != "0" or not feet else "") if x)
