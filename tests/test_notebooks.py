"""The notebooks as pages: fresh from their source, and in the rhythm of the series.

nbval runs them and compares every output; what is tested here needs no kernel.
"""

import json
import re
import shutil
from html.parser import HTMLParser
from statistics import median

import nbformat
import pytest

from backprop_lab.__main__ import main
from backprop_lab.coursework import build
from backprop_lab.coursework.book import bridge
from backprop_lab.exercises import exercises

SOURCES = build.sources()
PAIRS = [(source, *target) for source in SOURCES for target in build.targets(source)]
LEARNERS = [pair for pair in PAIRS if not pair[2]]
SETUP = """import numpy as np

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)"""
SETUP_WITH_TORCH = SETUP.replace("numpy as np", "numpy as np\nimport torch", 1)
PYTORCH_FROM = 6  # the number of the first notebook that needs torch


def by_name(pair):
    return str(pair[1].relative_to(build.NOTEBOOKS))


pages = pytest.mark.parametrize("pair", PAIRS, ids=by_name)
learners_pages = pytest.mark.parametrize("pair", LEARNERS, ids=by_name)


@pytest.fixture
def page(pair, request):
    """A notebook as it was shipped; a new build of it if somebody has worked in it."""
    return build.read(request.config.fresh_builds.get(pair[1], pair[1]))


