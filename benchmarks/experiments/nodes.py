"""A graph of a million nodes: does time grow with the nodes only, and what does a node weigh?"""

from statistics import median

from ..peers import NAMES, OURS
from ..problems import Chain
from ..results import Result, Row, Target
from ..timing import interleave, ratio, traced_memory

SIZES = (1_002, 10_002, 100_002, 1_000_002)  # three operators to a link
YARDSTICK = "torch_eager"  # its graph is made of C++ objects: what caches and memory alone cost


def nodes(session):
    """Forward and backward through ever longer chains of single numbers."""
    keys = [key for key in (OURS, YARDSTICK) if key in session.modules]
    chains = {
        (key, size): session.modules[key].Chain(Chain(size // 3, session.dtype))
        for key in keys
        for size in SIZES
    }
    steps = {which: chain.step for which, chain in chains.items()}
    seconds = interleave(steps, session.few(10))
    rows = [row(key, size, seconds) for key in keys for size in SIZES]
    return Result(
        "nodes",
        f"chains of {SIZES[0]:,} to {SIZES[-1]:,} scalar operators",
        rows + weights(chains),
        sizes="nodes",
        ratios="time for 10x the nodes",
    )


def row(key, size, seconds):
    """The time of a node; as the ratio, the whole time beside that of a tenth of the nodes."""
    samples = [s / size for s in seconds[key, size]]
    result = Row(NAMES[key], size, median(samples), "s/node", samples)
    if size > SIZES[0]:
        shorter = SIZES[SIZES.index(size) - 1]
        result.ratio = ratio(seconds[key, size], seconds[key, shorter])
        result.target = Target(12) if key == OURS else None
    return result


def weights(chains):
    """Bytes a node: while the graph stands, and at the worst moment of going back through it."""
    pairs = [(size, *traced(chains[OURS, size])) for size in SIZES]
    kept = [Row("the graph alone", size, b / size, "bytes/node") for size, b, _ in pairs]
    limit = Target(1000)
    return kept + [
        Row("at the most", size, b / size, "bytes/node", target=limit) for size, _, b in pairs
    ]


def traced(chain):
    """(bytes after the forward pass, most bytes at any moment) of one step."""
    with traced_memory() as bytes_now_and_most:
        y = chain.forward()
        kept, _ = bytes_now_and_most()
        y.backward()
        return kept, bytes_now_and_most()[1]
