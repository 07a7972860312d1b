"""What the three trainers share, provoked in each of them: faults at every phase, full disks, identity, caps,
spikes."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch._dynamo.exc import TorchDynamoException

from gpt import checkpoints, gradients, recipe, run_log, trainer
from gpt.tokens import Batches, TokenFile
from pipeline.config import InputError
from trainings import ALL, DPO, PRETRAINING, ROOT, SFT, evaluations, losses, training_data, weights

STEPS = 12


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums depend on their number
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def no_curves(monkeypatch):
    monkeypatch.setattr(run_log, "draw_curves", lambda *_: None)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return training_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory) -> Path:
    """The three, each from beginning to end, side by side."""
    out = tmp_path_factory.mktemp("undisturbed")
    for training in ALL:
        training.main(training.config(data, out))
    return out


each_training = pytest.mark.parametrize("training", ALL, ids=lambda t: t.stage)


def test_all_have_as_many_steps_as_the_tests_say(undisturbed):
    for training in ALL:
        assert list(losses(undisturbed / training.stage)) == list(range(1, STEPS + 1))
        assert list(evaluations(undisturbed / training.stage)) == [6, STEPS]


# a fault at every phase

OOM = torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.00 GiB")
FAULTS = {
    "oom": OOM,
    "safetensors": SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    "os": OSError(28, "No space left on device"),
    "runtime": RuntimeError("CUDA error: an illegal memory access was encountered"),
    "interrupt": KeyboardInterrupt(),
}
# phase: where it breaks, and at which call: one in the middle of the run
PHASES = {
    "step": (gradients.Gradients, "_accumulate", 7),
    "evaluation": (gradients.Gradients, "_evaluate", 1),
    "samples": (trainer, "generate", 1),
    "log": (run_log, "open", 7),
    "draw": (run_log, "draw_curves", 1),
    "save": (checkpoints, "save_file", 3),
    "prune": (checkpoints, "prune", 2),
    "resume": (checkpoints, "load_training_state", 1),
}


def break_once(monkeypatch, place, name: str, call: int, fault: BaseException) -> list:
    """Let the call-th call of place.name raise; -> a list that has an entry from then on."""
    real, calls, broken = getattr(place, name, open), [], []

    def breaking(*arguments, **keywords):
        calls.append(name)
        if len(calls) == call:
            broken.append(name)
            raise fault
        return real(*arguments, **keywords)

    monkeypatch.setattr(place, name, breaking, raising=False)
    return broken


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("phase", PHASES)
@each_training
def test_a_fault_at_any_phase_loses_nothing(training, phase, fault, data, undisturbed, tmp_path, monkeypatch, capsys):
    """The run goes on by itself, or the same command goes on from the last checkpoint; either way it ends as the
    undisturbed one."""
    if phase == "samples" and training is not PRETRAINING:
        pytest.skip("fine-tuning shows none")
    cfg, folder = training.config(data, tmp_path), tmp_path / training.stage
    if phase == "resume":
        with monkeypatch.context() as m:
            break_once(m, gradients.Gradients, "_accumulate", 9, KeyboardInterrupt())
            with pytest.raises(KeyboardInterrupt):
                training.main(cfg)
    place, name, call = PHASES[phase]
    broken = break_once(monkeypatch, place, name, call, FAULTS[fault])
    outside = phase not in ("step", "resume")
    survives = fault != "interrupt" and (outside or (phase == "step" and fault == "oom"))
    try:
        training.main(cfg)
        assert survives, "what is wrong with a step is not passed over"
    except type(FAULTS[fault]):
        assert not survives
    assert broken
    if not survives:
        saved = max((int(p.name[5:]) for p in folder.glob("step_*")), default=0)
        reached = max(losses(folder), default=0)
        assert reached - saved <= 4, "no more is lost than the steps since the last save"
        training.main(cfg)
    assert "warning: " in capsys.readouterr().out or not survives

    assert os.readlink(folder / "latest") == f"step_{STEPS:07d}" and not list(folder.glob(".writing-*"))
    whole = losses(undisturbed / training.stage)
    if phase == "step" and fault == "oom":
        assert losses(folder) == pytest.approx(whole, rel=1e-6)
    else:
        assert weights(folder) == weights(undisturbed / training.stage)
        assert losses(folder) == whole
    assert evaluations(folder)[STEPS] == pytest.approx(evaluations(undisturbed / training.stage)[STEPS], rel=1e-6)


def test_a_run_that_died_while_it_evaluated_does_that_first(data, undisturbed, tmp_path, monkeypatch, capsys):
    """The checkpoint was there already; what it scores is missing in the log and in the state, and `best` too."""
    with monkeypatch.context() as m:
        break_once(m, gradients.Gradients, "_evaluate", 2, KeyboardInterrupt())  # the one after the last step
        with pytest.raises(KeyboardInterrupt):
            PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    assert os.readlink(tmp_path / "base/latest") == "step_0000012" and list(evaluations(tmp_path / "base")) == [6]
    PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    assert evaluations(tmp_path / "base") == evaluations(undisturbed / "base")
    assert os.readlink(tmp_path / "base/best") == "step_0000012"
    record = checkpoints.training_record(tmp_path / "base/latest")
    assert record["val_loss"] == record["best_val_loss"] == evaluations(undisturbed / "base")[12]
    capsys.readouterr()
    PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    assert "has all 12 steps" in capsys.readouterr().out


# memory


@each_training
def test_out_of_memory_in_training_and_evaluation_halves_the_rows(
    training, data, undisturbed, tmp_path, monkeypatch, capsys
):
    """A card that holds one row at a time: the same losses, and the same validation loss over the same text."""
    real = torch.nn.Embedding.forward
    rows = {"base": 1, "sft": 1, "dpo": 2}[training.stage]  # of DPO a pair

    def forward(self, ids):
        if len(ids) > rows:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return real(self, ids)

    # the reference of DPO is made before, with as many pairs as the config says
    monkeypatch.setattr(gradients.Gradients, "_attempt", with_small_card(monkeypatch, forward))
    training.main(training.config(data, tmp_path))
    out = capsys.readouterr().out
    assert f"micro_batch_size is now 1, with as many more micro-batches a step (give {training.section}.micro" in out
    for of in (losses, evaluations):
        assert of(tmp_path / training.stage) == pytest.approx(of(undisturbed / training.stage), rel=1e-4)


def with_small_card(monkeypatch, forward):
    real = gradients.Gradients._attempt

    def attempt(self, *arguments):
        with monkeypatch.context() as m:
            m.setattr(torch.nn.Embedding, "forward", forward)
            return real(self, *arguments)

    return attempt


def test_evaluation_that_alone_needs_too_much_is_halved_alone(data, undisturbed, tmp_path, monkeypatch, capsys):
    real = gradients.Gradients._evaluate

    def evaluate(self, examples):
        if self.evaluation_rows > 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return real(self, examples)

    monkeypatch.setattr(gradients.Gradients, "_evaluate", evaluate)
    PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    out = capsys.readouterr().out
    assert "evaluation goes on with 1 rows at a time" in out and "micro_batch_size is now" not in out
    assert weights(tmp_path / "base") == weights(undisturbed / "base")
    assert evaluations(tmp_path / "base") == pytest.approx(evaluations(undisturbed / "base"), rel=1e-6)


def test_the_validation_set_does_not_depend_on_what_memory_leaves(data, undisturbed, tmp_path):
    """What the warning of out of memory advises: half of the micro-batch, twice as many of them."""
    PRETRAINING.main(
        PRETRAINING.config(data, tmp_path, "train.micro_batch_size=2", "train.grad_accum_steps=4", "train.max_iters=6")
    )
    cfg = PRETRAINING.config(data, tmp_path / "whole", "train.max_iters=6")
    PRETRAINING.main(cfg)
    ours, theirs = evaluations(tmp_path / "base"), evaluations(tmp_path / "whole/base")
    assert ours[6] == pytest.approx(theirs[6], rel=1e-4)


def test_an_evaluation_that_never_works_costs_only_itself(data, undisturbed, tmp_path, monkeypatch, capsys):
    def evaluate(*_):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(gradients.Gradients, "_evaluate", evaluate)
    PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    out = capsys.readouterr().out
    assert out.count("warning: the evaluation failed (out of memory even with a single row)") == 2
    assert weights(tmp_path / "base") == weights(undisturbed / "base")


# disk


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]).returncode:
        pytest.skip("needs the right to mount a disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@each_training
def test_on_a_full_disk_training_goes_on_and_saves_when_there_is_room(
    training, data, undisturbed, small_disk, monkeypatch, capsys
):
    """Full at the first two saves; then room is made, and the next log line, at step 9, is the place for the third."""
    real, filler = trainer.Run.record, small_disk / "others"

    def record(self, step, *numbers):
        if step == 0:
            free = os.statvfs(small_disk)
            filler.write_bytes(bytes(free.f_bavail * free.f_frsize))
        if step == 7:  # the eighth
            filler.unlink()
        real(self, step, *numbers)

    monkeypatch.setattr(trainer.Run, "record", record)
    monkeypatch.setattr(trainer.Run, "save", seen := recording(trainer.Run.save))
    training.main(training.config(data, small_disk))
    folder, out = small_disk / training.stage, capsys.readouterr().out
    assert [step for step, failed in seen.calls if failed] == [4, 6]
    assert [step for step, failed in seen.calls if not failed][0] in (8, 9)
    assert out.count("No space left on device") >= 2 and f"free some room on {small_disk}" in out
    assert weights(folder) == weights(undisturbed / training.stage) and losses(folder) == losses(
        undisturbed / training.stage
    )
    assert not list(folder.glob(".writing-*"))


def recording(save):
    """Run.save that notes (step, whether it failed)."""

    def noting(self):
        save(self)
        noting.calls.append((self.state.step, bool(self.failure)))

    noting.calls = []
    return noting


@each_training
def test_only_a_last_save_that_fails_is_an_error(training, data, tmp_path, monkeypatch, capsys):
    """The message names the disk; the command again finds room and has nothing to train again but the steps since the
    last save."""
    real = checkpoints.save_file
    with monkeypatch.context() as m:

        def full(tensors, path, **others):
            if "step_0000004" not in str(path):
                raise FAULTS["safetensors"]
            return real(tensors, path, **others)

        m.setattr(checkpoints, "save_file", full)
        with pytest.raises(InputError, match="step 12 is not saved: .*No space left on device.*free some room on /"):
            training.main(training.config(data, tmp_path))
    assert os.readlink(tmp_path / training.stage / "latest") == "step_0000004"
    training.main(training.config(data, tmp_path))
    assert os.readlink(tmp_path / training.stage / "latest") == "step_0000012"


# the compiler


def test_only_a_compilers_error_is_taken_for_one(data, tmp_path, monkeypatch, capsys):
    """With compile on: an OSError of the token file, and a CUDA error at a shape that has gone through, are what they
    are."""
    monkeypatch.setattr(torch, "compile", lambda model, **_: model)
    with monkeypatch.context() as m:
        break_once(m, Batches, "batch", 3, OSError(5, "Input/output error"))
        with pytest.raises(OSError, match="Input/output"):
            PRETRAINING.main(PRETRAINING.config(data, tmp_path / "a", "train.compile=true"))
    real, calls = torch.nn.Embedding.forward, []

    def forward(self, ids):
        calls.append(1)
        if len(calls) == 5:
            raise TorchDynamoException("a guard failed at a shape that has been compiled")
        return real(self, ids)

    monkeypatch.setattr(torch.nn.Embedding, "forward", forward)
    with pytest.raises(TorchDynamoException):
        PRETRAINING.main(PRETRAINING.config(data, tmp_path / "b", "train.compile=true"))
    assert "torch.compile failed" not in capsys.readouterr().out


@pytest.mark.parametrize("call", [1, 25], ids=["training", "evaluation"])
def test_a_compiler_that_fails_at_a_new_shape_is_left(call, data, undisturbed, tmp_path, monkeypatch, capsys):
    """At the first step, or only when evaluation comes with its own shape: once a warning, and the same weights."""

    def compiled(model, **_):
        calls = []

        def forward(*arguments):
            calls.append(1)
            if len(calls) == (1 if call == 1 else 13):
                raise TorchDynamoException("no C++ compiler")
            return model(*arguments)

        return forward

    monkeypatch.setattr(torch, "compile", compiled)
    PRETRAINING.main(PRETRAINING.config(data, tmp_path, "train.compile=true"))
    assert capsys.readouterr().out.count("warning: torch.compile failed (no C++ compiler); going on") == 1
    assert weights(tmp_path / "base") == weights(undisturbed / "base")


# another recipe, another run

CHANGES = [
    (PRETRAINING, "train.optimizer=muon", "train.optimizer is muon, until now adamw"),
    (PRETRAINING, "model.d_ff=64", "model.d_ff is 64, until now 48"),
    (PRETRAINING, "train.seed=5", "train.seed is 5, until now 1337"),
    (PRETRAINING, "again=true", "again=true"),
    (SFT, "sft.lr=1e-4", "sft.lr is 0.0001, until now 0.003"),
    (SFT, "again=true", "again=true"),
    (DPO, "dpo.beta=0.3", "dpo.beta is 0.3, until now 0.1"),
    (DPO, "dpo.grad_accum_steps=3", "dpo: examples a step is 6, until now 4"),
    (DPO, "again=true", "again=true"),
]


@pytest.mark.parametrize("training, change, words", CHANGES, ids=lambda v: getattr(v, "stage", str(v)))
def test_another_recipe_sets_the_earlier_run_aside(training, change, words, data, tmp_path, capsys):
    training.main(training.config(data, tmp_path))
    first = weights(tmp_path / training.stage)
    capsys.readouterr()
    cfg = training.config(data, tmp_path, change)
    training.main(cfg)
    out = capsys.readouterr().out
    assert f"a new run: {words}. The earlier one is kept in {tmp_path / training.stage}.1" in out
    assert weights(tmp_path / f"{training.stage}.1") == first
    assert list(losses(tmp_path / training.stage))[0] == 1
    assert (weights(tmp_path / training.stage) == first) == (change == "again=true")
    if change != "again=true":
        training.main(cfg)
        assert "has all" in capsys.readouterr().out and not (tmp_path / f"{training.stage}.2").exists()


def test_other_tokens_or_another_tokenizer_are_another_run(data, tmp_path, capsys):
    PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    other = training_data(tmp_path / "other", documents=70)
    PRETRAINING.main(PRETRAINING.config(other, tmp_path))
    assert "a new run: data.train_bin is not what the run there began with" in capsys.readouterr().out
    assert (tmp_path / "base.1/latest").exists()


def test_other_conversations_are_another_run(data, tmp_path, capsys):
    shutil.copytree(data, tmp_path / "data")
    SFT.main(SFT.config(data, tmp_path))
    SFT.main(SFT.config(tmp_path / "data", tmp_path))  # the same ones elsewhere
    assert "has all 12 steps" in capsys.readouterr().out
    file = tmp_path / "data/sft.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))
    SFT.main(SFT.config(tmp_path / "data", tmp_path))
    assert "a new run: train_file is not what the run there began with; val_file is not" in capsys.readouterr().out


@pytest.mark.parametrize("training", [SFT, DPO], ids=lambda t: t.stage)
def test_a_checkpoint_that_does_not_name_its_inputs_is_pointed_out(training, data, undisturbed, tmp_path, capsys):
    """Of a version that did not keep them: the run is taken for the same, and the user told how to have another."""
    shutil.copytree(undisturbed / training.stage, tmp_path / training.stage, symlinks=True)
    for path in (tmp_path / training.stage).glob("step_*"):
        state = path / "training_state/state.json"
        record = json.loads(state.read_text())
        del record["inputs"]
        state.write_text(json.dumps(record))
        hashes = json.loads((path / "hashes.json").read_text())
        hashes["training_state/state.json"] = hashlib.sha256(state.read_bytes()).hexdigest()
        (path / "hashes.json").write_text(json.dumps(hashes))
    training.main(training.config(data, tmp_path))
    out = capsys.readouterr().out
    note = "step_0000012 does not say which data and weights it was made of"
    assert note in out and "give again=true" in out and "has all 12 steps" in out
    training.main(training.config(data, tmp_path, "again=true"))
    assert note not in (out := capsys.readouterr().out) and "a new run: again=true" in out


def test_a_run_that_is_not_through_goes_on_and_names_every_key_that_changed(data, tmp_path, monkeypatch, capsys):
    break_once(monkeypatch, gradients.Gradients, "_accumulate", 6, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    changed = {
        "train.lr": "0.02", "train.min_lr": "0.002", "train.lr_schedule": "linear", "train.warmup_iters": "3",
        "train.decay_frac": "0.5", "train.weight_decay": "0.2", "train.beta1": "0.8", "train.beta2": "0.9",
        "train.muon_momentum": "0.9", "train.grad_clip": "2.0", "train.max_iters": "14", "train.dtype": "bfloat16",
        "train.eval_iters": "2", "train.eval_batch_size": "2", "train.spike_factor": "9.0", "model.dropout": "0.1",
    }  # fmt: skip
    quiet = ("train.log_interval=1", "train.price_per_hour=9", "train.sample_tokens=0", "train.checkpoint_interval=5")
    same_batch = ("train.micro_batch_size=2", "train.grad_accum_steps=4")
    overrides = [f"{name}={value}" for name, value in changed.items()]
    PRETRAINING.main(PRETRAINING.config(data, tmp_path, *overrides, *quiet, *same_batch))
    note = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("note: "))
    named = {part.split(" is ")[0] for part in note.removeprefix("note: ").split(", ") if " is " in part}
    assert named == set(changed)
    assert not (tmp_path / "base.1").exists() and max(losses(tmp_path / "base")) == 14


def test_a_run_with_all_its_steps_and_another_rate_is_another_run(data, tmp_path, capsys):
    PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    PRETRAINING.main(PRETRAINING.config(data, tmp_path, "train.lr=0.02"))
    assert "a new run: train.lr is 0.02, until now 0.01" in capsys.readouterr().out
    PRETRAINING.main(PRETRAINING.config(data, tmp_path, "train.lr=0.02", "train.max_iters=10"))
    assert "has all 12 steps" in capsys.readouterr().out


def test_code_that_has_changed_is_named_and_the_run_goes_on(data, undisturbed, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as m:
        break_once(m, gradients.Gradients, "_accumulate", 6, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    now = recipe.code("train")
    assert {"gpt/optim.py", "model.py", "train.py"} <= set(now)
    monkeypatch.setattr(recipe, "code", lambda script: {**now, "gpt/optim.py": "another"})
    PRETRAINING.main(PRETRAINING.config(data, tmp_path))
    assert "note: gpt/optim.py: the code has changed since step_0000004" in capsys.readouterr().out
    assert weights(tmp_path / "base") == weights(undisturbed / "base")


# caps


@each_training
@pytest.mark.parametrize("cap", ["train.max_hours=1e-7", "train.max_dollars=1e-9"])
def test_caps_hold_for_every_trainer(training, cap, data, undisturbed, tmp_path, capsys):
    training.main(training.config(data, tmp_path, cap, "train.price_per_hour=1"))
    out = capsys.readouterr().out
    assert "is reached" in out and "stopped at step 1 " in out and "saved " in out
    with pytest.raises(InputError, match=f"{cap.split('=')[0]}.* is reached before step 1"):
        training.main(training.config(data, tmp_path, cap, "train.price_per_hour=1"))
    training.main(training.config(data, tmp_path))
    assert weights(tmp_path / training.stage) == weights(undisturbed / training.stage)


@each_training
def test_log_lines_begin_as_other_tools_expect(training, data, tmp_path, capsys):
    training.main(training.config(data, tmp_path))
    lines = capsys.readouterr().out.splitlines()
    for beginning, count in (
        ("step +[0-9]+/12  loss ", 7),
        ("eval +[0-9]+/12  val loss ", 2),
        (f"saved {tmp_path}/", 4),
    ):
        assert len([line for line in lines if re.match(beginning, line)]) == count, beginning


@each_training
def test_steps_that_are_not_finite_stop_a_run_with_advice(training, data, tmp_path, monkeypatch):
    real = gradients.Gradients._accumulate

    def poisoned(self, step):
        sums = real(self, step)
        if step >= 5:
            sums[0] = float("nan")
        return sums

    monkeypatch.setattr(gradients.Gradients, "_accumulate", poisoned)
    with pytest.raises(InputError) as caught:
        training.main(training.config(data, tmp_path, "train.max_nonfinite=4"))
    message = str(caught.value)
    assert "step 9: 4 steps in a row without finite gradients, from batch 5 of " in message
    assert "step_0000008" in message and f"lower {training.section}.lr" in message and "train.compile=false" in message
    if training is PRETRAINING:  # where its windows begin, by the loader's own account
        cfg = PRETRAINING.config(data, tmp_path)
        tokens = TokenFile(data / "train.bin")
        start = int(Batches(tokens, 16, 8, cfg.train.seed).starts(np.array([5 * 8]))[0])
        assert f"begin at the tokens {start:,}, " in message


# a stretch of data that makes the loss jump

SPIKE = (
    "train.spike_factor=1.3",
    "train.spike_steps=3",
    "train.max_iters=60",
    "train.warmup_iters=2",
    "train.lr=0.003",
)


def poison_batches(monkeypatch, bad: range) -> None:
    """These batches, and no others, tear the weights apart, as a stretch of garbage does."""
    real = gradients.Gradients._accumulate

    def accumulate(self, step):
        sums = real(self, step)
        if step in bad:
            for p in self.model.parameters():
                p.grad.mul_(-30)
            with torch.no_grad():
                self.model.norm.weight.mul_(-2)
            sums[0] *= 3
        return sums

    monkeypatch.setattr(gradients.Gradients, "_accumulate", accumulate)


def test_a_spike_goes_back_and_passes_over_the_batches_that_made_it(data, tmp_path, monkeypatch, capsys):
    poison_batches(monkeypatch, range(33, 36))
    cfg = PRETRAINING.config(data, tmp_path, *SPIKE, "train.checkpoint_interval=10", "train.eval_interval=60")
    seen, real = [], gradients.Gradients.__call__

    def called(self, step):
        seen.append(step)
        return real(self, step)

    monkeypatch.setattr(gradients.Gradients, "__call__", called)
    PRETRAINING.main(cfg)
    out = capsys.readouterr().out
    assert "the loss has jumped at step 34 and stayed above 1.3 x its median for 3 steps: back to" in out
    assert "step_0000030; batches 33 to 35 are passed over, from batch 33 of " in out
    assert seen == [*range(36), 30, 31, 32, *range(36, 63)], "60 steps, none on what made the loss jump"
    curve = losses(tmp_path / "base")
    assert list(curve) == list(range(1, 61)) and max(list(curve.values())[30:]) < 1.3 * curve[30]
    state = checkpoints.training_record(tmp_path / "base/latest")
    assert state["passed_over"] == [[33, 35]] and state["rollbacks"] == 1

    # killed after it: the batches stay passed over, and the bytes are the same
    poison = weights(tmp_path / "base")
    break_once(monkeypatch, gradients.Gradients, "_accumulate", 45, KeyboardInterrupt())
    again = PRETRAINING.config(data, tmp_path / "b", *SPIKE, "train.checkpoint_interval=10", "train.eval_interval=60")
    with pytest.raises(KeyboardInterrupt):
        PRETRAINING.main(again)
    PRETRAINING.main(again)
    assert weights(tmp_path / "b/base") == poison and losses(tmp_path / "b/base") == curve


def test_without_the_detector_a_spike_stays(data, tmp_path, monkeypatch):
    poison_batches(monkeypatch, range(33, 36))
    PRETRAINING.main(PRETRAINING.config(data, tmp_path, *SPIKE[1:], "train.eval_interval=60"))
    curve = losses(tmp_path / "base")
    assert max(list(curve.values())[30:]) > 1.3 * curve[30]


# several processes


def launch(command: list[str], **how) -> subprocess.Popen:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        **how,
    )


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 3])
@each_training
def test_several_processes_give_the_losses_of_one_and_resume_as_one(training, processes, data, undisturbed, tmp_path):
    """With 3 one of them has no example in some steps; then from the checkpoint of step 8 on with one process."""
    cfg = training.config(data, tmp_path, "train.sample_tokens=0")
    process = launch(training.torchrun(processes, cfg))
    out, errors = process.communicate(timeout=900)
    assert process.returncode == 0, errors[-3000:]
    assert out.count("finished 12 steps") == 1, "one of them speaks"
    folder, whole = tmp_path / training.stage, undisturbed / training.stage
    for of in (losses, evaluations):
        assert of(folder) == pytest.approx(of(whole), rel=1e-5)
    shutil.rmtree(folder / "step_0000012")
    training.main(cfg)
    assert losses(folder) == pytest.approx(losses(whole), rel=1e-5)


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    """Weights and optimizer state of the last checkpoint."""
    files = ("model.safetensors", "training_state/state.safetensors")
    return {name: tensor for file in files for name, tensor in load_file(folder / "latest" / file).items()}


def assert_close(folder: Path, whole: Path) -> None:
    """The same tensors but for the order of sums: fp32 rounds at 6e-8, and AdamW's division lets that grow to 4e-6 of a
    tensor's largest value in 12 steps; a gradient that is wrong by a row, or by the number of processes, is 1e-2."""
    ours, theirs = tensors_of(folder), tensors_of(whole)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=0, atol=5e-5 * float(theirs[name].abs().max()))


