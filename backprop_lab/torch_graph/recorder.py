"""From a torch tensor to the record that all pictures are made from."""

from collections import Counter

import numpy as np

from ..graph import Graph
from ..graph.parts import IN_CODE, make_edge, make_node, make_value
from .keeping import kept_by, slot_of
from .kinds import full_name, kind_of
from .local import Locals
from .operands import constant_text, operands
from .sweeping import sweep
from .walking import Result, notes, walk


class Recorder:
    """Writes the record of one torch tensor, giving ids to nodes and leaves in forward order.

    Arguments: output (a tensor), names (a Names), local (work out the local derivatives?).
    Attributes, once `record` has run: ids (from a Result, or the id of a leaf tensor, to an id),
    functions (PyTorch's name for the node behind each id: "MulBackward0").
    """

    def __init__(self, output, names, local=False):
        self.output, self.names, self.local = output, names, local
        self.order = walk(output) if output.grad_fn is not None else []
        self.nodes, self.edges, self.events = [], [], []
        self.ids, self.functions = {}, {}
        self.values = {}  # what is known of the values of Results
        self.several = Counter(function for function, _ in {(r.function, r.number)
                                                            for r in self.order})  # fmt: skip

    def graph(self, gradient=None):
        """The Graph; the reverse sweep is in it if there is a gradient, a tensor like output."""
        self.find_values()
        if not self.order:
            self.add_leaf(self.output)
        for result in self.order:
            read = operands(result)
            for operand in read:
                self.add_source(operand)
            self.add_result(result, read)
        if gradient is not None and self.order:
            self.add_backward(gradient)
        return Graph(self.nodes, self.edges, self.events)

    def find_values(self):
        """The values that are still to be had: recorded, in a variable, or saved by a reader."""
        for result in self.order:
            recorded = notes(result.function).get("values", {})
            if result.number in recorded:
                self.values[result] = recorded[result.number]
        for result in self.order:
            tensors = [x for _, x in kept_by(result.function) or ()]
            made = {(r.function, r.number): r for r in [*result.inputs, result]
                    if isinstance(r, Result)}  # fmt: skip
            for x in tensors:
                owner = x.grad_fn is not None and made.get((x.grad_fn, x.output_nr))
                if owner and owner not in self.values:
                    self.values[owner] = as_value(x)
        for result in self.order:
            _, x = self.names.of_result(result)
            if result not in self.values and x is not None:
                self.values[result] = as_value(x)
        if self.order:
            self.values.setdefault(self.order[-1], as_value(self.output))

    def add(self, key, kind, op, label, name, value, shape, **facts):
        self.ids[key] = f"n{len(self.ids)}"
        node = make_node(self.ids[key], kind, op, label, name, value, **facts)
        self.nodes.append(node | {"shape": None if shape is None else list(shape)})
        return self.ids[key]

    def add_leaf(self, x):
        """The node of a leaf tensor: a weight if it is a Parameter, a constant without a name."""
        name = self.names.of_leaf(x)
        kind = kind_of_leaf(x, name)
        label = name or (constant_text(x) if kind == "constant" else kind)
        self.add(id(x), kind, None, label, name, as_value(x), x.shape)

    def add_source(self, operand):
        """The node that an operand comes from, unless it is there."""
        if isinstance(operand.source, Result) or operand.key in self.ids:
            return
        if operand.known:
            if operand.is_tensor:
                self.add_leaf(operand.source)
            else:
                self.add(operand.key, "constant", None, constant_text(operand.source), None,
                         as_value(operand.source), ())  # fmt: skip
        else:
            self.add(operand.key, "constant", None, "?", "?", None, None)

    def add_result(self, result, read):
        function, kind = result.function, kind_of(result.function)
        place = f" [{result.number}]" if self.several[function] > 1 else ""
        label = kind.label + place
        name, _ = self.names.of_result(result)
        self.functions[f"n{len(self.ids)}"] = full_name(function)
        role = "output" if result is self.order[-1] else "op"
        key = self.add(result, role, IN_CODE.get(label, label), label, name,
                       self.values.get(result), result.shape, saved=self.saved(result, read),
                       group=result.group)  # fmt: skip
        self.events.append({"event": "forward", "node": key})
        locals_ = Locals(result, kind, read, self.titles(read), self.local)
        for slot, operand in enumerate(read):
            source = self.ids[operand.key]
            copies = copies_of(result, kind, operand)
            tensor = self.nodes[int(source[1:])]["name"]
            self.edges.append(make_edge(source, key, slot, tensor, locals_.of(slot), copies))

    def titles(self, read):
        """The names of operands, where they have any."""
        return [self.nodes[int(self.ids[operand.key][1:])]["name"] for operand in read]

    def saved(self, result, read):
        """What a node keeps: "input 0", "output", "other"; "freed" once it has let go of it."""
        kept = kept_by(result.function)
        if kept is None:
            return ["freed"]
        display = {operand.slot: i for i, operand in enumerate(read)}
        found = []
        for name, x in kept:
            slot = slot_of(result, name, x)
            if slot in display:
                slot = f"input {display[slot]}"
            found.append(slot if isinstance(slot, str) else "other")
        return found

    def add_backward(self, gradient):
        key = self.ids[self.order[-1]]
        self.events.append({"event": "seed", "node": key, "gradient": as_value(gradient)})
        sent = []
        for result, slot, x_bar, total in sweep(self.order, gradient):
            position = next(i for i, o in enumerate(operands(result)) if o.slot == slot)
            source = result.inputs[slot]
            source = self.ids[source if isinstance(source, Result) else id(source)]
            edge = f"{source}-{self.ids[result]}-{position}"
            sent.append((source, edge, as_value(x_bar), as_value(total)))
        awaited = Counter(source for source, *_ in sent)
        for source, edge, contribution, total in sent:
            awaited[source] -= 1
            self.events.append({"event": "vjp", "edge": edge, "contribution": contribution,
                                "total": total, "awaited": awaited[source]})  # fmt: skip
        spoken = {edge for _, edge, *_ in sent}
        for edge in self.edges:  # a rule that gave None lets no gradient pass
            edge["local"] = edge["local"] if edge["id"] in spoken else None


def kind_of_leaf(x, name):
    import torch

    if isinstance(x, torch.nn.Parameter):
        return "weight"
    return "input" if x.requires_grad or name else "constant"


def copies_of(result, kind, operand):
    """How many of each entry of an input its operator makes by broadcasting."""
    if not (kind.broadcasts or (kind.label == "addmm" and operand.slot == 0)):
        return 1
    size = operand.size
    return result.size // max(size, 1) if size is not None else 1


def as_value(x):
    """The value of a torch tensor, or of a number, as a record holds it."""
    return make_value(as_array(x))


def as_array(x):
    """The data of a torch tensor as an array."""
    import torch

    if not isinstance(x, torch.Tensor):
        return np.asarray(float(x))
    x = x.detach()
    x = x.to_dense() if x.is_sparse else x
    x = x.float() if x.dtype in (torch.bfloat16,) else x
    return x.cpu().numpy()
