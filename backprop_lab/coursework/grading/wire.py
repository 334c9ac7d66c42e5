"""Plain data on its way from a learner's process to the grader: as JSON, and read without trust.

Lists, numbers, texts, True, False and None go as they are. A JSON object is always one of ours
and says what it holds: {"dict": {…}} or {"array": [dtype, shape, base64]}.
"""

import base64
import json
import re

import numpy as np

DTYPE = re.compile(r"\|b1|[|<][iu][1248]|<f8")
LARGEST = 16_000_000  # bytes of one message
DEEPEST = 40
LONGEST_INT = 300  # digits


class Garbled(ValueError):
    """What came is not of the form that our side sends."""


def encode(value):
    """Plain data (see `probing.plain`) as what `json.dumps` takes."""
    if isinstance(value, np.ndarray):
        little = value.astype(value.dtype.newbyteorder("<"))
        content = base64.b64encode(little.tobytes()).decode()
        return {"array": [little.dtype.str, list(value.shape), content]}
    if isinstance(value, dict):
        return {"dict": {key: encode(x) for key, x in value.items()}}
    if isinstance(value, list):
        return [encode(x) for x in value]
    if isinstance(value, int) and abs(value) >= 10**LONGEST_INT:
        return {"dict": {"__type__": "int"}}
    return value


def decode(value, depth=0):
    """The plain data again. Raises Garbled for anything else."""
    if depth > DEEPEST:
        raise Garbled("nested too deeply")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list):
        return [decode(x, depth + 1) for x in value]
    if value.keys() == {"dict"} and isinstance(value["dict"], dict):
        return {key: decode(x, depth + 1) for key, x in value["dict"].items()}
    if value.keys() == {"array"}:
        return decode_array(value["array"])
    raise Garbled("an object of no known kind")


def decode_array(parts):
    if not isinstance(parts, list) or [type(x) for x in parts] != [str, list, str]:
        raise Garbled("an array of another form")
    dtype, shape, content = parts
    if not DTYPE.fullmatch(dtype) or len(shape) > 32:
        raise Garbled("an array of another type")
    if not all(type(n) is int and 0 <= n <= LARGEST for n in shape):
        raise Garbled("an array of another shape")
    data = base64.b64decode(content, validate=True)
    entries = 1
    for n in shape:
        entries *= n
    if entries * np.dtype(dtype).itemsize != len(data):
        raise Garbled("an array whose shape does not fit its content")
    return np.frombuffer(data, dtype).reshape(shape).copy()


def dump(message):
    """A message as one line of text."""
    return json.dumps(message, separators=(",", ":"))


def load(line):
    """A message from a line of bytes. Raises Garbled."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Garbled(f"no JSON: {type(error).__name__}") from None
    if not isinstance(message, dict):
        raise Garbled("no message")
    return message


def read_reports(coded, count):
    """The reports of `probing.run_cases` on so many cases. Raises Garbled."""
    try:
        reports = decode(coded)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise Garbled(str(error)) from None
    if not isinstance(reports, list) or len(reports) != count:
        raise Garbled("not one report for each case")
    if not all(map(is_report, reports)):
        raise Garbled("a report of another form")
    return reports


def is_report(report):
    return (
        isinstance(report, dict)
        and ("returned" in report) != ("raised" in report)
        and isinstance(report.get("raised", ""), str)
        and isinstance(report.get("called", 0), (str, type(None)))
        and isinstance(report.get("printed"), str)
        and isinstance(report.get("changed"), list)
        and all(isinstance(name, str) for name in report["changed"])
    )
