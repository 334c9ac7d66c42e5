"""What a picture shows, and that it shows anything safely."""

import base64
import re
import subprocess
import sys
import unicodedata
from xml.etree import ElementTree

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph, draw, pictures
from backprop_lab.pictures import MOST, theme
from tests.graphs_to_draw import (
    HOSTILE,
    ROWS,
    SVG,
    arranged,
    chain,
    elements,
    formula,
    graphs,
    leaf,
    network,
    neuron,
    shown,
    square,
    texts,
)


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
            ids = {node["name"]: node["id"] for node in graph.nodes}
            cards, arrows, layout = arranged(graph)
            pins = cards[ids["z"]].pins
            numbers = {name: pins[ids[name]] for name in rows["z"][1:]}
            assert [*numbers.values()] == ["1", "2"]
            tips = {a.source: end[-1][1] for a, end in zip(arrows, layout.arrows, strict=True)}
            drawn = {
                "".join(t.itertext()): float(t.get("y")) for t in elements(draw(graph), "text")
            }
            assert abs(drawn[numbers["a"]] - tips[ids["a"]]) < 10
            assert abs(drawn[numbers["b"]] - tips[ids["b"]]) < 10

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
        with bl.group("layer"):
            h = w * x
        picture = draw((h + w + 1).exp().tanh(), expand=[])
        shapes = {}
        for card in elements(picture, "g"):
            if not card.get("class").startswith("card"):
                continue
            kind = card[0].get("class")
            assert card.get("class") == f"card {kind}"
            outlines = [line for line in card if line.get("class") == kind]
            shapes[kind] = [(o.tag, o.get("stroke-dasharray"), is_pill(o)) for o in outlines]
        assert {*shapes} == {"input", "weight", "constant", "op", "output", "group"}
        assert len({str(shape) for shape in shapes.values()}) == 6, shapes

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

    def test_a_large_graph_is_not_even_walked_to_its_end(self, monkeypatch):
        monkeypatch.setattr(Graph, "from_tensor", None)
        monkeypatch.setattr(pictures, "place", None)
        assert "more than 3,000 operators" in draw(chain(100_000)).alt
        assert "has 2,000 operators" in draw(chain(2000)).alt

    def test_a_tangle_gets_the_sentence_as_well(self):
        rng = np.random.default_rng(0)
        made = [leaf(1.0, "x"), leaf(2.0, "y")]
        for _ in range(200):
            made.append(made[rng.integers(len(made))] + made[-1])
        assert "202 nodes and 400 edges: more than the eye can follow" in draw(made[-1]).alt

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
