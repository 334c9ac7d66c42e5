"""The experiments of the ward: what each of them finds, in a word to compare and in a sentence."""

from functools import cache

import numpy as np

from .ward import DISEASES, NAMES, PATIENTS, STEP, STEPS, Run


def slower(run):
    losses = run.train(rate=run.rate / 10)
    return None, f"With a tenth of the rate, the loss is {losses[-1]:.3f} after {STEPS} steps."


def longer(run):
    losses = run.train(5 * STEPS)
    return None, f"After {5 * STEPS} steps the loss is {losses[-1]:.3f}."


def accuracy(run):
    run.train()
    return None, f"After {STEPS} steps, {run.accuracy():.0%} of the points are told right."


def units_that_fire(run):
    fire = int((run.hidden().data > 0).any(axis=0).sum())
    return fire > 0, f"Of 6 units in the first layer, {fire} are above 0 for at least one point."


def without_a_gradient(run):
    missing = [name for name, g in zip(NAMES, run.step(0.0)[1], strict=True) if g is None]
    said = f"grad is None for {', '.join(missing)}." if missing else "Every weight has a gradient."
    return tuple(missing), f"After one backward pass: {said}"


def a_perfect_prediction(run):
    scores = 20.0 * np.eye(3)[run.labels]
    loss = run.loss_of(scores).item()
    return round(loss, 2), f"Given scores that are right and sure, the loss says {loss:.3f}."


def the_same_batch_twice(run):
    first, second = (norm_of(run.step(0.0)[1]) for _ in range(2))
    said = f"The norm of the gradient is {first:.4f}, and then {second:.4f}."
    return str(round(second / first, 3)), f"Backward twice, with no step in between. {said}"


def before_the_first_step(run):
    loss, gradients = run.step(0.0)
    norm = norm_of(gradients)
    return bool(np.isfinite(norm)), f"The loss is {loss:.3f}, the norm of its gradient {norm:.3f}."


def nudges(run):
    """Central differences by every weight that has a gradient."""
    off = []
    for w, name, gradient in zip(run.weights, NAMES, run.step(0.0)[1], strict=True):
        if gradient is not None:
            measured = np.array([slope(run, w, place) for place in np.ndindex(w.shape)])
            error = np.abs(measured.reshape(w.shape) - gradient).max()
            if not error <= 1e-5:
                off.append(f"{name} (by {error:.2g})")
    said = f"it differs at {', '.join(off)}." if off else "it agrees everywhere."
    return tuple(off), f"Nudges against the gradient, where there is one: {said}"


def slope(run, w, place):
    sides = []
    for sign in (1, -1):
        nudge = np.zeros(w.shape)
        nudge[place] = sign * STEP
        still, w.data = w.data, w.data + nudge
        sides.append(run.loss_of(run.scores()).item())
        w.data = still
    return (sides[0] - sides[1]) / (2 * STEP)


def norm_of(gradients):
    return float(np.sqrt(sum((g**2).sum() for g in gradients if g is not None)))


EXPERIMENTS = {
    "a tenth of the rate": slower,
    "five times the steps": longer,
    "accuracy": accuracy,
    "units that fire": units_that_fire,
    "weights without a gradient": without_a_gradient,
    "loss of a perfect prediction": a_perfect_prediction,
    "the same batch twice": the_same_batch_twice,
    "before the first step": before_the_first_step,
    "nudge the weights": nudges,
}


def losses(patient):
    """The losses of one of the six runs, step by step.

    Arguments: patient (a letter, "A" to "F"). Returns a list of floats.

    >>> len(losses("A"))
    80
    """
    return Run(PATIENTS[patient]).train()


def examine(patient, experiment):
    """What an experiment shows of one of the six runs, in a sentence.

    Arguments: patient (a letter, "A" to "F"), experiment (one of EXPERIMENTS).

    >>> examine("B", "five times the steps")
    'After 400 steps the loss is 1.085.'
    """
    return EXPERIMENTS[experiment](Run(PATIENTS[patient]))[1]


@cache
def finding(disease, experiment):
    """(a word to compare, a sentence): what an experiment finds where one disease is at work.

    The word is None for experiments that say how well it goes and not why.
    """
    if EXPERIMENTS[experiment] in (slower, longer, accuracy):
        return None, ""
    with np.errstate(all="ignore"):
        return EXPERIMENTS[experiment](Run(disease))


def fits(disease, experiment):
    """The diseases for which an experiment finds what it finds for this one."""
    seen = finding(disease, experiment)[0]
    return [other for other in DISEASES if finding(other, experiment)[0] == seen]
