"""The rented box over ssh: commands, rsync both ways, jobs in tmux. Nothing here knows vast.ai.

Every command tells the box's meter guard that the laptop is alive. Secrets travel on standard input only.
"""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import ROOT, InputError, resolve
from scripts.rental.rental import RentalError
from scripts.rental.state import ALIAS

ON_BOX = Path(__file__).parent / "on_box"
RUNS = ("base", "sft", "dpo")  # the folders of train.checkpoint_dir
# What never leaves the laptop: secrets, environments, and data, which travel by the config's own list.
NOT_CODE = [
    ".git",
    ".venv*",
    ".vast",
    ".env*",
    "*.pem",
    "*.key",
    "id_rsa*",
    "id_ed25519*",
    ".netrc",
    "__pycache__",
    ".pytest_cache",
    ".hypothesis",
    "wandb",
    "*.log",
    "/data",
    "/tokenizer",
    "/checkpoints",
    "/reports",
    "/demo",
    "/runs",
]
# rsync on the box: marks a transfer for as long as it lives, so that the meter guard does not take the box for idle
HOLD = "mkdir -p .wikillm/holds && touch .wikillm/laptop .wikillm/activity .wikillm/holds/$$ && exec rsync"


class Unreachable(RentalError):
    """ssh or rsync lost the box, or never reached it."""


@dataclass(frozen=True)
class Box:
    ssh_config: Path

    def ssh(
        self, command: str, stdin: str | None = None, timeout: float = 60, check: bool = True
    ) -> subprocess.CompletedProcess:
        """Run a command in the box's home. Unreachable when the connection fails; RentalError when the command does."""
        full = [
            "ssh",
            "-F",
            str(self.ssh_config),
            "-o",
            "BatchMode=yes",
            ALIAS,
            f"touch ~/.wikillm/laptop 2>/dev/null; {command}",
        ]
        try:
            ran = subprocess.run(full, input=stdin or "", capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Unreachable(f"no answer from the box for {timeout:g} s") from None
        if ran.returncode == 255:
            raise Unreachable(f"ssh: {_last_line(ran.stderr) or 'no connection to the box'}")
        if check and ran.returncode:
            raise RentalError(
                f"on the box: {_last_line(ran.stderr) or _last_line(ran.stdout)} (status {ran.returncode})"
            )
        return ran

    def rsync(self, *arguments: str) -> None:
        remote = f'ssh -F "{self.ssh_config}" -o BatchMode=yes'
        ran = subprocess.run(
            ["rsync", "-a", "--partial", "--timeout=120", "-e", remote, f"--rsync-path={HOLD}", *arguments],
            capture_output=True,
            text=True,
        )
        if ran.returncode == 24:  # a file vanished while it was read: a checkpoint was pruned
            return
        if ran.returncode:
            raise Unreachable(f"rsync (status {ran.returncode}): {_last_line(ran.stderr)}")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.strip().splitlines()) if line.strip()), "")


# Setting up -----------------------------------------------------------------------------------------------------------


def wait_for_ssh(box: Box, deadline: float, poll_seconds: float) -> None:
    while True:
        try:
            box.ssh("true", timeout=30)
            return
        except RentalError as error:
            if time.time() >= deadline:
                raise RentalError(f"ssh never came up ({error})") from None
        time.sleep(min(poll_seconds, 5))


def wait_until_ready(box: Box, deadline: float, poll_seconds: float) -> str:
    """Wait for onstart.sh's marker. -> the versions it found"""
    while time.time() < deadline:
        try:
            answer = box.ssh(
                "cat ~/.wikillm/ready 2>/dev/null || tail -n 1 ~/.wikillm/onstart.log", check=False
            ).stdout.strip()
        except Unreachable:
            answer = ""
        if answer.startswith("python "):
            return answer
        if answer.startswith("onstart: ") and "done" not in answer:
            raise RentalError(f"{answer}; see ~/.wikillm/onstart.log")
        time.sleep(poll_seconds)
    raise RentalError("onstart.sh did not finish in time")


def start_guard(box: Box, limits: dict, instance: int, api_url: str, instance_key: str | None) -> None:
    """Send what runs on the box, and see the meter guard running."""
    box.rsync(*(str(path) for path in sorted(ON_BOX.iterdir()) if path.is_file()), f"{ALIAS}:.wikillm/")
    set_limits(box, limits)
    if instance_key:  # onstart.sh has it from the container's environment; this is the other way to know it
        box.ssh(
            "umask 077; cd ~/.wikillm && [ -s auth ] && grep -q 'Bearer ..' auth || cat > auth",
            stdin=f"Authorization: Bearer {instance_key}\n",
        )
    box.ssh(
        f"cd ~/.wikillm && [ -s instance ] || printf '%s\\n' {instance} {shlex.quote(api_url)} > ~/.wikillm/instance"
    )
    box.ssh("""cd ~/.wikillm && rm -f stopped_because
        if ! kill -0 "$(cat guard.pid 2>/dev/null)" 2>/dev/null; then
            setsid nohup bash -c 'until python3 ~/.wikillm/guard.py || [ ! -d ~/.wikillm ]; do sleep 5; done' >> guard.log 2>&1 < /dev/null &
            for i in $(seq 50); do kill -0 "$(cat guard.pid 2>/dev/null)" 2>/dev/null && exit 0; sleep 0.2; done
            tail -n 3 guard.log >&2; exit 1
        fi""")


