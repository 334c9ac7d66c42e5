"""What of a record is drawn: folded groups, and leaves beside each of their readers."""

import re

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph, draw
from backprop_lab.pictures import MOST, picture_of, view
from backprop_lab.pictures.view import SMALL, WHOLE, count_drawn, operators_of, view_of
from tests.graphs_to_draw import (
    HOSTILE,
    chain,
    elements,
    every_graph,
    formula,
    leaf,
    lstm,
    residual,
    texts,
    uneven_diamond,
)


def in_groups(groups, each, name="t={}"):
    """A chain of sines, cut into groups."""
    x = leaf(0.5, "x")
    for i in range(groups):
        with bl.group(name.format(i)):
            for _ in range(each):
                x = x.sin()
    return x


def cards(picture, kind=None):
    """The cards of a picture, by their id."""
    found = {g.get("data-node"): g for g in elements(picture, "g") if g.get("data-node")}
    return {key: g for key, g in found.items() if kind in (None, g.get("class").split()[-1])}


def lines_on(card):
    return ["".join(text.itertext()) for text in card.iter() if text.tag.endswith("}text")]


def check_view(record, shown):
    """What holds for every view: a graph in forward order, and nothing of the record is lost."""
    place = {node["id"]: i for i, node in enumerate(shown.nodes)}
    assert len(place) == len(shown.nodes)
    assert all(place[edge["from"]] < place[edge["to"]] for edge in shown.edges)
    drawn = {node["alias_of"] or node["id"] for node in shown.nodes if node["kind"] != "group"}
    held = [member for members in shown.members.values() for member in members]
    assert sorted([*drawn, *held]) == sorted(node["id"] for node in record.nodes)
    inside = shown.inside()
    kept = {
        edge["id"]
        for edge in record.edges
        if inside.get(edge["from"]) is None or inside.get(edge["from"]) != inside.get(edge["to"])
    }
    assert sorted(edge["id"] for edge in shown.edges) == sorted(kept)


class TestSharedLeaves:
    def test_in_a_small_picture_a_leaf_stands_once(self):
        assert texts(draw(formula())).count("b = 1") == 1
        for t in (formula(), uneven_diamond(), residual()):
            record = Graph.from_tensor(t)
            assert view_of(record).nodes == record.nodes

    def test_in_a_small_picture_it_stands_once_however_far_its_readers_are_apart(self):
        W, h = bl.parameter(np.eye(2), name="W"), bl.tensor(np.zeros((1, 2)), name="h")
        for _ in range(10):
            h = (h @ W).tanh()
        assert texts(draw(h)).count("W  2×2") == 1

    def test_far_apart_readers_have_it_beside_each_of_them(self):
        record = Graph.from_tensor(lstm(3))
        shown = view_of(record)
        check_view(record, shown)
        W = next(node for node in record.nodes if node["name"] == "W")
        drawn = [node for node in shown.nodes if node["alias_of"] == W["id"]]
        readers = [[e["to"] for e in shown.edges if e["from"] == node["id"]] for node in drawn]
        assert [len(found) for found in readers] == [1, 1, 1]
        assert len({found[0] for found in readers}) == 3
        found = texts(picture_of(record))
        assert [f"use {i} of 3" for i in (1, 2, 3)] == sorted(
            {line for line in found if line.startswith("use ") and line.endswith("of 3")}
        )
        assert "use 2 of 3: the same leaf, drawn once beside each of its readers" in found

    def test_readers_close_to_each_other_share_one_card(self):
        x = leaf(2.0, "x")
        terms = [leaf(float(i), f"y{i}") * x for i in range(16)]
        while len(terms) > 1:  # a sum like a tournament: all products are 5 steps from its end
            terms = [a + b for a, b in zip(terms[::2], terms[1::2], strict=True)]
        record = Graph.from_tensor(terms[0])
        assert len(record.nodes) > SMALL
        assert view_of(record).nodes == record.nodes

    def test_a_tensor_that_an_operator_made_always_stands_once(self):
        h = (leaf(0.5, "x") * 1.0).sin()
        y = h
        for _ in range(30):
            y = y * h
        shown = view_of(Graph.from_tensor(y))
        assert not [node for node in shown.nodes if node["alias_of"] and node["op"]]
        assert not shown.uses

    def test_it_is_not_done_where_it_would_take_too_many_nodes(self):
        w = [leaf(1.0, f"w{i}") for i in range(10)]
        h = leaf(1.0, "h")
        for i in range(200):
            h = h * w[i % 10]
        assert len(view_of(Graph.from_tensor(h)).nodes) == 211

    @every_graph
    def test_every_view_is_a_graph(self, graph):
        for expand in (None, True, []):
            check_view(graph, view_of(graph, expand))


