"""Plain articles dressed as wikitext: links, infoboxes, references, pictures, tables and all that a real page wears.

Everything added here is invisible to a reader of the prose, so the plain article stays the truth about it.
"""

import re
from collections.abc import Callable

from prose import Article, inline, number_of, pick, wiki

BOOKS = [
    ("Miller", "Anna", "An Atlas of the World", 1998),
    ("Brown", "Peter", "A Short Dictionary of Facts", 2004),
    ("Okafor", "Grace", "Everyday Science", 2011),
    ("Lindgren", "Karl", "The World in Numbers", 1987),
    ("Tanaka", "Yumi", "A Handbook of Nature", 2016),
    ("Rossi", "Paolo", "Lives and Works", 1979),
]

# Words of other languages that articles mention; their wikitext says which language they are.
FOREIGN = {
    "natrium": "la",
    "kalium": "la",
    "ferrum": "la",
    "cuprum": "la",
    "argentum": "la",
    "stannum": "la",
    "stibium": "la",
    "aurum": "la",
    "plumbum": "la",
    "tellus": "la",
    "Hafnia": "la",
    "Gallia": "la",
    "helios": "grc",
    "Nihon": "ja",
    "Wolfram": "de",
    "tango": "es",
    "flamenco": "es",
    "sauna": "fi",
}
FOREIGN_WORD = re.compile(rf"\b({'|'.join(FOREIGN)})\b")
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(rf"\b\d{{1,2}} (?:{MONTHS}) \d{{4}}\b")
MEASURE = re.compile(r"\b([\d,.]+) (metres|kilometres|percent|years|kilograms|days|hours)\b")
OTHER_WIKIS = {"de": "{} (Begriff)", "fr": "{} (notion)", "es": "{} (concepto)", "ru": "{}", "ja": "{}"}
DESCRIPTIONS = {
    "countries": "Country",
    "cities": "City",
    "states": "State of the United States",
    "elements": "Chemical element",
}
BOXES = {"countries": "country", "cities": "settlement", "states": "U.S. state"}

# What no extracted article may contain, whatever page it came from.
MARKUP = [
    "{{",
    "}}",
    "[[",
    "]]",
    "{|",
    "|}",
    "<ref",
    "</ref>",
    "'''",
    "<!--",
    "-->",
    "thumb|",
    "Category:",
    "example.org",
    "Infobox",
]


class Linker:
    """Puts a link on the first mention of every other article."""

    def __init__(self, articles: list[Article]):
        self.by_first_word: dict[str, list[tuple[str, str]]] = {}
        for article in articles:
            # "German" is the name of a language, but mostly an adjective: only its title is linked.
            name = article.title if article.topic == "languages" else article.name.removeprefix("the ")
            for form in sorted({article.title, name}):
                first = re.findall(r"^[\w'.-]*", form)[0]
                self.by_first_word.setdefault(first, []).append((form, article.title))
        for forms in self.by_first_word.values():
            forms.sort(key=lambda pair: -len(pair[0]))

    def link(self, text: str, seen: set[str]) -> str:
        out, at = [], 0
        for word in re.finditer(r"(?<![\w'])\w[\w'.-]*", text):
            if word.start() < at:
                continue
            bare = word[0].rstrip(".'")
            forms = [pair for key in dict.fromkeys((bare, word[0])) for pair in self.by_first_word.get(key, [])]
            for form, title in forms:
                end = word.start() + len(form)
                if title in seen or not text.startswith(form, word.start()) or text[end : end + 1].isalnum():
                    continue
                seen.add(title)
                direct = title in (form, form[:1].upper() + form[1:])  # MediaWiki's titles begin with a capital
                out += [text[at : word.start()], f"[[{form}]]" if direct else f"[[{title}|{form}]]"]
                at = end
                break
        return "".join(out) + text[at:]


def outside(function: Callable[[str], str], sentence: str) -> str:
    """Apply a function to the parts of a sentence that are not inline templates."""
    return "".join(
        part if part.startswith("\x01") else function(part) for part in re.split("(\x01[^\x03]*\x03)", sentence)
    )


