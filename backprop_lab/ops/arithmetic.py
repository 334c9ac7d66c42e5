"""Arithmetic on two inputs, entry by entry.

NumPy stretches inputs of unequal shape (it broadcasts), and the rules need not know: the engine
sums each cotangent back into the shape of its input, in one place, for every op that `broadcasts`.
"""

import numpy as np
from numpy import float64

from ..engine import Op, Tensor, run
from ..errors import ShapeError, describe
from .lifting import in_dtype, lift, promote


def fit(symbol, x, y):
    """Two inputs as tensors of equal dtype, whose shapes fit; NumPy will stretch them.

    Two float64 scalars are that already; the operators below see it, and save the call.
    Raises ShapeError if the shapes do not fit.
    """
    x, y = promote(x, y)
    shape, other = x.data.shape, y.data.shape
    if shape != other and shape[1:] != other:  # neither equal, nor a batch and its bias
        check_fit(symbol, x, y)
    return x, y


def check_fit(symbol, *xs):
    """Refuse tensors whose shapes do not broadcast."""
    try:
        np.broadcast(*[x.data for x in xs])
    except ValueError:
        raise ShapeError(
            f"{f' {symbol} '.join(map(describe, xs))}: read from the right, sizes must be equal or "
            "1. Reshape one of them, or check which axis is the batch."
        ) from None


class Add(Op):
    """z = x + y."""

    symbol, local = "+", "identity"
    broadcasts = True

    def forward(ctx, x, y):
        return x + y

    def vjp(ctx, z_bar):
        return z_bar, z_bar

    def jvp(ctx, x_dot, y_dot):
        return x_dot + y_dot


def add(x, y):
    """x + y, broadcasting.

    >>> add(2.0, 3.0)
    tensor(5.)
    """
    if not (type(x) is Tensor is type(y) and type(x.data) is float64 is type(y.data)):
        x, y = fit("+", x, y)
    return run(Add, (x, y))


class Subtract(Op):
    """z = x - y."""

    symbol, local = "−", "identity"
    broadcasts = True

    def forward(ctx, x, y):
        return x - y

    def vjp(ctx, z_bar):
        return z_bar, -z_bar

    def jvp(ctx, x_dot, y_dot):
        return x_dot - y_dot


def subtract(x, y):
    """x - y, broadcasting.

    >>> subtract(2.0, 3.0)
    tensor(-1.)
    """
    if not (type(x) is Tensor is type(y) and type(x.data) is float64 is type(y.data)):
        x, y = fit("-", x, y)
    return run(Subtract, (x, y))


class Multiply(Op):
    """z = x * y, entry by entry."""

    symbol, local = "×", "diagonal"
    broadcasts = True

    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    def vjp(ctx, z_bar):
        x, y = ctx.saved_tensors
        return z_bar * y, z_bar * x

    def jvp(ctx, x_dot, y_dot):
        x, y = ctx.saved_tensors
        return x_dot * y + x * y_dot


def multiply(x, y):
    """x * y entry by entry, broadcasting.

    >>> multiply(2.0, 3.0)
    tensor(6.)
    """
    if not (type(x) is Tensor is type(y) and type(x.data) is float64 is type(y.data)):
        x, y = fit("*", x, y)
    return run(Multiply, (x, y))


class Divide(Op):
    """z = x / y, entry by entry."""

    symbol, local = "÷", "diagonal"
    broadcasts = True

    def forward(ctx, x, y):
        z = x / y
        ctx.save_for_backward(y, z)
        return z

    def vjp(ctx, z_bar):
        y, z = ctx.saved_tensors
        x_bar = z_bar / y
        return x_bar, -x_bar * z

    def jvp(ctx, x_dot, y_dot):
        y, z = ctx.saved_tensors
        return (x_dot - z * y_dot) / y


def divide(x, y):
    """x / y entry by entry, broadcasting.

    >>> divide(3.0, 2.0)
    tensor(1.5)
    """
    if not (type(x) is Tensor is type(y) and type(x.data) is float64 is type(y.data)):
        x, y = fit("/", x, y)
    return run(Divide, (x, y))


class Power(Op):
    """z = x ** y, entry by entry. x ** 0 is 1 with slope 0 in x, also at x = 0 (as in PyTorch)."""

    symbol, local = "**", "diagonal"
    broadcasts = True

    def forward(ctx, x, y):
        z = x**y
        ctx.save_for_backward(x, y, z)
        return z

    def vjp(ctx, z_bar):
        # Only where somebody asks for the slope in y: its logarithm has no value at x < 0.
        y_bar = z_bar * Power.y_slope(ctx) if ctx.needs_input_grad[1] else None
        return z_bar * Power.x_slope(ctx), y_bar

    def jvp(ctx, x_dot, y_dot):
        z_dot = x_dot * Power.x_slope(ctx)
        return z_dot + y_dot * Power.y_slope(ctx) if ctx.needs_input_grad[1] else z_dot

    @staticmethod
    def x_slope(ctx):
        x, y, _ = ctx.saved_tensors
        # At y = 0 the power stays 0 instead of -1, and 0 * x**0 is 0 where 0 * 0**-1 is nan.
        return y * x ** (y - (y != 0))

    @staticmethod
    def y_slope(ctx):
        x, _, z = ctx.saved_tensors
        # At x = 0, log 1 stands in for log 0, and the slope in y is 0.
        return z * np.log(x + (x == 0))


def power(x, y):
    """x ** y entry by entry, broadcasting.

    >>> power(3.0, 2)
    tensor(9.)
    """
    if not (type(x) is Tensor is type(y) and type(x.data) is float64 is type(y.data)):
        x, y = fit("**", x, y)
    if x.data.dtype.kind != "f":  # NumPy has no integer powers below zero
        x, y = in_dtype(x, np.dtype(float)), in_dtype(y, np.dtype(float))
    return run(Power, (x, y))


class Negate(Op):
    """z = -x."""

    symbol, local = "−", "identity"

    def forward(ctx, x):
        return -x

    def vjp(ctx, z_bar):
        return -z_bar

    def jvp(ctx, x_dot):
        return -x_dot


def negate(x):
    """-x.

    >>> negate(3.0)
    tensor(-3.)
    """
    x = lift(x)
    return Negate.apply(in_dtype(x, x.data.dtype))
