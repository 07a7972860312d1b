"""The examination on one page: base, sft and dpo side by side, each figure with its interval and the command that
printed it, and what they answer to configs/gallery.jsonl.

reports of eval_ppl.py, judge_eval.py and scripts/bench/quiz.py + checkpoints -> reports/card.{html,md,json}
Where the quiz has not examined a model, because its facts are the mini-wiki's, its company and texts are asked here.
"""

import math
import time
from pathlib import Path
from typing import Any

from judge_eval import wilson
from pipeline.budget import dollars
from pipeline.config import Config, InputError, resolve
from pipeline.files import read_json, sha256_file, write_bytes, write_json
from scripts import summary
from scripts.pages.gallery import ask, counted, gallery_of
from scripts.pages.pieces import Html, html, table, write

MODELS = ("base", "sft", "dpo")
LIMITS = (
    "An interval is Wilson's at 95 %: so far the true share may lie from the one that was counted. Two models differ "
    "where their intervals do not meet. A base model knows no chat: in the gallery it goes on with the words of the "
    "question as if they began an article."
)


def write_page(cfg: Config, config: str) -> None:
    record = examine(cfg, config)
    folder = reports(cfg)
    write_json(folder / "card.json", record)
    write_bytes(folder / "card.md", ("# The examination\n\n" + markdown(record)).encode())
    print(f"{folder / 'card.md'}: for a README or a model card")
    write(folder / "card.html", "The examination", [as_html(record)])


def reports(cfg: Config) -> Path:
    """The folder of this run's reports."""
    return resolve(cfg.eval.report).parent


def examine(cfg: Config, config: str) -> dict[str, Any]:
    """All that the card says, as card.json has it."""
    folder, checkpoints = reports(cfg), resolve(cfg.train.checkpoint_dir)
    models = {name: checkpoints / name / "latest" for name in MODELS}
    models = {name: path for name, path in models.items() if (path / "hashes.json").exists()}
    if not models:
        raise InputError(f"{checkpoints}: no checkpoint there; run python src/train.py with the same config first")
    quizzed = {name: one for name in models if (one := quiz_of(folder, name, models[name]))}
    asked = ask(cfg, folder, models, without={name for name, one in quizzed.items() if "parts" in one})
    parts = {name: one.get("parts") or as_is(one) for name, one in quizzed.items()}
    for name, found in asked.items():
        parts[name] = {**parts.get(name, {}), **counted(found["exam"])}
    return {
        "made": time.strftime("%Y-%m-%d"),
        "run": cfg.wandb.run_name,
        "config": "" if config == "configs/base.yaml" else f" --config {config}",
        "seconds": sum(row.seconds for row in summary.rows(cfg)),
        "dollars": dollars(
            sum(row.seconds for row in summary.rows(cfg) if row.stage in summary.ON_THE_GPU), cfg.train.price_per_hour
        ),
        "models": {name: about(path) for name, path in models.items()},
        "text": text_figures(cfg, models),
        "examination": examined(parts),
        "examined_by": "scripts/bench/quiz.py" if any("parts" in one for one in quizzed.values()) else "",
        "judge": judge_figures(cfg, models),
        "gallery": gallery_of(asked),
        "examples": examples(quizzed, asked),
    }


def about(path: Path) -> dict:
    """Of a checkpoint: which it is, its parameters, the tokens it has seen."""
    state = path / "training_state/state.json"
    found = read_json(state) if state.exists() else {}
    return {"checkpoint": f"{path.parent.name}/{path.resolve().name}", "hash": sha256_file(path / "hashes.json")} | {
        key: found[key] for key in ("tokens", "seconds") if key in found
    }


# what was measured before


def of_model(cfg: Config, models: dict[str, Path], paths: dict[str, str]) -> dict[str, str]:
    """{name here: name there} of the checkpoints that both mean. paths: {name there: path}"""
    there = {resolve(path).resolve(): name for name, path in paths.items() if not path.startswith("hf:")}
    return {name: there[path.resolve()] for name, path in models.items() if path.resolve() in there}


def text_figures(cfg: Config, models: dict[str, Path]) -> dict[str, dict]:
    """The first text's row of each model in the report of eval_ppl.py."""
    path = resolve(cfg.eval.report + ".json")
    rows = read_json(path)["results"] if path.exists() else []
    first = {row["checkpoint"]: row for row in reversed(rows)}
    same = of_model(cfg, models, {name: name for name in first})
    return {name: first[there] for name, there in same.items()}


def judge_figures(cfg: Config, models: dict[str, Path]) -> dict[str, Any]:
    path = resolve(cfg.judge.report + ".json")
    report = read_json(path) if path.exists() else {}
    same = of_model(cfg, models, report.get("checkpoints", {}))
    back = {there: name for name, there in same.items()}
    if not back or not all("right" in report["models"][there] for there in back):
        return {}
    pairs = [p for p in report["pairs"] if p["first"] in back and p["second"] in back]
    return {
        "by": report["judge"],
        "questions": report["questions"],
        "models": {name: report["models"][there] for name, there in same.items()},
        "pairs": [{**p, "first": back[p["first"]], "second": back[p["second"]]} for p in pairs],
    }


