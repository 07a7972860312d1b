"""pipeline/repetition.py: the same words three times on end, found in linear time."""

import random
import re

import pytest

from pipeline.repetition import in_circles

# What it is in a sentence; as a pattern it takes for ever on "s's's", so that it is asked about plain words alone.
MEANT = re.compile(r"\b(\w+(?: \w+){0,3}?)(?: \1\b){2,}")


@pytest.mark.parametrize(
    "text, circles",
    [
        ("The river the river the river", True),
        ("the, The. THE!", True),
        ("a river, a lake, a river, a lake, a river", False),
        ("a river, a lake, a river, a lake, a river, a lake", True),
        ("Rubik's's's's", True),
        ("very very good", False),
        ("the theory the theme the them", False),
        ("", False),
    ],
)
def test_what_goes_in_circles(text, circles):
    assert in_circles(text, longest=4) is circles


def test_numbers_count_only_where_they_are_to():
    assert in_circles("1, 1, 1", 4) and not in_circles("1, 1, 1", 4, numbers=False)
    assert in_circles("in 1900 in 1900 in 1900", 4, numbers=False)


def test_it_is_what_the_pattern_means_on_ten_thousand_random_texts():
    rng = random.Random(1)
    found = 0
    for _ in range(10_000):
        text = " ".join(rng.choice("a b ab c".split()) for _ in range(rng.randint(1, 14)))
        found += in_circles(text, longest=4)
        assert in_circles(text, longest=4) == bool(MEANT.search(text)), text
    assert 1_000 < found < 9_000


def test_a_long_text_that_a_pattern_would_never_be_done_with():
    assert in_circles("Rubik" + "'s" * 50_000, 8)
    assert not in_circles(" ".join(f"w{n}'s" for n in range(50_000)), 8)
