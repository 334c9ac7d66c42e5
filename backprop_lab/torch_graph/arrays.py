"""The data of torch tensors, as records hold it."""

import numpy as np

from ..errors import DataError
from ..graph.parts import make_value


def as_value(x):
    """The value of a torch tensor, or of a number, as a record holds it. Raises DataError for
    complex numbers."""
    if is_complex(x):
        raise DataError(
            "This graph has complex numbers in it, and pictures show real ones. Compute with the "
            "real and the imaginary part as two tensors: z.real, z.imag."
        )
    return make_value(as_array(x))


def is_complex(x):
    """Is it a complex number, or a tensor of them?"""
    return x.is_complex() if hasattr(x, "is_complex") else isinstance(x, complex)


def as_array(x):
    """The data of a torch tensor as an array, wherever it lies; NumPy has no bfloat16."""
    import torch

    if not isinstance(x, torch.Tensor):
        return np.asarray(float(x))
    x = x.detach()
    x = x.to_dense() if x.is_sparse else x
    x = x.float() if x.dtype == torch.bfloat16 else x
    return x.cpu().numpy()


def unrecorded():
    """A context in which a recording that is open sees nothing: a picture is no computation."""
    import torch

    return torch._C._DisableTorchDispatch()
