"""Exercise `my_op`: an operator of one's own, with tests that are tested by mutants of it."""

import numpy as np

from ..diagnosis import diagnose, short
from ..exercise import Exercise, Hint, Misconception
from ..probing import UNFILLED, blank, describe_error
from .mutants import WHAT, mutants
from .operators import as_tuple, behavior, differs, moves, unfit

PARTS = ("op", "tests", "inputs")
BOTH = {"both scaled"}  # a mutant that has two faults


def my_op_cases(seed):
    return [{"seed": int(np.random.default_rng([seed, 87]).integers(10**6))}]


def probe_my_op(answer, case):
    """What the operator does near its inputs, and what its tests say of it and of its mutants."""
    if not isinstance(answer, dict):
        raise TypeError("my_op is a dictionary, with the keys op, tests and inputs.")
    op, tests, inputs = (answer.get(name, ...) for name in PARTS)
    if any(x is ... or x is None for x in (op, tests, inputs)):
        return {name: ... if answer.get(name, ...) is ... else "given" for name in PARTS}
    trouble = unfit(op, tests, inputs)
    if trouble:
        return {"unfit": trouble}
    inputs = [np.array(x) if moves(x) else x for x in as_tuple(inputs)]
    rng = np.random.default_rng(case["seed"])
    told = behavior(op, inputs, rng)
    if "unfit" in told:
        return told
    bank, probes = mutants(op), (told["z_bar"], told["x_dots"])
    told["says"] = {"the op itself": [verdict_of(tests, op) for _ in range(2)]}
    for name, mutant in bank.items():
        if differs(mutant, inputs, told, probes):
            told["says"][name] = [verdict_of(tests, mutant)]
    return told


def verdict_of(tests, op):
    """True or False, None if nothing came back, or {"raised": …}."""
    try:
        said = tests(op)
        return said if said is None or said is ... else bool(said)
    except Exception as error:
        return {"raised": describe_error(error)}


def judge_my_op(case, output):
    if "unfit" in output:
        return [output["unfit"]]
    missing = [name for name in PARTS if blank(output.get(name, "given"))]
    if missing or "says" not in output:
        return [f"Still blank: {', '.join(missing)}."]
    said = wrong_rules(output) or too_plain(output) or weak_tests(output["says"])
    return [said] if said else []


def wrong_rules(told):
    if not np.array_equal(told["z"], told["again"]):
        return "forward gives another result for the same inputs: there is no slope to be had."
    z_bar = np.ravel(told["z_bar"])
    for i, (J, x, x_bar) in enumerate(
        zip(told["J"], told["at"], told["x_bars"], strict=True), start=1
    ):
        right = (z_bar @ J).reshape(np.shape(x))
        if not near(x_bar, right):
            said = diagnose(x_bar, right, [("z_bar", float(z_bar[0]))])
            return (
                f"vjp, by nudging: for input {i} = {short(x)} and z_bar = {short(told['z_bar'])} "
                f"it gives {short(x_bar)}. {said}"
            )
    if not all(near(b, 2.5 * np.asarray(a))
               for a, b in zip(told["x_bars"], told["twice"], strict=True)):  # fmt: skip
        return "vjp is not linear in z_bar: 2.5 times as much from upstream gives something else."
    right = sum(J @ np.ravel(d) for J, d in zip(told["J"], told["x_dots"], strict=True))
    right = right.reshape(np.shape(told["z"]))
    if not near(told["z_dot"], right):
        said = diagnose(told["z_dot"], right)
        return f"jvp, by nudging: it gives {short(told['z_dot'])}. {said}"
    return None


def near(got, wanted):
    """Equal as far as central differences can tell."""
    size = max(1e-3, float(np.abs(wanted).max()))
    return np.shape(got) == np.shape(wanted) and np.allclose(got, wanted, rtol=0, atol=1e-6 * size)


