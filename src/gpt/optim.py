"""Optimizers and the learning rate: AdamW, or Muon for the hidden matrices and AdamW for the rest, used as one.

Muon (Jordan et al. 2024) takes the momentum of a matrix and moves along its nearest orthogonal matrix. Ours gives
what torch.optim.Muon(adjust_lr_fn="match_rms_adamw") gives, with three differences that matter here: the fused qkv
and gate-up projections are orthogonalised as the matrices they are made of; matrices of one shape go through
together; and on a CPU it computes in train.dtype (bf16 matmuls are 20 to 40 times slower on CPUs without bf16 units,
3 to 4 times faster with AMX).
"""

import math
from typing import Any

import torch

from gpt.sharding import Exchange, is_sharded, joint_norm, own, rows_of, to_first
from pipeline.config import InputError

FUSED = {"qkv_proj": 3, "gate_up_proj": 2}  # matrices stacked in one parameter of model.py
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan's quintic: singular values come to 0.7 ... 1.2 in 5 steps
NEWTON_SCHULZ_STEPS = 5
ADAM_EPS = 1e-8


def learning_rate(
    step: int, max_iters: int, lr: float, min_lr: float, warmup_iters: int, schedule: str, decay_frac: float = 1.0
) -> float:
    """The learning rate of step 0 ... max_iters - 1.

    Warmup rises linearly and reaches lr after warmup_iters steps. cosine: falls from there to min_lr at max_iters.
    linear: stays at lr, then falls in a straight line to min_lr over the last decay_frac of the steps after warmup.
    """
    if step < warmup_iters:
        return lr * (step + 1) / (warmup_iters + 1)
    done = (step - warmup_iters) / max(1, max_iters - warmup_iters)  # 0 ... 1
    if schedule == "cosine":
        return min_lr + (lr - min_lr) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return min_lr + (lr - min_lr) * min(1.0, max(0.0, 1 - done) / decay_frac)


def parameter_groups(model: torch.nn.Module, muon: bool) -> dict[str, list[str]]:
    """-> {"muon": hidden matrices (empty without muon), "embed": the tied embedding, "decay": other matrices,
    "no_decay": norms}: names, each once."""
    groups: dict[str, list[str]] = {"muon": [], "embed": [], "decay": [], "no_decay": []}
    for name, parameter in model.named_parameters():
        if parameter.ndim < 2:
            groups["no_decay"].append(name)
        elif name.startswith("embed_tokens."):
            groups["embed"].append(name)
        elif muon and name.startswith("layers."):
            groups["muon"].append(name)
        else:
            groups["decay"].append(name)
    return groups


