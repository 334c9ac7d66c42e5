"""The Graph record: one computation as plain data, for every picture, table and check.

A record is made once, from a tensor (`recorder`) or from a learner's own rows (`rows`), and read by
all viewers, so that two pictures of the same computation cannot disagree. `graph.schema.json` is
the contract: `Graph.to_dict()` always satisfies it.
"""

from .parts import IN_CODE, LEAVES, SYMBOLS, make_value
from .record import Graph
from .rows import check_rows, order_fault, unused

__all__ = [
    "IN_CODE", "LEAVES", "SYMBOLS", "Graph", "check_rows", "make_value", "order_fault", "unused",
]  # fmt: skip
