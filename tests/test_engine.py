"""The engine: what it records, in which order, and what it adds up."""

import gc
import threading
import weakref

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import forward_sweep, reverse_sweep, topological_order
from backprop_lab.errors import GradientError

rng = np.random.default_rng(0)


def scalar(value, name=None):
    return bl.tensor(value, requires_grad=True, name=name)


class TestNumbers:
    def test_square_and_double(self):
        x = scalar(3.0)
        (2 * x**2).backward()
        assert x.grad == 12.0

    def test_a_branch_and_a_repeated_operand_agree_with_pytorch(self):
        torch = pytest.importorskip("torch")
        x, y = scalar(1.2), scalar(0.7)
        p = x * y
        f = (p + ops.sin(x)) * p
        f.backward()
        tx, ty = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (1.2, 0.7))
        tf = (tx * ty + torch.sin(tx)) * (tx * ty)
        tf.backward()
        assert abs(f.item() - tf.item()) < 1e-12
        assert abs(x.grad - tx.grad.item()) < 1e-12
        assert abs(y.grad - ty.grad.item()) < 1e-12

    def test_an_uneven_diamond(self):
        a = scalar(3.0)
        b = a**2
        d = b * (b + a)
        d.backward()
        assert a.grad == 135.0

    def test_micrograds_recursion_example(self):
        """On this expression the recursion without an order gives 46 and 35."""
        a, b = scalar(2.0), scalar(3.0)
        c, d = a + b, a * b
        e, f = c + d, c * d
        (f + e).backward()
        assert (a.grad, b.grad) == (25.0, 19.0)

    def test_gradients_add_over_calls_and_inner_ones_do_not_linger(self):
        x = scalar(2.0)
        y = x * x * x
        y.backward()
        y.backward()
        assert x.grad == 24.0

    def test_a_leaf_goes_back_to_itself(self):
        x = scalar(2.0)
        x.backward()
        assert x.grad == 1.0

    def test_two_leaves_never_share_one_gradient_array(self):
        a, b = (bl.parameter(np.ones(3)) for _ in "ab")
        (a + b).sum().backward()
        a.grad += 5
        assert (b.grad == 1).all()

    def test_a_gradient_keeps_the_dtype_of_its_tensor(self):
        x = bl.tensor(np.ones(3, np.float32), requires_grad=True)
        assert (x * 2.5 + 1).dtype == np.float32
        (x * bl.tensor(np.ones(3))).sum().backward()
        assert x.grad.dtype == np.float32


class TestSweeps:
    def test_every_node_comes_after_its_inputs_and_once(self):
        x = scalar(1.0)
        y = x
        for _ in range(20):
            y = y + y
        order = topological_order(y)
        assert len(order) == len(set(order)) == 20
        position = {node: i for i, node in enumerate(order)}
        for node in order:
            for t in node.inputs:
                assert t.is_leaf or position[t.grad_fn] < position[node]

    def test_a_node_speaks_once_and_only_after_all_of_its_readers(self):
        a = scalar(3.0)
        b = a**2
        c = b + a
        d = b * c
        spoken = []
        for node, _, _, _ in reverse_sweep(d, {d.grad_fn: 1.0}):
            if node not in spoken:
                spoken.append(node)
        assert spoken == [d.grad_fn, c.grad_fn, b.grad_fn]

    def test_totals_are_sums_of_the_messages(self):
        x = scalar(0.5)
        y = (x * x + ops.exp(x)) * x
        sums = {}
        for node, slot, x_bar, total in reverse_sweep(y, {y.grad_fn: 1.0}):
            source = node.inputs[slot].grad_fn or node.inputs[slot]
            sums[source] = sums.get(source, 0) + x_bar
            assert total == sums[source]

    def test_forward_sweep_is_the_derivative_along_a_direction(self):
        x, y = scalar(0.5), scalar(-1.5)
        *_, (_, z_dot) = forward_sweep(ops.exp(x) * y, {x: 1.0, y: 2.0})
        step = 1e-6

        def f(t):
            return np.exp(0.5 + t) * (-1.5 + 2 * t)

        assert abs(z_dot - (f(step) - f(-step)) / (2 * step)) < 1e-8

    @pytest.mark.parametrize(
        "length", [100_000, pytest.param(1_000_000, marks=pytest.mark.thorough)]
    )
    def test_depth_is_no_limit(self, length):
        x = scalar(1.0)
        y = x
        for _ in range(length):
            y = y + 1e-9
        y.backward()
        assert x.grad == 1.0
        *_, (_, y_dot) = forward_sweep(y, {x: 1.0})
        assert y_dot == 1.0
        del y, _

    def test_a_graph_goes_when_its_tensors_go(self):
        x = scalar(1.0)
        y = ops.exp(x * x)
        y.backward()
        node = weakref.ref(y.grad_fn)
        gc.disable()
        try:
            del y
            assert node() is None, "only the garbage collector would free this graph"
        finally:
            gc.enable()


