"""The commands of scripts/vast.py: the config and the real world put together, results and errors shown."""

import difflib
import hashlib
import json
import os
import re
import signal
import sys
import time
from argparse import Namespace
from pathlib import Path

from pipeline.config import ROOT, InputError, load_config, resolve
from pipeline.ending import write_nowhere
from scripts.rental import ledger, preflight, price, transfer
from scripts.rental import state as st
from scripts.rental.api import VastApi
from scripts.rental.box import Job, SshBox, show_status
from scripts.rental.build import Builder, Gone, Plan, Stopped
from scripts.rental.fleet import Fleet, World, keep, stranger
from scripts.rental.on_box.build import RUNS, STAGES, stages
from scripts.rental.world import Clock, HasWork, RentalError, Row, StillBilling, Unreachable

STATE = ROOT / ".vast"


def main(args: Namespace) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal is a Ctrl-C: clean up
        signal.signal(number, interrupt)
    try:
        session = Session(load_config(args.config, args.overrides), args)
        status = COMMANDS[args.command](session) or 0
        if session.store.unwritten is not None:
            raise RentalError(f"{session.store.problem}; make room, then: python scripts/vast.py status")
        return status
    except InputError as error:
        print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
        note_if_billing()
        return 2
    except StillBilling as error:
        print(error, file=sys.stderr)
        return 1
    except RentalError as error:
        print(f"error: {error}", file=sys.stderr)
        note_if_billing()
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        note_if_billing()
        return 130
    except Exception:  # a defect of ours must not hide that something costs money
        note_if_billing()
        raise


def interrupt(number, frame) -> None:
    raise KeyboardInterrupt


class Uninterrupted:
    """A Ctrl-C in here takes effect at its end, also when that is an error: neither a clean-up nor a request that
    costs money is cut short, and nobody's wish to stop is swallowed."""

    def __enter__(self) -> None:
        self.signals: list[int] = []
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self.before = {n: signal.signal(n, lambda number, frame: self.signals.append(number)) for n in numbers}

    def __exit__(self, kind, error, trace) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        if self.signals and (kind is None or issubclass(kind, Exception)):
            raise KeyboardInterrupt from error


def note_if_billing() -> None:
    """Whatever went wrong: say what still costs money, and how it goes on or ends."""
    try:
        state = st.Store(STATE).load()
    except InputError:
        return
    instance = state["instance"]
    for left in state["left"]:
        print(f"NOTE: {keep(left)}", file=sys.stderr)
    if instance and instance["wanted"] == "stopped":
        print(
            f"NOTE: instance {instance['id']} is stopped; its disk costs ${instance['disk_dph'] * 24:.2f} a day. "
            "Go on: python scripts/vast.py start",
            file=sys.stderr,
        )
    elif instance:
        print(
            f"NOTE: instance {instance['id']} is still rented (${instance['dph']:.3f}/h while it runs). The guard "
            "on it stops it when nothing runs.\n      Go on: the same command.  End it: python scripts/vast.py down",
            file=sys.stderr,
        )
    elif state["requests"]:
        label = state["requests"][-1]["label"]
        print(
            f"NOTE: an instance labelled {label} may have been rented. Run: python scripts/vast.py down",
            file=sys.stderr,
        )


