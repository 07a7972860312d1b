"""A page to look at: what became of the data, or how the training went. One HTML file each, nothing loaded from
outside.

    python scripts/report.py data
    python scripts/report.py train --config configs/demo.yaml

data:  manifests and shards of the five data stages             -> data.report
train: log.jsonl of the runs in train.checkpoint_dir            -> train.checkpoint_dir/report.html

Both work while the build is under way: what is not there yet is left out.
"""

import math
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from gpt.run_log import PANELS, read_log
from pipeline.cli import stage_main
from pipeline.config import InputError, resolve
from pipeline.files import read_json, read_jsonl, write_bytes
from pipeline.progress import duration

SHARDS_READ = 16  # of the final text, evenly spread, for the histogram and the articles to read
SHOWN = 5  # examples of each kind
POINTS = 600  # a curve: more cannot be seen
RUNS = {"base": "Pretraining", "sft": "Fine-tuning on conversations", "dpo": "Preference training"}
WIDTH, HEIGHT = 520, 250  # of a drawing, in its own units: it is scaled to the page

STYLE = Path(__file__).with_suffix(".css")


# The pieces of a page


def page(title: str, body: str) -> bytes:
    made = time.strftime("%Y-%m-%d %H:%M")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width">\n'
        f"<title>{escape(title)}</title><style>\n{STYLE.read_text(encoding='utf-8')}</style></head>\n<body><h1>{escape(title)}</h1>"
        f'<p class="soft small">made {made} by scripts/report.py</p>\n{body}\n</body></html>\n'
    ).encode()


def short(number: float) -> str:
    """1234567 -> '1.23M'; 999 -> '999'; 0.00021 -> '0.00021'"""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size * 0.9995:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def facts(values: dict[str, str]) -> str:
    return (
        '<div class="facts">'
        + "".join(f'<div class="fact"><b>{escape(str(v))}</b>{escape(k)}</div>' for k, v in values.items())
        + "</div>"
    )


def bars(rows: list[tuple[str, float, str]], second: bool = False) -> str:
    """rows: (name, value, what stands behind the bar)"""
    largest = max((value for _, value, _ in rows), default=0) or 1
    return (
        '<div class="bars small">'
        + "".join(
            f'<span>{escape(name)}</span><div><div class="bar{" b" * second}" '
            f'style="width:{100 * value / largest:.2f}%"></div></div>'
            f"<span>{escape(text)}</span>"
            for name, value, text in rows
        )
        + "</div>"
    )


def table(head: list[str], rows: list[list], right: int = 99) -> str:
    """right: columns from this one on are numbers, set to the right."""

    def cells(tag, row):
        return "".join(
            f"<{tag}{' class=right' * (i >= right)}>{escape(str(cell))}</{tag}>" for i, cell in enumerate(row)
        )

    return (
        f'<div class="wide"><table class="small"><tr>{cells("th", head)}</tr>'
        + "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
        + "</table></div>"
    )


def fold(title: str, texts: list[str]) -> str:
    """Texts to be opened with a click."""
    inner = "".join(f"<pre>{escape(text)}</pre>" for text in texts)
    return f"<details><summary>{escape(title)}</summary>{inner}</details>"


