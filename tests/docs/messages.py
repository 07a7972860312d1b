"""The error messages of the code as its source has them, with ... for what is filled in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
RENTAL = {"RentalError", "ApiError", "KeyRefused", "OfferGone", "BadBox", "Unreachable", "LocalFault", "HasWork",
          "StillBilling", "Gone", "Stopped", "CapReached", "GpuTaken"}  # fmt: skip
RAISED = {"InputError", *RENTAL}


class Message(NamedTuple):
    file: str
    text: str


def template(node: ast.expr) -> str:
    """'"a " + f"{x} b"' -> 'a ... b'"""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return template(node.left) + template(node.right)
    return "..."


def has_words(text: str) -> bool:
    return bool(re.search(r"[a-z]{3}", text.replace("...", "")))


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def raised(tree: ast.AST, config: bool) -> Iterator[str]:
    """What is raised for a user; what is collected in a list of problems; in config.py what its validators say."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            name, arguments = name_of(node.exc.func), node.exc.args
            if name in RAISED or (config and name == "ValueError"):
                yield template(arguments[1 if name == "BadBox" and len(arguments) > 1 else 0])
        elif isinstance(node, ast.Call) and name_of(node.func) == "append" and isinstance(node.func, ast.Attribute):
            if name_of(node.func.value) == "problems":
                yield template(node.args[0])


def said_by_shell(text: str) -> Iterator[str]:
    """What `die "..."` and `echo "error: ..."` say, with ... for what begins with a $."""
    for found in re.findall(r'(?:\bdie |echo "error: )"?((?:[^"\\]|\\.)*)"', text):
        yield re.sub(
            r"\$\{[^}]*\}|\$\((?:[^()]|\([^()]*\))*\)|\$\w+|\$[*@?]",
            "...",
            found.replace('\\"', '"').replace("\\`", "`"),
        )


def messages() -> list[Message]:
    """Every message that a user may get as an error, of all that is in src/ and scripts/ (its benchmarks apart)."""
    found = []
    for path in sorted(
        [*(ROOT / "src").rglob("*.py"), *(ROOT / "scripts").glob("*.py"), *(ROOT / "scripts/rental").rglob("*.py")]
    ):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [Message(str(path.relative_to(ROOT)), text) for text in raised(tree, path.name == "config.py")]
    for path in sorted((ROOT / "scripts").glob("*.sh")):
        said = said_by_shell(path.read_text(encoding="utf-8"))
        found += [Message(str(path.relative_to(ROOT)), text) for text in said]
    return [Message(file, tidy(text)) for file, text in found if has_words(text)]


def strings() -> set[str]:
    """Every string of the code, likewise: what a message may be put together from."""
    found = set()
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp)):
                found.add(tidy(template(node)))
    return found | {message.text for message in messages()}


def tidy(text: str) -> str:
    """On one line, as a page can show it."""
    return " ".join(text.split())
