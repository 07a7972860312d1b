"""The gradients of one training step, over micro-batches and processes; the same pass without them for evaluation.

A step is a list of examples, whatever they are; `loss(forward, batch)` says what they cost. Where memory runs out, the
micro-batch is halved; where torch.compile fails, it is left; then the pass is done again, by all processes together.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

from gpt.machine import (
    OK,
    Workers,
    autocast,
    compiler_failed,
    going_on_without_compile,
    is_compiler_error,
    is_out_of_memory,
)
from gpt.optim import Optimizer, clip_gradients
from gpt.sharding import cut_again, is_sharded, own
from model import WikiGPT
from pipeline.config import InputError

COMPILER, MEMORY, OTHER = 1, 2, 3  # what went wrong in a pass; the worst of all processes decides
Loss = Callable[[Callable, Any], tuple[torch.Tensor, int, dict[str, torch.Tensor]]]


class Examples(Protocol):
    """What is evaluated, as a single step, or learned, in many."""

    def rows(self, step: int) -> int:
        """Examples of a step, over all processes."""

    def batch(self, step: int, first: int, rows: int) -> Any:
        """Up to `rows` examples of a step, from number `first` on: what loss() takes."""


class Steps(Examples, Protocol):
    """What is learned in which step."""

    def place(self, step: int) -> str:
        """Where the step's examples are from, in words."""


class Listed:
    """Steps that are lists of examples: those of fine-tuning. After the last step comes the first again."""

    def __init__(self, steps: Sequence[Sequence], source: str):
        """source: the file they are from, for messages."""
        self.steps, self.source = steps, source

    def rows(self, step: int) -> int:
        return len(self.steps[step % len(self.steps)])

    def batch(self, step: int, first: int, rows: int) -> Sequence:
        return self.steps[step % len(self.steps)][first : first + rows]

    def place(self, step: int) -> str:
        return f"batch {step:,} of {self.source}, shuffled"


class Forward:
    """The model's forward pass, compiled where that is asked for, as long as the compiler copes."""

    def __init__(self, model: WikiGPT, compiled: bool, say: Callable, by_layer: bool = False):
        self.model, self.compiled, self.say = model, compiled, say
        self.shape: tuple = ()  # of the call that is under way
        self.known: set[tuple] = set()  # those that have gone through: the compiler has no more to do with them
        self.function: Callable = model
        if compiled:
            try:
                # dynamic=False: shapes are few (a short last micro-batch, evaluation), and kernels for one are faster
                self.function = compiled_by_layer(model) if by_layer else torch.compile(model, dynamic=False)
            except Exception as error:  # this Python, this system
                self.give_up(error)

    def __call__(self, *args, **kwargs) -> torch.Tensor:
        if self.compiled:
            tensors = [a for a in (*args, *kwargs.values()) if isinstance(a, torch.Tensor)]
            self.shape = (torch.is_grad_enabled(), *(tuple(t.shape) for t in tensors))
        return self.function(*args, **kwargs)

    def worked(self) -> None:
        """The last call, and the way back through it, went well."""
        self.known.add(self.shape)

    def blames_compiler(self, error: Exception) -> bool:
        """Whether the compiler raised this, at the first call of a shape: anything else is what it is."""
        return self.compiled and self.shape not in self.known and is_compiler_error(error)

    def give_up(self, error: Exception | None = None) -> None:
        if error:
            self.say(going_on_without_compile(error), flush=True)
        self.function, self.compiled = self.model, False


def compiled_by_layer(model: WikiGPT) -> Callable:
    """The forward pass with each layer compiled for itself: the gradients of a model that is compiled as one all come
    at the end of the backward pass, and there is nothing left to send them behind. Where weights are sharded, they are
    brought together around what is compiled."""
    if is_sharded(model):
        for module, name in [*((layer, "forward") for layer in model.layers), (model, "nats")]:
            setattr(module, name, torch.compile(getattr(module, name), dynamic=False))
        return model
    layers = [torch.compile(layer, dynamic=False) for layer in model.layers]
    nats = torch.compile(model.nats, dynamic=False)

    def forward(ids: torch.Tensor, targets: torch.Tensor, positions=None, mask=None) -> torch.Tensor:
        return nats(model.run_layers(layers, model.embed_tokens(ids), positions, mask), targets)

    return forward


