"""What the probes of notebook 7 share: leaves from arrays, and what came back as plain data.

torch is imported where a probe needs it, so notebooks 1 to 5 run without it.
"""

import numpy as np

from ..diagnosis import diagnose

TINY = 1e-30


def leaf(array, requires_grad=True):
    """A leaf tensor that shares its memory with `array`: whoever changes it changes the case."""
    import torch

    return torch.from_numpy(array).requires_grad_(requires_grad)


def tell(tensor, **leaves):
    """What an answer returned, as plain data, before anybody runs a backward pass.

    Keys: type; touched, the leaves that have a `.grad` already; and for a tensor value, tracked
    (does it require a gradient?) and dtype.
    """
    import torch

    touched = [name for name, x in leaves.items() if x.grad is not None]
    told = {"type": type(tensor).__name__, "touched": touched}
    if isinstance(tensor, torch.Tensor):
        dtype = str(tensor.dtype).removeprefix("torch.")
        told |= {"value": array_of(tensor), "tracked": bool(tensor.requires_grad), "dtype": dtype}
    return told


def array_of(tensor):
    """A tensor's numbers as an array of its own, or None for None."""
    return None if tensor is None else np.array(tensor.detach().double().numpy())


def pull(tensor, u, **leaves):
    """The gradients of ⟨u, tensor⟩ as {leaf: array or None}, or why there are none.

    PyTorch's messages change from version to version, so only their kind is kept.
    """
    import torch

    if not isinstance(tensor, torch.Tensor) or not tensor.requires_grad:
        return "untracked"
    if tuple(tensor.shape) != np.shape(u):
        return "shape"
    try:
        (tensor * torch.from_numpy(np.array(u))).sum().backward()
    except RuntimeError as error:
        text = str(error)
        return "changed" if "inplace" in text else "freed" if "second time" in text else "failed"
    return {name: array_of(x.grad) for name, x in leaves.items()}


def a(kind):
    """The name of a type with its article.

    >>> a("float"), a("int"), a("NoneType"), a("ellipsis")
    ('a float', 'an int', 'None', '...')
    """
    special = {"NoneType": "None", "ellipsis": "..."}
    return (
        special.get(kind) or f"{'an' if kind[0] in 'AEIOaeio' or kind == 'ndarray' else 'a'} {kind}"
    )


WHY = {
    "changed": "Going back, PyTorch finds that a tensor which it had noted for the backward pass "
    "was changed in place after that. Make a new tensor instead.",
    "freed": "Going back, PyTorch finds that this graph has been walked and freed before.",
    "failed": "The backward pass from your result ends in an error.",
}


def returned(told, shape, what="result"):
    """What is wrong with what came back, apart from its numbers; None if nothing is."""
    if told["type"] == "NoneType":
        return "A tensor is asked for, and None came: did your function forget its return?"
    if "value" not in told:
        return f"A tensor, which knows what made it, is asked for, and {a(told['type'])} came."
    if told["touched"]:
        return (
            f"After the call {', '.join(told['touched'])} has a `.grad` already. Build the {what} "
            "only; whoever calls you runs backward."
        )
    if np.shape(told["value"]) != shape:
        return f"The {what} has the shape {np.shape(told['value'])}, and it has to be {shape}."
    if told["dtype"] != "float64":
        return f"The {what} is {told['dtype']}, and what it is made of is float64: digits are lost."
    return None


def wrong_gradients(gradients, wanted):
    """The first of {leaf: gradient} that is not as wanted, in a sentence; None if all are."""
    if isinstance(gradients, str):
        return WHY.get(gradients, "Nothing can be sent back from your result.")
    for name, right in wanted.items():
        if gradients[name] is None:
            return (
                f"Nothing arrives at {name}: its `.grad` is None. Somewhere on the way a number "
                "was taken out of its tensor, and the graph ends there."
            )
        trouble = diagnose(gradients[name], right)
        if trouble:
            return f"The gradient that arrives at {name} is wrong. {trouble}"
    return None


def slopes(f, **inputs):
    """The gradient of a scalar function by each of its inputs, by complex steps.

    f takes arrays under their names. Source: Squire and Trapp (1998).

    >>> slopes(lambda x: (x * x).sum(), x=np.array([3.0, -1.0]))
    {'x': array([ 6., -2.])}
    """
    found = {}
    for name, x in inputs.items():
        gradient = np.zeros(np.shape(x))
        for i in np.ndindex(gradient.shape):
            moved = np.array(x, dtype=complex)
            moved[i] += 1j * TINY
            gradient[i] = np.imag(f(**inputs | {name: moved})) / TINY
        found[name] = gradient
    return found


def reports_of(cases, reports):
    """The pairs (case, what came back), for a misconception that is known by its looks."""
    return [(case, report["returned"]) for case, report in zip(cases, reports, strict=True)]


def nothing_arrives(told):
    """Whether a gradient reaches no leaf at all."""
    gradients = told.get("gradients")
    return gradients == "untracked" or (
        isinstance(gradients, dict) and all(x is None for x in gradients.values())
    )


def signed(rng, shape, low=0.4, high=1.6):
    """Numbers between `low` and `high` in absolute value, of mixed sign."""
    sign = np.resize([1.0, -1.0], int(np.prod(shape))) * rng.choice([-1.0, 1.0])
    return np.array(rng.permutation(sign).reshape(shape) * rng.uniform(low, high, shape))
