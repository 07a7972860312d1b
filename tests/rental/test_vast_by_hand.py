"""docs/gpu.md, line by line: the commands of its "By hand" section with the real `vastai` tool against the stand-in."""

import os
import re
import subprocess

import pytest
from laptop import PATIENCE, ROOT, at_a_terminal, pytestmark, wait_for  # noqa: F401

SECTION = (ROOT / "docs/gpu.md").read_text().split("\n## By hand\n")[1]
COMMANDS = [
    line for block in re.findall(r"```bash\n(.*?)```", SECTION, re.S) for line in block.splitlines() if line.strip()
]


@pytest.fixture
def shell(ready):
    """Runs a line as the page's reader would: vastai on the path, `ssh` with the reader's own config file."""
    tools = ready.home / "bin"
    tools.mkdir()
    (tools / "ssh").write_text(
        f"#!/bin/sh\nexec /usr/bin/ssh -F {ready.home}/.ssh/config -o UserKnownHostsFile={ready.home}/known "
        f'-o StrictHostKeyChecking=accept-new "$@"\n'
    )
    (tools / "ssh").chmod(0o755)
    (ready.home / ".ssh").mkdir()
    for name in ("id_ed25519", "id_ed25519.pub"):
        (ready.home / ".ssh" / name).write_bytes((ready.home / name).read_bytes())
    (ready.home / ".ssh/id_ed25519").chmod(0o600)
    ready.make_base_small({})
    variables = {"PATH": f"{tools}:{ready.root}/.venv-vast/bin:{os.environ['PATH']}"}

    def run(line: str, **more: str) -> str:
        variables.update(more)
        ran = subprocess.run(
            ["bash", "-c", line],
            cwd=ready.root,
            env={**ready.env, **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
        )
        return ran.stdout + ran.stderr

    run.variables = variables
    return run


@pytest.mark.slow
def test_the_page_by_hand(shell, ready, vast):
    vast.offer(41, dph=0.42, hold="step_0000020")
    lines = iter(COMMANDS)
    said = {}

    def next_is(start: str) -> str:
        line = next(lines)
        assert line.startswith(start), f"the page says {line!r} where {start!r} was expected"
        return line

    def do(start: str, **more: str) -> str:
        said[start] = shell(next_is(start), **more)
        return said[start]

    do("vastai create ssh-key")
    assert vast.keys == [(ready.home / "id_ed25519.pub").read_text().strip()], said
    assert "41" in do("vastai search offers") and vast.asked["allocated_storage"] == 100
    assert vast.asked["cuda_max_good"] == {"gte": "13.0"} and vast.asked["order"] == [["dph_total", "asc"]]
    assert "new_contract" in do("vastai create instance", OFFER="41"), said
    (instance,) = vast.instances
    request = vast.instances[instance]["request"]
    assert request["onstart"] == (ROOT / "onstart.sh").read_text() and request["disk"] == 100
    assert "running" in wait_for(
        lambda: "running" in (text := do_again("vastai show instance $ID", shell, instance)) and text
    )
    next_is("vastai show instance")
    url = do("vastai ssh-url")
    host, port = re.search(r"ssh://root@([^:]+):(\d+)", url).groups()
    block = re.search(r"```\n(Host wikillm.*?)```", SECTION, re.S).group(1)
    (ready.home / ".ssh/config").write_text(
        block.replace("HOST", host).replace("PORT", port).replace("~/", f"{ready.home}/")
    )
    assert "torch" in do("ssh wikillm cat .wikillm/ready"), said
    (ready.root / ".env").write_text("SECRET=1\n")
    do("rsync -az --exclude")
    do("rsync -azR data/tokens")
    home = vast.box(instance).home
    assert (home / "wikillm/src/train.py").exists() and (home / "wikillm/data/tokens/train.bin").exists()
    assert not (home / "wikillm/.env").exists() and not (home / "wikillm/.vast").exists()
    assert "ready" in do("ssh wikillm 'cd wikillm && bash scripts/setup.sh'"), said
    assert "gpu_check:" in do("ssh wikillm 'cd wikillm && .venv/bin/python scripts/gpu_check.py'"), said
    do("ssh wikillm 'cd wikillm && tmux")
    env = {**ready.env, **shell.variables}
    shown = at_a_terminal(next_is("ssh -t wikillm tmux attach"), b"[train]", b"\x02d", ready.root, env)
    assert "detached (from session train)" in shown
    (home / "go").touch()
    wait_for(lambda: (home / "wikillm/checkpoints/base/step_0000040/hashes.json").exists())
    do("mkdir -p checkpoints")
    assert (ready.root / "checkpoints/from-the-box/model.safetensors").exists(), said
    do("vastai stop instance")
    assert vast.storing() == [instance], said
    do("vastai start instance")
    assert vast.billing() == [instance], said
    do("vastai destroy instance")
    assert vast.instances == {}, said
    assert str(instance) not in do("vastai show instances")
    assert list(lines) == [], "commands on the page that are not tested"


def do_again(line: str, shell, instance: int) -> str:
    return shell(line, ID=str(instance))


def test_what_the_page_says_about_destroy_without_y(shell, vast):
    """Why the page says -y: off a terminal the question is taken for a no, and the status is 0 all the same."""
    instance = vast.create_for_test()
    ran = shell("vastai destroy instance $ID; echo status $?", ID=str(instance))
    assert "status 0" in ran and vast.billing() == [instance]
