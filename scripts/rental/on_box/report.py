"""What the box says of itself, as one line of JSON; see world.Report. Runs on the box beside guard.py.

python3 report.py                         jobs, guard, hours, load
python3 report.py inventory FOLDER...     {path: sha256} of what the stages have made in these folders of ~/wikillm,
                                          and in those that ~/.wikillm/folders has
python3 report.py machine                 disk, its speed, driver: what is looked at before hours are paid
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import guard

HOME = guard.HOME


def last_line(file: Path) -> str:
    try:
        with open(file, "rb") as log:
            log.seek(max(0, file.stat().st_size - 4096))
            lines = log.read().decode(errors="replace").replace("\r", "\n").split("\n")
    except OSError:
        return ""
    lines = [line.strip() for line in lines if line.strip() and not line.startswith("--- ")]
    return lines[-1] if lines else ""


def job(folder: Path) -> tuple[str, int | None]:
    """-> (none | running | ended | lost, exit status)"""
    try:
        if (folder / "exit").exists() and (status := text(folder / "exit")):  # empty after the host lost its power
            return "ended", int(status)
        return ("running" if guard.lives((folder / "pid").read_text()) else "lost"), None
    except OSError:
        return "none", None


def text(file: Path) -> str:
    return file.read_text().strip() if file.exists() else ""


def problem() -> str:
    """What is wrong with the guard, if something is."""
    if not guard.lives(text(HOME / "guard.pid")):
        return "no meter guard runs on the box"
    key = text(HOME / "key")
    return key if key not in ("", "ok") else text(HOME / "warning")


def ending() -> str:
    """Why the guard is about to stop the box. A reason from before the last start, or from limits that were raised
    since, is none."""
    reason, limits = guard.read(HOME / "ending", ["", None])
    return reason if limits == guard.read(HOME / "limits.json", {}) else ""


def status() -> dict:
    jobs = {folder.name: job(folder) for folder in sorted((HOME / "jobs").glob("*"))}
    return {
        "now": time.time(),
        "jobs": {name: [state, code, last_line(HOME / "jobs" / name / "log")] for name, (state, code) in jobs.items()},
        "plan": text(HOME / "jobs/build/plan"),
        "guard": problem(),
        "ending": ending(),
        "hours": guard.read(HOME / "hours.json", {}),
        "spans": guard.read(HOME / "spans.json", []),
        "traffic": guard.read(HOME / "traffic.json", {"total": [0, 0]})["total"],
        "gpu": ask_gpu("name,utilization.gpu,memory.used,memory.total,temperature.gpu"),
    }


def ask_gpu(fields: str) -> str:
    command = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"]
    if not shutil.which("nvidia-smi"):
        return ""
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def inventory(folders: list[str]) -> dict[str, str]:
    """A checkpoint stands for itself by its hashes.json; `latest` and `best` by where they point."""
    found = {}
    for folder in sorted({*folders, *text(HOME / "folders").split("\n")} - {""}):
        for path, names, files in os.walk(folder):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for link in [name for name in names if os.path.islink(f"{path}/{name}")]:
                found[f"{path}/{link}"] = "-> " + os.readlink(f"{path}/{link}")
            if os.path.basename(path).startswith("step_"):
                names[:], files = [], [name for name in files if name == "hashes.json"]
            for name in files:
                if not name.startswith("."):
                    found[f"{path}/{name}"] = sha256(f"{path}/{name}")
    return found


def sha256(path: str) -> str:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:  # pruned while it was read
        return "gone"
    return digest.hexdigest()


def machine() -> dict:
    probe, block, began = HOME / "speed", os.urandom(1 << 20), time.monotonic()
    with open(probe, "wb") as file:
        for _ in range(256):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - began
    probe.unlink()
    return {
        "free_gb": shutil.disk_usage(HOME).free / 1e9,
        "write_mb_s": 256 * 1.048576 / seconds,
        "driver": ask_gpu("driver_version"),
    }


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
    elif sys.argv[1:2] == ["inventory"]:
        os.chdir(Path.home() / "wikillm")
        print(json.dumps(inventory(sys.argv[2:])))
    else:
        print(json.dumps(machine() if sys.argv[1:] == ["machine"] else status()))
