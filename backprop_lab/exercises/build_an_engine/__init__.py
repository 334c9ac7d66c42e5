"""The exercises of notebook 3: record, order, accumulate, zero, let go, extend, and find fault.

Each is tried on objects that the check supplies (`pieces`), so that one mistake does not zero the
next.
"""

from .again import AGAIN
from .apply import APPLY
from .backward import BACKWARD
from .descend import DESCEND
from .lean import LEAN
from .my_ops import MY_OPS
from .witnesses import WITNESSES

EXERCISES = (APPLY, BACKWARD, AGAIN, DESCEND, LEAN, MY_OPS, WITNESSES)
