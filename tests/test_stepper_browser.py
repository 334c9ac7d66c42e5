"""The stepper in a real browser: what each step shows, by every way to get there."""

import re
from itertools import product

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph
from backprop_lab.widgets.page import embed, read, source
from backprop_lab.widgets.stepper import SCRIPTS, payload, with_names
from backprop_lab.widgets.trace import Story, tell
from backprop_lab.widgets.wrong_sweeps import wrong_sweeps
from tests.browser_tools import look, open_notebook, run_all, violations
from tests.graphs_to_draw import (
    HOSTILE,
    NAMED_EIGHT,
    TENSORS,
    chain,
    ladder,
    leaf,
    lstm,
    network,
    order_matters,
)
from tests.test_stepper import two_roads
from tests.test_wrong_sweeps import differing

EVERY = NAMED_EIGHT | TENSORS
ROOT = "document.querySelector('.backprop-lab').shadowRoot"
GO = f"""k => {{
    const scrub = {ROOT}.querySelector(".bar input");
    scrub.value = k;
    scrub.dispatchEvent(new Event("input"));
}}"""
STATE = f"() => {ROOT}.querySelector('.frame').innerHTML"
ROW = """row => [...row.cells].map(cell => cell.textContent.replace("▸\xa0", ""))"""
NAME = "first", "back", "play", "forward", "last"


def uneven(a=3.0):
    a = leaf(a, "a")
    b = a**2
    b.name = "b"
    c = b + a
    c.name = "c"
    d = b * c
    d.name = "d"
    return d


def in_groups():
    x = leaf(0.7, "x")
    y = x.sin()
    for step in range(3):
        with bl.group(f"t={step}"):
            y = (y * x).tanh() + y
    return y * 2.0


class Stepper:
    """A stepper on a page of its own."""

    def __init__(self, page, data):
        self.page, self.data = page, data
        self.events = data["graph"]["events"]

    def find(self, selector):
        return self.page.locator(f".backprop-lab {selector}")

    def go(self, k):
        self.page.evaluate(GO, k)

    def press(self, name):
        self.find(".keys button").nth(NAME.index(name)).click(force=True)  # even at an end

    def key(self, name):
        self.page.keyboard.press(name)

    def says(self):
        return self.find(".say").text_content()

    def step(self):
        return int(re.match(r"step (\d+) of", self.find(".steps").text_content())[1])

    def state(self):
        return self.page.evaluate(STATE)

    def sweep(self, name):
        self.find(".options select").nth(1).select_option(name)

    def rows(self):
        """The ledger as {tensor: [made by, value, heard, gradient]}."""
        rows = self.find(".ledger tbody tr").evaluate_all(f"rows => rows.map({ROW})")
        return {name: cells for name, *cells in rows}

    def cards(self):
        """What stands on the cards, as {node of the record: its lines}."""
        code = """cards => cards.map(card => [card.dataset.of,
            [...card.querySelectorAll("text")].map(text => text.textContent)])"""
        return dict(self.find(".card").evaluate_all(code))


@pytest.fixture
def opened(page_of):
    """A function that shows the stepper of what `make` makes, or a picture made by bl.step."""

    def open_stepper(make, *, width=1000, predict=False, **settings):
        picture = bl.step(make(), predict=predict) if callable(make) else make
        return Stepper(page_of(picture.html, width=width, **settings), picture.data)

    return open_stepper


