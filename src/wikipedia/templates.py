"""Inline templates as a reader sees them: "5 km (3.1 mi)", "c. 1500", "Japanese: 東京", "⟨a⟩", "6×10²³".

find(name) tells what to do with a template: a function that renders it, None for one that shows no prose
(citations, boxes, hatnotes, notices), UNKNOWN for one never heard of. Renderers take (positional arguments,
named arguments, page); links and inner templates in the arguments are plain text already.
"""

import ast
import operator
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from wikipedia.convert import convert, find_unit, fraction, group, read_number, spelled, superscript
from wikipedia.names import COUNTRIES, ELEMENTS, LANGUAGES, SILENT_TEMPLATES

EQUALS, PIPE, NEWLINE = "\x06", "\x07", "\x04"  # literal = and | made by {{=}} and {{!}}, a forced line break
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


class Page(NamedTuple):
    """What a template may ask about the page it stands on."""

    title: str = ""
    day: tuple[int, int, int] = (2001, 1, 15)  # of the revision: ages are counted up to it


Renderer = Callable[[list[str], dict[str, str], Page], str]


def UNKNOWN(p: list[str], n: dict[str, str], page: Page) -> str:
    return ""


def at(p: list[str], i: int) -> str:
    return p[i] if i < len(p) else ""


def split_arguments(body: str) -> tuple[list[str], dict[str, str]]:
    """'a|b|key=c|2=d' -> (['a', 'd'], {'key': 'c'}), with the names in lower case."""
    positional: list[str] = []
    numbered: dict[int, str] = {}
    named: dict[str, str] = {}
    for piece in body.split("|"):
        key, equals, value = piece.partition("=")
        if not equals:
            positional.append(piece.strip())
            continue
        key = key.strip()
        if key.isdecimal() and len(key) < 3:
            numbered[int(key)] = value.strip()
        else:
            named[key.lower()] = value.strip()
    for index, value in numbered.items():
        if index > 0:
            positional += [""] * (index - len(positional))
            positional[index - 1] = value
    return positional, named


def user_renderer(pattern: str) -> Renderer:
    """The rendering of a config line such as `ship: "{1} ({year})"`; missing arguments are empty."""

    def render(p, n, page):
        def value(match):
            key = match[1]
            return at(p, int(key) - 1) if key.isdecimal() and key != "0" else n.get(key.lower(), "")

        return re.sub(r"\{([^{}]+)\}", value, pattern)

    return render


# ---------------------------------------------------------------------------------------------------------
# text that is only wrapped


def first(p, n, page):
    return at(p, 0) or n.get("text", "") or n.get("content", "")


def second(p, n, page):
    return at(p, 1) or n.get("text", "")


def last(p, n, page):
    return p[-1] if p else n.get("text", "")


def every(p, n, page):
    return "".join(p)


def constant(text: str) -> Renderer:
    return lambda p, n, page: text


def around(before: str, after: str) -> Renderer:
    """The first argument between two strings; nothing when there is none."""
    return lambda p, n, page: f"{before}{at(p, 0)}{after}" if at(p, 0) else ""


def joined(glue: str) -> Renderer:
    return lambda p, n, page: glue.join(x for x in p if x)


def listed(p, n, page):
    """{{hlist|a|b}}: a, b. A list written with bullets stays one."""
    items = [x.strip("* \n") if x.count("\n*") == 0 else x for x in p if x.strip()]
    if len(items) == 1 and "\n" in items[0]:
        return "\n" + items[0] + "\n"
    return ", ".join(x for x in items if x)


def bulleted(p, n, page):
    items = [x for x in p if x] or [v for k, v in n.items() if k.startswith(("item", "content"))]
    if len(items) == 1 and items[0].lstrip().startswith(("*", "#")):
        return "\n" + items[0] + "\n"
    return "\n" + "\n".join("* " + x for x in items) + "\n"


def block(p, n, page):
    """Columns and plain lists: what they hold, on lines of its own."""
    parts = [x for x in p if x and not re.fullmatch(r"[\d.]+(em|px|%)?|\s*", x)]
    parts += [v for k, v in n.items() if re.fullmatch(r"(col|content|list|item)\d*|text", k)]
    return "\n" + "\n".join(parts) + "\n" if parts else ""


def quote(p, n, page):
    text = n.get("text") or n.get("quote") or n.get("content") or at(p, 0)
    by = [n.get("author") or n.get("sign") or n.get("by") or at(p, 1), n.get("source") or n.get("title") or at(p, 2)]
    return _quoted(text, by)


def centred_quote(p, n, page):
    """{{cquote|text|mark width|mark height|author|source}}"""
    text = n.get("text") or n.get("quote") or at(p, 0)
    by = [n.get("author") or n.get("sign") or at(p, 3), n.get("source") or at(p, 4)]
    return _quoted(text, by)


def _quoted(text: str, by: list[str]) -> str:
    by = ", ".join(x.lstrip("—– ") for x in by if x)
    return f"\n\n{text}\n{NEWLINE + '— ' + by if by else ''}\n\n" if text else ""


def poem(p, n, page):
    text = n.get("text") or at(p, 0)
    by = n.get("author") or n.get("sign") or at(p, 1)
    return _quoted(text.strip().replace("\n", NEWLINE), [by])


def verses_and_translation(p, n, page):
    """The original, then its translation; attr1 and attr2 name the authors."""
    return _quoted(at(p, 0).replace("\n", NEWLINE), [n.get("attr1", "")]) + _quoted(
        at(p, 1).replace("\n", NEWLINE), [n.get("attr2", "")]
    )


def visible_anchor(p, n, page):
    return n.get("text") or at(p, 0)


def sic(p, n, page):
    word = "".join(p[:2])
    if n.get("hide") or n.get("nolink") == "hide":
        return word
    return f"{word} [sic]" if word else "[sic]"


def interlanguage(p, n, page):
    """{{ill|Title|fr|Titre|lt=shown}}; in an older form the language came first."""
    if n.get("lt"):
        return n["lt"]
    if re.fullmatch(r"[a-z]{2,3}(-[a-z]+)?", at(p, 0)) and len(p) > 1:
        return p[1]
    return re.sub(r" \([^()]*\)$", "", at(p, 0)) if n.get("q") else at(p, 0)


def section_link(p, n, page):
    name, *sections = p or [""]
    return n.get("display") or (f"{name} " if name else "") + ", ".join("§ " + s for s in sections if s)


def web_address(p, n, page):
    return at(p, 1) or re.sub(r"^https?://|/$", "", at(p, 0) or n.get("url", "") or n.get("1", ""))


def key_presses(p, n, page):
    return "+".join(x for x in p if x)


def code(p, n, page):
    text = n.get("code") or at(p, 0)
    return f"`{text}`" if text else ""


def code_second(p, n, page):
    """{{code|lang|text}} of the highlighting kind has the text first or named; {{codett}} alike."""
    return code(p[-1:], n, page)


def html_tag(p, n, page):
    name, kind = at(p, 0), at(p, 1)
    if not name:
        return ""
    opened = f"<{name}{' ' + n['params'] if n.get('params') else ''}>"
    whole = {
        "open": opened,
        "o": opened,
        "close": f"</{name}>",
        "c": f"</{name}>",
        "single": f"<{name} />",
        "s": f"<{name} />",
        "void": f"<{name}>",
        "v": f"<{name}>",
    }.get(kind, f"{opened}{n.get('content', '...')}</{name}>")
    return f"`{whole.replace('<', '&lt;').replace('>', '&gt;')}`"


# ---------------------------------------------------------------------------------------------------------
# numbers

_SUPER = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")


def raised(text: str, base: str = "") -> str:
    """A superscript behind `base`: 10⁶, x², s⁻¹; on the line where plain text has it so: km2, Ca2+, 137Cs, 19th; else 2^(k+1)."""
    text = text.strip()
    before = base[-1:]
    if re.fullmatch(r"\d*[+\-−]", text) and before.isalpha():  # a charge
        return text
    if text.isdecimal() and (not before or before.isspace() or (len(text) == 1 and re.search(r"[A-Za-z]{2}$", base))):
        return text  # a mass number, a square unit
    if re.fullmatch(r"[0-9+\-−=()n]+", text):
        return text.translate(_SUPER)
    if re.fullmatch(r"\[.*\]", text):  # a footnote mark
        return ""
    if re.fullmatch(r"[^\W\d_]+\.?|[*†‡°′″'\"♯♭®©™–—, ]*", text):
        return text
    return f"^{text}" if re.fullmatch(r"[\w.,/]+", text) else f"^({text})"


def lowered(text: str) -> str:
    """A subscript stays on the line: H2O."""
    return text.strip()


def both_scripts(p, n, page):
    """{{su|p=2|b=4}}"""
    return raised(n.get("p", at(p, 0))) + lowered(n.get("b", at(p, 1)))


def root(p, n, page):
    """{{radic|2|3}}: the third root of 2"""
    return f"{superscript(at(p, 1))}√{at(p, 0)}" if at(p, 0) else ""


