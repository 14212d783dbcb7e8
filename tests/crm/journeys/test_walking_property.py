"""Whatever members, clocks, crashes and people do, a walked journey does each thing once and its books add up."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from crm.activity.models import ActivityEvent, EventKind, Order
from crm.catalog import CATALOG
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.database import Sessions, open_sessions, unit_of_work
from crm.journeys import service
from crm.journeys.engine import advance
from crm.journeys.models import StepTaken
from crm.journeys.schedulers.stepwise.advance import advance_due
from crm.lifecycle.models import StageChange
from crm.loyalty.models import Coupon, CouponGrant, GrantState
from crm.members.models import Member, MemberTag, Suppression
from crm.outreach.engagement import record_event
from crm.outreach.ledger import spec_of
from crm.outreach.models import (
    WAITING,
    Journey,
    Message,
    MessageEventKind,
)
from crm.outreach.models import MessageState as State
from crm.workspace import Workspace
from tests.conftest import OpenDatabase, examples
from tests.crm.journeys.drawn_journeys import COUPON, TIMED, journeys, steps
from tests.crm.journeys.walked_books import Books, check_books, check_occurrences, check_place, check_way
from tests.journeys import make_coupon
from tests.opting_out import opt_out_on_channel
from tests.providers import Killed
from tests.walks import Json, Walker, journey, send
from tests.worlds import PERSONS, InterruptedSessions, Person, settle

MONDAY_NINE = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
STOCK = 1
WORDS = st.sampled_from(["deliver"] * 5 + ["refuse", "accept", "later", "kill"])
WHO = st.integers(0, 5)
HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), WHO),
        st.tuples(st.just("order"), WHO),
        st.tuples(st.just("visit"), WHO),
        st.tuples(st.just("stage"), WHO),
        st.tuples(st.just("jump"), st.sampled_from([1, 30, 60 * 5, 60 * 13, 60 * 24, 60 * 60])),
        st.tuples(st.just("stroll"), st.sampled_from([60 * 12, 60 * 24, 60 * 72])),
        st.tuples(st.just("die"), st.integers(0, 5), st.lists(WORDS, max_size=3)),
        st.tuples(st.just("mark"), WHO),
        st.tuples(st.just("opt_out"), WHO, st.sampled_from(SENDABLE_CHANNELS)),
        st.tuples(st.just("suppress"), WHO),
        st.sampled_from([("order_early",), ("order_early",), ("evening",), ("evening",)]),
        st.sampled_from([("click",), ("click",), ("click",), ("pause",), ("resume",), ("resume",), ("end",)]),
    ),
    min_size=5,
    max_size=14,
)
BETWEEN = timedelta(minutes=10)
"""How long after one happening the next one comes."""
SOUND_OR_NOT = st.just(Person()) | PERSONS


@dataclass
class Run:
    """One journey and everything that happens to it."""

    walker: Walker
    members: list[int]
    journey_id: int
    silenced: list[tuple[int, Channel | None, int]] = field(default_factory=list)
    """Member, channel (None: all), and how many hand-overs there had been when it was committed."""

    @property
    def sessions(self) -> Sessions:
        return self.walker.sessions

    def act(self, kind: str, *arguments: Any) -> None:
        action: Callable[..., None] = getattr(self, kind)
        action(*arguments)

    def _add(self, row: object) -> None:
        with unit_of_work(self.sessions) as session:
            session.add(row)

    def _member(self, index: int) -> int:
        return self.members[index % len(self.members)]

    def enter(self, index: int) -> None:
        journey = self.walker.journey(self.journey_id)
        if journey.state == "running" and spec_of(journey).trigger.kind == "by_hand":
            self.walker.enter(self.journey_id, self._member(index))

    def order(self, index: int) -> None:
        self._add(Order(member_id=self._member(index), ordered_at=self.walker.now, amount_cents=1, source="import"))

    def order_early(self) -> None:
        """Somebody for whom a message waits orders before it goes out."""
        waiting = [message for message in self.walker.messages() if message.state in WAITING]
        if waiting:
            self.order(self.members.index(waiting[-1].member_id))
            self.jump(1)

    def evening(self) -> None:
        """The engine comes by in the quiet hours, in which messages wait."""
        at_ten = self.walker.now.replace(hour=14, minute=0)
        self.walker.now = at_ten if at_ten > self.walker.now else at_ten + timedelta(days=1)
        self.walker.advance()

    def visit(self, index: int) -> None:
        self._add(ActivityEvent(member_id=self._member(index), kind=EventKind.VISIT, occurred_at=self.walker.now))

    def stage(self, index: int) -> None:
        change = StageChange(
            member_id=self._member(index), from_stage="active", to_stage="dormant", changed_at=self.walker.now
        )
        self._add(change)

    def jump(self, minutes: int) -> None:
        self.walker.now += timedelta(minutes=minutes)
        self.walker.advance()

    def stroll(self, minutes: int) -> None:
        self.walker.advance_clock(self.walker.now + timedelta(minutes=minutes))

    def die(self, after: int, script: list[str]) -> None:
        """The engine is killed before one of its transactions, or in the middle of handing over."""
        self.walker.provider.script = list(script)
        sessions = cast(Sessions, InterruptedSessions(self.sessions, [*([_go_on] * after), _kill]))
        with suppress(Killed):
            advance(sessions, self.walker.now, self.walker.provider.on_all_channels(), catalog=CATALOG)
        self.walker.provider.script = []

    def mark(self, index: int) -> None:
        with unit_of_work(self.sessions) as session:
            session.merge(MemberTag(member_id=self._member(index), tag="marked"))

    def click(self) -> None:
        seen = [message for message in self.walker.messages() if message.state is State.DELIVERED]
        if seen:
            with unit_of_work(self.sessions) as session:
                record_event(session, seen[-1].id, MessageEventKind.CLICKED, self.walker.now)

    def opt_out(self, index: int, channel: Channel) -> None:
        with unit_of_work(self.sessions) as session:
            opt_out_on_channel(session, self._member(index), channel, self.walker.now)
        self.silenced.append((self._member(index), channel, len(self.walker.provider.handed)))

    def suppress(self, index: int) -> None:
        with unit_of_work(self.sessions) as session:
            session.merge(Suppression(member_id=self._member(index), reason="asked", created_at=self.walker.now))
        self.silenced.append((self._member(index), None, len(self.walker.provider.handed)))

    def pause(self) -> None:
        if self.walker.journey(self.journey_id).state == "running":
            with unit_of_work(self.sessions) as session:
                service.pause(session, self.journey_id, actor=self.walker.author, now=self.walker.now)

    def resume(self) -> None:
        if self.walker.journey(self.journey_id).state == "paused":
            with unit_of_work(self.sessions) as session:
                service.resume(session, self.journey_id, actor=self.walker.author, now=self.walker.now)

    def end(self) -> None:
        if self.walker.journey(self.journey_id).state != "ended":
            with unit_of_work(self.sessions) as session:
                service.end(session, self.journey_id, actor=self.walker.author, now=self.walker.now)
            self.silenced += [(member_id, None, len(self.walker.provider.handed)) for member_id in self.members]

    def check(self) -> None:
        books = Books.read(self.walker)
        spec = spec_of(self.walker.journey(self.journey_id))
        for enrolment in books.enrolments:
            check_place(enrolment)
            check_way(enrolment, books.taken[enrolment.id], spec)
            check_books(enrolment, books, spec)
        check_occurrences(books)
        check_provider(self, books)
        check_stock(self)


def check_provider(run: Run, books: Books) -> None:
    """Nothing twice, and nothing to whom it was not allowed any more."""
    assert all(times == 1 for times in Counter(run.walker.provider.keys).values())
    for member_id, channel, since in run.silenced:
        later = [message for message, _ in run.walker.provider.handed[since:] if message.member_id == member_id]
        assert not [message for message in later if channel is None or message.channel is channel]
    taken = {message.message_id for message in run.walker.provider.taken}
    for messages in books.messages.values():
        for message in messages:
            assert message.id not in taken or (message.attempts > 0 and message.state is not State.EXCLUDED)


def check_stock(run: Run) -> None:
    with unit_of_work(run.sessions) as session:
        coupon = session.scalars(select(Coupon)).one()
        states = Counter(session.scalars(select(CouponGrant.state)))
        assert (coupon.reserved, coupon.issued) == (states[GrantState.RESERVED], states[GrantState.ISSUED])
        assert coupon.reserved + coupon.issued <= coupon.stock_total == STOCK
        granted = select(CouponGrant.enrolment_id).where(CouponGrant.state != GrantState.RELEASED)
        promised = {
            message.enrolment_id
            for message in session.scalars(select(Message).where(Message.state == State.DELIVERED))
            if _brings(session.get_one(Journey, message.journey_id), message)
        }
        assert promised <= set(session.scalars(granted))


def _brings(journey: Journey, message: Message) -> bool:
    spec = spec_of(journey)
    return bool(spec.benefits_of(spec.step(message.step_key)).coupon_codes)


def _go_on() -> None:
    """The engine runs on."""


def _kill() -> None:
    raise Killed


@contextmanager
def opened(open_database: OpenDatabase, kind: str, persons: list[Person], data: Json) -> Iterator[Run]:
    with open_database(kind) as engine:
        sessions = open_sessions(engine)
        with unit_of_work(sessions) as session:
            session.add(
                Workspace(
                    id=1, name="Test", dataset="demo", zone_name="Asia/Shanghai", currency="CNY", clock_offset_seconds=0
                )
            )
            session.flush()
            members = settle(session, persons)
            born = {"birthday_on": date(1990, 6, 5), "birth_month_day": 605}
            session.execute(update(Member).where(Member.id.in_(members[::2])).values(born))
            make_coupon(session, COUPON, stock_total=STOCK)
        walker = Walker(sessions, MONDAY_NINE)
        yield Run(walker, members, walker.start(data))


def check_any_run(
    open_database: OpenDatabase, kind: str, persons: list[Person], data: Json, happenings: list[tuple[Any, ...]]
) -> None:
    with opened(open_database, kind, persons, data) as run:
        for name, *arguments in [("enter", 0), ("enter", 1), ("jump", 0), *happenings]:
            run.act(name, *arguments)
            run.check()
            run.walker.now += BETWEEN
        run.resume()
        run.stroll(60 * 24 * 20)
        run.check()
        before = Books.read(run.walker)
        run.walker.advance()
        assert counted(Books.read(run.walker)) == counted(before)
        waiting = {each.state for messages in before.messages.values() for each in messages} & {State.CLAIMED}
        assert not waiting


def counted(books: Books) -> list[int]:
    return [
        len(books.enrolments),
        *(sum(map(len, rows.values())) for rows in (books.taken, books.messages, books.tasks)),
    ]


ANY_RUN = given(persons=st.lists(SOUND_OR_NOT, min_size=2, max_size=6), data=journeys(), happenings=HAPPENINGS)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@ANY_RUN
@example(
    persons=[Person(), Person()],
    data=journey(
        send("hello"),
        {"kind": "end", "key": "end"},
        exits=[{"event": {"events": ["ordered"]}}],
        reentry={"rule": "each_occurrence"},
    ),
    happenings=[("evening",), ("enter", 0), ("jump", 0), ("order_early",)],
)
def test_the_books_of_any_walk_add_up(
    open_database: OpenDatabase, persons: list[Person], data: Json, happenings: list[tuple[Any, ...]]
) -> None:
    check_any_run(open_database, "sqlite", persons, data, happenings)


@settings(max_examples=examples(8, share=0.3), deadline=None, suppress_health_check=list(HealthCheck))
@ANY_RUN
def test_the_books_of_any_walk_add_up_on_postgresql(
    open_database: OpenDatabase, persons: list[Person], data: Json, happenings: list[tuple[Any, ...]]
) -> None:
    check_any_run(open_database, "postgresql", persons, data, happenings)


def _ways(run: Run) -> tuple[Any, ...]:
    """What came of a walk for each member, with every moment; numbers of rows depend on when the clock stopped."""
    who = {each.id: each.member_id for each in run.walker.enrolments()}
    enrolments = [(each.member_id, each.state, each.ended_at) for each in run.walker.enrolments()]
    taken = [
        (who[each.enrolment_id], each.step_key, each.went_to, each.taken_at) for each in run.walker.rows(StepTaken)
    ]
    messages = [(who[each.enrolment_id], each.step_key, each.channel) for each in run.walker.messages()]
    tasks = [(who[each.enrolment_id], each.step_key, each.created_at, each.due_at) for each in run.walker.tasks()]
    return sorted(enrolments), sorted(taken), sorted(messages), sorted(tasks)


@settings(max_examples=examples(12, share=0.3), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    persons=st.lists(SOUND_OR_NOT, min_size=2, max_size=5),
    timed=steps(TIMED, with_benefits=False),
    stops=st.lists(st.integers(1, 60 * 24 * 5), max_size=6),
)
def test_a_walk_by_the_clock_comes_out_the_same_in_one_step_or_in_many(
    open_database: OpenDatabase, persons: list[Person], timed: list[Json], stops: list[int]
) -> None:
    on_birthday = {"kind": "key_date", "date": "birthday", "days_before": 2, "at": "10:00"}
    found = []
    for minutes in ([], stops):
        with opened(open_database, "sqlite", persons, journey(*timed, trigger=on_birthday)) as run:
            for each in sorted(minutes):
                run.walker.now = max(run.walker.now, MONDAY_NINE + timedelta(minutes=each))
                run.walker.advance()
            run.walker.now = MONDAY_NINE + timedelta(days=40)
            run.walker.advance()
            found.append(_ways(run))
    assert found[0] == found[1]


def test_several_workers_share_the_journeys_and_do_each_thing_once(open_database: OpenDatabase) -> None:
    workers = 3
    people = [Person() for _ in range(40)]
    first = journey(*_SHARED, name="first")
    with opened(open_database, "postgresql", people, first) as run:
        ids = [run.journey_id, *(run.walker.start(journey(*_SHARED, name=name)) for name in ("second", "third"))]
        for journey_id in ids:
            run.walker.enter(journey_id, *run.members)
        with ThreadPoolExecutor(workers) as pool:
            for day in range(3):
                at = MONDAY_NINE + timedelta(days=day)
                walks = [pool.submit(advance_due, run.sessions, at, CATALOG, batch_size=7) for _ in range(workers)]
                assert all(not walk.result().held for walk in walks)
                advance_due(run.sessions, at, CATALOG)
        taken = Counter((each.enrolment_id, each.step_key) for each in run.walker.rows(StepTaken))
        assert set(taken.values()) == {1}
        assert len(taken) == len(ids) * len(people) * len(_SHARED)
        assert len(run.walker.messages()) == len(ids) * len(people) * 2


_SHARED: list[Json] = [
    {"kind": "send", "key": "a", "channels": ["email"], "wordings": [{"channel": "email", "body": "hello"}]},
    {"kind": "wait", "key": "w", "days": 1},
    {"kind": "send", "key": "b", "channels": ["email"], "wordings": [{"channel": "email", "body": "hello"}]},
]
