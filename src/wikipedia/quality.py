"""The rules that an article must pass to be trained on: RULES, in their order.

A rule is a function that sees an article, its whole record and what was measured of it, and says whether it goes; to
add one, write the function and put it into RULES. Figures that cost time are measured over batches of texts, with
NumPy. Thresholds fit an encyclopaedia: rules made for web crawls would drop half of its ordinary articles.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from wikipedia import languages, minhash, writing

# What a byte of lower-cased UTF-8 says, by its bits
SPACE, STARTS_CHARACTER, LETTER = 1, 2, 4
_KIND = np.zeros(256, np.uint8)
_KIND[list(b" \t\n\r\x0b\x0c")] = SPACE
_KIND[(np.arange(256) & 0xC0 != 0x80) & (_KIND != SPACE)] |= STARTS_CHARACTER
# Letters of any script by a character's first byte: C2 begins Latin-1's symbols, E2 dashes, arrows and mathematics
_KIND[[*range(ord("a"), ord("z") + 1), *range(0xC3, 0xE2), *range(0xE3, 0xF5)]] |= LETTER


class Article(NamedTuple):
    """What a rule sees of an article."""

    record: dict  # id, title, text and whatever else extraction left in it
    disambiguation: bool
    plain: bool  # what writing.is_plain() says of its text
    word_sounds: float  # mean of a word, see writing.word_lengths(); nan: its words are not set off by spaces
    word_letters: float
    alpha_words: float  # share of the words with a letter in them
    duplicate_5grams: float  # share of the word 5-grams that stood in the text before

    @property
    def text(self) -> str:
        return self.record["text"]


class Standard(NamedTuple):
    """What articles are held against."""

    limits: Any  # the config's clean section
    in_language: Callable[[str], bool]
    stop_words: list[tuple[str, ...]]  # of each language, as languages.Language has them


class Rule(NamedTuple):
    name: str  # what it takes is counted and sampled under it
    settings: tuple[str, ...]  # the keys of the clean section that loosen it
    drops: Callable[[Article, Standard], bool]


def disambiguation(article: Article, standard: Standard) -> bool:
    return standard.limits.drop_disambiguation and article.disambiguation


def short(article: Article, standard: Standard) -> bool:
    least = standard.limits.min_chars
    return len(article.text) < least and (article.plain or writing.size(article.text) < least)


def language(article: Article, standard: Standard) -> bool:
    return not standard.in_language(article.text)


def stop_words(article: Article, standard: Standard) -> bool:
    """No language whose stop words are unknown is asked for, and none of those asked for has enough of them here."""
    least = standard.limits.min_stop_words
    return all(listed and not has_stop_words(article.text, listed, least) for listed in standard.stop_words)


def word_length(article: Article, standard: Standard) -> bool:
    # False for nan, both times
    too_short = article.word_sounds < standard.limits.min_word_length
    return too_short or article.word_letters > standard.limits.max_word_length


def alpha_words(article: Article, standard: Standard) -> bool:
    return article.alpha_words < standard.limits.min_alpha_words


def no_sentence(article: Article, standard: Standard) -> bool:
    least = standard.limits.min_sentence_words
    return bool(least) and not writing.has_sentence(article.text, least, article.plain)


def duplicate_lines(article: Article, standard: Standard) -> bool:
    return repeated_lines(article.text) > standard.limits.max_duplicate_lines


def duplicate_5grams(article: Article, standard: Standard) -> bool:
    return article.duplicate_5grams > standard.limits.max_duplicate_5grams


RULES = (  # an article is counted under the first that takes it
    Rule("disambiguation", ("drop_disambiguation",), disambiguation),
    Rule("short", ("min_chars",), short),
    Rule("language", ("language", "language_prob"), language),
    Rule("stop_words", ("min_stop_words",), stop_words),
    Rule("word_length", ("min_word_length", "max_word_length"), word_length),
    Rule("alpha_words", ("min_alpha_words",), alpha_words),
    Rule("no_sentence", ("min_sentence_words",), no_sentence),
    Rule("duplicate_lines", ("max_duplicate_lines",), duplicate_lines),
    Rule("duplicate_5grams", ("max_duplicate_5grams",), duplicate_5grams),
)


def reasons_to_drop(
    records: list[dict], disambiguations: list[bool], limits: Any, in_language: Callable[[str], bool]
) -> list[str | None]:
    """The name of the first rule that takes each article, or None.

    disambiguations: is_disambiguation() of each, told before its text was repaired; limits: the config's clean section
    """
    # where articles of any language stay, one language's words say nothing
    codes = limits.languages if limits.language_prob else ["any"]
    standard = Standard(limits, in_language, [languages.language(code).stop_words for code in codes])
    articles = measured(records, disambiguations)
    return [next((rule.name for rule in RULES if rule.drops(article, standard)), None) for article in articles]


def measured(records: list[dict], disambiguations: list[bool]) -> list[Article]:
    texts = [record["text"] for record in records]
    lowered = [text.encode().lower() for text in texts]  # ASCII alone: several times faster, and enough here
    plain = [writing.is_plain(raw) for raw in lowered]
    spaced = [raw if is_plain else writing.spaced(raw.decode(), raw).encode() for raw, is_plain in zip(lowered, plain)]
    lengths, alpha = word_figures(spaced)
    repeated = repeated_ngrams(spaced, 5)
    articles = [
        Article(record, is_one, is_plain, length, length, share, again)
        for record, is_one, is_plain, length, share, again in zip(
            records, disambiguations, plain, lengths, alpha, repeated
        )
    ]
    for k, article in enumerate(articles):
        if not article.plain:
            sounds, letters = writing.word_lengths(texts[k])
            articles[k] = article._replace(word_sounds=sounds, word_letters=letters)
            if sounds != sounds:  # nan: five characters are a word or two, repeated in any text of some length
                articles[k] = articles[k]._replace(duplicate_5grams=repeated_ngrams([spaced[k]], 10)[0])
    return articles


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


def has_stop_words(text: str, listed: tuple[str, ...], least: int) -> bool:
    """Do at least so many different ones of the listed words occur?"""
    found = 0
    for word in listed:
        found += word in text
        if found >= least:
            return True
    return found >= least


def is_disambiguation(record: dict, codes: Sequence[str] = ("en",)) -> bool:
    """Flagged by extraction, or by its title, or a first line that only says what the title may refer to.

    Not "may refer to" anywhere: an ordinary article's note says that too. codes: of the languages, beside English
    """
    if record.get("disambiguation"):
        return True
    titles, first_line = _disambiguation_marks(tuple(codes))
    return record.get("title", "").endswith(titles) or bool(
        first_line.search(record["text"].partition("\n")[0].rstrip())
    )


@cache
def _disambiguation_marks(codes: tuple[str, ...]) -> tuple[tuple[str, ...], re.Pattern]:
    known = [languages.language(code) for code in ("en", *codes)]
    titles = tuple(f"({name})" for one in known for name in one.disambiguation_titles)
    first_lines = "|".join(one.disambiguation_first_line for one in known if one.disambiguation_first_line)
    return titles, re.compile(rf"(?:{first_lines})[^.。\n]{{0,40}}[:：]?$")
