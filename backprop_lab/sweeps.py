"""The two sweeps over a graph: cotangents backward, tangents forward, each node once."""

from collections import deque
from copy import copy
from functools import partial
from operator import attrgetter

import numpy as np
from numpy import float64

from .anomaly import check_value
from .errors import changed_since, tied_by_hand
from .modes import WATCHED
from .node import Plain
from .rules import check_cotangent, check_tangent, is_tensor

exhaust = partial(deque, maxlen=0)  # runs a generator to its end, and keeps nothing
age = attrgetter("number")


def topological_order(output, until=()):
    """Every node that `output` depends on, each after the nodes that its inputs come from.

    An operator cannot run before its inputs exist, so the order in which the nodes were made is
    such an order. Nodes in `until`, and what only they depend on, are left out.
    Raises GradientError if somebody has tied the graph into a cycle.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> topological_order((x * x).exp())
    [<Multiply>, <Exp>]
    """
    found = {None, *until}
    nodes = [] if output.grad_fn in found else [output.grad_fn]
    found.update(nodes)
    for node in nodes:  # a list that grows while it is read: no recursion, however deep the graph
        for x in node.inputs:
            source = x.grad_fn
            if source is None:
                continue
            if source.number >= node.number:
                raise tied_by_hand(node, source)
            if source not in found:
                found.add(source)
                nodes.append(source)
    return sorted(nodes, key=age)


def reverse_sweep(output, cotangents, until=(), quiet=False):
    """Carry cotangents from `output` back to its leaves, one message at a time.

    Arguments: output (a tensor with a graph), cotangents (a dict that holds one entry, from the
    output's grad_fn to its cotangent: an array of the output's shape, or a Tensor, if the sweep is
    to be recorded like any other computation and so have derivatives of its own), until (nodes at
    which to stop), quiet (yield nothing, where nobody looks). When the sweep is over, `cotangents`
    holds those of the leaves.
    Yields (node, slot, x_bar, total) for every message: the node that sent it, which of its
    inputs it is for, the message, and the sum of all messages that this input has had so far.
    A node speaks once, after all of its readers. (Griewank and Walther 2008, table 3.2.)

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> for node, slot, x_bar, total in reverse_sweep(y, {y.grad_fn: 1.0}):
    ...     print(node, slot, x_bar, total)
    <Multiply> 0 3.0 3.0
    <Multiply> 1 3.0 6.0
    """
    order = topological_order(output, until)
    recorded = any(map(is_tensor, cotangents.values()))
    tensors = results(order, output) if recorded else None
    for node in reversed(order):
        z_bar = cotangents.pop(node, None)
        if z_bar is None:  # its result has been told to require no gradient
            continue
        if node.retained_by:
            cotangents[node] = z_bar
        ctx = saving_tensors(node, tensors[node]) if recorded else node
        x_bars = node.op.vjp(ctx, z_bar)
        if type(x_bars) is not tuple:
            x_bars = (x_bars,)
        needed = node.needs_input_grad
        slot = 0  # enumerate would take a tenth of the sweep
        for x in node.inputs:
            if needed[slot]:
                x_bar, data = x_bars[slot], x.data
                kind = type(x_bar)
                if kind is not type(data) or (
                    kind is not float64
                    and (x_bar.shape != data.shape or x_bar.dtype is not data.dtype)
                ):
                    x_bar = check_cotangent(node, slot, x_bar)
                if WATCHED:
                    check_value(node, x_bar, slot)
                source = x.grad_fn or x
                before = cotangents.get(source)
                cotangents[source] = total = x_bar if before is None else before + x_bar
                if not quiet:
                    yield node, slot, x_bar, total
            slot += 1  # noqa: SIM113


def forward_sweep(output, x_dots):
    """Push tangents towards `output`: the same loop, in the other order.

    Arguments: output (a tensor with a graph), x_dots (a dict from tensors to how fast they move:
    arrays of their shapes, or Tensors if the sweep is to be recorded; leaves that are left out
    stand still).
    Yields (node, z_dot) for every node that moves, inputs first.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> list(forward_sweep(x * x, {x: 1.0}))
    [(<Multiply>, np.float64(6.0))]
    """
    tangents = {x.grad_fn or x: x_dot for x, x_dot in x_dots.items()}
    order = topological_order(output, until=[x.grad_fn for x in x_dots])
    tensors = results(order, output)
    recorded = any(map(is_tensor, x_dots.values()))
    for node in order:
        sources = [x.grad_fn or x for x in node.inputs]
        if any(source in tangents for source in sources):
            ctx = saving_tensors(node, tensors[node]) if recorded else copy(node)
            ctx.needs_input_grad = tuple([source in tangents for source in sources])
            arriving = [
                tangents.get(source, None if isinstance(x, Plain) else np.zeros_like(x.data))
                for source, x in zip(sources, node.inputs, strict=True)
            ]
            z_dot = check_tangent(node, tensors[node], node.op.jvp(ctx, *arriving))
            tangents[node] = z_dot
            yield node, z_dot


def results(order, output):
    """The tensor that each node made, as {node: tensor}. (A node does not hold its own result.)"""
    made = {x.grad_fn: x for node in order for x in node.inputs}
    made[output.grad_fn] = output
    return made


def saving_tensors(node, result):
    """The node as a `ctx` for a sweep that is recorded: what it saved, as tensors of the graph.

    Inputs and the output are known by identity; anything else that was saved stays a constant.
    Raises GradientError if an input no longer holds what the node was given.
    """
    known = {}
    for slot, x in enumerate(node.inputs):
        if not isinstance(x, Plain):
            replaced = not node.op.ours and x.data is not node.given[slot]
            if replaced or known.setdefault(id(x.data), x) is not x:
                raise changed_since(node, x)
    known.setdefault(id(result.data), result)
    ctx = copy(node)
    ctx.saved_tensors = tuple([known.get(id(array), array) for array in node.saved_tensors])
    if node.op.ours and not all(map(is_tensor, ctx.saved_tensors)):
        raise changed_since(node, result)  # ours save inputs and outputs only
    return ctx
