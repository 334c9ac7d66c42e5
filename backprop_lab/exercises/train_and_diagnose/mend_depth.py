"""Exercise `mend_depth`: a deep chain through which gradients survive; it is built and measured."""

import numpy as np

from ...engine import Tensor
from ...leaves import parameter, tensor
from ..build_an_engine.pieces import one_by_one
from ..exercise import Exercise, Hint, Misconception
from ..probing import blank

DEPTH, BATCH = 24, 6
FACTOR = 100  # from the largest to the smallest, of gradients and of values
STEP = 1e-7
PARTS = ("initial", "layer")


def mend_depth_cases(seed):
    rng = np.random.default_rng([seed, 83])
    return [
        {"width": width, "seed": int(rng.integers(10**6)), "x": rng.normal(size=(BATCH, width)),
         "u": rng.normal(size=(BATCH, width))}
        for width in (32, 40)
    ]  # fmt: skip


def probe_mend_depth(answer, case):
    """What the chain does that the two functions make: see `measure`."""
    if not isinstance(answer, dict):
        raise TypeError("mend_depth is a dictionary: from a name to your function.")
    found = one_by_one(lambda function, name, case: function, answer, PARTS, case)
    if any(blank(found[name]) or found[name] is ... for name in PARTS):
        return {name: ... if found[name] is ... else "given" for name in PARTS}
    for name in PARTS:
        if not callable(found[name]):
            raise TypeError(f"{name} has to be a function.")
    return measure(found["initial"], found["layer"], case)


