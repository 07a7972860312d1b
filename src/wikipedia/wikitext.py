"""Wikitext -> plain prose with Markdown headings and lists, in a single pass of linear steps over the article.

to_text(wikitext, options) is a pure function; it never raises, and what it costs grows with the length of the
article however hostile its markup is. The order of the steps matters: comments, then everything whose content
is not wikitext (math, code, nowiki), references, sections that are left out, tables, links, templates from
the inside out, tags, lines. A dropped thing leaves a mark, so that the hole around it, such as "( ; )",
is repaired where something was dropped and nowhere else.
"""

import html
import re
from collections import Counter
from functools import cache, lru_cache
from typing import NamedTuple

from wikipedia.languages import SAME, language
from wikipedia.names import LANGUAGES
from wikipedia.templates import other_wikis
from wikipedia.templates.base import EQUALS, NEWLINE, PIPE, Context, split_arguments
from wikipedia.templates.lookup import UNKNOWN, find, user_renderer
from wikipedia.templates.numbers import lowered, raised
from wikipedia.variants import choose

DROP = "\x05"  # something was dropped here
OPEN, CLOSE = "\x02", "\x03"  # a protected piece: OPEN number CLOSE
MAX_DEPTH = 40  # templates inside templates; MediaWiki itself stops at 100 of any kind
FIND = ("find",)  # where _resolved() keeps the search of templates by name
CHARS_A_SECOND = 2_000_000  # of the most hostile markup on a slow core: makes seconds a fixed amount of work


class Options(NamedTuple):
    drop_sections: frozenset[str] = frozenset()  # headings in lower case
    templates: tuple[tuple[str, str], ...] = ()  # (name, rendering) of the config
    file_names: tuple[str, ...] = ("File", "Image", "Media")  # namespaces in the wiki's language and in English
    category_names: tuple[str, ...] = ("Category",)
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
    trouble: str = ""  # why the article was converted the simple way


class OverBudget(Exception):
    """The article takes more work than its options allow."""


DEFAULTS, NO_PAGE = Options(), Context()


def to_text(wikitext: str, options: Options = DEFAULTS, context: Context = NO_PAGE) -> Article:
    """The article as a reader sees it. Whatever goes wrong, there is text: converted the simple way, and `trouble`
    says why."""
    redirect = redirect_target(wikitext)
    if redirect:
        return Article("", [], [], "", False, redirect, Counter())
    try:
        return to_text_or_raise(wikitext, options, context)
    except OverBudget as error:
        trouble = str(error)
    except Exception as error:  # a defect of ours must not cost the user a night's run; the fuzz test calls the other
        trouble = f"{type(error).__name__}: {error}"
    return Article(to_text_simply(wikitext), [], [], "", False, None, Counter(), trouble)


_REDIRECT = re.compile(r"\s*#\s*([^\W\d_]{4,})\s*:?\s*\[\[\s*:?\s*([^\]|]+?)\s*(?:\|[^\]]*)?\]\]")


def redirect_target(wikitext: str) -> str | None:
    """'#REDIRECT [[Target#Section]]', the word in any language's capitals -> 'Target#Section'"""
    match = _REDIRECT.match(wikitext) if wikitext.lstrip()[:1] == "#" else None
    if match and (match[1].isupper() or match[1].lower() == "redirect"):
        return match[2].replace("_", " ")
    return None


