"""Devices, several processes, stop signals: each provoked for real."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch._dynamo.exc import TorchDynamoException

from gpt import machine
from pipeline import budget
from pipeline.config import InputError, load_config
from pipeline.stop import StopSignal

SRC = Path(__file__).resolve().parents[2] / "src"


# devices


def test_cuda_asked_for_and_absent_is_an_input_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match="train.device is cuda"):
        machine.pick_device("cuda")
    assert machine.pick_device("auto").type == machine.pick_device("cpu").type == "cpu"


@pytest.mark.parametrize(
    "name, tflops",
    [
        ("NVIDIA GeForce RTX 4090", 165),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA GeForce RTX 4090 D", 147),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("Tesla P4", None),
    ],
)
def test_peak_by_device_name(name, tflops, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    assert machine.peak_flops(torch.device("cuda")) == (tflops and tflops * 1e12)
    assert machine.peak_flops(torch.device("cpu")) is None


def test_a_compilers_error_is_known_by_who_raised_it():
    class CppCompileError(RuntimeError):
        """As torch._inductor.exc has it."""

    CppCompileError.__module__ = "torch._inductor.exc"
    assert machine.is_compiler_error(CppCompileError("C++ compile error"))
    assert machine.is_compiler_error(TorchDynamoException("call_method UserDefinedObject"))
    try:
        try:
            raise CppCompileError("g++ not found")
        except CppCompileError as error:
            raise RuntimeError("Failed running backward") from error
    except RuntimeError as error:
        assert machine.is_compiler_error(error)
    assert not machine.is_compiler_error(RuntimeError("CUDA error: an illegal memory access was encountered"))
    assert not machine.is_compiler_error(OSError(5, "Input/output error"))


def test_device_auto_takes_what_suits_the_machine(monkeypatch):
    """A CPU without bf16 units: float32, nothing compiled, no dollars; with them bf16 stays."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    cfg = load_config("configs/simplewiki.yaml")
    assert cfg.train.dtype == "bfloat16" and cfg.train.compile and cfg.train.price_per_hour
    for slow, dtype in (("no bf16 units", "float32"), (None, "bfloat16")):
        monkeypatch.setattr(machine, "slow_dtype", lambda *_, slow=slow: slow)
        fitted = machine.fitted(cfg).train
        assert (fitted.dtype, fitted.compile, fitted.price_per_hour) == (dtype, False, 0.0)
    asked = load_config("configs/simplewiki.yaml", ["train.device=cpu"])
    assert machine.fitted(asked) is asked  # what is asked for by name is not argued with


def test_segments_expand_where_nobody_has_said_otherwise(monkeypatch):
    names = "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"
    for version, expected in (("2.4.0+cu124", names[0]), ("2.13.0", names[1])):
        for name in names:
            monkeypatch.setenv(name, "")
            monkeypatch.delenv(name)
        monkeypatch.setattr(torch, "__version__", version)
        machine.use_expandable_segments()
        assert {name: os.environ.get(name) for name in names if name in os.environ} == {
            expected: "expandable_segments:True"
        }
    monkeypatch.setenv(names[1], "max_split_size_mb:128")
    machine.use_expandable_segments()
    assert os.environ[names[1]] == "max_split_size_mb:128"


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

LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]


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
    done = subprocess.run([*LAUNCH, str(script)], capture_output=True, text=True, timeout=300)
    said = sorted(done.stdout.splitlines())
    assert said == ["0 2 True 3.0 30.0 True False", "1 2 False 3.0 30.0 True False"], done.stderr[-2000:]


ENDING = """
import atexit, os, sys, time
sys.path.insert(0, sys.argv[1])
if os.environ["RANK"] == "0":
    atexit.register(sum, range(10**8))  # some seconds in C: the last thing before Python is no more
import torch
from gpt.machine import join_workers
workers = join_workers("cpu")
import torch._dynamo  # as AdamW does: its modules keep the group
if workers.first:
    workers.start_sum(torch.zeros(3))  # the group's thread alone holds it, and has to ask Python to free it
else:
    time.sleep(1)
    try:
        workers.start_sum(torch.zeros(3)).wait()
    except RuntimeError:
        pass  # the first has gone
workers.close()
"""


def test_a_thread_of_the_group_that_outlives_the_work_aborts_nothing(tmp_path):
    script = tmp_path / "ending.py"
    script.write_text(ENDING)
    done = subprocess.run([*LAUNCH, str(script), str(SRC)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]


def test_alone_nothing_is_sent():
    alone = machine.Workers(torch.device("cpu"))
    tensor = torch.tensor([2.0])
    alone.sum([tensor])
    assert tensor.item() == 2.0 and alone.first and alone.any(True) and not alone.any(False)


# signals


def test_first_signal_asks_and_handlers_are_put_back(monkeypatch):
    monkeypatch.setattr("pipeline.stop.time", SimpleNamespace(monotonic=lambda: 7.0))
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
        "with StopSignal() as stop:\n    print('ready', flush=True)\n    while not stop.asked: time.sleep(0.01)\n"
        "    print('asked', flush=True)\n    time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    assert child.stdout.readline() == "asked\n"
    time.sleep(1.2)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=120) == 130


def test_caps_by_hand():
    assert budget.spent(3600, 0.40, None, None) == ""
    assert budget.spent(3599, 0.40, 1.0, None) == "" and "max_hours 1 " in budget.spent(3600, 0.40, 1.0, None)
    assert budget.spent(3600, 0.40, None, 0.41) == "" and "max_dollars 0.4 " in budget.spent(3600, 0.40, None, 0.40)
