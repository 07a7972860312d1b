"""A stand-in of vast.ai, of a rented box and of a laptop in one process with one clock, for the code that decides.

fleet.py and build.py run over it as they are; the guard's decisions on the box are those of on_box/guard.py. Hours
pass in milliseconds. `Account` is vast.ai: what it bills is the truth that ledgers are compared with. A `Breach` is
what must never happen.
"""

import itertools
import json
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from scripts.rental import world as w
from scripts.rental.build import STOPPED_EARLY, Builder, Plan
from scripts.rental.fleet import World
from scripts.rental.on_box.guard import Watch
from scripts.rental.state import Store

LAST_STEP = 6  # a build is so many units of work, each a checkpoint
UNIT_SECONDS = 1800.0
CHUNK = 30.0  # seconds that pass at once on the box
VAST = SimpleNamespace(
    poll_seconds=30.0,
    boot_minutes=10,
    max_tries=5,
    pull_minutes=30,
    idle_minutes=20,
    laptop_hours=12,
    outbid_minutes=60,
)
DPH, DISK_DPH = 0.40, 0.02


class Breach(BaseException):
    """Work that is nowhere else was destroyed, an instance is on no disk, ... No `except Exception` may hide it."""


class Killed(BaseException):
    """kill -9 of the command."""


class Clock:
    """true: the time of the world; off: seconds by which the laptops' clocks are wrong. A laptop's monotonic clock
    stands still while its lid is closed."""

    def __init__(self):
        self.true, self.asleep, self.off = 1_000_000.0, 0.0, 0.0
        self.world = None

    def wall(self) -> float:
        return self.true + self.off

    def monotonic(self) -> float:
        return self.true - self.asleep

    def sleep(self, seconds: float) -> None:
        self.world.tick()
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        end = self.true + seconds
        while self.true < end:
            step = min(CHUNK, end - self.true)
            self.true += step
            self.world.pass_time(step)


@dataclass
class Machine:
    """What lies behind one instance: a disk that survives stops, a job, a guard."""

    skew: float  # seconds by which its clock is wrong
    fault: str = ""  # what its check says
    good_key: bool = True
    full: bool = False  # its disk
    units: set = field(default_factory=set)
    job: str = "none"
    status: int | None = None
    plan: str = ""
    noted: set = field(default_factory=set)  # plans whose folders a pull by any config fetches
    unit_seconds: float = 0.0  # done of the next unit
    running: bool = False
    uptime: float = 0.0
    booted: float = 0.0  # uptime of this boot
    guard: Watch | None = None
    installed: bool = False  # guard and resume.sh are on its disk
    limits: dict | None = None
    counted: tuple = (None, 0.0)
    spans: list = field(default_factory=list)
    ending: str = ""  # a file on its disk: there still after a start, until a guard begins
    ending_limits: dict | None = None
    ended_at: float = 0.0
    laptop: int = 0  # counts up whenever the laptop is heard of
    activity: int = 0
    transfer_until: float = 0.0

    def boot(self) -> None:
        self.running, self.booted = True, 0.0
        self.guard = None

    def halt(self) -> None:
        self.running, self.guard = False, None
        if self.job == "running":
            self.job = "lost"

    def resume(self, true: float) -> None:
        """onstart.sh after a restart, or vast.py after its push: resume.sh"""
        if self.limits is not None and self.guard is None:
            self.guard, self.ending = Watch(self.uptime, *self.counted), ""
            self.spans.append([true + self.skew, 0.0])
        if self.job == "lost":
            self.job = "running"

    def note(self, plan: str) -> None:
        self.noted.add(plan)

    def made(self, plan: str) -> set:
        """What an inventory lists that is asked for by this plan's config."""
        return {unit for unit in self.units if unit[0] in {plan, *self.noted}}

    def end_jobs(self) -> None:
        if self.job == "running":
            self.save()
            self.job, self.status = "ended", STOPPED_EARLY

    def save(self) -> None:
        if self.unit_seconds:
            self.units.add((self.plan, self.step(), round(self.unit_seconds)))

    def step(self) -> int:
        return max((unit[1] for unit in self.units if unit[0] == self.plan and len(unit) == 2), default=0)

    def work(self, seconds: float) -> None:
        if self.job != "running":
            return
        self.unit_seconds += seconds
        if self.unit_seconds >= UNIT_SECONDS:
            self.unit_seconds = 0.0
            self.units.add((self.plan, self.step() + 1))
            if self.step() >= LAST_STEP:
                self.job, self.status = "ended", 0
                self.activity += 1


