"""Picking entries out, and putting them back: `Index` and `Scatter` are each other's transposes."""

import numpy as np

from ..engine import Op, Tensor
from ..errors import DataError, OutOfRange, ShapeError, describe
from .lifting import lift


class Index(Op):
    """z = x[index], for whatever index NumPy understands. Entries picked twice add up backward."""

    symbol, local = "[ ]", "selection"

    def forward(ctx, x, index):
        ctx.index, ctx.x_shape = index, x.shape
        return x[index]

    def vjp(ctx, z_bar):
        return add_in(z_bar, ctx.index, ctx.x_shape)

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
    try:
        parts = plain_index(i)
        x.data[parts]
    except (IndexError, TypeError, ValueError) as error:
        raise bad_index(f"{describe(x)} cannot be indexed with {i!r:.60}", error) from None
    return Index.apply(x, index=parts)


def bad_index(what, error):
    """An index that NumPy has refused: one that points outside, or one of a wrong kind."""
    why = str(error).rstrip(".")
    if isinstance(error, IndexError) and "index to scalar" in why:
        return OutOfRange(f"{what}: it is one number, and has no entries to pick from.")
    if isinstance(error, IndexError) and "integer" not in why:
        return OutOfRange(
            f"{what}: {why}. Each axis takes integers from 0 to its size - 1, or from the end with "
            "-1, -2 and so on."
        )
    return DataError(
        f"{what}: an index is made of integers, slices, truth values, or arrays of these. (The "
        "numbers of a tensor are floating-point: x[i.data.astype(int)].)"
    )


def plain_index(i, inner=False):
    """An index with all in it that can name several entries as arrays, and those as copies."""
    if isinstance(i, tuple) and not inner:
        return tuple([plain_index(part, inner=True) for part in i])
    if i is None or i is Ellipsis or isinstance(i, (slice, bool, int, np.integer, np.bool_)):
        return i
    i = i.data if isinstance(i, Tensor) else i
    return np.array(i, dtype=None if np.size(i) else getattr(i, "dtype", int))


class Scatter(Op):
    """z = zeros, with the entries of x added in at an index: the transpose of `Index`."""

    symbol, local = "scatter", "selection"
    broadcasts = True

    def forward(ctx, x, index, shape):
        ctx.index, ctx.z_shape = index, shape
        return add_in(x, index, shape)

    def vjp(ctx, z_bar):
        return z_bar[ctx.index]

    def jvp(ctx, x_dot):
        return add_in(x_dot, ctx.index, ctx.z_shape)


def scatter(x, index, shape):
    """Zeros of a shape, with x added in at an index; entries of an index that repeats add up.

    An array stays an array, so that rules can call this. Errors as for `index`, and ShapeError
    if x does not fit what the index picks.

    >>> scatter(np.array([1.0, 2.0, 4.0]), np.array([0, 0, 2]), (3,))
    array([3., 0., 4.])
    """
    x = x if isinstance(x, (np.ndarray, np.generic)) else lift(x)
    what = f"{x.shape} cannot be scattered into shape {shape!r:.60} at {index!r:.60}"
    try:
        index = plain_index(index)
        picked = np.zeros(shape, bool)[index].shape
    except (IndexError, TypeError, ValueError) as error:
        raise bad_index(f"Shape {what}", error) from None
    if x.shape != picked:
        try:
            x = np.broadcast_to(x, picked)
        except ValueError:
            raise ShapeError(
                f"Shape {what}, which names entries of shape {picked}: read from the right, sizes "
                "must be equal, or 1 on the left."
            ) from None
    return add_in(x, index, shape)


def add_in(x, index, shape):
    """`scatter`, for an index that has been seen to fit."""
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
