"""Slopes by nudging, which no rule has a part in, and what they say of a rule.

Each entry is nudged to both sides. A rule may give whatever lies between the two slopes: they are
one and the same where the function is smooth, and at a kink every subgradient lies between them.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ..finite_differences.report import meaning
from .runs import Stopped
from .wording import entry, number

STEP = 1e-6  # for entries of size 1; near the cube root of the rounding error of float64
MOST = 24  # entries of one input that are nudged


@dataclass
class Slope:
    """How fast a number moves with one entry of one input: to the left of it, and to the right."""

    slot: int
    index: tuple
    left: float
    right: float
    noise: float  # how far rounding may have moved them

    @property
    def middle(self):
        return (self.left + self.right) / 2

    @property
    def is_kink(self):
        """Whether the two sides differ by more than curvature and rounding account for."""
        gap = abs(self.right - self.left)
        return gap > 1e-3 * max(abs(self.left), abs(self.right)) + 10 * self.noise

    def allows(self, value, size):
        """Whether a rule may say so; `size` is that of the largest slope around."""
        tolerance = 1e-5 * size + 1e-4 * abs(self.middle) + self.noise
        low, high = sorted([self.left, self.right])
        return low - tolerance <= value <= high + tolerance  # never for nan


def measured(f, xs, slots):
    """The slopes of f by the entries of some of its inputs.

    Arguments: f (from a list of inputs to (value, size of its terms)), xs (its inputs), slots
    (which of them to nudge). Entries next to which f is not defined are left out.
    """
    found = []
    for slot in slots:
        x = xs[slot]
        for i in chosen(x.numel()):
            index = tuple(int(k) for k in np.unravel_index(i, tuple(x.shape)))
            step = STEP * max(1.0, abs(float(x[index])))
            try:
                (low, _), (here, size), (high, _) = [
                    f(nudged(xs, slot, index, by)) for by in (-step, 0.0, step)
                ]
            except Stopped:
                continue
            slope = Slope(
                slot, index, (here - low) / step, (high - here) / step, 1e-15 * size / step
            )
            if np.isfinite([slope.left, slope.right]).all():
                found.append(slope)
    return found


def chosen(n):
    """Which entries of n to nudge: all, or the first, the last, and some between."""
    return range(n) if n <= MOST else np.unique(np.linspace(0, n - 1, MOST).astype(int))


def nudged(xs, slot, index, by):
    x = xs[slot].clone()
    x[index] += by
    return [*xs[:slot], x, *xs[slot + 1 :]]


def total(ys, weights):
    """(Σ weights · ys, Σ |weights · ys|), as plain numbers."""
    terms = [(y * w).reshape(-1) for y, w in zip(ys, weights, strict=True)]
    return float(sum(t.sum() for t in terms)), float(sum(t.abs().sum() for t in terms))


def weighed(trial, seeds):
    """The function (inputs) -> Σ grad_output · output, as `measured` takes it."""

    def f(inputs):
        outputs = trial.run(inputs, needed=[], watch=False).outputs
        return total([outputs[k] for k in trial.moving], seeds)

    return f


def moves(trial, slot):
    """Whether the output moves with an input at all."""
    _, _, seeds, _ = trial.first
    slopes = measured(weighed(trial, seeds), trial.double(), [slot])
    return any(abs(s.middle) > 10 * s.noise for s in slopes)


def disagreement(slopes, x_bars, xs, says, seeds=(), is_linear=False):
    """What is wrong with gradients, in words; "" if nothing is.

    Arguments: slopes (measured), x_bars (by slot; None counts as zeros), xs (the inputs), says
    (what made the gradients: "backward returns"), seeds (the grad_outputs that they belong to),
    is_linear (are the gradients multiples of the grad_output?).
    """
    size = max((abs(s.middle) for s in slopes), default=0.0)
    pairs = [(s, 0.0 if x_bars[s.slot] is None else float(x_bars[s.slot][s.index])) for s in slopes]
    wrong = [(s, value) for s, value in pairs if not s.allows(value, size)]
    if not wrong:
        return ""
    worst, value = max(wrong, key=lambda pair: how_far(*pair))
    where = f"At {entry(worst.slot, worst.index)} = {number(xs[worst.slot][worst.index])}"
    unit, by = "", 1.0
    if sum(z.numel() for z in seeds) == 1:  # one output: its grad_output can be said, or left out
        if is_linear:
            unit, by = "grad_output · ", float(seeds[0])
        else:
            where += f" and grad_output = {number(seeds[0])}"
    return (
        f"{where}, {says} {unit}{number(value / by)}; nudging gives {unit}"
        f"{number(worst.middle / by)}. {likely_cause(pairs, worst.slot, x_bars, xs, size)}"
    ).strip()


def how_far(slope, value):
    """How far off a gradient is; what is no number is further off than anything."""
    return np.nan_to_num(abs(value - slope.middle), nan=np.inf)


def likely_cause(pairs, slot, x_bars, xs, size):
    """What the way in which the gradients of one input are wrong usually means."""
    own = [(s, value) for s, value in pairs if s.slot == slot]
    analytic, numeric = (
        np.array([[value for _, value in own]]),
        np.array([[s.middle for s, _ in own]]),
    )
    if is_transposed(xs[slot], x_bars[slot], numeric, size):
        return "Transposed: the numbers are right, and rows and columns have changed places."
    bad = np.array([[not s.allows(value, size) for s, value in own]])
    said = meaning(analytic, numeric, bad, tuple(xs[slot].shape), None, f"input {slot}")
    return "" if said.startswith(("All of them", "No one factor")) else said


def is_transposed(x, x_bar, numeric, size):
    """Whether a gradient fits once its rows and columns change places."""
    if x_bar is None or x.ndim != 2 or x.shape[0] != x.shape[1] or numeric.size < x.numel():
        return False
    found = x_bar.detach().T.reshape(1, -1).cpu().numpy()
    return bool(np.allclose(found, numeric, rtol=1e-4, atol=1e-5 * size))


def random_like(xs, seed):
    """Weights for tensors: random, as `torch.randn` draws them, and always the same."""
    random = torch.Generator().manual_seed(seed)
    return [x if x is None else draw(x.shape, random).to(x.device) for x in xs]


def draw(shape, random):
    return torch.randn(shape, generator=random, dtype=torch.float64)
