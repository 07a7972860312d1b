"""Numbers as {{convert}} reads them ("1,234.5", "5+1/2", "-1.2e6") and shows them (grouped, rounded, 1.2×10¹¹)."""

import re
from math import floor, gcd, log10, modf
from typing import NamedTuple

MOST_DIGITS = 14  # significant ones of a result
FUDGE = 2e-14  # so that 5.55 is rounded up though the machine holds 5.5499999999999998


class Value(NamedTuple):
    """A number of the input."""

    number: float
    digits: str  # as written, without sign and separators: tells the precision
    shown: str
    one: bool  # the unit stays singular
    denominator: int = 0
    in_hands: float = 0.0  # 14.1+3/4 hands are 14 hands and 1.75 inches: there the fraction counts a tenth
    change: bool = False  # stands behind ±


class Shown(NamedTuple):
    """A number of the result."""

    text: str  # with its sign
    sign: str
    rounded: float  # without sign
    exact: float
    one: bool
    scientific: bool = False
    fraction: tuple[int, int, int] | None = None  # whole, above, below


_DECIMAL = r"\d+\.?\d*(?:[eE][+-]?\d{1,3})?|\.\d+(?:[eE][+-]?\d{1,3})?"
_NUMBER = re.compile(rf"([-+]?)({_DECIMAL})")
_FRACTION = re.compile(rf"(?:({_DECIMAL})\s*([+-])\s*)?({_DECIMAL})\s*(//?|⁄)\s*([+-]?\d+)")
_SUPERSCRIPT = str.maketrans("0123456789-−+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁺")


def superscript(number: object) -> str:
    return str(number).translate(_SUPERSCRIPT)


def read_number(text: str) -> Value | None:
    """'1,234.5', '-40', '5+1/2', '1.2e6' -> Value; None when it is no number."""
    text = text.replace(",", "").replace("\xa0", " ").replace("&minus;", "−").strip()
    if len(text) > 40:
        return None
    negative = text[:1] in ("-", "−")
    body = text[1:].lstrip() if negative else text
    if match := _NUMBER.fullmatch(body):
        if match[1] and negative:
            return None
        number = float(match[2])
        if abs(number) > 1e99 or 0 < number < 1e-99:
            return None
        negative |= match[1] == "-"
        sign = "−" if negative else match[1]
        signed = -number if negative and number else number
        mantissa, _, exponent = match[2].lower().partition("e")
        shown = sign + group(mantissa) + (f"×10{superscript(int(exponent))}" if exponent else "")
        return Value(signed, match[2], shown, number == 1, 0, signed)
    match = _FRACTION.fullmatch(body)
    if not match or int(match[5]) <= 0:
        return None
    whole, between, above, below = float(match[1] or 0), match[2], float(match[3]), int(match[5])
    minus = (between == "-") != negative and bool(match[1])
    part = -above / below if minus else above / below
    sign = "−" if negative else ""
    shown = sign + fraction(match[1] or "", ("−" if minus else "") + match[3], match[5])
    number = whole + part
    digits = re.sub(r"\s", "", body)
    hands = whole + part / 10
    if negative:
        number, hands = -number, -hands
    return Value(number, digits, shown, number <= 1, below, hands)


