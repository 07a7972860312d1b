"""The rules that an article must pass to be trained on: RULES, in their order.

A rule is a function that sees an article, its whole record and what was measured of it, and says whether it goes; to
add one, write the function and put it into RULES. Figures that cost time are measured over batches of texts, with
NumPy. Thresholds fit an encyclopaedia: rules made for web crawls would drop half of its ordinary articles.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wikipedia import minhash

# Very common words that stand between spaces in any running text of the language. Languages that are not here, such as
# those written without spaces, have no such rule.
STOP_WORDS = {
    language: [f" {word} " for word in listed.split()]
    for language, listed in {
        "en": "the of and in to is was for as on with by at from it an are were that which or be has his its",
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an war wurde",
        "fr": "de la le et les des en un du une est dans que pour qui au par il sur plus ne se sont avec à",
        "es": "de la que el en y a los se del las un por con una su para es al lo como más fue era",
        "it": "di e il la che in a un è per una del si con della da al dei le non nel sono alla come",
        "pt": "de a o que e do da em um para com uma os no se na por mais as dos como foi ao das",
        "nl": "de van het een en in is dat op te zijn met voor die niet aan er om ook als dan maar bij werd",
        "sv": "och i att en som på är av för det till den med de ett om har inte var från han vid",
        "da": "og i at en som på er af for det til den med de et om har ikke var fra han ved",
        "no": "og i at en som på er av for det til den med de et om har ikke var fra han ved",
        "fi": "ja on oli että se hän ei myös joka mutta ovat kun sen hänen tai jossa mukaan vuonna sekä",
        "pl": "w i z na do się jest o od za przez po jako to oraz a dla nie był roku ze jego",
        "cs": "a v na je se s z do o že i by za pro k od po roku byl jako který ve",
        "hu": "a az és egy hogy is nem volt ez meg de csak már mint el vagy ki után még",
        "ro": "de în și a la cu din pe o care este un al nu pentru se ca sau fost prin",
        "tr": "ve bir bu da de için ile olarak olan en çok daha gibi sonra kadar ise ya",
        "id": "yang dan di dari ini dengan untuk pada adalah dalam sebagai oleh ke tidak itu juga atau",
        "vi": "và của là có các được cho trong một với những không người đã này từ để ở",
        "ru": "и в на с по не из к что от как для был его а у это за при до во",
        "uk": "і в на з у що та до від за як не його для був це про під при або по",
        "el": "και το της η του ο την να με στην για από τα που στο ένα των είναι σε",
    }.items()
}

# What a byte of lower-cased UTF-8 says, by its bits
SPACE, STARTS_CHARACTER, LETTER = 1, 2, 4
_KIND = np.zeros(256, np.uint8)
_KIND[list(b" \t\n\r\x0b\x0c")] = SPACE
_KIND[(np.arange(256) & 0xC0 != 0x80) & (_KIND != SPACE)] |= STARTS_CHARACTER
# Letters of any script by a character's first byte: C2 begins Latin-1's symbols, E2 dashes, arrows and mathematics
_KIND[[*range(ord("a"), ord("z") + 1), *range(0xC3, 0xE2), *range(0xE3, 0xF5)]] |= LETTER

_ENDS_SENTENCE = re.compile(r"""[.!?…。！？؟।։][\])"'”’»›]*(?:\s|$)|[。！？]""")
_REFERS = re.compile(r"(?:may|can|could|might) (?:also )?(?:refer to|stand for|mean)\b[^.\n]{0,40}:?$")


class Article(NamedTuple):
    """What a rule sees of an article."""

    record: dict  # id, title, text and whatever else extraction left in it
    disambiguation: bool
    word_length: float  # mean, in characters
    alpha_words: float  # share of the words with a letter in them
    duplicate_5grams: float  # share of the word 5-grams that stood in the text before

    @property
    def text(self) -> str:
        return self.record["text"]


class Standard(NamedTuple):
    """What articles are held against."""

    limits: Any  # the config's clean section
    in_language: Callable[[str], bool]
    stop_words: list[str]  # of the language, each between spaces; none: no such rule


class Rule(NamedTuple):
    name: str  # what it takes is counted and sampled under it
    setting: str  # the key of the clean section that loosens it
    drops: Callable[[Article, Standard], bool]


def disambiguation(article: Article, standard: Standard) -> bool:
    return standard.limits.drop_disambiguation and article.disambiguation


def short(article: Article, standard: Standard) -> bool:
    return len(article.text) < standard.limits.min_chars


def language(article: Article, standard: Standard) -> bool:
    return not standard.in_language(article.text)


def stop_words(article: Article, standard: Standard) -> bool:
    listed = standard.stop_words
    return bool(listed) and not has_stop_words(article.text, listed, standard.limits.min_stop_words)


def word_length(article: Article, standard: Standard) -> bool:
    return not standard.limits.min_word_length <= article.word_length <= standard.limits.max_word_length


def alpha_words(article: Article, standard: Standard) -> bool:
    return article.alpha_words < standard.limits.min_alpha_words


