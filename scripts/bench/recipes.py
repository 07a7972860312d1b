"""Recipes at equal tokens: the course's (AdamW, cosine to a tenth) beside fast.yaml's (Muon, zero-initialised output
projections, linear decay to zero), and nanoGPT's model with its own recipe. Which learns more from the same text?

The config's tokens and model -> a Markdown table, curves.png and results.json in --out.

    python scripts/bench/recipes.py --config configs/demo.yaml --steps 400 --out runs/recipes
    python scripts/bench/recipes.py --config configs/demo.yaml --steps 5000 --rates 1e-3 2e-3 --fast-rates 4e-3 8e-3
    --nanogpt ../nanoGPT

Each learning rate is a run of src/train.py in a folder of its own, so that an interrupted comparison goes on where it
stopped. All see the same batches in the same order. `fast 65 %` has 65 % of the steps, with its whole schedule in them.
"""

import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "scripts" / "bench", ROOT / "src"):  # src first: both have a train.py
    sys.path.insert(0, str(folder))
import pipeline.ctrl_c  # noqa: E402  first, for as long as the others take

import torch  # noqa: E402

import train  # noqa: E402  src/train.py
from beside import nanogpt_model  # noqa: E402
from gpt.machine import Workers, autocast, pick_device, to_device  # noqa: E402
from gpt.optim import learning_rate  # noqa: E402
from gpt.run_log import read_log  # noqa: E402
from gpt.tokens import IGNORE, Validation  # noqa: E402
from model import ModelConfig  # noqa: E402
from pipeline.cli import stage_main  # noqa: E402
from pipeline.config import load_config  # noqa: E402
from pipeline.files import read_json, write_json  # noqa: E402

COURSE = ("train.optimizer=adamw", "train.lr_schedule=cosine", "train.zero_init_proj=false")
FAST = (
    "train.optimizer=muon",
    "train.lr_schedule=linear",
    "train.decay_frac=0.6",
    "train.zero_init_proj=true",
    "train.min_lr=0",
)
SHARE = 0.65
EVALUATIONS = 10  # a run: the points of its curve


def runs(rates: list[float], fast_rates: list[float], steps: int) -> dict[str, list[str]]:
    """Name -> overrides of every run of src/train.py."""
    result = {
        f"course lr {rate:g}": [*COURSE, f"train.lr={rate}", f"train.min_lr={rate / 10}", *length(steps)]
        for rate in rates
    }
    for rate in fast_rates:
        result[f"fast lr {rate:g}"] = [*FAST, f"train.lr={rate}", *length(steps)]
        result[f"fast {SHARE:.0%} lr {rate:g}"] = [*FAST, f"train.lr={rate}", *length(round(SHARE * steps))]
    return result


def length(steps: int) -> list[str]:
    return [
        f"train.max_iters={steps}",
        f"train.warmup_iters={max(1, steps // 20)}",
        f"train.eval_interval={max(1, steps // EVALUATIONS)}",
        f"train.checkpoint_interval={steps}",
        "train.keep_checkpoints=1",
        "train.sample_tokens=0",
        "wandb.mode=disabled",
    ]


def curve_of(folder: Path, tokens_a_step: int) -> list[tuple[int, float]]:
    """[(tokens seen, bits per byte)] of a run's evaluations."""
    return [(r["step"] * tokens_a_step, r["val_bits_per_byte"]) for r in read_log(folder) if "val_bits_per_byte" in r]


