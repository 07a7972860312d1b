"""Every vast.py command that a page of docs/ names is taken by vast.py's own parser and is one that it carries out."""

import re
import shlex

import pytest

from docs.pages import PAGES, ROOT, shown
from scripts import vast
from scripts.rental.commands import COMMANDS

NAMED = re.compile(r"(?:python scripts/)?vast\.py((?: (?!#)[\w.=/-]+)+)")
WORDS = {"ID": "7001", "FILE": "configs/base.yaml", "STAGE": "train"}  # what stands for the reader's own


def named(text: str) -> set[str]:
    """The arguments of every `vast.py ...` in code, on a line of its own or within a sentence."""
    code = [*re.findall(r"^```bash\n(.*?)^```$", text, re.M | re.S), *re.findall(r"`([^`]*vast\.py[^`]*)`", text)]
    return {" ".join(found.split()) for block in code for found in NAMED.findall(block.replace("\n--", " --"))}


def taken(arguments: str) -> bool:
    words = [WORDS.get(word, word) for word in shlex.split(arguments)]
    needs_a_stage = words in (["run"], ["attach"], ["logs"])
    return vast.parse([*words, *(["train"] if needs_a_stage else [])]).command in COMMANDS


# troubles.md quotes messages, in which the name of a command stands within a sentence
@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "troubles.md"], ids=shown)
def test_commands_of_vast_py_are_taken(page):
    for arguments in named(page.read_text(encoding="utf-8")):
        assert taken(arguments), arguments


def test_gpu_md_shows_every_command():
    page = named((ROOT / "docs/gpu.md").read_text(encoding="utf-8"))
    assert {arguments.split()[0] for arguments in page} == set(COMMANDS)


@pytest.mark.parametrize("wrong", ["biuld", "pull --evry 30m", "down --no-pull", "run"])
def test_a_command_that_is_wrong_is_found(wrong, capsys):
    with pytest.raises(SystemExit):
        vast.parse(wrong.split())
