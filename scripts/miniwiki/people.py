"""Articles about people and what they made: scientists, explorers, inventions, writers, composers, painters."""

from places import country_rows
from prose import Article, Say, inline, join, start, table, the

# What an artist did with a work, how it was done, and what the artist is to it.
MADE = {
    "writer": ("wrote", "written", "author"),
    "composer": ("composed", "composed", "composer"),
    "painter": ("painted", "painted", "painter"),
}


def life_of(row: dict) -> tuple[str, str]:
    """The birth as text has it and the years in brackets; '~' is about, '?' a year that no question may ask for."""
    born = row["born"].lstrip("?").replace("~", "about ")
    return born, f"({born}–{row['died']})"


def person_facts(article: Article, row: dict) -> None:
    article.fact("birthplace", row["place"])
    if row["born"].isdigit():
        article.fact("birth_year", row["born"])
    article.box = {
        "birth_date": f"{{{{birth year|{row['born']}}}}}" if row["born"].isdigit() else "",
        "birth_place": row["place"],
        "death_date": row["died"],
    }


def birth_sentence(row: dict, say: Say) -> str:
    if row["born"].startswith("~"):
        return f"{row['name']} was born in {row['place']} in {row['country']} {life_of(row)[0]}."
    return say("born", within="" if ", " in row["place"] else f" in {row['country']}")


def scientists() -> list[Article]:
    return [scientist(row) for row in table("people")]


def scientist(row: dict) -> Article:
    s, deed, notes = row["name"], row["deed"], row["notes"]
    born, life = life_of(row)
    article = Article(s, s, "people")
    say = Say(
        "person",
        s,
        s=s,
        deed=deed,
        born=born,
        died=row["died"],
        place=row["place"],
        country=row["country"],
        job=row["is"].split(" from ")[0].split(" of Serbian")[0],
    )
    days = [birth_sentence(row, say), *notes[1:], say("died")]
    # A long deed word for word a second time would be repetition.
    fame = [
        f"{s} is still remembered for this." if len(deed.split()) > 7 else say("who"),
        say("place" if s == "Nikola Tesla" else "from"),
        say("job"),
    ]
    article.fact("deed", s, s.split()[-1], subject=deed)
    person_facts(article, row)
    article.sections = [
        ("", [[f"{s} {life} was {row['is']}.", say("deed"), notes[0]]]),
        (say("heading1"), [days]),
        (say("heading2"), [fame]),
    ]
    return article


def invention_name(name: str) -> str:
    """The invention in running text: "dynamite", but "the telephone"."""
    bare = ("dynamite", "basketball", "vulcanized rubber", "Velcro", "nylon", "Rubik's Cube")
    return name if name in bare else f"the {name}"


def the_maker(name: str) -> str:
    return f"the {name}" if name.endswith("brothers") else name


def when_of(row: dict) -> str:
    return f"about {row['year'][1:]}" if row["year"].startswith("~") else f"in {row['year']}"


def inventions() -> list[Article]:
    return [invention(row) for row in table("inventions")]


def invention(row: dict) -> Article:
    title, s, who = start(row["name"]), invention_name(row["name"]), the_maker(row["inventor"])
    year, several = row["year"].replace("~", "about "), who.startswith("the ")
    article = Article(title, row["name"], "inventions")
    say = Say(
        "invention",
        title,
        s=s,
        who=who,
        when=when_of(row),
        year=year,
        inventor="inventors" if several else "inventor",
        be="were" if several else "was",
    )
    article.fact("inventor", who, row["inventor"].split()[0 if several else -1], subject=s)
    if year.isdigit():
        article.fact("invention_year", year, subject=s)
    article.sections = [
        ("", [[f"{start(s)} is {row['is']}.", say("who")]]),
        (say("heading"), [row["notes"]]),
        ("History", [[say("again"), say("year"), say("end")]]),
    ]
    article.box = {"inventor": row["inventor"], "year": year}
    return article


def work(title: str) -> str:
    """The title of a work, in italics in the wikitext."""
    article, rest = ("the ", title[4:]) if title.startswith("the ") else ("", title)
    return article + inline(f"''{rest}''", rest)


def artists() -> list[Article]:
    return [artist(row) for row in table("artists")]


def artist(row: dict) -> Article:
    s, works = row["name"], row["works"].split("; ")
    did, done, maker = MADE[row["job"]]
    born, life = life_of(row)
    article = Article(s, s, "artists")
    say = Say(
        "person", s, s=s, born=born, died=row["died"], place=row["place"], did=did, works=join([work(w) for w in works])
    )
    each = [Say("work", s + w, work=work(w), who=s, did=did, done=done, maker=maker)("by") for w in works]
    each.append(say("place"))
    home = country_rows().get(row["country"].removeprefix("the "))
    if home:
        each.append(f"{start(the(home['name']))} is {home['is']}.")
    for w in works:
        article.fact(maker, s, s.split()[-1], subject=w)
    person_facts(article, row)
    article.sections = [
        ("", [[f"{s} {life} was {row['is']}.", say("works" if len(works) > 1 else "work")]]),
        (say("heading1"), [[birth_sentence(row, say), *row["notes"], say("died")]]),
        (say("heading3"), [each]),
    ]
    article.box["notable_works"] = row["works"].replace("; ", ", ")
    return article
