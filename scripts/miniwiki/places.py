"""Articles about places: countries, cities, the states of the United States, rivers, mountains, waters, islands."""

from functools import cache

from prose import Article, Say, a, convert, join, number_of, start, table, the

# Capitals where the government does not sit, so that no sentence may say that it does.
SEAT_ELSEWHERE = {"Netherlands", "Benin", "Ivory Coast", "Malaysia", "Tanzania"}
# Cities that are known but not among the largest of their countries.
SMALL_CITIES = {"Geneva", "Edinburgh", "Venice", "Florence", "Kyoto"}


@cache
def country_rows() -> dict[str, dict]:
    return {row["name"]: row for row in table("countries")}


@cache
def births() -> dict[str, list[str]]:
    """Sentences about the people who were born in a place or came from a country."""
    found: dict[str, list[str]] = {}
    for row in table("people") + table("artists"):
        year = row["born"].lstrip("?")
        when = f"about {year[1:]}" if year.startswith("~") else f"in {year}"
        job = row.get("job") or row["is"].split()[1]
        country = row["country"].removeprefix("the ")
        say = Say("birth", row["name"], who=row["name"], job=job, place=row["place"], when=when)
        found.setdefault(row["place"], []).append(say("city"))
        for home in {country, "United Kingdom" if country in ("England", "Scotland") else country}:
            found.setdefault(home, []).append(f"The {job} {row['name']} came from {the(country)}.")
    return found


def some(sentences: list[str], key: str, count: int) -> list[str]:
    return sorted(sentences, key=lambda s: number_of(key, s))[:count]


# Countries


def countries() -> list[Article]:
    cities = table("cities")
    by_name = {row["name"]: row for row in cities}
    towns: dict[str, list[str]] = {}
    for row in cities:
        towns.setdefault(row["country"], []).append(row["name"])
    return [country(row, by_name.get(row["capital"]), towns.get(row["name"], [])) for row in country_rows().values()]


def country(row: dict, city: dict | None, towns: list[str]) -> Article:
    title, s, capital, continent = row["name"], the(row["name"]), row["capital"], row["continent"]
    article = Article(title, s, "countries")
    # A name of many words again and again would read badly, and count as repetition.
    here = "the country" if len(title.split()) > 2 else s
    say = Say("country", title, s=s, here=here, what=row["is"], capital=capital, continent=continent)

    lead = [f"{start(s)} is {row['is']}."]
    if capital:
        lead.append(say("capital"))
        article.fact("capital", capital)
    lead += row["notes"][: 1 if capital else 2]

    land = []
    if continent:
        land.append(say("continent"))
        article.fact("continent", continent)
    borders = [the(name) for name in row["borders"].split("; ")] if row["borders"] else []
    if borders:
        land.append(say("borders" if len(borders) > 1 else "border", borders=join(borders)))
    elif "island country" in row["is"] and title != "Cyprus":  # where two areas have land borders
        land.append(say("sea"))
    land += [note for note in row["notes"] if note not in lead]
    others = [town for town in towns if town != capital]
    if others:
        land.append(say("towns" if len(others) > 1 else "town", towns=join(others)))

    life = []
    if capital:
        where = f", which lies {city['on']}" if city else ""
        life.append(say("again" if title in SEAT_ELSEWHERE else "seat", where=where, where_=where and where + ","))
    life += money_and_language(row, say, article) + some(births().get(title, []), title, 2)

    article.sections = [("", [lead]), (say("heading1"), [land]), (say("heading2"), [life])]
    if len(article.text().split()) < 85:
        land.append(say("map"))
    article.box = {
        "capital": capital,
        "currency": row["currency"],
        "continent": continent,
        "official_languages": row["languages"].lstrip("~").replace("; ", ", "),
    }
    return article


