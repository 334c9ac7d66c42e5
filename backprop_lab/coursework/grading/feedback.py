"""A page for each learner: what was found, and the hints. The secret inputs are not on it."""

import hashlib
import re

from ...exercises import exercises
from ...exercises.card import SIGNS, prose
from .marks import replace
from .page import page, text


def write_pages(results, folder):
    """Write one page for each learner into a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    by_learner = {}
    for result in results:
        by_learner.setdefault(result["learner"], []).append(result)
    written = []
    for learner, theirs in by_learner.items():
        written.append(folder / file_name(learner))
        replace(written[-1], learner_page(learner, theirs))
    return written


def file_name(learner):
    """A safe name of a file for a learner, different for each.

    >>> file_name("../../etc/passwd")
    'etc-passwd-3754d6cb.html'
    """
    short = re.sub(r"[^A-Za-z0-9]+", "-", learner).strip("-")[:40] or "learner"
    return f"{short}-{hashlib.sha256(learner.encode('utf-8', 'replace')).hexdigest()[:8]}.html"


def learner_page(learner, results):
    return page(f"Backprop Lab: {learner}", "\n".join(map(notebook_part, results)))


def notebook_part(result):
    head = f"<h2>{text(result['file'])}</h2>"
    if result["status"] == "grader error":
        return f"{head}\n<p>The grader failed here. It is not your fault; your teacher knows.</p>"
    if result["status"] == "unreadable":
        return f"{head}\n<p>This file could not be read: {text(result['why'])}.</p>"
    parts = [head, f"<p>{result['points']:.4g} of {result['out_of']} points</p>"]
    if result["status"] != "ok":
        parts.append(f"<p>{text(result['status'])}: {text(result['why'])}</p>")
    known = exercises()
    parts += [
        exercise_part(known[name], score)
        for name, score in result["exercises"].items()
        if name in known
    ]
    return "\n".join(parts)


def exercise_part(exercise, score):
    sign, _ = SIGNS[score["status"]]
    kind = score["status"].split()[0]
    told = "".join(f"<p>{prose(clean(part))}</p>" for part in score["told"].split("\n\n") if part)
    hints = ""
    if score["status"] != "right":
        hints = "".join(
            f"<details><summary>{text(hint.symptom)}</summary><p>{prose(hint.text)}</p></details>"
            for hint in exercise.hints
        )
    return (
        f'<section class="{kind}"><h2>{sign} {text(exercise.title)}: {score["status"]} · '
        f"{score['points']:.3g} of {score['out_of']}</h2>{told}{hints}</section>"
    )


def clean(told):
    return "".join(c if c.isprintable() or c == "\n" else " " for c in told)
