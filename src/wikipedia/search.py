"""Which passages of the encyclopaedia a question is about.

    search = Search(path)
    search("What is the capital of Japan?") -> [{"title": "Japan", "section": "", "url": "", "text": "", "score": 1.0}]
    search("And of Peru?", earlier=["What is the capital of Japan?", "Tokyo."], k=3)

Words that ask (who, please ...) say nothing of where the answer stands; of the others the rare ones say most. FTS5
proposes some dozen passages that have the rare words, or two of the common ones together (BM25, the title weighted six
times). Each of these is read and scored from 0 to 1: how much of the question it holds, how much of that in one
sentence, and whether its article is what the question names. A score below GOOD is no answer: measured,
scripts/bench/RESULTS.md.

Another engine is another class with the same __call__: docs/lookup.md.
"""

import math
import re
import sqlite3
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

from pipeline.config import InputError
from wikipedia import spelling, writing
from wikipedia.index import REMAKE, open_index
from wikipedia.passages import Passage as Place
from wikipedia.passages import shown
from wikipedia.terms import Terms, terms_of

GOOD = 0.6
PROPOSED = 40  # passages that are read and scored
MOST_TERMS = 16  # words of a question that are searched for, the rarest
GLANCE = (
    500  # characters at either end of what is asked; a longer question is a text with its question before or behind it
)
ROWS = 12_000  # passages with one of the rare words that FTS5 may have to score: ten ms
BRACKETED = re.compile(r" *\(.*?\)")  # of a title: Mercury (planet)
COMMON = 3  # of the words that too many passages have, the rarest, are searched for in pairs
ALONE = 0.5  # the best score of a passage with one word of the question, not named by it: "tell me a joke"
EARLIER = 0.7  # what a name of an earlier turn weighs to one of the question's own
SLIP = 200  # where so many times more passages have a word one slip away, the typed one is a slip of the articles', too


class Passage(TypedDict):
    title: str  # of its article
    section: str  # the heading it stands under, "" above the first
    url: str
    text: str
    score: float  # 0 to 1


class Term(NamedTuple):
    stem: str  # "" when no passage has it
    weight: float
    passages: int  # that have it


class Read(NamedTuple):
    """A proposed passage."""

    number: int
    title: str
    section: str
    url: str
    names: str
    text: str
    first: bool  # of its article


