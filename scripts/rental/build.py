"""The GPU half of a config on a rented box: the box does the work, this machine watches, pulls, and only at the end
destroys.

One job on the box runs the stages (on_box/build.py). Whatever happens to this machine or its line, the job goes on
there, and the same command finds it again. What this loop may conclude from what it sees:

    no answer over ssh      nothing. vast.ai is asked, for the address too (a restart changes it), then the box again
    offline, unknown        nothing: it is away for a moment and is not billed
    stopped                 by the guard, by `vast.py stop` or at the console: kept; the next `build` starts it again
    outbid                  the same, and it runs again by itself when its bid is the highest; when that takes too long,
                            it is stopped and kept, and another box goes on from what was pulled
    in no listing           gone, with its disk: another box goes on from what was pulled
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.config import InputError
from scripts.rental import ledger
from scripts.rental.fleet import LAG_POLLS, Fleet, GpuTaken, World, keep, stranger
from scripts.rental.world import (
    ApiError,
    BadBox,
    HasWork,
    KeyRefused,
    LocalFault,
    OfferGone,
    Pulled,
    RentalError,
    Report,
    Row,
    StillBilling,
    Unreachable,
)

MAX_BOXES = 5  # hosts that vanish from under one build
SAME_FAULT = 2  # boxes that fail in the same way: the third would too
TELL_SECONDS = 600  # between two lines about a box that is away
STOPPED_EARLY = 75  # exit status of on_box/build.py: a stage was told to stop before its last step


class Gone(RentalError):
    """The instance exists no more."""


class Stopped(RentalError):
    """The instance is stopped, by the guard or by somebody's hand."""


class Outbid(RentalError):
    """The instance has stood still for so long that going on elsewhere is the shorter way."""


class CapReached(RentalError):
    """The hours or dollars are spent."""


@dataclass(frozen=True)
class Plan:
    """id: what is to be built, of the config and the last stage. max_hours, max_dollars: the caps. offers: what to
    rent, best first. built: are the outputs here what this build makes? trains(tokens/s): called with the speed
    that training has on the box; what to say about it. verified(stages): called when all is pulled and compared, before
    the box is destroyed; finished(): when nothing is rented any more."""

    id: str
    max_hours: float
    max_dollars: float
    offers: Callable[[], list[dict]]
    built: Callable[[], bool] = lambda: False
    trains: Callable[[float], str] = lambda tokens_per_second: ""
    verified: Callable[[dict[str, float]], None] = lambda stages: None
    finished: Callable[[], None] = lambda: None