class Instance:
    def __init__(self, number: int, label: str, owner: str, clock: Clock, machine: Machine, visible: float):
        self.id, self.label, self.owner, self.clock, self.machine = number, label, owner, clock, machine
        self.created, self.visible = clock.true, clock.true + visible
        self.intended, self.status, self.port = "running", "loading", 20000 + number
        self.ready_at, self.offline_until, self.outbid_until = clock.true + 60, 0.0, 0.0
        self.history: deque = deque(maxlen=200)
        self.dph = DPH
        self.bill: list = [(clock.true, DPH)]
        self.gone: float | None = None

    def price(self, dollars: float) -> None:
        if self.bill[-1][1] != dollars:
            self.bill.append((self.clock.true, dollars))

    def billed(self, now: float) -> float:
        ends = [moment for moment, _ in self.bill[1:]] + [now]
        return sum((end - begin) / 3600 * price for (begin, price), end in zip(self.bill, ends))

    def stop(self) -> None:
        self.intended, self.status = "stopped", "exited"
        self.machine.halt()
        self.price(DISK_DPH)

    def change_price(self, dph: float) -> None:
        self.dph = dph
        if self.bill[-1][1] > DISK_DPH:
            self.price(dph)

    def start(self) -> None:
        if self.intended != "running":
            self.intended, self.ready_at = "running", self.clock.true + 40

    def restart(self) -> None:
        """The container anew: another port, all processes gone."""
        if self.status == "running":
            self.machine.halt()
            self.machine.boot()
            self.port += 1

    def end(self) -> None:
        self.machine.halt()
        self.price(0.0)
        self.gone = self.clock.true

    def pass_time(self, seconds: float, taken_until: float) -> None:
        now = self.clock.true
        if self.intended == "running" and self.status in ("loading", "exited"):
            if now >= max(self.ready_at, taken_until, self.outbid_until):
                self.status = "running"
                self.machine.boot()
                self.price(self.dph)
        elif self.status == "running" and now < self.outbid_until:
            self.status = "exited"
            self.machine.halt()
            self.price(DISK_DPH)
        if self.machine.running:
            self.run(seconds)
        self.history.append((now, self.row()))

    def run(self, seconds: float) -> None:
        m, now = self.machine, self.clock.true
        m.uptime += seconds
        m.booted += seconds
        if m.booted >= 20 and m.installed:
            m.resume(now)
        m.work(seconds)
        if m.guard is None:
            return
        m.spans[-1][1] += seconds
        busy = m.job == "running" or now < m.transfer_until
        reason = m.guard.look(m.uptime, m.limits, busy, m.laptop, m.activity)
        m.counted = (m.limits, m.uptime - m.guard.since)
        if reason and not m.ending:
            m.ending, m.ending_limits, m.ended_at = reason, m.limits, m.uptime
            m.end_jobs()
        if not reason:
            m.ending = ""
        if m.ending and m.good_key:
            if not m.ending.startswith("the cap") or not m.guard.may_pull(m.uptime, m.ended_at, now < m.transfer_until):
                self.stop()

    def row(self) -> w.Row:
        status = "offline" if self.clock.true < self.offline_until else self.status
        addresses = (("host", self.port),) if self.status == "running" else ()
        return w.Row(
            self.id, self.label, status, self.intended, "", "RTX 4090", self.dph, DISK_DPH, self.created, addresses
        )

    def lagging(self, lag: float) -> w.Row:
        """As vast.ai saw it `lag` seconds ago."""
        old = [row for moment, row in self.history if moment <= self.clock.true - lag]
        return old[-1] if old and lag else self.row()


