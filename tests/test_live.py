"""A function whose inputs move: what is made of it here, and what a real JupyterLab shows."""

import builtins
import re

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab.errors import DataError, GradientError, ShapeError
from backprop_lab.pictures.text import number
from backprop_lab.widgets.live import HOW, Panel, reach_around
from tests.browser_tools import ACTIVE, IDLE, look, open_notebook, run_all, show_cell, violations

SOURCE = """
def f(W, x, b):
    s = (W @ x).sum() + b
    if s.item() > 5:
        raise ValueError("too much of it")
    return s * s if s.item() > 0 else s.tanh() + b
"""
exec(SOURCE)
f = locals()["f"]
W, X, B = np.array([[0.3, -0.2], [0.5, 0.1]]), [1.0, 2.0], 0.25


def nodes(live):
    return {node["name"]: node for node in live.data["graph"]["nodes"]}


@pytest.fixture
def panel():
    return Panel(bl.step(f, W, X, B))


# --- here ----------------------------------------------------------------------------------------


def test_tensors_are_called_what_the_function_calls_them(panel):
    assert {"W", "x", "b", "s"} <= {*nodes(panel.live)}


def test_a_move_runs_the_function_with_one_number_changed(panel):
    panel.entry.value = (1, 0)
    panel.number.value = 0.9
    moved = W.copy()
    moved[1, 0] = 0.9
    expected = bl.step(f, moved, X, B).data
    assert panel.wire.data == expected
    assert W[1, 0] == 0.5, "what was given stays"


def test_another_input_offers_its_own_entries(panel):
    assert [index for _, index in panel.entry.options] == list(np.ndindex(2, 2))
    panel.which.value = 2
    assert [index for _, index in panel.entry.options] == [()]
    assert panel.number.value == B
    panel.number.value = -1.0
    assert nodes(panel.live)["b"]["value"]["data"] == [-1.0]
    panel.which.value = 0
    assert panel.number.value == W[0, 0]
    panel.which.value = 2
    assert panel.number.value == -1.0


def test_the_slider_and_the_number_follow_each_other(panel):
    panel.slider.value = 40
    assert panel.number.value == 0.3 + 0.8
    panel.number.value = -0.2468
    assert panel.slider.value == -27
    assert nodes(panel.live)["W"]["value"]["statistics"]["min"] == -0.2468
    panel.number.value = 1.4
    assert panel.slider.value == 55
    panel.which.value = 2
    panel.number.value = 50.0
    assert panel.slider.value == 100
    assert nodes(panel.live)["b"]["value"]["data"] != [2.25], "as typed, beyond the slider's end"


def test_to_choose_is_not_to_move(panel):
    calls = []
    panel.function.f = lambda *args: calls.append(args) or f(*args)
    panel.which.value = 1
    panel.entry.value = (1,)
    panel.which.value = 0
    assert not calls


def test_another_path_through_the_function_is_another_graph(panel):
    before = len(panel.wire.data["graph"]["nodes"])
    panel.which.value = 2
    panel.number.value = -1.5
    assert len(panel.wire.data["graph"]["nodes"]) == before + 1


def test_what_the_function_raises_is_told_and_the_picture_stays(panel):
    before = panel.wire.data
    panel.which.value = 1
    panel.number.value = 3.0
    panel.entry.value = (1,)
    panel.which.value = 0
    panel.number.value = 2.2
    assert panel.wire.fault.startswith("f raised ValueError")
    assert "too much of it. The picture shows the last run that worked." in panel.wire.fault
    assert panel.wire.data != before, "the moves that worked"
    assert panel.wire.data == panel.live.data
    panel.number.value = 0.0
    assert panel.wire.fault == ""


def test_reset_gives_back_what_was_given(panel):
    before = panel.wire.data
    panel.number.value = 1.0
    panel.which.value = 2
    panel.number.value = 1.0
    assert panel.wire.data != before
    panel.reset(None)
    assert panel.wire.data == before
    assert panel.number.value == B


def test_an_interrupt_is_not_swallowed(panel):
    def interrupted(*args):
        raise KeyboardInterrupt

    panel.function.f = interrupted
    with pytest.raises(KeyboardInterrupt):
        panel.number.value = 1.0


@pytest.mark.parametrize("x", [3, 3.0, np.float32(3), np.array(3.0), bl.tensor(3.0), [3, 3]])
def test_anything_made_of_numbers_moves(x):
    panel = Panel(bl.step(lambda x: (x * x).sum(), x))
    assert panel.number.value == 3.0
    panel.number.value = 2.0
    assert nodes(panel.live)["x"]["value"]["data"][0] == 2.0
    assert np.all(np.asarray(x.data if isinstance(x, bl.Tensor) else x) == 3)


