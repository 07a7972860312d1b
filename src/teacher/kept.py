"""The teacher's answers, kept for good: a prompt that a model has answered is never asked, or paid for, again.

    kept = KeptAnswers(folder / "conversations.jsonl")
    kept.get(key) or kept.put(key, text)      # key: a hash of model, temperature and prompt

A line an answer: {"key": ..., "text": ...}. Lines are only added, whole, so that several runs may share the file.
"""

import fcntl
import os
import sys
import threading
from pathlib import Path

import orjson

from pipeline.config import InputError
from pipeline.files import dump_line, fingerprint


def key_of(model: str, temperature: float, messages: list[dict]) -> str:
    return fingerprint(model, temperature, messages)


class KeptAnswers:
    """Texts stay on disk; in memory is where each one lies. May be used by many threads."""

    def __init__(self, path: Path):
        self.path, self.lock = Path(path), threading.Lock()
        self.places: dict[str, tuple[int, int]] = {}  # key -> (offset, length) of its line
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise InputError(f"{self.path}: cannot open ({error.strerror})") from None
        damaged = self._read()
        if damaged:
            print(f"{self.path}: {damaged} damaged lines are passed over; they are asked again", file=sys.stderr)

    def _read(self) -> int:
        """Find all answers. -> the number of lines that hold none: of a run that was killed, of a broken disk"""
        offset = damaged = 0
        with open(self.path, "rb") as file:
            for line in file:
                try:
                    entry = orjson.loads(line)
                    if line.endswith(b"\n") and isinstance(entry["text"], str):
                        self.places[entry["key"]] = (offset, len(line))
                except (orjson.JSONDecodeError, KeyError, TypeError):
                    damaged += bool(line.strip())
                offset += len(line)
        return damaged

    def __len__(self) -> int:
        return len(self.places)

    def get(self, key: str) -> str | None:
        with self.lock:
            place = self.places.get(key)
        return orjson.loads(os.pread(self.file, place[1], place[0]))["text"] if place else None

    def put(self, key: str, text: str) -> None:
        line = dump_line({"key": key, "text": text})
        with self.lock:
            fcntl.flock(self.file, fcntl.LOCK_EX)
            try:
                end = os.fstat(self.file).st_size
                if end and os.pread(self.file, 1, end - 1) != b"\n":  # of a run that was killed while it wrote
                    line = b"\n" + line
                self._append(line, end)
                start = end + (len(line) - len(line.lstrip(b"\n")))
                self.places[key] = (start, len(line.lstrip(b"\n")))
            finally:
                fcntl.flock(self.file, fcntl.LOCK_UN)

    def _append(self, line: bytes, end: int) -> None:
        try:
            written = os.write(self.file, line)
            if written < len(line):
                raise OSError(28, os.strerror(28))
            os.fsync(self.file)
        except OSError as error:
            os.ftruncate(self.file, end)  # no half line
            raise InputError(
                f"{self.path}: cannot write ({error.strerror}); free some disk and run the same command again: what "
                "is in the file is not asked again"
            ) from None

    def close(self) -> None:
        os.close(self.file)
