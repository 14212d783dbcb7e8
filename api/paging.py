"""How pages of a list are asked for."""

from typing import Annotated

from fastapi import Query

from crm.bounds import LARGEST_ID
from crm.cursors import MOST_CHARACTERS

Cursor = Annotated[
    str | None,
    Query(max_length=MOST_CHARACTERS, description="The next_cursor of the page before; nobody is left out by it."),
]
Offset = Annotated[
    int,
    Query(ge=0, le=LARGEST_ID, deprecated=True, description="Rows to pass over. Others that go meanwhile hide rows."),
]
