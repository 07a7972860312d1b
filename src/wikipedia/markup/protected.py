"""What is not wikitext: comments, references, and the contents of <nowiki>, <math>, <pre> and the like."""

import html
import re
from functools import cache

from wikipedia.markup.marks import ALL, CLOSE, DROP, OPEN

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def without_control(text: str) -> str:
    """Our own marks must not come from outside; a dump cannot hold these characters, but a caller can."""
    if any(mark in text for mark in ALL):
        text = CONTROL.sub("", text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def without_comments(text: str) -> str:
    """Comments go; one that has lines of its own takes them along. An unclosed one hides the rest, as in MediaWiki."""
    kept, done = [], 0
    while (start := text.find("<!--", done)) >= 0:
        begin, after = _comment(text, start, done)
        kept.append(text[done:begin])
        done = after
    kept.append(text[done:])
    return "".join(kept)


def _comment(text: str, start: int, done: int) -> tuple[int, int]:
    """-> where the comment at `start` begins and ends, with the line that it has for itself"""
    end = text.find("-->", start + 4)
    if end < 0:
        return start, len(text)
    begin, after = start, end + 3
    if text[after : after + 1] == "\n":
        while begin > done and text[begin - 1] in " \t":
            begin -= 1
        if text[begin - 1 : begin] in ("\n", ""):
            return begin, after + 1
    return start, after


REF = re.compile(r"<ref\b[^<>]*(?:/>|>[^<]*</ref>)")


_DROPPED_TAGS = {
    "ref",
    "references",
    "gallery",
    "timeline",
    "score",
    "imagemap",
    "templatedata",
    "graph",
    "mapframe",
    "maplink",
    "hiero",
    "inputbox",
    "categorytree",
    "indicator",
    "includeonly",
    "templatestyles",
    "section",
    "charinsert",
}


_HELD_TAGS = {"nowiki", "math", "chem", "ce", "pre", "syntaxhighlight", "source"}


_EXTENSION = re.compile(
    rf"<!--|<({'|'.join(sorted(_DROPPED_TAGS | _HELD_TAGS | {'code'}, key=len, reverse=True))})\b([^<>]*)>", re.I
)
_LITERAL = re.compile("<(?:nowiki|pre|code|syntaxhighlight|source)\\b", re.I)


def protect(text: str, held: list[str]) -> str:
    """Drop comments, references and pictures; take math, code and nowiki out of the text until the end.

    What opens first wins: a comment or a <ref> inside <nowiki>, <pre> or <code> is text.
    """
    if "<" not in text:
        return text
    if not _LITERAL.search(text):  # the usual article: two fast passes
        if "<!--" in text:
            text = without_comments(text)
        text = REF.sub(DROP, text)
    kept, done = [], 0
    unclosed: set[str] = set()
    for match in _EXTENSION.finditer(text):
        start = match.start()
        if start < done:
            continue
        if match[1] is None:
            start, end = _comment(text, start, done)
            kept.append(text[done:start])
            done = end
            continue
        piece, end = _extension(text, match, held, unclosed)
        if end:
            kept += (text[done:start], piece)
            done = end
    kept.append(text[done:])
    return "".join(kept)


def _extension(text: str, match: re.Match, held: list[str], unclosed: set[str]) -> tuple[str, int]:
    """-> what stands for a tag of MediaWiki's extensions, and where it ends; 0 when it is left as it is"""
    name, attributes, end = match[1].lower(), match[2], match.end()
    if name == "nowiki" and attributes.endswith("/"):
        return _keep("", held), end
    if attributes.endswith("/") or name in unclosed:
        return (DROP, end) if name != "code" else ("", 0)
    closer = _closer(name).search(text, end)
    if closer is None:
        unclosed.add(name)  # the tag alone goes; what follows it stays
        return (DROP, end) if name != "code" else ("", 0)
    content = text[end : closer.start()]
    if name == "code":  # an ordinary tag, unless a comment or a <ref> in it is what it talks about
        if not _talks_of_markup(content):
            return "", 0
        content = re.sub(r"</?nowiki\s*/?>", "", content)
        return _keep(f"`{html.unescape(content).strip()}`", held), closer.end()
    return (DROP if name in _DROPPED_TAGS else _held(name, attributes, content, held)), closer.end()


def _talks_of_markup(code: str) -> bool:
    return ("<!--" in code and "-->" not in code) or ("<ref" in code and "</ref" not in code and "/>" not in code)


def _keep(content: str, held: list[str]) -> str:
    held.append(content)
    return f"{OPEN}{len(held) - 1}{CLOSE}"


@cache
def _closer(name: str):
    return re.compile(rf"</{name}\s*>", re.I)


def _held(name: str, attributes: str, content: str, held: list[str]) -> str:
    """-> what stands in the text for a piece of math, code or nowiki"""
    content = content.replace(DROP, "")  # a reference inside it was dropped before
    if name in ("math", "chem", "ce"):
        latex = " ".join(content.replace("$", r"\$" if r"\$" not in content else "$").split())
        if not latex:
            return DROP
        content = f"$\\ce{{{latex}}}$" if name != "math" or "chem" in attributes else f"${latex}$"
        return _keep(html.unescape(content), held)
    if name == "nowiki":
        return _keep(html.unescape(content), held)
    if name == "pre":  # its tags are text
        content = html.unescape(re.sub(r"</?nowiki\s*/?>", "", content))
    elif "inline" in attributes:
        return _keep(f"`{content.strip()}`", held)
    language = re.search(r"lang\s*=\s*[\"']?([\w+#-]+)", attributes)
    if not content.strip():
        return "\n\n"
    block = f"```{language[1].lower() if language else ''}\n{content.strip(chr(10)).rstrip()}\n```"
    return f"\n\n{_keep(block, held)}\n\n"
