"""setup.sh on machines that lack something: one line that says what to install."""

import os
import shutil
import subprocess

import pytest

from conftest import ROOT

TOOLS = ("bash", "dirname", "sed", "cat", "cksum", "mktemp", "rm", "id", "grep", "uname")


def setup(folder, **programs):
    """Run a copy of setup.sh where only TOOLS and the given little programs (name: shell text) can be found."""
    repo, binaries = folder / "repo", folder / "bin"
    (repo / "scripts").mkdir(parents=True)
    (repo / "tests").mkdir()
    binaries.mkdir()
    shutil.copy(ROOT / "scripts/setup.sh", repo / "scripts")
    for name in ("requirements.txt", "constraints.txt", "tests/requirements.txt"):
        shutil.copy(ROOT / name, repo / name)
    for name in TOOLS:
        (binaries / name).symlink_to(shutil.which(name))
    for name, text in programs.items():
        (binaries / name).write_text(f"#!/bin/sh\n{text}\n")
        (binaries / name).chmod(0o755)
    variables = {"PATH": str(binaries), "HOME": str(folder), "TMPDIR": str(folder)}
    return subprocess.run(["bash", "scripts/setup.sh"], cwd=repo, env=variables, text=True, capture_output=True)


@pytest.mark.skipif(os.name != "posix", reason="a shell script")
@pytest.mark.parametrize(
    "programs, said",
    [
        ({"apt-get": "exit 1"}, ["sudo apt-get install python3 python3-venv", "WIKILLM_PYTHON="]),
        ({}, ["install it", "WIKILLM_PYTHON="]),
        ({"python3": "[ $1 = -V ] && echo Python 3.8.10 || exit 1"}, ["Python 3.8.10"]),
    ],
)
def test_a_machine_without_a_python_that_will_do(programs, said, tmp_path):
    done = setup(tmp_path, **{name.replace("_", "-"): text for name, text in programs.items()})
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert all(part in done.stderr for part in said), done.stderr
    assert ("apt-get" in done.stderr) == ("apt-get" in programs)
