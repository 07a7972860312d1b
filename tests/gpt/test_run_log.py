"""The run's log and its sinks, each failure provoked."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gpt import run_log
from gpt.run_log import RunLog, draw_curves, read_log

SRC = Path(__file__).resolve().parents[2] / "src"


def open_log(folder, step=0, mode="disabled", run_id=None, tensorboard=False) -> RunLog:
    return RunLog(folder, step, {"lr": 1}, "project", "name", mode, run_id, tensorboard)


def test_log_is_cut_back_to_the_resumed_step(tmp_path):
    log = open_log(tmp_path)
    for step in (1, 2, 3):
        log.write(step, {"loss": step / 2, "mfu": None})
    log.samples(2, [{"prompt": "Gold is", "text": " a métal."}])
    log.close()
    with open(tmp_path / "log.jsonl", "a") as f:
        f.write('{"step": 4, "lo')  # killed while it wrote
    log = open_log(tmp_path, step=2)
    log.write(3, {"loss": float("nan")})
    log.close()
    assert read_log(tmp_path) == [
        {"step": 1, "loss": 0.5},
        {"step": 2, "loss": 1.0},
        {"step": 2, "samples": [{"prompt": "Gold is", "text": " a métal."}]},
        {"step": 3, "loss": None},
    ]
    open_log(tmp_path).close()
    assert read_log(tmp_path) == []  # a run from the beginning begins its log anew


def test_log_stands_on_disk_at_once(tmp_path):
    log = open_log(tmp_path)
    log.write(1, {"loss": 1.0})
    assert json.loads((tmp_path / "log.jsonl").read_text()) == {"step": 1, "loss": 1.0}
    log.close()


def test_curves_are_a_picture_of_what_the_log_has(tmp_path):
    from matplotlib.image import imread

    records = [{"step": s, "loss": 5 - s / 10, "lr": 0.1} for s in range(20)] + [{"step": 19, "val_loss": 3.2}]
    draw_curves(records, tmp_path / "curves.png")
    one_row = imread(tmp_path / "curves.png")
    assert one_row.std() > 0.01  # something was drawn
    draw_curves(records + [{"step": 19, "grad_norm": 1.0, "tokens_per_second": 5.0}], tmp_path / "curves.png")
    assert imread(tmp_path / "curves.png").shape[0] > 1.5 * one_row.shape[0]  # 4 panels are two rows
    draw_curves([], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_a_drawing_that_fails_is_said_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run_log, "draw_curves", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    log = open_log(tmp_path)
    log.draw()
    log.draw()
    log.close()
    assert capsys.readouterr().out == "warning: no curves.png (disk full)\n"


def test_lines_that_find_no_room_wait_for_it(tmp_path, capsys):
    """On a real disk that is full, at the beginning of a run and in the middle of it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).returncode:
        pytest.skip("needs the right to mount a disk")
    try:
        others = folder / "others"
        others.write_bytes(bytes(65_536))
        log = open_log(folder)
        log.write(1, {"loss": 3.0})
        assert read_log(folder) == []
        others.unlink()
        log.write(2, {"loss": 2.0})
        assert [r["step"] for r in read_log(folder)] == [1, 2]
        others.write_bytes(bytes(65_536 - 4096))
        long = {"text": "x" * 5000}
        log.samples(3, [long])  # half of it would find room
        log.write(4, {"loss": 1.0})
        others.unlink()
        log.write(5, {"loss": 1.0})
        assert [r["step"] for r in read_log(folder)] == [1, 2, 3, 4, 5] and read_log(folder)[2]["samples"] == [long]
        log.close()
        assert capsys.readouterr().out.count("warning: ") == 2  # once each time
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_going_back_forgets_what_came_after(tmp_path):
    log = open_log(tmp_path)
    for step in (1, 2, 3):
        log.write(step, {"loss": float(step)})
    log.rewind(1)
    log.write(2, {"loss": 7.0})
    log.close()
    assert read_log(tmp_path) == [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 7.0}]


# TensorBoard


def test_tensorboard_has_what_the_log_has(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = open_log(tmp_path, tensorboard=True)
    for step in (1, 2):
        log.write(step, {"loss": 3.0 - step, "mfu": None})
    log.samples(2, [{"prompt": "Gold is", "text": " a metal."}])
    log.close()
    events = reader.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(1, 2.0), (2, 1.0)]
    assert events.Tags()["scalars"] == ["loss"]


def test_tensorboard_that_is_not_installed_costs_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    log = open_log(tmp_path, tensorboard=True)
    log.write(1, {"loss": 1.0})
    log.close()
    assert "no TensorBoard: pip install tensorboard" in capsys.readouterr().out
    assert read_log(tmp_path) == [{"step": 1, "loss": 1.0}]


# W&B


def test_without_a_key_wandb_writes_offline_and_never_asks(tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    log = open_log(tmp_path / "run", mode="auto")
    log.write(1, {"loss": 1.0})
    log.samples(1, [{"prompt": "a", "text": "b"}])
    log.close()
    assert log.run_id and list((tmp_path / "run").glob("wandb/offline-run-*"))
    again = open_log(tmp_path / "run", step=1, mode="auto", run_id=log.run_id)
    again.close()
    assert again.run_id == log.run_id


def test_an_unreachable_wandb_server_costs_a_line_not_the_run(tmp_path, monkeypatch, capsys):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setattr(run_log, "WANDB_INIT_SECONDS", 3)
    begun, init = [], wandb.init
    monkeypatch.setattr(
        wandb, "init", lambda **how: begun.append((how["mode"], how["settings"].init_timeout)) or init(**how)
    )
    with socket.socket() as nobody:  # has the port and does not listen
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        log = open_log(tmp_path, mode="online")
        log.write(1, {"loss": 1.0})
        log.close()
    assert begun == [("online", 3), ("offline", 3)]  # its own patience is a minute and a half
    assert "warning: no W&B online run" in capsys.readouterr().out
    assert read_log(tmp_path) == [{"step": 1, "loss": 1.0}]


def test_a_wandb_that_breaks_or_hangs_later_never_stops_the_run(tmp_path, monkeypatch, capsys):
    class Broken:
        id = "abc"

        def log(self, values, step):
            raise ConnectionError("gone")

    monkeypatch.setattr(run_log.WandB, "_start", lambda *_: Broken())
    log = open_log(tmp_path, mode="online")
    log.write(1, {"loss": 1.0})
    log.write(2, {"loss": 1.0})
    log.close()
    assert capsys.readouterr().out.count("warning: W&B failed (gone)") == 1
    assert len(read_log(tmp_path)) == 2 and log.run_id == "abc"


def test_runlog_needs_no_torch():
    code = f"import sys; sys.path.insert(0, {str(SRC)!r}); import gpt.run_log; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
