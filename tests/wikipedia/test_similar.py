"""wikipedia/similar.py: the rarest shingles lose no pair, by all pairs of small sets; components by a plain search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wikipedia import similar
from wikipedia.similar import Candidates, Places

SETS = st.lists(st.sets(st.integers(0, 40), min_size=1, max_size=25), min_size=2, max_size=12)


def candidates(sets):
    """Sets of small numbers as shingles; the numbers are spread over 64 bits, as hashes are."""
    spread = [np.sort(np.array(sorted(one), np.uint64) * np.uint64(0x9E3779B97F4A7C15)) for one in sets]
    bounds = np.cumsum([0] + [len(one) for one in spread])
    return Candidates(np.zeros((len(sets), 1), np.uint32), np.concatenate(spread), bounds)


@settings(deadline=None)
@given(SETS, st.sampled_from([0.3, 0.5, 0.6, 0.75, 0.8, 0.9, 1.0]))
def test_every_pair_that_reaches_the_threshold_meets_in_a_bucket(sets, threshold):
    """In either order: whichever of the two is put into its buckets first, the other finds it."""
    found = candidates(sets)
    everyone = np.arange(len(sets))
    counts = similar.rarity(found, everyone)
    put, look = similar.shared_places(*similar.rarest(found, everyone, counts, threshold))
    inside = {k: set(put.bucket[put.article == k].tolist()) for k in range(len(sets))}
    looked = {k: set(look.bucket[look.article == k].tolist()) for k in range(len(sets))}
    for x, one in enumerate(sets):
        for y, other in enumerate(sets):
            if x != y and len(one & other) / len(one | other) >= threshold:
                assert looked[x] & inside[y], (one, other)


def test_sets_that_differ_in_what_is_rare_do_not_meet():
    """Ten stubs with 40 elements in common and 10 of their own: J = 40 / 60, below 0.8."""
    sets = [set(range(40)) | set(range(100 * k, 100 * k + 10)) for k in range(1, 11)]
    found = candidates(sets)
    counts = similar.rarity(found, np.arange(10))
    put, look = similar.shared_places(*similar.rarest(found, np.arange(10), counts, 0.8))
    assert not set(put.bucket.tolist()) & set(look.bucket.tolist())


@pytest.mark.parametrize("size", [1, 64, 65])
def test_a_bucket_is_crowded_from_65_members_on(size):
    places = Places(np.arange(size + 1, dtype=np.int32), np.array([0] * size + [1]))
    assert similar.is_crowded(places).tolist() == [size > 64] * size + [False]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 15)), max_size=40))
def test_components_are_what_buckets_connect(pairs):
    groups = [{k} for k in range(20)]
    for bucket in range(16):
        members = {article for article, b in pairs if b == bucket}
        joined = set().union(*(group for group in groups if group & members))
        groups = [group for group in groups if not group & members] + ([joined] if joined else [])
    articles, buckets = (np.array([pair[k] for pair in pairs], np.int64) for k in (0, 1))
    label = similar.components(20, Places(articles.astype(np.int32), buckets)).tolist()
    assert {frozenset(k for k in range(20) if label[k] == one) for one in label} == set(map(frozenset, groups))
