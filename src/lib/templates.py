"""Inline templates as a reader sees them: "5 km (3.1 mi)", "c. 1500", "Japanese: 東京", "⟨a⟩", "6×10²³".

find(name) tells what to do with a template: a function that renders it, None for one that shows no prose
(citations, boxes, hatnotes, notices), UNKNOWN for one never heard of. Renderers take (positional arguments,
named arguments, page); links and inner templates in the arguments are plain text already.
"""

import ast
import operator
import re
from calendar import monthrange
from datetime import date
from typing import Callable, NamedTuple, Optional

from lib.convert import convert, find_unit, fraction, group, read_number, superscript
from lib.names import COUNTRIES, ELEMENTS, LANGUAGES

EQUALS, PIPE, NEWLINE = "\x06", "\x07", "\x04"  # literal = and | made by {{=}} and {{!}}, a forced line break
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December"]


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
    whole = {"open": opened, "o": opened, "close": f"</{name}>", "c": f"</{name}>", "single": f"<{name} />", "s": f"<{name} />",
             "void": f"<{name}>", "v": f"<{name}>"}.get(kind, f"{opened}{n.get('content', '...')}</{name}>")
    return f"`{whole.replace('<', '&lt;').replace('>', '&gt;')}`"


# ---------------------------------------------------------------------------------------------------------
# numbers

_SUPER = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")


def raised(text: str, base: str = "") -> str:
    """A superscript after `base`: 10⁶, x², SO4²⁻; but km2 and sp3 behind a word, "19th" and "Mlle" on the line; else 2^(k+1)."""
    text = text.strip()
    if re.fullmatch(r"\d", text) and re.search(r"[A-Za-z]{2}$", base):
        return text
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
        mantissa, e, power10 = x.lower().partition("e") if re.fullmatch(r"[-+−]?[\d.,]+e[-+−]?\d+", x.lower()) else (x, "", "")
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
        return convert([n.get("ft") or "0", "ft", n.get("in") or "0", "in", "m" if n.get("m") != "cm" else "cm", "2"], {"abbr": "on"})
    if n.get("cm"):
        return convert([n["cm"], "cm", "ftin"], {"abbr": "on"})
    return convert([n["m"], "m", "ftin"], {"abbr": "on"}) if n.get("m") else ""


def weight(p, n, page):
    if n.get("kg"):
        return convert([n["kg"], "kg", "lb"], {"abbr": "on"})
    if n.get("st"):
        return convert([n["st"], "st", n.get("lb") or "0", "lb", "kg"], {"abbr": "on"})
    return convert([n["lb"], "lb", "kg"], {"abbr": "on"}) if n.get("lb") else ""


_GAUGE_NAMES = {"standard": "1435mm", "standard gauge": "1435mm", "sg": "1435mm", "metre": "1000mm", "metre gauge": "1000mm",
                "meter gauge": "1000mm", "1m": "1000mm", "cape": "1067mm", "cape gauge": "1067mm", "russian": "1520mm", "russian gauge": "1520mm",
                "irish": "1600mm", "irish gauge": "1600mm", "indian": "1676mm", "indian gauge": "1676mm", "iberian": "1668mm",
                "iberian gauge": "1668mm", "broad": "1676mm"}
_GAUGE_EIGHTHS = {1435: (4, 8, 1, 2), 1000: (3, 3, 3, 8), 1520: (4, 11, 27, 32), 1668: (5, 5, 21, 32), 760: (2, 5, 15, 16), 750: (2, 5, 1, 2),
                  600: (1, 11, 5, 8), 1524: (5, 0, 0, 1), 1445: (4, 8, 7, 8), 950: (3, 1, 3, 8), 1495: (4, 10, 7, 8), 1458: (4, 9, 3, 8),
                  900: (2, 11, 7, 16), 1458: (4, 9, 13, 32), 785: (2, 6, 7, 8), 800: (2, 7, 1, 2), 1050: (3, 5, 11, 32), 1100: (3, 7, 5, 16)}


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
        imperial = " ".join(x for x in (f"{feet} ft" if feet else "", f"{inch} in" if inch != "0" or not feet else "") if x)
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


_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
              ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Mod: operator.mod}


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

_CURRENCY = {"usd": "$", "us$": "US$", "gbp": "£", "£": "£", "eur": "€", "€": "€", "euro": "€", "inr": "₹", "rupee": "₹",
             "indian rupee": "₹", "indian rupees": "₹", "₹": "₹", "jpy": "¥", "¥": "¥", "yen": "¥", "japanese yen": "¥",
             "cny": "CN¥", "rmb": "CN¥", "cn¥": "CN¥", "aud": "A$", "a$": "A$", "au$": "A$", "cad": "CA$", "c$": "C$", "ca$": "C$", "can$": "C$",
             "nzd": "NZ$", "nz$": "NZ$", "hkd": "HK$", "hk$": "HK$", "sgd": "S$", "brl": "R$", "r$": "R$", "rub": "₽",
             "russian ruble": "₽", "₽": "₽", "krw": "₩", "₩": "₩", "won": "₩", "south korean won": "₩", "php": "₱", "₱": "₱",
             "philippine peso": "₱", "peso": "₱", "ngn": "₦", "₦": "₦", "naira": "₦", "ils": "₪", "₪": "₪", "try": "₺", "₺": "₺", "turkish lira": "₺",
             "uah": "₴", "₴": "₴", "vnd": "₫", "thb": "฿", "฿": "฿", "bdt": "৳", "৳": "৳", "pkr": "Rs ", "zar": "R", "mxn": "MX$", "mxn$": "MX$",
             "twd": "NT$", "nt$": "NT$", "chf": "CHF ", "sek": "SEK ", "nok": "NOK ", "dkk": "DKK ", "pln": "PLN ", "myr": "RM",
             "idr": "Rp", "dollar": "$", "$": "$", "lkr": "Rs ", "irr": "IRR ", "czk": "CZK ", "huf": "HUF ", "aed": "AED "}


def money(symbol: str) -> Renderer:
    def render(p, n, page):
        amount = n.get("amount") or at(p, 0)
        return symbol + format_number([amount], {}, page) if amount else symbol.strip()
    return render


def currency(p, n, page):
    code = (at(p, 1) or n.get("type") or "USD").lower()
    symbol = _CURRENCY.get(code, code.upper() + " ")
    return symbol + format_number([n.get("amount") or at(p, 0)], {}, page) if at(p, 0) or n.get("amount") else symbol.strip()


def old_pounds(p, n, page):
    """{{£sd|l=5|s=3|d=2}}"""
    parts = [("£" + n["l"] if n.get("l") else ""), (n["s"] + "s" if n.get("s") else ""), (n["d"] + "d" if n.get("d") else "")]
    return " ".join(x for x in parts if x) or "£sd"


def rupees(p, n, page):
    amount, scale = at(p, 0), {"c": " crore", "l": " lakh", "b": " billion", "m": " million", "k": " thousand", "lc": " lakh crore",
                               "t": " trillion"}.get(at(p, 1).lower(), "")
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
    return n.get("df", "").lower() in ("y", "yes", "true", "1", "dmy") or n.get("dateformat", n.get("format", "")).lower() in ("dmy", "d")


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
    month = next((i for w in words for i, m in enumerate(MONTHS, 1) if len(w) > 2 and m.lower().startswith(w.lower())), 0)
    day = next((int(w) for w in words if w.isdecimal() and len(w) < 3 and 1 <= int(w) <= 31), 0)
    return [x for x in (year, month, day) if x] if year else []


