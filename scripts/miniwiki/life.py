"""Articles about living things and what people use: animals, foods, gemstones, languages, instruments, sports."""

import re

from prose import Article, Say, a, join, number_of, plural, start, table

# What is true of every member of a class.
CLASSES = {
    "mammal": "feeds its young with milk",
    "bird": "has feathers and lays eggs",
    "reptile": "has a skin of dry scales",
    "fish": "breathes with gills",
    "amphibian": "has a moist skin and starts its life in water",
    "insect": "has six legs",
    "mollusc": "has a soft body without bones",
}
# Foods and stones that take no article: "rice", not "the rice".
MASS = {
    "maize",
    "wheat",
    "rice",
    "cocoa",
    "coffee",
    "tea",
    "vanilla",
    "cinnamon",
    "black pepper",
    "saffron",
    "topaz",
    "turquoise",
    "opal",
    "amber",
    "jade",
    "garnet",
}
NUMBERS = {"six": "6", "seven": "7", "nine": "9", "eleven": "11", "fifteen": "15"}


def thing_name(name: str) -> str:
    return name if name in MASS else f"the {name}"


def mates_of(row: dict, column: str) -> list[str]:
    """Names of the other rows that share a value, in the order of the table."""
    tables = {"class": "animals", "family": "languages" if "script" in row else "instruments"}
    return [r["name"] for r in table(tables[column]) if r[column] == row[column] and r["name"] != row["name"]]


def animals() -> list[Article]:
    return [animal(row) for row in table("animals")]


def animal(row: dict) -> Article:
    name, kind, young, notes = row["name"], row["class"], row["young"], row["notes"]
    title = start(name)
    article = Article(title, name, "animals")
    say = Say(
        "animal",
        title,
        s=f"the {name}",
        name=name,
        a_name=a(name),
        a_kind=a(kind),
        kinds=plural(kind),
        food=row["food"],
        where=row["where"],
        a_young=a(young),
        does=CLASSES[kind],
    )
    family = [say("young"), say("class")]
    mates = mates_of(row, "class")
    if mates:
        kin = [f"the {m}" for m in mates if number_of(title, m) % 5 == 0][:3] or [f"the {mates[0]}"]
        family.append(say("kins" if len(kin) > 1 else "kin", kin=join(kin)))
    article.fact("animal_class", kind)
    article.fact("animal_young", young)
    article.sections = [
        ("", [[say("lead"), notes[0]]]),
        (say("heading1"), [[*notes[1:], say("food")]]),
        (say("heading2"), [[*family, say("again")]]),
    ]
    article.box = {"class": kind, "diet": row["food"]}
    return article


def foods() -> list[Article]:
    return [food(row) for row in table("foods")]


def food(row: dict) -> Article:
    s, kind, origin, notes = thing_name(row["name"]), row["kind"], row["from"], row["notes"]
    title = start(row["name"])
    article = Article(title, row["name"], "foods")
    say = Say("food", title, s=s, kind=kind, a_kind=a(kind), origin=origin)
    article.fact("food_kind", kind, subject=s)
    article.fact("food_origin", origin, re.sub(r"^the (\w+) of ", "", origin), subject=s)
    article.sections = [
        ("", [[say("lead"), notes[0]]]),
        (say("heading"), [[*notes[1:], say("home"), say("kind"), say("known")]]),
    ]
    article.box = {"type": kind, "origin": origin}
    return article


def gems() -> list[Article]:
    return [gem(row) for row in table("gems")]


def gem(row: dict) -> Article:
    s, colour, material, notes = thing_name(row["name"]), row["colour"], row["material"], row["notes"]
    title = start(row["name"])
    article = Article(title, row["name"], "gems")
    say = Say("gem", title, s=s, colour=colour, a_colour=a(colour), material=material)
    article.fact("gem_colour", colour, subject=s)
    article.fact("gem_material", material, subject=s)
    article.sections = [
        ("", [[say("lead"), say("stuff"), notes[0]]]),
        (say("heading"), [[*notes[1:], say("look"), say("ring")]]),
    ]
    article.box = {"color": colour, "material": material}
    return article


def languages() -> list[Article]:
    return [language(row) for row in table("languages")]


def language(row: dict) -> Article:
    s, family, script, notes = row["name"], row["family"], row["script"], row["notes"]
    article = Article(f"{s} language", s, "languages")
    say = Say("language", s, s=s, family=family, a_family=a(family), where=row["where"], script=script)
    if script == "Chinese and Japanese":
        written = "Japanese is written with Chinese characters and two Japanese sets of signs."
    elif script in ("Devanagari", "Bengali"):
        written = f"{s} is written in the {script} script."
    else:
        written = say("script")
    if script != s and " and " not in script:
        article.fact("language_script", script)
    kin, mates = [say("family")], mates_of(row, "family")
    if mates:
        kin.append(say("mates" if len(mates) > 1 else "mate", mates=join(mates)))
    article.fact("language_family", family)
    article.sections = [
        ("", [[say("lead"), notes[0]]]),
        (say("heading"), [[*notes[1:], written]]),
        ("Family", [[*kin, say("where")]]),
    ]
    article.box = {"family": family, "script": script}
    return article


def instruments() -> list[Article]:
    return [instrument(row) for row in table("instruments")]


def instrument(row: dict) -> Article:
    name, family, notes = row["name"], row["family"], row["notes"]
    title, (be, belong) = start(name), ("are", "belong") if name == "bagpipes" else ("is", "belongs")
    article = Article(title, name, "instruments")
    mates = [f"the {m}" for m in mates_of(row, "family")][:2]
    say = Say(
        "instrument",
        title,
        s=f"the {name}",
        be=be,
        belong=belong,
        family=family,
        a_family=a(family),
        played=row["is"],
        mates=join(mates),
    )
    article.fact("instrument_family", family, subject=f"the {name}")
    body = [*notes[1:], say("family"), say("mates" if len(mates) > 1 else "mate"), say("end")]
    article.sections = [("", [[say("lead"), notes[0]]]), (say("heading"), [body])]
    article.box = {"classification": family}
    return article


def sports() -> list[Article]:
    return [sport(row) for row in table("sports")]


def sport(row: dict) -> Article:
    s, players, home = row["name"], row["players"], row["from"]
    title = start(s)
    article = Article(title, s, "sports")
    say = Say("sport", title, s=s, players=players)
    article.fact("sport_players", players, NUMBERS[players])
    article.sections = [
        (
            "",
            [
                [
                    f"{title} is a sport that is played by two teams of {players} players each.",
                    f"{title} comes from {home}.",
                ]
            ],
        ),
        (say("heading"), [[*row["notes"], say("team"), f"The game of {s} began in {home}.", say("end")]]),
    ]
    article.box = {"team": players, "origin": home}
    return article