class Reducer:
    """Sums the gradients over all processes, each as soon as it is whole, behind the rest of the backward pass. They
    are sent in one order, the last parameter first, or one would be added to another's."""

    def __init__(self, model: WikiGPT, workers: Workers):
        self.workers, self.parameters = workers, list(model.parameters())[::-1]
        self.place: dict[torch.Tensor, int] = {p: i for i, p in enumerate(self.parameters)}
        self.whole: set[int] = set()  # gradients that nothing will be added to in this step
        self.sent: list = []  # handles, in order
        self.last = False
        for p in self.parameters:
            p.register_post_accumulate_grad_hook(self._add)

    def last_micro_batch(self) -> None:
        """From here on a gradient that the backward pass leaves is whole."""
        self.last = True

    def _add(self, p: torch.Tensor) -> None:
        if self.last:
            self.whole.add(self.place[p])
            while len(self.sent) in self.whole:
                self._send()

    def _send(self) -> None:
        p = self.parameters[len(self.sent)]
        if p.grad is None:  # no example here in this step, or something went wrong and the step is done again
            p.grad = torch.zeros_like(p)
        self.sent.append(self.workers.start_sum(p.grad))

    def finish(self) -> None:
        """Send what is left and wait for all; every process comes here, also one whose pass has failed."""
        while len(self.sent) < len(self.parameters):
            self._send()
        for handle in self.sent:
            handle.wait()
        self.whole, self.sent, self.last = set(), [], False


