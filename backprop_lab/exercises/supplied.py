"""Objects that a check hands to an answer, which may call them although they are ours."""

import numpy as np


def polynomial(coefficients):
    """The function with these coefficients, highest power first.

    >>> polynomial([1.0, 0.0, -2.0])(3.0)
    7.0
    """
    return lambda x: float(np.polyval(coefficients, x))


def counting(functions):
    """The same functions, {symbol: function}, and a list that notes the symbol of every call.

    >>> functions, calls = counting({"+": lambda x, y: x + y})
    >>> functions["+"](2, 3), calls
    (5, ['+'])
    """
    calls = []

    def counted(symbol):
        def function(*inputs):
            calls.append(symbol)
            return functions[symbol](*inputs)

        return function

    return {symbol: counted(symbol) for symbol in functions}, calls
