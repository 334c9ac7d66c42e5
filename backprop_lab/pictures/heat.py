"""Heat maps: a matrix as tiles, of one hue above zero and of another below.

An entry that is exactly 0 has no tile. How strong a tile is grows with the square root of the
entry, so that small entries beside large ones are still seen.
"""

from collections import defaultdict
from html import escape
from math import isfinite, sqrt

from .text import number, width
from .theme import DARK, LIGHT, style

WRITTEN = (12, 8)  # rows and columns up to which the numbers stand in the tiles
CELL = (68, 30)  # of a tile with its number, in pixels
WIDE, HIGH, LARGEST = 720, 512, 28  # room for the tiles of a large map, and for one of them
MARKED = 10  # pixels of a tile from which a dot for 0 and a bar for − can be seen in it
FAINT = 0.14  # how strong the tile of the smallest entry is
UNDER_TEXT = 0.45  # how strong a tile may be that a number has to be read on
LEVELS = 12  # in how many steps of strength the tiles of a large map are drawn
MARGIN, HEAD, FOOT, SIZE = 16, 46, 54, 13


def heat_map(matrix, rows, columns, alt):
    """The SVG of a matrix with labelled rows and columns, and a legend.

    Arguments: matrix (a list of rows of floats), rows, columns (their labels), alt (in words).

    >>> "<rect" in heat_map([[1.0, -2.0], [0.0, 3.0]], ["a", "b"], ["x", "y"], "2 × 2")
    True
    """
    is_small = fits(len(rows), len(columns))
    wide, high = tile = CELL if is_small else tile_size(len(rows), len(columns))
    most, full = largest(matrix), UNDER_TEXT if is_small else 1
    gutter = max(width(label, SIZE) for label in rows) + 10
    tiles = written(matrix, most) if is_small else unwritten(matrix, most, tile)
    height = HEAD + high * len(rows)
    inside = max(gutter + wide * len(columns), 420)
    box = (inside + 2 * MARGIN, height + FOOT + 2 * MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{box[0]:g}" height="{box[1]:g}" '
        f'viewBox="{-MARGIN} {-MARGIN} {box[0]:g} {box[1]:g}" role="img">'
        f"<title>{escape(alt)}</title><style>{style()}{shades()}</style>"
        f'<rect class="panel" x="{0.5 - MARGIN}" y="{0.5 - MARGIN}" width="{box[0] - 1:g}" '
        f'height="{box[1] - 1:g}" rx="10"/>'
        f"{labels(rows, columns, tile, gutter, is_small)}"
        f'<g transform="translate({gutter:g} {HEAD})">{tiles}</g>'
        f'<g transform="translate(0 {height + 20:g})">{legend(most, full)}</g></svg>'
    )


def fits(m, n):
    """Whether the numbers of an m × n matrix are written into its tiles."""
    return m <= WRITTEN[0] and n <= WRITTEN[1]


