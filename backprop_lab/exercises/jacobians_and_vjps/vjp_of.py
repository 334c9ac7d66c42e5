"""Exercise `vjp_of`: five rules, and not one Jacobian."""

from copy import deepcopy

import numpy as np

from ..diagnosis import as_array, close, diagnose, shown
from ..exercise import Exercise, Hint, Misconception
from ..memory import measured, too_much
from ..probing import UNFILLED, describe_error, same
from ..random_graphs import what_came
from .jacobian_at import TINY

OPS = {
    "exp": np.exp,
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "center": lambda x: x - x.mean(),
    "cumsum": np.cumsum,
}
LARGE = 800  # entries of x where memory is measured: a Jacobian then has 640,000
A_JACOBIAN, BLANK = "a Jacobian", "still blank."
TANGENTS = 3  # for the transpose test at that size


def vjp_of_cases(seed):
    rng = np.random.default_rng([seed, 43])
    return [
        vectors(rng, n, sign) | {"measure": n == LARGE}
        for n, sign in ((3, -1), (5, 1), (4, -1), (LARGE, 1))
    ]


def vectors(rng, n, sign):
    """x and cotangents, mixed in sign; neither x nor z_bar adds up to nearly 0, or to n."""
    x, z_bar = (rng.choice([-1, 1], n) * rng.uniform(0.4, 1.4, n) for _ in range(2))
    x[:2], z_bar[:3] = [0.7, -1.2], [1.9, -0.8, 1.3]
    z_bar = z_bar + (1.7 - z_bar.sum()) / n
    return {"x": x, "z_bar": z_bar, "number": float(sign * rng.uniform(1.4, 2.6))}


def cotangent(op, case):
    """The cotangent of the result: a number for sum and mean, which give a number."""
    return case["number"] if op in ("sum", "mean") else case["z_bar"]


def probe_vjp_of(answer, case):
    """{op: what came back}; an exception costs no other op its point, unless all of them raise."""
    told, errors = {}, []
    for op in OPS:
        try:
            told[op] = run(answer, op, case)
        except Exception as error:
            errors.append(error)
            told[op] = {"raised": describe_error(error)}
    if len(errors) == len(OPS):
        raise errors[0]
    return told


def run(answer, op, case):
    """What the answer gives for one op, on copies: x_bar, the peak of memory, what it changed."""
    given = {"x": case["x"], "z_bar": cotangent(op, case)}
    copies = deepcopy(given)
    if case["measure"]:
        x_bar, peak = measured(answer, op, *copies.values())
    else:
        x_bar, peak = answer(op, *copies.values()), 0
    if x_bar is ... or x_bar is None:
        return x_bar
    changed = [name for name in given if not np.array_equal(copies[name], given[name])]
    return {"x_bar": x_bar, "peak": peak, "changed": changed}


def judge_vjp_of(case, output):
    said = [text for op in OPS if (text := complain(op, case, output[op]))]
    return sorted(said, key=lambda text: text.endswith(BLANK))  # what is blank comes last


def complain(op, case, told):
    """What is wrong at one op in one case, or None; what is blank is said once, in the last."""
    if told is None or same(told, UNFILLED):
        return f"{op}: {BLANK}" if case["measure"] else None
    if "raised" in told:
        return f"{op}: {told['raised']}"
    x, z_bar, got = case["x"], cotangent(op, case), as_array(told["x_bar"])
    at = f"{op}, with {shown(x=x, z_bar=z_bar)}:"
    if got is None:
        return f"{at} x_bar has to be an array of numbers; {what_came(told['x_bar'])}"
    said = transpose_test(op, x, z_bar, got) if case["measure"] else compare(op, x, z_bar, got)
    if said:
        return f"{at} {said}"
    if told["changed"]:
        return f"{op}: right, but it changed its {' and '.join(told['changed'])}. Work on a copy."
    what = A_JACOBIAN if np.ndim(z_bar) else "more than a Jacobian, which has one row here"
    heavy = too_much(told["peak"], 3 * len(x), (len(x), len(x)), what)
    return heavy and f"{op}: {heavy}"


def compare(op, x, z_bar, got):
    """What is wrong with an x_bar, held against z_bar · J e for every unit vector e."""
    steps = [np.imag(OPS[op](x + 1j * TINY * e)) / TINY for e in np.eye(len(x))]
    return diagnose(
        got, [np.sum(z_bar * step) for step in steps], [("n", len(x)), ("n²", len(x) ** 2)]
    )


