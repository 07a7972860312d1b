"""Progress off a terminal (plain lines) and on one (a bar)."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from pipeline import progress
from pipeline.config import ROOT
from pipeline.progress import Progress, duration


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def lines(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""  # stdout belongs to the stage's results
    return captured.err.splitlines()


def test_plain_lines_every_so_often_with_rate_and_time_left(clock, capsys):
    with Progress("extract", total=1000, unit="pages", every=30) as bar:
        for _ in range(7):
            clock[0] += 10
            bar.add(100, "2 skipped")
    assert lines(capsys) == [
        "extract: 300/1,000 pages, 10.0/s, 30.0s, 1m10s left, 2 skipped",
        "extract: 600/1,000 pages, 10.0/s, 1m00s, 40.0s left, 2 skipped",
        "extract: 700/1,000 pages, 10.0/s, 1m10s, 30.0s left, 2 skipped",
    ]


def test_the_last_line_tells_the_whole(clock, capsys):
    with Progress("encode", total=4, unit="MB") as bar:
        clock[0] += 2
        bar.add(4)
    assert lines(capsys) == ["encode: 4/4 MB, 2.0/s, 2.0s"]


def test_fractions_are_shown_while_they_matter(clock, capsys):
    with Progress("read", total=0.3, unit="MB") as bar:
        for _ in range(3):
            clock[0] += 20
            bar.add(0.1)  # three of them are a little more than 0.3
    with Progress("read", total=1234.5, unit="MB") as bar:
        clock[0] += 1
        bar.add(1234.5)
    assert lines(capsys) == [
        "read: 0.2/0.3 MB, 0.0/s, 40.0s, 20.0s left",
        "read: 0.3/0.3 MB, 0.0/s, 1m00s",
        "read: 1,234/1,234 MB, 1,234.5/s, 1.0s",
    ]


def test_without_a_total_and_without_work(clock, capsys):
    with Progress("read", unit="lines") as bar:
        clock[0] += 31
        bar.add(62)
    with Progress("nothing", total=0):
        pass
    assert lines(capsys) == [
        "read: 62 lines, 2.0/s, 31.0s",
        "read: 62 lines, 2.0/s, 31.0s",
        "nothing: 0 it, 0.0/s, 0.0s",
    ]


def test_what_was_done_before_does_not_count_as_speed(clock, capsys):
    with Progress("train", total=1000, unit="steps", every=5, start=900) as bar:
        clock[0] += 10
        bar.add(20)
    assert lines(capsys)[0] == "train: 920/1,000 steps, 2.0/s, 10.0s, 40.0s left"


def test_no_last_line_after_a_failure(capsys):
    with pytest.raises(ZeroDivisionError):
        with Progress("x", total=2):
            raise ZeroDivisionError
    assert lines(capsys) == []


@pytest.mark.parametrize(
    "seconds, text",
    [
        (3.2, "3.2s"),
        (59.9, "59.9s"),
        (59.96, "1m00s"),
        (60, "1m00s"),
        (75.9, "1m16s"),
        (3599, "59m59s"),
        (4125.0, "1h08m"),
        (360000, "100h00m"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_a_bar_on_a_terminal():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pipeline.progress import Progress\n"
        "with Progress('clean', total=3, unit='docs') as bar:\n    for _ in range(3): bar.add(1, 'kept 2')\n"
    )
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    command = [sys.executable, "-c", code, ROOT / "src"]
    done = subprocess.run(command, stderr=theirs, stdout=subprocess.PIPE, timeout=300)
    os.close(theirs)
    shown = ""
    with contextlib.suppress(OSError):  # the terminal's end; before it what was written may come in pieces
        while piece := os.read(ours, 100_000):
            shown += piece.decode()
    os.close(ours)
    assert done.returncode == 0 and done.stdout == b""
    assert "clean: 100%" in shown and "3.00/3.00" in shown and "kept 2" in shown
