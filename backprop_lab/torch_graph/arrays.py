"""The data of torch tensors, as records hold it."""

import numpy as np

from ..graph.parts import make_value


def as_value(x):
    """The value of a torch tensor, or of a number, as a record holds it."""
    return make_value(as_array(x))


def as_array(x):
    """The data of a torch tensor as an array, wherever it lies; NumPy has no bfloat16."""
    import torch

    if not isinstance(x, torch.Tensor):
        return np.asarray(float(x))
    x = x.detach()
    x = x.to_dense() if x.is_sparse else x
    x = x.float() if x.dtype == torch.bfloat16 else x
    return x.cpu().numpy()
