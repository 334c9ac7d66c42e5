"""Numbers and facts that the prose of the notebooks states, worked out again.

nbval compares outputs with what was stored, so a sentence beside them could still be wrong.
"""

import re
import tracemalloc
from itertools import permutations

import nbformat
import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.coursework import build
from backprop_lab.exercises.build_an_engine.witnesses import gradients
from backprop_lab.ledger import in_units
from backprop_lab.widgets.wrong_sweeps import wrong_sweeps


def solved(number):
    source = next(path for path in build.sources() if path.name.startswith(f"{number:02d}"))
    path = build.NOTEBOOKS / "solutions" / source.with_suffix(".ipynb").name
    return nbformat.read(path, as_version=4)


def printed(notebook, start):
    """What the first code cell whose source has `start` in it shows, as text."""
    cell = next(c for c in notebook.cells if c.cell_type == "code" and start in c.source)
    texts = [out.get("text") or out.data["text/plain"] for out in cell.outputs]
    return "\n".join(texts)


class TestNotebook1:
    def test_six_nodes_and_seven_if_the_product_is_typed_twice(self):
        x, y = (bl.tensor(v, requires_grad=True) for v in (1.2, 0.7))
        p = x * y
        assert len(bl.Graph.from_tensor((p + ops.sin(x)) * p).nodes) == 6
        assert len(bl.Graph.from_tensor((x * y + ops.sin(x)) * (x * y)).nodes) == 7

    def test_one_of_six_orders_of_the_diamond_runs(self):
        rows = {"a": ["input"], "b": ["exp", "a"], "c": ["+", "b", "a"], "d": ["*", "b", "c"]}
        faults = [bl.order_fault(rows, ["a", *order]) for order in permutations("bcd")]
        assert faults.count(None) == 1

    def test_15_of_720_orders_run(self):
        rows = {
            "x": ["input"], "y": ["input"], "s": ["sin", "x"], "p": ["*", "s", "y"],
            "t": ["exp", "x"], "v": ["+", "p", "t"], "u": ["*", "y", "y"], "g": ["+", "v", "u"],
        }  # fmt: skip
        orders = list(permutations("sptvug"))
        runs = [order for order in orders if bl.order_fault(rows, ["x", "y", *order]) is None]
        assert (len(runs), len(orders)) == (15, 720)
        assert "One. Few orders run (15 of the 720)" in text_of(solved(1))

    def test_shuffled_orders_give_one_number(self):
        shown = printed(solved(1), "Counter(try_order")
        assert shown.count("g = ") == 1
        assert shown.rstrip().endswith("Your guess: 1. So it is.")

    def test_the_product_keeps_two_numbers_and_the_sums_none(self):
        assert printed(solved(1), 'print(node["label"]').split("\n")[:3] == [
            "+ keeps nothing", "+ keeps nothing", "× keeps input 0, input 1",
        ]  # fmt: skip

    def test_a_nudge_of_a_thousandth_moves_e_by_two(self):
        notebook = solved(1)
        assert printed(notebook, "nudged =") == "e moved by 0.0020\n"
        picture = printed(notebook, "e.backward()")
        assert "a" in picture and "b" in picture

    def test_three_cells_are_computed_again(self):
        assert printed(solved(1), "changed = ") == "Your guess: 3. So it is."


