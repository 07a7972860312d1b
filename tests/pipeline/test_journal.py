"""pipeline/journal.py: what was written is there after any end, damage costs its own line."""

import os
import subprocess

import pytest

from pipeline.config import InputError
from pipeline.journal import Journal


def written(path, n=5):
    with Journal(path, "key") as journal:
        for i in range(n):
            journal[i] = {"text": f"answer {i}\u2028"}
    return path.read_bytes()


def test_what_was_written_is_found(tmp_path):
    written(tmp_path / "j")
    with Journal(tmp_path / "j", "key") as journal:
        assert sorted(journal.entries) == [0, 1, 2, 3, 4] and journal[3] == {"text": "answer 3\u2028"}
        assert 9 not in journal


def test_another_key_and_again_start_anew(tmp_path):
    written(tmp_path / "j")
    with Journal(tmp_path / "j", "key", again=True) as journal:
        assert not journal.entries
    written(tmp_path / "j")
    with Journal(tmp_path / "j", "other") as journal:
        assert not journal.entries


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_torn_end_loses_its_own_line_alone(tmp_path, cut):
    content = written(tmp_path / "j")
    (tmp_path / "j").write_bytes(content[:-cut])
    with Journal(tmp_path / "j", "key") as journal:
        whole = content[:-cut].count(b"\n") - 1
        assert sorted(journal.entries) == list(range(whole))
        journal[7] = "new"
    with Journal(tmp_path / "j", "key") as journal:
        assert journal[7] == "new" and len(journal.entries) == whole + 1


@pytest.mark.parametrize("damage", [b"\x00" * 20, b"{", b"[]\n{", b'{"id": 1}'])
def test_a_damaged_line_costs_itself(tmp_path, capsys, damage):
    lines = written(tmp_path / "j").splitlines(keepends=True)
    lines[2] = damage + b"\n"
    (tmp_path / "j").write_bytes(b"".join(lines))
    with Journal(tmp_path / "j", "key") as journal:
        assert sorted(journal.entries) == [0, 2, 3, 4]
    assert "damaged lines are passed over" in capsys.readouterr().err
    with Journal(tmp_path / "j", "key") as journal:  # and it is gone from the file
        assert sorted(journal.entries) == [0, 2, 3, 4]
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting wants root")
def test_a_full_disk_is_one_line_and_nothing_is_lost(tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path]).returncode:
        pytest.skip("cannot mount a tmpfs")
    try:
        with (
            pytest.raises(InputError, match="No space left.*free some disk"),
            Journal(tmp_path / "j", "key") as journal,
        ):
            for i in range(1000):
                journal[i] = "x" * 500
        kept = len(journal.entries)
        subprocess.run(["mount", "-o", "remount,size=1m", tmp_path], check=True)
        with Journal(tmp_path / "j", "key") as journal:
            assert kept > 50 and len(journal.entries) == kept
            journal[kept] = "y"
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)
