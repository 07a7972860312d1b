"""Articles about science: the chemical elements, the Sun, its planets and their moons."""

from prose import Article, a, join, pick, start, table

PLANETS = ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"]


def symbol_name(title: str) -> str:
    """How running text calls an element: "Mercury (element)" is mercury."""
    return title.split(" (")[0].lower()


def elements() -> list[Article]:
    rows = table("elements")
    return [element(row, rows[i - 1] if i else None, rows[i + 1] if i + 1 < len(rows) else None,
                    [r for r in rows if r["category"] == row["category"] and r is not row]) for i, row in enumerate(rows)]


def element(row: dict, before: dict | None, behind: dict | None, mates: list[dict]) -> Article:
    title, s = row["name"], symbol_name(row["name"])
    symbol, number, group, state = row["symbol"], row["number"], row["category"], row["state"]
    article, S = Article(title, s, "elements"), start(s)

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    lead = [say("lead", f"{S} is a chemical element with the symbol {symbol} and the atomic number {number}.",
                f"{S} is a chemical element. Its chemical symbol is {symbol}, and its atomic number is {number}.",
                f"{S} is the chemical element with atomic number {number} and symbol {symbol}.",
                f"{S} is a chemical element whose symbol is {symbol} and whose atomic number is {number}.")]
    article.fact("symbol", symbol)
    article.fact("atomic_number", number)
    article.fact("element_of_symbol", s, subject=symbol)
    if group:
        plural = group + "s"
        lead.append(say("group", f"{S} is {a(group)}.", f"{S} belongs to the {plural}.", f"Chemists count {s} among the {plural}."))
        article.fact("element_group", group)
    lead += row["notes"][:1]

    body = []
    if state:
        body.append(say("state", f"At room temperature {s} is {a(state) if state != 'solid' else state}.",
                        f"{S} is {a(state) if state != 'solid' else state} at room temperature."))
        if state != "solid":
            article.fact("state_of_matter", state)
    else:
        body.append(say("lab", f"{S} does not occur in nature and is made in laboratories.",
                        f"Atoms of {s} last only for a short time and are made in laboratories."))
    body += row["notes"][1:]
    body.append(say("count", f"An atom of {s} has {number} protons.", f"Each atom of {s} has {number} protons in its nucleus.",
                    f"{S} is number {number} in the periodic table."))

    table_place = []
    who, year = row["discoverer"], row["year"]
    if who:
        table_place.append(say("who", f"{S} was discovered by {who} in {year}.", f"{who} discovered {s} in {year}.",
                               f"In {year} {who} discovered {s}."))
        if " and " not in who:
            article.fact("discovered_by", who, who.split()[-1])
    elif year:
        table_place.append(say("when", f"{S} was discovered in {year}.", f"The discovery of {s} was made in {year}.",
                               f"{S} was first found in {year}."))
    if year:
        article.fact("discovered_in", year)
    neighbours = [symbol_name(r["name"]) for r in (before, behind) if r]
    if before and behind:
        table_place.append(say("between", f"In the periodic table, {s} stands between {neighbours[0]} and {neighbours[1]}.",
                               f"The periodic table has {neighbours[0]} before {s} and {neighbours[1]} after it."))
    table_place.append(say("sign", f"Chemists write {s} as {symbol}.", f"The chemical symbol of {s} is {symbol}.",
                           f"{symbol} is the chemical symbol for {s}.", f"The symbol {symbol} stands for {s}."))
    table_place.append(say("number", f"The atomic number of {s} is {number}.", f"{S} has the atomic number {number}.",
                           f"The number {number} is the atomic number of {s}."))
    if group and 0 < len(mates) < 12:
        kin = join([symbol_name(r["name"]) for r in mates if pick(title + r["name"], "yes", "no", "no") == "yes"][:3] or [symbol_name(mates[0]["name"])])
        table_place.append(say("kin", f"Other {group}s are {kin}." if " and " in kin else f"Another {group} is {kin}.",
                               f"Like {kin}, {s} is {a(group)}."))
    article.sections = [("", [lead]), (say("h1", "Properties", "Properties and uses", "Use"), [body]),
                        ("Discovery and symbol" if year else "Symbol", [table_place])]
    article.box = {"symbol": symbol, "number": number, "category": group, "appearance": state}
    return article


