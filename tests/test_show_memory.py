"""The slider over n: its numbers are those of the formula, and it answers without a kernel."""

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab.errors import DataError
from backprop_lab.ledger import in_units
from backprop_lab.widgets.memory import SIZES, row, share


def test_2_gb_is_passed_at_22361():
    assert "J fits into 2 GB" in row(22_360)["says"]
    assert "J does not fit into 2 GB" in row(22_361)["says"]
    assert row(22_361)["bytes"] == ["2 GB", "89.4 kB"]


def test_a_size_just_below_a_unit_is_written_in_that_unit():
    assert row(249_999)["bytes"][1] == "1 MB"


@pytest.mark.parametrize("n", SIZES)
def test_bytes_are_those_of_arrays(n):
    column = np.zeros(n, np.float32)
    assert row(n)["bytes"] == [in_units(column.nbytes * n), in_units(column.nbytes)]


def test_equal_factors_are_equal_steps():
    steps = np.diff([share(10.0**k) for k in range(1, 13)])
    np.testing.assert_allclose(steps, steps[0], atol=0.011)


@pytest.mark.parametrize("n", [0, -3, 2.5, True, "many", None])
def test_what_is_no_count_gets_a_sentence(n):
    with pytest.raises(DataError, match="how many numbers go in"):
        bl.show_memory(n)


def test_dragging_n_shows_its_row(page_of):
    page = page_of(bl.show_memory(1000)._repr_html_())
    slider = page.get_by_role("slider", name="n")
    assert slider.get_attribute("aria-valuetext") == "1,000"
    slider.press("End")
    assert page.get_by_text("n = 100,000: J takes 40 GB").count() == 1
    slider.press("Home")
    assert page.get_by_text("n = 10: J takes 400 B, and a VJP returns 40 B").count() == 1
