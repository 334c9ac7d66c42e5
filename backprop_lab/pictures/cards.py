"""What stands on the card of each node, and how large that makes it.

An operator's card has two halves: a badge with its symbol (what ran) and a tag (the tensor that
came out, which the arrows then carry on). A leaf is a tag alone: nothing ran.
"""

from collections import Counter
from dataclasses import dataclass

from .text import clean, content, is_written_out, isolate, width

# Their inputs can be swapped, so nothing needs to be said about which comes first.
SYMMETRIC = {"+", "*", "max", "maximum", "minimum"}
NOT_REACHED = "not reached"  # never 0: nothing arrived, which is not the same as a sum of zero
PIN = 10  # more room in a badge for the numbers of the inputs
SIZE, SMALL = 14, 12.5  # font sizes, in pixels
TALL, TALLER, LITTLE = 44, 52, 28  # heights of a card: one line, two lines, a constant


@dataclass
class Card:
    """kind, symbol (None for a leaf), name and rest (the first line), gradient (the second line,
    or None), pins ({source id: "1"}, where the order of inputs matters); sizes in pixels."""

    kind: str
    symbol: str | None
    name: str
    rest: str
    gradient: str | None
    pins: dict
    badge: float
    tag: float
    height: float

    @property
    def size(self):
        return self.badge + self.tag, self.height


def make_cards(graph):
    """A Card for each node of the graph, as {id: Card}."""
    inputs, gradients = graph.inputs(), graph.gradients()
    word = gradient_word(graph)
    return {
        node["id"]: make_card(node, inputs[node["id"]], gradient_line(node, gradients, word))
        for node in graph.nodes
    }


def gradient_word(graph):
    """What backward found: gradients of a scalar, cotangents of anything else; None before."""
    seeds = [event["gradient"] for event in graph.events if event["event"] == "seed"]
    return ("cotangent" if seeds[0]["shape"] else "gradient") if seeds else None


def gradient_line(node, gradients, word):
    if not word or node["kind"] == "constant":
        return None
    found = gradients.get(node["id"])
    short = word.replace("gradient", "grad")  # cards must be narrow; the footnote spells it out
    return f"{short} {content(found)}" if found else NOT_REACHED


def make_card(node, inputs, gradient):
    leaf, constant = node["op"] is None, node["kind"] == "constant"
    name, rest = first_line(node)
    symbol = None if leaf else clean(node["label"])
    pins = {} if node["op"] in SYMMETRIC else number_inputs(inputs)
    size = SMALL if constant else SIZE
    text = max(width(name, size, bold=True) + width(rest, size), width(gradient or "", SMALL))
    tag = text + {"constant": 14, "input": 28}.get(node["kind"], 20)
    tag = max(tag, 52) if node["kind"] == "input" else tag  # a pill is wider than high
    badge = 0 if leaf else max(32, width(symbol, symbol_size(symbol), bold=True) + 12)
    badge += PIN * bool(pins)
    height = LITTLE if constant else TALLER if gradient else TALL
    return Card(node["kind"], symbol, name, rest, gradient, pins, round(badge), round(tag), height)


def first_line(node):
    """The name of the tensor that leaves a node, and what follows it: "b" and " = 9"."""
    name, value = node["name"], node["value"]
    if value is None:
        return isolate(clean(name)), ""
    if name is None or (node["kind"] == "constant" and is_written_out(value)):
        return "", content(value)
    between = " = " if is_written_out(value) else "  "
    return isolate(clean(name)), between + content(value)


def number_inputs(edges):
    """Which input comes from where, counted from 1; nothing if there is only one source.

    >>> number_inputs([{"from": "x", "slot": 0}, {"from": "y", "slot": 1}])
    {'x': '1', 'y': '2'}
    """
    pins = {}
    for edge in edges:
        pins.setdefault(edge["from"], []).append(str(edge["slot"] + 1))
    return {source: ",".join(slots) for source, slots in pins.items()} if len(pins) > 1 else {}


def symbol_size(symbol):
    return 20 if len(symbol) < 3 else SIZE


def make_arrows(graph, cards):
    """The arrows to draw, as (from, to, label): one for all edges between the same two nodes."""
    times = Counter((edge["from"], edge["to"]) for edge in graph.edges)
    copied = {(edge["from"], edge["to"]): edge["copies"] for edge in graph.edges if edge["local"]}
    labels = {}
    for (source, reader), n in times.items():
        parts = [f"×{n}"] if n > 1 and source not in cards[reader].pins else []
        if copied.get((source, reader), 1) > 1:
            parts.append(f"{copied[source, reader]} copies")
        labels[source, reader] = ", ".join(parts) or None
    return [(*ends, label) for ends, label in labels.items()]


def sized(arrows):
    """The arrows with the room that each label takes instead of the label."""
    return [(a, b, label and (width(label, SMALL) + 4, 18)) for a, b, label in arrows]


def footnote(graph):
    """What the second lines mean, to stand once below the picture; None without such lines."""
    word = gradient_word(graph)
    if word is None:
        return None
    seed = next(event for event in graph.events if event["event"] == "seed")
    names = {node["id"]: node["name"] for node in graph.nodes}
    output = isolate(clean(names[seed["node"]] or "the output"))
    if seed["gradient"]["shape"] or seed["gradient"]["data"] != [1.0]:
        output += ", weighted by what backward() was given,"
    spelled = "grad: the gradient," if word == "gradient" else f"{word}:"
    return f"{spelled} how far {output} moves per unit of the tensor"