def space() -> list[Article]:
    rows = table("space")
    return [heavenly_body(row, [r["name"] for r in rows if r["kind"] == "moon" and r["of"] == body_name(row["name"])]) for row in rows]


def body_name(title: str) -> str:
    return title.split(" (")[0]


def heavenly_body(row: dict, moons: list[str]) -> Article:
    title, kind, rank = row["name"], row["kind"], row["rank"]
    name = body_name(title)
    s = {"Sun": "the Sun", "Earth": "the Earth", "Moon": "the Moon"}.get(name, name)
    of = {"Sun": "the Sun", "Earth": "the Earth"}.get(row["of"], row["of"])
    article, S = Article(title, s, "space"), start(s)

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    notes, body = row["notes"], []
    if kind == "star":
        lead = [notes[0]]
    elif kind == "planet":
        lead = [say("lead", f"{S} is the {rank} planet from the Sun.", f"{S} is a planet of the Solar System, the {rank} from the Sun."), notes[0]]
        place = PLANETS.index(name)
        if 0 < place < 7:
            body.append(f"{S} moves around the Sun between {', '.join(['the Earth' if p == 'Earth' else p for p in (PLANETS[place - 1],)])} and {'the Earth' if PLANETS[place + 1] == 'Earth' else PLANETS[place + 1]}.")
        body.append(say("count", f"Counted from the Sun, {s} is planet number {place + 1}.", f"In the order of the planets, {s} is the {rank}."))
        article.fact("planet_order", rank, str(place + 1))
    elif kind == "dwarf planet":
        lead = [say("lead", f"{S} is a dwarf planet of the Solar System.", f"{S} is a dwarf planet that moves around the Sun."), notes[0]]
        body.append(say("dwarf", f"{S} is too small to be called a planet.", f"As a dwarf planet, {s} is smaller than the eight planets."))
        article.fact("body_kind", "dwarf planet")
    else:
        lead = [say("lead", f"{S} is a moon of {of}.", f"{S} is one of the moons of {of}." if s != "the Moon" else f"{S} is the only natural moon of {of}."), notes[0]]
        body.append(say("orbit", f"{S} moves around {of}.", f"{S} travels around {of}.", f"The planet of {s} is {of}." if of != "Pluto" else f"{S} moves around the dwarf planet Pluto."))
        article.fact("moon_of", of, row["of"])
    body += notes[1:]
    found = []
    who, year = row["discoverer"], row["year"]
    if who:
        found.append(say("who", f"{S} was discovered by {who} in {year}.", f"{who} discovered {s} in {year}.", f"In {year} {who} discovered {s}."))
        found.append(say("again", f"The discoverer of {s} was {who}.", f"It was {who} who found {s}.", f"{who} was the first to see {s}."))
        article.fact("discovered_by", who, who.split()[-1])
        article.fact("discovered_in", year)
    elif year and kind != "planet":
        found.append(say("when", f"{S} was discovered in {year}.", f"{S} was found in {year}."))
        article.fact("discovered_in", year)
    if moons:
        known = join([{"Moon": "the Moon"}.get(m, m) for m in moons])
        found.append(say("moons", f"Moons of {s} are {known}.", f"{start(known)} are moons of {s}.") if " and " in known else
                     f"{start(known)} is {'the' if name == 'Earth' else 'a'} moon of {s}.")
    if kind == "planet":
        found.append("The Solar System has eight planets: " + join(["the Earth" if p == "Earth" else p for p in PLANETS]) + ".")
    elif kind == "moon":
        found.append(say("kind", f"{S} is a natural satellite, which is another word for a moon.", f"Like all moons, {s} shines only with the light of the Sun."))
    article.sections = [("", [lead]), (say("h", "Description", "Properties", "Appearance"), [body])]
    if found:
        article.sections.append(("Discovery" if who or (year and kind != "planet") else "Solar System", [found]))
    article.box = {"type": kind, "discoverer": who, "discovered": year}
    return article
