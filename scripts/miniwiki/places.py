"""Articles about places: countries, cities, the states of the United States, rivers, mountains, waters, islands."""

from functools import cache

from prose import Article, a, convert, join, pick, start, table, the

# Capitals where the government does not sit, so that no sentence may say that it does.
SEAT_ELSEWHERE = {"Netherlands", "Benin", "Ivory Coast", "Malaysia", "Tanzania"}
# Cities that are known but not among the largest of their countries.
SMALL_CITIES = {"Geneva", "Edinburgh", "Venice", "Florence", "Kyoto"}


@cache
def country_rows() -> dict[str, dict]:
    return {row["name"]: row for row in table("countries")}


@cache
def births() -> dict[str, list[str]]:
    """Sentences about the people who were born in a place or a country."""
    found: dict[str, list[str]] = {}
    for row in table("people") + table("artists"):
        year = row["born"].lstrip("?")
        when = f"about {year[1:]}" if year.startswith("~") else f"in {year}"
        job = row.get("job") or row["is"].split()[1]
        who = f"The {job} {row['name']}"
        city, country = row["place"], row["country"].removeprefix("the ")
        found.setdefault(city, []).append(pick(row["name"] + "city", f"{who} was born in {city} {when}.", f"{row['name']} was born in {city} {when}."))
        for home in {country, "United Kingdom" if country in ("England", "Scotland") else country}:
            found.setdefault(home, []).append(f"{who} came from {the(country)}.")
    return found


def some(sentences: list[str], key: str, count: int) -> list[str]:
    return sorted(sentences, key=lambda s: pick(key + s, *map(str, range(97))))[:count]


# Countries

def countries() -> list[Article]:
    by_capital = {row["name"]: row for row in table("cities")}
    towns: dict[str, list[str]] = {}
    for row in table("cities"):
        towns.setdefault(row["country"], []).append(row["name"])
    return [country(row, by_capital.get(row["capital"]), towns.get(row["name"], [])) for row in country_rows().values()]


def country(row: dict, city: dict | None, towns: list[str]) -> Article:
    title, s = row["name"], the(row["name"])
    capital, continent = row["capital"], row["continent"]
    article = Article(title, s, "countries")

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    lead = [f"{start(s)} is {row['is']}."]
    if capital:
        lead.append(say("capital", f"Its capital is {capital}.", f"The capital of {s} is {capital}.",
                        f"{capital} is the capital of {s}.", f"The capital of {s} is the city of {capital}."))
        article.fact("capital", capital)
    lead += row["notes"][:1 if capital else 2]
    notes = [note for note in row["notes"] if note not in lead]

    # A name of many words again and again would read badly, and count as repetition.
    here = "the country" if len(title.split()) > 2 else s
    land = []
    if continent:
        land.append(say("continent", f"{start(here)} lies on the continent of {continent}.", f"{start(s)} is in {continent}.",
                        f"{start(s)} is one of the countries of {continent}.", f"{start(here)} belongs to {continent}."))
        article.fact("continent", continent)
    land += border_sentences(row, here, say) + notes
    people = some(births().get(title, []), title, 2)
    others = [town for town in towns if town != capital]
    if others:
        land.append(say("towns", f"{start(join(others))} {'is a well-known city' if len(others) == 1 else 'are well-known cities'} in {s}.",
                        f"Among the cities of {s} {'is' if len(others) == 1 else 'are'} {join(others)}."))

    life = []
    if capital:
        where = f", which lies {city['on']}" if city else ""
        options = [f"The capital city of {s} is {capital}{where}.",
                   f"{capital}{where}{',' if where else ''} is the capital city of {s}.",
                   f"The city of {capital} is the capital of {s}."]
        if title not in SEAT_ELSEWHERE:
            options.append(f"The government of {s} sits in the capital, {capital}.")
        life.append(say("again", *options))
    life += money_and_languages(row, s, say, article) + people

    article.sections = [("", [lead]), (say("land", "Geography", "Land", "Country and neighbours"), [land]),
                        (say("life", "People and economy", "Government and people", "Society"), [life])]
    if len(article.text().split()) < 85:
        land.append(say("map", f"The map shows {here} as {row['is']}.", f"Books describe {s} as {row['is']}.",
                        f"{start(s)} is known as {row['is']}."))
    article.box = {"capital": capital, "currency": row["currency"], "continent": continent,
                   "official_languages": row["languages"].lstrip("~").replace("; ", ", ")}
    return article


