"""Exercise `masked_mean_loss`: sequences of different lengths in one rectangle."""

import numpy as np

from ..diagnosis import close, diagnose
from ..exercise import Exercise, Hint, Misconception, call
from .pieces import WHY, leaf, nothing_arrives, pull, reports_of, returned, signed, slopes, tell

FILLS = {  # what stands behind the end of a sequence: (in scores, in targets)
    "zeros": (0.0, 0.0), "small": (0.5, -0.25), "1000": (1000.0, 0.0), "nan": (np.nan, 0.0),
    "inf": (np.inf, 1.0), "both": (-np.inf, np.nan), "targets": (0.5, np.nan),
}  # fmt: skip


def masked_mean_loss_cases(seed):
    rng = np.random.default_rng([seed, 76])
    plan = [
        (3, 4, "small"), (4, 3, "zeros"), (4, 5, "1000"), (3, 5, "nan"), (5, 3, "inf"),
        (3, 3, "both"), (4, 3, "targets"),
    ]  # fmt: skip
    return [padded(rng, *plan[i], empty=i in (3, 4)) for i in range(len(plan))]


def padded(rng, batch, longest, fill, empty):
    """A batch of sequences, one of full length, one two shorter; where `empty`, one of length 0."""
    lengths = np.append([longest, int(rng.integers(1, longest - 1))],
                        rng.integers(1, longest + 1, batch - 2))  # fmt: skip
    if empty:
        lengths[2] = 0
    lengths = rng.permutation(lengths)
    padding = np.arange(longest) >= lengths[:, None]
    scores, targets = (np.array(signed(rng, (batch, longest))) for _ in range(2))
    scores[padding], targets[padding] = FILLS[fill]
    return {
        "scores": scores,
        "targets": targets,
        "lengths": lengths,
        "u": signed(rng, (), 1.5, 2.5),
    }


def probe_masked_mean_loss(answer, case):
    scores = leaf(case["scores"])
    given = {name: leaf(case[name], False) for name in ("targets", "lengths")}
    loss = call(answer, {"scores": scores} | given)
    if loss is ...:
        return ...
    return tell(loss, scores=scores) | {"gradients": pull(loss, case["u"], scores=scores)}


def real(case):
    """Which entries of a case belong to a sequence."""
    rows = [[t < length for t in range(case["scores"].shape[1])] for length in case["lengths"]]
    return np.array(rows)


def loss_of(case, scores=None, keep=None):
    scores = case["scores"] if scores is None else scores
    keep = real(case) if keep is None else keep
    return ((scores[keep] - case["targets"][keep]) ** 2).sum() / keep.sum()


def judge_masked_mean_loss(case, output):
    batch, longest = case["scores"].shape
    at = f"With lengths {case['lengths'].tolist()} in a batch of shape {(batch, longest)}"
    fill = next(iter(case["scores"][~real(case)].tolist()))
    beyond = f"{at}, and {fill:g} in the scores where they have ended"
    trouble = returned(output, (), "loss")
    if trouble:
        return [f"{at}: {trouble}"]
    if np.isnan(output["value"]):
        return [f"{beyond}: the loss is nan."]
    sizes = [("the number of real entries", real(case).sum()),
             ("the number of all entries", batch * longest), ("the batch size", batch)]  # fmt: skip
    trouble = diagnose(output["value"], loss_of(case), [s for s in sizes if s[1] > 1])
    if trouble:
        return [f"{beyond}: the loss is wrong. {trouble}"]
    if not output["tracked"]:
        return [f"{at} the loss is right, and it has no history: nothing can be sent back from it."]
    return [f"{beyond}: the loss is right. {text}" for text in about_gradients(case, output)][:1]


def about_gradients(case, output):
    if isinstance(output["gradients"], str):
        yield WHY.get(output["gradients"], "Nothing can be sent back from it.")
        return
    came, padding = output["gradients"]["scores"], ~real(case)
    if came is None:
        yield "But nothing arrives at the scores: their `.grad` is None."
        return
    if came[padding].any():
        t = tuple(np.argwhere(padding & (came != 0))[0].tolist())
        yield f"But behind the end of a sequence, at {list(t)}, arrives {came[t]:.4g} and not 0."
    trouble = diagnose(np.where(padding, 0, came), wanted(case))
    if trouble:
        yield f"But the gradient by the real scores is not: {trouble}"


def wanted(case):
    """The gradient by the scores, by complex steps; what stands in the padding is left out."""
    safe = np.where(real(case), case["scores"], 0.0)
    return slopes(lambda scores: case["u"] * loss_of(case, scores), scores=safe)["scores"]


def late(cases, reports):
    """Right losses throughout, and nan in a gradient somewhere."""
    pairs = reports_of(cases, reports)
    return all(close(told["value"], loss_of(case)) for case, told in pairs) and any(
        np.isnan(told["gradients"]["scores"][~real(case)]).any() for case, told in pairs
    )


def multiplied(cases, reports):
    """Right wherever the padding is finite, and a loss of nan wherever it is not."""
    return all(
        close(told["value"], loss_of(case))
        if np.isfinite(case["scores"] + case["targets"]).all()
        else np.isnan(told["value"])
        for case, told in reports_of(cases, reports)
    )


