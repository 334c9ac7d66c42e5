"""Exercise `gather_vjp`: back to the rows of a table that were looked up."""

import numpy as np

from ..diagnosis import as_array, close, shown
from ..exercise import Exercise, Hint, Misconception
from ..memory import measured, too_much
from .arrays import fault, follows, mixed, transpose_of

SMALL = (  # rows and columns of the table, shape of the indices
    (3, 2, (4,)), (4, 4, (4,)), (6, 3, (4,)), (6, 3, (7,)), (3, 2, (2, 3)), (5, 3, (2, 4)),
    (4, 3, (3, 3)), (3, 3, (3,)), (7, 2, (2, 3, 2)),
)  # fmt: skip
LARGE = 1500  # rows, and as many indices: one-hot, more than two million numbers


def gather_vjp_cases(seed):
    rng = np.random.default_rng([seed, 54])
    cases = [make_case(rng, *sizes) for sizes in SMALL]
    return [*cases, make_case(rng, LARGE, 1, (LARGE,))]


def make_case(rng, rows, columns, shape):
    """Some rows are looked up again and again, next to one another and apart; others never."""
    used = rng.permutation(rows)[: max(2, rows * 2 // 3)]
    indices = rng.choice(used, shape)
    indices.flat[[0, 1, -1]] = used[0]
    z_bar = mixed(rng, *shape, columns)
    return {"table": mixed(rng, rows, columns), "indices": indices, "z_bar": z_bar}


def probe_gather_vjp(answer, case):
    if len(case["table"]) < LARGE:
        return answer(*case.values())
    returned, peak = measured(answer, *case.values())
    return returned if returned is ... else {"table_bar": returned, "peak": peak}


def judge_gather_vjp(case, output):
    table, indices, z_bar = case.values()
    if len(table) == LARGE:
        return judge_large(case, output)
    right = transpose_of(lambda unit: unit[indices], table.shape, z_bar)
    said = fault("table_bar", output, right, [("V", len(table))])
    if said is None:
        return []
    numbers = f"\n{shown(indices=indices, z_bar=z_bar)}" if z_bar.size <= 12 else ""
    return [
        f"With table of shape {table.shape}, indices of {indices.shape} and z_bar of "
        f"{z_bar.shape}:{numbers}\n{said}"
    ]


def judge_large(case, output):
    """As ⟨J t, z_bar⟩ = ⟨t, Jᵀ z_bar⟩ for random tables t; and how much memory it took."""
    table, indices, z_bar = case.values()
    got, rng = as_array(output["table_bar"]), np.random.default_rng(0)
    at = f"With {LARGE} rows and {LARGE} indices:"
    if got is None or got.shape != table.shape:
        return [f"{at} {fault('table_bar', output['table_bar'], table)}"]
    for _ in range(5):
        t = rng.normal(size=table.shape)
        if not close(np.sum(got * t), np.sum(t[indices] * z_bar)):
            return [f"{at} some of the numbers in table_bar are wrong."]
    numbers = 2 * table.size + indices.size + z_bar.size
    said = too_much(output["peak"], numbers, (LARGE, LARGE), "a one-hot matrix")
    return [f"{at} {said}"] if said else []


def only_too_large(cases, reports):
    """Whether the numbers are right, and the memory is not."""
    said = [judge_gather_vjp(c, r["returned"]) for c, r in zip(cases, reports, strict=True)]
    return not any(said[:-1]) and "one-hot" in said[-1][0]


def mistake(key, says, *lines, looks_like=None):
    """A misconception, known by its results where the table is small."""
    body = "".join(f"    {line}\n" for line in lines)
    code = f"def gather_vjp(table, indices, z_bar):\n{body}    return table_bar\n"
    known = follows("gather_vjp", code, where=lambda case: len(case["table"]) < LARGE)
    return Misconception(key, code, says, looks_like or known)


GATHER_VJP = Exercise(
    id="gather_vjp",
    title="Back to the table",
    notebook=5,
    minutes=8,
    points=3,
    core=False,
    contract="""\
Write `gather_vjp(table, indices, z_bar)` for `z = table[indices]`: the cotangent of the table.

- `table` has the shape (V, D). `indices` is an array of whole numbers from 0 to V − 1, of any
  shape; they may repeat.
- `z_bar` has the shape of z: that of `indices`, and D at the end. Return `table_bar`, (V, D).
- Memory for what goes in and comes out is enough: no V numbers for *each* index.""",
    cases=gather_vjp_cases,
    probe=probe_gather_vjp,
    judge=judge_gather_vjp,
    misconceptions=(
        mistake(
            "last_one_wins",
            "Where a row was looked up more than once, only one of its messages is left. (`+=` "
            "with an array of indices does no better: NumPy reads all rows, adds, and then writes; "
            "of two writes to a row the last one stays.) Each look-up is a copy of the row, and "
            "the messages of copies add.",
            "table_bar = np.zeros(table.shape)",
            "table_bar[indices] = z_bar",
        ),
        mistake(
            "whole_rows_of_indices",
            "You go through `indices` along its first axis. If it has two, each step hands you a "
            "whole row of indices, and `+=` at several places at once forgets those that repeat.",
            "table_bar = np.zeros(table.shape)",
            "for i, row in zip(indices, z_bar):",
            "    table_bar[i] += row",
        ),
        mistake(
            "dense_one_hot",
            "The numbers are right, by way of a one-hot matrix that is nearly all zeros: a row "
            "for each index, with a column for each row of the table. With 50,000 words that is "
            "50,000 numbers to say which one is meant.",
            "one_hot = (np.reshape(indices, (-1, 1)) == np.arange(len(table))) * 1.0",
            "table_bar = one_hot.T @ z_bar.reshape(-1, table.shape[1])",
            looks_like=only_too_large,
        ),
        mistake(
            "cotangent_looked_up",
            "You look rows of `z_bar` up. The indices say where the rows of z *came from*: on the "
            "way back a row of `z_bar` goes *to* that place.",
            "table_bar = z_bar[indices]",
        ),
        mistake(
            "not_sent_back",
            "This is `z_bar` as it came, with a row for each index. The table has its own rows, "
            "and they are waiting.",
            "table_bar = z_bar",
        ),
        mistake(
            "averaged_over_the_uses",
            "You divide by how often a row was used. It takes part in L once for every use, so "
            "its messages add up.",
            "table_bar, uses = np.zeros(table.shape), np.zeros((len(table), 1)) + 1e-300",
            "for place in np.ndindex(indices.shape):",
            "    table_bar[indices[place]] += z_bar[place]",
            "    uses[indices[place]] += 1",
            "table_bar /= uses",
        ),
        mistake(
            "counts_the_uses",
            "You give the number of look-ups, whatever came from upstream. Each of them has a "
            "message of its own, in `z_bar`.",
            "uses = np.bincount(indices.ravel(), minlength=len(table))",
            "table_bar = np.outer(uses, np.ones(table.shape[1]))",
        ),
        mistake(
            "starts_from_the_table",
            "The messages are added to the table's *values*. A cotangent starts from zero: a row "
            "that nobody looked up does not move L.",
            "table_bar = table.copy()",
            "for place in np.ndindex(indices.shape):",
            "    table_bar[indices[place]] += z_bar[place]",
        ),
    ),
    hints=(
        Hint(
            "Which shape does table_bar have?",
            "That of the table. Most rows were never looked up: what do they get?",
        ),
        Hint(
            "It is wrong only where an index occurs twice",
            "`a[[2, 2]] += [[1.0], [5.0]]` adds 5 and not 6. Either go through the look-ups one by "
            "one, or find the NumPy function that adds *at* places without forgetting any.",
        ),
        Hint(
            "It breaks when indices has two axes",
            "z has a row of D numbers for every place in `indices`. Lay both out flat, "
            "`indices.ravel()` and `z_bar` with D columns, and it is the case you know.",
        ),
    ),
    why="To look up is to copy, so the way back is a sum, row by row. Word embeddings learn like "
    "this: the few rows that a sentence used get a gradient, and the rest of the table gets 0.",
)
