"""The slopes of a function, measured by nudging its inputs.

The slope of f is measured by central differences (f(x + h) - f(x - h)) / 2h at steps h from large
to small, extrapolated to h = 0; the entry of that table which disagrees least with its neighbours
is taken, and how much it disagrees is the estimate of its error (Ridders 1982, "Accurate
computation of F'(x) and F'(x)F''(x)"; Press et al., "Numerical Recipes", 3rd ed., section 5.7).
So no step has to be chosen: a large one is off by the curvature of f, a small one by rounding.
"""

import inspect
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..engine import Op, Tensor
from ..errors import DataError, ShapeError, a_kind_of
from ..modes import no_grad
from ..transforms import as_leaf, check_output
from .report import shown

STEPS = 0.1 / 3.0 ** np.arange(7)  # 0.1 to 0.00014
TINY = 0.01  # smaller values of f may be what larger ones have left, and as noisy as those


def numeric_jacobian(f, x):
    """The Jacobian of f at x, measured by finite differences: an array of y.shape + x.shape.

    At a kink it has the mean of the slopes on the two sides; nan where f has no slope.

    >>> numeric_jacobian(lambda x: x * x, [1.0, 3.0]).round(6)
    array([[2., 0.],
           [0., 6.]])
    """
    (x,), names, _ = check_inputs(f, (x,))
    y = check_value(f, [x], names)
    slopes = [measure(f, [x], names, y, (0, i)).slope for i in np.ndindex(x.shape)]
    return np.stack(slopes, -1).reshape(y.shape + x.shape)


def check_inputs(f, xs):
    """The point in float64, the names of the inputs, and what has to be said about them."""
    if not callable(f):
        raise DataError(f"gradcheck takes a function and then its inputs; f is {a_kind_of(f)}.")
    if not xs:
        raise DataError("gradcheck needs a point to check f at: gradcheck(f, x, ...).")
    leaves = [as_leaf(x, i, keep=False) for i, x in enumerate(xs)]
    warnings = [
        f"differences in {dtype} are mostly rounding: the inputs were converted to float64."
        for dtype in sorted({str(x.dtype) for x in leaves} - {"float64"})
    ]
    names = [x.name or name for x, name in zip(leaves, parameters(f, len(xs)), strict=True)]
    arrays = [np.array(x.data, np.float64) for x in leaves]
    for name, x in zip(names, arrays, strict=True):
        if not np.isfinite(x).all():
            raise DataError(f"{name} holds nan or inf, and no slope can be measured there.")
    if sum(x.size for x in arrays) == 0:
        raise ShapeError(
            f"The inputs {', '.join(names)} have no entries: there is nothing to check."
        )
    return arrays, names, warnings


def parameters(f, count):
    """What f calls its arguments, or x0, x1, ... where that cannot be known."""
    op = getattr(f, "__self__", None)  # that of Op.apply, whose forward names them after ctx
    skipped = isinstance(op, type) and issubclass(op, Op)
    try:
        given = [*inspect.signature(op.forward if skipped else f).parameters.values()][skipped:]
    except (TypeError, ValueError):
        given = ()
    known = [p.name for p in given if p.kind < p.VAR_POSITIONAL][:count]
    return (
        known if len(known) == count else ["x"] if count == 1 else [f"x{i}" for i in range(count)]
    )


def value(f, xs, names):
    """f at a point, as an array, with nothing recorded."""
    with no_grad(), np.errstate(all="ignore"):
        given = [Tensor(x.copy()[()], name=n) for x, n in zip(xs, names, strict=True)]
        return np.array(check_output(f(*given)).data)


def check_value(f, xs, names):
    """f at the point itself, refused where there is nothing that could be measured."""
    y = value(f, xs, names)
    if y.dtype.kind != "f":
        raise DataError(f"f returned {y.dtype}, which moves in jumps: it has no slope to measure.")
    if y.size == 0:
        raise ShapeError(f"f returned shape {y.shape}, with no entries: there is nothing to check.")
    if not np.isfinite(y).all():
        raise DataError("f is nan or inf at this point. Check it at a point inside its domain.")
    if not np.array_equal(y, value(f, xs, names)):
        raise DataError(
            "f gave two values for the same inputs, so no difference means anything. If it draws "
            "random numbers, let it make its generator anew in each call, from a fixed seed."
        )
    return y


