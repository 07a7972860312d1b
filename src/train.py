"""Pretrain the model: data/tokens/{train,val}.bin -> checkpoints/base, with log.jsonl and curves.png.

    python src/train.py                                  # run it again after an interruption: it goes on
    python src/train.py --config configs/demo.yaml train.max_iters=400
    python src/train.py train.bench=20                   # speed, memory, hours and dollars; writes nothing
    python src/train.py train.lr_find=200                # a sweep of learning rates, a picture and a suggestion
    torchrun --nproc_per_node=4 src/train.py             # the same run on 4 GPUs

A step is micro_batch_size x grad_accum_steps sequences of block_size tokens, however many GPUs share them. What a step sees
depends on train.seed and its number alone, so a resumed run is the undisturbed one: on a CPU bit for bit.
Ctrl-C or SIGTERM: the step is finished and saved. It exits with 0, and the same command goes on.
"""

import contextlib
import math
import random
import shlex
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from gpt import checkpoints
from gpt.decoder import generate
from gpt.machine import (
    Workers,
    autocast,
    freeze_gc,
    going_on_without_compile,
    is_out_of_memory,
    join_workers,
    peak_flops,
    pick_device,
    slow_dtype,
)
from gpt.optim import Optimizer, build_optimizer, clip_gradients, learning_rate
from gpt.run_log import RunLog, draw_sweep
from gpt.sampling import Sampling
from gpt.tokenizer import Tokenizer
from gpt.tokens import IGNORE, Batches, TokenFile, open_tokens, windows
from model import ModelConfig, WikiGPT, flops_per_token
from pipeline.budget import cost, dollars
from pipeline.cli import stage_main
from pipeline.config import InputError, resolve
from pipeline.files import lock, sha256_file
from pipeline.progress import duration
from pipeline.stop import StopSignal

BENCH_WARMUP = 3  # steps before the clock of train.bench starts: compile, and the allocator finding its sizes
SAMPLING = Sampling(temperature=0.8, top_p=0.95)  # of the samples shown while training


def main(cfg) -> None:
    folder = resolve(cfg.train.checkpoint_dir) / "base"
    inputs = None if cfg.train.bench else open_inputs(cfg, folder)
    workers = join_workers(cfg.train.device)
    say = print if workers.first else lambda *_, **__: None
    torch.manual_seed(cfg.train.seed)
    if cfg.train.bench:
        bench(cfg, workers, say)
    elif cfg.train.lr_find:
        lr_find(cfg, folder, inputs[1], workers, say)
    else:
        with lock(folder) if workers.first else contextlib.nullcontext(), StopSignal() as stop:
            train(cfg, folder, *inputs, workers, stop, say)
    workers.close()


def open_inputs(cfg, folder: Path) -> tuple[Tokenizer, TokenFile, TokenFile]:
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
    attempt(check_disk, folder, ModelConfig.of(cfg.model), cfg.train.keep_checkpoints)
    if problems:
        raise InputError("\n".join(problems))
    return tokenizer, *files


def check_disk(folder: Path, config: ModelConfig, keep: int) -> None:
    """Room for `keep` checkpoints, `best`, and the one being written: weights and two optimizer moments each, fp32."""
    with torch.device("meta"):
        size = 12 * sum(p.numel() for p in WikiGPT(config).parameters())
    there = sum(f.stat().st_size for f in folder.glob("step_*/**/*") if f.is_file())
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free, needed = shutil.disk_usage(existing).free, (keep + 2) * size - there
    if free < needed:
        raise InputError(
            f"{folder}: {free / 1e9:.1f} GB free, the checkpoints will need {needed / 1e9:.1f} GB; "
            "free some disk, lower train.keep_checkpoints, or point train.checkpoint_dir elsewhere"
        )


