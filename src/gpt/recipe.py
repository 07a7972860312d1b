"""Which run a checkpoint belongs to: what of the config, the inputs and the code has changed since it was written.

A run is the one that was begun here as long as it has the same model, data, seed and optimizer; what may change on
the way (the learning rate, a longer schedule, the precision) is named and the run goes on. A run that has all its
steps has no
way left: there another learning rate asks for another run. The earlier one is kept: its folder gets a number.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.code import code_of

# Keys of the train section that have no influence on what is learned; of the two that make a batch their product
# counts.
NO_INFLUENCE = {
    "device", "compile", "shard", "checkpoint_activations", "micro_batch_size", "grad_accum_steps", "eval_interval",
    "log_interval", "checkpoint_dir",
    "checkpoint_interval", "keep_checkpoints", "max_nonfinite", "sample_prompts", "sample_tokens", "price_per_hour",
    "max_hours", "max_dollars", "budget", "bench", "lr_find",
}  # fmt: skip
ANOTHER_RUN = {
    "optimizer",
    "zero_init_proj",
    "copying_heads",
    "seed",
}  # of the train section; dropout is the only one of the model's that is not
BY_THE_WAY = {
    "train.max_iters",
    "train.eval_iters",
    "train.eval_batch_size",
    "train.dtype",
}  # these ask for no other run
# What fine-tuning takes from the train section, and the keys of its own section that make it this run
FROM_TRAIN = ("dtype", "beta1", "beta2", "muon_momentum", "embed_lr_scale", "grad_clip")
FINE_TUNING = (
    "epochs",
    "join",
    "pretrain_share",
    "repeats",
    "cut_words",
    "typos",
    "optimizer",
    "lr",
    "warmup_frac",
    "weight_decay",
    "seed",
    "loss",
    "label_smoothing",
    "beta",
    "nll_alpha",
)


def settings(config: dict[str, Any], stage: str) -> dict[str, Any]:
    """{"train.lr": 6e-4, ...}: everything in a config (as model_dump() gives it) that decides what the stage learns."""
    train = config["train"]
    if stage == "base":
        own = {f"train.{key}": value for key, value in train.items() if key not in NO_INFLUENCE}
        own |= {f"model.{key}": value for key, value in config["model"].items()}
        section, batch_name = train, "sequences a step"
    else:
        section, batch_name = config[stage], f"{stage}: examples a step"
        own = {f"train.{key}": train[key] for key in FROM_TRAIN}
        own |= {f"{stage}.{key}": section[key] for key in FINE_TUNING if key in section}
    return own | {batch_name: section["micro_batch_size"] * section["grad_accum_steps"]}


def is_another_run(name: str, stage: str, finished: bool) -> bool:
    """Whether a change of this setting makes it another run; finished: the run has all its steps."""
    section, _, key = name.partition(".")
    if section == stage or name == f"{stage}: examples a step":
        return True
    if stage != "base" or name in BY_THE_WAY:
        return False
    return finished or (key in ANOTHER_RUN if section == "train" else section == "model" and key != "dropout")


def changes(before: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """{name: (before, now)} of what differs; a name that only one of them has is of another version of this project."""
    return {name: (before[name], now[name]) for name in now if name in before and before[name] != now[name]}


def in_words(changed: dict[str, tuple[Any, Any]]) -> str:
    return ", ".join(f"{name} is {now}, until now {before}" for name, (before, now) in changed.items())


def set_aside(folder: Path) -> Path:
    """Rename folder to folder.1, or the next number that is free."""
    number = 1
    while folder.with_name(f"{folder.name}.{number}").exists():
        number += 1
    kept = folder.with_name(f"{folder.name}.{number}")
    os.rename(folder, kept)
    return kept


@cache
def code(script: str) -> dict[str, str]:
    """{file: hash} of all code that makes a training's numbers: the script, such as "train", gpt/ and model.py."""
    return code_of(script, packages=("gpt", "model"))
