"""A decision on what somebody else submitted, as it comes in over HTTP."""

from pydantic import BaseModel, ConfigDict, Field


class Decision(BaseModel):
    """Names what it is about: who decides on something else than what was shown hears what changed."""

    model_config = ConfigDict(extra="forbid")

    fingerprint: str = Field(min_length=12, max_length=64)
    """That of the request as it was shown: `fingerprint` of `GET /api/approvals`, of the campaign or of the journey."""
    note: str | None = Field(default=None, max_length=2_000)