def border_sentences(row: dict, s: str, say) -> list[str]:
    borders = [the(name) for name in row["borders"].split("; ")] if row["borders"] else []
    if len(borders) > 1:
        return [say("borders", f"{start(s)} borders {join(borders)}.", f"The neighbours of {s} are {join(borders)}.",
                    f"{start(s)} shares borders with {join(borders)}.", f"The countries around {s} are {join(borders)}.")]
    if borders:
        return [say("border", f"{start(s)} borders {borders[0]}.", f"{start(s)} shares a border with {borders[0]}.")]
    if "island country" in row["is"] and row["name"] != "Cyprus":
        return [say("sea", f"{start(s)} is surrounded by the sea.", f"{start(s)} has no borders on land.",
                    f"The sea lies on all sides of {s}.")]
    return []


def money_and_languages(row: dict, s: str, say, article: Article) -> list[str]:
    currency, out = row["currency"], []
    if currency:
        out.append(say("money", f"The currency of {s} is the {currency}.", f"People in {s} pay with the {currency}.",
                       f"The {currency} is the currency of {s}.", f"The {currency} is used as money in {s}."))
        article.fact("currency", currency, f"the {currency.split()[-1]}")
    languages = row["languages"].lstrip("~").split("; ") if row["languages"] else []
    if row["languages"].startswith("~"):
        out.append(say("speak", f"Most people in {s} speak {languages[0]}.", f"The main language of {s} is {languages[0]}."))
    elif len(languages) > 1:
        out.append(say("languages", f"The official languages of {s} are {join(languages)}.",
                       f"{join(languages)} are the official languages of {s}."))
    elif languages:
        out.append(say("language", f"The official language of {s} is {languages[0]}.",
                       f"{languages[0]} is the official language of {s}.",
                       f"{start(s)} has one official language, {languages[0]}."))
        article.fact("official_language", languages[0])
    return out


# Cities

def cities() -> list[Article]:
    capitals = {row["capital"]: row["name"] for row in country_rows().values() if row["capital"]}
    return [city(row, row["name"] in capitals) for row in table("cities")]


def city(row: dict, is_capital: bool) -> Article:
    s, home, on = row["name"], country_rows()[row["country"]], row["on"]
    c = the(home["name"])
    article = Article(s, s, "cities")

    def say(slot: str, *options: str) -> str:
        return pick(f"{s}|{slot}", *options)

    if is_capital:
        lead = [say("lead", f"{s} is the capital of {c}.", f"{s} is the capital city of {c}.",
                    f"{s} is a city in {c} and the capital of the country.", f"{s}, a city {on}, is the capital of {c}.")]
        again = say("again", f"The capital of {c} is {s}.", f"{start(c)} has its capital in {s}.",
                    f"{s} is known as the capital of {c}.", f"The capital city of {c} is called {s}.")
        article.fact("capital_of", c)
    else:
        lead = [say("lead", f"{s} is a city in {c}.", f"{s} is a large city in {c}." if s not in SMALL_CITIES else f"{s} is a well-known city in {c}.",
                    f"{s} is one of the best-known cities of {c}.", f"{s}, a city {on}, belongs to {c}.")]
        again = say("again", f"The city of {s} belongs to {c}.", f"Many people visit {c} to see {s}.",
                    f"Travellers to {c} often visit {s}.")
        article.fact("city_country", c)
    if on not in lead[0]:
        lead.append(say("on", f"{s} lies {on}.", f"The city of {s} lies {on}.", f"{s} stands {on}."))
    around = [f"{start(c)} is {home['is']}."]
    if home["capital"] and not is_capital:
        around.append(say("cap", f"The capital of {c} is {home['capital']}.", f"Its capital is {home['capital']}."))
    if home["currency"]:
        around.append(say("pay", f"People in {s} pay with the {home['currency']}.", f"As everywhere in {c}, the currency is the {home['currency']}.",
                          f"Shops in {s} take the {home['currency']}."))
    spoken = home["languages"]
    if spoken.startswith("~"):
        around.append(say("tongue", f"Most people in {s} speak {spoken[1:]}.", f"The language of most people in {s} is {spoken[1:]}."))
    elif spoken and "; " not in spoken:
        around.append(say("official", f"The official language of {c} is {spoken}.", f"{spoken} is the official language of {c}."))
    article.sections = [("", [lead + row["notes"][:1]]), (say("h", "History", "Sights", "Description"), [row["notes"][1:] + some(births().get(s, []), s, 3)]),
                        (say("h2", "Country", "Around the city", "Today"), [[again, *around]])]
    article.sections = [(heading, [p for p in paragraphs if p]) for heading, paragraphs in article.sections if any(paragraphs)]
    article.box = {"country": c, "location": on}
    return article


# States of the United States

STATE_NAMES = {"Georgia (U.S. state)": "the state of Georgia", "Washington (state)": "the state of Washington",
               "New York": "the state of New York"}


