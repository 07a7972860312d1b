"""Other text than Wikipedia's articles, for data.more: JSONL or parquet files with a `text` in every row, as
FineWeb-Edu and most corpora on Hugging Face have them. Read row by row: a source may be larger than disk space allows
to copy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpt.tokens import document
from pipeline.config import InputError, resolve
from pipeline.files import numbered_jsonl

KINDS = (".jsonl", ".parquet")
ROWS = 1000  # of a parquet file in memory at once


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


def texts(files: list[Path]) -> Iterator[str]:
    """The documents as the model reads them, the title before them where there is one; rows of blanks are left out.
    InputError names file and row of what has no text."""
    for file in files:
        for row, record in rows(file):
            if not isinstance(record.get("text"), str):
                raise InputError(f"{file}:{row}: has no text; every row needs a column `text`")
            if record["text"].strip():
                yield document(record) if record.get("title") else record["text"]


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
