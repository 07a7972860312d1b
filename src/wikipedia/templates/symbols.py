"""Characters that templates stand for; the plain ones are in data/symbols.txt."""

from wikipedia.markup.marks import EQUALS, PIPE
from wikipedia.tables import table
from wikipedia.templates.base import at, constant, renders


@renders("unichar; unichar/glyph")
def unicode_character(p, n, context):
    name = at(p, 1).upper()
    try:
        shown = chr(int(at(p, 0), 16))
    except (ValueError, OverflowError):
        return at(p, 0)
    shown = shown if shown.isprintable() and not shown.isspace() else ""
    return " ".join(x for x in (f"U+{at(p, 0).upper()}", shown, name) if x)


_MUSIC = table("music")


@renders("music")
def musical(p, n, context):
    if at(p, 0) in ("time", "timesig") or at(p, 0).isdecimal():
        return "/".join(x for x in p if x.isdecimal())
    return _MUSIC.get(at(p, 0), "")


renders("!; pipe; |; vert")(constant(PIPE))
renders("!!")(constant(PIPE * 2))
renders("=; equals")(constant(EQUALS))
renders("pm; ±; +-; +/-; plusminus; plus-minus; plusmn")(lambda p, n, context: "±" + at(p, 0))
renders("numero; no.; №")(lambda p, n, context: f"No. {at(p, 0)}" if at(p, 0) else "№")
renders("u+")(lambda p, n, context: f"U+{at(p, 0).upper()}" if at(p, 0) else "")
