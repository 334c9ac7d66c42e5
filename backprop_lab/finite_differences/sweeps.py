"""Both sweeps of one run, held against measured slopes and against each other."""

import numpy as np

from ..errors import RuleError
from ..modes import no_grad
from ..transforms import Run
from .report import Entry, Fault, meaning

WHOLE = 200  # of more inputs some are drawn by chance, and more outputs are mixed
DRAWN = 50


def mixed(seed, shape):
    """Random numbers of both signs, none near 0 and none of size 1, so that no mistake hides."""
    rng = np.random.default_rng(seed)
    signs = rng.permutation((-1.0) ** np.arange(1, np.prod(shape, dtype=int) + 1))
    return np.array(signs * rng.uniform(1.1, 2.9, signs.shape)).reshape(shape)


def choose_columns(xs):
    """The directions to go in: entries, as (input, index), and a list with an array for each input.

    The latter is one random direction, which moves every entry; it comes last, and only where not
    all entries are checked by themselves.
    """
    columns = [(k, index) for k, x in enumerate(xs) for index in np.ndindex(x.shape)]
    if len(columns) <= WHOLE:
        return columns
    drawn = np.random.default_rng(0).choice(len(columns), DRAWN, replace=False)
    return [*(columns[j] for j in sorted(drawn)), [mixed(2 + k, x.shape) for k, x in enumerate(xs)]]


