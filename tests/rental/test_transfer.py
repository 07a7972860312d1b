"""What may travel, whose fault a broken transfer is, what counts as pulled; with real rsync where it is installed."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.config import load_config
from scripts.rental import transfer
from scripts.rental.world import LocalFault, RentalError, Unreachable

ROOT = Path(__file__).resolve().parents[2]
SECRETS = [
    ".env", ".env.local", "credentials.json", ".aws/credentials", ".git-credentials", ".npmrc", "token.txt", "id_ecdsa",
    "deep/id_rsa.bak", "cert.p12", "venv/lib/x.py", "my-venv/x.py", ".netrc", "api_key.txt", "client_secret.json",
    ".config/gcloud/x", ".ssh/known_hosts", "vault.kdbx", ".docker/config.json", "service_account-1.json",
]  # fmt: skip


def files(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")


@pytest.mark.parametrize("git", [True, False])
def test_the_code_that_travels_is_what_git_would_show_without_secrets(tmp_path, git):
    files(tmp_path, "src/train.py", "src/gpt/tokenizer.py", "scripts/run_all.sh", "configs/mine.yaml", *SECRETS)
    files(tmp_path, *(f"src/{name}" for name in SECRETS))
    if git:
        files(tmp_path, "docs/new page.md", "data/tokens/train.bin", "notes/ümlaut.txt")
        (tmp_path / ".gitignore").write_text("/data/\n")
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
        subprocess.run(["git", "-C", tmp_path, "add", "src/train.py"], check=True)
    expected = ["configs/mine.yaml", "scripts/run_all.sh", "src/gpt/tokenizer.py", "src/train.py"]
    more = [".gitignore", "docs/new page.md", "notes/ümlaut.txt"] if git else []
    assert transfer.code_files(tmp_path) == sorted(expected + more)


def test_this_repo_travels_whole():
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True).stdout.split("\0")
    if not tracked[0]:
        pytest.skip("not a git checkout")
    here = {name for name in tracked if name and (ROOT / name).is_file()}
    assert here - set(transfer.code_files(ROOT)) == set()


FULL_HERE = """rsync: [receiver] write failed on "/home/me/wikillm/x": No space left on device (28)
rsync error: error in file IO (code 11) at receiver.c(381) [receiver=3.2.7]"""
CUT = """client_loop: send disconnect: Broken pipe
rsync error: unexplained error (code 255) at io.c(231) [receiver=3.2.7]"""


@pytest.mark.parametrize(
    "status, said, pulling, kind",
    [
        (11, FULL_HERE, True, LocalFault),
        (
            23,
            'rsync: [generator] mkdir "/home/me/x" failed: Permission denied (13)\nrsync error: ...',
            True,
            LocalFault,
        ),
        (11, FULL_HERE, False, RentalError),  # the receiver is the box
        (12, FULL_HERE, False, RentalError),
        (255, CUT, True, Unreachable),
        (12, "rsync: connection unexpectedly closed (0 bytes received so far) [sender]", False, Unreachable),
        (30, "[sender] io timeout after 120 seconds", False, Unreachable),
        (23, 'rsync: [sender] read errors mapping "/root/x": Input/output error (5)', True, RentalError),
    ],
)
def test_whose_fault_a_broken_transfer_is(status, said, pulling, kind):
    assert type(transfer.blame(status, said, pulling)) is kind


@pytest.mark.skipif(not shutil.which("rsync"), reason="rsync is not installed")
def test_a_really_full_disk_here_is_a_local_fault(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("needs to mount a small disk")
    try:
        (tmp_path / "big").write_bytes(b"x" * 3_000_000)
        ran = subprocess.run(["rsync", "-a", tmp_path / "big", f"{small}/"], capture_output=True, text=True)
        found = transfer.blame(ran.returncode, ran.stderr, pulling=True)
        assert type(found) is LocalFault and "No space left" in str(found)
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def checkpoint(folder: Path, weights: bytes) -> str:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(weights)
    text = json.dumps({"model.safetensors": hashlib.sha256(weights).hexdigest()})
    (folder / "hashes.json").write_text(text)
    return hashlib.sha256(text.encode()).hexdigest()


class CopyLine:
    """The line to a box that is a folder beside."""

    def __init__(self, box: Path):
        self.box = box

    def rsync(self, *arguments, files=None):
        source, target = (Path(a.split(":")[-1].removeprefix("wikillm/")) for a in arguments[-2:])
        shutil.copytree(self.box / source, target, dirs_exist_ok=True)


def test_an_older_checkpoint_of_another_run_is_not_taken_for_pulled(tmp_path, monkeypatch):
    """It has the same name: step_0000040."""
    monkeypatch.setattr(transfer, "ROOT", tmp_path / "here")
    step = "checkpoints/base/step_0000040"
    checkpoint(tmp_path / "here" / step, b"of last month")
    hashed = checkpoint(tmp_path / "box" / step, b"of this run")
    assert transfer.pull_checkpoint(CopyLine(tmp_path / "box"), step, hashed)
    assert (tmp_path / "here" / step / "model.safetensors").read_bytes() == b"of this run"
    (aside,) = (tmp_path / "here/checkpoints/base").glob("other-*/step_0000040/model.safetensors")
    assert aside.read_bytes() == b"of last month"
    assert not transfer.pull_checkpoint(CopyLine(tmp_path / "box"), step, hashed), "fetched twice"


def test_damage_is_named(tmp_path):
    checkpoint(tmp_path / "c", b"good")
    assert transfer.damage(tmp_path / "c") is None
    (tmp_path / "c/model.safetensors").write_bytes(b"evil")
    assert transfer.damage(tmp_path / "c") == "model.safetensors is damaged"
    (tmp_path / "c/model.safetensors").unlink()
    assert transfer.damage(tmp_path / "c") == "model.safetensors is missing"


@pytest.mark.parametrize("seconds, told", [(0.0, True), (1e9, False)])
def test_a_long_transfer_says_how_far_it_is(monkeypatch, capsys, seconds, told):
    """Progress as rsync writes it, over one line; what it says at the end and of errors is kept apart."""
    monkeypatch.setattr(transfer, "TELL_SECONDS", seconds)
    read = os.read
    monkeypatch.setattr(transfer.os, "read", lambda file, size: read(file, 1))  # as slowly as can be
    script = r"printf '  1,000  10%%\r'; printf '  5,000  50%%\r'; printf '\nTotal bytes sent: 9\n'; "
    ran = transfer.follow(["bash", "-c", script + "cat; echo lost >&2; exit 23"], "a name")
    assert (ran.returncode, ran.stderr) == (23, "lost\n")
    assert ran.stdout.endswith("Total bytes sent: 9\na name")
    assert ("5,000  50%" in capsys.readouterr().out) == told


def test_what_was_paid_for_is_pulled():
    """Of all that the GPU half makes outside checkpoints, the teacher's answers cost the most."""
    folders = transfer.made_folders(load_config("configs/base.yaml", ["out=runs/x", "corpus=."]))
    assert folders == ["data/teacher", "runs/x/data/pref", "runs/x/data/sft", "runs/x/reports"]


