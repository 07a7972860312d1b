"""Articles that gather what others say one by one: capitals, symbols, rivers, books. They repeat facts in new words."""

from collections.abc import Iterable

from life import gem_name
from people import MADE, invention_name, the_maker, work
from prose import Article, a, join, pick, start, table, the
from science import body_name, symbol_name


def overviews() -> list[Article]:
    return [*capitals(), *currencies(), *state_capitals(), *symbols(), *groups(), solar_system(), moons(), rivers_of_the_world(),
            mountains_of_the_world(), *works(), discoveries(), inventions(), young_animals(), *records(), official_languages(),
            language_families(), instrument_families(), gemstones(), teams(), continents()]


def overview(title: str, first: str, sentences: Iterable[str], size: int = 8, headings: tuple[str, ...] = ()) -> Article:
    """The sentences in paragraphs of `size`, under headings in turn when there are some."""
    sentences = list(sentences)
    parts = [sentences[i:i + size] for i in range(0, len(sentences), size)]
    sections = [("", [[first]] + ([] if headings else parts))]
    for i, heading in enumerate(headings):
        sections.append((heading, parts[i::len(headings)]))
    return Article(title, title, "overviews", [s for s in sections if s[1]], kind="overview")


def capitals() -> list[Article]:
    parts = {
        "Northern and Western Europe": lambda r: r["continent"] == "Europe" and any(w in r["is"] for w in ("Northern", "Western", "Northwestern", "North Atlantic")),
        "Central, Southern and Eastern Europe": lambda r: r["continent"] == "Europe" and not any(w in r["is"] for w in ("Northern", "Western", "Northwestern", "North Atlantic")),
        "Western and Central Asia": lambda r: r["continent"] == "Asia" and any(w in r["is"] for w in ("Western Asia", "Central Asia", "Persian")),
        "South and East Asia": lambda r: r["continent"] == "Asia" and not any(w in r["is"] for w in ("Western Asia", "Central Asia", "Persian")),
        "West and North Africa": lambda r: r["continent"] == "Africa" and any(w in r["is"] for w in ("West Africa", "North Africa")),
        "Central, East and Southern Africa": lambda r: r["continent"] == "Africa" and not any(w in r["is"] for w in ("West Africa", "North Africa")),
        "North America": lambda r: r["continent"] == "North America",
        "South America": lambda r: r["continent"] == "South America",
        "Oceania": lambda r: r["continent"] == "Oceania",
        "countries between Europe and Asia": lambda r: not r["continent"],
    }
    made = []
    for place, belongs in parts.items():
        rows = [r for r in table("countries") if r["capital"] and belongs(r)]
        made.append(overview(f"Capitals of {place}", f"The capitals of {place} are cities from which countries are governed or which stand for them.",
                             [capital_sentence(r) for r in rows]))
    return made


def capital_sentence(row: dict) -> str:
    s, city = the(row["name"]), row["capital"]
    return pick(f"{row['name']}|overview", f"The capital of {s} is {city}.", f"{city} is the capital of {s}.", f"{start(s)} has {city} as its capital.",
                f"In {s}, the capital is {city}.", f"The capital city of {s} is {city}.")


def currencies() -> list[Article]:
    made = []
    for continent in ("Europe", "Asia", "Africa", "North America", "South America", "Oceania", ""):
        users: dict[str, list[str]] = {}
        for row in table("countries"):
            if row["continent"] == continent and row["currency"]:
                users.setdefault(row["currency"], []).append(the(row["name"]))
        lines = []
        for money, lands in users.items():
            here = join(lands)
            lines.append(pick(money + continent, f"The {money} is the currency of {here}.", f"The {money} is used in {here}.", f"In {here}, people pay with the {money}.",
                              f"The currency of {here} is the {money}."))
        where, whose = (continent, "its countries") if continent else ("countries between Europe and Asia", "these countries")
        made.append(overview(f"Currencies of {where}", f"The currencies of {where} are the kinds of money that are used in {whose}.", lines))
    return made


