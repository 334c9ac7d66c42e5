"""Where things come from: the line behind a node, its group, and the first NaN or inf."""

import linecache
import sys
import threading

import numpy as np

from .errors import UNSEEN, AnomalyError
from .modes import GROUPS, WATCHED


def look_at(node, value):
    """Note on a node that has just run where it was called, within group() or detect_anomaly()."""
    thread = threading.get_ident()
    if thread in GROUPS or thread in WATCHED:
        node.line = callers_line()
        node.group = " / ".join(GROUPS.get(thread, ())) or None
    check_value(node, value)


def check_value(node, value, slot=None, rule="vjp"):
    """Refuse a value that is not finite: the result of a node, or its message for one input.

    Raises AnomalyError with the operator, the caller's line, and what went in.
    """
    if threading.get_ident() not in WATCHED:
        return
    forward = slot is None and rule == "vjp"
    found = trouble(value)
    if not found:
        return
    op = node.op.__name__
    line = node.line or "(Run forward within detect_anomaly(), too, and the line is known.)"
    named = [(x, f"input {i}") for i, x in enumerate(node.inputs)]
    before = [summary(x, default) for x, default in named if trouble(x)]
    if before and forward:
        raise AnomalyError(
            f"{op} did not make this {found}: it was given one, with {' and '.join(before)}, which "
            f"came in as data, or was made before detect_anomaly(). {line}"
        )
    what = op if forward else f"{op}.{rule}"
    to = "" if slot is None else f" for input {slot}"
    inputs = " and ".join(summary(x, default) for x, default in named)
    raise AnomalyError(f"{what} made the first {found}{to}, from {inputs}. {line}")


def check_seed_value(gradient):
    """Refuse a gradient to start backward() from that is not finite."""
    if threading.get_ident() in WATCHED and (found := trouble(gradient)):
        raise AnomalyError(f"The gradient that backward() was given holds {found}.")


def trouble(value):
    """What a value holds that is not finite: "nan", "inf", or nothing."""
    data = np.asarray(value.data if hasattr(value, "grad_fn") else value)
    if data.dtype.kind not in "biuf" or np.isfinite(data).all():
        return ""
    return "nan" if np.isnan(data).any() else "inf"


def summary(x, default):
    """An input as its name and its value, or the range of its values."""
    data = np.asarray(x.data)
    name = getattr(x, "name", None) or default
    if data.size == 0 or data.dtype.kind not in "biuf":
        return name
    if data.size == 1:
        return f"{name} = {data.item():.4g}"
    finite = data[np.isfinite(data)]
    values = f"values from {finite.min():.4g} to {finite.max():.4g}" if finite.size else "no value"
    others = "" if finite.size == data.size else f", and {data.size - finite.size} not finite"
    return f"{name} of shape {data.shape} with {values}{others}"


def callers_line():
    """The innermost line that belongs neither to this package nor to NumPy, with its place."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(UNSEEN):
        frame = frame.f_back
    text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    name = frame.f_code.co_name
    place = "" if name == "<module>" else f" of {name}"
    return f"Line {frame.f_lineno}{place}: {text}"
