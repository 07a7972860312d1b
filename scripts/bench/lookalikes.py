"""Stubs of one template, more and more of them: dedup.py beside datasketch and rensa.

    python scripts/bench/lookalikes.py
    python scripts/bench/lookalikes.py --sizes 1000 10000 100000 --peer-limit 10000

The stubs are what a bot writes of a land's villages: 60 words in common, 16 of their own, so that any two are 0.64
alike and none is a duplicate. Each contestant is one process of one worker; CPU seconds of signing and of comparing
with all others. A peer is left out above --peer-limit: its buckets hold all stubs. Prints a table
and writes it to scripts/bench/RESULTS.md. Needs rensa: pip install rensa.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

import datasketch

from data import RESULTS, as_filtered, dedup, plain_shingles, processor, put_section, quiet, this_command
from pipeline.cli import or_input_error
from pipeline.config import load_config
from pipeline.ending import Parser, script_main
from pipeline.files import dump_line

FRAME, OWN = 60, 16  # words of a stub
VOCABULARY = [f"word{k}" for k in range(4000)]


def main() -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--peer-limit", type=int, default=10_000)
    args = parser.parse_args()
    rows = [(size, name, seconds(size, run, args)) for size in args.sizes for name, run in contestants().items()]
    body = table(rows, args.sizes)
    print(body)
    put_section(RESULTS, "Look-alike stubs in dedup", body)


def contestants() -> dict[str, Callable[[list[dict]], int]]:
    try:
        import rensa
    except ImportError:
        raise SystemExit("error: the comparison needs the package: pip install rensa") from None
    cfg = load_config("configs/base.yaml").dedup

    def with_rensa(stubs: list[dict]) -> int:
        index = rensa.RMinHashLSH(threshold=cfg.threshold, num_perm=120, num_bands=cfg.bands)
        kept: dict[int, object] = {}
        for stub in stubs:
            sketch = rensa.RMinHash(num_perm=120, seed=cfg.seed)
            sketch.update([shingle.decode() for shingle in plain_shingles(stub["text"], cfg.ngram)])
            if not any(sketch.jaccard(kept[other]) >= cfg.threshold for other in index.query(sketch)):
                kept[stub["id"]] = sketch
                index.insert(stub["id"], sketch)
        return len(kept)

    def with_datasketch(stubs: list[dict]) -> int:
        index = datasketch.MinHashLSH(num_perm=cfg.num_perm, params=(cfg.bands, cfg.rows))
        kept: dict[int, datasketch.MinHash] = {}
        for stub in stubs:
            sketch = datasketch.MinHash(num_perm=cfg.num_perm)
            sketch.update_batch(plain_shingles(stub["text"], cfg.ngram))
            if not any(sketch.jaccard(kept[other]) >= cfg.threshold for other in index.query(sketch)):
                kept[stub["id"]] = sketch
                index.insert(stub["id"], sketch)
        return len(kept)

    return {"dedup.py": with_dedup, "datasketch": with_datasketch, "rensa": with_rensa}


def with_dedup(stubs: list[dict]) -> int:
    work = Path(tempfile.mkdtemp())
    try:
        as_filtered(work / "filtered", b"".join(map(dump_line, stubs)))
        overrides = [f"data.filtered_dir={work / 'filtered'}", f"data.deduped_dir={work / 'deduped'}", "data.workers=1"]
        with quiet():
            dedup.main(load_config("configs/base.yaml", overrides))
        return sum(path.read_bytes().count(b"\n") for path in (work / "deduped").glob("part-*.jsonl"))
    finally:
        shutil.rmtree(work)


def seconds(size: int, run: Callable[[list[dict]], int], args) -> tuple[float, int] | None:
    """-> CPU seconds and how many stubs stayed, or None where a peer is left out"""
    if run is not with_dedup and size > args.peer_limit:
        return None
    some = stubs(size)
    start = time.process_time()
    kept = run(some)
    return time.process_time() - start, kept


def stubs(size: int) -> list[dict]:
    draw = random.Random(7)
    frame = " ".join(draw.choices(VOCABULARY, k=FRAME))
    return [
        {"id": k, "title": f"Village {k}", "url": "", "text": f"{frame} {' '.join(draw.choices(VOCABULARY, k=OWN))}"}
        for k in range(size)
    ]


def table(rows: list[tuple[int, str, tuple[float, int] | None]], sizes: list[int]) -> str:
    lines = [
        f"`{this_command()}`, {date.today()}, {processor()}.",
        "CPU seconds, and how many of the stubs stayed: all should.",
        "",
        "| | " + " | ".join(f"{size:,}" for size in sizes) + " |",
        "|---" * (len(sizes) + 1) + "|",
    ]
    for name in dict.fromkeys(name for _, name, _ in rows):
        cells = [
            f"{found[0]:,.1f} s, {found[1]:,}" if found else "left out" for size, other, found in rows if other == name
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    script_main(lambda: or_input_error(main))
