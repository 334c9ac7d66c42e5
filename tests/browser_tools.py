"""Pages for the tests: outputs on a page of their own, and notebooks in a real JupyterLab.

Everything here needs a Chromium. Where none is installed, tests that ask for one of the fixtures
are skipped with a sentence; under continuous integration (CI set) they fail. With SCREENSHOTS set
to a folder, what `look` is shown is kept there.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

import lab as lab_py
from backprop_lab.coursework.execution import TIMEOUT

BROWSERS = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
CHROMIUM = next(filter(None, BROWSERS), None)
NETWORK = re.compile(r"^(?!file:|data:|blob:)")
OUTPUT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Outputs</title>
<meta name="viewport" content="width=device-width">
<style>
  :root {{ color-scheme: light dark }}
  body {{ margin: 8px; font-family: sans-serif }}
  [data-jp-theme-light="true"] {{ color-scheme: light }}
  [data-jp-theme-light="false"] {{ color-scheme: dark; background: #111; color: #eee }}
</style>
<body{theme}><main><h1>Outputs</h1>
{outputs}
<button id="after">after</button></main>"""


@pytest.fixture(scope="module")
def browser():
    """A Chromium. One for each file of tests: while it runs, so does an event loop, which whatever
    starts loops of its own (a kernel, a notebook) would stumble over."""
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "continuous integration has to install Chromium"
        pytest.skip("no Chromium here: install one to run the browser tests")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


def look(page, name, **how):
    """Keep a screenshot, where they are wanted."""
    if os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{os.environ['SCREENSHOTS']}/{name}.png", **how)


# --- outputs on a page of their own --------------------------------------------------------------


@pytest.fixture
def page_at(browser):
    """A function that shows a file of HTML in a browser that cannot reach the network.

    Arguments: path, width, init (JavaScript to run before anything else), and whatever playwright's
    new_page takes (color_scheme="dark", reduced_motion="reduce", forced_colors="active", …).
    No page may report an error. page.asked: the addresses outside that it asked for.
    """
    pages, said = [], []

    def open_page(path, width=1000, init=None, **settings):
        page = browser.new_page(viewport={"width": width, "height": 900}, **settings)
        pages.append(page)
        page.asked = []
        page.route(NETWORK, lambda route: (page.asked.append(route.request.url), route.abort()))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda told: is_complaint(told) and said.append(told.text))
        if init:
            page.add_init_script(init)
        page.goto(path.as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not said


def is_complaint(told):
    """An error or a warning; that the network is blocked is noted elsewhere."""
    blocked = NETWORK.match((told.location or {}).get("url") or "file:")
    return told.type in ("error", "warning") and not blocked


@pytest.fixture
def page_of(page_at, tmp_path):
    """A function that shows outputs (pieces of HTML) on a page of their own.

    Arguments: outputs, dark (None: the page does not say, so the reader's system decides; True or
    False: as JupyterLab says it), and those of `page_at`. No page may ask for anything outside.
    """
    pages = []

    def open_page(*outputs, dark=None, **settings):
        theme = "" if dark is None else f' data-jp-theme-light="{str(not dark).lower()}"'
        path = tmp_path / f"outputs-{len(pages)}.html"
        text = OUTPUT.format(theme=theme, outputs="\n".join(outputs))
        path.write_text(text, encoding="utf-8", errors="replace")
        pages.append(page_at(path, **settings))
        return pages[-1]

    yield open_page
    assert not [address for page in pages for address in page.asked]


def violations(page, within=None):
    """What axe finds to mend on a page, in its own words; an empty list if nothing.

    Arguments: within (a CSS selector: look there only)."""
    from axe_playwright_python.sync_playwright import Axe

    context = {"include": [within]} if within else None
    found = Axe().run(page, context).response["violations"]
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


# The worst contrast of a text in a drawing with what it stands on; axe does not look into drawings.
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


# --- notebooks in JupyterLab ---------------------------------------------------------------------

ACTIVE = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell.jp-mod-active"
CELLS = "jupyterapp.shell.currentWidget.content.widgets"
IDLE = """() => {
    const session = jupyterapp.shell.currentWidget?.sessionContext?.session;
    return session?.kernel?.status === 'idle';
}"""
RUN_ALL = """() => {
    window.ranAll = false;
    const done = () => { window.ranAll = true; };
    jupyterapp.commands.execute('notebook:run-all-cells').then(done, done);
}"""
NOT_RUN = f"""() => {CELLS}
    .filter(cell => cell.model.type === 'code' && !cell.model.executionCount)
    .map(cell => cell.model.sharedModel.getSource())"""
OPENED = """path => {
    const panel = jupyterapp.shell.currentWidget;
    return panel?.context?.path === path && panel.context.isReady && panel.isVisible;
}"""


@dataclass
class Jupyter:
    """A running JupyterLab. address: what a person would paste; folder: what it serves."""

    address: str
    folder: Path

    def write(self, path, *sources, outputs=()):
        """A notebook with these code cells; outputs: pieces of HTML that the last one has shown."""
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        for i, cell in enumerate(cells):
            cell["id"] = f"cell-{i}"
        cells[-1].outputs = [
            nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": "words"})
            for html in outputs
        ]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(nbformat.writes(notebook), encoding="utf-8")
        return path


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """A JupyterLab with the settings of lab.py, on a folder of its own."""
    folder = tmp_path_factory.mktemp("lab")
    command = [sys.executable, *lab_py.jupyterlab(["--no-browser"])]
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.port=0"]
    command += ["--LabApp.expose_app_in_browser=True"]
    env = lab_py.environment() | {
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / ".workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"),
        "JUPYTER_DATA_DIR": str(folder / ".data"),  # which notebooks are trusted
    }
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    log = folder / "jupyter.log"
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=out)
    try:
        yield Jupyter(address(server, log), folder)
    finally:
        server.terminate()
        server.wait(timeout=20)


