"""The exceptions of the lab, and the sentences that they are made of.

Each says what happened, with names and shapes; the rule it broke; and the remedy. In a notebook
the traceback shows the reader's own lines, and none of the package's.
"""

import os
import sys
from types import TracebackType

import numpy as np

HERE = os.path.dirname(__file__) + os.sep
UNSEEN = (HERE, os.path.dirname(np.__file__) + os.sep)  # whose lines no traceback needs to show


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


class UnknownName(LabError, AttributeError):
    """A name that a tensor, or the package, does not have."""


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
    return f"{called(x)} of shape {x.shape}"


def called(x):
    """What to call a tensor."""
    if x.name:
        return x.name
    if x.grad_fn and x.grad_fn.op.__name__ != "Alias":
        return f"the result of {x.grad_fn.op.__name__}"
    return f"a {x.kind}" if x.kind in ("weight", "constant") and not x.grad_fn else "an input"


def a_kind_of(x):
    """What kind of object something is, in words: "a str", "None", "a torch.Tensor".

    >>> a_kind_of("3"), a_kind_of(None)
    ('a str', 'None')
    """
    if x is None:
        return "None"
    name, module = type(x).__name__, type(x).__module__.partition(".")[0]
    if isinstance(x, (np.ndarray, np.generic)):
        return f"an array of {x.dtype}" if np.ndim(x) else f"a {x.dtype}"
    full = name if module in ("builtins", "backprop_lab") else f"{module}.{name}"
    return f"{'an' if full[0] in 'aeiou' else 'a'} {full}"


def no_operand(x):
    """Something that an operator was given, and cannot work on."""
    remedy = "Convert it first, with bl.tensor(...)."
    if x is None:
        remedy = "(A .grad is None until backward() has run; so is a result without a return.)"
    elif isinstance(x, str):
        remedy = "Convert text to a number first: float(...)."
    elif isinstance(x, (complex, np.complexfloating)):
        remedy = "Take its real part or its size: x.real, abs(x)."
    elif type(x).__module__.startswith("torch"):
        remedy = "Convert it first: bl.tensor(t.detach().numpy())."
    return DataError(
        f"An operator works on tensors, arrays and numbers; it was given {a_kind_of(x)}. {remedy}"
    )


def no_array(data):
    """What Tensor was given, called by hand, where it takes an array."""
    return DataError(
        f"Tensor holds an array, and this is {a_kind_of(data)}. bl.tensor(...) makes one from "
        "numbers and lists."
    )


def no_data(*xs):
    """A tensor whose data has been replaced with what is no array of numbers; None if none has."""
    for x in xs:
        is_array = isinstance(x.data, (np.ndarray, np.generic)) and x.data.dtype.kind in "biuf"
        if hasattr(x, "name") and not is_array:
            return DataError(
                f"The data of {called(x)} has been replaced with {a_kind_of(x.data)}, and has to "
                f"be an array of numbers: {x.name or 'x'}.data = np.array(...), or y.data."
            )
    return None


def no_data_behind(x):
    """The same, for a result that has come out as no array because of an input further back."""
    while x.grad_fn and (behind := [y for y in x.grad_fn.inputs if no_data(y)]):
        x = behind[0]
    return no_data(x)


