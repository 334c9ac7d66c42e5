"""Exercise `jacobian_at`: three outputs, two inputs, six local derivatives."""

import numpy as np

from ..diagnosis import as_array, diagnose, shown
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came

TINY = 1e-30


def f(x, y):
    return np.array([x * y, np.sin(x), y**2])


def measured_jacobian(x, y):
    """J of f by a complex step for each column, exact to rounding (Squire and Trapp 1998)."""
    return np.column_stack(
        [np.imag(f(x + 1j * TINY, y + 0j)) / TINY, np.imag(f(x + 0j, y + 1j * TINY)) / TINY]
    )


def points(rng, signs):
    """Points (x, y) with |x| and |y| well apart, one for each pair of signs."""
    smaller, larger = rng.uniform(0.5, 0.9, len(signs)), rng.uniform(1.6, 2.6, len(signs))
    pairs = zip(signs, smaller, larger, strict=True)
    return [(float(s[0] * a), float(s[1] * b)) for s, a, b in pairs]


def jacobian_at_cases(seed):
    rng = np.random.default_rng([seed, 41])
    some = points(rng, [(1, -1), (-1, 1), (1, 1)])
    return [{"x": x, "y": y} for x, y in [(2.0, 3.0), *some, some[2][::-1]]]


def judge_jacobian_at(case, output):
    got, wanted = as_array(output), measured_jacobian(**case)
    if got is None:
        return [f"jacobian_at has to return an array of numbers; {what_came(output)}"]
    said = diagnose(got, wanted)
    return [f"At {shown(**case)}: {said}{where(got, wanted)}"] if said else []


def where(got, wanted):
    """Which output and which input are meant by the first entry that is wrong, in words."""
    if got.shape != wanted.shape:
        return "" if got.shape == (2, 3) else " One row for each output, one column for each input."
    row, column = np.argwhere(~np.isclose(got, wanted))[0]
    return f" Look at row {row}, column {column}: how {OUTPUTS[row]} moves with {'xy'[column]}."


OUTPUTS = ("x·y", "sin x", "y²")


def wrong(formula):
    return f"def jacobian_at(x, y):\n    return np.array({formula})\n"


JACOBIAN_AT = Exercise(
    id="jacobian_at",
    title="Six local derivatives",
    notebook=4,
    minutes=8,
    points=3,
    contract="""\
Write `jacobian_at(x, y)`: the Jacobian of $f(x, y) = (x \\cdot y,\\ \\sin x,\\ y^2)$ at any point.

- Return an array of shape (3, 2): one row for each output, one column for each input.
- `np.sin` and `np.cos` take radians.""",
    cases=jacobian_at_cases,
    judge=judge_jacobian_at,
    misconceptions=(
        Misconception(
            "row_for_each_input",
            wrong("[[y, np.cos(x), 0.0], [x, 0.0, 2 * y]]"),
            "The numbers are all right, and lie on their side. Here a row belongs to an *output* "
            "and a column to an input: f has three outputs, so J has three rows.",
        ),
        Misconception(
            "gradient_of_the_sum",
            wrong("[y + np.cos(x), x + 2 * y]"),
            "One number for each input: that is how the *sum* of the three outputs moves. It is "
            "what ones from upstream give, with the rows of J added up. Keep the rows apart.",
        ),
        Misconception(
            "one_number_for_each_output",
            wrong("[y + x, np.cos(x), 2 * y]"),
            "One number for each output: the columns of J are added up, as if both inputs moved "
            "together. Each input gets a column of its own.",
        ),
        Misconception(
            "one_input_for_each_output",
            wrong("[[y, 0.0], [np.cos(x), 0.0], [0.0, 2 * y]]"),
            "In each row only one entry is not 0, as if an output read one input only. x·y reads "
            "both, so it has a derivative by each.",
            lambda cases, reports: all(
                drops_an_entry(c, r["returned"]) for c, r in zip(cases, reports, strict=True)
            ),
        ),
        Misconception(
            "diagonal_only",
            wrong("[[y, 0.0], [0.0, 0.0], [0.0, 0.0]]"),
            "Only the diagonal is filled. That is enough where output i reads input i and nothing "
            "else; here ask of each output which inputs it reads.",
        ),
        Misconception(
            "own_factor",
            wrong("[[x, y], [np.cos(x), 0.0], [0.0, 2 * y]]"),
            "In the row of x·y each input got itself. Hold y still and nudge x: the product moves "
            "by y for every unit.",
        ),
        Misconception(
            "columns_swapped",
            wrong("[[x, y], [0.0, np.cos(x)], [2 * y, 0.0]]"),
            "The two columns have changed places. The first column says how the outputs move with "
            "x, the second with y.",
        ),
        Misconception(
            "every_entry_filled",
            wrong("[[y, x], [np.cos(x), np.cos(x)], [2 * y, 2 * y]]"),
            "Your J says that sin x moves with y. Nudge y alone and look at sin x: what an output "
            "does not read has a derivative of 0.",
        ),
        Misconception(
            "values_of_f",
            wrong("[[x * y, x * y], [np.sin(x), 0.0], [0.0, y**2]]"),
            "These are the values of the outputs, where it was asked how far they *move* for each "
            "unit of an input.",
        ),
        Misconception(
            "sine_of_sine",
            wrong("[[y, x], [np.sin(x), 0.0], [0.0, 2 * y]]"),
            "In the row of sin x you have sin x again. It is exp that is its own slope: at 0, sin "
            "itself is 0 and climbs as steeply as it ever does.",
        ),
        Misconception(
            "sign_of_the_cosine",
            wrong("[[y, x], [-np.cos(x), 0.0], [0.0, 2 * y]]"),
            "The slope of sin has the wrong sign: sin climbs at 0. (The minus is in the slope of "
            "cos.)",
        ),
        Misconception(
            "degrees",
            wrong("[[y, x], [np.cos(np.radians(x)), 0.0], [0.0, 2 * y]]"),
            "The cosine was taken as if x were in degrees. Angles are in radians here, as NumPy "
            "takes them.",
        ),
        Misconception(
            "square_without_its_two",
            wrong("[[y, x], [np.cos(x), 0.0], [0.0, y]]"),
            "y² is y·y: a nudge of y moves it through both factors. You counted one of them.",
        ),
    ),
    hints=(
        Hint(
            "I don't know where to begin",
            "Draw an empty table with three rows and two columns. Write the outputs beside the "
            "rows, the inputs above the columns. Each cell asks: how far does this output move per "
            "unit of this input, while the other input stands still?",
        ),
        Hint(
            "My array is 2×3",
            "You began with the inputs. Go through the outputs, and write down one row for each.",
        ),
        Hint(
            "One entry is wrong and I can't see which",
            "Compute f at (x + 0.001, y) and at (x, y), and divide the difference by 0.001: that "
            "is the first column. Do the same with y for the second.",
        ),
    ),
    why="Two of the six entries are 0, because two outputs do not read one of the inputs. For "
    "many operators of a network nearly all entries are 0, and a whole Jacobian is a waste.",
)


def drops_an_entry(case, output):
    """Whether one derivative of x·y is missing (in either place), and all else is right."""
    wanted = measured_jacobian(**case)
    for column in (0, 1):
        suspect = wanted.copy()
        suspect[0, column] = 0
        if diagnose(as_array(output), suspect) is None:
            return True
    return False
