"""The meter guard: runs on the rented box and makes it stop itself when nobody needs it any more.

Reads ~/.wikillm (written by onstart.sh and scripts/vast.py), writes guard.log, spans.json, traffic.json, counted.json,
key, warning and ending (the reason, and the limits it was found by). It needs nothing but Python. After it has stopped
the box only storage is paid for; `vast.py start` brings it back.

    python3 guard.py            watch until there is a reason to stop, then stop
    python3 guard.py --end      tell the jobs to save and end; return when they have

What it looks at:
    limits.json          idle_minutes, laptop_hours, seconds_left until a cap, poll_seconds
    laptop, activity     touched whenever the laptop is heard of, whenever a transfer or a job begins
    jobs/NAME/pid, exit  "PID START" of a job that runs; the status of one that ended
    holds/PID            a transfer in progress: the START of that process
    instance, auth       this instance's id, the API's address, and the header with its own key

No wall clock decides anything, as a rented box's may be hours off: a file that is touched counts from the look that
finds it so. START is the process's start time in /proc, so that a pid file whose number lives again means nothing.
"""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HOME = Path.home() / ".wikillm"
GRACE_SECONDS = 180  # for a trainer to finish its step and save after SIGTERM
PULL_SECONDS = 600  # for the laptop to fetch what was saved when a cap is reached, while it is heard of
HEARD_SECONDS = 120  # within so many the laptop is there
KEY_SECONDS = 600  # between two tries of a refused instance key
START_SECONDS = 300  # for the laptop to raise a cap that was reached before this start
# When no limits can be read: an idle box ends; until the laptop sends the caps again, they cannot be known.
NO_LIMITS = {"idle_minutes": 20, "laptop_hours": 12, "seconds_left": 1e9, "poll_seconds": 10}


