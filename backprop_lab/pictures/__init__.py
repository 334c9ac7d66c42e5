"""Pictures of computations: `draw` shows the graph of a tensor, or a graph written down by hand.

A picture is an image with its words (`Picture`); notebooks show the one, consoles the other. The
files, in the order in which a graph runs through them: `view` says what of it is drawn, `cards` and
`arrows` what stands on each node and edge, `layout` where it goes; `svg` and `outlines` draw it in
the colours of `theme`; `words` and `notes` tell it; `export` puts it into a file. `scene` is the
same drawing for a widget. `text` writes names and numbers, `figures` shows those of matplotlib.
"""

import sys
from html import escape

from ..engine import Tensor
from ..errors import GradientError
from ..graph import Graph
from ..names import variable_names
from ..torch_graph import is_torch, source_of
from .arrows import make_arrows
from .cards import make_cards
from .figures import figure
from .layout import TooLarge, place
from .notes import footnotes
from .picture import Picture, image
from .svg import write, write_scene
from .table import table
from .view import MOST, MOST_RECORDED, count_drawn, operators_of, view_of
from .words import describe

__all__ = [
    "MOST", "Picture", "draw", "figure", "image", "picture_of", "scene", "sentence", "too_large",
]  # fmt: skip


def draw(what, grad=None, local=False, saved=False, expand=None):
    """The graph of a tensor, a `Graph`, or the rows of a graph, as a `Picture`.

    A tensor may be one of PyTorch's, or a pair (module, input), which is run for it and drawn with
    each module as a group; see `record_torch` for the values that PyTorch does not keep.
    Arguments: grad (show gradients? None: if `what.backward()` has run, which PyTorch's tensors do
    not tell; True: as it would find them from 1, without touching any `.grad`), local (show the
    local derivatives on the arrows?), saved (mark what is kept for backward?), expand (the names of
    groups to draw node by node; True for all. If not said, groups are folded in graphs of more than
    80 nodes only).
    Tensors without a name get that of the caller's variable. Raises TypeError for anything else,
    GradientError for gradients that cannot be found, ValueError for rows that do not fit together
    or a group that is not there.

    >>> draw({"a": ["input"], "e": ["*", "a", "a"]})
    Graph of e, from the input a. In 1 step: e = a × a. Read twice: a.
    """
    check_options(grad=grad, local=local, saved=saved)
    graph, expand = record_of(what, sys._getframe(1), grad, local, expand)
    return graph if isinstance(graph, Picture) else picture_of(graph, local, saved, expand)


def record_of(what, frame, grad=None, local=False, expand=None):
    """(the Graph of what `draw` takes, the groups to open); a Picture if it cannot be drawn."""
    if is_torch(what):
        return record_of_torch(source_of(what, frame), grad, local, expand)
    if isinstance(what, Tensor):
        counted = too_many(what, expand)
        if counted:  # found before the record is made, which would take its time
            return too_large(counted), expand
        names = variable_names(frame)
        return Graph.from_tensor(what, seed(what, grad), names=names, local=local), expand
    if isinstance(what, Graph):
        return with_sweep(what, grad), expand
    if isinstance(what, dict):
        return with_sweep(Graph.from_rows(what), grad), expand
    if what is ...:
        raise TypeError("There is nothing to draw yet: ... stands where an answer is to go.")
    raise TypeError(
        "draw shows a tensor, a Graph or the rows of a graph; this is a "
        f"{type(what).__name__}. Numbers and arrays carry no record of what made them: compute "
        "with bl.tensor(...)."
    )


def record_of_torch(source, grad, local, expand):
    if source.why_no_graph():
        return sentence(source.why_no_graph()), expand
    expand = source.expand(expand)
    nodes = source.operators(MOST_RECORDED)
    if nodes is None or count_drawn(nodes, expand) > MOST:
        return too_large(how_many(nodes)), expand
    return source.recorder(local or bool(grad)).graph(source.seed() if grad else None), expand


def sentence(words):
    """What is shown where there is nothing to draw: why that is so."""
    return Picture(words, html=f"<p>{escape(words)}</p>")


def check_options(grad, **switches):
    for name, value in {"grad": False if grad is None else grad, **switches}.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name} is switched on with True and off with False; not {value!r}.")


