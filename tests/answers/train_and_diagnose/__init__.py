"""Answers to the exercises of notebook 8, right and wrong."""

from .right import RIGHT
from .wrong import WRONG

__all__ = ["RIGHT", "WRONG"]
