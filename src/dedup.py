"""Remove exact and near-duplicate articles: data/clean/filtered/*.jsonl -> data/clean/deduped/*.jsonl

    python src/dedup.py
    python src/dedup.py --config configs/demo.yaml dedup.threshold=0.9

Two articles are duplicates when the Jaccard similarity of their sets of word 5-grams is dedup.threshold or more; in
scripts without spaces a character is a word, and a stub of one sentence is the duplicate of none with another title.
MinHash signatures in 20 bands of 6 rows propose the pairs, for crowds of look-alikes their rarest shingles do, and the
exact similarity decides. Articles are taken from the longest to the shortest, and one goes only if an article that
stays is its duplicate: chains of look-alikes do not fall together. removed.jsonl names every article that went, the one
kept in its place, and their similarity.
Other text (data.more) is compared with the articles and with itself. It comes behind all of them, whatever its length:
no article goes for a copy of it.
dedup.backend=datasketch does the same by that library's MinHashLSH, the course's original choice.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from pipeline.cli import stage_main
from pipeline.config import Config, Dedup, InputError, resolve
from pipeline.files import atomic_file, write_jsonl
from pipeline.pool import Pool, open_pool
from pipeline.progress import Progress
from pipeline.stage_output import StageOutput, other_shards, shards
from wikipedia import minhash, similar, writing

STUB_WORDS = range(5, 41)  # of a text that may be one sentence, which thousands share: there the title counts
CROWD_LOT, COMPARED_LOT = 20_000, 5_000  # articles a job


class Removed(NamedTuple):
    twin: int  # number of the article kept in its place
    jaccard: float
    kind: str  # exact: the same words in the same order | near


class Articles(NamedTuple):
    """What is known of every article, an array each, in the order of the shards."""

    id: np.ndarray  # int64
    chars: np.ndarray  # int32
    exact: np.ndarray  # int64: hash of its words in order
    shard: np.ndarray  # int32
    offset: np.ndarray  # int64: where its line begins in the shard
    size: np.ndarray  # int32: bytes of the line
    other: np.ndarray  # bool: other text than an article


def main(cfg: Config) -> None:
    source, target = resolve(cfg.data.filtered_dir), resolve(cfg.data.deduped_dir)
    inputs = [path for path in shards(source, "clean") if path.stat().st_size]
    if not inputs:
        raise InputError(f"{source}: there are no articles in it")
    more = other_shards(source, "clean", [one.path for one in cfg.data.more])
    first_other = len(inputs)
    inputs += [path for some in more.values() for path in some if path.stat().st_size]
    settings = cfg.dedup.model_dump()
    packages = ("numpy", "datasketch") if cfg.dedup.backend == "datasketch" else ("numpy",)
    with StageOutput(target, "dedup", settings, [source], packages, cfg.again) as out, open_pool(cfg.data) as pool:
        if out.up_to_date:
            return
        work = out.progress / "work"
        megabytes = {path: path.stat().st_size / 1e6 for path in inputs}
        to_sign = [path for path in inputs if not signed(path, work).exists()]
        to_write = [path for path in inputs if path.stem not in out.done]
        total, left = (sum(megabytes[path] for path in some) for some in (inputs, to_sign))
        with Progress("dedup: signatures", total, "MB", start=total - left) as bar:
            for path in sign(to_sign, work, cfg.dedup, pool):
                bar.add(megabytes[path])
        articles = load_articles(inputs, work, first_other)
        removed = find_duplicates(inputs, articles, work, cfg.dedup, pool)
        left = sum(megabytes[path] for path in to_write)
        with Progress("dedup: writing", total, "MB", start=total - left) as bar:
            for path in write_kept(inputs, to_write, articles, removed, out, pool):
                bar.add(megabytes[path])
        write_jsonl(target / "removed.jsonl", describe(inputs, articles, removed))
        clusters = {gone.twin for k, gone in removed.items() if not articles.other[k]}
        manifest = out.finish({"clusters": len(clusters)}, more)
    print(f"{said(manifest['counts'], 'articles')} -> {target}")
    for path, counts in manifest.get("more", {}).items():
        print(said(counts, f"documents of {path}"))


def said(counts: dict, what: str) -> str:
    dropped = counts["dropped"]
    return (
        f"dedup: kept {counts['out']:,} of {counts['in']:,} {what}, "
        f"{dropped['exact']:,} exact and {dropped['near']:,} near duplicates"
    )


# 1. Signatures, a shard at a time, kept on disk


def signed(path: Path, work: Path) -> Path:
    """The file that says that a shard has its signatures: what is known of its articles, written last."""
    return work / f"{path.stem}.articles.npy"


def sign(inputs: list[Path], work: Path, dedup: Dedup, pool: Pool) -> Iterator[Path]:
    """Leave <shard>.signatures.npy, .bands.npy and .articles.npy in `work`; yields each shard when it is done."""
    for path, (articles, signatures) in zip(inputs, pool.map(sign_shard, ((path, dedup) for path in inputs))):
        save(work / f"{path.stem}.signatures.npy", signatures)
        save(work / f"{path.stem}.bands.npy", minhash.band_keys(signatures, dedup.bands, dedup.rows))
        save(signed(path, work), articles)
        yield path


def sign_shard(job: tuple[Path, Dedup]) -> tuple[np.ndarray, np.ndarray]:
    """-> int64 (articles, 5) of id, characters, exact hash, offset, size; signatures (articles, num_perm)"""
    path, dedup = job
    permutations = minhash.permutations(dedup.num_perm, dedup.seed)
    facts: list[tuple[int, int, int, int, int]] = []
    signatures, offset = [np.empty((0, dedup.num_perm), np.uint32)], 0
    with open(path, "rb") as f:
        for lines in batches(f):
            records = [orjson.loads(line) for line in lines]
            lot = Lot(records)
            if dedup.backend == "datasketch":
                from wikipedia import datasketch_lsh  # its package takes a second to import

                signatures.append(
                    datasketch_lsh.signatures(lot.texts, lot.titles, dedup.ngram, dedup.num_perm, dedup.seed)
                )
            else:
                hashes, bounds = lot.shingles(dedup.ngram)
                signatures.append(minhash.signatures(hashes.astype(np.uint32), bounds, permutations))
            for record, line, exact in zip(records, lines, lot.exact()):
                facts.append((record["id"], len(record["text"]), exact, offset, len(line)))
                offset += len(line)
    return np.array(facts, np.int64).reshape(-1, 5), np.concatenate(signatures)


class Lot:
    """Some articles as words: what makes two of them the same, in one place for both passes over the text."""

    def __init__(self, records: list[dict]):
        self.texts = [writing.in_stretches(record["text"].lower()) for record in records]
        self.words = minhash.words([text.encode() for text in self.texts])
        # of stubs of one sentence their titles too; of other articles nothing
        self.titles = [
            writing.in_stretches(record.get("title", "").lower()) if is_one_sentence(record["text"], count) else ""
            for record, count in zip(records, self.words.counts.tolist())
        ]
        self.title_hashes = np.array([minhash.hash_of(title.encode()) for title in self.titles], np.uint64)

    def shingles(self, ngram: int) -> tuple[np.ndarray, np.ndarray]:
        """-> uint64 hashes, and the bounds of the articles in them"""
        hashes, bounds = minhash.shingles(self.words, ngram)
        return hashes ^ np.repeat(self.title_hashes, np.diff(bounds)), bounds

    def exact(self) -> Iterator[int]:
        """A hash of each article's words in their order."""
        ends = np.cumsum(self.words.counts)
        for start, end, title in zip((ends - self.words.counts).tolist(), ends.tolist(), self.title_hashes.tolist()):
            content = self.words.hashes[start:end].tobytes() + (title.to_bytes(8, "little") if title else b"")
            yield int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little", signed=True)


