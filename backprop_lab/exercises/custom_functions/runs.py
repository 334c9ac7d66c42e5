"""Running a `torch.autograd.Function`, and writing down as plain data what came out.

torch is imported where it is used: the other notebooks run without it.
"""

from dis import get_instructions
from importlib import import_module
from traceback import walk_tb

import numpy as np

from ..probing import describe_error, own_frames

OTHER = -1.7  # the second run, between forward and backward of the first, gets inputs times this


def load_backward():
    """The first backward pass from a given cotangent makes torch import another 500 modules."""
    import_module("torch.fx.experimental.symbolic_shapes")


def is_blank(answer):
    """Whether an answer is a class that is still to be written. Raises for what is no Function."""
    import torch

    if answer is ...:
        return True
    if not isinstance(answer, type) or not issubclass(answer, torch.autograd.Function):
        kind = "one without that" if isinstance(answer, type) else f"a {type(answer).__name__}"
        raise TypeError(
            f"A class is asked for that is written `class …(torch.autograd.Function):`, and {kind} "
            "came. Hand over the class itself, without parentheses after its name."
        )
    return answer.forward is torch.autograd.Function.forward


def run(answer, inputs, z_bar, frozen=()):
    """What a Function with one output does: forward, then backward from the cotangent `z_bar`.

    Arguments: inputs (arrays, which become tensors that share their memory, and numbers), z_bar
    (an array), frozen (places of the arrays that want no gradient).
    Returns ... if forward is blank, or a dict: "y", "returned" (what backward returned, entry by
    entry), "kept" (attributes of ctx that hold tensors), "saved" (what save_for_backward was
    given), and "refused" if PyTorch, and no line of the answer, has raised.
    """
    import torch

    told = {}
    watched = recorded(answer, told)
    tensors = leaves(inputs, frozen)
    y = attempt(told, "forward", lambda: watched.apply(*tensors))
    if "refused" in told or y is ...:
        return told if "refused" in told else ...
    told["y"] = describe(y)
    if not isinstance(y, torch.Tensor) or not y.requires_grad:
        return told
    watched.apply(*leaves([x * OTHER for x in inputs], frozen))
    told["kept"] = kept(y.grad_fn)
    told["saved"] = saved(y, tensors)
    wanted = [x for x in tensors if isinstance(x, torch.Tensor) and x.requires_grad]
    attempt(told, "backward", lambda: torch.autograd.grad(y, wanted, tensor(z_bar)))
    return told


def attempt(told, by, action):
    """What `action` returns; PyTorch's own refusals are noted, exceptions of the answer go on."""
    try:
        return action()
    except Exception as error:
        if own_frames(error):
            raise
        told["refused"] = {"by": by, "text": describe_error(error)}


def recorded(answer, told):
    """The same Function; it notes in told["returned"] what its backward returns."""
    rule = rule_of(answer)
    inner = getattr(answer, rule)

    def outer(ctx, *z_bars):
        try:
            came = inner(ctx, *z_bars)
        except Exception as error:
            error.__notes__ = notes(error, ctx)
            raise
        told["returned"] = [describe(x) for x in came] if type(came) is tuple else [describe(came)]
        return came

    return type(answer.__name__, (answer,), {rule: staticmethod(outer)})


def rule_of(answer):
    """The name under which a Function has its reverse rule: PyTorch knows two."""
    import torch

    return "backward" if answer.vjp is torch.autograd.Function.vjp else "vjp"


def notes(error, ctx):
    """One sentence if the function that raised holds what it should not, or lacks something.

    It may hold the whole tuple of saved tensors, or use a tensor that is the notebook's own.
    """
    if not own_frames(error):
        return []
    *_, (frame, _) = walk_tb(error.__traceback__)
    if isinstance(error, TypeError):
        boxes = [name for name, x in frame.f_locals.items() if is_box(x, ctx.saved_tensors)]
        if boxes:
            return [f"`{boxes[0]}` {IS_A_TUPLE}"]
    return [f"`{name}` {IS_OUTSIDE}" for name in outside(frame)[:1]]


IS_A_TUPLE = "is a tuple of tensors here, and not a tensor."
IS_OUTSIDE = "does not come from ctx: it is a tensor of the notebook that has the same name."


def outside(frame):
    """The names of tensors that a function takes from outside itself."""
    import torch

    names = [line.argval for line in get_instructions(frame.f_code) if line.opname == "LOAD_GLOBAL"]
    return [name for name in names if isinstance(frame.f_globals.get(name), torch.Tensor)]


def is_box(x, tensors):
    """Whether something is the tuple of these tensors; each look at ctx makes a new one."""
    if type(x) is not tuple or len(x) != len(tensors) or not x:
        return False
    return all(
        hasattr(a, "data_ptr") and a.data_ptr() == b.data_ptr()
        for a, b in zip(x, tensors, strict=True)
    )


def leaves(inputs, frozen=()):
    """Tensors for arrays, all but the frozen ones with a gradient; numbers stay numbers."""
    return [
        tensor(x).requires_grad_(i not in frozen) if isinstance(x, np.ndarray) else x
        for i, x in enumerate(inputs)
    ]


def tensor(x):
    """A tensor that shares the memory of an array, so that a change of it is seen."""
    import torch

    return torch.from_numpy(x)


def describe(x):
    """A tensor as {"values", "dtype"}; None and ... as they are; of anything else its type."""
    import torch

    if x is None or x is ...:
        return x
    if not isinstance(x, torch.Tensor):
        return {"kind": type(x).__name__}
    try:
        return {"values": x.detach().numpy().copy(), "dtype": str(x.dtype).split(".")[-1]}
    except Exception:  # sparse, quantised, on no device at all: no array says what is in it
        return {"kind": f"Tensor of {x.dtype}, {x.layout}"}


def kept(node):
    """The names of the attributes of ctx, which is the node itself, that hold a tensor."""
    return sorted(name for name, x in getattr(node, "__dict__", {}).items() if holds_tensor(x))


def holds_tensor(x, depth=0):
    import torch

    if isinstance(x, (list, tuple, dict, set)) and depth < 3:
        return any(holds_tensor(y, depth + 1) for y in (x.values() if type(x) is dict else x))
    return isinstance(x, (torch.Tensor, np.ndarray))


def saved(y, tensors):
    """What save_for_backward was given, one word each: "output", "input 0", …, or "other"."""
    try:
        found = y.grad_fn.saved_tensors
    except Exception:  # changed since it was saved
        return ["changed"]
    return [what_is(x, y, tensors) for x in found]


def what_is(x, y, tensors):
    import torch

    if x is None:
        return "None"
    named = {"output": y} | {
        f"input {i}": t for i, t in enumerate(tensors) if isinstance(t, torch.Tensor)
    }
    for name, t in named.items():
        if x.data_ptr() == t.data_ptr() and x.shape == t.shape:
            return name if x.requires_grad == t.requires_grad else f"detached {name}"
    return "other"
