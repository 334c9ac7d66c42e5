"""micrograd: one Python object for every number. It computes in double precision always."""

import math
from importlib.metadata import version
from itertools import pairwise

import numpy as np
from micrograd.engine import Value
from micrograd.nn import MLP

from .not_run import NotRun

VERSION = version("micrograd")

LARGEST = 100_000  # products in one step; beyond that it takes minutes, and gigabytes
DEEPEST = 900  # its sort calls itself, once for each operator, and Python allows 1,000 calls


class Mlp:
    """Its own network, with exp and log added for the loss."""

    def __init__(self, problem):
        sizes = problem.sizes
        if problem.batch * sum(map(math.prod, pairwise(sizes))) > LARGEST:
            raise NotRun("an object for every number: too many here")
        x, self.labels = problem.data()
        self.x = x.tolist()
        self.rate = problem.rate
        self.network = MLP(sizes[0], list(sizes[1:]))
        weights, biases = problem.parameters()[0::2], problem.parameters()[1::2]
        for layer, W, b in zip(self.network.layers, weights, biases, strict=True):
            for neuron, column, bias in zip(layer.neurons, W.T.tolist(), b.tolist(), strict=True):
                neuron.w, neuron.b = [Value(w) for w in column], Value(bias)

    def step(self):
        losses = []
        for x, label in zip(self.x, self.labels, strict=True):
            z = self.network(x)
            losses.append(log(sum(exp(z_k) for z_k in z)) - z[label])
        loss = sum(losses) * (1 / len(losses))
        self.network.zero_grad()
        loss.backward()
        for parameter in self.network.parameters():
            parameter.data -= self.rate * parameter.grad
        return loss.data

    def answer(self):
        for layer in self.network.layers:
            yield np.array([[w.data for w in neuron.w] for neuron in layer.neurons]).T
            yield np.array([neuron.b.data for neuron in layer.neurons])


class Chain:
    """Operators between Values."""

    def __init__(self, problem):
        if problem.operators > DEEPEST:
            raise NotRun("its sort is recursive: too deep for Python")
        self.leaves = [Value(number) for number in problem.numbers()]
        self.links = problem.links

    def step(self):
        y, w, b = self.leaves
        for leaf in self.leaves:
            leaf.grad = 0
        for _ in range(self.links):
            y = (y * w + b).relu()
        y.backward()

    def answer(self):
        return [leaf.grad for leaf in self.leaves]


def exp(x):
    """e to the power x, written the way micrograd writes its operators."""
    out = Value(math.exp(x.data), (x,), "exp")

    def _backward():
        x.grad += out.data * out.grad

    out._backward = _backward
    return out


def log(x):
    """The natural logarithm, likewise."""
    out = Value(math.log(x.data), (x,), "log")

    def _backward():
        x.grad += out.grad / x.data

    out._backward = _backward
    return out
