#!/usr/bin/env python3
"""Rent a GPU on vast.ai, run stages on it, bring the results home, stop the meter.

    python scripts/vast.py offers                    what fits the config, true price, hours and dollars of train
    python scripts/vast.py up                        rent the cheapest that passes the GPU check
    python scripts/vast.py push                      code, tokenizer, tokens, articles -> the box
    python scripts/vast.py run train                 a stage in tmux on the box; your laptop may sleep
    python scripts/vast.py logs -f train             or: attach train
    python scripts/vast.py pull --every 30m          whole, verified checkpoints -> this machine
    python scripts/vast.py status                    state, hours, dollars so far, GPU load
    python scripts/vast.py down                      last pull, destroy, see that it is gone

    python scripts/vast.py build                     all of the above for the whole GPU half, then down

Reads the `vast` section of the config; remembers what it rented in .vast/. On the box a meter guard stops the
instance when nothing runs, when the cap is reached, or when this machine is not heard of for too long.
Every command takes --config FILE and section.key=value. docs/gpu.md tells the whole path, and the same by hand.
"""

import argparse
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
STATE = ROOT / ".vast"
SECRETS = ("WANDB_API_KEY", "HF_TOKEN")  # passed on to the jobs when they are set here, and the teacher's key


def use_own_environment() -> None:
    """Go on in .venv-vast, made from scripts/vast-requirements.txt when it is missing or out of date."""
    venv = ROOT / ".venv-vast"
    wanted = (ROOT / "scripts/vast-requirements.txt").read_text()
    ready = venv / ".ready"
    STATE.mkdir(mode=0o700, exist_ok=True)
    with open(STATE / "environment.lock", "w") as lock:  # another command may be making it: this one waits
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists() or ready.read_text() != wanted:
            print("vast.py: making .venv-vast (once)", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
            subprocess.run(
                [
                    venv / "bin/pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "-r",
                    ROOT / "scripts/vast-requirements.txt",
                ],
                check=True,
            )
            ready.write_text(wanted)
    if Path(sys.prefix) != venv:
        os.execv(venv / "bin/python", [str(venv / "bin/python"), __file__, *sys.argv[1:]])


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="vast.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=text, epilog="section.key=value anywhere changes single values"
        )
        sub.add_argument("--config", default="configs/base.yaml", metavar="FILE", help="default: configs/base.yaml")
        return sub

    command("offers", "list offers that fit, cheapest first, with the expected hours and dollars of train.py")
    command("up", "rent, wait, check ssh and GPU; destroys what it made when anything goes wrong")
    command("push", "send code and data, install the packages")
    pull = command("pull", "fetch whole checkpoints and what else was made")
    pull.add_argument("--every", metavar="30m", help="go on until nothing runs on the box any more")
    run = command("run", "run a stage on the box in a tmux session of its name")
    run.add_argument("stage", help="train, gen_sft_data, train_sft ...")
    attach = command("attach", "look at a job's terminal (leave with Ctrl-b d)")
    logs = command("logs", "show a job's log")
    logs.add_argument("-f", "--follow", action="store_true")
    for sub in (attach, logs):
        sub.add_argument("stage")
    command("status", "what is rented, what runs, what it has cost")
    command("stop", "stop the instance: only its disk costs; its GPU may be gone when you come back")
    command("start", "start a stopped instance")
    down = command("down", "pull, destroy, see that it is gone")
    down.add_argument("--no-pull", action="store_true", help="destroy at once, whatever is still on the box")
    build = command("build", "everything from push to the judged model, resumable, then down")
    build.add_argument("--to", metavar="STAGE", help="end after this stage, such as train")
    for sub in (build, run):
        sub.add_argument("--max-hours", type=float, metavar="H", help="stop the meter after so many hours")
        sub.add_argument("--max-dollars", type=float, metavar="D", help="or when so much is spent")
    # taken out first: argparse does not allow them between options
    overrides = [a for a in arguments if re.match(r"\w+\.\w+=", a)]
    args = parser.parse_args([a for a in arguments if a not in overrides])
    args.overrides = overrides
    return args


