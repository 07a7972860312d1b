"""Answers that are JSON: which tokens may come next, by llguidance (Guidance's engine for constrained decoding)."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import torch

from gpt.schema_check import SECONDS, compiled
from gpt.tokenizer import Tokenizer
from pipeline.config import InputError

MOST_WAITING = 16  # schemas that may wait to be compiled
MOST_KEPT = 16  # compiled ones: whoever asks for one shape asks for it again


class Grammar:
    """What a schema allows; each answer has a matcher of its own."""

    def __init__(self, start, vocab_size: int):
        """start: an LLMatcher at the beginning of an answer; vocab_size: the model's"""
        self.start, self.vocab_size = start, vocab_size

    def matcher(self) -> "Matcher":
        return Matcher(self.start.deep_copy(), self.vocab_size)


class GrammarFailed(InputError):
    """An answer cannot go on by its schema."""


class Matcher:
    """The tokens of one answer against a grammar."""

    def __init__(self, matcher, vocab_size: int):
        self.matcher, self.vocab_size = matcher, vocab_size
        self.words = torch.empty(-(-vocab_size // 32), dtype=torch.int32)
        self.bits = torch.arange(32, dtype=torch.int32)

    def allowed(self) -> torch.Tensor:
        """-> bool (V,): the tokens that may come next; <|end|> where the answer may end. GrammarFailed when no more can
        be said: the schema is too complex for the limits of a step."""
        self.matcher.unsafe_compute_mask_ptr(self.words.data_ptr(), self.words.numel() * 4)
        if self.matcher.is_error():
            raise GrammarFailed(f"the schema cannot be followed: {self.matcher.get_error()}")
        return ((self.words[:, None] >> self.bits) & 1).bool().flatten()[: self.vocab_size]

    def take(self, token: int) -> None:
        self.matcher.consume_token(token)  # a refusal is told by the next allowed()


class Schemas:
    """JSON schemas as grammars for one tokenizer. They are tried in another process (gpt/schema_check.py), one after
    the other, in a thread that does nothing else: who sends a bad one holds up those who send others, nobody else."""

    def __init__(self, tokenizer: Tokenizer, vocab_size: int):
        """vocab_size: the model's, which may be more than the tokenizer's"""
        self.tokenizer, self.vocab_size = tokenizer, vocab_size
        self.kept: OrderedDict[str, Grammar] = OrderedDict()
        self.thread = ThreadPoolExecutor(1, "schemas")
        self.checker: subprocess.Popen | None = None
        self.waiting, self.closed = 0, False

    async def grammar(self, schema: dict) -> Grammar | None:
        """None: too many are waiting. InputError says what in the schema cannot be done."""
        if self.waiting >= MOST_WAITING or self.closed:
            return None
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.thread, self._grammar, schema)
        finally:
            self.waiting -= 1

    def close(self) -> None:
        self.closed = True
        self.thread.shutdown(wait=False, cancel_futures=True)
        if self.checker:
            with contextlib.suppress(OSError):
                self.checker.kill()
            self.checker.wait()

    # ---- in the thread

    def _grammar(self, schema: dict) -> Grammar:
        text, problem = "", ""
        try:
            text = json.dumps(schema)
            problem = "" if text in self.kept else self._tried(text)
        except RecursionError:
            problem = "it is nested too deeply"
        if problem:
            raise InputError(f"the schema cannot be used: {problem}")
        if text not in self.kept:
            self.kept[text] = Grammar(compiled(vocabulary(self.tokenizer, self.vocab_size), text), self.vocab_size)
        self.kept.move_to_end(text)
        while len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)
        return self.kept[text]

    def _tried(self, text: str) -> str:
        """What the other process says of a schema."""
        checker = self.checker
        if not checker or checker.poll() is not None:
            checker = self.checker = self._start()
        try:
            assert checker.stdin and checker.stdout
            checker.stdin.write(text + "\n")
            checker.stdin.flush()
            line = checker.stdout.readline()
        except (OSError, ValueError):
            line = ""
        if line:
            return json.loads(line)
        late = checker.wait() == -signal.SIGPROF
        return "compiling it takes too long" if late else "compiling it failed"

    def _start(self) -> subprocess.Popen:
        checker = subprocess.Popen(
            [sys.executable, "-c", "from gpt.schema_check import main; main()"],
            cwd=Path(__file__).resolve().parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        about = {"tokenizer": self.tokenizer.hf.to_str(), "vocab_size": self.vocab_size}
        about |= {"end_id": self.tokenizer.end_id, "seconds": SECONDS}
        assert checker.stdin
        checker.stdin.write(json.dumps(about) + "\n")
        return checker


@lru_cache(maxsize=4)
def vocabulary(tokenizer: Tokenizer, vocab_size: int):
    """The tokenizer as llguidance wants it: 0.1 s for 32,768 tokens, once."""
    from llguidance import LLTokenizer

    return LLTokenizer(tokenizer.hf.to_str(), n_vocab=vocab_size, eos_token=tokenizer.end_id)
