"""Exercise `linear_vjp`: the cotangents of a linear layer, z = x @ w + b."""

import numpy as np

from ..diagnosis import as_array, close, shown
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from .arrays import fault, follows, mixed, transpose_of

PARTS = ("x_bar", "w_bar", "b_bar")
SIZES = (  # B, N, M: all different, all the same, and each pair the same
    (3, 1, 2), (3, 2, 4), (3, 3, 3), (5, 3, 4), (4, 4, 4), (4, 3, 3), (3, 3, 5), (4, 5, 4),
)  # fmt: skip


def linear_vjp_cases(seed):
    rng = np.random.default_rng([seed, 52])
    return [
        {"x": mixed(rng, b, n), "w": mixed(rng, n, m), "z_bar": mixed(rng, b, m)}
        for b, n, m in SIZES
    ]


def wanted(case):
    """Each cotangent, by pushing one unit of its array forward at a time."""
    x, w, z_bar = case.values()
    return (
        transpose_of(lambda unit: unit @ w, x.shape, z_bar),
        transpose_of(lambda unit: x @ unit, w.shape, z_bar),
        transpose_of(lambda unit: np.broadcast_to(unit, z_bar.shape), w.shape[1:], z_bar),
    )


def judge_linear_vjp(case, output):
    x, w, z_bar = case.values()
    if not isinstance(output, list) or len(output) != 3:
        came = what_came(output) if not isinstance(output, list) else f"{len(output)} came."
        asked = f"linear_vjp has to return three arrays, (x_bar, w_bar, b_bar); {came}"
        return [asked, "So nothing can be said of w_bar,", "nor of b_bar."]
    right, sizes = wanted(case), [("B", len(x)), ("N", len(w)), ("M", w.shape[1])]
    faults = [
        confused(part, mine, right) or fault(part, mine, theirs, sizes)
        for part, mine, theirs in zip(PARTS, output, right, strict=True)
    ]
    numbers = f"\n{shown(**case)}" if z_bar.size <= 12 and x.size <= 12 else ""
    at = f"With x of shape {x.shape}, w of {w.shape} and z_bar of {z_bar.shape}:{numbers}"
    return [f"{at}\n{said}" for said in faults if said]


def confused(part, mine, right):
    """What to say if an array stands in another one's place; None if it does not."""
    mine = as_array(mine)
    for other, theirs in zip(PARTS, right, strict=True):
        same = mine is not None and mine.shape == theirs.shape and close(mine, theirs)
        if same and other != part:
            return f"In the place of {part} stands {other}. The order is {', '.join(PARTS)}."
        if same:
            return None
    return None


def mistake(key, part, formula, says):
    """A misconception about one of the three cotangents; the wrong code leaves the others at 0."""
    zeros = {"x_bar": "0 * x", "w_bar": "0 * w", "b_bar": "0 * w[0]"} | {part: formula}
    code = f"def linear_vjp(x, w, z_bar):\n    return {', '.join(zeros[p] for p in PARTS)}\n"
    slot = PARTS.index(part)
    return Misconception(
        key, code, says, follows("linear_vjp", code, pick=lambda returned: returned[slot])
    )


