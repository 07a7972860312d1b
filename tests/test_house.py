"""The structure of the repo: fifteen stages and four packages, imports that do nothing and that point one way."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
STAGES = [
    "extract",
    "clean",
    "dedup",
    "train_tokenizer",
    "pack_tokens",
    "model",
    "train",
    "sample",
    "eval_ppl",
    "gen_sft_data",
    "train_sft",
    "gen_pref_data",
    "train_dpo",
    "judge_eval",
    "serve",
]
PACKAGES = {  # and what each may import of ours
    "pipeline": set(),
    "wikipedia": {"pipeline"},
    "gpt": {"pipeline", "model"},
    "teacher": {"pipeline", "gpt"},
}


def module(path: Path) -> str:
    """src/gpt/chat.py -> 'gpt.chat'"""
    name = ".".join(path.relative_to(SRC).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module(path): path for path in sorted(SRC.glob("*/**/*.py"))}


def imported(path: Path) -> set[str]:
    """Names of modules that a file imports anywhere in it: 'pipeline.config', 'model', 'torch' ..."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: imports are absolute"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def ours(path: Path) -> set[str]:
    return {name for name in imported(path) if name.split(".")[0] in {*PACKAGES, *STAGES}}


def test_src_holds_the_fifteen_stages_and_the_packages():
    found = sorted(p.name for p in SRC.iterdir() if p.name != "__pycache__")
    assert found == sorted([f"{stage}.py" for stage in STAGES] + list(PACKAGES))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_packages_and_model_but_no_other_stage(stage):
    assert not imported(SRC / f"{stage}.py") & (set(STAGES) - {"model"})


@pytest.mark.parametrize("name", MODULES)
def test_arrows_point_one_way(name):
    package = name.split(".")[0]
    others = {other.split(".")[0] for other in ours(MODULES[name])} - {package}
    assert others <= PACKAGES[package]


def test_wikipedia_takes_one_name_from_the_pipeline():
    """It could be a package of its own."""
    taken = {name for path in (SRC / "wikipedia").glob("**/*.py") for name in ours(path) if name.startswith("pipeline")}
    assert taken <= {"pipeline.config", "pipeline.config.InputError"}


def test_no_circle():
    """Each module can be put behind all that it imports."""
    left = {name: {other for other in ours(path) if other in MODULES} - {name} for name, path in MODULES.items()}
    while left:
        free = {name for name, needs in left.items() if not needs & set(left)}
        assert free, f"these import one another: {sorted(left)}"
        left = {name: needs for name, needs in left.items() if name not in free}


def test_importing_anything_does_nothing(tmp_path):
    """In one fresh process: no output, no file, no thread left, nothing on the command line read."""
    program = "\n".join(
        [
            "import sys, threading",
            f"sys.path.insert(0, {str(SRC)!r})",
            *[f"import {name}" for name in [*STAGES, *MODULES]],
            "assert threading.active_count() == 1, threading.enumerate()",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:gpt", "-c", program, "--nonsense"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=300,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_says_first_what_it_does_and_how_to_run_it(stage):
    doc = ast.get_docstring(ast.parse((SRC / f"{stage}.py").read_text(encoding="utf-8")))
    assert doc and doc.count(f"python src/{stage}.py") >= 2


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_for(name):
    assert ast.get_docstring(ast.parse(MODULES[name].read_text(encoding="utf-8")))


def test_no_test_file_imports_another():
    tests = {path.stem: path for path in (ROOT / "tests").glob("**/test_*.py")}
    assert not {
        (name, other) for name, path in tests.items() for other in imported(path) if other.split(".")[0] in tests
    }


def functions(path: Path) -> dict[str, int]:
    """Name -> lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return {n.name: (n.end_lineno or n.lineno) - n.lineno + 1 for n in found}


@pytest.mark.parametrize("folder", ["src", "scripts"])
def test_a_function_fits_on_a_screen(folder):
    long = {
        f"{path.relative_to(ROOT)}:{name}": lines
        for path in sorted((ROOT / folder).glob("**/*.py"))
        for name, lines in functions(path).items()
        if lines > 60
    }
    assert not long


def test_no_function_is_above_radon_e():
    """Cyclomatic complexity: E begins at 31, F at 41."""
    from radon.complexity import cc_visit

    found = [
        (path.name, block.name, block.complexity)
        for folder in ("src", "scripts")
        for path in sorted((ROOT / folder).glob("**/*.py"))
        for block in cc_visit(path.read_text(encoding="utf-8"))
    ]
    assert len(found) > 1000 and not [block for block in found if block[2] > 40]
