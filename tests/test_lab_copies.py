"""What a learner has done is never lost: the copies that lab.py makes in work/."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lab_tools import NOTEBOOK


def ship(lab, text, name=NOTEBOOK):
    (lab.ROOT / "notebooks" / name).write_text(text)


def in_work(lab):
    return {path.name: path.read_text() for path in lab.WORK.glob("*.ipynb*")}


NEWER = NOTEBOOK.replace(".ipynb", ".newer.ipynb")


def test_the_first_start_copies_the_notebooks(lab):
    ship(lab, "first")
    ship(lab, "second", "02-the-chain-rule.ipynb")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "first", "02-the-chain-rule.ipynb": "second"}


def test_a_copy_that_nobody_changed_is_replaced(lab, capsys):
    ship(lab, "first edition")
    lab.deliver()
    ship(lab, "second edition")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "second edition"}
    assert capsys.readouterr().out == ""


def notebook(source, output, version="3.11.7"):
    """The text of a notebook with one cell, as some Python saved it."""
    cell = {"cell_type": "code", "source": [source], "outputs": [output], "id": "a"}
    return json.dumps({"cells": [cell], "metadata": {"language_info": {"version": version}}})


def test_a_copy_that_was_opened_and_run_holds_no_work(lab):
    ship(lab, notebook("1 + 1", "2"))
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text(notebook("1 + 1", "two", version="3.12.1"))
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: notebook("1 + 1", "two", version="3.12.1")}
    ship(lab, notebook("1 + 2", "3"))
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: notebook("1 + 2", "3")}
    ship(lab, notebook("1 + 2", "a better picture"))
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: notebook("1 + 2", "a better picture")}


def test_one_changed_cell_is_work(lab):
    ship(lab, notebook("1 + 1", "2"))
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text(notebook("1 + 1 ", "2"))
    ship(lab, notebook("1 + 1", "a better picture"))
    lab.deliver()
    assert in_work(lab) == {
        NOTEBOOK: notebook("1 + 1 ", "2"),
        NEWER: notebook("1 + 1", "a better picture"),
    }


def test_a_copy_with_work_in_it_is_kept_and_the_newer_edition_put_beside(lab, capsys):
    ship(lab, "first edition")
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text("my work")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work"}

    ship(lab, "second edition")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work", NEWER: "second edition"}
    assert f"work/{NEWER}" in capsys.readouterr().out
    lab.deliver()
    assert capsys.readouterr().out == ""  # said once

    ship(lab, "third edition")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work", NEWER: "third edition"}

    (lab.WORK / NEWER).write_text("more work")
    ship(lab, "fourth edition")
    lab.deliver()
    newest = NOTEBOOK.replace(".ipynb", ".newer-2.ipynb")
    assert in_work(lab) == {
        NOTEBOOK: "my work",
        NEWER: "more work",
        newest: "fourth edition",
    }


def test_a_newer_edition_thrown_away_does_not_come_back_but_a_notebook_does(lab):
    ship(lab, "first edition")
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text("my work")
    ship(lab, "second edition")
    lab.deliver()
    (lab.WORK / NEWER).unlink()
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work"}
    (lab.WORK / NOTEBOOK).unlink()  # to start over
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "second edition"}


OTHER = json.dumps({NOTEBOOK: 5}).encode()


@pytest.mark.parametrize(
    "memory", [b"", b"{", b"[]", b"null", b'{"a": [1]}', b"\xff\xfe", None, OTHER]
)
def test_a_damaged_memory_loses_no_work(lab, memory):
    ship(lab, "first edition")
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text("my work")
    ship(lab, "second edition")
    lab.EDITIONS.unlink() if memory is None else lab.EDITIONS.write_bytes(memory)
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work", NEWER: "second edition"}


def test_a_disk_that_fills_up_leaves_no_half_notebook(lab, monkeypatch):
    ship(lab, "first edition")
    lab.deliver()
    ship(lab, "second edition")

    def full(path, content):
        with path.open("wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        lab.deliver()
    monkeypatch.undo()
    assert (lab.WORK / NOTEBOOK).read_text() == "first edition"
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "second edition"}


actions = st.lists(
    st.sampled_from(["write", "write newer", "update", "go back", "delete", "rename", "forget"]),
    max_size=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions)
def test_whatever_happens_no_work_is_lost(lab, actions):
    shutil.rmtree(lab.WORK, ignore_errors=True)
    copy, newer, work = lab.WORK / NOTEBOOK, lab.WORK / NEWER, {}
    ship(lab, "edition 0")
    lab.deliver()
    for number, action in enumerate(actions, start=1):
        if action == "update":
            ship(lab, f"edition {number}")
        elif action == "go back":
            ship(lab, "edition 0")
        elif action == "delete":
            copy.unlink()
            work.pop(copy, None)
        elif action == "rename" and newer.exists():
            newer.replace(copy)
            work.pop(copy, None)
            if newer in work:
                work[copy] = work.pop(newer)
        elif action == "forget":
            lab.EDITIONS.write_text("damaged")
        else:
            target = newer if action == "write newer" else copy
            work[target] = f"work {number}"
            target.write_text(work[target])
        lab.deliver()
        assert {path: path.read_text() for path in work} == work
        assert copy.exists()
