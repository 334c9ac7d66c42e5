"""Custom functions in PyTorch: an `Op` of ours carried across, and a report card for any.

`crossing` is the bridge. A report card (`report`) runs a Function (`trial`) and asks about what
comes out (`values`), what comes back (`contract`), what is changed and kept (`saved`), whether it
is the derivative (`derivatives`, by `numbers`) and `transforms`; `card` is what it hands out.
"""

from ..torch_graph.missing import need_torch

need_torch("bl.as_torch_function and bl.report_card are for PyTorch's Functions")

from .crossing import as_torch_function  # noqa: E402
from .report import report_card  # noqa: E402

__all__ = ["as_torch_function", "report_card"]
