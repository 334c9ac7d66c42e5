"""The Rosetta stone in a real browser: what is marked, by mouse, finger and keyboard."""

import pytest

import backprop_lab as bl
from tests.browser_tools import look, violations
from tests.graphs_to_draw import (
    HOSTILE,
    formula,
    leaf,
    network,
    neuron,
    order_matters,
    residual,
    square,
    uneven_diamond,
)

MADE = {
    make.__name__: make
    for make in (formula, square, uneven_diamond, order_matters, neuron, network, residual)
}
STONES = {name: lambda make=make: bl.rosetta(make()) for name, make in MADE.items()}
STONES["rows"] = lambda: bl.rosetta(
    {"x": ["input"], "w": ["weight"], "p": ["*", "w", "x"], "f": ["-", "p", "x"]}
)
FEW = ("formula", "square", "order_matters", "rows")
# For each column, the sets of nodes and edges that its marked parts stand for.
HOT = """() => [...document.querySelector(".backprop-lab").shadowRoot.querySelectorAll(".scroll")]
    .map(box => [...box.querySelectorAll(".hot")]
        .flatMap(part => (part.dataset.of ?? part.dataset.edges).split(" ")))"""
# Where the middle of the part that stands for a thing is on the page: on the line of an arrow.
MIDDLE = """part => {
    const edge = part.querySelector(".edge");
    if (edge) {
        const at = edge.getPointAtLength(edge.getTotalLength() / 2);
        const {x, y} = at.matrixTransform(edge.getScreenCTM());
        return [x, y];
    }
    const box = part.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
}"""
# The contrast of each text with the ground of the marked thing that it stands on.
CONTRASTS = """() => {
    const light = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(part => {
            const c = part / 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const ratio = (a, b) => {
        const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
        return (high + 0.05) / (low + 0.05);
    };
    const root = document.querySelector(".backprop-lab").shadowRoot;
    const found = [];
    for (const card of root.querySelectorAll(".card.hot")) {
        const ground = getComputedStyle(card.querySelector("rect, path")).fill;
        for (const text of card.querySelectorAll("text, tspan")) {
            found.push(ratio(getComputedStyle(text).fill, ground));
        }
    }
    for (const line of root.querySelectorAll(".line.hot")) {
        const ground = getComputedStyle(line).backgroundColor;
        for (const text of [line, ...line.querySelectorAll("span")]) {
            found.push(ratio(getComputedStyle(text).color, ground));
        }
    }
    return found;
}"""


def columns(page):
    return page.locator(".backprop-lab .scroll")


def options(page, column):
    return columns(page).nth(column).locator("[role=option]")


def sentence(page):
    return page.locator(".say").inner_text()


def check_marks(page, stone, thing):
    """In each column exactly the parts of one thing are marked; None: nothing is."""
    keys = stone.data["keys"]
    wanted = {key for key, place in keys.items() if place == thing}
    for found in page.evaluate(HOT):
        assert {*found} <= wanted, (found, wanted)
        assert bool(found) == (thing is not None)
        assert not found or {keys[key] for key in found} == {thing}
    if thing is None:
        assert sentence(page).startswith("Point at")
    else:
        assert sentence(page) == stone.data["things"][thing]["says"]


def whole(page, stone, thing):
    """Are all parts of a thing marked in the program, and all its nodes and arrows in pictures?"""
    keys = stone.data["keys"]
    wanted = {key for key, place in keys.items() if place == thing}
    found = [{*marked} for marked in page.evaluate(HOT)]
    return found[0] == found[1] & wanted == wanted and found[2] <= wanted


