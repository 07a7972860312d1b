"""onstart.sh in a home of its own: what it leaves behind, twice, with old torch, without packages, and its fuse."""

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import leftovers

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "onstart.sh"
PROGRAMS = ("tmux", "rsync", "htop", "git", "aria2c", "curl", "cc")


@pytest.fixture
def box(tmp_path, tmp_path_factory):
    """Runs onstart.sh as on a new box whose image Python is this one; programs that are missing here are stubs."""
    leftovers.watch(tmp_path_factory.getbasetemp())
    tools, home = tmp_path / "tools", tmp_path / "home"
    tools.mkdir()
    home.mkdir()
    for name in PROGRAMS:
        if not shutil.which(name):
            (tools / name).write_text("#!/bin/sh\necho stub 1.0\n")
            (tools / name).chmod(0o755)

    def onstart(**env):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("WIKILLM", "CONTAINER", "VAST"))}
        settings = {
            **clean,
            "HOME": str(home),
            "PATH": f"{tools}:{os.environ['PATH']}",
            "WIKILLM_PYTHON": sys.executable,
            **env,
        }
        return subprocess.run(
            ["bash", SCRIPT], env=settings, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL
        )

    onstart.home, onstart.tools = home, tools
    yield onstart
    leftovers.end(f"HOME={home}")  # a fuse that sleeps


def test_it_fits_into_the_onstart_field():
    assert len(SCRIPT.read_text()) <= 4048  # vast.ai's limit


def test_its_package_list_is_that_of_requirements_txt():
    script = SCRIPT.read_text()
    listed = re.search(r'pip install -q "torch[^"]*" \\\n(.*?)\|\|', script, re.S).group(1).replace("\\", " ").split()
    required = [
        re.match(r"[A-Za-z0-9-]+", line).group()
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert ["torch"] + listed == sorted(["torch"] + listed, key=required.index), "keep the order of requirements.txt"
    assert set(["torch"] + listed) == set(required)


@pytest.mark.slow
def test_a_box_becomes_ready_and_a_second_run_does_no_harm(box):
    ran = box(CONTAINER_ID="C.4711", CONTAINER_API_KEY="box-secret-key")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    mine = box.home / ".wikillm"
    ready = (mine / "ready").read_text()
    import torch

    assert f"torch {torch.__version__}" in ready and "tmux" in ready
    assert (box.home / ".no_auto_tmux").exists()
    # the image's torch is used, not another copy of it
    assert not list((box.home / "wikillm/.venv").rglob("site-packages/torch"))
    # the instance's own key: readable to its user only, and in no log
    assert (mine / "instance").read_text().splitlines() == ["4711", "https://console.vast.ai"]
    assert (mine / "auth").read_text() == "Authorization: Bearer box-secret-key\n"
    assert all((mine / name).stat().st_mode & 0o077 == 0 for name in ("instance", "auth"))
    assert "box-secret-key" not in (mine / "onstart.log").read_text() + ran.stdout
    before = sorted(p for p in box.home.rglob("*") if "__pycache__" not in p.parts)
    assert box().returncode == 0
    assert (mine / "ready").read_text() == ready
    assert sorted(p for p in box.home.rglob("*") if "__pycache__" not in p.parts) == before


def test_after_the_push_it_leaves_the_packages_to_setup_sh(box):
    repo = box.home / "wikillm"
    (repo / "scripts").mkdir(parents=True)
    (repo / "scripts/setup.sh").write_text(
        'echo "$WIKILLM_PYTHON" > called\n'
        '"$WIKILLM_PYTHON" -m venv --without-pip .venv\n'
        ".venv/bin/python -c \"import sysconfig as s; print(s.get_path('purelib'))\" > site\n"
        '"$WIKILLM_PYTHON" -c "import torch; print(torch.__path__[0][:-6])"'
        ' > "$(cat site)/image.pth"\n'
    )
    ran = box()
    assert ran.returncode == 0, ran.stdout
    assert (repo / "called").read_text().split() == [sys.executable]


def test_failure_is_in_the_log_and_leaves_no_ready_marker(box):
    (box.home / "wikillm/scripts").mkdir(parents=True)
    (box.home / "wikillm/scripts/setup.sh").write_text("exit 1\n")
    (box.home / ".wikillm").mkdir()
    (box.home / ".wikillm/ready").write_text("from an earlier start\n")
    assert box().returncode == 1
    assert "scripts/setup.sh failed" in (box.home / ".wikillm/onstart.log").read_text()
    assert not (box.home / ".wikillm/ready").exists()


def test_missing_programs_are_installed_with_apt(box):
    bare = box.tools.parent / "bare"
    bare.mkdir()
    for tool in ("bash", "sh", "mkdir", "chmod", "rm", "tee", "date", "touch", "head", "cat", "env", "dirname"):
        (bare / tool).symlink_to(shutil.which(tool))
    (bare / "apt-get").write_text(f'#!/bin/sh\necho "$@" >> {bare}/asked\n[ "$1" = update ]\n')
    (bare / "apt-get").chmod(0o755)
    ran = box(PATH=str(bare), WIKILLM_PYTHON="python3")  # an image without any
    assert ran.returncode == 1 and "could not install" in ran.stdout
    asked = (bare / "asked").read_text().splitlines()
    assert asked[0].startswith("update")
    assert {"tmux", "rsync", "htop", "git", "aria2", "python3", "python3-venv"} <= set(asked[1].split())


@pytest.mark.parametrize("guard_runs", [False, True])
def test_the_fuse_stops_a_box_that_nobody_came_to(box, guard_runs):
    calls = []

    class Api(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls.append((self.path, self.headers["Authorization"], body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"success": true}')

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    repo = box.home / "wikillm/scripts"
    repo.mkdir(parents=True)
    (repo / "setup.sh").write_text("exit 1\n")  # even a box that cannot be set up must not go on costing money
    guard = box.home / ".wikillm/guard.pid"
    guard.parent.mkdir()
    if guard_runs:
        guard.write_text(str(os.getpid()))
    box(
        CONTAINER_ID="C.99",
        CONTAINER_API_KEY="k",
        WIKILLM_FUSE_MINUTES="0.03",
        VAST_URL=f"http://127.0.0.1:{server.server_port}",
    )
    deadline = time.time() + 120  # until the fuse has looked: it ends, or has called
    while leftovers.marked(f"HOME={box.home}") and not calls:
        assert time.time() < deadline, "the fuse burns for ever"
        time.sleep(0.05)
    guard.write_text(str(os.getpid()))  # ends the fuse's loop
    server.shutdown()
    server.server_close()
    assert calls == ([] if guard_runs else [("/api/v0/instances/99/", "Bearer k", {"state": "stopped"})])
