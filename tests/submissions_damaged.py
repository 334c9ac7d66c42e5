"""Damaged submissions: read as far as they can be, and otherwise said to be unreadable and why."""

import json
import os
import zipfile

from tests.submissions import EVERYTHING, code, file, notebook, right, zipped


def damaged(bank):
    put = bank.put

    def unreadable(name, content, says, ending=".ipynb"):
        put(name, content, EVERYTHING, "unreadable", says, ending)

    whole = file(right())
    unreadable("empty", b"", "empty")
    unreadable("only zeros", b"\0" * 5000, "empty")
    unreadable("cut off", whole[: len(whole) // 2], "cut off")
    unreadable("binary", bytes(range(256)) * 100, "not a text")
    unreadable("an archive by name of notebook", zipped(**{"a.txt": "x"}), "not a text")
    unreadable("no json", b"def visits(n): return 2**n, 4*n", "not JSON")
    unreadable("a list", b"[1, 2, 3]", "not a notebook")
    unreadable("a number", b"3", "not a notebook")
    unreadable("no cells", b'{"nbformat": 4}', "no list of cells")
    unreadable("cells are none", b'{"nbformat": 4, "cells": null}', "no list of cells")
    unreadable("no code", file([{"cell_type": "markdown", "source": "hello"}]), "no code cell")
    unreadable("empty cells", file(["", "  \n"]), "none of the exercises")
    unreadable("another course", file(["print('hello')", "def f(): pass"]), "none of the exercises")
    unreadable("deep", b"[" * 200_000, "nested")
    unreadable("deep objects", b'{"cells":' * 100_000, "nested")
    unreadable("huge", lambda path: path.write_bytes(b" " * 21_000_000), "21 MB")
    unreadable("a link", lambda path: path.symlink_to("right.ipynb"), "not a regular file")
    unreadable("a link to everything", lambda path: path.symlink_to("/dev/zero"), "not a regular")
    unreadable("a link to nowhere", lambda path: path.symlink_to("/nowhere"), "not a regular file")
    unreadable("a link to a folder", lambda path: path.symlink_to("/etc"), "not a regular", "")
    unreadable("a pipe", os.mkfifo, "not a regular file")
    unreadable("a damaged zip", b"PK\3\4" + b"x" * 500, "not a zip", ".zip")
    unreadable("a zip without a notebook", zipped(**{"a.txt": "x"}), "no notebook in", ".zip")
    unreadable("a link in a zip", link_in_zip, "not a regular", ".zip")
    unreadable("a bomb in a zip", zipped(**{"x.ipynb": b" " * 30_000_000}), "up to 20 MB", ".zip")
    put("byte order mark", b"\xef\xbb\xbf" + whole)
    put("utf-16", whole.decode().encode("utf-16"))
    put("nbformat 3", json.dumps(old_notebook()).encode(), says="nbformat 3")
    put("nbformat 99", file(right(), nbformat=99), says="99")
    put("no nbformat", json.dumps({"cells": notebook(right())["cells"]}).encode())
    bare = [{"cell_type": "code", "source": cell} for cell in right()]
    put("stripped", json.dumps({"cells": bare, "nbformat": 4}).encode())
    put("odd cells between", file(odd_cells()))
    put("half a character", file([*right(), 'x = "\ud800"']))
    put("zero in a cell", file([*right(), "x = 1\0"]))
    put("not a number in it", whole.replace(b'"metadata": {}', b'"metadata": {"x": NaN}'))
    put("a key twice", whole[:-1] + b', "nbformat": 4}')
    put("in a zip", zipped(**{"work/02-the-chain-rule.ipynb": whole}), ending=".zip")
    put("a zip that climbs", zipped(**{"../../up.ipynb": whole}), ending=".zip")
    put("a zip in a zip", zipped(**{"x.zip": zipped(**{"y.ipynb": whole})}), ending=".zip")
    put("checkpoints beside it in a zip", zipped(**{
        "x.ipynb": whole, ".ipynb_checkpoints/x-checkpoint.ipynb": b"", "__MACOSX/._x.ipynb": b"",
    }), ending=".zip")  # fmt: skip


def old_notebook():
    cells = [{"cell_type": "code", "language": "python", "input": cell, "outputs": []}
             for cell in right()]  # fmt: skip
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


def odd_cells():
    odd = [None, 3, "text", [], {"cell_type": 7}]
    cells = [code(cell) for cell in right()]
    return [*cells, code(None), code(["a", 1]), code({"a": 1}), {"source": "x"},
            *[{"cell_type": "raw", "source": repr(x)} for x in odd]]  # fmt: skip


def link_in_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        item = zipfile.ZipInfo("x.ipynb")
        item.external_attr = 0o120777 << 16
        archive.writestr(item, "/etc/passwd")
