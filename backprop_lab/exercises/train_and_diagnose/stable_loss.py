"""Exercise `stable_loss`: the logistic loss and its gradient, for scores of any size."""

import warnings
from decimal import Decimal, localcontext

import numpy as np

from ..diagnosis import as_array, diagnose, short, shown
from ..exercise import Exercise, Hint, Misconception
from ..probing import blank
from ..random_graphs import what_came
from ..tensors_and_broadcasting.arrays import mixed

NAMES = ("The loss", "scores_bar")
DIGITS = 100
NEARLY = "It comes close, and not to nine digits; those of a tiny number count as well."


def stable_loss_cases(seed):
    rng = np.random.default_rng([seed, 85])

    def labels(n):
        return rng.permutation(np.where(np.arange(n) % 2, 1, -1))

    cases = [(np.array([2.0, -1.0, 0.5]), np.array([1, 1, -1]))]
    cases += [(mixed(rng, n), labels(n)) for n in (4, 5, 3)]
    easy = labels(5)
    cases += [
        (mixed(rng, 4) + rng.choice([-1000, 1000], 4), labels(4)),
        (1000.0 * np.array([1, -1, 1, -1]), np.array([1, -1, -1, 1])),
        (easy * rng.uniform(38, 60, 5), easy),  # all of them right by far: losses of 1e-17
        (easy * rng.uniform(100, 150, 5), easy),
        (easy * [1, -1, 1, -1, -1] * rng.uniform(1e5, 1e6, 5), easy),  # past any exp
        (np.array([0.0, 1e-12, -1e-9]), np.array([1, -1, -1])),
    ]
    return [{"scores": scores, "labels": labels} for scores, labels in cases]