def torchrun(training, processes: int, cfg, seconds: int = 900) -> str:
    process = launch(training.torchrun(processes, cfg))
    out, errors = process.communicate(timeout=seconds)
    assert process.returncode == 0, errors[-3000:]
    return out


can_shard = pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 13), reason="on a CPU it needs torch 2.13"
)


@can_shard
@pytest.mark.slow
def test_sharded_weights_learn_what_whole_ones_do_and_go_on_as_those(data, tmp_path):
    """By 3 processes, which cut every size here unevenly; then from step 8 on by one process with whole weights, and
    the other way round. With Muon, whose matrices have to be brought together."""
    muon, shard = "train.optimizer=muon", "train.shard=fsdp"
    whole, sharded = tmp_path / "whole/base", tmp_path / "sharded/base"
    PRETRAINING.main(PRETRAINING.config(data, whole.parent, muon))
    out = torchrun(PRETRAINING, 3, PRETRAINING.config(data, sharded.parent, muon, shard))
    assert out.count("finished 12 steps") == 1
    for of in (losses, evaluations):
        assert of(sharded) == pytest.approx(of(whole), rel=1e-5)
    assert_close(sharded, whole)
    before = losses(whole)
    for folder in (whole, sharded):
        shutil.rmtree(folder / "step_0000012")
    PRETRAINING.main(PRETRAINING.config(data, sharded.parent, muon))
    torchrun(PRETRAINING, 2, PRETRAINING.config(data, whole.parent, muon, shard))
    assert losses(whole) == pytest.approx(before, rel=1e-5) and losses(sharded) == pytest.approx(before, rel=1e-5)
    assert_close(sharded, whole)


