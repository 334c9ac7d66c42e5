"""Exercise `train_step`: one step of gradient descent, whole, on the engine of this series."""

import numpy as np

from ...leaves import parameter
from ..diagnosis import as_array, diagnose, short
from ..exercise import Exercise, Hint, Misconception
from ..probing import UNFILLED
from ..random_graphs import what_came
from ..tensors_and_broadcasting.arrays import mixed

NAMES = ("W1", "b1", "W2", "b2")
TINY = 1e-30
CALLS = 2


def train_step_cases(seed):
    rng = np.random.default_rng([seed, 81])
    cases = []
    for n, hidden, k, batch in ((2, 3, 4, 5), (4, 2, 3, 6), (3, 3, 3, 4)):
        weights = [mixed(rng, n, hidden), mixed(rng, hidden), mixed(rng, hidden, k), mixed(rng, k)]
        cases.append(
            {
                "weights": [weight / 2 for weight in weights],
                "x": [mixed(rng, batch, n) / 2 for _ in range(CALLS)],
                "labels": [rng.permutation(np.arange(batch) % k) for _ in range(CALLS)],
                "rate": float(rng.uniform(0.3, 0.7)),
            }
        )
    return cases


def probe_train_step(answer, case):
    """What two calls in a row return, and where the weights are after each of them.

    Something is left in every `.grad` beforehand, by somebody else.
    """
    weights = [
        parameter(data, name=name) for name, data in zip(NAMES, case["weights"], strict=True)
    ]
    for weight in weights:
        weight.grad = np.full(weight.shape, 3.0)
    told = []
    for x, labels in zip(case["x"], case["labels"], strict=True):
        loss = answer(list(weights), x, labels, case["rate"])
        told.append(
            {
                "loss": loss,
                "weights": [copied(w.data) for w in weights],
                "cleared": not any(np.any(w.grad) for w in weights if w.grad is not None),
            }
        )
    return ... if all(call["loss"] is ... for call in told) else told


def copied(data):
    """An array as it is now; anything else, which a weight's data should not be, as it is."""
    return data.copy() if isinstance(data, (np.ndarray, np.generic)) else data


def loss_of(weights, x, labels):
    """The loss, for any number of nets at once: weights have as many axes in front as one likes."""
    W1, b1, W2, b2 = weights
    scores = np.tanh(x @ W1 + b1[..., None, :]) @ W2 + b2[..., None, :]
    rows = np.arange(len(labels))
    ahead = scores - scores[..., rows, labels][..., None]
    return np.log(np.exp(ahead).sum(axis=-1)).mean(axis=-1)


def slopes_of(weights, x, labels):
    """The gradient by every weight, by complex steps (Squire and Trapp 1998), all at once."""
    sizes = [w.size for w in weights]
    units = np.eye(sum(sizes))
    nudges = np.split(units, np.cumsum(sizes)[:-1], axis=1)
    nudged = [
        w + 1j * TINY * nudge.reshape(-1, *w.shape)
        for w, nudge in zip(weights, nudges, strict=True)
    ]
    slopes = loss_of(nudged, x, labels).imag / TINY
    parts = np.split(slopes, np.cumsum(sizes)[:-1])
    return [part.reshape(w.shape) for part, w in zip(parts, weights, strict=True)]


def judge_train_step(case, output):
    before = case["weights"]
    for number, told in enumerate(output):
        where = "In the first call" if number == 0 else "In the second call"
        x, labels = case["x"][number], case["labels"][number]
        after = [as_array(data) for data in told["weights"]]
        said = (
            wrong_data(after, before)
            or wrong_steps(case, before, after, x, labels)
            or wrong_loss(told["loss"], before, after, x, labels)
        )
        if said:
            return [f"{where}, on {len(x)} examples: {said}"]
        before = after
    return []


def wrong_data(after, before):
    for name, new, old in zip(NAMES, after, before, strict=True):
        if new is None:
            return f"the data of {name} is no array of numbers any more."
        if new.shape != old.shape:
            return f"{name} has shape {new.shape} afterwards, and had {old.shape}."
    return None


