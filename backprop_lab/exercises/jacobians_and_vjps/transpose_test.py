"""Exercise `transpose_test`: two numbers that agree if, and only if, two rules do."""

import numpy as np

from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from .boxes import black_boxes

TRIES, TOO_OFTEN = 4, 2  # a draw hides a fault once in thousands: two of four do not
RIGHT_PAIRS = {
    "right": "is right",
    "zero": "is zero everywhere: two zeros agree, and so do these two rules",
}
WRONG_PAIRS = {  # what pull_back does in place of u @ J, or push_forward in place of J @ v
    "twice": "pull_back gives twice what it should",
    "negated": "pull_back has the wrong sign",
    "transposed": "J is square, and pull_back multiplies by it from the other side",
    "reversed": "pull_back takes the numbers of u in reverse order",
    "backwards": "pull_back gives its numbers in reverse order",
    "one percent": "pull_back gives one percent too much",
    "last entry": "pull_back is wrong by one entry of J, the last",
    "first entry": "pull_back is wrong by one entry of J, the first",
    "diagonal": "pull_back knows the diagonal of J only",
    "no pull": "pull_back gives nothing but zeros",
    "no push": "push_forward gives nothing but zeros",
    "ignores u": "pull_back gives the same whatever u is",
    "ignores v": "push_forward gives the same whatever v is",
    "small": "all numbers are small, and pull_back gives twice what it should",
    "positive": "pull_back takes what is negative in u for 0",
    "length one": "pull_back makes u a vector of length 1 first",
}


def transpose_test_cases(seed):
    rng = np.random.default_rng([seed, 46])
    right = [(2, 3), (4, 4), (1, 5), (9, 7), (7, 9), (8, 8)]
    pairs = [("right", shape) for shape in right] + [("zero", (3, 2))]
    telling = {"transposed": (4, 4), "positive": (40, 3)}  # of 40 numbers some are negative
    for i, name in enumerate(WRONG_PAIRS):
        pairs.append((name, telling.get(name, [(3, 4), (5, 3), (3, 3)][i % 3])))
    cases = []
    for name, shape in pairs:
        J = rng.choice([-1, 1], shape) * rng.uniform(0.4, 2.5, shape)
        J *= {"zero": 0, "small": 1e-4}.get(name, 1)
        cases.append({"pair": name, "J": J, "seed": int(rng.integers(10**6))})
    return cases


def products(name, J):
    """What a pair computes: a function of u, and a function of v."""
    unlike = J.copy()  # the matrix that a wrong pull_back multiplies by
    if name in ("last entry", "first entry"):
        unlike[(-1, -1) if name == "last entry" else (0, 0)] += 1.0
    pull = {
        "twice": lambda u: 2 * (u @ J),
        "small": lambda u: 2 * (u @ J),
        "one percent": lambda u: 1.01 * (u @ J),
        "negated": lambda u: -(u @ J),
        "transposed": lambda u: J @ u,
        "reversed": lambda u: u[::-1] @ J,
        "backwards": lambda u: (u @ J)[::-1],
        "diagonal": lambda u: u @ (J * np.eye(*J.shape)),
        "no pull": lambda u: 0 * (u @ J),
        "ignores u": lambda u: J.sum(axis=0),
        "positive": lambda u: np.maximum(u, 0) @ J,
        "length one": lambda u: u / (np.linalg.norm(u) or 1) @ J,
    }
    push = {"no push": lambda v: 0 * (J @ v), "ignores v": lambda v: J.sum(axis=1)}
    return pull.get(name, lambda u: u @ unlike), push.get(name, lambda v: J @ v)


def probe_transpose_test(answer, case):
    """What the test says of a pair, with different generators of random numbers."""
    J = case["J"].copy()
    told = []
    for i in range(TRIES):
        boxes = black_boxes(*products(case["pair"], J), *J.shape)
        told.append(answer(*boxes, *J.shape, np.random.default_rng([case["seed"], i])))
    return ... if all(x is ... for x in told) else told