def measure(initial, layer, case):
    """Build the chain, run it back from ⟨output, u⟩ / BATCH, and report plain numbers."""
    width, rng = case["width"], np.random.default_rng(case["seed"])
    drawn = [initial(rng, width) for _ in range(DEPTH)]
    if any(np.shape(W) != (width, width) for W in drawn):
        return {"wrong": f"initial returned shape {np.shape(drawn[0])} for a width of {width}."}
    if all(isinstance(W, Tensor) for W in drawn):
        drawn = [W.data for W in drawn]
    x, u = tensor(case["x"]), case["u"] / BATCH
    arrays = [np.array(W, dtype=float) for W in drawn]
    weights = [parameter(W) for W in arrays]
    z = run(layer, x, weights)
    if not isinstance(z, Tensor) or z.shape != x.shape:
        return {"wrong": f"layer has to return a tensor of shape {x.shape}: {what(z)} came."}
    if not z.requires_grad:
        return {"wrong": "no graph leads from the output to the weights."}
    (z * u).sum().backward()
    gradients = [np.zeros(W.shape) if W.grad is None else W.grad for W in weights]
    nudged = [nudge(layer, x, u, arrays, gradients, i, rng) for i in (0, DEPTH // 2, DEPTH - 1)]
    plain = tensor(rng.normal(size=(width, width)) / width**0.5)
    a, b = case["x"][:1], case["x"][1:2]
    at = {name: layer(tensor(value), plain).data for name, value in
          {"0": 0 * a, "a": a, "b": b, "both": a + b}.items()}  # fmt: skip
    return {
        "norms": [float(np.linalg.norm(g)) for g in gradients],
        "nudged": nudged,
        "values": [float(np.std(case["x"])), float(np.std(z.data))],
        "alike": float(np.abs(z.data - z.data[:, :1]).max()),
        "bend": float(np.abs(at["a"] + at["b"] - at["both"] - at["0"]).max() / np.abs(a).max()),
        "at 0": float(np.mean(at["0"])),
        "keeps x": float(np.mean((at["a"] - at["0"]) * a) / np.mean(a * a)),
        "half": float(np.mean(at["a"] == 0)),
        "size": float(np.std(arrays) * width**0.5),
    }


def nudge(layer, x, u, arrays, gradients, i, rng):
    """[the slope along a random direction of the weights of layer i, what its gradient says]."""
    along = rng.normal(size=arrays[i].shape)
    along /= np.linalg.norm(along)
    size = STEP * max(1.0, np.linalg.norm(arrays[i]))
    sides = []
    for sign in (1, -1):
        moved = [tensor(W) for W in arrays]
        moved[i] = tensor(arrays[i] + sign * size * along)
        sides.append(float((run(layer, x, moved).data * u).sum()))
    return [(sides[0] - sides[1]) / (2 * size), float((gradients[i] * along).sum())]


def run(layer, x, weights):
    for W in weights:
        x = layer(x, W)
    return x


def what(z):
    return f"one of shape {z.shape}" if isinstance(z, Tensor) else f"a {type(z).__name__}"


def judge_mend_depth(case, output):
    if "norms" not in output:
        missing = [name for name in PARTS if blank(output.get(name))]
        return [output["wrong"] if "wrong" in output else f"Still blank: {', '.join(missing)}."]
    norms, (before, after) = np.array(output["norms"]), output["values"]
    at = f"{DEPTH} layers of width {case['width']}:"
    if not np.isfinite([*norms, after]).all():
        return [f"{at} inf or nan on the way. Something grows from layer to layer."]
    if not norms.all():
        return [f"{at} the gradient of layer {int(np.argmin(norms)) + 1} is 0 exactly."]
    complaints = []
    if norms.max() > FACTOR * norms.min():
        complaints.append(
            f"the gradient's norm is {norms[0]:.2g} at the first layer and {norms[-1]:.2g} at the "
            f"last: the largest is {norms.max() / norms.min():.2g} times the smallest."
        )
    if not 1 / FACTOR < after / before < FACTOR:
        complaints.append(f"values of size {before:.2g} enter, and leave as {after:.2g}.")
    if not complaints and not honest(output):
        complaints.append(
            "the norms are fine, and the gradients are not those of this chain. Nudged along a "
            f"random direction, the first layer moves the loss by {output['nudged'][0][0]:.3g} per "
            f"unit; its gradient says {output['nudged'][0][1]:.3g}."
        )
    if not complaints and output["bend"] < 1e-3:
        complaints.append("a layer is a straight line: layer(a) + layer(b) is layer(a + b).")
    if not complaints and output["alike"] < 1e-6 * after:
        complaints.append("all units of the last layer say the same: they started as copies.")
    return [f"{at} {complaints[0]}"] if complaints else []


def honest(output):
    """Whether gradients agree with nudging, within what random directions can show."""
    norms = [output["norms"][i] for i in (0, DEPTH // 2, DEPTH - 1)]
    return all(
        abs(measured - claimed) <= 1e-2 * abs(measured) + 1e-4 * norm
        for (measured, claimed), norm in zip(output["nudged"], norms, strict=True)
    )


def ails(pattern):
    """Whether it fails in every case, with numbers that show a pattern (report) -> bool."""

    def looks_like(cases, reports):
        return all(
            judge_mend_depth(case, report["returned"]) and pattern(report["returned"])
            for case, report in zip(cases, reports, strict=True)
        )

    return looks_like


def uneven(told):
    return max(told["norms"]) > FACTOR * min(told["norms"])


def fades(told):
    return told["values"][1] < told["values"][0] / FACTOR


def explodes(told):
    return not np.isfinite(told["values"][1]) or told["values"][1] > FACTOR * told["values"][0]


def skips(told):
    return told["keeps x"] > 0.5


def even(told):
    return min(told["norms"]) > 0 and not (uneven(told) or fades(told) or explodes(told))


def wrong(initial, layer, before=""):
    return (
        f"import backprop_lab as bl\nfrom backprop_lab import ops\n{before}\n"
        f'mend_depth = {{"initial": lambda rng, width: {initial}, "layer": lambda x, W: {layer}}}\n'
    )


NORMAL = "rng.normal(size=(width, width))"
MADE_UP = """
class Loud(bl.Op):
    def forward(ctx, x): return 1 / (1 + np.exp(-x))
    def vjp(ctx, z_bar): return np.sign(z_bar) / z_bar.size
"""

MEND_DEPTH = Exercise(
    id="mend_depth",
    title="Let it through",
    notebook=8,
    minutes=10,
    points=4,
    core=False,
    may_use=frozenset({"backprop_lab"}),
    contract=f"""\
Of {DEPTH} layers of `ops.sigmoid(x @ W)`, the first hears nothing. Two functions in `mend_depth`
change that:

- `"initial"`, of `(rng, width)`: the weights to start from, an array (width, width).
- `"layer"`, of tensors `(x, W)`: one layer, which bends, and keeps the shape of `x`.

At any width, no layer's gradient may be over {FACTOR} times another's, values may not grow or fade
by more than that, and nudges have to agree with gradients.""",
    cases=mend_depth_cases,
    probe=probe_mend_depth,
    judge=judge_mend_depth,
    misconceptions=(
        Misconception(
            "sigmoid_stays",
            wrong(f"{NORMAL} / width ** 0.5", "ops.sigmoid(x @ W)"),
            "A sigmoid lets a quarter through at best: in each layer, a quarter of what is left. "
            "To make up for that, weights would have to be so large that most units lie where it "
            "is flat. Which activation has a slope of 1?",
            ails(lambda told: uneven(told) and not skips(told) and abs(told["at 0"] - 0.5) < 0.01),
        ),
        Misconception(
            "everything_is_multiplied",
            wrong(f"{NORMAL} / width ** 0.5", "1000 * ops.sigmoid(x @ W)"),
            "A large factor is what multiplying the loss would be, in every layer: it makes values "
            "large as well, and where they are large a sigmoid is flat. What counts is the "
            "*ratio* from layer to layer.",
            ails(lambda told: not even(told) and told["at 0"] > 1.5),
        ),
        Misconception(
            "small_weights",
            wrong(f"0.01 * {NORMAL}", "ops.tanh(x @ W)"),
            "The weights are so small that every layer shrinks its values, and as much of what "
            "comes back. Gradients may even look *equal* then: an early layer has the values, a "
            "late one the messages. What size does a sum over `width` numbers have?",
            ails(lambda told: fades(told) and told["size"] < (0.9 if told["half"] < 0.2 else 0.6)),
        ),
        Misconception(
            "width_is_ignored",
            wrong(NORMAL, "ops.tanh(x @ W)"),
            "Every unit adds up `width` products, so its sum is about √width times as large as "
            "one of them. The scale of the weights has to make up for that.",
            ails(lambda told: told["size"] > 2.5 and not skips(told)
                 and abs(told["at 0"]) < 0.01),
        ),
        Misconception(
            "relu_loses_half",
            wrong(f"{NORMAL} / width ** 0.5", "ops.relu(x @ W)"),
            "relu sets half of its inputs to 0, so half of the mean square is lost in each "
            "layer. The scale that keeps it for tanh does not for relu (He and others 2015).",
            ails(lambda told: fades(told) and 0.6 < told["size"] < 1.3 and told["half"] > 0.2),
        ),
        Misconception(
            "no_bend",
            wrong(f"{NORMAL} / width ** 0.5", "x @ W"),
            "Gradients pass, because nothing bends any more: without an activation, any number "
            "of layers is as good as one.",
            ails(lambda told: even(told) and told["bend"] < 1e-3 and honest(told)),
        ),
        Misconception(
            "made_up_gradients",
            wrong(f"4 * {NORMAL} / width ** 0.5", "Loud.apply(x @ W)", MADE_UP),
            "The norms are restored, and what they are norms of is not the gradient: a rule that "
            "clips, rescales or keeps only signs sends *something* to every layer. Nudges show "
            "where the loss really goes.",
            ails(lambda told: even(told) and not honest(told)),
        ),
        Misconception(
            "residual_grows",
            wrong(f"2 * {NORMAL} / width ** 0.5", "x + ops.relu(x @ W)"),
            "Adding x lets gradients pass. But a part is added to it in every layer that is as "
            "large as x itself, and the values grow layer by layer. Let each layer add less.",
            ails(lambda told: skips(told) and explodes(told)),
        ),
    ),
    hints=(
        Hint(
            "The first layer's gradient is 1e-13 of the last one's",
            "A message is multiplied by W and by a slope in each layer. Which activation has a "
            "slope of 1 at 0? And what else could lead straight from one layer to the next?",
        ),
        Hint(
            "It works for one width, or not at all, and numbers grow or fade",
            "A sum of `width` products of random numbers is about √width times as large as one of "
            "them. With weights of size 1/√width, it is as large as what came in.",
        ),
        Hint(
            "I want it to hold at any depth",
            "Let a layer return its input plus a little: x + f(x W). A message then has a road "
            "through all layers on which nothing is multiplied (He and others 2016).",
        ),
    ),
    why="Slopes near 1, weights of size 1/√width, a straight road past every layer: each keeps the "
    "factor per layer near 1. A factor for the loss or for the whole gradient (clipping its norm) "
    "changes all layers alike, and the ratio between them not at all.",
)  # fmt: skip