def set_limits(box: Box, limits: dict) -> None:
    # new limits come from somebody who is at work: a shorter idle time counts from now
    box.ssh(
        "cd ~/.wikillm && touch activity && cat > limits.new && mv limits.new limits.json", stdin=json.dumps(limits)
    )


def send_secrets(box: Box, secrets: dict[str, str]) -> None:
    """For the jobs' environment; on the box readable to its user only, on no command line."""
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in secrets.items())
    box.ssh("umask 077; cat > ~/.wikillm/secrets", stdin=lines)


# Transfers ------------------------------------------------------------------------------------------------------------


def inside(path: str) -> str:
    """A config path as one relative to the repo: the box has no other place for it."""
    full = resolve(path)
    if not full.resolve().is_relative_to(ROOT) or full.resolve() == ROOT:
        raise InputError(f"{path}: on a rented box paths must be folders inside the repo; change it in the config")
    return os.path.relpath(full, ROOT)


def data_folders(cfg) -> list[str]:
    """What the GPU half reads: tokenizer, tokens, articles, and conversations and pairs where they exist already."""
    folders = [Path(cfg.tokenizer.path).parent, Path(cfg.data.train_bin).parent, Path(cfg.data.deduped_dir)]
    return [inside(str(f)) for f in folders] + made_folders(cfg)


def made_folders(cfg) -> list[str]:
    """What the GPU half makes besides checkpoints."""
    made = [Path(p).parent for p in (cfg.sft.train_file, cfg.pref.train_file, cfg.eval.report, cfg.judge.report)]
    return sorted({inside(str(folder)) for folder in made})


def push(box: Box, cfg) -> None:
    """Code, data and, on a box that has none, the checkpoints pulled so far; then the packages."""
    box.ssh("mkdir -p wikillm")
    excludes = [f"--exclude={pattern}" for pattern in NOT_CODE]
    box.rsync("-z", *excludes, f"{ROOT}/", f"{ALIAS}:wikillm/")
    there = [f for f in data_folders(cfg) if (ROOT / f).is_dir()]
    if there:
        box.rsync("-z", "--exclude=.pulling-*", "-R", *(f"{ROOT}/./{folder}" for folder in there), f"{ALIAS}:wikillm/")
    for run in RUNS:
        push_checkpoints(box, inside(cfg.train.checkpoint_dir), run)
    box.ssh("cd wikillm && bash scripts/setup.sh", timeout=1800)


def push_checkpoints(box: Box, checkpoint_dir: str, run: str) -> None:
    local = ROOT / checkpoint_dir / run
    if not (local / "latest").exists():
        return
    remote = f"wikillm/{checkpoint_dir}/{run}"
    if box.ssh(f"test -L {shlex.quote(remote)}/latest", check=False).returncode == 0:
        return  # the box has its own, at least as new
    box.ssh(f"mkdir -p {shlex.quote(remote)}")
    # the links last: a push that is cut off leaves a box that still wants its checkpoints
    box.rsync("--exclude=/latest", "--exclude=/best", "--exclude=.pulling-*", f"{local}/", f"{ALIAS}:{remote}/")
    box.rsync(*(str(local / link) for link in ("best", "latest") if (local / link).is_symlink()), f"{ALIAS}:{remote}/")


def pull(box: Box, cfg) -> list[str]:
    """Fetch what the box has made: whole checkpoints only, each verified by its hashes. -> the new ones"""
    checkpoint_dir = inside(cfg.train.checkpoint_dir)
    listing = box.ssh(
        f"cd wikillm/{shlex.quote(checkpoint_dir)} 2>/dev/null && ls -d */step_*/hashes.json; "
        f"for l in */latest */best; do [ -L $l ] && echo link $l $(readlink $l); done; true"
    ).stdout.split("\n")
    steps = [line.removesuffix("/hashes.json") for line in listing if line.endswith("/hashes.json")]
    new = [step for step in steps if pull_checkpoint(box, checkpoint_dir, step)]
    for line in listing:
        if line.startswith("link "):
            _, link, target = line.split()
            point(ROOT / checkpoint_dir / link, target)
    present = box.ssh(
        "cd wikillm && for d in "
        + " ".join(map(shlex.quote, made_folders(cfg)))
        + "; do [ -d $d ] && echo $d; done; true"
    ).stdout.split()
    if present:
        box.rsync("-z", "-R", *(f"{ALIAS}:wikillm/./{folder}" for folder in present), f"{ROOT}/")
    if steps:  # the run's log and curves
        box.rsync(
            "-z",
            "--exclude=step_*",
            "--exclude=latest",
            "--exclude=best",
            "--exclude=.*",
            f"{ALIAS}:wikillm/{checkpoint_dir}/",
            f"{ROOT / checkpoint_dir}/",
        )
    return new


