"""The ward: runs that fail, each of them for one reason, and the experiments that may be tried.

All train the same net on the same thirty points of three kinds, and differ in one line.
"""

import numpy as np

from ... import ops
from ...engine import Op
from ...leaves import parameter, tensor

DISEASES = (
    "dead relu", "softmax twice", "detached head", "gradients never cleared",
    "transposed weight", "nan behind where", "rate too large", "rate too small",
)  # fmt: skip
PATIENTS = dict(zip("ABCDEF", (DISEASES[i] for i in (4, 0, 3, 1, 5, 2)), strict=True))
RATES = {"rate too large": 10.0, "rate too small": 1e-4}
STEPS, USUAL_RATE, STEP = 80, 0.5, 1e-6
NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")


class Linear(Op):
    """z = x W, with the mistake of one patient: z_bar times W, where W lies transposed."""

    def forward(ctx, x, W):
        ctx.save_for_backward(x, W)
        return x @ W

    def vjp(ctx, z_bar):
        x, W = ctx.saved_tensors
        return z_bar @ W, x.T @ z_bar


class Run:
    """One run, as it is before its first step.

    Arguments: disease (one of DISEASES, or None for a run in good health).
    """

    def __init__(self, disease):
        rng = np.random.default_rng(8)
        self.disease, self.rate = disease, RATES.get(disease, USUAL_RATE)
        self.labels = np.repeat([0, 1, 2], [12, 10, 8])
        middles = np.array([[1.6, 0.0], [-0.9, 1.3], [-0.9, -1.4]])
        self.x = middles[self.labels] + 0.9 * rng.normal(size=(30, 2))
        self.x[0] = 0.0  # here no unit fires at first, as biases are below 0
        shapes = ((2, 6), (6,), (6, 6), (6,), (6, 3), (3,))
        self.weights = [
            parameter(rng.normal(size=shape) * (len(shape) - 1) * (2 / shape[0]) ** 0.5, name=name)
            for shape, name in zip(shapes, NAMES, strict=True)
        ]
        lowered = 30.0 if disease == "dead relu" else 0.1
        self.weights[1].data = self.weights[1].data - lowered

    def hidden(self):
        """What the first layer's units say."""
        W1, b1 = self.weights[:2]
        return ops.relu(tensor(self.x) @ W1 + b1)

    def scores(self):
        _, _, W2, b2, W3, b3 = self.weights
        h = self.hidden()
        if self.disease == "nan behind where":
            squares = (h * h).sum(axis=1, keepdims=True)
            h = h * ops.where(squares.data > 0, ops.sqrt(squares), 0.0)
        h = Linear.apply(h, W2) if self.disease == "transposed weight" else h @ W2
        h = ops.tanh(h + b2)
        h = h.detach() if self.disease == "detached head" else h
        return h @ W3 + b3

    def loss_of(self, scores):
        if self.disease == "softmax twice":
            scores = ops.softmax(scores)
        return ops.softmax_cross_entropy(scores, self.labels)

    def step(self, rate):
        """One step of descent; returns the loss before it, and the gradients that it used."""
        if self.disease != "gradients never cleared":
            for w in self.weights:
                w.grad = None
        with np.errstate(all="ignore"):
            loss = self.loss_of(self.scores())
            loss.backward()
            gradients = [None if w.grad is None else w.grad.copy() for w in self.weights]
            for w, gradient in zip(self.weights, gradients, strict=True):
                w.data = w.data if gradient is None else w.data - rate * gradient
        return loss.item(), gradients

    def train(self, steps=STEPS, rate=None):
        """The losses of so many steps."""
        rate = self.rate if rate is None else rate
        return [self.step(rate)[0] for _ in range(steps)]

    def accuracy(self):
        with np.errstate(all="ignore"):
            return float(np.mean(self.scores().data.argmax(axis=1) == self.labels))
