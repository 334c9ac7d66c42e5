"""bl.dashboard: a loop that draws what is noted of it, live in a notebook, else in words."""

import signal

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import backprop_lab as bl
from backprop_lab.pictures import Picture
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
        assert bundle["text/plain"].startswith(f"After {done} of 4 steps")
    assert notebook[-1]["text/html"] == run.picture.html, "nothing but the picture"
    assert notebook[-1]["text/html"].count("<img") == 1
    assert notebook[-1]["text/plain"] == str(run)


def test_a_short_run_is_drawn_once(notebook):
    train(bl.dashboard(4))
    assert len(notebook) == 1


def test_a_loop_that_was_left_shows_how_far_it_came(notebook):
    run = bl.dashboard(10)
    train(run, until=2)
    assert str(run).startswith("Stopped after 2 of 10 steps of training")
    assert notebook[-1]["text/html"].endswith("<p>Stopped after 2 of 10 steps.</p>")
    assert "loss goes from 1 to 0.25" in notebook[-1]["text/plain"]


@pytest.mark.parametrize(("drawing", "done"), [(2, 2), (4, 4), (5, 4)])
def test_an_interrupt_during_a_drawing_waits_for_its_end(notebook, monkeypatch, drawing, done):
    """In the loop, after the last step, and in the last drawing of a run that is over."""
    monkeypatch.setattr(dashboard, "PAUSE", 0.0)
    run = bl.dashboard(4)
    interrupt_in_drawing(monkeypatch, drawing)
    with pytest.raises(KeyboardInterrupt) as stopped:
        train(run)
    assert "matplotlib" not in str(stopped.getrepr())
    assert f"{done} of 4 steps" in notebook[-1]["text/plain"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_whoever_presses_stop_twice_has_the_last_picture(notebook, monkeypatch):
    interrupt_in_drawing(monkeypatch, 1)
    run = bl.dashboard(10)
    with pytest.raises(KeyboardInterrupt):
        for step in run:
            run.note(loss=2.0**-step)
            if step == 3:
                signal.raise_signal(signal.SIGINT)
    assert notebook[-1]["text/plain"] == (
        "Stopped after 3 of 10 steps of training: loss goes from 1 to 0.125."
    )


def interrupt_in_drawing(monkeypatch, count):
    """Have the kernel interrupted in the middle of the drawing with this number."""
    drawings = []

    def interrupted(fig, alt):
        drawings.append(alt)
        if len(drawings) == count:
            signal.raise_signal(signal.SIGINT)
        return Picture(alt, html="<img>")

    monkeypatch.setattr(dashboard, "figure", interrupted)


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
