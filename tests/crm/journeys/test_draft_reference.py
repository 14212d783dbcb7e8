"""The draft of a journey says of every message what a slow and obvious reading of the rules says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.policy import Policy, get_policy, set_policy
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.database import Sessions, unit_of_work
from crm.journeys.schedulers.planned import draft
from crm.journeys.schedulers.planned.draft import Setting, drafted
from crm.members.models import AddressSuppression, Consent, ContactPoint, Member, Suppression
from crm.outreach.models import (
    REALLY_SENT,
    Arm,
    Enrolment,
    ExclusionReason,
    Journey,
    JourneyState,
    Message,
    MessageState,
)
from crm.outreach.priority import YIELD_WINDOW, Priority
from crm.outreach.rules import FREQUENCY_WINDOW, QuietHours, due_time
from crm.outreach.spec import JourneySpec
from tests.conftest import examples
from tests.journeys import EVERYBODY, journey_spec, send_step, setting
from tests.worlds import PERSONS, Person, settle, world

NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
CHANNEL_SETS = st.lists(st.sampled_from(SENDABLE_CHANNELS), min_size=1, max_size=3, unique=True) | st.just(
    ["preferred"]
)
STEPS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from([None, "07:15", "12:00"]), CHANNEL_SETS), min_size=1, max_size=4
)
STATES = st.sampled_from(
    [MessageState.DELIVERED, MessageState.UNKNOWN, MessageState.CLAIMED, MessageState.PLANNED, MessageState.EXCLUDED]
)
BOOKS = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.sampled_from(SENDABLE_CHANNELS),
        STATES,
        st.integers(-9 * 24, 12 * 24),
        st.sampled_from(Priority),
        st.sampled_from([JourneyState.RUNNING, JourneyState.RUNNING, JourneyState.PAUSED]),
    ),
    max_size=14,
)
"""Messages of other journeys: to whom, on what, in which state, hours from now, how urgent, of what journey."""
Verdict = tuple[int, str, Channel]


class Reading:
    """The rules, read for one message after the other."""

    def __init__(self, session: Session, spec: JourneySpec, given_setting: Setting) -> None:
        self.spec, self.setting, self.policy = spec, given_setting, given_setting.policy
        self.members = list(session.scalars(select(Member).order_by(Member.id)))
        self.agreed = {
            (consent.member_id, consent.channel) for consent in session.scalars(select(Consent)) if consent.granted
        }
        self.addresses = {
            (contact.member_id, contact.channel): contact.normalised
            for contact in session.scalars(select(ContactPoint))
            if contact.normalised
        }
        self.listed = set(session.scalars(select(Suppression.member_id)))
        self.listed_addresses = {
            (entry.channel, entry.normalised) for entry in session.scalars(select(AddressSuppression))
        }
        self.books = session.execute(select(Message, Journey.state).join(Journey)).all()
        self.arms = dict(session.execute(select(draft.AUDIENCE.c.member_id, draft.AUDIENCE.c.arm)).all())

    def verdicts(self) -> Iterator[tuple[Verdict, str | None]]:
        steps = sorted(self.spec.sends, key=lambda step: (step.offset_days, step.at or "09:00"))
        passed: list[tuple[int, Channel, datetime]] = []
        for step in steps:
            for choice in step.channels:
                for member in self.members:
                    channel = self.channel(member, choice)
                    due = due_time(
                        step.offset_days,
                        step.at,
                        start=None,
                        launch=self.setting.launch_at,
                        zone=self.setting.zone,
                        quiet=QuietHours.of(self.policy),
                    )
                    reason = self.reason(member, channel, step.channels, due.moment, passed)
                    if reason is None:
                        passed.append((member.id, channel, due.moment))
                    deferral = "quiet_hours" if due.is_deferred else None
                    yield (member.id, step.key, channel), reason or deferral

    def channel(self, member: Member, choice: str) -> Channel:
        if choice != "preferred":
            return Channel(choice)
        usable = [each for each in SENDABLE_CHANNELS if {(member.id, each)} <= self.agreed & set(self.addresses)]
        return member.preferred_channel or next(iter(usable), SENDABLE_CHANNELS[0])

    def reason(
        self,
        member: Member,
        channel: Channel,
        choices: tuple[str, ...],
        moment: datetime,
        passed: list[tuple[int, Channel, datetime]],
    ) -> str | None:
        checks = (
            (self.standing(member, channel), self.standing(member, channel)),
            (self.has_twin(member, choices, None), ExclusionReason.DUPLICATE_PERSON),
            (self.has_twin(member, choices, channel), ExclusionReason.DUPLICATE_ADDRESS),
            (self.is_capped(member.id, channel, moment, passed), ExclusionReason.FREQUENCY_CAP),
            (self.arms[member.id] is Arm.HOLDOUT, ExclusionReason.HOLDOUT),
        )
        return next((reason.value for fails, reason in checks if fails and reason), None)

    def standing(self, member: Member, channel: Channel) -> ExclusionReason | None:
        same_person = {other.id for other in self.members if self.share(member, other, (Channel.EMAIL, Channel.SMS))}
        address = self.addresses.get((member.id, channel))
        if ({member.id} | same_person) & self.listed or (channel, address) in self.listed_addresses:
            return ExclusionReason.SUPPRESSED
        if (member.id, channel) not in self.agreed:
            return ExclusionReason.NO_CONSENT
        return None if address else ExclusionReason.UNREACHABLE

    def share(self, one: Member, other: Member, channels: tuple[Channel, ...]) -> bool:
        mine = {(each, self.addresses.get((one.id, each))) for each in channels}
        theirs = {(each, self.addresses.get((other.id, each))) for each in channels}
        return any(address for _, address in mine & theirs)

    def has_twin(self, member: Member, choices: tuple[str, ...], channel: Channel | None) -> bool:
        """Somebody before who gets the step: the same person, or (with a channel) the same address on it."""
        shared = (Channel.EMAIL, Channel.SMS) if channel is None else (channel,)
        for other in self.members:
            goes_on = {self.channel(other, choice) for choice in choices}
            hears = {each for each in goes_on if self.standing(other, each) is None}
            if (
                other.id < member.id
                and self.share(member, other, shared)
                and hears & {channel or each for each in hears}
            ):
                return True
        return False

    def is_capped(
        self, member_id: int, channel: Channel, moment: datetime, passed: list[tuple[int, Channel, datetime]]
    ) -> bool:
        if self.spec.priority is Priority.SERVICE:
            return False
        used = [message.channel for message, state in self.books if self.counts(message, state, member_id, moment)]
        used += [other for mine, other, due in passed if mine == member_id and due > moment - FREQUENCY_WINDOW]
        policy = self.policy
        return (
            len(used) >= policy.frequency_cap_total_7d
            or used.count(channel) >= policy.frequency_cap_per_channel_7d[channel]
        )

    def counts(self, message: Message, state: JourneyState, member_id: int, moment: datetime) -> bool:
        if message.member_id != member_id:
            return False
        if message.state is MessageState.CLAIMED:
            return True
        if message.state in REALLY_SENT:
            return message.sent_at is not None and moment - FREQUENCY_WINDOW < message.sent_at <= moment
        if message.state is not MessageState.PLANNED or state is not JourneyState.RUNNING:
            return False
        last = moment
        if message.priority in self.spec.priority.above:
            last = moment + YIELD_WINDOW
        if message.priority in self.spec.priority.below:
            last = moment - YIELD_WINDOW
        return moment - FREQUENCY_WINDOW < message.due_at <= last


def keep_books(session: Session, members: list[int], books: list[tuple[Any, ...]]) -> None:
    for number, (index, channel, state, hours, priority, journey_state) in enumerate(books):
        journey = Journey(name=f"Other {number}", spec={}, state=journey_state, created_at=NOW)
        session.add(journey)
        session.flush()
        member_id = members[index % len(members)]
        enrolment = Enrolment(
            journey_id=journey.id, member_id=member_id, occurrence="launch", arm=Arm.TREATMENT, enrolled_at=NOW
        )
        session.add(enrolment)
        session.flush()
        at = NOW + timedelta(hours=hours)
        session.add(
            Message(
                enrolment_id=enrolment.id,
                journey_id=journey.id,
                member_id=member_id,
                step_key="main",
                channel=channel,
                due_at=at,
                state=state,
                priority=priority,
                reason="holdout" if state is MessageState.EXCLUDED else None,
                sent_at=at if state in REALLY_SENT else None,
            )
        )
    session.flush()


def policy_of(session: Session, caps: tuple[int, int]) -> Policy:
    total, each = caps
    set_policy(session, "frequency_cap_total_7d", total)
    set_policy(session, "frequency_cap_per_channel_7d", {"email": each, "sms": 1, "push": each})
    return get_policy(session)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    persons=st.lists(PERSONS, min_size=1, max_size=7),
    steps=STEPS,
    books=BOOKS,
    caps=st.sampled_from([(3, 2), (5, 3), (1, 1)]),
    priority=st.sampled_from(Priority),
    holdout_share=st.sampled_from([0.0, 0.4]),
    listed=st.none() | st.tuples(st.integers(0, 6), st.sampled_from(SENDABLE_CHANNELS)),
)
def test_each_message_has_the_verdict_of_the_rules(
    empty_database: Path,
    persons: list[Person],
    steps: list[tuple[int, str | None, list[str]]],
    books: list[tuple[Any, ...]],
    caps: tuple[int, int],
    priority: Priority,
    holdout_share: float,
    listed: tuple[int, Channel] | None,
) -> None:
    spec = journey_spec(
        *[send_step(f"step{n}", *names, offset_days=offset, at=at) for n, (offset, at, names) in enumerate(steps)],
        holdout_share=holdout_share,
        priority=priority,
    )
    with world(empty_database) as sessions, unit_of_work(sessions) as session:
        # The zones of members are the subject of other tests.
        members = settle(session, [Person(**vars(person) | {"zone_name": None}) for person in persons])
        keep_books(session, members, books)
        if listed is not None:
            list_address(session, members[listed[0] % len(members)], listed[1])
        policy_of(session, caps)
        check(session, spec, sessions)


def list_address(session: Session, member_id: int, channel: Channel) -> None:
    contact = session.scalar(
        select(ContactPoint).where(ContactPoint.member_id == member_id, ContactPoint.channel == channel)
    )
    if contact is not None:
        session.add(
            AddressSuppression(channel=channel, normalised=contact.normalised, reason="bounced", created_at=NOW)
        )
        session.flush()


def check(session: Session, spec: JourneySpec, _sessions: Sessions) -> None:
    given_setting = setting(session, NOW)
    with drafted(session, spec, EVERYBODY, given_setting):
        columns = draft.MESSAGES.c
        rows = session.execute(select(columns.member_id, columns.step_key, columns.channel, columns.reason))
        found = {(member_id, step, channel): reason for member_id, step, channel, reason in rows}
        assert found == dict(Reading(session, spec, given_setting).verdicts())
