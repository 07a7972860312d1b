"""What the test files share: the import path, the real corpus when it is there, the built mini-wiki."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No example is too slow: the machine may be busy. CI tries the same examples every time, so that a change that did not
# touch the code cannot fail; elsewhere new ones are tried.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("elsewhere", **PATIENT)
settings.register_profile("ci", derandomize=True, **PATIENT)
settings.load_profile("ci" if os.environ.get("CI") else "elsewhere")

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"

for folder in (ROOT, ROOT / "src", ROOT / "tests"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@pytest.fixture(autouse=True)
def ctrl_c():
    """Ctrl-C means the same after every test as before it: what one leaves would be the next one's fault."""
    before = signal.getsignal(signal.SIGINT)
    yield
    if before is not None:  # None: set by another program than Python
        signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real dumps and texts beside the checkout; tests that need it skip elsewhere."""
    if not CORPUS.is_dir():
        pytest.skip("the real corpus is not beside this checkout")
    return CORPUS


@pytest.fixture(scope="session")
def miniwiki(tmp_path_factory) -> Path:
    """A folder with the mini-wiki's dump, its index and the planted truth. Read only: the whole run shares it."""
    out = tmp_path_factory.mktemp("miniwiki")
    subprocess.run([sys.executable, ROOT / "scripts" / "miniwiki" / "build.py", "--out", out], check=True, timeout=300)
    return out


# Files of a minute or more, begun first: a worker that comes to one of them last works on alone.
LONG = {"test_lessons.py", "test_trainer.py", "test_train.py", "test_invariants.py", "test_bench_gpu.py"}


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONG)
    if any(item.get_closest_marker("gpu") for item in items):
        import torch

        if not torch.cuda.is_available():
            for item in items:
                if item.get_closest_marker("gpu"):
                    item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU"))