def main(args: argparse.Namespace) -> int:
    from pipeline.config import InputError, load_config
    from scripts.rental.rental import RentalError, StillBilling

    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal is a Ctrl-C: clean up
        signal.signal(number, interrupt)
    try:
        cfg = load_config(args.config, args.overrides)
        return COMMANDS[args.command](cfg, args) or 0
    except InputError as error:
        print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 2
    except StillBilling as error:
        print(error, file=sys.stderr)
        return 1
    except RentalError as error:
        print(f"error: {error}", file=sys.stderr)
        warn_if_billing()
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        warn_if_billing()
        return 130
    except Exception:  # a defect of ours must not hide that something costs money
        warn_if_billing()
        raise


def interrupt(number, frame) -> None:
    raise KeyboardInterrupt


def warn_if_billing() -> None:
    """Whatever went wrong: say what still costs money, and how it ends."""
    from scripts.rental import state as st

    state = st.load(STATE)
    instance = state["instance"]
    if instance:
        print(
            f"NOTE: instance {instance['id']} is still rented (${instance['dph']:.3f}/h while it runs). The guard on it stops "
            "it when nothing runs.\n      Go on: the same command.  End it: python scripts/vast.py down",
            file=sys.stderr,
        )
    elif state["renting"]:
        print(
            f"NOTE: an instance labelled {state['renting']} may have been rented. Run: python scripts/vast.py down",
            file=sys.stderr,
        )


# The commands ---------------------------------------------------------------------------------------------------------


def offers(cfg, args) -> None:
    from scripts.rental import rental

    api, _ = rental.connect()
    found = rental.search(api, cfg.vast)
    if not found:
        raise rental.RentalError(
            f"no {cfg.vast.gpu} below ${cfg.vast.max_price}/h fits `{cfg.vast.filters}`; "
            f"raise vast.max_price or loosen vast.filters"
        )
    print(
        f"{'offer':>10}  {'GPU':<12} {'$/h':>6}  {'train h':>7}  {'train $':>7}  {'down Mb/s':>9}  {'reliable':>8}  {'CUDA':>5}  where"
    )
    for offer in found:
        hours = rental.train_hours(cfg, offer["gpu_name"])
        cost = f"{hours:7.1f}  {hours * offer['dph_total']:7.2f}" if hours is not None else f"{'?':>7}  {'?':>7}"
        print(
            f"{offer['id']:>10}  {offer['gpu_name']:<12} {offer['dph_total']:6.3f}  {cost}  {offer.get('inet_down') or 0:9.0f}  "
            f"{offer.get('reliability2') or offer.get('reliability') or 0:8.3f}  {offer.get('cuda_max_good') or 0:5.1f}  "
            f"{offer.get('geolocation') or '?'}"
        )
    print(f"$/h with {cfg.vast.disk_gb} GB of disk; hours of train.py at {rental.MFU:.0%} of the GPU's peak")


def up(cfg, args) -> None:
    from scripts.rental import state as st

    with st.only_one(STATE):
        rent_box(cfg)


