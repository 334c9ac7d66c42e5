"""Making leaves: inputs and weights, from numbers, lists and arrays."""

import numpy as np

from .engine import Tensor
from .errors import DataError, GradientError, a_kind_of, describe


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
    if type(requires_grad) not in (bool, np.bool_) or not (name is None or isinstance(name, str)):
        raise DataError(
            f"requires_grad is True or False, and a name is text; these are {requires_grad!r:.60} "
            f"and {name!r:.60}. Several numbers make one list: bl.tensor([1.0, 2.0])."
        )
    array = from_numpy(data) if isinstance(data, (np.ndarray, np.generic)) else from_python(data)
    if requires_grad and array.dtype.kind != "f":
        raise DataError(
            f"Only floating-point data can require a gradient; this is {array.dtype}: integers "
            "cannot be nudged by a small amount. Convert it first: data.astype(float)."
        )
    return Tensor(array[()], bool(requires_grad), name, "input")


def parameter(data, name=None):
    """A weight: a leaf tensor that is to be learned, so it always requires a gradient.

    Arguments and errors as for `tensor`.

    >>> parameter(0.5, name="w")
    tensor(0.5, name='w', requires_grad=True)
    """
    weight = tensor(data, requires_grad=True, name=name)
    weight.kind = "weight"
    return weight


def from_numpy(data):
    """A copy of an array, in its dtype."""
    if data.dtype.kind not in "biuf":
        remedy = "its .real, or abs() of it" if data.dtype.kind == "c" else "data.astype(float)"
        raise DataError(
            f"A tensor holds real numbers; this data has dtype {data.dtype}. Take {remedy}, if "
            "every entry is a number."
        )
    if hasattr(data, "mask"):
        raise DataError(
            "Every entry of a tensor counts, and some of this masked array's do not. Say what is "
            "to stand there: data.filled(0.0)."
        )
    return np.array(data)


def from_python(data):
    """Python numbers, alone or in nested lists, as float64."""
    why = ""
    try:
        array = np.asarray(
            float(data) if isinstance(data, int) else data
        )  # nested lists, and what other packages have to offer
    except GradientError as error:
        raise GradientError(
            f"{str(error).partition(' is being')[0]} is being recorded, and a new tensor made of "
            "its numbers would cut the graph. Join tensors with ops.stack or ops.concatenate."
        ) from None
    except Exception as error:  # of lists of unequal length, or of the other package
        array, why = np.array(None), f" ({str(error).partition('. ')[0]})"
    if array.dtype.kind not in "biuf":
        raise DataError(
            "A tensor needs a number, an array, or lists of equal length with numbers in them; "
            f"this is {a_kind_of(data)}: {str(data)[:60]}{why}"
        )
    return array.astype(np.float64)
