"""Exercise `checkpointed`: a long chain, with few of its values kept, and one more forward."""

from math import ceil

import numpy as np

from ..diagnosis import as_array, close, diagnose, short
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from ..tensors_and_broadcasting.arrays import mixed
from .layers import Layer, Values, forward

TINY = 1e-30
BESIDE = 2  # values more than n/k + k that may be alive: the next one, while the last is still held


def checkpointed_cases(seed):
    rng = np.random.default_rng([seed, 84])
    shapes = [(2, 2, []), (4, 2, [1]), (10, 3, [2, 5, 8]), (7, 7, [3]), (5, 1, [0, 4]),
              (64, 8, [3, 20, 36, 41, 55, 60])]  # fmt: skip
    return [
        {
            "W": np.array([turn(rng, 3) for _ in range(n)]),
            "drops": drops,
            "x": mixed(rng, 2, 3) / 3,
            "z_bar": mixed(rng, 2, 3),
            "segments": segments,
            "seed": int(rng.integers(10**6)),
        }
        for n, segments, drops in shapes
    ]


def turn(rng, width):
    """A matrix that keeps lengths nearly as they are, so that nothing vanishes in a long chain."""
    return 0.8 * np.linalg.qr(rng.normal(size=(width, width)))[0]


def probe_checkpointed(answer, case):
    values = Values()
    layers = [Layer(i, W, i in case["drops"], values) for i, W in enumerate(case["W"])]
    x_bar = answer(
        list(layers), values.add(case["x"].copy()), case["z_bar"].copy(), case["segments"],
        np.random.default_rng(case["seed"]),
    )  # fmt: skip
    if x_bar is ...:
        return ...
    return {
        "x_bar": x_bar,
        "peak": values.peak,
        "calls": [len(layer.masks) for layer in layers],
        "first": [layer.masks[0] if layer.masks else None for layer in layers],
        "last": [layer.masks[-1] if layer.masks else None for layer in layers],
        "pulled": [layer.pulled for layer in layers],
    }


def pulled_back(case, masks):
    """x̄ by complex steps through all layers (Squire and Trapp 1998), one for each entry of x."""
    x = case["x"]
    z = x + 1j * TINY * np.eye(x.size).reshape(-1, *x.shape)
    for W, mask in zip(case["W"], masks, strict=True):
        z = forward(z, W, mask)
    return (z.imag * case["z_bar"]).sum(axis=(1, 2)).reshape(x.shape) / TINY


def most(case):
    n, k = len(case["W"]), case["segments"]
    return ceil(n / k) + k


def judge_checkpointed(case, output):
    n, k = len(case["W"]), case["segments"]
    at = f"With {n} layers and {k} segment{'s' * (k > 1)}:"
    if not isinstance(output, dict) or "x_bar" not in output:
        return [f"{at} the cotangent of x is to be returned; {what_came(output)}"]
    if 0 in output["calls"]:
        return [f"{at} layer {output['calls'].index(0)} has never run forward."]
    said = wrong_x_bar(case, output) or wrong_cost(case, output)
    return [f"{at} {said}"] if said else []


def wrong_x_bar(case, output):
    wanted, got = pulled_back(case, output["first"]), as_array(output["x_bar"])
    if got is None:
        return f"x_bar has to be an array of numbers; {what_came(output['x_bar'])}"
    said = diagnose(got, wanted)
    if said is None:
        return None
    left = [i for i, times in enumerate(output["pulled"]) if times != 1]
    if left:
        times = output["pulled"][left[0]]
        return f"the vjp of layer {left[0]} was called {times} times, and once is its share."
    if redrawn(output):
        said = "It goes with other masks than those with which the layers first ran. " + said
    return f"x_bar is wrong. {said}\nYours is {short(got)}."


def wrong_cost(case, output):
    n, limit = len(case["W"]), most(case)
    calls = max(output["calls"])
    if calls > 2:
        return (
            f"x_bar is right, at the price of {sum(output['calls'])} forward calls, {calls} of "
            f"them to layer {output['calls'].index(calls)}. Two for each layer are enough."
        )
    if output["peak"] > limit + BESIDE:
        return (
            f"x_bar is right, and {output['peak']} values were alive at once, of {n + 1} that the "
            f"chain makes. With {case['segments']} segments, about {limit} are enough."
        )
    return None


def redrawn(output):
    """Whether some layer ran with one mask first and with another one in the end."""
    return any(
        first is not None and not np.array_equal(first, last)
        for first, last in zip(output["first"], output["last"], strict=True)
    )


def pairs(cases, reports):
    return [(c, r["returned"]) for c, r in zip(cases, reports, strict=True) if "returned" in r]


def agrees(case, output):
    got, wanted = as_array(output["x_bar"]), pulled_back(case, output["first"])
    return got is not None and got.shape == wanted.shape and close(got, wanted)


def ails(pattern):
    """Whether some case fails, and its cost or its masks show a pattern (case, output) -> bool."""

    def looks_like(cases, reports):
        failed = [pair for pair in pairs(cases, reports) if judge_checkpointed(*pair)]
        return bool(failed) and all(pattern(*pair) for pair in failed)

    return looks_like


def misses_a_layer(case, output):
    return output["pulled"][-1] == 0 and len(case["W"]) % case["segments"] != 0


