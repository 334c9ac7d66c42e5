"""What a learner has solved so far: kept beside the user's own data, shown as a picture.

Every `check` in a notebook notes its result here. SQLite does what is hard about that: a write
happens whole or not at all, and two notebooks may write at once. The variable BACKPROP_LAB_PROGRESS
names another file; where it is "off" (while notebooks are built, tested or graded), and outside
notebooks, nothing is kept.
"""

import os
import sqlite3
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

EDITION = 1  # of the table below
TABLE = """
    CREATE TABLE IF NOT EXISTS results
    (exercise TEXT PRIMARY KEY, share REAL, tries INTEGER, status TEXT, at TEXT)
"""
NOTE = """
    INSERT INTO results VALUES (:exercise, :share, 1, :status, :at)
    ON CONFLICT (exercise) DO UPDATE SET
    tries = tries + 1, at = excluded.at,
    status = CASE WHEN excluded.share >= share THEN excluded.status ELSE status END,
    share = max(share, excluded.share)
"""

ADD = """
    INSERT INTO results VALUES (:exercise, :share, :tries, :status, :at)
    ON CONFLICT (exercise) DO UPDATE SET
    status = CASE WHEN excluded.share > share THEN excluded.status ELSE status END,
    tries = max(tries, excluded.tries), share = max(share, excluded.share)
"""


def place():
    """The file that progress is kept in; None where none is kept."""
    asked = os.environ.get("BACKPROP_LAB_PROGRESS")
    if asked == "off" or "NBGRADER_EXECUTION" in os.environ or not in_a_notebook():
        return None
    if asked:
        return Path(asked)
    from platformdirs import user_data_path

    return user_data_path("backprop-lab", appauthor=False) / "progress.sqlite"


def in_a_notebook():
    shell = sys.modules.get("IPython")
    return shell is not None and shell.get_ipython() is not None


def note(exercise, verdict):
    """Keep one result: the best share of the points so far, and how often it was tried.

    Returns "" or, if that could not be done, a sentence for the learner. Never raises.
    """
    path = place()
    if path is None or verdict.status == "not attempted yet":
        return ""
    row = {
        "exercise": exercise.id,
        "share": verdict.share,
        "status": verdict.status,
        "at": datetime.now().isoformat(timespec="seconds"),
    }
    try:
        return with_results(path, lambda results: results.execute(NOTE, row))[1]
    except (OSError, sqlite3.Error) as error:
        return f"This result could not be added to your progress ({error}). The points stand."


def read(path):
    """({exercise: (share, tries, status)}, a sentence about the file or "")."""
    rows, said = with_results(
        path, lambda r: r.execute("SELECT exercise, share, tries, status FROM results").fetchall()
    )
    return {name: rest for name, *rest in rows}, said


def merge(results):
    """Add results from elsewhere, {exercise: (share, tries, status)}: the better share stays."""
    path = place()
    if path is None or not results:
        return
    rows = [
        {"exercise": name, "share": share, "tries": tries, "status": status, "at": ""}
        for name, (share, tries, status) in results.items()
    ]
    with_results(path, lambda table: table.executemany(ADD, rows))


def with_results(path, use):
    """(what `use` gives for the open table, a sentence or ""). A damaged file is set aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return opened(path, use), ""
    except sqlite3.OperationalError:  # locked, full, read-only: the file itself may be well
        raise
    except sqlite3.DatabaseError:
        aside = set_aside(path)
    return opened(path, use), (
        f"The file of your progress was damaged. It is kept as {aside}, and a new one was begun."
    )


def opened(path, use):
    with closing(sqlite3.connect(path, timeout=5)) as results, results:
        edition = results.execute("PRAGMA user_version").fetchone()[0]
        if edition > EDITION:
            raise sqlite3.OperationalError("it was written by a newer edition of the course")
        if edition < EDITION:  # a new file; one that is there already is only read here
            results.execute(TABLE)
            results.execute(f"PRAGMA user_version = {EDITION}")
        return use(results)


def set_aside(path):
    """Rename a file, to a name that is free; returns that."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
    aside = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    path.rename(aside)
    return aside
