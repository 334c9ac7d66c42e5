"""The other picture of a computation: values are nodes, and operators stand on the way to them.

micrograd draws its graphs so, and so do many textbooks. Both kinds of node are here, and every
arrow runs from one kind to the other: a value goes into an operator, or comes out of one.
"""

from dataclasses import dataclass

from ..graph import Graph
from .arrows import make_arrows
from .cards import SIZE, SMALL, SYMMETRIC, first_line, numbered, symbol_size
from .layout import DOWN, MARGINS, TooLarge, arrange, from_corner
from .outlines import box
from .svg import MARGIN, data, document, draw_arrow, line
from .text import clean, content, width
from .view import MOST, View

ROUND, SMALLEST = 50, 32  # pixels: the height of a value, the side of an operator
PORT = 24  # between arrows with numbers beside them


@dataclass
class Spot:
    """A node of this picture: a round value, or the small box of an operator.

    kind: the outline that arrows begin at; of: the node of the record that it belongs to; shape:
    which form of value it is, or "badge" for an operator; lines: its texts, from top to bottom.
    """

    kind: str
    of: str
    shape: str
    lines: list
    size: tuple
    pins: dict

    @property
    def height(self):
        return self.size[1]


def values_scene(graph):
    """The record with values as nodes, drawn from top to bottom: a dict like that of `scene`.

    An arrow that an operator's value comes out on has the id of that node as its only edge. Raises
    TooLarge and ImportError as `place` does.
    """
    view = both_kinds(graph)
    spots = make_spots(graph)
    arrows = make_arrows(view, spots)
    layout = downward({key: spot.size for key, spot in spots.items()}, arrows)
    wide, high = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    parts = [draw_spot(key, spot, *layout.boxes[key]) for key, spot in spots.items()]
    for arrow, corners, middle in zip(arrows, layout.arrows, layout.labels, strict=True):
        ends = [(spots[key], layout.boxes[key]) for key in (arrow.source, arrow.reader)]
        parts.append(draw_arrow(arrow, corners, middle, ends, down=True))
    svg = document(parts, (wide, high), f"{-MARGIN} {-MARGIN} {wide:g} {high:g}")
    return {"svg": svg, "width": round(wide, 1), "height": round(high, 1)}


def downward(sizes, arrows):
    """A Layout in which all arrows run down, for pictures that stand beside each other."""
    import graphlay  # here, so that importing the package does not load it

    graph = graphlay.Graph()
    for key, (wide, high) in sizes.items():
        graph.node(key, width=wide, height=high)
    for arrow in arrows:
        label = arrow.label and {"width": arrow.label[0], "height": arrow.label[1]}
        graph.edge(arrow.source, arrow.reader, **({"label_size": label} if label else {}))
    limits = {"max_nodes": 2 * MOST, "max_edges": 8 * MOST, "max_dummies": 12 * MOST}
    edges = [(arrow.source, arrow.reader, arrow.label) for arrow in arrows]
    try:
        for margin in MARGINS:
            layout = from_corner(arrange(graph, limits, margin=margin, **DOWN), True, edges)
            if not layout.astray:
                break
    except graphlay.GraphlayError as error:
        raise TooLarge(str(error)) from error
    return layout


def value_id(node_id):
    return f"value-{node_id}"


def operator_id(node_id):
    return f"operator-{node_id}"


def both_kinds(graph):
    """A view with a node for each tensor and one for each operator, and the arrows between."""
    edges = [
        edge | {"from": value_id(edge["from"]), "to": operator_id(edge["to"])}
        for edge in graph.edges
    ]
    edges += [
        {"id": node["id"], "from": operator_id(node["id"]), "to": value_id(node["id"]),
         "slot": 0, "tensor": node["name"], "local": None, "copies": 1}
        for node in graph.nodes if node["op"]
    ]  # fmt: skip
    return View(Graph(graph.nodes, edges), graph.nodes, edges)


def make_spots(graph):
    """A Spot for each tensor and for each operator, as {id: Spot}."""
    entering, spots = graph.inputs(), {}
    for node in graph.nodes:
        if node["op"]:
            pins = {} if node["op"] in SYMMETRIC else numbered(entering[node["id"]])
            spots[operator_id(node["id"])] = operator_spot(node, pins)
        spots[value_id(node["id"])] = value_spot(node)
    return spots


def value_spot(node):
    name, rest = first_line(node)
    value = content(node["value"]) if node["value"] else rest
    lines = [(name, "ink name", SIZE)] if name else []
    lines += [(value, "ink", SMALL)] if value else []
    room = max(width(text, size, bold="name" in kind) for text, kind, size in lines)
    return Spot("input", node["id"], node["kind"], lines, (round(max(ROUND, room + 24)), ROUND), {})


def operator_spot(node, pins):
    symbol = clean(node["label"])
    size = symbol_size(symbol) - 2
    ports = PORT * (len(pins) + 1) if pins else SMALLEST
    side = max(ports, width(symbol, size, bold=True) + 14)
    pins = {value_id(source): slot for source, slot in pins.items()}
    lines = [(symbol, "ink name", size)]
    return Spot("constant", node["id"], "badge", lines, (round(side), SMALLEST), pins)


def draw_spot(key, spot, x, y):
    wide, high = spot.size
    left, top = x - wide / 2, y - high / 2
    found = data(node=key, of=spot.of)
    texts = "".join(
        line(text, kind, x, y + 0.35 * size + 18 * (i - (len(spot.lines) - 1) / 2), size)
        for i, (text, kind, size) in enumerate(spot.lines)
    )
    return (
        f'<g class="card {spot.shape}"{found}>{ring(spot.shape, left, top, wide, high)}{texts}</g>'
    )


def ring(shape, x, y, wide, high):
    """The outline of a spot: a thick ring is a weight, a dashed one a constant, two the output."""
    if shape == "badge":
        return box(shape, x, y, wide, high, 7)
    if shape == "constant":
        return box(shape, x, y, wide, high, high / 2, ' stroke-dasharray="4 3"')
    outer = box(shape, x, y, wide, high, high / 2)
    if shape == "weight":
        return outer.replace('stroke-width="1.5"', 'stroke-width="2.4"')
    inner = box(shape, x + 3.5, y + 3.5, wide - 7, high - 7, high / 2 - 3.5)
    return outer + inner * (shape == "output")
