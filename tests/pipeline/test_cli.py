"""The command line of every stage: one line for what is wrong, with the right spelling."""

import os
import subprocess
import sys

import pytest

from pipeline.config import ROOT


def run(*arguments: str, script: str = "src/model.py", **how) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, ROOT / script, *arguments], text=True, capture_output=True, timeout=120,
                          **how)  # fmt: skip


@pytest.mark.parametrize(
    "script, arguments, right",
    [
        ("src/model.py", ["--lr", "1e-3"], "write train.lr=1e-3"),
        ("src/model.py", ["--train.lr=1e-3"], "write train.lr=1e-3"),
        ("src/model.py", ["--train.lr", "1e-3"], "write train.lr=1e-3"),
        ("src/model.py", ["--n-layer=2"], "write model.n_layer=2"),
        ("src/model.py", ["--learning_rate", "0.1"], "write train.lr=0.1"),
        ("src/model.py", ["--out", "runs/x"], "write out=runs/x"),
        ("src/model.py", ["--again"], "write again=VALUE"),
        ("src/model.py", ["--n_layers", "2"], "write model.n_layer=2"),
        ("scripts/summary.py", ["--port", "9000"], "write serve.port=9000"),
        ("src/model.py", ["--zzzz", "2"], "section.key=value"),
        ("src/model.py", ["--conf", "configs/demo.yaml"], "--conf"),
    ],
)
def test_an_option_that_is_a_key_gets_its_spelling(script, arguments, right):
    done = run(*arguments, script=script)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and right in done.stderr, done.stderr


def test_a_stage_prefers_its_own_section():
    """checkpoint is a key of six sections."""
    from pipeline.cli import _spelling

    assert "serve.checkpoint=x" in _spelling("--checkpoint", "x", ("serve",))
    assert "sample.checkpoint=x" in _spelling("--checkpoint", "x", ("sample",))


def test_options_before_and_behind_overrides():
    done = run("model.n_layer=2", "--config", "configs/demo.yaml", "model.d_ff=256")
    assert done.returncode == 0, done.stderr


def test_a_missing_value_is_one_line():
    done = run("--config")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "--config" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_behind_stdout_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, ROOT / "src/model.py", "--config", "configs/demo.yaml"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 2 and "No space left" in done.stderr and "Traceback" not in done.stderr


def test_a_full_disk_behind_its_words_ends_no_run_and_room_is_used_again(tmp_path):
    """A limit on the file's size is the full disk; then there is room again."""
    program = f"""import resource, sys
sys.path.insert(0, {str(ROOT / "src")!r})
from pipeline.ending import lasting_output
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, most))
with lasting_output():
    for k in range(9):
        print("step", k, "x" * 40, flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    print("step 9", flush=True)
"""
    with open(tmp_path / "log", "w") as log:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=log, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (done.returncode, done.stderr) == (0, "")
    said = (tmp_path / "log").read_text()
    assert said.startswith(f"step 0 {'x' * 40}\nstep 1 {'x' * 40}\n") and said.endswith("step 9\n")


def test_a_reader_that_has_enough_is_no_error():
    done = subprocess.run(f"{sys.executable} {ROOT}/src/model.py --help | head -1", shell=True, text=True,
                          capture_output=True, timeout=120)  # fmt: skip
    assert done.stderr == ""
