"""What a record is made of: nodes, edges and values, as plain dicts."""

import numpy as np

LEAVES = ("input", "weight", "constant")
SYMBOLS = {"*": "×", "-": "−", "/": "÷", "sigmoid": "σ"}  # from code to pictures
IN_CODE = {picture: code for code, picture in SYMBOLS.items()}
FULL = 64  # arrays up to this many entries are recorded whole, larger ones as statistics


def make_node(key, kind, op, label, name, value=None, saved=(), group=None, line=None):
    return {
        "id": key, "kind": kind, "op": op, "label": label, "name": name,
        "shape": value and value["shape"], "value": value, "saved": list(saved),
        "alias_of": None, "group": group, "line": line,
    }  # fmt: skip


def make_edge(source, reader, slot, tensor, local=None, copies=1):
    return {
        "id": f"{source}-{reader}-{slot}", "from": source, "to": reader, "slot": slot,
        "tensor": tensor, "local": local, "copies": copies,
    }  # fmt: skip


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
