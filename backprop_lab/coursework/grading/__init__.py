"""Grading: `python -m backprop_lab grade SUBMISSIONS --out grades.csv`.

What a learner wrote is run where it can do no harm (`sandbox`, `runner`), and what comes back are
numbers and no verdicts. They are judged here (`scoring`), by the judges that the notebooks use.
"""
