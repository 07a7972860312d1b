"""scripts/serve_teacher.sh with a stand-in for vLLM: flags, checks before the download, waiting, failing, stopping."""

import os
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

import leftovers
from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")

# Answers /health when it is asked again, as vLLM does minutes after its first log line, with a worker process of its
# own; notes its arguments.
FAKE_VLLM = """#!/usr/bin/env python3
import http.server, os, subprocess, sys
open("vllm.args", "w").write(" ".join(sys.argv[1:]))
print("INFO loading weights", flush=True)
if os.environ.get("FAKE_VLLM") == "fails":
    sys.exit("ValueError: no such model")
worker = subprocess.Popen(["sleep", "3000"])
open("vllm.worker", "w").write(str(worker.pid))
asked = []
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        self.send_response(404 if self.path != "/health" else 200 if len(asked) > 1 else 503); self.end_headers()
    def log_message(self, *a): pass
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Health).serve_forever()
"""
FAKE_SMI = """#!/bin/sh
case "$*" in *driver*) echo "${SMI_DRIVER:-580.65.06}" ;; *memory*) echo "${SMI_FREE:-24000}" ;; esac
"""


@pytest.fixture
def box(tmp_path, tmp_path_factory):
    """A checkout with an installed teacher environment whose vLLM is the stand-in."""
    leftovers.watch(tmp_path_factory.getbasetemp())
    for name in (
        "scripts/serve_teacher.sh",
        "scripts/teacher-requirements.txt",
        "configs/base.yaml",
        "src/pipeline/config.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "src/pipeline/__init__.py").touch()
    (tmp_path / ".venv").symlink_to(os.path.dirname(os.path.dirname(os.path.abspath(os.sys.executable))))
    for path, text in {".venv-teacher/bin/vllm": FAKE_VLLM, "bin/nvidia-smi": FAKE_SMI}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    requirements = (tmp_path / "scripts/teacher-requirements.txt").read_bytes()
    ready = subprocess.run(["cksum"], input=requirements, capture_output=True, check=True).stdout
    (tmp_path / ".venv-teacher/.ready").write_bytes(ready)
    port = free_port()

    def teacher(*args, **env):
        settings = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", **env}
        return subprocess.run(
            ["bash", "scripts/serve_teacher.sh", *args],
            cwd=tmp_path,
            env=settings,
            text=True,
            capture_output=True,
            timeout=300,
        )

    teacher.port, teacher.path = port, tmp_path
    teacher.start = lambda *args, **env: teacher("start", f"teacher.base_url=http://127.0.0.1:{port}/v1", *args, **env)
    yield teacher
    teacher("stop")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_starts_serves_and_stops_with_all_its_processes(box):
    ran = box.start("teacher.model=some/Model-1B")
    assert ran.returncode == 0, ran.stderr
    assert "serving some/Model-1B" in ran.stdout and "INFO loading weights" in ran.stdout
    flags = (box.path / "vllm.args").read_text()
    assert flags.startswith(f"serve some/Model-1B --host 127.0.0.1 --port {box.port} ")
    for flag in (
        "--max-model-len 4096",
        "--gpu-memory-utilization 0.90",
        "--max-num-seqs 64",
        "--generation-config vllm",
        "--structured-outputs-config.backend xgrammar",
        "--structured-outputs-config.disable_any_whitespace true",
    ):
        assert flag in flags
    assert urllib.request.urlopen(f"http://127.0.0.1:{box.port}/health").status == 200
    assert "already serving" in box.start().stdout
    assert box("status").returncode == 0
    worker = int((box.path / "vllm.worker").read_text())
    assert alive(worker)
    assert "the GPU is free" in box("stop").stdout
    deadline = time.time() + 300
    while alive(worker) and time.time() < deadline:
        time.sleep(0.05)
    assert not alive(worker), "a worker kept the GPU"
    assert box("status").returncode == 1


def test_a_server_that_dies_shows_its_log(box):
    ran = box.start(FAKE_VLLM="fails")
    assert ran.returncode == 2
    assert "ValueError: no such model" in ran.stderr and "ended while starting" in ran.stderr


@pytest.mark.parametrize(
    "env, said",
    [
        ({"SMI_DRIVER": "550.54.14"}, "driver 550.54.14 is too old"),
        ({"SMI_FREE": "3000"}, "only 3000 MB of GPU memory are free"),
    ],
)
def test_an_unfit_machine_is_refused_before_anything_is_fetched(box, env, said):
    ran = box.start(**env)
    assert ran.returncode == 2 and said in ran.stderr
    assert not (box.path / "vllm.args").exists()


def test_too_little_disk_is_refused_before_the_install(box):
    (box.path / ".venv-teacher/.ready").unlink()
    df = box.path / "bin/df"
    df.write_text("#!/bin/sh\necho Filesystem\necho /dev/x 1 1 10485760 1% /\n")
    df.chmod(0o755)
    ran = box.start()
    assert ran.returncode == 2 and "only 10 GB of disk are free" in ran.stderr


def test_prepare_fetches_the_weights_and_names_what_it_could_not_fetch(box):
    hf = box.path / ".venv-teacher/bin/hf"
    hf.write_text('#!/bin/sh\necho "$@" >> hf.args\nexit ${FAKE_HF:-0}\n')
    hf.chmod(0o755)
    ran = box("prepare", "teacher.model=some/Model-1B")
    assert ran.returncode == 0 and "some/Model-1B are here" in ran.stdout
    assert (box.path / "hf.args").read_text() == "download --quiet some/Model-1B\n"
    assert not (box.path / "vllm.args").exists(), "training has the GPU"
    ran = box("prepare", "teacher.model=some/Model-1B", FAKE_HF="1")
    assert ran.returncode == 2 and "could not fetch the weights of some/Model-1B" in ran.stderr


def test_wrong_config_and_rules_backend_are_one_line(box):
    assert "did you mean 'teacher.model'" in box.start("teacher.modle=x").stderr
    ran = box.start("teacher.backend=rules")
    assert ran.returncode == 2 and "needs no server" in ran.stderr
    assert "usage:" in box("restart").stderr


def test_another_server_on_the_port_is_not_mistaken_for_ours(box):
    other = subprocess.Popen(
        [os.sys.executable, "-m", "http.server", str(box.port), "--bind", "127.0.0.1"],
        cwd=box.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    (box.path / "health").touch()
    try:
        deadline = time.time() + 120
        while time.time() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{box.port}/health")
                break
            except OSError:
                time.sleep(0.05)
        ran = box.start()
    finally:
        other.kill()
        other.wait()
    assert ran.returncode == 2 and "something else answers" in ran.stderr


def test_a_small_gpu_is_offered_the_four_bit_weights_and_takes_them(box):
    ran = box.start(SMI_FREE="12000")
    assert ran.returncode == 2 and "teacher.model=Qwen/Qwen2.5-7B-Instruct-AWQ" in ran.stderr
    assert box.start("teacher.model=Qwen/Qwen2.5-7B-Instruct-AWQ", SMI_FREE="12000").returncode == 0


def test_out_of_memory_while_starting_is_offered_them_too(box):
    vllm = box.path / ".venv-teacher/bin/vllm"
    vllm.write_text("#!/bin/sh\necho 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB'; exit 1\n")
    ran = box.start()
    assert ran.returncode == 2 and "teacher.model=Qwen/Qwen2.5-7B-Instruct-AWQ" in ran.stderr


def test_check_starts_nothing(box):
    ran = box("check")
    assert ran.returncode == 0 and "could serve Qwen/Qwen2.5-7B-Instruct here" in ran.stdout
    assert box("check", SMI_DRIVER="550.1").returncode == 2
    assert not (box.path / "vllm.args").exists()


@pytest.mark.parametrize("old", [False, True])
def test_a_python_that_is_too_old_for_vllm_is_not_used(box, old):
    """The first that is new enough makes the environment; when there is none, uv brings one."""
    (box.path / ".venv-teacher/.ready").unlink()
    (box.path / ".venv").unlink()
    python = box.path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    refuse = 'case "$*" in *pip*|*uv*) exit 1 ;; esac'
    python.write_text(f'#!/bin/sh\necho "$@" >> {box.path}/asked\n{refuse}\nexec {os.sys.executable} "$@"\n')
    python.chmod(0o755)
    for name, version in {"python-old": 1, "python-new": 0}.items():
        tool = box.path / f"bin/{name}"
        tool.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit {version}\necho {name} "$@" >> {box.path}/made; exit 1\n')
        tool.chmod(0o755)
    box.start(WIKILLM_TEACHER_PYTHON="python-old" if old else "python-old python-new")
    if old:
        assert "pip install --quiet uv" in (box.path / "asked").read_text() and not (box.path / "made").exists()
    else:
        assert (box.path / "made").read_text().startswith("python-new -m venv")
