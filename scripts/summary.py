"""What each stage of a config has made and how long it took: a table, from the manifests and checkpoints on disk.

python scripts/summary.py
python scripts/summary.py --config configs/demo.yaml
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from pipeline.cli import stage_main
from pipeline.config import Config, resolve
from pipeline.files import read_json
from pipeline.progress import duration

Row = tuple[str, str, float]  # stage, what it made, seconds


def main(cfg: Config) -> None:
    rows = [
        row
        for row in (
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
        )
        if row
    ]
    width = max((len(made) for _, made, _ in rows), default=0)
    for stage, made, seconds in rows:
        print(f"{stage:16} {made:{width}}  {duration(seconds):>8}")
    print(f"{'together':16} {'':{width}}  {duration(sum(seconds for *_, seconds in rows)):>8}")


def manifest(path: Path) -> dict | None:
    return read_json(path / "manifest.json") if (path / "manifest.json").exists() else None


def extract(cfg) -> Row | None:
    m = manifest(resolve(cfg.data.extracted_dir))
    return (
        None if m is None else ("extract", f"{m['counts']['out']:,} articles, {m['bytes'] / 1e6:,.1f} MB", m["seconds"])
    )


def clean(cfg) -> Row | None:
    m = manifest(resolve(cfg.data.filtered_dir))
    return (
        None if m is None else ("clean", f"{m['counts']['out']:,} articles kept of {m['counts']['in']:,}", m["seconds"])
    )


def dedup(cfg) -> Row | None:
    m = manifest(resolve(cfg.data.deduped_dir))
    return (
        None if m is None else ("dedup", f"{m['counts']['out']:,} articles kept of {m['counts']['in']:,}", m["seconds"])
    )


def tokenizer(cfg) -> Row | None:
    m = manifest(resolve(cfg.tokenizer.path).parent)
    return None if m is None else ("train_tokenizer", f"{cfg.model.vocab_size:,} tokens", m["seconds"])


def lookup(cfg) -> Row | None:
    path = resolve(cfg.lookup.index).with_suffix(".json")
    if not path.exists():
        return None
    m = read_json(path)
    return (
        "build_index",
        f"{m['counts']['passages']:,} passages to look things up in, {m['bytes'] / 1e6:,.1f} MB",
        m["seconds"],
    )


def tokens(cfg) -> Row | None:
    m = manifest(resolve(cfg.data.train_bin).parent)
    return (
        None
        if m is None
        else (
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
    return (
        {"base": "train", "sft": "train_sft", "dpo": "train_dpo"}[stage],
        f"{state['step']:,} steps, val loss {state['val_loss']:.3f}{bits}{accuracy}",
        state["seconds"],
    )


def sft_data(cfg) -> Row | None:
    m = manifest(resolve(cfg.sft.train_file).parent)
    return (
        None
        if m is None
        else (
            "gen_sft_data",
            f"{m['counts']['conversations']['train']:,} conversations on {m['counts']['articles']['train']:,} articles",
            m["seconds"],
        )
    )


def pref_data(cfg) -> Row | None:
    m = manifest(resolve(cfg.pref.train_file).parent)
    return None if m is None else ("gen_pref_data", f"{m['counts']['pairs']['train']:,} pairs", m["seconds"])


if __name__ == "__main__":
    stage_main(main, __doc__, ())
