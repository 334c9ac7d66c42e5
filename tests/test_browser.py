"""Notebook 1 as a learner meets it: in a real JupyterLab, in a real browser.

Skipped, with a sentence, where there is no Chromium; continuous integration installs one.
With SCREENSHOTS set to a folder, what the browser shows is kept there, to be looked at.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lab
from backprop_lab.coursework import build
from backprop_lab.coursework.execution import TIMEOUT
from backprop_lab.exercises import exercises

BROWSERS = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
CHROMIUM = next(filter(None, BROWSERS), None)
NOTEBOOK = "01-computational-graphs.ipynb"
OUTPUTS = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => cell.model)
    .map(model => ({source: model.sharedModel.getSource(), outputs: model.outputs.toJSON()}))"""
IDLE = """() => {
    const session = jupyterapp.shell.currentWidget?.sessionContext?.session;
    return session?.kernel?.status === 'idle';
}"""
DONE = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code').every(cell => cell.model.executionCount > 0)"""

COUNT = """i => jupyterapp.shell.currentWidget.content.widgets[i].model.executionCount"""

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium here: install one to run the browser tests", allow_module_level=True)


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """A JupyterLab with the settings of lab.py, on a folder with the blank notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "work").mkdir()
    source = build.sources()[0]
    blank = build.dump(build.compose(source, solved=False))
    (folder / "work" / NOTEBOOK).write_text(blank, encoding="utf-8")
    command = [sys.executable, *lab.jupyterlab(["--no-browser", f"--ServerApp.root_dir={folder}"])]
    command += ["--ServerApp.port=0", "--LabApp.expose_app_in_browser=True"]
    env = lab.environment() | {"JUPYTERLAB_WORKSPACES_DIR": str(folder / ".workspaces")}
    env["JUPYTERLAB_SETTINGS_DIR"] = str(folder / ".settings")
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    log = folder / "jupyter.log"
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=out)
    try:
        yield address(server, log)
    finally:
        server.terminate()
        server.wait(timeout=20)


def address(server, log):
    """The first address that JupyterLab prints, token and all: what a person would paste."""
    for _ in range(int(TIMEOUT / 0.2)):
        found = re.search(r"http://127\.0\.0\.1:\d+/lab\S*\?token=\w+", log.read_text())
        if found:
            return found[0]
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab printed no address:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser():
    assert CHROMIUM, "continuous integration has to install Chromium"
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def page(browser, jupyter):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(jupyter)
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    page.wait_for_function(IDLE)
    yield page
    page.close()


def look(page, name):
    if os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{os.environ['SCREENSHOTS']}/{name}.png")


def run_all(page):
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(DONE, timeout=120_000)
    page.wait_for_function(IDLE)


def cell_of(page, start):
    """Scroll to the first code cell whose source starts so; returns its place in the notebook."""
    return page.evaluate(
        """async start => {
            const notebook = jupyterapp.shell.currentWidget.content;
            const models = notebook.widgets.map(cell => cell.model);
            const i = models.findIndex(model =>
                model.type === 'code' && model.sharedModel.getSource().startsWith(start));
            notebook.activeCellIndex = i;
            await notebook.scrollToItem(i, 'start');
            return i;
        }""",
        start,
    )


def answer(page, name, code):
    """Type an answer into an exercise's cell, run it and its check, and read the card."""
    check = cell_of(page, f'check("{name}"')
    page.evaluate("i => { jupyterapp.shell.currentWidget.content.activeCellIndex = i; }", check - 1)
    page.locator(".jp-Notebook .jp-Cell.jp-mod-active .cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")
    before = page.evaluate(COUNT, check)
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(f"([i, before]) => ({COUNT})(i) > before", arg=[check, before])
    page.wait_for_function(IDLE)
    cell_of(page, f'check("{name}"')
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
    cell_of(page, "a = bl.tensor")
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
    page.evaluate(
        "() => jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    page.wait_for_selector("body[data-jp-theme-light='false']", state="attached")
    for start, name in (("a = bl.tensor", "first-picture"), ('check("topo"', "card")):
        cell_of(page, start)
        page.wait_for_timeout(500)
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
