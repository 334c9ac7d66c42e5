"""The exceptions of the lab, and the sentences that they are made of.

Each says what happened, with names and shapes; the rule it broke; and the remedy. In a notebook
the traceback shows the reader's own lines, and none of the package's.
"""

import sys
from pathlib import Path
from types import TracebackType

HERE = str(Path(__file__).parent)


class LabError(Exception):
    """What all exceptions of the lab have in common."""

    def _render_traceback_(self):
        """What IPython shows of this exception (the name is IPython's)."""
        shell = sys.modules["IPython"].get_ipython()
        trace = without_package_frames(self.__traceback__)
        return shell.InteractiveTB.structured_traceback(type(self), self, trace, tb_offset=1)


class ShapeError(LabError, ValueError):
    """Shapes that do not fit together."""


class DataError(LabError, TypeError):
    """Data that a tensor cannot hold, or that an operator cannot work on."""


class OutOfRange(LabError, IndexError):
    """An index that points outside of a tensor."""


class GradientError(LabError, RuntimeError):
    """A derivative that this graph cannot give."""


class RuleError(LabError, TypeError):
    """An `Op` whose forward, vjp or jvp broke its contract."""


class AnomalyError(LabError, ArithmeticError):
    """The first NaN or inf, found within `detect_anomaly()`."""


def describe(x):
    """How a message names a tensor: its name if it has one, and its shape.

    >>> from backprop_lab import tensor
    >>> describe(tensor([1.0, 2.0], name="x"))
    'x of shape (2,)'
    """
    kind = "an input" if x.kind == "input" else f"a {x.kind}"
    maker = f"the result of {x.grad_fn.op.__name__}" if x.grad_fn else kind
    return f"{x.name or maker} of shape {x.shape}"


def tied_by_hand(node, source):
    """A node that reads what was made after it."""
    return GradientError(
        f"{node} depends on {source}, which ran later, or on itself: the graph has a cycle, so no "
        "order can put inputs before their readers. Graphs made by running operators have none; "
        "look for an assignment to node.inputs."
    )


def changed_since(node, x):
    """An input that a second derivative can no longer trust."""
    return GradientError(
        f"{describe(x)} has been given other data since {node.op.__name__} ran, or shares its data "
        "with another input, so that what was saved can no longer be told to be its own. Compute "
        "the function again before its second derivative, and copy data: x.data = y.data.copy()."
    )


def without_package_frames(trace):
    """A traceback without the frames of this package, unless it has no others."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    kept = [f for f in frames if not f.tb_frame.f_code.co_filename.startswith(HERE)] or frames
    for frame in reversed(kept):
        trace = TracebackType(trace, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return trace
