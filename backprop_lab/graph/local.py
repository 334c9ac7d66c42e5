"""The local derivative on each edge: a number between scalars, elsewhere its kind in a word."""

import numpy as np

from ..engine import Tensor, reverse_sweep
from .parts import make_value

ENTRYWISE = ("diagonal", "identity")  # a cotangent of ones reads their diagonal off


def local_derivatives(node, z, name_of, known):
    """For each input of a node: how its result z moves with it, None where no gradient passes.

    Arguments: name_of (what a tensor is called), known (work out the numbers, which runs the
    node's vjp? Else only the kinds are given).
    """
    probed = numbers(node, z) if known else {}
    return [
        describe_local(node, z, slot, name_of, probed.get(slot)) if needed else None
        for slot, needed in enumerate(node.needs_input_grad)
    ]


def numbers(node, z):
    """{slot: derivative of z by that input, entry by entry}, where it has that form."""
    scalar = z.shape == ()
    if not scalar and node.op.local not in ENTRYWISE:
        return {}
    ones = {node: np.ones_like(z.data)[()]}
    messages = reverse_sweep(z, ones, until=[x.grad_fn for x in node.inputs])
    return {slot: x_bar for _, slot, x_bar, _ in messages if node.inputs[slot].shape == z.shape}


def describe_local(node, z, slot, name_of, number):
    """One local derivative as a dict: kind, text (None where the number says it all), value."""
    x, kind = node.inputs[slot], node.op.local
    value = None if number is None else make_value(number)
    if z.shape == () and x.shape == ():
        return {"kind": "scalar", "text": None, "value": value}
    return {"kind": kind, "text": matmul_text(node, slot, name_of) if kind == "matmul" else kind,
            "value": value}  # fmt: skip


def matmul_text(node, slot, name_of):
    """What a cotangent is multiplied by on its way through a matrix product: "· Wᵀ" or "Xᵀ ·"."""
    other = node.inputs[1 - slot]
    name = (isinstance(other, Tensor) and name_of(other)) or "×".join(map(str, other.shape))
    factor = f"{name}ᵀ" if name.isidentifier() else f"({name})ᵀ"
    return f"· {factor}" if slot == 0 else f"{factor} ·"
