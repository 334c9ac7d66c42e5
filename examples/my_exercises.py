"""Two exercises of an instructor's own, as `grade --exercises` takes them; copy it and go on.

`entropy` is on the instructor's own page, 09-entropy.ipynb, and so is notebook 9; `bend` is one
more exercise for notebook 2. Try this file with

    python -m backprop_lab exercises examples/my_exercises.py
"""

import numpy as np

from backprop_lab.exercises import Exercise, Hint, Misconception, as_array, diagnose

# --- entropy: a function of one array, so the usual probe will do ---------------------------------


def entropy_cases(seed):
    """Plain inputs, the smallest first, from the seed alone; the names are the reader's."""
    rng = np.random.default_rng([seed, 901])
    cases = [{"p": rng.dirichlet(np.ones(n))} for n in (2, 3, 7)]
    with_zero = rng.dirichlet(np.ones(4))
    with_zero[1] = 0.0
    return [*cases, {"p": with_zero / with_zero.sum()}]


def expected_entropy(p):
    """Stays with you: no function that only `cases` or `judge` call goes into the sandbox."""
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


def judge_entropy(case, output):
    """Complaints about one output, [] if it is right."""
    number = as_array(output)
    if number is None or number.shape:
        return ["entropy has to return one number."]
    said = diagnose(number, expected_entropy(case["p"]), [("n", len(case["p"]))])
    return [f"For p = {np.round(case['p'], 3).tolist()}: {said}"] if said else []


ENTROPY = Exercise(
    id="entropy",
    title="How uncertain?",
    notebook=9,
    minutes=10,
    points=4,
    contract="Write `entropy(p)`: −Σ p log p, with natural logarithms; where p is 0, a term is 0.",
    cases=entropy_cases,
    judge=judge_entropy,
    misconceptions=(
        Misconception(
            "wrong_sign",
            "def entropy(p):\n    q = p[p > 0]\n    return float((q * np.log(q)).sum())",
            "Logarithms of probabilities are negative. What sign has an uncertainty?",
        ),
        Misconception(
            "in_bits",
            "def entropy(p):\n    q = p[p > 0]\n    return float(-(q * np.log2(q)).sum())",
            "These are bits, from logarithms to base 2. Here natural ones are asked for.",
        ),
        Misconception(
            "zero_times_infinity",
            "def entropy(p):\n    return float(-(p * np.log(p)).sum())",
            "0 · log 0 is nan in floating point. What should such a term add?",
        ),
    ),
    hints=(
        Hint("The result is nan", "Which entries of p have no logarithm?"),
        Hint("It is negative", "Look at the sign of log p for p below 1."),
    ),
    why="What cannot happen adds nothing, and what is certain has no entropy.",
)

# --- bend: its answer is given a function, which is not plain, so it has a probe ------------------


def bend_cases(seed):
    rng = np.random.default_rng([seed, 902])
    return [{"coefficients": rng.uniform(0.5, 2.0, 4) * rng.choice([-1, 1], 4),
             "x": float(rng.uniform(0.5, 1.5)), "h": h} for h in (0.5, 0.1, 0.02)]  # fmt: skip


def probe_bend(answer, case):
    """Runs beside the answer, in the sandbox: makes what it is given, and hands on what came."""
    coefficients = case["coefficients"]

    def f(x):
        return float(np.polyval(coefficients, x))

    return answer(f, case["x"], case["h"])


def judge_bend(case, output):
    number = as_array(output)
    if number is None or number.shape:
        return ["bend has to return one number."]
    second = np.polyval(np.polyder(case["coefficients"], 2), case["x"])
    said = diagnose(number, second, [("h", case["h"])])
    return [f"At x = {case['x']:.4g} with h = {case['h']}: {said}"] if said else []


BEND = Exercise(
    id="bend",
    title="How fast does the slope change?",
    notebook=2,
    minutes=8,
    points=2,
    core=False,
    contract="Write `bend(f, x, h)`: the second derivative of `f` at `x`, from its values at "
    "x − h, x and x + h.",
    cases=bend_cases,
    probe=probe_bend,
    judge=judge_bend,
    misconceptions=(
        Misconception(
            "once_by_h",
            "def bend(f, x, h):\n    return (f(x + h) - 2 * f(x) + f(x - h)) / h",
            "This is how far apart two slopes are. Per unit of x, it is divided by their distance.",
        ),
    ),
    hints=(Hint("Where to begin?", "Two slopes, left and right of x. How far are they apart?"),),
    why="For a cubic the errors of the two slopes cancel, so that this is exact.",
)

EXERCISES = (ENTROPY, BEND)

# Not needed, and worth having: right answers, to try the judges with. Never hand these out.
SOLUTIONS = {
    "entropy": "def entropy(p):\n    p = p[p > 0]\n    return float(-(p * np.log(p)).sum())",
    "bend": "def bend(f, x, h):\n    return (f(x + h) - 2 * f(x) + f(x - h)) / h**2",
}
