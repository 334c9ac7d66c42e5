"""What an experiment gives back: rows, for the table, the plots and JSON."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Target:
    """A limit that a measured number should not pass, and the wish beyond it, if there is one."""

    limit: float
    goal: float | None = None

    def __str__(self):
        goal = f", goal {self.goal:g}" if self.goal else ""
        return f"≤ {self.limit:,g}{goal}"


@dataclass
class Row:
    """One measured number.

    Attributes: who (the contestant), size (of the problem, where that varies), value (None if
    there is none: `note` says why) with its unit, samples (the values it is the median of),
    ratio (lower quartile, median, upper quartile), target (for the ratio; for the value where
    there is no ratio).
    """

    who: str
    size: int | None = None
    value: float | None = None
    unit: str = ""
    samples: list | None = None
    ratio: tuple | None = None
    target: Target | None = None
    note: str = ""

    @property
    def verdict(self):
        """What the target says: the quartiles must lie on one side of it to be sure."""
        if not self.target:
            return ""
        if self.value is None:
            return "not judged"
        low, _, high = self.ratio or (self.value, self.value, self.value)
        if high <= self.target.limit:
            return "met"
        return "missed" if low > self.target.limit else "too close to call"

    def plain(self):
        """The row as JSON can hold it."""
        return {**asdict(self), "verdict": self.verdict}


@dataclass
class Result:
    """The outcome of one experiment: name, title, sizes (what a row's size counts), ratios (what
    a row's ratio compares), rows."""

    name: str
    title: str
    rows: list
    sizes: str = ""
    ratios: str = ""

    def plain(self):
        """The result as JSON can hold it."""
        return {**vars(self), "rows": [row.plain() for row in self.rows]}
