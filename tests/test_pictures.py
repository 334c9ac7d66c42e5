"""Pictures: what is said, where things stand, and what a browser makes of them."""

import base64
import html
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph, draw
from backprop_lab.pictures import MOST, theme
from backprop_lab.pictures.cards import make_arrows, make_cards, sized
from backprop_lab.pictures.layout import WIDEST, TooLarge, place
from backprop_lab.pictures.words import bracketed

SVG = "{http://www.w3.org/2000/svg}"


def leaf(data, name=None):
    return bl.tensor(data, requires_grad=True, name=name)


def formula():
    a, b = leaf(2.0, "a"), leaf(1.0, "b")
    return (a + b) * (b + 1)


def uneven_diamond():
    a = leaf(3.0, "a")
    b = a**2
    return b * (b + a)


def square():
    x = leaf(3.0, "x")
    return x * x


def neuron():
    x, w, b = bl.tensor([2.0, -1.0], name="x"), bl.parameter([0.5, 1.5], name="w"), leaf(0.1, "b")
    return (((w * x).sum() + b).tanh() - leaf(0.7, "p")) ** 2


def network():
    rng = np.random.default_rng(0)
    X, T = bl.tensor(rng.normal(size=(5, 3)), name="X"), bl.tensor(np.ones((5, 2)), name="T")
    W, V = bl.parameter(rng.normal(size=(3, 4)), name="W"), bl.parameter(np.ones((4, 2)), name="V")
    b, c = bl.parameter(np.zeros(4), name="b"), bl.parameter(np.zeros(2), name="c")
    return (((X @ W + b).relu() @ V + c - T) ** 2).mean()


def chain(n=12):
    x = leaf(0.5, "x")
    for _ in range(n):
        x = x.sin()
    return x


def ladder(n=4):
    x = leaf(0.5, "x")
    for _ in range(n):
        x = x.sin() * x.exp()
    return x


def order_matters():
    x, y = leaf(3.0, "x"), leaf(2.0, "y")
    z = (x - y) / (y / x)
    return (z - z) + z ** (x - y)


def recurrent():
    rng = np.random.default_rng(1)
    W, U = bl.parameter(np.eye(4), name="W"), bl.parameter(np.ones((3, 4)), name="U")
    h = bl.tensor(np.zeros((1, 4)), name="h0")
    for step in range(3):
        h = (bl.tensor(rng.normal(size=(1, 3)), name=f"x{step}") @ U + h @ W).tanh()
    return (h * h).sum()


TENSORS = {
    make.__name__: make
    for make in (
        formula, uneven_diamond, square, neuron, network, chain, ladder, order_matters, recurrent,
    )
}  # fmt: skip
ROWS = {
    "p": {"x": ["input"], "p": ["sin", "x"], "f": ["*", "p", "x"]},
    "sheet": {
        "share": ["/", "tax", "total"],  # in the order in which somebody thought of them
        "net": ["*", "price", "amount"],
        "price": ["input"],
        "amount": ["input"],
        "tax": ["*", "net", "rate"],
        "rate": ["weight"],
        "total": ["+", "net", "tax"],
    },
    "apart": {"a": ["input"], "b": ["constant"], "c": ["exp", "a"]},
}


def graphs(backward):
    for make in TENSORS.values():
        output = make()
        yield Graph.from_tensor(output, gradient=1.0 if backward else None)
    yield from map(Graph.from_rows, ROWS.values())


NAMED = [
    pytest.param(graph, id=f"{name}{' after backward' * backward}")
    for backward in (False, True)
    for name, graph in zip([*TENSORS, *ROWS], graphs(backward), strict=True)
]
every_graph = pytest.mark.parametrize("graph", NAMED)


def elements(picture, tag):
    return ElementTree.fromstring(picture.svg).iter(SVG + tag)


def texts(picture):
    return ["".join(text.itertext()) for text in elements(picture, "text")]


def shown(picture):
    return picture._repr_html_()


def arranged(graph):
    cards = make_cards(graph)
    arrows = make_arrows(graph, cards)
    sizes = {key: card.size for key, card in cards.items()}
    return sizes, arrows, place(sizes, sized(arrows))


def rectangle(centre, size):
    (x, y), (wide, high) = centre, size
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def overlap(a, b, slack=0.5):
    return (
        min(a[2], b[2]) - max(a[0], b[0]) > slack and min(a[3], b[3]) - max(a[1], b[1]) > slack
    )  # fmt: skip