def start_and_age(p, n, page):
    numbers = _integers(p, 3)
    if not numbers:
        return at(p, 0)
    years = years_between(numbers, list(page.day))
    ago = f" ({years} year{'s' * (years != 1)} ago)" if years > 0 and n.get("paren") else f"; {years} year{'s' * (years != 1)} ago" if years > 0 else ""
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
    parts = [f"{v} {name}{'s' * (v != 1)}" for v, name in ((months // 12, "year"), (months % 12, "month"), (days, "day")) if v]
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
    return f"{at(p, 0)}–{at(p, 1)} million years ago" if at(p, 1) and at(p, 1)[0].isdigit() else f"{at(p, 0)} million years ago"


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
    how = {"div": "div.", "divorced": "div.", "divorce": "div.", "died": "d.", "d": "d.", "death": "d.", "widowed": "wid.", "wid": "wid.",
           "sep": "sep.", "separated": "sep.", "annulled": "ann.", "ann": "ann."}.get(n.get("end", n.get("reason", "")).lower(), "")
    if end and not how:
        return f"{name} (m. {start}–{end})".strip()
    return f"{name} (m. {start}{f'; {how} {end}' if end else ''})".strip() if start else name


def film_dates(p, n, page):
    """{{film date|1999|3|31|United States}}"""
    texts, i = [], 0
    while i < len(p) and i < 40:
        numbers = _integers(p[i:i + 3], 3)
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
        return {"year": str(year), "month": MONTHS[month - 1], "day": str(day), "date": day_text(year, month, day)}[kind]
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


_SOUND_LABELS = {"lang": "{}: ", "pron": "pronounced ", "local": "locally ", "ipa": "IPA: ", "-": "", "none": "", "no": "", "label": "",
                 "langpron": "{} pronunciation: "}


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


_ENGLISH_SOUNDS = {"lang": "English: ", "pron": "pronounced ", "local": "locally ", "ipa": "IPA: ", "also": "also ", "uk": "UK: ", "us": "US: ",
                   "uklang": "British English: ", "uslang": "American English: ", "ukalso": "UK also ", "usalso": "US also ", "alsouk": "also UK: ",
                   "alsous": "also US: ", "au": "AU: ", "aus": "AU: ", "ca": "CA: ", "nz": "NZ: ", "ie": "IE: ", "pronunciation": "pronunciation: ",
                   "english": "English: ", "za": "ZA: "}
_SAMPA = {"'": "ˈ", ",": "ˌ", "_": " ", "-": "-", ";": ", ", ",_": ", ", ";_": "; ", ".": ".", "th": "θ", "dh": "ð", "sh": "ʃ", "zh": "ʒ",
          "ch": "tʃ", "tS": "tʃ", "dZ": "dʒ", "ng": "ŋ", "y": "j", "iː": "iː", "ee": "iː", "oo": "uː", "...": "..."}


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
    labels = [("t", "traditional Chinese"), ("s", "simplified Chinese")] if n.get("first", "").startswith("t") else \
        [("s", "simplified Chinese"), ("t", "traditional Chinese")]
    if n.get("s") and n.get("s") == n.get("t"):
        n = {**n, "c": n["s"], "s": "", "t": ""}
    if n.get("p") is None and n.get("hp"):
        n = {**n, "p": n["hp"]}
    labels = [("c", "Chinese")] + labels + [
        ("p", "pinyin"), ("tp", "Tongyong Pinyin"), ("w", "Wade–Giles"), ("j", "Jyutping"), ("cy", "Cantonese Yale"),
        ("sl", "Sidney Lau"), ("poj", "Pe̍h-ōe-jī"), ("tl", "Tâi-lô"), ("zhu", "Zhuyin Fuhao"), ("l", "lit."), ("tr", "transl.")]
    plain = n.get("labels") == "no"
    parts = []
    for key, label in labels:
        if value := n.get(key):
            value = f"'{value}'" if key in ("l", "tr") else value
            parts.append(value if plain and key not in ("l", "tr") else f"{label} {value}" if key in ("l", "tr") else f"{label}: {value}")
    return "; ".join(parts) or at(p, 0)


def korean(p, n, page):
    keys = [(("hangul", "ko"), "Korean"), (("hanja",), "Hanja"), (("rr",), "RR"), (("mr",), "MR"), (("lit", "l"), "lit.")]
    values = {**dict(zip(("hangul", "hanja", "rr", "mr"), p)), **n}
    parts = [f"{label} {v}" if label == "lit." else f"{label}: {v}" for names, label in keys for v in [next((values[k] for k in names if values.get(k)), "")] if v]
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


_MUSIC = {"flat": "♭", "b": "♭", "sharp": "♯", "#": "♯", "natural": "♮", "n": "♮", "doublesharp": "𝄪", "x": "𝄪", "##": "𝄪", "doubleflat": "𝄫",
          "bb": "𝄫", "dim": "o", "dimdeg": "o", "halfdim": "ø", "aug": "+", "major": "Δ", "delta": "Δ", "quarter": "♩", "quarternote": "♩",
          "eighth": "♪", "half": "𝅗𝅥", "common": "𝄴", "cut": "𝄵"}


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
        if re.fullmatch(r"\d*[+\-−]+\d*|\d+[+\-−]", x) and i:
            text += x.translate(_SUPER)
        else:
            text += x
    return text


def formula_line(p, n, page):
    """{{chem2|SO4(2-)}}: SO4²⁻"""
    text = "".join(p)
    text = re.sub(r"\((\d*[+\-−])\)", lambda m: m[1].translate(_SUPER), text)
    text = re.sub(r"\^([\d+\-−]+)", lambda m: m[1].translate(_SUPER), text)
    text = re.sub(r"(?<=[A-Za-z0-9)\]])[+\-−](?=$|[\s)\]])", lambda m: m[0].translate(_SUPER), text)
    return text.replace("->", "→").replace("<-->", "⇌")


def nuclide(p, n, page):
    """{{nuclide|uranium|235}}: ²³⁵U"""
    element, mass = (at(p, 0), at(p, 1)) if not at(p, 0).isdecimal() else (at(p, 2) or at(p, 1), at(p, 0))
    symbol = ELEMENTS.get(element.lower(), element if len(element) < 4 else element[:1].upper())
    return superscript(mass) + symbol + superscript(n.get("charge", ""))


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


# ---------------------------------------------------------------------------------------------------------
# ships, countries, sport, references in the text

def ship(prefix: str) -> Renderer:
    """{{HMS|Victory|1765|6}}; the last argument picks the parts to show: 1 number, 2 name, 4 prefix."""
    def render(p, n, page):
        return _ship(prefix, at(p, 0), at(p, 1), at(p, 2) or n.get("up", ""))
    return render


def any_ship(p, n, page):
    return _ship(at(p, 0), at(p, 1), at(p, 2), at(p, 3))


def _ship(prefix: str, name: str, identity: str, bits: str) -> str:
    shown = int(bits) if bits.isdecimal() and 0 < int(bits) < 7 and bits != "4" else 7
    parts = [prefix if shown & 4 else "", name if shown & 2 or shown == 5 else "", f"({identity})" if identity and shown & 1 and shown != 1 else ""]
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
    return "–".join(x for x in [n.get("w") or at(p, 0), n.get("l") or at(p, 1), n.get("d") or n.get("t") or at(p, 2)] if x)


def year_of(p, n, page):
    return at(p, -1) if p else ""


def team_link(p, n, page):
    return n.get("title") or " ".join(x for x in (n.get("year"), n.get("team"), n.get("sport")) if x)


def harvard(inside: bool) -> Renderer:
    """{{harvtxt|Smith|2000|p=4}}: Smith (2000, p. 4); {{harvnb}}: Smith 2000, p. 4"""
    def render(p, n, page):
        names = [x for x in p if not re.fullmatch(r"\d{4}[a-z]?|n\.d\.|c\. \d{4}", x)]
        year = next((x for x in p if x not in names), "")
        who = f"{names[0]} et al." if len(names) > 3 else " & ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
        place = ", p. " + n["p"] if n.get("p") else ", pp. " + n["pp"] if n.get("pp") else ", " + n["loc"] if n.get("loc") else ""
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
    return "\n; " + (n.get("content") or n.get("term") or at(p, 1) or at(p, 0)) + "\n"


def definition(p, n, page):
    return "\n: " + (n.get("defn") or at(p, 0)) + "\n"


# ---------------------------------------------------------------------------------------------------------
# the table: what renders which names (lower case, spaces for underscores)

def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(";") if name.strip()]


_TABLE: list[tuple[Renderer, str]] = [
    (first, """nowrap; nobr; nobreak; nowr; nwr; no wrap; j; small; smaller; smalldiv; small div; larger; large; big; huge; bigger; strong; em; strongbad;
        italics; bold; bold italic; smallcaps; sc; sc1; sc2; aut; asc; small caps; smallcaps all; noitalic; noitalics; nobold; no bold; no italic; normal;
        mvar; math; bigmath; math2; abbr; abbrv; tooltip; define; not a typo; notatypo; typo; as written; proper name; chem name; chemname; mono; monospaced;
        monospace; tt; var; varserif; samp; kbd; block indent; indented; centre; center; left; right; align; overline; underline; u; uline; strike; s; strikethrough;
        deleted text; nastaliq; script/arabic; script/hebrew; script/greek; script/cyrillic; script/armenian; longitem; normalsize; font; dotted underline;
        crossreference; crossref; cross reference; xref; see below; see above; in5; pre2; title; hebrew; arabic; polytonic; unicode; greek; cyrillic; avoid wrap; wbr text;
        em dash text; mathsf; mathcal; mathbf; bracket text; tq; talk quote inline; highlight; hilite; gcl; linktext1; lj; ipalink; ipa link; keyb; flagg; flagdeco text;
        no selflink; self link; selflink; nsl; plain; plaintext; nq; nonspecific; allow wrap; allowwrap; shortened; caps; allcaps; upright; rm; serif; sans-serif;
        sans serif; bigger text; normal text; inline block; inlineblock; nowrap-all; hidden text; lang-latn; kanji; hanja; hiero text; pinyin; interp; interpolation;
        ipa soundbox; starred; noruby; zh-name; noflag; fact check text; text; nbhyphen text; r+; ublist text; cslist text; bq text; asiantitle; anl; annotated link; wikt;
        wiktionary pipe; wt; commons link; species; taxon; speciesname; genus; pagelink; lk; anchor text; stn; station; metro station; tube station; rws; rwsa; stnlnk; railway station"""),
    (first, "formatprice; format price; nts; number table sorting; number sort; n2; sort under"),
    (second, """lang; wikt-lang; lang1; script; font color2; resize; sort; rtl-lang; rtl lang; native name; native phrase; nativename; background color;
        textcolor; plain link; plainlink; sorttext; sortas; text color; keypress text; iw2; interlanguage link forced; nom text; yes text; bgcolor; background; zhongwen;
        lang-script; hover title; hovertitle; ruby-text; wikt inline; tts; script-lang"""),
    (last, """color; colour; font color; fontcolor; font colour; coloured text; colored text; transl; transliteration; tlit; translit; cyrl; su2"""),
    (transliteration, "transl; transliteration; tlit; translit"),
    (every, "linktext; ltx; linkletters; hani"),
    (visible_anchor, "visible anchor; vanchor; vanc"),
    (around("⟨", "⟩"), "angbr; angle bracket; angle brackets; angbr ipa; angbr ortho; vr; gph; grapheme; grapheme2; ⟨⟩; infix"),
    (around("/", "/"), "ipaslink; ipa slash; ipas"), (around("[", "]"), "ipablink; bracket; square brackets; interpolated"),
    (around("{", "}"), "braces"), (around("“", "”"), "dquote; qq; double quote"), (around("‘", "’"), "single quote"),
    (around("⟪", "⟫"), "double angle brackets"), (around("|", "|"), "abs; pipe around; mabs"), (around("√", ""), "radic; sqrt; radical"),
    (around("(", ")"), "paren; parentheses"), (around("[", "]"), "closed-closed; bracketed"), (around("(", ")"), "open-open"),
    (around("[", ")"), "closed-open"), (around("(", "]"), "open-closed"), (around("_", ""), "underscored"),
    (around("⌊", "⌋"), "floor"), (around("⌈", "⌉"), "ceil"), (around("|", "⟩"), "ket"), (around("⟨", "|"), "bra"),
    (listed, "hlist; flatlist; flat list; hlist-comma; comma separated entries; cslist; flex list; csv; enum; and list; hlist inline; dot separated entries; bulleted inline list"),
    (listed, "ubl; ublist; unbulleted list; vunblist; ubil; unbullet; vlist; ubt; unbulleted"),
    (bulleted, "bulleted list; blist; unordered list; ordered list; olist; numbered list; bullet list"),
    (block, """plainlist; plain list; columns-list; column-list; col-list; collist; columns list; columnslist; div col; columns; multicol; cmn; colist; columns-start text;
        div columns; indented plainlist; endplainlist text; flow list; tree list; indent list; col div; columned list; content columns; div-col; stack text"""),
    (quote, """quote; blockquote; bquote; quotation; quote text; block quote; blockquotation; quoteblock; quotetext; pull quote; pullquote; longquote; gbquote; wikiquote text;
        bible quote; quranquote; imagequote text; romquote; quote paragraph; dialogue; script quote"""),
    (centred_quote, "cquote; centered pull quote; centred pull quote"),
    (poem, "poemquote; poem quote; poem; lines; verse text; poem text; stanza; cb poem"),
    (sic, "sic; sic?; typographical error; as in original"),
    (interlanguage, "ill; interlanguage link; interlanguage link multi; ill2; ill-wd2; link-interwiki; iill; lill; interwiki link; ill-wd; red link text; illm"),
    (section_link, "section link; slink; sectionlink; section-link; format link"),
    (web_address, "url; website; official url; url2; web"),
    (key_presses, "key press; keypress; key; key combination; kbd combination; button; pad"),
    (code, "code; codett; inline code; mxtcode; nowikicode; java; python code; key code; codenowrap; c++ text"),
    (html_tag, "tag; xtag; html element; htag; para text"),
    (lambda p, n, page: raised(at(p, 0)), "sup; superscript; smallsup; sup2; ^"),
    (lambda p, n, page: lowered(at(p, 0)), "sub; subscript; smallsub; sub2"),
    (both_scripts, "su; sup sub; subsup; supsub"),
    (number, "num; number; nts text; ntsh text"),
    (format_number, "formatnum; format number; commas; formatnum2; decimals; nmbr; delimitnum; format num"),
    (powers_of_ten, "e; esp; x10^; e-sp; x10; times10; 10^x text; exp"),
    (lambda p, n, page: "10" + superscript(at(p, 0)), "10^; ten to the; pow10"),
    (power, "pow; powers; power"),
    (fractions, "frac; fraction; frac2; fract; vulgar fraction; ifrac"),
    (stacked_fraction, "sfrac; sfraction; stacked fraction; math fraction; tfrac; dfrac; cfrac; overunder text"),
    (constant("½"), "half; 1/2; one half"), (constant("¼"), "quarter; 1/4"), (constant("¾"), "3/4; three quarters"), (constant("⅓"), "1/3"), (constant("⅔"), "2/3"),
    (gaps, "gaps; gap number; digits"),
    (val, "val; value; valu; physics value"),
    (ordinal, "ordinal; ord; ordinal number; nth; ordinal suffix; ordinal to word text"),
    (percentage, "percentage; percent; pct; percent and number text; decpercent"),
    (rounded, "round; rnd; rounddown; sigfig; decimal"),
    (conversion, "convert; conv; convert input; convinfobox; unit convert; conversion; cnvt; convtext; convertit; convert/flip; auto convert"),
    (short_conversion, "cvt; convert abbr; conv abbr; cv; cvt/flip; cvn"),
    (population_density, "pop density; population density; popdens; density"),
    (height, "height; infobox height; hgt"), (weight, "weight; infobox weight"),
    (track_gauge, "track gauge; railgauge; rail gauge; gauge; trackgauge"),
    (expression, "#expr; expr; calc text"),
    (currency, "currency; curr; currency amount; to usd text"), (old_pounds, "£sd; lsd; £.s.d.; pound sd; gbp old"),
    (rupees, "inrconvert; inr convert; indian rupee convert; bdtconvert text"),
    (plain_date, """start date; end date; birth date; death date; dob; date; start-date; end-date; birth-date; death-date; release date; dts; date table sorting; dtsa;
        start date text; launch date; film start; bda text; birthdate; deathdate; dod; launched; isodate; iso date; event date; date of birth; date of death; format date;
        birth date text; datetime; release-date; initial release; nsdate; opening date; closed date; mdy; dmy; date sort; start dates; births date"""),
    (birth_and_age, "birth date and age; bda; birthdate and age; birth date and age2; dob and age; dateofbirth and age; birth date & age; birth date and age text; bdaf"),
    (birth_year_and_age, "birth year and age; bya; birth year & age; birth year and age text"),
    (death_and_age, "death date and age; dda; death date and age2; deathdateandage; death date & age; deathdate and age; death date and given age text; ddaf"),
    (death_year_and_age, "death year and age; dya; death year & age"),
    (dated_text_and_age, "birth-date and age; birth based on age as of date text; birthdateandage"), (dated_texts_and_age, "death-date and age; death-date & age"),
    (start_and_age, "start date and age; start date and years ago; release date and age; established date and age; start-date and age; founded date and age; opened date and age; launch date and age"),
    (age, "age; age as of date text; age in years; years since; yearspassed; ageyears; years from; age nts; age in years nts; ayr"),
    (age_in_days, "age in days; days since; days elapsed; age in days nts; daysbetween"),
    (age_in_parts, "age in years, months and days; age in years, months, and days; aymd; ymd; age in years and months; age in years and days; ayd; age in years, months, weeks and days; duration in years text; time span text"),
    (as_of, "as of; asof; since"),
    (years_ago, "mya; ma; million years ago; mya text"),
    (old_style, "oldstyledate; old style date; os date"), (old_style, "oldstyledatedy; oldstyledatenny; oldstyledateyy; oldstyledate-ru"),
    (spanned("c."), "circa; c.; ca; ca.; circ; cx; approx; approximately; circ."), (spanned("fl."), "floruit; fl.; fl; flourished"), (spanned("r."), "reign; r.; reigned; ruled"),
    (spanned("b."), "b.; born; b"), (spanned("d."), "d.; died; d; died in"), (spanned("m."), "married in; m."),
    (joined("–"), "dash year; year range; ndash range; range; from-to; en dash range; dash"),
    (marriage, "marriage; married; marr; wed"), (film_dates, "film date; tv date; filmdate"), (released, "vgrelease; video game release; vgrelease new; vgr; vgrtbl; video game release new; collapsible list text"),
    (current("year"), "currentyear; localyear; this year; currentyear text"), (current("month"), "currentmonthname; currentmonth name; localmonthname"), (current("day"), "currentday; localday"), (current("date"), "currentdate; today; date today"),
    (language_named, "langx; lang-x; language with name; lang-xx"), (russian, "lang-rus; lang-rus2"),
    (sound, "ipa; ipa2; ipanotation; ipa text; phon; ipa inline"), (english_sound, "ipac-en; ipa-c-en; ipaen; ipac-en-us; ipa-cen"), (respelling, "respell; pronunciation respelling; respelling"),
    (first, "usdict; pronunciation; ipa-en text; h:ipa; h:ipa2; pron; sampa"), (lambda p, n, page: f"/{at(p, 0).strip('/[]')}/" if at(p, 0) else "", "ipa-en; pron-en; ipaeng; ipa-en-us"),
    (chinese, "zh; lang-zh; zh-cp; zh-tp; zh-stp; zh-c; zh-t; zh-s; zh-full; chinese; zh-full2; zh-tsp; zh-cpl; zh-cw; cjkv; zho"), (korean, "korean; lang-ko2; ko-hhrm; ko-hhrmref; ko-hrm; korean2; ko-hangul; infobox korean text"),
    (japanese, "nihongo; nihongo title; nihongo-s; nihongo core; japanese; nihongo text; nihongo2 text; jap; lang-ja2"), (lambda p, n, page: at(p, 0), "nihongo2; nihongo foot; nihongo-foot; nihongo footnote; nihongo ref"),
    (japanese_roman_first, "nihongo3; nihongo-romaji first"), (japanese_kanji_first, "nihongo krt; nihongo kanji first"),
    (lambda p, n, page: f"{at(p, 0)} ({at(p, 1)})" if at(p, 1) and at(p, 0) else at(p, 0) or at(p, 1), "nihongo4; nihongo4 text; nihongo 4"),
    (literal, "lit; literal; literal translation; literally; literal trans; lit."), (gloss, "gloss; gloss2; single+double; single; singlequote; smallquote; translation; langgloss; lang gloss"), (etymology, "etymology; ety; etym"),
    (ruby, "ruby; ruby-ja; furigana; rubi; ruby-zh-p; ruby-zh-b; ruby-py; ruby-kanji"), (unicode_character, "unichar; unicode char; u+; unichar/glyph; uni"), (musical, "music; musical note; mus"),
    (formula, "chem; chem/link; chemf; chemical formula; ce text"), (formula_line, "chem2; chem 2; ce; chemform"), (nuclide, "nuclide; simplenuclide; nuclide2; simplenuclide2; nuclide/link; isotope; nuclidelink; simplenuclidelink; physics particle text"),
    (mathematics, "tmath; tex; latex; m text; math tex; mathtex"), (interval, "intmath; intervals"),
    (right_ascension, "ra; rasc"), (declination, "dec; dms; deg min sec; decl"), (minor_planet, "mpl; mp; mpl-; minor planet; mpl1"),
    (any_ship, "ship; ship prefix; vessel"), (ship_class, "sclass; sclass-; sclass2; sclass2-; ship class; sclass3; ship class link; shipclass; sclass-2; warship class"),
    (country, "flag; flagu; flagcountry; country; flagc; flag country; flaglink; fb; fbw; fb-rt; nft; flagcountry2; flag+link; flagu-link; ru; ru-rt; cr; cr-rt; bk; ih; hb; vb; wp; cric; rl; flagcty; fbu; flag2; flagright; flag-cgf; fbicon text; crw; flag big; noflag2; country flag; flagicon link; flagmedia; flagcgf; flagpbc"),
    (country, "flagioc; flagioc2; flagioc2team; flagiocshort; flagpasog; flagsea; flagasian; flagncaa; flagiocteam; flagiocathlete team"), (athlete, "flagathlete; flagiocathlete; flagiocmedalist; flagipcmedalist; flagipcathlete; flagcgfathlete; flagpasogathlete; flagipc; flagdeco athlete; sportsperson; flagioc3athlete"),
    (person_name, "sortname; sort name; last name first; sortname-link; ln"), (season, "nhly; nbay; nbly; nhl year; nba year; ahly; season year; mlsy text; wnbay text"), (record, "win–loss record; win-loss record; winloss; wlr; win-draw-loss record; football record"),
    (first, "mlby; nfly; by; baseball year; mlb year; cfly; nfl year; afly; mlsy; by2; yr; wlby; wnbay; avyear; fa year; year link; yearlink; scy; fcy; lby; oly; winter olympic year; mlb yr; gfly; hofy; aagpby; nlby; cbbyear; decade link; decade; century link; century; cent; century name; millennium"),
    (team_link, "cfb link; cbb link; cfb team link; cbb team link; college football link; cfl link; ncaa link; college basketball link; bcs link"),
    (harvard(True), "harvtxt; harvcoltxt; harvard text; harvs text; citet"), (harvard(False), "harvnb; harvcol; harvcolnb; harvid text; citealp; harvp text"), (harvard_parenthesis, "harv; harvard citation; harvp; citep"),
    (verse, "bibleverse; bibleref; bibleref2; bible verse; sourcetext; bibleverse-nb; bible ref; bibleverse with invisible space; bibleref2-nb; bv; bible; lxx text; bibleverse nb; bible text"),
    (lambda p, n, page: "Quran " + ":".join(x for x in p[:2] if x), "cite quran; qref; quran; quran-usc; quran ref; sura; ayah; quran verse; cite q text"),
    (labelled("ISBN"), "isbn; isbnt; isbn-link; isbn link"), (labelled("ISSN"), "issn; issn link; issnt"), (labelled("OCLC"), "oclc; oclc link"), (labelled("doi:", ""), "doi; doi link; doi-inline; cite doi text"),
    (labelled("arXiv:", ""), "arxiv; arxiv link"), (labelled("PMID"), "pmid; pmid link"), (labelled("RFC"), "rfc; ietf rfc; ref rfc; rfc link"), (labelled("JSTOR"), "jstor; jstor link"), (labelled("Bibcode:", ""), "bibcode; bibcode link"), (labelled("LCCN"), "lccn; lccn link"),
    (labelled("U.S. patent"), "us patent; uspatent; us patent application; patent us; us pat; ref patent text"), (labelled("p."), "p.; page; pg"), (labelled("pp."), "pp.; pages"), (labelled("vol."), "vol.; vol; volume"), (labelled("§"), "sect; section sign; sectionsign; §"),
    (lambda p, n, page: f"{at(p, 0)} U.S.C. § {at(p, 1)}", "unitedstatescode; usc; uscode; usc-title-chap; united states code"), (lambda p, n, page: f"{at(p, 0)} U.S. {at(p, 1)}", "ussc; scite text; united states reports"),
    (stock("NYSE"), "nyse; nyse2; new york stock exchange"), (stock("Nasdaq"), "nasdaq; nasdaq2"), (stock("LSE"), "lse; london stock exchange"), (stock("TYO"), "tyo; tse; tokyo stock exchange"), (stock("SEHK"), "sehk; hkse; hkex"), (stock("NSE"), "nse"), (stock("BSE"), "bse"), (stock("TSX"), "tsx"), (stock("ASX"), "asx"), (stock("Euronext"), "euronext; euronextparis; euronext paris"), (stock("FWB"), "fwb; etr; frankfurt"), (stock("KRX"), "krx"), (stock("SSE"), "sse"), (stock("SZSE"), "szse"), (stock("NYSE American"), "amex; nyse american"), (stock("BIT"), "bit"), (stock("SIX"), "six; swx"), (stock("BMAD"), "bmad; bolsa de madrid"), (stock("OTC Pink"), "otc pink; otcpink; otcmarkets"), (stock("OMX"), "omx"),
    (conditional, "#if; if empty text; ifempty"), (compared, "#ifeq"), (upper, "uc; uppercase; ucase"), (lower, "lc; lowercase text; lcase"), (upper_first, "ucfirst; sentence case; ucfirst:"), (lower_first, "lcfirst; decapitalize"),
    (page_name, "pagename; fullpagename; basepagename; subpagename; pagename base; pagenamebase; page name; title without disambiguator; subjectpagename; articlepagename"),
    (term, "term; glossary term; glossterm; dt"), (definition, "defn; definition; gdef; dd; glossary definition"),
    (joined(" "), "multiple names; spaced; words; script2"), (joined("/"), "slash; / joined; slashed"), (joined("×"), "times joined"),
    (constant(" – "), "snd; spnd; sndash; spaced ndash; spaced en dash; snds; spaced en dash space; s-nd; dash spaced; ndash spaced; – spaced; nbsp ndash; spndash; ndashspaced; –spaced"),
    (constant("–"), "ndash; en dash; endash; –; nsndash; nbndash; ndashb"), (constant("—"), "mdash; em dash; emdash; —; mdashb; -- ; --; nbmdash; dash2"), (constant(" — "), "spaced mdash; spaced em dash; smd; smdash; spaced emdash; smdsh; s-md"),
    (constant(" "), "nbsp; spaces; space; nbs; thinsp; thin space; hair space; hairsp; 0ws; zwsp text; spc; sp; tsp; narrow no-break space; nnbsp; figure space; em space; ensp; emsp; en space; indent; pad; ws; gap; hsp; nb; break nbsp; 3nbsp; 2nbsp; nb5; nb10; space+; ·nbsp"),
    (constant(""), "zwsp; wbr; shy; zwnj text; zwj text; zero width space; zwsp2; nowrap begin; nowrap end; nobr begin; nobr end; wrap; wj; 0; null; void; lrm; rlm; empty; -; clear; clr; clear left; clear right; clearleft; clearright; anchor; anchors; anc; rtl text; nop; nnl; noprint begin; nbsp begin; midsize; br separated entries text; quote end"),
    (constant("'"), "'; apostrophe; apos; ’"), (constant("'s"), "'s; ’s; s'text"), (constant("' \""), "' \"; '\"; nbsp'\""), (constant("\" '"), "\" '; \"'"), (constant("\""), "-\"; \"; \"-; quotation mark; dq"), (constant("'"), "-'; '-"), (constant("ʻ"), "ʻ; okina; ʻokina; wg-apos; hamza text"), (constant("ʼ"), "hamza; ayin right; ʼ"), (constant("ʿ"), "ayin; ʿ"), (constant("ʾ"), "hamza2; ʾ; alif"),
    (constant(PIPE), "!; pipe; |; vert; vertical bar; mid"), (constant(EQUALS), "=; equals; equal"), (constant(PIPE * 2), "!!"), (constant("{"), "(; lcub; open brace"), (constant("}"), "); rcub; close brace"), (constant("&#123;&#123;"), "((; double open brace"), (constant("&#125;&#125;"), ")); double close brace"), (constant("&#91;"), "lbrack; bracket open; ("), (constant("&#93;"), "rbrack; bracket close"), (constant("#"), "number sign; hash; #"), (constant("&#58;"), "colon; :"), (constant("*"), "asterisk; *; ast"), (constant(";"), "semicolon; ;"), (constant("~"), "tilde"),
    (constant(" · "), "·; dot; middot; dotsep; middot spaced; int dot text; bold middot; •·"), (constant(" • "), "•; bullet; bull; bullets"), (constant("⋅"), "sdot; dot operator; cdot; ⋅; int dot"), (constant(" / "), "\\; /; slash spaced; spaced slash"), (constant("..."), "...; ellipsis; …; dots"), (constant("′"), "prime; ′; prime symbol"), (constant("″"), "pprime; double prime; ″"), (constant("°"), "deg; degree; degrees; °; degree symbol; degree sign"), (constant("−"), "minus; −; minus sign"), (constant("+"), "plus; plus sign"), (constant("×"), "times; ×; x mult; multiply; times sign"), (constant("±"), "pm; ±; +-; +/-; plusminus; plus-minus; plusmn"), (constant("÷"), "divide; div; ÷"), (constant("≈"), "approx sign; ≈"), (constant("∞"), "infinity; infin; ∞"), (constant("→"), "rarr; →; arrow"), (constant("⇌"), "eqm; equilibrium; chem eqm; rlharpoons"), (constant("†"), "dagger; †; dag"), (constant("‡"), "double-dagger; double dagger; ddagger; ‡"), (constant("π"), "pi; π"), (constant("∫"), "integral"), (constant("∑"), "sum"), (constant("φ"), "phi"), (constant("μ"), "mu symbol; micro"), (constant("♯"), "sharp; music sharp"), (constant("♭"), "flat"), (constant("♮"), "natural"), (constant("✓"), "check mark; tick; checkmark; aye; y&; check; tick mark; check mark-n; ya"), (constant("✗"), "cross mark; cross; x mark; xmark; na mark; nay; x mark-n; ballot x"), (constant("☆"), "star"), (constant("M☉"), "solar mass; solarmass; m☉"), (constant("R☉"), "solar radius"), (constant("L☉"), "solar luminosity"), (constant("M⊕"), "earth mass"), (constant("R⊕"), "earth radius"), (constant("MJ"), "jupiter mass"), (constant("RJ"), "jupiter radius"), (constant("♂"), "male; ♂"), (constant("♀"), "female; ♀"), (constant("℮"), "estimated sign"), (constant("№"), "numero; no. ; №; numero sign"), (constant("§"), "section mark"), (constant("¶"), "pilcrow"), (constant("©"), "copyright symbol"), (constant("℞"), "rx"), (constant("⅋"), "par sign"), (constant("c. "), "circa text"), (constant("ſ"), "long s"), (constant("þ"), "thorn"), (constant("Alt"), "alt key"),
    (constant("Yes"), "yes; ya text; yes2; yes-no yes"), (constant("No"), "no; no2; nay text"), (constant("N/A"), "n/a; na; not applicable"), (constant("TBA"), "tba; to be announced"), (constant("TBD"), "tbd"), (constant("Unknown"), "unknown; dunno"), (constant("Won"), "won; won award"), (constant("Nominated"), "nom; nominated"), (constant("Pending"), "pending"), (constant("Partial"), "partial; some"), (constant("Included"), "included"), (constant("\n"), "break; crlf; crlf2; -br; br; linebreak; brn; newline; ubreak"), (constant(" ("), "lpar"), (constant("BC"), "bc; bce text"), (constant("AD"), "ad; ce text"), (constant("BCE"), "bce"), (constant("H2O"), "water; h2o"), (constant("CO2"), "co2; carbon dioxide"), (constant("LaTeX"), "latex logo; latex text; latex symbol"), (constant("TeX"), "tex logo; tex symbol"), (constant("C++"), "cpp; cplusplus"), (constant("C#"), "csharp; c sharp"), (constant("F#"), "fsharp; f sharp"),
]

# Templates with no prose in them, by name and by pattern; everything else that is not in the table counts as unknown.
_SILENT = set(_names("""citation; citation needed; cn; fact; cb; cite; sfn; sfnp; sfnm; sfnmp; sfnref; harvid; harvrefcol; efn; efn-ua; efn-la; efn-lr; efn-lg; efn-ur; efn-ug; efn note; refn; notetag; ref; note; ref label; note label; ref tag;
    reflist; references; refs; notelist; notelist-ua; notelist-la; notes; rp; r; ran; refbegin; refend; clarify; when; who; whom; which; where; why; how; by whom; by whom?; according to whom; whose; dead link; deadlink; dead; page needed; pn; page number needed;
    full; full citation needed; fcn; verify source; failed verification; fv; not in citation given; nicg; dubious; disputed inline; disputed; vague; weasel inline; or; original research inline; synthesis inline; specify; quantify; better source; better source needed; bsn;
    unreliable source?; unreliable source; self-published inline; primary source inline; primary-source inline; third-party inline; update inline; update after; outdated; needs update; clarify timeframe; citation needed span text; cite check; citation style; lead too short; relevance inline; relevance; undue weight inline; undue weight; pov; pov statement; pov-statement; peacock inline; peacock term; buzzword inline; contradict inline; contradictory inline; self-contradictory; chronology citation needed; medical citation needed; mcn; medref; year needed; year missing; date missing; title missing; volume needed; author missing; issn needed; isbn missing; isbn needed; non-primary source needed; obsolete source; opinion; attribution needed; improper synthesis?; editorializing; needs independent confirmation; explain; examples; example needed; expand acronym; expand list; incomprehensible inline; awkward; copyedit inline; technical inline; tone inline; speculation inline; sync; time needed; nonspecific text; retracted; rs; lopsided; jargon inline; check quotation; quote without source; verification needed; vn; verify credibility; verify; citation need; more detail; further explanation needed; fix; inline tag; prove it; qualify evidence; discuss; ambiguous; ambiguous link; disambiguation needed; dn; importance inline; inconsistent; importance example; as of? ; infringing link; cbignore; webarchive; wayback; subscription required; subscription; registration required; closed access; open access; free access; link note; retrieved; accessdate; inflation; inflation-fn; inflation/fn; inflation-year; inflation year; format price text;
    main; main article; main articles; main category; main list; mainarticles; see; see also; see-also; also; further; further information; further2; furtherinfo; details; details3; about; about2; about-distinguish; for; for2; for multi; other uses; other uses2; other uses of; other; otheruses; other people; other places; other hurricanes; other ships; two other uses; three other uses; redirect; redirect2; redirect3; redirect4; redirect-several; redirect-multi; redirect-distinguish; redirect-distinguish2; redirect-synonym; redirect for; redirects here; distinguish; distinguish2; confused; confuse; not to be confused with; hatnote; hatnote inline; rellink; dablink; disamb link; self reference; selfref; broader; broad concept; sub article; subarticle; list main; ordered hatnote; this; technical reasons; correct title; correct title2; lowercase title; lowercase; lower case title; displaytitle; italic title; italictitle; italic dab; no italic title; title language; short description; short desc; shortdescription; sd; use dmy dates; use mdy dates; engvarb; engvaro; engvar; bots; nobots; good article; featured article; featured list; featured portal; ga icon; pp; protected; semi-protected; portal; portal bar; portal-inline; portals; portal box; commons; commons category; commonscat; commons cat; commons-inline; commonscat-inline; commons category-inline; commons category multi; commons and category; commons cat inline; wikiquote; wikiquote-inline; wikibooks; wikibooks-inline; wikibookspar; wikisource; wikisource-inline; wikisource author; wikisource author-inline; wikisource lang; wikisourcelang; wikisource1911enc; wikispecies; wikispecies-inline; wiktionary; wiktionary-inline; wiktionary pipe box; wiktionarypar; wiktionary category; wikiversity; wikiversity-inline; wikivoyage; wikivoyage-inline; wikinews; wikinews category; wikidata; wikimedia; sister project links; sisterlinks; sister links; sister project; sisterproject; sister-inline; subject bar; library resources box; library resources about; authority control; authority control (arts); taxonbar; taxobox; speciesbox; automatic taxobox; subspeciesbox; hybridbox; normdaten; coord; coord missing; coords; coor; coor dms; coor d; coor title dms; coor title d; coor at dms; coord display; geodata; geogroup; geogroup template; kml; attached kml; gbmapping; gbm4ibx; maps; osm relation; osmrelation-inline; osmrelation; defaultsort; default sort; displaytitle2; audio; listen; listen-inline; multi-listen start; multi-listen item; multi-listen end; pronunciation file; spoken wikipedia; spoken wikipedia boilerplate; spoken article; external media; external music video; external image; external video; image; photomontage; css image crop; css crop; wide image; tall image; panorama; multiple image; double image; triple image; gallery; image frame; image array; annotated image; annotated image 4; superimpose; superimpose2; location map; location map+; location map many; location map~; image label; image label begin; image label end; image label small; side by side; perseus text; preloaded image; infobox; taxobox name; navbox; navboxes; navbox with columns; navbox with collapsible groups; navboxes top; navboxes bottom; sidebar; sidebar with collapsible lists; campaignbox; wide template; footer; geographic location; adjacent communities; adjacent stations; s-start; s-end; s-bef; s-ttl; s-aft; s-off; s-hon; s-ppo; s-par; s-new; s-non; s-rel; s-reg; s-roy; s-mil; s-gov; s-inc; s-vac; s-break; s-ach; s-sports; s-prec; s-civ; s-acad; s-dip; s-hou; s-pre; s-other; s-rail; s-line; s-rail-start; start box; end box; end; succession box; start; startbox; endbox; succession footer; succession; incumbent succession box; ref improve; refimprove; more citations needed; more citations; no footnotes; more footnotes; more footnotes needed; unreferenced; unreferenced section; unsourced; citations missing; citation missing; primary sources; one source; multiple issues; article issues; expand section; expand; expand language; expert needed; expert-subject; empty section; cleanup; cleanup section; cleanup rewrite; cleanup-reorganize; tone; advert; copy edit; copyedit; notability; orphan; stub; update; update section; globalize; lead rewrite; lead missing; lead extra info; long; very long; too many photos; overly detailed; technical; confusing; essay-like; essay; news release; fansite; fan pov; in-universe; plot; long plot; no plot; prose; list to prose; trivia; in popular culture; merge; merge to; merge from; mergeto; mergefrom; merge portions from; split; split section; splitting; split2; move; move portions; rfd; afd; proposed deletion; prod blp; prod; current; current related; recent; recentism; under construction; in use; inuse; hoax; sources exist; sources; coi; autobiography; blp sources; blp unsourced; blp primary sources; undue; contradict; contradicts other; criticism section; disputed section; npov; pov section; pov-section; pov check; synthesis; original research; weasel; peacock; unbalanced; systemic bias; too few opinions; unreliable sources; self-published; third-party; ambox; dmbox; ombox; article for deletion/dated; refimprove section; overlinked; underlinked; dead end; uncategorized; improve categories; cat more; close paraphrasing; db; copypaste; translation; rough translation; not english; cleanup-translation; restructure; sections; section; condense; very long section; manual; howto; guidebook; game guide; story; summary style; inappropriate tone; review; abbreviations; incomplete; incomplete list; dynamic list; expand list box; complete list; inc-up; inc-lit; inc-film; inc-tv; inc-video; contains special characters; contains chinese text; contains tifinagh text; ipa notice; contains cyrillic text; special characters; toc; toc limit; toc right; toc left; tocleft; tocright; toc hidden; compact toc; compacttoc; horizontal toc; toc top; toc level; notoc; a-z toc; alphabetical toc; list toc; lunar coords and quad cat; div col end; div col start; div-col-end; div col end2; colbegin; colend; col-begin; col-begin-small; col-start; col-end; col-break; col-2; col-3; col-4; col-5; col-6; col-float; col-float-break; col-float-end; col-1-of-2; col-2-of-2; col-1-of-3; col-2-of-3; col-3-of-3; col; colend2; columns-start; columns-end; column; endplainlist; endflatlist; plainlist end; end plainlist; end flatlist; startplainlist; startflatlist; end div col; glossary; glossary end; glossend; glossary begin; hidden; hidden begin; hidden end; hidden-end; collapse top; collapse bottom; collapsed top; collapsible list; collapsible section; collapsed infobox section end; collapsed infobox section begin; stack; stack begin; stack end; stackbegin; stackend; flagicon; flag icon; flagicon image; flag deco; flagdeco; fbicon; flagg icon; flagicon2; country data; noflag; emoji; icon; color box; colorbox; colour box; colorsample; colorbull; legend; legend0; legend2; legend-line; legend inline; legendline; increase; decrease; steady; increaseneutral; increasenegative; decreasepositive; decreaseneutral; up; down; gain; loss; nochange; profit; won icon; medal; gold medal; silver medal; bronze medal; gold1; silver2; bronze3; goldmedal; silvermedal; bronzemedal; gold; gold01; silver02; bronze03; med; sort key; ntsh; dtsh; hs; hsp2; sortkey; hidden sort key; hidden sort; goal; yel; sent off; subon; suboff; sub on; sub off; pengoal; penmiss; pengoal2; penmiss2; soccer icon; cite; ussc citation text; official website; official; official website-inline; imdb name; imdb title; imdb event; imdb company; imdb episode; imdb; rotten tomatoes; rotten-tomatoes; rotten tomatoes person; metacritic film; metacritic; mojo title; box office mojo; allmovie; allmovie title; amg movie; allmusic; discogs; discogs artist; discogs master; musicbrainz; musicbrainz artist; myspace; facebook; twitter; instagram; youtube; youtube channel; linkedin; github; find a grave; findagrave; gutenberg; gutenberg author; gutenberg book; librivox; librivox author; librivox book; internet archive; internet archive author; internet archive film; internet archive short film; ol author; ol work; openlibrary; goodreads author; isfdb; isfdb name; isfdb title; iblist name; worldcat id; worldcat; google books; google book; google maps; dmoz; curlie; curlie2; nyttopic; new york times topic; guardian topic; guardiantopic; bbc online; bbc programme; c-span; charlie rose view; npg name; iep; sep; sep entry; inpho; philpapers; in our time; iot; dads; mathworld; planetmath; planetmath attribution; springer; springereom; eom; nlab; oeis el text; mactutor; mactutor biography; mathgenealogy; prabook; hathitrust; projectmuse; tv.com; tv.com show; epguides; tvguide; tv guide show; ann name; anime news network; ann; mobygames; klov game; freshmeat; openhub; ohloh; eol; itis; ncbi; ncbi taxonomy; wikispecies link; iucn; iucn status; iucn map; avibase; xeno-canto species; fishbase; msw3; birdlife; gbif; nrdb species; atp; itf profile; itf; wta; daviscup player; tennishof; baseballstats; footballstats; basketballstats; hockeydb; eliteprospects; sports reference; sports-reference; olympedia; soccerway; national-football-teams; nfl player; transfermarkt; fifa player; uefa player; espncricinfo; cricinfo; cricketarchive; eb1911; cite eb1911; 1911; eb1911 poster; catholic; catholic encyclopedia; americana; americana poster; collier's poster; cite americana; nsrw; nsrw poster; eb9; cite eb9; ws; source-attribution; citation-attribution; include-nasa; include-eb; include-usgov; dnb poster; usgovpd; pd-notice; free-content attribution; free content attribution; foldoc; freedict; country study; cia world factbook; cia world factbook link; statedept; usdos; loc; govpubs; wikiatlas; wikimapia; wikitravel; geonames; gnis; geonet2; geodis; books-inline; wikicite text; wikipedia books; wikipedia-books; book bar; wikipedia timeline; intitle; lookfrom; look from; prefix; canned search; search; tl; tlx; tlc; tld; para; template link; family tree; familytree; familytree/start; familytree/end; chart; chart/start; chart/end; chart top; chart bottom; tree chart; tree chart/start; tree chart/end; tree list/end; clade; cladex; clade gallery; cladogram; phylogeny; userboxtree; graph; graph:chart; graph:map; graph:pageviews; graph:lines; line chart; bar chart; pie chart; bar box; bar percent; bar pixel; bartable; stacked bar; chart bar; historical populations; historical population; us census population; population; largest cities; weather box; climate chart; climate box; infobox weather; data box; ratings text; album ratings; album reviews; music ratings; professional ratings; video game reviews; film and game ratings; vg reviews; film ratings; television critical response; certification table top; certification table entry; certification table bottom; certification; single chart; album chart; singlechart; albumchart; track listing; tracklist; tracklisting; extra chronology; extra album cover; extra track listing; episode list; episode list/sublist; episode table; episode table/part; series overview; japanese episode list; television season ratings; cast listing text; filmography table begin text; filmography table end; awards table; graphic novel list; graphic novel list/header; graphic novel list/footer; numbered block; equation box 1; chess diagram; chess diagram small; chess position; goban 9x9; go board 9x9; bots text; routemap; bs-map; bs-header; bs-table; bs-table1; bs; bs2; bs3; bs4; bs5; bs-daten; rail line; rail line three to two; railway line; rail line next; jctint; jctco; jctbtm; jcttop; jctplace; jctrdt; jct text; attached kml2; maplink; mapframe; osm location map; ahnentafel; ahnentafel top; ahnentafel bottom; ahnentafel-compact5; ahnentafel-compact4; pedigree; election box begin; election box end; election box candidate with party link; election box candidate; election box turnout; election box hold with party link; election box gain with party link; election box majority; election box total; election results; election table; ebox; party color; party color cell; party shading; party name with color; canadian party colour; australian party style; partycolor; fs start; fs player; fs end; fs mid; fs break; football squad; football squad start; football squad player; football squad end; football squad mid; fb start; fb end; fs2 start; fs2 end; nat fs start; nat fs g start; nat fs player; nat fs g player; nat fs end; nat fs break; nat fs r start; nat fs r player; footballbox; football box; football box collapsible; footballbox collapsible; basketballbox; rugbybox; rugbybox collapsible; vb res; single-innings cricket match; limited overs matches; limitedovers; test match; two-legged result; fb cl header navbar; cycling race/generalclassification; 4teambracket; 8teambracket; 16teambracket; 32teambracket; team bracket; round8; round16; round4; 2teambracket; 3rdplace; sports table; nfl roster text; cbb roster/header; cbb roster/player; cbb roster/footer; cfb schedule; cfb schedule start; cfb schedule entry; cfb schedule end; cbb schedule entry; cbb schedule start; cbb schedule end; gamelog header; mlb game log section; infobox gridiron; medaltemplates; medaltop; medalsport; medalcountry; medalcompetition; medalgold; medalsilver; medalbronze; medalbottom; medaltableTop; spaceflight crew; infobox spaceflight/ip; infobox spaceflight/dock; chembox; drugbox; chembox elements; elementbox; isotopes table; infobox isotope; enzyme; gnf protein box; pbb; protein; pfam box; medical resources; medical condition classification and resources; diseasesdb; icd10; icd9; medlineplus; emedicine; emedicinesubj; emedicinetopic; mesh name; omim; gesture; geobox; mountain index; gridref; os grid text; oscoor; gbgridref; gb grid; infobox mapframe; compare image with wikidata; wikidata image; wikidata entity link; cslist end; quote box; quotebox; quote box2; rquote; quotation box; pullbox; side box; sidebox; boxquote; right quote text; frame footer; frame top; redirect template; r from; rcat shell; redirect category shell; nutritional value; nutritionalvalue; infobox nutritional value; periodic table; compact periodic table; element cell; category handler; catmain; cat main; cat see also; category tree; category tree all; categorytree; cat diffuse; container category; tracking category; maintenance category; possibly empty category; wikipedia category; commons category link; allpages; list of letters; mergedmap; transcluded section; excerpt; section excerpt; trim; trimmed; lorem ipsum; dummy; formatting error; error; increase text; nowiki text; yesno; dubious span; nofollow; #tag; #invoke; #section; #lst; #lsth; #babel; #coordinates; #assessment; #time; #dateformat; #related; #property; #statements; #switch; #ifexist; #iferror; #ifexpr; #language; #formatdate; plural; gender; int; ns; urlencode; anchorencode; fullurl; localurl; filepath; padleft; padright; currenttime; currentdow; currentweek; numberofarticles; numberofusers; numberofpages; numberofedits; numberofadmins; numberoffiles; numberofactiveusers; sitename; server; revisionid; revisionuser; noexternallanglinks; subst:void; prettytable; notice; caution; archive; talk header; wikiproject banner; user; userlinks; welcome; unsigned; done; not done; reply; ping; tmbox; mbox; sandbox; doc; documentation; tfd; cfd; mfd; being merged; stubs; kia; full stop text; use; wikify; dead-end; birth date needed; lifetime; bd; persondata; persondata2; link fa; link ga; link fl; interwiki conflict; nobots2; mvar note; cs1 config; reference column heading; goal scorer; harvs; sfnlink; refhidden; sfn whitelist; wikicite; cite sources; ref needed; peerage image; authority; peerage; s-tul; s-culture; s-media; s-legal; s-bus; s-court; academic genealogy; ill end; lang icon; 2x; portal frame; navigation; portal navbar; family tree of; ; transcluding article; redr; orres; for loop; css; nohyphens; attached media; ogg; video; multi-video start; multi-video item; multi-video end; external timeline; timeline; timeline of; horizontal timeline; simple horizontal timeline; graphical timeline; include timeline; fossil range; fossilrange; geological range; long fossil range; phanerozoic 220px; mapcaption; map caption; image hoax; legend row; legend start; legend end; lower; shortcut; redirect list; disambiguation; disambig; dab; hndis; surname; given name; geodis2; disambiguation page; given names; names; nickname; set index article; sia; shipindex; mil-unit-dis; school disambiguation; hospital disambiguation; human name disambiguation; place name disambiguation; airport disambiguation; letter-number combination disambiguation; mathematical disambiguation; numberdis; letter disambiguation; call sign disambiguation; species latin name disambiguation; species latin name abbreviation disambiguation; taxonomy disambiguation; genus disambiguation; roaddis; road disambiguation; stationdis; station disambiguation; chinese title disambiguation; synagogue disambiguation; disambiguation cleanup; music disambiguation; wikipedia disambiguation; lead too long; mountainindex; roadindex; sportindex; plant common name; plantcommonname; animal common name; fungus common name"""))
_SILENT_PATTERN = re.compile(
    r"(?:cite|citation|vcite|infobox|use|pp-|pp |sfn|efn|infobox:|navbox|campaignbox|s-|toc |wikiproject|user |graph:|election box|football box|"
    r"cfb |cbb |bs-|routemap|rail |#tag|#invoke|#switch|\w+ weatherbox|\w+ sidebar|needs |clarify|expand |unreferenced|taxonomy/|mtd |aligned table|"
    r"col-\d|col-|multi-listen|image label|location map|certification|medical |infobox/|largest cities|navseasoncats|in lang|link |module:|import style|"
    r"wikisource|wikinews|wikivoyage|commons |wiktionary |librivox|gutenberg|imdb|defaultsort|displaytitle|protected areas of|film awards|r from|r to|template|"
    r"usstat|weather box|climate|demographics|us census|historical pop|chart |clade|tree |family|r:|copied|db-|merge|split|"
    r"main |main/|see also |further |redirect|about |other |hatnote|distinguish|latest stable|latest preview|wikidata)"
    r"|.*(?: stub|-stub|-inline| inline| icon| sidebar|infobox| navbox| footer| topics| topic| weatherbox|reflist|-sidebar| needed| notelist|navigation| succession box|"
    r" labelled map| category| categories| cat)$")

_ELEMENT_NAMES = {name: constant(symbol) for name, symbol in ELEMENTS.items() if name not in ("lead", "tin", "gold", "silver", "mercury")}
_SHIPS = ("USS HMS SS RMS SMS HMAS HMCS HMNZS HMT HMHS HNLMS HDMS HSwMS HNoMS ORP MV MS MT RV RRS USNS USCGC USAT USAHS USRC CSS HMY HMCSS PS TSS "
          "INS ARA BAP SAS KRI JDS JS ROKS BNS PNS FGS GTS MSC RFA TS TSMV SMU SM USLHT USC&GS LE ARM BRP HTMS KD RSS KNM FS NRP TCG USFS USAV USSB "
          "RMMV CCGS CGS SMCS HIJMS ARC BAE SY MY NS NMS LPG LNG FV GWR MVS MF SAR HMM").split()


def _build() -> dict[str, Optional[Renderer]]:
    table: dict[str, Optional[Renderer]] = {name: None for name in _SILENT}
    table.update(_ELEMENT_NAMES)
    table.update({prefix.lower(): ship(prefix) for prefix in _SHIPS if prefix not in ("MS", "PS", "TS", "FS", "SM", "LE", "NS", "FV", "MF", "SAR", "LPG", "LNG")})
    table.update({code: money(symbol) for code, symbol in _CURRENCY.items() if code not in ("won", "peso", "try", "dollar")})
    table["inr"] = table["₹"] = rupees
    for renderer, names in _TABLE:
        table.update(dict.fromkeys(_names(names), renderer))
    table[";"] = constant(";")
    table["won"] = constant("Won")
    table.update({code.lower(): constant(name) for code, name in COUNTRIES.items() if len(code) == 3 and code.lower() not in table})
    return table


_FOUND = _build()


def find(name: str) -> Optional[Renderer]:
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
    if _SILENT_PATTERN.match(name):
        return None
    return UNKNOWN
