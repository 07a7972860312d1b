"""Ends what tests have started (servers, tmux, jobs, guards), however the test run itself ends: kill -9 included.

`watch(folder)` puts a mark into this process's environment, which its children inherit, and starts a process that
waits for this one to be gone and then ends all that carries the mark.
"""

import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

VARIABLE = "TEST_RUN_OF_WIKILLM"


@cache
def watch(folder: Path) -> str:
    """-> the mark, for processes whose environment is made anew (those of an ssh login)"""
    os.environ[VARIABLE] = mark = str(folder)
    # its end of the pipe tells it: the system closes ours when we are gone
    subprocess.Popen(
        [sys.executable, __file__, f"{VARIABLE}={mark}"],
        stdin=subprocess.PIPE,
        start_new_session=True,
        env={k: v for k, v in os.environ.items() if k != VARIABLE},
    )
    return mark


def marked(setting: str) -> list[int]:
    """Processes with this `NAME=folder` in their environment; a sshd, which writes over its own, has its config
    there.
    """
    variable, inside, found = f"{setting}\0".encode(), f"{setting.partition('=')[2]}/".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            if variable in (folder / "environ").read_bytes() or (b"sshd" in command and inside in command):
                found.append(int(folder.name))
        except OSError:
            pass  # gone meanwhile
    return found


def end(setting: str) -> None:
    for _ in range(50):
        found = [pid for pid in marked(setting) if pid != os.getpid()]
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.1)


if __name__ == "__main__":
    sys.stdin.read()
    end(sys.argv[1])
