"""The loop that train_sft.py and train_dpo.py share: steps over lists of examples, with the care of train.py.

Which examples a step sees is decided before the first one, so that resuming needs only the step's number. A run whose settings or
inputs have changed begins anew, and the earlier one is kept beside it under another name.
"""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch

from gpt import checkpoints
from gpt.machine import autocast, is_out_of_memory, pick_device, slow_dtype
from gpt.optim import build_optimizer, clip_gradients, learning_rate
from gpt.run_log import RunLog
from gpt.tokenizer import Tokenizer
from model import WikiGPT
from pipeline.budget import cost, dollars
from pipeline.config import Config, FineTuning, InputError, Train, resolve
from pipeline.files import fingerprint, lock, sha256_file
from pipeline.progress import duration
from pipeline.stop import StopSignal

# Settings that make it another run when they change, of train_sft.py or train_dpo.py
IDENTITY = ("epochs", "join", "optimizer", "lr", "warmup_frac", "weight_decay", "seed", "beta", "nll_alpha")


def check_inputs(checkpoint: str, train_file: str, val_file: str, maker: str) -> None:
    """InputError with all that is missing before a model is loaded. maker: the stage that writes the files."""
    problems = [
        f"{resolve(file)}: not found; run python src/{maker}.py with the same config first"
        for file in (train_file, val_file)
        if not resolve(file).exists()
    ]
    if not (resolve(checkpoint) / "config.json").exists():
        problems.append(
            f"{resolve(checkpoint)}: no checkpoint there; the stage that makes it has not run with this config"
        )
    if problems:
        raise InputError("\n".join(problems))


def device_of(train: Train) -> torch.device:
    device = pick_device(train.device)
    if advice := slow_dtype(device, train.dtype):
        print(f"warning: {advice}", flush=True)
    return device


def identity(stage: str, section: FineTuning, train_file: str, val_file: str) -> str:
    """What makes a run this run: its settings, its data, the weights it starts from."""
    settings = {name: getattr(section, name) for name in IDENTITY if hasattr(section, name)}
    batch_size = section.micro_batch_size * section.grad_accum_steps
    start = sha256_file(resolve(section.checkpoint) / "model.safetensors")
    return fingerprint(
        stage, settings, batch_size, start, sha256_file(resolve(train_file)), sha256_file(resolve(val_file))
    )


def finished(stage: str, cfg: Config, key: str) -> bool:
    """Whether this very run has all its steps; says so."""
    path = checkpoints.newest(resolve(cfg.train.checkpoint_dir) / stage)
    state = checkpoints.load_training_state(path)[0] if path else {}
    if state.get("key") != key or state["step"] < state["steps"]:
        return False
    print(
        f"{stage}: {path} has all {state['steps']:,} steps, val loss {state['val_loss']:.4f}; nothing to do", flush=True
    )
    return True


def run(
    stage: str,
    cfg: Config,
    section: FineTuning,
    key: str,
    model: WikiGPT,
    tokenizer: Tokenizer,
    steps: list[list],
    loss: Callable,
    evaluate: Callable,
    device: torch.device,
) -> None:
    """Train `model` into checkpoints/<stage>; resumes, logs, evaluates, saves, stops on a signal.

    key:      the run's identity()
    steps:    the examples of each step
    loss:     (model, examples) -> (summed loss, its count, {metric: sum}); the step's loss is sum / count
    evaluate: (model) -> {"val_loss": ...}
    """
    folder = resolve(cfg.train.checkpoint_dir) / stage
    with lock(folder.parent / f".{stage}"), StopSignal() as stop:
        _train(stage, cfg, section, folder, key, model, tokenizer, steps, loss, evaluate, device, stop)


