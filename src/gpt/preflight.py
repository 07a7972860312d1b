"""Before a training: what it will take and cost on this machine, and which learning rate to give it."""

import time
from collections.abc import Callable

import numpy as np
import torch

from gpt import checkpoints
from gpt.gradients import Examples, Gradients, Loss, update
from gpt.machine import Workers, describe, freeze_gc, peak_flops
from gpt.optim import Optimizer, build_optimizer
from gpt.run_log import draw_sweep
from gpt.sharding import shard
from gpt.tokens import Batches
from model import WikiGPT, flops_per_token
from pipeline.budget import cost, seconds_of
from pipeline.config import Config, InputError, resolve

BUDGET_STEPS = 5  # timed before a run with train.budget
FOR_STEPS = 0.95  # of a budget; the rest is for evaluation, samples and checkpoints
MIN_STEPS = 10  # fewer are no training
WARMUP = 3  # steps before the clock starts: compile, and the allocator finding its sizes


class RandomTokens:
    """Batches of random ids, for when there are no tokens yet."""

    def __init__(self, vocab_size: int, block_size: int, batch_size: int):
        self.vocab_size, self.block_size, self.batch_size = vocab_size, block_size, batch_size

    def rows(self, step: int) -> int:
        return self.batch_size

    def batch(self, step: int, first: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
        size = min(rows, self.batch_size - first), self.block_size + 1
        ids = np.random.default_rng([step, first]).integers(self.vocab_size, size=size)
        return np.ascontiguousarray(ids[:, :-1]), np.ascontiguousarray(ids[:, 1:])


def bench(cfg: Config, model: WikiGPT, loss: Loss, workers: Workers) -> None:
    """Time train.bench whole steps on random tokens, then say what the run would take and cost."""
    t, device = cfg.train, workers.device
    say = _speaker(workers)
    say(describe(model, t, workers), flush=True)
    a_step, start_up, micro_batch_size = time_steps(cfg, model, loss, workers, t.bench)

    speed = t.micro_batch_size * t.grad_accum_steps * model.config.block_size / a_step
    whole, peak = t.max_iters * a_step, peak_flops(device)
    achieved = speed * flops_per_token(model.config)
    mfu = f", MFU {achieved / (peak * workers.size):.1%} of {peak / 1e12:.0f}" if peak else ""
    how = f"mean of {t.bench}; start-up {start_up:.0f} s"
    say(f"{'speed':14}{speed:,.0f} tokens/s, {a_step:.3f} s a step ({how})")
    say(f"{'arithmetic':14}{achieved / 1e12:,.3g} TFLOP/s{mfu}")
    if device.type == "cuda":
        used, there = torch.cuda.max_memory_reserved(device), torch.cuda.get_device_properties(device).total_memory
        say(f"{'peak memory':14}{used / 2**30:.1f} GiB of {there / 2**30:.1f}, micro-batch {micro_batch_size}")
    price = f" at ${t.price_per_hour:.2f} an hour" if t.price_per_hour else ""
    takes = f"{t.max_iters:,} steps: {cost(whole, t.price_per_hour)}{price}"
    say(f"{'whole run':14}{takes}, evaluation and checkpoints not counted", flush=True)


def time_steps(cfg: Config, model: WikiGPT, loss: Loss, workers: Workers, steps: int) -> tuple[float, float, int]:
    """Train so many steps on random tokens -> (seconds a step, seconds before the clock started, the micro-batch that
    memory has left)."""
    t = cfg.train
    batches = RandomTokens(model.config.vocab_size, model.config.block_size, t.micro_batch_size * t.grad_accum_steps)
    gradients, optimizer = ready(cfg, model, loss, batches, workers)

    def synchronise() -> float:
        if workers.device.type == "cuda":
            torch.cuda.synchronize()
        return time.monotonic()

    started = begin = synchronise()
    for step in range(WARMUP + steps):
        if step == WARMUP:
            begin = synchronise()
            freeze_gc()
        update(gradients, optimizer, step, t.lr, t.grad_clip)
    return (synchronise() - begin) / steps, begin - started, gradients.micro_batch_size


def within_budget(cfg: Config, new_model: Callable[[], WikiGPT], loss: Loss, workers: Workers) -> Config:
    """The config with train.max_iters as train.budget has it: the steps that fit by the speed of this machine, of which
    the warmup is the same share as before. A run that has begun with this budget keeps what was chosen then."""
    t = cfg.train
    if t.budget is None:
        return cfg
    began = checkpoints.newest(resolve(t.checkpoint_dir) / "base")
    chosen = checkpoints.training_record(began)["config"]["train"] if began and not cfg.again else {}
    if chosen.get("budget") == t.budget:
        steps, warmup = chosen["max_iters"], chosen["warmup_iters"]
    else:
        seconds = seconds_of(t.budget, t.price_per_hour)
        a_step, start_up, _ = time_steps(cfg, new_model(), loss, workers, BUDGET_STEPS)
        a_step = workers.worst(round(1e6 * a_step)) / 1e6  # all have to choose the same
        start_up = workers.worst(round(start_up))
        steps = int((seconds * FOR_STEPS - 2 * start_up) / a_step)  # it starts up again
        warmup = round(t.warmup_iters * steps / t.max_iters)
        if steps < max(MIN_STEPS, warmup + 1):
            raise InputError(
                f"train.budget {t.budget}: holds {max(0, steps)} steps of {a_step:.2g} s; give it more, or a smaller "
                "model or batch"
            )
        _speaker(workers)(
            f"budget: {t.budget} holds {steps:,} steps of {a_step:.3g} s, {warmup:,} of warmup", flush=True
        )
    return cfg.model_copy(update={"train": t.model_copy(update={"max_iters": steps, "warmup_iters": warmup})})


def lr_find(cfg: Config, model: WikiGPT, loss: Loss, batches: Batches, workers: Workers) -> None:
    """Raise the learning rate from step to step, from train.lr / 100 to 100 x, until the loss goes up (Smith 2017);
    draw it, and suggest a quarter of the rate at which the loss stood lowest."""
    t = cfg.train
    gradients, optimizer = ready(cfg, model, loss, batches, workers)
    rates: list[float] = []
    losses: list[float] = []
    average, say = 0.0, _speaker(workers)
    for step in range(t.lr_find):
        rates.append(t.lr / 100 * 10_000 ** (step / max(1, t.lr_find - 1)))
        value = update(gradients, optimizer, step, rates[-1], t.grad_clip)[0]["loss"].item()
        average = 0.9 * average + 0.1 * value
        losses.append(average / (1 - 0.9 ** (step + 1)))  # the mean of the last ten or so
        if not losses[-1] < min(losses) + 0.5:  # nan too
            break
    best = rates[int(np.nanargmin(losses))]
    for rate, value in list(zip(rates, losses))[:: max(1, len(rates) // 20)]:
        say(f"lr {rate:.2e}  loss {value:7.4f}")
    picture = resolve(t.checkpoint_dir) / "base" / "lr_find.png"
    if workers.first:
        draw_sweep(rates, losses, best / 4, picture)
    say(f"lowest at {best:.1e}; suggested: train.lr={best / 4:.1e} (a quarter of it; see {picture})", flush=True)


def ready(cfg: Config, model: WikiGPT, loss: Loss, examples: Examples, workers: Workers) -> tuple[Gradients, Optimizer]:
    """What a step of training takes: update(gradients, optimizer, ...)."""
    t = cfg.train
    model.checkpoint_activations = t.checkpoint_activations
    if t.shard == "fsdp" and workers.size > 1:
        shard(model, workers)
    how = t.optimizer, t.lr, t.weight_decay, t.beta1, t.beta2, t.muon_momentum
    optimizer = build_optimizer(model, *how, workers.device, t.embed_lr_scale, t.dtype)
    say = _speaker(workers)
    return Gradients(model, loss, examples, workers, t.micro_batch_size, t.dtype, t.compile, say=say), optimizer


def _speaker(workers: Workers) -> Callable:
    return print if workers.first else lambda *_, **__: None
