"""Exercise `gradcheck`: a check of rules, which is checked itself, with ten mutants."""

import numpy as np

from ..exercise import Exercise, Hint, Misconception
from ..probing import describe_error
from ..random_graphs import what_came
from .arrays import mixed
from .pull_backs import MUTANTS, RIGHT, Watched, pairs, points


def gradcheck_cases(seed):
    rng = np.random.default_rng([seed, 57])
    return [{"x": points(rng), "wide": mixed(rng, 3, 5), "square": mixed(rng, 4, 4)}]


def probe_gradcheck(answer, case):
    """What it says of each of the fifteen, and what was seen of how it came to that."""
    if not callable(answer):
        raise TypeError("A function is asked for: hand it over without parentheses.")
    told, seen = {}, {}
    for name, (f, rule) in pairs(case["wide"], case["square"]).items():
        watched = Watched(f, rule, case["x"][name])
        try:
            told[name] = answer(watched.call, watched.pull_back, case["x"][name])
        except Exception as error:
            if name != "unsummed":
                raise
            told[name] = {"raised": describe_error(error)}
        if told[name] is ...:
            return ...
        seen[name] = watched.notes()
    return {"told": told, "seen": seen}


def judge_gradcheck(case, output):
    """A mutant that slips through counts once; a right one that is refused, twice."""
    told = output["told"]
    complaints = [
        f"Pair {i} of {len(told)}: {no_answer(said)}"
        for i, said in enumerate(told.values(), start=1)
        if not isinstance(said, bool)
    ]
    for name, (what, why) in RIGHT.items():
        if told[name] is False:
            complaints += [f"It refuses the right pull_back of {what}.", why]
    slips = [what for name, what in MUTANTS.items() if told[name] is True]
    complaints += [f"It passes a pull_back that {what}." for what in slips]
    return complaints


def no_answer(said):
    """What to say of something that is neither True nor False."""
    if isinstance(said, dict) and "raised" in said:
        return (
            "pull_back returned another shape than that of x, and an exception came instead of "
            f"False.\n{said['raised']}"
        )
    return f"True or False is asked for; {what_came(said)}"


def looks(pattern):
    """A `looks_like` from a pattern (refused, slipped, seen) -> bool."""

    def looks_like(cases, reports):
        told, seen = (reports[0]["returned"][key] for key in ("told", "seen"))
        refused = {name for name in RIGHT if told[name] is False}
        slipped = {name for name in MUTANTS if told[name] is True}
        return bool(refused or slipped) and pattern(refused, slipped, list(seen.values()))

    return looks_like


def every(seen, note):
    return all(notes[note] for notes in seen)


def steps(seen):
    return [notes["step"] for notes in seen if notes["step"]] or [1.0]


def leaves_a_trace(cases, reports):
    """Whether all is right, but x has moved by less than any nudge that is worth making."""
    drifts = [notes["drift"] for notes in reports[0]["returned"]["seen"].values()]
    return 0 < max(drifts) < 1e-12 and not judge_gradcheck(cases[0], reports[0]["returned"])


RANDOM = "np.random.default_rng(1).normal(size=np.shape(f(x)))"
TO_BOTH_SIDES = "(f(x + e) - f(x - e)) / (2 * h)"
BESIDE = "np.abs(a - b).max() < 1e-5 * max(np.abs(a).max(), np.abs(b).max())"


def wrong(
    u=RANDOM,
    h=1e-6,
    slope=TO_BOTH_SIDES,
    same=BESIDE,
    start="pass",
    places="list(np.ndindex(x.shape))",
):
    return f"""
def gradcheck(f, pull_back, x):
    {start}
    u, h = {u}, {h}
    a, b = np.asarray(pull_back(x, u)), np.zeros(x.shape)
    if a.shape != b.shape:
        return False
    for place in {places}:
        e = np.zeros(x.shape, dtype=x.dtype)
        e[place] = h
        b[place] = np.sum(u * {slope})
    return bool({same})
"""


