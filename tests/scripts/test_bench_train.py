"""The training benchmarks: what they count and what they conclude, with a stand-in for nanoGPT."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]

STAND_IN = '''
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F

@dataclass
class GPTConfig:
    block_size: int
    vocab_size: int
    n_layer: int
    n_head: int
    n_embd: int
    dropout: float
    bias: bool

class GPT(nn.Module):
    """The interface of nanoGPT's model: a bigram table."""
    def __init__(self, config):
        super().__init__()
        self.table = nn.Embedding(config.vocab_size, config.vocab_size)

    def configure_optimizers(self, weight_decay, rate, betas, device):
        return torch.optim.AdamW(self.parameters(), lr=rate)

    def forward(self, x, y):
        logits = self.table(x)
        return logits, F.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=-100)
'''


def bench_script(name: str):
    """scripts/bench/<name>.py under a name of its own: src has a train.py too."""
    folder = str(ROOT / "scripts/bench")
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(f"bench_{name}", f"{folder}/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def nanogpt(tmp_path) -> Path:
    (tmp_path / "model.py").write_text(STAND_IN)
    return tmp_path


def test_speed_table_has_every_contestant(nanogpt, capsys):
    from pipeline.config import load_config

    cfg = load_config(
        "configs/demo.yaml",
        [
            "model.vocab_size=300",
            "model.n_layer=1",
            "model.n_embd=16",
            "model.n_head=2",
            "model.d_ff=24",
            "model.block_size=8",
            "train.micro_batch_size=2",
        ],
    )
    args = type("Args", (), {"nanogpt": nanogpt, "dtypes": ["float32", "bfloat16"], "rounds": 2, "steps": 1})
    threads = torch.get_num_threads()
    bench_script("train").main(cfg, args)
    torch.set_num_threads(threads)
    rows = [
        line.split(" | ")
        for line in capsys.readouterr().out.splitlines()
        if line.startswith(("| float32", "| bfloat16"))
    ]
    assert [row[1] for row in rows][:2] == ["wikillm", "nanoGPT"] and len({row[0] for row in rows}) == 2
    assert rows[0][2] == f"{300 * 16 + 4 * 16 * 16 + 3 * 16 * 24 + 3 * 16:,}" and rows[0][4] == "1.00"
    assert rows[1][2] == "90,000"


def test_a_folder_without_nanogpt_is_said(tmp_path):
    from pipeline.config import InputError

    bench_script("train")
    from beside import nanogpt_model

    with pytest.raises(InputError, match="git clone"):
        nanogpt_model(tmp_path / "none", None)


def test_recipes_table_takes_each_recipes_best_rate():
    curves = {
        "course lr 0.001": [(10, 3.0), (20, 2.5)],
        "course lr 0.002": [(10, 2.9), (20, 2.4)],
        "fast lr 0.001": [(10, 2.8), (20, 2.2)],
        "fast 65% lr 0.001": [(13, 2.35)],
        "nanoGPT lr 0.002": [(20, 2.6)],
    }
    lines = bench_script("recipes").table(curves).splitlines()
    assert lines[2:6] == [
        "| course | 0.002 | 20 | 2.4000 | +0.0000 |",
        "| fast | 0.001 | 20 | 2.2000 | -0.2000 |",
        "| fast 65% | 0.001 | 13 | 2.3500 | -0.0500 |",
        "| nanoGPT | 0.002 | 20 | 2.6000 | +0.2000 |",
    ]


def test_recipes_differ_as_the_configs_do():
    """The two recipes are base.yaml's and fast.yaml's, key by key."""
    from pipeline.config import load_config

    overrides = bench_script("recipes").runs([0.002], [0.002], 200)
    names = ("optimizer", "lr_schedule", "zero_init_proj")
    base, fast = load_config("configs/base.yaml"), load_config("configs/fast.yaml")
    for recipe, config in (("course", base), ("fast", fast)):
        built = load_config("configs/base.yaml", overrides[f"{recipe} lr 0.002"]).train
        assert [getattr(built, n) for n in names] == [getattr(config.train, n) for n in names]
        assert built.min_lr / built.lr == pytest.approx(config.train.min_lr / config.train.lr)
    assert load_config("configs/base.yaml", overrides["fast lr 0.002"]).train.decay_frac == fast.train.decay_frac
    assert load_config("configs/base.yaml", overrides["fast 65% lr 0.002"]).train.max_iters == 130
