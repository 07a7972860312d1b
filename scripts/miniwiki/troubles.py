"""The pages that a real dump has beside its articles, each with what must become of it.

Redirects, disambiguations, other namespaces, stubs, foreign pages, lists, duplicates and hostile markup.
"""

import re
from dataclasses import dataclass, field

from dump import Page
from handwritten import FULL_OF_TEMPLATES, HOSTILE
from prose import Article, number_of, table
from wikitext import MARKUP

NEAR_DUPLICATES = 16
EXACT_DUPLICATES = 14
LEAST_JACCARD = 0.85


@dataclass
class Planted:
    page: Page
    kind: str
    expect: str                     # "keep" or "<stage>:<why>"
    sentences: list[str] = field(default_factory=list)     # must be in the extracted text
    absent: list[str] = field(default_factory=list)        # must not be in it
    twin: str = ""                  # title of the page that this one copies
    jaccard: float | None = None
    article: Article | None = None


def planted(real: list[Planted]) -> list[Planted]:
    return [*redirects(real), *disambiguations(), *other_namespaces(real), *stubs(), *foreign(), *lists(), *full_of_templates(),
            *hostile(), *duplicates(real)]


# Redirects

REDIRECTS = {
    "USA": "United States", "U.S.": "United States", "America (country)": "United States", "UK": "United Kingdom", "Great Britain and Northern Ireland": "United Kingdom",
    "Holland": "Netherlands", "The Netherlands": "Netherlands", "Burma": "Myanmar", "Persia": "Iran", "Siam": "Thailand", "Ceylon": "Sri Lanka",
    "Zaire": "Democratic Republic of the Congo", "Swaziland": "Eswatini", "Côte d'Ivoire": "Ivory Coast", "Czechia": "Czech Republic",
    "Cabo Verde": "Cape Verde", "Timor-Leste": "East Timor", "Macedonia (country)": "North Macedonia", "Türkiye": "Turkey", "UAE": "United Arab Emirates",
    "Antigua & Barbuda": "Antigua and Barbuda", "Trinidad & Tobago": "Trinidad and Tobago", "Aluminum": "Aluminium", "Cesium": "Caesium", "Sulphur": "Sulfur",
    "Quicksilver": "Mercury (element)", "Wolfram": "Tungsten", "Natrium": "Sodium", "Kalium": "Potassium", "Aurum": "Gold", "Element 79": "Gold",
    "Element 1": "Hydrogen", "Element 118": "Oganesson", "Edo": "Tokyo", "Peking": "Beijing", "Bombay": "Mumbai", "Calcutta": "Kolkata", "Constantinople": "Istanbul",
    "Leningrad": "Saint Petersburg", "NYC": "New York City", "New York (city)": "New York City", "L.A.": "Los Angeles", "Kiev": "Kyiv", "Saigon (country)": "Vietnam",
    "Lone Star State": "Texas", "Golden State": "California", "Sunshine State": "Florida", "Washington State": "Washington (state)", "Georgia (state)": "Georgia (U.S. state)",
    "Washington DC": "Washington, D.C.", "City of Light": "Paris", "Eternal City": "Rome",
}


def redirects(real: list[Planted]) -> list[Planted]:
    """Every fourth one stands without the <redirect> tag, as in old dumps; the keyword comes in several spellings."""
    there = {p.page.title for p in real}
    pages = []
    for i, (title, target) in enumerate(REDIRECTS.items()):
        if target not in there or title in there:
            raise ValueError(f"redirect {title} -> {target}: the target must be an article, the title must not")
        text = [f"#REDIRECT [[{target}]]", f"#REDIRECT [[{target}]]\n\n{{{{R from alternative name}}}}", f"#redirect [[{target}]]",
                f"#Redirect: [[{target}#History|{target}]]\n{{{{redirect category shell|\n{{{{R from move}}}}\n}}}}"][i % 4]
        tagged = i % 4 != 2
        pages.append(Planted(Page(title, text, redirect=target if tagged else ""), "redirect", "extract:redirect"))
    return pages


