"""backprop_lab itself."""

import numpy as np

import backprop_lab as bl
from backprop_lab import ops

VERSION = bl.__version__


class Mlp:
    """As notebook 8 writes it."""

    def __init__(self, problem):
        x, self.labels = problem.data()
        self.x = bl.tensor(x)
        self.parameters = [bl.parameter(array) for array in problem.parameters()]
        self.rate = problem.rate

    def forward(self):
        *hidden, (W_out, b_out) = zip(self.parameters[0::2], self.parameters[1::2], strict=True)
        h = self.x
        for W, b in hidden:
            h = ops.relu(h @ W + b)
        return ops.softmax_cross_entropy(h @ W_out + b_out, self.labels)

    def step(self):
        loss = self.forward()
        loss.backward()
        for parameter in self.parameters:
            parameter.data -= self.rate * parameter.grad
            parameter.grad = None
        return loss.item()

    def answer(self):
        return [parameter.data for parameter in self.parameters]


class Chain:
    """Operators between tensors of one number."""

    def __init__(self, problem):
        numbers = np.array(problem.numbers(), problem.dtype)
        self.leaves = [bl.parameter(number) for number in numbers]
        self.links = problem.links

    def forward(self):
        y, w, b = self.leaves
        for _ in range(self.links):
            y = ops.relu(y * w + b)
        return y

    def step(self):
        for leaf in self.leaves:
            leaf.grad = None
        self.forward().backward()

    def answer(self):
        return [leaf.grad for leaf in self.leaves]
