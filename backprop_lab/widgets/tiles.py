"""Arrays as tiles: the last axis runs across, the one before it down, one more in blocks below.

`places` says where each entry stands; `panels` draws the still picture of a broadcast.
"""

from html import escape
from itertools import product
from math import prod

from ..pictures.text import number
from ..pictures.theme import style

WIDE, HIGH, GAP = 60, 30, 14  # a tile, and the room between two blocks
MOST = (8, 24)  # columns and rows that are drawn
MARGIN, HEAD, BETWEEN, SIZE = 16, 26, 118, 13


def fits(shape):
    """Whether an array of this shape is drawn."""
    columns, rows = shape[-1] if shape else 1, prod(shape[:-1])
    return len(shape) <= 3 and 0 < columns <= MOST[0] and 0 < rows <= MOST[1]


def places(shape):
    """Where the entries of an array stand, in order: [left, top] in pixels.

    >>> places((2, 2))
    [[0, 0], [60, 0], [0, 30], [60, 30]]
    """
    blocks, rows, columns = (1,) * (3 - len(shape)) + tuple(shape)
    block = rows * HIGH + GAP
    return [
        [j * WIDE, b * block + i * HIGH]
        for b, i, j in product(range(blocks), range(rows), range(columns))
    ]


def panels(broadcast, alt):
    """The SVG of a broadcast: x and z with an arrow between them; x_bar and z_bar, and one back."""
    where = places(broadcast.z.shape)
    homes = broadcast.homes()
    first = {home: k for k, home in reversed([*enumerate(homes)])}  # the copy that is x itself
    wide, high = max(p[0] for p in where) + WIDE, max(p[1] for p in where) + HIGH
    right, low = wide + BETWEEN, high + HEAD + 22
    axes = " and ".join(map(str, broadcast.axes))
    over = f"{'axis' if len(broadcast.axes) == 1 else 'axes'} {axes}" if axes else "as it is"
    values, cotangents = broadcast.z.ravel(), broadcast.z_bar.ravel()
    x = {k: values[k] for k in first.values()}
    x_bar = {k: broadcast.x_bar.ravel()[home] for home, k in first.items()}
    parts = [
        panel(0, 0, f"x {broadcast.x.shape}", where, x, x, "ink"),
        arrow(wide, HEAD + high / 2, "copy", over, 1),
        panel(right, 0, f"z {broadcast.z.shape}", where, dict(enumerate(values)), x, "ink"),
        panel(0, low, f"x_bar {broadcast.x.shape}", where, x_bar, x, "gradient"),
        arrow(wide, low + HEAD + high / 2, "add", over, -1),
        panel(right, low, f"z_bar {broadcast.z.shape}", where, dict(enumerate(cotangents)),
              dict(enumerate(cotangents)), "gradient"),
    ]  # fmt: skip
    size = right + wide + 2 * MARGIN, low + HEAD + high + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
        f'viewBox="{-MARGIN} {-MARGIN} {size[0]} {size[1]}" role="img">'
        f"<title>{escape(alt)}</title><style>{style()}.start{{text-anchor:start}}</style>"
        f'<rect class="panel" x="{0.5 - MARGIN}" y="{0.5 - MARGIN}" width="{size[0] - 1}" '
        f'height="{size[1] - 1}" rx="10"/>{"".join(parts)}</svg>'
    )


def panel(left, top, title, where, entries, solid, kind):
    """One array: a tile for each entry, dashed if it is a copy; an outline where there is none."""
    drawn = [text(title, "ink name start", left, top + 14)]
    for k, (x, y) in enumerate(where):
        x, y = left + x, top + HEAD + y
        tile = "panel" if k not in entries else "op" if kind == "gradient" else "input"
        dashes = "" if k in solid else ' stroke-dasharray="4 3"'
        drawn.append(
            f'<rect class="{tile}" x="{x + 2}" y="{y + 2}" width="{WIDE - 4}" '
            f'height="{HIGH - 4}" rx="5" stroke-width="1.5"{dashes}/>'
        )
        if k in entries:
            drawn.append(text(number(float(entries[k])), kind, x + WIDE / 2, y + HIGH / 2 + 4.5))
    return "".join(drawn)


def arrow(left, y, verb, over, way):
    """What happens between two panels; way: 1 for to the right, -1 for to the left."""
    near, far = left + 20, left + BETWEEN - 20
    tip, tail = (far, near) if way > 0 else (near, far)
    head = f"M{tip},{y:g}L{tip - 9 * way},{y - 4.5:g}v9z"
    return (
        f'<path class="edge" stroke-width="1.7" d="M{tail},{y:g}H{tip - 8 * way}"/>'
        f'<path class="head" d="{head}"/>'
        + text(verb, "ink name", (near + far) / 2, y - 9)
        + text(over, "muted", (near + far) / 2, y + 20)
    )


def text(said, kind, x, y):
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" font-size="{SIZE}">{escape(said)}</text>'
