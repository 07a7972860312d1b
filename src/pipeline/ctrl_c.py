"""Ctrl-C while a script still imports (torch alone takes seconds): one line and status 130, not a traceback.

Scripts import it first. It does something only in the process of a script of ours, until stage_main() takes over.
"""

import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _leave(number: int, frame: object) -> None:
    os.write(2, b"interrupted; nothing had begun\n")
    os._exit(130)


def until_imported() -> None:
    script = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    ours = os.path.realpath(script).startswith((f"{ROOT}/src/", f"{ROOT}/scripts/"))
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def imported() -> None:
    """From here on KeyboardInterrupt is raised again."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


until_imported()