class Search:
    """Callable; safe for many threads, each of which gets a connection of its own."""

    good = GOOD

    def __init__(self, path: Path, made_of: str | None = None):
        """made_of: the hash of the articles that it must be of, where they are there.

        InputError: there is no index, or none that can be used.
        """
        self.path, self.local = Path(path), threading.local()
        self.about = dict(self._run("SELECT key, value FROM about"))
        if made_of and self.about.get("deduped") != made_of:
            raise InputError(f"{self.path}: is of other articles than those of this config; {REMAKE}")
        self.terms = terms_of(self.about["language"])
        self.count = self.about["passages"]

    def __call__(self, question: str, earlier: Sequence[str] = (), k: int = 3) -> list[Passage]:
        """The k best passages, the best first; fewer, or none, when no more have anything of the question.

        earlier: what was said before it in the conversation, in order. InputError: the index is damaged.
        """
        terms = self.terms_of(question, earlier)
        if not any(term.stem for term in terms):
            return []
        best = Scale(terms, self.terms).best(self._read(self._propose(terms)), k)
        return [
            {"title": r.title, "section": r.section, "url": r.url, "text": r.text, "score": round(s, 4)}
            for s, r in best
        ]

    def sentences(self, text: str) -> list[str]:
        return writing.sentences(text)

    def asks(self, question: str) -> bool:
        """Whether it has a word that can be looked up; 'who are you?' has none."""
        return any(not self.terms.is_stop(word) for word in self.terms.words(ends(question)))

    # ---- what is searched for

    def terms_of(self, question: str, earlier: Sequence[str] = ()) -> list[Term]:
        """The words of a question that say what it is about, the rarest ones, with their weights."""
        words = self.terms.words(ends(question))
        asked = [word for word in words if not self.terms.is_stop(word)]
        if not asked and not earlier and len({*words}) > 1:
            asked = words  # "Who are The Who?"
        found = self._weighed(asked, 1.0)
        if earlier and self._leans(words, asked):
            for stem, term in self._weighed(self._named(earlier), EARLIER).items():
                found.setdefault(stem, term)
        return sorted(found.values(), key=lambda term: -term.weight)[:MOST_TERMS]

    def _leans(self, words: list[str], asked: list[str]) -> bool:
        """Whether a question goes on about what was said before: it has a pronoun, or hardly a word of its own."""
        return not self.terms.pointing.isdisjoint(words) or len(asked) < 2

    def _named(self, earlier: Sequence[str]) -> list[str]:
        """The names in the latest turns, or else the words of the latest question."""
        for text in reversed(earlier[-4:]):
            names = re.findall(r"(?<![.!?] )(?<!^)\b(?:[^\W\d_a-zß-ÿ][\w’'-]*|\d+)", ends(text))
            words = [word for word in self.terms.words(" ".join(names)) if not self.terms.is_stop(word)]
            if words:
                return words
        return [word for word in self.terms.words(ends(earlier[-1])) if not self.terms.is_stop(word)]

    def _weighed(self, words: list[str], share: float) -> dict[str, Term]:
        found: dict[str, Term] = {}
        for word in dict.fromkeys(words):
            stem, passages = self._as_meant(word)
            if stem is None:
                continue
            weight = share * math.log(1 + self.count / (passages + 0.5))
            found.setdefault(stem or word, Term(stem, weight, passages))
        return found

    def _as_meant(self, word: str) -> tuple[str | None, int]:
        """-> (the stem of a word or, if that is a slip, of what was meant; how many passages have it).

        (None, 0): what was meant says nothing; ("", 0): nobody knows.
        """
        stem, alphabet = self.terms.stem(word), self.about["alphabet"]
        passages = self._passages(stem)
        if passages * SLIP >= self.count:
            return stem, passages
        slips = spelling.slips(word, alphabet)
        if not passages and not self.terms.stop.isdisjoint(slips):  # teh, waht
            return None, 0
        meant = spelling.known(self._db(), slips) if passages else spelling.meant(self._db(), word, alphabet)
        if meant and (others := self._passages(self.terms.stem(meant))) > passages * SLIP:
            return self.terms.stem(meant), others
        return (stem, passages) if passages else ("", 0)

    def _passages(self, stem: str) -> int:
        rows = self._run("SELECT passages FROM stems WHERE stem = ?", (stem,))
        return rows[0][0] if rows else 0

    # ---- what has it

    def _propose(self, terms: list[Term]) -> list[int]:
        """The numbers of passages that may answer, by FTS5."""
        return [
            number
            for (number,) in self._run(
                f"SELECT rowid FROM found WHERE found MATCH ? ORDER BY rank LIMIT {PROPOSED}", (query(terms),)
            )
        ]

    def _read(self, numbers: list[int]) -> list[Read]:
        marks = ",".join("?" * len(numbers))
        rows = self._run(
            'SELECT p.number, p.section, p.start, p."end", a.number, a.title, a.url, a.names, a.text '
            f"FROM passages p JOIN articles a ON a.number = p.article WHERE p.number IN ({marks})",
            tuple(numbers),
        )
        texts: dict[int, str] = {}
        result = []
        for number, section, start, end, article, title, url, names, packed in rows:
            if article not in texts:
                texts[article] = self._unpacked(packed)
            place = Place(section, start, end)
            result.append(Read(number, title, section, url, names, shown(texts[article], place), start == 0))
        return result

    def _unpacked(self, packed: bytes) -> str:
        try:
            return zlib.decompress(packed).decode()
        except (zlib.error, UnicodeDecodeError):
            raise InputError(f"{self.path}: is damaged; {REMAKE}") from None

    def _db(self) -> sqlite3.Connection:
        if not hasattr(self.local, "db"):
            self.local.db = open_index(self.path)
        return self.local.db

    def _run(self, sql: str, values: tuple = ()) -> list[tuple]:
        try:
            return self._db().execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise InputError(f"{self.path}: is damaged ({error}); {REMAKE}") from None


