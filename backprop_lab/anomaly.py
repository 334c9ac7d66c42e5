"""Where the first NaN or inf came from: the checks behind `detect_anomaly`."""

import linecache
import sys
import threading

import numpy as np

from .errors import HERE, AnomalyError
from .modes import WATCHED


def check_value(node, value, slot=None):
    """Refuse a value that is not finite: the result of a node, or its message for one input.

    Raises AnomalyError with the operator, the caller's line, and what went in.
    """
    if threading.get_ident() not in WATCHED:
        return
    if slot is None:
        node.line = callers_line()
    data = getattr(value, "data", value) if hasattr(value, "grad_fn") else value
    if np.isfinite(data).all():
        return
    found = "nan" if np.isnan(data).any() else "inf"
    inputs = " and ".join(summary(x, f"input {i}") for i, x in enumerate(node.inputs))
    what = node.op.__name__ if slot is None else f"{node.op.__name__}.vjp"
    to = "" if slot is None else f" for input {slot}"
    line = node.line or "(Run forward within detect_anomaly(), too, and the line is known.)"
    raise AnomalyError(f"{what} made the first {found}{to}, from {inputs}. {line}")


def summary(x, default):
    """An input as its name and its value, or the range of its values."""
    data = np.asarray(x.data)
    name = getattr(x, "name", None) or default
    if data.size == 0 or data.dtype.kind not in "biuf":
        return name
    if data.size == 1:
        return f"{name} = {data.item():.4g}"
    where = "" if np.isfinite(data).all() else ", not all of them finite"
    low, high = np.nanmin(data), np.nanmax(data)
    return f"{name} of shape {data.shape} with values from {low:.4g} to {high:.4g}{where}"


def callers_line():
    """The innermost line that does not belong to this package, with its place."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    return f"Line {frame.f_lineno} of {frame.f_code.co_name}: {text}"
