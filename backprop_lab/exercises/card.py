"""What a check shows: a card in a notebook, a bare number anywhere else."""

import re
from html import escape

SIGNS = {
    "right": ("✓", "#00795a"),
    "partly right": ("◐", "#a05a00"),
    "wrong": ("✗", "#b3261e"),
    "stopped": ("!", "#b3261e"),
    "not attempted yet": ("○", "#6b6b6b"),
}
ELSEWHERE = ("→", "#6b6b6b")  # for what is not judged here


class Mark(float):
    """Points earned, as a float; shown as a card that says why.

    Its `repr` is the bare number, which is what nbgrader reads as partial credit.

    >>> from backprop_lab.exercises.exercise import Verdict
    >>> Mark(2, 3, "topo", Verdict("partly right", 2 / 3, "Two of three."))
    2.0
    """

    def __new__(cls, points, out_of, title, verdict, note=""):
        mark = super().__new__(cls, points)
        mark.out_of, mark.title, mark.verdict, mark.note = out_of, title, verdict, note
        return mark

    def __repr__(self):
        return float.__repr__(self)

    def _repr_html_(self):
        sign, colour = SIGNS.get(self.verdict.status, ELSEWHERE)
        points = f"{float(self):.3g} of {self.out_of} points" if self.out_of else ""
        paragraphs = "".join(
            f'<p style="margin:.4em 0 0;white-space:pre-wrap">{prose(text)}</p>'
            for text in [*self.verdict.text.split("\n\n"), self.note]
            if text
        )
        printed = self.verdict.printed and (
            '<p style="margin:.4em 0 0">Your code printed:</p>'
            f'<pre style="margin:.2em 0 0;max-height:10em">{escape(self.verdict.printed)}</pre>'
        )
        return (
            f'<div role="status" style="border-left:6px solid {colour};padding:.4em .9em;'
            'max-width:46em;background:color-mix(in srgb,currentColor 6%,transparent)">'
            f"<strong>{sign} {escape(self.title)}: {self.verdict.status}</strong>"
            f"{' · ' + points if points else ''}{paragraphs}{printed}</div>"
        )


def prose(text):
    """A text of ours as HTML: what is between backticks is code, a *word* like this stressed."""
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"(?<!\S)\*(\w[^*<\n]*\w)\*(?!\w)", r"<em>\1</em>", text)
