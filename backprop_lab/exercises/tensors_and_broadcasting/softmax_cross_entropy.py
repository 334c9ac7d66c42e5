"""Exercise `softmax_cross_entropy`: a loss and its gradient that survive logits of ±1000."""

import numpy as np

from ..diagnosis import shown
from ..exercise import Exercise, Hint, Misconception
from ..probing import blank
from ..random_graphs import what_came
from .arrays import fault, follows, mixed

STEP = 2.0**-10
NAMES = ("The loss", "logits_bar")


def softmax_cross_entropy_cases(seed):
    rng = np.random.default_rng([seed, 55])
    cases = [(np.array([[2.0, 1.0, 0.1]]), np.array([0]))]  # the page's
    for b, k in ((3, 2), (4, 3), (3, 4), (3, 3), (5, 4), (4, 4)):
        cases.append((mixed(rng, b, k), rng.permutation(np.arange(b) % k)))
    for shift in (1000.0, -1000.0):
        cases.append((shift + mixed(rng, 3, 4), rng.permutation(4)[:3]))
    extremes = mixed(rng, 4, 3) + 1000 * np.array([[1, 0, -1], [-1, 1, 0], [1, 1, -1], [0, -1, 1]])
    cases += [(extremes, np.array([2, 0, 0, 1])), (extremes, np.array([0, 1, 1, 2]))]
    apart = mixed(rng, 4, 3) + 1000 * np.array([[1], [-1], [0], [-1]])  # each row near one number
    cases.append((apart, np.array([1, 0, 2, 2])))
    return [{"logits": logits, "labels": labels} for logits, labels in cases]


def losses(logits, labels):
    """The loss of each example."""
    ahead = logits - logits[np.arange(len(labels)), labels][:, None]
    return np.logaddexp.reduce(ahead, axis=1)


def measured_gradient(logits, labels):
    """The gradient of the mean loss by central differences of two steps, extrapolated.

    An example's loss depends on its own logits only, so a column is nudged in all rows at once.
    (Richardson 1911; the step is a power of two, so that nudges of 1000 are exact.)
    """
    columns = []
    for unit in np.eye(logits.shape[1]):
        one, two = (
            losses(logits + h * unit, labels) - losses(logits - h * unit, labels)
            for h in (STEP, 2 * STEP)
        )
        columns.append((8 * one - two) / (12 * STEP))
    return np.transpose(columns) / len(labels)


def is_extreme(case):
    return np.abs(case["logits"]).max() > 100


def judge_softmax_cross_entropy(case, output):
    logits, labels = case["logits"], case["labels"]
    if not isinstance(output, list) or len(output) != 2 or any(map(blank, output)):
        return [f"Two things are to be returned, (loss, logits_bar); {what_came(output)}"]
    sizes = [("B", len(labels)), ("K", logits.shape[1]), ("B K", logits.size)]
    right = [losses(logits, labels).mean(), measured_gradient(logits, labels)]
    for name, mine, theirs in zip(NAMES, output, right, strict=True):
        said = fault(name, mine, theirs, sizes)
        if said:
            numbers = f"\n{shown(**case)}" if logits.size <= 12 else ""
            return [f"With logits of shape (B, K) = {logits.shape}:{numbers}\n{said}"]
    return []


def part(code, slot):
    """Whether an answer gives what some code gives as its loss (0) or its gradient (1), in cases
    of moderate size; what becomes of large logits is another question."""
    return follows(
        "softmax_cross_entropy", code, lambda case: not is_extreme(case), lambda out: out[slot]
    )


def mistake(key, slot, formula, says):
    """A misconception about the loss (0) or the gradient (1); p and one_hot are (B, K)."""
    pair = ("0.0 * p[0, 0]", formula) if slot else (formula, "0.0 * p")
    code = f"""
def softmax_cross_entropy(logits, labels):
    p, rows = np.exp(logits), np.arange(len(labels))
    p, one_hot = p / p.sum(axis=1, keepdims=True), np.eye(logits.shape[1])[labels]
    return {pair[0]}, {pair[1]}
"""
    return Misconception(key, code, says, part(code, slot))


