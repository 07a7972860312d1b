"""The Markdown pages of the repo, taken apart."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "scripts/bench/RESULTS.md", *DOCS]
LESSONS = sorted((ROOT / "docs/lessons").glob("[0-9]*.md"))


class Block(NamedTuple):
    language: str
    text: str


def blocks(text: str) -> list[Block]:
    """The fenced blocks, in order."""
    return [Block(*found) for found in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)]


def prose(text: str) -> str:
    """What is not in a fenced block."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level; '' where there is none."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found[1] if found else ""


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", prose(path.read_text(encoding="utf-8")), re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(next(name for name in [slug, *(f"{slug}-{n}" for n in range(1, 99))] if name not in found))
    return found


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))
