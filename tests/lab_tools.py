"""lab.py as a module in a folder of its own, for the tests of what it promises."""

import importlib.util
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = (ROOT / "lab.py").read_text(encoding="utf-8")
NOTEBOOK = "01-computational-graphs.ipynb"
posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and symlinks of POSIX")


def load_lab(folder):
    """lab.py as a module that lives in this folder."""
    shutil.copy(ROOT / "lab.py", folder)
    spec = importlib.util.spec_from_file_location("lab", Path(folder) / "lab.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def stops_with(*words):
    with pytest.raises(SystemExit) as stopped:
        yield
    for word in words:
        assert word in str(stopped.value)