def transpose_test(op, x, z_bar, got):
    """What is wrong with a long x_bar: x_bar · v has to be z_bar · J v, for any tangent v."""
    if got.shape != x.shape:
        return f"The shape is {got.shape}, and it has to be {x.shape}."
    for v in np.random.default_rng(len(x)).normal(size=(TANGENTS, len(x))):
        if not close(got @ v, np.sum(z_bar * np.imag(OPS[op](x + 1j * TINY * v)) / TINY)):
            return "Right on short arrays, and not on this one."
    return None


def gives(op, rule):
    """Whether an answer follows a wrong rule at one op, on all the short arrays."""

    def looks_like(cases, reports):
        pairs = [(c, r["returned"][op]) for c, r in zip(cases, reports, strict=True)]
        return any(complain(op, *pair) for pair in pairs) and all(
            diagnose(as_array(told["x_bar"]), rule(case["x"], cotangent(op, case))) is None
            for case, told in pairs
            if not case["measure"]
        )

    return looks_like


def mistake(key, op, formula, says):
    """A misconception about one op; the other four are left blank."""
    code = f"def vjp_of(op, x, z_bar):\n    return {formula} if op == {op!r} else ...\n"
    rule = eval(f"lambda x, z_bar: {formula}", {"np": np})
    return Misconception(key, code, f"{op}: {says}", gives(op, rule))


def is_dense(cases, reports):
    """Whether any rule takes too much memory, and is right."""
    complaints = judge_vjp_of(cases[-1], reports[-1]["returned"])
    return any(f"that is {A_JACOBIAN}" in text for text in complaints)


