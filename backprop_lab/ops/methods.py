"""The operators as methods of `Tensor`, and NumPy's own functions on Tensors.

NumPy asks an object that it does not know what to do (its `__array_ufunc__` protocol). Because
`np.exp(x)` then runs `Exp`, one rule serves arrays and Tensors alike.
"""

import numpy as np

from ..engine import Tensor, recording
from ..errors import GradientError, ShapeError, describe
from .arithmetic import add, divide, maximum, multiply, negate, power, subtract
from .elementwise import cos, exp, log, relu, sigmoid, sin, tanh
from .linear import matmul
from .shapes import mean, reshape, sum

NUMPY = {
    np.add: add, np.subtract: subtract, np.multiply: multiply, np.true_divide: divide,
    np.power: power, np.maximum: maximum, np.negative: negate, np.exp: exp, np.log: log,
    np.sin: sin, np.cos: cos, np.tanh: tanh, np.matmul: matmul,
}  # fmt: skip


def apply_ufunc(self, function, method, *inputs, **options):
    """NumPy's functions run their Op here; those without a rule are refused, not run unseen."""
    if method == "__call__" and not options and function in NUMPY:
        return NUMPY[function](*inputs)
    if method == "__call__" and not options and function in COMPARISONS:
        return function(*[x.data if isinstance(x, Tensor) else x for x in inputs])
    return refuse_numpy(self, function)


def refuse_numpy(self, function, *args):
    raise GradientError(
        f"np.{function.__name__} has no derivative rule for tensors, so the gradient would stop "
        f"here unseen. Use a method of the tensor or backprop_lab.ops, or {self.name or 'x'}.data "
        "for plain NumPy outside the graph."
    )


COMPARISONS = {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal}


def comparison(function):
    """Comparisons have no slope: they give plain arrays of truth values."""

    def compare(self, other):
        return function(self.data, other.data if isinstance(other, Tensor) else other)

    return compare


def in_place(symbol, function):
    """`w -= step` changes a leaf inside no_grad(), as in PyTorch; otherwise it is w = w - step."""

    def change(self, other):
        result = function(self, other)
        if not (self.is_leaf and self.requires_grad):
            return result
        if recording.on:
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


Tensor.__iadd__, Tensor.__isub__ = in_place("+=", add), in_place("-=", subtract)
Tensor.__imul__, Tensor.__itruediv__ = in_place("*=", multiply), in_place("/=", divide)
Tensor.__add__, Tensor.__radd__ = add, lambda x, y: add(y, x)
Tensor.__sub__, Tensor.__rsub__ = subtract, lambda x, y: subtract(y, x)
Tensor.__mul__, Tensor.__rmul__ = multiply, lambda x, y: multiply(y, x)
Tensor.__truediv__, Tensor.__rtruediv__ = divide, lambda x, y: divide(y, x)
Tensor.__pow__, Tensor.__rpow__ = power, lambda x, y: power(y, x)
Tensor.__matmul__, Tensor.__rmatmul__ = matmul, lambda x, y: matmul(y, x)
Tensor.__neg__, Tensor.__pos__ = negate, lambda x: x
Tensor.__lt__, Tensor.__le__ = comparison(np.less), comparison(np.less_equal)
Tensor.__gt__, Tensor.__ge__ = comparison(np.greater), comparison(np.greater_equal)
Tensor.__eq__, Tensor.__ne__ = comparison(np.equal), comparison(np.not_equal)
Tensor.__hash__ = object.__hash__  # a tensor is a key by identity, as in PyTorch
Tensor.__array_ufunc__ = apply_ufunc
Tensor.__array_function__ = lambda self, function, types, args, kwargs: refuse_numpy(self, function)
for function in (exp, log, sin, cos, tanh, sigmoid, relu, sum, mean, reshape):
    setattr(Tensor, function.__name__, function)
del function
