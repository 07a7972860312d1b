"""{{#expr}}: the arithmetic of MediaWiki."""

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

_TOKEN = re.compile(r"\s*(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+|<=|>=|!=|<>|[-+*/^()<>=]|[a-z]+)", re.I)
_BINARY: dict[str, tuple[int, Callable[[float, float], float]]] = {  # how tightly it binds, what it does
    "or": (1, lambda a, b: float(bool(a or b))),
    "and": (2, lambda a, b: float(bool(a and b))),
    "=": (3, lambda a, b: float(a == b)),
    "!=": (3, lambda a, b: float(a != b)),
    "<>": (3, lambda a, b: float(a != b)),
    "<": (3, lambda a, b: float(a < b)),
    ">": (3, lambda a, b: float(a > b)),
    "<=": (3, lambda a, b: float(a <= b)),
    ">=": (3, lambda a, b: float(a >= b)),
    "round": (4, lambda a, b: float(round_half_up(a, int(b)))),
    "+": (5, lambda a, b: a + b),
    "-": (5, lambda a, b: a - b),
    "*": (6, lambda a, b: a * b),
    "/": (6, lambda a, b: a / b),
    "div": (6, lambda a, b: a / b),
    "mod": (6, lambda a, b: math.fmod(int(a), int(b))),
    "fmod": (6, math.fmod),
    "^": (7, lambda a, b: a**b if abs(b) < 1000 and abs(a) < 1e15 else math.inf),
}
_UNARY: dict[str, Callable[[float], float]] = {
    "-": lambda a: -a,
    "+": lambda a: a,
    "not": lambda a: float(not a),
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "trunc": math.trunc,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "ln": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
}
_CONSTANTS = {"pi": math.pi, "e": math.e}


def round_half_up(value: float, places: int) -> str:
    """2.5 -> '3', -2.5 -> '-3', 0.125 to 2 places -> '0.13': halves go away from zero"""
    exact = Decimal(repr(float(value)))
    rounded = exact.quantize(Decimal(1).scaleb(-min(max(places, -15), 15)), ROUND_HALF_UP)
    return f"{rounded:f}"


def evaluate(text: str) -> float | None:
    """The value of an expression of at most 200 characters; None for what is none"""
    text = text.replace("−", "-").replace("×", "*").replace("÷", "/").replace("&minus;", "-").strip()
    tokens, place = [], 0
    if not text or len(text) > 200:
        return None
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            return None
        tokens.append(match[1].lower())
        place = match.end()
    try:
        value, rest = _binary(tokens, 0)
    except (ArithmeticError, ValueError, IndexError, RecursionError):
        return None
    return value if not rest and math.isfinite(value) else None


def _binary(tokens: list[str], least: int) -> tuple[float, list[str]]:
    """-> value, the tokens behind it; takes operators that bind more tightly than `least`"""
    value, tokens = _operand(tokens)
    while tokens and tokens[0] in _BINARY and _BINARY[tokens[0]][0] > least:
        binds, operation = _BINARY[tokens[0]]
        right, tokens = _binary(tokens[1:], binds)
        value = operation(value, right)
    return value, tokens


def _operand(tokens: list[str]) -> tuple[float, list[str]]:
    token, rest = tokens[0], tokens[1:]
    if token == "(":
        value, rest = _binary(rest, 0)
        if not rest or rest[0] != ")":
            raise ValueError(token)
        return value, rest[1:]
    if token in _UNARY:
        value, rest = _operand(rest)
        return float(_UNARY[token](value)), rest
    if token in _CONSTANTS:
        return _CONSTANTS[token], rest
    return float(token), rest
