"""A campaign from the first draft to its last message, on a small world."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor
from crm.access.confirmed import Confirmed, NotConfirmed
from crm.access.models import ApprovalState, Role
from crm.campaigns import service
from crm.campaigns.brief import CampaignBrief, parse_brief
from crm.campaigns.models import Campaign
from crm.campaigns.monitor import monitor
from crm.catalog import CATALOG
from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.errors import Conflict, Forbidden, InvalidRequest
from crm.journeys.engine import run_due, start_due
from crm.members.models import Consent
from crm.outreach.channels import default_adapters
from crm.outreach.models import EndReason, Enrolment, JourneyState, Message, OutboxItem
from tests.builders import make_account, make_member
from tests.decisions import asked_of
from tests.journeys import make_coupon

FRIDAY_TEN = datetime(2026, 6, 5, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai."""


def actor(session: Session, role: Role) -> Actor:
    account = make_account(session, role=role)
    return Actor(account.id, account.username, account.display_name, role)


@pytest.fixture
def olive(session: Session) -> Actor:
    return actor(session, Role.OPERATIONS)


@pytest.fixture
def grace(session: Session) -> Actor:
    return actor(session, Role.MANAGER)


def brief(**changes: Any) -> CampaignBrief:
    values: dict[str, Any] = {
        "name": "Gold win-back",
        "goal": "win-back",
        "audience": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]},
        "channels": ["email", "sms"],
        "start": "2026-06-05T10:00",
        "holdout_pct": 0,
    }
    return parse_brief(values | changes)


def drafted(session: Session, author: Actor, now: datetime, **changes: Any) -> Campaign:
    return service.create_draft(
        session, brief=brief(**changes), actor=author, request_id=f"call {changes}", now=now, catalog=CATALOG
    )


def submitted(session: Session, author: Actor, now: datetime, **changes: Any) -> Campaign:
    campaign = drafted(session, author, now, **changes)
    service.submit(session, campaign.id, actor=author, now=now, catalog=CATALOG)
    return campaign


def scheduled(session: Session, author: Actor, approver: Actor, now: datetime, **changes: Any) -> Campaign:
    campaign = submitted(session, author, now, **changes)
    return service.approve(session, campaign.id, fingerprint=asked_of(session, campaign.id), actor=approver, now=now)