def quiz_of(folder: Path, name: str, checkpoint: Path) -> dict | None:
    """What quiz.py --json has left of this very checkpoint."""
    path = folder / f"quiz-{name}.json"
    if not path.exists() or path.stat().st_mtime < (checkpoint / "hashes.json").stat().st_mtime:
        return None
    return read_json(path)


def as_is(report: dict) -> dict[str, list[int]]:
    return {"as is": [sum(result["right"] for result in report["results"]), report["asked"]]}


def examined(parts: dict[str, dict[str, list[int]]]) -> dict[str, dict]:
    """The parts of each model, and their mean over those that all models have, so that it compares them."""
    parts = {name: found for name, found in parts.items() if found}
    common = [part for part in next(iter(parts.values()), {}) if all(part in found for found in parts.values())]
    return {
        name: {"mean": mean_of({part: found[part] for part in common or found}), "of": len(common), "parts": found}
        for name, found in parts.items()
    }


def examples(quizzed: dict[str, dict], asked: dict[str, dict]) -> list[dict]:
    """Of the last model's examination a right and a wrong answer of each part."""
    name = next((name for name in reversed(MODELS) if name in quizzed or (asked.get(name) or {}).get("exam")), "")
    report = quizzed.get(name, {})
    results = [{**r, "part": "as is"} for r in report.get("results", [])]
    results += [{**r, "part": r["relation"]} for r in report.get("exam", [])] + (asked.get(name) or {}).get("exam", [])
    first: dict[tuple[str, bool], dict] = {}
    for result in results:
        first.setdefault((result["part"], result["right"]), result)
    return [
        {"part": part, "model": name, "question": r["question"], "answer": r["answer"], "right": right}
        for (part, right), r in sorted(first.items(), key=lambda item: [r["part"] for r in results].index(item[0][0]))
    ]


# figures in words


def mean_of(parts: dict[str, list[int]]) -> list[float]:
    """[the mean of the parts' shares, and its 95 % interval], each part counting alike.

    From the parts' Wilson intervals by the method of Donner and Zou (2012), which is right where a share is 0 or 1 too.
    """
    shares = [right / asked for right, asked in parts.values()]
    ends = [wilson(share, asked) for share, (_, asked) in zip(shares, parts.values())]
    mean = sum(shares) / len(shares)
    below = math.sqrt(sum((share - low) ** 2 for share, (low, _) in zip(shares, ends))) / len(shares)
    above = math.sqrt(sum((high - share) ** 2 for share, (_, high) in zip(shares, ends))) / len(shares)
    return [mean, mean - below, mean + above]


def percent(share: float, low: float, high: float) -> str:
    """0.86, 0.78, 0.91 -> '86 % (78 to 91)'"""
    return f"{100 * share:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def share_of(right: int, asked: int) -> str:
    return percent(right / asked, *wilson(right / asked, asked)) if asked else "–"


class Table:
    """One table of the card. command: what printed its figures; rows: cells of text"""

    def __init__(self, title: str, note: str, command: str, head: list[str], rows: list[list[str]]):
        self.title, self.note, self.command, self.head, self.rows = title, note, command, head, rows


def tables(record: dict) -> list[Table]:
    return [made for make in (text_table, exam_table, held_out_table, pairs_table) if (made := make(record)).rows]


def text_table(record: dict) -> Table:
    rows, names = record["text"], [name for name in record["models"] if name in record["text"]]
    lines = [
        ["parameters", *[f"{rows[n]['parameters']:,}" for n in names]],
        ["tokens scored", *[f"{rows[n]['tokens']:,}" for n in names]],
        ["bits per byte", *[f"{rows[n]['bits_per_byte']:.3f}" for n in names]],
        ["perplexity", *[f"{rows[n]['perplexity']:.1f}" for n in names]],
    ]
    note = (
        "Articles that no model was trained on. It goes up after SFT, which teaches another kind of text: see ppl.md."
    )
    command = f"python src/eval_ppl.py{record['config']}"
    return Table("How well it predicts articles", note, command, ["", *names], lines if names else [])


def exam_table(record: dict) -> Table:
    found = record["examination"]
    names = [name for name in record["models"] if name in found]
    every = list(dict.fromkeys(part for name in names for part in found[name]["parts"]))
    shared = {found[name]["of"] for name in names}
    of = max(shared, default=0)
    rows = [
        [f"mean of {of} parts" if of else "mean of its own parts", *[percent(*found[name]["mean"]) for name in names]]
    ]
    for part in every:
        sizes = {found[name]["parts"][part][1] for name in names if part in found[name]["parts"]}
        shares = [share_of(*found[name]["parts"].get(part, (0, 0))) for name in names]
        rows.append([f"{part} ({max(sizes)})", *shares])
    by = record["examined_by"]
    note = "Shares of right answers; in brackets behind a part its questions, behind a share the interval."
    note += f" Asked by {by} --exam of the served checkpoints." if by else ""
    command = "bash scripts/demo.sh" if by else f"python scripts/report.py card{record['config']}"
    return Table("The examination", note, command, ["", *names], rows if names else [])


