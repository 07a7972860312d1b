"""Fixtures of the rental tests: a stand-in of vast.ai, a laptop beside it, and one that is ready to train."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from laptop import CONFIG, ROOT, Laptop, make_tokens
from vast_standin import Standin

import leftovers


@pytest.fixture(scope="session")
def own_environment():
    """.venv-vast, made by vast.py itself on its first use."""
    subprocess.run([sys.executable, ROOT / "scripts/vast.py", "status"], capture_output=True, timeout=900)
    assert (ROOT / ".venv-vast/.ready").exists()
    return ROOT / ".venv-vast"


@pytest.fixture
def vast(tmp_path, tmp_path_factory):
    standin = Standin(tmp_path, leftovers.watch(tmp_path_factory.getbasetemp()))
    yield standin
    standin.close()


@pytest.fixture
def laptop(tmp_path, vast, own_environment):
    laptop = Laptop(tmp_path, vast, own_environment)
    yield laptop
    laptop.close()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Path:
    """A folder with tokenizer/ and data/ to copy into laptops."""
    folder = tmp_path_factory.getbasetemp() / "prepared-for-vast"
    if (folder / "data/tokens/val.json").exists():  # by another file's tests
        return folder
    folder.mkdir()
    for name in ("src", "configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "configs/tiny.yaml").write_text(CONFIG)
    make_tokens(folder)
    ran = subprocess.run(
        [
            sys.executable,
            folder / "src/pack_tokens.py",
            "--config",
            folder / "configs/tiny.yaml",
            "data.val_fraction=0.1",
            "data.workers=1",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture
def ready(laptop, prepared):
    """A laptop whose data stages are done."""
    for name in ("tokenizer", "data"):
        shutil.copytree(prepared / name, laptop.root / name)
    return laptop
