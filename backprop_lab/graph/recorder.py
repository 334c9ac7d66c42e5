"""From a tensor to its record."""

from collections import Counter

import numpy as np

from ..engine import Tensor, reverse_sweep, topological_order
from .local import local_derivatives
from .parts import IN_CODE, make_edge, make_node, make_value


class Recorder:
    """Writes the record of one output, giving ids to nodes and leaves in forward order."""

    def __init__(self, output, names, local):
        self.output = output
        self.names = names
        self.local = local
        self.nodes, self.edges, self.events = [], [], []
        self.ids = {}  # from what makes a tensor (a Node, or the leaf itself) to an id

    def record(self, gradient):
        """Nodes, edges and events; the reverse sweep is among them if there is a gradient."""
        order = topological_order(self.output)
        results = {self.output.grad_fn: self.output}  # a Node does not hold its own result
        for node in order:
            results.update((x.grad_fn, x) for x in tensors(node) if x.grad_fn)
        if self.output.is_leaf:
            self.add_leaf(self.output)
        for node in order:
            for x in tensors(node):
                if x.is_leaf and x not in self.ids:
                    self.add_leaf(x)
            self.add_operator(node, results[node])
        if gradient is not None and order:
            self.add_backward(np.asarray(gradient))
        return self.nodes, self.edges, self.events

    def name_of(self, x):
        return x.name or self.names.get(id(x))

    def add(self, source, x, kind, op, label, **facts):
        """A node of the record, for the tensor x that leaves it."""
        self.ids[source] = f"n{len(self.ids)}"
        value = make_value(x.data)
        self.nodes.append(
            make_node(self.ids[source], kind, op, label, self.name_of(x), value, **facts)
        )

    def add_leaf(self, x):
        text = f"{x.item():.4g}" if x.kind == "constant" and x.shape == () else x.kind
        self.add(x, x, x.kind, None, self.name_of(x) or text)

    def add_operator(self, node, z):
        symbol = node.op.symbol or node.op.__name__
        kind = "output" if z is self.output else "op"
        facts = {"saved": saved(node, z), "group": node.group, "line": node.line}
        self.add(node, z, kind, IN_CODE.get(symbol, symbol), symbol, **facts)
        self.events.append({"event": "forward", "node": self.ids[node]})
        locals_ = local_derivatives(node, z, self.name_of, self.local)
        for slot, x in enumerate(node.inputs):
            if isinstance(x, Tensor):
                source = self.ids[x.grad_fn or x]
                copies = z.size // max(x.size, 1) if node.op.broadcasts else 1
                edge = make_edge(
                    source, self.ids[node], slot, self.name_of(x), locals_[slot], copies
                )
                self.edges.append(edge)

    def add_backward(self, gradient):
        node_id = self.ids[self.output.grad_fn]
        self.events.append({"event": "seed", "node": node_id, "gradient": make_value(gradient)})
        awaited = Counter(edge["from"] for edge in self.edges if edge["local"])
        for node, slot, x_bar, total in reverse_sweep(self.output, {self.output.grad_fn: gradient}):
            x = node.inputs[slot]
            source = self.ids[x.grad_fn or x]
            awaited[source] -= 1
            self.events.append(
                {
                    "event": "vjp",
                    "edge": f"{source}-{self.ids[node]}-{slot}",
                    "contribution": make_value(x_bar),
                    "total": make_value(total),
                    "awaited": awaited[source],
                }
            )


def tensors(node):
    return [x for x in node.inputs if isinstance(x, Tensor)]


def saved(node, z):
    """What a node keeps for backward: "input 0", "input 1", "output", or "other"."""
    known = {id(getattr(x, "data", x)): f"input {slot}" for slot, x in enumerate(node.inputs)}
    known[id(z.data)] = "output"
    return [known.get(id(array), "other") for array in node.saved_tensors]
