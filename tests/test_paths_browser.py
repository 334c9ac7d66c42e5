"""The path explorer in a real browser: which arrows a path marks, by mouse and by keyboard."""

import pytest

import backprop_lab as bl
from tests.browser_tools import CONTRAST, look, violations
from tests.graphs_to_draw import HOSTILE, leaf, network, recurrent
from tests.test_paths import diamonds

ALL = """kind => [...document.querySelector(".backprop-lab").shadowRoot.querySelectorAll(kind)]"""
HOT = f"() => ({ALL})('.arrow.hot').flatMap(arrow => arrow.dataset.edges.split(' '))"
ENDS = f"() => ({ALL})('.arrow.hot').flatMap(a => [a.dataset.source, a.dataset.reader])"
CARDS = f"() => ({ALL})('.card.hot').map(card => card.dataset.node)"


def uneven():
    a = leaf(3.0, "a")
    b = a**2
    c = b + a
    d = b * c
    return bl.paths(d, a)


def squares():
    x = leaf(0.7, "x")
    y = x * x
    z = (y * y) * x.sin()
    return bl.paths(z, x)


def in_groups():
    x = leaf(0.7, "x")
    y, h = x.sin(), x
    for step in range(12):
        with bl.group(f"t={step}"):
            h = (h * 2).sin() * (h.tanh() * h).cos() + (h - 1).tanh()
    t = h * y
    return bl.paths(t, x)


EXPLORERS = {
    "uneven": uneven,
    "squares": squares,
    "diamonds": lambda: bl.paths(*diamonds(16)),
    "network": lambda: bl.paths(network(), "W"),
    "recurrent": lambda: bl.paths(recurrent(), "W"),
    "groups": in_groups,
    "too large to draw": lambda: bl.paths(*diamonds(120)),
    "output itself": lambda: bl.paths(t := leaf(2.0, "t") * 3, t),
}


@pytest.fixture
def opened(page_of):
    """A function that shows an explorer on a page of its own."""
    return lambda explorer, **settings: page_of(explorer._repr_html_(), **settings)


def buttons(page):
    return page.locator(".backprop-lab tbody button")


def sentence(page):
    return page.locator(".say").inner_text()


def hot(page):
    """The edges on marked arrows; those that share an arrow with them count as marked."""
    return {*page.evaluate(HOT)}


