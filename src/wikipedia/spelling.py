"""What somebody may have meant who typed a word that stands in no article: a slip of the finger, or its beginning."""

import sqlite3

FEWEST = 4  # letters of a word that is corrected
LONG = 8  # from which on two slips are forgiven
BEGUN = 5  # letters that may stand for a longer word
MOST_TRIED = 200  # words with trigrams of the typed one that are looked at


def meant(db: sqlite3.Connection, typed: str, alphabet: str) -> str | None:
    """The commonest word of the index that is one slip away; else two slips; else one that begins so; else None."""
    if len(typed) < FEWEST or any(character.isdigit() for character in typed):
        return None
    return known(db, slips(typed, alphabet)) or alike(db, typed) or begun(db, typed)


def slips(word: str, alphabet: str) -> list[str]:
    """All that one slip makes of a word: two letters swapped, one lost, one too many, one for another."""
    cuts = [(word[:k], word[k:]) for k in range(len(word) + 1)]
    swapped = [a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1]
    lost = [a + b[1:] for a, b in cuts if b]
    more = [a + c + b for a, b in cuts for c in alphabet]
    other = [a + c + b[1:] for a, b in cuts if b for c in alphabet]
    return [*swapped, *lost, *more, *other]


def known(db: sqlite3.Connection, words: list[str]) -> str | None:
    """The one of the words that stands in most passages."""
    marks = ",".join("?" * len(words))
    row = db.execute(
        f"SELECT word FROM words WHERE word IN ({marks}) ORDER BY passages DESC, word LIMIT 1", words
    ).fetchone()
    return row[0] if row else None


def alike(db: sqlite3.Connection, typed: str) -> str | None:
    """A word with many of the same trigrams that is as few slips away as its length forgives. Two slips leave the
    first letter, which is missed rarely (Pollock and Zamora 1984): zorbland is no portland."""
    allowed = 2 if len(typed) >= LONG else 1
    trigrams = " OR ".join(f'"{typed[k : k + 3]}"' for k in range(len(typed) - 2))
    rows = db.execute(
        "SELECT words.word, passages FROM spelled JOIN words ON number = spelled.rowid WHERE spelled MATCH ? "
        f"AND length(words.word) BETWEEN ? AND ? ORDER BY bm25(spelled) LIMIT {MOST_TRIED}",
        (trigrams, len(typed) - allowed, len(typed) + allowed),
    ).fetchall()
    near = [(distance(typed, word), -passages, word) for word, passages in rows]
    near = [(far, rank, word) for far, rank, word in near if far <= (allowed if word[0] == typed[0] else 1)]
    return min(near, default=(0, 0, None))[2]


def begun(db: sqlite3.Connection, typed: str) -> str | None:
    """The commonest word that goes on where the typed one ends."""
    if len(typed) < BEGUN:
        return None
    row = db.execute(
        "SELECT word FROM words WHERE word > ? AND word < ? ORDER BY passages DESC, word LIMIT 1",
        (typed, typed + "\U0010ffff"),
    ).fetchone()
    return row[0] if row else None


def distance(a: str, b: str) -> int:
    """Slips between two words, a swap of neighbours counted once (optimal string alignment)."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (x != y)))
            if i > 1 and j > 1 and (x, a[i - 2]) == (b[j - 2], y):
                row[j] = min(row[j], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]
