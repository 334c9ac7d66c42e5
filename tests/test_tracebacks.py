"""What a learner sees of an error: their own lines and the message, and nothing of the package."""

import re
import subprocess
import sys
import traceback

import numpy as np
import pytest

import backprop_lab
from backprop_lab import errors

PACKAGE, NUMPY = errors.HERE, errors.UNSEEN[1]
CELLS = {
    "shapes": ("x + bl.tensor([1.0, 2.0])", "ShapeError", "sizes must be equal or 1"),
    "method": ("x.sum(axis=4)", "ShapeError", "no axis 4"),
    "numpy": ("np.floor(x)", "GradientError", "np.floor has no derivative rule"),
    "numpy calls back": ("np.array([x, x])", "GradientError", "x of shape (3,) is being recorded"),
    "index": ("x[7]", "OutOfRange", "index 7 is out of bounds"),
    "name": ("x.view(3)", "UnknownName", "A tensor has no 'view'. Write x.reshape"),
    "package": ("bl.exp", "UnknownName", "it is ops.exp"),
    "backward": ("(x * 2).backward()", "GradientError", "only from a scalar"),
    "anomaly": ("with bl.detect_anomaly(): ops.log(x - 5)", "AnomalyError", "Log made the first"),
    "function": ("bl.grad(lambda t: (t * 2).reshape(9))(x)", "ShapeError", "do not fill the shape"),
    "rule": (
        "class Half(bl.Op):\n"
        "    def forward(ctx, x): return x / 2\n"
        "    def vjp(ctx, z_bar): return z_bar[0]\n"
        "Half.apply(x).sum().backward()",
        "RuleError",
        "Half.vjp returned shape () for an input of shape (3,)",
    ),
    "in place": (
        "class Half(bl.Op):\n"
        "    def forward(ctx, x):\n"
        "        x /= 2\n"
        "        return x\n"
        "Half.apply(x)",
        "RuleError",
        "Half.forward changed in place",
    ),
}
START = (
    "import numpy as np, backprop_lab as bl\nfrom backprop_lab import ops\n"
    "x = bl.tensor([1.0, 2.0, 3.0], requires_grad=True, name='x')"
)


@pytest.fixture(scope="module")
def shell():
    interactiveshell = pytest.importorskip("IPython.core.interactiveshell")
    was = interactiveshell.InteractiveShell._instance
    shell = interactiveshell.InteractiveShell.instance()
    shell.history_manager.enabled = False
    assert shell.run_cell(START).success
    yield shell
    if was is None:
        interactiveshell.InteractiveShell.clear_instance()


def shown(shell, capsys, cell):
    capsys.readouterr()
    shell.run_cell(cell)
    captured = capsys.readouterr()
    return re.sub(r"\x1b\[[\d;]*m", "", captured.out + captured.err)


@pytest.mark.parametrize("cell, error, message", CELLS.values(), ids=CELLS)
def test_a_notebook_shows_the_learners_line_and_the_message(shell, capsys, cell, error, message):
    text = shown(shell, capsys, cell)
    assert f"{error}: " in text
    assert message in re.sub(r"\s+", " ", text)
    assert cell.splitlines()[-1] in text
    assert backprop_lab.__path__[0] not in text and "site-packages" not in text
    assert "/numpy/" not in text and "backprop_lab/" not in text
    assert "During handling" not in text and "direct cause" not in text


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose", "Minimal"])
def test_in_every_style_of_traceback(shell, capsys, mode):
    was = shell.InteractiveTB.mode
    shell.InteractiveTB.set_mode(mode)
    try:
        text = shown(shell, capsys, "y = x * 2\nz = y + bl.tensor([1.0, 2.0])")
    finally:
        shell.InteractiveTB.set_mode(was)
    assert "ShapeError" in text and "sizes must be equal or 1" in text
    # (Verbose shows values of variables, too: bl = <module 'backprop_lab' from ...>)
    assert "backprop_lab/" not in re.sub(r"<module .*?>", "", text)
    if mode != "Minimal":
        assert "z = y + bl.tensor([1.0, 2.0])" in text


def test_the_learners_functions_are_all_shown(shell, capsys):
    cell = (
        "def inner(t):\n    return t.reshape(7)\n\n"
        "def outer(t):\n    return inner(t * 2).sum()\n\n"
        "bl.grad(outer)(x)"
    )
    text = shown(shell, capsys, cell)
    for line in ("bl.grad(outer)(x)", "return inner(t * 2).sum()", "return t.reshape(7)"):
        assert line in text
    assert "backprop_lab/" not in text


def test_an_error_that_the_learner_handles_and_then_another(shell, capsys):
    cell = "try:\n    x[9]\nexcept IndexError:\n    x.reshape(8)"
    text = shown(shell, capsys, cell)
    assert "ShapeError" in text and "backprop_lab/" not in text.split("During handling")[-1]


def test_a_python_script_starts_at_its_own_line(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(START + "\nx + bl.tensor([1.0, 2.0])\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == f'  File "{script}", line 4, in <module>'
    assert lines[2].strip() == "x + bl.tensor([1.0, 2.0])"
    assert lines[-1].startswith("backprop_lab.errors.ShapeError: x of shape (3,) + an input of")
    assert done.stderr.count("Traceback") == 1


@pytest.mark.parametrize("cell, error, message", CELLS.values(), ids=CELLS)
def test_no_error_drags_another_one_along(cell, error, message):
    names = {}
    exec(START, names)
    with pytest.raises(errors.LabError) as caught:
        exec(compile(cell, "<cell>", "exec"), names)
    assert type(caught.value).__name__ == error
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[1].filename == "<cell>"
    assert not any(frame.filename.startswith(NUMPY) for frame in frames)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_frames_are_left_out_only_where_others_remain():
    try:
        backprop_lab.tensor(np.ones(2)).reshape(3)
    except errors.ShapeError as error:
        inside = error.__traceback__.tb_next  # nothing but frames of the package
        kept = errors.without_package_frames(error.__traceback__)
        assert kept.tb_frame.f_code.co_filename == __file__ and kept.tb_next is None
        assert errors.without_package_frames(inside) is not None
