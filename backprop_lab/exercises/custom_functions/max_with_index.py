"""Exercise `MaxWithIndex`: two outputs, and one of them has no gradient."""

from contextlib import contextmanager

import numpy as np

from ..diagnosis import close, shown
from ..exercise import Exercise, Hint, Misconception
from .reading import (
    about_gradients,
    about_value,
    anywhere,
    entries,
    numbers,
    refuses,
    sends,
    values_of,
    what,
)
from .runs import OTHER, attempt, describe, is_blank, leaves, load_backward, recorded, tensor


def max_cases(seed):
    rng = np.random.default_rng([seed, 65])
    cases = [{"x": numbers(rng, B, N), "z_bar": numbers(rng, B)} for B, N in [(3, 2), (5, 3)]]
    square = {"x": numbers(rng, 4, 4), "z_bar": numbers(rng, 4)}
    tied = {"x": numbers(rng, 3, 5), "z_bar": numbers(rng, 3)}
    tied["x"][:, [1, 3]] = 2.5  # larger than all others
    return [*cases, square, tied]


def probe_max(answer, case):
    """What a run told; "marked" is how many tensors were marked as having no gradient."""
    if is_blank(answer):
        return ...
    with one_thread():
        return run_both(answer, case)


@contextmanager
def one_thread():
    """max calls all threads together, even for ten numbers: on a busy machine that takes long."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def run_both(answer, case):
    """`runs.run` for a Function with two outputs, the second of which has no gradient."""
    import torch

    told = {"marked": 0}
    watched = recorded(marking(answer, told), told)
    (x,) = leaves([case["x"]])
    came = attempt(told, "forward", lambda: watched.apply(x))
    if "refused" in told or came is ...:
        return told if "refused" in told else ...
    if not isinstance(came, tuple) or len(came) != 2:
        return {"y": describe(came) if not isinstance(came, tuple) else {"kind": "tuple"}}
    z, index = came
    told |= {"y": describe(z), "index": describe(index)}
    if isinstance(z, torch.Tensor) and z.requires_grad:
        watched.apply(*leaves([case["x"] * OTHER]))
        attempt(told, "backward", lambda: torch.autograd.grad(z, x, tensor(case["z_bar"])))
    return told


def marking(answer, told):
    """The same Function; it counts in told["marked"] what is marked as non-differentiable."""
    import torch

    plain = answer.setup_context is torch.autograd.Function.setup_context
    name = "forward" if plain else "setup_context"
    inner = getattr(answer, name)

    def outer(ctx, *inputs):
        mark = ctx.mark_non_differentiable

        def counted(*tensors):
            told["marked"] = len(tensors)
            mark(*tensors)

        ctx.mark_non_differentiable = counted
        try:
            return inner(ctx, *inputs)
        finally:
            del ctx.mark_non_differentiable

    return type(answer.__name__, (answer,), {name: staticmethod(outer)})


def judge_max(case, told):
    x, z_bar = case["x"], case["z_bar"]
    at = f"With {shown(x=x)}"
    if "y" in told and "index" not in told:
        return [f"{at}: forward has to return two tensors; {what(told['y'])} came."]
    complaint = about_value(told, x.max(axis=1), at) or about_index(told, x, at)
    if complaint is None:
        x_bar = passed_on(case, told)
        complaint = about_gradients(told, {"x": x_bar}, f"{at}, {shown(z_bar=z_bar)}")
    return [complaint] if complaint else []


def about_index(told, x, at):
    """What is wrong with the second output, or None."""
    index = values_of(told["index"])
    if index is None or index.shape != (len(x),):
        return f"{at}: the second output is {what(told['index'])}: one index for each row is due."
    if told["index"]["dtype"] != "int64":
        return f"{at}: the indices are of type {told['index']['dtype']}, and have to be int64."
    if (index < 0).any() or (index >= x.shape[1]).any() or (at_index(x, index) < x.max(1)).any():
        return (
            f"{at}: the index {index.astype(int).tolist()} does not point at the largest entries."
        )
    if not told["marked"]:
        return f"{at}: the numbers are right, and nothing was marked with mark_non_differentiable."
    return None


def at_index(x, index):
    return x[np.arange(len(x)), index.astype(int)]


def passed_on(case, told):
    """x̄, all of it at the index; or as it came, if it is shared out among the largest of a row."""
    x, z_bar = case["x"], case["z_bar"]
    x_bar = one_hot(x, values_of(told["index"])) * z_bar[:, None]
    came = values_of((entries(told, 1) or [None])[0])
    if np.shape(came) == x.shape:
        shares = came / z_bar[:, None]
        on_the_largest = close(shares[x < x.max(1, keepdims=True)], 0)
        if on_the_largest and (shares > -1e-9).all() and close(shares.sum(1), 1.0):
            return came
    return x_bar


def one_hot(x, index):
    return (np.arange(x.shape[1]) == index[:, None]).astype(float)


def largest(x):
    return one_hot(x, x.argmax(1))


def to_every_row(cases, reports):
    """Whether all rows got the same, and whole columns that some index points at got something."""
    for report in reports:
        told = report["returned"]
        rows, columns = values_of(told["returned"][0]), values_of(told["index"])
        found = {*np.flatnonzero(rows[0])} if np.ndim(rows) == 2 else None
        if found != {*columns.astype(int)} or not close(rows, rows[0]):
            return False
    return True


def to_each_tied(cases, reports):
    """Whether only the ties are wrong, and each of the largest entries got the whole message."""
    *others, (case, told) = [
        (case, report["returned"]) for case, report in zip(cases, reports, strict=True)
    ]
    if any(judge_max(*pair) for pair in others):
        return False
    tied = case["x"] == case["x"].max(1, keepdims=True)
    return close(values_of(told["returned"][0]), tied * case["z_bar"][:, None])


def wrong(
    x_bar,
    save="index, x, z",
    mark="ctx.mark_non_differentiable(index)",
    gives="z, index",
    arguments="z_bar, index_bar",
):
    return f"""
