"""Answers that are JSON: which tokens may come next, by llguidance (Guidance's engine for constrained decoding)."""

import json
from functools import lru_cache
from typing import Any

import torch

from gpt.tokenizer import Tokenizer
from pipeline.config import InputError

COMPACT: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def json_grammar(schema: dict) -> str:
    """The grammar of JSON values that a JSON schema allows. InputError says what in the schema cannot be done."""
    from llguidance import LLMatcher

    # Free white space is where a small model gets stuck: newlines without end.
    try:
        grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=COMPACT)
    except ValueError as error:
        raise InputError(f"the schema cannot be used: {str(error).splitlines()[0]}") from None
    if problem := LLMatcher.validate_grammar(grammar, None):
        raise InputError(f"the schema cannot be used: {problem.splitlines()[0]}")
    return grammar


class Matcher:
    """The tokens of one answer against a grammar."""

    def __init__(self, tokenizer: Tokenizer, grammar: str, vocab_size: int):
        """vocab_size: the model's, which may be more than the tokenizer's"""
        from llguidance import LLMatcher

        self.matcher = LLMatcher(vocabulary(tokenizer, vocab_size), grammar, log_level=0)
        self.words = torch.empty(-(-vocab_size // 32), dtype=torch.int32)
        self.bits = torch.arange(32, dtype=torch.int32)
        self.vocab_size = vocab_size

    def allowed(self) -> torch.Tensor:
        """-> bool (V,): the tokens that may come next; <|end|> where the answer may end"""
        self.matcher.unsafe_compute_mask_ptr(self.words.data_ptr(), self.words.numel() * 4)
        return ((self.words[:, None] >> self.bits) & 1).bool().flatten()[: self.vocab_size]

    def take(self, token: int) -> None:
        self.matcher.consume_token(token)


@lru_cache(maxsize=4)
def vocabulary(tokenizer: Tokenizer, vocab_size: int):
    """The tokenizer as llguidance wants it: 0.1 s for 32,768 tokens, once."""
    from llguidance import LLTokenizer

    return LLTokenizer(tokenizer.hf.to_str(), n_vocab=vocab_size, eos_token=tokenizer.end_id)
