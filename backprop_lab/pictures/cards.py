"""What stands on the card of each node, and how large that makes it.

An operator's card has two halves: a badge with its symbol (what ran) and a tag (the tensor that
came out, which the arrows then carry on). A leaf is a tag alone: nothing ran. So is a folded group.
"""

from dataclasses import dataclass, field

from .outlines import BEHIND
from .text import clean, content, is_written_out, isolate, roomy, shape, width

# Their inputs can be swapped, so nothing needs to be said about which comes first.
SYMMETRIC = {"+", "*", "max", "maximum", "minimum"}
NOT_REACHED = "not reached"  # never 0: nothing arrived, which is not the same as a sum of zero
NOT_KEPT = "not kept"
PIN = 10  # more room in a badge for the numbers of the inputs
SIZE, SMALL = 14, 12.5  # font sizes, in pixels
LINE, PAD, LITTLE = 18, 22, 28  # heights: of a line after the first, of the rest, of a constant
MARK = "■"  # of what is saved
LISTED = 2  # tensors or readers that a line names; more are counted


@dataclass
class Line:
    """A line of text on a card. name stands before the text, in bold; part says what it is."""

    text: str
    kind: str
    part: str
    size: float = SMALL
    name: str | None = None
    room: float = 0  # pixels

    def __post_init__(self):
        here = width(self.name or "", self.size, bold=True) + width(self.text, self.size)
        self.room = max(self.room, here)


@dataclass
class Card:
    """One node of the view: its lines, and sizes in pixels.

    symbol: what stands in the badge (None for a leaf); pins: {source: "1"}, where the order of the
    inputs matters; of: the node of the record; members: those that a folded group holds.
    """

    kind: str
    of: str
    symbol: str | None
    lines: list
    pins: dict
    badge: float = 0
    tag: float = 0
    height: float = 0
    members: list = field(default_factory=list)

    @property
    def size(self):
        return self.badge + self.tag, self.height


def make_cards(view, saved=False, live=False, marks=()):
    """A Card for each node of the view, as {id: Card}.

    Arguments: saved (mark what is kept for backward?), live (leave room for any number, and a
    place for the gradient of every node?), marks ({id: what else is to stand on a card}).
    """
    entering = {node["id"]: [] for node in view.nodes}
    for edge in view.edges:
        entering[edge["to"]].append(edge)
    told = Gradients(view.record, live)
    kept = saved_lines(view) if saved else {}
    leaving = leaving_lines(view, live)
    cards = {}
    for node in view.nodes:
        key = node["id"]
        lines = [title(node, live), *leaving.get(key, []), told.line(node), kept.get(key)]
        if key in view.uses:
            lines.append(Line("use {} of {}".format(*view.uses[key]), "muted", "use"))
        if key in marks:
            lines.append(Line(marks[key], "ink", "mark"))
        pins = {} if node["op"] in SYMMETRIC or node["op"] is None else numbered(entering[key])
        cards[key] = sized_card(node, list(filter(None, lines)), pins)
        cards[key].members = view.members.get(key, [])
    return cards


def is_gone(node):
    """Has the value of a tensor been let go, so that only its shape is known?"""
    return node["value"] is None and node["shape"] is not None


def without_value(node):
    """What stands for a value that is gone: "not kept", after the shape if it is no scalar."""
    return ", ".join(filter(None, [node["shape"] and shape(node["shape"]), NOT_KEPT]))


def sized_card(node, lines, pins):
    kind, leaf = node["kind"], node["op"] is None
    symbol = None if leaf else clean(node["label"])
    room = max(line.room for line in lines)
    tag = room + {"constant": 14, "input": 28}.get(kind, 20)
    tag = max(tag, 52) if kind == "input" else tag  # a pill is wider than high
    badge = 0 if leaf else max(32, width(symbol, symbol_size(symbol), bold=True) + 12)
    badge += PIN * bool(pins)
    below = sum(line.size > 0 for line in lines[1:])
    height = LITTLE if kind == "constant" and not below else PAD + SMALL + LINE * below
    height = {0: 44, 1: 52}.get(below, height) if kind != "constant" else height
    if kind == "group":
        tag, height = tag + BEHIND, height + BEHIND
    of = node["alias_of"] or node["id"]
    return Card(kind, of, symbol, lines, pins, round(badge), round(tag), height)


def title(node, live):
    """The first line of a card: the name of the tensor, and what it is."""
    name, rest = first_line(node)
    if node["kind"] == "group":
        return Line("", "ink", "title", SIZE, name)
    size = SMALL if node["kind"] == "constant" else SIZE
    widest = first_line(node | {"value": node["value"] and roomy(node["value"])})
    room = width(widest[0], size, bold=True) + width(widest[1], size) if live else 0
    return Line(rest, "ink", "title", size, name, room)


