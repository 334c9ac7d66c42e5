"""The report card in a browser: legible in light and dark, and in words for those who listen."""

import pytest

from tests.browser_tools import browser, look, page_at, page_of, violations  # noqa: F401

pytest.importorskip("torch")

from backprop_lab import report_card
from tests.bad_functions import B, RaisesInBackward, UnsummedBroadcast, X
from tests.right_functions import SquareAndDouble


@pytest.fixture
def cards():
    return [
        report_card(function, *inputs)._repr_html_()
        for function, *inputs in [
            (SquareAndDouble, X), (UnsummedBroadcast, X, B), (RaisesInBackward, X),
        ]
    ]  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1000])
def test_nothing_to_mend(page_of, cards, dark, width):  # noqa: F811
    page = page_of(*cards, dark=dark, width=width)
    for more in page.query_selector_all("summary"):
        more.click()
    look(page, f"report-card-{'dark' if dark else 'light'}-{width}", full_page=True)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_failed_is_seen_at_once_and_the_rest_on_request(page_of, cards):  # noqa: F811
    page = page_of(cards[1])
    assert page.get_by_role("row").filter(visible=True).count() == 2  # the heading, and what failed
    assert page.get_by_role("row", name="shapes of gradients").is_visible()
    page.get_by_text("26 other lines").click()
    assert page.get_by_role("row", name="mark_dirty").is_visible()
