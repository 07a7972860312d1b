"""Lists in a line or with bullets, quotations, verses, glossaries."""

import re

from wikipedia.markup.marks import NEWLINE, NUMBER
from wikipedia.templates.base import at, renders


@renders("""
    hlist; flatlist; flat list; comma separated entries; cslist; flex list; enum; bulleted inline list; ubl;
    ublist; unbulleted list; vunblist; ubil; unbullet; vlist; ubt
    """)
def listed(p, n, context):
    """{{hlist|a|b}}: a, b. A list written with bullets stays one."""
    items = [x.strip("* \n") if x.count("\n*") == 0 else x for x in p if x.strip()]
    if len(items) == 1 and "\n" in items[0]:
        return "\n" + items[0] + "\n"
    return ", ".join(x for x in items if x)


@renders("bulleted list; blist; unordered list")
def bulleted(p, n, context):
    items = [x for x in p if x] or [v for k, v in n.items() if k.startswith(("item", "content"))]
    if len(items) == 1 and items[0].lstrip().startswith(("*", "#")):
        return "\n" + items[0] + "\n"
    return "\n" + "\n".join("* " + x for x in items) + "\n"


@renders("ordered list; olist; numbered list")
def numbered(p, n, context):
    """{{ordered list|start=3|a|b}}: 3. a 4. b"""
    start = n.get("start", "")
    items = [x for x in p if x] or [v for k, v in n.items() if k.startswith(("item", "content"))]
    if len(items) == 1 and items[0].lstrip().startswith("#"):
        return "\n" + items[0] + "\n"
    mark = f"{NUMBER}{start}{NUMBER}" if start.isdecimal() and len(start) < 7 else ""
    return "\n" + "\n".join(f"# {mark * (i == 0)}{x}" for i, x in enumerate(items)) + "\n"


@renders("""
    plainlist; plain list; columns-list; column-list; col-list; collist; columns list; columnslist; div col;
    multicol; colist; columns; cast listing; cast list; indented plainlist; flow list; tree list; indent list
    """)
def block(p, n, context):
    """Columns and plain lists: what they hold, on lines of its own."""
    parts = [x for x in p if x and not re.fullmatch(r"[\d.]+(em|px|%)?|\s*", x)]
    parts += [v for k, v in n.items() if re.fullmatch(r"(col|content|list|item)\d*|text", k)]
    return "\n" + "\n".join(parts) + "\n" if parts else ""


@renders("""
    quote; blockquote; bquote; quotation; block quote; blockquotation; quoteblock; pull quote; pullquote;
    longquote; gbquote; bible quote; quote without source
    """)
def quote(p, n, context):
    text = n.get("text") or n.get("quote") or n.get("content") or at(p, 0)
    by = [n.get("author") or n.get("sign") or n.get("by") or at(p, 1), n.get("source") or n.get("title") or at(p, 2)]
    return _quoted(text, by)


@renders("cquote; centered pull quote; centred pull quote")
def centred_quote(p, n, context):
    """{{cquote|text|mark width|mark height|author|source}}"""
    text = n.get("text") or n.get("quote") or at(p, 0)
    by = [n.get("author") or n.get("sign") or at(p, 3), n.get("source") or at(p, 4)]
    return _quoted(text, by)


def _quoted(text: str, by: list[str]) -> str:
    source = ", ".join(x.lstrip("—– ") for x in by if x)
    return f"\n\n{text}\n{NEWLINE + '— ' + source if source else ''}\n\n" if text else ""


@renders("poemquote; poem quote; poem; lines")
def poem(p, n, context):
    text = n.get("text") or at(p, 0)
    by = n.get("author") or n.get("sign") or at(p, 1)
    return _quoted(text.strip().replace("\n", NEWLINE), [by])


@renders("verse translation")
def verses_and_translation(p, n, context):
    """The original, then its translation; attr1 and attr2 name the authors."""
    return _quoted(at(p, 0).replace("\n", NEWLINE), [n.get("attr1", "")]) + _quoted(
        at(p, 1).replace("\n", NEWLINE), [n.get("attr2", "")]
    )


@renders("interlinear; fs interlinear; interlinear gloss")
def interlinear(p, n, context):
    """{{interlinear|lang=de|Ich bin|I am|'I am'}}: a line each"""
    return "\n\n" + NEWLINE.join(x for x in p if x) + "\n\n" if any(p) else ""


@renders("br list; br separated entries; brlist")
def broken_lines(p, n, context):
    return NEWLINE.join(x for x in p if x)


@renders("species list; specieslist; linked species list; linked genus list; genus list")
def species(p, n, context):
    """{{species list|Homo sapiens|Linnaeus|Homo erectus|Dubois}}: a name and its author an item"""
    return "\n" + "\n".join("* " + " ".join(x for x in pair if x) for pair in zip(p[::2], p[1::2] + [""])) + "\n"


@renders("episode list; episode list/sublist; japanese episode list")
def episode(p, n, context):
    """Title and summary; the rest of the row is figures."""
    title = n.get("title") or n.get("englishtitle") or n.get("rtitle") or n.get("romajititle", "")
    if not n.get("shortsummary"):
        return ""
    return f"\n\n{title + ': ' if title else ''}{n['shortsummary']}\n\n"


@renders("episode table; episode table/part")
def episodes(p, n, context):
    return n.get("episodes", "")


@renders("term; glossary term")
def term(p, n, context):
    return "; " + (n.get("content") or n.get("term") or at(p, 1) or at(p, 0))


@renders("defn; gdef; glossary definition")
def definition(p, n, context):
    return ": " + (n.get("defn") or at(p, 0))
