"""Exercise `gradient_norms`: how much arrives at each layer, and how fast it shrinks."""

import numpy as np

from ...leaves import parameter
from ..diagnosis import as_array, as_numbers, diagnose, short
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from ..tensors_and_broadcasting.arrays import mixed


def gradient_norms_cases(seed):
    rng = np.random.default_rng([seed, 82])
    cases = []
    for depth in (2, 3, 5, 20):
        shrink = rng.uniform(0.1, 0.3) if depth != 3 else rng.uniform(2, 3)  # the third grows
        layers = []
        for i in range(depth):
            n, m = rng.integers(1, 5, 2)
            size = shrink ** (depth - 1 - i)
            layers.append(
                {
                    "weights": [mixed(rng, n, m), mixed(rng, m)],
                    "gradients": [size * mixed(rng, n, m), size * mixed(rng, m)],
                }
            )
        cases.append({"layers": layers})
    cases[2]["layers"][1]["gradients"].append(mixed(rng, 2, 3))  # a layer may have three
    cases[2]["layers"][1]["weights"].append(mixed(rng, 2, 3))
    return cases


def probe_gradient_norms(answer, case):
    """The answer's two results, for parameters after a backward pass."""
    layers = [[parameter(data) for data in layer["weights"]] for layer in case["layers"]]
    for layer, given in zip(layers, case["layers"], strict=True):
        for weight, gradient in zip(layer, given["gradients"], strict=True):
            weight.grad = gradient.copy()
    return answer(layers)


def right(case):
    """The norms, and the factor from each layer to the one before it, on the (geometric) average.

    A norm is that of all numbers of a layer, laid out as one vector.
    """
    laid_out = [np.concatenate([g.ravel() for g in layer["gradients"]]) for layer in case["layers"]]
    norms = np.array([np.linalg.norm(vector) for vector in laid_out])
    return norms, np.exp(-np.diff(np.log(norms)).mean())


def relative(got, wanted):
    """Both in units of what is wanted, so that small numbers count as much as large ones."""
    return got / wanted, wanted / wanted


def judge_gradient_norms(case, output):
    depth = len(case["layers"])
    at = f"With {depth} layers:"
    if not isinstance(output, list) or len(output) != 2:
        return [f"Two things are to be returned, (norms, shrink); {what_came(output)}"]
    norms, shrink = right(case)
    mine = as_numbers(output[0])
    if mine is None:
        return [f"{at} norms has to be a list of numbers; {what_came(output[0])}"]
    if len(mine) != depth:
        return [f"{at} there are {len(mine)} norms, and it takes one for each layer."]
    if not np.allclose(mine, norms, rtol=1e-7, atol=0):
        said = order_or_size(np.array(mine, dtype=float), norms)
        return [f"{at} the norms are {short(np.array(mine, dtype=float))}. {said}"]
    mine = as_array(output[1])
    if mine is None or mine.ndim:
        return [f"{at} the norms are right. shrink has to be a number; {what_came(output[1])}"]
    if np.isclose(mine, shrink, rtol=1e-7, atol=0):
        return []
    if np.isclose(mine, 1 / shrink, rtol=1e-7, atol=0):
        said = "That is the factor on the way forward; on the way back it is the other way round."
    else:
        said = f"It is too {'large' if mine > shrink else 'small'}."
    ends = f"The last layer's norm is {norms[-1]:.4g}, the first one's is {norms[0]:.4g}."
    return [f"{at} the norms are right, and shrink is {float(mine):.4g}. {said} {ends}"]


def order_or_size(mine, norms):
    if np.allclose(mine[::-1], norms, rtol=1e-7, atol=0):
        return "They stand in reverse order: the first layer comes first."
    said = diagnose(*relative(mine, norms))
    off = int(np.argmax(np.abs(mine / norms - 1)))
    return said if "Every" in (said or "") else (
        f"That of layer {off + 1} is too {'large' if mine[off] > norms[off] else 'small'}."
    )  # fmt: skip


def wrong(norm="np.sqrt(sum((w.grad ** 2).sum() for w in layer))", shrink=None, start="pass"):
    shrink = shrink or "(norms[0] / norms[-1]) ** (1 / (len(norms) - 1))"
    return f"""
def gradient_norms(layers):
    {start}
    norms = [{norm} for layer in layers]
    return norms, {shrink}
"""


def follows_norms(rule):
    """Whether the norms are those of a rule (layer of the case) -> number, everywhere."""

    def looks_like(cases, reports):
        return all(
            np.allclose(
                report["returned"][0], [rule(layer) for layer in case["layers"]], rtol=1e-7, atol=0
            )
            for case, report in zip(cases, reports, strict=True)
        )

    return looks_like


def follows_shrink(rule):
    """Whether shrink is that of a rule (norms) -> number, everywhere."""

    def looks_like(cases, reports):
        return all(
            np.allclose(report["returned"][0], right(case)[0], rtol=1e-7, atol=0)
            and np.isclose(report["returned"][1], rule(right(case)[0]), rtol=1e-7, atol=0)
            for case, report in zip(cases, reports, strict=True)
        )

    return looks_like


def all_of(layer, part="gradients"):
    return np.concatenate([array.ravel() for array in layer[part]])


