"""Tries JSON schemas as grammars in a process of its own, which a limit of CPU time ends. stdin -> stdout, a line each.

A schema of one kilobyte may take for ever to compile (an allOf of thirty patterns), nothing tells which one does, and a
thread cannot be stopped. So gpt/grammar.py compiles only what this process has compiled in time: the same code, the
same tokenizer. The first line is {"tokenizer": tokenizer.json, "vocab_size": V, "end_id": i, "seconds": s}; to each
schema the answer is a JSON string, what is wrong with it, or "".
"""

import json
import signal
import sys
from typing import Any

SECONDS = 5  # of CPU for one schema; one of 2,000 properties takes 0.6, an enum of 50,000 numbers 0.5
# Free white space is where a small model gets stuck: newlines without end.
COMPACT: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
# 4 ms of work a token at most where llguidance's own default is 16, 100 MB of states where it is half a gigabyte.
LIMITS: Any = {"step_lexer_fuel": 50_000, "max_lexer_states": 50_000, "verbose_errors": False}


def compiled(tokenizer, schema: str):
    """An LLMatcher at the beginning of an answer. ValueError: what in the schema cannot be done."""
    from llguidance import LLMatcher, LLParserLimits

    grammar = LLMatcher.grammar_from_json_schema(schema, overrides=COMPACT)
    matcher = LLMatcher(tokenizer, grammar, log_level=0, limits=LLParserLimits(**LIMITS))
    if not matcher.is_error():
        matcher.compute_bitmask()  # some show only now that nothing fits them
    if problem := matcher.get_error():
        raise ValueError("no value fits it" if problem.startswith("NoExtension") else problem)
    return matcher


def main() -> None:
    from llguidance import LLTokenizer

    about = json.loads(sys.stdin.readline())
    tokenizer = LLTokenizer(about["tokenizer"], n_vocab=about["vocab_size"], eos_token=about["end_id"])
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, about["seconds"])  # its signal ends the process, whatever that is doing
        try:
            compiled(tokenizer, line)
            problem = ""
        except ValueError as error:
            problem = str(error)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(problem), flush=True)