class Session:
    """One command: its config, and the world it acts on, connected when it is first needed."""

    def __init__(self, cfg, args: Namespace):
        self.cfg, self.args, self.store = cfg, args, st.Store(STATE)
        self.last = getattr(args, "to", None) or STAGES[-1]
        self.disk_gb = price.disk_gb(cfg)

    @property
    def job(self) -> Job:
        settings = ["--config", self.args.config, *self.args.overrides]
        instance = self.store.load()["instance"]
        if instance and not any(o.startswith("train.price_per_hour=") for o in self.args.overrides):
            settings.append(f"train.price_per_hour={instance['dph']:.4f}")  # what is rented
        if instance and instance.get("bid") and not any(o.startswith("train.checkpoint_") for o in self.args.overrides):
            settings += self.bid_settings(instance)
        return Job(self.plan_id(), STAGES[0], self.last, tuple(settings))

    def bid_settings(self, instance: dict) -> list[str]:
        """It may be outbid at any moment: a checkpoint for each pull."""
        count = instance["gpus"]
        reached = self.store.load()["speeds"].get(price.gpus(instance["gpu"], count))
        measured = reached / price.flops_per_token(self.cfg) if reached else None
        hours = price.stage_hours(self.cfg, instance["gpu"], count, self.last, measured)
        return [f"train.checkpoint_interval={price.bid_interval(self.cfg, hours['train'])}"] if hours else []

    def plan_id(self) -> str:
        """What is built: the config but for how it is rented, and the last stage."""
        settings = self.cfg.model_dump(exclude={"vast": True, "train": {"price_per_hour"}})
        return hashlib.sha256(json.dumps([settings, self.last], sort_keys=True, default=str).encode()).hexdigest()[:16]

    def connect(self) -> VastApi:
        # until the guard is there; twice the boot time, so that a slow box is not cut off
        env = {"WIKILLM_FUSE_MINUTES": f"{self.cfg.vast.boot_minutes * 2:g}"}
        if os.environ.get("VAST_URL"):
            env["VAST_URL"] = os.environ["VAST_URL"]
        self.api = VastApi(self.cfg.vast, (ROOT / "onstart.sh").read_text(), env, self.disk_gb)
        return self.api

    def box(self) -> SshBox:
        return SshBox(STATE, self.cfg, lambda: self.job, os.environ.get("VAST_URL") or "https://console.vast.ai")

    def rented_box(self) -> SshBox:
        """For commands that ask the box alone."""
        if self.store.load()["instance"] is None:
            self.builder().reconcile()  # .vast may have been deleted
        if self.store.load()["instance"] is None:
            raise InputError("nothing is rented; first: python scripts/vast.py up")
        box = self.box()
        if not box.reachable():
            builder = self.builder()
            row = builder.fleet.look()
            if row is not None and row.stopped:
                raise Stopped(f"instance {row.id} is stopped; first: python scripts/vast.py start")
            builder.connect()  # a restart changes its address
        return box

    def builder(self) -> Builder:
        world = World(self.connect(), self.box(), Clock(), self.store, self.cfg.vast, say, Uninterrupted)
        hours = getattr(self.args, "max_hours", None) or self.cfg.vast.max_hours
        dollars = getattr(self.args, "max_dollars", None) or self.cfg.vast.max_dollars
        plan = Plan(self.plan_id(), hours, dollars, self.offers, self.built, self.trains, self.verified, self.finished)
        return Builder(world, plan)

    def offers(self) -> list[dict]:
        """What may be rented, best first; InputError for what would fail on every box."""
        key = preflight.ssh_key(self.cfg)
        self.api.register_key(key.with_name(key.name + ".pub").read_text().strip())
        quotes = [q for q in self.quotes() if not q.fits]
        vast = self.cfg.vast
        fitting = [q for q in quotes if q.offer["dph_total"] <= vast.max_price]
        if not fitting:
            raise RentalError(
                f"no {vast.gpu} below ${vast.max_price}/h fits `{vast.filters}`; "
                "raise vast.max_price or loosen vast.filters"
            )
        return self.taking_the_bid(fitting)

    def taking_the_bid(self, quotes: list[price.Quote]) -> list[dict]:
        bid = self.cfg.vast.bid
        lowest = [quote.offer.get("min_bid") or 0.0 for quote in quotes]
        winning = [quote for quote, low in zip(quotes, lowest) if isinstance(bid, str) or low <= bid]
        if not winning:
            raise RentalError(
                f"no offer takes a bid of ${bid:g}/h: the lowest that wins now is ${min(lowest):g}; raise vast.bid, or "
                "vast.bid=off"
            )
        return [self.with_bid(quote) for quote in winning]

    def with_bid(self, quote: price.Quote) -> dict:
        """vast.bid: auto bids a tenth above the lowest that wins now; a number bids that many dollars an hour for the
        GPU."""
        bid, lowest = self.cfg.vast.bid, quote.offer.get("min_bid")
        if bid == "off" or not lowest:
            return quote.offer
        offered = round(lowest * 1.1, 4) if bid == "auto" else float(bid)
        return {**quote.offer, "bid": offered, "dph_total": offered + (quote.offer.get("disk_dph") or 0.0)}

    def quotes(self, every_gpu: bool = False) -> list[price.Quote]:
        vast = self.cfg.vast
        names = list(price.SPEEDS) if every_gpu or vast.gpu == "any" else vast.gpu.split(",")
        gpus = (
            f"gpu_name={names[0]}"
            if len(names) == 1
            else f"gpu_name in [{','.join(n.replace(' ', '_') for n in names)}]"
        )
        filters = re.sub(r"\bnum_gpus=1\b", "num_gpus<=4", vast.filters) if every_gpu else vast.filters
        query = f"{gpus} disk_space>={self.disk_gb} direct_port_count>=1 {filters}"
        found = self.api.search(query, self.disk_gb, "bid" if vast.bid != "off" else "on-demand")
        for offer in found:  # GPU and disk apart: only the disk costs while it is stopped
            offer["disk_dph"] = offer.get("storage_total_cost") or 0.0
        return price.rank(self.cfg, found, self.last, time.time(), self.store.load()["speeds"])

    def trains(self, tokens_per_second: float) -> str:
        """Keep the speed for later offers; say what it means for this build."""
        with self.store.change() as state:
            instance = state["instance"]
            count = instance.get("gpus", 1)
            state["speeds"][price.gpus(instance["gpu"], count)] = tokens_per_second * price.flops_per_token(self.cfg)
        hours = price.stage_hours(self.cfg, instance["gpu"], count, self.last, tokens_per_second) or {}
        table = price.stage_hours(self.cfg, instance["gpu"], count, self.last)
        told = f" (the table says {table['train']:.1f} h of training)" if table else ""
        return (
            f"{tokens_per_second:,.0f} tokens/s: {hours['train']:.1f} h of training{told}, the whole build about "
            f"{sum(hours.values()):.1f} h and ${sum(hours.values()) * instance['dph']:.2f}"
        )

    # What is here ---------------------------------------------------------------------------------------------------

    def outputs(self) -> str | None:
        """Identity of all that the build makes, as it lies here; None when something is missing."""
        cfg, files = self.cfg, []
        for stage in stages(STAGES[0], self.last):
            if stage in RUNS:
                files.append(Path(cfg.train.checkpoint_dir) / RUNS[stage] / "latest/hashes.json")
        made = {"gen_sft_data": cfg.sft.train_file, "gen_pref_data": cfg.pref.train_file,
                "eval_ppl": f"{cfg.eval.report}.json", "judge_eval": f"{cfg.judge.report}.json"}  # fmt: skip
        files += [Path(file) for stage, file in made.items() if stage in stages(STAGES[0], self.last)]
        found = [resolve(str(file)) for file in files]
        if not all(file.is_file() for file in found):
            return None
        return transfer.digest({str(file): transfer.sha256(file) for file in found})

    def built(self) -> bool:
        return self.store.load()["built"] == {"inputs": self.plan_id(), "outputs": self.outputs()}

    def verified(self, hours: dict[str, float]) -> None:
        with self.store.change() as state:
            state["built"] = {"inputs": self.plan_id(), "outputs": self.outputs()}
            state["hours"] = hours

    def finished(self) -> None:
        print(f"built {self.args.config}:")
        write_bill(self)
        close_ledger(self.store)