def number(p, n, page):
    value = read_number(at(p, 0))
    return value.shown if value else at(p, 0)


def format_number(p, n, page):
    text = at(p, 0)
    if at(p, 1).upper() == "R":
        return text.replace(",", "")
    return re.sub(r"(?<![\d.,])\d{4,}", lambda m: group(m[0]), text)


def powers_of_ten(p, n, page):
    """5{{e|6}} is 5×10⁶"""
    return "×10" + superscript(at(p, 0)) if at(p, 0) else ""


def power(p, n, page):
    return at(p, 0) + raised(at(p, 1)) if len(p) > 1 else ""


def fractions(p, n, page):
    if len(p) >= 3:
        return fraction(p[0], p[1], p[2])
    if len(p) == 2:
        return fraction("", p[0], p[1])
    return f"1/{p[0]}" if p and p[0] else "⁄"


def stacked_fraction(p, n, page):
    if all(re.fullmatch(r"[\d.,\w]*", x) for x in p):
        return fractions(p, n, page)
    return "/".join(f"({x})" if re.search(r"[\s+−-]", x) else x for x in p)


def gaps(p, n, page):
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


def val(p, n, page):
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


def ordinal(p, n, page):
    match = re.search(r"(\d+)\D*$", at(p, 0))
    if not match:
        return at(p, 0)
    value = int(match[1][-9:])
    return at(p, 0) + ("th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th"))


def number_word(p, n, page):
    return spelled(int(at(p, 0))) if re.fullmatch(r"\d{1,9}", at(p, 0)) else at(p, 0)


def ordinal_word(p, n, page):
    """{{ordinal to word|21}}: twenty-first"""
    word = number_word(p, n, page)
    before, last_word = re.fullmatch(r"(.*?)([a-z]*)", word, re.S).groups()
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


def percentage(p, n, page):
    top, bottom = read_number(at(p, 0)), read_number(at(p, 1))
    if not top or not bottom or not bottom.number:
        return ""
    places = int(at(p, 2)) if at(p, 2).isdecimal() else 0
    return f"{100 * top.number / bottom.number:.{min(places, 9)}f}%"


def rounded(p, n, page):
    value = read_number(at(p, 0))
    if not value:
        return at(p, 0)
    digits = int(at(p, 1)) if re.fullmatch(r"-?\d", at(p, 1)) else 0
    return group(f"{round(value.number, digits):.{max(digits, 0)}f}") if value.number >= 0 else at(p, 0)


def conversion(p, n, page):
    return convert(p, n)


def short_conversion(p, n, page):
    return convert(p, n, abbreviate=True)


def population_density(p, n, page):
    people, area = read_number(at(p, 0)), read_number(at(p, 1))
    if not people or not area or not area.number:
        return ""
    unit = at(p, 2) or "km2"
    other = at(p, 3) or ("sqmi" if unit == "km2" else "km2")
    places = n.get("prec", "")
    density = people.number / area.number
    digits = int(places) if places.isdecimal() else (0 if density >= 10 else 1)
    return convert([f"{density:.{min(digits, 6)}f}", "/" + unit, "/" + other] + ([str(digits)] if places else []), n)


def height(p, n, page):
    if n.get("ft") or n.get("in"):
        return convert(
            [n.get("ft") or "0", "ft", n.get("in") or "0", "in", "m" if n.get("m") != "cm" else "cm", "2"],
            {"abbr": "on"},
        )
    if n.get("cm"):
        return convert([n["cm"], "cm", "ftin"], {"abbr": "on"})
    return convert([n["m"], "m", "ftin"], {"abbr": "on"}) if n.get("m") else ""


def weight(p, n, page):
    if n.get("kg"):
        return convert([n["kg"], "kg", "lb"], {"abbr": "on"})
    if n.get("st"):
        return convert([n["st"], "st", n.get("lb") or "0", "lb", "kg"], {"abbr": "on"})
    return convert([n["lb"], "lb", "kg"], {"abbr": "on"}) if n.get("lb") else ""


_GAUGE_NAMES = {
    "standard": "1435mm",
    "standard gauge": "1435mm",
    "sg": "1435mm",
    "metre": "1000mm",
    "metre gauge": "1000mm",
    "meter gauge": "1000mm",
    "1m": "1000mm",
    "cape": "1067mm",
    "cape gauge": "1067mm",
    "russian": "1520mm",
    "russian gauge": "1520mm",
    "irish": "1600mm",
    "irish gauge": "1600mm",
    "indian": "1676mm",
    "indian gauge": "1676mm",
    "iberian": "1668mm",
    "iberian gauge": "1668mm",
    "broad": "1676mm",
}
_GAUGE_EIGHTHS = {
    1435: (4, 8, 1, 2),
    1000: (3, 3, 3, 8),
    1520: (4, 11, 27, 32),
    1668: (5, 5, 21, 32),
    760: (2, 5, 15, 16),
    750: (2, 5, 1, 2),
    600: (1, 11, 5, 8),
    1524: (5, 0, 0, 1),
    1445: (4, 8, 7, 8),
    950: (3, 1, 3, 8),
    1495: (4, 10, 7, 8),
    1458: (4, 9, 3, 8),
    900: (2, 11, 7, 16),
    1458: (4, 9, 13, 32),
    785: (2, 6, 7, 8),
    800: (2, 7, 1, 2),
    1050: (3, 5, 11, 32),
    1100: (3, 7, 5, 16),
}


def track_gauge(p, n, page):
    """{{track gauge|1435mm}}: 1,435 mm (4 ft 8½ in)"""
    text = _GAUGE_NAMES.get(at(p, 0).lower(), at(p, 0)).replace("\xa0", " ")
    if match := re.fullmatch(r"([\d,]+)\s*mm", text):
        mm = int(match[1].replace(",", ""))
        if mm in _GAUGE_EIGHTHS:
            feet, inches, above, below = _GAUGE_EIGHTHS[mm]
        else:
            feet, rest = divmod(mm / 25.4, 12)
            eighths = round(rest * 8)
            inches, above = divmod(eighths, 8)
            feet, below = int(feet) + inches // 12, 8
            inches %= 12
            while above and above % 2 == 0:
                above, below = above // 2, below // 2
        inch = fraction(str(inches) if inches else "", above, below) if above else str(inches)
        imperial = " ".join(
            x for x in (f"{feet} ft" if feet else "", f"{inch} in" if inch != "0" or not feet else "") if x
        )
        return f"{mm:,} mm ({imperial})"
    match = re.fullmatch(r"(?:(\d+)\s*(?:ft|')\s*)?(?:(\d+)?(?:\.(\d+))?\s*\+?\s*(?:(\d+)/(\d+))?\s*(?:in|\"))?", text)
    if not match or not text:
        return text
    feet, inches, decimal, above, below = match.groups()
    size = int(inches or 0) + float("0." + (decimal or "0")) + (int(above) / int(below) if below and int(below) else 0)
    eighths = round(size * 8)
    whole, part = divmod(eighths, 8)
    below8 = 8
    while part and part % 2 == 0:
        part, below8 = part // 2, below8 // 2
    if not feet and whole >= 48:
        feet, whole = str(whole // 12), whole % 12
    inch = fraction(str(whole) if whole else "", part, below8) if part else str(whole)
    imperial = " ".join(x for x in (f"{feet} ft" if feet else "", f"{inch} in" if inch != "0" else "") if x)
    mm = round((int(feet or 0) * 12 + whole + (part / below8 if part else 0)) * 25.4)
    return f"{imperial} ({mm:,} mm)"


_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Mod: operator.mod,
}


def expression(p, n, page):
    """{{#expr: 2024 - 1990 }}: the four operations and round"""
    text, _, places = at(p, 0).replace("−", "-").replace("×", "*").partition(" round ")
    if not re.fullmatch(r"[\d\s.+\-*/()]{1,80}", text):
        return ""
    try:
        value = _evaluate(ast.parse(text.strip(), mode="eval").body)
        if places.strip().lstrip("-").isdecimal():
            value = round(value, int(places))
    except (ArithmeticError, ValueError, SyntaxError, KeyError, RecursionError, MemoryError):
        return ""
    return f"{value:.12g}".replace("-", "−")


def _evaluate(node) -> float:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp):
        return _OPERATORS[type(node.op)](_evaluate(node.operand))
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
    raise ValueError(node)


# ---------------------------------------------------------------------------------------------------------
# money

