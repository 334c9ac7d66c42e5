"""How sentences on the card name things: inputs, shapes, numbers, and what a Function raised."""

import os
from linecache import getline
from traceback import walk_tb

import torch

from ..errors import UNSEEN, a_kind_of

LONGEST = 240  # characters of somebody else's message
HIDDEN = (*UNSEEN, os.path.dirname(torch.__file__) + os.sep)  # not of the Function itself


def what_it_raised(stopped):
    """(text, error) about an exception: its type and the line it came from; and its own words.

    The words are PyTorch's, often, and change with its version: they stand apart from the text.
    """
    if stopped.cause is None:
        return f"{stopped.part} was not called", ""
    line = line_of(stopped.cause)
    text = f"{stopped.part} raised {type(stopped.cause).__name__}" + (line and f" at `{line}`")
    return text, words_of(stopped.cause)


def words_of(error):
    """What an exception says, in one line that is not too long."""
    try:
        words = " ".join(str(error).split())
    except Exception:  # of an exception that somebody wrote
        return ""
    return words[:LONGEST] + "…" * (len(words) > LONGEST)


def line_of(error):
    """The line of the Function's own code that an exception came from; "" if it never got there."""
    places = [
        (frame.f_code.co_filename, number)
        for frame, number in walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(HIDDEN)
    ]
    return getline(*places[-1]).strip() if places else ""


def shape(x):
    """A shape as PyTorch's users write it.

    >>> shape(torch.zeros(4, 3)), shape(torch.tensor(1.0))
    ('(4, 3)', '()')
    """
    return str(tuple(x.shape))


def kind(x):
    """What something is: a tensor with its shape, or the kind of object."""
    return f"a tensor of shape {shape(x)}" if isinstance(x, torch.Tensor) else a_kind_of(x)


def constant(x):
    """An input that is no tensor: itself if it is short, else what kind of object it is."""
    plain = x is None or isinstance(x, (bool, int, float, str))
    return repr(x) if plain and len(repr(x)) < 30 else kind(x)


def number(value):
    """A number with six digits at most.

    >>> number(2 / 3), number(12.0)
    ('0.666667', '12')
    """
    return f"{float(value):.6g}"


def entry(i, index):
    """An entry of an input: "input 0", "input 1[2, 0]"."""
    return f"input {i}" + (f"[{', '.join(map(str, index))}]" if index else "")


def listed(words):
    """Words in a row: "a", "a and b", "a, b and c"."""
    *rest, last = [str(word) for word in words]
    return f"{', '.join(rest)} and {last}" if rest else last


def count(n, what):
    """A number of things.

    >>> count(1, "input"), count(2, "input")
    ('1 input', '2 inputs')
    """
    return f"{n} {what}{'' if n == 1 else 's'}"
