"""Predictions: a guess beside the truth, never scored."""

from html import escape

import numpy as np


class Comparison:
    """A guess beside a value, as one sentence."""

    def __init__(self, sentence):
        self.sentence = sentence

    def __repr__(self):
        return self.sentence

    def _repr_html_(self):
        return f'<p role="status" style="max-width:46em">{escape(self.sentence)}</p>'


def compare(my_guess, value):
    """Set a prediction beside the truth, which stays hidden until there is a guess.

    Arguments: my_guess (anything; a tuple for several at once), value (what came out). Numbers
    count as equal when they agree to three digits, and nan is nan. Returns something that shows
    itself as a sentence.

    >>> compare(..., 135.0)
    No guess yet. Put yours in place of the dots, and run both cells again.
    >>> compare(54, 135.0)
    Your guess: 54. It is 135.
    >>> compare(135, 135.0)
    Your guess: 135. So it is.
    """
    if my_guess is ... or (isinstance(my_guess, tuple) and ... in my_guess):
        return Comparison("No guess yet. Put yours in place of the dots, and run both cells again.")
    if agree(my_guess, value):
        return Comparison(f"Your guess: {say(my_guess)}. So it is.")
    return Comparison(f"Your guess: {say(my_guess)}. It is {say(value)}.")


def agree(guess, value):
    if isinstance(guess, tuple) and isinstance(value, tuple):
        return len(guess) == len(value) and all(map(agree, guess, value))
    if isinstance(guess, int) and isinstance(value, int):
        return guess == value  # counts are exact
    try:
        guess, value = np.asarray(guess, dtype=float), np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return type(guess) is type(value) and guess == value
    return guess.shape == value.shape and np.allclose(
        guess, value, rtol=5e-3, atol=1e-12, equal_nan=True
    )


def say(value):
    if isinstance(value, tuple):
        inside = ", ".join(map(say, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    return str(value)
