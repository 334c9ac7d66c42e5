"""What a report card is: lines, each with a verdict and a sentence, as text and as a table."""

import re
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

    @property
    def to_mend(self):
        """The lines that failed; if none did, those that could not be tried.

        (Where something failed, what could not be tried is mostly what follows from it.)
        """
        return self.with_status(FAILED) or self.with_status(NOT_TRIED)

    def __repr__(self):
        """The summary and what is to mend: what a test run shows."""
        lines = [f"  {line}{line.error and f' [{line.error}]'}" for line in self.to_mend]
        return "\n".join([self.summary(), *lines])

    def __str__(self):
        """The summary and every line."""
        return "\n".join([self.summary(), *(f"  {line}" for line in self.lines)])

    def _repr_html_(self):
        """What is to mend, and all other lines: folded away as long as there is something."""
        status, mend = PASSED if self else FAILED, self.to_mend
        rest = [line for line in self.lines if line not in mend]
        top = mend and table("What is to mend", map(row, mend))
        more = table("All other lines" if mend else "All lines", rows_by_group(rest))
        if mend:
            words = "1 other line" if len(rest) == 1 else f"{len(rest)} other lines"
            more = f"<details><summary>{words}</summary>{more}</details>"
        return (
            f'<div class="bl-report {status}">{STYLE}<p><strong>{SIGNS[status]} '
            f"{escape(self.summary())}</strong></p>{top or ''}{more}</div>"
        )


def table(name, rows):
    """Rows as a table, with the name and the headings for those who do not see it."""
    heads = "".join(f'<th scope="col">{word}</th>' for word in ("line", "verdict", "why"))
    return (
        f'<table aria-label="{name}"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def rows_by_group(lines):
    """A row for each line, and one for each group that they are in."""
    group = None
    for line in lines:
        if line.group != group:
            group = line.group
            yield f'<tr><th scope="colgroup" colspan="3">{escape(group)}</th></tr>'
        yield row(line)


def row(line):
    """One line as a row of the table."""
    error = line.error and (
        f"<details><summary>what Python said</summary><code>{escape(line.error)}</code></details>"
    )
    text = re.sub("`(.+?)`", r"<code>\1</code>", escape(line.text))
    kind = line.status.replace(" ", "-")
    return (
        f'<tr class="{kind}"><th scope="row">{escape(line.name)}</th>'
        f"<td>{SIGNS[line.status]}&nbsp;{escape(line.status)}</td><td>{text}{error}</td></tr>"
    )


# Notebooks and nbconvert style every table: `[aria-label]` outweighs their rules.
STYLE = """<style>
.bl-report{--bad:#b3261e;--good:#00795a;border-left:6px solid var(--good);padding:.4em .9em;
margin:.3em 0;max-width:60em;background:color-mix(in srgb,currentColor 6%,transparent)}
.bl-report.failed{border-left-color:var(--bad)}
.bl-report p{margin:0 0 .3em}
.bl-report table{border-collapse:collapse;width:100%;margin:0;font-size:inherit;
table-layout:auto}
.bl-report thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
.bl-report table[aria-label] tr,.bl-report table[aria-label] tr:hover{background:none}
.bl-report table[aria-label] :is(th,td){text-align:left;vertical-align:top;padding:.2em .9em .2em 0;
font-weight:400;white-space:normal;max-width:none;border:0}
.bl-report table[aria-label] th[scope=colgroup]{font-weight:700;padding-top:.7em}
.bl-report th[scope=row]{width:12em}.bl-report td:nth-child(2){width:9.5em}
.bl-report table[aria-label] .failed :is(th,td:nth-child(2)){font-weight:700}
.bl-report summary{cursor:pointer;padding:.2em 0}
.bl-report td{overflow-wrap:anywhere}
@media(max-width:600px){.bl-report tr,.bl-report tr>*{display:block;width:auto!important}}
</style>"""
