"""A walk along grad_fn: what PyTorch's graph holds, without running anything.

A tensor's `grad_fn` is the node of the operator that made it, and `next_functions` leads from there
to the nodes of what that operator read. A leaf has no grad_fn; in its place stands a node called
AccumulateGrad, which here is folded into the leaf itself.
"""

import heapq
from dataclasses import dataclass, field
from math import prod

from .kinds import is_leaf

OPEN = []  # recordings that are under way: asked for their last notes before a walk


@dataclass(eq=False)
class Result:
    """A tensor that an operator made.

    function: its grad_fn; number: which of the results of that operator it is; inputs: for each
    slot of the grad_fn another Result, a leaf tensor, or None for what requires no gradient.
    """

    function: object
    number: int
    inputs: list = field(default_factory=list)
    operands: list | None = None  # found when first asked for, by `operands`
    kept: list | None = None  # the same, by `kept_by`, which has looked once, and knows
    looked: bool = False
    freed: bool = False

    @property
    def shape(self):
        return tuple(self.function._input_metadata[self.number].shape)

    @property
    def dtype(self):
        return self.function._input_metadata[self.number].dtype

    @property
    def size(self):
        return prod(self.shape)

    @property
    def group(self):
        """The group that a recording has put it into."""
        return notes(self.function).get("group")


def notes(function):
    """What recordings have noted on a node: a dict that lives as long as the node."""
    return function.metadata.get("backprop_lab", {})


def walk(t, most=None):
    """The Results that a tensor depends on, itself the last, each after those that it reads.

    Arguments: t (a tensor with a grad_fn), most (stop there, and return None, if there are more).
    No recursion, however deep the graph.
    """
    for notebook in OPEN:
        notebook.look_back()
    root = Result(t.grad_fn, t.output_nr)
    found = {(root.function, root.number): root}
    todo = [root]
    for result in todo:  # a list that grows while it is read
        for function, number in result.function.next_functions:
            if function is None or is_leaf(function):
                result.inputs.append(function and function.variable)
                continue
            key = function, number
            if key not in found:
                found[key] = Result(function, number)
                todo.append(found[key])
            result.inputs.append(found[key])
        if most is not None and len(todo) > most:
            return None
    return in_order(todo)


def in_order(results):
    """Results sorted so that each comes after what it reads; otherwise the older ones first."""
    waiting, readers = {}, {result: [] for result in results}
    for result in results:
        sources = {x for x in result.inputs if isinstance(x, Result)}
        waiting[result] = len(sources)
        for source in sources:
            readers[source].append(result)
    age = {result: (result.function._sequence_nr(), result.number, -i)
           for i, result in enumerate(results)}  # fmt: skip
    ready = [(age[result], result) for result in results if not waiting[result]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, result = heapq.heappop(ready)
        order.append(result)
        for reader in readers[result]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, (age[reader], reader))
    return order
