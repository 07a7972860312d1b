"""Templates that we have no rendering for, expanded from the wiki's own Template: pages, as MediaWiki would.

    pages = TemplatePages(...)                  collected from the dump by extract.py
    pages.expand("höhe", ["1234", "ref=x"], context)   -> wikitext, or None when it cannot be had

Parameters with defaults, nesting, the functions of templates/functions.py, redirects, includeonly, noinclude and
onlyinclude; depth and work are bounded. Our own renderings stay first. What is a module (#invoke) or ends up as a box
or a table is None: the caller drops and counts it.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from wikipedia.markup.fields import redirect_target
from wikipedia.markup.marks import ALL
from wikipedia.markup.protected import without_comments
from wikipedia.templates.base import Context, split_arguments
from wikipedia.templates.functions import FUNCTIONS, chosen
from wikipedia.templates.lookup import UNKNOWN
from wikipedia.templates.other_wikis import find_for

MAX_DEPTH = 20  # templates inside templates
MAX_STEPS = 10_000  # nodes of templates for one call in an article
MAX_RESULT = 20_000  # characters
MAX_PAGE = 20_000  # characters of a template's page: longer ones are data or whole boxes
MAX_PAGES = 200 << 20  # characters of all of them: what a worker keeps in memory

_NOINCLUDE = re.compile(r"<noinclude\s*>.*?(?:</noinclude\s*>|$)", re.S | re.I)
_ONLYINCLUDE = re.compile(r"<onlyinclude\s*>(.*?)(?:</onlyinclude\s*>|$)", re.S | re.I)
_INCLUDE_TAGS = re.compile(r"</?(?:includeonly|noinclude|onlyinclude)\s*/?>", re.I)
_MODULE = re.compile(r"\s*\{\{(?:\{\{\{\|safesubst:\}\}\})?\s*#invoke", re.I)
_BOX = re.compile(
    r"\{\||<table\b|\n[!|]|^\s*<div\b[^<>]*noprint"
    r"|^\s*\[\[[^\[\]|]*\.(?:png|svg|jpe?g|gif)\b[^\[\]]*\]\]\s*\[(?:https?:)?//[^\[\]]*\]\s*$"
    r"|<(?:div|span)\b[^<>]*(?:float\s*:|infobox|navbox|sidebar|ambox|mbox|display\s*:\s*none)",
    re.I,
)
_TOKEN = re.compile(r"\{\{\{|\}\}\}|\{\{|\}\}|\||\[\[|\]\]")


class CannotExpand(Exception):
    """A loop, or too much work."""


class Parameter(NamedTuple):
    """{{{name|default}}}"""

    name: tuple
    default: tuple | None


class Call(NamedTuple):
    """{{name|part|part}}: parts are tuples of text, parameters and calls."""

    parts: tuple[tuple, ...]


def template_name(title: str) -> str:
    """As calls are looked up: 'Vorlage:Höhe_über' -> 'höhe über'"""
    return " ".join(title.partition(":")[2].replace("_", " ").lower().split())


def page_source(text: str) -> str | None:
    """What a call of the page shows; None for one that is too long, 'REDIRECT name' for a redirect"""
    target = redirect_target(text)
    if target:
        return "REDIRECT " + template_name(target)
    if "<!--" in text:
        text = without_comments(text)
    only = _ONLYINCLUDE.findall(text)
    text = "".join(only) if only else _NOINCLUDE.sub("", text)
    text = _INCLUDE_TAGS.sub("", text)
    return None if len(text) > MAX_PAGE or any(mark in text for mark in ALL) else text


class TemplatePages:
    def __init__(self, sources: dict[str, str]):
        self.sources = sources
        self.steps = 0  # of the last call: what it cost
        self.parse = lru_cache(maxsize=5_000)(parse)

    def source(self, name: str) -> str | None:
        """The page of a name, behind its redirects"""
        for _ in range(3):
            text = self.sources.get(name)
            if text is None or not text.startswith("REDIRECT "):
                return text
            name = text.removeprefix("REDIRECT ")
        return None

    def expand(self, name: str, args: list[str], context: Context) -> str | None:
        """The wikitext of a call; args: what stands between its bars, inner templates expanded"""
        source, self.steps = self.source(name), 0
        if source is None or _MODULE.match(source):
            return None
        expansion = _Expansion(self, context)
        try:
            text = expansion.page(source, _arguments(args), (name,)).strip()
        except (CannotExpand, RecursionError):
            return None
        finally:
            self.steps = MAX_STEPS - expansion.steps
        return None if len(text) > MAX_RESULT or _BOX.search("\n" + text) else text


def _arguments(pieces: list[str]) -> dict[str, str]:
    """['a', 'k= b'] -> {'1': 'a', 'k': 'b'}"""
    found: dict[str, str] = {}
    position = 0
    for piece in pieces:
        key, equals, value = piece.partition("=")
        if equals:
            found[key.strip()] = value.strip()
        else:
            position += 1
            found[str(position)] = piece
    return found


def parse(source: str) -> tuple:
    """A template's page -> text, Parameters and Calls, in one pass"""
    stack: list[tuple[str, list[list]]] = [("", [[]])]  # what opened it, its parts so far
    done = 0

    def add(piece) -> None:
        if piece:
            stack[-1][1][-1].append(piece)

    while match := _TOKEN.search(source, done):
        add(source[done : match.start()])
        token, done = match[0], match.end()
        opened, parts = stack[-1]
        if token in ("{{{", "{{"):
            if token == "{{{" and source[match.end() : match.end() + 2] == "{{":  # {{{{{1}}}}}: a call of a parameter
                token, done = "{{", match.start() + 2
            stack.append((token, [[]]))
        elif token == "[[":
            stack.append(("[[", [[]]))
        elif token == "]]" and opened == "[[":
            stack.pop()
            stack[-1][1][-1] += ["[[", *_joined(parts), "]]"]
        elif token == "|" and opened:
            parts.append([])
        elif token == "}}}" and opened == "{{{":
            stack.pop()
            add(Parameter(tuple(parts[0]), tuple(parts[1]) if len(parts) > 1 else None))
        elif token in ("}}}", "}}") and opened == "{{":
            done = match.start() + 2
            stack.pop()
            add(Call(tuple(map(tuple, parts))))
        else:
            add(token)
    add(source[done:])
    while len(stack) > 1:  # what was never closed is text
        opened, parts = stack.pop()
        stack[-1][1][-1] += [opened, *_joined(parts)]
    return tuple(stack[0][1][0])


