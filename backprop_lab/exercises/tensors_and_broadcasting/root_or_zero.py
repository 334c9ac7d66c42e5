"""Exercise `root_or_zero`: a square root with an edge, and a gradient that is never nan."""

import numpy as np

from ... import ops
from ...engine import Tensor
from ...leaves import tensor
from ..diagnosis import as_array, shown
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from .arrays import fault, mixed


def root_or_zero_cases(seed):
    rng = np.random.default_rng([seed, 56])
    x = mixed(rng, 4, 3)
    points = [
        np.array(2.25), np.array([4.0, 0.25]), np.array([-1.0, 4.0]), np.array([-1.0, 0.0, 9.0]),
        np.zeros(2), -np.abs(x[0]), x, np.where(np.abs(x) < 0.7, 0.0, x),
        x[:3] * 1e6, np.abs(x[:, 1]) * 1e-14 * [1, 1, -1, 1],
    ]  # fmt: skip
    return [{"x": point, "z_bar": mixed(rng, *point.shape)} for point in points]


def probe_root_or_zero(answer, case):
    """The value and, if it is a Tensor that depends on x, what comes back for a z_bar."""
    if not callable(answer):
        raise TypeError("A function is asked for: hand it over without parentheses.")
    x = tensor(case["x"], requires_grad=True, name="x")
    z = answer(x)
    if not isinstance(z, Tensor):
        return ... if z is ... else {"no_tensor": z}
    if z.shape == x.shape and z.requires_grad:
        z.backward(case["z_bar"])
    return {"value": z.data, "x_bar": None if x.grad is None else x.grad, "x_after": x.data}


def judge_root_or_zero(case, output):
    x, z_bar = case["x"], case["z_bar"]
    if "no_tensor" in output:
        return [f"A Tensor has to come back, made with ops; {what_came(output['no_tensor'])}"]
    if not np.array_equal(output["x_after"], x):
        return ["root_or_zero has changed the numbers inside x. Make new Tensors instead."]
    root = np.sqrt(np.maximum(x, 0))
    said = fault("The value", output["value"], root)
    if said is None and output["x_bar"] is None:
        said = "The value is right, and no gradient reaches x: a way back through ops is missing."
    slope = np.divide(0.5, root, where=x > 0, out=np.zeros(x.shape))
    said = said or fault_of_gradient(x, output["x_bar"], slope * z_bar)
    return [f"At {shown(x=x)}, with {shown(z_bar=z_bar)}:\n{said}"] if said else []


def fault_of_gradient(x, x_bar, wanted):
    """As `fault`, but nan comes with the places where it arises."""
    bad = ~np.isfinite(as_array(x_bar))
    if not bad.any():
        return fault("x_bar", x_bar, wanted)
    where = [f"{value:.4g}" for value in np.unique(x[bad])[:4]]
    return f"The value is right, and x_bar is nan or inf where x is {', '.join(where)}."


def wrong(formula):
    return f"def root_or_zero(x):\n    return {formula}\n"


def shifted(cases, reports):
    """Whether a constant inside the root has moved values or slopes, and nothing is nan."""
    ends = [r["returned"] for r in reports]
    if any(not np.array_equal(e["x_after"], c["x"]) for c, e in zip(cases, ends, strict=True)):
        return False
    finite = all(np.isfinite(end[key]).all() for end in ends for key in ("value", "x_bar"))
    large = [
        np.allclose(end["value"], np.sqrt(np.maximum(case["x"], 0)), atol=0.05, rtol=1e-2)
        for case, end in zip(cases, ends, strict=True)
    ]
    return finite and all(large)


def patched(cases, reports):
    """Whether what was infinite has become the largest of all numbers."""
    return all(
        np.abs(as_array(report["returned"]["x_bar"])[case["x"] <= 0]).min() > 1e300
        for case, report in zip(cases, reports, strict=True)
        if (case["x"] <= 0).any()
    )


PATCHED = """
from backprop_lab import Op
class Patched(Op):
    def forward(ctx, x):
        ctx.root = np.sqrt(np.maximum(x, 0.0))
        return ctx.root
    def vjp(ctx, z_bar):
        return np.nan_to_num(z_bar / (2 * ctx.root))
root_or_zero = Patched.apply
"""