def _train(stage, cfg, section, folder, key, model, tokenizer, steps, loss, evaluate, device, stop) -> None:
    total = len(steps)
    resumed = checkpoints.newest(folder)
    state, tensors = checkpoints.load_training_state(resumed) if resumed else ({}, {})
    if resumed and state["key"] != key:
        print(f"{stage}: settings or inputs have changed; the earlier run is kept in {_set_aside(folder)}", flush=True)
        resumed, state, tensors = None, {}, {}
    step, best_val = state.get("step", 0), state.get("best_val_loss") or math.inf
    if resumed:
        model.load_state_dict(checkpoints.load(resumed, device)[0].state_dict())
        print(f"{stage}: going on from {resumed}", flush=True)
    optimizer = build_optimizer(
        model,
        section.optimizer,
        section.lr,
        section.weight_decay,
        cfg.train.beta1,
        cfg.train.beta2,
        cfg.train.muon_momentum,
        device,
        cfg.train.embed_lr_scale,
        cfg.train.dtype,
    )
    if resumed:
        optimizer.load_state(tensors)
    log = RunLog(
        folder,
        step,
        cfg.model_dump(),
        cfg.wandb.project,
        f"{cfg.wandb.run_name}-{stage}",
        cfg.wandb.mode,
        state.get("wandb_id"),
    )
    warmup = math.ceil(section.warmup_frac * total)
    micro_batch_size, skipped_in_a_row = section.micro_batch_size, 0
    val, started = {}, time.monotonic()

    def seconds() -> float:
        return state.get("seconds", 0.0) + time.monotonic() - started

    while step < total:
        model.train()
        if model.config.dropout:  # a function of the seed and the step: nothing to save
            torch.manual_seed(section.seed * 1_000_003 + step)
        lr = learning_rate(step, total, section.lr, 0.0, warmup, "linear")
        while True:
            try:
                sums, count = _accumulate(model, steps[step], micro_batch_size, loss, device, cfg.train.dtype)
                break
            except Exception as error:
                if not is_out_of_memory(error) or micro_batch_size == 1:
                    raise
            micro_batch_size //= 2
            optimizer.zero_grad()
            print(f"warning: out of memory; {stage}.micro_batch_size is now {micro_batch_size}", flush=True)
        for parameter in model.parameters():
            parameter.grad /= max(1, count)
        norm = clip_gradients(model, cfg.train.grad_clip)
        optimizer.set_lr(lr)
        finite = torch.isfinite(norm) & torch.isfinite(sums["loss"])
        optimizer.step(finite=finite)
        optimizer.zero_grad()
        step += 1

        last = step == total
        if step % cfg.train.log_interval == 0 or last or stop.asked:
            values = {name: float(value) / max(1, count) for name, value in sums.items()}
            log.write(
                step,
                {
                    **values,
                    "lr": lr,
                    "grad_norm": float(norm),
                    "seconds": seconds(),
                    "dollars": dollars(seconds(), cfg.train.price_per_hour),
                },
            )
            done = step - state.get("step", 0)
            left = (time.monotonic() - started) / done * (total - step)
            shown = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
            print(
                f"{stage} {step:>5}/{total}  {shown}  lr {lr:.2e}  {duration(left)} left, "
                f"{cost(seconds(), cfg.train.price_per_hour)} so far",
                flush=True,
            )
            skipped_in_a_row = 0 if finite else skipped_in_a_row + 1
            if skipped_in_a_row >= cfg.train.max_nonfinite:
                raise InputError(
                    f"{stage}: gradients have not been finite for {skipped_in_a_row} log lines; the last good checkpoint is "
                    f"{resumed or 'not yet written'}; lower {stage}.lr"
                )
        improved = False
        if step % section.eval_interval == 0 or last:
            model.eval()
            with torch.no_grad(), autocast(device, cfg.train.dtype):
                val = evaluate(model)
            improved = val["val_loss"] < best_val
            best_val = min(best_val, val["val_loss"])
            log.write(step, val)
            print(
                f"{stage} eval {step:>5}  "
                + "  ".join(f"{name} {value:.4f}" for name, value in val.items())
                + ("  (best)" if improved else ""),
                flush=True,
            )
            log.draw()
        if improved or last or stop.asked or step % section.checkpoint_interval == 0:
            now = {
                "step": step,
                "steps": total,
                "key": key,
                "seconds": seconds(),
                "best_val_loss": best_val if math.isfinite(best_val) else None,
                **val,
                "wandb_id": log.run_id,
                "config": cfg.model_dump(),
            }
            resumed = checkpoints.save(
                folder, f"step_{step:07d}", model, tokenizer, now, optimizer.state(), section.keep_checkpoints, improved
            )
        if stop.asked and not last:
            print(
                f"{stage}: stopped at step {step:,} ({stop.asked}), saved {resumed}; run the same command to go on",
                flush=True,
            )
            break
    else:
        print(
            f"{stage}: finished {total:,} steps in {cost(seconds(), cfg.train.price_per_hour)}: {folder / 'latest'}",
            flush=True,
        )
    log.close()


def _accumulate(model, examples: list, micro_batch_size: int, loss: Callable, device, dtype: str) -> tuple[dict, int]:
    """Forward and backward over one step's examples -> ({"loss": sum, metric: sum}, count); p.grad holds the sum's gradient."""
    sums, count = {}, 0
    for i in range(0, len(examples), micro_batch_size):
        with autocast(device, dtype):
            value, n, metrics = loss(model, examples[i : i + micro_batch_size])
        value.backward()
        count += n
        for name, number in {"loss": value.detach(), **metrics}.items():
            sums[name] = sums[name] + number if name in sums else number
    return sums, count


def _set_aside(folder: Path) -> Path:
    """Rename folder to folder.1, or the next number that is free."""
    number = 1
    while folder.with_name(f"{folder.name}.{number}").exists():
        number += 1
    kept = folder.with_name(f"{folder.name}.{number}")
    os.rename(folder, kept)
    return kept
