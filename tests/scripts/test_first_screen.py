"""README's first screen: what is committed is what the script makes; measured and estimated cells are told apart."""

import xml.etree.ElementTree as ElementTree

import pytest

from conftest import ROOT
from pipeline.config import InputError
from scripts import first_screen

STAGES = {path.name for path in (ROOT / "src").glob("*.py")}


def test_the_pipelines_picture_is_the_scripts_and_names_the_fifteen():
    drawn = (ROOT / "docs/pipeline.svg").read_text()
    assert drawn == first_screen.drawing(), "run python scripts/first_screen.py --no-picture"
    texts = {element.text for element in ElementTree.fromstring(drawn).iter() if element.text}
    assert len(STAGES) == 15 and texts >= STAGES


def test_the_estimates_in_readme_are_todays():
    readme = (ROOT / "README.md").read_text()
    for one in first_screen.ESTIMATED:
        assert first_screen.row(first_screen.estimated(*one)) in readme, "run python scripts/first_screen.py"
    assert "docs/chat.png" in readme and (ROOT / "docs/chat.png").stat().st_size < 100_000


def test_an_estimate_is_marked_and_worked_out():
    """4.04B tokens at the table's 118,000 a second are 9.5 h; 4.1 h more for setting up, the teacher and the rest."""
    cells = first_screen.estimated("base", "RTX 4090", 1)
    assert cells[1:5] == ["124M", "4.04B", "≈ 14", "≈ 5"] and cells[5:] == ["not run yet"] * 2


def test_a_measured_row_is_the_cards():
    record = {
        "seconds": 5400.0, "dollars": 0.0, "models": {"base": {"tokens": 29_500_000}},
        "text": {"base": {"parameters": 6_900_000, "bits_per_byte": 1.1764}},
        "examination": {"dpo": {"mean": [0.65, 0.62, 0.67]}},
    }  # fmt: skip
    assert first_screen.measured("laptop", record) == [
        "[`laptop`](configs/laptop.yaml)", "6.9M", "29.5M", "1.5", "0", "1.18", "65 % (62 to 67)"]  # fmt: skip


def test_the_conversation_says_what_was_right_and_what_was_wrong():
    rows = [
        {"messages": [{"role": "user", "content": text}], "answers": {"dpo": [answer, good]}}
        for text, answer, good in zip(first_screen.LINES, ("Tokyo.", "Silver.", "?"), (True, False, None))
    ]
    lines = first_screen.conversation({"gallery": rows}).splitlines()
    assert len(lines) == 8 and lines[2].endswith("Tokyo.   (right)") and lines[4].endswith("Silver.   (wrong)")


def test_a_place_that_is_not_in_readme():
    marked = "a\n<!-- first_screen: table -->\nold\n<!-- end -->\nb\n"
    new = first_screen.put(marked, "table", "new\n")
    assert new == "a\n<!-- first_screen: table -->\nnew\n<!-- end -->\nb\n"
    with pytest.raises(InputError, match="has no place"):
        first_screen.put("nothing", "table", "new")
