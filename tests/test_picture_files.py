"""Pictures as files, and figures of matplotlib as pictures."""

import base64
import os
import re
import struct
import subprocess
import sys

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab.pictures import Picture, export, figure
from tests.graphs_to_draw import chain, formula, leaf, shown


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def pixels(path):
    image = pytest.importorskip("matplotlib.image")
    return image.imread(path)


class TestSave:
    def test_svg_is_the_picture_as_it_stands(self, tmp_path):
        picture = bl.draw(formula())
        picture.save(tmp_path / "e.svg")
        assert (tmp_path / "e.svg").read_text(encoding="utf-8") == picture.svg

    @pytest.mark.parametrize("scale", [1, 2, 0.5])
    def test_png_has_the_size_that_was_asked_for(self, tmp_path, scale):
        picture = bl.draw(formula())
        picture.save(str(tmp_path / "e.PNG"), scale=scale)
        found = png_size((tmp_path / "e.PNG").read_bytes())
        size = [float(x) for x in re.search(r'width="(\S+)" height="(\S+)"', picture.svg).groups()]
        assert all(abs(a - scale * b) <= 1 for a, b in zip(found, size, strict=True))

    def test_the_letters_are_there(self, tmp_path):
        """Without its font a PNG would show empty boxes."""
        for name in ("x", "y"):
            x = bl.tensor(2.0, requires_grad=True, name=name)
            bl.draw(x * 1.0).save(tmp_path / f"{name}.png")
        one, other = pixels(tmp_path / "x.png"), pixels(tmp_path / "y.png")
        assert one.shape == other.shape
        assert 10 < (np.abs(one - other).max(axis=2) > 0.3).sum() < 2000

    def test_a_png_is_light_and_the_same_each_time(self, tmp_path):
        for name in "ab":
            bl.draw(formula()).save(tmp_path / f"{name}.png")
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        assert np.median(pixels(tmp_path / "a.png")[..., :3]) > 0.95

    @pytest.mark.parametrize("name", ["e.pdf", "e", "png", "e.svg.txt"])
    def test_another_ending_is_refused_with_those_that_work(self, tmp_path, name):
        with pytest.raises(ValueError, match=r"saved as \.svg or \.png, and '.*' ends in neither"):
            bl.draw(formula()).save(tmp_path / name)
        assert not list(tmp_path.iterdir())

    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no folder '.*plots' .* os\.makedirs"):
            bl.draw(formula()).save(tmp_path / "plots" / "e.svg")

    @pytest.mark.parametrize("scale", [0, -1, 9, "2", True, None, float("nan")])
    def test_a_scale_is_a_number_that_makes_sense(self, tmp_path, scale):
        with pytest.raises(ValueError, match="scale says how many pixels"):
            bl.draw(formula()).save(tmp_path / "e.png", scale=scale)

    def test_words_alone_are_no_image(self, tmp_path):
        with pytest.raises(ValueError, match="no image to save here, only words: This graph has"):
            bl.draw(chain(301)).save(tmp_path / "e.svg")

    @pytest.mark.parametrize(
        ("package", "said"), [("resvg_py", "pip install resvg-py"), ("matplotlib", "matplotlib")]
    )
    def test_a_missing_package_is_named(self, tmp_path, monkeypatch, package, said):
        if package == "matplotlib":
            monkeypatch.setattr(export, "find_spec", lambda name: None)
        else:
            monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ImportError, match=said):
            bl.draw(formula()).save(tmp_path / "e.png")
        bl.draw(formula()).save(tmp_path / "e.svg")
        assert os.listdir(tmp_path) == ["e.svg"]

    @pytest.mark.parametrize("step", ["chmod", "replace"])
    def test_a_file_is_replaced_at_once_or_not_at_all(self, tmp_path, monkeypatch, step):
        path = tmp_path / "e.svg"
        path.write_text("before")

        def full(*args):
            raise OSError("disk full")

        monkeypatch.setattr(export.os, step, full)
        with pytest.raises(OSError, match="disk full"):
            bl.draw(formula()).save(path)
        assert path.read_text() == "before"
        assert os.listdir(tmp_path) == ["e.svg"]
        monkeypatch.undo()
        bl.draw(formula()).save(path)
        assert path.read_text(encoding="utf-8").startswith("<svg")

    def test_importing_the_pictures_loads_nothing_for_files(self):
        code = (
            "import sys, backprop_lab.pictures\n"
            "print([m for m in ('resvg_py', 'matplotlib') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout == "[]\n", done.stderr


class TestFigures:
    def make(self):
        plots = pytest.importorskip("matplotlib.figure")
        fig = plots.Figure(figsize=(4, 3))
        fig.subplots().plot([1.0, 4.0, 9.0])
        return fig

    def test_a_figure_is_a_picture_with_its_words(self):
        picture = figure(self.make(), 'A "curve" that bends\nupwards.')
        assert isinstance(picture, Picture)
        assert repr(picture) == picture.alt == 'A "curve" that bends upwards.'
        found = re.fullmatch(
            r'<div style="max-width:100%"><img alt="([^"<>]*)" style="[^"<>]*" width="(\d+)" '
            r'class="figure" src="data:image/png;base64,([^"]*)"></div>',
            shown(picture),
        )
        assert found.group(1) == "A &quot;curve&quot; that bends upwards."
        assert base64.b64decode(found.group(3)) == picture.png
        assert png_size(picture.png)[0] // 2 == int(found.group(2)), "sharp on dense screens"

    def test_a_notebook_shows_it_once_and_never_as_a_bare_image(self):
        formatters = pytest.importorskip("IPython.core.formatters")
        pyplot = pytest.importorskip("matplotlib.pyplot")
        fig, axes = pyplot.subplots()
        axes.plot([1, 2])
        data, _ = formatters.DisplayFormatter().format(figure(fig, "A line."))
        assert set(data) == {"text/plain", "text/html"}
        assert fig.number not in pyplot.get_fignums()

    def test_the_same_figure_gives_the_same_bytes(self):
        one, other = (figure(self.make(), "A curve.") for _ in range(2))
        assert one.html == other.html
        assert b"Software" not in one.png and b"matplotlib" not in one.png

    def test_its_ground_is_light_on_every_page(self, tmp_path):
        figure(self.make(), "A curve.").save(tmp_path / "f.png")
        corner = pixels(tmp_path / "f.png")[0, 0]
        assert list(corner) == [1, 1, 1, 1]

    def test_it_is_saved_as_png_only(self, tmp_path):
        picture = figure(self.make(), "A curve.")
        picture.save(tmp_path / "f.png")
        assert (tmp_path / "f.png").read_bytes() == picture.png
        with pytest.raises(ValueError, match=r"saved as \.png, and 'f.svg' ends in something else"):
            picture.save(tmp_path / "f.svg")

    @pytest.mark.parametrize("alt", ["", "  ", None, 3])
    def test_words_are_needed(self, alt):
        with pytest.raises(TypeError, match="alt says in words what the figure shows"):
            figure(self.make(), alt)

    def test_other_things_are_refused(self):
        with pytest.raises(TypeError, match="this is a list"):
            figure([1], "A list.")
        fig = self.make()
        with pytest.raises(TypeError, match=r"this is a Axes\. Give its \.figure\."):
            figure(fig.axes[0], "Axes.")

    def test_a_graph_is_still_drawn_by_draw(self):
        with pytest.raises(TypeError, match="this is a Tensor"):
            figure(leaf(1.0), "A leaf.")