HEAD = "def checkpointed(layers, x, z_bar, segments, rng):\n"
KEEP_ALL = (
    HEAD
    + """
    values = [x]
    for layer in layers:
        values.append(layer.forward(values[-1], rng))
    for layer, value in zip(layers[::-1], values[-2::-1]):
        z_bar = layer.vjp(value, z_bar)
    return z_bar
"""
)
FROM_THE_INPUT = (
    HEAD
    + """
    for n in range(len(layers) - 1, -1, -1):
        rng.bit_generator.state = state = rng.bit_generator.state if n == len(layers) - 1 else state
        value = x
        for layer in layers[:n]:
            value = layer.forward(value, rng)
        layers[n].forward(value, rng)
        z_bar = layers[n].vjp(value, z_bar)
    return z_bar
"""
)


def in_segments(
    restore="pass",
    given="a",
    held="[x]",
    cut="np.array_split(np.arange(len(layers)), segments)",
    order="reversed(kept)",
):
    """An answer that runs in segments; the values of a run are `values`, and `a` is one of them."""
    return (
        HEAD
        + f"""
    kept, values = [], []
    for run in {cut}:
        state = rng.bit_generator.state
        kept.append((list(run), x, state))
        for i in run: x = layers[i].forward(x, rng)
    for run, x, state in {order}:
        {restore}
        values = {held}
        for i in run: values.append(layers[i].forward(values[-1], rng))
        b = values[-1]
        for i, a in zip(run[::-1], values[-2::-1]):
            z_bar = layers[i].vjp({given}, z_bar)
            b = a
    return z_bar
"""
    )


RESTORE = "rng.bit_generator.state = state"

CHECKPOINTED = Exercise(
    id="checkpointed",
    title="Sixteen values in place of sixty-five",
    notebook=8,
    minutes=12,
    points=5,
    contract="""\
Write `checkpointed(layers, x, z_bar, segments, rng)`: $\\bar x$, with few values kept.

- `z = layer.forward(x, rng)`; dropout draws its mask from `rng`. `layer.vjp(x, z_bar)` goes with
  the layer's *last* forward.
- Cut the n layers into `segments` runs of about equal length. Keep the first value of each; run
  each again, last one first, when its turn comes.
- About n/segments + segments values alive, at most; two forwards per layer, the second like the
  first: `rng.bit_generator.state` can be set.""",
    cases=checkpointed_cases,
    probe=probe_checkpointed,
    judge=judge_checkpointed,
    misconceptions=(
        Misconception(
            "keeps_everything",
            KEEP_ALL,
            "No layer runs twice, because every value is kept. That is the most expensive point "
            "on the scale in memory, and what a plain backward pass does.",
            ails(lambda case, output: max(output["calls"]) == 1 and agrees(case, output)),
        ),
        Misconception(
            "from_the_input_each_time",
            FROM_THE_INPUT,
            "You start from the input for every layer, so the first one runs n times: calls grow "
            "with the *square* of the depth. Start each run from the value kept for it.",
            ails(lambda case, output: output["calls"][0] >= len(case["W"])),
        ),
        Misconception(
            "draws_again",
            in_segments(),
            "A run that is done again draws new dropout masks, so you went back through another "
            "net than the one that computed the loss. Every run has to find `rng` as it found it "
            "the first time.",
            ails(lambda case, output: redrawn(output) and max(output["calls"]) <= 2),
        ),
        Misconception(
            "frees_nothing",
            in_segments(restore=RESTORE, held="[x]; kept.append(values)"),
            "Layers run again, and still nearly all values are alive at once: those of one run "
            "stay while the next one is done, or the runs are too long, or too many. What has "
            "been pulled back through is not needed any more.",
            ails(lambda case, output: (
                agrees(case, output) and max(output["calls"]) == 2
                and output["peak"] > most(case) + BESIDE)),
        ),
        Misconception(
            "outputs_in_place_of_inputs",
            in_segments(restore=RESTORE, given="b"),
            "Each vjp is given the value that its layer *made*. A slope belongs to the value that "
            "went in.",
        ),
        Misconception(
            "first_run_first",
            in_segments(restore=RESTORE, order="kept"),
            "The runs are pulled back through in the order of the forward pass. z_bar belongs to "
            "the very end: the last run comes first.",
        ),
        Misconception(
            "the_rest_is_lost",
            in_segments(restore=RESTORE, cut="np.arange(len(layers) // segments * segments)"
                        ".reshape(segments, -1)"),
            "n need not be a multiple of `segments`: with 10 layers in 3 runs, the last layer of "
            "yours belongs to none.",
            ails(misses_a_layer),
        ),
    ),
    hints=(
        Hint(
            "Too many values are alive",
            "Who holds them? A list, a variable of a loop, a tuple. In the forward pass, one value "
            "per run is kept and the others are overwritten; on the way back, a run's own are let "
            "go before the next run begins.",
        ),
        Hint(
            "x_bar is wrong as soon as there is dropout",
            "Run a layer twice and compare. Note `rng.bit_generator.state` where a run begins, "
            "together with its first value, and set it again before the run is repeated.",
        ),
        Hint(
            "Where do the runs begin and end?",
            "`np.array_split(np.arange(n), segments)` cuts n numbers into runs that differ by at "
            "most one in length. For each, from the last to the first: forward through all but "
            "its last layer, noting what goes in; then vjp, backward.",
        ),
    ),
    why="n/k + k is smallest at k = √n: for 64 layers, 8 runs and 16 values where there were 65, "
    "for at most one more forward. (Griewank 1992; Chen and others 2016.) "
    "`torch.utils.checkpoint` does it with any module that computes the same when it runs again, "
    "and restores the random state.",
)  # fmt: skip
