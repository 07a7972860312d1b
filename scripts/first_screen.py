"""README's first screen, made again from what was measured: the picture of the chat page, the pipeline, six lines of
conversation and the table of models.

    python scripts/first_screen.py                 everything; wants the demo's run, chromium and chromedriver
    python scripts/first_screen.py --no-picture    without the picture of the chat page

demo/ and, where they are, runs/laptop/ and docs/run/card.json -> docs/chat.png, docs/pipeline.svg and the marked parts
of README.md. Measured rows come from a run's reports/card.json (scripts/report.py card); the others are estimates of
the whole build, setting up and the teacher included, by scripts/rental/price.py at the config's price, and marked so.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT), str(ROOT / "tests")]
import pipeline.ctrl_c  # noqa: E402  first, for as long as the others take

from pipeline.cli import or_input_error  # noqa: E402
from pipeline.config import InputError, load_config  # noqa: E402
from pipeline.ending import Parser, script_main  # noqa: E402
from pipeline.files import read_json, write_bytes  # noqa: E402
from scripts.pages import card  # noqa: E402
from scripts.pages.pieces import short  # noqa: E402
from scripts.rental import price  # noqa: E402

README = ROOT / "README.md"
DEMO = "configs/demo.yaml"
MEASURED = (("demo", ("demo/reports/card.json",)), ("laptop", ("runs/laptop/reports/card.json", "docs/run/card.json")))
ESTIMATED = (("fast", "RTX 4090", 1), ("base", "RTX 4090", 1), ("350m", "RTX 4090", 4), ("1b", "A100 SXM4", 8))
LINES = ("What is the capital of Japan?", "Which element has the symbol Au?", "What is the capital of Zorbland?")
ASKED = (*LINES, "When did Napoleon land on the Moon?")  # in the picture, one after another
SIZE = 900, 990  # of the picture
COLOURS = 64  # of it: a page of text needs no more
BOX, GAP = (144, 54), 20
ROWS = (
    ("on a laptop", (("extract", "*.jsonl"), ("clean", "*.jsonl"), ("dedup", "*.jsonl"),
                     ("train_tokenizer", "tokenizer.json"), ("pack_tokens", "train.bin"))),
    ("on a GPU", (("train", "checkpoints/base"), ("gen_sft_data", "conversations"), ("train_sft", "checkpoints/sft"),
                  ("gen_pref_data", "pairs"), ("train_dpo", "checkpoints/dpo"))),
    ("to look and talk", (("model", "parameters, memory"), ("sample", "text, chat"), ("eval_ppl", "bits per byte"),
                        ("judge_eval", "win rates"), ("serve", "API, chat page"))),
)  # fmt: skip


def main() -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-picture", action="store_true", help="leave docs/chat.png as it is")
    args = parser.parse_args()
    record = demo_record()
    write_bytes(ROOT / "docs/pipeline.svg", drawing().encode())
    text = README.read_text(encoding="utf-8")
    text = put(text, "conversation", conversation(record))
    text = put(text, "table", models_table())
    write_bytes(README, text.encode())
    if not args.no_picture:
        picture(ROOT / "docs/chat.png")


def demo_record() -> dict:
    path = ROOT / MEASURED[0][1][0]
    if not path.exists():
        raise InputError(f"{path}: not there; run bash scripts/demo.sh first")
    return read_json(path)


def put(text: str, name: str, content: str) -> str:
    """Between <!-- first_screen: name --> and <!-- end -->."""
    marked = re.compile(rf"(<!-- first_screen: {name} -->\n).*?(<!-- end -->)", re.S)
    if not marked.search(text):
        raise InputError(f"{README}: has no place <!-- first_screen: {name} --> ... <!-- end -->")
    return marked.sub(lambda found: found[1] + content + found[2], text)


def conversation(record: dict) -> str:
    lines = []
    for row in record["gallery"]:
        asked = row["messages"][-1]["content"]
        if asked in LINES and len(row["messages"]) == 1:
            answer, good = row["answers"]["dpo"]
            mark = "" if good is None else "   (right)" if good else "   (wrong)"
            lines += [f"you:      {asked}", f"wikigpt:  {' '.join(answer.split())}{mark}"]
    return "```\n" + "\n".join(lines) + "\n```\n"


# the table


def models_table() -> str:
    lines = [
        "| model | parameters | tokens | hours | dollars | bits/byte | examination |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, places in MEASURED:
        path = next((ROOT / place for place in places if (ROOT / place).exists()), None)
        if path:
            lines.append(row(measured(name, read_json(path))))
    return "\n".join(lines + [row(estimated(*one)) for one in ESTIMATED]) + "\n"


def row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def billions(tokens: int) -> str:
    """4.04B, as models' tokens are written; short() says G"""
    return short(tokens).replace("G", "B")


def measured(name: str, record: dict) -> list[str]:
    base, examined = record["text"].get("base"), record["examination"].get("dpo")
    share = card.percent(*examined["mean"]) if examined else "–"
    return [
        f"[`{name}`](configs/{name}.yaml)",
        short(base["parameters"]) if base else "–",
        billions(record["models"]["base"]["tokens"]),
        f"{record['seconds'] / 3600:.2g}",
        f"{record['dollars']:.2f}" if record["dollars"] else "0",
        f"{base['bits_per_byte']:.2f}" if base else "–",
        share,
    ]


