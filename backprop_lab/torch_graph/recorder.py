"""From a torch tensor to the record that all pictures are made from."""

from collections import Counter

from ..graph import Graph
from ..graph.parts import IN_CODE, make_edge, make_node
from ..names import unused
from .arrays import as_value, unrecorded
from .keeping import is_same, kept_by, slot_of
from .kinds import full_name, kind_of
from .local import Locals
from .naming import base_of
from .operands import constant_text, operands
from .sweeping import sweep
from .walking import Result, notes, walk


class TorchGraph(Graph):
    """The record of a torch tensor. Whether backward() has run, PyTorch does not note anywhere."""

    unswept = "No gradients are shown: grad=True works them out."


class Recorder:
    """Writes the record of one torch tensor, giving ids to nodes and leaves in forward order.

    Arguments: output (a tensor), names (a Names), local (work out the local derivatives?).
    Attributes, once `graph` has run: ids (from a Result, or the id of a leaf tensor, to an id),
    functions (PyTorch's name for the node behind each id: "MulBackward0", "AccumulateGrad", or
    "None" for what requires no gradient), beside (ids of the edges that are no entry of
    next_functions: numbers that the node holds), leaves (the leaf tensors that were read).
    """

    def __init__(self, output, names, local=False):
        self.output, self.names, self.local = output, names, local
        self.order = walk(output) if output.grad_fn is not None else []
        self.nodes, self.edges, self.events = [], [], []
        self.ids, self.functions, self.beside = {}, {}, set()
        self.values = {}  # what is known of the values of Results
        self.leaves = []
        self.several = Counter(result.function for result in self.order)

    def graph(self, gradient=None):
        """The Graph; the reverse sweep is in it if there is a gradient, a tensor like output."""
        with unrecorded():
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
        return TorchGraph(self.nodes, self.edges, self.events)

    def titles_of(self, graph):
        """A name for each Result, and for each leaf tensor by its id; without one: t1, t2, …"""
        taken, titles = {}, {}
        for key, node in zip(self.ids, graph.nodes, strict=True):
            unnamed = node["label"] if node["kind"] == "constant" else "t1"
            titles[key] = unused(node["name"] or unnamed, taken)
        return titles

    def id_of(self, x):
        """The id of the node that a tensor leaves; None if it is not in the graph."""
        if x.grad_fn is None:
            return self.ids.get(id(x))
        return next((self.ids[r] for r in self.order if is_same(r, x)), None)

    def find_values(self):
        """The values that are still to be had: recorded, saved for a rule, or in a variable."""
        for result in self.order:
            recorded = notes(result.function).get("values", {}).get(result.number)
            if recorded:
                self.values[result] = recorded
            owners = [x for x in [result, *result.inputs] if isinstance(x, Result)]
            for _, x in kept_by(result) or ():
                for owner in owners:
                    if owner not in self.values and is_same(owner, x):
                        self.values[owner] = as_value(x)
            _, x = self.names.of_result(result)
            if result not in self.values and x is not None:
                self.values[result] = as_value(x)
        if self.order and self.order[-1] not in self.values:
            self.values[self.order[-1]] = as_value(self.output)

    def add(self, key, kind, op, label, name, value, shape, **facts):
        self.ids[key] = f"n{len(self.ids)}"
        node = make_node(self.ids[key], kind, op, label, name, value, **facts)
        self.nodes.append(node | {"shape": None if shape is None else list(shape)})
        return self.ids[key]

    def add_leaf(self, x):
        """The node of a leaf tensor: a weight if it is a Parameter, a constant without a name."""
        self.leaves.append(x)
        name = self.names.of_leaf(x)
        kind = kind_of_leaf(x, name)
        label = name or (constant_text(x) if kind == "constant" else kind)
        key = self.add(id(x), kind, None, label, name, as_value(x), x.shape)
        self.functions[key] = "AccumulateGrad" if x.requires_grad else "None"

    def add_source(self, operand):
        """The node that an operand comes from, unless it is there."""
        if isinstance(operand.source, Result) or operand.key in self.ids:
            return
        if operand.known:
            if operand.is_tensor:
                self.add_leaf(operand.source)
            else:
                key = self.add(operand.key, "constant", None, constant_text(operand.source), None,
                               as_value(operand.source), ())  # fmt: skip
                self.functions[key] = "None"
        else:
            key = self.add(operand.key, "constant", None, "?", "?", None, None)
            self.functions[key] = "None"

    def add_result(self, result, read):
        function, kind = result.function, kind_of(result.function)
        label = kind.label
        if self.several[function] > 1:  # one operator, drawn once for each of its results
            label = f"[{result.number}]" if label == "[ ]" else f"{label} [{result.number}]"
        name, _ = self.names.of_result(result)
        role = "output" if result is self.order[-1] else "op"
        key = self.add(result, role, IN_CODE.get(label, label), label, name,
                       self.values.get(result), result.shape, saved=self.saved(result, read),
                       group=result.group)  # fmt: skip
        self.functions[key] = full_name(function)
        self.events.append({"event": "forward", "node": key})
        locals_ = Locals(result, kind, read, self.titles(read), self.local)
        for slot, operand in enumerate(read):
            source = self.ids[operand.key]
            copies = copies_of(result, kind, operand)
            tensor = self.nodes[int(source[1:])]["name"]
            self.edges.append(make_edge(source, key, slot, tensor, locals_.of(slot), copies))
            self.beside |= {self.edges[-1]["id"]} if operand.slot is None else set()

    def titles(self, read):
        """The names of operands, where they have any."""
        return [self.nodes[int(self.ids[operand.key][1:])]["name"] for operand in read]

    def saved(self, result, read):
        """What a node keeps: "input 0", "output", "other"; "freed" once it has let go of it."""
        kept = kept_by(result)
        if kept is None:
            return ["freed" if result.freed else "other"]
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

    base = base_of(x)
    if isinstance(x if base is None else base, torch.nn.Parameter):
        return "weight"
    return "input" if x.requires_grad or name else "constant"


def copies_of(result, kind, operand):
    """How many of each entry of an input its operator makes by broadcasting."""
    if not (kind.broadcasts or (kind.label == "addmm" and operand.slot == 0)):
        return 1
    size = operand.size
    return result.size // max(size, 1) if size is not None else 1
