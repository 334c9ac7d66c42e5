"""The Rosetta stone: the program computes what was recorded, and all columns show all things."""

import math
import re
import sys
import time
from html.parser import HTMLParser
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph, ops
from backprop_lab.pictures import values
from backprop_lab.pictures.arrows import make_arrows
from backprop_lab.pictures.cards import make_cards
from backprop_lab.pictures.view import view_of
from backprop_lab.widgets.notations import NOTATIONS
from backprop_lab.widgets.program import Program
from tests.graphs_to_draw import (
    HOSTILE,
    NAMED_EIGHT,
    chain,
    every_graph,
    formula,
    leaf,
    order_matters,
    overlap,
    rectangle,
    square,
)
from tests.scalar_graphs import Recipe

COMPUTE = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y,
    "/": lambda x, y: x / y, "**": lambda x, y: x**y, "sin": math.sin, "cos": math.cos,
    "exp": math.exp, "log": math.log, "tanh": math.tanh, "abs": abs, "sqrt": math.sqrt,
    "max": max, "min": min, "relu": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
}  # fmt: skip
SAME = ("sum", "mean", "logsumexp", "cast", "reshape", "broadcast")  # what they do to one number


def number(text, known):
    """A name that an earlier line has set, or a number, perhaps in brackets."""
    text = text[1:-1] if text.startswith("(") else text
    return known[text] if text in known else float(text)


def execute(line, known, leaves):
    """Run one line of a program over numbers: a very small interpreter, written for this test."""
    code = line.split("#")[0].strip()
    name, _, right = code.partition(" = ")
    assert name not in known, "a name is set once"
    if right in ("input", "weight", "constant"):
        known[name] = leaves[name]
    elif call := re.fullmatch(r"(\w+)\((.*)\)", right):
        read = [number(text, known) for text in call[2].split(", ")]
        same = call[1] in SAME or (call[1] in ("max", "min") and len(read) == 1)
        known[name] = read[0] if same else COMPUTE[call[1]](*read)
    elif infix := re.fullmatch(r"(\S+) (\S+) (\S+)", right):
        known[name] = COMPUTE[infix[2]](number(infix[1], known), number(infix[3], known))
    elif right.startswith("-") and right[1:] in known:
        known[name] = -known[right[1:]]
    else:
        known[name] = number(right.removesuffix("[…]"), known)


def scalar(node):
    return float(node["value"]["data"][0])


