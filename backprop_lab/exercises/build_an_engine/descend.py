"""Exercise `descend`: zero, backward, update, over and over."""

from contextlib import contextmanager

import numpy as np

from ..diagnosis import close
from ..exercise import Exercise, Hint, Misconception
from .pieces import Node, Value, given, one_step_back


def descend_cases(seed):
    rng = np.random.default_rng([seed, 34])
    cases = []
    for steps in (1, 2, 5):
        cases.append(
            {
                "start": [float(x) for x in rng.uniform(-2, 2, 3)],
                "goal": [float(x) for x in rng.uniform(-2, 2, 3)],
                "steepness": steepness(rng),
                "rate": float(rng.uniform(0.05, 0.15)),
                "steps": steps,
            }
        )
    return cases


def steepness(rng):
    """A symmetric matrix with positive eigenvalues; no weight is on its own."""
    A = rng.uniform(0.3, 1.0, (3, 3))
    return A @ A.T + np.eye(3)


def probe_descend(answer, case):
    """The loss is (w − goal)ᵀ S (w − goal); its one node reads the weights."""
    weights, calls = [Value(x) for x in case["start"]], [0]
    for weight in weights:
        weight.grad = 7.0  # left there by somebody else

    def loss_of():
        calls[0] += 1
        off = np.array([w.data for w in weights]) - case["goal"]
        node = given(list(weights), (2 * case["steepness"] @ off).tolist())
        return Value(float(off @ case["steepness"] @ off), node)

    with standing_in(answer, "backward", one_step_back):
        if answer(loss_of, list(weights), case["rate"], case["steps"]) is ...:
            return ...
    left = any(weight.grad != 0 for weight in weights)  # is there a gradient still?
    return {"weights": [weight.data for weight in weights], "calls": calls[0], "left": left}


@contextmanager
def standing_in(answer, name, ours):
    """On the answer's page `name` is ours as long as it runs: a slip there is another exercise."""
    page = getattr(answer, "__globals__", {})
    theirs = page.get(name, ours)
    page[name] = ours
    try:
        yield
    finally:
        page[name] = theirs


def wanted(case, steps):
    """Where plain descent has come to: each step multiplies the way to the goal by I − 2 rate S."""
    step = np.eye(3) - 2 * case["rate"] * case["steepness"]
    off = np.array(case["start"]) - case["goal"]
    return np.linalg.matrix_power(step, steps) @ off + case["goal"]


def judge_descend(case, output):
    weights = output["weights"]
    if not all(isinstance(x, (int, float)) for x in weights):
        return ["A weight's `data` has to stay a number."]
    if close(weights, wanted(case, case["steps"])):
        return []
    if close(weights, case["start"]):
        return ["The weights have not moved. Change what stands in their `.data`."]
    came = ", ".join(f"{x:.4g}" for x in weights)
    start = ", ".join(f"{x:.4g}" for x in case["start"])
    slopes = 2 * case["steepness"] @ (np.array(case["start"]) - case["goal"])
    return [
        f"With steps = {case['steps']} and rate = {case['rate']:.3g} the weights end at {came}. "
        f"They started at {start}, where the gradients are "
        f"{', '.join(f'{x:.4g}' for x in slopes)}."
    ]


def wrong(body, before="pass"):
    return f"""
def descend(loss_of, weights, rate, steps):
    {before}
    for _ in range(steps):
{body}
"""


ZERO = "        for w in weights: w.grad = 0.0\n"
BACK = "        backward(loss_of())\n"
MOVE = "        for w in weights: w.data -= rate * w.grad\n"

DESCEND = Exercise(
    id="descend",
    title="Zero, backward, update",
    notebook=3,
    minutes=8,
    points=3,
    contract="""\
Write `descend(loss_of, weights, rate, steps)`: gradient descent.

- `loss_of()` runs the model on the weights as they are, and returns the loss, a Value with a fresh
  graph. `backward(loss)` *adds* into `.grad` of each weight. (The check brings one of its own.)
- In each step, move every weight's `data` against its gradient: by `rate` times the gradient of
  the loss *now*. `.grad` may hold something from before.
- Nothing needs to be returned.""",
    cases=descend_cases,
    probe=probe_descend,
    judge=judge_descend,
    given={"Node": Node, "Value": Value, "backward": one_step_back},
    misconceptions=(
        Misconception(
            "never_zeroes",
            wrong(BACK + MOVE),
            "Old gradients are never cleared, so each step moves by the sum of all gradients so "
            "far, and by what lay there at the start.",
        ),
        Misconception(
            "zeroes_too_late",
            wrong(BACK + ZERO + MOVE),
            "Every step moves by nothing: when the weights move, their gradients are 0. Either "
            "they are cleared between backward and the update, or backward has not run.",
        ),
        Misconception(
            "zeroes_once",
            wrong(BACK + MOVE, before="for w in weights: w.grad = 0.0"),
            "The gradients are cleared once, before the first step. From the second step on, the "
            "old ones are still in the sum.",
        ),
        Misconception(
            "zeroes_after_the_update",
            wrong(BACK + MOVE + ZERO),
            "You clear after each update, so the first step still finds what somebody else left in "
            "`.grad`. Clear before backward.",
        ),
        Misconception(
            "uphill",
            wrong(ZERO + BACK + MOVE.replace("-=", "+=")),
            "The weights go uphill. A gradient points to where the loss grows; go against it.",
        ),
        Misconception(
            "one_loss_for_all",
            wrong(ZERO + "        backward(loss)\n" + MOVE, before="loss = loss_of()"),
            "The loss was computed once, so its graph remembers the weights of the beginning, and "
            "every step uses the same gradient. Run the model afresh in each step.",
        ),
        Misconception(
            "without_the_rate",
            wrong(ZERO + BACK + "        for w in weights: w.data -= w.grad\n"),
            "Each step moves by the whole gradient. `rate` says how much of it to take.",
        ),
        Misconception(
            "moves_a_copy",
            wrong(ZERO + BACK + "        for w in weights: w = Value(w.data - rate * w.grad)\n"),
            "The gradients came, and the weights have not moved. A new Value does not move the old "
            "one (`w = ...` gives the name w to another object). What has to change is `w.data`, "
            "after backward.",
            lambda cases, reports: all(
                "returned" in report
                and report["returned"]["weights"] == case["start"]
                and report["returned"]["calls"] == case["steps"]
                and report["returned"]["left"]
                for case, report in zip(cases, reports, strict=True)
            ),
        ),
    ),
    hints=(
        Hint(
            "The steps grow and grow",
            "Print `.grad` of one weight in each step. If it only ever adds up, nobody clears it.",
        ),
        Hint(
            "The weights do not move",
            "Is `.grad` 0 when you use it? Look at what happens between backward and the update. "
            "And do you change `w.data`, or the name `w`?",
        ),
        Hint(
            "What does one step consist of?",
            "Clear the gradients; run the model; backward; move each weight. In this order.",
        ),
    ),
    why="Clear, run, backward, move: nearly all training is this loop, with the clearing anywhere "
    "between a move and the next backward. What changes is the model and the way of moving.",
)
