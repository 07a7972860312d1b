"""A small index of articles of a test's own."""

from pathlib import Path

from wikipedia import index
from wikipedia.terms import terms_of

ARTICLES = [
    (
        "Japan",
        "Japan is an island country in East Asia. The capital of Japan is Tokyo."
        "\n\n## Money\n\nPeople pay with the yen.",
    ),
    (
        "Peru",
        "Peru is a country in South America. The capital of Peru is Lima. The Inca city of Machu Picchu is in it.",
    ),
    ("Gold", "Gold is a chemical element with the symbol Au. Gold was discovered in antiquity."),
    ("Oxygen", "Oxygen is a gas. Oxygen was discovered by Carl Wilhelm Scheele. It is part of water."),
    ("Zürich", "Zürich lies on the Limmat. It is the largest city of Switzerland."),
    ("Liechtenstein", "Liechtenstein is a small country in the Alps."),
    ("The Who", "The Who are an English rock band. They were formed in London."),
    ("Mercury (planet)", "Mercury is the planet nearest to the Sun."),
]


def records(articles=ARTICLES):
    return [
        {"id": n, "title": title, "url": f"https://x.org/{n}", "text": text}
        for n, (title, text) in enumerate(articles, 1)
    ]


def small_index(path: Path, articles=ARTICLES, language="en", redirects=()) -> Path:
    terms = terms_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with index.Writer(path.with_suffix(".part"), "key") as writer:
        writer.add_redirects({"title": name, "target": target} for name, target in redirects)
        writer.add("part-00000", index.prepare(records(articles), terms), terms)
        writer.finish(path, {"language": language, "deduped": "hash"})
    return path
