"""Operators that choose, entry by entry: the larger, the smaller, one side or the other.

At a tie or a bound the slope is not defined, and a convention takes its place; each is PyTorch's.
"""

import numpy as np

from ..engine import Op, Tensor
from ..errors import DataError, a_kind_of
from .arithmetic import check_fit, fit
from .lifting import FLOAT, NUMBERS, in_dtype, lift, promote


class Maximum(Op):
    """z = the larger of x and y, entry by entry. A tie gives half to each (as in PyTorch)."""

    symbol, local = "max", "diagonal"
    broadcasts = True

    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return np.maximum(x, y)

    def vjp(ctx, z_bar):
        x, y = ctx.saved_tensors
        return z_bar * (1 - loss(x, y)), z_bar * (1 - loss(y, x))

    def jvp(ctx, x_dot, y_dot):
        x, y = ctx.saved_tensors
        return x_dot * (1 - loss(x, y)) + y_dot * (1 - loss(y, x))


def maximum(x, y):
    """The larger of x and y, entry by entry, broadcasting.

    >>> maximum(3.0, 2.0)
    tensor(3.)
    """
    x, y = fit("maximum", x, y)
    return Maximum.apply(x, y)


class Minimum(Op):
    """z = the smaller of x and y, entry by entry. A tie gives half to each (as in PyTorch)."""

    symbol, local = "min", "diagonal"
    broadcasts = True

    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return np.minimum(x, y)

    def vjp(ctx, z_bar):
        x, y = ctx.saved_tensors
        return z_bar * (1 - loss(y, x)), z_bar * (1 - loss(x, y))

    def jvp(ctx, x_dot, y_dot):
        x, y = ctx.saved_tensors
        return x_dot * (1 - loss(y, x)) + y_dot * (1 - loss(x, y))


def minimum(x, y):
    """The smaller of x and y, entry by entry, broadcasting.

    >>> minimum(3.0, 2.0)
    tensor(2.)
    """
    x, y = fit("minimum", x, y)
    return Minimum.apply(x, y)


def loss(x, y):
    """How much x loses to a larger y: 1 where it is smaller, half at a tie, else 0 (or at nan)."""
    return 0.5 * (x <= y) + 0.5 * (x < y)


class Where(Op):
    """z = x where the condition holds, y elsewhere. The side that is not taken gets exactly 0."""

    symbol, local = "where", "diagonal"
    broadcasts = True

    def forward(ctx, x, y, condition):
        ctx.condition = condition
        return np.where(condition, x, y)[()]

    def vjp(ctx, z_bar):
        return np.where(ctx.condition, z_bar, 0.0), np.where(ctx.condition, 0.0, z_bar)

    def jvp(ctx, x_dot, y_dot):
        return np.where(ctx.condition, x_dot, y_dot)


def where(condition, x, y):
    """x where the condition holds, y elsewhere, broadcasting. The condition has no gradient.

    Beware of nan: a side that is not taken gets a cotangent of 0, and an infinite slope further
    back turns that 0 into nan. Make both sides safe, not only the one that is taken.

    >>> where([True, False], 2.0, 3.0)
    tensor([2., 3.])
    """
    holds = lift(condition).data.astype(bool)
    x, y = promote(x, y)
    check_fit("and", Tensor(holds, name="the condition"), x, y)
    return Where.apply(x, y, condition=holds)


class Clip(Op):
    """z = x, held between two bounds. The slope is 1 from bound to bound, the bounds included."""

    symbol, local = "clip", "diagonal"

    def forward(ctx, x, low, high):
        ctx.save_for_backward(x)
        ctx.low, ctx.high = low, high
        return np.minimum(np.maximum(x, low), high)

    def vjp(ctx, z_bar):
        return z_bar * Clip.inside(ctx)

    def jvp(ctx, x_dot):
        return x_dot * Clip.inside(ctx)

    @staticmethod
    def inside(ctx):
        (x,) = ctx.saved_tensors
        return (x >= ctx.low) & (x <= ctx.high)


def clip(x, low=None, high=None):
    """x, held between the numbers `low` and `high`; None is no bound.

    At a bound the slope is 1, as PyTorch had it up to version 2.13 (later versions say 0).

    >>> clip([-2.0, 0.5, 2.0], -1, 1)
    tensor([-1. ,  0.5,  1. ])
    """
    x = lift(x)
    x = in_dtype(x, x.dtype if x.dtype.kind == "f" else FLOAT)
    bounds = []
    for bound, default in ((low, -np.inf), (high, np.inf)):
        if not (bound is None or isinstance(bound, NUMBERS)):
            raise DataError(
                f"clip takes numbers as bounds; this is {a_kind_of(bound)}. For bounds that "
                "vary or need a gradient, write ops.minimum(ops.maximum(x, low), high)."
            )
        bounds.append(default if bound is None else x.dtype.type(bound))
    return Clip.apply(x, low=bounds[0], high=bounds[1])