def test_what_cannot_be_nudged_is_passed_on(panel):
    given = []

    def pick(x, rows, flag, word):
        given.append((rows, flag, word))
        return x[rows].sum()

    rows = np.array([0, 0])
    panel = Panel(bl.step(pick, [1.0, 2.0], rows, True, "word"))
    assert [name for name, _ in panel.which.options] == ["x"]
    assert given[0][0] is rows
    assert given[0][1:] == (True, "word")


def test_names_and_kinds_of_tensors_stay():
    panel = Panel(bl.step(lambda w: w * w, bl.parameter(2.0, name="speed")))
    assert nodes(panel.live)["speed"]["kind"] == "weight"


@pytest.mark.parametrize("x", [float("nan"), float("inf"), 0.0, 1e300, -1e-300])
def test_any_number_can_stand_at_the_start(x):
    panel = Panel(bl.step(lambda x: x * 2, x))
    panel.slider.value = 100
    assert panel.number.value > 0
    assert nodes(panel.live)["x"]["value"]["data"] == [panel.number.value]


@pytest.mark.parametrize("x", [0.0, 0.7, 1.6, -3.0, 99.0, -12345.0, 1e-9])
def test_a_slider_passes_zero_and_goes_as_far_on_the_other_side(x):
    reach = reach_around(x)
    assert reach > abs(x)
    assert x - reach < 0 < x + reach


@pytest.mark.parametrize(
    ("g", "inputs", "error", "words"),
    [
        (lambda x: x * 2, [[1.0, 2.0]], ShapeError, "Reduce it with"),
        (lambda x: x, [1.0], GradientError, "without a graph"),
        (lambda x: x.item(), [1.0], GradientError, "return the result"),
        (lambda x, y: x, [1.0], DataError, "cannot take them"),
        (lambda x: x, ["text"], DataError, "nothing to move"),
        (lambda: bl.tensor(1.0), [], DataError, "nothing to move"),
        (lambda x: x.sum(), [np.zeros((0, 3))], DataError, "nothing to move"),
    ],
)
def test_what_cannot_be_stepped_through_is_refused(g, inputs, error, words):
    with pytest.raises(error, match=words):
        bl.step(g, *inputs)


def test_a_graph_that_is_too_large_is_refused_by_a_sentence():
    def long(x):
        for _ in range(1_000):
            x = x.sin()
        return x

    with pytest.raises(DataError, match="more than the eye can follow"):
        bl.step(long, 1.0)


@pytest.fixture
def displayed(monkeypatch):
    """A function that gives the MIME bundles which a notebook stores of a picture."""

    def display(picture):
        bundles = []
        monkeypatch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
        picture._ipython_display_()
        return bundles

    return display


def test_what_is_stored_stands_alone_and_is_the_same_each_time(displayed):
    """The controls live in the kernel; the stepper of the first run does not."""
    outputs = displayed(bl.step(f, W, X, B))
    controls, picture = outputs
    assert controls.pop("application/vnd.jupyter.widget-view+json")
    assert controls == {"text/html": f"<p>{HOW}</p>", "text/plain": HOW}
    assert {*picture} == {"text/html", "text/plain"}
    assert "start(findHost()" in picture["text/html"]
    again = displayed(bl.step(f, W, X, B))
    del again[0]["application/vnd.jupyter.widget-view+json"]
    assert again == outputs


@pytest.mark.parametrize("missing", ["ipywidgets", "anywidget"])
def test_where_a_package_is_missing_the_steps_are_there_and_a_sentence_names_it(
    monkeypatch, missing, displayed
):
    real = builtins.__import__

    def without(name, *rest):
        if name == missing:
            raise ImportError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    sentence, picture = displayed(bl.step(f, W, X, B))
    assert sentence["text/plain"] == f"To move the inputs, install {missing}: pip install {missing}"
    assert "start(findHost()" in picture["text/html"]


# --- in JupyterLab -------------------------------------------------------------------------------

CELL = f"""# live.
import numpy as np, time
import backprop_lab as bl
calls, pause = [], [0]
{SOURCE.replace("    s =", "    calls.append(W); time.sleep(pause[0])" + chr(10) + "    s =")}
bl.step(f, np.array({W.tolist()}), {X}, {B})"""
OUTPUT = f"{ACTIVE} .jp-OutputArea"
CONTROLS = f"{OUTPUT} .backprop-lab-controls"
ROOT = f"document.querySelector('{OUTPUT} .backprop-lab').shadowRoot"


