"""Words and sentences in any script.

Most scripts put spaces between words. Chinese, Japanese, Thai, Lao, Khmer and Burmese do not: there a character with
its marks stands for a word. A combining mark belongs to the letter before it. Sentences end with the full stops of any
script; where there are none (Thai, Lao, many Khmer and Burmese texts) a long line of running text is a sentence.
"""

import re
import unicodedata

_CJK = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9d\U00020000-\U0003ffff"
)
_SOUTH_EAST_ASIAN = range(0x0E00, 0x0F00), range(0x1000, 0x10A0), range(0x1780, 0x1800), range(0xAA60, 0xAA80)
_PUNCTUATION = "\u200b\u3001-\u3003\u3008-\u3011\u3014-\u301f\u30fb\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"


def _characters(categories: str, *among: range) -> str:
    """Those of the given general categories (L, Mn ...), as ranges of a regular expression's class."""
    found = [c for part in among for c in part if unicodedata.category(chr(c)).startswith(tuple(categories.split()))]
    starts = [c for before, c in zip([-1, *found], found) if c != before + 1]
    ends = [c for c, after in zip(found, [*found[1:], -1]) if after != c + 1]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends))


MARKS = _characters("M", range(0x300, 0x1E000))  # of every script, for a regular expression's class
# Unicode's Sentence_Terminal, of scripts in use, and the Tibetan shad
_TERMINALS = "。！？｡．۔؟։।॥။៕។።፧፨༎།᙮᠃᠉‼‽⁇⁈⁉⸮꓿꘎꘏꛳꛷꣎꣏꧈꧉꩝꩞꩟꯫﹒﹖﹗"
_ENDS = re.compile(rf"""[.!?…][\])"'”’»›]*(?:\s|$)|[{_TERMINALS}]|(?<=[\u1200-\u135a]) ?::""")
# With the space behind it, where the next one begins; of Latin full stops that of "J. R. R." or "Dr. No" ends none
_SENTENCE_END = re.compile(
    rf"""\n+|[.!?…][\])"'”’»›]*\s+(?=[^\W_a-zß-ÿ]|["“‘«„¿¡(\[-])|[{_TERMINALS}][」』”"』）)]*\s*"""
)
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:[^\W\d_]|Dr|Mr|Mrs|Ms|St|Prof|Gen|Col|Capt|Lt|Sgt|Jr|Sr|No|vs|ca|cf|approx)\.$"
)
_OUTSIDE = re.compile(f"[{_PUNCTUATION}{_characters('P', *_SOUTH_EAST_ASIAN)}]")
_LETTER = re.compile(f"[{_CJK}{_characters('L N', *_SOUTH_EAST_ASIAN)}][{MARKS}]*")
_RUN = re.compile(f"(?:{_LETTER.pattern})+")
_LONG_RUN = re.compile(f"[{_characters('L N M', *_SOUTH_EAST_ASIAN)}]")
_MARK = re.compile(f"[{MARKS}]")
# One character for two sounds or more: a Hangul or Ethiopic syllable, a Vietnamese vowel with its tone
_DENSE = re.compile("[\uac00-\ud7a3\u1200-\u135a\u1ea0-\u1ef9ăâđêôơưĂÂĐÊÔƠƯ]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_DENSEST = re.compile(f"[{_CJK}\uac00-\ud7a3\u1200-\u135a]")
_CJK_LETTER = re.compile(f"[{_CJK}]")
LETTERS_A_WORD = {"cjk": 2, "other": 3}  # with their marks, of the words that in_stretches() makes
CHARACTERS_A_WORD = 4  # of Thai, Lao, Khmer and Burmese, their marks not counted

# First bytes, in UTF-8, of all characters that are named here; English text has few of them
_FIRST_BYTES = bytes([0xC4, 0xC6, 0xCC, 0xCD, *range(0xD2, 0xE2), *range(0xE3, 0xF5)])
_FIRST_BYTES_UNSPACED = bytes([0xE0, 0xE1, *range(0xE3, 0xEB), 0xEF, 0xF0])


def is_plain(raw: bytes) -> bool:
    """Whether a text in UTF-8 has none of the characters that are told apart here. Fast; a yes is certain."""
    return len(raw.translate(None, _FIRST_BYTES)) == len(raw)


def spaced(text: str, raw: bytes | None = None) -> str:
    """The text with spaces around every character of a script that has none between words.

    raw: the same text in UTF-8, where it is at hand.
    """
    raw = text.encode() if raw is None else raw
    if len(raw.translate(None, _FIRST_BYTES_UNSPACED)) == len(raw):
        return text
    return _LETTER.sub(r" \g<0> ", _OUTSIDE.sub(" ", text))


def in_stretches(text: str) -> str:
    """The text with spaces between stretches of a script that has none, each about as long as a word.

    Two letters say whether there is a cut between them, so that the same passage is cut alike wherever it stands. By
    letters alone, towns told of in the same sentences would be duplicates in Thai that are none in English.
    """
    if len(text.encode().translate(None, _FIRST_BYTES_UNSPACED)) == len(text.encode()):
        return text

    def stretches(run: re.Match) -> str:
        letters = _LETTER.findall(run[0])
        mean = LETTERS_A_WORD["cjk" if _CJK_LETTER.match(letters[0]) else "other"]
        kept = [" ", letters[0]]
        for before, letter in zip(letters, letters[1:]):
            if ((ord(before[0]) * 31 + ord(letter[0])) * 0x9E3779B1 >> 12) % mean == 0:
                kept.append(" ")
            kept.append(letter)
        return "".join([*kept, " "])

    return _RUN.sub(stretches, _OUTSIDE.sub(" ", text))


def paired(text: str) -> str:
    """The text with each run of a script without spaces as its pairs of characters: 日本語 -> 日本 本語."""
    if len(text.encode().translate(None, _FIRST_BYTES_UNSPACED)) == len(text.encode()):
        return text

    def pairs(run: re.Match) -> str:
        letters = _LETTER.findall(run[0])
        return f" {' '.join(a + b for a, b in zip(letters, letters[1:])) or letters[0]} "

    return _RUN.sub(pairs, _OUTSIDE.sub(" ", text))


def sentences(text: str) -> list[str]:
    """The text cut behind the end of each sentence and line; joined again they are the text."""
    parts, start = [], 0
    for end in _SENTENCE_END.finditer(text):
        if end.end() < len(text) and not _ABBREVIATED.search(text, max(start, end.start() - 12), end.start() + 1):
            parts.append(text[start : end.end()])
            start = end.end()
    return [*parts, text[start:]] if start < len(text) else parts


def size(text: str) -> int:
    """Characters; one that stands for a word or a syllable (Chinese, Japanese, Korean, Amharic) counts as two."""
    return len(text) + len(_DENSEST.findall(text))


def word_lengths(text: str) -> tuple[float, float]:
    """The mean length of a word between spaces, in sounds and in letters; nan where words have no spaces between them.

    Marks are no letters of their own, so that Tamil words are not taken for monsters; a Korean syllable is two sounds,
    so that Korean words are not taken for fragments. In English both are the number of characters.
    """
    words = len(text.split())
    characters = len(text) - sum(map(text.count, (" ", "\n", "\t")))
    rare = " ".join(_NOT_ASCII.findall(text))  # all that is counted here is, and of most texts it is little
    if 2 * sum(len(run) for run in _LETTER.findall(rare)) > characters:
        return float("nan"), float("nan")
    sounds = characters + len(_DENSE.findall(rare))
    return sounds / max(words, 1), (characters - len(_MARK.findall(rare))) / max(words, 1)


def ends_sentence(text: str) -> bool:
    """Whether the last thing in the text is the end of a sentence."""
    return bool(_ENDS.search(text, max(0, len(text.rstrip()) - 4)))


def has_sentence(text: str, words: int, plain: bool = False) -> bool:
    """Is there a line of at least so many words with the end of a sentence, or of running text without full stops?

    plain: what is_plain() says of the text.
    """
    for line in text.split("\n"):
        count = line.count(" ") + 1 if plain else len(spaced(line).split())
        if count >= words and (_ENDS.search(line) or (not plain and _runs_on(line, words))):
            return True
    return False


def _runs_on(line: str, words: int) -> bool:
    """A line of Thai, Lao, Khmer or Burmese that is long enough and no item of a list or a heading."""
    if line.startswith(("-", "#", "*", "|")):
        return False
    return len(_MARK.sub("", "".join(_LONG_RUN.findall(line)))) >= words * CHARACTERS_A_WORD
