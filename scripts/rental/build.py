"""The GPU half of a config on rented boxes: each step runs as a job, is pulled, and is not done again.

A box that vanishes is replaced: the new one gets what was pulled, and the stage that was running resumes there.
"""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from scripts.rental import box as on
from scripts.rental.box import Box, Unreachable
from scripts.rental.rental import RentalError

STAGES = ("train", "gen_sft_data", "train_sft", "gen_pref_data", "train_dpo", "eval_ppl", "judge_eval")
ASKS_TEACHER = ("gen_sft_data", "gen_pref_data", "judge_eval")
MAX_BOXES = 5  # one build uses at most so many boxes, one after another
UNREACHABLE_SECONDS = 600  # ssh may be away so long while vast.ai says that the box runs


class Vanished(RentalError):
    """The box is gone or no longer answers."""


class CapReached(RentalError):
    """The hours or dollars of this build are spent."""


@dataclass(frozen=True)
class Step:
    name: str  # of the job and of its tmux session
    command: str


def steps(cfg, config: str, overrides: list[str], to: str | None) -> list[Step]:
    """Up to the stage `to`: train, post-train, evaluate, judge."""
    stages = STAGES[: STAGES.index(to) + 1] if to else STAGES
    return [Step(stage, job_command(cfg, stage, config, overrides)) for stage in stages]


def job_command(cfg, stage: str, config: str, overrides: list[str]) -> str:
    """The stage; with a teacher on the box that runs only while the stage asks it: training needs the whole GPU."""
    command = shlex.join([".venv/bin/python", f"src/{stage}.py", "--config", config, *overrides])
    local_teacher = cfg.teacher.backend == "openai" and urlsplit(cfg.teacher.base_url).hostname in (
        "127.0.0.1",
        "localhost",
    )
    if not local_teacher or stage not in ASKS_TEACHER:
        return command
    settings = shlex.join(["--config", config, *overrides])
    return shlex.join(
        [
            "bash",
            "-c",
            f"bash scripts/serve_teacher.sh start {settings} && {command}; status=$?; "
            "bash scripts/serve_teacher.sh stop; exit $status",
        ]
    )


def run_step(
    box: Box,
    step: Step,
    is_alive: Callable[[], bool],
    over_cap: Callable[[], str | None],
    pull: Callable[[], None],
    poll_seconds: float,
    pull_seconds: float,
) -> None:
    """Start the step, or find it running from an earlier build; follow it to its end; pull what it made."""
    state, status, _ = patiently(lambda: on.job(box, step.name), is_alive, poll_seconds)
    if state != "running":
        print(f"== {step.name}", flush=True)
        patiently(lambda: on.start_job(box, step.name, step.command), is_alive, poll_seconds)
    else:
        print(f"== {step.name}: runs already", flush=True)
    shown, pulled = "", time.time()
    while True:
        state, status, line = patiently(lambda: on.job(box, step.name), is_alive, poll_seconds)
        if line and line != shown:
            print(f"  {line[:150]}", flush=True)
            shown = line
        if state != "running":
            break
        if reason := over_cap():
            raise CapReached(reason)
        if time.time() - pulled >= pull_seconds:
            try:
                pull()
            except RentalError as error:
                print(f"  pull: {error}; trying again later", flush=True)
            pulled = time.time()
        time.sleep(poll_seconds)
    if state != "ended":
        raise RentalError(
            f"{step.name} ended without a status (killed, or out of memory); see: vast.py logs {step.name}"
        )
    patiently(pull, is_alive, poll_seconds)
    if status:
        raise RentalError(f"{step.name} failed with status {status}; its log: python scripts/vast.py logs {step.name}")


def patiently(action: Callable, is_alive: Callable[[], bool], poll_seconds: float):
    """Do it over ssh; a cut connection is tried again while the box lives. Vanished when it does not."""
    since = time.time()
    while True:
        try:
            return action()
        except Unreachable as error:
            if not is_alive():
                raise Vanished(f"the box is gone ({error})") from None
            if time.time() - since > UNREACHABLE_SECONDS:
                raise Vanished(f"the box has not answered for {UNREACHABLE_SECONDS // 60} minutes ({error})") from None
            print(f"  {error}; trying again", flush=True)
            time.sleep(poll_seconds)
