"""What a learner calls PyTorch's tensors: by the variables that hold them, or as parameters."""

from collections import Counter

from ..names import variables


LISTED = 1_000  # entries of a list in which names are looked for


class Names:
    """The names of tensors, and the tensors in hand that they were read from.

    Arguments: frame (whose variables are read, local ones first; None for no names), given (a dict
    from names to tensors that comes before them: the arguments and parameters of a module).
    """

    def __init__(self, frame=None, given=None):
        self.leaves, self.results = {}, {}
        self.tensors = []  # held, so that no id is given to another
        found = list((given or {}).items())
        if frame is not None:
            import torch

            found += variables(frame, torch.Tensor)
            found += each_tensor(variables(frame, (list, tuple)))
            found += parameters(variables(frame, torch.nn.Module))
        for name, x in found:
            self.tensors.append(x)
            if x.grad_fn is None:
                self.leaves.setdefault(id(x), name)
            else:
                self.results.setdefault((x.grad_fn, x.output_nr), (name, x))

    def name_of(self, x):
        """The name of a tensor; None if it has none."""
        if x.grad_fn is None:
            return self.of_leaf(x)
        return self.results.get((x.grad_fn, x.output_nr), (None,))[0]

    def of_leaf(self, x):
        """The name of a tensor without a grad_fn; that of a row is "xs[2]"."""
        name = self.leaves.get(id(x))
        base = x._base if name is None and not x.requires_grad else None
        if base is None or id(base) not in self.leaves:
            return name
        return f"{self.leaves[id(base)]}[{row_of(x, base)}]"

    def of_result(self, result):
        """The name of a Result, and its tensor where a variable holds it; else None, None."""
        return self.results.get((result.function, result.number), (None, None))


def each_tensor(named):
    """Of pairs of a name and an object, the tensors: the object itself, or, if it is a list or a
    tuple, those in it, as "xs[0]"."""
    import torch

    todo = list(named)
    for name, x in todo:  # a list that grows
        if isinstance(x, torch.Tensor):
            yield name, x
        elif isinstance(x, (list, tuple)) and len(x) <= LISTED:
            todo += [(f"{name}[{i}]", part) for i, part in enumerate(x)]


def row_of(x, base):
    """Which row of a tensor another one is; "…" if it is another part of it."""
    is_row = x.shape == base.shape[1:] and x.stride() == base.stride()[1:] and base.stride(0)
    return (x.storage_offset() - base.storage_offset()) // base.stride(0) if is_row else "…"


def parameters(modules):
    """The parameters and buffers of modules, as (name, tensor): with the module's own name before
    it only where two modules use the same one."""
    modules = [(name, dict(named_tensors(module))) for name, module in dict(modules).items()]
    uses = Counter(key for _, tensors in modules for key in tensors)
    for name, tensors in modules:
        for key, x in tensors.items():
            yield (key if uses[key] == 1 else f"{name}.{key}"), x


def named_tensors(module):
    """What a module holds, as (name, tensor)."""
    yield from module.named_parameters()
    yield from module.named_buffers()
