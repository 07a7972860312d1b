"""A journal of answers that cost something: each is on disk before the next is asked for, so no kill loses any.

Lines may stand in any order; what is made of them later depends on their keys alone.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import orjson

from pipeline.config import InputError
from pipeline.ending import FULL
from pipeline.files import dump_line, reason, write_bytes


class Journal:
    """`with Journal(path, key) as journal: if x not in journal: journal[x] = value`. Another key starts anew.

    key: a hash of all that the answers depend on; again: start anew in any case. Lines that a kill cut short or a disk
    damaged are forgotten.
    """

    def __init__(self, path: Path, key: str, again: bool = False):
        self.path, self.key, self.again = Path(path), key, again
        self.entries: dict = {}

    def __enter__(self) -> "Journal":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            content = b"" if self.again or not self.path.exists() else self.path.read_bytes()
        except OSError as error:
            raise InputError(f"{self.path}: cannot read ({reason(error)})") from None
        lines = content.splitlines(keepends=True)
        head = dump_line({"key": self.key})
        whole = [head]
        if lines and lines[0] == head:
            entries = [(line, _entry(line)) for line in lines[1:]]
            self.entries = {entry["id"]: entry["value"] for _, entry in entries if entry}
            whole += [line for line, entry in entries if entry]
            if damaged := sum(entry is None for _, entry in entries[:-1]):  # the last one may be cut short
                print(f"warning: {self.path}: {damaged} damaged lines are passed over", file=sys.stderr)
        if whole != lines:
            write_bytes(self.path, b"".join(whole))
        self.file = open(self.path, "ab", buffering=0)
        return self

    def __exit__(self, *exception) -> None:
        self.file.close()

    def __contains__(self, item) -> bool:
        return item in self.entries

    def __getitem__(self, item):
        return self.entries[item]

    def __setitem__(self, item, value) -> None:
        line = dump_line({"id": item, "value": value})
        try:
            if self.file.write(line) < len(line):  # a full disk takes what fits
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            advice = "free some disk and run again" if error.errno in FULL else "see to it and run again"
            raise InputError(f"{self.path}: cannot write ({reason(error)}); {advice}: it goes on there") from None
        self.entries[item] = value


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    whole = line.endswith(b"\n") and isinstance(entry, dict) and {"id", "value"} <= set(entry)
    return entry if whole else None
