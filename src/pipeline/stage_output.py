"""JSONL shards between stages: manifests, and resuming after a crash.

A stage's output folder holds part-00000.jsonl ... and, once all of them are whole, manifest.json. While
the stage runs, `.progress/` keeps the counts of each finished shard, so that a rerun goes on after the
last one and the final manifest is the same as an undisturbed run's.

part-* are Wikipedia's articles. Other text (data.more) has shards of its own, more-0-00000.jsonl ... of the first
source: shards() gives the articles alone, other_shards() those of each source. The manifest's counts are the articles'
too; those of other text stand under `more`, by source.
"""

import hashlib
import os
import platform
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.code import changed, code_of
from pipeline.config import InputError
from pipeline.files import WHOLE_BYTES, content_hash, fingerprint, lock, read_json, write_bytes, write_json

ARTICLES, OTHER = "part-", "more-"  # how the names of shards begin


def shards(folder: Path, stage: str) -> list[Path]:
    """The shards of articles of a folder that `stage` (such as 'extract') has finished, in order.

    InputError names the shard that is missing, cut or altered since: all sizes are compared with the manifest, and up
    to 256 MB together their hashes too.
    """
    return _beginning(folder, _whole(folder, stage), ARTICLES)


def other_shards(folder: Path, stage: str, wanted: Iterable[str]) -> dict[str, list[Path]]:
    """{source: its shards, in order} of all the other text that `stage` has left in a folder.

    wanted: paths of sources as data.more has them; InputError names one that is not there, or a damaged shard.
    """
    manifest = _whole(folder, stage)
    sources = list(manifest.get("more", {}))
    if missing := [path for path in wanted if path not in sources]:
        raise InputError(
            f"{folder}: has no text of {missing[0]}, which data.more names; run python src/clean.py, "
            "then python src/dedup.py, with the same config"
        )
    return {path: _beginning(folder, manifest, of_source(number)) for number, path in enumerate(sources)}


def of_source(number: int) -> str:
    """How the names of the shards of a source begin; number: its place in data.more."""
    return f"{OTHER}{number}-"


def _whole(folder: Path, stage: str) -> dict:
    """The manifest of a folder whose files are as it has them."""
    manifest = read_manifest(folder, stage)
    if wrong := damaged(Path(folder), manifest):
        raise InputError(f"{wrong}; run python src/{stage}.py again: it makes it anew")
    return manifest


def _beginning(folder: Path, manifest: dict, beginning: str) -> list[Path]:
    return [Path(folder) / name for name in sorted(manifest["files"]) if name.startswith(beginning)]


def named_as_shards(folder: Path, ending: str = "") -> list[Path]:
    """The files in a folder that have the names of shards of either kind."""
    return sorted(path for beginning in (ARTICLES, OTHER) for path in folder.glob(f"{beginning}*{ending}"))


def damaged(folder: Path, manifest: dict) -> str:
    """What of a stage's files is not as its manifest has it, in words; '' when all is well."""
    files = manifest["files"]
    strays = {p.name for p in named_as_shards(folder, ".jsonl")} - set(files)
    if strays:
        return f"{folder / min(strays)}: is not in manifest.json beside it"
    hashed = sum(about["bytes"] for about in files.values()) <= WHOLE_BYTES
    for name, about in files.items():
        path = folder / name
        if not path.exists():
            return f"{path}: is missing, manifest.json beside it has it"
        if (size := path.stat().st_size) != about["bytes"]:
            return f"{path}: has {size:,} bytes, manifest.json beside it says {about['bytes']:,}"
        if hashed and content_hash(path) != about["sha256"]:
            return f"{path}: has other content than when it was made"
    return ""


def read_manifest(folder: Path, stage: str) -> dict:
    """What `stage` says of the folder that it has finished; InputError when it has not."""
    path = Path(folder) / "manifest.json"
    if not path.exists():
        state = "is not finished" if Path(folder).exists() else "is not there"
        raise InputError(f"{folder}: {state}; run python src/{stage}.py with the same config first")
    manifest = read_json(path)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict) or "output_sha256" not in manifest:
        raise InputError(f"{path}: is not a manifest of {stage} as it writes them now; run python src/{stage}.py again")
    return manifest


def own_manifest(path: Path, stage: str) -> dict | None:
    """What an earlier run of this stage left at `path`; InputError when it is another stage's."""
    if not path.exists():
        return None
    manifest = read_json(path)
    owner = manifest.get("stage") if isinstance(manifest, dict) else None
    if owner not in (stage, None):
        raise InputError(f"{path.parent}: holds what {owner} made; give {stage} a folder of its own in the config")
    return manifest if owner else None


