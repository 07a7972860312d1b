"""What the decisions of scripts/vast.py are made over: a clock, vast.ai, the rented box, and what can go wrong with
each.

Everything that decides (fleet, build) takes these as arguments, so that tests drive the same code over a stand-in
with one clock. The real ones are `Clock` here, `api.VastApi` and `box.SshBox`.
"""

import time
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.config import InputError


class RentalError(Exception):
    """Something at vast.ai or on the box went wrong: shown as one line, exit status 1."""


class ApiError(RentalError):
    """vast.ai gave no answer that can be used. status: of HTTP, None without one."""

    def __init__(self, text: str, status: int | None = None):
        super().__init__(text)
        self.status = status


class KeyRefused(InputError):
    """vast.ai does not take this API key for what was asked, or it is another account's."""


class OfferGone(RentalError):
    """Somebody else was faster, or the host took the offer back; nothing was rented."""


class BadBox(RentalError):
    """The rented machine is not what it should be. kind: equal for two boxes with the same fault."""

    def __init__(self, kind: str, text: str):
        super().__init__(text)
        self.kind = kind


class Unreachable(RentalError):
    """ssh or rsync lost the box, or never reached it. It says nothing about the box."""


class LocalFault(RentalError):
    """This machine is at fault (a full disk, a missing program): no box is to blame for it."""


class HasWork(RentalError):
    """The instance may hold work that is not here yet: it is not destroyed."""


class StillBilling(RentalError):
    """What costs money could not be ended, or could not be seen to have ended: said loudly."""


class Clock:
    """wall: seconds since 1970, for the bill; monotonic: for patience: a laptop's sleep does not count there."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()  # Linux and macOS: stands still while the machine sleeps

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class Row:
    """An instance as vast.ai lists it. status: actual_status, intended: intended_status; both may lag by seconds."""

    id: int
    label: str
    status: str | None
    intended: str | None
    message: str = ""
    gpu: str = "?"
    dph: float = 0.0  # dollars an hour, disk included
    disk_dph: float = 0.0
    started: float | None = None  # when it was rented, by vast.ai's clock
    addresses: tuple[tuple[str, int], ...] = ()  # where its ssh may be reached: the direct port first

    @property
    def runs(self) -> bool:
        return self.status == "running" and self.intended != "stopped"

    @property
    def stopped(self) -> bool:
        """Stopped for good: not on its way up, nor away for a moment (`offline`, `unknown` and `loading` are)."""
        return self.intended == "stopped" and self.status in ("stopped", "exited", None)

    @property
    def outbid(self) -> bool:
        """It should run, its GPU is somebody else's: scheduling, or a bid that was topped."""
        return self.intended != "stopped" and self.status in ("stopped", "exited")


@dataclass(frozen=True)
class Account:
    id: str
    credit: float | None  # dollars


class Api(Protocol):
    """vast.ai, each call one request or one listing over all pages. ApiError, KeyRefused, OfferGone (create only)."""

    def account(self) -> Account: ...
    def instances(self) -> list[Row]: ...
    def show(self, instance: int) -> Row | None: ...
    def create(self, offer: dict, label: str) -> int: ...
    def destroy(self, instance: int) -> None: ...
    def stop(self, instance: int) -> None: ...
    def start(self, instance: int) -> None: ...


@dataclass(frozen=True)
class Report:
    """What the box says of itself in one answer.

    plan: Plan.id of the job; job: none | running | ended | lost; status: the exit status when ended; line: the last
    of its log; spans: [(first, last)] wall times, by this machine's clock, between which its guard saw the box run.
    """

    job: str
    plan: str = ""
    status: int | None = None
    line: str = ""
    spans: tuple[tuple[float, float], ...] = ()
    guard: str = ""  # what the guard would say: "" when all is well
    ending: str = ""  # why the guard is about to stop the box
    stages: dict = field(default_factory=dict)  # {stage: hours} finished so far
    traffic: tuple[float, float] = (0.0, 0.0)  # GB received and sent in the box's life
    running: tuple[str, ...] = ()  # every job that runs there, those that were started by hand too


@dataclass(frozen=True)
class Pulled:
    new: tuple[str, ...]  # checkpoints that came
    inventory: str  # identity of all that the box had made when the pull began; all of it is here and verified


class Box(Protocol):
    """The rented machine over ssh. Unreachable, LocalFault, BadBox, RentalError."""

    def point_at(self, instance: int, address: tuple[str, int]) -> None: ...
    def reachable(self) -> bool: ...
    def ready(self) -> str | None: ...
    def install(self, limits: dict, instance: int) -> None: ...
    def check(self) -> None: ...
    def resume(self) -> None: ...
    def set_limits(self, limits: dict) -> None: ...
    def push(self, first: bool) -> float | None: ...
    def start_build(self) -> None: ...
    def push_rest(self) -> None: ...
    def report(self) -> Report: ...
    def inventory(self) -> str: ...
    def pull(self) -> Pulled: ...
    def end_jobs(self) -> None: ...