def returned(cases, reports, where):
    """(case, loss, gradient) for some of the cases."""
    for case, report in zip(cases, reports, strict=True):
        if where(case):
            yield case, *report["returned"]


def moderate_are_right(cases, reports):
    return not any(
        judge_softmax_cross_entropy(case, [loss, logits_bar])
        for case, loss, logits_bar in returned(cases, reports, lambda case: not is_extreme(case))
    )


def overflows(cases, reports):
    return moderate_are_right(cases, reports) and any(
        not np.isfinite(loss) or not np.isfinite(logits_bar).all()
        for _, loss, logits_bar in returned(cases, reports, is_extreme)
    )


def logarithm_of_zero(cases, reports):
    """Whether a loss is inf because p has become 0, and nothing has overflowed."""
    loss = np.array([report["returned"][0] for report in reports])
    too_large = loss[~np.isfinite(loss)]
    return moderate_are_right(cases, reports) and too_large.size and np.isposinf(too_large).all()


def loss_is_capped(cases, reports):
    """Whether no loss is as large as it has to be, and all is well where none is large."""
    large = [
        (loss, losses(case["logits"], case["labels"]).mean())
        for case, loss, _ in returned(cases, reports, is_extreme)
    ]
    small = returned(cases, reports, lambda case: not is_extreme(case))
    return all(loss < 0.9 * right for loss, right in large if right > 500) and all(
        np.isclose(loss, losses(case["logits"], case["labels"]).mean(), rtol=1e-3)
        for case, loss, _ in small
    )


CAPPED = """
def softmax_cross_entropy(logits, labels):
    p = np.exp(np.maximum(logits - logits.max(), -700))
    p = p / p.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels] + 1e-12).mean(), 0.0 * p
"""
NAIVE = """
def softmax_cross_entropy(logits, labels):
    e = np.exp(logits)
    p = e / np.sum(e, axis=1, keepdims=True)
    rows = np.arange(len(labels))
    logits_bar = p.copy()
    logits_bar[rows, labels] -= 1
    return np.mean(-np.log(p[rows, labels])), logits_bar / len(labels)
"""

SHIFTED = NAIVE.replace("np.exp(logits)", "np.exp(logits - logits.max(axis=1, keepdims=True))")

