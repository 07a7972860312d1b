"""What became of the data: manifests and shards of the five data stages -> data.report"""

import random
from collections import Counter
from html import escape
from pathlib import Path

from pipeline.config import Config, InputError, resolve
from pipeline.files import read_json, read_jsonl
from pipeline.progress import duration
from scripts.pages import rules
from scripts.pages.pieces import Html, bars, excerpt, facts, fold, histogram, html, link, short, table, write

SHARDS_READ = 16  # of the final text, evenly spread, for the histogram and the articles to read
SHOWN = 5  # examples of each kind
SEARCHED = 300  # articles that the page holds
TOO_MUCH = 0.1  # a rule that takes a larger share is red: all of them together take a few percent of a Wikipedia
SEARCH = """
const all = [...document.querySelectorAll('#articles > details')], field = document.querySelector('#find');
let first = 0;
function show() {
  const wanted = field.value.trim().toLowerCase();
  const found = all.filter(one => one.textContent.toLowerCase().includes(wanted));
  const count = Math.min(%d, found.length);
  const shown = new Set(Array.from({ length: count }, (_, i) => found[(first + i) %% found.length]));
  for (const one of all) one.hidden = !shown.has(one);
}
field.oninput = () => { first = 0; show(); };
document.querySelector('#more').onclick = () => { first += %d; show(); };
show();
"""  # without scripts all of them are there


def folders_of(cfg: Config) -> dict[str, Path]:
    """{stage: where its manifest is}"""
    return {
        "extract": resolve(cfg.data.extracted_dir),
        "clean": resolve(cfg.data.filtered_dir),
        "dedup": resolve(cfg.data.deduped_dir),
        "train_tokenizer": resolve(cfg.tokenizer.path).parent,
        "pack_tokens": resolve(cfg.data.train_bin).parent,
    }


def manifests_of(folders: dict[str, Path]) -> dict[str, dict]:
    return {
        stage: read_json(folder / "manifest.json")
        for stage, folder in folders.items()
        if (folder / "manifest.json").exists()
    }


def write_page(cfg: Config, config: str) -> None:
    folders = folders_of(cfg)
    manifests = manifests_of(folders)
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
        drops(manifests, folders, cfg.clean.max_dropped),
        rules.section(cfg, folders["extract"]),
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
    other = other_text(manifests)
    more = f"<div><h3>Documents of other text</h3>{bars(other)}</div>" if other else ""
    return (
        f'<h2>What stayed</h2><div class="grid"><div><h3>Articles</h3>{bars(articles)}</div>'
        f"<div><h3>Characters</h3>{bars(characters, second=True)}</div>{more}</div>"
    )


def other_text(manifests: dict) -> list[tuple]:
    """Bars of each source of data.more: what was read of it and what became of that."""
    stages = (
        ("clean", "in", "read"),
        ("clean", "out", "fit to train on"),
        ("dedup", "out", "seen once"),
        ("pack_tokens", "documents", "its share"),
    )
    sources = list(manifests.get("clean", {}).get("more", {}))
    rows = [
        (f"{Path(source).name}: {name}", manifests.get(stage, {}).get("more", {}).get(source, {}).get(key))
        for source in sources
        for stage, key, name in stages
    ]
    return [(name, count, f"{count:,}") for name, count in rows if count is not None]


def drops(manifests: dict, folders: dict, max_dropped: float) -> str:
    parts = []
    for stage in [s for s in ("extract", "clean", "dedup") if s in manifests]:
        counts = manifests[stage]["counts"]
        dropped = {k: n for k, n in sorted(counts.get("dropped", {}).items(), key=lambda item: -item[1]) if n}
        if dropped:
            size = counts.get("dropped_chars", {})
            rows = [
                (k.replace("_", " "), n, f"{n:,} · {n / counts['in']:.1%}"
                 + (f" · {short(size[k])} characters" if k in size else ""))
                for k, n in dropped.items()
            ]  # fmt: skip
            much = [k for k, n in dropped.items() if stage == "clean" and n > TOO_MUCH * counts["in"]]
            warning = "".join(
                f'<p class="small alarm">{escape(k)} takes more than {TOO_MUCH:.0%} of the articles: read its samples '
                f"below. From {max_dropped:.0%} on (clean.max_dropped) the stage stops.</p>"
                for k in much
            )
            alarms = [k.replace("_", " ") for k in much]
            parts.append(f"<div><h3>{stage}.py</h3>{bars(rows, second=True, alarms=alarms)}{warning}</div>")
    rejects = (
        "".join(reject_samples(path) for path in sorted((folders["clean"] / "samples").glob("*.jsonl")))
        if "clean" in manifests
        else ""
    )
    return f'<h2>What was left out, and why</h2><div class="grid">{"".join(parts)}</div>' + (
        f"<h3>Some of it, to read</h3>{rejects}" if rejects else ""
    )


def reject_samples(path: Path) -> str:
    samples = [
        Html(f"{link(s['title'] or s.get('source', ''), s.get('url', ''))}\n\n{html(excerpt(s['text'], 600))}")
        for s in read_jsonl(path)
    ]
    return fold(path.stem.replace("_", " "), samples[:SHOWN], samples[SHOWN:]) if samples else ""


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
    records = [r for r in read_jsonl(removed) if "source" not in r] if removed.exists() else []
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
    """Some articles to open; a field above them looks through all that the page holds."""
    chosen = random.Random(0).sample(articles, min(SEARCHED, len(articles)))
    if not chosen:
        return ""
    folds = [
        fold(
            Html(f"{html(a['title'])} <span class=soft>({len(a['text']):,} characters)</span>"),
            [Html(f"{link('the article', a.get('url', ''))}\n\n{html(excerpt(a['text'], 1500))}")],
        )
        for a in chosen
    ]
    return (
        f'<h2>Read some of it</h2><p><input id="find" type="search" placeholder="search {len(folds):,} articles"> '
        f'<button id="more">others</button></p><div id="articles">{"".join(folds)}</div>'
        f"<script>{SEARCH % (SHOWN, SHOWN)}</script>"
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
