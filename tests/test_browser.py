"""Notebook 1 as a learner meets it: in a real JupyterLab, in a real browser.

Skipped, with a sentence, where there is no Chromium (see browser_tools).
"""

import re

import pytest

from backprop_lab.coursework import build
from backprop_lab.exercises import exercises
from tests.browser_tools import IDLE, look, open_notebook, run_all, show_cell, switch_theme

NOTEBOOK = "01-computational-graphs.ipynb"
OUTPUTS = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => cell.model)
    .map(model => ({source: model.sharedModel.getSource(), outputs: model.outputs.toJSON()}))"""
COUNT = """i => jupyterapp.shell.currentWidget.content.widgets[i].model.executionCount"""


@pytest.fixture(scope="module")
def page(jupyter, lab_page):
    """The blank notebook, open in JupyterLab."""
    blank = build.dump(build.compose(build.sources()[0], solved=False))
    (jupyter.folder / NOTEBOOK).write_text(blank, encoding="utf-8")
    open_notebook(lab_page, NOTEBOOK)
    return lab_page


def answer(page, name, code):
    """Type an answer into an exercise's cell, run it and its check, and read the card."""
    check = show_cell(page, f'check("{name}"')
    page.evaluate("i => { jupyterapp.shell.currentWidget.content.activeCellIndex = i; }", check - 1)
    page.locator(".jp-Notebook .jp-Cell.jp-mod-active .cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")
    before = page.evaluate(COUNT, check)
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(f"([i, before]) => ({COUNT})(i) > before", arg=[check, before])
    page.wait_for_function(IDLE)
    show_cell(page, f'check("{name}"')
    card = page.locator(".jp-Cell.jp-mod-active [role=status]")
    card.wait_for()
    return card.inner_text()


def solution_of(name):
    text = build.sources()[0].read_text(encoding="utf-8")
    cell = re.search(rf'^# %% exercise="{name}"\n(.*?)^# %%', text, re.M | re.S)[1]
    return build.solve(cell.strip())


def test_the_notebook_opens_with_no_dialog_and_no_news(page):
    assert NOTEBOOK in page.title() or page.locator(f"text={NOTEBOOK}").count()
    assert page.locator(".jp-Dialog").count() == 0
    assert page.locator(".Toastify__toast").count() == 0


def test_run_all_on_the_blank_notebook_raises_nothing(page):
    run_all(page)
    cells = page.evaluate(OUTPUTS)
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    checks = [cell for cell in cells if build.CHECK.match(cell["source"])]
    assert len(checks) == len([e for e in exercises().values() if e.notebook == 1])
    for cell in checks:
        assert "not attempted yet" in str(cell["outputs"][0]["data"]["text/html"]), cell["source"]
    look(page, "blank-end")


def test_pictures_are_painted(page):
    show_cell(page, "a = bl.tensor")
    page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-OutputArea img')]
            .some(image => image.complete && image.naturalWidth > 200 && image.alt.length > 40)"""
    )
    look(page, "first-picture-light")


def test_a_wrong_answer_gets_its_own_hint_and_a_right_one_its_reason(page):
    for name in ("rows", "topo"):
        exercise = exercises()[name]
        mistake = exercise.misconceptions[0]
        said = answer(page, name, mistake.wrong.strip())
        assert " ".join(mistake.says.split()) in " ".join(said.split())
        look(page, f"{name}-wrong")
        said = answer(page, name, solution_of(name))
        assert " ".join(exercise.why.split()) in " ".join(said.split())
        assert f"{exercise.points} of {exercise.points} points" in said
        look(page, f"{name}-right")


def test_the_dark_theme_shows_the_same_pictures_and_cards(page):
    switch_theme(page, dark=True)
    for start, name in (("a = bl.tensor", "first-picture"), ('check("topo"', "card")):
        show_cell(page, start)
        look(page, f"{name}-dark")
    ink, paper = page.evaluate(
        """() => {
            const card = document.querySelector('.jp-Cell.jp-mod-active [role=status]');
            const luminance = colour => {
                const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const page = document.querySelector('.jp-Notebook');
            return [luminance(getComputedStyle(card).color),
                    luminance(getComputedStyle(page).backgroundColor)];
        }"""
    )
    assert ink - paper > 120, "light text on a dark page"
