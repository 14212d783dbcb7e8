"""One row's trouble is that row's: what one campaign, journey, member or message cannot do keeps no other from it."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, func, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from crm.access.models import Approval
from crm.campaigns import service
from crm.campaigns.brief import parse_brief
from crm.campaigns.models import Campaign
from crm.campaigns.monitor import monitor
from crm.catalog import CATALOG
from crm.database import Sessions, read_only, unit_of_work
from crm.isolation import RETRY_AFTER, Stages, is_of_the_database, isolated
from crm.journeys import service as journeys
from crm.journeys.engine import TickResult, run_due
from crm.journeys.views import list_journeys
from crm.members.models import Member
from crm.outreach.models import Journey, JourneyState, Message, MessageState
from crm.outreach.opt_out import opt_out_choices
from crm.segments.models import Segment
from crm.segments.saved import save_segment
from tests.builders import make_member
from tests.conftest import DATABASE_KIND
from tests.walks import Walker, journey, send, task, wait

FRIDAY_TEN = datetime(2026, 6, 5, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai."""
NEW_KEY = {"colour_of_a_newer_version": "green"}

Change = Callable[[Any], Any]
UNREADABLE: dict[str, Change] = {
    "a key of a newer version": lambda stored: stored | NEW_KEY,
    "a newer key deep inside": lambda stored: stored | {"steps": [stored["steps"][0] | NEW_KEY]},
    "a part of another type": lambda stored: stored | {"steps": "all of them"},
    "a part that is gone": lambda stored: {key: value for key, value in stored.items() if key != "steps"} | NEW_KEY,
    "a list": lambda stored: [stored],
    "nothing at all": lambda _: {},
    "no JSON": lambda _: None,
}


@pytest.fixture
def world(sessions: Sessions) -> Walker:
    return Walker(sessions, FRIDAY_TEN - timedelta(days=1))


def store(session: Session, row: Campaign | Journey, column: str, stored: Any) -> None:
    """Behind the product's back, as another version or a hand in the database would; None is text that is no JSON."""
    if stored is None and DATABASE_KIND == "postgresql":
        stored = "no object"
    written = '{"broken' if stored is None else json.dumps(stored)
    value = "CAST(:stored AS JSON)" if DATABASE_KIND == "postgresql" else ":stored"
    session.execute(
        text(f"UPDATE {row.__tablename__} SET {column} = {value} WHERE id = :id"),
        {"stored": written, "id": row.id},
    )


def scheduled(world: Walker, session: Session, name: str, channel: str) -> Campaign:
    """Drafted and submitted by one person and approved by another, for every gold member on Friday at ten."""
    brief = parse_brief(
        {
            "name": name,
            "audience": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]},
            "channels": [channel],
            "start": "2026-06-05T10:00",
            "holdout_pct": 0,
        }
    )
    campaign = service.create_draft(
        session, brief=brief, actor=world.author, request_id=f"call {name}", now=world.now, catalog=CATALOG
    )
    asked = service.submit(session, campaign.id, actor=world.author, now=world.now, catalog=CATALOG)
    return service.approve(session, campaign.id, fingerprint=asked.fingerprint, actor=world.approver, now=world.now)


def three_campaigns(world: Walker) -> tuple[Campaign, ...]:
    """Of ten members each, due on Friday at ten, one after the other."""
    with unit_of_work(world.sessions) as session:
        for _ in range(10):
            make_member(session)
        return tuple(
            scheduled(world, session, name, channel)
            for name, channel in (("First", "email"), ("Second", "sms"), ("Third", "push"))
        )


def turn(world: Walker, at: datetime) -> TickResult:
    return run_due(world.sessions, at, world.provider.on_all_channels(), catalog=CATALOG)


