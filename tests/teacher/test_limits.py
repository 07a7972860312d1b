"""teacher/limits.py: what is asked depends on the articles and the key, and on nothing of the process."""

import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"
PROGRAM = """
import itertools
from teacher.limits import Limits
from teacher.rules.teacher import RulesTeacher

def person(n, name, job, town):
    text = f"{name} (1900 - 1980) was a {job}. {name} was born in {town} in 1900 and lived in {town} for many years."
    return {"id": n, "title": name, "text": text}

names = ["Ada Brook", "Ben Carver", "Cleo Dunn", "Dora Elm", "Emil Ford", "Fay Grant", "Gus Hale", "Ida Jones"]
articles = [person(n, name, job, town) for n, (name, job, town) in enumerate(zip(
    names, ["painter", "chemist"] * 4, ["Rome", "Oslo", "Bonn", "Lyon"] * 2))]
persona = {"name": "WikiGPT", "made": "m", "language": "English", "limits": "l", "until": "2026"}
limits = Limits(RulesTeacher(articles, 7), articles, persona, 7, "train")
for row in itertools.islice(limits.conversations(), 60):
    print(row["kind"], row["messages"][0]["content"])
"""


def rows(hash_seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(SRC), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_rows_are_the_same_in_every_process():
    first = rows("1")
    assert len(first) == 60 and sum(row.startswith("limits/never") for row in first) > 5
    assert first == rows("2") == rows("3")
