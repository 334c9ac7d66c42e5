"""Exercise `rows`: write the graph of (a + b) · (b + 1) down, one row for each node."""

from ...graph import LEAVES, Graph, check_rows
from ...leaves import tensor
from ..exercise import Exercise, Hint, Misconception, as_it_is
from ..probing import blank, other


def judge_rows(case, rows):
    if other(rows) == "dict":
        return ['Every name in `rows` needs quotes: "1", not 1.']
    if other(rows) or not isinstance(rows, dict):
        return ["`rows` has to be a dictionary: a tensor's name in quotes, then its row, a list."]
    blanks = [name for name, row in rows.items() if blank(row)]
    if blanks:
        return [f"Row {blanks[0]!r} is still blank."]
    if len(rows) > 2 * len(case["model"]):
        return [f"{len(rows)} rows are far more than this graph has nodes."]
    try:
        check_rows(rows)
    except ValueError as error:
        return [str(error)]
    strange = [name for name, row in rows.items() if row[0] not in (*LEAVES, "+", "*")]
    if strange:
        return [f"Row {strange[0]!r} is made by {rows[strange[0]][0]!r}; here only + and * run."]
    read = {source for row in rows.values() for source in row[1:]}
    ends = [name for name in rows if name not in read]
    if ends != ["e"]:
        return [f"Exactly one tensor is read by nobody, and it is called 'e'. Here: {ends}."]
    if spell(rows, "e") != spell(case["model"], "e"):
        return [
            f"Read back, your rows say e = {spell(rows, 'e')}, and wanted is "
            "e = (a + b) * (b + 1), with inputs a and b and a constant 1."
        ]
    if len(rows) != len(case["model"]):
        return ["The arithmetic is right, but some tensor has two rows. One tensor, one row."]
    return []


def spell(rows, name):
    """The expression behind a name; + and * are commutative, so their inputs are sorted."""
    made_by, *inputs = rows[name]
    if made_by in LEAVES:
        return name if (made_by, name) in {("input", "a"), ("input", "b")} else f"{made_by} {name}"
    if len(inputs) != 2:
        return f"{made_by} of {len(inputs)} tensors"
    return f"({f' {made_by} '.join(sorted(spell(rows, x) for x in inputs))})"


def model_rows(seed):
    """The record of the expression itself, as the engine makes it."""
    a, b = (tensor(1.0, requires_grad=True, name=name) for name in "ab")
    e = (a + b) * (b + 1)
    return [{"model": Graph.from_tensor(e, names={id(e): "e"}).rows()}]


def rows_given(reports):
    rows = reports[0].get("returned")
    rows = rows if isinstance(rows, dict) else {}
    return {name: row for name, row in rows.items() if isinstance(row, list) and row}


def made_by(reports, *makers):
    return [name for name, row in rows_given(reports).items() if row[0] in makers]


ROWS = Exercise(
    id="rows",
    title="Write the graph of (a + b) · (b + 1)",
    notebook=1,
    minutes=8,
    points=3,
    contract="""\
Write down the graph of `e = (a + b) * (b + 1)`.

- `rows` is a dictionary with one row for each node: `"name": [what makes it, first, second]`.
- What makes a tensor is `"+"`, `"*"`, `"input"` (a value that is put in) or `"constant"` (a number
  typed into the formula). A leaf's row has that one entry.
- Call the number 1 `"1"` and the result `"e"`; other names are yours.""",
    cases=model_rows,
    probe=as_it_is,
    judge=judge_rows,
    misconceptions=(
        Misconception(
            "a_leaf_for_each_use",
            """rows = {"a": ["input"], "b1": ["input"], "b2": ["input"], "1": ["constant"],
            "c": ["+", "a", "b1"], "d": ["+", "b2", "1"], "e": ["*", "c", "d"]}""",
            "b is one tensor, however often it is read. Two rows for it would be two separate "
            "numbers that happen to start out equal: nudging one would leave the other behind. "
            "Let two arrows leave a single row.",
            lambda cases, reports: (
                sum(name.startswith("b") for name in made_by(reports, "input")) > 1
            ),
        ),
        Misconception(
            "constant_is_trainable",
            """rows = {"a": ["input"], "b": ["input"], "1": ["weight"],
            "c": ["+", "a", "b"], "d": ["+", "b", "1"], "e": ["*", "c", "d"]}""",
            "Ask of the 1: would anybody learn it, or feed in another value? It was typed into the "
            "formula and stays what it is. There is a word for such a leaf.",
            lambda cases, reports: "1" in made_by(reports, "weight", "input"),
        ),
        Misconception(
            "operator_is_a_tensor",
            """rows = {"a": ["input"], "b": ["input"], "1": ["constant"], "plus": ["+", "a", "b"],
            "c": ["tensor", "plus"], "d": ["+", "b", "1"], "e": ["*", "c", "d"]}""",
            "An operator and the tensor that it makes share one row. The key names the tensor, "
            "that is, the arrow; the first entry names the operator, that is, the box it leaves.",
            lambda cases, reports: (
                bool({"+", "*", "×"} & rows_given(reports).keys())
                or bool(made_by(reports, "tensor", "value", "intermediate", "output", "="))
            ),
        ),
        Misconception(
            "operator_in_the_middle",
            """rows = {"a": ["input"], "b": ["input"], "1": ["constant"], "c": ["a", "+", "b"],
            "d": ["b", "+", "1"], "e": ["c", "*", "d"]}""",
            "The operator comes first in its row, and then what goes in: the row says who made the "
            "tensor before it says from what.",
            lambda cases, reports: any(
                row[1:2] == ["+"] or row[1:2] == ["*"] for row in rows_given(reports).values()
            ),
        ),
    ),
    hints=(
        Hint(
            "I don't know how many rows there are",
            "Count two things in the picture of e: the leaves at the far left, and the operators. "
            "Each is a row. No operator runs twice, and no leaf is drawn twice.",
        ),
        Hint(
            "It says that some tensor is read by nobody",
            "Follow the names: whatever a row makes has to stand in the list of a later row, "
            "unless it is e itself. Look for a name that you spelled in two ways.",
        ),
        Hint(
            "I have the three leaves and am stuck",
            "Each pair of parentheses is a tensor that needs a name and a row. Name the left one c "
            'and write its row: what makes it, then its two inputs. The last row is called "e".',
        ),
    ),
    why="b has one row and two readers, so two arrows leave it. That fork is what the next "
    "notebook is about: what b does to e travels along both.",
)
