"""Numbers: formatted, raised and lowered, fractions, powers, spelled out, with their error and unit."""

import re

from wikipedia.convert.numbers import fraction, group, read_number, spelled, superscript
from wikipedia.convert.units import find_unit
from wikipedia.templates.base import at, constant, renders
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


@renders("gaps")
def gaps(p, n, context):
    text = " ".join(x for x in p if x)
    if n.get("e"):
        text += "×10" + superscript(n["e"])
    return text + (" " + unit_symbol(n["u"]) if n.get("u") else "")


def unit_symbol(code: str) -> str:
    """kg.m2/s-2 -> kg⋅m2/s⁻²"""
    unit = find_unit(code)
    if unit and "/" not in code:
        return unit.symbol
    code = re.sub(r"(?<=[A-Za-zμΩÅ])[-−]\d+", lambda m: superscript(m[0]), code)
    return re.sub(r"(?<=[\w⁰¹²³⁴⁵⁶⁷⁸⁹])[.*·](?=[A-Za-z])", "⋅", code)


def _spaced(text: str, commas: bool = False) -> str:
    """Digits as {{val}} groups them: 299 792 458 (or with commas); four digits stay together."""
    match = re.match(r"([-−+±]?)(\d[\d,]*)(.*)", text.strip(), re.S)
    if not match:
        return text.strip()
    sign, whole, rest = match.groups()
    whole = whole.replace(",", "")
    if commas or len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", "," if commas else " ")
    return sign.replace("-", "−") + whole + rest


@renders("val; value; valu")
def val(p, n, context):
    """{{val|1.67|0.02|e=-27|u=kg}}: (1.67±0.02)×10⁻²⁷ kg"""
    commas = n.get("fmt") == "commas"
    style = (lambda t: t) if n.get("fmt") == "none" else (lambda t: _spaced(t, commas))
    exponent, numbers = n.get("e", ""), []
    for x in p:
        mantissa, e, power10 = (
            x.lower().partition("e") if re.fullmatch(r"[-+−]?[\d.,]+e[-+−]?\d+", x.lower()) else (x, "", "")
        )
        exponent = exponent or power10
        numbers.append(mantissa)
    text = style(at(numbers, 0))
    error, lower = at(numbers, 1), at(numbers, 2)
    if re.fullmatch(r"[a-z]+|[-–—x×,/]|by", error):  # two values, joined by a word
        glue = "–" if error in "-–—" else error if error in ",/" else f" {error} "
        text += glue.replace(" x ", " × ") + style(lower)
    elif error and lower:
        text += "+" + error.lstrip("+") + "−" + lower.lstrip("-−")
    elif error:
        text += error if error.startswith("(") else "±" + error.lstrip("±")
        if exponent and not error.startswith("("):
            text = f"({text})"
    if exponent:
        text = (text + "×10" if text else "10") + superscript(exponent)
    unit = n.get("u") or n.get("ul") or ""
    per = n.get("up") or n.get("upl") or ""
    symbol = (unit_symbol(unit) if unit else "") + ("/" + unit_symbol(per) if per else "")
    if symbol:
        text += symbol if symbol[0] in "%‰°′″" and symbol not in ("°C", "°F") else " " + symbol
    return n.get("p", "") + text + n.get("end", "") + n.get("s", "")


@renders("ordinal; ord; nth", english=True)
def ordinal(p, n, context):
    match = re.search(r"(\d+)\D*$", at(p, 0))
    if not match:
        return at(p, 0)
    value = int(match[1][-9:])
    return at(p, 0) + ("th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th"))


@renders("number to word; numtext; spellnum; spellnum per mos", english=True)
def number_word(p, n, context):
    return spelled(int(at(p, 0))) if re.fullmatch(r"\d{1,9}", at(p, 0)) else at(p, 0)


@renders("ordinal to word", english=True)
def ordinal_word(p, n, context):
    """{{ordinal to word|21}}: twenty-first"""
    word = number_word(p, n, context)
    last_word = re.split(r"[^a-z]", word)[-1]
    before = word.removesuffix(last_word)
    irregular = {
        "one": "first",
        "two": "second",
        "three": "third",
        "five": "fifth",
        "eight": "eighth",
        "nine": "ninth",
        "twelve": "twelfth",
    }
    return (
        before + (irregular.get(last_word) or (last_word[:-1] + "ie" if last_word.endswith("y") else last_word) + "th")
        if last_word
        else word
    )


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
    """{{roman|1999}}: MCMXCIX"""
    if not re.fullmatch(r"\d{1,4}", at(p, 0)) or not 0 < int(at(p, 0)) < 5000:
        return at(p, 0)
    number, text = int(at(p, 0)), ""
    for size, letters in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), _ROMAN):
        text += letters * (number // size)
        number %= size
    return text


_ROMAN = "M CM D CD C XC L XL X IX V IV I".split()
