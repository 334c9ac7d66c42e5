"""The stepper's data and words: one sentence for each event, and what cannot be stepped through."""

import json
import re
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph, ops
from backprop_lab import graph as graph_module
from backprop_lab.errors import DataError
from backprop_lab.pictures import Picture
from backprop_lab.pictures.text import number
from backprop_lab.widgets.page import Interactive
from backprop_lab.widgets.stepper import numbers, pack, payload, with_names
from backprop_lab.widgets.trace import Story, tell
from backprop_lab.widgets.wrong_sweeps import wrong_sweeps
from tests.graphs_to_draw import HOSTILE, NAMED_EIGHT, TENSORS, chain, leaf, network
from tests.scalar_graphs import growing

EVERY = NAMED_EIGHT | TENSORS


def record(make):
    return with_names(Graph.from_tensor(make(), gradient=1.0))


def two_roads():
    x, y = leaf(1.2, "x"), leaf(0.7, "y")
    p = x * y
    p.name = "p"
    f = (p + x.sin()) * p
    f.name = "f"
    return f


def test_the_words_of_a_small_graph():
    assert tell(record(two_roads)) == [
        "Forward through ×: p = x × y = 0.84.",
        "Forward through sin: sin(x) = 0.932.",
        "Forward through +: p + sin(x) = 1.772.",
        "Forward through ×: f = (p + sin(x)) × p = 1.489.",
        "Backward starts at f: its gradient is 1.",
        "Backward through × to p + sin(x): 1 × 0.84 = 0.84.",
        "Backward through × to p: 1 × 1.772 = 1.772; it is the first of 2 messages.",
        "Backward through + to p: 0.84 × 1 = 0.84; p had 1.772, now 2.612. Both messages are in.",
        "Backward through + to sin(x): 0.84 × 1 = 0.84.",
        "Backward through sin to x: 0.84 × 0.3624 = 0.3044; it is the first of 2 messages.",
        "Backward through × to x: 2.612 × 0.7 = 1.828; x had 0.3044, now 2.133. "
        "Both messages are in.",
        "Backward through × to y: 2.612 × 1.2 = 3.134.",
    ]


def test_between_tensors_shapes_and_kinds_stand_for_numbers():
    told = tell(record(network))
    assert "Forward through @: X @ W of shape 5×4." in told
    assert "Backward through @ to W: Xᵀ · 5×4 = 3×4." in told
    assert (
        "Backward through + to b: gradient 5×4, local derivative identity, summed over 5 copies, "
        "message (4,)." in told
    )


def test_a_cotangent_is_called_so_and_starts_from_what_backward_was_given():
    x = leaf([1.0, 2.0], "x")
    y = x * x
    y.backward(np.array([3.0, -1.0]))
    before = x.grad.copy()
    told = str(bl.step(y)).splitlines()
    assert told[1] == "Backward starts at y: its cotangent is [3, −1]."
    assert told[3].endswith("x had [3, −2], now [6, −4]. Both messages are in.")
    np.testing.assert_array_equal(x.grad, before)


@pytest.mark.parametrize("name", EVERY)
def test_every_event_has_one_sentence_with_the_names_of_what_takes_part(name):
    graph = record(EVERY[name])
    story, told = Story(graph), tell(graph)
    assert len(told) == len(graph.events)
    for event, sentence in zip(graph.events, told, strict=True):
        assert sentence.endswith(".") and "\n" not in sentence
        key = event.get("node") or story.edges[event["edge"]]["from"]
        assert story.called["titles"][key] in sentence
        start = {"forward": "Forward", "seed": "Backward starts", "vjp": "Backward through"}
        assert sentence.startswith(start[event["event"]])


def test_counts_agree_with_what_the_record_says_is_still_awaited():
    for recipe, row, _ in growing(20):
        graph = Graph.from_tensor(recipe.run(row), gradient=1.0)
        story = Story(graph)
        for event in graph.events:
            story.tell(event)
            if event["event"] == "vjp":
                source = story.edges[event["edge"]]["from"]
                assert story.due[source] - len(story.heard[source]) == event["awaited"]


def test_a_wrong_sweep_tells_what_it_does():
    a = leaf(3.0, "a")
    b = a**2
    d = b * (b + a)
    b.name, d.name = "b", "d"
    graph = Graph.from_tensor(d, gradient=1.0)
    told = {s["id"]: tell(graph, s["events"]) for s in wrong_sweeps(d, graph)}
    assert any("a had 9, and = leaves 54" in line for line in told["overwrite"])
    assert any(line.endswith("Too early: b had heard 1 of 2.") for line in told["depth-first"])
    assert any("This message had come before." in line for line in told["recursion"])
    again = "Backward starts at d once more: its gradient is 1. The leaves have been zeroed."
    assert again in told["zero-leaves"]
    assert any("a had been zeroed. It is the first of 2" in line for line in told["zero-leaves"])


def test_tensors_without_a_name_get_one_where_a_sentence_has_to_point_at_them():
    x, y = leaf(2.0), leaf(3.0)
    graph = record(lambda: ((x * y).sin() * (x + y).exp()).tanh() * 2.0)
    names = [node["name"] for node in graph.nodes if node["kind"] != "constant"]
    assert names[:2] == ["x1", "x2"]
    titles = [Story(graph).called["titles"][node["id"]] for node in graph.nodes]
    assert len({*titles}) == len(titles)
    assert with_names(graph) == graph


