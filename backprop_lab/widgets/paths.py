"""The path explorer: every route from one tensor to the output, and what each contributes."""

import sys
from difflib import get_close_matches
from html import escape

from ..engine import Tensor, topological_order
from ..errors import DataError, a_kind_of
from ..graph import Graph
from ..graph.recorder import Recorder
from ..names import variable_names
from ..pictures import Picture, picture_of, too_large
from ..pictures.text import clean, isolate
from ..pictures.words import listed, name_all
from ..torch_graph import is_torch, source_of
from .path_explorer import LISTED, Explorer
from .routes import Routes

MOST = 5_000  # operators of a graph whose paths are looked for


def paths(t, x):
    """The paths from the tensor x to the output t: how many, each with its product, and their sum.

    Arguments: t (a Tensor, or one of PyTorch's, or a pair (module, input)), x (a tensor that t was
    computed from, or its name). Between scalars, the product of the local derivatives along a path
    is what that path contributes to the gradient of x; the sum over all paths is the gradient. The
    50 paths with the largest products are listed.
    Returns a picture to explore; its `count` is the number of paths. Raises TypeError for anything
    but tensors, ValueError for a name that no tensor, or more than one, has. (Bauer 1974,
    "Computational graphs and rounding error".)

    >>> from backprop_lab import tensor
    >>> a = tensor(3.0, requires_grad=True)
    >>> b = a**2
    >>> c = b * (b + a)
    >>> paths(c, b)
    2 paths from b to c.
    b → c: 12.
    b → (b + a) → c: 1 × 9 = 9.
    They add up to 21, the gradient of b; one reverse sweep gives 21.
    Cost: 3 edges path by path, 4 node visits by recursion from c, 3 edges in one reverse sweep.
    """
    if is_torch(t):
        return paths_in_torch(source_of(t, sys._getframe(1)), x)
    check(t, x)
    names = variable_names(sys._getframe(1))
    operators = len(topological_order(t))
    if operators > MOST:
        return too_large(f"{operators:,} operators")
    scalar = t.shape == () and t.requires_grad
    recorder = Recorder(t, names, local=scalar)
    graph = Graph(*recorder.record(1.0 if scalar else None))
    titles = name_all(graph, graph.nodes)
    source = find(graph, titles, x) if isinstance(x, str) else recorder.ids.get(x.grad_fn or x)
    if source is None:
        return no_path(graph, apart(t, x, names, titles[graph.nodes[-1]["id"]]))
    return explore(graph, titles, source)


def paths_in_torch(given, x):
    """The paths of a tensor of PyTorch, or of what a module made of its input."""
    if not isinstance(x, str) and not is_torch(x):
        raise DataError(
            "paths(t, x) starts at a tensor x, given itself or by its name; this is "
            f"{a_kind_of(x)}."
        )
    if given.operators(MOST) is None:
        return too_large(f"more than {MOST:,} operators")
    missing = given.why_no_graph() or given.why_spent()
    if missing:
        return no_path(given.recorder().graph(), missing)
    scalar = given.output.shape == () and given.output.requires_grad
    recorder = given.recorder(scalar)
    graph = recorder.graph(given.seed() if scalar else None)
    titles = name_all(graph, graph.nodes)
    source = find(graph, titles, x) if isinstance(x, str) else recorder.id_of(x)
    if source is None:
        output = titles[graph.nodes[-1]["id"]]
        return no_path(graph, unrelated(isolate(clean(given.names.name_of(x) or "x")), output))
    return explore(graph, titles, source)


def explore(graph, titles, source):
    """The picture of all paths from a node to the output; a sentence if there are none."""
    routes = Routes(graph, source)
    if not routes.count:
        return no_path(graph, not_asked_for(titles[source], titles[routes.output]))
    return Explorer(graph, titles, routes).show()


def check(t, x):
    """Raise DataError unless t is a tensor, and x a tensor or a name."""
    if t is ... or x is ...:
        raise DataError("There are no paths to show yet: ... stands where an answer is to go.")
    if not isinstance(t, Tensor):
        raise DataError(
            f"paths(t, x) shows the paths that lead to the tensor t; this is {a_kind_of(t)}. "
            "Numbers and arrays carry no record of what made them: compute with bl.tensor(...)."
        )
    if not isinstance(x, (Tensor, str)):
        raise DataError(
            "paths(t, x) starts at a tensor x, given itself or by its name; this is "
            f"{a_kind_of(x)}."
        )


def find(graph, titles, name):
    """The id of the node whose tensor has this name; ValueError unless there is exactly one."""
    found = [n["id"] for n in graph.nodes if name in (n["name"], titles[n["id"]])]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"{len(found)} tensors of this graph are called {name!r}. Give the tensor itself: "
            "bl.paths(t, x)."
        )
    known = [titles[node["id"]] for node in graph.nodes]
    close = get_close_matches(name, known, 1)
    remedy = f"Did you mean {close[0]!r}?" if close else f"It has {listed(known[:LISTED])}."
    raise ValueError(f"No tensor of this graph is called {name!r}. {remedy}")


def apart(t, x, names, output):
    """Why a tensor outside of t's graph has no path to t."""
    name = x.name or names.get(id(x)) or "x"
    before = any(y is t for node in topological_order(x) for y in node.inputs)
    return unrelated(isolate(clean(name)), output, before)


def unrelated(title, output, before=False):
    """What is said of a tensor that no path leads from; before: was it computed from the output?"""
    said = f"{title} does not reach {output}: no path leads from one to the other."
    if before:
        return f"{said} It is the other way round: {title} is computed from {output}."
    return (
        f"{said} The gradient of {title} is therefore “not reached”, which is not 0. If you "
        f"expected a path: {title} may have been made anew, or detached, since {output} was "
        "computed."
    )


def not_asked_for(title, output):
    """Why a tensor of the graph gets no gradient."""
    return (
        f"No gradient passes from {output} to {title}, because {title} does not require one: its "
        f"gradient is “not reached”, which is not 0. Make {title} with requires_grad=True (or "
        "bl.parameter), and compute again."
    )


def no_path(graph, said):
    """The graph with a sentence that says why there is nothing to list."""
    still = picture_of(graph)
    picture = Picture(said, still.svg, f"<p>{escape(said)}</p>{still.html}")
    picture.count = 0
    return picture