def say(text: str) -> None:
    """A full disk behind `>`, or a reader that is gone, ends no build."""
    try:
        print(text, flush=True)
    except OSError:
        write_nowhere()


def write_bill(session: Session) -> None:
    state, now = session.store.load(), time.time()
    page = ledger.bill(state, state["hours"], now)
    file = resolve(session.cfg.eval.report).parent / "bill.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page)
    print(f"{page}written to {os.path.relpath(file, ROOT)}", flush=True)


def close_ledger(store: st.Store) -> None:
    """The next build has its own caps and its own bill; what still costs stays in it."""
    with store.change() as state:
        over = [entry for entry in state["ledger"] if entry["prices"][-1][1] == 0]
        state["history"] = [*state["history"], *over]
        state["ledger"] = [entry for entry in state["ledger"] if entry not in over]


# The commands ---------------------------------------------------------------------------------------------------------


def offers(session: Session) -> None:
    session.connect()
    quotes = session.quotes(every_gpu=True)
    vast = session.cfg.vast
    if not quotes:
        raise RentalError(f"nothing fits `{vast.filters}`; loosen vast.filters")
    print(price.table(quotes[:20]))
    print(
        f"dollars: the stages up to {session.last}, {session.disk_gb} GB of disk and the traffic; "
        f"`up` and `build` rent vast.gpu: {vast.gpu}, by vast.filters"
    )
    best = next((q for q in quotes if q.bid_dollars is not None and not q.fits), None)
    if best is not None:
        print(
            f"by bid the first of them would cost ${best.bid_dollars:.2f} in place of ${best.dollars:.2f} "
            "(vast.bid=auto); when it is outbid, it waits"
        )