class TestMarking:
    @pytest.mark.parametrize("name", FEW)
    @pytest.mark.parametrize("column", [0, 1, 2])
    def test_the_mouse_marks_the_same_thing_in_all_columns(self, page_of, name, column):
        stone = STONES[name]()
        page = page_of(stone._repr_html_())
        for thing in range(len(stone.data["things"])):
            page.mouse.move(*options(page, column).nth(thing).evaluate(MIDDLE))
            place = int(options(page, column).nth(thing).get_attribute("id").split("-")[-1])
            check_marks(page, stone, place)
            assert whole(page, stone, place)
        page.locator("#after").hover()
        check_marks(page, stone, None)

    def test_each_column_has_one_option_for_each_thing(self, page_of):
        stones = [make() for make in STONES.values()]
        page = page_of(*[stone._repr_html_() for stone in stones])
        for i, stone in enumerate(stones):
            names = sorted(thing["name"] for thing in stone.data["things"])
            for box in page.locator(f".backprop-lab >> nth={i}").locator(".scroll").all():
                found = box.locator("[role=option]").evaluate_all(
                    "all => all.map(o => o.ariaLabel)"
                )
                assert sorted(found) == names
                assert box.locator("[role=option] [role=option]").count() == 0

    def test_the_whole_line_can_be_pointed_at(self, page_of):
        stone = STONES["formula"]()
        page = page_of(stone._repr_html_())
        page.locator(".comment").nth(2).hover()
        check_marks(page, stone, stone.data["keys"]["n2"])

    def test_an_arrow_can_be_hit_beside_its_line(self, page_of):
        stone = STONES["formula"]()
        page = page_of(stone._repr_html_())
        x, y = page.locator(".arrow").first.evaluate(MIDDLE)
        page.mouse.move(x + 6, y)
        edge = page.locator(".arrow").first.get_attribute("data-edges")
        check_marks(page, stone, stone.data["keys"][edge])

    def test_a_tap_marks_until_something_else_is_tapped(self, page_of):
        stone = STONES["formula"]()
        page = page_of(stone._repr_html_(), has_touch=True, width=400)
        for thing in (2, 0):
            option = columns(page).nth(0).locator(f"#column-0-thing-{thing}")
            option.scroll_into_view_if_needed()
            page.touchscreen.tap(*option.evaluate(MIDDLE))
            check_marks(page, stone, thing)

    def test_it_is_marked_by_more_than_colour(self, page_of):
        page = page_of(STONES["formula"]()._repr_html_())
        weight = (
            "part => parseFloat(getComputedStyle(part.querySelector('rect, .edge')).strokeWidth)"
        )
        for column in (0, 1):
            for kind in (".card", ".arrow"):
                part = columns(page).nth(column).locator(kind).first
                before = part.evaluate(weight)
                page.mouse.move(*part.evaluate(MIDDLE))
                assert part.evaluate(weight) >= 2 * before
        mark = "line => getComputedStyle(line, '::before').color"
        line = page.locator(".line").nth(1)
        assert line.evaluate(mark) == "rgba(0, 0, 0, 0)"
        line.hover()
        assert line.evaluate(mark) != "rgba(0, 0, 0, 0)"
        token = page.locator(".line").nth(3).locator(".token").nth(1)
        token.hover()
        assert token.evaluate("part => getComputedStyle(part).outlineStyle") == "solid"


class TestKeyboard:
    def test_each_column_is_one_stop(self, page_of):
        page = page_of(STONES["formula"]()._repr_html_())
        stops = []
        for _ in range(4):
            page.keyboard.press("Tab")
            stops.append(page.evaluate(
                "() => document.activeElement.shadowRoot?.activeElement.ariaLabel"
                " ?? document.activeElement.id"
            ))  # fmt: skip
        assert stops == ["Operators are nodes", "Values are nodes", "A linear program", "after"]

    @pytest.mark.parametrize("column", [0, 1, 2])
    def test_arrows_walk_through_all_things_and_stop_at_the_ends(self, page_of, column):
        stone = STONES["order_matters"]()
        page = page_of(stone._repr_html_())
        last = len(stone.data["things"]) - 1
        columns(page).nth(column).focus()
        for thing in range(last + 1):
            self.check(page, stone, column, thing)
            page.keyboard.press("ArrowRight")
        for key, thing in [("ArrowLeft", last - 1), ("Home", 0), ("ArrowLeft", 0), ("End", last)]:
            page.keyboard.press(key)
            self.check(page, stone, column, thing)
        page.keyboard.press("Escape")
        check_marks(page, stone, None)
        page.keyboard.press("ArrowLeft")
        self.check(page, stone, column, last)
        page.locator("#after").focus()
        check_marks(page, stone, None)

    def check(self, page, stone, column, thing):
        check_marks(page, stone, thing)
        box = columns(page).nth(column)
        assert box.get_attribute("aria-activedescendant") == f"column-{column}-thing-{thing}"
        selected = box.locator("[aria-selected=true]")
        assert selected.count() == 1
        assert selected.get_attribute("aria-label") == stone.data["things"][thing]["name"]

    def test_the_next_column_goes_on_with_the_same_thing(self, page_of):
        stone = STONES["formula"]()
        page = page_of(stone._repr_html_())
        columns(page).first.focus()
        for key in ("ArrowRight", "ArrowRight", "Tab"):
            page.keyboard.press(key)
        self.check(page, stone, 1, 2)

    def test_nothing_typed_reaches_the_page(self, page_of):
        page = page_of(STONES["formula"]()._repr_html_())
        page.evaluate("() => { window.heard = []; onkeydown = event => heard.push(event.key) }")
        for column in range(3):
            columns(page).nth(column).focus()
            for key in ["d", "d", "b", "a", "x", "m", "Enter", "ArrowDown", "ArrowRight", "Escape"]:
                page.keyboard.press(key)
        assert page.evaluate("() => heard") == []

    def test_what_is_marked_scrolls_into_sight_and_the_page_stays(self, page_of):
        stone = STONES["network"]()
        page = page_of(stone._repr_html_())
        columns(page).nth(2).focus()
        before = page.evaluate("() => scrollY")
        page.keyboard.press("End")
        inside = """box => {
            const part = box.querySelector("[aria-selected=true]").getBoundingClientRect();
            const outer = box.getBoundingClientRect();
            return part.top >= outer.top && part.bottom <= outer.bottom;
        }"""
        assert all(columns(page).nth(i).evaluate(inside) for i in range(3))
        assert page.evaluate("() => scrollY") == before


