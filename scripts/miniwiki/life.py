"""Articles about living things and what people use: animals, foods, gemstones, languages, instruments, sports."""

import re

from prose import Article, a, join, pick, start, table

# Foods that take no article: "rice", not "the rice".
MASS = {"maize", "wheat", "rice", "cocoa", "coffee", "tea", "vanilla", "cinnamon", "black pepper", "saffron"}

CLASS = {"mammal": "feeds its young with milk", "bird": "has feathers and lays eggs", "reptile": "has a skin of dry scales",
         "fish": "breathes with gills", "amphibian": "has a moist skin and starts its life in water", "insect": "has six legs",
         "mollusc": "has a soft body without bones"}


def animals() -> list[Article]:
    rows = table("animals")
    return [animal(row, [r["name"] for r in rows if r["class"] == row["class"] and r is not row]) for row in rows]


def animal(row: dict, mates: list[str]) -> Article:
    s, kind, food, young = f"the {row['name']}", row["class"], row["food"], row["young"]
    title = start(row["name"])
    article, S, plural = Article(title, row["name"], "animals"), start(s), kind if kind == "fish" else kind + "s"

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    lead = [say("lead", f"{S} is {a(kind)} that lives {row['where']}.", f"{S} is {a(kind)}. It lives {row['where']}.",
                f"{S} is {a(kind)} of the wild or the farm and lives {row['where']}." if kind == "x" else f"{S} is {a(kind)} that is found {row['where']}."),
            row["notes"][0]]
    body = [*row["notes"][1:], say("food", f"{S} eats {food}.", f"{S} feeds on {food}.", f"The food of {s} is {food}." if " and " not in food and "," not in food else f"{S} lives on {food}.")]
    kin = join([m for m in mates if pick(title + m, "1", "2", "3", "4", "5") == "1"][:3] or mates[:1]) if mates else ""
    more = [say("young", f"A young {row['name']} is called {a(young)}.", f"The young of {s} is called {a(young)}.", f"People call a young {row['name']} {a(young)}."),
            say("class", f"Like all {plural}, {s} {CLASS[kind]}.", f"{S} belongs to the {plural} and {CLASS[kind]}.", f"As {a(kind)}, {s} {CLASS[kind]}.")]
    if kin:
        more.append(say("kin", f"Other {plural} are the {kin.replace(', ', ', the ').replace(' and ', ' and the ')}." if " and " in kin else f"Another of the {plural} is the {kin}."))
    more.append(say("again", f"{start(a(young))} is the young of {a(row['name'])}.", f"{S} lives {row['where']}."))
    article.fact("animal_class", kind)
    article.fact("animal_young", young)
    article.sections = [("", [lead]), (say("h", "Description", "Life", "Food and life"), [body]), (say("h2", "Young", "Young and relatives", "Family"), [more])]
    article.box = {"class": kind, "diet": food}
    return article


def foods() -> list[Article]:
    return [food(row) for row in table("foods")]


def food(row: dict) -> Article:
    name, kind, origin = row["name"], row["kind"], row["from"]
    s = name if name in MASS else f"the {name}"
    title = start(name)
    article, S = Article(title, name, "foods"), start(s)

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    lead = [say("lead", f"{S} is {a(kind)} that comes from {origin}.", f"{S} is {a(kind)}. It comes from {origin}.", f"{S} is {a(kind)} that people first knew in {origin}."), row["notes"][0]]
    body = [*row["notes"][1:], say("home", f"The home of {s} is {origin}.", f"{S} was first grown in {origin}." if kind != "drink" else f"The plant of {s} was first grown in {origin}.")]
    body.append(say("kind", f"Cooks use {s} in many ways.", f"Markets all over the world sell {s}.", f"{S} is traded all over the world."))
    body.append(say("known", f"{S} is one of the best-known {kind}s.", f"Among the {kind}s, {s} is one of the best known.", f"Everybody knows {s} as {a(kind)}."))
    article.fact("food_kind", kind, subject=s)
    article.fact("food_origin", origin, re.sub(r"^the (\w+) of ", "", origin), subject=s)
    article.sections = [("", [lead]), (say("h", "Use", "Plant and food", "Description"), [body])]
    article.box = {"type": kind, "origin": origin}
    return article


def gems() -> list[Article]:
    return [gem(row) for row in table("gems")]


def gem_name(name: str) -> str:
    return name if name in ("topaz", "turquoise", "opal", "amber", "jade", "garnet") else f"the {name}"


