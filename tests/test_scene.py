"""The drawing that widgets bring to life: everything on it can be found, any number fits."""

import sys
from xml.etree import ElementTree

import pytest

import backprop_lab as bl
from backprop_lab import Graph
from backprop_lab.pictures import arrange, draw, scene, theme
from backprop_lab.pictures.arrows import make_arrows
from backprop_lab.pictures.cards import make_cards
from backprop_lab.pictures.text import content, roomy, width
from backprop_lab.pictures.view import view_of
from tests.graphs_to_draw import (
    HOSTILE,
    NAMED_EIGHT,
    SVG,
    chain,
    every_graph,
    formula,
    leaf,
    lstm,
    square,
)

WIDEST = "−1.235e−10"


def parts(graph, **options):
    root = ElementTree.fromstring(scene(graph, **options)["svg"])
    cards = {g.get("data-node"): g for g in root.iter(SVG + "g") if g.get("data-node")}
    arrows = [g for g in root.iter(SVG + "g") if g.get("data-source")]
    return cards, arrows


def part(card, name):
    found = [x for x in card.iter() if x.get("data-part") == name]
    assert len(found) == 1, (name, found)
    return found[0]


class TestContract:
    @every_graph
    def test_every_node_and_edge_can_be_found(self, graph):
        cards, arrows = parts(graph)
        assert {card.get("data-of") for card in cards.values()} == {n["id"] for n in graph.nodes}
        edges = [edge for arrow in arrows for edge in arrow.get("data-edges").split()]
        assert sorted(edges) == sorted(edge["id"] for edge in graph.edges)
        for arrow in arrows:
            assert {arrow.get("data-source"), arrow.get("data-reader")} <= set(cards)
            assert [x.get("class") for x in arrow][:2] == ["edge", "head"]

    @every_graph
    def test_every_card_has_a_value_and_a_gradient_to_be_changed(self, graph):
        cards, _ = parts(graph)
        kinds = {node["id"]: node["kind"] for node in graph.nodes}
        for key, card in cards.items():
            assert card.get("class") == f"card {kinds[key]}"
            title = part(card, "title")
            assert part(title, "value") is not None
            if kinds[key] != "constant":
                assert part(card, "gradient") is not None

    def test_the_parts_say_what_the_record_says(self):
        cards, arrows = parts(Graph.from_tensor(formula(), gradient=1.0))
        by_name = {"".join(part(c, "title").itertext()): c for c in cards.values()}
        assert part(by_name["b = 1"], "value").text == " = 1"
        assert part(by_name["b = 1"], "gradient").text == "grad 5"
        locals_ = {
            x.get("data-edge"): x.text
            for arrow in arrows
            for x in arrow.iter(SVG + "tspan")
            if x.get("data-part") == "local"
        }
        assert sorted(locals_.values()) == ["1", "1", "1", "2", "3"]

    def test_before_backward_the_places_are_there_and_empty(self):
        cards, _ = parts(Graph.from_tensor(square()))
        assert [part(card, "gradient").text for card in cards.values()] == [None, None]

    def test_parallel_edges_have_a_derivative_each(self):
        _, (arrow,) = parts(Graph.from_tensor(square(), gradient=1.0))
        spans = [x for x in arrow.iter(SVG + "tspan") if x.get("data-part") == "local"]
        assert [x.get("data-edge") for x in spans] == arrow.get("data-edges").split()
        assert [x.text for x in spans] == ["3", "3"]

    def test_a_leaf_beside_each_reader_can_be_found_as_one(self):
        graph = Graph.from_tensor(lstm(3), gradient=1.0)
        cards, _ = parts(graph)
        W = next(node["id"] for node in graph.nodes if node["name"] == "W")
        drawn = [key for key, card in cards.items() if card.get("data-of") == W]
        assert drawn == [f"{W}.1", f"{W}.2", f"{W}.3"]

    def test_a_group_lists_its_members(self):
        graph = Graph.from_tensor(lstm(12), gradient=1.0)
        cards, _ = parts(graph)
        groups = [card for card in cards.values() if "group" in card.get("class")]
        held = [key for card in groups for key in card.get("data-members").split()]
        assert len(groups) == 12 and len(held) == len(set(held)) == 12 * 17
        opened, _ = parts(graph, expand=True)
        assert set(held) <= set(opened)

    def test_it_brings_no_style_of_its_own_and_all_classes_have_one(self):
        used = set()
        for make in NAMED_EIGHT.values():
            drawn = scene(Graph.from_tensor(make(), gradient=1.0), saved=True)["svg"]
            root = ElementTree.fromstring(drawn)
            assert "<style" not in drawn and "<title" not in drawn
            for element in root.iter():
                if not element.tag.endswith("}g"):
                    used |= set((element.get("class") or "").split())
        for style in (theme.live_style(), theme.style()):
            assert all(f".{name}" in style for name in used), used

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_any_name_is_safe_in_it(self, name):
        x = bl.tensor(2.0, requires_grad=True, name=name)
        drawn = scene(Graph.from_tensor(x * x, gradient=1.0), saved=True)["svg"]
        allowed = {"svg", "rect", "g", "path", "text", "tspan"}
        assert {e.tag.removeprefix(SVG) for e in ElementTree.fromstring(drawn).iter()} <= allowed

    def test_its_size_is_that_of_the_markup(self):
        found = scene(Graph.from_tensor(formula()))
        root = ElementTree.fromstring(found["svg"])
        assert float(root.get("width")) == pytest.approx(found["width"], abs=0.1)
        assert float(root.get("height")) == pytest.approx(found["height"], abs=0.1)
        assert set(found) == {"svg", "width", "height"}