def rent_box(cfg) -> None:
    """Offers one after another until one passes every check. Whatever fails or is interrupted is destroyed again."""
    from pipeline.config import InputError
    from scripts.rental import rental
    from scripts.rental import state as st

    api, create_api = rental.connect()
    state = st.load(STATE)
    if state["renting"]:
        settle_unknown(cfg, api, state)
    if state["instance"]:
        raise InputError(
            f"instance {state['instance']['id']} is rented already; `vast.py status` shows it, `vast.py down` ends it"
        )
    key = Path(cfg.vast.ssh_key).expanduser()
    public = key.with_name(key.name + ".pub")
    if not key.exists() or not public.exists():
        raise InputError(f"{key}: no ssh key pair; make one (ssh-keygen -t ed25519 -f {key}) or set vast.ssh_key")
    rental.register_key(api, public.read_text().strip())
    found = rental.search(api, cfg.vast)
    if not found:
        raise rental.RentalError(f"no {cfg.vast.gpu} below ${cfg.vast.max_price}/h fits vast.filters just now")
    for offer in found[: cfg.vast.max_tries]:
        print(
            f"renting offer {offer['id']}: {offer['gpu_name']}, ${offer['dph_total']:.3f}/h with the disk", flush=True
        )
        try:
            bring_up(cfg, api, create_api, state, offer, key)
            return
        except rental.StillBilling:
            raise
        except rental.RentalError as error:
            print(f"  {error}\n  taking the next offer", flush=True)
    raise rental.RentalError(
        f"none of {len(found[: cfg.vast.max_tries])} offers became a working box; nothing is rented"
    )


def bring_up(cfg, api, create_api, state: dict, offer: dict, key: Path) -> None:
    from scripts.rental import box as on
    from scripts.rental import rental
    from scripts.rental import state as st

    state["renting"] = rental.new_label()
    st.save(STATE, state)  # before the request: should this process die now, `down` knows what to look for
    try:
        env = {"WIKILLM_FUSE_MINUTES": str(cfg.vast.boot_minutes * 2)}
        if os.environ.get("VAST_URL"):
            env["VAST_URL"] = os.environ["VAST_URL"]
        with uninterrupted():
            instance = rental.rent(
                api, create_api, offer["id"], state["renting"], cfg.vast, (ROOT / "onstart.sh").read_text(), env
            )
            state["instance"] = {
                "id": instance,
                "label": state["renting"],
                "gpu": offer["gpu_name"],
                "dph": offer["dph_total"],
                "disk_dph": offer.get("storage_total_cost") or 0.0,
                "rented": time.time(),
            }
            state["renting"] = None
            st.meter(state, instance, offer["dph_total"])
            st.save(STATE, state)
        print(f"  instance {instance}", flush=True)
        connect_box(cfg, api, state, key)
        check_gpu(cfg, on.Box(STATE / "ssh_config"))
        print(
            f"instance {instance} is ready: ssh -F {STATE / 'ssh_config'} {st.ALIAS}\n"
            f"(or once: add `Include {STATE / 'ssh_config'}` to the top of ~/.ssh/config, then: ssh {st.ALIAS})",
            flush=True,
        )
    except rental.OfferGone:
        state["renting"] = None
        st.save(STATE, state)
        raise
    except BaseException as error:
        if state["renting"] and not isinstance(error, rental.StillBilling):
            with uninterrupted():
                settle_unknown(cfg, api, state)
        if state["instance"]:
            print(f"  {str(error) or 'interrupted'}: destroying instance {state['instance']['id']}", flush=True)
            with uninterrupted():
                destroy(cfg, api, state)
        raise


def connect_box(cfg, api, state: dict, key: Path) -> None:
    """Wait for the container, for ssh, for onstart.sh; start the meter guard."""
    from scripts.rental import box as on
    from scripts.rental import rental
    from scripts.rental import state as st

    deadline = time.time() + cfg.vast.boot_minutes * 60
    instance = state["instance"]["id"]
    row = rental.wait_running(api, instance, deadline, cfg.vast.poll_seconds)
    addresses = rental.addresses(row)
    if not addresses:
        raise rental.RentalError(f"instance {instance} runs but has no ssh port")
    box = None
    for number, (host, port) in enumerate(addresses):
        box = on.Box(st.write_alias(STATE, instance, host, port, key))
        last = number == len(addresses) - 1
        try:
            on.wait_for_ssh(box, deadline if last else min(deadline, time.time() + 60), cfg.vast.poll_seconds)
            break
        except rental.RentalError:
            if last:
                raise
    print(f"  ssh works; {on.wait_until_ready(box, deadline, cfg.vast.poll_seconds)}", flush=True)
    on.start_guard(box, limits(cfg, None), instance, os.environ.get("VAST_URL") or "https://console.vast.ai", None)
    on.send_secrets(
        box, {name: os.environ[name] for name in (*SECRETS, cfg.teacher.api_key_env) if os.environ.get(name)}
    )


