"""Whatever happens, the ledger accounts for every message, sends nothing twice and nothing after an opt-out."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access.policy import get_policy, set_policy
from crm.catalog import CATALOG
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.database import Sessions, read_only, unit_of_work
from crm.journeys.engine import next_moment
from crm.journeys.schedulers.planned.launch import launch_planned
from crm.loyalty.models import Coupon, CouponGrant, GrantState
from crm.members.models import ContactPoint, Member
from crm.members.suppression import suppress_member
from crm.outreach import ledger
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import PENDING_STATES, Enrolment, Journey, JourneyState, Message, MessageState
from crm.outreach.priority import Priority
from crm.outreach.receipts import record_receipt
from crm.outreach.rules import LEASE, QuietHours
from crm.outreach.spec import Benefits, JourneySpec
from tests.conftest import examples
from tests.journeys import EVERYBODY, journey_spec, make_coupon, send_step, setting
from tests.opting_out import opt_out_on_channel
from tests.providers import FakeProvider, Killed
from tests.worlds import PERSONS, InterruptedSessions, Person, settle, world

HAVE_A_REASON = (MessageState.EXCLUDED, MessageState.DEFERRED, MessageState.UNKNOWN, MessageState.FAILED)
MONDAY_NINE = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
STOCK = 4

WORDS = st.sampled_from(["deliver"] * 6 + ["refuse", "accept", "silent", "down", "kill", "later", "later", "busy"])
CHANNEL_SETS = st.lists(st.sampled_from(SENDABLE_CHANNELS), min_size=1, max_size=3, unique=True) | st.just(
    ["preferred"]
)
BETWEEN = st.sampled_from(["nothing", "opt_out", "opt_out", "suppress", "pause", "cancel", "die", "dispatch"])
"""What happens between two transactions of a dispatch."""
BETWEENS = st.lists(BETWEEN, min_size=1, max_size=4).map(lambda words: ["nothing", "nothing", *words])
"""The first two transactions recover and claim; what comes before them is an event of its own."""
STEPS = st.lists(st.tuples(st.integers(0, 9), CHANNEL_SETS), min_size=1, max_size=3)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("dispatch"), st.integers(1, 4), st.lists(WORDS, max_size=6), BETWEENS),
        st.tuples(st.just("dispatch"), st.integers(1, 4), st.lists(WORDS, max_size=6), st.lists(BETWEEN, max_size=5)),
        st.tuples(st.just("walk"), st.sampled_from([1, 6, 60, 60 * 12, 60 * 24, 60 * 48])),
        st.tuples(st.just("opt_out"), st.integers(0, 7), st.sampled_from(SENDABLE_CHANNELS)),
        st.tuples(st.just("suppress"), st.integers(0, 7)),
        st.tuples(st.just("receipt"), st.booleans()),
        st.sampled_from([("pause",), ("resume",), ("cancel",)]),
    ),
    max_size=14,
)


@dataclass
class Run:
    """One journey under way, and what it may not do any more."""

    sessions: Sessions
    provider: FakeProvider
    spec: JourneySpec
    members: list[int]
    journey_id: int = 0
    now: datetime = MONDAY_NINE
    silenced: list[tuple[int, Channel | None, int]] = field(default_factory=list)
    """Member, channel (None: all), and how many hand-overs there had been when it was committed."""

    def act(self, kind: str, *arguments: object) -> None:
        action: Callable[..., None] = getattr(self, kind)
        action(*arguments)

    def launch(self) -> None:
        with unit_of_work(self.sessions) as session:
            set_policy(session, "frequency_cap_total_7d", 3)
            make_coupon(session, stock_total=STOCK)
            journey = launch_planned(session, self.spec, EVERYBODY, setting(session, self.now), now=self.now)
            self.journey_id = journey.id

    def dispatch(self, batch_size: int, script: list[str], between: Sequence[str] = ()) -> None:
        """One call, in which `between` happens to the member at the top of the batch, whoever that is."""
        self.provider.script = list(script)
        happenings = [getattr(self, f"meanwhile_{word}") for word in between]
        sessions = cast(Sessions, InterruptedSessions(self.sessions, happenings))
        adapters = self.provider.on_all_channels()
        with suppress(Killed):
            dispatch_due(sessions, adapters, now=self.now, worker="test", batch_size=batch_size)
        self.provider.script = []

    def meanwhile_nothing(self) -> None:
        """The dispatch runs on."""

    def meanwhile_opt_out(self) -> None:
        claimed = self._claimed()
        if claimed is not None:
            self.opt_out(self.members.index(claimed.member_id), claimed.channel)

    def meanwhile_suppress(self) -> None:
        claimed = self._claimed()
        if claimed is not None:
            self.suppress(self.members.index(claimed.member_id))

    def meanwhile_pause(self) -> None:
        self.pause()

    def meanwhile_cancel(self) -> None:
        self.cancel()

    def meanwhile_die(self) -> None:
        raise Killed

    def meanwhile_dispatch(self) -> None:
        """Another worker, to whom the first one's lease looks lapsed."""
        later = self.now + LEASE
        dispatch_due(self.sessions, self.provider.on_all_channels(), now=later, worker="other", batch_size=2)

    def _claimed(self) -> Message | None:
        with read_only(self.sessions) as session:
            return session.scalar(select(Message).where(Message.state == MessageState.CLAIMED).limit(1))

    def walk(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def opt_out(self, index: int, channel: Channel) -> None:
        member_id = self.members[index % len(self.members)]
        with unit_of_work(self.sessions) as session:
            opt_out_on_channel(session, member_id, channel, self.now)
            records = sharing(session, member_id, (channel,))
        self.silenced += [(record, channel, len(self.provider.handed)) for record in records]

    def suppress(self, index: int) -> None:
        member_id = self.members[index % len(self.members)]
        with unit_of_work(self.sessions) as session:
            suppress_member(session, member_id, reason="asked", now=self.now)
            records = sharing(session, member_id, (Channel.EMAIL, Channel.SMS))
        self.silenced += [(record, None, len(self.provider.handed)) for record in records]

    def receipt(self, is_delivered: bool) -> None:
        with unit_of_work(self.sessions) as session:
            waiting = select(Message.id).where(Message.state == MessageState.SENT).limit(1)
            message_id = session.scalar(waiting)
            if message_id is not None:
                record_receipt(session, message_id, is_delivered=is_delivered, at=self.now)

    def pause(self) -> None:
        self._set_state(JourneyState.RUNNING, JourneyState.PAUSED)

    def resume(self) -> None:
        self._set_state(JourneyState.PAUSED, JourneyState.RUNNING)

    def cancel(self) -> None:
        with unit_of_work(self.sessions) as session:
            ledger.cancel(session, self.journey_id, now=self.now)
        self.silenced += [(member_id, None, len(self.provider.handed)) for member_id in self.members]

    def _set_state(self, before: JourneyState, after: JourneyState) -> None:
        with unit_of_work(self.sessions) as session:
            journey = session.get_one(Journey, self.journey_id)
            if journey.state is before:
                journey.state = after

    def finish(self) -> None:
        """Walk from one moment at which something is due to the next, with a provider that is well."""
        self.resume()
        moment: datetime | None = self.now
        while moment is not None:
            self.now = moment
            self.dispatch(100, [])
            with read_only(self.sessions) as session:
                moment = next_moment(session, self.now, catalog=CATALOG)

    def check(self) -> None:
        with unit_of_work(self.sessions) as session:
            messages = list(session.scalars(select(Message)))
            check_identity(self, messages)
            check_truth(self, messages)
            check_consent(self)
            check_people(self, session)
            check_caps_and_quiet_hours(self, session)
            check_stock(session)


def sharing(session: Session, member_id: int, channels: Sequence[Channel]) -> set[int]:
    """Records with one of a member's addresses on the channels, his own included."""
    points = [point for point in session.scalars(select(ContactPoint)) if point.channel in channels]
    own = {(point.channel, point.normalised) for point in points if point.member_id == member_id}
    return {member_id} | {point.member_id for point in points if (point.channel, point.normalised) in own}


def check_identity(run: Run, messages: list[Message]) -> None:
    assert len(messages) == len(run.members) * run.spec.messages_per_member
    counts = Counter(message.state for message in messages)
    pending = sum(counts[state] for state in PENDING_STATES)
    settled = (MessageState.DELIVERED, MessageState.FAILED, MessageState.UNKNOWN, MessageState.EXCLUDED)
    assert len(messages) == pending + sum(counts[state] for state in settled)
    for message in messages:
        assert (message.reason is not None) is (message.state in HAVE_A_REASON)


def check_truth(run: Run, messages: list[Message]) -> None:
    """The ledger never says that something was not sent that the provider took, or the other way round."""
    keys = Counter(run.provider.keys)
    assert all(times == 1 for times in keys.values()), "a provider took a message twice"
    if not run.provider.honours_idempotency_key:
        handed = Counter(message.idempotency_key for message, _ in run.provider.handed)
        assert all(times == 1 for times in handed.values()), "a message was repeated to a provider that would send it"
    taken = {message.message_id for message in run.provider.taken}
    for message in messages:
        may_have_left = message.attempts > 0 and message.state is not MessageState.EXCLUDED
        assert message.id not in taken or may_have_left
        if message.state in (MessageState.DELIVERED, MessageState.SENT):
            assert message.id in taken


def check_consent(run: Run) -> None:
    for member_id, channel, since in run.silenced:
        later = [message for message, _ in run.provider.handed[since:] if message.member_id == member_id]
        assert not [message for message in later if channel is None or message.channel is channel]


def check_people(run: Run, session: Session) -> None:
    """No address, and no person, hears the same step twice."""
    normalised = {
        (contact.member_id, contact.channel): contact.normalised for contact in session.scalars(select(ContactPoint))
    }
    steps = dict(session.execute(select(Message.id, Message.step_key)).all())
    heard: dict[tuple[str, str], int] = {}
    for message in run.provider.taken:
        for channel in (Channel.EMAIL, Channel.SMS, message.channel):
            address = normalised.get((message.member_id, channel))
            if address is not None:
                first = heard.setdefault((steps[message.message_id], address), message.member_id)
                assert first == message.member_id


def check_caps_and_quiet_hours(run: Run, session: Session) -> None:
    policy = get_policy(session)
    quiet = QuietHours.of(policy)
    zones = dict(session.execute(select(Member.id, Member.zone_name)).all())
    taken = [(message, run.provider.taken_at[message.idempotency_key]) for message in run.provider.taken]
    for message, at in taken:
        assert not quiet.hold(at.astimezone(ZoneInfo(zones[message.member_id] or "Asia/Shanghai")).time())
        week = [
            other
            for other, then in taken
            if other.member_id == message.member_id and at - timedelta(days=7) < then <= at
        ]
        if run.spec.priority is Priority.SERVICE:
            continue
        assert len(week) <= policy.frequency_cap_total_7d
        on_channel = [other for other in week if other.channel is message.channel]
        assert len(on_channel) <= policy.frequency_cap_per_channel_7d[message.channel]


def check_stock(session: Session) -> None:
    coupon = session.scalars(select(Coupon)).one()
    grants = dict(session.execute(select(CouponGrant.state, func.count()).group_by(CouponGrant.state)).all())
    assert coupon.reserved == grants.get(GrantState.RESERVED, 0)
    assert coupon.issued == grants.get(GrantState.ISSUED, 0)
    assert coupon.reserved + coupon.issued <= coupon.stock_total == STOCK
    for grant in session.scalars(select(CouponGrant)):
        states = set(session.scalars(select(Message.state).where(Message.enrolment_id == grant.enrolment_id)))
        open_ended = states & {*PENDING_STATES, MessageState.UNKNOWN}
        if MessageState.DELIVERED in states:
            assert grant.state is GrantState.ISSUED
        else:
            assert grant.state is (GrantState.RESERVED if open_ended else GrantState.RELEASED)
    granted = set(session.scalars(select(CouponGrant.enrolment_id)))
    delivered = select(Enrolment.id).join(Message).where(Message.state == MessageState.DELIVERED)
    assert set(session.scalars(delivered)) <= granted


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    persons=st.lists(PERSONS, min_size=1, max_size=6),
    steps=STEPS,
    holdout_share=st.sampled_from([0.0, 0.3]),
    honours=st.booleans(),
    priority=st.sampled_from(Priority),
    events=EVENTS,
)
def test_the_ledger_holds_at_every_step_of_any_run(
    empty_database: Path,
    persons: list[Person],
    steps: list[tuple[int, list[str]]],
    holdout_share: float,
    honours: bool,
    priority: Priority,
    events: list[tuple[object, ...]],
) -> None:
    spec = journey_spec(
        *[send_step(f"step{n}", *names, offset_days=offset) for n, (offset, names) in enumerate(steps)],
        holdout_share=holdout_share,
        benefits=Benefits(coupon_codes=("C50",)),
        priority=priority,
    )
    with world(empty_database) as sessions:
        with unit_of_work(sessions) as session:
            members = settle(session, persons)
        run = Run(sessions, FakeProvider(honours_idempotency_key=honours), spec, members)
        run.launch()
        run.check()
        for kind, *arguments in events:
            run.act(str(kind), *arguments)
            run.check()
        run.finish()
        run.check()
        with unit_of_work(sessions) as session:
            left = select(Message.id).where(
                Message.state.in_((MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED))
            )
            assert not session.scalars(left).all(), "a message was lost on the way"