# A box whose disk is full, a box that is not what it was, a box that lies ------------------------------------------


@pytest.mark.skipif(not shutil.which("rsync"), reason="rsync is not installed")
def test_what_a_box_with_a_full_disk_has_made_can_be_fetched(tmp_path):
    """The mark of a transfer cannot be written there: rsync runs all the same."""
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", home], capture_output=True).returncode:
        pytest.skip("needs to mount a small disk")
    try:
        (home / "made").write_text("the model")
        subprocess.run(["dd", "if=/dev/zero", f"of={home}/filler", "bs=4k"], capture_output=True)
        ran = subprocess.run(
            ["rsync", "-a", "-e", str(there(tmp_path, home)), f"--rsync-path={transfer.HOLD}", "box:made", f"{here}/"],
            capture_output=True, text=True, timeout=300)  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert (here / "made").read_text() == "the model"
    finally:
        subprocess.run(["umount", "-l", home], check=True)


def there(tmp_path: Path, home: Path) -> Path:
    """In place of ssh: the command in another home."""
    script = tmp_path / "there"
    script.write_text(f'#!/bin/bash\nshift; cd {home}; HOME={home} exec bash -c "$*"\n')
    script.chmod(0o755)
    return script


def test_a_machine_with_another_host_key_is_said_to_be_one():
    said = "@@@ WARNING @@@\r\nHost key verification failed.\r\n"
    assert "another host key" in transfer.ssh_problem(said) and "rm .vast/known_hosts" in transfer.ssh_problem(said)
    assert transfer.ssh_problem("kex: Connection reset") == "kex: Connection reset"
    found = transfer.blame(255, said + "rsync error: unexplained error (code 255)", pulling=True)
    assert type(found) is Unreachable and "another host key" in str(found)


