"""Graphs for the tests of the pictures, and ways to look into a picture."""

from contextlib import nullcontext
from xml.etree import ElementTree

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph, ops
from backprop_lab.pictures import arrange
from backprop_lab.pictures.arrows import make_arrows
from backprop_lab.pictures.cards import make_cards
from backprop_lab.pictures.view import view_of

SVG = "{http://www.w3.org/2000/svg}"


def leaf(data, name=None):
    return bl.tensor(data, requires_grad=True, name=name)


def formula():
    a, b = leaf(2.0, "a"), leaf(1.0, "b")
    return (a + b) * (b + 1)


def uneven_diamond():
    a = leaf(3.0, "a")
    b = a**2
    return b * (b + a)


def square():
    x = leaf(3.0, "x")
    return x * x


def neuron():
    x, w, b = bl.tensor([2.0, -1.0], name="x"), bl.parameter([0.5, 1.5], name="w"), leaf(0.1, "b")
    return (((w * x).sum() + b).tanh() - leaf(0.7, "p")) ** 2


def network():
    rng = np.random.default_rng(0)
    X, T = bl.tensor(rng.normal(size=(5, 3)), name="X"), bl.tensor(np.ones((5, 2)), name="T")
    W, V = bl.parameter(rng.normal(size=(3, 4)), name="W"), bl.parameter(np.ones((4, 2)), name="V")
    b, c = bl.parameter(np.zeros(4), name="b"), bl.parameter(np.zeros(2), name="c")
    return (((X @ W + b).relu() @ V + c - T) ** 2).mean()


def chain(n=12):
    x = leaf(0.5, "x")
    for _ in range(n):
        x = x.sin()
    return x


def ladder(n=4):
    x = leaf(0.5, "x")
    for _ in range(n):
        x = x.sin() * x.exp()
    return x


def order_matters():
    x, y = leaf(3.0, "x"), leaf(2.0, "y")
    z = (x - y) / (y / x)
    return (z - z) + z ** (x - y)


def recurrent():
    rng = np.random.default_rng(1)
    W, U = bl.parameter(np.eye(4), name="W"), bl.parameter(np.ones((3, 4)), name="U")
    h = bl.tensor(np.zeros((1, 4)), name="h0")
    for step in range(3):
        h = (bl.tensor(rng.normal(size=(1, 3)), name=f"x{step}") @ U + h @ W).tanh()
    return (h * h).sum()


def residual():
    """A block of a transformer in small: attention, added to what came in, and a layer on top."""
    rng = np.random.default_rng(2)
    X = bl.tensor(rng.normal(size=(4, 3)), name="X")
    Q, K, V, W = (bl.parameter(rng.normal(size=(3, 3)), name=name) for name in "QKVW")
    weights = ops.softmax((X @ Q) @ (X @ K).T / np.sqrt(3.0))
    h = X + weights @ (X @ V)
    return ((h + (h @ W).relu()) ** 2).mean()


def lstm(steps, grouped=True):
    rng = np.random.default_rng(3)
    W = bl.parameter(rng.normal(size=(3, 8)), name="W")
    U = bl.parameter(rng.normal(size=(2, 8)), name="U")
    b = bl.parameter(np.zeros(8), name="b")
    h, c = bl.tensor(np.zeros((1, 2)), name="h0"), bl.tensor(np.zeros((1, 2)), name="c0")
    for step in range(1, steps + 1):
        x = bl.tensor(rng.normal(size=(1, 3)), name=f"x{step}")
        with bl.group(f"t={step}") if grouped else nullcontext():
            z = x @ W + h @ U + b
            i, f, o = (z[:, 2 * k : 2 * k + 2].sigmoid() for k in range(3))
            c = f * c + i * z[:, 6:].tanh()
            h = o * c.tanh()
            c.name, h.name = f"c{step}", f"h{step}"
    return (h * h).sum()


def lstm_of_3_steps():
    return lstm(3)


def lstm_of_12_steps():
    return lstm(12)


def lstm_without_groups():
    return lstm(12, grouped=False)


# From x·x to a recurrent network, as the issue on pictures names them.
NAMED_EIGHT = {
    make.__name__: make
    for make in (
        square, formula, uneven_diamond, neuron, network, residual, lstm_of_3_steps,
        lstm_of_12_steps,
    )
}  # fmt: skip
TENSORS = {
    make.__name__: make
    for make in (
        formula, uneven_diamond, square, neuron, network, chain, ladder, order_matters, recurrent,
    )
}  # fmt: skip
ROWS = {
    "p": {"x": ["input"], "p": ["sin", "x"], "f": ["*", "p", "x"]},
    "sheet": {
        "share": ["/", "tax", "total"],  # in the order in which somebody thought of them
        "net": ["*", "price", "amount"],
        "price": ["input"],
        "amount": ["input"],
        "tax": ["*", "net", "rate"],
        "rate": ["weight"],
        "total": ["+", "net", "tax"],
    },
    "apart": {"a": ["input"], "b": ["constant"], "c": ["exp", "a"]},
}


def graphs(backward):
    for make in TENSORS.values():
        output = make()
        yield Graph.from_tensor(output, gradient=1.0 if backward else None)
    yield from map(Graph.from_rows, ROWS.values())


NAMED = [
    pytest.param(graph, id=f"{name}{' after backward' * backward}")
    for backward in (False, True)
    for name, graph in zip([*TENSORS, *ROWS], graphs(backward), strict=True)
]
every_graph = pytest.mark.parametrize("graph", NAMED)


def elements(picture, tag):
    return ElementTree.fromstring(picture.svg).iter(SVG + tag)


def texts(picture):
    return ["".join(text.itertext()) for text in elements(picture, "text")]


def shown(picture):
    return picture._repr_html_()


MODES = {  # what `arranged` is asked for
    "plain": {},
    "full": {"local": True, "saved": True},
    "scene": {"local": True, "saved": True, "live": True},
}


def arranged(graph, local=False, saved=False, expand=None, live=False):
    """Cards, arrows and their layout, as the picture of a record has them."""
    view = view_of(graph, expand)
    cards = make_cards(view, saved, live)
    arrows = make_arrows(view, cards, local, live)
    return cards, arrows, arrange(cards, arrows)


def rectangle(centre, size):
    (x, y), (wide, high) = centre, size
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def overlap(a, b, slack=0.5):
    return (
        min(a[2], b[2]) - max(a[0], b[0]) > slack and min(a[3], b[3]) - max(a[1], b[1]) > slack
    )  # fmt: skip


# Names that learners, or enemies, give to tensors.
HOSTILE = [
    "<script>alert(1)</script>",
    "</text></svg><b>",
    "a&b;&lt;",
    "$x_1$",
    "\"quoted' `x`",
    "two\nlines\tand \x00\x1b[31m\x08 control",
    "n" * 200,
    "\u202eturned round",
    "שלום",
    "\ud800",
    "重み",
    "",
]
