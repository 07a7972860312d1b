"""Every exercise of docs/lessons, as a reader types it, in a copy of the repo: what it should change changes.

Data exercises print what the lesson shows, to the character. Trainings run at a tinier scale than the lesson's own,
which takes minutes: the direction of the change is looked at, and that the lesson says what was recorded.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import model
from docs.pages import LESSONS, ROOT, blocks, section
from pipeline.config import load_config
from scripts import figures

pytestmark = pytest.mark.slow
CONFIG = "--config docs/lessons/lesson.yaml"
TINY = "model.n_layer=1 model.n_embd=64 model.d_ff=128 model.block_size=64 train.max_iters=120"
RECORDED = json.loads(figures.RECORDED.read_text(encoding="utf-8"))


def lesson(number: int) -> str:
    return next(path for path in LESSONS if path.name.startswith(f"{number:02}-")).read_text(encoding="utf-8")


def exercise(number: int) -> tuple[list[str], list[str]]:
    """-> its commands, the lines that they should print"""
    found = blocks(section(lesson(number), "Exercise"))
    commands = [line for block in found if block.language == "bash" for line in block.text.splitlines()]
    return commands, [line for block in found if block.language == "text" for line in block.text.splitlines()]


class Checkout:
    """A copy of the repo in which commands are run, with `python` on the path."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("src", "scripts", "configs", "docs"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "bin").mkdir()
        (folder / "bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (folder / "bin/python").chmod(0o755)
        self.env = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
        self.env["PYTHON"] = str(folder / "bin/python")

    def run(self, command: str, more: str = "") -> str:
        """more: what is put behind a command of a stage"""
        line = f"{command} {more}" if more and "src/" in command else command
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=1800,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}"
        return done.stdout

    def stage(self, name: str, more: str = "") -> str:
        return self.run(f"python src/{name}.py {CONFIG} {more}")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Checkout:
    """What the README of the lessons makes before the first exercise, up to the tokens."""
    checkout = Checkout(tmp_path_factory.mktemp("lessons"))
    readme = (ROOT / "docs/lessons/README.md").read_text(encoding="utf-8")
    _, build, chain = blocks(readme)[0].text.splitlines()
    checkout.run(build)
    checkout.run(f"{chain} --to pack_tokens")
    return checkout


@pytest.fixture(scope="module")
def base(data) -> Checkout:
    data.stage("train", TINY)
    return data


@pytest.fixture(scope="module")
def chat(base) -> Checkout:
    base.stage("gen_sft_data", TINY)
    base.stage("train_sft", TINY)
    return base


def prints(output: str, line: str) -> bool:
    """Whether a line of the output begins with it, or has it; ... is anything."""
    pattern = ".*".join(re.escape(part) for part in line.split("..."))
    return re.search(pattern, output) is not None


def do(checkout: Checkout, number: int) -> str:
    commands, expected = exercise(number)
    output = "".join(checkout.run(command) for command in commands)
    missing = [line for line in expected if not prints(output, line)]
    assert not missing, f"not printed: {missing}; but:\n{output}"
    return output


def losses(log: Path, name: str = "val_loss") -> list[float]:
    return [r[name] for r in map(json.loads, log.read_text().splitlines()) if name in r]


def last_loss(checkout: Checkout, run: str) -> float:
    return losses(checkout.folder / "runs" / run / "checkpoints/base/log.jsonl")[-1]


def is_recorded(number: int, run: str, name: str = "val_loss") -> None:
    """The lesson says what the figures were drawn from."""
    value = RECORDED["runs"][run][name][-1][1]
    said = [float(v) for v in re.findall(r"\d+\.\d+", lesson(number))]
    assert any(abs(v - value) <= 6e-4 * value for v in said), f"lesson {number}: {name} of {run} is {value}"


# The data: to the character


def test_1_a_longer_context_and_more_layers(capsys):
    """Twice the context: 12 x 12 layers x 768 x 1,024 FLOPs more; 12 layers more: 4 x 768^2 + 3 x 768 x 2,560 + 2 x 768
    parameters each."""
    more = 12 * 12 * 768 * 1024
    assert 972_145_152 - 858_898_944 == more and round(100 * more / 858_898_944) == 13
    assert 223_384_320 - 124_275_456 == 12 * (4 * 768**2 + 3 * 768 * 2560 + 2 * 768)
    commands, expected = exercise(1)
    lines = [line for command in commands for line in audit(command, capsys).splitlines()]
    assert [line for line in lines if line.startswith(("total", "training FLOPs"))] == expected


