"""The campaigns of the demo: what each is, and where it stands on the demo's first day."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from crm.campaigns.brief import CampaignBrief, parse_brief
from crm.outreach.models import EndReason, JourneyState

PILOTED_FROM_MEMBERS = 100_000
"""In a workspace this large, campaigns of the past were tried in one city first: every message of
the past is planned, judged, sent and answered by the engine itself, which takes its time for each."""
PILOT_CITY = {"field": "city", "op": "in", "value": ["Qingdao"]}


@dataclass(frozen=True)
class PlannedCampaign:
    """Days count from the demo's first day."""

    name: str
    becomes: JourneyState | EndReason
    goal: str
    audience: dict[str, Any]
    channels: tuple[str, ...]
    offers: tuple[dict[str, Any], ...] = ()
    starts_in_days: int | None = None
    at: time = time(10, 0)
    more: dict[str, Any] = field(default_factory=dict)
    """Other parts of the brief."""

    def brief(self, today: date, members: int = 0) -> CampaignBrief:
        """The brief in a workspace of so many members."""
        is_pilot = members >= PILOTED_FROM_MEMBERS and (self.starts_in_days or 0) < 0
        start = None if self.starts_in_days is None else datetime.combine(self.start_on(today), self.at)
        data = {
            "name": self.name,
            "goal": self.goal,
            "audience": _all(*self.audience["all"], PILOT_CITY) if is_pilot else self.audience,
            "channels": self.channels,
            "offers": self.offers,
            "start": start,
        }
        return parse_brief(data | self.more)

    def start_on(self, today: date) -> date:
        return today + timedelta(days=self.starts_in_days or 0)


def _all(*leaves: dict[str, Any]) -> dict[str, Any]:
    return {"all": list(leaves)}


def _tiers(*names: str) -> dict[str, Any]:
    return {"field": "tier", "op": "in", "value": list(names)}


def _orders(op: str, value: int, days: int) -> dict[str, Any]:
    return {"field": "orders.count", "op": op, "value": value, "window_days": days}


def _bought(category: str, months: int) -> dict[str, Any]:
    return {"field": "orders.category", "op": "contains_any", "value": [category], "window_months": months}


# Everybody in the audiences of past campaigns has bought something before the launch, so nobody takes
# part in a campaign before joining.
PLANNED = (
    PlannedCampaign(
        "New Year Thank You",
        EndReason.COMPLETED,
        "Thank our best members for the year",
        _all(_tiers("gold", "platinum"), _orders(">=", 1, 120)),
        ("email",),
        ({"kind": "points_bonus", "value": 500},),
        starts_in_days=-151,
    ),
    PlannedCampaign(
        "Spring Refresh",
        EndReason.COMPLETED,
        "Win back members who have not bought for a while, with spring novelties",
        _all(_orders(">=", 1, 365), _orders("=", 0, 21)),
        ("email", "push"),
        ({"kind": "percent_off", "value": 15},),
        starts_in_days=-77,
        more={"steps": [{"key": "hello"}, {"key": "reminder", "offset_days": 5, "channels": ["email"]}]},
    ),
    PlannedCampaign(
        "Double Points Week",
        EndReason.COMPLETED,
        "A second order within the month",
        _all(_tiers("silver", "gold", "platinum"), _orders(">=", 1, 60)),
        ("push", "email"),
        ({"kind": "points_multiplier", "value": 2},),
        starts_in_days=-49,
        at=time(12, 0),
    ),
    PlannedCampaign(
        "Mother's Day Gifting",
        EndReason.COMPLETED,
        "Gifts for Mother's Day",
        _all(_orders(">=", 2, 365), _orders(">=", 1, 120)),
        ("email", "sms"),
        ({"kind": "amount_off", "value": 50, "currency": "CNY"},),
        starts_in_days=-29,
    ),
    PlannedCampaign(
        "May Member Day",
        EndReason.COMPLETED,
        "The monthly member day",
        _all(_orders(">=", 1, 180)),
        ("email", "sms", "push"),
        ({"kind": "amount_off", "value": 30, "currency": "CNY", "min_spend": 200},),
        starts_in_days=-20,
        more={"attribution_window_days": 14},
    ),
    PlannedCampaign(
        "Summer Skincare",
        JourneyState.RUNNING,
        "Sun care and summer routines for members who buy skincare",
        _all(_bought("skincare", 9), _orders(">=", 1, 180)),
        ("email", "push"),
        ({"kind": "percent_off", "value": 10},),
        starts_in_days=-7,
        more={
            "steps": [
                {"key": "launch"},
                {"key": "tips", "offset_days": 3, "at": "19:00", "channels": ["push", "sms"]},
                {"key": "guide", "offset_days": 6, "channels": ["email"]},
                {"key": "last-call", "offset_days": 10, "at": "20:00", "channels": ["push"]},
            ],
            "attribution_window_days": 21,
        },
    ),
    PlannedCampaign(
        "Weekend Flash",
        JourneyState.PAUSED,
        "A quick sale over the weekend",
        _all(_tiers("silver", "gold", "platinum"), _orders(">=", 1, 90)),
        ("push", "sms"),
        ({"kind": "free_shipping"},),
        starts_in_days=-2,
        at=time(11, 0),
        more={
            "steps": [
                {"key": "saturday"},
                {"key": "sunday", "offset_days": 1, "channels": ["push", "email"]},
                {"key": "encore", "offset_days": 4, "channels": ["push"]},
            ],
        },
    ),
    PlannedCampaign(
        "618 Warm-up",
        JourneyState.SCHEDULED,
        "Fill the baskets before 618",
        _all(_tiers("silver", "gold", "platinum")),
        ("push", "email"),
        ({"kind": "amount_off", "value": 40, "currency": "CNY", "min_spend": 300},),
        starts_in_days=11,
    ),
    PlannedCampaign(
        "Platinum Win-back",
        JourneyState.AWAITING_APPROVAL,
        "Win back platinum members who stopped buying",
        _all(_tiers("platinum"), _orders("=", 0, 30)),
        ("email", "sms", "push"),
        ({"kind": "amount_off", "value": 50, "currency": "CNY"},),
        starts_in_days=3,
    ),
    PlannedCampaign(
        "Silver Upgrade Push",
        JourneyState.DRAFT,
        "Help silver members over the line to gold",
        _all(_tiers("silver"), {"field": "orders.spend", "op": ">=", "value": 4500, "window_days": 365}),
        ("push",),
        ({"kind": "points_multiplier", "value": 2},),
    ),
    PlannedCampaign(
        "Tea Club Reboot",
        JourneyState.DRAFT,
        "Bring tea drinkers back to the tea club",
        _all(
            {"field": "tags", "op": "contains_any", "value": ["tea-drinker"]},
            _orders("=", 0, 45),
        ),
        ("email",),
        ({"kind": "gift", "item": "tea"},),
    ),
)
