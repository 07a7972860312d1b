"""Train the byte-level BPE tokenizer on a shuffled sample of the deduplicated text.

    python src/train_tokenizer.py
    python src/train_tokenizer.py --config configs/demo.yaml tokenizer.sample_mb=50

data.deduped_dir/part-*.jsonl -> tokenizer.path (tokenizer.json), and beside it manifest.json with what there is to know
of it: bytes a token on articles that it has not seen, its longest tokens, how it splits some sentences.

Of other text (data.more) the sample has each source's share, as the training will.

Of the text, tokenizer.talk is what people say to a chat model: in a small vocabulary of an encyclopaedia alone, Thanks
and you are spelled in letters.

The splitting before BPE is GPT-2's or, with tokenizer.split=o200k, GPT-4o's: both are known to every tool that reads
tokenizer.json and to llama.cpp. Ids 0-2 are the config's special tokens, 3 is <|pad|>, 4-259 the 256 bytes: any text
can be encoded, none is "unknown".
"""

import pipeline.ctrl_c  # first, for as long as the others take

import sys
from pathlib import Path

import numpy as np
import orjson
from tokenizers import Tokenizer as HFTokenizer
from tokenizers import decoders, models, pre_tokenizers, trainers

from gpt.tokenizer import PAD, Tokenizer, pre_tokenizer
from gpt.tokens import document
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.files import atomic_file
from pipeline.other_text import shares
from pipeline.pool import Pool, open_pool
from pipeline.progress import Progress
from pipeline.stage_output import SingleFiles, shards
from teacher.wordings import spoken

HELD_OUT = 0.02  # of the sample: kept from training, to measure on
HELD_OUT_BYTES = 5_000_000  # and at most so much: 1M tokens give bytes a token to three digits
JSON_TO_TEXT = 2  # bytes of JSONL a byte of text, at most: of short documents with the path of their source in each
ROUND_TRIP = [
    "",
    " ",
    "  two  spaces  ",
    "\ttab\t\tand\r\nline ends\n\n\n",
    "<|end|> <|user|><|assistant|> <|pad|> is text",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇪🇺",
    "naïve café Ærøskøbing",
    "e\u0301 is not \u00e9",
    "日本語 русский العربية हिन्दी ไทย",
    "\u200b\u00a0\ufeff\u2028\x00\x7f",
    "x² + y² = z², 1,234.56 km",
    "don't DON'T we'll",
]


def main(cfg: Config) -> None:
    path, deduped = resolve(cfg.tokenizer.path), resolve(cfg.data.deduped_dir)
    paths = shards(deduped, "dedup")
    settings = {"vocab_size": cfg.model.vocab_size, "seed": cfg.data.seed, **cfg.tokenizer.model_dump(exclude={"path"})}
    more = list(shares(deduped, cfg.data.more).values())
    if more:
        settings["more"] = [source.model_dump() for source in cfg.data.more]
    manifest, inputs = path.parent / "manifest.json", {"deduped": deduped}
    with SingleFiles(manifest, "train_tokenizer", settings, inputs, ("tokenizers",), cfg.again) as out:
        if out.up_to_date:
            return
        texts, held_out = split_sample(draw_sample(cfg, paths, more))
        said = talk(texts, cfg.tokenizer.talk, cfg.data.seed)
        counts = {"documents": len(texts), "talk": len(said)}
        texts += said
        if cfg.tokenizer.cases:
            texts = [cased for text in texts for cased in (text, text.lower(), text.upper())]
        size = sum(len(text.encode()) for text in texts)
        lines = f" and {len(said):,} lines of talk" if said else ""
        cases = ", in three cases" if cfg.tokenizer.cases else ""
        print(f"training on {counts['documents']:,} documents{lines}{cases}, {size / 1e6:.1f} MB", flush=True)
        trained = train(
            texts,
            cfg.model.vocab_size,
            cfg.tokenizer.min_frequency,
            [*cfg.tokenizer.special_tokens, PAD],
            cfg.tokenizer.split,
        )
        check_full(trained.get_vocab_size(), cfg.model.vocab_size, size)
        tokenizer = put_in_place(trained, path, ROUND_TRIP + held_out)
        facts = describe(tokenizer, held_out)
        out.finish([path], counts | {"text_bytes": size}, tokenizer=facts, tokenizer_sha256=tokenizer.sha256)
    report(path, facts)


