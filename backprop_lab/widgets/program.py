"""A record as a linear program: leaves first, then one line for each operator in forward order.

Every name is set once (static single assignment), so a name is as good as an arrow: whoever reads
it reads what that one line made.
"""

from dataclasses import dataclass
from html import escape

from ..graph import Graph, unused
from ..pictures.svg import data
from ..pictures.text import clean, content, isolate
from ..pictures.words import listed

LONGEST = 15  # characters of a name: a number that tells it from another finds room behind it
INFIX = ("+", "-", "*", "/", "**", "@")
SPELLED = {
    "√": "sqrt", "ᵀ": "transpose", "log softmax": "log_softmax", "cross-entropy": "cross_entropy",
}  # fmt: skip
CHARACTER, GUTTER = 8.5, 66  # pixels: the width of a character, and of what stands before a line


@dataclass
class Line:
    """One line. right: what stands right of the =, as pieces (text, edge that is read or None);
    comment: the value that came out, or "" where it is unknown."""

    node: dict
    name: str
    right: list
    comment: str

    def code(self):
        return f"{self.name} = {''.join(text for text, _ in self.right)}"


class Program:
    """The program of a record.

    Attributes: names ({node id: what the program calls its tensor}; for a literal, its number),
    literals ({node id: number} of the constants that stand in the lines as numbers), graph (the
    record with these names, and without what backward found), lines (a list of Line), numbers
    ({node id: number of its line, from 1}), chain (the Recorder of a graph of
    PyTorch's, which knows its grad_fns; else None).
    """

    def __init__(self, graph, chain=None):
        self.chain = chain
        self.inputs = graph.inputs()
        read = {edge["from"] for edge in graph.edges}
        self.literals = {
            node["id"]: text
            for node in graph.nodes
            if node["id"] in read and (text := literal(node))
        }
        given = unique_names([node for node in graph.nodes if node["id"] not in self.literals])
        self.names = self.literals | {key: isolate(name) for key, name in given.items()}
        nodes = [node | {"name": given.get(node["id"])} for node in graph.nodes]
        for node in nodes:
            if node["value"] is None and node["id"] in self.literals:
                node["name"] = self.literals[node["id"]]
        self.graph = Graph(nodes, graph.edges)
        leaves = [n for n in nodes if n["op"] is None and n["id"] not in self.literals]
        operators = [node for node in nodes if node["op"] is not None]
        self.lines = [self.line(node) for node in leaves + operators]
        self.numbers = {line.node["id"]: i for i, line in enumerate(self.lines, start=1)}

    def line(self, node):
        right = self.right_side(node) if node["op"] else [(node["kind"], None)]
        comment = in_code(content(node["value"])) if node["value"] else ""
        return Line(node, self.names[node["id"]], right, comment)

    def right_side(self, node):
        """What an operator does, as pieces: [("a", edge), (" + ", None), ("b", edge)]."""
        op, edges = SPELLED.get(node["op"], clean(node["op"])), self.inputs[node["id"]]
        read = [(self.names[edge["from"]], edge) for edge in edges]
        if op in INFIX and len(read) == 2:
            return [bracketed(read[0]), (f" {op} ", None), bracketed(read[1])]
        if op == "-" and len(read) == 1:
            return [("-", None), bracketed(read[0])]
        if op.startswith("["):
            return [read[0], ("[…]" if op == "[ ]" else op, None)]
        if op == "=":
            return read
        pieces = [(f"{op}(", None)]
        for i, piece in enumerate(read):
            pieces += [(", ", None)] * (i > 0) + [piece]
        return [*pieces, (")", None)]

    def text(self):
        """All lines, with the values as comments below each other."""
        return "\n".join(f"{code}{comment}".rstrip() for code, comment in self.aligned())

    def aligned(self):
        """For each line, its code and its comment, after as many spaces as it takes."""
        longest = max(visible(line.code()) for line in self.lines)
        for line in self.lines:
            gap = " " * (longest - visible(line.code()) + 2)
            yield line.code(), f"{gap}# {line.comment}" if line.comment else ""

    def width(self):
        """About how wide the lines are on a page, in pixels."""
        longest = max(visible(code + comment) for code, comment in self.aligned())
        return round(longest * CHARACTER + GUTTER)

    def markup(self):
        """The lines as HTML, each with its number; names say which node or edge they stand for."""
        lines = enumerate(zip(self.lines, self.aligned(), strict=True), start=1)
        return "".join(markup(number, line, comment) for number, (line, (_, comment)) in lines)

    def formula(self, node):
        """The line of an operator without its comment: "t1 = a + b"."""
        return self.lines[self.numbers[node["id"]] - 1].code()

    def readers(self, node_id):
        """Where a tensor is read, in words: "line 4", "lines 4 and 5"."""
        edges = (edge for edge in self.graph.edges if edge["from"] == node_id)
        found = sorted({self.numbers[edge["to"]] for edge in edges})
        return f"line{'s' * (len(found) != 1)} {listed([str(number) for number in found])}"


def literal(node):
    """How a constant that is one number stands in a line, in full precision; else None."""
    if node["kind"] != "constant":
        return None
    value = node["value"]
    if value is None:
        return clean(node["name"]) if is_number(node["name"]) else None
    if node["name"] or value["shape"] or not value.get("data"):
        return None
    number = value["data"][0]
    return str(number).removesuffix(".0")


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def bracketed(read):
    """A negative number in brackets: a - (-1)."""
    text, edge = read
    return (f"({text})" if text.startswith("-") else text), edge


def unique_names(nodes):
    """A name for each node that no other has: its own, else t1, t2, … in forward order."""
    own = {node["id"]: clean(node["name"] or "", LONGEST) for node in nodes}
    taken, names = {*own.values()}, {}
    for node in nodes:
        name = own[node["id"]]
        if not name or name in names.values():
            name = unused(name or "t1", taken)
        taken.add(name)
        names[node["id"]] = name
    return names


def in_code(text):
    """A number as programs write it."""
    return text.replace("−", "-")


def visible(text):
    """The characters of a line that take room: not those that fence off right-to-left text."""
    return sum(c not in "\u2068\u2069" for c in text)


def markup(number, line, comment):
    key = line.node["id"]
    return row(
        key,
        number,
        f"{token(line.name, 'token made', of=key)} = {''.join(map(piece, line.right))}"
        f'<span class="comment">{comment}</span>',
    )


def row(key, number, content):
    """A line with its number; key: the node that it stands for."""
    return f'<div class="line"{data(of=key)}><span class="count">{number}</span>{content}</div>'


def token(text, kind, **found):
    """A name in a line, with what scripts find it by."""
    return f'<span class="{kind}"{data(**found)}>{escape(text)}</span>'


def piece(part):
    text, edge = part
    return token(text, "token", edges=edge["id"]) if edge else escape(text)
