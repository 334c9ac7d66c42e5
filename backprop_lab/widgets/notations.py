"""The notations of the Rosetta stone, made alike, so that one more is one class more.

Each has a title, says what stands for a node and for an arrow and where the reader has seen it,
draws a program (markup in which data-of names a node of the record, and data-edges some edges),
and tells where a thing stands in it.
"""

from html import escape

from ..pictures.arrows import make_arrows
from ..pictures.cards import make_cards
from ..pictures.svg import write_scene
from ..pictures.text import clean
from ..pictures.values import downward, values_scene
from ..pictures.view import view_of
from ..pictures.words import result
from .program import CHARACTER, GUTTER, row, token


class Notation:
    """One way to write a program down. Argument: program (a Program)."""

    def __init__(self, program):
        self.program, self.graph = program, program.graph

    def column(self):
        """What stands in its column: title, caption as [term, text] pairs, markup, width."""
        drawn = self.draw()
        caption = [["node", self.node], ["arrow", self.arrow], ["seen in", self.seen]]
        return {"title": self.title, "caption": caption} | drawn

    def value(self, node):
        """A tensor with its value, as far as that is known: "t1 = 3", "W of shape 3×4"."""
        return self.program.names[node["id"]] + result(node["value"])


class Operators(Notation):
    """Operators are nodes, tensors are arrows."""

    title = "Operators are nodes"
    node = "an operator with its result; a leaf"
    arrow = "a tensor on its way to a reader"
    seen = "this course’s pictures, PyTorch"

    def draw(self):
        view = view_of(self.graph, expand=True)
        cards = make_cards(view)
        arrows = make_arrows(view, cards)
        layout = downward({key: card.size for key, card in cards.items()}, arrows)
        drawn = write_scene(cards, arrows, layout)
        return {"markup": drawn["svg"], "width": drawn["width"]}

    def node_words(self, node):
        if node["id"] in self.program.literals:
            return "a dashed leaf and its arrow"
        return (
            f"the box {clean(node['label'])}"
            if node["op"]
            else f"the leaf {self.program.names[node['id']]}"
        )

    def reading_words(self, node, source, times):
        return f"an arrow into the box {clean(node['label'])}"


class Values(Notation):
    """Values are nodes, and operators stand between them."""

    title = "Values are nodes"
    node = "a value, round; an operator, small"
    arrow = "a value going in, or coming out"
    seen = "micrograd, many textbooks"

    def draw(self):
        drawn = values_scene(self.graph)
        return {"markup": drawn["svg"], "width": drawn["width"]}

    def node_words(self, node):
        if node["id"] in self.program.literals:
            return "a dashed circle and its arrow"
        circle = f"the circle {self.value(node)}"
        return f"a small {clean(node['label'])} and {circle}" if node["op"] else circle

    def reading_words(self, node, source, times):
        return f"an arrow into the small {clean(node['label'])}"


class Lines(Notation):
    """A line for each operator, in forward order."""

    title = "A linear program"
    node = "a line: an operator, a new name"
    arrow = "a name read to the right of ="
    seen = "compilers, Wengert 1964, JAX’s jaxpr"

    def draw(self):
        return {"markup": self.program.markup(), "width": self.program.width()}

    def node_words(self, node):
        if node["id"] in self.program.literals:
            return f"the {self.program.names[node['id']]} in {self.program.readers(node['id'])}"
        return f"line {self.program.numbers[node['id']]}"

    def reading_words(self, node, source, times):
        return f"the name {source}{times} in line {self.program.numbers[node['id']]}"


class GradFns(Notation):
    """PyTorch's own chain, as it is walked from grad_fn along next_functions."""

    title = "PyTorch’s grad_fn chain"
    node = "a grad_fn; AccumulateGrad for a leaf"
    arrow = "an entry of next_functions"
    seen = "print(y.grad_fn), error messages"

    def __init__(self, program):
        super().__init__(program)
        self.functions, self.beside = program.chain.functions, program.chain.beside
        listed = [n for n in reversed(program.graph.nodes) if n["id"] not in program.literals]
        self.listed = sorted(listed, key=lambda node: node["op"] is None)  # leaves come last
        self.places = {node["id"]: i for i, node in enumerate(self.listed, start=1)}

    def draw(self):
        lines = [self.line(node) for node in self.listed]
        longest = max(len("".join(text for text, _ in pieces)) for pieces in lines)
        markup = "".join(
            row(node["id"], place, "".join(token_of(text, found) for text, found in pieces))
            for place, (node, pieces) in enumerate(zip(self.listed, lines, strict=True), start=1)
        )
        return {"markup": markup, "width": round(longest * CHARACTER + GUTTER)}

    def line(self, node):
        """A grad_fn and what follows it, as pieces: a text, and what a script finds it by."""
        key, edges = node["id"], self.program.inputs[node["id"]]
        pieces = [(self.functions[key], {"of": key, "kind": "token made"})]
        if node["op"] is None:
            return [*pieces, (f"  {self.program.names[key]}", {})]
        for edge in edges:
            if edge["id"] in self.beside:  # a number that the grad_fn itself holds
                held = self.program.names[edge["from"]], found_by(self, edge)
                pieces += [("(", {}), held, (")", {})]
        entries = [edge for edge in edges if edge["id"] not in self.beside]
        for i, edge in enumerate(entries):
            pieces += [(", " if i else " → ", {}), (self.entry(edge), found_by(self, edge))]
        return pieces

    def entry(self, edge):
        """How next_functions points at a source: by its line where its name alone does not say."""
        name, source = self.functions[edge["from"]], edge["from"]
        if name == "AccumulateGrad":
            return f"{name}({self.program.names[source]})"
        shared = name != "None" and list(self.functions.values()).count(name) > 1
        return f"{name} ↓{self.places[source]}" if shared else name

    def node_words(self, node):
        if node["id"] not in self.program.literals:
            return f"line {self.places[node['id']]}"
        edge = next(e for e in self.graph.edges if e["from"] == node["id"])
        held = "held by the grad_fn in" if edge["id"] in self.beside else "the None in"
        return f"{held} line {self.places[edge['to']]}"

    def reading_words(self, node, source, times):
        return f"the entry for {source}{times} in line {self.places[node['id']]}"


def found_by(notation, edge):
    """What marks an edge in the chain: the number itself, if it stands for one."""
    if edge["from"] in notation.program.literals:
        return {"of": edge["from"], "kind": "token"}
    return {"edges": edge["id"], "kind": "token"}


def token_of(text, found):
    """A piece of a line as markup."""
    return token(text, **found) if found else escape(text)


NOTATIONS = (Operators, Values, Lines)
