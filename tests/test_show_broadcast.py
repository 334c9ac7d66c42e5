"""The picture of a broadcast: its numbers are NumPy's and the engine's, in Python and on the page.

What it promises as a widget like all others is tested in test_widgets_*.py.
"""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.errors import DataError, ShapeError
from backprop_lab.pictures.text import number
from backprop_lab.widgets.tiles import fits, places
from tests.graphs_to_draw import SVG

RNG = np.random.default_rng(5)
SHAPES = [
    ((3,), (4, 3)), ((3, 1), (3, 4)), ((), (2, 3)), ((), ()), ((1,), (5,)), ((2,), (2,)),
    ((2, 1), (3, 2, 4)), ((2, 1, 2), (2, 3, 2)), ((1, 3), (4, 3)), ((1, 1), (1, 4)), ((1,), (1,)),
]  # fmt: skip
every_shape = pytest.mark.parametrize(("small", "large"), SHAPES, ids=str)


def shown(small, large):
    x, z_bar = RNG.normal(size=small), RNG.normal(size=large)
    return x, z_bar, bl.show_broadcast(x, large, z_bar)


@every_shape
def test_copies_and_sums_are_numpys(small, large):
    x, z_bar, picture = shown(small, large)
    data = json.loads(json.dumps(picture.data, allow_nan=False))
    assert np.array_equal(np.reshape(data["values"], large), np.broadcast_to(x, large))
    assert np.array_equal(np.reshape(data["cotangents"], large), z_bar)
    expected = np.zeros(max(x.size, 1))
    for home, message in zip(data["homes"], data["cotangents"], strict=True):
        assert x.ravel()[home] == data["values"][data["cotangents"].index(message)]
        expected[home] += message
    np.testing.assert_allclose(data["sums"], expected, rtol=1e-12, atol=1e-15)


@every_shape
def test_words_name_the_axes_that_numpy_adds_over(small, large):
    x, z_bar, picture = shown(small, large)
    said = re.search(r"added up over ax[ei]s ([\d and]+) to", repr(picture))
    axes = tuple(map(int, said[1].split(" and "))) if said else ()
    summed = z_bar.sum(axis=axes)
    leaf = bl.tensor(x, requires_grad=True)
    ops.broadcast_to(leaf, large).backward(z_bar)
    np.testing.assert_allclose(np.reshape(summed, small), leaf.grad)
    assert ("an axis of size 1 stays" in repr(picture)) == any(
        n == 1 and large[i - len(small)] != 1 for i, n in enumerate(small)
    )


@every_shape
def test_the_still_picture_shows_all_four_arrays(small, large):
    x, z_bar, picture = shown(small, large)
    leaf = bl.tensor(x, requires_grad=True)
    ops.broadcast_to(leaf, large).backward(z_bar)
    root = ElementTree.fromstring(picture.svg)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    for name, shape in (("x", small), ("z", large), ("x_bar", small), ("z_bar", large)):
        assert f"{name} {shape}" in texts
    arrays = [x, np.broadcast_to(x, large), leaf.grad, z_bar]
    expected = [number(float(entry)) for array in arrays for entry in np.ravel(array)]
    assert [text for text in texts if re.fullmatch(r"−?[\d.]+(e−?\d+)?", text)] == expected
    wide, high = float(root.get("width")), float(root.get("height"))
    for text in root.iter(f"{SVG}text"):
        assert -16 <= float(text.get("x")) <= wide and -16 <= float(text.get("y")) <= high


def test_tiles_of_one_array_never_meet():
    for _, large in SHAPES:
        where = places(large)
        assert len({tuple(place) for place in where}) == len(where) == int(np.prod(large))


def test_cotangents_are_of_mixed_signs_unless_they_are_given():
    cotangents = bl.show_broadcast([1.0, 2.0], (3, 2)).data["cotangents"]
    assert min(cotangents) < 0 < max(cotangents)
    assert len(set(cotangents)) > 1


def test_integers_and_tensors_will_do():
    leaf = bl.tensor([1.0, 2.0], requires_grad=True)
    assert repr(bl.show_broadcast([1, 2], (3, 2))) == repr(bl.show_broadcast(leaf, (3, 2)))
    assert leaf.grad is None


