"""Remove exact and near-duplicate articles: data/clean/filtered/*.jsonl -> data/clean/deduped/*.jsonl

    python src/dedup.py
    python src/dedup.py --config configs/demo.yaml dedup.threshold=0.9

Two articles are duplicates when the Jaccard similarity of their sets of word 5-grams is dedup.threshold or more. MinHash
signatures in 20 bands of 6 rows propose the pairs, the exact similarity decides. Articles are taken from the longest to
the shortest, and one goes only if an article that stays is its duplicate: chains of look-alikes do not fall together.
removed.jsonl names every article that went, the one kept in its place, and their similarity.
"""

import hashlib
from pathlib import Path
from typing import Iterator, NamedTuple

import numpy as np
import orjson

from lib import minhash
from lib.config import resolve, stage_main
from lib.pool import open_pool
from lib.progress import Progress
from lib.records import StageOutput, atomic_file, shards, write_jsonl

VERIFY_AT_ONCE = 256  # kept articles compared with one article in a go, likeliest first


class Removed(NamedTuple):
    twin: int       # number of the article kept in its place
    jaccard: float
    kind: str       # exact: the same words in the same order | near


class Articles(NamedTuple):
    """What is known of every article, an array each, in the order of the shards."""
    id: np.ndarray      # int64
    chars: np.ndarray   # int32
    exact: np.ndarray   # uint64: hash of its words in order
    shard: np.ndarray   # int32
    offset: np.ndarray  # int64: where its line begins in the shard
    size: np.ndarray    # int32: bytes of the line


def main(cfg) -> None:
    source, target = resolve(cfg.data.filtered_dir), resolve(cfg.data.deduped_dir)
    inputs = shards(source, "clean")
    with StageOutput(target, "dedup", cfg.dedup.model_dump(), [source], ("numpy",)) as out, open_pool(cfg.data) as pool:
        if out.up_to_date:
            return
        megabytes = [path.stat().st_size / 1e6 for path in inputs]
        with Progress("dedup", 2 * sum(megabytes), "MB") as bar:
            work = out.progress / "work"
            sign(inputs, megabytes, work, cfg.dedup, pool, bar)
            articles = load_articles(inputs, work)
            removed = find_duplicates(inputs, articles, work, cfg.dedup, pool, bar)
            write_kept(inputs, megabytes, articles, removed, out, pool, bar)
        write_jsonl(target / "removed.jsonl", describe(inputs, articles, removed))
        counts = out.finish({"clusters": len({gone.twin for gone in removed.values()})})["counts"]
    print(f"dedup: kept {counts['out']:,} of {counts['in']:,} articles, "
          f"{counts['dropped']['exact']:,} exact and {counts['dropped']['near']:,} near duplicates -> {target}")


# 1. Signatures, a shard at a time, kept on disk

def sign(inputs: list[Path], megabytes: list[float], work: Path, dedup, pool, bar: Progress) -> None:
    """Leave <shard>.articles.npy, .signatures.npy and .bands.npy in `work` for every shard that has none yet."""
    todo = [k for k, path in enumerate(inputs) if not (work / f"{path.stem}.articles.npy").exists()]
    bar.add(sum(megabytes) - sum(megabytes[k] for k in todo), "signatures")
    jobs = ((inputs[k], dedup.num_perm, dedup.ngram, dedup.seed, dedup.bands, dedup.rows) for k in todo)
    for k, (articles, signatures, bands) in zip(todo, pool.map(sign_shard, jobs)):
        save(work / f"{inputs[k].stem}.signatures.npy", signatures)
        save(work / f"{inputs[k].stem}.bands.npy", bands)
        save(work / f"{inputs[k].stem}.articles.npy", articles)  # last: with it the shard is done
        bar.add(megabytes[k])


