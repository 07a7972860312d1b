"""Articles about science: the chemical elements, the Sun, its planets and their moons."""

from prose import Article, Say, a, join, number_of, plural, table

PLANETS = ["Mercury", "Venus", "the Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"]


def symbol_name(title: str) -> str:
    """How running text calls an element: "Mercury (element)" is mercury."""
    return title.split(" (")[0].lower()


def elements() -> list[Article]:
    rows = table("elements")
    names = ["", *(symbol_name(row["name"]) for row in rows), ""]
    return [
        element(row, names[i], names[i + 2], [r for r in rows if r["category"] == row["category"] and r is not row])
        for i, row in enumerate(rows)
    ]


def element(row: dict, before: str, behind: str, mates: list[dict]) -> Article:
    title, s = row["name"], symbol_name(row["name"])
    symbol, number, group, state, year = row["symbol"], row["number"], row["category"], row["state"], row["year"]
    article = Article(title, s, "elements")
    say = Say(
        "element",
        title,
        s=s,
        symbol=symbol,
        number=number,
        group=group,
        a_group=a(group),
        groups=plural(group),
        before=before,
        behind=behind,
        who=row["discoverer"],
        year=year,
    )
    article.fact("symbol", symbol)
    article.fact("atomic_number", number)
    article.fact("element_of_symbol", s, subject=symbol)
    lead = [say("lead")]
    if group:
        lead.append(say("group"))
        article.fact("element_group", group)
    body = [say("state", state=state if state == "solid" else a(state)) if state else say("lab")]
    if state in ("liquid", "gas"):
        article.fact("state_of_matter", state)
    place = []
    if row["discoverer"]:
        place.append(say("who"))
        if " and " not in row["discoverer"]:
            article.fact("discovered_by", row["discoverer"], row["discoverer"].split()[-1])
    elif year:
        place.append(say("when"))
    if year:
        article.fact("discovered_in", year)
    if before and behind:
        place.append(say("between"))
    place += [say("sign"), say("number")]
    if group and 0 < len(mates) < 12:
        kin = [symbol_name(r["name"]) for r in mates if number_of(title, r["name"]) % 3 == 0][:3]
        kin = kin or [symbol_name(mates[0]["name"])]
        place.append(say("kins" if len(kin) > 1 else "kin", kin=join(kin)))
    article.sections = [
        ("", [lead + row["notes"][:1]]),
        (say("heading"), [[*body, *row["notes"][1:], say("count")]]),
        ("Discovery and symbol" if year else "Symbol", [place]),
    ]
    article.box = {"symbol": symbol, "number": number, "category": group, "appearance": state}
    return article


def body_name(title: str) -> str:
    """How running text calls a planet or moon: "Mercury (planet)" is Mercury, the Earth has its article."""
    name = title.split(" (")[0]
    return f"the {name}" if name in ("Sun", "Earth", "Moon") else name


def space() -> list[Article]:
    rows = table("space")
    return [
        heavenly_body(row, [body_name(r["name"]) for r in rows if r["kind"] == "moon" and r["of"] == row["name"]])
        for row in rows
    ]


def heavenly_body(row: dict, moons: list[str]) -> Article:
    title, kind, who, year, notes = row["name"], row["kind"], row["discoverer"], row["year"], row["notes"]
    s, of = body_name(title), body_name(row["of"])
    article = Article(title, s, "space")
    say = Say("body", title, s=s, of=of, rank=row["rank"], who=who, year=year, moons=join(moons) if moons else "")
    lead, body, found = [], [], []
    if kind == "planet":
        place = PLANETS.index(s)
        lead.append(say("planet"))
        if 0 < place < 7:
            body.append(say("between", before=PLANETS[place - 1], behind=PLANETS[place + 1]))
        body.append(say("place", place=str(place + 1)))
        article.fact("planet_order", row["rank"], str(place + 1))
    elif kind == "dwarf planet":
        lead.append(say("dwarf"))
        body.append(say("small"))
        article.fact("body_kind", "dwarf planet")
    elif kind == "moon":
        lead.append(say("only" if title == "Moon" else "moon"))
        body.append(say("orbit"))
        article.fact("moon_of", of, row["of"])
    if who:
        found += [say("who"), say("again")]
        article.fact("discovered_by", who, who.split()[-1])
        article.fact("discovered_in", year)
    elif year and kind != "planet":  # the year of Neptune stands in its notes
        found.append(say("when"))
        article.fact("discovered_in", year)
    if moons:
        found.append(say("moons" if len(moons) > 1 else "one"))
    if kind == "planet":
        found.append(f"The Solar System has eight planets: {join(PLANETS)}.")
    elif kind == "moon":
        found.append(say("kind"))
    article.sections = [("", [lead + notes[:1]]), (say("heading"), [body + notes[1:]])]
    if found:
        article.sections.append(("Discovery" if who or kind == "moon" else "Solar System", [found]))
    article.box = {"type": kind, "discoverer": who, "discovered": year}
    return article
