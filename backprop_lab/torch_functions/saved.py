"""What forward changes, marks and keeps: the part of the contract that no number shows."""

import dis
import gc
import inspect
from contextlib import suppress
from weakref import ref

import torch

from .card import FAILED, NOT_APPLICABLE, PASSED
from .runs import MISSING, Stopped, is_tensor, seeded
from .values import DIRTY
from .wording import listed


def changed_inputs(run):
    """Positions of the inputs that are no longer what they were."""
    pairs = enumerate(zip(run.given, run.before, strict=True))
    return [i for i, (x, old) in pairs if is_tensor(x) and not equal(x, old)]


def equal(x, old):
    return x.shape == old.shape and torch.allclose(x, old, rtol=0, atol=0, equal_nan=True)


def mark_dirty(trial):
    """What forward changes in place is marked, and returned."""
    run = trial.run()
    dirty = run.marks.get("dirty", ())
    marked = [i for i, x in enumerate(run.given) if any(x is d for d in dirty)]
    changed = changed_inputs(run)
    unmarked = [i for i in changed if i not in marked]
    if unmarked:
        return FAILED, (
            f"forward changed input {unmarked[0]} in place, and PyTorch does not know: gradients "
            "that need the old values come out wrong. Call ctx.mark_dirty(x) and return x itself, "
            "or compute a new tensor: x * 3, not x.mul_(3)."
        )
    if not dirty:
        return NOT_APPLICABLE, "forward changed no input in place."
    if any(not any(d is y for y in run.outputs) for d in dirty):
        return FAILED, DIRTY
    return PASSED, f"{listed(f'Input {i}' for i in marked)} is changed in place, marked, returned."


def inputs_unchanged(trial):
    """Neither forward nor backward changes what it was given, or has saved."""
    run = trial.run()
    dirty = run.marks.get("dirty", ())
    changed = [i for i in changed_inputs(run) if not any(run.given[i] is d for d in dirty)]
    if changed:
        return FAILED, f"forward changed input {changed[0]} without marking it: see mark_dirty."
    before = [x.detach().clone() if is_tensor(x) else x for x in run.given]
    outputs = [y.detach().clone() for y in run.outputs]
    try:
        run.back(run.seeds())
    except Stopped:
        if not run.calls or run.calls[0].returned is MISSING:
            raise
    for i, (x, old) in enumerate(zip(run.given, before, strict=True)):
        if is_tensor(x) and not equal(x, old):
            return FAILED, (
                f"backward changed input {i} in place: whoever uses it next gets other numbers. "
                "Saved tensors are the caller's own, not copies."
            )
    if not all(map(equal, run.outputs, outputs)):
        return FAILED, "backward changed the output in place, which others still read."
    return PASSED, "forward and backward left every input as it was." if not dirty else (
        "Nothing is changed but what is marked."
    )


def mark_non_differentiable(trial):
    """Outputs that no nudge moves pass no gradients."""
    run = trial.first[0]
    marked = run.marks.get("non_differentiable", ())
    for k, y in enumerate(run.outputs):
        if any(y is m for m in marked) and y.is_floating_point() and not trial.deliberate:
            if jumps(trial, k):
                continue
            return FAILED, (
                f"Output {k} is marked as non-differentiable, and it moves when an input is "
                "nudged: no gradient passes through it, and nobody is told."
            )
    if len(run.outputs) < 2:
        return NOT_APPLICABLE, "One output, and gradients pass through it."
    whole = [
        k
        for k, y in enumerate(run.outputs)
        if y.requires_grad and bool((y == y.round()).all()) and jumps(trial, k)
    ]
    if whole:
        return FAILED, (
            f"Output {whole[0]} holds whole numbers that no nudge moves, and yet it requires a "
            "gradient. Return indices as integers, and call ctx.mark_non_differentiable on them."
        )
    silent = [k for k, y in enumerate(run.outputs) if not y.requires_grad]
    if not silent:
        return NOT_APPLICABLE, "Gradients pass through every output."
    return PASSED, f"No gradient passes through {listed(f'output {k}' for k in silent)}."


def jumps(trial, k):
    """Whether output k stays the same, to the last bit, when inputs are nudged."""
    inputs = trial.double()
    moved = [x * (1 + 1e-7) + 1e-7 if i in trial.slots else x for i, x in enumerate(inputs)]
    here, there = [trial.run(xs, needed=[], watch=False).outputs[k] for xs in (inputs, moved)]
    return torch.equal(here, there)


