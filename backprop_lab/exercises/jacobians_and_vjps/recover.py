"""Exercise `recover`: a Jacobian out of black boxes, in as few questions as it takes."""

import numpy as np

from ..diagnosis import as_array, diagnose
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from .boxes import black_boxes


def recover_cases(seed):
    rng = np.random.default_rng([seed, 45])
    shapes = [(2, 3), (3, 2), (3, 3), (1, 4), (4, 1), (3, 7), (8, 5), (5, 5)]
    return [{"J": rng.choice([-1, 1], s) * rng.uniform(0.3, 2.5, s)} for s in shapes]


def probe_recover(answer, case):
    J = case["J"].copy()
    pull_back, push_forward = black_boxes(lambda u: u @ J, lambda v: J @ v, *J.shape)
    found = answer(pull_back, push_forward, *J.shape)
    if found is ...:
        return ...
    calls = {"pull_back": pull_back.calls, "push_forward": push_forward.calls}
    return {"J": found, "calls": calls}


def judge_recover(case, output):
    found, (M, N) = output.get("J", output), case["J"].shape
    got = as_array(found)
    at = f"With M = {M} outputs and N = {N} inputs:"
    if got is None:
        return [f"{at} recover has to return an array; {what_came(found)}"]
    said = diagnose(got, case["J"], [("M", M), ("N", N)] if M != N else [("M", M)])
    if said:
        return [f"{at} {said}"]
    total, fewest = sum(output["calls"].values()), min(M, N)
    if total <= fewest:
        return []
    made = " and ".join(f"{n} of {name}" for name, n in output["calls"].items() if n)
    return [f"{at} J is right, and it took {made}. {fewest} calls in all are enough."]


def right_in(calls):
    """Whether all of J is right, at the cost of so many (pull_back, push_forward) for each M, N."""

    def looks_like(cases, reports):
        return all(
            diagnose(as_array(report["returned"]["J"]), case["J"]) is None
            and tuple(report["returned"]["calls"].values()) == calls(*case["J"].shape)
            for case, report in zip(cases, reports, strict=True)
        )

    return looks_like


def wrong(formula):
    return f"""
def recover(pull_back, push_forward, M, N):
    return {formula}
"""


ROWS = "np.array([pull_back(u) for u in np.eye(M)])"
COLUMNS = "np.column_stack([push_forward(v) for v in np.eye(N)])"

