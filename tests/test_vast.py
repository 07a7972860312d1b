"""scripts/vast.py against a local vast.ai: the real SDK over HTTP, real ssh, rsync and tmux, the stages as they are.

Every scenario ends by asking the stand-in's ledger what still costs money: nothing, or there was a loud message.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.vast_standin import API_KEY, SSHD, Standin

ROOT = Path(__file__).resolve().parents[1]
MISSING = [name for name in ("ssh", "rsync", "tmux", "curl") if not shutil.which(name)] + (["sshd"] if not SSHD else [])
pytestmark = [pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
              pytest.mark.skipif(os.geteuid() != 0, reason="a box's user is root, as on vast.ai")]

# A model of a few thousand parameters; fast polling. 40 steps take seconds.
CONFIG = """inherits: base.yaml
model: {vocab_size: 300, n_layer: 1, n_head: 2, n_embd: 16, block_size: 32, d_ff: 32}
train: {device: cpu, dtype: float32, compile: false, micro_batch_size: 2, grad_accum_steps: 1, max_iters: 40, warmup_iters: 2,
        eval_interval: 20, eval_iters: 2, checkpoint_interval: 10, keep_checkpoints: 9, log_interval: 5, sample_prompts: []}
wandb: {mode: disabled}
vast: {boot_minutes: 0.4, poll_seconds: 0.2, pull_minutes: 0.02, idle_minutes: 5, ssh_key: KEY}
"""


@pytest.fixture(scope="session")
def own_environment():
    """.venv-vast, made by vast.py itself on its first use."""
    subprocess.run([sys.executable, ROOT / "scripts/vast.py", "status"], capture_output=True, timeout=900)
    assert (ROOT / ".venv-vast/.ready").exists()
    return ROOT / ".venv-vast"


class Laptop:
    """A checkout with tokens ready, an ssh key, and a vast.ai account at the stand-in."""

    def __init__(self, folder: Path, vast: Standin, environment: Path):
        self.root, self.vast, self.home = folder / "laptop", vast, folder / "home"
        for name in ("src", "configs", "scripts"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__", "miniwiki", "bench"))
        (self.root / "tests").mkdir()
        for name in ("onstart.sh", "requirements.txt", "constraints.txt", "tests/requirements.txt"):
            shutil.copy(ROOT / name, self.root / name)
        (self.root / ".venv-vast").symlink_to(environment)
        self.home.mkdir()
        key = self.home / "id_ed25519"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        (self.root / "configs/tiny.yaml").write_text(CONFIG.replace("KEY", str(key)))
        self.env = {**os.environ, "HOME": str(self.home), "VAST_URL": vast.url, "VAST_API_KEY": API_KEY, "WANDB_API_KEY": "wandb-secret-77",
                    "PYTHONUNBUFFERED": "1"}
        self.env.pop("TMUX", None)

    def start(self, command: str, *args: str, **env) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, self.root / "scripts/vast.py", command, *args[:1 if command in ("run", "logs") else 0],
                                 "--config", "configs/tiny.yaml", *args[1 if command in ("run", "logs") else 0:]],
                                cwd=self.root, env={**self.env, **env}, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def __call__(self, command: str, *args: str, expect: int = 0, **env) -> str:
        process = self.start(command, *args, **env)
        out, _ = process.communicate(timeout=180)
        assert process.returncode == expect, out
        return out

    @property
    def state(self) -> dict:
        return json.loads((self.root / ".vast/state.json").read_text())

    @property
    def instance(self) -> int:
        return self.state["instance"]["id"]

    def ssh(self, command: str) -> str:
        return subprocess.run(["ssh", "-F", self.root / ".vast/ssh_config", "wikillm", command], capture_output=True, text=True,
                              timeout=30).stdout


def make_tokens(root: Path) -> None:
    """A tokenizer and tokens for it, through the real pack_tokens.py."""
    from tests.tiny import tiny_tokenizer
    tiny_tokenizer(root / "tokenizer/tokenizer.json")
    folder = root / "data/clean/deduped"
    folder.mkdir(parents=True)
    random = np.random.default_rng(3)
    words = ["gold", "river", "Paris", "is", "the", "capital", "of", "France", "a", "metal", "Danube", "flows"]
    with open(folder / "part-00000.jsonl", "w") as out:
        for number in range(60):
            text = " ".join(random.choice(words, 60)) + "."
            out.write(json.dumps({"id": number, "title": f"T{number}", "url": "", "text": text}) + "\n")
    (folder / "manifest.json").write_text(json.dumps({"stage": "dedup", "shards": 1, "output_sha256": "0" * 64}))


@pytest.fixture
def vast(tmp_path):
    standin = Standin(tmp_path)
    yield standin
    standin.close()


@pytest.fixture
def laptop(tmp_path, vast, own_environment):
    return Laptop(tmp_path, vast, own_environment)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Path:
    """A folder with tokenizer/ and data/ to copy into laptops."""
    folder = tmp_path_factory.mktemp("prepared")
    for name in ("src", "configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "configs/tiny.yaml").write_text(CONFIG)
    make_tokens(folder)
    ran = subprocess.run([sys.executable, folder / "src/pack_tokens.py", "--config", folder / "configs/tiny.yaml",
                          "data.val_fraction=0.1", "data.workers=1"], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture
def ready(laptop, prepared):
    """A laptop whose data stages are done."""
    for name in ("tokenizer", "data"):
        shutil.copytree(prepared / name, laptop.root / name)
    return laptop


def wait_for(condition, seconds: float = 30):
    end = time.time() + seconds
    while time.time() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("waited in vain")


# The path by commands -------------------------------------------------------------------------------------------------

def test_from_offer_to_pulled_checkpoint_to_nothing_rented(ready, vast):
    vast.offer(1, dph=0.45)
    vast.offer(2, dph=0.40)
    listed = ready("offers")
    assert listed.index("\n         2") < listed.index("\n         1")
    assert vast.asked["allocated_storage"] == 200 and vast.asked["gpu_name"] == {"eq": "RTX 4090"}
    out = ready("up")
    instance = ready.instance
    request = vast.instances[instance]["request"]
    assert "ready: ssh -F" in out and request["disk"] == 200 and request["runtype"] == "ssh_direc ssh_proxy"
    assert request["onstart"] == (ROOT / "onstart.sh").read_text() and request["image"].startswith("pytorch/pytorch:")
    assert "already" in ready("up", expect=2)
    ready("push")
    home = vast.box(instance).home
    assert (home / "wikillm/data/tokens/train.bin").read_bytes() == (ready.root / "data/tokens/train.bin").read_bytes()
    ready("run", "train")
    followed = ready("logs", "train", "-f")
    assert "ended with status 0" in followed
    assert "base/step_0000040" in ready("pull")
    assert os.readlink(ready.root / "checkpoints/base/latest") == "step_0000040"
    mine, theirs = (f / "checkpoints/base/step_0000040/model.safetensors" for f in (ready.root, home / "wikillm"))
    assert mine.read_bytes() == theirs.read_bytes()
    status = ready("status")
    assert "running" in status and "train: ended with status 0" in status and "base/step_0000040" in status
    assert "gone, costs nothing" in ready("down")
    assert vast.instances == {} and ready.state["instance"] is None
