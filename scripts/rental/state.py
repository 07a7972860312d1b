"""What this checkout has rented: .vast/state.json. Nothing that is not in it, or offered by label and confirmed, is
ever destroyed.

The folder is 0700, its files 0600, git ignores it and no push takes it. A request stands in it before it leaves.
"""

import copy
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.config import InputError
from scripts.rental.world import LocalFault

ALIAS = "wikillm"  # the ssh alias
PREFIX = "wikillm-"  # of every label; the rest is new for each request


def empty() -> dict[str, Any]:
    """account: id of the account that rents; requests: sent, and not settled: [{label, time, ...}]; instance: the one
    box that works; left: boxes that a build has left behind, stopped, when they were outbid; ledger: see ledger.py;
    history: the ledgers of earlier builds; hours: {stage: hours} and built: {inputs, outputs} (hashes) of the last
    finished build; pulled: [checkpoint, time]; speeds: {GPUs: FLOPs a second that training has reached on them};
    uplink: MB/s of the last push."""
    nothing: dict[str, Any] = {"account": None, "requests": [], "instance": None, "left": []}
    return {
        **nothing,
        "ledger": [],
        "history": [],
        "hours": {},
        "built": None,
        "pulled": None,
        "speeds": {},
        "uplink": None,
    }


class Store:
    """The file, read and written whole: every command may be killed at any moment, and several may be at work.

    A disk that is full must not keep a box running: what could not be written is held here, as `unwritten`, and tried
    again with the next change."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.file = folder / "state.json"
        self.unwritten: dict[str, Any] | None = None
        self.problem = ""  # why

    def load(self) -> dict[str, Any]:
        if self.unwritten is not None:
            return copy.deepcopy(self.unwritten)
        try:
            return of_today(json.loads(self.file.read_text())) if self.file.exists() else empty()
        except (ValueError, TypeError, KeyError, AttributeError):
            raise InputError(
                f"{self.file}: cannot be read any more; move it away: what is rented is found again by its label"
            ) from None

    def save(self, state: dict[str, Any]) -> None:
        """LocalFault when the disk does not take it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self.file, json.dumps(state) + "\n")
        except OSError as error:
            self.problem = f"this machine could not write {self.file}: {error}"
            raise LocalFault(self.problem) from None
        self.unwritten = None

    @contextmanager
    def change(self, at_once: bool = False) -> Iterator[dict[str, Any]]:
        """with store.change() as state: ... ; written when the block ends without an error. at_once: LocalFault when
        it cannot be. No other command's change comes in between."""
        with locked(self.folder / "state.lock"):
            state = self.load()
            before = json.dumps(state)
            yield state
            if json.dumps(state) == before and self.file.exists() and self.unwritten is None:
                return
            try:
                self.save(state)
            except LocalFault:
                if at_once:
                    raise
                self.unwritten = state


def of_today(state: dict[str, Any]) -> dict[str, Any]:
    """What an older version has left: an instance of which it did not note whether it holds work may hold some."""
    state = {**empty(), **state}
    for entry in [*state["ledger"], *state["history"]]:
        prices = [price if len(price) == 3 else [*price, price[0]] for price in entry["prices"]]
        nothing = {"gpu": "?", "label": "", "dph": prices[0][1], "disk_dph": 0.0, "traffic": 0.0}
        entry.update({**nothing, **entry, "prices": prices})
    for known in [known for known in [state["instance"], *state["left"]] if known]:
        rented = known.get("rented", 0.0)
        nothing = {"gpu": "?", "label": "", "dph": 0.0, "disk_dph": 0.0, "rented": rented, "wanted": "running"}
        known.update({**nothing, "seen": True, "work": True, "last_seen": rented, **known})
    return state


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Wait for whoever holds it. Where no lock can be had (a full disk, a file system without), go on without one."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = open(file, "w")
    except OSError:
        yield
        return
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass
        yield


def new_label() -> str:
    return PREFIX + secrets.token_hex(6)


def write_private(file: Path, text: str) -> None:
    """A whole file or none, readable to its owner only from its first byte on."""
    temporary = file.with_name(f".{file.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, file)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Two commands that rent or destroy at the same time would lose an instance from the state file."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = open(folder / "lock", "w")
    except OSError as error:
        raise LocalFault(f"this machine could not write {folder / 'lock'}: {error}") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another vast.py that rents, stops or builds is at work here ({folder}); wait for it or end it"
            ) from None
        yield


def write_alias(folder: Path, instance: int, host: str, port: int, key: Path) -> Path:
    """An ssh config with the one alias, for `ssh -F` or an Include in the user's own; with its own known_hosts."""
    file = folder / "ssh_config"
    text = f"""# written by scripts/vast.py for instance {instance}
Host {ALIAS}
    HostName {host}
    Port {port}
    User root
    IdentityFile "{key}"
    IdentitiesOnly yes
    UserKnownHostsFile "{folder / "known_hosts"}"
    HostKeyAlias vast-{instance}
    StrictHostKeyChecking accept-new
    ServerAliveInterval 30
    ServerAliveCountMax 4
    ConnectTimeout 20
"""
    try:
        if not file.exists() or file.read_text() != text:
            write_private(file, text)
    except OSError as error:
        raise LocalFault(f"this machine could not write {file}: {error}") from None
    return file
