"""Saying what is wrong with numbers, the most telling thing first, and never the answer.

The order is fixed: the shape; a constant factor; a transpose or another wrong order; one amount
too much everywhere; then the entry that is furthest off, with the direction in which it is off.
"""

import contextlib

import numpy as np

FACTORS = {-1.0: "the negative of", 2.0: "twice", 0.5: "half of"}


def close(got, wanted):
    """Whether two arrays agree to float64 accuracy."""
    return np.allclose(got, wanted, rtol=1e-7, atol=1e-9)


def as_numbers(output):
    """A list or an array of numbers as a list of numbers; None for anything else.

    >>> as_numbers(np.array([1.0, 2.0])), as_numbers("ab")
    ([1.0, 2.0], None)
    """
    output = output.tolist() if isinstance(output, np.ndarray) else output
    numbers = isinstance(output, list) and all(isinstance(x, (int, float)) for x in output)
    return output if numbers else None


def diagnose(got, wanted, sizes=()):
    """What is wrong with `got`, in a sentence or two; None if nothing is.

    Arguments: got, wanted (numbers or arrays), sizes (numbers such as n or the batch size, as
    (name, value) pairs, that a result is often multiplied or divided by in error).

    >>> diagnose(np.ones((2, 3)), np.zeros((3, 2)))
    'The shape is (2, 3), and it has to be (3, 2).'
    >>> diagnose(np.array([2.0, 4.0]), np.array([1.0, 2.0]))
    'Every number is twice what it has to be.'
    """
    got, wanted = np.asarray(got, dtype=float), np.asarray(wanted, dtype=float)
    if got.shape != wanted.shape:
        said = f"The shape is {got.shape}, and it has to be {wanted.shape}."
        return " ".join([said, *other_layout(got, wanted)])
    if close(got, wanted):
        return None
    if not np.isfinite(got).all():
        return f"{np.count_nonzero(~np.isfinite(got))} of {got.size} numbers are inf or nan."
    if np.allclose(got, wanted, rtol=1e-4, atol=1e-9):
        return "It is nearly right, to four digits or more: a rounded number, or a measured one?"
    factor = constant_factor(got, wanted, sizes)
    if factor:
        return f"{'Every number' if got.ndim else 'It'} is {factor} what it has to be."
    return misplaced(got, wanted) or furthest_off(got, wanted)


def other_layout(got, wanted):
    """What else there is to say of an array of the wrong shape: [] or [one sentence]."""
    if got.size == wanted.size > 0 and wanted.ndim and close(got.ravel(), wanted.ravel()):
        return ["The numbers are right; only the shape is not."]
    if got.shape == wanted.shape[::-1] and close(got.T, wanted):
        return ["The numbers are right and lie transposed: rows and columns have changed places."]
    return []


def misplaced(got, wanted):
    """What to say if all is right but for the places, or for one amount; None otherwise."""
    if got.ndim == 2 and got.shape[0] == got.shape[1] and close(got.T, wanted):
        return "The numbers are right and lie transposed: rows and columns have changed places."
    if got.ndim == 1 and close(got[::-1], wanted):
        return "The numbers are right and stand in reverse order."
    if got.ndim and close(np.sort(got, axis=None), np.sort(wanted, axis=None)):
        return "These are the right numbers, and some stand in the wrong places."
    if got.size > 2 and close(np.ptp(got - wanted), 0):
        side = "large" if got.flat[0] > wanted.flat[0] else "small"
        return f"Every number is too {side}, all of them by the same amount."
    return None


def furthest_off(got, wanted):
    """The entry that is furthest off, as a number, and the direction in which it is off."""
    worst = np.unravel_index(np.argmax(np.abs(got - wanted)), got.shape)
    place = f" at {[int(i) for i in worst]}" if worst else ""
    side = "large" if got[worst] > wanted[worst] else "small"
    return f"{got[worst]:.4g}{place} is too {side}."


def as_array(output):
    """A number, an array or nested lists of numbers as an array; None for anything else.

    >>> as_array([[1, 2], [3, 4]]).shape, as_array([[1], [2, 3]]), as_array("ab")
    ((2, 2), None, None)
    """
    if isinstance(output, (int, float, list, np.ndarray)):
        with contextlib.suppress(ValueError):
            array = np.array(output)
            return array.astype(float) if array.dtype.kind in "biuf" else None
    return None


def shown(**named):
    """Small values as they stand in a sentence, arrays to four digits.

    >>> shown(x=2.0, u=np.array([1.0, -2.5]))
    'x = 2, u = [1, -2.5]'
    """
    return ", ".join(f"{name} = {short(value)}" for name, value in named.items())


def short(value):
    """A number or an array to four digits; the shape of an array that is too long to read."""
    if np.size(value) > 12:
        return f"(an array of shape {np.shape(value)})"
    if np.ndim(value):
        return f"[{', '.join(map(short, value))}]"
    return f"{value:.4g}"


def constant_factor(got, wanted, sizes):
    """The factor between two arrays in words, if it is one and the same for every entry."""
    used = np.abs(wanted) > 1e-12
    if not used.any() or not close(got[~used], 0):
        return None
    ratio = float(np.median(got[used] / wanted[used]))
    if ratio == 0 or not close(got, ratio * wanted):
        return None
    named = FACTORS | {float(n): f"{name} times" for name, n in sizes}
    named |= {1 / float(n): f"one {name}-th of" for name, n in sizes}
    known = [words for value, words in named.items() if close(ratio, value)]
    return known[0] if known else f"{ratio:.4g} times" if np.count_nonzero(used) > 1 else None
