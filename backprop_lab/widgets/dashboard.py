"""A training run to look at while it goes on: how far it is, and the curves of what is measured.

Whoever opens the notebook later, without a kernel, finds the last picture in its place.
"""

import signal
import sys
from contextlib import contextmanager
from threading import current_thread, main_thread
from time import perf_counter

from ..pictures import Picture, figure

PAUSE = 1.0  # seconds between two drawings: drawing takes time, and nobody reads faster
INCHES = (3.7, 2.5)  # of one panel
WIDE = 5  # a curve whose values differ by more than this factor is drawn on a logarithmic axis
# What stands below the curves. Its place is there so that they do not jump when it goes.
RUNNING = '<label><progress value="{done}" max="{steps}"></progress> step {done} of {steps}</label>'
STOPPED = "<p>Stopped after {done} of {steps} steps.</p>"


class Dashboard:
    """A loop over training steps that draws what it is told.

    Attributes: steps, done (how many are over), stopped (whether the loop was left before its
    end), curves ({name: its values}), picture (a Picture).
    """

    def __init__(self, steps):
        self.steps, self.done, self.stopped, self.curves = steps, 0, False, {}
        alt = f"{steps} steps of training, and nothing noted so far."
        self.picture = Picture(alt, html=f"<p>{alt}</p>")

    def __iter__(self):
        place = handle()
        drawn = perf_counter() - PAUSE / 2  # a short run is drawn once, in the end
        self.done, self.stopped = 0, False
        try:
            for step in range(self.steps):
                yield step
                self.done = step + 1
                if place and perf_counter() - drawn > PAUSE:
                    if self.show(place, RUNNING):
                        raise KeyboardInterrupt
                    drawn = perf_counter()
        except BaseException:  # the loop was left, by an error or an interrupt perhaps
            self.stopped = True
            raise
        finally:
            if self.show(place, STOPPED if self.stopped else "") and not self.stopped:
                raise KeyboardInterrupt

    def show(self, place, below):
        """Draw the curves, and show them in their place; returns whether an interrupt came."""
        with interrupts_held() as came:
            self.draw()
            if place:
                line = below.format(done=self.done, steps=self.steps)
                bundle = {"text/html": self.picture.html + line, "text/plain": self.picture.alt}
                place.update(bundle, raw=True)
        return bool(came)

    def note(self, **measured):
        """Add a value to each curve: `note(loss=loss.item(), norm=norm)`."""
        for name, value in measured.items():
            self.curves.setdefault(name, []).append(float(value))

    def draw(self):
        """Draw all curves as they are now, side by side."""
        from matplotlib.figure import Figure

        if not self.curves:
            return
        fig = Figure((INCHES[0] * len(self.curves), INCHES[1]), layout="constrained")
        panels = fig.subplots(1, len(self.curves), squeeze=False)[0]
        for axes, (name, values) in zip(panels, self.curves.items(), strict=True):
            axes.plot(values)
            axes.set(xlabel="step", ylabel=spoken(name), xlim=(0, self.steps))
            if min(values) > 0 and max(values) > WIDE * min(values):
                axes.set_yscale("log")
        told = "; ".join(
            f"{spoken(name)} {in_words(values)}" for name, values in self.curves.items()
        )
        after = "Stopped after" if self.stopped else "After"
        alt = f"{after} {self.done} of {self.steps} steps of training: {told}."
        self.picture = figure(fig, alt)

    def _repr_html_(self):
        return self.picture.html

    def __repr__(self):
        return self.picture.alt


def dashboard(steps):
    """Loop over `steps` training steps, and show in the meantime what is noted of them.

    Arguments: steps (how many). Iterate over it, and call `note(name=number, ...)` in each step:
    every name becomes a curve (on a logarithmic axis, if it reaches far). In a notebook the curves
    grow while the loop runs, and stay when it is over; elsewhere, print it to have them in words.

    >>> run = dashboard(3)
    >>> for step in run:
    ...     run.note(loss=2.0**-step)
    >>> run
    After 3 of 3 steps of training: loss goes from 1 to 0.25.
    """
    return Dashboard(steps)


def handle():
    """A place in the notebook that can be drawn again; None where there is no notebook."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return None
    waiting = "<label><progress></progress> training</label>"
    bundle = {"text/html": waiting, "text/plain": "training"}
    return ipython.display.display(bundle, raw=True, display_id=True)


@contextmanager
def interrupts_held():
    """Draw to the end, whatever comes: a list that an interrupt of these moments is added to.

    Whoever presses stop twice would have no last picture else, and in its place the calls of
    matplotlib that it was in.
    """
    came = []
    ours = current_thread() is main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield came  # somebody else looks after interrupts
        return
    signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def spoken(name):
    return name.replace("_", " ")


def in_words(values):
    return f"goes from {values[0]:.3g} to {values[-1]:.3g}"
