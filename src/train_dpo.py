"""Tune the chat model on preferences (DPO): checkpoints/sft + data/pref/{train,val}.jsonl -> checkpoints/dpo.

    python src/train_dpo.py
    python src/train_dpo.py --config configs/demo.yaml dpo.beta=0.2

Direct preference optimisation (Rafailov et al. 2023), sigmoid loss over summed log-probabilities of the answers:

    loss = -log sigmoid(beta (log p/ref(chosen) - log p/ref(rejected))) + nll_alpha * nll(chosen) a token

The reference is the SFT model as it stood; its log-probabilities are computed once, before the first step. The second
term (Pang et al. 2024) keeps the chosen answers from becoming less likely while the margin grows. Logged: margin and
its parts, and accuracy, the share of pairs whose chosen answer has the larger reward. Run the same command again to
go on.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import math
import random
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F

from gpt import chat, checkpoints
from gpt.gradients import Listed, Loss
from gpt.machine import Workers, autocast, fitted, join_workers
from gpt.optim import learning_rate
from gpt.tokenizer import Tokenizer
from gpt.tokens import IGNORE
from gpt.trainer import Run, check_inputs, fine_tuning_inputs
from model import WikiGPT
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.files import read_jsonl

METRICS = ("margin", "accuracy", "reward_chosen", "reward_rejected", "nll_chosen")
Side = tuple[list[int], list[bool]]  # token ids of prompt and answer, and which of them are the answer's
Pair = tuple[Side, Side]  # chosen, rejected
Example = tuple[Pair, torch.Tensor]  # a pair, and the reference's log-probabilities of its sides, (2)


def main(cfg: Config) -> None:
    cfg = fitted(cfg)
    d, pref = cfg.dpo, cfg.pref
    check_inputs(cfg, "dpo", pref.train_file, pref.val_file, maker="gen_pref_data")
    workers = join_workers(cfg.train.device)
    with Run("dpo", cfg, workers, fine_tuning_inputs(cfg, "dpo", pref.train_file, pref.val_file)) as run:
        if run.complete:
            return
        model, tokenizer = checkpoints.load(resolve(d.checkpoint), workers.device)
        train, val = (
            with_reference(model, load_pairs(resolve(file), tokenizer, model.config.block_size), cfg, workers)
            for file in (pref.train_file, pref.val_file)
        )
        steps = steps_of(train, d.epochs, d.micro_batch_size * d.grad_accum_steps, d.seed)
        validation = Listed([val], pref.val_file)
        run.say(
            f"dpo: {len(train):,} pairs, {len(val):,} for validation, {len(steps):,} steps of up to "
            f"{d.micro_batch_size * d.grad_accum_steps} pairs",
            flush=True,
        )

        def evaluate() -> dict[str, float]:
            return {f"val_{name}": value for name, value in run.gradients.mean(validation).items()}

        warmup = math.ceil(d.warmup_frac * len(steps))
        run.begin(
            model,
            tokenizer,
            Listed(steps, pref.train_file),
            loss_on(workers, d.beta, d.nll_alpha),
            evaluate,
            lr=lambda step: learning_rate(step, len(steps), d.lr, 0.0, warmup, "linear"),
            metrics=METRICS,  # and not compiled: every batch has a length of its own, and steps are few
        )
        for step in run.steps(len(steps)):
            means, norm = run.update(step)
            run.record(step, means, norm)
            if run.due("save"):
                run.save()  # before anything that may fail
            if run.due("eval"):
                run.evaluate()
    workers.close()


def loss_on(workers: Workers, beta: float, nll_alpha: float) -> Loss:
    """What a batch of pairs costs: dpo_loss(), and their number."""

    def loss(forward: Callable, examples: list[Example]) -> tuple[torch.Tensor, int, dict]:
        pairs = [pair for pair, _ in examples]
        reference = torch.stack([logps for _, logps in examples], dim=1).to(workers.device)
        chosen_tokens = torch.tensor([sum(answer) for (_, answer), _ in pairs], device=workers.device)
        logps = answer_logps(forward, pairs, workers.device)
        total, metrics = dpo_loss(logps, reference, chosen_tokens, beta, nll_alpha)
        return total, len(examples), metrics

    return loss


def steps_of(examples: list[Example], epochs: int, pairs_a_step: int, seed: int) -> list[list[Example]]:
    """The pairs of each step: all of them in every epoch, in another order."""
    steps = []
    for epoch in range(epochs):
        order = list(range(len(examples)))
        random.Random(f"{seed} epoch {epoch}").shuffle(order)
        steps += [[examples[n] for n in order[i : i + pairs_a_step]] for i in range(0, len(order), pairs_a_step)]
    return steps


def with_reference(model: WikiGPT, pairs: list[Pair], cfg: Config, workers: Workers) -> list[Example]:
    """Each pair with the log-probabilities of its sides under the model as it is now; the processes share the work."""
    logps, size = torch.zeros(2, len(pairs)), cfg.dpo.micro_batch_size
    for number, i in enumerate(range(0, len(pairs), size)):
        if number % workers.size == workers.rank:
            batch = pairs[i : i + size]
            logps[:, i : i + size] = reference_logps(model, batch, size, workers.device, cfg.train.dtype)
    workers.sum([logps])
    return [(pair, logps[:, i]) for i, pair in enumerate(pairs)]


def load_pairs(path: Path, tokenizer: Tokenizer, length: int) -> list[Pair]:
    """-> [((ids, answer), (ids, answer))], chosen before rejected; answer marks the tokens that the last answer
    holds, its <|end|> included. Pairs longer than `length` tokens are left out and counted. InputError on a line of
    another form."""
    pairs: list[Pair] = []
    too_long = 0
    for number, record in enumerate(read_jsonl(path), 1):
        try:
            prompt = chat.encode(tokenizer, record["prompt"], add_generation_prompt=True)[0]
            answers = [tokenizer.encode(record[side]) + [tokenizer.end_id] for side in ("chosen", "rejected")]
        except (KeyError, TypeError):
            raise InputError(
                f'{path}:{number}: expected {{"prompt": [messages], "chosen": text, "rejected": text}}'
            ) from None
        chosen, rejected = ((prompt + answer, [False] * len(prompt) + [True] * len(answer)) for answer in answers)
        pair = chosen, rejected
        if max(len(ids) for ids, _ in pair) > length + 1:
            too_long += 1
        else:
            pairs.append(pair)
    if too_long:
        print(f"warning: {path}: {too_long} pairs left out: longer than {length} tokens", flush=True)
    if not pairs:
        raise InputError(f"{path}: no pair that fits {length} tokens; run gen_pref_data.py again, or repair the file")
    return pairs


def answer_logps(model: Callable, pairs: list[Pair], device: torch.device) -> torch.Tensor:
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
def reference_logps(model: WikiGPT, pairs: list[Pair], batch: int, device: torch.device, dtype: str) -> torch.Tensor:
    """answer_logps of all pairs under the model as it is now: (2, pairs) on the CPU."""
    model.eval()
    with autocast(device, dtype):
        return torch.cat(
            [answer_logps(model, pairs[i : i + batch], device).cpu() for i in range(0, len(pairs), batch)], dim=1
        )


def dpo_loss(logps: torch.Tensor, ref: torch.Tensor, chosen_tokens: torch.Tensor, beta: float, nll_alpha: float):
    """logps, ref: (2, pairs) of chosen and rejected; chosen_tokens (pairs) -> (summed loss, {metric: sum over
    pairs})"""
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
    stage_main(main, __doc__, ("dpo", "pref", "train", "log"))