def test_a_campaign_is_drafted_approved_by_somebody_else_launched_and_sent(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        author, approver = actor(session, Role.OPERATIONS), actor(session, Role.MANAGER)
        for _ in range(3):
            make_member(session)
        make_member(session, tier="silver")
        campaign = scheduled(session, author, approver, now)
    assert campaign.state is JourneyState.SCHEDULED

    early = run_due(sessions, FRIDAY_TEN - timedelta(seconds=1), default_adapters(), catalog=CATALOG, since=now)
    assert early.launches == ()
    result = run_due(sessions, FRIDAY_TEN, default_adapters(), catalog=CATALOG)
    assert [launch.is_launched for launch in result.launches] == [True]
    assert result.dispatched.delivered == 6
    again = run_due(sessions, FRIDAY_TEN, default_adapters(), catalog=CATALOG)
    assert again.dispatched.delivered == 0

    with unit_of_work(sessions) as session:
        outbox = session.scalars(select(OutboxItem)).all()
        assert len(outbox) == 6
        assert "we would be glad to see you again" in outbox[-1].body
        assert {row.sent_at for row in session.scalars(select(Message))} == {FRIDAY_TEN}
        watched = monitor(session, campaign.id, FRIDAY_TEN)
        assert (watched.members, watched.counts.planned, watched.counts.delivered) == (3, 6, 6)
        assert watched.adds_up
        assert [entry.action for entry in audit.history_of(session, f"campaign:{campaign.id}")] == [
            "campaign.drafted",
            "campaign.submitted",
            "approval.requested",
            "approval.approved",
            "campaign.approved",
            "campaign.launched",
        ]

    last = run_due(sessions, FRIDAY_TEN + timedelta(days=20), default_adapters(), catalog=CATALOG, since=FRIDAY_TEN)
    assert last.completed == (("campaign", campaign.id),)
    with unit_of_work(sessions) as session:
        done = service.get_campaign(session, campaign.id)
        assert (done.state, done.end_reason) == (JourneyState.ENDED, EndReason.COMPLETED)
        assert done.completed_at == FRIDAY_TEN + timedelta(days=14)


def test_steps_go_out_each_at_its_own_time_when_time_is_walked(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        author, approver = actor(session, Role.OPERATIONS), actor(session, Role.MANAGER)
        make_member(session)
        steps = [{"key": "first"}, {"key": "second", "offset_days": 2, "at": "18:30"}]
        scheduled(session, author, approver, now, steps=steps, channels=["email"])
    run_due(sessions, now + timedelta(days=30), default_adapters(), catalog=CATALOG, since=now)
    with unit_of_work(sessions) as session:
        sent = session.execute(select(Message.step_key, Message.sent_at).order_by(Message.id)).all()
        assert [tuple(row) for row in sent] == [
            ("first", FRIDAY_TEN),
            ("second", datetime(2026, 6, 7, 10, 30, tzinfo=UTC)),
        ]


def test_the_same_call_drafts_once(session: Session, olive: Actor, now: datetime) -> None:
    first = drafted(session, olive, now)
    assert drafted(session, olive, now) is first
    assert session.scalar(select(func.count()).select_from(Campaign)) == 1


def test_a_name_is_taken_once(session: Session, olive: Actor, now: datetime) -> None:
    drafted(session, olive, now)
    with pytest.raises(Conflict, match="there is a campaign called 'Gold win-back' already"):
        drafted(session, olive, now, goal="another")


def test_a_campaign_without_a_name_gets_one_from_goal_tier_and_start(
    session: Session, olive: Actor, now: datetime
) -> None:
    first = drafted(session, olive, now, name="")
    second = drafted(session, olive, now, name="", channels=["email"])
    assert (first.name, second.name) == ("Win-back gold 5 Jun", "Win-back gold 5 Jun (2)")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"channels": []}, "a campaign needs at least one channel: email, sms, push or preferred"),
        ({"holdout_pct": 120}, "a holdout of 120% is not possible; give 0 to 50"),
        ({"start": "2026-05-29T10:00"}, "the start 2026-05-29 10:00 lies in the past; it is 2026-06-01 09:00 now"),
        ({"offers": [{"kind": "percent_off", "value": 60}]}, "a discount of 60% is above the ceiling of 50%"),
        ({"offers": [{"kind": "amount_off", "value": 60, "min_spend": 100}]}, "a discount of 60% is above"),
        ({"offers": [{"kind": "percent_off"}]}, "an offer of kind percent_off needs a value"),
        ({"offers": [{"kind": "gift", "coupon_code": "NONE"}]}, "there is no coupon NONE"),
        ({"channels": ["email", "preferred"]}, "'preferred' already means each member's own channel"),
        ({"end": "2026-06-01"}, "the campaign ends on 2026-06-01, before it starts on 2026-06-05"),
        ({"audience": {"all": [{"field": "colour", "op": "=", "value": 1}]}}, "colour"),
        ({"colour": "blue"}, "a campaign has no 'colour'"),
        (
            {"copy_texts": [{"channel": "email", "body": "Hi {{ nickname }}"}]},
            r"there is no field 'nickname' for texts; there are: name",
        ),
        (
            {"copy_texts": [{"channel": "sms", "body": "{{ offer }}!"}]},
            "names {{ offer }}, but the campaign has no offer",
        ),
        (
            {
                "copy_texts": [{"channel": "sms", "body": "30% off today"}],
                "offers": [{"kind": "percent_off", "value": 20}],
            },
            "promises “30% off”, but no such offer is attached",
        ),
        ({"copy_texts": [{"channel": "push", "body": "{% for i in 9 %}x{% endfor %}"}]}, "more than name a field"),
    ],
)
def test_what_is_wrong_with_a_brief_is_said_in_one_sentence(
    session: Session, olive: Actor, now: datetime, changes: dict[str, Any], sentence: str
) -> None:
    from crm.errors import CrmError

    if "copy_texts" in changes and changes["copy_texts"][0]["channel"] == "push":
        changes = changes | {"channels": ["push"]}
    with pytest.raises(CrmError) as raised:
        drafted(session, olive, now, **changes)
    assert sentence in raised.value.message


def test_an_audience_of_nobody_is_refused_when_it_is_submitted(session: Session, olive: Actor, now: datetime) -> None:
    campaign = drafted(session, olive, now)
    with pytest.raises(InvalidRequest, match="nobody fits the audience now"):
        service.submit(session, campaign.id, actor=olive, now=now, catalog=CATALOG)


def test_a_campaign_that_would_reach_nobody_is_refused_with_the_main_reason(
    session: Session, olive: Actor, now: datetime
) -> None:
    make_member(session, consents={})
    campaign = drafted(session, olive, now)
    with pytest.raises(InvalidRequest, match=r"none of the 1 members would get a message.* because of no_consent"):
        service.submit(session, campaign.id, actor=olive, now=now, catalog=CATALOG)


def test_submitting_twice_gives_the_same_request(session: Session, olive: Actor, now: datetime) -> None:
    make_member(session)
    campaign = drafted(session, olive, now)
    first = service.submit(session, campaign.id, actor=olive, now=now, catalog=CATALOG)
    assert service.submit(session, campaign.id, actor=olive, now=now, catalog=CATALOG) is first


