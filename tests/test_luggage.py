"""Work that is taken home and brought back: nothing is lost, nothing overwritten."""

import json
import shutil
import zipfile

import pytest

import backprop_lab as bl
from backprop_lab.coursework import build, luggage
from backprop_lab.exercises import check, progress
from tests.browser_tools import open_notebook

FIRST = build.targets(build.sources()[0])[0][0]


@pytest.fixture
def binder(tmp_path, monkeypatch):
    """A fresh folder of notebooks, as a session on Binder starts with."""

    def start(name):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(FIRST, folder)
        monkeypatch.setattr(progress, "in_a_notebook", lambda: True)
        monkeypatch.setenv("BACKPROP_LAB_PROGRESS", str(folder / ".progress.sqlite"))
        return folder

    return start


def work_in(folder, text="my_answer = 42"):
    """Somebody writes a cell."""
    path = folder / FIRST.name
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][5]["source"] = text
    path.write_text(json.dumps(notebook), encoding="utf-8")


def sources(path):
    return luggage.cells_of(path.read_bytes())


def carry(folder, parcel):
    (folder / f"{luggage.NAME}-2026-01-01.zip").write_bytes(parcel.content)


def test_work_and_progress_come_back_on_a_fresh_machine(binder):
    old = binder("old")
    work_in(old)
    check("topo", lambda graph, root: [])
    parcel = bl.pack(old)
    assert parcel.words == "Save my work: 1 notebook and my progress"
    assert len(parcel.content) < 50_000
    new = binder("new")
    carry(new, parcel)
    said = bl.unpack(folder=new)
    assert f"{FIRST.name} is back" in said
    assert sources(new / FIRST.name) == sources(old / FIRST.name)
    assert progress.read(progress.place())[0] == {"topo": [0.0, 1, "wrong"]}
    assert "is here already" in bl.unpack(folder=new)


def test_other_work_that_is_there_is_left_alone(binder):
    old, new = binder("old"), binder("new")
    work_in(old, "one")
    carry(new, bl.pack(old))
    work_in(new, "two")
    before = (new / FIRST.name).read_bytes()
    said = bl.unpack(folder=new)
    restored = new / FIRST.with_suffix(".restored.ipynb").name
    assert restored.name in said
    assert (new / FIRST.name).read_bytes() == before
    assert sources(restored) == sources(old / FIRST.name)


def test_progress_only_grows(binder):
    old = binder("old")
    progress.merge({"topo": [1.0, 2, "right"], "rows": [0.5, 1, "partly right"]})
    parcel = bl.pack(old)
    new = binder("new")
    progress.merge({"topo": [0.0, 9, "wrong"], "rows": [1.0, 1, "right"]})
    carry(new, parcel)
    bl.unpack(folder=new)
    found = progress.read(progress.place())[0]
    assert found == {"topo": [1.0, 9, "right"], "rows": [1.0, 1, "right"]}


def test_a_damaged_notebook_is_packed_as_it_is(binder):
    old = binder("old")
    (old / FIRST.name).write_text("{ half a notebook")
    new = binder("new")
    carry(new, bl.pack(old))
    bl.unpack(folder=new)
    assert (new / FIRST.name).read_text() == "{ half a notebook"


@pytest.mark.parametrize("name", ["../outside.ipynb", "/tmp/x.ipynb", "a/b.ipynb", "run.py"])
def test_a_parcel_of_another_making_is_refused_whole(binder, name, tmp_path):
    new = binder("new")
    with zipfile.ZipFile(new / f"{luggage.NAME}.zip", "w") as parcel:
        parcel.writestr("01-fine.ipynb", "{}")
        parcel.writestr(name, "{}")
    with pytest.raises(ValueError, match="nothing was unpacked"):
        bl.unpack(folder=new)
    assert not (new / "01-fine.ipynb").exists()
    assert not (tmp_path / "outside.ipynb").exists()


def test_what_is_no_parcel_gets_a_sentence(binder):
    new = binder("new")
    with pytest.raises(FileNotFoundError, match="Drag the file"):
        bl.unpack(folder=new)
    (new / f"{luggage.NAME}.zip").write_text("no zip")
    with pytest.raises(ValueError, match="is not a file that bl"):
        bl.unpack(folder=new)


def test_in_jupyterlab_one_click_saves_it(jupyter, lab_page):
    folder = jupyter.folder / "on-binder"
    folder.mkdir()
    cell = {
        "cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
        "source": "import backprop_lab as bl\nbl.pack()",
    }  # fmt: skip
    page = {"cells": [cell], "metadata": build.HEAD, "nbformat": 4, "nbformat_minor": 5}
    (folder / "keep.ipynb").write_text(json.dumps(page))
    open_notebook(lab_page, "on-binder/keep.ipynb")
    lab_page.keyboard.press("Escape")
    lab_page.keyboard.press("Control+Enter")
    link = lab_page.get_by_role("link", name="Save my work")
    link.wait_for(timeout=60_000)
    with lab_page.expect_download() as download:
        link.click()
    saved = download.value
    assert saved.suggested_filename.startswith(luggage.NAME)
    with zipfile.ZipFile(saved.path()) as parcel:
        assert set(parcel.namelist()) == {"keep.ipynb", "progress.json"}
