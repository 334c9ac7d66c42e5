"""All widgets in a real JupyterLab: without the kernel, beside the keyboard's shortcuts, after
the notebook was closed, and in one that somebody else has written."""

import re

import numpy as np
import pytest

from tests.browser_tools import (
    ACTIVE,
    CELLS,
    close_notebook,
    look,
    open_notebook,
    run_all,
    show_cell,
    switch_theme,
)
from tests.widgets_to_try import ANSWERS, ESCAPE, SETUP, WIDGETS, make

NOTEBOOK = "widgets.ipynb"
HOST = f"{ACTIVE} .backprop-lab"
every_widget = pytest.mark.parametrize("name", WIDGETS)
# All that typing could change in a notebook, and where it stands.
NOTEBOOK_STATE = f"""() => {{
    const notebook = jupyterapp.shell.currentWidget.content;
    const cells = {CELLS}.map(({{model}}) => [model.type, model.sharedModel.getSource(), model.id]);
    const counts = {CELLS}.map(({{model}}) => model.executionCount);
    return [cells, counts, notebook.mode, notebook.activeCellIndex];
}}"""
PARTS = """[...host.shadowRoot.querySelectorAll("button, select, input, [tabindex='0']")]"""
COUNT = f"host => {PARTS}.length"
FOCUS = f"([host, i]) => {PARTS}.slice(0, i + 1).at(-1).focus()"
# The places of one part of each kind that can have the focus.
KINDS = f"""host => {{
    const kinds = {PARTS}.map(part => part.tagName + part.type + part.getAttribute("role"));
    return kinds.map((kind, i) => i).filter(i => kinds.indexOf(kinds[i]) === i);
}}"""
HAS_FOCUS = "host => document.activeElement === host"
STATE = """host => {
    const frame = host.shadowRoot.querySelector(".frame");
    return [frame.textContent, ...[...frame.querySelectorAll("input")].map(input => input.value)];
}"""
PAPER = "host => getComputedStyle(host.shadowRoot.querySelector('.frame')).backgroundColor"
# Milliseconds from a click to the frame that shows its result, the slowest 5 % left out.
CLICK_TO_PAINT = """async host => {
    const [first, , , forward] = host.shadowRoot.querySelectorAll(".keys button");
    const painted = () => new Promise(done => requestAnimationFrame(() => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = done;
        port2.postMessage(null);
    }));
    const times = [];
    for (let i = 0; i < 60; i += 1) {
        const start = performance.now();
        (forward.getAttribute("aria-disabled") === "true" ? first : forward).click();
        await painted();
        times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[Math.floor(0.95 * times.length)];
}"""
KILL = """() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()"""


@pytest.fixture(scope="module")
def page(jupyter, lab_page):
    """A notebook in which every widget has been shown."""
    codes = [f"# {name}.\n{code}" for name, code in WIDGETS.items()]
    open_notebook(lab_page, jupyter.write(NOTEBOOK, *codes))
    run_all(lab_page)
    return lab_page


def shown(page, name):
    """The widget of a cell that is scrolled to."""
    show_cell(page, f"# {name}.")
    host = page.wait_for_selector(f"{HOST}[data-ready]")
    host.evaluate(ESCAPE)
    return host, page.query_selector(f"{ACTIVE} .jp-OutputArea")


@every_widget
def test_it_answers_without_a_message_to_the_kernel(page, name):
    _, output = shown(page, name)
    sent = len(page.sent)
    assert sent, "running the cells took some"
    assert output.evaluate(ANSWERS)
    page.wait_for_timeout(200)
    assert len(page.sent) == sent


@every_widget
def test_what_is_typed_in_it_changes_nothing_in_the_notebook(page, name):
    host, _ = shown(page, name)
    before = page.evaluate(NOTEBOOK_STATE)
    for i in host.evaluate(KINDS):
        page.evaluate(FOCUS, [host, i])
        for key in ("d", "d", "b", "a", "x", "m", "Enter", "ArrowDown"):
            page.keyboard.press(key)
        assert page.evaluate(NOTEBOOK_STATE) == before


@every_widget
def test_tab_goes_through_it_and_out(page, name):
    host, _ = shown(page, name)
    count = host.evaluate(COUNT)
    for key in ("Tab", "Shift+Tab"):
        page.evaluate(FOCUS, [host, 0 if key == "Tab" else count - 1])
        assert host.evaluate(HAS_FOCUS)
        for _ in range(count + 1):
            page.keyboard.press(key)
            if not host.evaluate(HAS_FOCUS):
                break
        assert not host.evaluate(HAS_FOCUS)


@every_widget
def test_it_follows_the_theme(page, name):
    host, _ = shown(page, name)
    before = host.evaluate(STATE)
    colours = {}
    try:
        for dark in (False, True):
            switch_theme(page, dark)
            colours[dark] = host.evaluate(PAPER)
            look(page, f"lab-{name}-{'dark' if dark else 'light'}")
    finally:
        switch_theme(page, dark=False)
    assert luminance(colours[False]) > 200
    assert luminance(colours[True]) < 60
    assert host.evaluate(STATE) == before, "the same step, and the same words"


def luminance(colour):
    red, green, blue, *_ = map(float, re.findall(r"[\d.]+", colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_in_a_notebook_from_elsewhere_there_are_images_with_words(jupyter, page):
    """JupyterLab runs no scripts of a notebook that has not been trusted."""
    outputs = [make(code)._repr_html_() for code in WIDGETS.values()]
    open_notebook(page, jupyter.write("elsewhere.ipynb", "# elsewhere", outputs=outputs))
    show_cell(page, "# elsewhere")
    page.wait_for_selector(f"{ACTIVE} img")
    images = page.query_selector_all(f"{ACTIVE} .jp-OutputArea img")
    assert len(images) == len(WIDGETS)
    for image in images:
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        assert len(image.get_attribute("alt").split()) >= 8
    assert not page.query_selector(f"{HOST}[data-ready]")
    look(page, "lab-untrusted")
    close_notebook(page, save=False)
    open_notebook(page, NOTEBOOK)


def test_opened_again_it_answers_and_so_it_does_without_a_kernel(page):
    """The notebook has been saved, so JupyterLab trusts what it has computed itself."""
    close_notebook(page)
    open_notebook(page, NOTEBOOK)
    page.evaluate(KILL)
    for name in WIDGETS:
        _, output = shown(page, name)
        assert output.evaluate(ANSWERS)


@pytest.mark.thorough
@pytest.mark.parametrize(("rungs", "nodes", "limit"), [(12, 37, 50), (99, 298, 100)])
def test_from_click_to_paint(jupyter, page, rungs, nodes, limit):
    """What the course promises; the median of three tries, as others use the machine, too."""
    code = (
        f"# ladder.\n{SETUP}x = bl.tensor(0.5, requires_grad=True)\n"
        f"for _ in range({rungs}):\n    x = x.sin() * x.cos()\nbl.step(x)"
    )
    open_notebook(page, jupyter.write(f"paint-{nodes}.ipynb", code))
    run_all(page)
    host, _ = shown(page, "ladder")
    assert host.evaluate("host => host.shadowRoot.querySelectorAll('.card').length") >= nodes
    tries = sorted(host.evaluate(CLICK_TO_PAINT) for _ in range(3))
    print(f"{nodes} nodes: from click to paint, p95 of three tries: {np.round(tries, 1)} ms")
    close_notebook(page, save=False)
    assert tries[1] < limit
