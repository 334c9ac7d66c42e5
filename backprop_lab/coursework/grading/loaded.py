"""Everything that grading needs, loaded once, before the grading processes fork off."""

from ...exercises import exercises
from . import one

assert exercises() and one.grade_one
