"""A number reads the same whether Python or the page has written it."""

import numpy as np

from backprop_lab.pictures import text
from backprop_lab.widgets.page import read

WRITE = f"xs => {{ {read('frame.js')}; return xs.map(number); }}"
# Exactly halfway between two numbers of four digits: Python takes the even one.
HALFWAY = [
    1.5625,
    1.0625,
    2.0625,
    -1.5625,
    1.3125,
    10.125,
    0.28125,
    12345.0,
    1.1875 * 2**40,
    20485.0,
]


def test_numbers_are_written_as_python_writes_them(page_of):
    rng = np.random.default_rng(5)
    spread = rng.normal(size=500) * 10.0 ** rng.integers(-12, 12, 500)
    eighths = rng.integers(-(10**6), 10**6, 2000) / 2.0 ** rng.integers(0, 12, 2000)
    edges = [0.0, 1.0, -1.0, 9999.5, 99995.0, 0.00099995, 1e-5, 1e22, 5e-324, 1.7e308]
    numbers = [*HALFWAY, *edges, *spread.tolist(), *eighths.tolist()]
    written = page_of("").evaluate(WRITE, numbers)
    assert written == [text.number(x) for x in numbers]