# Disambiguations

DISAMBIGUATIONS = {
    "Georgia (disambiguation)": (["[[Georgia]], a country in the Caucasus", "[[Georgia (U.S. state)]], a state of the United States", "Georgia, a given name"], "{{disambig}}"),
    "Washington": (["[[Washington, D.C.]], the capital of the United States", "[[Washington (state)]], a state on the Pacific coast", "George Washington, the first president of the United States"], "{{Disambiguation|geo}}"),
    "Mercury": (["[[Mercury (element)]], a metal", "Mercury, the planet closest to the Sun", "Mercury, a Roman god"], "{{disambiguation}}"),
    "Paris (disambiguation)": (["[[Paris]], the capital of France", "Paris, a prince of Troy in Greek mythology", "Paris, a town in Texas"], "{{disambig|geo}}"),
    "Congo": (["[[Democratic Republic of the Congo]]", "[[Republic of the Congo]]", "Congo River, a river in Africa"], "{{Disambig}}"),
    "Guinea (disambiguation)": (["[[Guinea]]", "[[Guinea-Bissau]]", "[[Equatorial Guinea]]", "[[Papua New Guinea]]"], "{{geodis}}"),
    "Curie": (["Marie Curie (1867–1934), a physicist and chemist", "Pierre Curie (1859–1906), a physicist", "Irène Joliot-Curie (1897–1956), a chemist"], "{{surname}}"),
    "James Cook (disambiguation)": (["James Cook (1728–1779), a British explorer", "James Cook University, a university in Australia"], "{{hndis|Cook, James}}"),
    "John Smith": (["John Smith (1580–1631), an English explorer in Virginia", "John Smith (1938–1994), a British politician"], "{{hndis}}"),
    "Columbia": (["Columbia, the capital of South Carolina", "Columbia University, a university in New York City", "Columbia River, a river of North America"], "{{disambiguation|geo|school}}"),
    "Victoria": (["Victoria, the capital of the Seychelles", "Queen Victoria, a queen of the United Kingdom", "Lake Victoria, a lake in Africa"], "{{dab}}"),
    "Springfield": (["Springfield, the capital of Illinois", "Springfield, a city in Massachusetts", "Springfield, a city in Missouri"], "{{place name disambiguation}}"),
    "Portland": (["Portland, the largest city in Maine", "Portland, the largest city in Oregon"], "{{geodis}}"),
    "Lead (disambiguation)": (["[[Lead]], a metal", "Lead, the beginning of an article"], "{{disambig}}"),
    "Jordan (disambiguation)": (["[[Jordan]], a country in Western Asia", "Jordan River, a river that flows into the Dead Sea", "Michael Jordan, a basketball player"], "{{disambig}}"),
    "Santiago (disambiguation)": (["[[Santiago]], the capital of Chile", "Santiago de Cuba, a city in Cuba", "Santiago de Compostela, a city in Spain"], "{{disambig|geo}}"),
    "Turkey (disambiguation)": (["[[Turkey]], a country", "Turkey, a large bird from North America"], "{{disambiguation}}"),
    "Chad (disambiguation)": (["[[Chad]], a country in Africa", "Lake Chad, a lake in Africa", "Chad, a given name"], "{{disambig}}"),
}


def disambiguations() -> list[Planted]:
    pages = []
    for title, (items, template) in DISAMBIGUATIONS.items():
        name = title.split(" (")[0]
        intro = [f"'''{name}''' may refer to:", f"'''{name}''' most often means one of these:", f"'''{name}''' can be any of the following:"][number_of(title) % 3]
        text = f"{intro}\n\n" + "\n".join(f"* {item}" for item in items) + f"\n\n== See also ==\n* {{{{look from|{name}}}}}\n\n{template}\n"
        pages.append(Planted(Page(title, text), "disambiguation", "clean:disambiguation"))
    return pages


# Other namespaces and content models

