"""The Jacobian explorer in a real browser: its products are the engine's, by mouse and by keyboard.

Skipped, with a sentence, where there is no Chromium.
"""

import re

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from tests.browser_tools import look, violations
from tests.graphs_to_draw import HOSTILE

RNG = np.random.default_rng(7)
LOWER, DENSE = np.tril(np.ones((16, 16))), RNG.normal(size=(64, 48))


def syllabus(x):
    return ops.stack([x[0] * x[1], x[0].sin(), x[1] ** 2])


FUNCTIONS = {
    "3 × 2": (syllabus, np.array([2.0, 3.0])),
    "1 × 1": (lambda x: x.exp() * x, np.array(0.3)),
    "matrices": (lambda x: ops.softmax(x, axis=0), RNG.normal(size=(2, 3))),
    "centred": (lambda x: x - x.mean(), RNG.normal(size=4)),
    "diagonal": (lambda x: x.sin(), RNG.normal(size=16)),
    "cumsum": (lambda x: bl.tensor(LOWER) @ (x * x), RNG.normal(size=16)),
    "dense": (lambda x: bl.tensor(DENSE) @ x.tanh(), RNG.normal(size=48)),
    "wide": (lambda x: (x**3).sum(), RNG.normal(size=60)),
}
MAP = ".grid td.cell, .layer canvas"
PIXEL = """(canvas, [x, y]) => {
    const fine = canvas.width / canvas.clientWidth;
    const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    pen.drawImage(canvas, -x * fine, -y * fine);
    return [...pen.getImageData(0, 0, 1, 1).data];
}"""


def explore(name):
    return bl.show_jacobian(*FUNCTIONS[name])


def engine(name, u=None, v=None):
    """uᵀJ or Jv as one sweep of the engine gives it, flattened."""
    f, x = FUNCTIONS[name]
    if u is None:
        return np.ravel(bl.jvp(f, (x,), (np.reshape(v, x.shape),))[1].data)
    y, pull_back = bl.vjp(f, x)
    return np.ravel(pull_back(np.reshape(u, y.shape))[0].data)


def value(text):
    return float(text.replace("−", "-"))


def readout(page):
    return page.locator(".readout").inner_text()


def sentence(page):
    return page.locator(".say").inner_text()


def press(page, name):
    page.get_by_role("button", name=name, exact=name not in ("uᵀJ", "Jv")).click()


def entries(explorer, mode):
    return len(explorer.data["rows" if mode == "u" else "columns"])


def visit(page, explorer, rows=1, columns=1):
    """Walk along a row or down a column with the arrow keys; yields what the page says there."""
    page.locator(MAP).first.focus()
    page.keyboard.press("Home")
    for _ in explorer.data["rows"]:
        page.keyboard.press("ArrowUp")
    for k in range(max(rows, columns)):
        if k:
            page.keyboard.press("ArrowRight" if columns > 1 else "ArrowDown")
        yield readout(page)


def fill(page, explorer, mode, vector):
    """Type a vector: into a field for each entry, or into the one for the entry at the cursor."""
    count = entries(explorer, mode)
    if explorer.data["written"]:
        for k, x in enumerate(vector):
            page.locator(".grid input").nth(k).fill(repr(float(x)))
        return
    walk = {"rows": count} if mode == "u" else {"columns": count}
    for x, _ in zip(vector, visit(page, explorer, **walk), strict=True):
        page.locator(".entry input").fill(repr(float(x)))
        page.locator(MAP).first.focus()


def product(page, explorer, mode):
    """Every entry of what is added up so far, in full."""
    other = "v" if mode == "u" else "u"
    walk = {"columns" if mode == "u" else "rows": entries(explorer, other)}
    said = visit(page, explorer, **walk)
    return [value(re.search(r"(?:so far|\]|y|x): (\S+)\.$", text)[1]) for text in said]


