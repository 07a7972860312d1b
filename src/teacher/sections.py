"""Passages of an article for the teacher: stretches of 150 to 400 words of its sections, from anywhere in it.

cut(text, fits)                 # -> [Passage(section="History", text="The bridge was ...")]
draw(article, 2, fits, seed)    # two of them, by a hash, each with another one to compare it with
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from pipeline.draws import hash64
from teacher.rules.english import sentences

LEAST, MOST = 150, 400  # words
FEWEST = 40  # words of an article that has no passage of LEAST: it is one as a whole
HEADING = re.compile(r"#{1,6} (.+)")


class Passage(NamedTuple):
    section: str  # the heading that it stands under; '' before the first
    text: str  # as it stands in the article


def cut(text: str, fits: Callable[[str], bool]) -> list[Passage]:
    """The passages of an article in their order, none sharing a word with another.

    A passage ends at a heading once it is long enough, so that it is of one section where sections are long; a
    paragraph that is too long is cut between sentences. What is left over and too short is in none.
    """
    passages: list[Passage] = []
    section = begins = ""  # the heading we are under, and that of the passage
    parts: list[str] = []  # its paragraphs

    def close(least: int = LEAST) -> None:
        while parts and HEADING.fullmatch(parts[-1]):
            parts.pop()
        whole = "\n\n".join(parts)
        if parts and len(whole.split()) >= least:
            passages.append(Passage(begins, whole))
        parts.clear()

    for block in blocks(text, fits):
        heading = HEADING.fullmatch(block)
        if heading and words_of(parts) >= LEAST:
            close()
        together = "\n\n".join([*parts, block])
        if parts and (len(together.split()) > MOST or not fits(together)):
            close()
        if heading:
            section = heading[1]
        if not parts:
            begins = section
        if parts or not heading:  # no passage begins with a heading
            parts.append(block)
    close(LEAST if passages else FEWEST)
    return passages


def blocks(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Headings and paragraphs; of what is too long the sentences, put together as far as they go."""
    found: list[str] = []
    for block in (part.strip() for part in text.split("\n\n")):
        if len(block.split()) <= MOST and fits(block):
            found += [block] if block else []
            continue
        run = ""
        for sentence in sentences(block):
            longer = f"{run} {sentence}".strip()
            if longer in block and len(longer.split()) <= MOST and fits(longer):
                run = longer
            else:
                found += [run] if run else []
                run = sentence if len(sentence.split()) <= MOST and fits(sentence) else ""
        found += [run] if run else []
    return found


def words_of(parts: list[str]) -> int:
    return sum(len(part.split()) for part in parts)


def draw(article: dict, count: int, fits: Callable[[str], bool], seed: int) -> list[dict]:
    """At most `count` passages of an article, chosen by a hash of its id and their place, in their order.

    -> [{"section", "text", "other": another passage that fits beside it, to be compared with it, or ''}]
    """
    passages = cut(article["text"], fits)
    ranked = sorted(range(len(passages)), key=lambda place: hash64(seed, "passage", article["id"], place))
    chosen = []
    for place in sorted(ranked[:count]):
        text = passages[place].text
        others = (passages[n].text for n in ranked if n != place and fits(f"{text}\n\n{passages[n].text}"))
        chosen.append({"section": passages[place].section, "text": text, "other": next(others, "")})
    return chosen
