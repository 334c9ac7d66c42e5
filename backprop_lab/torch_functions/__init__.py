"""Custom functions in PyTorch: an `Op` of ours carried across, and a report card for any."""

from .crossing import as_torch_function

__all__ = ["as_torch_function"]
