"""What every stage with a model needs of the machine: the device, autocast, several GPUs."""

import contextlib
import gc
import os
import re
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist

from pipeline.config import InputError

# Dense bf16 TFLOP/s with fp32 accumulation, from NVIDIA's data sheets: what MFU is a share of. The first name that stands
# as whole words in the device's name counts. The same table as scripts/gpu_check.py's (a test holds them equal).
PEAK_TFLOPS = {
    "RTX 5090": 210,
    "RTX 5080": 113,
    "RTX 4090 D": 147,
    "RTX 4090": 165,
    "RTX 4080 SUPER": 104,
    "RTX 4080": 97,
    "RTX 3090 Ti": 80,
    "RTX 3090": 71,
    "RTX 6000 Ada": 364,
    "RTX A6000": 155,
    "L40S": 362,
    "L40": 181,
    "L4": 121,
    "A100": 312,
    "A800": 312,
    "A40": 150,
    "A10": 125,
    "H100 PCIe": 756,
    "H100 NVL": 835,
    "H100": 989,
    "H200": 989,
    "H20": 148,
    "GH200": 989,
    "B200": 2250,
}


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
    name = torch.cuda.get_device_name(device)
    return next((tflops * 1e12 for known, tflops in PEAK_TFLOPS.items() if re.search(rf"\b{known}\b", name)), None)


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

    def any(self, flag: bool) -> bool:
        """Whether the flag is up on any of them. Over the CPU: no GPU is waited for."""
        if self.size == 1:
            return flag
        flags = torch.tensor(float(flag))
        dist.all_reduce(flags, dist.ReduceOp.MAX)
        return bool(flags)

    def sum(self, tensors: list[torch.Tensor]) -> None:
        """Replace each tensor by its sum over all processes."""
        if self.size > 1:
            for handle in [dist.all_reduce(t, async_op=True) for t in tensors]:
                handle.wait()

    def close(self) -> None:
        if self.size > 1:
            dist.destroy_process_group()


def join_workers(device_name: str) -> Workers:
    """Join the other processes if torchrun started us (it sets RANK, LOCAL_RANK, WORLD_SIZE); pick this one's device."""
    device, size = pick_device(device_name), int(os.environ.get("WORLD_SIZE", 1))
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")  # what stays fp32 may use TF32
        if size > 1:
            device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(device)
    if size == 1:
        return Workers(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    return Workers(device, dist.get_rank(), size)


def is_out_of_memory(error: BaseException) -> bool:
    """torch.OutOfMemoryError (2.5 on), its older name, and what the CPU allocator and cuBLAS raise."""
    return isinstance(error, torch.cuda.OutOfMemoryError) or (
        isinstance(error, RuntimeError)
        and any(
            words in str(error) for words in ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
        )
    )


def freeze_gc() -> None:
    """Keep Python's garbage collector off all that lives until now: its full scans stall the GPU's queue."""
    gc.collect()
    gc.freeze()


def going_on_without_compile(error: Exception) -> str:
    """The warning where torch.compile has failed: it raises what it likes, at any length."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"warning: torch.compile failed ({reason[:200]}); going on without it"
