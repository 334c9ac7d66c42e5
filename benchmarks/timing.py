"""Fair timing on a machine that others use too: interleaved bursts, compared round by round.

A round runs one burst of every contestant, in random order, so that a slow second of the machine
falls on all of them alike. What is compared is the ratio within a round; what is reported is the
median of these ratios, with the quartiles as its spread.
"""

import gc
import random
import time
import tracemalloc
from contextlib import contextmanager

import numpy as np

BURST = 0.02  # seconds; long beside the clock's tick, short beside the machine's moods

# The processor time of this process: on one core that is the wall clock's, less what other
# programs took of it. Windows counts it in ticks of 16 ms, which is too coarse.
FINE = time.get_clock_info("process_time").resolution <= 1e-6
clock = time.process_time if FINE else time.perf_counter


def interleave(steps, rounds):
    """Seconds that one step takes, round by round: a list for every name in `steps`.

    Arguments: steps (a dict from names to functions without arguments), rounds (an integer).
    """
    gc.collect()
    gc.freeze()  # the collector need not walk through the libraries' own objects
    repeats = {name: repeats_for(step) for name, step in steps.items()}
    seconds = {name: [] for name in steps}
    order, shuffle = list(steps), random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            seconds[name].append(burst(steps[name], repeats[name]))
    gc.unfreeze()
    return seconds


def repeats_for(step):
    """How many steps make a burst."""
    first = once(step)  # it compiles, fills caches, allocates
    return 1 if first > 1 else max(1, round(BURST / once(step)))


def burst(step, repeats):
    """Seconds per step. The collector stays on, as it is in a learner's notebook."""
    gc.collect()  # so that nobody is charged for a predecessor's garbage
    if repeats > 1:
        step()  # nor for what it left in the caches, where that would show
    start = clock()
    for _ in range(repeats):
        step()
    return (clock() - start) / repeats


def once(step):
    """Seconds that a single call takes."""
    start = clock()
    step()
    return clock() - start


def ratio(ours, theirs):
    """(lower quartile, median, upper quartile) of ours / theirs, round by round."""
    return tuple(np.percentile(np.divide(ours, theirs), [25, 50, 75]).tolist())


@contextmanager
def traced_memory():
    """Within this block, the function it gives returns (bytes now, most bytes so far).

    Counted is what Python and NumPy have asked for since the block began.
    """
    gc.collect()
    tracemalloc.start()
    try:
        yield tracemalloc.get_traced_memory
    finally:
        tracemalloc.stop()