def moved(xs, column, t):
    """The point xs moved by t in one entry, or along a direction; and how far it really moved."""
    if isinstance(column, list):
        return [x + t * v for x, v in zip(xs, column, strict=True)], abs(t)
    k, index = column
    there = list(xs)
    there[k] = xs[k].copy()
    there[k][index] += t
    return there, abs(there[k][index] - xs[k][index])  # x + t is rounded


@dataclass
class Slopes:
    """The slopes of all entries of y along one column: flat arrays, one number for each."""

    slope: np.ndarray
    error: np.ndarray  # estimated
    low: np.ndarray  # low and high differ at a kink only
    high: np.ndarray
    kink: np.ndarray
    step: np.ndarray

    def rank(self):
        """For choosing between ladders: a slope that has settled is worth more than a kink."""
        return np.where(self.kink, self.error + 1e-5 * (self.high - self.low), self.error)


def measure(f, xs, names, y, column):
    """The slopes along a column, from the first ladder of steps on which they all settle.

    Steps are tried in units of 1, of |x| where that is far from 1, and of 0.001, which finds its
    way where a kink is near. Each entry of y takes the ladder on which it settled best.
    """
    size = 1.0 if isinstance(column, list) else abs(xs[column[0]][column[1]])
    units = [1.0, 1e-3] if size == 0 or 0.1 <= size <= 10 else [1.0, size, 1e-3]
    best = None
    for unit in units:
        found = ladder(f, xs, names, y, column, unit * STEPS)
        if best is not None:
            better = found.rank() < best.rank()
            pick = {n: np.where(better, a, vars(best)[n]) for n, a in vars(found).items()}
            found = Slopes(**pick)
        best, scale = found, np.abs(found.slope)
        if np.all(
            ~best.kink
            & (
                best.error
                <= 1e-9 * scale + 1e-12 * np.max(scale, where=np.isfinite(scale), initial=0)
            )
        ):
            break
    return best


def ladder(f, xs, names, y, column, steps):
    """The slopes along a column from one ladder of steps, by Ridders' method."""
    eps, y = np.finfo(y.dtype).eps, y.ravel().astype(float)
    central, right, left, noise = [], [], [], []
    with np.errstate(all="ignore"):
        for h in steps:
            (above, up), (below, down) = (moved(xs, column, t) for t in (h, -h))
            above, below = (value(f, x, names).ravel().astype(float) for x in (above, below))
            right.append((above - y) / up)
            left.append((y - below) / down)
            central.append((above - below) / (up + down))
            size = np.maximum(np.maximum(np.abs(above), np.abs(below)), TINY)
            noise.append(2 * eps * size / up)
        slope, error, step = extrapolate(central, noise, steps)
        error = np.where(np.any(central, axis=0), error, 0.0)  # never moved: exactly flat
        gaps = [np.abs(r - l) for r, l in zip(right, left, strict=True)]
        sides = np.abs(right[-1]) + np.abs(left[-1])
        # The slopes of the two sides come together as the step shrinks, unless there is a kink.
        rounding = 30 * noise[-1] + 1e-9 * np.max(sides, where=np.isfinite(sides), initial=0)
        kink = (gaps[-1] > gaps[-3] / 2) & (gaps[-1] > 1e-6 * sides + rounding)
        unsure = np.abs(right[-1] - right[-2]) + np.abs(left[-1] - left[-2])
    return Slopes(
        slope=np.where(kink, (right[-1] + left[-1]) / 2, slope),
        error=np.where(kink, unsure, error),
        low=np.where(kink, np.minimum(right[-1], left[-1]), slope),
        high=np.where(kink, np.maximum(right[-1], left[-1]), slope),
        kink=kink,
        step=np.where(kink, steps[-1], step),
    )