import torch

class MaxWithIndex(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        z, index = x.max(dim=1)
        {mark}
        ctx.save_for_backward({save})
        return {gives}

    @staticmethod
    def backward(ctx, {arguments}):
        index, x, z = ctx.saved_tensors
        x_bar = torch.zeros_like(x)
        rows = torch.arange(len(x))
        {x_bar}
"""


MAX_WITH_INDEX = Exercise(
    id="MaxWithIndex",
    title="A value with a gradient, an index without",
    notebook=6,
    minutes=10,
    points=4,
    core=False,
    contract="""\
Write `MaxWithIndex`, so that `z, index = MaxWithIndex.apply(x)` gives each row's largest entry, and
where it stands.

- `x` is (B, N), z and index are (B,); the indices are int64. (`x.max(dim=1)` returns both.)
- An index has no gradient: say so in forward with `ctx.mark_non_differentiable(index)`.
- `backward` gets one argument for each *output*, and returns one gradient for each *input*. Each
  message goes to the entry that `index` points at.""",
    cases=max_cases,
    probe=probe_max,
    judge=judge_max,
    may_use=frozenset({"torch"}),
    prepare=load_backward,
    misconceptions=(
        Misconception(
            "one_argument_too_few",
            wrong("x_bar[rows, index] = 2 * z_bar; return x_bar", arguments="z_bar"),
            "forward has two outputs, so backward is called with two messages, whether or not the "
            "second one means anything.",
            refuses("backward", "but 3 were given"),
        ),
        Misconception(
            "an_answer_for_each_output",
            wrong("x_bar[rows, index] = 2 * z_bar; return x_bar, index_bar"),
            "backward gets as many messages as there are outputs, and answers for the *inputs*. "
            "There is one.",
            anywhere(lambda told: len(entries(told, 1)) == 2),
        ),
        Misconception(
            "index_as_float",
            wrong("return 2 * z_bar[:, None] + x_bar", mark="index = index.double()"),
            "The index came as a floating-point number. It then looks like something that has a "
            "gradient, and nobody can use it as an index. Leave it as it comes from max.",
            anywhere(lambda told: told["index"]["dtype"] == told["y"]["dtype"] == "float64"),
        ),
        Misconception(
            "index_not_marked",
            wrong("x_bar[rows, index] = 2 * z_bar; return x_bar", mark="pass"),
            "Nothing was marked. An index jumps, so there is no gradient to ask for, and "
            "`ctx.mark_non_differentiable` in forward is the way to say so.",
            anywhere(lambda told: told["marked"] == 0 and "int" in told["index"]["dtype"]
                     and "values" in told["y"]),
        ),
        Misconception(
            "to_the_whole_row",
            wrong("return z_bar[:, None] + x_bar"),
            "Every entry of a row gets the message. Nudge one that is not the largest: does z "
            "move?",
            sends(lambda case: np.ones(case["x"].shape) * case["z_bar"][:, None]),
        ),
        Misconception(
            "to_every_row",
            wrong("x_bar[:, index] = z_bar; return x_bar"),
            "`x_bar[:, index]` names whole columns. You want one entry in each row: its row number "
            "goes in front of its index.",
            to_every_row,
        ),
        Misconception(
            "ignores_upstream",
            wrong("x_bar[rows, index] = 1.0; return x_bar"),
            "The largest entry gets 1, whatever came from upstream. 1 is the local derivative; "
            "`z_bar` is a factor of the message.",
            sends(lambda case: largest(case["x"])),
        ),
        Misconception(
            "sends_the_value",
            wrong("x_bar[rows, index] = z * z_bar; return x_bar"),
            "The message is multiplied by the largest entry itself. z *is* that entry: it moves "
            "one to one.",
            sends(lambda case: largest(case["x"]) * (case["x"].max(1) * case["z_bar"])[:, None]),
        ),
        Misconception(
            "ties_counted_twice",
            wrong("return z_bar[:, None] * (x == z[:, None])"),
            "Where two entries of a row are equally large, each gets the whole message, and the "
            "row gets it twice. Together they may get it once: `index` says who.",
            to_each_tied,
        ),
    ),
    hints=(
        Hint(
            "backward takes 2 positional arguments but 3 were given",
            "After ctx, backward gets one message for each output of forward: here one for z and "
            "one for index. The second carries nothing.",
        ),
        Hint(
            "How do I reach one entry in each row?",
            "With two index arrays of the same length, one for rows and one for columns: "
            "`torch.arange(len(x))` and `index`. `scatter` and `gather` do it along one axis.",
        ),
        Hint(
            "My gradient has the shape (B,)",
            "It has to have the shape of x. Begin with zeros of that shape, which you can keep on "
            "ctx, and write `z_bar` to where `index` points.",
        ),
    ),
    why="The index is a decision that forward took and backward follows. It is saved because it "
    "says where the message goes, and it has no gradient because it moves in jumps.",
)  # fmt: skip
