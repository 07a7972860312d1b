"""Holes that dropped things leave: counted where a sentence lacks something; spaces before a full stop, empty
brackets and doubled commas are taken away."""

import re

from wikipedia.markup.expansion import Dropped
from wikipedia.markup.marks import AMOUNT, DROP, NAMED, OPEN

_BEFORE = frozenset("([$£€¥₹")


_AFTER = frozenset(")],;")


_SEPARATORS = frozenset(",;:([–")


_SPACED = re.compile(f" +{DROP}[{DROP} ]*")


_MARKS = re.compile(f" *{DROP}[{DROP} ]*")


_PARENTHESIS = re.compile(rf"([(\[])([^()\[\]\n{DROP}]*{DROP}[^()\[\]\n]*)[)\]]")


_AT_EDGE = re.compile(rf"[,;:][ {DROP}]*{DROP}[ {DROP}]*(?=[)\]])|(?<=[(\[]){DROP}[ {DROP}]*[,;:] *")
_EMPTY_QUOTES = re.compile(rf"[\"“]{DROP}+[\"”]")


_QUOTED = re.compile(rf"''(?<!''')('{{0,3}})( *{DROP}[ {DROP}]*)''\1(?!')")
_DOUBLE_COMMA = re.compile(rf"[,;][ {DROP}]*{DROP}[ {DROP}]*(?=[,;])")


_NAMED = re.compile(f"{NAMED}(\\d+){NAMED}(?={DROP})")
_ALL_MARKS = re.compile(f"{NAMED}\\d+{NAMED}|{DROP}")
_LAST_WORD = re.compile(r"([^\W\d_]+(?:'[a-z]+)?)[ \t\"“‘(\[']*$")
_NO_WORD = frozenset(".,;:!?)]\n") | {""}  # of most dropped notes what stands before them
_ENGLISH = frozenset(
    """a an the of in on at by to from for with as into onto via per than between among about around near under over
    through during since until toward towards and or is are was were be been being called named titled its his her their
    this that these those became""".split()
)

_ARTICLES = frozenset(
    "a an the der die das ein eine le la les un une el los las il lo o os as en ett det den de het een".split()
)


def name_holes(text: str, dropped: list[Dropped], joining: frozenset[str], holes: dict[str, tuple[int, str]]) -> str:
    """Take the names off the marks of dropped templates; count those that a sentence cannot do without.

    There the only argument of a template that we do not know is shown: most templates inside a sentence show it.

    A hole is where what stands before asks for more: a joining word such as "at" or "the" before a comma, a full
    stop or the end of the line, or, for a template that we do not know, before any word.
    joining: such words. holes: name -> how often, and an example with its "{{name}}".
    """
    words, kept, done = joining | _ENGLISH, [], 0
    for match in _NAMED.finditer(text):
        kept.append(text[done : match.start()])
        done = match.end()
        if text[match.start() - 1 : match.start()] in _NO_WORD:
            continue
        line = text[max(text.rfind("\n", 0, match.start()) + 1, match.start() - 200) : match.start()]
        before = _ALL_MARKS.sub("", line)
        word = _LAST_WORD.search(before[-40:])
        if not word or word[1].lower() not in words:
            continue
        after = _ALL_MARKS.sub("", text[match.end() + 1 : match.end() + 160]).split("\n")[0]
        following = after.lstrip(" \"”’)]'")
        name, only, unknown = dropped[int(match[1])]
        apart = (
            unknown and before.endswith(" ") and after.startswith((" ", "&nbsp;")) and word[1].lower() not in _ARTICLES
        )
        ends = not following or following[0] in ".,;:!?" or following.split(" ")[0].lower() in words
        if not ends and not apart:
            continue
        kept.append(only if ends else "")  # "with {{population|Berlin}} inhabitants" lacks a number
        around = f"{before[-60:].lstrip()}{{{{{name}}}}}{after[:60].rstrip()}"
        count, example = holes.get(name, (0, around))
        holes[name] = count + 1, example
    kept.append(text[done:])
    return "".join(kept)


