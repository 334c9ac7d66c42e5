"""Finding submissions: whose they are and which of several attempts counts.

Known layouts: one notebook or one folder for each learner, zip files of these, what Moodle and
Canvas let a teacher download, and nbgrader's submitted/LEARNER/ASSIGNMENT/.
"""

import os
import re
from calendar import timegm
from pathlib import Path, PurePosixPath

from .intake import Unreadable, fetch_member, open_zip
from .one import Submission

SKIPPED = re.compile(r"\.ipynb_checkpoints|__MACOSX|^\._|^\.(?!ipynb)")
NOTEBOOK = re.compile(r"\.ipynb(\W|$)", re.I)
MOODLE = re.compile(r"^(?P<who>.+?_\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)$")
CANVAS = re.compile(
    r"^(?P<who>[^\W_]+)_(?:LATE_)?(?P<id>\d+)_(?:\d+_)(?P<rest>.+?)(?:-(?P<n>\d+))?(?P<ext>\.\w+)$"
)


def submissions(place):
    """Every Submission under a folder, or in a notebook or zip file, in the order of names.

    Raises FileNotFoundError if there is nothing at that place.
    """
    place = Path(place)
    if not os.path.lexists(place):
        raise FileNotFoundError(f"There is no {place}.")
    if not place.is_dir():
        found = [((str(place),), (place.name,), mtime(place))]
    else:
        found = [((str(path),), path.relative_to(place).parts, mtime(path)) for path in walk(place)]
    everything = [item for entry in found for item in unpacked(*entry)]
    if not place.is_dir() and len(everything[0][1]) > 1:  # it was a zip file
        everything = [(where, names[1:], when) for where, names, when in everything]
    while shared_folder([names for _, names, _ in everything]):
        everything = [(where, names[1:], when) for where, names, when in everything]
    return sorted(
        (as_submission(*item) for item in everything), key=lambda s: (natural(s.learner), s.place)
    )


def shared_folder(names):
    """Whether all files are in one folder that is the whole class's, and not one learner's."""
    if len(names) < 2 or any(len(parts) < 3 for parts in names):
        return False
    return len({parts[0] for parts in names}) == 1 and len({parts[1] for parts in names}) > 1


def walk(folder):
    """The files under a folder, and what stands in for one: a link or a pipe. Follows no link."""
    for path, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not SKIPPED.search(name))
        links = [name for name in folders if os.path.islink(os.path.join(path, name))]
        named = [name for name in files if not SKIPPED.search(name)]
        wanted = [name for name in named if NOTEBOOK.search(name) or name.lower().endswith(".zip")]
        if not wanted and not folders and Path(path) != Path(folder):
            wanted = named[:1]  # somebody handed in something else; it gets a row that says so
        yield from (Path(path) / name for name in sorted([*wanted, *links]))


def mtime(path):
    return os.lstat(path).st_mtime


def unpacked(place, names, when, deep=0):
    """The notebooks in a zip file, or the file itself; a zip in a zip is opened, once."""
    if not names[-1].lower().endswith(".zip") or deep > 1:
        return [(place, names, when)]
    try:
        content = fetch_member(place[0], place[1:])
        with open_zip(content) as archive:
            items = archive.infolist()
    except Unreadable:
        return [(place, names, when)]  # reading it again will say why
    stem = names[-1][:-4]
    found = []
    for item in items:
        inside = PurePosixPath(item.filename.replace("\\", "/")).parts
        inside = tuple(part for part in inside if part not in ("/", ".."))
        if item.is_dir() or not inside or any(SKIPPED.search(part) for part in inside):
            continue
        if NOTEBOOK.search(inside[-1]) or inside[-1].lower().endswith(".zip"):
            made = stamp(item)
            found += unpacked(
                (*place, item.filename), (*names[:-1], stem, *inside), made or when, deep + 1
            )
    return found or [(place, names, when)]


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
    learner = folders[0] if folders else own
    return Submission(learner, place, attempt_in(names), made)


def attempt_in(names):
    """The number of an attempt, where a name tells it: "attempt 2", "try-3", "v2"."""
    numbers = re.findall(r"(?i)(?:attempt|try|\bv)[ _-]?(\d{1,4})(?!\d)", "/".join(names))
    return int(numbers[-1]) if numbers else 0


def natural(text):
    """A key that puts 10 after 9."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part.lower())
            for part in re.split(r"(\d{1,18})", text)]  # fmt: skip
