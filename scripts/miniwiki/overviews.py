"""Articles that gather what others say one by one: capitals, symbols, rivers, books. They repeat facts in new words."""

from collections.abc import Iterable

from life import thing_name
from people import MADE, invention_name, the_maker, when_of, work
from prose import Article, Say, a, join, plural, start, table, the
from science import PLANETS, body_name, symbol_name


def overviews() -> list[Article]:
    return [
        *capitals(),
        *currencies(),
        *states(),
        *symbols(),
        *groups(),
        solar_system(),
        moons(),
        rivers(),
        mountains(),
        *works(),
        deeds(),
        inventions(),
        young_animals(),
        *records(),
        official_languages(),
        language_families(),
        instrument_families(),
        gemstones(),
        teams(),
        continents(),
    ]


def overview(title: str, first: str, sentences: Iterable[str], size: int = 8) -> Article:
    """A definition, then the sentences in paragraphs of `size`."""
    sentences = list(sentences)
    parts = [sentences[i : i + size] for i in range(0, len(sentences), size)]
    return Article(title, title, "overviews", [("", [[first], *parts])], kind="overview")


def grouped(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """(value, name) -> the names of each value, in order."""
    found: dict[str, list[str]] = {}
    for value, name in rows:
        found.setdefault(value, []).append(name)
    return found


# Countries and states


def capitals() -> list[Article]:
    north = ("Northern", "Western", "Northwestern", "North Atlantic")
    west = ("Western Asia", "Central Asia", "Persian")
    upper = ("West Africa", "North Africa")
    # (title, continent, words of the description of which one must stand there, or must not)
    parts = [
        ("Northern and Western Europe", "Europe", north, True),
        ("Central, Southern and Eastern Europe", "Europe", north, False),
        ("Western and Central Asia", "Asia", west, True),
        ("South and East Asia", "Asia", west, False),
        ("West and North Africa", "Africa", upper, True),
        ("Central, East and Southern Africa", "Africa", upper, False),
        ("North America", "North America", ("",), True),
        ("South America", "South America", ("",), True),
        ("Oceania", "Oceania", ("",), True),
        ("countries between Europe and Asia", "", ("",), True),
    ]
    return [
        overview(
            f"Capitals of {place}",
            f"The capitals of {place} are cities from which countries are governed or which stand for them.",
            [
                Say("overview", row["name"], s=the(row["name"]), capital=row["capital"])("capital")
                for row in table("countries")
                if row["capital"]
                and row["continent"] == continent
                and any(word in row["is"] for word in words) == inside
            ],
        )
        for place, continent, words, inside in parts
    ]


def currencies() -> list[Article]:
    made = []
    for continent in ("Europe", "Asia", "Africa", "North America", "South America", "Oceania", ""):
        users = grouped(
            (row["currency"], the(row["name"]))
            for row in table("countries")
            if row["continent"] == continent and row["currency"]
        )
        where = continent or "countries between Europe and Asia"
        whose = "its" if continent else "these"
        first = f"The currencies of {where} are the kinds of money that are used in {whose} countries."
        made.append(
            overview(
                f"Currencies of {where}",
                first,
                [
                    Say("overview", money + continent, money=money, lands=join(lands))("currency")
                    for money, lands in users.items()
                ],
            )
        )
    return made


def official_languages() -> Article:
    users = grouped(
        (row["languages"], the(row["name"]))
        for row in table("countries")
        if row["languages"] and "~" not in row["languages"] and "; " not in row["languages"]
    )
    return overview(
        "Official languages",
        "Official languages are the languages in which countries write their laws.",
        [Say("overview", tongue, tongue=tongue, lands=join(lands))("official") for tongue, lands in users.items()],
    )


def states() -> list[Article]:
    rows = [
        (
            row["name"],
            Say("overview", row["name"], s=row["name"].split(" (")[0], capital=row["capital"], nick=row["nickname"]),
        )
        for row in table("states")
    ]
    made = [
        overview(
            f"State capitals from {name}",
            f"The state capitals from {name} are the seats of the governors of American states.",
            [say("state") for _, say in half],
        )
        for name, half in (("Alabama to Missouri", rows[:25]), ("Montana to Wyoming", rows[25:]))
    ]
    first = "Nicknames of American states are short names that tell something about each state."
    return [*made, overview("Nicknames of American states", first, [say("nick") for _, say in rows])]


def continents() -> Article:
    seven = ["Africa", "Antarctica", "Asia", "Australia", "Europe", "North America", "South America"]
    article = overview(
        "Continent",
        "A continent is one of the large masses of land of the Earth.",
        [
            f"The continents are {join(seven)}.",
            "Asia is the largest continent.",
            "Africa is the second largest continent.",
            "Antarctica is the coldest continent, and nobody lives there for good.",
            "China, India and Japan are in Asia.",
            "Egypt, Kenya and Nigeria are in Africa.",
            "France, Germany and Poland are in Europe.",
            "Canada, Mexico and Cuba are in North America.",
            "Brazil, Argentina and Peru are in South America.",
            "Australia, New Zealand and the islands of the Pacific Ocean are called Oceania.",
            "Mount Everest is in Asia, and Mount Kilimanjaro is in Africa.",
        ],
    )
    article.sections.append(("The seven continents", [[f"* {name}" for name in seven]]))
    return article


# Elements and the Solar System


def symbols() -> list[Article]:
    lines = [
        Say("overview", row["name"], s=symbol_name(row["name"]), symbol=row["symbol"], number=row["number"])("symbol")
        for row in table("elements")
    ]
    return [
        overview(
            f"Chemical symbols {low + 1} to {high}",
            f"The chemical symbols {low + 1} to {high} are the short signs of the elements with these atomic numbers.",
            lines[low:high],
        )
        for low, high in ((0, 40), (40, 80), (80, 118))
    ]


GROUPS = {
    "noble gas": (
        "Noble gases are gases that hardly react with other elements.",
        "The noble gases have no colour and no smell.",
    ),
    "halogen": (
        "Halogens are elements that form salts with metals.",
        'The name of the halogens means "makers of salt".',
    ),
    "alkali metal": (
        "Alkali metals are soft metals that react strongly with water.",
        "The alkali metals are kept under oil.",
    ),
    "alkaline earth metal": (
        "Alkaline earth metals are light metals of the second group of the periodic table.",
        "The alkaline earth metals often give colour to a flame.",
    ),
    "metalloid": (
        "Metalloids are elements between the metals and the nonmetals.",
        "Some metalloids are used to make computer chips.",
    ),
    "lanthanide": ("Lanthanides are soft metals that are much alike.", "The lanthanides are also called rare earths."),
    "actinide": ("Actinides are heavy radioactive metals.", "The actinides are named after actinium."),
    "nonmetal": (
        "Nonmetals are elements that do not look or behave like metals.",
        "Life depends on several nonmetals.",
    ),
}


def groups() -> list[Article]:
    made = []
    for group, (first, second) in GROUPS.items():
        rows = [row for row in table("elements") if row["category"] == group]
        names = [symbol_name(row["name"]) for row in rows]
        lines = [
            Say(
                "overview", row["name"], s=s, symbol=row["symbol"], group=group, groups=plural(group), a_group=a(group)
            )("group")
            for row, s in zip(rows, names)
        ]
        made.append(overview(start(group), first, [second, f"The {plural(group)} are {join(names)}.", *lines]))
    return made


def solar_system() -> Article:
    ranks = {body_name(row["name"]): row["rank"] for row in table("space") if row["kind"] == "planet"}
    lines = [
        f"The {ranks[s]} planet from the Sun is {s}." if i % 2 else f"{start(s)} is the {ranks[s]} planet."
        for i, s in enumerate(PLANETS)
    ]
    lines += [
        "Pluto, Ceres, Eris, Haumea and Makemake are dwarf planets.",
        "The largest planet is Jupiter, and the smallest is Mercury.",
        'Mars is called the "Red Planet".',
        "Saturn has bright rings.",
    ]
    article = overview("Solar System", "The Solar System consists of the Sun and all that moves around it.", lines)
    article.sections.append(("Planets in order", [[f"* {s}, the {ranks[s]} planet" for s in PLANETS]]))
    return article


def moons() -> Article:
    lines = []
    for row in table("space"):
        say = Say("overview", row["name"], s=row["name"], of=row["of"], who=row["discoverer"], year=row["year"])
        if row["kind"] == "moon" and row["discoverer"]:
            lines += [say("moon"), say("found")]
    return overview(
        "Moons of the Solar System", "Moons of the Solar System are bodies that move around planets.", lines
    )


# Rivers, mountains, animals, stones


def rivers() -> Article:
    return overview(
        "Great rivers",
        "Great rivers carry the water of large lands to the sea.",
        [Say("overview", row["name"], s=f"the {row['name']}", mouth=row["mouth"])("river") for row in table("rivers")],
    )


def mountains() -> Article:
    return overview(
        "High mountains",
        "High mountains stand on every continent.",
        [
            Say("overview", row["name"], s=the(row["name"]), place=row["place"], height=f"{int(row['height']):,}")(
                "mountain"
            )
            for row in table("mountains")
            if row["height"] and row["name"] != "Mont Blanc"
        ],
    )


def young_animals() -> Article:
    first = "Names of young animals are often very different from the names of their parents."
    return overview(
        "Names of young animals",
        first,
        [
            Say("overview", name, name=name, a_name=a(name), young=young, a_young=a(young))("young")
            for name, young in ((row["name"], row["young"]) for row in table("animals"))
        ],
    )


def gemstones() -> Article:
    return overview(
        "Gemstone",
        "A gemstone is a beautiful stone that is used for jewellery.",
        [
            Say("overview", name, s=thing_name(name), colour=colour, a_colour=a(colour))("gem")
            for name, colour in ((row["name"], row["colour"]) for row in table("gems"))
        ],
    )


RECORDS = {
    "Animals": ("Records of animals", "animals"),
    "Mountains": ("Records of mountains", "mountains"),
    "Waters": ("Records of rivers and lakes", "rivers and lakes"),
    "Lands": ("Records of countries and islands", "countries and islands"),
    "Space": ("Records of the Solar System", "planets and moons"),
    "Materials": ("Records of materials", "materials"),
}


def records() -> list[Article]:
    made = []
    for group, (title, things) in RECORDS.items():
        rows = [row for row in table("records") if row["group"] == group]
        article = overview(
            title,
            f"{title} tell which {things} go beyond all others.",
            [Say("overview", row["phrase"], s=record_name(row), phrase=row["phrase"])("record") for row in rows],
        )
        for row in rows:
            article.fact("record", row["answer"], *filter(None, row["aliases"].split("; ")), subject=row["phrase"])
        made.append(article)
    return made


def record_name(row: dict) -> str:
    name = row["answer"]
    takes_the = row["group"] == "Animals" or name in ("Volga", "Yangtze", "Vistula", "Po", "Loire", "diamond")
    return f"the {name}" if takes_the else the(name)


# What people made

WORKS = (
    ("writer", "Famous books", "Famous books are read in many countries long after their time."),
    ("composer", "Famous music", "Famous music is played in concerts and theatres all over the world."),
    ("painter", "Famous paintings", "Famous paintings are shown in museums and known to almost everybody."),
)


def works() -> list[Article]:
    made = []
    for job, title, first in WORKS:
        did, done, maker = MADE[job]
        made.append(
            overview(
                title,
                first,
                [
                    Say("overview", w, work=work(w), who=row["name"], did=did, done=done, maker=maker)("work")
                    for row in table("artists")
                    if row["job"] == job
                    for w in row["works"].split("; ")
                ],
            )
        )
    return made


def deeds() -> Article:
    return overview(
        "Great deeds and discoveries",
        "Great deeds and discoveries have changed how people see the world.",
        [Say("overview", row["name"], s=row["name"], deed=row["deed"])("deed") for row in table("people")],
    )


def inventions() -> Article:
    return overview(
        "Great inventions",
        "Great inventions are new things that made life easier or faster.",
        [
            Say(
                "overview",
                row["name"],
                s=invention_name(row["name"]),
                who=the_maker(row["inventor"]),
                when=when_of(row),
            )("invention")
            for row in table("inventions")
        ],
    )


# Families


def language_families() -> Article:
    kin = grouped((row["family"], row["name"]) for row in table("languages"))
    first = "Language families are groups of languages that come from a common older language."
    return overview(
        "Language families",
        first,
        [
            f"{join(names)} are {family} languages." if len(names) > 1 else f"{names[0]} is {a(family)} language."
            for family, names in kin.items()
        ],
    )


def instrument_families() -> Article:
    kin = grouped((row["family"], f"the {row['name']}") for row in table("instruments"))
    first = "Families of instruments are groups of musical instruments that make their sound in the same way."
    return overview(
        "Families of instruments",
        first,
        [
            *(f"{start(join(names))} are {family} instruments." for family, names in kin.items()),
            "The strings of a string instrument swing when they are bowed or plucked.",
            "A player blows air into woodwind and brass instruments.",
            "Percussion instruments are struck.",
            "Keyboard instruments have a row of keys.",
        ],
    )


def teams() -> Article:
    return overview(
        "Team sports",
        "Team sports are games in which groups of players play against each other.",
        [
            *(Say("overview", row["name"], s=row["name"], players=row["players"])("team") for row in table("sports")),
            "Basketball has five players in a team.",
            "Every team sport has rules and a referee.",
        ],
    )
