"""The closing page: what each stage made, took and cost, what each report means, the examination, some conversations,
curves, what became of the data, and what to do next -> reports/index.html"""

import os
from pathlib import Path
from typing import Any

from gpt.run_log import read_log
from pipeline.config import Config, InputError, resolve
from pipeline.files import read_json
from scripts import summary
from scripts.pages import card, data, training
from scripts.pages.pieces import Html, code, curves, facts, html, link, short, table, write

GALLERY = 8  # of its prompts, from all over it; the card has all
REPORTS = (  # file, what made it (the config's name follows), what it says
    (
        "card.html",
        "python scripts/report.py card",
        "the examination: base, sft and dpo side by side, with all the gallery",
    ),
    ("card.md", "python scripts/report.py card", "the same for a README"),
    ("data.html", "python scripts/report.py data", "what each filter took and why, its thresholds, articles to read"),
    ("training", "python scripts/report.py train", "every curve, and what the model wrote as it learned"),
    ("ppl.md", "python src/eval_ppl.py", "how well each model predicts articles; it rises after SFT, and it says why"),
    ("judge.md", "python src/judge_eval.py", "who answers held-out questions better, in the judge's eyes"),
    (
        "quiz-dpo.txt",
        "bash scripts/demo.sh",
        "the quiz on the mini-wiki: right and wrong answers, relation by relation",
    ),
    ("bill.md", "python scripts/vast.py bill", "hours and dollars of the rented boxes"),
)


def write_page(cfg: Config, config: str) -> None:
    folder, given = card.reports(cfg), "" if config == "configs/base.yaml" else f" --config {config}"
    lines = summary.bill(cfg)
    if len(lines) < 2:
        raise InputError(f"{folder.parent}: no stage has run; begin with python src/extract.py{given}")
    kept = folder / "card.json"
    record: dict[str, Any] = read_json(kept) if kept.exists() else {}
    price = cfg.train.price_per_hour
    parts = [
        headline(record, lines),
        f"<h2>What each stage made, took and cost</h2><p class='small'>By {code(f'python scripts/summary.py{given}')}; "
        f"{f'dollars at ${price:.2f} an hour of the GPU' if price else 'your own machine, so no dollars'}. Beside it "
        "what the course that this project follows says of its own 124M model on an RTX 4090.</p>"
        + table(*without_empty(["stage", "made", "took", "cost", "the course, 124M"], lines)),
        examination(record),
        conversations(record),
        funnel(cfg),
        loss_curves(cfg),
        reports_there(cfg, folder, given),
        next_steps(given),
    ]
    write(folder / "index.html", f"{cfg.wandb.run_name}: what you have made", parts)


def without_empty(head: list[str], lines: list[list[str]]) -> tuple[list[str], list[list]]:
    """Without a column that says nothing, dollars on one's own machine: a phone has no room for it."""
    kept = [i for i in range(len(head)) if any(line[i] for line in lines)]
    return [head[i] for i in kept], [[line[i] for i in kept] for line in lines]


def headline(record: dict, lines: list[list[str]]) -> str:
    """The last model in a few figures."""
    models, text, exam = (record.get(key, {}) for key in ("models", "text", "examination"))
    last = next(reversed(models), "")
    values: dict[str, object] = {}
    if last in text:
        values["parameters"] = short(text[last]["parameters"])
    if "tokens" in models.get("base", {}):
        values["tokens of pretraining"] = short(models["base"]["tokens"])
    if "base" in text:
        values["bits per byte, base model"] = f"{text['base']['bits_per_byte']:.3f}"
    if last in exam:
        values[f"of the examination right, {last}"] = f"{exam[last]['mean'][0]:.0%}"
    _, _, took, cost, _ = lines[-1]
    return facts({**values, "of computing": took, **({"on the GPU": cost} if cost else {})})


def examination(record: dict) -> str:
    found = card.tables(record) if record else []
    if not found:
        return ""
    parts = [
        f'<h2>{html(one.title)}</h2><p class="small">{html(one.note)} By {code(one.command)}.</p>'
        f"{table(one.head, one.rows)}"
        for one in found
    ]
    return "".join(parts) + f'<p class="small soft">{card.LIMITS}</p>'


def conversations(record: dict) -> str:
    gallery = record.get("gallery", [])
    if not gallery:
        return ""
    chosen = gallery[:: max(1, len(gallery) // GALLERY)][:GALLERY]
    return f"<h2>Conversations</h2><p class='small'>All {len(gallery)}: {link('card.html', 'card.html')}.</p>" + (
        card.talks(chosen)
    )


def funnel(cfg: Config) -> str:
    made = data.manifests_of(data.folders_of(cfg))
    return data.funnel(made) if made else ""


def loss_curves(cfg: Config) -> str:
    drawings = []
    for name, title in training.RUNS.items():
        log = read_log(resolve(cfg.train.checkpoint_dir) / name)
        series = {kind.replace("_", " "): [(r["step"], r[kind]) for r in log if r.get(kind) is not None]
                  for kind in ("loss", "val_loss")}  # fmt: skip
        if series := {kind: line for kind, line in series.items() if line}:
            drawings.append(f"<div><h3>{html(title)}</h3>{curves(series)}</div>")
    return f'<h2>How the training went</h2><div class="grid">{"".join(drawings)}</div>' if drawings else ""


def reports_there(cfg: Config, folder: Path, given: str) -> str:
    rows = []
    for name, command, meaning in REPORTS:
        path = resolve(cfg.train.checkpoint_dir) / "report.html" if name == "training" else folder / name
        path = resolve(cfg.data.report) if name == "data.html" else path
        if path.exists():
            address = os.path.relpath(path, folder)
            rows.append([link(path.name, address), meaning, code(command + given * command.startswith("python s"))])
    for run in training.RUNS:
        path = resolve(cfg.train.checkpoint_dir) / run / "curves.png"
        if path.exists():
            rows.append(
                [link(f"{run}/curves.png", os.path.relpath(path, folder)), f"the curves of {run} as a picture", ""]
            )
    return f"<h2>The reports, and what each means</h2>{table(['', 'says', 'made by'], rows)}" if rows else ""


def next_steps(given: str) -> str:
    steps = (
        (f"python src/serve.py{given}", "the chat page at http://127.0.0.1:8080, and an OpenAI-compatible API"),
        (
            f"python src/sample.py{given} --chat sample.checkpoint=checkpoints/dpo/latest",
            "a conversation in the terminal",
        ),
        (f"python scripts/publish.py{given} --out release --gguf", "model card, GGUF for llama.cpp and Ollama"),
        (f"python src/train.py{given} train.lr=1e-3", "another recipe; the run that is there is set aside, not lost"),
    )
    rows: list[list[object]] = [[code(command), Html(html(what))] for command, what in steps]
    return (
        "<h2>What next</h2>" + table(["run", "to get"], rows) + "<p class='small'>The lessons, and what to change: "
        "<code>docs/README.md</code>.</p>"
    )
