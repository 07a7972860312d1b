"""Fine-tune the base model on conversations: checkpoints/base + data/sft/{train,val}.jsonl -> checkpoints/sft.

    python src/train_sft.py
    python src/train_sft.py --config configs/demo.yaml sft.epochs=2

The loss is taken on what the assistant says and on the <|end|> that closes it, so that the model learns when to
stop; what the user says is read, not learned. A share of the conversations (sft.join) goes on after another one, so that
the model learns what it is to change the subject. Short conversations share a row of block_size tokens, each with its own
positions and its own attention: they cannot see one another. Run the same command again to go on after an interruption.
"""

import random

import torch

from gpt import chat, checkpoints, trainer
from pipeline.cli import stage_main
from pipeline.config import InputError, resolve
from pipeline.files import read_jsonl

IGNORE = -100  # a target that is not learned
Conversation = tuple[list[int], list[bool]]  # token ids, and which of them are learned


def main(cfg) -> None:
    trainer.check_inputs(cfg.sft.checkpoint, cfg.sft.train_file, cfg.sft.val_file, maker="gen_sft_data")
    key = trainer.identity("sft", cfg.sft, cfg.sft.train_file, cfg.sft.val_file)
    if trainer.finished("sft", cfg, key):
        return
    device = trainer.device_of(cfg.train)
    model, tokenizer = checkpoints.load(resolve(cfg.sft.checkpoint), device)
    length = model.config.block_size
    train = load_conversations(resolve(cfg.sft.train_file), tokenizer, length)
    val = load_conversations(resolve(cfg.sft.val_file), tokenizer, length)

    rows_a_step = cfg.sft.micro_batch_size * cfg.sft.grad_accum_steps
    steps = []
    for epoch in range(cfg.sft.epochs):
        rng = random.Random(f"{cfg.sft.seed} epoch {epoch}")
        rows = pack(join(train, cfg.sft.join, length, rng), length, rng)
        steps += [rows[i : i + rows_a_step] for i in range(0, len(rows), rows_a_step)]
    val_rows = pack(val, length, random.Random(cfg.sft.seed))
    print(
        f"sft: {len(train):,} conversations, {sum(sum(learned) for _, learned in train):,} tokens learned an epoch, "
        f"{cfg.sft.epochs} epochs, {len(steps):,} steps of up to {rows_a_step} rows",
        flush=True,
    )

    def loss(model, rows):
        inputs, targets, positions, mask = collate(rows, length, device)
        return model(inputs, targets, positions=positions, mask=mask), int((targets != IGNORE).sum()), {}

    def evaluate(model):
        total = count = 0
        for i in range(0, len(val_rows), cfg.sft.micro_batch_size):
            nats, n, _ = loss(model, val_rows[i : i + cfg.sft.micro_batch_size])
            total, count = total + float(nats), count + n
        return {"val_loss": total / max(1, count)}

    trainer.run("sft", cfg, cfg.sft, key, model, tokenizer, steps, loss, evaluate, device)


def load_conversations(path, tokenizer, length: int) -> list[Conversation]:
    """-> [(ids, learned)] of at most length + 1 tokens: whole turns are cut from the end of what is longer, and a
    conversation whose first answer does not fit is left out and counted. InputError on a line that is no conversation."""
    conversations, left_out = [], 0
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
            conversations.append((ids, learned))
    if left_out:
        print(
            f"warning: {path}: {left_out} conversations left out: longer than {length} tokens, or without an answer",
            flush=True,
        )
    if not conversations:
        raise InputError(
            f"{path}: no conversation that fits {length} tokens; run gen_sft_data.py again, or mend the file"
        )
    return conversations


def join(conversations: list[Conversation], share: float, length: int, rng: random.Random) -> list[Conversation]:
    """In shuffled order, let a share of the conversations go on after the one before, where both fit length + 1 tokens."""
    joined: list[Conversation] = []
    for ids, learned in rng.sample(conversations, len(conversations)):
        if joined and rng.random() < share and len(joined[-1][0]) + len(ids) <= length + 1:
            joined[-1] = joined[-1][0] + ids, joined[-1][1] + learned
        else:
            joined.append((ids, learned))
    return joined


def pack(conversations: list[Conversation], row_length: int, rng: random.Random) -> list[list[Conversation]]:
    """Put conversations, in shuffled order, into rows of at most row_length inputs (a conversation has one less than tokens).

    First fit over the 64 newest rows that have room: within 2 % of full rows for short conversations, in linear time.
    """
    rows, open_rows = [], []  # open_rows: [room left, row]
    for conversation in rng.sample(conversations, len(conversations)):
        n = len(conversation[0]) - 1
        for entry in open_rows:
            if entry[0] >= n:
                entry[0] -= n
                entry[1].append(conversation)
                break
        else:
            rows.append([conversation])
            open_rows = open_rows[-63:] + [[row_length - n, rows[-1]]]
    return rows


def collate(rows: list[list[Conversation]], length: int, device):
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
    return inputs.to(device), targets.to(device), positions.to(device), mask.to(device)


if __name__ == "__main__":
    stage_main(main, __doc__, ("sft", "train"))
