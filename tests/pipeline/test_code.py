"""Edited code counts: what a change of a file does to the hash of its stage, and to the stage's output."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from deduped_folder import articles
from pipeline.code import changed, code_of
from pipeline.config import ROOT
from pipeline.files import write_jsonl


@pytest.fixture
def src(tmp_path):
    """A stage that imports a filter, which imports a helper; a word list beside them; a package inside a package."""
    files = {
        "stage.py": '"""Doc."""\nfrom wikipedia import quality\n\n\ndef main():\n    from teacher.rules import ask\n',
        "wikipedia/__init__.py": "",
        "wikipedia/quality.py": "from wikipedia.words import split\nLIMIT = 5  # words\n",
        "wikipedia/words.py": "def split(x):\n    return x.split()\n",
        "wikipedia/unused.py": "A = 1\n",
        "wikipedia/lists/stop.txt": "the\n",
        "teacher/__init__.py": "",
        "teacher/rules/__init__.py": "",
        "teacher/rules/ask.py": "B = 2\n",
        "teacher/rules/verbs.txt": "run\n",
        "pipeline/__init__.py": "",
        "pipeline/files.py": "C = 3\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_the_files_of_a_stage(src):
    assert list(code_of("stage", src)) == [
        "stage.py",
        "teacher/rules/__init__.py",
        "teacher/rules/ask.py",
        "teacher/rules/verbs.txt",
        "wikipedia/__init__.py",
        "wikipedia/lists/stop.txt",
        "wikipedia/quality.py",
        "wikipedia/words.py",
    ]
    assert "wikipedia/unused.py" not in code_of("stage", src)
    assert code_of("no_such_stage", src) == {}


@pytest.mark.parametrize(
    "file, before, after, counts",
    [
        ("wikipedia/quality.py", "LIMIT = 5", "LIMIT = 6", True),
        ("wikipedia/words.py", "x.split()", "x.split(' ')", True),
        ("wikipedia/lists/stop.txt", "the", "der", True),
        ("teacher/rules/verbs.txt", "run", "walk", True),
        ("teacher/rules/ask.py", "B = 2", "B = 2.0", True),
        ("stage.py", "def main()", "def other()", True),
        ("wikipedia/quality.py", "# words", "# characters", False),
        ("wikipedia/quality.py", "LIMIT = 5", "LIMIT = (\n    5\n)", False),
        ("stage.py", "Doc.", "Another sentence.", False),
        ("wikipedia/unused.py", "A = 1", "A = 2", False),
        ("pipeline/files.py", "C = 3", "C = 4", False),
    ],
)
def test_what_counts(src, file, before, after, counts):
    old = code_of("stage", src)
    edit(src / file, before, after)
    assert changed(old, code_of("stage", src)) == ([file] if counts else [])


def test_a_docstring_is_no_code_wherever_it_stands(src):
    plain = code_of("stage", src)
    edit(src / "wikipedia/words.py", "    return", '    """Split."""\n    return')
    assert code_of("stage", src) == plain


def test_a_half_edited_file_is_another_file(src):
    old = code_of("stage", src)
    edit(src / "wikipedia/words.py", "def split(x)", "def split(x")
    assert changed(old, code_of("stage", src)) == ["wikipedia/words.py"]


# a real stage in a checkout of its own


@pytest.fixture
def checkout(tmp_path):
    for name in ("src", "configs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "theirs").mkdir()
    records = [{**a, "text": a["text"] + " The river is in the city, and it was there before.\n"} for a in articles(30)]
    write_jsonl(tmp_path / "theirs/part-00000.jsonl", records)
    return tmp_path


def clean(checkout, *overrides) -> tuple[str, float]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "src/clean.py", "--config", "configs/demo.yaml", "data.extracted_dir=./theirs", "out=run",
         "data.workers=1", "clean.language_prob=0", *overrides],
        cwd=checkout, text=True, capture_output=True, timeout=120, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, time.monotonic() - began


@pytest.mark.slow
def test_an_edited_filter_is_seen_by_the_next_run(checkout):
    output = checkout / "run/data/clean/filtered/part-00000.jsonl"
    clean(checkout)
    first = output.read_bytes()
    assert "up to date" in clean(checkout)[0]
    quality = checkout / "src/wikipedia/quality.py"
    quality.write_text(quality.read_text() + "\n# a remark\n")
    assert "up to date" in clean(checkout)[0]
    edit(checkout / "src/clean.py", "if __name__ ==", 'print("edited")\n\nif __name__ ==')
    said, _ = clean(checkout)
    assert "the code of clean.py has changed: made anew" in said and "up to date" not in said
    assert "up to date" in clean(checkout)[0] and output.read_bytes() == first
    assert "made anew" not in (said := clean(checkout, "again=true")[0]) and "kept" in said