def sample_shard(job: tuple[Path, int, int, float]) -> list[tuple[int, str]]:
    """-> [(random number, document)] of a share of one shard's documents. Only those chosen are parsed."""
    path, index, seed, share = job
    lines = path.read_bytes().split(b"\n")
    numbers = np.random.PCG64([seed, index]).random_raw(len(lines))
    drawn: list[tuple[int, str]] = []
    for i in np.flatnonzero(numbers < share * 2.0**64).tolist():
        try:
            drawn += [(int(numbers[i]), document(orjson.loads(lines[i])))] if lines[i] else []
        except orjson.JSONDecodeError as error:
            raise InputError(f"{path}:{i + 1}: not valid JSON ({error})") from None
    return drawn


def draw_sample(cfg: Config, paths: list[Path], more: list[tuple[list[Path], float]]) -> list[str]:
    """At most tokenizer.sample_mb of documents, shuffled: the same ones whatever the number of workers.

    more: shards and share of each source of other text. Where there are too few articles, there is less of it too.
    """
    limit, of_articles = cfg.tokenizer.sample_mb * 1e6, 1 - sum(share for _, share in more)
    count = len(paths) + sum(len(shards) for shards, _ in more)
    with open_pool(cfg.data) as pool, Progress("sample", count, "shards") as bar:
        drawn = draw(cfg, paths, 0, limit * of_articles, pool, bar)
        size, first = sum(len(text.encode()) for _, text in drawn), len(paths)
        for shards, share in more:
            drawn += draw(cfg, shards, first, size * share / of_articles, pool, bar, JSON_TO_TEXT)
            first += len(shards)
    return [text for _, text in sorted(drawn, key=lambda item: item[0])]


def draw(
    cfg: Config, paths: list[Path], first: int, limit: float, pool: Pool, bar: Progress, json_to_text: float = 1
) -> list[tuple[int, str]]:
    """At most `limit` bytes of documents of some shards, in the order of their random numbers.

    first: the number of the first shard, of those of all kinds of text; json_to_text: with 1, so many bytes of JSONL
    are read, which have a little less text
    """
    share = limit * json_to_text / max(1, sum(path.stat().st_size for path in paths))
    drawn: list[tuple[int, str]] = []
    for part in pool.map(sample_shard, [(path, i, cfg.data.seed, share) for i, path in enumerate(paths, first)]):
        drawn += part
        bar.add()
    drawn.sort(key=lambda item: item[0])
    sizes = np.cumsum([len(text.encode()) for _, text in drawn])
    return drawn[: np.searchsorted(sizes, limit, side="right")]


def split_sample(sample: list[str]) -> tuple[list[str], list[str]]:
    """-> (documents to train on, at least one held out); InputError when there are not two."""
    if len(sample) < 2:
        raise InputError(
            f"only {len(sample)} documents to train a tokenizer on; give it a larger dump or tokenizer.sample_mb"
        )
    count = max(1, int(len(sample) * HELD_OUT))
    sizes = np.cumsum([len(text.encode()) for text in sample[:count]])
    count = max(1, int(np.searchsorted(sizes, HELD_OUT_BYTES)))
    return sample[count:], sample[:count]


def talk(texts: list[str], share: float, seed: int) -> list[str]:
    """What people say to a chat model, until it is that share of all bytes."""
    wanted = sum(len(text.encode()) for text in texts) * share / (1 - share)
    said: list[str] = []
    for line in spoken(seed, "talk") if share else ():
        if wanted <= 0:
            break
        said.append(line)
        wanted -= len(line.encode())
    return said