_CURRENCY = {
    "usd": "$",
    "us$": "US$",
    "gbp": "£",
    "£": "£",
    "eur": "€",
    "€": "€",
    "euro": "€",
    "inr": "₹",
    "rupee": "₹",
    "indian rupee": "₹",
    "indian rupees": "₹",
    "₹": "₹",
    "jpy": "¥",
    "¥": "¥",
    "yen": "¥",
    "japanese yen": "¥",
    "cny": "CN¥",
    "rmb": "CN¥",
    "cn¥": "CN¥",
    "aud": "A$",
    "a$": "A$",
    "au$": "A$",
    "cad": "CA$",
    "c$": "C$",
    "ca$": "C$",
    "can$": "C$",
    "nzd": "NZ$",
    "nz$": "NZ$",
    "hkd": "HK$",
    "hk$": "HK$",
    "sgd": "S$",
    "brl": "R$",
    "r$": "R$",
    "rub": "₽",
    "russian ruble": "₽",
    "₽": "₽",
    "krw": "₩",
    "₩": "₩",
    "won": "₩",
    "south korean won": "₩",
    "php": "₱",
    "₱": "₱",
    "philippine peso": "₱",
    "peso": "₱",
    "ngn": "₦",
    "₦": "₦",
    "naira": "₦",
    "ils": "₪",
    "₪": "₪",
    "try": "₺",
    "₺": "₺",
    "turkish lira": "₺",
    "uah": "₴",
    "₴": "₴",
    "vnd": "₫",
    "thb": "฿",
    "฿": "฿",
    "bdt": "৳",
    "৳": "৳",
    "pkr": "Rs ",
    "zar": "R",
    "mxn": "MX$",
    "mxn$": "MX$",
    "twd": "NT$",
    "nt$": "NT$",
    "chf": "CHF ",
    "sek": "SEK ",
    "nok": "NOK ",
    "dkk": "DKK ",
    "pln": "PLN ",
    "myr": "RM",
    "idr": "Rp",
    "dollar": "$",
    "$": "$",
    "lkr": "Rs ",
    "irr": "IRR ",
    "czk": "CZK ",
    "huf": "HUF ",
    "aed": "AED ",
}


def money(symbol: str) -> Renderer:
    def render(p, n, page):
        amount = n.get("amount") or at(p, 0)
        return symbol + format_number([amount], {}, page) if amount else symbol.strip()

    return render


def currency(p, n, page):
    code = (at(p, 1) or n.get("type") or "USD").lower()
    symbol = _CURRENCY.get(code, code.upper() + " ")
    return (
        symbol + format_number([n.get("amount") or at(p, 0)], {}, page)
        if at(p, 0) or n.get("amount")
        else symbol.strip()
    )


def old_pounds(p, n, page):
    """{{£sd|l=5|s=3|d=2}}"""
    parts = [
        ("£" + n["l"] if n.get("l") else ""),
        (n["s"] + "s" if n.get("s") else ""),
        (n["d"] + "d" if n.get("d") else ""),
    ]
    return " ".join(x for x in parts if x) or "£sd"


def rupees(p, n, page):
    amount, scale = (
        at(p, 0),
        {
            "c": " crore",
            "l": " lakh",
            "b": " billion",
            "m": " million",
            "k": " thousand",
            "lc": " lakh crore",
            "t": " trillion",
        }.get(at(p, 1).lower(), ""),
    )
    return "₹" + format_number([amount], {}, page) + scale if amount else "₹"


# ---------------------------------------------------------------------------------------------------------
# dates


def _integers(values: list[str], count: int) -> list[int]:
    numbers = []
    for x in values[:count]:
        x = x.strip().lstrip("0") or "0"
        if x.isdecimal() and len(x) < 6:
            numbers.append(int(x))
        elif (short := x[:3].title()) in (names := [m[:3] for m in MONTHS]):
            numbers.append(names.index(short) + 1)
        else:
            break
    return numbers


def day_text(year: int = 0, month: int = 0, day: int = 0, day_first: bool = False) -> str:
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


def plain_date(p, n, page):
    """{{start date|1990|1|2}}; whatever is no number, such as "circa", stays as written."""
    numbers = _integers(p, 3)
    return day_text(*numbers, day_first=_day_first(n)) if numbers else at(p, 0)


def years_between(born: list[int], died: list[int]) -> int:
    """Whole years; an unknown month or day counts as the first."""
    a, b = (born + [1, 1])[:3], (died + [1, 1])[:3]
    return b[0] - a[0] - ((b[1], b[2]) < (a[1], a[2]))


def birth_and_age(p, n, page):
    born = _integers(p, 3)
    if not born:
        return at(p, 0)
    return f"{day_text(*born, day_first=_day_first(n))} (age {years_between(born, list(page.day))})"


def birth_year_and_age(p, n, page):
    born = _integers(p, 2)
    if not born:
        return at(p, 0)
    age = page.day[0] - born[0]
    return f"{day_text(*born)} (age {age - 1}–{age})"


def death_and_age(p, n, page):
    numbers = _integers(p, 6)
    if len(numbers) < 4:
        return plain_date(p, n, page)
    died, born = (numbers[:3], numbers[3:]) if len(numbers) == 6 else (numbers[:1], numbers[-1:])
    return f"{day_text(*died, day_first=_day_first(n))} (aged {years_between(born, died)})"


def death_year_and_age(p, n, page):
    died, born = _integers(p[:1], 1), _integers(p[1:2], 1)
    if not died or not born:
        return at(p, 0)
    return f"{died[0]} (aged {died[0] - born[0] - 1}–{died[0] - born[0]})"


def dated_text_and_age(p, n, page):
    """{{birth-date and age|2 January 1990}}"""
    match = re.search(r"\b(1\d{3}|20\d{2})\b", at(p, 0))
    numbers = _free_date(at(p, 0))
    return f"{at(p, 1) or at(p, 0)} (age {years_between(numbers, list(page.day))})" if match and numbers else at(p, 0)


def dated_texts_and_age(p, n, page):
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


def start_and_age(p, n, page):
    numbers = _integers(p, 3)
    if not numbers:
        return at(p, 0)
    years = years_between(numbers, list(page.day))
    ago = (
        f" ({years} year{'s' * (years != 1)} ago)"
        if years > 0 and n.get("paren")
        else f"; {years} year{'s' * (years != 1)} ago"
        if years > 0
        else ""
    )
    return day_text(*numbers, day_first=_day_first(n)) + ago


def age(p, n, page):
    numbers = _integers(p, 6)
    if not numbers:
        return ""
    until = numbers[3:] if len(numbers) > 3 else list(page.day)
    return str(years_between(numbers[:3], until))


def age_in_days(p, n, page):
    numbers = _integers(p, 6)
    try:
        start = date(*numbers[:3])
        end = date(*numbers[3:6]) if len(numbers) == 6 else date(*page.day)
    except (TypeError, ValueError):
        return ""
    return f"{(end - start).days:,}" + (" days" if n.get("format") or n.get("day") else "")


def age_in_parts(p, n, page):
    """{{age in years, months and days|1990|1|2|2000|3|4}}: 10 years, 2 months and 2 days"""
    numbers = _integers(p, 6)
    if len(numbers) not in (3, 6):
        return ""
    (y1, m1, d1), (y2, m2, d2) = numbers[:3], numbers[3:] or page.day
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


def as_of(p, n, page):
    """{{as of|2010|3}}: As of March 2010"""
    if n.get("alt"):
        return n["alt"]
    american = n.get("df", "").lower() in ("us", "mdy", "md", "m")
    when = day_text(*_integers(p, 3), day_first=not american) or at(p, 0)
    word = "" if n.get("bare") in ("y", "yes") else "Since " if n.get("since") else "As of "
    if n.get("lc") in ("y", "yes", "on"):
        word = word.lower()
    return word + when + n.get("post", "")


def years_ago(p, n, page):
    return (
        f"{at(p, 0)}–{at(p, 1)} million years ago"
        if at(p, 1) and at(p, 1)[0].isdigit()
        else f"{at(p, 0)} million years ago"
    )


def old_style(p, n, page):
    """{{OldStyleDate|14 November|1840|2 November}}"""
    new, year, old = at(p, 0), at(p, 1), at(p, 2)
    shown = f"{new}, {year}" if re.match(r"[A-Z]", new) and year else f"{new} {year}".strip()
    return f"{shown} [O.S. {old}]" if old else shown


def spanned(mark: str) -> Renderer:
    """{{circa|1500|1550}}: c. 1500 – c. 1550; {{reign|1500|1520}}: r. 1500–1520"""

    def render(p, n, page):
        start, end = at(p, 0), at(p, 1)
        if not start:
            return mark
        if not end:
            return f"{mark} {start}"
        return f"{mark} {start} – {mark} {end}" if mark == "c." else f"{mark} {start}–{end}"

    return render


def marriage(p, n, page):
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


def film_dates(p, n, page):
    """{{film date|1999|3|31|United States}}"""
    texts, i = [], 0
    while i < len(p) and i < 40:
        numbers = _integers(p[i : i + 3], 3)
        if numbers:
            place = at(p, i + 3)
            texts.append(day_text(*numbers, day_first=_day_first(n)) + (f" ({place})" if place else ""))
        i += 4
    return ", ".join(texts)


def released(p, n, page):
    """{{video game release|NA|May 1, 2000|JP|...}} or {{vgrelease|NA=...}}"""
    pairs = list(zip(p[::2], p[1::2])) + [(k.upper(), v) for k, v in n.items() if len(k) < 5]
    return ", ".join(f"{place}: {when}" for place, when in pairs if when)


