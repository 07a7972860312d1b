"""Fine-tune the base model on conversations: checkpoints/base + data/sft/{train,val}.jsonl -> checkpoints/sft.

    python src/train_sft.py
    python src/train_sft.py --config configs/demo.yaml sft.epochs=2

The loss is taken on what the assistant says and on the <|end|> that closes it, so that the model learns when to stop;
what the user says is read, not learned. A share of the conversations (sft.join) goes on after another one, so that the
model learns what it is to change the subject. Short conversations share a row of block_size tokens, each with its own
positions and its own attention: they cannot see one another. In every epoch a share of what the user says is typed with
another slip (sft.typos), and a share of the words is cut into other tokens (sft.cut_words), so that a typo does not
make a question an unknown one. A share of the rows (sft.pretrain_share) is text of train.bin, learned as in
pretraining, so that the model forgets less of it; another (sft.repeats) a span that is told again and again, so that
it keeps copying. Every evaluation tells the loss by family of conversations, how
sft.eval_questions held-out questions are answered, and the perplexity of val.bin: what fine-tuning costs. Run the same
command again to go on.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch

from gpt import answers, chat, checkpoints
from gpt.gradients import Listed, Loss
from gpt.machine import Workers, fitted, join_workers
from gpt.optim import learning_rate
from gpt.tokenizer import Tokenizer
from gpt.tokens import IGNORE, Batches, TokenFile, open_tokens
from gpt.trainer import Run, check_inputs, fine_tuning_inputs
from model import ModelConfig
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.files import read_jsonl
from teacher.as_typed import cut_words, typo

Conversation = tuple[list[int], list[bool]]  # token ids, and which of them are learned


class Talk(NamedTuple):
    """A line of train.jsonl, as much of it as fits a row."""

    family: str  # of sft.mix
    messages: list[dict]
    conversation: Conversation


def main(cfg: Config) -> None:
    cfg = fitted(cfg)
    s = cfg.sft
    check_inputs(cfg, "sft", s.train_file, s.val_file, maker="gen_sft_data")
    workers = join_workers(cfg.train.device)
    inputs = fine_tuning_inputs(cfg, "sft", s.train_file, s.val_file) | text_inputs(cfg)
    with Run("sft", cfg, workers, inputs) as run:
        if run.complete:
            return
        model, tokenizer = checkpoints.load(resolve(s.checkpoint), workers.device)
        length = model.config.block_size
        text, val_text = raw_text(cfg, tokenizer, model.config)
        talks = read_talks(resolve(s.train_file), tokenizer, length)
        train = [talk.conversation for talk in talks]
        typed = Typing(talks, tokenizer, length, s.cut_words, s.typos, s.seed)
        val = by_family(read_talks(resolve(s.val_file), tokenizer, length))
        steps = list(steps_of(typed, length, s.epochs, s.micro_batch_size * s.grad_accum_steps, s.join, s.seed, text))
        validation = {
            family: Listed([pack(part, length, random.Random(s.seed))], s.val_file) for family, part in val.items()
        }
        counts = {family: sum(sum(learned) for _, learned in part) for family, part in val.items()}
        questions = 0 if cfg.train.shard == "fsdp" else s.eval_questions  # no process has the whole model then
        asked = answers.held_out(read_jsonl(resolve(s.val_file)), questions, s.seed, tokenizer, length)
        run.say(
            f"sft: {len(train):,} conversations, {sum(sum(learned) for _, learned in train):,} tokens learned an "
            f"epoch, {s.epochs} epochs, {len(steps):,} steps of up to {s.micro_batch_size * s.grad_accum_steps} rows"
            + (f", {text.share:.0%} of them from {text.batches.file.path}" if text else ""),
            flush=True,
        )

        def evaluate() -> dict[str, float]:
            losses = {family: run.gradients.mean(rows)["loss"] for family, rows in validation.items()}
            total = sum(losses[family] * count for family, count in counts.items()) / sum(counts.values())
            given = answers.measures(asked, answers.answers(model, tokenizer, asked))
            found = {f"loss_{family}": loss for family, loss in losses.items()} | given | perplexity()
            return {"val_loss": total} | {f"val_{name}": value for name, value in found.items()}

        def perplexity() -> dict[str, float]:
            return {"text_perplexity": math.exp(run.gradients.mean(val_text)["loss"])} if val_text else {}

        warmup = math.ceil(s.warmup_frac * len(steps))
        run.begin(
            model,
            tokenizer,
            Listed(steps, s.train_file),
            loss_on(workers, length),
            evaluate,
            lr=lambda step: learning_rate(step, len(steps), s.lr, 0.0, warmup, "linear"),
            compiled=cfg.train.compile,  # rows are of one length: two shapes, the second at the end of an epoch
        )
        if run.state.step == 0 and val_text:
            run.say(f"perplexity of {cfg.data.val_bin} before: {perplexity()['text_perplexity']:.2f}", flush=True)
        for step in run.steps(len(steps)):
            means, norm = run.update(step)
            run.record(step, means, norm)
            if run.due("save"):
                run.save()  # before anything that may fail
            if run.due("eval"):
                run.evaluate()
    workers.close()


def loss_on(workers: Workers, length: int) -> Loss:
    """What a batch of rows costs: its summed loss in nats, and the number of tokens that are learned."""

    def loss(forward: Callable, rows: list[list[Conversation]]) -> tuple[torch.Tensor, int, dict]:
        inputs, targets, positions, mask = collate(rows, length)
        learned = int((targets != IGNORE).sum())
        inputs, targets, positions, mask = (t.to(workers.device) for t in (inputs, targets, positions, mask))
        return forward(inputs, targets, positions=positions, mask=mask), learned, {}

    return loss


class RawText:
    """Windows of train.bin as rows, as in pretraining: of text every token is learned, of a span that is told again
    (tokens.told_again) what is told again. Row k is a function of k and the seed."""

    def __init__(self, file: TokenFile, length: int, text: float, repeats: float, seed: int):
        """text, repeats: shares of the rows of a step."""
        self.share, self.taken = text + repeats, 0
        self.batches = Batches(file, length, 1, seed, repeats / self.share)

    def mixed_into(self, rows: list[list[Conversation]], rng: random.Random) -> list[list[Conversation]]:
        """The rows and the next windows, in shuffled order."""
        count = round(len(rows) * self.share / (1 - self.share))
        windows = [self.row(self.taken + n) for n in range(count)]
        self.taken += count
        return rng.sample(rows + windows, len(rows) + count)

    def row(self, number: int) -> list[Conversation]:
        (inputs,), (targets,) = self.batches.batch(number, 0, 1)
        return [([*inputs.tolist(), int(targets[-1])], [False, *(targets != IGNORE).tolist()])]


def text_row(ids: list[int]) -> list[Conversation]:
    """A row of one stretch of text, of which all but the first id is learned."""
    return [(ids, [False] + [True] * (len(ids) - 1))]


def raw_text(cfg: Config, tokenizer: Tokenizer, config: ModelConfig) -> tuple[RawText | None, Listed | None]:
    """-> (train.bin for sft.pretrain_share and sft.repeats, the first train.eval_iters windows of val.bin to measure
    on). InputError when train.bin is wanted and not there or packed with another tokenizer; without a val.bin of this
    tokenizer nothing is measured: conversations alone are enough to fine-tune on."""
    s, length = cfg.sft, config.block_size
    text = validation = None
    if s.pretrain_share or s.repeats:
        file = open_tokens(resolve(cfg.data.train_bin), tokenizer, config.vocab_size)
        text = RawText(file, length, s.pretrain_share, s.repeats, s.seed)
    try:
        val = open_tokens(resolve(cfg.data.val_bin), tokenizer, config.vocab_size)
    except InputError as error:
        print(f"note: the perplexity of raw text is not measured: {str(error).splitlines()[0]}", flush=True)
    else:
        ids = [tokenizer.end_id, *val.ids[: cfg.train.eval_iters * length].tolist()]
        rows = [text_row(ids[at : at + length + 1]) for at in range(0, len(ids) - 1, length)]
        validation = Listed([rows], cfg.data.val_bin)
    return text, validation


def text_inputs(cfg: Config) -> dict[str, str]:
    """The pretraining text, where it makes the run what it is."""
    wanted = cfg.sft.pretrain_share or cfg.sft.repeats
    return {"data.train_bin": TokenFile(resolve(cfg.data.train_bin)).sha256} if wanted else {}


class Typing:
    """The conversations of an epoch: what the user says is typed a little otherwise in each of them. A text that is to
    be read stays as it is, for the answer has its words. What an epoch has is a function of its number and the seed."""

    def __init__(
        self, talks: list[Talk], tokenizer: Tokenizer, length: int, cut_share: float, typo_share: float, seed: int
    ):
        """cut_share: of the words of four letters or more; typo_share: of the user's turns; length: of a row."""
        self.talks, self.tokenizer, self.length, self.seed = talks, tokenizer, length, seed
        self.cut_share, self.typo_share = cut_share, typo_share

    def __call__(self, epoch: int) -> list[Conversation]:
        rng = random.Random(f"{self.seed} typing {epoch}")
        if not self.cut_share and not self.typo_share:
            return [talk.conversation for talk in self.talks]
        return [self.typed(talk, rng) for talk in self.talks]

    def typed(self, talk: Talk, rng: random.Random) -> Conversation:
        if talk.family == "passage":
            return talk.conversation

        def pieces(said: str) -> list[str]:
            if rng.random() < self.typo_share:
                said = typo(said, rng, {})
            return cut_words(said, self.cut_share, rng)

        ids, learned = chat.encode(self.tokenizer, talk.messages, pieces=pieces)
        return (ids, learned) if len(ids) <= self.length + 1 else talk.conversation


