"""The record itself, and the ways to make one and to read it."""

from dataclasses import asdict, dataclass, field
from graphlib import TopologicalSorter

from ..engine import Tensor
from ..errors import DataError, a_kind_of
from .parts import LEAVES, SYMBOLS, make_edge, make_node
from .recorder import Recorder
from .rows import check_rows, unused


@dataclass
class Graph:
    """A computation: nodes in a valid forward order, edges, and the events of the two sweeps.

    nodes: dicts with id, kind ("input", "weight", "constant", "op" or "output"), op (the operator's
    name, None for a leaf), label (what its picture shows), name (of the tensor that leaves it, or
    None), shape, value (None if unknown: without a shape, nobody ever knew it; with one, PyTorch
    has let go of it), saved (what the operator keeps for backward: "input 0", "output" or "other";
    "freed" if it is gone), alias_of (the id of the leaf that this is another drawing of, or None),
    group (the name that `group` gave it), line (where it was called; known within `group`).
    edges: dicts with id, from, to, slot (which input of the reader), tensor (its name), local (the
    derivative of the reader's result by this input: its kind, and its value or a text where either
    says more; None if no gradient passes), copies (how many of each entry the reader makes by
    broadcasting; their messages are summed).
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
    unswept = "No gradients yet: backward() has not run."  # said where there is no reverse sweep

    @classmethod
    def from_tensor(cls, output, gradient=None, names=None, local=None):
        """The record of everything that `output` depends on.

        Arguments: gradient (an array of output's shape; if given, the reverse sweep is run from
        it and recorded, without touching any `.grad`), names (a dict from id(tensor) to a name,
        for tensors that have none of their own), local (work out the local derivatives, too? If
        not said, only with a gradient: the rules are then known to run).
        """
        if not isinstance(output, Tensor):
            raise DataError(
                f"from_tensor makes the record of a tensor; this is {a_kind_of(output)}. One of "
                "PyTorch's is computed within bl.record_torch() as record: record.graph(t)."
            )
        local = gradient is not None if local is None else local
        return cls(*Recorder(output, names or {}, local).record(gradient))

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
        order = TopologicalSorter({name: row[1:] for name, row in rows.items()}).static_order()
        ids = {}
        for name in order:
            ids[name] = f"n{len(ids)}"
            made_by, *inputs = rows[name]
            leaf = made_by in LEAVES
            kind = made_by if leaf else "op" if name in read else "output"
            op, label = (None, name) if leaf else (made_by, SYMBOLS.get(made_by, made_by))
            graph.nodes.append(make_node(ids[name], kind, op, label, name))
            for slot, source in enumerate(inputs):
                graph.edges.append(make_edge(ids[source], ids[name], slot, source))
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
