"""The report card: what is broken is named by its line, and what is right passes every line."""

import io
import re
import warnings
from contextlib import redirect_stdout
from functools import cache

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import report_card
from backprop_lab.errors import DataError
from tests.bad_functions import BROKEN, SILENT, B, ForgetsTheFactor, Function, X, Y, broken, torch
from tests.right_functions import RIGHT, RoundStraightThrough, SquareAndDouble

STATUSES = {"passed", "failed", "not applicable", "could not be tried"}


def named(cases):
    return [f"{function.__name__}-{i}" for i, (function, *_) in enumerate(cases)]


@cache
def card_of(number):
    """The card of one case of both banks (made once), and what else making it has done."""
    function, inputs, deliberate = CASES[number]
    before, state = [copied(x) for x in inputs], torch.get_rng_state()
    said = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, redirect_stdout(said):
        warnings.simplefilter("always")
        card = report_card(function, *inputs, deliberate=deliberate)
    done = []
    for x, old in zip(inputs, before, strict=True):
        if isinstance(x, torch.Tensor) and not (torch.equal(x, old) and x.grad is None):
            done.append("changed an input")
    if not torch.equal(torch.get_rng_state(), state):
        done.append("drew random numbers")
    return card, [*done, *map(str, warned), *said.getvalue().split()]


def copied(x):
    return x.clone() if isinstance(x, torch.Tensor) else x


LINES = [line for _, _, line in BROKEN]
CASES = [(function, inputs, None) for function, inputs, _ in BROKEN] + RIGHT
NUMBERS = range(len(CASES))


@pytest.mark.parametrize("number", NUMBERS[: len(BROKEN)], ids=named(BROKEN))
def test_what_is_broken_is_named(number):
    (card, _), name = card_of(number), LINES[number]
    assert not card
    assert card[name].status == "failed", card
    assert f"✗ {name}: failed. {card[name].text}" in repr(card)


@pytest.mark.parametrize("number", NUMBERS[len(BROKEN) :], ids=named(RIGHT))
def test_what_is_right_passes_every_line(number):
    card, _ = card_of(number)
    assert card.passed, card
    assert {line.status for line in card.lines} <= {"passed", "not applicable"}


@pytest.mark.parametrize("number", NUMBERS, ids=named(CASES))
def test_nothing_else_happens(number):
    """Inputs and random numbers stay as they are; nothing is printed, and nobody is warned."""
    assert card_of(number)[1] == []


@pytest.mark.parametrize("number", NUMBERS, ids=named(CASES))
def test_lines_are_sentences(number):
    for line in card_of(number)[0].lines:
        assert line.status in STATUSES
        assert line.text.endswith((".", "?", ".)")), line
        assert ".." not in line.text.replace("...", "")
        if "raise " not in line.text:  # the words of an exception stand apart
            assert not line.error or line.error not in line.text


@pytest.mark.parametrize("function, inputs", SILENT, ids=named(SILENT))
def test_gradcheck_of_pytorch_is_not_enough(function, inputs):
    """Each of these is broken, and passes."""
    xs = [x.clone().requires_grad_() for x in inputs]
    assert torch.autograd.gradcheck(lambda *xs: function.apply(*[x.clone() for x in xs]), xs)


def test_the_banks_are_large_enough():
    assert len(BROKEN) >= 60
    assert len({function for function, *_ in RIGHT}) >= 25


def test_every_line_can_fail_and_can_pass():
    right = [card_of(number)[0] for number in NUMBERS[len(BROKEN) :]]
    passed = {line.name for card in right for line in card.with_status("passed")}
    assert set(LINES) == passed == {line.name for line in right[0].lines}


