"""bl.dashboard in a real JupyterLab: while it trains, interrupted, and opened again later."""

import json

import pytest

from tests.browser_tools import (
    IDLE,
    RUN_ALL,
    close_notebook,
    command,
    look,
    open_notebook,
    switch_theme,
    violations,
)
from tests.test_widgets_in_jupyter import KILL

pytestmark = pytest.mark.thorough
TRAIN = """import time
import backprop_lab as bl
run = bl.dashboard(5000)
for step in run:
    run.note(loss=2.0 / (1 + step), gradient_norm=0.5 / (1 + step))
    time.sleep(0.01)"""
OUTPUT = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea"
# What can be seen of the run: (step of the bar, the words beside it, the words of the picture).
SEEN = """output => {
    const bar = output.querySelector("progress");
    const image = output.querySelector("img");
    return [bar?.value, bar?.labels[0].innerText.trim(), image?.alt];
}"""
TAB_STOPS = "output => output.querySelectorAll('a, button, input, [tabindex]').length"
TRUSTED = "() => jupyterapp.shell.currentWidget.content.widgets[0].model.trusted"
TYPED = "() => jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.getSource()"


@pytest.fixture(scope="module")
def page(jupyter, lab_page):
    """A notebook whose first cell is training, and the cursor in its second."""
    open_notebook(lab_page, jupyter.write("train.ipynb", TRAIN, "# notes"))
    lab_page.evaluate(RUN_ALL)
    lab_page.wait_for_selector(f"{OUTPUT} img")
    return lab_page


def seen(page):
    return page.eval_on_selector(OUTPUT, SEEN)


def test_while_it_trains_the_bar_and_the_curves_move_and_the_keyboard_is_free(page):
    command(page, "notebook:enter-edit-mode")
    frames = [seen(page)]
    for letter in "abcd":
        page.keyboard.type(f" {letter}")
        page.wait_for_function(
            "([selector, alt]) => document.querySelector(`${selector} img`).alt !== alt",
            arg=[OUTPUT, frames[-1][2]],
        )
        frames.append(seen(page))
    steps = [step for step, _, _ in frames]
    assert steps == sorted({*steps})
    for step, beside, alt in frames:
        assert beside == f"step {step} of 5000"
        assert alt.startswith(f"After {step} of 5000 steps of training: loss goes from 2 to ")
        assert "gradient norm goes from 0.5 to" in alt
    assert page.evaluate(TYPED) == " a b c d# notes"
    assert page.eval_on_selector(OUTPUT, TAB_STOPS) == 0


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_while_it_trains(page, dark):
    switch_theme(page, dark)
    look(page, f"dashboard-trains-{dark}")
    assert not violations(page, OUTPUT)
    assert seen(page)[0], "it trains all the time"
    switch_theme(page, dark=False)


def test_interrupted_it_says_where_it_stopped(page):
    """Twice within a moment, as impatient people do: most often the second time while it draws."""
    step = seen(page)[0]
    page.evaluate("() => { for (let i = 0; i < 2; i += 1) "
                  "jupyterapp.commands.execute('notebook:interrupt-kernel'); }")  # fmt: skip
    page.wait_for_function(IDLE)
    page.wait_for_function(f"() => !document.querySelector('{OUTPUT} progress')")
    output = page.query_selector(OUTPUT)
    stopped = output.query_selector("p").inner_text()
    assert stopped.startswith("Stopped after ") and stopped.endswith(" of 5000 steps.")
    assert step <= int(stopped.split()[2]) < 5000
    assert seen(page)[2].startswith(stopped.removesuffix(".") + " of training: loss goes")
    said = output.inner_text()
    assert "KeyboardInterrupt" in said
    assert "matplotlib" not in said and "ignored" not in said


@pytest.mark.parametrize("path", ["train.ipynb", "copy.ipynb"])
def test_opened_again_without_a_kernel_the_last_picture_is_there(jupyter, page, path):
    """As it was saved here; and as a copy from elsewhere, which JupyterLab does not trust."""
    last = seen(page)[2]
    close_notebook(page)
    saved = (jupyter.folder / "train.ipynb").read_text(encoding="utf-8")
    outputs = json.loads(saved)["cells"][0]["outputs"]
    assert [output["output_type"] for output in outputs] == ["display_data", "error"]
    if path != "train.ipynb":
        elsewhere = json.loads(saved)
        elsewhere["cells"][1]["source"] = "# from elsewhere"
        (jupyter.folder / path).write_text(json.dumps(elsewhere), encoding="utf-8")
    open_notebook(page, path)
    page.evaluate(KILL)
    assert page.evaluate(TRUSTED) == (path == "train.ipynb")
    output = page.wait_for_selector(OUTPUT)
    assert seen(page) == [None, None, last]
    width = "image => image.decode().then(() => image.naturalWidth)"
    assert output.query_selector("img").evaluate(width) > 400
    assert output.query_selector("p").inner_text().startswith("Stopped after ")
    for dark in (False, True):
        switch_theme(page, dark)
        look(page, f"dashboard-{path}-{dark}")
        assert not violations(page, OUTPUT)
    switch_theme(page, dark=False)
