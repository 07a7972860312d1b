"""Articles about places: countries, their capitals and other cities, the states of the United States."""

from prose import Article, join, pick, plain, start, table, the

# Capitals where the government does not sit, so that no sentence may say that it does.
SEAT_ELSEWHERE = {"Netherlands", "Benin", "Ivory Coast", "Malaysia", "Tanzania"}


def countries() -> list[Article]:
    cities = {row["name"]: row for row in table("cities")}
    return [country(row, cities.get(row["capital"])) for row in table("countries")]


def country(row: dict, city: dict | None) -> Article:
    title, s = row["name"], the(row["name"])
    say = lambda slot, *options: pick(f"{title}|{slot}", *options)
    capital, continent, currency = row["capital"], row["continent"], row["currency"]
    article = Article(title, s, "countries", [])

    lead = [f"{start(s)} is {row['is']}."]
    if capital:
        lead.append(say("capital", f"Its capital is {capital}.", f"The capital of {s} is {capital}.",
                        f"{capital} is the capital of {s}.", f"The capital of {s} is the city of {capital}."))
        article.fact("capital", capital)
    if title not in ("Vatican City", "Monaco", "San Marino"):
        lead.append(row["notes"][0])
    else:
        lead += row["notes"][:2]
    rest = [n for n in row["notes"] if n not in lead]

    land = []
    if continent:
        land.append(say("continent", f"{start(s)} lies on the continent of {continent}.",
                        f"{start(s)} is one of the countries of {continent}.",
                        f"{start(s)} belongs to the continent of {continent}.", f"{start(s)} is in {continent}."))
        article.fact("continent", continent)
    borders = [the(b) for b in row["borders"].split("; ")] if row["borders"] else []
    if len(borders) > 1:
        land.append(say("borders", f"{start(s)} borders {join(borders)}.", f"The neighbours of {s} are {join(borders)}.",
                        f"{start(s)} shares borders with {join(borders)}.",
                        f"The countries {join(borders)} are neighbours of {s}."))
    elif borders:
        land.append(say("border", f"{start(s)} borders {borders[0]}.", f"{start(s)} shares a border with {borders[0]}."))
    elif "island country" in row["is"] and title != "Cyprus":
        land.append(say("sea", f"{start(s)} is surrounded by the sea.", f"{start(s)} has no borders on land.",
                        f"The sea lies on all sides of {s}."))
    land += rest

    life = []
    if capital:
        where = f", which lies {city['on']}" if city else ""
        options = [f"The capital city of {s} is {capital}{where}.", f"{capital}{where + ',' if where else ''} is the capital city of {s}.",
                   f"The city of {capital} is the capital of {s}."]
        if title not in SEAT_ELSEWHERE:
            options.append(f"The government of {s} sits in the capital, {capital}.")
        life.append(say("again", *options))
    if currency:
        life.append(say("money", f"The currency of {s} is the {currency}.", f"People in {s} pay with the {currency}.",
                        f"The {currency} is the currency of {s}.", f"The money of {s} is the {currency}."))
        article.fact("currency", currency, f"the {currency.split()[-1]}")
    languages = row["languages"].lstrip("~").split("; ") if row["languages"] else []
    if row["languages"].startswith("~"):
        life.append(say("speak", f"Most people in {s} speak {languages[0]}.", f"The main language of {s} is {languages[0]}."))
    elif len(languages) > 1:
        life.append(say("languages", f"The official languages of {s} are {join(languages)}.",
                        f"{join(languages)} are the official languages of {s}."))
    elif languages:
        life.append(say("language", f"The official language of {s} is {languages[0]}.",
                        f"{languages[0]} is the official language of {s}.",
                        f"{start(s)} has one official language, {languages[0]}."))
        article.fact("official_language", languages[0])

    headings = (say("land", "Geography", "Land", "Geography"), say("life", "People and economy", "Government and economy", "Society"))
    article.sections = [("", [lead]), (headings[0], [land]), (headings[1], [life])]
    article.box = {"conventional_long_name": title, "capital": capital, "currency": currency, "official_languages": ", ".join(languages)}
    return article


