"""Saving, changing, undoing and deleting segments, and what they say of themselves."""

import sqlite3
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.policy import set_policy
from crm.access.service import actor_for
from crm.campaigns.brief import parse_brief
from crm.campaigns.service import approve, cancel, create_draft, submit
from crm.campaigns.subscribers import builders_on
from crm.catalog import CATALOG, segment_scope
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import Ambiguous, Conflict, Forbidden, InvalidRequest, NotFound
from crm.fields import Presence
from crm.journeys.engine import start_due
from crm.members.changes import Change, mark_changed, mark_everyone_changed
from crm.members.fields import FIELDS as MEMBER_FIELDS
from crm.segments import history, saved
from crm.segments.definition import Term, parse_definition
from crm.segments.dependencies import CHANGES_OF_TABLES, tables_of
from crm.segments.history import SegmentState, Standing
from crm.segments.maintenance import maintain, refresh_segments
from crm.segments.models import Segment, SegmentMember
from crm.segments.records import member_records
from crm.segments.reference import evaluate
from crm.segments.saved import SegmentChanges
from tests.builders import make_account, make_member, make_order
from tests.conftest import DATABASE_KIND

DAY = timedelta(days=1)
GOLD = {"field": "tier", "op": "in", "value": ["gold"]}
SILVER = {"field": "tier", "op": "in", "value": ["silver"]}


def in_segment(*names: str, op: str = "in") -> dict[str, Any]:
    return {"field": "segment", "op": op, "value": list(names)}


@pytest.fixture
def mia(session: Session) -> Actor:
    return actor_for(make_account(session, role=Role.OPERATIONS, display_name="Mia Chen"))


def save(session: Session, actor: Actor, now: datetime, name: str, definition: dict[str, Any], **more: Any) -> Segment:
    return saved.save_segment(session, name=name, definition=definition, actor=actor, now=now, catalog=CATALOG, **more)


def change(session: Session, actor: Actor, now: datetime, segment: Segment, **changes: Any) -> Segment:
    version = changes.pop("version", segment.version)
    return saved.change_segment(
        session,
        segment.id,
        version=version,
        changes=SegmentChanges(**changes),
        actor=actor,
        now=now,
        catalog=CATALOG,
        subscribers=builders_on,
    )


def standing(session: Session, segment: Segment, now: datetime) -> Standing:
    return history.standings(session, now, CATALOG)[segment.id]


def test_a_saved_segment_has_members_an_owner_and_a_first_version(session: Session, mia: Actor, now: datetime) -> None:
    gold, _silver = make_member(session), make_member(session, tier="silver")
    segment = save(session, mia, now, " Gold ", GOLD, description="Everybody who is gold")
    assert (segment.name, segment.count, segment.version, segment.owner_id) == ("Gold", 1, 1, mia.account_id)
    assert [member.id for member in history.members(session, segment, None)] == [gold.id]
    (first,) = history.versions(session, segment)
    assert (first.number, first.changed_by, first.definition) == (1, "Mia Chen", GOLD)
    assert standing(session, segment, now) == Standing(SegmentState.FRESH)


def test_the_same_call_saves_once(session: Session, mia: Actor, now: datetime) -> None:
    first = save(session, mia, now, "Gold", GOLD, request_id="call-1")
    assert save(session, mia, now, "Gold", GOLD, request_id="call-1") is first


def test_a_change_is_a_new_version_and_can_be_undone(session: Session, mia: Actor, now: datetime) -> None:
    gold, silver = make_member(session), make_member(session, tier="silver")
    segment = save(session, mia, now, "Best", GOLD)
    change(session, mia, now, segment, definition=SILVER, note="silver is the new gold")
    assert [member.id for member in history.members(session, segment, None)] == [silver.id]
    saved.restore_version(
        session, segment.id, 1, version=2, actor=mia, now=now, catalog=CATALOG, subscribers=builders_on
    )
    assert [member.id for member in history.members(session, segment, None)] == [gold.id]
    notes = [(version.number, version.note) for version in history.versions(session, segment)]
    assert notes == [(3, "restored from version 1"), (2, "silver is the new gold"), (1, "first version")]
    assert [event.version for event in history.events(session, segment, None)] == [3, 3, 2, 2]