def state_capitals() -> list[Article]:
    rows = table("states")
    made = []
    for name, half in (("Alabama to Missouri", rows[:25]), ("Montana to Wyoming", rows[25:])):
        lines = []
        for r in half:
            s = r["name"].split(" (")[0]
            lines.append(pick(r["name"] + "|overview", f"The capital of {s} is {r['capital']}.", f"{r['capital']} is the capital of {s}.", f"{s} has its capital in {r['capital']}.",
                              f"In {s}, the state capital is {r['capital']}."))
        made.append(overview(f"State capitals from {name}", f"The state capitals from {name} are the seats of the governors of American states.", lines))
    nick = [pick(r["name"] + "|nick", f"The \"{r['nickname']}\" is {r['name'].split(' (')[0]}.", f"{r['name'].split(' (')[0]} is known as the \"{r['nickname']}\".",
                 f"The nickname \"{r['nickname']}\" belongs to {r['name'].split(' (')[0]}.") for r in rows]
    made.append(overview("Nicknames of American states", "Nicknames of American states are short names that tell something about each state.", nick))
    return made


def symbols() -> list[Article]:
    rows = table("elements")
    made = []
    for low, high in ((0, 40), (40, 80), (80, 118)):
        lines = []
        for r in rows[low:high]:
            s, sign, number = symbol_name(r["name"]), r["symbol"], r["number"]
            lines.append(pick(r["name"] + "|overview", f"The symbol of {s} is {sign}, and its atomic number is {number}.", f"{start(s)} has the symbol {sign} and the atomic number {number}.",
                              f"The sign {sign} means {s}, which is element number {number}.", f"Element number {number} is {s}, with the symbol {sign}.",
                              f"{start(s)} is written {sign} and has atomic number {number}."))
        made.append(overview(f"Chemical symbols {low + 1} to {high}", f"The chemical symbols {low + 1} to {high} are the short signs of the elements with these atomic numbers.", lines))
    return made


def groups() -> list[Article]:
    about = {
        "noble gas": ("Noble gases are gases that hardly react with other elements.", "The noble gases have no colour and no smell."),
        "halogen": ("Halogens are elements that form salts with metals.", "The name of the halogens means \"makers of salt\"."),
        "alkali metal": ("Alkali metals are soft metals that react strongly with water.", "The alkali metals are kept under oil."),
        "alkaline earth metal": ("Alkaline earth metals are light metals of the second group of the periodic table.", "The alkaline earth metals often give colour to a flame."),
        "metalloid": ("Metalloids are elements between the metals and the nonmetals.", "Some metalloids are used to make computer chips."),
        "lanthanide": ("Lanthanides are soft metals that are much alike.", "The lanthanides are also called rare earths."),
        "actinide": ("Actinides are heavy radioactive metals.", "The actinides are named after actinium."),
        "nonmetal": ("Nonmetals are elements that do not look or behave like metals.", "Life depends on several nonmetals."),
    }
    made = []
    for group, (first, second) in about.items():
        rows = [r for r in table("elements") if r["category"] == group]
        names = [symbol_name(r["name"]) for r in rows]
        lines = [second, f"The {group}s are {join(names)}."]
        lines += [pick(r["name"] + "|group", f"{start(symbol_name(r['name']))} is {a(group)}.", f"One of the {group}s is {symbol_name(r['name'])}, with the symbol {r['symbol']}.",
                       f"{start(symbol_name(r['name']))} ({r['symbol']}) belongs to the {group}s.", f"{r['symbol']} is the symbol of the {group} {symbol_name(r['name'])}.") for r in rows]
        made.append(overview(start(group), first, lines))
    return made


def solar_system() -> Article:
    rows = [r for r in table("space") if r["kind"] == "planet"]
    name = lambda r: {"Earth": "the Earth"}.get(body_name(r["name"]), body_name(r["name"]))
    lines = [f"The {r['rank']} planet from the Sun is {name(r)}." if i % 2 else f"{start(name(r))} is the {r['rank']} planet." for i, r in enumerate(rows)]
    lines += ["Pluto, Ceres, Eris, Haumea and Makemake are dwarf planets.", "The largest planet is Jupiter, and the smallest is Mercury.", "Mars is called the \"Red Planet\".", "Saturn has bright rings."]
    article = overview("Solar System", "The Solar System consists of the Sun and all that moves around it.", lines)
    article.sections.append(("Planets in order", [[f"* {name(r)}, the {r['rank']} planet" for r in rows]]))
    return article


