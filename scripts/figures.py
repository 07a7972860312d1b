"""Draw the figures of docs/ from what was recorded of real runs: docs/figures/recorded.json -> docs/figures/*.svg

    python scripts/figures.py
    python scripts/figures.py --record     # reads the demo's run and those of docs/lessons/lesson.yaml first

The drawings depend on recorded.json alone, to the byte. --record takes what is there of the runs that the lessons'
exercises make (runs/lessons, runs/hot, ...) and of demo/; what is not there stays as it was recorded before.
"""

import argparse
import bz2
import json
import math
import sys
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

from pipeline.ending import Parser, script_main
from scripts.pages.pieces import ticks

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "figures"
RECORDED = FOLDER / "recorded.json"
LESSONS, DEMO = ROOT / "runs" / "lessons", ROOT / "demo"

INK, SOFT, LINE, PAPER, BOX = "#1f2328", "#59636e", "#d1d9e0", "#ffffff", "#f6f8fa"
COLOURS = ("#0969da", "#cf222e", "#1a7f37", "#9a6700", "#8250df")
FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
WIDTH, HEIGHT = 720, 300  # of a chart, in pixels
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 44, 40  # around its field
POINTS = 200  # of a curve that are kept
ARTICLE = "Danube"  # whose way is drawn
QUESTION = "What is the capital of Japan?"  # likewise

Points = list[tuple[float, float]]


# Pieces of a drawing


def svg(width: float, height: float, title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" font-family="{FONT}" font-size="12" fill="{INK}">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{width:g}" height="{height:g}" rx="6" fill="{PAPER}"/>\n{body}</svg>\n'
    )


def words(x: float, y: float, text: str, **style: str) -> str:
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes} xml:space="preserve">{escape(text)}</text>\n'


def rule(x1: float, y1: float, x2: float, y2: float, colour: str = LINE, **style: str) -> str:
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{attributes}/>\n'


def box(x: float, y: float, width: float, height: float, fill: str = BOX, stroke: str = LINE) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4" '
        f'fill="{fill}" stroke="{stroke}"/>\n'
    )


def arrow_down(x: float, y: float, length: float) -> str:
    tip = y + length
    head = f'<path d="M{x - 4:.1f} {tip - 6:.1f} L{x:.1f} {tip:.1f} L{x + 4:.1f} {tip - 6:.1f} Z" fill="{SOFT}"/>\n'
    return rule(x, y, x, tip - 4, SOFT) + head


def short(number: float) -> str:
    """1234567 -> '1.23M'; 999 -> '999'; 0.0021 -> '0.0021'"""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size * 0.9995:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


class Line(NamedTuple):
    name: str
    points: Points
    dashed: bool = False
    dots: bool = False


