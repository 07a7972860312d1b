"""What train.py, train_sft.py and train_dpo.py share: everything around the loop that stands in each of them.

    with Run("base", cfg, workers, inputs) as run:             # locks the folder, finds the checkpoint to go on from
        if run.complete:
            return
        run.begin(model, tokenizer, examples, loss, evaluate, lr)
        for step in run.steps(total):
            means, norm = run.update(step)
            run.record(step, means, norm)
            if run.due("save"):
                run.save()                                     # before anything that may fail
            if run.due("eval"):
                run.evaluate()

Only the step itself may end a run. Saving, evaluation, samples, logs and curves that fail cost a warning; a
checkpoint that finds no room is tried again. A resumed run is the undisturbed one, on a CPU bit for bit.
"""

import contextlib
import math
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from gpt import checkpoints, recipe
from gpt.decoder import generate
from gpt.gradients import Gradients, Loss, Steps, update
from gpt.machine import Workers, freeze_gc, peak_flops
from gpt.optim import build_optimizer
from gpt.run_log import RunLog
from gpt.sampling import Sampling
from gpt.sharding import copy_weights, gathered, shard
from gpt.tokenizer import Tokenizer
from model import WikiGPT, flops_per_token
from pipeline.budget import cost, dollars, spent
from pipeline.config import Config, FineTuning, InputError, Train, resolve
from pipeline.ending import lasting_output
from pipeline.files import lock, sha256_file
from pipeline.progress import duration
from pipeline.stop import StopSignal

SCRIPTS = {"base": "train", "sft": "train_sft", "dpo": "train_dpo"}
SAMPLING = Sampling(temperature=0.8, top_p=0.95)  # of the samples shown while training
MEDIAN_OF = 100  # losses that a spike is measured against
MAX_ROLLBACKS = 10  # then the rate is too high, and no data to blame


@dataclass
class State:
    """What a checkpoint knows of its run, beside weights and optimizer."""

    step: int = 0
    steps: int = 0  # of the whole run
    tokens: int = 0  # seen until now, where they are counted
    seconds: float = 0.0  # that it has taken, of all its parts
    skipped: int = 0  # steps not taken: loss or gradient was not finite
    best_val_loss: float | None = None
    validated_on: str = ""  # what the validation losses are of: another text's can't be compared
    losses: list[float] = field(default_factory=list)  # the last ones, for the detector of spikes
    high: int = 0  # steps in a row, until now, with a loss far above them
    passed_over: list[list[int]] = field(default_factory=list)  # [first, last] batches that made the loss jump
    rollbacks: int = 0
    wandb_id: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)  # {name: sha256}
    code: dict[str, str] = field(default_factory=dict)  # {file: hash}
    config: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, record: dict[str, Any]) -> "State":
        names = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in names})


@dataclass
class Pending:
    """A step whose numbers are still on the device."""

    step: int
    lr: float
    names: list[str]
    values: torch.Tensor


def check_inputs(cfg: Config, stage: str, train_file: str, val_file: str, maker: str) -> None:
    """InputError with all that is missing before a model is loaded. stage: sft | dpo; maker: what writes the files."""
    section = cfg.sft if stage == "sft" else cfg.dpo
    start = resolve(section.checkpoint)
    problems = [
        f"{resolve(file)}: not found; run python src/{maker}.py with the same config first"
        for file in (train_file, val_file)
        if not resolve(file).exists()
    ]
    if not (start / "config.json").exists():
        problems.append(f"{start}: no checkpoint there; the stage that makes it has not run with this config")
    if problems:
        raise InputError("\n".join(problems))
    folder = resolve(cfg.train.checkpoint_dir) / stage
    checkpoints.check_room(folder, checkpoints.load_config(start), section.keep_checkpoints)


def fine_tuning_inputs(cfg: Config, stage: str, train_file: str, val_file: str) -> dict[str, str]:
    """{name: sha256} of what a fine-tuning starts from."""
    start = (cfg.sft if stage == "sft" else cfg.dpo).checkpoint
    files = {f"{stage}.checkpoint": f"{start}/model.safetensors", "train_file": train_file, "val_file": val_file}
    return {name: sha256_file(resolve(file)) for name, file in files.items()}


