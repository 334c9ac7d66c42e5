"""The report card: every line tried, none of them able to stop the others."""

import contextlib
import io
import warnings

import numpy as np
import torch

from ..errors import DataError
from . import contract, derivatives, saved, transforms, values
from .card import FAILED, NOT_TRIED, Line, ReportCard
from .runs import Stopped, seeded
from .trial import Trial
from .wording import kind, words_of

GROUPS = {
    "What comes out": values.LINES,
    "What comes back": contract.LINES,
    "What is changed and kept": saved.LINES,
    "Whether it is the derivative": derivatives.LINES,
    "Transforms": transforms.LINES,
}


def report_card(function, *inputs, device=None, deliberate=None):
    """Test a torch.autograd.Function, and explain each thing that was tested.

    Arguments: function (the class), inputs (what its apply takes; derivatives are taken by the
    tensors that require a gradient, or, if none does, by all that are floating point; anything
    else is a constant), device (where to run it: "cpu", "cuda"; where the inputs are, if left
    out), deliberate (words for a Function whose backward is on purpose not the derivative, such
    as "straight-through": then it is not compared with one).
    It is tested at these inputs and at points near them, where every entry keeps its sign: give
    inputs for each branch that it has. float32 is raised to float64 where slopes are measured.
    Returns a `ReportCard`, true if every line passed: `assert report_card(MyFunction, x)` is a
    test. It is a table in a notebook; its repr is what failed; str() gives every line. Nothing
    that the Function does makes it raise, and nothing is printed.
    Raises DataError for a `deliberate` that is not words.

    >>> class Square(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return grad_output * 2 * x
    >>> bool(report_card(Square, torch.tensor([1.0, -3.0])))
    True
    """
    if deliberate is not None and (not isinstance(deliberate, str) or not deliberate.strip()):
        raise DataError(
            "deliberate says in words what stands in the place of the derivative, such as "
            f'"straight-through"; this is {deliberate!r:.60}.'
        )
    function = getattr(function, "__self__", function)  # for those who give F.apply
    title = getattr(function, "__name__", kind(function))
    with unheard(), seeded(inputs):
        trial = prepared(function, inputs, device, deliberate)
        lines, stop = [], trial if isinstance(trial, Line) else None
        for group, checks in GROUPS.items():
            for name, check in checks:
                if stop is not None and name == "forward":
                    lines.append(stop)
                elif stop is not None and name != "setup_context":
                    lines.append(Line(name, NOT_TRIED, "It did not run forward.", group))
                else:
                    lines.append(examined(name, check, trial, group))
                    if name == "forward" and lines[-1].status == FAILED:
                        stop = lines[-1]
    return ReportCard(title, lines)


def prepared(function, inputs, device, deliberate):
    """The `Trial`; or the first line of the card, if there can be none."""
    group, name = next(iter(GROUPS)), "forward"
    if not isinstance(function, type) or not issubclass(function, torch.autograd.Function):
        return Line(name, FAILED, (
            "A report card is for a class MyFunction(torch.autograd.Function), given by its name "
            f"and without brackets; this is {kind(function)}."
        ), group)  # fmt: skip
    try:
        trial = Trial(function, inputs, device, deliberate)
    except Exception as error:  # of a device that is not there
        return Line(
            name, NOT_TRIED, f"The inputs cannot be brought to {device}.", group, words_of(error)
        )
    if not trial.slots:
        return Line(name, NOT_TRIED, (
            "No input is a floating-point tensor, so there is nothing to differentiate by. Give "
            "one: torch.tensor([1.0, 2.0])."
        ), group)  # fmt: skip
    return trial


def examined(name, check, trial, group):
    """One line of the card."""
    try:
        found = check(trial)
    except Stopped as stopped:
        found = NOT_TRIED, f"{stopped.part} raised: see the line of that name."
    except (Exception, SystemExit) as error:
        found = NOT_TRIED, f"Something here raised {type(error).__name__}.", words_of(error)
    status, text, *error = found
    return Line(name, status, text, group, *error)


@contextlib.contextmanager
def unheard():
    """Within this context nothing is printed and nobody is warned, whatever a Function does.

    And gradients are recorded, whatever the caller has switched off.
    """
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        torch.inference_mode(False),
        torch.enable_grad(),
    ):
        warnings.simplefilter("ignore")
        yield
