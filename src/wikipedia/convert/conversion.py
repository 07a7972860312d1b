"""The text of a {{convert}}: the result is rounded to about the precision of the input, never to fewer than two
significant digits; the input shows its unit's name, the output its symbol, unless the article asks otherwise."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import floor, log10, modf

from wikipedia.convert import numbers
from wikipedia.convert.arguments import Options, Range, Request, read_request, read_values
from wikipedia.convert.numbers import Shown, Value
from wikipedia.convert.units import WORDS, Unit, find_units
from wikipedia.tables import lines

_SPEED_OF_SOUND = [float(line) for line in lines("speed_of_sound")]  # mph, every 5,000 ft from -15,000 ft up
_MPH = 0.44704
_JOINS = {
    "b": (" (", ")"),
    "or": (" or ", ""),
    "sqbr": (" [", "]"),
    "comma": (", ", ""),
    "semicolon": ("; ", ""),
    "(or)": (" (", ")"),
    "br": ("\n", ""),
    "br()": ("\n(", ")"),
    "slash": (" / ", ""),
}


def convert(positional: list[str], named: dict[str, str], abbreviate: bool = False) -> str:
    """The text that {{convert}} shows; for what it cannot convert the number and unit as they were written."""
    request = read_request(positional, named, abbreviate)
    if request is None:
        return _as_written([argument.strip() for argument in positional])
    o = request.options
    code = request.output or default_code(request.values[0].number, request.source)
    targets = [unit for unit in find_units(code, o.us) if _same_kind(request.source, unit)]
    if o.show in ("out", "number", "unit2") and targets:
        return "; ".join(_output(request, target, len(targets) > 1) for target in targets)
    given = _input(request)
    if o.show or not targets:
        return given
    results = [_output(request, target, len(targets) > 1) for target in targets]
    if o.results_only and len(targets) > 1:
        given, results = _output(request, targets[0], True, "in"), results[1:]
    before, behind = request.around or _joins(o)
    if o.also_symbol and not request.parts and not o.flip and before in (" (", " ["):
        before = f" [{request.source.symbol}]{before}"
    inner = {"or": " or ", "(or)": " or ", "comma": ", "}.get(o.join, "; ").join(results)
    return f"{inner}{before}{given}{behind}" if o.flip else f"{given}{before}{inner}{behind}"


def _as_written(args: list[str]) -> str:
    values, ranges, at = read_values(args)
    if not values:
        return " ".join(a for a in args[:2] if a)
    text = values[0].shown
    for between, value in zip(ranges, values[1:]):
        text += between.names + value.shown
    return f"{text} {args[at]}".strip() if at < len(args) else text


def _same_kind(one: Unit, other: Unit) -> bool:
    return (
        one.kind == other.kind
        or (one.kind == other.second_kind and one.second_kind in ("", other.kind))
        or (other.kind == one.second_kind)
    )


def _joins(o: Options) -> tuple[str, str]:
    if o.join in ("slash", "/", "s"):
        return ("/" if o.abbr in ("on", "off") else " / "), ""
    if o.values_only and o.join == "b" and not o.abbr:
        return _JOINS["b"]
    return _JOINS[o.join]


def default_code(value: float, unit: Unit) -> str:
    """What a unit is converted to: "m", or by the value: "v < 9 ! a ! b ! c" is ac below 9 and bc from there on"""
    code = unit.default_output
    if "!" not in code:
        return code
    condition, *parts = [part.strip() for part in code.split("!")]
    holds = all(_holds(value, piece) for piece in re.split(r"\band\b", condition))
    return (parts[0] if holds else parts[1]) + (parts[2] if len(parts) > 2 else "")


def _holds(value: float, comparison: str) -> bool:
    match = re.fullmatch(r"\s*v\s*(?:\*\s*([\d.e+-]+)\s*)?([<>]=?)\s*([\d.e+-]+)\s*", comparison)
    if not match:
        return False
    left, right = value * float(match[1] or 1), float(match[3])
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[match[2]]


# The result of one value


def _converted(value: Value, source: Unit, target: Unit, altitude: float) -> float:
    inscale, outscale = source.scale, target.scale
    if "mach" in source.flags:
        inscale = speed_of_sound(altitude)
    if "mach" in target.flags:
        outscale = speed_of_sound(0)
    if "hand" in source.flags and "hand" not in target.flags:
        part, whole = modf(value.in_hands)
        return (whole + 2.5 * part) * (inscale / outscale)
    if ("v" in source.flags) != ("v" in target.flags):
        return 1 / (value.number * inscale * outscale) if value.number else 0.0
    if source.zero is not None and target.zero is not None and not value.change:
        return (value.number - source.zero) * (inscale / outscale) + target.zero
    return value.number * (inscale / outscale)


def speed_of_sound(altitude: float) -> float:
    """Metres per second at a height in feet, of the nearest 5,000 ft"""
    step = floor(abs(altitude) / 5000 + 0.5)
    step = max(-3, min(60, -step if altitude < 0 else step))
    return _SPEED_OF_SOUND[step + 3] * _MPH


def _default_places(value: Value, result: float, source: Unit, target: Unit, more: bool, parts: bool) -> int:
    """Decimals for the result: those of the input moved by the ratio of the units, at least two significant figures.

    more: the input ended in inches, such as 6 ft 2 in; parts: it had parts, whose zeros at the end count.
    """
    number = value.number
    digits, _, exponent = value.digits.lower().partition("e")
    whole, dot, decimals = digits.partition(".")
    if value.denominator:
        places = max(log10(value.denominator), 1)
    else:
        places = len(decimals) if dot else (0 if parts else len(whole.rstrip("0")) - len(whole))
        places -= int(exponent or 0)
    if source.kind == target.kind == "temperature" and source.zero is not None:
        kelvin = abs((number - source.zero) * source.scale)
        return max(floor(places), 2 - numbers.order_of(kelvin) if kelvin >= 1e-8 else 2)
    if number == 0 or result <= 0:
        return 0
    least = 1 - numbers.order_of(result)
    if "mach" in source.flags:
        adjust = log10(target.scale / 0.1)
    elif "mach" in target.flags:
        adjust = log10(0.1 / source.scale)
    elif "hand" in source.flags:
        part, whole_hands = modf(value.in_hands)
        inches = 4 * whole_hands + 10 * part
        places = len(decimals) - 1 if decimals else len(f"{inches:.0f}".rstrip("0")) - len(f"{inches:.0f}")
        adjust, least = log10(abs(inches / result)), 0
    elif "i" in target.flags and number == floor(number):
        adjust = -log10(source.scale)
    elif more:
        adjust = log10(target.scale) + 2
    else:
        adjust = log10(abs(number / result))
    return max(floor(places + adjust + log10(2)), least)


def _places(request: Request, target: Unit) -> list[int]:
    """Default decimals for each value; of a range all have the most that one of them has."""
    smallest = request.parts[-1][1] if request.parts else None
    source = smallest or request.source
    found = []
    for value in request.values:
        result = abs(_converted(value, source, target, request.altitude))
        more = smallest is not None and "f" in smallest.flags
        found.append(_default_places(value, result, source, target, more, bool(request.parts)))
    return found if request.options.each else [max(found)] * len(found)


def _results(request: Request, target: Unit, below: int | None) -> list[Shown]:
    source = request.parts[-1][1] if request.parts else request.source
    exact_inches = "hand" in source.flags and abs(source.scale / target.scale - 4) < 1e-9
    default: list[int | None] = [None] * len(request.values)
    if request.precision is None and not below and not request.options.figures and not request.options.step:
        default = list(_places(request, target))
    found = []
    for value, places in zip(request.values, default):
        if "hand" in target.flags:
            found.append(_in_hands(request, value, source, target, below))
            continue
        result = _converted(value, source, target, request.altitude)
        if exact_inches and places is not None:
            found.append(_shown(f"{abs(result):.6f}".rstrip("0").rstrip("."), None, result, request))
        else:
            found.append(_rounded(request, result, places, below))
    return found


def _rounded(request: Request, result: float, places: int | None, below: int | None) -> Shown:
    o, size = request.options, abs(result)
    if below:
        nearest = numbers.nearest_fraction(size, below)
        if isinstance(nearest, str):
            return _shown(nearest, None, result, request)
        whole, above, under = nearest
        sign = "−" if result < 0 else ""
        text = sign + _fraction_text(str(whole) if whole else "", above, under, o, "out")
        return Shown(text, sign, size, size, size <= 1, fraction=nearest)
    precision = request.precision if request.precision is not None else places
    if precision is not None:
        return _shown(*numbers.half_up(size, precision), result, request)
    if o.figures:
        return _shown(*numbers.significant(size, o.figures), result, request)
    step = o.step or 1
    stepped = floor(size / step + 0.5) * step
    return _shown(f"{stepped:.0f}" if stepped == int(stepped) else f"{stepped:.1f}", None, result, request)


def _shown(digits: str, exponent: int | None, result: float, request: Request) -> Shown:
    o = request.options
    powers = not o.spell and any("e" in value.digits.lower() for value in request.values)
    text, rounded, scientific = numbers.show(digits, exponent, o.comma, o.comma_from, powers)
    one = (
        exponent == 1
        and bool(re.fullmatch("10*", digits))
        or exponent is None
        and bool(re.fullmatch(r"1(\.0*)?", digits))
    )
    sign = "−" if result < 0 and (scientific or digits.strip("0.")) else ""
    text = sign + text
    if "out" in o.spell and not scientific:
        text = _in_words(text, o, "out")
    return Shown(text, sign, rounded, abs(result), one, scientific)


def _fraction_text(whole: str, above: int, below: int, o: Options, side: str) -> str:
    part = numbers.fraction("", above, below)
    if side in o.spell:
        text = numbers.fraction(whole, above, below)
        return _in_words(text, o, side)
    return f"{numbers.group(whole, o.comma, o.comma_from)}{' ' if '/' in part else ''}{part}" if whole else part


def _in_words(text: str, o: Options, side: str) -> str:
    words = numbers.spelled_text(text, o.us) or text
    return _capitalized(words.replace(" ", "-") if o.adjective else words, o, side)


def _capitalized(text: str, o: Options, side: str) -> str:
    if side and o.capital == side:
        o.capital = ""  # the first word alone
        return text[:1].upper() + text[1:]
    return text


def _in_hands(request: Request, value: Value, source: Unit, target: Unit, below: int | None) -> Shown:
    """15.2 hands are 15 hands and 2 inches."""
    precision = request.precision
    if below is None and precision is not None and precision > 1:
        below = 2 if precision == 2 else 4
    inches = abs(_converted(value, source, _inch(target), request.altitude))
    part = None
    if below and not isinstance(nearest := numbers.nearest_fraction(inches, below), str):
        total, part = nearest[0], nearest[1:]
    else:
        total = floor(inches + 0.5)
    hands, rest = divmod(total, 4)
    if precision is not None and precision <= 0:
        hands, ending = floor(inches / 4 + 0.5), ""
    else:
        ending = "." + (_fraction_text(str(rest), *part, request.options, "") if part else str(rest))
    text = numbers.group(str(hands), request.options.comma, request.options.comma_from) + ending
    sign = "−" if value.number < 0 else ""
    return Shown(sign + text, sign, hands + rest / 4, inches / 4, False)


def _inch(hand: Unit) -> Unit:
    return Unit("length", hand.scale / 4, "in", "inch", "inches", "")


# Units beside the values


def _names_unit(o: Options, unit: Unit, side: str, named: bool) -> bool:
    if named:
        return True
    if o.abbr is None:
        if "s" in unit.flags:
            return False
        if o.names_wanted:
            return True
    return o.symbols not in ("on", side)


def _label(request: Request, unit: Unit, side: str, value: Value | Shown, named: bool = False) -> tuple[str, bool]:
    """The unit's name or symbol beside a value, and whether it is the name.

    named: where symbols are the rule this unit is named all the same.
    """
    o = request.options
    if o.values_only:
        return "", False
    always = named or "n" in unit.flags
    one = value.one
    if not _names_unit(o, unit, side, always):
        return ("hh" if o.hh and "hand" in unit.flags else unit.symbol), False
    if o.singular:
        one = 0 < (abs(value.number) if isinstance(value, Value) else value.rounded) < 1.0001
    if unit.millions:
        one = False
    return (unit.name if o.adjective or one else unit.plural), True


def _hyphenated(name: str) -> str:
    """square-foot, but (pre-1954 US) nautical-mile"""
    if name.startswith("(") and ")" in name:
        head, _, tail = name.partition(") ")
        return f"{head}) {tail.replace(' ', '-')}"
    if name.endswith(")") and " (" in name:
        head, _, tail = name.partition(" (")
        return f"{head.replace(' ', '-')} ({tail}"
    return name.replace(" ", "-")


def _attached(request: Request, label: str, named: bool, side: str) -> str:
    """The label with what stands between it and the value: 6 feet, 6-foot, 6 big feet, 6-foot-tall, $5/acre"""
    if not label:
        return ""
    o = request.options
    before = request.before[side == "out"]
    middle = request.middle if side == ("out" if o.flip else "in") else ""
    if o.adjective and named:
        return (before or "-") + _hyphenated(label) + middle
    glued = not named and (label[0] == "/" or label == "°")
    return (before if before is not None else "" if glued else " ") + label + middle


def _decorated(text: str, unit: Unit, o: Options, side: str) -> str:
    """Millions and currency: "2 million", "2×10⁶", "$2" """
    if unit.millions:
        if o.symbols in ("on", side) and not o.words:
            text += f"×10{numbers.superscript(unit.millions)}"
        else:
            text += ("-" if o.adjective else " ") + WORDS[unit.millions]
    return (o.currency or unit.currency if unit.currency else "") + text


def _ranged(request: Request, texts: Sequence[str], named: bool, side: str) -> str:
    text = texts[0]
    for between, following in zip(request.ranges, texts[1:]):
        text += _between(between, named, request.options, following, side) + following
    return text


def _between(between: Range, named: bool, o: Options, following: str, side: str) -> str:
    word = between.names if named else between.symbols
    if between.result and (side == "in") == o.flip:
        word = between.result
    if o.adjective and (named or between.names in (" to ", " and ", " or ") and o.abbr == "on"):
        word = between.adjective or word.replace(" ", "-")
    return " – " if word == "–" and following.startswith("−") else word


def _input(request: Request) -> str:
    o, source = request.options, request.source
    if request.parts:
        return _input_parts(request)
    texts = [_input_number(value, o) for value in request.values]
    label, named = _label(request, source, "in", request.values[0 if o.show == "unit" else -1])
    if o.show == "unit":
        return _hyphenated(label) if o.adjective and named else label
    if "mach" in source.flags:
        return _ranged(request, [f"{label} {text}" for text in texts], named, "in")
    texts = _decorated_values(request, source, texts, "in")
    return _with_label(request, texts, label, named, "in")


def _decorated_values(request: Request, unit: Unit, texts: list[str], side: str) -> list[str]:
    """In "2 to 3 million" the first value has no word for the power, but in symbols each has it."""
    o = request.options
    each = o.symbols in ("on", side) or len(texts) != 2
    return [
        _decorated(text, unit if each or i == len(texts) - 1 else replace(unit, millions=0), o, side)
        for i, text in enumerate(texts)
    ]


def _with_label(request: Request, texts: list[str], label: str, named: bool, side: str) -> str:
    each = any(between.by for between in request.ranges) and not named
    if side == "out" and any(between.result_by for between in request.ranges) or each:
        texts = [*(text + _attached(request, label, named, side) for text in texts[:-1]), texts[-1]] if label else texts
    return _ranged(request, texts, named, side) + _attached(request, label, named, side)


def _input_number(value: Value, o: Options) -> str:
    text, scientific = value.shown, "e" in value.digits.lower()
    if o.input_places is not None and not value.denominator and not scientific:
        sign = "−" if value.number < 0 else ""
        digits = f"{abs(value.number) + numbers.FUDGE:.{o.input_places}f}"
        text = sign + numbers.group(digits, o.comma, o.comma_from)
    elif (o.comma, o.comma_from) != (",", 4) and not value.denominator and not scientific:
        sign = text[: len(text) - len(text.lstrip("−+"))]
        text = sign + numbers.group(value.digits, o.comma, o.comma_from)
    elif o.comma != ",":
        text = text.replace(",", o.comma)
    if "in" in o.spell:
        if scientific:
            text = ("−" if value.number < 0 else "") + f"{Decimal(value.digits):f}"
        text = _in_words(text, o, "in")
    return text


def _input_parts(request: Request) -> str:
    """5 feet 6 inches"""
    o = request.options
    labels = [_label(request, unit, "in", value) for value, unit in request.parts]
    if o.show == "unit":
        return " ".join(label for label, _ in labels)
    glue = "-" if o.adjective and labels[0][1] else " "
    texts = [
        _input_number(value, o) + (glue + label if label else "")
        for (value, _), (label, _) in zip(request.parts, labels)
    ]
    return glue.join(texts) + ("" if o.flip else request.middle)


def _output(request: Request, target: Unit, several: bool, side: str = "out") -> str:
    """One result; side: the one whose kind of unit it shows. Beside others metric units have no
    fraction, and none has one where decimals are asked for."""
    o = request.options
    below = o.below
    if several and "hand" not in target.flags and (request.precision is not None or target.flags & {"p1", "p2", "p3"}):
        below = None
    if target.each:
        return _output_parts(request, target, o.below)
    results = _results(request, target, below)
    source = request.source
    named = o.abbr is None and ("hand" in target.flags or "hand" in source.flags and target.symbol == "in")
    label, is_name = _label(request, target, side, results[-1], named)
    if o.show == "unit2":
        return _hyphenated(label) if o.adjective and is_name else label
    texts = [result.text for result in results]
    if "mach" in target.flags:
        return _ranged(request, [f"{label} {text}" for text in texts], is_name, "out")
    texts = _decorated_values(request, target, texts, "out")
    if o.show == "number":
        return _ranged(request, texts, is_name, "out")
    return _with_label(request, texts, label, is_name, "out")


def _output_parts(request: Request, target: Unit, below: int | None) -> str:
    """A length in feet and inches, a weight in stone and pounds."""
    o, smallest = request.options, target.each[-1]
    spelling, o.spell = o.spell, frozenset()
    results = _results(request, smallest, below)
    o.spell = spelling
    named = (o.abbr is None and o.join in ("or", "slash", "/", "s")) or o.symbols not in ("on", "out")
    texts = [_parts_text(result, target.each, o, named) for result in results]
    return _ranged(request, texts, named, "out") + (request.middle if o.flip else "")


def _parts_text(result: Shown, units: tuple[Unit, ...], o: Options, named: bool) -> str:
    decimals = len(result.text.partition(".")[2]) if not result.fraction and not result.scientific else 0
    left = result.rounded if decimals else float(floor(result.exact + (0 if result.fraction else 0.5)))
    glue = "-" if o.adjective and named else " "
    texts: list[str] = []
    for number, unit in enumerate(reversed(units)):
        larger = units[-2 - number] if number + 1 < len(units) else None
        left, amount = divmod(left, round(larger.scale / unit.scale)) if larger else (0.0, left)
        last = left == 0
        if number == 0 and result.fraction:
            text = _fraction_text(f"{amount:.0f}" if amount else "", *result.fraction[1:], o, "out" if last else "")
        elif number == 0 and result.scientific and last:
            text = result.text
        else:
            digits = f"{amount:.{decimals if number == 0 else 0}f}" if amount else "0"
            text = numbers.group(digits, o.comma, o.comma_from)
            if "out" in o.spell:
                text = _in_words(text, o, "out" if last else "")
        texts.append(f"{text}{glue}{(unit.name if amount == 1 else unit.plural) if named else unit.symbol}")
        if last:
            break
    sign = "" if result.scientific else result.sign
    return sign + glue.join(reversed(texts))
