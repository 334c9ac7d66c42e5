"""detect_anomaly(): the first NaN or inf, the op that made it, the line that ran it, its inputs."""

import linecache
import threading
import warnings
from contextlib import contextmanager

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import forward_sweep
from backprop_lab.errors import AnomalyError


def run_cell(code, name="<cell 7>", **names):
    """Runs the code as IPython runs a cell: compiled under a name whose lines linecache knows."""
    lines = code.splitlines(keepends=True)
    linecache.cache[name] = (len(code), None, lines, name)
    names = {"bl": bl, "ops": ops, "np": np, **names}
    exec(compile(code, name, "exec"), names)
    return names


@contextmanager
def anomaly(message):
    with pytest.raises(AnomalyError, match=message), bl.detect_anomaly():
        yield


def leaf(data, name="x"):
    return bl.tensor(data, requires_grad=True, name=name)


@pytest.mark.parametrize(
    "act, message",
    [
        (lambda: ops.log(leaf(-1.0)), "Log made the first nan, from x = -1"),
        (lambda: ops.log(leaf(0.0)), "Log made the first inf, from x = 0"),
        (lambda: ops.exp(leaf(1000.0)), "Exp made the first inf, from x = 1000"),
        (lambda: ops.sqrt(leaf(-4.0)), "Sqrt made the first nan, from x = -4"),
        (
            lambda: leaf(0.0) / leaf(0.0, "y"),
            "Divide made the first nan, from x = 0 and y = 0",
        ),
        (lambda: leaf(1.0) / 0, "Divide made the first inf, from x = 1 and input 1 = 0"),
        (
            lambda: ops.log(leaf(np.linspace(-1, 4, 6))),
            r"Log made the first nan, from x of shape \(6,\) with values from -1 to 4",
        ),
        (lambda: bl.tensor([1.0, 0.0], name="n") ** -1, "Power made the first inf, from n of"),
    ],
)
def test_forward(act, message):
    act()  # without detect_anomaly, nothing happens
    with anomaly(message):
        act()


pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


class TestBackward:
    @pytest.mark.parametrize(
        "function, at, message",
        [
            (ops.sqrt, 0.0, "Sqrt.vjp made the first inf for input 0, from x = 0"),
            (lambda x: (x**2).sqrt(), 0.0, "Sqrt.vjp made the first nan|Sqrt.vjp made .* inf"),
            (lambda x: x**0.5, 0.0, "Power.vjp made the first inf for input 0"),
            (lambda x: ops.exp(ops.exp(x * 5)), 1.3125, "Exp.vjp made the first inf"),
        ],
    )
    def test_the_rule_is_named(self, function, at, message):
        x = leaf(at)
        with anomaly(message):
            function(x).backward()
        assert x.grad is None

    def test_the_side_that_where_did_not_take(self):
        """Both values are finite, and 0 times the infinite slope of the side not taken is nan."""
        x = leaf([0.0, 4.0])
        code = (
            "with bl.detect_anomaly():\n"
            "    root = ops.sqrt(x)\n"
            "    y = ops.where(x > 0, root, 0.0)\n"
            "    y.sum().backward()\n"
        )
        with pytest.raises(AnomalyError) as caught:
            run_cell(code, x=x)
        assert str(caught.value) == (
            "Sqrt.vjp made the first nan for input 0, from x of shape (2,) with values from 0 to 4."
            " Line 2: root = ops.sqrt(x)"
        )

    def test_forward_outside_of_the_block(self):
        y = ops.sqrt(leaf(0.0))
        with anomaly(r"Run forward within detect_anomaly"):
            y.backward()

    def test_a_gradient_that_was_given(self):
        with anomaly(r"gradient that .* was given holds nan"):
            (leaf(1.0) * 2).backward(np.nan)

    def test_tangents(self):
        x = leaf(0.0)
        with anomaly(r"Sqrt.jvp made the first inf, from x = 0"):
            list(forward_sweep(ops.sqrt(x), {x: 1.0}))

    def test_derivatives_of_derivatives(self):
        with anomaly(r"made the first inf.* Line \d+ of test_"):
            bl.grad(bl.grad(lambda x: x**1.5))(0.0)


