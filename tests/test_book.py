"""The series as one book: links both ways, true contents, a glossary that pages introduce."""

import re
import shutil

import pytest

from backprop_lab.coursework import book, build
from backprop_lab.exercises import exercises

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
    found = re.findall(r"\]\((\d\d-[\w-]+\.ipynb)\)", text)
    assert found == [source.with_suffix(".ipynb").name for source in SOURCES]


def test_the_hours_are_the_sum_of_the_pages():
    minutes = [int(re.match(r"\d+", book.facts(s)["minutes"])[0]) for s in SOURCES]
    assert f"{sum(minutes) / 60:.1f} hours" in book.contents(SOURCES)


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
