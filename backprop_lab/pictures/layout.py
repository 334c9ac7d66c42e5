"""Where boxes and arrows go. The one place that knows the layout engine, graphlay."""

from dataclasses import dataclass

COMFORTABLE, WIDEST = 960, 1200  # pixels: what a notebook cell shows at full size, and the limit
# How often a graph that is too long for one row is folded: the smaller the number, the more rows.
FOLDS = (4, 2.5, 1.6, 0.8, 0.4, 0.2, 0.1)
SPACING = {
    "node_gap": 22, "dummy_gap": 18, "isolated_gap": 22, "reroute_node_gap": 22,
    "edge_label_margin": 20, "port_gap": 12, "port_stroke_clear": 8,
}  # fmt: skip


class TooLarge(ValueError):
    """A graph beyond what the layout engine was allowed to work on."""


@dataclass
class Layout:
    """Positions in pixels, from a top left corner at (0, 0).

    boxes: {id: (x, y) of the centre}; arrows: for each edge, in order, the corners of its path;
    labels: for each edge, the centre of its label or None; width, height: of the whole; down: do
    arrows run from top to bottom, and not from left to right?
    """

    boxes: dict
    arrows: list
    labels: list
    width: float
    height: float
    down: bool


def place(sizes, edges, most=300):
    """Arrange boxes, each to the right of those that it reads from, or below them.

    Arguments: sizes ({id: (width, height)}), edges (a list of (from, to, size of its label or
    None)), most (boxes that are tried). The same input gives the same layout in every process.
    Raises TooLarge for more boxes or a hopeless tangle, ImportError without graphlay.

    >>> layout = place({"a": (40, 30), "b": (40, 30)}, [("a", "b", None)])
    >>> layout.boxes["a"][0] < layout.boxes["b"][0]
    True
    """
    import graphlay  # here, so that importing the package does not load it

    graph = graphlay.Graph()
    for name, (width, height) in sizes.items():
        graph.node(name, width=width, height=height)
    for source, reader, label in edges:
        size = {"label_size": {"width": label[0], "height": label[1]}} if label else {}
        graph.edge(source, reader, **size)
    limits = {"max_nodes": most, "max_edges": 4 * most, "max_dummies": 6 * most}
    try:
        return from_corner(*choose(graph, limits))
    except graphlay.GraphlayError as error:
        raise TooLarge(str(error)) from error


def choose(graph, limits):
    """The first arrangement that is comfortable, else the narrowest, and is it a downward one?

    One row comes first; then rows to be read like lines of text, with a single arrow from each to
    the next; then from top to bottom.
    """
    row = arrange(graph, limits)
    if breadth(row) <= COMFORTABLE:
        return row, False
    for fold in FOLDS:
        folded = arrange(graph, limits, fold=fold)
        if breadth(folded) <= COMFORTABLE:
            return folded, False
        if breadth(folded) == breadth(row):
            break  # nowhere is there a single arrow to fold at
    column = arrange(graph, limits, direction="topbottom")
    return (column, True) if breadth(column) < breadth(row) else (row, False)


def arrange(graph, limits, direction="leftright", fold=0):
    import graphlay

    options = {
        "direction": direction,
        "spacing": SPACING | {"layer_gap": 44 if direction == "leftright" else 34},
        "routing": {"style": "orthogonal"},
        "wrap": {"viewport_aspect": fold},
        "tuning": {"wrap": {"max_cut_edges": 1, "max_rows": 50}},
        "limits": limits,
    }
    return graphlay.layout(graph, preset="layered", options=options)


def breadth(found):
    return found.bounds["max"]["x"] - found.bounds["min"]["x"]


def from_corner(found, down):
    """graphlay's result as a Layout, moved so that its top left corner is (0, 0)."""
    least, most = found.bounds["min"], found.bounds["max"]

    def point(p):
        return round(p["x"] - least["x"], 1), round(p["y"] - least["y"], 1)

    anchors = [edge["label_anchor"] for edge in found.edges]
    return Layout(
        boxes={name: point(n["center"]) for name, n in zip(found.ids, found.nodes, strict=True)},
        arrows=[straight([point(p) for p in edge["points"]]) for edge in found.edges],
        labels=[anchor and point(anchor) for anchor in anchors],
        width=most["x"] - least["x"],
        height=most["y"] - least["y"],
        down=down,
    )


def straight(corners):
    """Corners whose lines are exactly horizontal or vertical: graphlay is off by up to a pixel.

    >>> straight([(0, 5), (40.2, 5), (40, 30)])
    [(0, 5), (40.2, 5), (40.2, 30)]
    """
    path = corners[:1]
    for x, y in corners[1:]:
        before_x, before_y = path[-1]
        path.append((before_x, y) if abs(x - before_x) < 1 else (x, before_y))
    return path
