"""What travels between this machine and the box, by rsync over ssh.

To the box: what git would show of the code, and the inputs of the stages. Never a secret, an environment, or a file
over one that the box has made. From the box: whole checkpoints, verified by their hashes, and whatever else the
stages made, compared by hash.
"""

import functools
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from pipeline.config import ROOT, InputError, resolve
from scripts.rental.state import ALIAS
from scripts.rental.world import LocalFault, Pulled, RentalError, Unreachable

ON_BOX = Path(__file__).parent / "on_box"
RUNS = ("base", "sft", "dpo")  # the folders of train.checkpoint_dir
# Never sent, tracked by git or not: a name of a file or of a folder above it.
SECRET = [
    ".git", ".vast", ".env*", ".aws", ".azure", ".ssh", ".gnupg", ".kube", ".docker", ".config", ".npmrc", ".pypirc",
    ".netrc", ".git-credentials", "*credential*", "*secret*", "*token.txt", "*token.json", "token", "*apikey*",
    "*api_key*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "id_rsa*", "id_ed25519*",
    "id_ecdsa*", "id_dsa*", "service_account*.json",
]  # fmt: skip
# And what would only cost time there.
USELESS = [
    "*venv", ".venv*", "env", "__pycache__", ".*_cache", ".hypothesis", "node_modules", "wandb", "*.log", "*.pyc",
]  # fmt: skip
CODE = (
    "src",
    "scripts",
    "configs",
    "onstart.sh",
    "requirements.txt",
    "constraints.txt",
    "pyproject.toml",
    "tests/requirements.txt",
)
# On the box: marks what its shell does for as long as that lives, or the meter guard would take the box for idle.
# `;`: on a full disk nothing can be marked, and what the box has made can be fetched all the same.
MARK = (
    "{ mkdir -p .wikillm/holds; touch .wikillm/laptop .wikillm/activity; "
    "sed 's/.*) //' /proc/$$/stat | cut -d' ' -f20 > .wikillm/holds/$$; } 2>/dev/null; "
)
HOLD = f"{MARK}exec rsync"
# rsync's exit statuses that mean: the connection is gone, or was never there
LINE_STATUSES = (10, 12, 20, 30, 35, 255)
TELL_SECONDS = 30  # between two lines about a transfer that is under way
ENOUGH_BYTES = 20_000_000  # to tell the uplink's speed by