class TestLayout:
    @every_graph
    def test_no_two_boxes_overlap(self, graph):
        sizes, _, layout = arranged(graph)
        boxes = [rectangle(layout.boxes[key], size) for key, size in sizes.items()]
        assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]

    @every_graph
    def test_no_label_covers_a_box_or_another_label(self, graph):
        sizes, arrows, layout = arranged(graph)
        labels = [
            rectangle(at, size)
            for at, (_, _, size) in zip(layout.labels, sized(arrows), strict=True)
            if size
        ]
        boxes = [rectangle(layout.boxes[key], size) for key, size in sizes.items()]
        assert not [pair for pair in combinations(labels, 2) if overlap(*pair)]
        assert not [(a, b) for a in labels for b in boxes if overlap(a, b)]

    @every_graph
    def test_no_arrow_runs_through_a_box(self, graph):
        sizes, arrows, layout = arranged(graph)
        for (source, reader, _), corners in zip(arrows, layout.arrows, strict=True):
            for (ax, ay), (bx, by) in pairwise(corners):
                line = min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)
                for key, size in sizes.items():
                    box = rectangle(layout.boxes[key], size)
                    assert not touches(line, box), (source, reader, key)

    @every_graph
    def test_arrows_are_upright_and_run_from_border_to_border(self, graph):
        sizes, arrows, layout = arranged(graph)
        for (source, reader, _), corners in zip(arrows, layout.arrows, strict=True):
            assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(corners))
            for key, point in ((source, corners[0]), (reader, corners[-1])):
                left, top, right, bottom = rectangle(layout.boxes[key], sizes[key])
                x, y = point
                assert left - 1 <= x <= right + 1 and top - 1 <= y <= bottom + 1
                assert min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom)) <= 1

    @every_graph
    def test_a_picture_fits_the_page_at_full_size(self, graph):
        root = ElementTree.fromstring(draw(graph).svg)
        assert float(root.get("width")) <= WIDEST
        assert root.get("width") == root.get("viewBox").split()[2], "it was scaled down"

    def test_what_cannot_be_narrow_is_scaled_down(self):
        wide = [leaf(1.0, f"a_long_name_{i}") for i in range(10)]
        for _ in range(14):
            wide = [a.sin() + b.tanh() for a, b in zip(wide, wide[1:] + wide[:1], strict=True)]
            wide = wide[:-1] or wide
        root = ElementTree.fromstring(draw(wide[0]).svg)
        assert float(root.get("width")) == WIDEST
        assert float(root.get("viewBox").split()[2]) > WIDEST

    def test_a_long_chain_is_folded_into_rows(self):
        _, _, layout = arranged(Graph.from_tensor(chain(40)))
        assert not layout.down
        assert layout.height < 2 * layout.width

    def test_the_same_picture_in_every_process(self):
        code = (
            "import backprop_lab as bl\n"
            "a = bl.tensor(3.0, requires_grad=True); b = a**2; d = b * (b + a) - a / b\n"
            "d.backward(); print(bl.draw(d)._repr_html_())"
        )
        pictures = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("0", "1", "2024")
        }
        assert len(pictures) == 1
        assert "<img" in pictures.pop()

    def test_more_boxes_than_allowed_are_refused(self):
        with pytest.raises(TooLarge):
            place({n: (10, 10) for n in range(5)}, [], most=4)


def touches(line, box):
    """Does an upright line run through the inside of a box?"""
    return (
        line[0] < box[2] - 1 and line[2] > box[0] + 1 and line[1] < box[3] - 1
        and line[3] > box[1] + 1
    )  # fmt: skip