class TestWords:
    @pytest.mark.parametrize("name", EVERY)
    def test_each_sentence_is_that_of_the_python_trace(self, opened, name):
        stepper = opened(EVERY[name])
        expected = tell(with_names(Graph.from_tensor(EVERY[name](), gradient=1.0)))
        said = stepper.page.evaluate(
            f"""count => {{
                const go = {GO};
                return Array.from({{length: count}}, (_, i) => {{
                    go(i + 1);
                    const say = {ROOT}.querySelector(".say").textContent;
                    return [say, {ROOT}.querySelector(".bar input").getAttribute("aria-valuetext")];
                }});
            }}""",
            len(expected),
        )
        assert said == [[line, line] for line in expected]

    @pytest.mark.parametrize("make", [uneven, order_matters, network, two_roads])
    def test_so_is_each_sentence_of_a_wrong_sweep(self, opened, make):
        stepper, output = opened(make), make()
        graph = with_names(Graph.from_tensor(output, gradient=1.0))
        for sweep in wrong_sweeps(output, graph):
            stepper.sweep(sweep["id"])
            assert stepper.find(".why").text_content().endswith(sweep["why"])
            for k, line in enumerate(tell(graph, sweep["events"]), start=1):
                stepper.go(k)
                assert stepper.says() == line

    def test_the_line_of_source_is_shown_where_it_is_known(self, opened):
        stepper = opened(in_groups)
        lines = {node["line"] for node in stepper.data["graph"]["nodes"]} - {None}
        shown = set()
        for k in range(len(stepper.events) + 1):
            stepper.go(k)
            shown.add(stepper.find(".source").text_content())
        assert lines and lines <= shown
        assert "" in shown and any(line.endswith(".backward()") for line in shown)


