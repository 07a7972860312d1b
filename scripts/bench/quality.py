"""How good the text is and how well duplicates are found, by measures that are not ours.

    python scripts/bench/quality.py
    python scripts/bench/quality.py --tools ../shared/tools --dumps dump.xml.bz2 --texts articles.jsonl

Extracts each dump with both backends and has extract_quality.py compare the text with the wikitext; plants near copies
of known similarity among real articles, lets dedup.py find them and has dedup_recall.py count. Prints tables and writes
them to scripts/bench/RESULTS.md. Both tools lie beside the maintainers' corpus; --tools names their folder.
"""

import argparse
import itertools
import json
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

from data import CORPUS, RESULTS, as_filtered, put_section, read_texts, this_command
from load_file import load_file
from pipeline.cli import or_input_error
from pipeline.config import ROOT, InputError
from pipeline.ending import Parser, script_main
from pipeline.files import dump_line, read_jsonl

NO_GAPS, NO_SOUNDS = "holes /10k, a formula counted as a word", "alien words /10k words, pronunciations left out"
METRICS = {  # of the tool, and two of told_apart(): what is aimed at
    "prose recall strict %": ">= 99.8",
    "list-item recall %": ">= 99.5",
    "headings marked %": ">= 99.5",
    "template-value recall %": ">= 97",
    "leftover markup /10k": "<= 0.05",
    "articles with leftovers %": "<= 1.5",
    "holes /10k": "<= 0.4",
    "alien/merged words /10k words": "<= 1.5",
    NO_GAPS: "",
    NO_SOUNDS: "",
}
BACKENDS = ("native", "wikiextractor")
SOUNDS = set("ˈˌɪæɑɒʊəɛɔʃʒθðŋɡːɨʌɜɹ")


def run(*command) -> str:
    ran = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    if ran.returncode:
        raise InputError(f"{command[0]} ended with status {ran.returncode}: {ran.stderr.strip()}")
    return ran.stdout


def extraction(args, work: Path) -> str:
    columns = {}
    for dump, backend in itertools.product(args.dumps, BACKENDS):
        out = work / f"{dump.name}-{backend}"
        run(
            ROOT / "src/extract.py",
            f"data.dump={dump.resolve()}",
            f"data.extracted_dir={out}",
            f"extract.backend={backend}",
        )
        text = work / "text.jsonl"
        text.write_bytes(b"".join(path.read_bytes() for path in sorted(out.glob("part-*.jsonl"))))
        run(args.tools / "extract_quality.py", dump, text, "--json", work / "quality.json")
        (column,) = json.loads((work / "quality.json").read_text()).values()
        columns[f"{dump.name.split('.')[0]}, {backend}"] = column | told_apart(args.tools, dump, text)
    lines = ["| measure | aim | " + " | ".join(columns) + " |", "|---|---|" + "--:|" * len(columns)]
    lines += [
        f"| {metric} | {aim} | " + " | ".join(f"{column[metric]:.2f}" for column in columns.values()) + " |"
        for metric, aim in METRICS.items()
    ]
    return "\n".join(lines)


def told_apart(tools: Path, dump: Path, text: Path) -> dict[str, float]:
    """Two of the tool's counts again. It takes $formulas$ out, and whatever else stands between two dollar signs, which
    leaves two spaces where there was one: a hole to it. And it knows no /ˈsaʊndz/ that {{IPAc-en}} is given one by
    one."""
    tool = load_file("extract_quality", tools / "extract_quality.py")
    source = {number: wikitext for number, _, wikitext in tool.articles(str(dump))}
    holes = characters = aliens = words = 0
    for record in read_jsonl(text):
        said = tool.WORD.findall(tool.MASK.sub(" ", record["text"]))
        known = tool.vocab(source[str(record["id"])]) | tool.OK_NEW
        aliens += sum(word.lower() not in known and SOUNDS.isdisjoint(word) for word in said)
        words += len(said)
        holes += sum(len(pattern.findall(tool.MASK.sub("x", record["text"]))) for _, pattern in tool.HOLE)
        characters += len(record["text"])
    return {NO_GAPS: 1e4 * holes / characters, NO_SOUNDS: 1e4 * aliens / words}


def duplicates(args, work: Path) -> str:
    base, planted, truth = work / "base.jsonl", work / "planted.jsonl", work / "truth.tsv"
    base.write_bytes(
        b"".join(
            dump_line({**record, "id": number})
            for number, record in enumerate(itertools.islice(read_texts(args.texts), args.articles))
        )
    )
    run(args.tools / "dedup_recall.py", "plant", base, planted, truth)
    as_filtered(work / "filtered", planted.read_bytes())
    run(ROOT / "src/dedup.py", f"data.filtered_dir={work / 'filtered'}", f"data.deduped_dir={work / 'deduped'}")
    score = run(
        args.tools / "dedup_recall.py", "score", truth, planted, *sorted((work / "deduped").glob("part-*.jsonl"))
    )
    levels = re.findall(r"(\d\.\d\d): (\d\.\d+)", score)
    least = min(r["jaccard"] for r in read_jsonl(work / "deduped/removed.jsonl"))
    return "\n".join(
        [
            f"{args.articles:,} articles of {args.texts.name} and near copies of them. Pairs found, by their true "
            "Jaccard similarity; "
            "removals are verified from 0.80 up:",
            "",
            "| Jaccard | " + " | ".join(level for level, _ in levels) + " |",
            "|---|" + "--:|" * len(levels),
            "| found | " + " | ".join(f"{float(share):.1%}" for _, share in levels) + " |",
            "",
            f"Least similarity of anything removed: {least:.4f}. {score.splitlines()[-1].capitalize()} (the articles' "
            "own duplicates).",
        ]
    )


def main() -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=Path, default=CORPUS.parent / "tools")
    parser.add_argument(
        "--dumps",
        type=Path,
        nargs="+",
        default=[
            CORPUS / f"dumps/{name}.xml.bz2"
            for name in ("enwiki-merged-multistream", "enwiki-20160501-excerpt-singlestream")
        ],
    )
    parser.add_argument("--texts", type=Path, default=CORPUS / "text/enwiki2015-part-02.jsonl.xz")
    parser.add_argument("--articles", type=int, default=4000)
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="wikillm-quality-"))
    try:
        for heading, measure in (("Quality of extraction", extraction), ("Recall of dedup", duplicates)):
            report = f"{date.today()}. `{this_command()}`\n\n{measure(args, work)}"
            print(report + "\n")
            put_section(RESULTS, heading, report)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    script_main(lambda: or_input_error(main))
