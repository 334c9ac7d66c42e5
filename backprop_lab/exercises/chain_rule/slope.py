"""Exercise `slope`: nudge, and see how far it moves."""

import numpy as np

from ..diagnosis import close
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from ..supplied import polynomial


def slope_cases(seed):
    rng = np.random.default_rng([seed, 26])
    cases = []
    for nudge in (0.4, 0.1, 0.01, 0.003):
        coefficients = rng.choice([-1, 1], 4) * rng.uniform(0.5, 2.0, 4)
        x = float(rng.uniform(0.6, 1.6) * rng.choice([-1, 1]))
        cases.append({"coefficients": coefficients, "x": x, "nudge": nudge})
    return cases


def probe_slope(answer, case):
    return answer(polynomial(case["coefficients"]), case["x"], case["nudge"])


def exact(case):
    return float(np.polyval(np.polyder(case["coefficients"]), case["x"]))


def judge_slope(case, output):
    if not isinstance(output, (int, float)):
        return [f"slope has to return a number; {what_came(output)}"]
    x, nudge = case["x"], case["nudge"]
    # For a cubic a x³ + …, a difference to either side is the slope, and a times the nudge squared.
    wanted = exact(case) + case["coefficients"][0] * nudge**2
    if close(output, wanted):
        return []
    side = "large" if output > wanted else "small"
    f = polynomial(case["coefficients"])
    rise = f(x + nudge) - f(x - nudge)
    return [
        f"At x = {x:.4g} with a nudge of {nudge}: {output:.4g} is too {side}. Between the two "
        f"nudged places f moves by {rise:.4g}."
    ]


def ahead(case):
    f, x, nudge = polynomial(case["coefficients"]), case["x"], case["nudge"]
    return (f(x + nudge) - f(x)) / nudge


def behind(case):
    f, x, nudge = polynomial(case["coefficients"]), case["x"], case["nudge"]
    return (f(x) - f(x - nudge)) / nudge


def follows(cases, reports, rule, atol=1e-7):
    """Whether the answer gave what a rule gives for every case."""
    return all(
        np.isclose(report["returned"], rule(case), rtol=0, atol=atol)
        for case, report in zip(cases, reports, strict=True)
    )


def wrong(formula):
    return f"def slope(f, x, nudge):\n    return {formula}\n"


SLOPE = Exercise(
    id="slope",
    title="Nudge and measure",
    notebook=2,
    minutes=6,
    points=2,
    core=False,
    contract="""\
Write `slope(f, x, nudge)`: measure how far `f` moves per unit of its input.

- `f` takes a number and returns one. Nudge `x` by `nudge` to *either* side, and compare the two
  places: for a smooth `f` errors of opposite sign cancel, so it is far more exact than a nudge to
  one side.
- Return the slope between them. (No formula of a derivative is needed.)""",
    cases=slope_cases,
    probe=probe_slope,
    judge=judge_slope,
    misconceptions=(
        Misconception(
            "half_the_distance",
            wrong("(f(x + nudge) - f(x - nudge)) / nudge"),
            "It is twice too large: from one nudged place to the other it is two nudges.",
        ),
        Misconception(
            "to_one_side",
            wrong("(f(x + nudge) - f(x)) / nudge"),
            "That is a nudge to one side. It works, and is less exact: where f bends, the two "
            "halves of the way have different slopes. Go to either side.",
            lambda cases, reports: (
                follows(cases, reports, ahead) or follows(cases, reports, behind)
            ),
        ),
        Misconception(
            "the_other_way_round",
            wrong("(f(x - nudge) - f(x + nudge)) / (2 * nudge)"),
            "The sign is turned round. Take where you end up minus where you started, for the "
            "result as for the input.",
        ),
        Misconception(
            "change_without_distance",
            wrong("f(x + nudge) - f(x - nudge)"),
            "This is how far f moved. Per *unit* of x, it has to be divided by how far x moved.",
        ),
        Misconception(
            "relative_change",
            wrong("(f(x + nudge) - f(x - nudge)) / (2 * nudge) / f(x)"),
            "You divided by f(x) as well, which gives the change relative to f. A derivative "
            "compares the two moves, whatever f itself is.",
        ),
        Misconception(
            "a_nudge_of_its_own",
            wrong("(f(x + 1e-12) - f(x - 1e-12)) / 2e-12"),
            "This is the slope at x itself, which two places as far apart as was asked cannot "
            "give: your nudge is another one. (Smaller is not better without end: at 1e-12 most "
            "digits of the difference are rounding.)",
            lambda cases, reports: follows(cases, reports, exact, atol=0.01),
        ),
    ),
    hints=(
        Hint(
            "What is a slope?",
            "Rise over run: how far the result moved, divided by how far the input moved.",
        ),
        Hint(
            "It is exactly twice too large",
            "How far is it from x − nudge to x + nudge?",
        ),
        Hint(
            "It is close, but the check says no",
            "Compare f at x + nudge with f at x − nudge; f at x itself is not needed.",
        ),
    ),
    why="Two calls of f for one derivative. With a thousand inputs that is two thousand calls, and "
    "one sweep backward gives the same thousand numbers.",
)