def too_many(tensor, expand):
    """How many operators a tensor has, in words, if that is more than can be drawn; else None."""
    nodes = operators_of(tensor, MOST_RECORDED)
    many = nodes is None or count_drawn(nodes, expand) > MOST
    return how_many(nodes) if many else None


def how_many(nodes):
    if nodes is None:
        return f"more than {MOST_RECORDED:,} operators"
    return f"{len(nodes):,} operators"


def seed(tensor, grad):
    """What the reverse sweep starts from, to be shown; None for no sweep."""
    if grad is None:
        return tensor.seed
    if not grad:
        return None
    if not tensor.requires_grad:
        raise GradientError(
            "grad=True shows gradients, and nothing that this tensor depends on requires one. Make "
            "a leaf with requires_grad=True (or bl.parameter), and compute again."
        )
    if tensor.shape != ():
        raise GradientError(
            f"grad=True starts from 1, so from a scalar; this tensor has shape {tensor.shape}. "
            "Reduce it with .sum() or .mean(), or say how much each entry matters with "
            "backward(gradient): draw then shows what it found."
        )
    return 1.0


def with_sweep(graph, grad):
    """A record with its reverse sweep, or without it if grad is False."""
    swept = any(event["event"] == "seed" for event in graph.events)
    if grad and not swept:
        raise GradientError(
            "This graph holds no reverse sweep that grad=True could show. Make it with one, from a "
            "tensor: Graph.from_tensor(t, gradient=1.0)."
        )
    if swept and grad is False:
        forward = [event for event in graph.events if event["event"] == "forward"]
        return Graph(graph.nodes, graph.edges, forward)
    return graph


def picture_of(graph, local=False, saved=False, expand=None, marks=(), down=False):
    """The Picture of a record; without the layout engine, the words and a table.

    Arguments: marks ({id of a node: a word or two to stand on its card}), down (from top to bottom,
    however short it is?); the others as in `draw`.
    """
    if len(graph.nodes) > 2 * MOST_RECORDED:
        return too_large(size_of(graph))
    view = view_of(graph, expand)
    if len(view.nodes) > MOST:
        return too_large(size_of(graph))
    alt = describe(view, local, saved)
    cards = make_cards(view, saved, marks=marks)
    arrows = make_arrows(view, cards, local)
    try:
        layout = arrange(cards, arrows, down)
    except ImportError:
        return Picture(alt, html=table(graph, alt))
    except TooLarge:
        return too_large(size_of(graph))
    return Picture(alt, write(cards, arrows, layout, footnotes(view, local, saved), alt))


def scene(graph, *, local=True, saved=False, expand=None):
    """The drawing of a record for a widget to bring to life.

    Arguments: local (room for local derivatives on the arrows?), saved (mark what is kept for
    backward?), expand (as in `draw`). Returns a dict: svg (markup without a style of its own; any
    number fits in its place), width, height. None if there is nothing to lay it out with, or the
    graph is too large.
    """
    if len(graph.nodes) > 2 * MOST_RECORDED:
        return None
    view = view_of(graph, expand)
    if len(view.nodes) > MOST:
        return None
    cards = make_cards(view, saved, live=True)
    arrows = make_arrows(view, cards, local, live=True)
    try:
        return write_scene(cards, arrows, arrange(cards, arrows))
    except (ImportError, TooLarge):
        return None


def arrange(cards, arrows, down=False):
    """The Layout of cards and arrows."""
    sizes = {key: card.size for key, card in cards.items()}
    edges = [(arrow.source, arrow.reader, arrow.label) for arrow in arrows]
    return place(sizes, edges, MOST, down)


def size_of(graph):
    return f"{len(graph.nodes):,} nodes and {len(graph.edges):,} edges"


def too_large(counted):
    """What is shown in place of a picture that nobody could read."""
    words = (
        f"This graph has {counted}: more than the eye can follow in one picture. Draw a tensor "
        "from nearer the start, or run the same code with fewer steps or layers, or put each step "
        'or layer into a group, with bl.group("t=1"), which is drawn as one node.'
    )
    return Picture(words, html=f"<p>{escape(words)}</p>")