SOFTMAX_CROSS_ENTROPY = Exercise(
    id="softmax_cross_entropy",
    title="A loss that survives a thousand",
    notebook=5,
    minutes=10,
    points=4,
    contract=r"""Write `softmax_cross_entropy(logits, labels)`: a loss, and its gradient.

- `logits` has the shape (B, K): K scores for each of B examples. `labels`, of shape (B,), says
  which is right. An example's loss is $-\log p$ of its label, $p$ being softmax.
- Return the tuple `(loss, logits_bar)`: the mean over the B examples, and its gradient, of shape
  (B, K).
- Logits of ±1000 must come out right, without inf, nan or a limit to the loss.""",
    cases=softmax_cross_entropy_cases,
    judge=judge_softmax_cross_entropy,
    misconceptions=(
        Misconception(
            "logarithm_of_zero", SHIFTED,
            "Nothing overflows any more. But the p of a label that is 2000 behind is 0, and that "
            "has no logarithm. log p can be had without p: take the logarithm of the fraction "
            "apart before you work it out.",
            logarithm_of_zero,
        ),
        Misconception(
            "exp_overflows",
            NAIVE,
            "It is right as long as the logits are moderate. exp(1000) is inf, inf / inf is nan, "
            "and exp(−1000) is 0, which has no logarithm. Softmax does not change when the same "
            "number is taken off all logits of a row: choose it well, each row its own, and take "
            "the logarithm before there is anything to divide.",
            overflows,
        ),
        Misconception(
            "loss_with_a_limit",
            CAPPED,
            "The loss of a confident mistake has a limit: something small was added to p, or p was "
            "clipped, before the logarithm. A logit that is 2000 behind costs 2000, and log p can "
            "be had without p: as a difference of a logit and the logarithm of a sum.",
            loss_is_capped,
        ),
        mistake(
            "only_the_diagonal", 1, "one_hot * (p - 1) / len(labels)",
            "logits_bar: only the label's own logit gets anything. Raise another logit, and the "
            "label's probability falls: the sum in the denominator holds them all.",
        ),
        mistake(
            "gradient_uphill", 1, "(one_hot - p) / len(labels)",
            "logits_bar: the sign is turned round. Raise the label's logit, and the loss "
            "*falls*: its entry is negative.",
        ),
        mistake(
            "gradient_of_the_sum", 1, "p - one_hot",
            "logits_bar: this is the gradient of the sum of the losses. The loss is their mean "
            "over the batch.",
        ),
        mistake(
            "divided_twice", 1, "(p - one_hot) / len(labels) ** 2",
            "logits_bar: it is divided by B twice. One mean, one division.",
        ),
        mistake(
            "divided_by_all_entries", 1, "(p - one_hot) / p.size",
            "logits_bar: it is divided by the number of logits. The mean is over the B examples, "
            "each of which has one loss.",
        ),
        mistake(
            "label_not_taken_off", 1, "p / len(labels)",
            "logits_bar: no logit is ever told to rise. The loss has two parts, the logarithm of a "
            "sum and the label's own logit; the second one is missing.",
        ),
        mistake(
            "slope_of_softmax_again", 1, "(p - one_hot) * p * (1 - p) / len(labels)",
            "logits_bar: there is a p (1 − p) too many. It is in p minus the label already: that "
            "is what comes out when log and softmax are taken together.",
        ),
        mistake(
            "softmax_down_the_batch", 1,
            "(np.exp(logits) / np.exp(logits).sum(axis=0) - one_hot) / len(labels)",
            "logits_bar: the probabilities add up to 1 down the *columns*. Each example, a row, "
            "has probabilities of its own.",
        ),
        mistake(
            "sum_of_the_losses", 0, "-np.log(p[rows, labels]).sum()",
            "The loss is the sum over the batch, and the mean is asked for.",
        ),
        mistake(
            "loss_over_all_entries", 0, "-(one_hot * np.log(p)).mean()",
            "The loss is divided by B times K: a mean over a matrix that is mostly zeros. There "
            "are B losses.",
        ),
        mistake(
            "loss_without_its_sign", 0, "np.log(p[rows, labels]).mean()",
            "The loss is negative. A probability is below 1, so its logarithm is below 0, and the "
            "loss is *minus* that.",
        ),
        mistake(
            "labels_pick_rows", 0, "-np.log(p[labels]).mean()",
            "The loss: `[labels]` picks whole *rows*. Wanted is one entry of each row, the one in "
            "the column that its label names.",
        ),
        mistake(
            "labels_pick_columns", 0, "-np.log(p[:, labels]).mean()",
            "The loss: `[:, labels]` picks the columns of all labels in *every* row, B times B "
            "numbers. Wanted is one entry of each row.",
        ),
        mistake(
            "loss_of_every_class", 0, "-np.log(p).sum(axis=1).mean()",
            "The loss adds up all the classes. Only the label's probability counts.",
        ),
        mistake(
            "probability_for_its_logarithm", 0, "-p[rows, labels].mean()",
            "The loss is minus the probability itself; its logarithm is missing.",
        ),
    ),
    hints=(
        Hint(
            "nan, or RuntimeWarning: overflow encountered in exp",
            "Take the largest logit of a row off the whole row first. The largest exponential is "
            "then e⁰ = 1, and nothing can overflow.",
        ),
        Hint(
            "The loss is inf, or never above 30",
            "log p is log of a fraction, and that is a difference: the logit itself minus the "
            "logarithm of the sum of exponentials. Never divide, and there is no 0 to take a "
            "logarithm of.",
        ),
        Hint(
            "My gradient should add up to 0 in each row, and doesn't",
            "The loss of a row is log Σ exp(s_j) − s_label. Nudge one s_k: how far does the first "
            "part move? (Its name is p_k.) And the second? Then divide by B, once.",
        ),
    ),
    why="Probability minus truth, over B: the log and the exp have cancelled, which is why "
    "libraries offer the two as one operator. Where p is sure and wrong the gradient is at its "
    "largest, and no entry of it goes beyond ±1/B.",
)  # fmt: skip
