"""Finding submissions: whose they are and which of several attempts counts.

Known layouts: one notebook or one folder for each learner, zip files of these, what Moodle and
Canvas let a teacher download, and nbgrader's submitted/LEARNER/ASSIGNMENT/.
"""

import os
import re
from calendar import timegm
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .intake import Unreadable, fetch_member, open_zip
from .one import Submission

SKIPPED = re.compile(r"\.ipynb_checkpoints|__MACOSX|^\._|^\.(?!ipynb)")
DEEPEST = 50  # folders in folders, in a zip file
NOTEBOOK = re.compile(r"\.ipynb(\W|$)", re.I)
MOODLE = re.compile(r"^(?P<who>.+?_\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)$")
CANVAS = re.compile(
    r"^(?P<who>[^\W_]+)_(?:LATE_)?(?P<id>\d+)_(?:\d+_)(?P<rest>.+?)(?:-(?P<n>\d+))?(?P<ext>\.\w+)$"
)


class Found(NamedTuple):
    """A file: place (as of Submission), names of its folders and its own, when it was made.

    bare: it is a folder (its own name is "") without a notebook, or a file that is none.
    """

    place: tuple
    names: tuple
    made: float
    bare: bool = False


def submissions(place):
    """Every Submission under a folder, or in a notebook or zip file, in the order of names.

    Who handed in no notebook has one too, whose content is Unreadable. Raises FileNotFoundError
    if there is nothing at that place.
    """
    place = Path(place)
    if not os.path.lexists(place):
        raise FileNotFoundError(f"There is no {place}.")
    if place.is_dir():
        found = in_folder(place)
    else:
        found = unpacked(Found((str(place),), (place.name,), mtime(place)))
        if len(found[0].names) > 1:  # it was a zip file
            found = without_first_names(found, 1)
    found = without_first_names(found, shared_folders([one.names for one in found]))
    everything = [(as_submission(*one[:3]), one.bare) for one in found]
    handed_in = {submission.learner for submission, bare in everything if not bare}
    return sorted(
        (one for one, bare in everything if not bare or one.learner not in handed_in),
        key=lambda s: (natural(s.learner), s.place),
    )


def without_first_names(found, count):
    return [one._replace(names=one.names[count:]) for one in found]


def shared_folders(names):
    """How many folders, one in the other, hold all files and are the class's, not a learner's."""
    if len(names) < 2:
        return 0
    by_depth = zip(*names, strict=False)
    shared = sum(1 for _ in takewhile(lambda folders: len(set(folders)) == 1, by_depth))
    return shared if all(len(parts) > shared + 1 for parts in names) else 0


def in_folder(root):
    """What was Found under a folder. Follows no link."""
    found, folders = [], []
    for path, inside, files in os.walk(root, followlinks=False):
        inside[:] = sorted(name for name in inside if not SKIPPED.search(name))
        links = [name for name in inside if os.path.islink(os.path.join(path, name))]
        for name in sorted([*files, *links]):
            place = Path(path, name)
            names = place.relative_to(root).parts
            if not SKIPPED.search(name) and (name in links or may_be_submitted(names)):
                found += unpacked(Found((str(place),), names, mtime(place), is_bare(names)))
        for name in inside:
            if name not in links:
                place = Path(path, name)
                names = (*place.relative_to(root).parts, "")
                folders.append(Found((f"{place}/",), names, mtime(place), True))
    return found + outermost_bare(folders, found)


def mtime(path):
    return os.lstat(path).st_mtime


def may_be_submitted(names):
    """Whether a file has a notebook's or zip file's name, or the name of a learner before its own
    in a download that has no folders."""
    has_learner = len(names) == 1 and (MOODLE.match(names[0]) or CANVAS.match(names[0]))
    return bool(has_learner) or not is_bare(names)


def is_bare(names):
    return not (NOTEBOOK.search(names[-1]) or names[-1].lower().endswith(".zip"))


def outermost_bare(folders, found):
    """The folders in which nothing was found, without those inside them."""
    holding = {one.names[:n] for one in found for n in range(len(one.names))}
    return [
        folder for folder in folders
        if folder.names[:-1] not in holding
        and (len(folder.names) == 2 or folder.names[:-2] in holding)
    ]  # fmt: skip


def unpacked(one, deep=0):
    """What was Found in a zip file, or the file itself; a zip in a zip is opened, once."""
    if not one.names[-1].lower().endswith(".zip") or deep > 1:
        return [one]
    try:
        with open_zip(fetch_member(one.place[0], one.place[1:])) as archive:
            items = archive.infolist()
    except Unreadable:
        return [one]  # reading it again will say why
    top = (*one.names[:-1], one.names[-1][:-4])
    found, folders = [], {}
    for item in items:
        inside = PurePosixPath(item.filename.replace("\\", "/")).parts
        inside = tuple(part for part in inside if part not in ("/", ".."))
        if not 0 < len(inside) <= DEEPEST or any(SKIPPED.search(part) for part in inside):
            continue
        made = stamp(item) or one.made
        for n in range(1, len(inside) + item.is_dir()):
            place = (*one.place, "/".join(inside[:n]) + "/")
            folders.setdefault(inside[:n], Found(place, (*top, *inside[:n], ""), made, True))
        if not item.is_dir() and may_be_submitted(inside):
            place = (*one.place, item.filename)
            found += unpacked(Found(place, (*top, *inside), made, is_bare(inside)), deep + 1)
    return found + outermost_bare(folders.values(), found) if found else [one]


def stamp(item):
    """The time of a member of a zip file in seconds, which knows no zone; 0 if it has none."""
    try:
        return float(timegm((*item.date_time, 0, 0, 0)))
    except ValueError:
        return 0.0


def as_submission(place, names, made):
    """Whose a file is, by the names of its folders and its own."""
    for name in names:
        moodle = MOODLE.match(name)
        if moodle:
            return Submission(moodle["who"].replace("_", " "), place, attempt_in(names), made)
    canvas = CANVAS.match(names[-1]) or next(filter(None, map(CANVAS.match, names)), None)
    if canvas:
        attempt = int(canvas["n"] or 0)
        return Submission(f"{canvas['who']} {canvas['id']}", place, attempt, made)
    folders = [name for name in names[:-1] if name not in ("submitted", "submissions")]
    own = re.sub(r"(?i)\.(ipynb.*|zip)$", "", names[-1])
    learner = folders[0] if folders else own or names[0]
    return Submission(learner, place, attempt_in(names), made)


def attempt_in(names):
    """The number of an attempt, where a name tells it: "attempt 2", "try-3", "v2"."""
    numbers = re.findall(r"(?i)(?:attempt|try|\bv)[ _-]?(\d{1,4})(?!\d)", "/".join(names))
    return int(numbers[-1]) if numbers else 0


def natural(text):
    """A key that puts 10 after 9."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part.lower())
            for part in re.split(r"(\d{1,18})", text)]  # fmt: skip
