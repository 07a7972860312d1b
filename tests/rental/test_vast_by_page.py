"""docs/gpu.md, line by line: the commands of "With scripts/vast.py" as a reader types them, and what they print."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from laptop import PATIENCE, ROOT, at_a_terminal, pytestmark, wait_for  # noqa: F401

from docs.pages import blocks, section
from scripts.rental.on_box.build import STAGES

PAGE = section((ROOT / "docs/gpu.md").read_text(), "With scripts/vast.py")
COMMANDS = [
    line.partition(" #")[0].strip()
    for block in blocks(PAGE)
    for line in block.text.splitlines()
    if block.language == "bash" and line.strip()
]
SMALL = {
    "model": {"vocab_size": 1024, "block_size": 96},
    "data": {"shard_articles": 300, "val_fraction": 0.05},
    "teacher": {"backend": "rules"},
    "sft": {"articles": 80, "conversations": 4, "epochs": 1},
    "pref": {"prompts": 30, "samples": 2, "max_new_tokens": 12, "val_fraction": 0.2},
    "judge": {"prompts": 8, "max_new_tokens": 12},
}


class Reader:
    """Types the page's lines, in its order, in the checkout."""

    def __init__(self, laptop):
        self.laptop, self.lines = laptop, iter(COMMANDS)
        tools = laptop.home / "bin"
        tools.mkdir()
        (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (tools / "python").chmod(0o755)
        self.env = {**laptop.env, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHON": sys.executable}

    def next(self, start: str) -> str:
        line = next(self.lines)
        assert line.startswith(start), f"the page says {line!r} where {start!r} was expected"
        return line

    def types(self, line: str, **env: str) -> str:
        ran = subprocess.run(
            ["bash", "-c", line], cwd=self.laptop.root, env={**self.env, **env}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=5 * PATIENCE)  # fmt: skip
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"
        return ran.stdout + ran.stderr

    def reads(self, start: str, *shown: str) -> str:
        out = self.types(self.next(start))
        for text in shown:
            assert text in out, f"{start}: no {text!r} in\n{out}"
        return out


def test_a_key_that_vastai_keeps_is_found(laptop, vast):
    """`vastai set api-key` in place of VAST_API_KEY."""
    vast.offer(1)
    reader = Reader(laptop)
    (line,) = re.findall(r"# or, kept in a file of yours: (\S+ set api-key) \.\.\.", (ROOT / "docs/gpu.md").read_text())
    key = reader.env.pop("VAST_API_KEY")
    reader.types(f"{line} {key}")
    assert "RTX 4090" in reader.types("python scripts/vast.py offers --config configs/tiny.yaml")


@pytest.mark.slow
def test_the_page_with_vast_py(laptop, vast, miniwiki):
    (dump,) = miniwiki.glob("*.xml.bz2")
    laptop.make_base_small({**SMALL, "data": {**SMALL["data"], "dump": str(dump)}})
    reader = Reader(laptop)
    vast.offer(1, dph=0.40)

    reader.reads("bash scripts/run_all.sh --config configs/base.yaml --to pack_tokens")
    reader.reads("python scripts/vast.py build --config configs/base.yaml --check", "ssh key:", "credit $9.50",
                 "push:", "RTX 4090", "train h", "all $", "ready (")  # fmt: skip
    assert vast.instances == {}, "the page says that it rents nothing"
    out = reader.reads("python scripts/vast.py build --config configs/base.yaml --max-hours 24 --max-dollars 12",
                       "renting offer 1", "== push", "the articles", "goes on with or without this machine", "pulled:",
                       "is destroyed and gone", "built configs/base.yaml", "written to reports/bill.md")  # fmt: skip
    assert all(f"| {stage} |" in out for stage in STAGES) and "gone, costs nothing" in out
    assert out.index("pulled:") < out.index("is destroyed and gone") and vast.instances == {}
    assert (laptop.root / "reports/judge.json").exists()

    for made in ("checkpoints", "data/sft", "data/pref", "data/teacher", "reports"):
        shutil.rmtree(laptop.root / made, ignore_errors=True)
    vast.offer(2, dph=0.45, hold="step_0000020")
    reader.reads("python scripts/vast.py offers", "bid: all $", "RTX 4090")
    up = reader.reads("python scripts/vast.py up", "is ready: ssh -F")
    (box,) = [row["box"] for row in vast.instances.values()]
    for line in (re.findall(r"ready: (ssh -F \S+ wikillm)$", up, re.M)[0], "ssh -F .vast/ssh_config wikillm"):
        assert reader.types(f"{line} pwd").strip() == str(box.home)
    assert "`ssh -F .vast/ssh_config wikillm` is the box" in PAGE
    reader.reads("python scripts/vast.py push", "pushed")
    reader.reads("python scripts/vast.py run train", "with or without this machine", "vast.py logs -f train")
    wait_for(lambda: (box.home / "wikillm/checkpoints/base/step_0000020").exists())
    reader.reads("python scripts/vast.py logs train", "20/40")
    shown = at_a_terminal(
        reader.next("python scripts/vast.py attach train"), b"[train]", b"\x02d", laptop.root, reader.env)  # fmt: skip
    assert "detached (from session train)" in shown
    reader.reads("python scripts/vast.py status", "running", "train: runs", "meter guard: watches", "in all")
    reader.reads("python scripts/vast.py pull", "base/step_0000020")
    (box.home / "go").touch()
    reader.reads("python scripts/vast.py stop", "is stopped and keeps what it holds; its disk costs $0.48 a day")
    assert vast.storing() == [box.instance]
    reader.reads("python scripts/vast.py start", "runs again")
    reader.reads("python scripts/vast.py bill", "| in all |", "written to reports/bill.md")
    reader.reads("python scripts/vast.py down", "is destroyed and gone", "gone, costs nothing")
    assert vast.instances == {} and (laptop.root / "checkpoints/base/latest/model.safetensors").exists()
    assert list(reader.lines) == [], "commands on the page that are not tested"