def other_namespaces(real: list[Planted]) -> list[Planted]:
    some = sorted((p.page.title for p in real), key=lambda t: number_of(t, "talk"))
    made: list[tuple[str, Page]] = []
    for i, title in enumerate(some[:30]):
        talk = (f"{{{{WikiProject banner shell|class=B|\n{{{{WikiProject Facts|importance=mid}}}}\n}}}}\n== A question ==\nIs the second sentence about {title} "
                f"right? I read something else in a book. [[User:Editor {i}|Editor {i}]] ([[User talk:Editor {i}|talk]]) 10:{i + 10}, 3 May 2025 (UTC)\n"
                f":Yes, it is. I looked it up. --[[User:Editor {i + 1}|Editor {i + 1}]] 11:{i + 10}, 3 May 2025 (UTC)\n")
        made.append(("talk", Page(f"Talk:{title}", talk, ns=1)))
    for i in range(12):
        made.append(("user", Page(f"User:Editor {i}", f"Hello, I am editor number {i}. I like to write about {some[40 + i]} and about {some[60 + i]}, "
                                  "and I know where the books are.\n\n{{User en-N}}\n", ns=2)))
        made.append(("user_talk", Page(f"User talk:Editor {i}", f"== Welcome ==\nWelcome to the miniwiki! {{{{subst:welcome}}}} --~~~~\n", ns=3)))
    for name in ("Infobox country", "Infobox settlement", "Infobox elements", "Navbox", "Convert", "Lang", "Nowrap", "Cite book", "Sfn", "Reflist", "Disambig", "Hatnote"):
        made.append(("template", Page(f"Template:{name}", "<includeonly>{| class=\"infobox\"\n! {{{name|{{PAGENAME}}}}}\n{{#if:{{{image|}}}|{{!}}-\n{{!}} {{{image}}}}}\n|}</includeonly>"
                                      f"<noinclude>This template is called {name}. {{{{documentation}}}}</noinclude>\n", ns=10)))
    for name in ("Countries", "Cities", "Elements", "States", "Animals", "Rivers", "Mountains", "Articles of the miniwiki", "Stubs", "Planets"):
        made.append(("category", Page(f"Category:{name}", f"This category holds articles about {name.lower()}.\n\n[[Category:Contents]]\n", ns=14)))
    for name in ("Convert", "Citation", "Navbox", "Coordinates"):
        made.append(("module", Page(f"Module:{name}", f"-- {name}\nlocal p = {{}}\n\nfunction p.main(frame)\n\tlocal t = {{ ['a'] = '{{{{b}}}}' }}\n\treturn t.a\nend\n\nreturn p\n", ns=828, model="Scribunto")))
    made.append(("module", Page("Module:Convert/doc", "This module converts {{convert|1|km}} and many other measures.\n", ns=829)))
    made.append(("file", Page("File:Paris.jpg", "== Summary ==\n{{Information\n| description = A view of Paris\n| author = Editor 3\n}}\n", ns=6)))
    made.append(("project", Page("Miniwiki:About", "The miniwiki is a small wiki of facts. Everybody may read it.\n", ns=4)))
    made.append(("project", Page("Help:Editing", "To edit a page, press the button and write. Use <nowiki>'''bold'''</nowiki> for bold text.\n", ns=12)))
    made.append(("mediawiki", Page("MediaWiki:Common.css", ".infobox { float: right; }\n/* {{ not a template }} */\n", ns=8, model="css")))
    made.append(("mediawiki", Page("MediaWiki:Common.js", "if (a < b && c > d) { load('[[x]]'); }\n", ns=8, model="javascript")))
    made.append(("mediawiki", Page("MediaWiki:Tags.json", '{"tags": ["{{a}}", "[[b]]"]}\n', ns=8, model="json")))
    return [Planted(page, kind, "extract:namespace") for kind, page in made]


# Stubs: a true sentence, but fewer than 100 characters of text

