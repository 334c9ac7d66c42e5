"""What can be changed in the stepper: numbers, sweeps, predictions; new data from elsewhere."""

# ruff: noqa: F811 (a fixture that is imported is a parameter, too)

import numpy as np
import pytest

from backprop_lab import Graph
from backprop_lab.widgets.page import embed, read, source
from backprop_lab.widgets.stepper import SCRIPTS, payload, with_names
from backprop_lab.widgets.trace import Story, tell
from backprop_lab.widgets.wrong_sweeps import wrong_sweeps
from tests.graphs_to_draw import (
    leaf,
    network,
    order_matters,
)
from tests.stepper_page import (
    ROOT,
    Stepper,
    opened,  # noqa: F401 (a fixture)
    uneven,
)
from tests.test_stepper import two_roads
from tests.test_wrong_sweeps import differing


class TestNumbersThatMove:
    def test_a_slider_reruns_the_graph_as_python_would(self, opened):
        stepper = opened(uneven)
        slider = stepper.find(".grid input")
        for i in (-100, -60, 1, 55, 100):
            slider.evaluate(
                "(slider, i) => { slider.value = i; slider.dispatchEvent(new Event('input')) }", i
            )
            a = 3.0 + i * 5 / 100
            expected = tell(Graph.from_tensor(uneven(a), gradient=1.0))
            for k, line in enumerate(expected, start=1):
                stepper.go(k)
                assert stepper.says() == line
            fresh = opened(lambda a=a: uneven(a))
            fresh.press("last")
            assert stepper.cards() == fresh.cards()
            assert stepper.rows() == fresh.rows()
        stepper.find(".grid button").click()
        assert stepper.rows()["a"][1] == "3"

    def test_a_range_is_centred_and_reaches_zero(self, opened):
        for x in (3.0, -0.001, 1e6, 0.0, -7.3):
            stepper = opened(lambda x=x: leaf(x, "x") * 2.0)
            slider, shown = stepper.find(".grid input"), stepper.find(".grid output")
            ends = []
            for key in ("Home", "End"):
                slider.press(key)
                ends.append(float(shown.text_content().replace("−", "-")))
            assert ends[0] < 0 < ends[1]
            assert np.mean(ends) == pytest.approx(x, abs=2e-3 * abs(ends[1]))

    def test_beyond_a_domain_nan_is_shown(self, opened):
        stepper = opened(lambda: leaf(1.0, "x").log() * 2.0)
        stepper.press("last")
        stepper.find(".grid input").press("Home")
        assert "nan" in stepper.rows()["log(x)"][1]

    def test_wrong_sweeps_follow_the_numbers(self, opened):
        stepper = opened(uneven)
        stepper.sweep("depth-first")
        stepper.find(".grid input").evaluate(
            "slider => { slider.value = -20; slider.dispatchEvent(new Event('input')) }"
        )
        output = uneven(2.0)
        graph = Graph.from_tensor(output, gradient=1.0)
        sweep = {s["id"]: s for s in wrong_sweeps(output, graph)}["depth-first"]
        right = graph.gradients()["n0"]["data"][0]
        found = Graph(graph.nodes, graph.edges, sweep["events"]).gradients()["n0"]["data"][0]
        assert stepper.rows()["a"][3] == f"✗ {found:g}, right: {right:g}"

    def test_graphs_of_tensors_have_no_sliders(self, opened):
        assert opened(network).find(".sliders").count() == 0

    @pytest.mark.parametrize("make", [uneven, order_matters, network])
    def test_wrong_numbers_and_only_they_are_marked_by_word_and_sign(self, opened, make):
        stepper, output = opened(make), make()
        graph = with_names(Graph.from_tensor(output, gradient=1.0))
        titles = Story(graph).called["titles"]
        for sweep in wrong_sweeps(output, graph):
            stepper.sweep(sweep["id"])
            wrong = {titles[key] for key in differing(graph, sweep["events"])}
            rows = stepper.rows()
            assert {name for name, cells in rows.items() if "✗" in cells[3]} == wrong
            assert all("right: " in rows[name][3] for name in wrong)
            cards = {key for key, lines in stepper.cards().items() if "✗" in " ".join(lines)}
            assert {titles[key] for key in cards} == wrong
            headline = stepper.find(".why strong").text_content()
            assert headline.startswith("✗ Wrong" if wrong else "✓ All numbers")
        stepper.sweep("right")
        assert not stepper.find(".why").is_visible()
        assert "✗" not in str((stepper.rows(), stepper.cards()))


