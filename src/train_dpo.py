"""Tune the chat model on preferences (DPO): checkpoints/sft + data/pref/{train,val}.jsonl -> checkpoints/dpo.

    python src/train_dpo.py
    python src/train_dpo.py --config configs/demo.yaml dpo.beta=0.2

Direct preference optimisation (Rafailov et al. 2023) over the log-probabilities of whole answers. With the reward of an
answer r = beta log p/ref(answer), the loss of a pair is

    sigmoid     -(1 - s) log sigmoid(r_chosen - r_rejected) - s log sigmoid(r_rejected - r_chosen), s: label_smoothing
    ipo         (log p/ref(chosen) - log p/ref(rejected) - 1 / (2 beta))^2, a token (Azar et al. 2023)
    apo_zero    1 - sigmoid(r_chosen) + sigmoid(r_rejected): each side by itself (D'Oosterlinck et al. 2024)

and with each + nll_alpha * nll(chosen) a token (Pang et al. 2024), which keeps the chosen answers from becoming less
likely while the margin grows. The reference is the SFT model as it stood; its log-probabilities are computed once,
before the first step. Logged: margin and its parts, accuracy (the share of pairs whose chosen answer has the larger
reward), and of dpo.eval_questions questions how many answers are other ones than before. A run whose chosen answers
become less likely, or whose answers begin to repeat themselves, stops; one that has moved nothing says so. Run the same
command again to go on.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import math
import random
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F

from gpt import answers, chat, checkpoints
from gpt.gradients import Listed, Loss
from gpt.machine import Workers, autocast, fitted, join_workers
from gpt.optim import learning_rate
from gpt.tokenizer import Tokenizer
from gpt.tokens import IGNORE
from gpt.trainer import Run, check_inputs, fine_tuning_inputs
from model import WikiGPT
from pipeline.cli import stage_main
from pipeline.config import Config, Dpo, InputError, resolve
from pipeline.files import read_jsonl

METRICS = ("margin", "accuracy", "reward_chosen", "reward_rejected", "nll_chosen", "nll_rejected")
MOVED = 0.02  # share of answers that are other ones than before, below which nothing has moved
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
        questions = 0 if cfg.train.shard == "fsdp" else d.eval_questions  # no process has the whole model then
        asked = questions_of(resolve(pref.val_file), questions, d.seed, tokenizer, model.config.block_size)
        first = answers.answers(model, tokenizer, asked)  # of the model as it is before the first step, also on resume
        before = answers.measures(asked, first) | {"nll_chosen": nll_before(val)}
        run.say(
            f"dpo: {len(train):,} pairs, {len(val):,} for validation, {len(steps):,} steps of up to "
            f"{d.micro_batch_size * d.grad_accum_steps} pairs",
            flush=True,
        )

        def evaluate() -> dict[str, float]:
            now = answers.answers(model, tokenizer, asked)
            changed = {"answers_changed": sum(a.text != b.text for a, b in zip(first, now)) / max(1, len(asked))}
            found = run.gradients.mean(validation) | answers.measures(asked, now) | changed
            return {f"val_{name}": value for name, value in found.items()}

        warmup = math.ceil(d.warmup_frac * len(steps))
        run.begin(
            model,
            tokenizer,
            Listed(steps, pref.train_file),
            loss_on(workers, d),
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
                if (why := harm(run.val, before, d)) and run.state.step < len(steps):
                    raise InputError(f"step {run.state.step:,}: {why}; the best until now is {run.folder / 'best'}")
        if run.val:
            run.say(verdict(run.val, before, d), flush=True)
    workers.close()


def questions_of(path: Path, count: int, seed: int, tokenizer: Tokenizer, block_size: int) -> list[answers.Asked]:
    """The prompts of a file of pairs, each with its chosen answer."""
    talks = (
        {"messages": [*record["prompt"], {"role": "assistant", "content": record["chosen"]}]}
        for record in read_jsonl(path)
    )
    return answers.held_out(talks, count, seed, tokenizer, block_size)


def nll_before(examples: list[Example]) -> float:
    """Nats a token of the chosen answers under the reference."""
    chosen = [-float(logps[0]) / sum(pair[0][1]) for pair, logps in examples]
    return sum(chosen) / len(chosen)


def harm(val: dict[str, float], before: dict[str, float], d: Dpo) -> str:
    """What has become worse than it may, and what to do; '' if nothing."""
    if val and val["val_nll_chosen"] > before["nll_chosen"] + d.max_nll_rise:
        return (
            f"the chosen answers have become less likely ({val['val_nll_chosen']:.3f} nats a token, before "
            f"{before['nll_chosen']:.3f}): lower dpo.lr, raise dpo.nll_alpha, or allow more with dpo.max_nll_rise"
        )
    if val and val.get("val_repetition", 0) > before.get("repetition", 0) + d.max_repetition_rise:
        return (
            f"{val['val_repetition']:.0%} of the answers repeat themselves, before {before['repetition']:.0%}: lower "
            "dpo.lr, or allow more with dpo.max_repetition_rise"
        )
    return ""


def verdict(val: dict[str, float], before: dict[str, float], d: Dpo) -> str:
    """What the run has changed, in a line; a warning where that is nothing or harm."""
    changed = val["val_answers_changed"]
    line = (
        f"dpo: {changed:.0%} of the answers are other ones, margin {val['val_margin']:.4f}, accuracy "
        f"{val['val_accuracy']:.0%}, chosen {val['val_nll_chosen']:.3f} nats a token (before "
        f"{before['nll_chosen']:.3f})"
    )
    if "answer_words" in before:
        line += f", {val['val_answer_words']:.1f} words an answer (before {before['answer_words']:.1f})"
    if why := harm(val, before, d):
        return f"{line}\nwarning: {why}"
    if "answer_words" in before and changed < MOVED:
        return f"{line}\nwarning: nothing has moved, whatever the accuracy says: raise dpo.lr or dpo.epochs"
    return line


def loss_on(workers: Workers, d: Dpo) -> Loss:
    """What a batch of pairs costs: dpo_loss(), and their number."""

    def loss(forward: Callable, examples: list[Example]) -> tuple[torch.Tensor, int, dict]:
        pairs = [pair for pair, _ in examples]
        reference = torch.stack([logps for _, logps in examples], dim=1).to(workers.device)
        tokens = torch.tensor([[sum(answer) for _, answer in side] for side in zip(*pairs)], device=workers.device)
        logps = answer_logps(forward, pairs, workers.device)
        total, metrics = dpo_loss(logps, reference, tokens, d.beta, d.nll_alpha, d.loss, d.label_smoothing)
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


def dpo_loss(
    logps: torch.Tensor,
    ref: torch.Tensor,
    tokens: torch.Tensor,
    beta: float,
    nll_alpha: float,
    kind: str = "sigmoid",
    label_smoothing: float = 0.0,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """logps, ref, tokens: (2, pairs) of chosen and rejected: summed log-probabilities and the answers' lengths.
    -> (summed loss, {metric: sum over pairs}). kind: see the top of this file."""
    ratio = (logps - ref) / tokens if kind == "ipo" else logps - ref  # (2, pairs)
    rewards = beta * ratio
    margin = rewards[0] - rewards[1]
    if kind == "ipo":
        loss = (ratio[0] - ratio[1] - 1 / (2 * beta)) ** 2
    elif kind == "apo_zero":
        loss = 1 - rewards[0].sigmoid() + rewards[1].sigmoid()
    else:
        loss = -(1 - label_smoothing) * F.logsigmoid(margin) - label_smoothing * F.logsigmoid(-margin)
    nll = -logps / tokens
    metrics = {
        "margin": margin,
        "accuracy": (margin > 0).float(),
        "reward_chosen": rewards[0],
        "reward_rejected": rewards[1],
        "nll_chosen": nll[0],
        "nll_rejected": nll[1],
    }
    return (loss + nll_alpha * nll[0]).sum(), {name: value.detach().sum() for name, value in metrics.items()}


if __name__ == "__main__":
    stage_main(main, __doc__, ("dpo", "pref", "train", "log"))
