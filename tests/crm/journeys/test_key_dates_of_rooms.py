"""Around which days of members journeys start is said by the room that owns them, and by nobody else."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, literal
from sqlalchemy.orm import Session

from crm.catalog import CATALOG
from crm.database import Sessions, unit_of_work
from crm.fields import Catalog
from crm.journeys.validation import spec_errors
from crm.journeys.words import journey_in_words
from crm.key_dates import Holders, Keeping, KeyDate
from crm.loyalty.models import Coupon, CouponGrant, CouponRedemption, GrantState, OfferKind
from crm.members.models import MemberTag
from crm.outreach.spec import JourneySpec
from crm.segments.scope import open_scope
from crm.words import Text
from tests.builders import make_member
from tests.walks import Json, Walker, journey, send

TAG = MemberTag.__table__
PARTY = date(2026, 6, 5)


@dataclass(frozen=True)
class Parties:
    """Members with the tag have a party on one day."""

    keeping: Keeping

    @classmethod
    def read(cls, _session: Session, keeping: Keeping) -> "Parties":
        return cls(keeping)

    def on(self, day: date, zone: ZoneInfo) -> Holders | None:
        has_it = TAG.c.tag == "guest"
        return Holders(TAG, TAG.c.member_id, has_it, cast(literal("1"), String)) if day == PARTY else None


WITH_PARTIES = Catalog(
    CATALOG.fields,
    CATALOG.collections,
    CATALOG.profile,
    CATALOG.events.values(),
    (
        *CATALOG.key_dates.values(),
        KeyDate(name="party", label="Party", words=Text("day of the party", "聚会日"), read=Parties.read),
    ),
    kinds=CATALOG.kinds.values(),
    approvables=CATALOG.approvables.values(),
)


def around(name: str, **changes: object) -> Json:
    return {"kind": "key_date", "date": name, "at": "09:00"} | changes


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_members_enter_around_a_day_that_only_its_room_knows(sessions: Sessions, now: datetime) -> None:
    walker = Walker(sessions, now, catalog=WITH_PARTIES)
    with unit_of_work(sessions) as session:
        here = make_member(session, tags=("guest",)).id
        there = make_member(session, tags=("guest",), zone_name="America/New_York").id
        make_member(session)
    walker.start(journey(send("tomorrow"), trigger=around("party", days_before=1)))
    walker.advance_clock(at("2026-06-07T00:00"))
    assert walker.heard(here) == [("tomorrow", at("2026-06-04T01:00"))]
    assert walker.heard(there) == [("tomorrow", at("2026-06-04T13:00"))]
    assert {(each.member_id, each.occurrence) for each in walker.enrolments()} == {
        (here, "party-1"),
        (there, "party-1"),
    }


def test_a_key_date_reads_in_both_languages_and_an_unknown_one_is_named_with_its_near_ones(
    sessions: Sessions, now: datetime
) -> None:
    data = journey(send("hello"), trigger=around("party", days_before=2)) | {"experiment": "x"}
    assert spec_errors(data, WITH_PARTIES) == []
    (wrong,) = spec_errors(data | {"trigger": around("birthdy")}, WITH_PARTIES)
    assert (wrong.path, wrong.sentence[:58]) == (
        "trigger.date",
        "there is no key date 'birthdy'; the nearest are birthday, ",
    )
    with unit_of_work(sessions) as session:
        scope = open_scope(session, WITH_PARTIES, now, row_owner_id=None, me_id=None)
        words = [
            journey_in_words(JourneySpec.model_validate(data), scope, language=language).trigger
            for language in ("en", "zh")
        ]
    assert words == ["2 days before the day of the party at 09:00", "聚会日前 2 天 09:00"]


def make_grant(session: Session, code: str, member_id: int, state: GrantState, now: datetime) -> int:
    coupon = session.query(Coupon).filter_by(code=code).one()
    grant = CouponGrant(
        coupon_id=coupon.id, member_id=member_id, enrolment_id=900 + member_id, state=state, changed_at=now
    )
    session.add(grant)
    session.flush()
    return grant.id


def test_members_hear_in_time_that_a_coupon_they_did_not_use_ends(sessions: Sessions, now: datetime) -> None:
    walker = Walker(sessions, now)
    with unit_of_work(sessions) as session:
        terms = {"name": "20 off", "kind": OfferKind.AMOUNT_OFF, "value": 2_000, "min_spend_cents": None}
        for code, last_day in (("SOON", date(2026, 6, 8)), ("LATER", date(2026, 7, 8)), ("NEVER", None)):
            session.add(Coupon(code=code, **terms, unit_cost_cents=0, stock_total=9, valid_until=last_day))
        session.flush()
        holds, used, promised, later, never = (make_member(session).id for _ in range(5))
        kept = make_grant(session, "SOON", holds, GrantState.ISSUED, now)
        make_grant(session, "SOON", used, GrantState.ISSUED, now)
        make_grant(session, "SOON", promised, GrantState.RESERVED, now)
        make_grant(session, "LATER", later, GrantState.ISSUED, now)
        make_grant(session, "NEVER", never, GrantState.ISSUED, now)
        soon = session.query(Coupon).filter_by(code="SOON").one()
        spent = {"coupon_id": soon.id, "member_id": used, "redeemed_at": now, "discount_cents": 1}
        session.add(CouponRedemption(**spent))
    walker.start(journey(send("three days left"), trigger=around("coupon_expires", days_before=3)))
    walker.advance_clock(now + timedelta(days=20))
    assert [(each.member_id, each.occurrence) for each in walker.enrolments()] == [(holds, f"coupon_expires-{kept}")]
    assert walker.heard(holds) == [("three days left", at("2026-06-05T01:00"))]
