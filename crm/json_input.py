"""JSON from outside, checked before it is taken apart: its depth, its numbers and its characters.

Python's reader recurses without a limit of its own, takes NaN, and makes text of half characters; each of these
fails much later, where nothing can say any more which value it was.
"""

import json
import re
from math import isfinite
from typing import Any, NoReturn

from crm.bounds import wrong_character
from crm.errors import InvalidRequest

MOST_DEPTH = 100
"""Levels of lists and objects; a segment of the greatest depth has some thirty."""
MOST_DIGITS = 64
"""Of one number. More carries nothing, and thousands take seconds to read."""

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""Also one that never ends, or each quote in it would be looked at as another beginning."""
_BRACKETS = re.compile(r"[\[\]{}]")
_LONG_NUMBER = re.compile(rf"[0-9]{{{MOST_DIGITS + 1}}}")
_SHOWN = 40
"""Characters of a key that a path repeats."""


def read_json(data: bytes | str, *, name: str) -> Any:
    """The value. Raises InvalidRequest with one sentence and the path of what is wrong, `name` in front."""
    text = _decoded(data, name)
    bare = _STRINGS.sub('""', text)
    if _LONG_NUMBER.search(bare):
        raise InvalidRequest(f"{name} holds a number of more than {MOST_DIGITS} digits; write it shorter", path=name)
    _check_depth(bare, name)
    try:
        value = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise InvalidRequest(f"{name} is not JSON that can be read: {_why(error)}", path=name) from error
    _check(value, name)
    return value


def _decoded(data: bytes | str, name: str) -> str:
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{name} is not in UTF-8: byte {error.start + 1} does not fit", path=name) from error


def _check_depth(bare: str, name: str) -> None:
    depth = 0
    for bracket in _BRACKETS.finditer(bare):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MOST_DEPTH:
            raise InvalidRequest(f"{name} is nested more than {MOST_DEPTH} levels deep; flatten it", path=name)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _why(error: ValueError) -> str:
    return f"{error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else str(error)


def _check(value: Any, path: str) -> None:
    """Raises InvalidRequest for the first text or number that cannot be kept. As deep as the depth that was checked."""
    if isinstance(value, str):
        if wrong := wrong_character(value):
            raise InvalidRequest(f"{path}: {wrong}", path=path)
    elif isinstance(value, float) and not isfinite(value):
        raise InvalidRequest(f"{path} is a number too large to be kept", path=path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if wrong := wrong_character(key):
                raise InvalidRequest(f"{path} has a key that cannot be kept: {wrong}", path=path)
            _check(inner, f"{path}.{key[:_SHOWN]}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{path}[{index}]")