def has_value(rule):
    """Whether the losses are those of a wrong rule wherever all numbers are finite."""

    def looks_like(cases, reports):
        pairs = [
            pair for pair in reports_of(cases, reports)
            if np.isfinite(pair[0]["scores"] + pair[0]["targets"]).all()
        ]  # fmt: skip
        return any(not close(told["value"], loss_of(case)) for case, told in pairs) and all(
            close(told["value"], rule(case)) for case, told in pairs
        )

    return looks_like


def squares(case):
    return np.where(real(case), (case["scores"] - case["targets"]) ** 2, 0.0)


def mean_of_means(case):
    lengths = case["lengths"]
    return (squares(case).sum(axis=1)[lengths > 0] / lengths[lengths > 0]).mean()


def one_too_many(case):
    keep = np.arange(case["scores"].shape[1]) <= case["lengths"][:, None]
    return loss_of(case, keep=keep)


MASKED = """
import torch

def masked_mean_loss(scores, targets, lengths):
    mask = torch.arange(scores.shape[1]) {below} lengths[:, None]
    {body}
    return {result}
"""


def wrong(result, below="<", body="squares = (scores - targets)[mask] ** 2"):
    return MASKED.format(result=result, below=below, body=body)


EVERYWHERE = "squares = (scores - targets) ** 2"
MASKED_MEAN_LOSS = Exercise(
    id="masked_mean_loss",
    title="A batch of different lengths",
    notebook=7,
    minutes=10,
    points=4,
    may_use=frozenset({"torch"}),
    contract="""\
Write `masked_mean_loss(scores, targets, lengths)` in PyTorch. `scores` and `targets` have the shape
(B, T). Row i is a sequence of `lengths[i]` entries; what stands behind them is padding.

- Return the mean of (score − target)² over all *real* entries, as a tensor.
- Padding counts nothing: not in the loss, and its gradient is exactly 0, even where it is 1000,
  inf or nan. A sequence may be empty, but not all.""",
    cases=masked_mean_loss_cases,
    probe=probe_masked_mean_loss,
    judge=judge_masked_mean_loss,
    misconceptions=(
        Misconception(
            "mean_over_padding",
            wrong("(scores - targets).square().mean()"),
            "The padding was counted like everything else. Which entries are real, `lengths` says.",
            has_value(lambda case: ((case["scores"] - case["targets"]) ** 2).mean()),
        ),
        Misconception(
            "divides_by_everything",
            wrong("torch.where(mask, scores - targets, 0.0).square().mean()"),
            "Only real entries are added up, and yet the sum is divided by B·T. A mean divides by "
            "the number of what was added: padding makes no loss smaller.",
            has_value(lambda case: squares(case).sum() / squares(case).size),
        ),
        Misconception(
            "multiplies_by_the_mask",
            wrong("(squares * mask).sum() / mask.sum()", body=EVERYWHERE),
            "The mask was multiplied in. 0 times inf, and 0 times nan, is nan: a product does not "
            "remove anything. Choose the real entries instead.",
            multiplied,
        ),
        Misconception(
            "masks_too_late",
            wrong("torch.where(mask, squares, 0.0).sum() / mask.sum()", body=EVERYWHERE),
            "The loss is right, and the gradient is nan where the padding is. The squares of "
            "padding were computed before they were left out; on the way back a 0 arrives there "
            "and is multiplied by a slope of nan. Leave the padding out before that.",
            late,
        ),
        Misconception(
            "mean_of_means",
            wrong("torch.stack([s.square().mean() for s in parts]).mean()",
                  body="parts = [(s - t)[m] for s, t, m in zip(scores, targets, mask) if m.any()]"),
            "Each sequence got its own mean, and then these were averaged: an entry of a short "
            "sequence counts more. The mean goes over all real entries alike.",
            has_value(mean_of_means),
        ),
        Misconception(
            "one_entry_too_many",
            wrong("squares.mean()", below="<="),
            "Each sequence has got one entry too many. The first entry has the number 0, so the "
            "last one has the number length − 1.",
            has_value(one_too_many),
        ),
        Misconception(
            "a_sum",
            wrong("squares.sum()"),
            "That is the sum. A mean divides by the number of real entries, so that batches of any "
            "size can be compared.",
            has_value(lambda case: squares(case).sum()),
        ),
        Misconception(
            "cut_from_the_graph",
            wrong("squares.mean().detach()"),
            "The loss is right, and nothing can be sent back from it to the scores: somewhere "
            "numbers were taken out of their tensor.",
            lambda cases, reports: all(
                close(told["value"], loss_of(case)) and nothing_arrives(told)
                for case, told in reports_of(cases, reports)
            ),
        ),
    ),
    hints=(
        Hint(
            "How do I get a mask?",
            "Compare the places 0, 1, … T − 1 (`torch.arange`) with the lengths, each of which "
            "becomes a row: `lengths[:, None]`. The result has the shape (B, T).",
        ),
        Hint(
            "My loss is nan",
            "0 times nan is nan. `torch.where(mask, …, 0.0)` chooses, and `tensor[mask]` takes out "
            "what is real.",
        ),
        Hint(
            "My loss is right, and the gradient is nan",
            "What does an operator do on the way back if a nan went into it? Choose before "
            "anything is squared, and nan meets no slope.",
        ),
    ),
    why="One rectangle, any lengths, and padding that cannot be felt: it was left out before "
    "anything was computed from it. Nobody declared the lengths: this graph was recorded for "
    "them, and the next batch gets its own.",
)  # fmt: skip
