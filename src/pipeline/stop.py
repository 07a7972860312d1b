"""Ctrl-C and SIGTERM asked of a long run: it ends at a place of its own choice."""

import os
import signal
import time


class StopSignal:
    """`with StopSignal() as stop:` ... `if stop.asked: save and leave`. A second Ctrl-C leaves at once."""

    def __init__(self):
        self.asked, self._since = "", 0.0

    def __enter__(self) -> "StopSignal":
        self._before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exception) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame) -> None:
        # torchrun passes on the Ctrl-C that the terminal has sent us already: the same one within a second
        if self.asked and number == signal.SIGINT and time.monotonic() - self._since > 1:
            os._exit(130)
        if not self.asked:
            self.asked, self._since = signal.Signals(number).name, time.monotonic()
