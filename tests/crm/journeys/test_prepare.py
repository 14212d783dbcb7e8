"""Each check holds for campaigns and journeys alike: the same sentence at draft, when submitted, and at the start."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.access.policy import set_policy
from crm.access.uses import users_of
from crm.campaigns import campaign_kind
from crm.campaigns import service as campaigns
from crm.campaigns.brief import parse_brief
from crm.catalog import CATALOG
from crm.database import unit_of_work
from crm.errors import CrmError
from crm.journeys import journey_kind
from crm.journeys import service as journeys
from crm.journeys.kind import Kind
from crm.journeys.prepare import Stage, prepare, require_sound
from crm.loyalty.models import Coupon, OfferKind
from crm.segments.approved import author_scope
from tests.builders import make_member
from tests.journeys import make_coupon
from tests.walks import Json, Walker, journey, send, wait

SENSITIVE: Json = {"all": [{"field": "gender", "op": "in", "value": ["female"]}]}
NOBODYS: Json = {"all": [{"field": "campaign", "op": "in", "value": ["Nowhere"]}]}
UNKNOWN: Json = {"all": [{"field": "colour", "op": "=", "value": 1}]}
C40: Json = {"kind": "percent_off", "value": 40, "coupon_code": "C40"}


def lower_ceiling(session: Session) -> None:
    set_policy(session, "max_discount_percent", 30)


def keep_to_admins(session: Session) -> None:
    set_policy(session, "sensitive_fields_in_audiences", ["admin"])


def nothing(_session: Session) -> None:
    pass


Case = tuple[str, Json, Json, Callable[[Session], None], str, str]
CHECKS: dict[str, Case] = {
    "a field that there is not": ("", {"audience": UNKNOWN}, {"entry": UNKNOWN}, nothing, "colour", ".all[0].field"),
    "a name that there is not": (
        "",
        {"audience": NOBODYS},
        {"entry": NOBODYS},
        nothing,
        "there is no campaign called 'Nowhere'",
        ".all[0].value",
    ),
    "a promise": ("Take 90% off everything", {}, {}, nothing, "promises “90% off”", ".wordings[0].body"),
    "a text that cannot be read": ("Hi {{ nickname }}", {}, {}, nothing, "'nickname'", ".wordings[0].body"),
    "a ceiling": (
        "Hi",
        {"offers": [C40]},
        {"benefits": {"coupon_codes": ["C40"]}},
        lower_ceiling,
        "above the ceiling of 30%",
        "offers",
    ),
    "sensitive fields": (
        "Hi",
        {"audience": SENSITIVE},
        {"entry": SENSITIVE},
        keep_to_admins,
        "may not use gender",
        "",
    ),
    "a coupon that there is not": (
        "Hi",
        {"offers": [C40 | {"kind": "gift", "value": None, "coupon_code": "NONE"}]},
        {"benefits": {"coupon_codes": ["NONE"]}},
        nothing,
        "there is no coupon NONE",
        "",
    ),
}


def of_campaign(body: str, changes: Json) -> Json:
    texts = [{"channel": "sms", "body": body or "Hello"}]
    brief = {"name": "Spring", "audience": {"all": []}, "channels": ["sms"], "holdout_pct": 0, "copy_texts": texts}
    return parse_brief(brief | changes).model_dump(mode="json")


def of_journey(body: str, changes: Json) -> Json:
    step = send("hello", "sms", wordings=[{"channel": "sms", "body": body or "Hello"}])
    trigger = {"kind": "by_hand"} | {name: changes[name] for name in ("entry",) if name in changes}
    rest = {name: value for name, value in changes.items() if name != "entry"}
    return journey(step, **rest) | {"trigger": trigger}


def drafted(session: Session, walker: Walker, kind: str, data: Json, request: str) -> int:
    by: dict[str, Any] = {"actor": walker.author, "request_id": request, "now": walker.now, "catalog": CATALOG}
    if kind == "campaign":
        return campaigns.create_draft(session, brief=parse_brief(data), **by).id
    return journeys.save_draft(session, data=data, **by).id


def refusal(ask: Callable[[], Any]) -> tuple[type[CrmError], str, str]:
    with pytest.raises(CrmError) as refused:
        ask()
    return type(refused.value), refused.value.message, refused.value.path or ""


@pytest.mark.parametrize("kind", ["campaign", "journey"])
@pytest.mark.parametrize("name", CHECKS)
def test_a_check_holds_for_both_kinds_and_at_every_stage(walker: Walker, name: str, kind: str) -> None:
    body, of_brief, of_spec, change, sentence, path = CHECKS[name]
    is_campaign = kind == "campaign"
    bad = of_campaign(body, of_brief) if is_campaign else of_journey(body, of_spec)
    good = of_campaign("", {}) if is_campaign else of_journey("", {})
    entry: Kind[Any] = campaign_kind.KIND if is_campaign else journey_kind.KIND
    with unit_of_work(walker.sessions) as session:
        make_coupon(session, code="C40", kind=OfferKind.PERCENT_OFF, value=40)
        number = drafted(session, walker, kind, good, "good")
        change(session)
    found = []
    with unit_of_work(walker.sessions) as session:
        found.append(refusal(lambda: drafted(session, walker, kind, bad | {"name": "Other"}, "bad")))
    with unit_of_work(walker.sessions) as session:
        # As another version, or an earlier policy, may have let it in.
        row = entry.find(session, number, True).row
        stored = bad | {"name": good["name"], "experiment": good["name"]}
        if is_campaign:
            row.brief = bad
        else:
            row.spec = stored
        session.flush()
        service: Any = campaigns if is_campaign else journeys
        found.append(
            refusal(lambda: service.submit(session, number, actor=walker.author, now=walker.now, catalog=CATALOG))
        )
        scope = author_scope(session, walker.author.account_id, CATALOG, walker.now)
        people = (walker.author,)
        found.append(
            refusal(lambda: require_sound(entry.prepare(session, row, scope, people, Stage.START, walker.now)))
        )
    assert len(set(found)) == 1, found
    (_, said, place), *_ = found
    assert sentence in said
    assert path in place


@pytest.mark.parametrize("kind", ["campaign", "journey"])
def test_stock_is_asked_from_when_it_is_submitted(walker: Walker, kind: str) -> None:
    with unit_of_work(walker.sessions) as session:
        make_member(session)
        coupon_id = make_coupon(session, code="C40", kind=OfferKind.PERCENT_OFF, value=40, stock_total=0).id
        of = of_campaign("Hi", {"offers": [C40]}), of_journey("Hi", {"benefits": {"coupon_codes": ["C40"]}})
        number = drafted(session, walker, kind, of[kind == "journey"], "first")
        assert users_of(session, "coupon", coupon_id) == [(kind, number)]
        service: Any = campaigns if kind == "campaign" else journeys
        submit = lambda: service.submit(session, number, actor=walker.author, now=walker.now, catalog=CATALOG)  # noqa: E731
        assert refusal(submit)[1:] == (
            "nothing is left of the coupon C40 for 2026-06-01; add stock or take another",
            "offers",
        )
        session.get_one(Coupon, coupon_id).stock_total = 9
        assert submit().state == "pending"


def test_what_keeps_nothing_from_being_sent_is_said_before(walker: Walker) -> None:
    long = "A text that goes on and on, " * 12
    data = journey(
        wait("evening", until_time="22:30"),
        send("hello", "sms", wordings=[{"channel": "sms", "body": long}]),
        holdout_share=0.02,
        trigger={"kind": "by_hand"},
    )
    with unit_of_work(walker.sessions) as session:
        scope = author_scope(session, walker.author.account_id, CATALOG, walker.now)
        found = prepare(session, {"experiment": "x", **data}, scope, people=(walker.author,), now=walker.now)
    assert found.findings == ()
    said = {warning.path: warning.sentence for warning in found.warnings}
    assert list(said) == ["holdout_share", "steps[0].until_time", "steps[1].wordings[0].body"]
    assert said["holdout_share"] == "A holdout of 2% is small: only a large effect will show."
    assert "sends at 22:30, within the quiet hours (21:00 to 08:00)" in said["steps[0].until_time"]
    assert "takes up to 3 parts" in said["steps[1].wordings[0].body"]
