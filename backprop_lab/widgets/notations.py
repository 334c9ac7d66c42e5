"""The notations of the Rosetta stone, made alike, so that one more is one class more.

Each has a title, says what stands for a node and for an arrow and where the reader has seen it,
draws a program (markup in which data-of names a node of the record, and data-edges some edges),
and tells where a thing stands in it.
"""

from ..pictures.arrows import make_arrows
from ..pictures.cards import make_cards
from ..pictures.svg import write_scene
from ..pictures.text import clean
from ..pictures.values import downward, values_scene
from ..pictures.view import view_of
from ..pictures.words import result


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


NOTATIONS = (Operators, Values, Lines)
