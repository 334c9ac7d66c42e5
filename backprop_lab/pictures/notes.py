"""The lines below a picture: what stands on its cards and arrows, said once."""

from .cards import MARK, is_gone
from .text import clean, isolate
from .view import WHOLE
from .words import gradient_word

TO_FOLD = 'with bl.group("t=1"): folds a step or a layer into one node'
TO_OPEN = 'opens a group: bl.draw(t, expand=["{}"])'


def footnotes(view, local, saved):
    """One line for each sort of thing that is shown."""
    graph = view.record
    lines = [meaning_of_gradients(graph)]
    if local and any(edge["local"] for edge in view.edges):
        lines.append("× on an arrow: the local derivative, how far its reader moves per unit of it")
    if saved and any(node["saved"] for node in graph.nodes):
        lines.append(f"{MARK} saved: kept in memory until backward has run")
    if any("freed" in node["saved"] for node in graph.nodes):
        lines.append("backward() has run: PyTorch has freed what the operators had saved")
    elif any(is_gone(node) for node in graph.nodes):
        lines.append("not kept: no rule has saved this value, and PyTorch no longer has it")
    if view.uses:
        lines.append("use 2 of 3: the same leaf, drawn once beside each of its readers")
    if view.members:
        first = next(node["name"] for node in view.nodes if node["kind"] == "group")
        lines.append(TO_OPEN.format(clean(first)))
    elif len(graph.nodes) > WHOLE and not any(node["group"] for node in graph.nodes):
        lines.append(TO_FOLD)
    return list(filter(None, lines))


def meaning_of_gradients(graph):
    word = gradient_word(graph)
    if word is None:
        return None
    seed = next(event for event in graph.events if event["event"] == "seed")
    names = {node["id"]: node["name"] for node in graph.nodes}
    output = isolate(clean(names[seed["node"]] or "the output"))
    if all_ones(seed["gradient"]):
        output = f"the sum of {output}" if seed["gradient"]["shape"] else output
    else:
        output += ", weighted by what backward() was given,"
    spelled = "grad: the gradient," if word == "gradient" else f"{word}:"
    return f"{spelled} how far {output} moves per unit of the tensor"


def all_ones(value):
    if "data" in value:
        return set(value["data"]) == {1.0}
    return value["statistics"]["min"] == value["statistics"]["max"] == 1.0
