"""How much memory an answer takes while it runs: what tells a dense Jacobian from a rule.

A case for this is large enough for n numbers and n² numbers to lie far apart, and the cases
before it are small: what a first call imports or remembers is then no longer counted.
"""

import tracemalloc

ROOM = 200  # bytes for each number that goes in or comes out: two dozen float64 arrays


def measured(answer, *inputs):
    """(result, peak): what `answer(*inputs)` gives, and how many bytes more it held at the most.

    Raises what the answer raises; RuntimeError if it stopped the measurement.

    >>> result, peak = measured(lambda n: [0.5] * n, 1000)
    >>> len(result), 8000 <= peak < 9000
    (1000, True)
    """
    already = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        result = answer(*inputs)
        if not tracemalloc.is_tracing():
            raise RuntimeError("tracemalloc was stopped while it was measuring this answer")
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        if not already:
            tracemalloc.stop()


def too_much(peak, numbers, dense, what="a Jacobian"):
    """What to say of a peak of so many bytes; None if it is within `ROOM` for each number.

    Arguments: peak (bytes, from `measured`), numbers (how many there are in the inputs and the
    result), dense (the shape of the array that is not to be built), what (its name).

    >>> too_much(800_000, 4500, (1500, 1500))
    >>> print(too_much(18_024_112, 4500, (1500, 1500)))
    The numbers are right. But it allocated 18,024,112 bytes at once, where 36,000 hold all that \
goes in and comes out. An array of 1500 × 1500 float64 takes 18,000,000: that is a Jacobian.
    """
    if peak <= ROOM * numbers:
        return None
    rows, columns = dense
    return (
        f"The numbers are right. But it allocated {peak:,} bytes at once, where {8 * numbers:,} "
        f"hold all that goes in and comes out. An array of {rows} × {columns} float64 takes "
        f"{8 * rows * columns:,}: that is {what}."
    )
