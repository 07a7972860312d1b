"""How the data stages scale: extraction over workers, clean and dedup over a million documents.

    python scripts/bench/scale.py workers --copies 16       # 1 worker and 2 in turns, wall time
    python scripts/bench/scale.py memory                    # peak memory of all processes of clean, then of dedup
    python scripts/bench/scale.py chain --copies 800        # run_all.sh --to pack_tokens on a dump of 2 GB, 40 minutes

Reads a multistream dump (workers, chain) or a JSONL file of articles, .xz too (memory); prints a table and writes it to
scripts/bench/RESULTS.md. What is made on the way, some GB, is in --work and removed at the end. Workers and chain want
an idle machine.

The large dump of workers is the given one's article streams again and again between its header and its footer. That of
chain has other ids, titles and words in every copy, or dedup would leave one of them: the words of five letters and
more that are no stop word, tag or parameter change places with others as frequent. The documents of memory are made of
sentences drawn from the real articles, in paragraphs and lengths like theirs; one in fifty is a near copy of an earlier
one, so that dedup has work too.
"""

import argparse
import bz2
import collections
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

import numpy as np

from data import CORPUS, RESULTS, processor, put_section, read_texts, this_command
from pipeline.cli import or_input_error
from pipeline.config import ROOT, InputError
from pipeline.ending import Parser, script_main
from pipeline.files import dump_line, read_json
from wikipedia import dump as dumps

MEAN_CHARS = 2800  # of an article of English Wikipedia
SHARD = 10_000  # documents
NEAR_COPIES = 50  # one document in so many
PAGES_A_STREAM = 100
ALIKE = 100  # words of so many neighbouring ranks of frequency change places
COMMON = 300  # the most frequent words stay: stop words, by which clean knows the language
STAGES = ("extract", "clean", "dedup", "train_tokenizer", "pack_tokens")


def stage(name: str, *overrides: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, ROOT / f"src/{name}.py", *overrides],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(name: str, process: subprocess.Popen) -> None:
    _, problem = process.communicate()
    if process.returncode:
        raise InputError(f"{name} ended with status {process.returncode}: {problem.strip()}")


# ---------------------------------------------------------------- extraction over workers


def enlarge(dump: Path, copies: int, out: Path) -> None:
    """header stream + the article streams `copies` times + footer stream"""
    found = dumps.open_dump(dump)
    if found.kind != "streams" or len(found.streams) < 3:
        raise InputError(f"{dump}: not a multistream dump, whose streams could be copied")
    content = dump.read_bytes()
    first, last = found.streams[1][0], found.streams[-1][0]
    with open(out, "wb") as f:
        f.write(content[:first])
        for _ in range(copies):
            f.write(content[first:last])
        f.write(content[last:])


def workers(args: argparse.Namespace, work: Path) -> str:
    enlarge(args.dump, args.copies, work / "large.xml.bz2")
    size = (work / "large.xml.bz2").stat().st_size / 1e6
    seconds: dict[int, list[float]] = {n: [] for n in args.workers}
    for _ in range(args.rounds):
        for n in args.workers:
            shutil.rmtree(work / "extracted", ignore_errors=True)
            began = time.monotonic()
            finish(
                "extract",
                stage(
                    "extract",
                    f"data.dump={work / 'large.xml.bz2'}",
                    f"data.extracted_dir={work / 'extracted'}",
                    f"data.workers={n}",
                    "data.shard_articles=500",
                ),
            )
            seconds[n].append(time.monotonic() - began)
    articles = read_json(work / "extracted/manifest.json")["counts"]["out"]
    one = seconds[args.workers[0]]
    lines = [
        f"{args.copies} times the articles of {args.dump.name}: {size:.0f} MB of bz2, {articles:,} articles; the "
        "whole stage, start-up included, "
        f"wall time, medians of {args.rounds} rounds in turns.",
        "",
        "| workers | seconds | MB of bz2 a second | to one worker |",
        "|--:|--:|--:|--:|",
    ]
    for n, some in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(one, some))
        lines.append(f"| {n} | {statistics.median(some):.1f} | {size / statistics.median(some):.2f} | {ratio:.2f} |")
    return "\n".join(lines)


# ---------------------------------------------------------------- memory


