"""What runs on the rented GPU, on every kind of device here: it trains, resumes, decodes and scores as on a CPU."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

import eval_ppl
import train
import train_dpo
import train_sft
from crashes import crash_and_resume
from gpt import checkpoints, run_log
from gpt.decode_step import CompiledStep
from gpt.decoder import Decoder, Request, stream
from gpt.run_log import read_log
from gpt.sampling import Sampling
from pipeline.config import load_config
from tiny import TEXT, tiny_checkpoint, tiny_model, tiny_tokenizer, token_files

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
STEPS, CRASH = 40, 25


@pytest.fixture(autouse=True)
def no_curves(monkeypatch):
    monkeypatch.setattr(run_log, "draw_curves", lambda *_: None)


@pytest.fixture
def exact_products():
    """Without TF32, which training on a GPU turns on."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    yield
    torch.set_float32_matmul_precision(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return token_files(tmp_path_factory.mktemp("data"), train=200, val=20)


def pretraining(data: Path, out: Path, *overrides: str):
    return load_config(
        "configs/base.yaml",
        [
            "model.vocab_size=280",
            "model.n_layer=2",
            "model.n_head=2",
            "model.n_embd=64",
            "model.block_size=32",
            "model.d_ff=128",
            f"tokenizer.path={data}/tokenizer.json",
            f"data.train_bin={data}/train.bin",
            f"data.val_bin={data}/val.bin",
            "train.micro_batch_size=8",
            "train.grad_accum_steps=2",
            f"train.max_iters={STEPS}",
            "train.warmup_iters=4",
            "train.lr=0.01",
            "train.min_lr=0.001",
            "train.eval_interval=20",
            "train.eval_iters=4",
            "train.log_interval=1",
            "train.checkpoint_interval=10",
            "train.sample_prompts=['Gold is']",
            "train.sample_tokens=4",
            f"train.checkpoint_dir={out}",
            "wandb.mode=disabled",
            *overrides,
        ],
    )


def losses(out: Path) -> list[float]:
    return [r["loss"] for r in read_log(out / "base") if "loss" in r]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("device", DEVICES)
def test_pretraining_in_bf16_learns_and_resumes(device, optimizer, data, tmp_path, monkeypatch):
    """As it is rented: bf16, compiled on a GPU. A run that died goes on; a GPU may add in another order."""
    how = (
        f"train.device={device}",
        "train.dtype=bfloat16",
        f"train.compile={str(device != 'cpu').lower()}",
        f"train.optimizer={optimizer}",
    )
    train.main(pretraining(data, tmp_path / "a", *how))
    whole = losses(tmp_path / "a")
    assert len(whole) == STEPS and whole[0] == pytest.approx(math.log(280), rel=0.05) and whole[-1] < whole[0] - 2
    crash_and_resume(monkeypatch, pretraining(data, tmp_path / "b", *how), CRASH)
    np.testing.assert_allclose(losses(tmp_path / "b"), whole, rtol=0 if device == "cpu" else 0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    "device, compiled",
    [
        ("cpu", True),
        pytest.param("cuda", False, marks=pytest.mark.gpu),
        pytest.param("cuda", True, marks=pytest.mark.gpu),
    ],
)
def test_the_first_steps_are_those_of_a_cpu(device, compiled, data, tmp_path, capsys):
    """In fp32, beside a CPU that does not compile; a GPU multiplies in TF32, with 10 bits behind the point."""
    found = []
    for name, *how in (
        ("plain", "train.device=cpu", "train.compile=false"),
        ("other", f"train.device={device}", f"train.compile={str(compiled).lower()}"),
    ):
        train.main(
            pretraining(data, tmp_path / name, *how, "train.dtype=float32", "train.max_iters=6", "train.optimizer=muon")
        )
        found.append(losses(tmp_path / name))
    assert "going on without it" not in capsys.readouterr().out
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4 if device == "cpu" else 0.005)


