"""What all widgets promise of their outputs: complete in themselves, the same in every process,
within reach of everybody, and gone without a trace."""

import hashlib
import os
import re
import subprocess
import sys

import nbformat
import pytest

from backprop_lab.coursework import build
from backprop_lab.coursework.execution import execute
from tests.browser_tools import look, violations
from tests.widgets_to_try import ANSWERS, SETUP, STATES, WIDGETS, make

MADE = {name: make(code) for name, code in WIDGETS.items()}
every_widget = pytest.mark.parametrize("name", WIDGETS)
STILL = re.compile(r"<script>.*?</script>", re.S)
FINGERPRINTS = """
import hashlib
from tests.widgets_to_try import WIDGETS, make
for code in WIDGETS.values():
    print(hashlib.sha256(make(code)._repr_html_().encode()).hexdigest())
"""
# Counts what is under way: observers that observe something on the page (together with what is gone
# from it, they go by themselves), timers that will fire, listeners to the system.
COUNTING = """
window.running = {observers: new Map(), timers: new Set(), queries: 0};
for (const name of ["MutationObserver", "ResizeObserver", "IntersectionObserver"]) {
    const {observe, disconnect} = window[name].prototype;
    window[name].prototype.observe = function (target, ...given) {
        running.observers.set(this, target);
        return observe.call(this, target, ...given);
    };
    window[name].prototype.disconnect = function () {
        running.observers.delete(this);
        return disconnect.apply(this);
    };
}
const {setTimeout: later, setInterval: often, clearTimeout: cancel} = window;
window.setTimeout = (run, ...given) => {
    const id = later(() => { running.timers.delete(id); run(); }, ...given);
    running.timers.add(id);
    return id;
};
window.setInterval = (...given) => {
    const id = often(...given);
    running.timers.add(id);
    return id;
};
window.clearTimeout = window.clearInterval = id => { running.timers.delete(id); cancel(id); };
const {addEventListener: listen, removeEventListener: unlisten} = MediaQueryList.prototype;
MediaQueryList.prototype.addEventListener = function (...given) {
    running.queries += 1;
    return listen.apply(this, given);
};
MediaQueryList.prototype.removeEventListener = function (...given) {
    running.queries -= 1;
    return unlisten.apply(this, given);
};
"""
# Puts an output in the place of an older one, as a notebook does with a cell that runs again.
RERUN = """html => {
    const place = document.querySelector("#one");
    place.innerHTML = html;
    for (const old of place.querySelectorAll("script")) {
        const script = document.createElement("script");
        script.textContent = old.textContent;
        old.replaceWith(script);
    }
}"""
STILL_RUNNING = """() => {
    document.body.dataset.jpThemeLight = "false";
    const seen = ([observer, target]) => target.isConnected && target !== document;  // playwright's
    return new Promise(done => requestAnimationFrame(() => done(
        [[...running.observers].filter(seen).length, running.queries, running.timers.size])));
}"""
MOVING = """() => [...document.querySelectorAll(".backprop-lab")]
    .flatMap(host => [...host.shadowRoot.querySelectorAll("*")])
    .filter(element => {
        const {animationName, transitionDuration} = getComputedStyle(element);
        return animationName !== "none" || !/^(0s(, )?)+$/.test(transitionDuration);
    }).map(element => element.outerHTML.slice(0, 80))"""


def section(id, html):
    return f'<section id="{id}">{html}</section>'


