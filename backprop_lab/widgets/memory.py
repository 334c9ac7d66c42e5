"""What a Jacobian weighs, and what a VJP weighs: a slider for n, and two bars."""

from math import log10

import numpy as np

from ..errors import DataError
from ..ledger import in_units
from ..pictures import Picture
from ..pictures.theme import style
from .page import HERE, Interactive

FLOAT32 = 4  # bytes
LIMIT = 2e9  # bytes: what a small machine has
SCALE = (1e1, 1e12)  # bytes, from one end of a bar to the other
NAMES = ["dense J, n × n numbers:", "the cotangent that a VJP returns, n numbers:"]
SIZES = sorted({*(int(float(f"{10**k:.1e}")) for k in np.arange(1, 5.01, 0.05)), 22_361})


def show_memory(n=22_361):
    """The bytes of the dense Jacobian of n numbers by n numbers, beside those of one VJP.

    Both in float32, on a logarithmic scale from 10 B to 1 TB, with a line at 2 GB (2·10⁹ bytes). In
    a notebook, a slider moves n from 10 to 100,000. Argument: n (where the slider begins).
    Raises DataError for what is no whole number from 1 on.

    >>> show_memory(1000)
    n = 1,000: J takes 4 MB, and a VJP returns 4 kB: 1,000 times less. J fits into 2 GB.
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise DataError(f"n is how many numbers go in and come out: 1, 2, 3, …; not {n!r}.")
    sizes = sorted({*SIZES, int(n)})
    first = row(int(n))
    data = {
        "heading": "Bytes of J, and of one VJP",
        "style": (HERE / "memory.css").read_text(encoding="utf-8"),
        "names": NAMES,
        "limit": share(LIMIT),
        "rows": [row(size) for size in sizes],
        "at": sizes.index(n),
    }
    return Interactive(Picture(first["says"], still(first)), "memory", data)


def still(first):
    """The two bars as an image, for wherever scripts do not run."""
    parts = [f"<style>{style()}</style>", '<rect class="panel" width="520" height="128" rx="10"/>']
    for k, name in enumerate(NAMES):
        top, wide = 22 + 50 * k, 4.9 * first["shares"][k]
        said = f"{name} {first['bytes'][k]}"
        parts.append(f'<text class="ink" style="text-anchor:start" x="15" y="{top}">{said}</text>')
        parts.append(f'<rect class="output" x="15" y="{top + 8}" width="{wide:g}" height="16"/>')
    x = 15 + 4.9 * share(LIMIT)
    parts.append(f'<path class="edge" stroke-dasharray="4 3" d="M{x:g} 26V104"/>')
    parts.append(f'<text class="muted" x="{x:g}" y="120">2 GB</text>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="520" height="128" font-size="13.5">'
        f"{''.join(parts)}</svg>"
    )


def row(n):
    """What is shown for one n."""
    dense, rule = FLOAT32 * n * n, FLOAT32 * n
    fits = "fits into" if dense < LIMIT else "does not fit into"
    return {
        "n": f"{n:,}",
        "bytes": [in_units(dense), in_units(rule)],
        "shares": [share(dense), share(rule)],
        "says": f"n = {n:,}: J takes {in_units(dense)}, and a VJP returns {in_units(rule)}: {n:,} "
        f"times less. J {fits} 2 GB.",
    }


def share(size):
    """How far along a bar a number of bytes comes, in percent."""
    low, high = map(log10, SCALE)
    return round(100 * min(max((log10(size) - low) / (high - low), 0), 1), 2)
