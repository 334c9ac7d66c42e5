"""The stepper in a real browser: what each step shows, by every way to get there."""

# ruff: noqa: F811 (a fixture that is imported is a parameter, too)

import re

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph
from backprop_lab.widgets.stepper import with_names
from backprop_lab.widgets.trace import Story, tell
from backprop_lab.widgets.wrong_sweeps import wrong_sweeps
from tests.graphs_to_draw import (
    NAMED_EIGHT,
    TENSORS,
    leaf,
    lstm,
    network,
    order_matters,
)
from tests.stepper_page import (
    GO,
    NAME,
    ROOT,
    in_groups,
    opened,  # noqa: F401 (a fixture)
    uneven,
)
from tests.test_stepper import two_roads

EVERY = NAMED_EIGHT | TENSORS


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