def is_one_sentence(text: str, words: int) -> bool:
    """A line of few words with a full stop at its end: what a bot writes of a thousand villages."""
    return words in STUB_WORDS and "\n" not in text.strip() and writing.ends_sentence(text)


def batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines in lots of about minhash.BATCH_BYTES."""
    lot: list[bytes] = []
    size = 0
    for line in lines:
        lot.append(line)
        size += len(line)
        if size >= minhash.BATCH_BYTES:
            yield lot
            lot, size = [], 0
    if lot:
        yield lot


def save(path: Path, array: np.ndarray) -> None:
    with atomic_file(path) as f:
        np.save(f, array)


def load_articles(inputs: list[Path], work: Path, first_other: int) -> Articles:
    """first_other: the number of the first shard that is of other text"""

    def column(k: int, dtype) -> np.ndarray:
        # a mapped file is an open one, and there may be more shards than a process may open
        return np.concatenate([np.load(signed(path, work), mmap_mode="r")[:, k].astype(dtype) for path in inputs])

    lengths = [len(np.load(signed(path, work), mmap_mode="r")) for path in inputs]
    shard = np.repeat(np.arange(len(inputs), dtype=np.int32), lengths)
    return Articles(
        id=column(0, np.int64),
        chars=column(1, np.int32),
        exact=column(2, np.int64),
        shard=shard,
        offset=column(3, np.int64),
        size=column(4, np.int32),
        other=shard >= first_other,
    )


# 2. Which articles go


def find_duplicates(inputs: list[Path], articles: Articles, work: Path, dedup: Dedup, pool: Pool) -> dict[int, Removed]:
    """-> {number of a removed article: what stays in its place}"""
    # 0: the longest article; of equals the one with the lowest id; other text behind all, whose ids count down
    rank, first = np.empty(len(articles.id), np.int32), np.where(articles.other, -articles.id, articles.id)
    rank[np.lexsort((first, -articles.chars, articles.other))] = np.arange(len(rank), dtype=np.int32)
    removed = {k: Removed(twin, 1.0, "exact") for k, twin in exact_twins(articles.exact, rank)}
    present = np.ones(len(rank), bool)
    present[list(removed)] = False
    find_near = near_by_datasketch if dedup.backend == "datasketch" else near
    found = find_near(inputs, articles, present, rank, work, dedup, pool)
    for k, exact in removed.items():  # the twin may be a near duplicate of a longer one itself
        if exact.twin in found:
            removed[k] = found[exact.twin]
    return {**removed, **found}


def near(
    inputs: list[Path], articles: Articles, present: np.ndarray, rank: np.ndarray, work: Path, dedup: Dedup, pool: Pool
) -> dict[int, Removed]:
    """The near duplicates among the articles that are `present`."""
    members, buckets = collisions(inputs, work, present, dedup.bands)
    if not len(members):
        return {}
    numbers, local = np.unique(members, return_inverse=True)
    load_candidates(inputs, articles, numbers, work, dedup.ngram, pool)
    put, look = places(similar.Places(local.astype(np.int32), buckets.astype(np.int64)), work, dedup.threshold, pool)
    found: dict[int, Removed] = {}
    lots = independent_lots(len(numbers), put, look)
    with Progress("dedup: comparing", sum(map(len, lots)), "articles") as bar:
        jobs = compare_jobs(lots, put, look, rank[numbers], dedup.threshold, work)
        for lot, pairs in zip(lots, pool.map(compare, jobs)):
            for k, twin, jaccard in pairs.tolist():
                found[int(numbers[int(k)])] = Removed(int(numbers[int(twin)]), jaccard, "near")
            bar.add(len(lot))
    return found


def places(bands: similar.Places, work: Path, threshold: float, pool: Pool) -> tuple[similar.Places, similar.Places]:
    """-> the buckets that each article is put into and looks into: of bands, and of rare shingles for crowds"""
    crowded = similar.is_crowded(bands)
    calm = similar.Places(bands.article[~crowded], bands.bucket[~crowded])
    crowd = np.unique(bands.article[crowded])
    put = look = similar.Places(np.empty(0, np.int32), np.empty(0, np.int64))
    if len(crowd):
        save(work / "rarity.npy", similar.rarity(open_candidates(work), crowd))
        jobs = ((work, crowd[k : k + CROWD_LOT], threshold) for k in range(0, len(crowd), CROWD_LOT))
        parts = list(pool.map(rarest, jobs))
        put, look = similar.shared_places(*(np.concatenate(column) for column in zip(*parts)))
    return together(calm, put), together(calm, look)


def together(calm: similar.Places, rare: similar.Places) -> similar.Places:
    """Both kinds of buckets under numbers of their own, sorted by article."""
    above = int(calm.bucket.max()) + 1 if len(calm.bucket) else 0
    article = np.concatenate([calm.article, rare.article])
    order = np.argsort(article, kind="stable")
    return similar.Places(article[order], np.concatenate([calm.bucket, rare.bucket + above])[order])


def rarest(job: tuple[Path, np.ndarray, float]) -> tuple[np.ndarray, ...]:
    work, some, threshold = job
    return similar.rarest(open_candidates(work), some, np.load(work / "rarity.npy", mmap_mode="r"), threshold)


def independent_lots(count: int, put: similar.Places, look: similar.Places) -> list[np.ndarray]:
    """Articles that share a bucket with others, in lots of about COMPARED_LOT that no bucket connects."""
    both = similar.Places(np.concatenate([put.article, look.article]), np.concatenate([put.bucket, look.bucket]))
    some = np.unique(both.article)
    label = similar.components(count, both)[some]
    order = np.argsort(label, kind="stable")
    ends = np.flatnonzero(np.diff(label[order])) + 1  # where a lot may end
    cuts, last = [], 0
    for end in ends.tolist():
        if end - last >= COMPARED_LOT:
            cuts.append(end)
            last = end
    return [np.sort(lot) for lot in np.split(some[order], cuts) if len(lot)]


def compare_jobs(
    lots: list[np.ndarray], put: similar.Places, look: similar.Places, rank: np.ndarray, threshold: float, work: Path
) -> Iterator[tuple]:
    for number, lot in enumerate(lots):
        mine = [
            similar.Places(some.article[chosen], some.bucket[chosen])
            for some in (put, look)
            for chosen in [np.isin(some.article, lot)]
        ]
        yield work, work / f"near-{number:05}.npy", lot, *mine, rank, threshold


def compare(job: tuple) -> np.ndarray:
    """-> float64 (found, 3) of article that goes, its twin, their similarity; kept on disk for a run that is killed"""
    work, path, lot, put, look, rank, threshold = job
    if path.exists():
        return np.load(path)
    found = list(similar.greedy(lot, open_candidates(work), put, look, rank, threshold))
    save(path, np.array(found, np.float64).reshape(-1, 3))
    return np.load(path)


def near_by_datasketch(
    inputs: list[Path], articles: Articles, present: np.ndarray, rank: np.ndarray, work: Path, dedup: Dedup, pool: Pool
) -> dict[int, Removed]:
    """The same by datasketch's index, in this process alone; what its signatures estimate decides."""
    from wikipedia import datasketch_lsh

    signatures = np.concatenate([np.load(work / f"{path.stem}.signatures.npy") for path in inputs])
    order = [k for k in np.argsort(rank).tolist() if present[k]]
    found = datasketch_lsh.duplicates(
        ((k, signatures[k]) for k in order), dedup.num_perm, dedup.seed, dedup.bands, dedup.rows, dedup.threshold
    )
    return {k: Removed(twin, estimate, "near") for k, twin, estimate in found}


