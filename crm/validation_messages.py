"""What is wrong with a value that does not fit its model, in words that say what would be right."""

from collections.abc import Mapping, Sequence

from pydantic_core import ErrorDetails

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "int_parsing_size": "has too many digits",
    "decimal_max_digits": "has too many digits; {max_digits} are possible",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length}",
    "union_tag_invalid": "is of a kind {tag} that there is not; there are: {expected_tags}",
    "union_tag_not_found": "needs a {discriminator}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
"""By pydantic's type of the error, to follow the name of the value."""


def sentence(error: ErrorDetails) -> str:
    """What is wrong, with the name of the value; what a validator of ours said stands by itself."""
    if error["type"] == "value_error":
        return error["msg"].removeprefix("Value error, ")
    return f"{_name(error['loc'])} {in_words(error)}".strip()


def in_words(error: ErrorDetails) -> str:
    """What is wrong, to follow the name or the path of the value."""
    context = error.get("ctx", {})
    if error["type"] in ("string_too_short", "too_short"):
        least = context["min_length"]
        unit = " characters" if error["type"] == "string_too_short" else ""
        return "must not be empty" if least == 1 else f"must have at least {least}{unit}"
    words = _WORDS.get(error["type"])
    if words is not None:
        return words.format(**context)
    message = error["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _name(loc: Sequence[int | str]) -> str:
    """`holdout share`, `channels`, `number 3 of steps`."""
    names = [part for part in loc if isinstance(part, str)]
    name = names[-1].replace("_", " ") if names else ""
    return f"number {loc[-1] + 1} of {name}" if loc and isinstance(loc[-1], int) else name
