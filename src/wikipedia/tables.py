"""Word lists and tables in data/*.txt: one entry a line, lines that begin with "# " say what it is."""

from pathlib import Path

FOLDER = Path(__file__).parent / "data"


def lines(name: str) -> list[str]:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line and not line.startswith("# ")]


def table(name: str) -> dict[str, str]:
    r"""Lines "key; another key<TAB>value" -> {key: value}; quotes guard a value's spaces, \n is a line break."""
    found = {}
    for line in lines(name):
        keys, _, value = line.partition("\t")
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1].replace("\\n", "\n")
        found.update(dict.fromkeys(keys.split("; "), value))
    return found
