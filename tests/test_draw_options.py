"""What `draw` shows when asked: gradients, local derivatives, what is saved."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph, draw
from backprop_lab.errors import GradientError
from tests.graphs_to_draw import (
    NAMED_EIGHT,
    ROWS,
    SVG,
    elements,
    every_graph,
    formula,
    leaf,
    network,
    neuron,
    order_matters,
    square,
    texts,
)


def on_arrows(picture):
    """What stands on each arrow, as {(source, reader): texts}."""
    return {
        (arrow.get("data-source"), arrow.get("data-reader")): [
            "".join(text.itertext()) for text in arrow.iter(SVG + "text")
        ]
        for arrow in elements(picture, "g")
        if arrow.get("data-reader")
    }


class TestGradients:
    def test_they_are_found_on_request_without_touching_any_grad(self):
        a, b = leaf(2.0, "a"), leaf(1.0, "b")
        e = (a + b) * (b + 1)
        assert {"grad 2", "grad 5", "grad 3", "grad 1"} <= set(texts(draw(e, grad=True)))
        assert a.grad is None and b.grad is None
        assert not [text for text in texts(draw(e)) if "grad" in text]

    def test_they_are_left_out_on_request(self):
        e = formula()
        e.backward()
        graph = Graph.from_tensor(e, gradient=1.0)
        for what in (e, graph):
            assert "grad 5" in texts(draw(what))
            assert not [text for text in texts(draw(what, grad=False)) if "grad" in text]
        assert "No gradients yet" in draw(e, grad=False).alt
        assert "grad 5" in texts(draw(graph, grad=True))
        assert graph.gradients(), "the record itself is as it was"

    def test_true_starts_from_1_whatever_backward_was_given(self):
        y = square()
        y.backward(10.0)
        assert "grad 60" in texts(draw(y)) and "grad 6" in texts(draw(y, grad=True))

    def test_more_than_one_number_needs_to_be_told_where_to_start(self):
        x = leaf([1.0, 2.0], "x")
        with pytest.raises(GradientError, match=r"shape \(2,\)\. Reduce it with \.sum\(\)"):
            draw(x * x, grad=True)

    def test_what_requires_no_gradient_says_so(self):
        with pytest.raises(GradientError, match="nothing that this tensor depends on requires one"):
            draw(bl.tensor(2.0) * 3.0, grad=True)

    def test_a_graph_without_a_sweep_says_so(self):
        for what in (Graph.from_tensor(formula()), ROWS["p"]):
            with pytest.raises(GradientError, match=r"Graph\.from_tensor\(t, gradient=1\.0\)"):
                draw(what, grad=True)

    @pytest.mark.parametrize("name", ["grad", "local", "saved"])
    @pytest.mark.parametrize("value", [1, "yes", 0.0])
    def test_a_switch_is_on_or_off(self, name, value):
        with pytest.raises(TypeError, match=f"{name} is switched on with True"):
            draw(formula(), **{name: value})


class TestLocalDerivatives:
    def test_numbers_stand_on_the_arrows_of_scalars(self):
        e = formula()
        shown = on_arrows(draw(e, local=True))
        names = {node["id"]: node["name"] for node in Graph.from_tensor(e).nodes}
        assert {tuple(told) for told in shown.values()} == {("× 1",), ("× 2",), ("× 3",), ()}
        found = {names[source] for (source, _), told in shown.items() if told == ["× 1"]}
        assert found == {"a", "b"}
        assert not any(on_arrows(draw(e)).values())

    def test_they_are_the_derivatives(self):
        x, y = leaf(3.0, "x"), leaf(2.0, "y")
        slopes = {
            ("+", 1.0, 1.0): x + y,
            ("−", 1.0, -1.0): x - y,
            ("×", 2.0, 3.0): x * y,
            ("÷", 0.5, -0.75): x / y,
            ("**", 6.0, 9 * np.log(3)): x**y,
        }
        for (_, *slope), z in slopes.items():
            told = [told[0] for told in on_arrows(draw(z, local=True)).values()]
            assert told == [f"× {f'{s:.4g}'.replace('-', '−')}" for s in slope]

    def test_two_arrows_in_one_show_both(self):
        (told,) = on_arrows(draw(square(), local=True)).values()
        assert told == ["× (3 + 3)"]

    def test_arrays_show_their_kind(self):
        told = [line for found in on_arrows(draw(network(), local=True)).values() for line in found]
        assert {"Xᵀ ·", "· Vᵀ", "× diagonal", "× identity", "× copy / n", "5 copies"} <= set(told)

    def test_a_difference_stands_in_brackets(self):
        X = bl.parameter(np.ones((2, 3)), name="X")
        (told,) = on_arrows(draw(bl.ops.softmax(X), local=True)).values()
        assert told == ["× (diag(z) − z zᵀ)"]

    def test_no_gradient_no_derivative(self):
        x, w = bl.tensor(2.0, name="x"), leaf(3.0, "w")
        assert sorted(on_arrows(draw(x * w, local=True)).values()) == [[], ["× 2"]]

    def test_they_are_told_apart_by_form_and_not_only_by_colour(self):
        picture = draw(formula(), local=True)
        style = next(elements(picture, "style")).text
        assert re.search(r"\.local[^{]*\{font-style:italic", style)
        drawn = [text for text in elements(picture, "text") if text.get("class") == "local"]
        assert len(drawn) == 5
        assert all("".join(text.itertext()).startswith("× ") for text in drawn)

    def test_what_is_no_number_is_shown(self):
        x = leaf(0.0, "x")
        with np.errstate(all="ignore"):
            told = on_arrows(draw(x.log(), local=True))
        assert list(told.values()) == [["× inf"]]

    def test_the_words_and_the_footnote_say_it(self):
        picture = draw(formula(), local=True)
        assert "Local derivatives: 1 from a to a + b; 1 from b to a + b; " in picture.alt
        assert [line for line in texts(picture) if line.startswith("× on an arrow: ")]
        large = draw(network() + network(), local=True).alt
        assert re.search(r"Local derivatives: 10 identity, 6 matmul, ", large)

    def test_rows_know_none(self):
        assert "Local" not in draw(ROWS["p"], local=True).alt


class TestSaved:
    def test_the_cards_say_for_whom(self):
        x = leaf(0.5, "x")
        h = (x * 2.0).tanh()
        found = texts(draw(h, saved=True))
        assert found.count("■ saved for ×") == 2  # x and 2
        assert found.count("■ saved for tanh") == 1  # its own result
        assert "■ saved: kept in memory until backward has run" in found
        assert not [text for text in texts(draw(h)) if "saved" in text]

    def test_it_is_what_the_nodes_really_hold(self):
        for make in (formula, neuron, order_matters):
            graph = Graph.from_tensor(make())
            held = set()
            for node in graph.nodes:
                for what in node["saved"]:
                    slots = {f"input {e['slot']}": e["from"] for e in graph.inputs()[node["id"]]}
                    held.add(slots.get(what, node["id"]))
            marked = {
                card.get("data-of")
                for card in elements(draw(graph, saved=True), "g")
                for text in card.iter(SVG + "text")
                if text.get("data-part") == "saved"
            }
            assert marked == held

    def test_an_array_of_its_own_is_marked_on_the_operator(self):
        class Masked(bl.Op):
            def forward(ctx, x):
                ctx.save_for_backward(x > 0)
                return x * (x > 0)

        picture = draw(Masked.apply(leaf([1.0, -1.0], "x")), saved=True)
        assert "■ saved for Masked" in texts(picture)
        assert "Saved for backward:" in picture.alt

    def test_many_readers_are_counted(self):
        x = leaf(0.5, "x")
        y = x.exp() * x + x.sin() + x.cos() + x.log()
        assert "■ saved for 4 operators" in texts(draw(y, saved=True))

    def test_the_words_say_it(self):
        x = leaf(0.5, "x")
        y = (x * x).tanh()
        assert "Saved for backward: x and y." in draw(y, saved=True).alt


@every_graph
def test_all_of_it_together_is_safe_xml(graph):
    picture = draw(graph, local=True, saved=True)
    ElementTree.fromstring(picture.svg)
    sizes = [float(text.get("font-size")) for text in elements(picture, "text")]
    assert min(sizes) >= 12


@pytest.mark.parametrize("name", NAMED_EIGHT)
def test_options_change_what_is_said_and_not_what_is_drawn(name):
    t = NAMED_EIGHT[name]()
    plain, full = draw(t), draw(t, grad=True, local=True, saved=True)
    assert {*on_arrows(plain)} == {*on_arrows(full)}
