"""Plain articles dressed as wikitext: links, infoboxes, references, pictures, tables and all that a real page wears.

Everything added here is invisible to a reader of the prose, so the plain article stays the truth about it.
"""

import re

from prose import Article, inline, number_of, pick, wiki

BOOKS = [("Miller", "Anna", "An Atlas of the World", 1998), ("Brown", "Peter", "A Short Dictionary of Facts", 2004),
         ("Okafor", "Grace", "Everyday Science", 2011), ("Lindgren", "Karl", "The World in Numbers", 1987),
         ("Tanaka", "Yumi", "A Handbook of Nature", 2016), ("Rossi", "Paolo", "Lives and Works", 1979)]

# Words of other languages that articles mention; their wikitext says which language they are.
FOREIGN = {"natrium": "la", "kalium": "la", "ferrum": "la", "cuprum": "la", "argentum": "la", "stannum": "la",
           "stibium": "la", "aurum": "la", "plumbum": "la", "tellus": "la", "Hafnia": "la", "Gallia": "la", "helios": "grc",
           "Nihon": "ja", "Wolfram": "de", "Persia": "en", "tango": "es", "flamenco": "es", "sauna": "fi"}
FOREIGN_WORD = re.compile(r"\b(" + "|".join(FOREIGN) + r")\b")
DATE = re.compile(r"\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4}\b")
MEASURE = re.compile(r"\b([\d,.]+) (metres|kilometres|percent|years|kilograms|days|hours)\b")
LANGUAGES = {"de": "{} (Begriff)", "fr": "{} (notion)", "es": "{} (concepto)", "ru": "{}", "ja": "{}"}
SHORT = {"countries": "Country", "cities": "City", "states": "State of the United States", "elements": "Chemical element"}

# What no extracted article may contain, whatever page it came from.
MARKUP = ["{{", "}}", "[[", "]]", "{|", "|}", "<ref", "</ref>", "'''", "<!--", "-->", "thumb|", "Category:", "example.org", "Infobox"]


class Linker:
    """Puts a link on the first mention of every other article."""

    def __init__(self, articles: list[Article]):
        self.by_first_word: dict[str, list[tuple[str, str]]] = {}
        for article in articles:
            name = article.name.removeprefix("the ")
            # "German" is the language's name, but mostly an adjective: only its title is linked.
            for form in sorted({name, article.title} if article.topic != "languages" else {article.title}):
                self.by_first_word.setdefault(re.match(r"[\w'.-]*", form)[0], []).append((form, article.title))
        for forms in self.by_first_word.values():
            forms.sort(key=lambda pair: -len(pair[0]))

    def link(self, text: str, seen: set[str]) -> str:
        out, at = [], 0
        for word in re.finditer(r"(?<![\w'])\w[\w'.-]*", text):
            if word.start() < at:
                continue
            for form, title in self.by_first_word.get(word[0].rstrip(".'"), []) + self.by_first_word.get(word[0], []):
                end = word.start() + len(form)
                if title in seen or not text.startswith(form, word.start()) or text[end:end + 1].isalnum():
                    continue
                seen.add(title)
                direct = form == title or (form[:1].upper() + form[1:] == title)
                link = f"[[{form}]]" if direct else f"[[{title}|{form}]]"
                out += [text[at:word.start()], link]
                at = end
                break
        return "".join(out) + text[at:]


def outside(function, sentence: str) -> str:
    """Apply a function to the parts of a sentence that are not inline templates."""
    return "".join(part if part.startswith("\x01") else function(part)
                   for part in re.split("(\x01[^\x03]*\x03)", sentence))


def dress(sentence: str, key: str, linker: Linker, seen: set[str]) -> str:
    """One sentence with its inline templates, entities and links."""
    n = number_of(key, "dress")
    if n % 3 == 0:
        sentence = outside(lambda s: DATE.sub(lambda m: inline(f"{{{{nowrap|{m[0]}}}}}", m[0]), s), sentence)
    if n % 2 == 0:
        sentence = outside(lambda s: MEASURE.sub(lambda m: inline(f"{m[1]}&nbsp;{m[2]}", m[0]), s), sentence)
    if n % 5 == 1:
        sentence = outside(lambda s: s.replace("–", inline("{{ndash}}", "–")), sentence)
    elif n % 5 < 4:
        sentence = outside(lambda s: s.replace("–", inline("&ndash;", "–")), sentence)
    sentence = outside(lambda s: FOREIGN_WORD.sub(
        lambda m: inline(f"{{{{lang|{FOREIGN[m[0]]}|{m[0]}}}}}", m[0]) if n % 4 else m[0], s), sentence)
    return wiki(outside(lambda s: linker.link(s, seen), sentence))