GRADIENT_NORMS = Exercise(
    id="gradient_norms",
    title="How much arrives",
    notebook=8,
    minutes=8,
    points=3,
    core=False,
    may_use=frozenset({"backprop_lab"}),
    contract="""\
Write `gradient_norms(layers)`: after a backward pass, how much has reached each layer?

- `layers`: a list for each layer, first to last, of its parameters, with a `.grad`.
- Return `(norms, shrink)`. `norms`: one for each layer, of its whole gradient, all numbers of all
  its parameters as one vector.
- `shrink`: the factor that, taken once for each step from a layer to the one *before* it, leads
  from the last norm to the first.""",
    cases=gradient_norms_cases,
    probe=probe_gradient_norms,
    judge=judge_gradient_norms,
    misconceptions=(
        Misconception(
            "norms_of_the_weights",
            wrong(norm="np.sqrt(sum((w.data ** 2).sum() for w in layer))"),
            "You measure the weights. They can be of any size while nothing arrives; what moves "
            "them is in `.grad`.",
            follows_norms(lambda layer: np.linalg.norm(all_of(layer, "weights"))),
        ),
        Misconception(
            "mean_size",
            wrong(norm="np.mean(np.concatenate([np.abs(w.grad).ravel() for w in layer]))"),
            "This is the mean size of an entry. A norm is the length of the vector: it grows with "
            "the number of entries.",
            follows_norms(lambda layer: np.abs(all_of(layer)).mean()),
        ),
        Misconception(
            "norms_added",
            wrong(norm="sum(np.linalg.norm(w.grad) for w in layer)"),
            "You add the norms of W and b. Lengths of parts do not add up to the length of the "
            "whole: their *squares* do.",
            follows_norms(lambda layer: sum(map(np.linalg.norm, layer["gradients"]))),
        ),
        Misconception(
            "root_forgotten",
            wrong(norm="sum((w.grad ** 2).sum() for w in layer)"),
            "This is the square of the norm; the root is missing. Squares shrink twice as fast, "
            "and 1e-13 looks like 1e-26.",
            follows_norms(lambda layer: (all_of(layer) ** 2).sum()),
        ),
        Misconception(
            "weights_without_biases",
            wrong(norm="np.linalg.norm(layer[0].grad)"),
            "You look at one parameter of each layer. A layer's gradient is all of them together.",
            follows_norms(lambda layer: np.linalg.norm(layer["gradients"][0])),
        ),
        Misconception(
            "last_layer_only",
            wrong(norm="np.sqrt(sum((w.grad ** 2).sum() for w in layers[-1]))"),
            "All your norms are that of the last layer. It is next to the loss and hears it in any "
            "case; ask the first one.",
            lambda cases, reports: all(
                np.allclose(report["returned"][0], right(case)[0][-1], rtol=1e-7, atol=0)
                for case, report in zip(cases, reports, strict=True)
            ),
        ),
        Misconception(
            "shrinks_forward",
            wrong(shrink="(norms[-1] / norms[0]) ** (1 / (len(norms) - 1))"),
            "The norms are right, and shrink is upside down. A gradient travels from the last "
            "layer to the first: below 1 means that less arrives.",
            follows_shrink(lambda norms: (norms[-1] / norms[0]) ** (1 / (len(norms) - 1))),
        ),
        Misconception(
            "all_steps_at_once",
            wrong(shrink="norms[0] / norms[-1]"),
            "The norms are right. This is the factor from end to end; asked for is the one of a "
            "single step, which, taken once for each step, leads as far.",
            lambda cases, reports: follows_shrink(lambda norms: norms[0] / norms[-1])(
                cases[1:], reports[1:]
            ),
        ),
        Misconception(
            "one_step_too_many",
            wrong(shrink="(norms[0] / norms[-1]) ** (1 / len(norms))"),
            "The norms are right. From the last of n layers to the first, how many steps are "
            "there? With two layers, one.",
            follows_shrink(lambda norms: (norms[0] / norms[-1]) ** (1 / len(norms))),
        ),
        Misconception(
            "mean_of_the_ratios",
            wrong(shrink="np.mean([a / b for a, b in zip(norms, norms[1:])])"),
            "The norms are right. Factors multiply, so their ordinary mean leads somewhere else: "
            "0.5 and 2 take you back to where you were, and their mean is 1.25.",
            follows_shrink(lambda norms: np.mean(norms[:-1] / norms[1:])),
        ),
    ),
    hints=(
        Hint(
            "My norms are too large, or too small",
            "Try a layer of two parameters with the gradients 3 and 4. Together they are a vector "
            "of length 5: neither 7, nor 3.5, nor 25.",
        ),
        Hint(
            "Are these norms of gradients?",
            "`w.data` is where a weight stands; `w.grad` is what has arrived at it.",
        ),
        Hint(
            "shrink is wrong",
            "n layers have n − 1 steps between them. shrink, multiplied by itself once for each "
            "step, is the first norm divided by the last.",
        ),
    ),
    why="One number says whether the first layers hear anything: at 0.2 a step, twenty layers "
    "leave 13 zeros. The loss cannot tell; it looks the same whichever layers are asleep.",
)
