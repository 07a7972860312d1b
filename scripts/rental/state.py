"""What this checkout has rented: .vast/state.json, the ssh alias, the ledger. Nothing else is ever destroyed.

The folder is 0700, its files 0600, git ignores it and no rsync takes it.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.config import InputError

ALIAS = "wikillm"


def empty() -> dict:
    # renting: the label of a request that may have created an instance whose answer we have not seen
    return {"renting": None, "instance": None, "ledger": [], "built": {}, "pulled": None}


def load(folder: Path) -> dict:
    file = folder / "state.json"
    return {**empty(), **json.loads(file.read_text())} if file.exists() else empty()


def save(folder: Path, state: dict) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / "state.json", json.dumps(state, indent=2) + "\n")


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
    import fcntl

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(folder / "lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another vast.py that rents or builds is at work here ({folder}); wait for it or end it"
            ) from None
        yield


# The ledger: for each instance the moments at which its price changed, [[time, dollars an hour], ...].


def meter(state: dict, instance: int, dollars_per_hour: float) -> None:
    for entry in state["ledger"]:
        if entry["id"] == instance:
            entry["prices"].append([time.time(), dollars_per_hour])
            return
    state["ledger"].append(
        {"id": instance, "gpu": (state["instance"] or {}).get("gpu", "?"), "prices": [[time.time(), dollars_per_hour]]}
    )


def spent(entry: dict, now: float) -> tuple[float, float]:
    """-> (hours with the meter of the GPU running, dollars) of one instance up to `now`"""
    hours = dollars = 0.0
    highest = max(price for _, price in entry["prices"])
    ends = [moment for moment, _ in entry["prices"][1:]] + [now]
    for (begin, price), end in zip(entry["prices"], ends):
        dollars += (end - begin) / 3600 * price
        hours += (end - begin) / 3600 if price == highest else 0.0
    return hours, dollars


def total(state: dict, since: float, now: float) -> tuple[float, float]:
    """-> (hours, dollars) of all instances rented from `since` on"""
    sums = [spent(entry, now) for entry in state["ledger"] if entry["prices"][0][0] >= since]
    return sum(hours for hours, _ in sums), sum(dollars for _, dollars in sums)


def show_ledger(state: dict, since: float = 0.0) -> str:
    now, lines = time.time(), []
    for entry in state["ledger"]:
        if entry["prices"][0][0] >= since:
            hours, dollars = spent(entry, now)
            price = entry["prices"][-1][1]
            meaning = "gone, costs nothing" if price == 0 else f"${price:.3f}/h still runs"
            lines.append(f"  instance {entry['id']:>9}  {entry['gpu']:<12} {hours:6.2f} h  ${dollars:7.2f}  {meaning}")
    hours, dollars = total(state, since, now)
    return "\n".join(lines + [f"  in all {'':>27} {hours:6.2f} h  ${dollars:7.2f}"])


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