def _joined(parts: list[list]) -> list:
    pieces = list(parts[0])
    for part in parts[1:]:
        pieces += ["|", *part]
    return pieces


class _Expansion:
    """One call in an article, with the templates that it calls."""

    def __init__(self, pages: TemplatePages, context: Context):
        self.pages, self.context, self.steps = pages, context, MAX_STEPS

    def page(self, source: str, args: dict[str, str], callers: tuple[str, ...]) -> str:
        return self.text(self.pages.parse(source), args, callers)

    def text(self, nodes: tuple, args: dict[str, str], callers: tuple[str, ...]) -> str:
        pieces = []
        for node in nodes:
            self.steps -= 1
            if self.steps < 0:
                raise CannotExpand("too many steps")
            if isinstance(node, str):
                pieces.append(node)
            elif isinstance(node, Parameter):
                pieces.append(self._parameter(node, args, callers))
            else:
                pieces.append(self._call(node, args, callers))
        return "".join(pieces)

    def _parameter(self, node: Parameter, args: dict[str, str], callers: tuple[str, ...]) -> str:
        name = self.text(node.name, args, callers).strip()
        if name in args:
            return args[name]
        return self.text(node.default, args, callers) if node.default is not None else "{{{" + name + "}}}"

    def _call(self, node: Call, args: dict[str, str], callers: tuple[str, ...]) -> str:
        head = self.text(node.parts[0], args, callers).strip()
        function, colon, first = head.partition(":")
        function = function.strip().lower().removeprefix("safesubst:").removeprefix("subst:")
        if colon and function in ("#invoke", "#property", "#statements", "#section", "#lst"):
            return ""  # a part of what is shown: a colour, a number to sort by, a link
        later = [partial(self.text, part, args, callers) for part in node.parts[1:]]
        if colon and function in _LAZY:
            return _LAZY[function](first, later, self.context)
        values = [value() for value in later]
        if colon and function == "#tag":
            return f"<{first.strip()}>{values[0] if values else ''}</{first.strip()}>"
        if colon and function in FUNCTIONS:
            return FUNCTIONS[function]([first, *values], self.context)
        name = " ".join(
            (first if colon and function in ("template", "msg") else head).replace("_", " ").lower().split()
        )
        return self._template(name, values, callers)

    def _template(self, name: str, values: list[str], callers: tuple[str, ...]) -> str:
        renderer = find_for(self.context.language)(name)
        if renderer is None:
            return ""
        if renderer is not UNKNOWN:
            return renderer(*split_arguments("|".join(values)) if values else ([], {}), self.context)
        source = self.pages.source(name)
        if source is None:
            return ""
        if name in callers or len(callers) >= MAX_DEPTH:
            raise CannotExpand("a loop")
        return self.page(source, _arguments(values), (*callers, name))


def _lazy_if(first: str, later: Sequence[Callable[[], str]], context: Context) -> str:
    return _at(later, 0 if first.strip() else 1)


def _lazy_ifeq(first: str, later: Sequence[Callable[[], str]], context: Context) -> str:
    same = FUNCTIONS["#ifeq"]([first, _at(later, 0), "1", ""], context)
    return _at(later, 1 if same else 2)


def _lazy_ifexpr(first: str, later: Sequence[Callable[[], str]], context: Context) -> str:
    return _at(later, 0 if FUNCTIONS["#ifexpr"]([first, "1", ""], context) else 1)


def _lazy_switch(first: str, later: Sequence[Callable[[], str]], context: Context) -> str:
    return chosen(first.strip(), (case() for case in later))


def _lazy_ifexist(first: str, later: Sequence[Callable[[], str]], context: Context) -> str:
    return _at(later, 1)


def _at(later: Sequence[Callable[[], str]], i: int) -> str:
    return later[i]().strip() if i < len(later) else ""


# Only the branch that is taken is expanded: a template may call itself in the other
_LAZY: dict[str, Callable[[str, Sequence[Callable[[], str]], Context], str]] = {
    "#if": _lazy_if,
    "#ifeq": _lazy_ifeq,
    "#ifexpr": _lazy_ifexpr,
    "#ifexist": _lazy_ifexist,
    "#switch": _lazy_switch,
}
