"""No regular expression of the project tries for ever: a single one of them hung a training that nothing else could.

Every compiled pattern that a module holds is run over texts that repeat a short piece and end in something else, where
a pattern with two ways to read one character is exponential: 2 ** 40 tries where a good one needs some thousand.
"""

import dataclasses
import importlib
import itertools
import re
import signal
import threading
from pathlib import Path

import pytest

from teacher.rules import relations

SRC = Path(__file__).parents[1] / "src"
PIECES = "s' a A,x 1,1 1. [[ ]] {{ }} | = ' <ref> ( ) -* \n \t&nbsp; é- A.B the of , ... # ; : || \" « 日 ‘’".split(" ")
JOINED = [" ", "a ", "the ", "A ", "1 ", "in ", "and ", "\n", "]] ", "}}", "|", "s "]
TEXTS = [(piece * 80)[:80] + end for piece in (*PIECES, " ") if piece for end in ("", "!", "\0")]
TEXTS += [(piece + other) * 20 + "\0" for piece, other in itertools.product(PIECES, JOINED)]
SECONDS = 20  # of CPU for all texts with one pattern: they take some hundredths


def held(value, depth: int = 0):
    """The patterns in a value: itself, or within lists, tables and dataclasses."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, (list, tuple, set, frozenset)):
        for part in value:
            yield from held(part, depth + 1)
    elif depth < 4 and isinstance(value, dict):
        for part in (*value, *value.values()):
            yield from held(part, depth + 1)
    elif depth < 4 and dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from held(getattr(value, field.name), depth + 1)


def patterns() -> dict[tuple, str]:
    """{(pattern, flags): where it is from}"""
    found: dict[tuple, str] = {}
    for path in sorted(SRC.rglob("*.py")):
        module = ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
        for name, value in vars(importlib.import_module(module)).items():
            for pattern in held(value):
                found.setdefault((pattern.pattern, pattern.flags), f"{module}.{name}")
    for relation, _, template in relations.PATTERNS:  # compiled when they are needed
        pattern = relations.pattern_of(relation, template)
        found.setdefault((pattern.pattern, pattern.flags), f"relations.txt, {relation.name}")
    return found


def done(pattern: re.Pattern) -> bool:
    """Whether all texts are gone through within SECONDS of CPU time."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        for text in TEXTS:
            pattern.search(text)
            pattern.fullmatch(text)
    except TimeoutError:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return True


@pytest.mark.slow
def test_no_pattern_tries_for_ever():
    assert threading.current_thread() is threading.main_thread()
    found = {key: where for key, where in patterns().items() if isinstance(key[0], str)}
    assert len(found) > 300
    assert [where for (pattern, flags), where in found.items() if not done(re.compile(pattern, flags))] == []


def test_a_pattern_that_does_is_seen(monkeypatch):
    monkeypatch.setitem(globals(), "SECONDS", 0.2)
    assert not done(re.compile(r"\b(\w[\w'’]*(?:\W+\w[\w'’]*){0,7}?)(?:\W+\1\b){2,}"))
    assert done(re.compile(r"(\w+)\W+\1"))