def gem(row: dict) -> Article:
    name, colour, material = row["name"], row["colour"], row["material"]
    s = gem_name(name)
    title = start(name)
    article, S = Article(title, name, "gems"), start(s)

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    lead = [say("lead", f"{S} is {a(colour)} gemstone.", f"{S} is a gemstone of {colour} colour." if colour != "clear" else f"{S} is a clear gemstone."),
            say("stuff", f"{S} consists of {material}.", f"{S} is made of {material}."), row["notes"][0]]
    body = [*row["notes"][1:], say("look", f"Most people think of {a(colour)} stone when they hear of {s}.", f"The usual look of {s} is {colour}.", f"Jewellers know {s} as {a(colour)} stone."),
            say("ring", f"Rings and necklaces are made with {s}.", f"Jewellery with {s} is worn all over the world.")]
    article.fact("gem_colour", colour, subject=s)
    article.fact("gem_material", material, subject=s)
    article.sections = [("", [lead]), (say("h", "Description", "Use and origin"), [body])]
    article.box = {"color": colour, "material": material}
    return article


def languages() -> list[Article]:
    rows = table("languages")
    return [language(row, [r["name"] for r in rows if r["family"] == row["family"] and r is not row]) for row in rows]


def language(row: dict, mates: list[str]) -> Article:
    s, family, script = row["name"], row["family"], row["script"]
    article = Article(f"{s} language", s, "languages")

    def say(slot: str, *options: str) -> str:
        return pick(f"{s}|{slot}", *options)

    lead = [say("lead", f"{s} is {a(family)} language that is spoken {row['where']}.", f"{s} is {a(family)} language. It is spoken {row['where']}."), row["notes"][0]]
    body = [*row["notes"][1:]]
    if script == "Chinese and Japanese":
        body.append("Japanese is written with Chinese characters and two Japanese sets of signs.")
    else:
        body.append(say("script", f"{s} is written with the {script} alphabet.", f"The {script} alphabet is used to write {s}.") if script not in ("Devanagari", "Bengali")
                    else f"{s} is written in the {script} script.")
        if script != s:
            article.fact("language_script", script)
    kin = [say("family", f"{s} belongs to the {family} languages.", f"The {family} languages include {s}.", f"{s} is one of the {family} languages.")]
    if mates:
        kin.append(say("mates", f"Other {family} languages are {join(mates)}." if len(mates) > 1 else f"Another {family} language is {mates[0]}.",
                       f"{start(join(mates))} {'are' if len(mates) > 1 else 'is'} also {'' if len(mates) > 1 else 'a' + ('n' if family[0] in 'AIU' and family != 'Uralic' else '') + ' '}{family} language{'s' if len(mates) > 1 else ''}."))
    kin.append(say("where", f"Most people who speak {s} live {row['where']}.", f"People speak {s} {row['where']}."))
    article.fact("language_family", family)
    article.sections = [("", [lead]), (say("h", "Description", "Writing and words"), [body]), ("Family", [kin])]
    article.box = {"family": family, "script": script}
    return article


def instruments() -> list[Article]:
    rows = table("instruments")
    return [instrument(row, [r["name"] for r in rows if r["family"] == row["family"] and r is not row]) for row in rows]


def instrument(row: dict, mates: list[str]) -> Article:
    name, family = row["name"], row["family"]
    s, title = f"the {name}", start(name)
    be, belong = ("are", "belong") if name == "bagpipes" else ("is", "belongs")
    article, S = Article(title, name, "instruments"), start(s)

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    lead = [say("lead", f"{S} {be} {a(family)} instrument that is {row['is']}.", f"{S} {be} {a(family)} instrument, and it is {row['is']}."), row["notes"][0]]
    body = [*row["notes"][1:], say("family", f"{S} {belong} to the family of the {family} instruments.", f"The {family} instruments include {s}.", f"Musicians count {s} among the {family} instruments.")]
    if mates:
        known = " and ".join(f"the {m}" for m in mates[:2])
        body.append(say("kin", f"Other {family} instruments are {known}." if len(mates) > 1 else f"Another {family} instrument is {known}.", f"Like {known}, {s} {be} {a(family)} instrument."))
    body.append(say("end", f"Many schools of music teach {s}.", f"Children can learn to play {s}.", f"It takes years of practice to play {s} well."))
    article.fact("instrument_family", family, subject=s)
    article.sections = [("", [lead]), (say("h", "Description", "Sound and history"), [body])]
    article.box = {"classification": family}
    return article


def sports() -> list[Article]:
    return [sport(row) for row in table("sports")]


def sport(row: dict) -> Article:
    s, players = row["name"], row["players"]
    title = start(s)
    article, S = Article(title, s, "sports"), start(s)

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    lead = [f"{S} is a sport that is played by two teams of {players} players each.", f"{S} comes from {row['from']}."]
    body = [*row["notes"], say("team", f"A team of {s} has {players} players.", f"Each team in {s} has {players} players.", f"In {s}, a team consists of {players} players."),
            f"The game of {s} began in {row['from']}.", say("end", f"Big matches of {s} are shown on television.", f"Both men and women play {s}.")]
    number = {"five": "5", "six": "6", "seven": "7", "nine": "9", "eleven": "11", "fifteen": "15"}[players]
    article.fact("sport_players", players, number)
    article.sections = [("", [lead]), (say("h", "Rules and history", "Description"), [body])]
    article.box = {"team": players, "origin": row["from"]}
    return article