def train(
    cfg,
    folder: Path,
    tokenizer: Tokenizer,
    train_tokens: TokenFile,
    val_tokens: TokenFile,
    workers: Workers,
    stop: StopSignal,
    say,
) -> None:
    t, device = cfg.train, workers.device

    # Where we are: at the beginning, in the middle, or done
    resumed = checkpoints.newest(folder)
    state, tensors = {"step": 0, "seconds": 0.0, "skipped": 0, "best_val_loss": None}, {}
    config = ModelConfig.of(cfg.model)
    if resumed:
        state, tensors = checkpoints.load_training_state(resumed)
        check_same(resumed, state, config, tokenizer, train_tokens)
    step, best_val = state["step"], state["best_val_loss"]
    if step >= t.max_iters:
        say(
            f"train: {resumed} has all {t.max_iters:,} steps, best val loss {best_val:.4f}; nothing to do "
            "(a larger train.max_iters goes on from there)",
            flush=True,
        )
        return
    if over := spent(t, state["seconds"]):
        raise InputError(f"{over} before step {step:,}; raise it to go on from {resumed}")

    # Model, optimizer, data
    batch_size = t.micro_batch_size * t.grad_accum_steps  # sequences a step
    batches = Batches(train_tokens, config.block_size, batch_size, t.seed)
    model, optimizer, gradients = prepare(cfg, batches, workers, say)
    if resumed:
        model.load_state_dict(checkpoints.load(resumed)[0].state_dict())
        optimizer.load_state(tensors)
        warn_of_changes(state["config"], cfg, say)
        say(f"going on from {resumed} ({cost(state['seconds'], t.price_per_hour)} so far)")
    log = (
        RunLog(
            folder, step, cfg.model_dump(), cfg.wandb.project, cfg.wandb.run_name, cfg.wandb.mode, state.get("wandb_id")
        )
        if workers.first
        else None
    )

    tokens_a_step = batch_size * config.block_size
    peak = peak_flops(device)
    skipped, skipped_in_a_row = state["skipped"], 0
    pending: list[tuple] = []  # (step, lr, [nats, gradient norm] on the device) not yet read
    started = lap = time.monotonic()
    lap_step = step

    def seconds() -> float:
        return state["seconds"] + time.monotonic() - started

    def flush() -> None:
        """Read back the losses of the steps since the last time: the only place where we wait for the device."""
        nonlocal pending, lap, lap_step, skipped, skipped_in_a_row
        if not pending:
            return
        values = torch.stack([numbers for *_, numbers in pending]).cpu().tolist()
        speed = (step - lap_step) * tokens_a_step / (time.monotonic() - lap)
        for (number, lr, _), (nats, norm) in zip(pending, values):
            loss = nats / tokens_a_step
            finite = math.isfinite(nats + norm)
            skipped_in_a_row = 0 if finite else skipped_in_a_row + 1
            skipped += not finite
            record = {"loss": loss, "lr": lr, "grad_norm": norm}
            if number == step:
                record |= {
                    "tokens_per_second": speed,
                    "mfu": peak and speed * flops_per_token(config) / (peak * workers.size),
                    "skipped": skipped,
                    "seconds": seconds(),
                    "dollars": dollars(seconds(), t.price_per_hour),
                }
            if log:
                log.write(number, record)
        mfu = f"mfu {record['mfu']:5.1%}  " if peak else ""
        say(
            f"step {step:>6}/{t.max_iters}  loss {loss:7.4f}  lr {lr:.2e}  norm {norm:6.2f}  {speed:>9,.0f} tok/s  {mfu}"
            f"{duration((t.max_iters - step) * tokens_a_step / speed)} left, {cost(seconds(), t.price_per_hour)} so far",
            flush=True,
        )
        pending, lap, lap_step = [], time.monotonic(), step
        if skipped_in_a_row:
            say(f"warning: {skipped_in_a_row} step(s) in a row whose gradients were not finite: not taken", flush=True)
        if skipped_in_a_row >= t.max_nonfinite:
            raise InputError(
                f"step {step:,}: {skipped_in_a_row} steps in a row without finite gradients; the last good checkpoint "
                f"is {checkpoints.newest(folder) or 'not yet written'}; lower train.lr, or try train.dtype=float32"
            )

    def save(best: bool = False) -> None:
        if not workers.first:
            return
        now = {
            "step": step,
            "tokens": step * tokens_a_step,
            "seconds": seconds(),
            "skipped": skipped,
            "best_val_loss": best_val,
            **val,
            "wandb_id": log.run_id,
            "train_sha256": train_tokens.sha256,
            "config": cfg.model_dump(),
        }
        try:
            path = checkpoints.save(
                folder, f"step_{step:07d}", model, tokenizer, now, optimizer.state(), t.keep_checkpoints, best
            )
            say(f"saved {path}", flush=True)
        except InputError as error:
            if step == t.max_iters or stop.asked:
                raise
            print(f"warning: {error}\nwarning: training goes on; the next try is at the next evaluation", flush=True)

    while step < t.max_iters:
        lr = learning_rate(step, t.max_iters, t.lr, t.min_lr, t.warmup_iters, t.lr_schedule, t.decay_frac)
        numbers = update(gradients, optimizer, step, lr, t.grad_clip)
        step += 1
        pending.append((step, lr, numbers))

        last = step == t.max_iters
        over = spent(t, seconds())
        leave = workers.any(bool(stop.asked or over))
        first = step == state["step"] + 1  # logged by itself: it has compiled, the next ones show the true speed
        if first or step % t.log_interval == 0 or last or leave:
            flush()
        if first:
            freeze_gc()
        val, improved = {}, False
        if step % t.eval_interval == 0 or last:
            flush()
            val = evaluate(gradients, val_tokens, tokenizer.end_id, t, workers)
            improved = best_val is None or val["val_loss"] < best_val
            best_val = val["val_loss"] if improved else best_val
            say(
                f"eval {step:>6}/{t.max_iters}  val loss {val['val_loss']:7.4f}  {val['val_bits_per_byte']:.4f} bits/byte"
                f"{'  (best)' if improved else ''}",
                flush=True,
            )
            if log:
                log.write(step, val)
                show_samples(model, tokenizer, t, step, log)
                log.draw()
        if improved or last or leave or step % t.checkpoint_interval == 0:
            flush()
            save(best=improved)
        if leave and not last:
            say(
                f"stopped at step {step:,} ({over or stop.asked or 'another process was stopped'}). To go on: {this_command()}",
                flush=True,
            )
            break
        if not pending:  # we have waited, evaluated or saved: that is not training time
            lap, lap_step = time.monotonic(), step
    else:
        say(
            f"finished {t.max_iters:,} steps in {cost(seconds(), t.price_per_hour)}: val loss {val['val_loss']:.4f}, "
            f"{val['val_bits_per_byte']:.4f} bits/byte, {folder / 'latest'}",
            flush=True,
        )
    if log:
        log.close()