@pytest.mark.parametrize("large", [(9,), (25, 2), (1, 1, 1, 2), (0, 2)])
def test_what_is_too_large_to_draw_is_told(large):
    picture = bl.show_broadcast(np.ones(large[-1]), large)
    assert not fits(large)
    assert "<svg" not in picture._repr_html_() and "data:" not in picture._repr_html_()
    assert f"is copied into z of shape {large}" in repr(picture) or "passes to x" in repr(picture)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (([1.0, 2.0], (2, 3)), ShapeError, r"x of shape \(2,\) cannot be copied into shape"),
        (([1.0, 2.0], "ab"), ShapeError, "cannot be copied"),
        (([1.0, 2.0], (3, 2), [1.0, 2.0]), ShapeError, r"z_bar has shape \(2,\), and z has"),
        (([1.0], ...), DataError, "stands where an answer is to go"),
        ((..., (2,)), DataError, "stands where an answer is to go"),
        ((["a"], (2,)), DataError, "x is to be a number or an array of them; this is a list"),
        (([[1.0], [1.0, 2.0]], (2,)), DataError, "x is to be a number or an array"),
        ((None, (2,)), DataError, "this is None"),
        ((1.0, (2,), "ab"), DataError, "z_bar is to be"),
    ],
)
def test_bad_input_is_told_in_words(given, error, said):
    with pytest.raises(error, match=said):
        bl.show_broadcast(*given)


# --- on the page ---------------------------------------------------------------------------------


def press(page, label):
    page.get_by_role("button", name=label).click()


def tiles(page):
    """What stands on the tiles that are seen."""
    seen = ":not(.away)"
    return page.locator(f".tile{seen}").all_inner_texts()


def test_from_x_to_z_and_back(page_of):
    picture = bl.show_broadcast([1.0, 2.0, 3.0], (2, 3), [[1.0, -2.0, 0.5], [3.0, 1.0, 4.0]])
    page = page_of(picture._repr_html_())
    press(page, "First step")
    assert tiles(page) == ["1", "2", "3"]
    press(page, "Forward")
    assert tiles(page) == ["1", "2", "3"] * 2
    page.get_by_label("Which entry of x to follow").select_option("x[1]")
    assert page.locator(".readout").inner_text() == "x[1] = 2 stands in 2 places of z."
    assert page.locator(".tile.hot").all_inner_texts() == ["2", "2"]
    press(page, "Forward")
    assert tiles(page) == ["1", "−2", "0.5", "3", "1", "4"]
    press(page, "Last step")
    assert tiles(page) == ["4", "−1", "4.5"]
    assert page.locator(".readout").inner_text() == "x_bar[1] = −2 + 1 = −1"
    assert page.locator(".shapes .now").inner_text() == "x_bar (3,)"


@pytest.mark.parametrize(("small", "large"), [((2, 1), (3, 2, 4)), ((), (2, 3)), ((2,), (2,))])
def test_every_sum_on_the_page_is_the_engines(page_of, small, large):
    x, z_bar, picture = shown(small, large)
    page = page_of(picture._repr_html_())
    press(page, "Last step")
    chooser = page.get_by_label("Which entry of x to follow")
    leaf = bl.tensor(x, requires_grad=True)
    ops.broadcast_to(leaf, large).backward(z_bar)
    for k, total in enumerate(np.ravel(leaf.grad)):
        chooser.select_option(str(k))
        said = page.locator(".readout").inner_text().replace("−", "-")
        assert float(said.rsplit("= ")[-1]) == pytest.approx(total, rel=1e-3)
        terms = said.split(" = ")[1].replace("- ", "-").replace("+ ", "")
        assert sum(map(float, terms.split())) == pytest.approx(total, abs=1e-2)


def test_the_mouse_follows_an_entry_and_the_keys_make_steps(page_of):
    page = page_of(bl.show_broadcast([1.0, 2.0, 3.0], (4, 3))._repr_html_())
    page.locator(".tile").nth(5).hover()
    assert page.locator(".tile.hot").all_inner_texts() == ["3"] * 4
    page.locator(".board").locator("..").focus()
    page.keyboard.press("End")
    assert page.locator(".shapes .now").inner_text() == "x_bar (3,)"
    page.keyboard.press("ArrowLeft")
    assert page.locator(".shapes .now").inner_text() == "z_bar (4, 3)"


def test_copies_come_from_where_x_stands_and_go_back_there(page_of):
    html = bl.show_broadcast([[1.0], [2.0]], (2, 3))._repr_html_()
    page = page_of(html, reduced_motion="reduce")

    def left(k):
        return page.locator(".tile").nth(k).bounding_box()["x"]

    press(page, "Last step")
    assert left(0) == left(1) == left(2)
    press(page, "Back")
    assert left(0) < left(1) < left(2)
