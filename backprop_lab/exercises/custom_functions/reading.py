"""Reading what `runs` wrote down: shape, number of entries, values; one complaint at a time."""

import numpy as np

from ..diagnosis import diagnose, short
from ..probing import UNFILLED, same

TINY = 1e-30


def pull_back(f, x, z_bar):
    """x̄ = Jᵀ z̄ of a NumPy function, by complex steps (Squire and Trapp 1998)."""
    x_bar = np.zeros(np.shape(x))
    for place in np.ndindex(np.shape(x)):
        nudged = x.astype(complex)
        nudged[place] += 1j * TINY
        x_bar[place] = np.sum(z_bar * np.imag(f(nudged))) / TINY
    return x_bar


def numbers(rng, *shape):
    """Random numbers of both signs, away from 0."""
    return rng.uniform(0.4, 1.9, shape) * rng.choice([-1, 1], shape)


def values_of(entry):
    """The numbers of a tensor that was described, or None if it is none."""
    if not isinstance(entry, dict) or "values" not in entry:
        return None
    return np.asarray(entry["values"], dtype=float)


def what(entry):
    """What an entry is, in words."""
    if entry is None:
        return "None"
    if same(entry, UNFILLED):
        return "`...`"
    return short(np.asarray(entry["values"])) if "values" in entry else f"a {entry['kind']}"


def about_value(told, wanted, at):
    """What is wrong with the output of forward, or None."""
    if refused(told, "forward"):
        return refused(told, "forward")
    complaint = about_tensor(told["y"], wanted)
    return complaint and f"{at}: forward returned {what(told['y'])}. {complaint}"


def about_tensor(entry, wanted, sizes=()):
    """What is wrong with one described tensor, or None."""
    values = values_of(entry)
    if values is None:
        return f"A tensor of shape {np.shape(wanted)} is asked for."
    if entry["dtype"] != "float64":
        return f"It is of type {entry['dtype']}, and the inputs are of float64."
    complaint = diagnose(values, wanted, sizes)
    if complaint is None and not np.allclose(values, wanted, rtol=1e-10, atol=1e-12):
        return "Only 7 digits are right: somewhere on the way they were float32."
    return complaint


def refused(told, by):
    """PyTorch's own objection, if it had one to what `by` does."""
    objection = told.get("refused")
    if objection and objection["by"] == by:
        return f"PyTorch cannot work with this {by}:\n{objection['text']}"
    return None


def entries(told, number):
    """What backward returned; PyTorch lets more places follow if they are None."""
    returned = told.get("returned", [])
    while len(returned) > number and returned[-1] is None:
        returned = returned[:-1]
    return returned


def about_gradients(told, wanted, at, sizes=()):
    """What is wrong with what backward returned, or None.

    Arguments: wanted ({name of an input: its cotangent as an array, or None}, in their order), at
    (words for the case), sizes (as `diagnose` takes them).
    """
    returned = entries(told, len(wanted))
    if "returned" not in told:
        return (
            refused(told, "forward")
            or refused(told, "backward")
            or (f"{at}: backward was never called, because the output does not require a gradient.")
        )
    if any(same(entry, UNFILLED) for entry in returned):
        return "backward is still blank."
    if returned == [None]:
        return f"{at}: backward returned None. Is there a `return`?"
    if len(returned) != len(wanted):
        return (
            f"backward returned {count(returned)}, and forward was given "
            f"{' and '.join(wanted)} after ctx. Each input has one place in the answer."
        )
    for entry, (name, x_bar) in zip(returned, wanted.items(), strict=True):
        complaint = about_entry(entry, x_bar, sizes)
        if complaint:
            return f"{at}: for {name}, backward returned {what(entry)}. {complaint}"
    return refused(told, "backward")


def count(returned):
    return "one entry" if len(returned) == 1 else f"{len(returned)} entries"


def about_entry(entry, x_bar, sizes):
    if x_bar is None:
        return None if entry is None else "Nobody asks for that gradient: its place holds None."
    return about_tensor(entry, x_bar, sizes)


def about_keeping(told):
    """What is wrong with how things were kept for backward, or None."""
    if told["kept"]:
        return (
            f"The numbers are right. But `ctx.{told['kept'][0]}` holds a tensor: keep tensors with "
            "`ctx.save_for_backward`."
        )
    return None


def sends(rule, place=0):
    """A looks_like: backward follows a wrong rule, case -> numbers, at one place, in every case."""

    def looks_like(cases, reports):
        for case, report in zip(cases, reports, strict=True):
            values = values_of(report["returned"]["returned"][place])
            suspect = np.asarray(rule(case), dtype=float)
            if np.shape(values) != suspect.shape or not np.allclose(values, suspect, rtol=1e-9):
                return False
        return True

    return looks_like


def anywhere(test):
    """A looks_like: `test(told)` holds in some report, which may be one of an exception."""

    def looks_like(cases, reports):
        return any(holds(test, report.get("returned", report)) for report in reports)

    return looks_like


def holds(test, told):
    """Whether a test holds; it does not where something that it asks for is not there."""
    try:
        return bool(test(told))
    except (KeyError, IndexError, TypeError):
        return False


def refuses(by, words):
    """A looks_like: PyTorch refused what `by` does, and said these words."""
    return anywhere(lambda told: told["refused"]["by"] == by and words in told["refused"]["text"])
