"""The results as pictures: legible in greyscale, every line and dot labelled where it stands."""

from itertools import groupby

from .table import quantity

LOOKS = (
    {"color": "black", "marker": "o", "linestyle": "-"},
    {"color": "0.45", "marker": "s", "linestyle": "--"},
)
LABEL = {"textcoords": "offset points", "fontsize": 8}
UNITS = {  # of an axis: its label, how many make one of what was measured, its scale
    "s/node": ("µs a node, forward and backward", 1e6, "linear"),
    "bytes/node": ("bytes a node", 1, "linear"),
    "s/gradient": ("ms for all gradients", 1e3, "log"),
    "s/call": ("ms a call", 1e3, "log"),
    "bytes": ("kB, at the worst moment", 1e-3, "log"),
}


def draw(result, path):
    """Save a picture of one experiment: lines where the size varies, else a dot for each ratio."""
    import matplotlib

    matplotlib.use("Agg")  # no window; other backends may need a display
    import matplotlib.pyplot as plt

    plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
    figure = lines(plt, result) if result.sizes else dots(plt, result)
    figure.suptitle(f"{result.name}: {result.title}", fontsize=11)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def dots(plt, result):
    """A contestant a line: the ratio with its quartiles, the target, and the time in words."""
    rows = result.rows[::-1]  # a plot counts its lines from below
    figure, axes = plt.subplots(figsize=(8, 0.45 * len(rows) + 1.2), layout="constrained")
    axes.axvline(1, color="0.7", linewidth=1)
    for y, row in enumerate(rows):
        dot(axes, y, row)
        words = quantity(row.value, row.unit) if row.value else row.note
        axes.annotate(words, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [row.who for row in rows])
    axes.set(ylim=(-0.7, len(rows) - 0.3), xlabel=f"{result.ratios}: left of 1, ours is faster")
    logarithmic(axes.xaxis)
    return figure


def dot(axes, y, row):
    """A ratio, its spread and its target, on one line."""
    if row.ratio:
        low, middle, high = row.ratio
        axes.plot([low, high], [y, y], color="black", linewidth=2)
        axes.plot(middle, y, "o", color="black")
        axes.annotate(f"{middle:.3g}", (middle, y), (0, 6), **LABEL, ha="center")
    elif row.value:
        axes.plot(1, y, "o", color="black", markerfacecolor="white")  # ours, by definition
    if row.target:
        axes.plot(row.target.limit, y, "|", color="0.4", markersize=18, markeredgewidth=2)
        axes.annotate(f"target {row.target}", (row.target.limit, y), (-4, -9), **LABEL, ha="right")


def lines(plt, result):
    """A panel for each unit, and one for the ratio where that has a target."""
    views = list(panels(result))
    size = (4.8 * len(views), 3.8)
    figure, axes = plt.subplots(1, len(views), figsize=size, layout="constrained")
    for ax, (label, scale, points, target) in zip(axes, views, strict=True):
        curves(ax, points)
        if target:
            ax.axhline(target.limit, color="0.4", linestyle=":")
            place = {"xy": (0.03, target.limit), "xycoords": ("axes fraction", "data")}
            ax.annotate(f"target {target}", **place, xytext=(0, 4), **LABEL)
        ax.set(xlabel=result.sizes, ylabel=label)
        logarithmic(ax.xaxis)
        if scale == "log":
            logarithmic(ax.yaxis)
        else:
            ax.set_ylim(0, None)
    return figure


def panels(result):
    """What a panel shows: the label and scale of its vertical axis, its points, its target."""
    for unit, rows in groupby(result.rows, lambda row: row.unit):
        rows = list(rows)
        label, factor, scale = UNITS[unit]
        points = [(row.who, row.size, row.value * factor) for row in rows]
        yield label, scale, points, next((r.target for r in rows if r.target and not r.ratio), None)
    if target := next((r.target for r in result.rows if r.target and r.ratio), None):
        points = [(row.who, row.size, row.ratio[1]) for row in result.rows if row.ratio]
        yield result.ratios, "linear", points, target


def curves(axes, points):
    """A line for each contestant, with its name at its end, the upper one raised a little."""
    upper = max(points, key=lambda point: point[1:])
    for look, (who, own) in zip(LOOKS, groupby(points, lambda point: point[0]), strict=False):
        _, xs, ys = zip(*own, strict=True)
        axes.plot(xs, ys, **look)
        raised = 5 if who == upper[0] else -5  # or the names would meet where the lines do
        axes.annotate(who, (xs[-1], ys[-1]), (8, raised), **LABEL, va="center")


def logarithmic(axis):
    """A logarithmic axis that writes 0.1 and 1,000, not powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    low, high = axis.get_view_interval()
    steps = (
        (1,) if high / low > 30 else (1, 2, 5) if high / low > 5 else (1, 1.2, 1.5, *range(2, 10))
    )
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(lambda x, position: f"{x:,.10g}")
    axis.set_minor_formatter(NullFormatter())
