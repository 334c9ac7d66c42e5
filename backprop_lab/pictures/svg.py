"""The picture itself: cards and arrows as SVG."""

from html import escape
from itertools import pairwise

from .arrows import CHIP
from .cards import LINE, PIN, SMALL, symbol_size
from .layout import HEAD, NEAR, WIDEST
from .outlines import BEHIND, inset, outline
from .text import width
from .theme import style

MARGIN, FOOT = 20, 20  # around the graph; for a line below it
BEND = 8  # radius of a bend
CROWDED = 22  # so far apart are two arrowheads with room for a number between them


def write(cards, arrows, layout, notes, alt):
    """One self-contained SVG document.

    Arguments: cards ({id: Card}), arrows (a list of Arrow), layout (a Layout of both), notes (lines
    below the graph), alt (what it shows, in words).
    """
    inner = max([layout.width, *(width(note, SMALL) for note in notes)])
    foot = FOOT * len(notes) + 8 * bool(notes)
    wide, high = inner + 2 * MARGIN, layout.height + 2 * MARGIN + foot
    left = (layout.width - wide) / 2
    shown = min(1, WIDEST / wide)  # what no arrangement makes narrow enough is scaled down
    size = wide * shown, high * shown
    parts = [
        f"<title>{escape(alt)}</title><style>{style()}</style>",
        f'<rect class="panel" x="{left + 0.5:g}" y="{0.5 - MARGIN}" width="{wide - 1:g}" '
        f'height="{high - 1:g}" rx="10"/>',
        *drawing(cards, arrows, layout),
    ]
    for i, note in enumerate(notes):
        y = layout.height + MARGIN + FOOT * i + 10
        parts.append(line(note, "muted", layout.width / 2, y, SMALL))
    return document(parts, size, f"{left:g} {-MARGIN} {wide:g} {high:g}")


def write_scene(cards, arrows, layout):
    """The drawing alone, at full size, as a dict: svg (without a style of its own), width, height.

    Its hosts find what is on it by the attributes that begin with data-.
    """
    wide, high = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    parts = drawing(cards, arrows, layout)
    svg = document(parts, (wide, high), f"{-MARGIN} {-MARGIN} {wide:g} {high:g}")
    return {"svg": svg, "width": round(wide, 1), "height": round(high, 1)}


def document(parts, size, view):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]:g}" height="{size[1]:g}" '
        f'viewBox="{view}" role="img">{"".join(parts)}</svg>'
    )


def drawing(cards, arrows, layout):
    """Cards first: arrows end exactly on their borders, and the numbers of inputs lie upon them."""
    parts = []
    for key, card in cards.items():
        parts.append(draw_card(key, card, *layout.boxes[key], layout.down))
    tips = {}
    for arrow, corners in zip(arrows, layout.arrows, strict=True):
        tips.setdefault(arrow.reader, []).append(corners[-1][0])
    for arrow, corners, middle in zip(arrows, layout.arrows, layout.labels, strict=True):
        boxes = [(cards[key], layout.boxes[key]) for key in (arrow.source, arrow.reader)]
        left = any(0 < corners[-1][0] - x < CROWDED for x in tips[arrow.reader])
        parts.append(draw_arrow(arrow, corners, middle, boxes, layout.down, left))
    return parts


def data(**facts):
    """Attributes by which scripts find what belongs to which node or edge."""
    return "".join(f' data-{name}="{escape(fact)}"' for name, fact in facts.items() if fact)


def line(text, kind, x, y, size, part=None):
    found = data(part=part)
    return (
        f'<text class="{kind}" x="{x:g}" y="{y:g}" font-size="{size}"{found}>{escape(text)}</text>'
    )


def draw_arrow(arrow, corners, middle, boxes, down, crowded=False):
    """One arrow with what stands on it; crowded: is another head close to the left of its own?"""
    edges = " ".join(edge["id"] for edge in arrow.edges)
    found = data(source=arrow.source, reader=arrow.reader, edges=edges)
    drawn = path_and_head(start_and_rest(corners, *boxes[0]))
    if arrow.label:
        drawn += chip(arrow, *beside(corners, middle, arrow.label, arrow.ground))
    if arrow.pin:
        card, (_, y) = boxes[1]
        reach = card.height / 2 - 10  # how far from the middle it may stand
        drawn += pin(arrow.pin, *corners[-1], y, reach, down, crowded)
    return f'<g class="arrow"{found}>{drawn}</g>'


def start_and_rest(corners, card, centre):
    """The corners of an arrow, moved to where the card that it leaves really has its border."""
    (x0, y0), (x1, y1) = corners[:2]
    wide, high = card.size
    dx, dy = sign(x1 - x0), sign(y1 - y0)
    along = high / 2 - abs(y0 - centre[1]) if dx else wide / 2 - abs(x0 - centre[0])
    depth = inset(card.kind, along, high)
    return [(x0 - depth * dx, y0 - depth * dy), *corners[1:]]


