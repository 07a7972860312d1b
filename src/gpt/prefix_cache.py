"""Keys and values of what was decoded before, for prompts that begin alike: system prompts, long conversations."""

from collections import OrderedDict

import numpy as np
import torch

LEAST = 16  # tokens in common from which on copying pays
MOST_ENTRIES = 64  # that a new prompt is compared with


class PrefixCache:
    """The most recently used prefixes, `most_bytes` of keys and values together."""

    def __init__(self, most_bytes: int):
        self.most_bytes, self.bytes, self.number = most_bytes, 0, 0
        self.entries: OrderedDict[int, tuple[np.ndarray, list[torch.Tensor]]] = OrderedDict()

    def keep(self, ids: list[int], kv: list[torch.Tensor]) -> None:
        """ids that were seen, and a view of each layer's keys and values for them (2, nh, len(ids), hs)."""
        size = sum(t.numel() * t.element_size() for t in kv)
        if len(ids) < LEAST or size > self.most_bytes:  # 0: nothing is kept
            return
        tokens = np.array(ids)
        for number, (older, _) in list(self.entries.items()):
            if len(older) <= len(tokens) and common(older, tokens) == len(older):  # the new one says it all
                self._drop(number)
        self.entries[self.number] = tokens, [t.clone() for t in kv]
        self.bytes, self.number = self.bytes + size, self.number + 1
        while self.bytes > self.most_bytes or len(self.entries) > MOST_ENTRIES:
            self._drop(next(iter(self.entries)))

    def find(self, ids: list[int]) -> tuple[int, list[torch.Tensor]]:
        """-> (how many of the first ids are known, their keys and values, possibly of more tokens than that)"""
        tokens = np.array(ids)
        best, found = max(((common(t, tokens), n) for n, (t, _) in self.entries.items()), default=(0, 0))
        if best < LEAST:
            return 0, []
        self.entries.move_to_end(found)
        return best, self.entries[found][1]

    def _drop(self, number: int) -> None:
        _, kv = self.entries.pop(number)
        self.bytes -= sum(t.numel() * t.element_size() for t in kv)


def common(a: np.ndarray, b: np.ndarray) -> int:
    """How many tokens the two begin with in common."""
    n = min(len(a), len(b))
    differ = a[:n] != b[:n]
    return int(differ.argmax()) if differ.any() else n
