"""Where things stand in a picture: nothing overlaps, nothing is cut, always the same."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from backprop_lab import Graph, draw
from backprop_lab.pictures import picture_of
from backprop_lab.pictures.layout import HEAD, NEAR, WIDEST, TooLarge, place
from tests.graphs_to_draw import (
    HOSTILE,
    MODES,
    NAMED_EIGHT,
    ROWS,
    TENSORS,
    arranged,
    chain,
    every_graph,
    graphs,
    leaf,
    lstm_without_groups,
    overlap,
    rectangle,
)

# How many crossings of lines a picture of each may have; all fit a notebook at full size.
CROSSINGS = dict.fromkeys(NAMED_EIGHT, 0) | {"residual": 2}
LARGE = {"lstm_without_groups": lstm_without_groups}
DRAWN = {**NAMED_EIGHT, **TENSORS, **LARGE, **ROWS}
every_layout = pytest.mark.parametrize("mode", MODES)


@cache
def layout_of(name, mode):
    """Boxes, arrows and layout of a graph: {id: rectangle}, Arrows, Layout."""
    made = DRAWN[name]
    graph = Graph.from_tensor(made(), gradient=1.0) if callable(made) else Graph.from_rows(made)
    cards, arrows, layout = arranged(graph, **MODES[mode])
    boxes = {key: rectangle(layout.boxes[key], card.size) for key, card in cards.items()}
    return boxes, arrows, layout


def labels_of(arrows, layout):
    return [
        (arrow, corners, rectangle(middle, arrow.label))
        for arrow, corners, middle in zip(arrows, layout.arrows, layout.labels, strict=True)
        if arrow.label
    ]


def lines(corners):
    """The straight parts of an arrow, as boxes without an inside."""
    for (ax, ay), (bx, by) in pairwise(corners):
        yield min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def crossings(layout):
    """How often lines of different arrows cross."""
    found = 0
    for route, other in combinations(layout.arrows, 2):
        for p in lines(route):
            for q in lines(other):
                level, upright = (p, q) if p[1] == p[3] else (q, p)
                through = level[0] < upright[0] < level[2] and upright[1] < level[1] < upright[3]
                found += through and upright[0] == upright[2] and level[1] == level[3]
    return found


@every_layout
@pytest.mark.parametrize("name", DRAWN)
class TestLayout:
    def test_no_two_boxes_overlap(self, name, mode):
        boxes, _, _ = layout_of(name, mode)
        assert not [pair for pair in combinations(boxes.values(), 2) if overlap(*pair)]

    def test_no_label_covers_a_box_or_another_label(self, name, mode):
        boxes, arrows, layout = layout_of(name, mode)
        labels = [label for _, _, label in labels_of(arrows, layout)]
        assert not [pair for pair in combinations(labels, 2) if overlap(*pair)]
        assert not [(a, b) for a in labels for b in boxes.values() if overlap(a, b)]

    def test_no_line_runs_through_the_label_of_another_arrow(self, name, mode):
        _, arrows, layout = layout_of(name, mode)
        for arrow, _, label in labels_of(arrows, layout):
            for other, corners in zip(arrows, layout.arrows, strict=True):
                hit = other is not arrow and any(touches(line, label) for line in lines(corners))
                assert not hit, (arrow, other)

    def test_a_label_stands_by_its_own_arrow_and_leaves_the_head_free(self, name, mode):
        _, arrows, layout = layout_of(name, mode)
        for arrow, corners, label in labels_of(arrows, layout):
            left, top, right, bottom = label
            near = left - NEAR - 1, top - NEAR - 1, right + NEAR + 1, bottom + NEAR + 1
            assert any(touches(line, near) for line in lines(corners)), arrow
            tip = rectangle(corners[-1], (2 * HEAD - 2, 2 * HEAD - 2))
            assert not overlap(tip, label), arrow

    def test_no_arrow_runs_through_a_box(self, name, mode):
        boxes, arrows, layout = layout_of(name, mode)
        for arrow, corners in zip(arrows, layout.arrows, strict=True):
            for line in lines(corners):
                hit = [key for key, box in boxes.items() if touches(line, box)]
                assert not hit, arrow

    def test_arrows_are_upright_and_run_from_border_to_border(self, name, mode):
        boxes, arrows, layout = layout_of(name, mode)
        for arrow, corners in zip(arrows, layout.arrows, strict=True):
            assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(corners))
            for key, point in ((arrow.source, corners[0]), (arrow.reader, corners[-1])):
                left, top, right, bottom = boxes[key]
                x, y = point
                assert left - 1 <= x <= right + 1 and top - 1 <= y <= bottom + 1
                assert min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom)) <= 1

    def test_everything_is_inside_of_the_picture(self, name, mode):
        boxes, arrows, layout = layout_of(name, mode)
        labels = [label for _, _, label in labels_of(arrows, layout)]
        for left, top, right, bottom in [*boxes.values(), *labels]:
            assert left >= -1 and right <= layout.width + 1
            assert top >= -1 and bottom <= layout.height + 1


class TestSize:
    @every_layout
    @pytest.mark.parametrize("name", NAMED_EIGHT)
    def test_crossings_and_width_stay_within_budget(self, name, mode):
        _, _, layout = layout_of(name, mode)
        assert crossings(layout) <= CROSSINGS[name]
        assert layout.width <= 960

    def test_a_leaf_beside_each_reader_leaves_nothing_to_cross(self):
        assert crossings(layout_of("lstm_without_groups", "plain")[2]) == 0

    @pytest.mark.parametrize("options", [{}, {"local": True, "saved": True}], ids=str)
    @every_graph
    def test_a_picture_fits_the_page_at_full_size(self, graph, options):
        root = ElementTree.fromstring(picture_of(graph, **options).svg)
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

    def test_the_same_pictures_in_every_process(self):
        code = (
            "import backprop_lab as bl\n"
            "from backprop_lab.pictures import scene\n"
            "from tests.graphs_to_draw import NAMED_EIGHT\n"
            "for make in NAMED_EIGHT.values():\n"
            "    t = make()\n"
            "    print(bl.draw(t)._repr_html_(), bl.draw(t, local=True, saved=True).svg)\n"
            "    print(scene(bl.Graph.from_tensor(t, gradient=1.0), saved=True))"
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


MEASURE = """
const beyond = [];
for (const card of document.querySelectorAll("g.card")) {
  const outline = card.firstElementChild.getBBox();
  for (const text of card.querySelectorAll("text")) {
    const box = text.getBBox();
    const out = Math.max(outline.x - box.x, box.x + box.width - outline.x - outline.width);
    if (out > -2) beyond.push(`${text.textContent}: ${out.toFixed(1)}`);
  }
}
for (const arrow of document.querySelectorAll("g.arrow")) {
  const ground = arrow.querySelector(".chip");
  for (const text of ground ? arrow.querySelectorAll("text:not([data-part])") : []) {
    const box = text.getBBox(), around = ground.getBBox();
    const out = Math.max(around.x - box.x, box.x + box.width - around.x - around.width);
    if (out > 0) beyond.push(`${text.textContent}: ${out.toFixed(1)}`);
  }
}
document.body.textContent = "beyond: " + beyond.join("; ") + " (end)";
"""
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: no text can be measured")
@pytest.mark.parametrize("font", ["system-ui", "DejaVu Sans", "Verdana", "Arial"])
def test_text_stays_inside_its_card_in_a_real_browser(font, tmp_path):
    named = [(Graph.from_tensor(make(), gradient=1.0)) for make in NAMED_EIGHT.values()]
    pictures = [
        picture_of(graph, local=True, saved=True).svg for graph in [*graphs(backward=True), *named]
    ]
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