class Cloud:
    """vast.ai: all instances of all accounts, and what is to go wrong."""

    def __init__(self, folder: Path):
        self.clock = Clock()
        self.clock.world = self
        self.folder, self.instances, self.numbers = folder, {}, itertools.count(7001)
        self.laptops: list[Laptop] = []
        self.events: list[tuple[float, object]] = []
        self.faults: deque = deque()  # of vast.ai's next answers
        self.order_faults: deque = deque()  # of its next answers to stop and start
        self.lag = self.null = self.taken_until = self.skew = 0.0
        self.credit = 10.0
        self.machine_faults: deque = deque()
        self.offers_taken = 0
        self.late: list = []  # instances that appear after a 504
        self.active: Laptop | None = None

    def tick(self) -> None:
        if self.active is not None:
            self.active.tick()

    def pass_time(self, seconds: float) -> None:
        for moment, action in [event for event in self.events if event[0] <= self.clock.true]:
            self.events.remove((moment, action))
            action()
        for instance in self.instances.values():
            if instance.gone is None:
                instance.pass_time(seconds, self.taken_until)

    def no_credit(self) -> None:
        """The account is empty: all of its boxes are stopped, and none starts."""
        self.credit = -0.1
        for instance in self.living():
            instance.stop()

    def after(self, seconds: float, action) -> None:
        self.events.append((self.clock.true + seconds, action))

    def living(self) -> list[Instance]:
        return [i for i in self.instances.values() if i.gone is None]

    def make(self, label: str, owner: str) -> int:
        fault = self.machine_faults.popleft() if self.machine_faults else ""
        machine = Machine(self.skew, fault if fault != "key" else "", good_key=fault != "key")
        number = next(self.numbers)
        self.instances[number] = Instance(number, label, owner, self.clock, machine, self.null)
        return number


class Api:
    """world.Api of one laptop."""

    def __init__(self, cloud: Cloud, laptop: "Laptop"):
        self.cloud, self.laptop = cloud, laptop

    def ask(self, what: str):
        """-> the fault that this answer is to have, after those that raise"""
        self.cloud.tick()
        self.cloud.clock.advance(0.5)
        if not self.laptop.online:
            raise w.ApiError(f"vast.ai could not {what}: no network")
        fault = self.cloud.faults.popleft() if self.cloud.faults else None
        if fault in (401, 403):
            raise w.KeyRefused(f"vast.ai refused the API key ({fault}) when asked to {what}")
        if fault == "hang":
            self.cloud.clock.advance(40)
        if fault in (404, 429, 500) or fault in ("html", "hang"):
            if what == "create" and fault in (404, 429):
                raise w.OfferGone("not available")
            raise w.ApiError(f"vast.ai could not {what}: {fault}", fault if isinstance(fault, int) else None)
        return fault

    def mine(self, instance: int) -> Instance | None:
        found = self.cloud.instances.get(instance)
        known = found is not None and found.gone is None and self.laptop.key == "good"
        return found if known else None

    def account(self) -> w.Account:
        if self.ask("account") in (504, "lost", "false"):
            raise w.ApiError("no answer")
        if self.laptop.key == "revoked":
            raise w.ApiError("404", 404)
        return w.Account("us" if self.laptop.key == "good" else "others", self.cloud.credit)

    def instances(self) -> list[w.Row]:
        if self.ask("list") in (504, "lost", "false"):
            raise w.ApiError("no answer")
        if self.laptop.key == "revoked":
            raise w.ApiError("404", 404)
        if self.laptop.key != "good":
            return []
        now = self.cloud.clock.true
        return [i.lagging(self.cloud.lag) for i in self.cloud.living() if now >= i.visible]

    def show(self, instance: int) -> w.Row | None:
        if self.ask("show") in (504, "lost", "false"):
            raise w.ApiError("no answer")
        found = self.mine(instance)
        if found is None or self.cloud.clock.true < found.visible:
            return None
        return found.lagging(self.cloud.lag)

    def create(self, offer: dict, label: str) -> int:
        on_disk = json.loads((self.laptop.store.file).read_text()) if self.laptop.store.file.exists() else {}
        if label not in [request["label"] for request in on_disk.get("requests", [])]:
            raise Breach(f"a request labelled {label} left before it was on disk")
        fault = self.ask("create")
        if fault == "false" or self.laptop.key != "good" or self.cloud.offers_taken > 0 or self.cloud.credit <= 0:
            self.cloud.offers_taken -= 1
            raise w.OfferGone("taken")
        if fault == 504:  # it shows up later
            self.cloud.after(20, lambda: self.cloud.make(label, self.laptop.name))
            raise w.ApiError("504", 504)
        number = self.cloud.make(label, self.laptop.name)
        if fault == "lost":
            raise w.ApiError("no answer")
        return number

    def destroy(self, instance: int) -> None:
        fault = self.ask("destroy")
        found = self.mine(instance)
        if found is None:
            raise w.ApiError("404", 404)
        if fault in ("false", 504):
            raise w.ApiError("not done")
        self.laptop.may_destroy(found)
        found.end()
        if fault == "lost":
            raise w.ApiError("no answer")

    def stop(self, instance: int) -> None:
        self.order(instance, "stop")

    def start(self, instance: int) -> None:
        self.order(instance, "start")

    def order(self, instance: int, what: str) -> None:
        fault = self.ask(what) or (self.cloud.order_faults.popleft() if self.cloud.order_faults else None)
        found = self.mine(instance)
        if found is None:
            raise w.ApiError("404", 404)
        if fault == "false":
            raise w.ApiError(f"vast.ai did not {what}: success false")
        if what == "start" and self.cloud.credit <= 0:
            raise w.ApiError("vast.ai could not start: 400 insufficient credit", 400)
        if fault == 504:  # said to be done, and not done: only reading it back tells
            return
        found.stop() if what == "stop" else found.start()
        if fault == "lost":
            raise w.ApiError("no answer")


