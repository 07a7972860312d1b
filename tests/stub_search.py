"""A search engine of a test's own: passages that it is given, and what it was asked."""

import re


class StubSearch:
    """Stands in for wikipedia.search.Search: gives `passages` whatever the question, and keeps the calls."""

    good = 0.6

    def __init__(self, *passages: dict):
        self.passages, self.calls = list(passages), []

    def __call__(self, question, earlier=(), k=3):
        self.calls.append((question, list(earlier), k))
        return self.passages[:k]

    def sentences(self, text):
        return re.findall(r"[^.]+\.?\s*", text)

    def asks(self, question):
        return question != "Who are you?"


def passage(title: str, text: str, score: float = 0.9, section: str = "", url: str = "") -> dict:
    return {"title": title, "section": section, "url": url, "text": text, "score": score}