class TestWhatItSays:
    def test_numbers_for_a_single_output_are_free_of_grad_output(self):
        class Twelve(SquareAndDouble):
            @staticmethod
            def backward(ctx, g):
                return 12 * g

        text = report_card(Twelve, torch.tensor(3.0))["derivative"].text
        at, said, nudged = map(float, re.findall(r"(?:= |· )(-?[\d.]+\d)", text))
        assert text.startswith("It is right at the inputs given, and not near them. ")
        assert said == 12
        assert nudged == pytest.approx(4 * at, rel=1e-5)

    def test_a_factor_is_named(self):
        assert "Half:" in report_card(ForgetsTheFactor, X)["derivative"].text

    def test_a_transpose_is_named(self):
        class Turned(Function):
            @staticmethod
            def forward(ctx, x):
                return x.clone()

            @staticmethod
            def backward(ctx, g):
                return g.T

        text = report_card(Turned, torch.randn(3, 3))["derivative"].text
        assert "rows and columns have changed places" in text

    def test_second_derivatives_by_grad_output_are_told_as_such(self):
        class Cut(Function):
            @staticmethod
            def forward(ctx, x):
                return 3 * x

            @staticmethod
            def backward(ctx, g):
                return 3 * g.detach()

        assert "At grad_output 0[" in report_card(Cut, X)["second derivative"].text

    def test_the_line_that_raised_is_quoted(self):
        class Raises(Function):
            @staticmethod
            def forward(ctx, x):
                return 2 * x

            @staticmethod
            def backward(ctx, g):
                return g @ torch.ones(99, 99)

        line = report_card(Raises, X)["backward"]
        assert line.text == "backward raised RuntimeError at `return g @ torch.ones(99, 99)`."
        assert line.error

    def test_the_same_each_time(self):
        for number in (1, 10, 40, 80):
            function, inputs, deliberate = CASES[number]
            again = report_card(function, *inputs, deliberate=deliberate)
            assert str(again) == str(card_of(number)[0])

    def test_float32_is_raised_and_it_says_so(self):
        assert (
            "float32 has too few digits" in report_card(SquareAndDouble, X.float())["dtypes"].text
        )
        assert "too few digits" not in report_card(SquareAndDouble, X)["dtypes"].text


class TestWhatItTakes:
    def test_those_that_require_a_gradient_are_the_ones_to_differentiate_by(self):
        class First(Function):
            @staticmethod
            def forward(ctx, x, y):
                ctx.save_for_backward(y)
                return x * y

            @staticmethod
            def backward(ctx, g):
                (y,) = ctx.saved_tensors
                return g * y, None

        assert not report_card(First, X, Y)
        assert report_card(First, X.clone().requires_grad_(), Y)

    def test_apply_is_as_good_as_the_class(self):
        assert report_card(SquareAndDouble.apply, X)

    def test_it_works_where_gradients_are_switched_off(self):
        with torch.no_grad():
            assert report_card(SquareAndDouble, X)
        with torch.inference_mode():
            assert report_card(SquareAndDouble, torch.ones(3))

    @pytest.mark.parametrize("what", [None, 3, "F", len, lambda x: x, torch.nn.Linear])
    def test_what_is_no_function(self, what):
        card = report_card(what, X)
        assert not card
        assert card["forward"].status == "failed"
        assert "given by its name" in card["forward"].text

    @pytest.mark.parametrize("inputs", [(), (3.0,), (torch.tensor([1, 2]),), ("x", None), ([X],)])
    def test_nothing_to_differentiate_by(self, inputs):
        card = report_card(SquareAndDouble, *inputs)
        assert not card
        assert card["forward"].status == "could not be tried"

    @pytest.mark.parametrize("device", ["nowhere", "cuda:99"])
    def test_a_device_that_is_not_there(self, device):
        card = report_card(SquareAndDouble, X, device=device)
        assert not card
        assert card["forward"].status == "could not be tried"

    @pytest.mark.parametrize("device", ["cpu", "cuda"])
    def test_a_device(self, device):
        if device == "cuda" and not torch.cuda.is_available():
            pytest.skip("no GPU here")
        for function, inputs, deliberate in RIGHT[:: 1 if device == "cuda" else 9]:
            if function.__name__ != "OnceOnly":  # which uses NumPy
                assert report_card(function, *inputs, device=device, deliberate=deliberate)


class TestDeliberately:
    def test_it_says_what_was_not_compared_and_why(self):
        card = report_card(RoundStraightThrough, 3 * X, deliberate="straight-through")
        for name in ("derivative", "gradcheck", "second derivative"):
            assert card[name].status == "not applicable"
            assert card[name].text == "Not compared: declared to be straight-through."

    def test_undeclared_it_fails(self):
        assert report_card(RoundStraightThrough, 3 * X)["derivative"].status == "failed"

    def test_it_excuses_nothing_else(self):
        names = {line for _, _, line in BROKEN}
        exempt = {"derivative", "gradcheck", "second derivative", "forward mode",
                  "linear in grad_output", "mark_non_differentiable"}  # fmt: skip
        for function, inputs, line in BROKEN:
            if line in names - exempt:
                card = report_card(function, *inputs, deliberate="on purpose")
                assert card[line].status == "failed", (function, line)

    @pytest.mark.parametrize("what", [True, "", " ", 3, []])
    def test_it_takes_words(self, what):
        with pytest.raises(DataError, match="says in words"):
            report_card(SquareAndDouble, X, deliberate=what)


