"""Templates, from the inside out: what we have no rendering for is dropped, counted and marked."""

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, Protocol

from wikipedia.languages import language
from wikipedia.markup.marks import AMOUNT, DROP, NAMED
from wikipedia.markup.tables import cut
from wikipedia.names import COUNTRIES
from wikipedia.templates.base import RENDERERS, Context, Renderer, alone, split_arguments
from wikipedia.templates.functions import FUNCTIONS
from wikipedia.templates.lookup import UNKNOWN, silent_by_name
from wikipedia.templates.other_wikis import find_for
from wikipedia.templates.patterns import user_renderer

MAX_DEPTH = 40  # templates inside templates; MediaWiki itself stops at 100 of any kind


class OverBudget(Exception):
    """The article takes more work than its options allow."""


_PARAMETER = re.compile(r"\{\{\{[^{}|]*(?:\|([^{}]*))?\}\}\}")


_BRACES = re.compile(r"\{\{|\}\}")


_OPENING_RUN, _CLOSING_RUN = re.compile(r"\{\{\{+"), re.compile(r"\}\}\}+")


class Resolved(NamedTuple):
    """What to do with a template of a certain name."""

    renderer: Renderer | None  # None: it is dropped
    name: str = ""  # to count it by when it is dropped
    unknown: bool = False
    function: Callable[[list[str], Context], str] | None = None  # of MediaWiki, takes the arguments as they are written


class Dropped(NamedTuple):
    """A template that shows nothing, by its mark in the text."""

    name: str
    only: str = ""  # its only argument, where we do not know the template
    unknown: bool = False


class Pages(Protocol):
    """Of the wiki's own templates: transclusion.TemplatePages"""

    steps: int  # that the last expand() took

    def source(self, name: str) -> str | None: ...

    def expand(self, name: str, args: list[str], context: Context) -> str | None: ...


class Templates:
    """One article's templates: rendered from the inside out, what has no renderer dropped and counted."""

    def __init__(
        self,
        custom: tuple[tuple[str, str], ...],
        context: Context,
        budget: int,
        pages: Pages | None = None,
        finish: Callable[[str], str] = str,
    ):
        """pages: of the wiki's own templates, for those that we do not know; finish: makes their wikitext what the
        article's is at this point"""
        self.resolved = _resolved(custom, context.language)
        self.context, self.budget, self.pages, self.finish = context, budget, pages, finish
        self.unknown: Counter = Counter()
        self.dropped: list[Dropped] = []  # as the marks count them

    def expand(self, text: str) -> str:
        if "{{{" in text:
            text = _PARAMETER.sub(lambda m: m[1] or "", text)
            text = _OPENING_RUN.sub(_pair_braces, text)
        if "}}}" in text:
            text = _CLOSING_RUN.sub(_pair_braces, text)
        expanded = self._expand(text)
        if expanded is None:
            self.dropped.clear()
            self.unknown.clear()
            expanded = self._expand(_without_unclosed(text))
        return expanded or ""

    def _expand(self, text: str) -> str | None:
        """None when a template is not closed."""
        parts = text.split("{{")
        kept: list[str] = [parts[0].replace("}}", "")]
        stack: list[tuple[Resolved, list[str]]] = []
        skipped = 0  # depth inside a template that is dropped: nothing in it is worth a look
        for part in parts[1:]:
            pieces = part.split("}}")
            if skipped:
                skipped += 1
            else:
                head = pieces[0].partition("|")[0]  # a name ends at a bar, a brace or a nested template
                found = self._find(head)
                if not (found.renderer or found.function or self._has_page(found)) or len(stack) >= MAX_DEPTH:
                    skipped = 1
                    skipping = Dropped(found.name, _only_argument(part) if found.unknown else "", found.unknown)
                    if found.unknown:
                        self.unknown[found.name] += 1
                else:
                    stack.append((found, kept))
                    kept = []
            for number, piece in enumerate(pieces):
                if number:
                    if skipped:
                        skipped -= 1
                        if not skipped:
                            kept.append(self._mark(skipping))
                    elif stack:
                        content = "".join(kept)
                        found, kept = stack.pop()
                        kept.append(self._render(found, content))
                if not skipped and piece:
                    kept.append(piece)
        return None if skipped or stack else "".join(kept)

    def _find(self, head: str) -> Resolved:
        found = self.resolved.get(head)
        if found is None:
            found = self.resolved[head] = _resolve(head, self.resolved, self.context.language)
        return found

    def _has_page(self, found: Resolved) -> bool:
        """On a wiki that is not English our list of templates without prose says nothing about one of the same name."""
        if self.pages is None or not (
            found.unknown or self.context.language != "en" and not silent_by_name(found.name)
        ):
            return False
        return self.pages.source(found.name) is not None

    def _mark(self, dropped: Dropped) -> str:
        """Where a template was dropped"""
        self.dropped.append(dropped)
        return f"{NAMED}{len(self.dropped) - 1}{NAMED}{DROP}"

    def _render(self, found: Resolved, content: str) -> str:
        self.budget -= len(content) + 100
        if self.budget < 0:
            raise OverBudget("templates inside templates")
        if found.function:  # {{formatnum:1234|R}}
            shown = found.function(content.partition(":")[2].split("|"), self.context)
        elif found.renderer is None and self.pages:
            expanded = self.pages.expand(found.name, content.split("|")[1:], self.context)
            self.budget -= len(expanded or "") + 2 * self.pages.steps  # about a microsecond each
            if expanded is None and found.unknown:
                self.unknown[found.name] += 1
            shown = self.finish(expanded) if expanded else ""
        elif found.renderer:
            _, bar, body = content.partition("|")
            positional, named = split_arguments(body) if bar else ([], {})
            shown = found.renderer(positional, named, self.context)
        if not shown and AMOUNT in content and (found.renderer or found.function):
            return AMOUNT  # what was to be reckoned with it
        return shown or self._mark(Dropped(found.name, unknown=found.function is not None))


