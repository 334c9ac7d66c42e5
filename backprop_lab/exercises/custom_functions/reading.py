"""Reading what `runs` wrote down: shape, number of entries, values; one complaint at a time."""

import numpy as np

from ..diagnosis import diagnose
from ..probing import UNFILLED, same


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
    if "values" in entry:
        return f"a tensor of shape {np.shape(entry['values'])}"
    return f"a {entry['kind']}"


def shown(**inputs):
    """Where something went wrong: short inputs as numbers, others by their shape."""
    return ", ".join(f"{name} {in_words(x)}" for name, x in inputs.items())


def in_words(x):
    if np.size(x) > 4:
        return f"of shape {np.shape(x)}"
    return "= " + np.array2string(np.asarray(x), precision=3, separator=", ")


def about_value(told, wanted, at, name="forward"):
    """What is wrong with the output of forward, or None."""
    if refused(told, "forward"):
        return refused(told, "forward")
    complaint = about_tensor(told["y"], wanted)
    return complaint and f"{at}: {name} returned {what(told['y'])}. {complaint}"


def about_tensor(entry, wanted, sizes=()):
    """What is wrong with one described tensor, or None."""
    values = values_of(entry)
    if values is None:
        return f"A tensor of shape {np.shape(wanted)} is asked for."
    if "float" in entry["dtype"] and entry["dtype"] != "float64":
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
        return refused(told, "backward") or f"{at}: backward was never called."
    if any(same(entry, UNFILLED) for entry in returned):
        return "backward is still blank."
    if returned == [None]:
        return f"{at}: backward returned None. Is there a `return`?"
    if len(returned) != len(wanted):
        return (
            f"backward returned {count(returned)}, and forward was given {len(wanted)} inputs "
            f"after ctx ({', '.join(wanted)}). Each of them has its place in the answer."
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
    return lambda cases, reports: any(test(report.get("returned", report)) for report in reports)