def excerpt(text: str, length: int = 900) -> str:
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from low to high, about `count` of them."""
    rough = (high - low) / count or 1.0
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def axes(
    title: str, x: tuple[float, float], y: tuple[float, float], inner: str, labels: Sequence[tuple[str, str]] = ()
) -> str:
    """A drawing with a grid; inner is drawn in its coordinates. labels: (name, colour)"""

    def sx(value):
        return 48 + (value - x[0]) / (x[1] - x[0]) * (WIDTH - 58)

    def sy(value):
        return HEIGHT - 24 - (value - y[0]) / (y[1] - y[0]) * (HEIGHT - 50)

    lines = "".join(
        f'<line x1="48" x2="{WIDTH - 10}" y1="{sy(v):.1f}" y2="{sy(v):.1f}" stroke="var(--line)"/>'
        f'<text x="42" y="{sy(v) + 4:.1f}" text-anchor="end">{short(v)}</text>'
        for v in ticks(*y)
    )
    lines += "".join(
        f'<text x="{sx(v):.1f}" y="{HEIGHT - 7}" text-anchor="middle">{short(v)}</text>' for v in ticks(*x)
    )
    legend = "".join(f'<tspan fill="{colour}"> ■ {escape(name)} </tspan>' for name, colour in labels)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{lines}{inner}'
        f'<text x="48" y="14"><tspan font-weight="600" fill="var(--ink)">{escape(title)}</tspan>{legend}</text></svg>'
    )


def curves(title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    """Lines over the steps. A steep beginning runs out of the picture, so that the rest can be seen."""
    points = [p for line in series.values() for p in line]
    last = max(p[0] for p in points)
    x = (0.0, last or 1.0)
    values, settled = [p[1] for p in points], [p[1] for p in points if p[0] >= 0.03 * last]
    if max(values) - min(values) <= 2 * (max(settled) - min(settled)):
        settled = values  # the beginning is not so steep
    low, high = min(settled), max(settled)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    y = (0.0 if 0 <= low < (high - low) else low - room, high + room)
    inner = f'<clipPath id="c"><rect x="48" y="20" width="{WIDTH - 58}" height="{HEIGHT - 44}"/></clipPath>'
    colours = [f"var(--{letter})" for letter in "ab"]
    for line, colour in zip(series.values(), colours):
        line = thin(line, POINTS)
        places = [
            (48 + (px - x[0]) / (x[1] - x[0]) * (WIDTH - 58), HEIGHT - 24 - (py - y[0]) / (y[1] - y[0]) * (HEIGHT - 50))
            for px, py in line
        ]
        path = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
        inner += (
            f'<polyline clip-path="url(#c)" fill="none" stroke="{colour}" stroke-width="1.5" '
            f'stroke-linejoin="round" points="{path}"/>'
        )
        if len(line) <= 40:
            inner += "".join(
                f'<circle clip-path="url(#c)" cx="{across:.1f}" cy="{down:.1f}" r="2.5" '
                f'fill="{colour}"><title>step {px:,.0f}: {py:.4g}</title></circle>'
                for (across, down), (px, py) in zip(places, line)
            )
    return axes(title, x, y, inner, list(zip(series, colours)) if len(series) > 1 else ())


def thin(line: list[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Means of neighbouring points, at most `most` of them."""
    size = math.ceil(len(line) / most)
    groups = [line[i : i + size] for i in range(0, len(line), size)]
    return [(group[-1][0], sum(p[1] for p in group) / len(group)) for group in groups]


def histogram(title: str, values: list[int], weights: list[int], names: tuple[str, str]) -> str:
    """Shares by powers of two: of the items (a), and of their weight (b)."""
    bins = [max(0, v).bit_length() for v in values]
    low, high = min(bins), max(bins)
    items, weight = dict.fromkeys(range(low, high + 1), 0), dict.fromkeys(range(low, high + 1), 0)
    for b, w in zip(bins, weights):
        items[b] += 1
        weight[b] += w
    most = max([n / len(values) for n in items.values()] + [w / (sum(weights) or 1) for w in weight.values()])
    column, inner = (WIDTH - 58) / len(items), ""
    for i, b in enumerate(items):
        left, pair = 48 + i * column, ((items[b] / len(values), "a"), (weight[b] / (sum(weights) or 1), "b"))
        for j, (share, colour) in enumerate(pair):
            tall = share / (most * 1.05) * (HEIGHT - 50)
            inner += (
                f'<rect x="{left + column * (0.1 + 0.4 * j):.1f}" y="{HEIGHT - 24 - tall:.1f}" '
                f'width="{column * 0.38:.1f}" height="{tall:.1f}" '
                f'rx="1" fill="var(--{colour})"><title>{short(2**b // 2)}–{short(2**b)}: {share:.1%} of the '
                f"{names[j]}</title></rect>"
            )
        if i % math.ceil(len(items) / 9) == 0:
            inner += f'<text x="{left:.1f}" y="{HEIGHT - 7}">{short(2**b // 2)}</text>'
    y = (0.0, most * 105)
    grid = axes(title, (0.0, 1.0), y, inner, [(f"% of the {name}", f"var(--{c})") for name, c in zip(names, "ab")])
    return grid.replace(
        'text-anchor="middle"', 'text-anchor="middle" visibility="hidden"'
    )  # the bins have their own names


