"""bl.dashboard: a loop that draws what is noted of it, live in a notebook, else in words."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import backprop_lab as bl
from backprop_lab.widgets import dashboard


def train(run, until=None):
    for step in run:
        run.note(loss=2.0**-step, accuracy=0.5)
        if step == until:
            break


@pytest.fixture
def notebook(monkeypatch):
    """A place in a notebook that lists what is shown there, in order."""
    shown = []

    class Place:
        def update(self, bundle, raw):
            shown.append(bundle)

    monkeypatch.setattr(dashboard, "handle", Place)
    return shown


def test_it_counts_the_steps_and_tells_its_curves_in_words():
    run = bl.dashboard(5)
    assert list(run) == [0, 1, 2, 3, 4]
    run = bl.dashboard(3)
    train(run)
    assert str(run) == (
        "After 3 of 3 steps of training: loss goes from 1 to 0.25; accuracy goes from 0.5 to 0.5."
    )
    assert run.curves["loss"] == [1.0, 0.5, 0.25]


def test_nothing_noted_is_no_error():
    run = bl.dashboard(2)
    list(run)
    assert "nothing noted" in str(run) and "nothing noted" in run._repr_html_()


def test_while_it_runs_there_is_a_bar_and_in_the_end_a_picture(notebook, monkeypatch):
    monkeypatch.setattr(dashboard, "PAUSE", 0.0)
    run = bl.dashboard(4)
    train(run)
    assert len(notebook) == 5
    for done, bundle in enumerate(notebook[:-1], 1):
        assert f'<progress value="{done}" max="4">' in bundle["text/html"]
    assert "<progress" not in notebook[-1]["text/html"]
    assert notebook[-1]["text/html"].count("<img") == 1
    assert notebook[-1]["text/plain"] == str(run)


def test_a_short_run_is_drawn_once(notebook):
    train(bl.dashboard(4))
    assert len(notebook) == 1


def test_a_loop_that_was_left_shows_how_far_it_came(notebook):
    run = bl.dashboard(10)
    train(run, until=2)
    assert "2 of 10 steps" in str(run)
    assert "loss goes from 1 to 0.25" in notebook[-1]["text/plain"]


def test_nan_and_zero_and_minus_can_be_drawn():
    run = bl.dashboard(3)
    for step, _ in enumerate(run):
        run.note(a=float("nan"), b=0.0, c=-(10.0**step), d=float("inf") if step else 1.0)
    assert "a goes from nan to nan" in str(run) and "<img" in run._repr_html_()


def test_in_ipython_it_shows_itself_in_place():
    InteractiveShell.instance()
    try:
        with capture_output() as captured:
            train(bl.dashboard(2))
    finally:
        InteractiveShell.clear_instance()
    assert "<progress" in captured.outputs[0].data["text/html"]