def prepare(cfg, batches, workers: Workers, say) -> tuple[WikiGPT, Optimizer, "Gradients"]:
    """A fresh model on its device and what trains it; says what they are."""
    t = cfg.train
    model = WikiGPT(ModelConfig.of(cfg.model))  # made on the CPU: the same weights whatever the device
    if t.zero_init_proj:
        model.zero_init_projections()
    model.to(workers.device)
    optimizer = build_optimizer(
        model,
        t.optimizer,
        t.lr,
        t.weight_decay,
        t.beta1,
        t.beta2,
        t.muon_momentum,
        workers.device,
        t.embed_lr_scale,
        t.dtype,
    )
    describe(cfg, model, batches, workers, say)
    return model, optimizer, Gradients(model, t, batches, workers, say)


def update(gradients: "Gradients", optimizer: Optimizer, step: int, lr: float, grad_clip: float) -> torch.Tensor:
    """One step of training -> [summed loss in nats, gradient norm before clipping], on the device."""
    nats = gradients(step)
    norm = clip_gradients(gradients.model, grad_clip)
    optimizer.set_lr(lr)
    optimizer.step(finite=torch.isfinite(norm) & torch.isfinite(nats))
    optimizer.zero_grad()
    return torch.stack([nats, norm])


def check_same(path: Path, state: dict, config: ModelConfig, tokenizer: Tokenizer, train_tokens: TokenFile) -> None:
    """InputError when the checkpoint's model has another shape, or learned from other tokens."""
    has = checkpoints.load_config(path)
    different = [
        f"{name} {getattr(has, name)}, not {value}"
        for name, value in vars(replace(config, dropout=0.0)).items()
        if getattr(has, name) != value
    ]
    if different:
        raise InputError(
            f"{path}: its model is of another shape than the config's ({'; '.join(different)}); "
            "give the config it was trained with, or another train.checkpoint_dir"
        )
    for what, before, now in (
        ("tokenizer", sha256_file(path / "tokenizer.json"), tokenizer.sha256),
        ("tokens", state["train_sha256"], train_tokens.sha256),
    ):
        if before != now:
            file = tokenizer.path if what == "tokenizer" else train_tokens.path
            raise InputError(
                f"{path}: trained with other {what} than {file} holds now; to train anew, keep the old run aside: "
                f"mv {path.parent} {path.parent}-old"
            )