def check_gpu(cfg, box) -> None:
    """gpu_check.py on the box; RentalError for a GPU that is not worth its price. A config for the CPU wants none."""
    import json

    from scripts.rental import rental

    if cfg.train.device == "cpu":
        return
    ran = box.ssh(
        "~/wikillm/.venv/bin/python - --json",
        stdin=(ROOT / "scripts/gpu_check.py").read_text(),
        timeout=300,
        check=False,
    )
    try:
        found = json.loads(ran.stdout)
    except ValueError:
        raise rental.RentalError(
            f"gpu_check.py failed on the box: {(ran.stderr or ran.stdout).strip()[-200:]}"
        ) from None
    if "error" in found:
        raise rental.RentalError(found["error"])
    print(f"  {found['name']}, driver {found['driver']}: {found['tflops']} TFLOPS, {found['verdict']}", flush=True)
    if not found["good"]:
        raise rental.RentalError(found["verdict"])


def push(cfg, args) -> None:
    from scripts.rental import box as on

    box = the_box()
    on.push(box, cfg)
    print("pushed")


def pull(cfg, args) -> None:
    from scripts.rental import box as on
    from scripts.rental.rental import RentalError

    box = the_box()
    every = seconds(args.every) if args.every else None
    while True:
        try:
            idle = on.idle(box)
            pull_once(cfg, box)
        except RentalError as error:
            if every is None:
                raise
            print(f"{error}; trying again in {args.every}", flush=True)
            idle = False
        if every is None or idle:
            return
        time.sleep(every)


def pull_once(cfg, box) -> None:
    from scripts.rental import box as on
    from scripts.rental import state as st

    new = on.pull(box, cfg)
    state = st.load(STATE)
    if new:
        state["pulled"] = [new[-1], time.time()]
        st.save(STATE, state)
    print(time.strftime("%H:%M:%S"), "pulled:", ", ".join(new) if new else "no new checkpoint", flush=True)


def run(cfg, args) -> None:
    import difflib

    from pipeline.config import InputError
    from scripts.rental import box as on
    from scripts.rental import build as plan

    known = sorted(p.stem for p in (ROOT / "src").glob("*.py"))
    if args.stage not in known:
        near = difflib.get_close_matches(args.stage, known, n=1)
        raise InputError(
            f"no stage {args.stage!r}" + (f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}")
        )
    box = the_box()
    on.set_limits(box, limits(cfg, args))
    on.start_job(box, args.stage, plan.job_command(cfg, args.stage, args.config, args.overrides))
    print(
        f"{args.stage} runs on the box, with or without this machine. See it: python scripts/vast.py logs -f {args.stage}"
    )


def attach(cfg, args) -> None:
    from scripts.rental.state import ALIAS

    box = the_box()
    os.execvp(
        "ssh", ["ssh", "-F", str(box.ssh_config), "-t", ALIAS, f"touch ~/.wikillm/laptop; tmux attach -t ={args.stage}"]
    )


def logs(cfg, args) -> None:
    from scripts.rental.state import ALIAS

    box = the_box()
    log = f"~/.wikillm/jobs/{args.stage}/log"
    # following ends with the job
    show = (
        f"tail -n +1 -F --pid=$(cat ~/.wikillm/jobs/{args.stage}/pid) {log} 2>/dev/null"
        if args.follow
        else f"cat {log}"
    )
    os.execvp(
        "ssh",
        [
            "ssh",
            "-F",
            str(box.ssh_config),
            ALIAS,
            f"touch ~/.wikillm/laptop; test -f {log} || {{ echo 'no log of {args.stage} on the box' >&2; exit 1; }}; {show}",
        ],
    )


