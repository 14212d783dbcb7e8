"""Campaign tools draft, plan, submit and decide; what reaches members needs somebody else's approval."""

import json
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.confirmed import Confirmed, NotConfirmed
from crm.access.models import Approval, Role
from crm.campaigns.models import Campaign
from crm.channels import Channel
from crm.errors import Conflict, Forbidden, InvalidRequest, NotFound
from tests.builders import make_member
from tests.tools.conftest import Call, actor_with
from tools.base import Tool
from tools.campaigns import (
    CHANGE_CAMPAIGN,
    DRAFT_CAMPAIGN,
    LIST_CAMPAIGNS,
    MONITOR_CAMPAIGN,
    PLAN_CAMPAIGN,
    SHOW_CAMPAIGN,
)
from tools.decisions import (
    APPROVE_CAMPAIGN,
    CANCEL_CAMPAIGN,
    PAUSE_CAMPAIGN,
    REJECT_CAMPAIGN,
    RESUME_CAMPAIGN,
    SCHEDULE_CAMPAIGN,
    SUBMIT_CAMPAIGN,
)

GOLD = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
BRIEF: dict[str, Any] = {
    "name": "Gold Days",
    "goal": "win-back",
    "audience": GOLD,
    "channels": ["email", "sms"],
    "offers": [{"kind": "points_bonus", "value": 500}],
    "start": "2026-06-05T10:00",
}


@pytest.fixture
def members(session: Session) -> None:
    for _ in range(20):
        make_member(session, tier="gold")
    make_member(session, tier="gold", consents={Channel.EMAIL: True, Channel.SMS: False})


@pytest.fixture
def manager(session: Session) -> Actor:
    return actor_with(session, Role.MANAGER, display_name="Mia")


def test_a_draft_comes_with_its_brief_and_its_computed_plan(call: Call, members: None) -> None:
    result = call(DRAFT_CAMPAIGN, **BRIEF)
    assert result.content["state"] == "draft"
    assert result.content["brief"]["offers"] == [{"kind": "points_bonus", "value": 500}]
    assert result.content["plan"]["audience_count"] == 21
    assert result.content["plan"]["total_messages"] <= 41
    assert result.artifact["brief"]["start"] == "2026-06-05T10:00:00"
    assert result.artifact["plan"]["read_back"]
    assert result.content["lessons"] == result.artifact["lessons"] == []
    assert result.approval_id is None


def test_a_plan_leaves_out_whoever_did_not_agree(call: Call, members: None) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF, holdout_pct=0, holdout_waiver="small")
    plan = call(PLAN_CAMPAIGN, campaign="gold days").content["plan"]
    assert {"channel": "sms", "reason": "no_consent", "count": 1} in plan["exclusions"]
    assert plan["total_messages"] == 41


@pytest.mark.parametrize("state", ["awaiting_approval", "scheduled"])
def test_a_plan_is_counted_anew_and_what_is_shown_is_what_was_planned(
    session: Session, call: Call, members: None, manager: Actor, state: str
) -> None:
    drafted = call(DRAFT_CAMPAIGN, **BRIEF, holdout_pct=0, holdout_waiver="small").content
    call(SUBMIT_CAMPAIGN, campaign="Gold Days")
    if state == "scheduled":
        call(APPROVE_CAMPAIGN, actor=manager, campaign="Gold Days")
    before = drafted["plan"]["audience_count"], drafted["plan"]["total_messages"]
    for granted in (True, True, False):
        make_member(session, tier="gold", consents={Channel.EMAIL: True, Channel.SMS: granted})

    def counted(tool: Tool[Any]) -> tuple[int, int]:
        plan = call(tool, campaign="Gold Days").content["plan"]
        return plan["audience_count"], plan["total_messages"]

    assert counted(SHOW_CAMPAIGN) == before == (21, 41)
    assert counted(PLAN_CAMPAIGN) == (24, 46)
    assert counted(SHOW_CAMPAIGN) == before


def test_the_same_call_drafts_once(session: Session, call: Call, members: None) -> None:
    first = call(DRAFT_CAMPAIGN, call_id="c1", **BRIEF)
    again = call(DRAFT_CAMPAIGN, call_id="c1", **BRIEF)
    assert first.content["campaign_id"] == again.content["campaign_id"]
    assert session.scalar(select(func.count()).select_from(Campaign)) == 1