class TestNotebook2:
    def test_both_roads_give_1859_and_the_slips_what_the_page_says(self):
        x, y = 2.0, 0.5
        by_log, by_exp = y / (x * y), y * np.exp(x * y)
        assert [round(r, 3) for r in (by_log, by_exp, by_log + by_exp)] == [0.5, 1.359, 1.859]
        assert round((by_log + by_exp) / y, 3) == 3.718
        assert round(by_log * by_exp, 3) == 0.68
        found = bl.grad(lambda x: ops.log(x * y) + ops.exp(x * y))(x)
        assert round(float(found), 3) == 1.859
        assert printed(solved(2), "h_at(2.001)") == "Your guess: 1.859. So it is."

    def test_the_rows_of_h_carry_the_local_derivatives_of_its_picture(self):
        shown = printed(solved(2), "slopes_of_h").splitlines()
        edges = ["x → z: 0.5", "y → z: 2.0", "z → l: 1.0", "z → e: 2.718", "l → h: 1.0"]
        assert shown == [*edges, "e → h: 1.0"]

    def test_the_uneven_diamond_is_135_and_54_and_81(self):
        a = bl.tensor(3.0, requires_grad=True)
        b = a**2
        d = b * (b + a)
        d.backward()
        assert a.grad == 135
        graph = bl.Graph.from_tensor(d, gradient=1.0)
        leaf = graph.nodes[0]["id"]
        totals = {wrong["id"]: finals(graph, wrong)[leaf] for wrong in wrong_sweeps(d, graph)}
        assert totals["overwrite"] == 54
        assert [key for key, total in totals.items() if total == 81] == [
            "depth-first", "breadth-first",
        ]  # fmt: skip
        assert (21 * 6 + 9, 21 * 6, 12 * 6 + 9) == (135, 126, 81)
        assert printed(solved(2), "d_at(3.001)") == "Your guess: 135. So it is."

    def test_16_diamonds_have_65536_roads_and_64_edges(self):
        t = start = bl.tensor(0.5, requires_grad=True)
        for _ in range(16):
            t = t.sin() * t.cos()
        assert bl.paths(t, start).count == 65536 == 2**16
        assert len(bl.Graph.from_tensor(t).edges) == 64
        assert 2**26 // 10**6 == 67 and 26 * 4 == 104
        assert 65536 * 32 == 2_097_152
        assert printed(solved(2), "range(2)").count("cos") >= 2

    def test_the_recursion_says_46_where_25_is_right(self):
        a, b = (bl.tensor(x, requires_grad=True) for x in (2.0, 3.0))
        c, d = a + b, a * b
        y = c * d + (c + d)
        y.backward()
        assert (a.grad, b.grad) == (25, 19)
        assert printed(solved(2), 'tell(rows, local, gradients, "y"') == "Your guess: 46. So it is."
        by_c, by_d = 6 + 7, 3 * 5 + 3 * 6  # 5 and then 1 reach d, which a enters with the slope 3
        assert (by_c, by_d, by_c + by_d) == (13, 33, 46)
        assert ((6 + 1) * 1, (5 + 1) * 3) == (7, 18)
        nudged = (2.001 + 3) * (2.001 * 3) + (2.001 + 3 + 2.001 * 3)
        assert (y.item(), round(nudged, 3)) == (41, 41.025)

    def test_the_stopwatch_spoils_more_than_the_ruler(self):
        shown = printed(solved(2), "in moved.items()").splitlines()
        assert shown == ["L moves g by 0.02", "T moves g by 0.099"]

    def test_a_whole_second_is_no_small_nudge(self):
        def g_at(T):
            return 4 * np.pi**2 / T**2

        promised = float(bl.grad(g_at)(2.0))
        assert round(promised, 2) == -9.87 == -round(g_at(2.0), 2)
        assert round(g_at(3.0) - g_at(2.0), 2) == -5.48


