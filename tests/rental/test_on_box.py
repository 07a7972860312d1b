"""The job on the box: the stages in order, a teacher while one asks, a stopped trainer is not finished; resume.sh."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import leftovers
from pipeline.config import load_config
from scripts.rental.on_box import build, guard

ROOT = Path(__file__).resolve().parents[2]
ON_BOX = ROOT / "scripts/rental/on_box"


@pytest.mark.parametrize(
    "stage, status, overrides, expected",
    [
        ("gen_sft_data", 0, [], ["teacher start", "gen_sft_data", "teacher stop"]),
        ("judge_eval", 3, [], ["teacher start", "judge_eval", "teacher stop"]),
        ("train", 0, [], ["train"]),
        ("gen_sft_data", 0, ["teacher.base_url=http://10.1.2.3:8000/v1"], ["gen_sft_data"]),
        ("gen_sft_data", 0, ["teacher.backend=rules"], ["gen_sft_data"]),
    ],
)
def test_a_teacher_on_the_box_runs_only_while_a_stage_asks_it(
    tmp_path, monkeypatch, stage, status, overrides, expected
):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/run_all.sh").write_text(f"echo $2 >> called; exit {status}\n")
    (tmp_path / "scripts/serve_teacher.sh").write_text("echo teacher $1 >> called\n")
    monkeypatch.chdir(tmp_path)
    cfg = load_config(str(ROOT / "configs/base.yaml"), overrides)
    assert build.run_stage(cfg, stage, ["--config", "configs/base.yaml", *overrides]) == status
    assert (tmp_path / "called").read_text().splitlines() == expected


TORCHRUN = "-m torch.distributed.run --standalone --nproc_per_node=4 src/train_sft.py --config c.yaml"


@pytest.mark.parametrize(
    ("count", "device", "called"), [(1, "cuda", "run_all"), (4, "cuda", TORCHRUN), (4, "cpu", "run_all")]
)
def test_a_trainer_has_all_the_gpus_that_were_rented(tmp_path, monkeypatch, count, device, called):
    for name, text in {
        "bin/nvidia-smi": f"for i in $(seq {count}); do echo GPU $i; done\n",
        ".venv/bin/python": 'echo "$@" >> called\n',
        "scripts/run_all.sh": "echo run_all >> called\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}")
        (tmp_path / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    cfg = load_config(str(ROOT / "configs/base.yaml"), [f"train.device={device}"])
    assert build.run_stage(cfg, "train_sft", ["--config", "c.yaml"]) == 0
    assert (tmp_path / "called").read_text().strip() == called


@pytest.mark.parametrize(("able", "status", "expected"), [
    ("exit 0", 0, ["teacher check", "teacher prepare", "train"]),
    ("echo driver 470 is too old >&2; exit 2", 2, ["teacher check"]),
])  # fmt: skip
def test_a_box_whose_teacher_could_not_start_is_found_out_before_training(
    tmp_path, monkeypatch, capfd, able, status, expected
):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/run_all.sh").write_text("echo $2 >> called\n")
    (tmp_path / "scripts/serve_teacher.sh").write_text(f"echo teacher $1 >> called; {able}\n")
    for name in ("base", "sft"):
        state(tmp_path / f"checkpoints/{name}", step=10**6, steps=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(build, "HOME", tmp_path / "mine")
    assert build.main("train", "gen_sft_data", ["--config", str(ROOT / "configs/base.yaml")]) == (status or 75)
    called = wait(lambda: len(lines := text(tmp_path / "called").splitlines()) == len(expected) and lines)
    assert sorted(called) == sorted(expected)  # `prepare` runs beside the training
    assert ("nothing was begun" in capfd.readouterr().out) == bool(status)


def state(folder: Path, **values) -> None:
    (folder / "latest/training_state").mkdir(parents=True, exist_ok=True)
    (folder / "latest/training_state/state.json").write_text(json.dumps(values))


def test_a_trainer_is_finished_when_all_steps_are_in_its_checkpoint(tmp_path):
    cfg = SimpleNamespace(train=SimpleNamespace(checkpoint_dir="checkpoints", max_iters=40))
    assert build.missing_steps(cfg, "train", tmp_path) == "train: no checkpoint"
    state(tmp_path / "checkpoints/base", step=21)
    assert build.missing_steps(cfg, "train", tmp_path) == "train stopped at step 21 of 40"
    state(tmp_path / "checkpoints/base", step=10, steps=10)  # of a trial with train.max_iters=10
    assert build.missing_steps(cfg, "train", tmp_path) == "train stopped at step 10 of 40"
    state(tmp_path / "checkpoints/base", step=40)
    assert build.missing_steps(cfg, "train", tmp_path) is None
    state(tmp_path / "checkpoints/sft", step=7, steps=9)
    assert build.missing_steps(cfg, "train_sft", tmp_path) == "train_sft stopped at step 7 of 9"
    assert build.missing_steps(cfg, "gen_sft_data", tmp_path) is None


@pytest.fixture
def repo(tmp_path, tmp_path_factory):
    """A home like a box's, whose stages are small scripts."""
    leftovers.watch(tmp_path_factory.getbasetemp())
    home = tmp_path / "home"
    mine, repo = home / ".wikillm", home / "wikillm"
    for folder in (mine, repo / "scripts", repo / ".venv/bin"):
        folder.mkdir(parents=True)
    for file in ON_BOX.iterdir():
        if file.is_file():
            shutil.copy(file, mine)
    shutil.copytree(ROOT / "src/pipeline", repo / "src/pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "configs", repo / "configs")
    (repo / ".venv/bin/python").symlink_to(sys.executable)
    (mine / "python").write_text(sys.executable)
    yield SimpleNamespace(
        home=home, mine=mine, repo=repo, env={**os.environ, "HOME": str(home), "TMUX_TMPDIR": str(tmp_path)}
    )
    subprocess.run(["tmux", "kill-server"], env={**os.environ, "TMUX_TMPDIR": str(tmp_path)}, capture_output=True)
    leftovers.end(f"HOME={home}")


STAGE = """import json, os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *a: stopped.append(1)); signal.signal(signal.SIGINT, lambda *a: stopped.append(1))
stopped, folder = [], "checkpoints/base/latest/training_state"
os.makedirs(folder, exist_ok=True)
file = folder + "/state.json"
step = json.load(open(file))["step"] if os.path.exists(file) else 0
while step < 40 and not stopped:
    step += 1
    print("step %d/40" % step, flush=True)
    while step == 20 and not stopped and not os.path.exists("go"):
        time.sleep(0.02)
json.dump({"step": step}, open(file, "w"))
"""


def start(repo, last: str = "train") -> subprocess.Popen:
    """The job of a trainer that has made 20 of its 40 steps when it waits for a file `go` in the repo."""
    (repo.repo / "scripts/run_all.sh").write_text('"$PWD/.venv/bin/python" src/$2.py\n')
    (repo.repo / "src/train.py").write_text(STAGE)
    settings = ["--config", "configs/base.yaml", "train.max_iters=40", "train.warmup_iters=2"]
    command = [".venv/bin/python", "../.wikillm/build.py", "train", last, *settings]
    return subprocess.Popen(
        ["bash", repo.mine / "job.sh", "build", *command],
        env=repo.env,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait(condition, seconds: float = 300.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stage_that_is_told_to_stop_saves_is_not_finished_and_goes_on(repo, number):
    """The guard's SIGTERM, or Ctrl-C in `attach`: both reach the whole process group."""
    job, folder = start(repo), repo.mine / "jobs/build"
    wait(lambda: "step 5/40" in text(folder / "log"))
    os.killpg(job.pid, number)
    assert job.wait(300) == 75
    assert "train stopped at step" in text(folder / "log") and text(folder / "exit") == "75\n"
    (repo.repo / "go").touch()
    job = start(repo)
    assert job.wait(300) == 0 and text(folder / "log").count("step 5/40") == 1, "it began again"
    assert json.loads(text(repo.mine / "hours.json")).keys() == {"train"}


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
def test_resume_brings_back_guard_and_job_once(repo):
    limits = {"idle_minutes": 5, "laptop_hours": 1, "poll_seconds": 0.2, "seconds_left": 600}
    (repo.mine / "limits.json").write_text(json.dumps(limits))
    (repo.mine / "instance").write_text("1\nhttp://127.0.0.1:9\n")
    (repo.mine / "auth").write_text("Authorization: Bearer k\n")
    job = start(repo)
    wait(lambda: "step 3/40" in text(repo.mine / "jobs/build/log"))
    os.killpg(job.pid, signal.SIGKILL)  # a restart of the container: no exit file
    job.wait()
    resume = ["bash", repo.mine / "resume.sh"]
    subprocess.run(resume, env=repo.env, check=True, timeout=300)
    pid = wait(lambda: guard.lives(text(repo.mine / "guard.pid")))
    wait(lambda: guard.lives(text(repo.mine / "jobs/build/pid")))
    subprocess.run(resume, env=repo.env, check=True, timeout=300)
    assert guard.lives(text(repo.mine / "guard.pid")) == pid, "a second guard"
    (repo.repo / "go").touch()
    wait(lambda: text(repo.mine / "jobs/build/exit") == "0\n")
    subprocess.run(resume, env=repo.env, check=True, timeout=300)
    time.sleep(0.5)
    assert text(repo.mine / "jobs/build/log").count("ended with status") == 1, "a finished job was started again"


def test_the_report_of_a_box(repo):
    folder = repo.mine / "jobs/train"
    folder.mkdir(parents=True)
    (folder / "log").write_text("step 1/40\rstep 2/40\n--- 2026 ended with status 0\n")
    (folder / "exit").write_text("0\n")
    ran = subprocess.run(
        [sys.executable, repo.mine / "report.py"], env=repo.env, capture_output=True, text=True, check=True
    )
    found = json.loads(ran.stdout)
    assert found["jobs"] == {"train": ["ended", 0, "step 2/40"]} and found["guard"] == "no meter guard runs on the box"
    assert found["ending"] == ""
    (repo.mine / "ending").write_text(json.dumps(["the cap of hours or dollars is reached", {"seconds_left": 5}]))
    for seconds, ending in ((5, "the cap of hours or dollars is reached"), (9000, "")):  # raised since: no reason now
        (repo.mine / "limits.json").write_text(json.dumps({"seconds_left": seconds}))
        ran = subprocess.run([sys.executable, repo.mine / "report.py"], env=repo.env, capture_output=True, check=True)
        assert json.loads(ran.stdout)["ending"] == ending
    made = repo.repo / "checkpoints/base/step_0000001"
    made.mkdir(parents=True)
    (made / "hashes.json").write_text("{}")
    (made / "model.safetensors").write_text("x")
    (made.parent / "latest").symlink_to("step_0000001")
    (made.parent / ".writing-step_2").mkdir()
    ran = subprocess.run(
        [sys.executable, repo.mine / "report.py", "inventory", "checkpoints", "nowhere"],
        env=repo.env, capture_output=True, text=True, check=True)  # fmt: skip
    assert json.loads(ran.stdout) == {
        "checkpoints/base/latest": "-> step_0000001",
        "checkpoints/base/step_0000001/hashes.json": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }


def test_files_of_no_bytes_after_a_loss_of_power_end_neither_report_nor_guard_nor_job(repo):
    """A host that went down leaves what was written last empty."""
    folder = repo.mine / "jobs/build"
    folder.mkdir(parents=True)
    for name in ("hours.json", "spans.json", "traffic.json", "limits.json", "counted.json", "ending", "jobs/build/exit",
                 "jobs/build/pid"):  # fmt: skip
        (repo.mine / name).write_text("")
    (repo.mine / "instance").write_text("1\nhttp://127.0.0.1:9\n")
    (repo.mine / "auth").write_text("Authorization: Bearer k\n")
    ran = subprocess.run([sys.executable, repo.mine / "report.py"], env=repo.env, capture_output=True, check=True)
    assert json.loads(ran.stdout)["jobs"] == {"build": ["lost", None, ""]}
    subprocess.run(["bash", repo.mine / "resume.sh"], env=repo.env, check=True, timeout=300)
    pid = wait(lambda: guard.lives(text(repo.mine / "guard.pid")))
    wait(lambda: text(repo.mine / "counted.json"))
    limits, _ = json.loads(text(repo.mine / "counted.json"))
    assert limits == guard.NO_LIMITS and guard.lives(text(repo.mine / "guard.pid")) == pid
    (repo.repo / "go").touch()
    job = start(repo)
    assert job.wait(300) == 0 and json.loads(text(repo.mine / "hours.json")).keys() == {"train"}
