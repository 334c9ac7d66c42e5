"""The picture itself: cards and arrows as SVG."""

from html import escape

from .cards import NOT_REACHED, PIN, SIZE, SMALL, symbol_size
from .layout import WIDEST
from .text import width
from .theme import style

MARGIN, FOOT = 20, 26  # around the graph; for the line below it
BEND, HEAD = 8, 9  # radius of a bend, length of an arrowhead


def write(cards, edges, layout, note, alt):
    """One self-contained SVG document.

    Arguments: cards ({id: Card}), edges (a list of (from, to, label or None)), layout (a Layout of
    both), note (a line below the graph, or None), alt (what it shows, in words).
    """
    inner = max(layout.width, width(note or "", SMALL))
    wide, high = inner + 2 * MARGIN, layout.height + 2 * MARGIN + (FOOT if note else 0)
    left = (layout.width - wide) / 2
    shown = min(1, WIDEST / wide)  # what no arrangement makes narrow enough is scaled down
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide * shown:g}" '
        f'height="{high * shown:g}" viewBox="{left:g} {-MARGIN} {wide:g} {high:g}" role="img">',
        f"<title>{escape(alt)}</title><style>{style()}</style>",
        f'<rect class="panel" x="{left + 0.5:g}" y="{0.5 - MARGIN}" width="{wide - 1:g}" '
        f'height="{high - 1:g}" rx="10"/>',
    ]
    for (source, reader, label), corners, middle in zip(
        edges, layout.arrows, layout.labels, strict=True
    ):
        drawn = arrow(corners) + (chip(label, *middle) if label else "")
        parts.append(f'<g class="arrow" {data(source=source, reader=reader)}>{drawn}</g>')
    for key, card in cards.items():
        drawn = draw_card(card, *layout.boxes[key], layout.down)
        parts.append(f'<g class="card" {data(node=key)}>{drawn}</g>')
    for (source, reader, _), corners in zip(edges, layout.arrows, strict=True):
        number = cards[reader].pins.get(source)
        if number:
            reach = cards[reader].height / 2 - 10  # how far from the middle it may stand
            parts.append(pin(number, *corners[-1], layout.boxes[reader][1], reach, layout.down))
    if note:
        parts.append(line(note, "muted", layout.width / 2, layout.height + FOOT + 6, SMALL))
    return "".join(parts) + "</svg>"


def data(**facts):
    """Attributes by which scripts find what belongs to which node or edge."""
    return " ".join(f'data-{name}="{escape(fact)}"' for name, fact in facts.items())


def line(text, kind, x, y, size):
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" font-size="{size}">{escape(text)}</text>'


def arrow(corners):
    """A path through the corners, with rounded bends and a head.

    It starts a little inside its card, which is drawn over it, so that no gap shows at a card whose
    outline is round.
    """
    (x0, y0), (x1, y1) = corners[:2]
    start = (x0 - 12 * sign(x1 - x0), y0 - 12 * sign(y1 - y0))
    (x2, y2), (tip_x, tip_y) = corners[-2:]
    dx, dy = sign(tip_x - x2), sign(tip_y - y2)
    base = (tip_x - (HEAD - 1) * dx, tip_y - (HEAD - 1) * dy)
    side_x, side_y = 4.5 * dy, 4.5 * dx
    head = (
        f"M{tip_x:g},{tip_y:g}L{tip_x - HEAD * dx + side_x:g},{tip_y - HEAD * dy + side_y:g}"
        f"L{tip_x - HEAD * dx - side_x:g},{tip_y - HEAD * dy - side_y:g}z"
    )
    path = rounded([start, *corners[1:-1], base])
    return f'<path class="edge" stroke-width="1.7" d="{path}"/><path class="head" d="{head}"/>'


def rounded(points):
    """A path whose right angles are turned into quarter bends, as far as there is room."""
    path = "M{:g},{:g}".format(*points[0])
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        reach = min(BEND, (abs(bx - ax) + abs(by - ay)) / 2, (abs(cx - bx) + abs(cy - by)) / 2)
        path += (
            f"L{bx - reach * sign(bx - ax):g},{by - reach * sign(by - ay):g}"
            f"Q{bx:g},{by:g} {bx + reach * sign(cx - bx):g},{by + reach * sign(cy - by):g}"
        )
    return path + "L{:g},{:g}".format(*points[-1])


