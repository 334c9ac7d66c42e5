"""A broadcast: copies of x stretch forward into a larger shape, and their cotangents fold back."""

from html import escape

import numpy as np

from ..engine import Tensor
from ..errors import DataError, ShapeError, a_kind_of
from ..graph.parts import make_number
from ..pictures import Picture
from ..pictures.text import number
from ..transforms import vjp
from .jacobian import in_words, probe
from .page import HERE, Interactive
from .tiles import fits, panels, places

LISTED = 24  # entries that are written out in words


def show_broadcast(x, shape, z_bar=None):
    """The copies of x in a larger shape, and how their cotangents fold back onto x.

    In a notebook, step from x to z (every entry of x is copied) and from z_bar to x_bar (what
    stands at the copies of an entry is added up), and follow one entry all the way.
    Arguments: x (a number, list, array or tensor), shape (a tuple: what x is stretched to), z_bar
    (the cotangent of the result, of that shape; None for numbers of mixed signs). Beyond 3 axes,
    8 columns or 24 rows there are words alone.
    Raises ShapeError if x cannot be stretched to the shape, or z_bar has another one; DataError for
    what holds no numbers.

    >>> show_broadcast([1.0, 2.0, 3.0], (2, 3), [[1.0, -2.0, 0.5], [3.0, 1.0, 4.0]])
    Forward: x of shape (3,) is copied into z of shape (2, 3). Axis 0 is new: 2 copies.
    Back: z_bar of shape (2, 3) is added up over axis 0 to x_bar of shape (3,).
    x: [1, 2, 3]
    z_bar: [[1, −2, 0.5], [3, 1, 4]]
    x_bar: [4, −1, 4.5]
    """
    if any(given is ... for given in (x, shape, z_bar)):
        raise DataError("There is no broadcast to show yet: ... stands where an answer is to go.")
    x = Tensor(as_floats(x, "x"), name="x")
    z, pull_back = vjp(lambda x: np.broadcast_to(x, shape), x)
    if z_bar is None:
        z_bar = np.reshape(probe(z.size, seed=3), z.shape)
    z_bar = as_floats(z_bar, "z_bar")
    if z_bar.shape != z.shape:
        raise ShapeError(
            f"z_bar has shape {z_bar.shape}, and z has shape {z.shape}: a cotangent has the shape "
            "of the tensor it belongs to."
        )
    broadcast = Broadcast(x.data, z.data, z_bar, pull_back(z_bar)[0].data)
    return broadcast.show() if fits(z.shape) else in_words(broadcast.words())


def as_floats(given, name):
    """An array of its own in float64."""
    try:
        data = np.asarray(given.data if isinstance(given, Tensor) else given)
    except ValueError:  # lists of unequal length
        data = np.array(None)
    if data.dtype.kind not in "fiub":
        raise DataError(
            f"{name} is to be a number or an array of them; this is {a_kind_of(given)}."
        )
    return data.astype(float)


class Broadcast:
    """One broadcast, forward and back. Arguments: four arrays, in the order of the story."""

    def __init__(self, x, z, z_bar, x_bar):
        self.x, self.z, self.z_bar, self.x_bar = x, z, z_bar, x_bar
        new = z.ndim - x.ndim
        padded = (1,) * new + x.shape
        self.stretched = [i for i in range(new, z.ndim) if padded[i] == 1 != z.shape[i]]
        self.new = list(range(new))
        self.axes = self.new + self.stretched

    def copied(self):
        """What happens on each axis, as a sentence."""
        said = [f"axis {i} is new: {copies(self.z.shape[i])}" for i in self.new]
        said += [f"axis {i} grows from 1: {copies(self.z.shape[i])}" for i in self.stretched]
        if not said:
            return "Nothing is stretched."
        text = "; ".join(said)
        return f"{text[0].upper()}{text[1:]}."

    def added(self):
        """How z_bar turns into x_bar."""
        if not self.axes:
            return f"z_bar of shape {self.z.shape} passes to x as it is"
        over = " and ".join(map(str, self.axes))
        axes = "axis" if len(self.axes) == 1 else "axes"
        kept = " (an axis of size 1 stays)" * bool(self.stretched)
        return (
            f"z_bar of shape {self.z.shape} is added up over {axes} {over} to x_bar of shape "
            f"{self.x.shape}{kept}"
        )

    def words(self):
        """All of it, for a console and for readers without scripts."""
        lines = [
            f"Forward: x of shape {self.x.shape} is copied into z of shape {self.z.shape}. "
            f"{self.copied()}",
            f"Back: {self.added()}.",
        ]
        if self.z.size <= LISTED:
            arrays = {"x": self.x, "z_bar": self.z_bar, "x_bar": self.x_bar}
            lines += [f"{name}: {written(array)}" for name, array in arrays.items()]
        return "\n".join(lines)

    def show(self):
        words = self.words()
        alt = f"Two rows of tiles. {' '.join(words.splitlines()[:2])}"
        still = Picture(alt, panels(self, alt))
        told = escape(words).replace("\n", "<br>")
        html = f"{still.html}<p>{told}</p>"
        return Interactive(Picture(words, still.svg, html), ["controls", "broadcast"], self.data())

    def data(self):
        """What the script shows."""
        style = (HERE / "stepper.css").read_text(encoding="utf-8")
        return {
            "style": style + (HERE / "broadcast.css").read_text(encoding="utf-8"),
            "heading": f"Broadcast from {self.x.shape} to {self.z.shape}",
            "places": places(self.z.shape),
            "homes": self.homes(),
            "values": [make_number(value) for value in self.z.ravel()],
            "cotangents": [make_number(value) for value in self.z_bar.ravel()],
            "sums": [make_number(value) for value in self.x_bar.ravel()],
            "names": [f"[{','.join(map(str, index))}]" * bool(index) for index in self.indices()],
            "shapes": [str(array.shape) for array in (self.x, self.z)],
            "steps": self.steps(),
        }

    def indices(self):
        return np.ndindex(*self.x.shape)

    def homes(self):
        """For each entry of z: which entry of x it is a copy of, both counted through."""
        numbers = np.arange(self.x.size).reshape(self.x.shape)
        return np.broadcast_to(numbers, self.z.shape).ravel().tolist()

    def steps(self):
        """What is seen at each step: [its title, a sentence]."""
        count = self.z.size // self.x.size
        folded = (
            f"{copies(count)} of an entry send {count} messages, and messages add"
            if count > 1
            else "one copy of each entry, one message"
        )
        return [
            ["x", "Before: each entry of x stands once."],
            ["z", f"Forward, x is copied. {self.copied()}"],
            ["z_bar", "The way back begins: how much L moves per unit of each entry of z."],
            ["x_bar", f"Back, {folded}: {self.added()}."],
        ]


def copies(n):
    """A number of copies, in words.

    >>> copies(1), copies(4)
    ('1 copy', '4 copies')
    """
    return f"{n} copy" if n == 1 else f"{n} copies"


def written(array):
    """A small array as one line.

    >>> written(np.array([[1.0, -0.5]]))
    '[[1, −0.5]]'
    """
    if array.ndim == 0:
        return number(float(array))
    return f"[{', '.join(map(written, array))}]"