class TestNotebook3:
    def test_the_messages_of_three_times_four(self):
        assert printed(solved(3), "Multiply.vjp(ctx, 10.0)") == "Your guess: (40, 30). So it is."

    def test_the_twelve_at_x_arrives_in_three_messages_of_four(self):
        x = bl.tensor(2.0, requires_grad=True)
        graph = bl.Graph.from_tensor(x * x * x, gradient=1.0)
        leaf = graph.nodes[0]["id"]
        to_x = {edge["id"] for edge in graph.edges if edge["from"] == leaf}
        sent = [e["contribution"]["data"] for e in graph.events if e.get("edge") in to_x]
        assert sent == [[4.0]] * 3

    def test_a_second_call_leaves_32_and_20_if_the_leaf_alone_is_cleared(self):
        assert printed(solved(3), "x_bar = t_bar") == "Your guess: 32. So it is."
        x = bl.tensor(2.0, requires_grad=True)
        y = x * x * x
        graph = bl.Graph.from_tensor(y, gradient=1.0)
        wrong = next(w for w in wrong_sweeps(y, graph) if w["id"] == "zero-leaves")
        assert wrong["title"] == "Zero only the leaves"
        assert finals(graph, wrong)[graph.nodes[0]["id"]] == 20

    def test_six_arrows_of_which_three_leave_a(self):
        shown = printed(solved(3), "bl.draw(rows_of(")
        assert "In 3 steps" in shown and "Read 3 times: t0" in shown

    def test_on_x_times_3_all_three_engines_are_right(self):
        rows = {"x": ["input"], "3": ["constant"], "z": ["*", "x", "3"]}
        found = gradients(rows, {"x": 1.7, "3": 3.0, "z": 5.1})
        assert set(found.values()) == {3.0}

    def test_the_engine_finds_135(self):
        assert printed(solved(3), '"a.grad ="') == "a.grad = 135.0\n"

    def test_nudging_runs_the_network_1024_times(self):
        assert printed(solved(3), "bl.compare(my_guess, nudge_each") == (
            "Your guess: 1024. So it is."
        )

    def test_the_engine_has_fewer_than_fifty_lines(self):
        parts = r"(class (Node|Add|Multiply)|def (apply|order_of|backward))\b|Value\.__add__"
        cells = [c.source for c in solved(3).cells if c.cell_type == "code"]
        cells = [text for text in cells if re.match(parts, text)]
        assert len(cells) == 7
        assert sum(bool(line.strip()) for text in cells for line in text.splitlines()) < 50

    def test_backward_costs_a_small_multiple_of_forward_at_any_depth(self):
        """Counted in operators, which no busy machine can change: one vjp for each that ran."""
        for depth in (2, 8, 32):
            calls = []

            class Counted(bl.Op):
                def forward(ctx, x):
                    return x * 1.0

                def vjp(ctx, z_bar, calls=calls):
                    calls.append(1)
                    return z_bar

            y = x = bl.parameter(1.0)
            for _ in range(depth):
                y = Counted.apply(y)
            y.backward()
            assert len(calls) == depth
            assert x.grad == 1.0

    def test_the_fit_is_the_least_squares_parabola(self):
        fitted = printed(solved(3), "descend(loss_of, weights, rate=0.05").split("weights ")[1]
        assert fitted.strip() == printed(solved(3), "np.polyfit").strip()
        assert printed(solved(3), "descend(loss_of, weights, rate=0.05").startswith(
            "loss 5.58 → 0.01029"
        )


def finals(graph, wrong):
    """{tensor: its last total} in a sweep."""
    sources = {edge["id"]: edge["from"] for edge in graph.edges}
    return {
        sources[event["edge"]]: event["total"]["data"][0]
        for event in wrong["events"]
        if event["event"] == "vjp"
    }


def text_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells)