RECOVER = Exercise(
    id="recover",
    title="Ask a black box for its Jacobian",
    notebook=4,
    minutes=10,
    points=4,
    contract="""\
Write `recover(pull_back, push_forward, M, N)`: the Jacobian of a function that you cannot see, as
an array of shape (M, N).

- `pull_back(u)` gives $u^T J$, of shape (N,), for one vector `u` of shape (M,).
- `push_forward(v)` gives $J v$, of shape (M,), for one vector `v` of shape (N,).
- Make min(M, N) calls in all.""",
    cases=recover_cases,
    probe=probe_recover,
    judge=judge_recover,
    misconceptions=(
        Misconception(
            "always_pulls_back",
            wrong(ROWS),
            "Right, and row by row wherever you are: M calls. Where there are fewer inputs than "
            "outputs, columns come cheaper.",
            right_in(lambda M, N: (M, 0)),
        ),
        Misconception(
            "always_pushes_forward",
            wrong(COLUMNS),
            "Right, and column by column wherever you are: N calls. Where there are fewer outputs "
            "than inputs, rows come cheaper.",
            right_in(lambda M, N: (0, N)),
        ),
        Misconception(
            "the_longer_way",
            wrong(f"{ROWS} if M > N else {COLUMNS}"),
            "Right, and by the longer way each time. Count the calls: one for each row if you "
            "pull back, one for each column if you push forward.",
            lambda cases, reports: (
                right_in(lambda M, N: (M, 0) if M > N else (0, N))(cases, reports)
                or right_in(lambda M, N: (M, 0) if M >= N else (0, N))(cases, reports)
            ),
        ),
        Misconception(
            "asks_both",
            wrong(f"({ROWS} + {COLUMNS}) / 2"),
            "You ask both boxes for all that they can tell, M + N calls, and each alone would "
            "have done. Choose one of them before you ask.",
            right_in(lambda M, N: (M, N)),
        ),
        Misconception(
            "entry_by_entry",
            wrong("np.array([[pull_back(u)[j] for j in range(N)] for u in np.eye(M)])"),
            "You call once for each *entry*, and use one number of what comes back. One call "
            "brings a whole row, or a whole column.",
            lambda cases, reports: (
                right_in(lambda M, N: (M * N, 0))(cases, reports)
                or right_in(lambda M, N: (0, M * N))(cases, reports)
            ),
        ),
        Misconception(
            "rows_from_push_forward",
            wrong("np.array([push_forward(v) for v in np.eye(N)])"),
            "What push_forward brings back was laid down as a row. A unit vector on the side of "
            "the inputs brings out a *column*: how all outputs move with one input.",
        ),
        Misconception(
            "columns_from_pull_back",
            wrong("np.column_stack([pull_back(u) for u in np.eye(M)])"),
            "What pull_back brings back was stood up as a column. A unit vector on the side of "
            "the outputs brings out a *row*: how one output moves with all inputs.",
        ),
        Misconception(
            "columns_laid_as_rows",
            wrong(f"{ROWS} if M < N else np.array([push_forward(v) for v in np.eye(N)])"),
            "Where you push forward, the columns are laid down as rows, and J lies transposed. "
            "Stack them the other way, or turn the result over.",
            lambda cases, reports: all(
                diagnose(as_array(r["returned"]["J"]), wanted) is None
                for r, wanted in (
                    (r, c["J"] if c["J"].shape[0] < c["J"].shape[1] else c["J"].T)
                    for c, r in zip(cases, reports, strict=True)
                    if c["J"].shape[0] != c["J"].shape[1]
                )
            ),
        ),
        Misconception(
            "asks_with_ones",
            wrong("np.array([pull_back(np.ones(M))] * M)"),
            "With ones the rows come back added up, and no one can tell any more which part came "
            "from which. Ask for one at a time.",
            lambda cases, reports: all(
                is_sums(c["J"], as_array(r["returned"]["J"]))
                for c, r in zip(cases, reports, strict=True)
            ),
        ),
        Misconception(
            "diagonal_only",
            wrong(
                "np.array([[pull_back(u)[i] * (i == j) for j in range(N)] if i < N else [0] * N "
                "for i, u in enumerate(np.eye(M))])"
            ),
            "Of each answer you kept one number, the one on the diagonal. All of them belong to J.",
            lambda cases, reports: all(
                diagnose(as_array(r["returned"]["J"]), c["J"] * np.eye(*c["J"].shape)) is None
                for c, r in zip(cases, reports, strict=True)
            ),
        ),
    ),
    hints=(
        Hint(
            "What do I ask the boxes?",
            "With `u` = (1, 0, 0) the product $u^T J$ counts the first row of J once and leaves "
            "all others out. `np.eye(M)` has all such vectors as its rows.",
        ),
        Hint(
            "J is right, and it takes too many calls",
            "A row is one call of pull_back, a column is one call of push_forward. Compare M with "
            "N before you begin.",
        ),
        Hint(
            "J lies on its side when N is small",
            "np.array puts vectors from a list down as rows. What push_forward gives is a column.",
        ),
    ),
    why="Rows by pulling back, columns by pushing forward, whichever are fewer: `bl.jacobian` does "
    "the same. A loss has one output, so one call brings back all of its gradient, whatever N is.",
)


def is_sums(J, got):
    """Whether all rows are the sum of the rows of J, or all columns that of its columns."""
    sums = [J.sum(axis=0), np.broadcast_to(J.sum(axis=0), J.shape), J.sum(axis=1)]
    sums += [np.broadcast_to(J.sum(axis=1)[:, None], J.shape)]
    return any(diagnose(got, suspect) is None for suspect in sums)