class Run:
    """One training of a stage in its folder, from the checkpoint that is there to the last step."""

    def __init__(self, stage: str, cfg: Config, workers: Workers, inputs: dict[str, str]):
        """stage: base | sft | dpo; inputs: {name: sha256} of the data and weights that make it this run."""
        self.stage, self.cfg, self.workers, self.inputs = stage, cfg, workers, inputs
        self.name = SCRIPTS[stage]
        self.sharded = cfg.train.shard == "fsdp" and workers.size > 1
        sections: dict[str, Train | FineTuning] = {"base": cfg.train, "sft": cfg.sft, "dpo": cfg.dpo}
        self.section = sections[stage]
        self.folder = resolve(cfg.train.checkpoint_dir) / stage
        self.state, self.complete = State(), False
        self.resumed: Path | None = None  # the checkpoint to go on from
        self.found: dict[str, Any] = {}  # what it says
        self.log: RunLog | None = None
        self.failure = ""  # why the last save failed
        self.leaving = ""  # why the run stops before its end

    # where we are

    def __enter__(self) -> "Run":
        self.started = time.monotonic()
        with contextlib.ExitStack() as stack:
            if self.workers.first:
                stack.enter_context(lock(self.folder.parent / f".{self.stage}"))
            self.stop = stack.enter_context(StopSignal())
            stack.enter_context(lasting_output())
            if self.workers.first:
                self._find()
            self.workers.any(False)  # the others look when that is done
            if not self.workers.first:
                self.resumed = checkpoints.newest(self.folder)
            if self.resumed:
                self.found = checkpoints.training_record(self.resumed)
                self.state = State.of(self.found)
                self.complete = self._has_all_steps(self.found) and "val_loss" in self.found
            if self.complete:
                more = " (a larger train.max_iters goes on from there)" if self.stage == "base" else ""
                what = f"all {self.state.step:,} steps, val loss {self.found['val_loss']:.4f}"
                self.say(f"{self.name}: {self.resumed} has {what}; nothing to do{more}", flush=True)
            elif isinstance(self.section, FineTuning) and (
                place := checkpoints.unfinished(resolve(self.section.checkpoint))
            ):
                self.say(
                    f"note: {self.section.checkpoint} is of {place}: the run that makes it was stopped", flush=True
                )
            self.before = self.state.seconds
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exception) -> None:
        if self.log:
            self.log.close()
        self.stack.close()

    def _find(self) -> None:
        """The checkpoint to go on from; another run's is set aside, what else has changed is named."""
        self.resumed = checkpoints.newest(self.folder)
        if self.resumed is None:
            return
        record = checkpoints.training_record(self.resumed)
        finished = self._has_all_steps(record)
        now = recipe.settings(self.cfg.model_dump(), self.stage)
        changed = recipe.changes(recipe.settings(record["config"], self.stage), now)
        another = {n: values for n, values in changed.items() if recipe.is_another_run(n, self.stage, finished)}
        reasons = ["again=true"] if self.cfg.again else []
        inputs = self._inputs_of(record)
        if not inputs and not reasons:
            print(
                f"note: {self.resumed} does not say which data and weights it was made of (an older version wrote it): "
                "if they are not those of now, give again=true",
                flush=True,
            )
        for name in recipe.changes(inputs, self.inputs):
            reasons.append(f"{name} is not what the run there began with")
        if another:
            reasons.append(recipe.in_words(another))
        if reasons:
            kept = recipe.set_aside(self.folder)
            print(f"{self.name}: a new run: {'; '.join(reasons)}. The earlier one is kept in {kept}", flush=True)
            self.resumed = None
        elif not finished:
            if changed:
                print(f"note: {recipe.in_words(changed)}", flush=True)
            if files := recipe.changes(record.get("code", {}), recipe.code(self.name)):
                print(f"note: {', '.join(files)}: the code has changed since {self.resumed.name}", flush=True)

    def _has_all_steps(self, record: dict[str, Any]) -> bool:
        return record["step"] >= (self.cfg.train.max_iters if self.stage == "base" else record.get("steps", math.inf))

    def _inputs_of(self, record: dict[str, Any]) -> dict[str, str]:
        """Those of a pretraining that was begun before they were kept together are where they stood then."""
        if "train_sha256" in record and self.resumed:
            return {
                "data.train_bin": record["train_sha256"],
                "tokenizer.path": sha256_file(self.resumed / "tokenizer.json"),
            }
        return record.get("inputs", {})

    # what is trained, and how

    def begin(
        self,
        model: WikiGPT,
        tokenizer: Tokenizer,
        examples: Steps,
        loss: Loss,
        evaluate: Callable[[], dict[str, float]],
        lr: Callable[[int], float],
        *,
        metrics: tuple[str, ...] = (),
        compiled: bool = False,
        tokens_a_step: int = 0,
        validated_on: str = "",
        prompts: tuple[str, ...] = (),
    ) -> None:
        """model: as a new run starts, on the device; a resumed one gets its checkpoint's weights.
        evaluate: () -> {"val_loss": ..., ...}, mostly by run.gradients.mean(); lr: step -> rate.
        metrics: what loss() gives besides; tokens_a_step: for the speed; validated_on: names the text behind val_loss;
        prompts: what samples are written to at every evaluation."""
        t, section = self.cfg.train, self.section
        self.model, self.tokenizer, self.examples = model, tokenizer, examples
        self.evaluation, self.lr, self.tokens_a_step, self.prompts = evaluate, lr, tokens_a_step, prompts
        self.peak = peak_flops(self.workers.device)
        model.checkpoint_activations = t.checkpoint_activations
        if self.sharded:
            shard(model, self.workers)
        how = section.optimizer, section.lr, section.weight_decay, t.beta1, t.beta2, t.muon_momentum
        self.optimizer = build_optimizer(model, *how, self.workers.device, t.embed_lr_scale, t.dtype)
        self.gradients = Gradients(
            model,
            loss,
            examples,
            self.workers,
            section.micro_batch_size,
            t.dtype,
            compiled,
            metrics,
            section.seed,
            "train" if self.stage == "base" else self.stage,
            self.say,
        )
        if self.resumed and (over := self._spent(self.before)):
            raise InputError(f"{over} before step {self.state.step:,}; raise it to go on from {self.resumed}")
        if self.resumed:
            self._load(self.resumed)
            self.say(f"going on from {self.resumed} ({cost(self.before, t.price_per_hour)} so far)", flush=True)
        if self.state.validated_on != validated_on:
            self.state.best_val_loss, self.state.validated_on = None, validated_on
        self.state.inputs, self.state.code = self.inputs, recipe.code(self.name)
        self.state.config = self.cfg.model_dump()
        if self.workers.first:
            self._open_log()

    def _open_log(self) -> None:
        wandb = self.cfg.wandb
        self.log = RunLog(
            self.folder,
            self.state.step,
            self.state.config,
            wandb.project,
            wandb.run_name if self.stage == "base" else f"{wandb.run_name}-{self.stage}",
            wandb.mode,
            self.state.wandb_id,
            self.cfg.log.tensorboard,
        )
        self.state.wandb_id = self.log.run_id

    def _load(self, path: Path) -> None:
        """Weights and optimizer of a checkpoint of this run."""
        copy_weights(self.model, checkpoints.load(path)[0].state_dict())
        self.optimizer.load_state(checkpoints.load_training_state(path)[1])

    # the loop

    def steps(self, total: int) -> Iterator[int]:
        """The numbers, from 0, of the steps that are left; ends early on a signal or at a spending cap."""
        state = self.state
        self.total = state.steps = total
        self.pending: list[Pending] = []
        self.val: dict[str, float] = {}
        self.begun_at, self.bad_in_a_row, self.rolled_back = state.step, 0, False
        self.room = False  # there is some, for a checkpoint that found none
        self.lap, self.lap_step = time.monotonic(), state.step
        if self.resumed and self.due("eval") and "val_loss" not in self.found:
            self.evaluate()  # the run ended after it had saved and before it was through with this
        while state.step < total and not self.leaving:
            yield state.step
            if not self.pending:  # we have waited, evaluated or saved: that is not training time
                self.lap, self.lap_step = time.monotonic(), state.step
        if self.workers.any(bool(self.failure)):  # the last chance
            self.save()
        if self.failure:
            raise InputError(f"step {state.step:,} is not saved: {self.failure}")
        spent_so_far = cost(self.seconds(), self.cfg.train.price_per_hour)
        if state.step < total:
            self.say(f"stopped at step {state.step:,} ({self.leaving}). To go on: {self._command()}", flush=True)
        else:
            values = "".join(f", {name.replace('_', ' ')} {value:.4f}" for name, value in self.val.items())
            self.say(f"finished {total:,} steps in {spent_so_far}{values}: {self.folder / 'latest'}", flush=True)

    def update(self, step: int) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """One step of training -> ({"loss": mean, metric: mean}, gradient norm before clipping), on the device."""
        self.rolled_back = False
        return update(self.gradients, self.optimizer, self._batch(step), self.lr(step), self.cfg.train.grad_clip)

    def record(self, step: int, means: dict[str, torch.Tensor], norm: torch.Tensor) -> None:
        """The step is done: note its numbers, log them when it is time; see whether to stop."""
        self.state.step = step + 1
        self.state.tokens = self.state.step * self.tokens_a_step
        self.pending.append(Pending(step + 1, self.lr(step), list(means), torch.stack([*means.values(), norm])))
        why = self.stop.asked or self._spent(self.seconds())
        if self.workers.any(bool(why)):
            self.leaving = why or "another process was stopped"
        first = (
            self.state.step == self.begun_at + 1
        )  # logged by itself: it has compiled, the next ones show the true speed
        if first or self.state.step % self.cfg.train.log_interval == 0 or self.due("save"):
            self._read_back()
        if first:
            freeze_gc()

    def due(self, what: str) -> bool:
        """Whether it is time to "save" or to "eval"."""
        state, last = self.state, self.state.step == self.total
        if self.rolled_back:  # this is an older step, that had its turn
            return False
        evaluation = state.step % self.section.eval_interval == 0 or last
        if what == "eval":
            return evaluation
        interval = evaluation or state.step % self.section.checkpoint_interval == 0
        # a checkpoint within what may turn out a spike would have to be thrown away
        return last or bool(self.leaving) or self.room or (interval and not state.high)

    def save(self) -> None:
        """Write a checkpoint; where that fails, say so, go on, and try again at the next one or when there is room."""
        self.room = False
        if not self.workers.first and not self.sharded:
            return
        model, tensors = gathered(self.model, self.workers), self.optimizer.state()
        if not self.workers.first:
            return
        self.state.seconds = self.seconds()
        try:
            path = checkpoints.save(
                self.folder,
                f"step_{self.state.step:07d}",
                model,
                self.tokenizer,
                asdict(self.state),
                tensors,
                self.section.keep_checkpoints,
            )
        except Exception as error:
            self.failure = str(error) or type(error).__name__
            self._warn(
                f"{self.failure}; training goes on, and tries again at the next checkpoint or when there is room"
            )
        else:
            self.failure = ""
            self.say(f"saved {path}", flush=True)

    def evaluate(self) -> None:
        """Validation loss, samples, curves; what fails is left out."""
        self._read_back()
        # sharded, the others wait in the middle of a layer for a process that fails: there nothing can go on
        val = self.evaluation() if self.sharded else self._guarded("the evaluation", self.evaluation)
        if val:
            self.val = val
            self._guarded("what was evaluated", self._note_evaluation, val)
        if self.prompts and self.cfg.train.sample_tokens:
            model = gathered(self.model, self.workers)
            if self.log:
                self._guarded("the samples", self._show_samples, model)
        if self.log:
            self._guarded("the drawing", self.log.draw)

    # inside it

    def seconds(self) -> float:
        """That the run has taken, of all its parts."""
        return self.before + time.monotonic() - self.started

    def say(self, line: str, flush: bool = False) -> None:
        """One of the processes speaks."""
        if self.workers.first:
            print(line, flush=flush)

    def _warn(self, line: str) -> None:
        self.say(f"warning: {line}", flush=True)

    def _guarded(self, what: str, do: Callable, *arguments) -> Any:
        """Nothing outside the step may end a run: do(*arguments), or a warning and None."""
        try:
            return do(*arguments)
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        if self.workers.device.type == "cuda":
            torch.cuda.empty_cache()
        self._warn(f"{what} failed ({reason[:200]}) at step {self.state.step:,}; training goes on without")

    def _batch(self, step: int) -> int:
        """The batch of a step: the same number, but for those that were passed over."""
        for first, last in self.state.passed_over:
            if step >= first:
                step += last - first + 1
        return step

    def _spent(self, seconds: float) -> str:
        t = self.cfg.train
        return spent(seconds, t.price_per_hour, t.max_hours, t.max_dollars)

    def _command(self) -> str:
        size = self.workers.size
        return shlex.join([*(["torchrun", f"--nproc_per_node={size}"] if size > 1 else ["python"]), *sys.argv])

    def _read_back(self) -> None:
        """Read the numbers of the steps since the last time: the only place where we wait for the device."""
        if not self.pending:
            return
        pending, self.pending = self.pending, []
        values = torch.stack([step.values for step in pending]).cpu().tolist()
        speed = (self.state.step - self.lap_step) / (time.monotonic() - self.lap)  # steps a second
        self.lap, self.lap_step = time.monotonic(), self.state.step
        for step, (*means, norm) in zip(pending, values):
            record = dict(zip(step.names, means)) | {"lr": step.lr, "grad_norm": norm}
            self._count(step.step, math.isfinite(record["loss"] + norm), record["loss"])
            if step is pending[-1]:
                record |= self._pace(speed)
            if self.log:
                self._guarded("the log", self.log.write, step.step, record)
        self._show(record, speed)
        if self.bad_in_a_row:
            self._warn(f"{self.bad_in_a_row} step(s) in a row whose gradients were not finite: not taken")
        if self.bad_in_a_row >= self.cfg.train.max_nonfinite:
            raise InputError(self._not_finite())
        if self.cfg.train.spike_factor and self.state.high >= self.cfg.train.spike_steps:
            self._roll_back()
        room = bool(self.failure) and checkpoints.has_room(self.folder, self.model)
        self.room = self.workers.any(room) if self.sharded else room  # a save is then one of all processes together

    def _pace(self, speed: float) -> dict[str, Any]:
        """What the last of the steps that are logged together has besides; speed: steps a second."""
        seconds, tokens = self.seconds(), speed * self.tokens_a_step or None
        achieved = tokens and tokens * flops_per_token(self.model.config)
        return {
            "tokens_per_second": tokens,
            "mfu": achieved and self.peak and achieved / (self.peak * self.workers.size),
            "skipped": self.state.skipped,
            "seconds": seconds,
            "dollars": dollars(seconds, self.cfg.train.price_per_hour),
        }

    def _show(self, record: dict[str, Any], speed: float) -> None:
        step, others = (
            self.state.step,
            {"loss", "lr", "grad_norm", "tokens_per_second", "mfu", "skipped", "seconds", "dollars"},
        )
        metrics = "".join(f"  {name} {value:.4f}" for name, value in record.items() if name not in others)
        tokens, mfu = record["tokens_per_second"], record["mfu"]
        pace = (f"{tokens:>9,.0f} tok/s  " if tokens else "") + (f"mfu {mfu:5.1%}  " if mfu else "")
        so_far = cost(record["seconds"], self.cfg.train.price_per_hour)
        self.say(
            f"step {step:>6}/{self.total}  loss {record['loss']:7.4f}{metrics}  lr {record['lr']:.2e}  "
            f"norm {record['grad_norm']:6.2f}  {pace}{duration((self.total - step) / speed)} left, {so_far} so far",
            flush=True,
        )

    def _count(self, step: int, finite: bool, loss: float) -> None:
        """Note whether a step was taken, and whether its loss stands far above those before it."""
        state, factor = self.state, self.cfg.train.spike_factor
        if not finite:
            self.bad_in_a_row += 1
            state.skipped += 1
            return
        self.bad_in_a_row = 0
        if factor and len(state.losses) >= MEDIAN_OF // 5 and loss > factor * statistics.median(state.losses):
            state.high += 1
        elif factor:
            state.high = 0
            state.losses = [*state.losses, loss][-MEDIAN_OF:]

    def _not_finite(self) -> str:
        section = "train" if self.stage == "base" else self.stage
        first = self.state.step - self.bad_in_a_row
        return (
            f"step {self.state.step:,}: {self.bad_in_a_row} steps in a row without finite gradients, from "
            f"{self.examples.place(self._batch(first))} on; the last good checkpoint is "
            f"{checkpoints.newest(self.folder) or 'not yet written'}: to go on from it, lower {section}.lr, or try "
            "train.compile=false (a compiler may be wrong) or train.dtype=float32"
        )

    def _roll_back(self) -> None:
        """The loss has jumped: go back to the checkpoint before that, and pass over the batches that made it jump."""
        state = self.state
        first, last = state.step - state.high, state.step - 1
        before = [p for p in sorted(self.folder.glob("step_*")) if int(p.name.removeprefix("step_")) <= first]
        path = next((p for p in reversed(before) if checkpoints.damage(p) is None), None)
        if path is None or state.rollbacks >= MAX_ROLLBACKS:
            self._warn(f"the loss has jumped at step {first + 1:,}, and there is no checkpoint before it to go back to")
            state.high, state.losses = 0, []
            return
        batches = [self._batch(first), self._batch(last)]
        self._warn(
            f"the loss has jumped at step {first + 1:,} and stayed above {self.cfg.train.spike_factor:g} x its median "
            f"for {state.high} steps: back to {path}; batches {batches[0]:,} to {batches[1]:,} are passed over, from "
            f"{self.examples.place(batches[0])} on"
        )
        self._load(path)
        old = State.of(checkpoints.training_record(path))
        state.step, state.tokens, state.losses, state.high = old.step, old.tokens, old.losses, 0
        state.passed_over, state.rollbacks = [*state.passed_over, batches], state.rollbacks + 1
        self.lap, self.lap_step, self.rolled_back = time.monotonic(), state.step, True
        if self.log:
            self._guarded("the log", self.log.rewind, state.step)

    def _note_evaluation(self, val: dict[str, float]) -> None:
        state, path = self.state, self.folder / f"step_{self.state.step:07d}"
        best = state.best_val_loss is None or val["val_loss"] < state.best_val_loss
        values = "  ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in val.items())
        self.say(f"eval {state.step:>6}/{self.total}  {values}{'  (best)' if best else ''}", flush=True)
        if self.log:
            self.log.write(state.step, val)
        if best and (path.exists() or not self.workers.first):  # or there is nothing that could be the best
            state.best_val_loss = val["val_loss"]
        if self.workers.first and path.exists():
            noted = {**val, "best_val_loss": state.best_val_loss}
            checkpoints.note_evaluation(path, noted, self.section.keep_checkpoints, best)

    def _show_samples(self, model: WikiGPT) -> None:
        """What the model makes of the prompts, as beginnings of documents; the same random numbers every time."""
        t, block, end = self.cfg.train, model.config.block_size, self.tokenizer.end_id
        prompts = [([end] + self.tokenizer.encode(text))[-block + 1 :] for text in self.prompts]
        model.to(self.workers.device).eval()
        done = generate(model, self.tokenizer, prompts, t.sample_tokens, SAMPLING, seeds=[t.seed] * len(prompts))
        samples = [{"prompt": prompt, "text": completion.text} for prompt, completion in zip(self.prompts, done)]
        if self.log:
            self.log.samples(self.state.step, samples)
        for sample in samples:
            self.say(f"  {sample['prompt']}|{' '.join(sample['text'].split())}", flush=True)
