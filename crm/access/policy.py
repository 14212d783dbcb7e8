"""The rules of the house, as data: defaults here, overrides in `policy_settings`."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm import validation_messages
from crm.access.models import PolicySetting, Role
from crm.channels import CHANNELS
from crm.errors import InvalidRequest
from crm.key_dates import LeapDay

_CAPS = {each.channel.value: each.weekly_cap for each in CHANNELS.values() if each.weekly_cap is not None}
_COSTS = {each.channel.value: each.unit_cost_millicents for each in CHANNELS.values()}


class Policy(BaseModel):
    """Ceilings, caps and prices. Channels are keyed by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frequency_cap_per_channel_7d: dict[str, int] = Field(default=_CAPS)
    """Messages a member may get on one channel in 7 days, over all campaigns."""
    frequency_cap_total_7d: int = Field(default=5, ge=1)
    """Messages a member may get in 7 days on all channels together."""
    quiet_hours_start: str = Field(default="21:00", pattern=r"^\d\d:\d\d$")
    quiet_hours_end: str = Field(default="08:00", pattern=r"^\d\d:\d\d$")
    """Between start and end, in the member's zone, nothing is sent; it waits for the end."""
    late_limit_hours: int = Field(default=24, ge=1)
    """A message this long overdue is not sent any more."""
    leap_day: LeapDay = "feb_28"
    """When a birthday or an anniversary of 29 February is kept in other years."""
    identity_ignores_plus_tags: bool = True
    """Whether ann+news@ and ann@ are the same mailbox, and so the same person. After a change of this or of the two
    below, `nurture contacts normalise` reads the addresses on file anew."""
    identity_ignores_dots_at: tuple[str, ...] = ("gmail.com", "googlemail.com")
    """Providers to which a.nn@ and ann@ are the same mailbox."""
    phone_region: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """Country (ISO 3166, e.g. CN) of phone numbers without one; None: that of the workspace's zone."""
    max_discount_percent: int = Field(default=50, ge=0, le=100)
    default_holdout_pct: float = Field(default=10.0, ge=0, le=50)
    approval_ttl_hours: int = Field(default=72, ge=1)
    audience_drift_limit: float = Field(default=0.05, gt=0)
    """How far the audience may grow or shrink between approval and launch before it must be approved anew."""
    unit_cost_millicents: dict[str, int] = Field(default=_COSTS)
    """Price of one message in thousandths of a cent."""
    gross_margin_percent: int = Field(default=40, ge=0, le=100)
    """Share of revenue left after the cost of goods; turns incremental revenue into return on investment."""
    sensitive_fields_in_segments: tuple[Role, ...] = (Role.OPERATIONS, Role.MANAGER, Role.ADMIN)
    """Roles that may let sensitive fields (gender, age, birthday, name) decide who is in a saved segment."""
    sensitive_fields_in_audiences: tuple[Role, ...] = (Role.OPERATIONS, Role.CSM, Role.MANAGER, Role.ADMIN)
    """The same for a campaign's audience; a CSM writes to his own members only."""


def get_policy(session: Session) -> Policy:
    overrides = {row.key: row.value for row in session.scalars(select(PolicySetting))}
    return Policy(**overrides)


def set_policy(session: Session, key: str, value: Any) -> Policy:
    """Override one rule. Raises InvalidRequest for an unknown key or a value that makes no sense."""
    if key not in Policy.model_fields:
        raise InvalidRequest(f"there is no policy {key!r}; there are: {', '.join(Policy.model_fields)}")
    current = get_policy(session).model_dump()
    try:
        policy = Policy(**current | {key: value})
    except ValidationError as error:
        raise InvalidRequest(
            f"the policy {key}: {validation_messages.in_words(error.errors()[0])}; {value!r} does not fit"
        ) from error
    session.merge(PolicySetting(key=key, value=value))
    session.flush()
    return policy
