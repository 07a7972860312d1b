"""docs/troubles.md and the errors of the code say the same."""

import re
from pathlib import Path

from docs import messages

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "troubles.md").read_text(encoding="utf-8")
SHOWN = [line for block in re.findall(r"```error\n(.*?)```", PAGE, re.S) for line in block.splitlines()]


def test_the_page_has_every_error_of_the_stages_and_scripts():
    said = {m.text for m in messages.messages() if not m.file.startswith("scripts/rental/")}
    assert len(said) > 150
    missing = sorted(said - set(SHOWN))
    assert not missing, "docs/troubles.md lacks, each a line of its ```error blocks:\n" + "\n".join(missing)


def test_the_page_has_every_kind_of_error_of_the_rented_gpu():
    """What vast.ai and a box may say differs from case to case: three quarters of the texts is enough."""
    said = {m.text for m in messages.messages() if m.file.startswith("scripts/rental/")}
    assert len(said) > 50 and len(said & set(SHOWN)) > 0.75 * len(said)


def test_whatever_the_page_has_is_said_by_the_code():
    code = messages.strings()
    every = "\n".join(code)
    gone = [line for line in SHOWN if line not in code and line not in every]
    assert not gone, "docs/troubles.md has what no code says any more:\n" + "\n".join(gone)


def test_every_block_of_errors_stands_under_a_paragraph_that_says_what_to_do():
    for section in re.split(r"^## ", PAGE, flags=re.M)[1:]:
        before = section.partition("```error")[0].partition("\n")[2].strip()
        assert len(before.split()) > 10, section[:80]


def test_a_message_is_read_from_the_code_with_what_is_filled_in():
    import ast

    tree = ast.parse('raise InputError(f"{path}: not found in " f"{folder}" + "; run it again")')
    assert list(messages.raised(tree, config=False)) == ["...: not found in ...; run it again"]
    assert list(messages.said_by_shell('die "no $(uname -s) of $name here"')) == ["no ... of ... here"]
