"""How the training went: log.jsonl of the runs in train.checkpoint_dir -> train.checkpoint_dir/report.html"""

from html import escape

from gpt.run_log import PANELS, read_log
from pipeline.config import Config, InputError, resolve
from pipeline.progress import duration
from scripts.pages.pieces import curves, facts, short, table, write

RUNS = {"base": "Pretraining", "sft": "Fine-tuning on conversations", "dpo": "Preference training"}


def write_page(cfg: Config, config: str) -> None:
    folder = resolve(cfg.train.checkpoint_dir)
    logs = {name: read_log(folder / name) for name in RUNS}
    if not any(logs.values()):
        raise InputError(
            f"{folder}: no training has been logged there; run python src/train.py with the same config first"
        )
    write(
        folder / "report.html",
        "How the training went",
        [run_section(RUNS[name], log) for name, log in logs.items() if log],
    )


def run_section(title: str, log: list[dict]) -> str:
    last: dict = {}
    for record in log:
        last |= {k: v for k, v in record.items() if v is not None}
    speeds = sorted(r["tokens_per_second"] for r in log if r.get("tokens_per_second"))
    values = {"steps": f"{last['step']:,}"}
    values |= {
        label: f"{last[key]:.{digits}f}"
        for key, label, digits in (
            ("loss", "loss, at the end", 3),
            ("val_loss", "validation loss", 4),
            ("val_bits_per_byte", "bits a byte", 4),
            ("val_accuracy", "validation accuracy", 3),
            ("val_margin", "validation margin", 3),
        )
        if key in last
    }
    if speeds:
        values["tokens a second"] = short(speeds[len(speeds) // 2])
    if "seconds" in last:
        values["time"] = duration(last["seconds"])
    if last.get("dollars"):
        values["dollars"] = f"{last['dollars']:.2f}"
    if last.get("skipped"):
        values["updates skipped"] = f"{last['skipped']:,}"
    drawings = []
    for names in PANELS:
        series = {name: [(r["step"], r[name]) for r in log if r.get(name) is not None] for name in names}
        series = {name.replace("_", " "): line for name, line in series.items() if line}
        if series:
            drawings.append(curves(series))
    return f'<h2>{escape(title)}</h2>{facts(values)}<div class="grid">{"".join(drawings)}</div>{samples(log)}'


def samples(log: list[dict]) -> str:
    """What the model wrote after each prompt, through time: at most twelve moments."""
    written = [r for r in log if r.get("samples")]
    if not written:
        return ""
    count = min(12, len(written))
    chosen = [written[round(i * (len(written) - 1) / max(1, count - 1))] for i in range(count)]
    parts = []
    for prompt in dict.fromkeys(s["prompt"] for s in chosen[-1]["samples"]):
        rows = [[f"{r['step']:,}", s["text"]] for r in chosen for s in r["samples"] if s["prompt"] == prompt]
        parts.append(f"<h3>{escape(prompt)} …</h3>{table(['step', ''], rows)}")
    return "".join(parts)
