"""The slips that people make when they go through a graph by hand, each as a rule."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

LOCAL = {
    "+": lambda x, y: [1.0, 1.0],
    "-": lambda x, y: [1.0, -1.0],
    "*": lambda x, y: [y, x],
    "square": lambda x: [2 * x],
    "max": lambda x, y: [float(x > y), float(y > x)],
}
FUNCTIONS = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "square": lambda x: x * x,
    "max": max,
}


def forward(rows, leaves):
    """The value of every tensor; rows stand in a topological order."""
    values = dict(leaves)
    for name, (symbol, *inputs) in rows.items():
        if inputs:
            values[name] = FUNCTIONS[symbol](*[values[x] for x in inputs])
    return values


def local_derivatives(rows, values, other=None):
    """{operator: a number for each input}, with other rules for some operators if wanted."""
    rules = LOCAL | (other or {})
    return {
        name: [float(x) for x in rules[row[0]](*[values[x] for x in row[1:]])]
        for name, row in rows.items()
        if row[1:]
    }


def sweep(rows, local, put, names=None):
    """Gradients by a sweep in which `put(before, message)` says what a tensor has after a message.

    Arguments: names (who speaks in which order; the reverse of the rows if left out).
    """
    result = list(rows)[-1]
    gradients = {name: 0.0 for name in rows} | {result: 1.0}
    for name in names or reversed(rows):
        for x, slope in zip(rows[name][1:], local.get(name, []), strict=True):
            gradients[x] = put(gradients[x], gradients[name] * slope)
    return gradients


def add(before, message):
    return before + message


def right(rows, values):
    local = local_derivatives(rows, values)
    return local, sweep(rows, local, add)


def entries(values, local, gradients):
    """All numbers of a form, as {where it stands: number}, in the order of the work."""
    found = {("values", name): x for name, x in values.items()}
    found |= {("local", name, i): x for name, row in local.items() for i, x in enumerate(row)}
    return found | {("gradients", name): x for name, x in gradients.items()}


def messages(rows, local, gradients, name):
    """What reaches a tensor, as (reader, its gradient, local derivative), the last reader first."""
    return [
        (reader, gradients[reader], slope)
        for reader in reversed(rows)
        for x, slope in zip(rows[reader][1:], local.get(reader, []), strict=True)
        if x == name
    ]


def with_other(symbol, rule):
    """A slip at one operator's local derivative, carried through a sweep that is right."""

    def slip(rows, values):
        local = local_derivatives(rows, values, {symbol: rule})
        return local, sweep(rows, local, add)

    return slip


def with_messages(put):
    """A slip in how messages are put together, with local derivatives that are right."""

    def slip(rows, values):
        local = local_derivatives(rows, values)
        return local, sweep(rows, local, put)

    return slip


def nearest_first(rows, values):
    local, queue = local_derivatives(rows, values), [list(rows)[-1]]
    for name in queue:
        queue += [x for x in dict.fromkeys(rows[name][1:]) if x not in queue]
    return local, sweep(rows, local, add, queue)


def sends_again(rows, values):
    """Each message that arrives sets off everything that has arrived so far."""
    local, gradients = local_derivatives(rows, values), dict.fromkeys(rows, 0.0)

    def tell(name, message):
        gradients[name] += message
        for x, slope in zip(rows[name][1:], local.get(name, []), strict=True):
            tell(x, gradients[name] * slope)

    tell(list(rows)[-1], 1.0)
    return local, gradients


def forgets_upstream(rows, values):
    local = local_derivatives(rows, values)
    gradients = {name: 0.0 for name in rows} | {list(rows)[-1]: 1.0}
    for name, slopes in local.items():
        for x, slope in zip(rows[name][1:], slopes, strict=True):
            gradients[x] += slope
    return local, gradients


def loses_repeats(rows, values):
    once = {name: [row[0], *dict.fromkeys(row[1:])] for name, row in rows.items()}
    local = local_derivatives(rows, values)
    kept = {name: slopes[: len(once[name]) - 1] for name, slopes in local.items()}
    return local, sweep(once, kept, add)