def after(key: str) -> str:
    """What stands behind a sentence: nothing, a reference of some kind, a request for one, a comment."""
    n = number_of(key, "after")
    last, first, title, year = BOOKS[n % len(BOOKS)]
    page = 1 + n // 7 % 300
    cite = f"{{{{cite book |last={last} |first={first} |title={title} |year={year} |page={page}}}}}"
    forms = [f"<ref>{cite}</ref>", f'<ref name="{last.lower()}{year}">{cite}</ref>', f'<ref name="{last.lower()}" />',
             f"<ref name={last}/>", f"<ref>{last}, ''[https://example.org/{page} {title}]'', p.&nbsp;{page}.</ref>",
             f"{{{{sfn|{last}|{year}|p={page}}}}}", "{{citation needed|date=May 2025}}",
             f"{{{{efn|Some sources say otherwise.{{{{sfn|{last}|{year}}}}}}}}}", "<!-- please keep this sentence short -->",
             f"<ref group=note>{{{{cite web |url=https://example.org/{page} |title={title} |quote=A {{{{lang|la|nota}}}} within}}}}</ref>"]
    return forms[n // 11 % len(forms)] if n % 100 < 30 else ""


def infobox(article: Article) -> str:
    kind = {"countries": "country", "cities": "settlement", "states": "U.S. state"}.get(article.topic, article.topic)
    lines = [f"{{{{Infobox {kind}", f"| name = {article.title}",
             f"| image = [[File:{article.title}.jpg|thumb|upright=1.2|A view of [[{article.title}]] {{{{small|(about 1990)}}}}]]"]
    for key, value in article.box.items():
        if value:
            lines.append(f"| {key} = {{{{nowrap|{value}}}}}<ref name=\"box\">{{{{cite web |url=https://example.org/box |title=Table of facts}}}}</ref>"
                         if number_of(article.title, key) % 3 == 0 else f"| {key} = [[{value}]]")
    lines += ["<!-- coordinates need checking -->", "| footnotes = {{plainlist|", "* first footnote of the box", "* second footnote of the box", "}}", "}}"]
    return "\n".join(lines)


def navbox(topic: str, titles: list[str]) -> str:
    rows = "\n".join(f"| group{i} = Part {i}\n| list{i} = {{{{hlist|{'|'.join(f'[[{t}]]' for t in titles[i * 4:i * 4 + 4])}}}}}"
                     for i in (1, 2))
    return f"{{{{Navbox\n| name = {topic}\n| title = More [[{topic}]] in this wiki\n{rows}\n}}}}"


def picture(title: str, linked: str) -> str:
    return (f"[[File:{title} (picture).jpg|thumb|right|220px|alt=A picture|A picture of [[{title}]], taken near "
            f"[[{linked}|a place called {linked}]] {{{{circa|1960}}}}]]")


def small_table(title: str, facts: list[dict]) -> str:
    rows = "\n".join(f'|-\n! scope="row" | {f["relation"].replace("_", " ")}\n| style="text-align:right" | {f["object"]} || [[{title}]]'
                     for f in facts)
    return f'{{| class="wikitable sortable"\n|+ Table of [[{title}]]\n|-\n! Property !! Value !! Source\n{rows}\n|}}'


def page_text(article: Article, linker: Linker, others: list[str]) -> str:
    """The wikitext of an article. `others` are titles of the same topic, for its lists of links."""
    title, n = article.title, number_of(article.title, "page")
    seen = {title}
    out = [f"{{{{Short description|{SHORT.get(article.topic, 'Article of the miniwiki')}}}}}"]
    if n % 6 == 0:
        out.append(pick(title + "hat", f"{{{{About|the subject itself|other uses|{title} (disambiguation)}}}}",
                        "{{Use British English|date=May 2025}}\n{{Other uses}}", f":''For other things of this name, see [[{title} (other)]].''"))
    if n % 4:
        out.append(infobox(article))
    first = True
    for i, (heading, paragraphs) in enumerate(article.sections):
        if heading:
            out.append(f"== {heading} ==" if n % 3 else f"=={heading}==")
        if i == 1 and n % 5 == 0:
            out.append(picture(title, others[0]))
        for j, paragraph in enumerate(paragraphs):
            if paragraph[0].startswith("* "):
                out.append("\n".join(dress(s, f"{title}{i}{j}{k}", linker, seen) for k, s in enumerate(paragraph)))
                continue
            parts = []
            for k, sentence in enumerate(paragraph):
                key = f"{title}|{i}|{j}|{k}"
                if first:
                    name = article.name if article.name in sentence else article.name[:1].upper() + article.name[1:]
                    name = name.removeprefix("The ").removeprefix("the ")
                    head, found, tail = sentence.partition(name)
                    sentence = head + inline(f"'''{name}'''", name) + tail if found else sentence
                    first = False
                parts.append(dress(sentence, key, linker, seen) + after(key))
            out.append(" ".join(parts))
        if i == 1 and n % 8 == 1 and article.facts:
            out.append(small_table(title, article.facts))
        if i == 1 and n % 17 == 2:
            out.append(f"<gallery mode=\"packed\">\nFile:{title} 1.jpg|The first picture of [[{title}]]\nFile:{title} 2.jpg|The second picture\n</gallery>")
    if n % 3 == 0:
        out.append("== See also ==\n" + "\n".join(f"* [[{t}]]" for t in others[:3]))
    if n % 5 < 4:
        out.append("== References ==\n" + ("{{reflist|30em}}" if n % 2 else "<references />"))
    if n % 4 == 1:
        out.append(f"== External links ==\n* [https://example.org/{number_of(title) % 10000} A page about {title}]\n* {{{{Official website|https://example.org}}}}")
    if n % 3 == 1:
        out.append(navbox(article.topic.capitalize(), others))
    tail = [f"{{{{DEFAULTSORT:{title}}}}}"] if n % 2 else []
    tail += [f"[[Category:{article.topic.capitalize()}]]", f"[[Category:Articles of the miniwiki|{title}]]"]
    tail += [f"[[{code}:{form.format(title)}]]" for code, form in LANGUAGES.items() if number_of(title, code) % 4 == 0]
    out.append("\n".join(tail))
    return "\n\n".join(out) + "\n"
