"""The structure of a matrix, found from where its entries are exactly 0."""

import numpy as np


def find_structure(matrix):
    """What is seen of a matrix's structure, in words. Only exact zeros count, and nan is not 0.

    >>> find_structure(np.eye(3)), find_structure(np.tril(np.ones((3, 3))))
    ('diagonal', 'lower triangular')
    """
    m, n = matrix.shape
    i, j = np.nonzero(matrix)
    if not len(i):
        return "every entry is 0"
    if m == n == 1:
        return "a single number"
    found = list(patterns(m, n, i, j))
    if m == n and found != ["diagonal"] and (matrix == matrix.T).all():
        found.append("symmetric")
    if len(i) == m * n:
        found.insert(0, "dense (no entry is 0)")
    return ", ".join(found) or "none found"


def patterns(m, n, i, j):
    """The patterns that the places (i, j) keep to, of m × n."""
    square, offsets = m == n, j - i
    lowest, highest = int(offsets.min()), int(offsets.max())
    if square and lowest == highest == 0:
        yield "diagonal"
        return
    if square and highest <= 0:
        yield "lower triangular"
    if square and lowest >= 0:
        yield "upper triangular"
    blocks = count_blocks(m, n, i, j)
    if blocks > 1:
        yield f"block-diagonal, {blocks} blocks of {m // blocks} × {n // blocks}"
        return
    width, triangular = highest - lowest + 1, square and (highest <= 0 or lowest >= 0)
    if min(m, n) > 1 and 2 * width <= (n if triangular else m + n):  # at most about half of them
        place = "diagonal" if width == 1 else f"{width} neighbouring diagonals"
        place = f"one {place}" if width == 1 else place
        yield f"banded, with all that is not 0 on {place} of {m + n - 1}"


def count_blocks(m, n, i, j):
    """The largest number of equal blocks along the diagonal that hold all places; 1 if none do."""
    for blocks in range(np.gcd(m, n), 1, -1):
        if m % blocks == n % blocks == 0 and (i // (m // blocks) == j // (n // blocks)).all():
            return blocks
    return 1


def count_of(n, thing):
    """A number of things, in words.

    >>> count_of(1, "row"), count_of(2048, "row")
    ('1 row', '2,048 rows')
    """
    return f"{n:,} {thing}{'s' if n != 1 else ''}"
