"""Repair what other extractors leave in a text: holes where a template stood, lost formulas, headings as bare lines.

Nothing here drops an article, and our own extraction's text does not come here: it has closed its holes where it made
them. `mend` works within lines; `restore_layout` is for text whose lines are paragraphs and whose headings are
short lines with a full stop: it marks headings and takes out what is left of tags, links, lists and formulas.
"""

import re
from html import unescape

# 1. Holes: "(; born 1970)", "Alberta () is", "the words of , and"

_HOLES = [
    (re.compile(pattern), filling)
    for pattern, filling in [
        (r"  +", " "),
        (r"\( ?[;,][ ;,]*(?=[^ ;,)])", "("),
        (r" \([ ;,]*\)|^\([ ;,]*\) ?", ""),
        (r"[;,]? \)", ")"),
        (r" (?<=[\w)\"'”’] )(?=[,;](?: |$)|\.(?! ?\.)(?: |$))", ""),
        (r",(?: ?,)+", ","),
    ]
]
_SIGNS = ("  ", "(;", "( ;", "(,", "( ,", "()", "( )", " )", " ,", " ;", " .", ",,")  # one of them is in every hole
_FORMULA = re.compile(r"(\$[^$]+\$)")


def mend(text: str) -> str:
    """The text with its holes closed; indents, fenced code and formulas between dollars stay as they are."""
    lines, fenced = text.split("\n"), False
    for k, line in enumerate(lines):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and any(sign in line for sign in _SIGNS):
            parts = _FORMULA.split(line) if "$" in line else [line]
            for j in range(0, len(parts), 2):
                indent = len(parts[j]) - len(parts[j].lstrip(" "))
                body = parts[j][indent:]
                for hole, filling in _HOLES:
                    body = hole.sub(filling, body)
                parts[j] = parts[j][:indent] + body
            lines[k] = "".join(parts)
    return "\n".join(lines)


# 2. Lines that are paragraphs

_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TAG = re.compile(
    r"</?(?:br|d[ldt]|poem|small|big|su[bp]|span|div|center|font|blockquote|ref|references|nowiki|onlyinclude|"
    r"includeonly|noinclude|[bipsu]|em|strong|tt|code|table|t[rdh]|gallery|li|ul|ol|math|cite|abbr|var|dfn|kbd|samp|h[1-6])"
    r"(?:\s+[\w:-]+\s*=[^<>]{0,300})?\s*/?>",
    re.I,
)
_AS_OF = re.compile(r"(?:^|(?<=[.\"”] ))s of (?=[\w ,]{1,30}\[ ?\[update\]\])")  # {{As of|2015}} that lost its capital
_UPDATE = re.compile(r"\[ ?\[update\]\]")
_FILE = re.compile(r"\[\[(?:File|Image|Category):.*", re.I)
_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]")
_BRACKETS = re.compile(r"\[[^\[\]]*\]|,? ?\]")  # "Audi AG (]) is", "Köln" ]," lost what [ began
_LOST_SPEECH = re.compile(
    r"\((?:[ ;,]|(?:or|and|pronounced|IPA:?)\b|\"\")*[;,] *(?=[^ ;,)])|"
    r",? ?\((?:[ ;,]|(?:or|and|pronounced|see|IPA:?)\b|\"\")*\)|[;,] ?pronounced ?(?=[);,])"
)
_NESTED_QUOTE = re.compile(r"(?<=[^\s(])\"\"|\"\"(?=[^\s,.;:)])")
_LEFTOVER = ("<!--", "{{", "}}", "#if:", 'class="', 'style="', '">')
_CSS = re.compile(r"(?:\w+:)?[\d.]*em;?$")
_EMPTY = re.compile(r" ?(?<![\w)])\[ ?\]")
# A sentence that lost its point: a formula, or what stood after "according to ,"
_LOST_POINT = re.compile(
    r"(?:formula|codice)_\d|\b(?:to|by|of|in|at|on|for|from|with|the|an?|and|or|as|than|is|was|are|"
    r"were|called|named|dubbed|see|this) +[,.;)](?:\s|$)|[.:;] ,|: \.(?! ?\.)|"
    r"(?<![^\s(])\"\"(?![^\s,.;:)])"
)
_MAY_HAVE_LOST = ("formula_", "codice_", " ,", " .", " ;", " )", '""')
_SENTENCE = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][\"”)]))(?<!\b[A-Z]\.)(?<!\b(?:Dr|Mr|Ms|St|vs|Mt|Jr|Sr)\.)(?<!\bMrs\.) +(?=[\"“(A-Z])"
)
_GOES_ON = re.compile(r"(?:where|and|or|so|then)\b")  # after a formula on a line of its own
_LIST_FOLLOWS = re.compile(
    r"\b(?:as follows|following|such as|includ\w+|are|were|of|as|below|ways|by|as follow|types|them|be):$"
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|be|been|can|may|will|would|does|did|refers?|see(?! also)|provides?|shows?)\b",
    re.I,
)
_FIGURE = re.compile(r"[\d,.]+(?: (?:million|billion|%|km|est|sq|\()|\S* \(\d{4})")


