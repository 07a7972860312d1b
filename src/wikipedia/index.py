"""The search index of a wiki's passages: one SQLite file with an FTS5 table. Written by scripts/build_index.py, read by
wikipedia/search.py.

    articles   number, id, title, url, names (of redirects to it), text (deflated)
    passages   number, article, section, start, end (characters of the article's text)
    found      FTS5 over passages: title and names, section, text as stems (wikipedia/terms.py); keeps no text
    stems      in how many passages each stem stands; what is in none is in no question's answer
    words      the words before stemming, for what is typed wrongly, and their trigrams
    about      what the index was made of

A shard's rows and the note that it is done are one transaction, so that a kill at any moment loses a shard's work.
"""

import os
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.config import InputError
from wikipedia.passages import Passage, passages, shown
from wikipedia.terms import Terms

FORMAT = 1  # goes up with every change of the tables or of what stands in them
APPLICATION = 0x77696B69  # "wiki": SQLite's application_id
PAGE = 16384  # bytes: with SQLite's 4,096 an index of 200,000 articles is a tenth larger
MAX_NAMES = 20  # words of redirects to an article that its title lacks: the names that people use for it
SHORTEST = 4  # letters of a word that may be corrected
REMAKE = "make it with python scripts/build_index.py and the same config"

TABLES = """
CREATE TABLE articles (number INTEGER PRIMARY KEY, id INTEGER, title TEXT, url TEXT, names TEXT, text BLOB);
CREATE TABLE passages (number INTEGER PRIMARY KEY, article INTEGER, section TEXT, start INTEGER, "end" INTEGER);
CREATE VIRTUAL TABLE found USING fts5(
    title, section, text, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co'");
INSERT INTO found (found, rank) VALUES ('rank', 'bm25(6.0, 2.0, 1.0)');
INSERT INTO found (found, rank) VALUES ('hashsize', 67108864);
CREATE TABLE counted (word TEXT PRIMARY KEY, passages INTEGER) WITHOUT ROWID;
CREATE TABLE redirects (target TEXT, name TEXT);
CREATE TABLE about (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
"""

# Words that stand in one passage alone, and in no title, are slips of the articles' own most often: nobody meant them.
LAST = f"""
INSERT INTO found (found) VALUES ('optimize');
CREATE VIRTUAL TABLE all_stems USING fts5vocab(found, 'row');
CREATE TABLE stems (stem TEXT PRIMARY KEY, passages INTEGER) WITHOUT ROWID;
INSERT INTO stems SELECT term, doc FROM all_stems ORDER BY term;
CREATE TABLE words (number INTEGER PRIMARY KEY, word TEXT UNIQUE, passages INTEGER);
INSERT INTO words (word, passages) SELECT word, passages FROM counted WHERE passages > 1 ORDER BY word;
CREATE VIRTUAL TABLE spelled USING fts5(word, content='', tokenize='trigram');
INSERT INTO spelled (rowid, word) SELECT number, word FROM words;
DROP TABLE all_stems;
DROP TABLE counted;
DROP TABLE redirects;
INSERT INTO about VALUES ('done all', 0);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
"""


class Row(NamedTuple):
    """An article made ready by a worker."""

    id: int
    title: str
    url: str
    text: bytes  # deflated
    title_stems: str
    passages: list[tuple[Passage, str, str]]  # where, and the stems of its section and of its text


class Shard(NamedTuple):
    rows: list[Row]
    words: Counter  # word -> passages that it stands in; of a title twice
    text_bytes: int


def prepare(records: Iterable[dict], terms: Terms) -> Shard:
    """The slow half of indexing, which needs no database: cut, normalised, stemmed, deflated."""
    rows: list[Row] = []
    counts: Counter[str] = Counter()
    size = 0
    for record in records:
        text, title = record["text"], record["title"]
        title_words = terms.words(title)
        parts = []
        for passage in passages(text):
            words = terms.words(shown(text, passage))
            counts.update({*words, *title_words})
            parts.append(
                (passage, " ".join(terms.content(terms.words(passage.section))), " ".join(terms.content(words)))
            )
        counts.update(title_words)
        if parts:
            raw = text.encode()
            size += len(raw)
            stems = " ".join(map(terms.stem, title_words))
            rows.append(Row(record["id"], title, record.get("url", ""), zlib.compress(raw, 6), stems, parts))
    return Shard(rows, Counter({word: n for word, n in counts.items() if is_word(word)}), size)


def is_word(word: str) -> bool:
    """Whether it may be what somebody meant who typed another."""
    return len(word) >= SHORTEST and not any(character.isdigit() for character in word)