def sign_shard(job: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """-> int64 (articles, 5) of id, characters, exact hash, offset, size; signatures; band keys (bands, articles)"""
    path, num_perm, ngram, seed, bands, rows = job
    perms = minhash.permutations(num_perm, seed)
    facts, signatures, offset = [], [np.empty((0, num_perm), np.uint32)], 0
    for lines in batches(path):
        records = [orjson.loads(line) for line in lines]
        words = minhash.words([record["text"] for record in records])
        hashes, bounds = minhash.shingles(words, ngram)
        signatures.append(minhash.signatures(hashes.astype(np.uint32), bounds, perms))
        ends = np.cumsum(words.counts)
        for record, line, end, count in zip(records, lines, ends, words.counts):
            exact = hashlib.blake2b(words.hashes[end - count:end].tobytes(), digest_size=8).digest()
            facts.append((record["id"], len(record["text"]), int.from_bytes(exact, "little", signed=True), offset, len(line)))
            offset += len(line)
    signatures = np.concatenate(signatures)
    return np.array(facts, np.int64).reshape(-1, 5), signatures, minhash.band_keys(signatures, bands, rows)


def batches(path: Path) -> Iterator[list[bytes]]:
    """The lines of a shard, in lots of about minhash.BATCH_BYTES."""
    lines, size = [], 0
    with open(path, "rb") as f:
        for line in f:
            lines.append(line)
            size += len(line)
            if size >= minhash.BATCH_BYTES:
                yield lines
                lines, size = [], 0
    if lines:
        yield lines


def save(path: Path, array: np.ndarray) -> None:
    with atomic_file(path) as f:
        np.save(f, array)


def load_articles(inputs: list[Path], work: Path) -> Articles:
    parts = [np.load(work / f"{path.stem}.articles.npy") for path in inputs]
    facts = np.concatenate(parts) if parts else np.empty((0, 5), np.int64)
    shard = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
    return Articles(facts[:, 0].copy(), facts[:, 1].astype(np.int32), facts[:, 2].view(np.uint64).copy(), shard,
                    facts[:, 3].copy(), facts[:, 4].astype(np.int32))


# 2. Which articles go

def find_duplicates(inputs, articles: Articles, work: Path, dedup, pool, bar: Progress) -> dict[int, Removed]:
    """-> {number of a removed article: what stays in its place}"""
    bar.add(0, "comparing")
    rank = np.empty(len(articles.id), np.int64)  # 0: the longest article; of equals the one with the lowest id
    rank[np.lexsort((articles.id, -articles.chars))] = np.arange(len(rank))
    removed = {k: Removed(twin, 1.0, "exact") for k, twin in exact_twins(articles.exact, rank)}
    present = np.ones(len(rank), bool)
    present[list(removed)] = False
    members, buckets = collisions(inputs, work, present, dedup.bands)
    near = greedy(members, buckets, rank, Sets(inputs, articles, np.unique(members), work, dedup.ngram, pool),
                  Signatures(inputs, work), dedup.threshold)
    for k, exact in removed.items():  # the twin may be a near duplicate of a longer one itself
        if exact.twin in near:
            removed[k] = near[exact.twin]
    return {**removed, **near}


def exact_twins(exact: np.ndarray, rank: np.ndarray) -> list[tuple[int, int]]:
    """(article, the first in rank of those with the same words) for every article that is not that one"""
    order = np.lexsort((rank, exact))
    same = exact[order][1:] == exact[order][:-1]
    first = np.maximum.accumulate(np.where(np.concatenate([[True], ~same]), np.arange(len(order)), 0)) if len(order) else order
    again = np.flatnonzero(same) + 1
    return list(zip(order[again].tolist(), order[first[again]].tolist()))


def collisions(inputs, work: Path, present: np.ndarray, bands: int) -> tuple[np.ndarray, np.ndarray]:
    """-> (article, bucket) of every article that shares a band's key with another, sorted by article"""
    parts = [np.load(work / f"{path.stem}.bands.npy", mmap_mode="r") for path in inputs]
    where = np.flatnonzero(present)
    members, buckets, used = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for band in range(bands):
        keys = np.concatenate([part[band] for part in parts])[where] if parts else np.empty(0, np.uint64)
        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        shared = np.concatenate([[False], same]) | np.concatenate([same, [False]]) if len(keys) else same
        begins = np.concatenate([[True], ~same])[:len(keys)] & shared
        members.append(where[order[shared]])
        buckets.append(used + np.cumsum(begins)[shared] - 1)
        used += int(begins.sum())
    members, buckets = np.concatenate(members), np.concatenate(buckets)
    by_article = np.argsort(members, kind="stable")
    return members[by_article], buckets[by_article]


def greedy(members, buckets, rank, sets: "Sets", signatures: "Signatures", threshold: float) -> dict[int, Removed]:
    """Go through the articles that share a bucket, longest first; each stays unless a staying one is its duplicate."""
    # An estimate from num_perm rows has a standard deviation of sqrt(J (1 - J) / num_perm): a pair that is 4 of them
    # below the threshold is not worth the exact comparison (misses 1 in 30,000 of pairs right at the threshold).
    hopeless = threshold - 4 * np.sqrt(threshold * (1 - threshold) / signatures.num_perm)
    articles, begins = np.unique(members, return_index=True)
    ends = np.append(begins[1:], len(members))
    room = np.bincount(buckets)
    slots, base, filled = np.empty(len(buckets), np.int64), np.cumsum(room) - room, np.zeros(len(room), np.int64)
    removed = {}
    for k in np.argsort(rank[articles], kind="stable"):
        article, mine = int(articles[k]), buckets[begins[k]:ends[k]]
        kept = np.unique(np.concatenate([slots[base[b]:base[b] + filled[b]] for b in mine]))
        twin = find_twin(article, kept, rank, sets, signatures, threshold, hopeless) if len(kept) else None
        if twin:
            removed[article] = twin
        else:
            slots[base[mine] + filled[mine]] = article
            filled[mine] += 1
    return removed


def find_twin(article: int, kept, rank, sets, signatures, threshold, hopeless) -> Removed | None:
    """-> (the most similar of the likeliest kept articles, Jaccard) if that reaches the threshold"""
    estimate = (signatures.rows(kept) == signatures.rows(np.array([article]))).mean(axis=1)
    likely = np.lexsort((rank[kept], -estimate))[:np.count_nonzero(estimate >= hopeless)]
    one = sets.of(article)
    for start in range(0, len(likely), VERIFY_AT_ONCE):
        candidates = kept[likely[start:start + VERIFY_AT_ONCE]]
        many = [sets.of(k) for k in candidates]
        bounds = np.concatenate([[0], np.cumsum([len(other) for other in many])])
        jaccard = minhash.jaccard_to_many(one, np.concatenate(many), bounds)
        best = int(jaccard.argmax())
        if jaccard[best] >= threshold:
            return Removed(int(candidates[best]), float(jaccard[best]), "near")
    return None


class Signatures:
    """All signatures, left on disk; rows are read as they are asked for."""

    def __init__(self, inputs: list[Path], work: Path):
        self.parts = [np.load(work / f"{path.stem}.signatures.npy", mmap_mode="r") for path in inputs]
        self.first = np.cumsum([0] + [len(part) for part in self.parts])
        self.num_perm = self.parts[0].shape[1] if self.parts else 1

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """numbers ascending -> (len(numbers), num_perm)"""
        cuts = np.searchsorted(numbers, self.first)
        return np.concatenate([part[numbers[a:b] - first] for part, first, a, b in
                               zip(self.parts, self.first, cuts, cuts[1:]) if a < b])


class Sets:
    """The sets of shingles of the articles that share a bucket, made by the pool, left on disk."""

    def __init__(self, inputs, articles: Articles, wanted: np.ndarray, work: Path, ngram: int, pool):
        shard = articles.shard[wanted]
        lots = [wanted[shard == k] for k in range(len(inputs))]
        jobs = ((path, articles.offset[lot], articles.size[lot], ngram) for path, lot in zip(inputs, lots))
        self.numbers, self.bounds, self.values = wanted, [np.zeros(1, np.int64)], []
        for path, (values, lengths) in zip(inputs, pool.map(shingle_sets, jobs)):
            save(work / f"{path.stem}.sets.npy", values)
            self.values.append(np.load(work / f"{path.stem}.sets.npy", mmap_mode="r"))
            self.bounds.append(np.cumsum(lengths))
        self.shard, self.first = shard, np.searchsorted(shard, np.arange(len(inputs)))

    def of(self, number: int) -> np.ndarray:
        place = np.searchsorted(self.numbers, number)
        shard = self.shard[place]
        ends = self.bounds[shard + 1]
        k = place - self.first[shard]
        return np.asarray(self.values[shard][ends[k - 1] if k else 0:ends[k]])


def shingle_sets(job: tuple) -> tuple[np.ndarray, np.ndarray]:
    """-> the sorted shingles of some articles of a shard, one set after another, and how many each has"""
    path, offsets, sizes, ngram = job
    sets = [np.empty(0, np.uint64)]
    with open(path, "rb") as f:
        for offset, size in zip(offsets.tolist(), sizes.tolist()):
            f.seek(offset)
            hashes, _ = minhash.shingles(minhash.words([orjson.loads(f.read(size))["text"]]), ngram)
            sets.append(np.unique(hashes))
    return np.concatenate(sets), np.array([len(s) for s in sets[1:]], np.int64)


# 3. What stays, shard by shard

def write_kept(inputs, megabytes, articles: Articles, removed: dict, out: StageOutput, pool, bar: Progress) -> None:
    todo = [k for k, path in enumerate(inputs) if path.stem not in out.done]
    bar.add(sum(megabytes) - sum(megabytes[k] for k in todo), "writing")
    first = np.searchsorted(articles.shard, np.arange(len(inputs) + 1))

    def job(k: int) -> tuple:
        span = slice(first[k], first[k + 1])
        kinds = [removed[n].kind if n in removed else None for n in range(span.start, span.stop)]
        return inputs[k], articles.chars[span], kinds

    for k, (content, counts) in zip(todo, pool.map(keep_lines, map(job, todo))):
        out.write_shard(inputs[k].stem, content, counts)
        bar.add(megabytes[k])


def keep_lines(job: tuple) -> tuple[bytes, dict]:
    path, chars, kinds = job
    kept, dropped, dropped_chars = [], {"exact": 0, "near": 0}, {"exact": 0, "near": 0}
    with open(path, "rb") as f:
        for line, size, kind in zip(f, chars.tolist(), kinds):
            if kind is None:
                kept.append(line)
            else:
                dropped[kind] += 1
                dropped_chars[kind] += size
    total = int(chars.sum())
    return b"".join(kept), {
        "in": len(kinds), "out": len(kept), "chars_in": total, "chars_out": total - sum(dropped_chars.values()),
        "dropped": dropped, "dropped_chars": dropped_chars}


def describe(inputs, articles: Articles, removed: dict) -> Iterator[dict]:
    """A line of removed.jsonl for each article that went, in article order."""
    def title(k: int) -> str:
        with open(inputs[articles.shard[k]], "rb") as f:
            f.seek(int(articles.offset[k]))
            return orjson.loads(f.read(int(articles.size[k]))).get("title", "")

    for k in sorted(removed):
        twin, jaccard, kind = removed[k]
        yield {"id": int(articles.id[k]), "title": title(k), "chars": int(articles.chars[k]), "kept_id": int(articles.id[twin]),
               "kept_title": title(twin), "kind": kind, "jaccard": round(jaccard, 4)}


if __name__ == "__main__":
    stage_main(main, __doc__, ("data", "dedup"))
