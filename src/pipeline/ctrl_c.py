"""What goes wrong while a script still imports: one line instead of a traceback. Ctrl-C (torch alone takes seconds) is
status 130, a package that is not installed is 2.

Scripts import it first. It does something only in the process of a script of ours, until stage_main() takes over.
"""

import os
import signal
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]


def _script() -> str:
    """The file that this process runs; / for none."""
    return os.path.realpath(getattr(sys.modules.get("__main__"), "__file__", None) or "/")


def _leave(number: int, frame: object) -> None:
    os.write(2, b"interrupted; nothing had begun\n")
    os._exit(130)


def _missing(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not isinstance(error, ModuleNotFoundError) or (ROOT / "src" / str(error.name).partition(".")[0]).exists():
        return sys.__excepthook__(kind, error, trace)
    peers = " --tests" if "/scripts/bench/" in _script() else ""  # the peers that they time
    print(
        f"error: the package '{error.name}' is not installed in {sys.executable}; run bash scripts/setup.sh{peers}, "
        "then source .venv/bin/activate",
        file=sys.stderr,
        flush=True,
    )
    os._exit(2)


def until_imported() -> None:
    ours = _script().startswith((f"{ROOT}/src/", f"{ROOT}/scripts/"))
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    if ours and sys.excepthook is sys.__excepthook__:
        sys.excepthook = _missing


def imported() -> None:
    """From here on KeyboardInterrupt is raised again."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.excepthook is _missing:
        sys.excepthook = sys.__excepthook__


until_imported()