def exact_twins(exact: np.ndarray, rank: np.ndarray) -> list[tuple[int, int]]:
    """(article, the first in rank of those with the same words) for every article that is not that one"""
    order = np.lexsort((rank, exact))
    new = np.concatenate([[True], exact[order][1:] != exact[order][:-1]])
    first = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))  # where the article's group begins
    return list(zip(order[~new].tolist(), order[first[~new]].tolist()))


def collisions(inputs: list[Path], work: Path, present: np.ndarray, bands: int) -> tuple[np.ndarray, np.ndarray]:
    """-> (article, bucket), sorted by article, of every article that shares a band's key with another"""
    where = np.flatnonzero(present).astype(np.int32)
    found: list[tuple[np.ndarray, np.ndarray]] = []  # a band's
    used = 0
    for band in range(bands):
        keys = np.concatenate(
            [np.load(work / f"{path.stem}.bands.npy", mmap_mode="r")[band].copy() for path in inputs]
        )[where]
        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        shared = np.concatenate([[False], same]) | np.concatenate([same, [False]])
        begins = np.concatenate([[True], ~same]) & shared
        found.append((where[order[shared]], (used + np.cumsum(begins)[shared] - 1).astype(np.int32)))
        used += int(begins.sum())
    members, buckets = (np.concatenate(some) for some in zip(*found))
    by_article = np.argsort(members, kind="stable")
    return members[by_article], buckets[by_article]