def status(cfg, args) -> None:
    from scripts.rental import box as on
    from scripts.rental import rental
    from scripts.rental import state as st

    api, _ = rental.connect()
    state = st.load(STATE)
    instance = state["instance"]
    if instance is None:
        print(
            "nothing is rented"
            + (
                f" (but see `vast.py down`: a request labelled {state['renting']} is unsettled)"
                if state["renting"]
                else ""
            )
        )
    else:
        row = rental.show(api, instance["id"])
        print(
            f"instance {instance['id']}, {instance['gpu']}: {row.get('actual_status') if row else 'GONE'}"
            f", rented {(time.time() - instance['rented']) / 3600:.1f} h ago"
        )
        if row and row.get("actual_status") == "running":
            try:
                print(on.report(on.Box(STATE / "ssh_config")))
            except on.Unreachable as error:
                print(f"the box does not answer: {error}")
    if state["pulled"]:
        print(
            f"last checkpoint pulled: {state['pulled'][0]}, {(time.time() - state['pulled'][1]) / 60:.0f} minutes ago"
        )
    if state["ledger"]:
        print(st.show_ledger(state))


def stop(cfg, args) -> None:
    from scripts.rental import rental
    from scripts.rental import state as st

    api, _ = rental.connect()
    state = st.load(STATE)
    instance = rented(state)
    rental.asking("stop the instance", api.stop_instance, instance["id"])
    st.meter(state, instance["id"], instance["disk_dph"])
    st.save(STATE, state)
    print(
        f"instance {instance['id']} is stopping; its disk still costs ${instance['disk_dph'] * 24:.2f} a day. "
        f"Somebody else may rent its GPU meanwhile."
    )


def start(cfg, args) -> None:
    from scripts.rental import rental
    from scripts.rental import state as st

    api, _ = rental.connect()
    state = st.load(STATE)
    instance = rented(state)
    rental.asking("start the instance", api.start_instance, instance["id"])
    st.meter(state, instance["id"], instance["dph"])
    st.save(STATE, state)
    try:
        connect_box(cfg, api, state, Path(cfg.vast.ssh_key).expanduser())
    except BaseException:
        with uninterrupted():
            stop(cfg, args)  # back to where it was: a box that waits for a GPU must not begin to cost by itself
        raise
    print(f"instance {instance['id']} runs again")


def down(cfg, args) -> None:
    from scripts.rental import box as on
    from scripts.rental import rental
    from scripts.rental import state as st

    with st.only_one(STATE):
        api, _ = rental.connect()
        state = st.load(STATE)
        if state["renting"]:
            settle_unknown(cfg, api, state)
        if state["instance"] is None:
            print("nothing is rented")
        else:
            if not args.no_pull and rental.show(api, state["instance"]["id"]) is not None:
                try:
                    pull_once(cfg, on.Box(STATE / "ssh_config"))
                except rental.RentalError as error:
                    raise rental.RentalError(
                        f"the last pull failed, so nothing was destroyed: {error}\n"
                        "       destroy it all the same: python scripts/vast.py down --no-pull"
                    ) from None
            with uninterrupted():
                destroy(cfg, api, st.load(STATE))
        print(st.show_ledger(st.load(STATE)))


