"""Making leaves: inputs and weights, from numbers, lists and arrays."""

import numpy as np

from .engine import Tensor
from .errors import DataError, describe


def tensor(data, requires_grad=False, name=None):
    """An input of a computation: a leaf tensor with a copy of `data`.

    Arguments: data (number, nested list or array; Python numbers become float64, arrays keep
    their dtype), requires_grad (record what is done with it), name (shown in pictures).
    Raises DataError for data that is not numbers, or integers with requires_grad=True.

    >>> tensor([1, 2], name="x")
    tensor([1., 2.], name='x')
    """
    if isinstance(data, Tensor):
        raise DataError(
            f"{describe(data)} is a tensor already, and wrapping it again would cut the graph. "
            "Use it as it is, or .detach() for a copy that gradients do not pass."
        )
    array = np.array(data) if isinstance(data, (np.ndarray, np.generic)) else from_python(data)
    if array.dtype.kind not in "biuf":
        raise DataError(f"A tensor holds real numbers; this data has dtype {array.dtype}.")
    if requires_grad and array.dtype.kind != "f":
        raise DataError(
            f"Only floating-point data can require a gradient; this is {array.dtype}: integers "
            "cannot be nudged by a small amount. Convert it first: data.astype(float)."
        )
    return Tensor(array[()], requires_grad, name, "input")


def parameter(data, name=None):
    """A weight: a leaf tensor that is to be learned, so it always requires a gradient.

    Arguments and errors as for `tensor`.

    >>> parameter(0.5, name="w")
    tensor(0.5, name='w', requires_grad=True)
    """
    weight = tensor(data, requires_grad=True, name=name)
    weight.kind = "weight"
    return weight


def from_python(data):
    """Python numbers, alone or in nested lists, as float64."""
    try:
        array = np.array(data)
    except ValueError:
        array = np.array(None)  # lists of unequal length
    if array.dtype.kind not in "biuf":
        raise DataError(
            "A tensor needs a number, an array, or lists of equal length with numbers in them; "
            f"this {type(data).__name__} is none of these: {str(data)[:60]}"
        )
    return array.astype(np.float64)
