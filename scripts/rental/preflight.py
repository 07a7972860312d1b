"""What can be known before a cent is paid: `vast.py build --check`, and the parts of it that every build looks at
first."""

import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import ROOT, InputError, resolve
from scripts.rental import price, transfer
from scripts.rental.world import RentalError

if TYPE_CHECKING:
    from scripts.rental.commands import Session


def inputs(cfg, config: str) -> None:
    """The tokens must be made here first, and everything must have its place on the box too."""
    needed = ("ssh", "ssh-keygen", "rsync")
    if missing_tools := [name for name in needed if shutil.which(name) is None]:
        raise InputError(f"not installed here: {', '.join(missing_tools)}; a box is reached with them")
    transfer.sent_folders(cfg)
    files = (cfg.tokenizer.path, cfg.data.train_bin, cfg.data.val_bin)
    missing = [file for file in files if not resolve(file).exists()]
    if missing:
        raise InputError(
            f"{', '.join(missing)}: not made yet; first: bash scripts/run_all.sh --config {config} --to pack_tokens"
        )


def ssh_key(cfg) -> Path:
    """The key pair, which must work without anybody typing: a passphrase wants an agent that has the key."""
    key = Path(cfg.vast.ssh_key).expanduser()
    public = key.with_name(key.name + ".pub")
    if not key.exists() or not public.exists():
        raise InputError(f"{key}: no ssh key pair; make one (ssh-keygen -t ed25519 -f {key}) or set vast.ssh_key")
    opened = subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", key], capture_output=True, text=True)
    if opened.returncode == 0:
        return key
    agent = subprocess.run(["ssh-add", "-L"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if public.read_text().split()[1] not in agent.stdout:
        raise InputError(
            f"{key} has a passphrase and no ssh-agent holds it, so no box could be reached; "
            f"run: eval $(ssh-agent) && ssh-add {key}, or set vast.ssh_key to a key without one"
        )
    return key


def uplink_lines(cfg, measured: float | None, offer: dict | None) -> list[str]:
    """measured: MB/s of the last push; offer: the box that waits for it"""
    first, later = price.push_gb(cfg)
    speed = measured or price.UPLINK_MB_S
    minutes = [gb * 1000 / speed / 60 for gb in (first, later)]
    source = "as the last push had" if measured else "assumed"
    return [
        f"push: {first:.1f} GB before training starts, {minutes[0]:.0f} minutes at {speed:.1f} MB/s ({source}); "
        f"then {later:.1f} GB of articles while it trains, {minutes[1]:.0f} minutes"
    ] + ([f"push: ${push_dollars(offer, first, later, minutes[0]):.2f} of the build's dollars"] if offer else [])


def push_dollars(offer: dict, first: float, later: float, minutes: float) -> float:
    """The box costs while it waits for the first GB; its host bills all of them."""
    return minutes / 60 * offer["dph_total"] + (first + later) * (offer.get("inet_down_cost") or 0.0)


def show(session: "Session") -> int:
    """Print what is known; -> 1 when a build would fail on it"""
    problems: list[str] = []
    lines: list[str] = []
    credit: float | None = None
    cfg = session.cfg
    try:
        lines.append(f"ssh key: {ssh_key(cfg)}")
    except InputError as error:
        problems.append(str(error))
    try:
        account = session.connect().account()
        credit = account.credit
        lines.append(f"vast.ai account {account.id}, credit ${credit or 0:.2f}")
    except (InputError, RentalError) as error:
        problems.append(str(error))
    lines.append(f"disk on the box: {session.disk_gb} GB")
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < 10:
        problems.append(f"only {free:.1f} GB are free here; checkpoints and data that come back need about 10")
    best: dict | None = None
    if not problems:
        quotes = session.quotes()
        fitting = [q for q in quotes if not q.fits and q.offer["dph_total"] <= cfg.vast.max_price]
        best = fitting[0].offer if fitting else None
        lines.append(price.table(quotes[:5]))
        if not fitting:
            problems.append(f"no {cfg.vast.gpu} below ${cfg.vast.max_price}/h fits vast.filters just now")
        elif credit is not None and credit < fitting[0].dollars:
            problems.append(
                f"the credit of ${credit:.2f} is less than the ${fitting[0].dollars:.2f} of the whole build: add some"
            )
        if fitting and fitting[0].dollars > cfg.vast.max_dollars:
            problems.append(
                f"the build will cost ${fitting[0].dollars:.2f}, the cap vast.max_dollars is ${cfg.vast.max_dollars:g}"
            )
        if fitting and fitting[0].total_hours > cfg.vast.max_hours:
            problems.append(
                f"the build will take {fitting[0].total_hours:.0f} h, the cap vast.max_hours is {cfg.vast.max_hours:g}"
            )
    print("\n".join(lines + uplink_lines(cfg, session.store.load()["uplink"], best)))
    for problem in problems:
        print(f"NOT READY: {problem}")
    if not problems:
        print(f"ready ({time.strftime('%H:%M')}): python scripts/vast.py build --config {session.args.config}")
    return 1 if problems else 0
