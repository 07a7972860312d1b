"""JSONL shards between stages: manifests, and resuming after a crash.

A stage's output folder holds part-00000.jsonl ... and, once all of them are whole, manifest.json. While
the stage runs, `.progress/` keeps the counts of each finished shard, so that a rerun goes on after the
last one and the final manifest is the same as an undisturbed run's.
"""

import hashlib
import os
import platform
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.config import InputError
from pipeline.files import fingerprint, lock, read_json, sha256_file, write_bytes, write_json


def shards(folder: Path, stage: str) -> list[Path]:
    """The shards of a folder that `stage` (such as 'extract') has finished, in order."""
    expected = read_manifest(folder, stage)["shards"]
    found = sorted(Path(folder).glob("part-*.jsonl"))
    if len(found) != expected:
        raise InputError(
            f"{folder}: has {len(found)} shards, its manifest.json says {expected}; "
            f"remove the folder and run python src/{stage}.py again"
        )
    return found


def read_manifest(folder: Path, stage: str) -> dict:
    path = Path(folder) / "manifest.json"
    if not path.exists():
        state = "is not finished" if Path(folder).exists() else "is not there"
        raise InputError(f"{folder}: {state}; run python src/{stage}.py with the same config first")
    return read_json(path)


def own_manifest(folder: Path, stage: str) -> dict | None:
    """What an earlier run of this stage left in the folder it writes to; InputError when it is another stage's."""
    path = Path(folder) / "manifest.json"
    if not path.exists():
        return None
    manifest = read_json(path)
    if manifest.get("stage") != stage:
        raise InputError(
            f"{folder}: holds what {manifest.get('stage')} made; give {stage} a folder of its own in the config"
        )
    return manifest


def input_hash(path: Path) -> str:
    """Identity of an input: of a stage's folder its manifest's output hash, of a small file its content;
    of a file over 256 MB, such as a dump, its size, first and last MB (reading 26 GB only to hash it takes minutes)."""
    path = Path(path)
    if path.is_dir():
        return read_json(path / "manifest.json")["output_sha256"]
    if not path.exists():
        raise InputError(f"{path}: not found")
    size = path.stat().st_size
    if size <= 256 << 20:
        return sha256_file(path)
    with open(path, "rb") as f:
        head = f.read(1 << 20)
        f.seek(-(1 << 20), os.SEEK_END)
        return hashlib.sha256(head + f.read() + str(size).encode()).hexdigest()


def versions(*packages: str) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


