"""Live inputs: move a number, and the function runs again in the kernel.

What a cell shows are two outputs. The first is the stepper, which needs no kernel and is still there
when the notebook is opened again; the second are the controls, which send it each new run.
"""

import inspect
import sys
import traceback
from html import escape
from math import floor, isfinite, log10

import numpy as np

from ..engine import Tensor, topological_order
from ..errors import BackpropError, DataError, GradientError, ShapeError, describe
from ..graph import Graph
from ..names import variable_names
from ..pictures import Picture, too_large
from ..pictures.text import clean
from ..pictures.view import MOST
from ..transforms import as_leaf, call, check_output
from .page import read, source
from .stepper import FEW, SCRIPTS, payload, show
from .wrong_sweeps import wrong_sweeps

LISTED = 1_000  # entries of an array that can be chosen
KEPT = "The picture shows the last run that worked."
HOW = "Run this cell to move the inputs: the function then runs again for each new number."
# The page's own sliders run the recorded operators again, and not the function.
STYLE = "\n.sliders { display: none }"
