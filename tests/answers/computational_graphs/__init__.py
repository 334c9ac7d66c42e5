"""For notebook 1."""

from .right import RIGHT
from .wrong import WRONG

__all__ = ["RIGHT", "WRONG"]
