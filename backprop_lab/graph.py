"""The Graph record: one computation as plain data, for every picture, table and check.

A record is made once, from a tensor (or from a learner's own rows), and read by all viewers, so
that two pictures of the same computation cannot disagree. `graph.schema.json` is the contract:
`Graph.to_dict()` always satisfies it.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import count

import numpy as np

from .engine import Tensor, reverse_sweep, topological_order

LEAVES = ("input", "weight", "constant")
FULL = 64  # arrays up to this many entries are recorded whole, larger ones as statistics


@dataclass
class Graph:
    """A computation: nodes in a valid forward order, edges, and the events of the two sweeps.

    nodes: dicts with id, kind ("input", "weight", "constant", "op" or "output"), op (the
    operator's name, None for a leaf), label (what its picture shows), name (of the tensor that
    leaves it, or None), shape, value, saved (what the operator keeps for backward).
    edges: dicts with id, from, to, slot (which input of the reader), tensor (its name), local
    (the kind of the derivative of the reader's result by this input; None if no gradient passes),
    copies (how many of each entry the reader makes by broadcasting; their messages are summed).
    events: dicts in the order in which they happen: forward (node), seed (node, gradient), vjp
    (edge, contribution, total after adding it, contributions still awaited).

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True, name="x")
    >>> Graph.from_tensor(x * x).rows()
    {'x': ['input'], 't1': ['*', 'x', 'x']}
    """

    nodes: list = field(default_factory=list)
    edges: list = field(default_factory=list)
    events: list = field(default_factory=list)

    @classmethod
    def from_tensor(cls, output, gradient=None, names=None):
        """The record of everything that `output` depends on.

        Arguments: gradient (an array of output's shape; if given, the reverse sweep is run from
        it and recorded, without touching any `.grad`), names (a dict from id(tensor) to a name,
        for tensors that have none of their own).
        """
        return _Recorder(output, names or {}).record(gradient)

    @classmethod
    def from_rows(cls, rows):
        """The record of a graph written down as rows, `{tensor: [what makes it, *its inputs]}`.

        What makes a tensor is "input", "weight", "constant" or an operator; values are unknown.
        Raises ValueError for a row that does not fit, naming it.

        >>> graph = Graph.from_rows({"a": ["input"], "e": ["*", "a", "a"]})
        >>> [node["kind"] for node in graph.nodes]
        ['input', 'output']
        """
        check_rows(rows)
        read = {name for row in rows.values() for name in row[1:]}
        graph = cls()
        reads = {name: row[1:] for name, row in rows.items()}
        for name in TopologicalSorter(reads).static_order():
            made_by, *inputs = rows[name]
            leaf = made_by in LEAVES
            graph.nodes.append(
                {
                    "id": name,
                    "kind": made_by if leaf else "op" if name in read else "output",
                    "op": None if leaf else made_by,
                    "label": name if leaf else SYMBOLS.get(made_by, made_by),
                    "name": name,
                    "shape": None,
                    "value": None,
                    "saved": [],
                }
            )
            for slot, source in enumerate(inputs):
                graph.edges.append(make_edge(source, name, slot, source))
        return graph

    def rows(self):
        """The graph as rows, `{tensor: [what makes it, *its inputs]}`: the notation of notebook 1.

        Tensors without a name are called t1, t2, … in forward order.
        """
        names, rows = {node["id"]: node["name"] for node in self.nodes}, {}
        inputs = self.inputs()
        for node in self.nodes:
            label = node["label"] if node["kind"] == "constant" else "t1"
            names[node["id"]] = unused(node["name"] or label, rows)
            read = [names[edge["from"]] for edge in inputs[node["id"]]]
            rows[names[node["id"]]] = [node["op"] or node["kind"], *read]
        return rows

    def inputs(self):
        """The edges that enter each node, as {node id: edges in the order of the inputs}."""
        entering = {node["id"]: [] for node in self.nodes}
        for edge in self.edges:
            entering[edge["to"]].append(edge)
        return entering

    def gradients(self):
        """The cotangent of each tensor as {node id: value}, for those that the sweep reached."""
        sources = {edge["id"]: edge["from"] for edge in self.edges}
        found = {}
        for event in self.events:
            if event["event"] == "seed":
                found[event["node"]] = event["gradient"]
            elif event["event"] == "vjp":
                found[sources[event["edge"]]] = event["total"]
        return found

    def to_dict(self):
        """The record as dicts, lists, strings and numbers, ready for JSON."""
        return asdict(self)


SYMBOLS = {"*": "×", "-": "−", "/": "÷", "sigmoid": "σ"}  # from code to pictures
IN_CODE = {picture: code for code, picture in SYMBOLS.items()}


def check_rows(rows):
    """Raise ValueError, naming the row, unless every row is [what makes it, *inputs that exist]."""
    if not isinstance(rows, dict) or not rows:
        raise ValueError("A graph is a dictionary with a row for each node; this has no rows.")
    for name, row in rows.items():
        if not isinstance(name, str):
            raise ValueError(f"A row is found under its tensor's name, in quotes; {name!r} is not.")
        if not isinstance(row, (list, tuple)) or not row or not all(type(x) is str for x in row):
            raise ValueError(
                f"Row {name!r} must be a list of names in quotes: what makes the tensor, then the "
                f"tensors that go in. It is {row!r}."
            )
        if row[0] in LEAVES and len(row) > 1:
            raise ValueError(f"Row {name!r} is a leaf ({row[0]}), so nothing goes in: {row[1:]!r}.")
        if row[0] not in LEAVES and len(row) == 1:
            raise ValueError(
                f"Row {name!r} says {row[0]!r} and names nothing that goes in. A leaf is one of "
                f"{', '.join(LEAVES)}; an operator needs its inputs."
            )
        for source in row[1:]:
            if source not in rows:
                raise ValueError(f"Row {name!r} reads {source!r}, but no row makes {source!r}.")
    try:
        TopologicalSorter({name: row[1:] for name, row in rows.items()}).prepare()
    except CycleError as error:
        raise ValueError(
            f"These rows wait for each other: {' → '.join(error.args[1])}. A graph has no cycles: "
            "somewhere a row has to come first."
        ) from None


def order_fault(rows, order):
    """The first thing that keeps rows from running in `order`, as a sentence; None if they run.

    Uses the standard library's scheduler: a name may run when the scheduler has released it.

    >>> order_fault({"x": ["input"], "z": ["*", "x", "x"]}, ["z", "x"])
    'Too early: z comes before its input x.'
    """
    sorter = TopologicalSorter({name: row[1:] for name, row in rows.items()})
    sorter.prepare()
    released, done = set(sorter.get_ready()), set()
    for name in order:
        if name not in rows:
            return f"Foreign: {name} is not among the rows."
        if name in done:
            return f"Twice: {name} comes a second time."
        if name not in released:
            missing = next(x for x in rows[name][1:] if x not in done)
            return f"Too early: {name} comes before its input {missing}."
        done.add(name)
        sorter.done(name)
        released.update(sorter.get_ready())
    left = [name for name in rows if name not in done]
    return f"Missing: {', '.join(left[:5])}." if left else None


def make_edge(source, reader, slot, tensor, local=None, copies=1):
    return {
        "id": f"{source}-{reader}-{slot}", "from": source, "to": reader, "slot": slot,
        "tensor": tensor, "local": local, "copies": copies,
    }  # fmt: skip


def unused(name, taken):
    """`name`, or the next one that is not taken: t1, t2, … or x, x2, x3, …

    >>> unused("t1", {"t1", "t2"}), unused("x", {"x"}), unused("y", {"x"})
    ('t3', 'x2', 'y')
    """
    stem = name.rstrip("0123456789") or name
    candidates = (f"{stem}{n}" for n in count(2))
    return name if name not in taken else next(c for c in candidates if c not in taken)


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


class _Recorder:
    """Writes the Graph of one output, giving ids to nodes and leaves in forward order."""

    def __init__(self, output, names):
        self.output = output
        self.names = names
        self.graph = Graph()
        self.ids = {}  # from what makes a tensor (a Node, or the leaf itself) to an id

    def record(self, gradient):
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
        return self.graph

    def add(self, source, x, **facts):
        """A node of the record, for the tensor x that leaves it."""
        self.ids[source] = f"n{len(self.ids)}"
        self.graph.nodes.append(
            {
                "id": self.ids[source],
                **facts,
                "name": x.name or self.names.get(id(x)),
                "shape": list(x.shape),
                "value": make_value(x.data),
            }
        )

    def add_leaf(self, x):
        name = x.name or self.names.get(id(x))
        text = f"{x.item():.4g}" if x.kind == "constant" and x.shape == () else x.kind
        self.add(x, x, kind=x.kind, op=None, label=name or text, saved=[])

    def add_operator(self, node, z):
        symbol = node.op.symbol or node.op.__name__
        kind = "output" if z is self.output else "op"
        op = IN_CODE.get(symbol, symbol)
        self.add(node, z, kind=kind, op=op, label=symbol, saved=saved(node, z))
        self.graph.events.append({"event": "forward", "node": self.ids[node]})
        for slot, x in enumerate(node.inputs):
            if isinstance(x, Tensor):
                source = self.ids[x.grad_fn or x]
                name = x.name or self.names.get(id(x))
                local = {"kind": node.op.local} if node.needs_input_grad[slot] else None
                copies = z.size // max(x.size, 1) if node.op.broadcasts else 1
                edge = make_edge(source, self.ids[node], slot, name, local, copies)
                self.graph.edges.append(edge)

    def add_backward(self, gradient):
        node_id = self.ids[self.output.grad_fn]
        seed = {"event": "seed", "node": node_id, "gradient": make_value(gradient)}
        self.graph.events.append(seed)
        awaited = Counter(edge["from"] for edge in self.graph.edges if edge["local"])
        for node, slot, x_bar, total in reverse_sweep(self.output, {self.output.grad_fn: gradient}):
            x = node.inputs[slot]
            source = self.ids[x.grad_fn or x]
            awaited[source] -= 1
            self.graph.events.append(
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
