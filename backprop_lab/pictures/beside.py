"""Two graphs side by side, and what only one of them has."""

import sys
from difflib import SequenceMatcher
from html import escape

from . import picture_of, record_of
from .picture import Picture
from .text import clean

ONLY_HERE = "◆ only here"


def beside(first, second):
    """The graphs of two results next to each other; what the other one lacks says "only here".

    Meant for two calls of one function whose branches or loops went different ways. Arguments:
    first, second (each as `draw` takes it). Returns a Picture made of both. Raises what `draw`
    raises.

    >>> import backprop_lab as bl
    >>> x = bl.tensor(3.0, requires_grad=True)
    >>> print(bl.beside(bl.ops.exp(x), bl.ops.exp(x * x)).alt.splitlines()[-1])
    Only in the second: ×.
    """
    frame = sys._getframe(1)
    graphs = [record_of(what, frame)[0] for what in (first, second)]
    if any(isinstance(graph, Picture) for graph in graphs):  # one of them cannot be drawn
        differences = [[], []]
    else:
        differences = [only_in(*graphs), only_in(*reversed(graphs))]
    pictures = [
        graph if isinstance(graph, Picture) else picture_of(graph, marks=marks_of(nodes), down=True)
        for graph, nodes in zip(graphs, differences, strict=True)
    ]
    said = [
        f"Only in the {name}: {', '.join(clean(node['label']) for node in nodes)}."
        for name, nodes in zip(("first", "second"), differences, strict=True)
        if nodes
    ]
    words = [f"{name}: {p.alt}" for name, p in zip(("First", "Second"), pictures, strict=True)]
    return Picture("\n".join(words + said), html=side_by_side(pictures, said))


def marks_of(nodes):
    return {node["id"]: ONLY_HERE for node in nodes}


def only_in(graph, other):
    """The nodes of a graph that have no counterpart in another: operators, by their sequence; and
    leaves, by their names."""
    mine, theirs = operators(graph), operators(other)
    match = SequenceMatcher(None, labels(mine), labels(theirs), autojunk=False)
    matched = {block.a + i for block in match.get_matching_blocks() for i in range(block.size)}
    there = {node["name"] for node in other.nodes}
    leaves = [
        node
        for node in graph.nodes
        if node["kind"] in ("input", "weight") and node["name"] not in there
    ]
    return leaves + [node for i, node in enumerate(mine) if i not in matched]


def operators(graph):
    return [node for node in graph.nodes if node["op"] is not None]


def labels(nodes):
    return [node["label"] for node in nodes]


def side_by_side(pictures, said):
    """Both pictures in one row, or one below the other where the page is narrow.

    They run from top to bottom, so that a row has room for two."""
    row = "".join(
        f'<figure style="margin:0;flex:0 1 auto;min-width:0"><figcaption>{name}</figcaption>'
        f"{picture.html}</figure>"
        for name, picture in zip(("First", "Second"), pictures, strict=True)
    )
    lines = "".join(f"<p style='margin:.3em 0 0'>{escape(line)}</p>" for line in said)
    return f'<div style="display:flex;flex-wrap:wrap;gap:12px 24px">{row}</div>{lines}'