def test_whoever_saw_an_older_version_does_not_overwrite_a_newer_one(
    session: Session, mia: Actor, now: datetime
) -> None:
    segment = save(session, mia, now, "Best", GOLD)
    change(session, mia, now, segment, description="better")
    with pytest.raises(Conflict, match="at version 2 by Mia Chen, not 1"):
        change(session, mia, now, segment, definition=SILVER, version=1)


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        ({"field": "csm", "op": "=", "value": "@me"}, "instead of @me write the name, e.g. 'Mia Chen'"),
        (in_segment("Best"), "Best -> Best"),
        (in_segment("Good"), "Best -> Good -> Better -> Best"),
        ({"not": {"field": "segment", "op": "any"}}, "name those that you mean"),
        (in_segment("Bets"), "there is no segment called 'Bets'; the nearest are "),
        ({"field": "teir", "op": "in", "value": ["gold"]}, "the nearest are tier"),
    ],
)
def test_a_definition_that_cannot_stand_on_its_own_is_refused(
    session: Session, mia: Actor, now: datetime, definition: dict[str, Any], sentence: str
) -> None:
    best = save(session, mia, now, "Best", GOLD)
    save(session, mia, now, "Better", in_segment("Best"))
    save(session, mia, now, "Good", {"not": in_segment("Better")})
    with pytest.raises(InvalidRequest) as caught:
        change(session, mia, now, best, definition=definition)
    assert sentence in caught.value.message


def test_set_operations_between_saved_segments(session: Session, mia: Actor, now: datetime) -> None:
    both, only_gold, only_tagged, neither = (
        make_member(session, tier=tier, tags=tags)
        for tier, tags in (("gold", ["kol"]), ("gold", []), ("silver", ["kol"]), ("silver", []))
    )
    save(session, mia, now, "Gold", GOLD)
    save(session, mia, now, "KOL", {"field": "tags", "op": "contains_any", "value": ["kol"]})
    expected = {
        "union": (in_segment("Gold", "KOL"), [both, only_gold, only_tagged]),
        "intersection": ({"all": [in_segment("Gold"), in_segment("KOL")]}, [both]),
        "difference": ({"all": [in_segment("Gold"), in_segment("KOL", op="not_in")]}, [only_gold]),
        "complement": ({"not": in_segment("Gold", "KOL")}, [neither]),
    }
    scope = segment_scope(session, mia, now)
    records = list(member_records(session, scope))
    for name, (definition, members) in expected.items():
        segment = save(session, mia, now, name, definition)
        ids = [member.id for member in members]
        assert [member.id for member in history.members(session, segment, None)] == ids
        parsed = parse_definition(definition, CATALOG)
        assert [record["id"] for record in records if evaluate(parsed, record, scope)] == ids


def test_what_others_build_on_is_neither_deleted_nor_renamed(session: Session, mia: Actor, now: datetime) -> None:
    make_member(session)
    gold = save(session, mia, now, "Gold", GOLD)
    rest = save(session, mia, now, "The rest", {"not": in_segment("Gold")})
    brief = parse_brief({"name": "Gold news", "audience": in_segment("Gold"), "channels": ["email"]})
    campaign = create_draft(session, brief=brief, actor=mia, request_id="c", now=now, catalog=CATALOG)
    users = "segment The rest, campaign Gold news"
    with pytest.raises(Conflict, match=f"Gold cannot be deleted while others build on it: {users}"):
        saved.delete_segment(session, gold.id, actor=mia, now=now, subscribers=builders_on)
    with pytest.raises(Conflict, match="Gold cannot get another name while others build on it"):
        change(session, mia, now, gold, name="Golden")
    cancel(session, campaign.id, actor=mia, now=now)
    saved.delete_segment(session, rest.id, actor=mia, now=now, subscribers=builders_on)
    saved.delete_segment(session, gold.id, actor=mia, now=now, subscribers=builders_on)
    assert session.scalars(select(SegmentMember)).all() == []
    assert audit.history_of(session, f"segment:{gold.id}")[-1].action == "segment.deleted"


def test_what_was_approved_needs_no_segment_that_fails_later_and_what_fails_is_not_submitted(
    session: Session, mia: Actor, now: datetime
) -> None:
    make_member(session)
    gold = save(session, mia, now, "Gold", GOLD)
    save(session, mia, now, "Gold again", in_segment("Gold"))
    brief = parse_brief({"name": "Gold news", "audience": in_segment("Gold again"), "channels": ["email"]})
    campaign = create_draft(session, brief=brief, actor=mia, request_id="c", now=now, catalog=CATALOG)
    asked = submit(session, campaign.id, actor=mia, now=now, catalog=CATALOG)
    approve(
        session,
        campaign.id,
        fingerprint=asked.fingerprint,
        actor=actor_for(make_account(session, role=Role.MANAGER)),
        now=now,
    )
    gold.failure = "it took too long"
    (outcome,) = start_due(session, now, CATALOG)
    assert outcome.is_launched
    other = create_draft(
        session, brief=brief.changed({"name": "More"}), actor=mia, request_id="d", now=now, catalog=CATALOG
    )
    with pytest.raises(Conflict, match="builds on the segment Gold, which could not be evaluated: it took too long"):
        submit(session, other.id, actor=mia, now=now, catalog=CATALOG)