class TestMarking:
    @pytest.mark.parametrize("name", ["uneven", "squares", "recurrent"])
    def test_the_mouse_marks_the_arrows_of_a_path_and_no_others(self, opened, name):
        explorer = EXPLORERS[name]()
        page = opened(explorer)
        for k, path in enumerate(explorer.data["paths"]):
            buttons(page).nth(k).hover()
            self.check_marks(page, path)
            assert sentence(page) == path["says"] + "."
            page.locator("#after").hover()
            assert hot(page) == set()
            assert "Point at a path" in sentence(page)
        look(page, f"paths-{name}")

    @pytest.mark.parametrize("name", ["uneven", "squares"])
    def test_the_focus_marks_the_same(self, opened, name):
        explorer = EXPLORERS[name]()
        page = opened(explorer)
        buttons(page).first.focus()
        for path in explorer.data["paths"]:
            self.check_marks(page, path)
            assert sentence(page) == path["says"] + "."
            page.keyboard.press("ArrowRight")
        page.locator("#after").focus()
        assert hot(page) == set()

    def check_marks(self, page, path):
        ends = {tuple(edge.split("-")[:2]) for edge in path["edges"]}
        assert {tuple(edge.split("-")[:2]) for edge in hot(page)} == ends
        assert {*path["edges"]} <= hot(page)
        assert {*page.evaluate(CARDS)} == {*page.evaluate(ENDS)}

    def test_of_two_parallel_edges_the_one_that_is_walked_stands_out(self, opened):
        explorer = squares()
        page = opened(explorer)
        for k, path in enumerate(explorer.data["paths"]):
            buttons(page).nth(k).hover()
            parts = page.locator(".arrow.hot [data-edge]")
            marked = {
                parts.nth(i).get_attribute("data-edge"): parts.nth(i).get_attribute("class") or ""
                for i in range(parts.count())
            }
            assert {edge for edge, kind in marked.items() if "hot" in kind} == {*path["edges"]}
            others = {*marked} - {*path["edges"]}
            assert all("aside" in marked[edge] for edge in others)
        page.locator("#after").hover()
        assert page.locator(".aside, .picking, .hot").count() == 0

    def test_a_folded_group_is_marked_by_the_paths_that_lead_through_it(self, opened):
        explorer = in_groups()
        page = opened(explorer)
        groups = f"() => ({ALL})('.card.group').map(c => [c.dataset.members, c.matches('.hot')])"
        within = 0
        for k in range(3):
            buttons(page).nth(k).hover()
            edges = explorer.data["paths"][k]["edges"]
            nodes = {node for edge in edges for node in edge.split("-")[:2]}
            found = page.evaluate(groups)
            assert len(found) == 12
            for members, marked in found:
                assert marked == bool(nodes & {*members.split()})
            within += len({*edges} - hot(page))
        assert within > 50, "edges within groups have no arrow"

    def test_a_path_within_one_group_marks_the_group(self, opened):
        h = leaf(0.7, "h")
        for step in range(40):
            with bl.group(f"t={step}"):
                inner = h * 2
                h = inner.sin()
        page = opened(bl.paths(h, inner))
        buttons(page).first.hover()
        assert hot(page) == set()
        marked = page.locator(".card.hot")
        assert marked.count() == 1 and "t=39" in marked.text_content()

    def test_the_output_itself_is_marked_though_no_arrow_is(self, opened):
        page = opened(EXPLORERS["output itself"]())
        buttons(page).first.hover()
        assert hot(page) == set()
        assert len(page.evaluate(CARDS)) == 1

    def test_a_click_pins_and_escape_lets_go(self, opened):
        explorer = uneven()
        page = opened(explorer)
        first, second = buttons(page).nth(0), buttons(page).nth(1)
        first.click()
        page.locator("#after").focus()
        page.locator("#after").hover()
        assert first.get_attribute("aria-pressed") == "true"
        self.check_marks(page, explorer.data["paths"][0])
        second.hover()
        self.check_marks(page, explorer.data["paths"][1])
        page.locator("#after").hover()
        self.check_marks(page, explorer.data["paths"][0])
        second.click()
        assert first.get_attribute("aria-pressed") == "false"
        page.locator("#after").hover()
        page.keyboard.press("Escape")
        assert second.get_attribute("aria-pressed") == "false"
        assert hot(page) == set()

    def test_a_second_click_lets_go_as_well(self, opened):
        page = opened(uneven())
        buttons(page).first.click()
        buttons(page).first.click()
        page.locator("#after").focus()
        page.locator("#after").hover()
        assert hot(page) == set()


