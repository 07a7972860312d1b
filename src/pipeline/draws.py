"""Choices that depend on a key alone: the same on every machine, whatever was chosen before."""

import hashlib
from collections.abc import Iterable


def hash64(*key) -> int:
    """A number below 2^64."""
    return int.from_bytes(hashlib.blake2b("|".join(map(str, key)).encode(), digest_size=8).digest(), "big")


def shuffled(items: Iterable, *key) -> list:
    return [item for _, item in sorted(enumerate(items), key=lambda pair: hash64(*key, pair[0], pair[1]))]
