"""What each step of a computation says: one sentence for each event of a record.

`story.js` says the same in the page, where the numbers can change; a browser test holds the two
equal. So the words here are put together from few parts, and all that needs care with names is
handed over as data (`vocabulary`).
"""

from collections import Counter

from ..pictures.cards import gradient_word
from ..pictures.text import clean, content, is_written_out
from ..pictures.words import formula, name_all, result

GONE = ", a value that PyTorch has not kept"  # where a torch tensor was not recorded


def tell(graph, events=None):
    """One sentence for each event.

    Arguments: graph (a Graph with values), events (to be told in place of the graph's own: those
    of a wrong sweep). Returns a list of texts.

    >>> from backprop_lab import Graph, tensor
    >>> x = tensor(3.0, requires_grad=True, name="x")
    >>> for sentence in tell(Graph.from_tensor(x * x, gradient=1.0)):
    ...     print(sentence)
    Forward through ×: x × x = 9.
    Backward starts at x × x: its gradient is 1.
    Backward through × to x: 1 × 3 = 3; it is the first of 2 messages.
    Backward through × to x: 1 × 3 = 3; x had 3, now 6. Both messages are in.
    """
    story = Story(graph)
    return [story.tell(event) for event in (graph.events if events is None else events)]


def vocabulary(graph):
    """What sentences call things: the titles, formulas and symbols of nodes, the kinds of local
    derivatives that are no numbers, and the word for what travels backward."""
    inputs, titles = graph.inputs(), name_all(graph, graph.nodes)
    operators = [node for node in graph.nodes if node["op"]]
    return {
        "titles": titles,
        "formulas": {n["id"]: formula(n, inputs[n["id"]], titles) for n in operators},
        "symbols": {node["id"]: clean(node["label"]) for node in operators},
        "locals": {edge["id"]: kind(edge) for edge in graph.edges if edge["local"]},
        "word": gradient_word(graph) or "gradient",
    }


def kind(edge):
    """What happens to a cotangent on its way along an edge between tensors: "diagonal", "· Wᵀ"."""
    text = clean(edge["local"]["text"] or edge["local"]["kind"], 24)
    return f"{text}, summed over {edge['copies']} copies" if edge["copies"] > 1 else text


class Story:
    """What each tensor holds and has heard while the events of one sweep go by.

    totals: gradients by node id; heard: {node id: edges whose messages have arrived}; due: how
    many messages the right sweep sends to each node; zeroed: the nodes whose gradient was set to
    zero between two sweeps.
    """

    def __init__(self, graph):
        self.called = vocabulary(graph)
        self.nodes = {node["id"]: node for node in graph.nodes}
        self.edges = {edge["id"]: edge for edge in graph.edges}
        spoken = [event["edge"] for event in graph.events if event["event"] == "vjp"]
        self.due = Counter(self.edges[key]["from"] for key in spoken)
        self.totals, self.heard, self.zeroed = {}, {}, set()

    def tell(self, event):
        """The sentence of the next event."""
        return getattr(self, f"tell_{event['event']}")(event)

    def tell_forward(self, event):
        key = event["node"]
        title, made = self.called["titles"][key], self.called["formulas"][key]
        made = made if title == made else f"{title} = {made}"
        symbol = self.called["symbols"][key]
        value = self.nodes[key]["value"]
        came_out = result(value) if value else GONE
        return f"Forward through {symbol}: {made}{came_out}."

    def tell_seed(self, event):
        again = bool(self.totals)
        self.zeroed = {key for key in self.totals if self.nodes[key]["op"] is None}
        self.totals[event["node"]], self.heard = event["gradient"], {}
        value, word = event["gradient"], self.called["word"]
        is_it = "is" if is_written_out(value) else "has shape"
        title = self.called["titles"][event["node"]] + (" once more" if again else "")
        zeroed = " The leaves have been zeroed." if again else ""
        return f"Backward starts at {title}: its {word} {is_it} {content(value)}.{zeroed}"

    def tell_vjp(self, event):
        edge = self.edges[event["edge"]]
        source, reader = edge["from"], edge["to"]
        early = len(self.heard.get(reader, ())) < self.due[reader]
        title, symbol = self.called["titles"][source], self.called["symbols"][reader]
        clauses = [
            f"Backward through {symbol} to {title}: {self.product(event, edge)}",
            *filter(None, [self.change(event, source, title), self.count(event, source)]),
        ]
        if early:
            heard, due = len(self.heard.get(reader, ())), self.due[reader]
            clauses.append(f"Too early: {self.called['titles'][reader]} had heard {heard} of {due}")
        self.totals[source] = event["total"]
        self.zeroed.discard(source)
        self.heard.setdefault(source, set()).add(event["edge"])
        return clauses[0] + "".join(map(joined, clauses[1:])) + "."

    def product(self, event, edge):
        """The message as a product: numbers, or shapes and what happens to them."""
        local, text = edge["local"], self.called["locals"][edge["id"]]
        before, after = content(self.totals[edge["to"]]), content(event["contribution"])
        if local["kind"] == "scalar":
            factor = content(local["value"])
            return f"{before} × {f'({factor})' if factor[0] == '−' else factor} = {after}"
        if text.startswith("·"):
            return f"{before} {text} = {after}"
        if text.endswith("·"):
            return f"{text} {before} = {after}"
        return f"{self.called['word']} {before}, local derivative {text}, message {after}"

    def change(self, event, source, title):
        """What the message makes of what was there, if anything was."""
        had, now = self.totals.get(source), event["total"]
        if had is None:
            return None
        if source in self.zeroed:
            return f"; {title} had been zeroed"
        if not is_written_out(now):
            placed = "put in place of" if event.get("overwrites") else "added to"
            return f"; it is {placed} what {title} had"
        became = "and = leaves" if event.get("overwrites") else "now"
        return f"; {title} had {content(had)}, {became} {content(now)}"

    def count(self, event, source):
        """How many of the messages that are due have arrived."""
        heard, due = self.heard.get(source, set()), self.due[source]
        if event["edge"] in heard:
            return "This message had come before"
        arrived = len(heard) + 1
        if due < 2:
            return None
        if arrived == due:
            return f"{'Both' if due == 2 else f'All {due}'} messages are in"
        if arrived == 1:
            first = f"t is the first of {due} messages"
            return f"I{first}" if source in self.totals else f"; i{first}"
        return f"{arrived} of {due} messages are in"


def joined(clause):
    return clause if clause.startswith(";") else f". {clause}"
