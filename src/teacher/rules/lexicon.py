"""The rules teacher's words: text files under words/, one entry a line; a line with # says what they are."""

from pathlib import Path

WORDS = Path(__file__).parent / "words"


def entries(name: str) -> list[str]:
    """The lines of words/NAME.txt in their order, without comments."""
    return [
        line for line in (WORDS / f"{name}.txt").read_text(encoding="utf-8").splitlines() if line[:1] not in ("#", "")
    ]


def word_set(name: str) -> frozenset[str]:
    return frozenset(entries(name))


def word_pairs(name: str) -> dict[str, str]:
    """Entries of two words: {first: second}."""
    return dict(line.split(" ", 1) for line in entries(name))