GRADCHECK = Exercise(
    id="gradcheck",
    title="A check that can be trusted",
    notebook=5,
    minutes=10,
    points=5,
    parts=len(MUTANTS),
    contract=r"""Write `gradcheck(f, pull_back, x)`: is `pull_back` the way back through `f` at `x`?

- `f` maps an array of any shape to another. `pull_back(x, u)`, with `u` of the shape of `f(x)`,
  claims to be $u^\top J$, in the shape of `x`. Return `True` or `False`.
- Numbers run from a millionth to a million: judge a difference beside what is compared.
- A wrong rule that slips through costs a tenth; a right one refused, a fifth.""",
    cases=gradcheck_cases,
    probe=probe_gradcheck,
    judge=judge_gradcheck,
    misconceptions=(
        Misconception(
            "zero_cotangent",
            wrong(u="np.zeros(np.shape(f(x)))", same="np.allclose(a, b)"),
            "You ask with u = 0 only. Whatever is linear in u says 0 to that, right or wrong.",
            looks(lambda refused, slipped, seen: every(seen, "zero") and len(slipped) > 2),
        ),
        Misconception(
            "passes_everything",
            "def gradcheck(f, pull_back, x): return True",
            "Everything passes. A check that never says no tells nothing when it says yes.",
            looks(lambda refused, slipped, seen: len(slipped) == len(MUTANTS)),
        ),
        Misconception(
            "single_precision",
            wrong(start="x = x.astype(np.float32)"),
            "You compute in float32, which has seven digits. A small step uses up six of them, and "
            "the slope is made of the last one.",
            looks(lambda refused, slipped, seen: any(notes["single"] for notes in seen)),
        ),
        Misconception(
            "step_too_small",
            wrong(h=1e-12),
            "Your step is so small that f(x + h) and f(x − h) agree in nearly all their digits. "
            "Their difference is mostly rounding, and you divide it by h. A smaller step is "
            "not always a better one: look at the V-shaped curve on this page.",
            looks(lambda refused, slipped, seen: bool(refused) and max(steps(seen)) < 1e-9),
        ),
        Misconception(
            "step_too_large",
            wrong(h=1e-2),
            "Your step is so large that f bends on the way: what you measure is right to four or "
            "five digits, and right pull_backs are refused for the rest. Look at the V-shaped "
            "curve on this page.",
            looks(
                lambda refused, slipped, seen: (
                    bool(refused) and not slipped and 1e-3 < min(steps(seen)) < 0.1
                )
            ),
        ),
        Misconception(
            "half_the_distance",
            wrong(slope="(f(x + e) - f(x - e)) / h"),
            "What you measure is twice the slope: from x − h to x + h it is two steps. So the "
            "right ones are refused, and the one that is twice too large passes.",
            looks(lambda refused, slipped, seen: len(refused) >= 4 and slipped == {"twice"}),
        ),
        Misconception(
            "ones_for_a_cotangent",
            wrong(u="np.ones(np.shape(f(x)))"),
            "You ask with u = 1 everywhere. That adds up all rows of J before anything is "
            "compared, and mistakes that cancel in the sum stay hidden. A random u, mixed in sign, "
            "hides next to nothing.",
            looks(
                lambda refused, slipped, seen: "ones_only" in slipped and every(seen, "constant")
            ),
        ),
        Misconception(
            "too_tight_for_one_side",
            wrong(slope="(f(x + e) - f(x)) / h", same=BESIDE.replace("1e-5", "1e-9")),
            "You nudge to one side and ask for more digits than that can give: it is off by about "
            "h times half the curvature. It's less exact, not wrong. Nudge to both sides, or "
            "allow for the difference.",
            looks(
                lambda refused, slipped, seen: (
                    bool(refused & {"smooth", "large", "tiny"})
                    and not slipped
                    and not refused & {"linear", "kink"}
                    and not any(notes["both_sides"] for notes in seen)
                )
            ),
        ),
        Misconception(
            "at_another_point",
            wrong(start="x = 0.01 * x"),
            "You never look at x itself, but at points of your own. A rule can be right there and "
            "wrong here.",
            looks(
                lambda refused, slipped, seen: (
                    "far" in slipped and min(notes["closest"] for notes in seen) > 0.01
                )
            ),
        ),
        Misconception(
            "difference_without_size",
            wrong(same="np.abs(a - b).max() < 1e-5"),
            "You hold the difference against a fixed number. Beside a slope of a million, 0.001 is "
            "nothing; beside a slope of a millionth it is everything.",
            looks(lambda refused, slipped, seen: refused <= {"large"} and slipped <= {"twice"}),
        ),
        Misconception(
            "only_the_ratio",
            wrong(same="(np.abs(a - b) / (np.abs(a) + np.abs(b))).max() < 1e-5"),
            "You divide the difference by the size of the two numbers, and where both are 0 that "
            "is 0/0, nan, which is below no tolerance. Two zeros agree: give the comparison a "
            "floor.",
            looks(lambda refused, slipped, seen: refused == {"kink"} and not slipped),
        ),
        Misconception(
            "too_patient",
            wrong(same="np.abs(a - b).max() < 0.05 * np.abs(b).max()"),
            "It lets differences of a percent pass. Central differences are right to eight digits "
            "or so; a rule that is off by one in a hundred is wrong.",
            looks(
                lambda refused, slipped, seen: (
                    not refused and {"one_percent"} <= slipped <= {"one_percent", "one_entry"}
                )
            ),
        ),
        Misconception(
            "one_entry_of_many",
            wrong(
                places="list(np.ndindex(x.shape))[:1]",
                same="np.isclose(a.flat[0], b.flat[0], rtol=1e-4, atol=0)",
            ),
            "Some entries of x are never nudged, or never compared. A rule can be wrong in a "
            "single one: nudge each in turn, and let each of them count.",
            looks(
                lambda refused, slipped, seen: (
                    not refused and "one_entry" in slipped and "one_percent" not in slipped
                )
            ),
        ),
        Misconception(
            "sign_lost",
            wrong(same=f"(lambda a, b: {BESIDE})(np.abs(a), np.abs(b))"),
            "A rule with the sign turned round passes: you compare sizes. Take the difference "
            "first, and its size afterwards.",
            looks(lambda refused, slipped, seen: not refused and slipped == {"sign"}),
        ),
        Misconception(
            "only_a_total",
            wrong(same="abs(a.sum() - b.sum()) < 1e-5 * np.abs(b).sum()"),
            "Right numbers in the wrong places pass: you compare a total, a length or a sorted "
            "list. Compare entry by entry.",
            looks(
                lambda refused, slipped, seen: (
                    {"transposed"} <= slipped <= {"transposed", "sign", "one_percent"}
                )
            ),
        ),
        Misconception(
            "shape_ignored",
            wrong().replace("return False", "a = a.sum(axis=0)"),
            "A claim of the wrong shape passes. Broadcasting and sums make many shapes fit, so ask "
            "for the shape before you compare a number.",
            looks(lambda refused, slipped, seen: not refused and slipped == {"unsummed"}),
        ),
        Misconception(
            "takes_the_nudge_back",
            wrong(slope="slope(f, x, e, h)")
            + """
def slope(f, x, e, h):
    x += e
    y = np.array(f(x))
    x -= 2 * e
    y -= f(x)
    x += e
    return y / (2 * h)
""",
            "You nudge x itself, and take the nudge back. But each step is rounded, and x + h − 2h "
            "+ h differs from x in the last digit: nudge a copy, or put the old number back.",
            leaves_a_trace,
        ),
    ),
    hints=(
        Hint(
            "uᵀJ has several entries, and I can measure only slopes",
            "With u fixed, the sum of u · f(x) is a *number* that depends on x. Its slope by one "
            "entry of x is that entry of uᵀJ: nudge the entry, and measure as in notebook 2.",
        ),
        Hint(
            "It refuses pull_backs that are right",
            "Print the claimed and the measured numbers side by side. Do they differ in the fifth "
            "digit, or in the first? The step may be too small or too large (10⁻⁵ to 10⁻⁶ is good, "
            "to both sides), and the tolerance has to grow with the numbers. And is it one entry "
            "that you nudge? If x has two axes, x[i] is a row.",
        ),
        Hint(
            "It passes pull_backs that are wrong",
            "Which? If all of u is 1, rows of J may cancel. If only a sum is compared, entries "
            "may. If the shape is not asked for, broadcasting will make it fit. Take a random u, "
            "compare entry by entry, and demand four digits.",
        ),
    ),
    why="Ten wrong rules caught, five right ones left in peace. `bl.gradcheck` does the same with "
    "more care about steps and kinks; a check that has never caught anything is not one yet.",
)
