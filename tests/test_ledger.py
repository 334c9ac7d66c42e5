"""The ledger's bytes against bytes counted by hand."""

import re

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import Op
from backprop_lab.errors import DataError, GradientError
from backprop_lab.ledger import in_units, saved

rng = np.random.default_rng(5)


def normal(*shape):
    return rng.normal(size=shape)


def by_tensor(ledger):
    return {row["tensor"]: row for row in ledger.rows}


def layer():
    """tanh(X @ W) for 5 examples, 3 features and 4 units, in float64: numbers by hand below."""
    X, W = bl.tensor(normal(5, 3), name="X"), bl.parameter(normal(3, 4), name="W")
    return X, W, ops.tanh(X @ W)


def test_a_layer_counted_by_hand():
    *_, H = layer()
    ledger = saved(H.sum())
    rows = by_tensor(ledger)
    assert [row["op"] for row in ledger.rows] == ["Matmul", "Tanh", "Sum"]
    product, hidden, total = (rows[name] for name in ("t1", "H", "t2"))  # H is a variable's name
    # X is 5·3·8 = 120 bytes and W is 3·4·8 = 96; both are leaves' own.
    assert product["needed"] == product["shared"] == 216
    assert product["keeps"] == ["X", "W"]
    # tanh keeps its result, 5·4·8 = 160 bytes, which no other rule needs.
    assert (hidden["needed"], hidden["shared"], hidden["keeps"]) == (160, 0, ["H"])
    assert (total["needed"], total["keeps"]) == (0, [])
    # Jacobians: (5·4) x (3·4) of the weights alone, (5·4) x (5·4), 1 x (5·4), of 8 bytes each.
    assert [row["dense"] for row in ledger.rows] == [20 * 12 * 8, 20 * 20 * 8, 20 * 8]
    assert (ledger.needed, ledger.shared) == (216 + 160, 216)
    assert ledger.held == 120 + 96 + 160 + 160 + 8  # X, W, X @ W, H and the sum
    assert ledger.dense == 1920 + 3200 + 160


def test_what_two_rules_need_is_counted_once():
    x = bl.parameter(normal(10), name="x")
    h = ops.exp(x)  # keeps its result,
    ledger = saved(h * ops.sin(h))  # and so do Sin and Multiply, which also keeps the sine
    rows = by_tensor(ledger)
    assert [row["needed"] for row in ledger.rows] == [80, 80, 160]
    assert [row["shared"] for row in ledger.rows] == [80, 80, 80]
    assert ledger.needed == 160 and ledger.shared == 80
    assert ledger.held == 4 * 80
    assert rows["h"]["keeps"] == rows["t1"]["keeps"] == ["h"]


def test_two_rules_are_enough_to_share():
    ledger = saved(ops.sin(ops.exp(bl.parameter(normal(10)))))
    assert [row["shared"] for row in ledger.rows] == [80, 80]
    assert (ledger.needed, ledger.shared) == (80, 80)


def test_an_operand_that_is_used_twice():
    x = bl.parameter(normal(10), name="x")
    ledger = saved(x * x)
    assert (ledger.needed, ledger.shared, ledger.held) == (80, 80, 160)
    assert ledger.dense == 2 * 800


def test_a_broadcast_view_costs_only_its_base():
    b = bl.parameter(normal(4), name="b")
    wide = ops.broadcast_to(b, (1000, 4))
    ledger = saved(ops.exp(wide) * wide)
    product = ledger.rows[-1]
    assert product["needed"] == 1000 * 4 * 8 + 4 * 8
    assert ledger.held == 2 * 1000 * 4 * 8 + 4 * 8


def test_a_view_costs_what_it_keeps_alive():
    x = bl.parameter(normal(100), name="x")
    ledger = saved((x[:2] ** 2).sum())
    assert ledger.rows[1]["keeps"][0] == "x"
    assert ledger.rows[1]["needed"] >= 800


def test_what_hangs_on_the_ctx_counts():
    logits = bl.parameter(normal(6, 3), name="logits")
    labels = np.array([0, 1, 2, 2, 1, 0])
    row = saved(ops.softmax_cross_entropy(logits, labels)).rows[-1]
    assert row["needed"] == 6 * 3 * 8 + 6 * 3 * 8 + labels.nbytes
    assert sorted(row["keeps"]) == ["labels", "logits", "probabilities"]
    condition = np.array([True, False, True])
    assert saved(ops.where(condition, bl.parameter(normal(3)), 0.0)).rows[-1]["needed"] == 3


def test_arrays_within_tuples_count():
    class Mine(Op):
        def forward(ctx, x):
            ctx.parts = (np.zeros(7), [np.ones(2), "text"])
            return x * 2

    assert saved(Mine.apply(bl.parameter(normal(3)))).needed == 9 * 8


def test_float32_costs_half():
    x = bl.parameter(normal(10).astype(np.float32))
    ledger = saved(ops.exp(x))
    assert (ledger.needed, ledger.held, ledger.dense) == (40, 80, 400)


def test_names_are_those_of_the_rows():
    def loss():  # in a function of its own, so that no variable names it
        x, w = bl.tensor(normal(3)), bl.parameter(normal(3), name="w")
        return (2 * x * w + ops.sin(w)).sum()

    made = [loss()]
    assert [row["tensor"] for row in saved(made[0]).rows] == [
        name for name, row in bl.Graph.from_tensor(made[0]).rows().items()
        if row[0] not in ("input", "weight", "constant")
    ]  # fmt: skip


def test_variables_of_the_caller_give_names():
    first = bl.parameter(normal(3))
    ledger = saved(first * first)
    assert ledger.rows[0]["keeps"] == ["first"]


def test_sizes_have_at_most_four_digits():
    shown = [in_units(n) for n in (0, 8, 999, 1000, 3_210, 99_960, 999_499, 999_999, 12e9)]
    assert shown == ["0 B", "8 B", "999 B", "1 kB", "3.21 kB", "100 kB", "999 kB", "1 MB", "12 GB"]


class TestShown:
    def test_as_text(self):
        *_, H = layer()
        assert repr(saved(H)) == repr(saved(H))
        assert "The rules need 376 B, of which 216 B are shared" in repr(saved(H))
        assert repr(saved(H)).count("1 kB is 1000 B") == 1

    def test_as_a_table_with_headings_and_a_conclusion(self):
        *_, H = layer()
        H.name = "<H>"
        page = saved(H)._repr_html_()
        assert page.count('<th scope="col">') == 6
        assert page.count('<th scope="row">') == 2
        assert "&lt;H&gt;" in page and "<H>" not in page
        assert re.search("<caption>The rules need 376 B, .*</caption>", page)

    def test_of_many_nodes_the_largest_and_how_many_more(self):
        x = bl.parameter(normal(50), name="x")
        big = ops.exp(x)
        y = big.sum()
        for _ in range(60):
            y = ops.tanh(y)
        text = repr(saved(y))
        assert "Exp" in text and "400 B" in text
        assert "and 32 more, which need less" in text
        assert text.count("| Exp") + text.count("| Tanh") == 30
        assert "and 32 more" in saved(y)._repr_html_()

    def test_a_deep_chain_is_quick(self):
        x = bl.parameter(1.0)
        for _ in range(20_000):
            x = x + 1.0
        assert saved(x).needed == 0


def test_each_error_has_its_own_words():
    with pytest.raises(DataError, match="this is a float"):
        saved(3.0)
    with pytest.raises(GradientError, match=r"x of shape .2,. has no graph"):
        saved(bl.tensor(normal(2), name="x"))
