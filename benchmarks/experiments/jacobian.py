"""Why backpropagation never forms a Jacobian: a pull-back costs n, the matrix costs n times n."""

from functools import partial
from statistics import median

import numpy as np

import backprop_lab as bl

from ..agreement import TOLERANCE
from ..results import Result, Row
from ..timing import interleave, ratio, traced_memory

SIZES = (8, 64, 512, 4096)
VJP, DENSE = "VJP", "dense Jacobian"


def jacobian(session):
    """One vector-Jacobian product beside the whole matrix, of a function entry by entry."""
    steps = {}
    for n in SIZES:
        rng = np.random.default_rng(n)
        x, z_bar = rng.standard_normal((2, n)).astype(session.dtype)
        check(x, z_bar)
        steps[VJP, n] = partial(pull_back, bl.tensor(x), z_bar)
        steps[DENSE, n] = partial(bl.jacobian(f), bl.tensor(x))
    seconds = interleave(steps, session.few(3))
    rows = [timed(who, n, seconds) for who in (VJP, DENSE) for n in SIZES]
    rows += [weighed(who, n, steps) for who in (VJP, DENSE) for n in SIZES]
    title = "f(x) = x * tanh(x) for x of n entries"
    return Result("jacobian", title, rows, sizes="n", ratios="dense / VJP")


def f(x):
    return x * x.tanh()


def pull_back(x, z_bar):
    return bl.vjp(f, x)[1](z_bar)


def check(x, z_bar):
    """Both must say the same: z_bar times the matrix is the product."""
    product, matrix = pull_back(bl.tensor(x), z_bar), bl.jacobian(f)(bl.tensor(x))
    assert np.allclose(np.ravel(product), z_bar @ np.asarray(matrix), TOLERANCE[x.dtype.name])


def timed(who, n, seconds):
    """A row of seconds."""
    versus = ratio(seconds[who, n], seconds[VJP, n]) if who == DENSE else None
    return Row(who, n, median(seconds[who, n]), "s/call", seconds[who, n], versus)


def weighed(who, n, steps):
    """A row of bytes, at the worst moment of a call."""
    peak = peak_bytes(steps[who, n])
    versus = (peak / peak_bytes(steps[VJP, n]),) * 3 if who == DENSE else None
    return Row(who, n, peak, "bytes", ratio=versus)


def peak_bytes(step):
    with traced_memory() as bytes_now_and_most:
        step()
        return bytes_now_and_most()[1]