def test_a_base_that_changes_makes_what_builds_on_it_stale_until_the_next_round(
    session: Session, mia: Actor, now: datetime
) -> None:
    make_member(session), make_member(session, tier="silver"), make_member(session, tier="silver")
    base = save(session, mia, now, "Best", GOLD)
    rest = save(session, mia, now, "The rest", {"not": in_segment("Best")})
    change(session, mia, now, base, definition=SILVER)
    assert standing(session, rest, now) == Standing(SegmentState.STALE, "changed since it was evaluated: segments")
    assert rest.count == 2
    maintain(session, now, catalog=CATALOG)
    assert (rest.count, standing(session, rest, now).state) == (1, SegmentState.FRESH)


def test_a_segment_says_why_it_is_stale(session: Session, mia: Actor, now: datetime) -> None:
    member = make_member(session)
    lapsed = save(session, mia, now, "Lapsed", {"field": "orders.count", "op": "=", "value": 0, "window_days": 30})
    above = save(session, mia, now, "Not lapsed", in_segment("Lapsed", op="not_in"))
    make_order(session, member, ordered_at=now)
    mark_changed(session, member.id, Change.TAGS)
    assert standing(session, lapsed, now).state is SegmentState.FRESH
    mark_changed(session, member.id, Change.ORDERS)
    assert standing(session, lapsed, now) == Standing(SegmentState.STALE, "changed since it was evaluated: orders")
    assert standing(session, above, now) == Standing(SegmentState.STALE, "it builds on Lapsed, which is stale")
    assert standing(session, lapsed, now + DAY).reason == "its members are those of 2026-06-01"


