"""Classic wrong backward passes, run on a graph to see which numbers turn wrong, and where.

Each is a program that somebody has written: it takes the right local derivatives and gets the
bookkeeping wrong. Its messages are recorded as the events of a Graph record, so that the viewers
of the right sweep show the wrong ones too.
"""

from collections import deque
from itertools import islice

import numpy as np

from ..engine import Tensor, reverse_sweep, topological_order
from ..graph import make_value
from ..graph.recorder import Recorder
from ..pictures.words import name_all

MOST = 2_000  # messages of a recursion; their number can double with every shared tensor
DIAMOND = "b = a², c = b + a, d = b × c"  # the smallest graph that shows most of them
UNSHARED = "No operator's result has two readers here"
TO_SHOW = f"An inner tensor with two readers shows the mistake: {DIAMOND}"


def wrong_sweeps(output, graph, gradient=1.0):
    """What five classic mistakes make of the reverse sweep of `output`.

    Arguments: output (a tensor with a graph), graph (its record, made with a gradient), gradient
    (the one it was made with: an array of output's shape). Tensors and their `.grad` stay as they
    are.
    Returns a list of dicts: id; title; why (the first moment at which this graph's sweep goes
    wrong, or what a graph needs for the mistake to show); events (to be read in place of the
    record's: a vjp event has "overwrites": true where its contribution replaced the total instead
    of adding to it); cut (was it stopped early, because it would hardly end?). A tensor without
    operators gives an empty list.
    Raises ValueError for a record without a reverse sweep.
    Source of the recursion: micrograd, issue 68.

    >>> from backprop_lab import Graph, tensor
    >>> x = tensor(3.0, requires_grad=True, name="x")
    >>> y = x * x
    >>> [wrong["id"] for wrong in wrong_sweeps(y, Graph.from_tensor(y, gradient=1.0))]
    ['overwrite', 'depth-first', 'breadth-first', 'recursion', 'zero-leaves']
    """
    if output.grad_fn is None:
        return []
    if not any(event["event"] == "seed" for event in graph.events):
        raise ValueError(
            "This record holds no reverse sweep for a wrong one to differ from. Make it with a "
            "gradient: Graph.from_tensor(t, gradient=1.0)."
        )
    return [
        describe_sweep(mistake, Sweep(output, graph), graph, np.asarray(gradient))
        for mistake in MISTAKES
    ]


def describe_sweep(mistake, sweep, graph, gradient):
    """One mistake made on one graph, as plain data."""
    key, title, run, explain = mistake
    forward = [event for event in graph.events if event["event"] == "forward"]
    needed = sum(event["event"] == "vjp" for event in graph.events)
    with np.errstate(all="ignore"):  # a recursion soon leaves the range of floats
        events = run(sweep, gradient)
        backward = list(islice(events, max(1 + MOST, 2 + 2 * needed)))  # with the seeds
        cut = next(events, None) is not None
    why = explain(Story(graph, backward))
    if cut:
        sent = sum(event["event"] == "vjp" for event in backward)
        why += f" Cut off after {sent:,} messages; one right sweep needs {needed:,}."
    return {"id": key, "title": title, "why": why, "events": forward + backward, "cut": cut}


class Sweep:
    """What each tensor holds while a sweep runs, and how a node passes on what its result holds."""

    def __init__(self, output, graph):
        recorder = Recorder(output, {}, local=False)
        recorder.record(None)
        self.ids = recorder.ids  # from a Node, or a leaf, to its id in the record
        self.root = output.grad_fn
        self.order = topological_order(output)
        self.results = {x.grad_fn: x for node in self.order for x in node.inputs}
        self.results[self.root] = output
        self.edges = {(edge["to"], edge["slot"]): edge for edge in graph.edges}
        spoken = {event["edge"] for event in graph.events if event["event"] == "vjp"}
        self.speaking = [edge for edge in graph.edges if edge["id"] in spoken]
        self.totals = {}  # from a Node, or a leaf, to the gradient of its tensor

    def seed(self, gradient):
        """Give the output its gradient, as backward() does; everybody waits to be heard from."""
        self.totals[self.root] = gradient
        self.unheard = {edge["from"]: set() for edge in self.speaking}
        for edge in self.speaking:
            self.unheard[edge["from"]].add(edge["id"])
        return {"event": "seed", "node": self.ids[self.root], "gradient": make_value(gradient)}

    def speak(self, node, overwrites=lambda source: False):
        """Pass what a node's result holds by now on to its inputs, one event for each message.

        Arguments: overwrites (does the next message to this source replace what is there?).
        """
        # A sweep that starts and ends at this node is its vjp, summed back where it broadcasts.
        before_it = [x.grad_fn for x in node.inputs]
        messages = reverse_sweep(self.results[node], {node: self.totals[node]}, until=before_it)
        for _, slot, x_bar, _ in messages:
            x = node.inputs[slot]
            source = x.grad_fn or x
            replaced = source in self.totals and overwrites(source)
            added = source in self.totals and not replaced
            self.totals[source] = self.totals[source] + x_bar if added else x_bar
            edge = self.edges[self.ids[node], slot]
            self.unheard[edge["from"]].discard(edge["id"])
            event = {
                "event": "vjp",
                "edge": edge["id"],
                "contribution": make_value(x_bar),
                "total": make_value(self.totals[source]),
                "awaited": len(self.unheard[edge["from"]]),
            }
            yield event | {"overwrites": True} if replaced else event

    def in_order(self, overwrites=lambda source: False):
        """Let every node speak once, after its readers: this much is right."""
        for node in reversed(self.order):
            if node in self.totals:
                yield from self.speak(node, overwrites)