ROOT_OR_ZERO = Exercise(
    id="root_or_zero",
    title="A root with an edge",
    notebook=5,
    minutes=8,
    points=3,
    core=False,
    may_use=frozenset({"backprop_lab"}),
    contract=r"""Write `root_or_zero(x)` with `ops`: $\sqrt{x}$ where `x` is above 0, 0 elsewhere.

- `x` is a Tensor of any shape. Return a Tensor of the same shape, made from `x` with `ops`, so that
  the engine can go back through it.
- The gradient is $1/(2\sqrt{x})$ where `x` is above 0, however little, and exactly 0 elsewhere, at
  0 too: never nan or inf.""",
    cases=root_or_zero_cases,
    probe=probe_root_or_zero,
    judge=judge_root_or_zero,
    given={"ops": ops},
    misconceptions=(
        Misconception(
            "masked_afterwards",
            wrong("ops.where(x > 0, ops.sqrt(x), 0.0)"),
            "The value is right. On the way back the slope of the root, infinite at 0 and missing "
            "below, is multiplied by a 0: from a choice after the root, or from a relu, a clip or "
            "a mask before it. 0 times that is nan. What the root is *given* has to be chosen, and "
            "so that no infinite slope meets that 0.",
        ),
        Misconception(
            "multiplied_by_the_mask",
            wrong("ops.sqrt(x) * (x > 0)"),
            "You multiply by a mask of 0 and 1. The root of a negative number is nan, and nan "
            "times 0 is nan: a product can't choose.",
        ),
        Misconception(
            "clipped_at_zero",
            wrong("ops.sqrt(ops.clip(x, 0.0, None))"),
            "At 0 the root is 0 and its slope is infinite. You bring everything below 0 to exactly "
            "that point. On the way back infinity arrives at the clip: below 0 it is multiplied by "
            "0, which is nan, and at 0 it may stay.",
            lambda cases, reports: all(
                not np.isfinite(report["returned"]["x_bar"][case["x"] <= 0]).any()
                and np.isfinite(report["returned"]["value"]).all()
                for case, report in zip(cases, reports, strict=True)
                if case["x"].ndim
            ),
        ),
        Misconception(
            "nan_to_a_number",
            PATCHED,
            "Whatever was infinite on the way back has been replaced by the largest number there "
            "is. It is finite, and no more right: the slope there is 0, because the value is 0 "
            "whichever way x is nudged below 0. Don't mend nan; don't make it.",
            patched,
        ),
        Misconception(
            "a_little_added",
            wrong("ops.where(x > 0, ops.sqrt(ops.clip(x, 0.0, None) + 1e-8), 0.0)"),
            "Nothing is nan. But a small number of your own, added to x or set as a limit, moves "
            "what lies near 0: at x = 1e-14 the slope is five million, and yours is not. Values "
            "and slopes above 0 should stay as they are, and the value elsewhere is 0.",
            shifted,
        ),
        Misconception(
            "asked_with_if",
            wrong("ops.sqrt(x) if x > 0 else 0.0 * x"),
            "`if` asks one question for the whole array. Here every entry needs an answer of its "
            "own, and `ops.where` gives one to each.",
        ),
        Misconception(
            "cut_off_from_x",
            wrong("ops.sqrt(np.maximum(x.data, 0.0))"),
            "The value was computed where the engine does not look: from plain numbers, from a "
            "detached Tensor, or under no_grad. There is no way back from it to x.",
            lambda cases, reports: all(
                "x_bar" in report["returned"] and report["returned"]["x_bar"] is None
                for report in reports
            ),
        ),
    ),
    hints=(
        Hint(
            "The value is right, and the gradient is nan",
            "Go back by hand at x = −1. `where` sends 0 to the side that was not taken. Then comes "
            "the root: its slope at −1 is nan, and 0 · nan is nan. Who gave −1 to the root?",
        ),
        Hint(
            "I have clipped x, and it is nan at 0 all the same",
            "The slope of the root at 0 is infinite, and a clip multiplies it by 0 or 1. "
            "`ops.where` doesn't multiply on the way back, it selects. So let that decide, entry "
            "by entry, whether the root sees x or a number of yours.",
        ),
        Hint(
            "There is no nan left, and the value is wrong below 0",
            "The root of what you put in the place of x comes out again. Either put in a number "
            "whose root is 0 already (`ops.where` drops an infinite message to the side that it "
            "did not take), or choose once more, after the root, with the same condition.",
        ),
    ),
    why="What counts is the choice before the root: on the way back `ops.where` selects, so "
    "whatever the root sends to the side not taken is dropped, inf or not. A choice after the root "
    "mends the value only. The same trap waits in PyTorch and JAX, wherever you write a norm or a "
    "distance with a root of your own.",
)
