"""Exercise `double_until`: a loop that nobody can draw before the numbers are known."""

import numpy as np

from ..exercise import Exercise, Hint, Misconception, call
from .pieces import leaf, nothing_arrives, pull, reports_of, returned, signed, tell, wrong_gradients

ENOUGH = 1000.0


def double_until_cases(seed):
    """The page's two numbers, then vectors of either sign, far from the limit; one is large."""
    rng = np.random.default_rng([seed, 72])
    cases = [{"a": np.array(0.3), "u": np.array(1.0)}, {"a": np.array(-0.3), "u": np.array(-1.4)}]
    for i, (size, reach) in enumerate(((1, 1.7), (3, 1.2), (4, 1.3), (2, 1.45), (5, 1.2))):
        a = (-1) ** i * rng.uniform(0.8, 1.2, size)
        a[0 if i % 2 else -1] *= -0.5 if size > 1 else 1.0
        doubled = ENOUGH * reach / 2 ** int(rng.integers(6, 13))
        cases.append({"a": a * (doubled / np.linalg.norm(a)), "u": signed(rng, size)})
    large = signed(rng, (2, 3)) * 900.0
    large[0] = abs(large[0]) + 700.0
    return [*cases, {"a": large, "u": signed(rng, (2, 3))}]


def probe_double_until(answer, case):
    a = leaf(case["a"])
    c = call(answer, {"a": a})
    if c is ...:
        return ...
    return tell(c, a=a) | {"gradients": pull(c, case["u"], a=a)}


def judge_double_until(case, output):
    a, shape = case["a"], case["a"].shape
    at = f"At a = {np.round(a, 3).tolist()}"
    trouble = returned(output, shape)
    if trouble:
        return [f"{at}: {trouble}"]
    value = output["value"]
    factor = factor_between(value, a)
    trouble = wrong_factor(factor, a)
    if trouble:
        return [f"{at}: the result is {np.round(value, 3).tolist()}. {trouble}"]
    if not output["tracked"]:
        return [
            f"{at} the number is right, and the tensor does not know where it came from: nothing "
            "can be sent back from it."
        ]
    trouble = wrong_gradients(output["gradients"], {"a": factor * case["u"]})
    return [f"{at} the value is right. {trouble}"] if trouble else []


def factor_between(value, a):
    """The one number that a was multiplied by, or None if there is none."""
    ratio = float(np.ravel(value)[0] / np.ravel(a)[0])
    return ratio if np.allclose(value, ratio * a, rtol=1e-9, atol=0) else None


def wrong_factor(factor, a):
    """Whether a result that is `factor` times a may come out of such a loop."""
    if factor is None:
        return "Its entries are not all the same number of times as large as those of a."
    if not np.isfinite(factor) or factor <= 0:
        return "It is not what comes out of doubling a."
    if a.sum() <= 0:
        if factor < 200:
            return "It does not look as if a sum below 0 had met the factor of 100."
        factor = factor / 100
    doublings = np.log2(factor)
    if abs(doublings - round(doublings)) > 1e-9:
        return "That is not a doubled some number of times" + (
            ", and then taken 100 times." if a.sum() <= 0 else "."
        )
    size = factor * np.linalg.norm(a)
    if factor < 2:
        return "The loop starts from 2a."
    if size < ENOUGH:
        return "The sum of squares of b is still below 1000²: the loop ended too early."
    if size / 2 >= ENOUGH and factor > 2:
        return "One doubling before, b was large enough already: the loop went on for too long."
    return None


def cuts(cases, reports):
    """Values that are right throughout, and no gradient that arrives wherever the loop turns."""
    return all(
        "value" in told
        and wrong_factor(factor_between(told["value"], case["a"]), case["a"]) is None
        and nothing_arrives(told)
        for case, told in reports_of(cases[:-1], reports[:-1])
    )


def turns_alike(cases, reports):
    """One factor for every a with a positive sum, and a result that is wrong somewhere."""
    pairs = reports_of(cases, reports)
    factors = {factor_between(t["value"], c["a"]) for c, t in pairs if c["a"].sum() > 0}
    return max(factors) - min(factors) < 1e-6 and any(judge_double_until(*pair) for pair in pairs)


def loses_some(cases, reports):
    """Right values, and gradients that are the right ones times something between 0 and 1."""
    parts = []
    for case, told in reports_of(cases, reports):
        factor = factor_between(told["value"], case["a"])
        part = factor_between(told["gradients"]["a"], factor * case["u"])
        if wrong_factor(factor, case["a"]) or not 0 < part <= 1.000001:
            return False
        parts.append(part)
    return min(parts) < 0.999


