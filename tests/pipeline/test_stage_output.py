"""Shards, atomic writes, manifests and resuming: what stands on disk after every kind of bad end."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipeline import files, stage_output
from pipeline.config import ROOT, InputError
from pipeline.files import atomic_file, dump_line, lock, read_json, read_jsonl, write_bytes, write_jsonl
from pipeline.stage_output import (
    SingleFiles,
    StageOutput,
    input_hash,
    other_shards,
    read_manifest,
    shards,
    sum_counts,
    top,
)


def run(code, *arguments, **options):
    """Python code in a process of its own, with src/ on its path."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        **options,
    )


def stage(folder, n=4, settings=None, stop_after=None, inputs=()):
    """A small stage: n shards of two lines each, a count by reason."""
    with StageOutput(folder, "clean", settings or {}, list(inputs)) as out:
        if out.up_to_date:
            return "up to date"
        made = 0
        for i in range(n):
            name = f"part-{i:05d}"
            if name in out.done:
                continue
            if made == stop_after:
                return "stopped"
            out.write_shard(
                name,
                b"".join(dump_line({"id": 2 * i + j}) for j in range(2)),
                {"in": 3, "dropped": {"short": i}, "names": [i]},
            )
            made += 1
        out.finish({"extra": 1})
        return "finished"


def content(folder):
    return {p.name: p.read_bytes() for p in sorted(Path(folder).iterdir()) if p.is_file() and p.name != "manifest.json"}


