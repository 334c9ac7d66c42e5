"""PyTorch in eager mode, one thread: the same program as ours, line by line.

Leaner idioms exist (`addmm` runs a layer as one operator, `sub_(…, alpha=…)` an update), and
heavier ones (`torch_modules`); like for like says most about the two engines.
"""

import torch

VERSION = torch.__version__

torch.set_num_threads(1)


class Mlp:
    """Functions on tensors, without modules."""

    def __init__(self, problem):
        self.x, self.labels = map(torch.from_numpy, problem.data())
        arrays = problem.parameters()
        self.parameters = [torch.from_numpy(array).requires_grad_() for array in arrays]
        self.rate = problem.rate

    def forward(self):
        *hidden, (W_out, b_out) = zip(self.parameters[0::2], self.parameters[1::2], strict=True)
        h = self.x
        for W, b in hidden:
            h = torch.relu(h @ W + b)
        return torch.nn.functional.cross_entropy(h @ W_out + b_out, self.labels)

    def step(self):
        loss = self.forward()
        loss.backward()
        with torch.no_grad():
            for parameter in self.parameters:
                parameter -= self.rate * parameter.grad
                parameter.grad = None
        return loss.item()

    def answer(self):
        return [parameter.detach().numpy() for parameter in self.parameters]


class Chain:
    """Operators between tensors of one number."""

    def __init__(self, problem):
        dtype = getattr(torch, problem.dtype)
        self.leaves = [
            torch.tensor(number, dtype=dtype, requires_grad=True) for number in problem.numbers()
        ]
        self.links = problem.links

    def step(self):
        y, w, b = self.leaves
        for leaf in self.leaves:
            leaf.grad = None
        for _ in range(self.links):
            y = torch.relu(y * w + b)
        y.backward()

    def answer(self):
        return [leaf.grad.numpy() for leaf in self.leaves]