class TestKinks:
    @pytest.mark.parametrize(
        "slope, status",
        [(0, "passed"), (0.3, "passed"), (1, "passed"), (1.1, "failed"), (-0.1, "failed")],
    )
    def test_any_slope_between_those_of_its_two_sides(self, slope, status):
        class Relu(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.clamp(min=0)

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * (x > 0) + g * slope * (x == 0)

        x = torch.tensor([0.0, 1.0, -2.0])
        status = "passed" if 0 <= slope <= 1 else "failed"
        assert report_card(Relu, x)["derivative"].status == status


class TestHostile:
    def run(self, forward, backward=None):
        body = {"forward": staticmethod(forward)}
        if backward:
            body["backward"] = staticmethod(backward)
        return report_card(type("Hostile", (Function,), body), X)

    @pytest.mark.parametrize(
        "value", [None, 3, "x", [], (), {}, [X], (None,), np.ones(3), object()]
    )
    def test_any_value_from_forward_and_from_backward(self, value):
        assert not self.run(lambda ctx, x: value, lambda ctx, g: g)
        assert not self.run(lambda ctx, x: 2 * x, lambda ctx, g: value)

    def test_nan_and_inf(self):
        for number in (float("nan"), float("inf")):
            assert not self.run(lambda ctx, x, k=number: x * k, lambda ctx, g, k=number: g * k)
            assert not self.run(lambda ctx, x: x * 2, lambda ctx, g, k=number: g * k)

    def test_exceptions_that_cannot_be_told(self):
        class Silent(Exception):
            def __str__(self):
                raise ValueError

        def raises(ctx, x):
            raise Silent

        card = self.run(raises)
        assert "raised Silent" in card["forward"].text
        assert card["forward"].error == ""

    def test_one_that_quits_in_backward(self):
        def quits(ctx, g):
            raise SystemExit(3)

        assert self.run(lambda ctx, x: 2 * x, quits)["backward"].status == "failed"

    def test_one_that_works_for_a_while(self):
        for most in range(0, 60, 7):
            runs = iter(range(most))

            def forward(ctx, x, runs=runs):
                next(runs)
                return 2 * x

            assert not self.run(forward, lambda ctx, g: 2 * g)

    def test_shapes_that_change_from_call_to_call(self):
        sizes = iter(range(1, 10**6))
        card = self.run(lambda ctx, x: x.sum().expand(next(sizes)).clone(), lambda ctx, g: g)
        assert not card

    def test_a_name_with_markup(self):
        name = "<script>alert(1)</script>"
        function = type(name, (Function,), {"forward": staticmethod(lambda ctx, x: "<b>")})
        html = report_card(function, X)._repr_html_()
        assert "<script" not in html
        assert "&lt;script&gt;" in html


class TestTheCard:
    right, wrong = report_card(SquareAndDouble, X), report_card(ForgetsTheFactor, X)

    def test_as_text(self):
        assert repr(self.right) == "Report card of SquareAndDouble: 18 passed, 9 not applicable"
        assert len(str(self.right).splitlines()) == 1 + len(self.right.lines)
        assert len(repr(self.wrong).splitlines()) == 1 + len(self.wrong.with_status("failed"))

    def test_as_a_test(self):
        assert report_card(SquareAndDouble, X)
        with pytest.raises(AssertionError, match="derivative: failed"):
            assert report_card(ForgetsTheFactor, X), repr(self.wrong)

    def test_lines_by_name(self):
        assert self.right["derivative"].status == "passed"
        with pytest.raises(KeyError, match="no line 'grade'"):
            self.right["grade"]

    def test_as_html(self):
        html = self.wrong._repr_html_()
        assert html.count('<th scope="row">') == len(self.wrong.lines)
        shown, folded = html.split("<details>", 1)
        assert shown.count('<th scope="row">') == len(self.wrong.with_status("failed"))
        assert "✗&nbsp;failed" in shown
        assert "✗&nbsp;failed" not in folded
        assert "<details>" not in self.right._repr_html_()

    def test_it_is_at_hand_for_anybody(self):
        assert bl.report_card is report_card
        assert broken("derivative", X)(SquareAndDouble) is SquareAndDouble
        BROKEN.pop()
        assert not report_card(SquareAndDouble, B, B)