def chart(
    title: str, x_name: str, y_name: str, lines: Sequence[Line], log_x: bool = False, colours: Sequence[str] = COLOURS
) -> str:
    """Lines over one another, the name of each in its colour under the title."""
    every = [point for line in lines for point in line.points]
    xs, ys = [p[0] for p in every], [p[1] for p in every]
    x_of: Callable[[float], float] = math.log if log_x else float
    x0, x1 = x_of(min(xs)), x_of(max(xs))
    room = (max(ys) - min(ys)) * 0.06 or 1.0
    y0, y1 = min(ys) - room, max(ys) + room

    def sx(value: float) -> float:
        return LEFT + (x_of(value) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)

    def sy(value: float) -> float:
        return HEIGHT - BOTTOM - (value - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    body = words(LEFT, 18, title, font_weight="600", font_size="13")
    for value in ticks(y0, y1):
        body += rule(LEFT, sy(value), WIDTH - RIGHT, sy(value))
        body += words(LEFT - 6, sy(value) + 4, short(value), text_anchor="end", fill=SOFT)
    for value in sorted(set(xs)) if log_x else ticks(min(xs), max(xs), 8):
        name = f"{value:,.0f}" if log_x else short(value)
        body += words(sx(value), HEIGHT - BOTTOM + 16, name, text_anchor="middle", fill=SOFT)
    body += words(WIDTH - RIGHT, HEIGHT - 6, x_name, text_anchor="end", fill=SOFT)
    body += words(LEFT, HEIGHT - 6, y_name, fill=SOFT)
    at = float(LEFT)
    for line, colour in zip(lines, colours):
        place = " ".join(f"{sx(x):.1f},{sy(y):.1f}" for x, y in line.points)
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        body += f'<polyline fill="none" stroke="{colour}" stroke-width="1.6"{dash} points="{place}"/>\n'
        if line.dots:
            body += "".join(
                f'<circle cx="{sx(x):.1f}" cy="{sy(y):.1f}" r="3" fill="{colour}"/>\n' for x, y in line.points
            )
        body += words(at, 35, line.name, fill=colour)
        at += 7.0 * len(line.name) + 22
    return svg(WIDTH, HEIGHT, title, body)


class Bar(NamedTuple):
    name: str
    value: float
    text: str  # behind the bar
    colour: str = COLOURS[0]


def bars(title: str, rows: Sequence[Bar], most: float | None = None, left: float = 250) -> str:
    """A bar a row, its name before and its text behind it."""
    largest = most or max(row.value for row in rows)
    body = words(16, 22, title, font_weight="600", font_size="13")
    for place, row in enumerate(rows):
        y = 38 + 22 * place
        length = max(1.0, row.value / largest * (WIDTH - left - 150))
        body += words(left - 8, y + 12, row.name, text_anchor="end")
        body += f'<rect x="{left:.1f}" y="{y:.1f}" width="{length:.1f}" height="15" rx="2" fill="{row.colour}"/>\n'
        body += words(left + length + 6, y + 12, row.text, fill=SOFT)
    return svg(WIDTH, 48 + 22 * len(rows), title, body)


class Step(NamedTuple):
    what: str  # the stage or function
    where: str  # the file
    shown: list[str]  # real lines
    mono: bool = True


def journey(title: str, steps: Sequence[Step]) -> str:
    """Boxes under one another, an arrow between them; on the left what happens, on the right what is there then."""
    width, left, line = 860.0, 196.0, 17.0
    body, y = words(16, 24, title, font_weight="600", font_size="14"), 40.0
    for place, step in enumerate(steps):
        height = 16 + line * len(step.shown)
        body += words(16, y + 20, step.what, font_weight="600", fill=COLOURS[0])
        body += words(16, y + 37, step.where, fill=SOFT, font_size="11")
        body += box(left, y, width - left - 16, height)
        for k, text in enumerate(step.shown):
            font = MONO if step.mono else FONT
            body += words(left + 10, y + 20 + line * k, text, font_family=font, font_size="11.5")
        y += height
        if place < len(steps) - 1:
            body += arrow_down(left + 24, y, 18)
            y += 18
    return svg(width, y + 14, title, body)


# What is drawn


def article(r: dict[str, Any]) -> str:
    a = r["article"]
    return journey(
        f"One article's way: {ARTICLE}, from the dump to a window of tokens",
        [
            Step("the dump", "data/raw/*.xml.bz2", a["xml"]),
            Step("its wikitext", "wikipedia/dump.py", a["wikitext"]),
            Step("extract.py", "data/extracted", a["text"]),
            Step("clean.py, dedup.py", "data/clean/deduped", a["kept"]),
            Step("train_tokenizer.py", "tokenizer/tokenizer.json", a["pieces"]),
            Step("pack_tokens.py", "data/tokens/train.bin", a["packed"]),
            Step("train.py", "gpt/tokens.py, Batches", a["batch"]),
        ],
    )


def request(r: dict[str, Any]) -> str:
    q = r["request"]
    gate = ["who may ask, how much, how long: 401, 413, 408, 421, or on to the API"]
    engine = ["a place among serve.max_batch rows, or 429;", "what begins like an earlier prompt is not read again"]
    sampler = ["temperature, top-k, top-p, min-p; with temperature 0 always the likeliest"]
    return journey(
        "One request's way through src/serve.py",
        [
            Step("the browser", "gpt/page.html", q["body"]),
            Step("Gate", "gpt/network.py", gate, False),
            Step("chat_completions", "gpt/openai_api.py", q["prompt"]),
            Step("Engine, PrefixCache", "gpt/engine.py", engine, False),
            Step("Decoder.step", "gpt/decoder.py", q["candidates"]),
            Step("Sampler.choose", "gpt/sampling.py", sampler, False),
            Step("TextStream", "gpt/text_stream.py", q["answer"]),
        ],
    )


def funnel(r: dict[str, Any]) -> str:
    f = r["funnel"]
    rows = [
        Bar("pages in the dump", f["pages"], f"{f['pages']:,}"),
        *[Bar(f"extract: {name}", n, f"-{n:,}", COLOURS[1]) for name, n in f["extract"].items() if n],
        Bar("articles extracted", f["extracted"], f"{f['extracted']:,}"),
        *[Bar(f"clean: {name}", n, f"-{n:,}", COLOURS[1]) for name, n in f["clean"].items() if n],
        Bar("articles kept", f["cleaned"], f"{f['cleaned']:,}"),
        *[Bar(f"dedup: {name}", n, f"-{n:,}", COLOURS[1]) for name, n in f["dedup"].items() if n],
        Bar("articles to train on", f["deduped"], f"{f['deduped']:,}", COLOURS[2]),
    ]
    return bars("The mini-wiki's pages, and what takes them", rows)


EXTRACTION = (  # scripts/bench/RESULTS.md, Quality of extraction: enwiki-merged, native and wikiextractor
    ("prose, word for word", 99.93, 91.93),
    ("list items", 99.96, 1.21),
    ("values of templates", 98.93, 1.47),
)


def extraction(r: dict[str, Any]) -> str:
    rows = []
    for name, ours, theirs in EXTRACTION:
        rows += [Bar(f"{name}: native", ours, f"{ours} %"), Bar("wikiextractor", theirs, f"{theirs} %", COLOURS[1])]
    return bars("Share of a real dump's text that survives extraction", rows, 100)


def vocabulary(r: dict[str, Any]) -> str:
    points = [(float(size), value) for size, value in r["vocabulary"]]
    return chart(
        "Bytes a token on articles that the tokenizer has not seen (the mini-wiki)",
        "entries in the vocabulary", "bytes a token", [Line("held-out articles", points, dots=True)], log_x=True,
    )  # fmt: skip


SIZES = {"lesson.yaml": "docs/lessons/lesson.yaml", "base.yaml": "configs/base.yaml", "1b.yaml": "configs/1b.yaml"}


def parameters(r: dict[str, Any]) -> str:
    rows = []
    for name in SIZES:
        counts = r["parameters"][name]
        total = sum(counts.values())
        rows.append(Bar(f"{name}: {total:,}", 0, "", PAPER))
        rows += [
            Bar(part, n / total, f"{n / total:.1%}", COLOURS[k % len(COLOURS)])
            for k, (part, n) in enumerate(counts.items())
            if n / total > 0.002
        ]
    return bars("Where the parameters are", rows)


def named_runs(r: dict[str, Any], title: str, named: dict[str, str], colours: Sequence[str]) -> str:
    lines = [Line(text, smooth(r["runs"][name]["loss"])) for name, text in named.items()]
    return chart(title, "step", "nats a token, training", lines, colours=colours)


def rates(r: dict[str, Any]) -> str:
    named = {"cold": "4e-4: too low", "lessons": "4e-3: healthy", "hot": "4e-2: too high"}
    return named_runs(r, "Three learning rates, everything else alike", named, (COLOURS[0], COLOURS[2], COLOURS[1]))


def leak(r: dict[str, Any]) -> str:
    named = {"lessons": "causal attention", "leak": "every token sees the ones behind it"}
    return named_runs(r, "A loss that is too good: the model can look at its answers", named, (COLOURS[2], COLOURS[1]))


def big_run(r: dict[str, Any]) -> str:
    base = r["demo"]["base"]
    lines = [Line("training loss", smooth(base["loss"])), Line("validation loss", base["val_loss"], dots=True)]
    return chart("The demo's pretraining, healthy", "step", "nats a token", lines)


def few(r: dict[str, Any]) -> str:
    run = r["runs"]["few"]
    lines = [Line("training loss", smooth(run["loss"])), Line("validation loss", run["val_loss"], dots=True)]
    return chart("Too few articles, seen too often: overfitting", "step", "nats a token", lines)


QUIZ = (  # scripts/bench/RESULTS.md, The run of 2026-11-25
    ("AdamW 1e-3, 1 epoch", 42),
    ("Muon 2e-3, 1 epoch, smaller steps", 53),
    ("every fact in 3 to 4 wordings", 61),
    ("Muon 3e-3, 2 epochs, nine frames a question", 72),
    ("more wordings, 32 conversations an article", 79),
)


def quiz(r: dict[str, Any]) -> str:
    rows = [Bar(name, value, f"{value} %") for name, value in QUIZ]
    return bars("The demo's quiz, change after change", rows, 100, left=300)


def conversations(r: dict[str, Any]) -> str:
    kinds = sorted(r["kinds"].items(), key=lambda item: -item[1])
    total = sum(n for _, n in kinds)
    rows = [Bar(name, n, f"{n:,} ({n / total:.0%})") for name, n in kinds]
    return bars("The demo's conversations to fine-tune on, by kind", rows)


def families(r: dict[str, Any]) -> str:
    sft = r["demo"]["sft"]
    lines = [
        Line(name.removeprefix("val_loss_"), points, dots=True)
        for name, points in sft.items()
        if name.startswith("val_loss_")
    ]
    return chart("Fine-tuning the demo: validation loss by family of conversations", "step", "nats a token", lines)


def rewards(r: dict[str, Any]) -> str:
    lines = []
    for name, text, dashed in (("lessons-dpo", "healthy", False), ("hot-dpo", "too hot", True)):
        run = r["runs"][name]
        lines += [
            Line(f"{text}: chosen", run["reward_chosen"], dashed),
            Line(f"{text}: rejected", run["reward_rejected"], dashed),
        ]
    colours = (COLOURS[2], COLOURS[1], COLOURS[2], COLOURS[1])
    return chart("DPO: rewards of the chosen and the rejected answers", "step", "reward", lines, colours=colours)


LADDER = (  # name, hours of one GPU x GPUs, dollars: the comments and the table of README and of configs/*.yaml
    ("124M, base.yaml: 4.04B tokens, one RTX 4090", 4, "$4, 9.5 h"),
    ("342M, 350m.yaml: 7.0B tokens, 4 x RTX 4090", 22, "$22, 14 h"),
    ("995M, 1b.yaml: 20B tokens, 8 x A100", 330, "$330, 35 h"),
)


def ladder(r: dict[str, Any]) -> str:
    rows = [Bar(name, math.log10(dollars), text) for name, dollars, text in LADDER]
    return bars("What a size costs to pretrain (computed; the bars are logarithmic)", rows, left=330)


FIGURES: dict[str, Callable[[dict[str, Any]], str]] = {
    "article": article,
    "request": request,
    "funnel": funnel,
    "extraction": extraction,
    "vocabulary": vocabulary,
    "parameters": parameters,
    "leak": leak,
    "rates": rates,
    "big-run": big_run,
    "few": few,
    "quiz": quiz,
    "conversations": conversations,
    "families": families,
    "rewards": rewards,
    "ladder": ladder,
}


def smooth(points: Points, share: float = 0.05) -> Points:
    """Means over a window behind each point: single steps jump."""
    size = max(1, round(len(points) * share))
    values = [y for _, y in points]
    return [
        (x, sum(values[max(0, k - size + 1) : k + 1]) / (k + 1 - max(0, k - size + 1)))
        for k, (x, _) in enumerate(points)
    ]


# What is recorded


def record(r: dict[str, Any]) -> None:
    """Put into r what the runs on this disk say."""
    runs = r.setdefault("runs", {})
    for name in ("lessons", "cold", "hot", "leak", "few"):
        log = ROOT / "runs" / name / "checkpoints" / "base" / "log.jsonl"
        if log.exists():
            runs[name] = curves(log, ("loss", "val_loss"))
    for name, folder in (("lessons-dpo", "checkpoints"), ("hot-dpo", "hot-dpo")):
        log = LESSONS / folder / "dpo" / "log.jsonl"
        if log.exists():
            runs[name] = curves(log, ("reward_chosen", "reward_rejected", "margin", "nll_chosen"))
    demo = r.setdefault("demo", {})
    for stage in ("base", "sft"):
        log = DEMO / "checkpoints" / stage / "log.jsonl"
        if log.exists():
            names = (
                "loss",
                "val_loss",
                *(f"val_loss_{family}" for family in ("memory", "passage", "limits", "company")),
            )
            demo[stage] = curves(log, names)
    if (LESSONS / "data/clean/deduped/manifest.json").exists():
        r["funnel"] = counted(LESSONS / "data")
        r["article"] = way_of(ARTICLE, LESSONS)
        r["parameters"] = sizes()
    sizes_tried = sorted(LESSONS.glob("vocab-*/manifest.json"), key=lambda path: int(path.parent.name[6:]))
    if sizes_tried:
        tokenizers = [
            json.loads(path.read_text())["tokenizer"] for path in [*sizes_tried, LESSONS / "tokenizer/manifest.json"]
        ]
        r["vocabulary"] = sorted([t["vocab_size"], t["bytes_per_token"]] for t in tokenizers)
    if (DEMO / "data/sft/manifest.json").exists():
        r["kinds"] = kinds_of(DEMO / "data/sft/manifest.json")
    if (DEMO / "checkpoints/dpo/latest").exists():
        r["request"] = asked(DEMO / "checkpoints/dpo/latest")


def curves(log: Path, names: Sequence[str]) -> dict[str, Points]:
    """{name: its points, thinned}; rounded to four digits, for the file's size."""
    records = [json.loads(line) for line in log.read_text().splitlines()]
    found = {name: [(r["step"], r[name]) for r in records if r.get(name) is not None] for name in names}
    return {name: thin(points) for name, points in found.items() if points}


def thin(points: Points) -> Points:
    """Means of neighbours, at most POINTS of them."""
    size = math.ceil(len(points) / POINTS)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(group[-1][0], float(f"{sum(y for _, y in group) / len(group):.4g}")) for group in groups]