def overwrite(sweep, gradient):
    """Assign the message (=) where it should be added (+=)."""
    yield sweep.seed(gradient)
    yield from sweep.in_order(overwrites=lambda source: True)


def search(sweep, gradient, newest_first, again):
    """Speak when reached, whoever has not been heard from yet.

    Arguments: newest_first (a stack, so depth first; else a queue, so breadth first), again (speak
    each time a reader has spoken? Else only the first time).
    """
    yield sweep.seed(gradient)
    waiting, reached = deque([sweep.root]), set()
    while waiting:
        node = waiting.pop() if newest_first else waiting.popleft()
        if node in reached and not again:
            continue
        reached.add(node)
        yield from sweep.speak(node)
        needed = zip(node.inputs, node.needs_input_grad, strict=True)
        sources = list(dict.fromkeys(x.grad_fn for x, needs in needed if needs and x.grad_fn))
        waiting.extend(reversed(sources) if newest_first else sources)


def depth_first(sweep, gradient):
    return search(sweep, gradient, newest_first=True, again=False)


def breadth_first(sweep, gradient):
    return search(sweep, gradient, newest_first=False, again=False)


def recursion(sweep, gradient):
    """backward() of a node: speak, then call backward() of each input, in their order."""
    return search(sweep, gradient, newest_first=True, again=True)


def zero_only_leaves(sweep, gradient):
    """backward() twice; in between, the leaves' gradients are zeroed and the others are not."""
    yield sweep.seed(gradient)
    yield from sweep.in_order()
    zeroed = {source for source in sweep.totals if isinstance(source, Tensor)}

    def was_zeroed(source):
        first = source in zeroed
        zeroed.discard(source)
        return first

    yield sweep.seed(gradient)
    yield from sweep.in_order(overwrites=was_zeroed)


class Story:
    """The messages of a sweep as (reader, source, event), to find where it first went wrong.

    The words name no numbers: they stay true when other numbers run through the same graph.
    """

    def __init__(self, graph, events):
        self.titles = name_all(graph, graph.nodes)
        self.inner = {node["id"] for node in graph.nodes if node["op"]}
        edges = {edge["id"]: edge for edge in graph.edges}
        self.messages = [
            (edges[event["edge"]]["to"], edges[event["edge"]]["from"], event)
            for event in events
            if event["event"] == "vjp"
        ]
        self.readers = {}  # those that the right sweep hears from
        for event in graph.events:
            if event["event"] == "vjp":
                edge = edges[event["edge"]]
                self.readers.setdefault(edge["from"], set()).add(edge["to"])
        self.shared = [key for key in self.inner if len(self.readers.get(key, ())) > 1]


def about_overwriting(story):
    last = {}  # from a tensor to the reader whose message it holds
    for reader, source, event in story.messages:
        if "overwrites" in event:
            x, old, new = (story.titles[key] for key in (source, last[source], reader))
            new += " as well" if old == new else ""
            return (
                f"{x} held a message from {old} when the next came, from {new}: = kept only the "
                "new one, where += adds them."
            )
        last[source] = reader
    return (
        "Nothing here is read twice, so there is nothing to overwrite, and = does what += does. A "
        "tensor that is read twice shows the mistake: y = x × x."
    )


def about_speaking_early(story):
    heard = {}
    for reader, source, _ in story.messages:
        expected, so_far = story.readers.get(reader, set()), heard.get(reader, set())
        if so_far < expected:
            b = story.titles[reader]
            return (
                f"{b} passed its gradient on when it had heard from {len(so_far)} of "
                f"{len(expected)} readers; what came later was added to {b} and went no further."
            )
        heard.setdefault(source, set()).add(reader)
    if not story.shared:
        return f"{UNSHARED}, so any way back is right. {TO_SHOW}."
    return (
        "Each node happened to be reached here when all its readers had spoken, so this order is "
        "right. It goes wrong where a tensor with two readers is reached through one of them "
        f"before the other has spoken: {DIAMOND}."
    )


def about_sending_again(story):
    spoken = set()  # edges, by reader: an edge that speaks again belongs to a node that does
    for reader, _, event in story.messages:
        if event["edge"] in spoken:
            return (
                f"{story.titles[reader]} was asked a second time, and passed on all it held: what "
                "it had passed on before was counted twice. Passing on only what is new would be "
                "right."
            )
        spoken.add(event["edge"])
    return f"{UNSHARED}, so each node is asked once and sends nothing twice. {TO_SHOW}."


def about_what_was_left(story):
    for _, source, _ in story.messages:
        if source in story.inner:
            x = story.titles[source]
            return (
                f"Only the leaves were zeroed before the second backward(). {x} still held its "
                "gradient from the first, and passed it on once more together with the new one."
            )
    return (
        "No tensor stands between the leaves and the output here, and the output gets its gradient "
        "anew each time, so nothing is left over. One more step shows it: t = x × x, y = t × x."
    )


MISTAKES = (  # id, title, the sweep, what to say of it
    ("overwrite", "Overwrite: = for +=", overwrite, about_overwriting),
    ("depth-first", "Depth first, no order", depth_first, about_speaking_early),
    ("breadth-first", "Breadth first, no order", breadth_first, about_speaking_early),
    ("recursion", "Recursion that sends again", recursion, about_sending_again),
    ("zero-leaves", "Zero only the leaves", zero_only_leaves, about_what_was_left),
)
