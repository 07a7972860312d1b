"""Questions as people type them: without capitals or question marks, in CAPITALS, with a slip of the finger, between a
greeting and thanks, below a system prompt. What an article's prose never shows, a chat model meets all day.

Only what the user says is changed, never an answer.
"""

import random
import re

from teacher import wordings

# Ways to type, and how often each to the others. Lower case is the commonest by far; capitals are spelled in bytes by
# a small vocabulary and need more examples than their share of real messages.
WAYS = {"lower": 6, "no_mark": 2, "capitals": 6, "typo": 3, "before": 3, "behind": 3, "system": 2, "digits": 1}
LETTERS = ("lower", "no_mark", "capitals", "typo")  # what changes letters alone
TWO = 0.25  # share that is typed in two ways at once: hi, whats teh capital ...
NEXT_KEY = {
    a: b for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm") for a, b in zip(row, row[1:] + row[-2])
}  # the key beside it
LONG_WORD = re.compile(r"[^\W\d_]{4,}")
UNITS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def as_typed(text: str, share: float, persona: dict[str, str], *key, ways: tuple[str, ...]) -> tuple[str, list[str]]:
    """-> (the text as it may be typed, in which of `ways`); the text itself in 1 - share of cases."""
    rng = random.Random("|".join(map(str, key)))
    if rng.random() >= share:
        return text, []
    chosen = {rng.choices(ways, [WAYS[way] for way in ways])[0] for _ in range(2 if rng.random() < TWO else 1)}
    used = [way for way in TYPISTS if way in chosen]
    # what stands around the question is said before its letters are changed; a system prompt is nobody's typing
    for way in used:
        text = TYPISTS[way](text, rng, persona)
    return text, used


def before(text: str, rng: random.Random, persona: dict[str, str]) -> str:
    first = wordings.fill(rng.choice(wordings.load("typing")["before"][">"]), persona)
    if first[-1] == "!" or rng.random() < 0.3:
        return f"{first} {text}"
    return f"{first} {lower_first(text)}"


def behind(text: str, rng: random.Random, persona: dict[str, str]) -> str:
    last = wordings.fill(rng.choice(wordings.load("typing")["behind"][">"]), persona)
    if last[-1] not in ".!":
        last = last[:1].lower() + last[1:]
        return f"{text.rstrip('.?!')}{rng.choice([' ', ', '])}{last}{text[-1] if text[-1:] in '.?!' else ''}"
    return f"{text} {last}"


def lower(text: str, rng: random.Random, persona: dict[str, str]) -> str:
    return no_mark(text.lower(), rng, persona) if rng.random() < 0.6 else text.lower()


def no_mark(text: str, rng: random.Random, persona: dict[str, str]) -> str:
    return text.rstrip(".?! ") or text


def capitals(text: str, rng: random.Random, persona: dict[str, str]) -> str:
    return text.upper()


def digits(text: str, rng: random.Random, persona: dict[str, str]) -> str:
    """7 as seven, seven as 7."""
    text, count = re.subn(r"(?<![\d.,])(?:\d|1[0-2])\b(?![.,]\d)", lambda m: UNITS[int(m[0])], text)
    if count:
        return text
    return re.sub(rf"\b(?:{'|'.join(UNITS)})\b", lambda m: str(UNITS.index(m[0])), text)


def typo(text: str, rng: random.Random, persona: dict[str, str]) -> str:
    """One slip in a word of four letters or more: two letters swapped, one lost, twice, or of the next key."""
    words = list(LONG_WORD.finditer(text))
    if not words:
        return text
    word = rng.choice(words)
    at = word.start() + rng.randrange(1, len(word[0]) - 1)
    letter, after = text[at], text[at + 1]
    slip = rng.choice(("swap", "swap", "lose", "twice", "near"))
    if slip == "swap":
        return text[:at] + after + letter + text[at + 2 :]
    if slip == "lose":
        return text[:at] + text[at + 1 :]
    return text[:at] + (letter * 2 if slip == "twice" else NEXT_KEY.get(letter, letter * 2)) + text[at + 1 :]


def cut_words(text: str, share: float, rng: random.Random) -> list[str]:
    """The text in pieces: a share of its words of four letters or more is cut in two. Encoded each for itself, they
    show a model words in other tokens than usual, as a typo does (after BPE-dropout, Provilkov et al. 2020)."""
    words = [word for word in LONG_WORD.finditer(text) if rng.random() < share]
    places = [0, *(word.start() + rng.randrange(1, len(word[0])) for word in words), len(text)]
    return [text[a:b] for a, b in zip(places, places[1:])]


def system(text: str, rng: random.Random, persona: dict[str, str]) -> str:
    """As gpt/chat.py renders a system message: its text, a blank line, the user's."""
    return f"{wordings.fill(rng.choice(wordings.load('typing')['system']['>']), persona)}\n\n{text}"


def lower_first(text: str) -> str:
    """The first word small, unless it is a name or I."""
    return (
        text[:1].lower() + text[1:]
        if wordings.QUESTION.match(text) or re.match(r"[A-Z][a-z]+ (?:me|the|all)\b", text)
        else text
    )


TYPISTS = {
    "before": before,
    "behind": behind,
    "digits": digits,
    "typo": typo,
    "no_mark": no_mark,
    "lower": lower,
    "capitals": capitals,
    "system": system,
}  # in the order in which they are applied
