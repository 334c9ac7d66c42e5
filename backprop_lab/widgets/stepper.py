"""The stepper: a computation one event at a time, forward and then backward."""

import sys
from dataclasses import replace
from html import escape

import numpy as np

from ..engine import Tensor, topological_order
from ..errors import DataError, a_kind_of, describe
from ..graph import Graph, unused
from ..names import variable_names
from ..pictures import Picture, picture_of, scene, sentence, too_large
from ..pictures.view import MOST
from ..pictures.words import name_all
from ..torch_graph import is_torch, source_of
from .page import Interactive, read
from .trace import tell, vocabulary
from .wrong_sweeps import wrong_sweeps

SCRIPTS = ["sweep", "story", "slips", "board", "ledger", "controls", "panels", "stepper"]
TOLD = 60  # steps that are told in words; more are counted
FEW = 80  # operators up to which wrong sweeps are made: in a larger graph nobody finds the mistake
SHOWN = 3  # entries of an array that are written out; of larger ones a sketch is enough


def step(t, *inputs, backward=True, predict=False, expand=None):
    """Step through the graph of t: each operator forward, then each message backward.

    Arguments: t (a Tensor, or a Graph with values; backward starts from the gradient that
    `t.backward()` was given, else from 1, and no `.grad` is touched; or a torch tensor, or a pair
    (module, input), whose steps start from 1, or from ones for what a module returned; or a
    function, to be called with `inputs`, whose numbers can then be moved while the kernel runs: see
    `live`), backward (False: stop where the forward pass ends), predict (hide each number until the
    reader has predicted it, or asks for it), expand (which folded groups to open, as in `draw`).
    Returns a picture with buttons; in a console, the steps in words.
    Raises DataError for anything else, ValueError for a group that t does not have.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> y = x**2
    >>> step(y)
    Forward through **: y = x ** 2 = 9.
    Backward starts at y: its gradient is 1.
    Backward through ** to x: 1 × 6 = 6.
    """
    if is_torch(t):
        check_alone(t, inputs)
        return step_torch(source_of(t, sys._getframe(1)), backward, predict, expand)
    if callable(t):
        from .live import live  # it stands on this file

        if any(map(is_torch, inputs)):
            raise DataError(
                "step(f, x, ...) moves numbers of our engine, and here is a torch tensor. Step "
                "through what the function returns: bl.step(f(x))."
            )
        if not backward:
            raise DataError(
                "A function is stepped through forward and backward. For the forward pass alone, "
                "give what it returns: bl.step(f(x), backward=False)."
            )
        return live(t, inputs, predict, expand)
    check_alone(t, inputs)
    if isinstance(t, Graph):
        check_values(t)
        return show(t, (), predict, expand)
    check(t)
    operators = len(topological_order(t))
    if operators > MOST:  # found before the record is made, which would take its time
        return too_large(f"{operators:,} operators")
    names = variable_names(sys._getframe(1))
    if t.is_leaf:
        return sentence(no_steps(t, names))
    if not backward:
        return show(Graph.from_tensor(t, names=names), (), predict, expand)
    if t.shape != () and t.seed is None:
        return sentence(no_gradient(t, names))
    gradient = 1.0 if t.seed is None else t.seed
    with np.errstate(all="ignore"):  # what is beyond the floats is shown, and not warned of
        graph = Graph.from_tensor(t, gradient=gradient, names=names)
        sweeps = wrong_sweeps(t, graph, gradient) if operators <= FEW else ()
        return show(graph, sweeps, predict, expand)


def check_alone(t, inputs):
    """Raise DataError for inputs beside what is no function."""
    if not inputs:
        return
    pair = "bl.step((module, input))" if is_torch(t) and callable(t) else "bl.step(t)"
    raise DataError(
        "step(f, x, ...) calls a function f with inputs; the first thing given here is "
        f"{a_kind_of(t)}. To step through one result, give that alone: {pair}."
    )


def step_torch(source, backward, predict, expand):
    """The steps of a tensor of PyTorch, or of what a module made of its input."""
    if source.output.grad_fn is None:
        return sentence(source.why_no_steps())
    operators = source.operators(MOST)
    if operators is None:
        return too_large(f"more than {MOST} operators")
    if backward and not source.can_start():
        return sentence(source.why_no_sweep())
    if backward and source.why_spent():
        return sentence(source.why_spent())
    graph = source.recorder(backward).graph(source.seed() if backward else None)
    return show(graph, (), predict, source.expand(expand))


def check(t):
    """Raise DataError unless t is a tensor."""
    if t is ...:
        raise DataError(
            "There is nothing to step through yet: ... stands where an answer is to go."
        )
    if isinstance(t, dict):
        raise DataError(
            "The rows of a graph say what reads what, but hold no numbers to step through. Compute "
            "the same with bl.tensor(...), or show the rows: bl.draw(rows)."
        )
    if not isinstance(t, Tensor):
        raise DataError(
            f"step(t) steps through the graph of the tensor t; this is {a_kind_of(t)}. Numbers and "
            "arrays carry no record of what made them: compute with bl.tensor(...)."
        )


def check_values(graph):
    """Raise DataError for a record whose values are unknown."""
    if not graph.events or any(node["value"] is None for node in graph.nodes):
        raise DataError(
            "This Graph holds no steps: it was made from rows, without numbers, or has no "
            "operators. Step through a tensor: bl.step(t)."
        )


