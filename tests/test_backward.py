"""What `backward` and `retain_grad` promise, beside the numbers.

Tests without arguments here are also checks that every mutant in `mutants.py` has to face.
"""

import numpy as np

import backprop_lab as bl
from backprop_lab import ops


class TestBackward:
    """What `backward` promises, beside the numbers."""

    def test_calls_add(self):
        x = bl.parameter([1.0, 2.0])
        y = (x * x).sum()
        y.backward()
        first = x.grad
        y.backward()
        assert x.grad.tolist() == [4.0, 8.0]
        assert first.tolist() == [2.0, 4.0]  # a list of past gradients stays what it was

    def test_two_graphs_add_into_one_leaf(self):
        x = bl.parameter(3.0)
        (x * x).backward()
        (5 * x).backward()
        assert x.grad == 11.0

    def test_a_gradient_that_is_given_is_the_seed(self):
        x = bl.parameter([1.0, 2.0])
        (x * x).backward(np.array([1.0, 10.0]))
        assert x.grad.tolist() == [2.0, 40.0]
        y = bl.parameter(3.0)
        (y * y).backward(0.5)
        assert y.grad == 3.0

    def test_the_seed_is_kept_and_is_not_the_callers_array(self):
        x, seed = bl.parameter([1.0, 2.0]), np.array([1.0, 10.0])
        y = x + 0
        y.backward(seed)
        seed += 5
        assert y.seed.tolist() == x.grad.tolist() == [1.0, 10.0]

    def test_two_leaves_that_are_sent_one_array_do_not_share_it(self):
        x, y = bl.parameter([1.0, 2.0]), bl.parameter([3.0, 4.0])
        ((x + y) * 2).sum().backward()  # the rule of + hands on what it is given, to both
        x.grad *= 0.5
        assert x.grad.tolist() == [1.0, 1.0] and y.grad.tolist() == [2.0, 2.0]

    def test_a_repeated_operand_counts_as_often_as_it_is_used(self):
        x = bl.parameter(3.0)
        (x * x * x + x).backward()
        assert x.grad == 28.0
        v = bl.parameter([1.0, 2.0])
        ops.concatenate([v, v, v]).backward(np.arange(6.0))
        assert v.grad.tolist() == [6.0, 9.0]

    def test_a_node_waits_for_all_of_its_readers(self):
        x = bl.parameter(2.0)
        y = x * x
        z = y
        for _ in range(4):
            z = z * y  # y⁵ = x¹⁰
        z.backward()
        assert x.grad == 10 * 2.0**9

    def test_a_result_may_be_used_after_a_backward_pass_through_it(self):
        x = bl.parameter(2.0)
        y = x * x
        y.backward()
        (y * y).backward()
        assert x.grad == 4.0 + 32.0

    def test_retain_grad_fills_the_gradient_of_a_result_and_none_other(self):
        x = bl.parameter(3.0)
        y = x * x
        z = y * 2
        y.retain_grad()
        z.backward()
        assert y.grad == 2.0 and z.grad is None and x.grad == 12.0
        z.backward()
        assert y.grad == 4.0

    def test_retain_grad_of_what_is_shared_is_the_whole_sum(self):
        x = bl.parameter([1.0, 2.0])
        y = x * x
        y.retain_grad()
        (y + y * y).sum().backward()
        assert y.grad.tolist() == [3.0, 9.0]
        y.grad += 1000
        assert x.grad.tolist() == [6.0, 36.0]

    def test_a_root_may_retain_its_gradient_too(self):
        y = bl.parameter([3.0, 4.0]) * 2
        y.retain_grad()
        y.backward(np.array([1.0, 10.0]))
        assert y.grad is not None
        y.grad += 1
        assert y.grad.tolist() == [2.0, 11.0] and y.seed.tolist() == [1.0, 10.0]

    def test_leaves_that_require_nothing_get_nothing(self):
        x, c = bl.parameter(3.0), bl.tensor(2.0)
        (x * c).backward()
        assert c.grad is None and x.grad == 2.0

    def test_a_leaf_far_away_is_reached_whatever_was_made_first(self):
        late, early = bl.parameter(2.0), bl.parameter(3.0)
        a = early * early
        b = late * late
        (b * a + ops.sin(b) * a).backward()
        assert abs(early.grad - 6 * (4 + np.sin(4))) < 1e-12
        assert abs(late.grad - 9 * 4 * (1 + np.cos(4))) < 1e-12
