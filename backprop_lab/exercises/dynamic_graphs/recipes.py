"""Small graphs for `leaves_of`, written as recipes that a probe builds and a judge reads.

A recipe has leaves, as "values" and "grad" (does it require a gradient?), and "steps": "*01" joins
the tensors 0 and 1 by a product, "s3" takes the sine of tensor 3. Leaves come first, and each step
makes one tensor more; the last one is the result. "deep": how often it is then doubled.
"""

import numpy as np

from .pieces import leaf, signed


def recipe(values, grad, steps=(), deep=0):
    return {"values": np.array(values), "grad": list(grad), "steps": list(steps), "deep": deep}


def random_recipe(rng, size):
    """`size` steps over five leaves; one is not used, and one of the others gets no gradient."""
    values, grad = signed(rng, 5), [*rng.permutation([True, True, True, False]).tolist(), True]
    steps, idle = [], list("0123")
    for i in range(size):
        known = [*"0123", *(chr(ord("5") + j) for j in range(i))]
        first = idle.pop() if idle else known[-1]
        second = known[-1] if idle else str(rng.choice(known))
        steps.append(f"{rng.choice(['*', '+', 's'])}{first}{second}")
    return recipe(values, grad, steps)


def build(case):
    """The leaves of a recipe and its result, as tensors."""
    leaves = [
        leaf(np.array(value), grad)
        for value, grad in zip(case["values"], case["grad"], strict=True)
    ]
    tensors = list(leaves)
    for symbol, *places in case["steps"]:
        x, *y = [tensors[ord(place) - ord("0")] for place in places]
        join = {"*": lambda x, y: x * y, "+": lambda x, y: x + y, "s": lambda x, *y: x.sin()}
        tensors.append(join[symbol](x, *y))
    for _ in range(case["deep"]):
        tensors.append(tensors[-1] + tensors[-1])
    return leaves, tensors[-1]


def wanted(case, followed=slice(None)):
    """The numbers of the leaves that require a gradient and that the result depends on.

    followed: which of each operator's inputs are followed.
    """
    last = len(case["values"]) + len(case["steps"]) - 1
    reached, waiting = {last}, [last]
    while waiting:
        step = waiting.pop() - len(case["values"])
        places = case["steps"][step] if step >= 0 else ""
        places = places[1:2] if places[:1] == "s" else places[1:][followed]
        new = {ord(place) - ord("0") for place in places} - reached
        reached |= new
        waiting += new
    return [i for i, grad in enumerate(case["grad"]) if grad and i in reached]


def letter(i):
    return "abcdefghijklmnopqrstuvwxyz"[i]


def shown(case):
    """The lines of code that make a case's graph."""
    count = len(case["values"])
    lines = [
        f"{letter(i)} = {value:.3g}{'' if grad else ', which requires no gradient'}"
        for i, (value, grad) in enumerate(zip(case["values"], case["grad"], strict=True))
    ]
    for i, (symbol, *places) in enumerate(case["steps"], count):
        x, y = [letter(ord(place) - ord("0")) for place in [*places, *places][:2]]
        lines.append(f"{letter(i)} = " + (f"sin({x})" if symbol == "s" else f"{x} {symbol} {y}"))
    last = letter(count + len(case["steps"]) - 1)
    if case["deep"]:
        lines.append(f"and {case['deep']} times {last} = {last} + {last}")
    return "\n".join(["The graph:", *[f"  {line}" for line in lines], f"leaves_of({last})"])
