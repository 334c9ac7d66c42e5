"""Two graphs side by side: what only one of them has is said, and nothing else."""

import pytest

import backprop_lab as bl
from backprop_lab import ops
from tests.graphs_to_draw import HOSTILE


def only(picture, which):
    line = next((x for x in picture.alt.splitlines() if x.startswith(f"Only in the {which}")), "")
    return [name.strip() for name in line.partition(":")[2].rstrip(".").split(",") if name.strip()]


@pytest.fixture
def x():
    return bl.tensor(0.4, requires_grad=True)


def test_equal_graphs_have_nothing_of_their_own(x):
    picture = bl.beside(ops.exp(x) * 2, ops.exp(x) * 2)
    assert (only(picture, "first"), only(picture, "second")) == ([], [])
    assert "only here" not in picture.html


def test_a_branch_is_what_only_one_of_them_has(x):
    w, b = bl.parameter(2.0), bl.parameter(3.0)
    picture = bl.beside((x * w) ** 2, (x - b) ** 2)
    assert only(picture, "first") == ["w", "×"]
    assert only(picture, "second") == ["b", "−"]


def test_a_loop_that_turns_once_more_has_one_operator_more(x):
    def rolled(steps):
        h = x
        for _ in range(steps):
            h = ops.sin(h)
        return h

    picture = bl.beside(rolled(3), rolled(4))
    assert (only(picture, "first"), only(picture, "second")) == ([], ["sin"])


def test_each_keeps_its_image_and_its_words(x):
    picture = bl.beside(ops.exp(x), ops.sin(x))
    assert picture.html.count("<img") == 2
    assert picture.alt.count("Graph of") == 2


@pytest.mark.parametrize(("width", "rows"), [(850, 1), (420, 2)])
def test_they_stand_in_one_row_where_the_page_is_wide_enough(x, page_of, width, rows):
    w, b = bl.tensor([2.0, -3.0], requires_grad=True), bl.tensor([0.5, 0.5], requires_grad=True)
    picture = bl.beside(((x * w) ** 2).sum(), ((x - b) ** 2).sum())
    page = page_of(picture.html, width=width)
    boxes = [figure.bounding_box() for figure in page.locator("figure").all()]
    assert len({box["y"] for box in boxes}) == rows
    assert all(box["x"] + box["width"] <= width for box in boxes)
    images = page.locator("figure img").all()
    assert all(i.evaluate("i => i.naturalWidth <= i.clientWidth + 1") for i in images)


def test_what_cannot_be_drawn_says_so_beside_the_other(x):
    long = x
    for _ in range(400):
        long = ops.sin(long)
    picture = bl.beside(long, ops.sin(x))
    assert picture.html.count("<img") == 1
    with pytest.raises(TypeError, match="draw shows"):
        bl.beside(3.0, x)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_safely(name):
    x = bl.tensor(1.0, requires_grad=True, name=name)
    picture = bl.beside(ops.exp(x), bl.tensor(2.0, requires_grad=True, name="y") * 2)
    assert "<script" not in picture.html


def test_it_takes_tensors_of_pytorch():
    torch = pytest.importorskip("torch")
    w, b = (torch.tensor(2.0, requires_grad=True) for _ in range(2))
    picture = bl.beside(w.exp(), b.sin())
    assert only(picture, "first") == ["w", "exp"]
    assert only(picture, "second") == ["b", "sin"]
