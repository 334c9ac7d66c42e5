"""A practice problem filled in on its picture, in a real browser."""

import pytest

import backprop_lab as bl
from backprop_lab.exercises.slips import SLIPS, forward, right
from tests.browser_tools import look, violations

WIDTHS = pytest.mark.parametrize("width", [320, 1000])


def solved(problem, rule=right):
    values = forward(problem.rows, problem.leaves)
    local, gradients = rule(problem.rows, values)
    return {"values": values, "local": local, "gradients": gradients}


def said(page):
    return page.locator(".backprop-lab .say").text_content()


def fill(page, answer):
    """Type an answer into the fields, found by what they are called, and ask."""
    for name, x in answer["values"].items():
        field = page.get_by_role("textbox", name=f"the value of {name}", exact=True)
        if field.count():
            field.fill(f"{x:g}")
    for name, row in answer["local"].items():
        for i, x in enumerate(row):
            called = f"the local derivative of {name} by its "
            field = page.locator(f".backprop-lab input[aria-label^='{called}']").nth(i)
            field.fill(f"{x:g}".replace("-", "−"))
    for name, x in answer["gradients"].items():
        page.get_by_role("textbox", name=f"the gradient of {name}", exact=True).fill(f"{x:g}")
    page.get_by_role("button", name="Check").click()


@pytest.mark.parametrize("difficulty", range(1, 6))
def test_the_right_numbers_are_right_and_marked(page_of, difficulty):
    problem = bl.practice(difficulty=difficulty, seed=5)
    page = page_of(problem._repr_html_())
    fill(page, solved(problem))
    fields = page.get_by_role("textbox").count()
    assert said(page) == f"All {fields} are right."
    assert set(page.locator(".backprop-lab .mark").all_text_contents()) == {"✓"}
    look(page, f"practice-{difficulty}")


def test_what_was_filled_in_can_be_taken_to_a_cell(page_of):
    problem = bl.practice(difficulty=4, seed=2)
    page = page_of(problem._repr_html_())
    empty = page.locator(".backprop-lab .frame pre").text_content()
    assert eval(empty.removeprefix("answer = ")) == problem.form
    fill(page, solved(problem))
    text = page.locator(".backprop-lab .frame pre").text_content().removeprefix("answer = ")
    assert repr(problem.check(eval(text))).endswith("are right.")


def test_every_slip_is_named_in_the_page(page_of):
    named = set()
    for seed in range(4):
        problem = bl.practice(difficulty=5, seed=seed)
        page = page_of(problem._repr_html_())
        for slip in SLIPS:
            if solved(problem, slip.rule) != solved(problem):
                fill(page, solved(problem, slip.rule))
                assert slip.says in said(page), (seed, slip.id)
                named.add(slip.id)
    assert len(named) >= 8


def test_half_an_answer_fractions_and_nonsense(page_of):
    problem = bl.practice(difficulty=1, seed=3)
    page = page_of(problem._repr_html_())
    page.get_by_role("button", name="Check").click()
    assert said(page) == "Nothing is filled in yet."
    name, x = next(iter(problem.form["values"])), solved(problem)["values"]
    field = page.get_by_role("textbox", name=f"the value of {name}", exact=True)
    for text in (f"{2 * x[name]:g}/2", f"{x[name]:g},0", f" {x[name]:g} "):
        field.fill(text)
        page.keyboard.press("Enter")
        assert said(page).startswith("All 1 are right."), text
    for text in ("twelve", "1/0", "1/2/3", "--3"):
        field.fill(text)
        page.keyboard.press("Enter")
        assert said(page).startswith(f"0 of 1 are right. Look at the value of {name} first"), text


def test_a_field_lights_up_what_it_belongs_to(page_of):
    problem = bl.practice(difficulty=3, seed=7)
    page = page_of(problem._repr_html_())
    page.get_by_role("textbox", name="the gradient of a", exact=True).focus()
    assert page.locator(".backprop-lab .card.hot .name").all_text_contents() == ["a"]
    page.locator(".backprop-lab input[aria-label*='local derivative']").first.focus()
    assert page.locator(".backprop-lab .card.hot").count() == 0
    assert page.locator(".backprop-lab .arrow.hot").count() == 1


@WIDTHS
@pytest.mark.parametrize("dark", [False, True])
def test_axe_has_nothing_to_say_and_the_page_does_not_scroll_sideways(page_of, dark, width):
    problem = bl.practice(difficulty=4, seed=2)
    page = page_of(problem._repr_html_(), dark=dark, width=width)
    fill(page, solved(problem, SLIPS[0].rule))
    assert violations(page, ".backprop-lab") == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
