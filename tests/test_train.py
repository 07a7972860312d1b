"""Pretraining: it learns, resumes bit for bit, survives what goes wrong; each failure is provoked."""

import json
import math
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch._dynamo.exc import TorchDynamoException

import train
from crashes import crash_and_resume, crash_at
from gpt import checkpoints, preflight, run_log
from gpt.gradients import Gradients
from gpt.machine import Workers
from gpt.run_log import read_log
from gpt.tokenizer import Tokenizer
from gpt.tokens import Batches, TokenFile, open_tokens
from model import ModelConfig, WikiGPT
from pipeline.config import InputError, load_config
from tiny import tiny_tokenizer, token_files

ROOT = Path(__file__).resolve().parents[1]
BLOCK = 16


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """A child forked from a process with OpenMP threads waits for them for ever; and sums depend on their number."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A tokenizer and token files, some 6,000 tokens."""
    return token_files(tmp_path_factory.mktemp("data"))


def config(data: Path, out: Path, *overrides: str):
    """A model of 2 layers and 12 steps of 8 sequences."""
    return load_config(
        "configs/base.yaml",
        [
            "model.vocab_size=280",
            "model.n_layer=2",
            "model.n_head=2",
            "model.n_embd=32",
            f"model.block_size={BLOCK}",
            "model.d_ff=48",
            f"tokenizer.path={data}/tokenizer.json",
            f"data.train_bin={data}/train.bin",
            f"data.val_bin={data}/val.bin",
            "train.device=cpu",
            "train.dtype=float32",
            "train.compile=false",
            "train.micro_batch_size=4",
            "train.grad_accum_steps=2",
            "train.max_iters=12",
            "train.warmup_iters=2",
            "train.lr=0.01",
            "train.min_lr=0.001",
            "train.eval_interval=6",
            "train.eval_iters=3",
            "train.eval_batch_size=4",
            "train.log_interval=3",
            "train.checkpoint_interval=4",
            "train.sample_prompts=['Gold is']",
            "train.sample_tokens=4",
            f"train.checkpoint_dir={out}",
            "wandb.mode=disabled",
            *overrides,
        ],
    )


@pytest.fixture(autouse=True)
def no_curves(monkeypatch):
    """Half a second each; `undisturbed`, which is made before this takes hold, has them drawn."""
    monkeypatch.setattr(run_log, "draw_curves", lambda *_: None)


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory) -> Path:
    """The run of the plain config, from beginning to end."""
    out = tmp_path_factory.mktemp("undisturbed")
    train.main(config(data, out))
    return out / "base"


def weights(folder: Path) -> bytes:
    return (folder / "latest/model.safetensors").read_bytes()


def losses(folder: Path) -> dict[int, float]:
    records = [r for r in read_log(folder) if "loss" in r]
    assert len({r["step"] for r in records}) == len(records), "a step stands twice in the log"
    return {r["step"]: r["loss"] for r in records}


# it learns, and leaves what it should


def test_a_run_learns_and_leaves_a_whole_checkpoint(undisturbed):
    curve = losses(undisturbed)
    assert list(curve) == list(range(1, 13))
    assert curve[1] == pytest.approx(math.log(280), abs=0.3)  # at first every token is as likely as any other
    assert curve[12] < curve[1] - 1
    evals = {r["step"]: r for r in read_log(undisturbed) if "val_loss" in r}
    assert list(evals) == [6, 12] and evals[12]["val_loss"] < evals[6]["val_loss"]
    assert [r["step"] for r in read_log(undisturbed) if "samples" in r] == [6, 12]
    assert os.readlink(undisturbed / "latest") == os.readlink(undisturbed / "best") == "step_0000012"
    assert [p.name for p in sorted(undisturbed.glob("step_*"))] == ["step_0000008", "step_0000012"]
    assert (undisturbed / "curves.png").stat().st_size > 5000
    state = json.loads((undisturbed / "latest/training_state/state.json").read_text())
    assert state["step"] == 12 and state["tokens"] == 12 * 8 * BLOCK and state["config"]["train"]["lr"] == 0.01


def test_one_batch_can_be_learned_by_heart(data, tmp_path):
    ids = TokenFile(data / "train.bin").ids[: BLOCK + 1]
    few = tmp_path / "data"
    few.mkdir()
    (few / "train.bin").write_bytes(ids.tobytes())
    about = json.loads((data / "train.json").read_text()) | {"tokens": len(ids)}
    (few / "train.json").write_text(json.dumps(about))
    train.main(
        config(
            data,
            tmp_path / "out",
            f"data.train_bin={few}/train.bin",
            "train.max_iters=150",
            "train.eval_interval=150",
            "train.optimizer=muon",
        )
    )
    assert losses(tmp_path / "out/base")[150] < 0.3