def address(server, log):
    """The first address that JupyterLab prints, token and all: what a person would paste."""
    for _ in range(int(TIMEOUT / 0.2)):
        found = re.search(r"http://127\.0\.0\.1:\d+/lab\S*\?token=\w+", log.read_text())
        if found:
            return found[0]
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab printed no address:\n{log.read_text()}")


@pytest.fixture(scope="module")
def lab_page(browser, jupyter):
    """A page with JupyterLab on it, and no notebook open yet.

    page.sent: the messages to kernels, as they went out.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(30_000)
    page.sent = []
    page.on("websocket", lambda socket: "/kernels/" in socket.url and listen_to(socket))

    def listen_to(socket):
        socket.on("framesent", lambda message: page.sent.append(message))

    page.goto(re.sub(r"/lab/tree/.*\?", "/lab?reset&", jupyter.address))
    page.wait_for_function("() => Boolean(window.jupyterapp?.restored)")
    page.evaluate("() => jupyterapp.restored.then(() => null)")
    yield page
    page.close()


def command(page, name, **arguments):
    """Have JupyterLab execute one of its commands."""
    page.evaluate(
        "([name, given]) => jupyterapp.commands.execute(name, given).then(() => null)",
        [name, arguments],
    )


def open_notebook(page, path):
    """Show a notebook and wait until its kernel can be used."""
    command(page, "docmanager:open", path=path)
    page.wait_for_function(OPENED, arg=path)
    page.wait_for_function(IDLE)


def run_all(page):
    """Run every cell and wait until all are done; JupyterLab stops at one that raises."""
    page.evaluate(RUN_ALL)
    page.wait_for_function("() => window.ranAll", timeout=120_000)
    page.wait_for_function(IDLE)
    assert not page.evaluate(NOT_RUN)


def close_notebook(page, save=True):
    """Close the notebook in front, and its kernel with it."""
    if save:
        command(page, "docmanager:save")
    page.evaluate(
        """async () => {
            const panel = jupyterapp.shell.currentWidget;
            await panel.context.sessionContext.shutdown();
            panel.context.model.dirty = false;
            panel.close();
        }"""
    )


def switch_theme(page, dark):
    """JupyterLab's dark theme, or its light one."""
    theme, light = ("JupyterLab Dark", "false") if dark else ("JupyterLab Light", "true")
    command(page, "apputils:change-theme", theme=theme)
    page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def show_cell(page, start):
    """Scroll to the first code cell whose source starts so; returns its place in the notebook."""
    return page.evaluate(
        """async start => {
            const notebook = jupyterapp.shell.currentWidget.content;
            const models = notebook.widgets.map(cell => cell.model);
            const i = models.findIndex(model =>
                model.type === 'code' && model.sharedModel.getSource().startsWith(start));
            notebook.activeCellIndex = i;
            await notebook.scrollToItem(i, 'start');
            return i;
        }""",
        start,
    )