@can_shard
@pytest.mark.slow
def test_sharded_preferences(data, undisturbed, tmp_path):
    """Logits in place of a loss, and processes without a pair in some steps."""
    torchrun(DPO, 3, DPO.config(data, tmp_path, "train.shard=fsdp"))
    assert losses(tmp_path / "dpo") == pytest.approx(losses(undisturbed / "dpo"), rel=1e-5)
    assert_close(tmp_path / "dpo", undisturbed / "dpo")


def test_one_process_has_nothing_to_shard(data, undisturbed, tmp_path):
    PRETRAINING.main(PRETRAINING.config(data, tmp_path, "train.shard=fsdp"))
    assert weights(tmp_path / "base") == weights(undisturbed / "base")


@pytest.mark.slow
@pytest.mark.parametrize("shard", ["none", pytest.param("fsdp", marks=can_shard)])
def test_sigterm_to_torchrun_saves_and_the_same_command_goes_on(shard, data, tmp_path):
    """The processes finish their step and save; torchrun itself ends with a status of its own."""
    cfg = PRETRAINING.config(
        data, tmp_path, "train.max_iters=100000", "train.eval_interval=100000", "train.log_interval=1",
        f"train.shard={shard}",
    )  # fmt: skip
    process = launch(PRETRAINING.torchrun(2, cfg))
    assert process.stdout is not None
    for line in process.stdout:
        if re.match("step +5/", line):
            process.terminate()
            break
    out, errors = process.communicate(timeout=900)
    state = checkpoints.training_record(tmp_path / "base/latest")
    assert f"stopped at step {state['step']:,} (SIGTERM). To go on: torchrun --nproc_per_node=2 " in out
    assert process.returncode != 0 and "SignalException" in errors  # torchrun's, whatever the processes say


