"""The build on the box: the GPU stages one after another through scripts/run_all.sh; runs in the repo's .venv, in
tmux.

    python build.py FIRST_STAGE LAST_STAGE --config FILE [section.key=value ...]       in the repo's folder

A teacher on this box is up only while a stage asks it: training needs the whole GPU. Whether it could be is asked
before the first stage, and what it needs is fetched while that runs: a box on which it cannot start is found out at
once. A trainer that was told to stop exits with 0 as well, so its checkpoint is asked whether all steps are in it; when
not, this ends with status 75 and the same command goes on. Leaves ~/.wikillm/hours.json: the hours of each stage so
far.
"""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

HOME = Path.home() / ".wikillm"
STAGES = ("train", "gen_sft_data", "train_sft", "gen_pref_data", "train_dpo", "eval_ppl", "judge_eval")
ASKS_TEACHER = ("gen_sft_data", "gen_pref_data", "judge_eval")
RUNS = {"train": "base", "train_sft": "sft", "train_dpo": "dpo"}  # a trainer's folder of train.checkpoint_dir
STOPPED_EARLY = 75


def stages(first: str, last: str) -> tuple[str, ...]:
    return STAGES[STAGES.index(first) : STAGES.index(last) + 1] if first in STAGES else (first,)


def local_teacher(cfg) -> bool:
    """Does the config want its teacher on the machine that runs the stages?"""
    host = urlsplit(cfg.teacher.base_url).hostname
    return cfg.teacher.backend == "openai" and host in ("127.0.0.1", "localhost")


def missing_steps(cfg, stage: str, root: Path) -> str | None:
    """What a trainer's newest checkpoint lacks, or None when all steps are in it (or the stage is no trainer)."""
    if stage not in RUNS:
        return None
    file = root / cfg.train.checkpoint_dir / RUNS[stage] / "latest/training_state/state.json"
    if not file.exists():
        return f"{stage}: no checkpoint"
    state = json.loads(file.read_text(encoding="utf-8"))
    step, steps = state.get("step", 0), cfg.train.max_iters if stage == "train" else state.get("steps", math.inf)
    return f"{stage} stopped at step {step:,} of {steps:,}" if step < steps else None


def run(command: list[str]) -> int:
    """The status of a command. Signals reach it by itself, as one of this process group."""
    return subprocess.Popen(command).wait()


def gpus() -> int:
    if not shutil.which("nvidia-smi"):
        return 0
    return len(subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True).stdout.splitlines())


def run_stage(cfg, stage: str, settings: list[str]) -> int:
    command = [".venv/bin/python", f"src/{stage}.py", *settings]
    if stage in STAGES:  # a signal to the group ends bash before the stage has saved, unless bash has a trap
        script = ["scripts/run_all.sh", "--from", stage, "--to", stage, *settings]
        command = ["bash", "-c", 'trap : TERM INT; source "$0" "$@"', *script]
    if stage in RUNS and cfg.train.device != "cpu" and (count := gpus()) > 1:  # what was rented is used
        torchrun = [".venv/bin/python", "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={count}"]
        command = [*torchrun, f"src/{stage}.py", *settings]
    if stage not in ASKS_TEACHER or not local_teacher(cfg):
        return run(command)
    try:
        return run(["bash", "scripts/serve_teacher.sh", "start", *settings]) or run(command)
    finally:
        run(["bash", "scripts/serve_teacher.sh", "stop"])


def count_hours(stage: str, seconds: float) -> None:
    HOME.mkdir(exist_ok=True)
    file = HOME / "hours.json"
    try:
        hours = json.loads(file.read_text())
    except (OSError, ValueError):  # none yet, or 0 bytes after the host lost its power
        hours = {}
    hours[stage] = hours.get(stage, 0.0) + seconds / 3600
    file.with_suffix(".new").write_text(json.dumps(hours))
    os.replace(file.with_suffix(".new"), file)


def main(first: str, last: str, settings: list[str]) -> int:
    sys.path.insert(0, "src")
    from pipeline.config import load_config

    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):  # the stage saves and ends; then this does
        signal.signal(number, lambda number, frame: stopped.append(number))
    cfg = load_config(settings[1], settings[2:])
    asks = [stage for stage in stages(first, last) if stage in ASKS_TEACHER]
    if asks and local_teacher(cfg):
        if status := run(["bash", "scripts/serve_teacher.sh", "check", *settings]):
            print(f"{asks[0]} could not start its teacher on this box; nothing was begun")
            return status
        subprocess.Popen(["bash", "scripts/serve_teacher.sh", "prepare", *settings])
    for stage in stages(first, last):
        if stage == "gen_sft_data" and not Path(cfg.data.deduped_dir, "manifest.json").exists():
            print("the articles are not on this box yet; python scripts/vast.py build sends them")
            return STOPPED_EARLY
        began = time.monotonic()
        status = run_stage(cfg, stage, settings)
        count_hours(stage, time.monotonic() - began)
        if problem := missing_steps(cfg, stage, Path()) if status == 0 else None:
            print(problem)
            return STOPPED_EARLY
        if stopped:
            print(f"told to stop in {stage}")
            return STOPPED_EARLY
        if status:
            print(f"{stage} ended with status {status}")
            return status
    return 0


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
    else:
        sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