def states() -> list[Article]:
    return [state(row) for row in table("states")]


def state(row: dict) -> Article:
    title, s = row["name"], STATE_NAMES.get(row["name"], row["name"])
    capital, largest, nick, year = row["capital"], row["largest"], row["nickname"], row["admitted"]
    article = Article(title, s, "states")

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    side = row["where"]
    first = (f"{start(s)} lies in the {side} United States." if s.startswith("the") else
             say("lead", f"{s} is a state in the {side} United States.", f"{s} is one of the fifty states of the United States and lies in the {side} part of the country.",
                 f"{s} is a {side} state of the United States."))
    lead = [first, say("capital", f"Its capital is {capital}.", f"The capital of {s} is {capital}.", f"{capital} is the capital of {s}.")]
    lead.append(f"The capital, {capital}, is also the largest city in {s}." if capital == largest else
                say("largest", f"The largest city in {s} is {largest}.", f"{largest} is the largest city in {s}."))
    history = [say("year", f"{start(s)} became a state in {year}.", f"{start(s)} joined the United States in {year}.",
                   f"Since {year}, {s} has been a state of the United States."),
               say("nick", f"{start(s)} is called the \"{nick}\".", f"The nickname of {s} is the \"{nick}\".",
                   f"People call {s} the \"{nick}\"."), *row["notes"][:1]]
    today = [*row["notes"][1:],
             say("again", f"The governor of {s} works in {capital}.", f"The capital city of {s} is {capital}.",
                 f"The state capital, {capital}, is the seat of the government of {s}."),
             say("abbr", f"Letters to {s} bear the code {row['abbr']}.", f"The postal code of {s} is {row['abbr']}.",
                 f"The short form of {s} in addresses is {row['abbr']}."),
             say("sum", f"Ask for the \"{nick}\", and people will think of {s}.", f"On the map, {capital} is marked as the capital of {s}.",
                 f"The name \"{nick}\" stands for {s}.")]
    article.fact("state_capital", capital)
    if largest != capital:
        article.fact("state_largest_city", largest)
    article.fact("state_nickname", nick)
    article.fact("state_year", year)
    article.sections = [("", [lead]), ("History", [history]), (say("h", "Today", "Description", "Geography"), [today])]
    article.box = {"capital": capital, "largest_city": largest, "nickname": nick, "admission": year}
    return article


# Rivers, mountains, waters, islands

def rivers() -> list[Article]:
    return [river(row) for row in table("rivers")]


def river(row: dict) -> Article:
    title, s = row["name"], f"the {row['name']}"
    mouth, through, source = row["mouth"], row["through"], row["source"]
    article = Article(title, s, "rivers")

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    S = start(s)
    lead = [say("lead", f"{S} is a river that flows through {through}.", f"{S} is a river in {through}.",
                f"{S} is a great river of {through}."),
            say("mouth", f"{S} flows into the {mouth}.", f"It flows into the {mouth}.", f"{S} ends in the {mouth}."), row["notes"][0]]
    course = []
    if source:
        course.append(say("source", f"{S} rises {source}.", f"The source of {s} lies {source}.", f"{S} begins {source}."))
    course.append(say("course", f"The water of {s} reaches the {mouth}.", f"At its mouth, {s} meets the {mouth}.", f"The mouth of {s} is at the {mouth}.",
                      f"From there {s} flows to the {mouth}." if source else f"{S} carries its water to the {mouth}."))
    if row["length"]:
        course.append(say("long", f"{S} is about {convert(int(row['length']), 'km')} long.", f"The length of {s} is about {convert(int(row['length']), 'km')}."))
    course += [row["notes"][1]]
    more = [*row["notes"][2:], say("path", f"On its way, {s} passes through {through}." if " and " in through else f"{S} is important for the people of {through}.",
                                   f"Many people in {through} live near {s}."),
            say("last", f"Ships on {s} can reach the {mouth}." if title in ("Danube", "Rhine", "Elbe", "Seine", "Thames", "Mississippi", "Yangtze", "Amazon", "Saint Lawrence River") else f"{S} is one of the rivers that flow into the {mouth}.",
                f"{S} is one of the rivers that flow into the {mouth}.")]
    article.fact("river_mouth", f"the {mouth}", mouth)
    article.sections = [("", [lead]), ("Course", [course]), (say("h", "Description", "People", "Use"), [more])]
    article.box = {"mouth": mouth, "source": source, "length": row["length"]}
    return article


def mountains() -> list[Article]:
    return [mountain(row) for row in table("mountains")]


