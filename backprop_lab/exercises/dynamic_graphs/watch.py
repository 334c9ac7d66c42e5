"""Exercise `watch`: a hook that listens, and changes nothing."""

import numpy as np

from ..diagnosis import diagnose
from ..exercise import Exercise, Hint, Misconception, call
from .pieces import a, array_of, leaf, reports_of, signed

ENOUGH = 6  # entries of a log that are looked at


def watch_cases(seed):
    rng = np.random.default_rng([seed, 77])
    return [
        {"w": signed(rng, shape), "x": signed(rng, shape), "u": signed(rng, shape)}
        for shape in ((2,), (3,), (4, 2), (3, 3))
    ]


def probe_watch(answer, case):
    """h = w · x and z = h · h: h and w are watched for two passes, and then h no more.

    The second pass writes over the gradients that it has sent, and records itself.
    """
    import torch

    w, x, u = leaf(case["w"]), leaf(case["x"], False), leaf(case["u"], False)
    h = w * x
    logs = {"h": [], "w": []}
    if (handle := call(answer, {"tensor": h, "log": logs["h"]})) is ...:
        return ...
    answer(w, logs["w"])
    before = {name: len(log) for name, log in logs.items()}
    result = (h * h * u).sum()
    (first,) = torch.autograd.grad(result, [w], retain_graph=True)
    reached = {name: entries(log) for name, log in logs.items()}
    (second,) = torch.autograd.grad(result, [h], create_graph=True)
    with torch.no_grad():
        second.mul_(-3.0)
    told = {"handle": type(handle).__name__, "early": before, "reached": reached,
            "by_w": array_of(first), "later": entries(logs["h"])}  # fmt: skip
    try:
        handle.remove()
    except (AttributeError, TypeError):
        return told
    torch.autograd.grad((h * u).sum(), [w])
    return told | {"removed": entries(logs["h"])}


def entries(log):
    """What stands in a log: for each entry its type, numbers, and whether it holds a graph."""
    import torch

    found = []
    for x in list(log)[:ENOUGH]:
        if isinstance(x, torch.Tensor):
            found.append({"value": array_of(x), "holds": bool(x.requires_grad)})
        elif isinstance(x, (np.ndarray, list, float)):
            found.append({"value": np.array(x, dtype=float), "holds": False})
        else:
            found.append({"type": type(x).__name__})
    return found


def gradients(case):
    """By h and by w, for one pass that starts with u."""
    by_h = 2 * case["u"] * case["w"] * case["x"]
    return {"h": by_h, "w": by_h * case["x"]}


def judge_watch(case, output):
    wanted, early = gradients(case), output["early"]
    if early["h"] or early["w"]:
        return ["The log holds something before any backward pass has run."]
    trouble = diagnose(output["by_w"], wanted["w"])
    if trouble:
        return [f"A tensor was watched, and the gradients below it have changed. {trouble}"]
    for name, kind in (("h", "that an operator made"), ("w", "that is a leaf")):
        trouble = complain(output["reached"][name], [wanted[name]])
        if trouble:
            return [f"One backward pass, watching a tensor {kind}: {trouble}"]
    if len(output["later"]) != 2:
        return [f"After two backward passes the log holds {len(output['later'])}, and 2 is right."]
    trouble = complain(output["later"], [wanted["h"], wanted["h"]])
    if trouble:
        return [f"After a second pass, whose gradients were written over later on: {trouble}"]
    if "removed" not in output:
        return [
            "The log is right, and there is no way to end it: `watch` has to return the handle "
            f"that can be removed, and {a(output['handle'])} came."
        ]
    if len(output["removed"]) != len(output["later"]):
        return ["After `remove()` was called on what you returned, the log goes on growing."]
    return []


def complain(log, wanted):
    if len(log) != len(wanted):
        return f"the log holds {len(log)}, and {len(wanted)} is right."
    for i, (entry, right) in enumerate(zip(log, wanted, strict=True)):
        if "type" in entry:
            return f"entry {i} of the log is {a(entry['type'])}; a tensor is asked for."
        trouble = diagnose(entry["value"], right)
        if trouble:
            return f"entry {i} of the log is not the gradient. {trouble}"
        if entry["holds"]:
            return f"entry {i} of the log has a history: it keeps the graph of that pass alive."
    return None


def changes(cases, reports):
    return all(
        diagnose(told["by_w"], gradients(case)["w"]) for case, told in reports_of(cases, reports)
    )


def first_is_right(case, told):
    wanted = gradients(case)
    return not any(complain(told["reached"][name], [wanted[name]]) for name in "hw")


def same_buffer(cases, reports):
    """Right entries that change when somebody writes over the gradient."""
    return all(
        first_is_right(case, told)
        and len(told["later"]) == 2
        and not diagnose(told["later"][1]["value"], -3.0 * gradients(case)["h"])
        for case, told in reports_of(cases, reports)
    )


