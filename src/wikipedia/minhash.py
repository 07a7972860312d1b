"""Words, n-grams and MinHash signatures of many texts at once, in NumPy.

A word is a run of letters and digits, with the signs of C++ and C#; a shingle is n words in a row. Signatures are bit
for bit those of datasketch's `affine32` scheme given the same hashes and seed (tests/wikipedia/test_minhash.py), but
made over a batch of texts: a loop over permutations, none over shingles.
"""

from typing import NamedTuple

import numpy as np

BATCH_BYTES = 192 << 10  # of text a call: its shingles (4 bytes each, one for 6 bytes of text) stay in a core's cache

_IN_WORD = np.zeros(256, bool)
_IN_WORD[[*range(ord("0"), ord("9") + 1), *range(ord("a"), ord("z") + 1), *range(128, 256)]] = True
_FIRST_BYTES = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)  # masks of a little-endian word's first n
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: multiplying by it spreads a value over all bits


class Words(NamedTuple):
    hashes: np.ndarray  # uint64, one a word; words of up to 8 bytes have different ones for certain
    counts: np.ndarray  # int64, words a text


def words(texts: list[bytes]) -> Words:
    """texts: lower-cased, in UTF-8"""
    raw_text = b"\n".join([b"", *texts, bytes(8)])  # no word touches the next text or the end
    raw = np.frombuffer(raw_text, np.uint8)
    inside = _IN_WORD[raw]
    if b"+" in raw_text or b"#" in raw_text:
        inside = inside | _signs_of_words(raw, inside)
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1  # a word's first byte, and the byte after its last, in turns
    starts, stops = edges[::2], edges[1::2]
    text_ends = np.cumsum([len(text) + 1 for text in texts])
    counts = np.diff(np.searchsorted(starts, text_ends), prepend=0)
    return Words(_hash_words(raw, starts, stops), counts)


def _signs_of_words(raw: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """One + or #, or two, right after a word and before none: those of C++ and C#, not those of 1+1."""
    sign = (raw == ord("+")) | (raw == ord("#"))
    nothing = ~(sign | inside)
    one, two = np.zeros(len(raw), bool), np.zeros(len(raw), bool)
    one[1:-1] = inside[:-2] & sign[1:-1] & nothing[2:]
    two[1:-2] = inside[:-3] & sign[1:-2] & sign[2:-1] & nothing[3:]
    two[1:] |= two[:-1]
    return one | two


def _hash_words(text: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Eight bytes at a time: one step for most words, one more for those longer than 8, than 16 ..."""
    eight = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))  # the 8 bytes from every place on
    lengths = stops - starts
    hashes = mix64(eight[starts] & _FIRST_BYTES[np.minimum(lengths, 8)])
    longer = np.flatnonzero(lengths > 8)
    done = 8
    while len(longer):
        rest = np.minimum(lengths[longer] - done, 8)
        hashes[longer] = mix64(hashes[longer] * _ODD + (eight[starts[longer] + done] & _FIRST_BYTES[rest]))
        done += 8
        longer = longer[lengths[longer] > done]
    return hashes


def hash_of(text: bytes) -> int:
    """Of all its words in their order; 0 where it has none. text: lower-cased, in UTF-8"""
    found = words([text])
    return int(shingles(found, len(found.hashes))[0][0]) if len(found.hashes) else 0


def shingles(found: Words, n: int) -> tuple[np.ndarray, np.ndarray]:
    """-> uint64 hashes of every text's runs of n words, and the bounds of the texts in them, (texts + 1,)

    A text of fewer than n words has one shingle, of all of them.
    """
    hashes, counts = found.hashes, found.counts
    if (counts < n).any():  # filled up with nothing
        missing = np.maximum(n - counts, 0)
        hashes = np.insert(hashes, np.repeat(np.cumsum(counts), missing), np.uint64(0))
        counts = counts + missing
    ends = np.cumsum(counts)
    runs = hashes[: len(hashes) - n + 1].copy()
    for k in range(1, n):
        runs *= _ODD
        runs += hashes[k : len(hashes) - n + 1 + k]
    inside = np.ones(len(runs), bool)
    inside[(ends[:-1, None] - np.arange(1, n)).ravel()] = False  # runs that reach into the next text
    bounds = np.concatenate([[0], np.cumsum(counts - n + 1)])
    return mix64(runs[inside]), bounds


def mix64(x: np.ndarray) -> np.ndarray:
    """MurmurHash3's 64-bit finalizer: every bit of the result depends on every bit of x."""
    x = x ^ (x >> np.uint64(33))
    x *= np.uint64(0xFF51AFD7ED558CCD)
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xC4CEB9FE1A85EC53)
    x ^= x >> np.uint64(33)
    return x


def mix32(x: np.ndarray) -> np.ndarray:
    """MurmurHash3's 32-bit finalizer."""
    x = x ^ (x >> np.uint32(16))
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x


def permutations(num_perm: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """a (odd) and b of the maps h -> a h + b mod 2^32, drawn as datasketch 2 draws them."""
    draw = np.random.RandomState(seed)
    a = draw.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, draw.randint(0, 1 << 32, num_perm, dtype=np.uint32)


def signatures(hashes: np.ndarray, bounds: np.ndarray, perms: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """uint32 hashes and the bounds of the texts in them -> signatures, uint32 (texts, num_perm)"""
    a, b = perms
    mixed = mix32(hashes)
    values = np.empty_like(mixed)
    result = np.empty((len(a), len(bounds) - 1), np.uint32)
    for k in range(len(a)):
        np.multiply(mixed, a[k], out=values)
        np.add(values, b[k], out=values)
        np.minimum.reduceat(values, bounds[:-1], out=result[k])
    return np.ascontiguousarray(result.T)


def band_keys(signature: np.ndarray, bands: int, rows: int) -> np.ndarray:
    """-> uint64 (bands, texts): equal where two texts agree in all rows of a band"""
    keys = np.zeros((bands, len(signature)), np.uint64)
    for band in range(bands):
        for row in range(band * rows, (band + 1) * rows):
            keys[band] = mix64(keys[band] + _ODD + signature[:, row])
    return keys


def jaccard_to_many(one: np.ndarray, many: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Exact Jaccard of the set `one` with each set many[bounds[i]:bounds[i + 1]]; all sorted, without repeats."""
    place = np.minimum(np.searchsorted(one, many), len(one) - 1)
    shared = np.add.reduceat(one[place] == many, bounds[:-1], dtype=np.int64)
    return shared / (len(one) + np.diff(bounds) - shared)