def start_of(pid: int) -> str | None:
    """When a process began, in ticks since the machine's start; None when it is gone, or dead and not reaped: a
    container's first process need not reap."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def lives(text: str) -> int:
    """The pid of "PID START" when that very process lives, else 0."""
    pid, _, start = text.strip().partition(" ")
    return int(pid) if pid.isdigit() and start and start_of(int(pid)) == start else 0


def running_jobs(home: Path) -> dict[str, int]:
    """{name: process group} of the jobs that have not ended; one whose process is gone has ended, however it did."""
    jobs = {}
    for file in sorted(home.glob("jobs/*/pid")):
        if not (file.parent / "exit").exists() and (pid := lives(file.read_text())):
            jobs[file.parent.name] = pid
    return jobs


def transferring(home: Path) -> bool:
    busy = False
    for hold in home.glob("holds/*"):
        if lives(f"{hold.name} {hold.read_text().strip()}"):
            busy = True
        else:
            hold.unlink(missing_ok=True)
    return busy


def read(file: Path, otherwise):
    """What a JSON file holds. A host that lost its power leaves files of 0 bytes; those are worth no more than none."""
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return otherwise


def marks(home: Path, *names: str) -> tuple[int, ...]:
    """Modification times, only to be compared with each other."""
    files = [file for name in names for file in sorted(home.glob(name))]
    return tuple(file.stat().st_mtime_ns for file in files if file.exists())


class Watch:
    """Decides from one look after another. Times are seconds of a monotonic clock.

    busy: a job or a transfer; laptop, activity: whatever changes when it is heard of, when something begins or ends.
    """

    def __init__(self, now: float, limits: dict | None = None, seconds: float = 0.0):
        """limits, seconds: what an earlier guard on this box went by, and how much of seconds_left it has counted."""
        self.heard = self.used = now
        self.limits, self.since = limits, now - seconds
        reached = limits is not None and seconds >= limits["seconds_left"]
        self.patient_until = now + START_SECONDS if reached else now
        self.laptop: object = None
        self.activity: object = None

    def look(self, now: float, limits: dict, busy: bool, laptop: object, activity: object) -> str | None:
        """-> the reason to stop, if there is one"""
        if limits != self.limits:  # new limits come from somebody who is at work: their seconds count from now
            self.limits, self.since = limits, now
            self.used = self.heard = self.patient_until = now
        if laptop != self.laptop:
            self.laptop, self.heard = laptop, now
        if busy or activity != self.activity:
            self.activity, self.used = activity, now
        if now - self.since >= limits["seconds_left"] and now >= self.patient_until:
            return "the cap of hours or dollars is reached"
        if now - self.used >= limits["idle_minutes"] * 60:
            return f"nothing has run for {limits['idle_minutes']:g} minutes"
        return None

    def warning(self, now: float) -> str:
        """A laptop that sleeps is no reason to stop a box with work left; it is said when it has been long."""
        hours = (now - self.heard) / 3600
        assert self.limits is not None
        return f"nothing heard of the laptop for {hours:.1f} hours" if hours >= self.limits["laptop_hours"] else ""

    def may_pull(self, now: float, ended: float, busy: bool) -> bool:
        """After a cap: is somebody there to fetch what was saved, and not too slow?"""
        return now - ended < PULL_SECONDS and (busy or now - self.heard < HEARD_SECONDS)


def end_jobs(home: Path) -> None:
    """SIGTERM, so that a trainer saves where it stands; SIGKILL after the grace time."""
    for group in running_jobs(home).values():
        os.killpg(group, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while running_jobs(home) and time.monotonic() < deadline:
        time.sleep(0.2)
    for group in running_jobs(home).values():
        os.killpg(group, signal.SIGKILL)


def ask(home: Path, state: str) -> None:
    """Set this instance's state with its own key. OSError, ValueError when it is not taken."""
    instance, api = (home / "instance").read_text().split()
    name, _, value = (home / "auth").read_text().strip().partition(": ")
    request = urllib.request.Request(
        f"{api}/api/v0/instances/{instance}/",
        data=json.dumps({"state": state}).encode(),
        method="PUT",
        headers={name: value, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        body = json.loads(answer.read())
    if body.get("success") is not True:
        raise OSError(f"the API answered {body}")


def try_key(home: Path) -> bool:
    """Can this box stop itself? `running` is what it is: harmless to ask for, and refused as `stopped` would be."""
    try:
        ask(home, "running")
        problem = "ok"
    except (OSError, ValueError) as error:
        problem = f"the instance's key does not work ({error}): this box cannot stop itself"
    write(home / "key", problem)
    return problem == "ok"


def write(file: Path, text: str) -> None:
    """Whole or not at all, on a full disk too."""
    try:
        new = file.with_name(f"{file.name}.new")
        new.write_text(text)
        os.replace(new, file)
    except OSError as error:
        say(f"{file.name}: {error}")


def say(text: str) -> None:
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)


class Spans:
    """spans.json: [[first, seconds], ...], when this box was running: its clock at a span's first look, then seconds
    counted."""

    def __init__(self, home: Path):
        self.file, self.began, self.wall = home / "spans.json", time.monotonic(), time.time()
        self.before = read(self.file, [])

    def beat(self) -> None:
        write(self.file, json.dumps([*self.before, [self.wall, time.monotonic() - self.began]]))


class Traffic:
    """traffic.json: {"total": [received, sent] bytes in this box's life, "seen": [received, sent] as the kernel counts
    since the container's start}: vast.ai bills it."""

    def __init__(self, home: Path):
        self.file = home / "traffic.json"
        self.counts = read(self.file, {"total": [0, 0], "seen": [0, 0]})

    def beat(self) -> None:
        now, before = network(), self.counts["seen"]
        more = [n - b for n, b in zip(now, before)] if all(n >= b for n, b in zip(now, before)) else now
        self.counts = {"total": [t + m for t, m in zip(self.counts["total"], more)], "seen": now}
        write(self.file, json.dumps(self.counts))


def network(table: Path = Path("/proc/net/dev")) -> list[int]:
    """-> [received, sent] bytes over all interfaces but the loopback"""
    try:
        rows = [row.partition(":") for row in table.read_text().splitlines() if ":" in row]
    except OSError:
        return [0, 0]
    fields = [values.split() for name, _, values in rows if name.strip() != "lo"]
    return [sum(int(row[0]) for row in fields), sum(int(row[8]) for row in fields)]


def counted(home: Path) -> tuple[dict | None, float]:
    """-> (limits, seconds counted under them) as the guard before this one left them"""
    limits, seconds = read(home / "counted.json", [None, 0.0])
    return limits, seconds


def watch(home: Path) -> None:
    spans, traffic = Spans(home), Traffic(home)
    spans.beat()  # before the pid: who sees the guard running sees since when
    write(home / "guard.pid", f"{os.getpid()} {start_of(os.getpid())}\n")
    (home / "ending").unlink(missing_ok=True)
    say("watching")
    decide = Watch(time.monotonic(), *counted(home))
    good_key, tried = try_key(home), time.monotonic()
    while True:
        spans.beat()
        traffic.beat()
        now = time.monotonic()
        if not good_key and now - tried >= KEY_SECONDS:
            good_key, tried = try_key(home), now
        limits = read(home / "limits.json", decide.limits or NO_LIMITS)
        busy = bool(running_jobs(home)) or transferring(home)
        reason = decide.look(
            now, limits, busy, marks(home, "laptop"), marks(home, "activity", "jobs/*/exit", "jobs/*/pid")
        )
        write(home / "warning", decide.warning(now))
        write(home / "counted.json", json.dumps([limits, now - decide.since]))
        if reason:
            break
        time.sleep(limits["poll_seconds"])
    say(f"stopping this box: {reason}")
    write(home / "ending", json.dumps([reason, limits]))
    end_jobs(home)
    ended = time.monotonic()
    while reason.startswith("the cap") and decide.may_pull(time.monotonic(), ended, transferring(home)):
        spans.beat()
        time.sleep(1)
        if marks(home, "laptop") != decide.laptop:
            decide.laptop, decide.heard = marks(home, "laptop"), time.monotonic()
        fresh = read(home / "limits.json", limits)
        if fresh != limits and fresh["seconds_left"] > 0:  # the cap was raised meanwhile
            return
    stop(home, spans)


def stop(home: Path, spans: Spans) -> None:
    """Until this very process is gone with the box: a refused stop must not leave the meter running."""
    pause = 1
    while True:
        try:
            ask(home, "stopped")
            say("the API has accepted the stop")
            pause = 300
        except (OSError, ValueError) as error:
            say(f"could not stop the box, trying again: {error}")
            write(home / "key", f"this box tries to stop itself and cannot: {error}")
            pause = min(pause * 2, 60)
        for _ in range(pause):
            spans.beat()
            time.sleep(1)


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
    elif "--end" in sys.argv:
        end_jobs(HOME)
    else:
        watch(HOME)