def estimated(name: str, gpu: str, count: int) -> list[str]:
    cfg = load_config(f"configs/{name}.yaml")
    hours = sum((price.stage_hours(cfg, gpu, count, "judge_eval") or {}).values())
    m = cfg.model
    parameters = m.n_layer * (4 * m.n_embd**2 + 3 * m.n_embd * m.d_ff) + m.vocab_size * m.n_embd
    on = f"{count} x {gpu}" if count > 1 else gpu
    return [
        f"[`{name}`](configs/{name}.yaml) on {on}",
        short(parameters),
        billions(price.tokens(cfg)),
        f"≈ {hours:.0f}",
        f"≈ {hours * cfg.train.price_per_hour:.0f}",
        "not run yet",
        "not run yet",
    ]


# the pipeline


def drawing() -> str:
    """The fifteen scripts in three rows, an arrow from each to the next that reads what it wrote."""
    across, down = 100, 92
    width, height = across + 5 * (BOX[0] + GAP) + 6, len(ROWS) * down + 34
    parts = []
    for level, (title, stages) in enumerate(ROWS):
        top = 34 + level * down
        parts.append(f'<text x="4" y="{top + 31}" class="soft">{title}</text>')
        for place, (name, made) in enumerate(stages):
            left = across + place * (BOX[0] + GAP)
            middle = left + BOX[0] / 2
            parts.append(
                f'<rect x="{left}" y="{top}" width="{BOX[0]}" height="{BOX[1]}" rx="8" class="box r{level}"/>'
                f'<text x="{middle}" y="{top + 24}" class="name">{name}.py</text>'
                f'<text x="{middle}" y="{top + 42}" class="made">{made}</text>'
            )
            if place and level < 2:
                parts.append(arrow(left - GAP + 2, top + BOX[1] / 2, left - 3, top + BOX[1] / 2))
    last, first = across + 4 * (BOX[0] + GAP) + BOX[0] / 2, across + BOX[0] / 2
    end = 34 + BOX[1]  # of the first row: on to the beginning of the second
    parts.append(
        f'<path d="M{last} {end + 2} V{end + 19} H{first} V{end + 35} M{first - 4} {end + 29} L{first} {end + 35} '
        f'L{first + 4} {end + 29}" class="line"/>'
    )
    parts.append(arrow(last, end + down + 2, last, end + down + 35))
    parts.append(f'<text x="{first}" y="14" class="made">Wikipedia dump (.xml.bz2)</text>')
    parts.append(arrow(first, 18, first, 31))
    style = (
        "text{font:13px system-ui,'Segoe UI','Noto Sans',sans-serif;fill:#1d1d1f}"
        ".name{text-anchor:middle;font-weight:600}"
        ".made{text-anchor:middle;font-size:11.5px;fill:#6b6b70}.soft{font-size:12px;fill:#6b6b70}"
        ".box{stroke-width:1.2}.r0{fill:#d9e8f7;stroke:#2f6fb5}.r1{fill:#fbe3cf;stroke:#d2691e}"
        ".r2{fill:#dcefd9;stroke:#4c8c4a}.line{fill:none;stroke:#8a8a90;stroke-width:1.5}"
        "@media(prefers-color-scheme:dark){text{fill:#e8e8e6}.made,.soft{fill:#a9a9af}.r0{fill:#24415c;stroke:#6fb1f0}"
        ".r1{fill:#5a3d20;stroke:#f0a35e}.r2{fill:#2a4a2c;stroke:#7bc47f}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="The fifteen scripts, from the dump to the chat page"><style>{style}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """With its head at the second point; along an axis."""
    head = (
        f"M{x2 - 6} {y2 - 4} L{x2} {y2} L{x2 - 6} {y2 + 4}"
        if y1 == y2
        else f"M{x2 - 4} {y2 - 6} L{x2} {y2} L{x2 + 4} {y2 - 6}"
    )
    return f'<path d="M{x1} {y1} L{x2} {y2} {head}" class="line"/>'


# the picture


def picture(path: Path) -> None:
    """The chat page, asked ASKED by keyboard at temperature 0, as headless Chromium shows it."""
    from PIL import Image

    import browser  # tests/browser.py

    if missing := browser.missing():
        raise InputError(f"the picture: {missing}; or --no-picture")
    command = [sys.executable, str(ROOT / "src/serve.py"), "--config", DEMO, "serve.port=0", "serve.temperature=0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        url = address(server)
        with tempfile.TemporaryDirectory() as profile, browser.Browser(Path(profile), *SIZE) as page:
            page.devtools("Emulation.setScrollbarsHidden", hidden=True)
            page.open(url)
            page.wait(lambda: page.visible("#input"), "the page did not open")
            for count, text in enumerate(ASKED, 1):
                page.type("#input", text + "{Enter}")
                ended = "return document.querySelectorAll('.assistant .foot').length"
                page.wait(lambda ended=ended, count=count: page.run(ended) == count, "no answer came", 120)
            page.screenshot(path)
    finally:
        server.terminate()
        server.wait(30)
    Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


def address(server: subprocess.Popen) -> str:
    """Where the server listens, from its first lines."""
    assert server.stdout
    said = []
    for line in server.stdout:
        said.append(line)
        if found := re.search(r" on (http:\S+)", line):
            return found[1]
    raise InputError(f"the server did not start: {''.join(said)[-300:]}")


if __name__ == "__main__":
    script_main(lambda: or_input_error(main))
