"""What each stage of a config has made, how long it took and what it cost, from the manifests and checkpoints on disk.

    python scripts/summary.py
    python scripts/summary.py --config configs/demo.yaml

Dollars are hours of the stages that run on the GPU at train.price_per_hour; what a rented box really billed is in
reports/bill.md (python scripts/vast.py bill). Beside them stands what the course that this project follows says of its
own 124M model on an RTX 4090.
"""

import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

from pipeline.budget import dollars
from pipeline.cli import stage_main
from pipeline.config import Config, resolve
from pipeline.course import COURSE, TOGETHER
from pipeline.files import read_json
from pipeline.progress import duration

ON_THE_GPU = ("train", "gen_sft_data", "train_sft", "gen_pref_data", "train_dpo", "eval_ppl", "judge_eval")


class Row(NamedTuple):
    stage: str
    made: str
    seconds: float


def main(cfg: Config) -> None:
    lines = [["stage", "made", "took", "cost", "the course, 124M"], *bill(cfg)]
    widths = [max(len(line[i]) for line in lines) for i in range(4)]
    for stage, made, took, cost, course in lines:
        start = f"{stage:{widths[0]}}  {made:{widths[1]}}  {took:>{widths[2]}}  {cost:>{widths[3]}}  {course}"
        print(start.rstrip())


def bill(cfg: Config) -> list[list[str]]:
    """[stage, what it made, time, dollars, the course's figure] of every stage that has run, and of all together."""
    price, found = cfg.train.price_per_hour, rows(cfg)
    paid = sum(row.seconds for row in found if row.stage in ON_THE_GPU)

    def cells(stage: str, made: str, seconds: float, billed: float) -> list[str]:
        cost = f"${dollars(billed, price):.2f}" if price and billed else ""
        return [stage, made, duration(seconds), cost, COURSE.get(stage, "")]

    lines = [cells(*row, row.seconds if row.stage in ON_THE_GPU else 0.0) for row in found]
    return [*lines, cells(TOGETHER, "", sum(row.seconds for row in found), paid)]


def rows(cfg: Config) -> list[Row]:
    stages = (
        extract(cfg),
        clean(cfg),
        dedup(cfg),
        tokenizer(cfg),
        tokens(cfg),
        lookup(cfg),
        checkpoint(cfg, "base"),
        sft_data(cfg),
        checkpoint(cfg, "sft"),
        pref_data(cfg),
        checkpoint(cfg, "dpo"),
        perplexity(cfg),
        judged(cfg),
    )
    return [row for row in stages if row]


def manifest(path: Path) -> dict | None:
    return read_json(path / "manifest.json") if (path / "manifest.json").exists() else None


def extract(cfg) -> Row | None:
    m = manifest(resolve(cfg.data.extracted_dir))
    return (
        None
        if m is None
        else Row("extract", f"{m['counts']['out']:,} articles, {m['bytes'] / 1e6:,.1f} MB", m["seconds"])
    )


def clean(cfg) -> Row | None:
    m = manifest(resolve(cfg.data.filtered_dir))
    return (
        None
        if m is None
        else Row("clean", f"{m['counts']['out']:,} articles kept of {m['counts']['in']:,}{other_text(m)}", m["seconds"])
    )


def dedup(cfg) -> Row | None:
    m = manifest(resolve(cfg.data.deduped_dir))
    return (
        None
        if m is None
        else Row("dedup", f"{m['counts']['out']:,} articles kept of {m['counts']['in']:,}{other_text(m)}", m["seconds"])
    )


def other_text(m: dict) -> str:
    """What a stage kept of data.more."""
    more = m.get("more", {}).values()
    kept, total = (sum(counts[key] for counts in more) for key in ("out", "in"))
    return f", {kept:,} documents of other text of {total:,}" if more else ""


def tokenizer(cfg) -> Row | None:
    m = manifest(resolve(cfg.tokenizer.path).parent)
    return None if m is None else Row("train_tokenizer", f"{cfg.model.vocab_size:,} tokens", m["seconds"])


def lookup(cfg) -> Row | None:
    path = resolve(cfg.lookup.index).with_suffix(".json")
    if not path.exists():
        return None
    m = read_json(path)
    return Row(
        "build_index",
        f"{m['counts']['passages']:,} passages to look things up in, {m['bytes'] / 1e6:,.1f} MB",
        m["seconds"],
    )


def tokens(cfg) -> Row | None:
    m = manifest(resolve(cfg.data.train_bin).parent)
    return (
        None
        if m is None
        else Row(
            "pack_tokens",
            f"{m['tokens']['train']['tokens']:,} tokens to train on, {m['tokens']['val']['tokens']:,} to validate, "
            f"{m['tokens']['train']['bytes_per_token']:.2f} bytes a token",
            m["seconds"],
        )
    )


def checkpoint(cfg, stage: str) -> Row | None:
    folder = resolve(cfg.train.checkpoint_dir) / stage / "latest/training_state"
    if not (folder / "evaluation.json").exists():
        return None
    state = read_json(folder / "state.json") | read_json(folder / "evaluation.json")
    bits = f", {state['val_bits_per_byte']:.3f} bits/byte" if "val_bits_per_byte" in state else ""
    accuracy = f", {state['val_accuracy']:.0%} of pairs right" if "val_accuracy" in state else ""
    planned = state.get("steps", 0)
    left = f" of {planned:,}, not finished" if state["step"] < planned else ""
    return Row(
        {"base": "train", "sft": "train_sft", "dpo": "train_dpo"}[stage],
        f"{state['step']:,} steps{left}, val loss {state['val_loss']:.3f}{bits}{accuracy}",
        state["seconds"],
    )


def perplexity(cfg) -> Row | None:
    path = resolve(cfg.eval.report + ".json")
    if not path.exists():
        return None
    m = read_json(path)
    bits = ", ".join(f"{row['bits_per_byte']:.3f}" for row in m["results"])
    return Row("eval_ppl", f"{bits} bits/byte", m["seconds"])


def judged(cfg) -> Row | None:
    path = resolve(cfg.judge.report + ".json")
    if not path.exists():
        return None
    m = read_json(path)
    pairs = ", ".join(f"{p['first']} {p['wins']} : {p['losses']} {p['second']}" for p in m["pairs"])
    return Row("judge_eval", f"{pairs} of {m['questions']:,}", m["seconds"])


def sft_data(cfg) -> Row | None:
    m = manifest(resolve(cfg.sft.train_file).parent)
    return (
        None
        if m is None
        else Row(
            "gen_sft_data",
            f"{m['counts']['conversations']['train']:,} conversations on {m['counts']['articles']['train']:,} articles",
            m["seconds"],
        )
    )


def pref_data(cfg) -> Row | None:
    m = manifest(resolve(cfg.pref.train_file).parent)
    return None if m is None else Row("gen_pref_data", f"{m['counts']['pairs']['train']:,} pairs", m["seconds"])


if __name__ == "__main__":
    stage_main(main, __doc__, ())
