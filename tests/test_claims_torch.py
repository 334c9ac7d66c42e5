"""What the prose of notebooks 6 to 8 states of PyTorch, worked out again."""

import ast
import gc
import re
import weakref
from functools import cache

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import draw, ops, report_card
from backprop_lab.coursework.build import compose, sources

torch = pytest.importorskip("torch")


def page(number):
    """(names that a solved page defines, its prose). Of its code, only definitions are run."""
    source = next(path for path in sources() if path.name.startswith(f"{number:02d}"))
    cells = compose(source, solved=True).cells
    names = {"torch": torch, "np": np, "bl": bl, "ops": ops}
    for cell in cells:
        if cell.cell_type == "code":
            kept = [statement for statement in ast.parse(cell.source).body if defines(statement)]
            exec(ast.unparse(ast.Module(kept, [])), names)
    return names, " ".join(cell.source for cell in cells if cell.cell_type == "markdown")


def defines(statement):
    made = isinstance(statement, ast.Assign) and "with_rule" in ast.unparse(statement)
    return made or isinstance(
        statement, (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef)
    )


pages = cache(page)


@pytest.fixture
def names(request):
    return pages(request.cls.number)[0]


@pytest.fixture
def prose(request):
    return " ".join(pages(request.cls.number)[1].split())


class TestNotebook6:
    number = 6

    def test_the_class_of_notebook_3_is_changed_in_its_first_line_only(self, names):
        from backprop_lab.exercises.build_an_engine.pieces import Multiply as ours

        x, y = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
        names["Multiply"].apply(x, y).backward(torch.tensor(5.0))
        assert (x.grad.item(), y.grad.item()) == (15, 10)
        for rule in ("forward", "vjp"):
            code = getattr(names["Multiply"], rule).__code__
            assert code.co_code == getattr(ours, rule).__code__.co_code

    def test_three_rules_print_12_and_two_fall(self, names, prose):
        three = [names[name] for name in ("first", "second", "third")]
        assert [names["slope"](f, 3.0) for f in three] == [12, 12, 12]
        assert [names["slope"](f, 3.0, scale=5.0) for f in three] == [60, 60, 12]
        assert [names["slope"](f, 2.0) for f in three] == [11, 8, 8]
        assert "the slope is 8, and it says 11" in prose

    def test_the_card_lets_one_of_the_three_pass_and_says_where_another_falls(self, names):
        points = torch.tensor([3.0, 2.0, -1.0])
        cards = [report_card(names[name], points) for name in ("first", "second", "third")]
        assert [bool(card) for card in cards] == [False, True, False]
        text = cards[0]["derivative"].text
        found = re.match(r"At input 0\[2\] = -1, backward returns (.+); nudging gives (.+)\.", text)
        assert float(found[1]) / float(found[2]) == pytest.approx(8 / -4, rel=1e-4)
        assert report_card(names["SquareAndDouble"], points)
        assert report_card(names["KeepsOnCtx"], points)["tensors on ctx"].status == "failed"

    def test_a_tensor_on_ctx_outlives_its_name_and_what_is_saved_does_not(self, names):
        assert names["outlives_its_name"](names["KeepsOnCtx"].apply)
        assert not names["outlives_its_name"](torch.square)
        assert not names["outlives_its_name"](names["SquareAndDouble"].apply)
        y = names["KeepsOnCtx"].apply(torch.ones(3, requires_grad=True))
        watcher = weakref.ref(y)
        del y
        gc.collect()
        assert watcher() is None

    def test_a_change_in_place_is_noticed_only_in_what_was_saved(self, names):
        def slope_after_a_change(square):
            x = torch.tensor(3.0, requires_grad=True)
            h = x * 1
            y = square(h)
            h.mul_(10)
            y.backward()
            return x.grad.item()

        assert slope_after_a_change(names["KeepsOnCtx"].apply) == 60
        for careful in (torch.square, names["SquareAndDouble"].apply):
            with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                slope_after_a_change(careful)
        with pytest.raises(RuntimeError, match="leaf"):
            torch.tensor(3.0, requires_grad=True).mul_(10)

    def test_a_saved_slope_loses_144_of_432_and_passes_gradcheck(self, names, prose):
        slopes = names["slopes_of_the_square"]
        assert slopes(lambda x: 2 * x**2) == (432, 432)
        assert slopes(names["SavesSlope"].apply) == (432, 288)
        assert slopes(names["SquareAndDouble"].apply) == (432, 432)
        assert "is 288, and the 144 from" in prose
        x = torch.tensor(3.0, dtype=torch.double, requires_grad=True)
        assert torch.autograd.gradcheck(names["SavesSlope"].apply, x)
        assert not torch.autograd.gradgradcheck(names["SavesSlope"].apply, x, raise_exception=False)
        assert not report_card(names["SavesSlope"], x)
        assert x.grad is None, "torch.autograd.grad leaves .grad alone"

    def test_an_input_comes_back_with_its_graph_and_what_forward_made_does_not(self):
        class Shows(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x, 4 * x)
                return 2 * x

            @staticmethod
            def backward(ctx, grad_output):
                seen.extend(saved.grad_fn for saved in ctx.saved_tensors)
                return 2 * grad_output

        seen = []
        h = torch.tensor(3.0, requires_grad=True) * 1
        Shows.apply(h).backward()
        assert seen == [h.grad_fn, None]

    def test_torch_func_looks_for_backward_by_name(self, names):
        Right = names["SquareAndDoubleUnderVmap"]
        assert torch.func.grad(Right.apply)(torch.tensor(3.0)) == 12

        class ByAnotherName(torch.autograd.Function):
            forward, setup_context, vjp = Right.forward, Right.setup_context, Right.backward

        with pytest.raises(NotImplementedError):
            torch.func.grad(ByAnotherName.apply)(torch.tensor(3.0))

    def test_rounding_teaches_nothing_and_straight_through_arrives_in_one_step(self, names):
        assert names["descend"](torch.round) == pytest.approx(0.4)
        through = names["RoundStraightThrough"].apply
        assert names["descend"](through, steps=1) == pytest.approx(0.6)
        assert names["descend"](through) == pytest.approx(0.6)

    def test_what_is_declared_takes_the_place_of_the_comparison_alone(self, names):
        Through, x = names["RoundStraightThrough"], torch.tensor([1.5, 1.0, -0.5])
        plain, declared = (
            report_card(Through, x),
            report_card(Through, x, deliberate="a slope of 1"),
        )
        assert not plain
        assert declared
        changed = {a.name for a, b in zip(plain.lines, declared.lines, strict=True) if a != b}
        assert changed == {"derivative", "gradcheck", "second derivative"}