# What became of the data


def data(cfg) -> None:
    folders = {
        "extract": resolve(cfg.data.extracted_dir),
        "clean": resolve(cfg.data.filtered_dir),
        "dedup": resolve(cfg.data.deduped_dir),
        "train_tokenizer": resolve(cfg.tokenizer.path).parent,
        "pack_tokens": resolve(cfg.data.train_bin).parent,
    }
    manifests = {
        stage: read_json(folder / "manifest.json")
        for stage, folder in folders.items()
        if (folder / "manifest.json").exists()
    }
    if not manifests:
        raise InputError(
            f"{folders['extract']}: no data stage has finished; run python src/extract.py with the same config first"
        )
    shards = next(
        (sorted(folders[s].glob("part-*.jsonl")) for s in ("dedup", "clean", "extract") if s in manifests), []
    )
    articles = sample_articles(shards)
    parts = [
        data_facts(cfg, manifests, articles),
        funnel(manifests),
        drops(manifests, folders),
        lengths(articles, shards),
    ]
    if "dedup" in manifests:
        parts.append(duplicates(manifests["dedup"], folders["dedup"]))
    if manifests.get("extract", {}).get("unknown_templates"):
        parts.append(templates(manifests["extract"]))
    if "train_tokenizer" in manifests:
        parts.append(tokenizer(manifests["train_tokenizer"]["tokenizer"]))
    parts += [to_read(articles), stages(manifests)]
    write(resolve(cfg.data.report), "From dump to tokens", parts)


def write(path: Path, title: str, parts: list[str]) -> None:
    write_bytes(path, page(title, "\n".join(part for part in parts if part)))
    print(f"{path}: open it in a browser")


