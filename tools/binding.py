"""From raw arguments to a tool's typed ones. A mistake becomes one sentence that the model can act on."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import process

from crm.errors import InvalidRequest
from tools.base import ArgsT, Tool
from tools.fence import unfence

NEAR_ENOUGH = 60
"""rapidfuzz score (0 to 100) from which an unknown argument name counts as a slip of a known one."""


def bind_arguments(tool: Tool[ArgsT], raw: Mapping[str, Any]) -> ArgsT:
    """The tool's arguments. Raises InvalidRequest with the path, what was wrong and what would be right."""
    try:
        return tool.args.model_validate(_unfenced(raw))
    except ValidationError as error:
        # An argument that does not exist explains one that is missing: it comes first.
        first = min(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")
        known = tuple(tool.args.model_fields)
        raise InvalidRequest(
            f"{tool.name}: {_sentence(first, known)}", path=_path(first), candidates=_near(first, known)
        ) from error


def _unfenced(value: Any) -> Any:
    """The value without the marks around names that the model copied from a result."""
    if isinstance(value, str):
        return unfence(value)
    if isinstance(value, Mapping):
        return {key: _unfenced(inner) for key, inner in value.items()}
    return [_unfenced(inner) for inner in value] if isinstance(value, list) else value


def _sentence(error: ErrorDetails, known: tuple[str, ...]) -> str:
    path = _path(error)
    if error["type"] == "extra_forbidden":
        if len(error["loc"]) > 1:
            return f"{path} does not exist there; leave it out"
        near = _near(error, known)
        hint = f"did you mean {near[0]}?" if near else f"the arguments are {', '.join(known)}"
        return f"there is no argument {path}; {hint}"
    if error["type"] == "missing":
        return f"{path} is missing; {_field_help(path, known)}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{path} = {_shown(error['input'])} does not fit: {message[0].lower()}{message[1:]}"


def _field_help(path: str, known: tuple[str, ...]) -> str:
    return "it must be given" if path in known else "give it, or leave out what contains it"


def _path(error: ErrorDetails) -> str:
    """The place of the mistake, e.g. `offers[0].kind`."""
    words = ""
    for part in error["loc"]:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else part
    return words or "the arguments"


def _near(error: ErrorDetails, known: tuple[str, ...]) -> tuple[str, ...]:
    if error["type"] != "extra_forbidden" or len(error["loc"]) > 1:
        return ()
    matches = process.extract(str(error["loc"][0]), known, score_cutoff=NEAR_ENOUGH, limit=3)
    return tuple(name for name, _score, _index in matches)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"
