"""The pages that a real dump has beside its articles, each with what must become of it.

Redirects, disambiguations, other namespaces, stubs, foreign pages, lists, duplicates and hostile markup.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dump import Page
from handwritten import FULL_OF_TEMPLATES, HOSTILE
from prose import Article, number_of, plural, table
from wikitext import MARKUP

NEAR_DUPLICATES = 16
EXACT_DUPLICATES = 14
LEAST_JACCARD = 0.85


@dataclass
class Planted:
    page: Page
    kind: str
    expect: str  # "keep" or "<stage>:<why>"
    sentences: list[str] = field(default_factory=list)  # must be in the extracted text
    absent: list[str] = field(default_factory=list)  # must not be in it
    twin: str = ""  # title of the page that this one copies
    jaccard: float | None = None
    article: Article | None = None


def planted(real: list[Planted]) -> list[Planted]:
    return [
        *redirects(real),
        *disambiguations(),
        *other_namespaces(real),
        *stubs(),
        *foreign(),
        *lists(),
        *handwritten(),
        *duplicates(real),
    ]


def redirects(real: list[Planted]) -> list[Planted]:
    """Every fourth one stands without the <redirect> tag, as in old dumps; the keyword comes in several spellings."""
    there = {p.page.title for p in real}
    pages = []
    for i, row in enumerate(table("redirects")):
        title, target = row["title"], row["target"]
        if target not in there or title in there:
            raise ValueError(f"facts/redirects.txt: {title}: the target must be an article, the title must not")
        text = (
            f"#REDIRECT [[{target}]]",
            f"#REDIRECT [[{target}]]\n\n{{{{R from alternative name}}}}",
            f"#redirect [[{target}]]",
            f"#Redirect: [[{target}#History|{target}]]\n{{{{redirect category shell|\n{{{{R from move}}}}\n}}}}",
        )[i % 4]
        page = Page(title, text, redirect="" if i % 4 == 2 else target)
        pages.append(Planted(page, "redirect", "extract:redirect"))
    return pages


def disambiguations() -> list[Planted]:
    intros = ("may refer to:", "most often means one of these:", "can be any of the following:")
    pages = []
    for row in table("disambiguations"):
        title, name = row["title"], row["title"].split(" (")[0]
        items = "\n".join(f"* {item}" for item in row["items"].split(" / "))
        text = (
            f"'''{name}''' {intros[number_of(title) % 3]}\n\n{items}\n\n== See also ==\n* {{{{look from|{name}}}}}\n\n"
            f"{{{{{row['template'].replace(':', '|')}}}}}\n"
        )
        pages.append(Planted(Page(title, text), "disambiguation", "clean:disambiguation"))
    return pages


def stubs() -> list[Planted]:
    """True sentences, but fewer than 100 characters of text."""
    pages = []
    for i, row in enumerate(table("stubs")):
        title = row["title"]
        text = (
            f"{{{{Infobox settlement\n| name = {title}\n| population = {{{{formatnum:1000}}}}\n}}}}\n{row['text']}"
            f"<ref>{{{{cite web|url=https://example.org/{i}|title={title}}}}}</ref>\n\n{{{{stub}}}}\n\n[[Category:Stubs]]\n"
        )
        pages.append(Planted(Page(title, text), "stub", "clean:short"))
    return pages


def foreign() -> list[Planted]:
    return [
        Planted(Page(row["title"], f"{row['text']}\n\n[[Category:Foreign]]\n"), "foreign", "clean:language")
        for row in table("foreign")
    ]


# Other namespaces and content models

TALK = """{{{{WikiProject banner shell|class=B|
{{{{WikiProject Facts|importance=mid}}}}
}}}}
== A question ==
Is the second sentence about {title} right? I read something else in a book. [[User:Editor {i}|Editor {i}]] \
([[User talk:Editor {i}|talk]]) 10:{minute}, 3 May 2025 (UTC)
:Yes, it is. I looked it up. --[[User:Editor {next}|Editor {next}]] 11:{minute}, 3 May 2025 (UTC)
"""
TEMPLATE = """<includeonly>{| class="infobox"
! {{{name|{{PAGENAME}}}}}
{{#if:{{{image|}}}|{{!}}-
{{!}} {{{image}}}}}
|}</includeonly><noinclude>This template helps to write articles. {{documentation}}</noinclude>
"""
MODULE = """-- a module
local p = {}

