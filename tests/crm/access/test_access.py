"""Who may do what, and how a request is decided."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from crm.access import approvals, service
from crm.access.actor import Actor, Permission, require
from crm.access.models import ApprovalState, Role
from crm.access.policy import get_policy, set_policy
from crm.errors import Conflict, Forbidden, InvalidRequest, NotFound

PASSWORD = "correct horse battery"


def person(session: Session, name: str, role: Role) -> Actor:
    username = name.lower().replace(" ", ".")
    return service.actor_for(
        service.create_account(session, username=username, display_name=name, role=role, password=PASSWORD)
    )


def test_people_are_found_by_username_display_name_or_role(session: Session) -> None:
    mia, kevin = person(session, "Mia Chen", Role.OPERATIONS), person(session, "Kevin Zhao", Role.CSM)
    assert service.find_actor(session, "kevin zhao") == kevin
    assert service.find_actor(session, "mia.chen") == mia
    assert service.find_actor(session, "ops") == mia
    emile = person(session, "Émile Zola", Role.ANALYST)
    assert service.find_actor(session, "ÉMILE ZOLA") == service.find_actor(session, " Ｅ́mile zola") == emile
    with pytest.raises(NotFound, match=r"Mia Chen, Kevin Zhao"):
        service.find_actor(session, "Bob")


def test_a_csm_sees_his_own_members_and_may_not_approve(session: Session) -> None:
    kevin = person(session, "Kevin Zhao", Role.CSM)
    assert kevin.row_owner_id == kevin.account_id
    with pytest.raises(Forbidden, match="manager, admin"):
        require(kevin, Permission.APPROVE_CAMPAIGN)


def test_a_username_that_is_taken_is_refused(session: Session) -> None:
    person(session, "Mia Chen", Role.OPERATIONS)
    with pytest.raises(InvalidRequest, match="taken"):
        service.create_account(session, username="mia.chen", display_name="X", role=Role.CSM, password=PASSWORD)


def ask_for_approval(session: Session, actor: Actor, now: datetime) -> int:
    approval = approvals.request_approval(
        session, subject_kind="campaign", subject_id=1, bound={"name": "A"}, facts={}, actor=actor, now=now
    )
    return approval.id


def test_the_author_cannot_approve_and_a_decision_is_final(session: Session, now: datetime) -> None:
    grace, henry = person(session, "Grace Lin", Role.MANAGER), person(session, "Henry Wu", Role.MANAGER)
    request = ask_for_approval(session, grace, now)
    with pytest.raises(Forbidden, match="cannot give it"):
        approvals.decide(session, request, actor=grace, approve=True, note=None, now=now)
    approvals.decide(session, request, actor=henry, approve=True, note="fine", now=now)
    with pytest.raises(Conflict, match="approved already"):
        approvals.decide(session, request, actor=henry, approve=False, note=None, now=now)


def test_an_approval_request_expires_and_a_newer_one_voids_it(session: Session, now: datetime) -> None:
    mia, grace = person(session, "Mia Chen", Role.OPERATIONS), person(session, "Grace Lin", Role.MANAGER)
    first = ask_for_approval(session, mia, now)
    second = ask_for_approval(session, mia, now)
    session.expire_all()
    assert approvals.pending_approvals(session, now)[0].id == second
    with pytest.raises(Conflict, match="voided already"):
        approvals.decide(session, first, actor=grace, approve=True, note=None, now=now)
    with pytest.raises(Conflict, match="expired"):
        approvals.decide(session, second, actor=grace, approve=True, note=None, now=now + timedelta(hours=72))
    assert approvals.pending_approvals(session, now + timedelta(hours=72)) == []
    newest = approvals.approval_for(session, "campaign", 1)
    assert newest is not None
    assert newest.state is ApprovalState.PENDING


def test_policy_overrides_are_validated_and_kept(session: Session) -> None:
    assert get_policy(session).max_discount_percent == 50
    assert set_policy(session, "max_discount_percent", 30).max_discount_percent == 30
    with pytest.raises(InvalidRequest, match="max_discount_percent"):
        set_policy(session, "max_discount_percent", 300)
    with pytest.raises(InvalidRequest, match="there is no policy"):
        set_policy(session, "max_discount", 30)
    assert get_policy(session).max_discount_percent == 30