def no_sentence(article: Article, standard: Standard) -> bool:
    least = standard.limits.min_sentence_words
    return bool(least) and not has_sentence(article.text, least)


def duplicate_lines(article: Article, standard: Standard) -> bool:
    return repeated_lines(article.text) > standard.limits.max_duplicate_lines


def duplicate_5grams(article: Article, standard: Standard) -> bool:
    return article.duplicate_5grams > standard.limits.max_duplicate_5grams


RULES = (  # an article is counted under the first that takes it
    Rule("disambiguation", "drop_disambiguation", disambiguation),
    Rule("short", "min_chars", short),
    Rule("language", "language_prob", language),
    Rule("stop_words", "min_stop_words", stop_words),
    Rule("word_length", "min_word_length and max_word_length", word_length),
    Rule("alpha_words", "min_alpha_words", alpha_words),
    Rule("no_sentence", "min_sentence_words", no_sentence),
    Rule("duplicate_lines", "max_duplicate_lines", duplicate_lines),
    Rule("duplicate_5grams", "max_duplicate_5grams", duplicate_5grams),
)


def reasons_to_drop(
    records: list[dict], disambiguations: list[bool], limits: Any, in_language: Callable[[str], bool]
) -> list[str | None]:
    """The name of the first rule that takes each article, or None.

    disambiguations: is_disambiguation() of each, told before its text was repaired; limits: the config's clean section
    """
    standard = Standard(limits, in_language, STOP_WORDS.get(limits.language, []))
    articles = measured(records, disambiguations)
    return [next((rule.name for rule in RULES if rule.drops(article, standard)), None) for article in articles]


def measured(records: list[dict], disambiguations: list[bool]) -> list[Article]:
    lowered = [
        record["text"].encode().lower() for record in records
    ]  # ASCII alone: several times faster, and enough here
    lengths, alpha = word_figures(lowered)
    repeated = repeated_ngrams(lowered, 5)
    return [Article(*one) for one in zip(records, disambiguations, lengths, alpha, repeated)]


def word_figures(texts: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """-> for each text the mean length of its words (between spaces) in characters, and the share of them with a letter

    texts: lower-cased, in UTF-8
    """
    raw = np.frombuffer(b" ".join([b"", *texts, b""]), np.uint8)
    kinds = _KIND[raw]
    space = kinds == SPACE
    edges = np.flatnonzero(space[1:] != space[:-1]) + 1  # a word's first byte, and the byte after its last, in turns
    starts = edges[::2]
    lettered = kinds[starts] >= LETTER
    unclear = np.flatnonzero(~lettered)  # "(the" begins with no letter, "1,000" has none
    if len(unclear):
        inside = edges.reshape(-1, 2)[unclear].ravel()
        lettered[unclear] = np.bitwise_or.reduceat(kinds, inside)[::2] >= LETTER
    text_starts = np.cumsum([1] + [len(text) + 1 for text in texts])
    cuts = np.searchsorted(starts, text_starts)
    characters = kinds >= STARTS_CHARACTER
    length = [np.count_nonzero(characters[a:b]) for a, b in zip(text_starts, text_starts[1:])]
    alpha = [np.count_nonzero(lettered[a:b]) for a, b in zip(cuts, cuts[1:])]
    words = np.maximum(np.diff(cuts), 1)
    return np.array(length) / words, np.array(alpha) / words


def repeated_ngrams(texts: list[bytes], n: int) -> np.ndarray:
    """The share of each text's word n-grams that stood in it before. texts: lower-cased, in UTF-8"""
    hashes, bounds = minhash.shingles(minhash.words(texts), n)
    lengths = np.diff(bounds)
    text = np.repeat(np.arange(len(texts), dtype=np.uint64), lengths)
    keys = np.sort((text << np.uint64(48)) | (hashes >> np.uint64(16)))  # the texts stay in order, each sorted within
    again = np.concatenate([[False], keys[1:] == keys[:-1]])
    return np.add.reduceat(again, bounds[:-1], dtype=np.int64) / lengths


def repeated_lines(text: str) -> float:
    """The share of the text in lines that stood in it before."""
    lines = text.split("\n")
    different = set(lines)
    if len(different) == len(lines):
        return 0.0
    length = sum(map(len, lines))
    return 1 - sum(map(len, different)) / length if length else 0.0


def has_sentence(text: str, words: int) -> bool:
    """Is there a line of at least so many words with the end of a sentence in it?"""
    return any(line.count(" ") >= words - 1 and _ENDS_SENTENCE.search(line) for line in text.split("\n"))


def has_stop_words(text: str, listed: list[str], least: int) -> bool:
    """Do at least so many different ones of the listed words occur?"""
    found = 0
    for word in listed:
        found += word in text
        if found >= least:
            return True
    return found >= least


def is_disambiguation(record: dict) -> bool:
    """Flagged by extraction, or by its title, or a first line that only says what the title may refer to.

    Not "may refer to" anywhere: an ordinary article's note says that too.
    """
    return (
        bool(record.get("disambiguation"))
        or record.get("title", "").endswith("(disambiguation)")
        or bool(_REFERS.search(record["text"].partition("\n")[0].rstrip()))
    )
