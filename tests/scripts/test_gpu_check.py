"""scripts/gpu_check.py: the table and the verdict by hand-computed shares, its exit statuses, a real GPU when there is
one.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.gpu_check import measure_matmul, peak_tflops, verdict

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "gpu_check.py"


@pytest.mark.parametrize(
    "name, peak",
    [
        ("NVIDIA GeForce RTX 4090", 165),
        ("NVIDIA GeForce RTX 3090", 71),
        ("NVIDIA GeForce RTX 3090 Ti", 80),
        ("NVIDIA GeForce RTX 5090", 210),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA A10", 125),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H200", 989),
        ("NVIDIA L40S", 362),
        ("NVIDIA L4", 121),
        ("NVIDIA RTX A4000", None),
        ("Radeon Pro", None),
    ],
)
def test_peak_by_device_name(name, peak):
    assert peak_tflops(name) == peak


def test_verdict_calls_a_throttled_card_slow():
    assert verdict(150.0, 165.0) == (True, "good: 91% of the 165 TFLOPS peak")
    good, line = verdict(60.0, 165.0)
    assert not good and line.startswith("SLOW: 36%")
    good, line = verdict(60.0, None)
    assert good and "judge for yourself" in line


def run(*args, hide_gpu):
    env = {"PATH": "/usr/bin:/bin", **({"CUDA_VISIBLE_DEVICES": ""} if hide_gpu else {})}
    return subprocess.run([sys.executable, SCRIPT, *args], capture_output=True, text=True, env=env)


def test_no_gpu_is_one_line_and_status_2():
    ran = run(hide_gpu=True)
    assert ran.returncode == 2 and ran.stdout == ""
    assert len(ran.stderr.strip().splitlines()) == 1 and "gpu_check:" in ran.stderr
    as_json = run("--json", hide_gpu=True)
    assert as_json.returncode == 2 and "error" in json.loads(as_json.stdout)


@pytest.mark.gpu
def test_a_real_gpu_is_measured():
    found = json.loads(run("--json", hide_gpu=False).stdout)
    assert found["vram_gb"] > 1 and found["driver"] != "unknown"
    assert found["tflops"] > 5
    if found["peak_tflops"]:
        assert found["tflops"] < found["peak_tflops"] * 1.1, "faster than the data sheet: not synchronised"


@pytest.mark.gpu
def test_the_measure_repeats():
    import torch

    first, second = (measure_matmul("cuda", 4096, torch.bfloat16) for _ in range(2))
    assert abs(first - second) < 0.3 * first