def input_hash(path: Path) -> str:
    """Identity of an input: of a stage's folder its manifest's output hash, of a file its content_hash()."""
    path = Path(path)
    if path.is_dir():
        manifest = read_json(path / "manifest.json")
        if not isinstance(manifest, dict) or "output_sha256" not in manifest:
            raise InputError(f"{path / 'manifest.json'}: is not a manifest; make {path} anew")
        return manifest["output_sha256"]
    if not path.exists():
        raise InputError(f"{path}: not found")
    return content_hash(path, with_time=True)


def versions(*packages: str) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


class _Output:
    """What both kinds of output share: the key that says whether it is up to date, and the words for why it is not."""

    def __init__(self, stage: str, settings: dict, inputs: dict[str, str], packages: tuple[str, ...], again: bool):
        self.stage, self.settings, self.inputs, self.packages, self.again = stage, settings, inputs, packages, again
        self.code = code_of(stage)
        self.key = fingerprint(stage, settings, list(inputs.values()), self.code)
        self.up_to_date = False
        self.started = time.time()

    def _explain(self, before: dict | None) -> None:
        """Say what of the code has changed since the output that is there was made."""
        if before and before.get("code") and (edited := changed(before["code"], self.code)):
            more = f" and {len(edited) - 3} more" if len(edited) > 3 else ""
            print(f"{self.stage}: the code of {', '.join(edited[:3])}{more} has changed: made anew", flush=True)

    def _about(self) -> dict:
        return {
            "stage": self.stage,
            "key": self.key,
            "settings": self.settings,
            "inputs": self.inputs,
            "code": self.code,
        }


class SingleFiles(_Output):
    """The output of a stage that writes single files, with a manifest beside them.

        with SingleFiles(folder / "manifest.json", "train_tokenizer", settings, {"deduped": deduped}) as out:
            if out.up_to_date: return
            ... write the files ...
            out.finish([path], counts={"documents": 5})

    The manifest is removed before anything is written (begin()) and written last: with it all files are whole.
    """

    def __init__(
        self,
        manifest: Path,
        stage: str,
        settings: dict,
        inputs: Mapping[str, Path | str],
        packages: tuple[str, ...] = (),
        again: bool = False,
        left: Callable[[dict], str] = lambda manifest: "",
    ):
        """inputs: by name a file or a stage's folder, or a hash that is known already.

        left: what an output that is up to date still lacks, in words, such as articles whose answers failed.
        """
        hashes = {name: value if isinstance(value, str) else input_hash(value) for name, value in inputs.items()}
        super().__init__(stage, settings, hashes, packages, again)
        self.manifest, self.left = Path(manifest), left

    def __enter__(self) -> "SingleFiles":
        with ExitStack() as held:
            name = ".lock" if self.manifest.name == "manifest.json" else f".{self.manifest.stem}.lock"
            held.enter_context(lock(self.manifest.parent, name))
            before = own_manifest(self.manifest, self.stage)
            same = before is not None and before.get("key") == self.key and isinstance(before.get("files"), dict)
            if before and same and not self.again and not damaged(self.manifest.parent, before):
                lacks = self.left(before)
                self.up_to_date = not lacks
                print(f"{self.stage}: {self._shown(before)} is up to date{lacks and f' but for {lacks}'}", flush=True)
            elif not same:
                self._explain(before)
            self._held = held.pop_all()
        return self

    def __exit__(self, *exception) -> None:
        self._held.close()

    def _shown(self, manifest: dict) -> str:
        names = [str(self.manifest.parent / name) for name in manifest["files"]]
        return names[0] if names else str(self.manifest)

    def begin(self) -> None:
        """Nothing vouches for the old files from here on."""
        self.manifest.unlink(missing_ok=True)

    def finish(self, files: list[Path], counts: dict, **extra) -> dict:
        """Write the manifest of these files, which lie in its folder or below. -> the manifest"""
        about: dict[str, dict] = {
            os.path.relpath(path, self.manifest.parent): {"bytes": path.stat().st_size, "sha256": content_hash(path)}
            for path in files
        }
        manifest = {
            **self._about(),
            "output_sha256": fingerprint(*(file["sha256"] for file in about.values())),
            "files": about,
            "counts": counts,
            "bytes": sum(file["bytes"] for file in about.values()),
            "seconds": round(time.time() - self.started, 3),
            "versions": versions(*self.packages),
            **extra,
        }
        write_json(self.manifest, manifest)
        return manifest