def build(cfg, args) -> None:
    """The GPU half from push to judge; on a new box when one vanishes; at the end nothing is rented."""
    from pipeline.config import InputError
    from scripts.rental import build as plan
    from scripts.rental import rental
    from scripts.rental import state as st

    if args.to and args.to not in plan.STAGES:
        raise InputError(f"--to {args.to}: the stages of a build are {', '.join(plan.STAGES)}")
    missing = [f for f in (cfg.tokenizer.path, cfg.data.train_bin, cfg.data.val_bin) if not (ROOT / f).exists()]
    if missing:
        raise InputError(
            f"{', '.join(missing)}: not made yet; first: bash scripts/run_all.sh --config {args.config} --to pack_tokens"
        )
    with st.only_one(STATE):
        api, _ = rental.connect()
        state = st.load(STATE)
        done = state["built"].setdefault(args.config, {"since": time.time(), "steps": []})
        st.save(STATE, state)
        for number in range(plan.MAX_BOXES):
            try:
                build_on_a_box(cfg, args, api)
                break
            except plan.Vanished as error:
                print(f"{error}; taking another box", flush=True)
                with uninterrupted():
                    destroy(cfg, api, st.load(STATE))
            except plan.CapReached as error:
                pull_and_destroy(cfg, api)
                raise rental.RentalError(
                    f"{error}; what was made is here, and nothing is rented. Raise the cap and run it again"
                ) from None
        else:
            raise rental.RentalError(f"{plan.MAX_BOXES} boxes vanished; nothing is rented. Run it again later")
        pull_and_destroy(cfg, api)
        state = st.load(STATE)
        print(f"built {args.config}:\n{st.show_ledger(state, done['since'])}")
        del state["built"][args.config]
        st.save(STATE, state)


def build_on_a_box(cfg, args, api) -> None:
    from scripts.rental import box as on
    from scripts.rental import build as plan
    from scripts.rental import state as st

    key = Path(cfg.vast.ssh_key).expanduser()
    state = st.load(STATE)
    if state["instance"] and (reason := gone(api, state["instance"]["id"])):
        raise plan.Vanished(reason)
    if reason := over_cap(cfg, args):
        raise plan.CapReached(reason)
    if state["instance"] is None:
        rent_box(cfg)
        state = st.load(STATE)
    instance, box = state["instance"]["id"], on.Box(STATE / "ssh_config")
    is_alive = lambda: gone(api, instance) is None
    poll = cfg.vast.poll_seconds
    plan.patiently(lambda: on.set_limits(box, limits(cfg, args)), is_alive, poll)
    print("== push", flush=True)
    plan.patiently(lambda: on.push(box, cfg), is_alive, poll)
    for step in plan.steps(cfg, args.config, args.overrides, args.to):
        if step.name in st.load(STATE)["built"][args.config]["steps"]:
            continue
        plan.run_step(
            box,
            step,
            is_alive,
            lambda: over_cap(cfg, args),
            lambda: pull_once(cfg, box),
            poll,
            cfg.vast.pull_minutes * 60,
        )
        state = st.load(STATE)
        state["built"][args.config]["steps"].append(step.name)
        st.save(STATE, state)


def pull_and_destroy(cfg, api) -> None:
    from scripts.rental import box as on
    from scripts.rental import build as plan
    from scripts.rental import state as st

    state = st.load(STATE)
    if state["instance"] is None:
        return
    instance = state["instance"]["id"]
    try:
        plan.patiently(
            lambda: pull_once(cfg, on.Box(STATE / "ssh_config")),
            lambda: gone(api, instance) is None,
            cfg.vast.poll_seconds,
        )
    except plan.Vanished as error:  # each stage was pulled at its end
        print(f"{error}; here is what was pulled before", flush=True)
    with uninterrupted():
        destroy(cfg, api, st.load(STATE))


# Small parts ----------------------------------------------------------------------------------------------------------


def rented(state: dict) -> dict:
    from pipeline.config import InputError

    if state["instance"] is None:
        raise InputError("nothing is rented; first: python scripts/vast.py up")
    return state["instance"]


def the_box():
    from scripts.rental import box as on
    from scripts.rental import state as st

    rented(st.load(STATE))
    return on.Box(STATE / "ssh_config")