@pytest.mark.parametrize(
    "device, compiled",
    [
        ("cpu", False),
        pytest.param("cuda", False, marks=pytest.mark.gpu),
        pytest.param("cuda", True, marks=pytest.mark.gpu),
    ],
)
def test_decoding_side_by_side_says_what_each_says_alone_on_a_cpu(device, compiled, data, exact_products):
    """Greedy, in fp32; prompts of different lengths, more than fit at once."""
    tokenizer = tiny_tokenizer(data / "tokenizer.json", vocab_size=280)
    model = tiny_model(vocab_size=280, block_size=128)
    jobs = [
        Request(tokenizer.encode(text), 10 + 3 * n, Sampling(0.0), n) for n, text in enumerate(TEXT.split(". ")[:9])
    ]
    said = []
    for kind, compile_it, batch_size in (("cpu", False, 1), (device, compiled, 4)):
        decoder = Decoder(model.to(kind), tokenizer, compile_it)
        done = {index: completion.ids for index, _, completion in stream(decoder, jobs, batch_size)}
        said.append([done[i] for i in range(len(jobs))])
    assert said[0] == said[1] and isinstance(decoder.next, CompiledStep) == compiled
    drawn = {
        index: completion.ids
        for index, _, completion in stream(decoder, [Request([9], 20, Sampling(1.0, top_k=40, top_p=0.9), 5)] * 2, 2)
    }
    assert drawn[0] == drawn[1]  # the same seed, the same words, in company too


@pytest.mark.parametrize("device", DEVICES)
def test_fine_tuning_and_scoring(device, tmp_path, monkeypatch):
    """SFT, then DPO from it, then eval_ppl over all three checkpoints, with files as the stages before write them."""
    tiny_checkpoint(tmp_path / "base", block_size=64)
    asked = [
        ("What is gold?", "A metal.", "A river."),
        ("Where is Paris?", "In France.", "In Japan."),
        ("What is Tokyo?", "The capital of Japan.", "A metal."),
    ]
    user = [[{"role": "user", "content": question}] for question, _, _ in asked]
    files = {
        "sft": [{"messages": [*q, {"role": "assistant", "content": good}]} for q, (_, good, _) in zip(user, asked)] * 8,
        "pref": [{"prompt": q, "chosen": good, "rejected": bad} for q, (_, good, bad) in zip(user, asked)] * 8,
        "text": [{"id": str(n), "text": text} for n, text in enumerate(TEXT.split("\n"))],
    }
    for name, records in files.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    cfg = load_config(
        "configs/demo.yaml",
        [
            f"train.device={device}",
            f"train.dtype={'bfloat16' if device == 'cuda' else 'float32'}",
            f"train.checkpoint_dir={tmp_path}",
            "wandb.mode=disabled",
            f"sft.train_file={tmp_path}/sft.jsonl",
            f"sft.val_file={tmp_path}/sft.jsonl",
            f"sft.checkpoint={tmp_path}/base/latest",
            "sft.lr=3e-3",
            "sft.epochs=20",
            "sft.eval_interval=20",
            f"pref.train_file={tmp_path}/pref.jsonl",
            f"pref.val_file={tmp_path}/pref.jsonl",
            f"dpo.checkpoint={tmp_path}/sft/latest",
            "dpo.lr=1e-3",
            "dpo.epochs=6",
            "dpo.eval_interval=12",
            "sft.micro_batch_size=4",
            "sft.grad_accum_steps=1",
            "dpo.micro_batch_size=4",
            "dpo.grad_accum_steps=1",
            f"eval.checkpoints=['{tmp_path}/base/latest', '{tmp_path}/sft/latest', '{tmp_path}/dpo/latest']",
            f"eval.texts=['{tmp_path}/text.jsonl']",
            f"eval.report={tmp_path}/ppl",
            f"data.val_bin={tmp_path}/none.bin",
        ],
    )
    for stage, main in (("sft", train_sft.main), ("dpo", train_dpo.main)):
        main(cfg)
        evaluations = [r for r in read_log(tmp_path / stage) if "val_loss" in r]
        assert evaluations[-1]["val_loss"] < evaluations[0]["val_loss"]
    assert evaluations[-1]["val_accuracy"] > 0.9
    for name in ("base", "sft", "dpo"):  # what the device wrote, a CPU reads
        assert all(
            p.device.type == "cpu" and p.dtype == torch.float32
            for p in checkpoints.load(tmp_path / name / "latest")[0].parameters()
        )
    scores = []
    for kind in ("cpu", device):
        monkeypatch.setattr("gpt.machine.pick_device", lambda _, kind=kind: torch.device(kind))
        eval_ppl.main(cfg)
        scores.append([row["bits_per_byte"] for row in json.loads((tmp_path / "ppl.json").read_text())["results"]])
        (tmp_path / "ppl.json").unlink()
    assert len(set(scores[0])) == 3  # three models, three figures
    np.testing.assert_allclose(scores[1], scores[0], rtol=0.01)
