"""Base of every body that a route takes: nothing unknown in it, and no text without an end."""

from pydantic import BaseModel, ConfigDict

from crm.bounds import MOST_TEXT


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_max_length=MOST_TEXT)