def test_only_what_changes_is_replaced(call: Call, members: None) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF)
    result = call(CHANGE_CAMPAIGN, campaign="Gold Days", changes={"channels": ["push"]})
    assert result.artifact["brief"]["channels"] == ["push"]
    assert result.artifact["brief"]["goal"] == "win-back"
    assert result.content["approval_voided"] is False


def test_a_mistake_in_a_brief_is_one_sentence(call: Call, members: None) -> None:
    with pytest.raises(InvalidRequest, match="lies in the past"):
        call(DRAFT_CAMPAIGN, **{**BRIEF, "start": "2026-05-01T10:00"})
    with pytest.raises(InvalidRequest, match="channels"):
        call(DRAFT_CAMPAIGN, audience=GOLD, channels=["fax"])
    with pytest.raises(InvalidRequest, match="needs a value"):
        call(DRAFT_CAMPAIGN, audience=GOLD, channels=["sms"], offers=[{"kind": "percent_off"}])


def test_scheduling_asks_for_approval_and_sends_nothing(session: Session, call: Call, members: None) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF)
    result = call(SCHEDULE_CAMPAIGN, campaign="Gold Days", at="2026-06-04T10:30")
    assert result.content["state"] == "awaiting_approval"
    assert result.content["starts_at"] == "2026-06-04T10:30"
    assert "21 members" in result.content["summary"]
    approval = session.scalars(select(Approval)).one()
    assert result.approval_id == approval.id


def test_the_author_cannot_approve_his_own_campaign(session: Session, call: Call, members: None) -> None:
    admin = actor_with(session, Role.ADMIN)
    call(DRAFT_CAMPAIGN, actor=admin, **BRIEF)
    call(SUBMIT_CAMPAIGN, actor=admin, campaign="Gold Days")
    with pytest.raises(Forbidden):
        call(APPROVE_CAMPAIGN, actor=admin, campaign="Gold Days")


def test_a_manager_approves_what_was_submitted(call: Call, members: None, manager: Actor) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF)
    call(SUBMIT_CAMPAIGN, campaign="Gold Days")
    result = call(APPROVE_CAMPAIGN, actor=manager, campaign="Gold Days", note="go")
    assert result.content["state"] == "scheduled"
    paused = call(PAUSE_CAMPAIGN, campaign="Gold Days")
    assert (paused.content["state"], paused.content["summary"][:16]) == ("paused", "Pause Gold Days;")
    assert call(RESUME_CAMPAIGN, campaign="Gold Days").content["state"] == "scheduled"
    gone = call(CANCEL_CAMPAIGN, campaign="Gold Days").content
    assert (gone["state"], gone["end_reason"]) == ("ended", "cancelled")
    with pytest.raises(Conflict):
        call(CHANGE_CAMPAIGN, campaign="Gold Days", changes={"goal": "x"})


def test_a_change_voids_the_pending_approval(call: Call, members: None, manager: Actor) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF)
    call(SUBMIT_CAMPAIGN, campaign="Gold Days")
    with pytest.raises(NotConfirmed, match="awaits approval"):
        call(CHANGE_CAMPAIGN, campaign="Gold Days", changes={"channels": ["sms"]})
    changed = call(CHANGE_CAMPAIGN, confirmed=Confirmed(), campaign="Gold Days", changes={"channels": ["sms"]})
    assert changed.content["approval_voided"] is True
    assert [(each["field"], each["before"], each["after"]) for each in changed.artifact["changes"]] == [
        ("channels", "email, SMS", "SMS")
    ]
    with pytest.raises(Conflict):
        call(APPROVE_CAMPAIGN, actor=manager, campaign="Gold Days")


def test_a_rejected_campaign_is_a_draft_with_the_reason(call: Call, members: None, manager: Actor) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF)
    call(SUBMIT_CAMPAIGN, campaign="Gold Days")
    assert call(REJECT_CAMPAIGN, actor=manager, campaign="Gold Days", note="too early").content["state"] == "draft"
    shown = call(SHOW_CAMPAIGN, campaign="Gold Days").content
    assert shown["approval"]["state"] == "rejected"
    assert shown["approval"]["note"] == "⟦too early⟧"


