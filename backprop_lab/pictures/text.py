"""How names and numbers are written in pictures, and how much room they take.

Names come from learners, so nothing is taken on trust: `clean` leaves one short line without
control characters, whatever came in.
"""

import unicodedata

LONGEST = 18  # characters of a name; more would push the graph off the page

# Widths in em of the characters of DejaVu Sans, the widest font that a browser is likely to choose,
# so that no text leaves its box in any other.
EM = (
    dict.fromkeys("ijlI|!.,:;'’ ", 0.34) | dict.fromkeys("frt-()[]/\"", 0.42)
    | dict.fromkeys("mMwW@%&…■", 1.0) | dict.fromkeys("+−×÷=<>←→∂~", 0.84)
)  # fmt: skip
BOLD = 1.15  # how much wider bold text is


def clean(text, longest=LONGEST):
    """One printable line of at most `longest` characters.

    >>> clean("a\\nvery\\x00 long name of a tensor")
    'a very long name …'
    """
    # Categories C… are control, format (such as "turn the text around") and unassigned characters.
    kept = ("" if unicodedata.category(c).startswith("C") else c for c in " ".join(text.split()))
    line = "".join(kept)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def isolate(text):
    """Text that runs from right to left, fenced off so that what follows it stays in place."""
    rtl = any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)
    return f"\u2068{text}\u2069" if rtl else text


def width(text, size, bold=False):
    """An upper estimate of the width of a line of text, in pixels."""
    return size * (BOLD if bold else 1) * sum(map(em, text))


def em(character):
    if character in EM:
        return EM[character]
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    if unicodedata.east_asian_width(character) in "WF":  # such as Chinese, and emoji
        return 1.4
    return 0.64 if character.isascii() and not character.isupper() else 0.8


def number(x):
    """A number in four digits, written as in mathematics.

    >>> number(-0.5), number(1234567.0), number("nan"), number("-inf")
    ('−0.5', '1.235e6', 'nan', '−inf')
    """
    text = x if isinstance(x, str) else f"{x:.4g}"
    mantissa, e, exponent = text.partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", "−")


def shape(sizes):
    """The shape of an array; a lone axis keeps Python's comma, so that it is not read as a value.

    >>> shape([3, 4]), shape([4]), shape([0, 2])
    ('3×4', '(4,)', '0×2')
    """
    return "×".join(map(str, sizes)) if len(sizes) > 1 else str(tuple(sizes))


def is_written_out(value):
    """Are the numbers themselves shown (a scalar or a short vector), and not only the shape?"""
    return len(value["shape"]) < 2 and 0 < len(value.get("data", ())) <= 3


def content(value):
    """What a value looks like: its numbers if they are few, else its shape.

    >>> content({"shape": [], "data": [9.0]}), content({"shape": [2], "data": [0.5, -1.5]})
    ('9', '[0.5, −1.5]')
    >>> content({"shape": [3, 4], "data": [0.0] * 12})
    '3×4'
    """
    if not is_written_out(value):
        return shape(value["shape"])
    numbers = ", ".join(map(number, value["data"]))
    return f"[{numbers}]" if value["shape"] else numbers


def roomy(value):
    """The value with the widest numbers that four digits can give, to leave room for any."""
    return filled(value, "-1.235e-10")


def usual(value):
    """The value with numbers as wide as most."""
    return filled(value, "0.1235")


def filled(value, number):
    return value | {"data": [number] * len(value["data"])} if "data" in value else value