class Moved:
    """The function in a cell of JupyterLab, shown and connected."""

    def __init__(self, page):
        self.page = page
        show_cell(page, "# live.")
        page.wait_for_selector(f"{CONTROLS} [role=slider][aria-label]")

    def choose(self, which, option, value):
        """Choose in a drop-down, and wait until the number in the box has followed."""
        self.page.select_option(f"{CONTROLS} select >> nth={which}", option)
        self.page.wait_for_function(
            f"x => Number(document.querySelector('{CONTROLS} input').value) === x", arg=value
        )

    def type(self, value):
        self.page.fill(f"{CONTROLS} input", str(value))
        self.page.keyboard.press("Enter")

    def ledger(self):
        """{tensor: its cells}"""
        return self.page.evaluate(
            f"""() => Object.fromEntries([...{ROOT}.querySelectorAll(".ledger tbody tr")].map(row =>
                [row.cells[0].innerText.trim(), [...row.cells].slice(1).map(c => c.innerText)]))"""
        )

    def wait_for(self, text):
        self.page.wait_for_function(
            f"text => {ROOT}.querySelector('.ledger').textContent.includes(text)", arg=text
        )

    def step(self):
        return self.page.inner_text(f"{OUTPUT} .steps")

    def press(self, k):
        self.page.click(f"{OUTPUT} .keys button >> nth={k}")


@pytest.fixture(scope="module")
def moved(jupyter, lab_page):
    open_notebook(lab_page, jupyter.write("live.ipynb", CELL, "# calls.\nprint(len(calls))"))
    run_all(lab_page)
    return Moved(lab_page)


def test_a_moved_entry_gives_the_numbers_that_python_gives(moved):
    """With the step, and the focus, where they were."""
    moved.press(4)
    step = moved.step()
    moved.choose(1, "[1, 0]", 0.5)
    moved.type(0.8)
    new = W.copy()
    new[1, 0] = 0.8
    leaves = [bl.tensor(data, requires_grad=True) for data in (new, X, B)]
    y = f(*leaves)
    y.backward()
    moved.wait_for(number(y.item()))
    assert moved.step() == step
    b = moved.ledger()["b"]
    assert b[1] == number(B)
    assert b[3] == number(leaves[2].grad.item())
    look(moved.page, "live-moved")


def test_another_path_through_the_function_is_drawn_anew(moved):
    cards = f"() => {ROOT}.querySelectorAll('.card').length"
    before = moved.page.evaluate(cards)
    moved.choose(0, "b", B)
    moved.type(-1.5)
    moved.page.wait_for_function(f"before => ({cards})() === before + 1", arg=before)
    assert "step 0 of" in moved.step()
    look(moved.page, "live-other-path")
    moved.type(B)
    moved.page.wait_for_function(f"before => ({cards})() === before", arg=before)


def test_an_error_of_the_function_is_told_and_the_picture_stays(moved):
    moved.choose(0, "b", B)
    before = moved.ledger()
    moved.type(2.25)
    moved.wait_for("2.25")
    moved.choose(0, "x", 1)
    moved.type(3)
    alert = moved.page.locator(f"{CONTROLS} [role=alert]")
    alert.filter(has_text="ValueError").wait_for()
    said = 'f raised ValueError in the line “raise ValueError("too much of it")”'
    assert alert.inner_text().startswith(said)
    assert moved.ledger()["x"] == before["x"]
    look(moved.page, "live-error")
    moved.page.click(f"{CONTROLS} button")
    moved.wait_for(number(B))
    assert alert.inner_text() == ""


def test_moves_that_come_faster_than_the_function_runs_are_left_out(moved):
    """All but the last, which counts."""
    page = moved.page
    page.evaluate("""() => jupyterapp.shell.currentWidget.sessionContext.session.kernel
        .requestExecute({code: "pause[0] = 0.2; calls.clear()"}).done.then(() => null)""")
    moved.choose(0, "W", 0.3)
    page.focus(f"{CONTROLS} [role=slider]")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        f"() => Number(document.querySelector('{CONTROLS} input').value) === 1.1"
    )
    page.wait_for_function(IDLE)
    show_cell(page, "# calls.")
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell').then(() => null)")
    page.wait_for_timeout(300)
    calls = int(re.search(r"\d+", page.inner_text(f"{OUTPUT} pre"))[0])
    assert 1 <= calls < 40
    show_cell(page, "# live.")


def test_the_controls_can_be_used_by_everybody(moved):
    page = moved.page
    assert violations(page, within=CONTROLS) == []
    count = "() => jupyterapp.shell.currentWidget.content.widgets.length"
    before = page.evaluate(count)
    for part in ("[role=slider]", "input", "button", "select >> nth=0"):
        page.focus(f"{CONTROLS} {part}")
        for key in ("d", "d", "b", "a", "x", "m", "Enter"):
            page.keyboard.press(key)
        assert page.evaluate(count) == before
