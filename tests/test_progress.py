"""Progress outlives kernels, two notebooks at once, full disks and damaged files."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import backprop_lab as bl
from backprop_lab.exercises import check, exercises, progress
from tests.answers import define, reference

TOPO = exercises()["topo"]
RIGHT = define(reference(TOPO), TOPO)


def wrong(graph, root):
    return []


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A learner's notebook: the file that keeps its progress."""
    path = tmp_path / "some folder" / "progress.sqlite"
    monkeypatch.setattr(progress, "in_a_notebook", lambda: True)
    monkeypatch.setenv("BACKPROP_LAB_PROGRESS", str(path))
    return path


def test_the_best_try_counts(kept):
    assert check("topo", wrong).note == ""
    assert progress.read(kept)[0] == {"topo": [0.0, 1, "wrong"]}
    check("topo", RIGHT)
    check("topo", wrong)
    assert progress.read(kept)[0] == {"topo": [1.0, 3, "right"]}
    assert "✓ topo" in repr(bl.progress())
    assert f"1 of {len(exercises())} exercises solved" in repr(bl.progress())


def test_an_untouched_stub_is_no_try(kept):
    check("topo", lambda graph, root: ...)
    assert not kept.exists()


def test_nothing_is_kept_outside_a_notebook_or_while_grading(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "in_a_notebook", lambda: True)
    assert progress.place() is None, "conftest switches it off"
    monkeypatch.delenv("BACKPROP_LAB_PROGRESS")
    assert "backprop-lab" in str(progress.place())
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert progress.place() is None
    monkeypatch.delenv("NBGRADER_EXECUTION")
    monkeypatch.setattr(progress, "in_a_notebook", lambda: False)
    assert progress.place() is None


def test_two_notebooks_write_at_once(kept):
    code = (
        "import sys; from types import SimpleNamespace as N; from pathlib import Path\n"
        "from backprop_lab.exercises import progress\n"
        "progress.place = lambda: Path(sys.argv[1])\n"
        "for i in range(40):\n"
        "    said = progress.note(N(id=sys.argv[2]), N(share=0.5, status='partly right'))\n"
        "    said += progress.note(N(id='both'), N(share=0.5, status='partly right'))\n"
        "    assert not said, said\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(kept), name]) for name in "ab"]
    assert [process.wait() for process in both] == [0, 0]
    results, _ = progress.read(kept)
    assert {name: row[1] for name, row in results.items()} == {"a": 40, "b": 40, "both": 80}


@pytest.mark.parametrize("damage", ["text", "cut", "zeros in the middle"])
def test_a_damaged_file_is_kept_aside(kept, damage):
    verdict = check("topo", wrong).verdict
    for exercise in exercises().values():
        progress.note(exercise, verdict)
    whole = kept.read_bytes()
    broken = {
        "text": b"this is not a database, but somebody's letter to a friend" * 40,
        "cut": whole[: len(whole) // 2],
        "zeros in the middle": whole[:4096] + bytes(len(whole) - 4096),
    }[damage]
    kept.write_bytes(broken)
    mark = check("topo", RIGHT)
    assert mark == TOPO.points
    assert "was damaged. It is kept as" in mark.note
    assert mark.note in mark._repr_html_()
    (aside,) = kept.parent.glob("progress-damaged-*.sqlite")
    assert aside.read_bytes() == broken
    assert progress.read(kept)[0] == {"topo": [1.0, 1, "right"]}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a full disk on Linux")
def test_a_full_disk_costs_no_points(kept, monkeypatch):
    monkeypatch.setattr(progress, "place", lambda: Path("/dev/full"))
    mark = check("topo", RIGHT)
    assert mark == TOPO.points
    assert "could not be added to your progress" in mark.note


def test_a_folder_that_cannot_be_written_costs_no_points(kept):
    kept.parent.parent.joinpath("some folder").write_text("a file where the folder should be")
    mark = check("topo", RIGHT)
    assert mark == TOPO.points
    assert "could not be added to your progress" in mark.note
    assert "could not be read" in repr(bl.progress())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_file_costs_no_points(kept):
    check("topo", wrong)
    kept.chmod(0o400)
    assert "could not be added" in check("topo", RIGHT).note


def test_a_locked_file_costs_no_points(kept, monkeypatch):
    check("topo", wrong)
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout: real(path, timeout=0.1))
    with real(kept) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "locked" in check("topo", RIGHT).note
    assert progress.read(kept)[0] == {"topo": [0.0, 1, "wrong"]}


def test_a_file_of_a_newer_edition_is_left_alone(kept):
    check("topo", wrong)
    with sqlite3.connect(kept) as results:
        results.execute("PRAGMA user_version = 9")
    before = kept.read_bytes()
    assert "newer edition" in check("topo", RIGHT).note
    assert kept.read_bytes() == before


def test_the_picture_says_everything_in_words(kept):
    check("topo", RIGHT)
    html = bl.progress()._repr_html_()
    assert 'aria-label="right"' in html
    for exercise in exercises().values():
        assert f"{exercise.id}</span>" in html
    assert "points" in html