def load_candidates(
    inputs: list[Path], articles: Articles, numbers: np.ndarray, work: Path, ngram: int, pool: Pool
) -> None:
    """Their signatures are gathered, their sets of shingles made again from the text: most articles never need one."""
    if (work / "candidates.bounds.npy").exists():
        return
    first = np.searchsorted(articles.shard, np.arange(len(inputs)))
    lots = np.split(numbers, np.searchsorted(numbers, first[1:]))
    jobs = ((path, articles.offset[lot], articles.size[lot], ngram) for path, lot in zip(inputs, lots))
    lengths = [np.zeros(1, np.int64)]
    with (
        atomic_file(work / "candidates.signatures") as signatures,
        atomic_file(work / "candidates.shingles") as shingles,
    ):
        for path, lot, begin, (values, sizes) in zip(inputs, lots, first, pool.map(shingle_sets, jobs)):
            signatures.write(np.load(work / f"{path.stem}.signatures.npy", mmap_mode="r")[lot - begin].tobytes())
            shingles.write(values.tobytes())
            lengths.append(sizes)
    save(work / "candidates.bounds.npy", np.cumsum(np.concatenate(lengths)))


def open_candidates(work: Path) -> similar.Candidates:
    """Signatures and shingles stay on disk. asarray: slicing a np.memmap itself costs 50 times as much as a view."""
    bounds = np.load(work / "candidates.bounds.npy")
    return similar.Candidates(
        np.asarray(np.memmap(work / "candidates.signatures", np.uint32, "r").reshape(len(bounds) - 1, -1)),
        np.asarray(np.memmap(work / "candidates.shingles", np.uint64, "r")),
        bounds,
    )