def to_text_or_raise(wikitext: str, options: Options, context: Context) -> Article:
    limit = int(options.seconds * CHARS_A_SECOND)
    if len(wikitext) > limit:
        raise OverBudget(f"{len(wikitext):,} characters")
    text = _without_control(wikitext)
    if "<!--" in text:
        text = _without_comments(text)
    held: list[str] = []  # protected pieces, put back at the end
    if "<" in text:
        text = _REF.sub(DROP, text)
        text = _hold(text, held)
    if options.variant and "-{" in text:
        text = choose(text, options.variant)
    names = _namespaces(options.file_names, options.category_names)
    categories: list[str] = []
    if "[[" in text:
        text = _COLON.sub(lambda m: _colon_link(m, names, categories), text)
    description = _short_description(text)
    disambiguation = _is_disambiguation(text, options.language)
    text = _without_sections("\n" + text + "\n", options.drop_sections)
    if "{|" in text:
        text = _without_tables(text)
    if "[[" in text or "]]" in text:
        text = _links(text, names)
    unknown: Counter = Counter()
    if "{{" in text or "}}" in text:
        text = _Templates(options, context, unknown, limit - len(text)).expand(text)
    text = _inline(text)
    if DROP in text:
        text = _close_holes(text)
    blocks = _blocks(text)
    text, sections = _assemble(blocks, held)
    return Article(text, sections, categories, description, disambiguation, None, unknown)


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _without_control(text: str) -> str:
    """Our own marks must not come from outside; a dump cannot hold these characters, but a caller can."""
    if any(mark in text for mark in (DROP, OPEN, CLOSE, NEWLINE, EQUALS, PIPE)):
        text = _CONTROL.sub("", text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _without_comments(text: str) -> str:
    """Comments go; one that has lines of its own takes them along. An unclosed one hides the rest, as in MediaWiki."""
    kept, done = [], 0
    while (start := text.find("<!--", done)) >= 0:
        end = text.find("-->", start + 4)
        if end < 0:
            kept.append(text[done:start])
            done = len(text)
            break
        begin, after = start, end + 3
        if text[after : after + 1] == "\n":
            while begin > done and text[begin - 1] in " \t":
                begin -= 1
            if text[begin - 1 : begin] in ("\n", ""):
                after += 1
            else:
                begin = start
        kept.append(text[done:begin])
        done = after
    kept.append(text[done:])
    return "".join(kept)


_REF = re.compile(r"<ref\b[^<>]*(?:/>|>[^<]*</ref>)")
_DROPPED_TAGS = {
    "ref",
    "references",
    "gallery",
    "timeline",
    "score",
    "imagemap",
    "templatedata",
    "graph",
    "mapframe",
    "maplink",
    "hiero",
    "inputbox",
    "categorytree",
    "indicator",
    "includeonly",
    "templatestyles",
    "section",
    "charinsert",
}
_HELD_TAGS = {"nowiki", "math", "chem", "ce", "pre", "syntaxhighlight", "source"}
_EXTENSION = re.compile(rf"<({'|'.join(sorted(_DROPPED_TAGS | _HELD_TAGS, key=len, reverse=True))})\b([^<>]*)>", re.I)


def _hold(text: str, held: list[str]) -> str:
    """Drop references and pictures; take math, code and nowiki out of the text until the end."""
    kept, done = [], 0
    unclosed: set[str] = set()
    for match in _EXTENSION.finditer(text):
        start = match.start()
        if start < done:
            continue
        name, attributes = match[1].lower(), match[2]
        kept.append(text[done:start])
        done = match.end()
        if attributes.endswith("/") or name in unclosed:
            kept.append(DROP)
            continue
        closer = _closer(name).search(text, done)
        if closer is None:
            unclosed.add(name)  # the tag alone goes; what follows it stays
            kept.append(DROP)
            continue
        content, done = text[done : closer.start()], closer.end()
        if name in _DROPPED_TAGS:
            kept.append(DROP)
        else:
            kept.append(_held(name, attributes, content, held))
    kept.append(text[done:])
    return "".join(kept)


@cache
def _closer(name: str):
    return re.compile(rf"</{name}\s*>", re.I)


def _held(name: str, attributes: str, content: str, held: list[str]) -> str:
    """-> what stands in the text for a piece of math, code or nowiki"""
    content = content.replace(DROP, "")  # a reference inside it was dropped before
    if name in ("math", "chem", "ce"):
        latex = " ".join(content.replace("$", r"\$" if r"\$" not in content else "$").split())
        if not latex:
            return DROP
        content = f"$\\ce{{{latex}}}$" if name != "math" or "chem" in attributes else f"${latex}$"
        held.append(html.unescape(content))
        return f"{OPEN}{len(held) - 1}{CLOSE}"
    if name == "nowiki":
        held.append(html.unescape(content))
        return f"{OPEN}{len(held) - 1}{CLOSE}" if content else ""
    if name == "pre":
        content = html.unescape(re.sub(r"</?(?:nowiki|code|b|i|u|span|tt|small|big|strong|em)\b[^<>]*>", "", content))
    elif "inline" in attributes:
        held.append(f"`{content.strip()}`")
        return f"{OPEN}{len(held) - 1}{CLOSE}"
    code = re.search(r"lang\s*=\s*[\"']?([\w+#-]+)", attributes)
    held.append(f"```{code[1].lower() if code else ''}\n{content.strip(chr(10)).rstrip()}\n```")
    return f"\n\n{OPEN}{len(held) - 1}{CLOSE}\n\n" if content.strip() else "\n\n"


_SHORT = re.compile(r"\{\{\s*[Ss]hort ?desc(?:ription)?\s*\|\s*(?:1\s*=)?\s*([^{}|]*)")
_DISAMBIGUATION = re.compile(
    r"\{\{\s*(?:hndis|geodis|surname|given[ _]name|dab|disamb|mathdab|numberdis|roaddis|stationdis|letterdis|schooldis"
    r"|hospitaldis|mil-unit-dis|lnd|sia|set[ _]index|shipindex|mountainindex|roadindex|sportindex|chemistry[ _]index"
    r"|plant[ _]common[ _]name)\b",
    re.I,
)


@cache
def _disambiguation_names(code: str) -> re.Pattern | None:
    """The templates of a language's table, opened; their first letter may be either case."""
    names = "|".join(re.escape(name).replace(r"\ ", "[ _]") for name in sorted(language(code).disambiguation_templates))
    return re.compile(rf"\{{\{{\s*(?:{names})\s*[|}}]", re.I) if names and code != "en" else None


def _is_disambiguation(text: str, code: str) -> bool:
    """{{disambiguation|...}} in any of its many names; {{other uses|X (disambiguation)}} is none."""
    own = _disambiguation_names(code)
    if own and (own.search(text, 0, 1000) or own.search(text, max(0, len(text) - 3000))):
        return True
    place = text.find("isambig")
    while place >= 0:
        opened = text.rfind("{{", max(0, place - 50), place)
        if (
            opened >= 0
            and not any(mark in text[opened:place] for mark in "|[}")
            and text[place : place + 40].lstrip("isambguton_ ")[:1] in ("|", "}", "")
        ):
            return True
        place = text.find("isambig", place + 7)
    return bool(
        _DISAMBIGUATION.search(text, 0, 1000)
        or _DISAMBIGUATION.search(text, max(0, len(text) - 3000))
        or "__DISAMBIG__" in text
    )


def _short_description(text: str) -> str:
    match = _SHORT.search(text) if "hort" in text else None
    value = match[1].strip() if match else ""
    return "" if value.lower() == "none" else html.unescape(value)


_HEADING = re.compile(r"\n(={1,6})([^\n]+?)\1[ \t\x05]*(?=\n)")
_PLAIN = re.compile(r"\{\{[^{}]*\}\}|<[^<>]*>|\[\[(?:[^\[\]|]*\|)?|\]\]|'{2,}|\x05")


def _without_sections(text: str, dropped: frozenset[str]) -> str:
    """Cut the sections that are left out, each with its subsections."""
    kept, done, cutting = [], 0, 0
    for match in _HEADING.finditer(text):
        level = len(match[1])
        if cutting and level > cutting:
            continue
        title = match[2]
        if "[" in title or "{" in title or "<" in title or "'" in title or DROP in title:
            title = _PLAIN.sub("", title)
        unwanted = title.strip(" :\t=").lower() in dropped
        if unwanted and not cutting:
            kept.append(text[done : match.start()])
        elif not unwanted and cutting:
            done = match.start()
        cutting = level if unwanted else 0
    if not cutting:
        kept.append(text[done:])
    return "".join(kept) + "\n"


_TABLE_EDGE = re.compile(r"\n[ \t:*#;]*(\{\||\|\}(?!\}(?!\})))")
_HTML_TABLE = re.compile(r"<(/?)table\b[^<>]*>", re.I)


def _without_tables(text: str) -> str:
    """Tables of any depth go. One that is never closed loses only its rows: lines up to a blank one."""
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
    return _cut(text, sorted(cuts), "\n\n")


def _cut(text: str, ranges: list[tuple[int, int]], mark: str) -> str:
    kept, done = [], 0
    for start, end in ranges:
        if start >= done:
            kept.append(text[done:start])
            kept.append(mark)
        done = max(done, end)
    kept.append(text[done:])
    return "".join(kept)


def _without_html_tables(text: str) -> str:
    depth, start, cuts = 0, 0, []
    for match in _HTML_TABLE.finditer(text):
        if not match[1]:
            start = match.start() if depth == 0 else start
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                cuts.append((start, match.end()))
    return _cut(text, cuts, "\n\n") if cuts else text


class _Namespaces(NamedTuple):
    file: re.Pattern  # the beginning of a picture
    files: frozenset[str]  # names of the namespaces, in lower case
    categories: frozenset[str]


@lru_cache(maxsize=16)
def _namespaces(files: tuple[str, ...], categories: tuple[str, ...]) -> _Namespaces:
    either = "|".join(re.escape(name).replace(r"\ ", "[ _]") for name in files)
    return _Namespaces(
        re.compile(rf"\[\[\s*(?:{either})\s*:", re.I),
        frozenset(map(_normal, files)),
        frozenset(map(_normal, categories)),
    )


_COLON = re.compile(r"\[\[([^\[\]|:\n]{0,40}):([^\[\]]*)\]\]")
_PROJECTS = frozenset(
    "wikt wiktionary w wikipedia s wikisource q wikiquote b wikibooks n v voy species commons c m meta d mw doi".split()
)


def _colon_link(match: re.Match, names: _Namespaces, categories: list[str]) -> str:
    """[[Category:X]] is noted and goes, as pictures and links to other languages do; [[:Category:X]] and [[wikt:x]]
    show x."""
    prefix, rest = _normal(match[1]), match[2]
    if prefix in names.categories:
        if name := rest.partition("|")[0].strip().replace("_", " "):
            categories.append(name)
        return DROP
    if prefix in names.files:
        return DROP
    if not prefix:  # [[:Category:X]], [[:fr:X|x]]
        return match[0] if "|" in rest else "[[" + rest.rpartition(":")[2] + "]]"
    if "|" in rest:
        return match[0]
    if prefix in _PROJECTS:
        return "[[" + rest.rpartition(":")[2] + "]]"
    code = prefix.partition("-")[0]
    return (
        "" if match[1].islower() and (code in LANGUAGES or code == "simple") and not rest.startswith(" ") else match[0]
    )


_OPENED = re.compile(r"\[\[(?:[^\[\]|{}\n]*\|)?")
_LABEL = r"[ \t]*([^\[\]\n]*|[^\[\]]{0,400})\]"  # lines only where a table stood in it, and not without end
_EXTERNAL_PATTERN = (
    rf"\[(?:(?:https?|ftps?|irc|gopher|news|telnet):)?//[^\s\[\]<>\"]*{_LABEL}|\[mailto:[^\s\[\]]*{_LABEL}"
)
_EXTERNAL = re.compile(_EXTERNAL_PATTERN, re.I)
_EXTERNAL_AT_END = re.compile(rf"(?:{_EXTERNAL_PATTERN})(?=\]\])", re.I)
_EMPTY_LABEL = re.compile(r"\[\[[^\[\]|\n]*\|\]\]")
_BRACKETS = re.compile(r"\[\[|\]\]")


def _links(text: str, names: _Namespaces) -> str:
    """[[target|label]] -> label; pictures and categories go with all that is inside them."""
    if "]]]" in text:  # an external link at the end of a label or caption: its bracket is the first of the three
        for _ in range(4):
            text, found = _EXTERNAL_AT_END.subn(lambda m: m[1] or m[2] or DROP, text)
            if not found:
                break
    text = _without_files(text, names.file)
    if "|]]" in text:
        text = _EMPTY_LABEL.sub(_without_qualifier, text)
    if "[[http" in text:
        text = re.sub(r"\[\[https?://[^\s\[\]]*[ \t]*([^\[\]\n]*)\]\]", lambda m: m[1], text)
    return _OPENED.sub("", text).replace("]]", "")


def _without_qualifier(match: re.Match) -> str:
    """[[Wikt:Boston (album)|]] -> Boston, [[Boston, Lincolnshire|]] -> Boston"""
    name = match[0][2:-3].rpartition(":")[2]
    return re.sub(r" \([^()]*\)$|,.*$", "", name)


def _without_files(text: str, opening: re.Pattern) -> str:
    cuts: list[tuple[int, int]] = []
    done = unclosed = 0
    for match in opening.finditer(text):
        start = match.start()
        if start < done:
            continue
        depth, end = 0, 0
        if unclosed < 20:  # each search costs up to 20,000 characters
            for bracket in _BRACKETS.finditer(text, start, start + 20_000):
                depth += 1 if bracket[0] == "[[" else -1
                if depth == 0:
                    end = bracket.end()
                    break
        if not end:
            unclosed += 1
            end = text.find("\n", start)
            end = end if end >= 0 else len(text)
        cuts.append((start, end))
        done = end
    return _cut(text, cuts, DROP) if cuts else text


_PARAMETER = re.compile(r"\{\{\{[^{}|]*(?:\|([^{}]*))?\}\}\}")
_BRACES = re.compile(r"\{\{|\}\}")
_OPENING_RUN, _CLOSING_RUN = re.compile(r"\{\{\{+"), re.compile(r"\}\}\}+")


class _Templates:
    """One article's templates: rendered from the inside out, what has no renderer dropped and counted."""

    def __init__(self, options: Options, context: Context, unknown: Counter, budget: int):
        self.resolved = _resolved(options.templates, options.language)
        self.context, self.unknown, self.budget = context, unknown, budget

    def expand(self, text: str) -> str:
        if "{{{" in text:
            text = _PARAMETER.sub(lambda m: m[1] or "", text)
            text = _OPENING_RUN.sub(_pair_braces, text)
        if "}}}" in text:
            text = _CLOSING_RUN.sub(_pair_braces, text)
        expanded = self._expand(text)
        if expanded is None:
            expanded = self._expand(_without_unclosed(text))
        return expanded or ""

    def _expand(self, text: str) -> str | None:
        """None when a template is not closed."""
        parts = text.split("{{")
        kept: list[str] = [parts[0].replace("}}", "")]
        stack: list[tuple] = []
        skipped = 0  # depth inside a template that is dropped: nothing in it is worth a look
        resolve = self.resolved
        for part in parts[1:]:
            if skipped:
                skipped += 1
            else:
                head = part[: _head_end(part)]
                found = resolve.get(head)
                if found is None:
                    found = resolve[head] = _resolve(head, resolve)
                if found[0] is None or len(stack) >= MAX_DEPTH:
                    skipped = 1
                    if found[1]:
                        self.unknown[found[1]] += 1
                else:
                    stack.append((found, kept))
                    kept = []
            if "}}" not in part:
                if not skipped:
                    kept.append(part)
                continue
            pieces = part.split("}}")
            for number, piece in enumerate(pieces):
                if number:
                    if skipped:
                        skipped -= 1
                        if not skipped:
                            kept.append(DROP)
                    elif stack:
                        content = "".join(kept)
                        found, kept = stack.pop()
                        kept.append(self._render(found, content))
                if not skipped and piece:
                    kept.append(piece)
        return None if skipped or stack else "".join(kept)

    def _render(self, found: tuple, content: str) -> str:
        self.budget -= len(content) + 100
        if self.budget < 0:
            raise OverBudget("templates inside templates")
        renderer, _, colon = found
        if colon:  # {{formatnum:1234|R}}: a function of MediaWiki
            body = content.partition(":")[2]
        else:
            _, bar, body = content.partition("|")
            if not bar:
                return renderer([], {}, self.context) or DROP
        positional, named = split_arguments(body)
        return renderer(positional, named, self.context) or DROP


def _pair_braces(match: re.Match) -> str:
    """Of an odd run of braces the outermost `{`, the innermost `}`, is a brace of the text: {{{a}} {{x|{y}}}."""
    run = match[0]
    if len(run) % 2 == 0:
        return run
    return "&#123;" + run[1:] if run[0] == "{" else "&#125;" + run[1:]


def _head_end(part: str) -> int:
    """Where a template's name ends: at a bar, a brace or a nested template."""
    bar, brace = part.find("|"), part.find("}}")
    if bar < 0:
        return brace if brace >= 0 else len(part)
    return bar if brace < 0 or bar < brace else brace


@lru_cache(maxsize=16)
def _resolved(custom: tuple[tuple[str, str], ...], code: str) -> dict:
    """head as written -> (renderer or None, name to count as unknown, is it a function with a colon); grows as heads
    are met"""
    table = language(code)
    resolved: dict = {("custom", _normal(name)): user_renderer(pattern, table.months) for name, pattern in custom}
    resolved[FIND] = find if SAME.get(code, code) == "en" else other_wikis.finder(table)
    return resolved


def _normal(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())


def _resolve(head: str, resolved: dict) -> tuple:
    if len(resolved) > 50_000:  # a wiki has some ten thousand names; hostile ones must not fill the memory
        for key in [k for k in resolved if isinstance(k, str)]:
            del resolved[key]
    name = _normal(head[:200])
    name = name.removeprefix("template:").removeprefix("subst:").removeprefix("safesubst:").strip()
    custom = resolved.get(("custom", name))
    if custom:
        return custom, "", False
    renderer = resolved[FIND](name)
    if renderer is UNKNOWN and ":" in name:
        renderer = resolved[FIND](name.partition(":")[0].strip())
        if renderer is not UNKNOWN:
            return renderer, "", True
    return (None, name, False) if renderer is UNKNOWN else (renderer, "", False)


def _without_unclosed(text: str) -> str:
    """A `{{` that is never closed takes the rest of its paragraph with it, no more."""
    stack = []
    for match in _BRACES.finditer(text):
        if match[0] == "{{":
            stack.append(match.start())
        elif stack:
            stack.pop()
    cuts, done = [], -1
    for start in stack:
        if start >= done:
            end = text.find("\n\n", start)
            done = end if end >= 0 else len(text)
            cuts.append((start, done))
    return _cut(text, cuts, DROP)


_SCRIPTS = re.compile(r"<(su[pb])\b[^<>]*>([^<>]*)</\1\s*>", re.I)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>")
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


def _inline(text: str) -> str:
    """External links, tags and odd spaces."""
    if "//" in text or "[mailto:" in text:
        text = _EXTERNAL.sub(lambda m: m[1] or m[2] or DROP, text)
    if "<" in text:
        if "<table" in text or "<TABLE" in text:
            text = _without_html_tables(text)
        if "display:" in text:
            text = _HIDDEN.sub(DROP, text)
        if "<code" in text:
            text = re.sub(
                r"<code\b[^<>]*>\s*((?:[^<]|<(?!/?code\b))*?)\s*</code\s*>", lambda m: f"`{m[1]}`" if m[1] else "", text
            )
        if "<su" in text or "<SU" in text:
            text = _SCRIPTS.sub(_script, text)
        if "<poem" in text:
            text = _POEM.sub(lambda m: "\n\n" + m[1].strip().replace("\n", NEWLINE) + "\n\n", text)
        text = _TAG.sub(_tag, text)
    if "__" in text:
        text = re.sub(r"__[A-Z]{3,}__", "", text)
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


class Block(NamedTuple):
    kind: str  # p: paragraph, l: list item, h: heading, c: code
    text: str
    level: int = 0


_SPECIAL = frozenset("*#:;= |{}-!" + OPEN)
_LINE_HEADING = re.compile(r"(={1,6})(.+?)\1\s*$")
_DEFINITION = re.compile(r"\s*:\s+|\s+:")
_PROTECTED = re.compile(f"{OPEN}(\\d+){CLOSE}")


def _blocks(text: str) -> list[Block]:
    """Lines of wikitext, links and templates resolved, -> paragraphs, list items, headings."""
    blocks: list[Block] = []
    paragraph: list[str] = []
    indented: list[str] = []
    term = ""

    def flush() -> None:
        nonlocal term
        if paragraph:
            if line_text := tidy(" ".join(paragraph)):
                blocks.append(Block("p", line_text))
            paragraph.clear()
        if indented:
            blocks.extend(_preformatted(indented))
            indented.clear()
        if term:
            blocks.append(Block("p", term))
            term = ""

    for line in text.split("\n"):
        first = line[:1]
        if first not in _SPECIAL:
            if indented or term:
                flush()
            if line:
                paragraph.append(quotes(line) if "''" in line else line)
            elif paragraph:
                flush()
            continue
        if first == " ":
            if paragraph or line.isspace():
                flush()
            if not line.isspace():
                indented.append(quotes(line) if "''" in line else line)
            continue
        if first in "*#:;":
            held_term, term = term, ""
            flush()
            prefix = line[: len(line) - len(line.lstrip("*#:; "))].replace(" ", "")
            body = line.lstrip("*#:; ")
            body = tidy(quotes(body) if "''" in body else body).replace("\n", " ")
            term = _list_line(prefix, body, held_term, blocks)
            continue
        if first == "=" and (match := _LINE_HEADING.match(line)):
            flush()
            if title := tidy(quotes(match[2]) if "''" in match[2] else match[2]).replace("\n", " ").strip("= "):
                blocks.append(Block("h", title, len(match[1])))
            continue
        if first == "|" or line.startswith(("{|", "----")) or (first == "{" and not line.strip("{ ")):
            flush()  # rows of a table that was never closed, rules
            continue
        if indented or term:
            flush()
        paragraph.append(quotes(line) if "''" in line else line)
    flush()
    return blocks


def _list_line(prefix: str, body: str, term: str, blocks: list[Block]) -> str:
    """One line of a list; -> the term of a definition list that waits for its definition"""
    depth = max(prefix.count("*") + prefix.count("#"), 1)
    if prefix.endswith(";") or (prefix == ";:" and not term):
        if term:
            blocks.append(Block("p", term))
        parts = _DEFINITION.split(body, maxsplit=1)
        if len(parts) == 2 and parts[0] and parts[1] and "//" not in body:
            blocks.append(Block("l", f"- {parts[0]}: {parts[1]}", depth))
            return ""
        return body
    if not body:
        return term
    if prefix.endswith(":"):
        if term:
            blocks.append(Block("l", f"- {term}: {body}", 1))
        elif "*" in prefix or "#" in prefix:
            blocks.append(Block("l", "  " * depth + body, depth))
        elif ";" in prefix:
            blocks.append(Block("l", f"- {body}", 1))
        else:
            blocks.append(Block("p", body))
        return ""
    if term:
        blocks.append(Block("p", term))
    blocks.append(Block("l", "  " * (depth - 1) + "- " + body, depth))
    return ""


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


# Holes that dropped things leave

_BEFORE = frozenset("([$£€¥₹")
_AFTER = frozenset(")],;")
_SEPARATORS = frozenset(",;:([–")
_SPACED = re.compile(f" +{DROP}[{DROP} ]*")
_MARKS = re.compile(f" *{DROP}[{DROP} ]*")
_PARENTHESIS = re.compile(rf"([(\[])([^()\[\]\n{DROP}]*{DROP}[^()\[\]\n]*)[)\]]")
_EMPTY_QUOTES = re.compile(rf"[\"“]{DROP}+[\"”]")
_DOUBLE_COMMA = re.compile(rf"[,;][ {DROP}]*{DROP}[ {DROP}]*(?=[,;])")
_MANY_SPACES = re.compile("  +")


def _close_holes(text: str) -> str:
    """Take the marks away with what they left: spaces before a full stop, empty brackets, doubled commas."""
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


def tidy(text: str) -> str:
    """Single spaces, line breaks where the source asks for them."""
    if "  " in text:
        text = _MANY_SPACES.sub(" ", text)
    if " ." in text or " ," in text or "( " in text or " )" in text:
        text = _LOOSE.sub("", text)
    if NEWLINE in text:
        text = re.sub(f" *{NEWLINE}[ {NEWLINE}]*", "\n", text)
    return text.strip()


_LOOSE = re.compile(r"(?<=[\w)\]\"”’]) (?=[.,](?:\s(?!\.)|$))|(?<=\() (?=\w)|(?<=\w) (?=\))")


def _assemble(blocks: list[Block], held: list[str]) -> tuple[str, list[dict]]:
    """Blocks -> the text and its sections; headings with nothing below them are left out."""
    pieces: list[str] = []
    sections: list[dict] = []
    waiting: list[Block] = []
    length, last = 0, "h"
    for block in blocks:
        kind, text, level = block
        if kind == "h":
            while waiting and waiting[-1].level >= level:
                waiting.pop()
            waiting.append(block)
            continue
        if "&" in text or OPEN in text or EQUALS in text or PIPE in text:
            text = _final(text, held)
        if not text:
            continue
        for heading in waiting:
            if title := _final(heading.text, held):
                glue = "\n\n" if pieces else ""
                pieces.append(f"{glue}{'#' * heading.level} {title}")
                sections.append({"level": heading.level, "title": title, "start": length + len(glue)})
                length += len(pieces[-1])
                last = "h"
        waiting.clear()
        piece = text.lstrip() if not pieces else ("\n" if kind == last == "l" else "\n\n") + text
        pieces.append(piece)
        length += len(piece)
        last = kind
    return "".join(pieces), sections


def _final(text: str, held: list[str]) -> str:
    if "&" in text:
        text = html.unescape(text).replace("\xa0", " ")
    if EQUALS in text:
        text = text.replace(EQUALS, "=")
    if PIPE in text:
        text = text.replace(PIPE, "|")
    if OPEN in text:
        text = _PROTECTED.sub(lambda m: held[int(m[1])], text)
    return text


_SIMPLE = [re.compile(r"<ref\b[^<>]*(?:/>|>[^<]*</ref>)"), *[re.compile(r"\{\{[^{}]*\}\}")] * 8]
_SIMPLE_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]")


