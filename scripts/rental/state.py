"""What this checkout has rented: .vast/state.json. Nothing that is not in it, or offered by label and confirmed, is
ever destroyed.

The folder is 0700, its files 0600, git ignores it and no push takes it. A request stands in it before it leaves.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.config import InputError

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
    """The file, read and written whole: every command may be killed at any moment."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.file = folder / "state.json"

    def load(self) -> dict[str, Any]:
        try:
            return {**empty(), **json.loads(self.file.read_text())} if self.file.exists() else empty()
        except ValueError:
            raise InputError(
                f"{self.file}: not JSON any more; move it away: what is rented is found again by its label"
            ) from None

    def save(self, state: dict[str, Any]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.file, json.dumps(state) + "\n")

    @contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """with store.change() as state: ... ; written when the block ends without an error."""
        state = self.load()
        before = json.dumps(state)
        yield state
        if json.dumps(state) != before or not self.file.exists():
            self.save(state)


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
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(folder / "lock", "w") as handle:
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
    write_private(
        file,
        f"""# written by scripts/vast.py for instance {instance}
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
""",
    )
    return file
