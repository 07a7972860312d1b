"""Pretrain the model: data/tokens/{train,val}.bin -> checkpoints/base, with log.jsonl and curves.png.

    python src/train.py                                  # run it again after an interruption: it goes on
    python src/train.py --config configs/demo.yaml train.max_iters=400
    python src/train.py train.bench=20                   # speed, memory, hours and dollars; writes nothing
    python src/train.py train.budget=2h                  # or $5: as many steps as fit
    python src/train.py train.lr_find=200                # a sweep of learning rates, a picture and a suggestion
    torchrun --nproc_per_node=4 src/train.py             # the same run on 4 GPUs

A step is micro_batch_size x grad_accum_steps sequences of block_size tokens, however many GPUs share them. What a
step sees depends on train.seed and its number alone, so a resumed run is the undisturbed one: on a CPU bit for bit.
Ctrl-C or SIGTERM: the step is finished and saved. It exits with 0, and the same command goes on (torchrun, which
was stopped too, has a status of its own). Other data or another model in the same folder are another run, and so is
another recipe once the run there is finished: the earlier one is kept.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import math
from collections.abc import Callable

import numpy as np
import torch

from gpt import checkpoints, preflight
from gpt.copying_heads import write_copying_heads
from gpt.gradients import Loss
from gpt.machine import Workers, describe, fitted, join_workers, pick_device, slow_dtype, to_device
from gpt.optim import learning_rate
from gpt.tokenizer import Tokenizer
from gpt.tokens import IGNORE, Batches, TokenFile, Validation, open_tokens
from gpt.trainer import Run
from model import ModelConfig, WikiGPT
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve


def main(cfg: Config) -> None:
    cfg = fitted(cfg)
    if cfg.train.bench:
        workers = join_workers(cfg.train.device)
        preflight.bench(cfg, new_model(cfg, workers), loss_on(workers), workers)
    else:
        tokenizer, train_tokens, val_tokens = open_inputs(cfg)
        workers = join_workers(cfg.train.device)
        if cfg.train.lr_find:
            preflight.lr_find(cfg, new_model(cfg, workers), loss_on(workers), batches_of(cfg, train_tokens), workers)
        else:
            cfg = preflight.within_budget(cfg, lambda: new_model(cfg, workers), loss_on(workers), workers)
            train(cfg, tokenizer, train_tokens, val_tokens, workers)
    workers.close()


def train(cfg: Config, tokenizer: Tokenizer, train_tokens: TokenFile, val_tokens: TokenFile, workers: Workers) -> None:
    t, block = cfg.train, cfg.model.block_size
    batches = batches_of(cfg, train_tokens)
    sequences = t.eval_iters * t.eval_batch_size
    validation = Validation(val_tokens, block, sequences, before=tokenizer.end_id)

    def evaluate() -> dict[str, float]:
        nats = run.gradients.mean(validation)["loss"]
        return {"val_loss": nats, "val_bits_per_byte": nats / math.log(2) / val_tokens.bytes_per_token}

    inputs = {"data.train_bin": train_tokens.sha256, "tokenizer.path": tokenizer.sha256}
    with Run("base", cfg, workers, inputs) as run:
        if run.complete:
            return
        model = new_model(cfg, workers)
        for line in what_is_trained(cfg, model, batches, workers):
            run.say(line, flush=True)
        run.begin(
            model,
            tokenizer,
            batches,
            loss_on(workers),
            evaluate,
            lr=lambda step: learning_rate(
                step, t.max_iters, t.lr, t.min_lr, t.warmup_iters, t.lr_schedule, t.decay_frac
            ),
            compiled=t.compile,
            tokens_a_step=batches.batch_size * block,
            validated_on=f"{sequences} sequences of {val_tokens.sha256}",
            prompts=tuple(t.sample_prompts),
        )
        for step in run.steps(t.max_iters):
            means, norm = run.update(step)
            run.record(step, means, norm)
            if run.due("save"):
                run.save()  # before anything that may fail
            if run.due("eval"):
                run.evaluate()


def loss_on(workers: Workers) -> Loss:
    """What a batch of (inputs, targets) costs: its summed loss in nats, and the number of its targets."""

    def loss(forward: Callable, batch: tuple[np.ndarray, np.ndarray]) -> tuple[torch.Tensor, int, dict]:
        inputs, targets = (to_device(array, workers.device) for array in batch)
        return forward(inputs, targets), int((batch[1] != IGNORE).sum()), {}

    return loss


def new_model(cfg: Config, workers: Workers) -> WikiGPT:
    """With random weights, made on the CPU: the same ones whatever the device."""
    torch.manual_seed(cfg.train.seed)
    model = WikiGPT(ModelConfig.of(cfg.model))
    if cfg.train.zero_init_proj:
        model.zero_init_projections()
    if cfg.train.copying_heads:
        if cfg.model.n_layer < 2 or cfg.model.n_head < cfg.train.copying_heads:
            raise InputError("train.copying_heads: needs a model of at least 2 layers, with as many heads in each")
        write_copying_heads(model, cfg.train.copying_heads)
    return model.to(workers.device)


def batches_of(cfg: Config, tokens: TokenFile) -> Batches:
    t = cfg.train
    return Batches(tokens, cfg.model.block_size, t.micro_batch_size * t.grad_accum_steps, t.seed, t.repeats)


def open_inputs(cfg: Config) -> tuple[Tokenizer, TokenFile, TokenFile]:
    """All that must be there before the first step; InputError with every problem found."""
    problems: list[str] = []

    def attempt(function, *arguments):
        try:
            return function(*arguments)
        except InputError as error:
            problems.extend(line for line in str(error).splitlines() if line not in problems)

    attempt(pick_device, cfg.train.device)
    tokenizer = attempt(Tokenizer, resolve(cfg.tokenizer.path))
    files = [
        attempt(open_tokens, resolve(path), tokenizer, cfg.model.vocab_size)
        if tokenizer
        else attempt(TokenFile, resolve(path))
        for path in (cfg.data.train_bin, cfg.data.val_bin)
    ]
    if files[0]:
        attempt(Batches, files[0], cfg.model.block_size, 1, 0)
    folder = resolve(cfg.train.checkpoint_dir) / "base"
    attempt(checkpoints.check_room, folder, ModelConfig.of(cfg.model), cfg.train.keep_checkpoints)
    if problems:
        raise InputError("\n".join(problems))
    return tokenizer, files[0], files[1]


def what_is_trained(cfg: Config, model: WikiGPT, batches: Batches, workers: Workers) -> list[str]:
    """The model, the data and the steps, a line each; a warning before them where bf16 is slow."""
    t, tokens = cfg.train, batches.batch_size * batches.block_size
    advice = slow_dtype(workers.device, t.dtype)
    return ([f"warning: {advice}"] if advice else []) + [
        describe(model, t, workers),
        f"data: {batches.file.path}, {batches.file.tokens:,} tokens; {t.max_iters * tokens / 1e6:,.1f}M to train on, "
        f"{batches.epoch(t.max_iters):.2f} epochs",
        f"steps: {t.max_iters:,} of {tokens:,} tokens ({batches.batch_size} sequences of {batches.block_size})",
    ]


if __name__ == "__main__":
    stage_main(main, __doc__, ("train", "model", "data", "wandb", "log"))
