"""Exercise `reduce_vjp`: back through sum, mean and max along an axis."""

import numpy as np

from ..diagnosis import as_array, close, shown
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from .arrays import fault, follows, mixed, transpose_of

REDUCTIONS = {"sum": np.sum, "mean": np.mean, "max": np.max}
PLACES = (  # the shape of x, axis, keepdims
    ((3, 2), 0, False), ((3, 3), 1, False), ((3, 4), 1, True), ((3, 4), None, False),
    ((4, 3), None, True), ((5,), 0, False), ((3, 4, 2), 1, False), ((4, 2, 3), -1, True),
)  # fmt: skip


def reduce_vjp_cases(seed):
    rng = np.random.default_rng([seed, 53])
    cases = [
        make_case(rng, op, mixed(rng, *shape), axis, keepdims)
        for shape, axis, keepdims in PLACES
        for op in REDUCTIONS
    ]
    for axis, keepdims in ((1, False), (0, True), (None, False)):
        x = mixed(rng, 3, 4)
        x[:, 1], x[2] = 2.5, [2.5, -1.0, 2.5, 2.5]  # ties of two and more, in rows and columns
        x[0, 3] = 2.5
        cases.append(make_case(rng, "max", x, axis, keepdims))
    return [*cases, make_case(rng, "max", np.zeros((4, 3)), 1, False)]


def make_case(rng, op, x, axis, keepdims):
    shape = REDUCTIONS[op](x, axis=axis, keepdims=keepdims).shape
    z_bar = mixed(rng, *shape) if shape else np.float64(mixed(rng, 1)[0])
    return {"op": op, "x": x, "axis": axis, "keepdims": keepdims, "z_bar": z_bar}


def judge_reduce_vjp(case, output):
    op, x, axis, keepdims, z_bar = case.values()
    said = fault_of_max(case, output) if op == "max" else fault_of_linear(case, output)
    if said is None:
        return []
    asked = f'reduce_vjp("{op}", x, {axis}, {keepdims}, z_bar)'
    numbers = f"\n{shown(x=x, z_bar=z_bar)}" if x.size <= 12 else ""
    return [
        f"{asked}, with x of shape {x.shape} and z_bar of {np.shape(z_bar)}, where n = "
        f"{x.size // np.size(z_bar)} numbers became one:{numbers}\n{said}"
    ]


def fault_of_linear(case, output):
    """sum and mean are linear, so units pushed forward settle what comes back."""
    op, x, axis, keepdims, z_bar = case.values()
    right = transpose_of(
        lambda unit: REDUCTIONS[op](unit, axis=axis, keepdims=keepdims), x.shape, z_bar
    )
    n = x.size // np.size(z_bar)
    return fault("x_bar", output, right, [("n", n), ("n²", n * n)])


def fault_of_max(case, output):
    """At a tie every split is right that hands out no less and no more than what came."""
    _, x, axis, keepdims, z_bar = case.values()
    got = as_array(output)
    if got is None:
        return f"x_bar has to be an array of numbers; {what_came(output)}"
    if got.shape != x.shape:
        return f"x_bar: The shape is {got.shape}, and it has to be {x.shape}."
    upstream = z_bar if keepdims or axis is None else np.expand_dims(z_bar, axis)
    top = x == np.max(x, axis=axis, keepdims=True)
    if not close(got[~top], 0):
        return "x_bar: something arrives at entries that are not the largest."
    shares = got / upstream
    if not close(shares.sum(axis=axis), 1):
        total = got.sum(axis=axis)
        if close(got, top * upstream):
            return "x_bar: where several entries are the largest, more is handed out than came."
        return fault("What x_bar hands out in all,", total.tolist(), np.reshape(z_bar, total.shape))
    if (shares < -1e-9).any():
        return "x_bar: at a tie one entry gets more than what came, and another less than nothing."
    return None


def mistake(key, op, formula, says, start="pass"):
    """A misconception about one reduction; the wrong code has nothing to say of the others."""
    code = f"""
def reduce_vjp(op, x, axis, keepdims, z_bar):
    z = np.reshape(z_bar, np.sum(x, axis=axis, keepdims=True).shape)
    {start}
    return {formula} if op == {op!r} else 0 * x
"""
    return Misconception(
        key, code, says, follows("reduce_vjp", code, where=lambda case: case["op"] == op)
    )


