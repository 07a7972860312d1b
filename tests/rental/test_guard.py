"""What the meter guard on the box decides, and what its files mean, on a clock of the test's own."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from scripts.rental.on_box import guard
from scripts.rental.on_box.guard import Watch

LIMITS = {"idle_minutes": 20, "laptop_hours": 2, "seconds_left": 10_000.0, "poll_seconds": 10}


def watched(until: float, busy=lambda now: False, laptop=lambda now: 0, limits=lambda now: LIMITS, step: float = 10.0):
    """-> (time, reason) of the first reason to stop, or (until, None)"""
    watch, now = Watch(0.0), 0.0
    while now <= until:
        if reason := watch.look(now, limits(now), busy(now), laptop(now), "same"):
            return now, reason
        now += step
    return until, None


def test_idle_is_counted_from_the_last_thing_that_ran():
    assert watched(9000) == (1200.0, "nothing has run for 20 minutes")
    assert watched(9000, busy=lambda now: now < 5000) == (4990.0 + 1200, "nothing has run for 20 minutes")


def test_the_cap_is_counted_in_seconds_of_the_box_whatever_runs():
    assert watched(20_000, busy=lambda now: True) == (10_000.0, "the cap of hours or dollars is reached")


def test_new_limits_count_from_when_they_came():
    raised = {**LIMITS, "seconds_left": 15_000.0}
    at, reason = watched(40_000, busy=lambda now: True, limits=lambda now: LIMITS if now < 9000 else raised)
    assert (at, reason) == (9000.0 + 15_000, "the cap of hours or dollars is reached")


def test_a_guard_that_was_started_again_goes_on_counting():
    watch = Watch(500.0, LIMITS, 9_990.0)
    assert watch.look(500.0, LIMITS, True, 0, 0) is None
    assert watch.look(510.0, LIMITS, True, 0, 0) == "the cap of hours or dollars is reached"


def test_started_again_after_its_cap_it_waits_for_a_higher_one():
    """The laptop starts a box that was stopped at its cap, and can raise the cap only when ssh answers."""
    watch = Watch(500.0, LIMITS, 10_001.0)
    assert watch.look(500.0, LIMITS, True, 0, 0) is None and watch.look(790.0, LIMITS, True, 0, 0) is None
    assert watch.look(800.0, LIMITS, True, 0, 0) == "the cap of hours or dollars is reached"
    watch, raised = Watch(500.0, LIMITS, 10_001.0), {**LIMITS, "seconds_left": 100.0}
    assert watch.look(520.0, raised, True, 0, 0) is None and watch.look(610.0, raised, True, 0, 0) is None
    assert watch.look(620.0, raised, True, 0, 0) == "the cap of hours or dollars is reached"


def test_a_laptop_that_sleeps_is_told_of_and_stops_nothing_with_work_left():
    watch = Watch(0.0)
    for now in range(0, 9000, 10):
        assert watch.look(float(now), LIMITS, True, "touched once", 0) is None
    assert watch.warning(8990.0) == "nothing heard of the laptop for 2.5 hours" and watch.warning(7000.0) == ""


def test_what_was_saved_at_a_cap_may_be_fetched_while_the_laptop_is_there():
    watch = Watch(0.0)
    watch.heard = 1000.0
    assert watch.may_pull(1100.0, 1000.0, busy=False)
    assert not watch.may_pull(1121.0, 1000.0, busy=False), "nobody is there"
    assert watch.may_pull(1500.0, 1000.0, busy=True) and not watch.may_pull(1601.0, 1000.0, busy=True), "too slow"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "jobs/train").mkdir(parents=True)
    (tmp_path / "holds").mkdir()
    return tmp_path


def test_a_job_is_its_process_not_its_number(home):
    pid = home / "jobs/train/pid"
    mine = guard.start_of(os.getpid())
    pid.write_text(f"{os.getpid()} {mine}\n")
    assert guard.running_jobs(home) == {"train": os.getpid()}
    pid.write_text(f"{os.getpid()} {int(mine) - 1}\n")  # another process had this number before
    assert guard.running_jobs(home) == {}
    pid.write_text(f"{os.getpid()}\n")
    assert guard.running_jobs(home) == {}
    pid.write_text(f"{os.getpid()} {mine}\n")
    (home / "jobs/train/exit").write_text("0\n")
    assert guard.running_jobs(home) == {}


def test_a_transfer_is_busy_as_long_as_its_process_lives(home):
    hold = home / f"holds/{os.getpid()}"
    hold.write_text(guard.start_of(os.getpid()))
    assert guard.transferring(home)
    hold.write_text("1")
    assert not guard.transferring(home) and not hold.exists()


def test_ending_jobs_lets_them_save(home):
    program = (
        "import signal, sys, time\n"
        "def save(*_):\n    time.sleep(0.3)\n    open(sys.argv[1], 'w').write('saved')\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, save)\n"
        "open(sys.argv[1] + '.up', 'w')\n"
        "time.sleep(600)"
    )
    job = subprocess.Popen([sys.executable, "-c", program, home / "state"], start_new_session=True)
    while not (home / "state.up").exists():
        time.sleep(0.02)
    (home / "jobs/train/pid").write_text(f"{job.pid} {guard.start_of(job.pid)}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a child that ended is reaped at once, as tmux does on the box
    try:
        guard.end_jobs(home)
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    assert (home / "state").read_text() == "saved"


def test_spans_are_kept_over_a_restart_and_counted_not_read_off_the_clock(home, monkeypatch):
    times = iter([100.0, 160.0])
    monkeypatch.setattr(guard.time, "monotonic", lambda: next(times))
    monkeypatch.setattr(guard.time, "time", lambda: 5_000_000.0)
    guard.Spans(home).beat()
    assert json.loads((home / "spans.json").read_text()) == [[5_000_000.0, 60.0]]
    times = iter([7.0, 17.0])
    monkeypatch.setattr(guard.time, "time", lambda: 5_009_000.0)
    guard.Spans(home).beat()
    assert json.loads((home / "spans.json").read_text()) == [[5_000_000.0, 60.0], [5_009_000.0, 10.0]]


NET = """Inter-|   Receive                                                |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo: 9999999   1 0 0 0 0 0 0 9999999 1 0 0 0 0 0 0
  eth0:{received} 21 0 0 0 0 0 0 {sent} 30 0 0 0 0 0 0
  eth1: 1000 21 0 0 0 0 0 0 10 30 0 0 0 0 0 0
