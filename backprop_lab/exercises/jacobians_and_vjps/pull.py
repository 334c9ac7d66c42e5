"""Exercise `pull`: one number for each output in, one number for each input out."""

import numpy as np

from ..diagnosis import as_array, diagnose, shown
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from .jacobian_at import TINY, f, points


def pull_cases(seed):
    rng = np.random.default_rng([seed, 42])
    places = points(rng, [(1, 1), (1, -1), (-1, 1)])
    u = rng.choice([-1, 1], (3, 3)) * rng.uniform(0.4, 2.4, (3, 3))
    first = {"u": np.array([0.0, 0.0, 2.0]), "x": 2.0, "y": 3.0}
    second = {"u": np.array([1.0, -2.0, 0.5]), "x": 2.0, "y": 3.0}
    rest = [{"u": u_of, "x": x, "y": y} for u_of, (x, y) in zip(u, places, strict=True)]
    return [first, second, *rest]


def wanted(u, x, y):
    """The gradient of the one number u · f, by a complex step (Squire and Trapp 1998)."""
    moved = u @ f(x + 1j * TINY, y + 0j), u @ f(x + 0j, y + 1j * TINY)
    return np.imag(moved) / TINY


def judge_pull(case, output):
    got = as_array(output)
    if got is None:
        return [f"pull has to return an array of two numbers; {what_came(output)}"]
    said = diagnose(got, wanted(**case))
    return [f"At {shown(**case)}: {said}"] if said else []


def raised_by_shapes(cases, reports):
    """Whether every case ended in the complaint that 3 numbers do not fit 2 columns."""
    told = [report.get("raised", "") for report in reports]
    fits = ("size 3 is different from 2", "(3,2) and (3,) not aligned")
    return all(any(text in raised for text in fits) for raised in told)


def wrong(formula):
    """An answer that has measured J, and does something else with it than what is asked for."""
    return f"""
def pull(u, x, y):
    f = lambda x, y: np.array([x * y, np.sin(x), y**2])
    J = np.column_stack([f(x + 1e-30j, y).imag, f(x, y + 1e-30j).imag]) / 1e-30
    return {formula}
"""


PULL = Exercise(
    id="pull",
    title="Pull a cotangent back",
    notebook=4,
    minutes=6,
    points=2,
    core=False,
    contract="""\
Write `pull(u, x, y)`: $u^T J$ for the same $f(x, y) = (x \\cdot y,\\ \\sin x,\\ y^2)$.

- `u` is an array of three numbers, one for each output. Return an array of shape (2,): one number
  for each input.
- You need not build J. For `u` = (1, −2, 0.5) at (2, 3) the result is about (3.832, 5).""",
    cases=pull_cases,
    judge=judge_pull,
    misconceptions=(
        Misconception(
            "on_the_side_of_the_inputs",
            wrong("J @ u"),
            "J u puts `u` on the side of the inputs, and f has two of those. `u` holds one number "
            "for each *output*: it stands on the left, where the rows are.",
            raised_by_shapes,
        ),
        Misconception(
            "row_sums",
            wrong("J.sum(axis=1)"),
            "Three numbers, one for each output, and they are the rows of J added up: how the "
            "outputs move if both inputs do. What is asked for has one number for each input.",
        ),
        Misconception(
            "u_ignored",
            wrong("J.sum(axis=0)"),
            "Whatever `u` is, the three outputs count the same in your answer. Double the first "
            "number of `u`: the part that comes through x·y has to double.",
        ),
        Misconception(
            "not_added_up",
            wrong("u[:, None] * J"),
            "Each row is weighted by its number in `u`, and not yet added to the others: your "
            "answer is still a matrix. An input that reaches several outputs hears from each of "
            "them, and what it hears adds.",
        ),
        Misconception(
            "mean_of_the_rows",
            wrong("u @ J / 3"),
            "You took the mean over the three outputs. Messages that meet at an input add, however "
            "many they are.",
        ),
        Misconception(
            "u_normalised",
            wrong("u / np.linalg.norm(u) @ J"),
            "`u` was made a vector of length 1 first. A cotangent has a size as well as a "
            "direction: it says how much the loss moves per unit of each output.",
        ),
        Misconception(
            "weights_that_add_up_to_one",
            wrong("u / np.sum(u) @ J"),
            "You divided `u` by its sum, as one does with weights of an average. A cotangent is "
            "taken as it comes.",
        ),
        Misconception(
            "negated",
            wrong("-(u @ J)"),
            "Everything has the wrong sign. To go downhill one *subtracts* a gradient, later; the "
            "gradient itself points uphill.",
        ),
        Misconception(
            "outputs_weighted_by_their_values",
            wrong("u * np.array([x * y, np.sin(x), y**2]) @ J"),
            "There is the value of each output in it as a factor. `u` already says how much an "
            "output matters; its own value does not come in.",
        ),
        Misconception(
            "one_route_for_each_input",
            wrong("np.array([u[0] * J[0, 0], u[2] * J[2, 1]])"),
            "Each input heard from one output only. x is read by x·y and by sin x, and y by x·y "
            "and by y²: each of them has something to say.",
        ),
    ),
    hints=(
        Hint(
            "ValueError: the shapes do not fit",
            "`u` has as many numbers as J has rows. In `u @ J` it stands on the side of the rows.",
        ),
        Hint(
            "I don't see how to do it without J",
            "x is read by the first output and by the second. What does each of them send back to "
            "x, if its own cotangent is u[0] or u[1]?",
        ),
        Hint(
            "It is right for u = (1, 1, 1) only",
            "With ones every output counts the same. Each message is a local derivative times "
            "what came from upstream, and for output i that is u[i].",
        ),
    ),
    why="Six entries of J, and four multiplications that matter: messages along the edges that are "
    "there. This VJP never looks at the zeros.",
)
