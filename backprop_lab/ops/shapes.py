"""The same entries in other places: reshape, transpose, broadcast, concatenate, stack.

Copying and summing are each other's transposes: `BroadcastTo` copies forward and sums backward.
"""

import numpy as np

from ..engine import Op, Tensor
from ..errors import DataError, ShapeError, describe
from .lifting import check_one_axis, in_dtype, lift


class Reshape(Op):
    """The same entries in another shape."""

    symbol, local = "reshape", "identity"

    def forward(ctx, x, shape):
        ctx.x_shape, ctx.z_shape = x.shape, shape
        return x.reshape(shape)[()]

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
    shape = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    try:
        shape = np.empty(x.shape, bool).reshape(shape).shape
    except (TypeError, ValueError):
        raise ShapeError(
            f"{describe(x)} has {x.size} entries, which do not fill the shape {shape}. "
            "The sizes are integers whose product is the number of entries; one may be -1."
        ) from None
    return Reshape.apply(x, shape=shape)


class BroadcastTo(Op):
    """Copies of x, laid out in a larger shape. Every copy reports back, so the transpose sums."""

    symbol, local = "broadcast", "copy"

    def forward(ctx, x, shape):
        ctx.x_shape, ctx.z_shape = x.shape, shape
        return copies(x, shape)

    def vjp(ctx, z_bar):
        new = len(ctx.z_shape) - len(ctx.x_shape)
        sizes = enumerate(ctx.x_shape, start=new)
        stretched = [axis for axis, size in sizes if size == 1 and ctx.z_shape[axis] != 1]
        summed = z_bar.sum(axis=(*range(new), *stretched))
        return summed.reshape(ctx.x_shape)

    def jvp(ctx, x_dot):
        return copies(x_dot, ctx.z_shape)


def copies(x, shape):
    """Copies of x in a larger shape that it fits, as a view: no memory, and nothing to write to.

    An array stays an array, so that rules can call this. It is np.broadcast_to, which takes some
    ten times as long to lay out the same view.
    """
    if isinstance(x, Tensor):
        return BroadcastTo.apply(x, shape=shape)
    if not (isinstance(x, np.ndarray) and x.flags.c_contiguous and x.size):
        return np.broadcast_to(x, shape)
    new = len(shape) - x.ndim
    steps = [0 if size == 1 else step for size, step in zip(x.shape, x.strides, strict=True)]
    view = np.ndarray(shape, x.dtype, x, 0, (*[0] * new, *steps))
    view.flags.writeable = False
    return view


def broadcast_to(x, shape):
    """Copies of x laid out in a larger shape; read from the right, sizes are equal or 1.

    >>> from backprop_lab import tensor
    >>> broadcast_to(tensor([1.0, 2.0]), (3, 2)).shape
    (3, 2)
    """
    x = lift(x)
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    try:
        fits = np.broadcast_shapes(x.shape, shape) == shape
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ShapeError(
            f"{describe(x)} cannot be copied into shape {shape}: read from the right, each of its "
            "sizes must be 1 or the size it is to become."
        )
    return BroadcastTo.apply(x, shape=shape)


class Transpose(Op):
    """The same entries with two axes exchanged; for a matrix, its transpose."""

    symbol, local = "ᵀ", "permutation"

    def forward(ctx, x, axes):
        ctx.axes = axes
        return x.swapaxes(*axes)

    def vjp(ctx, z_bar):
        return z_bar.swapaxes(*ctx.axes)

    def jvp(ctx, x_dot):
        return x_dot.swapaxes(*ctx.axes)


def transpose(x, axis0, axis1):
    """The same entries with two axes exchanged (as in PyTorch); `x.T` does it for a matrix.

    >>> transpose([[1.0, 2.0, 3.0]], 0, 1).shape
    (3, 1)
    """
    x = lift(x)
    return Transpose.apply(x, axes=(check_one_axis(x, axis0), check_one_axis(x, axis1)))


def matrix_transpose(x):
    """The transpose of a matrix. Refused for anything else, where "the" transpose is a guess."""
    if x.ndim != 2:
        raise ShapeError(
            f".T is for matrices; this is {describe(x)}. "
            + ("A vector has no second axis: x.reshape(-1, 1) makes it a column." if x.ndim < 2
               else "Say which axes to exchange: x.transpose(-1, -2).")
        )  # fmt: skip
    return Transpose.apply(x, axes=(0, 1))


class Concatenate(Op):
    """Several tensors in a row, along an axis that they have."""

    symbol, local = "concatenate", "selection"

    def forward(ctx, *xs, axis):
        ctx.axis, ctx.ends = axis, np.cumsum([x.shape[axis] for x in xs])
        return np.concatenate(xs, axis)

    def vjp(ctx, z_bar):
        return tuple(
            z_bar[(slice(None),) * ctx.axis + (slice(start, end),)]
            for start, end in zip([0, *ctx.ends[:-1]], ctx.ends, strict=True)
        )

    def jvp(ctx, *x_dots):
        return np.concatenate(x_dots, ctx.axis)


def concatenate(xs, axis=0):
    """Tensors in a row, along an axis that they have; their other sizes must agree.

    >>> concatenate([[1.0, 2.0], [3.0]])
    tensor([1., 2., 3.])
    """
    xs = several("concatenate", xs)
    axis = check_one_axis(xs[0], axis)
    others = {(*x.shape[:axis], *x.shape[axis + 1 :]) for x in xs}
    if len(others) > 1 or len({x.ndim for x in xs}) > 1:
        raise ShapeError(
            f"concatenate along axis {axis}: {', '.join(map(describe, xs))}. All sizes must agree "
            "but that along the axis."
        )
    return Concatenate.apply(*xs, axis=axis)


class Stack(Op):
    """Several tensors of one shape, along an axis that is new."""

    symbol, local = "stack", "selection"

    def forward(ctx, *xs, axis):
        ctx.axis, ctx.count = axis, len(xs)
        return np.stack(xs, axis)

    def vjp(ctx, z_bar):
        return tuple(z_bar[(slice(None),) * ctx.axis + (i,)] for i in range(ctx.count))

    def jvp(ctx, *x_dots):
        return np.stack(x_dots, ctx.axis)


def stack(xs, axis=0):
    """Tensors of one shape along a new axis.

    >>> stack([1.0, 2.0, 3.0])
    tensor([1., 2., 3.])
    """
    xs = several("stack", xs)
    if len({x.shape for x in xs}) > 1:
        raise ShapeError(f"stack needs equal shapes: {', '.join(map(describe, xs))}.")
    stacked = Tensor(np.empty((len(xs), *xs[0].shape)), name="the stack")
    return Stack.apply(*xs, axis=check_one_axis(stacked, axis))


def several(name, xs):
    """A sequence of tensors of equal dtype."""
    if not isinstance(xs, (list, tuple)) or not xs:
        raise DataError(f"{name} takes a list of tensors, with at least one; this is {xs!r:.60}.")
    xs = [lift(x) for x in xs]
    dtype = np.result_type(*[x.dtype for x in xs])
    return [in_dtype(x, dtype) for x in xs]
