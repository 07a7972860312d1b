"""An article as passages: its paragraphs under their headings, 60 to 200 words each, overlapping nowhere."""

import re
from typing import NamedTuple

from wikipedia import writing

FEWEST, MOST = 60, 200  # words of a passage; a shorter article is one passage, a longer sentence stays whole
HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)
GAP = re.compile(r"\n\s*\n|\n(?=#{1,6} )")


class Passage(NamedTuple):
    section: str  # the heading that it stands under; "" above the first one
    start: int  # characters of the article's text
    end: int


def passages(text: str) -> list[Passage]:
    """In order. Short paragraphs are joined, over headings too where a section has less than FEWEST words; what is
    longer than MOST is cut between sentences."""
    found: list[Passage] = []
    heading, section, begin, size = "", "", 0, 0  # of the paragraph; of the passage that is being collected

    def close(end: int) -> None:
        nonlocal size
        if size:
            found.append(Passage(section, begin, end))
        size = 0

    for start, end in pieces(text):
        named = HEADING.match(text, start)
        if named:
            heading = named[1]
            if size >= FEWEST:
                close(start)
        words = count(HEADING.sub("", text[start:end]))
        if not words:
            continue
        if size and (size + words > MOST or (size >= FEWEST and words >= FEWEST)):
            close(start)
        if not size:
            section, begin = heading, start
        size += words
    close(len(text))
    return joined(found, text)


def joined(found: list[Passage], text: str) -> list[Passage]:
    """A last passage that is too short goes to the one before it, if both are not too long together."""
    if len(found) > 1:
        before, last = found[-2:]
        words = count(text[last.start : last.end])
        if words < FEWEST and words + count(text[before.start : before.end]) <= MOST:
            return [*found[:-2], before._replace(end=last.end)]
    return found


def pieces(text: str) -> list[tuple[int, int]]:
    """The paragraphs, the heading at the head of its first one; long ones as several pieces."""
    starts = [0, *(gap.end() for gap in GAP.finditer(text))]
    result: list[tuple[int, int]] = []
    for start, end in zip(starts, [*starts[1:], len(text)]):
        if result and HEADING.fullmatch(text, result[-1][0], len(text[: result[-1][1]].rstrip())):
            start = result.pop()[0]  # a heading alone belongs to what follows it
        if not text[start:end].strip():
            continue
        if count(text[start:end]) <= MOST:
            result.append((start, end))
        else:
            result += halves(text, start, end)
    return result


def halves(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A long paragraph cut between sentences into parts of at most about MOST words, as equal as may be."""
    sentences = writing.sentences(text[start:end])
    sizes = [count(sentence) for sentence in sentences]
    part = sum(sizes) / -(-sum(sizes) // MOST)
    cuts, words, at = [start], 0, start
    for sentence, size in zip(sentences, sizes):
        if words and (words + size / 2 > part or words + size > MOST):
            cuts.append(at)
            words = 0
        words, at = words + size, at + len(sentence)
    return list(zip(cuts, [*cuts[1:], end]))


def count(text: str) -> int:
    """Words; of a script without spaces characters."""
    return len(writing.spaced(text).split())


def shown(text: str, passage: Passage) -> str:
    """The passage without the headings that stand in it."""
    part = HEADING.sub("", text[passage.start : passage.end])
    return re.sub(r"\n{3,}", "\n\n", part).strip()