class TestKeyboard:
    def test_tab_reaches_the_list_once_and_leaves(self, opened):
        page = opened(EXPLORERS["diamonds"]())
        stops = []
        for _ in range(6):
            page.keyboard.press("Tab")
            stops.append(page.evaluate("() => document.activeElement.id || 'within'"))
            if stops[-1] == "after":
                break
        assert stops[-1] == "after"
        page.keyboard.press("Shift+Tab")
        assert sentence(page) == EXPLORERS["diamonds"]().data["paths"][0]["says"] + "."

    def test_arrows_home_and_end_move_and_stop_at_the_ends(self, opened):
        explorer = EXPLORERS["diamonds"]()
        page = opened(explorer)
        says = [path["says"] + "." for path in explorer.data["paths"]]
        buttons(page).first.focus()
        for key, k in [
            ("ArrowLeft", 0), ("ArrowRight", 1), ("End", 49), ("ArrowRight", 49),
            ("ArrowLeft", 48), ("Home", 0),
        ]:  # fmt: skip
            page.keyboard.press(key)
            assert sentence(page) == says[k], key
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        assert buttons(page).nth(1).get_attribute("aria-pressed") == "true"
        stops = buttons(page).evaluate_all("all => all.map(button => button.tabIndex)")
        assert [k for k, stop in enumerate(stops) if stop == 0] == [1]

    def test_nothing_typed_reaches_the_page(self, opened):
        page = opened(uneven())
        page.evaluate("() => { window.heard = []; onkeydown = event => heard.push(event.key) }")
        buttons(page).first.focus()
        for key in ["d", "d", "b", "a", "x", "m", "Enter", "ArrowDown", "ArrowRight", "Escape"]:
            page.keyboard.press(key)
        assert page.evaluate("() => heard") == []


class TestLook:
    @pytest.mark.parametrize(
        ("name", "scheme"),
        [(name, "light") for name in EXPLORERS]
        + [(name, scheme) for name in ("squares", "network") for scheme in ("dark", "forced")],
    )
    def test_no_accessibility_rule_is_broken(self, opened, name, scheme):
        settings = {"color_scheme": scheme} if scheme != "forced" else {"forced_colors": "active"}
        page = opened(EXPLORERS[name](), **settings)
        for act in (lambda: None, lambda: buttons(page).first.click()):
            act()
            assert violations(page) == []
        look(page, f"paths-{name}-{scheme}", full_page=True)

    @pytest.mark.parametrize("name", EXPLORERS)
    def test_a_narrow_page_does_not_scroll_sideways(self, opened, name):
        page = opened(EXPLORERS[name](), width=320)
        buttons(page).first.focus()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
        for box in buttons(page).evaluate_all("all => all.map(b => b.getBoundingClientRect())"):
            assert box["height"] >= 24 and box["width"] >= 24
        look(page, f"paths-{name}-narrow", full_page=True)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_on_faded_and_on_marked_cards_can_be_read(self, opened, scheme):
        """axe does not look into drawings, so contrasts are measured here."""
        page = opened(uneven(), color_scheme=scheme)
        buttons(page).first.click()
        worst = page.evaluate(CONTRAST)
        assert worst["ratio"] >= 4.5, worst

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_any_name_is_shown_as_text(self, opened, name):
        x = leaf(2.0, name)
        explorer = bl.paths(x * x, x)
        page = opened(explorer, width=320)
        buttons(page).first.focus()
        assert page.locator(".title").first.inner_text().split() == explorer.data["heading"].split()
        assert page.locator(".backprop-lab script, .backprop-lab b").count() == 0
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 320

    def test_numbers_in_the_page_are_those_of_the_words(self, opened):
        explorer = bl.paths(*diamonds(16))
        page = opened(explorer)
        shown = page.locator(".frame").inner_text()
        for text in ("65,536 paths", "2,097,152 edges", "262,141 node visits", "64 edges"):
            assert text in shown
        for label, text in explorer.data["sums"]:
            assert label in shown and text in shown

    def test_bars_are_as_long_as_the_logarithms(self, opened):
        explorer = bl.paths(*diamonds(16))
        page = opened(explorer)
        widths = page.locator(".bar-of").evaluate_all(
            "all => all.map(bar => bar.getBoundingClientRect().width)"
        )
        digits = [size for *_, size in explorer.data["costs"]]
        ratios = [width / size for width, size in zip(widths, digits, strict=True)]
        assert max(ratios) / min(ratios) < 1.02

    def test_without_scripts_the_image_and_the_words_are_there(self, opened):
        page = opened(uneven(), java_script_enabled=False)
        assert page.locator("img").get_attribute("alt").startswith("Graph of d")
        assert "a → b → d: 6 × 12 = 72." in page.locator(".backprop-lab p").inner_text()
