"""One progress bar with rate and ETA on a terminal; plain lines now and then in a log file or under nohup."""

import sys
import time

from tqdm import tqdm


class Progress:
    """`with Progress("extract", total=100, unit="pages") as bar: bar.add(3, "note")`. total may be None."""

    def __init__(self, name: str, total: float | None = None, unit: str = "it", every: float = 30.0, start: float = 0):
        self.name, self.total, self.unit, self.every = name, total, unit, every
        self.count, self.first, self.began = start, start, time.monotonic()
        self.last_line, self.note = self.began, ""
        self.bar = (
            tqdm(
                total=total,
                initial=start,
                unit=" " + unit,
                desc=name,
                unit_scale=True,
                file=sys.stderr,
                dynamic_ncols=True,
            )
            if sys.stderr.isatty()
            else None
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception) -> None:
        if self.bar is not None:
            self.bar.close()
        elif exception[0] is None:
            self._line()

    def add(self, n: float = 1, note: str = "") -> None:
        """n more done; note: shown behind the rate."""
        self.count, self.note = self.count + n, note or self.note
        if self.bar is not None:
            self.bar.set_postfix_str(self.note, refresh=False)
            self.bar.update(n)
        elif time.monotonic() - self.last_line >= self.every:
            self._line()

    def _line(self) -> None:
        self.last_line = time.monotonic()
        seconds = max(self.last_line - self.began, 1e-9)
        rate = (self.count - self.first) / seconds
        of = f"/{_amount(self.total)}" if self.total else ""
        seconds_left = (self.total - self.count) / rate if self.total and rate else 0
        left = f", {duration(seconds_left)} left" if seconds_left >= 0.05 else ""
        note = f", {self.note}" if self.note else ""
        print(
            f"{self.name}: {_amount(self.count)}{of} {self.unit}, {rate:,.1f}/s, {duration(seconds)}{left}{note}",
            file=sys.stderr,
            flush=True,
        )


def _amount(number: float) -> str:
    """1234.0 -> '1,234'; 0.5179 -> '0.5'"""
    return f"{number:,.0f}" if number == int(number) or number >= 100 else f"{number:,.1f}"


def duration(seconds: float) -> str:
    """4125.0 -> '1h08m'; 75 -> '1m15s'; 3.2 -> '3.2s'"""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{rest:02d}s"
