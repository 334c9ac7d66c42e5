"""The Jacobian explorer: J as a heat map, and the two products that never need it built."""

from html import escape
from random import Random

import numpy as np

from ..engine import Tensor
from ..errors import DataError, a_kind_of
from ..graph.parts import make_number
from ..ledger import in_units, saved
from ..modes import no_grad
from ..pictures import Picture
from ..pictures.heat import FAINT, UNDER_TEXT, fits, heat_map, largest, steps, tile_size
from ..pictures.text import clean, number
from ..transforms import Run, call, check_function
from .page import HERE, Interactive
from .structure import count_of, find_structure

SCRIPTS = ["jacobian_maps", "jacobian"]
MOST = 65_536  # entries of a Jacobian that is built and shown
LONGEST = 2_048  # rows or columns of one: each gets a pixel at least
PROBE = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)  # what the random vectors are drawn from


def show_jacobian(f, x):
    """The Jacobian of f at x: a heat map to explore, with its structure and what it costs.

    Row = output, column = input: J[i, j] = ∂y_i/∂x_j. In a notebook, choose u and watch uᵀJ being
    added up row by row, as one reverse sweep does without J; or choose v and watch Jv. Arrays of
    more than one axis are flattened. A Jacobian of more than 65,536 entries is not built: what it
    would cost is told instead.
    Arguments: f (a function of one tensor, which returns a tensor), x (where: a number, list,
    array or tensor of floating-point numbers).
    Raises DataError for anything else, GradientError if f returns something that is no tensor.

    >>> show_jacobian(lambda x: x[:2] * x[2], [2.0, 3.0, 5.0])
    Jacobian of f: 2 × 3. Rows: 2 outputs; columns: 3 inputs.
    y[0]: 5, 0, 2
    y[1]: 0, 5, 3
    Not 0: 4 of 6 entries (67 %). Structure: none found.
    Bytes: 48 B for J; the rules keep 32 B for the way back; the message of one VJP is 24 B.
    Sweeps to build J: 2 backward (by rows) or 3 forward (by columns); backward takes fewer.
    """
    if f is ... or x is ...:
        raise DataError("There is no Jacobian to show yet: ... stands where an answer is to go.")
    check_function("show_jacobian", f)
    x = x.detach() if isinstance(x, Tensor) else x
    with no_grad():  # no derivative is taken of what is shown here; the run itself is recorded
        run = Run(lambda x: check_result(call(f, (x,))), (x,), (0,))
        report = Report(f, run)
        if not report.is_shown():
            return in_words(report.words())
        with np.errstate(all="ignore"):  # nan and inf are marked in the picture
            (jacobian,) = run.jacobians()
    return Explorer(report, jacobian.data.reshape(report.m, report.n)).show()


def check_result(y):
    """What f returned, refused with the remedy where it is nearly right."""
    if y is ...:
        raise DataError("f returned ..., which stands where an answer is to go.")
    if isinstance(y, (tuple, list)) and any(isinstance(part, Tensor) for part in y):
        raise DataError(
            f"f returned {a_kind_of(y)} of {len(y)}, and a Jacobian is that of one tensor. Join "
            "them: ops.stack([...]) for numbers, ops.concatenate([...]) for vectors."
        )
    if isinstance(y, Tensor) and y.dtype.kind != "f":
        raise DataError(
            f"f returned {y.dtype}, which no small change of x can nudge: there is no derivative. "
            "Return floating-point numbers."
        )
    return y


def in_words(words):
    """A picture that is text alone."""
    return Picture(words, html=f"<p>{escape(words).replace(chr(10), '<br>')}</p>")


class Report:
    """What is known of a Jacobian before it is built: its size, and what it costs.

    Attributes: name (of f), m, n (how many rows and columns), shapes (of the output and of the
    input), dense, kept, message, tangent (bytes: of J, of what the rules keep, of the result of one
    VJP, of that of one JVP).
    """

    def __init__(self, f, run):
        x, y = run.leaves[0], run.y
        name = getattr(f, "__name__", "")
        self.name = clean(name) if isinstance(name, str) and name != "<lambda>" else ""
        self.name = self.name or "f"
        self.m, self.n = y.size, x.size
        self.shapes = y.shape, x.shape
        self.dense = self.m * self.n * y.dtype.itemsize
        self.kept = saved(y).needed if y.grad_fn else 0
        self.message, self.tangent = x.data.nbytes, y.data.nbytes

    def is_shown(self):
        return 0 < self.m * self.n <= MOST and max(self.m, self.n) <= LONGEST

    def labels(self):
        """What the rows and the columns are called: y[0], …, and x[0], …"""
        return indexed("y", self.shapes[0]), indexed("x", self.shapes[1])

    def heading(self):
        return f"Jacobian of {self.name}: {self.m:,} × {self.n:,}"

    def shape(self):
        rows, columns = count_of(self.m, "output"), count_of(self.n, "input")
        return f"{self.heading()}. Rows: {rows}; columns: {columns}."

    def sweeps(self):
        said = f"{self.m:,} backward (by rows) or {self.n:,} forward (by columns); "
        if self.m == self.n:
            return f"{said}both take as many"
        return said + f"{'backward' if self.m < self.n else 'forward'} takes fewer"

    def words(self):
        """What is told in place of a picture."""
        if not self.m * self.n:
            empty = "output" if not self.m else "input"
            return f"{self.heading()}. It has no entries, because the {empty} of f is empty."
        return (
            f"{self.shape()}\nThat is {self.m * self.n:,} entries, or {in_units(self.dense)}: too "
            f"many to show, so J was not built. (Shown are up to {MOST:,} entries, and "
            f"{LONGEST:,} rows or columns.) uᵀJ needs no J: the rules keep {in_units(self.kept)} "
            f"for the way back, and the message of one VJP is {in_units(self.message)}.\n"
            f"Sweeps to build J: {self.sweeps()}."
        )