def pull_checkpoint(box: Box, checkpoint_dir: str, step: str) -> bool:
    """Fetch one checkpoint (such as base/step_0001000) under a temporary name; it gets its own when it is verified."""
    final = ROOT / checkpoint_dir / step
    if final.exists():
        return False
    temporary = final.with_name(f".pulling-{final.name}")
    temporary.mkdir(parents=True, exist_ok=True)
    box.rsync(f"{ALIAS}:wikillm/{checkpoint_dir}/{step}/", f"{temporary}/")
    problem = damage(temporary)
    if problem:
        gone = box.ssh(f"test -e wikillm/{shlex.quote(checkpoint_dir)}/{step}/hashes.json", check=False).returncode != 0
        shutil.rmtree(temporary)  # a bad copy, or pruned on the box while it was read
        if gone:
            return False
        raise RentalError(f"{step}: {problem} after the transfer; run the pull again")
    os.replace(temporary, final)
    return True


def damage(folder: Path) -> str | None:
    """What is wrong with a checkpoint, by the hashes in it; None when nothing is."""
    hashes = folder / "hashes.json"
    if not hashes.exists():
        return "hashes.json is missing"
    for name, expected in json.loads(hashes.read_text()).items():
        if not (folder / name).exists():
            return f"{name} is missing"
        with open(folder / name, "rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != expected:
            return f"{name} is damaged"
    return None


def point(link: Path, target: str) -> None:
    """`latest` and `best` follow the box's, but only to checkpoints that are here."""
    if not (link.parent / target).is_dir():
        return
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, link)


# Jobs -----------------------------------------------------------------------------------------------------------------


def start_job(box: Box, name: str, command: str) -> None:
    """Start a command in a tmux session of that name; it outlives the connection."""
    if job(box, name)[0] == "running":
        raise InputError(
            f"{name} is running already; see `vast.py logs -f {name}`, or end it: "
            f"ssh -F {box.ssh_config} {ALIAS} tmux kill-session -t {name}"
        )
    folder = f"~/.wikillm/jobs/{name}"
    box.ssh(
        f"mkdir -p {folder} && rm -f {folder}/pid {folder}/exit; tmux kill-session -t ={name} 2>/dev/null; "
        f"tmux new-session -d -s {name} bash .wikillm/job.sh {name} {command} && "
        f"for i in $(seq 50); do [ -s {folder}/pid ] && exit 0; sleep 0.1; done; echo 'tmux did not start the job' >&2; exit 1"
    )


def job(box: Box, name: str) -> tuple[str, int | None, str]:
    """-> (none | running | ended | lost, exit status when ended, last line of its log)"""
    folder = f"~/.wikillm/jobs/{name}"
    answer = box.ssh(f"""if [ -f {folder}/exit ]; then echo ended $(cat {folder}/exit)
        elif ! [ -f {folder}/pid ]; then echo none; elif kill -0 $(cat {folder}/pid) 2>/dev/null; then echo running
        else echo lost; fi; tail -n 1 {folder}/log 2>/dev/null | tr '\\r' '\\n' | tail -n 1""").stdout.split("\n")
    state, _, status = answer[0].partition(" ")
    return state, int(status) if status else None, answer[1] if len(answer) > 1 else ""


def idle(box: Box) -> bool:
    """Nothing runs on the box. Asked before the last pull, so that what the job wrote at its end is in it."""
    return not running(box)


def running(box: Box) -> list[str]:
    return box.ssh("""cd ~/.wikillm/jobs 2>/dev/null && for j in *; do
        [ ! -f $j/exit ] && kill -0 $(cat $j/pid 2>/dev/null) 2>/dev/null && echo $j; done; true""").stdout.split()


def report(box: Box) -> str:
    """For `status`: GPU load, jobs with their last line, what the guard thinks."""
    return box.ssh("""nvidia-smi --query-gpu=name,utilization.gpu,memory.used,memory.total,temperature.gpu --format=csv,noheader 2>/dev/null
        cd ~/.wikillm && for j in jobs/*/; do [ -d $j ] || continue
            if [ -f $j/exit ]; then s="ended with status $(cat $j/exit)"; elif kill -0 $(cat $j/pid 2>/dev/null) 2>/dev/null; then s=runs; else s=lost; fi
            echo "$(basename $j): $s: $(tail -n 1 $j/log | tr '\\r' '\\n' | tail -n 1 | cut -c1-120)"; done
        echo "meter guard: $(python3 guard.py --why)" """).stdout.strip()
