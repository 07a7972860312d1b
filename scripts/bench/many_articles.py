"""Make many articles of a few, to measure a stage at a size that no corpus at hand has: deduped -> a deduped folder

    python scripts/bench/many_articles.py --source data/clean/deduped --target runs/many/data/clean/deduped

Each article is cut at paragraphs into articles of about 2,800 characters, the mean of English Wikipedia. When all are
used, they come again with other names: every capitalised word gets an ending of that round's, so that the vocabulary
grows as that of new articles would.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

from pipeline.cli import or_input_error
from pipeline.ending import Parser, script_main
from pipeline.files import dump_line, read_jsonl
from pipeline.stage_output import StageOutput, shards

LENGTH = 2800  # characters
SHARD = 10_000  # articles
ENDINGS = ("", "ar", "en", "is", "ova", "um")
NAME = re.compile(r"\b[A-Z][a-z]{3,}\b")


def cut(record: dict) -> Iterator[dict]:
    """The article as several, each named after it and its first words."""
    part: list[str] = []
    size = 0
    for paragraph in [*re.split(r"\n\n+", record["text"]), ""]:
        if part and (size >= LENGTH or not paragraph):
            text = "\n\n".join(part)
            first = " ".join(re.findall(r"\w+", text)[:4])
            yield {**record, "title": f"{record['title']}: {first}", "text": text}
            part, size = [], 0
        part.append(paragraph)
        size += len(paragraph)


def many(source: Path, count: int) -> Iterator[dict]:
    number = 0
    for ending in ENDINGS:
        for path in shards(source, "dedup"):
            for record in read_jsonl(path):
                for article in cut(record):
                    number += 1
                    if number > count:
                        return
                    named = {key: NAME.sub(rf"\g<0>{ending}", article[key]) for key in ("title", "text")}
                    yield {"id": number, "url": article["url"], **named}


def main() -> None:
    parser = Parser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, required=True, help="a folder that dedup.py made")
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--articles", type=int, default=200_000)
    args = parser.parse_args()
    with StageOutput(args.target, "dedup", {"articles": args.articles}, [args.source]) as out:
        lot: list[dict] = []

        def write() -> None:
            content = b"".join(map(dump_line, lot))
            out.write_shard(f"part-{len(out.done):05}", content, {"in": len(lot), "out": len(lot)})
            lot.clear()

        for article in many(args.source, args.articles):
            lot.append(article)
            if len(lot) == SHARD:
                write()
        if lot:
            write()
        manifest = out.finish()
    print(f"{manifest['counts']['out']:,} articles, {manifest['bytes'] / 1e6:,.0f} MB -> {args.target}")


if __name__ == "__main__":
    script_main(lambda: or_input_error(main))
