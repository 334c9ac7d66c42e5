"""A training run to look at while it goes on: how far it is, and the curves of what is measured.

Whoever opens the notebook later, without a kernel, finds the last picture in its place.
"""

import sys
from time import perf_counter

from ..pictures import Picture, figure

PAUSE = 1.0  # seconds between two drawings: drawing takes time, and nobody reads faster
INCHES = (3.7, 2.5)  # of one panel
WIDE = 5  # a curve whose values differ by more than this factor is drawn on a logarithmic axis


class Dashboard:
    """A loop over training steps that draws what it is told.

    Attributes: steps, done (how many are over), curves ({name: its values}), picture (a Picture).
    """

    def __init__(self, steps):
        self.steps, self.done, self.curves = steps, 0, {}
        alt = f"{steps} steps of training, and nothing noted so far."
        self.picture = Picture(alt, html=f"<p>{alt}</p>")

    def __iter__(self):
        shown = handle()
        drawn = perf_counter() - PAUSE / 2  # a short run is drawn once, in the end
        try:
            for step in range(self.steps):
                self.done = step
                yield step
                self.done = step + 1
                if shown and perf_counter() - drawn > PAUSE:
                    self.draw()
                    shown.update(self.bundle(bar=True), raw=True)
                    drawn = perf_counter()
        finally:  # also if the loop was left, or stopped by an error
            self.draw()
            if shown:
                shown.update(self.bundle(), raw=True)

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
            axes.set(xlabel="step", ylabel=name, xlim=(0, self.steps))
            if min(values) > 0 and max(values) > WIDE * min(values):
                axes.set_yscale("log")
        told = "; ".join(f"{name} {in_words(values)}" for name, values in self.curves.items())
        self.picture = figure(fig, f"After {self.done} of {self.steps} steps of training: {told}.")

    def bundle(self, bar=False):
        """The picture as Jupyter takes it, below a bar that shows how far the run is."""
        above = (
            f'<progress value="{self.done}" max="{self.steps}"></progress> '
            f"step {self.done} of {self.steps}"
        )
        return {
            "text/html": above * bar + self.picture.html,
            "text/plain": self.picture.alt,
        }

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
    waiting = {"text/html": "<progress></progress>", "text/plain": "training"}
    return ipython.display.display(waiting, raw=True, display_id=True)


def in_words(values):
    return f"goes from {values[0]:.3g} to {values[-1]:.3g}"