class TestNotebook4:
    @staticmethod
    def f(x):
        return ops.stack([x[0] * x[1], ops.sin(x[0]), x[1] ** 2])

    def test_from_before_three_paths_and_forty_operators(self):
        assert printed(solved(4), "bl.paths(a * a * a, a)") == "Your guess: (3, 40). So it is."

    def test_backward_of_two_numbers_is_refused_by_the_lab_and_by_pytorch(self):
        assert "only from a scalar" in printed(solved(4), "y.backward()\nexcept")
        torch = pytest.importorskip("torch")
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        with pytest.raises(RuntimeError, match="scalar"):
            (x * x).backward()

    def test_the_jacobian_of_the_squares_and_its_rows_as_gradients(self):
        assert "[[4, 0], [0, 6]]. So it is." in printed(
            solved(4), "J = bl.jacobian(lambda x: x * x)"
        )
        assert printed(solved(4), "y.backward([1.0, 10.0])") == "Your guess: [4, 60]. So it is."
        for u, gradient in (((1.0, 0.0), [4, 0]), ((1.0, 1.0), [4, 6])):
            x = bl.tensor([2.0, 3.0], requires_grad=True)
            (x * x).backward(u)
            assert x.grad.tolist() == gradient
        x = bl.tensor([2.0, 3.0], requires_grad=True)
        (x * x).sum().backward()
        assert x.grad.tolist() == [4, 6]

    def test_exp_of_1000_numbers_has_1000_slopes_in_a_million(self):
        J = bl.jacobian(ops.exp)(np.linspace(-1, 1, 1000)).numpy()
        assert (J.size, np.count_nonzero(J)) == (10**6, 1000)
        row = bl.jacobian(ops.exp)([0.0, 1.0, 2.0]).numpy()[1]
        _, second = printed(solved(4), "z, pull_back = bl.vjp(ops.exp").splitlines()
        assert second == f"(tensor([0.    , {row[1]:.4f}, 0.    ]),)"

    def test_center_sends_a_fifth_of_every_cotangent_to_all(self):
        shown = printed(solved(4), "z, pull_back = bl.vjp(center")
        assert shown == "Your guess: [4, -1, -1, -1, -1]. So it is."

    def test_the_running_sum(self):
        assert np.cumsum([1, 2, 3]).tolist() == [1, 3, 6]
        x = np.arange(6.0)
        lower = np.tril(np.ones((6, 6)))
        assert np.array_equal(lower @ x, np.cumsum(x))
        assert (lower[-1] == 1).all() and lower[:, -1].sum() == 1

    def test_the_jacobian_of_exp_passes_2_gb_at_22361_and_the_cotangent_takes_89_4_kb(self):
        assert 4 * 22_360**2 <= 2e9 < 4 * 22_361**2
        assert f"{4 * 22_361 / 1e3:.1f}" == "89.4"
        assert 150 * 150 == 22_500 > 22_361
        assert [in_units(4 * n) for n in (10**6, 10**12)] == ["4 MB", "4 TB"]
        assert printed(solved(4), "while 4 * n * n") == "Your guess: 22361. So it is."

    def test_memory_goes_with_n_by_the_rule_and_with_its_square_by_the_matrix(self):
        def peak(call, n):
            x, u = np.zeros((2, n), np.float32)
            tracemalloc.start()
            call(x, u)
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return found

        def rule(x, u):
            return u * np.exp(x)

        def matrix(x, u):
            return u @ np.diag(np.exp(x))

        assert peak(matrix, 3000) / peak(matrix, 300) == pytest.approx(100, rel=0.1)
        assert peak(rule, 10**6) / peak(rule, 10**5) == pytest.approx(10, rel=0.1)
        assert peak(rule, 3000) < 10 * 4 * 3000 < 4 * 3000**2 < peak(matrix, 3000)
        assert 4 * 10_000**2 < 2e9 < 4 * 100_000**2  # where the dashed line meets the limit

    def test_67_times_the_flops_with_the_matrices_first(self):
        def flops(k, wide):
            """Of a product whose left side has k columns, and whose result has wide entries."""
            return wide * (2 * k - 1)

        left, first = 3 * flops(100, 100), 2 * flops(100, 100**2) + flops(100, 100)
        assert (left, first, first / left) == (59_700, 3_999_900, 67)
        shown = printed(solved(4), "def product(A, B)").split("\n\n")
        assert shown == ["the same result: True", "Your guess: 67. So it is."]
        left, first = 3 * flops(200, 200), 2 * flops(200, 200**2) + flops(200, 200)
        assert first / left == pytest.approx(2 * 67, rel=0.01)

    def test_a_tangent_of_one_input_finds_the_first_column(self):
        column = bl.jacobian(self.f)([2.0, 3.0]).numpy()[:, 0]
        shown = printed(solved(4), "y, y_dot = bl.jvp(f").strip()
        assert shown == str(bl.tensor(column))

    def test_three_calls_find_3000_slopes(self):
        shown = printed(solved(4), "for u in np.eye(3)").split("\n\n")
        assert shown == ["the whole Jacobian: True", "Your guess: 3. So it is."]

    def test_one_vector_for_both_sides_hides_a_transposed_rule(self):
        shown = printed(solved(4), "def notices(u, v)").split("\n\n")
        assert shown == ["with two vectors: True", "Your guess: False. So it is."]
        J, v = np.random.default_rng(0).normal(size=(5, 5)), np.arange(5.0)
        assert np.isclose((J @ v) @ v, v @ (J @ v))

    def test_the_step_to_the_lowest_loss_on_the_line(self):
        shown = printed(solved(4), "for rate in (best / 2")
        assert re.findall(r"from ([\d.]+) to ([\d.]+)", shown) == [
            ("5.58", "2.032"),
            ("5.58", "0.8495"),
            ("5.58", "5.58"),
        ]


