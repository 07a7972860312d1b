"""What a command says of what is rented, whatever went wrong; what counts as built; what a push leaves alone."""

import json
from argparse import Namespace
from types import SimpleNamespace

import pytest

from pipeline.config import load_config
from scripts.rental import commands, transfer
from scripts.rental.build import Gone, Stopped
from scripts.rental.state import Store, empty
from scripts.rental.world import ApiError, KeyRefused, Unreachable

BOX = {"id": 7, "dph": 0.4, "disk_dph": 0.02, "wanted": "running"}


def fails_with(monkeypatch, folder, state: dict, error: Exception) -> int:
    Store(folder).save({**empty(), **state})

    def build(session):
        raise error

    monkeypatch.setattr(commands, "STATE", folder)
    monkeypatch.setattr(commands.signal, "signal", lambda number, handler: None)
    monkeypatch.setitem(commands.COMMANDS, "build", build)
    return commands.main(Namespace(config="configs/demo.yaml", overrides=[], command="build"))


@pytest.mark.parametrize("error, status", [(KeyRefused("refused (403)"), 2), (ApiError("vast.ai could not", 500), 1)])
def test_a_build_that_ends_by_an_answer_says_what_is_billing(tmp_path, monkeypatch, capsys, error, status):
    assert fails_with(monkeypatch, tmp_path, {"instance": BOX}, error) == status
    said = capsys.readouterr().err
    assert "NOTE: instance 7 is still rented ($0.400/h" in said and "python scripts/vast.py down" in said


def test_a_box_that_was_left_behind_is_told_of_too(tmp_path, monkeypatch, capsys):
    """0.02 dollars an hour are 48 cents a day."""
    left = {**BOX, "id": 6, "wanted": "stopped", "plan": "p"}
    assert fails_with(monkeypatch, tmp_path, {"left": [left]}, KeyRefused("refused")) == 2
    said = capsys.readouterr().err
    assert "instance 6 was left behind" in said and "$0.48 a day" in said
    assert "python scripts/vast.py start" in said and "python scripts/vast.py down 6 --lose-work" in said


def session(folder, *overrides: str) -> commands.Session:
    cfg = load_config("configs/demo.yaml", [f"train.checkpoint_dir={folder}", *overrides])
    return commands.Session(cfg, Namespace(config="configs/demo.yaml", overrides=[], to="train"))


def test_what_lies_here_decides_what_is_built(tmp_path, monkeypatch):
    """A trial of ten steps, its checkpoints removed, another model in their place: none of it is this build."""
    monkeypatch.setattr(commands, "STATE", tmp_path / ".vast")
    hashes = tmp_path / "made/base/latest/hashes.json"
    hashes.parent.mkdir(parents=True)
    hashes.write_text(json.dumps({"model.safetensors": "1"}))
    trial, real = session(tmp_path / "made", "train.max_iters=10", "train.warmup_iters=2"), session(tmp_path / "made")
    assert not trial.built()
    trial.verified({"train": 0.1})
    assert trial.built() and not real.built(), "another config"
    hashes.write_text(json.dumps({"model.safetensors": "2"}))
    assert not trial.built(), "another model"
    hashes.unlink()
    assert not trial.built(), "nothing"


def test_a_push_while_a_stage_writes_leaves_its_files_alone(monkeypatch):
    """The code alone while a job runs; otherwise what a stage has made is not sent over what is there."""
    sent = []
    line = SimpleNamespace(
        ssh=lambda *args, **more: SimpleNamespace(returncode=0, stdout=""),
        rsync=lambda *args, files=None: sent.append((args, files)) or 0,
    )
    cfg = load_config("configs/demo.yaml", [])
    monkeypatch.setattr(transfer, "send_folders", lambda line, folders, *options: sent.append((folders, options)) or 0)
    transfer.push(line, cfg, "configs/demo.yaml", busy=True)
    ((_, files),) = sent
    assert "src/train.py" in files and not [name for name in files if name.startswith("demo/data")]
    sent.clear()
    transfer.push(line, cfg, "configs/demo.yaml", busy=False)
    made = [options for folders, options in sent if folders == transfer.made_folders(cfg)]
    assert made == [("--ignore-existing",)]


class Boxes:
    """A session whose box is reached anew for each pull: `states` are what it says of its one job, or raises."""

    def __init__(self, *states):
        self.states, self.asked, self.args = list(states), 0, Namespace(every="1s")
        self.store = SimpleNamespace(change=None)

    def rented_box(self):
        self.asked += 1
        state = self.states.pop(0)
        if isinstance(state, Exception):
            raise state
        return SimpleNamespace(
            status=lambda: {"jobs": {"train": [state, None, ""]}}, pull=lambda: SimpleNamespace(new=())
        )


def test_pulling_again_and_again_outlives_a_cut_line_and_another_port_and_ends_with_the_job(monkeypatch, capsys):
    monkeypatch.setattr(commands.time, "sleep", lambda seconds: None)
    boxes = Boxes("running", Unreachable("ssh: Connection refused"), "running", "ended")
    commands.pull(boxes)
    assert boxes.asked == 4 and "Connection refused; trying again in 1s" in capsys.readouterr().out


@pytest.mark.parametrize("end", [Gone("instance 7 does not exist any more"), Stopped("instance 7 is stopped")])
def test_pulling_again_and_again_ends_when_there_is_nothing_to_pull_from(monkeypatch, end):
    monkeypatch.setattr(commands.time, "sleep", lambda seconds: None)
    with pytest.raises(type(end)):
        commands.pull(Boxes("running", end, "running"))
