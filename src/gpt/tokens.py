"""The packed tokens: train.bin and val.bin, and the batches that are drawn from them.

    train.bin    little-endian uint16 token ids; every document ends with <|end|>
    train.json   what it holds: tokens, documents, text_bytes, bytes_per_token, tokenizer_sha256, sha256, ...

Batches are a pure function of (seed, step). The file is taken as a ring; every epoch cuts it into windows of
block_size from a random phase on and shuffles them, so nothing is drawn twice before all is seen, documents are cut
at new places in every epoch, resuming needs only the step, and neither the micro-batch size nor the number of GPUs
changes what a step sees.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gpt.tokenizer import Tokenizer
from pipeline.config import InputError
from pipeline.draws import hash64
from pipeline.files import content_hash, read_json

DTYPE = np.dtype("<u2")  # vocab_size <= 65,536: see pipeline/config.py
SPECIAL = 4  # ids below are special tokens
IGNORE = -100  # a target that is not learned or scored, as torch's cross entropy and model.py have it


def document(article: dict) -> str:
    """An article as the model reads it: the title as a Markdown heading, as the sections of the text are; <|end|>
    follows. Other text (data.more), which names its source, may have no title."""
    if "source" in article and not article["title"]:
        return article["text"]
    return f"# {article['title']}\n\n{article['text']}"


def recased(text: str, *key) -> str:
    """The text as it may be typed: about a third of its sentences in lower case, a third in CAPITALS; by the key."""
    parts = re.split(r"(?<=[.!?\n])(?=\s)", text)
    cases = (str, str.lower, str.upper)
    return "".join(cases[hash64(*key, place) % len(cases)](part) for place, part in enumerate(parts))


class TokenFile:
    """A .bin of token ids, memory-mapped, with what its .json says: the numbers are attributes of the same names."""

    def __init__(self, path: Path):
        self.path = Path(path)
        about = self.path.with_suffix(".json")
        if not self.path.exists() or not about.exists():
            missing = about if self.path.exists() else self.path
            raise InputError(f"{missing}: not there; run python src/pack_tokens.py with the same config first")
        self.about = read_json(about)
        try:
            self.tokens: int = self.about["tokens"]
            self.documents: int = self.about["documents"]
            self.text_bytes: int = self.about["text_bytes"]  # UTF-8 bytes of the documents, <|end|> not counted
            self.bytes_per_token: float = self.about["bytes_per_token"]
            self.tokenizer_sha256: str = self.about["tokenizer_sha256"]
            self.sha256: str = self.about["sha256"]  # of the .bin
        except (KeyError, TypeError):
            raise InputError(f"{about}: not written by pack_tokens.py; run it again") from None
        size = self.path.stat().st_size
        if size != self.tokens * DTYPE.itemsize or not self.tokens:
            raise InputError(
                f"{self.path}: {size:,} bytes, but {about.name} says {self.tokens:,} tokens of 2 bytes; "
                "delete both and run python src/pack_tokens.py again"
            )
        self.ids = np.memmap(self.path, DTYPE, mode="r")


def open_tokens(path: Path, tokenizer: Tokenizer, vocab_size: int) -> TokenFile:
    """The token file; InputError when it was altered, another tokenizer made it or the model has no room for its
    ids."""
    file = TokenFile(path)
    problems = []
    if file.about.get("content_hash", content := content_hash(file.path)) != content:
        problems.append(f"{path}: is not the file that was packed; run python src/pack_tokens.py again")
    if file.tokenizer_sha256 != tokenizer.sha256:
        problems.append(
            f"{path}: made with another tokenizer (sha256 {file.tokenizer_sha256[:12]}...) than {tokenizer.path} "
            f"({tokenizer.sha256[:12]}...); run python src/pack_tokens.py again, or give the tokenizer it was made with"
        )
    if tokenizer.vocab_size > vocab_size:
        problems.append(
            f"{tokenizer.path}: has {tokenizer.vocab_size:,} tokens, model.vocab_size is {vocab_size:,}; "
            "set model.vocab_size to it, or train a tokenizer of that size"
        )
    if problems:
        raise InputError("\n".join(problems))
    return file


def permutation(n: int, seed: list[int]) -> tuple[np.ndarray, int]:
    """-> (0..n-1 shuffled, uint32; one more random number of 63 bits). Built on the bit generator alone, whose
    numbers NumPy promises never to change; its own shuffles may change with its version."""
    random = np.random.PCG64(seed).random_raw(n + 1)
    return np.argsort(random[:n], kind="stable").astype(np.uint32), int(random[n] >> np.uint64(1))


class Batches:
    """The training batches: step k is sequences [k * batch_size, (k + 1) * batch_size) of the shuffled epochs one
    after another. batch_size counts the sequences of a whole step: micro_batch_size x grad_accum_steps. In the place
    of a share of the sequences, `repeats`, stands a short span that is told again and again; see told_again()."""

    def __init__(self, file: TokenFile, block_size: int, batch_size: int, seed: int, repeats: float = 0.0):
        if file.tokens <= block_size:
            raise InputError(
                f"{file.path}: {file.tokens:,} tokens, too few for one window of model.block_size {block_size:,}; "
                "pack more text or set model.block_size lower"
            )
        self.file, self.block_size, self.batch_size, self.seed = file, block_size, batch_size, seed
        self.repeats = repeats
        self.windows = (
            file.tokens // block_size
        )  # an epoch; the fewer than block_size tokens left over move with the phase
        self._epochs: dict[int, tuple[np.ndarray, int]] = {}

    def rows(self, step: int) -> int:
        """Sequences of a step, over all GPUs."""
        return self.batch_size

    def batch(self, step: int, first: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets, int64 (B, T) each, of up to `rows` sequences of a step, from number `first` on."""
        last = min(first + rows, self.batch_size)
        numbers = np.arange(first, last) + step * self.batch_size
        starts = self.starts(numbers)
        window = np.take(self.file.ids, starts[:, None] + np.arange(self.block_size + 1), mode="wrap").astype(np.int64)
        inputs, targets = window[:, :-1].copy(), window[:, 1:].copy()  # of one row, slices would share their memory
        for row, number in enumerate(numbers if self.repeats else ()):
            if hash64(self.seed, "repeat", number) < self.repeats * 2**64:
                inputs[row], targets[row] = self.told_again(int(number))
        return inputs, targets

    def told_again(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """A sequence in which nothing but looking back helps: a span of 8 to 0.4 x block_size tokens, again and again.
        Half of the spans are text, half are random tokens. What is told for the first time is no target."""
        longest = max(8, int(0.4 * self.block_size))
        length, of_text, *random = np.random.PCG64([self.seed, number]).random_raw(2 + longest)
        length = min(8 + int(length) % (longest - 7), self.block_size)
        if of_text % 2:
            span = np.take(self.file.ids, int(random[0] % self.file.tokens) + np.arange(length), mode="wrap")
        else:
            span = SPECIAL + np.array(random[:length]) % (self.file.about["vocab_size"] - SPECIAL)
        ids = np.resize(span.astype(np.int64), self.block_size + 1)
        return ids[:-1], np.where(np.arange(self.block_size) < length, IGNORE, ids[1:])

    def place(self, step: int) -> str:
        """Where in the file the sequences of a step begin, in words."""
        starts = [int(start) for start in self.starts(np.arange(self.batch_size) + step * self.batch_size)]
        shown = ", ".join(f"{start:,}" for start in starts[:8]) + (", ..." if len(starts) > 8 else "")
        return f"batch {step:,} of {self.file.path} (its {len(starts)} windows begin at the tokens {shown})"

    def starts(self, sequences: np.ndarray) -> np.ndarray:
        """Where in the file the windows of these sequences begin, counted through all epochs."""
        epochs, places = np.divmod(sequences, self.windows)
        starts = np.empty(len(sequences), dtype=np.int64)
        for epoch in np.unique(epochs):
            order, phase = self._epoch(int(epoch))
            rows = epochs == epoch
            starts[rows] = (phase + order[places[rows]].astype(np.int64) * self.block_size) % self.file.tokens
        return starts

    def epoch(self, step: int) -> float:
        """How many times all tokens have been seen before this step."""
        return step * self.batch_size / self.windows

    def _epoch(self, epoch: int) -> tuple[np.ndarray, int]:
        if epoch not in self._epochs:
            if len(self._epochs) > 1:  # a batch spans two epochs now and then; older ones are done with
                self._epochs.pop(min(self._epochs))
            order, phase = permutation(self.windows, [self.seed, epoch])
            self._epochs[epoch] = order, phase % self.file.tokens
        return self._epochs[epoch]


class Validation:
    """The first windows of val.bin in order, as one step of examples: the same tokens every time, and a fair sample,
    since documents are shuffled. A short last batch is filled up with rows that do not count, so that all have one
    shape."""

    def __init__(self, file: TokenFile, block_size: int, sequences: int, before: int):
        """sequences: how many windows at most; before: the id that stands before the first one, <|end|>."""
        self.block_size, self.before = block_size, before
        self.ids = file.ids[: sequences * block_size]

    def rows(self, step: int) -> int:
        return -(-len(self.ids) // self.block_size)

    def batch(self, step: int, first: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets, int64 (rows, T) each; -100 in the targets where nothing is scored."""
        start = first * self.block_size
        before = int(self.ids[start - 1]) if start else self.before
        ids = self.ids[start : start + rows * self.block_size]
        inputs, targets = next(windows(ids, self.block_size, rows, before))
        empty = ((0, rows - len(inputs)), (0, 0))
        return np.pad(inputs, empty), np.pad(targets, empty, constant_values=IGNORE)


def windows(
    ids: np.ndarray, block_size: int, rows: int, before: int, stride: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All ids in order, for scoring: inputs and targets, int64 (up to rows, block_size), each id a target exactly once.

    before: the id that stands before the first one: <|end|>, as before every document in training.
    stride: tokens between windows; with less than block_size they overlap, and ids that an earlier window has scored
            are only context there (target -100). 0: no overlap. The last window is filled up with targets of -100.
    """
    stride = stride or block_size
    if stride > block_size:
        raise InputError(f"stride {stride} is more than the model's block_size {block_size}; tokens would be left out")
    count = max(0, -(-(len(ids) - block_size) // stride)) + 1 if len(ids) else 0  # the last window reaches the end
    for first in range(0, count, rows):
        n = min(rows, count - first)
        inputs = np.full((n, block_size), before, dtype=np.int64)
        targets = np.full((n, block_size), IGNORE, dtype=np.int64)
        for row in range(n):
            start = (first + row) * stride
            window = ids[start : start + block_size]
            inputs[row, : len(window)] = np.concatenate(([before if start == 0 else ids[start - 1]], window[:-1]))
            seen = block_size - stride if start else 0
            targets[row, seen : len(window)] = window[seen:]
        yield inputs, targets