class TestNotebook7:
    number = 7

    def test_the_branch_not_taken_gets_none_and_the_side_not_picked_gets_0(self, names):
        w, b = (torch.tensor([1.0, -2.0], requires_grad=True) for _ in range(2))
        names["forked"](torch.tensor([-3.0, 1.0]), w, b).backward()
        assert w.grad is None
        assert b.grad is not None
        torch.where(torch.tensor(False), w.sum(), b.sum()).backward()
        assert w.grad.tolist() == [0, 0]

    def test_an_optimizer_with_momentum_moves_what_has_gradient_0_and_not_none(self):
        def moved(gradient):
            w = torch.tensor(1.0, requires_grad=True)
            sgd = torch.optim.SGD([w], lr=0.1, momentum=0.9)
            w.grad = torch.tensor(1.0)
            sgd.step()
            before, w.grad = w.item(), gradient
            sgd.step()
            return w.item() != before

        assert moved(torch.tensor(0.0))
        assert not moved(None)

    def test_the_compiler_splits_the_fork_in_two(self, names):
        pieces = []

        def count(piece, inputs):
            pieces.append(piece)
            return piece.forward

        w, b = (torch.tensor([1.0, -2.0], requires_grad=True) for _ in range(2))
        compiled = torch.compile(names["forked"], backend=count)
        for again in (3.0, 4.0):  # the second time, what was kept is used
            compiled(torch.tensor([again, 1.0]), w, b)
            assert len(pieces) == 2

    def test_from_10_the_loop_turns_four_times_and_from_3_twice(self, names):
        half = torch.tensor(0.5, requires_grad=True)
        for x, turns, slope in ((3.0, 2, 3), (10.0, 4, 5)):
            end = names["shrink"](torch.tensor(x), half)
            assert names["operators_behind"](end) == turns
            assert torch.autograd.grad(end, half)[0].item() == slope

    def test_next_functions_hold_one_pair_for_each_tensor_that_went_in(self):
        w, h = torch.tensor(0.9, requires_grad=True), torch.tensor(1.0)
        (leaf, first), (nothing, second) = (w * h).grad_fn.next_functions
        assert leaf.variable is w
        assert (first, nothing, second) == (0, None, 0)
        low, high = torch.aminmax(w * torch.ones(3))
        assert [node.grad_fn.next_functions[0][1] for node in (low + 1, high + 1)] == [0, 1]

    def test_three_operators_a_round_stay_behind_a_running_total(self, names):
        w, total = torch.tensor(0.9, requires_grad=True), torch.tensor(0.0)
        for _ in range(100):
            total = total + (loss := (w * 2) ** 2)
        assert names["operators_behind"](total) == 300
        assert names["operators_behind"](loss) == 2

    def test_each_error_says_the_words_and_its_mended_line_runs(self, names):
        source = next(path for path in sources() if path.name.startswith("07"))
        cells = [cell.source for cell in compose(source, solved=True).cells]
        place = next(i for i, cell in enumerate(cells) if "provoked = {" in cell)
        here = names | {"w": torch.tensor(0.9, requires_grad=True)}
        exec(cells[place].partition("for words")[0], here)
        for words, provoke in here["provoked"].items():
            with pytest.raises(RuntimeError) as told:
                provoke()
            assert words in str(told.value)
            assert f"| {words} |" in cells[place + 1]
        exec(cells[place + 2], here)

    def test_what_saved_nothing_runs_twice(self, names):
        w = torch.tensor(0.9, requires_grad=True)
        names["twice"](w + 1)
        with pytest.raises(RuntimeError, match="a second time"):
            names["twice"](w * w)

    @pytest.mark.filterwarnings("ignore:Converting a tensor")  # of stacked, as the page says
    @pytest.mark.parametrize("name", ["scaled", "stacked", "gated", "centered", "halved"])
    def test_the_five_breaks_are_silent_and_their_gradients_wrong(self, names, name):
        x = torch.tensor([[0.3, -1.2], [0.8, 0.5], [-0.7, 1.1]], dtype=torch.double)

        def leaves():
            return [
                torch.tensor(v, dtype=torch.double, requires_grad=True) for v in ([0.4, 0.9], 0.3)
            ]

        (w, b), (same_w, same_b) = leaves(), leaves()
        broken, mended = names[name](x, w, b), names[f"{name}_again"](x, same_w, same_b)
        assert broken.item() == pytest.approx(mended.item())
        broken.backward()
        mended.backward()
        right = [same_w.grad, same_b.grad]
        assert any(
            ours is None or not torch.allclose(ours, theirs)
            for ours, theirs in zip([w.grad, b.grad], right, strict=True)
        )
        nudged = torch.autograd.gradcheck(
            lambda w, b: names[f"{name}_again"](x, w, b), (same_w, same_b)
        )
        assert nudged

    def test_a_batch_leaves_3_operators_a_word_where_8_sentences_leave_24(self, names):
        w, sentences = torch.tensor(0.9, requires_grad=True), torch.rand(8, 5)
        alone = [names["read"](sentence, w) for sentence in sentences]
        together = names["read"](sentences.T, w)
        assert torch.allclose(torch.stack(alone), together)
        assert sum(map(names["operators_behind"], alone)) == 24 * 5
        assert names["operators_behind"](together) == 3 * 5

    def test_a_constant_stands_in_the_picture_for_what_was_cut(self, names):
        x, w = torch.ones(2, 2), torch.ones(2, requires_grad=True)
        b = torch.tensor(0.5, requires_grad=True)
        assert "the constant [" in draw(names["gated"](x, w, b)).alt
        assert "the constant [" not in draw(names["gated_again"](x, w, b)).alt

    @pytest.mark.filterwarnings("ignore:The .grad attribute")
    def test_only_leaves_get_a_grad_unless_asked(self):
        x = torch.tensor(3.0, requires_grad=True)
        unasked, asked = 2 * x, 2 * x
        asked.retain_grad()
        asked.register_hook(lambda gradient: 10 * gradient)
        (unasked + asked).backward()
        assert (unasked.grad, x.grad.item()) == (None, 22)
        assert asked.grad is not None

    def test_a_third_and_eighty_six(self, names, prose):
        for w, left in ((0.9, "0.31"), (1.0, "1"), (1.5, "86")):
            seen = names["gradients_of_states"](torch.tensor(w))
            assert f"{seen[0]:.2g}" == left
            assert seen[-1] == 1
        assert "0.31 at 0.9, and 86 at 1.5" in prose
        assert (f"{0.9**99:.0g}", f"{1.5**99:.0g}") == ("3e-05", "3e+17")

    def test_5_of_12_entries_are_padding(self, prose):
        assert "About 417" in prose
        assert round((7 * 1 + 5 * 1000) / 12) == 417