class TestStates:
    def test_a_step_is_the_same_however_it_is_reached(self, opened):
        stepper = opened(two_roads)
        count = len(stepper.events)
        states = [stepper.state()]
        for _ in range(count):
            stepper.press("forward")
            states.append(stepper.state())
        assert len({*states}) == count + 1
        for k in reversed(range(count)):
            stepper.press("back")
            assert stepper.state() == states[k]
        rng = np.random.default_rng(0)
        for k in rng.integers(0, count + 1, 20):
            stepper.go(int(k))
            assert stepper.state() == states[k]
        stepper.press("last")
        assert stepper.state() == states[-1]
        stepper.press("first")
        assert stepper.state() == states[0]

    @pytest.mark.parametrize("make", [in_groups, network, uneven])
    def test_and_on_larger_graphs_and_wrong_sweeps(self, opened, make):
        stepper = opened(make)
        for name in ("right", "recursion", "zero-leaves"):
            stepper.sweep(name)
            count = int(stepper.find(".steps").text_content().split(" of ")[1].split(",")[0])
            states = {}
            for k in [*range(count + 1), *reversed(range(count + 1)), count // 2, 0, count]:
                stepper.go(k)
                assert states.setdefault(k, stepper.state()) == stepper.state()

    @pytest.mark.parametrize("make", [two_roads, uneven, network])
    def test_values_and_gradients_are_there_once_they_are_known_and_no_earlier(self, opened, make):
        stepper, output = opened(make), make()
        graph = with_names(Graph.from_tensor(output, gradient=1.0))
        story = Story(graph)
        titles, edges = story.called["titles"], story.edges
        made = {node["id"] for node in graph.nodes if node["op"] is None}
        held = set()
        for k in range(len(graph.events) + 1):
            if k:
                event = graph.events[k - 1]
                if event["event"] == "forward":
                    made.add(event["node"])
                else:
                    held.add(event.get("node") or edges[event["edge"]]["from"])
            stepper.go(k)
            for key, cells in [(key, stepper.rows().get(title)) for key, title in titles.items()]:
                if cells:
                    assert bool(cells[1]) == (key in made), (k, titles[key])
                    shown = cells[3] if cells[3] != "not reached" else ""
                    assert bool(shown) == (key in held), (k, titles[key])

    def test_what_is_not_reached_says_so_at_the_end_and_is_never_zero(self, opened):
        x, y = leaf(2.0, "x"), bl.tensor([3.0], name="y")
        stepper = opened(lambda: (x * 2 * y).sum())
        stepper.press("last")
        assert stepper.rows()["y"][3] == "not reached"
        assert any("not reached" in lines for lines in stepper.cards().values())

    @pytest.mark.parametrize("make", [two_roads, uneven, order_matters])
    def test_each_accumulation_adds_up_in_full_doubles(self, opened, make):
        stepper = opened(make)
        sources = {edge["id"]: edge["from"] for edge in stepper.data["graph"]["edges"]}
        held, sums = {}, 0
        for k, event in enumerate(stepper.events, start=1):
            if event["event"] != "vjp":
                continue
            key = sources[event["edge"]]
            stepper.go(k)
            cell = stepper.find(".ledger tr.changes td.gradient")
            if key in held:
                a, b, c = map(float, re.split(r" \+ | = ", cell.get_attribute("title")))
                total = event["total"]["data"][0]
                assert a + b == c == total
                assert (a, b) == (held[key], event["contribution"]["data"][0])
                sums += 1
            held[key] = event["total"]["data"][0]
        assert sums > 0

    def test_a_sum_in_progress_says_so_and_counts_its_messages(self, opened):
        stepper = opened(uneven)
        seen = []
        for k in range(len(stepper.events) + 1):
            stepper.go(k)
            _, _, heard, gradient = stepper.rows()["b"]
            seen.append((heard, gradient.split(" = ")[-1]))
            lines = " ".join(stepper.cards()["n2"])
            assert (heard in lines) if heard else " of " not in lines
        assert [*dict.fromkeys(seen)] == [
            ("", ""),
            ("0 of 2", ""),
            ("1 of 2", "12 so far"),
            ("2 of 2", "21"),
        ]


class TestWhatIsActive:
    @pytest.mark.parametrize("make", [two_roads, network])
    def test_the_cards_and_the_arrow_of_the_step_are_marked_and_no_others(self, opened, make):
        stepper = opened(make)
        edges = {edge["id"]: edge for edge in stepper.data["graph"]["edges"]}
        for k, event in enumerate(stepper.events, start=1):
            stepper.go(k)
            hot = stepper.find(".card.hot").evaluate_all("all => all.map(card => card.dataset.of)")
            rows = stepper.find(".ledger tr.hot").count()
            arrows = stepper.find(".arrow.hot").evaluate_all(
                "all => all.flatMap(arrow => arrow.dataset.edges.split(' '))"
            )
            turned = stepper.find(".arrow.backward").count()
            if event["event"] == "vjp":
                edge = edges[event["edge"]]
                assert {*hot} == {edge["from"], edge["to"]}
                assert rows == 2 and turned == 1 and event["edge"] in arrows
                changed = stepper.find(".card.changes").first.get_attribute("data-of")
                assert changed == edge["from"]
            else:
                assert hot == [event["node"]] and rows == 1 and turned == 0
                into = {key for key, edge in edges.items() if edge["to"] == event["node"]}
                assert {*arrows} == (into if event["event"] == "forward" else set())
            assert stepper.find("[aria-current='step']").count() == 1
            assert stepper.find(".ledger .mark").all_text_contents().count("▸\xa0") == 1

    def test_the_head_of_a_backward_arrow_touches_the_source(self, opened):
        stepper = opened(two_roads)
        for k, event in enumerate(stepper.events, start=1):
            if event["event"] != "vjp":
                continue
            stepper.go(k)
            source = event["edge"].split("-")[0]
            card = stepper.find(f".card[data-of='{source}'] :is(rect, path)").first.bounding_box()
            head = stepper.find(".turned .head").bounding_box()
            gap = head["y"] - (card["y"] + card["height"])
            assert abs(gap) < 4, "a head points up at the lower border of the source"
            assert not stepper.find(".arrow.backward > .head").is_visible()

    def test_a_click_on_a_card_goes_to_its_next_step_and_round_again(self, opened):
        stepper = opened(uneven)
        card = stepper.find(".card[data-of='n2']")  # b
        visited = []
        for _ in range(6):
            card.click()
            visited.append(stepper.step())
        assert visited == [1, 5, 7, 8, 1, 5] or visited[0] == visited[-2]
        assert visited[:4] == sorted({*visited})
        stepper.key("ArrowRight")  # after a click, the arrow keys make steps
        assert stepper.step() == visited[-1] + 1

    def test_cards_are_reached_and_used_by_keyboard(self, opened):
        stepper = opened(uneven)
        stepper.find(".card[tabindex='0']").focus()
        for _ in range(2):
            stepper.key("ArrowRight")
        assert stepper.step() == 0
        focused = f"() => {ROOT}.activeElement.dataset.of"
        assert stepper.page.evaluate(focused) == "n2"
        stepper.key("Enter")
        assert stepper.step() == 1
        stepper.key("Space")
        assert stepper.step() > 1
        stepper.key("End")
        assert stepper.page.evaluate(focused) == "n4"
        assert stepper.find(".card[tabindex='0']").count() == 1

    def test_a_folded_group_shows_its_progress_and_can_be_opened(self, opened):
        stepper = opened(lambda: lstm(12))
        groups = stepper.find(".card.group")
        assert groups.count() == 12
        texts = "all => all.map(held => held.textContent)"
        held = stepper.find(".card.group [data-part='held']")
        assert {*held.evaluate_all(texts)} == {"made 0 of 17"}
        stepper.go(20)
        found = held.evaluate_all(texts)
        assert found[:2] == ["made 17 of 17", "made 3 of 17"]
        assert stepper.find(".card.group.hot").count() == 1
        stepper.press("last")
        assert {tuple(text.split()[1::2]) for text in held.evaluate_all(texts)} != {("0", "17")}
        cards = stepper.find(".card").count()
        stepper.find(
            "button",
        ).filter(has_text="Show every node").click()
        assert stepper.find(".card.group").count() == 0 and stepper.find(".card").count() > cards
        stepper.find("button").filter(has_text="Show groups folded").click()
        assert groups.count() == 12


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


class TestPlaying:
    def test_play_goes_to_the_end_quietly_and_stops(self, opened):
        stepper = opened(uneven)
        stepper.find(".options select").first.select_option("very fast")
        stepper.press("play")
        assert stepper.find(".say").get_attribute("aria-live") == "off"
        assert stepper.find(".keys button").nth(2).get_attribute("aria-label").startswith("Pause")
        stepper.page.wait_for_function(
            f"count => {ROOT}.querySelector('.steps').textContent.startsWith('step ' + count)",
            arg=len(stepper.events),
        )
        stepper.page.wait_for_function(
            f"() => {ROOT}.querySelector('.say').getAttribute('aria-live') === 'polite'"
        )
        assert stepper.find(".keys button").nth(2).get_attribute("aria-label").startswith("Play")

    @pytest.mark.parametrize("how", ["Space", "Escape", "forward", "scrub"])
    def test_any_act_of_the_reader_stops_it(self, opened, how):
        stepper = opened(uneven)
        stepper.find(".say").click()
        stepper.find(".ledger").focus()
        stepper.key("Space")
        assert stepper.find(".say").get_attribute("aria-live") == "off"
        {"forward": lambda: stepper.press("forward"), "scrub": lambda: stepper.go(3)}.get(
            how, lambda: stepper.key(how)
        )()
        assert stepper.find(".say").get_attribute("aria-live") == "polite"

    def test_what_is_no_longer_on_the_page_stops_by_itself(self, opened):
        stepper = opened(uneven)
        stepper.find(".options select").first.select_option("very fast")
        stepper.press("play")
        stepper.page.evaluate(
            """() => {
                window.kept = document.querySelector(".backprop-lab");
                kept.remove();
            }"""
        )
        stepper.page.wait_for_timeout(700)
        text = "() => kept.shadowRoot.querySelector('.steps').textContent"
        before = stepper.page.evaluate(text)
        stepper.page.wait_for_timeout(600)
        assert stepper.page.evaluate(text) == before != f"step {len(stepper.events)}"
        live = "() => kept.shadowRoot.querySelector('.say').getAttribute('aria-live')"
        assert stepper.page.evaluate(live) == "polite"


class TestKeyboard:
    def test_the_keys_step(self, opened):
        stepper = opened(uneven)
        stepper.find(".keys button").nth(3).focus()
        last = len(stepper.events)
        for key, k in [
            ("ArrowLeft", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", last),
            ("ArrowRight", last), ("Home", 0),
        ]:  # fmt: skip
            stepper.key(key)
            assert stepper.step() == k, key

    def test_the_focus_stays_on_a_button_at_its_end(self, opened):
        stepper = opened(uneven)
        for name in ("last", "forward", "first", "back"):
            button = stepper.find(".keys button").nth(NAME.index(name))
            button.focus()
            stepper.key("Enter")
            assert button.get_attribute("aria-disabled") == "true"
            stepper.key("Enter")
            assert button.evaluate(f"button => {ROOT}.activeElement === button")
        assert stepper.find("[disabled]").count() == 0

    def test_tab_reaches_every_control_and_leaves(self, opened):
        stepper = opened(uneven, predict=True)
        reached = []
        for _ in range(30):
            stepper.key("Tab")
            active = stepper.page.evaluate(
                f"""() => {{
                    if (document.activeElement.id === "after") return "after";
                    const at = {ROOT}.activeElement;
                    return at && (at.getAttribute("aria-label") || at.textContent || at.type);
                }}"""
            )
            reached.append(active)
            if active == "after":
                break
        assert reached[-1] == "after"
        controls = stepper.find(
            ":is(button, input, select, .ledger, .card[tabindex='0']):not([tabindex='-1'])"
        )
        assert len(reached) == controls.count() + 1

    def test_nothing_typed_reaches_the_page(self, opened):
        stepper = opened(uneven)
        stepper.page.evaluate("() => { window.heard = []; onkeydown = e => heard.push(e.key) }")
        for place in (stepper.find(".keys button").first, stepper.find(".card").first):
            place.focus()
            for key in ["d", "d", "b", "a", "x", "m", "Enter", "ArrowDown", "Escape", "Home"]:
                stepper.key(key)
        assert stepper.page.evaluate("() => heard") == []


SCHEMES = "light", "dark", "forced"
SHOWN = {
    "two roads": two_roads,
    "uneven": uneven,
    "network": network,
    "groups": lambda: lstm(12),
}


class TestLook:
    @pytest.mark.parametrize(
        ("name", "scheme"),
        [*product(["two roads", "uneven", "network"], SCHEMES), ("groups", "dark")],
    )
    def test_no_accessibility_rule_is_broken(self, opened, name, scheme):
        settings = {"color_scheme": scheme} if scheme != "forced" else {"forced_colors": "active"}
        stepper = opened(SHOWN[name], predict=name == "two roads", **settings)
        for act in ("start", "middle", "end", "wrong"):
            if act == "middle":
                stepper.go(len(stepper.events) * 3 // 4)
            elif act == "end":
                stepper.press("last")
            elif act == "wrong" and name != "groups":
                stepper.sweep("recursion")
            look(stepper.page, f"stepper-{name}-{scheme}-{act}", full_page=True)
            if act in ("middle", "wrong"):
                assert violations(stepper.page) == []

    @pytest.mark.parametrize("name", SHOWN)
    def test_a_narrow_page_does_not_scroll_sideways(self, opened, name):
        stepper = opened(SHOWN[name], width=320, predict=True)
        stepper.go(len(stepper.events) * 3 // 4)
        assert stepper.page.evaluate("() => document.documentElement.scrollWidth") <= 320
        look(stepper.page, f"stepper-{name}-narrow", full_page=True)
        for box in stepper.find("button, select, input").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect())"
        ):
            assert box["height"] >= 24 and box["width"] >= 24

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_what_is_marked_can_be_read(self, opened, scheme):
        """axe does not look into drawings, so contrasts are measured here."""
        stepper = opened(uneven, color_scheme=scheme)
        for sweep in ("right", "depth-first"):
            stepper.sweep(sweep)
            for k in range(10):
                stepper.go(k)
                worst = stepper.page.evaluate(CONTRAST)
                assert worst["ratio"] >= 4.5, worst

    def test_nothing_moves_by_itself(self, opened):
        stepper = opened(two_roads, reduced_motion="reduce")
        stepper.go(7)
        assert stepper.page.evaluate("() => document.getAnimations().length") == 0

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_any_name_is_shown_as_text(self, opened, name):
        picture = bl.step(leaf(2.0, name) * leaf(3.0, name))
        stepper = opened(picture, width=320)
        stepper.press("last")
        assert stepper.find("script, b").count() == 0
        assert stepper.page.evaluate("() => document.documentElement.scrollWidth") <= 320
        assert stepper.says() == picture.alt.splitlines()[-1]

    @pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf, -0.0, 1e300])
    def test_any_number_is_shown(self, opened, x):
        with np.errstate(all="ignore"):
            picture = bl.step((leaf(x, "x") * leaf(2.0, "y")).exp())
        stepper = opened(picture)
        for k, line in enumerate(picture.alt.splitlines(), start=1):
            stepper.go(k)
            assert stepper.says() == line

    def test_without_scripts_the_image_and_the_steps_in_words_are_there(self, browser, tmp_path):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        path = tmp_path / "still.html"
        path.write_text(f'<meta charset="utf-8">{bl.step(uneven()).html}', encoding="utf-8")
        page.goto(path.as_uri())
        assert page.locator("img").get_attribute("alt").startswith("Graph of d")
        page.locator("summary").click()
        assert page.locator("li").count() == 9
        context.close()

    def test_without_a_layout_engine_the_ledger_stands_alone(self, opened, monkeypatch):
        def missing(*_):
            raise ImportError("graphlay")

        monkeypatch.setattr("backprop_lab.pictures.arrange", missing)
        stepper = opened(uneven)
        stepper.press("last")
        assert stepper.find(".card").count() == 0
        assert stepper.rows()["a"][3].endswith("135")


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