def test_submitting_with_another_start_voids_the_first_request(session: Session, olive: Actor, now: datetime) -> None:
    make_member(session)
    campaign = drafted(session, olive, now)
    first = service.submit(session, campaign.id, actor=olive, now=now, catalog=CATALOG)
    thursday = datetime.fromisoformat("2026-06-04T10:30")
    with pytest.raises(NotConfirmed, match="awaits approval"):
        service.submit(session, campaign.id, actor=olive, now=now, catalog=CATALOG, start=thursday)
    second = service.submit(
        session, campaign.id, actor=olive, now=now, catalog=CATALOG, start=thursday, confirmed=Confirmed()
    )
    session.refresh(first)
    assert (first.state, second.state) == (ApprovalState.VOIDED, ApprovalState.PENDING)
    assert first.fingerprint != second.fingerprint
    assert second.facts["start"] == "2026-06-04T10:30:00"


@pytest.mark.parametrize("shaped_as", ["author", "submitter", "editor"])
def test_nobody_approves_his_own_work(
    session: Session, olive: Actor, grace: Actor, now: datetime, shaped_as: str
) -> None:
    make_member(session)
    author = grace if shaped_as == "author" else olive
    campaign = drafted(session, author, now)
    if shaped_as == "editor":
        changes = {"budget_cents": 500_00}
        service.change_draft(
            session, campaign.id, changes=changes, actor=grace, now=now, catalog=CATALOG, confirmed=Confirmed()
        )
    submitter = grace if shaped_as == "submitter" else olive
    service.submit(session, campaign.id, actor=submitter, now=now, catalog=CATALOG)
    with pytest.raises(Forbidden):
        service.approve(session, campaign.id, fingerprint=asked_of(session, campaign.id), actor=grace, now=now)
    assert campaign.state is JourneyState.AWAITING_APPROVAL


def test_operations_may_not_approve(session: Session, olive: Actor, now: datetime) -> None:
    make_member(session)
    campaign = submitted(session, olive, now)
    olaf, asked = actor(session, Role.OPERATIONS), asked_of(session, campaign.id)
    with pytest.raises(Forbidden, match="may not approve campaigns"):
        service.approve(session, campaign.id, fingerprint=asked, actor=olaf, now=now)


def test_a_rejected_campaign_is_a_draft_with_the_reason(
    session: Session, olive: Actor, grace: Actor, now: datetime
) -> None:
    make_member(session)
    campaign = submitted(session, olive, now)
    service.reject(
        session, campaign.id, fingerprint=asked_of(session, campaign.id), actor=grace, now=now, note="too many e-mails"
    )
    assert campaign.state is JourneyState.DRAFT
    assert campaign.state_note == f"Rejected by {grace.display_name}: too many e-mails"


def test_a_change_after_approval_makes_it_a_draft_that_does_not_start(
    session: Session, olive: Actor, grace: Actor, now: datetime
) -> None:
    make_member(session)
    campaign = scheduled(session, olive, grace, now)
    changes = {"channels": ["push"]}
    service.change_draft(
        session, campaign.id, changes=changes, actor=olive, now=now, catalog=CATALOG, confirmed=Confirmed()
    )
    assert campaign.state is JourneyState.DRAFT
    assert start_due(session, FRIDAY_TEN, CATALOG) == []


def test_an_audience_that_drifted_is_not_launched(session: Session, olive: Actor, grace: Actor, now: datetime) -> None:
    for _ in range(20):
        make_member(session)
    campaign = scheduled(session, olive, grace, now)
    for _ in range(5):
        make_member(session)
    (outcome,) = start_due(session, FRIDAY_TEN, CATALOG)
    assert not outcome.is_launched
    assert campaign.state is JourneyState.DRAFT
    assert campaign.state_note is not None
    assert "its audience went from 20 to 25 members" in campaign.state_note
    assert session.scalar(select(func.count()).select_from(Enrolment)) == 0


def test_a_small_drift_is_launched(session: Session, olive: Actor, grace: Actor, now: datetime) -> None:
    for _ in range(20):
        make_member(session)
    scheduled(session, olive, grace, now)
    make_member(session)
    (outcome,) = start_due(session, FRIDAY_TEN, CATALOG)
    assert outcome.is_launched


def test_a_brief_that_was_altered_behind_the_service_is_not_launched(
    session: Session, olive: Actor, grace: Actor, now: datetime
) -> None:
    make_member(session)
    campaign = scheduled(session, olive, grace, now)
    campaign.brief = campaign.brief | {"channels": ["push"]}
    (outcome,) = start_due(session, FRIDAY_TEN, CATALOG)
    assert outcome.reason == (
        "Gold win-back is not what was submitted any more (the channels; the text of main by email, variant A; "
        "the text of main by sms, variant A; the text of main by push, variant A); submit it again"
    )


