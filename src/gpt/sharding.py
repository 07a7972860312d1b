"""Weights, gradients and optimizer state cut over several GPUs: train.shard=fsdp, for models that one GPU can't hold.

The cutting is torch's fully_shard (FSDP2), after ZeRO-3 (Rajbhandari et al. 2020): every process keeps its rows of
every matrix, a layer's weights are brought together just before they are used, and its gradients are summed to the
process whose rows they are. All of it stays fp32, so the numbers are those of one process but for the order of sums.

The optimizers work on plain tensors, a process's own rows. AdamW never notices. Muon needs whole matrices: each of
them is brought to one process, which does its arithmetic, and goes back in rows (`Exchange`).
"""

from typing import Any

import torch
import torch.distributed as dist

from gpt.machine import Workers
from model import WikiGPT
from pipeline.config import InputError


def shard(model: WikiGPT, workers: Workers) -> None:
    """Cut the model, which is whole and the same on all processes; each keeps its rows. InputError where
    can_shard() says no."""
    if not can_shard(workers.device):
        raise InputError(
            f"train.shard=fsdp needs torch 2.6 or newer, on a CPU 2.13, this is {torch.__version__}; "
            "give train.shard=none"
        )
    # imported here: it takes two seconds, and one process has no use for it
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(workers.device.type, (workers.size,))
    for module in (*model.layers, model):  # the model itself: what is left, the tied embedding and the last norm
        fully_shard(module, mesh=mesh, reshard_after_forward=True)
    with torch.no_grad():  # at its first pass it may move the rows elsewhere; from here on they stay where they are
        model(torch.zeros(1, 1, dtype=torch.long, device=workers.device))
    cut_again(model)


def can_shard(device: torch.device) -> bool:
    """Whether this torch does: 2.6 and newer on GPUs. With gloo on a CPU 2.6 fails, and 2.7 sums the gradients where
    NCCL and 2.13 give their mean."""
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    return version >= ((2, 13) if device.type == "cpu" else (2, 6))


def cut_again(model: Any) -> None:
    """After a pass forward alone: without the way back, torch before 2.8 leaves the embedding whole."""
    model.reshard()


def is_sharded(model: torch.nn.Module) -> bool:
    return any(hasattr(p, "to_local") for p in model.parameters())


def own(tensor: Any) -> torch.Tensor:
    """This process's rows of a weight or gradient, where they lie; a plain tensor is all its own."""
    return tensor.detach().to_local() if hasattr(tensor, "to_local") else tensor


def to_first(rows: torch.Tensor, like: Any) -> torch.Tensor:
    """All rows of a tensor of which each process has its own, such as a moment of the weight `like`: on the CPU of the
    first process, nothing on the others; a plain tensor as it is. Asked for by all processes together."""
    if not hasattr(like, "to_local"):
        return rows
    cut = type(like.data).from_local(rows, like.device_mesh, like.placements, shape=like.shape, stride=like.stride())
    full = cut.full_tensor()
    return full.cpu() if dist.get_rank() == 0 else full.new_empty(0)


def rows_of(tensor: torch.Tensor, like: Any) -> torch.Tensor:
    """This process's rows of a whole tensor that is cut as the weight `like`."""
    if not hasattr(like, "to_local"):
        return tensor
    first, count = bounds(like, dist.get_rank())
    return tensor[first : first + count]


