"""What is kept of a grading: a journal, one line for each submission, and the table made of it.

The journal is written as the work goes on, so that an interruption loses nothing; the table is
written anew from it, whole or not at all.
"""

import csv
import io
import json
import os
from pathlib import Path

from ...exercises import exercises
from .gather import natural

VERSION = 1
HARMFUL = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")  # a spreadsheet runs what begins so
HEAD = ["learner", "notebook", "points", "out of", "status", "why"]
TAIL = ["misconceptions", "look at", "file", "attempt", "counted", "seconds"]


class Journal:
    """A file of results that only grows. Its first line tells by which settings they were made."""

    def __init__(self, path):
        self.path = Path(path)

    def start(self, settings, **facts):
        """Begin a new journal over whatever was there."""
        head = {"backprop_lab": VERSION, "settings": settings.fingerprint(), **facts}
        replace(self.path, json.dumps(head) + "\n")

    def read(self):
        """(head, results); a line that was being written at an interruption does not count."""
        head, results = {}, []
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if not isinstance(entry, dict):
                continue
            if "backprop_lab" in entry:
                head = entry
            elif {"learner", "place", "status", "exercises"} <= entry.keys():
                results.append(entry)
        if head.get("backprop_lab") != VERSION:
            raise ValueError(f"{self.path} is not a journal of this grader.")
        return head, results

    def add(self, result):
        with open(self.path, "ab+") as file:
            file.seek(0, os.SEEK_END)
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the end of an interrupted line
                    file.write(b"\n")
            file.write((json.dumps(result) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())


def replace(path, text):
    """Write a file whole or not at all."""
    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.write_text(text, encoding="utf-8", newline="")
    os.replace(draft, path)


def journal_of(out):
    """Where the journal of a table is."""
    return Path(out).with_suffix(".jsonl")


def key(result):
    """What tells one submission from another."""
    return result["learner"], tuple(result["place"])


def counted(results, which="latest"):
    """The results that count: for each learner and notebook the latest, first or best attempt.

    A file that could not be read is an attempt at no notebook; it counts beside the others, with
    no points, so that somebody looks at it.
    """
    groups = {}
    for result in sorted(results, key=when):
        groups.setdefault((result["learner"], result["notebook"]), []).append(result)
    chosen = []
    for (_, notebook), attempts in groups.items():
        if notebook is None:
            chosen += attempts
        elif which == "best":
            chosen.append(max(reversed(attempts), key=lambda result: result["points"]))
        else:
            chosen.append(attempts[-1 if which == "latest" else 0])
    return chosen


def when(result):
    return result["attempt"], result["made"], [natural(part) for part in result["place"]]


def table(results, which="latest"):
    """All results as the text of a CSV file, by learner and notebook; attempts that do not count
    are at the end of their learner's, and say so."""
    chosen = {id(result) for result in counted(results, which)}
    known = exercises()
    there = {name for result in results for name in result["exercises"]}
    columns = [name for name in known if name in there] + sorted(there - set(known))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([*HEAD, *columns, *TAIL])
    order = sorted(results, key=lambda r: (natural(r["learner"]), r["notebook"] or 99,
                                           id(r) not in chosen, when(r)))  # fmt: skip
    for result in order:
        writer.writerow([harmless(x) for x in row(result, columns, id(result) in chosen)])
    return text.getvalue()


def row(result, columns, counts):
    scores = result["exercises"]
    mistakes = [f"{n}: {s['misconception']}" for n, s in scores.items() if s["misconception"]]
    return [
        result["learner"], result["notebook"] or "", number(result["points"]), result["out_of"],
        result["status"], result["why"],
        *(number(scores[name]["points"]) if name in scores else "" for name in columns),
        "; ".join(mistakes), "; ".join(result["looks"]), "/".join(result["place"]),
        result["attempt"] or "", "yes" if counts else "no", result["seconds"],
    ]  # fmt: skip


def number(points):
    return f"{points:.4g}"


def harmless(value):
    """A cell that no spreadsheet takes for a formula, on one line."""
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return f"'{text}" if text.startswith(HARMFUL) or text != text.lstrip() else text