def test_val_loss_and_bits_per_byte_by_hand(undisturbed, data):
    """All windows of val.bin one token after another, with a plain softmax."""
    model, tokenizer = checkpoints.load(undisturbed / "latest")
    val = TokenFile(data / "val.bin")
    ids = val.ids[: 3 * 4 * BLOCK].astype(int).tolist()  # eval_iters x eval_batch_size windows
    nats = 0.0
    for start in range(0, len(ids), BLOCK):
        context = torch.tensor([([tokenizer.end_id] + ids)[start : start + BLOCK]])
        logp = F.log_softmax(model(context)[0].double(), dim=-1)
        nats -= sum(logp[i, token].item() for i, token in enumerate(ids[start : start + BLOCK]))
    record = [r for r in read_log(undisturbed) if "val_loss" in r][-1]
    assert record["val_loss"] == pytest.approx(nats / len(ids), rel=1e-5)
    assert record["val_bits_per_byte"] == pytest.approx(
        nats / len(ids) / math.log(2) / (val.text_bytes / val.tokens), rel=1e-5
    )


def test_a_steps_gradient_is_that_of_its_whole_batch(data, tmp_path):
    """Micro-batches of 3, 3 and 2 sequences: their sum over the true count is the mean over all 8."""
    cfg = config(data, tmp_path)
    tokens = open_tokens(data / "train.bin", Tokenizer(data / "tokenizer.json"), 280)
    batches = Batches(tokens, BLOCK, 8, seed=5)
    torch.manual_seed(0)
    model = WikiGPT(ModelConfig.of(cfg.model))
    inputs, targets = (torch.from_numpy(a) for a in batches.batch(7, 0, 8))
    mean = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
    mean.backward()
    expected = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    workers = Workers(torch.device("cpu"))
    gradients = Gradients(model, train.loss_on(workers), batches, workers, 3, "float32")
    assert gradients(7)["loss"].item() == pytest.approx(mean.item(), rel=1e-5)
    for p, grad in zip(model.parameters(), expected):
        torch.testing.assert_close(p.grad, grad, rtol=1e-4, atol=1e-6)


# exact and safe


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("train.optimizer=muon", "train.lr_schedule=linear", "train.zero_init_proj=true"),
        ("model.dropout=0.2",),
        ("train.copying_heads=2", "train.repeats=0.5"),
    ],
    ids=["adamw", "muon", "dropout", "copying"],
)
def test_a_crashed_run_ends_with_the_same_bytes(data, tmp_path, monkeypatch, overrides):
    train.main(config(data, tmp_path / "a", *overrides))
    crash_and_resume(
        monkeypatch, config(data, tmp_path / "b", *overrides), step=7
    )  # goes on from the checkpoint of step 4 or 6
    assert weights(tmp_path / "a/base") == weights(tmp_path / "b/base")
    assert losses(tmp_path / "a/base") == losses(tmp_path / "b/base")


def test_copying_heads_need_two_layers_and_two_heads(data, tmp_path):
    with pytest.raises(InputError, match="copying_heads.*2 layers, with as many heads"):
        train.main(config(data, tmp_path, "train.copying_heads=2", "model.n_layer=1"))


def test_seed_decides(data, tmp_path, undisturbed):
    train.main(config(data, tmp_path, "train.seed=1"))
    assert weights(tmp_path / "base") != weights(undisturbed)


def start(cfg) -> multiprocessing.Process:
    """The run in a child that shares our imports, so that it is at work at once."""
    process = multiprocessing.get_context("fork").Process(target=train.main, args=(cfg,))
    process.start()
    return process