def campaign_now(world: Walker, campaign: Campaign) -> Campaign:
    with read_only(world.sessions) as session:
        return session.get_one(Campaign, campaign.id)


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_a_brief_that_cannot_be_read_holds_its_campaign_alone(world: Walker, change: Change) -> None:
    _, second, _ = three_campaigns(world)
    with unit_of_work(world.sessions) as session:
        store(session, second, "brief", change(second.brief))
    with capture_logs() as logs:
        done = turn(world, FRIDAY_TEN)
    assert [launch.name for launch in done.launches if launch.is_launched] == ["First", "Third"]
    assert done.dispatched.delivered == 20
    (held,) = [line for line in logs if line["event"] == "row.held"]
    assert held["subject"] == f"campaign:{second.id}"
    stands = campaign_now(world, second)
    assert stands.state is JourneyState.SCHEDULED, "its approval stays: another version may be able to read it"
    assert stands.state_note is not None
    assert stands.state_note.startswith("Not launched yet: the brief of Second is stored in a form")

    with capture_logs() as logs:
        assert turn(world, FRIDAY_TEN + timedelta(seconds=5)).launches == ()
        assert len(turn(world, FRIDAY_TEN + RETRY_AFTER[0]).launches) == 1
    assert [line for line in logs if line["event"] == "row.held"] == [], "the same reason is not logged again"

    with unit_of_work(world.sessions) as session:
        store(session, second, "brief", second.brief)
    assert turn(world, FRIDAY_TEN + timedelta(minutes=30)).dispatched.delivered == 10
    assert campaign_now(world, second).state_note is None


def test_an_error_that_nobody_foresaw_holds_its_campaign_until_a_person_takes_it_up_again(world: Walker) -> None:
    _, second, _ = three_campaigns(world)
    with unit_of_work(world.sessions) as session:
        approval = session.scalars(select(Approval).where(Approval.subject_id == second.id)).one()
        whole = approval.bound
        approval.bound = {key: part for key, part in whole.items() if key != "audience_count"}
    with capture_logs() as logs:
        assert turn(world, FRIDAY_TEN).dispatched.delivered == 20
    (held,) = [line for line in logs if line["event"] == "row.held"]
    assert held["exc_info"], "the traceback is logged"
    note = campaign_now(world, second).state_note
    assert note == (f"Not launched yet: an unexpected error (KeyError); the log has it under campaign:{second.id}"), (
        "people are shown no stack trace"
    )
    with unit_of_work(world.sessions) as session:
        session.execute(update(Approval).where(Approval.subject_id == second.id).values(bound=whole))
        service.pause(session, second.id, actor=world.approver, now=FRIDAY_TEN)
        service.resume(session, second.id, actor=world.approver, now=FRIDAY_TEN)
    assert turn(world, FRIDAY_TEN).dispatched.delivered == 10