class TestGroups:
    def test_a_large_graph_is_folded_and_a_small_one_is_not(self):
        assert not cards(draw(in_groups(2, 39)), "group")
        picture = draw(in_groups(2, WHOLE // 2))
        assert len(cards(picture, "group")) == 2
        assert "Folded into 2 groups: t=0 and t=1." in picture.alt

    def test_a_card_says_its_name_what_it_holds_and_what_leaves_it(self):
        first, second, *_ = cards(draw(lstm(12)), "group").values()
        assert lines_on(first) == ["t=1", "17 operators", "→ h1  1×2, c1  1×2"]
        assert lines_on(second) == ["t=2", "17 operators", "→ h2  1×2, c2  1×2"]
        assert len(first.get("data-members").split()) == 17

    def test_expand_opens_some_and_true_opens_all(self):
        t = lstm(12)
        some = cards(draw(t, expand=["t=1", "t=12"]))
        assert len([g for g in some.values() if "group" in g.get("class")]) == 10
        assert len(some) == len(cards(draw(t))) + 2 * 16
        assert len(cards(draw(t, expand="t=1"), "group")) == 11
        assert not cards(draw(t, expand=True), "group")

    def test_an_empty_list_folds_a_small_graph_too(self):
        assert len(cards(draw(in_groups(3, 2), expand=[]), "group")) == 3

    def test_one_card_takes_in_its_own_weights_but_not_inputs_nor_shared_ones(self):
        x, shared = bl.tensor([1.0, 2.0], name="x"), bl.parameter([1.0, 1.0], name="shared")
        h = x
        for i in range(2):
            with bl.group(f"layer {i}"):
                h = (h * bl.parameter([1.0, 3.0], name=f"w{i}") + shared) * 2.0
        picture = draw(h.sum(), expand=[])
        found = [lines_on(card)[:2] for card in cards(picture, "group").values()]
        assert found == [[f"layer {i}", "3 operators, 1 weight"] for i in range(2)]
        assert {"x = [1, 2]", "shared = [1, 1]"} <= set(texts(picture))
        assert not {"w0 = [1, 3]", "2"} & set(texts(picture))

    def test_all_that_goes_from_one_group_to_the_next_is_one_arrow(self):
        picture = draw(lstm(12))
        between = [
            arrow
            for arrow in elements(picture, "g")
            if (arrow.get("data-source") or "")[0:1] == "g" == (arrow.get("data-reader") or "")[0:1]
        ]
        assert len(between) == 11
        assert texts(picture).count("2 tensors") == 11
        assert all(len(arrow.get("data-edges").split()) == 2 for arrow in between)

    def test_groups_within_groups_open_one_by_one(self):
        x = leaf(0.5, "x")
        for outer in "ab":
            with bl.group(outer):
                for inner in "12":
                    with bl.group(inner):
                        x = x.sin().cos()
        names = lambda **how: [  # noqa: E731
            lines_on(card)[0] for card in cards(draw(x, **how), "group").values()
        ]
        assert names(expand=[]) == ["a", "b"]
        assert names(expand=["a"]) == ["a / 1", "a / 2", "b"]
        assert names(expand=["a", "a / 1"]) == ["a / 2", "b"]

    def test_a_name_that_comes_back_is_a_group_of_its_own_so_that_nothing_runs_in_circles(self):
        x = leaf(0.5, "x")
        for _ in range(3):
            with bl.group("cell"):
                x = x.sin()
            x = x.exp()
        record = Graph.from_tensor(x)
        shown = view_of(record, expand=[])
        check_view(record, shown)
        groups = [node["name"] for node in shown.nodes if node["kind"] == "group"]
        assert groups == ["cell", "cell (2)", "cell (3)"]

    def test_the_view_is_made_of_the_same_plain_data_as_the_record(self):
        jsonschema = pytest.importorskip("jsonschema")
        import json
        from importlib.resources import files

        schema = json.loads((files("backprop_lab.graph") / "graph.schema.json").read_text())
        shown = view_of(Graph.from_tensor(lstm(12)))
        assert {"group", "weight"} <= {node["kind"] for node in shown.nodes}
        record = {"nodes": shown.nodes, "edges": shown.edges, "events": []}
        jsonschema.validate(record, schema)

    def test_without_groups_the_picture_says_what_would_fold_it(self):
        picture = draw(chain(100))
        assert 'with bl.group("t=1"), a step or a layer is folded into one node' in picture.alt
        assert any(line.startswith("with bl.group(") for line in texts(picture))
        small = draw(chain(20))
        assert "bl.group" not in " ".join([small.alt, *texts(small)])

    def test_with_groups_the_picture_says_how_to_open_one(self):
        assert 'opens a group: bl.draw(t, expand=["t=1"])' in texts(draw(lstm(12)))

    @pytest.mark.parametrize("name", HOSTILE[:-1], ids=ascii)
    def test_any_name_of_a_group_is_shown_safely(self, name):
        picture = draw(in_groups(2, 3, name.replace("{", "") + "{}"), expand=[])
        assert len(cards(picture, "group")) == 2
        assert not re.search(r"[\x00-\x1f\u202e]", picture.alt)

    def test_an_unknown_group_is_named_beside_those_there_are(self):
        with pytest.raises(ValueError, match=r"'t=9', and the groups here are 't=0', 't=1'\."):
            draw(in_groups(2, 2), expand=["t=9"])
        with pytest.raises(ValueError, match=r"there are no groups here: see bl\.group"):
            draw(formula(), expand=["t=9"])

    @pytest.mark.parametrize("expand", [3, [1], {"t": 1}, 0.5])
    def test_anything_else_is_refused(self, expand):
        with pytest.raises(TypeError, match=r"expand takes the names of groups"):
            draw(formula(), expand=expand)


class TestLimits:
    def test_the_limit_counts_what_would_be_drawn(self):
        picture = draw(in_groups(12, 84))
        assert picture.svg and "In 1008 steps" in picture.alt
        assert len(cards(picture, "group")) == 12
        assert "1,008 operators" in draw(in_groups(12, 84), expand=True).alt
        assert draw(in_groups(12, 84), expand=["t=3"]).svg
        assert draw(in_groups(MOST + 1, 1)).svg is None

    def test_nothing_is_recorded_or_arranged_for_what_is_too_large(self, monkeypatch):
        monkeypatch.setattr(Graph, "from_tensor", None)
        monkeypatch.setattr(view, "fold", None)
        for t in (in_groups(MOST + 1, 2), in_groups(4, 1000), chain(MOST + 1)):
            assert "more than the eye can follow" in draw(t).alt

    def test_counting_walks_no_further_than_it_must(self):
        output = chain(10_000)
        read = []

        class Watched:
            def __init__(self, node):
                self.node, self.number = node, node.number

            @property
            def inputs(self):
                read.append(self.node)
                return [type("X", (), {"grad_fn": x.grad_fn and Watched(x.grad_fn)}) for x in
                        self.node.inputs]  # fmt: skip

        start = type("T", (), {"grad_fn": Watched(output.grad_fn)})
        assert operators_of(start, 100) is None
        assert len(read) <= 101

    @pytest.mark.parametrize("expand", [None, True, [], ["t=1"]])
    def test_what_is_counted_beforehand_is_what_is_drawn(self, expand):
        t = lstm(8)
        shown = view_of(Graph.from_tensor(t), expand)
        drawn = [node for node in shown.nodes if node["op"] or node["kind"] == "group"]
        assert count_drawn(operators_of(t, 3000), expand) == len(drawn)


def test_a_group_may_hold_the_output():
    with bl.group("all"):
        y = (leaf(2.0, "x") * 3.0).exp()
    y.backward()
    picture = draw(y, expand=[], saved=True, local=True)
    (card,) = cards(picture, "group").values()
    assert lines_on(card) == ["all", "2 operators", "→ y = 403.4", "■ saved: 3 tensors"]


def test_arrays_in_groups_keep_their_shape_and_hide_no_gradient_of_a_weight():
    t = lstm(12)
    t.backward()
    found = texts(draw(t))
    assert found.count("grad 3×8") == 12
    assert np.isfinite(t.item())
