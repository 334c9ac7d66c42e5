"""From the bytes of a submission to the texts of its code cells; nothing else of it is used.

What the file says of itself (outputs, metadata, tags, ids, points) can be changed by anybody, so
it is not even looked at.
"""

import io
import json
import os
import stat
import zipfile
import zlib
from pathlib import Path

LARGEST = 20_000_000  # bytes of one notebook
LARGEST_ZIP = 2_000_000_000
MOST_MEMBERS = 20_000
SHOWN = 5  # names of files that are no notebooks
NOT_A_FILE = "it is not a regular file (a link, a pipe or a device), so it was not opened"


class Unreadable(ValueError):
    """A submission that cannot be read; the text says why."""


def read_bytes(path, largest=LARGEST):
    """The content of a regular file. Raises Unreadable; follows no link and waits for no pipe."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise Unreadable(NOT_A_FILE)
        with open(os.open(path, flags), "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise Unreadable(NOT_A_FILE)
            if facts.st_size > largest:
                raise Unreadable(too_large(facts.st_size, largest))
            return file.read(largest + 1)
    except OSError as error:
        raise Unreadable(f"it cannot be opened ({error.strerror})") from None


def too_large(size, largest):
    return f"it has {size / 1e6:.0f} MB; up to {largest / 1e6:.0f} MB are read"


def open_zip(content):
    """A zip file from its path, or from its bytes if it was inside another. Raises Unreadable."""
    if not isinstance(content, bytes):
        try:
            if not stat.S_ISREG(os.lstat(content).st_mode):
                raise Unreadable(NOT_A_FILE)
            if os.path.getsize(content) > LARGEST_ZIP:
                raise Unreadable(too_large(os.path.getsize(content), LARGEST_ZIP))
        except OSError as error:
            raise Unreadable(f"it cannot be opened ({error.strerror})") from None
    try:
        archive = zipfile.ZipFile(io.BytesIO(content) if isinstance(content, bytes) else content)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable("it is called .zip and is not a zip file, or a damaged one") from None
    if len(archive.infolist()) > MOST_MEMBERS:
        raise Unreadable(f"the zip file has more than {MOST_MEMBERS} members")
    return archive


def read_member(archive, name):
    """The content of one file in a zip file, however small it was packed. Raises Unreadable."""
    try:
        item = archive.getinfo(name)
        if stat.S_ISLNK(item.external_attr >> 16):
            raise Unreadable(NOT_A_FILE)
        with archive.open(item) as file:
            content = file.read(LARGEST + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError):
        raise Unreadable("it is damaged inside its zip file") from None
    except (RuntimeError, NotImplementedError):  # so zipfile says that a password is needed
        raise Unreadable("it is packed in a way that cannot be opened, or encrypted") from None
    return content


def fetch(place):
    """The bytes at a place: [path], or [path of a zip file, member, …]. Raises Unreadable.

    A last part that ends in "/" is a folder in which there is no notebook.
    """
    path, *members = place
    if place[-1].endswith("/"):
        raise Unreadable(no_notebook("folder", files_in(path, members)))
    if place[-1].lower().endswith(".zip"):  # it was not unpacked
        raise Unreadable(no_notebook("zip file", files_in(path, [*members, ""])))
    content = fetch_member(path, members) if members else read_bytes(Path(path))
    if len(content) > LARGEST:
        raise Unreadable(too_large(len(content), LARGEST))
    return content


def no_notebook(kind, files):
    """What to say of a folder or a zip file that holds only these files."""
    if not files:
        return f"the {kind} is empty"
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    names = ", ".join(name[:80] for name in files[:SHOWN])
    return f"there is no notebook in this {kind}; it holds {names}{more}"


def files_in(path, members):
    """The files in a folder, or in a folder of a zip file. Raises Unreadable."""
    if members:
        *outer, folder = members
        with open_zip(fetch_member(path, outer)) as archive:
            names = [name.replace("\\", "/") for name in archive.namelist()]
        inside = (name.removeprefix(folder) for name in names if name.startswith(folder))
        return sorted(name for name in inside if name and not name.endswith("/"))

    def stop(error):
        raise Unreadable(f"it cannot be opened ({error.strerror})")

    return sorted(
        Path(place, name).relative_to(path).as_posix()
        for place, _, files in os.walk(path, onerror=stop)
        for name in files
    )


def fetch_member(path, members):
    """The content of a file in a zip file, which may itself be in one."""
    content = Path(path)
    for member in members:
        with open_zip(content) as archive:
            content = read_member(archive, member)
    return content


def cells_of(content):
    """(texts of the code cells, remarks), from the bytes of a notebook. Raises Unreadable."""
    notebook = parse(content)
    remarks = []
    version = notebook.get("nbformat")
    if version == 3 or ("worksheets" in notebook and "cells" not in notebook):
        cells = [
            cell for sheet in listed(notebook, "worksheets") for cell in listed(sheet, "cells")
        ]
        remarks.append("saved in nbformat 3")
    else:
        cells = listed(notebook, "cells")
        if version != 4:
            remarks.append(f"says nbformat {str(version)[:20]!r}; read as nbformat 4")
    texts = [text_of(cell) for cell in cells if is_code(cell)]
    if not any(texts):
        raise Unreadable("there is no code cell with anything in it")
    return [text for text in texts if text.strip()], remarks


def parse(content):
    if not content.strip(b"\0 \t\r\n"):
        raise Unreadable("it is empty")
    utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        notebook = json.loads(content.decode("utf-16" if utf16 else "utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is not a text (not UTF-8)") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except ValueError as error:
        raise Unreadable(f"it is not JSON, or was cut off: {str(error)[:100]}") from None
    if not isinstance(notebook, dict):
        raise Unreadable("it is JSON, but not a notebook")
    return notebook


def listed(owner, key):
    found = owner.get(key) if isinstance(owner, dict) else None
    if not isinstance(found, list):
        raise Unreadable(f"it is JSON, but not a notebook: it has no list of {key}")
    return found


def is_code(cell):
    return isinstance(cell, dict) and cell.get("cell_type") == "code"


def text_of(cell):
    """What is written in a cell; a damaged one counts as empty."""
    text = cell.get("source", cell.get("input", ""))
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        text = "".join(text)
    if not isinstance(text, str):
        return ""
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\0", "")