def test_a_campaign_whose_start_was_missed_by_a_day_is_held_not_sent(
    session: Session, olive: Actor, grace: Actor, now: datetime
) -> None:
    make_member(session)
    scheduled(session, olive, grace, now)
    (outcome,) = start_due(session, FRIDAY_TEN + timedelta(hours=25), CATALOG)
    assert outcome.reason is not None
    assert "its start passed more than 24 hours ago" in outcome.reason


def test_pausing_stops_messages_and_resuming_goes_on(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        author, approver = actor(session, Role.OPERATIONS), actor(session, Role.MANAGER)
        make_member(session)
        steps = [{"key": "first"}, {"key": "second", "offset_days": 1}]
        campaign = scheduled(session, author, approver, now, steps=steps, channels=["email"])
    run_due(sessions, FRIDAY_TEN, default_adapters(), catalog=CATALOG)
    with unit_of_work(sessions) as session:
        service.pause(session, campaign.id, actor=author, now=FRIDAY_TEN)
    saturday = FRIDAY_TEN + timedelta(days=1)
    assert run_due(sessions, saturday, default_adapters(), catalog=CATALOG).dispatched.delivered == 0
    with unit_of_work(sessions) as session:
        service.resume(session, campaign.id, actor=author, now=saturday)
    assert run_due(sessions, saturday, default_adapters(), catalog=CATALOG).dispatched.delivered == 1


def test_cancelling_excludes_what_waits_and_gives_the_stock_back(
    session: Session, olive: Actor, grace: Actor, now: datetime
) -> None:
    coupon = make_coupon(session)
    for _ in range(4):
        make_member(session)
    offers = [{"kind": "amount_off", "value": 50}]
    campaign = scheduled(session, olive, grace, now, offers=offers, channels=["email"])
    start_due(session, FRIDAY_TEN, CATALOG)
    session.refresh(coupon)
    assert coupon.reserved == 4
    service.cancel(session, campaign.id, actor=olive, now=FRIDAY_TEN)
    session.refresh(coupon)
    assert (coupon.reserved, coupon.issued) == (0, 0)
    watched = monitor(session, campaign.id, FRIDAY_TEN)
    assert watched.adds_up
    assert [(row.reason, row.count) for row in watched.exclusions] == [("cancelled", 4)]


def test_members_who_opted_out_of_sms_get_no_sms_and_the_log_says_how_many(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        author, approver = actor(session, Role.OPERATIONS), actor(session, Role.MANAGER)
        for number in range(5):
            consents = {Channel.EMAIL: True, Channel.SMS: number >= 2}
            make_member(session, consents=consents)
        campaign = scheduled(session, author, approver, now)
    run_due(sessions, FRIDAY_TEN, default_adapters(), catalog=CATALOG)
    with unit_of_work(sessions) as session:
        watched = monitor(session, campaign.id, FRIDAY_TEN)
        assert [(row.channel, row.reason, row.count) for row in watched.exclusions] == [("sms", "no_consent", 2)]
        sent = select(OutboxItem.member_id).where(OutboxItem.channel == Channel.SMS)
        refused = select(Consent.member_id).where(Consent.channel == Channel.SMS, Consent.granted.is_(False))
        assert not set(session.scalars(sent)) & set(session.scalars(refused))


def test_a_csm_drafts_for_his_own_members_and_does_not_submit(session: Session, grace: Actor, now: datetime) -> None:
    kevin = actor(session, Role.CSM)
    make_member(session, owner_id=kevin.account_id)
    make_member(session)
    campaign = drafted(session, kevin, now)
    with pytest.raises(Forbidden):
        service.submit(session, campaign.id, actor=kevin, now=now, catalog=CATALOG)
    approval = service.submit(session, campaign.id, actor=grace, now=now, catalog=CATALOG)
    assert approval.facts["audience_count"] == 1


def test_a_campaign_is_found_by_what_one_remembers(session: Session, olive: Actor, now: datetime) -> None:
    from crm.errors import Ambiguous, NotFound

    summer = drafted(session, olive, now, name="Summer Skincare")
    drafted(session, olive, now, name="Summer Sale")
    assert service.find_campaign(session, "summer skincare") is summer
    assert service.find_campaign(session, "skin") is summer
    assert service.find_campaign(session, summer.id) is summer
    with pytest.raises(Ambiguous) as ambiguous:
        service.find_campaign(session, "summer")
    assert ambiguous.value.candidates == ("Summer Sale", "Summer Skincare")
    with pytest.raises(NotFound) as missing:
        service.find_campaign(session, "Sumer Skincair")
    assert missing.value.candidates[0] == "Summer Skincare"
