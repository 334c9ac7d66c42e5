"""Picking entries out, and putting them back: `Index` and `Scatter` are each other's transposes."""

import numpy as np

from ..engine import Op, Tensor
from ..errors import DataError, OutOfRange, describe
from .lifting import lift


class Index(Op):
    """z = x[index], for whatever index NumPy understands. Entries picked twice add up backward."""

    symbol, local = "[ ]", "selection"

    def forward(ctx, x, index):
        ctx.index, ctx.x_shape = index, x.shape
        return x[index]

    def vjp(ctx, z_bar):
        return scatter(z_bar, ctx.index, ctx.x_shape)

    def jvp(ctx, x_dot):
        return x_dot[ctx.index]


def index(x, i):
    """x[i]: integers, slices, arrays of integers (which may repeat) or of truth values.

    Raises OutOfRange for an index that points outside, DataError for one that is not made of
    integers or truth values.

    >>> from backprop_lab import tensor
    >>> tensor([1.0, 2.0, 3.0])[[0, 0, 2]]
    tensor([1., 1., 3.])
    """
    x = lift(x)
    i = tuple(map(plain_index, i)) if isinstance(i, tuple) else plain_index(i)
    try:
        x.data[i]
    except IndexError as error:
        kind = DataError if "only integers" in str(error) or "of integer" in str(error) else None
        raise (kind or OutOfRange)(
            f"{describe(x)} cannot be indexed with {i!r:.60}: {error}. Each axis takes integers "
            "from 0 to its size - 1 (or from the end, below 0), slices, or truth values."
        ) from None
    return Index.apply(x, index=i)


def plain_index(i):
    """One part of an index, with tensors and lists as arrays."""
    if isinstance(i, Tensor):
        return i.data
    return np.array(i, dtype=None if len(i) else int) if isinstance(i, list) else i


class Scatter(Op):
    """z = zeros, with the entries of x added in at an index: the transpose of `Index`."""

    symbol, local = "scatter", "selection"

    def forward(ctx, x, index, shape):
        ctx.index, ctx.z_shape = index, shape
        return scatter(x, index, shape)

    def vjp(ctx, z_bar):
        return z_bar[ctx.index]

    def jvp(ctx, x_dot):
        return scatter(x_dot, ctx.index, ctx.z_shape)


def scatter(x, index, shape):
    """Zeros of a shape, with x added in at an index; entries of an index that repeats add up.

    An array stays an array, so that rules can call this.

    >>> scatter(np.array([1.0, 2.0, 4.0]), np.array([0, 0, 2]), (3,))
    array([3., 0., 4.])
    """
    if isinstance(x, Tensor):
        return Scatter.apply(x, index=index, shape=shape)
    z = np.zeros(shape, x.dtype)
    if may_repeat(index):
        np.add.at(z, index, x)
    else:
        z[index] = x
    return z[()]


def may_repeat(index):
    """Whether an index can name one entry twice; then it takes the slower way of adding in."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, np.ndarray) and part.dtype != bool for part in parts)
