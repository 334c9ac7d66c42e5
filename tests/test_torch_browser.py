"""PyTorch's graphs in the interactive pictures, in a real browser."""

# ruff: noqa: E402, F811 (torch may be missing; a fixture that is imported is a parameter, too)

import pytest

torch = pytest.importorskip("torch")

import backprop_lab as bl
from backprop_lab.widgets.stepper import with_names
from backprop_lab.widgets.trace import tell
from tests.browser_tools import violations
from tests.stepper_page import opened  # noqa: F401 (a fixture)
from tests.test_rosetta_browser import check_marks, columns, options
from tests.torch_networks import SquareAndDouble, mlp


def bare():
    x = torch.tensor(3.0, requires_grad=True)
    y = 2 * x**2 + torch.ones(4, requires_grad=True).exp().mean()
    return y


def recorded():
    x, w = torch.tensor([3.0, 1.0], requires_grad=True), torch.nn.Parameter(torch.ones(2))
    with bl.record_torch():
        y = (SquareAndDouble.apply(x) * w + x).sum()
    return y


MADE = {"bare": bare, "recorded": recorded}


@pytest.mark.parametrize("name", MADE)
def test_each_sentence_is_that_of_the_python_trace(opened, name):
    y = MADE[name]()
    with bl.record_torch() as record:
        graph = record.graph(y, gradient=torch.tensor(1.0))
    expected = tell(with_names(graph))
    stepper = opened(bl.step(y))
    for k, line in enumerate(expected, start=1):
        stepper.go(k)
        assert stepper.says() == line
    assert ("has not kept" in " ".join(expected)) == (name == "bare")


def test_a_value_that_is_gone_is_marked_on_its_card_and_in_the_ledger(opened):
    stepper = opened(bl.step(bare()))
    power = next(n for n in stepper.data["graph"]["nodes"] if n["op"] == "**")
    assert power["value"] is None
    assert "not kept" not in stepper.cards()[power["id"]]
    stepper.press("last")
    assert "not kept" in stepper.cards()[power["id"]]
    assert ["**", "not kept"] in [row[:2] for row in stepper.rows().values()]
    assert ["exp", "(4,), not kept"] not in [row[:2] for row in stepper.rows().values()]  # saved


def test_predicting_asks_for_no_value_that_is_gone(opened):
    stepper = opened(bl.step(bare(), predict=True))
    stepper.press("forward")
    assert stepper.says().endswith("a value that PyTorch has not kept.")


def test_a_module_steps_folded_and_opens(opened):
    net = mlp(3, 4, 2)
    stepper = opened(bl.step((net, torch.ones(5, 3))))
    assert stepper.find(".card.group").count() == 3
    stepper.press("last")
    assert stepper.says().startswith("Backward through ")


@pytest.mark.parametrize("column", range(4))
def test_pointing_at_a_thing_marks_it_in_all_four_notations(page_of, column):
    stone = bl.rosetta(recorded())
    page = page_of(stone._repr_html_())
    assert columns(page).count() == 4
    box = columns(page).nth(column)
    box.focus()
    page.keyboard.press("Home")
    for place in range(len(stone.data["things"])):
        check_marks(page, stone, place)
        page.keyboard.press("ArrowRight")
    assert options(page, column).count() >= len(stone.data["things"])


@pytest.mark.parametrize("settings", [{}, {"color_scheme": "dark"}], ids=["light", "dark"])
def test_nothing_is_hard_to_read(page_of, settings):
    y = bare()
    page = page_of(bl.rosetta(y)._repr_html_(), bl.step(y)._repr_html_(), **settings)
    assert not violations(page)