def first_line(node):
    """The name of the tensor that leaves a node, and what follows it: "b" and " = 9"."""
    name, value = node["name"], node["value"]
    if value is None:
        between = "  " if name and is_gone(node) else ""
        return isolate(clean(name or "")), between + (without_value(node) if is_gone(node) else "")
    if name is None or (node["kind"] == "constant" and is_written_out(value)):
        return "", content(value)
    between = " = " if is_written_out(value) else "  "
    return isolate(clean(name)), between + content(value)


class Gradients:
    """What the reverse sweep found, as lines of cards."""

    def __init__(self, graph, live):
        self.found, self.word, self.live = graph.gradients(), gradient_word(graph), live

    def line(self, node):
        key = node["alias_of"] or node["id"]
        if node["kind"] in ("constant", "group") or not (self.word or self.live):
            return None
        # Cards must be narrow; the footnote spells the word out.
        short = (self.word or "gradient").replace("gradient", "grad")
        value = self.found.get(key)
        text = f"{short} {content(value)}" if value else NOT_REACHED if self.word else ""
        widest = f"{short} {content(roomy(node['value']))}" if node["value"] else ""
        room = max(width(widest, SMALL), width(NOT_REACHED, SMALL)) if self.live else 0
        kind = "missing" if text == NOT_REACHED else "gradient"
        return Line(text, kind, "gradient", SMALL, room=room)


def gradient_word(graph):
    """What backward found: gradients of a scalar, cotangents of anything else; None before."""
    seeds = [event["gradient"] for event in graph.events if event["event"] == "seed"]
    return ("cotangent" if seeds[0]["shape"] else "gradient") if seeds else None


def leaving_lines(view, live):
    """For each folded group: what it holds, and the tensors that leave it."""
    inside = view.inside()
    leaving = {key: {} for key in view.members}
    by_id = {node["id"]: node for node in view.record.nodes}
    for node in view.record.nodes:
        if node["kind"] == "output" and node["id"] in inside:
            leaving[inside[node["id"]]][node["id"]] = node
    for edge in view.record.edges:
        source, reader = edge["from"], edge["to"]
        if source in inside and inside.get(reader) != inside[source]:
            leaving[inside[source]][source] = by_id[source]
    held = {node["id"]: node["label"] for node in view.nodes}
    return {
        key: [Line(held[key], "muted", "held"), Line(few_tensors(nodes, live), "ink", "leaving")]
        for key, nodes in leaving.items()
    }


def few_tensors(nodes, live):
    """The tensors that leave a group: "→ h  1×4, c  1×4". Numbers that may change are left out."""
    if len(nodes) > LISTED:
        return f"→ {len(nodes)} tensors"
    told = []
    for node in nodes.values():
        name, rest = first_line(node)
        numbers = live and node["value"] and is_written_out(node["value"])
        told.append((name or "a number") if numbers else name + rest)
    return "→ " + ", ".join(told)


def saved_lines(view):
    """For each card whose tensor is kept for backward: by which operators. For groups: how many."""
    by_id = {node["id"]: node for node in view.record.nodes}
    inside, drawn = view.inside(), {edge["id"]: edge["from"] for edge in view.edges}
    kept, within = {}, {key: set() for key in view.members}
    for edge in view.record.edges:
        reader = by_id[edge["to"]]
        if f"input {edge['slot']}" in reader["saved"]:
            if reader["id"] in inside:
                within[inside[reader["id"]]].add(edge["from"])
            if edge["id"] in drawn:
                kept.setdefault(drawn[edge["id"]], {})[clean(reader["label"])] = None
    for node in view.record.nodes:
        if {"output", "other"} & set(node["saved"]):
            if node["id"] in inside:
                within[inside[node["id"]]].add(node["id"])
            else:
                kept.setdefault(node["id"], {})[clean(node["label"])] = None
    lines = {}
    for key, readers in kept.items():
        names = ", ".join(readers) if len(readers) <= LISTED else f"{len(readers)} operators"
        lines[key] = Line(f"{MARK} saved for {names}", "saved", "saved")
    for key, found in within.items():
        many = f"{len(found)} tensor{'s' * (len(found) > 1)}"
        lines[key] = Line(f"{MARK} saved: {many}", "saved", "saved") if found else None
    return lines


def numbered(edges):
    """Which input comes from where, counted from 1; nothing if there is only one source.

    >>> numbered([{"from": "x", "slot": 0}, {"from": "y", "slot": 1}])
    {'x': '1', 'y': '2'}
    """
    pins = {}
    for edge in edges:
        pins.setdefault(edge["from"], []).append(str(edge["slot"] + 1))
    return {source: ",".join(slots) for source, slots in pins.items()} if len(pins) > 1 else {}


def symbol_size(symbol):
    return 20 if len(symbol) < 3 else SIZE
