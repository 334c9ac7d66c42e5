"""Where a learner stands in the whole series, as a table of small signs."""

from html import escape

from . import NOTEBOOKS, ours
from .card import SIGNS
from .progress import place, read

UNTRIED = "not attempted yet"
LEFT = 'style="text-align:left"'
OFF = "No progress is kept here: only in a notebook that a learner has open."


def progress():
    """Draw how far you are: every exercise of the series, with its points.

    Returns a table (in a notebook) or text (elsewhere). Each `check` adds to it, and it outlives
    the kernel. Where it is kept: see `place` in backprop_lab/exercises/progress.py. Never raises.

    >>> progress()
    No progress is kept here: only in a notebook that a learner has open.
    """
    path = place()
    if path is None:
        return Progress({}, OFF)
    try:
        return Progress(*read(path))
    except Exception as error:  # a disk that is full or locked must not stop a page
        return Progress({}, f"Your progress in {path} could not be read: {error}")


class Progress:
    """Results of exercises, by notebook. Arguments: results {id: (share, tries, status)}, said."""

    def __init__(self, results, said=""):
        self.results, self.said = results, said

    def status(self, exercise):
        return self.results.get(exercise.id, (0.0, 0, UNTRIED))[2]

    def points(self, chosen):
        return sum(e.points * self.results.get(e.id, (0.0,))[0] for e in chosen)

    def rows(self):
        """(number, name, exercises) for each notebook."""
        for number, module in NOTEBOOKS.items():
            mine = [e for e in ours().values() if e.notebook == number]
            yield number, module.replace("_", " ").capitalize().replace("vjps", "VJPs"), mine

    def total(self):
        every = list(ours().values())
        solved = sum(self.status(e) == "right" for e in every)
        points, out_of = self.points(every), sum(e.points for e in every)
        return f"{solved} of {len(every)} exercises solved, {points:.3g} of {out_of} points"

    def __repr__(self):
        if not self.results:
            return self.said or self.total()
        lines = [
            f"{number} {name}: " + " ".join(f"{SIGNS[self.status(e)][0]} {e.id}" for e in mine)
            for number, name, mine in self.rows()
        ]
        return "\n".join([self.total(), *lines, *filter(None, [self.said])])

    def _repr_html_(self):
        said = f"<p>{escape(self.said)}</p>" if self.said else ""
        if self.said == OFF:
            return said
        body = "".join(self.row(*row) for row in self.rows())
        legend = " · ".join(f"{sign} {status}" for status, (sign, _) in SIGNS.items())
        return (
            f'<div style="max-width:60em"><p><strong>{self.total()}</strong></p>'
            '<table style="margin:0;border-collapse:collapse;text-align:left">'
            f"<thead><tr><th scope=col {LEFT}>Notebook</th><th scope=col {LEFT}>Exercises</th>"
            f"<th scope=col {LEFT}>Points</th></tr></thead><tbody>{body}</tbody></table>"
            f"<p>{legend} · <em>italic</em>: more practice</p>{said}</div>"
        )

    def row(self, number, name, mine):
        signs = " ".join(self.sign(e) for e in mine)
        points = f"{self.points(mine):.3g} of {sum(e.points for e in mine)}"
        return (
            f"<tr><th scope=row {LEFT}>{number} {escape(name)}</th>"
            f'<td {LEFT}>{signs}</td><td style="text-align:left;white-space:nowrap">'
            f"{points}</td></tr>"
        )

    def sign(self, exercise):
        sign, colour = SIGNS[self.status(exercise)]
        tries = self.results.get(exercise.id, (0, 0))[1]
        title = escape(f"{exercise.title}: {self.status(exercise)}, tried {tries} times")
        extra = "" if exercise.core else ";font-style:italic"
        return (
            f'<span title="{title}" style="display:inline-block;margin:.15em .6em .15em 0{extra}">'
            f'<span style="color:{colour}" aria-label="{self.status(exercise)}">{sign}</span> '
            f"{escape(exercise.id)}</span>"
        )
