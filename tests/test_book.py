"""The series as one book: links both ways, true contents, a glossary that pages introduce."""

import re
import shutil

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab.coursework import book, build
from backprop_lab.exercises import exercises
from tests.test_notebooks import words

SOURCES = build.sources()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_page_ends_with_the_way_on(source):
    last = build.compose(source, solved=False).cells[-1].source
    targets = re.findall(r"\]\((\S+?)\)", last.splitlines()[-1])
    place = SOURCES.index(source)
    beside = [s.with_suffix(".ipynb").name for s in SOURCES[max(0, place - 1) : place + 2]]
    assert sorted([*targets, source.with_suffix(".ipynb").name]) == sorted([*beside, "contents.md"])


def test_the_contents_name_every_page_once_in_order():
    text = book.contents(SOURCES).partition("## Glossary")[0]
    found = re.findall(r"^\| \[.+?\]\((\d\d-[\w-]+\.ipynb)\)", text, re.M)
    assert found == [source.with_suffix(".ipynb").name for source in SOURCES]


def test_the_hours_are_the_sum_of_the_pages():
    minutes = [int(re.match(r"\d+", book.facts(s)["minutes"])[0]) for s in SOURCES]
    assert f"{sum(minutes) / 60:.1f} hours" in book.contents(SOURCES)


# --- from page to page ---------------------------------------------------------------------------

PICKED_UP = {  # words of a page's recap, or of its *Next*, and the question they lead to
    2: ("how far does the result move when `x` is nudged", "How far does `h` move?"),
    3: ("Whoever has several readers waits", "how many readers does `b` have?"),
    4: ("Backward walks the order once", "how often does one `backward()` ask for a vjp?"),
    5: ("row = output", "how many rows has its Jacobian?"),
    6: ("a bias, a row of a table, adds up", "how many numbers does its gradient have?"),
    7: ("once for each input", "how many answers does its `backward` give?"),
    8: ("a loop is in it once for each turn", "in 8 turns, how many messages does `w` get?"),
}


@pytest.mark.parametrize("number", PICKED_UP)
def test_a_page_opens_with_what_the_one_before_ended_with(number):
    """Before its first exercise, in a question."""
    before, here = (prose(SOURCES[number + i]) for i in (-2, -1))
    end, opening = before.partition("## Recap")[2], here.partition("### Exercise")[0]
    said, asked = PICKED_UP[number]
    assert said in end
    assert asked in opening


def prose(source):
    """The text of a page, without its code."""
    cells = build.compose(source, solved=True).cells
    return " ".join(" ".join(c.source for c in cells if c.cell_type == "markdown").split())


# --- the bridges ---------------------------------------------------------------------------------

entered = pytest.mark.parametrize("source", [SOURCES[3], SOURCES[5]], ids=lambda s: s.stem)
ASKED = {  # what the questions at the end ask, and the numbers that the answers name
    4: (lambda x, y: x * y + x, [2.0, 3.0], 1.0, "4 and 2."),
    6: (lambda s, x: s * x, [2.0, [1.0, 2.0, 3.0]], [1.0, 10.0, 100.0], "It is 321."),
}


def test_one_can_enter_at_4_and_6_and_the_contents_say_so():
    assert [int(s.name[:2]) for s in SOURCES if book.bridge(s)] == [4, 6]
    (line,) = [line for line in book.contents(SOURCES).splitlines() if "bridge" in line]
    assert re.findall(r"\((\d\d)-[\w-]+\.ipynb\)", line) == ["04", "06"]


@entered
def test_the_bridge_is_one_folded_cell_below_the_first_picture(source):
    cells = build.compose(source, solved=False).cells
    (place,) = [i for i, cell in enumerate(cells) if "A bridge of five minutes" in cell.source]
    assert [cell.cell_type for cell in cells[: place + 2]] == [
        "markdown", "code", "code", "markdown", "markdown",
    ]  # fmt: skip
    assert cells[place].source.startswith("<details><summary>You start here, without notebooks 1")
    assert cells[place].source.endswith("</details>")
    assert 200 <= words(re.sub(r"```.*?```", "", cells[place].source, flags=re.S)) <= 350
    assert not any("A bridge" in cell.source for cell in build.compose(source, True).cells)


@entered
def test_what_the_bridge_has_one_paste_prints_what_it_says(source, capsys):
    cells = build.compose(source, solved=True).cells
    setup, picture = [cell.source for cell in cells if cell.cell_type == "code"][:2]
    page = {}
    exec(f"{setup}\n{picture}", page)
    before = dict(page)
    for code in re.findall(r"```python\n(.*?)```", book.bridge(source), re.S):
        exec(code, page)
        promised = re.findall(r"print\(.*\)  # (.*)", code)
        assert capsys.readouterr().out.splitlines() == promised
    assert {name: page[name] for name in before} == before, "the page finds all that it had"