def sign(x):
    return (x > 0) - (x < 0)


def chip(label, x, y):
    """A label on an arrow, on ground of its own."""
    wide = width(label, SMALL)
    ground = f'<rect class="chip" x="{x - wide / 2:g}" y="{y - 9:g}" width="{wide:g}" height="18"/>'
    return ground + line(label, "ink name", x, y + 4.5, SMALL)


def pin(number, x, y, middle, reach, down):
    """Which input an arrow brings: beside its head, or just inside the card that it reaches."""
    if down:
        return line(number, "muted", x - 6 - width(number, SMALL) / 2, y - 4, SMALL)
    inside = max(middle - reach, min(middle + reach, y))
    return line(number, "muted", x + 7 + width(number, SMALL) / 2, inside + 4, SMALL)


def draw_card(card, x, y, down):
    """One card, centred at (x, y): outline, badge, tag."""
    wide, high = card.size
    left, top = x - wide / 2, y - high / 2
    parts = [OUTLINES[card.kind](left, top, wide, high)]
    if card.symbol:
        shift = PIN if card.pins and not down else 0
        parts.append(badge(card, left, top, high, shift))
    middle = left + card.badge + card.tag / 2
    size = SMALL if card.kind == "constant" else SIZE
    first = y - 5 if card.gradient else y + 5
    name = f'<tspan class="name">{escape(card.name)}</tspan>' if card.name else ""
    parts.append(
        f'<text class="ink" x="{middle:g}" y="{first:g}" font-size="{size}" xml:space="preserve">'
        f"{name}{escape(card.rest)}</text>"
    )
    if card.gradient:
        kind = "missing" if card.gradient == NOT_REACHED else "gradient"
        parts.append(line(card.gradient, kind, middle, y + 14, SMALL))
    return "".join(parts)


def badge(card, left, top, high, shift):
    """The left half of an operator's card, with its symbol; shifted to make room for pins."""
    inset = 4 if card.kind == "output" else 1
    x, y, high, r = left + inset, top + inset, high - 2 * inset, 10 - inset
    right = left + card.badge
    size = symbol_size(card.symbol)
    middle = (x + shift + right) / 2
    return (
        f'<path class="badge" d="M{right:g},{y:g}H{x + r:g}q{-r},0 {-r},{r}v{high - 2 * r:g}'
        f'q0,{r} {r},{r}H{right:g}z"/>'
        + line(card.symbol, "ink name", middle, y + high / 2 + 0.36 * size, size)
    )


def outline(points, kind, width=1.5):
    path = "M" + "L".join(f"{x:g},{y:g}" for x, y in points) + "z"
    return f'<path class="{kind}" stroke-width="{width}" d="{path}"/>'


def box(kind, x, y, wide, high, radius, more=""):
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" '
        f'rx="{radius:g}" stroke-width="1.5"{more}/>'
    )


def input_outline(x, y, wide, high):
    """A pill."""
    return box("input", x, y, wide, high, min(wide, high) / 2)


def weight_outline(x, y, wide, high):
    """A box with its corners cut off, in a strong line."""
    cut, right, low = 9, x + wide, y + high
    corners = [
        (x + cut, y), (right - cut, y), (right, y + cut), (right, low - cut),
        (right - cut, low), (x + cut, low), (x, low - cut), (x, y + cut),
    ]  # fmt: skip
    return outline(corners, "weight", 2.2)


def constant_outline(x, y, wide, high):
    """A plain box in a dashed line."""
    return box("constant", x, y, wide, high, 0, ' stroke-dasharray="4 3"')


def op_outline(x, y, wide, high):
    """A box with round corners."""
    return box("op", x, y, wide, high, 10)


def output_outline(x, y, wide, high):
    """An operator's box with a second line inside the first."""
    inner = box("output", x + 3.5, y + 3.5, wide - 7, high - 7, 7)
    return box("output", x, y, wide, high, 10) + inner


OUTLINES = {
    "input": input_outline, "weight": weight_outline, "constant": constant_outline,
    "op": op_outline, "output": output_outline,
}  # fmt: skip
