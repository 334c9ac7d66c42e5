"""Exercise `SquareAndDouble`: y = 2x² as an operator of PyTorch."""

import numpy as np

from ..diagnosis import shown
from ..exercise import Exercise, Hint, Misconception
from .reading import (
    about_gradients,
    about_keeping,
    about_value,
    anywhere,
    numbers,
    pull_back,
    refuses,
    sends,
    values_of,
)
from .runs import IS_A_TUPLE, OTHER, is_blank, load_backward, run


def square_cases(seed):
    rng = np.random.default_rng([seed, 61])
    shapes = [(2,), (5,), (4, 3)]
    cases = [{"x": numbers(rng, *shape), "grad_output": numbers(rng, *shape)} for shape in shapes]
    grad_output = np.asfortranarray(numbers(rng, 3, 3))  # need not lie in memory row by row
    return [*cases, {"x": numbers(rng, 3, 3), "grad_output": grad_output}]


def probe_square(answer, case):
    return ... if is_blank(answer) else run(answer, [case["x"]], case["grad_output"])


def judge_square(case, told):
    x, grad_output = case["x"], case["grad_output"]
    at = f"At {shown(x=x)}"
    complaint = about_value(told, value(x), at)
    if complaint is None:
        x_bar = pull_back(value, x, grad_output)
        at = f"{at}, {shown(grad_output=grad_output)}"
        complaint = about_gradients(told, {"x": x_bar}, at) or about_keeping(told)
    return [complaint] if complaint else []


def value(x):
    return 2 * x * x


def slope(x):
    return pull_back(value, x, np.ones(np.shape(x)))


def reads_memory_in_order(cases, reports):
    """Whether all is right until the cotangent lies in memory column by column."""
    if any(judge_square(*pair) for pair in told_in(cases[:-1], reports[:-1])):
        return False
    case, report = cases[-1], reports[-1]
    if "view size" in report.get("raised", ""):
        return True
    mixed_up = slope(case["x"]) * case["grad_output"].T
    return np.allclose(values_of(report["returned"]["returned"][0]), mixed_up, rtol=1e-9)


def told_in(cases, reports):
    return [(case, report["returned"]) for case, report in zip(cases, reports, strict=True)]


def wrong(backward, forward="ctx.save_for_backward(x); return 2 * x * x", arguments="ctx, x"):
    return f"""
import torch

class SquareAndDouble(torch.autograd.Function):
    @staticmethod
    def forward({arguments}):
        {forward}

    @staticmethod
    def backward(ctx, grad_output):
        {backward}
"""


def unpacked(result):
    return wrong(f"x, = ctx.saved_tensors; {result}")