def test_the_table_of_bridge_4_has_the_messages_of_the_engine():
    a = bl.tensor(3.0, requires_grad=True)
    b = a * a
    graph = bl.Graph.from_tensor(b * (b + a), gradient=1.0)
    sent = {node["id"]: [] for node in graph.nodes}
    for event in graph.events:
        if event["event"] == "vjp":
            source = next(e["from"] for e in graph.edges if e["id"] == event["edge"])
            sent[source] += event["contribution"]["data"]
    a_heard, b_heard, c_heard, _ = sent.values()
    heard = {"c": c_heard, "b": b_heard, "a": a_heard}
    rows = re.findall(r"^\| `(\w)` \| (.+) \| (\d+) \|$", book.bridge(SOURCES[3]), re.M)
    assert [name for name, _, _ in rows] == ["c", "b", "a"]
    for name, told, gradient in rows:
        messages = [int(n) * int(m) for n, m in re.findall(r"(\d+) · (\d+)", told)]
        assert sorted(messages) == sorted(heard[name])
        assert sum(messages) == int(gradient)


def test_the_table_of_bridge_6_multiplies_and_adds_up():
    text = book.bridge(SOURCES[5]).replace("−", "-")
    rows = re.findall(r"^\| (\d, \d) \| (.+) \| (.+) \|$", text, re.M)
    x, z_bar, messages = (
        np.array([[int(n) for n in cell.split(",")] for cell in column])
        for column in zip(*rows, strict=True)
    )
    assert x.shape == (3, 2)
    assert (messages == x * z_bar).all()
    assert f"hears from all rows: {tuple(messages.sum(axis=0).tolist())}." in text


@entered
def test_the_answer_of_the_bridge_is_right_and_so_are_its_slips(source):
    text = " ".join(book.bridge(source).split())
    f, inputs, z_bar, said = ASKED[int(source.name[:2])]
    _, pull_back = bl.vjp(f, *inputs)
    found = [bar.numpy() for bar in pull_back(z_bar)]
    answer = text.partition("<summary>Answer</summary>")[2]
    if source == SOURCES[3]:
        assert [int(bar) for bar in found] == [4, 2]
    else:
        s, x = inputs
        assert found[0] == 321
        assert f"With {tuple(int(n) for n in np.multiply(x, z_bar))}" in answer
        assert f"With {int(np.sum(np.multiply(s, z_bar)))} you multiplied by $s$" in answer
    assert answer.strip().startswith(said)
    assert not re.search(r"^\d+[.)] ", book.bridge(source), re.M), "that would be a list"


@entered
def test_the_bridge_sends_one_to_sections_that_there_are(source):
    text = " ".join(book.bridge(source).partition("<summary>Answer")[2].split())
    sections = re.findall(r"\*([A-Z][^*]+)\*", text)
    assert len(sections) >= 4
    before = "\n".join(s.read_text(encoding="utf-8") for s in SOURCES[: SOURCES.index(source)])
    for section in sections:
        assert f"# ## {section}\n" in before, section


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_the_extra_minutes_are_those_of_the_extra_exercises(source):
    extra = [e.minutes for e in exercises().values()
             if e.notebook == int(source.name[:2]) and not e.core]  # fmt: skip
    promised = re.search(r"and (\d+) more", book.facts(source)["minutes"])
    assert int(promised[1]) >= sum(extra) - 2
    assert int(promised[1]) <= sum(extra) + 12  # bl.practice is extra, too


def test_every_word_of_the_glossary_is_introduced_by_a_page():
    words = book.glossary(SOURCES[0].parent)
    assert len(words) > 8
    for word, meaning in words:
        assert book.introduced(word, SOURCES)
        assert meaning[0].islower() and meaning[-1] not in ".;,"


def test_a_word_that_no_page_introduces_is_refused(tmp_path):
    shutil.copytree(SOURCES[0].parent, tmp_path / "source")
    with (tmp_path / "source" / book.GLOSSARY).open("a", encoding="utf-8") as file:
        file.write("- **flux capacitor**: what makes it possible\n")
    copies = sorted((tmp_path / "source").glob("[0-9][0-9]-*.py"))
    with pytest.raises(ValueError, match="No page introduces 'flux capacitor'"):
        book.contents(copies)


def test_contents_that_are_out_of_date_are_found(tmp_path, monkeypatch):
    shutil.copytree(build.NOTEBOOKS, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path / "notebooks")
    page = tmp_path / "notebooks" / build.CONTENTS
    page.write_text(page.read_text(encoding="utf-8").replace("minutes", "hours", 1))
    page.write_text(page.read_text(encoding="utf-8") + "\nA line by hand.\n")
    assert build.stale()[page] == "is not what the sources say"
