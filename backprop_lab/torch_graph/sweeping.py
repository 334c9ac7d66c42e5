"""The reverse sweep over PyTorch's graph, one node at a time, so that each message can be seen.

PyTorch's own `backward()` adds up on the way, and leaves only the sums at the leaves. Here each
grad_fn is called by itself: nothing is freed, no `.grad` is touched, and no hook is run.
"""

from ..errors import GradientError
from .keeping import is_freed
from .kinds import is_custom, stem
from .walking import Result


def sweep(order, seed):
    """Carry a cotangent from the last Result back to the leaves, one message at a time.

    Arguments: order (Results as from `walk`), seed (a tensor of the last one's shape).
    Yields (result, slot, x_bar, total), as `reverse_sweep` of the engine does: the Result whose
    operator sent it, which of its inputs it is for, the message, and the sum of all messages that
    this input has had so far.
    """
    cotangents = {order[-1]: seed}
    for result in reversed(order):
        z_bar = cotangents.pop(result, None)
        if z_bar is None:  # a rule further on has given None
            continue
        for slot, x_bar in enumerate(pull_back(result, z_bar)):
            if x_bar is None:
                continue
            source = result.inputs[slot]
            key = source if isinstance(source, Result) else ("leaf", id(source))
            before = cotangents.get(key)
            total = x_bar if before is None else before + x_bar
            cotangents[key] = total
            yield result, slot, x_bar, total


def pull_back(result, z_bar):
    """What the operator of a Result makes of its cotangent: one for each input, or None.

    Raises GradientError if PyTorch has freed what the rule needs, or the rule breaks its contract.
    """
    import torch

    function = result.function
    with torch.no_grad():
        if is_custom(function):
            x_bars = pull_back_custom(result, z_bar)
        else:
            called_with = [zeros(each) for each in function._input_metadata]
            called_with[result.number] = z_bar
            try:
                x_bars = function(*called_with)
            except RuntimeError as error:
                raise spent(function, error) from error
        x_bars = x_bars if isinstance(x_bars, tuple) else (x_bars,)
        return [
            None if x is None or x_bar is None else fitted(result, slot, x_bar)
            for slot, (x, x_bar) in enumerate(zip(result.inputs, x_bars, strict=False))
        ]


def pull_back_custom(result, z_bar):
    """The same, by the `backward` of a torch.autograd.Function."""
    function = result.function
    called_with = [zeros(each) for each in function._input_metadata]
    called_with[result.number] = z_bar
    try:
        x_bars = function.apply(*called_with)
    except RuntimeError as error:
        if is_freed(error):  # any other is the rule's own
            raise spent(function, error) from error
        raise
    x_bars = x_bars if isinstance(x_bars, tuple) else (x_bars,)
    needed = [slot for slot, x in enumerate(result.inputs) if x is not None]
    places = [place for place, needs in enumerate(function.needs_input_grad) if needs]
    if len(x_bars) < len(function.needs_input_grad):
        raise GradientError(
            f"{stem(function)}.backward returned {len(x_bars)} gradients, and its forward was "
            f"given {len(function.needs_input_grad)} arguments. backward returns one for each, in "
            "order: None for what needs none."
        )
    found = dict(zip(needed, (x_bars[place] for place in places), strict=True))
    return tuple(found.get(slot) for slot in range(len(result.inputs)))


def zeros(metadata):
    """Zeros like a result: its cotangent, where nothing on the way to the output reads it."""
    import torch

    return torch.zeros(tuple(metadata.shape), dtype=metadata.dtype, device=metadata.device)


def fitted(result, slot, x_bar):
    """A message in the shape and dtype of its input: summed over what was broadcast."""
    x = result.inputs[slot]
    shape = tuple(x.shape)
    if x_bar.is_sparse:
        x_bar = x_bar.to_dense()
    if tuple(x_bar.shape) != shape:
        try:
            x_bar = x_bar.sum_to_size(shape)
        except RuntimeError:
            raise GradientError(
                f"{stem(result.function)}.backward returned shape {tuple(x_bar.shape)} for an "
                f"input of shape {shape}: a gradient has the shape of the tensor it belongs to."
            ) from None
    return x_bar.to(x.dtype)


def spent(function, error):
    """Why a node cannot pull back."""
    if is_freed(error):
        return GradientError(
            "backward() has run through this graph, and PyTorch has freed what "
            f"{stem(function)} had saved: a graph is good for one sweep. Compute it again, or "
            "keep it with backward(retain_graph=True)."
        )
    if "inplace" in str(error):
        return GradientError(
            f"A tensor that {stem(function)} had saved for backward has been changed in place "
            "since, so its gradient would be wrong. Write x = x + 1 in place of x += 1."
        )
    return GradientError(f"{stem(function)} cannot go backward: {error}")