def current(kind: str) -> Renderer:
    def render(p, n, page):
        year, month, day = page.day
        return {"year": str(year), "month": MONTHS[month - 1], "day": str(day), "date": day_text(year, month, day)}[
            kind
        ]

    return render


# ---------------------------------------------------------------------------------------------------------
# languages and sounds


def _latin(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return sum(c < "ʰ" or "Ḁ" <= c <= "ỿ" for c in letters) * 2 >= len(letters)


def language(code: str) -> str:
    code = code.lower().replace("_", "-")
    while code:
        if code in LANGUAGES:
            return LANGUAGES[code]
        code = code.rpartition("-")[0]
    return ""


def in_language(code: str, p: list[str], n: dict[str, str]) -> str:
    """{{langx|ru|Москва|Moskva|...}}: Russian: Москва, romanized: Moskva"""
    text = at(p, 0) or n.get("text", "")
    roman = n.get("translit") or n.get("tr") or n.get("r") or ""
    literal = n.get("lit") or n.get("translation") or n.get("literal") or ""
    if at(p, 1):
        if _latin(text):
            literal = literal or p[1]
        else:
            roman, literal = roman or p[1], literal or at(p, 2)
    label = n.get("label", n.get("link_label"))
    if label is None:
        label = language(code)
    shown = f"{label}: {text}" if label and label not in ("none", "no", "-") and text else text
    if roman:
        shown += f"{', ' if shown else ''}{'romanized: ' if label not in ('none', 'no') else ''}{roman}"
    if literal:
        shown += f"{', ' if shown else ''}lit. '{literal}'"
    return shown


def language_named(p, n, page):
    return in_language(at(p, 0), p[1:], n)


def russian(p, n, page):
    shown = in_language("ru", p[:1], {k: v for k, v in n.items() if k == "label"})
    roman, sound, literal = n.get("r") or at(p, 1), n.get("p") or at(p, 2), n.get("t")
    shown += f", romanized: {roman}" if roman else ""
    shown += f", IPA: [{sound.strip('[]/')}]" if sound else ""
    return shown + (f", lit. '{literal}'" if literal else "")


_SOUND_LABELS = {
    "lang": "{}: ",
    "pron": "pronounced ",
    "local": "locally ",
    "ipa": "IPA: ",
    "-": "",
    "none": "",
    "no": "",
    "label": "",
    "langpron": "{} pronunciation: ",
}


def _bracketed(text: str, mark: str = "[]") -> str:
    text = text.strip()
    return text if text[:1] in "[/⟨" and text[-1:] in "]/⟩" else mark[0] + text + mark[1] if text else ""


def foreign_sound(code: str, p: list[str], n: dict[str, str]) -> str:
    """{{IPA-de|bɛʁˈliːn|lang}}: German: [bɛʁˈliːn]"""
    text, kind = _bracketed(at(p, 0)), at(p, 1).lower()
    name = language(code)
    if n.get("label") is not None:
        label = n["label"] + " " if n["label"] not in ("", "none", "no") else ""
    elif kind in _SOUND_LABELS:
        label = _SOUND_LABELS[kind].format(name) if name or "{}" not in _SOUND_LABELS[kind] else ""
    elif kind and not kind.endswith((".ogg", ".wav", ".oga", ".mp3", ".flac", ".opus")):
        label = at(p, 1) + " "
    else:
        label = f"{name} pronunciation: " if name else "pronounced " if code == "all" else ""
    return label + text if text else ""


def sound(p, n, page):
    """{{IPA|/ˈæp.əl/}} or {{IPA|fr|paʁi|lang}}"""
    if len(p) > 1 and re.fullmatch(r"[a-z]{2,3}(-[\w-]+)?", p[0]):
        return foreign_sound(p[0], p[1:], n)
    return at(p, 0)


_ENGLISH_SOUNDS = {
    "lang": "English: ",
    "pron": "pronounced ",
    "local": "locally ",
    "ipa": "IPA: ",
    "also": "also ",
    "uk": "UK: ",
    "us": "US: ",
    "uklang": "British English: ",
    "uslang": "American English: ",
    "ukalso": "UK also ",
    "usalso": "US also ",
    "alsouk": "also UK: ",
    "alsous": "also US: ",
    "au": "AU: ",
    "aus": "AU: ",
    "ca": "CA: ",
    "nz": "NZ: ",
    "ie": "IE: ",
    "pronunciation": "pronunciation: ",
    "english": "English: ",
    "za": "ZA: ",
}
_SAMPA = {
    "'": "ˈ",
    ",": "ˌ",
    "_": " ",
    "-": "-",
    ";": ", ",
    ",_": ", ",
    ";_": "; ",
    ".": ".",
    "th": "θ",
    "dh": "ð",
    "sh": "ʃ",
    "zh": "ʒ",
    "ch": "tʃ",
    "tS": "tʃ",
    "dZ": "dʒ",
    "ng": "ŋ",
    "y": "j",
    "iː": "iː",
    "ee": "iː",
    "oo": "uː",
    "...": "...",
}


def english_sound(p, n, page):
    """{{IPAc-en|ˈ|æ|p|əl}}: /ˈæpəl/"""
    label, sounds = "", []
    for x in p:
        key = x.strip()
        if not sounds and key.lower() in _ENGLISH_SOUNDS:
            label = _ENGLISH_SOUNDS[key.lower()]
        elif key and not re.search(r"\.(ogg|wav|oga|mp3)$", key, re.I):
            sounds.append(_SAMPA.get(key, key))
    return f"{label}/{''.join(sounds)}/" if sounds else label.strip()


def composed_sound(code: str, p: list[str], n: dict[str, str]) -> str:
    """{{IPAc-pl|w|a|r}}: Polish: [war]"""
    kinds = [x for x in p if x.lower() in _SOUND_LABELS and len(x) > 1]
    text = "".join(_SAMPA.get(x, x) for x in p if x not in kinds and not re.search(r"\.(ogg|wav|oga|mp3)$", x, re.I))
    return foreign_sound(code, [text] + kinds[:1], n)


def respelling(p, n, page):
    """{{respell|mah|LY|zee}}: mah-LY-zee"""
    text = "-".join(x for x in p if x)
    return re.sub(r"-?_-?", " ", text).replace("- ", " ")


def transliteration(p, n, page):
    return p[-1] if len(p) > 1 else ""


def chinese(p, n, page):
    labels = (
        [("t", "traditional Chinese"), ("s", "simplified Chinese")]
        if n.get("first", "").startswith("t")
        else [("s", "simplified Chinese"), ("t", "traditional Chinese")]
    )
    if n.get("s") and n.get("s") == n.get("t"):
        n = {**n, "c": n["s"], "s": "", "t": ""}
    if n.get("p") is None and n.get("hp"):
        n = {**n, "p": n["hp"]}
    labels = (
        [("c", "Chinese")]
        + labels
        + [
            ("p", "pinyin"),
            ("tp", "Tongyong Pinyin"),
            ("w", "Wade–Giles"),
            ("j", "Jyutping"),
            ("cy", "Cantonese Yale"),
            ("sl", "Sidney Lau"),
            ("poj", "Pe̍h-ōe-jī"),
            ("tl", "Tâi-lô"),
            ("zhu", "Zhuyin Fuhao"),
            ("l", "lit."),
            ("tr", "transl."),
        ]
    )
    plain = n.get("labels") == "no"
    parts = []
    for key, label in labels:
        if value := n.get(key):
            value = f"'{value}'" if key in ("l", "tr") else value
            parts.append(
                value
                if plain and key not in ("l", "tr")
                else f"{label} {value}"
                if key in ("l", "tr")
                else f"{label}: {value}"
            )
    return "; ".join(parts) or at(p, 0)


def korean(p, n, page):
    keys = [
        (("hangul", "ko"), "Korean"),
        (("hanja",), "Hanja"),
        (("rr",), "RR"),
        (("mr",), "MR"),
        (("lit", "l"), "lit."),
    ]
    values = {**dict(zip(("hangul", "hanja", "rr", "mr"), p)), **n}
    parts = [
        f"{label} {v}" if label == "lit." else f"{label}: {v}"
        for names, label in keys
        for v in [next((values[k] for k in names if values.get(k)), "")]
        if v
    ]
    return "; ".join(parts)


def japanese(p, n, page):
    """{{nihongo|English|kanji|rōmaji|extra|extra2}}: English (kanji, rōmaji, extra) extra2"""
    english, kanji, roman = at(p, 0), at(p, 1), at(p, 2)
    extra, after = n.get("extra") or at(p, 3), n.get("extra2") or at(p, 4)
    lead = n.get("lead", "").startswith("y")
    head, inner = (english, [kanji, roman]) if english else (roman, [kanji]) if roman else (kanji, [])
    if lead:
        inner = [f"{label}: {x}" if x else "" for label, x in zip(("Japanese", "Hepburn"), inner)]
    inside = ", ".join(x for x in inner + [extra] if x)
    return " ".join(x for x in (head, f"({inside})" if inside else "", after) if x)


def japanese_roman_first(p, n, page):
    """{{nihongo3|English|kanji|rōmaji}}: rōmaji (kanji, English)"""
    english, kanji, roman = at(p, 0), at(p, 1), at(p, 2)
    inside = ", ".join(x for x in (kanji, english, n.get("extra") or at(p, 3)) if x)
    return " ".join(x for x in (roman, f"({inside})" if inside else "", n.get("extra2") or at(p, 4)) if x)


def japanese_kanji_first(p, n, page):
    """{{nihongo krt|English|kanji|rōmaji}}: kanji (rōmaji, English)"""
    inside = ", ".join(x for x in (at(p, 2), at(p, 0), n.get("extra") or at(p, 3)) if x)
    return " ".join(x for x in (at(p, 1), f"({inside})" if inside else "") if x)


def literal(p, n, page):
    return "lit. " + " or ".join(f"'{x}'" for x in p if x) if at(p, 0) else "lit."


def gloss(p, n, page):
    return f"'{at(p, 0)}'" if at(p, 0) else ""


def etymology(p, n, page):
    """{{etymology|la|albedo|whiteness}}: from Latin albedo 'whiteness'"""
    parts = []
    for code, term, meaning in zip(p[::3], p[1::3], p[2::3] + [""]):
        parts.append(f"{language(code)} {term}".strip() + (f" '{meaning}'" if meaning else ""))
    return "from " + ", ".join(parts) if parts else ""


def phrase_for(p, n, page):
    """{{langnf|fr|C'est la vie|that's life}}: C'est la vie (French for 'that's life')"""
    name = language(at(p, 0))
    return at(p, 1) + (f" ({name} for '{at(p, 2)}')" if at(p, 2) else f" ({name})")


def ruby(p, n, page):
    return f"{at(p, 0)} ({at(p, 1)})" if at(p, 1) else at(p, 0)


def unicode_character(p, n, page):
    name = at(p, 1).upper()
    try:
        shown = chr(int(at(p, 0), 16))
    except (ValueError, OverflowError):
        return at(p, 0)
    shown = shown if shown.isprintable() and not shown.isspace() else ""
    return " ".join(x for x in (f"U+{at(p, 0).upper()}", shown, name) if x)


_MUSIC = {
    "flat": "♭",
    "b": "♭",
    "sharp": "♯",
    "#": "♯",
    "natural": "♮",
    "n": "♮",
    "doublesharp": "𝄪",
    "x": "𝄪",
    "##": "𝄪",
    "doubleflat": "𝄫",
    "bb": "𝄫",
    "dim": "o",
    "dimdeg": "o",
    "halfdim": "ø",
    "aug": "+",
    "major": "Δ",
    "delta": "Δ",
    "quarter": "♩",
    "quarternote": "♩",
    "eighth": "♪",
    "half": "𝅗𝅥",
    "common": "𝄴",
    "cut": "𝄵",
}


def musical(p, n, page):
    if at(p, 0) in ("time", "timesig") or at(p, 0).isdecimal():
        return "/".join(x for x in p if x.isdecimal())
    return _MUSIC.get(at(p, 0), "")


# ---------------------------------------------------------------------------------------------------------
# chemistry, physics, mathematics


def formula(p, n, page):
    """{{chem|H|2|O}}: H2O; {{chem|SO|4|2-}}: SO4²⁻"""
    text = ""
    for i, x in enumerate(p):
        text += raised(x, text) if i and re.fullmatch(r"\d*[+\-−]", x) else x
    return text


def formula_line(p, n, page):
    """{{chem2|SO4(2-)}}: SO4²⁻"""
    text = "".join(p)
    text = re.sub(r"\((\d*[+\-−])\)", lambda m: raised(m[1], text[: m.start()]), text)
    text = re.sub(r"\^([\d+\-−]+)", lambda m: m[1].translate(_SUPER), text)
    return text.replace("->", "→").replace("<-->", "⇌")


def nuclide(p, n, page):
    """{{nuclide|uranium|235}}: 235U"""
    element, mass = (at(p, 0), at(p, 1)) if not at(p, 0).isdecimal() else (at(p, 2) or at(p, 1), at(p, 0))
    symbol = ELEMENTS.get(element.lower(), element if len(element) < 4 else element[:1].upper())
    return mass + symbol + n.get("charge", "")


def mathematics(p, n, page):
    return "$" + at(p, 0).replace("$", "") + "$" if at(p, 0) else ""


def interval(p, n, page):
    return ", ".join(x for x in p if x)


def right_ascension(p, n, page):
    return " ".join(f"{x}{unit}" for x, unit in zip(p, ("h", "m", "s")) if x)


def declination(p, n, page):
    return " ".join(f"{x.replace('-', '−')}{unit}" for x, unit in zip(p, ("°", "′", "″")) if x)


def minor_planet(p, n, page):
    return at(p, 0) + lowered(at(p, 1)) if at(p, 1).isdecimal() else " ".join(p)


def numbered_minor_planet(p, n, page):
    return f"({at(p, 0)}) {at(p, 1)}{lowered(at(p, 2))}"


# ---------------------------------------------------------------------------------------------------------
# ships, countries, sport, roads, references in the text


def ship(prefix: str) -> Renderer:
    """{{HMS|Victory|1765|6}}; the last argument picks the parts to show: 1 number, 2 name, 4 prefix."""

    def render(p, n, page):
        return _ship(prefix, at(p, 0), at(p, 1), at(p, 2) or n.get("up", ""))

    return render


def any_ship(p, n, page):
    return _ship(at(p, 0), at(p, 1), at(p, 2), at(p, 3))


def _ship(prefix: str, name: str, identity: str, bits: str) -> str:
    shown = int(bits) if bits.isdecimal() and 0 < int(bits) < 7 and bits != "4" else 7
    parts = [
        prefix if shown & 4 else "",
        name if shown & 2 or shown == 5 else "",
        f"({identity})" if identity and shown & 1 and shown != 1 else "",
    ]
    return identity if shown == 1 and identity else " ".join(x for x in parts if x)


def ship_class(p, n, page):
    name, kind, bits = at(p, 0), at(p, 1), at(p, 2)
    if bits in ("2", "4"):
        return name
    return f"{name} class" if bits == "1" or not kind else f"{name}-class {kind}"


def ship_class_number(p, n, page):
    """{{sclass2|Nimitz|aircraft carrier}}, {{ship class|...}}"""
    return ship_class(p, n, page)


def country(p, n, page):
    return n.get("name") or COUNTRIES.get(at(p, 0), at(p, 0))


def country_short(p, n, page):
    return n.get("name") or COUNTRIES.get(at(p, 0), at(p, 0))


def athlete(p, n, page):
    return f"{at(p, 0)} ({at(p, 1)})" if at(p, 1) else at(p, 0)


def person_name(p, n, page):
    return " ".join(x for x in (at(p, 0) or n.get("first", ""), at(p, 1) or n.get("last", "")) if x)


def season(p, n, page):
    year = at(p, 0)
    return n.get("title") or (f"{year}–{(int(year) + 1) % 100:02d}" if year.isdecimal() and len(year) == 4 else year)


def record(p, n, page):
    return "–".join(
        x for x in [n.get("w") or at(p, 0), n.get("l") or at(p, 1), n.get("d") or n.get("t") or at(p, 2)] if x
    )


def year_of(p, n, page):
    return at(p, -1) if p else ""


def team_link(p, n, page):
    return n.get("title") or " ".join(x for x in (n.get("year"), n.get("team"), n.get("sport")) if x)


def harvard(inside: bool) -> Renderer:
    """{{harvtxt|Smith|2000|p=4}}: Smith (2000, p. 4); {{harvnb}}: Smith 2000, p. 4"""

    def render(p, n, page):
        names = [x for x in p if not re.fullmatch(r"\d{4}[a-z]?|n\.d\.|c\. \d{4}", x)]
        year = next((x for x in p if x not in names), "")
        who = (
            f"{names[0]} et al."
            if len(names) > 3
            else " & ".join([", ".join(names[:-1]), names[-1]])
            if len(names) > 1
            else "".join(names)
        )
        place = (
            ", p. " + n["p"]
            if n.get("p")
            else ", pp. " + n["pp"]
            if n.get("pp")
            else ", " + n["loc"]
            if n.get("loc")
            else ""
        )
        if inside:
            return f"{who} ({year}{place})" if year else who
        return f"{who} {year}{place}".strip()

    return render


def harvard_parenthesis(p, n, page):
    return f"({harvard(False)(p, n, page)})"


def verse(p, n, page):
    """{{bibleverse|1|John|3:16|KJV}}"""
    parts = [x for x in p[:3] if x]
    return " ".join(parts[:3] if at(p, 0) in ("1", "2", "3", "I", "II", "III", "") else parts[:2])


def labelled(label: str, glue: str = " ") -> Renderer:
    return lambda p, n, page: f"{label}{glue}{at(p, 0)}" if at(p, 0) else ""


def around_two(between: str) -> Renderer:
    """The first two arguments on both sides of a string."""
    return lambda p, n, page: f"{at(p, 0)}{between}{at(p, 1)}"


def supreme_court(p, n, page):
    """{{ussc|name=Roe v. Wade|410|113|1973}}: Roe v. Wade, 410 U.S. 113 (1973)"""
    volume, at_page, year = (n.get(key) or at(p, i) for i, key in enumerate(("volume", "page", "year")))
    return (n["name"] + ", " if n.get("name") else "") + f"{volume} U.S. {at_page}" + (f" ({year})" if year else "")


_ROADS = {"I": "I-", "M": "M-", "K": "K-", "A": "A", "Hwy": "Highway "}  # elsewhere the type itself, and a space


def junctions(p, n, page):
    """{{jct|state=NY|I|90|US|20|dir1=east|name1=Thruway|city1=Albany}}: I-90 east (Thruway) / US 20 – Albany"""
    roads = []
    for i, (kind, number) in enumerate(zip(p[::2], p[1::2] + [""]), start=1):
        kind, _, kind_of = kind.partition("-")  # US-Bus: a business route
        words = [
            _ROADS.get(kind, f"{kind} ") + number,
            kind_of + "." * (kind_of in ("Alt", "Bus", "Byp", "Conn")),
            n.get(f"dir{i}", ""),
        ]
        name = n.get(f"name{i}") or n.get("name", "") * (i == 1)
        roads.append("To " * (f"to{i}" in n) + " ".join(w for w in words if w.strip()) + (f" ({name})" if name else ""))
    places = [n[key] for i in range(1, 5) for key in (f"city{i}", f"location{i}") if n.get(key)]
    return " / ".join(roads) + (" – " + ", ".join(places) if places else "")


def stock(label: str) -> Renderer:
    return lambda p, n, page: f"{label}: {at(p, 0)}" if at(p, 0) else label


def conditional(p, n, page):
    """{{#if: test | then | else}}"""
    return at(p, 1) if at(p, 0) else at(p, 2)


def compared(p, n, page):
    """{{#ifeq: a | b | then | else}}"""
    return at(p, 2) if at(p, 0) == at(p, 1) else at(p, 3)


def upper(p, n, page):
    return at(p, 0).upper()


def lower(p, n, page):
    return at(p, 0).lower()


def upper_first(p, n, page):
    return at(p, 0)[:1].upper() + at(p, 0)[1:]


def lower_first(p, n, page):
    return at(p, 0)[:1].lower() + at(p, 0)[1:]


def page_name(p, n, page):
    return page.title


def term(p, n, page):
    return "; " + (n.get("content") or n.get("term") or at(p, 1) or at(p, 0))


def definition(p, n, page):
    return ": " + (n.get("defn") or at(p, 0))


# ---------------------------------------------------------------------------------------------------------
# the table: what renders which names (lower case, spaces for underscores)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.replace("\n", " ").split(";") if name.strip()]


_TABLE: list[tuple[Renderer, str]] = [
    # wrappers
    (
        first,
        """nowrap; nobr; nobreak; nowr; nwr; no wrap; j; small; smaller; smalldiv; larger; large; big; huge; strong; em; strongbad;
        italics; bold; smallcaps; sc; sc1; aut; smallcaps all; noitalic; noitalics; nobold; normal; mvar; math; bigmath; abbr;
        abbrv; tooltip; define; not a typo; notatypo; typo; as written; proper name; chem name; mono; monospaced; monospace; tt;
        var; varserif; samp; kbd; block indent; center; centre; left; right; overline; underline; u; uline; strike; s;
        strikethrough; deleted text; nastaliq; longitem; normalsize; font; crossreference; crossref; cross reference; xref;
        see below; see above; in5; pre2; hebrew; arabic; polytonic; unicode; greek; cyrillic; mathsf; mathcal; mathbf; tq;
        highlight; lj; ipalink; ipa link; nq; no selflink; self link; selflink; allow wrap; allcaps; upright; serif; sans-serif;
        sans serif; inline block; kanji; asiantitle; annotated link; anl; wikt; stn; station; metro station; rws; rwsa; stnlnk;
        keyboard; caps; rm; interlanguage link forced; transl-lit; hlisti; sfrac-inline; nsl; big5; nobord; ling; cuneiform; xt; !xt;
        small div; abbrlink; sc2; hebr; iast; pie; char; glossary link internal; gli; no italics; italics correction; ic; float right; float left;
        vec; amtk; lus; metrod; sta""",
    ),
    # a doubted passage is shown, the mark behind it is not
    (
        first,
        """citation needed span; cn span; cn-span; cns; fact span; ref span; clarify span; clarify-span; clarification needed span; dubious span;
        disputed span; failed verification span; better source needed span; non-primary source needed span; cnspan; when span; who span; tone inline span""",
    ),
    (
        second,
        """lang; langr; rtl-para; align; wikt-lang; script; resize; sort; rtl-lang; rtl lang; native name; native phrase; nativename; background color;
        text color; plain link; plainlink; hover title; background""",
    ),
    (last, "color; colour; font color; fontcolor; font colour; coloured text; colored text"),
    (transliteration, "transl; transliteration; tlit; translit"),
    (every, "linktext; ltx"),
    (visible_anchor, "visible anchor; vanchor; vanc"),
    (around("⟨", "⟩"), "angbr; angle bracket; angle brackets; angbr ipa; vr; gph; grapheme; infix"),
    (around("/", "/"), "ipaslink; ipa slash"),
    (around("[", "]"), "ipablink; bracket; interpolated"),
    (around("{", "}"), "braces; mset"),
    (around("“", "”"), "dquote; qq"),
    (around(PIPE, PIPE), "abs; mabs"),
    (around("‖", "‖"), "norm"),
    (root, "radic; sqrt; radical"),
    (around("(", ")"), "paren; open-open"),
    (around("[", "]"), "closed-closed"),
    (around("[", ")"), "closed-open"),
    (around("(", "]"), "open-closed"),
    (around("⌊", "⌋"), "floor"),
    (around("⌈", "⌉"), "ceil"),
    (around(PIPE, "⟩"), "ket"),
    (around("⟨", PIPE), "bra"),
    # lists and quotations
    (
        listed,
        """hlist; flatlist; flat list; comma separated entries; cslist; flex list; enum; bulleted inline list; ubl; ublist;
        unbulleted list; vunblist; ubil; unbullet; vlist; ubt""",
    ),
    (bulleted, "bulleted list; blist; unordered list; ordered list; olist; numbered list"),
    (
        block,
        """plainlist; plain list; columns-list; column-list; col-list; collist; columns list; columnslist; div col; multicol;
        colist; columns; indented plainlist; flow list; tree list; indent list""",
    ),
    (
        quote,
        """quote; blockquote; bquote; quotation; block quote; blockquotation; quoteblock; pull quote; pullquote; longquote;
        gbquote; bible quote""",
    ),
    (centred_quote, "cquote; centered pull quote; centred pull quote"),
    (poem, "poemquote; poem quote; poem; lines"),
    (verses_and_translation, "verse translation"),
    # links, code
    (sic, "sic; sic?; typographical error"),
    (
        interlanguage,
        """ill; interlanguage link; interlanguage link multi; ill2; ill-wd2; link-interwiki; iill; lill; interwiki link""",
    ),
    (section_link, "section link; slink; sectionlink; section-link; format link"),
    (web_address, "url; official url; url2"),
    (key_presses, "key press; keypress; key; key combination; button; pad"),
    (code, "code; codett; inline code; mxtcode; java; python code; codenowrap"),
    (html_tag, "tag; xtag; html element; htag"),
    # numbers
    (lambda p, n, page: raised(at(p, 0), "x"), "sup; superscript; smallsup"),
    (lambda p, n, page: lowered(at(p, 0)), "sub; subscript; smallsub"),
    (both_scripts, "su; sup sub; supsub"),
    (lambda p, n, page: at(p, 0) + lowered(at(p, 1)) + raised(at(p, 2), "x"), "subsup"),
    (number, "num; number"),
    (
        format_number,
        "formatnum; format number; commas; delimitnum; format num; nts; number table sorting; number sort; formatprice; format price",
    ),
    (powers_of_ten, "e; esp; x10^; e-sp"),
    (lambda p, n, page: "10" + superscript(at(p, 0)), "10^"),
    (power, "pow"),
    (fractions, "frac; fraction; fract; vulgar fraction"),
    (stacked_fraction, "sfrac; sfraction; stacked fraction; tfrac; dfrac; math fraction"),
    (constant("½"), "half; 1/2"),
    (constant("¼"), "1/4"),
    (constant("¾"), "3/4"),
    (gaps, "gaps"),
    (val, "val; value; valu"),
    (ordinal, "ordinal; ord; nth"),
    (number_word, "number to word; numtext; spellnum; spellnum per mos"),
    (ordinal_word, "ordinal to word"),
    (percentage, "percentage; percent; pct"),
    (rounded, "round; rnd"),
    (expression, "#expr"),
    (conversion, "convert; conv; convinfobox; unit convert; conversion; cnvt; convert/flip"),
    (short_conversion, "cvt; convert abbr; cvt/flip"),
    (population_density, "pop density; population density"),
    (height, "height; infobox height"),
    (weight, "weight; infobox weight"),
    (track_gauge, "track gauge; railgauge; rail gauge; gauge; trackgauge"),
    (currency, "currency"),
    (old_pounds, "£sd; lsd; £.s.d."),
    (rupees, "inrconvert; inr convert; indian rupee convert; inr; ₹"),
    # dates
    (
        plain_date,
        """start date; end date; birth date; death date; dob; date; start-date; end-date; birth-date; death-date; release date;
        dts; date table sorting; dtsa; launch date; film start; birthdate; deathdate; isodate; iso date; date of birth; format date""",
    ),
    (birth_and_age, "birth date and age; bda; birthdate and age; birth date and age2; dob and age; birth date & age"),
    (birth_year_and_age, "birth year and age; bya"),
    (death_and_age, "death date and age; dda; death date and age2; deathdateandage; death date & age"),
    (death_year_and_age, "death year and age; dya"),
    (dated_text_and_age, "birth-date and age"),
    (dated_texts_and_age, "death-date and age"),
    (start_and_age, "start date and age; start date and years ago; release date and age; start-date and age"),
    (age, "age; age in years; years since; age nts; ayr"),
    (age_in_days, "age in days; days since; days elapsed; age in days nts"),
    (
        age_in_parts,
        """age in years, months and days; age in years, months, and days; aymd; ymd; age in years and months;
        age in years and days; ayd; age in years, months, weeks and days""",
    ),
    (as_of, "as of; asof"),
    (years_ago, "mya; ma; million years ago"),
    (old_style, "oldstyledate; old style date; oldstyledatedy; oldstyledateny"),
    (spanned("c."), "circa; c.; ca; ca.; circ; cx"),
    (spanned("fl."), "floruit; fl.; fl"),
    (spanned("r."), "reign; r.; reigned; ruled"),
    (spanned("b."), "b.; born; b"),
    (spanned("d."), "d.; died; d"),
    (spanned("m."), "married in"),
    (spanned("née"), "née; nee"),
    (spanned("né"), "né"),
    (joined("–"), "dash year; year range"),
    (marriage, "marriage; married"),
    (film_dates, "film date; tv date"),
    (released, "vgrelease; video game release; vgrelease new; vgr"),
    (current("year"), "currentyear; localyear"),
    (current("month"), "currentmonthname; localmonthname"),
    (current("day"), "currentday; localday"),
    (current("date"), "currentdate"),
    # languages and sounds
    (language_named, "langx; lang-x"),
    (russian, "lang-rus"),
    (sound, "ipa; ipa2; ipanotation"),
    (english_sound, "ipac-en"),
    (respelling, "respell; pronunciation respelling"),
    (first, "usdict; h:ipa; ipasoundbox"),
    (lambda p, n, page: f"/{at(p, 0).strip('/[]')}/" if at(p, 0) else "", "ipa-en; pron-en"),
    (chinese, "zh; lang-zh; zh-cp; zh-tp; zh-stp; zh-c; zh-t; zh-s; zh-full; zh-tsp; zh-cpl"),
    (korean, "korean; ko-hhrm; ko-hhrmref"),
    (japanese, "nihongo; nihongo title"),
    (first, "nihongo foot; nihongo2"),
    (japanese_roman_first, "nihongo3"),
    (japanese_kanji_first, "nihongo krt"),
    (lambda p, n, page: f"{at(p, 0)} ({at(p, 1)})" if at(p, 1) and at(p, 0) else at(p, 0) or at(p, 1), "nihongo4"),
    (literal, "lit; literal; literal translation; literally; lit."),
    (gloss, "gloss; single; single+double; translation"),
    (etymology, "etymology; ety"),
    (phrase_for, "langnf"),
    (ruby, "ruby; ruby-ja; furigana; ruby-zh-p; ruby-zh-b"),
    (unicode_character, "unichar; unichar/glyph"),
    (musical, "music"),
    # sciences
    (formula, "chem; chem/link; chemf; chemical formula"),
    (formula_line, "chem2; ce; chemform"),
    (nuclide, "nuclide; simplenuclide; nuclide2; simplenuclide2; nuclide/link; isotope; nuclidelink"),
    (lambda p, n, page: f"{n.get('upper', '')}/{n.get('lower', '')}", "dentalformula; dental formula"),
    (mathematics, "tmath; tex"),
    (right_ascension, "ra; rasc"),
    (declination, "dec; dms; deg min sec"),
    (minor_planet, "mpl; mp"),
    (numbered_minor_planet, "mpl-"),
    # ships, countries, sport
    (any_ship, "ship"),
    (ship(""), "gs"),
    (ship("Japanese submarine"), "jsub"),
    (ship_class, "sclass; sclass-; sclass2; sclass2-; ship class; sclass3"),
    (
        country,
        """flag; flagu; flagcountry; country; flagc; flaglink; fb; fbw; fb-rt; nft; flagcountry2; flag+link; ru; ru-rt; cr; cr-rt;
        bk; ih; hb; vb; wp; rl; crw; rut; ruw; flag2; flag big; flagmedia; flagcgf; flagpbc; flagioc; flagioc2; flagioc2team; flagiocshort;
        flagpasog; flagsea; flagasian; flagiocteam; flagcountry/core""",
    ),
    (lambda p, n, page: country(p[1:], n, page), "fbu; fbwu"),
    (athlete, "flagathlete; flagiocathlete; flagiocmedalist; flagipcmedalist; flagipcathlete; flagcgfathlete; flagipc"),
    (joined(" "), "post-nominals; postnominals; post nominals; post-nom"),
    (person_name, "sortname; sort name"),
    (season, "nhly; nbay; nbly; nhl year; nba year; ahly"),
    (record, "win–loss record; win-loss record; winloss; wlr; football record"),
    (
        first,
        """mlby; nfly; by; baseball year; mlb year; cfly; nfl year; afly; mlsy; yr; yearlink; scy; lby; wnbay; avyear; decade link;
        century; cent""",
    ),
    (team_link, "cfb link; cbb link; cfl link; college football link"),
    # works cited in the text
    (harvard(True), "harvtxt; harvcoltxt"),
    (harvard(False), "harvnb; harvcol; harvcolnb"),
    (harvard_parenthesis, "harv; harvard citation; harvp"),
    (verse, "bibleverse; bibleref; bibleref2; bible verse; sourcetext; bibleverse-nb; bible ref; bibleref2-nb"),
    (lambda p, n, page: "Quran " + ":".join(x for x in p[:2] if x), "cite quran; qref; quran; sura; ayah"),
    (labelled("ISBN"), "isbn; isbnt"),
    (labelled("ISSN"), "issn; issn link"),
    (labelled("OCLC"), "oclc"),
    (labelled("doi:", ""), "doi; doi-inline"),
    (labelled("arXiv:", ""), "arxiv"),
    (labelled("PMID"), "pmid"),
    (labelled("RFC"), "rfc; ietf rfc"),
    (labelled("JSTOR"), "jstor"),
    (labelled("Bibcode:", ""), "bibcode"),
    (labelled("LCCN"), "lccn"),
    (labelled("U.S. patent"), "us patent; uspatent; patent us"),
    (lambda p, n, page: f"(sequence {n.get('id') or at(p, 0)} in the OEIS)", "oeis"),
    (first, "oeis2c; oeis link; oeislink"),
    (labelled("p."), "p.; page"),
    (labelled("pp."), "pp.; pages"),
    (labelled("vol."), "vol.; vol"),
    (labelled("§"), "sect; section sign; §; sect."),
    (around_two(" U.S.C. § "), "unitedstatescode; usc; uscode"),
    (supreme_court, "ussc"),
    (around_two(" Stat. "), "usstat"),
    (around_two(" CFR "), "codefedreg; cfr"),
    (lambda p, n, page: f"Pub. L. {at(p, 0)}–{at(p, 1)}", "uspl"),
    (lambda p, n, page: {"HR": "H.R.", "S": "S."}.get(at(p, 1), at(p, 1)) + f" {at(p, 2)}", "usbill"),
    (junctions, "jct"),
    (stock("NYSE"), "nyse; new york stock exchange"),
    (stock("Nasdaq"), "nasdaq; nasdaq2"),
    (stock("LSE"), "lse; london stock exchange"),
    (stock("TYO"), "tyo; tokyo stock exchange"),
    (stock("SEHK"), "sehk; hkex"),
    (stock("NSE"), "nse"),
    (stock("BSE"), "bse"),
    (stock("TSX"), "tsx"),
    (stock("ASX"), "asx"),
    (stock("Euronext"), "euronext; euronextparis; euronext paris"),
    (stock("FWB"), "fwb"),
    (stock("KRX"), "krx"),
    (stock("SSE"), "sse"),
    (stock("SZSE"), "szse"),
    (stock("NYSE American"), "amex; nyse american"),
    (stock("SIX"), "six; swx"),
    (stock("BMAD"), "bmad"),
    (stock("OTC Pink"), "otc pink; otcpink"),
    # MediaWiki's own functions
    (conditional, "#if"),
    (compared, "#ifeq"),
    (upper, "uc"),
    (lower, "lc"),
    (upper_first, "ucfirst"),
    (lower_first, "lcfirst; decapitalize"),
    (page_name, "pagename; fullpagename; basepagename; subpagename; pagenamebase"),
    (term, "term; glossary term"),
    (definition, "defn; gdef; glossary definition"),
    (joined("/"), "slash"),
    # single characters
    (constant(" – "), "snd; spnd; sndash; spaced ndash; spaced en dash; snds; spaced en dash space; s-nd"),
    (constant("–"), "ndash; en dash; endash; –; nsndash; nbndash"),
    (constant("—"), "mdash; em dash; emdash; —; mdashb; --"),
    (constant(" — "), "spaced mdash; spaced em dash; smd"),
    (
        constant(" "),
        """nbsp; spaces; space; nbs; thinsp; thin space; hair space; hairsp; narrow no-break space; nnbsp; figure space; em space;
        en space; ensp; emsp; indent; gap; hsp; nb; nb5; nb10; pad""",
    ),
    (
        constant(""),
        """zwsp; zwj; zwnj; wbr; shy; zero width space; nowrap begin; nowrap end; nobr begin; nobr end; wrap; wj; lrm; rlm; -; clear; clr;
        clear left; clear right; clearleft; clearright; anchor; anchors; midsize; quote end; nbsp begin""",
    ),
    (constant("'"), "'; apostrophe; apos; ’; -'"),
    (constant("'s"), "'s; ’s"),
    (constant("' \""), "' \"; '\""),
    (constant("\" '"), "\" '; \"'"),
    (constant('"'), '-"; "'),
    (constant("ʻ"), "ʻ; okina; ʻokina; wg-apos"),
    (constant("ʼ"), "hamza; ʼ"),
    (constant("ʿ"), "ayin; ʿ"),
    (constant("ʾ"), "ʾ"),
    (constant(PIPE), "!; pipe; |; vert"),
    (constant(PIPE * 2), "!!"),
    (constant(EQUALS), "=; equals"),
    (constant("{"), "(; lcub"),
    (constant("}"), "); rcub"),
    (constant("&#123;&#123;"), "(("),
    (constant("&#125;&#125;"), "))"),
    (constant("&#91;"), "lbrack; bracket open"),
    (constant("&#93;"), "rbrack; bracket close"),
    (constant("#"), "number sign; hash; #"),
    (constant("&#58;"), "colon; :"),
    (constant("*"), "asterisk; *"),
    (constant(" · "), "·; dot; middot; dotsep"),
    (constant(" • "), "•; bullet; bull"),
    (constant("⋅"), "sdot; dot operator; cdot; ⋅; int dot"),
    (constant(" / "), "\\; /"),
    (constant("..."), "...; ellipsis; …"),
    (constant("′"), "prime; ′"),
    (constant("″"), "pprime; double prime; ″"),
    (constant("°"), "deg; degree; degrees; °"),
    (constant("−"), "minus; −"),
    (constant("+"), "plus"),
    (constant("×"), "times; ×"),
    (lambda p, n, page: "±" + at(p, 0), "pm; ±; +-; +/-; plusminus; plus-minus; plusmn"),
    (constant("÷"), "divide; ÷"),
    (constant("∞"), "infinity; infin"),
    (constant("→"), "rarr; →"),
    (constant("⇌"), "eqm; equilibrium; chem eqm"),
    (constant("†"), "dagger; †"),
    (constant("‡"), "double-dagger; double dagger; ‡"),
    (constant("π"), "pi; π"),
    (constant("∫"), "intmath"),
    (constant("♯"), "sharp; music sharp"),
    (constant("♭"), "flat"),
    (constant("♮"), "natural"),
    (constant("✓"), "check mark; tick; checkmark; aye; y&"),
    (constant("✗"), "cross mark; cross; x mark; xmark; nay"),
    (constant("M☉"), "solar mass"),
    (constant("R☉"), "solar radius"),
    (constant("L☉"), "solar luminosity"),
    (constant("M⊕"), "earth mass"),
    (constant("R⊕"), "earth radius"),
    (constant("MJ"), "jupiter mass"),
    (constant("RJ"), "jupiter radius"),
    (constant("♂"), "male; ♂"),
    (constant("♀"), "female; ♀"),
    (lambda p, n, page: f"No. {at(p, 0)}" if at(p, 0) else "№", "numero; no.; №"),
    (constant("§"), "section mark"),
    (constant("\n"), "break; br; pb; paragraph break; crlf; crlf2; -br; linebreak"),
    (constant("a.k.a."), "aka; a.k.a."),
    (constant("approx."), "approx; approx."),
    (constant("Yes"), "yes; ya"),
    (constant("No"), "no"),
    (constant("N/A"), "n/a; na"),
    (constant("TBA"), "tba"),
    (constant("TBD"), "tbd"),
    (constant("Unknown"), "unknown; dunno"),
    (constant("Won"), "won"),
    (constant("Nominated"), "nom; nominated"),
    (constant("Pending"), "pending"),
    (constant("H2O"), "h2o"),
    (constant("CO2"), "co2"),
    (constant("LaTeX"), "latex"),
    (constant("TeX"), "tex logo"),
]

# Templates without prose: names.SILENT_TEMPLATES and whatever fits here; what is neither here nor above counts as unknown.
_SILENT_PATTERN = re.compile(
    r"(?:cite|citation|vcite|infobox|use |pp-|sfn|efn|navbox|campaignbox|s-|toc |wikiproject|user |graph:|election box|football box|cfb |cbb |bs-|"
    r"routemap|rail |#tag|#invoke|#switch|needs |clarify|expand |unreferenced|taxonomy/|col-|multi-listen|image label|location map|certification|"
    r"medical |largest cities|navseasoncats|in lang|wikisource|wikinews|wikivoyage|commons |wiktionary |librivox|gutenberg|imdb|defaultsort|"
    r"displaytitle|r from|r to|template|us census|historical pop|chart |clade|tree |family|copied|db-|merge|split |main |see also |further |"
    r"redirect|about |other |hatnote|distinguish|latest stable|latest preview|wikidata|:|more citations|contains )"
    r"|.*(?: stub|-stub|-inline| inline| icon| sidebar|infobox| navbox| footer| topics| topic| weatherbox|reflist|-sidebar| needed| succession box|"
    r" labelled map| category| categories| series| section| notice)$"
)

_ORDINARY_WORDS = {"lead", "tin", "gold", "silver", "mercury"}  # {{gold}} is a medal
_SHIPS = """USS HMS SS RMS MS PS MY SV SMS HMAS HMCS HMNZS HMT HMHS HNLMS HDMS HSwMS HNoMS ORP MV MT RV RRS USNS USCGC USAT USAHS USRC CSS HMY TSS INS ARA BAP
    SAS JDS JS ROKS BNS PNS FGS GTS RFA SMU USLHT ARM BRP HTMS KD RSS KNM NRP TCG USAV CCGS CGS HIJMS""".split()


def _build() -> dict[str, Renderer | None]:
    table: dict[str, Renderer | None] = dict.fromkeys(SILENT_TEMPLATES)
    table.update({name: constant(symbol) for name, symbol in ELEMENTS.items() if name not in _ORDINARY_WORDS})
    table.update({code.lower(): constant(name) for code, name in COUNTRIES.items() if len(code) > 2 or code == "UK"})
    table.update({prefix.lower(): ship(prefix) for prefix in _SHIPS})
    table.update(
        {code: money(symbol) for code, symbol in _CURRENCY.items() if code not in ("won", "peso", "try", "dollar")}
    )
    for renderer, names in _TABLE:
        table.update(dict.fromkeys(_names(names), renderer))
    return {**table, ";": constant(";")}


_FOUND = _build()


def find(name: str) -> Renderer | None:
    """The renderer of a template by its name in lower case with spaces; None: shows no prose; UNKNOWN: never heard of."""
    if name in _FOUND:
        return _FOUND[name]
    if name.startswith(("lang-", "ipa-", "ipac-")):
        kind, _, code = name.partition("-")
        if kind == "lang":
            return lambda p, n, page: in_language(code, p, n)
        if kind == "ipac":
            return lambda p, n, page: composed_sound(code, p, n)
        return lambda p, n, page: foreign_sound(code, p, n)
    if name.startswith("script/"):
        return first
    return None if _SILENT_PATTERN.match(name) else UNKNOWN
