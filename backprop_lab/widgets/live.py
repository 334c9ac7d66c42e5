"""Live inputs: move a number, and the function runs again in the kernel.

A cell shows two outputs. One is the stepper of the first run: it needs no kernel, and is still
there when the notebook is opened again. Above it are the controls, which send it each new run for
as long as the kernel lives. (One output for both would be lost with the kernel: JupyterLab shows
nothing of an output whose controls are gone.)
"""

import inspect
import sys
import traceback
from html import escape
from itertools import islice
from math import floor, isfinite, log10

import numpy as np

from ..engine import Tensor, topological_order
from ..errors import DataError, GradientError, ShapeError, describe
from ..graph import Graph
from ..names import variable_names
from ..pictures import Picture, too_large
from ..pictures.text import clean
from ..pictures.view import MOST
from ..transforms import as_leaf, call, check_output
from .page import read, source
from .stepper import FEW, SCRIPTS, payload, show
from .wrong_sweeps import wrong_sweeps

LISTED = 1_000  # entries of an array that can be chosen
KEPT = "The picture shows the last run that worked."
HOW = "Run this cell to move the inputs: for each new number, the function runs again."
# The sliders of the page move the recorded numbers and do not call the function.
STYLE = read("stepper.css") + ".sliders { display: none }"


def live(f, inputs, predict=False, expand=None):
    """The stepper of f(*inputs), with controls that move one number at a time and call f again.

    Arguments: f (a function of tensors that returns one number), inputs (its arguments; numbers,
    and lists, arrays and tensors of floating-point numbers, can be moved, all else is passed on as
    it is), predict and expand (as for `step`). f may take another path for other numbers: the graph
    is recorded anew each time. What is given stays as it is.
    Returns a picture with controls; in a console, the steps in words. Raises what f raises, and
    DataError, GradientError or ShapeError where there is nothing to move or to step through.

    >>> live(lambda x: x**2, [3.0])
    Forward through **: x ** 2 = 9.
    Backward starts at x ** 2: its gradient is 1.
    Backward through ** to x: 1 × 6 = 6.
    """
    return Live(Function(f, inputs), predict, expand)


class Function:
    """A function and what it is given.

    Attributes: f, name, start (the arguments as they were given), names (of the arguments), arrays
    ({number of an argument: what is moved of it}).
    """

    def __init__(self, f, inputs):
        name = getattr(f, "__name__", "f")
        self.f, self.name = f, "f" if name == "<lambda>" else clean(name)
        self.start, self.names = list(inputs), argument_names(f, inputs)
        self.arrays = {}
        for i, x in enumerate(inputs):
            data = floats(x, i)
            if data is not None and data.size:
                self.arrays[i] = data
        if not self.arrays:
            raise DataError(
                "There is nothing to move: step(f, x, ...) needs an input of floating-point "
                "numbers. To step through one result, give that: bl.step(f(...))."
            )
        self.given = {i: data.copy() for i, data in self.arrays.items()}

    def run(self):
        """The record of a new run, and its wrong sweeps; raises what f raises."""
        with np.errstate(all="ignore"):  # what is beyond the floats is shown, and not warned of
            y, names = call_and_read_names(self.f, self.arguments())
            check(y)
            graph = Graph.from_tensor(y, gradient=1.0, names=names)
            if len(graph.nodes) > MOST:
                raise DataError(too_large(f"{len(graph.nodes):,} nodes").alt)
            few = sum(node["op"] is not None for node in graph.nodes) <= FEW
            return graph, wrong_sweeps(y, graph) if few else ()

    def arguments(self):
        args = list(self.start)
        for i, data in self.arrays.items():
            kind = args[i].kind if isinstance(args[i], Tensor) and args[i].is_leaf else "input"
            args[i] = Tensor(data.copy()[()], True, self.names[i], kind)
        return args

    def complain(self, error):
        """One sentence about what f raised, for whoever wrote it."""
        code = getattr(self.f, "__code__", None)
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.line for frame in frames if code and frame.filename == code.co_filename]
        where = f" in the line “{clean(lines[-1], 100)}”" if lines and lines[-1] else ""
        what = clean(str(error), 300) or "it gave no reason"
        return f"{self.name} raised {type(error).__name__}{where}: {what.rstrip('.')}. {KEPT}"


def argument_names(f, inputs):
    """What the arguments are called: by the tensors themselves, else by f, else x1, x2, …"""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    own = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    own += [f"x{i + 1}" for i in range(len(own), len(inputs))]
    return [getattr(x, "name", None) or name for x, name in zip(inputs, own, strict=False)]


def floats(x, i):
    """A copy of the numbers of argument i if small changes of them make sense, else None."""
    try:
        return None if isinstance(x, bool) else np.array(as_leaf(x, i, keep=False).data)
    except DataError:
        return None


def call_and_read_names(f, args):
    """f(*args), and what its variables call their tensors as it returns."""
    names, code = {}, getattr(f, "__code__", None)

    def watch(frame, event, result):
        if event == "return" and frame.f_code is code:
            names.update(variable_names(frame))

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        return call(f, args), names
    finally:
        sys.setprofile(before)


def check(y):
    """Raise unless what f returned can be stepped through."""
    check_output(y)
    if y.shape != ():
        raise ShapeError(
            f"A backward sweep starts by itself only from one number, and this function returned "
            f"{describe(y)}. Reduce it with .sum() or .mean()"
        )
    if y.grad_fn is None:
        raise GradientError(
            "This function returned a tensor without a graph: no operator made it from an input"
        )
    operators = len(topological_order(y))
    if operators > MOST:
        raise DataError(too_large(f"{operators:,} operators").alt)