POISON = {
    "nested": "{% if name %}" * 150 + "x" + "{% endif %}" * 150,
    "burning memory": "{{ 'x' * 10**9 }}",
    "an attribute": "{{ name.__class__ }}",
    "not closed": "您好 {{ name",
    "too long": "好" * 20_001,
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_a_text_that_cannot_be_rendered_holds_what_was_launched_before_that_was_asked(
    world: Walker, poison: str
) -> None:
    _, second, _ = three_campaigns(world)
    run_due(world.sessions, FRIDAY_TEN, {}, catalog=CATALOG)
    with unit_of_work(world.sessions) as session:
        running = session.get_one(Campaign, second.id)
        launched = session.get_one(Journey, running.journey_id)
        harmless = launched.spec
        (step,) = harmless["steps"]
        wordings = [words | {"body": poison} for words in step["wordings"]]
        store(session, launched, "spec", harmless | {"steps": [step | {"wordings": wordings}]})
    with capture_logs() as logs:
        assert turn(world, FRIDAY_TEN).dispatched.delivered == 20
        assert turn(world, FRIDAY_TEN + timedelta(seconds=5)).dispatched.delivered == 0
    assert len([line for line in logs if line["event"] == "row.held"]) == 1
    with read_only(world.sessions) as session:
        seen = monitor(session, second.id, FRIDAY_TEN)
        assert seen.counts.pending == 10
        assert seen.adds_up
        assert seen.state_note is not None
        assert "the sms text of step main" in seen.state_note
        waiting = session.scalars(select(Message).where(Message.journey_id == launched.id)).all()
        assert {(message.state, message.attempts) for message in waiting} == {(MessageState.PLANNED, 0)}
    assert campaign_now(world, second).state_note == seen.state_note, "lists show it, too"
    with unit_of_work(world.sessions) as session:
        store(session, launched, "spec", harmless)
    assert turn(world, FRIDAY_TEN + timedelta(minutes=10)).dispatched.delivered == 10
    turn(world, FRIDAY_TEN + timedelta(minutes=10))
    assert campaign_now(world, second).state_note is None


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_a_journey_that_cannot_be_read_keeps_no_other_from_walking_or_sending(world: Walker, change: Change) -> None:
    with unit_of_work(world.sessions) as session:
        member_id = make_member(session).id
    steps = (wait("rest", days=1), send("hello"))
    ill, well = (world.start(journey(*steps, name=name)) for name in ("Ill", "Well"))
    for each in (ill, well):
        assert world.enter(each, member_id) == 1
    world.advance()
    with unit_of_work(world.sessions) as session:
        stands = session.get_one(Journey, ill)
        whole = stands.spec
        store(session, stands, "spec", change(whole))
    world.now += timedelta(days=1)
    with capture_logs() as logs:
        for _ in range(3):
            run_due(world.sessions, world.now, world.provider.on_all_channels(), catalog=CATALOG)
    assert len(world.provider.taken) == 1
    assert [line["subject"] for line in logs if line["event"] == "row.held"] == [f"journey:{ill}"]
    with read_only(world.sessions) as session:
        notes = {line.name: line.note for line in list_journeys(session, actor=world.author)}
    assert notes["Well"] is None
    assert notes["Ill"] is not None
    assert notes["Ill"].startswith("It cannot go on: version 1 of Ill is stored in a form that cannot be read here")
    with unit_of_work(world.sessions) as session:
        store(session, stands, "spec", whole)
        journeys.pause(session, ill, actor=world.author, now=world.now)
        journeys.resume(session, ill, actor=world.author, now=world.now)
    run_due(world.sessions, world.now, world.provider.on_all_channels(), catalog=CATALOG)
    assert len(world.provider.taken) == 2


def test_whoever_wants_to_opt_out_can_though_the_journey_cannot_be_read(world: Walker) -> None:
    three_campaigns(world)
    turn(world, FRIDAY_TEN)
    with unit_of_work(world.sessions) as session:
        message = session.scalars(select(Message).limit(1)).one()
        store(session, session.get_one(Journey, message.journey_id), "spec", NEW_KEY)
        assert opt_out_choices(session, message.id).agreed


@pytest.mark.parametrize("zone_name", ["Mars/Olympus", "", "Asia", "../../etc/passwd", "上海", "x" * 300])
def test_a_member_whose_zone_nobody_knows_lives_by_the_clock_of_the_workspace(world: Walker, zone_name: str) -> None:
    trigger = {"kind": "key_date", "date": "birthday", "at": "11:00"}
    birthday = journey(send("wishes", "sms"), name="Birthday", trigger=trigger)
    evening = journey(wait("evening", until_time="18:00"), send("hello"), task("call"))
    with unit_of_work(world.sessions) as session:
        ids = [make_member(session, zone_name=None, birthday_on=date(1990, 6, 5)).id for _ in range(3)]
        session.execute(update(Member).where(Member.id == ids[1]).values(zone_name=zone_name))
        scheduled(world, session, "First", "push")
    by_hand = world.start(evening)
    world.start(birthday)
    world.enter(by_hand, *ids)
    world.advance_clock(FRIDAY_TEN - timedelta(minutes=1))
    turn(world, FRIDAY_TEN)
    world.advance_clock(FRIDAY_TEN + timedelta(hours=9))
    heard = [sorted(at for _, at in world.heard(member_id)) for member_id in ids]
    assert heard[0] == heard[1] == heard[2]
    assert len(heard[1]) == 3
    assert len(world.tasks()) == 3


def test_a_message_that_alone_cannot_be_written_fails_alone(world: Walker) -> None:
    three_campaigns(world)
    run_due(world.sessions, FRIDAY_TEN, {}, catalog=CATALOG)
    with unit_of_work(world.sessions) as session:
        message_id = session.scalar(select(func.min(Message.id)))
        session.execute(update(Message).where(Message.id == message_id).values(step_key="a step that is gone"))
    with capture_logs() as logs:
        done = turn(world, FRIDAY_TEN).dispatched
    assert (done.delivered, done.failed) == (29, 1)
    (held,) = [line for line in logs if line["event"] == "row.held"]
    assert held["subject"] == f"message:{message_id}"
    with read_only(world.sessions) as session:
        stands = session.get_one(Message, message_id)
        assert (stands.state, stands.reason) == (
            MessageState.FAILED,
            "it could not be written: an unexpected error, which the log has",
        )


@pytest.mark.parametrize("stored", [{"all": "gold"}, {"field": "segment", "op": "in", "value": 7}, ["x"], {}, 3])
def test_a_segment_that_cannot_be_read_keeps_no_other_from_being_kept_up(world: Walker, stored: Any) -> None:
    gold = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
    with unit_of_work(world.sessions) as session:
        for name in ("A ill", "B well"):
            save_segment(session, name=name, definition=gold, actor=world.author, now=world.now, catalog=CATALOG)
        session.execute(update(Segment).where(Segment.name == "A ill").values(definition=stored))
    with unit_of_work(world.sessions) as session:
        make_member(session)
    turn(world, FRIDAY_TEN)
    with read_only(world.sessions) as session:
        found = {each.name: each for each in session.scalars(select(Segment))}
    assert found["A ill"].failure
    assert (found["B well"].failure, found["B well"].count) == (None, 1)


def test_a_part_of_a_turn_that_fails_lets_the_others_be_done_and_is_raised_at_the_end() -> None:
    stages, done = Stages(), []
    for name in ("launch", "walk", "send"):
        with stages.stage(name):
            done.append(name)
            raise LookupError(name)
    assert done == ["launch", "walk", "send"]
    with pytest.raises(LookupError, match="launch"):
        stages.finish()


STATEMENTS_OF_A_ROW = ("SELECT * FROM no_such_table", "SELECT no_such_column FROM members", "SELECT CAST('x' AS")


@pytest.mark.parametrize("statement", STATEMENTS_OF_A_ROW)
def test_a_statement_that_makes_no_sense_is_the_rows_and_its_transaction_goes_on(
    sessions: Sessions, statement: str
) -> None:
    with unit_of_work(sessions) as session:
        make_member(session)
        with capture_logs(), isolated("campaign:1", session) as attempt:
            make_member(session)
            session.execute(text(statement))
        assert attempt.failed
    with read_only(sessions) as session:
        assert session.scalar(select(func.count()).select_from(Member)) == 1


def test_a_database_that_is_busy_is_nobodys_row(engine: Engine, sessions: Sessions) -> None:
    options = {"options": "-c lock_timeout=50"} if DATABASE_KIND == "postgresql" else {"timeout": 0}
    impatient = create_engine(engine.url, connect_args=options)
    with unit_of_work(sessions) as holder, impatient.connect() as connection:
        make_member(holder)
        ask = text("LOCK TABLE members" if DATABASE_KIND == "postgresql" else "UPDATE members SET name = name")
        with pytest.raises(OperationalError), isolated("campaign:1"):
            connection.execute(ask)
    impatient.dispose()


def test_a_connection_that_broke_is_nobodys_row() -> None:
    assert is_of_the_database(DBAPIError("SELECT 1", {}, Exception("gone"), connection_invalidated=True))
