"""Files that are whole or not there: atomic writes, JSON and JSONL, hashes, and a lock on a folder."""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from pipeline.config import InputError
from pipeline.ending import FULL

WHOLE_BYTES = 256 << 20  # up to which a file is hashed whole: a fifth of a second
BLOCKS, BLOCK_BYTES = 256, 128 << 10  # of a larger file: 32 MB of it


@contextmanager
def atomic_file(path: Path, mode: str = "wb"):
    """A file that appears under `path` only when the block ends well: written beside, flushed, renamed."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, mode) as f:
            yield f
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        if error.filename not in (None, str(temporary), str(path.parent)):
            raise  # another file's, in the block
        advice = "free some disk and run again" if error.errno in FULL else "see to its folder and run again"
        raise InputError(f"{path}: cannot write ({reason(error)}); {advice}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """So that the new name outlives a power cut, and no later one comes to disk before it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems cannot; the file itself is on disk
    finally:
        os.close(handle)


def reason(error: OSError) -> str:
    """The system's word for an error; libraries raise some that carry none."""
    return error.strerror or str(error) or type(error).__name__


def write_bytes(path: Path, content: bytes) -> None:
    with atomic_file(path) as f:
        f.write(content)


def write_json(path: Path, value) -> None:
    write_bytes(path, orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")


def read_json(path: Path):
    try:
        return orjson.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read ({reason(error)})") from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path}: not valid JSON ({error})") from None


def dump_line(record: dict) -> bytes:
    return orjson.dumps(record) + b"\n"


def read_jsonl(path: Path) -> Iterator[dict]:
    """The records of a JSONL file; InputError names the file and line that cannot be read."""
    for _, record in numbered_jsonl(path):
        yield record


def numbered_jsonl(path: Path) -> Iterator[tuple[int, dict]]:
    """The same with the number of each record's line, from 1 on."""
    try:
        with open(path, "rb") as f:
            for number, line in enumerate(f, 1):
                if line.strip():
                    try:
                        record = orjson.loads(line)
                    except orjson.JSONDecodeError as error:
                        raise InputError(f"{path}:{number}: not valid JSON ({error})") from None
                    if not isinstance(record, dict):
                        raise InputError(f"{path}:{number}: expected a JSON object in every line")
                    yield number, record
    except OSError as error:
        raise InputError(f"{path}: cannot read ({reason(error)})") from None


def write_jsonl(path: Path, records: Iterable[dict]) -> int:
    """Write all records or, when something fails, nothing. -> how many"""
    count = 0
    with atomic_file(path) as f:
        for record in records:
            f.write(dump_line(record))
            count += 1
    return count


def sha256_file(path: Path) -> str:
    with open(path, "rb") as f:
        digest = hashlib.sha256()
        while chunk := f.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def fingerprint(*values) -> str:
    """A short hash of plain values: what a stage's output depends on."""
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


@contextmanager
def lock(folder: Path, name: str = ".lock"):
    """Hold `folder` for this process; a second run on it is told so. The lock goes with the process.

    name: of the lock's file, where several stages write into one folder.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = open(folder / name, "w")
    except OSError as error:
        if folder.is_symlink() and not folder.exists():
            raise InputError(f"{folder}: a link to {os.readlink(folder)}, which is not there") from error
        raise InputError(
            f"{folder}: cannot write ({reason(error)}); give another folder, such as out=runs/mine"
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: another run is writing here; wait for it or stop it") from None
        except OSError as error:
            raise InputError(f"{folder}: cannot be locked ({reason(error)}); use a folder on a local disk") from error
        yield


def content_hash(path: Path, with_time: bool = False) -> str:
    """Identity of a file: sha256 of its bytes up to 256 MB; of a larger one, such as a dump (reading 26 GB only to hash
    it takes minutes), of its size, every n-th block, and where asked its time of change, which a repair in the middle
    moves."""
    size = path.stat().st_size
    if size <= WHOLE_BYTES:
        return sha256_file(path)
    step = max(BLOCK_BYTES, size // BLOCKS)
    digest = hashlib.sha256(f"{size} {path.stat().st_mtime_ns if with_time else ''}".encode())
    with open(path, "rb") as f:
        for at in [*range(0, size - BLOCK_BYTES, step), size - BLOCK_BYTES]:
            f.seek(at)
            digest.update(f.read(BLOCK_BYTES))
    return digest.hexdigest()