LOOP = """
import torch

def double_until(a):
    b = {start}
    {loop}
    {end}
"""


def wrong(start="2 * a", loop="while (b * b).sum() < 1000**2: b = b * 2",
          end="return torch.where(b.sum() > 0, b, b * 100)"):  # fmt: skip
    return LOOP.format(start=start, loop=loop, end=end)


DOUBLE_UNTIL = Exercise(
    id="double_until",
    title="Double until it is enough",
    notebook=7,
    minutes=8,
    points=3,
    core=False,
    may_use=frozenset({"torch"}),
    contract="""\
Write `double_until(a)` in PyTorch. `a` is a tensor of any shape that requires a gradient.

- Start with $b = 2a$. As long as the sum of the squares of `b` is below $1000^2$, double `b`.
- Return `b` if the sum of its entries is positive, and $100\\,b$ otherwise.
- Gradients have to find their way back to `a`; you do not call `backward()` yourself.""",
    cases=double_until_cases,
    probe=probe_double_until,
    judge=judge_double_until,
    misconceptions=(
        Misconception(
            "a_fixed_count",
            wrong(loop="for _ in range(11): b = b * 2"),
            "The loop turns the same number of times for every a. How often it turns is decided by "
            "the numbers, anew in each call.",
            turns_alike,
        ),
        Misconception(
            "cut_from_the_graph",
            wrong(start="2 * a.detach()"),
            "The numbers are right, and the way back to a is cut: `item()`, `detach()`, `.data`, "
            "`no_grad()` and `torch.tensor(...)` all hand over numbers without their history.",
            cuts,
        ),
        Misconception(
            "doubles_with_a_copy",
            wrong(loop="while (b * b).sum() < 1000**2: b = b + b.detach()"),
            "The numbers are right, and gradients lose something on the way: part of the factor "
            "was taken from a copy that has no history.",
            loses_some,
        ),
        Misconception(
            "misses_the_negative_side",
            wrong(end="return b"),
            "Where the sum is not positive, 100 b is to be returned. Your function has one way out "
            "for both.",
        ),
        Misconception(
            "sides_changed",
            wrong(end="return b * 100 if b.sum() > 0 else b"),
            "The two sides have changed places: the factor of 100 belongs where the sum is *not* "
            "positive.",
        ),
        Misconception(
            "doubles_first",
            wrong(loop="b = b * 2\n    while (b * b).sum() < 1000**2: b = b * 2"),
            "Your loop doubles before it looks. If 2a is large enough at once, the loop does not "
            "turn at all.",
        ),
        Misconception(
            "starts_from_a",
            wrong(start="a"),
            "Your loop starts from a. It makes no difference as long as the loop turns; but where "
            "a is large at once, b = 2a is asked for.",
        ),
        Misconception(
            "stops_at_1000",
            wrong(loop="while (b * b).sum() < 1000: b = b * 2"),
            "The sum of *squares* was compared with 1000. The length of b is its square root, so "
            "the limit is 1000².",
        ),
        Misconception(
            "entry_by_entry",
            wrong(loop="while (b * b < 1000**2).any(): b = torch.where(b * b < 1000**2, b * 2, b)"),
            "Each entry is doubled on its own. There is one question for all of b: is the sum of "
            "its squares below 1000²?",
        ),
    ),
    hints=(
        Hint(
            "May I use while on a tensor?",
            "Yes. Python asks the comparison for True or False, and a tensor with one entry can "
            "answer. The loop itself is not recorded; the products in it are.",
        ),
        Hint(
            "a.grad is None, or backward() refuses",
            "Look for the place where a tensor became a number: `.item()`, `float(...)`, "
            "`.detach()`, `torch.tensor(...)`. Write b = 2 * b with tensors instead.",
        ),
        Hint(
            "It is right for 0.3 and wrong for -0.3",
            "After the loop there is one more question, about the sum of b. What is returned if "
            "the answer is no?",
        ),
    ),
    why="For 0.3 the graph holds twelve doublings: the gradient is 2¹² = 4096, and 409600 for "
    "−0.3. The result is piecewise linear in a: a nudge moves it by the result divided by a. How "
    "often the loop turns is not in the graph, and rightly: a small nudge leaves that as it is.",
)  # fmt: skip