def path_and_head(corners):
    """A path through the corners, with rounded bends and a head."""
    (x2, y2), (tip_x, tip_y) = corners[-2:]
    dx, dy = sign(tip_x - x2), sign(tip_y - y2)
    base = (tip_x - (HEAD - 1) * dx, tip_y - (HEAD - 1) * dy)
    side_x, side_y = 4.5 * dy, 4.5 * dx
    head = (
        f"M{tip_x:g},{tip_y:g}L{tip_x - HEAD * dx + side_x:g},{tip_y - HEAD * dy + side_y:g}"
        f"L{tip_x - HEAD * dx - side_x:g},{tip_y - HEAD * dy - side_y:g}z"
    )
    path = rounded([*corners[:-1], base])
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


def beside(corners, middle, size, ground):
    """Where the text of a label starts, is centred or ends: (x, y, anchor).

    It stays close to its arrow, even where room is kept for a longer one.
    """
    (x, y), (wide, high) = middle, size
    left, right = x - wide / 2, x + wide / 2
    upright, level = [], False
    for (ax, ay), (bx, by) in pairwise(corners):
        if min(ay, by) <= y + high / 2 and max(ay, by) >= y - high / 2:
            upright += [ax] if ax == bx else []
            level |= ax != bx and min(ax, bx) < right and max(ax, bx) > left
    for line in upright:
        if left < line < right and not level:
            return min(max(line, left + ground / 2), right - ground / 2), y, "middle"
    if any(left - NEAR <= line <= left for line in upright):
        return left + 3, y, "start"
    if any(right <= line <= right + NEAR for line in upright):
        return right - 3, y, "end"
    return x, y, "middle"


def chip(arrow, x, y, anchor):
    """What stands on an arrow, on ground of its own."""
    wide, high = arrow.ground, arrow.label[1]
    lines = [(arrow.local, "local")] if arrow.local else []
    lines += [([(arrow.marks, None)], "ink name")] if arrow.marks else []
    left = x - {"start": 3, "middle": wide / 2, "end": wide - 3}[anchor]
    drawn = (
        f'<rect class="chip" x="{left:g}" y="{y - high / 2 + 2:g}" width="{wide:g}" '
        f'height="{high - 4:g}" rx="4"/>'
    )
    aside = "" if anchor == "middle" else f' style="text-anchor:{anchor}"'
    base = y - high / 2 + CHIP - 3
    for i, (told, kind) in enumerate(lines):
        spans = "".join(
            f"<tspan{data(part='local', edge=edge)}>{escape(text)}</tspan>"
            if edge
            else escape(text)
            for text, edge in told
        )
        drawn += (
            f'<text class="{kind}" x="{x:g}" y="{base + CHIP * i:g}" font-size="{SMALL}"{aside} '
            f'xml:space="preserve">{spans}</text>'
        )
    return drawn


def pin(number, x, y, middle, reach, down, crowded):
    """Which input an arrow brings: beside its head, or just inside the card that it reaches."""
    half = width(number, SMALL) / 2
    if down:
        aside = 6 + half if crowded else -6 - half
        return line(number, "muted", x + aside, y - 4, SMALL, "pin")
    inside = max(middle - reach, min(middle + reach, y))
    return line(number, "muted", x + 7 + half, inside + 4, SMALL, "pin")


def draw_card(key, card, x, y, down):
    """One card, centred at (x, y): outline, badge, lines."""
    wide, high = card.size
    left, top = x - wide / 2, y - high / 2
    parts = [outline(card.kind, left, top, wide, high)]
    if card.symbol:
        shift = PIN if card.pins and not down else 0
        parts.append(badge(card, left, top, high, shift))
    middle = left + card.badge + card.tag / 2
    if card.kind == "group":
        middle, y = middle - BEHIND / 2, y + BEHIND / 2
    first = y + 5 - (LINE + 1) / 2 * (len(card.lines) - 1)
    for i, told in enumerate(card.lines):
        base = first + (LINE + 1) * i
        parts.append(card_line(told, middle, base))
    found = data(node=key, of=card.of, members=" ".join(card.members))
    return f'<g class="card {card.kind}"{found}>{"".join(parts)}</g>'


def card_line(told, x, y):
    if told.part != "title":
        return line(told.text, told.kind, x, y, told.size, told.part)
    name = f'<tspan class="name">{escape(told.name)}</tspan>' if told.name else ""
    value = f'<tspan data-part="value">{escape(told.text)}</tspan>'
    return (
        f'<text class="ink" x="{x:g}" y="{y:g}" font-size="{told.size}" data-part="title" '
        f'xml:space="preserve">{name}{value}</text>'
    )


def badge(card, left, top, high, shift):
    """The left half of an operator's card, with its symbol; shifted to make room for pins."""
    gap = 4 if card.kind == "output" else 1
    x, y, high, r = left + gap, top + gap, high - 2 * gap, 10 - gap
    right = left + card.badge
    size = symbol_size(card.symbol)
    middle = (x + shift + right) / 2
    return (
        f'<path class="badge" d="M{right:g},{y:g}H{x + r:g}q{-r},0 {-r},{r}v{high - 2 * r:g}'
        f'q0,{r} {r},{r}H{right:g}z"/>'
        + line(card.symbol, "ink name", middle, y + high / 2 + 0.36 * size, size)
    )