PAINT = f"""async count => {{
    const times = [];
    const buttons = {ROOT}.querySelectorAll(".keys button");
    for (let i = 0; i < count; i++) {{
        const began = performance.now();
        (i < 0.7 * count ? buttons[3] : buttons[1]).click();
        await new Promise(done => requestAnimationFrame(() => {{
            const channel = new MessageChannel();
            channel.port1.onmessage = done;
            channel.port2.postMessage(0);
        }}));
        times.push(performance.now() - began);
    }}
    return times.sort((a, b) => a - b);
}}"""


@pytest.mark.parametrize(
    ("make", "nodes", "limit"), [(lambda: ladder(11), 35, 50), (lambda: chain(299), 300, 100)]
)
def test_from_click_to_paint(opened, make, nodes, limit):
    stepper = opened(make)
    assert abs(len(stepper.data["graph"]["nodes"]) - nodes) < 4
    rounds = [stepper.page.evaluate(PAINT, 60) for _ in range(3)]
    p95 = min(times[56] for times in rounds)  # of the round least disturbed by other programs
    print(f"{nodes} nodes: p95 of a round {p95:.1f} ms")
    assert p95 < limit


class TestJupyterLab:
    def test_no_message_is_needed_and_no_kernel(self, lab_page, jupyter):
        code = (
            "import backprop_lab as bl\na = bl.tensor(3.0, requires_grad=True)\n"
            "b = a**2\nd = b * (b + a)\nbl.step(d)"
        )
        open_notebook(lab_page, jupyter.write("stepper.ipynb", code, "1 + 1"))
        run_all(lab_page)
        stepper = Stepper(lab_page, {"graph": {"events": []}})
        stepper.find(".keys button").nth(3).click()
        cells = lab_page.locator(".jp-Notebook .jp-Cell").count()
        lab_page.wait_for_timeout(500)
        sent = len(lab_page.sent)
        for key in ["ArrowRight", "End", "Home", "d", "d", "b", "a", "x", "m", "ArrowDown"]:
            stepper.key(key)
        stepper.press("last")
        assert stepper.step() == 9
        assert len(lab_page.sent) == sent
        assert lab_page.locator(".jp-Notebook .jp-Cell").count() == cells
        lab_page.evaluate(
            "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()"
        )
        stepper.press("back")
        assert stepper.step() == 8
        look(lab_page, "stepper-lab")


CONTRAST = """() => {
    const root = document.querySelector(".backprop-lab").shadowRoot;
    const light = colour => colour.match(/[\\d.]+/g).slice(0, 3)
        .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    let worst = {ratio: 99};
    for (const text of root.querySelectorAll(".card text, .card tspan")) {
        if (!text.textContent) continue;
        const ink = getComputedStyle(text).fill;
        for (const shape of text.closest(".card").querySelectorAll("rect, path")) {
            const ground = getComputedStyle(shape).fill;
            if (ground === "none") continue;
            if (Boolean(shape.closest(".counter")) !== Boolean(text.closest(".counter"))) continue;
            const pair = [light(ink), light(ground)].sort((a, b) => b - a);
            const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
            if (ratio < worst.ratio) worst = {ratio, text: text.textContent, ink, ground};
        }
    }
    return worst;
}"""
