"""MediaWiki's own functions and variables."""

import ast
import operator
import re
from collections.abc import Callable

from wikipedia.templates.base import at, joined, renders

_OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Mod: operator.mod,
}


@renders("#expr")
def expression(p, n, context):
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
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.UnaryOp):
        return _OPERATORS[type(node.op)](_evaluate(node.operand))
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
    raise ValueError(node)


@renders("#if")
def conditional(p, n, context):
    """{{#if: test | then | else}}"""
    return at(p, 1) if at(p, 0) else at(p, 2)


@renders("#ifeq")
def compared(p, n, context):
    """{{#ifeq: a | b | then | else}}"""
    return at(p, 2) if at(p, 0) == at(p, 1) else at(p, 3)


@renders("uc")
def upper(p, n, context):
    return at(p, 0).upper()


@renders("lc")
def lower(p, n, context):
    return at(p, 0).lower()


@renders("ucfirst")
def upper_first(p, n, context):
    return at(p, 0)[:1].upper() + at(p, 0)[1:]


@renders("lcfirst; decapitalize")
def lower_first(p, n, context):
    return at(p, 0)[:1].lower() + at(p, 0)[1:]


@renders("pagename; fullpagename; basepagename; subpagename; pagenamebase")
def page_name(p, n, context):
    return context.title


renders("slash")(joined("/"))
