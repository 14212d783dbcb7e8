"""The base of every typed value that is stored, shown or sent as JSON."""

from pydantic import BaseModel, ConfigDict

from crm.bounds import MOST_TEXT


class Value(BaseModel):
    """Frozen, checked when built, without unknown keys; no text in it is longer than MOST_TEXT characters."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=MOST_TEXT)
