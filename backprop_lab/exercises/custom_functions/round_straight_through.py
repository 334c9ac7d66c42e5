"""Exercise `RoundStraightThrough`: a backward that is not the derivative, and says so."""

import numpy as np

from ..diagnosis import shown
from ..exercise import Exercise, Hint, Misconception
from ..probing import UNFILLED, same
from .reading import about_gradients, about_value, numbers, sends
from .runs import is_blank, load_backward, run


def round_cases(seed):
    """x inside and outside [−1, 1] on both sides, away from its ends and from where it jumps."""
    rng = np.random.default_rng([seed, 67])
    places = np.array([0.3, -0.7, 1.3, -1.7, -0.3, 0.7, 2.2, -2.8, 1.2, -1.3, 0.2, -0.8])
    cases = []
    for shape in ((4,), (4, 3), (3, 3)):
        size = int(np.prod(shape))
        x = places[:size] + rng.uniform(-0.1, 0.1, size)
        grad_output = numbers(rng, size)
        cases.append(
            {"x": rng.permutation(x).reshape(shape), "grad_output": grad_output.reshape(shape)}
        )
    return cases


def probe_round(answer, case):
    if is_blank(answer):
        return ...
    told = run(answer, [case["x"]], case["grad_output"])
    return told if told is ... else told | {"deliberate": getattr(answer, "deliberate", None)}


def judge_round(case, told):
    x, grad_output = case["x"], case["grad_output"]
    at = f"At {shown(x=x)}"
    complaint = about_value(told, np.round(x), at)
    if complaint is None:
        passed = np.where(np.clip(x, -1, 1) == x, grad_output, 0.0)
        complaint = about_gradients(told, {"x": passed}, f"{at}, {shown(grad_output=grad_output)}")
    complaint = complaint or about_the_statement(told["deliberate"])
    return [complaint] if complaint else []


def about_the_statement(deliberate):
    """What is wrong with what the class says about itself, or None."""
    if deliberate is None or same(deliberate, UNFILLED):
        return (
            f"{ALL_BUT_THAT} `deliberate` is still blank: say in it that this gradient is not the "
            "derivative, and what it is instead."
        )
    if not isinstance(deliberate, str) or len(deliberate.split()) < 3:
        return f"{ALL_BUT_THAT} `deliberate` has to say it in words, three or more."
    return None


ALL_BUT_THAT = "Forward and backward are right."


def wrong(backward, forward="ctx.save_for_backward(x); return torch.round(x)"):
    return f"""
import torch

class RoundStraightThrough(torch.autograd.Function):
    deliberate = ...

    @staticmethod
    def forward(ctx, x):
        {forward}

    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        return {backward}
"""


def is_the_input(cases, reports):
    return all(
        np.allclose(case["x"], report["returned"]["y"]["values"], rtol=1e-9)
        for case, report in zip(cases, reports, strict=True)
    )