"""


def test_traffic_adds_up_over_guards_and_restarts_of_the_container(home, monkeypatch, tmp_path):
    table = tmp_path / "dev"
    read = guard.network
    monkeypatch.setattr(guard, "network", lambda: read(table))
    for received, sent, total in (
        (5000, 70, [6000, 80]),  # since the container's start, before any guard
        (8000, 90, [9000, 100]),  # another guard in the same boot: counted once
        (400, 5, [9000 + 1400, 100 + 15]),  # the kernel counts from zero again
    ):
        table.write_text(NET.format(received=received, sent=sent))
        guard.Traffic(home).beat()
        assert json.loads((home / "traffic.json").read_text())["total"] == total


def test_a_refused_key_is_tried_at_once_and_left_for_status(home, monkeypatch):
    def refused(home, state):
        raise OSError("HTTP Error 401: Unauthorized")

    monkeypatch.setattr(guard, "ask", refused)
    assert not guard.try_key(home)
    assert "this box cannot stop itself" in (home / "key").read_text()


def test_a_dead_process_that_nobody_has_reaped_does_not_live():
    child = subprocess.Popen(["sleep", "600"])
    start = guard.start_of(child.pid)
    assert guard.lives(f"{child.pid} {start}") == child.pid
    child.kill()
    while open(f"/proc/{child.pid}/stat").read().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    assert guard.lives(f"{child.pid} {start}") == 0
    child.wait()