def test_a_box_without_rsync_is_not_waited_for():
    said = (
        "bash: line 1: exec: rsync: not found\nrsync: connection unexpectedly closed (0 bytes received so far) [sender]"
    )
    assert type(transfer.blame(12, said, pulling=False)) is RentalError


def test_an_rsync_that_is_missing_here_is_a_fault_of_here(tmp_path, monkeypatch):
    (tmp_path / "ssh_config").touch()

    def missing(command, stdin):
        raise FileNotFoundError(2, "No such file or directory", "rsync")

    monkeypatch.setattr(transfer, "follow", missing)
    monkeypatch.setattr(transfer, "shows_progress", lambda: False)
    with pytest.raises(LocalFault, match="cannot run rsync here"):
        transfer.Line(tmp_path / "ssh_config").rsync("a", "b")


@pytest.mark.parametrize(
    "name, comes",
    [
        ("demo/checkpoints/base/latest", True),
        ("runs/other/checkpoints/base/step_0000010/hashes.json", True),  # of another config
        ("reports/judge.json", True),
        ("src/train.py", False),
        ("scripts/vast.py", False),
        (".git/hooks/post-checkout", False),
        ("runs/.ssh/authorized_keys", False),
        ("../outside", False),
        ("runs/../../outside", False),
        ("/etc/passwd", False),
        ("sitecustomize.py", False),
    ],
)
def test_a_box_may_send_only_what_stages_make(name, comes, monkeypatch):
    """It is a stranger's machine, and its list of names decides what a pull writes here."""
    cfg = load_config("configs/demo.yaml", [])
    answer = SimpleNamespace(stdout=json.dumps({name: "0" * 64}))
    line = SimpleNamespace(ssh=lambda *args, **more: answer)
    if comes:
        assert transfer.inventory(line, cfg) == {name: "0" * 64}
    else:
        with pytest.raises(RentalError, match="which no stage makes"):
            transfer.inventory(line, cfg)


def test_links_of_a_box_point_to_checkpoints_and_nowhere_else():
    cfg = load_config("configs/demo.yaml", [])
    for target, good in (("step_0000010", True), ("../../..", False), ("/etc", False), ("..", False)):
        found = {"demo/checkpoints/base/latest": f"-> {target}"}
        line = SimpleNamespace(ssh=lambda *args, found=found, **more: SimpleNamespace(stdout=json.dumps(found)))
        if good:
            assert transfer.inventory(line, cfg) == found
        else:
            with pytest.raises(RentalError):
                transfer.inventory(line, cfg)


class HomeLine:
    """The line to a box that is a home of its own on this machine; nothing is copied."""

    def __init__(self, home: Path):
        self.home = home
        (home / "wikillm/scripts").mkdir(parents=True)
        shutil.copytree(transfer.ON_BOX, home / ".wikillm")

    def ssh(self, command, stdin="", **more):
        how = {"input": stdin, "capture_output": True, "text": True, "cwd": self.home}
        ran = subprocess.run(["bash", "-c", command], env={**os.environ, "HOME": str(self.home)}, **how)
        assert ran.returncode == 0 or more.get("check") is False, ran.stderr
        return ran

    def rsync(self, *arguments, files=None):
        return 0


def test_what_another_config_makes_on_the_box_is_listed_too(tmp_path):
    """By the folders that its push has noted there."""
    line = HomeLine(tmp_path)
    first, second = (load_config("configs/demo.yaml", [f"out=runs/{name}"]) for name in ("first", "second"))
    for _ in (1, 2):  # each push
        transfer.note_folders(line, first)
    made = {"runs/first/checkpoints/base/step_0000010/hashes.json", "runs/first/reports/ppl.json"}
    files(tmp_path / "wikillm", *made, "runs/third/x")
    assert set(transfer.inventory(line, second)) == made
    assert len((tmp_path / ".wikillm/folders").read_text().splitlines()) == len(transfer.output_folders(first))


def test_a_box_that_installs_its_packages_is_not_idle(tmp_path):
    """By a slow line that takes longer than vast.idle_minutes."""
    line = HomeLine(tmp_path)
    look = "import guard; print(guard.transferring(guard.HOME))"
    (tmp_path / "wikillm/scripts/setup.sh").write_text(f"cd ~/.wikillm && {sys.executable} -c '{look}' > seen\n")
    transfer.push(line, load_config("configs/demo.yaml", []), "configs/demo.yaml", busy=False)
    assert (tmp_path / ".wikillm/seen").read_text() == "True\n"