class Live(Picture):
    """The picture of a function's first run, and controls that make new runs.

    Attributes: those of Picture; function (a Function), data (what the stepper shows of the last
    run that worked).
    """

    def __init__(self, function, predict, expand):
        self.function, self.options = function, (predict, expand)
        first = show(*function.run(), *self.options)
        super().__init__(first.alt, first.svg, first.html)
        self.data = first.data | {"style": STYLE}

    def _ipython_display_(self):
        from IPython.display import display

        display(self.controls(), raw=True)
        display({"text/html": self.html, "text/plain": self.alt}, raw=True)

    def controls(self):
        """The MIME bundle of the controls; a sentence wherever they cannot be shown."""
        try:
            panel = Panel(self)
        except ImportError as missing:
            name = missing.name
            return in_words(f"To move the inputs, install {name}: pip install {name}")
        return panel.box._repr_mimebundle_() | in_words(HOW)

    def run(self):
        """Call f, and keep the data of what comes out; raises what f raises."""
        self.data = payload(*self.function.run(), *self.options) | {"style": STYLE}


def in_words(text):
    return {"text/html": f"<p>{escape(text)}</p>", "text/plain": text}


class Panel:
    """The controls: which input, which entry, its value; and the wire to the picture below.

    The slider counts per cent of its reach and keeps its ends, whatever it moves: told of other
    ends, an ipywidgets slider sends its old value back as if somebody had moved it.
    """

    def __init__(self, live):
        import ipywidgets

        self.live, self.function = live, live.function
        self.wire = make_wire(live.data)
        arrays, names = self.function.arrays, self.function.names
        self.which = ipywidgets.Dropdown(
            options=[(clean(names[i]), i) for i in arrays], description="Input"
        )
        self.entry = ipywidgets.Dropdown(options=self.entries(), description="Entry")
        self.number = ipywidgets.FloatText(description="Value")
        self.slider = ipywidgets.IntSlider(min=-100, max=100, readout=False)
        reset = ipywidgets.Button(description="Reset")
        self.place()
        self.which.observe(self.offer_entries, "value")
        self.entry.observe(self.place, "value")
        self.slider.observe(self.slide, "value")
        self.number.observe(self.move, "value")
        reset.on_click(self.reset)
        choices = [self.which] * (len(arrays) > 1)
        choices += [self.entry] * any(data.size > 1 for data in arrays.values())
        row = ipywidgets.HBox([*choices, self.number, self.slider, reset])
        row.layout.flex_flow, self.slider.layout.flex = "row wrap", "1 1 200px"
        self.box = ipywidgets.VBox([row, self.wire])
        self.box.add_class("backprop-lab-controls")

    def entries(self):
        """The indices of the chosen input, as [(how it is written, index)]."""
        shape = self.function.arrays[self.which.value].shape
        indices = islice(np.ndindex(*shape), LISTED)
        return [(str(list(index)) if shape else "–", index) for index in indices]

    def offer_entries(self, change):
        """Those of another input, and the first of them chosen."""
        self.entry.options = self.entries()
        self.place()

    def place(self, change=None):
        """Show the chosen entry as it stands; its slider is centred on what was given."""
        i, index = self.which.value, self.entry.value
        centre, now = (
            float(x) if isfinite(x) else 0.0
            for x in (self.function.given[i][index], self.function.arrays[i][index])
        )
        self.centre, self.reach, self.shown = centre, reach_around(centre), now
        self.number.value, self.slider.value = now, self.position(now)

    def position(self, x):
        """Where the slider stands for a number, in per cent of its reach."""
        return round(min(max((x - self.centre) / self.reach, -1), 1) * 100)

    def slide(self, change):
        if change["new"] != self.position(self.shown):
            self.number.value = float(f"{self.centre + self.reach * change['new'] / 100:.12g}")

    def move(self, change):
        """The chosen entry becomes the number in the box, and f runs."""
        x = change["new"]
        if x != self.shown:
            self.shown, self.slider.value = x, self.position(x)
            self.function.arrays[self.which.value][self.entry.value] = x
            self.run()

    def reset(self, button):
        """Everything as it was given."""
        for i, data in self.function.given.items():
            self.function.arrays[i][...] = data
        self.place()
        self.run()

    def run(self):
        """Call f, and send what comes out: a picture, or what went wrong."""
        try:
            self.live.run()
        except Exception as error:
            self.wire.fault = self.function.complain(error)
            return
        with self.wire.hold_sync():
            self.wire.data, self.wire.fault = self.live.data, ""


def reach_around(centre):
    """How far a slider goes from a number on either side: a round size, so that it passes 0.

    >>> reach_around(0.7), reach_around(-120.0)
    (2, 200)
    """
    least = max(2.0, 1.25 * abs(centre))
    power = 10 ** floor(log10(least))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= least)


def make_wire(data):
    """The widget that carries new runs to the picture below it."""
    import anywidget
    import traitlets

    class Wire(anywidget.AnyWidget):
        _esm = source([*SCRIPTS, "live"])
        data = traitlets.Dict().tag(sync=True)
        fault = traitlets.Unicode().tag(sync=True)

    return Wire(data=data)
