"""Numbers and facts that the prose of the notebooks states, worked out again.

nbval compares outputs with what was stored, so a sentence beside them could still be wrong.
"""

from itertools import permutations

import nbformat

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.coursework import build


def solved(number):
    source = next(path for path in build.sources() if path.name.startswith(f"{number:02d}"))
    path = build.NOTEBOOKS / "solutions" / source.with_suffix(".ipynb").name
    return nbformat.read(path, as_version=4)


def printed(notebook, start):
    """What the first code cell whose source has `start` in it shows, as text."""
    cell = next(c for c in notebook.cells if c.cell_type == "code" and start in c.source)
    texts = [out.get("text") or out.data["text/plain"] for out in cell.outputs]
    return "\n".join(texts)


class TestNotebook1:
    def test_six_nodes_and_seven_if_the_product_is_typed_twice(self):
        x, y = (bl.tensor(v, requires_grad=True) for v in (1.2, 0.7))
        p = x * y
        assert len(bl.Graph.from_tensor((p + ops.sin(x)) * p).nodes) == 6
        assert len(bl.Graph.from_tensor((x * y + ops.sin(x)) * (x * y)).nodes) == 7

    def test_one_of_six_orders_of_the_diamond_runs(self):
        rows = {"a": ["input"], "b": ["exp", "a"], "c": ["+", "b", "a"], "d": ["*", "b", "c"]}
        faults = [bl.order_fault(rows, ["a", *order]) for order in permutations("bcd")]
        assert faults.count(None) == 1

    def test_15_of_720_orders_run(self):
        rows = {
            "x": ["input"], "y": ["input"], "s": ["sin", "x"], "p": ["*", "s", "y"],
            "t": ["exp", "x"], "v": ["+", "p", "t"], "u": ["*", "y", "y"], "g": ["+", "v", "u"],
        }  # fmt: skip
        orders = list(permutations("sptvug"))
        runs = [order for order in orders if bl.order_fault(rows, ["x", "y", *order]) is None]
        assert (len(runs), len(orders)) == (15, 720)
        assert "One. Few orders run (15 of the 720)" in text_of(solved(1))

    def test_shuffled_orders_give_one_number(self):
        shown = printed(solved(1), "Counter(try_order")
        assert shown.count("g = ") == 1
        assert shown.rstrip().endswith("Your guess: 1. So it is.")

    def test_the_product_keeps_two_numbers_and_the_sums_none(self):
        assert printed(solved(1), 'print(node["label"]').split("\n")[:3] == [
            "+ keeps nothing", "+ keeps nothing", "× keeps input 0, input 1",
        ]  # fmt: skip

    def test_a_nudge_of_a_thousandth_moves_e_by_two(self):
        notebook = solved(1)
        assert printed(notebook, "nudged =") == "e moved by 0.0020\n"
        picture = printed(notebook, "e.backward()")
        assert "a" in picture and "b" in picture

    def test_three_cells_are_computed_again(self):
        assert printed(solved(1), "changed = ") == "Your guess: 3. So it is."


def text_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells)
