"""What learners are handed: everything they need and no solution, whatever it is dressed up as."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from backprop_lab.coursework import handout
from backprop_lab.coursework.build import NOTEBOOKS, ROOT, compose, dump, holds_work, sources
from backprop_lab.coursework.handout import Leak, hand_out, leaks, practice_notebook
from backprop_lab.exercises import exercises

BUILT = sorted(NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))
NUMBERS = [int(path.name[:2]) for path in BUILT if not holds_work(path)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    (folder / "ids.csv").write_text("anna;1\nbo b\n\nanna\n")
    hand_out(folder / "bundle", NUMBERS, folder / "ids.csv", b"secret", folder / "nbgrader")
    return folder / "bundle"


def test_the_bundle_has_what_a_learner_needs_and_nothing_else(bundle):
    for name in ("lab.py", "requirements.txt", "binder/postBuild", "backprop_lab/__init__.py"):
        assert (bundle / name).exists()
    assert len(list((bundle / "notebooks").glob("*.ipynb"))) == len(NUMBERS)
    parts = {part for path in bundle.rglob("*") for part in path.relative_to(bundle).parts}
    assert not parts & {"source", "solutions", "tests", "__pycache__", ".git", "benchmarks"}
    assert not any((bundle / "notebooks").glob("*.py"))


def test_no_notebook_of_the_bundle_holds_an_answer(bundle):
    for path in (bundle / "notebooks").glob("*.ipynb"):
        assert "BEGIN SOLUTION" not in path.read_text(encoding="utf-8")


def test_the_package_of_the_bundle_works_by_itself(bundle):
    code = "import backprop_lab as bl; print(bl.__file__); print(bl.check('visits', lambda n: ...))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=bundle, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(bundle)},
    )  # fmt: skip
    assert done.stdout.splitlines() == [str(bundle / "backprop_lab/__init__.py"), "0.0"], done


RENAMED = '''
def go(g, names, slopes):
    """In other words."""
    out = dict.fromkeys(names, 0.0)
    out[names[-1]] = 1.0
    for n in reversed(names):
        for i, s in zip(g[n][1:], slopes.get(n, [])):
            out[i] += out[n] * s
    return out
'''


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.py", RENAMED),
        ("b.py", f"TEXT = {RENAMED!r}"),
        ("c.md", f"Like this:\n\n```python{RENAMED}```\n"),
        ("d.ipynb", json.dumps({"cells": [{"source": RENAMED.splitlines(True)}]})),
        ("e.ipynb", json.dumps({"cells": [{"outputs": [{"data": {"text/plain": RENAMED}}]}]})),
    ],
)
def test_a_solution_with_other_names_is_found(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert leaks(tmp_path) == [f"the solution of sweep is in {name}"]


def test_something_else_is_no_leak(tmp_path):
    (tmp_path / "a.py").write_text(RENAMED.replace("* s", "+ s"))
    assert leaks(tmp_path) == []


@pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)
def test_every_solution_would_be_found(tmp_path, source):
    """Of the solved notebook, every exercise whose answer is more than a word or two."""
    (tmp_path / "solved.ipynb").write_text(dump(compose(source, True)), encoding="utf-8")
    number = int(source.name[:2])
    wanted = {name for name, e in exercises().items() if e.notebook == number}
    found = {said.split()[3] for said in leaks(tmp_path)}
    assert wanted <= found


def test_nothing_is_handed_out_with_a_leak(tmp_path, monkeypatch):
    monkeypatch.setattr(handout, "leaks", lambda folder: ["the solution of topo is in x.py"])
    with pytest.raises(Leak, match="topo"):
        hand_out(tmp_path / "bundle", NUMBERS[:1])
    assert not (tmp_path / "bundle").exists()


def test_a_notebook_with_work_in_it_is_not_handed_out(tmp_path, monkeypatch):
    page = shutil.copy(BUILT[0], tmp_path)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    with open(page, "w", encoding="utf-8") as file:
        file.write(text.replace("import numpy as np", "import numpy as np  # mine", 1))
    monkeypatch.setattr(handout, "NOTEBOOKS", tmp_path)
    with pytest.raises(ValueError, match="worked in"):
        hand_out(tmp_path / "bundle", [int(BUILT[0].name[:2])])


def test_a_folder_with_something_in_it_stays_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(FileExistsError, match="not empty"):
        hand_out(tmp_path, NUMBERS[:1])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_each_learner_gets_problems_of_their_own(bundle):
    assert {path.name for path in (bundle / "practice").iterdir()} == {"anna.ipynb", "bo-b.ipynb"}
    texts = {
        dump(practice_notebook(name, b"secret")).replace(name, "") for name in ("anna", "bo b")
    }
    assert len(texts) == 2
    assert (
        practice_notebook("anna", b"secret").cells[2]
        == practice_notebook("anna", b"secret").cells[2]
    )
    assert (
        practice_notebook("anna", b"secret").cells[2]
        != practice_notebook("anna", b"other!").cells[2]
    )


def test_a_practice_notebook_runs(bundle):
    notebook = json.loads((bundle / "practice" / "anna.ipynb").read_text())
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    names = {}
    for cell in cells:
        exec(cell, names)
    assert str(names["problem_1"].check(names["answer_1"])) == "Nothing is filled in yet."


def test_nbgraders_folders(bundle):
    folder = bundle.parent / "nbgrader"
    for path in (folder / "source").rglob("*.ipynb"):
        assert "### BEGIN SOLUTION" in path.read_text(encoding="utf-8")
        assert "### BEGIN STUB" not in path.read_text(encoding="utf-8")
    assert len(list((folder / "release").rglob("*.ipynb"))) == len(NUMBERS)
    assert str(ROOT) not in str(folder)
