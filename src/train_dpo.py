"""Tune the chat model on preferences (DPO): checkpoints/sft + data/pref/{train,val}.jsonl -> checkpoints/dpo.

    python src/train_dpo.py
    python src/train_dpo.py --config configs/demo.yaml dpo.beta=0.2

Direct preference optimisation (Rafailov et al. 2023), sigmoid loss over summed log-probabilities of the answers:

    loss = -log sigmoid(beta (log p/ref(chosen) - log p/ref(rejected))) + nll_alpha * nll(chosen) a token

The reference is the SFT model as it stood; its log-probabilities are computed once, before the first step. The second term
(Pang et al. 2024) keeps the chosen answers from becoming less likely while the margin grows. Logged: margin and its parts, and
accuracy, the share of pairs whose chosen answer has the larger reward. Run the same command again to go on.
"""

import random

import torch
import torch.nn.functional as F

from gpt import chat, checkpoints, trainer
from gpt.machine import autocast
from pipeline.cli import stage_main
from pipeline.config import InputError, resolve
from pipeline.files import read_jsonl

IGNORE = -100


def main(cfg) -> None:
    trainer.check_inputs(cfg.dpo.checkpoint, cfg.pref.train_file, cfg.pref.val_file, maker="gen_pref_data")
    key = trainer.identity("dpo", cfg.dpo, cfg.pref.train_file, cfg.pref.val_file)
    if trainer.finished("dpo", cfg, key):
        return
    device = trainer.device_of(cfg.train)
    model, tokenizer = checkpoints.load(resolve(cfg.dpo.checkpoint), device)
    train = load_pairs(resolve(cfg.pref.train_file), tokenizer, model.config.block_size)
    val = load_pairs(resolve(cfg.pref.val_file), tokenizer, model.config.block_size)
    train_ref, val_ref = (
        reference_logps(model, pairs, cfg.dpo.micro_batch_size, device, cfg.train.dtype) for pairs in (train, val)
    )

    pairs_a_step = cfg.dpo.micro_batch_size * cfg.dpo.grad_accum_steps
    steps = []
    for epoch in range(cfg.dpo.epochs):
        order = list(range(len(train)))
        random.Random(f"{cfg.dpo.seed} epoch {epoch}").shuffle(order)
        steps += [order[i : i + pairs_a_step] for i in range(0, len(order), pairs_a_step)]
    print(
        f"dpo: {len(train):,} pairs, {len(val):,} for validation, {len(steps):,} steps of up to {pairs_a_step} pairs",
        flush=True,
    )

    def loss(model, batch, pairs=train, ref=train_ref):
        total, metrics = dpo_loss(
            answer_logps(model, [pairs[i] for i in batch], device),
            ref[:, batch].to(device),
            torch.tensor([sum(pairs[i][0][1]) for i in batch], device=device),
            cfg.dpo.beta,
            cfg.dpo.nll_alpha,
        )
        return total, len(batch), metrics

    def evaluate(model):
        sums: dict[str, float] = {}
        for i in range(0, len(val), cfg.dpo.micro_batch_size):
            batch = list(range(i, min(i + cfg.dpo.micro_batch_size, len(val))))
            total, _, metrics = loss(model, batch, val, val_ref)
            for name, value in {"loss": total, **metrics}.items():
                sums[name] = sums.get(name, 0.0) + float(value)
        return {f"val_{name}": value / len(val) for name, value in sums.items()}

    trainer.run("dpo", cfg, cfg.dpo, key, model, tokenizer, steps, loss, evaluate, device)


def load_pairs(path, tokenizer, length: int) -> list[tuple]:
    """-> [((ids, answer), (ids, answer))], chosen before rejected; answer marks the tokens that the last answer holds,
    its <|end|> included. Pairs longer than `length` tokens are left out and counted. InputError on a line of another form."""
    pairs, too_long = [], 0
    for number, record in enumerate(read_jsonl(path), 1):
        try:
            prompt = chat.encode(tokenizer, record["prompt"], add_generation_prompt=True)[0]
            answers = [tokenizer.encode(record[side]) + [tokenizer.end_id] for side in ("chosen", "rejected")]
        except (KeyError, TypeError):
            raise InputError(
                f'{path}:{number}: expected {{"prompt": [messages], "chosen": text, "rejected": text}}'
            ) from None
        pair = tuple((prompt + answer, [False] * len(prompt) + [True] * len(answer)) for answer in answers)
        if max(len(ids) for ids, _ in pair) > length + 1:
            too_long += 1
        else:
            pairs.append(pair)
    if too_long:
        print(f"warning: {path}: {too_long} pairs left out: longer than {length} tokens", flush=True)
    if not pairs:
        raise InputError(f"{path}: no pair that fits {length} tokens; run gen_pref_data.py again, or mend the file")
    return pairs


def answer_logps(model, pairs: list[tuple], device) -> torch.Tensor:
    """Summed log-probability of each answer, chosen (row 0) and rejected (row 1): (2, pairs), fp32, in nats.

    Rows are padded on the right, where causal attention never looks from the left.
    """
    sides = [side for column in zip(*pairs) for side in column]  # all chosen, then all rejected
    T = max(len(ids) for ids, _ in sides) - 1
    inputs = torch.zeros(len(sides), T, dtype=torch.long)
    targets = torch.full((len(sides), T), IGNORE, dtype=torch.long)
    for b, (ids, answer) in enumerate(sides):
        inputs[b, : len(ids) - 1] = torch.tensor(ids[:-1])
        targets[b, : len(ids) - 1] = torch.where(torch.tensor(answer[1:]), torch.tensor(ids[1:]), IGNORE)
    logits = model(inputs.to(device)).float()  # (2 pairs, T, V)
    nll = F.cross_entropy(logits.flatten(0, 1), targets.to(device).flatten(), ignore_index=IGNORE, reduction="none")
    return -nll.view(len(sides), T).sum(1).view(2, len(pairs))


@torch.no_grad()
def reference_logps(model, pairs: list[tuple], batch: int, device, dtype: str) -> torch.Tensor:
    """answer_logps of all pairs under the model as it is now: (2, pairs) on the CPU."""
    model.eval()
    with autocast(device, dtype):
        return torch.cat(
            [answer_logps(model, pairs[i : i + batch], device).cpu() for i in range(0, len(pairs), batch)], dim=1
        )


def dpo_loss(logps: torch.Tensor, ref: torch.Tensor, chosen_tokens: torch.Tensor, beta: float, nll_alpha: float):
    """logps, ref: (2, pairs) of chosen and rejected; chosen_tokens (pairs) -> (summed loss, {metric: sum over pairs})"""
    rewards = beta * (logps - ref)  # (2, pairs)
    margin = rewards[0] - rewards[1]
    loss = -F.logsigmoid(margin) - nll_alpha * logps[0] / chosen_tokens
    metrics = {
        "margin": margin,
        "accuracy": (margin > 0).float(),
        "reward_chosen": rewards[0],
        "reward_rejected": rewards[1],
        "nll_chosen": -logps[0] / chosen_tokens,
    }
    return loss.sum(), {name: value.detach().sum() for name, value in metrics.items()}


if __name__ == "__main__":
    stage_main(main, __doc__, ("dpo", "pref", "train"))