def ends(text: str) -> str:
    """The first and the last characters of a text: whatever its length, searching takes the same time."""
    text = text if len(text) <= 2 * GLANCE else f"{text[:GLANCE]} {text[-GLANCE:]}"
    return text.encode(errors="replace").decode()  # half of a surrogate pair is no character


def query(terms: list[Term]) -> str:
    """An FTS5 expression: any of the rare words, or two of the common ones. Every word is a quoted string, so that
    nothing in it is an operator."""
    known = sorted((term for term in terms if term.stem), key=lambda term: term.passages)
    rare: list[str] = []
    rows = 0
    for term in known:
        if rare and rows + term.passages > ROWS:
            break
        rare.append(quoted(term.stem))
        rows += term.passages
    common = [quoted(term.stem) for term in known[len(rare) :][:COMMON]]
    pairs = [f"({a} AND {b})" for n, a in enumerate(common) for b in common[n + 1 :]]
    return " OR ".join(rare + pairs)


def quoted(stem: str) -> str:
    return '"' + stem.replace('"', '""') + '"'


class Scale:
    """Scores passages for a question from 0 to 1.

    Half is how much of the question the passage holds with its title and heading, three tenths how much of it is in one
    sentence, a tenth whether the question names the article, a tenth that it is the article's first. Those are the
    shares with most facts in the first passage, of 432 tried; a tenth more or less is as good.
    """

    def __init__(self, terms: list[Term], words: Terms):
        self.weights = {term.stem or f"?{n}": term.weight for n, term in enumerate(terms)}
        self.whole, self.words = sum(self.weights.values()), words
        self.titles: dict[str, list[str]] = {}  # many passages are of one article

    def best(self, reads: list[Read], k: int) -> list[tuple[float, Read]]:
        """The k best, the best first. Sentences are looked at only where they can matter, which is what takes long."""
        bounds = sorted(((self._at_most(read), -n, read) for n, read in enumerate(reads)), reverse=True)
        found: list[tuple[float, int, Read]] = []
        for most, place, read in bounds:
            if len(found) >= k and found[k - 1][0] > most:
                break
            found.append((self._score(read, most), place, read))
            found.sort(key=lambda item: item[:2], reverse=True)
        return [(value, read) for value, _, read in found[:k]]

    def _at_most(self, read: Read) -> float:
        """The score if all that it holds of the question were in one sentence."""
        title = self._title(BRACKETED.sub("", read.title))
        named = sum(stem in self.weights for stem in title) / max(len(title), 1)
        return 0.8 * self._held({*self._about(read), *self._stems(read.text)}) + 0.1 * named + 0.1 * read.first

    def _score(self, read: Read, most: float) -> float:
        about = self._about(read)
        sentences = [{*about, *self._stems(sentence)} for sentence in writing.sentences(read.text)]
        together, whole = max(map(self._held, sentences), default=0.0), about.union(*sentences)
        score = most - 0.3 * (self._held(whole) - together)
        named = not about.isdisjoint(self.weights)
        return score if named or len(whole & self.weights.keys()) > 1 else min(score, ALONE)

    def _about(self, read: Read) -> set[str]:
        return {*self._title(read.title), *read.names.split(), *self._stems(read.section)}

    def _title(self, title: str) -> list[str]:
        if title not in self.titles:
            self.titles[title] = self._stems(title)
        return self.titles[title]

    def _stems(self, text: str) -> list[str]:
        return list(map(self.words.stems.__getitem__, self.words.words(text)))

    def _held(self, stems: set[str]) -> float:
        return sum(weight for stem, weight in self.weights.items() if stem in stems) / self.whole