def up(session: Session) -> None:
    with st.only_one(STATE):
        builder = session.builder()
        builder.up()
        instance = builder.fleet.the_instance()["id"]
    print(
        f"instance {instance} is ready: ssh -F {STATE / 'ssh_config'} {st.ALIAS}\n"
        f"(or once: add `Include {STATE / 'ssh_config'}` to the top of ~/.ssh/config, then: ssh {st.ALIAS})"
    )


def push(session: Session) -> None:
    box = session.rented_box()
    mark_work(session.store)
    busy = any(state == "running" for state, _, _ in box.status()["jobs"].values())
    transfer.push(box.line, session.cfg, session.args.config, busy)
    if not busy:
        transfer.push_articles(box.line, session.cfg)
    print("pushed" if not busy else "pushed the code alone: a job runs, and may be writing the data")


def mark_work(store: st.Store) -> None:
    """From now on the box may hold what is nowhere else."""
    with store.change() as state:
        if state["instance"]:
            state["instance"]["work"] = True
            state["instance"]["plans"] = sorted({"by hand", *state["instance"].get("plans", [])})


def pull(session: Session) -> None:
    every = session.args.every
    pause = seconds(every) if every else 0.0
    while True:
        try:  # asked before the pull, so that what a job wrote at its end is in it
            box = session.rented_box()  # each time: its address may be another
            idle = not any(state == "running" for state, _, _ in box.status()["jobs"].values())
            pull_once(session, box)
        except RentalError as error:
            if every is None or isinstance(error, (Gone, Stopped)):
                raise
            print(f"{error}; trying again in {every}", flush=True)
            idle = False
        if every is None or idle:
            return
        time.sleep(pause)


def pull_once(session: Session, box: SshBox) -> None:
    new = box.pull().new
    if new:
        with session.store.change() as state:
            state["pulled"] = [new[-1], time.time()]
    print(time.strftime("%H:%M:%S"), "pulled:", ", ".join(new) if new else "no new checkpoint", flush=True)


