"""Where boxes and arrows go. The one place that knows the layout engine, graphlay."""

from dataclasses import dataclass
from itertools import pairwise

COMFORTABLE, WIDEST = 960, 1200  # pixels: what a notebook cell shows at full size, and the limit
# How often a graph that is too long for one row is folded: the smaller the number, the more rows.
FOLDS = (4, 2.5, 1.6, 0.8, 0.4, 0.2, 0.1)
SPACING = {
    "node_gap": 22, "dummy_gap": 18, "isolated_gap": 22, "reroute_node_gap": 22,
    "port_stroke_clear": 8,
}  # fmt: skip
# Where a label may stand on its arrow, and how far beside it where there is no room on it.
LABELS = {"fractions": [0.5, 0.35, 0.65, 0.2, 0.8], "side_steps": [0.5, 0.75, 1, 2], "rounds": 2}
# Room around labels: more is given while there are labels that stand apart from their arrows.
MARGINS = (30, 44, 60, 80)
ACROSS, DOWN = {"direction": "leftright"}, {"direction": "topbottom"}
NEAR = 16  # at most so far from its arrow is a label that belongs to it
HEAD = 9  # length of an arrowhead


class TooLarge(ValueError):
    """A graph beyond what the layout engine was allowed to work on."""


@dataclass
class Layout:
    """Positions in pixels, from a top left corner at (0, 0).

    boxes: {id: (x, y) of the centre}; arrows: for each edge, in order, the corners of its path;
    labels: for each edge, the centre of its label or None; width, height: of the whole; down: do
    arrows run from top to bottom, and not from left to right? astray: how many labels stand apart
    from their arrows, or on their heads.
    """

    boxes: dict
    arrows: list
    labels: list
    width: float
    height: float
    down: bool
    astray: int = 0


def place(sizes, edges, most=300, down=False):
    """Arrange boxes, each to the right of those that it reads from, or below them.

    Arguments: sizes ({id: (width, height)}), edges (a list of (from, to, size of its label or
    None)), most (boxes that are tried), down (from top to bottom, however short it is?). The same
    input gives the same layout in every process.
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
        return closest(graph, edges, limits, down)
    except graphlay.GraphlayError as error:
        raise TooLarge(str(error)) from error


def closest(graph, edges, limits, down):
    """The Layout with the fewest labels apart from their arrows, if room around them can help."""
    how, found = (DOWN, arrange(graph, limits, **DOWN)) if down else choose(graph, limits)
    best = from_corner(found, how == DOWN, edges)
    for margin in MARGINS[1:]:
        if best.astray == 0:
            break
        layout = from_corner(arrange(graph, limits, margin=margin, **how), how == DOWN, edges)
        if layout.astray < best.astray and layout.width <= WIDEST:
            best = layout
    return best


def choose(graph, limits):
    """The first arrangement that is comfortable, else the narrowest; and how it was made.

    One row comes first; then rows to be read like lines of text, with a single arrow from each to
    the next; then from top to bottom.
    """
    row = arrange(graph, limits)
    if breadth(row) <= COMFORTABLE:
        return ACROSS, row
    for fold in FOLDS:
        folded = arrange(graph, limits, fold=fold)
        if breadth(folded) <= COMFORTABLE:
            return ACROSS | {"fold": fold}, folded
        if breadth(folded) == breadth(row):
            break  # nowhere is there a single arrow to fold at
    column = arrange(graph, limits, **DOWN)
    return (DOWN, column) if breadth(column) < breadth(row) else (ACROSS, row)


def arrange(graph, limits, direction="leftright", fold=0, margin=MARGINS[0]):
    """One arrangement by graphlay."""
    import graphlay

    # Numbers of inputs stand inside of a card, but above it where arrows run down.
    across = direction == "leftright"
    gaps = {"layer_gap": 44, "port_gap": 12} if across else {"layer_gap": 34, "port_gap": 24}
    options = {
        "direction": direction,
        "spacing": SPACING | gaps | {"edge_label_margin": margin},
        "routing": {"style": "orthogonal"},
        "wrap": {"viewport_aspect": fold},
        "tuning": {"wrap": {"max_cut_edges": 1, "max_rows": 50}, "labels": LABELS},
        "limits": limits,
    }
    return graphlay.layout(graph, preset="layered", options=options)


def breadth(found):
    return found.bounds["max"]["x"] - found.bounds["min"]["x"]


def from_corner(found, down, edges=()):
    """graphlay's result as a Layout, moved so that its top left corner is (0, 0).

    Arguments: down (do arrows run from top to bottom?), edges (those that were placed, if some have
    labels, which graphlay lets stand out).
    """
    anchors = [edge["label_anchor"] for edge in found.edges]
    reach = {}  # from the least to the most coordinate of all that is drawn
    for axis, half in (("x", 0), ("y", 1)):
        ends = [found.bounds["min"][axis], found.bounds["max"][axis]]
        for anchor, (_, _, label) in zip(anchors, edges, strict=False):
            if anchor and label:
                ends += [anchor[axis] - label[half] / 2, anchor[axis] + label[half] / 2]
        reach[axis] = min(ends), max(ends)

    def point(p):
        return round(p["x"] - reach["x"][0], 1), round(p["y"] - reach["y"][0], 1)

    layout = Layout(
        boxes={name: point(n["center"]) for name, n in zip(found.ids, found.nodes, strict=True)},
        arrows=[straight([point(p) for p in edge["points"]]) for edge in found.edges],
        labels=[anchor and point(anchor) for anchor in anchors],
        width=reach["x"][1] - reach["x"][0],
        height=reach["y"][1] - reach["y"][0],
        down=down,
    )
    layout.astray = sum(
        bool(label) and is_astray(corners, middle, label)
        for corners, middle, (_, _, label) in zip(layout.arrows, layout.labels, edges, strict=False)
    )
    return layout


def is_astray(corners, middle, label):
    """Does a label stand apart from its arrow, or on the head of it?"""
    tip = corners[-1]
    on_head = max(abs(middle[i] - tip[i]) - label[i] / 2 for i in (0, 1)) < HEAD
    return on_head or distance(corners, middle, label) > NEAR


def distance(corners, middle, size):
    """How far a box is from an arrow, in pixels; 0 if they touch."""
    (x, y), (wide, high) = middle, size
    found = []
    for (ax, ay), (bx, by) in pairwise(corners):
        aside = max(min(ax, bx) - x - wide / 2, x - wide / 2 - max(ax, bx), 0)
        above = max(min(ay, by) - y - high / 2, y - high / 2 - max(ay, by), 0)
        found.append(max(aside, above))
    return min(found)


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
