"""What a learner calls PyTorch's tensors: by the variables that hold them, or as parameters."""

from collections import Counter

from ..names import variables


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
            found += parameters(variables(frame, torch.nn.Module))
        for name, x in found:
            self.tensors.append(x)
            if x.grad_fn is None:
                self.leaves.setdefault(id(x), name)
            else:
                self.results.setdefault((x.grad_fn, x.output_nr), (name, x))

    def of_leaf(self, x):
        return self.leaves.get(id(x))

    def of_result(self, result):
        """The name of a Result, and its tensor where a variable holds it; else None, None."""
        return self.results.get((result.function, result.number), (None, None))


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
