"""What a chat model answers to held-out questions while it is tuned: is it right, does it end, does it go in circles?

    asked = held_out(read_jsonl(val_file), 100, seed, tokenizer, block_size)
    measures(asked, answers(model, tokenizer, asked))      # {"exact_match": 0.41, "stop_rate": 1.0, ...}

Always the likeliest token, so that two evaluations differ by what was learned between them and by nothing else. Every
process of a training answers all questions, in step with the others.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gpt import chat
from gpt.decoder import Completion, generate
from gpt.sampling import Sampling
from gpt.tokenizer import Tokenizer
from model import WikiGPT
from pipeline.draws import hash64
from pipeline.repetition import in_circles

SPARE = 16  # tokens that an answer may be longer than the longest right one before it counts as one without an end
LEAST_ROOM = 8  # tokens: a prompt that leaves less for the answer is not asked
LONGEST_CIRCLE = 8  # words


class Asked(NamedTuple):
    prompt: list[int]  # token ids up to where the assistant is to speak
    reference: str  # the right answer


def held_out(records: Iterable[dict], count: int, seed: int, tokenizer: Tokenizer, block_size: int) -> list[Asked]:
    """At most `count` first questions of conversations that leave room for their answer, chosen by a hash."""
    ranked = sorted(enumerate(records), key=lambda entry: hash64(seed, "held out", entry[0]))
    asked: list[Asked] = []
    for _, record in ranked:
        turns = record["messages"]
        place = next((i for i, m in enumerate(turns) if m["role"] == "assistant"), None)
        if len(asked) == count or not place:
            continue
        reference = turns[place]["content"]
        prompt, _ = chat.encode(tokenizer, turns[:place], add_generation_prompt=True)
        if len(prompt) + max(LEAST_ROOM, len(tokenizer.encode(reference)) + 1) <= block_size:
            asked.append(Asked(prompt, reference))
    return asked


def answers(model: WikiGPT, tokenizer: Tokenizer, asked: Sequence[Asked]) -> list[Completion]:
    if not asked:
        return []
    longest = max(len(tokenizer.encode(question.reference)) for question in asked) + SPARE
    prompts = [question.prompt for question in asked]
    return generate(model, tokenizer, prompts, longest, Sampling(temperature=0.0), seeds=[0] * len(prompts))


def measures(asked: Sequence[Asked], given: Sequence[Completion]) -> dict[str, float]:
    """Shares of the answers: equal to the reference, ended by themselves, with a repetition; and words an answer."""
    if not given:
        return {}
    texts = [completion.text.strip() for completion in given]
    return {
        "exact_match": _mean([plain(text) == plain(question.reference) for text, question in zip(texts, asked)]),
        "stop_rate": _mean([completion.finish_reason == "stop" for completion in given]),
        "repetition": _mean([repeats(text) for text in texts]),
        "answer_words": _mean([len(text.split()) for text in texts]),
    }


def plain(text: str) -> str:
    """Without what does not count between two answers: case, spaces, the closing full stop."""
    return " ".join(text.lower().split()).rstrip(".")


def repeats(text: str) -> bool:
    """Up to eight words three times on end, or a sentence of three words or more that comes twice."""
    parts = [plain(part) for part in re.split(r"[.!?\n]", text) if len(part.split()) > 2]
    return in_circles(text, LONGEST_CIRCLE) or len(set(parts)) < len(parts)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
