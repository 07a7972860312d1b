"""The structure of the repo: fifteen stages and lib/, imports that do nothing and that point one way."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
STAGES = ["extract", "clean", "dedup", "train_tokenizer", "pack_tokens", "model", "train", "sample", "eval_ppl", "gen_sft_data",
          "train_sft", "gen_pref_data", "train_dpo", "judge_eval", "serve"]
LIB = sorted(path.stem for path in (SRC / "lib").glob("*.py") if path.stem != "__init__")


def imported(path: Path) -> set[str]:
    """Names of modules that a file imports anywhere in it: 'lib.config', 'model', 'torch' ..."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_src_holds_the_fifteen_stages_and_lib():
    found = sorted(p.name for p in SRC.iterdir() if p.name != "__pycache__")
    assert found == sorted([f"{stage}.py" for stage in STAGES] + ["lib"])


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_lib_and_model_but_no_other_stage(stage):
    assert not imported(SRC / f"{stage}.py") & (set(STAGES) - {"model"})


@pytest.mark.parametrize("module", LIB)
def test_lib_imports_no_stage(module):
    assert not imported(SRC / f"lib/{module}.py") & (set(STAGES) - {"model"})


def test_importing_anything_does_nothing(tmp_path):
    """In one fresh process: no output, no file, no thread left, nothing on the command line read."""
    program = "\n".join(["import sys, threading", f"sys.path.insert(0, {str(SRC)!r})",
                         *[f"import {name}" for name in STAGES + [f"lib.{name}" for name in LIB]],
                         "assert threading.active_count() == 1, threading.enumerate()"])
    done = subprocess.run([sys.executable, "-W", "error::DeprecationWarning:lib", "-c", program, "--nonsense"], cwd=tmp_path, text=True,
                          capture_output=True, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_says_first_what_it_does_and_how_to_run_it(stage):
    doc = ast.get_docstring(ast.parse((SRC / f"{stage}.py").read_text(encoding="utf-8")))
    assert doc and doc.count(f"python src/{stage}.py") >= 2


@pytest.mark.parametrize("module", LIB)
def test_a_lib_file_says_what_it_is_for(module):
    assert ast.get_docstring(ast.parse((SRC / f"lib/{module}.py").read_text(encoding="utf-8")))