def steps_of(
    conversations: Callable[[int], list[Conversation]],
    length: int,
    epochs: int,
    rows_a_step: int,
    share: float,
    seed: int,
    text: RawText | None = None,
) -> Iterator[list[list[Conversation]]]:
    """The rows of each step: every epoch joins and packs all its conversations anew, and mixes in other text.
    conversations: number of the epoch -> those that it has."""
    for epoch in range(epochs):
        rng = random.Random(f"{seed} epoch {epoch}")
        rows = pack(join(conversations(epoch), share, length, rng), length, rng)
        rows = text.mixed_into(rows, rng) if text else rows
        for i in range(0, len(rows), rows_a_step):
            yield rows[i : i + rows_a_step]


def by_family(talks: list[Talk]) -> dict[str, list[Conversation]]:
    """The conversations of each family of sft.mix, the families in the order of the alphabet."""
    families: dict[str, list[Conversation]] = {}
    for talk in sorted(talks, key=lambda talk: talk.family):
        families.setdefault(talk.family, []).append(talk.conversation)
    return families


def read_talks(path: Path, tokenizer: Tokenizer, length: int) -> list[Talk]:
    """-> conversations of at most length + 1 tokens: whole turns are cut from the end of what is longer, and one whose
    first answer does not fit is left out and counted. InputError on a line that is no conversation. A kind such as
    company/thanks is of the family company, one without a family of memory."""
    talks, left_out = [], 0
    for number, record in enumerate(read_jsonl(path), 1):
        messages = record.get("messages")
        if not messages or any(
            not isinstance(m.get("content"), str) or m.get("role") not in chat.ROLES for m in messages
        ):
            raise InputError(
                f'{path}:{number}: expected {{"messages": [{{"role": ..., "content": ...}}, ...]}} '
                f"with the roles {', '.join(chat.ROLES)}"
            )
        ids, learned = chat.encode(tokenizer, messages)
        while len(ids) > length + 1 and len(messages) > 2:
            messages = messages[:-2]
            ids, learned = chat.encode(tokenizer, messages)
        if len(ids) > length + 1 or not any(learned):
            left_out += 1
        else:
            family, slash, _ = str(record.get("kind", "")).partition("/")
            talks.append(Talk(family if slash else "memory", messages, (ids, learned)))
    if left_out:
        print(
            f"warning: {path}: {left_out} conversations left out: longer than {length} tokens, or without an answer",
            flush=True,
        )
    if not talks:
        raise InputError(
            f"{path}: no conversation that fits {length} tokens; run gen_sft_data.py again, or repair the file"
        )
    return talks


