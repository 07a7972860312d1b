"""Wikitext -> plain prose with Markdown headings and lists, in a single pass of linear steps over the article.

to_text(wikitext, options) is a pure function; it never raises, and what it costs grows with the length of the
article however hostile its markup is. The order of the steps matters: comments, then everything whose content
is not wikitext (math, code, nowiki), references, sections that are left out, tables, links, templates from
the inside out, tags, lines. A dropped thing leaves a mark, so that the hole around it, such as "( ; )",
is repaired where something was dropped and nowhere else.
"""

import re
from collections import Counter
from typing import NamedTuple

from wikipedia.markup.assembly import assemble
from wikipedia.markup.expansion import OverBudget, Pages, Templates
from wikipedia.markup.fields import is_disambiguation, redirect_target, short_description, without_sections
from wikipedia.markup.holes import close_holes, name_holes, without_amounts
from wikipedia.markup.inline import inline
from wikipedia.markup.lines import blocks
from wikipedia.markup.links import COLON, colon_link, links, namespaces
from wikipedia.markup.marks import AMOUNT, CITED, DROP, NAMED
from wikipedia.markup.protected import protect, without_control
from wikipedia.markup.simple import to_text_simply
from wikipedia.markup.tables import without_tables
from wikipedia.templates.base import Context
from wikipedia.variants import choose

CHARS_A_SECOND = 2_000_000  # of the most hostile markup on a slow core: makes seconds a fixed amount of work


class Options(NamedTuple):
    drop_sections: frozenset[str] = frozenset()  # headings in lower case
    templates: tuple[tuple[str, str], ...] = ()  # (name, rendering) of the config and of the wiki's language
    file_names: tuple[str, ...] = ("File", "Image")  # namespaces in the wiki's language and in English
    category_names: tuple[str, ...] = ("Category",)
    media_names: tuple[str, ...] = ("Media",)
    joining_words: frozenset[str] = frozenset()  # of the wiki's language: see name_holes
    tables: bool = False  # small ones become text
    language: str = "en"  # code of the wiki's language
    variant: str = ""  # such as zh-hant, for wikis in several scripts
    seconds: float = 2.0  # for one article, counted in work and not by the clock: results must not depend on speed


class Article(NamedTuple):
    text: str
    sections: list[dict]  # {"level", "title", "start": offset in text}
    categories: list[str]
    description: str
    disambiguation: bool
    redirect: str | None
    unknown: Counter  # names of templates that were dropped because we have no rendering
    holes: dict[str, tuple[int, str]] = {}  # templates whose dropping left a sentence incomplete: how often, an example
    trouble: str = ""  # why the article was converted the simple way


DEFAULTS, NO_PAGE = Options(), Context()


def to_text(
    wikitext: str, options: Options = DEFAULTS, context: Context = NO_PAGE, pages: Pages | None = None
) -> Article:
    """The article as a reader sees it; templates that we do not know from the wiki's own pages.

    Whatever goes wrong, there is text: converted the simple way, and `trouble` says why."""
    redirect = redirect_target(wikitext)
    if redirect:
        return Article("", [], [], "", False, redirect, Counter())
    try:
        return to_text_or_raise(wikitext, options, context, pages)
    except OverBudget as error:
        trouble = str(error)
    except Exception as error:  # a defect of ours must not cost the user a night's run; the fuzz test calls the other
        trouble = f"{type(error).__name__}: {error}"
    return Article(to_text_simply(wikitext), [], [], "", False, None, Counter(), {}, trouble)


def to_text_or_raise(wikitext: str, options: Options, context: Context, pages: Pages | None = None) -> Article:
    limit = int(options.seconds * CHARS_A_SECOND)
    if len(wikitext) > limit:
        raise OverBudget(f"{len(wikitext):,} characters")
    held: list[str] = []  # protected pieces, put back at the end
    text = protect(without_control(wikitext), held)
    if options.variant and "-{" in text:
        text = choose(text, options.variant)
    context = context._replace(language=options.language)
    names = namespaces(options.file_names, options.category_names, options.media_names)
    categories: list[str] = []
    if "[[" in text:
        text = COLON.sub(lambda m: colon_link(m, names, categories), text)
    description = short_description(text)
    disambiguation = is_disambiguation(text, options.language)
    text = without_sections("\n" + text + "\n", options.drop_sections)
    rows = False
    if "{|" in text:
        text, rows = without_tables(text, options.tables)
    if "{{!}}" in text:
        text = _BAR_IN_LINK.sub(r"\1|", text)
    if "[[" in text or "]]" in text:
        text = links(text, names)

    def finish(expanded: str) -> str:
        """Wikitext of a template's page -> what the article's is at this point"""
        expanded = COLON.sub(lambda m: colon_link(m, names, categories), protect(expanded, held))
        return links("\n" + expanded, names)[1:]

    templates = Templates(options.templates, context, limit - len(text), pages, finish)
    if "{{" in text or "}}" in text:
        text = templates.expand(text)
    holes: dict[str, tuple[int, str]] = {}
    if AMOUNT in text:
        text = without_amounts(text, holes)
    if NAMED in text:
        text = name_holes(text, templates.dropped, options.joining_words, holes)
    if CITED in text:
        text = _with_lists_of_works(text)
    if "°" in text:
        text = _COORDINATES_ALONE.sub("\n", text)
    text = inline(text)
    if DROP in text:
        text = close_holes(text)
    text, sections = assemble(blocks(text, rows), held)
    return Article(text, sections, categories, description, disambiguation, None, templates.unknown, holes)


_BAR_IN_LINK = re.compile(r"(\[\[[^\[\]{}|\n]{1,250})\{\{!\}\}(?=[^\[\]\n]{0,250}\]\])")
_COORDINATES_ALONE = re.compile(r"\n[ :*]*\d[\d.]*°[\d.°′″]*[NS] \d[\d.]*°[\d.°′″]*[EW][ .]*(?=\n)")
_LISTED = re.compile(rf"\n=+([^\n=]+)=|(\n[*#:]+[ \t]*){CITED}([^{CITED}\n]*){CITED}")
_CITED = re.compile(f"{CITED}[^{CITED}]*{CITED}?")
_BIBLIOGRAPHY = re.compile(
    r"sources|references?\b|further|bibliogra|citation|literat|notes|quelle|fuentes|font[ei]s?\b|źród|käll|källor|bronnen"
    r"|литератур|літератур|библиогр|бібліогр|источник|джерел|примечан|приміт|prameny|poznámky",
    re.I,
)


def _with_lists_of_works(text: str) -> str:
    """Cited works that are items of a list, such as "Selected works", are shown; those in a bibliography and all others
    are not."""
    hidden = False

    def shown(match: re.Match) -> str:
        nonlocal hidden
        if match[1]:
            hidden = bool(_BIBLIOGRAPHY.search(match[1]))
        return match[0] if match[1] or hidden else f"{match[2]}{match[3]}"

    return _CITED.sub(DROP, _LISTED.sub(shown, text))
