"""The path explorer: every route from one tensor to the output, and what each contributes."""

import sys
from collections import Counter
from decimal import Decimal
from difflib import get_close_matches
from html import escape
from math import ceil, log10

from ..engine import Tensor, topological_order
from ..errors import DataError, a_kind_of
from ..graph import Graph
from ..graph.recorder import Recorder
from ..names import variable_names
from ..pictures import Picture, picture_of, scene, too_large
from ..pictures.text import clean, content, isolate, number
from ..pictures.words import bracketed, listed, name_all
from ..torch_graph import is_torch, source_of
from .page import Interactive
from .routes import Routes, factor

LISTED = 50  # paths that are shown; all are counted
TOLD = 8  # paths that are told in words
LONG, ENDS = 10, 4  # of a path longer than this, so many tensors at each end are named
RULED = 12  # decades of a scale that get a line each; more would be a grey wall
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


class Explorer:
    """What is told about the paths of one record. titles: what each tensor is called, by id."""

    def __init__(self, graph, titles, routes):
        self.graph, self.titles, self.routes = graph, titles, routes
        self.x, self.t = titles[routes.source], titles[routes.output]
        self.listed = routes.largest(LISTED)
        self.gradient = graph.gradients().get(routes.source)
        self.times = Counter((edge["from"], edge["to"]) for edge in graph.edges)

    def show(self):
        still = picture_of(self.graph, local=True)
        words = "\n".join(self.words())
        told = escape(words).replace("\n", "<br>")
        fallback = Picture(words, still.svg, f"{still.html}<p>{told}</p>")
        picture = Interactive(fallback, "paths", self.data(still.alt))
        picture.count = self.routes.count
        return picture

    def data(self, alt):
        """What the script shows. alt: the graph in words."""
        drawn = scene(self.graph, local=True)
        return {
            "heading": self.heading(),
            "source": self.routes.source,
            "scene": drawn and drawn["svg"],
            "alt": alt,
            "caption": self.caption(),
            "columns": self.columns(),
            "paths": [self.row(path) for path in self.listed],
            "sums": self.sums(),
            "notes": self.notes() if drawn else [alt, *self.notes()],
            "costs": self.costs(),
            "scale": self.scale(),
            "counted": self.what_is_counted(),
        }

    def heading(self):
        said = f"{many(self.routes.count, 'path')} from {self.x} to {self.t}"
        return said[0].upper() + said[1:]

    def caption(self):
        order = "largest product" if self.routes.numeric else "shortest"
        if self.routes.count == 1:
            return "The path"
        if self.routes.count <= LISTED:
            return f"All {self.routes.count}, the {order} first"
        return f"{LISTED} of {counted(self.routes.count)}, the {order} first"

    def columns(self):
        if self.routes.numeric:
            return ["path, and the factors along it", "product"]
        return ["path, and what happens on the way back along it", None]

    def row(self, path):
        """One path: its edges, tensors, factors, product, and all of it as a sentence."""
        edges = path.edges()
        route, factors = self.route(edges), self.factors(edges)
        product = number(path.product) if self.routes.numeric else None
        if not edges:
            says = f"{route} is the output itself: a path without edges or factors"
        elif not product:
            says = f"{route}: backward, {factors}"
        else:
            says = f"{route}: {product if factors == product else f'{factors} = {product}'}"
        return {
            "edges": [edge["id"] for edge in edges], "route": route, "factors": factors,
            "product": product, "says": says,
        }  # fmt: skip

    def route(self, edges):
        """The tensors of a path, x → p → f; which input is meant, where one is read twice."""
        stops = [bracketed(self.x)]
        for edge in edges:
            twice = self.times[edge["from"], edge["to"]] > 1
            place = f" (input {edge['slot'] + 1})" if twice else ""
            stops.append(bracketed(self.titles[edge["to"]]) + place)
        return " → ".join(shortened(stops, "tensors"))

    def factors(self, edges):
        """The local derivatives of a path: a product, or what they do to a cotangent on its way."""
        if not edges:
            return "none"
        if self.routes.numeric:
            first, *rest = [number(factor(edge)) for edge in edges]
            terms = [first, *(f"({text})" if text.startswith("−") else text for text in rest)]
            return " × ".join(shortened(terms, "factors"))
        return ", ".join(shortened([kind(edge) for edge in reversed(edges)], "factors"))

    def sums(self):
        """The rows below the list, as [label, number]: what the paths add up to, and the sweep."""
        sweep = [f"gradient of {self.x}, from one reverse sweep", self.swept()]
        if not self.routes.numeric:
            return [sweep] if self.gradient else []
        if self.routes.count == 1:
            return [sweep]
        total = self.routes.total()
        rows = [[f"sum of all {counted(self.routes.count)}", number(total)]]
        if self.routes.count > LISTED:
            part = sum(path.product for path in self.listed)
            others = counted(self.routes.count - LISTED)
            rows = [
                [f"sum of these {LISTED}", number(part)],
                [f"sum of the other {others}", number(total - part)],
                *rows,
            ]
        return [*rows, sweep]

    def swept(self):
        """The gradient that the reverse sweep found; that of the output itself is 1."""
        return content(self.gradient) if self.gradient else "1"

    def notes(self):
        """Why there are no numbers, where there are none."""
        if self.routes.numeric or not self.routes.edges:
            return []
        return [
            "Between tensors a local derivative is a Jacobian, and the product along a path is one "
            "of matrices. Instead of numbers, the list says what happens to a cotangent on its way "
            f"from {self.t} back to {self.x}. What arrives along all paths still adds up to the "
            "gradient."
        ]

    def costs(self):
        """What each way to the gradient takes, as [label, count in words, decades]."""
        edges = len(self.routes.edges)
        counts = [
            ("path by path", self.routes.walked(), "edge"),
            (f"by recursion from {self.t}", self.routes.visited(), "node visit"),
            ("in one reverse sweep", edges, "edge"),
        ]
        return [[label, many(n, thing), digits(n)] for label, n, thing in counts]

    def scale(self):
        """The logarithmic scale of the costs: its decades, and how many lines divide it."""
        decades = max(1, *(ceil(decades) for _, _, decades in self.costs()))
        return {"decades": decades, "lines": decades if decades <= RULED else 1}

    def what_is_counted(self):
        others = sum(e["local"] is not None for e in self.graph.edges) - len(self.routes.edges)
        rest = (
            f" The sweep goes on along {many(others, 'other edge')}, and finds the gradient of "
            "every tensor."
        )
        return (
            f"Counted on the edges between {self.x} and {self.t}. The bars are logarithmic: one "
            "step is ten times as much." + rest * (others > 0)
        )

    def words(self):
        """All of it, line by line, for a console and for readers without scripts."""
        yield f"{self.heading()}."
        for path in self.listed[:TOLD]:
            yield f"{self.row(path)['says']}."
        if self.routes.count > TOLD:
            yield f"… and {many(self.routes.count - TOLD, 'more path')}."
        if self.routes.numeric:
            verb = "It gives" if self.routes.count == 1 else "They add up to"
            yield (
                f"{verb} {number(self.routes.total())}, the gradient of {self.x}; one reverse "
                f"sweep gives {self.swept()}."
            )
        yield from self.notes()
        yield "Cost: " + ", ".join(f"{count} {way}" for way, count, _ in self.costs()) + "."


def kind(edge):
    """What a tensor's cotangent goes through on an edge: "diagonal", "· Wᵀ", …"""
    local, copies = edge["local"], edge["copies"]
    text = clean(local["text"] or local["kind"])
    return f"{text}, summed over {copies} copies" if copies > 1 else text


def shortened(parts, thing):
    """A long list with its middle counted instead of spelled out."""
    if len(parts) <= LONG:
        return parts
    return [*parts[:ENDS], f"… {len(parts) - 2 * ENDS} {thing} …", *parts[-ENDS:]]


def counted(n):
    """A count, however large.

    >>> counted(65536), counted(2**100)
    ('65,536', 'about 1.268e30')
    """
    return f"{n:,}" if n < 10**15 else "about " + f"{Decimal(n):.3e}".replace("e+", "e")


def many(n, thing):
    return f"{counted(n)} {thing}" + ("s" if n != 1 else "")


def digits(n):
    """How many powers of ten a count is above 1, for a bar on a logarithmic scale."""
    return log10(n) if n else 0.0
