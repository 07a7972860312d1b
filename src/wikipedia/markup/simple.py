"""For articles over their budget: a few linear substitutions."""

import html
import re

from wikipedia.markup.lines import LINE_HEADING
from wikipedia.markup.marks import ALL
from wikipedia.markup.protected import CONTROL, without_comments

_SIMPLE = [re.compile(r"<ref\b[^<>]*(?:/>|>[^<]*</ref>)"), *[re.compile(r"\{\{[^{}]*\}\}")] * 8]


_SIMPLE_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]")


def to_text_simply(wikitext: str) -> str:
    """For articles over their budget: a few linear substitutions, whatever is left of the markup deleted."""
    text = without_comments(CONTROL.sub("", wikitext)) if "<!--" in wikitext else wikitext
    for pattern in _SIMPLE if "}}" in text or "<ref" in text else ():
        text, found = pattern.subn("", text)
        if not found and pattern is not _SIMPLE[0]:
            break
    for _ in range(3 if "]]" in text else 0):
        text, found = _SIMPLE_LINK.subn(lambda m: m[1], text)
        if not found:
            break
    for mark in ("{{", "}}", "[[", "]]", "{|", "|}", "'''", "''", *ALL):
        text = text.replace(mark, "")
    if "<" in text:
        text = re.sub(r"<[a-zA-Z/][^<>]*>", "", text)
    if "&" in text:
        text = html.unescape(text)
    lines = []
    for line in text.split("\n"):
        line = line.strip(" :;")
        if line[:1] in ("*", "#"):
            line = "- " + line.lstrip("*# ")
        elif line[:1] == "=" and (match := LINE_HEADING.match(line[:1000])):
            line = f"{'#' * len(match[1])} {match[2].strip()}"
        if line[:1] not in ("|", "!"):
            lines.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