def run(session: Session) -> None:
    stage = session.args.stage
    known = sorted(p.stem for p in (ROOT / "src").glob("*.py"))
    if stage not in known:
        near = difflib.get_close_matches(stage, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
        raise InputError(f"no stage {stage!r}{hint}")
    box = session.rented_box()
    mark_work(session.store)
    box.set_limits(session.builder().limits())
    box.start_job(stage, stage, stage)
    print(f"{stage} runs on the box, with or without this machine. See it: python scripts/vast.py logs -f {stage}")


def attach(session: Session) -> None:
    box, name = session.rented_box(), session.args.stage
    remote = f"touch ~/.wikillm/laptop; tmux attach -t ={name}"
    os.execvp("ssh", ["ssh", "-F", str(box.line.ssh_config), "-t", st.ALIAS, remote])


def logs(session: Session) -> None:
    box, name = session.rented_box(), session.args.stage
    log = f"~/.wikillm/jobs/{name}/log"
    # following ends with the job
    follow = f"tail -n +1 -F --pid=$(cut -d' ' -f1 ~/.wikillm/jobs/{name}/pid) {log} 2>/dev/null"
    there = f"test -f {log} || {{ echo 'no log of {name} on the box' >&2; exit 1; }}"
    remote = f"touch ~/.wikillm/laptop; {there}; {follow if session.args.follow else f'cat {log}'}"
    os.execvp("ssh", ["ssh", "-F", str(box.line.ssh_config), st.ALIAS, remote])


def status(session: Session) -> None:
    builder = session.builder()
    strangers = builder.fleet.reconcile()
    state = session.store.load()
    instance = state["instance"]
    if instance is None and not state["left"]:
        print("nothing is rented")
    elif instance:
        row = builder.fleet.look()
        shown = "GONE" if row is None else row.status
        print(
            f"instance {instance['id']}, {instance['gpu']}: {shown}, "
            f"rented {(time.time() - instance['rented']) / 3600:.1f} h ago"
        )
        if row is None:
            builder.fleet.forget()
        elif row.runs:
            try:
                builder.connect()
                builder.report()
                print(show_status(builder.box.status()))  # type: ignore[attr-defined]
            except Unreachable as error:
                print(f"the box does not answer: {error}")
        else:
            print(builder.stopped_text())
    state = session.store.load()
    for left in state["left"]:
        print(keep(left))
    if state["pulled"]:
        print(
            f"last checkpoint pulled: {state['pulled'][0]}, {(time.time() - state['pulled'][1]) / 60:.0f} minutes ago"
        )
    if state["ledger"]:
        print(ledger.show(state, time.time()))
    tell_strangers(strangers)


def tell_strangers(rows: list[Row]) -> None:
    for row in rows:
        print(stranger(row))


def bill(session: Session) -> None:
    write_bill(session)


def stop(session: Session) -> None:
    with st.only_one(STATE):
        session.builder().stop()


def start(session: Session) -> None:
    with st.only_one(STATE):
        builder = session.builder()
        builder.start()
        print(f"instance {builder.fleet.the_instance()['id']} runs again")


def adopt(session: Session) -> None:
    with st.only_one(STATE):
        fleet = Fleet(session.builder().world)
        rows = [row for row in fleet.reconcile() if row.id == session.args.instance]
        if not rows:
            raise InputError(
                f"no instance {session.args.instance} with a label of this project that is not known here; "
                "see: python scripts/vast.py status"
            )
        if fleet.instance:
            raise InputError(f"instance {fleet.instance['id']} is rented; end it first: python scripts/vast.py down")
        fleet.adopt(rows[0])
    print(f"instance {rows[0].id} is this checkout's now; go on: vast.py build, or end it: vast.py down")


def down(session: Session) -> int:
    with st.only_one(STATE):
        builder = session.builder()
        strangers = builder.fleet.reconcile()
        had = builder.fleet.instance is not None or bool(builder.fleet.left)
        if not had:
            print("nothing is rented by this checkout" if strangers else "nothing is rented")
        else:
            try:
                builder.down(session.args.lose_work, session.args.instance)
            except (HasWork, StillBilling):
                raise
            except RentalError as error:
                if builder.fleet.instance is None:
                    raise
                raise RentalError(
                    f"nothing was destroyed: {error}\n"
                    "       run it again, or destroy it all the same: python scripts/vast.py down --lose-work"
                ) from None
        state = session.store.load()
        if state["ledger"]:
            print(ledger.show(state, time.time()))
            if state["instance"] is None:
                close_ledger(session.store)
        for left in state["left"]:
            print(keep(left))
        tell_strangers(strangers)
        return 1 if state["left"] or strangers and not had else 0


def build(session: Session) -> int:
    args = session.args
    if args.to and args.to not in STAGES:
        raise InputError(f"--to {args.to}: the stages of a build are {', '.join(STAGES)}")
    preflight.inputs(session.cfg, args.config)
    if args.check:
        return preflight.show(session)
    with st.only_one(STATE):
        session.builder().build(args.elsewhere)
    return 0


def seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not match:
        raise InputError(f"--every {text}: write 30m, 90s or 1h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


COMMANDS = {
    f.__name__: f for f in (offers, up, push, pull, run, attach, logs, status, bill, stop, start, adopt, down, build)
}
