"""Weights cut over three processes: brought together they are what they were, and a step gives what one process's does.

Whole runs, resumed and stopped, are in test_trainer.py.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gpt.gradients import Gradients, Listed, update
from gpt.machine import Workers
from gpt.optim import build_optimizer
from gpt.sharding import shard
from model import ModelConfig, WikiGPT
from pipeline.config import InputError

SRC = Path(__file__).resolve().parents[2] / "src"
CPU = torch.device("cpu")
VERSION = tuple(map(int, torch.__version__.split(".")[:2]))
# 3 processes cut none of these sizes evenly, and of the 16 rows of a norm and of o_proj the last one has 4
MODEL = """
import torch
from model import ModelConfig, WikiGPT
torch.manual_seed(0)
model = WikiGPT(ModelConfig(vocab_size=301, n_layer=2, n_head=2, n_embd=16, block_size=8, d_ff=22))
ids = torch.randint(0, 301, (5, 9), generator=torch.Generator().manual_seed(0))

def loss(forward, rows):
    ids = torch.stack(list(rows))
    targets = ids[:, 1:].contiguous()
    return forward(ids[:, :-1].contiguous(), targets), targets.numel(), {}
"""
PROCESS = (
    """
import sys
sys.path.insert(0, sys.argv[1])
import torch
from pathlib import Path
from safetensors.torch import save_file
from gpt.gradients import Gradients, Listed, update
from gpt.machine import join_workers
from gpt.optim import build_optimizer
from gpt.sharding import gathered, own, shard
"""
    + MODEL
    + """
workers = join_workers("cpu")
shard(model, workers)
assert sum(own(p).numel() for p in model.parameters()) < 0.4 * sum(p.numel() for p in model.parameters())
begun = gathered(model, workers).state_dict()
optimizer = build_optimizer(model, "muon", 1e-2, 0.1, 0.9, 0.95, 0.95, workers.device)
gradients = Gradients(model, loss, Listed([list(ids)], "rows"), workers, 2, "float32")
found = {}
for step in range(2):
    means, norm = update(gradients, optimizer, 0, 1e-2, 0.5)
    found |= {f"loss {step}": means["loss"], f"norm {step}": norm}
evaluated = gradients.mean(Listed([list(ids)], "rows"))["loss"]
found["evaluated"] = torch.tensor(evaluated)
moments, ended = optimizer.state(), gathered(model, workers).state_dict()
if workers.first:
    found |= {f"begun {n}": t for n, t in begun.items()} | {f"ended {n}": t for n, t in ended.items()} | moments
    save_file({name: tensor.clone() for name, tensor in found.items()}, sys.argv[2])
workers.close()
"""
)


@pytest.mark.skipif(VERSION < (2, 13), reason="on a CPU it needs torch 2.13")
def test_three_processes_do_what_one_does(tmp_path):
    """Five examples, two at a time: the third process has one, and none when they are evaluated."""
    script, file = tmp_path / "process.py", tmp_path / "found.safetensors"
    script.write_text(PROCESS)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=3"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*launch, str(script), str(SRC), str(file)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    found = load_file(file)

    scope: dict = {}
    exec(MODEL, scope)
    model, ids = scope["model"], scope["ids"]
    begun = {n: p.detach().clone() for n, p in model.named_parameters()}
    optimizer = build_optimizer(model, "muon", 1e-2, 0.1, 0.9, 0.95, 0.95, CPU)
    gradients = Gradients(model, scope["loss"], Listed([list(ids)], "rows"), Workers(CPU), 5, "float32")
    for step in range(2):
        means, norm = update(gradients, optimizer, 0, 1e-2, 0.5)
        assert found[f"loss {step}"].item() == pytest.approx(means["loss"].item(), rel=1e-6)
        assert found[f"norm {step}"].item() == pytest.approx(norm.item(), rel=1e-5) and norm > 0.5  # so it is clipped
    assert found["evaluated"].item() == pytest.approx(scope["loss"](model, ids)[0].item() / 40, rel=1e-6)
    for name, p in model.named_parameters():
        assert torch.equal(found[f"begun {name}"], begun[name])
        torch.testing.assert_close(found[f"ended {name}"], p.detach(), rtol=0, atol=1e-5)  # a step is 1e-2
    for name, tensor in optimizer.state().items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-5 * max(1.0, float(tensor.abs().max())))


def test_an_older_torch_is_told(monkeypatch):
    monkeypatch.setattr(torch, "__version__", "2.7.1+cu126")
    model = WikiGPT(ModelConfig(vocab_size=301, n_layer=1, n_head=2, n_embd=16, block_size=8, d_ff=24))
    with pytest.raises(InputError, match="train.shard=fsdp needs torch 2.6 or newer, on a CPU 2.13, this is 2.7.1"):
        shard(model, Workers(CPU, 0, 2))
