"""What can start a journey, be waited for or end it is said by the room that owns the rows, and by nobody else."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import ColumnElement

from crm.catalog import CATALOG
from crm.database import Sessions, unit_of_work
from crm.events import Event, EventQualifier, EventRows
from crm.fields import Catalog
from crm.journeys.validation import spec_errors
from crm.journeys.words import journey_in_words
from crm.lifecycle.models import StageChange
from crm.members.models import Consent
from crm.outreach.models import EnrolmentState
from crm.outreach.spec import JourneySpec
from crm.segments.scope import open_scope
from crm.words import Text
from tests.builders import make_member
from tests.walks import Json, Walker, journey, send, wait

CONSENT = Consent.__table__


def has_channel(channels: Sequence[str]) -> ColumnElement[bool]:
    return CONSENT.c.channel.in_(channels)


AGREED = Event(
    name="agreed",
    label="Agreed to hear from us",
    words=Text("agrees to hear from us", "同意接收消息"),
    rows=EventRows(CONSENT, CONSENT.c.member_id, CONSENT.c.member_id, CONSENT.c.changed_at, (CONSENT.c.granted,)),
    qualifiers=(
        EventQualifier(
            name="by",
            label="Of agreements: channel",
            of="agreements",
            noun="channel",
            words=Text("agrees to hear from us by {value}", "同意通过 {value} 接收消息"),
            condition=has_channel,
            values=("email", "sms", "push"),
        ),
    ),
)
WITH_AGREEMENTS = Catalog(
    CATALOG.fields,
    CATALOG.collections,
    CATALOG.profile,
    events=(*CATALOG.events.values(), AGREED),
    kinds=CATALOG.kinds.values(),
    approvables=CATALOG.approvables.values(),
)


def agreed(**narrowed: str) -> Json:
    return {"events": ["agreed"], **narrowed}


@pytest.fixture
def walker(sessions: Sessions, now: datetime) -> Walker:
    return Walker(sessions, now, catalog=WITH_AGREEMENTS)


def make_agreement(walker: Walker, member_id: int, channel: str, at: datetime) -> None:
    with unit_of_work(walker.sessions) as session:
        values = {"member_id": member_id, "channel": channel, "granted": True, "changed_at": at, "source": "test"}
        session.merge(Consent(**values))


def test_members_start_on_wait_for_and_leave_on_an_event_that_only_its_room_knows(
    walker: Walker, now: datetime
) -> None:
    hour = timedelta(hours=1)
    with unit_of_work(walker.sessions) as session:
        by_mail, by_text, both = (make_member(session).id for _ in range(3))
    for member_id in (by_mail, by_text, both):
        make_agreement(walker, member_id, "email", now - hour)
    walker.start(
        journey(
            send("welcome"),
            wait("more", until_event=agreed(by="push"), timeout={"days": 5}, on_timeout="late"),
            send("thanks"),
            {"kind": "end", "key": "done"},
            send("late"),
            trigger={"kind": "event", "event": agreed(by="email")},
            exits=[{"event": agreed(by="sms")}],
        )
    )
    make_agreement(walker, by_mail, "email", now + hour)
    make_agreement(walker, both, "email", now + hour)
    make_agreement(walker, by_text, "sms", now + hour)
    walker.advance_clock(now + 2 * hour)
    assert {each.member_id for each in walker.enrolments()} == {by_mail, both}
    make_agreement(walker, both, "push", now + 3 * hour)
    make_agreement(walker, by_mail, "sms", now + 3 * hour)
    walker.advance_clock(now + 4 * hour)
    walker.advance_clock(now + timedelta(days=6))
    assert [words for words, _ in walker.heard(both)] == ["welcome", "thanks"]
    assert [words for words, _ in walker.heard(by_mail)] == ["welcome"]
    states = {each.member_id: each.state for each in walker.enrolments()}
    assert states == {both: EnrolmentState.COMPLETED, by_mail: EnrolmentState.EXITED}


def test_a_journey_for_a_stage_ends_for_members_who_come_into_another_one(walker: Walker, now: datetime) -> None:
    day = timedelta(days=1)
    with unit_of_work(walker.sessions) as session:
        back, away = (make_member(session).id for _ in range(2))
    walker.start(
        journey(
            send("we miss you"),
            wait("a while", days=3),
            send("still"),
            trigger={"kind": "stage_entered", "stages": ["dormant", "potential"]},
            exits=[{"event": {"events": ["stage_entered"], "stage": "active"}}],
        )
    )
    came = ((back, "dormant", 1), (away, "potential", 1), (back, "active", 2), (away, "dormant", 2))
    with unit_of_work(walker.sessions) as session:
        for member_id, stage, days in came:
            at = now + days * day
            session.add(StageChange(member_id=member_id, from_stage="new", to_stage=stage, changed_at=at))
    for days in (1, 2, 5):
        walker.advance_clock(now + days * day + timedelta(hours=1))
    assert [words for words, _ in walker.heard(back)] == ["we miss you"]
    assert [words for words, _ in walker.heard(away)] == ["we miss you", "still"]
    assert {each.occurrence for each in walker.enrolments()} == {"stage-1", "stage-2"}


def test_it_reads_in_both_languages(walker: Walker, now: datetime) -> None:
    data = journey(send("hello"), trigger={"kind": "event", "event": agreed(by="sms")}, exits=[{"event": agreed()}])
    spec = JourneySpec.model_validate(data | {"experiment": "x"})
    with unit_of_work(walker.sessions) as session:
        scope = open_scope(session, WITH_AGREEMENTS, now, row_owner_id=None, me_id=None)
        english, chinese = journey_in_words(spec, scope), journey_in_words(spec, scope, language="zh")
    assert english.trigger == "When a member agrees to hear from us by sms"
    assert english.exits == ("ends as soon as the member agrees to hear from us",)
    assert chinese.trigger == "会员同意通过 sms 接收消息时"


@pytest.mark.parametrize(
    ("event", "path", "words"),
    [
        ({"events": ["agred"]}, "trigger.event.events[0]", "there is no event 'agred'; the nearest are agreed"),
        (agreed(by="fax"), "trigger.event.by", "there is no channel 'fax'; it is one of email, sms, push"),
        (agreed(bye="sms"), "trigger.event.bye", "nothing narrows events by 'bye'; it is one of by, category, co"),
        ({"events": ["visit"], "by": "sms"}, "trigger.event.by", "only agreements have a channel: add agreed to"),
        (agreed(step="hello"), "trigger.event.step", "only clicked, opened, unsubscribed answer the messages"),
    ],
)
def test_what_is_wrong_with_it_is_said_with_its_place(event: Json, path: str, words: str) -> None:
    data = journey(send("hello"), trigger={"kind": "event", "event": event}) | {"experiment": "x"}
    found = {(each.path, each.sentence.startswith(words)) for each in spec_errors(data, WITH_AGREEMENTS)}
    assert (path, True) in found


def test_a_journey_with_an_event_that_no_room_has_is_refused_where_the_others_are_written(walker: Walker) -> None:
    data = journey(send("hello"), exits=[{"event": agreed()}]) | {"experiment": "x"}
    assert spec_errors(data, WITH_AGREEMENTS) == []
    assert [each.path for each in spec_errors(data, CATALOG)] == ["exits[0].event.events[0]"]


def test_two_events_of_one_name_make_no_catalog() -> None:
    with pytest.raises(ValueError, match="two bear the name 'agreed'"):
        Catalog((), events=(AGREED, AGREED))
