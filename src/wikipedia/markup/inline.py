"""Tags, external links, magic words and odd spaces."""

import re

from wikipedia.markup.links import EXTERNAL
from wikipedia.markup.marks import DROP, INDENT, NEWLINE, NUMBER
from wikipedia.markup.tables import without_html_tables
from wikipedia.templates.numbers import lowered, raised

_SWITCHES = re.compile(
    r"__(?:(NOTOC|FORCETOC|TOC|NOEDITSECTION|NEWSECTIONLINK|NONEWSECTIONLINK|NOGALLERY|HIDDENCAT|INDEX|NOINDEX|DISAMBIG"
    r"|STATICREDIRECT|NOTITLECONVERT|NOTC|NOCONTENTCONVERT|NOCC|NOGLOBAL|EXPECTUNUSEDCATEGORY|EXPECTUNUSEDTEMPLATE)"
    r"|[^\W\d_]{3,}(?:_[^\W\d_]+)*)__",
    re.I,
)
_CODE = re.compile(r"<code\b[^<>]*>\s*((?:[^<]|<(?!/?code\b))*?)\s*</code\s*>")
_RP = re.compile(r"<rp\b[^<>]*>[^<>]*</rp\s*>", re.I)  # brackets for browsers that cannot set ruby; we add our own
_LIST_TAG = re.compile(r"<(/?)(ul|ol|li)\b([^<>]*)>", re.I)
_SCRIPTS = re.compile(r"<(su[pb])\b[^<>]*>([^<>]*)</\1\s*>", re.I)


_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>")
_OPENED_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)")


_HIDDEN = re.compile(r"<(span|div)\b[^<>]*display:\s*none[^<>]*>[^<>]*</\1\s*>", re.I)


_POEM = re.compile(r"<poem\b[^<>]*>((?:[^<]|<(?!/?poem\b))*)</poem\s*>", re.I)


_INLINE_TAGS = """abbr b bdi bdo big cite data del dfn em font i ins kbd mark noinclude onlyinclude q rb rp ruby rtc s
    samp small span strike strong sub sup time tt u var nowiki ref references includeonly math translate tvar languages
    poem a img link meta center-inline nobr nobreak blink acronym label input button form wbr templatestyles section
    style gallery noindex""".split()


_BLOCK_TAGS = """p div blockquote center ul ol dl table tbody thead tfoot tr caption h1 h2 h3 h4 h5 h6 hr pre section
    article header footer""".split()


_TAGS = {
    **dict.fromkeys(_INLINE_TAGS, ""),
    **dict.fromkeys(_BLOCK_TAGS, "\n\n"),
    "br": NEWLINE,
    "code": "`",
    "q": '"',
    "li": "\n* ",
    "dt": "\n; ",
    "dd": "\n: ",
    "td": " ",
    "th": " ",
    "rt": " (",
    "wbr": "",
    "del": "",
    "s": "",
}


_SPACE_ENTITIES = re.compile(r"&(?:nbsp|thinsp|ensp|emsp|hairsp|#160|#8239|#32|#x20|#xa0|#xA0);")


_NOTHING_ENTITIES = re.compile(r"&(?:zwsp|shy|lrm|rlm|#8203|#173);")


_SPACES = "\xa0\u2009\u202f\u2002\u2003\u200a\u2007\u3000"


_NOTHING = "\u200b\u200e\u200f\u2060\ufeff\xad"  # the reader sees none of them


def inline(text: str) -> str:
    """External links, tags and odd spaces."""
    if "[" in text:  # what one character tells is found many times faster than two
        text = EXTERNAL.sub(lambda m: m[1] or m[2] or DROP, text)
    if "<" in text:
        text = _without_tags(text)
    if "_" in text and "__" in text:
        text = _SWITCHES.sub(lambda m: "" if m[1] or m[0].isupper() else m[0], text)
    if "&" in text:
        text = _SPACE_ENTITIES.sub(" ", text)
        text = _NOTHING_ENTITIES.sub("", text)
    if not text.isascii():
        for space in _SPACES:
            if space in text:
                text = text.replace(space, " ")
        for nothing in _NOTHING:
            if nothing in text:
                text = text.replace(nothing, "")
    return text


def _without_tags(text: str) -> str:
    opened = {name.lower() for name in _OPENED_TAG.findall(text)}  # one pass in place of one for each kind
    if "table" in opened:
        text = without_html_tables(text)
    if "span" in opened or "div" in opened:
        text = _HIDDEN.sub(DROP, text)
    if "code" in opened:
        text = _CODE.sub(lambda m: f"`{m[1]}`" if m[1] else "", text)
    if "sub" in opened or "sup" in opened:
        text = _SCRIPTS.sub(_script, text)
    if "poem" in opened:
        text = _POEM.sub(_poem, text)
    if "rp" in opened:
        text = _RP.sub("", text)
    if "li" in opened:
        text = _html_lists(text)
    return _TAG.sub(_tag, text)


def _poem(match: re.Match) -> str:
    """Verses on lines of their own, their indents kept, a blank line between stanzas"""
    stanzas = []
    for stanza in re.split(r"\n[ \t]*\n", match[1].strip("\n").rstrip()):
        stanzas.append(NEWLINE.join(_verse(line) for line in stanza.strip("\n").split("\n")))
    return "\n\n" + "\n\n".join(stanzas) + "\n\n"


def _verse(line: str) -> str:
    body = line.lstrip(": \t\xa0")
    before = line[: len(line) - len(body)].expandtabs(4)
    return INDENT * (before.count(":") + (len(before) - before.count(":")) // 2) + body


def _html_lists(text: str) -> str:
    """<ul>, <ol> and their items as lines that begin with * or #"""
    kept: list[str] = []
    opened: list[str] = []
    done = 0
    start: list[str] = []
    for match in _LIST_TAG.finditer(text):
        closing, name, attributes = match[1], match[2].lower(), match[3]
        piece = text[done : match.start()]
        kept.append(piece.rstrip() if opened else piece)  # a blank line would end the list
        done = match.end()
        if name == "li":
            number = re.search(r"\bvalue\s*=\s*[\"']?(\d{1,6})", attributes)
            first = f"{NUMBER}{number[1]}{NUMBER}" if number else start.pop() if start else ""
            kept.append("" if closing else f"\n{''.join(opened[-5:]) or '*'} {first}")
            start.clear()
        elif closing:
            opened = opened[:-1]
            kept.append("" if opened else "\n\n")
        else:
            kept.append("" if opened else "\n\n")
            opened.append("#" if name == "ol" else "*")
            number = re.search(r"\bstart\s*=\s*[\"']?(\d{1,6})", attributes)
            start = [f"{NUMBER}{number[1]}{NUMBER}"] if number else []
    kept.append(text[done:])
    return "".join(kept)


def _script(match: re.Match) -> str:
    content = match[2].replace("''", "").replace("&nbsp;", " ").replace("&minus;", "−").replace("&prime;", "′")
    if match[1].lower() == "sub":
        return lowered(content)
    return raised(content, match.string[max(0, match.start() - 2) : match.start()])


def _tag(match: re.Match) -> str:
    name = match[2].lower()
    replacement = _TAGS.get(name)
    if replacement is None:
        return match[0]  # no tag of MediaWiki: text such as <stdio.h>
    if match[1] and name in ("li", "dt", "dd"):
        return "\n"
    return ")" if match[1] and name == "rt" else replacement