_ONLY = re.compile(r"[^{}|]*\|(?:1=)?\s*(\w[^{}|=\[\]<>\n]{0,60}?)\s*\}\}")


def _only_argument(part: str) -> str:
    """'f1|1950}} season' -> '1950'"""
    match = _ONLY.match(part)
    return match[1] if match else ""


def _pair_braces(match: re.Match) -> str:
    """Of an odd run of braces the outermost `{`, the innermost `}`, is a brace of the text: {{{a}} {{x|{y}}}."""
    run = match[0]
    if len(run) % 2 == 0:
        return run
    return "&#123;" + run[1:] if run[0] == "{" else "&#125;" + run[1:]


@lru_cache(maxsize=16)
def _resolved(custom: tuple[tuple[str, str], ...], code: str) -> dict:
    """Heads of templates as they are written -> Resolved; grows as heads are met"""
    return {
        ("custom", normal(name)): Resolved(user_renderer(pattern, language(code)), normal(name))
        for name, pattern in custom
    }


def normal(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())


def _resolve(head: str, resolved: dict, code: str) -> Resolved:
    if len(resolved) > 50_000:  # a wiki has some ten thousand names; hostile ones must not fill the memory
        for key in [k for k in resolved if isinstance(k, str)]:
            del resolved[key]
    name = normal(head[:200])
    name = name.removeprefix("template:").removeprefix("subst:").removeprefix("safesubst:").strip()
    custom = resolved.get(("custom", name))
    if custom:
        return custom
    function, colon, _ = name.partition(":")
    if colon and function.strip() in FUNCTIONS:
        return Resolved(None, function.strip(), function=FUNCTIONS[function.strip()])
    renderer = find_for(code)(name)
    if renderer and name.upper() in COUNTRIES and name not in RENDERERS and not head.strip().isupper():
        renderer = alone(renderer)  # {{cta|Blue}} is a railway line, {{CTA|name=x}} a country
    return Resolved(None, name, True) if renderer is UNKNOWN else Resolved(renderer, name)


def _without_unclosed(text: str) -> str:
    """A `{{` that is never closed takes the rest of its paragraph with it, no more."""
    stack = []
    for match in _BRACES.finditer(text):
        if match[0] == "{{":
            stack.append(match.start())
        elif stack:
            stack.pop()
    cuts, done = [], -1
    for start in stack:
        if start >= done:
            end = text.find("\n\n", start)
            done = end if end >= 0 else len(text)
            cuts.append((start, done))
    return cut(text, cuts, DROP)
