"""Exercise `two_roads`: one variable that reaches the result along two paths."""

import numpy as np

from ..diagnosis import as_numbers, close, constant_factor
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came

TINY = 1e-30


def two_roads_cases(seed):
    rng = np.random.default_rng([seed, 22])
    points = [
        *rng.uniform(0.3, 1.8, (5, 2)),
        (2.0, 0.5),
    ]  # the last one is the page's; z is 1 there
    return [{"x": float(x), "y": float(y)} for x, y in points]


def h(x, y):
    return np.log(x * y) + np.exp(x * y)


def judge_two_roads(case, output):
    x, y = case["x"], case["y"]
    wanted = [h(x + 1j * TINY, y).imag / TINY, h(x, y + 1j * TINY).imag / TINY]
    numbers = as_numbers(output)
    if numbers is None or len(numbers) != 2:
        return [f"Two numbers are asked for, as a tuple; {what_came(output)}"]
    if close(numbers, wanted):
        return []
    at = f"At x = {x:.4g}, y = {y:.4g}"
    factor = constant_factor(np.array(numbers), np.array(wanted), ())
    if factor:
        return [f"{at} both numbers are {factor} what they have to be."]
    for name, mine, right in zip("xy", numbers, wanted, strict=True):
        if not close(mine, right):
            side = "large" if mine > right else "small"
            return [f"{at}, by {name}: {mine:.4g} is too {side}."]


def wrong(by_x, by_y):
    return f"def two_roads(x, y):\n    z = x * y\n    return {by_x}, {by_y}\n"


TWO_ROADS = Exercise(
    id="two_roads",
    title="Two roads to the same result",
    notebook=2,
    minutes=8,
    points=3,
    contract=r"""Write `two_roads(x, y)` for $z = x\,y$ and $h = \log z + e^z$.

- Return the tuple $(\partial h/\partial x,\ \partial h/\partial y)$ for positive numbers `x`, `y`.
- `np.log` and `np.exp` are there.""",
    cases=two_roads_cases,
    judge=judge_two_roads,
    misconceptions=(
        Misconception(
            "the_road_through_exp",
            wrong("y * np.exp(z)", "x * np.exp(z)"),
            "You went by one road, the one through exp. `z` has two readers, and what arrives "
            "through log counts as well.",
        ),
        Misconception(
            "the_road_through_log",
            wrong("y / z", "x / z"),
            "You went by one road, the one through log. `z` has two readers, and what arrives "
            "through exp counts as well.",
        ),
        Misconception(
            "forgets_the_first_step",
            wrong("1 / z + np.exp(z)", "1 / z + np.exp(z)"),
            "This is how far h moves per unit of `z`. Each road has one step more, from the input "
            "to `z`, and its factor is missing.",
        ),
        Misconception(
            "multiplies_the_roads",
            wrong("(y / z) * (y * np.exp(z))", "(x / z) * (x * np.exp(z))"),
            "You multiplied the two roads. Factors along *one* road multiply; different roads "
            "bring a nudge to the same place side by side, and add.",
        ),
        Misconception(
            "adds_along_a_road",
            wrong("(y + 1 / z) + (y + np.exp(z))", "(x + 1 / z) + (x + np.exp(z))"),
            "You added the factors along each road. A nudge is stretched by the first step, and "
            "what comes out of it is stretched by the next: they multiply.",
        ),
        Misconception(
            "own_factor",
            wrong("x * (1 / z + np.exp(z))", "y * (1 / z + np.exp(z))"),
            "The first step is the product, and each input got its own factor there, or the two "
            "results have changed places. z moves by `y` per unit of `x`, and by `x` per unit of "
            "`y`.",
        ),
        Misconception(
            "derivative_inside",
            wrong("1 / y + np.exp(y)", "1 / x + np.exp(x)"),
            "You put the derivative of the inner step into the outer functions. The outer slopes "
            "are taken at the *value* z; the inner derivative is a factor beside them.",
        ),
    ),
    hints=(
        Hint(
            "I don't know where to start",
            "Name the value in the middle: z = x * y. Work out how far h moves per unit of z, "
            "which is a sum of two slopes. Then take the step from x to z.",
        ),
        Hint(
            "It is too small",
            "Count the roads from x to h in the picture. Is each of them in your sum?",
        ),
        Hint(
            "By x it is right, by y it is not",
            "The step from y to z has a factor of its own: per unit of y, the product moves by x.",
        ),
    ),
    why="Both roads share the step from the input to z, so its factor stands once, outside the sum "
    "over the roads. Sharing what roads have in common is what makes backward passes cheap.",
)
