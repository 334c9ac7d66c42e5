"""Every exercise typed into its blank notebook in a real JupyterLab, first wrong and then right."""

import re

import pytest

from backprop_lab.coursework import build
from backprop_lab.exercises import exercises
from tests.browser_tools import close_notebook, open_notebook, run_all
from tests.test_browser import OUTPUTS, answer

pytestmark = pytest.mark.thorough


def solution_of(source, name):
    text = source.read_text(encoding="utf-8")
    cell = re.search(rf'^# %% exercise="{name}"\n(.*?)^# %%', text, re.M | re.S)[1]
    return build.solve(cell.strip())


def in_one_line(text):
    """As a card shows it: without the marks of code and of stress."""
    return " ".join(re.sub("[`*]", "", text).split())


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_wrong_then_right(source, jupyter, lab_page):
    name = source.with_suffix(".ipynb").name
    blank = build.dump(build.compose(source, solved=False))
    (jupyter.folder / name).write_text(blank, encoding="utf-8")
    open_notebook(lab_page, name)
    run_all(lab_page)
    for exercise in exercises().values():
        if exercise.notebook == int(source.name[:2]):
            mistake = exercise.misconceptions[0]
            said = in_one_line(answer(lab_page, exercise.id, mistake.wrong.strip()))
            assert in_one_line(mistake.says) in said, exercise.id
            said = in_one_line(answer(lab_page, exercise.id, solution_of(source, exercise.id)))
            assert f"{exercise.points} of {exercise.points} points" in said, exercise.id
    run_all(lab_page)
    outputs = [output for cell in lab_page.evaluate(OUTPUTS) for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    close_notebook(lab_page)
