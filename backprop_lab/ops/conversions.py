"""Out of the graph: a tensor as a number, an array, a line of text."""

from threading import get_ident

import numpy as np

from ..engine import Tensor
from ..errors import DataError, GradientError, ShapeError, describe
from ..modes import DIFFERENTIATING


def item(self):
    """The one number of a tensor with one entry, as a Python number."""
    if self.data.size != 1:
        raise ShapeError(
            f"item() needs exactly one number; {describe(self)} has {self.data.size}. "
            "Reduce it first, with .sum() or .mean() for instance."
        )
    return self.data.item()


def numpy(self):
    """The data as an array. Refused while a gradient is required, as in PyTorch."""
    if self.requires_grad:
        raise GradientError(
            f"{describe(self)} is being recorded, and NumPy would work on it unseen: "
            "the gradient would stop here. Write .detach().numpy() if that is what you want."
        )
    return np.asarray(self.data)


def detach(self):
    """The same data, outside the graph: no gradient flows back through it."""
    return Tensor(self.data[()], name=self.name)


def as_array(self, dtype=None, copy=None):
    array = self.numpy()
    return (
        array.astype(dtype, copy=bool(copy))
        if dtype is not None
        else array.copy()
        if copy
        else array
    )


def as_text(self):
    if self.data.size <= 6:
        what = np.array2string(self.data, precision=4, separator=", ").replace("\n", "")
    else:
        what = f"shape={self.shape}, dtype={self.dtype}"
    if self.name:
        what += f", name={self.name!r}"
    if self.grad_fn is not None:
        what += f", grad_fn={self.grad_fn.op.__name__}"
    elif self.requires_grad:
        what += ", requires_grad=True"
    return f"tensor({what})"


def as_number(self):
    """What float(x) sees, and so also math.exp(x), and an array into which x is written."""
    if self.requires_grad and get_ident() in DIFFERENTIATING:
        raise GradientError(
            f"{describe(self)} was about to become a plain number, by float(), a function of math "
            "or an assignment into an array, and its derivative would be lost. Compute with "
            "tensors: ops.exp(x), ops.stack([...]). (x.item() is a number on purpose.)"
        )
    return self.item()


def as_formatted_text(self, spec):
    try:
        return format(self.item(), spec) if spec else str(self)
    except ValueError as error:
        if isinstance(error, ShapeError):
            raise
        raise DataError(f"{describe(self)} cannot be shown as {spec!r}: {error}.") from None


Tensor.item, Tensor.numpy, Tensor.detach = item, numpy, detach
Tensor.__array__, Tensor.__repr__, Tensor.__format__ = as_array, as_text, as_formatted_text
Tensor.__float__ = lambda self: float(as_number(self))
Tensor.__int__ = lambda self: int(as_number(self))
Tensor.__bool__ = lambda self: bool(self.item())
