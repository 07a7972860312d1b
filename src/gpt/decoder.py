"""The decoding engine that sample, preference generation, judge and serve share: batched, with a key-value cache.

    for c in generate(model, tokenizer, prompts, 100, Sampling(temperature=0.8), seeds=[1, 2]): print(c.text)
    for index, text, completion in stream(Decoder(model, tokenizer), requests, batch_size=8): ...

Rows join and leave the batch between steps. What a row gives depends on its own prompt, settings and seed alone, not on
its neighbours: prompts are never padded on the left, each row has random numbers of its own. <|end|> stops a row; the
other special tokens are never drawn.
"""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch

from gpt import checkpoints
from gpt.decode_step import make_step
from gpt.machine import pick_device
from gpt.sampling import Knobs, Sampling
from gpt.tokenizer import Tokenizer
from model import KVCache, WikiGPT
from pipeline.config import InputError, resolve


@dataclass(frozen=True)
class Request:
    prompt: list[int]
    max_new_tokens: int
    sampling: Sampling
    seed: int
    stop: tuple[str, ...] = ()
    logprobs: int | None = None  # keep the log-probability of each token, and of so many alternatives


@dataclass
class Completion:
    """What a request has given so far; whole once finish_reason is set."""

    ids: list[int] = field(default_factory=list)  # the tokens drawn, <|end|> included when it came
    text: str = ""  # theirs, up to <|end|> or the stop string
    finish_reason: str | None = None  # "stop": <|end|> or a stop string; "length": no room left
    logprobs: list[float] = field(default_factory=list)  # of ids, before temperature and cuts, when asked for
    alternatives: list[dict[int, float]] = field(default_factory=list)  # and the likeliest at each place


class TextStream:
    """Token ids in, text out as soon as it is certain: no half characters, nothing that may turn out a stop string."""

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str]):
        self.bytes, self.stop = token_bytes(tokenizer), [s for s in stop if s]
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.held = ""  # may be the beginning of a stop string
        self.stopped = False  # a stop string has come; it and what follows are cut off

    def push(self, token: int) -> str:
        self.held += self.decoder.decode(self.bytes[token])
        found = [at for at in (self.held.find(s) for s in self.stop) if at >= 0]
        if found:
            self.stopped, self.held = True, self.held[: min(found)]
            return self.flush()
        keep = max((n for s in self.stop for n in range(1, len(s)) if self.held.endswith(s[:n])), default=0)
        text, self.held = self.held[: len(self.held) - keep], self.held[len(self.held) - keep :]
        return text

    def flush(self) -> str:
        """What was held back, at the end; bytes of a character that never came whole are dropped."""
        text, self.held = self.held, ""
        return text


@lru_cache(maxsize=4)
def token_bytes(tokenizer: Tokenizer) -> list[bytes]:
    """The bytes of every token by its id; a special token has none."""
    known = tokenizer.token_bytes()
    return [known.get(i, b"") for i in range(tokenizer.vocab_size)]


class Row:
    """A request while it is decoded."""

    def __init__(self, request: Request, tokenizer: Tokenizer, key: Any, room: int):
        self.request, self.key, self.completion = request, key, Completion()
        self.last = request.prompt[-1]  # the next token that the model has to see
        self.length = len(request.prompt) - 1  # tokens that it has seen
        self.limit = min(request.max_new_tokens, room)
        self.stream = TextStream(tokenizer, request.stop)
        # All of a row's random numbers are drawn before it starts: its neighbours cannot change them.
        draws = torch.rand(self.limit, generator=torch.Generator().manual_seed(request.seed % 2**63))
        self.draws = (1 - draws).tolist()  # in (0, 1]

    def take(self, token: int, end_id: int) -> str:
        """Add the token that was drawn. -> the text that is certain now"""
        done, self.last = self.completion, token
        done.ids.append(token)
        if token == end_id:
            done.finish_reason, text = "stop", self.stream.flush()
        else:
            text = self.stream.push(token)
            if self.stream.stopped:
                done.finish_reason = "stop"
            elif len(done.ids) >= self.limit:
                done.finish_reason, text = "length", text + self.stream.flush()
        done.text += text
        return text


