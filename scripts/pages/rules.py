"""The rules of clean.py on a sample of its input: how what they measure is distributed, where the thresholds lie, which
articles are just over and just under, which languages there are."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import fasttext

import clean
from pipeline.config import Clean, Config, InputError
from pipeline.files import read_jsonl
from scripts.pages.pieces import Html, bars, excerpt, fold, html, link, short, spread
from wikipedia import languages, quality, writing

SAMPLE = 3000  # articles measured, from all over the input
NEAR = 5  # shown on each side of a threshold
GLANCE = 600  # characters that the language model sees
MOST_WORDS = 12  # common words counted


class Measure(NamedTuple):
    rule: str
    name: str
    of: Callable[[quality.Article], float]
    limits: tuple[tuple[str, float], ...]  # (key of the clean section, its value), the lower one first
    lowest: bool  # does the first of them bound from below?
    most: float | None = None  # larger values are drawn as that


class Measured(NamedTuple):
    articles: list[quality.Article]
    languages: list[tuple[str, float]]  # of each the likeliest code, and the probability of those that the config keeps


def section(cfg: Config, folder: Path) -> str:
    """folder: the input of clean.py"""
    try:
        model = fasttext.load_model(str(clean.language_model(cfg.clean))).f
    except InputError:
        return ""
    records = sample(sorted(folder.glob("part-*.jsonl")))
    if not records:
        return ""
    articles = quality.measured(records, [quality.is_disambiguation(r, cfg.clean.languages) for r in records])
    found = Measured(articles, [language_of(model, article.text, cfg.clean.languages) for article in articles])
    parts = [one_measure(measure, articles) for measure in measures(cfg.clean, found)]
    return (
        f"<h2>What the rules measure</h2><p class='soft small'>of {len(articles):,} articles from all over the input "
        "of clean.py; a red line is a threshold of the config's <code>clean</code> section. Change it and run clean.py "
        f"again.</p><div class='grid'>{''.join(parts)}</div>{seen_languages(found)}"
    )


def sample(files: list[Path]) -> list[dict]:
    """At most SAMPLE records, as many of each file, from its beginning."""
    each = math.ceil(SAMPLE / max(1, len(files)))
    records: list[dict] = []
    for path in files:
        for place, record in enumerate(read_jsonl(path)):
            if place >= each:
                break
            records.append(record)
    return records


def language_of(model, text: str, kept: list[str]) -> tuple[str, float]:
    found = model.predict(text[:GLANCE].replace("\n", " ") + "\n", -1, 0.0, "strict")
    codes = {label.removeprefix("__label__"): probability for probability, label in found}
    likeliest = max(codes, key=lambda code: codes[code]) if codes else "?"
    return likeliest, sum(codes.get(code, 0.0) for code in kept)


def measures(rules: Clean, found: Measured) -> list[Measure]:
    place = {id(article): k for k, article in enumerate(found.articles)}
    listed = [word for code in rules.languages for word in languages.language(code).stop_words]

    def limits(*keys: str) -> tuple[tuple[str, float], ...]:
        return tuple((key, float(getattr(rules, key))) for key in keys)

    def common_words(article: quality.Article) -> float:
        return min(MOST_WORDS, sum(word in article.text for word in listed))

    every = [
        Measure("short", "characters", lambda a: writing.size(a.text), limits("min_chars"), True, 3000.0),
        Measure(
            "language", "probability of the language", lambda a: found.languages[place[id(a)]][1],
            limits("language_prob"), True,
        ),
        Measure("stop_words", "different common words", common_words, limits("min_stop_words"), True),
        Measure(
            "word_length", "characters a word", lambda a: a.word_letters,
            limits("min_word_length", "max_word_length"), True, 14.0,
        ),
        Measure("alpha_words", "share of words with letters", lambda a: a.alpha_words, limits("min_alpha_words"), True),
        Measure(
            "duplicate_lines", "share of the text in repeated lines", lambda a: quality.repeated_lines(a.text),
            limits("max_duplicate_lines"), False,
        ),
        Measure(
            "duplicate_5grams", "share of repeated 5-grams", lambda a: a.duplicate_5grams,
            limits("max_duplicate_5grams"), False,
        ),
    ]  # fmt: skip
    return [measure for measure in every if measure.rule != "stop_words" or listed]


def one_measure(measure: Measure, articles: list[quality.Article]) -> str:
    values = [(float(measure.of(article)), article) for article in articles]
    values = [(value, article) for value, article in values if value == value]  # nan: the language has no such words
    if not values:
        return ""
    numbers = [limit for _, limit in measure.limits]
    drawing = spread(measure.name, [value for value, _ in values], numbers, measure.most)
    parts = []
    for place, (key, limit) in enumerate(measure.limits):
        below = measure.lowest and place == 0
        goes = [pair for pair in values if (pair[0] < limit if below else pair[0] > limit)]
        stays = [pair for pair in values if not (pair[0] < limit if below else pair[0] > limit)]
        said = f"<code>{key}: {limit:g}</code> takes {len(goes):,} of {len(values):,}"
        parts.append(f"<p class='small'>{said}</p>" + nearest("just left out", goes, limit, below))
        parts.append(nearest("just kept", stays, limit, not below))
    return f"<div>{drawing}{''.join(parts)}</div>"


def nearest(title: str, values: list[tuple[float, quality.Article]], limit: float, below: bool) -> str:
    """The articles whose value is closest to the limit, from one side of it."""
    ordered = sorted(values, key=lambda pair: -pair[0] if below else pair[0])[:NEAR]
    if not ordered:
        return ""
    shown = [
        Html(f"{link(a.record['title'], a.record.get('url', ''))}: {short(value)}\n\n{html(excerpt(a.text, 500))}")
        for value, a in ordered
    ]
    return fold(title, shown)


def seen_languages(found: Measured) -> str:
    counts = Counter(code for code, _ in found.languages)
    rows = [(code, n, f"{n:,} · {n / len(found.languages):.1%}") for code, n in counts.most_common(10)]
    return f"<h3>Languages of that sample, as the language model sees them</h3>{bars(rows)}"