def money_and_language(row: dict, say: Say, article: Article) -> list[str]:
    currency, out = row["currency"], []
    if currency:
        out.append(say("money", currency=currency))
        article.fact("currency", currency, f"the {currency.split()[-1]}")
    tongues = row["languages"].lstrip("~").split("; ") if row["languages"] else []
    if row["languages"].startswith("~"):  # spoken by most, official by no law
        out.append(say("speak", tongue=tongues[0]))
    elif len(tongues) > 1:
        out.append(say("languages", tongue=join(tongues)))
    elif tongues:
        out.append(say("language", tongue=tongues[0]))
        article.fact("official_language", tongues[0])
    return out


# Cities


def cities() -> list[Article]:
    capitals = {row["capital"] for row in country_rows().values()}
    return [city(row, row["name"] in capitals) for row in table("cities")]


def city(row: dict, is_capital: bool) -> Article:
    s, home, on = row["name"], country_rows()[row["country"]], row["on"]
    c = the(home["name"])
    article = Article(s, s, "cities")
    say = Say(
        "city",
        s,
        s=s,
        c=c,
        on=on,
        capital=home["capital"],
        currency=home["currency"],
        tongue=home["languages"].lstrip("~"),
    )
    lead = [say("capital" if is_capital else "small" if s in SMALL_CITIES else "other")]
    if on not in lead[0]:
        lead.append(say("on"))
    around = [say("again" if is_capital else "visit"), f"{start(c)} is {home['is']}."]
    article.fact("capital_of" if is_capital else "city_country", c)
    if home["capital"] and not is_capital:
        around.append(say("cap"))
    if home["currency"]:
        around.append(say("pay"))
    if home["languages"].startswith("~"):
        around.append(say("tongue"))
    elif home["languages"] and "; " not in home["languages"]:
        around.append(say("official"))
    sights = row["notes"][1:] + some(births().get(s, []), s, 3)
    article.sections = [("", [lead + row["notes"][:1]]), (say("heading1"), [sights]), (say("heading2"), [around])]
    article.box = {"country": c, "location": on}
    return article


# States of the United States

STATE_NAMES = {
    "Georgia (U.S. state)": "the state of Georgia",
    "Washington (state)": "the state of Washington",
    "New York": "the state of New York",
}


def states() -> list[Article]:
    return [state(row) for row in table("states")]


def state(row: dict) -> Article:
    title, s = row["name"], STATE_NAMES.get(row["name"], row["name"])
    capital, largest, nick, year = row["capital"], row["largest"], row["nickname"], row["admitted"]
    article = Article(title, s, "states")
    say = Say(
        "state", title, s=s, side=row["where"], capital=capital, largest=largest, nick=nick, year=year, code=row["abbr"]
    )
    lead = [
        say("lies" if s.startswith("the") else "lead"),
        say("capital"),
        say("both" if capital == largest else "largest"),
    ]
    history = [say("year"), say("nick"), *row["notes"][:1]]
    today = [*row["notes"][1:], say("again"), say("abbr"), say("sum")]
    article.fact("state_capital", capital)
    if largest != capital:
        article.fact("state_largest_city", largest)
    article.fact("state_nickname", nick)
    article.fact("state_year", year)
    article.sections = [("", [lead]), ("History", [history]), (say("heading"), [today])]
    article.box = {"capital": capital, "largest_city": largest, "nickname": nick, "admission": year}
    return article


# Rivers, mountains, waters, islands


def rivers() -> list[Article]:
    return [river(row) for row in table("rivers")]


def river(row: dict) -> Article:
    title, mouth, notes = row["name"], row["mouth"], row["notes"]
    article = Article(title, f"the {title}", "rivers")
    say = Say("river", title, s=article.name, mouth=mouth, through=row["through"], source=row["source"])
    course = [say("source")] if row["source"] else []
    course.append(say("course"))
    if row["length"]:
        course.append(say("long", length=convert(int(row["length"]), "km")))
    more = [*notes[2:], say("people"), say("last")]
    article.fact("river_mouth", f"the {mouth}", mouth)
    article.sections = [
        ("", [[say("lead"), say("mouth"), notes[0]]]),
        ("Course", [[*course, notes[1]]]),
        (say("heading"), [more]),
    ]
    article.box = {"mouth": mouth, "source": row["source"], "length": row["length"]}
    return article


