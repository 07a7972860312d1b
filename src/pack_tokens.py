"""Encode the deduplicated text and pack it, shuffled by document, into train.bin and val.bin.

    python src/pack_tokens.py
    python src/pack_tokens.py --config configs/demo.yaml data.workers=1

data.deduped_dir/part-*.jsonl + tokenizer.path -> data.train_bin, data.val_bin: little-endian uint16, each with a .json
beside it that says what it holds; and manifest.json.

A document is `# Title`, a blank line, the text, and <|end|>. An article is for validation when a hash of its id falls
below data.val_fraction, so it stays there when the dump grows. First every shard is encoded into a file of its own
(`.packing/`: what a rerun goes on from), then the documents are gathered in the order of data.seed, so many at a
time as fit a small buffer: the tokens may be larger than memory.

Other text (data.more, of which clean.py and dedup.py have left more-*.jsonl) comes in among the articles of train.bin,
of each source as many documents as make up its share of all tokens.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from gpt.tokenizer import SPLITS, Tokenizer
from gpt.tokens import DTYPE, document, permutation, recased
from pipeline.cli import stage_main
from pipeline.config import InputError, resolve
from pipeline.files import atomic_file, content_hash, read_jsonl, write_bytes, write_json
from pipeline.other_text import shares
from pipeline.pool import Pool, open_pool
from pipeline.progress import Progress
from pipeline.stage_output import SingleFiles, shards

BUFFER = 64 << 20  # tokens gathered before they are written: 128 MB
INDEX = np.dtype([("hash", "<u8"), ("tokens", "<u4"), ("bytes", "<u4")])  # a document in .packing/part-*.npy

# Fast encoders must give the ids that the tokenizer itself gives: for these, once a process, and for so many characters
# of the first documents of every shard. One that does not is left out, so that the bytes never depend on it.
HARD_TEXTS = [
    "",
    " a  b \t\tc\n\n d \r\n",
    "<|end|><|pad|> is text",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u0301 \u00a0\u200b\u2028\x00",
    "don't DON'T 1,234½²",
    "日本語ไทยहिन्दी",
    "iPhone HTMLElement ÀÉÎÔ'LL/\r\n//  \r x\n\n ǅ",
    "က်ွန်ုပ် हिन्दी में 12345 ใน กรุงเทพฯ",
]
CHECKED = 50_000
NEVER = np.uint64(2**64 - 1)  # in place of an article's hash: not for validation
PACKAGES = ("tokenizers", "gigatoken", "tiktoken", "numpy")  # whose versions the manifest keeps

Encoder = Callable[[str], np.ndarray]
Encoded = tuple[Path, np.ndarray]  # .bin of the tokens of a shard, its index


def main(cfg) -> None:
    train_bin, val_bin, deduped = (resolve(p) for p in (cfg.data.train_bin, cfg.data.val_bin, cfg.data.deduped_dir))
    paths = shards(deduped, "dedup")
    tokenizer = Tokenizer(resolve(cfg.tokenizer.path))
    if tokenizer.vocab_size > 1 << 16:
        raise InputError(f"{tokenizer.path}: {tokenizer.vocab_size:,} tokens do not fit the 2 bytes of a token file")
    settings = {"seed": cfg.data.seed, "val_fraction": cfg.data.val_fraction, "recased": cfg.data.recased}
    inputs: dict[str, Path | str] = {"deduped": deduped, "tokenizer": tokenizer.sha256}
    more = shares(deduped, cfg.data.more)
    if more:
        settings["more"] = [source.model_dump() for source in cfg.data.more]
    manifest = train_bin.parent / "manifest.json"
    with SingleFiles(manifest, "pack_tokens", settings, inputs, PACKAGES, cfg.again) as out:
        if out.up_to_date:
            return
        check_room(train_bin.parent, paths, sum(share for _, share in more.values()))
        packing = prepare(train_bin.parent, out.key)
        with open_pool(cfg.data) as pool:
            encoded = encode_articles(cfg, paths, tokenizer, packing, pool)
            taken = encode_more(cfg, more, counts(encoded)["tokens"], tokenizer, packing, pool)
        encoded += [one for some in taken.values() for one in some]
        sources, index = [file for file, _ in encoded], [i for _, i in encoded]
        val = split(np.concatenate([i["hash"] for i in index]), cfg.data.val_fraction)
        order = permutation(len(val), [cfg.data.seed])[0].astype(np.int64)
        out.begin()
        forget(train_bin, val_bin)
        written = {}
        with Progress("write", sum(p.stat().st_size for p in sources) / 1e6, "MB") as bar:
            for path, chosen in ((train_bin, order[~val[order]]), (val_bin, order[val[order]])):
                about = write_tokens(path, chosen, sources, index, bar)
                about |= {"tokenizer_sha256": tokenizer.sha256, "vocab_size": tokenizer.vocab_size}
                written[path.stem] = about
                write_json(path.with_suffix(".json"), about)
        files = [file for path in (train_bin, val_bin) for file in (path, path.with_suffix(".json"))]
        out.finish(files, {"documents": len(val)}, tokens=written, more={p: counts(c) for p, c in taken.items()})
        shutil.rmtree(packing)
    for place, some in taken.items():
        about = counts(some)
        print(f"{place}: {about['tokens']:,} tokens, {about['documents']:,} documents")
    for path in (train_bin, val_bin):
        about = written[path.stem]
        print(
            f"{path}: {about['tokens']:,} tokens, {about['documents']:,} documents, "
            f"{about['bytes_per_token']:.3f} bytes a token"
        )


def gigatoken_encoder(tokenizer: Tokenizer) -> Encoder:
    """gigatoken: 50x faster than tokenizers. Without the list of added tokens a literal "<|end|>" is text to it."""
    import gigatoken

    about = json.loads(tokenizer.hf.to_str()) | {"added_tokens": []}
    return gigatoken.Tokenizer.from_json(json.dumps(about)).encode


def tiktoken_encoder(tokenizer: Tokenizer) -> Encoder:
    """tiktoken over the same vocabulary: several times faster. It is given no special tokens, so it makes none."""
    import tiktoken

    ranks = {token: index for index, token in tokenizer.token_bytes().items()}
    encoding = tiktoken.Encoding(
        "wikillm", pat_str=SPLITS[tokenizer.split].pattern, mergeable_ranks=ranks, special_tokens={}
    )
    return lambda text: np.array(encoding.encode_ordinary(text), dtype=DTYPE)


def plain_encoder(tokenizer: Tokenizer) -> Encoder:
    """The tokenizer itself: what the others are held to."""
    return lambda text: np.array(tokenizer.encode(text), dtype=DTYPE)


@lru_cache(maxsize=1)  # once a worker process
def encoders(path: Path, sha256: str) -> tuple[list[Encoder], int]:
    """-> (encoders, the fastest first, the plain one last; the id of <|end|>).

    sha256: the tokenizer's; one that was made anew is loaded anew.
    """
    tokenizer = Tokenizer(path)
    if tokenizer.sha256 != sha256:
        raise InputError(f"{path} was changed while it was in use; run the same command again")
    plain, found = plain_encoder(tokenizer), []
    for make in (gigatoken_encoder, tiktoken_encoder):
        try:
            found.append(make(tokenizer))
        except Exception:  # not installed, or another version than those that are known
            continue
    return [e for e in found if same(e, plain, HARD_TEXTS)] + [plain], tokenizer.end_id


def same(fast: Encoder, plain: Encoder, texts: list[str]) -> bool:
    try:
        return fast is plain or all(np.array_equal(fast(text), plain(text)) for text in texts)
    except Exception:  # whatever a fast one stumbles over, the plain one does
        return False


def encode_shard(job: tuple[Path, Path, str, int, float]) -> tuple[bytes, np.ndarray]:
    """-> (the shard's tokens, its index); behind an article that is not for validation come `copies` recased ones"""
    path, tokenizer_path, sha256, copies, val_fraction = job
    articles = list(read_jsonl(path))
    found = [document(article) for article in articles]
    for place, article in enumerate(articles):
        if id_hash(article["id"]) >= val_fraction * 2.0**64:
            again = [recased(found[place], article["id"], copy) for copy in range(copies)]
            found[place] = "\n\n".join([found[place], *again])
    return encode_texts(found, [id_hash(article["id"]) for article in articles], tokenizer_path, sha256)


def encode_other(job: tuple[Path, Path, str]) -> tuple[bytes, np.ndarray]:
    """A shard of other text -> (its tokens, its index)"""
    path, tokenizer_path, sha256 = job
    return encode_texts([document(record) for record in read_jsonl(path)], NEVER, tokenizer_path, sha256)


def encode_texts(documents: list[str], hashes, tokenizer_path: Path, sha256: str) -> tuple[bytes, np.ndarray]:
    """hashes: those that decide on validation, for the index"""
    available, end_id = encoders(tokenizer_path, sha256)
    ahead = np.cumsum([0] + [len(text) for text in documents[:-1]])
    checked = [text[:CHECKED] for text in documents[: np.searchsorted(ahead, CHECKED)]]
    encoder = next(e for e in available if same(e, available[-1], checked))
    encoded = [encoder(text) for text in documents]
    index = np.zeros(len(documents), dtype=INDEX)
    index["hash"] = hashes
    index["tokens"] = [len(e) + 1 for e in encoded]
    index["bytes"] = [len(text.encode()) for text in documents]
    tokens = np.full(index["tokens"].sum(dtype=np.int64), end_id, dtype=DTYPE)
    at = 0
    for ids in encoded:
        tokens[at : at + len(ids)] = ids
        at += len(ids) + 1
    return tokens.tobytes(), index


def id_hash(article_id: int) -> int:
    return int.from_bytes(hashlib.blake2b(str(article_id).encode(), digest_size=8).digest(), "little")


def encode_articles(cfg, paths: list[Path], tokenizer: Tokenizer, packing: Path, pool: Pool) -> list[Encoded]:
    """Every shard of articles, in order."""
    there = sum((packing / f"{path.stem}.npy").exists() for path in paths)
    if there:
        print(f"pack_tokens: going on after {there} encoded shards", flush=True)
    settings = (tokenizer.path, tokenizer.sha256, cfg.data.recased, cfg.data.val_fraction)
    encoded = []
    with Progress("encode", sum(p.stat().st_size for p in paths) / 1e6, "MB") as bar:
        for path, one in zip(paths, encoded_shards(encode_shard, paths, settings, packing, pool)):
            encoded.append(one)
            bar.add(path.stat().st_size / 1e6)
    return encoded


def encoded_shards(
    encode: Callable, paths: list[Path], settings: tuple, packing: Path, pool: Pool
) -> Iterator[Encoded]:
    """Every shard -> packing/<shard>.bin and .npy; those that are there already are kept.

    encode: (shard, *settings) -> its tokens and index
    """
    todo = {path for path in paths if not (packing / f"{path.stem}.npy").exists()}
    results = pool.map(encode, ((path, *settings) for path in paths if path in todo))
    for path in paths:
        file = packing / f"{path.stem}.bin"
        if path in todo:
            keep(file, *next(results))
        yield file, np.load(file.with_suffix(".npy"))


def keep(path: Path, tokens: bytes, index: np.ndarray) -> None:
    """Write a .bin and, second, the .npy that says that it is whole."""
    write_bytes(path, tokens)
    array = io.BytesIO()
    np.save(array, index)
    write_bytes(path.with_suffix(".npy"), array.getvalue())


def encode_more(
    cfg, more: dict[str, tuple[list[Path], float]], of_articles: int, tokenizer: Tokenizer, packing: Path, pool: Pool
) -> dict[str, list[Encoded]]:
    """Of each source as many documents, from the first on, as make up its share of all tokens.

    more: {source: (its shards, its share)}; of_articles: tokens of the articles, which are the rest"""
    taken: dict[str, list[Encoded]] = {place: [] for place in more}
    everything = of_articles / (1 - sum(share for _, share in more.values()))
    settings = (tokenizer.path, tokenizer.sha256)
    for place, (paths, share) in more.items():
        left = round(everything * share)
        with Progress(f"encode {Path(place).name}", left / 1e6, "M tokens") as bar:
            for file, index in encoded_shards(encode_other, paths, settings, packing, pool):
                tokens = np.cumsum(index["tokens"], dtype=np.int64)
                index = index[: int(np.searchsorted(tokens, left)) + 1]  # with the document that reaches it
                taken[place].append((file, index))
                some = int(index["tokens"].sum(dtype=np.int64))
                bar.add(min(left, some) / 1e6)
                left -= some
                if left <= 0:
                    break
        if left > 0:
            print(
                f"warning: {place}: what clean.py and dedup.py left of it is {left:,} tokens short of a share of "
                f"{share:g}",
                flush=True,
            )
    return taken


def counts(encoded: list[Encoded]) -> dict[str, int]:
    return {
        "tokens": sum(int(index["tokens"].sum(dtype=np.int64)) for _, index in encoded),
        "documents": sum(len(index) for _, index in encoded),
    }


def split(hashes: np.ndarray, val_fraction: float) -> np.ndarray:
    """-> True for validation; at least one document on each side."""
    if len(hashes) < 2:
        raise InputError(f"only {len(hashes)} documents to pack: training and validation need one each")
    val = hashes < val_fraction * 2.0**64
    val[hashes.argmin()], val[hashes.argmax()] = True, False
    return val


def write_tokens(path: Path, chosen: np.ndarray, sources: list[Path], index: list[np.ndarray], bar: Progress) -> dict:
    """Gather the documents `chosen` (numbered through all shards), in their order, in a file. -> what its .json says"""
    tokens, first = (
        np.concatenate([i["tokens"] for i in index])[chosen].astype(np.int64),
        np.cumsum([0] + [len(i) for i in index]),
    )
    ends, digest = np.cumsum(tokens), hashlib.sha256()
    with atomic_file(path) as f:
        at = 0
        while at < len(chosen):
            before = ends[at] - tokens[at]
            until = max(at + 1, int(np.searchsorted(ends, before + BUFFER, side="right")))
            buffer = np.empty(ends[until - 1] - before, DTYPE)
            places = ends[at:until] - tokens[at:until] - before
            order = np.argsort(chosen[at:until], kind="stable")  # as they lie on disk: every source is read forwards
            bounds = np.searchsorted(chosen[at:until][order], first)
            for source, documents, lo, hi, base in zip(sources, index, bounds, bounds[1:], first):
                if lo < hi:
                    _copy(buffer, places[order[lo:hi]], source, documents, chosen[at:until][order[lo:hi]] - base)
            f.write(buffer)
            digest.update(buffer.data)
            bar.add(buffer.nbytes / 1e6)
            at = until
    text_bytes = int(np.concatenate([i["bytes"] for i in index])[chosen].sum(dtype=np.int64))
    count = int(ends[-1])
    return {
        "tokens": count,
        "documents": len(chosen),
        "text_bytes": text_bytes,
        "bytes_per_token": round(text_bytes / count, 4),
        "dtype": "little-endian uint16",
        "content_hash": content_hash(path),
        "sha256": digest.hexdigest(),
    }


def _copy(buffer: np.ndarray, places: np.ndarray, source: Path, index: np.ndarray, numbers: np.ndarray) -> None:
    """The documents `numbers` of one shard to their places in the buffer."""
    ids = np.asarray(np.memmap(source, DTYPE, mode="r"))
    lengths = index["tokens"].astype(np.int64)
    starts = (np.cumsum(lengths) - lengths)[numbers]
    for place, start, length in zip(places.tolist(), starts.tolist(), lengths[numbers].tolist()):
        buffer[place : place + length] = ids[start : start + length]


def check_room(folder: Path, paths: list[Path], more: float) -> None:
    """The tokens are written twice, 2 bytes each, and are no fewer than a fifth of the bytes of their text; more: the
    share of other text in them."""
    needed = int(sum(path.stat().st_size for path in paths) * 0.8 / (1 - more)) - sum(
        path.stat().st_size for path in folder.glob(".packing/*.bin")
    )
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(f"{folder}: packing needs about {needed / 1e9:.1f} GB of disk, {free / 1e9:.1f} GB are free")


def prepare(folder: Path, key: str) -> Path:
    """The folder of encoded shards, emptied when it belongs to other settings or inputs."""
    packing = folder / ".packing"
    if not (packing / "key").exists() or (packing / "key").read_text() != key:
        shutil.rmtree(packing, ignore_errors=True)
        write_bytes(packing / "key", key.encode())
    for stray in packing.glob(".*.tmp-*"):
        stray.unlink()
    return packing


def forget(train_bin: Path, val_bin: Path) -> None:
    """Remove what vouches for the old files before the new ones take their places."""
    for path in (train_bin, val_bin):
        path.with_suffix(".json").unlink(missing_ok=True)
    for path in (train_bin, val_bin):
        for stray in path.parent.glob(f".{path.name}.tmp-*"):
            stray.unlink()


if __name__ == "__main__":
    stage_main(main, __doc__, ("data", "tokenizer"))
