"""A stepper on a page of its own, as the browser tests use it."""

import re

import pytest

import backprop_lab as bl
from tests.graphs_to_draw import leaf

ROOT = "document.querySelector('.backprop-lab').shadowRoot"
GO = f"""k => {{
    const scrub = {ROOT}.querySelector(".bar input");
    scrub.value = k;
    scrub.dispatchEvent(new Event("input"));
}}"""
STATE = f"() => {ROOT}.querySelector('.frame').innerHTML"
ROW = """row => [...row.cells].map(cell => cell.textContent.replace("▸\xa0", ""))"""
NAME = "first", "back", "play", "forward", "last"


def uneven(a=3.0):
    a = leaf(a, "a")
    b = a**2
    b.name = "b"
    c = b + a
    c.name = "c"
    d = b * c
    d.name = "d"
    return d


def in_groups():
    x = leaf(0.7, "x")
    y = x.sin()
    for step in range(3):
        with bl.group(f"t={step}"):
            y = (y * x).tanh() + y
    return y * 2.0


class Stepper:
    """A stepper on a page of its own."""

    def __init__(self, page, data):
        self.page, self.data = page, data
        self.events = data["graph"]["events"]

    def find(self, selector):
        return self.page.locator(f".backprop-lab {selector}")

    def go(self, k):
        self.page.evaluate(GO, k)

    def press(self, name):
        self.find(".keys button").nth(NAME.index(name)).click(force=True)  # even at an end

    def key(self, name):
        self.page.keyboard.press(name)

    def says(self):
        return self.find(".say").text_content()

    def step(self):
        return int(re.match(r"step (\d+) of", self.find(".steps").text_content())[1])

    def state(self):
        return self.page.evaluate(STATE)

    def sweep(self, name):
        self.find(".options select").nth(1).select_option(name)

    def rows(self):
        """The ledger as {tensor: [made by, value, heard, gradient]}."""
        rows = self.find(".ledger tbody tr").evaluate_all(f"rows => rows.map({ROW})")
        return {name: cells for name, *cells in rows}

    def cards(self):
        """What stands on the cards, as {node of the record: its lines}."""
        code = """cards => cards.map(card => [card.dataset.of,
            [...card.querySelectorAll("text")].map(text => text.textContent)])"""
        return dict(self.find(".card").evaluate_all(code))


@pytest.fixture
def opened(page_of):
    """A function that shows the stepper of what `make` makes, or a picture made by bl.step."""

    def open_stepper(make, *, width=1000, predict=False, **settings):
        picture = bl.step(make(), predict=predict) if callable(make) else make
        return Stepper(page_of(picture.html, width=width, **settings), picture.data)

    return open_stepper
