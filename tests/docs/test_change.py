"""The patches of docs/change.md, put into a copy of the repo: each does what the page says."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from docs.pages import ROOT, blocks

PAGE = (ROOT / "docs/change.md").read_text(encoding="utf-8")

PROGRAM = r"""
import json, sys
from pathlib import Path
import torch
from gpt.run_log import RunLog, read_log
from gpt.sampling import Knobs, Sampling
from pipeline.config import load_config
from wikipedia import languages, quality
from wikipedia.wikitext import Options, to_text

said = {}
table = languages.language("ltg")
said["language"] = [[word.strip() for word in table.stop_words], sorted(table.drop_sections), len(table.months)]

p = torch.tensor([[0.6, 0.3, 0.08, 0.02]])
def drawn(top_a):
    knobs = Knobs([Sampling(1.0, top_a=top_a)], [[]], [[]], 4, torch.device("cpu"))
    return sorted({int(knobs.choose(p.log(), [draw / 100])) for draw in range(1, 101)})
said["sampler"] = [drawn(0.0), drawn(0.5)]

rules = load_config().clean.model_copy(update={"language_prob": 0.0})
texts = ["In 1990 12345 67890 12345 67890 and 12345 67890 12345 67890 stood here, and 98765 43210 too, it is said.",
         "The river flows through the north of the country and then into a large lake that nobody has ever measured."]
records = [{"id": n, "title": "A", "text": text} for n, text in enumerate(texts)]
said["filter"] = quality.reasons_to_drop(records, [False, False], rules, lambda text: True)

log = RunLog(Path(sys.argv[1]), 0, {}, "", "", "disabled")
log.write(1, {"loss": 2.5})
log.write(2, {"val_loss": 2.0})
log.close()
said["logger"] = (Path(sys.argv[1]) / "loss.csv").read_text()
said["template"] = to_text("There are {{dozens|3}} of them.", Options()).text
print(json.dumps(said))
"""


def patch(folder, text: str) -> str:
    """Put a patch of the page into the copy: every hunk's old lines stand there once. -> the file's name"""
    name = re.search(r"^\+\+\+ b/(.+)$", text, re.M)[1]
    path = folder / name
    for hunk in re.split(r"^@@\n", text, flags=re.M)[1:]:
        lines = [line or " " for line in hunk.splitlines()]
        old = "".join(line[1:] + "\n" for line in lines if line[0] != "+")
        new = "".join(line[1:] + "\n" for line in lines if line[0] != "-")
        content = path.read_text(encoding="utf-8")
        assert content.count(old) == 1, f"{name}: these lines of docs/change.md are not there once:\n{old}"
        path.write_text(content.replace(old, new), encoding="utf-8")
    return name


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """A copy of the repo with every patch in it."""
    folder = tmp_path_factory.mktemp("changed")
    for name in ("src", "scripts", "configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    patched = [patch(folder, block.text) for block in blocks(PAGE) if block.language == "diff"]
    assert len(patched) == 5
    for block in blocks(PAGE):
        if block.language == "yaml":
            (folder / block.text.splitlines()[0].removeprefix("# ")).write_text(block.text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def said(changed, tmp_path_factory) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path_factory.mktemp("run"))],
        env={"PYTHONPATH": str(changed / "src"), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_another_language(said):
    stop_words, sections, months = said["language"]
    assert stop_words == "i ir kai nu ar pi uz par".split()
    assert sections == ["nūruodis"] and months == 12


def test_another_sampler_cuts_off_what_is_below_top_a_times_the_square(said):
    """0.5 x 0.6^2 = 0.18: 0.6 and 0.3 stay."""
    assert said["sampler"] == [[0, 1, 2, 3], [0, 1]]


def test_another_filter_takes_what_it_is_for(said):
    assert said["filter"] == ["digits", None]


def test_another_template(said):
    assert said["template"] == "There are 36 of them."


def test_another_logger_writes_its_lines(said):
    assert said["logger"] == "1,2.5\n"


def test_another_fact_of_the_mini_wiki_is_told(changed, tmp_path):
    build = [sys.executable, changed / "scripts/miniwiki/build.py", "--out", tmp_path]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    truth = json.loads((tmp_path / "miniwiki-truth.json").read_text(encoding="utf-8"))
    facts = [fact for fact in truth["facts"] if fact["subject"] == "the Spree"]
    assert [(fact["relation"], fact["object"]) for fact in facts] == [("river_mouth", "the Havel")]