def too_plain(told):
    """Whether there is too little in the operator to be tested: constant, or x times a number."""
    bends = any(
        np.abs(a - b).max() > 1e-4 * np.abs(a).max()
        for a, b in zip(told["J"], told["J elsewhere"], strict=True)
    )
    if not any(np.abs(J).max() > 1e-6 for J in told["J"]):
        return "The result does not depend on the inputs, or not here: there is nothing to test."
    plain = all(
        J.shape[0] == J.shape[1] and np.allclose(J, J[0, 0] * np.eye(len(J)), atol=1e-6)
        for J in told["J"]
    )
    if plain and not bends:
        return (
            "The operator is its input times a number, or a sum of such: nearly every wrong rule "
            "is right there. Choose one that bends, or that mixes entries."
        )
    return None


def weak_tests(says):
    for said in says["the op itself"]:
        if isinstance(said, dict) and "raised" in said:
            return f"The rules are right. On the operator itself, tests raise {said['raised']}"
        if said is None or said == UNFILLED:
            return "The rules are right. tests return nothing: True or False is asked for."
        if said is not True:
            return "The rules are right, and your tests refuse the operator itself."
    missed = [name for name, (said, *_) in says.items() if name in WHAT and not caught(said)]
    if missed:
        listed = "; ".join(WHAT[name] for name in missed[:4])
        more = f", and {len(missed) - 4} more" if len(missed) > 4 else ""
        return (
            f"The rules are right. Of {len(says) - 1} mutants of your operator, {len(missed)} pass "
            f"your tests: {listed}{more}."
        )
    return None


def caught(said):
    return said is False or (isinstance(said, dict) and "raised" in said)


def missed_by(reports):
    says = reports[0]["returned"]["says"]
    if any(said is not True for said in says["the op itself"]):
        return set(), set()
    return {name for name in WHAT if name in says and not caught(says[name][0])}, {*says} & {*WHAT}


def passes(pattern):
    """Whether tests accept the operator, and the mutants that they miss show a pattern."""

    def looks_like(cases, reports):
        missed, tried = missed_by(reports)
        rules_are_right = not wrong_rules(reports[0]["returned"])
        return rules_are_right and bool(missed) and pattern(missed, tried)

    return looks_like


def kinds(*starts):
    return {name for name in WHAT if name.startswith(starts)}


def wrong(tests="", cube="3 * x ** 2 * z_bar", jvp="3 * x ** 2 * x_dot", has_jvp=True):
    forwards = f"""
    def jvp(ctx, x_dot):
        (x,) = ctx.saved_tensors
        return {jvp}
"""
    return f"""
import backprop_lab as bl
class Cube(bl.Op):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x
    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return {cube}
{forwards if has_jvp else ""}
def pair(op, z_bar, x_dot):
    x = bl.tensor([1.0, -2.0, 0.5], requires_grad=True)
    z = op.apply(x)
    z.backward(z_bar)
    return z.data, x.grad, bl.jvp(op.apply, [x.data], [x_dot])[1].data
X, SLOPE = np.array([1.0, -2.0, 0.5]), np.array([3.0, 12.0, 0.75])
U, V = np.array([-0.7, 1.3, 2.1]), np.array([0.4, -1.1, 1.7])
def tests(op):
    {tests or "return True"}
my_op = {{"op": Cube, "tests": tests, "inputs": (np.array([0.5, -1.5, 2.0]),)}}
"""