def train_nanogpt(cfg, nanogpt: Path, rate: float, tokens_a_step: int) -> list[tuple[int, float]]:
    """nanoGPT's model, optimizer and schedule (cosine to a tenth) on the batches that train.py would draw."""
    t, workers = cfg.train, Workers(pick_device(cfg.train.device))
    tokenizer, train_tokens, val_tokens = train.open_inputs(cfg)
    torch.manual_seed(t.seed)
    model = nanogpt_model(nanogpt, ModelConfig.of(cfg.model)).to(workers.device)
    optimizer = model.configure_optimizers(t.weight_decay, rate, (t.beta1, t.beta2), workers.device.type)
    batches = train.batches_of(cfg, train_tokens)
    validation = Validation(val_tokens, cfg.model.block_size, t.eval_iters * t.eval_batch_size, tokenizer.end_id)

    @torch.no_grad()
    def bits_per_byte() -> float:
        model.eval()
        nats = count = 0.0
        for first in range(0, validation.rows(0), t.micro_batch_size):
            x, y = (to_device(a, workers.device) for a in validation.batch(0, first, t.micro_batch_size))
            with autocast(workers.device, t.dtype):
                logits = model(x, y)[0].float().flatten(0, 1)
            nats += torch.nn.functional.cross_entropy(logits, y.flatten(), ignore_index=IGNORE, reduction="sum").item()
            count += int((y != IGNORE).sum())
        return nats / count / math.log(2) / val_tokens.bytes_per_token

    curve = []
    for step in range(t.max_iters):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, t.max_iters, rate, rate / 10, t.warmup_iters, "cosine")
        model.train()
        for micro in range(t.grad_accum_steps):
            x, y = (
                to_device(a, workers.device)
                for a in batches.batch(step, micro * t.micro_batch_size, t.micro_batch_size)
            )
            with autocast(workers.device, t.dtype):
                loss = model(x, y)[1] / t.grad_accum_steps
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), t.grad_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if (step + 1) % t.eval_interval == 0 or step + 1 == t.max_iters:
            value = bits_per_byte()
            curve.append(((step + 1) * tokens_a_step, value))
            print(f"nanoGPT lr {rate:g}: step {step + 1}/{t.max_iters}, {value:.4f} bits/byte", flush=True)
    return curve


def table(curves: dict[str, list[tuple[int, float]]]) -> str:
    """The best learning rate of each recipe, and all of them below."""
    best: dict[str, str] = {}
    for name, curve in curves.items():
        recipe = name.split(" lr ")[0]
        if recipe not in best or curve[-1][1] < curves[best[recipe]][-1][1]:
            best[recipe] = name
    lines = ["| recipe | best lr | tokens | val bits/byte | to the course's |", "|---|---|---|---|---|"]
    reference = curves[best["course"]][-1][1]
    for recipe, name in best.items():
        tokens, bits = curves[name][-1]
        lines.append(f"| {recipe} | {name.split(' lr ')[1]} | {tokens:,} | {bits:.4f} | {bits - reference:+.4f} |")
    lines.append("\nall: " + "; ".join(f"{name} {curve[-1][1]:.4f}" for name, curve in curves.items()))
    return "\n".join(lines)


def draw(curves: dict[str, list[tuple[int, float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    colours = {"course": "tab:blue", "fast": "tab:red", f"fast {SHARE:.0%}": "tab:orange", "nanoGPT": "tab:gray"}
    figure, axis = plt.subplots(figsize=(8, 5), layout="constrained")
    for name, curve in curves.items():
        axis.plot(*zip(*curve), color=colours[name.split(" lr ")[0]], label=name, linewidth=1, marker="o", markersize=2)
    axis.set(xlabel="tokens", ylabel="val bits per byte")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(cfg, args) -> None:
    out = Path(args.out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    tokens_a_step = cfg.train.micro_batch_size * cfg.train.grad_accum_steps * cfg.model.block_size
    curves = {}
    for name, overrides in runs(args.rates, args.fast_rates or args.rates, args.steps).items():
        folder = out / name.replace(" ", "-").replace("%", "")
        print(f"\n== {name}", flush=True)
        train.main(load_config(args.config, [*args.overrides, *overrides, f"train.checkpoint_dir={folder}"]))
        curves[name] = curve_of(folder / "base", tokens_a_step)
    for rate in args.rates if args.nanogpt else []:
        kept = out / f"nanogpt-lr-{rate:g}-{args.steps}.json"
        if not kept.exists():
            nano = load_config(args.config, [*args.overrides, *length(args.steps), f"train.checkpoint_dir={out}"])
            write_json(kept, train_nanogpt(nano, args.nanogpt, rate, tokens_a_step))
        curves[f"nanoGPT lr {rate:g}"] = [tuple(point) for point in read_json(kept)]
    write_json(out / "results.json", curves)
    draw(curves, out / "curves.png")
    print("\n" + table(curves))
    print(f"\n{out / 'curves.png'}, {out / 'results.json'}")


def arguments(parser) -> None:
    parser.add_argument("--steps", type=int, default=400, help="of every full run")
    parser.add_argument(
        "--rates",
        type=float,
        nargs="+",
        default=[1e-3, 2e-3, 4e-3],
        help="learning rates that the course's recipe and nanoGPT try",
    )
    parser.add_argument(
        "--fast-rates", type=float, nargs="+", help="and those that fast tries; the same when not given"
    )
    parser.add_argument("--nanogpt", type=Path, help="folder with nanoGPT's model.py")
    parser.add_argument("--out", default="runs/recipes")


if __name__ == "__main__":
    stage_main(main, __doc__, ("train", "model", "data"), arguments)
