"""Marks as nbgrader itself reads them, from cells that a kernel has really run.

nbgrader is an instructor's choice, so it is installed for this test alone.
"""

import json
import os
import subprocess
import sys

import pytest

from backprop_lab.coursework import build
from backprop_lab.coursework.execution import execute

READ_MARKS = """
import json, sys, nbformat
from nbgrader.utils import determine_grade, is_grade
cells = [cell for cell in nbformat.read(sys.argv[1], 4).cells if is_grade(cell)]
print(json.dumps({cell.metadata.nbgrader.grade_id: determine_grade(cell) for cell in cells}))
"""


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory):
    """A folder with nbgrader and what it needs beyond Jupyter."""
    folder = tmp_path_factory.mktemp("nbgrader")
    packages = ["nbgrader==0.9.6", "rapidfuzz", "sqlalchemy", "alembic", "mako", "greenlet"]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
    subprocess.run([*pip, *packages], check=True)
    return folder


def marks(notebook, nbgrader, tmp_path):
    path = tmp_path / "submitted.ipynb"
    path.write_text(build.dump(notebook), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", READ_MARKS, path],
        env=os.environ | {"PYTHONPATH": str(nbgrader)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.thorough
@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_blank_solved_and_partly_right(source, nbgrader, tmp_path):
    blank = marks(execute(build.compose(source, False), build.NOTEBOOKS), nbgrader, tmp_path)
    solved = build.compose(source, True)
    full = marks(execute(solved, build.NOTEBOOKS), nbgrader, tmp_path)
    assert all(score == 0 for score, _ in blank.values())
    assert all(score == most for score, most in full.values())
    if "check-keep" in full:
        for cell in solved.cells:
            if cell.id == "keep":
                cell.source = cell.source.replace('"exp": ["z"]', '"exp": ["x"]')
        part = marks(execute(solved, build.NOTEBOOKS), nbgrader, tmp_path)
        assert part["check-keep"] == [pytest.approx(2.4), 3]
