"""PyTorch's graph as a record, so that its pictures are those of our own engine.

From the ground up: `kinds` (what an operator is called), `walking` (along grad_fn), `keeping`
(what PyTorch has saved), `operands` (what an operator read), `sweeping` (the reverse sweep, message
by message), `local` (local derivatives), `naming` (by variables and parameters), `recorder` (all of
it as a Graph); `recording` and `modules` note what PyTorch would let go of; `source` takes what the
pictures are given. Nothing here imports PyTorch before something of it is to be shown.
"""

from .memory import Entry, accounts
from .recording import record_torch
from .source import Source, is_torch, source_of

__all__ = ["Entry", "Source", "accounts", "is_torch", "record_torch", "source_of"]
