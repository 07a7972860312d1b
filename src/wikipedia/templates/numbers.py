"""Numbers: formatted, raised and lowered, fractions, powers, spelled out, with their error and unit."""

import re
from collections.abc import Callable

from wikipedia.convert.numbers import fraction, group, order_of, read_number, superscript
from wikipedia.templates.base import Renderer, at, constant, renders
from wikipedia.templates.expressions import round_half_up

SUPERSCRIPTS = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")


def raised(text: str, base: str = "") -> str:
    """A superscript behind `base`: 10⁶, x², s⁻¹; on the line where plain text has it so: km2, Ca2+, 137Cs, 19th;
    else 2^(k+1)."""
    text = text.strip()
    before = base[-1:]
    if re.fullmatch(r"\d*[+\-−]", text) and before.isalpha():  # a charge
        return text
    if text.isdecimal() and (not before or before.isspace() or (len(text) == 1 and re.search(r"[A-Za-z]{2}$", base))):
        return text  # a mass number, a square unit
    if re.fullmatch(r"[0-9+\-−=()n]+", text):
        return text.translate(SUPERSCRIPTS)
    if re.fullmatch(r"\[.*\]", text):  # a footnote mark
        return ""
    if re.fullmatch(r"[^\W\d_]+\.?|[*†‡°′″'\"♯♭®©™–—, ]*", text):
        return text
    return f"^{text}" if re.fullmatch(r"[\w.,/]+", text) else f"^({text})"


def lowered(text: str) -> str:
    """A subscript stays on the line: H2O."""
    return text.strip()


@renders("su; sup sub; supsub")
def both_scripts(p, n, context):
    """{{su|p=2|b=4}}"""
    return raised(n.get("p", at(p, 0))) + lowered(n.get("b", at(p, 1)))


@renders("radic; sqrt; radical")
def root(p, n, context):
    """{{radic|2|3}}: the third root of 2"""
    return f"{superscript(at(p, 1))}√{at(p, 0)}" if at(p, 0) else ""


@renders("num; number")
def number(p, n, context):
    value = read_number(at(p, 0))
    return value.shown if value else at(p, 0)


@renders("""
    formatnum; format number; commas; delimitnum; format num; nts; number table sorting; number sort; formatprice;
    format price
    """)
def format_number(p, n, context):
    text = at(p, 0)
    if at(p, 1).upper() == "R":
        return text.replace(",", "")
    return re.sub(r"(?<![\d.,])\d{4,}", lambda m: group(m[0]), text)


@renders("e; esp; x10^; e-sp")
def powers_of_ten(p, n, context):
    """5{{e|6}} is 5×10⁶"""
    return "×10" + superscript(at(p, 0)) if at(p, 0) else ""


@renders("pow")
def power(p, n, context):
    return at(p, 0) + raised(at(p, 1)) if len(p) > 1 else ""


@renders("frac; fraction; fract; vulgar fraction")
def fractions(p, n, context):
    if len(p) >= 3:
        return fraction(p[0], p[1], p[2])
    if len(p) == 2:
        return fraction("", p[0], p[1])
    return f"1/{p[0]}" if p and p[0] else "⁄"


@renders("sfrac; sfraction; stacked fraction; tfrac; dfrac; math fraction")
def stacked_fraction(p, n, context):
    if all(re.fullmatch(r"[\d.,\w]*", x) for x in p):
        return fractions(p, n, context)
    return "/".join(f"({x})" if re.search(r"[\s+−-]", x) else x for x in p)


@renders("ordinal; ord; nth", english=True)
def ordinal(p, n, context):
    match = re.search(r"(\d+)\D*$", at(p, 0))
    if not match:
        return at(p, 0)
    value = int(match[1][-9:])
    return at(p, 0) + ("th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th"))


@renders("percentage; percent; pct")
def percentage(p, n, context):
    top, bottom = read_number(at(p, 0)), read_number(at(p, 1))
    if not top or not bottom or not bottom.number:
        return ""
    places = int(at(p, 2)) if at(p, 2).isdecimal() else 0
    return round_half_up(100 * top.number / bottom.number, places) + "%"


renders("sup; superscript; smallsup")(lambda p, n, context: raised(at(p, 0), "x"))
renders("sub; subscript; smallsub")(lambda p, n, context: lowered(at(p, 0)))
renders("subsup")(lambda p, n, context: at(p, 0) + lowered(at(p, 1)) + raised(at(p, 2), "x"))
renders("10^")(lambda p, n, context: "10" + superscript(at(p, 0)))
renders("half; 1/2")(constant("½"))
renders("1/4")(constant("¼"))
renders("3/4")(constant("¾"))


@renders("roman; roman numeral; rn")
def roman(p, n, context):
    """{{roman|1999}}: MCMXCIX; from 4000 on there is a line above the fours, fives and tens of thousands: V̅MI"""
    if not re.fullmatch(r"\d{1,7}", at(p, 0)) or int(at(p, 0)) >= 5_000_000:
        return at(p, 1) or at(p, 0)
    number = int(at(p, 0))
    if not number:
        return "N"
    thousands = number // 1000
    if thousands % 5 < 4:  # M, MM, MMM
        thousands -= thousands % 5
    lined = "".join(letter + "\u0305" for letter in _roman(thousands))
    return lined + _roman(number - 1000 * thousands)


def _roman(number: int) -> str:
    text = ""
    for size, letters in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), _ROMAN):
        text += letters * (number // size)
        number %= size
    return text


_ROMAN = "M CM D CD C XC L XL X IX V IV I".split()


@renders("order of magnitude")
def magnitude(p, n, context):
    """{{order of magnitude|20791}}: 4"""
    value = read_number(at(p, 0))
    return str(order_of(abs(value.number))) if value and value.number else "0" if value else ""


def _extreme(choose: Callable[[list[float]], float]) -> Renderer:
    def render(p, n, context):
        numbers = [value.number for x in p if (value := read_number(x))]
        return f"{choose(numbers):.14g}" if numbers else ""

    return render


renders("max")(_extreme(max))
renders("min")(_extreme(min))


@renders("decimal2base")
def in_base(p, n, context):
    """{{decimal2base|858|36}}: NU; a third argument is the least number of digits"""
    if not re.fullmatch(r"-?\d{1,15}", at(p, 0)) or not re.fullmatch(r"\d{1,2}", at(p, 1)) or not 2 <= int(p[1]) <= 36:
        return at(p, 0)
    number, digits = abs(int(p[0])), ""
    while number or not digits:
        number, digit = divmod(number, int(p[1]))
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return "-" * p[0].startswith("-") + digits.rjust(min(int(at(p, 2)), 99) if at(p, 2).isdecimal() else 0, "0")
