"""Modules while they run: which call is inside of which, as the names of groups."""

from collections import Counter
from threading import get_ident

from ..modes import GROUPS
from ..names import variables


class Modules:
    """The modules that are being called, outermost first, and what their groups are called.

    Arguments: frame (whose variables name a module that is called from there), root (a module
    that is no group itself, since all is inside of it).
    """

    def __init__(self, frame=None, root=None):
        self.frame, self.root = frame, root
        self.open = []  # (module, name or None, how many groups were open when it was called)
        self.paths = {}  # from id(module) to its path within the outermost module
        self.calls = Counter()
        self.hooks = []

    def watch(self):
        from torch.nn.modules import module

        enter, leave = self.enter, self.leave
        self.hooks = [
            module.register_module_forward_pre_hook(enter),
            module.register_module_forward_hook(leave, always_call=True),
        ]

    def release(self):
        for hook in self.hooks:
            hook.remove()

    def enter(self, module, args):
        if not self.open:
            self.paths = {id(m): path for path, m in module.named_modules()}
        name = None if module is self.root else self.part(module)
        if name:
            self.calls[self.group(name)] += 1
            again = self.calls[self.group(name)]
            name += f" ({again})" if again > 1 else ""
        self.open.append((module, name, len(GROUPS.get(get_ident(), ()))))

    def leave(self, module, args, output):
        if self.open and self.open[-1][0] is module:
            self.open.pop()

    def part(self, module):
        """What a module is called within the one that called it: "fc1", or "0: Linear"."""
        kind = type(module).__name__
        if not self.open:
            return next((n for n, m in variables(self.frame, type(module)) if m is module), kind)
        path = self.paths.get(id(module), kind)
        around = self.paths.get(id(self.open[-1][0]), "")
        path = path.removeprefix(f"{around}.") if around else path
        return f"{path}: {kind}" if path.rpartition(".")[2].isdigit() else path

    def group(self, *more):
        """The name of the group that an operator belongs to now; None outside of all."""
        names, given = [], GROUPS.get(get_ident(), [])
        seen = 0
        for _, name, depth in self.open:
            names += given[seen:depth]
            names += [name] if name else []
            seen = max(seen, depth)
        return " / ".join([*names, *given[seen:], *more]) or None
