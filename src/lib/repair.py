"""Mend what extractors leave in a text: holes where a template stood, lost lists, headings as bare lines.

Nothing here drops an article. `mend` is safe on any text and leaves a clean one as it is; `restore_layout` is for
text of other extractors, whose lines are paragraphs and whose headings are short lines with a full stop.
"""

import re
from html import unescape as html_unescape

# Where a template or a link gave nothing: "(; born 1970)", "( )", "(, )", "drawing on , and"
_HOLES = [
    (re.compile(r"\(\s*[;,:]\s*(?=[^\s;,:])"), "("),
    (re.compile(r" ?\((?:\s|[;,:])*\)"), ""),
    (re.compile(r"[;,:]\s*\)"), ")"),
    (re.compile(r"(?<=\w|[)\"'”’]) +(?=[,;](?:\s|$)|\.(?:\s|$))"), ""),
    (re.compile(r",(?:\s*,)+(?=\s)"), ","),
    (re.compile(r"(?<=\S)  +(?=\S)"), " "),
]
_SIGNS = ("( ", "()", "(;", "(,", "(:", " )", ",)", ";)", " ,", " ;", " .", ",,", "  ")
_KEPT_AS_IS = re.compile(r"(```.*?(?:```|\Z)|\$[^$\n]*\$)", re.S)  # code and formulas


def mend(text: str) -> str:
    if not any(sign in text for sign in _SIGNS):
        return text
    parts = _KEPT_AS_IS.split(text)
    for k in range(0, len(parts), 2):
        if any(sign in parts[k] for sign in _SIGNS):
            for hole, filling in _HOLES:
                parts[k] = hole.sub(filling, parts[k])
    return "".join(parts)


_TAG = re.compile(r"</?(?:br|dl|dd|dt|poem|small|big|su[bp]|span|div|center|font|blockquote|ref|references|nowiki|onlyinclude|"
                  r"includeonly|noinclude|[bipsu]|em|strong|tt|code|table|t[rdh]|gallery|li|ul|ol|math|cite|abbr|var|h[1-6])"
                  r"(?:\s[^<>\n]{0,300})?/?>", re.I)
_AS_OF = re.compile(r"(?:(?<![^\n ])s of (?=[\w ,]{1,30}\[ ?\[update\]))")  # {{As of|2015}} lost its A
_UPDATE = re.compile(r"\[ ?\[update\]\]")
_FILE = re.compile(r"\[\[(?:File|Image|Category):[^\n]*", re.I)
_LINK = re.compile(r"\[\[(?:[^\[\]|\n]*\|)?([^\[\]|\n]*)\]\]")
_LOST_IPA = re.compile(r",?\s*(?<![\w\[])\](?=\s*[,;)])|(?<=\()\](?=[,;) ])")  # "Audi AG (])"
_LOST_QUOTE = re.compile(r' ?""(?=[\s,.;:)]|$)')  # a title in italics that was a template
_LOST_TOKEN = re.compile(r"(?:formula|codice)_\d+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"“(A-Z])")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\x00-\x08\x0b-\x1f\x7f]")
_TEMPLATE_LINE = re.compile(r"\{\{|\}\}|#if:|^\s*[|!]|^\s*\{\||class=\"|style=\"|^\s*em;")
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|be|been|can|may|will|would|does|did|do)\b")


def restore_layout(text: str, title: str, drop_sections: frozenset[str]) -> str:
    """Text whose lines are paragraphs -> paragraphs between blank lines, `## ` headings, without what the extractor left over.

    drop_sections: lower-case headings of sections that are no prose, such as "references".
    """
    first, _, rest = text.partition("\n\n")
    if rest and html_unescape(first) == html_unescape(title):  # the title as its own first paragraph
        text = rest
    if "\n\n" in text:
        return text
    lines = [_clean_line(line) for line in text.split("\n")]
    lines = [line for line in lines if line is not None]
    blocks, skipping = [], False
    for line, following in zip(lines, lines[1:] + [""]):
        heading = _heading(line, following)
        if heading:
            skipping = heading.lower() in drop_sections
            if not skipping:
                blocks.append(f"## {heading}")
        elif not skipping:
            line = _without_lost_tokens(line)
            if line:
                blocks.append(line)
    return "\n\n".join(_without_dangling(blocks))


def _clean_line(line: str) -> str | None:
    """The line without tags, links and invisible characters; None when it is no text at all."""
    line = _INVISIBLE.sub("", line.replace("\xa0", " "))
    if "<" in line:
        line = _TAG.sub("", line)
    if "[" in line:
        line = _UPDATE.sub("", _AS_OF.sub("As of ", line))
        line = _LINK.sub(r"\1", _FILE.sub("", line))
    if _TEMPLATE_LINE.search(line):
        return None
    if "]" in line:
        line = _LOST_IPA.sub("", line)
    if '""' in line:
        line = _LOST_QUOTE.sub("", line).replace('""', '"')
    line = line.strip()
    return line or None


def _heading(line: str, following: str) -> str | None:
    """'Early life.' before another line -> 'Early life'; None for a sentence"""
    body = line[:-1]
    if not line.endswith(".") or line.endswith("..") or not following or len(line) > 80 or line.count(" ") > 7:
        return None
    if not (line[0].isupper() or line[0].isdigit() or line[0] in "\"'(") or _VERB.search(body) and " " in body:
        return None
    return body


def _without_lost_tokens(line: str) -> str:
    """A sentence whose formula was lost says nothing any more: the line without such sentences."""
    if "formula_" not in line and "codice_" not in line:
        return line
    return " ".join(s for s in _SENTENCE.split(line) if not _LOST_TOKEN.search(s))


def _without_dangling(blocks: list[str]) -> list[str]:
    """Without "... such as:" where the list is lost (a heading or the end follows), and without headings at the end."""
    kept: list[str] = []
    for block in reversed(blocks):
        before_nothing = not kept or kept[-1].startswith("## ")
        if block.endswith(":") and before_nothing:
            block = " ".join(_SENTENCE.split(block)[:-1])
        if block and not (not kept and block.startswith("## ")):
            kept.append(block)
    return kept[::-1]