def sections(name):
    """A widget twice."""
    html = MADE[name]._repr_html_()
    return section("one", html) + section("two", html)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A function that runs cells, and exports the notebook as a page of HTML."""
    pytest.importorskip("nbconvert")
    folder = tmp_path_factory.mktemp("exported")

    def export(name, sources):
        from nbconvert import HTMLExporter

        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = execute(nbformat.v4.new_notebook(cells=cells), folder)
        html, _ = HTMLExporter().from_notebook_node(notebook)
        (folder / name).write_text(html, encoding="utf-8")
        return folder / name

    return export


# --- complete in themselves ----------------------------------------------------------------------


def test_an_exported_notebook_answers_without_network_and_kernel(exported, page_at):
    """The page of an export asks for MathJax and the like; that of one with widgets, no more."""
    plain = page_at(exported("plain.html", ["1 + 1"]))
    page = page_at(exported("widgets.html", WIDGETS.values()))
    assert {*page.asked} <= {*plain.asked}
    outputs = page.locator(".jp-OutputArea:has(.backprop-lab)")
    assert outputs.count() == len(WIDGETS)
    for output in outputs.element_handles():
        assert output.evaluate(ANSWERS)
    look(page, "exported", full_page=True)


@every_widget
def test_without_scripts_there_is_an_image_with_words(page_of, name):
    page = page_of(STILL.sub("", MADE[name]._repr_html_()))
    assert page.evaluate(f"() => ({STATES})(document.body)") == [None]
    image = page.locator("img")
    assert image.evaluate("image => image.complete && image.naturalWidth") > 100
    assert len(image.get_attribute("alt").split()) >= 8


@every_widget
def test_the_output_is_html_and_words(name):
    from IPython.core.formatters import DisplayFormatter

    data, _ = DisplayFormatter().format(MADE[name])
    assert {*data} == {"text/html", "text/plain"}
    assert len(data["text/plain"].split()) >= 8


@every_widget
def test_the_output_names_no_address_outside(name):
    html = MADE[name]._repr_html_()
    addresses = {address for address in re.findall(r"\w+://[\w.]+", html)}
    assert addresses <= {"http://www.w3.org"}, "the name of SVG, which nobody asks for"


def test_the_output_is_the_same_in_every_process_and_needs_no_program_beside_it():
    """Byte for byte, on two runs here and one elsewhere: other hashes, and nothing on PATH."""
    here = [hashlib.sha256(p._repr_html_().encode()).hexdigest() for p in MADE.values()]
    again = [make(code)._repr_html_().encode() for code in WIDGETS.values()]
    assert here == [hashlib.sha256(html).hexdigest() for html in again]
    done = subprocess.run(
        [sys.executable, "-c", FINGERPRINTS],
        capture_output=True,
        text=True,
        cwd=build.ROOT,
        env={**os.environ, "PATH": "", "PYTHONHASHSEED": "12", "PYTHONPATH": str(build.ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert here == done.stdout.split()


@every_widget
def test_nbval_compares_the_words_and_not_the_drawing(name):
    """A release of the layout engine, or of a widget, has to leave the notebooks' outputs valid."""
    from nbval.plugin import get_sanitize_patterns

    html = MADE[name]._repr_html_()
    rules = (build.ROOT / "tests" / "nbval_sanitize.cfg").read_text()
    for pattern, replacement in get_sanitize_patterns(rules):
        html = re.sub(pattern, replacement, html)
    assert not re.search(r"data:|function|viewBox", html)
    assert len(html) < 4_000
    assert len(html.split('alt="')[1].split('"')[0].split()) >= 8


# --- within reach of everybody -------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"dark": False},
        {"dark": True},
        {"color_scheme": "dark"},
        {"forced_colors": "active", "color_scheme": "light"},
        {"forced_colors": "active", "color_scheme": "dark"},
    ],
    ids=["light", "dark", "dark system", "forced light", "forced dark"],
)
def test_axe_finds_nothing(page_of, settings, request):
    page = page_of(*(section(f"w{i}", p._repr_html_()) for i, p in enumerate(MADE.values())),
                   **settings)  # fmt: skip
    assert violations(page) == []
    for i in range(len(MADE)):
        page.locator(f"#w{i}").evaluate(ANSWERS)
    assert violations(page) == []
    look(page, f"all-{request.node.callspec.id}", full_page=True)


@every_widget
def test_a_narrow_page_is_not_wider_than_its_window(page_of, name):
    page = page_of(section("one", MADE[name]._repr_html_()), width=320)
    page.locator("#one").evaluate(ANSWERS)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
    look(page, f"narrow-{name}", full_page=True)


def test_nothing_is_animated_for_readers_who_ask_for_stillness(page_of):
    htmls = [picture._repr_html_() for picture in MADE.values()]
    assert page_of(*htmls, reduced_motion="reduce").evaluate(MOVING) == []


@every_widget
def test_two_copies_leave_each_other_alone(page_of, name):
    page = page_of(sections(name))
    one, two = page.evaluate(f"() => ({STATES})(document.body)")
    assert one == two
    assert page.locator("#two").evaluate(ANSWERS)
    now = page.evaluate(f"() => ({STATES})(document.body)")
    assert now[0] == one
    assert now[1] != two


# --- gone without a trace ------------------------------------------------------------------------


@every_widget
def test_a_cell_that_runs_again_leaves_nothing_running(page_of, name):
    """Not even if the old output was playing. What is gone is noticed when the theme changes."""
    page = page_of('<section id="one"></section>', init=COUNTING)
    html = MADE[name]._repr_html_()
    page.evaluate(RERUN, html)
    once = page.evaluate(STILL_RUNNING)
    for _ in range(4):
        page.evaluate(RERUN, html)
        page.locator("#one").evaluate(ANSWERS)
        play = page.locator("#one button[aria-label^=Play]")
        if play.count():
            play.click()
    page.evaluate(RERUN, html)
    page.wait_for_timeout(500)
    page.evaluate("() => { document.body.dataset.jpThemeLight = 'true'; }")
    assert page.evaluate(STILL_RUNNING) == once


def test_setup_names_what_the_cells_use():
    assert all(code.startswith(SETUP) for code in WIDGETS.values())
