"""A laptop with a checkout, an ssh key and a vast.ai account at the stand-in: what the tests of scripts/vast.py
drive."""

import hashlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from vast_standin import API_KEY, AWAY, SSHD, Standin

from tiny import tiny_tokenizer

ROOT = Path(__file__).resolve().parents[2]
MISSING = [name for name in ("ssh", "rsync", "tmux", "curl") if not shutil.which(name)] + (["sshd"] if not SSHD else [])
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a box's user is root, as on vast.ai"),
    pytest.mark.rental,
]

PATIENCE = 400  # seconds after which a test gives up; a busy machine needs many times what an idle one does

# A model of a few thousand parameters; fast polling. 40 steps take seconds.
CONFIG = """inherits: base.yaml
model: {vocab_size: 300, n_layer: 1, n_head: 2, n_embd: 16, block_size: 32, d_ff: 32}
train: {device: cpu, dtype: float32, compile: false, micro_batch_size: 2, grad_accum_steps: 1, max_iters: 40,
        warmup_iters: 2, eval_interval: 20, eval_iters: 2, checkpoint_interval: 10, keep_checkpoints: 9,
        log_interval: 5, sample_prompts: []}
wandb: {mode: disabled}
vast: {boot_minutes: 2, poll_seconds: 0.2, pull_minutes: 0.02, idle_minutes: 5, disk_gb: 200, ssh_key: KEY}
"""


class Laptop:
    """A checkout with tokens ready, an ssh key, and a vast.ai account at the stand-in."""

    def __init__(self, folder: Path, vast: Standin, environment: Path):
        self.root, self.vast, self.home, self.started = folder / "laptop", vast, folder / "home", []
        for name in ("src", "configs", "scripts"):
            shutil.copytree(
                ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__", "miniwiki", "bench")
            )
        shutil.copytree(ROOT / "scripts/bench/exam", self.root / "scripts/bench/exam")  # sft.keep_out
        (self.root / "tests").mkdir()
        for name in ("onstart.sh", "requirements.txt", "constraints.txt", "tests/requirements.txt"):
            shutil.copy(ROOT / name, self.root / name)
        (self.root / ".venv-vast").symlink_to(environment)
        self.home.mkdir()
        key = self.home / "id_ed25519"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        (self.root / "configs/tiny.yaml").write_text(CONFIG.replace("KEY", str(key)))
        self.env = {
            **os.environ,
            "HOME": str(self.home),
            "VAST_URL": vast.url,
            "VAST_API_KEY": API_KEY,
            "WANDB_API_KEY": "wandb-secret-77",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(folder / "site"),
            "WIKILLM_TEST_CLOCK": str(folder / "away"),
        }
        (folder / "site").mkdir()
        (folder / "site/sitecustomize.py").write_text(AWAY)
        self.env.pop("TMUX", None)

    def start(self, command: str, *args: str, **env) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, self.root / "scripts/vast.py", command, "--config", "configs/tiny.yaml", *args],
            cwd=self.root,
            env={**self.env, **env},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def __call__(self, command: str, *args: str, expect: int = 0, **env) -> str:
        process = self.start(command, *args, **env)
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == expect, out
        return out

    def make_base_small(self, more: dict) -> None:
        """configs/base.yaml, which a page's commands mean when they name no config. more: {section: {key: value}}"""
        file = self.root / "configs/base.yaml"
        base = yaml.safe_load(file.read_text())
        small = yaml.safe_load((self.root / "configs/tiny.yaml").read_text())
        for values in (small, more):
            for section, keys in values.items():
                if section != "inherits":
                    base[section].update(keys)
        file.write_text(yaml.safe_dump(base))

    @property
    def config(self) -> dict:
        return yaml.safe_load((self.root / "configs/base.yaml").read_text())

    @property
    def state(self) -> dict:
        return json.loads((self.root / ".vast/state.json").read_text())

    @property
    def instance(self) -> int:
        return self.state["instance"]["id"]

    def ssh(self, command: str) -> str:
        return subprocess.run(
            ["ssh", "-F", self.root / ".vast/ssh_config", "wikillm", command],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        ).stdout


def make_tokens(root: Path) -> None:
    """A tokenizer and tokens for it, through the real pack_tokens.py."""
    tiny_tokenizer(root / "tokenizer/tokenizer.json")
    folder = root / "data/clean/deduped"
    folder.mkdir(parents=True)
    random = np.random.default_rng(3)
    words = ["gold", "river", "Paris", "is", "the", "capital", "of", "France", "a", "metal", "Danube", "flows"]
    with open(folder / "part-00000.jsonl", "w") as out:
        for number in range(60):
            text = " ".join(random.choice(words, 60)) + "."
            out.write(json.dumps({"id": number, "title": f"T{number}", "url": "", "text": text}) + "\n")
    part = (folder / "part-00000.jsonl").read_bytes()
    files = {"part-00000.jsonl": {"bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()}}
    manifest = {"stage": "dedup", "shards": 1, "output_sha256": "0" * 64, "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def at_a_terminal(line: str, wanted: bytes, keys: bytes, cwd, env) -> str:
    """Run a line on a pseudo-terminal, type `keys` when it shows what is wanted. -> all that it showed"""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["bash", "-c", line],
        cwd=cwd,
        env={**env, "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown, typed, end = b"", False, time.time() + PATIENCE
    while time.time() < end:
        if select.select([master], [], [], 0.2)[0]:
            try:
                shown += os.read(master, 65536)
            except OSError:  # the line has ended
                break
        elif wanted in shown and not typed:
            os.write(master, keys)
            typed = True
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    os.close(master)
    return shown.decode(errors="replace")


def wait_for(condition):
    end = time.time() + PATIENCE
    while time.time() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("waited in vain")
