"""wikipedia/minhash.py against plain Python and datasketch's own MinHash."""

import re

import datasketch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wikipedia import minhash

LETTERS = "0-9a-z\x80-\U0010ffff"
WORD = re.compile(f"[{LETTERS}]+(?:[+#]{{1,2}}(?![{LETTERS}+#]))?")
TEXTS = st.lists(
    st.text(st.characters(codec="utf-8") | st.sampled_from("aaabbbccc    ...\n\n++#")), min_size=1, max_size=5
)


def words_of(texts):
    return minhash.words([text.lower().encode() for text in texts])


def plain_words(text):
    return WORD.findall(text.lower())


def plain_shingles(text, n):
    words = plain_words(text)
    return [tuple(words[i : i + n]) for i in range(max(1, len(words) - n + 1))]


@settings(deadline=None)
@given(TEXTS)
def test_words_are_runs_of_letters_and_digits_of_the_lower_cased_text(texts):
    found = words_of(texts)
    words = [word for text in texts for word in plain_words(text)]
    assert found.counts.tolist() == [len(plain_words(text)) for text in texts]
    assert len(found.hashes) == len(words)
    assert len(set(found.hashes.tolist())) == len(set(words)) == len(set(zip(words, found.hashes.tolist())))


def test_c_and_its_relatives_are_different_words():
    hashes = words_of(["C, C++ and C#; f# C+++ 1+1 a#b"]).hashes.tolist()
    c, plus, _, sharp, f, more, one, another, a, b = hashes
    assert len({c, plus, sharp, f, a, b}) == 6 and one == another and more == c


@pytest.mark.parametrize("size", [1, 7, 8, 9, 15, 16, 17, 24, 25, 1000])
def test_words_of_every_length_are_told_apart(size):
    word = ("abcdefghij" * 100)[:size]
    others = [word[:k] + "z" + word[k + 1 :] for k in range(size)] + [word + "a", word[1:] or "y"]
    hashes = words_of([" ".join([word, *others, word])]).hashes.tolist()
    assert hashes[0] == hashes[-1] and len(set(hashes)) == len(others) + 1


@settings(deadline=None)
@given(TEXTS, st.integers(1, 6))
def test_shingles_are_runs_of_n_words_within_a_text(texts, n):
    hashes, bounds = minhash.shingles(words_of(texts), n)
    plain = [plain_shingles(text, n) for text in texts]
    assert np.diff(bounds).tolist() == [len(some) for some in plain]
    flat = [shingle for some in plain for shingle in some]
    assert len(set(hashes.tolist())) == len(set(flat)) == len(set(zip(flat, hashes.tolist())))


@settings(deadline=None)
@given(TEXTS)
def test_a_text_has_the_same_shingles_alone_and_in_a_batch(texts):
    together, bounds = minhash.shingles(words_of(texts), 5)
    for k, text in enumerate(texts):
        assert minhash.shingles(words_of([text]), 5)[0].tolist() == together[bounds[k] : bounds[k + 1]].tolist()


def test_the_finalizers_are_murmurhash3s():
    """1 and 2 as MurmurHash3's fmix32 and fmix64 (smhasher's C++) map them."""
    assert minhash.mix32(np.array([0, 1], np.uint32)).tolist() == [0, 0x514E28B7]
    assert minhash.mix64(np.array([0, 1], np.uint64)).tolist() == [0, 0xB456BCFC34C2CB2C]


@pytest.mark.parametrize("num_perm, seed", [(128, 1), (16, 7)])
def test_signatures_are_datasketchs_bit_for_bit(num_perm, seed):
    draw = np.random.default_rng(0)
    sets = [draw.integers(0, 1 << 32, size, dtype=np.uint32) for size in (1, 2, 5, 300, 4000)] + [
        np.array([0, 0xFFFFFFFF], np.uint32)
    ]
    bounds = np.concatenate([[0], np.cumsum([len(some) for some in sets])])
    ours = minhash.signatures(np.concatenate(sets), bounds, minhash.permutations(num_perm, seed))
    for signature, some in zip(ours, sets):
        theirs = datasketch.MinHash(num_perm=num_perm, seed=seed, hashfunc=int, scheme="affine32")
        theirs.update_batch(some.tolist())
        assert signature.dtype == theirs.hashvalues.dtype and signature.tolist() == theirs.hashvalues.tolist()


def test_the_share_of_equal_rows_estimates_the_jaccard_similarity():
    words = [f"w{k}" for k in range(3000)]
    texts = [" ".join(words[:2000]), " ".join(words[500:2500])]  # 1996 shingles each, 1496 of them common
    hashes, bounds = minhash.shingles(words_of(texts), 5)
    one, other = minhash.signatures(hashes.astype(np.uint32), bounds, minhash.permutations(1024, 3))
    assert (one == other).mean() == pytest.approx(1496 / 2496, abs=4 * (0.6 * 0.4 / 1024) ** 0.5)


def test_band_keys_are_equal_where_all_rows_of_a_band_are():
    draw = np.random.default_rng(1)
    signatures = draw.integers(0, 3, (200, 7), dtype=np.uint32)  # few values: many bands agree
    keys = minhash.band_keys(signatures, bands=3, rows=2)
    for band in range(3):
        rows = [tuple(row) for row in signatures[:, 2 * band : 2 * band + 2].tolist()]
        assert all((rows[i] == rows[j]) == (keys[band, i] == keys[band, j]) for i in range(200) for j in range(i))


@settings(deadline=None)
@given(
    st.sets(st.integers(0, 60), min_size=1), st.lists(st.sets(st.integers(0, 60), min_size=1), min_size=1, max_size=5)
)
def test_jaccard_is_the_shared_by_all(one, many):
    def array(values):
        return np.array(sorted(values), np.uint64)

    bounds = np.concatenate([[0], np.cumsum([len(other) for other in many])])
    found = minhash.jaccard_to_many(array(one), np.concatenate([array(other) for other in many]), bounds)
    assert found.tolist() == [len(one & other) / len(one | other) for other in many]