def mountains() -> list[Article]:
    return [mountain(row) for row in table("mountains")]


def mountain(row: dict) -> Article:
    title, s, notes = row["name"], the(row["name"]), row["notes"]
    article = Article(title, s, "mountains")
    # The ice on top of Mont Blanc makes its height change from year to year.
    say = Say(
        "mountain",
        title,
        s=s,
        place=row["place"],
        range=row["range"],
        country=the(row["country"]),
        about="about " if title == "Mont Blanc" else "",
    )
    lead, body, rest = [say("lead")], [notes[1]], [*notes[2:]]
    if row["height"]:
        high = int(row["height"])
        lead.append(say("high", height=f"{high:,}"))
        body.append(say("again", converted=convert(high, "m")))
        if title != "Mont Blanc":
            article.fact("mountain_height", f"{high:,}", row["height"])
    if row["range"]:
        rest.append(say("range"))
        article.fact("mountain_range", f"the {row['range']}", row["range"])
    if row["country"]:
        home = country_rows()[row["country"]]
        rest += [say("country"), f"{start(the(home['name']))} is {home['is']}, and its capital is {home['capital']}."]
        article.fact("mountain_country", the(row["country"]), *(["Scotland"] if title == "Ben Nevis" else []))
    else:
        rest += [say("climbers"), f"{start(s)} stands {row['place']}."]
    article.sections = [("", [[*lead, notes[0]]]), (say("heading"), [body]), ("Location", [rest])]
    article.box = {"elevation": row["height"], "range": row["range"], "country": row["country"]}
    return article


def waters() -> list[Article]:
    return [water(row) for row in table("waters")]


def water(row: dict) -> Article:
    title, s, where = row["name"], the(row["name"]), row["where"]
    article = Article(title, s, "waters")
    say = Say("water", title, s=s, a_kind=a(row["kind"]), where=where, owner=the(row["country"]))
    flowing = [f"the {r['name']}" for r in table("rivers") if r["mouth"] == title]
    body = [*row["notes"][1:]]
    if flowing:
        body.append(say("rivers" if len(flowing) > 1 else "river", rivers=join(flowing)))
    if len(where.split()) < 7:
        body.append(say("end"))
    if row["country"]:
        body.append(say("owner"))
        article.fact("lake_country", the(row["country"]), *(["Scotland"] if title == "Loch Lomond" else []))
    article.sections = [("", [[say("lead"), row["notes"][0]]]), (say("heading"), [body])]
    article.box = {"type": row["kind"], "location": where}
    return article


def islands() -> list[Article]:
    return [island(row) for row in table("islands")]


def island(row: dict) -> Article:
    title, s, owner = row["name"], the(row["name"]), row["owner"]
    be, belong = ("are", "belong") if title.endswith("Islands") else ("is", "belongs")
    what = "a group of islands" if title in ("Galápagos Islands", "Svalbard") else "an island"
    article = Article(title, s, "islands")
    say = Say("island", title, s=s, be=be, belong=belong, owner=the(owner))
    lead, body = [f"{start(s)} {be} {what} {row['water']}."], [*row["notes"][1:]]
    if owner:
        home = country_rows()[owner]
        lead.append(say("owner"))
        body += [
            say("again"),
            f"The capital of {the(owner)} is {home['capital']}."
            if home["capital"]
            else f"{start(the(owner))} is {home['is']}.",
            say("money", currency=home["currency"]),
        ]
        article.fact("island_country", the(owner))
    article.sections = [("", [lead + row["notes"][:1]]), (say("heading"), [body])]
    article.box = {"country": owner, "location": row["water"]}
    return article
