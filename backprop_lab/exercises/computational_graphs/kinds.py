"""Exercise `kinds`: input, weight, constant or intermediate."""

from ... import ops
from ...graph import LEAVES, Graph
from ...leaves import parameter, tensor
from ..exercise import Exercise, Hint, Misconception, as_it_is
from ..probing import blank, other

KIND_WORDS = ("input", "weight", "constant", "intermediate")


def kind_cases(seed):
    return [{"names": ["x", "w", "bias", "p", "z", "y", "loss", "2"]}]


def recorded_kinds():
    """What the engine's own record says of the tensors on the page."""
    x, p = tensor([2.0, -1.0], name="x"), tensor(0.7, requires_grad=True, name="p")
    w, bias = parameter([0.5, 1.5], name="w"), parameter(0.1, name="bias")
    z = (w * x).sum() + bias
    y = ops.tanh(z)
    loss = (y - p) ** 2
    names = {id(t): name for name, t in {"z": z, "y": y, "loss": loss}.items()}
    nodes = Graph.from_tensor(loss, names=names).nodes
    kinds = {node["name"] or node["label"]: node["kind"] for node in nodes}
    return {name: kind if kind in LEAVES else "intermediate" for name, kind in kinds.items()}


def judge_kinds(case, kinds):
    if other(kinds) or not isinstance(kinds, dict):
        return ["`kinds` has to be a dictionary from names to words."] * KINDS.parts
    truth = recorded_kinds()
    complaints = []
    for name in case["names"]:
        said = kinds.get(name)
        if not isinstance(said, str) or said not in KIND_WORDS:
            said = "still blank" if blank(said) else f"not {str(said)[:30]}"
            complaints.append(f"{name}: {said}. Give one of: {', '.join(KIND_WORDS)}.")
        elif said != truth[name]:
            asked = "Which operator made it?" if said == "intermediate" else "Who chose its value?"
            complaints.append(f"{name}: not {said}. {asked}")
    return complaints


def said_of(reports, *names):
    kinds = reports[0].get("returned")
    said = [kinds.get(name) for name in names] if isinstance(kinds, dict) else []
    return [word for word in said if isinstance(word, str)]


KINDS = Exercise(
    id="kinds",
    title="Say where each tensor comes from",
    notebook=1,
    minutes=5,
    points=2,
    core=False,
    parts=8,
    contract="""\
Say of each tensor in the picture above where it comes from.

- `"input"`: a leaf that brings data in.
- `"weight"`: a leaf that is going to be learned.
- `"constant"`: a leaf that was typed into the formula.
- `"intermediate"`: an operator made it.

Each of the eight counts by itself.""",
    cases=kind_cases,
    probe=as_it_is,
    judge=judge_kinds,
    misconceptions=(
        Misconception(
            "leaf_means_no_gradient",
            """kinds = {"x": "input", "w": "intermediate", "bias": "intermediate",
            "p": "intermediate", "z": "intermediate", "y": "intermediate",
            "loss": "intermediate", "2": "constant"}""",
            "A leaf is a tensor that no operator made. Whether it wants a gradient is another "
            "question: weights are leaves, and the gradients of weights are what we are after.",
            lambda cases, reports: "intermediate" in said_of(reports, "w", "bias", "p"),
        ),
        Misconception(
            "output_is_a_leaf",
            """kinds = {"x": "input", "w": "weight", "bias": "weight", "p": "input",
            "z": "intermediate", "y": "intermediate", "loss": "constant", "2": "constant"}""",
            "The loss stands at the end of the graph, but leaves stand at its beginning: they are "
            "what nothing flows into. Something flows into the loss.",
            lambda cases, reports: bool({*said_of(reports, "loss")} & {*LEAVES}),
        ),
        Misconception(
            "inputs_are_learned",
            """kinds = {"x": "weight", "w": "weight", "bias": "weight", "p": "weight",
            "z": "intermediate", "y": "intermediate", "loss": "intermediate", "2": "constant"}""",
            "x holds the data. Training changes the weights until they suit the data; if it "
            "changed the data as well, there would be nothing left to learn from.",
            lambda cases, reports: "weight" in said_of(reports, "x"),
        ),
        Misconception(
            "gradient_means_weight",
            """kinds = {"x": "input", "w": "weight", "bias": "weight", "p": "weight",
            "z": "intermediate", "y": "intermediate", "loss": "intermediate", "2": "constant"}""",
            "requires_grad=True says that somebody wants to know how the loss depends on p. That "
            "does not make p something to be learned: it still came from outside.",
            lambda cases, reports: "weight" in said_of(reports, "p"),
        ),
        Misconception(
            "typed_numbers_are_inputs",
            """kinds = {"x": "input", "w": "weight", "bias": "weight", "p": "input",
            "z": "intermediate", "y": "intermediate", "loss": "intermediate", "2": "input"}""",
            "The 2 belongs to the formula. An input may be another one tomorrow; the 2 of a square "
            "may not.",
            lambda cases, reports: bool({*said_of(reports, "2")} & {"input", "weight"}),
        ),
    ),
    hints=(
        Hint(
            "I can't tell a leaf from the rest",
            "Does an arrow enter it? Then an operator made it, and it is intermediate, however "
            "important it is. If none does, it is a leaf.",
        ),
        Hint(
            "I can't tell an input from a weight",
            "Look at how it was made: bl.tensor(...) brings data in; bl.parameter(...) declares "
            "something that is to be learned.",
        ),
        Hint(
            "The last one is wrong and I don't see why",
            "It is the 2, p or the loss. Who chose the 2? Is p changed by training? Does an arrow "
            "enter the loss?",
        ),
    ),
    why="Two separate questions: did an operator make it, and if not, where did its value come "
    "from? requires_grad answers neither; p and w both have it, and only w is learned.",
)
