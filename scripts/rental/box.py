"""The rented box over ssh: commands, jobs in tmux, its report. Nothing here knows vast.ai; transfers are in
transfer.py.

Every command tells the box's meter guard that the laptop is alive. Secrets travel on standard input only.
"""

import json
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import InputError
from scripts.gpu_check import __file__ as GPU_CHECK
from scripts.rental import transfer
from scripts.rental.on_box.build import local_teacher
from scripts.rental.state import ALIAS, locked, write_alias
from scripts.rental.transfer import ON_BOX, Line
from scripts.rental.world import BadBox, Clock, Pulled, RentalError, Report

SECRETS = ("WANDB_API_KEY", "HF_TOKEN")  # passed on to the jobs when they are set here, and the teacher's key
# Images keep their Python where a login that is not interactive does not look: onstart.sh leaves its path.
PYTHON = "$(cat ~/.wikillm/python 2>/dev/null || command -v python3 || echo /opt/conda/bin/python)"
BUILD = "build"  # the name of the job that runs all stages
MIN_DRIVER = 580  # CUDA 13, which the pinned vLLM is built for
MIN_WRITE_MB_S = 40.0  # below it a checkpoint of 1.5 GB takes half a minute and the teacher's weights many


@dataclass(frozen=True)
class Job:
    """What the one job of a build is: its settings as on the command line, and the identity of it all."""

    plan: str
    first: str
    last: str
    settings: tuple[str, ...]  # --config FILE section.key=value ...