class TestPrediction:
    @pytest.fixture
    def asked(self, opened):
        return opened(two_roads, predict=True)

    def answer(self, stepper, text):
        stepper.find(".ask input").fill(text)
        stepper.key("Enter")
        return stepper.find(".verdict").text_content()

    def test_the_number_is_nowhere_until_it_is_answered(self, asked):
        for k, event in enumerate(asked.events, start=1):
            asked.go(k)
            if event["event"] == "seed":
                assert "Nothing to predict" in asked.find(".ask").text_content()
                continue
            before = asked.find(".asked").text_content()
            assert "?" in asked.says() and before.endswith("?")
            if event["event"] == "forward":
                node = next(n for n in asked.data["graph"]["nodes"] if n["id"] == event["node"])
                assert asked.rows()[asked.data["called"]["titles"][node["id"]]][1] == "?"
            else:
                assert asked.find(".ledger tr.changes td.gradient").text_content() == "?"
                assert asked.find("tspan.hot").text_content() == "?"
                assert asked.find(".card.changes").get_attribute("aria-label").endswith("?")
            assert asked.find(".bar input").first.get_attribute("aria-valuetext") == asked.says()
            while "Nothing" not in asked.find(".asked").text_content():
                asked.find("button").filter(has_text="Reveal").click()
            assert "?" not in asked.says()
            assert asked.says() == tell(with_names(Graph.from_tensor(two_roads(), 1.0)))[k - 1]

    @pytest.mark.parametrize("text", ["1.828", "1.8284", "1,828", " 1.8285 ", "1.828e0"])
    def test_what_is_equal_to_a_thousandth_is_right(self, asked, text):
        asked.go(11)  # 2.612 × 0.7 to x
        assert self.answer(asked, text).startswith("✓")
        assert "1.828" in asked.says() and asked.says().endswith("now ?. Both messages are in.")

    @pytest.mark.parametrize(
        ("text", "slip"),
        [
            ("0.7", "local derivative alone"),
            ("2.612", "handed on as it came"),
            ("−1.828", "sign"),
            ("-1.828", "sign"),
            ("3.134", "other input"),
            ("3.312", "multiplied"),
            ("2.133", "holds afterwards"),
            ("17", "Not this number"),
            ("x", "not a number"),
            ("", "not a number"),
            ("nan", "Not this number"),
        ],
    )
    def test_the_classic_slips_at_a_message_are_named(self, asked, text, slip):
        asked.go(11)
        said = self.answer(asked, text)
        assert said.startswith("✗") and slip in said
        assert "?" in asked.says()

    @pytest.mark.parametrize(
        ("text", "slip"),
        [
            ("1.828", "overwrite"),
            ("0.3044", "had before"),
            ("0.5565", "multiplied"),
            ("-2.133", "sign"),
        ],
    )
    def test_and_at_a_sum(self, asked, text, slip):
        asked.go(11)
        self.answer(asked, "1.828")
        said = self.answer(asked, text)
        assert said.startswith("✗") and slip in said
        assert self.answer(asked, "2.133").startswith("✓")
        assert "?" not in asked.says()

    def test_enter_goes_on_when_all_is_answered_and_the_focus_stays(self, asked):
        asked.go(1)
        self.answer(asked, "0.84")
        assert asked.step() == 1
        asked.key("Enter")
        assert asked.step() == 2
        assert asked.page.evaluate(f"() => {ROOT}.activeElement.matches('.ask input')")

    def test_stepping_is_never_blocked(self, asked):
        for k in range(1, len(asked.events) + 1):
            asked.press("forward")
            assert asked.step() == k
        asked.press("back")
        assert "?" in asked.says()

    def test_nothing_is_asked_of_tensors_or_of_wrong_sweeps(self, opened):
        stepper = opened(network, predict=True)
        for k in range(len(stepper.events)):
            stepper.go(k)
            asks = stepper.find(".asked").text_content().endswith("?")
            assert not asks or "(" not in stepper.says() or "mean" in stepper.says()
        stepper = opened(uneven, predict=True)
        stepper.sweep("overwrite")
        assert "Nothing" in stepper.find(".asked").text_content()


class TestLiveData:
    """The seam for whatever computes elsewhere: start() returns an object with update(data)."""

    @pytest.fixture
    def live(self, page_of):
        data = payload(Graph.from_tensor(uneven(), gradient=1.0)) | {"style": read("stepper.css")}
        page = page_of(
            '<div class="backprop-lab"></div>'
            f"<script>{source(SCRIPTS)}\nwindow.live = start(findHost(), {embed(data)});</script>"
        )
        return Stepper(page, data)

    def test_new_numbers_leave_the_step_and_the_focus_where_they_are(self, live):
        live.find(".keys button").nth(3).focus()
        for _ in range(6):
            live.key("ArrowRight")
        other = Graph.from_tensor(uneven(2.0), gradient=1.0)
        live.page.evaluate("data => live.update(data)", payload(other))
        assert live.step() == 6 and live.says() == tell(other)[5]
        live.key("ArrowRight")
        assert live.says() == tell(other)[6]

    def test_another_graph_takes_the_place(self, live):
        other = Graph.from_tensor(two_roads(), gradient=1.0)
        live.page.evaluate("data => live.update(data)", payload(other))
        live.press("last")
        assert live.says() == tell(other)[-1]
        assert live.find(".ledger").count() == live.find(".picture").count() == 1
