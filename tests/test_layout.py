"""Where things stand in a picture: nothing overlaps, nothing is cut, always the same."""

import os
import re
import shutil
import subprocess
import sys
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from backprop_lab import Graph, draw
from backprop_lab.pictures.cards import sized
from backprop_lab.pictures.layout import WIDEST, TooLarge, place
from tests.graphs_to_draw import (
    HOSTILE,
    arranged,
    chain,
    every_graph,
    graphs,
    leaf,
    overlap,
    rectangle,
)


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
