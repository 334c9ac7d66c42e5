"""Arrays and numbers as plain data."""

import numpy as np

FULL = 64  # arrays up to this many entries are recorded whole, larger ones as statistics


def make_number(x):
    """A number as JSON can hold it: NaN and the infinities as strings."""
    return float(x) if np.isfinite(x) else str(float(x))


def make_value(data):
    """An array as data: every entry in full precision if it is small, else what it looks like."""
    data = np.asarray(data)
    value = {"shape": list(data.shape), "dtype": str(data.dtype)}
    if data.size <= FULL:
        return value | {"data": [make_number(x) for x in data.ravel()]}
    summary = {"min": data.min(), "max": data.max(), "mean": data.mean(), "std": data.std()}
    return value | {"statistics": {name: make_number(x) for name, x in summary.items()}}