def orthogonalise(matrices: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """(n, rows, columns) -> each matrix with its singular values brought near 1 (Newton-Schulz, in dtype)."""
    a, b, c = NEWTON_SCHULZ
    x = matrices.to(dtype)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT  # (n, m, m), m the shorter side
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """For matrices; a parameter group may say that each of its parameters is `stacked` matrices, one upon another."""

    def __init__(
        self,
        groups: list[dict],
        lr: float,
        weight_decay: float,
        momentum: float,
        dtype=torch.float32,
        exchange: Exchange | None = None,
    ):
        """exchange: of parameters of which this process has its own rows alone, in the order of the groups."""
        super().__init__(groups, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "stacked": 1})
        self.dtype = dtype  # of the Newton-Schulz iteration
        self.exchange = exchange

    @torch.no_grad()
    def step(self, finite: torch.Tensor) -> None:  # type: ignore[override]
        """Update all parameters, or none of them where `finite`, a bool scalar on their device, is False."""
        slots = [(p, group) for group in self.param_groups for p in group["params"]]
        directions = []
        for p, group in slots:
            state = self.state[p]
            if not state:
                state["momentum_buffer"] = torch.zeros_like(p)
            momentum = state["momentum_buffer"]
            momentum.copy_(torch.where(finite, momentum.lerp(p.grad, 1 - group["momentum"]), momentum))
            directions.append(torch.where(finite, p.grad.lerp(momentum, group["momentum"]), 0.0))
        stacked = [group["stacked"] for _, group in slots]
        if self.exchange:
            longer = [max(p.shape[0] // n, p.shape[1]) for p, n in zip(self.exchange.parameters, stacked)]
            targets, updates = slots, self._orthogonal_rows(directions, stacked)
        else:
            targets = [(part, group) for p, group in slots for part in p.chunk(group["stacked"])]
            longer = [max(part.shape) for part, _ in targets]
            updates = self._orthogonal([part for d, n in zip(directions, stacked) for part in d.chunk(n)])
        for (target, group), update, longer_side in zip(targets, updates, longer):
            # 0.2 sqrt(longer side) gives the update the RMS of a usual AdamW step (Liu et al. 2025), so that one
            # learning rate and weight decay serve both optimizers
            target.mul_(1 - group["lr"] * group["weight_decay"] * finite)
            target.sub_(update.to(target.dtype), alpha=group["lr"] * 0.2 * math.sqrt(longer_side))

    def _orthogonal(self, matrices: list[torch.Tensor]) -> list[torch.Tensor]:
        """Each of the matrices, made orthogonal; those of one shape go through together."""
        by_shape: dict[tuple, list[int]] = {}
        for i, matrix in enumerate(matrices):
            by_shape.setdefault(tuple(matrix.shape), []).append(i)
        done: dict[int, torch.Tensor] = {}
        for places in by_shape.values():
            done |= zip(places, orthogonalise(torch.stack([matrices[i] for i in places]), self.dtype))
        return [done[i] for i in range(len(matrices))]

    def _orthogonal_rows(self, rows: list[torch.Tensor], stacked: list[int]) -> list[torch.Tensor]:
        """The same for parameters of which this process has rows: each is made orthogonal by one process."""
        assert self.exchange
        mine = [stacked[i] for i in self.exchange.mine]
        parts = [m.chunk(n) for m, n in zip(self.exchange.gather(rows), mine)]
        done = iter(self._orthogonal([part for parts_of_one in parts for part in parts_of_one]))
        matrices = [torch.cat([next(done) for _ in range(n)]) for n in mine]
        return self.exchange.scatter(matrices, rows[0].new_empty(0, dtype=self.dtype))


class Optimizer:
    """One or two torch optimizers as one; its state is a flat dict of tensors, ready for safetensors. What they update
    is of each parameter what this process owns: all of it, or its rows."""

    def __init__(self, name: str, parts: dict[str, torch.optim.Optimizer], owned: dict[torch.Tensor, tuple[str, Any]]):
        """owned: {what this process owns of a parameter: (name, parameter)}"""
        self.name, self.parts, self.owned = name, parts, owned

    def zero_grad(self) -> None:
        for mine, (_, p) in self.owned.items():
            mine.grad = p.grad = None

    def set_lr(self, lr: float) -> None:
        for part in self.parts.values():
            for group in part.param_groups:
                group["lr"] = lr * group.get("lr_scale", 1.0)

    def step(self, finite: torch.Tensor) -> None:
        """Update every parameter or, where `finite` (a bool scalar on the device) is False, none; no device sync."""
        for mine, (_, p) in self.owned.items():
            mine.grad = own(p.grad)
        for part in self.parts.values():
            if isinstance(part, Muon):
                part.step(finite)
            elif part.defaults["fused"]:  # the fused kernel skips its update where found_inf is 1, as GradScaler has it
                part.grad_scale, part.found_inf = None, 1.0 - finite.float()  # type: ignore[attr-defined]
                part.step()
            elif finite:
                part.step()

    def state(self) -> dict[str, torch.Tensor]:
        """{"adamw.exp_avg:layers.0...": tensor, ...}: empty before the first step. Where the parameters are cut, all
        processes ask together, and the first has the answer, on the CPU."""
        return {
            f"{part_name}.{key}:{self.owned[mine][0]}": to_first(value, self.owned[mine][1]) if value.ndim else value
            for part_name, part in self.parts.items()
            for mine, values in part.state.items()
            for key, value in values.items()
        }

    def load_state(self, tensors: dict[str, torch.Tensor]) -> None:
        """Take back what state() gave. InputError when it is another optimizer's or another model's."""
        left = dict(tensors)
        for part_name, part in self.parts.items():
            saved = part.state_dict()
            order = [self.owned[mine] for group in part.param_groups for mine in group["params"]]
            keys = ("momentum_buffer",) if isinstance(part, Muon) else ("step", "exp_avg", "exp_avg_sq")
            try:
                saved["state"] = {
                    i: {key: _rows_of(left.pop(f"{part_name}.{key}:{parameter}"), p) for key in keys}
                    for i, (parameter, p) in enumerate(order)
                }
            except KeyError as error:
                raise InputError(
                    f"the checkpoint's optimizer state has no {error}: it was trained with another optimizer; "
                    f"resume with the optimizer it had (now {self.name}), or start in another folder"
                ) from None
            part.load_state_dict(saved)  # brings the tensors to the parameters' device
        if left:
            raise InputError(
                f"the checkpoint's optimizer state has {len(left)} tensors too many, such as {next(iter(left))}: "
                f"resume with the optimizer it had (now {self.name}), or start in another folder"
            )


def build_optimizer(
    model: torch.nn.Module,
    name: str,
    lr: float,
    weight_decay: float,
    beta1: float,
    beta2: float,
    muon_momentum: float,
    device: torch.device,
    embed_lr_scale: float = 1.0,
    dtype: str = "float32",
) -> Optimizer:
    """name: adamw | muon. Matrices have weight decay, norms have none, embeddings never go to Muon.

    embed_lr_scale: the tied embedding's learning rate to the others'. Beside Muon it wants a higher one: a token that
    is seldom seen gets few updates, and AdamW's are of one size whatever the matrix (bench/RESULTS.md).
    dtype: train.dtype, in which Muon's iteration is computed on a CPU; on a GPU it is bf16 always.
    """
    groups = parameter_groups(model, muon=name == "muon")
    covered = sorted(sum(groups.values(), []))
    owned = {n: own(p) for n, p in model.named_parameters()}
    assert covered == sorted(owned), "every parameter belongs to exactly one group"
    # fused: one kernel for all parameters, and the way to skip an update without asking the device
    parts: dict[str, torch.optim.Optimizer] = {
        "adamw": torch.optim.AdamW(
            [
                {"params": [owned[n] for n in names], "weight_decay": decay, "lr_scale": scale, "lr": lr * scale}
                for names, decay, scale in (
                    (groups["embed"], weight_decay, embed_lr_scale),
                    (groups["decay"], weight_decay, 1.0),
                    (groups["no_decay"], 0.0, 1.0),
                )
                if names
            ],
            lr=lr,
            betas=(beta1, beta2),
            eps=ADAM_EPS,
            fused=device.type in ("cuda", "cpu"),
        )
    }
    if groups["muon"]:
        by_stack: dict[int, list[str]] = {}
        for n in groups["muon"]:
            stacked = next((count for part, count in FUSED.items() if part in n), 1)
            by_stack.setdefault(stacked, []).append(n)
        in_order = [model.get_parameter(n) for names in by_stack.values() for n in names]
        half = device.type == "cuda" or dtype == "bfloat16"
        parts["muon"] = Muon(
            [{"params": [owned[n] for n in names], "stacked": count} for count, names in by_stack.items()],
            lr,
            weight_decay,
            muon_momentum,
            torch.bfloat16 if half else torch.float32,
            Exchange(in_order) if is_sharded(model) else None,
        )
    return Optimizer(name, parts, {owned[n]: (n, p) for n, p in model.named_parameters()})


def clip_gradients(model: torch.nn.Module, limit: float) -> torch.Tensor:
    """Scale the gradients so that their joint norm is at most `limit` (0: no limit) -> the norm before, on the
    device."""
    if not is_sharded(model):
        return torch.nn.utils.clip_grad_norm_(model.parameters(), limit or math.inf)
    gradients = [own(p.grad) for p in model.parameters()]
    norm = joint_norm(gradients)
    torch._foreach_mul_(gradients, torch.clamp((limit or math.inf) / (norm + 1e-6), max=1.0))
    return norm


def _rows_of(tensor: torch.Tensor, p: Any) -> torch.Tensor:
    """What a process keeps of a tensor of the optimizer's state; the count of steps is everybody's."""
    return rows_of(tensor, p) if tensor.ndim else tensor
