"""Ways to type: each changes what it says it changes, and nothing else."""

import random
from collections import Counter

import pytest

from teacher.as_typed import LETTERS, TYPISTS, WAYS, as_typed, cut_words

PERSONA = {"name": "Ada"}
QUESTION = "What is the capital of France?"


def typed(way, text=QUESTION, seed=0):
    return TYPISTS[way](text, random.Random(seed), PERSONA)


def test_every_way_has_a_typist_and_a_weight():
    assert set(WAYS) == set(TYPISTS) and set(LETTERS) < set(WAYS)


def test_lower_case_and_capitals():
    assert {typed("lower", seed=i) for i in range(20)} == {QUESTION.lower(), QUESTION.lower()[:-1]}
    assert typed("capitals") == "WHAT IS THE CAPITAL OF FRANCE?"
    assert typed("no_mark") == "What is the capital of France"


def test_words_around_the_question_leave_it_whole():
    for seed in range(50):
        first, last = typed("before", seed=seed), typed("behind", seed=seed)
        assert first.lower().endswith(QUESTION.lower()) and len(first) > len(QUESTION)
        assert last.startswith("What is the capital of France") and len(last) > len(QUESTION)
        assert typed("system", seed=seed).endswith("\n\n" + QUESTION)
        assert "{" not in first + last


def test_a_typo_is_one_slip_in_one_word():
    for seed in range(100):
        wrong = typed("typo", seed=seed)
        assert abs(len(wrong) - len(QUESTION)) <= 1
        pairs = [(a, b) for a, b in zip(QUESTION.split(), wrong.split()) if a != b]
        assert len(pairs) <= 1 and all(a[0] == b[0] for a, b in pairs)
    assert typed("typo", "Why is it so?") == "Why is it so?"  # no word is long enough


def test_numbers_as_words_and_words_as_numbers():
    assert typed("digits", "Has it 7 or 12 parts?") == "Has it seven or twelve parts?"
    assert typed("digits", "Has it seven parts?") == "Has it 7 parts?"
    assert typed("digits", "Is it 3.5 or 1867?") == "Is it 3.5 or 1867?"


def test_the_share_is_kept_and_the_key_decides():
    drawn = [as_typed(QUESTION, 0.4, PERSONA, 1, i, ways=tuple(WAYS)) for i in range(3000)]
    assert sum(bool(ways) for _, ways in drawn) / 3000 == pytest.approx(0.4, abs=0.03)
    assert drawn[:50] == [as_typed(QUESTION, 0.4, PERSONA, 1, i, ways=tuple(WAYS)) for i in range(50)]
    count = Counter(way for _, ways in drawn for way in ways)
    assert set(count) == set(WAYS) and count["lower"] > count["digits"]
    assert as_typed(QUESTION, 0.0, PERSONA, 1, ways=tuple(WAYS)) == (QUESTION, [])
    letters = {way for i in range(300) for way in as_typed(QUESTION, 1.0, PERSONA, i, ways=LETTERS)[1]}
    assert letters == set(LETTERS)


def test_cut_words_are_two_pieces_of_the_same_text():
    """Every long word once, never at its ends; short words, numbers and blanks stay whole."""
    text = "When did it snow in 1999, and where?"
    for seed in range(50):
        pieces = cut_words(text, 1.0, random.Random(seed))
        assert "".join(pieces) == text and len(pieces) == 4  # When, snow, where
        assert all(a[-1].isalpha() and b[0].isalpha() for a, b in zip(pieces, pieces[1:]))
    assert cut_words(text, 0.0, random.Random(1)) == [text]
    counts = [len(cut_words(text, 0.25, random.Random(seed))) - 1 for seed in range(2000)]
    assert 0.2 < sum(counts) / 6000 < 0.3
