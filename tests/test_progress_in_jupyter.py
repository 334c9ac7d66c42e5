"""Progress as a learner meets it: two notebooks open at once, a kernel restarted, a picture."""

import pytest

from tests.browser_tools import (
    close_notebook,
    look,
    open_notebook,
    run_all,
    switch_theme,
    violations,
)

KEPT = "import os; os.environ['BACKPROP_LAB_PROGRESS'] = os.path.abspath('progress.sqlite')"
USE = "import backprop_lab as bl"
TRY = "bl.check('visits', lambda diamonds: (1, 1))"
AGAIN = "bl.check('kinds', {'x': 'input'})"


@pytest.fixture(scope="module")
def page(jupyter, lab_page):
    jupyter.write("kept/first.ipynb", KEPT, USE, TRY)
    jupyter.write("kept/second.ipynb", KEPT, USE, AGAIN)
    jupyter.write("kept/third.ipynb", KEPT, USE, "bl.progress()")
    for name in ("first", "second"):  # both kernels stay
        open_notebook(lab_page, f"kept/{name}.ipynb")
        run_all(lab_page)
    open_notebook(lab_page, "kept/first.ipynb")
    close_notebook(lab_page)  # and one goes
    open_notebook(lab_page, "kept/third.ipynb")
    run_all(lab_page)
    return lab_page


def test_it_shows_what_both_notebooks_have_tried(page):
    table = page.locator("table", has_text="Notebook").last
    tried = table.locator("span[title*='tried 1 times']")
    assert {words.split()[-1] for words in tried.all_inner_texts()} == {"visits", "kinds"}
    look(page, "progress-light")


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(page, dark):
    switch_theme(page, dark)
    look(page, f"progress-{dark}")
    assert not violations(page, ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea")
    switch_theme(page, dark=False)