function p.main(frame)
\tlocal t = { ['a'] = '{{b}}' }
\treturn t.a
end

return p
"""
USER = """Hello, I am an editor. I like to write about {one} and about {other}, and I know where the books are.

{{{{User en-N}}}}
"""
TEMPLATES = (
    "Infobox country",
    "Infobox settlement",
    "Infobox elements",
    "Navbox",
    "Convert",
    "Lang",
    "Nowrap",
    "Cite book",
    "Sfn",
    "Reflist",
    "Disambig",
    "Hatnote",
)
CATEGORIES = (
    "Countries",
    "Cities",
    "Elements",
    "States",
    "Animals",
    "Rivers",
    "Mountains",
    "Articles of the miniwiki",
    "Stubs",
    "Planets",
)
SINGLE_PAGES = [
    ("module", Page("Module:Convert/doc", "This module converts {{convert|1|km}} and many other measures.\n", ns=829)),
    (
        "file",
        Page("File:Paris.jpg", "== Summary ==\n{{Information\n| description = Paris\n| author = Editor 3\n}}\n", ns=6),
    ),
    ("project", Page("Miniwiki:About", "The miniwiki is a small wiki of facts. Everybody may read it.\n", ns=4)),
    (
        "project",
        Page(
            "Help:Editing",
            "To edit a page, press the button and write. Use <nowiki>'''bold'''</nowiki> for bold text.\n",
            ns=12,
        ),
    ),
    (
        "mediawiki",
        Page("MediaWiki:Common.css", ".infobox { float: right; }\n/* {{ no template }} */\n", ns=8, model="css"),
    ),
    ("mediawiki", Page("MediaWiki:Common.js", "if (a < b && c > d) { load('[[x]]'); }\n", ns=8, model="javascript")),
    ("mediawiki", Page("MediaWiki:Tags.json", '{"tags": ["{{a}}", "[[b]]"]}\n', ns=8, model="json")),
]


def other_namespaces(real: list[Planted]) -> list[Planted]:
    return [Planted(page, kind, "extract:namespace") for kind, page in namespace_pages(real)]


def namespace_pages(real: list[Planted]) -> Iterator[tuple[str, Page]]:
    some = sorted((p.page.title for p in real), key=lambda title: number_of(title, "talk"))
    for i, title in enumerate(some[:30]):
        yield "talk", Page(f"Talk:{title}", TALK.format(title=title, i=i, next=i + 1, minute=i + 10), ns=1)
    for i in range(12):
        yield "user", Page(f"User:Editor {i}", USER.format(one=some[40 + i], other=some[60 + i]), ns=2)
        yield "user_talk", Page(f"User talk:Editor {i}", "== Welcome ==\nWelcome! {{subst:welcome}} --~~~~\n", ns=3)
    for name in TEMPLATES:
        yield "template", Page(f"Template:{name}", TEMPLATE, ns=10)
    for name in CATEGORIES:
        yield "category", Page(f"Category:{name}", f"Articles about {name.lower()}.\n\n[[Category:Contents]]\n", ns=14)
    for name in ("Convert", "Citation", "Navbox", "Coordinates"):
        yield "module", Page(f"Module:{name}", MODULE, ns=828, model="Scribunto")
    yield from SINGLE_PAGES


# Lists without a sentence of ten words


def lists() -> list[Planted]:
    countries, elements, states = table("countries"), table("elements"), table("states")
    made = {
        f"List of capitals in {continent}": [
            f"[[{r['capital']}]], the capital of [[{r['name']}]]"
            for r in countries
            if r["continent"] == continent and r["capital"]
        ]
        for continent in ("Europe", "Asia", "Africa")
    }
    made["List of gases"] = [f"[[{r['name']}]] with the symbol {r['symbol']}" for r in elements if r["state"] == "gas"]
    made["List of noble gases and halogens"] = [
        f"[[{r['name']}]], one of the {plural(r['category'])}"
        for r in elements
        if r["category"] in ("noble gas", "halogen")
    ]
    made["List of state nicknames"] = [f'"{r["nickname"]}" for the state of {r["name"].split(" (")[0]}' for r in states]
    made["List of state codes"] = [f"{r['abbr']} is the code of {r['name'].split(' (')[0]}" for r in states]
    made["List of island countries"] = [
        f"[[{r['name']}]] and the sea around it" for r in countries if "island country" in r["is"]
    ]
    head, tail = (
        "{{Short description|None}}\n{{dynamic list}}\n",
        "\n\n== References ==\n{{reflist}}\n\n[[Category:Lists]]\n",
    )
    return [
        Planted(Page(title, head + "\n".join(f"* {item}" for item in items) + tail), "list_only", "clean:no_sentence")
        for title, items in made.items()
    ]


# Pages written by hand


def handwritten() -> list[Planted]:
    pages = [
        Planted(
            Page(title, f"{text}\n== References ==\n{{{{reflist}}}}\n\n[[Category:Things]]\n"),
            "templates",
            "keep",
            says,
            [*MARKUP, *hides],
        )
        for title, (text, says, hides) in FULL_OF_TEMPLATES.items()
    ]
    pages += [
        Planted(Page(title, text), "hostile", "keep", says, hides) for title, (text, says, hides) in HOSTILE.items()
    ]
    only_markup = (
        "{{Infobox thing\n| name = no\n| list = {{plainlist|\n* a\n* b\n}}\n}}\n{{Navbox|title=x}}\n[[Category:No]]\n"
    )
    return [
        *pages,
        Planted(Page("Blank page", ""), "empty", "clean:short"),
        Planted(Page("Page of templates", only_markup), "empty", "clean:short"),
    ]


# Duplicates


def duplicates(real: list[Planted]) -> list[Planted]:
    chosen = sorted(
        (p for p in real if p.article and p.article.topic in ("countries", "elements", "states")),
        key=lambda p: number_of(p.page.title, "duplicate"),
    )
    exact = [
        Planted(
            Page(f"{p.page.title} (copy)" if i % 2 else f"Draft of {p.page.title}", p.page.text),
            "exact_duplicate",
            "dedup:exact",
            twin=p.page.title,
            jaccard=1.0,
        )
        for i, p in enumerate(chosen[:EXACT_DUPLICATES])
    ]
    near = [copy for p in chosen[EXACT_DUPLICATES:] if (copy := changed_copy(p))]
    return exact + near[:NEAR_DUPLICATES]


# A copy differs by one or two of these words; the new word is shorter, so that the copy is the shorter text.
CHANGES = [
    ("chemical symbol", "symbol"),
    ("capital city", "capital"),
    ("neighbours", "borders"),
    ("continent", "side"),
    ("official", "main"),
    ("covered", "made"),
    ("discovered", "found"),
    ("famous", "big"),
    ("country", "land"),
    ("called", "named"),
    ("which lies", "set"),
    ("formerly", "once"),
    ("largest", "main"),
    ("nucleus", "core"),
    ("protons", "parts"),
    ("contains", "has"),
    ("nickname", "name"),
    ("laboratories", "labs"),
]


def changed_copy(p: Planted) -> Planted | None:
    """A near duplicate whose exact Jaccard of word 5-grams is at least LEAST_JACCARD, or None."""
    assert p.article, p.page.title
    original, text = p.article.text(), p.page.text
    body, changes = original, 0
    for old, new in CHANGES:
        changed = body.replace(old, new)
        if body.count(old) == text.count(old) == 1 and jaccard(original, changed) >= LEAST_JACCARD and changes < 2:
            body, text, changes = changed, text.replace(old, new), changes + 1
    if not changes:
        return None
    return Planted(
        Page(f"{p.page.title} (second version)", text),
        "near_duplicate",
        "dedup:near",
        twin=p.page.title,
        jaccard=round(jaccard(original, body), 4),
    )


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def jaccard(one: str, other: str) -> float:
    left, right = shingles(one), shingles(other)
    return len(left & right) / len(left | right)
