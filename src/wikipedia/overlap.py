"""Short texts that say nearly the same, and texts that share thirteen words in a row with others.

    near = NearDuplicates(0.8)
    near.add("What is the capital of France?", "France")      # False: nothing like it was added before
    SharedRuns(examination, 13).any(["What is ..."])          # whether a run of 13 words stands there too

Near duplicates are proposed by MinHash bands, as minhash.py makes them, and verified by their exact Jaccard similarity;
a run of 13 words is the measure of contamination of GPT-3 (Brown et al. 2020).
"""

import re
from collections.abc import Hashable, Iterable

import numpy as np

from wikipedia import minhash

WORD = re.compile(r"\w+")
NGRAM = 2  # words a shingle: questions are short
NUM_PERM, ROWS, SEED = 32, 4, 1  # 8 bands of 4: 98 % of the pairs of a similarity of 0.8, nearly all above


class NearDuplicates:
    """Texts that were added, each with what must be equal in a twin beside its words."""

    def __init__(self, threshold: float):
        """threshold: the Jaccard similarity of the sets of word pairs from which two texts are the same."""
        self.threshold = threshold
        self.multiply, self.shift = (part[:, None] for part in minhash.permutations(NUM_PERM, SEED))
        self.sets: list[frozenset[int]] = []
        self.buckets: dict[tuple, list[int]] = {}  # (what must be equal, band, its key) -> places in sets

    def add(self, text: str, equal: Hashable = ()) -> bool:
        """Whether a text that was added before is as good as this one; if not, it is added."""
        hashes, _ = minhash.shingles(minhash.words([text.lower().encode()]), NGRAM)
        own = frozenset(hashes.tolist())
        keys = [(equal, band, key) for band, key in enumerate(self._bands(hashes))]
        likely = {place for key in keys for place in self.buckets.get(key, ())}
        if any(jaccard(own, self.sets[place]) >= self.threshold for place in likely):
            return True
        for key in keys:
            self.buckets.setdefault(key, []).append(len(self.sets))
        self.sets.append(own)
        return False

    def _bands(self, hashes: np.ndarray) -> list[bytes]:
        """The signature, a band each."""
        mixed = minhash.mix32(hashes.astype(np.uint32))
        signature = (self.multiply * mixed + self.shift).min(axis=1)  # uint32 (NUM_PERM,), modulo 2^32
        return [signature[at : at + ROWS].tobytes() for at in range(0, NUM_PERM, ROWS)]


def jaccard(one: frozenset, other: frozenset) -> float:
    return len(one & other) / len(one | other)


class SharedRuns:
    """Runs of n words of some texts; of a shorter text all of it is one run, if it has `least` words."""

    def __init__(self, texts: Iterable[str], n: int, least: int):
        self.n, self.least = n, least
        self.runs: set[int] = set()
        self.add(texts)

    def add(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.runs |= self._runs(text)

    def any(self, texts: Iterable[str]) -> bool:
        return any(not self.runs.isdisjoint(self._runs(text)) for text in texts)

    def _runs(self, text: str) -> set[int]:
        words = WORD.findall(text.lower())
        if len(words) < self.least:
            return set()
        return {hash(tuple(words[at : at + self.n])) for at in range(max(1, len(words) - self.n + 1))}
