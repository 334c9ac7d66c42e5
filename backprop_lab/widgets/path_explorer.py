"""What the path explorer tells: each path with its factors and product, their sum, the costs."""

from collections import Counter
from decimal import Decimal
from html import escape
from math import ceil, log10

from ..pictures import Picture, picture_of, scene
from ..pictures.text import clean, content, number
from ..pictures.words import bracketed
from .page import Interactive
from .routes import factor

LISTED = 50  # paths that are shown; all are counted
TOLD = 8  # paths that are told in words
LONG, ENDS = 10, 4  # of a path longer than this, so many tensors at each end are named
RULED = 12  # decades of a scale that get a line each; more would be a grey wall


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
