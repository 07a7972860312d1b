"""The rented instance of this checkout: rented, looked at, stopped, started, destroyed, each answer read back; and
those that a build has left behind, stopped, because others had outbid it.

What holds, whatever vast.ai answers:

- An instance that may hold work which is not here is not destroyed: `destroy` refuses, unless the caller has verified
  or says to lose it.
- A request is on disk before it leaves, and stays there until it is known what it did.
- "Gone" is said when a key that is proven to be the renting account's sees it in no listing, several times.

Patience is counted in polls of vast.poll_seconds by a monotonic clock: vast.ai's answers lag by seconds.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from scripts.rental import ledger
from scripts.rental.state import PREFIX, Store, new_label
from scripts.rental.world import (
    Account,
    Api,
    ApiError,
    Box,
    Clock,
    HasWork,
    KeyRefused,
    OfferGone,
    RentalError,
    Row,
    StillBilling,
)

TRIES = 6  # of what must not be given up: seeing what was rented, and ending it
CREATE_POLLS = 12  # a created instance may show up so late, two minutes at the usual poll
LAG_POLLS = 6  # a status may be so old
GONE_LOOKS = 3  # listings without it, a poll apart
REQUEST_SECONDS = 24 * 3600  # a request without an instance is looked for so long


@dataclass
class World:
    """All that a decision needs. vast: the config section; protect: no Ctrl-C takes effect inside it."""

    api: Api
    box: Box
    clock: Clock
    store: Store
    vast: object
    say: Callable[[str], None]
    protect: Callable[[], AbstractContextManager] = nullcontext


class GpuTaken(RentalError):
    """A stopped instance cannot start, because somebody else has its GPU."""


class NoCredit(RentalError):
    """The account cannot pay for a box."""


class Fleet:
    def __init__(self, world: World):
        self.world, self.api, self.clock, self.store, self.say = (
            world, world.api, world.clock, world.store, world.say)  # fmt: skip
        self.poll: float = world.vast.poll_seconds  # type: ignore[attr-defined]
        self.boot_seconds: float = world.vast.boot_minutes * 60  # type: ignore[attr-defined]

    @property
    def instance(self) -> dict | None:
        return self.store.load()["instance"]

    def the_instance(self) -> dict:
        state = self.store.load()
        if state["instance"] is None and state["left"]:
            raise RentalError(keep(state["left"][-1]))
        if state["instance"] is None:
            raise RentalError("nothing is rented; first: python scripts/vast.py up")
        return state["instance"]

    @property
    def left(self) -> list[dict]:
        return self.store.load()["left"]

    # The key and what it lists ------------------------------------------------------------------------------------

    def prove_key(self) -> Account:
        """The account behind the key. KeyRefused when it is not the one that rented what stands in the state file."""
        account = self.api.account()
        state, now = self.store.load(), self.clock.wall()
        waiting = [request for request in state["requests"] if now - request["time"] <= REQUEST_SECONDS]
        known = [i for i in [state["instance"], *state["left"]] if i]
        if (known or waiting) and state["account"] not in (None, account.id):
            what = f"instance {known[0]['id']}" if known else "what may be rented"
            raise KeyRefused(
                f"this API key belongs to another vast.ai account than the one that rented {what}; "
                "set VAST_API_KEY to that account's key"
            )
        return account

    def reconcile(self) -> list[Row]:
        """Settle every request whose answer was not seen. -> instances with our label that are not known here"""
        self.prove_key()
        listed = self.api.instances()
        rows = [row for row in listed if row.label.startswith(PREFIX)]
        extras = []
        with self.store.change() as state:
            for request in list(state["requests"]):
                row = next((row for row in rows if row.label == request["label"]), None)
                if row is None:
                    if self.clock.wall() - request["time"] > REQUEST_SECONDS:
                        state["requests"].remove(request)
                elif state["instance"] in (None, {}) or state["instance"]["id"] == row.id:
                    self._adopt(state, request, row.id)
                    self.say(f"instance {row.id} was rented by a request whose answer got lost")
                else:
                    extras.append((request, row))
        for request, row in extras:
            self.say(
                f"instance {row.id} was rented by a request whose answer got lost, and is not needed: destroying it"
            )
            ended = self._end({"id": row.id, "seen": True})
            with self.store.change() as state:
                state["requests"].remove(request)
                ledger.opened(state, {**request, "id": row.id}, row.started or request["time"])
                ledger.priced(state, row.id, 0.0, self.clock.wall(), ended)
        with self.store.change() as state:
            for row, known in ((row, known) for row in listed for known in state["left"] if known["id"] == row.id):
                self._seen(state, known, row)
        ours = {known["id"] for known in [state["instance"], *state["left"]] if known}
        labels = {request["label"] for request in state["requests"]}
        settled = [row for _, row in extras]
        return [row for row in rows if row.id not in ours and row.label not in labels and row not in settled]

    def adopt(self, row: Row) -> None:
        """Take over an instance that is known by its label only: it may hold work."""
        account = self.prove_key()
        with self.store.change() as state:
            state["account"] = account.id
            now = self.clock.wall()
            request = {"label": row.label, "time": min(row.started or now, now), "offer": None, "gpu": row.gpu,
                       "dph": row.dph, "disk_dph": row.disk_dph}  # fmt: skip
            self._adopt(state, request, row.id)
            state["instance"].update(work=True, seen=True, plans=["not known here"])

    def _adopt(self, state: dict, request: dict, instance: int) -> None:
        state["requests"] = [other for other in state["requests"] if other["label"] != request["label"]]
        state["instance"] = {**request, "id": instance, "rented": request["time"], "wanted": "running",
                             "seen": False, "work": False, "last_seen": request["time"],
                             "ran": True, "unsaved": 0.0}  # fmt: skip
        ledger.opened(state, state["instance"], request["time"])

    # Renting --------------------------------------------------------------------------------------------------------

    def rent(self, offer: dict) -> int:
        """-> the instance's id. OfferGone when nothing was rented, as far as can be known within the window."""
        account = self.prove_key()
        has_credit(account)
        request = {"label": new_label(), "time": self.clock.wall(), "offer": offer["id"], "gpu": offer["gpu_name"],
                   "dph": offer["dph_total"], "disk_dph": offer.get("disk_dph") or 0.0,
                   "gpus": int(offer.get("num_gpus") or 1), "bid": bool(offer.get("bid")),
                   "inet": [offer.get("inet_down_cost") or 0.0, offer.get("inet_up_cost") or 0.0]}  # fmt: skip
        with self.store.change(at_once=True) as state:  # before it leaves: looked for, should this process die now
            state["account"] = account.id
            state["requests"].append(request)
        with self.world.protect():
            try:
                instance = self.api.create(offer, request["label"])
            except (OfferGone, KeyRefused):
                with self.store.change() as state:
                    state["requests"] = [r for r in state["requests"] if r["label"] != request["label"]]
                raise
            except ApiError as error:
                found = self._find_created(request["label"], str(error))
                if found is None:
                    raise OfferGone(
                        f"{error}; nothing was rented by it so far, and it is looked for by its label"
                    ) from None
                instance = found
            with self.store.change() as state:
                self._adopt(state, request, instance)
        return instance

    def _find_created(self, label: str, problem: str) -> int | None:
        """Not knowing is the expensive answer: asked until it shows up or its window has passed."""
        began, listed = self.clock.monotonic(), False
        for look in range(CREATE_POLLS + TRIES):
            if look:
                self.clock.sleep(self.poll)
            try:
                found = next((row.id for row in self.api.instances() if row.label == label), None)
                listed = True
            except (ApiError, KeyRefused) as error:
                problem, listed = str(error), False
                continue
            if found is not None:
                return found
            if self.clock.monotonic() - began >= CREATE_POLLS * self.poll:
                break
        if listed:
            return None
        raise StillBilling(
            f"it is unknown whether an instance labelled {label} was rented ({problem}); look at "
            "https://cloud.vast.ai/instances/ or: vastai show instances; then run: python scripts/vast.py down"
        )

    # Looking --------------------------------------------------------------------------------------------------------

    def look(self) -> Row | None:
        """The instance as vast.ai sees it now; None when it is gone for certain. ApiError when that cannot be told."""
        instance = self.the_instance()
        row = self.api.show(instance["id"])
        if row is None:
            if self._gone(instance):
                return None
            raise ApiError(f"vast.ai does not show instance {instance['id']} just now")
        with self.store.change() as state:
            now, known = self.clock.wall(), state["instance"]
            if known is None or known["id"] != row.id:  # ended by another command meanwhile
                return row
            if row.started and row.started <= now and (known["rented"] <= row.started or known["rented"] > now):
                known["rented"] = row.started  # vast.ai knows best; this machine's clock may have been wrong then
                ledger.began(state, row.id, row.started)
            self._seen(state, known, row)
        return row

    def _seen(self, state: dict, known: dict, row: Row) -> None:
        """Note what a row says of an instance: its price, and that it was there."""
        now = self.clock.wall()
        known["seen"] = True
        if row.runs:
            known["wanted"], since = "running", known["last_seen"]
            if row.dph > row.disk_dph and row.dph != known["dph"]:  # not as it was offered, or its host changed it
                known["dph"], since = row.dph, known.get("looked", since)
                ledger.repriced(state, row.id, row.dph)
            ledger.priced(state, row.id, known["dph"], now, since)
        elif row.stopped or row.outbid:
            if row.stopped:
                known["wanted"] = "stopped"
            self._may_have_run(state, known, now)
            ledger.priced(state, row.id, known["disk_dph"], now, known["last_seen"])
        known["waits"], known["looked"] = row.outbid, now
        self.met(known, not (row.stopped or row.outbid))

    @staticmethod
    def _may_have_run(state: dict, known: dict, now: float) -> float | None:
        """When it was last seen it waited for its GPU, or was told to start: nobody knows whether it ran since then.
        -> since when, if that is so"""
        if not known.get("waits") or now - known["last_seen"] < ledger.RESTART_SECONDS:
            return None
        ledger.priced(state, known["id"], known["dph"], now, known["last_seen"])
        return known["last_seen"]

    def met(self, known: dict, runs: bool) -> None:
        """It was seen now. `unsaved` adds up the seconds in which it may have worked since the last pull."""
        now = self.clock.wall()
        if runs or known.get("ran", True):
            known["unsaved"] = known.get("unsaved", 0.0) + max(0.0, now - known["last_seen"])
        known["ran"], known["last_seen"] = runs, now

    def _gone(self, instance: dict) -> bool:
        """An empty answer is not enough: a listing by the right account's key lacks it, again and again."""
        for look in range(GONE_LOOKS):
            if look:
                self.clock.sleep(self.poll)
            self.prove_key()
            if any(row.id == instance["id"] for row in self.api.instances()):
                return False
        return instance["seen"] or self.clock.wall() - instance["rented"] > CREATE_POLLS * self.poll

    def forget(self, since: float | None = None, left: int | None = None) -> None:
        """The instance, or that one of those left behind, was seen to be gone: nothing of it costs any more, since that
        moment or some moment after the last look."""
        with self.store.change() as state:
            known = state["instance"] if left is None else next(i for i in state["left"] if i["id"] == left)
            if known:
                now = self.clock.wall()
                earliest = self._may_have_run(state, known, now) or (known["last_seen"] if since is None else since)
                if earliest - known["last_seen"] > ledger.RESTART_SECONDS:  # it may have stood still while we slept
                    ledger.priced(state, known["id"], known["disk_dph"], earliest, known["last_seen"])
                ledger.priced(state, known["id"], 0.0, now, earliest)
                if left is None:
                    state["instance"] = None
                else:
                    state["left"].remove(known)

    # Stopping and starting ------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop it and see that it is: StillBilling when that cannot be seen. Its disk stays, and its disk's price."""
        instance = self.the_instance()
        with self.store.change() as state:
            state["instance"]["wanted"] = "stopped"
        problem = "it still runs"
        for attempt in range(TRIES):
            if attempt:
                self.clock.sleep(self.poll)
            try:
                self.api.stop(instance["id"])
                ordered = self.clock.wall()
                if self._seen_stopped():
                    with self.store.change() as state:
                        if known := state["instance"]:
                            since = self._may_have_run(state, known, ordered)
                            ledger.priced(state, instance["id"], instance["disk_dph"], ordered, since)
                            known.update(waits=False, last_seen=ordered)  # it waits for no GPU any more
                    return
            except (ApiError, KeyRefused) as error:
                problem = str(error)
        raise StillBilling(loud("stop", instance["id"], problem))

    def _seen_stopped(self) -> bool:
        """Twice in a row, a poll apart: one such answer may be older than the request."""
        seen = 0
        for _ in range(LAG_POLLS):
            self.clock.sleep(self.poll)
            row = self.api.show(self.the_instance()["id"])
            if row is None and self._gone(self.the_instance()):
                self.forget()
                return True
            seen = seen + 1 if row is not None and row.intended == "stopped" else 0
            if seen == 2:
                return True
        return False

    def start(self) -> Row | None:
        """Bring a stopped instance back. None when it is gone; GpuTaken, with the instance stopped again, when it
        must wait."""
        instance = self.the_instance()
        deadline, ordered, said, problem = self.clock.monotonic() + self.boot_seconds, None, None, ""
        while self.clock.monotonic() < deadline:
            try:
                row = self.look()
                if row is None or row.runs:
                    return row
                lag = ordered is not None and self.clock.monotonic() - ordered < LAG_POLLS * self.poll
                if row.intended == "stopped" and not lag:
                    has_credit(self.prove_key())
                    self._may_cost_from_now()
                    self.api.start(instance["id"])
                    ordered = self.clock.monotonic()
                if (row.status, row.message) != said:
                    said = (row.status, row.message)
                    self.say(f"  {row.status or 'being provisioned'}: {row.message[:100]}")
            except ApiError as error:
                if str(error) != problem:
                    self.say(f"  {error}; asking again")
                problem = str(error)
            self.clock.sleep(self.poll)
        self.stop()  # back to where it was: a box that waits for a GPU must not begin to cost by itself
        raise GpuTaken(taken(instance, self.boot_seconds / 60, problem))

    def _may_cost_from_now(self) -> None:
        """Before a start leaves: should this process die now, the box may run, and be stopped again, with nobody
        looking."""
        with self.store.change() as state:
            if known := state["instance"]:
                known.update(wanted="running", waits=True, last_seen=self.clock.wall())

    # Leaving one behind ---------------------------------------------------------------------------------------------

    def leave(self, plan: str) -> None:
        """The instance is stopped and put beside, with what it holds, so that another may be rented for this plan."""
        self.stop()
        with self.store.change() as state:
            if state["instance"]:
                state["left"].append({**state["instance"], "plan": plan})
                state["instance"] = None

    def take_back(self) -> None:
        """The last one that was left behind is the instance again, stopped."""
        with self.store.change() as state:
            if state["instance"] is None and state["left"]:
                last = state["left"].pop()
                state["instance"] = {key: value for key, value in last.items() if key != "plan"}

    def destroy_left(self, instance: dict) -> None:
        """The caller knows that all it was to make is here, or the user says that it may be lost."""
        with self.world.protect():
            self.forget(self._end(instance), instance["id"])
        self.say(f"instance {instance['id']}, which was left behind, is destroyed and gone")

    # Ending ---------------------------------------------------------------------------------------------------------

    def destroy(self, verified: bool = False, lose_work: bool = False) -> None:
        """Destroy the instance and see that it is gone. HasWork unless nothing was ever done on it, `verified` (the
        caller has just pulled and compared everything), or `lose_work` (the user says so). StillBilling when it
        cannot be seen to be gone."""
        instance = self.the_instance()
        if instance["work"] and not verified and not lose_work:
            raise HasWork(keep(instance))
        with self.world.protect():
            self.forget(self._end(instance))
        self.say(f"instance {instance['id']} is destroyed and gone")

    def _end(self, instance: dict) -> float | None:
        """instance: id, seen (in a listing, ever), rented. -> when the request left that ended it; None: it was gone
        before"""
        number, problem, sent = instance["id"], "it is still listed", None
        for attempt in range(TRIES):
            if attempt:
                self.clock.sleep(min(2**attempt * self.poll, 60))
            began = self.clock.wall()
            try:
                self.api.destroy(number)
                sent, taken = began, {**instance, "seen": True}
            except KeyRefused as error:
                problem = str(error)
                continue
            except ApiError as error:
                problem, taken = str(error), instance
                if error.status != 404:
                    sent = sent or began  # it may have been carried out all the same
                    continue
            try:
                if self._gone(taken):
                    return sent
            except (ApiError, KeyRefused) as error:
                problem = str(error)
        raise StillBilling(loud("destroy", number, problem))

    def keep_in_doubt(self, why: str) -> None:
        """What may hold work, and cannot go on: stopped, and the user told what it costs and the two ways from here."""
        instance = self.the_instance()
        self.say(f"{why}: stopping instance {instance['id']}, which may hold work that is not here")
        self.stop()
        if self.instance:
            self.say(keep(instance))


