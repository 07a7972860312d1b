"""Text that is only wrapped, links, addresses, code."""

import re

from wikipedia.markup.marks import PIPE
from wikipedia.templates.base import around, at, first, joined, last, renders, second


@renders("visible anchor; vanchor; vanc")
def visible_anchor(p, n, context):
    return n.get("text") or at(p, 0)


@renders("sic; sic?; typographical error")
def sic(p, n, context):
    word = "".join(p[:2])
    if n.get("hide") or n.get("nolink") == "hide":
        return word
    return f"{word} [sic]" if word else "[sic]"


@renders("""
    ill; interlanguage link; interlanguage link multi; ill2; ill-wd2; link-interwiki; iill; lill; interwiki link
    """)
def interlanguage(p, n, context):
    """{{ill|Title|fr|Titre|lt=shown}}; in an older form the language came first."""
    if n.get("lt"):
        return n["lt"]
    if re.fullmatch(r"[a-z]{2,3}(-[a-z]+)?", at(p, 0)) and len(p) > 1:
        return p[1]
    return re.sub(r" \([^()]*\)$", "", at(p, 0)) if n.get("q") else at(p, 0)


@renders("w")
def wikipedia_link(p, n, context):
    return at(p, 1) or at(p, 0)


@renders("lower; raise")
def shifted(p, n, context):
    """{{lower|0.4em|word}}: the word a little below the line"""
    return at(p, 1) or at(p, 0)


@renders("title case; titlecase")
def title_case(p, n, context):
    return re.sub(r"(?<![\w'’])[^\W\d_]", lambda m: m[0].upper(), at(p, 0))


@renders("mono man; man; man page")
def manual_page(p, n, context):
    """{{man|1|ls}}: ls(1)"""
    return f"{at(p, 1)}({at(p, 0)})" if at(p, 1) else at(p, 0)


@renders("codes")
def several_codes(p, n, context):
    return ", ".join(f"`{x}`" for x in p if x)


@renders("section link; slink; sectionlink; section-link; format link")
def section_link(p, n, context):
    name, *sections = p or [""]
    return n.get("display") or (f"{name} " if name else "") + ", ".join("§ " + s for s in sections if s)


@renders("url; official url; url2")
def web_address(p, n, context):
    return at(p, 1) or re.sub(r"^https?://|/$", "", at(p, 0) or n.get("url", "") or n.get("1", ""))


@renders("key press; keypress; key; key combination; button")
def key_presses(p, n, context):
    return "+".join(x for x in p if x)


@renders("code; cd; codett; inline code; mxtcode; java; python code; codenowrap; c++; cpp")
def code(p, n, context):
    text = n.get("code") or at(p, 0)
    return f"`{text}`" if text else ""


@renders("tag; xtag; html element; htag")
def html_tag(p, n, context):
    name, kind = at(p, 0), at(p, 1)
    if not name:
        return ""
    opened = f"<{name}{' ' + n['params'] if n.get('params') else ''}>"
    whole = {
        "open": opened,
        "o": opened,
        "close": f"</{name}>",
        "c": f"</{name}>",
        "single": f"<{name} />",
        "s": f"<{name} />",
        "void": f"<{name}>",
        "v": f"<{name}>",
    }.get(kind, f"{opened}{n.get('content', '...')}</{name}>")
    return f"`{whole.replace('<', '&lt;').replace('>', '&gt;')}`"


renders("""
    nowrap; nobr; nobreak; nowr; nwr; no wrap; j; small; smaller; smalldiv; larger; large; big; huge; strong; em;
    strongbad; italics; bold; smallcaps; sc; sc1; aut; smallcaps all; noitalic; noitalics; nobold; normal; mvar;
    math; bigmath; abbr; abbrv; tooltip; define; not a typo; notatypo; typo; as written; proper name; chem name;
    mono; monospaced; monospace; tt; var; varserif; samp; kbd; block indent; center; centre; left; right; overline;
    underline; u; uline; strike; s; strikethrough; deleted text; nastaliq; longitem; normalsize; font;
    crossreference; crossref; cross reference; xref; see below; see above; in5; pre2; hebrew; arabic; polytonic;
    unicode; greek; cyrillic; mathsf; mathcal; mathbf; tq; highlight; lj; ipalink; ipa link; nq; no selflink;
    self link; selflink; allow wrap; allcaps; upright; serif; sans-serif; sans serif; inline block; kanji;
    asiantitle; annotated link; anl; wikt; stn; station; metro station; rws; rwsa; stnlnk; keyboard; caps; rm;
    interlanguage link forced; transl-lit; hlisti; sfrac-inline; nsl; big5; nobord; ling; cuneiform; xt; !xt;
    small div; abbrlink; sc2; hebr; iast; pie; char; glossary link internal; gli; no italics; italics correction;
    gcl; fix span; delink; ic; float right; float left; vec; amtk; lus; metrod; sta; noflag; trim; au;
    author small; sentence case; uc first;
    red link; format linkr; no italic; small caps; smallcaps2; all caps; lc2; example text; !mxt; mxt; mxtn;
    xtn; xtd; quoted; tqi; colored text inline; nested list; chessan; an chess; chess notation; algebraic notation
    """)(first)
renders("""
    citation needed span; cn span; cn-span; cns; fact span; ref span; clarify span; clarify-span;
    clarification needed span; dubious span; disputed span; failed verification span; better source needed span;
    non-primary source needed span; cnspan; when span; who span; tone inline span
    """)(first)
renders("""
    lang; langr; rtl-para; align; wikt-lang; script; resize; sort; rtl-lang; rtl lang; native name; native phrase;
    nativename; background color; text color; plain link; plainlink; hover title; background; h:title; title tip
    """)(second)
renders("equationnote; equationref; equation note; equation ref; eqnref; eqnote")(
    lambda p, n, context: at(p, 1) or at(p, 0)
)
renders("color; colour; font color; fontcolor; font colour; coloured text; colored text")(last)
renders("linktext; ltx")(joined(""))
renders("angbr; angle bracket; angle brackets; angbr ipa; vr; gph; grapheme; infix")(around("⟨", "⟩"))
renders("ipaslink; ipa slash")(around("/", "/"))
renders("ipablink; bracket; interpolated")(around("[", "]"))
renders("braces; mset")(around("{", "}"))
renders("dquote; qq")(around("“", "”"))
renders("abs; mabs")(around(PIPE, PIPE))
renders("norm")(around("‖", "‖"))
renders("paren; open-open")(around("(", ")"))
renders("closed-closed")(around("[", "]"))
renders("closed-open")(around("[", ")"))
renders("open-closed")(around("(", "]"))
renders("floor")(around("⌊", "⌋"))
renders("ceil")(around("⌈", "⌉"))
renders("ket")(around(PIPE, "⟩"))
renders("bra")(around("⟨", PIPE))
renders("interp; bracketed; interpolation")(around("[", "]"))
_LISTEN = frozenset(
    """listen play pronunciation help info audio speaker произношение слушать прослушать вимова слухати прослухати
    aussprache anhören écouter prononciation escuchar pronunciación ascolta pronuncia ouvir pronúncia wymowa posłuchaj
    uitspraak luister uttal lyssna 发音 發音 聆聽 聆听""".split()
)


@renders("audio; audio-nohelp; audiolink; listen text; audio-ipa; audio ipa; pronunciation audio; audio2; audio sample")
def sound_file(p, n, context):
    """{{audio|De-Bonn.ogg|Bonn}}: Bonn; nothing where the label only asks the reader to listen"""
    label = second(p, n, context)
    return "" if label.lower() in _LISTEN else label