def make_documents(texts: Path, count: int, folder: Path) -> int:
    """part-*.jsonl of documents made from the sentences of real articles -> their bytes"""
    sentences = [
        s for record in read_texts(texts) for s in re.split(r"(?<=[.!?]) +|\n+", record["text"]) if 40 <= len(s) <= 400
    ]
    rng = random.Random(1)
    mean = sum(map(len, sentences)) / len(sentences)
    total = 0
    recent: list = []
    for first in range(0, count, SHARD):
        lines = []
        for number in range(first, min(first + SHARD, count)):
            if number % NEAR_COPIES == 0 and recent:
                chosen = list(rng.choice(recent))
                chosen[rng.randrange(len(chosen))] = rng.choice(sentences)
            else:
                chosen = rng.choices(sentences, k=max(2, round(rng.expovariate(mean / MEAN_CHARS))))
            if len(chosen) > 20:
                recent = [*recent[-200:], chosen]
            text = "\n\n".join(" ".join(chosen[k : k + 4]) for k in range(0, len(chosen), 4))
            lines.append(dump_line({"id": number, "title": f"Document {number}", "url": "", "text": text}))
        content = b"".join(lines)
        (folder / f"part-{first // SHARD:05}.jsonl").write_bytes(content)
        total += len(content)
    return total


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(p for child in children for p in family(int(child)))]


def memory_of(pid: int) -> int:
    """Bytes of memory of a process and its children, what they share counted once (PSS); pages of files are the
    system's.
    """
    total = 0
    for process in family(pid):
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(kb) for kb in re.findall(r"^(?:Pss_Anon|Pss_Shmem):\s+(\d+) kB", rollup, re.M)) * 1024
    return total


def watched(name: str, *overrides: str) -> tuple[float, float]:
    """Run a stage -> (seconds, peak GB of all its processes)"""
    began, peak = time.monotonic(), 0
    process = stage(name, *overrides)
    while process.poll() is None:
        peak = max(peak, memory_of(process.pid))
        time.sleep(0.1)
    finish(name, process)
    return time.monotonic() - began, peak / 1e9


def memory(args: argparse.Namespace, work: Path) -> str:
    folders = {name: work / name for name in ("made", "filtered", "deduped")}
    folders["made"].mkdir()
    size = make_documents(args.texts, args.documents, folders["made"]) / 1e9
    paths = [
        f"data.extracted_dir={folders['made']}",
        f"data.filtered_dir={folders['filtered']}",
        f"data.deduped_dir={folders['deduped']}",
    ]
    lines = [
        f"{args.documents:,} documents, {size:.1f} GB of JSONL, made from the sentences of {args.texts.name}; "
        f"{os.cpu_count()} workers; memory of all "
        "processes together, what they share counted once.",
        "",
        "| stage | kept | seconds | peak memory, GB |",
        "|---|--:|--:|--:|",
    ]
    for name, out in (("clean", "filtered"), ("dedup", "deduped")):
        seconds, peak = watched(name, *paths)
        lines.append(
            f"| {name} | {read_json(folders[out] / 'manifest.json')['counts']['out']:,} | {seconds:.0f} | {peak:.2f} |"
        )
    return "\n".join(lines)


# ---------------------------------------------------------------- the chain on a large dump


class Copies:
    """A dump's pages with other ids, titles and words in every copy."""

    def __init__(self, dump: Path) -> None:
        content = bz2.decompress(dump.read_bytes()).decode()
        first = content.index("<page>")
        self.header, body = content[:first].rstrip(" "), content[first : content.rindex("</page>")]
        pages = [page.lstrip() + "</page>\n" for page in body.split("</page>")]
        # words of the markup stay: tags, entities, templates' and parameters' names, links' prefixes
        kept = set(re.findall(r"(?:[{<&/|:#]\s*|</|\[\[)([a-z]{5,})|\b([a-z]{5,})\s*[=:;]", body))
        fixed = {word for pair in kept for word in pair}
        parts = [re.split(r"\b([a-z]{5,})\b", page) for page in pages]
        counts = collections.Counter(part for page in parts for part in page[1::2])
        ranks = [word for word, _ in counts.most_common()]
        self.free = [word for word in ranks[COMMON:] if word not in fixed]
        numbers: dict[str, int] = {}
        self.pages = [np.array([numbers.setdefault(part, len(numbers)) for part in page]) for page in parts]
        self.parts = np.array(list(numbers), dtype=object)
        self.places = np.array([numbers[word] for word in self.free])

    def streams(self, number: int) -> bytes:
        """Copy `number` as bz2 streams of 100 pages."""
        rng = random.Random(number)
        words = []
        for first in range(0, len(self.free), ALIKE):
            words += rng.sample(alike := self.free[first : first + ALIKE], len(alike))
        parts = self.parts.copy()
        parts[self.places] = words
        out = []
        for first in range(0, len(self.pages), PAGES_A_STREAM):
            text = "".join("".join(parts[page]) for page in self.pages[first : first + PAGES_A_STREAM])
            text = re.sub(r"<title>(.*)</title>", rf"<title>\1 {number}</title>", text)
            text = re.sub(r"<id>(\d+)</id>", rf"<id>{number}\g<1></id>", text)
            out.append(bz2.compress(text.encode()))
        return b"".join(out)