class Box:
    """world.Box over the simulated line."""

    def __init__(self, cloud: Cloud, laptop: "Laptop"):
        self.cloud, self.laptop, self.address, self.instance = cloud, laptop, None, None
        self.job = SimpleNamespace(plan=laptop.plan)

    def point_at(self, instance: int, address: tuple[str, int]) -> None:
        self.instance, self.address = instance, address

    def reach(self, seconds: float = 1.0) -> Machine:
        self.cloud.tick()
        self.cloud.clock.advance(seconds)
        found = self.cloud.instances.get(self.instance)
        answers = (
            self.laptop.online and found is not None and found.gone is None and found.machine.running
            and self.cloud.clock.true >= found.offline_until and self.address == ("host", found.port))  # fmt: skip
        if not answers:
            raise w.Unreachable("no route")
        if self.laptop.cuts > 0:
            self.laptop.cuts -= 1
            raise w.Unreachable("broken pipe")
        found.machine.laptop += 1
        return found.machine

    def reachable(self) -> bool:
        try:
            self.reach()
            return True
        except w.Unreachable:
            return False

    def ready(self) -> str | None:
        return "python 3.11" if self.reach().booted >= 60 else None

    def resume(self) -> None:
        machine = self.reach(5)
        if machine.installed:
            machine.resume(self.cloud.clock.true)

    def install(self, limits: dict, instance: int) -> None:
        machine = self.reach(5)
        if machine.full:
            raise w.RentalError("on the box: cat: write error: No space left on device (status 1)")
        machine.installed, machine.limits = True, limits
        machine.resume(self.cloud.clock.true)

    def set_limits(self, limits: dict) -> None:
        self.reach().limits = limits

    def check(self) -> None:
        if fault := self.reach(5).fault:
            raise w.BadBox(fault, f"its {fault} is bad")

    def push(self, first: bool) -> None:
        machine = self.transfer(120)
        machine.note(self.job.plan)
        if not machine.units:
            machine.units |= {unit for unit in self.laptop.home if len(unit) == 2}

    def push_rest(self) -> None:
        self.transfer(60)

    def transfer(self, seconds: float) -> Machine:
        machine = self.reach()
        machine.activity += 1
        machine.transfer_until = self.cloud.clock.true + seconds
        return self.reach(seconds)

    def start_build(self) -> None:
        machine = self.reach()
        machine.note(self.job.plan)
        machine.plan, machine.status, machine.unit_seconds = self.job.plan, None, 0.0
        machine.activity += 1
        machine.job = "running"
        if machine.step() >= LAST_STEP:
            machine.job, machine.status = "ended", 0

    def end_jobs(self) -> None:
        self.reach(10).end_jobs()

    def report(self) -> w.Report:
        machine = self.reach()
        true = self.cloud.clock.true
        offset = true - (true + machine.skew)
        spans = tuple((first + offset, first + seconds + offset) for first, seconds in machine.spans)
        key = "" if machine.good_key else "the instance's key does not work"
        guard = key or ("" if machine.guard else "no meter guard runs on the box")
        return w.Report(
            machine.job,
            machine.plan,
            machine.status,
            f"step {machine.step()}/{LAST_STEP}",
            spans,
            guard,
            machine.ending if machine.ending_limits == machine.limits else "",
            running=("build",) if machine.job == "running" else (),
        )

    def inventory(self) -> str:
        return repr(sorted(self.reach().made(self.job.plan)))

    def pull(self) -> w.Pulled:
        machine = self.transfer(30)
        if self.laptop.disk_full:
            raise w.LocalFault("this machine could not write: No space left on device")
        made = machine.made(self.job.plan)
        new = made - self.laptop.home
        self.laptop.home |= made
        return w.Pulled(tuple(map(str, sorted(new))), repr(sorted(made)))