class StageOutput(_Output):
    """The output folder of one run of a stage.

        with StageOutput(folder, "clean", cfg.clean.model_dump(), inputs=[extracted_dir]) as out:
            if out.up_to_date: return
            for name, ... in work not in out.done: out.write_shard(name, lines, counts)
            out.finish()

    The key is a hash of the stage's settings, its inputs and its code. A folder with another key is started anew: its
    old files are removed first, so that shards of two configs, or of two versions of the code, never mix. A folder that
    the stage did not make is left alone.
    """

    def __init__(
        self,
        folder: Path,
        stage: str,
        settings: dict,
        inputs: list[Path],
        packages: tuple[str, ...] = (),
        again: bool = False,
    ):
        super().__init__(stage, settings, {Path(p).name: input_hash(p) for p in inputs}, packages, again)
        self.folder = Path(folder)
        self.progress = self.folder / ".progress"
        self.done: dict[str, dict] = {}  # shard name -> what was recorded with it

    def __enter__(self) -> "StageOutput":
        with ExitStack() as held:
            held.enter_context(lock(self.folder))
            self._open()
            self._held = held.pop_all()
        return self

    def __exit__(self, *exception) -> None:
        self._held.close()

    def _open(self) -> None:
        path = self.folder / "manifest.json"
        before = read_json(path) if path.exists() else None
        before = before if isinstance(before, dict) else {}
        same = before.get("key") == self.key and isinstance(before.get("files"), dict)
        if same and not self.again and not (wrong := damaged(self.folder, before)):
            shutil.rmtree(self.progress, ignore_errors=True)  # of a run that was killed after its last step
            self.up_to_date = True
            print(f"{self.stage}: {self.folder} is up to date")
            return
        if same and not self.again:
            print(f"{self.stage}: {wrong}: made anew", flush=True)
        if self._begun() != [self.stage, self.key] or (self.again and before):
            self._explain(before or self._begun_with())
            self._clear()
        for stray in [*self.folder.glob(".*.tmp-*"), *self.progress.glob(".*.tmp-*")]:  # of a run killed while it wrote
            stray.unlink()
        for path in named_as_shards(self.progress, ".json"):
            record, shard = read_json(path), self.folder / f"{path.stem}.jsonl"
            if shard.exists() and shard.stat().st_size == record["bytes"]:
                self.done[path.stem] = record
        if self.done:
            print(f"{self.stage}: going on after {len(self.done)} finished shards")

    def _begun_with(self) -> dict:
        path = self.progress / "code"
        return {"code": read_json(path)} if path.exists() else {}

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
            if owner is None and not others:  # perhaps the stage's own, whose manifest was lost
                raise InputError(
                    f"{self.folder}: holds {name} and no manifest.json that says that {self.stage} made it; remove the "
                    "folder if it did and run this again, or give this stage a folder of its own in the config's data "
                    "section"
                )
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
        write_json(self.progress / "code", self.code)
        write_bytes(self.progress / "key", f"{self.stage} {self.key}".encode())

    def write_shard(self, name: str, content: bytes, counts: dict, seconds: float = 0.0) -> None:
        """Put one whole shard in place, then its counts; a crash between the two only redoes the shard.

        name: such as 'part-00003' or, of other text, 'more-0-00003'; content: its JSONL lines; counts: numbers, or
        {reason: number}, summed in the manifest (lists are joined).
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

    def counts(self, beginning: str = ARTICLES) -> dict:
        """The counts of the finished shards whose names begin so, summed."""
        return sum_counts(self.done[name]["counts"] for name in sorted(self.done) if name.startswith(beginning))

    def finish(self, extra: dict | None = None, more: Iterable[str] = ()) -> dict:
        """Sum the counts of all shards, write manifest.json, forget the progress. -> the manifest

        more: the sources of other text, in the order of their numbers.
        """
        sources = {path: self.counts(of_source(number)) for number, path in enumerate(more)}
        names = sorted(self.done)
        files = {f"{n}.jsonl": {"bytes": self.done[n]["bytes"], "sha256": self.done[n]["sha256"]} for n in names}
        manifest = {
            **self._about(),
            "output_sha256": fingerprint(*(about["sha256"] for about in files.values())),
            "shards": len(names),
            "files": files,
            "counts": self.counts(),
            **({"more": sources} if sources else {}),
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