COPIES: list[Copies] = []  # the one, for the workers, which are forked


def copy_of(number: int) -> bytes:
    return COPIES[0].streams(number)


def make_copies(dump: Path, copies: int, out: Path) -> None:
    COPIES.append(Copies(dump))
    with open(out, "wb") as f, ProcessPoolExecutor() as pool:
        f.write(bz2.compress(COPIES[0].header.encode()))
        for content in pool.map(copy_of, range(1, copies + 1), chunksize=4):
            f.write(content)
        f.write(bz2.compress(b"</mediawiki>\n"))
    COPIES.clear()


def chain(args: argparse.Namespace, work: Path) -> str:
    dump = work / "large-pages-articles-multistream.xml.bz2"
    make_copies(args.dump, args.copies, dump)
    size = dump.stat().st_size
    command = ["bash", str(ROOT / "scripts/run_all.sh"), "--from", STAGES[0], "--to", STAGES[-1]]
    began: dict[str, float] = {}
    peaks: dict[str, int] = collections.defaultdict(int)
    process = subprocess.Popen(
        [*command, f"out={work / 'run'}", f"data.dump={dump}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed: list[str] = []

    def follow() -> None:
        assert process.stdout
        for line in process.stdout:
            printed.append(line)
            if line.startswith("== "):
                began[line.split()[1]] = time.monotonic()

    reader = threading.Thread(target=follow)
    reader.start()
    while process.poll() is None:
        if began:
            now = [*began][-1]
            peaks[now] = max(peaks[now], memory_of(process.pid))
        time.sleep(0.5)
    reader.join()
    if process.returncode:
        raise InputError(f"run_all.sh ended with status {process.returncode}: {''.join(printed[-20:]).strip()}")
    ends = [*began.values(), time.monotonic()]
    folders = ("data/extracted", "data/clean/filtered", "data/clean/deduped", "tokenizer", "data/tokens")
    lines = [
        f"{args.copies} copies of {args.dump.name} with other ids, titles and words: {size / 1e9:.2f} GB of bz2; wall "
        "time, start-up of each stage included; memory of all processes together, what they share counted once.",
        "",
        "| stage | seconds | peak memory, GB | out | on disk, GB |",
        "|---|--:|--:|--:|--:|",
    ]
    for k, (name, folder) in enumerate(zip(STAGES, folders)):
        out = work / "run" / folder
        disk = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        manifest = read_json(out / "manifest.json")
        made = ""
        if "out" in manifest["counts"]:
            made = f"{manifest['counts']['out']:,} articles"
        elif "tokens" in manifest:
            made = f"{manifest['tokens']['train']['tokens']:,} tokens"
        lines.append(f"| {name} | {ends[k + 1] - ends[k]:.0f} | {peaks[name] / 1e9:.2f} | {made} | {disk / 1e9:.2f} |")
    whole = ends[-1] - ends[0]
    lines.append(f"| together | {whole:.0f} | {max(peaks.values()) / 1e9:.2f} | | |")
    return "\n".join(lines)


def main() -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["workers", "memory", "chain"])
    parser.add_argument("--dump", type=Path, default=CORPUS / "dumps/enwiki-merged-multistream.xml.bz2")
    parser.add_argument("--copies", type=int, default=16)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--texts", type=Path, default=CORPUS / "text/enwiki2015-part-01.jsonl.xz")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="where the large files go")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="wikillm-scale-", dir=args.work))
    try:
        body = {"workers": workers, "memory": memory, "chain": chain}[args.what](args, work)
    finally:
        shutil.rmtree(work)
    heading = {
        "workers": "Extraction over workers",
        "memory": "Memory of clean and dedup",
        "chain": "From dump to tokens",
    }[args.what]
    report = f"{date.today()}, {processor()}, {os.cpu_count()} cores. `{this_command()}`\n\n{body}"
    print(report)
    put_section(RESULTS, heading, report)


if __name__ == "__main__":
    script_main(lambda: or_input_error(main))