@pytest.mark.slow
def test_sigkill_at_random_moments_changes_nothing(data, tmp_path):
    """Checkpoints at every step, so that many of the kills meet one that is being written."""
    overrides = (
        "train.max_iters=500",
        "train.checkpoint_interval=1",
        "train.eval_interval=125",
        "train.log_interval=1",
    )
    train.main(config(data, tmp_path / "a", *overrides))
    cfg, rng, kills = config(data, tmp_path / "b", *overrides), random.Random(0), 0
    while kills < int(os.environ.get("WIKILLM_TEST_KILLS", 20)):
        process = start(cfg)
        process.join(timeout=rng.uniform(0.05, 0.4))
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        kills += 1
    assert kills >= 20 or "WIKILLM_TEST_KILLS" in os.environ, "the run ended before that"
    train.main(cfg)
    assert weights(tmp_path / "a/base") == weights(tmp_path / "b/base")
    assert losses(tmp_path / "a/base") == losses(tmp_path / "b/base")
    assert not list((tmp_path / "b/base").glob(".writing-*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_finishes_the_step_saves_and_leaves_with_0(data, tmp_path, number, capfd):
    cfg = config(
        data,
        tmp_path,
        "train.max_iters=100000",
        "train.eval_interval=100000",
        "train.checkpoint_interval=100000",
        "train.log_interval=1",
    )
    process = start(cfg)
    deadline = time.monotonic() + 300
    while len(read_log(tmp_path / "base")) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, number)
    process.join(timeout=300)
    assert process.exitcode == 0
    state, _ = checkpoints.load_training_state(tmp_path / "base/latest")
    assert state["step"] >= 3 and max(losses(tmp_path / "base")) == state["step"]
    assert (
        f"stopped at step {state['step']} ({signal.Signals(number).name}). To go on: python" in capfd.readouterr().out
    )


@pytest.mark.parametrize("told", [signal.SIGINT, None])
def test_a_reader_that_leaves_ends_no_run(data, tmp_path, told):
    """`train.py 2>&1 | tee log` and Ctrl-C: tee is gone at once, and what is printed then finds nobody. It is saved."""
    steps = 100_000 if told else 40
    cfg = config(
        data, tmp_path, f"train.max_iters={steps}", "train.eval_interval=100000", "train.checkpoint_interval=100000",
        "train.log_interval=1",
    )  # fmt: skip
    reads, writes = os.pipe()

    def train_into_the_pipe():
        os.close(reads)
        os.dup2(writes, 1), os.dup2(writes, 2)
        sys.stdout, sys.stderr = open(1, "w", buffering=1), open(2, "w", buffering=1)
        train.main(cfg)

    process = multiprocessing.get_context("fork").Process(target=train_into_the_pipe)
    process.start()
    os.close(writes)
    with open(reads) as tee:
        while not tee.readline().startswith("step      2"):
            assert process.is_alive()
    if told:
        os.kill(process.pid, told)
    process.join(timeout=300)
    assert process.exitcode == 0
    state, _ = checkpoints.load_training_state(tmp_path / "base/latest")
    assert state["step"] == steps or (told and 2 <= state["step"] < steps)


def test_a_damaged_newest_checkpoint_is_passed_over(data, tmp_path, undisturbed, capsys, monkeypatch):
    cfg = config(data, tmp_path)
    crash_at(monkeypatch, 11)
    with pytest.raises(MemoryError):
        train.main(cfg)
    newest = tmp_path / "base/step_0000008/model.safetensors"
    content = bytearray(newest.read_bytes())
    content[-5] ^= 1
    newest.write_bytes(content)
    train.main(cfg)
    out = capsys.readouterr().out
    assert (
        "step_0000008: model.safetensors is damaged; using the checkpoint before it" in out and "going on from" in out
    )
    assert weights(tmp_path / "base") == weights(undisturbed)


def test_another_micro_batch_keeps_the_data_order(data, tmp_path, undisturbed, monkeypatch):
    crash_at(monkeypatch, 7)
    with pytest.raises(MemoryError):
        train.main(config(data, tmp_path))
    train.main(config(data, tmp_path, "train.micro_batch_size=2", "train.grad_accum_steps=4"))
    ours, straight = losses(tmp_path / "base"), losses(undisturbed)
    assert list(ours) == list(straight)
    for step in straight:
        assert ours[step] == pytest.approx(straight[step], rel=1e-4)


def test_a_finished_run_does_nothing_and_a_longer_one_goes_on(data, tmp_path, capsys):
    train.main(config(data, tmp_path))
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "base").rglob("*") if p.is_file()}
    capsys.readouterr()
    train.main(config(data, tmp_path))
    assert "has all 12 steps" in capsys.readouterr().out
    assert before == {p: p.stat().st_mtime_ns for p in (tmp_path / "base").rglob("*") if p.is_file()}
    train.main(config(data, tmp_path, "train.max_iters=14"))
    assert "train.max_iters is 14, until now 12" in capsys.readouterr().out
    assert max(losses(tmp_path / "base")) == 14 and len(losses(tmp_path / "base")) == 14


def test_two_runs_in_one_folder_are_refused(data, tmp_path):
    from pipeline.files import lock

    with lock(tmp_path / ".base"), pytest.raises(InputError, match="another run"):
        train.main(config(data, tmp_path))


# what goes wrong


