"""Exercise `SquareAndDouble`: y = 2x² as an operator of PyTorch."""

import numpy as np

from ..exercise import Exercise, Hint, Misconception
from .reading import about_gradients, about_keeping, about_value, anywhere, sends, shown
from .runs import IS_A_TUPLE, OTHER, is_blank, run

POLYNOMIAL = np.array([2.0, 0.0, 0.0])  # highest power first


def square_cases(seed):
    rng = np.random.default_rng([seed, 61])

    def numbers(*shape):
        return rng.uniform(0.4, 2.6, shape) * rng.choice([-1, 1], shape)

    cases = [{"x": numbers(*shape), "y_bar": numbers(*shape)} for shape in ((1,), (3,), (4, 2))]
    square = {"x": numbers(3, 3), "y_bar": np.asfortranarray(numbers(3, 3))}
    return [*cases, square]


def probe_square(answer, case):
    return ... if is_blank(answer) else run(answer, [case["x"]], case["y_bar"])


def slope(x):
    return np.polyval(np.polyder(POLYNOMIAL), x)


def judge_square(case, told):
    x, y_bar = case["x"], case["y_bar"]
    at = f"At {shown(x=x)}"
    complaint = about_value(told, np.polyval(POLYNOMIAL, x), at)
    if complaint is None:
        at = f"{at}, {shown(grad_output=y_bar)}"
        complaint = about_gradients(told, {"x": slope(x) * y_bar}, at) or about_keeping(told)
    return [complaint] if complaint else []


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
            sends(lambda case: case["y_bar"] * 2 * case["x"]),
        ),
        Misconception(
            "sends_the_value",
            unpacked("return grad_output * 2 * x * x"),
            "Upstream is multiplied by y itself. What counts on the way back is how far y *moves* "
            "per unit of x.",
            sends(lambda case: case["y_bar"] * 2 * case["x"] ** 2),
        ),
        Misconception(
            "constant_slope",
            wrong("return 4 * grad_output"),
            "The slope is 4 wherever x is. y is a parabola: the farther out x lies, the steeper "
            "it is.",
            sends(lambda case: 4 * case["y_bar"]),
        ),
        Misconception(
            "right_at_3_only",
            wrong("return 12 * grad_output"),
            "12 is the slope at x = 3, and at no other x. Save x, and work it out from there.",
            sends(lambda case: 12 * case["y_bar"]),
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
            "backward computed, and returned nothing. For PyTorch, None says that x wants no "
            "gradient, so it does not complain.",
            anywhere(lambda told: told["returned"] == [None]),
        ),
        Misconception(
            "takes_the_box_for_its_content",
            wrong("x = ctx.saved_tensors; return grad_output * 2 * x"),
            "`ctx.saved_tensors` is a tuple, also when one tensor was saved: it has to be unpacked.",
            anywhere(lambda told: IS_A_TUPLE in told["raised"]),
        ),
        Misconception(
            "returns_a_number",
            unpacked("return float((grad_output * 2 * x).sum())"),
            "backward returned something that is no tensor. A gradient is a tensor of the shape of "
            "the input that it belongs to.",
            anywhere(lambda told: "kind" in told["returned"][0]),
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
            sends(lambda case: case["y_bar"] * slope(OTHER * case["x"])),
        ),
        Misconception(
            "ctx_is_forgotten",
            wrong("x, = ctx.saved_tensors; return grad_output * 2 * x", "return 2 * x * x", "x"),
            "forward is called with one thing more than it names: ctx comes first, then the "
            "inputs. It is the bag that backward will open.",
            anywhere(lambda told: "positional argument" in told["refused"]["text"]
                     and told["refused"]["by"] == "forward"),
        ),
    ),
    hints=(
        Hint(
            "My gradient is right at x = 3 and nowhere else",
            "backward does not know x unless forward has saved it. What does "
            "`ctx.save_for_backward(x)` leave in `ctx.saved_tensors`?",
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
    "middle of any graph. PyTorch runs it exactly as it runs its own.",
)  # fmt: skip