def extrapolate(central, noise, steps):
    """Ridders' table: differences at shrinking steps, extrapolated to step 0; the best entry.

    Returns (slope, error, step). The error is infinite where no two entries are finite.
    """
    best = np.full_like(central[0], np.nan), np.full_like(central[0], np.inf), central[0] * np.nan
    row, factor = central, 1.0
    for order in range(1, len(steps)):
        factor *= (steps[0] / steps[1]) ** 2  # the error of a central difference goes with h²
        above, row = row, [(b * factor - a) / (factor - 1) for a, b in pairwise(row)]
        for i, x in enumerate(row):
            error = np.maximum(np.abs(x - above[i]), np.abs(x - above[i + 1])) + noise[i + order]
            better = error < best[1]
            new = x, error, np.full_like(x, steps[i + order])
            best = tuple(np.where(better, a, b) for a, b in zip(new, best, strict=True))
    return best


@dataclass
class Measured:
    """The measured Jacobian, by rows (entries of y) and columns: arrays of numbers and bounds."""

    slope: np.ndarray
    low: np.ndarray
    high: np.ndarray
    slack: np.ndarray  # how far outside of its bounds a right value may lie
    known: np.ndarray  # False where f could not be measured
    step: np.ndarray

    def times(self, rows):
        """The same for rows that are sums of entries of y, with the factors `rows`."""
        up, down, size = np.maximum(rows, 0), np.minimum(rows, 0), np.abs(rows)
        return Measured(
            slope=rows @ self.slope,
            low=up @ self.low + down @ self.high,
            high=up @ self.high + down @ self.low,
            slack=size @ self.slack,
            known=size @ ~self.known == 0,
            step=np.broadcast_to(self.step.min(0), (len(rows), self.step.shape[1])),
        )

    def wrong(self, analytic, backward):
        """Where a Jacobian is not as measured.

        An infinite slope times a 0 of the one-hot z_bar (or x_dot) is nan: backward, in the other
        rows of its column; forward, in the other columns of its row.
        """
        beside = ~self.known.all(0 if backward else 1, keepdims=True)
        right = np.isnan(analytic) & beside
        right |= (analytic >= self.low - self.slack) & (analytic <= self.high + self.slack)
        return self.known & ~right


def measure_all(f, xs, names, y, columns):
    """The measured Jacobian, and warnings about what is at a kink or could not be measured."""
    found = [measure(f, xs, names, y, column) for column in columns]
    whole = {n: np.stack([getattr(s, n) for s in found], 1) for n in vars(found[0])}
    kink, error, slope = whole.pop("kink"), whole.pop("error"), whole["slope"]
    top = np.abs(slope[np.isfinite(error)]).max(initial=0)
    size = np.abs(slope) + top
    exact = np.finfo(y.dtype).eps < 1e-10
    slack = 1e-15 + 20 * error + (1e-7 * np.abs(slope) + 1e-11 * top if exact else 1e-3 * size)
    noise = 1e-9 * np.abs(y).max()  # where y is large, slopes that are tiny are lost in it
    known = np.isfinite(error) & (kink | (20 * error <= (1e-3 if exact else 1) * size + noise))
    rough = known & ~kink & (20 * error > (1e-6 if exact else 1) * size + noise)
    warnings = [
        f"{listed(names, columns, bad.any(0))} {text}."
        for bad, text in (
            (kink, f"at a kink (or within {STEPS[-1]:.0e} of one): any slope between the two sides "
                   "passes"),
            (~known, "not tested: no slope settles there, or it is lost in rounding"),
            (rough, "measured roughly: errors of 1 in a million cannot be seen there"),
        )
        if bad.any()
    ]  # fmt: skip
    clean = {n: np.where(known, a, 0.0) for n, a in whole.items()}
    return Measured(**clean, slack=np.where(known, slack, 0.0), known=known), warnings


def listed(names, columns, chosen):
    """The entries that some columns move, by name: the first three, and how many more."""
    said = [
        "a random direction" if isinstance(c, list) else names[c[0]] + shown(c[1])
        for c, is_one in zip(columns, chosen, strict=True)
        if is_one
    ]
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return f"{', '.join(said[:3])}{more}:"