def keeps_the_graph(cases, reports):
    return all(
        first_is_right(case, told) and any(entry["holds"] for entry in told["later"])
        for case, told in reports_of(cases, reports)
    )


def no_handle(cases, reports):
    return all(
        first_is_right(case, told) and told["handle"] == "NoneType"
        for case, told in reports_of(cases, reports)
    )


def logs_nothing(cases, reports):
    return all(not told["later"] for _, told in reports_of(cases, reports))


HOOK = """
def watch(tensor, log):
    def note(gradient):
        {note}
    {register}
"""


def wrong(note="log.append(gradient.detach().clone())",
          register="return tensor.register_hook(note)"):  # fmt: skip
    return HOOK.format(note=note, register=register)


WATCH = Exercise(
    id="watch",
    title="Watch a gradient go by",
    notebook=7,
    minutes=6,
    points=2,
    core=False,
    may_use=frozenset({"torch"}),
    contract="""\
Write `watch(tensor, log)`. From then on, whenever a backward pass brings a gradient to `tensor`, a
copy of it is appended to the list `log`.

- All gradients stay what they were. What the log holds stays what it was, whatever happens to the
  gradient later on, and it keeps no graph alive.
- Return the handle of the hook, so that `handle.remove()` ends it.""",
    cases=watch_cases,
    probe=probe_watch,
    judge=judge_watch,
    misconceptions=(
        Misconception(
            "changes_the_gradient",
            wrong("log.append(gradient.detach().clone())\n        return gradient * 0.5"),
            "Your hook returns something, or writes on what it was given. What a hook returns "
            "takes the place of the gradient, and everything below gets that.",
            changes,
        ),
        Misconception(
            "the_same_buffer",
            wrong("log.append(gradient.detach())"),
            "The log holds the gradient itself, not a copy. When somebody writes over it later on, "
            "your log changes with it.",
            same_buffer,
        ),
        Misconception(
            "keeps_the_graph",
            wrong("log.append(gradient.clone())"),
            "When a backward pass is recorded itself (`create_graph=True`), a gradient has a "
            "history, and so has its clone. Your log keeps that graph alive.",
            keeps_the_graph,
        ),
        Misconception(
            "no_handle",
            wrong(register="tensor.register_hook(note)"),
            "The handle was lost: nobody can end the watching. `register_hook` returns it.",
            no_handle,
        ),
        Misconception(
            "reads_grad_at_once",
            "def watch(tensor, log):\n    log.append(tensor.grad)\n"
            "    return tensor.register_hook(lambda gradient: None)\n",
            "You read `.grad` when watching begins. There has been no backward pass yet; register "
            "a function that PyTorch calls when there is one.",
            lambda cases, reports: all(
                any(told["early"].values()) for _, told in reports_of(cases, reports)
            ),
        ),
        Misconception(
            "watches_a_copy",
            wrong(register="return tensor.clone().register_hook(note)"),
            "Nothing is ever logged. Either no hook is left on `tensor` itself (a clone of it, or "
            "`tensor * 1`, is another tensor, and no backward pass comes there), or what the hook "
            "gets does not end up in `log`.",
            logs_nothing,
        ),
        Misconception(
            "once_only",
            wrong("log.append(gradient.detach().clone()); handle.remove()",
                  "handle = tensor.register_hook(note)\n    return handle"),
            "The log stops after the first pass. Who called watch decides when it ends, with the "
            "handle.",
            lambda cases, reports: all(
                first_is_right(case, told) and len(told["later"]) == 1
                for case, told in reports_of(cases, reports)
            ),
        ),
        Misconception(
            "logs_the_value",
            wrong("log.append(tensor.detach().clone())"),
            "The log holds the tensor's value. What flows back is what your hook is given.",
            lambda cases, reports: all(
                not diagnose(told["reached"]["w"][0]["value"], case["w"])
                for case, told in reports_of(cases, reports)
            ),
        ),
    ),
    hints=(
        Hint(
            "What is a hook?",
            "A function of one argument, the gradient. `tensor.register_hook(function)` asks "
            "PyTorch to call it whenever a backward pass has a gradient for that tensor.",
        ),
        Hint(
            "The gradients are not what they were",
            "What your function returns is used instead of the gradient. Let it return nothing.",
        ),
        Hint(
            "The entries in my log change afterwards",
            "Appending stores the tensor itself. `clone` makes a copy, and `detach` takes away its "
            "history.",
        ),
    ),
    why="The hook saw each gradient as it went by, and left no trace but the log. Norms, dead "
    "units and the first nan are found that way, in a model that you need not touch.",
)  # fmt: skip
