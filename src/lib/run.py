"""What every stage with a model needs of the machine: the device, autocast, seeds."""

import contextlib

import torch

from lib.config import InputError


def pick_device(name: str) -> torch.device:
    """cuda | mps | cpu | auto -> the device; InputError when this machine has none of that name."""
    have = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind in have if have[kind])
    if not have[name]:
        raise InputError(f"train.device is {name}, but this machine has none; on a rented GPU it will be there. "
                         "To try everything on a CPU: bash scripts/demo.sh, or give train.device=auto")
    return torch.device(name)


def autocast(device: torch.device, dtype: str):
    """The context of forward passes: bf16 autocast, or nothing for float32."""
    if dtype == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)
