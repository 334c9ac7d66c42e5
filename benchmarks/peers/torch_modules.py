"""PyTorch as most people write it: torch.nn for the layers, torch.optim for the update.

`torch_eager` has the same program as ours, line by line; this one is what its users run.
"""

import torch

from .not_run import NotRun

VERSION = torch.__version__

torch.set_num_threads(1)


class Mlp:
    """A Sequential of Linear layers, CrossEntropyLoss, SGD."""

    def __init__(self, problem):
        self.x, self.labels = map(torch.from_numpy, problem.data())
        layers = []
        arrays = problem.parameters()
        for W, b in zip(arrays[0::2], arrays[1::2], strict=True):
            layer = torch.nn.Linear(*W.shape)
            layer.weight = torch.nn.Parameter(torch.from_numpy(W.T.copy()))
            layer.bias = torch.nn.Parameter(torch.from_numpy(b))
            layers += [layer, torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*layers[:-1])
        self.loss = torch.nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=problem.rate)

    def step(self):
        self.optimizer.zero_grad()
        loss = self.loss(self.model(self.x), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def answer(self):
        """As all others have it: a weight's rows are its inputs."""
        return [p.detach().numpy().T for p in self.model.parameters()]


class Chain:
    def __init__(self, problem):
        raise NotRun("a chain of single numbers has no modules")