class TestNotebook5:
    def test_from_before_three_rows_and_messages_that_add_to_two_and_a_half(self):
        shown = printed(solved(5), "bl.jacobian(lambda x: x[:3] * x[3])")
        assert shown == "Your guess: (3, 2.5). So it is."

    def test_four_messages_reach_an_entry_that_stands_in_four_places(self):
        data = bl.show_broadcast([1.0, 2.0, 3.0], (4, 3)).data
        assert data["homes"].count(0) == 4

    def test_the_table_of_shapes(self):
        z_bar = np.arange(12.0).reshape(4, 3)
        for shape, folded in (
            ((3,), z_bar.sum(axis=0)),
            ((4, 1), z_bar.sum(axis=1, keepdims=True)),
            ((), z_bar.sum()),
        ):
            x = bl.tensor(np.ones(shape), requires_grad=True)
            ops.broadcast_to(x, (4, 3)).backward(z_bar)
            assert np.array_equal(x.grad, folded) and np.shape(folded) == shape

    def test_the_rows_add_up_and_what_x_holds_plays_no_part(self):
        shown = printed(solved(5), "z = ops.broadcast_to(x, (2, 3))")
        assert shown == "Your guess: [[-0.5], [0.0]]. So it is."

    def test_the_shape_ledger(self):
        shown = printed(solved(5), 'print("forward"').splitlines()
        assert shown == ["forward (5, 1) * (3,) → (5, 3)", "back    (5, 1) and (3,) ← (5, 3)"]
        assert (np.ones((5, 3)) * np.ones(3)).shape == (5, 3)

    def test_numpy_hands_the_messages_out_by_column_and_refuses_rows_of_four(self):
        shown = printed(solved(5), "x.sum(axis=1).backward").splitlines()
        assert shown[0].endswith("has the first row [  1.  10. 100.]")
        assert shown[-1] == "Your guess: [1, 1, 1]. So it is."
        z_bar = np.array([1.0, 10.0, 100.0])
        with pytest.raises(ValueError, match="could not be broadcast"):
            np.broadcast_to(z_bar, (3, 4))
        assert np.expand_dims(z_bar, 1).shape == (3, 1)

    def test_one_of_eight_products_fits_the_layer_and_eight_fit_the_square(self):
        products = page_function(solved(5), "products")
        x, g = np.random.default_rng(1).normal(size=(2, 3, 3))
        different = {tuple(w_bar.ravel().round(9)) for w_bar in products(x, g).values()}
        assert len(products(x, g)) == len(different) == 8
        fitting = []
        for a in ("x", "x.T"):
            for b in ("g", "g.T"):
                shapes = {"x": (5, 3), "x.T": (3, 5), "g": (5, 4), "g.T": (4, 5)}
                for left, right in ((a, b), (b, a)):
                    (n, inner), (other, m) = shapes[left], shapes[right]
                    fitting += [f"{left} @ {right}"] * (inner == other and (n, m) == (3, 4))
        assert fitting == ["x.T @ g"]

    def test_one_survives_a_random_probe_and_more_a_kind_one(self):
        notebook = solved(5)
        assert printed(notebook, "def survivors") == "['x.T @ g']\n"
        assert printed(notebook, "survivors(symmetric, identity)").splitlines() == [
            "4 if g is the identity", "2 if g is all ones", "2 if x is symmetric", "",
            "Your guess: 8. So it is.",
        ]  # fmt: skip

    def test_what_survives_does_not_hang_on_the_numbers_that_were_drawn(self):
        products = page_function(solved(5), "products")
        for seed in range(20):
            x, g = np.random.default_rng(seed).normal(size=(2, 3, 3))
            for probe_x, probe_g, count in (
                (x, g, 1), (x, np.eye(3), 4), (x, np.ones((3, 3)), 2), (x + x.T, g, 2),
                (x + x.T, np.eye(3), 8),
            ):  # fmt: skip
                right = probe_x.T @ probe_g
                found = products(probe_x, probe_g).values()
                assert sum(np.allclose(w_bar, right) for w_bar in found) == count

    def test_a_word_that_occurs_twice_keeps_100_of_101(self):
        assert printed(solved(5), "table_bar[[2, 0, 2]] +=") == "Your guess: 100. So it is."
        table = bl.tensor(np.zeros(4), requires_grad=True)
        table[[2, 0, 2]].backward(np.array([1.0, 10.0, 100.0]))
        assert table.grad.tolist() == [10, 0, 101, 0]
        J = bl.jacobian(lambda table: table[[2, 0, 2]])(np.zeros(4)).data
        assert J[:, 2].tolist() == [1, 0, 1]

    def test_probabilities_minus_one_hot(self):
        notebook = solved(5)
        assert printed(notebook, "bl.show_jacobian(ops.softmax").startswith("[0.659 0.242 0.099]\n")
        assert printed(notebook, "ops.softmax_cross_entropy(x, [0])").endswith("So it is.")
        x = np.array([2.0, 1.0, 0.1])
        x_bar = np.exp(x) / np.exp(x).sum() - np.eye(3)[0]
        assert x_bar.round(3).tolist() == [-0.341, 0.242, 0.099]
        assert abs(x_bar.sum()) < 1e-15
        p = np.exp(x) / np.exp(x).sum()
        as_if_diagonal = np.diag(p * (1 - p)) @ [-1 / p[0], 0, 0]
        assert as_if_diagonal.round(3).tolist() == [-0.341, 0, 0]

    def test_large_scores(self):
        assert printed(solved(5), "scores = np.array").splitlines() == [
            "as it stands: [nan  0.  0.]",
            "-log(0 + 1e-12) = 27.6",
            "loss if class 1 is right: 1000.0",
        ]

    def test_the_middle_step_is_best(self):
        worst = page_function(solved(5), "worst")
        assert min([1e-2, 1e-5, 1e-8, 1e-12], key=worst) == 1e-5
        steps = 10.0 ** np.arange(-13, 0.1, 0.25)
        central, forward = ([worst(h, sides=sides) for h in steps] for sides in (2, 1))
        single = [worst(h, np.float32) for h in steps[steps > 1e-7]]
        assert 1e-6 < steps[np.argmin(central)] < 1e-4
        assert 1e-9 < steps[np.argmin(forward)] < 1e-7
        assert 10 * min(central) < min(forward) < min(single) / 10
        assert worst(1e-2) / worst(1e-3) == pytest.approx(100, rel=0.01)
        assert worst(1e-2, sides=1) / worst(1e-3, sides=1) == pytest.approx(10, rel=0.01)

    def test_two_tolerances_judge_all_three(self):
        assert printed(solved(5), "measured = np.array").splitlines() == [
            "relative: [False  True False]",
            "absolute: [ True False  True]",
            "both:     [ True  True False]",
        ]

    def test_an_entry_of_each_row_by_two_lists_of_indices(self):
        a, labels = np.arange(12.0).reshape(3, 4), np.array([2, 0, 3])
        assert a[np.arange(3), labels].tolist() == [2.0, 4.0, 11.0]

    def test_a_nudge_taken_back_can_leave_a_rounding(self):
        x = np.random.default_rng(0).normal(size=100)
        assert (x + 1e-5 - 2e-5 + 1e-5 != x).any()

    @pytest.mark.parametrize(
        "f, is_zero",
        [
            (lambda x: ops.where(x > 0, ops.sqrt(x), 0.0), False),
            (lambda x: ops.sqrt(ops.clip(x, 0.0, None)), False),
            (lambda x: ops.sqrt(ops.relu(x)), False),
            (lambda x: ops.sqrt(x * (x > 0)), False),
            (lambda x: ops.sqrt(ops.where(x > 0, x, 0.0)), True),
        ],
        ids=("after", "clip", "relu", "mask", "before"),
    )
    def test_one_choice_before_the_root_is_enough(self, f, is_zero):
        x = bl.tensor([4.0, -1.0], requires_grad=True)
        with np.errstate(all="ignore"):
            y = f(x)
            y.backward(np.ones(2))
        assert np.array_equal(y.data, [2, 0]) and x.grad[0] == 0.25
        assert x.grad[1] == 0 if is_zero else np.isnan(x.grad[1])

    def test_with_ones_a_rule_of_zeros_passes_for_centring(self):
        _, pull_back = bl.vjp(lambda x: x - x.mean(), np.array([1.0, 2.0, 4.0]))
        assert np.allclose(pull_back(np.ones(3))[0].data, 0)

    def test_the_root_behind_a_where(self):
        assert printed(solved(5), "ops.where(x > 0, ops.sqrt(x), 0.0)") == (
            "Your guess: nan. So it is."
        )
        with np.errstate(all="ignore"):
            x = bl.tensor([4.0, 0.0], requires_grad=True)
            root = ops.sqrt(x)
            y = ops.where(x > 0, root, 0.0)
            assert y.data.tolist() == [2, 0]
            assert bl.grad(lambda root: ops.where(x > 0, root, 0.0).sum())(root.data)[1] == 0


def page_function(notebook, name):
    """A function as a notebook defines it."""
    cell = next(c for c in notebook.cells if c.cell_type == "code" and f"def {name}(" in c.source)
    names = {"np": np, "bl": bl, "ops": ops, "rng": np.random.default_rng(0)}
    exec(cell.source.split("\n\n\n")[0], names)
    return names[name]
