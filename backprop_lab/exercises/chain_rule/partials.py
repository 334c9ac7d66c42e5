"""Exercise `partials`: the local derivatives of five operators."""

import numpy as np

from ..diagnosis import as_numbers, close
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came

FUNCTIONS = {
    "+": lambda x, y: x + y,
    "*": lambda x, y: x * y,
    "max": lambda x, y: np.where(np.real(x) > np.real(y), x, y),
    "exp": lambda x, y: np.exp(x),
    "log": lambda x, y: np.log(x),
}
TINY = 1e-30


def partials_cases(seed):
    rng = np.random.default_rng([seed, 21])
    small, large = rng.uniform(0.4, 0.9, 6), rng.uniform(1.3, 2.5, 6)
    points = [
        ("+", large[0], -small[0]), ("*", -small[1], large[1]), ("exp", small[2], None),
        ("log", small[3], None), ("max", large[2], small[4]), ("max", small[5], large[3]),
        ("max", -small[1], -large[4]), ("max", -large[5], small[0]), ("*", -large[0], -small[2]),
        ("exp", -large[1], None), ("log", large[2], None),
    ]  # fmt: skip
    return [{"op": op, "x": float(x), "y": y and float(y)} for op, x, y in points]


def wanted(case):
    """The local derivatives by a complex step, exact to rounding (Squire and Trapp 1998)."""
    function, x, y = FUNCTIONS[case["op"]], case["x"], case["y"]
    steps = [function(x + 1j * TINY, y)]
    if y is not None:
        steps.append(function(x, y + 1j * TINY))
    return [float(np.imag(step)) / TINY for step in steps]


def judge_partials(case, output):
    asked = f'partials("{case["op"]}", {case["x"]:.4g}, ' + (
        "None)" if case["y"] is None else f"{case['y']:.4g})"
    )
    right = wanted(case)
    if isinstance(output, (int, float)):
        return [
            f"{asked} gave a bare number. Return a tuple, one entry for each input; a tuple with "
            "one entry has a comma: (5.0,)."
        ]
    numbers = as_numbers(output)
    if numbers is None:
        return [f"{asked} has to return a tuple of numbers; {what_came(output)}"]
    if len(numbers) != len(right):
        inputs = "one input" if len(right) == 1 else "two inputs"
        return [f"{asked} has {inputs}, and the tuple has the length {len(numbers)}."]
    for slot, (mine, theirs) in enumerate(zip(numbers, right, strict=True)):
        if not close(mine, theirs):
            said = f"{asked}: the derivative by input {slot + 1} is {mine:.4g}"
            if not np.isfinite(mine):
                return [f"{said}, which is no number to go on with."]
            return [f"{said}, too {'large' if mine > theirs else 'small'}."]
    return []


def gives(op, rule):
    """Whether an answer follows a rule at one operator, wherever that is not right."""

    def looks_like(cases, reports):
        pairs = [(c, as_numbers(r.get("returned"))) for c, r in zip(cases, reports, strict=True)]
        telling = [
            (rule(case["x"], case["y"]), output)
            for case, output in pairs
            if case["op"] == op and judge_partials(case, output)
        ]
        return bool(telling) and all(
            output is not None and np.shape(output) == np.shape(suspect) and close(output, suspect)
            for suspect, output in telling
        )

    return looks_like


def wrong(op, rule):
    """An answer that follows a rule at one operator, and has nothing to say of the others."""
    return f"""
def partials(op, x, y):
    if op == {op!r}:
        return {rule}
    return (0.0, 0.0) if op in ("+", "*", "max") else (0.0,)
"""


PARTIALS = Exercise(
    id="partials",
    title="Five local derivatives",
    notebook=2,
    minutes=8,
    points=3,
    contract="""\
Write `partials(op, x, y)`: the local derivatives of one operator.

- `op` is `"+"`, `"*"`, `"max"` (the larger of the two), `"exp"` or `"log"`; `y` is `None` for the
  last two.
- Return a tuple with one number for each input: `partials("+", 2.0, 5.0)` is `(1.0, 1.0)`.
- `x` and `y` are never equal where `op` is `"max"`. `np.exp` and `np.log` are there.""",
    cases=partials_cases,
    judge=judge_partials,
    misconceptions=(
        Misconception(
            "product_keeps_its_own",
            wrong("*", "(x, y)"),
            "For the product, each input got itself. Hold `y` still and nudge `x`: the result "
            "moves by `y` for every unit. It is the *other* factor that counts.",
            gives("*", lambda x, y: (x, y)),
        ),
        Misconception(
            "product_of_derivatives",
            wrong("*", "(1.0, 1.0)"),
            "For the product you gave 1 and 1, the derivatives of x and of y by themselves. They "
            "are right for a sum; a product stretches a nudge by the other factor.",
            gives("*", lambda x, y: (1.0, 1.0)),
        ),
        Misconception(
            "max_to_both",
            wrong("max", "(1.0, 1.0)"),
            "You pass a nudge on to both inputs of max. Nudge the smaller one a little: does the "
            "larger of the two move?",
            gives("max", lambda x, y: (1.0, 1.0)),
        ),
        Misconception(
            "max_times_the_winner",
            wrong("max", "(x * (x > y), y * (y > x))"),
            "For max you gave the larger value itself. The result *is* that value, but the "
            "question is how far it moves per unit of it.",
            gives("max", lambda x, y: (x * (x > y), y * (y > x))),
        ),
        Misconception(
            "power_rule_for_exp",
            wrong("exp", "(x * np.exp(x - 1),)"),
            "For exp you used the power rule, which brings an exponent down. That is for x in the "
            "base; here x *is* the exponent, and the slope of exp is exp itself.",
            gives("exp", lambda x, y: (x * np.exp(x - 1),)),
        ),
        Misconception(
            "exp_gives_its_input",
            wrong("exp", "(x,)"),
            "For exp you gave its input. Its slope is its own *output*: the steeper, the larger "
            "it is already.",
            gives("exp", lambda x, y: (x,)),
        ),
        Misconception(
            "log_without_slope",
            wrong("log", "(np.log(x),)"),
            "For log you gave log again. It is exp that is its own slope; the slope of log falls "
            "as x grows.",
            gives("log", lambda x, y: (np.log(x),)),
        ),
        Misconception(
            "log_squared",
            wrong("log", "(-1 / x**2,)"),
            "For log you gave −1/x², which is the slope of 1/x: one derivative too many. log rises "
            "everywhere, so its slope is positive.",
            gives("log", lambda x, y: (-1 / x**2,)),
        ),
    ),
    hints=(
        Hint(
            "I don't know what goes into the tuple",
            'As many numbers as there are inputs, in their order. For "+" it is (1.0, 1.0): a '
            "nudge of either input moves the sum by as much.",
        ),
        Hint(
            "The product is wrong",
            "Try it with numbers: 3 × 4 is 12, and 3.1 × 4 is 12.4. A nudge of 0.1 at the first "
            "factor moved the result by 0.4. Which of the two numbers is 0.4 / 0.1?",
        ),
        Hint(
            "TypeError with None",
            "`exp` and `log` have one input only, and `y` is None. Ask for `op` first, and touch "
            "`y` only where it is a number.",
        ),
    ),
    why="Each operator answers for its own step, at the values that it was given. That is all a "
    "backward pass will ever ask of it.",
)