def restore_layout(text: str, title: str, drop_sections: frozenset[str]) -> str:
    """Lines that are paragraphs -> paragraphs between blank lines, `## ` headings, nothing left over of the markup.

    drop_sections: lower-case headings of sections that are no prose, such as "references".
    """
    first, _, rest = text.partition("\n\n")
    if rest and unescape(first) == unescape(title):  # some write the title as the first paragraph
        text = rest
    if "\n\n" in text:  # has a layout of its own
        return text
    if "<poem" in text:
        text = _indent_poems(text)
    lines = [line for line in map(_plain_line, text.split("\n")) if line]
    blocks: list[str] = []
    skipping = False
    for line, following in zip(lines, lines[1:] + [""]):
        heading = _heading(line, following, blocks[-1] if blocks else "")
        if heading:
            skipping = heading.lower() in drop_sections
        if skipping:
            continue
        if heading:
            blocks.append(f"## {heading}")
        else:
            _add_line(blocks, line)
    return "\n\n".join(_without_dangling(blocks))


def _indent_poems(text: str) -> str:
    """Every verse on a line that begins with a space, as preformatted text does."""
    before, *rest = text.split("<poem")
    for piece in rest:
        poem, closed, after = piece.partition("</poem>")
        verses = [verse.strip() for verse in poem.partition(">")[2].split("\n")]
        before += "\n" + "\n".join(f" {verse}" for verse in verses) + "\n" + after if closed else poem
    return before


def _plain_line(line: str) -> str:
    """The line without tags, links and invisible characters; empty when it was only markup."""
    if not line.isprintable():
        line = _INVISIBLE.sub("", line.replace("\xa0", " ").replace("\t", " "))
    if "<" in line:
        line = _TAG.sub("", line)
    if "[" in line or "]" in line:
        line = _UPDATE.sub("", _AS_OF.sub("As of ", line))
        line = _LINK.sub(r"\1", _FILE.sub("", line))
        line = _BRACKETS.sub(lambda found: found[0] if "[" in found[0] else "", _EMPTY.sub("", line))
    if "(" in line:
        line = _LOST_SPEECH.sub(lambda found: "(" if found[0][0] == "(" and found[0][-1] != ")" else "", line)
    if '""' in line:
        line = _NESTED_QUOTE.sub('"', line)
    bare = line.strip()
    if bare.startswith(("|", "!", "{|")) or any(sign in line for sign in _LEFTOVER) or _CSS.match(bare):
        return ""
    return " " + bare if bare and line.startswith(" ") else bare


def _heading(line: str, following: str, before: str) -> str | None:
    """'Early life.' -> 'Early life'; None for a sentence, a figure, or the last line of the article"""
    if not line.endswith(".") or line.endswith("..") or not following or not 2 < len(line) <= 80 or line.count(" ") > 7:
        return None
    body = line[:-1]
    if not (body[0].isupper() or body[0].isdigit() or body[0] in "\"'(") or " " in body and _VERB.search(body):
        return None
    if _FIGURE.match(body) or before.endswith((":", ",")) and body[0].isdigit():
        return None
    return body


def _add_line(blocks: list[str], line: str) -> None:
    """Append the line as a block, or join it to the last one where the source only broke the line."""
    last = blocks[-1] if blocks and not blocks[-1].startswith("## ") else ""
    finished = not last or last.endswith((".", "!", "?", '"', "”", ")"))
    if any(sign in line for sign in _MAY_HAVE_LOST) and _LOST_POINT.search(line):
        first = not blocks  # says what the article is about: better with a hole than gone
        line = " ".join(s for k, s in enumerate(_SENTENCE.split(line)) if first and k == 0 or not _LOST_POINT.search(s))
        if not line or line[0].islower():
            line = _drop_first_sentence(line) if line else ""
            _drop_unfinished(blocks)
    elif line[0].islower() and _GOES_ON.match(line):
        if not finished or not last:
            _drop_unfinished(blocks)
        line = _drop_first_sentence(line)
    elif line[0].islower() and not finished or last.rstrip(" ;,").endswith("("):
        blocks[-1] = f"{last} {line}"
        return
    elif line[0] == " ":  # preformatted: code, verse
        if last.startswith(" "):
            blocks[-1] = f"{last}\n{line}"
            return
    if line:
        blocks.append(line)


def _drop_first_sentence(line: str) -> str:
    return " ".join(_SENTENCE.split(line)[1:])


def _drop_unfinished(blocks: list[str]) -> None:
    """Take the last sentence off the last block when it has no end: "The sum is", "we obtain:"."""
    if blocks and not blocks[-1].startswith(("## ", " ")) and not blocks[-1].endswith((".", "!", "?", '"', "”", ")")):
        rest = " ".join(_SENTENCE.split(blocks.pop())[:-1])
        if rest:
            blocks.append(rest)


def _without_dangling(blocks: list[str]) -> list[str]:
    """Without "... such as:" where the list is lost, and without headings that nothing follows at the end."""
    kept: list[str] = []
    for block in reversed(blocks):
        if block.endswith(":") and (
            not kept or kept[-1].startswith("## ") or kept[-1][0].isupper() and _LIST_FOLLOWS.search(block)
        ):
            block = " ".join(_SENTENCE.split(block)[:-1])
        if block and (kept or not block.startswith("## ")):
            kept.append(block)
    return [block.replace("\n ", "\n").strip() for block in kept[::-1]]
