"""Reductions and shapes: sum, mean, reshape, broadcast.

Copying and summing are each other's transposes: `BroadcastTo` copies forward and sums backward,
`Sum` sums forward and copies backward.
"""

import numpy as np

from ..engine import Op, Tensor
from ..errors import ShapeError, describe
from .lifting import check_axis, lift


class Sum(Op):
    """z = the sum of x over `axis` (an integer, a tuple of them, or None for all)."""

    symbol, local = "sum", "copy"

    def forward(ctx, x, axis=None, keepdims=False):
        ctx.axis, ctx.keepdims, ctx.x_shape = axis, keepdims, x.shape
        return x.sum(axis=axis, keepdims=keepdims)

    def vjp(ctx, z_bar):
        return spread(z_bar, ctx.x_shape, ctx.axis)

    def jvp(ctx, x_dot):
        return x_dot.sum(axis=ctx.axis, keepdims=ctx.keepdims)


def sum(x, axis=None, keepdims=False):
    """The sum over `axis` (an integer, a tuple of integers, or None for every axis).

    >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    tensor([4., 6.])
    """
    x = lift(x)
    return Sum.apply(x, axis=check_axis(x, axis), keepdims=keepdims)


class Mean(Op):
    """z = the mean of x over `axis` (an integer, a tuple of them, or None for all)."""

    symbol, local = "mean", "copy / n"

    def forward(ctx, x, axis=None, keepdims=False):
        z = x.mean(axis=axis, keepdims=keepdims)
        ctx.axis, ctx.keepdims, ctx.x_shape = axis, keepdims, x.shape
        ctx.count = x.size / max(z.size, 1)
        return z

    def vjp(ctx, z_bar):
        return spread(z_bar / ctx.count, ctx.x_shape, ctx.axis)

    def jvp(ctx, x_dot):
        return x_dot.mean(axis=ctx.axis, keepdims=ctx.keepdims)


def mean(x, axis=None, keepdims=False):
    """The mean over `axis` (an integer, a tuple of integers, or None for every axis).

    >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=0)
    tensor([2., 3.])
    """
    x = lift(x)
    return Mean.apply(x, axis=check_axis(x, axis), keepdims=keepdims)


class Reshape(Op):
    """The same entries in another shape."""

    symbol, local = "reshape", "identity"

    def forward(ctx, x, shape):
        ctx.x_shape, ctx.z_shape = x.shape, shape
        return np.reshape(x, shape)

    def vjp(ctx, z_bar):
        return z_bar.reshape(ctx.x_shape)

    def jvp(ctx, x_dot):
        return x_dot.reshape(ctx.z_shape)


def reshape(x, *shape):
    """The same entries in another shape, given as sizes or as one tuple; -1 is worked out.

    >>> reshape([1.0, 2.0], 2, 1).shape
    (2, 1)
    """
    x = lift(x)
    shape = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
    try:
        shape = np.empty(x.shape, bool).reshape(shape).shape
    except (TypeError, ValueError):
        raise ShapeError(
            f"{describe(x)} has {x.size} entries, which do not fill the shape {shape}."
        ) from None
    return Reshape.apply(x, shape=shape)


class BroadcastTo(Op):
    """Copies of x, laid out in a larger shape. Every copy reports back, so the transpose sums."""

    symbol, local = "broadcast", "copy"

    def forward(ctx, x, shape):
        ctx.x_shape, ctx.z_shape = x.shape, shape
        return np.broadcast_to(x, shape)

    def vjp(ctx, z_bar):
        new = len(ctx.z_shape) - len(ctx.x_shape)
        sizes = enumerate(ctx.x_shape, start=new)
        stretched = [axis for axis, size in sizes if size == 1 and ctx.z_shape[axis] != 1]
        summed = z_bar.sum(axis=(*range(new), *stretched))
        return summed.reshape(ctx.x_shape)

    def jvp(ctx, x_dot):
        return broadcast_to(x_dot, ctx.z_shape)


def broadcast_to(x, shape):
    """Copies of x laid out in a larger shape; read from the right, sizes are equal or 1.

    An array stays an array, so that rules can call this.

    >>> from backprop_lab import tensor
    >>> broadcast_to(tensor([1.0, 2.0]), (3, 2)).shape
    (3, 2)
    """
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if not isinstance(x, Tensor):
        return np.broadcast_to(x, shape)
    try:
        fits = np.broadcast_shapes(x.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{describe(x)} cannot be copied into shape {shape}: read from the right, each of its "
            "sizes must be 1 or the size it is to become."
        )
    return BroadcastTo.apply(x, shape=shape)


def spread(z_bar, shape, axis):
    """The cotangent of a reduction, copied back along the axes that were reduced."""
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis) % len(shape)
    kept = tuple(1 if i in axes else size for i, size in enumerate(shape))
    return broadcast_to(z_bar.reshape(kept), shape)
