"""The floor: the gradient derived by hand and written in NumPy, with no engine at all.

The formulas as they stand on paper, each worked out once: no array that is not needed, and no
tricks that would hide the mathematics. (Working in place would save up to a tenth more.)
"""

import numpy as np

VERSION = np.__version__


class Mlp:
    """Forward, backward and update, layer by layer."""

    def __init__(self, problem):
        self.x, self.labels = problem.data()
        self.rows = np.arange(problem.batch)
        self.rate = problem.rate
        self.weights, self.biases = problem.parameters()[0::2], problem.parameters()[1::2]

    def step(self):
        inputs = [self.x]  # of each layer
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            inputs.append(np.maximum(inputs[-1] @ W + b, 0))
        loss, z_bar = self.loss(inputs[-1] @ self.weights[-1] + self.biases[-1])

        W_bars, b_bars = [], []  # from the last layer to the first
        for h, W in zip(reversed(inputs), reversed(self.weights), strict=True):
            W_bars.append(h.T @ z_bar)
            b_bars.append(z_bar.sum(axis=0))
            if h is not self.x:
                z_bar = (z_bar @ W.T) * (h > 0)

        for W, W_bar in zip(self.weights, reversed(W_bars), strict=True):
            W -= self.rate * W_bar
        for b, b_bar in zip(self.biases, reversed(b_bars), strict=True):
            b -= self.rate * b_bar
        return loss

    def loss(self, logits):
        """(loss, its gradient): mean cross-entropy, and (softmax - one-hot) / batch."""
        z = logits - logits.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - z[self.rows, self.labels]).mean()
        p = e / total
        p[self.rows, self.labels] -= 1
        return loss, p / len(p)

    def answer(self):
        return [a for layer in zip(self.weights, self.biases, strict=True) for a in layer]


class Chain:
    """The same sums in plain Python numbers, which are faster than NumPy's one at a time."""

    def __init__(self, problem):
        self.numbers, self.links = problem.numbers(), problem.links

    def step(self):
        y, w, b = self.numbers
        inputs, outputs = [], []
        for _ in range(self.links):
            inputs.append(y)
            z = y * w + b
            y = z if z > 0 else 0.0
            outputs.append(y)
        y_bar, w_bar, b_bar = 1.0, 0.0, 0.0
        for x, y in zip(reversed(inputs), reversed(outputs), strict=True):
            z_bar = y_bar if y > 0 else 0.0
            w_bar += z_bar * x
            b_bar += z_bar
            y_bar = z_bar * w
        self.gradients = y_bar, w_bar, b_bar

    def answer(self):
        return self.gradients