class TestProducts:
    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_what_is_added_up_is_one_sweep_of_the_engine(self, page_of, name):
        explorer = explore(name)
        page = page_of(explorer._repr_html_())
        for mode in ("u", "v"):
            press(page, "uᵀJ" if mode == "u" else "Jv")
            vector = explorer.data[mode]
            found = product(page, explorer, mode)
            np.testing.assert_allclose(
                found, engine(name, **{mode: vector}), rtol=1e-12, atol=1e-12
            )

    @pytest.mark.parametrize("name", ["3 × 2", "matrices", "cumsum"])
    def test_so_it_is_for_any_vector_that_is_typed(self, page_of, name):
        explorer = explore(name)
        page = page_of(explorer._repr_html_())
        for mode in ("u", "v"):
            press(page, "uᵀJ" if mode == "u" else "Jv")
            vector = RNG.normal(size=entries(explorer, mode))
            fill(page, explorer, mode, vector)
            found = product(page, explorer, mode)
            np.testing.assert_allclose(
                found, engine(name, **{mode: vector}), rtol=1e-12, atol=1e-12
            )

    @pytest.mark.parametrize("mode", ["u", "v"])
    @pytest.mark.parametrize("name", ["3 × 2", "cumsum"])
    def test_partial_sums(self, page_of, name, mode):
        explorer = explore(name)
        page = page_of(explorer._repr_html_())
        press(page, "uᵀJ" if mode == "u" else "Jv")
        count = entries(explorer, mode)
        slider = page.get_by_role("slider")
        for k in (0, 1, count // 2, count):
            slider.focus()
            page.keyboard.press("Home")
            for _ in range(k):
                page.keyboard.press("ArrowRight")
            vector = np.where(np.arange(count) < k, explorer.data[mode], 0)
            found = product(page, explorer, mode)
            np.testing.assert_allclose(
                found, engine(name, **{mode: vector}), rtol=1e-12, atol=1e-12
            )
            thing = "row" if mode == "u" else "column"
            assert f"{thing}s added: {k} of {count}" in page.locator(".bar").nth(2).inner_text()

    def test_the_example_of_the_syllabus_row_by_row(self, page_of):
        page = page_of(explore("3 × 2")._repr_html_())
        for k, x in enumerate(("1", "-2", "0.5")):
            page.locator(".grid input").nth(k).fill(x)
        for _ in range(3):
            press(page, "Back")
        assert sentence(page) == "No row added yet: uᵀJ starts at [0, 0]."
        told = []
        for _ in range(3):
            press(page, "Add a row")
            told.append(sentence(page))
        assert told[0] == "Row y[0]: 1 × [3, 2] added: now [3, 2]."
        assert told[1] == "Row y[1]: −2 × [−0.4161, 0] added: now [3.832, 2]."
        assert told[2].startswith(
            "Row y[2]: 0.5 × [0, 6] added: now [3.832, 5]. That was the last row"
        )
        assert page.locator(".grid .sum").all_inner_texts() == ["3.832", "5"]

    def test_the_columns_of_the_same(self, page_of):
        page = page_of(explore("3 × 2")._repr_html_())
        press(page, "Jv")
        for k, x in enumerate(("10", "-1")):
            page.locator(".grid input").nth(k).fill(x)
        assert page.locator(".grid .sum").all_inner_texts() == ["28", "−4.161", "−6"]
        press(page, "Back")
        assert page.locator(".grid .sum").all_inner_texts() == ["30", "−4.161", "0"]
        assert sentence(page) == "Column x[0]: 10 × [3, −0.4161, 0] added: now [30, −4.161, 0]."

    def test_presets(self, page_of):
        explorer = explore("centred")
        page = page_of(explorer._repr_html_())
        fields = page.locator(".grid input")
        assert "Ones are a poor test" in page.locator(".frame").inner_text()
        press(page, "ones")
        assert fields.evaluate_all("all => all.map(x => x.value)") == ["1"] * 4
        np.testing.assert_allclose(product(page, explorer, "u"), 0, atol=1e-15)
        page.locator(".grid td.cell").nth(9).click()  # in row 2, column 1
        press(page, "one-hot at y[2]")
        assert fields.evaluate_all("all => all.map(x => x.value)") == ["0", "0", "1", "0"]
        press(page, "mixed signs")
        found = [float(x) for x in fields.evaluate_all("all => all.map(x => x.value)")]
        assert found == explorer.data["u"]

    def test_presets_of_the_other_vector(self, page_of):
        explorer = explore("3 × 2")
        page = page_of(explorer._repr_html_())
        press(page, "Jv")
        press(page, "ones")
        assert page.locator(".grid input").evaluate_all("all => all.map(x => x.value)") == ["1"] * 2
        np.testing.assert_allclose(product(page, explorer, "v"), engine("3 × 2", v=[1, 1]), 1e-12)
        assert "so far" not in readout(page)
        press(page, "Back")
        assert readout(page).endswith("so far: 0.")  # of y[2], where x[0] has no part

    def test_what_is_no_number_changes_nothing(self, page_of):
        page = page_of(explore("3 × 2")._repr_html_())
        before = page.locator(".grid .sum").all_inner_texts()
        field = page.locator(".grid input").first
        kept = field.input_value()
        field.fill("")
        page.locator("#after").focus()
        assert field.input_value() == kept
        assert page.locator(".grid .sum").all_inner_texts() == before

    def test_nan_and_inf_stay_what_they_are(self, page_of):
        with np.errstate(all="ignore"):
            explorer = bl.show_jacobian(lambda x: x.log(), 0.0)
        page = page_of(explorer._repr_html_())
        assert page.locator(".grid td.cell").first.inner_text() == "inf"
        assert "odd" in page.locator(".grid td.cell").first.get_attribute("class")
        assert "inf" in page.locator(".grid .sum").first.inner_text()
        page.locator(".grid td.cell").first.hover()
        assert "= inf. " in readout(page)


class TestEntries:
    @pytest.mark.parametrize("name", ["3 × 2", "matrices", "dense"])
    def test_the_mouse_tells_every_entry_in_full(self, page_of, name):
        explorer = explore(name)
        page = page_of(explorer._repr_html_())
        rows, columns = explorer.data["rows"], explorer.data["columns"]
        J = np.reshape(bl.jacobian(FUNCTIONS[name][0])(FUNCTIONS[name][1]).data, (len(rows), -1))
        for i, j in {(0, 0), (len(rows) - 1, len(columns) - 1), (1, 0), (len(rows) // 2, 1)}:
            if explorer.data["written"]:
                page.locator(".grid td.cell").nth(i * len(columns) + j).hover()
            else:
                wide, high = explorer.data["tile"]
                spot = {"x": (j + 0.5) * wide, "y": (i + 0.5) * high}
                page.locator(".layer canvas").hover(position=spot)
            start = f"J[{i}, {j}] = ∂{rows[i]} / ∂{columns[j]} = "
            assert readout(page).startswith(start)
            told = readout(page).removeprefix(start).split(". ")[0]
            assert value(told.removesuffix(" exactly")) == J[i, j]
            assert told.endswith(" exactly") == (J[i, j] == 0)
        page.locator("#after").hover()
        assert "Point at an entry" in readout(page)

    def test_the_row_and_the_column_stand_out(self, page_of):
        page = page_of(explore("3 × 2")._repr_html_())
        page.locator(".grid td.cell").nth(2).hover()
        assert page.locator(".grid th.hot").all_inner_texts() == ["x[0]", "y[1]"]
        assert page.locator(".grid td.marked").all_inner_texts() == ["−0.4161"]
        assert page.locator(".grid td.crossed").all_inner_texts() == ["3", "0", "0"]

    @pytest.mark.parametrize("name", ["3 × 2", "dense"])
    def test_nothing_moves_while_entries_are_pointed_at(self, page_of, name):
        page = page_of(explore(name)._repr_html_())
        before = page.locator(".side").bounding_box()
        page.locator(MAP).first.focus()
        page.keyboard.press("ArrowDown")
        assert page.locator(".side").bounding_box() == before

    def test_on_a_canvas_too(self, page_of):
        explorer = explore("dense")
        page = page_of(explorer._repr_html_())
        wide, high = explorer.data["tile"]
        map_box = page.locator(".layer canvas").bounding_box()
        page.locator(".layer canvas").hover(position={"x": 5.5 * wide, "y": 7.5 * high})
        bands = page.locator(".band")
        row, column = bands.nth(0).bounding_box(), bands.nth(1).bounding_box()
        assert (row["y"] - map_box["y"], row["height"]) == (7 * high, high)
        assert (column["x"] - map_box["x"], column["width"]) == (5 * wide, wide)

    @pytest.mark.parametrize("name", ["3 × 2", "cumsum"])
    def test_arrow_keys_move_and_stop_at_the_ends(self, page_of, name):
        explorer = explore(name)
        page = page_of(explorer._repr_html_())
        m, n = len(explorer.data["rows"]), len(explorer.data["columns"])
        page.locator(MAP).first.focus()
        for key, cell in [
            ("ArrowLeft", (0, 0)), ("ArrowUp", (0, 0)), ("ArrowRight", (0, 1)),
            ("ArrowDown", (1, 1)), ("Home", (1, 0)), ("End", (1, n - 1)),
            ("ArrowRight", (1, n - 1)),
        ]:  # fmt: skip
            page.keyboard.press(key)
            assert readout(page).startswith(f"J[{cell[0]}, {cell[1]}] = "), key
        for _ in range(m + 1):
            page.keyboard.press("ArrowDown")
        assert readout(page).startswith(f"J[{m - 1}, {n - 1}] = ")

    def test_the_map_is_one_stop_and_tab_leaves(self, page_of):
        page = page_of(explore("3 × 2")._repr_html_())
        stops = []
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("() => document.activeElement.id") == "after":
                break
            stops.append(
                page.evaluate("() => document.activeElement.shadowRoot?.activeElement?.tagName")
            )
        assert stops.count("TD") == 1
        assert len(stops) < 20

    def test_nothing_typed_reaches_the_page(self, page_of):
        for name in ("3 × 2", "dense"):
            page = page_of(explore(name)._repr_html_())
            page.evaluate("() => { window.heard = []; onkeydown = event => heard.push(event.key) }")
            for place in (MAP, "input[type=number]", "input[type=range]", "button"):
                page.locator(f".frame :is({place})").first.focus()
                for key in ["d", "d", "b", "a", "x", "m", "ArrowDown", "ArrowRight", "Escape"]:
                    page.keyboard.press(key)
            assert page.evaluate("() => heard") == []

    def test_a_button_at_its_end_keeps_the_focus(self, page_of):
        page = page_of(explore("3 × 2")._repr_html_())
        back = page.get_by_role("button", name="Back", exact=True)
        back.focus()
        for _ in range(5):
            page.keyboard.press("Enter")
        assert back.get_attribute("aria-disabled") == "true"
        assert back.evaluate("button => button.getRootNode().activeElement === button")
        assert "rows added: 0 of 3" in page.locator(".bar").nth(2).inner_text()


class TestCanvas:
    def test_tiles_are_where_the_numbers_are(self, page_of):
        """Hues by sign, no tile for an exact 0, in the middle of every tile's left edge."""
        explorer = explore("cumsum")
        page = page_of(explorer._repr_html_())
        wide, high = explorer.data["tile"]
        canvas = page.locator(".layer canvas")
        for i, j in [(0, 0), (3, 2), (15, 15), (9, 4), (0, 1), (2, 9)]:
            number = explorer.data["values"][16 * i + j]
            red, _, blue, alpha = canvas.evaluate(PIXEL, [j * wide + 3, i * high + high / 2])
            assert (alpha > 0) == (number != 0)
            if number:
                assert (blue > red) == (number > 0)

    def test_a_tiny_number_has_a_tile(self, page_of):
        x = np.ones(16)
        x[2], x[3] = 1e-300, 0
        explorer = bl.show_jacobian(lambda x: x * x * 0.5, x)
        page = page_of(explorer._repr_html_())
        wide, high = explorer.data["tile"]
        canvas = page.locator(".layer canvas")
        seen = [canvas.evaluate(PIXEL, [(k + 0.2) * wide, (k + 0.5) * high]) for k in range(5)]
        assert seen[2][2] > seen[2][0] and seen[2][3] > 0  # a hue, and not only some ground
        assert seen[3][3] == 0

    def test_it_is_painted_again_when_the_page_turns_dark(self, page_of):
        page = page_of(explore("cumsum")._repr_html_(), dark=False)
        light = page.locator(".layer canvas").evaluate(PIXEL, [3, 3])
        page.evaluate("() => { document.body.dataset.jpThemeLight = 'false' }")
        page.wait_for_timeout(50)
        assert page.locator(".layer canvas").evaluate(PIXEL, [3, 3]) != light

    def test_rows_not_yet_added_are_covered(self, page_of):
        explorer = explore("cumsum")
        page = page_of(explorer._repr_html_())
        cover = page.locator(".cover")
        assert cover.is_hidden()
        for _ in range(4):
            press(page, "Back")
        high, top = explorer.data["tile"][1], page.locator(".layer canvas").bounding_box()["y"]
        assert cover.bounding_box()["y"] - top == 12 * high
        assert cover.bounding_box()["height"] == 4 * high

    def test_65536_entries_answer_fast(self, page_of):
        explorer = bl.show_jacobian(lambda x: ops.softmax(x), RNG.normal(size=256))
        page = page_of(explorer._repr_html_())
        taken = page.evaluate(
            """() => {
                const root = document.querySelector(".backprop-lab").shadowRoot;
                const slider = root.querySelector("input[type=range]");
                const times = [200, 256, 100, 255, 3].map((k) => {
                    const began = performance.now();
                    slider.value = k;
                    slider.dispatchEvent(new Event("input"));
                    return performance.now() - began;
                });
                return times.sort((a, b) => a - b)[2];
            }"""
        )
        assert taken < 100


class TestLook:
    @pytest.mark.parametrize("scheme", ["light", "dark", "forced"])
    @pytest.mark.parametrize("name", ["3 × 2", "cumsum"])
    def test_no_accessibility_rule_is_broken(self, page_of, name, scheme):
        settings = {"color_scheme": scheme} if scheme != "forced" else {"forced_colors": "active"}
        page = page_of(explore(name)._repr_html_(), **settings)
        assert violations(page) == []
        press(page, "Jv")
        press(page, "Back")
        page.locator(MAP).first.focus()
        assert violations(page) == []
        look(page, f"jacobian-{name}-{scheme}", full_page=True)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_every_number_can_be_read_on_its_tile(self, page_of, scheme):
        x = np.array([0.1, -3.0, 0.0, 5.0, -5.0, np.inf])
        page = page_of(bl.show_jacobian(lambda x: x * x, x)._repr_html_(), color_scheme=scheme)
        for _ in range(2):
            worst = page.evaluate(CONTRAST)
            assert worst["ratio"] >= 4.5, worst
            press(page, "Back")

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_a_narrow_page_does_not_scroll_sideways(self, page_of, name):
        page = page_of(explore(name)._repr_html_(), width=320)
        for mode in ("uᵀJ", "Jv"):
            press(page, mode)
            page.locator(MAP).first.focus()
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
        for box in page.locator(".frame :is(button, input)").evaluate_all(
            "all => all.map(b => b.getBoundingClientRect())"
        ):
            assert box["height"] >= 24 and box["width"] >= 24
        look(page, f"jacobian-{name}-narrow", full_page=True)

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_any_name_of_a_function_is_shown_as_text(self, page_of, name):
        def f(x):
            return x * x

        f.__name__ = name
        explorer = bl.show_jacobian(f, [1.0, 2.0])
        page = page_of(explorer._repr_html_(), width=320)
        assert page.locator(".title").inner_text().split() == explorer.data["heading"].split()
        assert page.locator(".backprop-lab script, .backprop-lab b").count() == 0
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 320

    def test_two_on_one_page_keep_apart(self, page_of):
        page = page_of(explore("3 × 2")._repr_html_(), explore("dense")._repr_html_())
        titles = page.locator(".title").all_inner_texts()
        assert titles == ["Jacobian of syllabus: 3 × 2", "Jacobian of f: 64 × 48"]

    def test_without_scripts_the_image_and_the_words_are_there(self, page_of):
        html = re.sub(r"<script>.*</script>", "", explore("3 × 2")._repr_html_(), flags=re.S)
        page = page_of(html)
        assert "Heat map of the Jacobian" in page.locator("img").get_attribute("alt")
        assert page.locator("img").evaluate("image => image.naturalWidth") > 100
        assert "Sweeps to build J: 3 backward" in page.locator("p").inner_text()


CONTRAST = """() => {
    const root = document.querySelector(".backprop-lab").shadowRoot;
    const ground = getComputedStyle(root.querySelector(".frame")).backgroundColor;
    const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const light = (...colours) => {
        for (const colour of colours) {
            pen.fillStyle = colour;
            pen.fillRect(0, 0, 1, 1);
        }
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3)
            .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    };
    let worst = {ratio: 99};
    for (const cell of root.querySelectorAll(".grid :is(td, th)")) {
        if (!cell.textContent) continue;
        const {color, backgroundColor} = getComputedStyle(cell);
        const pair = [light(color), light(ground, backgroundColor)].sort((a, b) => b - a);
        const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
        if (ratio < worst.ratio) worst = {ratio, text: cell.textContent, color, backgroundColor};
    }
    return worst;
}"""