def judge_transpose_test(case, output):
    told = output if isinstance(output, list) else [output]
    strange = [x for x in told if not isinstance(x, bool)]
    if strange:
        return [f"transpose_test has to return True or False; {what_came(strange[0])}"]
    (M, N), name = case["J"].shape, case["pair"]
    amiss = told.count(name in WRONG_PAIRS)
    if amiss < TOO_OFTEN:
        return []
    at = f"With M = {M} and N = {N}, in {amiss} of {TRIES} tries, it"
    if name in WRONG_PAIRS:
        return [f"{at} accepts a pair that is wrong: {WRONG_PAIRS[name]}."]
    return [f"{at} refuses a pair that {RIGHT_PAIRS[name]}."]


def pairs(cases, reports):
    return list(zip(cases, reports, strict=True))


def failed(cases, reports):
    """The names of the pairs that are judged wrongly."""
    return {c["pair"] for c, r in pairs(cases, reports) if judge_transpose_test(c, r["returned"])}


def fails_on(*names):
    """Whether the pairs that are judged wrongly are these and no others."""
    return lambda cases, reports: failed(cases, reports) == {*names}


def blind_to(*names):
    """Whether these pairs are judged wrongly, and none that any test should get right."""

    def looks_like(cases, reports):
        found = failed(cases, reports)
        return found >= {*names} and not found & {"right", "zero", "twice", "negated"}

    return looks_like


def wrong(formula, u="rng.normal(size=M)", v="rng.normal(size=N)"):
    return f"""
def transpose_test(pull_back, push_forward, M, N, rng):
    u = {u}
    v = {v}
    return bool({formula})
"""


BOTH = "np.isclose(pull_back(u) @ v, u @ push_forward(v))"
APART = "abs(pull_back(u) @ v - u @ push_forward(v))"

