"""Invented articles in many languages that every encyclopaedia would keep, from wikipedia/good_articles.yaml."""

from pathlib import Path

import yaml

LANGUAGES = yaml.safe_load((Path(__file__).parent / "wikipedia/good_articles.yaml").read_text(encoding="utf-8"))


def good_articles(code: str, count: int = 30) -> list[dict]:
    """Towns of which every second article is a stub of two sentences and every third has a section."""
    table, made = LANGUAGES[code], []
    for k in range(count):
        slots = {
            "name": table["names"][k % len(table["names"])],
            "river": table["rivers"][k // 2 % len(table["rivers"])],
            "year": 1650 + 11 * k,
            "people": 2300 + 170 * k,
        }
        sentences = [table["first"], *table["more"][k % 3 :], *table["more"][: k % 3]]
        lines = [" ".join(sentences[: 2 if k % 2 else 4])]
        if k % 3 == 0:
            lines += [f"## {table['heading']}", table["history"]]
        text = "\n\n".join(lines).format(**slots)
        made.append({"id": 100 + k, "title": slots["name"], "url": "", "text": text, "disambiguation": False})
    return made
