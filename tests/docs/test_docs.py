"""README and docs: links lead somewhere, names and keys exist, commands can be typed, figures are the script's."""

import ast
import json
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from docs.pages import DOCS, LESSONS, PAGES, ROOT, anchors, blocks, prose, section, shown
from pipeline.config import TOP_LEVEL, Config, InputError, load_config, section_keys
from scripts import figures

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED_IN = re.compile(r"`(\w+)` in `([\w/.]+\.py)`")
OURS = re.compile(r"(?:src|scripts|tests|configs|docs)/[\w./*-]+")
MADE = ("scripts/rental/on_box/", "docs/run")  # what is on another machine, or made by a command


def pages(paths=PAGES):
    return pytest.mark.parametrize("page", paths, ids=shown)


@cache
def names_in(path: Path) -> set[str]:
    """Functions, classes, methods and constants of a Python file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


# Links


@pages()
def test_links_lead_to_files_and_headings_that_exist(page):
    broken = []
    for link in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_anchors_are_githubs(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# What a base.yaml run spends\n## Two, `code` & [a link](x.md)\n## Twice\n## Twice\n", "utf-8")
    assert anchors(page) == {"what-a-baseyaml-run-spends", "two-code--a-link", "twice", "twice-1"}


def test_every_page_can_be_reached_from_the_index_or_the_readme():
    reached, waiting = {ROOT / "docs/README.md"}, [ROOT / "docs/README.md", ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target in DOCS and target not in reached:
                reached.add(target)
                waiting.append(target)
    assert reached == set(DOCS)


# Names


@pages()
def test_files_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    named = {name.rstrip(".") for code in re.findall(r"`([^`\n]+)`", prose(text)) for name in OURS.findall(code)}
    missing = [name for name in named if not name.startswith(MADE) and not list(ROOT.glob(name.rstrip("/")))]
    assert not missing


@pages()
def test_a_name_that_is_said_to_be_in_a_file_is_there(page):
    said = NAMED_IN.findall(prose(page.read_text(encoding="utf-8")).replace("\n", " "))
    assert not [(name, file) for name, file in said if name not in names_in(ROOT / file)]


@pages(LESSONS)
def test_the_lines_to_read_are_there(page):
    text = re.sub(r"\n  +", " ", section(page.read_text(encoding="utf-8"), "The lines to read"))
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(lines) >= 2
    for line in lines:
        file, *others = re.findall(r"`([^`]+)`", line)
        names = {name for name in others if name.isidentifier()}
        assert line.startswith(f"- `{file}`: `") and names, line
        assert not names - names_in(ROOT / file), line


@pages()
def test_keys_of_the_config_exist(page):
    """`section.key` in the text; `section.key=value` in commands is read by the config itself, below."""
    text = re.sub(r"`[\w/]+\.(?:py|sh|md|yaml|txt|html|json|jsonl|css)`", "", prose(page.read_text(encoding="utf-8")))
    keys = re.findall(r"`([a-z]+)\.([a-z_0-9]+)(?:[=:][^`]*)?`", text)
    sections = set(Config.model_fields)
    wrong = [f"{name}.{key}" for name, key in keys if name in sections and key not in section_keys(name)]
    files = {"log.jsonl", "train.bin", "train.json", "train.jsonl", "train.py", "model.py", "serve.py", "sample.py"}
    assert not set(wrong) - files


# Commands


def commands(page: Path) -> list[str]:
    """The lines of the ```bash blocks, and what is set in `code` and begins like a command."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in blocks(text) if block.language == "bash" for line in block.text.splitlines()]
    inline = re.findall(r"`((?:python|bash|torchrun) [^`]+)`", prose(text).replace("\n", " "))
    return [command for line in [*lines, *inline] for command in simple_commands(line)]


def simple_commands(line: str) -> list[str]:
    """'a && b | c  # d' -> ['a', 'b', 'c']"""
    words = shlex.split(line, comments=True)
    found: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", "|", ";", "&"):
            found.append([])
        else:
            found[-1].append(word)
    return [shlex.join(command) for command in found if command]


def script_of(words: list[str]) -> int | None:
    """The place of the script of ours in a command; None: it is another program's."""
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    for place, word in enumerate(words):
        if re.match(r"(?:\.?/)?(?:src|scripts|tests)/[\w/]+\.(?:py|sh)$", word):
            return place
        if place and not word.startswith("-") and not word.endswith("python"):
            return None
    return None


@cache
def source_of(script: str) -> str:
    """The script with what it takes its command line from."""
    files = [ROOT / script, ROOT / "src/pipeline/cli.py"]
    files += sorted((ROOT / "scripts/rental").glob("*.py")) if script == "scripts/vast.py" else []
    files += [ROOT / "scripts/bench/beside.py"] if "bench/" in script else []
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pages()
def test_commands_can_be_typed(page):
    for command in commands(page):
        words = [word for word in shlex.split(command) if not re.match(r"[A-Z_]+=", word)]
        place = script_of(words)
        if place is None:
            continue
        script, arguments = words[place].removeprefix("./"), words[place + 1 :]
        assert (ROOT / script).is_file(), command
        known = source_of(script)
        for option in (word.partition("=")[0] for word in arguments if word.startswith("--") and word != "--help"):
            assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", known), f"{command}: no {option}"
        check_config(command, arguments)


def check_config(command: str, arguments: list[str]) -> None:
    """The config takes what a command gives it. What stands for the reader's own (FILE, ...) is left out."""
    file = "configs/base.yaml"
    if "--config" in arguments and (named := arguments[arguments.index("--config") + 1]) != "FILE":
        file = named.rstrip(",.;:")
    overrides = [word for word in arguments if re.match(r"[a-z]+(\.[a-z_0-9]+)?=", word)]
    overrides = [o.partition("|")[0] for o in overrides if "..." not in o and not o.endswith("=")]
    assert all("." in o.partition("=")[0] or o.partition("=")[0] in TOP_LEVEL for o in overrides), command
    assert isinstance(load_config(file, overrides), Config)


def test_a_wrong_command_is_found(tmp_path):
    page = tmp_path / "page.md"
    for wrong in ("python src/trian.py", "python src/train.py --nonsense", "python src/train.py train.learning=1"):
        page.write_text(f"```bash\n{wrong}\n```\n", encoding="utf-8")
        with pytest.raises((AssertionError, InputError)):
            test_commands_can_be_typed(page)


def test_a_script_that_a_page_names_is_run_by_a_test():
    """By its path or its name, in some test, in .ci/run, or in a script that these run."""
    where = [*(ROOT / "tests").rglob("*.py"), ROOT / ".ci/run", *(ROOT / "scripts").glob("*.sh")]
    tests = "\n".join(path.read_text(encoding="utf-8") for path in where)
    scripts = set()
    for page in PAGES:
        for command in commands(page):
            words = [word for word in shlex.split(command) if not re.match(r"[A-Z_]+=", word)]
            if (place := script_of(words)) is not None:
                scripts.add(words[place].removeprefix("./"))
    assert len(scripts) > 25
    never = sorted(s for s in scripts if Path(s).name not in tests and f"import {Path(s).stem}" not in tests)
    assert {Path(script).stem for script in never} <= NEEDS_ANOTHER_PROJECT


# Benchmarks that compare with another project, on real text, for hours; their command lines are read above.
NEEDS_ANOTHER_PROJECT = {"scale", "recipes", "serving", "lookalikes", "modules", "lm_eval_scores"}


# Figures


def test_the_figures_are_what_the_script_draws():
    recorded = json.loads(figures.RECORDED.read_text(encoding="utf-8"))
    for name, draw in figures.FIGURES.items():
        drawn = (figures.FOLDER / f"{name}.svg").read_text(encoding="utf-8")
        assert draw(recorded) == drawn, f"{name}.svg: python scripts/figures.py draws it anew"
        assert len(drawn) < 60_000
    assert {path.stem for path in figures.FOLDER.glob("*.svg")} == set(figures.FIGURES)


def test_every_figure_is_shown():
    text = "".join(page.read_text(encoding="utf-8") for page in DOCS)
    assert not [name for name in figures.FIGURES if f"figures/{name}.svg)" not in text]


@pytest.mark.parametrize("table", ["EXTRACTION", "QUIZ"])
def test_figures_of_results_md_stand_there(table):
    results = (ROOT / "scripts/bench/RESULTS.md").read_text(encoding="utf-8")
    for row in getattr(figures, table):
        for value in row[1:]:
            assert re.search(rf"(?<![\d.]){re.escape(str(value))}(?:\.0)?(?: %)?(?: |$)", results, re.M), row


def test_a_drawing_shows_its_points_where_they_are():
    """Two points at the corners of the field: 56 and 704 across, 260 and 44 down, less the room above and below."""
    drawn = figures.chart("t", "x", "y", [figures.Line("a", [(0.0, 0.0), (10.0, 1.0)])])
    line = re.search(r'points="([\d.]+),([\d.]+) ([\d.]+),([\d.]+)"', drawn)
    x0, y0, x1, y1 = map(float, line.groups())
    height = 300 - 44 - 40
    assert (x0, x1) == (56.0, 704.0)
    assert y0 == pytest.approx(260 - height * 0.06 / 1.12, abs=0.06)
    assert y1 == pytest.approx(44 + height * 0.06 / 1.12, abs=0.06)


def test_smooth_takes_means_of_what_was():
    points = [(float(k), float(k)) for k in range(40)]  # a window of 2
    assert figures.smooth(points)[:3] == [(0.0, 0.0), (1.0, 0.5), (2.0, 1.5)]
