"""How every script ends: one line and the right exit status for Ctrl-C, a full disk behind `>`, and a reader such as
`head` that has enough. It needs nothing but Python: scripts/vast.py takes it before there is an environment."""

import argparse
import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from pipeline import ctrl_c

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # errors that room on the disk puts right


def script_main(main: Callable[[], int | None]) -> NoReturn:
    """Exit with main's return value (None: 0); 130 on Ctrl-C; 2 when the disk is full; 0 when nobody reads on."""
    ctrl_c.imported()
    try:
        status = main()
    except SystemExit as error:  # argparse's, with --help not yet written
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        status = 1 if isinstance(error.code, str) else error.code
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        status = 130
    except BrokenPipeError:  # `... | head` has read enough
        write_nowhere()
        status = 0
    except OSError as error:
        if error.errno not in FULL:
            raise
        status = full(error)
    sys.exit(flushed(status))


class Parser(argparse.ArgumentParser):
    """argparse's own passes over what cannot be written."""

    def _print_message(self, message: str, file: Any = None) -> None:
        try:
            print(message, end="", file=file or sys.stderr, flush=True)
        except BrokenPipeError:
            write_nowhere()
        except OSError as error:
            sys.exit(full(error))


class Lasting:
    """A stream for what runs all night: whoever reads it may leave, such as a `tee` that took the same Ctrl-C, or its
    disk may be full, and who prints does not notice. What finds nobody, or no room, is lost; a run's numbers are in its
    log.jsonl, whose lines wait for room."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return self._try(lambda: self.stream.write(text)) or len(text)

    def flush(self) -> None:
        self._try(self.stream.flush)

    def _try(self, do: Callable[[], Any]) -> Any:
        try:
            return do()
        except BrokenPipeError:
            write_nowhere(self.stream)
        except OSError as error:
            if error.errno not in FULL:
                raise
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def lasting_output() -> Iterator[None]:
    """Nothing that is printed here ends the run."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Lasting(sys.stdout), Lasting(sys.stderr)  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def flushed(status: int | None) -> int | None:
    """What was printed goes out now: a full disk behind `>` is one line, not a traceback at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        write_nowhere()
    except OSError as error:
        return full(error)
    return status


def full(error: OSError) -> int:
    where = error.filename or "standard output or another open file"
    print(f"error: {where}: cannot write ({error.strerror}); free some disk and run again", file=sys.stderr)
    write_nowhere()
    return 2


def write_nowhere(stream: Any = None) -> None:
    """Stream, or standard output, leads nowhere from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