def tile_size(m, n):
    """The width and height of a tile, in whole pixels: square, unless the map is very long."""
    side = max(1, min(WIDE // n, HIGH // m, LARGEST))
    return max(side, min(16, 160 // n)), max(side, min(16, 160 // m))


def largest(matrix):
    """The largest size of an entry that is a number; 1 where there is none but 0."""
    return max((abs(x) for row in matrix for x in row if isfinite(x)), default=0) or 1


def strength(x, most):
    """How strong the tile of x is, from FAINT to 1; 0 for no tile. most: the largest size of all.

    >>> strength(-4.0, 4.0), strength(0.0, 4.0)
    (1.0, 0)
    """
    if not isfinite(x):
        return 1
    return FAINT + (1 - FAINT) * sqrt(abs(x) / most) if x else 0


def written(matrix, most):
    """Tiles with their numbers in them."""
    wide, high = CELL
    parts = []
    for i, row in enumerate(matrix):
        for j, x in enumerate(row):
            kind, x0, y0 = shade(x), j * wide, i * high
            if kind:
                parts.append(
                    f'<rect class="{kind}" x="{x0 + 1}" y="{y0 + 1}" width="{wide - 2}" '
                    f'height="{high - 2}" rx="4" '
                    f'fill-opacity="{UNDER_TEXT * strength(x, most):.3f}"/>'
                )
            ink = "ink" if kind else "muted"
            parts.append(text(number(x), ink, x0 + wide / 2, y0 + high / 2 + 4.5))
    return "".join(parts)


def unwritten(matrix, most, tile):
    """Tiles only: one path for each hue and level, with a run of equal neighbours in one piece."""
    paths, marks = defaultdict(list), defaultdict(list)
    for i, row in enumerate(matrix):
        looks = [(shade(x), round(LEVELS * strength(x, most))) for x in row]
        start = 0
        for j in range(1, len(row) + 1):
            if j == len(row) or looks[j] != looks[start]:
                paths[looks[start]].append(f"M{start},{i}h{j - start}v1h{start - j}z")
                start = j
        for j, x in enumerate(row):
            kind = mark(x, most)
            if kind and (min(tile) >= MARKED or kind == "cross"):
                marks[kind].append((j + 0.5, i + 0.5))
    drawn = [
        f'<path class="{kind}" fill-opacity="{level / LEVELS:.3f}" d="{"".join(runs)}"/>'
        for (kind, level), runs in sorted(paths.items())
        if kind
    ]
    (wide, high), (m, n) = tile, (len(matrix), len(matrix[0]))
    outline = f'<rect class="outline" width="{wide * n}" height="{high * m}"/>'
    parts = [f'<g transform="scale({wide} {high})">{"".join(drawn)}</g>', outline]
    if min(tile) >= MARKED:
        lines = [f"M{j * wide},0v{high * m}" for j in range(1, n)]
        lines += [f"M0,{i * high}h{wide * n}" for i in range(1, m)]
        parts.insert(1, f'<path class="gaps" d="{"".join(lines)}"/>')
    for kind, places in sorted(marks.items()):
        strokes = "".join(f"M{x * wide:g},{y * high:g}{STROKES[kind]}" for x, y in places)
        parts.append(f'<path class="{kind}" d="{strokes}"/>')
    return "".join(parts)


def shade(x):
    """The class of an entry's tile; "" for none."""
    if x == 0:
        return ""
    return "odd" if not isfinite(x) else "above" if x > 0 else "below"


def mark(x, most):
    """What tells entries apart where hues cannot: a dot is 0, a bar is −, a cross is no number."""
    if shade(x) == "below":
        return "light bar" if strength(x, most) > 0.6 else "bar"
    return {"": "dot", "odd": "cross", "above": ""}[shade(x)]


STROKES = {"dot": "h0", "bar": "m-3,0h6", "light bar": "m-3,0h6", "cross": "m-3,-3l6,6m0,-6l-6,6"}


def shades():
    """The colours of the tiles, and of the marks in them."""

    def rules(colours):
        above, below = colours["input"][1], colours["weight"][1]
        return (
            f".above{{fill:{above}}}.below{{fill:{below}}}.odd{{fill:{colours['badge']}}}"
            f".dot{{stroke:{colours['edge']}}}.bar,.cross{{stroke:{colours['ink']}}}"
            f".light,.gaps{{stroke:{colours['panel']}}}"
            f".outline{{fill:none;stroke:{colours['frame']}}}"
        )

    return (
        ".start{text-anchor:start}.end{text-anchor:end}"
        ".dot{stroke-width:3;stroke-linecap:round}.bar,.cross{stroke-width:2;fill:none}"
        f"{rules(LIGHT)}@media (prefers-color-scheme:dark){{{rules(DARK)}}}"
    )


def labels(rows, columns, tile, gutter, is_small):
    """What stands beside the rows and above the columns: all labels, or the first and the last."""
    wide, high = tile
    parts = [text("row = output, column = input", "muted start", 0, 12)]
    if is_small:
        parts += [
            text(label, "ink", gutter + (j + 0.5) * wide, HEAD - 8)
            for j, label in enumerate(columns)
        ]
        parts += [
            text(label, "ink end", gutter - 8, HEAD + (i + 0.5) * high + 4.5)
            for i, label in enumerate(rows)
        ]
        return "".join(parts)
    right, low = gutter + wide * len(columns), HEAD + high * len(rows)
    if right - gutter < width(columns[0] + columns[-1], SIZE) + 20:  # no room for both
        parts.append(text(f"{columns[0]} … {columns[-1]}", "ink start", gutter, HEAD - 8))
    else:
        parts.append(text(columns[0], "ink start", gutter, HEAD - 8))
        parts.append(text(columns[-1], "ink end", right, HEAD - 8))
    parts.append(text(rows[0], "ink end", gutter - 8, HEAD + 11))
    if low > HEAD + 28:
        parts.append(text(rows[-1], "ink end", gutter - 8, low - 2))
    return "".join(parts)


def steps(most):
    """The entries that the legend shows."""
    return [-most, -most / 4, 0.0, most / 4, most]


def legend(most, full):
    """A few tiles with what they stand for. full: how strong the strongest is."""
    parts = []
    for k, x in enumerate(steps(most)):
        if shade(x):
            parts.append(
                f'<rect class="{shade(x)}" x="{84 * k}" width="72" height="12" rx="3" '
                f'fill-opacity="{full * strength(x, most):.3f}"/>'
            )
        kind = mark(x, most)
        if kind:
            parts.append(f'<path class="{kind}" d="M{84 * k + 36},6{STROKES[kind]}"/>')
        parts.append(text(number(x), "muted", 84 * k + 36, 28))
    return "".join(parts)


def text(said, kind, x, y):
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" font-size="{SIZE}">{escape(said)}</text>'