def cities() -> list[Article]:
    capitals = {row["capital"]: row["name"] for row in table("countries") if row["capital"]}
    return [city(row, capitals.get(row["name"])) for row in table("cities")]


def city(row: dict, capital_of: str | None) -> Article:
    s, c, on = row["name"], the(row["country"]), row["on"]
    say = lambda slot, *options: pick(f"{s}|{slot}", *options)
    article = Article(s, s, "cities", [])
    if capital_of:
        lead = [say("lead", f"{s} is the capital of {c}.", f"{s} is the capital city of {c}.", f"{s} is a city in {c} and the capital of the country.",
                    f"{s}, a city {on}, is the capital of {c}.")]
        again = say("again", f"The capital of {c} is {s}.", f"As the capital, {s} is the seat of many offices of {c}.",
                    f"{start(c)} has its capital in {s}.", f"{s} is known as the capital of {c}.")
        article.fact("capital_of", c)
    else:
        lead = [say("lead", f"{s} is a city in {c}.", f"{s} is a large city in {c}.", f"{s} is one of the best-known cities of {c}.",
                    f"{s}, a city {on}, belongs to {c}.")]
        again = say("again", f"The city of {s} belongs to {c}.", f"{s} is one of the largest cities in {c}." if s not in ("Geneva", "Edinburgh", "Venice", "Florence") else f"Many people visit {c} to see {s}.",
                    f"Travellers to {c} often visit {s}.")
        article.fact("city_country", c)
    if on not in lead[0]:
        lead.append(say("on", f"{s} lies {on}.", f"The city lies {on}.", f"{s} stands {on}."))
    headings = say("h", "History", "Sights", "Description")
    article.sections = [("", [lead + row["notes"][:1]]), (headings, [row["notes"][1:] + [again]])]
    article.box = {"name": s, "country": c}
    return article


def states() -> list[Article]:
    return [state(row) for row in table("states")]


def state(row: dict) -> Article:
    title = row["name"]
    s = title.split(" (")[0]
    if title == "Washington (state)":
        s = "the state of Washington"
    if title == "Georgia (U.S. state)":
        s = "the state of Georgia"
    say = lambda slot, *options: pick(f"{title}|{slot}", *options)
    capital, largest, nick = row["capital"], row["largest"], row["nickname"]
    article = Article(title, s, "states", [])
    kind = row["where"]
    lead = [say("lead", f"{start(s)} is a state in the {kind} United States." if not s.startswith("the") else f"{start(s)} lies in the {kind} United States.",
                f"{start(s)} is {'one' if s.startswith('the') else 'one'} of the fifty states of the United States and lies in the {kind} part of the country."),
            say("capital", f"Its capital is {capital}.", f"The capital of {s} is {capital}.", f"{capital} is the capital of {s}.")]
    lead.append(f"The capital, {capital}, is also the largest city in {s}." if capital == largest else
                say("largest", f"The largest city in {s} is {largest}.", f"{largest} is the largest city in {s}."))
    article.fact("state_capital", capital)
    article.fact("state_largest_city", largest)
    history = [say("year", f"{start(s)} became a state in {row['admitted']}.", f"{start(s)} joined the United States in {row['admitted']}.",
                   f"Since {row['admitted']}, {s} has been a state of the United States."),
               say("nick", f"{start(s)} is called the \"{nick}\".", f"The nickname of {s} is the \"{nick}\".", f"People call {s} the \"{nick}\"."),
               *row["notes"][:1]]
    facts = [*row["notes"][1:],
             say("again", f"The government of {s} sits in {capital}.", f"The capital city of {s} is {capital}.", f"The state capital, {capital}, is the seat of the governor of {s}."),
             say("abbr", f"Letters to {s} bear the code {row['abbr']}.", f"The postal code of {s} is {row['abbr']}.", f"The short form of {s} in addresses is {row['abbr']}.")]
    article.fact("state_nickname", nick)
    article.fact("state_year", row["admitted"])
    article.sections = [("", [lead]), ("History", [history]), (say("h", "Today", "Description", "Geography"), [facts])]
    article.box = {"name": s, "capital": capital, "largest_city": largest, "nickname": nick}
    return article
