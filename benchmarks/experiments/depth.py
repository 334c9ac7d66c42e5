"""The gradient of all parameters costs a few forward passes, however many parameters there are."""

from statistics import median

from ..peers import NAMES, OURS
from ..problems import Mlp
from ..results import Result, Row, Target
from ..timing import clock, interleave, ratio

DEPTHS = (1, 3, 10, 30, 100, 300, 1000)
WIDTH, BATCH = 32, 32
YARDSTICK = "torch_eager"


def depth(session):
    """Networks of 1 to 1,000 layers; the two passes of one step are timed one after the other."""
    keys = [key for key in (OURS, YARDSTICK) if key in session.modules]
    passes = {(key, layers): [] for key in keys for layers in DEPTHS}
    steps = {
        (key, layers): two_passes(session.modules[key].Mlp(network(layers, session.dtype)), log)
        for (key, layers), log in passes.items()
    }
    interleave(steps, session.few(3))
    rows = [row(key, layers, log) for (key, layers), log in passes.items()]
    title = f"gradient of all parameters, layers of {WIDTH}, batch {BATCH}"
    return Result("depth", title, rows, sizes="layers", ratios="backward / forward")


def network(layers, dtype):
    return Mlp((WIDTH,) * layers + (10,), BATCH, dtype)


def two_passes(network, log):
    """A step without its update, which notes the seconds of (forward, backward)."""

    def step():
        for parameter in network.parameters:
            parameter.grad = None
        start = clock()
        loss = network.forward()
        middle = clock()
        loss.backward()
        log.append((middle - start, clock() - middle))

    return step


def row(key, layers, log):
    """The time of both passes, and how many forward passes the backward pass is worth."""
    forward, backward = zip(*log, strict=True)
    seconds = [sum(passes) for passes in log]
    target = Target(3) if key == OURS else None
    return Row(
        NAMES[key], layers, median(seconds), "s/gradient", seconds, ratio(backward, forward), target
    )
