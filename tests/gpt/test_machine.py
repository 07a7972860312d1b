"""Devices, several processes, stop signals, the run's log: each provoked for real."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch

from gpt import machine, run_log
from gpt.run_log import RunLog, draw_curves, read_log
from pipeline import budget
from pipeline.config import InputError
from pipeline.stop import StopSignal

SRC = Path(__file__).resolve().parents[2] / "src"


def open_log(folder, step=0, mode="disabled", run_id=None) -> RunLog:
    return RunLog(folder, step, {"lr": 1}, "project", "name", mode, run_id)


# devices


def test_cuda_asked_for_and_absent_is_an_input_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match="train.device is cuda"):
        machine.pick_device("cuda")
    assert machine.pick_device("auto").type == machine.pick_device("cpu").type == "cpu"


def test_peaks_are_those_of_gpu_check():
    namespace: dict = {"__name__": "gpu_check"}
    exec((SRC.parent / "scripts/gpu_check.py").read_text(), namespace)
    assert machine.PEAK_TFLOPS == namespace["PEAK_TFLOPS"]


@pytest.mark.parametrize(
    "name, tflops",
    [
        ("NVIDIA GeForce RTX 4090", 165),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA GeForce RTX 4090 D", 147),
        ("Tesla P4", None),
    ],
)
def test_peak_by_device_name(name, tflops, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    assert machine.peak_flops(torch.device("cuda")) == (tflops and tflops * 1e12)
    assert machine.peak_flops(torch.device("cpu")) is None


def test_out_of_memory_is_known_by_type_and_by_words():
    assert machine.is_out_of_memory(torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert machine.is_out_of_memory(
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")
    )
    assert not machine.is_out_of_memory(RuntimeError("shape mismatch"))
    assert not machine.is_out_of_memory(ValueError("out of memory"))
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 46, dtype=torch.uint8)  # 64 TiB
    assert machine.is_out_of_memory(caught.value)


def test_costs_by_hand():
    assert budget.dollars(5400, 0.40) == pytest.approx(0.60)
    assert budget.cost(5400, 0.40) == "1h30m, $0.60"
    assert budget.cost(75, 0) == "1m15s"


# several processes


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_two_workers_sum_and_agree(tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys; sys.path.insert(0, {str(SRC)!r})
        import torch
        from gpt.machine import join_workers
        w = join_workers("cpu")
        a, b = torch.tensor([1.0 + w.rank]), torch.full((2, 2), 10.0 * (w.rank + 1))
        w.sum([a, b])
        print(w.rank, w.size, w.first, a.item(), b[1, 1].item(), w.any(w.rank == 1), w.any(False), flush=True)
        w.close()
    """)
    )
    port = str(free_port())
    workers = [
        subprocess.Popen(
            [sys.executable, script],
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "RANK": str(r),
                "LOCAL_RANK": str(r),
                "WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": port,
                "OMP_NUM_THREADS": "1",
            },
        )
        for r in range(2)
    ]
    out = [worker.communicate(timeout=60)[0].strip() for worker in workers]
    assert out == ["0 2 True 3.0 30.0 True False", "1 2 False 3.0 30.0 True False"]


def test_alone_nothing_is_sent():
    alone = machine.Workers(torch.device("cpu"))
    tensor = torch.tensor([2.0])
    alone.sum([tensor])
    assert tensor.item() == 2.0 and alone.first and alone.any(True) and not alone.any(False)


# signals


def test_first_signal_asks_and_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with StopSignal() as stop:
        assert not stop.asked
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        assert stop.asked == "SIGTERM"
        os.kill(os.getpid(), signal.SIGINT)  # within a second: torchrun passing on the same Ctrl-C
        time.sleep(0.01)
    assert signal.getsignal(signal.SIGTERM) is before


def test_second_ctrl_c_leaves_at_once(tmp_path):
    code = (
        f"import sys, time; sys.path.insert(0, {str(SRC)!r})\nfrom pipeline.stop import StopSignal\n"
        "with StopSignal() as stop:\n    print('ready', flush=True)\n    time.sleep(60)\n    time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    time.sleep(1.2)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=10) == 130


# the log


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
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(run_log, "WANDB_INIT_SECONDS", 3)
    started = time.monotonic()
    log = open_log(tmp_path, mode="online")
    log.write(1, {"loss": 1.0})
    log.close()
    assert time.monotonic() - started < 45
    assert "warning: no W&B online run" in capsys.readouterr().out
    assert read_log(tmp_path) == [{"step": 1, "loss": 1.0}]


def test_a_wandb_that_breaks_or_hangs_later_never_stops_the_run(tmp_path, monkeypatch, capsys):
    class Broken:
        id = "abc"

        def log(self, values, step):
            raise ConnectionError("gone")

    monkeypatch.setattr(run_log, "_start_wandb", lambda *_: Broken())
    log = open_log(tmp_path, mode="online")
    log.write(1, {"loss": 1.0})
    log.write(2, {"loss": 1.0})
    log.close()
    assert capsys.readouterr().out.count("warning: W&B failed (gone)") == 1
    assert len(read_log(tmp_path)) == 2 and log.run_id == "abc"


def test_runlog_needs_no_torch():
    code = f"import sys; sys.path.insert(0, {str(SRC)!r}); import gpt.run_log; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
