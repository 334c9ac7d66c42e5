"""What gradcheck says: the entry that is worst, and what the way it is wrong usually means."""

from dataclasses import dataclass, field

import numpy as np

FACTORS = {
    -1.0: "The sign is wrong: usually a minus is lost, or one too many.",
    2.0: "Twice: usually one cotangent is added twice, or a factor ½ is missing.",
    0.5: "Half: usually x is used twice, and the cotangents from both uses have to be added.",
}


@dataclass
class Entry:
    """One entry of a Jacobian: which input and where in it, where in the output, both values.

    `index` is None for a random direction, `output` for a random mixture of all outputs.
    """

    mode: str
    input: str
    index: tuple
    output: tuple
    analytic: float
    numeric: float
    step: float
    symbol: str = "y"
    meaning: str = ""

    @property
    def error(self):
        """How far off it is; what is not a number is further off than anything."""
        return float(np.nan_to_num(abs(self.analytic - self.numeric), nan=np.inf))

    @property
    def ratio(self):
        """analytic / numeric: what it is often tells which mistake was made."""
        if self.numeric:
            return self.analytic / self.numeric + 0.0  # no -0
        return float(np.inf * self.analytic) if self.analytic else 1.0

    def __str__(self):
        x = "a random direction" if self.index is None else self.input + shown(self.index)
        y = f"⟨z_bar, {self.symbol}⟩" if self.output is None else self.symbol + shown(self.output)
        return (
            f"∂{y}/∂{x} is {self.analytic:.9g}, measured {self.numeric:.9g}, ratio {self.ratio:.7g}"
        )


def shown(index):
    """An index as code has it.

    >>> shown((2, 1)), shown(())
    ('[2, 1]', '')
    """
    return f"[{', '.join(map(str, index))}]" if index else ""


@dataclass
class Fault:
    """Something that did not pass: where, what is to be said of it, the worst entry if known."""

    mode: str
    text: str
    worst: Entry = None


@dataclass(repr=False)
class Checked:
    """What `gradcheck` found; true if something was tested and all of it passed.

    Attributes: tested, not_tested, warnings (sentences), faults, worst (the `Entry` furthest off,
    among those that failed if any did), error (its |analytic - numeric|), step (that measured it).
    """

    tested: list = field(default_factory=list)
    not_tested: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    entries: list = field(default_factory=list)  # the one furthest off, of each mode

    def __bool__(self):
        return bool(self.tested) and not self.faults

    @property
    def worst(self):
        known = [fault.worst for fault in self.faults if fault.worst]
        return max(known or self.entries, key=lambda entry: entry.error, default=None)

    @property
    def error(self):
        return self.worst.error if self.worst else None

    @property
    def step(self):
        return self.worst.step if self.worst else None

    def __repr__(self):
        if self:
            size = f" Largest error {self.error:.1e} (step {self.step:.2g})." if self.worst else ""
            lines = [f"gradcheck passed: {', '.join(self.tested)}.{size}"]
        else:
            lines = ["gradcheck failed." if self.faults else "gradcheck tested nothing."]
        lines += [f"  {fault.mode}: {fault.text}" for fault in self.faults]
        lines += [f"  not tested: {text}" for text in self.not_tested]
        return "\n".join(lines + [f"  warning: {text}" for text in self.warnings])


def meaning(analytic, numeric, wrong, x, y, name):
    """What the way in which entries are wrong usually means, in one sentence.

    Arguments: analytic, numeric (a Jacobian of shape (outputs, inputs), or some of its rows and
    columns), wrong (truth values of that shape), x, y (shapes of input and output; None where the
    rows or columns are not all there), name (of the input).
    """
    a, n = analytic[wrong], numeric[wrong]
    if not np.isfinite(a).all():
        return "It is no number: usually a division by 0 or a logarithm of 0 in the rule."
    if not a.any():
        return "Zero: nothing arrives. Usually a rule that returns zeros, or .data on the way."
    ratio = float(np.median(a / n)) if n.all() else 1.0
    if abs(ratio - 1) > 1e-4 and np.allclose(a, ratio * n, rtol=1e-4):
        return meaning_of_factor(ratio, x, y, name)
    if None not in (x, y) and is_transposed(analytic, numeric, x, y):
        return "Transposed: the numbers are right, and rows and columns have changed places."
    return "No one factor fits all of them, nor does a transpose."


def meaning_of_factor(ratio, x, y, name):
    """What it usually means that all wrong entries are `ratio` times what they have to be.

    >>> meaning_of_factor(6.0, (6,), (), "x")
    '6 is the number of entries of x: usually the 1/n of a mean is missing.'
    """
    said = [text for value, text in FACTORS.items() if np.isclose(ratio, value, rtol=1e-3)]
    sizes = {}
    for symbol, shape in ((name, x or ()), ("y", y or ())):
        sizes[f"the number of entries of {symbol}"] = int(np.prod(shape))
        sizes |= {f"the size of axis {i} of {symbol}": n for i, n in enumerate(shape)}
    for words, n in sizes.items():
        if n > 1 and np.isclose(ratio, n, rtol=1e-3):
            return " Or: ".join([*said, f"{n} is {words}: usually the 1/n of a mean is missing."])
        if n > 1 and np.isclose(ratio * n, 1, rtol=1e-3):
            text = f"1/{n}, and {n} is {words}: usually divided by n once too often."
            return " Or: ".join([*said, text])
    return " ".join(said) or f"All of them are {ratio:.6g} times what they have to be."


def is_transposed(analytic, numeric, x, y):
    """Whether a Jacobian is right once two equal axes, or its rows and columns, change places."""
    whole = numeric.reshape(y + x)
    others = [numeric.T] if numeric.shape[0] == numeric.shape[1] else []
    if len(x) == 2 and x[0] == x[1]:
        others.append(whole.swapaxes(-1, -2).reshape(numeric.shape))
    if len(y) == 2 and y[0] == y[1]:
        others.append(whole.swapaxes(0, 1).reshape(numeric.shape))
    size = 1e-6 * np.abs(numeric).max()
    return any(np.allclose(analytic, other, rtol=1e-4, atol=size) for other in others)