STUBS = {
    "Ytterby": "'''Ytterby''' is a village on an island in [[Sweden]].", "Timbuktu": "'''Timbuktu''' is an old city in [[Mali]].",
    "Bora Bora": "'''Bora Bora''' is an island in French Polynesia.", "Loch Ness": "'''Loch Ness''' is a deep lake in Scotland.",
    "Salzburg": "'''Salzburg''' is a city in [[Austria]].", "Naples": "'''Naples''' is a city in the south of [[Italy]].", "Porto": "'''Porto''' is a city in [[Portugal]].",
    "Kraków": "'''Kraków''' is a city in the south of [[Poland]].", "Bergen": "'''Bergen''' is a port in [[Norway]].", "Aleppo": "'''Aleppo''' is a city in [[Syria]].",
    "Mandalay": "'''Mandalay''' is a city in [[Myanmar]].", "Busan": "'''Busan''' is a port in [[South Korea]].", "Osaka": "'''Osaka''' is a large city in [[Japan]].",
    "Perth": "'''Perth''' is a city in the west of [[Australia]].", "Calgary": "'''Calgary''' is a city in [[Canada]].", "Seville": "'''Seville''' is a city in [[Spain]].",
    "Ghent": "'''Ghent''' is a city in [[Belgium]].", "Fez": "'''Fez''' is an old city in [[Morocco]].", "Tartu": "'''Tartu''' is a town in [[Estonia]].",
    "Zanzibar": "'''Zanzibar''' is an island off East Africa.",
}


def stubs() -> list[Planted]:
    return [Planted(Page(title, f"{{{{Infobox settlement\n| name = {title}\n| population = {{{{formatnum:1000}}}}\n}}}}\n{text}<ref>{{{{cite web|url=https://example.org/{i}|title={title}}}}}</ref>\n\n{{{{stub}}}}\n\n[[Category:Stubs]]\n"),
                    "stub", "clean:short") for i, (title, text) in enumerate(STUBS.items())]


def foreign() -> list[Planted]:
    return [Planted(Page(row["title"], f"{row['text']}\n\n[[Category:Foreign]]\n"), "foreign", "clean:language") for row in foreign_rows()]


def foreign_rows() -> list[dict]:
    return [dict(title=title, text=text) for title, text in FOREIGN.items()]