class StageOutput:
    """The output folder of one run of a stage.

        with StageOutput(folder, "clean", cfg.clean.model_dump(), inputs=[extracted_dir]) as out:
            if out.up_to_date: return
            for name, ... in work not in out.done: out.write_shard(name, lines, counts)
            out.finish()

    The key is a hash of the stage's settings and its inputs. A folder with another key is started anew: its
    old files are removed first, so that shards of two configs never mix. A folder that the stage did not make is
    left alone.
    """

    def __init__(self, folder: Path, stage: str, settings: dict, inputs: list[Path], packages: tuple[str, ...] = ()):
        self.folder, self.stage, self.settings, self.packages = Path(folder), stage, settings, packages
        self.inputs = {Path(path).name: input_hash(path) for path in inputs}
        self.key = fingerprint(stage, settings, list(self.inputs.values()))
        self.progress = self.folder / ".progress"
        self.done: dict[str, dict] = {}  # shard name -> what was recorded with it
        self.up_to_date = False
        self.started = time.time()

    def __enter__(self) -> "StageOutput":
        with ExitStack() as held:
            held.enter_context(lock(self.folder))
            self._open()
            self._held = held.pop_all()
        return self

    def __exit__(self, *exception) -> None:
        self._held.close()

    def _open(self) -> None:
        manifest = self.folder / "manifest.json"
        if manifest.exists() and read_json(manifest).get("key") == self.key and self._whole(read_json(manifest)):
            shutil.rmtree(self.progress, ignore_errors=True)  # of a run that was killed after its last step
            self.up_to_date = True
            print(f"{self.stage}: {self.folder} is up to date")
            return
        if self._begun() != [self.stage, self.key]:
            self._clear()
        for stray in [
            *self.folder.glob(".*.tmp-*"),
            *self.progress.glob(".*.tmp-*"),
        ]:  # of a run that was killed while it wrote
            stray.unlink()
        for path in sorted(self.progress.glob("*.json")):
            record, shard = read_json(path), self.folder / f"{path.stem}.jsonl"
            if shard.exists() and shard.stat().st_size == record["bytes"]:
                self.done[path.stem] = record
        if self.done:
            print(f"{self.stage}: going on after {len(self.done)} finished shards")

    def _whole(self, manifest: dict) -> bool:
        """Whether the shards that a manifest counts are still there."""
        sizes = [path.stat().st_size for path in self.folder.glob("part-*.jsonl")]
        return len(sizes) == manifest["shards"] and sum(sizes) == manifest["bytes"]

    def _begun(self) -> list[str]:
        """-> [stage, key] of the run whose progress lies here."""
        path = self.progress / "key"
        return path.read_text().split() if path.exists() else []

    def _clear(self) -> None:
        """Empty the folder, if everything in it is this stage's own; killed meanwhile, the next run does so again."""
        manifest, begun = self.folder / "manifest.json", self._begun()
        found = [p for p in self.folder.iterdir() if p.name not in (".lock", self.progress.name)]
        owner = read_json(manifest).get("stage") if manifest.exists() else begun[0] if begun else None
        others = [p for p in self.folder.rglob("manifest.json") if p != manifest]
        if found and (owner != self.stage or others):
            name = (others or found)[0].relative_to(self.folder)
            raise InputError(
                f"{self.folder}: holds {name}, which {self.stage} did not make and would remove; "
                "give this stage a folder of its own in the config's data section"
            )
        write_bytes(self.progress / "key", f"{self.stage} clearing".encode())
        for path in [*found, *self.progress.iterdir()]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != "key":
                path.unlink()
        write_bytes(self.progress / "key", f"{self.stage} {self.key}".encode())

    def write_shard(self, name: str, content: bytes, counts: dict, seconds: float = 0.0) -> None:
        """Put one whole shard in place, then its counts; a crash between the two only redoes the shard.

        name: such as 'part-00003'; content: its JSONL lines; counts: numbers, or {reason: number}, summed in the
        manifest (lists are joined).
        """
        write_bytes(self.folder / f"{name}.jsonl", content)
        record = {
            "counts": counts,
            "bytes": len(content),
            "seconds": seconds,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        write_json(self.progress / f"{name}.json", record)
        self.done[name] = record

    def finish(self, extra: dict | None = None) -> dict:
        """Sum the counts of all shards, write manifest.json, forget the progress. -> the manifest"""
        names = sorted(self.done)
        manifest = {
            "stage": self.stage,
            "key": self.key,
            "settings": self.settings,
            "inputs": self.inputs,
            "output_sha256": fingerprint(*[self.done[n]["sha256"] for n in names], self.key),
            "shards": len(names),
            "counts": sum_counts(self.done[n]["counts"] for n in names),
            "bytes": sum(self.done[n]["bytes"] for n in names),
            "seconds": round(sum(self.done[n]["seconds"] for n in names) or time.time() - self.started, 3),
            "versions": versions(*self.packages),
            **(extra or {}),
        }
        write_json(self.folder / "manifest.json", manifest)
        shutil.rmtree(self.progress, ignore_errors=True)
        return manifest


def sum_counts(parts: Iterable[dict]) -> dict:
    """Add up nested counts key by key: numbers are summed, lists joined, dicts merged the same way."""
    total: dict = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, dict):
                total[key] = sum_counts([total.get(key, {}), value])
            elif isinstance(value, list):
                total[key] = total.get(key, []) + value
            else:
                total[key] = total.get(key, 0) + value
    return total


def top(counts: dict[str, int], n: int) -> dict[str, int]:
    """The n most frequent, ties by name."""
    return dict(sorted(Counter(counts).items(), key=lambda item: (-item[1], item[0]))[:n])
