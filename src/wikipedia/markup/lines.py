"""Lines: paragraphs, list items, headings, preformatted text; bold and italics."""

import re
from typing import NamedTuple

from wikipedia.markup.marks import NEWLINE, NUMBER, OPEN, TABLE


class Block(NamedTuple):
    kind: str  # p: paragraph, l: list item, h: heading, c: code, t: where a table was
    text: str
    level: int = 0


_SPECIAL = frozenset("*#:;= |{}-!" + OPEN + TABLE)
LINE_HEADING = re.compile(r"(={1,6})(.+?)\1\s*$")
_DEFINITION = re.compile(r"\s*:\s+|\s+:")
_ROW = re.compile(r"\|(?:[-+}]|[^|\n]*\|\||\s*[\w -]{1,40}=|\s*$)")
_NUMBERED = re.compile(f"{NUMBER}(\\d+){NUMBER}")


def blocks(text: str, rows: bool = False) -> list[Block]:
    """Lines of wikitext, links and templates resolved, -> paragraphs, list items, headings.

    rows: a table was not closed, so a line that begins with | is one of its rows.
    """
    reader = _Reader(rows)
    for line in text.split("\n"):
        if line:
            reader.read(line)
        else:  # every other line
            reader.blank()
    reader.flush()
    return reader.blocks


class _Reader:
    """Takes the lines of an article one after another; what belongs together becomes a block."""

    def __init__(self, rows: bool):
        self.blocks: list[Block] = []
        self.rows = rows
        self.paragraph: list[str] = []
        self.indented: list[str] = []
        self.term = ""  # of a definition list, waits for its definition
        self.opened: list[list] = []  # of nested lists: [mark, items so far]

    def flush(self) -> None:
        if self.paragraph:
            if text := tidy(" ".join(self.paragraph)):
                self.blocks.append(Block("p", text))
            self.paragraph.clear()
        if self.indented:
            self.blocks.extend(_preformatted(self.indented))
            self.indented.clear()
        if self.term:
            self.blocks.append(Block("p", self.term))
            self.term = ""

    def blank(self) -> None:
        self.opened.clear()
        if self.paragraph or self.indented or self.term:
            self.flush()

    def read(self, line: str) -> None:
        """A line that is not empty"""
        first = line[0]
        if first in "*#:;":
            held_term, self.term = self.term, ""
            self.flush()
            body = line.lstrip("*#:; ")
            prefix = line[: len(line) - len(body)].replace(" ", "")
            body = tidy(quotes(body) if "''" in body else body).replace("\n", " ")
            self.term = self._list_line(prefix, body, held_term)
            return
        self.opened.clear()  # any other line ends a list: the next one counts from 1
        if first not in _SPECIAL:
            self._text(line)
        elif first == " ":
            if self.paragraph or line.isspace():
                self.flush()
            if not line.isspace():
                self.indented.append(quotes(line) if "''" in line else line)
        elif first == TABLE:
            self.flush()
            self.blocks.append(Block("t", ""))
            if rest := line.lstrip(TABLE + " "):
                self.read(rest)
        elif first == "=" and (match := LINE_HEADING.match(line)):
            self.flush()
            if title := tidy(quotes(match[2]) if "''" in match[2] else match[2]).replace("\n", " ").strip("= "):
                self.blocks.append(Block("h", title, len(match[1])))
        elif self._is_rest_of_a_table(line):
            self.flush()
        else:
            self._text(line)

    def _text(self, line: str) -> None:
        if self.indented or self.term:
            self.flush()
        self.paragraph.append(quotes(line) if "''" in line else line)

    def _is_rest_of_a_table(self, line: str) -> bool:
        """Rows of a table that was never closed, rules"""
        if line[0] == "|":
            return self.rows or bool(_ROW.match(line))
        return line.startswith(("{|", "----")) or (line[0] == "{" and not line.strip("{ "))

    def _list_line(self, prefix: str, body: str, term: str) -> str:
        """One line of a list; -> the term of a definition list that waits for its definition"""
        marks = prefix.replace(":", "").replace(";", "")
        depth, add = max(len(marks), 1), self.blocks.append
        if prefix.endswith(";") or (prefix == ";:" and not term):
            if term:
                add(Block("p", term))
            parts = _DEFINITION.split(body, maxsplit=1)
            if len(parts) == 2 and parts[0] and parts[1] and "//" not in body:
                add(Block("l", f"- {parts[0]}: {parts[1]}", depth))
                return ""
            return body
        if not body:
            return term
        if prefix.endswith(":"):
            if term:
                add(Block("l", f"- {term}: {body}", 1))
            elif marks:
                add(Block("l", _indent(marks) + body, depth))
            else:
                add(Block("l", f"- {body}", 1) if ";" in prefix else Block("p", body))
            return ""
        if term:
            add(Block("p", term))
        add(Block("l", _indent(marks[:-1]) + self._item(marks, body), depth))
        return ""

    def _item(self, marks: str, body: str) -> str:
        """The item with its bullet or number. Numbers go on as long as the list does, and begin anew in the next."""
        same = 0
        while same < min(len(marks), len(self.opened)) and self.opened[same][0] == marks[same]:
            same += 1
        del self.opened[same:]
        self.opened += [[mark, 0] for mark in marks[same:]]
        if match := _NUMBERED.match(body):
            self.opened[-1][1] = int(match[1]) - 1
            body = body[match.end() :].lstrip()
        self.opened[-1][1] += 1
        return f"{self.opened[-1][1]}. {body}" if marks[-1] == "#" else f"- {body}"


