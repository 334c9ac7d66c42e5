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
        """The name of a tensor without a grad_fn; of a part of another, such as "xs[2]", too."""
        name, base = self.leaves.get(id(x)), base_of(x)
        if name is None and base is not None and id(base) in self.leaves:
            return self.leaves[id(base)] + part_of(x, base)
        return name

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


def base_of(x):
    """The tensor that x is a view of, if neither requires a gradient; else None."""
    return None if x.requires_grad else x._base


def part_of(x, base):
    """How a view of a tensor is written: one row or several, its transpose, or another part."""
    if x.shape == base.shape[::-1] and x.stride() == base.stride()[::-1]:
        return "ᵀ"
    if not base.ndim or not base.stride(0):
        return "[…]"
    row = (x.storage_offset() - base.storage_offset()) // base.stride(0)
    if (x.shape, x.stride()) == (base.shape[1:], base.stride()[1:]):
        return f"[{row}]"
    if x.shape[1:] == base.shape[1:] and x.stride()[1:] == base.stride()[1:]:
        return f"[{row}:{row + x.shape[0]}]"
    return "[…]"


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