class TestRecording:
    def test_no_grad_records_nothing_and_ends_with_its_block(self):
        x = scalar(2.0)
        with bl.no_grad():
            assert not (x * x).requires_grad
        assert (x * x).requires_grad

    def test_no_grad_ends_when_its_block_raises(self):
        x = scalar(2.0)
        with pytest.raises(ZeroDivisionError), bl.no_grad():
            1 / 0  # noqa: B018
        assert (x * x).requires_grad

    def test_no_grad_may_be_opened_twice(self):
        x, quiet = scalar(2.0), bl.no_grad()
        with quiet, quiet:
            assert not (x * x).requires_grad
        assert (x * x).requires_grad

    def test_no_grad_is_for_one_thread(self):
        x, seen = scalar(2.0), []
        with bl.no_grad():
            thread = threading.Thread(target=lambda: seen.append((x * x).requires_grad))
            thread.start()
            thread.join()
        assert seen == [True]

    def test_nothing_is_recorded_for_plain_data(self):
        assert (bl.tensor(2.0) * 3).grad_fn is None

    def test_detach_stops_the_gradient(self):
        x = scalar(2.0)
        (x * x.detach()).backward()
        assert x.grad == 2.0

    def test_tensor_copies_its_data(self):
        data = np.ones(3)
        x = bl.tensor(data)
        data[0] = 7
        assert x.data[0] == 1

    def test_inference_keeps_no_node_alive(self):
        x = bl.tensor(np.ones(3))
        assert (x + x).is_leaf


class TestOp:
    def test_rules_written_for_torch_work_as_they_stand(self):
        class Square(bl.Op):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return 2 * x**2

            @staticmethod
            def backward(ctx, grad_output):
                (x,) = ctx.saved_tensors
                return grad_output * 4 * x

        x = scalar(3.0)
        (5 * Square.apply(x)).backward()
        assert x.grad == 60.0

    def test_plain_values_go_to_forward_and_get_none(self):
        class Scale(bl.Op):
            def forward(ctx, x, factor):
                ctx.factor = factor
                return x * factor

            def vjp(ctx, z_bar):
                return z_bar * ctx.factor, None

        x = scalar(3.0)
        Scale.apply(x, 4).backward()
        assert x.grad == 4.0


class TestInPlace:
    def test_a_leaf_is_not_lost_by_accident(self):
        w = bl.parameter(2.0, name="w")
        with pytest.raises(GradientError, match=r"w\.data -= \.\.\., or use no_grad"):
            w -= 1

    def test_a_step_of_training_as_in_pytorch(self):
        w = weight = bl.parameter(2.0)
        (w * w).backward()
        with bl.no_grad():
            w -= 0.25 * w.grad
        assert w is weight and w.requires_grad
        assert w.item() == 1.0

    def test_a_sum_that_grows(self):
        x, loss = scalar(3.0), 0.0
        for _ in range(2):
            loss += x * x
        loss *= 2
        loss.backward()
        assert x.grad == 24.0


x = scalar(2.0, "x")


@pytest.mark.parametrize(
    "t, text",
    [
        (bl.tensor(3.0), "tensor(3.)"),
        (bl.parameter([1.0, 2.0], name="w"), "tensor([1., 2.], name='w', requires_grad=True)"),
        (x * x, "tensor(4., grad_fn=Multiply)"),
        (bl.tensor(np.zeros((2, 50))), "tensor(shape=(2, 50), dtype=float64)"),
        (bl.tensor(np.ones((2, 2, 1))), "tensor([[[1.],  [1.]], [[1.],  [1.]]])"),
    ],
)
def test_a_tensor_shows_as_one_line(t, text):
    assert "\n" not in repr(t)
    assert repr(t).replace(" ", "") == text.replace(" ", "")