def warn_of_changes(before: dict, cfg, say) -> None:
    """Say what of the config has changed since the checkpoint in a way that changes the run."""
    old, new = before["train"], cfg.train
    batch = old["micro_batch_size"] * old["grad_accum_steps"], new.micro_batch_size * new.grad_accum_steps
    if batch[0] != batch[1]:
        say(f"warning: {batch[1]} sequences a step, until now {batch[0]}: some data will be seen twice or not at all")
    for key in ("seed", "lr", "lr_schedule", "max_iters", "weight_decay"):
        if old[key] != getattr(new, key):
            say(f"note: train.{key} is {getattr(new, key)}, until now {old[key]}")


def describe(cfg, model: WikiGPT, batches, workers: Workers, say) -> None:
    """What will be trained, on what, with what: three lines."""
    t, device = cfg.train, workers.device
    name = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{device.type}, {torch.get_num_threads()} threads"
    )
    tokens = batches.batch_size * batches.block_size
    say(
        f"model: {sum(p.numel() for p in model.parameters()):,} parameters, {t.dtype}{', compiled' if t.compile else ''}, "
        f"{t.optimizer}, on {f'{workers.size} x ' if workers.size > 1 else ''}{name}"
    )
    if advice := slow_dtype(device, t.dtype):
        say(f"warning: {advice}")
    if hasattr(batches, "file"):
        say(
            f"data: {batches.file.path}, {batches.file.tokens:,} tokens; {t.max_iters * tokens / 1e6:,.1f}M to train on, "
            f"{batches.epoch(t.max_iters):.2f} epochs"
        )
    say(
        f"steps: {t.max_iters:,} of {tokens:,} tokens ({batches.batch_size} sequences of {batches.block_size})",
        flush=True,
    )


class Gradients:
    """The gradients of one step, summed over micro-batches and workers. Where memory runs out, the micro-batch is
    halved; where torch.compile fails, it is left; then the step is done again."""

    def __init__(self, model: WikiGPT, t, batches, workers: Workers, say):
        self.model, self.batches, self.workers, self.say = model, batches, workers, say
        self.micro_batch_size, self.dtype, self.seed = t.micro_batch_size, t.dtype, t.seed
        # dynamic=False: shapes are few (a short last micro-batch, evaluation), and kernels for one shape are faster
        self.compiled = t.compile
        self.forward = torch.compile(model, dynamic=False) if t.compile else model

    def __call__(self, step: int) -> torch.Tensor:
        """-> the summed loss of the step in nats, on the device; p.grad holds the gradient of the mean."""
        while True:
            problem, nats = "", None
            try:
                nats = self._accumulate(step)
            except Exception as error:
                if is_out_of_memory(error):
                    problem = "memory"
                elif self.compiled:
                    problem = "compile"
                    self.say(going_on_without_compile(error), flush=True)
                else:
                    raise
            if self.workers.any(problem == "memory"):
                self._halve(step)
            elif self.workers.any(problem == "compile"):
                self.forward, self.compiled = self.model, False
            else:
                break
            self.model.zero_grad(set_to_none=True)
        self.workers.sum([nats, *(p.grad for p in self.model.parameters())])
        return nats

    def _accumulate(self, step: int) -> torch.Tensor:
        self.model.train()
        rows, workers = self.batches.batch_size, self.workers
        targets_a_step = rows * self.batches.block_size
        total = torch.zeros((), device=workers.device)
        for micro in range(math.ceil(rows / (self.micro_batch_size * workers.size))):
            inputs, targets = (
                to_device(a, workers.device)
                for a in self.batches.batch(step, micro, self.micro_batch_size, workers.rank, workers.size)
            )
            if not len(inputs):  # the others have the rest of this step
                continue
            if self.model.config.dropout:  # the dice too are a function of seed, step and place: nothing to save
                torch.manual_seed(random.Random(f"{self.seed} {step} {micro} {workers.rank}").getrandbits(63))
            with autocast(workers.device, self.dtype):
                nats = self.forward(inputs, targets)
            (nats / targets_a_step).backward()
            total += nats.detach()
        for p in self.model.parameters():  # a worker without a sequence in this step
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        return total

    def _halve(self, step: int) -> None:
        if self.micro_batch_size == 1:
            raise InputError(
                f"step {step}: out of memory even at micro_batch_size 1; lower model.block_size or the model's size"
            )
        self.micro_batch_size //= 2
        if self.workers.device.type == "cuda":
            torch.cuda.empty_cache()
        self.say(
            f"warning: out of memory; micro_batch_size is now {self.micro_batch_size}, with as many more micro-batches a step "
            f"(give train.micro_batch_size={self.micro_batch_size} and grad_accum_steps to match next time)",
            flush=True,
        )


