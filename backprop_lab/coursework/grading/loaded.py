"""Everything that grading needs, loaded once, before the grading processes fork off."""

from ...exercises import NOTEBOOKS, exercises
from . import one, plan, sandbox

assert exercises() and one.grade_one
sandbox.font_cache()
for number in NOTEBOOKS:
    plan.page_of(number)