FOREIGN = {
    "Deutschland": "'''Deutschland''' ist ein Staat in Mitteleuropa. Die Hauptstadt von Deutschland ist [[Berlin]]. Der Rhein ist der wichtigste Fluss des Landes, und der höchste Berg ist die Zugspitze. Die Währung ist der Euro.",
    "Österreich": "'''Österreich''' ist ein Binnenstaat in Mitteleuropa. Die Hauptstadt ist Wien, und die Donau fließt von Westen nach Osten durch das Land. Der höchste Berg heißt Großglockner.",
    "Wasserstoff": "'''Wasserstoff''' ist ein chemisches Element mit dem Symbol H und der Ordnungszahl 1. Er ist das leichteste aller Elemente und das häufigste Element im Weltall.",
    "Bretagne": "La '''Bretagne''' est une région de l'ouest de la [[France]]. Sa plus grande ville est Rennes. La mer entoure la région de trois côtés, et beaucoup de ses habitants vivent de la pêche et de l'agriculture.",
    "Suisse": "La '''Suisse''' est un pays d'Europe centrale. Sa capitale est Berne et sa plus grande ville est Zurich. On y parle l'allemand, le français, l'italien et le romanche.",
    "Oiseau": "Les '''oiseaux''' sont des animaux qui ont des plumes et un bec. Ils pondent des œufs, et la plupart d'entre eux savent voler. Le plus grand oiseau du monde est l'autruche.",
    "España": "'''España''' es un país del suroeste de Europa. Su capital es [[Madrid]] y su moneda es el euro. La montaña más alta de España es el Teide, que está en la isla de Tenerife.",
    "Perú": "El '''Perú''' es un país de América del Sur. Su capital es [[Lima]]. La ciudad inca de Machu Picchu se encuentra en las montañas del país, y en los Andes se cultivó la patata por primera vez.",
    "Hierro": "El '''hierro''' es un elemento químico de símbolo Fe y número atómico 26. Es un metal de color gris que se oxida con el aire húmedo, y con él se fabrica el acero.",
    "Италия": "'''Италия''' — государство на юге Европы. Столица Италии — Рим. На территории страны находятся два маленьких государства: Сан-Марино и Ватикан. Самая длинная река Италии — По.",
    "Волга": "'''Волга''' — река в европейской части России, самая длинная река Европы. Она впадает в Каспийское море. На Волге стоят многие большие города.",
    "Золото": "'''Золото''' — химический элемент с символом Au и атомным номером 79. Это мягкий металл жёлтого цвета, который не ржавеет. Из золота делают украшения и монеты.",
    "日本": "'''日本'''は東アジアにある島国である。首都は東京で、最も高い山は富士山である。通貨は円で、多くの人が日本語を話す。主な島は本州、北海道、九州、四国の四つである。国旗は白地に赤い丸で、国の花は桜とされることが多い。最も長い川は信濃川である。",
    "中国": "'''中国'''是位于亚洲东部的国家,首都是北京。中国最长的河流是长江,最大的城市之一是上海。造纸术、印刷术、指南针和火药都是中国人发明的。长城长达数千公里,是世界上最著名的建筑之一。中国的邻国很多,北面有俄罗斯和蒙古,南面有越南和老挝。",
    "Itália": "A '''Itália''' é um país do sul da Europa. A sua capital é Roma, e o rio mais longo é o Pó. O país tem a forma de uma bota e é conhecido pela pizza e pelas obras de arte do Renascimento.",
    "Polska": "'''Polska''' jest państwem w Europie Środkowej. Stolicą Polski jest [[Warszawa]], a najdłuższą rzeką jest Wisła. W Polsce urodzili się Mikołaj Kopernik, Fryderyk Chopin i Maria Skłodowska-Curie.",
    "Suomi": "'''Suomi''' on maa Pohjois-Euroopassa. Suomen pääkaupunki on Helsinki, ja maassa on yli satatuhatta järveä. Suomi itsenäistyi Venäjästä vuonna 1917, ja sauna on tärkeä osa elämää.",
    "Türkçe sayfa": "'''Türkiye''', Asya ile Avrupa arasında yer alan bir ülkedir. Başkenti [[Ankara]], en büyük şehri İstanbul'dur. Ülkenin en yüksek dağı Ağrı Dağı'dır ve para birimi Türk lirasıdır.",
    "Ελλάδα": "Η '''Ελλάδα''' είναι χώρα της νοτιοανατολικής Ευρώπης. Πρωτεύουσα της Ελλάδας είναι η Αθήνα και το ψηλότερο βουνό είναι ο Όλυμπος. Οι πρώτοι Ολυμπιακοί Αγώνες έγιναν στην αρχαία Ελλάδα.",
    "مصر": "'''مصر''' دولة تقع في شمال أفريقيا، وعاصمتها القاهرة. يجري نهر النيل في مصر من الجنوب إلى الشمال، وتقع أهرامات الجيزة بالقرب من القاهرة. تصل قناة السويس بين البحر المتوسط والبحر الأحمر.",
}


# Lists without a sentence of ten words

def lists() -> list[Planted]:
    countries, elements, states = table("countries"), table("elements"), table("states")
    made = {}
    for continent in ("Europe", "Asia", "Africa"):
        rows = [r for r in countries if r["continent"] == continent and r["capital"]]
        made[f"List of capitals in {continent}"] = [f"[[{r['capital']}]], the capital of [[{r['name']}]]" for r in rows]
    made["List of gases"] = [f"[[{r['name']}]] with the symbol {r['symbol']}" for r in elements if r["state"] == "gas"]
    made["List of noble gases and halogens"] = [f"[[{r['name']}]], which is one of the {r['category']}s" if r["category"] == "halogen" else f"[[{r['name']}]], a {r['category']}"
                                                for r in elements if r["category"] in ("noble gas", "halogen")]
    made["List of state nicknames"] = [f"\"{r['nickname']}\" for the state of {r['name'].split(' (')[0]}" for r in states]
    made["List of state codes"] = [f"{r['abbr']} is the code of {r['name'].split(' (')[0]}" for r in states]
    made["List of island countries"] = [f"[[{r['name']}]] and the sea around it" for r in countries if "island country" in r["is"]]
    pages = []
    for title, items in made.items():
        text = f"{{{{Short description|None}}}}\n{{{{dynamic list}}}}\n" + "\n".join(f"* {item}" for item in items) + "\n\n== References ==\n{{reflist}}\n\n[[Category:Lists]]\n"
        pages.append(Planted(Page(title, text), "list_only", "clean:no_sentence"))
    return pages


