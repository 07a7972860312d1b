"""What every stage with a model needs of the machine: the device, autocast, several GPUs."""

import contextlib
import gc
import os
import runpy
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from pipeline.config import ROOT, Config, InputError, Train

OK = 0  # Workers.worst: nothing is wrong anywhere


def pick_device(name: str) -> torch.device:
    """cuda | mps | cpu | auto -> the device; InputError when this machine has none of that name."""
    have = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind in have if have[kind])
    if not have[name]:
        raise InputError(
            f"train.device is {name}, but this machine has none; on a rented GPU it will be there. "
            "To try everything on a CPU: bash scripts/demo.sh, or give train.device=auto"
        )
    return torch.device(name)


def autocast(device: torch.device, dtype: str):
    """The context of forward passes: bf16 autocast, or nothing for float32."""
    if dtype == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def slow_dtype(device: torch.device, dtype: str) -> str | None:
    """A line of advice where bf16 is only emulated (20 to 40 times slower on such CPUs), else None."""
    if dtype == "float32" or device.type == "mps":
        return None
    if device.type == "cuda":
        slow = torch.cuda.get_device_capability(device) < (8, 0)
    else:
        cpuinfo = Path("/proc/cpuinfo")
        slow = cpuinfo.exists() and not any(
            unit in cpuinfo.read_text() for unit in ("avx512_bf16", "amx_bf16", " bf16")
        )
    return f"this {device.type} has no bf16 units; train.dtype=float32 will be faster" if slow else None


def peak_flops(device: torch.device) -> float | None:
    """FLOP/s in dense bf16 by the data sheet; None when it is not known."""
    if device.type != "cuda":
        return None
    # The table stands in the script that checks a rented box, where nothing else of ours is yet.
    peak = runpy.run_path(str(ROOT / "scripts/gpu_check.py"))["peak_tflops"](torch.cuda.get_device_name(device))
    return peak and peak * 1e12


def fitted(cfg: Config) -> Config:
    """The config as this machine wants it where train.device is auto: float32 where bf16 is only emulated, and on a
    machine without a GPU no compiler (nothing to gain in fp32, minutes to lose) and no dollars (it is your own)."""
    if cfg.train.device != "auto":
        return cfg
    device = pick_device("auto")
    changes: dict[str, str | bool | float] = {}
    if slow_dtype(device, cfg.train.dtype):
        changes["dtype"] = "float32"
    if device.type != "cuda":
        changes |= {"compile": False, "price_per_hour": 0.0}
    return cfg.model_copy(update={"train": cfg.train.model_copy(update=changes)})


@dataclass(frozen=True)
class Workers:
    """The processes of one training: this one alone, or those that torchrun started, a GPU each."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that prints and writes."""
        return self.rank == 0

    def worst(self, problem: int) -> int:
        """The largest of all processes' numbers. It travels over the CPU: no GPU is waited for."""
        if self.size == 1:
            return problem
        number = torch.tensor(problem)
        dist.all_reduce(number, dist.ReduceOp.MAX)
        return int(number)

    def any(self, flag: bool) -> bool:
        """Whether the flag is up on any of them."""
        return bool(self.worst(int(flag)))

    def sum(self, tensors: list[torch.Tensor]) -> None:
        """Replace each tensor by its sum over all processes."""
        if self.size > 1:
            for handle in [dist.all_reduce(t, async_op=True) for t in tensors]:
                handle.wait()

    def start_sum(self, tensor: torch.Tensor):
        """Begin to replace it by its sum over all processes -> a handle to wait() for; in the same order on all."""
        return dist.all_reduce(tensor, async_op=True)

    def close(self) -> None:
        """The work is done: one of several processes ends here. Not by Python's own ending: torch's caches keep the
        group, and a thread of it that still has a tensor to free would abort the process (pytorch #179291)."""
        if self.size > 1:
            dist.destroy_process_group()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)


def describe(model: torch.nn.Module, t: Train, workers: Workers) -> str:
    """What is trained, how and where, in a line."""
    device = workers.device
    name = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{device.type}, {torch.get_num_threads()} threads"
    )
    size = sum(p.numel() for p in model.parameters())
    return (
        f"model: {size:,} parameters, {t.dtype}{', compiled' if t.compile else ''}, "
        f"{t.optimizer}, on {f'{workers.size} x ' if workers.size > 1 else ''}{name}"
        f"{', sharded' if t.shard == 'fsdp' and workers.size > 1 else ''}"
    )


def join_workers(device_name: str) -> Workers:
    """Join the other processes if torchrun started us (it sets RANK, LOCAL_RANK, WORLD_SIZE)."""
    device, size = pick_device(device_name), int(os.environ.get("WORLD_SIZE", 1))
    if device.type == "cuda":
        use_expandable_segments()
        torch.set_float32_matmul_precision("high")  # what stays fp32 may use TF32
        if size > 1:
            device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(device)
    if size == 1:
        return Workers(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    return Workers(device, dist.get_rank(), size)


def use_expandable_segments() -> None:
    """Let the allocator make blocks of one size out of freed ones of others, or a halved micro-batch may not fit
    where the whole one did not. It reads this variable when it is first used; torch 2.9 gave it another name."""
    old, new = "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"
    if old not in os.environ and new not in os.environ:
        version = tuple(int(part) for part in torch.__version__.split(".")[:2])
        os.environ[new if version >= (2, 9) else old] = "expandable_segments:True"


def is_out_of_memory(error: BaseException) -> bool:
    """torch.OutOfMemoryError (2.5 on), its older name, and what the CPU allocator and cuBLAS raise."""
    return isinstance(error, torch.cuda.OutOfMemoryError) or (
        isinstance(error, RuntimeError)
        and any(
            words in str(error) for words in ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
        )
    )


def is_compiler_error(error: BaseException) -> bool:
    """Whether torch.compile, or a compiler that it calls, raised this, maybe behind another exception."""
    makers = ("torch._dynamo", "torch._inductor", "torch._functorch", "triton")
    links: BaseException | None = error
    while links:
        if type(links).__module__.startswith(makers):
            return True
        links = links.__cause__ or links.__context__
    return False


def to_device(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """On CUDA from pinned memory and without waiting: the copy and the next batch's cutting hide behind the kernels."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def freeze_gc() -> None:
    """Keep Python's garbage collector off all that lives until now: its full scans stall the GPU's queue."""
    gc.collect()
    gc.freeze()


def going_on_without_compile(error: Exception) -> str:
    return f"warning: {compiler_failed(error)}; going on without it"


def compiler_failed(error: Exception) -> str:
    """In words that torch.compile has failed: it raises what it likes, at any length."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"torch.compile failed ({reason[:200]})"