class TestWhatIsDrawn:
    def test_names_values_and_symbols_are_on_the_cards(self):
        a, b = leaf(2.0), leaf(1.0)
        c = a + b
        e = c * (b + 1)
        found = texts(draw(e))
        assert sorted(found) == sorted(
            ["a = 2", "b = 1", "1", "+", "c = 3", "+", "2", "×", "e = 6"]
        )

    def test_gradients_appear_with_backward_and_are_explained_once(self):
        e = formula()
        assert not [text for text in texts(draw(e)) if "grad" in text or "reached" in text]
        e.backward()
        found = texts(draw(e))
        assert {"grad 2", "grad 5", "grad 3", "grad 1"} <= set(found)
        assert [text for text in found if text.startswith("grad: ")] == [
            "grad: the gradient, how far e moves per unit of the tensor"
        ]

    def test_what_no_gradient_reached_says_so_and_never_0(self):
        loss = neuron()
        loss.backward()
        found = texts(draw(loss))
        assert found.count("not reached") == 1  # the input x; nobody asks for that of a constant
        assert "grad 0" not in found

    def test_a_gradient_that_is_0_is_shown(self):
        x = leaf(-1.0)
        y = x.relu()
        y.backward()
        assert "grad 0" in texts(draw(y))

    def test_more_than_one_number_has_a_cotangent_and_not_a_gradient(self):
        x = leaf([1.0, 2.0])
        y = x * x
        y.backward([1.0, -1.0])
        found = texts(draw(y))
        assert {"cotangent [2, −4]", "cotangent [1, −1]"} <= set(found)
        assert "cotangent: how far y, weighted by what backward() was given," in " ".join(found)

    def test_a_scaled_backward_says_so(self):
        y = square()
        y.backward(10.0)
        assert "grad 60" in texts(draw(y))
        assert "weighted by what backward() was given" in " ".join(texts(draw(y)))

    def test_large_arrays_show_their_shapes(self):
        loss = network()
        loss.backward()
        found = texts(draw(loss))
        assert {"X  5×3", "W  3×4", "b  (4,)", "c = [0, 0]", "grad 3×4", "grad (4,)"} <= set(found)

    def test_parallel_edges_are_one_arrow_marked_with_their_number(self):
        picture = draw(square())
        assert texts(picture).count("×2") == 1
        assert len([p for p in elements(picture, "path") if p.get("class") == "edge"]) == 1

    def test_inputs_are_numbered_where_their_order_matters(self):
        x, y = leaf(3.0), leaf(2.0)
        assert not {"1", "2"} & {*texts(draw(x + y)), *texts(draw(x * y))}
        for z in (x - y, x / y, x**y):
            assert {"1", "2"} <= {*texts(draw(z))}
        assert not {"1", "2"} & {*texts(draw(x - x))}

    def test_the_number_stands_beside_its_own_arrow(self):
        for rows in ({"z": ["-", "a", "b"]}, {"z": ["-", "b", "a"]}):
            graph = Graph.from_rows({"a": ["input"], "b": ["input"], **rows})
            numbers = make_cards(graph)["z"].pins
            assert [numbers[name] for name in rows["z"][1:]] == ["1", "2"]
            _, arrows, layout = arranged(graph)
            tips = {a: end[-1][1] for (a, _, _), end in zip(arrows, layout.arrows, strict=True)}
            drawn = {
                "".join(t.itertext()): float(t.get("y")) for t in elements(draw(graph), "text")
            }
            assert abs(drawn[numbers["a"]] - tips["a"]) < 10
            assert abs(drawn[numbers["b"]] - tips["b"]) < 10

    def test_a_repeated_input_among_others_keeps_its_places(self):
        class Mix(bl.Op):
            def forward(ctx, x, y, z):
                return x + 2 * y + 3 * z

        x, y = leaf(1.0), leaf(2.0)
        found = texts(draw(Mix.apply(x, y, x)))
        assert {"Mix", "1,3", "2"} <= set(found)
        assert "×2" not in found

    def test_each_kind_has_a_shape_of_its_own(self):
        w, x = bl.parameter(2.0), bl.tensor(3.0)
        picture = draw((w * x + 1).tanh())
        shapes = {}
        for card in elements(picture, "g"):
            kind = card[0].get("class")
            outlines = [line for line in card if line.get("class") == kind]
            shapes[kind] = [(o.tag, o.get("stroke-dasharray"), is_pill(o)) for o in outlines]
        assert {*shapes} == {"input", "weight", "constant", "op", "output"}
        assert len({str(shape) for shape in shapes.values()}) == 5, shapes

    def test_rows_show_symbols_and_names_alone(self):
        assert sorted(texts(draw(ROWS["p"]))) == sorted(["x", "sin", "p", "×", "f"])

    @pytest.mark.parametrize("data", [float("nan"), float("inf"), float("-inf")])
    def test_what_is_no_number_is_shown(self, data):
        x = leaf(data)
        assert f"x = {str(data).replace('-', '−')}" in texts(draw(x * 1))

    @pytest.mark.parametrize(
        ("data", "said"), [(np.zeros((0, 3)), "x  0×3"), (np.zeros(0), "x  (0,)")]
    )
    def test_empty_arrays_are_shown_by_their_shape(self, data, said):
        x = leaf(data)
        y = x.sum()
        y.backward()
        assert said in texts(draw(y))

    def test_a_leaf_alone_is_a_picture_too(self):
        w = bl.parameter([1.0, 2.0])
        assert texts(draw(w)) == ["w = [1, 2]"]
        assert str(draw(w)) == "Graph without operators: the weight w = [1, 2]."