def of_type(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def code_lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def words(text):
    """How many words of prose: a piece of code counts as one, a formula as none."""
    text = re.sub(r"`[^`]*`", " code ", text)
    text = re.sub(r"\$\$.*?\$\$|\$.*?\$|<[^>]*>|[#*|`]|\(.*?\.ipynb\)", " ", text, flags=re.S)
    return sum(any(letter.isalnum() for letter in word) for word in text.split())


def test_there_is_a_notebook():
    assert SOURCES


@pages
def test_it_is_what_its_source_says(pair, request):
    source, path, solved = pair
    path = request.config.fresh_builds.get(path, path)
    assert build.compare_cells(path, build.compose(source, solved)) is None


@pages
def test_every_code_cell_has_run(pair, page):
    """nbval only smoke-tests a cell without a count, and says nothing."""
    counts = [cell.execution_count for cell in of_type(page, "code")]
    assert counts == list(range(1, len(counts) + 1))


@pages
def test_ids_and_tags(pair, page):
    cells = page.cells
    ids = [cell.id for cell in cells]
    assert len(ids) == len(set(ids))
    allowed = {"nbval-ignore-output", "raises-exception"}
    assert {tag for cell in cells for tag in cell.metadata.get("tags", [])} <= allowed


@pages
def test_exercises_carry_nbgraders_metadata(pair, page):
    cells = {cell.id: cell for cell in page.cells}
    number = int(pair[0].name[:2])
    names = [name for name, exercise in exercises().items() if exercise.notebook == number]
    for name in names:
        answer = cells[name].metadata["nbgrader"]
        check = cells[f"check-{name}"].metadata["nbgrader"]
        assert (answer["solution"], answer["grade"], answer["locked"]) == (True, False, False)
        assert (check["solution"], check["grade"], check["locked"]) == (False, True, True)
        assert check["points"] == exercises()[name].points
        assert {answer["schema_version"], check["schema_version"]} == {3}
        assert cells[f"check-{name}"].source == f'check("{name}", {name})'


@learners_pages
def test_the_blank_page_holds_no_solution(pair):
    source, _, _ = pair
    text = "\n".join(cell.source for cell in build.compose(source, solved=False).cells)
    assert "BEGIN" not in text
    for solution in build.SOLUTION.finditer(source.read_text(encoding="utf-8")):
        assert solution[2].strip() not in text


@learners_pages
def test_every_check_on_the_blank_page_says_not_attempted_yet(pair, page):
    for cell in of_type(page, "code"):
        if build.CHECK.match(cell.source) and cell.outputs:
            data = cell.outputs[0].data
            assert "not attempted yet" in data["text/html"]
            assert data["text/plain"] == "0.0"


@pages
def test_every_check_on_the_solved_page_is_right(pair, page):
    if pair[2]:
        checks = [c for c in of_type(page, "code") if build.CHECK.match(c.source)]
        assert checks
        for cell in checks:
            assert "✓" in cell.outputs[0].data["text/html"], cell.source


# --- the rhythm ----------------------------------------------------------------------------------


@learners_pages
def test_length(pair, page):
    assert 40 <= len(page.cells) - bool(bridge(pair[0])) <= 90


@learners_pages
def test_code_cells_are_short(pair, page):
    lengths = sorted(len(code_lines(cell)) for cell in of_type(page, "code"))
    assert median(lengths) <= 4
    assert lengths[int(0.9 * len(lengths))] <= 10
    assert lengths[-1] <= 20


@learners_pages
def test_at_most_two_code_cells_in_a_row(pair, page):
    kinds = "".join(cell.cell_type[0] for cell in page.cells)
    assert "ccc" not in kinds


@learners_pages
def test_prose_is_short(pair, page):
    for cell in of_type(page, "markdown"):
        if "<details>" not in cell.source:
            assert words(cell.source) <= 80, cell.source


@learners_pages
def test_prose_and_code_are_in_balance(pair, page):
    notebook = page
    texts = [cell.source for cell in of_type(notebook, "markdown")]
    prose = sum(words(text) for text in texts if "<details>" not in text)
    lines = sum(len(code_lines(cell)) for cell in of_type(notebook, "code"))
    assert 9 <= prose / lines <= 20


@learners_pages
def test_the_first_picture_comes_by_the_third_cell(pair, page):
    assert any("<img" in text for cell in page.cells[:3] for text in html(cell))


@pages
def test_every_picture_says_in_words_what_it_shows(pair, page):
    pictures = [tag for cell in page.cells for text in html(cell) for tag in images(text)]
    assert pictures
    for picture in pictures:
        assert len(picture.get("alt", "").split()) >= 8


@pages
def test_no_output_is_of_a_kind_that_code_hosts_do_not_show(pair, page):
    kinds = {kind for cell in of_type(page, "code") for out in cell.outputs
             for kind in out.get("data", {})}  # fmt: skip
    assert kinds <= {"text/plain", "text/html", "image/png"}
    errors = [o for c in of_type(page, "code") for o in c.outputs if o.output_type == "error"]
    streams = [o.name for c in of_type(page, "code") for o in c.outputs if "name" in o]
    assert not errors
    assert "stderr" not in streams


@learners_pages
def test_a_blank_page_shows_no_answer_before_there_is_a_guess(pair, page):
    for cell in of_type(page, "code"):
        if "compare(my_guess" in cell.source:
            texts = [str(out.get("data", out.get("text"))) for out in cell.outputs]
            assert "So it is" not in " ".join(texts)
            assert "It is" not in " ".join(texts)


@learners_pages
def test_skeleton(pair, page):
    cells = page.cells
    for promised in ("# ", "**You will**", "**You need**", "**Minutes**"):
        assert promised in cells[0].source
    with_torch = int(pair[0].name[:2]) >= PYTORCH_FROM
    assert cells[1].source == (SETUP_WITH_TORCH if with_torch else SETUP)
    prose = "\n".join(cell.source for cell in of_type(page, "markdown"))
    headings = re.findall(r"^## (.+)$", prose, re.M)
    assert headings[-2:] == ["Recap", "Next"]
    assert 2 <= len(headings[:-3]) <= 4, "sections, then one transfer problem"
    text = "\n".join(cell.source for cell in of_type(page, "code"))
    assert not re.search(r"import \*|sys\.path|^[%!]|download", text, re.M)


VERBS = {
    "Ask", "Batch", "Call", "Choose", "Count", "Differentiate", "Fold", "Heal", "Keep", "Measure",
    "Multiply", "Pull", "Put", "Read", "Run", "Send", "Take", "Test", "Trade", "Train", "Turn",
    "Unroll", "Wait", "Watch", "Write",
}  # fmt: skip


@learners_pages
def test_a_heading_says_what_to_do_and_a_section_holds_few_exercises(pair, page):
    text = "\n".join(cell.source for cell in of_type(page, "markdown"))
    sections = re.split(r"^## ", text, flags=re.M)[1:-2]
    for section in sections:
        assert section.split()[0].strip(",") in VERBS, section.splitlines()[0]
        assert section.count("### Exercise:") <= 4
    assert sum("### Exercise:" not in section for section in sections[:-1]) <= 1


@learners_pages
def test_surprising_numbers_are_asked_for_before_they_are_shown(pair, page):
    code = [cell.source for cell in of_type(page, "code")]
    asked = [text for text in code if re.fullmatch(r"my_guess = \(?\.\.\.(, \.\.\.\))?", text)]
    assert len(asked) >= 3
    assert len(asked) == sum("compare(my_guess" in text for text in code)


@learners_pages
def test_from_the_third_on_a_page_opens_with_two_questions_on_earlier_ones(pair, page):
    if int(pair[0].name[:2]) < 3:
        return
    before = "\n".join(cell.source for cell in page.cells).partition("\n## ")[0]
    assert "**From before.**" in before
    assert "my_guess = (..., ...)" in before
    assert "compare(my_guess, (" in before


@learners_pages
def test_the_minutes_add_up(pair, page):
    """What the page promises leaves time to read beside the exercises, and is no surprise."""
    number = int(pair[0].name[:2])
    mine = [exercise for exercise in exercises().values() if exercise.notebook == number]
    promised = int(re.search(r"\*\*Minutes\*\* (\d+)", page.cells[0].source)[1])
    core = sum(exercise.minutes for exercise in mine if exercise.core)
    assert core + 15 <= promised <= core + 30
    assert 45 <= promised <= 75
    assert 3 <= sum(exercise.core for exercise in mine) <= 4


@learners_pages
def test_links_within_the_series_lead_somewhere(pair, page):
    for cell in of_type(page, "markdown"):
        for link in re.findall(r"\]\(([^)]+)\)", re.sub(r"`[^`]*`", "", cell.source)):
            if "://" not in link:
                assert (pair[1].parent / link.split("#")[0]).exists(), link


@pages
def test_outputs_are_small(pair, page):
    assert len(json.dumps(page)) < 600_000


# --- the build itself ----------------------------------------------------------------------------


@pytest.fixture
def copy_of_the_notebooks(tmp_path, monkeypatch, request):
    shutil.copytree(build.NOTEBOOKS, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    for path, fresh in request.config.fresh_builds.items():
        shutil.copy(fresh, tmp_path / path.relative_to(build.ROOT))
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path / "notebooks")
    return tmp_path / "notebooks"


def test_a_word_changed_in_a_built_notebook_is_found(copy_of_the_notebooks, capsys):
    path = copy_of_the_notebooks / "01-computational-graphs.ipynb"
    text = path.read_text(encoding="utf-8")
    assert "One line of arithmetic" in text
    path.write_text(text.replace("One line", "Some line", 1), encoding="utf-8")
    assert build.holds_work(path)
    assert main(["build", "--check"]) == 1
    said = capsys.readouterr().out
    assert "01-computational-graphs.ipynb differs in the source of cell 1" in said
    assert "python -m backprop_lab build" in said


def test_a_source_that_was_edited_and_not_built_is_found(copy_of_the_notebooks):
    source = build.sources()[0]
    source.write_text(source.read_text(encoding="utf-8").replace("small machine", "tiny machine"))
    assert len(build.stale()) == 2
    assert not build.holds_work(copy_of_the_notebooks / "01-computational-graphs.ipynb")


def test_a_notebook_without_a_source_is_found(copy_of_the_notebooks):
    stray = copy_of_the_notebooks / "99-stray.ipynb"
    shutil.copy(copy_of_the_notebooks / "01-computational-graphs.ipynb", stray)
    assert stray in build.stale()


def test_any_change_to_a_shipped_notebook_is_work_and_its_layout_is_not(copy_of_the_notebooks):
    path = copy_of_the_notebooks / "01-computational-graphs.ipynb"
    notebook = build.read(path)
    path.write_text(json.dumps(notebook))
    assert not build.holds_work(path)
    changes = [
        lambda notebook: notebook.metadata["language_info"].update(version="3.11"),
        lambda notebook: of_type(notebook, "code")[0].update(execution_count=99),
        lambda notebook: notebook.cells.append(nbformat.v4.new_code_cell("1 + 1")),
    ]
    for change in changes:
        changed = build.read(path)
        change(changed)
        (path.parent / "changed.ipynb").write_text(json.dumps(changed))
        assert build.holds_work(path.parent / "changed.ipynb")


def test_composing_twice_gives_the_same_notebook():
    for source in SOURCES:
        assert build.compose(source, True) == build.compose(source, True)


class Images(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.found.append(dict(attributes))


def images(text):
    parser = Images()
    parser.feed(text)
    return parser.found


def html(cell):
    outputs = cell.get("outputs", [])
    return [out.data["text/html"] for out in outputs if "text/html" in out.get("data", {})]
