"""A journal of answers that cost something: each is on disk before the next is asked for, so no kill loses any.

Lines may stand in any order; what is made of them later depends on their keys alone.
"""

from pathlib import Path

import orjson

from pipeline.files import dump_line, write_bytes


class Journal:
    """`with Journal(path, key) as journal: if x not in journal: journal[x] = value`. Another key starts anew.

    key: a hash of all that the answers depend on. The last line, if a kill cut it short, is forgotten.
    """

    def __init__(self, path: Path, key: str):
        self.path, self.key = Path(path), key
        self.entries: dict = {}

    def __enter__(self) -> "Journal":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = self.path.read_bytes() if self.path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        lines = [orjson.loads(line) for line in whole.splitlines()]
        if not lines or lines[0] != {"key": self.key}:
            lines, whole = [], dump_line({"key": self.key})
        if whole != content:
            write_bytes(self.path, whole)
        self.entries = {entry["id"]: entry["value"] for entry in lines[1:]}
        self.file = open(self.path, "ab")
        return self

    def __exit__(self, *exception) -> None:
        self.file.close()

    def __contains__(self, item) -> bool:
        return item in self.entries

    def __getitem__(self, item):
        return self.entries[item]

    def __setitem__(self, item, value) -> None:
        self.file.write(dump_line({"id": item, "value": value}))
        self.file.flush()
        self.entries[item] = value

    def remove(self) -> None:
        """Once the stage's own output is in place."""
        self.file.close()
        self.path.unlink(missing_ok=True)
        if not any(self.path.parent.iterdir()):
            self.path.parent.rmdir()
