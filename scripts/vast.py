#!/usr/bin/env python3
"""Rent a GPU on vast.ai, run stages on it, bring the results home, stop the meter.

    python scripts/vast.py build --check             what can be known before paying: keys, files, price, hours
    python scripts/vast.py build                     rent, push, train ... judge, pull, destroy; resumable

    python scripts/vast.py offers                    the whole build on each GPU: dollars and hours, also by bid
    python scripts/vast.py up                        rent the cheapest that passes the checks
    python scripts/vast.py push                      code, tokenizer, tokens, articles -> the box
    python scripts/vast.py run train                 a stage in tmux on the box; your laptop may sleep
    python scripts/vast.py logs -f train             or: attach train
    python scripts/vast.py pull --every 30m          whole, verified checkpoints -> this machine
    python scripts/vast.py status                    state, hours, dollars so far, GPU load
    python scripts/vast.py down                      save, last pull, destroy, see that it is gone

Reads the `vast` section of the config; remembers what it rented in .vast/. On the box a meter guard stops the
instance when nothing runs or when the cap is reached. What may hold work that is not here is never destroyed, unless
you say --lose-work. Every command takes --config FILE and section.key=value. docs/gpu.md tells the whole path, and
the same by hand.
"""

import argparse
import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
import pipeline.ctrl_c  # noqa: E402  first, for as long as the others take

from pipeline.ending import Parser, script_main  # noqa: E402

STATE = ROOT / ".vast"


def use_own_environment() -> None:
    """Go on in .venv-vast, made from scripts/vast-requirements.txt when it is missing or out of date."""
    venv = ROOT / ".venv-vast"
    requirements = ROOT / "scripts/vast-requirements.txt"
    # the tools in it name its folder: a checkout that was moved needs them anew
    wanted, ready = f"# of {venv.resolve()}\n{requirements.read_text()}", venv / ".ready"
    STATE.mkdir(mode=0o700, exist_ok=True)
    with open(STATE / "environment.lock", "w") as lock:  # another command may be making it: this one waits
        fcntl.flock(lock, fcntl.LOCK_EX)
        works = (venv / "bin/python").exists()  # not when the Python that it was made with is gone
        if not works or not ready.exists() or ready.read_text() != wanted:
            print("vast.py: making .venv-vast (once)", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
            pip = [str(venv / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
            subprocess.run(pip, check=True)
            ready.write_text(wanted)
    if Path(sys.prefix) != venv:
        os.execv(venv / "bin/python", [str(venv / "bin/python"), __file__, *sys.argv[1:]])


def parse(arguments: list[str]) -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="vast.py", description=__doc__, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        more = "section.key=value anywhere changes single values"
        sub = commands.add_parser(name, help=text, description=text, epilog=more)
        sub.add_argument("--config", default="configs/base.yaml", metavar="FILE", help="default: configs/base.yaml")
        return sub

    command("offers", "the whole build on what can be rented: dollars and hours, cheapest first")
    command("up", "rent, wait, check ssh, disk and GPU; destroys what it made when anything goes wrong")
    command("push", "send code and data, install the packages; while a job runs the code alone")
    pull = command("pull", "fetch whole checkpoints and what else was made")
    pull.add_argument("--every", metavar="30m", help="go on until nothing runs on the box any more")
    run = command("run", "run a stage on the box in a tmux session of its name")
    run.add_argument("stage", help="train, gen_sft_data, train_sft ...")
    attach = command("attach", "look at a job's terminal (leave with Ctrl-b d; Ctrl-C stops the stage, which saves)")
    logs = command("logs", "show a job's log")
    logs.add_argument("-f", "--follow", action="store_true")
    for sub in (attach, logs):
        sub.add_argument("stage", help="the job's name: build, train ...")
    command("status", "what is rented, what runs, what it has cost")
    command("bill", "hours and dollars so far, a row a stage and a row an instance")
    command("stop", "save and stop the instance: only its disk costs; its GPU may be gone when you come back")
    command("start", "start a stopped instance")
    adopt = command("adopt", "take over an instance with this project's label that .vast does not know")
    adopt.add_argument("instance", type=int)
    down = command("down", "save, pull, compare, destroy, see that it is gone")
    down.add_argument("instance", type=int, nargs="?", help="one that a build left behind; default: what works")
    down.add_argument("--lose-work", action="store_true", help="destroy at once, whatever is still on the box")
    build = command("build", "everything from push to the judged model, resumable, then down")
    build.add_argument("--to", metavar="STAGE", help="end after this stage, such as train")
    build.add_argument("--elsewhere", action="store_true", help="leave the box whose GPU is taken; rent another")
    build.add_argument("--check", action="store_true", help="rent nothing: say what is missing and what it will cost")
    for sub in (build, run):
        sub.add_argument("--max-hours", type=float, metavar="H", help="save, pull and stop after so many hours")
        sub.add_argument("--max-dollars", type=float, metavar="D", help="or when so much is spent")
    # taken out first: argparse does not allow them between options
    overrides = [a for a in arguments if re.match(r"[\w.]+=", a)]
    args = parser.parse_args([a for a in arguments if a not in overrides])
    args.overrides = overrides
    return args


def run() -> int:
    arguments = parse(sys.argv[1:])
    use_own_environment()
    from scripts.rental.commands import main

    return main(arguments)


if __name__ == "__main__":
    script_main(run)