def test_out_of_memory_halves_the_micro_batch(data, tmp_path, undisturbed, monkeypatch, capsys):
    real = WikiGPT.forward

    def forward(self, ids, targets=None, **others):
        if targets is not None and len(ids) > 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.00 GiB")
        return real(self, ids, targets, **others)

    monkeypatch.setattr(WikiGPT, "forward", forward)
    train.main(config(data, tmp_path))
    out = capsys.readouterr().out
    assert "micro_batch_size is now 2" in out and "micro_batch_size is now 1" in out
    for step, loss in losses(undisturbed).items():
        assert losses(tmp_path / "base")[step] == pytest.approx(loss, rel=1e-4)


def test_out_of_memory_at_one_sequence_is_the_users_to_mend(data, tmp_path, monkeypatch):
    def forward(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(WikiGPT, "forward", forward)
    with pytest.raises(InputError, match="out of memory even at micro_batch_size 1"):
        train.main(config(data, tmp_path))


def poison(monkeypatch, steps) -> None:
    """Make the loss of these steps (counted from 0) not a number."""
    real = Gradients._accumulate

    def accumulate(self, step):
        sums = real(self, step)
        if step in steps:
            for p in self.model.parameters():
                p.grad.fill_(float("nan"))
            sums[0] = float("nan")
        return sums

    monkeypatch.setattr(Gradients, "_accumulate", accumulate)


def test_a_step_that_is_not_finite_is_skipped_and_counted(data, tmp_path, monkeypatch, capsys):
    poison(monkeypatch, {4, 7})
    train.main(config(data, tmp_path))
    curve = losses(tmp_path / "base")
    assert curve[5] is None and curve[8] is None and curve[12] < curve[1] - 1
    skipped = {r["step"]: r["skipped"] for r in read_log(tmp_path / "base") if "skipped" in r}
    assert (skipped[3], skipped[6], skipped[9], skipped[12]) == (0, 1, 2, 2)
    model, _ = checkpoints.load(tmp_path / "base/latest")
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_too_many_in_a_row_stop_the_run_and_name_the_last_good_checkpoint(data, tmp_path, monkeypatch):
    poison(monkeypatch, set(range(5, 100)))
    with pytest.raises(InputError, match="4 steps in a row without finite gradients.*step_0000008.*lower train.lr"):
        train.main(config(data, tmp_path, "train.max_nonfinite=4"))


def test_a_compile_that_fails_costs_a_warning(data, tmp_path, undisturbed, monkeypatch, capsys):
    def broken(model, **_):
        def forward(*_, **__):
            raise TorchDynamoException("backend='inductor' raised: no C++ compiler")

        return forward

    monkeypatch.setattr(torch, "compile", broken)
    train.main(config(data, tmp_path, "train.compile=true"))
    assert capsys.readouterr().out.count("warning: torch.compile failed (backend='inductor'") == 1
    assert weights(tmp_path / "base") == weights(undisturbed)


def test_a_full_disk_at_a_checkpoint_does_not_end_the_run(data, tmp_path, undisturbed, monkeypatch, capsys):
    real, failures = checkpoints.save, []

    def save(folder, name, *others):
        if name == "step_0000004":
            failures.append(name)
            raise InputError(
                f"{folder}: cannot write the checkpoint (No space left on device); free some disk and run again"
            )
        return real(folder, name, *others)

    monkeypatch.setattr(checkpoints, "save", save)
    train.main(config(data, tmp_path))
    assert failures and "warning: " in capsys.readouterr().out
    assert weights(tmp_path / "base") == weights(undisturbed)


def test_disk_room_is_checked_first(data, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 10_000})
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(InputError, match="0.0 GB free, the checkpoints will need"):
        train.main(config(data, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("cap", ["train.max_hours=1e-7", "train.max_dollars=1e-8"])
def test_spending_caps_stop_cleanly_and_hold_over_restarts(data, tmp_path, cap, undisturbed, capsys):
    train.main(config(data, tmp_path, cap))
    assert "is reached" in capsys.readouterr().out
    assert os.readlink(tmp_path / "base/latest") == "step_0000001"
    with pytest.raises(InputError, match=f"{cap.split('=')[0]}.*is reached before step 1"):
        train.main(config(data, tmp_path, cap))
    train.main(config(data, tmp_path))
    assert weights(tmp_path / "base") == weights(undisturbed)


def test_every_problem_of_the_inputs_in_one_message(data, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    cfg = config(
        data, tmp_path, "train.device=cuda", "tokenizer.path=nowhere/tokenizer.json", "data.val_bin=nowhere/val.bin"
    )
    with pytest.raises(InputError) as caught:
        train.main(cfg)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert "train.device is cuda" in lines[0] and "no tokenizer there" in lines[1] and "val.bin: not there" in lines[2]


def test_what_does_not_fit_the_tokens_is_refused(data, tmp_path):
    tiny_tokenizer(tmp_path / "other.json", vocab_size=270)
    with pytest.raises(InputError, match="made with another tokenizer"):
        train.main(config(data, tmp_path, f"tokenizer.path={tmp_path}/other.json"))
    with pytest.raises(InputError, match="model.vocab_size is 270"):
        train.main(config(data, tmp_path, "model.vocab_size=270"))
    with pytest.raises(InputError, match="too few for one window"):
        train.main(config(data, tmp_path, "model.block_size=100000"))


def test_an_error_is_one_line_and_status_2(data, tmp_path):
    command = [
        sys.executable,
        "src/train.py",
        "train.device=cpu",
        f"tokenizer.path={tmp_path}/none.json",
        f"train.checkpoint_dir={tmp_path}",
        f"data.train_bin={data}/train.bin",
        f"data.val_bin={data}/val.bin",
    ]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2 and result.stderr.count("\n") == 1 and "Traceback" not in result.stderr


# preflight


def test_a_budget_is_turned_into_steps_once(data, tmp_path, monkeypatch, capsys):
    """Half a second a step, 10 s to start: 95 % of 2 minutes hold (114 - 20) / 0.5 = 188 steps, and of $1 at $40 an
    hour, 90 s, (85.5 - 20) / 0.5 = 131."""
    monkeypatch.setattr(preflight, "time_steps", lambda *_: (0.5, 10.0, 4))
    monkeypatch.setattr(train, "train", lambda cfg, *_: seen.append((cfg.train.max_iters, cfg.train.warmup_iters)))
    seen: list[tuple[int, int]] = []
    for budget, price in (("2m", 0), ("$1", 40)):
        train.main(config(data, tmp_path, f"train.budget={budget}", f"train.price_per_hour={price}"))
    cfg = config(data, tmp_path)
    share = cfg.train.warmup_iters / cfg.train.max_iters
    assert seen == [(steps, round(share * steps)) for steps in (188, 131)]
    assert "budget: 2m holds 188 steps of 0.5 s" in capsys.readouterr().out
    with pytest.raises(InputError, match="give train.price_per_hour"):
        train.main(config(data, tmp_path, "train.budget=$1", "train.price_per_hour=0"))
    with pytest.raises(InputError, match="train.budget 0.4m: holds 5 steps of 0.5 s; give it more"):
        train.main(config(data, tmp_path, "train.budget=0.4m"))


def test_a_run_that_goes_on_keeps_the_steps_of_its_budget(data, tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "time_steps", lambda *_: (1.0, 0.0, 4))
    train.main(config(data, tmp_path, "train.budget=0.3m"))  # 17 steps
    saved = checkpoints.newest(tmp_path / "base")
    assert saved and saved.name == "step_0000017"
    monkeypatch.setattr(preflight, "time_steps", lambda *_: pytest.fail("it was measured before"))
    train.main(config(data, tmp_path, "train.budget=0.3m"))


def test_bench_needs_no_files_and_writes_none(tmp_path, capsys):
    cfg = config(
        tmp_path / "nothing", tmp_path / "out", "train.bench=2", "train.max_iters=1000", "train.price_per_hour=3600"
    )
    train.main(cfg)
    out = capsys.readouterr().out
    speed = float(out.split("speed")[1].split("tokens/s")[0].replace(",", ""))
    a_step = float(out.split("tokens/s,")[1].split("s a step")[0])
    assert speed * a_step == pytest.approx(8 * BLOCK, rel=0.2)  # a_step is printed with 3 digits
    dollars = float(out.split("$")[1].split()[0])
    assert dollars == pytest.approx(1000 * 8 * BLOCK / speed, rel=0.05)  # a dollar a second
    assert not (tmp_path / "out").exists()


def test_lr_find_suggests_a_rate_that_learns(data, tmp_path, capsys):
    train.main(config(data, tmp_path, "train.lr_find=60", "train.lr=0.003", "train.warmup_iters=0"))
    out = capsys.readouterr().out
    suggestion = float(out.split("suggested: train.lr=")[1].split()[0])
    assert [p.name for p in (tmp_path / "base").iterdir()] == ["lr_find.png"]
    final = {}
    for lr in (suggestion, suggestion / 100, suggestion * 100):
        train.main(config(data, tmp_path / f"{lr}", f"train.lr={lr}", "train.min_lr=0", "train.max_iters=25"))
        final[lr] = losses(tmp_path / f"{lr}/base")[25]
    assert min(final, key=final.get) == suggestion, final
