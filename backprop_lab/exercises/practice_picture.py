"""A practice problem as a picture to be filled in."""

from ..graph import Graph
from ..pictures import Picture, scene
from ..widgets.page import Interactive, read
from .feedback import where
from .slips import SLIPS, entries, forward, right


def fill_in(problem, written, fallback):
    """The problem as an Interactive: a field for every blank, marked when the learner asks.

    Arguments: written (the rows as formulas, by name), fallback (the Picture for where no script
    runs). The answers are in the page for whoever looks for them: this is practice.
    """
    graph = Graph.from_rows(problem.rows)
    drawn = scene(graph, local=False)
    values = forward(problem.rows, problem.leaves)
    wanted = blanks(problem, values, *right(problem.rows, values))
    places = {place: i for i, place in enumerate(wanted)}
    data = {
        "heading": f"Practice {problem.seed}, difficulty {problem.difficulty}",
        "instructions": problem.instructions(),
        "alt": fallback.alt,
        "scene": drawn and drawn["svg"],
        "style": read("practice.css"),
        "blanks": [
            {"says": where(place), "wanted": number, "lights": lights(graph, place)}
            for place, number in wanted.items()
        ],
        "rows": [make_row(problem, written, name, places) for name in problem.rows],
        "slips": [
            {"says": slip.says, "numbers": list(numbers.values())}
            for slip in SLIPS
            if (numbers := blanks(problem, values, *slip.rule(problem.rows, values))) != wanted
        ],
    }
    return Interactive(Picture(fallback.alt, fallback.svg, fallback.html), "practice", data)


def blanks(problem, values, local, gradients):
    """The number of every blank, as {where it stands: number}; a leaf's value is given."""
    made = {name: values[name] for name in problem.form["values"]}
    return entries(made, local, gradients)


def make_row(problem, written, name, places):
    """One tensor's row in the table; blanks are told by their number."""
    given = problem.leaves.get(name)
    return {
        "name": name,
        "says": written.get(name, name),
        "given": None if given is None else f"{given:g}".replace("-", "−"),
        "value": places.get(("values", name)),
        "local": [
            [source, places["local", name, slot]]
            for slot, source in enumerate(problem.rows[name][1:])
        ],
        "gradient": places["gradients", name],
    }


def lights(graph, place):
    """Selectors of what a blank belongs to in the picture: a card, or the arrow into it."""
    ids = {node["name"]: node["id"] for node in graph.nodes}
    part, name, *slot = place
    if part != "local":
        return [f'.card[data-of="{ids[name]}"]']
    edge = graph.inputs()[ids[name]][slot[0]]["id"]
    return [f'.arrow[data-edges~="{edge}"]']
