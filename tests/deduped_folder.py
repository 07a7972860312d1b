"""A folder as dedup.py leaves it, and articles to fill it with."""

import numpy as np

from pipeline.files import dump_line
from pipeline.stage_output import StageOutput

WORDS = (
    "river city mountain king queen battle treaty science planet copper island market temple village railway bridge "
    "poem opera "
    "forest harbour county parish church school castle garden engine theory matter energy language grammar empire coast"
).split()
CAPITALS = {
    "France": "Paris",
    "Japan": "Tokyo",
    "Peru": "Lima",
    "Kenya": "Nairobi",
    "Chad": "N'Djamena",
    "Cuba": "Havana",
    "Egypt": "Cairo",
    "Fiji": "Suva",
    "Ghana": "Accra",
    "Iran": "Tehran",
    "Laos": "Vientiane",
    "Malta": "Valletta",
    "Nepal": "Kathmandu",
    "Oman": "Muscat",
    "Qatar": "Doha",
    "Samoa": "Apia",
    "Spain": "Madrid",
    "Syria": "Damascus",
    "Togo": "Lomé",
    "Tonga": "Nukuʻalofa",
}


def articles(n, seed=0):
    random = np.random.default_rng(seed)
    for i in range(1, n + 1):
        text = " ".join(random.choice(WORDS, 60)) + f" {i} ünïcode 日本 🙂."
        yield {"id": i, "title": f"Article {i}", "url": "", "text": text}


def countries(count):
    names = list(CAPITALS.items())[:count]
    return [
        {
            "id": 10 + i,
            "title": name,
            "url": "",
            "text": f"{name} is a country. Its capital is {capital}.\n\nThe area of {name} is {1000 + i} square "
            "kilometres.",
        }
        for i, (name, capital) in enumerate(names)
    ]


def deduped(folder, records, per_shard=20, more=None):
    """more: {path of a source of other text: its texts, or pairs of a title and a text}"""
    records, more = list(records), more or {}
    settings = {"first": records[0]["text"], "more": more}
    with StageOutput(folder, "dedup", settings, []) as out:
        write(out, "part-", records, per_shard)
        for number, (path, texts) in enumerate(more.items()):
            titled = [text if isinstance(text, tuple) else ("", text) for text in texts]
            others = [
                {"id": -number * 10**12 - row, "title": title, "source": path, "text": text}
                for row, (title, text) in enumerate(titled, 1)
            ]
            write(out, f"more-{number}-", others, per_shard)
        out.finish(more=more)
    return folder


def write(out, beginning, records, per_shard):
    for k in range(0, len(records), per_shard):
        part = records[k : k + per_shard]
        out.write_shard(f"{beginning}{k // per_shard:05d}", b"".join(dump_line(r) for r in part), {"out": len(part)})