def join(conversations: list[Conversation], share: float, length: int, rng: random.Random) -> list[Conversation]:
    """In shuffled order, let a share of the conversations go on after the one before, where both fit length + 1
    tokens."""
    joined: list[Conversation] = []
    for ids, learned in rng.sample(conversations, len(conversations)):
        if joined and rng.random() < share and len(joined[-1][0]) + len(ids) <= length + 1:
            joined[-1] = joined[-1][0] + ids, joined[-1][1] + learned
        else:
            joined.append((ids, learned))
    return joined


def pack(conversations: list[Conversation], row_length: int, rng: random.Random) -> list[list[Conversation]]:
    """Put conversations, in shuffled order, into rows of at most row_length inputs (a conversation has one less than
    tokens).

    First fit over the 64 newest rows that have room: within 2 % of full rows for short conversations, in linear time.
    """
    rows: list[list[Conversation]] = []
    open_rows: list[tuple[int, list[Conversation]]] = []  # room left in a row, and the row
    for conversation in rng.sample(conversations, len(conversations)):
        n = len(conversation[0]) - 1
        for place, (room, row) in enumerate(open_rows):
            if room >= n:
                open_rows[place] = room - n, row
                row.append(conversation)
                break
        else:
            rows.append([conversation])
            open_rows = [*open_rows[-63:], (row_length - n, rows[-1])]
    return rows


def collate(rows: list[list[Conversation]], length: int) -> tuple[torch.Tensor, ...]:
    """-> inputs, targets, positions (B, T) and the attention mask (B, 1, T, T): causal, and within a conversation only.

    Padding at the end of a row is a conversation of its own with no targets; it attends to itself, so no row of the
    softmax is empty.
    """
    inputs = torch.zeros(len(rows), length, dtype=torch.long)
    targets = torch.full((len(rows), length), IGNORE, dtype=torch.long)
    positions = torch.zeros(len(rows), length, dtype=torch.long)
    owner = torch.full((len(rows), length), -1, dtype=torch.long)
    for b, row in enumerate(rows):
        at = 0
        for number, (ids, learned) in enumerate(row):
            n = len(ids) - 1
            inputs[b, at : at + n] = torch.tensor(ids[:-1])
            targets[b, at : at + n] = torch.where(torch.tensor(learned[1:]), torch.tensor(ids[1:]), IGNORE)
            positions[b, at : at + n] = torch.arange(n)
            owner[b, at : at + n] = number
            at += n
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    mask = (owner[:, None, :, None] == owner[:, None, None, :]) & causal
    return inputs, targets, positions, mask


if __name__ == "__main__":
    stage_main(main, __doc__, ("sft", "train", "log"))