def moons() -> Article:
    lines = []
    for r in table("space"):
        if r["kind"] != "moon" or r["name"] == "Moon":
            continue
        of = {"Earth": "the Earth"}.get(r["of"], r["of"])
        lines.append(pick(r["name"] + "|overview", f"{r['name']} is a moon of {of}.", f"{of} has the moon {r['name']}.", f"One moon of {of} is {r['name']}.", f"{r['name']} belongs to {of}."))
        if r["discoverer"]:
            lines.append(pick(r["name"] + "|found", f"{r['discoverer']} found {r['name']} in {r['year']}.", f"{r['name']} was first seen by {r['discoverer']}.", f"The discoverer of {r['name']} is {r['discoverer']}."))
    return overview("Moons of the Solar System", "Moons of the Solar System are bodies that move around planets.", lines)


def rivers_of_the_world() -> Article:
    lines = [pick(r["name"] + "|overview", f"The {r['name']} flows to the {r['mouth']}.", f"The {r['name']} ends in the {r['mouth']}.", f"The {r['mouth']} receives the water of the {r['name']}.",
                  f"The {r['name']} has its mouth at the {r['mouth']}.") for r in table("rivers")]
    return overview("Great rivers", "Great rivers carry the water of large lands to the sea.", lines)


def mountains_of_the_world() -> Article:
    lines = []
    for r in table("mountains"):
        if not r["height"] or r["name"] == "Mont Blanc":
            continue
        s, high = the(r["name"]), f"{int(r['height']):,}"
        lines.append(pick(r["name"] + "|overview", f"{start(s)} stands {r['place']} and is {high} metres high.", f"{start(s)}, {r['place']}, has a height of {high} metres.", f"{start(s)} rises to {high} metres {r['place']}."))
    return overview("High mountains", "High mountains stand on every continent.", lines)


def works() -> list[Article]:
    made = []
    for job, title, first in (("writer", "Famous books", "Famous books are read in many countries long after their time."),
                              ("composer", "Famous music", "Famous music is played in concerts and theatres all over the world."),
                              ("painter", "Famous paintings", "Famous paintings are shown in museums and known to almost everybody.")):
        did, done, relation = MADE[job]
        lines = []
        for r in table("artists"):
            if r["job"] != job:
                continue
            for w in r["works"].split("; "):
                lines.append(pick(w + "|overview", f"{start(work(w))} is by {r['name']}.", f"{r['name']} is the {relation} of {work(w)}.", f"{start(work(w))} was {done} by {r['name']}.", f"{r['name']} {did} {work(w)}."))
        made.append(overview(title, first, lines))
    return made


def discoveries() -> Article:
    lines = [pick(r["name"] + "|overview", f"{r['name']} {r['deed']}.", f"The person who {r['deed']} was {r['name']}.", f"{r['name']} is the one who {r['deed']}.") for r in table("people")]
    return overview("Great deeds and discoveries", "Great deeds and discoveries have changed how people see the world.", lines)


def inventions() -> Article:
    lines = []
    for r in table("inventions"):
        who, things = the_maker(r["inventor"]), invention_name(r["name"])
        when = f"about {r['year'][1:]}" if r["year"].startswith("~") else f"in {r['year']}"
        lines.append(pick(r["name"] + "|overview", f"{start(who)} invented {things} {when}.", f"{start(things)} was invented {when} by {who}.",
                          f"{start(when)}, {who} invented {things}.", f"{start(things)} is an invention of {who}, made {when}."))
    return overview("Great inventions", "Great inventions are new things that made life easier or faster.", lines)


def young_animals() -> Article:
    lines = [pick(r["name"] + "|overview", f"A young {r['name']} is called {a(r['young'])}.", f"{start(a(r['young']))} is a young {r['name']}.", f"The young of {a(r['name'])} is {a(r['young'])}.", f"The name of a young {r['name']} is {r['young']}.")
             for r in table("animals")]
    return overview("Names of young animals", "Names of young animals are often very different from the names of their parents.", lines)


