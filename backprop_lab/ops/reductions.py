"""Reductions: many numbers become one, along an axis or over all of them.

Copying and summing are each other's transposes: `Sum` sums forward and copies backward, as
`BroadcastTo` copies forward and sums backward.
"""

import numpy as np

from ..engine import Op
from ..errors import ShapeError, describe
from .lifting import check_axis, lift
from .shapes import copies


def spread(z_bar, ctx):
    """The cotangent of a reduction, copied back along the axes that were reduced."""
    n = len(ctx.x_shape)
    axes = range(n) if ctx.axis is None else np.atleast_1d(ctx.axis) % n
    kept = tuple(1 if i in axes else size for i, size in enumerate(ctx.x_shape))
    return copies(z_bar.reshape(kept), ctx.x_shape)


class Sum(Op):
    """z = the sum of x over `axis`."""

    symbol, local = "sum", "copy"

    def forward(ctx, x, axis, keepdims):
        ctx.axis, ctx.keepdims, ctx.x_shape = axis, keepdims, x.shape
        return x.sum(axis=axis, keepdims=keepdims)

    def vjp(ctx, z_bar):
        return spread(z_bar, ctx)

    def jvp(ctx, x_dot):
        return x_dot.sum(axis=ctx.axis, keepdims=ctx.keepdims)


def sum(x, axis=None, keepdims=False):
    """The sum over `axis` (an integer, a tuple of integers, or None for every axis).

    >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    tensor([4., 6.])
    """
    x = lift(x)
    return Sum.apply(x, axis=check_axis(x, axis, keepdims), keepdims=keepdims)


class Mean(Op):
    """z = the mean of x over `axis`."""

    symbol, local = "mean", "copy / n"

    def forward(ctx, x, axis, keepdims):
        z = x.mean(axis=axis, keepdims=keepdims)
        ctx.axis, ctx.keepdims, ctx.x_shape = axis, keepdims, x.shape
        ctx.count = x.size // (z.size or 1)
        return z

    def vjp(ctx, z_bar):
        return spread(z_bar / ctx.count, ctx)

    def jvp(ctx, x_dot):
        return x_dot.mean(axis=ctx.axis, keepdims=ctx.keepdims)


def mean(x, axis=None, keepdims=False):
    """The mean over `axis` (an integer, a tuple of integers, or None for every axis).

    Raises ShapeError where there is nothing to take the mean of.

    >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=0)
    tensor([2., 3.])
    """
    x = lift(x)
    return Mean.apply(x, axis=check_entries("mean", x, axis, keepdims), keepdims=keepdims)


class Max(Op):
    """z = the largest entry over `axis`. Entries that tie share the slope evenly (torch's amax)."""

    symbol, local = "max", "selection"

    def forward(ctx, x, axis, keepdims):
        z = x.max(axis=axis, keepdims=keepdims)
        ctx.save_for_backward(x, z)
        ctx.axis, ctx.keepdims, ctx.x_shape = axis, keepdims, x.shape
        return z

    def vjp(ctx, z_bar):
        return spread(z_bar, ctx) * Max.share(ctx)

    def jvp(ctx, x_dot):
        return (x_dot * Max.share(ctx)).sum(axis=ctx.axis, keepdims=ctx.keepdims)

    @staticmethod
    def share(ctx):
        x, z = ctx.saved_tensors
        tied = x == spread(z, ctx)
        return tied / tied.sum(axis=ctx.axis, keepdims=True)


def max(x, axis=None, keepdims=False):
    """The largest entry over `axis` (an integer, a tuple of integers, or None for every axis).

    Entries that tie share the gradient evenly. Raises ShapeError where there are no entries.

    >>> max([[1.0, 5.0], [3.0, 4.0]], axis=0)
    tensor([3., 5.])
    """
    x = lift(x)
    return Max.apply(x, axis=check_entries("max", x, axis, keepdims), keepdims=keepdims)


class Min(Max):
    """z = the smallest entry over `axis`. Entries that tie share the slope evenly."""

    symbol = "min"

    def forward(ctx, x, axis, keepdims):
        z = x.min(axis=axis, keepdims=keepdims)
        ctx.save_for_backward(x, z)
        ctx.axis, ctx.keepdims, ctx.x_shape = axis, keepdims, x.shape
        return z


def min(x, axis=None, keepdims=False):
    """The smallest entry over `axis`; otherwise as `max`.

    >>> min([[1.0, 5.0], [3.0, 4.0]], axis=0)
    tensor([1., 4.])
    """
    x = lift(x)
    return Min.apply(x, axis=check_entries("min", x, axis, keepdims), keepdims=keepdims)


class LogSumExp(Op):
    """z = log(sum(e ** x)) over `axis`, with the largest entry taken out so nothing overflows."""

    symbol, local = "logsumexp", "softmax"

    def forward(ctx, x, axis, keepdims):
        ctx.axis, ctx.keepdims, ctx.x_shape = axis, keepdims, x.shape
        top = x.max(axis=axis, keepdims=True)
        top = np.where(np.isfinite(top), top, 0)  # of -inf alone, nothing can be taken out
        z = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
        z = (z if keepdims else z.squeeze(axis))[()]
        ctx.save_for_backward(x, z)
        return z

    def vjp(ctx, z_bar):
        return spread(z_bar, ctx) * LogSumExp.softmax(ctx)

    def jvp(ctx, x_dot):
        return (x_dot * LogSumExp.softmax(ctx)).sum(axis=ctx.axis, keepdims=ctx.keepdims)

    @staticmethod
    def softmax(ctx):
        x, z = ctx.saved_tensors
        return np.exp(x - spread(z, ctx))


def logsumexp(x, axis=None, keepdims=False):
    """log(sum(e ** x)) over `axis`, without overflow: the smooth maximum.

    Raises ShapeError where there are no entries.

    >>> logsumexp([1000.0, 1000.0])
    tensor(1000.6931)
    """
    x = lift(x)
    return LogSumExp.apply(x, axis=check_entries("logsumexp", x, axis, keepdims), keepdims=keepdims)


def check_entries(name, x, axis, keepdims=False):
    """`axis`, refused if x has no such axis or no entries along it."""
    axis = check_axis(x, axis, keepdims)
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
    if 0 in [x.shape[i] for i in axes]:
        raise ShapeError(f"{name} of {describe(x)} over axis {axis}: there are no entries there.")
    return axis
