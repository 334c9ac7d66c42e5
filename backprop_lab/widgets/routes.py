"""The paths between two nodes of a record: counted, added up and ranked, never walked one by one.

A path is a chain of edges, and there can be more of them than atoms; each number here takes a
single walk over the edges instead (dynamic programming over an acyclic graph).
"""

from collections import defaultdict
from dataclasses import dataclass
from heapq import nsmallest
from math import inf, isnan


@dataclass(frozen=True)
class Path:
    """A path: one edge after a shorter path, or no edge at all. product: of its factors."""

    before: "Path | None" = None
    edge: dict | None = None
    product: float = 1.0
    length: int = 0

    def then(self, edge, factor):
        return Path(self, edge, self.product * factor, self.length + 1)

    def edges(self):
        """Its edges, from the source to the output."""
        found, path = [], self
        while path.edge:
            found.append(path.edge)
            path = path.before
        return found[::-1]

    def rank(self):
        """Largest product first, whatever its sign, then the shortest. A nan is larger than all.

        Lengthening two paths by the same edge never swaps the larger with the smaller one, so the
        largest paths to a node are made of the largest paths to its inputs.
        """
        return (-inf if isnan(self.product) else -abs(self.product)), self.length


class Routes:
    """All paths along which a gradient passes from a record's output back to one of its nodes.

    Arguments: graph (a Graph with one output), source (the id of the node).
    Attributes: edges (those on a path, in forward order), count (how many paths there are),
    numeric (is every factor on them one known number?).

    >>> from ..graph import Graph
    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> routes = Routes(Graph.from_tensor(x * x, gradient=1.0), "n0")
    >>> routes.count, routes.total(), [path.product for path in routes.largest(50)]
    (2, 6.0, [3.0, 3.0])
    """

    def __init__(self, graph, source):
        self.source, self.output = source, graph.nodes[-1]["id"]
        passable = [edge for edge in graph.edges if edge["local"]]
        # Edges stand in forward order: all that enter a node come before all that leave it.
        self.from_source = defaultdict(int, {source: 1})  # paths from the source to each node
        for edge in passable:
            self.from_source[edge["to"]] += self.from_source[edge["from"]]
        self.to_output = defaultdict(int, {self.output: 1})  # and from each node to the output
        for edge in reversed(passable):
            self.to_output[edge["from"]] += self.to_output[edge["to"]]
        self.count = self.from_source[self.output]
        self.edges = [
            e for e in passable if self.from_source[e["from"]] and self.to_output[e["to"]]
        ]
        self.numeric = graph.nodes[-1]["shape"] == [] and all(map(is_number, self.edges))

    def total(self):
        """The sum over all paths of the product of their factors."""
        sums = defaultdict(float, {self.source: 1.0})
        for edge in self.edges:
            sums[edge["to"]] += sums[edge["from"]] * factor(edge)
        return sums[self.output]

    def largest(self, most):
        """The paths with the largest products, at most so many; the shortest, without numbers."""
        best = defaultdict(list, {self.source: [Path()]})
        for edge in self.edges:
            by = factor(edge) if self.numeric else 1.0
            longer = [path.then(edge, by) for path in best[edge["from"]]]
            best[edge["to"]] = nsmallest(most, best[edge["to"]] + longer, key=Path.rank)
        return best[self.output]

    def walked(self):
        """Edges walked when each path is walked by itself, from one end to the other."""
        return sum(self.from_source[e["from"]] * self.to_output[e["to"]] for e in self.edges)

    def visited(self):
        """Nodes visited by a recursion from the output that goes on from each visit anew.

        Paths share the visits of the part that they have in common before they part.
        """
        nodes = {self.source, *(edge["to"] for edge in self.edges)}
        return sum(self.to_output[node] for node in nodes)


def is_number(edge):
    return edge["local"]["kind"] == "scalar" and edge["local"]["value"] is not None


def factor(edge):
    """The local derivative of an edge between scalars; a nan or inf is recorded as text."""
    return float(edge["local"]["value"]["data"][0])