class Gradients:
    """gradients(step) fills p.grad with the gradient of the step's mean loss and returns the means."""

    def __init__(
        self,
        model: WikiGPT,
        loss: Loss,
        examples: Examples,
        workers: Workers,
        micro_batch_size: int,
        dtype: str,
        compiled: bool = False,
        metrics: tuple[str, ...] = (),
        seed: int = 0,
        section: str = "train",
        say: Callable = print,
    ):
        """loss: (forward, batch) -> (summed loss, how many it sums over, {metric: its sum}), its tensors on the device;
        metrics: the names of those; seed: of dropout; section: of the config, for advice."""
        self.model, self.loss, self.examples, self.workers, self.dtype = model, loss, examples, workers, dtype
        self.micro_batch_size = self.evaluation_rows = micro_batch_size
        self.names, self.seed, self.section, self.say = ("loss", *metrics), seed, section, say
        self.sharded = is_sharded(model)  # then every pass is one of all processes together
        self.forward = Forward(model, compiled, say, by_layer=workers.size > 1)
        self.reducer = Reducer(model, workers) if workers.size > 1 and not self.sharded else None

    def __call__(self, step: int) -> dict[str, torch.Tensor]:
        """-> {"loss": mean, metric: mean}, on the device"""
        while True:
            worst, sums = self._attempt(lambda: self._accumulate(step), self.reducer)
            if worst == MEMORY:
                self._halve(step)
            elif worst == OK:
                break
            self.model.zero_grad(set_to_none=True)
        gradients = [own(p.grad) for p in self.model.parameters() if p.grad is not None]
        self.workers.sum([sums])
        count = sums[-1].clamp(min=1)
        for gradient in gradients:
            gradient /= count / self.workers.size if self.sharded else count  # fully_shard gives means over processes
        return dict(zip(self.names, sums[:-1] / count))

    @torch.no_grad()
    def mean(self, examples: Examples) -> dict[str, float]:
        """The means over step 0 of other examples, without learning. InputError when memory holds not even one row."""
        while True:
            worst, sums = self._attempt(lambda: self._evaluate(examples))
            if worst == OK:
                break
            if worst == MEMORY:
                if self.evaluation_rows == 1:
                    raise InputError("out of memory even with a single row")
                self.evaluation_rows //= 2
                self._empty_cache()
                self.say(
                    f"warning: out of memory; evaluation goes on with {self.evaluation_rows} rows at a time", flush=True
                )
        self.workers.sum([sums])
        means = (sums[:-1] / sums[-1].clamp(min=1)).tolist()
        return dict(zip(self.names, means))

    def _attempt(self, run: Callable[[], torch.Tensor], reducer: Reducer | None = None) -> tuple[int, torch.Tensor]:
        """Run a pass on all processes -> (what went wrong on any of them, its sums)."""
        problem, sums, other = OK, torch.empty(0), None
        try:
            sums = run()
        except Exception as error:
            if self.sharded:
                self._end_for_all(error)
                raise
            if is_out_of_memory(error):  # not kept: its traceback holds what fills the memory
                problem = MEMORY
            elif self.forward.blames_compiler(error):
                problem = COMPILER
                self.forward.give_up(error)
            else:
                problem, other = OTHER, error
        if reducer:
            reducer.finish()  # the others wait for this one's share, whatever has become of it
        worst = self.workers.worst(problem)
        if worst == OTHER:
            raise other or RuntimeError("another process has failed")
        if worst == COMPILER:
            self.forward.give_up()
        return worst, sums

    def _accumulate(self, step: int) -> torch.Tensor:
        """Forward and backward over this process's share of a step -> the sums of loss, metrics and count, fp32."""
        self.model.train()
        rows, workers, size = self.examples.rows(step), self.workers, self.micro_batch_size
        sums = torch.zeros(len(self.names) + 1, device=workers.device)
        micros = math.ceil(rows / (size * workers.size))
        for micro in range(micros):
            first = (micro * workers.size + workers.rank) * size
            idle = first >= rows  # the others have the rest of this step
            if idle and not self.sharded:
                continue
            batch = self.examples.batch(step, 0 if idle else first, size)
            if self.model.config.dropout:  # random numbers too are a function of seed, step and place: nothing to save
                torch.manual_seed(random.Random(f"{self.seed} {step} {micro} {workers.rank}").getrandbits(63))
            with autocast(workers.device, self.dtype):
                value, count, metrics = self.loss(self.forward, batch)
            if self.reducer and micro == micros - 1:
                self.reducer.last_micro_batch()
            (0.0 * value if idle else value).backward()
            self.forward.worked()
            if not idle:
                sums += self._vector(value.detach(), count, metrics)
        for p in self.model.parameters():  # a process without an example in this step
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        return sums

    def _evaluate(self, examples: Examples) -> torch.Tensor:
        """-> the sums of loss, metrics and count over this process's share, fp64 on the CPU"""
        self.model.eval()
        size, workers, found = self.evaluation_rows, self.workers, []
        batches = math.ceil(examples.rows(0) / size)
        passes = math.ceil(batches / workers.size) * workers.size if self.sharded else batches
        for number in range(workers.rank, passes, workers.size):
            idle = number >= batches
            with autocast(workers.device, self.dtype):
                batch = examples.batch(0, 0 if idle else number * size, size)
                vector = self._vector(*self.loss(self.forward, batch))
            self.forward.worked()
            if not idle:
                found.append(vector)
        if self.sharded:
            cut_again(self.model)
        if not found:
            return torch.zeros(len(self.names) + 1, dtype=torch.double)
        return torch.stack(found).cpu().double().sum(0)

    def _vector(self, value: torch.Tensor, count: int, metrics: dict[str, torch.Tensor]) -> torch.Tensor:
        counted = torch.full((), float(count), device=value.device)  # filled there: the device is not waited for
        return torch.stack([value.float(), *(metrics[name].float() for name in self.names[1:]), counted])

    def _end_for_all(self, error: Exception) -> None:
        """InputError with advice, where there is any. Where weights are sharded, the other processes wait in the middle
        of a layer for this one, and cannot be told to begin the pass again."""
        if is_out_of_memory(error):
            half = max(1, self.micro_batch_size // 2)
            raise InputError(
                f"out of memory, with weights sharded; give {self.section}.micro_batch_size={half} and "
                "grad_accum_steps to match, or train.checkpoint_activations=true, and run the same command again"
            ) from error
        if self.forward.blames_compiler(error):
            advice = "give train.compile=false and run the same command again"
            raise InputError(f"{compiler_failed(error)}; {advice}") from error

    def _halve(self, step: int) -> None:
        if self.micro_batch_size == 1:
            raise InputError(
                f"step {step}: out of memory even at micro_batch_size 1; lower model.block_size or the model's size"
            )
        self.micro_batch_size //= 2
        self.evaluation_rows = min(self.evaluation_rows, self.micro_batch_size)
        self._empty_cache()
        self.say(
            f"warning: out of memory; micro_batch_size is now {self.micro_batch_size}, with as many more micro-batches "
            f"a step (give {self.section}.micro_batch_size={self.micro_batch_size} and grad_accum_steps to match next "
            "time)",
            flush=True,
        )

    def _empty_cache(self) -> None:
        if self.workers.device.type == "cuda":
            torch.cuda.empty_cache()


def update(
    gradients: Gradients, optimizer: Optimizer, step: int, lr: float, grad_clip: float
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """One step of training -> ({"loss": mean, metric: mean}, the gradient's norm before clipping), on the device. Where
    loss or norm is not finite, nothing is changed."""
    means = gradients(step)
    norm = clip_gradients(gradients.model, grad_clip)
    optimizer.set_lr(lr)
    optimizer.step(finite=torch.isfinite(norm) & torch.isfinite(means["loss"]))
    optimizer.zero_grad()
    return means, norm