def mountain(row: dict) -> Article:
    title, s, place = row["name"], the(row["name"]), row["place"]
    article = Article(title, s, "mountains")

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    S = start(s)
    lead = [say("lead", f"{S} is a mountain {place}.", f"{S} is a high mountain {place}.")]
    body = [row["notes"][1]]
    if row["height"]:
        number = f"{int(row['height']):,}"
        about = "about " if title == "Mont Blanc" else ""
        lead.append(say("high", f"{S} is {about}{number} metres high.", f"It is {about}{number} metres high.", f"The top of {s} is {about}{number} metres above the sea."))
        body.append(say("again", f"The height of {s} is {about}{convert(int(row['height']), 'm')}.", f"With a height of {about}{convert(int(row['height']), 'm')}, {s} can be seen from far away."))
        if not about:
            article.fact("mountain_height", number, row["height"])
    lead.append(row["notes"][0])
    rest = [*row["notes"][2:]]
    if row["range"]:
        rest.append(say("range", f"{S} belongs to the {row['range']}.", f"{S} is a part of the {row['range']}.", f"{S} stands in the {row['range']}."))
        article.fact("mountain_range", f"the {row['range']}", row["range"])
    if row["country"]:
        country = the(row["country"])
        rest.append(say("country", f"{S} lies in {country}.", f"{S} is in {country}.", f"Visitors to {country} can see {s}."))
        article.fact("mountain_country", country, *(["Scotland"] if title == "Ben Nevis" else []))
        home = country_rows()[row["country"]]
        rest.append(f"{start(country)} is {home['is']}" + (f", and its capital is {home['capital']}." if home["capital"] else "."))
    else:
        rest.append(say("border", f"Climbers come to {s} from all over the world.", f"Many climbers dream of {s}."))
        rest.append(f"{S} stands {place}.")
    article.sections = [("", [lead]), (say("h", "Description", "Climbing", "The mountain"), [body]), ("Location", [rest])]
    article.box = {"elevation": row["height"], "range": row["range"], "country": row["country"]}
    return article


def waters() -> list[Article]:
    return [water(row) for row in table("waters")]


def water(row: dict) -> Article:
    title, s = row["name"], the(row["name"])
    article = Article(title, s, "waters")

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    S, kind = start(s), row["kind"]
    flowing = [f"the {r['name']}" for r in table("rivers") if r["mouth"] == title]
    body = [*row["notes"][1:]]
    if len(flowing) > 1:
        body.append(say("in", f"Among the rivers that flow into {s} are {join(flowing)}.", f"{start(join(flowing))} flow into {s}."))
    elif flowing:
        body.append(f"{start(flowing[0])} flows into {s}.")
    if len(row["where"].split()) < 7:
        body.append(say("end", f"{S} lies {row['where']}.", f"On the map, {s} is found {row['where']}.", f"Ships and boats cross {s}, which lies {row['where']}."))
    if row["fact"]:
        body.append(f"All of {s} belongs to {the(row['fact'])}.")
        article.fact("lake_country", the(row["fact"]), *(["Scotland"] if title == "Loch Lomond" else []))
    article.sections = [("", [[say("lead", f"{S} is {a(kind)} {row['where']}.", f"{S} is {a(kind)} that lies {row['where']}."), row["notes"][0]]]),
                        (say("h", "Description", "Geography"), [body])]
    article.box = {"type": kind, "location": row["where"]}
    return article


def islands() -> list[Article]:
    return [island(row) for row in table("islands")]


def island(row: dict) -> Article:
    title, s, owner = row["name"], the(row["name"]), row["owner"]
    group = title in ("Galápagos Islands", "Svalbard")
    be, belong = ("are", "belong") if title.endswith("Islands") else ("is", "belongs")
    article = Article(title, s, "islands")

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    S = start(s)
    lead = [f"{S} {be} {'a group of islands' if group else 'an island'} {row['water']}."]
    body = [*row["notes"][1:]]
    if owner:
        o = the(owner)
        lead.append(say("owner", f"{S} {belong} to {o}.", f"{S} {be} a part of {o}."))
        body.append(say("again", f"The country to which {s} {belong} is {o}.", f"{start(o)} owns {s}.", f"The country of {s} is {o}."))
        home = country_rows()[owner]
        body.append(f"The capital of {o} is {home['capital']}." if home["capital"] else f"{start(o)} is {home['is']}.")
        if home["currency"]:
            body.append(say("money", f"The currency of {o} is the {home['currency']}.", f"People in {o} pay with the {home['currency']}."))
        article.fact("island_country", o)
    article.sections = [("", [lead + row["notes"][:1]]), (say("h", "Description", "Nature and people"), [body])]
    article.box = {"country": owner, "location": row["water"]}
    return article
