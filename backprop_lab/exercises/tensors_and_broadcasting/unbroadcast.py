"""Exercise `unbroadcast`: a cotangent folded back to the shape from before the stretching."""

import re

import numpy as np

from ..diagnosis import shown
from ..exercise import Exercise, Hint, Misconception
from .arrays import fault, mixed, transpose_of

STRETCHED = (  # the shape after broadcasting, and the one before it
    ((3, 2), (2,)), ((3, 2), (3, 1)), ((3, 2), (1, 2)), ((3, 2), ()), ((3, 3), (3,)),
    ((3, 3), (3, 1)), ((3, 2), (3, 2)), ((1, 4), (4,)), ((4, 5), (1, 1)), ((5, 3, 4), (4,)),
    ((5, 3, 4), (3, 1)), ((5, 3, 4), (5, 1, 4)), ((5, 3, 4), (1, 3, 1)), ((5, 3, 4), (1, 4)),
    ((4, 4, 4), (4, 1)), ((2, 3, 4, 3), (3, 1, 3)),
)  # fmt: skip


def unbroadcast_cases(seed):
    rng = np.random.default_rng([seed, 51])
    return [{"z_bar": mixed(rng, *after), "shape": before} for after, before in STRETCHED]


def judge_unbroadcast(case, output):
    z_bar, shape = case["z_bar"], case["shape"]
    wanted = transpose_of(lambda x: np.broadcast_to(x, z_bar.shape), shape, z_bar)
    copies = z_bar.size // wanted.size
    said = fault("x_bar", output, wanted, [("n", copies)] if copies > 2 else ())
    if said is None:
        return []
    numbers = f"\n{shown(z_bar=z_bar)}" if z_bar.size <= 12 else ""
    return [
        f"x of shape {shape} was stretched to {z_bar.shape}: each entry stands there n = {copies} "
        f"times.{numbers}\n{said}"
    ]


def wrong(*lines):
    return "def unbroadcast(z_bar, shape):\n" + "".join(f"    {line}\n" for line in lines)


def cannot_reshape(cases, reports):
    """Whether every case in which the size changes ended in an exception of reshape."""
    return all(
        "cannot reshape" in report.get("raised", "")
        for case, report in zip(cases, reports, strict=True)
        if case["z_bar"].size != np.prod(case["shape"])
    )


def cannot_stretch(cases, reports):
    """Whether every case in which the size changes ended in an exception of broadcasting."""
    return all(
        re.search("broadcast|axis remapping", report.get("raised", ""))
        for case, report in zip(cases, reports, strict=True)
        if case["z_bar"].size != np.prod(case["shape"])
    )