class Explorer:
    """A Jacobian with what is told about it. jacobian: an array of report.m × report.n."""

    def __init__(self, report, jacobian):
        self.report, self.jacobian = report, jacobian
        self.rows, self.columns = report.labels()
        self.matrix = jacobian.astype(float).tolist()
        self.structure = find_structure(jacobian)

    def show(self):
        words = "\n".join(self.words())
        alt = f"Heat map of the {self.report.heading()}; {self.structure}"
        still = Picture(words, heat_map(self.matrix, self.rows, self.columns, alt))
        pictured = Picture(alt, still.svg).html
        told = escape(words).replace("\n", "<br>")
        return Interactive(
            Picture(words, still.svg, f"{pictured}<p>{told}</p>"), SCRIPTS, self.data()
        )

    def non_zeros(self):
        found, size = int(np.count_nonzero(self.jacobian)), self.jacobian.size
        return f"{found:,} of {size:,}", f"{share(found, size)} %"

    def words(self):
        """All of it, line by line, for a console and for readers without scripts."""
        report, (found, percent) = self.report, self.non_zeros()
        yield report.shape()
        if fits(report.m, report.n):
            for label, row in zip(self.rows, self.matrix, strict=True):
                yield f"{label}: {', '.join(map(number, row))}"
        yield f"Not 0: {found} entries ({percent}). Structure: {self.structure}."
        yield (
            f"Bytes: {in_units(report.dense)} for J; the rules keep {in_units(report.kept)} for "
            f"the way back; the message of one VJP is {in_units(report.message)}."
        )
        yield f"Sweeps to build J: {report.sweeps()}."

    def data(self):
        """What the script shows and computes with."""
        report, most = self.report, largest(self.matrix)
        is_small = fits(report.m, report.n)
        return {
            "style": (HERE / "jacobian.css").read_text(encoding="utf-8"),
            "heading": report.heading(),
            "summary": f"{report.shape()} Structure: {self.structure}.",
            "rows": self.rows,
            "columns": self.columns,
            "values": [plain(x) for row in self.matrix for x in row],
            "written": is_small,
            "tile": tile_size(report.m, report.n),
            "scale": {"most": most, "faint": FAINT, "full": UNDER_TEXT if is_small else 1},
            "steps": steps(most),
            "u": probe(report.m, seed=1),
            "v": probe(report.n, seed=2),
            "facts": self.facts(),
            "bytes": self.bytes(),
        }

    def facts(self):
        """Rows of a table, as [label, text]."""
        found, percent = self.non_zeros()
        report = self.report
        return [
            ["rows, M", count_of(report.m, "output")],
            ["columns, N", count_of(report.n, "input")],
            ["not 0", f"{found} ({percent})"],
            ["structure", self.structure],
            ["sweeps to build J", report.sweeps()],
        ]

    def bytes(self):
        """What takes memory, as [label, text, share of the most]."""
        report = self.report
        sizes = [
            ("J itself, dense", report.dense),
            ("kept by the rules for the way back", report.kept),
            ("the result of one VJP, N numbers", report.message),
            ("the result of one JVP, M numbers", report.tangent),
        ]
        most = max(size for _, size in sizes)
        return [[label, in_units(size), size / most] for label, size in sizes]


def indexed(name, shape):
    """What the entries of an array are called, in order.

    >>> indexed("y", (2, 2)), indexed("x", ())
    (['y[0,0]', 'y[0,1]', 'y[1,0]', 'y[1,1]'], ['x'])
    """
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]


def share(part, whole):
    """Per cent in words: neither 0 nor 100 unless it is all or nothing."""
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "less than 1"
    return f"{min(percent, 99):.0f}" if part < whole else "100"


def plain(x):
    """A number as JSON can hold it, a whole one without its ".0": most Jacobians are full of 0."""
    x = make_number(x)
    return int(x) if isinstance(x, float) and x.is_integer() and abs(x) < 2**53 else x


def probe(n, seed):
    """n numbers of mixed signs, the same in every process."""
    draw = Random(seed)
    return [PROBE[int(draw.random() * len(PROBE))] for _ in range(n)]