def wrong_steps(case, before, after, x, labels):
    """What is wrong with the way that the weights went, divided by the rate, so: the gradient."""
    if all(np.array_equal(new, old) for new, old in zip(after, before, strict=True)):
        return "no weight has moved. What the caller sees is the data of the tensors in `weights`."
    sizes = [("B", len(x)), ("rate", case["rate"])]
    steps = [(old - new) / case["rate"] for new, old in zip(after, before, strict=True)]
    for name, step, slope in zip(NAMES, steps, slopes_of(before, x, labels), strict=True):
        if np.array_equal(step, 0 * step):
            return f"{name} has not moved."
        said = diagnose(step, slope, sizes)
        if said:
            return (
                f"{name} moved by −rate times this, which should be its gradient: "
                f"{short(step)}. {said}"
            )
    return None


def wrong_loss(loss, before, after, x, labels):
    if not isinstance(loss, (int, float)) or isinstance(loss, bool):
        return f"the weights are right. The loss has to come back as a number; {what_came(loss)}"
    right = loss_of(before, x, labels)
    if np.isclose(loss, right, rtol=1e-9):
        return None
    if np.isclose(loss, loss_of(after, x, labels), rtol=1e-9):
        return f"the weights are right. {loss:.4g} is the loss *after* the step."
    said = diagnose(loss, right, [("B", len(x))])
    return f"the weights are right. The loss came back as {loss:.6g}. {said}"


def first_calls(cases, reports):
    """(case, gradient as it should be, the way each weight went) for the first call of each."""
    for case, report in zip(cases, reports, strict=True):
        told = report["returned"][0]
        steps = [
            (old - as_array(new)) / case["rate"]
            for old, new in zip(case["weights"], told["weights"], strict=True)
        ]
        yield case, slopes_of(case["weights"], case["x"][0], case["labels"][0]), steps


def goes(rule):
    """Whether every weight's first step follows rule(case, gradients) -> list of arrays."""

    def looks_like(cases, reports):
        return all(
            all(
                np.allclose(step, followed)
                for step, followed in zip(steps, rule(case, slopes), strict=True)
            )
            for case, slopes, steps in first_calls(cases, reports)
        )

    return looks_like


def no_motion(cleared):
    """Whether no weight moved, and the gradients are cleared at the end, or are not."""

    def looks_like(cases, reports):
        ran = [report["returned"][0] for report in reports]
        return all(told["loss"] != UNFILLED and told["cleared"] is cleared for told in ran) and all(
            not step.any() for _, _, steps in first_calls(cases, reports) for step in steps
        )

    return looks_like


MODEL = "ops.softmax_cross_entropy(ops.tanh(x @ W1 + b1) @ W2 + b2, labels)"
CLEAR, BACK = "for w in weights: w.grad = None", "loss.backward()"
MOVE = "for w in weights: w.data = w.data - rate * w.grad"


def wrong(*lines, end="return loss.item()"):
    body = "\n".join(f"    {line}" for line in (*lines, end))
    return (
        "from backprop_lab import ops\n"
        "def train_step(weights, x, labels, rate):\n    W1, b1, W2, b2 = weights\n" + body
    )


LOSS = f"loss = {MODEL}"