def test_a_segment_that_fails_keeps_its_members_says_why_and_recovers(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        mia = actor_for(make_account(session, role=Role.OPERATIONS))
        make_member(session)
        brief = parse_brief({"name": "Spring", "audience": GOLD, "channels": ["email"]})
        campaign = create_draft(session, brief=brief, actor=mia, request_id="c", now=now, catalog=CATALOG)
        segment = save(session, mia, now, "Never in Spring", {"field": "campaign", "op": "not_in", "value": ["Spring"]})
        other = save(session, mia, now, "Gold", GOLD)
        campaign.journey.name = "Summer"
    done = refresh_segments(sessions, now + DAY, catalog=CATALOG)
    assert list(done.failures) == ["Never in Spring"]
    with unit_of_work(sessions) as session:
        failed = standing(session, segment, now + DAY)
        assert failed.state is SegmentState.FAILED
        assert failed.reason is not None
        assert failed.reason.startswith("there is no campaign called 'Spring'; the nearest are Summer")
        assert saved.get_segment(session, segment.id).count == 1
        assert standing(session, other, now + DAY).state is SegmentState.FRESH
        campaign = session.merge(campaign)
        campaign.journey.name = "Spring"
    assert refresh_segments(sessions, now + DAY, catalog=CATALOG).evaluations == ()
    again = refresh_segments(sessions, now + DAY, catalog=CATALOG, anew=frozenset({segment.id}), wait=True)
    assert [work.name for work in again.evaluations] == ["Never in Spring"]
    with unit_of_work(sessions) as session:
        assert standing(session, segment, now + DAY).state is SegmentState.FRESH


def make_endless(sessions: Sessions) -> None:
    """Members become a view that never ends, so that finding some of them takes for ever."""
    with sqlite3.connect(sessions.kw["bind"].url.database) as connection:
        connection.executescript(
            """
            PRAGMA foreign_keys=OFF;
            PRAGMA legacy_alter_table=ON;
            ALTER TABLE members RENAME TO members_kept;
            CREATE VIEW members AS SELECT members_kept.* FROM members_kept, (
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT i FROM n
            );
            """
        )
    connection.close()


@pytest.mark.skipif(DATABASE_KIND != "sqlite", reason="the endless view is made for SQLite")
def test_a_segment_that_takes_too_long_fails_alone_and_its_changes_are_not_lost(
    sessions: Sessions, now: datetime
) -> None:
    with unit_of_work(sessions) as session:
        mia = actor_for(make_account(session, role=Role.OPERATIONS))
        make_member(session)
        slow = save(session, mia, now, "Gold", GOLD)
        save(session, mia, now, "Over it", in_segment("Gold"))
        mark_everyone_changed(session, Change.PROFILE)
    make_endless(sessions)
    done = refresh_segments(sessions, now, catalog=CATALOG, seconds=0.1)
    assert set(done.failures) == {"Gold"}
    assert "took longer than 0.1 s" in done.failures["Gold"]
    with read_only(sessions) as session:
        assert standing(session, slow, now).state is SegmentState.FAILED
        assert saved.get_segment(session, slow.id).count == 1
        (over,) = (segment for segment in saved.list_segments(session) if segment.name == "Over it")
        assert standing(session, over, now).reason == "it builds on Gold, which is failed"


def test_finding_anew_heals_what_was_changed_without_a_note(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        mia = actor_for(make_account(session, role=Role.OPERATIONS))
        segment = save(session, mia, now, "Gold", GOLD)
        make_member(session)
    assert refresh_segments(sessions, now, catalog=CATALOG).evaluations == ()
    (work,) = refresh_segments(sessions, now, catalog=CATALOG, anew=frozenset({segment.id})).evaluations
    assert (work.considered, work.entered) == (None, 1)


def test_a_csm_sees_his_own_members_in_a_segment_and_changes_only_his_own_segments(
    session: Session, mia: Actor, now: datetime
) -> None:
    kevin = actor_for(make_account(session, role=Role.CSM))
    own, _other = make_member(session, owner_id=kevin.account_id), make_member(session)
    segment = save(session, mia, now, "Gold", GOLD)
    assert history.counts(session, [segment], kevin.row_owner_id) == {segment.id: 1}
    assert [member.id for member in history.members(session, segment, kevin.row_owner_id)] == [own.id]
    with pytest.raises(Forbidden, match="may not change segments that somebody else saved"):
        change(session, kevin, now, segment, description="mine now")
    change(session, kevin, now, save(session, kevin, now, "Kevin's", SILVER), description="mine")


def test_sensitive_fields_are_policy_and_their_use_is_recorded(session: Session, mia: Actor, now: datetime) -> None:
    women = {"field": "gender", "op": "=", "value": "female"}
    segment = save(session, mia, now, "Women", women)
    (used,) = [
        entry for entry in audit.history_of(session, f"segment:{segment.id}") if entry.action == "sensitive_fields.used"
    ]
    assert (used.account_id, used.detail) == (mia.account_id, {"fields": ["gender"], "purpose": "a saved segment"})
    kevin = actor_for(make_account(session, role=Role.CSM, display_name="Kevin Zhao"))
    for definition in (women, in_segment("Women"), {"order_by": {"field": "age"}, "limit": 5}):
        with pytest.raises(Forbidden, match=r"Kevin Zhao \(csm\) may not use (gender|age) in a saved segment"):
            save(session, kevin, now, "Hers", definition)
    brief = parse_brief({"name": "For her", "audience": in_segment("Women"), "channels": ["email"]})
    campaign = create_draft(session, brief=brief, actor=kevin, request_id="1", now=now, catalog=CATALOG)
    assert "sensitive_fields.used" in [entry.action for entry in audit.history_of(session, f"campaign:{campaign.id}")]
    set_policy(session, "sensitive_fields_in_audiences", ["manager"])
    with pytest.raises(Forbidden, match="may not use gender in the audience of a campaign"):
        create_draft(
            session,
            brief=brief.changed({"name": "For her too"}),
            actor=kevin,
            request_id="2",
            now=now,
            catalog=CATALOG,
        )


def test_an_analyst_saves_nothing(session: Session, now: datetime) -> None:
    ada = actor_for(make_account(session, role=Role.ANALYST))
    with pytest.raises(Forbidden, match="may not save segments"):
        save(session, ada, now, "Gold", GOLD)


def test_a_segment_is_found_by_number_name_or_part_of_it(session: Session, mia: Actor, now: datetime) -> None:
    first = save(session, mia, now, "Lapsed gold", GOLD)
    second = save(session, mia, now, "Lapsed silver", SILVER)
    assert saved.find_segment(session, str(first.id)) is first
    assert saved.find_segment(session, "lapsed GOLD") is first
    assert saved.find_segment(session, "silver") is second
    with pytest.raises(Ambiguous) as caught:
        saved.find_segment(session, "lapsed")
    assert caught.value.candidates == ("Lapsed gold", "Lapsed silver")
    with pytest.raises(NotFound, match="did you mean Lapsed gold"):
        saved.find_segment(session, "lapst gold")


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "two\nlines", "gold"])
def test_a_name_is_short_printable_and_not_taken(session: Session, mia: Actor, now: datetime, name: str) -> None:
    save(session, mia, now, "Gold", GOLD)
    with pytest.raises((InvalidRequest, Conflict)):
        save(session, mia, now, name, SILVER)


def test_it_is_known_of_every_table_behind_a_field_what_is_noted_when_it_changes() -> None:
    for field in CATALOG.fields:
        for qualifier in (None, *field.qualifiers):
            words = () if qualifier is None else ((qualifier.name, ("email",)),)
            tables = tables_of(Term(field, None, words))
            assert tables
            assert tables <= set(CHANGES_OF_TABLES), field.name
    assert any(isinstance(field.source, Presence) for field in MEMBER_FIELDS)
