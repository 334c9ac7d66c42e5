"""Figures of matplotlib with their words, shown like all other pictures."""

import sys
from io import BytesIO

from .export import checked, write
from .picture import Picture, embedded

PIXELS = 100  # pixels per inch on the page; the image has twice as many, for sharp screens


class Figure(Picture):
    """A figure of matplotlib as a picture. Attributes: those of Picture, and png (the bytes)."""

    def __init__(self, alt, png, width):
        self.png = png
        more = f'width="{width}" class="figure" '
        super().__init__(alt, html=embedded(png, "png", alt, more))

    def save(self, path, scale=2):
        """Write the image to a .png file; as `Picture.save` does, but its scale is fixed."""
        write(checked(path, [".png"]), self.png)


def figure(fig, alt):
    """A matplotlib figure as a `Picture`, with words for those who cannot see it; closes it.

    Arguments: fig (a matplotlib Figure), alt (what it shows, in a sentence or two). The panel is
    white, on dark pages too; the same figure gives the same bytes. Raises TypeError for anything
    else.

    >>> from matplotlib.figure import Figure
    >>> fig = Figure(figsize=(2, 1))
    >>> _ = fig.subplots().plot([1, 4, 9])
    >>> figure(fig, "The squares of 1, 2 and 3 lie on a curve that bends upwards.")
    The squares of 1, 2 and 3 lie on a curve that bends upwards.
    """
    if not hasattr(fig, "savefig"):
        hint = " Give its .figure." if hasattr(fig, "figure") else ""
        raise TypeError(f"figure shows a matplotlib Figure; this is a {type(fig).__name__}.{hint}")
    if not isinstance(alt, str) or not alt.strip():
        raise TypeError(
            "alt says in words what the figure shows, for those who cannot see it: "
            'figure(fig, "The loss falls from 2.3 to 0.1 in 50 steps."). '
            f"It is {alt!r}."
        )
    file = BytesIO()
    fig.savefig(
        file, format="png", dpi=2 * PIXELS, bbox_inches="tight", facecolor="white",
        metadata={"Software": None},
    )  # fmt: skip
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(fig)  # or the notebook would show it a second time
    png = file.getvalue()
    wide = int.from_bytes(png[16:20], "big")  # where a PNG says how wide it is
    return Figure(" ".join(alt.split()), png, wide // 2)