def is_pill(outline):
    return outline.get("rx") is not None and 2 * float(outline.get("rx")) == float(
        outline.get("height")
    )


HOSTILE = [
    "<script>alert(1)</script>",
    "</text></svg><b>",
    "a&b;&lt;",
    "$x_1$",
    "\"quoted' `x`",
    "two\nlines\tand \x00\x1b[31m\x08 control",
    "n" * 200,
    "\u202eturned round",
    "שלום",
    "\ud800",
    "重み",
    "",
]


class TestNamesFromOutside:
    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_any_name_is_shown_safely(self, name):
        x = bl.tensor(2.0, requires_grad=True, name=name)
        y = x * x
        y.backward()
        picture = draw(y)
        allowed = {"svg", "title", "style", "rect", "g", "path", "text", "tspan"}
        assert {
            e.tag.removeprefix(SVG) for e in ElementTree.fromstring(picture.svg).iter()
        } <= allowed
        assert re.fullmatch(
            r'<div style="[^"<>]*"><img alt="[^"<>]*" style="[^"<>]*" src="[^"<>]*"></div>',
            shown(picture),
        )
        for said in [picture.alt, *texts(picture)]:
            kept = said.replace("\u2068", "").replace("\u2069", "")
            assert not [c for c in kept if unicodedata.category(c).startswith("C")]
            assert len(said) < 500

    def test_operators_and_rows_are_cleaned_as_well(self):
        picture = draw({"<b>": ["input"], "y\n": ["</text>", "<b>"]})
        assert sorted(texts(picture)) == ["</text>", "<b>", "y"]
        assert picture.alt == "Graph of y, from the input <b>. In 1 step: y = </text>(<b>)."

    def test_text_from_right_to_left_is_fenced_off(self):
        x = bl.tensor(2.0, requires_grad=True, name="שלום")
        assert "\u2068שלום\u2069 = 2" in texts(draw(x * x))


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


class TestDisplay:
    def test_a_notebook_gets_an_image_in_html_and_never_bare_svg(self):
        formatters = pytest.importorskip("IPython.core.formatters")
        picture = draw(formula())
        data, _ = formatters.DisplayFormatter().format(picture)
        assert set(data) == {"text/plain", "text/html"}
        assert data["text/plain"] == picture.alt
        assert "max-width:100%" in data["text/html"]
        assert "<svg" not in data["text/html"]

    def test_the_image_is_the_svg_and_needs_nothing_from_outside(self):
        picture = draw(formula())
        data = re.search(r"base64,([^\"]*)", shown(picture)).group(1)
        assert base64.b64decode(data).decode() == picture.svg
        addresses = re.findall(r"https?://[^\s\"']*", picture.svg)
        assert set(addresses) == {"http://www.w3.org/2000/svg"}
        assert "url(" not in picture.svg

    def test_dark_colours_come_with_the_picture(self):
        style = next(elements(draw(formula()), "style")).text
        assert "@media (prefers-color-scheme:dark)" in style
        for colour in (theme.LIGHT["panel"], theme.DARK["panel"]):
            assert colour in style

    def test_nothing_is_smaller_than_12_pixels(self):
        for graph in graphs(backward=True):
            sizes = [float(text.get("font-size")) for text in elements(draw(graph), "text")]
            assert min(sizes) >= 12

    @pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
    def test_text_and_lines_stand_out_from_their_ground(self, colours):
        fills = {kind: c[0] for kind, c in colours.items() if isinstance(c, tuple)}
        outlines = {kind: c[1] for kind, c in colours.items() if isinstance(c, tuple)}
        grounds = [*fills.values(), colours["panel"], colours["badge"]]
        for text in ("ink", "muted"):
            assert min(contrast(colours[text], ground) for ground in grounds) >= 4.5, text
        assert min(contrast(colours["gradient"], ground) for ground in fills.values()) >= 4.5
        for line in (*outlines.values(), colours["edge"]):
            assert contrast(line, colours["panel"]) >= 3, line