def _indent(marks: str) -> str:
    """What stands below "- " begins behind it, and so below "1. "."""
    return "".join("   " if mark == "#" else "  " for mark in marks)


def _preformatted(lines: list[str]) -> list[Block]:
    """Lines that begin with a space: code when they look like code, otherwise verses or a stray indent."""
    lines = [line.rstrip() for line in lines]
    if len(lines) > 1 and sum(bool(re.search(r"[{}=<>;|\\_+/]|\S {2,}\S|^ {3,}", line)) for line in lines) * 2 > len(
        lines
    ):
        body = "\n".join(line[1:] for line in lines).replace(NEWLINE, "\n")
        return [Block("c", f"```\n{body}\n```")]
    text = NEWLINE.join(line.strip() for line in lines)
    return [Block("p", text)] if (text := tidy(text)) else []


_ODD_QUOTES = re.compile(r"'{2,}")


def quotes(line: str) -> str:
    """Bold and italic marks go; of an apostrophe that touches them, as in L'''amour'', the apostrophe stays."""
    if line.count("'''") % 2 == 0 and "''''" not in line:
        return line.replace("'''", "").replace("''", "")
    bold = italic = 0
    runs = _ODD_QUOTES.findall(line)
    for run in runs:
        size = min(len(run), 5)
        size = 3 if size == 4 else size
        bold += size in (3, 5)
        italic += size in (2, 5)
    if bold % 2 and italic % 2:
        line = _restore_apostrophe(line)
    return _ODD_QUOTES.sub(lambda m: "'" if len(m[0]) == 4 else "'" * (len(m[0]) - 5) if len(m[0]) > 5 else "", line)


def _restore_apostrophe(line: str) -> str:
    """With bold and italic both unbalanced, one ''' is an apostrophe and an italic mark: after a single-letter word,
    else after a longer word, else after a space."""
    best, rank = None, 9
    for match in re.finditer(r"(?<!')'''(?!')", line):
        before, earlier = (
            line[match.start() - 1 : match.start()],
            line[match.start() - 2 : match.start() - 1] if match.start() > 1 else "",
        )
        this = 2 if before == " " else 0 if earlier == " " else 1
        if this < rank:
            best, rank = match.start(), this
    return line if best is None else line[:best] + "'" + line[best + 3 :]


_UNTIDY = re.compile(" [ .,)]")
_MANY_SPACES = re.compile("  +")


def tidy(text: str) -> str:
    """Single spaces, line breaks where the source asks for them."""
    if _UNTIDY.search(text) or ("(" in text and "( " in text):  # few lines; the test is a fast one
        text = _LOOSE.sub("", _MANY_SPACES.sub(" ", text))
    if NEWLINE in text:
        text = re.sub(f" *{NEWLINE}[ {NEWLINE}]*", "\n", text)
    return text.strip()


_LOOSE = re.compile(r"(?<=[\w)\]\"”’]) (?=[.,](?:\s(?!\.)|$))|(?<=\() (?=\w)|(?<=\w) (?=\))")