class TestRoom:
    """Whatever numbers are written into a scene, they stay where they belong."""

    def test_the_widest_number_fits_its_card(self):
        graph = Graph.from_tensor(formula(), gradient=1.0)
        cards = make_cards(view_of(graph), live=True)
        for card in cards.values():
            title, *more = card.lines
            said = width(title.name or "", title.size, bold=True) + width(
                " = " * bool(title.name), 14
            )
            assert said + width(WIDEST, title.size) <= card.tag
            for line in more:
                assert width(f"grad {WIDEST}", line.size) <= card.tag

    def test_the_widest_number_fits_its_arrow(self):
        view = view_of(Graph.from_tensor(formula(), gradient=1.0))
        for arrow in make_arrows(view, make_cards(view, live=True), local=True, live=True):
            if arrow.local:
                assert width(f"× {WIDEST}", 12.5) <= arrow.room
                assert width("× 0.1235", 12.5) <= arrow.ground <= arrow.room

    def test_other_numbers_give_the_same_layout(self):
        def made(a, b):
            graph = Graph.from_tensor((leaf(a, "a") + leaf(b, "b")).exp() * 2.0, gradient=1.0)
            view = view_of(graph)
            cards = make_cards(view, live=True)
            return arrange(cards, make_arrows(view, cards, local=True, live=True))

        assert made(1.0, 2.0) == made(-1.2345e-7, 0.5)

    def test_roomy_values_are_as_wide_as_numbers_get(self):
        assert content(roomy({"shape": [2], "data": [1.0, 2.0]})) == f"[{WIDEST}, {WIDEST}]"
        assert content(roomy({"shape": [5, 4], "data": [1.0] * 20})) == "5×4"

    def test_the_still_picture_takes_no_more_room_than_it_needs(self):
        graph = Graph.from_tensor(formula(), gradient=1.0)
        tight, wide = make_cards(view_of(graph)), make_cards(view_of(graph), live=True)
        assert all(tight[key].tag < wide[key].tag for key in tight)
        assert "−1.235" not in draw(graph).svg


class TestWithoutAScene:
    def test_too_large(self):
        assert scene(Graph.from_tensor(chain(301))) is None

    def test_no_layout_engine(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "graphlay", None)
        assert scene(Graph.from_tensor(formula())) is None