def bounds(like: Any, rank: int) -> tuple[int, int]:
    """-> (first row, number of rows) of a process's part of a cut weight; torch.chunk's parts, the last ones shorter
    or empty."""
    total, size = like.shape[0], like.device_mesh.size()
    each = -(-total // size)
    first = min(rank * each, total)
    return first, min(each, total - first)


def joint_norm(rows: list[torch.Tensor]) -> torch.Tensor:
    """The norm of some tensors of which each process has its own rows, as if they were one vector."""
    squares = torch.stack([torch.linalg.vector_norm(of_one) for of_one in rows]).square().sum()
    dist.all_reduce(squares)
    return squares.sqrt()


def copy_weights(model: WikiGPT, weights: dict[str, torch.Tensor]) -> None:
    """Give the model these weights, whole ones, by the names of state_dict()."""
    if not is_sharded(model):
        model.load_state_dict(weights)
        return
    with torch.no_grad():
        for name, p in model.named_parameters():
            own(p).copy_(rows_of(weights[name], p))


def gathered(model: WikiGPT, workers: Workers) -> WikiGPT:
    """The model with all its weights, for the first process to save and to write samples with; of a cut one a copy on
    the CPU, for which all processes ask together."""
    if not is_sharded(model):
        return model
    weights = {name: to_first(own(p), p) for name, p in model.named_parameters()}
    with torch.device("meta"):
        copy = WikiGPT(model.config)
    if workers.first:
        copy.load_state_dict(weights, assign=True)
        copy.cos, copy.sin = model.cos.cpu(), model.sin.cpu()
    return copy


class Exchange:
    """Brings each of some cut matrices to one process, and back in rows, in one message between any two of them.

    Its owners take turns in the order of the matrices' sizes, so that all have about as much to do (as the distributed
    Muons of Dion and of Moonlight do)."""

    def __init__(self, parameters: list[Any]):
        """parameters: the cut weights, in the same order on all processes."""
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        by_size = sorted(range(len(parameters)), key=lambda i: (-parameters[i].numel(), i))
        self.owner = {i: turn % self.size for turn, i in enumerate(by_size)}
        self.parameters = parameters
        self.mine = [i for i in range(len(parameters)) if self.owner[i] == self.rank]

    def gather(self, rows: list[torch.Tensor]) -> list[torch.Tensor]:
        """rows: of each matrix this process's -> the whole matrices that are this process's to work on."""
        parts = self._send(
            [rows[i] for owner in range(self.size) for i in self._of(owner)],
            [self._count(self._of(owner), self.rank) for owner in range(self.size)],
            [self._count(self.mine, rank) for rank in range(self.size)],
        )
        pieces = [self._cut(part, self.mine, rank) for rank, part in enumerate(parts)]
        return [torch.cat(of_one) for of_one in zip(*pieces)]

    def scatter(self, matrices: list[torch.Tensor], empty: torch.Tensor) -> list[torch.Tensor]:
        """The way back: matrices, this process's, in the order of gather() -> of each matrix this process's rows.
        empty: what a process without a matrix sends, of their type and device."""
        pieces = [empty]
        for rank in range(self.size):
            for i, matrix in zip(self.mine, matrices):
                first, count = bounds(self.parameters[i], rank)
                pieces.append(matrix[first : first + count])
        parts = self._send(
            pieces,
            [self._count(self.mine, rank) for rank in range(self.size)],
            [self._count(self._of(owner), self.rank) for owner in range(self.size)],
        )
        rows: dict[int, torch.Tensor] = {}
        for owner, part in enumerate(parts):
            rows |= dict(zip(self._of(owner), self._cut(part, self._of(owner), self.rank)))
        return [rows[i] for i in range(len(self.parameters))]

    def _of(self, owner: int) -> list[int]:
        return [i for i in range(len(self.parameters)) if self.owner[i] == owner]

    def _count(self, which: list[int], rank: int) -> int:
        """Numbers in a process's rows of these matrices."""
        return sum(bounds(self.parameters[i], rank)[1] * self.parameters[i].shape[1] for i in which)

    def _cut(self, flat: torch.Tensor, which: list[int], rank: int) -> list[torch.Tensor]:
        """A message, as the rows of these matrices that a process has."""
        shapes = [(bounds(self.parameters[i], rank)[1], self.parameters[i].shape[1]) for i in which]
        parts = flat.split([rows * columns for rows, columns in shapes])
        return [part.view(shape) for part, shape in zip(parts, shapes)]

    @staticmethod
    def _send(pieces: list[torch.Tensor], out: list[int], into: list[int]) -> list[torch.Tensor]:
        """out, into: numbers for and from each process, in their order -> what came from each."""
        sent = torch.cat([piece.reshape(-1) for piece in pieces])
        received = sent.new_empty(sum(into))
        dist.all_to_all_single(received, sent, into, out)
        return list(received.split(into))
