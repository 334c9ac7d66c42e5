"""Functions of one number, applied entry by entry."""

import numpy as np

from ..engine import Op, run
from .lifting import lift


class Exp(Op):
    """z = e ** x."""

    symbol, local = "exp", "diagonal"

    def forward(ctx, x):
        z = np.exp(x)
        ctx.save_for_backward(z)
        return z

    def vjp(ctx, z_bar):
        (z,) = ctx.saved_tensors
        return z_bar * z

    def jvp(ctx, x_dot):
        (z,) = ctx.saved_tensors
        return x_dot * z


def exp(x):
    """e to the power x, entry by entry.

    >>> exp(0.0)
    tensor(1.)
    """
    return run(Exp, (lift(x),))


class Log(Op):
    """z = log(x), to base e."""

    symbol, local = "log", "diagonal"

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.log(x)

    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return z_bar / x

    def jvp(ctx, x_dot):
        (x,) = ctx.saved_tensors
        return x_dot / x


def log(x):
    """The natural logarithm, entry by entry.

    >>> log(1.0)
    tensor(0.)
    """
    return run(Log, (lift(x),))


class Sin(Op):
    """z = sin(x), x in radians."""

    symbol, local = "sin", "diagonal"

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.sin(x)

    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return z_bar * np.cos(x)

    def jvp(ctx, x_dot):
        (x,) = ctx.saved_tensors
        return x_dot * np.cos(x)


def sin(x):
    """The sine of x (in radians), entry by entry.

    >>> sin(0.0)
    tensor(0.)
    """
    return run(Sin, (lift(x),))


class Cos(Op):
    """z = cos(x), x in radians."""

    symbol, local = "cos", "diagonal"

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.cos(x)

    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return -z_bar * np.sin(x)

    def jvp(ctx, x_dot):
        (x,) = ctx.saved_tensors
        return -x_dot * np.sin(x)


def cos(x):
    """The cosine of x (in radians), entry by entry.

    >>> cos(0.0)
    tensor(1.)
    """
    return run(Cos, (lift(x),))


class Tanh(Op):
    """z = tanh(x)."""

    symbol, local = "tanh", "diagonal"

    def forward(ctx, x):
        z = np.tanh(x)
        ctx.save_for_backward(z)
        return z

    def vjp(ctx, z_bar):
        (z,) = ctx.saved_tensors
        return z_bar * (1 - z * z)

    def jvp(ctx, x_dot):
        (z,) = ctx.saved_tensors
        return x_dot * (1 - z * z)


def tanh(x):
    """The hyperbolic tangent, entry by entry.

    >>> tanh(0.0)
    tensor(0.)
    """
    return run(Tanh, (lift(x),))


class Sigmoid(Op):
    """z = 1 / (1 + e ** -x)."""

    symbol, local = "σ", "diagonal"

    def forward(ctx, x):
        small = np.exp(-np.abs(x))  # never overflows, whichever side x is on
        z = np.where(x >= 0, 1.0, small) / (1 + small)
        ctx.save_for_backward(z)
        return z

    def vjp(ctx, z_bar):
        (z,) = ctx.saved_tensors
        return z_bar * z * (1 - z)

    def jvp(ctx, x_dot):
        (z,) = ctx.saved_tensors
        return x_dot * z * (1 - z)


def sigmoid(x):
    """1 / (1 + e ** -x), entry by entry.

    >>> sigmoid(0.0)
    tensor(0.5)
    """
    return run(Sigmoid, (lift(x),))


class Relu(Op):
    """z = max(x, 0). The slope at the kink, x = 0, is 0 (as in PyTorch)."""

    symbol, local = "relu", "diagonal"

    def forward(ctx, x):
        z = np.maximum(x, 0) if x.ndim else larger_than_zero(x)
        ctx.save_for_backward(z)
        return z

    def vjp(ctx, z_bar):
        (z,) = ctx.saved_tensors
        return z_bar * (z > 0)

    def jvp(ctx, x_dot):
        (z,) = ctx.saved_tensors
        return x_dot * (z > 0)


def larger_than_zero(x):
    """np.maximum(x, 0) for one number, over which it takes longer than the whole operator does."""
    return x.dtype.type(0) if x <= 0 else x + 0


def relu(x):
    """max(x, 0), entry by entry; the slope at 0 is 0.

    >>> relu(-2.0)
    tensor(0.)
    """
    return run(Relu, (lift(x),))


class Abs(Op):
    """z = |x|. The slope at the kink, x = 0, is 0 (as in PyTorch)."""

    symbol, local = "abs", "diagonal"

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.abs(x)

    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return z_bar * (x > 0) - z_bar * (x < 0)

    def jvp(ctx, x_dot):
        (x,) = ctx.saved_tensors
        return x_dot * (x > 0) - x_dot * (x < 0)


def abs(x):
    """The absolute value, entry by entry; the slope at 0 is 0.

    >>> abs(-2.0)
    tensor(2.)
    """
    return run(Abs, (lift(x),))


class Sqrt(Op):
    """z = the square root of x. The slope at 0 is infinite, and below 0 all is nan (IEEE 754)."""

    symbol, local = "√", "diagonal"

    def forward(ctx, x):
        z = np.sqrt(x)
        ctx.save_for_backward(z)
        return z

    def vjp(ctx, z_bar):
        (z,) = ctx.saved_tensors
        return z_bar / (2 * z)

    def jvp(ctx, x_dot):
        (z,) = ctx.saved_tensors
        return x_dot / (2 * z)


def sqrt(x):
    """The square root, entry by entry.

    >>> sqrt(9.0)
    tensor(3.)
    """
    return run(Sqrt, (lift(x),))
