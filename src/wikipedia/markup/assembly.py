"""The text of an article and its sections, from its blocks."""

import html
import re
from collections.abc import Iterator

from wikipedia.markup.lines import Block
from wikipedia.markup.marks import CLOSE, EQUALS, INDENT, OPEN, PIPE

_PROTECTED = re.compile(f"{OPEN}(\\d+){CLOSE}")


def assemble(blocks: list[Block], held: list[str]) -> tuple[str, list[dict]]:
    """Blocks -> the text and its sections; headings with nothing below them are left out."""
    pieces: list[str] = []
    sections: list[dict] = []
    waiting: list[Block] = []
    length, last = 0, "h"
    for block in _without_announcements(blocks):
        kind, text, level = block
        if kind == "h":
            while waiting and waiting[-1].level >= level:
                waiting.pop()
            waiting.append(block)
            continue
        text = final(text, held)
        if not text:
            continue
        for heading in waiting:
            if title := final(heading.text, held):
                glue = "\n\n" if pieces else ""
                pieces.append(f"{glue}{'#' * heading.level} {title}")
                sections.append({"level": heading.level, "title": title, "start": length + len(glue)})
                length += len(pieces[-1])
                last = "h"
        waiting.clear()
        piece = text.lstrip() if not pieces else ("\n" if kind == last == "l" else "\n\n") + text
        pieces.append(piece)
        length += len(piece)
        last = kind
    return "".join(pieces), sections


_SENTENCE_END = re.compile(r"[.!?][\"”’)]*\s+(?=[^a-z\s])|[。！？]\s*")


def _without_announcements(blocks: list[Block]) -> Iterator[Block]:
    """Without "The results were:" where the table or list that it announces was dropped."""
    level = 0
    for block, following in zip(blocks, [*blocks[1:], Block("h", "")]):
        if block.kind == "t":
            continue
        level = block.level if block.kind == "h" else level
        nothing = following.kind == "t" or (following.kind == "h" and following.level <= level)
        if block.kind == "p" and nothing and block.text[-1:] in (":", "："):
            ends = [match.end() for match in _SENTENCE_END.finditer(block.text)]
            if ends:
                yield block._replace(text=block.text[: ends[-1]].rstrip())
            continue
        yield block


def final(text: str, held: list[str]) -> str:
    if INDENT in text:
        text = text.replace(INDENT, "  ")
    if "&" in text:
        text = html.unescape(text).replace("\xa0", " ")
    if EQUALS in text:
        text = text.replace(EQUALS, "=")
    if PIPE in text:
        text = text.replace(PIPE, "|")
    if OPEN in text:
        text = _PROTECTED.sub(lambda m: held[int(m[1])], text)
    return text
