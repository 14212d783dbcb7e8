"""What is not one's own draft any more changes only by a confirmed act, whoever calls and however."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.confirmed import Confirmed, NotConfirmed
from crm.access.models import Approval, ApprovalState, Role
from crm.access.service import actor_for
from crm.campaigns import service
from crm.campaigns.brief import parse_brief
from crm.campaigns.models import Campaign
from crm.catalog import CATALOG
from crm.errors import Conflict, InvalidRequest
from crm.journeys.reopening import mark_of
from crm.outreach.models import JourneyState
from tests.builders import make_account, make_member
from tests.decisions import asked_of

BRIEF: dict[str, Any] = {
    "name": "Gold Days",
    "audience": {"field": "tier", "op": "in", "value": ["gold"]},
    "channels": ["email"],
    "start": "2026-06-05T10:00",
}
CHANGES: tuple[dict[str, Any], ...] = (
    {"channels": ["push"]},
    {"holdout_pct": 20},
    {"budget_cents": 100_00},
    {"audience": {"field": "tier", "op": "in", "value": ["platinum"]}},
    {"name": "Silver Days"},
    {"start": "2026-06-06T10:00"},
    {"copy_texts": [{"channel": "email", "body": "Hello"}]},
    {"goal": "another"},
)

Stand = Callable[[str], Campaign]


@pytest.fixture
def olive(session: Session) -> Actor:
    return actor_for(make_account(session, role=Role.OPERATIONS, display_name="Olive"))


@pytest.fixture
def stand(session: Session, olive: Actor, now: datetime) -> Stand:
    """A campaign of Olive's (or of Leo's) in some state."""
    make_member(session)
    leo = actor_for(make_account(session, role=Role.OPERATIONS, display_name="Leo"))
    grace = actor_for(make_account(session, role=Role.MANAGER, display_name="Grace"))

    def make(state: str) -> Campaign:
        author = leo if state == "leo's draft" else olive
        brief = parse_brief(BRIEF)
        campaign = service.create_draft(session, brief=brief, actor=author, request_id=state, now=now, catalog=CATALOG)
        if state in ("awaiting_approval", "scheduled"):
            service.submit(session, campaign.id, actor=author, now=now, catalog=CATALOG)
        if state == "scheduled":
            service.approve(session, campaign.id, fingerprint=asked_of(session, campaign.id), actor=grace, now=now)
        return campaign

    return make


def change(session: Session, campaign: Campaign, actor: Actor, now: datetime, **more: Any) -> Campaign:
    given = {"changes": {"holdout_pct": 20}, "catalog": CATALOG} | more
    return service.change_draft(session, campaign.id, actor=actor, now=now, **given)


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: next(iter(changes)))
@pytest.mark.parametrize("state", ["awaiting_approval", "scheduled", "leo's draft"])
def test_nothing_of_it_changes_without_a_confirmed_act(
    session: Session, olive: Actor, stand: Stand, now: datetime, state: str, changes: dict[str, Any]
) -> None:
    campaign = stand(state)
    before = (campaign.state, dict(campaign.brief))
    requests = [approval.state for approval in session.scalars(select(Approval))]
    with pytest.raises(NotConfirmed):
        change(session, campaign, olive, now, changes=changes)
    session.expire_all()
    assert (campaign.state, campaign.brief) == before
    assert [approval.state for approval in session.scalars(select(Approval))] == requests


def test_ones_own_draft_changes_at_once(session: Session, olive: Actor, stand: Stand, now: datetime) -> None:
    assert change(session, stand("draft"), olive, now).brief["holdout_pct"] == 20


@pytest.mark.parametrize("state", ["awaiting_approval", "scheduled", "leo's draft"])
def test_a_confirmed_act_changes_it_and_makes_the_approval_void(
    session: Session, olive: Actor, stand: Stand, now: datetime, state: str
) -> None:
    campaign = stand(state)
    change(session, campaign, olive, now, confirmed=Confirmed(mark_of(campaign.journey, campaign.brief)))
    assert (campaign.state, campaign.brief["holdout_pct"]) == (JourneyState.DRAFT, 20)
    assert all(each.state is not ApprovalState.PENDING for each in session.scalars(select(Approval)))


def test_a_yes_to_what_was_shown_does_not_hold_for_what_stands_there_now(
    session: Session, olive: Actor, stand: Stand, now: datetime
) -> None:
    campaign = stand("awaiting_approval")
    shown = mark_of(campaign.journey, campaign.brief)
    change(session, campaign, olive, now, changes={"channels": ["push"]}, confirmed=Confirmed(shown))
    service.submit(session, campaign.id, actor=olive, now=now, catalog=CATALOG)
    with pytest.raises(Conflict, match="was changed since you were asked"):
        change(session, campaign, olive, now, confirmed=Confirmed(shown))


@pytest.mark.parametrize("state", ["awaiting_approval", "scheduled"])
def test_another_start_is_a_change(session: Session, olive: Actor, stand: Stand, now: datetime, state: str) -> None:
    campaign = stand(state)
    later = datetime.fromisoformat("2026-06-08T09:00")
    with pytest.raises(NotConfirmed):
        service.submit(session, campaign.id, actor=olive, now=now, catalog=CATALOG, start=later)
    service.submit(session, campaign.id, actor=olive, now=now, catalog=CATALOG, start=later, confirmed=Confirmed())
    assert campaign.state is JourneyState.AWAITING_APPROVAL
    assert campaign.starts_at is not None
    assert campaign.starts_at > now + timedelta(days=6)


@pytest.mark.parametrize(
    ("wrong", "asked"),
    [
        ({"holdout_pct": 0.1}, "0.1% meant or 10%"),
        ({"holdout_pct": 0.5}, "0.5% meant or 50%"),
        ({"holdout_pct": 0.05}, "0.05% meant or 5%"),
        ({"holdout_pct": 0.999}, "0.999% meant or 99.9%"),
        ({"offers": [{"kind": "percent_off", "value": 0.2}]}, "0.2% meant or 20%"),
        ({"offers": [{"kind": "percent_off", "value": 0.15}]}, "0.15% meant or 15%"),
    ],
)
def test_a_percentage_between_0_and_1_is_refused_with_the_question(
    session: Session, olive: Actor, stand: Stand, now: datetime, wrong: dict[str, Any], asked: str
) -> None:
    with pytest.raises(InvalidRequest, match=asked):
        change(session, stand("draft"), olive, now, changes=wrong)
    brief = parse_brief({**BRIEF, "name": "Other", **wrong})
    with pytest.raises(InvalidRequest, match=asked):
        service.create_draft(session, brief=brief, actor=olive, request_id="other", now=now, catalog=CATALOG)


@pytest.mark.parametrize("field", ["holdout_pct", "budget_cents", "attribution_window_days"])
@pytest.mark.parametrize("wrong", [True, False])
def test_yes_and_no_are_no_numbers(field: str, *, wrong: bool) -> None:
    with pytest.raises(InvalidRequest, match=f"a number is needed, not {str(wrong).lower()}"):
        parse_brief({**BRIEF, "name": "Other", field: wrong})


@pytest.mark.parametrize("pct", [0, 1, 1.5, 10, 50])
def test_other_shares_are_what_they_say(
    session: Session, olive: Actor, stand: Stand, now: datetime, pct: float
) -> None:
    waiver = {"holdout_waiver": "small"} if pct == 0 else {}
    changed = change(session, stand("draft"), olive, now, changes={"holdout_pct": pct, "budget_cents": 1, **waiver})
    assert changed.brief["holdout_pct"] == pct