# Duplicates

def duplicates(real: list[Planted]) -> list[Planted]:
    countries = [p for p in real if p.article and p.article.topic in ("countries", "elements", "states")]
    chosen = sorted(countries, key=lambda p: number_of(p.page.title, "duplicate"))
    pages, used = [], 0
    for p in chosen:
        if len(pages) == EXACT_DUPLICATES:
            break
        used += 1
        pages.append(Planted(Page(f"{p.page.title} (copy)" if used % 2 else f"Draft of {p.page.title}", p.page.text), "exact_duplicate", "dedup:exact", twin=p.page.title, jaccard=1.0))
    near = []
    for p in chosen[used:]:
        changed = changed_copy(p)
        if changed:
            near.append(changed)
        if len(near) == NEAR_DUPLICATES:
            break
    return pages + near


# A copy differs by one or two of these words; the new word is shorter, so that the copy is the shorter text.
CHANGES = [("chemical symbol", "symbol"), ("capital city", "capital"), ("neighbours", "borders"), ("continent", "side"), ("official", "main"), ("covered", "made"),
           ("discovered", "found"), ("famous", "big"), ("country", "land"), ("called", "named"), ("which lies", "set"), ("formerly", "once"), ("largest", "main"),
           ("nucleus", "core"), ("protons", "parts"), ("contains", "has"), ("nickname", "name"), ("laboratories", "labs")]


def changed_copy(p: Planted) -> Planted | None:
    """A near duplicate whose exact Jaccard of word 5-grams is at least LEAST_JACCARD, or None."""
    body, text = p.article.text(), p.page.text
    left, done = 2, []
    for old, new in CHANGES:
        if not left or body.count(old) != 1 or text.count(old) != 1:
            continue
        candidate = body.replace(old, new)
        if jaccard(p.article.text(), candidate) < LEAST_JACCARD:
            continue
        body, text, left = candidate, text.replace(old, new), left - 1
        done.append(new)
    if not done or len(body) >= len(p.article.text()):
        return None
    return Planted(Page(f"{p.page.title} (second version)", text), "near_duplicate", "dedup:near", twin=p.page.title,
                   jaccard=round(jaccard(p.article.text(), body), 4))


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return {tuple(words[i:i + 5]) for i in range(len(words) - 4)}


def jaccard(one: str, other: str) -> float:
    left, right = shingles(one), shingles(other)
    return len(left & right) / len(left | right)


# Pages written by hand

def full_of_templates() -> list[Planted]:
    return [Planted(Page(title, f"{text}\n== References ==\n{{{{reflist}}}}\n\n[[Category:Things]]\n"), "templates", "keep",
                    sentences=says, absent=[*MARKUP, *hides]) for title, (text, says, hides) in FULL_OF_TEMPLATES.items()]


def hostile() -> list[Planted]:
    pages = [Planted(Page(title, text), "hostile", "keep", sentences=says, absent=hides) for title, (text, says, hides) in HOSTILE.items()]
    pages.append(Planted(Page("Blank page", ""), "empty", "clean:short"))
    pages.append(Planted(Page("Page of templates", "{{Infobox thing\n| name = nothing\n| list = {{plainlist|\n* a\n* b\n}}\n}}\n{{Navbox|title=x}}\n[[Category:Nothing]]\n"), "empty", "clean:short"))
    return pages
