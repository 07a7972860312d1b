"""Articles about people and what they made: scientists, explorers, inventions, writers, composers, painters."""

from functools import cache

from places import country_rows
from prose import Article, inline, join, number_of, pick, start, table, the

MADE = {"writer": ("wrote", "written", "author"), "composer": ("composed", "composed", "composer"),
        "painter": ("painted", "painted", "painter")}


def years(row: dict) -> tuple[str, str]:
    """The year of birth as text has it, and the life in brackets; '~' is about, '?' is a year that no question asks for."""
    born = row["born"].lstrip("?")
    if born.startswith("~"):
        return f"about {born[1:]}", f"(about {born[1:]}–{row['died']})"
    return born, f"({born}–{row['died']})"


def scientists() -> list[Article]:
    return [scientist(row) for row in table("people")]


def scientist(row: dict) -> Article:
    s, deed = row["name"], row["deed"]
    born, life = years(row)
    article = Article(s, s, "people")

    def say(slot: str, *options: str) -> str:
        return pick(f"{s}|{slot}", *options)

    lead = [f"{s} {life} was {row['is']}.", say("deed", f"{s} {deed}.", f"{s} is known as the person who {deed}.", f"{s} became famous as the one who {deed}."),
            row["notes"][0]]
    days = [birth_sentence(row, born, say), *row["notes"][1:], say("died", f"{s} died in {row['died']}.", f"{s} lived until {row['died']}.", f"The year of death of {s} is {row['died']}.")]
    job = row["is"].split(" from ")[0].removeprefix("a ").removeprefix("an ")
    last = [f"{s} is still remembered for this." if len(deed.split()) > 7 else
            say("who", f"It was {s} who {deed}.", f"People remember that {s} {deed}.", f"In books one reads that {s} {deed}."),
            say("from", f"The home of {s} was {row['country']}." if " family" not in row["is"] else f"{s} was born in {row['place']}.",
                f"{s} was born in {row['place']}.", f"{row['place']} is the birthplace of {s}."),
            say("job", f"{s} worked as {row['is'].split(' from ')[0]}." if " of " not in job else f"{s} was born in {born}.", f"{s} was born in {born}.")]
    article.fact("deed", s, s.split()[-1], subject=deed)
    article.fact("birthplace", row["place"])
    if not row["born"].startswith(("~", "?")):
        article.fact("birth_year", born)
    article.sections = [("", [lead]), (say("h", "Life", "Life and work"), [days]), (say("h2", "Fame", "Importance", "Memory"), [last])]
    article.box = {"birth_date": f"{{{{birth year|{born}}}}}" if born.isdigit() else "", "birth_place": row["place"], "death_date": row["died"]}
    return article


def birth_sentence(row: dict, born: str, say) -> str:
    s, place, country = row["name"], row["place"], row["country"]
    if row["born"].startswith("~"):
        return f"{s} was born in {place} in {country} {born}."
    within = "" if place == country or ", " in place else f" in {country}"
    return say("born", f"{s} was born in {place} in {born}.", f"{s} was born in {place}{within} in {born}.",
               f"In {born} {s} was born in {place}{within}.")


def inventions() -> list[Article]:
    return [invention(row) for row in table("inventions")]


def invention(row: dict) -> Article:
    title, s = start(row["name"]), invention_name(row["name"])
    who = the_maker(row["inventor"])
    about = row["year"].startswith("~")
    year = row["year"].lstrip("~")
    when = f"about {year}" if about else f"in {year}"
    article, S = Article(title, row["name"], "inventions"), start(s)

    def say(slot: str, *options: str) -> str:
        return pick(f"{title}|{slot}", *options)

    be = "were" if who.endswith("brothers") else "was"
    lead = [f"{S} is {row['is']}.", say("who", f"{S} was invented by {who} {when}.", f"{start(who)} invented {s} {when}.", f"{start(when)} {who} invented {s}.")]
    body = [*row["notes"]]
    last = [say("again", f"The inventor{'s' if be == 'were' else ''} of {s} {be} {who}.", f"It was {who} who invented {s}.", f"The idea of {s} came from {who}."),
            say("year", f"The year of the invention is {'about ' if about else ''}{year}.", f"{S} has been known since {'about ' if about else ''}{year}.",
                f"The history of {s} begins {when}."),
            say("end", f"Without {who}, {s} might have come much later.", f"Today {s} is known all over the world.", f"Many people still remember {who} for {s}.")]
    article.fact("inventor", who, row["inventor"].split()[-1] if "brothers" not in who else row["inventor"].split()[0], subject=s)
    if not about:
        article.fact("invention_year", year, subject=s)
    article.sections = [("", [lead]), (say("h", "Description", "Use", "The invention"), [body]), ("History", [last])]
    article.box = {"inventor": row["inventor"], "year": year}
    return article


def invention_name(name: str) -> str:
    """The invention in running text: "dynamite", but "the telephone"."""
    return name if name in ("dynamite", "basketball", "vulcanized rubber", "Velcro", "nylon", "Rubik's Cube") else f"the {name}"


def the_maker(name: str) -> str:
    return f"the {name}" if name.endswith("brothers") else name


def work(title: str) -> str:
    """A title of a work, in italics in the wikitext."""
    article, rest = ("the ", title[4:]) if title.startswith("the ") else ("", title)
    return article + inline(f"''{rest}''", rest)


def artists() -> list[Article]:
    return [artist(row) for row in table("artists")]


def artist(row: dict) -> Article:
    s, job = row["name"], row["job"]
    born, life = years(row)
    did, done, relation = MADE[job]
    works = row["works"].split("; ")
    article = Article(s, s, "artists")

    def say(slot: str, *options: str) -> str:
        return pick(f"{s}|{slot}", *options)

    listed = join([work(w) for w in works])
    lead = [f"{s} {life} was {row['is']}.",
            say("works", f"{s} {did} {listed}.", f"The best-known {'work' if len(works) == 1 else 'works'} of {s} {'is' if len(works) == 1 else 'are'} {listed}.",
                f"{s} is known for {listed}.")]
    days = [birth_sentence(row, born, say), *row["notes"], say("died", f"{s} died in {row['died']}.", f"{s} lived until {row['died']}.", f"The year of death of {s} is {row['died']}.")]
    each = [pick(s + w, f"{start(work(w))} was {done} by {s}.", f"The {relation} of {work(w)} is {s}.", f"{s} {did} {work(w)}.", f"It was {s} who {did} {work(w)}.") for w in works]
    each.append(say("place", f"{s} was born in {row['place']}.", f"The birthplace of {s} is {row['place']}.", f"{row['place']} is the place where {s} was born."))
    home = country_rows().get(row["country"].removeprefix("the "))
    if home and home["capital"]:
        each.append(f"{start(the(home['name']))} is {home['is']}.")
    for w in works:
        article.fact(relation, s, s.split()[-1], subject=w)
    article.fact("birthplace", row["place"])
    if not row["born"].startswith(("~", "?")):
        article.fact("birth_year", born)
    article.sections = [("", [lead]), (say("h", "Life", "Life and work"), [days]), (say("h2", "Works", "Important works"), [each])]
    article.box = {"birth_place": row["place"], "death_date": row["died"], "notable_works": row["works"].replace("; ", ", ")}
    return article
