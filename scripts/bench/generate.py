"""Decoding speed beside transformers.generate: the same weights, prompts and batch, in one process, in turns.

Reads a config (model and sample sections); writes nothing, prints a Markdown table. The weights are random, which
greedy speed does not depend on; sampling's does on how sure the model is, so the last norm is scaled until its choices
are about as wide as a trained model's. No answer ends early.

    python scripts/bench/generate.py --config configs/demo.yaml
    python scripts/bench/generate.py --tokens 48 --rounds 3

Greedy answers are compared token for token first. Sampling is with the config's temperature and top-p, on both sides.
On a CPU the clock is the process's CPU time and there is one thread, so that other work on the machine hardly matters.
With sample.compile=true our steps are compiled, once and before the clock starts, as in src/sample.py; a decoder is not
built anew for every round in either case.
"""

import importlib
import statistics
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

import torch

from gpt.checkpoints import hf_config, to_hf
from gpt.decoder import Decoder, Request, stream
from gpt.machine import pick_device
from gpt.sampling import Sampling
from gpt.tokenizer import Tokenizer
from letters import Letters
from model import Block, ModelConfig, WikiGPT
from pipeline.cli import stage_main
from pipeline.config import InputError

END, PAD = 2, 3
PEAK = 3.5  # standard deviation of the logits: at temperature 0.8 a perplexity of 20 to 60


def peer() -> Any:
    """The library that is measured against; it comes with the tests' packages."""
    try:
        return importlib.import_module("transformers")
    except ModuleNotFoundError:
        raise InputError("transformers is not installed; run bash scripts/setup.sh --tests") from None


def pair(config: ModelConfig, device: torch.device):
    """Our model with random weights, and transformers' Llama with the same ones."""
    transformers = peer()
    torch.manual_seed(0)
    ours = WikiGPT(config).eval()
    with torch.no_grad():
        for layer in ours.layers:
            assert isinstance(
                layer, Block
            )  # let the layers outweigh the embedding, or every token would predict itself
            layer.mlp.down_proj.weight.mul_(1000)
        ours.norm.weight.mul_(PEAK / ours.embed_tokens.weight.std() / config.n_embd**0.5)
    llama = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**hf_config(config, cast(Tokenizer, SimpleNamespace(end_id=END, pad_id=PAD))))
    ).eval()
    missing = llama.load_state_dict(to_hf(ours.state_dict()), strict=False)
    assert set(missing.missing_keys) <= {"lm_head.weight"} and not missing.unexpected_keys, missing
    llama.tie_weights()
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    return ours.to(device, dtype), llama.to(device, dtype)


def clock(device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time() if device.type == "cpu" else time.perf_counter()


def main(cfg, args) -> None:
    device, config = pick_device("auto"), ModelConfig.of(cfg.model)
    if device.type == "cpu":
        torch.set_num_threads(1)
    ours, llama = pair(config, device)
    tokenizer = cast(Tokenizer, Letters(config.vocab_size))
    ids = torch.randint(4, config.vocab_size, (args.batch, args.prompt), generator=torch.Generator().manual_seed(1))
    prompts, ids = ids.tolist(), ids.to(device)
    sampling = Sampling.of(cfg.sample)

    began = time.perf_counter()
    decoder = Decoder(ours, tokenizer, cfg.sample.compile)
    building = time.perf_counter() - began

    def run_ours(how: Sampling) -> list[list[int]]:
        requests = [Request(prompt, args.tokens, how, seed) for seed, prompt in enumerate(prompts)]
        done = {index: completion.ids for index, _, completion in stream(decoder, requests, args.batch)}
        return [done[i] for i in range(args.batch)]

    def run_theirs(**how) -> list[list[int]]:
        out = llama.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=args.tokens,
            min_new_tokens=args.tokens,
            pad_token_id=PAD,
            suppress_tokens=[0, 1, END, PAD],
            **how,
        )
        return out[:, args.prompt :].tolist()

    knobs = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    pairs = {
        "greedy": (lambda: run_ours(Sampling(0.0)), lambda: run_theirs(do_sample=False)),
        f"temperature {sampling.temperature:g}, top-p {sampling.top_p:g}": (
            lambda: run_ours(sampling),
            lambda: run_theirs(do_sample=True, **knobs),
        ),
    }
    a, b = (side() for side in pairs["greedy"])
    same = sum(x == y for x, y in zip(a, b))
    print(
        f"{device.type}, torch {torch.__version__}, transformers {peer().__version__}, "
        f"{sum(p.numel() for p in ours.parameters()):,} parameters in {ours.embed_tokens.weight.dtype}, batch "
        f"{args.batch}, "
        f"{args.prompt} + {args.tokens} tokens, best of {args.rounds} rounds, "
        f"{'compiled' if cfg.sample.compile else 'not compiled'} ({building:.1f} s); greedy rows equal token for "
        f"token: {same} of {args.batch}\n"
    )
    table(pairs, args, device)


def table(pairs: dict, args, device: torch.device) -> None:
    """The two sides of each pair in turns, a row a pair."""
    print(
        "| decoding | wikillm tokens/s | transformers tokens/s | ratio of the best | median ratio of a round "
        "|\n|---|--:|--:|--:|--:|"
    )
    for name, sides in pairs.items():
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(args.rounds):
            for spent, side in zip(seconds, sides):
                begin = clock(device)
                side()
                spent.append(clock(device) - begin)
        new = args.batch * args.tokens
        print(
            f"| {name} | {new / min(seconds[0]):,.0f} | {new / min(seconds[1]):,.0f} | "
            f"{min(seconds[1]) / min(seconds[0]):.2f} "
            f"| {statistics.median(y / x for x, y in zip(*seconds)):.2f} |",
            flush=True,
        )


def arguments(parser) -> None:
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--prompt", type=int, default=32, help="tokens of a prompt")
    parser.add_argument("--tokens", type=int, default=128, help="new tokens a row")
    parser.add_argument("--rounds", type=int, default=5)


if __name__ == "__main__":
    stage_main(main, __doc__, ("model", "sample"), arguments)