def put_once(put):
    def once(rows, local, gradients, name):
        total = 0.0
        for _, upstream, slope in messages(rows, local, gradients, name):
            total = put(total, upstream * slope)
        return [total]

    return once


def slopes_once(rows, local, gradients, name):
    return [sum(slope for _, _, slope in messages(rows, local, gradients, name))]


def repeats_once(rows, local, gradients, name):
    first = {}
    for reader, upstream, slope in messages(rows, local, gradients, name):
        first.setdefault(reader, upstream * slope)
    return [sum(first.values())]


def sent_before(combine):
    """One reader sent something else than its gradient: what `combine` makes of its messages."""

    def once(rows, local, gradients, name):
        heard = messages(rows, local, gradients, name)
        found = []
        for reader in {reader for reader, *_ in heard}:
            parts = [z_bar * slope for _, z_bar, slope in messages(rows, local, gradients, reader)]
            for sent in combine(list(accumulate(parts))) if len(parts) > 1 else ():
                numbers = [(sent if r == reader else z_bar) * slope for r, z_bar, slope in heard]
                found.append(sum(numbers))
        return found

    return once


@dataclass(frozen=True)
class Slip:
    """One way to go wrong.

    rule(rows, values) -> (local derivatives, gradients) if it is made throughout; says: what to
    say; once(rows, local, gradients, name) -> the gradients that a tensor may have if it is made
    there alone, with all else as given (None for a slip in the local derivatives).
    """

    id: str
    rule: Callable
    says: str
    once: Callable | None = None


SLIPS = (
    Slip(
        "own_factor",
        with_other("*", lambda x, y: [x, y]),
        "At a product each input got its own value. A nudge of one factor is stretched by the "
        "other one.",
    ),
    Slip(
        "minus_lost",
        with_other("-", lambda x, y: [1.0, 1.0]),
        "At a difference both sides got 1. When the second number grows, the difference shrinks.",
    ),
    Slip(
        "square_without_2",
        with_other("square", lambda x: [x]),
        "The slope of x² is missing its 2: x stands there twice, and both count.",
    ),
    Slip(
        "square_not_lowered",
        with_other("square", lambda x: [2 * x * x]),
        "At the square the exponent came down as a factor and stayed above as well.",
    ),
    Slip(
        "max_to_both",
        with_other("max", lambda x, y: [1.0, 1.0]),
        "max passed a gradient to both inputs. A nudge of the smaller one changes nothing.",
    ),
    Slip(
        "overwrites",
        with_messages(lambda before, message: message),
        "Where two messages meet, the last one erased what was there. They add.",
        put_once(lambda before, message: message),
    ),
    Slip(
        "first_message_only",
        with_messages(lambda before, message: before or message),
        "Where two messages meet, only the first one was kept. They add.",
        put_once(lambda before, message: before or message),
    ),
    Slip(
        "multiplies_messages",
        with_messages(lambda before, message: (before or 1.0) * message),
        "Where two messages meet, they were multiplied. Factors along one road multiply; different "
        "roads add.",
        put_once(lambda before, message: (before or 1.0) * message),
    ),
    Slip(
        "forgets_upstream",
        forgets_upstream,
        "The local derivatives were added up without what came from upstream. A message is the "
        "operator's own gradient times its local derivative.",
        slopes_once,
    ),
    Slip(
        "nearest_first",
        nearest_first,
        "A tensor passed its gradient on before all of its readers had spoken; what came later "
        "went no further.",
        sent_before(lambda totals: totals[:-1]),
    ),
    Slip(
        "sends_again",
        sends_again,
        "When a second message came, everything that had come so far was passed on again. Each "
        "tensor speaks once, after all of its readers.",
        sent_before(lambda totals: [sum(totals)]),
    ),
    Slip(
        "loses_repeats",
        loses_repeats,
        "Where an operator reads the same tensor twice, only one of the two messages was sent.",
        repeats_once,
    ),
)
LOST = ("overwrites", "first_message_only", "loses_repeats")  # one message counts, out of several
ONE_IS_MISSING = "A message is missing in it. Every edge brings one of its own, and they add."
