"""The decoding engine that sample, preference generation, judge and serve share: batched, with a key-value cache.

    for c in generate(model, tokenizer, prompts, 100, Sampling(temperature=0.8), seeds=[1, 2]): print(c.text)
    for index, text, completion in stream(Decoder(model, tokenizer), requests, batch_size=8): ...

Rows join and leave the batch between steps. What a row gives depends on its own prompt, settings and seed alone, not on
its neighbours: prompts are never padded on the left, each row has random numbers of its own. <|end|> stops a row; the
other special tokens are never drawn. Prompts are read in a cache of their own, whole or a chunk a step, so that those
who are being answered need not wait for a long one.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from gpt import checkpoints
from gpt.decode_step import make_step
from gpt.grammar import Grammar, GrammarFailed
from gpt.machine import pick_device
from gpt.prefix_cache import PrefixCache
from gpt.sampling import Knobs, Sampling
from gpt.text_stream import TextStream
from gpt.tokenizer import Tokenizer
from model import KVCache, WikiGPT
from pipeline.config import InputError, resolve

IDLE_CHUNKS = 8  # are read at once where nobody waits for the next token
PADDING = 1.25  # prompts are read side by side as long as padding them makes the work at most so much more


@dataclass(frozen=True)
class Request:
    prompt: list[int]
    max_new_tokens: int
    sampling: Sampling
    seed: int
    stop: tuple[str, ...] = ()
    logprobs: int | None = None  # keep the log-probability of each token, and of so many alternatives
    prompt_logprobs: int | None = None  # the same of the prompt's tokens but the first
    stop_ids: frozenset[int] = frozenset()  # tokens that end the answer as a stop string does
    min_new_tokens: int = 0  # before them, nothing that ends the answer is drawn
    ignore_end: bool = False  # never draw <|end|>
    grammar: Grammar | None = None  # the answer keeps to it


@dataclass
class Completion:
    """What a request has given so far; whole once finish_reason is set."""

    ids: list[int] = field(default_factory=list)  # the tokens drawn, <|end|> included when it came
    text: str = ""  # theirs, up to <|end|> or the stop string
    finish_reason: str | None = None  # "stop": <|end|> or a stop string; "length": no room left; "error": see problem
    problem: GrammarFailed | None = None  # why this answer cannot go on
    logprobs: list[float] = field(default_factory=list)  # of ids, before temperature and cuts, when asked for
    alternatives: list[dict[int, float]] = field(default_factory=list)  # and the likeliest at each place
    prompt_logprobs: list[float] = field(default_factory=list)  # of prompt[1:], when asked for
    prompt_alternatives: list[dict[int, float]] = field(default_factory=list)


class Row:
    """A request while it is decoded."""

    def __init__(self, request: Request, tokenizer: Tokenizer, key: Any, room: int):
        self.request, self.key, self.completion = request, key, Completion()
        self.last = request.prompt[-1]  # the next token that the model has to see
        self.length = len(request.prompt) - 1  # tokens that it has seen
        self.limit = min(request.max_new_tokens, room)
        self.stream = TextStream(tokenizer, request.stop)
        self.matcher = request.grammar.matcher() if request.grammar else None
        self.enders: frozenset[int] = request.stop_ids | {tokenizer.end_id}
        # All of a row's random numbers are drawn before it starts: its neighbours cannot change them.
        draws = torch.rand(self.limit, generator=torch.Generator().manual_seed(request.seed % 2**63))
        self.draws = (1 - draws).tolist()  # in (0, 1]

    @property
    def seen(self) -> list[int]:
        """The tokens that the model has seen."""
        return (self.request.prompt + self.completion.ids)[: self.length]

    def bar(self, logits: torch.Tensor, end_id: int) -> None:
        """What may not come next gets -inf: logits (V,), changed in place; what nobody draws has it already."""
        if self.matcher:
            try:
                logits.masked_fill_(~self.matcher.allowed().to(logits.device), -torch.inf)
                if logits.amax() == -torch.inf:
                    raise GrammarFailed("the schema cannot be followed: no token may come next")
            except GrammarFailed as error:
                self.completion.problem = error
                logits.fill_(-torch.inf)
                logits[end_id] = 0.0  # something must be drawn; fail() follows
                return
        early = len(self.completion.ids) < self.request.min_new_tokens
        barred = sorted(self.enders) if early else [end_id] if self.request.ignore_end else []
        unbarred = logits[barred]
        logits[barred] = -torch.inf
        if self.matcher and logits.amax() == -torch.inf:
            logits[barred] = unbarred  # the JSON is whole: neither of the two can make it longer

    def take(self, token: int) -> str:
        """Add the token that was drawn. -> the text that is certain now"""
        done, self.last = self.completion, token
        done.ids.append(token)
        if token in self.enders:
            done.finish_reason, text = "stop", self.stream.flush()
        else:
            text = self.stream.push(token)
            if self.matcher:
                self.matcher.take(token)
            if self.stream.stopped:
                done.finish_reason = "stop"
            elif len(done.ids) >= self.limit:
                done.finish_reason, text = "length", text + self.stream.flush()
        done.text += text
        return text

    def fail(self) -> str:
        """It ends here, with completion.problem. -> the text that was held back"""
        done, text = self.completion, self.stream.flush()
        done.finish_reason, done.text = "error", done.text + text
        return text


class Reading:
    """Prompts of about one length on their way through the model, side by side, in a cache of their own. Shorter ones
    are filled up on the right, where causal attention never looks and later tokens are written over."""

    def __init__(self, rows: list[Row], pad_id: int):
        self.rows: list[Row | None] = [*rows]  # None: was taken out
        self.cache: KVCache | None = None  # until it is its turn
        # All of a prompt but its last token is read here, the last one is the first step's.
        self.length = max(row.length for row in rows)
        self.ids = [row.request.prompt[:-1] + [pad_id] * (self.length - row.length) for row in rows]


class Decoder:
    """The rows that are decoded side by side. add() requests, step() as long as size is not 0. The model is in eval
    mode and stays as it is: the decoder keeps its weights in another layout. compiled: see gpt/decode_step.py; worth
    its seconds for long work. chunk: so many tokens of prompts are read between two steps of the rows that are being
    answered; None: all. prefix_bytes: keys and values kept of what was decoded, for prompts that begin alike."""

    def __init__(
        self,
        model: WikiGPT,
        tokenizer: Tokenizer,
        compiled: bool = False,
        chunk: int | None = None,
        prefix_bytes: int = 0,
    ):
        self.tokenizer, self.config, self.chunk = tokenizer, model.config, chunk
        self.device, self.dtype = model.embed_tokens.weight.device, model.embed_tokens.weight.dtype
        self.rows: list[Row] = []
        self.readings: deque[Reading] = deque()
        self.prefixes = PrefixCache(prefix_bytes)
        self.next = make_step(model, compiled)
        self.cache = self._no_cache()
        self.read, self.logits = self.next.read, self.next.logits
        self.never = {i for i in tokenizer.special_ids.values() if i != tokenizer.end_id}
        self.never |= set(range(tokenizer.vocab_size, self.config.vocab_size))
        self.barred = torch.tensor(sorted(self.never), device=self.device)
        self.knobs: Knobs | None = None  # of the rows as they stand; None: they have changed

    def all_rows(self) -> list[Row]:
        """Those that are decoded, then those whose prompts are being read."""
        return self.rows + [row for reading in self.readings for row in reading.rows if row]

    @property
    def size(self) -> int:
        return len(self.all_rows())

    @torch.inference_mode()
    def add(self, requests: list[Request], keys: list) -> list[Row]:
        """Let requests join; keys: what the caller knows them by, found as row.key. InputError when a prompt is too
        long."""
        new = [
            Row(r, self.tokenizer, key, check_prompt(r.prompt, self.config.block_size))
            for r, key in zip(requests, keys)
        ]
        groups: list[list[Row]] = []
        for row in sorted(new, key=lambda row: row.length):
            size = row.length * (len(groups[-1]) + 1) if groups else 0
            wasteful = groups and size > PADDING * sum(r.length for r in [*groups[-1], row])
            if not groups or wasteful or (self.chunk and size > self.chunk):
                groups.append([])
            groups[-1].append(row)
        self.readings.extend(Reading(rows, self.tokenizer.pad_id) for rows in groups)
        return new

    @torch.inference_mode()
    def step(self) -> list[tuple[Row, str]]:
        """Read of the prompts what is due, and one token more for every row. -> each row that got one, with the text
        that became certain; those that finished are gone."""
        result = self._read()
        if not self.rows:
            return result
        if self.knobs is None:
            self.knobs = Knobs(
                [row.request.sampling for row in self.rows],
                [row.request.prompt for row in self.rows],
                [row.completion.ids for row in self.rows],
                self.config.vocab_size,
                self.device,
            )
        width = max(row.length for row in self.rows)
        self._reserve(len(self.rows), width + 1)
        cache = self.cache.slots(0, len(self.rows), width)
        logits = self.next(torch.tensor([row.last for row in self.rows], device=self.device), cache).float()  # (B, V)
        wanted = [row.request.logprobs for row in self.rows]
        logprobs = logits.log_softmax(-1) if any(w is not None for w in wanted) else None
        self._bar(logits)
        chosen = self.knobs.choose(logits, [row.draws[len(row.completion.ids)] for row in self.rows])
        tokens = chosen.tolist()
        if not self.never.isdisjoint(tokens):
            raise InputError("the model's logits are not numbers: its training diverged, or its weights are damaged")
        if logprobs is not None:
            self._keep_logprobs(logprobs, chosen.to(self.device), wanted)
        for row, token in zip(self.rows, tokens):
            row.length += 1
            result.append((row, row.fail() if row.completion.problem else row.take(token)))
        for row in [row for row in self.rows if row.completion.finish_reason]:
            self.drop(row)
        return result

    def drop(self, row: Row) -> None:
        """Take a row out; the last one moves into its place."""
        if row not in self.rows:
            for reading in self.readings:
                reading.rows = [None if other is row else other for other in reading.rows]
            self.readings = deque(reading for reading in self.readings if any(reading.rows))
            return
        i, last = self.rows.index(row), len(self.rows) - 1
        with torch.inference_mode():
            self.prefixes.keep(row.seen, [kv[i, :, :, : row.length] for kv in self.cache.kv])
            moved = self.rows.pop()
            if i != last:
                self.rows[i] = moved
                for kv in self.cache.kv:
                    kv[i, :, :, : moved.length] = kv[last, :, :, : moved.length]
                self.cache.lengths[i] = self.cache.lengths[last]
        self.knobs = None
        if not self.rows:
            self.cache = self._no_cache()  # the memory is given back

    def clear(self) -> list[Row]:
        """Take all rows out. -> them"""
        rows = self.all_rows()
        self.rows, self.knobs, self.cache = [], None, self._no_cache()
        self.readings.clear()
        return rows

    # ---- prompts

    def _read(self) -> list[tuple[Row, str]]:
        """A chunk of the prompts that came first, or all there are when there is no chunk. -> the rows that want no
        token and are through"""
        finished: list[tuple[Row, str]] = []
        while self.readings:
            reading = self.readings[0]
            if reading.cache is None:
                reading.cache = self._begin(reading)
            left = reading.length - reading.cache.width
            if left and self.chunk:  # more where nobody waits for the next token; but who leaves is still to be seen
                most = (self.chunk if self.rows else IDLE_CHUNKS * self.chunk) // len(reading.rows)
                self._read_chunk(reading, reading.cache, min(left, max(1, most)))
            elif left:
                self._read_chunk(reading, reading.cache, left)
            if reading.length == reading.cache.width:
                self.readings.popleft()
                finished += self._join(reading, reading.cache)
            if self.chunk is not None and left:
                break
        return finished

    def _begin(self, reading: Reading) -> KVCache:
        """A cache for the prompts; it holds the beginning of a prompt that is known."""
        cache = KVCache(self.config, len(reading.rows), reading.length, self.device, self.dtype)
        row = reading.rows[0] if len(reading.rows) == 1 else None
        if row and row.request.prompt_logprobs is None:
            known, kv = self.prefixes.find(row.request.prompt[:-1])
            for mine, old in zip(cache.kv, kv):
                mine[0, :, :, :known] = old[:, :, :known]
            cache.lengths += known
            cache.width = known
        return cache

    def _read_chunk(self, reading: Reading, cache: KVCache, T: int) -> None:
        start, end = cache.width, cache.width + T
        hidden = self.read(torch.tensor([ids[start:end] for ids in reading.ids], device=self.device), cache)
        for i, row in enumerate(reading.rows):
            if row and row.request.prompt_logprobs is not None and (told := row.request.prompt[start + 1 : end + 1]):
                ids = torch.tensor(told, device=self.device)
                own, likeliest = logprobs_of(self.logits(hidden[i, : len(ids)]), ids, row.request.prompt_logprobs)
                row.completion.prompt_logprobs += own
                row.completion.prompt_alternatives += likeliest

    def _join(self, reading: Reading, read: KVCache) -> list[tuple[Row, str]]:
        """The prompts are read: their rows get a place among those that are decoded. -> those that want no token"""
        finished = []
        for i, row in enumerate(reading.rows):
            if row is None:
                continue
            kv = [layer[i, :, :, : row.length] for layer in read.kv]
            self.prefixes.keep(row.seen, kv)
            if not row.limit:
                row.completion.finish_reason = "length"
                finished.append((row, ""))
                continue
            slot = len(self.rows)
            self._reserve(slot + 1, row.length + 1)
            for mine, prompt in zip(self.cache.kv, kv):
                mine[slot, :, :, : row.length] = prompt
            self.cache.lengths[slot] = row.length
            self.rows.append(row)
            self.knobs = None
        return finished

    # ---- memory

    def _no_cache(self) -> KVCache:
        return KVCache(self.config, 0, 0, self.device, self.dtype)

    def _reserve(self, rows: int, length: int) -> None:
        """Make the cache at least so large; what it holds stays."""
        old_rows, _, _, old_length, _ = self.cache.kv[0].shape
        if rows <= old_rows and length <= old_length:
            return
        # In such steps, or every longer or further row would move it all.
        length = min(-(-max(length, old_length) // 256) * 256, self.config.block_size)
        rows = old_rows if rows <= old_rows else 1 << (rows - 1).bit_length()
        old, n, filled = self.cache, len(self.rows), max((row.length for row in self.rows), default=0)
        self.cache = KVCache(self.config, rows, length, self.device, self.dtype)
        self.cache.lengths[:n] = old.lengths[:n]
        for kv, before in zip(self.cache.kv, old.kv):
            kv[:n, :, :, :filled] = before[:n, :, :, :filled]

    # ---- the choice

    def _bar(self, logits: torch.Tensor) -> None:
        """Nothing but what may come next is drawn: logits (B, V) are changed in place."""
        logits.index_fill_(1, self.barred, -torch.inf)
        for row, of_row in zip(self.rows, logits):
            if row.matcher or row.request.min_new_tokens or row.request.ignore_end:
                row.bar(of_row, self.tokenizer.end_id)

    def _keep_logprobs(self, logprobs: torch.Tensor, chosen: torch.Tensor, wanted: list[int | None]) -> None:
        own = logprobs.gather(1, chosen[:, None])[:, 0].tolist()
        most = max(w or 0 for w in wanted)
        values, ids = (t.tolist() for t in logprobs.topk(most)) if most else ([[]] * len(own), [[]] * len(own))
        for i, row in enumerate(self.rows):
            if wanted[i] is not None:
                row.completion.logprobs.append(own[i])
                row.completion.alternatives.append(dict(zip(ids[i][: wanted[i]], values[i])))


def load(path: str, dtype: str = "auto") -> tuple[WikiGPT, Tokenizer]:
    """A checkpoint on the best device of this machine, ready to decode. dtype: float32, bfloat16, or auto: bfloat16 on
    a GPU, float32 elsewhere. InputError when its weights are not those that were written."""
    device = pick_device("auto")
    if problem := checkpoints.damage(resolve(path), ("config.json", "tokenizer.json", "model.safetensors")):
        raise InputError(f"{path}: {problem}; use another checkpoint, or copy it here again")
    model, tokenizer = checkpoints.load(resolve(path), device)
    half = dtype == "bfloat16" or (dtype == "auto" and device.type == "cuda")
    return (model.to(torch.bfloat16) if half else model), tokenizer


def check_prompt(prompt: list[int], block_size: int) -> int:
    """-> how many tokens may follow it. InputError when it is empty or leaves no room."""
    if not prompt:
        raise InputError("the prompt is empty; a document begins after <|end|>, so give that one token")
    if len(prompt) >= block_size:
        raise InputError(
            f"the prompt has {len(prompt):,} tokens, the model reads at most {block_size:,} with its answer; shorten it"
        )
    return block_size - len(prompt)


def logprobs_of(
    logits: torch.Tensor, ids: torch.Tensor, alternatives: int
) -> tuple[list[float], list[dict[int, float]]]:
    """logits (T, V), ids (T,) -> the log-probability of each id, and those of the likeliest at each place"""
    logprobs = logits.float().log_softmax(-1)
    values, likeliest = (t.tolist() for t in logprobs.topk(alternatives))
    return logprobs.gather(1, ids[:, None])[:, 0].tolist(), [dict(zip(i, v)) for i, v in zip(likeliest, values)]


def stream(decoder: Decoder, requests: list[Request], batch_size: int) -> Iterator[tuple[int, str, Completion]]:
    """Decode all requests, batch_size at a time. Yields (index of the request, text that became certain, its completion
    so far) for every token; the last one of a request has completion.finish_reason set."""
    for request in requests:
        check_prompt(request.prompt, decoder.config.block_size)
    waiting = list(range(len(requests)))
    try:
        while waiting or decoder.size:
            # A prompt costs about a step: fill up when a quarter of the batch is free, not for every row that ends.
            if waiting and decoder.size <= batch_size * 3 // 4:
                free = batch_size - decoder.size
                joining, waiting = waiting[:free], waiting[free:]
                decoder.add([requests[i] for i in joining], joining)
            for row, text in decoder.step():
                yield row.key, text, row.completion
    finally:  # the caller may have had enough
        decoder.clear()


def generate(
    model: WikiGPT,
    tokenizer: Tokenizer,
    prompts: list[list[int]],
    max_new_tokens: int,
    sampling: Sampling,
    seeds: list[int],
    stop: Sequence[str] = (),
    logprobs: int | None = None,
    batch_size: int = 64,
) -> list[Completion]:
    """A completion for each prompt, in order; seeds: one a prompt."""
    requests = [
        Request(prompt, max_new_tokens, sampling, seed, tuple(stop), logprobs)
        for prompt, seed in zip(prompts, seeds, strict=True)
    ]
    training = model.training
    model.eval()
    try:
        done = {index: completion for index, _, completion in stream(Decoder(model, tokenizer), requests, batch_size)}
    finally:
        model.train(training)
    return [done[i] for i in range(len(requests))]
