"""Measured values: {{val}} with its error, power of ten and unit, as Module:Val writes them, and digits in groups."""

import re

from wikipedia.convert.numbers import group, superscript
from wikipedia.convert.units import find_unit
from wikipedia.tables import table
from wikipedia.templates.base import at, renders

_RANGES = {",": ", ", "by": " by ", "-": "–", "–": "–", "and": " and ", "or": " or ", "to": " to "}
_RANGES |= {"x": " × ", "×": " × ", "/": "/"}
_UNITS = table("val_units")  # the codes that are no unit of {{convert}}
_ANGLES = ("%", "‰", "°", "′", "″")  # they stand close to each number
_NUMBER = re.compile(r"([-−+±]?)(\d+\.?\d*|\.\d+)")


def grouped(number: str, style: str = "") -> str:
    """'12345.6789' -> '12 345.6789', with commas 12,345.6789. A whole number of four digits stays as it is, and so do
    decimals: the gaps that a reader sees among them are no characters."""
    if style == "none" or not style and re.fullmatch(r"\d{4}", number):
        return number
    return group(number, "," if style == "commas" else " ")


@renders("gaps")
def gaps(p, n, context):
    text = " ".join(x for x in p if x)
    if n.get("e"):
        text += "×10" + superscript(n["e"])
    return text + (" " + unit_symbol(n["u"]) if n.get("u") else "")


@renders("gapnum")
def gapped(p, n, context):
    """{{gapnum|1234.56789}}: 1 234.56789"""
    return grouped(at(p, 0), "gaps") if re.fullmatch(r"[\d.]+", at(p, 0)) else at(p, 0)


def unit_symbol(code: str) -> str:
    """kg.m2/s-2 -> kg⋅m2/s⁻²"""
    if code in _UNITS:
        return _UNITS[code]
    unit = find_unit(code)
    if unit and "/" not in code:
        return unit.symbol
    code = re.sub(r"^[uµ](?=(?:[AbCFGHJKsTVg]|Da|Hz|Gal)$|[smgΩΩ]\b)", "μ", code)
    code = re.sub(r"(?<=[A-Za-zμΩÅ])[-−]\d+", lambda m: superscript(m[0]), code)
    return re.sub(r"(?<=[\w⁰¹²³⁴⁵⁶⁷⁸⁹])[.*·](?=[A-Za-z])", "⋅", code)


def _unit(n: dict[str, str]) -> str:
    """u=J, up=kg.K: J/(kg⋅K)"""

    def part(code: str, alone: bool) -> str:
        return f"({unit_symbol(code)})" if not alone and re.search("[*./]", code) else unit_symbol(code)

    unit, per = n.get("u") or n.get("ul") or "", n.get("up") or n.get("upl") or ""
    return (part(unit, not per) if unit else "") + ("/" + part(per, False) if per else "")


def _figure(text: str, style: str) -> str:
    """'-1234567' -> '−1 234 567'; other text stays"""
    match = _NUMBER.fullmatch(text.replace(",", ""))
    if not match:
        return text
    return match[1].replace("-", "−") + grouped(("0" if match[2][0] == "." else "") + match[2], style)


@renders("val; value; valu")
def val(p, n, context):
    """{{val|1.67|0.02|e=-27|u=kg}}: (1.67±0.02)×10⁻²⁷ kg"""
    style, numbers, exponent = n.get("fmt", "").lower(), [x.strip() for x in p], n.get("e", "")
    if match := re.fullmatch(r"(.+)[eE]([-+−]?\d+)", at(numbers, 0)):  # 1.2e6
        numbers[0], exponent = match.groups()
    unit = _unit(n)
    code = n.get("u") or n.get("ul") or ""
    angle = unit if unit_symbol(code) in _ANGLES and code != "degree" else ""
    joined = not code or code == "degree" or not any(numbers) and not exponent
    end = unit if joined or not unit else f" {unit}"
    if at(numbers, 1) in _RANGES:
        repeated = angle or (end if {"x", "×"} & set(numbers[1::2]) else "")
        text, brackets = _ranged(numbers, n.get("end", "") + repeated, style), True
        end = "" if repeated else end
    else:
        text, brackets = _with_error(numbers, angle, style, n)
        end = "" if angle else end
    if exponent:
        text = f"({text})" if brackets else text
        text += ("×10" if at(numbers, 0) else "10") + superscript(_figure(exponent, style))
    return n.get("p", "") + text + end + n.get("s", "")


def _ranged(numbers: list[str], end: str, style: str) -> str:
    """['2', 'to', '3'], ' m' -> '2 m to 3 m'"""
    return "".join(_RANGES.get(x, x) if i % 2 else _figure(x, style) + end for i, x in enumerate(numbers))


def _with_error(numbers: list[str], angle: str, style: str, n: dict[str, str]) -> tuple[str, bool]:
    """-> the number and its error: 1.5±0.2, 1.5(2), 1.5+0.2−0.1; must it stand in brackets before a power of ten"""
    number, upper, lower = at(numbers, 0), at(numbers, 1).lstrip("±+"), at(numbers, 2).lstrip("-−+±")
    if not number:
        return "", False
    text, after = _figure(number, style) + n.get("end", "") + angle, n.get("errend", "")
    if not upper:
        return text, False
    if lower:
        above, below = n.get("+errend", ""), n.get("-errend", "")
        return f"{text}+{_figure(upper, style)}{above}{angle}−{_figure(lower, style)}{below}{angle}", False
    if upper.startswith("("):
        return text.removesuffix(angle) + upper + after + angle, False
    return f"{text}±{_figure(upper, style)}{after}{angle}", True