class SshBox:
    """world.Box over ssh, rsync and tmux. cfg: the whole config; folder: .vast; get_job: its price is known once a
    box is rented"""

    def __init__(self, folder: Path, cfg, get_job: Callable[[], Job], api_url: str, clock: Clock | None = None):
        self.folder, self.cfg, self.get_job, self.api_url = folder, cfg, get_job, api_url
        self.key = Path(cfg.vast.ssh_key).expanduser()
        self.clock = clock or Clock()
        self.line = Line(folder / "ssh_config")

    def ssh(self, command: str, stdin: str | None = None, timeout: float = 60, check: bool = True):
        return self.line.ssh(command, stdin, timeout, check)

    # Reaching it ----------------------------------------------------------------------------------------------------

    def point_at(self, instance: int, address: tuple[str, int]) -> None:
        write_alias(self.folder, instance, *address, self.key)

    def reachable(self) -> bool:
        try:
            self.ssh("true", timeout=30)
            return True
        except RentalError:
            return False

    def ready(self) -> str | None:
        """onstart.sh's marker: the versions it found; None while it is at work. BadBox with its last line when it
        failed."""
        show = "cat ~/.wikillm/ready 2>/dev/null || tail -n 1 ~/.wikillm/onstart.log"
        answer = self.ssh(show, check=False).stdout.strip()
        if answer.startswith("python "):
            return answer
        if answer.startswith("onstart: ") and "done" not in answer:
            raise BadBox("onstart", f"{answer}; see ~/.wikillm/onstart.log")
        return None

    def install(self, limits: dict, instance: int) -> None:
        """Send what runs on the box, its limits and the jobs' keys; see the meter guard running."""
        self.line.rsync(*(str(path) for path in sorted(ON_BOX.iterdir()) if path.is_file()), f"{ALIAS}:.wikillm/")
        self.ssh(
            f"cd ~/.wikillm && [ -s instance ] || printf '%s\\n' {instance} {shlex.quote(self.api_url)} > instance"
        )
        names = (*SECRETS, self.cfg.teacher.api_key_env)
        secrets = "".join(f"{name}={shlex.quote(os.environ[name])}\n" for name in names if os.environ.get(name))
        self.ssh("umask 077; cat > ~/.wikillm/secrets", stdin=secrets)
        self.set_limits(limits)
        self.resume()

    def resume(self) -> None:
        """See the meter guard running, by the limits that are there, and what a restart has cut off."""
        self.ssh("[ ! -f ~/.wikillm/resume.sh ] || bash ~/.wikillm/resume.sh")

    def set_limits(self, limits: dict) -> None:
        self.ssh("cd ~/.wikillm && cat > limits.new && mv limits.new limits.json", stdin=json.dumps(limits))

    def check(self) -> None:
        """Is it what was paid for, and can it do the whole build? BadBox says what is missing. A config for the CPU
        wants no GPU."""
        if self.cfg.train.device == "cpu":
            return
        machine = json.loads(self.ssh(f"{PYTHON} ~/.wikillm/report.py machine", timeout=300).stdout)
        if machine["write_mb_s"] < MIN_WRITE_MB_S:
            raise BadBox("disk", f"its disk writes {machine['write_mb_s']:.0f} MB/s, {MIN_WRITE_MB_S:.0f} are wanted")
        driver = machine["driver"].split(".")[0]
        if local_teacher(self.cfg) and driver.isdigit() and int(driver) < MIN_DRIVER:
            raise BadBox("driver", f"driver {machine['driver']} is too old for the teacher, which wants {MIN_DRIVER}")
        ran = self.ssh("~/wikillm/.venv/bin/python - --json", Path(GPU_CHECK).read_text(), timeout=300, check=False)
        try:
            found = json.loads(ran.stdout)
        except ValueError:
            raise BadBox(
                "gpu", f"gpu_check.py failed on the box: {(ran.stderr or ran.stdout).strip()[-200:]}"
            ) from None
        if "error" in found:
            raise BadBox("no gpu", found["error"])
        if not found["good"]:
            raise BadBox("slow gpu", found["verdict"])
        print(f"  {found['name']}, driver {found['driver']}: {found['tflops']} TFLOPS, {found['verdict']}", flush=True)

    # Jobs -----------------------------------------------------------------------------------------------------------

    def start_build(self) -> None:
        job = self.get_job()
        self.ssh("mkdir -p ~/.wikillm/jobs/build && cat > ~/.wikillm/jobs/build/plan", stdin=job.plan)
        self.start_job(BUILD, job.first, job.last)

    def start_job(self, name: str, first: str, last: str) -> None:
        """Start stages in a tmux session of that name; it outlives the connection."""
        jobs = self.status()["jobs"]
        if jobs.get(name, ["none"])[0] == "running":
            raise InputError(
                f"{name} is running already; see `vast.py logs -f {name}`, or end it: "
                f"ssh -F {self.line.ssh_config} {ALIAS} tmux kill-session -t {name}"
            )
        transfer.note_folders(self.line, self.cfg)
        folder = f"~/.wikillm/jobs/{name}"
        command = shlex.join([".venv/bin/python", "../.wikillm/build.py", first, last, *self.get_job().settings])
        self.ssh(
            f"mkdir -p {folder} && rm -f {folder}/pid {folder}/exit; tmux kill-session -t ={name} 2>/dev/null; "
            f"tmux new-session -d -s {name} bash .wikillm/job.sh {name} {command} && "
            f"for i in $(seq 50); do [ -s {folder}/pid ] && exit 0; sleep 0.1; done; "
            "echo 'tmux did not start the job' >&2; exit 1"
        )

    def end_jobs(self) -> None:
        self.ssh(f"{PYTHON} ~/.wikillm/guard.py --end", timeout=240)

    def status(self) -> dict:
        ran = self.ssh(f"{PYTHON} ~/.wikillm/report.py")
        try:
            return json.loads(ran.stdout)
        except ValueError:
            raise RentalError(f"the box's report cannot be read: {ran.stdout[-200:]!r}") from None

    def report(self) -> Report:
        found = self.status()
        offset = self.clock.wall() - found["now"]  # the box's clock may be hours off
        state, status, line = found["jobs"].get(BUILD, ["none", None, ""])
        spans = tuple((first + offset, first + seconds + offset) for first, seconds in found["spans"])
        traffic = (found["traffic"][0] / 1e9, found["traffic"][1] / 1e9)
        plan, guard, ending = found["plan"], found["guard"], found["ending"]
        running = tuple(name for name, (what, _, _) in found["jobs"].items() if what == "running")
        return Report(state, plan, status, line, spans, guard, ending, found["hours"], traffic, running)

    # Transfers ------------------------------------------------------------------------------------------------------

    def push(self, first: bool) -> float | None:
        """-> MB/s of the uplink, when enough was sent to tell"""
        return transfer.push(self.line, self.cfg, self.get_job().settings[1], busy=False)

    def push_rest(self) -> None:
        transfer.push_articles(self.line, self.cfg)

    def inventory(self) -> str:
        return transfer.digest(transfer.inventory(self.line, self.cfg))

    def pull(self) -> Pulled:
        with locked(self.folder / "pull.lock"):  # `build` here, `pull --every` in another terminal
            return transfer.pull(self.line, self.cfg)


def show_status(found: dict) -> str:
    """For `vast.py status`: GPU load, jobs with their last line, what the guard has to say."""
    lines = [found["gpu"]] if found["gpu"] else []
    for name, (state, code, line) in found["jobs"].items():
        said = {"running": "runs", "ended": f"ended with status {code}"}.get(state, state)
        lines.append(f"{name}: {said}: {line[:120]}")
    lines.append(f"meter guard: {found['ending'] or found['guard'] or 'watches, no reason to stop'}")
    return "\n".join(lines)
