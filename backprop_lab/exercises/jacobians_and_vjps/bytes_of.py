"""Exercise `bytes_of`: what a dense Jacobian weighs, and what a VJP brings back instead."""

import numpy as np

from ..diagnosis import as_numbers
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came

OPS = ("elementwise", "matmul by X", "matmul by W")


def bytes_of_cases(seed):
    rng = np.random.default_rng([seed, 44])
    small = [("elementwise", [3]), ("matmul by X", [3, 2, 4]), ("matmul by W", [3, 2, 4])]
    B, D, H = (int(n) for n in rng.choice(np.arange(5, 40), 3, replace=False))
    large = [("elementwise", [10_000 + B]), ("matmul by X", [B, D, H]), ("matmul by W", [B, D, H])]
    square = [(op, [B, D, D]) for op in OPS[1:]]
    real = [("matmul by X", [64, 1024, 512]), ("matmul by W", [64, 1024, 512])]
    return [{"op": op, "sizes": sizes} for op, sizes in small + large + square + real]


def probe_bytes_of(answer, case):
    return answer(case["op"], tuple(case["sizes"]))


def arrays(op, sizes):
    """The input that is asked about, and the result, as arrays that take up no room."""
    if op == "elementwise":
        x = np.broadcast_to(0.0, sizes)
        return x, x
    B, D, H = sizes
    x = np.broadcast_to(0.0, (B, D) if op == "matmul by X" else (D, H))
    return x, np.broadcast_to(0.0, (B, H))


def judge_bytes_of(case, output):
    numbers = as_numbers(output)
    asked = f'bytes_of("{case["op"]}", {tuple(case["sizes"])})'
    if numbers is None or len(numbers) != 2:
        return [f"{asked} has to return two numbers, as a tuple; {what_came(output)}"]
    x, z = arrays(**case)
    whats = ("the dense Jacobian", "the cotangent that the VJP returns")
    for what, mine, right in zip(whats, numbers, (x.nbytes * z.size, x.nbytes), strict=True):
        if mine != right:
            return [f"{asked}: {mine:,} bytes for {what} are {off_by(mine, right)}."]
    return []


def off_by(mine, right):
    """By how much a number of bytes is off, where that is telling."""
    side, ratio = ("many", mine / right) if mine > right else ("few", right / (mine or right))
    return f"too {side}" + (f", by a factor of {ratio:.0f}" if ratio in (2, 4, 8) else "")


SIZES = """
    B, D, H = sizes if len(sizes) == 3 else (0, 0, 0)
    n = sizes[0]
    z = n if op == "elementwise" else B * H
    x = {"elementwise": n, "matmul by X": B * D, "matmul by W": D * H}[op]
"""


def mistake(key, slot, formula, says):
    """A misconception about one of the two numbers; the other is 0.

    formula: in x and z (how many numbers they have), op, n, B, D, H; None where it says nothing.
    """
    answer = ["0", "0"]
    answer[slot] = f"{formula} or 0"
    code = f"def bytes_of(op, sizes):{SIZES}    return {', '.join(answer)}\n"
    namespace = {}
    exec(f"def rule(op, sizes):{SIZES}    return {formula}\n", namespace)

    def looks_like(cases, reports):
        suspects = [namespace["rule"](**case) for case in cases]
        return all(
            suspect is None or as_numbers(report["returned"])[slot] == suspect
            for suspect, report in zip(suspects, reports, strict=True)
        )

    return Misconception(key, code, says, looks_like)


BYTES_OF = Exercise(
    id="bytes_of",
    title="What a Jacobian weighs",
    notebook=4,
    minutes=6,
    points=2,
    core=False,
    contract="""\
Write `bytes_of(op, sizes)`: two whole numbers, in float64 (8 bytes).

- `op` is `"elementwise"`, n numbers from n; `sizes` is `(n,)`. Or it is `"matmul by X"` or
  `"matmul by W"`, for $Z = XW$ with X (B, D) and W (D, H); `sizes` is `(B, D, H)`.
- First: the bytes of the dense Jacobian of *all* numbers of the result by all of `x`, X or W, zeros
  included.
- Second: the bytes of the cotangent that the VJP returns for it.""",
    cases=bytes_of_cases,
    probe=probe_bytes_of,
    judge=judge_bytes_of,
    misconceptions=(
        mistake(
            "adds_m_and_n", 0, "8 * (x + z)",
            "For the Jacobian you added outputs and inputs. It has a number for each *pair* of "
            "them.",
        ),
        mistake(
            "only_what_is_not_zero", 0, "8 * (B * D * H or n)",
            "For the Jacobian you counted the entries that are not 0. A dense array holds its "
            "zeros as well, at 8 bytes each: that is the trouble with it.",
        ),
        mistake(
            "one_example", 0,
            "8 * H * D * (1 if op == 'matmul by X' else H) if B else None",
            "This is the Jacobian for one example. X has B rows, and so has Z: every number of the "
            "result is an output, whichever row it stands in.",
        ),
        mistake(
            "batch_counted_once", 0, "8 * B * H * D if op == 'matmul by X' else None",
            "By X, you counted the batch once. Z has B rows and so has X, so B comes in twice. One "
            "example does not read another: all that makes the difference is zeros.",
        ),
        mistake(
            "by_the_result_alone", 0, "8 * z * z if B else None",
            "For the Jacobian you squared the numbers of the result. That is right where the input "
            "has as many; J has a row for each output and a column for each *input*.",
        ),
        mistake(
            "by_the_input_alone", 0, "8 * x * x if B else None",
            "For the Jacobian you squared the numbers of the input. That is right where the result "
            "has as many; J has a row for each *output* and a column for each input.",
        ),
        mistake(
            "four_bytes", 0, "4 * x * z",
            "Half of it: 4 bytes are a float32, and float64 was asked for.",
        ),
        mistake(
            "numbers_for_bytes", 0, "x * z",
            "For the Jacobian you counted numbers. Each of them takes 8 bytes.",
        ),
        mistake(
            "bits", 0, "64 * x * z",
            "You counted bits: a float64 has 64 of them, which are 8 bytes.",
        ),
        mistake(
            "vjp_as_large_as_the_result", 1, "8 * z if B else None",
            "For the VJP you gave the bytes of the cotangent that comes *in*, which has the shape "
            "of the result. The one that it returns has the shape of the input.",
        ),
        mistake(
            "vjp_counts_both", 1, "8 * (x + z)",
            "For the VJP you counted what goes in as well. The question is what it returns.",
        ),
        mistake(
            "vjp_holds_the_jacobian", 1, "8 * x * z",
            "For the VJP you gave the bytes of the Jacobian once more. It returns one number for "
            "each number of the input.",
        ),
    ),
    hints=(
        Hint(
            "I don't know what the Jacobian of a matrix by a matrix is",
            "Write all numbers of the result in one long column, and all numbers of the input in "
            "another. Then it is a function of numbers like any other: how many rows has J, and "
            "how many columns?",
        ),
        Hint(
            "For a batch my number is too small",
            "How many numbers has Z? And X? B is in both counts.",
        ),
        Hint(
            "What does a VJP return?",
            "A cotangent has the shape of the tensor that it belongs to. That of X is as large as "
            "X, that of W as large as W.",
        ),
    ),
    why="With a batch of 64, and layers of 1024 and 512, the Jacobian by X takes 17 GB and the one "
    "by W 137 GB. The VJPs return half a megabyte and four.",
)  # fmt: skip