def probe_stable_loss(answer, case):
    """What comes back, and what NumPy had to say about it."""
    with (
        np.errstate(over="warn", divide="warn", invalid="warn"),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        result = answer(case["scores"], case["labels"])
    heard = {str(w.message) for w in caught if issubclass(w.category, RuntimeWarning)}
    return ... if result is ... else {"result": result, "heard": sorted(heard)}


def exact(scores, labels):
    """(loss, gradient) from their definition, in decimal numbers of a hundred digits."""
    with localcontext() as context:
        context.prec = DIGITS
        against = [Decimal(-y * s) for s, y in zip(scores.tolist(), labels.tolist(), strict=True)]
        odds = [x.exp() for x in against]
        loss = sum((1 + r).ln() for r in odds) / len(odds)
        slopes = [-y * r / (1 + r) for y, r in zip(labels.tolist(), odds, strict=True)]
        return float(loss), np.array([float(slope / len(odds)) for slope in slopes])


def judge_stable_loss(case, output):
    result = output.get("result") if isinstance(output, dict) else output
    if not isinstance(result, list) or len(result) != 2 or any(map(blank, result)):
        return [f"Two things are to be returned, (loss, scores_bar); {what_came(result)}"]
    wanted = exact(case["scores"], case["labels"])
    at = f"With {shown(**case)}:"
    for name, mine, right in zip(NAMES, result, wanted, strict=True):
        said = fault(mine, right, [("B", len(case["scores"]))])
        if said:
            return [f"{at} {name.lower()} is wrong. {said}"]
    if output["heard"]:
        return [
            f"{at} the results are right, and NumPy warns on the way: {output['heard'][0]}. "
            "Something was computed that was thrown away afterwards."
        ]
    return []


def agree(mine, right):
    """Equal to nine digits, entry by entry, however small they are."""
    return np.shape(mine) == np.shape(right) and np.allclose(mine, right, rtol=1e-9, atol=1e-300)


def fault(mine, right, sizes):
    got = as_array(mine)
    if got is None:
        return f"Numbers are asked for; {what_came(mine)}"
    if agree(got, right):
        return None
    said = diagnose(got, right, sizes)
    return f"{said or NEARLY} Yours: {short(got)}."


def results(cases, reports, where=lambda case: True):
    """(case, loss, gradient) for some of the cases."""
    for case, report in zip(cases, reports, strict=True):
        if where(case):
            yield case, *map(as_array, report["returned"]["result"])


def moderate(case):
    return 1e-3 < np.abs(case["scores"]).max() < 30


def easy(case):
    return (case["scores"] * case["labels"]).min() > 30


def follows(slot, rule):
    """Whether loss (0) or gradient (1) is rule(s, y, loss, gradient), for moderate scores."""

    def looks_like(cases, reports):
        return all(
            agree(found[slot], rule(case["scores"], case["labels"], *right(case)))
            for case, *found in results(cases, reports, moderate)
        )

    return looks_like


def right(case):
    return exact(case["scores"], case["labels"])


def capped(cases, reports):
    """Whether large losses come out far too small, and moderate ones about right."""
    found = list(results(cases, reports))
    large = [(loss, right(case)[0]) for case, loss, _ in found if right(case)[0] > 200]
    return all(loss < 0.95 * wanted for loss, wanted in large) and all(
        np.isclose(loss, right(case)[0], rtol=1e-3) for case, loss, _ in found if moderate(case)
    )


def breaks_down(cases, reports):
    """Whether inf or nan comes of large scores, and moderate ones are right."""
    found = list(results(cases, reports))
    return any(not np.isfinite([loss, *slopes]).all() for _, loss, slopes in found) and all(
        agree(loss, right(case)[0]) and agree(slopes, right(case)[1])
        for case, loss, slopes in found
        if moderate(case)
    )


def only_beyond_exponentials(cases, reports):
    """Whether all is well up to ±1000, and nothing at a million."""
    return all(
        np.isfinite([loss, *slopes]).all() == (np.abs(case["scores"]).max() < 1e5)
        for case, loss, slopes in results(cases, reports)
    )


def small_ones_vanish(cases, reports):
    """Whether the losses of easy batches are lost, and all the others right."""
    found = list(results(cases, reports))
    return any(easy(case) and not agree(loss, right(case)[0]) for case, loss, _ in found) and all(
        np.isclose(loss, right(case)[0], rtol=1e-9, atol=1e-12)
        and (agree(slopes, right(case)[1]) or not moderate(case))
        for case, loss, slopes in found
    )


def wrong(loss="np.log(1 + np.exp(-m))", slopes="-y * p", p="1 / (1 + np.exp(m))", start="pass"):
    return f"""
def stable_loss(s, y):
    m, B = s * y, len(s)
    {start}
    p = {p}
    return ({loss}).mean(), ({slopes}) / B
"""


STABLE = "np.maximum(-m, 0) - np.log(1 / (1 + np.exp(-abs(m))))"

STABLE_LOSS = Exercise(
    id="stable_loss",
    title="A loss for scores of any size",
    notebook=8,
    minutes=8,
    points=3,
    core=False,
    contract="""\
Write `stable_loss(scores, labels)`, in NumPy: the logistic loss of two classes, and its gradient.

$$L = \\frac{1}{B} \\sum_i \\log\\left(1 + e^{-y_i s_i}\\right)$$

- `scores` is an array (B,) of floats of any size, ±1000 and more; `labels` holds 1 and −1.
- Return `(loss, scores_bar)`.
- Both are right to nine digits, large or tiny: a loss of $10^{-18}$ is not 0. NumPy has nothing to
  warn of on the way.""",
    cases=stable_loss_cases,
    probe=probe_stable_loss,
    judge=judge_stable_loss,
    misconceptions=(
        Misconception(
            "log_of_an_overflow",
            wrong(),
            "This is the formula as it stands. exp(1000) is inf, and a loss of 1000 becomes inf "
            "too. Which of the two exponentials, e^m or e^−m, is harmless depends on the sign.",
            lambda cases, reports: breaks_down(cases, reports)
            and not only_beyond_exponentials(cases, reports),
        ),
        Misconception(
            "epsilon_in_the_log",
            wrong(loss="-np.log(1 - p + 1e-12)", p="np.where(m > 0, np.exp(-abs(m)), 1) / "
                  "(1 + np.exp(-abs(m)))"),
            "A small number inside the log, or a probability clipped away from 0, puts a ceiling "
            "on the loss: −log(10⁻¹²) is 27.6, however wrong a score of −1000 is. And under a "
            "ceiling the slope is 0.",
            capped,
        ),
        Misconception(
            "a_wider_float",
            wrong(loss="np.log1p(np.exp(-m))", start="m = m.astype(np.longdouble)"),
            "Wider numbers move the cliff and do not remove it: from float32 to float64 it goes "
            "from 88 to 709, and the widest float ends at 11,356. The formula has to change.",
            only_beyond_exponentials,
        ),
        Misconception(
            "one_plus_is_one",
            wrong(loss=STABLE, p="np.where(m > 0, np.exp(-abs(m)), 1) / (1 + np.exp(-abs(m)))"),
            "Large losses are right, and tiny ones are lost: 1 + 10⁻¹⁸ is 1 in float64, and its "
            "logarithm 0. NumPy has a function for the logarithm of 1 + something small.",
            small_ones_vanish,
        ),
        Misconception(
            "sign_of_the_score",
            wrong(loss="np.logaddexp(0, m)", slopes="y * (1 - p)"),
            "The loss grows where a score has the sign of its label. It should punish the others.",
            follows(0, lambda s, y, loss, slopes: np.logaddexp(0, s * y).mean()),
        ),
        Misconception(
            "gradient_uphill",
            wrong(loss="np.logaddexp(0, -m)", slopes="y * p"),
            "The gradient has the wrong sign: raising the score of an example with label 1 makes "
            "its loss smaller.",
            follows(1, lambda s, y, loss, slopes: -slopes),
        ),
        Misconception(
            "label_is_lost",
            wrong(loss="np.logaddexp(0, -m)", slopes="-p"),
            "The gradient is right for the label 1 only. The score is multiplied by its label on "
            "the way in, so what comes back is, too.",
            follows(1, lambda s, y, loss, slopes: slopes * y),
        ),
        Misconception(
            "sum_over_the_batch",
            wrong(loss="np.logaddexp(0, -m)", slopes="-y * p * B"),
            "The loss is a mean over B examples, and the gradient that of their sum: each example "
            "counts one B-th.",
            follows(1, lambda s, y, loss, slopes: slopes * len(s)),
        ),
    ),
    hints=(
        Hint(
            "inf, nan, or a warning of an overflow",
            "Let m = y s. For m = −1000, e^−m is too large for a float, and e^m is not. Write the "
            "loss with e^−|m| alone: what has to be added to log(1 + e^−|m|) if m is negative?",
        ),
        Hint(
            "It is right but for scores that are right by far",
            "Adding 10⁻¹⁸ to 1 leaves 1. `np.log1p(t)` is log(1 + t) without that detour.",
        ),
        Hint(
            "The gradient is wrong, or warns",
            "Per example it is −y / (1 + e^m). With t = e^−|m|, that fraction is t / (1 + t) or "
            "1 / (1 + t), by the sign of m. `np.where` picks a numerator; both of them are "
            "harmless. And the mean divides by B.",
        ),
    ),
    why="Only exponentials of negative numbers, and log1p where 1 would swallow what is small. "
    "That is what lies behind `binary_cross_entropy_with_logits` and its likes: the loss takes "
    "scores, not probabilities, because a probability has thrown away what is needed.",
)  # fmt: skip