def audit(command: str, capsys) -> str:
    """What a `python src/model.py --config FILE ...` prints, without a process of its own."""
    python, script, option, file, *overrides = command.split()
    assert (python, script, option) == ("python", "src/model.py", "--config")
    capsys.readouterr()
    model.main(load_config(file, overrides))
    return capsys.readouterr().out


def test_2_tables_as_text(data):
    do(data, 2)
    before, after = (
        json.loads((data.folder / f"runs/lessons/data/{name}/manifest.json").read_text())["counts"]
        for name in ("extracted", "with-tables")
    )
    assert f"{after['chars']:,} characters instead of {before['chars']:,}" in lesson(2).replace("\n", " ")


def test_3_stricter_about_length_and_more_forgiving_about_likeness(data):
    do(data, 3)
    kept = {
        name: {r["title"]: r for p in (data.folder / f"runs/lessons/data/clean/{name}").glob("part-*") for r in read(p)}
        for name in ("filtered", "longer", "deduped", "loose")
    }
    gone = [title for title in kept["filtered"] if title not in kept["longer"]]
    assert len(gone) == 9 and all(len(kept["filtered"][title]["text"]) < 200 for title in gone)
    back = set(kept["loose"]) - set(kept["deduped"])
    assert "Arsenic (second version)" in back and len(back) == 16


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_4_twice_the_vocabulary(data):
    do(data, 4)
    first = json.loads((data.folder / "runs/lessons/tokenizer/manifest.json").read_text())["tokenizer"]
    second = json.loads((data.folder / "runs/lessons/vocab-4096/manifest.json").read_text())["tokenizer"]
    assert f"{first['bytes_per_token']:.3f} bytes a token" in lesson(4)
    assert round(100 * (1 - first["bytes_per_token"] / second["bytes_per_token"])) == 9


# The trainings: the direction


def test_5_without_the_mask_the_loss_is_too_good(base):
    take_away, train, put_back = exercise(5)[0]
    original = (base.folder / "src/model.py").read_text()
    base.run(take_away)
    assert (base.folder / "src/model.py").read_text() != original
    base.run(train, TINY)
    base.run(put_back)
    assert (base.folder / "src/model.py").read_text() == original
    assert last_loss(base, "leak") < last_loss(base, "lessons") - 0.3
    is_recorded(5, "leak")
    is_recorded(5, "lessons")


def test_6_the_learning_rate_and_the_step_in_parts(data):
    """At the lesson's own size, which the rates are for, and a quarter of its steps."""
    hot, cold, split = exercise(6)[0]
    for command in (hot.replace("runs/hot", "runs/healthy").replace(" train.lr=4e-2", ""), hot, cold, split):
        data.run(command, "train.max_iters=40")
    healthy = last_loss(data, "healthy")
    assert last_loss(data, "hot") > healthy + 0.2 and last_loss(data, "cold") > healthy + 0.5
    whole, parts = (
        losses(data.folder / f"runs/{run}/checkpoints/base/log.jsonl", "loss") for run in ("healthy", "split")
    )
    assert len(whole) == 40 and whole == pytest.approx(parts, abs=1e-3)
    for run in ("hot", "cold", "lessons"):
        is_recorded(6, run)


def test_7_too_few_articles(base):
    pack, train = exercise(7)[0]
    assert "12,197 tokens" in base.run(pack)
    shown = base.run(train, TINY.replace("train.max_iters=120", "train.max_iters=400 train.lr=2e-2"))
    log = base.folder / "runs/few/checkpoints/base/log.jsonl"
    validation, training = losses(log), losses(log, "loss")
    assert validation[-1] > min(validation) + 0.1 and training[-1] < min(validation) - 1, shown
    is_recorded(7, "few")