class Laptop:
    """A checkout with its .vast, what it has pulled, its key to the account, and a lid."""

    def __init__(self, cloud: Cloud, name: str):
        self.cloud, self.name, self.plan = cloud, name, f"plan of {name}"
        self.store = Store(cloud.folder / name / ".vast")
        self.home: set = set()
        self.online, self.disk_full, self.key, self.cuts = True, False, "good", 0
        self.calls_left: int | None = None
        self.offered = 5  # offers that a search finds
        self.lids: list[tuple[int, float]] = []  # (calls until the lid closes, hours it is closed)
        self.said: list[str] = []
        self.losing = False  # down --lose-work
        self.owned: set[str] = set()
        cloud.laptops.append(self)

    def tick(self) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left <= 0:
                raise Killed
        for number, (calls, hours) in enumerate(self.lids):
            self.lids[number] = (calls - 1, hours)
            if calls == 1:
                self.cloud.clock.asleep += hours * 3600
                self.cloud.clock.advance(hours * 3600)
        self.lids = [lid for lid in self.lids if lid[0] > 0]

    def may_destroy(self, instance: Instance) -> None:
        """The first invariant."""
        if instance.owner != self.name:
            raise Breach(f"{self.name} destroyed instance {instance.id}, which {instance.owner} rented")
        lost = instance.machine.units - self.home
        left = [known["id"] for known in self.store.load()["left"]]
        if instance.id in left and self.built() and {unit[0] for unit in lost} <= {self.plan}:
            return  # all that it was to make, others have made, and it is here
        if (lost or instance.machine.job in ("running", "lost")) and not self.losing:
            raise Breach(f"instance {instance.id} was destroyed with {sorted(lost) or 'a job'} that is nowhere else")

    def builder(self, hours: float = 100.0) -> Builder:
        self.box = Box(self.cloud, self)
        world = World(Api(self.cloud, self), self.box, self.cloud.clock, self.store, VAST, self.said.append)
        return Builder(world, Plan(self.plan, hours, 1e6, self.offers, self.built))

    def offers(self) -> list[dict]:
        return [{"id": n, "gpu_name": "RTX 4090", "dph_total": DPH, "disk_dph": DISK_DPH} for n in range(self.offered)]

    def built(self) -> bool:
        return (self.plan, LAST_STEP) in self.home

    @contextmanager
    def command(self, calls: int | None):
        """One command, killed after so many calls of vast.ai, the box and sleep."""
        self.cloud.active, self.calls_left = self, calls
        try:
            yield
        finally:
            self.cloud.active = self.calls_left = None
            self.losing = False

    def run(self, action: str, calls: int | None = 4000, hours: float = 100.0, **options) -> str:
        """-> "" when it ended well, "killed", or the error that the user would see"""
        self.losing = bool(options.get("lose_work"))
        with self.command(calls):
            try:
                getattr(self.builder(hours), action)(**options)
                return ""
            except Killed:
                return "killed"
            except (w.RentalError, w.InputError) as error:
                return f"{type(error).__name__}: {error}"