VJP_OF = Exercise(
    id="vjp_of",
    title="Five rules without a Jacobian",
    notebook=4,
    minutes=12,
    points=5,
    parts=5,
    contract="""\
Write `vjp_of(op, x, z_bar)`: pull the cotangent of `z` back to `x`, an array of shape (n,).

- `op` is `"exp"` (entry by entry), `"sum"`, `"mean"`, `"center"` ($z = x - \\text{mean}(x)$) or
  `"cumsum"` ($z_i = x_0 + \\dots + x_i$).
- `z_bar` has the shape of `z`: an array of shape (n,), and a number for `"sum"` and `"mean"`.
- Return `x_bar`, an array of shape (n,). Never build an n×n array: the check measures memory.
- Each op counts one point.""",
    cases=vjp_of_cases,
    probe=probe_vjp_of,
    judge=judge_vjp_of,
    misconceptions=(
        Misconception(
            "dense_jacobian",
            "def vjp_of(op, x, z_bar):\n"
            "    return z_bar @ np.diag(np.exp(x)) if op == 'exp' else ...\n",
            "You built the Jacobian, row by row or all at once, and multiplied by it. That "
            "makes n² numbers; what it *does* to z_bar takes n.",
            is_dense,
        ),
        mistake(
            "exp_forgets_upstream", "exp", "np.exp(x)",
            "this is the local derivative alone. What came from upstream is a factor of every "
            "message.",
        ),
        mistake(
            "exp_power_rule", "exp", "z_bar * x * np.exp(x - 1)",
            "the power rule is for x in the base. exp is its own slope.",
        ),
        mistake(
            "exp_passes_on", "exp", "z_bar * 1.0",
            "what came from upstream goes on as it is. On its way through exp it is stretched by "
            "the slope of exp at x.",
        ),
        mistake(
            "exp_by_its_input", "exp", "z_bar * x",
            "you multiplied by x. The slope of exp is its own *output*.",
        ),
        mistake(
            "exp_summed", "exp", "np.full(len(x), np.sum(z_bar * np.exp(x)))",
            "every entry got the same, all messages added up. z_i reads x_i and no other entry.",
        ),
        mistake(
            "sum_gives_a_number", "sum", "z_bar",
            "one number came back, and x has n of them. Each of them moved the sum, so each hears "
            "from it.",
        ),
        mistake(
            "sum_forgets_upstream", "sum", "np.ones(len(x))",
            "ones, whatever came from upstream. Double z_bar, and each message doubles.",
        ),
        mistake(
            "sum_shares_out", "sum", "np.full(len(x), z_bar / len(x))",
            "you shared z_bar out among the entries. Nudge one of them by 0.01: the sum moves by "
            "all of 0.01. Sharing out is what the mean does.",
        ),
        mistake(
            "sum_times_the_input", "sum", "z_bar * x",
            "x came in as a factor. How far the sum moves per unit of an entry does not depend on "
            "what stands there.",
        ),
        mistake(
            "mean_without_one_over_n", "mean", "np.full(len(x), z_bar)",
            "that is the rule of the sum. In a mean of a million entries, how much does one count?",
        ),
        mistake(
            "mean_times_n", "mean", "np.full(len(x), z_bar * len(x))",
            "you multiplied by n. With more entries, each of them moves the mean *less*.",
        ),
        mistake(
            "mean_forgets_upstream", "mean", "np.full(len(x), 1 / len(x))",
            "this is the local derivative alone; z_bar is not in it.",
        ),
        mistake(
            "mean_gives_a_number", "mean", "z_bar / len(x)",
            "one number came back, and x has n of them. A message goes to each.",
        ),
        mistake(
            "center_passes_on", "center", "z_bar * 1.0",
            "z_bar goes through unchanged, as if the mean were a constant. But each entry moves "
            "the mean too, and with it *every* z. A test: pull back ones. Adding 0.01 to all of x "
            "moves no z at all, so what comes back has to be 0.",
        ),
        mistake(
            "center_of_x", "center", "x - np.mean(x)",
            "this is the value of z. A VJP says what becomes of `z_bar`, and here it is not in the "
            "answer.",
        ),
        mistake(
            "center_of_x_upstream", "center", "z_bar - np.mean(x)",
            "you took the mean of x away from z_bar. What arrives through the mean is made of "
            "cotangents, not of values.",
        ),
        mistake(
            "center_takes_the_sum", "center", "z_bar - np.sum(z_bar)",
            "through the mean, each entry moves every z by one n-th of a nudge; you let it move by "
            "a whole one.",
        ),
        mistake(
            "center_each_by_itself", "center", "z_bar * (1 - 1 / len(x))",
            "each entry hears from its own z only. The mean goes into all the other z as well.",
        ),
        mistake(
            "center_adds", "center", "z_bar + np.mean(z_bar)",
            "the part that comes through the mean has the wrong sign: the mean is *subtracted*.",
        ),
        mistake(
            "center_by_the_mean_alone", "center", "-np.full(len(x), np.mean(z_bar))",
            "the part that comes through the mean is there, and the direct one is missing: x_i "
            "stands in z_i itself as well.",
        ),
        mistake(
            "cumsum_not_reversed", "cumsum", "np.cumsum(z_bar)",
            "you added up from the front. x_0 goes into *every* z, the last entry into the last z "
            "only: which of them hears most?",
        ),
        mistake(
            "cumsum_result_not_turned_back", "cumsum", "np.cumsum(z_bar[::-1])",
            "the sums are right and stand in reverse order. What was turned round before has to "
            "be turned back.",
        ),
        mistake(
            "cumsum_input_not_turned", "cumsum", "np.cumsum(z_bar)[::-1]",
            "the sums were turned round, and not what goes into them: x_0 has to hear from every "
            "z, and the last entry from the last z only.",
        ),
        mistake(
            "cumsum_passes_on", "cumsum", "z_bar * 1.0",
            "each entry hears from its own z only. x_0 stands in all of them.",
        ),
        mistake(
            "cumsum_all_to_all", "cumsum", "np.full(len(x), np.sum(z_bar))",
            "every entry hears from every z. The last entry of x comes too late for all but one.",
        ),
        mistake(
            "cumsum_leaves_itself_out", "cumsum", "np.sum(z_bar) - np.cumsum(z_bar)",
            "each entry hears from the z *after* its own place, and its own z is missing.",
        ),
        mistake(
            "cumsum_undone", "cumsum", "np.diff(z_bar, prepend=0.0)",
            "you undid the sums: differences are the inverse of cumsum. A VJP multiplies by the "
            "transpose, and those are two different things.",
        ),
        mistake(
            "cumsum_counts", "cumsum", "z_bar * np.arange(len(x), 0, -1)",
            "you counted how many z an entry goes into, and multiplied its own z_bar by that. "
            "Each of those z has a cotangent of its own.",
        ),
    ),
    hints=(
        Hint(
            "I don't know what x_bar is for sum",
            "Nudge one entry of x by 0.01. How far does the sum move? Whatever upstream says per "
            "unit of the sum, that entry hears as much, and so does every other entry.",
        ),
        Hint(
            "center is right for some z_bar and wrong for others",
            "z_i reads x in two ways: directly, and through the mean. What comes back along the "
            "second way is the same number for all entries: the rule of the mean, applied to all "
            "that arrives there, with a minus.",
        ),
        Hint(
            "cumsum is wrong at both ends",
            "Write down for n = 3 which z read x_0, which read x_1, which read x_2. Each entry "
            "adds the cotangents of its readers: those from its own place to the end.",
        ),
    ),
    why="Each rule costs about as much as the op itself, and holds n numbers. The Jacobian of "
    "center has no zero in it at all, and its VJP still needs one mean and one subtraction.",
)  # fmt: skip
