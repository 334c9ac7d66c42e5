"""The arrows of a picture, and what stands on them."""

from dataclasses import dataclass

from .cards import SMALL
from .text import clean, content, roomy, usual, width

CHIP = 17  # height of a line on an arrow
LONG = 24  # characters of a kind of local derivative


@dataclass
class Arrow:
    """All edges between the same two nodes of a view.

    local: what the local derivatives say, as a list of (text, id of the edge or None), or empty;
    marks: a line of other remarks; pin: which input it is, if that matters; room: the width that
    its label takes, in which ground is kept free of the line.
    """

    source: str
    reader: str
    edges: list
    local: list
    marks: str
    pin: str | None
    room: float
    ground: float

    @property
    def label(self):
        """The size of the label, or None if there is none."""
        lines = bool(self.local) + bool(self.marks)
        return (self.room, CHIP * lines + 2) if lines else None


def make_arrows(view, cards, local=False, live=False):
    """The arrows of a view, one for all edges between the same two nodes.

    Arguments: cards (of the same view), local (show local derivatives?), live (leave room for any
    number?).
    """
    between = {}
    for edge in view.edges:
        between.setdefault((edge["from"], edge["to"]), []).append(edge)
    origins = {edge["id"]: edge["from"] for edge in view.record.edges}
    return [
        make_arrow(
            cards, source, reader, edges, len({origins[e["id"]] for e in edges}), local, live
        )
        for (source, reader), edges in between.items()
    ]


def make_arrow(cards, source, reader, edges, tensors, local, live):
    """One Arrow; tensors: how many different ones it carries, which can be several from a group."""
    folded = "group" in (cards[source].kind, cards[reader].kind)
    told = local_derivatives(edges) if local and not folded else []
    widest = local_derivatives(edges, roomy) if told and live else told
    marks = []
    pin = cards[reader].pins.get(source)
    if tensors > 1:
        marks.append(f"{tensors} tensors")
    elif len(edges) > 1 and not told and not pin and cards[reader].kind != "group":
        marks.append(f"×{len(edges)}")
    copies = max((edge["copies"] for edge in edges if edge["local"]), default=1)
    if copies > 1:
        marks.append(f"{copies} copies")
    line = ", ".join(marks)
    ground = max(width_of(told), width(line, SMALL)) + 6
    if live and told:
        ground = max(ground, width_of(local_derivatives(edges, usual)) + 6)
    return Arrow(source, reader, edges, told, line, pin, max(ground, width_of(widest) + 6), ground)


def width_of(told):
    return width("".join(text for text, _ in told), SMALL)


def local_derivatives(edges, change=lambda value: value):
    """What stands for the local derivatives of parallel edges: "× 0.7", "× (3 + 3)" or "· Wᵀ".

    Returns a list of (text, id of the edge that the text belongs to, or None).
    """
    edges = [edge for edge in edges if edge["local"]]
    told = [(local_text(edge["local"], change), edge["id"]) for edge in edges]
    if not told or not all(text for text, _ in told):
        return []
    if len(told) == 1 and not is_sum(told[0][0]):
        return told if "·" in told[0][0] else [("× ", None), *told]
    parts = [("× (", None)]
    for i, pair in enumerate(told):
        parts += [(" + ", None)] * (i > 0) + [pair]
    return [*parts, (")", None)]


def is_sum(text):
    """Would a × before it be read as if it belonged to the first part alone?"""
    return " − " in text and not text.startswith("(")


def local_text(local, change=lambda value: value):
    """One local derivative: its number, or its kind in a word; None if it is not known."""
    if local["kind"] == "scalar":
        return local["value"] and content(change(local["value"]))
    return clean(local["text"], LONG)