LINEAR_VJP = Exercise(
    id="linear_vjp",
    title="Back through a linear layer",
    notebook=5,
    minutes=10,
    points=6,
    parts=3,
    contract="""\
Write `linear_vjp(x, w, z_bar)`: the cotangents of a linear layer, `z = x @ w + b`.

- `x` has the shape (B, N): B examples. `w` is (N, M) and `b` is (M,), so `z` and `z_bar` are
  (B, M). `b` itself is not needed.
- Return the tuple `(x_bar, w_bar, b_bar)`, each in the shape of its array.
- Divide by nothing: if the loss is a mean over the batch, its 1/B is in `z_bar` already.
- Each counts a third.""",
    cases=linear_vjp_cases,
    judge=judge_linear_vjp,
    misconceptions=(
        mistake(
            "w_not_transposed", "x_bar", "z_bar @ w",
            "x_bar: w as it stands leads from x to z. On the way back the roles of its rows and "
            "columns change. (In the square case NumPy does not object, and the numbers are "
            "wrong.)",
        ),
        mistake(
            "x_bar_on_its_side", "x_bar", "w @ z_bar.T",
            "x_bar: this has a column for each example. x has a *row* for each, and x_bar has the "
            "shape of x.",
        ),
        mistake(
            "x_bar_by_reshape", "x_bar", "np.reshape(w @ z_bar.T, x.shape)",
            "x_bar: a reshape got the shape right and mixed the examples up. Reading the numbers "
            "in another order is no transpose.",
        ),
        mistake(
            "x_bar_without_upstream", "x_bar", "np.ones(z_bar.shape) @ w.T",
            "x_bar: it does not depend on `z_bar`. Row sums of w are what you get if every entry "
            "of `z_bar` is 1.",
        ),
        mistake(
            "x_bar_times_x", "x_bar", "np.einsum('bm,nm,bn->bn', z_bar, w, x)",
            "x_bar: x is a factor too many. How far z moves per unit of x depends on w alone.",
        ),
        mistake(
            "x_on_the_right", "w_bar", "z_bar @ x.T",
            "w_bar: this pairs *examples* with one another, B × B of them. An entry of w connects "
            "a feature of x with an output, and every example has its say: the batch is what is "
            "summed over. (If B, N and M are all the same, the shape does not tell.)",
        ),
        mistake(
            "x_not_transposed", "w_bar", "x @ z_bar",
            "w_bar: here a row of x, which holds features, meets a column of `z_bar`, which holds "
            "examples. It fits only if there are as many of both, and then it is still wrong.",
        ),
        mistake(
            "w_bar_on_its_side", "w_bar", "z_bar.T @ x",
            "w_bar: it lies on its side. w has a row for each feature of x.",
        ),
        mistake(
            "w_bar_by_reshape", "w_bar", "np.reshape(z_bar.T @ x, w.shape)",
            "w_bar: a reshape got the shape right and mixed the entries up. Reading the numbers in "
            "another order is no transpose.",
        ),
        mistake(
            "w_bar_without_upstream", "w_bar", "x.T @ np.ones(z_bar.shape)",
            "w_bar: it does not depend on `z_bar`: all columns are the same.",
        ),
        mistake(
            "w_bar_averaged", "w_bar",
            "np.mean([np.outer(row, message) for row, message in zip(x, z_bar)], axis=0)",
            "w_bar: you take the average over the batch. Each example's message counts in full; if "
            "the loss is an average, `z_bar` has the 1/B in it already.",
        ),
        mistake(
            "averages_multiplied", "w_bar", "np.outer(x.mean(axis=0), z_bar.mean(axis=0)) * len(x)",
            "w_bar: you average over the batch first and multiply afterwards. Each example's x "
            "belongs with its own message; the sum comes last.",
        ),
        mistake(
            "b_bar_not_summed", "b_bar", "z_bar",
            "b_bar: every example got a copy of b, and you have a message for each copy. They meet "
            "where the copies came from.",
        ),
        mistake(
            "b_bar_averaged", "b_bar", "z_bar.mean(axis=0)",
            "b_bar: you take the average over the batch. Nudge b, and every example moves: their "
            "messages add.",
        ),
        mistake(
            "b_bar_over_everything", "b_bar", "z_bar.sum()",
            "b_bar: this is one number for all outputs. Each entry of b hears from its own column.",
        ),
        mistake(
            "b_bar_of_one_example", "b_bar", "z_bar[0]",
            "b_bar: this is the first example's message, and the others are lost.",
        ),
        mistake(
            "b_bar_along_the_wrong_axis", "b_bar", "z_bar.sum(axis=1)",
            "b_bar: you sum over the outputs, which gives a number for each example. b has one for "
            "each output.",
        ),
    ),
    hints=(
        Hint(
            "I have three matrices, and they fit in several ways",
            "Shapes do not settle it; a sum does. z[i, k] is the sum over j of x[i, j] · w[j, k]. "
            "Which entries of z does a nudge of w[2, 0] move, and by how much each?",
        ),
        Hint(
            "ValueError: matmul … mismatch in its core dimension",
            "And in the square case there would be none, only wrong numbers. Write one entry, "
            "w_bar[j, k], as a sum over the examples i, and x_bar[i, j] as a sum over the outputs "
            "k. The index that is summed has to stand inside, where two matrices touch.",
        ),
        Hint(
            "b_bar has a row for each example",
            "b was stretched from (M,) to (B, M). You have written the way back of that in the "
            "first exercise of this page.",
        ),
    ),
    why="Two products of matrices and one sum. A layer with a million weights costs about twice as "
    "much on the way back as on the way forward, and no Jacobian was ever built.",
)  # fmt: skip
