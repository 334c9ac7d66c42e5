"""Taking work home from a machine that will be gone, such as Binder's, and bringing it back.

A parcel is a zip file: the notebooks of a folder without their outputs (which come back when they
are run), and the learner's progress.
"""

import io
import json
import re
import zipfile
from base64 import b64encode
from datetime import date
from html import escape
from pathlib import Path

from ..exercises import progress
from .build import holds_work

NAME = "backprop-lab-work"
PROGRESS = "progress.json"
LARGEST = 20_000_000  # bytes of one file in a parcel
A_NOTEBOOK = re.compile(r"[\w. -]+\.ipynb")


def pack(folder="."):
    """All notebooks of a folder and your progress, as one file to save on your own computer.

    Argument: folder (the notebooks' folder; a kernel starts in it). Returns a link to click on.
    Save your notebooks first (Ctrl-S): what is packed is what stands in their files. `unpack`
    brings it all back.

    >>> import tempfile
    >>> pack(tempfile.mkdtemp())
    There is nothing to pack in this folder: no notebook, and no progress.
    """
    notebooks = {path.name: path for path in sorted(Path(folder).glob("*.ipynb"))}
    results = kept_results()
    if not notebooks and not results:
        return Parcel(b"", "There is nothing to pack in this folder: no notebook, and no progress.")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as parcel:
        for name, path in notebooks.items():
            parcel.writestr(name, without_outputs(path))
        parcel.writestr(PROGRESS, json.dumps(results))
    many = f"{len(notebooks)} notebook{'s' * (len(notebooks) != 1)}"
    return Parcel(content.getvalue(), f"Save my work: {many} and my progress")


class Parcel:
    """A zip file as a link that saves it. Attributes: content (bytes), words."""

    def __init__(self, content, words):
        self.content, self.words = content, words

    def __repr__(self):
        return self.words

    def _repr_html_(self):
        if not self.content:
            return f"<p>{escape(self.words)}</p>"
        data = b64encode(self.content).decode()
        return (
            f'<p><a download="{NAME}-{date.today()}.zip" '
            f'href="data:application/zip;base64,{data}">{escape(self.words)}</a> '
            f"({len(self.content) / 1000:.0f} kB). To bring it back, drag the file into the list "
            "of files on the left and run <code>bl.unpack()</code>.</p>"
        )


def kept_results():
    path = progress.place()
    return progress.read(path)[0] if path and path.exists() else {}


def without_outputs(path):
    """A notebook's text without what its cells have printed; a damaged one as it is."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        return json.dumps(notebook, indent=1, ensure_ascii=False)
    except (ValueError, KeyError, TypeError):
        return path.read_bytes()


def unpack(path=None, folder="."):
    """Bring back what `pack` saved.

    Arguments: path (the zip file; if not said, the newest one of that name in the folder), folder
    (where the notebooks go). A notebook that nobody has worked in is replaced; beside one that
    holds work, the other one is put as NAME.restored.ipynb. Progress only ever grows. Returns a
    sentence. Raises FileNotFoundError if there is no such file, ValueError for one that `pack` has
    not made.
    """
    folder = Path(folder)
    found = sorted(folder.glob(f"{NAME}*.zip"), key=lambda file: file.stat().st_mtime)
    if path is None and not found:
        raise FileNotFoundError(
            f"There is no {NAME}-….zip here. Drag the file that bl.pack() gave you into the list "
            "of files on the left, and run this again."
        )
    try:
        with zipfile.ZipFile(path or found[-1]) as parcel:
            files = {item.filename: contents(parcel, item) for item in parcel.infolist()}
    except zipfile.BadZipFile:
        raise ValueError(f"{path or found[-1]} is not a file that bl.pack() has made.") from None
    results = json.loads(files.pop(PROGRESS, b"{}"))
    came = [bring(folder, name, content) for name, content in files.items()]
    progress.merge(results)
    return Told("\n".join([*filter(None, came), f"Progress: {len(results)} exercises."]))


def contents(parcel, item):
    if item.file_size > LARGEST or not (
        item.filename == PROGRESS or A_NOTEBOOK.fullmatch(item.filename)
    ):
        raise ValueError(f"{item.filename!r} is not of bl.pack()'s making; nothing was unpacked.")
    return parcel.read(item)


def bring(folder, name, content):
    """Put one notebook into the folder, over nothing that holds work; says what was done."""
    place = folder / name
    if place.exists() and cells_of(place.read_bytes()) == cells_of(content):
        return f"{name} is here already."
    if place.exists() and worked_in(place):
        place = place.with_suffix(".restored.ipynb")
        said = f"{name} holds other work: yours from the file is beside it, {place.name}."
    else:
        said = f"{name} is back. If it is open, close it and open it again."
    place.write_bytes(content)
    return said


def worked_in(path):
    try:
        return holds_work(path)
    except Exception:  # no notebook at all: whatever it is, it is not ours to replace
        return True


def cells_of(content):
    """What is written in the cells of a notebook, which is where a learner's work is."""
    try:
        cells = json.loads(content)["cells"]
        return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError):
        return content


class Told(str):
    """A text that a notebook shows as it is."""

    def __repr__(self):
        return str(self)
