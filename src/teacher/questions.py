"""Questions with known answers, drawn from rows of fine-tuning: what preferences are made from and models judged by."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gpt import chat
from gpt.tokenizer import Tokenizer
from pipeline.config import InputError
from pipeline.draws import hash64
from pipeline.files import read_jsonl


@dataclass(frozen=True)
class Question:
    prompt: list[dict]  # messages, the last one the user's
    reference: str  # the answer in the data
    article_id: int | str
    kind: str

    @property
    def text(self) -> str:
        """The conversation as a judge reads it."""
        return (
            self.prompt[0]["content"]
            if len(self.prompt) == 1
            else "\n".join(f"{m['role'].capitalize()}: {m['content']}" for m in self.prompt)
        )


def question_of(record: dict, turn: int) -> Question:
    messages = record["messages"]
    return Question(messages[: 2 * turn + 1], messages[2 * turn + 1]["content"], record["article_id"], record["kind"])


def every_question(path: Path) -> Iterator[Question]:
    """All turns of all conversations of a file."""
    for record in read_jsonl(path):
        yield from (question_of(record, turn) for turn in range(len(record["messages"]) // 2))


def draw(path: Path, count: int, seed: int, tokenizer: Tokenizer, longest: int, skip: int = 0) -> list[Question]:
    """At most `count` questions of a file that gen_sft_data.py wrote, chosen by a hash, in the order of the file.

    Of a conversation one turn is asked, what was said before it stands in the prompt. longest: tokens of a prompt.
    skip: so many that were drawn before are passed over.
    """
    if not Path(path).exists():
        raise InputError(f"{path}: not there; run python src/gen_sft_data.py with the same config first")
    found = []
    for place, record in enumerate(read_jsonl(path)):
        turn = hash64(seed, "turn", place) % (len(record["messages"]) // 2)
        found.append((hash64(seed, "question", place), place, question_of(record, turn)))
    chosen: list[tuple[int, Question]] = []
    for _, place, question in sorted(found, key=lambda entry: entry[:2]):
        if len(chosen) < skip + count:
            prompt, _ = chat.encode(tokenizer, question.prompt, add_generation_prompt=True)
            if len(prompt) <= longest:
                chosen.append((place, question))
    if not chosen[skip:]:
        before = f" besides the {skip:,} of earlier rounds" if skip else ""
        raise InputError(f"{path}: holds no question of at most {longest} tokens{before}")
    return [question for _, question in sorted(chosen[skip:], key=lambda entry: entry[0])]
