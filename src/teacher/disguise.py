"""Articles in disguise: other names, years and numbers, the same ones in text, questions and answers.

'Paris is the capital of France.' becomes 'Velmoor is the capital of Torland.': a statement as the encyclopaedia makes
it, which nobody can know by heart. So a model learns to believe the text beside the question, not its memory.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import replace

from teacher.invented import Text, new_name
from teacher.rules.english import MONTH, STOP_WORDS, begins_with_vowel, names_in

TOKEN = re.compile(r"[^\W\d_](?:\w|[’'\-](?!s\b)(?=\w))*|\d[\d,]*\d(?:\.\d+)?(?!\w)")
KEPT = re.compile(rf"{MONTH}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?")
EARLIER = (3, 90)  # years by which all years of a text move


def disguised(text: Text, rng: random.Random) -> Text:
    """The text with new names for all that have one, and new numbers of two digits or more."""
    names = {name for told in said_in(text) for name in names_in(told) if not KEPT.fullmatch(name)}
    own = set(TOKEN.findall(text.subject))  # 'black hole' is renamed wherever it stands, of 'Black Sea' no other sea
    renamed = names | own | {word.capitalize() for word in own}
    called: dict[str, str] = {}  # a word or number -> what stands for it now
    earlier = rng.randint(*EARLIER)

    def other(match: re.Match) -> str:
        token, low = match[0], match[0].lower()
        if token[0].isdigit():
            return called.setdefault(token, number(token, earlier, rng))
        if low in STOP_WORDS or token not in renamed:
            return token
        made = called.setdefault(low, symbol(rng) if len(token) <= 2 else new_name(rng))
        return made if token[0].isupper() else made.lower()

    def changed(told: str) -> str:
        told = TOKEN.sub(other, told)
        made = "|".join(re.escape(name) for name in called.values() if name[0].isalpha())
        return re.sub(rf"\b([Aa])n? (?=({made})\b)", article, told, flags=re.IGNORECASE) if made else told

    return replace(
        text,
        subject=changed(text.subject),
        sentences=[changed(sentence) for sentence in text.sentences],
        said=[(tuple(map(changed, asked)), changed(answer)) for asked, answer in text.said],
        unsaid=[tuple(map(changed, asked)) for asked in text.unsaid],
    )


def said_in(text: Text) -> Iterator[str]:
    yield from text.sentences
    for asked, answer in text.said:
        yield from (*asked, answer)
    for asked in text.unsaid:
        yield from asked


def number(told: str, earlier: int, rng: random.Random) -> str:
    """A number as long as this one; a year some years before it; of two digits one that may be a day's."""
    whole, point, part = told.partition(".")
    digits = whole.replace(",", "")
    if len(whole) == 4 and not point and "1000" <= whole <= "2100":
        return str(int(whole) - earlier)
    least, most = 10 ** (len(digits) - 1), 10 ** len(digits) - 1
    made = rng.randint(least, 28 if len(digits) == 2 else most)
    return (f"{made:,}" if "," in whole else str(made)) + point + "".join(rng.choice("123456789") for _ in part)


def symbol(rng: random.Random) -> str:
    return rng.choice("ABCDEFGHKLMNPRSTVXZ") + rng.choice("aeioubdgmnrt")


def article(match: re.Match) -> str:
    return f"{match[1]}{'n' if begins_with_vowel(match[2]) else ''} "
