"""A Python file that is not ours as a module."""

import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType


def load_file(name: str, path: Path) -> ModuleType:
    """A Python file from outside the repo as a module of this name."""
    loader = SourceFileLoader(name, str(path))
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses look themselves up there
    loader.exec_module(module)
    return module
