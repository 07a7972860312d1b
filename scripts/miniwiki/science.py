"""Articles about science: the chemical elements."""

from prose import Article, a, pick, start, table


def elements() -> list[Article]:
    return [element(row) for row in table("elements")]


def element(row: dict) -> Article:
    title = row["name"]
    s = title.split(" (")[0].lower()
    symbol, number, group, state = row["symbol"], row["number"], row["category"], row["state"]
    say = lambda slot, *options: pick(f"{title}|{slot}", *options)
    article = Article(title, s, "elements", [])
    S = start(s)
    lead = [say("lead", f"{S} is a chemical element with the symbol {symbol} and the atomic number {number}.",
                f"{S} is a chemical element. Its chemical symbol is {symbol}, and its atomic number is {number}.",
                f"{S} is the chemical element with atomic number {number} and symbol {symbol}.",
                f"{S} is a chemical element whose symbol is {symbol} and whose atomic number is {number}.")]
    article.fact("symbol", symbol)
    article.fact("atomic_number", number)
    article.fact("element_of_symbol", s, subject=symbol)
    if group:
        lead.append({"metal": say("group", f"{S} is a metal.", f"{S} belongs to the metals."),
                     "nonmetal": say("group", f"{S} is a nonmetal.", f"{S} belongs to the nonmetals."),
                     }.get(group, say("group", f"{S} is {a(group)}.", f"{S} belongs to the group of the {group}s.", f"It is {a(group)}, like the other members of its group.")))
        article.fact("element_group", group)
    lead += row["notes"][:1]
    body = []
    if state:
        body.append(say("state", f"At room temperature {s} is a {state}.", f"{S} is a {state} at room temperature.") if state != "solid" else
                    say("solid", f"At room temperature {s} is solid.", f"{S} is solid at room temperature."))
        if state != "solid":
            article.fact("state_of_matter", state)
    elif number > "103":
        body.append(say("lab", f"{S} does not occur in nature and is made in laboratories.", f"Atoms of {s} live only for a short time and are made in laboratories."))
    body += row["notes"][1:]
    body.append(say("count", f"An atom of {s} has {number} protons.", f"Each atom of {s} has {number} protons in its nucleus.", f"{S} is number {number} in the periodic table."))
    found = []
    who, year = row["discoverer"], row["year"]
    if who and year:
        found.append(say("who", f"{S} was discovered by {who} in {year}.", f"{who} discovered {s} in {year}.", f"In {year} {who} discovered {s}."))
        if " and " not in who:
            article.fact("discovered_by", who, who.split()[-1])
    elif year:
        found.append(say("when", f"{S} was discovered in {year}.", f"The discovery of {s} was made in {year}.", f"{S} was first found in {year}."))
    if year:
        article.fact("discovered_in", year)
    found.append(say("sign", f"Chemists write {s} as {symbol}.", f"The chemical symbol of {s} is {symbol}.", f"{symbol} is the chemical symbol for {s}.", f"The symbol {symbol} stands for {s}."))
    article.sections = [("", [lead]), (say("h1", "Properties", "Properties and uses", "Uses"), [body]),
                        (("Discovery" if year else "Symbol"), [found])]
    article.box = {"name": s, "symbol": symbol, "number": number, "category": group}
    return article