INSTEAD = {  # what PyTorch or NumPy has, and what to write here
    "zero_grad": "x.grad = None", "gradient": "x.grad", "requires_grad_": "x.requires_grad = True",
    "detach_": "x = x.detach()",
    "dim": "x.ndim", "numel": "x.size", "nelement": "x.size", "view": "x.reshape(...)",
    "flatten": "x.reshape(-1)", "ravel": "x.reshape(-1)", "squeeze": "x.reshape(...)",
    "unsqueeze": "x[None], x[:, None] and so on", "t": "x.T", "mT": "x.transpose(-1, -2)",
    "permute": "x.transpose(axis0, axis1), once for each exchange",
    "expand": "ops.broadcast_to(x, shape)", "clone": "bl.tensor(x.data)",
    "copy": "bl.tensor(x.data)", "tolist": "x.data.tolist()", "add": "x + y", "sub": "x - y",
    "mul": "x * y", "div": "x / y", "pow": "x ** y", "neg": "-x", "matmul": "x @ y",
    "mm": "x @ y", "bmm": "x @ y", "mv": "x @ y", "dot": "x @ y", "eq": "x == y",
    "ne": "x != y", "gt": "x > y", "ge": "x >= y", "lt": "x < y", "le": "x <= y",
    "square": "x ** 2", "amax": "x.max(axis)", "amin": "x.min(axis)",
    "var": "((x - x.mean()) ** 2).mean()", "std": "((x - x.mean()) ** 2).mean().sqrt()",
    "norm": "(x ** 2).sum().sqrt()", "prod": "x.log().sum().exp(), for x > 0",
    "double": 'x.astype("float64")', "float": 'x.astype("float32")', "type": "x.astype(dtype)",
    "long": "x.data.astype(int)", "int": "x.data.astype(int)", "bool": "x.data.astype(bool)",
    "masked_fill": "ops.where(mask, value, x)", "gather": "x[rows, columns]",
    "index_select": "x[indices]", "clamp": "x.clip(low, high)",
    "cross_entropy": "ops.softmax_cross_entropy(logits, labels)",
    "multiply": "x * y", "divide": "x / y", "subtract": "x - y", "negate": "-x",
    "power": "x ** y", "index": "x[i]", "maximum": "ops.maximum(x, y)",
    "minimum": "ops.minimum(x, y)", "where": "ops.where(mask, x, y)",
    "stack": "ops.stack([x, y])", "concatenate": "ops.concatenate([x, y])",
    "scatter": "ops.scatter(x, i, shape)", "broadcast_to": "ops.broadcast_to(x, shape)",
    "softmax_cross_entropy": "ops.softmax_cross_entropy(logits, labels)",
}  # fmt: skip
NOT_HERE = {
    "cuda": "everything here runs on the CPU", "cpu": "everything here runs on the CPU",
    "to": "everything here runs on the CPU", "device": "everything here runs on the CPU",
    "contiguous": "operators see to the order in memory",
    "register_hook": "retain_grad() keeps the gradient of a tensor that is no leaf",
    "retain_graph": "a graph lives as long as its result does",
}  # fmt: skip


IN_PLACE = (
    "abs_", "add_", "clamp_", "copy_", "cos_", "div_", "exp_", "fill_", "log_", "masked_fill_",
    "mul_", "neg_", "normal_", "pow_", "relu_", "sigmoid_", "sin_", "sqrt_", "sub_", "tanh_",
    "uniform_", "zero_",
)  # fmt: skip
IN_NUMPY = (  # without a derivative, or without a rule here
    "all", "allclose", "any", "arccos", "arcsin", "arctan", "argmax", "argmin", "argsort",
    "argwhere", "ceil", "cosh", "count_nonzero", "cross", "cumprod", "cumsum", "diag", "diagonal",
    "diff", "expm1", "exp2", "flip", "floor", "fmod", "imag", "inner", "isclose", "isfinite",
    "isinf", "isnan", "kron", "log10", "log1p", "log2", "logaddexp", "logical_and", "logical_not",
    "logical_or", "median", "moveaxis", "nan_to_num", "nanmean", "nonzero", "outer", "ptp",
    "quantile", "real", "reciprocal", "remainder", "repeat", "roll", "round", "searchsorted",
    "sign", "sinh", "sort", "split", "take", "tan", "tensordot", "tile", "trace", "tril", "triu",
    "trunc", "unique", "vdot",
)  # fmt: skip
REMEDIES = (
    {name: f"Write {instead}." for name, instead in INSTEAD.items()}
    | {name: f"Leave it out: {why}." for name, why in NOT_HERE.items()}
    | {name: f"Outside the graph, NumPy has it: np.{name}(x.data)." for name in IN_NUMPY}
    | dict.fromkeys(
        IN_PLACE, "Nothing is changed in place: write x = ..., or x.data[...] = ... for a leaf."
    )
)


class Elsewhere:
    """An attribute that arrays or PyTorch's tensors have: here it says what to write instead."""

    def __init__(self, name, remedy):
        self.name, self.__doc__ = name, remedy

    def __get__(self, tensor, owner=None):
        raise UnknownName(f"A tensor has no {self.name!r}. {self.__doc__}")

    def __set__(self, tensor, value):
        self.__get__(tensor)


class Foreign:
    """The names that people bring along from NumPy and PyTorch.

    As attributes of a class, since a `__getattr__` that looks them up would make every x.data
    slower: Python 3.11 reads slots the fast way only where there is none.
    """

    __slots__ = ()

    def __dir__(self):
        """What completion offers: without names that only raise."""
        return sorted(set(super().__dir__()) - REMEDIES.keys())


for name, remedy in REMEDIES.items():
    setattr(Foreign, name, Elsewhere(name, remedy))
del name, remedy


def raised_by_the_call(error):
    """Whether a TypeError is about the arguments of a call, and not from inside of the function."""
    return error.__traceback__.tb_next is None


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
    """A traceback without the frames of this package and NumPy, unless it has no others."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    kept = [f for f in frames if not f.tb_frame.f_code.co_filename.startswith(UNSEEN)] or frames
    for frame in reversed(kept):
        trace = TracebackType(trace, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return trace