def test_campaigns_are_listed_by_state(call: Call, members: None) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF)
    listed = call(LIST_CAMPAIGNS, state="draft").content
    assert (listed["total"], listed["shown"]) == (1, 1)
    assert listed["campaigns"][0]["starts_at"] == "2026-06-05T10:00"
    assert call(LIST_CAMPAIGNS, state="running").content["campaigns"] == []


def test_an_unknown_campaign_names_the_near_ones(call: Call, members: None) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF)
    with pytest.raises(NotFound) as error:
        call(SHOW_CAMPAIGN, campaign="Golden Day")
    assert error.value.candidates == ("Gold Days",)


def test_a_campaign_that_has_not_started_can_be_watched(call: Call, members: None) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF)
    content = call(MONITOR_CAMPAIGN, campaign="Gold Days").content
    assert content["adds_up"] is True
    assert content["counts"]["delivered"] == 0


def test_a_csm_plans_over_his_own_members(session: Session, call: Call, members: None) -> None:
    csm = actor_with(session, Role.CSM)
    make_member(session, tier="gold", owner_id=csm.account_id)
    assert call(DRAFT_CAMPAIGN, actor=csm, **BRIEF).content["plan"]["audience_count"] == 1


def test_no_contact_detail_is_in_a_campaign_card(call: Call, members: None, now: datetime) -> None:
    results = [call(DRAFT_CAMPAIGN, **BRIEF), call(SUBMIT_CAMPAIGN, campaign="Gold Days")]
    assert "example.com" not in json.dumps([[result.content, result.artifact] for result in results])


@pytest.mark.parametrize(
    ("copy", "subject", "body"),
    [
        ({"channel": "email", "subject": "A cup for you"}, "A cup for you", None),
        ({"channel": "email", "body": "Come by."}, None, "Come by."),
        ({"channel": "email", "subject": "为您留了一杯茶", "body": "好久不见。"}, "为您留了一杯茶", "好久不见。"),
        ({"channel": "sms", "body": "50 metres from you"}, None, "50 metres from you"),
        ({"channel": "email", "subject": "{{ name }}, tea?"}, "{{ name }}, tea?", None),
        ({"channel": "email", "body": "🍵"}, None, "🍵"),
    ],
)
def test_a_change_of_copy_stores_that_text_and_nothing_else(
    call: Call, members: None, copy: dict[str, Any], subject: str | None, body: str | None
) -> None:
    before = call(DRAFT_CAMPAIGN, **BRIEF, copy_texts=[{"channel": "sms", "body": "Old text"}]).artifact["brief"]
    result = call(CHANGE_CAMPAIGN, campaign="Gold Days", changes={"copy_texts": [copy]})
    after = result.artifact["brief"]
    assert {key for key in after if after[key] != before[key]} == {"copy_texts"}
    [stored] = [each for each in after["copy_texts"] if each["channel"] == copy["channel"]]
    assert (stored["subject"], stored["body"]) == (subject, body)
    others = [each for each in after["copy_texts"] if each["channel"] != copy["channel"]]
    assert others == [each for each in before["copy_texts"] if each["channel"] != copy["channel"]]
    [change] = result.artifact["changes"]
    assert (subject or body or "") in change["after"]


@pytest.mark.parametrize(
    "same",
    [
        {"channels": ["email", "sms"]},
        {"offers": [{"kind": "points_bonus", "value": 500}]},
        {"start": "2026-06-05T10:00"},
        {"holdout_pct": 10},
        {"goal": "win-back"},
        {"audience": GOLD},
    ],
)
def test_a_change_that_changes_nothing_says_so_and_leaves_an_approval_alone(
    session: Session, call: Call, members: None, same: dict[str, Any]
) -> None:
    call(DRAFT_CAMPAIGN, **BRIEF)
    call(SUBMIT_CAMPAIGN, campaign="Gold Days")
    result = call(CHANGE_CAMPAIGN, campaign="Gold Days", changes=same)
    assert (result.content["changes"], result.content["state"]) == ([], "awaiting_approval")
    assert session.scalars(select(Approval)).one().state == "pending"