# atomic files


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_bytes(path, b"one")
    with pytest.raises(ZeroDivisionError):
        with atomic_file(path) as f:
            f.write(b"half")
            raise ZeroDivisionError
    assert path.read_bytes() == b"one" and [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_reader_of_the_old_file_is_not_disturbed(tmp_path):
    write_bytes(tmp_path / "a", b"old")
    with open(tmp_path / "a", "rb") as reader:
        write_bytes(tmp_path / "a", b"new!")
        assert reader.read() == b"old"
    assert (tmp_path / "a").read_bytes() == b"new!"


def test_an_error_of_another_file_in_the_block_is_not_called_a_full_disk(tmp_path):
    with pytest.raises(FileNotFoundError):
        with atomic_file(tmp_path / "a.txt"):
            open(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_clear_line_and_leaves_the_old_file(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"old")
    process = run(
        """
        import resource, signal, sys
        from pipeline.files import write_bytes
        from pipeline.config import InputError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_bytes(sys.argv[1], b"x" * 5000)
        except InputError as error:
            print(error)
        """,
        tmp_path / "a.bin",
    )
    out, err = process.communicate(timeout=120)
    assert "a.bin: cannot write (File too large); free some disk and run again" in out, err
    assert content(tmp_path) == {"a.bin": b"old"}


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_a_full_tmpfs_stops_a_stage_and_with_room_it_goes_on(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("this machine does not allow mounts")
    try:

        def fill():
            with StageOutput(small / "out", "clean", {}, []) as out:
                for i in range(8):
                    if f"part-{i:05d}" not in out.done:
                        out.write_shard(f"part-{i:05d}", b"x" * 40_000 + b"\n", {"in": 1})
                return out.finish()["counts"]

        with pytest.raises(InputError, match="No space left on device.*free some disk"):
            fill()
        whole = content(small / "out")
        assert 3 <= len([n for n in whole if n.startswith("part-")]) < 8 and not [n for n in whole if ".tmp-" in n]
        subprocess.run(["mount", "-o", "remount,size=4m", small], check=True)
        assert fill() == {"in": 8}
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_bytes(tmp_path / "file" / "a.txt", b"")
    with pytest.raises(InputError, match="cannot write"):
        with lock(tmp_path / "file"):
            pass


def test_sigkill_in_the_middle_of_writing_leaves_no_half_shard(tmp_path):
    """Kills a writer of 5 MB shards at many moments: every shard under its name is whole, every record has its
    shard.
    """
    code = """
        import sys
        from pipeline.stage_output import StageOutput
        with StageOutput(sys.argv[1], "clean", {}, []) as out:
            print("begun", flush=True)
            for i in range(1000):
                if f"part-{i:05d}" not in out.done:
                    out.write_shard(f"part-{i:05d}", bytes([i % 251]) * 5_000_000, {"in": 1})
        """
    for delay in (0.0, 0.01, 0.03, 0.05, 0.08):
        process = run(code, tmp_path)
        for line in process.stdout:
            if line == "begun\n":
                break
        while delay == 0.08 and not list((tmp_path / ".progress").glob("part-*.json")):  # on a slow disk
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        time.sleep(delay)
        process.kill()
        process.communicate()
        for path in tmp_path.glob("part-*"):
            assert path.read_bytes() == bytes([int(path.stem[5:]) % 251]) * 5_000_000
        for record in (tmp_path / ".progress").glob("*.json"):
            assert (tmp_path / f"{record.stem}.jsonl").exists()
    assert len(list(tmp_path.glob("part-*"))) > 0
    with StageOutput(tmp_path, "clean", {}, []) as out:
        assert list(out.done) == [p.stem for p in sorted(tmp_path.glob("part-*"))][: len(out.done)] and out.done
        assert not list(tmp_path.glob(".*.tmp-*"))


# the stage's folder


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(tmp_path, capsys):
    assert stage(tmp_path / "a") == "finished"
    assert stage(tmp_path / "b", stop_after=1) == "stopped"
    with pytest.raises(InputError, match="not finished.*src/clean.py"):
        shards(tmp_path / "b", "clean")
    assert stage(tmp_path / "b", stop_after=2) == "stopped"
    assert stage(tmp_path / "b") == "finished"
    assert "going on after 3 finished shards" in capsys.readouterr().out
    assert content(tmp_path / "a") == content(tmp_path / "b")
    a, b = (read_manifest(tmp_path / name, "clean") for name in "ab")
    assert a["counts"] == b["counts"] == {"in": 12, "dropped": {"short": 6}, "names": [0, 1, 2, 3]}
    assert a["output_sha256"] == b["output_sha256"] and a["shards"] == 4 and a["extra"] == 1
    assert a["bytes"] == sum(len(v) for k, v in content(tmp_path / "a").items() if k.startswith("part"))


def test_up_to_date_until_settings_or_input_change(tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("1")
    assert stage(tmp_path / "out", inputs=[source]) == "finished"
    assert stage(tmp_path / "out", inputs=[source]) == "up to date"
    assert stage(tmp_path / "out", inputs=[source], settings={"min": 1}) == "finished"
    source.write_text("2")
    assert stage(tmp_path / "out", inputs=[source], settings={"min": 1}) == "finished"


def test_shards_of_two_configs_never_mix(tmp_path):
    stage(tmp_path, n=6, settings={"a": 1})
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/x.jsonl").write_text("")
    stage(tmp_path, n=6, settings={"a": 2}, stop_after=2)
    assert [n for n in content(tmp_path) if n.startswith("part")] == ["part-00000.jsonl", "part-00001.jsonl"]
    assert not (tmp_path / "samples").exists() and not (tmp_path / "manifest.json").exists()
    assert stage(tmp_path, n=3, settings={"a": 1}) == "finished"
    assert len(shards(tmp_path, "clean")) == 3


NAMES = ["part-00000", "part-00001", "more-0-00000", "more-0-00001", "more-1-00000", "more-10-00000"]


def two_kinds(folder, stop_behind=None, sources=("web", "books")):
    """Shards of articles and of other text, of eleven sources: most of them with none."""
    more = [*sources, *(f"source {k}" for k in range(2, 11))]
    with StageOutput(folder, "clean", {"sources": more}, []) as out:
        for number, name in enumerate(NAMES):
            if name not in out.done:
                out.write_shard(name, b"%d\n" % number, {"in": 10**number})
            if name == stop_behind:
                return None
        return out.finish(more=more)


def test_other_text_has_shards_and_counts_of_its_own(tmp_path):
    manifest = two_kinds(tmp_path)
    assert [path.stem for path in shards(tmp_path, "clean")] == ["part-00000", "part-00001"]
    found = other_shards(tmp_path, "clean", ["books"])
    assert [path.stem for path in found["web"]] == ["more-0-00000", "more-0-00001"]
    assert [path.stem for path in found["books"]] == ["more-1-00000"]
    assert [path.stem for path in found["source 10"]] == ["more-10-00000"] and found["source 2"] == []
    assert manifest["counts"] == {"in": 11} and manifest["more"]["web"] == {"in": 1100}
    assert manifest["more"]["books"] == {"in": 10_000} and manifest["more"]["source 10"] == {"in": 100_000}
    with pytest.raises(InputError, match="has no text of elsewhere, which data.more names; run python src/clean"):
        other_shards(tmp_path, "clean", ["web", "elsewhere"])
    stage(tmp_path / "alone")
    assert "more" not in read_manifest(tmp_path / "alone", "clean")
    assert other_shards(tmp_path / "alone", "clean", []) == {}


@pytest.mark.parametrize("last", NAMES)
def test_shards_of_other_text_are_gone_on_from_and_looked_after_as_the_others_are(tmp_path, capsys, last):
    whole = two_kinds(tmp_path / "whole")
    assert two_kinds(tmp_path / "out", stop_behind=last) is None
    assert two_kinds(tmp_path / "out")["output_sha256"] == whole["output_sha256"]
    assert f"going on after {NAMES.index(last) + 1} finished shards" in capsys.readouterr().out
    (tmp_path / f"out/{last}.jsonl").write_text("9\n")  # of the same size
    for read in (shards, lambda folder, stage: other_shards(folder, stage, [])):
        with pytest.raises(InputError, match=f"{last}.jsonl: has other content than when it was made"):
            read(tmp_path / "out", "clean")
    stray = tmp_path / f"whole/{last[:-1]}9.jsonl"
    stray.write_text("")
    with pytest.raises(InputError, match=f"{stray.name}: is not in manifest.json"):
        shards(tmp_path / "whole", "clean")
    two_kinds(tmp_path / "whole", sources=("books", "web"))
    assert not stray.exists(), "another run's are removed"


def test_a_stage_empties_no_folder_that_it_did_not_make(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds thesis.txt and no manifest.json that says that clean made it"):
        stage(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    stage(tmp_path / "data/deduped")
    with pytest.raises(InputError, match="deduped"):
        stage(tmp_path / "data")
    stage(tmp_path / "x")
    (tmp_path / "x/manifest.json").write_text('{"stage": "dedup", "key": "1", "shards": 4, "bytes": 1}')
    with pytest.raises(InputError, match="a folder of its own"):
        stage(tmp_path / "x")
    stage(tmp_path / "y")
    stage(tmp_path / "y/inside")
    with pytest.raises(InputError, match="inside/manifest.json"):
        stage(tmp_path / "y", settings={"a": 1})
    assert len(shards(tmp_path / "y/inside", "clean")) == 4


@pytest.mark.parametrize("survivors", range(1, 12))
def test_killed_while_it_empties_the_folder_the_next_run_starts_clean(tmp_path, monkeypatch, survivors):
    stage(tmp_path, n=5, settings={"a": 1})
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/x.jsonl").write_text("")
    left = [survivors]

    def counted(original):
        def step(*arguments, **named):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return original(*arguments, **named)

        return step

    monkeypatch.setattr(stage_output, "write_bytes", counted(stage_output.write_bytes))
    monkeypatch.setattr(stage_output.shutil, "rmtree", counted(stage_output.shutil.rmtree))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))
    with pytest.raises(KeyboardInterrupt):
        stage(tmp_path, n=2, settings={"a": 2})
    monkeypatch.undo()
    assert stage(tmp_path, n=2, settings={"a": 2}) == "finished"
    assert [p.name for p in sorted(tmp_path.iterdir())] == [
        ".lock",
        "manifest.json",
        "part-00000.jsonl",
        "part-00001.jsonl",
    ]


def test_killed_in_the_very_first_write_the_next_run_starts(tmp_path):
    (tmp_path / ".progress").mkdir()
    (tmp_path / ".progress/.key.tmp-1").write_text("cle")
    assert stage(tmp_path) == "finished"


def test_shards_that_went_missing_are_made_again_or_named(tmp_path):
    stage(tmp_path)
    before = content(tmp_path)
    (tmp_path / "part-00002.jsonl").unlink()
    with pytest.raises(InputError, match=r"part-00002.jsonl: is missing.*clean.py again"):
        shards(tmp_path, "clean")
    assert stage(tmp_path) == "finished" and content(tmp_path) == before
    stage(tmp_path / "b", stop_after=3)
    (tmp_path / "b/part-00001.jsonl").write_bytes(b"torn")
    assert stage(tmp_path / "b") == "finished"
    assert content(tmp_path / "b") == before


def test_two_runs_on_one_folder(tmp_path):
    process = run(
        """
        import sys, time
        from pipeline.files import lock
        with lock(sys.argv[1]):
            print("held", flush=True)
            time.sleep(60)
        """,
        tmp_path,
    )
    assert process.stdout.readline() == "held\n"
    with pytest.raises(InputError, match="another run is writing here"):
        stage(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert stage(tmp_path) == "finished"  # the lock went with its holder


def test_a_lost_manifest_is_named_and_what_helps_helps(tmp_path):
    folder = tmp_path / "deduped"
    assert stage(folder) == "finished"
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match="no manifest.json that says that clean made it; remove the folder if it did"):
        stage(folder)
    shutil.rmtree(folder)
    assert stage(folder) == "finished"


def test_the_lock_is_released_when_opening_fails(tmp_path):
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(InputError, match="holds mine.txt"):
        stage(tmp_path)
    with lock(tmp_path):
        pass


# reading


def test_bad_lines_are_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": 1}\n\n{"id": 2\n')
    reader = read_jsonl(path)
    assert next(reader) == {"id": 1}
    with pytest.raises(InputError, match="a.jsonl:3: not valid JSON"):
        next(reader)
    path.write_bytes(b"[1]\n")
    with pytest.raises(InputError, match="a.jsonl:1: expected a JSON object"):
        list(read_jsonl(path))
    path.write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(InputError, match="a.jsonl:1"):
        list(read_jsonl(path))
    with pytest.raises(InputError, match="cannot read"):
        list(read_jsonl(tmp_path))
    with pytest.raises(InputError, match="missing.json: not found"):
        read_json(tmp_path / "missing.json")
    with pytest.raises(InputError, match="cannot read"):
        read_json(tmp_path)


def test_what_is_written_is_read(tmp_path):
    articles = [{"id": i, "text": 'a\n\t\u2028é🙂\\"'} for i in range(5)]
    assert write_jsonl(tmp_path / "a.jsonl", articles) == 5
    assert list(read_jsonl(tmp_path / "a.jsonl")) == articles
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_bytes().split(b"\n")[:-1]] == articles


def test_missing_stages_are_named(tmp_path):
    with pytest.raises(InputError, match="is not there; run python src/extract.py"):
        shards(tmp_path / "none", "extract")


def test_the_identity_of_inputs(tmp_path, monkeypatch):
    small = tmp_path / "small"
    small.write_bytes(b"abc")
    assert input_hash(small) == hashlib.sha256(b"abc").hexdigest()
    stage(tmp_path / "out")
    assert input_hash(tmp_path / "out") == read_json(tmp_path / "out/manifest.json")["output_sha256"]
    with pytest.raises(InputError, match="not found"):
        input_hash(tmp_path / "none")
    large = tmp_path / "large"
    with open(large, "wb") as f:
        f.truncate(300 << 20)  # sparse
    before = input_hash(large)
    for place in (0, 300 * (1 << 20) - 1):
        with open(large, "r+b") as f:
            f.seek(place)
            f.write(b"x")
        assert input_hash(large) != before
        before = input_hash(large)
    with open(large, "ab") as f:
        f.write(b"x")
    assert input_hash(large) != before


def test_counts_add_up():
    assert sum_counts([]) == {}
    assert sum_counts([{"in": 1, "d": {"a": 1}}, {"in": 2, "d": {"b": 5, "a": 1}, "l": [1]}, {"l": [2]}]) == {
        "in": 3,
        "d": {"a": 2, "b": 5},
        "l": [1, 2],
    }
    assert list(top({"b": 2, "a": 2, "c": 5, "d": 1}, 3).items()) == [("c", 5), ("a", 2), ("b", 2)]


# the code that made it, and damage


def test_shards_of_two_versions_of_the_code_never_mix(tmp_path, monkeypatch, capsys):
    """Killed, edited, run again: the shards of before the edit are made anew."""
    monkeypatch.setattr(stage_output, "code_of", lambda stage: {"clean.py": "old"})
    assert stage(tmp_path, stop_after=2) == "stopped"
    old = list(tmp_path.glob("part-*.jsonl"))
    for path in old:
        os.utime(path, (1, 1))  # clocks of file systems are coarse
    monkeypatch.setattr(stage_output, "code_of", lambda stage: {"clean.py": "new"})
    assert stage(tmp_path) == "finished" and len(old) == 2
    assert "the code of clean.py has changed: made anew" in capsys.readouterr().out
    assert all(path.stat().st_mtime > 1 for path in old)
    assert read_json(tmp_path / "manifest.json")["code"] == {"clean.py": "new"}


def test_the_same_bytes_from_other_code_are_the_same_input(tmp_path, monkeypatch):
    """An edit that changes nothing of the output costs one stage, not all that follow."""
    stage(tmp_path)
    before = input_hash(tmp_path)
    monkeypatch.setattr(stage_output, "code_of", lambda stage: {"clean.py": "tidied"})
    assert stage(tmp_path) == "finished" and input_hash(tmp_path) == before


def test_again_makes_anew_what_is_up_to_date(tmp_path):
    stage(tmp_path)
    with StageOutput(tmp_path, "clean", {}, [], again=True) as out:
        assert not out.up_to_date and not out.done and not list(tmp_path.glob("part-*"))


@pytest.mark.parametrize("content", [b"{}", b"[]", b"null", b'{"stage": "clean"}', b"{", b""])
def test_a_manifest_that_is_none_is_one_line_and_the_stage_repairs_it(tmp_path, content):
    stage(tmp_path / "a")
    (tmp_path / "a/manifest.json").write_bytes(content)
    for read in (lambda: shards(tmp_path / "a", "clean"), lambda: read_manifest(tmp_path / "a", "clean")):
        with pytest.raises(InputError, match="manifest") as error:
            read()
        assert "\n" not in str(error.value)


def test_a_link_to_nowhere_is_named(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match=f"out: a link to {tmp_path / 'gone'}, which is not there"):
        stage(tmp_path / "out")
    with pytest.raises(InputError, match="is not there; run python src/clean.py"):
        shards(tmp_path / "out", "clean")


def test_a_library_error_without_a_system_message_keeps_its_words(tmp_path):
    with pytest.raises(InputError, match=r"cannot write \(the library says so\)"):
        with atomic_file(tmp_path / "x"):
            raise OSError("the library says so")


def test_a_large_file_that_was_repaired_in_its_middle_is_another_one(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(files, "BLOCK_BYTES", 16)
    path = tmp_path / "dump"
    path.write_bytes(bytes(range(250)) * 40)
    before = files.content_hash(path), files.content_hash(path, with_time=True)
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 10**9))
    assert files.content_hash(path) == before[0]  # a copy of it
    assert files.content_hash(path, with_time=True) != before[1]
    content = bytearray(path.read_bytes())
    content[5000:5100] = b"x" * 100  # longer than the step between two blocks
    path.write_bytes(content)
    assert files.content_hash(path) != before[0]


# single files


def single(folder, settings=None, text="one", again=False, inputs=None):
    with SingleFiles(folder / "manifest.json", "train_tokenizer", settings or {}, inputs or {}, again=again) as out:
        if out.up_to_date:
            return "up to date"
        (folder / "tokenizer.json").write_text(text)
        out.finish([folder / "tokenizer.json"], {"documents": 3}, extra=1)
        return "finished"


def test_single_files_are_up_to_date_until_something_changes(tmp_path, capsys):
    assert single(tmp_path) == "finished" and single(tmp_path) == "up to date"
    assert f"train_tokenizer: {tmp_path}/tokenizer.json is up to date" in capsys.readouterr().out
    assert single(tmp_path, {"size": 2}) == "finished" and single(tmp_path, {"size": 2}, again=True) == "finished"
    (tmp_path / "tokenizer.json").write_text("two")  # of the same size
    assert single(tmp_path, {"size": 2}) == "finished"
    (tmp_path / "tokenizer.json").unlink()
    assert single(tmp_path, {"size": 2}) == "finished"
    assert single(tmp_path, {"size": 2}, inputs={"tokens": "abc"}) == "finished"


def test_single_files_of_another_stage_stay(tmp_path):
    (tmp_path / "manifest.json").write_text('{"stage": "dedup"}')
    with pytest.raises(InputError, match="holds what dedup made"):
        single(tmp_path)


def test_reports_of_two_stages_share_a_folder(tmp_path):
    """Each has a lock of its own."""
    with SingleFiles(tmp_path / "ppl.json", "eval_ppl", {}, {}), SingleFiles(tmp_path / "judge.json", "judge", {}, {}):
        pass