class TestWhatCannotBeSteppedThrough:
    @pytest.mark.parametrize("what", [{"a": ["input"]}, 3.0, None, np.ones(2), "x", ..., [1]])
    def test_what_is_no_tensor_is_refused_with_a_sentence(self, what):
        with pytest.raises(TypeError, match=r"step|show") as caught:
            bl.step(what)
        assert isinstance(caught.value, DataError)

    def test_a_graph_without_numbers_is_refused(self):
        with pytest.raises(TypeError, match="made from rows"):
            bl.step(Graph.from_rows({"a": ["input"], "b": ["exp", "a"]}))

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: chain(301), "301 operators"),
            (lambda: leaf(np.ones((5, 4)), "h") * 2, r"has shape \(5, 4\).*backward\(gradient\)"),
            (lambda: leaf(2.0, "x"), "has no graph"),
            (lambda: bl.tensor(2.0) * 3, "requires_grad=True"),
        ],
    )
    def test_a_sentence_says_what_to_do_at_once(self, make, words):
        t = make()
        started = time.perf_counter()
        picture = bl.step(t)
        assert time.perf_counter() - started < 0.2
        assert not isinstance(picture, Interactive) and isinstance(picture, Picture)
        assert re.search(words, picture.alt)
        assert "<p>" in picture.html

    def test_a_group_that_is_not_there_is_named(self):
        with pytest.raises(ValueError, match="no-such"):
            bl.step(two_roads(), expand=["no-such"])


class TestSafety:
    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_no_name_breaks_out_of_the_page(self, name):
        html = bl.step(leaf(2.0, name) * leaf(3.0, name)).html
        assert html.count("<script>") == html.count("</script>") == 1
        assert "alert(1)</script>" not in html

    @pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, 5e-324])
    @pytest.mark.filterwarnings("error")
    def test_any_number_is_told(self, x):
        with np.errstate(all="ignore"):
            picture = bl.step((leaf(x, "x") * leaf(2.0, "y")).exp())
        assert f"x × y = {number(float(x) * 2)}" in picture.alt
        json.dumps(picture.data, allow_nan=False)

    def test_empty_arrays_are_told(self):
        picture = bl.step((leaf(np.ones((0, 3)), "x") * 2).sum())
        assert "0×3" in picture.alt

    def test_nothing_is_changed_by_looking(self):
        x = leaf(2.0, "x")
        y = x * x
        bl.step(y)
        assert x.grad is None and y.seed is None

    def test_the_same_output_twice_and_nothing_from_outside(self):
        for make in (two_roads, network):
            first, second = bl.step(make()).html, bl.step(make()).html
            assert first == second
            assert "http" not in first.replace("http://www.w3.org", "")
            assert "image/svg+xml;base64" in first and first.startswith("<div")


def test_a_console_has_all_steps_of_a_short_graph_and_the_number_of_others():
    graph = record(two_roads)
    assert str(bl.step(graph)).splitlines() == tell(graph)
    lines = str(bl.step(chain(80))).splitlines()
    assert lines[-1] == "… and 101 more steps."


def test_three_hundred_nodes_take_less_than_two_seconds():
    t = chain(299)
    started = time.process_time()
    bl.step(t)
    assert time.process_time() - started < 2


def test_the_data_is_small_and_holds_full_doubles():
    t = network()
    graph = Graph.from_tensor(t, gradient=1.0)
    data = payload(graph, wrong_sweeps(t, graph))
    assert len(json.dumps(data)) < 100_000
    small = {n["id"]: n["value"] for n in graph.nodes if len(n["value"]["data"]) <= 3}
    for node in data["graph"]["nodes"]:
        if node["id"] in small:
            assert node["value"] == small[node["id"]]


@pytest.mark.parametrize("name", EVERY)
def test_the_record_in_the_page_keeps_the_contract(name):
    schema = Path(graph_module.__file__).with_name("graph.schema.json").read_text()
    jsonschema.validate(payload(record(EVERY[name]))["graph"], json.loads(schema))


def test_packed_sweeps_keep_every_message():
    t = two_roads()
    graph = Graph.from_tensor(t, gradient=1.0)
    for sweep in wrong_sweeps(t, graph):
        packed = pack(sweep["events"])
        backward = [event for event in sweep["events"] if event["event"] != "forward"]
        assert len(packed) == len(backward)
        for short, event in zip(packed, backward, strict=True):
            if event["event"] == "vjp":
                found = [event["edge"], numbers(event["contribution"]), numbers(event["total"])]
                assert short == [*found, int("overwrites" in event)]


def test_both_views_of_a_graph_with_groups_are_there():
    x = leaf(0.5, "x")
    with bl.group("first"):
        y = x.sin().exp()
    with bl.group("second"):
        z = (y * x).tanh()
    scenes = bl.step(z).data["scenes"]
    assert [title for title, _ in scenes] == ["every node", "groups folded"]
    scenes = bl.step(z, expand=["first"]).data["scenes"]
    assert [title for title, _ in scenes] == ["groups folded", "every node"]
    assert len(bl.step(ops.exp(x)).data["scenes"]) == 1


def test_a_function_is_not_stepped_through_forward_alone():
    with pytest.raises(DataError, match=r"bl\.step\(f\(x\), backward=False\)"):
        bl.step(lambda x: x * x, 3.0, backward=False)
