"""The words by which a text is found: lower case, no accents, stems; two characters a word where there are no spaces.

    terms_of("en").words("The U.S. paid $7,200,000 to Zoë's") -> ['the', 'us', 'paid', '7200000', 'to', 'zoe']
    terms_of("en").stem("discoveries") -> 'discoveri'

The same for the index and for questions, or they would not meet. Stems are Snowball's, for the languages that it knows.
"""

import re
import threading
import unicodedata
from functools import cache

import Stemmer

from wikipedia import writing
from wikipedia.languages import language

# fmt: off
STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "fa": "persian", "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "it": "italian", "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}
# fmt: on
LONGEST = 40  # characters of a word that are kept: what is longer is no word that anyone types
KNOWN = 1 << 20  # words whose stems are kept: 100 MB
# Letters that Unicode does not take apart
LETTERS = str.maketrans({"ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f]")  # not the vowel signs of Indian scripts
ACRONYM = re.compile(r"\b(?:[^\W\d_]\.){2,}")
INITIALS = re.compile(r"\.[^\W\d_]\.")  # what begins with a rare character is looked for fast
THOUSANDS = re.compile("[,\u202f\u00a0'](?<=\\d.)(?=\\d{3}(?!\\d))")
POSSESSIVE = re.compile(r"['’]s\b")
WORD = re.compile(r"[^\W_]+")
SPACED_WORD = re.compile(f"[^\\W_{writing.MARKS}](?:[^\\W_]|[{writing.MARKS}])*")


@cache
def terms_of(code: str) -> "Terms":
    """The words of a language, made once in a process."""
    return Terms(code)


class Terms:
    """The words of one language; safe for many threads."""

    def __init__(self, code: str):
        """code: of the wiki, such as de or simple; one without a table has neither stop words nor question words."""
        table = language(code)
        self.stems = _Stems(STEMMERS.get(table.code))
        self.asking = self._set(" ".join(table.question_words))
        self.pointing = self._set(" ".join(table.pronouns))
        self.stop = self._set("".join(table.stop_words)) | self.asking | self.pointing
        self.said = _Content(self.stems, self.stop)

    def _set(self, text: str) -> frozenset[str]:
        return frozenset(self.words(text))

    def words(self, text: str) -> list[str]:
        """All of them, in order, not stemmed."""
        text = POSSESSIVE.sub("", text) if "'" in text or "’" in text else text
        if text.isascii():
            text, pattern = text.lower(), WORD
        else:
            text = ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold().translate(LETTERS)))
            text, pattern = writing.paired(unicodedata.normalize("NFC", text)), SPACED_WORD
        if INITIALS.search(text):
            text = ACRONYM.sub(lambda match: match[0].replace(".", "") + " ", text)
        return [word[:LONGEST] for word in pattern.findall(THOUSANDS.sub("", text))]

    def content(self, words: list[str]) -> list[str]:
        """The stems of the words that say something."""
        return [stem for stem in map(self.said.__getitem__, words) if stem]

    def is_stop(self, word: str) -> bool:
        return not self.said[word]

    def stem(self, word: str) -> str:
        return self.stems[word]


class _Stems(dict):
    """word -> its stem, worked out when it is first asked for."""

    def __init__(self, algorithm: str | None):
        super().__init__()
        self.stemmer = Stemmer.Stemmer(algorithm) if algorithm else None
        self.lock = threading.Lock()  # the stemmer is for one thread at a time

    def __missing__(self, word: str) -> str:
        with self.lock:
            stem = self.stemmer.stemWord(word) if self.stemmer else word
        if len(self) >= KNOWN:
            self.clear()
        self[word] = stem
        return stem


class _Content(dict):
    """word -> its stem; "" for a stop word, and for a pair of characters one of which is such a word: の, 的."""

    def __init__(self, stems: _Stems, stop: frozenset[str]):
        super().__init__()
        self.stems, self.stop = stems, stop

    def __missing__(self, word: str) -> str:
        pair = len(word) == 2 and not word.isascii()
        stem = "" if word in self.stop or (pair and not self.stop.isdisjoint(word)) else self.stems[word]
        if len(self) >= KNOWN:
            self.clear()
        self[word] = stem
        return stem