def has_credit(account: Account) -> None:
    """vast.ai stops every box of an account without credit, and starts none."""
    if account.credit is not None and account.credit <= 0:
        raise NoCredit(
            f"the vast.ai account has no credit left (${account.credit:.2f}): add some at "
            "https://cloud.vast.ai/billing/, then run the same command again"
        )


def taken(instance: dict, minutes: float, problem: str) -> str:
    """problem: what vast.ai has answered instead of starting it, if it did"""
    why = f"vast.ai: {problem}" if problem else "somebody else has its GPU, or its host is away"
    return (
        f"instance {instance['id']} did not start within {minutes:g} minutes: {why}. It is stopped, with all that it "
        f"holds; its disk costs ${instance['disk_dph'] * 24:.2f} a day.\n"
        "       wait, and try again later:           python scripts/vast.py start, or the same build\n"
        "       or another box, from what was pulled; this one is kept until all is made: "
        "python scripts/vast.py build --elsewhere\n"
        "       or give up what it holds:            python scripts/vast.py down --lose-work"
    )


def keep(instance: dict) -> str:
    if "plan" in instance:  # left behind
        return (
            f"instance {instance['id']} was left behind; stopped, it keeps what it holds, its disk costs "
            f"${instance['disk_dph'] * 24:.2f} a day. The build destroys it when all that it makes is here.\n"
            "       go back to it (after `down`, if another is rented):  python scripts/vast.py start\n"
            f"       or give up what it holds:  python scripts/vast.py down {instance['id']} --lose-work"
        )
    return (
        f"instance {instance['id']} may hold work that is not here, so it is kept; stopped, its disk costs "
        f"${instance['disk_dph'] * 24:.2f} a day.\n"
        "       bring it back, and what it made home:   python scripts/vast.py start, then down (or build)\n"
        "       or give up what it holds:               python scripts/vast.py down --lose-work"
    )


def stranger(row: Row) -> str:
    return (
        f"NOTE: instance {row.id} ({row.label}, {row.status}, ${row.dph:.3f}/h) is of this project and not known here: "
        "it is another checkout's,\n      or .vast was deleted. Take it over, to go on with it or to end it: "
        f"python scripts/vast.py adopt {row.id}"
    )


def loud(verb: str, instance: int, problem: str) -> str:
    line, done = "!" * 78, {"destroy": "destroyed", "stop": "stopped"}[verb]
    return (
        f"\n{line}\n!! INSTANCE {instance} MAY STILL COST MONEY: it could not be seen to be {done}.\n!! ({problem})\n"
        "!! Do it by hand, now:\n"
        f"!!     .venv-vast/bin/vastai {verb} instance {instance}{' -y' if verb == 'destroy' else ''}\n"
        f"!! or at https://cloud.vast.ai/instances/\n{line}"
    )
