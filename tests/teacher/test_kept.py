"""Kept answers: found again, by several runs at once, after a kill, on a broken and on a full disk."""

import errno
import os
import subprocess
import sys
import threading

import pytest

from pipeline.config import ROOT, InputError
from teacher.kept import KeptAnswers, key_of


def test_what_is_put_is_found_again(tmp_path):
    kept = KeptAnswers(tmp_path / "a" / "k.jsonl")
    kept.put("one", 'Ünï "quoted"\nand more\x00')
    kept.put("two", "")
    assert kept.get("one") == 'Ünï "quoted"\nand more\x00' and kept.get("two") == "" and kept.get("three") is None
    again = KeptAnswers(tmp_path / "a" / "k.jsonl")
    assert len(again) == 2 and again.get("one") == kept.get("one")


def test_the_key_is_model_temperature_and_prompt():
    messages = [{"role": "user", "content": "What is gold?"}]
    keys = {
        key_of("m", 0.0, messages),
        key_of("n", 0.0, messages),
        key_of("m", 0.7, messages),
        key_of("m", 0.0, [{"role": "user", "content": "What is lead?"}]),
    }
    assert len(keys) == 4 and key_of("m", 0.0, [dict(messages[0])]) in keys


@pytest.mark.parametrize(
    "torn", [b'{"key":"three","te', b"\0" * 4096, b'{"key":"three","text":"x"}', b"\xff\xfe\n", b"[]\n"]
)
def test_a_damaged_end_is_passed_over_in_one_line(torn, tmp_path, capsys):
    path = tmp_path / "k.jsonl"
    KeptAnswers(path).put("one", "first")
    path.write_bytes(path.read_bytes() + torn)
    kept = KeptAnswers(path)
    assert kept.get("one") == "first" and kept.get("three") is None
    kept.put("two", "second")
    again = KeptAnswers(path)
    assert (again.get("one"), again.get("two")) == ("first", "second")
    said = capsys.readouterr().err.splitlines()
    assert all(f"{path}: " in line and "asked again" in line for line in said)


def test_nul_bytes_in_the_middle_cost_their_line(tmp_path, capsys):
    path = tmp_path / "k.jsonl"
    kept = KeptAnswers(path)
    for key in ("one", "two", "three"):
        kept.put(key, key.upper())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\0" * (len(lines[1]) - 1) + b"\n" + lines[2])
    again = KeptAnswers(path)
    assert (again.get("one"), again.get("two"), again.get("three")) == ("ONE", None, "THREE")
    assert "1 damaged lines" in capsys.readouterr().err


def test_a_full_disk_is_one_line_and_leaves_no_half_answer(tmp_path, monkeypatch):
    path = tmp_path / "k.jsonl"
    kept = KeptAnswers(path)
    kept.put("one", "first")
    before, write = path.read_bytes(), os.write

    def full(file, data):
        write(file, data[:9])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(InputError, match=f"{path}: cannot write .No space left.*run the same command again") as error:
        kept.put("two", "second")
    assert "\n" not in str(error.value) and path.read_bytes() == before
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:9]))  # room for some bytes alone
    with pytest.raises(InputError, match="cannot write"):
        kept.put("two", "second")
    monkeypatch.undo()
    assert path.read_bytes() == before
    kept.put("two", "second")
    assert KeptAnswers(path).get("two") == "second"


def test_many_threads_and_several_processes_share_a_file(tmp_path):
    path = tmp_path / "k.jsonl"
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from teacher.kept import KeptAnswers\n"
        "kept = KeptAnswers(sys.argv[2])\nfor i in range(60): kept.put(f'{sys.argv[3]} {i}', 'x' * i)"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(ROOT / "src"), str(path), name]) for name in "AB"]
    kept = KeptAnswers(path)
    threads = [
        threading.Thread(target=lambda n=n: [kept.put(f"{n} {i}", f"{n}:{i}") for i in range(20)]) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in others] == [0, 0]
    again = KeptAnswers(path)
    assert len(again) == 200 and again.get("A 59") == "x" * 59 and again.get("3 7") == kept.get("3 7") == "3:7"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot open"):
        KeptAnswers(tmp_path / "file" / "k.jsonl")
