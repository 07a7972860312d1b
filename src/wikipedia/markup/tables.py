"""Tables: dropped, or small ones as lines of text."""

import re

from wikipedia.markup.marks import TABLE

_TABLE_EDGE = re.compile(r"\n[ \t:*#;]*(\{\||\|\}(?!\}(?!\})))")


_HTML_TABLE = re.compile(r"<(/?)table\b[^<>]*>", re.I)


def without_tables(text: str, as_text: bool = False) -> tuple[str, bool]:
    """Tables of any depth go, or become text if they are small. One that is never closed loses only its rows: lines up
    to a blank one. -> the text, and whether there was such a one"""
    opened: list[int] = []
    cuts: list[tuple[int, int]] = []
    for match in _TABLE_EDGE.finditer(text):
        if match[1] == "{|":
            opened.append(match.start())
        elif opened:
            start = opened.pop()
            while cuts and cuts[-1][0] > start:
                cuts.pop()
            cuts.append((start, match.end()))
    end = 0
    for start in opened:
        if start >= end:
            end = text.find("\n\n", start)
            end = end if end >= 0 else len(text)
            cuts.append((start, end))
    cuts.sort()
    mark = f"\n\n{TABLE}\n\n"
    if not as_text:
        return cut(text, cuts, mark), bool(opened)
    kept: list[str] = []
    done = 0
    for start, end in cuts:
        if start >= done:
            kept += (text[done:start], table_text(text[start:end]) or mark)
        done = max(done, end)
    return "".join([*kept, text[done:]]), bool(opened)


MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 30, 8, 3000  # of a table that becomes text
_CELL_EDGE = re.compile(r"\|\||!!|\n[ \t]*[|!]")
_BOX = re.compile(r"\b(?:infobox|navbox|toc|sidebar|vevent|metadata)\b", re.I)


def table_text(table: str) -> str:
    """A small table as list items "Header: value; Header: value"; "" for one that is large, nested or a box"""
    head, _, body = table.strip().partition("\n")
    if len(table) > MOST_CHARACTERS or "{|" in body or _BOX.search(head):
        return ""
    header: list[str] = []
    lines: list[str] = []
    for row in re.split(r"\n[ \t]*\|-[^\n]*", "\n" + body.rsplit("|}", 1)[0]):
        cells, marks = _cells(row)
        if not cells:
            continue
        if not lines and not header and len(cells) > 1 and all(mark == "!" for mark in marks):
            header = cells
            continue
        if len(cells) > MOST_COLUMNS or (header and len(cells) != len(header)) or (not header and len(cells) != 2):
            return ""
        pairs = zip(header, cells) if header else [(cells[0], cells[1])]
        shown = "; ".join(f"{name}: {value}" if name else value for name, value in pairs if value)
        if shown:
            lines.append(f"* {shown}")
    return "\n\n" + "\n".join(lines) + "\n\n" if 0 < len(lines) <= MOST_ROWS else ""


def _cells(row: str) -> tuple[list[str], list[str]]:
    """-> the cells of a row, and | or ! for each; none for a row with cells that span others"""
    if re.search(r"(?:row|col)span", row):
        return ["?"] * (MOST_COLUMNS + 1), []
    row = re.sub(r"\n[ \t]*\|\+[^\n]*", "", row)  # the caption
    edges = list(_CELL_EDGE.finditer(row))
    cells, marks = [], []
    for edge, following in zip(edges, [*edges[1:], None]):
        cell = row[edge.end() : following.start() if following else len(row)]
        before, bar, after = cell.partition("|")
        if bar and not re.search(r"\[\[|\{\{", before):  # attributes
            cell = after
        cells.append(" ".join(cell.split()))
        marks.append(edge[0].strip()[:1])
    return cells, marks


def cut(text: str, ranges: list[tuple[int, int]], mark: str) -> str:
    kept, done = [], 0
    for start, end in ranges:
        if start >= done:
            kept.append(text[done:start])
            kept.append(mark)
        done = max(done, end)
    kept.append(text[done:])
    return "".join(kept)


def without_html_tables(text: str) -> str:
    depth, start, cuts = 0, 0, []
    for match in _HTML_TABLE.finditer(text):
        if not match[1]:
            start = match.start() if depth == 0 else start
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                cuts.append((start, match.end()))
    return cut(text, cuts, f"\n\n{TABLE}\n\n") if cuts else text
