"""Links: [[target|label]], pictures, categories, other languages, external ones."""

import re
from functools import lru_cache
from typing import NamedTuple

from wikipedia.markup.expansion import normal
from wikipedia.markup.marks import DROP
from wikipedia.markup.tables import cut
from wikipedia.names import LANGUAGES


class Namespaces(NamedTuple):
    file: re.Pattern  # the beginning of a picture
    files: frozenset[str]  # names of the namespaces, in lower case
    media: frozenset[str]  # [[Media:a.ogg|listen]] is a link, no picture
    categories: frozenset[str]


@lru_cache(maxsize=16)
def namespaces(files: tuple[str, ...], categories: tuple[str, ...], media: tuple[str, ...]) -> Namespaces:
    either = "|".join(re.escape(name).replace(r"\ ", "[ _]") for name in files)
    return Namespaces(
        re.compile(rf"\[\[\s*(?:{either})\s*:", re.I),
        frozenset(map(normal, files)),
        frozenset(map(normal, media)),
        frozenset(map(normal, categories)),
    )


COLON = re.compile(r"\[\[([^\[\]|:\n]{0,40}):([^\[\]]*)\]\]")


_PROJECTS = frozenset(
    "wikt wiktionary w wikipedia s wikisource q wikiquote b wikibooks n v voy species commons c m meta d mw doi".split()
)


def colon_link(match: re.Match, names: Namespaces, categories: list[str]) -> str:
    """[[Category:X]] is noted and goes, as pictures and links to other languages do; [[:Category:X]] and [[wikt:x]]
    show x."""
    prefix, rest = normal(match[1]), match[2]
    if prefix in names.categories:
        if name := rest.partition("|")[0].strip().replace("_", " "):
            categories.append(name)
        return DROP
    if prefix in names.files or (prefix in names.media and "|" not in rest):
        return DROP
    if not prefix:  # [[:Category:X]], [[:fr:X|x]]
        return match[0] if "|" in rest else "[[" + rest.rpartition(":")[2] + "]]"
    if "|" in rest:
        return match[0]
    if prefix in _PROJECTS:
        return "[[" + rest.rpartition(":")[2] + "]]"
    code = prefix.partition("-")[0]
    return (
        "" if match[1].islower() and (code in LANGUAGES or code == "simple") and not rest.startswith(" ") else match[0]
    )


_OPENED = re.compile(r"\[\[(?:[^\[\]|{}\n]*\|)?")


_LABEL = r"[ \t]*([^\[\]\n]*|[^\[\]]{0,400})\]"  # lines only where a table stood in it, and not without end


_EXTERNAL_PATTERN = (
    rf"\[(?:(?:https?|ftps?|irc|gopher|news|telnet):)?//(?:[^\s\[\]<>\"']|'(?!'))*{_LABEL}|\[mailto:[^\s\[\]]*{_LABEL}"
)


EXTERNAL = re.compile(_EXTERNAL_PATTERN, re.I)


_EXTERNAL_AT_END = re.compile(rf"(?:{_EXTERNAL_PATTERN})(?=\]\])", re.I)


_STAR = re.compile(r"(\n\[\[(?:[^\[\]|{}\n]*\|)?)([*#:;])")  # [[*NSYNC]] begins no list
_EMPTY_LABEL = re.compile(r"\[\[[^\[\]|\n]*\|\]\]")


_BRACKETS = re.compile(r"\[\[|\]\]")


def links(text: str, names: Namespaces) -> str:
    """[[target|label]] -> label; pictures and categories go with all that is inside them."""
    for _ in range(4):
        before, text = text, _without_external_at_end(text)
        if text == before:
            break
    text = _without_files(text, names.file)
    if "|]]" in text:
        text = _EMPTY_LABEL.sub(_without_qualifier, text)
    if "[[http" in text:
        text = re.sub(r"\[\[https?://[^\s\[\]]*[ \t]*([^\[\]\n]*)\]\]", lambda m: m[1], text)
    text = _STAR.sub(lambda m: f"{m[1]}&#{ord(m[2])};", text)
    return _OPENED.sub("", text).replace("]]", "")


def _without_external_at_end(text: str) -> str:
    """An external link at the end of a label or caption: the first of the three brackets that follow is its own."""
    kept: list[str] = []
    done = searched = 0
    while (place := text.find("]]]", searched)) >= 0:  # the pattern is slow, and three brackets are rare
        start = text.rfind("[", searched, place)
        searched = place + 1
        if start >= 0 and (match := _EXTERNAL_AT_END.match(text, start)):
            kept += (text[done:start], match[1] or match[2] or DROP)
            done = match.end()
    return "".join([*kept, text[done:]]) if kept else text


def _without_qualifier(match: re.Match) -> str:
    """[[Wikt:Boston (album)|]] -> Boston, [[Boston, Lincolnshire|]] -> Boston"""
    name = match[0][2:-3].rpartition(":")[2]
    return re.sub(r" \([^()]*\)$|,.*$", "", name)


def _without_files(text: str, opening: re.Pattern) -> str:
    cuts: list[tuple[int, int]] = []
    done = unclosed = 0
    for match in opening.finditer(text):
        start = match.start()
        if start < done:
            continue
        depth, end = 0, 0
        if unclosed < 20:  # each search costs up to 20,000 characters
            for bracket in _BRACKETS.finditer(text, start, start + 20_000):
                depth += 1 if bracket[0] == "[[" else -1
                if depth == 0:
                    end = bracket.end()
                    break
        if not end:
            unclosed += 1
            end = text.find("\n", start)
            end = end if end >= 0 else len(text)
        cuts.append((start, end))
        done = end
    return cut(text, cuts, DROP) if cuts else text
