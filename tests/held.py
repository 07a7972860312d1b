"""A process that waits at a moment of a test's choice, so that it is killed there and not a moment later."""

import os
import signal
import subprocess
import time
from pathlib import Path

# Read by every Python that starts with its folder on the path: once a file of that name is in its place, wait.
WAITS = """import os, time
replace = os.replace
def replace_and_wait(source, target):
    replace(source, target)
    if os.fspath(target).endswith({name!r}):
        open({mark!r}, "w").close()
        time.sleep(600)
os.replace = replace_and_wait
"""


class Held:
    """`held = Held(folder, "part-00001.json")`: a process started with held.env waits when it has written that file."""

    def __init__(self, folder: Path, name: str):
        folder.mkdir(parents=True)
        self.mark = folder / "it-waits"
        (folder / "sitecustomize.py").write_text(WAITS.format(name=name, mark=str(self.mark)))
        self.env = {"PYTHONPATH": str(folder)}

    def kill(self, process: subprocess.Popen) -> None:
        """With all of its group, which is its own, as soon as it waits."""
        while not self.mark.exists():
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
