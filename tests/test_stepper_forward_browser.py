"""The stepper without a backward sweep, and the sliders that show who follows whom."""

import pytest

import backprop_lab as bl
from tests.browser_tools import look, violations
from tests.graphs_to_draw import leaf

ROOT = "document.querySelector('.backprop-lab').shadowRoot"
MOVED = f"""() => [...{ROOT}.querySelectorAll(".card.moved")].map(card => card.dataset.of)"""
ARROWS = (
    f"""() => [...{ROOT}.querySelectorAll(".arrow.moved")].map(a => a.dataset.edges).join(" ")"""
)
SENTENCE = f"() => {ROOT}.querySelector('.say').textContent"


def sheet():
    price, amount, rate = leaf(2.5, "price"), leaf(4.0, "amount"), leaf(0.2, "rate")
    net = price * amount
    tax = net * rate
    total = net + tax
    share = tax / total
    for tensor, name in ((net, "net"), (tax, "tax"), (total, "total"), (share, "share")):
        tensor.name = name
    return share


@pytest.fixture
def page(page_of):
    return page_of(bl.step(sheet(), backward=False).html)


def slide(page, name):
    page.get_by_role("slider", name=name).focus()
    page.keyboard.press("ArrowRight")


def names(ids):
    graph = bl.Graph.from_tensor(sheet())
    return {node["name"] for node in graph.nodes if node["id"] in ids}


def test_it_ends_where_the_forward_pass_ends(page):
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert "step 4 of 4, forward 4 of 4" in page.locator(".backprop-lab .steps").text_content()
    assert page.evaluate(SENTENCE) == "Forward through ÷: share = tax ÷ total = 0.1667."
    head = page.locator(".backprop-lab thead th").all_text_contents()
    assert head == ["tensor", "made by", "value"]
    assert page.locator(".backprop-lab [data-part='gradient']").all_text_contents() == [""] * 7
    assert page.locator(".backprop-lab .options select").count() == 1  # no sweep to choose


def test_the_words_end_there_too():
    assert "Backward" not in str(bl.step(sheet(), backward=False))
    assert str(bl.step(sheet(), backward=False)).count("Forward") == 4


@pytest.mark.parametrize(
    ("leaf_", "followers"),
    [("rate", {"tax", "total", "share"}), ("price", {"net", "tax", "total"})],
)
def test_a_slider_shows_who_follows_and_says_so(page, leaf_, followers):
    slide(page, leaf_)
    assert names(page.evaluate(MOVED)) == {leaf_, *followers}
    said = page.evaluate(SENTENCE)
    assert said.startswith(f"{leaf_} is ")
    assert all(name in said for name in followers) and said.endswith("follow.")
    moved = page.evaluate(ARROWS).split()
    sources = names({edge.split("-")[0] for edge in moved})
    assert sources == {leaf_, *followers} - {"share"}  # nobody reads share
    look(page, f"follows-{leaf_}")


def test_a_step_puts_the_marks_away(page):
    slide(page, "rate")
    assert page.evaluate(MOVED)
    page.keyboard.press("Home")
    page.get_by_role("button", name="First").click(force=True)
    assert page.evaluate(MOVED) == []


def test_what_nothing_depends_on_is_said(page_of):
    x = leaf(-1.0, "x")
    y = x.relu()
    y.name = "y"
    page = page_of(bl.step(y, backward=False).html)
    slide(page, "x")
    assert page.evaluate(SENTENCE) == "x is −0.98 now; nothing else moves."


@pytest.mark.parametrize("dark", [False, True])
def test_axe_has_nothing_to_say(page_of, dark):
    page = page_of(bl.step(sheet(), backward=False).html, dark=dark)
    slide(page, "rate")
    assert violations(page, ".backprop-lab") == []
