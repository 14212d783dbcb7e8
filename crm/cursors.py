"""Places in a list, as the reader of a page hands them back to read on.

A place is the last row's own values, so what is added, mended or closed meanwhile moves nobody: a count of rows
would leave out as many as had gone.
"""

import base64
import json
from collections.abc import Sequence

from crm.errors import InvalidRequest

MOST_CHARACTERS = 200
MOST_SECONDS = 2**40
"""Since 1970; far beyond every day that is kept."""


def write_cursor(*values: int | str) -> str:
    """The place behind a row with these values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type[int] | type[str]) -> Sequence[int | str]:
    """The values of a place. Raises InvalidRequest for what `write_cursor` never gave."""
    wrong = InvalidRequest("this cursor is none of ours; give the next_cursor of the page before", path="after")
    if len(cursor) > MOST_CHARACTERS or not cursor.isascii():
        raise wrong
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise wrong from None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise wrong
    if any(isinstance(value, int) and not 0 <= value <= MOST_SECONDS for value in values):
        raise wrong
    return values