UNBROADCAST = Exercise(
    id="unbroadcast",
    title="Fold it back",
    notebook=5,
    minutes=10,
    points=4,
    contract="""\
Write `unbroadcast(z_bar, shape)`: fold a cotangent back to the shape from before the stretching.

- NumPy stretched `x`, of shape `shape`, to `z_bar.shape`. Return `x_bar`, an array of shape
  `shape`.
- New axes come in front, and axes of size 1 may have been stretched; both can happen at once, and
  more than once.
- `shape` may be `()`, and it may be `z_bar.shape`: then nothing was stretched.""",
    cases=unbroadcast_cases,
    judge=judge_unbroadcast,
    misconceptions=(
        Misconception(
            "average_of_the_copies",
            wrong(
                "new = range(z_bar.ndim - len(shape))",
                "z_bar = np.mean(z_bar, axis=tuple(new))",
                "for axis in np.flatnonzero(np.array(shape) == 1):",
                "    z_bar = z_bar.mean(axis=axis, keepdims=True)",
                "return z_bar",
            ),
            "You take the average of what the copies say. Nudge one entry of x: every copy moves, "
            "and L feels all of them at once. Messages add; they are not averaged.",
        ),
        Misconception(
            "axes_of_size_one_lost",
            wrong(
                "new = z_bar.ndim - len(shape)",
                "ones = [new + i for i, n in enumerate(shape) if n == 1]",
                "return z_bar.sum(axis=(*range(new), *ones))",
            ),
            "The numbers are right, and axes of size 1 got lost on the way: (3, 1) and (3,) are "
            "two shapes, and they broadcast differently. A sum can leave its axis in place.",
        ),
        Misconception(
            "new_axes_only",
            wrong("return z_bar.sum(axis=tuple(range(z_bar.ndim - len(shape))))"),
            "You undo the axes that were put in front, and leave those that were stretched from "
            "size 1 as long as they have become.",
        ),
        Misconception(
            "stretched_axes_only",
            wrong(
                "new = z_bar.ndim - len(shape)",
                "ones = [new + i for i, n in enumerate(shape) if n == 1]",
                "return z_bar.sum(axis=tuple(ones), keepdims=True)",
            ),
            "You undo the axes that were stretched from size 1. Those that were put in front are "
            "still there.",
        ),
        Misconception(
            "lined_up_from_the_left",
            wrong(
                "ones = [i for i, n in enumerate(shape) if n == 1]",
                "rest = range(len(shape), z_bar.ndim)",
                "return z_bar.sum(axis=tuple(ones), keepdims=True).sum(axis=tuple(rest))",
            ),
            "You lined the shapes up from the left. NumPy does it from the right: the shape (3,) "
            "beside (3, 3) is its *last* axis, and the new one is in front.",
        ),
        Misconception(
            "index_taken_for_size",
            wrong(
                "z_bar = z_bar.sum(axis=tuple(range(z_bar.ndim - len(shape))))",
                "ones = [i for i in range(len(shape)) if i == 1]",
                "return z_bar.sum(axis=tuple(ones), keepdims=True)",
            ),
            "You fold the axis *number* 1. The axes to fold are those of *size* 1, wherever they "
            "stand: look at `shape[i]`, not at `i`.",
        ),
        Misconception(
            "squeezed_by_force",
            wrong("return np.reshape(z_bar, shape)"),
            "A reshape lays the same numbers out in another way, so it can't make fewer of them. "
            "Several copies of one entry send several messages, and one number has to come out.",
            cannot_reshape,
        ),
        Misconception(
            "stretched_once_more",
            wrong("return np.broadcast_to(z_bar, shape)"),
            "Broadcasting makes a small array larger, and never a large one smaller. Here it has "
            "to be undone: the messages of several copies become one number.",
            cannot_stretch,
        ),
        Misconception(
            "first_copy_only",
            wrong(
                "z_bar = z_bar[(0,) * (z_bar.ndim - len(shape))]",
                "for axis in np.flatnonzero(np.array(shape) == 1):",
                "    z_bar = np.take(z_bar, [0], axis=axis)",
                "return z_bar",
            ),
            "You take the message of one copy, and drop those of the others. Every copy moves when "
            "its entry is nudged.",
        ),
        Misconception(
            "counts_the_copies",
            wrong("return np.full(shape, z_bar.size / max(1, np.prod(shape)))"),
            "You give the number of copies, whatever came from upstream. Each copy has a message "
            "of its own, in `z_bar`.",
        ),
        Misconception(
            "everything_in_one_sum",
            wrong("return np.full(shape, z_bar.sum())"),
            "Every entry has got the sum of all there is. It should hear from its *own* copies "
            "only.",
            lambda cases, reports: all(
                report["returned"] is not None
                and np.allclose(report["returned"], case["z_bar"].sum())
                for case, report in zip(cases, reports, strict=True)
            ),
        ),
        Misconception(
            "left_as_it_came",
            wrong("return z_bar"),
            "`z_bar` came back as it was. A cotangent has the shape of what it belongs to: "
            "`x_bar` has as many entries as x had before it was stretched.",
        ),
    ),
    hints=(
        Hint(
            "My x_bar has more numbers than x",
            "Draw x of shape (3, 1) stretched to (3, 4): the same number stands four times in a "
            "row. It has one place in x, so four messages have to meet there.",
        ),
        Hint(
            "It is right for a bias, and wrong for (3, 1)",
            "There are two ways in which an array is stretched: new axes in front, and axes of "
            "size 1 that have become longer. The first kind disappears on the way back; the second "
            "goes back to size 1, and stays.",
        ),
        Hint(
            "I lose track of which axis is which",
            "First deal with the new axes: there are `z_bar.ndim - len(shape)` of them, all in "
            "front. (What is summed goes, and the rest move up: the next is axis 0 again.) "
            "From then on, axis i of what you have is axis i of `shape`. `keepdims=True` leaves a "
            "summed axis in place, with size 1.",
        ),
    ),
    why="To copy on the way forward is to add on the way back. Every bias, and every scale that "
    "many entries share, goes through this.",
)