def to_text_simply(wikitext: str) -> str:
    """For articles over their budget: a few linear substitutions, whatever is left of the markup deleted."""
    text = _without_comments(_CONTROL.sub("", wikitext)) if "<!--" in wikitext else wikitext
    for pattern in _SIMPLE if "}}" in text or "<ref" in text else ():
        text, found = pattern.subn("", text)
        if not found and pattern is not _SIMPLE[0]:
            break
    for _ in range(3 if "]]" in text else 0):
        text, found = _SIMPLE_LINK.subn(lambda m: m[1], text)
        if not found:
            break
    for mark in ("{{", "}}", "[[", "]]", "{|", "|}", "'''", "''", OPEN, CLOSE, DROP, NEWLINE, EQUALS, PIPE):
        text = text.replace(mark, "")
    if "<" in text:
        text = re.sub(r"<[a-zA-Z/][^<>]*>", "", text)
    if "&" in text:
        text = html.unescape(text)
    lines = []
    for line in text.split("\n"):
        line = line.strip(" :;")
        if line[:1] in ("*", "#"):
            line = "- " + line.lstrip("*# ")
        elif line[:1] == "=" and (match := _LINE_HEADING.match(line[:1000])):
            line = f"{'#' * len(match[1])} {match[2].strip()}"
        if line[:1] not in ("|", "!"):
            lines.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
