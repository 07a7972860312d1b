"""scripts/skypilot.yaml: by SkyPilot's own parser where that is installed (`pip install skypilot`); its script here."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "scripts/skypilot.yaml"
TASK = yaml.safe_load(FILE.read_text())


def test_skypilots_own_parser_takes_it(tmp_path, monkeypatch):
    sky = pytest.importorskip("sky", reason="skypilot is not installed")
    for folder in ("tokenizer", "data/tokens", "data/clean/deduped"):  # what it uploads must be there
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    task = sky.Task.from_yaml(str(FILE))
    assert task.name == "wikillm" and all(resources.use_spot for resources in task.resources)
    assert list(task.storage_mounts) == ["/outputs"]


@pytest.mark.parametrize("status", [0, 75])
def test_what_was_made_is_in_the_bucket_and_a_new_machine_begins_with_it(tmp_path, status):
    """The run script with another folder for the bucket, and a build of one line."""
    for name, text in {
        ".venv/bin/python": f'#!/bin/sh\necho "$@" >> asked\necho step >> checkpoints/log\n'
        f"ln -sfn log checkpoints/latest; exit {status}\n"
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    script = TASK["run"].replace("/outputs", str(bucket))
    env = {**os.environ, **{name: str(value) for name, value in TASK["envs"].items()}, "HOME": str(tmp_path)}
    for times in (1, 2):
        ran = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=env, timeout=300, stderr=subprocess.PIPE, text=True
        )
        assert ran.returncode == status, ran.stderr
        assert (tmp_path / "checkpoints/log").read_text() == "step\n" * times and (bucket / "made.tar").exists()
        subprocess.run(["rm", "-r", tmp_path / "checkpoints"], check=True)  # the spot machine is taken
    asked = (tmp_path / "asked").read_text().splitlines()
    assert set(asked) == {"scripts/rental/on_box/build.py train judge_eval --config configs/base.yaml"}
    assert (ROOT / "scripts/rental/on_box/build.py").exists()
