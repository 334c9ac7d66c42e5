"""The operators as methods of `Tensor`, and NumPy's own functions on Tensors.

NumPy asks an object that it does not know what to do (its `__array_ufunc__` and
`__array_function__` protocols). Because `np.exp(x)` then runs `Exp`, one rule serves arrays and
Tensors alike.
"""

from inspect import signature

import numpy as np

from ..engine import Tensor
from ..errors import GradientError, LabError, ShapeError, describe, raised_by_the_call
from ..modes import is_recording
from .arithmetic import add, check_fit, divide, multiply, negate, power, subtract
from .choices import clip, maximum, minimum, where
from .elementwise import abs, cos, exp, log, relu, sigmoid, sin, sqrt, tanh
from .indexing import index
from .lifting import astype, lift
from .linear import matmul
from .reductions import logsumexp, max, mean, min, sum
from .shapes import broadcast_to, concatenate, matrix_transpose, reshape, stack, transpose
from .softmax import log_softmax, softmax

NUMPY = {
    np.add: add, np.subtract: subtract, np.multiply: multiply, np.true_divide: divide,
    np.power: power, np.negative: negate, np.maximum: maximum, np.minimum: minimum,
    np.matmul: matmul, np.exp: exp, np.log: log, np.sin: sin, np.cos: cos, np.tanh: tanh,
    np.abs: abs, np.sqrt: sqrt, np.sum: sum, np.mean: mean, np.max: max, np.min: min,
    np.where: where, np.clip: clip, np.reshape: reshape, np.swapaxes: transpose,
    np.broadcast_to: broadcast_to, np.concatenate: concatenate, np.stack: stack,
}  # fmt: skip


def comparison(symbol, function):
    """Comparisons have no slope: they give plain arrays of truth values."""

    def compare(x, y):
        arrays = [t.data if isinstance(t, Tensor) else t for t in (x, y)]
        try:
            return function(*arrays)
        except (TypeError, ValueError):
            pass
        check_fit(symbol, lift(x), lift(y))
        return function(*arrays)

    return compare


COMPARISONS = {
    np.less: comparison("<", np.less), np.less_equal: comparison("<=", np.less_equal),
    np.greater: comparison(">", np.greater), np.greater_equal: comparison(">=", np.greater_equal),
    np.equal: comparison("==", np.equal), np.not_equal: comparison("!=", np.not_equal),
}  # fmt: skip


def apply_ufunc(self, function, method, *inputs, **options):
    """NumPy's functions run their Op here; those without a rule are refused, not run unseen."""
    if method != "__call__":
        raise no_rule(self, f"{function.__name__}.{method}")
    if function in COMPARISONS and not options:
        return COMPARISONS[function](*inputs)
    return apply_function(self, function, (), inputs, options)


def apply_function(self, function, types, inputs, options):
    if function not in NUMPY:
        raise no_rule(self, function.__name__)
    if extra := {"out", "where", "dtype", "casting", "order", "initial"} & options.keys():
        raise no_rule(self, f"{function.__name__} with {sorted(extra)[0]}=")
    try:
        return NUMPY[function](*inputs, **options)
    except TypeError as error:
        if isinstance(error, LabError) or not raised_by_the_call(error):
            raise
    known = ", ".join(signature(NUMPY[function]).parameters)
    raise no_rule(self, f"{function.__name__} with arguments other than {known}")


def no_rule(x, function):
    return GradientError(
        f"np.{function} has no derivative rule for tensors, so the gradient would stop here "
        f"unseen. Use a method of the tensor or backprop_lab.ops, or {x.name or 'x'}.data for "
        "plain NumPy outside the graph."
    )


def in_place(symbol, function):
    """`w -= step` changes a leaf inside no_grad(), as in PyTorch; otherwise it is w = w - step."""

    def change(self, other):
        result = function(self, other)
        if not (self.is_leaf and self.requires_grad):
            return result
        if is_recording():
            raise GradientError(
                f"{describe(self)} is a leaf that requires a gradient: after {symbol} the name "
                "would stand for the result, and the leaf would be lost. To change its value, "
                f"write {self.name or 'x'}.data {symbol} ..., or use no_grad()."
            )
        if result.shape != self.shape:
            raise ShapeError(f"{symbol} would change {describe(self)} to shape {result.shape}.")
        self.data = result.data.astype(self.dtype)
        return self

    return change


def set_item(self, i, value):
    raise GradientError(
        f"{describe(self)} cannot be changed entry by entry: operators may have saved what stands "
        "there. Make a new tensor with ops.where or ops.concatenate; for a leaf, change its "
        f"{self.name or 'x'}.data before it is used."
    )


def iterate(self):
    return (self[i] for i in range(len(self)))


def length(self):
    if self.ndim == 0:
        raise ShapeError(f"{describe(self)} is one number: it has no length and no entries.")
    return self.shape[0]


Tensor.__iadd__, Tensor.__isub__ = in_place("+=", add), in_place("-=", subtract)
Tensor.__imul__, Tensor.__itruediv__ = in_place("*=", multiply), in_place("/=", divide)
Tensor.__add__, Tensor.__radd__ = add, lambda x, y: add(y, x)
Tensor.__sub__, Tensor.__rsub__ = subtract, lambda x, y: subtract(y, x)
Tensor.__mul__, Tensor.__rmul__ = multiply, lambda x, y: multiply(y, x)
Tensor.__truediv__, Tensor.__rtruediv__ = divide, lambda x, y: divide(y, x)
Tensor.__pow__, Tensor.__rpow__ = power, lambda x, y: power(y, x)
Tensor.__matmul__, Tensor.__rmatmul__ = matmul, lambda x, y: matmul(y, x)
Tensor.__neg__, Tensor.__pos__, Tensor.__abs__ = negate, lambda x: x, abs
Tensor.__lt__, Tensor.__le__ = COMPARISONS[np.less], COMPARISONS[np.less_equal]
Tensor.__gt__, Tensor.__ge__ = COMPARISONS[np.greater], COMPARISONS[np.greater_equal]
Tensor.__eq__, Tensor.__ne__ = COMPARISONS[np.equal], COMPARISONS[np.not_equal]
Tensor.__hash__ = object.__hash__  # a tensor is a key by identity, as in PyTorch
Tensor.__getitem__, Tensor.__setitem__ = index, set_item
Tensor.__len__, Tensor.__iter__ = length, iterate
Tensor.__array_ufunc__, Tensor.__array_function__ = apply_ufunc, apply_function
Tensor.T, Tensor.swapaxes = property(matrix_transpose), transpose
for function in (
    abs, astype, clip, cos, exp, log, log_softmax, logsumexp, max, mean, min, relu, reshape,
    sigmoid, sin, softmax, sqrt, sum, tanh, transpose,
):  # fmt: skip
    setattr(Tensor, function.__name__, function)
del function
