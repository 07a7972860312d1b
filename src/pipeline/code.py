"""What a stage's output owes to its code: a hash a file, so that an edited filter is seen by the next run.

A data stage's code is its own file and the modules of `wikipedia` and `teacher` that it imports, with the word lists
and tables beside them. Comments, docstrings and layout do not count, nor does `pipeline`: how files are written is no
part of what stands in them. The files are read, never imported, so that it takes milliseconds.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from pipeline.config import ROOT

SRC = ROOT / "src"
PACKAGES = ("wikipedia", "teacher")


def code_of(stage: str, src: Path = SRC, packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """-> {file relative to src: hash} of all that decides what the stage writes; {} when there is no such script."""
    places = (src / f"{stage}.py", src.parent / f"scripts/{stage}.py")
    script = next((place for place in places if place.exists()), None)
    if script is None:
        return {}
    found: dict[str, str] = {}
    waiting = [script]
    while waiting:
        file = waiting.pop()
        name = file.relative_to(src if file.is_relative_to(src) else src.parent).as_posix()
        if name in found:
            continue
        found[name], modules = read_code(file)
        waiting += [other for module in modules for other in _files(module, src, tuple(packages))]
    return dict(sorted(found.items()))


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The files whose code differs, that came or that went."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def read_code(path: Path) -> tuple[str, list[str]]:
    """-> the hash of a Python file's code, or of another file's bytes; the names by which it may import modules"""
    content, names = path.read_bytes(), []
    if path.suffix == ".py":
        try:
            tree = ast.parse(content)
        except SyntaxError:  # half edited: whoever imports it will hear of it
            return _short(content), []
        names, content = _imported(tree), _written(tree).encode("utf-8", "surrogatepass")
    return _short(content), names


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _written(value) -> str:
    """A tree as text, the same under every Python: fields that are empty are left out, and so are docstrings."""
    if isinstance(value, ast.AST):
        fields = dict(ast.iter_fields(value))
        if isinstance(value, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            fields["body"] = value.body[ast.get_docstring(value, clean=False) is not None :]
        inner = ",".join(
            f"{name}={_written(v)}" for name, v in sorted(fields.items()) if v not in (None, []) and name != "kind"
        )
        return f"{type(value).__name__}({inner})"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return repr(value)


def _imported(tree: ast.Module) -> list[str]:
    """Every dotted name that a file may import a module by, anywhere in it."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


@cache
def _files(module: str, src: Path, packages: tuple[str, ...]) -> tuple[Path, ...]:
    """What a module's name stands for: its own file, with the data beside it; of a package inside one of ours all."""
    parts = module.split(".")
    if parts[0] not in packages:
        return ()
    place = src.joinpath(*parts)
    if place.with_suffix(".py").is_file():
        return (place.with_suffix(".py"), *_data(place.parent))
    if not (place / "__init__.py").is_file():
        return ()
    if len(parts) == 1:  # of `wikipedia` only what is named
        return (place / "__init__.py",)
    return tuple(f for f in _below(place) if f.suffix == ".py") + tuple(_data(place))


def _data(folder: Path) -> list[Path]:
    """Files beside the modules of a folder that are not code, and those in its folders that hold no code."""
    return [
        f
        for f in _below(folder)
        if f.suffix != ".py" and not any((p / "__init__.py").exists() for p in _between(folder, f))
    ]


def _between(folder: Path, file: Path) -> Iterator[Path]:
    for parent in file.parents:
        if parent == folder:
            return
        yield parent


def _below(folder: Path) -> list[Path]:
    return sorted(
        f for f in folder.rglob("*") if f.is_file() and "__pycache__" not in f.parts and not f.name.startswith(".")
    )
