"""The pictures in words, and the names that they use."""

import html
import re

import numpy as np

import backprop_lab as bl
from backprop_lab import draw
from backprop_lab.pictures.words import bracketed
from tests.graphs_to_draw import (
    ROWS,
    chain,
    every_graph,
    formula,
    leaf,
    network,
    neuron,
    shown,
    texts,
)


class TestWords:
    def test_the_words_say_what_the_picture_shows(self):
        e = formula()
        assert str(draw(e)) == (
            "Graph of e, from the inputs a = 2 and b = 1 and the constant 1. In 3 steps: "
            "a + b = 3; b + 1 = 2; e = (a + b) × (b + 1) = 6. Read twice: b. "
            "No gradients yet: backward() has not run."
        )
        e.backward()
        assert str(draw(e)).endswith(
            "Read twice: b. Gradients: 2 at a; 5 at b; 2 at a + b; 3 at b + 1; 1 at e."
        )

    def test_what_was_not_reached_is_said(self):
        loss = neuron()
        loss.backward()
        assert draw(loss).alt.endswith("Not reached: x.")

    def test_rows_are_told_in_an_order_that_runs(self):
        assert draw(ROWS["sheet"]).alt == (
            "Graph of share, from the inputs price and amount and the weight rate. In 4 steps: "
            "net = price × amount; tax = net × rate; total = net + tax; share = tax ÷ total. "
            "Read twice: net and tax."
        )

    def test_arrays_are_told_by_their_shapes(self):
        loss = network()
        loss.backward()
        alt = draw(loss).alt
        assert "X of shape 5×3" in alt
        assert "X @ W of shape 5×4" in alt
        assert "Reached as well: " in alt and "Not reached: X and T." in alt

    def test_unnamed_tensors_never_share_a_name(self):
        x, y = leaf(3.0, "x"), leaf(2.0, "t1")
        alt = draw((x - y) / (x - y)).alt
        assert "x − t1 = 1; t2 = x − t1 = 1; (x − t1) ÷ t2 = 1" in alt

    def test_many_steps_are_counted(self):
        alt = draw(chain(60)).alt
        assert "In 60 steps: 60 sin; the longest route has 60." in alt
        assert len(alt) < 200
        wide = leaf(0.0, "x0")
        for i in range(1, 40):
            wide = wide + leaf(1.0, f"x{i}") * leaf(1.0, f"y{i}")
        wide.backward()
        assert "79 inputs" in draw(wide).alt
        assert len(draw(wide).alt) < 700

    @every_graph
    def test_there_are_always_words_and_the_image_carries_them(self, graph):
        picture = draw(graph)
        assert picture.alt.startswith("Graph of ")
        assert repr(picture) == picture.alt
        alt = re.search(r'<img alt="([^"]*)"', shown(picture)).group(1)
        assert html.unescape(alt) == picture.alt

    def test_formulas_are_bracketed_only_where_needed(self):
        assert bracketed("exp(a + b)") == "exp(a + b)"
        assert bracketed("(a + b) × c") == "((a + b) × c)"
        assert bracketed("[1, 2]") == "[1, 2]"


class TestNamesOfVariables:
    def test_local_names_are_found(self):
        first = leaf(1.0)
        assert "first = 1" in texts(draw(first * 2))

    def test_the_first_name_stays_and_hidden_ones_do_not_count(self):
        _ = _last = first = leaf(1.0)
        second = first
        assert "first = 1" in texts(draw(second * 2))

    def test_a_name_of_its_own_wins(self):
        variable = leaf(1.0, "own")
        assert "own = 1" in texts(draw(variable * 2))

    def test_local_names_come_before_global_ones(self, monkeypatch):
        tensor = leaf(1.0)
        monkeypatch.setitem(globals(), "somewhere_else", tensor)
        assert "tensor = 1" in texts(draw(tensor * 2))
        monkeypatch.setitem(globals(), "kept", leaf(4.0))
        assert "kept = 4" in texts(draw(globals()["kept"] * 2))

    def test_a_tensor_without_a_name_shows_its_value(self):
        assert "3" in texts(draw(leaf(3.0) * 2.5))


class TestBroadcasting:
    """A bias is read by every example, and the picture says by how many."""

    def drawn(self):
        W, b = bl.parameter(np.ones((4, 3)), name="W"), bl.parameter(np.zeros(3), name="b")
        layer = bl.tensor(np.ones((5, 4)), name="X") @ W + b
        return layer, draw(layer * 2.0)

    def test_the_record_counts_the_copies(self):
        layer, _ = self.drawn()
        copies = {edge["tensor"]: edge["copies"] for edge in bl.Graph.from_tensor(layer).edges}
        assert copies["b"] == 5
        assert copies["W"] == copies["X"] == 1

    def test_the_arrow_says_how_many(self):
        assert "5 copies" in texts(self.drawn()[1])

    def test_the_words_say_it_and_leave_constants_out(self):
        alt = self.drawn()[1].alt
        assert "Broadcast: b into 5 copies." in alt
        assert "15 copies" not in alt  # 2.0 is stretched as well, and no gradient comes back