TRAIN_STEP = Exercise(
    id="train_step",
    title="One step, whole",
    notebook=8,
    minutes=10,
    points=4,
    may_use=frozenset({"backprop_lab"}),
    contract="""\
Write `train_step(weights, x, labels, rate)`: one step of gradient descent.

- `weights` is `[W1, b1, W2, b2]`, parameters; somebody may have left something in `.grad`. `x` is
  an array, (B, N); `labels`, (B,).
- Scores: $\\tanh(x W_1 + b_1)\\,W_2 + b_2$. Loss: softmax cross-entropy, averaged over the batch.
- Move each of the four *in place* against its gradient: the caller keeps the same tensors.
- Return the loss before the step, as a number.""",
    cases=train_step_cases,
    probe=probe_train_step,
    judge=judge_train_step,
    misconceptions=(
        Misconception(
            "batch_sum",
            wrong(CLEAR, LOSS + " * len(labels)", BACK, MOVE),
            "The steps are B times too long: you sum over the batch. Then the best rate depends on "
            "how many examples there happen to be; the mean does not.",
            goes(lambda case, slopes: [len(case["x"][0]) * slope for slope in slopes]),
        ),
        Misconception(
            "biases_stay",
            wrong(CLEAR, LOSS, BACK, "for w in (W1, W2): w.data = w.data - rate * w.grad"),
            "The biases do not move. They are weights like the others: parameters, with a gradient "
            "of their own.",
            goes(lambda case, slopes: [slope * (slope.ndim == 2) for slope in slopes]),
        ),
        Misconception(
            "never_clears",
            wrong(LOSS, BACK, MOVE),
            "`backward()` adds to what is in `.grad`, and you take all of it for this batch's "
            "gradient: what somebody left there, and in the second call that of the first.",
        ),
        Misconception(
            "clears_afterwards",
            wrong(LOSS, BACK, MOVE, "for w in weights: w.grad = np.zeros(w.shape)"),
            "You clear `.grad` when the step is done, so the first call still takes what somebody "
            "else had left there. Clear before backward.",
        ),
        Misconception(
            "clears_too_late",
            wrong(LOSS, BACK, "for w in weights: w.grad = np.zeros(w.shape)", MOVE),
            "The weights stay where they are, because their gradients are 0 when they should move: "
            "cleared between backward and the update.",
            no_motion(cleared=True),
        ),
        Misconception(
            "a_new_list",
            wrong(CLEAR, LOSS, BACK, "weights[:] = [type(w)(w.data - rate * w.grad, True) "
                  "for w in weights]"),
            "The caller's tensors have not moved. You made new ones, or gave a name to something "
            "else; whoever calls you holds the old ones. Change what is *in* them, under "
            "`bl.no_grad()`.",
            no_motion(cleared=False),
        ),
        Misconception(
            "uphill",
            wrong(CLEAR, LOSS, BACK, MOVE.replace("- rate", "+ rate")),
            "The weights go uphill: a gradient points to where the loss grows.",
            goes(lambda case, slopes: [-slope for slope in slopes]),
        ),
        Misconception(
            "without_the_rate",
            wrong(CLEAR, LOSS, BACK, MOVE.replace("rate * ", "")),
            "Each weight moves by its whole gradient. `rate` says how much of it to take.",
            goes(lambda case, slopes: [slope / case["rate"] for slope in slopes]),
        ),
        Misconception(
            "loss_after_the_step",
            wrong(CLEAR, LOSS, BACK, MOVE, end=f"return ({MODEL}).item()"),
            "The step is right. The loss that you return was computed with the new weights, at the "
            "price of another forward pass; the old one was there already.",
        ),
        Misconception(
            "softmax_twice",
            wrong(CLEAR, LOSS.replace("ops.tanh(x", "ops.softmax(ops.tanh(x").replace(", labels",
                  "), labels"), BACK, MOVE),
            "You make probabilities of the scores before the loss, which does that itself. It "
            "takes them for scores, between 0 and 1, and can never reach 0.",
        ),
    ),
    hints=(
        Hint(
            "The first call is right and the second is not",
            "Print `.grad` when you come in. `backward()` adds to what is there.",
        ),
        Hint(
            "The weights do not move",
            "`w = w - rate * w.grad` gives the name w to a new tensor. Under `bl.no_grad()`, "
            "`w -= …` changes the old one. And is `.grad` what you think when you use it?",
        ),
        Hint(
            "In which order?",
            "Clear; scores; loss; backward; then move all four, with no recording; return "
            "`loss.item()`. Shapes: (B, H) between the layers, (B, K) at the end.",
        ),
    ),
    why="This is training: clear, forward, backward, move. Two layers or two hundred, only the "
    "way to the scores changes, and no line about gradients does.",
)  # fmt: skip