def sample_articles(shards: list[Path]) -> list[dict]:
    chosen = (
        [shards[i * len(shards) // SHARDS_READ] for i in range(SHARDS_READ)] if len(shards) > SHARDS_READ else shards
    )
    return [article for path in chosen for article in read_jsonl(path)]


def wikis(articles: list[dict]) -> dict[str, float]:
    """The share of each wiki in the characters of a corpus that is made of several."""
    sizes: Counter = Counter()
    for article in articles:
        if "wiki" in article:
            sizes[article["wiki"]] += len(article["text"])
    return {name: size / sizes.total() for name, size in sizes.most_common()}


def data_facts(cfg, manifests: dict, articles: list[dict]) -> str:
    values = {"dump": ", ".join(Path(dump).name.split("-pages")[0].split(".")[0] for dump in cfg.data.dumps)}
    values |= {name: f"{share:.0%} of the characters" for name, share in wikis(articles).items()}
    last = next((manifests[s] for s in ("dedup", "clean", "extract") if s in manifests), None)
    if last:
        values["articles"] = short(last["counts"]["out"])
        values["characters"] = short(last["counts"].get("chars_out") or last["counts"].get("chars", 0))
    if "pack_tokens" in manifests:
        files = manifests["pack_tokens"]["tokens"]
        train = files[Path(cfg.data.train_bin).stem]
        seen = cfg.train.max_iters * cfg.train.micro_batch_size * cfg.train.grad_accum_steps * cfg.model.block_size
        values |= {
            "tokens to train on": short(train["tokens"]),
            "bytes a token": f"{train['bytes_per_token']:.2f}",
            "tokens to validate on": short(files[Path(cfg.data.val_bin).stem]["tokens"]),
            "times seen in pretraining": f"{seen / train['tokens']:.2g}",
        }
    values["computing time"] = duration(sum(m["seconds"] for m in manifests.values()))
    return facts(values)


def funnel(manifests: dict) -> str:
    articles: list[tuple] = []
    characters: list[tuple] = []
    for stage, name in (("extract", "extracted"), ("clean", "fit to train on"), ("dedup", "seen once")):
        if stage in manifests:
            counts = manifests[stage]["counts"]
            if not articles:
                articles.append(
                    ("pages in the dump" if stage == "extract" else "read", counts["in"], f"{counts['in']:,}")
                )
            articles.append((name, counts["out"], f"{counts['out']:,}"))
            size = counts.get("chars_out", counts.get("chars", 0))
            characters.append((name, size, f"{size:,}"))
    if not articles:
        return ""
    return (
        f'<h2>What stayed</h2><div class="grid"><div><h3>Articles</h3>{bars(articles)}</div>'
        f"<div><h3>Characters</h3>{bars(characters, second=True)}</div></div>"
    )


def drops(manifests: dict, folders: dict) -> str:
    parts = []
    for stage in [s for s in ("extract", "clean", "dedup") if s in manifests]:
        counts = manifests[stage]["counts"]
        dropped = {k: n for k, n in sorted(counts.get("dropped", {}).items(), key=lambda item: -item[1]) if n}
        if dropped:
            size = counts.get("dropped_chars", {})
            rows = [
                (k.replace("_", " "), n, f"{n:,}" + (f" · {short(size[k])} characters" if k in size else ""))
                for k, n in dropped.items()
            ]
            parts.append(f"<div><h3>{stage}.py</h3>{bars(rows, second=True)}</div>")
    rejects = (
        "".join(reject_samples(path) for path in sorted((folders["clean"] / "samples").glob("*.jsonl")))
        if "clean" in manifests
        else ""
    )
    return f'<h2>What was left out, and why</h2><div class="grid">{"".join(parts)}</div>' + (
        f"<h3>Some of it, to read</h3>{rejects}" if rejects else ""
    )


def reject_samples(path: Path) -> str:
    samples = list(read_jsonl(path))[:SHOWN]
    return (
        fold(path.stem.replace("_", " "), [f"{s['title']}\n\n{excerpt(s['text'], 600)}" for s in samples])
        if samples
        else ""
    )


def lengths(articles: list[dict], shards: list[Path]) -> str:
    if not articles:
        return ""
    sizes = [len(a["text"]) for a in articles]
    middle = sorted(sizes)[len(sizes) // 2]
    note = (
        f"of {len(articles):,} articles in {SHARDS_READ} of {len(shards):,} shards"
        if len(shards) > SHARDS_READ
        else f"of all {len(articles):,} articles"
    )
    drawing = histogram("Characters an article", sizes, sizes, ("articles", "text"))
    return (
        f'<h2>How long articles are</h2><p class="soft small">{note}; half are shorter than {middle:,} '
        f'characters</p><div class="grid">{drawing}</div>'
    )


def duplicates(manifest: dict, folder: Path) -> str:
    removed = folder / "removed.jsonl"
    records = list(read_jsonl(removed)) if removed.exists() else []
    if not records:
        return "<h2>Duplicates</h2><p>None were found.</p>"
    near = [r for r in records if r["kind"] == "near"]
    rows: list[tuple] = []
    for i in range(20):
        low = i / 20
        count = sum(low <= min(r["jaccard"], 0.9999) < low + 0.05 for r in near)
        if count or rows:
            rows.append((f"{low:.2f}–{low + 0.05:.2f}", count, f"{count:,}"))
    pairs = [
        [r["title"], r["kept_title"], f"{r['jaccard']:.2f}"]
        for r in random.Random(0).sample(records, min(20, len(records)))
    ]
    copies: dict[str, int] = {}
    for r in records:
        copies[r["kept_title"]] = copies.get(r["kept_title"], 0) + 1
    largest = max(copies, key=lambda title: copies[title])
    return (
        f"<h2>Duplicates</h2><p>{len(records):,} articles left out in {manifest.get('clusters', len(copies)):,} "
        "clusters: "
        f"{len(records) - len(near):,} with the same words as another, {len(near):,} nearly so. "
        f'Most copies: {escape(largest)} ({copies[largest]:,}).</p><div class="grid"><div><h3>How alike the near ones '
        "are (Jaccard)</h3>"
        f"{bars(rows)}</div><div>{table(['left out', 'kept', 'alike'], pairs, 2)}</div></div>"
    )


def templates(manifest: dict) -> str:
    rows = [(name, n, f"{n:,}") for name, n in list(manifest["unknown_templates"].items())[:30]]
    return (
        f'<h2>Templates that nobody knows</h2><p class="soft small">left out of the text; '
        "<code>extract.templates</code> can render them</p>"
        f"{bars(rows, second=True)}"
    )


def tokenizer(t: dict) -> str:
    about = facts(
        {
            "entries": f"{t['vocab_size']:,}",
            "bytes a token, on articles it has not seen": f"{t['bytes_per_token']:.3f}",
            "of the tokens are single bytes": f"{t['single_byte_share']:.1%}",
            "of the entries occur in those articles": f"{t['vocabulary_seen']:.0%}",
        }
    )
    by_length = bars([(f"{i} byte{'s' * (i > 1)}", n, f"{n:,}") for i, n in enumerate(t["lengths"], 1) if n])
    longest = "".join(f"<span>{escape(visible(piece))}</span> " for piece in t["longest_tokens"])
    last = "".join(f"<span>{escape(visible(piece))}</span> " for piece in t["last_merges"])
    examples = "".join(f'<pre class="tokens">{pieces(example)}</pre>' for example in t["examples"][:3])
    return (
        f'<h2>The tokenizer</h2>{about}<div class="grid"><div><h3>Entries by length</h3>{by_length}</div><div><h3>The '
        "longest</h3>"
        f'<pre class="tokens">{longest}</pre><h3>The last ones learned</h3><pre '
        f'class="tokens">{last}</pre></div></div><h3>How it splits text</h3>{examples}'
    )


def pieces(tokens: list[str]) -> str:
    return "".join(f"<span>{escape(visible(token))}</span>" + "\n" * token.count("\n") for token in tokens)


def visible(token: str) -> str:
    return token.replace("\n", "⏎").replace("\t", "⇥")


def to_read(articles: list[dict]) -> str:
    chosen = random.Random(0).sample(articles, min(SHOWN, len(articles)))
    return (
        "<h2>Read some of it</h2>"
        + "".join(fold(f"{a['title']} ({len(a['text']):,} characters)", [excerpt(a["text"], 2000)]) for a in chosen)
        if chosen
        else ""
    )


def stages(manifests: dict) -> str:
    rows = []
    for stage, m in manifests.items():
        size = m.get("bytes", 0)
        rows.append(
            [
                f"{stage}.py",
                duration(m["seconds"]),
                f"{size:,}" if size else "",
                ", ".join(f"{k} {v}" for k, v in m["versions"].items()),
            ]
        )
    return f"<h2>The stages</h2>{table(['stage', 'took', 'bytes written', 'with'], rows)}"


# How the training went


def train(cfg) -> None:
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
            drawings.append(curves(", ".join(series), series))
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


if __name__ == "__main__":
    pages = {"data": data, "train": train}
    if len(sys.argv) > 1 and sys.argv[1] in pages:
        stage_main(pages[sys.argv.pop(1)], __doc__, ("data", "train"))
    print(
        __doc__
        if {"-h", "--help"} & set(sys.argv)
        else "error: say which page: python scripts/report.py data, or train",
        file=sys.stdout if {"-h", "--help"} & set(sys.argv) else sys.stderr,
    )
    sys.exit(0 if {"-h", "--help"} & set(sys.argv) else 2)