ROUND_STRAIGHT_THROUGH = Exercise(
    id="RoundStraightThrough",
    title="Straight through, on purpose",
    notebook=6,
    minutes=8,
    points=3,
    contract="""\
Write `RoundStraightThrough`. Its forward is `torch.round`, a staircase: the slope is 0 almost
everywhere, and nothing before it would ever learn.

- `backward` passes `grad_output` on as it is where x lies in [−1, 1], and 0 elsewhere.
- That is deliberately *not* the derivative. So the class says, in your own words, what is sent
  instead: `deliberate = "…"`. Tests then leave out finite differences; the report card puts your
  words after *declared to be*.""",
    cases=round_cases,
    probe=probe_round,
    judge=judge_round,
    may_use=frozenset({"torch"}),
    prepare=load_backward,
    misconceptions=(
        Misconception(
            "forward_does_not_round",
            wrong("grad_output * 1", "ctx.save_for_backward(x); return x.clone()"),
            "forward returns x as it came. Only backward is to pretend: forward rounds.",
            is_the_input,
        ),
        Misconception(
            "passes_everywhere",
            wrong("grad_output * 1"),
            "The gradient passes wherever x lies. Beyond [−1, 1] it is to stop: an x that has run "
            "away would be pushed on and on.",
            sends(lambda case: case["grad_output"]),
        ),
        Misconception(
            "the_true_derivative",
            wrong("torch.zeros_like(x)"),
            "0 everywhere is the true derivative of a staircase, and with it nothing before it "
            "learns. Which slope do you want to pretend, and where?",
            sends(lambda case: 0 * case["x"]),
        ),
        Misconception(
            "range_of_the_output",
            wrong("grad_output * (torch.round(x).abs() <= 1)"),
            "You look at whether the *rounded* number lies in [−1, 1]. 1.3 is rounded to 1, and "
            "lies outside. The gate is set by x.",
            sends(lambda case: case["grad_output"] * (abs(np.round(case["x"])) <= 1)),
        ),
        Misconception(
            "range_of_the_gradient",
            wrong("grad_output.clamp(-1, 1)"),
            "You clip the *gradient* to [−1, 1]. The range belongs to x: where x is inside, the "
            "gradient passes unchanged, however large it is.",
            sends(lambda case: np.clip(case["grad_output"], -1, 1)),
        ),
        Misconception(
            "large_gradients_stopped",
            wrong("grad_output * (grad_output.abs() <= 1)"),
            "You stop gradients that lie outside [−1, 1]. The range belongs to x: the gate was set "
            "on the way forward.",
            sends(lambda case: case["grad_output"] * (abs(case["grad_output"]) <= 1)),
        ),
        Misconception(
            "one_side_only",
            wrong("grad_output * (x <= 1)"),
            "On one side the range is kept, and on the other the gradient passes without end. "
            "−1.5 lies outside [−1, 1] as well.",
            lambda cases, reports: any(
                sends(rule)(cases, reports)
                for rule in (
                    lambda case: case["grad_output"] * (case["x"] <= 1),
                    lambda case: case["grad_output"] * (case["x"] >= -1),
                )
            ),
        ),
        Misconception(
            "open_where_it_should_close",
            wrong("grad_output * (x.abs() > 1)"),
            "The gate is the wrong way round: it is open outside [−1, 1], and closed inside.",
            sends(lambda case: case["grad_output"] * (abs(case["x"]) > 1)),
        ),
        Misconception(
            "sign_turned",
            wrong("-grad_output * (x.abs() <= 1)"),
            "The sign is turned. That exists, under the name of gradient reversal, and makes the "
            "layers before it learn the opposite; here the gradient is to pass as it is.",
            sends(lambda case: -case["grad_output"] * (abs(case["x"]) <= 1)),
        ),
        Misconception(
            "ignores_upstream",
            wrong("(x.abs() <= 1).double()"),
            "The gate itself is sent back, 0 or 1, whatever came from upstream. Where it is open, "
            "let `grad_output` through.",
            sends(lambda case: (abs(case["x"]) <= 1).astype(float)),
        ),
        Misconception(
            "does_not_say_so",
            wrong("torch.where(x.abs() <= 1, grad_output, 0)").replace("deliberate = ...", "pass"),
            "All is right but the statement. Whoever finds this class later will hold it against "
            "finite differences, and mend it. Say in `deliberate` what is pretended, and where.",
            lambda cases, reports: all(
                judge_round(case, report["returned"])[0].startswith(ALL_BUT_THAT)
                for case, report in zip(cases, reports, strict=True)
            ),
        ),
    ),
    hints=(
        Hint(
            "Everything before the rounding has gradient 0",
            "That is the true derivative of a staircase. Return `grad_output` instead, as if "
            "forward had done nothing; and then think of the range.",
        ),
        Hint(
            "It passes where it should stop",
            "Whether the gradient passes is a question about x, not about y and not about "
            "`grad_output`. So x, or the answer to the question, has to be saved.",
        ),
        Hint(
            "gradcheck says that my gradient is wrong",
            "It is right to say so: what you send is not the derivative. Therefore the class "
            "carries words, `deliberate`, that say what it sends instead; and no test holds it "
            "against finite differences.",
        ),
    ),
    why="A derivative would be 0 here, and useless. A gradient that is made up can be worth more, "
    "as long as everybody is told. (Bengio, Léonard and Courville 2013 call it straight-through.)",
)  # fmt: skip
