"""The outline of each kind of card: kinds are told apart by form, and only then by colour."""

CUT, ROUND = 9, 10  # corners of a weight, of an operator
BEHIND = 6  # how far the edges behind a folded group reach


def outline(kind, x, y, wide, high):
    """The shapes of one card, given its top left corner and its size."""
    return OUTLINES[kind](x, y, wide, high)


def box(kind, x, y, wide, high, radius, more=""):
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" '
        f'rx="{radius:g}" stroke-width="1.5"{more}/>'
    )


def pill(x, y, wide, high):
    return box("input", x, y, wide, high, min(wide, high) / 2)


def cut_box(x, y, wide, high):
    """A box with its corners cut off, in a strong line."""
    right, low = x + wide, y + high
    corners = [
        (x + CUT, y), (right - CUT, y), (right, y + CUT), (right, low - CUT),
        (right - CUT, low), (x + CUT, low), (x, low - CUT), (x, y + CUT),
    ]  # fmt: skip
    path = "M" + "L".join(f"{px:g},{py:g}" for px, py in corners) + "z"
    return f'<path class="weight" stroke-width="2.2" d="{path}"/>'


def dashed_box(x, y, wide, high):
    return box("constant", x, y, wide, high, 0, ' stroke-dasharray="4 3"')


def round_box(x, y, wide, high):
    return box("op", x, y, wide, high, ROUND)


def double_box(x, y, wide, high):
    """An operator's box with a second line inside the first."""
    inner = box("output", x + 3.5, y + 3.5, wide - 7, high - 7, 7)
    return box("output", x, y, wide, high, ROUND) + inner


def stack(x, y, wide, high):
    """A round box with the edges of others behind it: there is more in here."""
    behind = "".join(
        f'<path class="group" stroke-width="1.5" style="fill:none" d="M{x + BEHIND + d:g},'
        f"{y + BEHIND - d:g}H{x + wide - BEHIND + d - ROUND:g}q{ROUND},0 {ROUND},{ROUND}"
        f'V{y + high - BEHIND - d:g}"/>'
        for d in (BEHIND / 2, BEHIND)
    )
    front = box("group", x, y + BEHIND, wide - BEHIND, high - BEHIND, ROUND)
    return front + behind


OUTLINES = {
    "input": pill, "weight": cut_box, "constant": dashed_box, "op": round_box,
    "output": double_box, "group": stack,
}  # fmt: skip


def inset(kind, along, high):
    """How far inside its box the border of a card lies, `along` pixels from a corner of the box."""
    if kind == "constant":
        return 0
    if kind == "weight":
        return max(0, CUT - along)
    radius = high / 2 if kind == "input" else ROUND
    short = max(0, radius - along)
    return radius - (radius**2 - short**2) ** 0.5