def counted(data: Path) -> dict[str, Any]:
    extract, clean, dedup = (
        json.loads((data / f"{name}/manifest.json").read_text())["counts"]
        for name in ("extracted", "clean/filtered", "clean/deduped")
    )
    return {
        "pages": extract["in"], "extract": extract["dropped"], "extracted": extract["out"],
        "clean": clean["dropped"], "cleaned": clean["out"],
        "dedup": dedup["dropped"], "deduped": dedup["out"],
    }  # fmt: skip


def kinds_of(manifest: Path) -> dict[str, int]:
    """Conversations by kind; those of passages, limits and company together."""
    kinds: dict[str, int] = {}
    for kind, n in json.loads(manifest.read_text())["counts"]["kinds"].items():
        name = kind.partition("/")[0]
        kinds[name] = kinds.get(name, 0) + n
    return kinds


def sizes() -> dict[str, dict[str, int]]:
    from model import ModelConfig, parameter_counts
    from pipeline.config import load_config

    return {name: parameter_counts(ModelConfig.of(load_config(file).model)) for name, file in SIZES.items()}


def way_of(title: str, run: Path) -> dict[str, list[str]]:
    """The forms of one article in a run, some real lines of each."""
    import numpy as np

    from gpt.tokenizer import Tokenizer
    from gpt.tokens import Batches, TokenFile, document

    dump = next((run / "data/raw").glob("*.xml.bz2"))
    text = bz2.open(dump, "rt", encoding="utf-8").read()
    page = text[text.index(f"<title>{title}</title>") :]
    page = page[: page.index("</page>")]
    source = page[page.index('xml:space="preserve">') + 21 :]
    kept = next(
        r
        for path in sorted((run / "data/clean/deduped").glob("part-*.jsonl"))
        for r in map(json.loads, path.read_text().splitlines())
        if r["title"] == title
    )
    sentence = next(line for line in kept["text"].split("\n") if "kilometres" in line)
    tokenizer, tokens = Tokenizer(run / "tokenizer/tokenizer.json"), TokenFile(run / "data/tokens/train.bin")
    ids = np.array(tokenizer.encode(document(kept)) + [tokenizer.end_id])
    first = int(
        np.flatnonzero([np.array_equal(tokens.ids[k : k + len(ids)], ids) for k in range(tokens.tokens - len(ids))])[0]
    )
    around = [int(i) for i in tokens.ids[first - 3 : first + 9]]
    batches = Batches(tokens, 128, 8, 1337)
    step, row, start = next(
        (step, row, int(s))
        for step in range(batches.windows // 8)
        for row, s in enumerate(batches.starts(np.arange(8) + step * 8))
        if s <= first < s + 128
    )
    raw = [line.strip() for line in page.splitlines() if line.strip()]
    return {
        "xml": [" ".join(raw[:3]) + " ...", cut(next(line for line in raw if line.startswith("<text")), 84)],
        "wikitext": [cut(line, 84) for line in wikitext_lines(source)],
        "text": wrapped(sentence, 84),
        "kept": [f'{{"id": {kept["id"]}, "title": "{title}", "text": "The {title} is a river in ...", ...}}',
                 f"{len(kept['text'])} characters; none of the nine rules takes it, nothing else is like it"],
        "pieces": [cut("|".join(spelled(tokenizer, tokenizer.encode(sentence))), 88),
                   cut(" ".join(map(str, tokenizer.encode(sentence))), 88)],
        "packed": [f"tokens {first:,} to {first + len(ids) - 1:,} of {tokens.tokens:,}, 2 bytes each:",
                   cut("|".join(spelled(tokenizer, around)), 88)],
        "batch": [f"step {step}, row {row}: the window of 128 tokens from {start:,} on,",
                  "and the same shifted by one: what comes next, to be guessed"],
    }  # fmt: skip


def wikitext_lines(source: str) -> list[str]:
    """Its box, a sentence with links and a note, one with a template, a table: each from where it gets interesting."""
    lines = [line.replace("&lt;", "<").replace("&gt;", ">") for line in source.splitlines()]
    marks = ("{{Infobox", "| mouth", "The Danube flows into", "The Danube is about", "{| class")
    return [next(line[line.index(mark) :] for line in lines if mark in line) for mark in marks]


def spelled(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    names = {i: token for token, i in tokenizer.special_ids.items()}
    tokens = tokenizer.token_bytes()
    return [names[i] if i in names else tokens[i].decode("utf-8", "replace").replace("\n", "\\n") for i in ids]


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 4].rstrip() + " ..."


def wrapped(text: str, length: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) + 1 > length:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def asked(checkpoint: Path) -> dict[str, list[str]]:
    """QUESTION through the parts of the server: the prompt's ids, the first token's candidates, the answer's pieces."""
    import torch

    from gpt import chat
    from gpt.decoder import generate, load
    from gpt.sampling import Sampling

    model, tokenizer = load(str(checkpoint), "float32")
    messages = [{"role": "user", "content": QUESTION}]
    ids = chat.ask(tokenizer, messages)
    done = generate(model, tokenizer, [ids], 40, Sampling(0.0), [0])[0]
    answer = tokenizer.encode(done.text)
    pieces = spelled(tokenizer, answer)
    before = max(k for k, piece in enumerate(pieces) if piece.strip(" .")[:1].isupper())  # the last name is the fact
    with torch.no_grad():
        p = torch.softmax(model(torch.tensor([ids + answer[:before]]), last_only=True)[0, -1].float(), -1)
    best = p.topk(5)
    names = spelled(tokenizer, best.indices.tolist())
    return {
        "body": ["POST /v1/chat/completions", json.dumps({"messages": messages})],
        "prompt": [cut("|".join(spelled(tokenizer, ids)), 88), cut(" ".join(map(str, ids)), 88)],
        "candidates": [f"after {''.join(pieces[:before])!r}, by probability:",
                       "   ".join(f"{name!r} {value:.3f}" for name, value in zip(names, best.values.tolist()))],
        "answer": ["data: " + cut("|".join(pieces), 80), f"data: [DONE]      ({done.finish_reason})"],
    }  # fmt: skip


def main() -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="read the runs first, into recorded.json")
    args = parser.parse_args()
    recorded = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
    if args.record:
        record(recorded)
        text = json.dumps(recorded, ensure_ascii=False)
        RECORDED.write_text(text.replace('"runs":', '\n"runs":') + "\n", encoding="utf-8")
    for name, draw in FIGURES.items():
        (FOLDER / f"{name}.svg").write_text(draw(recorded), encoding="utf-8")
    print(f"{len(FIGURES)} figures -> {FOLDER.relative_to(ROOT)}")


if __name__ == "__main__":
    script_main(main)