class TestWhere:
    def test_the_line_of_the_cell_and_of_a_function_in_it(self):
        code = (
            "def loss(x):\n"
            "    z = x * 2\n"
            "    return ops.log(z - 6)\n"
            "\n"
            "x = bl.tensor(3.0, name='x')\n"
            "with bl.detect_anomaly():\n"
            "    loss(x)\n"
        )
        with pytest.raises(AnomalyError) as caught:
            run_cell(code)
        assert str(caught.value).endswith("Line 3 of loss: return ops.log(z - 6)")

    def test_an_op_of_ones_own(self):
        class Reciprocal(bl.Op):
            def forward(ctx, x):
                return 1 / x

        with anomaly(r"Reciprocal made the first inf, from x = 0.*apply"):
            Reciprocal.apply(leaf(0.0))

    def test_numpys_functions_are_the_ops_and_its_lines_are_not_named(self):
        with anomaly(r"Log made the first inf.*: np\.log\(leaf\(0\.0\)\)"):
            np.log(leaf(0.0))

    def test_nan_that_came_with_the_data_is_told_from_nan_that_was_made(self):
        x = leaf([1.0, np.nan])
        with pytest.raises(AnomalyError) as caught, bl.detect_anomaly():
            x * 2
        assert str(caught.value).startswith(
            "Multiply did not make this nan: it was given one, with x of shape (2,) with values "
            "from 1 to 1, and 1 not finite, which came in as data"
        )

    def test_inf_that_does_no_harm_passes(self):
        with bl.detect_anomaly():
            assert ops.exp(leaf(-np.inf)).item() == 0
            assert (bl.tensor([1, 2]) * 2).sum().item() == 6


class TestBlock:
    def test_it_is_off_by_default_and_after_the_block(self):
        assert np.isnan(ops.log(leaf(-1.0)).item())
        with bl.detect_anomaly():
            pass
        assert np.isnan(ops.log(leaf(-1.0)).item())

    def test_it_ends_when_its_block_raises(self):
        with pytest.raises(AnomalyError), bl.detect_anomaly():
            ops.log(leaf(-1.0))
        assert np.isnan(ops.log(leaf(-1.0)).item())

    def test_blocks_may_nest(self):
        block = bl.detect_anomaly()
        with block:
            with block, bl.detect_anomaly():
                pass
            with pytest.raises(AnomalyError):
                ops.log(leaf(-1.0))
        assert np.isnan(ops.log(leaf(-1.0)).item())

    def test_it_is_for_one_thread(self):
        found = []
        with bl.detect_anomaly():
            thread = threading.Thread(target=lambda: found.append(ops.log(leaf(-1.0)).item()))
            thread.start()
            thread.join()
        assert np.isnan(found).all() and len(found) == 1

    def test_it_decorates(self):
        @bl.detect_anomaly()
        def loss(x):
            return ops.log(x) if x < 1 else loss(x - 1)

        for _ in range(2):
            with pytest.raises(AnomalyError, match="of loss: return"):
                loss(leaf(2.0))
        assert np.isnan(ops.log(leaf(-1.0)).item())

    def test_within_no_grad(self):
        with pytest.raises(AnomalyError), bl.detect_anomaly(), bl.no_grad():
            ops.log(leaf(-1.0))

    def test_the_error_is_all_that_is_shown(self):
        """NumPy's warnings say the same with less, from inside of the package."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(AnomalyError), bl.detect_anomaly():
                ops.log(leaf(-1.0))
            with pytest.raises(AnomalyError), bl.detect_anomaly():
                ops.sqrt(leaf(0.0)).backward()
            with pytest.raises(RuntimeWarning):  # and after the block they are as they were
                ops.log(leaf(-1.0))
