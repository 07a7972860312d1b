"""run_all.sh: which stages run after which, with a Python of the test's own in the place of the stages."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pipeline.config import ROOT

# Says which stage it is; train.py goes on until it is told to stop, and ends well then, as a trainer does.
PYTHON = """#!{python}
import os, signal, sys, time
stage = os.path.basename(sys.argv[1])
with open({log!r}, "a") as f:
    f.write(stage + "\\n")
if stage == "train.py":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit({status}))
    open({log!r} + ".trains", "w").close()
    time.sleep(600)
"""


def run_all(folder, status, *arguments):
    log = folder / "stages"
    stand_in = folder / "python"
    stand_in.write_text(PYTHON.format(python=sys.executable, log=str(log), status=status))
    stand_in.chmod(0o755)
    return log, subprocess.Popen(
        ["bash", ROOT / "scripts/run_all.sh", *arguments],
        env={**os.environ, "PYTHON": str(stand_in)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a test run in the background ignores it
    )


@pytest.mark.parametrize("number, told", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("status", [0, 130])
def test_a_stop_ends_the_chain_though_the_trainer_has_saved_and_ended_well(tmp_path, number, told, status):
    log, process = run_all(tmp_path, status, "--from", "pack_tokens", "--to", "train_sft")
    while not (tmp_path / "stages.trains").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    os.killpg(process.pid, number)  # as a terminal does: to all of them
    out, errors = process.communicate(timeout=60)
    assert log.read_text().split() == ["pack_tokens.py", "build_index.py", "train.py"]
    assert process.returncode == told
    assert errors.splitlines() == ["run_all: stopped in train; the same command goes on there"]


def test_a_stage_that_fails_ends_it_with_its_status_and_says_so(tmp_path):
    stand_in = tmp_path / "python"
    stand_in.write_text('#!/bin/sh\ncase $1 in *clean.py) exit 2 ;; esac\necho "ran $1"\n')
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / "scripts/run_all.sh", "--to", "dedup"],
        env={**os.environ, "PYTHON": str(stand_in)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout.count("ran ") == 1
    said = "run_all: clean ended with status 2; repair it and run the same command again: it goes on there"
    assert done.stderr.splitlines() == [said]
