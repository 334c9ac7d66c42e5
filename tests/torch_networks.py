"""Small networks of PyTorch's, for the tests of their pictures."""

import torch
from torch import nn


def mlp(inputs, hidden, outputs):
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.norm = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
        self.conv2, self.fc = nn.Conv2d(4, 8, 3), nn.Linear(8, 10)

    def forward(self, image):
        h = nn.functional.max_pool2d(self.norm(self.conv1(image)).relu(), 2)
        return self.fc(self.conv2(h).relu().mean((2, 3)))


class Unrolled(nn.Module):
    """An LSTM cell, step by step over a sequence of shape (steps, batch, inputs)."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.cell = nn.LSTMCell(inputs, hidden)

    def forward(self, xs):
        h = c = torch.zeros(xs.shape[1], self.cell.hidden_size)
        for x in xs:
            h, c = self.cell(x, (h, c))
        return h


class Block(nn.Module):
    """A transformer block, normalised before each half."""

    def __init__(self, width):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 16), nn.GELU(), nn.Linear(16, width))

    def forward(self, x):
        h = self.ln1(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        return x + self.mlp(self.ln2(x))


class SquareAndDouble(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 2 * x**2

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 4 * x