MY_OP = Exercise(
    id="my_op",
    title="Tests that bite",
    notebook=8,
    minutes=15,
    points=5,
    core=False,
    may_use=frozenset({"backprop_lab"}),
    contract="""\
Add an operator to the lab, with rules and tests. Hand in `my_op`, a dictionary:

- `"op"`: a subclass of `bl.Op` with `forward`, `vjp` and `jvp`, which bends or mixes entries.
- `"inputs"`: a tuple of arrays of floats, where it is going to be nudged.
- `"tests"`: a function of an operator: True if its values, its vjp and its jvp are right. It is
  tried on yours, and on mutants of yours.""",
    cases=my_op_cases,
    probe=probe_my_op,
    judge=judge_my_op,
    misconceptions=(
        Misconception(
            "tests_always_pass",
            wrong("return True"),
            "Your tests pass every mutant. A test that has never failed is not one yet: do they "
            "look at the `op` that they are *given*, or at your class by its name?",
            passes(lambda missed, tried: missed == tried),
        ),
        Misconception(
            "values_only",
            wrong("z, x_bar, z_dot = pair(op, U, V); return bool(np.allclose(z, X ** 3))"),
            "Your tests look at values, and at no rule. Everything that is wrong with vjp and jvp "
            "passes.",
            passes(lambda missed, tried: missed == tried - kinds("forward")),
        ),
        Misconception(
            "no_value_is_known",
            wrong("z, x_bar, z_dot = pair(op, U, V); e = 1e-6; "
                  "m = (op.apply(X + e).data - op.apply(X - e).data) / (2 * e); "
                  "return bool(np.allclose(x_bar, m * U, rtol=1e-4) and np.allclose(z_dot, m * V, "
                  "rtol=1e-4))"),
            "Your tests hold rules against nudges of `forward`, and nothing against forward "
            "itself: a function that is 0.01 too large has the same slopes. Test a value that you "
            "know from elsewhere.",
            passes(lambda missed, tried: missed == {"forward shifted"}),
        ),
        Misconception(
            "ones_upstream",
            wrong("z, x_bar, z_dot = pair(op, np.ones(3), V); return bool(np.allclose(z, X ** 3) "
                  "and np.allclose(x_bar, SLOPE) and np.allclose(z_dot, SLOPE * V))"),
            "You send ones from upstream, as `.sum().backward()` does. Whoever forgets z_bar, or "
            "takes it in another order, is right then. Take numbers that differ, of both signs.",
            passes(lambda missed, tried: "upstream ignored" in missed
                   and not missed & {"vjp negated", "vjp scaled"}),
        ),
        Misconception(
            "no_test_of_jvp",
            wrong("z, x_bar, z_dot = pair(op, U, V); return bool(np.allclose(z, X ** 3) and "
                  "np.allclose(x_bar, SLOPE * U))"),
            "Your tests never look at jvp: every mutant that has it wrong passes.",
            passes(lambda missed, tried: missed - BOTH == kinds("jvp") & tried),
        ),
        Misconception(
            "no_test_of_vjp",
            wrong("z, x_bar, z_dot = pair(op, U, V); return bool(np.allclose(z, X ** 3) and "
                  "np.allclose(z_dot, SLOPE * V))"),
            "Your tests never look at what vjp sends back: every mutant that has it wrong passes.",
            passes(
                lambda missed, tried: missed - BOTH == tried - kinds("forward", "jvp") - BOTH
            ),
        ),
        Misconception(
            "no_jvp",
            wrong(has_jvp=False),
            "The operator can go backward and not forward. jvp is the other half: how fast does "
            "the result move if the inputs move at x_dot?",
            lambda cases, reports: "has no jvp" in reports[0]["returned"].get("unfit", ""),
        ),
        Misconception(
            "loose",
            wrong("z, x_bar, z_dot = pair(op, U, V); return bool(np.allclose(z, X ** 3, rtol=0.1) "
                  "and np.allclose(x_bar, SLOPE * U, rtol=.1) and np.allclose(z_dot, SLOPE * V, "
                  "rtol=.1))"),
            "Your tolerance lets one percent through. Rounding is in the fifteenth digit, and good "
            "nudges are right to nine: what is off by a percent is wrong.",
            passes(lambda missed, tried: "vjp scaled" in missed and "vjp negated" not in missed
                   and missed <= kinds("forward s", "vjp s", "jvp s", "both")),
        ),
    ),
    hints=(
        Hint(
            "vjp or jvp is said to be wrong",
            "Put both beside `bl.gradcheck(MyOp.apply, x)`, which names the worst entry. For a "
            "function entry by entry, both are the slope times what arrives.",
        ),
        Hint(
            "Mutants pass my tests",
            "Do the tests use the `op` that they are given? Do they look at all three rules? Are "
            "the cotangents and tangents all different, and of both signs?",
        ),
        Hint(
            "“forward gives 0.01 too much” passes",
            "Slopes cannot see it. Compare `op.apply(x).data` with the same thing, computed in "
            "another way: a formula, or a table. Then `bl.gradcheck(op.apply, x)` for the rest: it "
            "checks both modes, and is True or False.",
        ),
    ),
    why="An operator is three rules and the tests that hold them together. Each mutant is a "
    "mistake that somebody makes one day, in your operator or while changing it; yours were all "
    "found. That is how the operators of this lab are tested, too.",
)  # fmt: skip