@pytest.fixture(scope="module")
def digits():
    """The names of the page, with its data set: (names, unseen images, their labels)."""
    names = dict(pages(8)[0])
    families = ("DejaVu Sans", "DejaVu Sans Mono", "DejaVu Serif", "STIXGeneral")
    cuts = [(w, s) for w in ("normal", "bold") for s in ("normal", "italic")]
    sheets = np.array([names["typeset"](family, *cut) for family in families for cut in cuts])
    images = sheets.reshape(-1, 8, 10, 8).transpose(0, 2, 1, 3).reshape(-1, 64)
    labels = np.tile(np.arange(10), 80)
    # A function of the page looks its names up where it was defined.
    names["film"].__globals__.update(x=images[:600], y=labels[:600])
    return names, images[600:], labels[600:]


class TestNotebook8:
    number = 8

    def columns(self, seed):
        """A batch of images of one width, columns first, and their labels."""
        rng = np.random.default_rng(seed)
        return rng.normal(size=(3 + seed, 7, 8)), rng.integers(10, size=7)

    def test_a_recurrent_net_takes_the_same_steps_in_both_engines_at_any_length(self, names):
        ours, theirs = names["both"](names["fresh"]((8, 6), (6, 6), (6,), (6, 10)))
        for step in range(12):
            x, labels = self.columns(step % 4)
            loss = names["lab_step"](names["reader"], ours, x, labels, 0.3)
            model, x = names["reader"], torch.tensor(x)
            assert abs(loss - names["torch_step"](model, theirs, x, labels, 0.3)) < 1e-10
            assert names["apart"](ours, theirs) < 1e-10

    def test_so_does_the_perceptron(self, names):
        rng = np.random.default_rng(0)
        x, labels = rng.normal(size=(9, 5)), rng.integers(4, size=9)
        ours, theirs = names["both"](names["fresh"]((5, 6), (6,), (6, 4), (4,)))
        for _ in range(30):
            loss = names["train_step"](ours, x, labels, 0.5)
            other = names["torch_step"](names["perceptron"], theirs, torch.tensor(x), labels, 0.5)
            assert abs(loss - other) < 1e-10
            assert names["apart"](ours, theirs) < 1e-10

    def test_one_missing_plus_trains_and_a_nudge_finds_it(self, digits):
        names, x, labels = digits
        losses, right = [], []
        for plus in (0, 1):
            W1, W2, W3 = weights = names["fresh"]((64, 32), (32, 32), (32, 10))
            for _ in range(300):
                loss, gradients = names["sweep"](weights, plus)
                for w, w_bar in zip(weights, gradients, strict=True):
                    w -= 0.3 * w_bar
            h = np.tanh(x @ W1)
            losses.append(loss)
            right.append((((h + np.tanh(h @ W2)) @ W3).argmax(axis=1) == labels).mean())
        assert max(losses) < 0.04
        assert right[0] > right[1] - 0.05 > 0.7

    def test_the_missing_plus_points_roughly_downhill(self, digits):
        names, _, _ = digits
        weights = names["fresh"]((64, 32), (32, 32), (32, 10))
        wrong, true = (names["sweep"](weights, plus)[1][0] for plus in (0, 1))
        nudge = 1e-5 * np.random.default_rng(1).normal(size=true.shape)
        up, down = (names["sweep"]([weights[0] + d, *weights[1:]], 1)[0] for d in (nudge, -nudge))
        assert (up - down) / 2 / (true * nudge).sum() == pytest.approx(1, abs=1e-4)
        assert (up - down) / 2 / (wrong * nudge).sum() < 0
        assert (wrong * true).sum() > 0.5 * np.linalg.norm(wrong) * np.linalg.norm(true)

    @pytest.mark.parametrize("seed", [0, 1])
    def test_films(self, digits, seed):
        """Vanishing, exploding, mended: in the films of the page, at other starts as well."""
        film, scaled, bend = (digits[0][name] for name in ("film", "scaled", "bend"))

        def shoot(scale, layer):
            film.__globals__["rng"] = np.random.default_rng(seed)
            return film(scaled(scale), layer)

        vanishing, stuck = shoot(1, lambda x, W: ops.sigmoid(x @ W))
        assert vanishing[0, 0] < 1e-9 * vanishing[-1, 0]
        exploding, _ = shoot(4, bend)
        assert exploding[1, 0] > 10 * exploding[11, 0] > 100 * exploding[20, 0]
        assert exploding[0, -1] < 1e-6 < 1 < exploding[0, 0]
        ends = []
        for scale, layer in (
            (1, bend),
            (2**0.5, lambda x, W: ops.relu(x @ W)),
            (1, lambda x, W: x + bend(x, W) / 4),
        ):
            frames, loss = shoot(scale, layer)
            assert frames[0, 0] > 0.1 * frames[-1, 0]
            ends.append(loss)
        assert ends[2] < 0.1 < 1 < min(ends[:2]) <= max(ends[:2]) < stuck

    def test_through_sigmoids(self, names):
        assert f"{0.25**20:.0e}" == "9e-13" == f"{names['through_sigmoids'](20, w=1.0):.0e}"
        assert names["through_sigmoids"](20, w=4.0) == 1
        assert names["through_sigmoids"](20, w=8.0) == 2**20

    @pytest.mark.parametrize(
        "k, peak", [(1, 65), (2, 34), (4, 20), (8, 16), (16, 20), (32, 34), (64, 65)]
    )
    def test_values_held(self, names, k, peak):
        held = names["timeline"](64, k)
        assert max(held) == 64 // k + k == peak
        assert len(held) == 64 + (64 - k) + 64  # forward, again (all but one of each run), back