def held_out_table(record: dict) -> Table:
    judge = record["judge"]
    n, models = judge.get("questions", 0), judge.get("models", {})
    rows = [
        ["right (rules)", *[share_of(m["right"], n) for m in models.values()]],
        ["ends by itself", *[percent(m["stopped"], *wilson(m["stopped"], n)) for m in models.values()]],
        ["repeats itself", *[percent(m["repeats"], *wilson(m["repeats"], n)) for m in models.values()]],
        ["words an answer", *[f"{m['words']:.1f}" for m in models.values()]],
    ]
    note = f"{n:,} questions of sft.val_file: on articles that fine-tuning has not seen, and of every other kind."
    command = f"python src/judge_eval.py{record['config']}"
    return Table("Questions on held-out articles", note, command, ["", *models], rows if models else [])


def pairs_table(record: dict) -> Table:
    judge = record["judge"]
    rows = [
        [f"{p['first']} against {p['second']}", f"{p['wins']} : {p['losses']}", str(p["ties"]),
         percent(p["win_rate"], *p["interval"]), f"{100 * p['at_equal_length']:.0f} %" if p["at_equal_length"] else "–"]
        for p in judge.get("pairs", [])
    ]  # fmt: skip
    note = (
        f"The same questions; judge: {judge.get('by')}. Every pair is shown in both orders, a disagreement is a tie, "
        "a tie counts half. At equal length: what is left of the rate when both answers are as long."
    )
    head = ["", "wins : losses", "ties", "win rate of the first", "at equal length"]
    return Table("Who answers better", note, f"python src/judge_eval.py{record['config']}", head, rows)


# the page, twice


def markdown(record: dict, gallery: int = 99) -> str:
    """gallery: how many of its prompts are shown"""
    parts = [f"{record['run']}, {record['made']}. {LIMITS}"]
    for one in tables(record):
        parts.append(f"## {one.title}\n\n{one.note} By `{one.command}`.\n\n{markdown_table(one)}")
    if record["gallery"]:
        marked = [line for row in record["gallery"][:gallery] for line in gallery_lines(row)]
        parts.append(
            f"## Gallery\n\nThe prompts of `configs/gallery.jsonl`, answered in full (✓ right, ✗ wrong, the rest is "
            f"for you to judge). By `python scripts/report.py card{record['config']}`.\n\n" + "\n".join(marked)
        )
    return "\n\n".join(parts) + "\n"


def markdown_table(one: Table) -> str:
    rows = (one.head, ["---"] * len(one.head), *one.rows)
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def gallery_lines(row: dict) -> list[str]:
    *before, last = [" ".join(message["content"].split()) for message in row["messages"]]
    context = f" (after: {' / '.join(before)})" if before else ""
    lines = [f"- **{last}** {row['kind']}{context}"]
    for name, (text, good) in row["answers"].items():
        lines.append(f"  - {name}{mark(good)}: {' '.join(text.split()) or '(nothing)'}")
    return lines


def mark(good: bool | None) -> str:
    return "" if good is None else " ✓" if good else " ✗"


def as_html(record: dict) -> str:
    parts = [f'<p class="soft">{html(record["run"])}. {LIMITS}</p>']
    for one in tables(record):
        parts.append(
            f'<h2>{html(one.title)}</h2><p class="small">{html(one.note)} By <code>{html(one.command)}</code>.</p>'
            f"{table(one.head, one.rows)}"
        )
    if record["examples"]:
        parts.append(
            "<h2>Right and wrong</h2><p class='small'>Of each part of the examination the first right and the first "
            f"wrong answer of {html(record['examples'][0]['model'])}.</p>{examples_table(record['examples'])}"
        )
    if record["gallery"]:
        command = f"python scripts/report.py card{record['config']}"
        parts.append(
            "<h2>Gallery</h2><p class='small'>The prompts of <code>configs/gallery.jsonl</code>, answered in full, "
            f"failures included. By <code>{html(command)}</code>.</p>" + talks(record["gallery"])
        )
    return "\n".join(parts)


def examples_table(rows: list[dict]) -> str:
    cells = [[row["part"], row["question"], coloured(row["answer"], row["right"])] for row in rows]
    return table(["part", "asked", "answered"], cells)


def coloured(text: str, good: bool | None) -> Html:
    kind = "" if good is None else "good" if good else "alarm"
    return Html(f'<span class="{kind}">{html(mark(good).strip())}</span> {html(text or "(nothing)")}')


def talks(gallery: list[dict]) -> str:
    """Each prompt as a small conversation, with every model's answer."""
    parts = []
    for row in gallery:
        said = "".join(
            f'<p class="said"><b>{html(message["role"])}</b><span>{html(message["content"])}</span></p>'
            for message in row["messages"]
        )
        answers = "".join(
            f'<p class="answer"><b>{html(name)}</b><span>{coloured(text, good)}</span></p>'
            for name, (text, good) in row["answers"].items()
        )
        parts.append(f'<div class="talk"><div class="soft small">{html(row["kind"])}</div>{said}{answers}</div>')
    return f'<div class="grid">{"".join(parts)}</div>'