def contrast(a, b):
    """The contrast of two colours as the Web Content Accessibility Guidelines define it."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


class TestWithoutAPicture:
    def test_without_the_layout_engine_there_are_words_and_a_table(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "graphlay", None)
        e = formula()
        e.backward()
        picture = draw(e)
        assert picture.svg is None
        assert "Read twice: b." in picture.alt
        assert "needs the package graphlay" in shown(picture)
        assert "pip install graphlay" in shown(picture)
        assert "<td>e</td><td>×</td><td>a + b, b + 1</td><td>6</td><td>1</td>" in shown(picture)
        ElementTree.fromstring(f"<div>{shown(picture)}</div>")

    def test_the_table_is_safe_too(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "graphlay", None)
        assert "<script" not in shown(draw({"<script>": ["input"], "y": ["<script>", "<script>"]}))

    def test_a_graph_that_nobody_could_follow_gets_a_sentence_with_counts(self):
        picture = draw(chain(MOST + 1))
        assert picture.svg is None
        assert "has 301 operators" in picture.alt and "fewer steps or layers" in picture.alt
        rows = {"x0": ["input"]} | {f"x{i}": ["sin", f"x{i - 1}"] for i in range(1, 500)}
        assert "500 nodes and 499 edges" in draw(rows).alt

    def test_a_large_graph_is_counted_and_not_recorded(self, monkeypatch):
        monkeypatch.setattr(Graph, "from_tensor", None)
        assert "100,000 operators" in draw(chain(100_000)).alt

    def test_a_tangle_gets_the_sentence_as_well(self):
        weights = [leaf(1.0, f"w{i}") for i in range(10)]
        h = leaf(1.0, "h")
        for i in range(140):
            h = h * weights[i % 10]
        assert "151 nodes and 280 edges" in draw(h).alt

    @pytest.mark.parametrize("what", [3.0, np.ones(2), "x", None, [1, 2]])
    def test_what_cannot_be_drawn_is_refused_with_the_remedy(self, what):
        with pytest.raises(TypeError, match=r"compute with bl\.tensor"):
            draw(what)

    def test_an_answer_that_is_not_there_yet_is_no_mistake_of_kind(self):
        with pytest.raises(TypeError, match="nothing to draw yet"):
            draw(...)

    def test_rows_that_do_not_fit_are_named(self):
        with pytest.raises(ValueError, match="'e' reads 'c'"):
            draw({"a": ["input"], "e": ["*", "a", "c"]})


def test_importing_the_pictures_loads_no_layout_engine():
    code = "import sys, backprop_lab.pictures; print('graphlay' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# Run in the browser: for each group that is a card, how far its texts reach beyond its outline.
MEASURE = """
const beyond = [];
for (const card of document.querySelectorAll("svg > g")) {
  const outline = card.firstElementChild.getBBox();
  for (const text of card.querySelectorAll("text")) {
    const box = text.getBBox();
    const out = Math.max(outline.x - box.x, box.x + box.width - outline.x - outline.width);
    if (out > -2) beyond.push(`${text.textContent}: ${out.toFixed(1)}`);
  }
}
document.body.textContent = "beyond: " + beyond.join("; ") + " (end)";
"""
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: no text can be measured")
@pytest.mark.parametrize("font", ["system-ui", "DejaVu Sans", "Verdana", "Arial"])
def test_text_stays_inside_its_card_in_a_real_browser(font, tmp_path):
    pictures = [draw(graph).svg for graph in graphs(backward=True)]
    pictures += [draw(leaf(-1.2345e-12, name) * 2).svg for name in HOSTILE if name != "\ud800"]
    pictures += [draw({c * 9: ["input"], "y": [c * 5, c * 9, c * 9]}).svg for c in "Wm@ilQ8→é"]
    page = tmp_path / "page.html"
    page.write_text(
        f"<style>text {{ font-family: {font!r} !important }}</style>{''.join(pictures)}"
        f"<script>{MEASURE}</script>",
        encoding="utf-8",
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    done = subprocess.run(
        [CHROMIUM, *options, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "beyond:  (end)" in done.stdout, re.findall("beyond.*", done.stdout)