class Writer:
    """`with Writer(path, key) as index: index.add(name, shard, terms) ...; index.finish(target, about)`. What an
    earlier run with the same key has left at `path` is gone on with."""

    def __init__(self, path: Path, key: str):
        self.path, self.key = path, key
        self.done: set[str] = set()

    def __enter__(self) -> "Writer":
        if self._begun_with() != self.key:
            self.remove()
        self.db = self._open()
        if not self.db.execute("SELECT 1 FROM sqlite_master").fetchone():
            self.db.executescript(f"BEGIN; {TABLES} COMMIT;")
            self.db.execute("INSERT INTO about VALUES ('key', ?)", (self.key,))
        self.done = {key[5:] for (key,) in self.db.execute("SELECT key FROM about WHERE key LIKE 'done %'")}
        return self

    def __exit__(self, *exception) -> None:
        self.db.close()

    def remove(self) -> None:
        """What was kept for a later run."""
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None)
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;")
        return db

    def _begun_with(self) -> str:
        if not self.path.exists():
            return ""
        db = self._open()
        try:
            return db.execute("SELECT value FROM about WHERE key = 'key'").fetchone()[0]
        except (sqlite3.DatabaseError, TypeError):
            return ""
        finally:
            db.close()

    def add_redirects(self, records: Iterator[dict]) -> None:
        """Other names of articles, before the articles that they lead to."""
        if "redirects" in self.done:
            return
        self.db.execute("BEGIN")
        rows = ((r["target"], r["title"]) for r in records if not r.get("section"))
        self.db.executemany("INSERT INTO redirects VALUES (?, ?)", rows)
        self.db.execute("CREATE INDEX by_target ON redirects (target)")
        self.db.execute("INSERT INTO about VALUES ('done redirects', 0)")
        self.db.execute("COMMIT")

    def add(self, name: str, shard: Shard, terms: Terms) -> None:
        """A whole shard or, when something fails, nothing of it."""
        db = self.db
        db.execute("BEGIN")
        try:
            for row in shard.rows:
                self._add_article(row, terms)
            db.executemany(
                "INSERT INTO counted VALUES (?, ?) ON CONFLICT DO UPDATE SET passages = passages + excluded.passages",
                sorted(shard.words.items()),
            )
            db.execute("INSERT INTO about VALUES (?, ?)", (f"done {name}", shard.text_bytes))
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        self.done.add(name)

    def _add_article(self, row: Row, terms: Terms) -> None:
        db = self.db
        names = self._names(row, terms)
        about = (row.id, row.title, row.url, names, row.text)
        number = db.execute("INSERT INTO articles VALUES (NULL, ?, ?, ?, ?, ?)", about).lastrowid
        title = f"{row.title_stems} {names}".strip()
        for passage, section, text in row.passages:
            place = db.execute("INSERT INTO passages VALUES (NULL, ?, ?, ?, ?)", (number, *passage)).lastrowid
            db.execute(
                "INSERT INTO found (rowid, title, section, text) VALUES (?, ?, ?, ?)", (place, title, section, text)
            )

    def _names(self, row: Row, terms: Terms) -> str:
        """Stems of the redirects to an article that its title lacks."""
        own = set(row.title_stems.split())
        found = self.db.execute("SELECT name FROM redirects WHERE target = ? ORDER BY rowid", (row.title,))
        stems = dict.fromkeys(
            stem for (name,) in found for stem in map(terms.stem, terms.words(name)) if stem not in own
        )
        return " ".join(list(stems)[:MAX_NAMES])

    def finish(self, target: Path, about: dict[str, str]) -> dict[str, int]:
        """Everything in its last form, in a file of its own at `target`: the same bytes however often it was begun.
        -> counts"""
        db = self.db
        (size,) = db.execute("SELECT sum(value) FROM about WHERE key LIKE 'done %'").fetchone()
        if "all" not in self.done:
            db.executescript(f"BEGIN; {LAST} COMMIT;")
        tables = ("articles", "passages", "stems", "words")
        counts = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        counts["text_bytes"] = size
        about = {**about, **counts, "alphabet": self._alphabet()}
        db.execute("BEGIN")
        db.execute("DELETE FROM about")
        db.executemany("INSERT INTO about VALUES (?, ?)", [*about.items(), ("key", self.key), ("done all", size)])
        db.execute("COMMIT")
        target.unlink(missing_ok=True)
        db.execute("VACUUM INTO ?", (str(target),))
        with open(target, "rb+") as file:
            os.fsync(file.fileno())
        return counts

    def _alphabet(self) -> str:
        """The letters that make up words, but rare ones: with which to undo a slip."""
        letters = Counter(letter for (word,) in self.db.execute("SELECT word FROM words") for letter in word)
        least = sum(letters.values()) / 2000
        return "".join(sorted(letter for letter, n in letters.most_common(64) if n > least))


def usable_sqlite() -> None:
    """InputError where this Python's SQLite cannot do it."""
    try:
        sqlite3.connect(":memory:").execute("CREATE VIRTUAL TABLE t USING fts5(word, tokenize='trigram')")
    except sqlite3.OperationalError:
        raise InputError(
            f"SQLite {sqlite3.sqlite_version} of this Python has no full-text search by trigrams (FTS5, from 3.34 on);"
            " use a newer Python"
        ) from None


def open_index(path: Path) -> sqlite3.Connection:
    """A connection that can only read, for one thread at a time.

    InputError: there is no index, or it is damaged, empty or of another format.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no index; {REMAKE}")
    usable_sqlite()
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        application, version, pages, size = (
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "page_count", "page_size")
        )
        if application != APPLICATION:
            raise InputError(f"{path}: is not an index of ours; {REMAKE}")
        if version != FORMAT:
            raise InputError(f"{path}: is of format {version}, this version reads {FORMAT}; {REMAKE}")
        if path.stat().st_size != pages * size:
            raise InputError(f"{path}: is damaged: {path.stat().st_size:,} bytes instead of {pages * size:,}; {REMAKE}")
        if not db.execute("SELECT 1 FROM passages").fetchone():
            raise InputError(f"{path}: holds no passages; {REMAKE}")
        db.executescript("PRAGMA query_only = 1; PRAGMA mmap_size = 1073741824;")
        return db
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: is damaged or no index ({error}); {REMAKE}") from None