def tensors_on_ctx(trial):
    """Tensors are kept by save_for_backward, and not as attributes of ctx."""
    run = trial.first[0]
    known = [(x, f"input {i}") for i, x in enumerate(run.given)]
    known += [(y, f"output {k}") for k, y in enumerate(run.outputs)]
    for name, value in vars(run.ctx).items() if run.ctx is not None else ():
        for x in tensors_in(value):
            what = next((words for y, words in known if y is x), "a tensor made on the way")
            return FAILED, (
                f"ctx.{name} holds {what}. Kept like that it is not freed after backward, may keep "
                "the whole graph alive, and a change in place goes unnoticed. Write "
                "ctx.save_for_backward(...), and read ctx.saved_tensors."
            )
    if run.marks.get("saved"):
        return PASSED, "What backward needs is kept by save_for_backward, and nowhere else."
    return PASSED, "No tensor is kept."


def tensors_in(value, depth=3):
    """Every tensor in lists, tuples and dicts."""
    if is_tensor(value):
        yield value
    elif depth and isinstance(value, (list, tuple, set, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from tensors_in(part, depth - 1)


def memory_is_freed(trial):
    """Nothing stays in memory on account of the Function, once it has done its work."""
    was_on = gc.isenabled()
    gc.disable()  # a cycle would be found some time later, and memory be full by then
    try:
        left = survivors(trial)
    finally:
        if was_on:
            gc.enable()
    if left:
        return FAILED, (
            f"{listed(left)} stayed in memory when nobody used it any more. Something keeps it: an "
            "attribute of ctx, of the class, or a list outside. Only save_for_backward lets go."
        )
    return PASSED, "Inputs are free after backward, and the output when nobody uses it any more."


def survivors(trial):
    """What is still there: inputs after backward, while the result is; then the result."""
    leaves = {i: trial.double()[i].clone().requires_grad_() for i in trial.slots}
    given = [leaves[i].clone() if i in leaves else x for i, x in enumerate(trial.double())]
    with seeded(given):
        result = trial.function.apply(*given)
    outputs = [y for y in (result if isinstance(result, tuple) else [result]) if is_tensor(y)]
    moving = [y for y in outputs if y.requires_grad]
    seeds = [torch.full_like(y, 0.5) for y in moving]
    try:
        torch.autograd.grad(moving, list(leaves.values()), seeds, allow_unused=True)
    except (Exception, SystemExit) as error:
        raise Stopped("backward", error) from None
    storages = {y.untyped_storage().data_ptr() for y in outputs}  # views keep what they look at
    inputs = {
        i: ref(given[i]) for i in leaves if given[i].untyped_storage().data_ptr() not in storages
    }
    del given
    left = [f"Input {i}" for i, alive in inputs.items() if alive() is not None]
    results = [ref(y) for y in outputs]
    del result, outputs, moving
    return left or [f"Output {k}" for k, alive in enumerate(results) if alive() is not None]


def hidden_tensors(trial):
    """Every tensor that takes part is an input."""
    for i, x in enumerate(trial.inputs):
        if any(t.requires_grad for t in tensors_in(x) if t is not x):
            return FAILED, (
                f"Input {i} is a {type(x).__name__} with a tensor in it: PyTorch looks for tensors "
                "among the inputs themselves, so no gradient reaches that one. Give each by itself."
            )
    for name, value in captured(trial.function):
        if learns(value):
            return FAILED, (
                f"It uses {name} from outside, which requires a gradient: only inputs of apply get "
                f"one. Make it an input, apply(x, {name}), with one more gradient from backward."
            )
    return PASSED, "Every tensor that takes part is an input of apply."


def learns(x):
    """Whether x is, or holds, what requires a gradient: a tensor, or a module with parameters."""
    if isinstance(x, torch.nn.Module):
        return any(p.requires_grad for p in x.parameters())
    return is_tensor(x) and x.requires_grad


def captured(function):
    """(name, value) of what the methods of a Function read from outside of them."""
    for method in ("forward", "backward", "vjp", "setup_context", "jvp"):
        rule = inspect.unwrap(getattr(function, method))
        code = getattr(rule, "__code__", None)
        if code is None:
            continue
        for name, cell in zip(code.co_freevars, rule.__closure__ or (), strict=False):
            with suppress(ValueError):  # a name that has not been given a value yet
                yield name, cell.cell_contents
        for step in dis.get_instructions(code):
            if step.opname == "LOAD_GLOBAL" and step.argval in rule.__globals__:
                yield step.argval, rule.__globals__[step.argval]
    yield from vars(function).items()


LINES = [
    ("inputs unchanged", inputs_unchanged),
    ("mark_dirty", mark_dirty),
    ("mark_non_differentiable", mark_non_differentiable),
    ("tensors on ctx", tensors_on_ctx),
    ("memory is freed", memory_is_freed),
    ("hidden tensors", hidden_tensors),
]
