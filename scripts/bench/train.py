"""Training speed beside others': our step, nanoGPT's and a Hugging Face Llama's, in one process, in turns.

Reads a config (model and train sections) and, where given, nanoGPT's model.py; writes nothing, prints a Markdown table.

    python scripts/bench/train.py --config configs/demo.yaml --nanogpt ../nanoGPT
    python scripts/bench/train.py --nanogpt ../nanoGPT --rounds 5 train.micro_batch_size=16      # on a GPU

A step is one micro-batch forward and backward, clipping, the optimizer: AdamW for all. All have the same vocabulary,
width, heads, layers and context; nanoGPT's MLP has 8 d^2 weights a layer, ours 3 d d_ff, so the table gives FLOP/s as
well. On a CPU the clock is the process's CPU time and there is one thread, so that other work on the machine hardly
matters.
"""

import importlib.util
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

import numpy as np
import torch

from beside import nanogpt_model
from gpt.machine import autocast, freeze_gc, pick_device
from gpt.optim import build_optimizer, clip_gradients
from model import ModelConfig, WikiGPT
from pipeline.cli import stage_main

WARMUP = 3  # steps of each before the first round: compile, memory, caches


def ours(config: ModelConfig, t, device, dtype: str):
    model = WikiGPT(config).to(device)
    optimizer = build_optimizer(model, "adamw", t.lr, t.weight_decay, t.beta1, t.beta2, t.muon_momentum, device)
    forward = torch.compile(model, dynamic=False) if t.compile else model

    def step(x, y):
        with autocast(device, dtype):
            nats = forward(x, y)
        (nats / y.numel()).backward()
        norm = clip_gradients(model, t.grad_clip)
        optimizer.step(finite=torch.isfinite(norm))
        optimizer.zero_grad()

    return model, step


def foreign_step(model, loss, optimizer, t, device, dtype: str):
    """The usual loop around a model of another project; loss: (model, x, y) -> the mean loss."""
    forward = torch.compile(model) if t.compile else model

    def step(x, y):
        with autocast(device, dtype):
            value = loss(forward, x, y)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), t.grad_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return model, step


def nanogpt(folder: Path, config: ModelConfig, t, device, dtype: str):
    model = nanogpt_model(folder, config).to(device)
    optimizer = model.configure_optimizers(t.weight_decay, t.lr, (t.beta1, t.beta2), device.type)
    return foreign_step(model, lambda m, x, y: m(x, y)[1], optimizer, t, device, dtype)


def hugging_face(config: ModelConfig, t, device, dtype: str):
    from transformers import LlamaConfig, LlamaForCausalLM

    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=config.vocab_size,
            hidden_size=config.n_embd,
            intermediate_size=config.d_ff,
            num_hidden_layers=config.n_layer,
            num_attention_heads=config.n_head,
            num_key_value_heads=config.n_head,
            max_position_embeddings=config.block_size,
            tie_word_embeddings=True,
            use_cache=False,
        )
    ).to(device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=t.lr, betas=(t.beta1, t.beta2), weight_decay=t.weight_decay, fused=device.type == "cuda"
    )
    return foreign_step(model, lambda m, x, y: m(input_ids=x, labels=x).loss, optimizer, t, device, dtype)


def clock(device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time() if device.type == "cpu" else time.perf_counter()


def measure(contestants: dict, x, y, device, rounds: int, steps: int) -> dict[str, list[float]]:
    """Seconds a step of each contestant, one figure a round; within a round they take turns."""
    for _, step in contestants.values():
        for _ in range(WARMUP):
            step(x, y)
    freeze_gc()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, (_, step) in contestants.items():
            begin = clock(device)
            for _ in range(steps):
                step(x, y)
            seconds[name].append((clock(device) - begin) / steps)
    return seconds


def flops(model, config: ModelConfig) -> int:
    """6 a weight that is multiplied (a position table is only looked up), and attention's products."""
    weights = sum(p.numel() for name, p in model.named_parameters() if "wpe" not in name)
    return 6 * weights + 12 * config.n_layer * config.n_embd * config.block_size


def main(cfg, args) -> None:
    t, device, config = cfg.train, pick_device(cfg.train.device), ModelConfig.of(cfg.model)
    if device.type == "cpu":
        torch.set_num_threads(1)
    ids = torch.from_numpy(
        np.random.default_rng(0).integers(config.vocab_size, size=(t.micro_batch_size, config.block_size + 1))
    ).to(device)
    x, y = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()
    print(
        f"{device.type}, torch {torch.__version__}, {t.micro_batch_size} x {config.block_size} tokens a step, compile "
        f"{t.compile}, "
        f"median of {args.rounds} rounds of {args.steps} steps\n"
    )
    print("| dtype | model | parameters | tokens/s | of ours | GFLOP/s |\n|---|---|---|---|---|---|")
    for dtype in args.dtypes:
        contestants = {"wikillm": ours(config, t, device, dtype)}
        if args.nanogpt:
            contestants["nanoGPT"] = nanogpt(args.nanogpt, config, t, device, dtype)
        if importlib.util.find_spec("transformers"):
            contestants["transformers Llama"] = hugging_face(config, t, device, dtype)
        seconds = measure(contestants, x, y, device, args.rounds, args.steps)
        for name, (model, _) in contestants.items():
            speed = y.numel() / statistics.median(seconds[name])
            # of ours: the median over rounds of what was measured side by side
            share = statistics.median(a / b for a, b in zip(seconds["wikillm"], seconds[name]))
            print(
                f"| {dtype} | {name} | {sum(p.numel() for p in model.parameters()):,} | {speed:,.0f} | {share:.2f} "
                f"| {speed * flops(model, config) / 1e9:,.1f} |",
                flush=True,
            )


def arguments(parser) -> None:
    parser.add_argument("--nanogpt", type=Path, help="folder with nanoGPT's model.py")
    parser.add_argument("--dtypes", nargs="+", default=["float32"], choices=["float32", "bfloat16"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=3, help="steps a round")


if __name__ == "__main__":
    stage_main(main, __doc__, ("model", "train"), arguments)
