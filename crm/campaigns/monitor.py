"""Where a campaign stands, from the ledger: every message is somewhere, and the parts add up."""

from datetime import date, datetime

from crm.campaigns.brief import Frozen
from crm.campaigns.forecast import ExclusionCount


class StateCounts(Frozen):
    """Where the campaign's messages are. `planned = delivered + failed + unknown + excluded + pending`."""

    planned: int
    """Every message that the plan holds: audience x steps x channels."""
    pending: int
    """Waiting, deferred, claimed or sent without a receipt."""
    delivered: int
    failed: int
    unknown: int
    excluded: int

    @property
    def adds_up(self) -> bool:
        return self.planned == self.pending + self.delivered + self.failed + self.unknown + self.excluded


class ChannelProgress(Frozen):
    """One channel. Rates are 0 to 1; None where nothing was delivered or, for SMS, opening cannot be seen."""

    channel: str
    counts: StateCounts
    members_reached: int
    coverage: float | None
    """Members reached on the channel / members of the campaign who were not held out."""
    opened: int | None
    """Delivered messages opened at least once by a person."""
    clicked: int
    open_rate: float | None
    click_rate: float | None
    unsubscribed: int


class DayProgress(Frozen):
    """One local day of the workspace."""

    day: date
    channel: str
    delivered: int
    opened: int
    clicked: int


class CampaignMonitor(Frozen):
    campaign_id: int
    name: str
    state: str
    state_note: str | None
    as_of: datetime
    members: int
    """Enrolled members, the holdout included."""
    holdout: int
    counts: StateCounts
    adds_up: bool
    by_channel: tuple[ChannelProgress, ...]
    exclusions: tuple[ExclusionCount, ...]
    members_reached: int
    coverage: float | None
    conversions: int
    """Members reached who ordered within the attribution window after their first delivered message."""
    conversion_rate: float | None
    conversion_definition: str
    timeseries: tuple[DayProgress, ...]
    next_due_at: datetime | None