class TestLook:
    @pytest.mark.parametrize("scheme", ["light", "dark", "forced"])
    @pytest.mark.parametrize("name", ["formula", "neuron"])
    def test_no_accessibility_rule_is_broken(self, page_of, name, scheme):
        settings = {"color_scheme": scheme} if scheme != "forced" else {"forced_colors": "active"}
        page = page_of(STONES[name]()._repr_html_(), **settings)
        assert violations(page) == []
        columns(page).first.focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        assert violations(page) == []
        look(page, f"rosetta-{name}-{scheme}", full_page=True)

    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    @pytest.mark.parametrize("name", ["neuron", "network"])
    def test_texts_on_marked_things_can_be_read(self, page_of, name, dark):
        """axe does not look into drawings, so contrasts are measured here."""
        stone = STONES[name]()
        page = page_of(stone._repr_html_(), dark=dark)
        columns(page).first.focus()
        for _ in stone.data["things"]:
            assert min(page.evaluate(CONTRASTS), default=21) >= 4.5
            page.keyboard.press("ArrowRight")

    def test_on_a_narrow_page_they_are_stacked_and_nothing_scrolls_sideways(self, page_of):
        page = page_of(*[make()._repr_html_() for make in STONES.values()], width=320)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
        tops = [box.bounding_box()["y"] for box in columns(page).all()]
        assert tops == sorted({*tops})
        columns(page).first.focus()
        page.keyboard.press("ArrowRight")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
        look(page, "rosetta-narrow", full_page=True)

    def test_on_a_wide_page_the_columns_stand_side_by_side(self, page_of):
        page = page_of(STONES["formula"]()._repr_html_())
        boxes = [columns(page).nth(i).bounding_box() for i in range(3)]
        assert len({box["y"] for box in boxes}) == 1
        assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]

    def test_any_name_is_shown_as_text(self, page_of):
        stones = [bl.rosetta(leaf(2.0, name) * leaf(3.0, "b")) for name in HOSTILE]
        page = page_of(*[stone._repr_html_() for stone in stones], width=320)
        for i, stone in enumerate(stones):
            host = page.locator(f".backprop-lab >> nth={i}")
            host.locator(".scroll").nth(2).focus()
            assert host.locator(".say").text_content() == stone.data["things"][0]["says"]
            assert host.locator("script, b").count() == 0
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 320

    def test_two_on_a_page_keep_apart(self, page_of):
        page = page_of(*[STONES[name]()._repr_html_() for name in ("formula", "square")])
        page.locator(".backprop-lab >> nth=1").locator(".card").first.hover()
        assert page.locator(".backprop-lab >> nth=0").locator(".hot").count() == 0
        assert page.locator(".backprop-lab >> nth=1").locator(".hot").count() > 0

    def test_without_scripts_the_image_and_the_program_are_there(self, page_of):
        stone = STONES["formula"]()
        page = page_of(stone._repr_html_(), java_script_enabled=False)
        assert "operators as nodes: a = input # 2" in page.locator("img").get_attribute("alt")
        assert page.locator("pre").inner_text() == repr(stone)