def to_device(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """On CUDA from pinned memory and without waiting: the copy and the next batch's cutting hide behind the kernels."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


@torch.no_grad()
def evaluate(gradients: Gradients, val: TokenFile, end_id: int, t, workers: Workers) -> dict[str, float]:
    """The loss on the first eval_iters x micro_batch_size windows of val.bin: the same tokens every time, and a fair
    sample, since documents are shuffled. Short last batches are filled up with rows that do not count: one shape."""
    gradients.model.eval()
    rows, block = gradients.micro_batch_size, gradients.batches.block_size
    ids = val.ids[: t.eval_iters * t.micro_batch_size * block]
    nats, count = [], 0
    for number, (inputs, targets) in enumerate(windows(ids, block, rows, before=end_id)):
        count += int((targets != IGNORE).sum())
        if number % workers.size != workers.rank:
            continue
        inputs = np.pad(inputs, ((0, rows - len(inputs)), (0, 0)))
        targets = np.pad(targets, ((0, rows - len(targets)), (0, 0)), constant_values=IGNORE)
        with autocast(workers.device, t.dtype):
            nats.append(gradients.forward(to_device(inputs, workers.device), to_device(targets, workers.device)))
    total = torch.stack(nats).cpu().double().sum() if nats else torch.zeros((), dtype=torch.double)
    workers.sum([total])
    loss = total.item() / count
    return {"val_loss": loss, "val_bits_per_byte": loss / math.log(2) / val.bytes_per_token}


def show_samples(model: WikiGPT, tokenizer: Tokenizer, t, step: int, log: RunLog) -> None:
    """What the model makes of the fixed prompts, each as the beginning of a document; the same dice every time."""
    if not t.sample_prompts or not t.sample_tokens:
        return
    prompts = [
        ([tokenizer.end_id] + tokenizer.encode(text))[-model.config.block_size + 1 :] for text in t.sample_prompts
    ]
    done = generate(model, tokenizer, prompts, t.sample_tokens, SAMPLING, seeds=[t.seed] * len(prompts))
    samples = [{"prompt": prompt, "text": completion.text} for prompt, completion in zip(t.sample_prompts, done)]
    log.samples(step, samples)
    for sample in samples:
        print(f"  {sample['prompt']}|{' '.join(sample['text'].split())}", flush=True)


def spent(t, seconds: float) -> str:
    """The spending cap that has been reached, in words, or ''."""
    if t.max_hours and seconds >= t.max_hours * 3600:
        return f"train.max_hours {t.max_hours:g} is reached"
    if t.max_dollars and dollars(seconds, t.price_per_hour) >= t.max_dollars:
        return f"train.max_dollars {t.max_dollars:g} is reached"
    return ""


def this_command() -> str:
    return shlex.join(["python", *sys.argv])


class RandomTokens:
    """Batches of random ids, for a preflight before there are any tokens."""

    def __init__(self, vocab_size: int, block_size: int, batch_size: int):
        self.vocab_size, self.block_size, self.batch_size = vocab_size, block_size, batch_size

    def batch(self, step: int, micro: int, micro_batch_size: int, rank: int = 0, world_size: int = 1):
        first = (micro * world_size + rank) * micro_batch_size
        rows = max(0, min(micro_batch_size, self.batch_size - first))
        ids = np.random.default_rng([step, first]).integers(self.vocab_size, size=(rows, self.block_size + 1))
        return np.ascontiguousarray(ids[:, :-1]), np.ascontiguousarray(ids[:, 1:])


def bench(cfg, workers: Workers, say) -> None:
    """Preflight: time train.bench whole steps on random tokens, then say what the run would take and cost."""
    t, device, config = cfg.train, workers.device, ModelConfig.of(cfg.model)
    batches = RandomTokens(config.vocab_size, config.block_size, t.micro_batch_size * t.grad_accum_steps)
    _, optimizer, gradients = prepare(cfg, batches, workers, say)

    def synchronise() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.monotonic()

    started = synchronise()
    for step in range(BENCH_WARMUP + t.bench):
        if step == BENCH_WARMUP:
            begin = synchronise()
            freeze_gc()
        update(gradients, optimizer, step, t.lr, t.grad_clip)
    end = synchronise()

    a_step = (end - begin) / t.bench
    speed = batches.batch_size * config.block_size / a_step
    whole = t.max_iters * a_step
    peak = peak_flops(device)
    achieved = speed * flops_per_token(config)
    say(
        f"{'speed':14}{speed:,.0f} tokens/s, {a_step:.3f} s a step (mean of {t.bench}; start-up {begin - started:.0f} s)"
    )
    say(
        f"{'arithmetic':14}{achieved / 1e12:,.3g} TFLOP/s"
        + (f", MFU {achieved / (peak * workers.size):.1%} of {peak / 1e12:.0f}" if peak else "")
    )
    if device.type == "cuda":
        say(
            f"{'peak memory':14}{torch.cuda.max_memory_reserved(device) / 2**30:.1f} GiB of "
            f"{torch.cuda.get_device_properties(device).total_memory / 2**30:.1f}, micro-batch {gradients.micro_batch_size}"
        )
    say(
        f"{'whole run':14}{t.max_iters:,} steps: {cost(whole, t.price_per_hour)}"
        + (f" at ${t.price_per_hour:.2f} an hour" if t.price_per_hour else "")
        + ", evaluation and checkpoints not counted",
        flush=True,
    )


def lr_find(cfg, folder: Path, train_tokens: TokenFile, workers: Workers, say) -> None:
    """Raise the learning rate from step to step, from train.lr / 100 to 100 x, until the loss goes up (Smith 2017); draw it,
    and suggest a quarter of the rate at which the loss stood lowest. Checkpoints are not touched."""
    t = cfg.train
    batches = Batches(train_tokens, cfg.model.block_size, t.micro_batch_size * t.grad_accum_steps, t.seed)
    _, optimizer, gradients = prepare(cfg, batches, workers, say)
    rates, losses, average = [], [], 0.0
    for step in range(t.lr_find):
        rates.append(t.lr / 100 * 10_000 ** (step / max(1, t.lr_find - 1)))
        loss = update(gradients, optimizer, step, rates[-1], t.grad_clip)[0].item() / (
            batches.batch_size * batches.block_size
        )
        average = 0.9 * average + 0.1 * loss
        losses.append(average / (1 - 0.9 ** (step + 1)))  # the mean of the last ten or so
        if not losses[-1] < min(losses) + 0.5:  # nan too
            break
    best = rates[int(np.nanargmin(losses))]
    for rate, loss in list(zip(rates, losses))[:: max(1, len(rates) // 20)]:
        say(f"lr {rate:.2e}  loss {loss:7.4f}")
    if workers.first:
        draw_sweep(rates, losses, best / 4, folder / "lr_find.png")
    say(
        f"lowest at {best:.1e}; suggested: train.lr={best / 4:.1e} (a quarter of it; see {folder / 'lr_find.png'})",
        flush=True,
    )


if __name__ == "__main__":
    stage_main(main, __doc__, ("train", "model", "data", "wandb"))
