"""The meter guard: runs on the rented box and makes it stop itself when nobody needs it any more.

Reads ~/.wikillm (written by onstart.sh and scripts/vast.py), writes guard.log and stopped_because there. It needs
nothing but Python. After it has stopped the box only storage is paid for; `vast.py start` brings it back.

    python3 guard.py          watch until there is a reason to stop, then stop
    python3 guard.py --why    say what would happen now

What it looks at:
    limits.json          idle_minutes, laptop_hours, deadline (Unix time or null), poll_seconds
    laptop               touched whenever the laptop is heard of
    activity             touched when a transfer or a job begins
    jobs/NAME/pid, exit  a job that runs, a job that ended
    holds/PID            a transfer in progress, as long as that process lives
    instance, auth       this instance's id, the API's address, and the header with its own key
"""

import json
import os
import signal
import sys
import time
import urllib.request
from pathlib import Path

HOME = Path.home() / ".wikillm"
GRACE_SECONDS = 180  # for a trainer to finish its step and save after SIGTERM


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
    except PermissionError:
        return True


def touched(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def running_jobs(home: Path) -> dict[str, int]:
    """{name: process group} of the jobs that have not ended; one whose process is gone has ended, however it did."""
    jobs = {}
    for pid_file in sorted(home.glob("jobs/*/pid")):
        pid = int(pid_file.read_text() or 0)
        if not (pid_file.parent / "exit").exists() and pid and alive(pid):
            jobs[pid_file.parent.name] = pid
    return jobs


def last_use(home: Path) -> float:
    """When something last began or ended here."""
    ended = [touched(job / name) for job in home.glob("jobs/*") for name in ("exit", "pid")]
    return max([touched(home / "activity"), *ended])


def transferring(home: Path) -> bool:
    busy = False
    for hold in home.glob("holds/*"):
        if hold.name.isdigit() and alive(int(hold.name)):
            busy = True
        else:
            hold.unlink(missing_ok=True)
    return busy


def reason_to_stop(now: float, limits: dict, heard: float, used: float, busy: bool) -> str | None:
    """heard: when the laptop was last heard of; used: when something last began or ended; busy: a job or a transfer."""
    if limits["deadline"] is not None and now >= limits["deadline"]:
        return "the cap of hours or dollars is reached"
    if now - heard >= limits["laptop_hours"] * 3600:
        return f"nothing heard of the laptop for {limits['laptop_hours']:g} hours"
    if not busy and now - used >= limits["idle_minutes"] * 60:
        return f"nothing has run for {limits['idle_minutes']:g} minutes"
    return None


def look(home: Path, started: float) -> str | None:
    limits = json.loads((home / "limits.json").read_text())
    busy = bool(running_jobs(home)) or transferring(home)
    return reason_to_stop(
        time.time(), limits, max(started, touched(home / "laptop")), max(started, last_use(home)), busy
    )


def end_jobs(home: Path) -> None:
    """SIGTERM, so that a trainer saves where it stands; SIGKILL after the grace time."""
    for group in running_jobs(home).values():
        os.killpg(group, signal.SIGTERM)
    deadline = time.time() + GRACE_SECONDS
    while running_jobs(home) and time.time() < deadline:
        time.sleep(0.5)
    for group in running_jobs(home).values():
        os.killpg(group, signal.SIGKILL)


def stop_this_instance(home: Path) -> None:
    instance, api = (home / "instance").read_text().split()
    name, _, value = (home / "auth").read_text().strip().partition(": ")
    request = urllib.request.Request(
        f"{api}/api/v0/instances/{instance}/",
        data=b'{"state": "stopped"}',
        method="PUT",
        headers={name: value, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        body = json.loads(answer.read())
    if body.get("success") is not True:
        raise OSError(f"the API answered {body}")


def say(text: str) -> None:
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)


def watch(home: Path) -> None:
    started = time.time()
    (home / "guard.pid").write_text(str(os.getpid()))
    say("watching")
    while True:
        reason = look(home, started)
        if reason:
            break
        time.sleep(json.loads((home / "limits.json").read_text())["poll_seconds"])
    say(f"stopping this box: {reason}")
    (home / "stopped_because").write_text(f"{reason}\n")
    end_jobs(home)
    pause = 1
    while True:  # until this very process is gone with the box: a refused stop must not leave the meter running
        try:
            stop_this_instance(home)
            say("the API has accepted the stop")
            pause = 300
        except (OSError, ValueError) as error:
            say(f"could not stop the box, trying again: {error}")
            pause = min(pause * 2, 60)
        time.sleep(pause)


if __name__ == "__main__":
    if "--why" in sys.argv:
        print(look(HOME, 0.0) or "no reason to stop")
    else:
        watch(HOME)
