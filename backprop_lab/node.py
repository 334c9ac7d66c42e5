"""A node of the graph: one operator that ran, what it was given, and what it saved."""

import numpy as np


class Plain:
    """An input of a node that takes no part in differentiation, such as an axis: only its data."""

    requires_grad, grad_fn = False, None

    def __init__(self, data):
        # A view, lest an array be taken for that of a tensor which holds the same one.
        self.data = data[()] if isinstance(data, np.ndarray) else data


class Node:
    """One application of an operator, and the `ctx` that its rules receive.

    Attributes: op (the `Op` subclass), inputs (what it was given, in order: each a Tensor, or a
    Plain value), needs_input_grad (a bool for each), number
    (counts up: a node is always younger than those that its inputs come from), saved_tensors
    (arrays kept for the rules). A rule may hang other things on it, such as `ctx.axis = axis`.
    """

    __slots__ = (
        "__dict__",  # what rules hang on it; Python makes it for the few nodes that have any
        "__weakref__",
        "inputs",
        "needs_input_grad",
        "number",
        "op",
        "retained_by",  # a weak reference to its result, if that has asked for its gradient
        "saved_tensors",
    )
    line = None  # where it was called; known only within group() or detect_anomaly()
    group = None  # the name that group() gave it

    def save_for_backward(self, *arrays):
        """Keep arrays for vjp and jvp.

        Only inputs of the op and its output take part in second derivatives; anything else that
        is saved counts as a constant there.
        """
        self.saved_tensors = arrays

    def __repr__(self):
        return f"<{self.op.__name__}>"
