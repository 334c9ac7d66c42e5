"""What the prose of notebooks 6 and 7 states of PyTorch, worked out again."""

import ast
from functools import cache

import pytest

from backprop_lab.coursework.build import compose, sources

torch = pytest.importorskip("torch")


def page(number):
    """(names that a solved page defines, its prose). Of its code, only definitions are run."""
    source = next(path for path in sources() if path.name.startswith(f"{number:02d}"))
    cells = compose(source, solved=True).cells
    names = {"torch": torch}
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

    def test_a_tensor_on_ctx_outlives_its_name_and_what_is_saved_does_not(self, names):
        assert names["outlives_its_name"](names["KeepsOnCtx"].apply)
        assert not names["outlives_its_name"](torch.square)
        assert not names["outlives_its_name"](names["SquareAndDouble"].apply)

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

    def test_a_saved_slope_loses_144_of_432_and_passes_gradcheck(self, names, prose):
        slopes = names["slopes_of_the_square"]
        assert slopes(lambda x: 2 * x**2) == (432, 432)
        assert slopes(names["SavesSlope"].apply) == (432, 288)
        assert slopes(names["SquareAndDouble"].apply) == (432, 432)
        assert "is 288, and the 144 from" in prose
        x = torch.tensor(3.0, dtype=torch.double, requires_grad=True)
        assert torch.autograd.gradcheck(names["SavesSlope"].apply, x)
        assert not torch.autograd.gradgradcheck(names["SavesSlope"].apply, x, raise_exception=False)

    def test_rounding_teaches_nothing_and_straight_through_arrives_in_one_step(self, names):
        assert names["descend"](torch.round) == pytest.approx(0.4)
        through = names["RoundStraightThrough"].apply
        assert names["descend"](through, steps=1) == pytest.approx(0.6)
        assert names["descend"](through) == pytest.approx(0.6)


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

    def test_three_operators_a_round_stay_behind_a_running_total(self, names):
        w, total = torch.tensor(0.9, requires_grad=True), torch.tensor(0.0)
        for _ in range(100):
            total = total + (w * 2) ** 2
        assert names["operators_behind"](total) == 300

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

    def test_a_third_and_eighty_six(self, names, prose):
        for w, left in ((0.9, "0.31"), (1.0, "1"), (1.5, "86")):
            seen = names["gradients_of_states"](torch.tensor(w))
            assert f"{seen[0]:.2g}" == left
            assert seen[-1] == 1
        assert "0.31 at 0.9, and 86 at 1.5" in prose

    def test_5_of_12_entries_are_padding(self, prose):
        assert "About 417" in prose
        assert round((7 * 1 + 5 * 1000) / 12) == 417