class Markup(HTMLParser):
    """The tags of a piece of HTML with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, text):
        self.text += text


def found(column):
    """The nodes and the edges of the record that a column has a part for, as two lists."""
    tags = [attributes for _, attributes in Markup(column["markup"]).tags]
    nodes = [tag["data-of"] for tag in tags if "data-of" in tag]
    edges = [edge for tag in tags for edge in tag.get("data-edges", "").split()]
    return nodes, edges


def told(graph):
    return bl.rosetta(graph).data


class TestProgram:
    def test_line_by_line_it_gives_the_recorded_values(self):
        rng = np.random.default_rng(0)
        ran = set()
        for _ in range(150):
            numbers = rng.uniform(-2, 2, int(rng.integers(1, 4)))
            recipe = Recipe(rng, int(rng.integers(1, 20)), [numbers])
            graph = Graph.from_tensor(recipe.run(numbers))
            program = Program(graph)
            leaves = {program.names[n["id"]]: scalar(n) for n in graph.nodes if n["op"] is None}
            known = {}
            for line in program.text().splitlines():
                execute(line, known, leaves)
            for node in graph.nodes:
                ran.add(node["op"])
                if node["id"] not in program.literals:
                    assert known[program.names[node["id"]]] == pytest.approx(
                        scalar(node), rel=1e-12
                    ), program.text()
        assert len(ran) > 20

    def test_it_is_written_as_one_would_write_it(self):
        x = bl.tensor([1.0, -2.0, 4.0, 8.0], requires_grad=True)
        w = bl.parameter(3.0)
        y = ops.sqrt(x[1:] ** 2).sum() * -w - (-0.1)
        assert repr(bl.rosetta(y)).splitlines() == [
            "x = input        # (4,)",
            "w = weight       # 3",
            "t1 = x[…]        # [-2, 4, 8]",
            "t2 = t1 ** 2     # [4, 16, 64]",
            "t3 = sqrt(t2)    # [2, 4, 8]",
            "t4 = sum(t3)     # 14",
            "t5 = -w          # -3",
            "t6 = t4 * t5     # -42",
            "y = t6 - (-0.1)  # -41.9",
        ]

    def test_numbers_in_a_formula_are_written_in_full(self):
        assert "a * 0.3333333333333333 " in repr(bl.rosetta(leaf(2.0, "a") * (1 / 3)))

    def test_constants_that_are_no_number_get_a_line(self):
        z = leaf([1.0, 2.0], "a") * [3.0, 4.0]
        assert repr(bl.rosetta(z)).splitlines()[1] == "t1 = constant  # [3, 4]"

    def test_names_come_from_the_caller_and_no_two_are_alike(self):
        a = bl.tensor(2.0, requires_grad=True)
        b, t1 = leaf(1.0, "a"), leaf(4.0)
        z = a * b + t1.exp()
        assert [line.split(" #")[0].strip() for line in repr(bl.rosetta(z)).splitlines()] == [
            "a = input", "a2 = input", "t1 = input", "t2 = a * a2", "t3 = exp(t1)", "z = t2 + t3",
        ]  # fmt: skip

    def test_rows_have_a_program_without_values(self):
        rows = {"c": ["+", "a", "1"], "a": ["input"], "1": ["constant"], "d": ["exp", "c"]}
        assert repr(bl.rosetta(rows)) == "a = input\nc = a + 1\nd = exp(c)"

    def test_a_number_that_nobody_reads_has_a_line(self):
        assert repr(bl.rosetta({"1": ["constant"]})) == "1 = constant"

    def test_unknown_and_infinite_values_are_named(self):
        with np.errstate(all="ignore"):
            z = (leaf(0.0, "a").log() - leaf(np.inf, "b")) * np.nan
        lines = repr(bl.rosetta(z)).splitlines()
        assert lines[-2:] == ["t2 = t1 - b   # -inf", "z = t2 * nan  # nan"]


class TestCorrespondence:
    @every_graph
    def test_every_node_and_every_edge_stands_in_every_column(self, graph):
        data = told(graph)
        nodes, edges = ({part["id"] for part in parts} for parts in (graph.nodes, graph.edges))
        assert {*data["keys"]} == nodes | edges
        assert {*data["keys"].values()} == {*range(len(data["things"]))}
        literals = Program(graph).literals
        for column in data["columns"]:
            of, read = found(column)
            assert {*of} | literals.keys() == nodes, column["title"]
            assert {*read} - nodes == edges, column["title"]
            assert {data["keys"][key] for key in of + read} == {*range(len(data["things"]))}

    @every_graph
    def test_a_thing_is_a_node_or_all_that_one_node_reads_from_another(self, graph):
        keys, literals = told(graph)["keys"], Program(graph).literals
        assert len({keys[node["id"]] for node in graph.nodes}) == len(graph.nodes)
        for one, other in combinations(graph.edges, 2):
            ends = {(edge["from"], None if edge["from"] in literals else edge["to"])
                    for edge in (one, other)}  # fmt: skip
            assert (keys[one["id"]] == keys[other["id"]]) == (len(ends) == 1)
        for edge in graph.edges:
            with_node = [n["id"] for n in graph.nodes if keys[n["id"]] == keys[edge["id"]]]
            assert with_node == ([edge["from"]] if edge["from"] in literals else [])

    def test_a_sentence_says_where_it_is_in_each(self):
        says = [thing["says"] for thing in told(Graph.from_tensor(formula()))["things"]]
        assert says == [
            "the input a: in 1 the leaf a; in 2 the circle a = 2; in 3 line 1.",
            "the input b: in 1 the leaf b; in 2 the circle b = 1; in 3 line 2.",
            "t1 = a + b: in 1 the box +; in 2 a small + and the circle t1 = 3; in 3 line 3.",
            "a, read by + to make t1: in 1 an arrow into the box +; in 2 an arrow into the small "
            "+; in 3 the name a in line 3.",
            "b, read by + to make t1: in 1 an arrow into the box +; in 2 an arrow into the small "
            "+; in 3 the name b in line 3.",
            "the number 1: in 1 a dashed leaf and its arrow; in 2 a dashed circle and its arrow; "
            "in 3 the 1 in line 4.",
            "t2 = b + 1: in 1 the box +; in 2 a small + and the circle t2 = 2; in 3 line 4.",
            "b, read by + to make t2: in 1 an arrow into the box +; in 2 an arrow into the small "
            "+; in 3 the name b in line 4.",
            "t3 = t1 * t2: in 1 the box ×; in 2 a small × and the circle t3 = 6; in 3 line 5.",
            "t1, read by × to make t3: in 1 an arrow into the box ×; in 2 an arrow into the small "
            "×; in 3 the name t1 in line 5.",
            "t2, read by × to make t3: in 1 an arrow into the box ×; in 2 an arrow into the small "
            "×; in 3 the name t2 in line 5.",
        ]

    def test_two_readings_by_one_operator_are_one_thing(self):
        graph = Graph.from_tensor(square())
        keys = told(graph)["keys"]
        assert len({keys[edge["id"]] for edge in graph.edges}) == 1
        assert "x, read twice by ×" in told(graph)["things"][2]["says"]


class TestValuesAsNodes:
    @every_graph
    def test_there_is_one_for_each_tensor_and_one_for_each_operator(self, graph):
        svg = ElementTree.fromstring(values.values_scene(graph)["svg"])
        cards = [g for g in svg.iter() if "card" in g.get("class", "").split()]
        small = [g.get("data-of") for g in cards if "badge" in g.get("class")]
        rounds = [g.get("data-of") for g in cards if "badge" not in g.get("class")]
        assert sorted(small) == sorted(n["id"] for n in graph.nodes if n["op"])
        assert sorted(rounds) == sorted(n["id"] for n in graph.nodes)

    @every_graph
    def test_arrows_run_from_one_kind_to_the_other(self, graph):
        svg = ElementTree.fromstring(values.values_scene(graph)["svg"])
        of = {g.get("data-node"): g.get("data-of") for g in svg.iter() if g.get("data-node")}
        arrows = [g for g in svg.iter() if g.get("class") == "arrow"]
        ends = [tuple(g.get(f"data-{end}") for end in ("source", "reader")) for g in arrows]
        made = {(of[a], of[b]) for a, b in ends if a.startswith("operator")}
        read = {(of[a], of[b]) for a, b in ends if a.startswith("value")}
        assert all(a.split("-")[0] != b.split("-")[0] for a, b in ends)
        assert made == {(node["id"], node["id"]) for node in graph.nodes if node["op"]}
        assert read == {(edge["from"], edge["to"]) for edge in graph.edges}

    def test_numbers_say_which_input_is_which(self):
        pins = re.findall(r'data-part="pin">([^<]*)<', values.values_scene(both_ways())["svg"])
        assert sorted(pins) == ["1", "2"]


def both_ways():
    return Graph.from_rows(
        {"x": ["input"], "y": ["input"], "s": ["+", "x", "y"], "d": ["-", "x", "s"]}
    )


def arrangements(graph):
    """Sizes, arrows and layout of the two pictures."""
    graph = Program(graph).graph
    view = view_of(graph, expand=True)
    cards = make_cards(view)
    spots, both = values.make_spots(graph), values.both_kinds(graph)
    for boxes, arrows in ((cards, make_arrows(view, cards)), (spots, make_arrows(both, spots))):
        sizes = {key: box.size for key, box in boxes.items()}
        yield sizes, arrows, values.downward(sizes, arrows)


class TestLayout:
    @pytest.mark.parametrize("name", [n for n in NAMED_EIGHT if n != "lstm_of_12_steps"])
    def test_nothing_overlaps_and_no_arrow_runs_through_a_box(self, name):
        for sizes, arrows, layout in arrangements(Graph.from_tensor(NAMED_EIGHT[name]())):
            boxes = {key: rectangle(layout.boxes[key], size) for key, size in sizes.items()}
            labels = [rectangle(at, arrow.label)
                      for at, arrow in zip(layout.labels, arrows, strict=True) if at]  # fmt: skip
            rectangles = [*boxes.values(), *labels]
            assert not [pair for pair in combinations(rectangles, 2) if overlap(*pair)]
            for corners in layout.arrows:
                for (ax, ay), (bx, by) in pairwise(corners):
                    line = min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)
                    assert not [key for key, box in boxes.items() if crosses(line, box)]

    @pytest.mark.parametrize("make", [formula, order_matters], ids=lambda make: make.__name__)
    def test_every_arrow_runs_down(self, make):
        for _, _, layout in arrangements(Graph.from_tensor(make())):
            assert layout.down
            assert all(corners[-1][1] > corners[0][1] for corners in layout.arrows)

    @every_graph
    def test_texts_fit_their_nodes(self, graph):
        for spot in values.make_spots(graph).values():
            for text, kind, size in spot.lines:
                assert values.width(text, size, bold="name" in kind) < spot.size[0] - 8
            assert sum(size for *_, size in spot.lines) + 4 < spot.height


def crosses(line, box):
    """Does a line run through the inside of a box, and not only along its border?"""
    left, top, right, bottom = box
    return line[0] < right - 1 and line[2] > left + 1 and line[1] < bottom - 1 and line[3] > top + 1


class TestPicture:
    def test_the_fallback_is_the_picture_with_the_program_in_its_words(self):
        shown = bl.rosetta(formula())
        page = Markup(shown._repr_html_())
        image = next(attributes for tag, attributes in page.tags if tag == "img")
        assert image["src"].startswith("data:image/svg+xml;base64,")
        assert "operators as nodes: a = input # 2; b = input # 1; t1 = a + b # 3;" in image["alt"]
        assert repr(shown) in page.text
        assert not hasattr(shown, "_repr_svg_") and not hasattr(shown, "_repr_mimebundle_")

    def test_it_is_the_same_byte_for_byte(self):
        assert bl.rosetta(order_matters()).html == bl.rosetta(order_matters()).html

    def test_nothing_is_fetched_from_outside(self):
        html = bl.rosetta(formula()).html.replace("http://www.w3.org/2000/svg", "")
        assert "://" not in html and "@import" not in html

    def test_gradients_stay_out_of_it(self):
        z = formula()
        before = bl.rosetta(z).data
        z.backward()
        assert bl.rosetta(z).data == before

    def test_the_graph_that_was_given_is_left_alone(self):
        graph = Graph.from_tensor(formula())
        before = graph.to_dict()
        bl.rosetta(graph)
        assert graph.to_dict() == before

    def test_one_more_notation_is_one_more_column(self, monkeypatch):
        class Names(NOTATIONS[2]):
            title = "Names"

            def node_words(self, node):
                return "a name"

        monkeypatch.setattr("backprop_lab.widgets.rosetta.NOTATIONS", (*NOTATIONS, Names))
        data = told(Graph.from_tensor(formula()))
        assert [column["title"] for column in data["columns"]][-1] == "Names"
        assert data["things"][0]["says"].endswith("in 3 line 1; in 4 a name.")


class TestBadInput:
    @pytest.mark.parametrize("what", [3.0, "z", None, [1], np.ones(2), ...], ids=repr)
    def test_anything_else_is_refused_with_a_sentence(self, what):
        with pytest.raises(TypeError, match=r"rosetta shows|nothing to show yet"):
            bl.rosetta(what)

    def test_rows_that_do_not_fit_are_named(self):
        with pytest.raises(ValueError, match="no row makes 'b'"):
            bl.rosetta({"a": ["exp", "b"]})

    @pytest.mark.parametrize("shape", [(), (0,), (2, 0), (3,), (3, 4)], ids=str)
    def test_a_leaf_alone_and_tensors_of_any_size(self, shape):
        x = leaf(np.zeros(shape), "x")
        assert len(told(Graph.from_tensor(x))["things"]) == 1
        assert len(told(Graph.from_tensor(x.exp()))["things"]) == 3

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_any_name_is_shown_as_text(self, name):
        shown = bl.rosetta(leaf(2.0, name) * leaf(3.0, name))
        assert len(repr(shown).splitlines()) == 3
        for column in shown.data["columns"]:
            kinds = {tag for tag, _ in Markup(column["markup"]).tags}
            assert kinds <= {"svg", "g", "rect", "path", "text", "tspan", "div", "span"}
        for column in shown.data["columns"][:2]:
            ElementTree.fromstring(column["markup"])
        assert shown._repr_html_().count("</script") == 1

    def test_a_longer_program_stands_alone(self):
        assert len(bl.rosetta(chain(40)).data["columns"]) == 3
        shown = bl.rosetta(chain(41))
        assert not hasattr(shown, "data")
        assert "up to 40 operators. This one has 41" in repr(shown)
        assert repr(shown).splitlines()[-1].startswith("t41 = sin(t40)")
        assert Markup(shown.html).text.endswith(Program(Graph.from_tensor(chain(41))).text())

    def test_a_huge_graph_gets_a_sentence_at_once(self):
        z = chain(20_000)
        start = time.perf_counter()
        shown = bl.rosetta(z)
        assert time.perf_counter() - start < 0.2
        assert "more than 300 operators" in repr(shown)

    def test_without_the_layout_engine_the_program_says_what_is_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "graphlay", None)
        shown = bl.rosetta(formula())
        assert "pip install graphlay" in shown.html and "t1 = a + b" in shown.html