SQUARE_AND_DOUBLE = Exercise(
    id="SquareAndDouble",
    title="y = 2x², your own operator",
    notebook=6,
    minutes=10,
    points=4,
    contract="""\
Write `SquareAndDouble`, so that `SquareAndDouble.apply(x)` is $y = 2x^2$, entry by entry.

- `forward(ctx, x)` returns y, and keeps what backward will need with `ctx.save_for_backward`.
- `backward(ctx, grad_output)` gets $\\bar y$, a tensor of the shape of y: PyTorch calls it
  `grad_output`. Return $\\bar x$, of the shape of x.
- At x = 3, with $\\bar y = 1$, the gradient is 12.""",
    cases=square_cases,
    probe=probe_square,
    judge=judge_square,
    may_use=frozenset({"torch"}),
    prepare=load_backward,
    misconceptions=(
        Misconception(
            "ignores_upstream",
            unpacked("return 4 * x"),
            "This is the local derivative alone. Scale the loss by 10: the gradient should follow, "
            "and it does not. Which argument of backward was never used?",
            sends(lambda case: slope(case["x"])),
        ),
        Misconception(
            "the_factor_in_front_is_lost",
            unpacked("return grad_output * 2 * x"),
            "Half of what it should be: you took the slope of x², and y is 2x². The 2 in front "
            "stretches every nudge as well.",
            sends(lambda case: case["grad_output"] * 2 * case["x"]),
        ),
        Misconception(
            "sends_the_value",
            unpacked("return grad_output * 2 * x * x"),
            "Upstream is multiplied by y itself. What counts on the way back is how far y *moves* "
            "per unit of x.",
            sends(lambda case: case["grad_output"] * 2 * case["x"] ** 2),
        ),
        Misconception(
            "constant_slope",
            wrong("return 4 * grad_output"),
            "The slope is 4 wherever x is. y is a parabola: the farther out x lies, the steeper "
            "it is.",
            sends(lambda case: 4 * case["grad_output"]),
        ),
        Misconception(
            "right_at_3_only",
            wrong("return 12 * grad_output"),
            "12 is the slope at x = 3, and at no other x. Save x, and work it out from there.",
            sends(lambda case: 12 * case["grad_output"]),
        ),
        Misconception(
            "always_12",
            wrong("return torch.full_like(grad_output, 12.0)"),
            "12 comes back wherever x is, and whatever comes from upstream. One example is met, "
            "and the rule is missing.",
            sends(lambda case: np.full(np.shape(case["x"]), 12.0)),
        ),
        Misconception(
            "nothing_comes_back",
            unpacked("x_bar = 2 * x * grad_output"),
            "backward computed, and returned nothing. For PyTorch, None says that nothing is to be "
            "sent to x, so it does not complain.",
            anywhere(lambda told: told["returned"] == [None]),
        ),
        Misconception(
            "takes_the_box_for_its_content",
            wrong("x = ctx.saved_tensors; return grad_output * 2 * x"),
            "`ctx.saved_tensors` is a tuple, also when one tensor was saved: unpack it.",
            anywhere(lambda told: IS_A_TUPLE in told["raised"]),
        ),
        Misconception(
            "nothing_saved",
            wrong("x, = ctx.saved_tensors; return grad_output * 2 * x", "return 2 * x * x"),
            "backward opens ctx and finds nothing in it. It is forward that has to save x there.",
            anywhere(lambda told: "got 0)" in told["raised"] or "tuple index" in told["raised"]),
        ),
        Misconception(
            "returns_a_number",
            unpacked("return float((grad_output * 2 * x).sum())"),
            "backward returned something that is no tensor. A gradient is a tensor of the shape of "
            "the input that it belongs to.",
            anywhere(lambda told: "kind" in told["returned"][0]),
        ),
        Misconception(
            "one_number_for_all",
            unpacked("return (grad_output * 2 * x).sum()"),
            "One number came back for the whole of x. PyTorch sums a gradient that is too large "
            "down to the shape of the input, and never spreads one that is too small: each entry "
            "of x needs its own.",
            lambda cases, reports: all(
                np.size(values_of(report["returned"]["returned"][0])) == 1 for report in reports
            ),
        ),
        Misconception(
            "memory_order",
            wrong(
                "x, = ctx.saved_tensors\n"
                "        upstream = torch.as_strided(grad_output, x.shape, x.stride())\n"
                "        return upstream * 4 * x"
            ),
            "grad_output need not lie in memory row by row: whoever comes after you may have "
            "transposed. Compute with it as a tensor, and let PyTorch find its entries.",
            reads_memory_in_order,
        ),
        Misconception(
            "kept_on_ctx",
            wrong("return grad_output * 3 * ctx.x", "ctx.x = x; return 2 * x * x"),
            "A tensor is kept as an attribute of ctx. PyTorch then cannot let it go after the "
            "backward pass, and does not notice when somebody changes it in between. "
            "`save_for_backward` sees to both.",
            anywhere(lambda told: told["kept"]),
        ),
        Misconception(
            "one_place_for_all_runs",
            wrong(
                "return grad_output * 4 * SquareAndDouble.x",
                "SquareAndDouble.x = x; return 2 * x * x",
            ),
            "x is kept in a place that all runs share, and a second call of `apply` overwrites "
            "what the first one left. Each run has a ctx of its own: that is what it is for.",
            sends(lambda case: case["grad_output"] * slope(OTHER * case["x"])),
        ),
        Misconception(
            "ctx_is_forgotten",
            wrong("x, = ctx.saved_tensors; return grad_output * 2 * x", "return 2 * x * x", "x"),
            "forward is called with one thing more than it names: ctx comes first, then the "
            "inputs. It is the bag that backward will open.",
            refuses("forward", "positional argument but"),
        ),
    ),
    hints=(
        Hint(
            "My gradient is right at x = 3 and nowhere else",
            "backward does not know x unless forward has saved it: an `x` that does not come from "
            "ctx is the notebook's own. What does `ctx.save_for_backward(x)` leave in "
            "`ctx.saved_tensors`?",
        ),
        Hint(
            "It is right until I multiply the loss by 5",
            "With `y.backward()` alone, `grad_output` is 1, and nobody sees whether you use it. "
            "$\\bar x = \\bar y \\cdot \\partial y/\\partial x$: it is a factor of the answer.",
        ),
        Hint(
            "TypeError, and a tuple in it",
            "`ctx.saved_tensors` is a tuple. With `(x,) = ctx.saved_tensors`, x is what was saved. "
            "Then the local derivative of 2x² remains: the exponent comes down as a factor.",
        ),
    ),
    why="12.0 at x = 3, and right at any x, from any upstream: this operator can stand in the "
    "middle of any graph. PyTorch runs it among its own.",
)  # fmt: skip
