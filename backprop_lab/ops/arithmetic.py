"""Arithmetic on two inputs, entry by entry.

The rules rely on equal shapes: `fit` broadcasts with an operator of its own first, so that none
of them hides a sum.
"""

import numpy as np

from ..engine import Op
from ..errors import ShapeError, describe
from .lifting import lift
from .shapes import broadcast_to


def fit(symbol, x, y):
    """Two inputs as tensors of equal shape.

    Only what needs a gradient is broadcast by an operator, whose transpose will sum; NumPy
    stretches constants by itself, at no cost.
    """
    x, y = lift(x, y), lift(y, x)
    if x.data.shape == y.data.shape:
        return x, y
    try:
        shape = np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        raise ShapeError(
            f"{describe(x)} {symbol} {describe(y)}: read from the right, sizes must be equal or 1. "
            "Reshape one of them, or check which axis is the batch."
        ) from None
    return tuple(
        broadcast_to(t, shape) if t.requires_grad and t.shape != shape else t for t in (x, y)
    )


class Add(Op):
    """z = x + y."""

    symbol, local = "+", "identity"

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
    return Add.apply(*fit("+", x, y))


class Subtract(Op):
    """z = x - y."""

    symbol, local = "−", "identity"

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
    return Subtract.apply(*fit("-", x, y))


class Multiply(Op):
    """z = x * y, entry by entry."""

    symbol, local = "×", "diagonal"

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
    return Multiply.apply(*fit("*", x, y))


class Divide(Op):
    """z = x / y, entry by entry."""

    symbol, local = "÷", "diagonal"

    def forward(ctx, x, y):
        z = x / y
        ctx.save_for_backward(y, z)
        return z

    def vjp(ctx, z_bar):
        y, z = ctx.saved_tensors
        return z_bar / y, -z_bar * z / y

    def jvp(ctx, x_dot, y_dot):
        y, z = ctx.saved_tensors
        return (x_dot - z * y_dot) / y


def divide(x, y):
    """x / y entry by entry, broadcasting.

    >>> divide(3.0, 2.0)
    tensor(1.5)
    """
    return Divide.apply(*fit("/", x, y))


class Power(Op):
    """z = x ** y, entry by entry. x ** 0 is 1 with slope 0 in x, also at x = 0 (as in PyTorch)."""

    symbol, local = "**", "diagonal"

    def forward(ctx, x, y):
        z = x**y
        ctx.save_for_backward(x, y, z)
        return z

    def vjp(ctx, z_bar):
        x_slope, y_slope = Power.slopes(ctx)
        return z_bar * x_slope, z_bar * y_slope

    def jvp(ctx, x_dot, y_dot):
        x_slope, y_slope = Power.slopes(ctx)
        return x_dot * x_slope + y_dot * y_slope

    @staticmethod
    def slopes(ctx):
        """(dz/dx, dz/dy); the second is 0 where nobody asks, so that log never meets x < 0."""
        x, y, z = ctx.saved_tensors
        # At y = 0 the power stays 0 instead of -1, and 0 * x**0 is 0 where 0 * 0**-1 is nan.
        x_slope = y * x ** (y - (y != 0))
        # At x = 0, log 1 stands in for log 0, and the slope in y is 0.
        y_slope = z * np.log(x + (x == 0)) if ctx.needs_input_grad[1] else 0.0
        return x_slope, y_slope


def power(x, y):
    """x ** y entry by entry, broadcasting.

    >>> power(3.0, 2)
    tensor(9.)
    """
    return Power.apply(*fit("**", x, y))


class Maximum(Op):
    """z = the larger of x and y, entry by entry. A tie gives half to each (as in PyTorch)."""

    symbol, local = "max", "diagonal"

    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return np.maximum(x, y)

    def vjp(ctx, z_bar):
        x_share = Maximum.share(ctx)
        return z_bar * x_share, z_bar * (1 - x_share)

    def jvp(ctx, x_dot, y_dot):
        x_share = Maximum.share(ctx)
        return x_dot * x_share + y_dot * (1 - x_share)

    @staticmethod
    def share(ctx):
        x, y = ctx.saved_tensors
        return 0.5 * (x > y) + 0.5 * (x >= y)


def maximum(x, y):
    """The larger of x and y, entry by entry, broadcasting.

    >>> maximum(3.0, 2.0)
    tensor(3.)
    """
    return Maximum.apply(*fit("maximum", x, y))


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
    return Negate.apply(lift(x))
