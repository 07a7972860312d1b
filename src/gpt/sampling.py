"""How the next token is chosen: temperature, top-k, top-p, min-p, repetition penalty, for a batch of rows at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pipeline.config import Decoding

NO_CHOICE = 0  # the id of <|user|>, which is never drawn


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen. A knob that is not given is off."""

    temperature: float  # 0: always the likeliest token
    top_k: int = 0  # only the k likeliest; 0: off
    top_p: float = 1.0  # only the likeliest that together have this probability; 1: off
    min_p: float = 0.0  # only those at least this share as likely as the likeliest; 0: off
    repetition_penalty: float = 1.0  # divides the logits of what was said or asked (Keskar et al. 2019, CTRL); 1: off
    presence_penalty: float = 0.0  # taken off the logits of what was said (OpenAI's definition); 0: off
    frequency_penalty: float = 0.0  # and once more for each time that it was said; 0: off
    bias: tuple[tuple[int, float], ...] = ()  # (id, what is added to its logit)

    @classmethod
    def of(cls, section: Decoding) -> "Sampling":
        """From a section of the config that has these keys."""
        return cls(section.temperature, section.top_k, section.top_p, section.min_p, section.repetition_penalty)


class Knobs:
    """The sampling settings of the rows as tensors, and the choice of the next tokens by them."""

    def __init__(
        self,
        settings: list[Sampling],
        asked: Sequence[list[int]],
        said: Sequence[list[int]],
        vocab_size: int,
        device: torch.device,
    ):
        """settings: one a row; asked, said: each row's prompt and its answer so far, for the penalties."""
        self.cpu = device.type == "mps"  # its cumulative sums are too coarse, and the memory is one anyway
        device = torch.device("cpu") if self.cpu else device

        def column(values) -> torch.Tensor:
            return torch.tensor(list(values), device=device)[:, None]  # (B, 1)

        greedy = [s.temperature < 1e-4 for s in settings]  # less would overflow, and draws nothing else
        self.greedy, self.any_greedy, self.any_drawn = column(greedy), any(greedy), not all(greedy)
        self.temperature = column(1.0 if g else s.temperature for g, s in zip(greedy, settings))
        self.min_p = column(float(s.min_p) for s in settings)
        self.top_p = column(max(s.top_p, 1e-6) for s in settings)  # the likeliest stays in any case
        self.top_k = column(min(s.top_k or vocab_size, vocab_size) for s in settings)
        self.cut = any(0 < s.top_k < vocab_size or s.top_p < 1 for s in settings)
        self.repetition = column(float(s.repetition_penalty) for s in settings)
        self.presence = column(float(s.presence_penalty) for s in settings)
        self.frequency = column(float(s.frequency_penalty) for s in settings)
        self.seen: torch.Tensor | None = None  # bool (B, V): was asked or said
        if any(s.repetition_penalty != 1 for s in settings):
            self.seen = torch.zeros(len(settings), vocab_size, dtype=torch.bool, device=device)
            for row, ids in zip(self.seen, map(list.__add__, asked, said)):
                row[torch.tensor(ids, device=device)] = True
        self.counts: torch.Tensor | None = None  # (B, V): how often it was said
        if any(s.presence_penalty or s.frequency_penalty for s in settings):
            counts = [torch.tensor(ids, dtype=torch.long).bincount(minlength=vocab_size) for ids in said]
            self.counts = torch.stack(counts).float().to(device)
        self.bias: torch.Tensor | None = None  # (B, V)
        if any(s.bias for s in settings):
            self.bias = torch.zeros(len(settings), vocab_size, device=device)
            for bias, s in zip(self.bias, settings):
                ids, values = [i for i, _ in s.bias], [value for _, value in s.bias]
                places = torch.tensor(ids, dtype=torch.long, device=device)
                bias.index_add_(0, places, torch.tensor(values, dtype=torch.float32, device=device))

    def choose(self, logits: torch.Tensor, draws: list[float]) -> torch.Tensor:
        """logits (B, V), draws: a random number in (0, 1] a row -> the next ids (B,); NO_CHOICE where logits are not
        numbers"""
        if self.cpu:
            logits = logits.cpu()
        if self.seen is not None:
            punished = torch.where(logits > 0, logits / self.repetition, logits * self.repetition)
            logits = torch.where(self.seen, punished, logits)
        if self.counts is not None:
            logits = logits - self.presence * (self.counts > 0) - self.frequency * self.counts
        if self.bias is not None:
            logits = logits + self.bias
        if self.any_greedy:
            likeliest = argmax(logits)  # to which NaN is the largest
            likeliest = likeliest.masked_fill(logits.gather(1, likeliest).isnan(), NO_CHOICE)
        if self.any_drawn:
            chosen = self._draw(logits, draws)
            chosen = torch.where(self.greedy, likeliest, chosen) if self.any_greedy else chosen
        else:
            chosen = likeliest
        if self.seen is not None:
            self.seen.scatter_(1, chosen, True)
        if self.counts is not None:
            self.counts.scatter_add_(1, chosen, torch.ones_like(chosen, dtype=self.counts.dtype))
        return chosen[:, 0]

    def _draw(self, logits: torch.Tensor, draws: list[float]) -> torch.Tensor:
        """One id a row by inverse transform sampling over what the cuts leave, in the order of the vocabulary."""
        p = (logits / self.temperature).softmax(-1)  # (B, V)
        least = self.min_p * p.amax(-1, keepdim=True)
        if self.cut:
            least = torch.maximum(least, smallest_kept(p, self.top_k, self.top_p))
        p = torch.where(p >= least, p, 0.0)
        # CPU sums are accumulated in fp64 as it is; elsewhere ask for it, or rounding may let an id of probability 0
        # through.
        total = p.cumsum(-1, dtype=torch.float32 if p.device.type == "cpu" else torch.float64)
        whole = total[:, -1:]
        place = torch.tensor(draws, device=p.device, dtype=total.dtype)[:, None] * whole
        return torch.searchsorted(total, place).clamp(max=p.shape[1] - 1).masked_fill(whole.isnan(), NO_CHOICE)


def argmax(logits: torch.Tensor) -> torch.Tensor:
    """(B, V) -> (B, 1). On a CPU by NumPy, which takes a tenth of torch's time for it."""
    if logits.device.type == "cpu":
        return torch.from_numpy(logits.numpy().argmax(-1, keepdims=True))
    return logits.argmax(-1, keepdim=True)


def descending(p: torch.Tensor) -> torch.Tensor:
    """The values of each row from the largest on. On a CPU by NumPy, which takes a thirtieth of torch's time for it."""
    if p.device.type == "cpu":
        return -torch.from_numpy(np.sort((-p).numpy(), axis=-1))
    return p.sort(descending=True).values


def smallest_kept(p: torch.Tensor, top_k: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    """The smallest probability that top-k, then top-p among those, leave in each row: p (B, V) -> (B, 1)."""
    V = p.shape[1]
    largest = descending(p)  # (B, V)
    inside = torch.arange(V, device=p.device) < top_k
    mass = (largest * inside).cumsum(-1)
    kept = inside & (mass - largest < top_p * mass[:, -1:])  # what stands before it is not yet enough
    least = torch.where(kept, largest, torch.inf).amin(-1, keepdim=True)
    return torch.where((top_k == V) & (top_p == 1), 0.0, least)
