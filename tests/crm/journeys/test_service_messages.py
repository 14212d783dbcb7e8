"""What sells is not sent as service, by whatever way it comes; and not every role may send service messages."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.access.confirmed import Confirmed
from crm.access.models import Role
from crm.access.service import actor_for
from crm.campaigns import service
from crm.campaigns.brief import parse_brief
from crm.catalog import CATALOG, segment_scope
from crm.errors import Forbidden, InvalidRequest
from crm.journeys.service import save_draft
from crm.journeys.words import journey_in_words
from crm.outreach.ledger import spec_of
from tests.builders import make_account, make_member
from tests.journeys import make_coupon
from tests.walks import Json, journey, send

EVERYBODY: Json = {"all": []}


def draft_campaign(session: Session, now: datetime, body: str, *, role: Role = Role.OPERATIONS, **changes: Any) -> Any:
    values = {"name": "Notice", "channels": ["sms"], "audience": EVERYBODY, "priority": "service", **changes}
    copies = [{"channel": "sms", "step": "main", "body": body}]
    return service.create_draft(
        session,
        brief=parse_brief({"copy_texts": copies, **values}),
        actor=actor_for(make_account(session, role=role)),
        request_id=body,
        now=now,
        catalog=CATALOG,
    )


def draft_journey(session: Session, now: datetime, body: str, *, role: Role = Role.OPERATIONS, **changes: Any) -> Any:
    step = send("hello", "sms", wordings=[{"channel": "sms", "body": body}])
    actor = actor_for(make_account(session, role=role))
    data = {**journey(step), "priority": "service", **changes}
    return save_draft(session, data=data, actor=actor, request_id=body, now=now, catalog=CATALOG)


SELLING = [
    "20% off this week",
    "全场八折",
    "Grab your voucher",
    "免费领取",
    "Double points on Friday",
    "{% if goods %}You may like {{ goods }}{% endif %}",
]


@pytest.mark.parametrize("draft", [draft_campaign, draft_journey])
@pytest.mark.parametrize("body", SELLING)
def test_an_offer_is_no_service(session: Session, now: datetime, draft: Any, body: str) -> None:
    make_member(session)
    with pytest.raises(InvalidRequest, match="it is sent as service, but it sells"):
        draft(session, now, body)


def test_a_coupon_is_no_service(session: Session, now: datetime) -> None:
    make_member(session)
    make_coupon(session, code="B50")
    with pytest.raises(InvalidRequest, match="it sells: the coupon B50"):
        draft_journey(session, now, "Your order {{ code }}", benefits={"words": "", "coupon_codes": ["B50"]})
    with pytest.raises(InvalidRequest, match="it is sent as service, but it sells"):
        draft_campaign(session, now, "Hello", offers=[{"kind": "percent_off", "value": 20, "coupon_code": "B50"}])


@pytest.mark.parametrize("draft", [draft_campaign, draft_journey])
@pytest.mark.parametrize("role", [Role.CSM, Role.OPERATIONS, Role.MANAGER])
def test_only_some_roles_send_service_messages(session: Session, now: datetime, draft: Any, role: Role) -> None:
    make_member(session)
    if role is Role.CSM:
        with pytest.raises(Forbidden, match="may not send service messages"):
            draft(session, now, "Our store is closed on Monday", role=role)
    else:
        draft(session, now, "Our store is closed on Monday", role=role)


def test_a_campaign_does_not_become_service_by_a_change(session: Session, now: datetime) -> None:
    make_member(session)
    kevin = actor_for(make_account(session, role=Role.CSM))
    campaign = service.create_draft(
        session,
        brief=parse_brief({"name": "News", "channels": ["sms"], "audience": EVERYBODY}),
        actor=kevin,
        request_id="1",
        now=now,
        catalog=CATALOG,
    )
    with pytest.raises(Forbidden):
        service.change_draft(
            session,
            campaign.id,
            changes={"priority": "service"},
            actor=kevin,
            now=now,
            catalog=CATALOG,
            confirmed=Confirmed(),
        )


def test_whoever_approves_a_journey_is_told_that_it_is_service(session: Session, now: datetime) -> None:
    make_member(session)
    made = draft_journey(session, now, "Our store is closed on Monday")
    scope = segment_scope(session, actor_for(make_account(session, role=Role.MANAGER)), now)
    assert "no way to opt out" in (journey_in_words(spec_of(made), scope).priority or "")
    plain = draft_journey(session, now, "Hello", priority="campaign", name="Plain")
    assert journey_in_words(spec_of(plain), scope).priority is None
