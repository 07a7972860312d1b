"""What every renderer needs: its type, its arguments, the table of names that it enters, the simplest renderers."""

from collections.abc import Callable
from typing import NamedTuple


class Context(NamedTuple):
    """What a template may ask about the page it stands on."""

    title: str = ""
    day: tuple[int, int, int] = (2001, 1, 15)  # of the revision: ages are counted up to it
    language: str = "en"  # code of the wiki: English words are for English wikis


# Positional arguments, named arguments (lower-case names), the page -> plain text. Links and inner templates in the
# arguments are plain text already. By habit the parameters are p, n and context.
Renderer = Callable[[list[str], dict[str, str], Context], str]

RENDERERS: dict[str, Renderer] = {}  # by names of templates, in lower case, spaces for underscores
ENGLISH: set[str] = set()  # names of those whose rendering has English words in it


def renders(names: str, english: bool = False) -> Callable[[Renderer], Renderer]:
    """Enter a renderer for templates: "name; another name"."""

    def enter(renderer: Renderer) -> Renderer:
        for name in names.split(";"):
            key = " ".join(name.split())
            assert key and key not in RENDERERS, f"{key!r} is rendered twice"
            RENDERERS[key] = renderer
            if english:
                ENGLISH.add(key)
        return renderer

    return enter


def renders_in_english(names: str) -> Callable[[Renderer], Renderer]:
    return renders(names, english=True)


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


def first(p, n, context):
    return at(p, 0) or n.get("text", "") or n.get("content", "")


def second(p, n, context):
    return at(p, 1) or n.get("text", "")


def last(p, n, context):
    return p[-1] if p else n.get("text", "")


def constant(text: str) -> Renderer:
    return lambda p, n, context: text


def around(before: str, after: str) -> Renderer:
    """The first argument between two strings; nothing when there is none."""
    return lambda p, n, context: f"{before}{at(p, 0)}{after}" if at(p, 0) else ""


def alone(renderer: Renderer) -> Renderer:
    """What it shows where the template has no argument; nothing where it has one."""
    return lambda p, n, context: "" if p or n else renderer(p, n, context)


def joined(glue: str) -> Renderer:
    return lambda p, n, context: glue.join(x for x in p if x)