def train(
    texts: list[str], vocab_size: int, min_frequency: int, special_tokens: list[str], split: str = "gpt2"
) -> HFTokenizer:
    tokenizer = HFTokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer(split)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=special_tokens,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=sys.stderr.isatty(),
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    return tokenizer


def check_full(size: int, vocab_size: int, text_bytes: int) -> None:
    """A vocabulary that is not full would leave rows of the embedding that no text ever trains."""
    if size < vocab_size:
        room = size // 64 * 64
        advice = f"set model.vocab_size={room} or less, or give more text" if room >= 260 else "give more text"
        raise InputError(
            f"model.vocab_size is {vocab_size:,}, but {text_bytes / 1e6:.1f} MB of text made only {size:,} tokens: "
            f"{advice} (a larger dump; tokenizer.sample_mb; tokenizer.min_frequency=1)"
        )


def put_in_place(trained: HFTokenizer, path: Path, texts: list[str]) -> Tokenizer:
    """It takes the place of an older one only when every check on the texts has passed."""
    with atomic_file(path) as f:
        f.write(trained.to_str().encode())
        f.flush()
        tokenizer = Tokenizer(Path(f.name))
        check_round_trip(tokenizer, texts)
    return tokenizer


def check_round_trip(tokenizer: Tokenizer, texts: list[str]) -> None:
    """Text -> ids -> text loses nothing, and text never yields a special token."""
    for text in texts:
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text, f"the round trip changes {text[:80]!r}"
        assert not set(ids) & set(tokenizer.special_ids.values()), f"text gave a special token: {text[:80]!r}"


def describe(tokenizer: Tokenizer, held_out: list[str]) -> dict:
    """What a person wants to know of a tokenizer, measured on articles that it was not trained on."""
    encoded = tokenizer.encode_batch(held_out)
    ids = np.concatenate([np.asarray(part, dtype=np.int64) for part in encoded])
    tokens = tokenizer.token_bytes()
    lengths = np.array([len(tokens.get(i, b"")) for i in range(tokenizer.vocab_size)])

    def spelled(chosen) -> list[str]:
        return [spell(tokens[i]) for i in chosen]

    return {
        "vocab_size": tokenizer.vocab_size,
        "held_out_documents": len(held_out),
        "held_out_tokens": len(ids),
        "bytes_per_token": round(float(lengths[ids].sum() / len(ids)), 4),
        "single_byte_share": round(float((lengths[ids] == 1).mean()), 4),  # of the tokens of the held-out text
        "vocabulary_seen": round(len(np.unique(ids)) / tokenizer.vocab_size, 4),  # share of the entries, in that text
        "lengths": np.bincount(lengths)[1:].tolist(),  # entries of 1, 2, 3 ... bytes
        "longest_tokens": spelled(sorted(tokens, key=lambda i: (-lengths[i], i))[:20]),
        "first_merges": spelled(range(260, min(300, tokenizer.vocab_size))),
        "last_merges": spelled(range(max(260, tokenizer.vocab_size - 40), tokenizer.vocab_size)),
        "examples": [spelled(part[:80]) for part in encoded[:5]],
    }


def spell(token: bytes) -> str:
    """A token as text; one that cuts a character apart as its bytes: ‹e6 97›."""
    try:
        return token.decode()
    except UnicodeDecodeError:
        return f"‹{token.hex(' ')}›"


def report(path: Path, facts: dict) -> None:
    print(
        f"{path}: {facts['vocab_size']:,} tokens, {facts['bytes_per_token']:.3f} bytes a token on "
        f"{facts['held_out_documents']:,} held-out documents, {facts['single_byte_share']:.1%} of them single bytes"
    )
    print("longest: " + " ".join(repr(token) for token in facts["longest_tokens"][:8]))
    print("splits:  " + "|".join(facts["examples"][0]).replace("\n", "\\n"))


if __name__ == "__main__":
    stage_main(main, __doc__, ("model", "tokenizer", "data"))
