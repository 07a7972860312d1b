"""Other text than Wikipedia's articles, as data.more names it: JSONL or parquet files with a `text` in every row, as
FineWeb-Edu and most corpora on Hugging Face have them. Read row by row: a source may be larger than disk space allows
to copy."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config import InputError, Source, resolve
from pipeline.files import WHOLE_BYTES, content_hash, fingerprint, numbered_jsonl
from pipeline.stage_output import other_shards

KINDS = (".jsonl", ".parquet")
ROWS = 1000  # of a parquet file in memory at once
IDS_A_SOURCE = 10**12  # between the ids of one source's documents and those of the next


class OtherText(NamedTuple):
    """A source of data.more."""

    number: int  # its place there
    path: str  # as the config has it
    share: float  # of all tokens
    files: list[Path]


def sources(more: Iterable[Source]) -> list[OtherText]:
    """InputError when one has no files."""
    return [OtherText(number, one.path, one.share, files_of(one.path)) for number, one in enumerate(more)]


def shares(deduped: Path, more: Iterable[Source]) -> dict[str, tuple[list[Path], float]]:
    """{source: (the shards that dedup.py has left of it, its share of all tokens)}; InputError where there are none."""
    if not (wanted := {one.path: one.share for one in more}):
        return {}
    of_source = other_shards(deduped, "dedup", wanted)
    return {path: (of_source[path], share) for path, share in wanted.items()}


def files_of(path: str) -> list[Path]:
    """The file, or all JSONL and parquet files in the folder and below, in the order of their names; InputError when
    there is none."""
    place = resolve(path)
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.suffix in KINDS)
    else:
        files = [place] if place.exists() and place.suffix in KINDS else []
    if not files:
        raise InputError(f"{place}: no .jsonl or .parquet file there; give data.more a file or a folder of them")
    return files


def identity(source: OtherText) -> str:
    """A hash of its files' content; from 256 MB on, of which a run may need a small part, of names, sizes and times of
    change."""
    about = [(file.relative_to(resolve(source.path)).as_posix(), file.stat()) for file in source.files]
    if sum(stat.st_size for _, stat in about) <= WHOLE_BYTES:
        return fingerprint(*(content_hash(file) for file in source.files))
    return fingerprint(*((name, stat.st_size, stat.st_mtime_ns) for name, stat in about))


def documents(source: OtherText) -> Iterator[dict]:
    """Its rows as records with an id, a title ("" where there is none), the text, and the source's path. InputError
    names file and row of what has no text.

    The ids are negative, so that no article has them: -(number x IDS_A_SOURCE + row), rows counted through all files.
    """
    number = source.number * IDS_A_SOURCE
    for file in source.files:
        for row, record in rows(file):
            if not isinstance(record.get("text"), str):
                raise InputError(f"{file}:{row}: has no text; every row needs a column `text`")
            number += 1
            title = str(record.get("title") or "")
            yield {"id": -number, "title": title, "source": source.path, "text": record["text"]}


def rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """-> (number, record): of a JSONL file its lines, of a parquet file its rows, both from 1 on."""
    return numbered_jsonl(file) if file.suffix == ".jsonl" else _parquet(file)


def _parquet(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise InputError(f"{file}: parquet files need the package: pip install pyarrow") from None
    row = 0
    try:
        with parquet.ParquetFile(file) as table:
            columns = [name for name in ("title", "text") if name in table.schema_arrow.names]
            if "text" not in columns:
                there = ", ".join(table.schema_arrow.names)
                raise InputError(f"{file}: has no column `text`, but {there}; every row needs one")
            for batch in table.iter_batches(batch_size=ROWS, columns=columns):
                for record in batch.to_pylist():
                    row += 1
                    yield row, record
    except (ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"{file}: cannot be read after row {row:,} ({reason}); fetch it again") from None