@dataclass(frozen=True)
class Line:
    """The connection to the box."""

    ssh_config: Path

    def ssh(
        self, command: str, stdin: str | None = None, timeout: float = 60, check: bool = True
    ) -> subprocess.CompletedProcess:
        """Run a command in the box's home. Unreachable when the connection fails; RentalError when the command does."""
        if not self.ssh_config.exists():
            raise Unreachable("the box's address is not known yet")
        said = f"touch ~/.wikillm/laptop 2>/dev/null; {command}"
        full = ["ssh", "-F", str(self.ssh_config), "-o", "BatchMode=yes", ALIAS, said]
        try:
            ran = subprocess.run(full, input=stdin or "", capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Unreachable(f"no answer from the box for {timeout:g} s") from None
        except OSError as error:
            raise LocalFault(f"cannot run ssh here: {error}") from None
        if ran.returncode == 255:
            raise Unreachable(f"ssh: {ssh_problem(ran.stderr)}")
        if check and ran.returncode:
            problem = last_line(ran.stderr) or last_line(ran.stdout)
            raise RentalError(f"on the box: {problem} (status {ran.returncode})")
        return ran

    def rsync(self, *arguments: str, files: Iterable[str] | None = None) -> int:
        """-> bytes sent. files: names for --files-from; without them, what takes long says how far it is. LocalFault,
        Unreachable, RentalError: whose fault it is decides what follows."""
        if not self.ssh_config.exists():
            raise Unreachable("the box's address is not known yet")
        remote = f'ssh -F "{self.ssh_config}" -o BatchMode=yes'
        chosen = ["--files-from=-", "--from0"] if files is not None else []
        options = ["-a", "--partial", "--timeout=120", "--stats", "-e", remote, f"--rsync-path={HOLD}", *chosen]
        if files is None and shows_progress():
            options += ["--info=progress2", "--no-inc-recursive"]
        try:
            ran = follow(["rsync", *options, *arguments], "\0".join(files or []))
        except OSError as error:
            raise LocalFault(f"cannot run rsync here: {error}") from None
        if ran.returncode not in (0, 24):  # 24: a file vanished while it was read: a checkpoint was pruned
            raise blame(ran.returncode, ran.stderr, pulling=arguments[-1].startswith("/"))
        sent = re.search(r"^Total bytes sent: ([\d,.]+)", ran.stdout, re.MULTILINE)
        return int(re.sub(r"\D", "", sent[1])) if sent else 0


def ssh_problem(said: str) -> str:
    """The last line of what ssh has said, which is no help when another machine answers than the one that is known."""
    if "Host key verification failed" in said:
        return (
            "what answers there has another host key than the box had: another machine has its old port, until vast.ai "
            "tells the new one; or its container was made anew (then: rm .vast/known_hosts)"
        )
    return last_line(said) or "no connection to the box"


@functools.cache
def shows_progress() -> bool:
    """macOS comes with an rsync that does not know --info."""
    said = subprocess.run(["rsync", "--version"], capture_output=True, text=True).stdout
    version = re.search(r"version v?(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= (3, 1)


def follow(command: list[str], stdin: str) -> subprocess.CompletedProcess:
    """Run it to its end; now and then print the last line that it has written, as rsync does of its progress."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as errors:
        given.write(stdin)
        given.seek(0)
        process = subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=errors)
        out, told = b"", time.monotonic()
        while block := os.read(process.stdout.fileno(), 65536):  # type: ignore[union-attr]
            out = (out + block)[-65536:]
            if time.monotonic() - told >= TELL_SECONDS:
                told = time.monotonic()
                print(f"  {last_line(out.decode(errors='replace').replace(chr(13), chr(10)))}", flush=True)
        process.wait()
        errors.seek(0)
        return subprocess.CompletedProcess(
            command, process.returncode, out.decode(errors="replace").replace("\r", "\n"), errors.read()
        )


def blame(status: int, said: str, pulling: bool) -> RentalError:
    """What a failure of rsync means. pulling: the receiver is this machine."""
    why = re.search(r".*(No space left on device|Disk quota exceeded).*", said)
    full = why is not None
    said_last = why[0] if why else last_line(re.sub(r"rsync error:.*", "", said)) or last_line(said)
    text = f"rsync (status {status}): {said_last.strip()}"
    receiver = full or "[receiver]" in said or "[generator]" in said
    if pulling and (receiver or status in (3, 11, 22) and "[sender]" not in said):
        where = f"; {free_space(ROOT)}" if full else ""
        return LocalFault(f"this machine could not write what came from the box: {text}{where}")
    if full:
        return RentalError(f"the box's disk is full: {text}; raise vast.disk_gb for the next box")
    if status in LINE_STATUSES and "not found" not in said:  # the box has no rsync: no patience helps
        return Unreachable(f"ssh: {ssh_problem(said)}" if "Host key" in said else text)
    return RentalError(text)


def free_space(folder: Path) -> str:
    usage = shutil.disk_usage(folder)
    return f"{usage.free / 1e9:.1f} GB are free at {folder}: make room there"


def last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.strip().splitlines()) if line.strip()), "")


# To the box


def code_files(root: Path) -> list[str]:
    """What git would show, tracked or new but not ignored; without git the folders of the repo. Never a secret."""
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-coz", "--exclude-standard"], capture_output=True, text=True
    )
    top = subprocess.run(
        ["git", "-C", root, "rev-parse", "--show-toplevel"], capture_output=True, text=True
    ).stdout.strip()
    if listed.returncode == 0 and top and Path(top).resolve() == root.resolve():
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        found = [
            path
            for start in CODE
            for path in ((root / start).rglob("*") if (root / start).is_dir() else [root / start])
        ]
        names = [str(path.relative_to(root)) for path in found]
    return sorted(name for name in set(names) if may_travel(name) and (root / name).is_file())


def may_travel(name: str) -> bool:
    """By the names of the file and of every folder above it."""
    return not any(fnmatch(part.lower(), pattern) for part in Path(name).parts for pattern in [*SECRET, *USELESS])


def inside(path: str) -> str:
    """A config path as one relative to the repo: the box has no other place for it."""
    full = resolve(path)
    if not full.resolve().is_relative_to(ROOT) or full.resolve() == ROOT:
        raise InputError(f"{path}: on a rented box paths must be folders inside the repo; change it in the config")
    return os.path.relpath(full, ROOT)


def made_folders(cfg) -> list[str]:
    """What the GPU half makes besides checkpoints."""
    made = [Path(p).parent for p in (cfg.sft.train_file, cfg.pref.train_file, cfg.eval.report, cfg.judge.report)]
    return sorted({inside(str(folder)) for folder in [*made, cfg.teacher.answers]})  # the answers were paid for


def output_folders(cfg) -> list[str]:
    """Everything that the stages of this config make."""
    return sorted({inside(cfg.train.checkpoint_dir), *made_folders(cfg)})


def sent_folders(cfg) -> list[str]:
    """What a push takes besides the code."""
    inputs = [inside(str(file)) for file in (Path(cfg.tokenizer.path).parent, Path(cfg.data.train_bin).parent)]
    return [*inputs, inside(cfg.data.deduped_dir), *output_folders(cfg)]


def note_folders(line: Line, cfg) -> None:
    """Before anything is made on the box: where it will be. A pull by another config must fetch it too, or `down` would
    end the only copy."""
    lines = "".join(f"{folder}\n" for folder in output_folders(cfg))
    line.ssh("cat >> ~/.wikillm/folders && sort -u -o ~/.wikillm/folders ~/.wikillm/folders", stdin=lines)


def push(line: Line, cfg, config: str, busy: bool) -> float | None:
    """Code, then what train.py reads, then what was pulled so far; then the packages. busy: a job runs, so the code
    alone. -> MB/s of the uplink, when enough was sent to tell"""
    line.ssh("mkdir -p wikillm")
    note_folders(line, cfg)
    files = code_files(ROOT)
    if os.path.relpath(resolve(config), ROOT) not in files:
        files.append(inside(config))
    line.rsync("-z", f"{ROOT}/", f"{ALIAS}:wikillm/", files=files)
    if busy:
        return None
    tokens = sent_folders(cfg)[:2]
    began = time.monotonic()
    sent = send_folders(line, tokens)
    seconds = time.monotonic() - began
    send_folders(line, made_folders(cfg), "--ignore-existing")  # a stage may be writing them, or has
    for run in RUNS:
        push_checkpoints(line, inside(cfg.train.checkpoint_dir), run)
    setup = "cd wikillm && WIKILLM_PYTHON=$(cat ~/.wikillm/python 2>/dev/null) bash scripts/setup.sh"
    line.ssh(MARK + setup, timeout=1800)  # packages by a slow line may take longer than vast.idle_minutes
    if sent < ENOUGH_BYTES:
        return None
    print(f"  sent {sent / 1e9:.2f} GB of tokens in {seconds / 60:.1f} minutes", flush=True)
    return sent / 1e6 / seconds


def push_articles(line: Line, cfg) -> None:
    """For the conversations, after training: three times smaller by compression, and nothing waits for them yet."""
    send_folders(line, [inside(cfg.data.deduped_dir)])


def send_folders(line: Line, folders: list[str], *options: str) -> int:
    """-> bytes sent"""
    there = [f"{ROOT}/./{folder}" for folder in folders if (ROOT / folder).is_dir()]
    return line.rsync("-z", *options, "--exclude=.pulling-*", "-R", *there, f"{ALIAS}:wikillm/") if there else 0


def push_checkpoints(line: Line, checkpoint_dir: str, run: str) -> None:
    """On a box that has none, those pulled so far."""
    local = ROOT / checkpoint_dir / run
    if not (local / "latest").exists():
        return
    remote = f"wikillm/{checkpoint_dir}/{run}"
    if line.ssh(f"test -L {shlex.quote(remote)}/latest", check=False).returncode == 0:
        return  # the box has its own, at least as new
    line.ssh(f"mkdir -p {shlex.quote(remote)}")
    # the links last: a push that is cut off leaves a box that still wants its checkpoints
    line.rsync(
        "--exclude=/latest", "--exclude=/best", "--exclude=.*", "--exclude=other-*", f"{local}/", f"{ALIAS}:{remote}/"
    )
    line.rsync(*(str(local / link) for link in ("best", "latest") if (local / link).is_symlink()), f"{ALIAS}:{remote}/")


# From the box


def inventory(line: Line, cfg) -> dict[str, str]:
    """{path in the repo: sha256} of all that the stages have made on the box, of this config and of every other that
    has run there; of a checkpoint its hashes.json."""
    from scripts.rental.box import PYTHON

    folders = output_folders(cfg)
    ran = line.ssh(f"{PYTHON} ~/.wikillm/report.py inventory {shlex.join(folders)}", timeout=600)
    try:
        found = {str(name): str(hashed) for name, hashed in json.loads(ran.stdout).items()}
    except (ValueError, AttributeError):
        raise RentalError(f"the box's list of what it made cannot be read: {ran.stdout[-200:]!r}") from None
    for name, hashed in found.items():
        target = hashed.removeprefix("-> ")
        if not may_come(name, folders) or "/" in target or target.startswith("."):
            raise RentalError(f"the box wants to send {name!r}, which no stage makes: nothing was taken from it")
    return found


def may_come(name: str, folders: list[str]) -> bool:
    """The box is a stranger's machine: what it sends must not be written over the code here, nor where programs look
    for their settings. folders: this config's own; other configs' are known by the box alone."""
    parts = name.split("/")
    if name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        return False
    known = any(name.startswith(f"{folder}/") for folder in folders)
    code = {"docs", *(Path(start).parts[0] for start in CODE)}
    return known or len(parts) > 1 and parts[0] not in code and not any(part.startswith(".") for part in parts)


def digest(found: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def pull(line: Line, cfg) -> Pulled:
    """Fetch what the box has made: whole checkpoints only, each verified by its hashes. LocalFault when this machine
    is at fault."""
    found = inventory(line, cfg)
    try:
        steps = [name.removesuffix("/hashes.json") for name in found if name.endswith("/hashes.json")]
        new = tuple(
            short(cfg, step) for step in sorted(steps) if pull_checkpoint(line, step, found[f"{step}/hashes.json"])
        )
        others = [
            name for name, hashed in found.items() if not name.endswith("/hashes.json") and not hashed.startswith("-> ")
        ]
        if others:
            line.rsync("-z", "--no-links", f"{ALIAS}:wikillm/", f"{ROOT}/", files=others)
        for name, target in found.items():
            if target.startswith("-> "):
                point(ROOT / name, target.removeprefix("-> "))
    except OSError as error:
        raise LocalFault(f"this machine could not write what came from the box: {error}; {free_space(ROOT)}") from error
    whole = all(is_here(ROOT / name, hashed) for name, hashed in found.items())
    return Pulled(new, digest(found) if whole else "changed while it was read")


def short(cfg, step: str) -> str:
    own = inside(cfg.train.checkpoint_dir)
    return os.path.relpath(step, own) if step.startswith(f"{own}/") else step


def is_here(file: Path, hashed: str) -> bool:
    if hashed.startswith("-> "):
        return file.is_symlink() and os.readlink(file) == hashed.removeprefix("-> ")
    return file.is_file() and sha256(file) == hashed


def sha256(file: Path) -> str:
    with open(file, "rb") as handle:
        found = hashlib.sha256()
        while block := handle.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def pull_checkpoint(line: Line, step: str, hashed: str) -> bool:
    """Fetch one checkpoint (such as checkpoints/base/step_0001000) under a temporary name; it gets its own when it is
    verified.

    One of that name that is here already, but not the same, is of another run: it is set aside, not taken for
    pulled."""
    final = ROOT / step
    if final.exists() and is_here(final / "hashes.json", hashed):
        return False
    temporary = final.with_name(f".pulling-{final.name}")
    temporary.mkdir(parents=True, exist_ok=True)
    line.rsync("--no-links", f"{ALIAS}:wikillm/{step}/", f"{temporary}/")
    problem = damage(temporary)
    if problem:
        gone = line.ssh(f"test -e wikillm/{shlex.quote(step)}/hashes.json", check=False).returncode != 0
        shutil.rmtree(temporary)  # a bad copy, or pruned on the box while it was read
        if gone:
            return False
        raise RentalError(f"{step}: {problem} after the transfer; run the pull again")
    if final.exists():
        set_aside(final)
    os.replace(temporary, final)
    return True


def set_aside(final: Path) -> None:
    hashes = final / "hashes.json"
    name = sha256(hashes)[:8] if hashes.exists() else "unknown"
    aside = final.parent / f"other-{name}" / final.name
    aside.parent.mkdir(exist_ok=True)
    if aside.exists():
        shutil.rmtree(aside)  # the same bytes, by its name
    os.replace(final, aside)
    print(f"  {final.relative_to(ROOT)} was of another run: it is now {aside.relative_to(ROOT)}", flush=True)


def damage(folder: Path) -> str | None:
    """What is wrong with a checkpoint, by the hashes in it; None when nothing is."""
    hashes = folder / "hashes.json"
    if not hashes.exists():
        return "hashes.json is missing"
    for name, expected in json.loads(hashes.read_text()).items():
        if not (folder / name).exists():
            return f"{name} is missing"
        if sha256(folder / name) != expected:
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