class Sweeps:
    """What the two sweeps give for chosen columns, and how it compares.

    Arguments: f, xs (arrays), names (of the inputs), columns, symbol (what the output is called).
    """

    def __init__(self, f, xs, names, columns, symbol):
        self.xs, self.names, self.columns, self.symbol = xs, names, columns, symbol
        with no_grad(), np.errstate(all="ignore"):  # unwatched: rules get arrays
            self.run = Run(f, xs, range(len(xs)))
        self.y_shape = self.run.y.shape
        size = sum(x.size for x in xs)
        self.drawn = size > WHOLE
        self.extent = f" ({DRAWN} of {size} inputs and a random direction)" if self.drawn else ""

    def pull(self, z_bar):
        """Jᵀ z_bar, an array for each input, from a flat z_bar."""
        with no_grad(), np.errstate(all="ignore"):
            x_bars = self.run.pull_back(z_bar.reshape(self.y_shape))
        return [np.asarray(x_bar.data) for x_bar in x_bars]

    def push(self, x_dots):
        """J x_dot as a flat array."""
        with no_grad(), np.errstate(all="ignore"):
            return np.asarray(self.run.push_forward(x_dots).data, float).ravel()

    def along(self, x_bars, column):
        """The sum of x_bar x_dot for the x_dot of a column."""
        if isinstance(column, list):
            return sum(np.sum(x_bar * v) for x_bar, v in zip(x_bars, column, strict=True))
        return x_bars[column[0]][column[1]]

    def tangents(self, column):
        """The x_dot of a column, an array for each input."""
        if isinstance(column, list):
            return column
        x_dots = [np.zeros_like(x) for x in self.xs]
        x_dots[column[0]][column[1]] = 1.0
        return x_dots

    def compare_reverse(self, mode, measured, result):
        """Every row of the Jacobian if there are few; then random z_bar, if nothing was wrong."""
        size = len(measured.slope)
        random = np.stack([mixed(10 + i, size) for i in range(3)])
        before = len(result.faults)
        try:
            deaf = self.deaf(random[0])
            if size <= WHOLE:
                rows = [self.pull(z_bar) for z_bar in np.eye(size)]
                self.judge(mode, self.table(rows), measured, result, True, deaf)
            if len(result.faults) == before:
                rows = [self.pull(z_bar) for z_bar in random]
                self.judge(mode, self.table(rows), measured.times(random), result, False, deaf)
        except RuleError as error:
            result.faults.append(Fault(mode, str(error)))
        result.tested.append(mode + self.extent)

    def table(self, rows):
        return np.array([[self.along(x_bars, c) for c in self.columns] for x_bars in rows])

    def deaf(self, z_bar):
        """For each input, whether its cotangent stays the same when z_bar is doubled."""
        pairs = zip(self.pull(z_bar), self.pull(2 * z_bar), strict=True)
        return [bool(once.any()) and np.array_equal(once, twice) for once, twice in pairs]

    def compare_forward(self, mode, measured, result):
        """Every column of the Jacobian."""
        try:
            analytic = np.stack([self.push(self.tangents(c)) for c in self.columns], 1)
            self.judge(mode, analytic, measured, result, True)
        except RuleError as error:
            result.faults.append(Fault(mode, str(error)))
        result.tested.append(mode + self.extent)

    def compare_modes(self, mode, result):
        """⟨z_bar, J x_dot⟩ against ⟨Jᵀ z_bar, x_dot⟩: no differences, so equal but for rounding."""
        x_dots = [mixed(20 + k, x.shape) for k, x in enumerate(self.xs)]
        z_bar = mixed(30, self.run.y.size)
        try:
            products, x_bars = z_bar * self.push(x_dots), self.pull(z_bar)
        except RuleError:
            result.not_tested.append(f"{mode}: it needs both modes to run.")
            return
        with np.errstate(all="ignore"):
            left, right = np.sum(products), self.along(x_bars, x_dots)
            sizes = self.along(map(np.abs, x_bars), list(map(np.abs, x_dots)))
            size = np.sum(np.abs(products)) + sizes
        if not np.isfinite(size):
            result.not_tested.append(f"{mode}: the slopes given are not finite here.")
            return
        result.tested.append(mode)
        tolerance = 1e-10 if self.run.y.dtype == np.float64 else 1e-4
        rounding = (
            0.01 * tolerance * np.sum(np.abs(z_bar) * (np.abs(self.run.y.data.ravel()) + 0.01))
        )
        if abs(left - right) > tolerance * size + rounding:
            text = (
                f"⟨z_bar, J x_dot⟩ = {left:.9g}, and ⟨Jᵀ z_bar, x_dot⟩ = {right:.9g}; they have to "
                "be equal. The modes do not agree on J, so one of vjp and jvp is wrong."
            )
            result.faults.append(Fault(mode, text))

    def judge(self, mode, analytic, measured, result, by_output, deaf=()):
        """Write down the worst entry, and a fault for every input that has wrong ones.

        by_output: whether the rows are the entries of y, in order, and not mixtures of them.
        """
        wrong = measured.wrong(analytic, backward="reverse" in mode)
        error = np.abs(analytic - measured.slope)
        fair = (
            measured.known & (measured.low == measured.high) & np.isfinite(error)
        )  # no kink, where errors mean little
        if fair.any():
            entry = self.entry(mode, analytic, measured, np.where(fair, error, -1), by_output)
            result.entries.append(entry)
        error = np.where(wrong, np.nan_to_num(error, nan=np.inf), -1)
        for k, columns in self.groups(wrong):
            if not wrong[:, columns].any():
                continue
            worst = self.entry(mode, analytic, measured, error, by_output, columns)
            if k is not None and k < len(deaf) and deaf[k]:
                worst.meaning = "It is the same for every z_bar: usually the rule leaves z_bar out."
            else:
                x = self.xs[k].shape if k is not None and not self.drawn else None
                y = self.y_shape if by_output else None
                name = "x" if k is None else self.names[k]
                part = [a[:, columns] for a in (analytic, measured.slope, wrong)]
                worst.meaning = meaning(*part, x, y, name)
            result.faults.append(Fault(mode, said(worst, wrong[:, columns], by_output), worst))

    def groups(self, wrong):
        """The columns of each input; then the random direction, if no other saw what is wrong."""
        inputs = [None if isinstance(c, list) else c[0] for c in self.columns]
        for k in range(len(self.xs)):
            yield k, [j for j, i in enumerate(inputs) if i == k]
        if self.drawn and not wrong[:, :-1].any():
            yield None, [len(inputs) - 1]

    def entry(self, mode, analytic, measured, error, by_output, columns=slice(None)):
        """The entry with the largest error, among some columns."""
        numbers = np.arange(len(self.columns))[columns]
        i, j = np.unravel_index(np.argmax(error[:, columns]), error[:, columns].shape)
        column = self.columns[numbers[j]]
        k, index = (None, None) if isinstance(column, list) else column
        output = tuple(map(int, np.unravel_index(i, self.y_shape))) if by_output else None
        values = [float(a[i, numbers[j]]) for a in (analytic, measured.slope, measured.step)]
        name = "" if k is None else self.names[k]
        return Entry(mode, name, index, output, *values, self.symbol)


def said(worst, wrong, by_output):
    """How many are wrong, the worst of them, and what it means."""
    count = f"{np.count_nonzero(wrong)} of {wrong.size} entries are wrong"
    if not by_output:
        count = "wrong for a random z_bar"
    return f"{count}. Worst: {worst}.\n    {worst.meaning}"
