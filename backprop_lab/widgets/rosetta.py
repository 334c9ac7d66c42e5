"""The Rosetta stone: one expression in several notations, with the same thing marked in all.

A *thing* is what is marked as one: an operator with the tensor that it makes, a leaf, or all
readings of one tensor by one operator. Every notation shows every thing.
"""

import sys
from html import escape

from ..engine import Tensor
from ..errors import DataError, a_kind_of
from ..graph import Graph
from ..names import variable_names
from ..pictures import Picture, image, picture_of, sentence, too_large
from ..pictures.layout import TooLarge
from ..pictures.table import REMEDY
from ..pictures.text import clean
from ..pictures.view import MOST, operators_of
from ..torch_graph import is_torch, source_of
from .notations import NOTATIONS, GradFns
from .page import Interactive
from .program import Program

SHORT = 40  # operators: more are not an expression that one reads beside a second notation


def rosetta(t):
    """One expression in three notations: operators as nodes, values as nodes, a linear program.

    For a torch tensor there is a fourth: the chain of its grad_fn. Argument: t (a Tensor, or a
    torch tensor; or a Graph, or the rows of one, which may have no values). Tensors without a name
    get that of the caller's variable, else t1, t2, … in forward order. Returns a picture in which
    pointing at a thing in one notation marks it in all. Above 40 operators the program stands
    alone. Raises DataError for anything else, ValueError for rows that do not fit together. (The
    program is R. E. Wengert's list: "A simple automatic derivative evaluation program", 1964.)

    >>> from backprop_lab import tensor
    >>> a, b = tensor(2.0, requires_grad=True), tensor(1.0, requires_grad=True)
    >>> rosetta((a + b) * (b + 1))
    a = input     # 2
    b = input     # 1
    t1 = a + b    # 3
    t2 = b + 1    # 2
    t3 = t1 * t2  # 6
    """
    recorder = None
    if is_torch(t):
        source = source_of(t, sys._getframe(1))
        if source.why_no_graph():
            return sentence(source.why_no_graph())
        if source.operators(MOST) is None:
            return too_large(f"more than {MOST} operators")
        recorder = source.recorder()
        graph = recorder.graph()
    elif isinstance(t, Tensor):
        if operators_of(t, MOST) is None:  # found before the record is made, which takes its time
            return too_large(f"more than {MOST} operators")
        graph = Graph.from_tensor(t, names=variable_names(sys._getframe(1)))
    else:
        graph = written(t)
    operators = sum(node["op"] is not None for node in graph.nodes)
    if operators > MOST:
        return too_large(f"{operators:,} operators")
    program = Program(graph, recorder)
    if operators > SHORT:
        return program_alone(program, too_long(operators))
    try:
        return side_by_side(program)
    except ImportError:
        return program_alone(program, REMEDY)
    except TooLarge:
        return program_alone(program, too_long(operators))


def written(what):
    """The Graph that was given, or that the rows given describe."""
    if isinstance(what, Graph):
        return what
    if isinstance(what, dict):
        return Graph.from_rows(what)
    if what is ...:
        raise DataError("There is nothing to show yet: ... stands where an answer is to go.")
    raise DataError(
        "rosetta shows the expression behind a tensor, a Graph or the rows of a graph; this is "
        f"{a_kind_of(what)}. Numbers and arrays carry no record of what made them: compute with "
        "bl.tensor(...)."
    )


def too_long(operators):
    return (
        f"Notations side by side are meant for short expressions, of up to {SHORT} operators. "
        f"This one has {operators}, so its program stands alone."
    )


def program_alone(program, why):
    """The program and a sentence, where there is nothing to put beside it."""
    code = escape(program.text())
    html = (
        f'<p>{escape(why)}</p><pre tabindex="0" role="group" aria-label="The program" '
        f'style="max-height:60vh;overflow:auto">{code}</pre>'
    )
    return Picture(f"{why}\n{program.text()}", html=html)


def side_by_side(program):
    text, still = program.text(), picture_of(program.graph)
    lines = "; ".join(" ".join(line.split()) for line in text.splitlines())
    alt = f"The graph of this program, with operators as nodes: {lines}."
    fallback = image(still.svg, alt) if still.svg else still.html
    fallback = Picture(alt, still.svg, f"{fallback}<pre>{escape(text)}</pre>")
    shown = Interactive(fallback, "rosetta", told(program))
    shown.alt = text  # in a console, the program says it all
    return shown


def told(program):
    """What the script shows, as a dict.

    columns: what stands in each; things: the short name and the sentence of each; keys: for each
    node and each edge of the record, the place of its thing in that list.
    """
    notations = [notation(program) for notation in NOTATIONS]
    if program.chain:
        notations.append(GradFns(program))
    things, keys = [], {}
    for node in program.graph.nodes:
        keys[node["id"]] = len(things)
        things.append(about_node(program, node, notations))
        for edges in readings(program, node):
            keys |= {edge["id"]: len(things) for edge in edges}
            things.append(about_reading(program, node, edges, notations))
    for edge in program.graph.edges:  # a number in the formula is one thing with its readings
        keys.setdefault(edge["id"], keys[edge["from"]])
    return {"columns": [n.column() for n in notations], "things": things, "keys": keys}


def readings(program, node):
    """The edges that enter a node, those from the same tensor together; not those of numbers."""
    by_source = {}
    for edge in program.inputs[node["id"]]:
        if edge["from"] not in program.literals:
            by_source.setdefault(edge["from"], []).append(edge)
    return by_source.values()


def about_node(program, node, notations):
    name = program.names[node["id"]]
    if node["op"]:
        name = program.formula(node)
    elif node["id"] in program.literals:
        name = f"the number {name}"
    else:
        name = f"the {node['kind']} {name}"
    return thing(name, [notation.node_words(node) for notation in notations])


def about_reading(program, node, edges, notations):
    source, made = (program.names[key] for key in (edges[0]["from"], node["id"]))
    times = {1: "", 2: " twice"}.get(len(edges), f" {len(edges)} times")
    name = f"{source}, read{times} by {clean(node['label'])} to make {made}"
    return thing(name, [notation.reading_words(node, source, times) for notation in notations])


def thing(name, places):
    """A thing: its short name, and the sentence that says where it is in each column."""
    where = "; ".join(f"in {i} {place}" for i, place in enumerate(places, start=1))
    return {"name": name, "says": f"{name}: {where}."}