def no_steps(t, names):
    name = t.name or names.get(id(t)) or "This tensor"
    return (
        f"{name} has no graph: no operator made it, or none of its inputs requires a gradient. "
        "Make a leaf with requires_grad=True (or bl.parameter), compute something from it, and "
        "step through that."
    )


def no_gradient(t, names):
    name = t.name or names.get(id(t)) or describe(t)
    return (
        f"{name} has shape {t.shape}, and a backward sweep starts by itself only from one number. "
        f"Reduce it, as in bl.step(t.sum()), or run t.backward(gradient) first, with an array of "
        f"shape {t.shape}: the steps then start from that."
    )


def show(graph, sweeps, predict, expand):
    """The picture of a record that can be stepped through."""
    graph = with_names(graph)
    still = picture_of(graph, local=is_swept(graph), expand=expand)
    if still.svg is None and len(graph.nodes) > MOST:
        return still
    data = payload(graph, sweeps, predict, expand) | {"style": read("stepper.css")}
    words = shortened(tell(graph))
    lines = "".join(f"<li>{escape(line)}</li>" for line in words)
    told = f"<details><summary>The steps in words</summary><ol>{lines}</ol></details>"
    picture = Interactive(Picture(still.alt, still.svg, still.html + told), SCRIPTS, data)
    picture.alt = "\n".join(words)  # a console has the steps, which say it all
    return picture


def shortened(lines):
    left = len(lines) - TOLD
    return lines if left <= 0 else [*lines[:TOLD], f"… and {left} more steps."]


def payload(graph, sweeps=(), predict=False, expand=None):
    """The data of the stepper for one record, as its `update(data)` in the page takes it, too.

    Arguments: graph (a Graph with values), sweeps (from `wrong_sweeps`), predict and expand (as
    for `step`). Returns a dict that JSON can hold.
    """
    graph = with_names(graph)
    titles = name_all(graph, graph.nodes)
    outputs = [titles[node["id"]] for node in graph.nodes if node["kind"] == "output"]
    return {
        "heading": f"Step by step through {', '.join(outputs)}",
        "graph": {
            "nodes": slim(graph.nodes),
            "edges": slim(graph.edges),
            "events": slim(graph.events),
        },
        "called": vocabulary(graph),
        "scenes": scenes(graph, expand),
        "sweeps": [sweep | {"events": pack(sweep["events"])} for sweep in sweeps],
        "predict": bool(predict),
    }


def scenes(graph, expand):
    """The drawings of a record, as [title, markup]: as asked for, and its other view where groups
    can be folded or opened."""
    grouped = any(node["group"] for node in graph.nodes)
    drawn = []
    for choice in [expand, *([True, []] if grouped else [])]:
        made = scene(graph, local=is_swept(graph), expand=choice)
        if made and made["svg"] not in [svg for _, svg in drawn]:
            folded = 'data-members="' in made["svg"]
            drawn.append(["groups folded" if folded else "every node", made["svg"]])
        if len(drawn) == 2:
            break
    return drawn


def is_swept(graph):
    """Whether a record has a backward sweep."""
    return any(event["event"] == "seed" for event in graph.events)


def with_names(graph):
    """The record with a name for each tensor that a sentence could not point at otherwise."""
    titles = name_all(graph, graph.nodes)
    formulas = vocabulary(graph)["formulas"]
    taken = {*titles.values(), *(node["name"] for node in graph.nodes)}
    nodes = []
    for node in graph.nodes:
        name = node["name"]
        if not name and node["kind"] in ("input", "weight"):
            name = unused("x1" if node["kind"] == "input" else "w1", taken)
        elif not name and node["op"] and titles[node["id"]] != formulas[node["id"]]:
            name = titles[node["id"]]
        taken.add(name)
        nodes.append(node | {"name": name})
    return replace(graph, nodes=nodes)


def slim(data):
    """Recorded data in which arrays that no sentence writes out are summed up."""
    if isinstance(data, list):
        return [slim(part) for part in data]
    if not isinstance(data, dict):
        return data
    if "dtype" in data and len(data.get("data", ())) > SHOWN:
        return {"shape": data["shape"], "dtype": data["dtype"], "statistics": sketch(data["data"])}
    return {key: slim(part) for key, part in data.items()}


def sketch(numbers):
    """What is said of an array in place of its entries."""
    with np.errstate(all="ignore"):
        array = np.array(numbers, float)
        found = {"min": array.min(), "max": array.max(), "mean": array.mean(), "std": array.std()}
    return {name: float(x) if np.isfinite(x) else str(float(x)) for name, x in found.items()}


def pack(events):
    """The backward events of a wrong sweep in short, for `unpack` in story.js: of a recursion there
    can be thousands. A seed is [numbers]; a message [edge, numbers of the contribution, of the
    total, whether it overwrites]."""
    packed = []
    for event in events:
        if event["event"] == "seed":
            packed.append([numbers(event["gradient"])])
        elif event["event"] == "vjp":
            message = [numbers(event["contribution"]), numbers(event["total"])]
            packed.append([event["edge"], *message, int(event.get("overwrites", False))])
    return packed


def numbers(value):
    """The entries of a recorded value, or the statistics that stand for them."""
    value = slim(value)
    if "data" in value:
        return value["data"]
    return [value["statistics"][name] for name in ("min", "max", "mean", "std")]