REDUCE_VJP = Exercise(
    id="reduce_vjp",
    title="Back through a sum, a mean and a max",
    notebook=5,
    minutes=10,
    points=3,
    core=False,
    contract="""\
Write `reduce_vjp(op, x, axis, keepdims, z_bar)`: the cotangent of `x`.

- `op` is `"sum"`, `"mean"` or `"max"`, and z is, for example,
  `np.sum(x, axis=axis, keepdims=keepdims)`. `axis` is a whole number, possibly negative, or `None`:
  then all of `x` becomes one number.
- `z_bar` has the shape of z. Return `x_bar`, in the shape of `x`.
- If several entries are the largest, share out what came between them in any way you like.""",
    cases=reduce_vjp_cases,
    judge=judge_reduce_vjp,
    misconceptions=(
        mistake(
            "mean_without_n", "mean", "z * np.ones(x.shape)",
            "mean: each entry has got all that came. An entry moves the mean by 1/n of its own "
            "nudge, where n is how many are averaged.",
        ),
        mistake(
            "mean_over_all_of_x", "mean", "z / x.size * np.ones(x.shape)",
            "mean: you divide by the number of *all* entries of x. Along an axis, only those are "
            "averaged that lie along it.",
        ),
        mistake(
            "mean_by_the_first_axis", "mean", "z / len(x) * np.ones(x.shape)",
            "mean: you divide by the length of the first axis, whichever axis was averaged over.",
        ),
        mistake(
            "mean_times_n", "mean", "z * (x.size // z.size) * np.ones(x.shape)",
            "mean: you multiply by n. The mean moves by *less* than an entry does.",
        ),
        mistake(
            "axis_not_put_back", "sum", "z_bar * np.ones(x.shape)",
            "sum: `z_bar` meets x without the axis that the sum took away. Where the shapes do not "
            "fit, NumPy says so; in the square case it lines them up from the right, and rows get "
            "what columns should have. Put the axis back, with size 1, before you stretch.",
        ),
        mistake(
            "sum_without_upstream", "sum", "np.ones(x.shape)",
            "sum: it sends ones, whatever came from upstream.",
        ),
        mistake(
            "sum_divided", "sum", "z * np.ones(x.shape) / (x.size // z.size)",
            "sum: you divide by n, as a mean would. Nudge one entry by 1, and the sum moves by 1.",
        ),
        mistake(
            "ties_counted_twice", "max", "z * (x == np.max(x, axis=axis, keepdims=True))",
            "max: where several entries are the largest, each of them got all that came. Nudge "
            "all of them by 1, and the max moves by 1, not by two or three: they have to share.",
        ),
        mistake(
            "max_to_everyone", "max", "z * np.ones(x.shape)",
            "max: every entry gets what came. Nudge one that is not the largest: does the max "
            "move?",
        ),
        mistake(
            "max_of_all_of_x", "max", "z * (x == x.max()) / (x == x.max()).sum()",
            "max: only the largest entry of *all* gets anything. Along an axis there is one winner "
            "for each number of z.",
        ),
        mistake(
            "max_times_its_value", "max", "z * x * (x == np.max(x, axis=axis, keepdims=True))",
            "max: you multiply by the winner's value. The max moves one to one with its winner, "
            "however large that is.",
        ),
        mistake(
            "max_without_upstream", "max", "1.0 * (x == np.max(x, axis=axis, keepdims=True))",
            "max: the winner gets 1, whatever came from upstream.",
        ),
    ),
    hints=(
        Hint(
            "ValueError: operands could not be broadcast together",
            "The axis that was reduced is gone from `z_bar`. Put it back with size 1 "
            "(`np.expand_dims`), and NumPy can stretch it along x. With keepdims it is still "
            "there, and with axis None there is a single number.",
        ),
        Hint(
            "My mean is exactly n times too large",
            "By how much does the mean of four numbers move if one of them moves by 1? n is the "
            "number of entries that one number of z was made from: those along the axis, or all of "
            "x where axis is None.",
        ),
        Hint(
            "My max is wrong only where two entries are equal",
            "Mark the largest with ones and the rest with zeros. Along the reduced axis the marks "
            "should add up to 1, as the 1/n of a mean do. What do you divide by?",
        ),
    ),
    why="What a reduction brought together, its transpose hands out again: all of it to everyone, "
    "a share to everyone, or all to the winner. PyTorch's amax shares evenly at a tie; other "
    "conventions are as good.",
)  # fmt: skip