def gone(api, instance: int) -> str | None:
    """Why the instance is of no use any more, or None. When vast.ai cannot be asked, it is taken to be there."""
    from scripts.rental import rental

    try:
        row = rental.show(api, instance)
    except rental.RentalError as error:
        print(f"  {error}", flush=True)
        return None
    if row is None:
        return f"instance {instance} does not exist any more"
    if row.get("actual_status") in ("exited", "stopped", "offline"):
        return f"instance {instance} is {row['actual_status']}"
    return None


def destroy(cfg, api, state: dict) -> None:
    """Destroy the instance of the state file; it leaves the file only when it is seen to be gone."""
    from scripts.rental import rental
    from scripts.rental import state as st

    instance = state["instance"]["id"]
    rental.destroy(api, instance, cfg.vast.poll_seconds)
    st.meter(state, instance, 0.0)
    state["instance"] = None
    st.save(STATE, state)
    (STATE / "ssh_config").unlink(missing_ok=True)
    print(f"instance {instance} is destroyed and gone", flush=True)


def settle_unknown(cfg, api, state: dict) -> None:
    """A request whose answer was never seen: destroy what it rented, if it did."""
    from scripts.rental import rental
    from scripts.rental import state as st

    found = rental.find(api, state["renting"], cfg.vast.poll_seconds)
    if found is not None:
        print(f"instance {found} was rented by a request whose answer got lost: destroying it", flush=True)
        rental.destroy(api, found, cfg.vast.poll_seconds)
    state["renting"] = None
    st.save(STATE, state)


def limits(cfg, args) -> dict:
    """What the guard on the box goes by; the deadline comes from the caps that are set."""
    left = hours_left(cfg, args)
    return {
        "idle_minutes": cfg.vast.idle_minutes,
        "laptop_hours": cfg.vast.laptop_hours,
        "poll_seconds": cfg.vast.poll_seconds,
        "deadline": time.time() + left * 3600,
    }


def caps(cfg, args) -> tuple[float, float]:
    return (
        getattr(args, "max_hours", None) or cfg.vast.max_hours,
        getattr(args, "max_dollars", None) or cfg.vast.max_dollars,
    )


def used(args) -> tuple[float, float]:
    """Hours and dollars that count against the cap: those of this build, else of this instance."""
    from scripts.rental import state as st

    state = st.load(STATE)
    since = state["built"].get(args.config, {}).get("since") if args is not None and args.command == "build" else None
    if since is None:
        since = state["instance"]["rented"] - 1 if state["instance"] else time.time()
    return st.total(state, since, time.time())


def hours_left(cfg, args) -> float:
    from scripts.rental import state as st

    max_hours, max_dollars = caps(cfg, args)
    hours, dollars = used(args)
    return max(0.0, min(max_hours - hours, (max_dollars - dollars) / rented(st.load(STATE))["dph"]))


def over_cap(cfg, args) -> str | None:
    max_hours, max_dollars = caps(cfg, args)
    hours, dollars = used(args)
    if hours >= max_hours:
        return f"the cap of {max_hours:g} hours is reached"
    if dollars >= max_dollars:
        return f"the cap of ${max_dollars:g} is reached"
    return None


def seconds(text: str) -> float:
    from pipeline.config import InputError

    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not match:
        raise InputError(f"--every {text}: write 30m, 90s or 1h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


class uninterrupted:
    """A Ctrl-C in here takes effect at its end: neither a clean-up nor a request that costs money is cut short."""

    def __enter__(self):
        self.signals = []
        self.before = {
            n: signal.signal(n, lambda number, frame: self.signals.append(number))
            for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }

    def __exit__(self, kind, *exception):
        for number, handler in self.before.items():
            signal.signal(number, handler)
        if self.signals and kind is None:
            raise KeyboardInterrupt


COMMANDS = {f.__name__: f for f in (offers, up, push, pull, run, attach, logs, status, stop, start, down, build)}

if __name__ == "__main__":
    arguments = parse(sys.argv[1:])
    use_own_environment()
    sys.exit(main(arguments))
