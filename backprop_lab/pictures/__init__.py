"""Pictures of computations: `draw` shows the graph of a tensor, or a graph written down by hand.

A picture is an image with its words (`Picture`); notebooks show the one, consoles the other. The
files: `cards` says what stands on each node, `layout` where it goes, `svg` draws it, `theme` gives
the colours, `words` tells it, `text` writes names and numbers.
"""

import sys
from base64 import b64encode
from html import escape

from ..engine import Tensor, topological_order
from ..graph import Graph
from ..names import variable_names
from .cards import footnote, make_arrows, make_cards, sized
from .layout import TooLarge, place
from .svg import write
from .table import table
from .words import describe

MOST = 300  # nodes in one picture; beyond, nobody can follow the lines


class Picture:
    """An image and what it says in words.

    Attributes: svg (the image as text, None if there is none), alt (the words), html (what a
    notebook shows).
    """

    def __init__(self, alt, svg=None, html=None):
        self.alt, self.svg = alt, svg
        self.html = html or image(svg, alt)

    def _repr_html_(self):
        return self.html

    def __repr__(self):
        return self.alt


def draw(what):
    """The graph of a tensor, a `Graph`, or the rows of a graph, as a `Picture`.

    Tensors without a name get that of the caller's variable. Gradients are shown once
    `what.backward()` has run. Raises TypeError for anything else, ValueError for rows that do not
    fit together.

    >>> draw({"a": ["input"], "e": ["*", "a", "a"]})
    Graph of e, from the input a. In 1 step: e = a × a. Read twice: a.
    """
    if isinstance(what, Tensor):
        operators = len(topological_order(what))
        if operators > MOST:  # found before the record is made, which would take its time
            return too_large(f"{operators:,} operators")
        names = variable_names(sys._getframe(1))
        graph = Graph.from_tensor(what, gradient=what.seed, names=names)
    elif isinstance(what, Graph):
        graph = what
    elif isinstance(what, dict):
        graph = Graph.from_rows(what)
    elif what is ...:
        raise TypeError("There is nothing to draw yet: ... stands where an answer is to go.")
    else:
        raise TypeError(
            "draw shows a tensor, a Graph or the rows of a graph; this is a "
            f"{type(what).__name__}. Numbers and arrays carry no record of what made them: compute "
            "with bl.tensor(...)."
        )
    return picture_of(graph)


def picture_of(graph):
    """The Picture of a record; without the layout engine, the words and a table."""
    if len(graph.nodes) > MOST:
        return too_large(f"{len(graph.nodes):,} nodes and {len(graph.edges):,} edges")
    alt = describe(graph)
    cards = make_cards(graph)
    arrows = make_arrows(graph, cards)
    try:
        layout = place({key: card.size for key, card in cards.items()}, sized(arrows), MOST)
    except ImportError:
        return Picture(alt, html=table(graph, alt))
    except TooLarge:
        return too_large(f"{len(graph.nodes):,} nodes and {len(graph.edges):,} edges")
    return Picture(alt, write(cards, arrows, layout, footnote(graph), alt))


def too_large(counted):
    """What is shown in place of a picture that nobody could read."""
    words = (
        f"This graph has {counted}: more than the eye can follow in one picture. Draw a tensor "
        "from nearer the start, or run the same code with fewer steps or layers."
    )
    return Picture(words, html=f"<p>{escape(words)}</p>")


def image(svg, alt):
    """An image that carries its data and its words, and is never wider than its cell.

    It is an <img>, and not SVG in the page, because code hosts and exports drop the latter.
    """
    data = b64encode(svg.encode()).decode()
    return (
        f'<div style="max-width:100%"><img alt="{escape(alt)}" style="max-width:100%;height:auto" '
        f'src="data:image/svg+xml;base64,{data}"></div>'
    )