def dress(sentence: str, key: str, linker: Linker, seen: set[str]) -> str:
    """One sentence with its inline templates, entities and links."""
    n = number_of(key, "dress")
    if n % 3 == 0:
        sentence = outside(lambda s: DATE.sub(lambda m: inline(f"{{{{nowrap|{m[0]}}}}}", m[0]), s), sentence)
    if n % 2 == 0:
        sentence = outside(lambda s: MEASURE.sub(lambda m: inline(f"{m[1]}&nbsp;{m[2]}", m[0]), s), sentence)
    if n % 5 < 4:
        dash = inline("{{ndash}}" if n % 5 == 1 else "&ndash;", "–")
        sentence = outside(lambda s: s.replace("–", dash), sentence)
    if n % 4:
        sentence = outside(
            lambda s: FOREIGN_WORD.sub(lambda m: inline(f"{{{{lang|{FOREIGN[m[0]]}|{m[0]}}}}}", m[0]), s), sentence
        )
    return wiki(outside(lambda s: linker.link(s, seen), sentence))


def behind(key: str) -> str:
    """What stands behind a sentence: nothing, a reference of some kind, a request for one, a comment."""
    n = number_of(key, "after")
    if n % 100 >= 30:
        return ""
    last, first, title, year = BOOKS[n % len(BOOKS)]
    page, name = 1 + n // 7 % 300, last.lower()
    cite = f"{{{{cite book |last={last} |first={first} |title={title} |year={year} |page={page}}}}}"
    forms = [
        f"<ref>{cite}</ref>",
        f'<ref name="{name}{year}">{cite}</ref>',
        f'<ref name="{name}" />',
        f"<ref name={last}/>",
        f"<ref>{last}, ''[https://example.org/{page} {title}]'', p.&nbsp;{page}.</ref>",
        f"{{{{sfn|{last}|{year}|p={page}}}}}",
        "{{citation needed|date=May 2025}}",
        f"{{{{efn|Some sources say otherwise.{{{{sfn|{last}|{year}}}}}}}}}",
        "<!-- please keep this sentence short -->",
        f"<ref group=note>{{{{cite web |url=https://example.org/{page} |title={title} "
        "|quote=A {{lang|la|nota}} within}}</ref>",
    ]
    return forms[n // 11 % len(forms)]


def infobox(article: Article) -> str:
    title = article.title
    source = '<ref name="box">{{cite web |url=https://example.org/box |title=Table of facts}}</ref>'
    lines = [
        f"{{{{Infobox {BOXES.get(article.topic, article.topic)}",
        f"| name = {title}",
        f"| image = [[File:{title}.jpg|thumb|upright=1.2|A view of [[{title}]] {{{{small|(about 1990)}}}}]]",
    ]
    lines += [
        f"| {key} = {{{{nowrap|{value}}}}}{source}" if number_of(title, key) % 3 == 0 else f"| {key} = [[{value}]]"
        for key, value in article.box.items()
        if value
    ]
    return "\n".join(
        [
            *lines,
            "<!-- coordinates need checking -->",
            "| footnotes = {{plainlist|",
            "* first footnote of the box",
            "* second footnote of the box",
            "}}",
            "}}",
        ]
    )


def navbox(topic: str, titles: list[str]) -> str:
    links = [f"[[{t}]]" for t in titles]
    rows = "\n".join(
        f"| group{i} = Part {i}\n| list{i} = {{{{hlist|{'|'.join(links[i * 4 : i * 4 + 4])}}}}}" for i in (1, 2)
    )
    return f"{{{{Navbox\n| name = {topic}\n| title = More [[{topic}]] in this wiki\n{rows}\n}}}}"


def picture(title: str, near: str) -> str:
    return (
        f"[[File:{title} (picture).jpg|thumb|right|220px|alt=A picture|A picture of [[{title}]], taken near "
        f"[[{near}|a place called {near}]] {{{{circa|1960}}}}]]"
    )


def gallery(title: str) -> str:
    return (
        f'<gallery mode="packed">\nFile:{title} 1.jpg|The first picture of [[{title}]]\n'
        f"File:{title} 2.jpg|The second picture\n</gallery>"
    )


def small_table(title: str, facts: list[dict]) -> str:
    rows = "\n".join(
        f'|-\n! scope="row" | {f["relation"].replace("_", " ")}\n'
        f'| style="text-align:right" | {f["object"]} || [[{title}]]'
        for f in facts
    )
    return f'{{| class="wikitable sortable"\n|+ Table of [[{title}]]\n|-\n! Property !! Value !! Source\n{rows}\n|}}'


def page_text(article: Article, linker: Linker, others: list[str]) -> str:
    """The wikitext of an article. `others` are titles of the same topic, for its lists of links."""
    title, n = article.title, number_of(article.title, "page")
    out = [f"{{{{Short description|{DESCRIPTIONS.get(article.topic, 'Article of the miniwiki')}}}}}"]
    if n % 6 == 0:
        out.append(
            pick(
                title + "hat",
                f"{{{{About|the subject itself|other uses|{title} (disambiguation)}}}}",
                "{{Use British English|date=May 2025}}\n{{Other uses}}",
                f":''For other things of this name, see [[{title} (other)]].''",
            )
        )
    if n % 4:
        out.append(infobox(article))
    seen = {title}
    for i, (heading, paragraphs) in enumerate(article.sections):
        if heading:
            out.append(f"== {heading} ==" if n % 3 else f"=={heading}==")
        if i == 1 and n % 5 == 0:
            out.append(picture(title, others[0]))
        out += [
            paragraph_text(article, paragraph, f"{title}|{i}|{j}", linker, seen)
            for j, paragraph in enumerate(paragraphs)
        ]
        if i == 1 and n % 8 == 1 and article.facts:
            out.append(small_table(title, article.facts))
        if i == 1 and n % 17 == 2:
            out.append(gallery(title))
    return "\n\n".join([*out, *page_end(article, others, n)]) + "\n"


def paragraph_text(article: Article, paragraph: list[str], key: str, linker: Linker, seen: set[str]) -> str:
    if paragraph[0].startswith("* "):
        return "\n".join(dress(item, f"{key}|{k}", linker, seen) for k, item in enumerate(paragraph))
    parts = []
    for k, sentence in enumerate(paragraph):
        if key.endswith("|0|0") and k == 0:
            name = article.name.removeprefix("the ")
            name = name if name in sentence else name[:1].upper() + name[1:]
            sentence = sentence.replace(name, inline(f"'''{name}'''", name), 1)
        parts.append(dress(sentence, f"{key}|{k}", linker, seen) + behind(f"{key}|{k}"))
    return " ".join(parts)


def page_end(article: Article, others: list[str], n: int) -> list[str]:
    title, topic = article.title, article.topic.capitalize()
    out = []
    if n % 3 == 0:
        out.append("== See also ==\n" + "\n".join(f"* [[{t}]]" for t in others[:3]))
    if n % 5 < 4:
        out.append("== References ==\n" + ("{{reflist|30em}}" if n % 2 else "<references />"))
    if n % 4 == 1:
        out.append(
            f"== External links ==\n* [https://example.org/{number_of(title) % 10000} A page about {title}]\n"
            "* {{Official website|https://example.org}}"
        )
    if n % 3 == 1:
        out.append(navbox(topic, others))
    tail = [f"{{{{DEFAULTSORT:{title}}}}}"] if n % 2 else []
    tail += [f"[[Category:{topic}]]", f"[[Category:Articles of the miniwiki|{title}]]"]
    tail += [
        f"[[{code}:{form.format(title)}]]" for code, form in OTHER_WIKIS.items() if number_of(title, code) % 4 == 0
    ]
    return [*out, "\n".join(tail)]
