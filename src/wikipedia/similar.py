"""Which of many sets of shingles are near duplicates, without comparing all with all.

Pairs are proposed in two ways. MinHash bands put articles that may be alike into buckets. Where a bucket is crowded, as
with thousands of stubs of one template, its members are compared only when they share one of their rarest shingles: the
prefix filter of Chaudhuri et al. (2006) and Bayardo et al. (2007), which loses no pair. Two sets x and y, the smaller
first, of a Jaccard similarity of at least t have 2t/(1+t) |x| elements in common; so with the elements of each in one
order, the rarest first, the first |x| - 2t/(1+t) |x| + 1 of x and the first |y| - t |y| + 1 of y share one. In stubs
that are less alike those are names and figures that hardly another has, so that the work grows with their number.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from wikipedia import minhash

CROWDED = 64  # members from which on a bucket says too little; below it, comparing all is faster
VERIFY_AT_ONCE = 256  # kept articles compared with one article in a go, likeliest first


class Candidates(NamedTuple):
    """Articles that share a bucket with another, numbered among themselves."""

    signatures: np.ndarray  # uint32 (candidates, num_perm)
    shingles: np.ndarray  # uint64: the sorted set of one after that of another
    bounds: np.ndarray  # int64 (candidates + 1,): where each set begins in them

    def set_of(self, k: int) -> np.ndarray:
        return self.shingles[self.bounds[k] : self.bounds[k + 1]]


class Places(NamedTuple):
    """Pairs of an article and a bucket that it is put into or looks into, an array each."""

    article: np.ndarray  # int32
    bucket: np.ndarray  # int64


def is_crowded(places: Places) -> np.ndarray:
    """For each place, whether its bucket has more than CROWDED members."""
    return np.bincount(places.bucket)[places.bucket] > CROWDED


def rarity(candidates: Candidates, some: np.ndarray) -> np.ndarray:
    """uint32 table by rarity_slot(): about how often shingles of a slot occur in those articles."""
    total = int((candidates.bounds[some + 1] - candidates.bounds[some]).sum())
    bits = min(26, max(16, total.bit_length() + 1))
    counts = np.zeros(1 << bits, np.uint32)
    for lot in np.array_split(some, total // (1 << 22) + 1):
        if len(lot):
            shingles = np.concatenate([candidates.set_of(k) for k in lot.tolist()])
            counts += np.bincount(rarity_slot(shingles, bits), minlength=1 << bits).astype(np.uint32)
    return counts


def rarity_slot(shingles: np.ndarray, bits: int) -> np.ndarray:
    return (shingles >> np.uint64(64 - bits)).astype(np.int64)


def rarest(candidates: Candidates, some: np.ndarray, counts: np.ndarray, threshold: float) -> tuple[np.ndarray, ...]:
    """The rarest shingles of some articles, as many as a similar one must share one of.

    -> article (int32), shingle (uint64), and whether it is among those for partners that are no smaller (bool)
    """
    sizes = candidates.bounds[some + 1] - candidates.bounds[some]
    shingles = np.concatenate([candidates.set_of(k) for k in some.tolist()])
    owner = np.repeat(np.arange(len(some)), sizes)
    often = counts[rarity_slot(shingles, len(counts).bit_length() - 1)]
    order = np.lexsort((shingles, often, owner))
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    # a little generous, lest rounding lose the pair at the threshold itself
    longer = np.floor((1 - threshold) * sizes + 1e-9).astype(np.int64) + 1
    shorter = np.floor((1 - 2 * threshold / (1 + threshold)) * sizes + 1e-9).astype(np.int64) + 1
    taken = place < longer[owner]
    return some[owner[taken]].astype(np.int32), shingles[order[taken]], (place < shorter[owner])[taken]


def shared_places(article: np.ndarray, shingle: np.ndarray, short: np.ndarray) -> tuple[Places, Places]:
    """Of the rarest shingles of all articles those that another has too -> (places to be put into, to look into)

    A smaller article looks with its short prefix among the long ones, a larger one the other way round.
    """
    order = np.argsort(shingle, kind="stable")
    new = np.concatenate([[True], shingle[order][1:] != shingle[order][:-1]])
    group = np.cumsum(new) - 1
    several = (np.bincount(group) > 1)[group]
    article, group, short = article[order][several], group[several], short[order][several]
    long_bucket, short_bucket = 2 * group, 2 * group + 1
    put = Places(np.concatenate([article, article[short]]), np.concatenate([long_bucket, short_bucket[short]]))
    look = Places(np.concatenate([article[short], article]), np.concatenate([long_bucket[short], short_bucket]))
    # an article alone that both is put into a bucket and looks into it meets nobody there
    used = np.bincount(look.bucket, minlength=2 * len(new)) * np.bincount(put.bucket, minlength=2 * len(new)) > 1
    put, look = (Places(some.article[used[some.bucket]], some.bucket[used[some.bucket]]) for some in (put, look))
    return put, look


def components(count: int, places: Places) -> np.ndarray:
    """A label an article, equal for all that buckets connect, directly or by way of others."""
    order = np.argsort(places.bucket, kind="stable")
    article, bucket = places.article[order], places.bucket[order]
    begins = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]])) if len(bucket) else np.empty(0, int)
    group = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(bucket))))
    label = np.arange(count)
    while len(bucket):
        before = label.copy()
        lowest = np.minimum.reduceat(label[article], begins)
        np.minimum.at(label, article, lowest[group])
        label = label[label]
        if (label == before).all():
            break
    return label


def greedy(
    numbers: np.ndarray, candidates: Candidates, put: Places, look: Places, rank: np.ndarray, threshold: float
) -> Iterator[tuple[int, int, float]]:
    """Go through the articles from the longest on; each stays unless one that stays is its duplicate.

    numbers: the articles to go through; put, look: their places, sorted by article
    -> (article that goes, the one kept in its place, their Jaccard similarity)
    """
    _, ids = np.unique(np.concatenate([put.bucket, look.bucket]), return_inverse=True)
    put_ids, look_ids = ids[: len(put.bucket)], ids[len(put.bucket) :]
    sizes = np.bincount(put_ids, minlength=int(ids.max()) + 1)
    staying = np.empty(len(put_ids), np.int32)  # a stretch for each bucket's articles that stay ...
    base, filled = np.cumsum(sizes) - sizes, np.zeros(len(sizes), np.int64)  # ... its begin, and how much of it is used
    put_bounds, look_bounds = (
        np.stack([np.searchsorted(some, numbers, side) for side in ("left", "right")], axis=1)
        for some in (put.article, look.article)
    )
    for at in np.argsort(rank[numbers]).tolist():
        k = int(numbers[at])
        lists = [staying[base[b] : base[b] + filled[b]] for b in look_ids[slice(*look_bounds[at])].tolist()]
        others = np.unique(np.concatenate(lists)) if lists else staying[:0]
        twin = find_twin(k, others, candidates, rank, threshold) if len(others) else None
        if twin:
            yield k, *twin
        else:
            mine = put_ids[slice(*put_bounds[at])]
            staying[base[mine] + filled[mine]] = k
            filled[mine] += 1


def find_twin(
    k: int, others: np.ndarray, candidates: Candidates, rank: np.ndarray, threshold: float
) -> tuple[int, float] | None:
    """Of the likeliest of the others that reach the threshold, the most similar one and its similarity."""
    one, num_perm = candidates.set_of(k), candidates.signatures.shape[1]
    sizes = candidates.bounds[others + 1] - candidates.bounds[others]
    others = others[np.minimum(sizes, len(one)) / np.maximum(sizes, len(one)) >= threshold]  # the rest cannot reach it
    equal = candidates.signatures[others] == candidates.signatures[k]
    estimate = np.add.reduce(equal.view(np.uint8), axis=1, dtype=np.uint16) / num_perm
    # Its standard deviation is sqrt(J (1 - J) / num_perm). A pair 3 of them below the threshold is not looked at: 1 in
    # 700 of the pairs right at the threshold, as many as the bands miss there, and none that are clearly above it.
    hopeless = threshold - 3 * np.sqrt(threshold * (1 - threshold) / num_perm)
    likely = others[np.lexsort((rank[others], -estimate))][: np.count_nonzero(estimate >= hopeless)]
    for start in range(0, len(likely), VERIFY_AT_ONCE):
        some = likely[start : start + VERIFY_AT_ONCE]
        sets = [candidates.set_of(other) for other in some.tolist()]
        bounds = np.cumsum([0] + [len(other) for other in sets])
        jaccard = minhash.jaccard_to_many(one, np.concatenate(sets), bounds)
        best = int(jaccard.argmax())
        if jaccard[best] >= threshold:
            return int(some[best]), float(jaccard[best])
    return None
