"""Every script that a user may start: --help helps and does nothing else, Ctrl-C while it imports is one line."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON_SCRIPTS = sorted(
    str(path.relative_to(ROOT))
    for folder in ("src", "scripts")
    for path in (ROOT / folder).glob("**/*.py")
    if '\nif __name__ == "__main__":\n' in path.read_text(encoding="utf-8")
)
SHELL_SCRIPTS = sorted(
    [str(path.relative_to(ROOT)) for path in (ROOT / "scripts").glob("**/*.sh")] + ["onstart.sh", ".ci/run"]
)
STAGES = sorted(f"src/{path.name}" for path in (ROOT / "src").glob("*.py"))


def environment(home: Path) -> dict[str, str]:
    """A home of its own; a network that refuses, so that whoever asks it fails at once."""
    return {**os.environ, "HOME": str(home), "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
            "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}  # fmt: skip


def entries() -> set[str]:
    """What is in the checkout, but for the folders that test runs and checks make there at any time."""
    caches = {".hypothesis", ".pytest_cache", ".ruff_cache", ".mypy_cache", "__pycache__"}
    return {path.name for path in ROOT.iterdir()} - caches


@pytest.mark.parametrize("script", [*PYTHON_SCRIPTS, *SHELL_SCRIPTS])
def test_help_helps_and_does_nothing_else(script, tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir(), elsewhere.mkdir()
    before = entries()
    program = [sys.executable] if script.endswith(".py") else ["bash"]
    done = subprocess.run([*program, ROOT / script, "--help"], cwd=elsewhere, env=environment(home), text=True,
                          capture_output=True, timeout=300, stdin=subprocess.DEVNULL)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert len(done.stdout.split()) >= 8
    assert not re.search(r"^set -", done.stdout, re.M)  # a shell script's help ends before its first command
    assert not [*home.iterdir(), *elsewhere.iterdir()] and entries() == before


def test_the_list_of_scripts_is_not_empty():
    assert set(STAGES) < set(PYTHON_SCRIPTS) and len(PYTHON_SCRIPTS) > 25 and len(SHELL_SCRIPTS) > 8


# They run on a rented box, and are sent there alone.
ON_BOX = [script for script in PYTHON_SCRIPTS if "/on_box/" in script]
# Python's own library is all that these import before they begin; vast.py has a test of its own in tests/rental.
QUICK = ["scripts/bench/clients.py", "scripts/bench/lm_eval_scores.py", "scripts/gpu_check.py", "scripts/vast.py"]
# The first import of something that is not Python's own waits for the Ctrl-C.
WAITS = """import sys, time
class Waits:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in sys.stdlib_module_names and name not in {first}:
            sys.meta_path.remove(self)
            open({marker!r}, "w").close()
            time.sleep(600)
if {script!r} in sys.orig_argv:
    sys.meta_path.insert(0, Waits())
"""


@pytest.mark.parametrize("script", [script for script in PYTHON_SCRIPTS if script not in [*ON_BOX, *QUICK]])
def test_ctrl_c_while_it_imports_is_one_line(script, tmp_path):
    first = ("sitecustomize", "usercustomize", "org", "pipeline", "pipeline.ctrl_c")  # org: copy.py's
    text = WAITS.format(marker=str(tmp_path / "importing"), first=first, script=str(ROOT / script))
    (tmp_path / "sitecustomize.py").write_text(text)
    process = subprocess.Popen(
        [sys.executable, ROOT / script, "--config", "configs/demo.yaml"],
        env={**environment(tmp_path), "PYTHONPATH": str(tmp_path)}, text=True, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a test run in the background ignores it
    )  # fmt: skip
    while not (tmp_path / "importing").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=300)
    assert (process.returncode, out, errors.splitlines()) == (130, "", ["interrupted; nothing had begun"])


@pytest.mark.parametrize("script", [script for script in PYTHON_SCRIPTS if script not in ON_BOX])
def test_before_setup_a_missing_package_is_one_line(script, tmp_path):
    """-S: Python without what was installed. A few scripts need nothing."""
    done = subprocess.run([sys.executable, "-S", ROOT / script, "--help"], capture_output=True, text=True, timeout=300,
                          env=environment(tmp_path))  # fmt: skip
    if done.returncode == 0:
        assert done.stdout and not done.stderr
    else:
        setup = "bash scripts/setup.sh" + " --tests" * ("scripts/bench/" in str(script))
        assert done.returncode == 2 and re.fullmatch(
            rf"error: the package '[\w.]+' is not installed in \S+; run {setup}, then .*\n", done.stderr
        )


@pytest.mark.parametrize("stage", ["eval_ppl", "judge_eval", "gen_pref_data", "pack_tokens", "gen_sft_data", "extract"])
def test_torch_is_not_imported_before_a_stage_knows_that_it_has_something_to_do(stage):
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); import {stage}; assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def slow(script: str):
    """Stages and benchmarks import torch; two of them stand for all."""
    quick = not script.startswith(("src/", "scripts/bench/")) or script in ("src/extract.py", "scripts/bench/quiz.py")
    return pytest.param(script, marks=[] if quick else [pytest.mark.slow])


@pytest.mark.parametrize("script", [slow(script) for script in PYTHON_SCRIPTS if script not in ON_BOX])
def test_help_on_a_full_disk_is_one_line(script):
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, ROOT / script, "--help"], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=300)  # fmt: skip
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "No space left" in done.stderr
