"""`vast.py build`: the GPU half of a config on boxes that vanish, are interrupted, cost too much; and once in full."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from random import Random

import pytest
from laptop import PATIENCE, pytestmark, wait_for  # noqa: F401

from scripts.rental import ledger

TO_TRAIN = ("--to", "train")


@pytest.fixture(scope="module")
def undisturbed(prepared) -> bytes:
    """The weights of the same training run on this machine, never interrupted."""
    ran = subprocess.run(
        [sys.executable, prepared / "src/train.py", "--config", prepared / "configs/tiny.yaml"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    return (prepared / "checkpoints/base/step_0000040/model.safetensors").read_bytes()


def result(laptop) -> bytes:
    return (laptop.root / "checkpoints/base/latest/model.safetensors").read_bytes()


def follow(process: subprocess.Popen) -> list[str]:
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(iter(process.stdout.readline, "")), daemon=True)
    thread.start()
    return seen


@pytest.mark.slow
def test_to_the_end_of_train_and_nothing_rented(ready, vast, undisturbed):
    vast.offer(1)
    out = ready("build", *TO_TRAIN)
    assert "built configs/tiny.yaml" in out and "gone, costs nothing" in out
    assert vast.instances == {} and result(ready) == undisturbed


@pytest.mark.slow
def test_a_box_that_vanishes_is_replaced_and_the_result_is_the_same(ready, vast, undisturbed):
    vast.offer(1, dph=0.3, hold="step_0000020")
    vast.offer(2, dph=0.4)
    process = ready.start("build", *TO_TRAIN)
    seen = follow(process)
    wait_for(lambda: (ready.root / "checkpoints/base/step_0000020").exists() or process.poll() is not None)
    vast.vanish(7001)
    assert process.wait(PATIENCE) == 0, "".join(seen)
    assert any("another box goes on" in line for line in seen)
    assert [what for _, what in vast.ledger] == ["rented", "vanished", "rented", "destroyed"] and vast.instances == {}
    assert result(ready) == undisturbed


@pytest.mark.slow
def test_an_outbid_box_is_stopped_and_kept_and_another_goes_on_to_the_same_result(ready, vast, undisturbed):
    vast.offer(1, dph=0.3, hold="step_0000020")
    vast.offer(2, dph=0.4, hold="step_0000030")
    process = ready.start("build", *TO_TRAIN, "vast.outbid_minutes=0.02")
    seen = follow(process)
    wait_for(lambda: (ready.root / "checkpoints/base/step_0000020").exists() or process.poll() is not None)
    vast.outbid(7001)
    held = vast.folder / "box-7002/wikillm/checkpoints/base/step_0000030"
    wait_for(lambda: held.exists() or process.poll() is not None)
    assert vast.storing() == [7001] and vast.billing() == [7002], "".join(seen)
    assert any("instance 7001 was left behind" in line for line in seen)
    (vast.box(7002).home / "go").touch()
    assert process.wait(PATIENCE) == 0, "".join(seen)
    happened = [(7001, "rented"), (7001, "stopped"), (7002, "rented"), (7002, "destroyed"), (7001, "destroyed")]
    assert list(vast.ledger) == happened and vast.instances == {} and result(ready) == undisturbed


@pytest.mark.slow
def test_a_stopped_box_whose_gpu_is_taken_ends_with_choices_that_work(ready, vast, undisturbed):
    vast.offer(1, hold="step_0000020")
    process = ready.start("build", *TO_TRAIN)
    wait_for(lambda: (ready.root / "checkpoints/base/step_0000010").exists())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (vast.box(7001).home / "go").touch()
    ready("stop")
    vast.outbid(7001)
    out = ready("build", *TO_TRAIN, "vast.boot_minutes=0.05", expect=1)
    assert "somebody else has its GPU" in out and "its disk costs $0.48 a day" in out and vast.storing() == [7001]
    choices = ["start", "build --elsewhere", "down --lose-work"]
    assert re.findall(r"python scripts/vast.py (start|build \S+|down \S+)", out.split("NOTE:")[0]) == choices
    assert "somebody else has its GPU" in ready("start", "vast.boot_minutes=0.05", expect=1)
    assert vast.storing() == [7001] and vast.billing() == []
    vast.offer(2)
    assert "built configs/tiny.yaml" in ready(*choices[1].split(), *TO_TRAIN)
    assert vast.instances == {} and result(ready) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["== push", "== the build runs"])
def test_interrupted_it_says_what_costs_and_goes_on_later(ready, vast, undisturbed, moment):
    vast.offer(1, hold="step_0000030")
    process = ready.start("build", *TO_TRAIN)
    seen = follow(process)
    wait_for(lambda: any(moment in line for line in seen))
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to ssh and rsync too
    assert process.wait(PATIENCE) == 130
    (vast.box(7001).home / "go").touch()
    wait_for(lambda: any("is still rented" in line for line in seen))
    assert vast.billing() == [7001]
    assert "built configs/tiny.yaml" in ready("build", *TO_TRAIN)
    assert vast.instances == {} and [what for _, what in vast.ledger] == ["rented", "destroyed"]
    assert result(ready) == undisturbed


@pytest.mark.slow
def test_a_checkout_that_was_moved_and_a_config_that_was_renamed_are_the_same_build(ready, vast, undisturbed):
    vast.offer(1, hold="step_0000020")
    process = ready.start("build", *TO_TRAIN)
    wait_for(lambda: (ready.root / "checkpoints/base/step_0000010").exists())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    ready.root = ready.root.rename(ready.root.with_name("moved"))
    (ready.root / "configs/tiny.yaml").rename(ready.root / "configs/renamed.yaml")
    (vast.box(7001).home / "go").touch()
    assert "built configs/renamed.yaml" in ready("build", "--config", "configs/renamed.yaml", *TO_TRAIN)
    assert vast.instances == {} and [what for _, what in vast.ledger] == ["rented", "destroyed"]
    assert result(ready) == undisturbed


@pytest.mark.slow
def test_a_cut_connection_is_ridden_out(ready, vast, undisturbed):
    vast.offer(1, hold="step_0000020")
    process = ready.start("build", *TO_TRAIN)
    seen = follow(process)
    wait_for(lambda: any("== all is on the box" in line for line in seen))
    for _ in range(3):
        vast.box(7001).cut_connections()
        time.sleep(0.3)
    (vast.box(7001).home / "go").touch()
    assert process.wait(PATIENCE) == 0, "".join(seen)
    assert result(ready) == undisturbed and vast.instances == {}


@pytest.mark.slow
def test_the_cap_ends_a_build_with_everything_saved_pulled_and_stopped(ready, vast, undisturbed):
    vast.offer(1, hold="step_0000020")
    process = ready.start("build", *TO_TRAIN, "--max-hours", "2")
    wait_for(lambda: (ready.root / "checkpoints/base/step_0000010").exists())
    while process.poll() is None:  # two hours pass; again and again, as vast.py writes the file too
        state = ready.state
        if state["instance"] and time.time() - state["ledger"][0]["prices"][0][0] < 7200:
            state["ledger"][0]["prices"][0][0] -= 7200
            new = ready.root / ".vast/state.for-test"
            new.write_text(json.dumps(state))
            new.replace(ready.root / ".vast/state.json")
        time.sleep(0.3)
    out = process.stdout.read()
    assert process.returncode == 1
    assert "the cap of 2 hours is reached" in out and "its disk costs $0.48 a day" in out
    assert vast.storing() == [7001] and (ready.root / "checkpoints/base/step_0000020").exists()
    assert "the cap of 2 hours is reached" in ready("build", *TO_TRAIN, "--max-hours", "2", expect=1), "went on"
    assert vast.billing() == [] and vast.storing() == [7001]
    assert "built configs/tiny.yaml" in ready("build", *TO_TRAIN, "--max-hours", "9")
    assert vast.instances == {} and result(ready) == undisturbed


@pytest.mark.slow
def test_a_stage_that_fails_keeps_the_box_and_says_so(ready, vast):
    vast.offer(1)
    out = ready("build", "--to", "train", "train.optimizer=muon", "model.n_embd=18", expect=2)
    assert "n_embd" in out and vast.instances == {}, "a config that cannot work must not rent anything"
    (ready.root / "data/tokens/val.bin").write_bytes(b"\0")
    out = ready("build", *TO_TRAIN, expect=1)
    assert "the build failed with status" in out and "is still rented" in out and vast.billing() == [ready.instance]


def test_tokens_first_and_unknown_stages(laptop, vast):
    assert "not made yet; first: bash scripts/run_all.sh" in laptop("build", expect=2)
    assert "the stages of a build are train," in laptop("build", "--to", "tarin", expect=2)
    assert vast.log == []


@pytest.mark.slow
def test_when_the_last_destroy_fails_it_is_loud(ready, vast):
    vast.offer(1)
    vast.fault("DELETE", "/instances/", 500, times=99)
    out = ready("build", "--to", "train", expect=1)
    assert "MAY STILL COST MONEY" in out and vast.billing() == [7001]
    assert (ready.root / "checkpoints/base/step_0000040").exists()


@pytest.mark.slow
def test_the_command_killed_at_five_moments_ends_with_the_same_weights(ready, vast, undisturbed):
    """And the last time the box had done its work and stopped itself meanwhile."""
    vast.offer(1, hold="step_0000030")
    random = Random(7)
    for moment in ("instance 7001", "== push", "== the build runs", "pulled: base/step_0000010", "pulled: base"):
        process = ready.start("build", *TO_TRAIN, "vast.idle_minutes=0.5")
        seen = follow(process)
        # What an earlier round has pulled is not pulled again: it is killed while it watches, then.
        last = time.monotonic() + (40 if moment.startswith("pulled") else PATIENCE)
        wait_for(lambda wanted=moment, seen=seen, last=last: time.monotonic() > last or any(wanted in s for s in seen))
        time.sleep(random.random())
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    (vast.box(7001).home / "go").touch()
    wait_for(lambda: vast.storing())
    assert "built configs/tiny.yaml" in ready("build", *TO_TRAIN, "vast.idle_minutes=0.5")
    assert vast.instances == {} and result(ready) == undisturbed
    assert [what for _, what in vast.ledger] == ["rented", "stopped", "started", "destroyed"]
    (entry,) = ready.state["history"]
    prices = [price for _, price, _ in entry["prices"]]
    assert prices == [0.4, 0.02, 0.4, 0], "the bill has not the guard's stop in it"


DEMO_STEPS = int(os.environ.get("WIKILLM_DEMO_STEPS", "60"))  # of 1000; more take minutes


@pytest.mark.slow
def test_the_demo_killed_at_five_random_moments_and_left_for_days_ends_with_the_same_weights(laptop, vast, miniwiki):
    """configs/demo.yaml's model and data. The box ends its work while nobody is there, and stops itself; two and a
    half days later everything comes home. The bill is vast.ai's."""
    (dump,) = miniwiki.glob("*.xml.bz2")
    settings = [
        "--config", "configs/demo.yaml", f"data.dump={dump}", f"train.max_iters={DEMO_STEPS}",
        f"train.checkpoint_interval={DEMO_STEPS // 4}", "train.eval_interval=1000", "train.log_interval=5",
        f"vast.ssh_key={laptop.home}/id_ed25519", "vast.poll_seconds=0.2", "vast.boot_minutes=2",
        "vast.pull_minutes=0.02", "vast.idle_minutes=0.5"]  # fmt: skip
    run = ["bash", laptop.root / "scripts/run_all.sh", *settings]
    environment = {**laptop.env, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    subprocess.run([*run, "--to", "pack_tokens"], cwd=laptop.root, env=environment, check=True, timeout=900)
    demo = laptop.root / "demo/checkpoints/base"
    subprocess.run(
        [*run, "--from", "train", "--to", "train"], cwd=laptop.root, env=environment, check=True, timeout=900
    )
    undisturbed = (demo / "latest/model.safetensors").read_bytes()
    shutil.rmtree(demo)

    last = f"step_{DEMO_STEPS:07d}"
    vast.offer(1, dph=0.4, hold=last)
    random = Random(DEMO_STEPS)
    for _ in range(5):
        process = laptop.start("build", *TO_TRAIN, *settings)
        time.sleep(random.uniform(0.5, 15))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    process = laptop.start("build", *TO_TRAIN, *settings)  # somewhere in the push, or while it trains
    seen = follow(process)
    wait_for(lambda: process.poll() is not None or any("all is on the box" in line or "step " in line for line in seen))
    assert process.poll() is None, "".join(seen)
    os.killpg(process.pid, signal.SIGKILL)  # the lid is closed
    process.wait()
    (box,) = [row["box"] for row in vast.instances.values()]
    wait_for(lambda: (box.home / "wikillm/demo/checkpoints/base" / last).exists())
    (box.home / "go").touch()
    wait_for(lambda: vast.storing())
    vast.days_pass(2.5)
    out = laptop("build", *TO_TRAIN, *settings)
    assert (demo / "latest/model.safetensors").read_bytes() == undisturbed and vast.instances == {}
    ours = sum(ledger.spent(entry, vast.now())[1] for entry in laptop.state["history"])
    theirs = sum(vast.dollars(number, 0.4, 0.02) for number in {i for i, _ in vast.ledger})
    assert 60 * 0.02 <= theirs and ours == pytest.approx(theirs, abs=0.4 / 60), f"more than a minute apart\n{out}"


@pytest.mark.slow
def test_from_a_dump_to_a_judged_model(laptop, vast, miniwiki):
    """The data stages here, everything after them on the box; at the end the judged model is here and nothing is
    rented."""
    (dump,) = miniwiki.glob("*.xml.bz2")
    settings = [
        f"data.dump={dump}",
        "data.shard_articles=300",
        "data.val_fraction=0.05",
        "model.vocab_size=1024",
        "model.block_size=96",
        "teacher.backend=rules",
        "sft.articles=80",
        "sft.conversations=4",
        "sft.epochs=1",
        "pref.prompts=30",
        "pref.samples=2",
        "pref.max_new_tokens=12",
        "pref.val_fraction=0.2",
        "judge.prompts=8",
        "judge.max_new_tokens=12",
    ]
    made = subprocess.run(
        ["bash", laptop.root / "scripts/run_all.sh", "--config", "configs/tiny.yaml", "--to", "pack_tokens", *settings],
        cwd=laptop.root,
        env={**laptop.env, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert made.returncode == 0, made.stderr
    vast.offer(1, dph=0.4)
    out = laptop("build", *settings)
    print(out)
    stages = ("train", "gen_sft_data", "train_sft", "gen_pref_data", "train_dpo", "eval_ppl", "judge_eval")
    bill = (laptop.root / "reports/bill.md").read_text()
    assert all(f"| {stage} |" in bill for stage in stages)
    assert "built already" in laptop("build", *settings) and len(vast.ledger) == 2, "outputs decide"
    verdict = json.loads((laptop.root / "reports/judge.json").read_text())
    assert "sft" in json.dumps(verdict) and "dpo" in json.dumps(verdict) and (laptop.root / "reports/ppl.md").exists()
    for stage in ("base", "sft", "dpo"):
        assert (laptop.root / f"checkpoints/{stage}/latest/model.safetensors").exists(), stage
    assert vast.instances == {} and [what for _, what in vast.ledger] == ["rented", "destroyed"]
    assert "gone, costs nothing" in out.split("built configs/tiny.yaml:")[1]