TRANSPOSE_TEST = Exercise(
    id="transpose_test",
    title="Two rules that have to agree",
    notebook=4,
    minutes=8,
    points=3,
    contract="""\
Write `transpose_test(pull_back, push_forward, M, N, rng)`: do the two belong to one Jacobian?

- `pull_back(u)` claims to be $u^T J$ and `push_forward(v)` to be $J v$; `u` is (M,), `v` is (N,).
  If both are right, $(u^T J)\\, v = u^T (J v)$ for *every* `u` and `v`.
- Return True or False. Rounding is no fault. A wrong rule may be right on ones, on unit vectors, or
  for positive `u`: draw both from `rng`.
- Two rules that give 0 for everything agree.""",
    cases=transpose_test_cases,
    probe=probe_transpose_test,
    judge=judge_transpose_test,
    misconceptions=(
        Misconception(
            "one_vector_for_both",
            wrong(BOTH.replace("u)", "v)").replace("u @", "v @")),
            "You use one and the same vector on both sides. `u` belongs to the outputs and `v` to "
            "the inputs, so their lengths differ. Where they do not, the test is blind for a J "
            "that lies transposed.",
        ),
        Misconception(
            "large_minus_small",
            wrong("pull_back(u) @ v - u @ push_forward(v) < 1e-9"),
            "You ask whether the difference is small, and a large negative one counts as small. "
            "Take its size first.",
        ),
        Misconception(
            "loose_for_small_numbers",
            wrong(f"{APART} < 1e-2"),
            "Your tolerance is one number for everything. Where the numbers themselves are that "
            "small, anything passes; it has to grow and shrink with them.",
            blind_to("small"),
        ),
        Misconception(
            "loose",
            wrong(f"{APART} <= 0.1 * abs(u @ push_forward(v))"),
            "Your tolerance is wide enough for faults. Rounding is in the fifteenth digit or so; "
            "what is off by a percent is off by a mistake.",
            blind_to("one percent"),
        ),
        Misconception(
            "ones",
            wrong(BOTH, "np.ones(M)", "np.ones(N)"),
            "Ones add up all of J, and many wrong rules leave that sum as it is: rows in another "
            "order, a transposed square. Take numbers that are all different, and mixed in sign.",
            blind_to("transposed", "reversed", "backwards"),
        ),
        Misconception(
            "one_unit_vector",
            wrong(BOTH, "np.eye(M)[0]", "np.eye(N)[0]"),
            "A unit vector picks out one row of J, or one column; one on either side, a single "
            "entry. Faults in any other place go unseen.",
            blind_to("last entry", "length one"),
        ),
        Misconception(
            "unit_vectors",
            wrong(
                "all(np.isclose(pull_back(u) @ v, u @ push_forward(v)) "
                "for u in np.eye(M) for v in np.eye(N))"
            ),
            "Unit vectors look at every entry of J, one by one. But a rule that is no matrix at "
            "all can be right on them: they have no negative number, and their length is 1.",
            fails_on("positive", "length one"),
        ),
        Misconception(
            "positive_probes",
            wrong(BOTH, "rng.random(M)", "rng.random(N)"),
            "Your random numbers have no negative ones among them, and cotangents have. A rule "
            "that looks at the sign of what comes from upstream goes unseen.",
            fails_on("positive"),
        ),
        Misconception(
            "exact_equality",
            wrong("pull_back(u) @ v == u @ push_forward(v)"),
            "You ask for two floats that are equal to the last digit. The two sums are taken in "
            "different orders, so they differ by rounding even if both rules are right.",
            lambda cases, reports: (
                failed(cases, reports) == {"right"}
                and any(
                    True in r["returned"] for c, r in pairs(cases, reports) if c["pair"] == "right"
                )
            ),
        ),
        Misconception(
            "divides_by_zero",
            wrong(f"{APART} / abs(u @ push_forward(v)) < 1e-9"),
            "You refuse two rules that give 0 for everything, and they agree. If you look at the "
            "difference relative to the numbers: 0/0 is nan, and nan is smaller than no tolerance. "
            "Multiply in place of dividing, or use np.isclose.",
            fails_on("zero"),
        ),
        Misconception(
            "sign_is_lost",
            wrong("np.isclose(abs(pull_back(u) @ v), abs(u @ push_forward(v)))"),
            "You compare sizes, and a rule with the wrong sign passes.",
            fails_on("negated"),
        ),
        Misconception(
            "the_vectors_themselves",
            wrong("np.allclose(pull_back(u), push_forward(v))"),
            "You compare the two vectors. One has a number for each input and the other one for "
            "each output; only the two products are the same number.",
        ),
        Misconception(
            "shapes_only",
            wrong("pull_back(u).shape == (N,) and push_forward(v).shape == (M,)"),
            "It says True of every pair, right or wrong. Shapes fit in most mistakes, and 0 "
            "equals 0: compare two *numbers* that depend on all of J.",
            fails_on(*WRONG_PAIRS),
        ),
        Misconception(
            "never",
            wrong("pull_back(u) @ v is push_forward(v) @ u"),
            "It says False of every pair, right or wrong.",
        ),
    ),
    hints=(
        Hint(
            "I don't have J. What can I compare?",
            "pull_back(u) is a vector with as many numbers as `v` has; push_forward(v) has as many "
            "as `u`. Multiply each with its partner: two numbers.",
        ),
        Hint(
            "It refuses a pair that is right",
            "Print the two numbers. Do they agree to fifteen digits, and not to the last?",
        ),
        Hint(
            "It accepts a pair that is wrong",
            "What does the fault do, and would your `u` and `v` notice? `rng.normal(size=M)` "
            "draws numbers that are all different, and negative as often as not.",
        ),
    ),
    why="For linear rules one draw is enough: a fault hides only if it happens to stand at a right "
    "angle to two random vectors. What the test cannot see is a mistake that both rules share; for "
    "that one has to go back to f itself.",
)