def records() -> list[Article]:
    groups = {"Animals": ("Records of animals", "animals"), "Mountains": ("Records of mountains", "mountains"), "Waters": ("Records of rivers and lakes", "rivers and lakes"),
              "Lands": ("Records of countries and islands", "countries and islands"), "Space": ("Records of the Solar System", "planets and moons"), "Materials": ("Records of materials", "materials")}
    made = []
    for group, (title, things) in groups.items():
        rows = [r for r in table("records") if r["group"] == group]
        lines = [pick(r["phrase"], f"{start(r['phrase'])} is {record_name(r)}.", f"{start(record_name(r))} is {r['phrase']}.") for r in rows]
        article = overview(title, f"{title} tell which {things} go beyond all others.", lines)
        for r in rows:
            article.fact("record", r["answer"], *[x for x in r["aliases"].split("; ") if x], subject=r["phrase"])
        made.append(article)
    return made


def record_name(row: dict) -> str:
    name = row["answer"]
    if row["group"] == "Animals" or name in ("Volga", "Yangtze", "Vistula", "Po", "Loire", "diamond"):
        return f"the {name}"
    return the(name)


def official_languages() -> Article:
    users: dict[str, list[str]] = {}
    for row in table("countries"):
        if row["languages"] and "~" not in row["languages"] and "; " not in row["languages"]:
            users.setdefault(row["languages"], []).append(the(row["name"]))
    lines = [pick(tongue, f"{tongue} is the official language of {join(lands)}.", f"The official language of {join(lands)} is {tongue}.", f"In {join(lands)}, the official language is {tongue}.") for tongue, lands in users.items()]
    return overview("Official languages", "Official languages are the languages in which countries write their laws.", lines)


def language_families() -> Article:
    kin: dict[str, list[str]] = {}
    for row in table("languages"):
        kin.setdefault(row["family"], []).append(row["name"])
    lines = [f"{join(names)} {'is a' + ('n' if family[0] in 'AI' else '') if len(names) == 1 else 'are'} {family} language{'s' if len(names) > 1 else ''}." for family, names in kin.items()]
    return overview("Language families", "Language families are groups of languages that come from a common older language.", lines)


def instrument_families() -> Article:
    kin: dict[str, list[str]] = {}
    for row in table("instruments"):
        kin.setdefault(row["family"], []).append(f"the {row['name']}")
    lines = [f"{start(join(names))} {'is' if len(names) == 1 and 'bagpipes' not in names[0] else 'are'} {family} instruments." for family, names in kin.items()]
    return overview("Families of instruments", "Families of instruments are groups of musical instruments that make their sound in the same way.",
                    [*lines, "The strings of a string instrument swing when they are bowed or plucked.", "A player blows air into woodwind and brass instruments.", "Percussion instruments are struck.", "Keyboard instruments have a row of keys."])


def gemstones() -> Article:
    lines = [pick(r["name"] + "|overview", f"{start(a(r['colour']))} gemstone is {gem_name(r['name'])}.", f"The colour of {gem_name(r['name'])} is {r['colour']}.", f"{start(gem_name(r['name']))} is {r['colour']}.") for r in table("gems")]
    return overview("Gemstone", "A gemstone is a beautiful stone that is used for jewellery.", lines)


def teams() -> Article:
    lines = [pick(r["name"] + "|overview", f"A team has {r['players']} players in {r['name']}.", f"In {r['name']} there are {r['players']} players in a team.", f"The number of players in a team of {r['name']} is {r['players']}.") for r in table("sports")]
    return overview("Team sports", "Team sports are games in which groups of players play against each other.", [*lines, "Basketball has five players in a team.", "Every team sport has rules and a referee."])


def continents() -> Article:
    lines = ["The continents are Africa, Antarctica, Asia, Australia, Europe, North America and South America.", "Asia is the largest continent.", "Africa is the second largest continent.", "Antarctica is the coldest continent, and nobody lives there for good.",
             "China, India and Japan are in Asia.", "Egypt, Kenya and Nigeria are in Africa.", "France, Germany and Poland are in Europe.", "Canada, Mexico and Cuba are in North America.", "Brazil, Argentina and Peru are in South America.",
             "Australia, New Zealand and the islands of the Pacific Ocean are called Oceania.", "Mount Everest is in Asia, and Mount Kilimanjaro is in Africa."]
    article = overview("Continent", "A continent is one of the large masses of land of the Earth.", lines)
    article.sections.append(("The seven continents", [[f"* {name}" for name in ("Africa", "Antarctica", "Asia", "Australia", "Europe", "North America", "South America")]]))
    return article
