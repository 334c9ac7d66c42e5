"""What a report card is: lines, each with a verdict and a sentence, as text and as a table."""

from dataclasses import dataclass
from html import escape

PASSED, FAILED = "passed", "failed"
NOT_APPLICABLE, NOT_TRIED = "not applicable", "could not be tried"
# A sign, a word, and a colour: no difference is one of colour alone.
SIGNS = {PASSED: "✓", FAILED: "✗", NOT_APPLICABLE: "–", NOT_TRIED: "?"}


@dataclass
class Line:
    """One thing that was tested.

    Attributes: name, status ("passed", "failed", "not applicable" or "could not be tried"), text
    (what happened, the rule, the remedy), group (what it is a part of), error (the words of an
    exception that stopped it: they change with the version of PyTorch, so `text` has none of them).
    """

    name: str
    status: str
    text: str
    group: str = ""
    error: str = ""

    def __str__(self):
        return f"{SIGNS[self.status]} {self.name}: {self.status}. {self.text}"


class ReportCard:
    """What `report_card` found; true if nothing failed, and nothing was left untried.

    Attributes: title (the name of the Function), lines (a list of `Line`), passed. A line is found
    by its name: `card["mark_dirty"].status`.
    """

    def __init__(self, title, lines):
        self.title, self.lines = title, lines

    @property
    def passed(self):
        """Whether every line passed, leaving out those that do not apply."""
        return not any(line.status in (FAILED, NOT_TRIED) for line in self.lines)

    def __bool__(self):
        return self.passed

    def __getitem__(self, name):
        for line in self.lines:
            if line.name == name:
                return line
        raise KeyError(f"There is no line {name!r}; there are {[x.name for x in self.lines]}.")

    def with_status(self, *statuses):
        """The lines that have one of these statuses."""
        return [line for line in self.lines if line.status in statuses]

    def summary(self):
        """The card in one line."""
        counts = [(status, len(self.with_status(status))) for status in SIGNS]
        counted = ", ".join(f"{count} {status}" for status, count in counts if count)
        return f"Report card of {self.title}: {counted}"

    def __repr__(self):
        """The summary, and the lines that failed or could not be tried: what a test run shows."""
        lines = [line for line in self.lines if line.status in (FAILED, NOT_TRIED)]
        shown = [f"  {line}{line.error and f' [{line.error}]'}" for line in lines]
        return "\n".join([self.summary(), *shown])

    def __str__(self):
        """The summary and every line."""
        return "\n".join([self.summary(), *(f"  {line}" for line in self.lines)])

    def _repr_html_(self):
        status = PASSED if self else FAILED
        rows = []
        for i, line in enumerate(self.lines):
            if i == 0 or line.group != self.lines[i - 1].group:
                rows.append(f'<tr><th scope="rowgroup" colspan="3">{escape(line.group)}</th></tr>')
            rows.append(row(line))
        return (
            f'<div class="bl-report {status}">{STYLE}<table><caption>{SIGNS[status]} '
            f"{escape(self.summary())}</caption><thead><tr><th scope=\"col\">line</th>"
            '<th scope="col">verdict</th><th scope="col">why</th></tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div>"
        )


def row(line):
    """One line as a row of the table."""
    error = line.error and (
        f"<details><summary>what Python said</summary><code>{escape(line.error)}</code></details>"
    )
    kind = line.status.replace(" ", "-")
    return (
        f'<tr class="{kind}"><th scope="row">{escape(line.name)}</th>'
        f"<td>{SIGNS[line.status]}&nbsp;{escape(line.status)}</td>"
        f"<td>{escape(line.text)}{error}</td></tr>"
    )


STYLE = """<style>
.bl-report{--bad:#b3261e;--good:#00795a;border-left:6px solid var(--good);padding:.4em .9em;
max-width:58em;background:color-mix(in srgb,currentColor 5%,transparent)}
.bl-report.failed{border-left-color:var(--bad)}
.bl-report table{border-collapse:collapse;width:100%;margin:0}
.bl-report caption{text-align:left;font-weight:700;padding:0 0 .5em;caption-side:top}
.bl-report thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
.bl-report tr{background:none}
.bl-report th,.bl-report td{text-align:left;vertical-align:top;padding:.25em .9em .25em 0;
font-weight:400;white-space:normal;max-width:none}
.bl-report th[scope=rowgroup]{font-weight:700;padding-top:.8em;
border-bottom:1px solid color-mix(in srgb,currentColor 30%,transparent)}
.bl-report th[scope=row]{width:13em}.bl-report td:nth-child(2){width:9.5em}
.bl-report .failed th,.bl-report .failed td:nth-child(2){font-weight:700}
</style>"""
