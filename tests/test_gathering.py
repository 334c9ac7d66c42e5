"""Finding submissions: whose each is, which attempt counts, and who handed in no notebook."""

import pytest

from backprop_lab.coursework.grading import intake
from backprop_lab.coursework.grading.gather import submissions
from backprop_lab.coursework.grading.marks import counted
from tests.submissions import zipped
from tests.test_grading import need_sandbox
from tests.test_grading_parts import grade


@pytest.mark.parametrize(
    "name, learner, attempt",
    [
        ("alice.ipynb", "alice", 0),
        ("alice/02-the-chain-rule.ipynb", "alice", 0),
        ("alice/hw1/02.ipynb", "alice", 0),
        ("submitted/alice/hw1/02.ipynb", "alice", 0),
        ("Ada Lovelace_123_assignsubmission_file_/x.ipynb", "Ada Lovelace 123", 0),
        ("Ada Lovelace_123_assignsubmission_file_x.ipynb", "Ada Lovelace 123", 0),
        ("lovelaceada_4711_815_02-the-chain-rule.ipynb", "lovelaceada 4711", 0),
        ("lovelaceada_LATE_4711_815_02-the-chain-rule-3.ipynb", "lovelaceada 4711", 3),
        ("alice/attempt 2/x.ipynb", "alice", 2),
    ],
)
def test_whose_a_file_is(tmp_path, name, learner, attempt):
    for path in (name, "zoe/x.ipynb"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"{}")
    found = submissions(tmp_path)
    assert {s.learner for s in found} == {learner, "zoe"}
    assert {s.attempt for s in found if s.learner == learner} == {attempt}


def test_zip_files_and_folders_of_a_class(tmp_path):
    notebook = b"{}"
    (tmp_path / "all.zip").write_bytes(zipped(**{
        "hw/alice/x.ipynb": notebook, "hw/bob/y.ipynb": notebook, "hw/cy.zip/z.ipynb": notebook,
    }))  # fmt: skip
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "dora.zip").write_bytes(zipped(**{"work.ipynb": notebook}))
    (tmp_path / "one" / "eve.ipynb").write_bytes(notebook)
    names = [s.learner for s in submissions(tmp_path / "all.zip")]
    assert names[:2] == ["alice", "bob"]
    assert [s.learner for s in submissions(tmp_path / "one")] == ["dora", "eve"]


def whys(place):
    """{learner: why nothing of theirs can be read, or None}, of a folder or zip file."""
    found = {}
    for submission in submissions(place):
        assert submission.learner not in found
        found[submission.learner] = None
        try:
            intake.fetch(submission.place)
        except intake.Unreadable as error:
            found[submission.learner] = str(error)
    return found


def put(folder, *paths):
    """Files with something in them, and folders where a path ends in "/"."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            (folder / path).mkdir(parents=True)
        else:
            (folder / path).write_bytes(b"{}")


def test_who_handed_in_no_notebook_has_a_row_that_says_so(tmp_path):
    put(tmp_path, "ann/x.ipynb", "ann/images/", "ann/data/read me.txt", "bea/", "cy/hw1/work.pdf",
        "cy/a.txt", "class list.csv", "lovelace_47_815_work.pdf", "lovelace_47_816_x.ipynb",
        "babbage_5_6_work.pdf")  # fmt: skip
    (tmp_path / "dan.zip").write_bytes(zipped())
    (tmp_path / "eve.zip").write_bytes(zipped(**{f"{i}.txt": b"1" for i in range(9)}))
    found = whys(tmp_path)
    assert found.keys() == {"ann", "bea", "cy", "dan", "eve", "lovelace 47", "babbage 5"}
    assert found["bea"] == "the folder is empty"
    assert found["cy"] == "there is no notebook in this folder; it holds a.txt, hw1/work.pdf"
    assert found["dan"] == "the zip file is empty"
    assert found["eve"].endswith("it holds 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 4 more")
    assert found["ann"] is None is found["lovelace 47"]


@pytest.mark.parametrize("top", ["", "hw/", "class/hw/", "submitted/"])
def test_empty_folders_of_a_class_in_a_folder_and_in_a_zip_file(tmp_path, top):
    paths = [f"{top}{path}" for path in ("ann/hw/x.ipynb", "bea/hw/", "cy/y.py", "dan/z.ipynb")]
    members = {path: b"" if path.endswith("/") else b"{}" for path in paths}
    put(tmp_path / "folder", *paths)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "class.zip").write_bytes(zipped(**members))
    found = [whys(tmp_path / place) for place in ("folder", "inbox", "inbox/class.zip")]
    assert found[0] == found[1] == found[2] == {
        "ann": None, "bea": "the folder is empty", "dan": None,
        "cy": "there is no notebook in this folder; it holds y.py",
    }  # fmt: skip


def test_empty_folders_of_moodle(tmp_path):
    ann, bea, cy = (f"{name}_assignsubmission_" for name in ("Ann A_1", "Bea B_2", "Cy C_3"))
    put(tmp_path, f"{ann}file_/x.ipynb", f"{ann}onlinetext_/onlinetext.html", f"{bea}file_/",
        f"{cy}onlinetext_/onlinetext.html")  # fmt: skip
    found = whys(tmp_path)
    assert found["Ann A 1"] is None and found["Bea B 2"] == "the folder is empty"
    assert found["Cy C 3"].endswith("it holds onlinetext.html")


def test_a_zip_file_too_deep_is_not_followed(tmp_path):
    (tmp_path / "ann.zip").write_bytes(zipped(**{f"{'a/' * 30_000}x.ipynb": b"{}"}))
    assert "there is no notebook" in whys(tmp_path)["ann"]


def test_the_table_counts_who_handed_in_nothing(tmp_path):
    need_sandbox()
    put(tmp_path / "inbox", "ann/", "bea/work.pdf")
    rows = grade(tmp_path / "inbox", tmp_path / "grades.csv")
    assert [(row["learner"], row["status"], row["counted"]) for row in rows] == [
        ("ann", "unreadable", "yes"), ("bea", "unreadable", "yes"),
    ]  # fmt: skip
    assert rows[0]["why"] == "the folder is empty"
    assert "the folder is empty" in (tmp_path / "grades.html").read_text(encoding="utf-8")


def result(learner="a", attempt=0, points=0, notebook=2, made=0.0):
    return {"learner": learner, "attempt": attempt, "points": points, "notebook": notebook,
            "made": made, "place": [f"{learner}{attempt}"]}  # fmt: skip


@pytest.mark.parametrize("which, points", [("latest", 3), ("first", 5), ("best", 9)])
def test_which_attempt_counts(which, points):
    results = [result(attempt=2, points=9), result(attempt=10, points=3), result(points=5)]
    assert [r["points"] for r in counted(results, which)] == [points]
