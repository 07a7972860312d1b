"""The parts of scripts/bench/gpu.py: each measures one thing on the card and returns {"rows": [...], "note": ...}."""

import argparse
import asyncio
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch

import train
import train_dpo
import train_sft
from gpt import checkpoints
from gpt.decoder import Decoder, Request, stream
from gpt.engine import Engine
from gpt.gradients import Examples, Forward, Gradients, Listed, Loss, update
from gpt.machine import Workers, join_workers, peak_flops
from gpt.optim import learning_rate
from gpt.preflight import RandomTokens, ready
from gpt.sampling import Sampling
from gpt.sharding import can_shard
from gpt.tokenizer import Tokenizer
from gpt.tokens import Validation
from letters import Letters
from load_file import load_file
from model import ModelConfig, WikiGPT, flops_per_token
from pipeline.config import Config, load_config
from scripts import gpu_check

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 420  # after so many a part begins nothing more
MINIATURE = [
    "model.vocab_size=512", "model.n_layer=2", "model.n_head=2", "model.n_embd=32", "model.block_size=32",
    "model.d_ff=64", "train.device=cpu", "train.dtype=float32", "train.compile=false",
]  # fmt: skip
Rows = list[dict[str, Any]]


@dataclass
class Card:
    """Where it is measured, and how much."""

    workers: Workers
    dry: bool
    out: Path
    config: str
    nanogpt: Path | None
    started: float

    @classmethod
    def here(cls, args: argparse.Namespace) -> "Card":
        workers = join_workers("cpu" if args.dry_run and not torch.cuda.is_available() else "cuda")
        return cls(workers, args.dry_run, args.out, args.config, args.nanogpt, time.monotonic())

    @property
    def device(self) -> torch.device:
        return self.workers.device

    def load(self, name: str, *overrides: str) -> Config:
        """configs/<name>.yaml, in a dry run with a model of next to nothing."""
        device = f"train.device={self.device.type}"
        return load_config(str(ROOT / f"configs/{name}.yaml"), [*overrides, *(MINIATURE if self.dry else []), device])

    def time_left(self) -> bool:
        return self.dry or time.monotonic() - self.started < SECONDS

    def clock(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def seconds(self, do: Callable[[], Any], warmup: int = 3, rounds: int = 5) -> float:
        """The median time of do()."""
        warmup, rounds = (1, 2) if self.dry else (warmup, rounds)
        for _ in range(warmup):
            do()
        took = []
        for _ in range(rounds):
            begin = self.clock()
            do()
            took.append(self.clock() - begin)
        return statistics.median(took)

    def forget(self) -> None:
        """Make room: the last measurement's model is not needed any more."""
        torch._dynamo.reset()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def memory(self) -> str:
        return f"{torch.cuda.max_memory_reserved() / 2**30:.1f}" if self.device.type == "cuda" else ""


def check(card: Card) -> dict:
    """The card by itself: gpu_check's measurement, and the rate of a large product that MFU is held against."""
    if card.device.type != "cuda":
        size = 256
        a = torch.randn(size, size)
        rate = 2 * size**3 / card.seconds(lambda: a @ a) / 1e12
        return {"rows": [{"card": "CPU", "fp32 TFLOPS": round(rate, 3)}], "matmul": rate * 1e12}
    found = gpu_check.check()
    if isinstance(found, str):
        return {"rows": [], "note": found}
    return {"rows": [found], "matmul": found["tflops"] * 1e12}


def tests(card: Card) -> dict:
    """The tests that want a GPU."""
    if not importlib.util.find_spec("pytest"):
        return {"rows": [], "note": "pytest is not installed here."}
    wanted = ["--collect-only"] if card.dry else []
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "gpu",
        "-p",
        "no:cacheprovider",
        *wanted,
        "tests/gpt/test_devices.py",
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    print(ran.stdout[-2000:], flush=True)
    return {"rows": [{"status": ran.returncode, "last line": ran.stdout.strip().splitlines()[-1]}]}


def measured_matmul(card: Card) -> float | None:
    file = card.out / "check.json"
    return json.loads(file.read_text()).get("matmul") if file.exists() else None


def one_step(card: Card, cfg: Config, by_layer: bool = False) -> dict[str, Any]:
    """Train some steps on random tokens -> speed, its share of the data sheet's peak and the measured one, memory."""
    card.forget()
    model = train.new_model(cfg, card.workers)
    rows = cfg.train.micro_batch_size * cfg.train.grad_accum_steps
    batches = RandomTokens(model.config.vocab_size, model.config.block_size, rows)
    gradients, optimizer = ready(cfg, model, train.loss_on(card.workers), batches, card.workers)
    if by_layer:
        gradients.forward = Forward(model, cfg.train.compile, print, by_layer=True)
    seconds = card.seconds(lambda: update(gradients, optimizer, 0, cfg.train.lr, cfg.train.grad_clip))
    if gradients.micro_batch_size != cfg.train.micro_batch_size:
        return {"tokens/s": "out of memory"}
    speed = rows * model.config.block_size / seconds
    flops, peak, matmul = speed * flops_per_token(model.config), peak_flops(card.device), measured_matmul(card)
    return {
        "tokens/s": f"{speed:,.0f}",
        "ms a step": round(1000 * seconds, 1),
        "MFU": f"{flops / peak:.1%}" if peak else "",
        "of the measured product": f"{flops / matmul:.1%}" if matmul else "",
        "peak GiB": card.memory(),
    }


def steps(card: Card) -> dict:
    """base, fast and 350M at several micro-batches."""
    rows: Rows = []
    for name, sizes in (("base", (32, 16, 8, 64)), ("fast", (32,)), ("350m", (12, 8))):
        for size in sizes if not card.dry else sizes[:1]:
            if card.time_left():
                how = (f"train.micro_batch_size={size}", "train.grad_accum_steps=4")
                rows.append({"config": name, "micro-batch": size, **one_step(card, card.load(name, *how))})
                print(rows[-1], flush=True)
    return {"rows": rows}


def switches(card: Card) -> dict:
    """Each optimisation on and off, base.yaml at a micro-batch of 16."""
    changes: dict[str, list[str]] = {
        "as base.yaml has it": [],
        "compile off": ["train.compile=false"],
        "compiled layer by layer, as several GPUs are": [],
        "float32 (TF32)": ["train.dtype=float32"],
        "activations computed again": ["train.checkpoint_activations=true"],
        "Muon": ["train.optimizer=muon"],
    }
    rows: Rows = []
    for name, change in changes.items():
        if card.time_left():
            size = 4 if card.dry else 16
            cfg = card.load("base", f"train.micro_batch_size={size}", "train.grad_accum_steps=4", *change)
            rows.append({"change": name, **one_step(card, cfg, by_layer="layer by layer" in name)})
            print(rows[-1], flush=True)
    return {"rows": rows}


def beside(card: Card) -> dict:
    """A Hugging Face Llama's step of the same shape, and nanoGPT's, in turns with ours."""
    bench = load_file("bench_train", ROOT / "scripts/bench/train.py")
    cfg = card.load("base", f"train.micro_batch_size={2 if card.dry else 16}")
    t, config, device = cfg.train, ModelConfig.of(cfg.model), card.device
    contestants = {"wikillm": bench.ours(config, t, device, t.dtype)}
    if card.nanogpt:
        contestants["nanoGPT"] = bench.nanogpt(card.nanogpt, config, t, device, t.dtype)
    if importlib.util.find_spec("transformers") and not card.dry:
        contestants["transformers Llama"] = bench.hugging_face(config, t, device, t.dtype)
    ids = torch.randint(config.vocab_size, (t.micro_batch_size, config.block_size + 1), device=device)
    x, y = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()
    seconds = bench.measure(contestants, x, y, device, 2 if card.dry else 7, 1 if card.dry else 3)
    rows: Rows = []
    for name, (model, _) in contestants.items():
        speed = y.numel() / statistics.median(seconds[name])
        ratio = statistics.median(a / b for a, b in zip(seconds["wikillm"], seconds[name]))
        rate = speed * bench.flops(model, config) / 1e12
        rows.append({"model": name, "tokens/s": f"{speed:,.0f}", "of ours": f"{ratio:.2f}", "TFLOP/s": round(rate, 2)})
    return {"rows": rows}


RECIPES = {
    "base, lr 6e-4": ("base", ["train.lr=6e-4"]),
    "fast, lr 1.8e-3": ("fast", ["train.lr=1.8e-3"]),
    "fast, lr 6e-4": ("fast", ["train.lr=6e-4"]),
    "fast, embedding rate x 2": ("fast", ["train.lr=1.8e-3", "train.embed_lr_scale=2"]),
    "fast, embedding rate x 4": ("fast", ["train.lr=1.8e-3", "train.embed_lr_scale=4"]),
    "fast, usual initialisation": ("fast", ["train.lr=1.8e-3", "train.zero_init_proj=false"]),
}


def recipes(card: Card) -> dict:
    """What is learned at 124M on real tokens, each recipe with its whole schedule in the same number of steps."""
    source = load_config(card.config)
    rows: Rows = []
    try:
        tokenizer, tokens, val = (None, None, None) if card.dry else train.open_inputs(source)
    except Exception as error:
        return {"rows": rows, "note": f"No tokens to learn from: {str(error).splitlines()[0]}"}
    total = 0
    for name, (config, changes) in RECIPES.items():
        cfg = card.load(config, f"train.micro_batch_size={2 if card.dry else 32}", "train.grad_accum_steps=4", *changes)
        card.forget()
        model, block = train.new_model(cfg, card.workers), cfg.model.block_size
        batches: Any = RandomTokens(cfg.model.vocab_size, block, 4 * cfg.train.micro_batch_size)
        validation: Examples = batches
        if tokens and val and tokenizer:
            batches = train.batches_of(cfg, tokens)
            validation = Validation(val, block, 640, before=cast(int, tokenizer.end_id))
        gradients, optimizer = ready(cfg, model, train.loss_on(card.workers), batches, card.workers)
        if not total:  # as many as the first one's speed leaves for each
            a_step = card.seconds(partial(update, gradients, optimizer, 0, 0.0, 1.0))
            total = 4 if card.dry else max(20, int(SECONDS / len(RECIPES) / a_step))
        t = cfg.train
        for step in range(total):
            lr = learning_rate(step, total, t.lr, t.min_lr, total // 20, t.lr_schedule, t.decay_frac)
            update(gradients, optimizer, step, lr, t.grad_clip)
        loss = gradients.mean(validation)["loss"]
        bits = f"{loss / math.log(2) / val.bytes_per_token:.4f}" if val else ""
        seen = f"{total * batches.batch_size * block:,}"
        rows.append({"recipe": name, "tokens": seen, "val loss": round(loss, 4), "bits/byte": bits})
        print(rows[-1], flush=True)
    return {"rows": rows}


def decoding(card: Card) -> dict:
    """New tokens a second at batch 1, 8 and 64, greedy, compiled and not; beside transformers where it is installed."""
    cfg, rows = card.load("base"), []
    model = (
        train.new_model(cfg, card.workers).to(torch.bfloat16 if card.device.type == "cuda" else torch.float32).eval()
    )
    tokenizer, new, prompt = cast(Tokenizer, Letters(cfg.model.vocab_size)), 8 if card.dry else 128, [5] * 8
    for compiled in (False,) if card.dry else (False, True):
        decoder = Decoder(model, tokenizer, compiled)
        for batch in (1, 8, 64):
            requests = [Request(prompt, new, Sampling(0.0), seed) for seed in range(batch)]
            seconds = card.seconds(partial(answer, decoder, requests, batch), warmup=1, rounds=3)
            how = "compiled" if compiled else "not compiled"
            rows.append({"who": f"wikillm, {how}", "batch": batch, "tokens/s": f"{batch * new / seconds:,.0f}"})
            print(rows[-1], flush=True)
    if importlib.util.find_spec("transformers") and not card.dry:
        rows += decoding_of_transformers(card, model, new, prompt)
    return {"rows": rows}


def answer(decoder: Decoder, requests: list[Request], batch: int) -> None:
    for _ in stream(decoder, requests, batch):
        pass


def decoding_of_transformers(card: Card, model: WikiGPT, new: int, prompt: list[int]) -> Rows:
    import transformers

    like = cast(Tokenizer, SimpleNamespace(end_id=2, pad_id=3))
    llama: Any = transformers.LlamaForCausalLM(transformers.LlamaConfig(**checkpoints.hf_config(model.config, like)))
    llama.load_state_dict(checkpoints.to_hf(model.state_dict()), strict=False)
    llama.tie_weights()
    llama.to(card.device, torch.bfloat16).eval()
    rows: Rows = []
    for batch in (1, 8, 64):
        ids = torch.tensor([prompt] * batch, device=card.device)
        how = {"max_new_tokens": new, "min_new_tokens": new, "do_sample": False, "pad_token_id": 3}
        mask = torch.ones_like(ids)
        seconds = card.seconds(partial(llama.generate, ids, attention_mask=mask, **how), warmup=1, rounds=3)
        rows.append({"who": "transformers", "batch": batch, "tokens/s": f"{batch * new / seconds:,.0f}"})
    return rows


def engine(card: Card) -> dict:
    """The server's decoding thread under 64 clients, each with its next question as soon as it has an answer."""
    cfg = card.load("base")
    model = (
        train.new_model(cfg, card.workers).to(torch.bfloat16 if card.device.type == "cuda" else torch.float32).eval()
    )
    clients, questions, new = (4, 2, 4) if card.dry else (64, 4, 128)
    running = Engine(model, cast(Tokenizer, Letters(cfg.model.vocab_size)), max_batch=clients, queue=clients)
    waits: list[float] = []

    async def client(number: int) -> None:
        for question in range(questions):
            asked = time.perf_counter()
            (job,) = await running.submit([Request([5] * 8, new, Sampling(0.8), number * questions + question)])
            first = None
            while True:
                _, _, _, finish, error = await job.events.get()
                first = first or time.perf_counter() - asked
                if error:
                    raise error
                if finish:
                    break
            running.give([job])
            waits.append(first)

    async def everybody() -> None:
        await asyncio.gather(*(client(number) for number in range(clients)))

    began = time.perf_counter()
    asyncio.run(everybody())
    took = time.perf_counter() - began
    running.close()
    waits.sort()
    answers = clients * questions
    row = {"clients": clients, "tokens/s": f"{answers * new / took:,.0f}", "answers/s": round(answers / took, 1)}
    return {"rows": [{**row, "first token ms, median": round(1000 * waits[len(waits) // 2], 1)}]}


def fine_tuning(card: Card) -> dict:
    """A step of SFT, of full rows, and one of DPO, of pairs of 256 tokens a side."""
    cfg = card.load("base")
    length = cfg.model.block_size
    ids = list(range(5, 5 + min(257, length)))
    side = (ids, [n >= len(ids) // 2 for n in range(len(ids))])
    row = [((ids * 9)[: length + 1], [True] * (length + 1))]
    pair = ((side, side), torch.zeros(2))
    dpo = train_dpo.loss_on(card.workers, cfg.dpo)
    return {
        "rows": [
            fine_tuning_step(card, "sft", row, length, train_sft.loss_on(card.workers, length), ()),
            fine_tuning_step(card, "dpo", pair, 2 * (len(ids) - 1), dpo, train_dpo.METRICS),
        ]
    }


def fine_tuning_step(
    card: Card, stage: str, example: Any, tokens: int, loss: Loss, metrics: tuple[str, ...]
) -> dict[str, Any]:
    """tokens: of an example"""
    card.forget()
    cfg = card.load("base")
    section = cfg.sft if stage == "sft" else cfg.dpo
    size = section.micro_batch_size * section.grad_accum_steps
    model, examples = train.new_model(cfg, card.workers), Listed([[example] * size], stage)
    _, optimizer = ready(cfg, model, loss, examples, card.workers)
    compiled = cfg.train.compile and stage == "sft"
    how = section.micro_batch_size, cfg.train.dtype, compiled, metrics
    gradients = Gradients(model, loss, examples, card.workers, *how)
    seconds = card.seconds(partial(update, gradients, optimizer, 0, 1e-5, 1.0))
    return {
        "stage": stage,
        "examples a step": size,
        "ms a step": round(1000 * seconds, 1),
        "tokens/s": f"{size * tokens / seconds:,.0f}",
        "peak GiB": card.memory(),
    }


def checkpoint(card: Card) -> dict:
    """Saving and loading the model with its optimizer, hashes and fsync included."""
    cfg = card.load("base", "train.micro_batch_size=2", "train.grad_accum_steps=1", "train.compile=false")
    model = train.new_model(cfg, card.workers)
    batches = RandomTokens(cfg.model.vocab_size, cfg.model.block_size, 2)
    gradients, optimizer = ready(cfg, model, train.loss_on(card.workers), batches, card.workers)
    update(gradients, optimizer, 0, 1e-4, 1.0)
    with tempfile.TemporaryDirectory(dir=card.out) as folder:
        file = Path(folder) / "tokenizer.json"
        file.write_text("{}")
        like = cast(Tokenizer, SimpleNamespace(path=file, end_id=2, pad_id=3))

        def save() -> None:
            checkpoints.save(Path(folder), "step_1", model, like, {"step": 1}, optimizer.state(), 1)

        saving = card.seconds(save, warmup=1, rounds=3)
        size = sum(f.stat().st_size for f in (Path(folder) / "step_1").rglob("*") if f.is_file())
        loading = card.seconds(lambda: checkpoints.load_training_state(Path(folder) / "step_1"), warmup=1, rounds=3)
    return {"rows": [{"GB": round(size / 1e9, 2), "save s": round(saving, 2), "load s": round(loading, 2)}]}


def several(card: Card) -> dict:
    """Two GPUs (in a dry run two processes): gradients sent behind the backward pass, and after it; weights sharded."""
    if "RANK" in os.environ:
        rows = several_rows(card)
        if card.workers.first:
            (card.out / "several-rows.json").write_text(json.dumps(rows))
        card.workers.close()
        return {"rows": rows}
    if not card.dry and torch.cuda.device_count() < 2:
        return {"rows": [], "note": "There is one GPU."}
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    own = [str(ROOT / "scripts/bench/gpu.py"), "--part", "several", "--out", str(card.out)]
    subprocess.run(
        [*launch, *own, *(["--dry-run"] if card.dry else [])], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    rows = json.loads((card.out / "several-rows.json").read_text())
    (card.out / "several-rows.json").unlink()
    return {"rows": rows}


def several_rows(card: Card) -> Rows:
    size = 2 if card.dry else 16
    rows: Rows = []
    for how in ("behind the backward pass", "after it", "to the process whose rows they are (fsdp)"):
        shard = "fsdp" if "fsdp" in how else "none"
        if shard == "fsdp" and not can_shard(card.device):
            continue
        card.forget()
        cfg = card.load("base", f"train.micro_batch_size={size}", "train.grad_accum_steps=8", f"train.shard={shard}")
        batches = RandomTokens(cfg.model.vocab_size, cfg.model.block_size, 8 * size)
        model = train.new_model(cfg, card.workers)
        gradients, optimizer = ready(cfg, model, train.loss_on(card.workers), batches, card.workers)
        if how == "after it":
            assert gradients.reducer
            gradients.reducer.last_micro_batch = lambda: None  # type: ignore[method-assign]
        seconds = card.seconds(partial(update, gradients, optimizer, 0, 1e-4, 1.0))
        speed = f"{batches.batch_size * batches.block_size / seconds:,.0f}"
        ms = round(1000 * seconds, 1)
        rows.append({"gradients are sent": how, "ms a step": ms, "tokens/s": speed, "peak GiB": card.memory()})
    return rows


PARTS: dict[str, Callable[[Card], dict]] = {
    "check": check,
    "tests": tests,
    "steps": steps,
    "switches": switches,
    "beside": beside,
    "recipes": recipes,
    "decoding": decoding,
    "engine": engine,
    "fine_tuning": fine_tuning,
    "checkpoint": checkpoint,
    "several": several,
}