_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen""".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


_SCALES = """thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion
    decillion""".split()


def spelled(number: int, us: bool = False) -> str:
    """1234 -> 'one thousand two hundred and thirty-four', for us without 'and'; it stands only before the last part"""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    size, name = 100, "hundred"
    if number >= 1000:
        power = min((len(str(number)) - 1) // 3, len(_SCALES))
        size, name = 1000**power, _SCALES[power - 1]
    above, rest = divmod(number, size)
    glue = " " if us or rest >= 100 else " and "
    return f"{spelled(above, us=True)} {name}" + (glue + spelled(rest, us) if rest else "")


_PARTS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 8: "eighth", 9: "ninth", 10: "tenth"}
_PARTS |= {16: "sixteenth"}


def spelled_part(above: int, below: int, us: bool = False, alone: bool = True) -> str:
    """3, 8 -> 'three-eighths'; 1, 2 -> 'one-half', behind a whole number 'a half'; '' when there is no wording"""
    if below not in _PARTS or not 1 <= above <= 99:
        return ""
    name = "fourth" if us and below == 4 else _PARTS[below]
    if above == 1:
        return f"one-{name}" if alone else f"{'an' if name == 'eighth' else 'a'} {name}"
    return f"{spelled(above)}-{'halves' if below == 2 else name + 's'}"


def spelled_text(text: str, us: bool = False) -> str:
    """'12' -> 'twelve', '1.5' -> 'one point five', '2 3/8' -> 'two and three-eighths'; '' when there is no wording"""
    sign, text = ("negative ", text[1:]) if text[:1] == "−" else ("", text.lstrip("+"))
    text = re.sub(r",|(?<=\d) (?=\d{3}(?!\d*/))", "", text)
    text = text.replace("½", " 1/2").replace("¼", " 1/4").replace("¾", " 3/4").strip()
    if match := re.fullmatch(r"(?:(\d{1,12}) )?(\d{1,3})/(\d{1,3})", text):
        part = spelled_part(int(match[2]), int(match[3]), us, alone=not match[1])
        whole = f"{spelled(int(match[1]), us)} and " if match[1] else ""
        return sign + whole + part if part else ""
    if not re.fullmatch(r"\d{1,12}(\.\d{1,12})?", text):
        return ""
    whole, _, decimals = text.partition(".")
    return sign + spelled(int(whole), us) + (" point " + " ".join(_ONES[int(d)] for d in decimals) if decimals else "")


def fraction(whole: str, above: object, below: object) -> str:
    """'4', 1, 2 -> '4½'; '8', 5, 8 -> '8 5/8'"""
    vulgar = {"1/2": "½", "1/4": "¼", "3/4": "¾"}.get(f"{above}/{below}")
    if vulgar:
        return f"{group(whole) if whole else ''}{vulgar}"
    return f"{group(whole) + ' ' if whole else ''}{above}/{below}"


def group(digits: str, comma: str = ",", from_digits: int = 4) -> str:
    """'1234567.891' -> '1,234,567.891'"""
    match = re.match(r"\d*", digits)
    whole = match[0] if match else ""
    if len(whole) < from_digits or not whole.isascii():
        return ("0" if not whole else "") + digits if digits[:1] == "." else digits
    return f"{int(whole):,}".replace(",", comma).rjust(len(whole), "0") + digits[len(whole) :]


def half_up(value: float, places: int) -> tuple[str, int | None]:
    """A positive value to `places` decimals, or to tens and hundreds for negative ones -> digits, and the exponent of
    their point where they are only the leading ones."""
    if places >= 0:
        return f"{value + (FUDGE if places <= 8 else 0):.{min(places, 40)}f}", None
    digits = f"{value / 10.0**-places:.0f}"
    return digits, None if digits == "0" else len(digits) - places


def significant(value: float, figures: int) -> tuple[str, int]:
    """-> `figures` digits of a positive value, exponent of the point before them"""
    figures = min(max(figures, 1), MOST_DIGITS)
    if value == 0:
        return "0" * figures, 1
    part, whole = modf(log10(value))
    if part >= 0:
        part, whole = part - 1, whole + 1
    digits = f"{10 ** (part + figures):.0f}"
    return (digits, int(whole)) if len(digits) == figures else (digits[:figures], int(whole) + 1)


def nearest_fraction(value: float, below: int) -> tuple[int, int, int] | str:
    """2.37, 8 -> (2, 3, 8); digits when the nearest is whole"""
    if value <= 0:
        return "0"
    if value > 1e8:
        return f"{value:.2f}"
    whole, above = divmod(floor(value * below + 0.5 + FUDGE), below)
    if not above:
        return str(whole)
    common = gcd(above, below)
    return whole, above // common, below // common


def show(
    digits: str, exponent: int | None, comma: str = ",", from_digits: int = 4, powers: bool = False
) -> tuple[str, float, bool]:
    """Digits as a reader sees them: grouped, and scientific when very large or small -> text, value, is it scientific

    With an exponent the digits have no point: it stands before them and moves that far to the right. powers: the input
    was written 1.2e6, so thousands and hundredths are scientific too.
    """
    digits, exponent = _limited(digits, exponent)
    if powers and exponent is None and digits.strip("0."):
        whole, _, decimals = digits.partition(".")
        figures = (whole + decimals).lstrip("0")
        size = len(whole) - (len(whole + decimals) - len(figures))
        if size > 3 or size < -1:
            digits, exponent = figures, size
    if exponent is not None:
        large = exponent > 10 or exponent == 10 and digits != "1000000000" or powers and exponent > 3
        if large or exponent <= -4 or powers and exponent < -1:
            mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
            text = f"{mantissa}×10{superscript(exponent - 1)}"
            return text, float(f"0.{digits}") * 10.0**exponent, True
        if exponent >= len(digits):
            digits += "0" * (exponent - len(digits))
        elif exponent <= 0:
            digits = "0." + "0" * -exponent + digits
        else:
            digits = digits[:exponent] + "." + digits[exponent:]
    return group(digits, comma, from_digits), float(digits), False


def _limited(digits: str, exponent: int | None) -> tuple[str, int | None]:
    """No more than MOST_DIGITS of them; very large and very small ones as digits with an exponent."""
    most = MOST_DIGITS
    if exponent is None:
        whole, dot, decimals = digits.partition(".")
        figures = decimals.lstrip("0")
        zeros = len(decimals) - len(figures)
        if len(whole) >= 10:
            digits, exponent = whole + decimals, len(whole)
        elif whole.strip("0"):
            digits = digits[: most + len(dot)]
        elif not figures:
            digits = "0." + decimals[:most] if zeros > most else digits
        elif zeros >= 4:
            digits, exponent = figures, -zeros
        elif len(figures) > most:
            digits = "0." + decimals[: zeros + most]
    return (digits if exponent is None else digits[:most]), exponent


def order_of(value: float) -> int:
    """Of magnitude: 999 -> 2"""
    return floor(log10(value) + 1e-14)