def test_8_typed_like_a_book(data):
    commands, expected = exercise(8)
    data.stage("gen_sft_data")
    output = "".join(data.run(command) for command in commands)
    assert not [line for line in expected if not prints(output, line)], output
    plain = read(data.folder / "runs/plain/data/sft/train.jsonl")
    asked = [row["messages"][0]["content"] for row in plain if row["kind"] in ("fact", "reverse")]
    assert len(asked) > 300 and not any(question[0].islower() for question in asked)


def test_9_a_chat_model_answers_and_has_forgotten_some_of_its_text(chat):
    judge, _, score = exercise(9)[0]
    chat.run(judge, f"{TINY} judge.max_new_tokens=16")
    judged = json.loads((chat.folder / "runs/lessons/reports/base-sft.json").read_text())["models"]
    assert set(judged) == {"base", "sft"} and all("stopped" in model and "empty" in model for model in judged.values())
    learned = losses(chat.folder / "runs/lessons/checkpoints/sft/log.jsonl")
    assert learned[-1] < learned[0] - 0.1
    chat.run(score, "'eval.checkpoints=[checkpoints/base/latest, checkpoints/sft/latest]'")
    report = json.loads((chat.folder / "runs/lessons/reports/ppl.json").read_text())
    before, after = (row["bits_per_byte"] for row in report["results"])
    assert after > before + 0.05


def test_10_a_margin_that_grows_while_every_answer_gets_unlikely(chat):
    chat.stage("gen_pref_data", f"{TINY} pref.max_new_tokens=16")
    chat.stage("train_dpo", TINY)
    chat.run(exercise(10)[0][0], TINY)
    healthy, hot = (chat.folder / "runs/lessons" / name / "dpo/log.jsonl" for name in ("checkpoints", "hot-dpo"))
    assert losses(hot, "val_reward_chosen")[-1] < -0.5 < losses(healthy, "val_reward_chosen")[-1]
    assert losses(hot, "val_nll_chosen")[-1] > losses(healthy, "val_nll_chosen")[-1] + 0.5
    own, run = RECORDED["runs"]["lessons-dpo"], RECORDED["runs"]["hot-dpo"]  # at the lesson's own size the margin grows
    assert run["margin"][-1][1] > 2 * own["margin"][-1][1] and run["nll_chosen"][-1][1] > own["nll_chosen"][-1][1] + 1.5


def test_11_a_seed_is_an_answer_and_temperature_zero_needs_none(chat, capsys):
    commands, expected = exercise(11)
    serve, *asked, smaller, larger = commands
    server = subprocess.Popen(
        ["bash", "-c", f"exec {serve} serve.port=0 serve.checkpoint=checkpoints/sft/latest"],
        cwd=chat.folder, env=chat.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = re.search(r"http://\S+", server.stdout.readline())[0]
        texts = [[answer(url, command) for _ in range(2)] for command in asked]
        cold = answer(url, asked[2].replace('"seed": 7', '"seed": 8'))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=300)
    assert all(first == second for first, second in texts)
    assert texts[0] != texts[1] and cold == texts[2][0]
    output = audit(smaller, capsys) + audit(larger, capsys)
    assert not [line for line in expected if line not in output]
    # 2,353,305,600 x 7.0e9 and 7,024,937,472 x 20e9, to 858,898,944 x 4.04e9
    assert [round(f / (0.8589 * 4.04)) for f in (2.3533 * 7, 7.0249 * 20)] == [5, 40]


def answer(url: str, command: str) -> str:
    """What a curl line of the lesson gets, sent to this server."""
    body = re.search(r"-d '(.*)'", command)[1]
    path = re.search(r"localhost:8080(\S+)", command)[1]
    request = urllib.request.Request(url + path, body.encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as got:
        return json.load(got)["choices"][0]["text"]


def test_every_lesson_has_its_parts():
    assert len(LESSONS) == 11
    parts = ["The question", "What we do, and why", "What was tried and did not help", "The lines to read",
             "Healthy and sick", "Exercise"]  # fmt: skip
    for path in LESSONS:
        text = path.read_text(encoding="utf-8")
        assert all(section(text, part).strip() for part in parts), path
        assert "../figures/" in text, path
        assert 450 < len(text.split()) < 1000, path