_MARK = f"(?:{NAMED}\\d+{NAMED}|{DROP})*"
_CURRENCY = r"(?:\b(?:US|U\.S\.|AU?|CA?|HK|NZ|NT|Can|Int'?l?\.?|R) ?)?[$£€¥₹₽₩]? ?"
_SUM = rf"{_CURRENCY}{_MARK}{AMOUNT}"
_CLAUSE = rf"[^()\[\]\n.,;–—{AMOUNT}]"  # a character of the words around it
_AROUND = re.compile(
    rf" ?\((?:[^()\n,;{AMOUNT}]|,(?=\d))*{AMOUNT}[^()\n]*\)"  # a parenthesis that begins with it
    rf"|([,;–—]) ?(?:or|about|roughly|approximately|around|equivalent|equal|worth|which|comparable|i\.e\.|"
    rf"an?|the|now|today|nearly|over|just|some){_CLAUSE}{{0,80}}{AMOUNT}(?:\.\d+)?{_CLAUSE}{{0,60}}(?:\1|(?=[.,;–—)\n]))"
    rf"| (?:or|and)(?: [a-z]+){{0,3}} {_SUM}(?: (?:million|billion|trillion|thousand|crore|lakh))?"
    rf"(?: (?:U\.?S\.? )?(?:dollars|pounds|euros|USD|GBP|EUR))?(?: (?:in|as of) {_MARK}\d{{4}}{_MARK})?"
)
_SUM_ALONE = re.compile(_SUM)


def without_amounts(text: str, holes: dict[str, tuple[int, str]]) -> str:
    """$5 (equivalent to $AMOUNT in 2024) -> $5: what is said about a sum that we cannot reckon goes with it; where it
    is the sentence's own, the hole is counted."""

    def hole(match: re.Match) -> str:
        before = match.string[max(0, match.start() - 60) : match.start()].rpartition("\n")[2]
        after = match.string[match.end() : match.end() + 60].split("\n")[0]
        around = _ALL_MARKS.sub("", f"{before.lstrip()}{{{{inflation}}}}{after.rstrip()}")
        count, example = holes.get("inflation", (0, around))
        holes["inflation"] = count + 1, example
        return DROP

    lines = text.splitlines(keepends=True)  # the patterns are slow, and few lines have a sum
    return "".join(_SUM_ALONE.sub(hole, _AROUND.sub(DROP, line)) if AMOUNT in line else line for line in lines)


def close_holes(text: str) -> str:
    """Take the marks away with what they left: spaces before a full stop, empty brackets, doubled commas."""
    if f"''{DROP}" in text:  # ''{{x}}'' must not become four apostrophes
        text = _QUOTED.sub(lambda m: m[2], text)
    pieces = text.split(DROP)
    kept, left, holes = [pieces[0]], pieces[0][-1:], False
    for piece in pieces[1:]:
        if not piece:
            continue
        right = piece[0]
        if (
            left in _BEFORE
            or (right in _AFTER and (left if left != " " else kept[-1].rstrip(" ")[-1:]) in _SEPARATORS)
            or (right in '"”' and left in '"“')
        ):
            kept.append(DROP)
            holes = True
        elif left == " ":
            if right == " ":
                piece = piece.lstrip(" ")
            elif right in ".,;:!?)]\n":
                kept[-1] = kept[-1].rstrip(" ")
        elif right == " " and (left == "\n" or not left):
            piece = piece.lstrip(" ")
        kept.append(piece)
        left = piece[-1:] or left
    text = "".join(kept)
    if holes:
        text = _PARENTHESIS.sub(_close_parenthesis, text)
        text = _AT_EDGE.sub("", text)  # of those with brackets within
        text = _EMPTY_QUOTES.sub(DROP, text)
        text = _DOUBLE_COMMA.sub("", text)
        if f" {DROP}" in text:
            text = _SPACED.sub(lambda m: _space_or_none(m, text), text)
        text = text.replace(DROP, "")
    return text


def _space_or_none(match: re.Match, text: str) -> str:
    start, end = match.span()
    if start == 0 or end == len(text) or text[end] in ".,;:!?)]\n" or text[start - 1] in "([\n":
        return ""
    return " "


def _close_parenthesis(match: re.Match) -> str:
    opening, inner = match[1], match[2]
    if re.search(rf"[$£€¥₹]{DROP}", inner):  # a sum that could not be computed
        return DROP
    inner = _DOUBLE_COMMA.sub("", inner)
    inner = _MARKS.sub(lambda m: _space_or_none(m, inner) if " " in m[0] else "", inner)
    inner = re.sub(r"^[\s,;:–]+|[\s,;:–]+$", "", inner)
    if not any(c.isalnum() or c in OPEN + "?!…+−×*" for c in inner):
        return DROP
    return f"{opening}{inner}{')' if opening == '(' else ']'}"