@pytest.mark.slow
@pytest.mark.parametrize("call", [5, 6], ids=["first micro-batch", "last micro-batch"])
def test_memory_that_runs_out_on_one_process_halves_the_rows_of_all(call, data, undisturbed, tmp_path):
    """In its third step, while the other sends its gradients: nobody waits for ever, and the losses are the same."""
    cfg = PRETRAINING.config(
        data, tmp_path, "train.sample_tokens=0", "train.micro_batch_size=2", "train.grad_accum_steps=4"
    )
    script = tmp_path / "script.py"
    script.write_text(
        f"""
import os, sys
sys.path.insert(0, {str(ROOT / "src")!r})
import torch, train
from pipeline.config import load_config
calls, made = [], train.loss_on
def loss_on(workers):
    loss = made(workers)
    def failing(forward, batch):
        calls.append(1)
        if workers.rank == 1 and len(calls) == {call}:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return loss(forward, batch)
    return failing
train.loss_on = loss_on
train.main(load_config("configs/base.yaml", sys.argv[1:]))
"""
    )
    command = [str(script) if part.endswith("src/train.py") else part for part in PRETRAINING.torchrun(2, cfg)]
    process = launch(command)
    out, errors = process.communicate(timeout=900)
    assert process.returncode == 0, errors[-3000:]
    assert out.count("micro_batch_size is now 1") == 1
    assert losses(tmp_path / "base") == pytest.approx(losses(undisturbed / "base"), rel=1e-5)
