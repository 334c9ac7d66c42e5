"""JAX under jit: the compiled limit. The whole step is one program; compiling it is not timed."""

import jax
import jax.numpy as jnp
import numpy as np

from .not_run import NotRun

VERSION = jax.__version__

LONGEST = 1_000  # operators in one program
jax.config.update("jax_enable_x64", True)  # or it would turn float64 into float32 in silence


class Mlp:
    """The step as a pure function from parameters to parameters."""

    def __init__(self, problem):
        rows = np.arange(problem.batch)

        def loss(parameters, x, labels):
            *hidden, (W_out, b_out) = zip(parameters[0::2], parameters[1::2], strict=True)
            h = x
            for W, b in hidden:
                h = jax.nn.relu(h @ W + b)
            return -jax.nn.log_softmax(h @ W_out + b_out)[rows, labels].mean()

        def update(parameters, x, labels):
            value, gradients = jax.value_and_grad(loss)(parameters, x, labels)
            pairs = zip(parameters, gradients, strict=True)
            return value, [p - problem.rate * gradient for p, gradient in pairs]

        self.update = jax.jit(update)
        self.data = [jnp.asarray(array) for array in problem.data()]
        self.parameters = [jnp.asarray(array) for array in problem.parameters()]

    def step(self):
        loss, self.parameters = self.update(self.parameters, *self.data)
        jax.block_until_ready(self.parameters)
        return loss.item()

    def answer(self):
        return [np.asarray(parameter) for parameter in self.parameters]


class Chain:
    """The chain unrolled, so that it is the same operators."""

    def __init__(self, problem):
        if problem.operators > LONGEST:
            raise NotRun("unrolled, it would compile for minutes")

        def run(y, w, b):
            for _ in range(problem.links):
                y = jax.nn.relu(y * w + b)
            return y

        self.gradients_at = jax.jit(jax.grad(run, argnums=(0, 1, 2)))
        self.numbers = [jnp.asarray(number, problem.dtype) for number in problem.numbers()]

    def step(self):
        self.gradients = jax.block_until_ready(self.gradients_at(*self.numbers))

    def answer(self):
        return [np.asarray(gradient) for gradient in self.gradients]