class Decoder:
    """The rows that are decoded side by side. add() rows, step() until none is left. The model is in eval mode and
    stays as it is: the decoder keeps its weights in another layout. compiled: see gpt/decode_step.py; worth its seconds
    for long work."""

    def __init__(self, model: WikiGPT, tokenizer: Tokenizer, compiled: bool = False):
        self.model, self.tokenizer, self.config = model, tokenizer, model.config
        self.device, self.dtype = model.embed_tokens.weight.device, model.embed_tokens.weight.dtype
        self.rows: list[Row] = []
        self.cache, self.next = KVCache(self.config, 0, 0, self.device, self.dtype), make_step(model, compiled)
        self.never = {i for i in tokenizer.special_ids.values() if i != tokenizer.end_id}
        self.never |= set(range(tokenizer.vocab_size, self.config.vocab_size))
        self.barred = torch.tensor(sorted(self.never), device=self.device)
        self.knobs: Knobs | None = None  # of the rows as they stand; None: they have changed

    @torch.inference_mode()
    def add(self, requests: list[Request], keys: list) -> list[Row]:
        """Let requests join; keys: what the caller knows them by, found as row.key. InputError when a prompt is too
        long."""
        new = [
            Row(r, self.tokenizer, key, check_prompt(r.prompt, self.config.block_size))
            for r, key in zip(requests, keys)
        ]
        n = len(self.rows)
        self._reserve(n + len(new), max(row.length + row.limit for row in self.rows + new))
        # All of a prompt but its last token goes through the model now, the last one in the next step. Shorter prompts
        # are filled up on the right, where causal attention never looks and later tokens are written over.
        longest = max(row.length for row in new)
        cache = self.cache.slots(n, n + len(new), 0)
        cache.lengths.zero_()
        if longest:
            ids = [row.request.prompt[:-1] + [self.tokenizer.pad_id] * (longest - row.length) for row in new]
            self.model(torch.tensor(ids, device=self.device), cache=cache, last_only=True)
            cache.lengths.copy_(torch.tensor([row.length for row in new]))
        self.rows += new
        self.knobs = None
        return new

    @torch.inference_mode()
    def step(self) -> list[tuple[Row, str]]:
        """One token more for every row. -> each row with the text that became certain; those that finished are gone."""
        if self.knobs is None:
            self.knobs = Knobs(
                [row.request.sampling for row in self.rows],
                (row.request.prompt + row.completion.ids for row in self.rows),
                self.config.vocab_size,
                self.device,
            )
        cache = self.cache.slots(0, len(self.rows), max(row.length for row in self.rows))
        logits = self.next(torch.tensor([row.last for row in self.rows], device=self.device), cache).float()  # (B, V)
        wanted = [row.request.logprobs for row in self.rows]
        logprobs = logits.log_softmax(-1) if any(w is not None for w in wanted) else None
        logits.index_fill_(1, self.barred, -torch.inf)
        chosen = self.knobs.choose(logits, [row.draws[len(row.completion.ids)] for row in self.rows])
        tokens = chosen.tolist()
        if not self.never.isdisjoint(tokens):
            raise InputError("the model's logits are not numbers: its training diverged, or its weights are damaged")
        if logprobs is not None:
            self._keep_logprobs(logprobs, chosen.to(self.device), wanted)
        result = []
        for row, token in zip(self.rows, tokens):
            row.length += 1
            result.append((row, row.take(token, self.tokenizer.end_id)))
        for row in [row for row in self.rows if row.completion.finish_reason]:
            self.drop(row)
        return result

    def drop(self, row: Row) -> None:
        """Take a row out; the last one moves into its place."""
        i, last = self.rows.index(row), len(self.rows) - 1
        moved = self.rows.pop()
        if i != last:
            with torch.inference_mode():
                self.rows[i] = moved
                for kv in self.cache.kv:
                    kv[i, :, :, : moved.length] = kv[last, :, :, : moved.length]
                self.cache.lengths[i] = self.cache.lengths[last]
        self.knobs = None

    def _reserve(self, rows: int, length: int) -> None:
        """Make the cache at least so large; what it holds stays."""
        old_rows, _, _, old_length, _ = self.cache.kv[0].shape
        # in such steps, or every longer request would move it all
        length = min(-(-length // 256) * 256, self.config.block_size)
        if rows <= old_rows and length <= old_length:
            return
        old, n, filled = self.cache, len(self.rows), max((row.length for row in self.rows), default=0)
        self.cache = KVCache(self.config, max(rows, old_rows), max(length, old_length), self.device, self.dtype)
        self.cache.lengths[:n] = old.lengths[:n]
        for kv, before in zip(self.cache.kv, old.kv):
            kv[:n, :, :, :filled] = before[:n, :, :, :filled]

    def _keep_logprobs(self, logprobs: torch.Tensor, chosen: torch.Tensor, wanted: list[int | None]) -> None:
        own = logprobs.gather(1, chosen[:, None])[:, 0].tolist()
        most = max(w or 0 for w in wanted)
        values, ids = (t.tolist() for t in logprobs.topk(most)) if most else ([[]] * len(own), [[]] * len(own))
        for i, row in enumerate(self.rows):
            if wanted[i] is not None:
                row.completion.logprobs.append(own[i])
                row.completion.alternatives.append(dict(zip(ids[i][: wanted[i]], values[i])))


def load(path: str) -> tuple[WikiGPT, Tokenizer]:
    """A checkpoint on the best device of this machine, ready to decode: in bf16 on a GPU, in fp32 elsewhere."""
    device = pick_device("auto")
    model, tokenizer = checkpoints.load(resolve(path), device)
    return (model.to(torch.bfloat16) if device.type == "cuda" else model), tokenizer


def check_prompt(prompt: list[int], block_size: int) -> int:
    """-> how many tokens may follow it. InputError when it is empty or leaves no room."""
    if not prompt:
        raise InputError("the prompt is empty; a document begins after <|end|>, so give that one token")
    if len(prompt) >= block_size:
        raise InputError(
            f"the prompt has {len(prompt):,} tokens, the model reads at most {block_size:,} with its answer; shorten it"
        )
    return block_size - len(prompt)


@torch.inference_mode()
def score(model: WikiGPT, ids: list[int], alternatives: int) -> tuple[list[float], list[dict[int, float]]]:
    """The log-probabilities of ids[1:], each given those before it, and the likeliest ids at each place."""
    if len(ids) < 2:
        return [], []
    device = model.embed_tokens.weight.device
    logprobs = model(torch.tensor([ids[:-1]], device=device))[0].float().log_softmax(-1)  # (T - 1, V)
    own = logprobs.gather(1, torch.tensor(ids[1:], device=device)[:, None])[:, 0].tolist()
    values, likeliest = (t.tolist() for t in logprobs.topk(alternatives))
    return own, [dict(zip(i, v)) for i, v in zip(likeliest, values)]


def stream(decoder: Decoder, requests: list[Request], batch_size: int) -> Iterator[tuple[int, str, Completion]]:
    """Decode all requests, batch_size at a time. Yields (index of the request, text that became certain, its completion
    so far) for every token; the last one of a request has completion.finish_reason set."""
    for request in requests:
        check_prompt(request.prompt, decoder.config.block_size)
    waiting = list(range(len(requests)))
    try:
        while waiting or decoder.rows:
            # A prompt costs about a step: fill up when a quarter of the batch is free, not for every row that ends.
            if waiting and len(decoder.rows) <= batch_size * 3 // 4:
                free = batch_size - len(decoder.rows)
                joining, waiting = waiting[:free], waiting[free:]
                decoder.add([requests[i] for i in joining], joining)
            for row, text in decoder.step():
                yield row.key, text, row.completion
    finally:  # the caller may have had enough
        for row in list(decoder.rows):
            decoder.drop(row)


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
