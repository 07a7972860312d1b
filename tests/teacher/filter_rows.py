"""Rows labelled by hand (rows/*.txt), and how the filters do on them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from teacher.filters import problem

FOLDER = Path(__file__).with_name("rows")
MAX_TURNS = 3


class Labelled(NamedTuple):
    article: dict
    conversation: dict
    bad: str  # why it is bad; "" when it is good


def rows(name: str) -> Iterator[Labelled]:
    """The rows of rows/NAME.txt."""
    article: dict = {}
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            article = {"id": line, "title": line[3:], "text": ""}
        elif line.startswith(("good | ", "bad: ")):
            label, *said = [part.strip().replace("\\n", "\n") for part in line.split(" | ")]
            messages = [
                {"role": ("user", "assistant")[place % 2], "content": content} for place, content in enumerate(said)
            ]
            yield Labelled(article, {"kind": "fact", "messages": messages}, label.partition(": ")[2])
        elif line and not line.startswith("#"):
            article["text"] = line


def judged(name: str) -> list[tuple[Labelled, str | None]]:
    return [(row, problem(row.conversation, row.article, MAX_TURNS)) for row in rows(name)]


def measure(name: str) -> dict[str, float]:
    """Of keeping: precision is the share of kept rows that are good, recall the share of good rows that are kept."""
    found = judged(name)
    kept = [row for row, reason in found if reason is None]
    good = [row for row, _ in found if not row.bad]
    right = [row for row in kept if not row.bad]
    return {
        "good": len(good),
        "bad": len(found) - len(good),
        "kept": len(kept),
        "precision": len(right) / len(kept),
        "recall": len(right) / len(good),
    }


if __name__ == "__main__":
    for file in sorted(FOLDER.glob("*.txt")):
        print(file.stem, {key: round(value, 4) for key, value in measure(file.stem).items()})
        for row, reason in judged(file.stem):
            if bool(row.bad) != bool(reason):
                said = " | ".join(m["content"] for m in row.conversation["messages"])
                print(f"  {'dropped: ' + reason if reason else 'kept, but ' + row.bad}: {said}")
