"""The rules judge: an answer is as good as what it shares with the reference answer."""

import re

from teacher.rules.english import STOP_WORDS, names_in, numbers_in, one_line, words


def compare(question: str, reference: str, first: str, second: str) -> str:
    """-> "A", "B" or "tie": which answer is closer to the reference."""
    a, b = score(question, reference, first), score(question, reference, second)
    return "tie" if abs(a - b) < 0.05 else "A" if a > b else "B"


def key_parts(question: str, reference: str) -> set[str]:
    """What of a reference answer is news: its words that the question does not have, as a rule the value asked for."""
    asked = {w.lower() for w in words(question)}
    return {w.lower() for w in words(reference) if w.lower() not in asked and w.lower() not in STOP_WORDS} | {
        n for n in numbers_in(reference) if n not in numbers_in(question)
    }


def score(question: str, reference: str, answer: str) -> float:
    """0 to 1: how much of what the reference tells is in the answer.

    Less for other numbers, a wrong yes or no, rambling, no end.
    """
    text = one_line(answer)
    if not text:
        return 0.0
    said = {w.lower() for w in words(text)} | set(numbers_in(text))
    key = key_parts(question, reference)
    if key:
        result = len(key & said) / len(key)
    else:
        told = {w.lower() for w in words(reference)}
        result = len(told & said) / max(len(told), 1)
    opening = re.match(r"(yes|no)\b", reference.lower())
    if opening and not text.lower().startswith(opening[1]):
        result *= 0.25
    if set(numbers_in(text)) - set(numbers_in(reference + " " + question)):
        result *= 0.5
    strangers = {n.lower() for n in names_in(text)} - {w.lower() for w in words(reference + " " + question)}
    if strangers:
        result *= 0.7
    if len(text.split()) > 2 * len(reference.split()) + 8:
        result *= 0.7
    if not text.endswith((".", "!", "?", '."', '"')):
        result *= 0.8
    return result
