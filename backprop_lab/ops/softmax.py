"""From scores to probabilities: softmax, its logarithm, and the loss that is built on it."""

from functools import lru_cache

import numpy as np

from ..engine import Op, Tensor, run
from ..errors import DataError, OutOfRange, ShapeError, describe
from .lifting import check_axis, lift
from .reductions import check_entries


def shift(x, axis):
    """x - the largest x along the axis, whose exponentials cannot overflow; them; and their sum."""
    shifted = x - x.max(axis=axis, keepdims=True)
    e = np.exp(shifted)
    return shifted, e, e.sum(axis=axis, keepdims=True)


class Softmax(Op):
    """z = e ** x / sum(e ** x) along `axis`."""

    symbol, local = "softmax", "diag(z) − z zᵀ"

    def forward(ctx, x, axis):
        _, e, total = shift(x, axis)
        z = e / total
        ctx.axis = axis
        ctx.save_for_backward(z)
        return z

    def vjp(ctx, z_bar):
        (z,) = ctx.saved_tensors
        return z * (z_bar - (z_bar * z).sum(axis=ctx.axis, keepdims=True))

    jvp = vjp  # its Jacobian is symmetric


def softmax(x, axis=-1):
    """Probabilities from scores, along one axis; large scores do not overflow.

    >>> softmax([1000.0, 1000.0])
    tensor([0.5, 0.5])
    """
    x = lift(x)
    return Softmax.apply(x, axis=check_entries("softmax", x, axis))


class LogSoftmax(Op):
    """z = x - log(sum(e ** x)) along `axis`."""

    symbol, local = "log softmax", "I − 1 softmaxᵀ"

    def forward(ctx, x, axis):
        shifted, _, total = shift(x, axis)
        z = shifted - np.log(total)
        ctx.axis = axis
        ctx.save_for_backward(z)
        return z

    def vjp(ctx, z_bar):
        (z,) = ctx.saved_tensors
        return z_bar - np.exp(z) * z_bar.sum(axis=ctx.axis, keepdims=True)

    def jvp(ctx, x_dot):
        (z,) = ctx.saved_tensors
        return x_dot - (np.exp(z) * x_dot).sum(axis=ctx.axis, keepdims=True)


def log_softmax(x, axis=-1):
    """The logarithm of softmax, exact also where a probability is too small for a float.

    >>> log_softmax([0.0, -2000.0])
    tensor([    0., -2000.])
    """
    x = lift(x)
    return LogSoftmax.apply(x, axis=check_entries("log_softmax", x, axis))


columns = lru_cache(maxsize=8)(np.arange)  # most batches are as long as the last


class SoftmaxCrossEntropy(Op):
    """z = the mean over examples of -log softmax(logits)[label]."""

    symbol, local = "cross-entropy", "(softmax − one-hot) / n"

    def forward(ctx, logits, labels):
        # A row for each class: NumPy reduces few long rows much faster than many short ones.
        shifted = logits.reshape((-1, logits.shape[-1])).T.copy()
        shifted -= np.maximum.reduce(shifted)
        e = np.exp(shifted)
        total = np.add.reduce(e)
        ctx.save_for_backward(logits)
        ctx.probabilities = e / total
        ctx.labels = labels  # where the score of each right class stands in these rows
        return np.add.reduce(np.log(total) - shifted.take(labels)) / labels.size

    def vjp(ctx, z_bar):
        return SoftmaxCrossEntropy.slope(ctx) * (z_bar / ctx.labels.size)

    def jvp(ctx, logits_dot):
        return (SoftmaxCrossEntropy.slope(ctx) * logits_dot).sum() / ctx.labels.size

    @staticmethod
    def slope(ctx):
        """softmax - one-hot: the slope of the sum over examples."""
        (logits,) = ctx.saved_tensors
        p = ctx.probabilities
        if isinstance(logits, Tensor):  # for a second derivative: functions of the logits again
            p = softmax(logits).reshape(-1, logits.shape[-1]).T
        one_hot = np.zeros(p.shape, p.dtype)
        one_hot.ravel()[ctx.labels] = 1
        return (p - one_hot).T.reshape(logits.shape)


def softmax_cross_entropy(logits, labels):
    """The mean over examples of -log softmax(logits)[label]: scores in, one loss out.

    Arguments: logits (shape (..., classes)), labels (the number of the right class of each
    example: integers of shape (...)). Raises ShapeError, DataError or OutOfRange for labels that
    do not fit. Stable for logits of any size.

    >>> softmax_cross_entropy([[2.0, 1.0, 0.1]], [0])
    tensor(0.417)
    """
    logits = lift(logits)
    return run(SoftmaxCrossEntropy, (logits,), {"labels": right_scores(labels, logits)})


def right_scores(labels, logits):
    """Where the score of each right class stands, counted through with a row for each class."""
    shape = logits.data.shape
    if not shape:
        check_axis(logits, -1)
    try:
        labels = np.asarray(labels.data if isinstance(labels, Tensor) else labels)
    except ValueError:  # lists of unequal length
        labels = np.array(None)
    one_hot = labels.shape == shape
    if labels.size and labels.dtype.kind not in ("biuf" if one_hot else "ui"):
        raise DataError(
            f"Labels are class numbers, so they must be integers; these are {labels.dtype}. "
            "Convert them: labels.astype(int). (One-hot labels: labels.argmax(axis=-1).)"
        )
    if labels.shape != shape[:-1] or logits.data.size == 0:
        raise ShapeError(
            f"{describe(logits)} holds scores for examples of shape {shape[:-1]} and "
            f"{shape[-1]} classes; the labels have shape {labels.shape}. Each example needs "
            "one label, the number of its class, and there must be at least one example."
            + " (One-hot labels: labels.argmax(axis=-1).)"
            * one_hot
        )
    classes, examples = shape[-1], labels.size
    try:
        return np.ravel_multi_index(
            (labels.ravel().astype(np.intp, copy=False), columns(examples)), (classes, examples)
        )
    except ValueError:
        raise OutOfRange(
            f"Labels run from {labels.min()} to {labels.max()}, and {describe(logits)} has scores "
            f"for the classes 0 to {classes - 1}. Do your labels count from 1?"
        ) from None
