"""scripts/vast.py against a local vast.ai: the real SDK over HTTP, real ssh, rsync and tmux, the stages as they are.

Every scenario ends by asking the stand-in's ledger what still costs money: nothing, or there was a loud message.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from laptop import PATIENCE, Laptop, pytestmark, wait_for  # noqa: F401
from vast_standin import API_KEY

from ports import free_port

ROOT = Path(__file__).resolve().parents[2]


# The path by commands -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_from_offer_to_pulled_checkpoint_to_nothing_rented(ready, vast):
    vast.offer(1, dph=0.45)
    vast.offer(2, dph=0.40)
    listed = ready("offers")
    assert listed.index("\n         2") < listed.index("\n         1")
    assert vast.asked["allocated_storage"] == 200 and "H100 SXM" in vast.asked["gpu_name"]["in"]
    assert vast.asked["num_gpus"] == {"lte": "4"}, "one or several, to compare"
    out = ready("up")
    assert vast.asked["num_gpus"] == {"eq": "1"}
    assert vast.asked["gpu_name"] == {"eq": "RTX 4090"} and vast.asked["direct_port_count"] == {"gte": "1"}
    instance = ready.instance
    request = vast.instances[instance]["request"]
    assert "ready: ssh -F" in out and request["disk"] == 200 and request["runtype"] == "ssh_direc ssh_proxy"
    assert request["onstart"] == (ROOT / "onstart.sh").read_text() and request["image"].startswith("pytorch/pytorch:")
    assert "already" in ready("up", expect=2)
    ready("push")
    home = vast.box(instance).home
    assert (home / "wikillm/data/tokens/train.bin").read_bytes() == (ready.root / "data/tokens/train.bin").read_bytes()
    ready("run", "train")
    followed = ready("logs", "train", "-f")
    assert "ended with status 0" in followed
    assert "base/step_0000040" in ready("pull")
    assert os.readlink(ready.root / "checkpoints/base/latest") == "step_0000040"
    mine, theirs = (f / "checkpoints/base/step_0000040/model.safetensors" for f in (ready.root, home / "wikillm"))
    assert mine.read_bytes() == theirs.read_bytes()
    status = ready("status")
    assert "running" in status and "train: ended with status 0" in status and "base/step_0000040" in status
    assert "gone, costs nothing" in ready("down")
    assert vast.instances == {} and ready.state["instance"] is None


# Renting, when things go wrong ----------------------------------------------------------------------------------------

GOOD_GPU = {"name": "NVIDIA GeForce RTX 4090", "driver": "580.1", "tflops": 150, "good": True, "verdict": "good: 91%"}
SLOW_GPU = {
    **GOOD_GPU,
    "tflops": 60,
    "good": False,
    "verdict": "SLOW: 36% of the 165 TFLOPS peak; take another machine",
}
BAD_OFFERS = [
    ({"taken": True}, "not available"),
    ({"stuck": True}, "did not start in time"),
    ({"ssh": False}, "not ready in"),
    ({"onstart": "onstart: pip failed\n"}, "pip failed"),
    ({"gpu": SLOW_GPU}, "SLOW: 36%"),
    ({"gpu": {"error": "torch finds no GPU it can use (driver: 535.1)"}}, "driver: 535.1"),
]


@pytest.mark.slow
def test_bad_offers_are_destroyed_and_the_next_one_taken(laptop, vast):
    for number, (broken, _) in enumerate(BAD_OFFERS):
        vast.offer(number, dph=0.2 + number / 100, **{"gpu": GOOD_GPU, **broken})
    vast.offer(99, dph=0.40, gpu=GOOD_GPU)
    # a good box must be ready within the boot minutes too, on a busy machine as well
    out = laptop("up", "train.device=cuda", "vast.boot_minutes=0.6", f"vast.max_tries={len(BAD_OFFERS) + 1}")
    tries = out.split("renting offer ")[1:]
    for text, (_, said) in zip(tries, BAD_OFFERS):
        assert said in text and "taking the next offer" in text
    assert len(tries) == len(BAD_OFFERS) + 1
    assert vast.billing() == [laptop.instance] and vast.instances[laptop.instance]["offer"]["id"] == 99
    assert [what for _, what in vast.ledger] == ["rented", "destroyed"] * (len(BAD_OFFERS) - 1) + ["rented"]


@pytest.mark.slow
def test_when_no_offer_works_nothing_is_left_billing(laptop, vast):
    vast.offer(1, stuck=True)
    vast.offer(2, taken=True)
    out = laptop("up", "vast.boot_minutes=0.02", expect=1)
    assert "nothing is rented" in out and vast.instances == {} and laptop.state["instance"] is None
    assert "no RTX_4090 below $0.1/h" in laptop("up", "vast.max_price=0.1", expect=1)


def test_an_answer_that_got_lost_does_not_rent_twice(laptop, vast):
    vast.offer(1)
    vast.offer(2)
    vast.fault("PUT", "/asks/", "lost")
    laptop("up")
    assert vast.billing() == [laptop.instance] and [what for _, what in vast.ledger] == ["rented"]


def test_a_refused_request_moves_on(laptop, vast):
    faults = [500, 400, 404, 429, "html"]
    for number, fault in enumerate(faults):
        vast.offer(number, dph=0.2 + number / 100)
        vast.fault("PUT", f"/asks/{number}/", fault)
    vast.offer(99, dph=0.4)
    laptop("up", f"vast.max_tries={len(faults) + 1}")
    assert vast.billing() == [laptop.instance] and len(vast.instances) == 1
    asked = [path for method, path in vast.log if method == "PUT" and "/asks/" in path]
    assert asked == [f"/api/v0/asks/{n}/" for n in (0, 1, 2, 3, 4, 99)]


def test_bad_answers_while_waiting_are_no_reason_to_give_up(laptop, vast):
    vast.offer(1)
    vast.boot_seconds = 2
    for what in (500, "html", 429, 502):
        vast.fault("GET", r"/instances/\d+/", what)
    laptop("up")
    assert vast.billing() == [laptop.instance] and len(vast.ledger) == 1


def test_a_bill_on_a_full_disk_or_for_a_reader_that_has_enough(laptop, vast):
    command = [sys.executable, str(laptop.root / "scripts/vast.py"), "bill", "--config", "configs/tiny.yaml"]
    how = {"cwd": laptop.root, "env": laptop.env, "stderr": subprocess.PIPE, "text": True, "timeout": PATIENCE}
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, **how)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "No space left" in done.stderr
    piped = f"set -o pipefail; {shlex.join(command)} | true"
    done = subprocess.run(["bash", "-c", piped], stdout=subprocess.PIPE, **how)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_refused_key_is_one_line(laptop, vast):
    vast.offer(1)
    vast.fault("POST", "/bundles/", 401)
    out = laptop("up", expect=2)
    assert "refused the API key" in out and vast.instances == {}
    out = laptop("offers", expect=2, VAST_API_KEY="")
    assert "no vast.ai API key" in out and "Traceback" not in out


def test_an_unknown_outcome_is_said_and_down_settles_it(laptop, vast):
    vast.offer(1)
    vast.fault("PUT", "/asks/", "lost")
    vast.fault("GET", "/api/v1/instances/", 500, times=99, after=1)
    out = laptop("up", expect=1)
    assert "it is unknown whether an instance" in out and "vast.py down" in out
    assert len(vast.billing()) == 1 and laptop.state["requests"]
    vast.faults.clear()
    assert "was rented by a request whose answer got lost" in laptop("down")
    assert vast.instances == {}


def test_when_destroying_fails_the_command_is_shown_loudly(laptop, vast):
    vast.offer(1, onstart="onstart: pip failed\n")
    vast.offer(2)
    vast.fault("DELETE", "/instances/", 500, times=99)
    out = laptop("up", expect=1)
    instance = vast.billing()[0]
    assert "MAY STILL COST MONEY" in out and f"vastai destroy instance {instance} -y" in out
    assert [what for _, what in vast.ledger] == ["rented"], "rented another one meanwhile"
    vast.faults.clear()
    laptop("down")
    assert vast.instances == {}


@pytest.mark.parametrize(
    "number, box, moment",
    [
        (signal.SIGINT, {"stuck": True}, "Pulling image"),
        (signal.SIGHUP, {"ssh": False}, "instance 7001"),
        (signal.SIGTERM, {"onstart": "still installing"}, "instance 7001"),
    ],
)
def test_interrupted_while_renting_leaves_nothing(laptop, vast, number, box, moment):
    vast.offer(1, **box)
    process = laptop.start("up", "vast.boot_minutes=5")
    seen = []
    threading.Thread(target=lambda: seen.extend(iter(process.stdout.readline, "")), daemon=True).start()
    wait_for(lambda: any(moment in line for line in seen))
    time.sleep(0.5)
    process.send_signal(number)
    assert process.wait(PATIENCE) == 130, "".join(seen)
    assert vast.instances == {} and vast.ledger[-1][1] == "destroyed"


def test_killed_while_renting_is_settled_by_down(laptop, vast):
    vast.offer(1, stuck=True)
    process = laptop.start("up", "vast.boot_minutes=5")
    wait_for(lambda: vast.instances)
    process.kill()
    process.wait()
    laptop("down")
    assert vast.instances == {}


def test_two_terminals_at_once(laptop, vast):
    """The second one that would rent, stop or destroy ends at once; looking is allowed, and changes nothing."""
    vast.offer(1, stuck=True)
    first = laptop.start("up", "vast.boot_minutes=5")
    wait_for(lambda: vast.instances)
    for command in ("up", "stop", "down"):
        assert "another vast.py that rents, stops or builds is at work here" in laptop(command, expect=2)
    assert "instance 7001" in laptop("status")
    first.send_signal(signal.SIGINT)
    assert first.wait(PATIENCE) == 130 and vast.instances == {} and [what for _, what in vast.ledger][0] == "rented"


def test_check_rents_nothing_and_says_what_is_missing(ready, vast):
    vast.offer(1)
    out = ready("build", "--check")
    assert "ready (" in out and "credit $9.50" in out and "RTX 4090" in out
    out = ready("build", "--check", "vast.max_price=0.1", expect=1)
    assert "NOT READY: no RTX_4090 below $0.1/h" in out
    assert "NOT READY: vast.ai refused" in ready("build", "--check", expect=1, VAST_API_KEY="another")
    assert vast.instances == {} and vast.ledger == []


def test_when_vast_was_deleted_the_box_is_found_by_its_label(laptop, vast):
    vast.offer(1)
    laptop("up")
    (laptop.root / ".vast/state.json").unlink()
    out = laptop("down", expect=1)
    assert "vast.py adopt 7001" in out and "nothing is rented by this checkout" in out
    assert "another checkout's" in laptop("status")
    for command, status in (("pull", 2), ("stop", 1)):
        out = laptop(command, expect=status)
        assert "nothing is rented" in out and "vast.py adopt 7001" in out
    laptop("adopt", "7001")
    assert "gone, costs nothing" in laptop("down")
    assert vast.instances == {}


# On the box -----------------------------------------------------------------------------------------------------------


SECRET_FILES = [
    ".env", ".env.local", "my.pem", "credentials.json", ".aws/credentials", ".git-credentials", ".npmrc", "token.txt",
    "configs/id_ecdsa", "src/cert.p12", "venv/lib/x.py", ".netrc", "scripts/api_key.txt",
]  # fmt: skip


@pytest.mark.slow
def test_secrets_stay_where_they_belong(ready, vast):
    vast.offer(1)
    for number, name in enumerate(SECRET_FILES):
        (ready.root / name).parent.mkdir(parents=True, exist_ok=True)
        (ready.root / name).write_text(f"file-secret-{number}\n")
    listing, mine = [], os.fsencode(ready.root.parent)
    watching = threading.Event()

    def watch_process_lists():
        while not watching.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    environment = (process / "environ").read_bytes()
                    # Other tests' laptops and boxes have the same keys; that of docs/gpu.md gives one to `vastai set`.
                    if b"WIKILLM_TEST_CLOCK=" not in environment or mine in environment:
                        listing.append((process / "cmdline").read_bytes())
                except OSError:
                    pass
            time.sleep(0.02)

    thread = threading.Thread(target=watch_process_lists)
    thread.start()
    try:
        outputs = [
            ready("up"),
            ready("push"),
            ready("run", "train"),
            ready("logs", "train", "-f"),
            ready("pull"),
            ready("status"),
        ]
    finally:
        watching.set()
        thread.join()
    home = vast.box(ready.instance).home
    secrets = [API_KEY.encode(), b"wandb-secret-77", vast.box(ready.instance).instance_key.encode()]
    for secret in secrets:
        assert not any(secret in line for line in listing), "a key on a command line"
        assert not any(secret.decode() in out for out in outputs)
        for folder in (ready.root, home / "wikillm", home / ".wikillm/jobs"):
            for path in folder.rglob("*"):
                if path.is_file() and ".venv" not in path.parts and ".venv-vast" not in path.parts:
                    assert secret not in path.read_bytes(), path
    assert API_KEY.encode() not in b"".join(p.read_bytes() for p in (home / ".wikillm").iterdir() if p.is_file())
    assert not [name for name in SECRET_FILES if (home / "wikillm" / name).exists()]
    assert "WANDB_API_KEY=wandb-secret-77" in (home / ".wikillm/secrets").read_text()
    private = [
        home / ".wikillm/secrets",
        home / ".wikillm/auth",
        *(ready.root / ".vast").glob("*.json"),
        ready.root / ".vast/ssh_config",
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


@pytest.mark.slow
def test_a_job_outlives_the_connection_and_keeps_its_status(ready, vast):
    vast.offer(1, hold="step_0000020")
    ready("up")
    ready("push")
    assert "did you mean train?" in ready("run", "trian", expect=2)
    home = vast.box(ready.instance).home
    ready("run", "train")
    wait_for(lambda: (home / "wikillm/checkpoints/base/step_0000020").exists())
    vast.box(ready.instance).cut_connections()
    assert "running already" in ready("run", "train", expect=2)
    pulling = ready.start("pull", "--every", "1s")
    wait_for(lambda: (ready.root / "checkpoints/base/step_0000020").exists())
    assert pulling.poll() is None, "did not go on until nothing runs"
    (home / "go").touch()
    assert "base/step_0000040" in pulling.communicate(timeout=PATIENCE)[0] and pulling.returncode == 0
    ready("run", "sample", "sample.checkpoint=nowhere")
    assert "ended with status 2" in ready("logs", "sample", "-f")
    assert "sample: ended with status 2" in ready("status")


@pytest.mark.slow
def test_cut_while_pushing_and_while_pulling(ready, vast):
    """What arrived half is not taken for whole, and the same command finishes it."""
    vast.offer(1)
    ready("up")
    tools = ready.root.parent / "slow"  # a line slow enough to be cut in the middle of a file
    tools.mkdir()
    (tools / "rsync").write_text(f'#!/bin/sh\nexec {shutil.which("rsync")} --bwlimit=1000 "$@"\n')
    (tools / "rsync").chmod(0o755)
    slow = {"PATH": f"{tools}:{os.environ['PATH']}"}
    big = os.urandom(30_000_000)
    (ready.root / "data/tokens/big.bin").write_bytes(big)
    home = vast.box(ready.instance).home
    pushing = ready.start("push", **slow)
    wait_for(lambda: list((home / "wikillm/data/tokens").glob(".big.bin*")))
    vast.box(ready.instance).cut_connections()
    out, _ = pushing.communicate(timeout=PATIENCE)
    assert pushing.returncode == 1 and "is still rented" in out
    ready("push")
    assert (home / "wikillm/data/tokens/big.bin").read_bytes() == big
    ready("run", "train")
    ready("logs", "train", "-f")
    step = home / "wikillm/checkpoints/base/step_0000040"
    (step / "extra.bin").write_bytes(big)
    pulling = ready.start("pull", **slow)
    wait_for(lambda: list((ready.root / "checkpoints/base").glob(".pulling-step_0000040/.extra*")))
    vast.box(ready.instance).cut_connections()
    pulling.communicate(timeout=PATIENCE)
    assert pulling.returncode == 1 and not (ready.root / "checkpoints/base/step_0000040").exists()
    ready("pull")
    assert (ready.root / "checkpoints/base/step_0000040/model.safetensors").read_bytes() == (
        step / "model.safetensors"
    ).read_bytes()


@pytest.mark.slow
def test_a_damaged_checkpoint_is_not_taken(ready, vast):
    vast.offer(1)
    ready("up")
    ready("push")
    ready("run", "train")
    ready("logs", "train", "-f")
    weights = vast.box(ready.instance).home / "wikillm/checkpoints/base/step_0000040/model.safetensors"
    good = weights.read_bytes()
    weights.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert "model.safetensors is damaged" in ready("pull", expect=1)
    assert not (ready.root / "checkpoints/base/step_0000040").exists()
    assert (ready.root / "checkpoints/base/step_0000030").exists()
    out = ready("down", expect=1)
    assert "nothing was destroyed" in out and "--lose-work" in out and vast.billing() == [ready.instance]
    weights.write_bytes(good)
    ready("down")
    assert (ready.root / "checkpoints/base/step_0000040").exists() and vast.instances == {}


@pytest.mark.slow
def test_down_by_one_config_saves_and_fetches_what_another_one_makes(ready, vast):
    """`python scripts/vast.py down`, as every message says it, while a stage of another config trains."""
    vast.offer(1)
    (ready.root / "configs/other.yaml").write_text("inherits: tiny.yaml\nout: runs/other\ncorpus: .\n")
    other = ["--config", "configs/other.yaml"]
    ready("up")
    ready("push", *other)
    never = [f"train.{key}=100000000" for key in ("max_iters", "checkpoint_interval", "eval_interval")]
    ready("run", "train", *other, *never)
    log = vast.box(ready.instance).home / ".wikillm/jobs/train/log"
    wait_for(lambda: log.exists() and "tok/s" in log.read_text())
    ready("down")
    made = list((ready.root / "runs/other/checkpoints/base").glob("step_*/model.safetensors"))
    assert made and vast.instances == {}, "what was not here was destroyed"


def test_down_destroys_only_what_is_in_the_state_file(laptop, vast):
    vast.offer(1)
    vast.offer(2)
    vast.create(1, {"label": "somebody-elses"})
    laptop("up")
    laptop("down")
    assert [row["request"]["label"] for row in vast.instances.values()] == ["somebody-elses"]


def test_stop_and_start(ready, vast):
    vast.offer(1)
    ready("up")
    ready("push")
    assert "its disk costs $0.48 a day" in ready("stop")
    assert vast.billing() == [] and vast.storing() == [ready.instance]
    wait_for(lambda: vast.box(ready.instance).server is None)
    for command in (["push"], ["pull", "--every", "1s"], ["run", "train"], ["logs", "train"]):
        assert "is stopped; first: python scripts/vast.py start" in ready(*command, expect=1)
    ready("start")
    assert vast.billing() == [ready.instance]
    assert ready.ssh("ls wikillm/data/tokens/train.bin").strip() == "wikillm/data/tokens/train.bin"


# The meter guard ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_box_with_nothing_to_do_stops_itself(ready, vast):
    vast.offer(1)
    vast.fault("PUT", r"/instances/\d+/", 500, times=2)  # of its key when it starts, and of the first stop
    ready("up", "vast.idle_minutes=0.5")
    assert "this box cannot stop itself" in ready("status")
    wait_for(lambda: vast.storing())
    assert vast.billing() == []
    assert "stopped" in ready("status")


@pytest.mark.slow
def test_the_idle_clock_starts_when_the_job_ends(ready, vast):
    vast.offer(1)
    ready("up")
    ready("push")
    instance = ready.instance
    job = vast.box(instance).home / ".wikillm/jobs/train"
    ready("run", "train", "vast.idle_minutes=0.2")
    wait_for(lambda: (job / "exit").exists())
    assert vast.billing() == [instance], "stopped while the job ran"
    wait_for(lambda: vast.storing())
    assert (vast.box(instance).home / "wikillm/checkpoints/base/step_0000040/hashes.json").exists()


@pytest.mark.slow
def test_at_the_cap_a_running_job_is_ended_in_order_and_the_box_stopped(ready, vast):
    vast.offer(1, dph=0.4)
    ready("up")
    ready("push")
    home = vast.box(ready.instance).home
    rented = ready.state["instance"]["rented"]
    endless = ["train.max_iters=100000000", "train.checkpoint_interval=100000000"]
    ready("run", "train", *endless, "--max-hours", "2", "--max-dollars", "0.4")  # $0.40 is an hour
    file = home / ".wikillm/limits.json"
    limits = json.loads(file.read_text())
    assert limits["seconds_left"] == pytest.approx(rented + 3600 - file.stat().st_mtime, abs=300)  # not 2 h
    assert limits["laptop_hours"] == ready.config["vast"]["laptop_hours"] and limits["idle_minutes"] == 5
    wait_for(lambda: "step" in (home / ".wikillm/jobs/train/log").read_text())
    new = file.with_name("limits.for-test")  # the moment has come
    new.write_text(json.dumps({**limits, "seconds_left": 0}))
    new.replace(file)
    wait_for(lambda: vast.storing())  # minutes: it waits for this machine to fetch what was saved
    assert "cap" in (home / ".wikillm/ending").read_text()
    assert (home / ".wikillm/jobs/train/exit").read_text().strip() == "75", "killed, or taken for finished"
    assert list((home / "wikillm/checkpoints/base").glob("step_*/hashes.json")), "the trainer had no time to save"
    assert vast.billing() == []


@pytest.mark.slow
def test_a_restart_of_the_container_brings_back_guard_and_job(ready, vast):
    """On another port, with processes of other numbers: what vast.ai calls a reboot."""
    vast.offer(1, hold="step_0000020")
    ready("up")
    ready("push")
    box = vast.box(ready.instance)
    ready("run", "train")
    wait_for(lambda: (box.home / "wikillm/checkpoints/base/step_0000020").exists())
    guard = (box.home / ".wikillm/guard.pid").read_text()
    box.kill()
    box.port = free_port()
    (box.home / "go").touch()
    box.boot()
    wait_for(lambda: (box.home / ".wikillm/guard.pid").read_text() != guard)
    wait_for(lambda: (box.home / ".wikillm/jobs/train/exit").exists())
    assert (box.home / ".wikillm/jobs/train/exit").read_text().strip() == "0"
    assert "train: ended with status 0" in ready("status"), "its new address was not asked for"
    ready("down")
    assert (ready.root / "checkpoints/base/step_0000040").exists() and vast.instances == {}


@pytest.mark.slow
def test_a_pid_file_whose_number_lives_again_is_no_job(ready, vast):
    vast.offer(1)
    ready("up", "vast.idle_minutes=0.5")
    job = vast.box(ready.instance).home / ".wikillm/jobs/train"
    job.mkdir(parents=True)
    (job / "pid").write_text(f"{os.getpid()} 1\n")
    assert "train: lost" in ready("status")
    wait_for(lambda: vast.storing())