def shingle_sets(job: tuple) -> tuple[np.ndarray, np.ndarray]:
    """-> the sorted sets of shingles of some articles of a shard, one after another, and the size of each"""
    path, offsets, sizes, ngram = job
    sets, lengths = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    with open(path, "rb") as f:
        for lines in batches(read_at(f, offsets.tolist(), sizes.tolist())):
            hashes, bounds = Lot([orjson.loads(line) for line in lines]).shingles(ngram)
            for start, end in zip(bounds, bounds[1:]):
                hashes[start:end].sort()
            new = np.concatenate([[True], hashes[1:] != hashes[:-1]])
            new[bounds[:-1]] = True
            sets.append(hashes[new])
            lengths.append(np.add.reduceat(new, bounds[:-1], dtype=np.int64))
    return np.concatenate(sets), np.concatenate(lengths)


def read_at(f, offsets: list[int], sizes: list[int]) -> Iterator[bytes]:
    for offset, size in zip(offsets, sizes):
        f.seek(offset)
        yield f.read(size)


# 3. What stays, shard by shard


def write_kept(
    inputs: list[Path], todo: list[Path], articles: Articles, removed: dict[int, Removed], out: StageOutput, pool: Pool
) -> Iterator[Path]:
    """Write the shards in `todo` without what is removed; yields each when it is written."""
    first = np.searchsorted(articles.shard, np.arange(len(inputs) + 1)).tolist()
    spans = dict(zip(inputs, zip(first, first[1:])))

    def job(path: Path) -> tuple:
        kinds = [removed[k].kind if k in removed else None for k in range(*spans[path])]
        return path, articles.chars[slice(*spans[path])], kinds

    for path, (content, counts) in zip(todo, pool.map(keep_lines, map(job, todo))):
        out.write_shard(path.stem, content, counts)
        yield path


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
        "in": len(kinds),
        "out": len(kept),
        "chars_in": total,
        "chars_out": total - sum(dropped_chars.values()),
        "dropped": dropped,
        "dropped_chars": dropped_chars,
    }


def describe(inputs: list[Path], articles: Articles, removed: dict[int, Removed]) -> Iterator[dict]:
    """A line of removed.jsonl for each article that went, in article order; of other text with its source."""

    def record(k: int) -> dict:
        with open(inputs[articles.shard[k]], "rb") as f:
            return orjson.loads(next(read_at(f, [int(articles.offset[k])], [int(articles.size[k])])))

    for k in sorted(removed):
        twin, jaccard, kind = removed[k]
        gone = record(k)
        yield {
            "id": int(articles.id[k]),
            "title": gone.get("title", ""),
            **({"source": gone["source"]} if articles.other[k] else {}),
            "chars": int(articles.chars[k]),
            "kept_id": int(articles.id[twin]),
            "kept_title": record(twin).get("title", ""),
            "kind": kind,
            "jaccard": round(jaccard, 4),
        }


if __name__ == "__main__":
    stage_main(main, __doc__, ("data", "dedup"))