class Builder:
    def __init__(self, world: World, plan: Plan):
        self.world, self.plan, self.fleet = world, plan, Fleet(world)
        self.clock, self.store, self.say, self.box = world.clock, world.store, world.say, world.box
        self.poll: float = world.vast.poll_seconds  # type: ignore[attr-defined]
        self.pull_seconds: float = world.vast.pull_minutes * 60  # type: ignore[attr-defined]
        self.outbid_seconds: float = world.vast.outbid_minutes * 60  # type: ignore[attr-defined]
        self.may_move = False
        self.stages: dict[str, float] = {}
        self.speed = 0.0  # tokens/s of training, as last said

    # The whole ------------------------------------------------------------------------------------------------------

    def build(self, elsewhere: bool = False) -> None:
        """Until everything is here and nothing is rented. RentalError leaves the instance as it is, or stopped.
        elsewhere: the box that stands still, because its GPU is taken, is left behind, kept, at once."""
        self.reconcile()
        vanished, self.may_move = 0, True
        if elsewhere and self.fleet.instance:
            row = self.fleet.look()
            if row is not None and not (row.stopped or row.outbid):
                raise InputError(f"instance {row.id} is {row.status}: --elsewhere is for a box that stands still")
            if row is not None:
                self.leave()
        while True:
            if self.fleet.instance is None:
                if self.plan.built():
                    self.say("built already: every output is here, and of this config")
                    self.end_left()
                    return
                self.stop_at_cap(rented=False)
                self.rent_or_go_back()
            if self.fleet.instance is None:
                continue
            try:
                self.bring_back()
                self.stop_at_cap()
                self.begin()
                self.finish(self.watch())
                return
            except Gone as error:
                self.fleet.forget()
                vanished += 1
                if vanished >= MAX_BOXES:
                    raise RentalError(f"{vanished} boxes vanished; nothing is rented. Run it again later") from None
                self.say(f"{error}; another box goes on from what was pulled")
            except Outbid as error:
                self.say(f"  {error}")
                self.leave()
            except Unreachable as error:  # between two looks of the loops below
                self.say(f"  {error}; trying again")
                self.clock.sleep(self.poll)

    # Going on elsewhere ---------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """The box without its GPU is stopped and kept; when there is nothing else to rent, it is waited for as
        before."""
        if reason := self.over_cap():
            self.fleet.stop()
            raise CapReached(f"{reason}. Raise it and run it again, or end it.\n{self.stopped_text()}")
        try:
            offers = self.plan.offers()
        except (RentalError, KeyRefused) as error:
            self.say(f"  {error}; waiting for instance {self.fleet.the_instance()['id']} as before")
            return
        if not offers:
            number = self.fleet.the_instance()["id"]
            self.say(f"  nothing else is to be had just now; waiting for instance {number} as before")
            return
        if not self.fleet.the_instance()["work"]:
            self.fleet.destroy()
            return
        self.fleet.leave(self.plan.id)
        for instance in self.fleet.left[-1:]:
            self.say(f"{keep(instance)}\nanother box goes on from {self.pulled_text()}")

    def rent_or_go_back(self) -> None:
        """Rent. While a box is left behind and nothing else becomes a working one, the two are tried in turn."""
        try:
            self.rent()
        except StillBilling:
            raise
        except RentalError as error:
            if self.plan.id not in [instance["plan"] for instance in self.fleet.left[-1:]]:
                raise
            self.fleet.take_back()
            self.say(f"{error}; trying instance {self.fleet.the_instance()['id']} again, which was left behind")
            try:
                if self.fleet.start() is None:
                    self.fleet.forget()
            except GpuTaken:
                self.say("  somebody else still has its GPU")
                self.fleet.leave(self.plan.id)

    def end_left(self) -> None:
        """All that this plan makes is here: what was left behind for it, and for nothing else, is of no use any
        more."""
        for instance in self.fleet.left:
            if {instance["plan"], *instance.get("plans", [])} == {self.plan.id}:
                self.fleet.destroy_left(instance)
            else:
                self.say(keep(instance))

    def pulled_text(self) -> str:
        pulled = self.store.load()["pulled"]
        return f"{pulled[0]}, pulled {(self.clock.wall() - pulled[1]) / 60:.0f} minutes ago" if pulled else "the start"

    # Renting --------------------------------------------------------------------------------------------------------

    def rent(self) -> None:
        """Offers one after another until one passes every check. What fails or is interrupted is destroyed again."""
        faults: Counter[str] = Counter()
        offers = self.plan.offers()
        tried = offers[: self.world.vast.max_tries]  # type: ignore[attr-defined]
        for offer in tried:
            self.say(f"renting offer {offer['id']}: {offer['gpu_name']}, ${offer['dph_total']:.3f}/h with the disk")
            try:
                self.say(f"  instance {self.fleet.rent(offer)}")
                self.boot()
                return
            except OfferGone as error:
                self.say(f"  {error}\n  taking the next offer")
            except Gone as error:
                self.fleet.forget()
                self.say(f"  {error}\n  taking the next offer")
            except BadBox as error:
                self.say(f"  {error}")
                self.fleet.destroy()
                faults[error.kind] += 1
                if faults[error.kind] >= SAME_FAULT:
                    raise RentalError(
                        f"{SAME_FAULT} boxes failed in the same way ({error}); nothing is rented"
                    ) from None
                self.say("  taking the next offer")
            except StillBilling:
                raise
            except BaseException as error:
                if self.fleet.instance:
                    self.say(f"  {str(error) or 'interrupted'}")
                    self.fleet.destroy()
                raise
        raise RentalError(f"none of {len(tried)} offers became a working box; nothing is rented")

    def boot(self) -> None:
        """Wait for the container, for ssh, for onstart.sh; start the meter guard; look at the machine. BadBox says
        why not."""
        deadline = self.clock.monotonic() + self.fleet.boot_seconds
        self.wait_running(deadline)
        problem, ready = "no answer", None
        while ready is None:
            try:
                self.connect()
                ready = self.box.ready()
            except (Unreachable, ApiError) as error:
                problem = str(error)
            if ready is None and self.clock.monotonic() >= deadline:
                raise BadBox("boot", f"not ready in {self.fleet.boot_seconds / 60:g} minutes: {problem}")
            if ready is None:
                self.clock.sleep(self.poll)
        self.say(f"  ssh works; {ready}")
        for last in (False, False, True):  # a connection cut here is no reason to give the box up
            try:
                self.box.install(self.limits(), self.fleet.the_instance()["id"])
                self.box.check()
                return
            except Unreachable as error:
                if last:
                    raise BadBox("connection", f"its connection does not hold: {error}") from None
                self.clock.sleep(self.poll)

    def wait_running(self, deadline: float | None) -> None:
        """Until the container runs. With a deadline a box that will not is bad; without one it is waited for. Outbid
        when a build has waited long enough."""
        said, exited, told = None, 0, self.clock.monotonic()
        outbid: float | None = None  # since when
        while True:
            row: Row | None = None
            try:
                row = self.fleet.look()
                if row is None:
                    raise Gone(f"instance {self.fleet.the_instance()['id']} does not exist any more")
                if row.runs:
                    return
                exited = exited + 1 if row.outbid or row.stopped else 0
                outbid = (outbid or self.clock.monotonic()) if row.outbid else None
                if (row.status, row.message) != said or self.clock.monotonic() - told > TELL_SECONDS:
                    said, told = (row.status, row.message), self.clock.monotonic()
                    self.say(f"  {row.status or 'being provisioned'}: {row.message.strip()[:100]}")
                    if row.outbid and deadline is None and exited > 1:
                        self.say(f"  {self.outbid_text()}")
            except ApiError as error:  # one bad answer is no reason to give the box up
                self.say(f"  {error}")
            if deadline is not None and exited > LAG_POLLS and row is not None:
                raise BadBox("container", f"its container is {row.status}: {row.message or 'no reason given'}")
            if deadline is not None and self.clock.monotonic() >= deadline:
                raise BadBox("start", f"instance {self.fleet.the_instance()['id']} did not start in time")
            if deadline is None and exited > LAG_POLLS and row is not None and row.stopped:
                raise Stopped(self.stopped_text())
            if deadline is None and self.may_move and outbid is not None:
                waited = self.clock.monotonic() - outbid
                if waited >= self.patience():
                    raise Outbid(f"outbid for {waited / 60:.0f} minutes")
            self.clock.sleep(self.poll)

    def patience(self) -> float:
        """Seconds for which an outbid box is waited for: at least as long as it would take to make again what it may
        hold beyond the last pull."""
        return max(self.outbid_seconds, self.fleet.the_instance().get("unsaved", 0.0))

    def outbid_text(self) -> str:
        """What happens while somebody pays more for the GPU, and what a user can do."""
        text = "outbid: it runs again by itself when its bid is the highest; until then only its disk costs.\n       "
        if self.may_move:
            return (
                f"{text}When that takes {self.patience() / 60:.0f} minutes (vast.outbid_minutes, or as long as making "
                f"what was not pulled),\n       another box goes on from {self.pulled_text()}"
            )
        return (
            f"{text}to go on elsewhere when it takes too long, from {self.pulled_text()}: python scripts/vast.py build"
        )

    def connect(self) -> None:
        """Point the ssh alias at the box, by the addresses that vast.ai gives now. Unreachable when none answers."""
        row = self.fleet.look()
        if row is None:
            raise Gone(f"instance {self.fleet.the_instance()['id']} does not exist any more")
        for address in row.addresses:
            self.box.point_at(row.id, address)
            if self.box.reachable():
                return
        raise Unreachable("ssh does not answer" if row.addresses else "it has no ssh port yet")

    # Coming back to a box -------------------------------------------------------------------------------------------

    def bring_back(self) -> None:
        """An instance that is rented, by this command or an earlier one: running, connected, with its guard."""
        row = None
        while row is None:
            try:
                row = self.fleet.look()
                if row is None:
                    raise Gone(f"instance {self.fleet.the_instance()['id']} does not exist any more")
            except ApiError as error:
                self.say(f"  {error}; asking again")
                self.clock.sleep(self.poll)
        if row.intended == "stopped":
            self.say(f"instance {row.id} is stopped, with what it holds: starting it")
            if self.fleet.start() is None:
                raise Gone(f"instance {row.id} does not exist any more")
        if not self.fleet.the_instance()["work"]:
            try:
                self.boot()
            except BadBox as error:
                self.say(f"  {error}")
                self.fleet.destroy()
                raise Gone("nothing was on it") from None
            return
        self.patiently(self._ready)
        self.patiently(self.box.resume)
        self.report()  # when it ran: hours in which nobody looked count against no cap before that is known
        try:
            self.patiently(lambda: self.box.install(self.limits(), self.fleet.the_instance()["id"]))
        except RentalError as error:
            if not isinstance(
                error, (Gone, Stopped, Outbid)
            ):  # its disk is full, say: what it holds can still come home
                self.pull()
            raise

    def _ready(self) -> None:
        if self.box.ready() is None:
            raise Unreachable("onstart.sh is at work on the box")

    def begin(self) -> None:
        """The job runs: found so, or started after a push."""
        report = self.report()
        if report.job == "running":
            if report.plan != self.plan.id:
                raise InputError(
                    "the box runs another build (another config, or --to); see: python scripts/vast.py status"
                )
            self.say("== the build runs on the box already")
            self.patiently(self.box.push_rest)
            return
        if report.job == "ended" and report.status == 0 and report.plan == self.plan.id:
            return
        with self.store.change() as state:  # before the first byte of work
            first = not state["instance"]["work"]
            state["instance"]["work"] = True
            state["instance"]["plans"] = sorted({self.plan.id, *state["instance"].get("plans", [])})
        if not first:
            self.look_at_the_machine()
        self.say("== push")
        uplink = self.patiently(lambda: self.box.push(first))
        if uplink:
            with self.store.change() as state:
                state["uplink"] = uplink
        self.patiently(self.box.start_build)
        self.say("== the build runs on the box; now the articles, which nothing waits for yet")
        self.patiently(self.box.push_rest)
        self.say("== all is on the box: it goes on with or without this machine")

    def look_at_the_machine(self) -> None:
        """Between two starts its GPU may have become another, or slow. It holds work, so it is only said."""
        try:
            self.patiently(self.box.check)
        except BadBox as error:
            self.say(f"  WARNING: {error}. To go on elsewhere: python scripts/vast.py stop, then build --elsewhere")

    def patiently(self, action: Callable):
        """Do it over ssh for as long as it takes. A cut connection is no news about the box: vast.ai is asked, and
        then the box again. Gone or Stopped when vast.ai says so."""
        told = None
        while True:
            try:
                return action()
            except Unreachable as error:
                now = self.clock.monotonic()
                if told is None or now - told > TELL_SECONDS:
                    told = now
                    self.say(f"  {error}; trying again")
                self.clock.sleep(self.poll)
                try:
                    self.wait_running(None)
                    self.connect()
                except (Unreachable, ApiError):
                    pass

    # Watching -------------------------------------------------------------------------------------------------------

    def report(self) -> Report:
        report: Report = self.patiently(self.box.report)
        self.stages = report.stages or self.stages
        with self.store.change() as state:
            if state["instance"]:
                ledger.counted(state, state["instance"]["id"], report.spans)
                ledger.moved(state, state["instance"]["id"], *report.traffic)
                self.fleet.met(state["instance"], True)
        return report

    def watch(self) -> Report:
        """Follow the job to its end; pull now and then; keep the caps. -> the last report"""
        shown = warned = ""
        pulled, lost = self.clock.monotonic(), 0
        while True:
            report = self.report()
            if report.line and report.line != shown:
                shown = report.line
                self.say(f"  {shown[:150]}")
                self.forecast(report)
            if report.guard != warned:
                warned = report.guard
                if warned:
                    self.say(f"  WARNING: {warned}")
            if report.ending:
                self.end_at_cap(report.ending)
            lost = lost + 1 if report.job == "lost" else 0  # for a moment after a restart, before onstart.sh resumes it
            if report.job in ("ended", "none") or lost > LAG_POLLS:
                return report
            self.stop_at_cap()
            if self.clock.monotonic() - pulled >= self.pull_seconds:
                self.look()
                self.pull()
                pulled = self.clock.monotonic()
            self.clock.sleep(self.poll)

    def look(self) -> None:
        """Ask vast.ai now and then while the box answers too: its price may have changed."""
        try:
            self.fleet.look()
        except (ApiError, KeyRefused):
            pass  # what it means is known when it is needed

    def forecast(self, report: Report) -> None:
        """What the speed of training means for the whole build: said again when it has changed by a tenth."""
        found = re.search(r"([\d,]+) tok/s", report.line)
        if found is None or "train" in report.stages:
            return
        speed = float(found[1].replace(",", ""))
        if abs(speed - self.speed) > 0.1 * self.speed:
            self.speed = speed
            self.say(f"  {self.plan.trains(speed)}")

    def pull(self) -> None:
        """One of many: what goes wrong is said, and the next one will do. What is on the box stays there."""
        try:
            self.pull_all()
        except (LocalFault, RentalError) as error:
            if isinstance(error, (Gone, Stopped, Outbid)):
                raise
            self.say(f"  pull: {error}; the box goes on, and it is tried again later")

    def pull_all(self, patient: bool = True) -> Pulled:
        """What the box had made when this began is here afterwards, and verified."""

        def pull() -> tuple[float, Pulled]:
            return self.clock.wall(), self.box.pull()

        began, pulled = self.patiently(pull) if patient else pull()
        with self.store.change() as state:
            if known := state["instance"]:
                self.fleet.met(known, True)
                known["unsaved"] = self.clock.wall() - began
            if pulled.new:
                state["pulled"] = [pulled.new[-1], self.clock.wall()]
        self.say(f"  pulled: {', '.join(pulled.new) if pulled.new else 'no new checkpoint'}")
        return pulled

    def finish(self, report: Report) -> None:
        """The job has ended: everything home, compared, and only then the box destroyed. A failed stage keeps its
        box."""
        self.look()
        pulled = self.pull_all()
        if report.job == "lost":
            raise RentalError(
                "the build ended without a status (killed, or out of memory); the box is kept, its guard stops it. "
                "See: python scripts/vast.py logs build; the same command goes on"
            )
        if report.status == STOPPED_EARLY:
            raise RentalError(f"{report.line or 'a stage was stopped before its last step'}; the same command goes on")
        if report.status:
            raise RentalError(
                f"the build failed with status {report.status} ({report.line}); the box is kept. "
                "Its log: python scripts/vast.py logs build"
            )
        again = self.report()
        if again.job != "ended" or self.patiently(self.box.inventory) != pulled.inventory:
            raise Unreachable("the box has made more since the pull")
        self.plan.verified(dict(self.stages))
        if again.running:
            raise HasWork(
                f"all of this build is here, and {', '.join(again.running)} still runs on the box, so it is kept.\n"
                "       let it end, then:              the same command again\n"
                "       or save, pull and destroy now: python scripts/vast.py down"
            )
        self.fleet.destroy(verified=True)
        self.end_left()
        self.plan.finished()

    # Single steps ---------------------------------------------------------------------------------------------------

    def reconcile(self) -> None:
        for row in self.fleet.reconcile():
            self.say(stranger(row))

    def up(self) -> None:
        self.reconcile()
        if self.fleet.instance is not None:
            raise InputError(
                f"instance {self.fleet.the_instance()['id']} is rented already; "
                "`vast.py status` shows it, `vast.py down` ends it"
            )
        self.rent()

    def stop(self) -> None:
        """Save, stop, see that it is stopped."""
        self.reconcile()
        row = self.fleet.look()
        if row is not None and row.runs and self.fleet.the_instance()["work"]:
            try:
                self.connect()
                self.box.end_jobs()
            except RentalError as error:  # whatever it is, the meter must not run on for it
                self.say(f"  could not tell its job to save: {error}")
        self.fleet.stop()
        if self.fleet.instance:
            self.say(self.stopped_text())

    def start(self) -> None:
        self.reconcile()
        self.fleet.take_back()
        if self.fleet.start() is None:
            self.fleet.forget()
            raise RentalError("it exists no more: its host took it away. Nothing is rented")
        self.bring_back()
        self.report()

    def down(self, lose_work: bool = False, number: int | None = None) -> None:
        """Save, pull, compare, destroy, see that it is gone. What cannot be pulled is not destroyed, unless it may be
        lost. number: that instance alone; without one, what was left behind ends too when its work may be lost."""
        self.fleet.reconcile()
        works = self.fleet.instance is not None and number in (None, self.fleet.the_instance()["id"])
        behind = [instance for instance in self.fleet.left if number in (None, instance["id"])]
        if number is not None and not works and not behind:
            raise InputError(f"instance {number} is none of this checkout's; see: python scripts/vast.py status")
        if behind and not works and not lose_work:
            raise HasWork(keep(behind[-1]))
        if works:
            self.end(lose_work)
        for instance in behind if lose_work else []:
            self.fleet.destroy_left(instance)

    def end(self, lose_work: bool) -> None:
        row = self.fleet.look()
        if row is None:
            self.fleet.forget()
            self.say("the instance exists no more")
        elif lose_work or not self.fleet.the_instance()["work"]:
            self.fleet.destroy(lose_work=lose_work)
        elif not row.runs:
            raise HasWork(keep(self.fleet.the_instance()))
        else:
            self.connect()
            if self.report().running:
                self.box.end_jobs()
            pulled = self.pull_all(patient=False)
            if self.report().running or self.box.inventory() != pulled.inventory:
                raise RentalError("the box has made more since the pull, so nothing was destroyed; run it again")
            self.fleet.destroy(verified=True)

    # The caps -------------------------------------------------------------------------------------------------------

    def used(self) -> tuple[float, float]:
        return ledger.total(self.store.load(), self.clock.wall())

    def over_cap(self) -> str | None:
        hours, dollars = self.used()
        if hours >= self.plan.max_hours:
            return f"the cap of {self.plan.max_hours:g} hours is reached"
        if dollars >= self.plan.max_dollars:
            return f"the cap of ${self.plan.max_dollars:g} is reached"
        return None

    def stop_at_cap(self, rented: bool = True) -> None:
        reason = self.over_cap()
        if reason and not rented:
            raise CapReached(f"{reason}; nothing is rented. Raise it and run it again")
        if reason:
            self.end_at_cap(reason)

    def end_at_cap(self, reason: str) -> None:
        """Save, pull, stop: in that order, each as far as it can be."""
        self.say(f"{reason}: the stage is told to save and end")
        try:
            self.patiently(self.box.end_jobs)
            self.pull_all()
        except Stopped:
            pass  # the guard was faster: what was saved is on its disk
        except (KeyRefused, RentalError) as error:
            if isinstance(error, Gone):
                raise
            self.say(f"  pull: {error}")
        self.fleet.stop()
        raise CapReached(f"{reason}. Raise it and run it again, or end it.\n{self.stopped_text()}")

    def limits(self) -> dict:
        """What the guard on the box goes by; seconds are counted there, so that no clock has to be right."""
        hours, dollars = self.used()
        dph, vast = self.fleet.the_instance()["dph"], self.world.vast
        left = min(self.plan.max_hours - hours, (self.plan.max_dollars - dollars) / (dph or 1e-9))
        return {
            "idle_minutes": vast.idle_minutes,  # type: ignore[attr-defined]
            "laptop_hours": vast.laptop_hours,  # type: ignore[attr-defined]
            "poll_seconds": vast.poll_seconds,  # type: ignore[attr-defined]
            "seconds_left": max(0.0, left * 3600),
        }

    def stopped_text(self) -> str:
        instance = self.fleet.the_instance()
        return (
            f"instance {instance['id']} is stopped and keeps what it holds; its disk costs "
            f"${instance['disk_dph'] * 24:.2f} a day.\n"
            "       go on:                    the same command again\n"
            "       bring home and end it:    python scripts/vast.py start, then down\n"
            "       give up what it holds:    python scripts/vast.py down --lose-work"
        )
