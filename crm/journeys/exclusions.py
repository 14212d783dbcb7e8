"""The exclusion log of whatever sends: who was not written to, and why; by number and, where the role allows, by name.

A walked journey is read in one version or in all of them.
"""

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from io import StringIO
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.channels import Channel
from crm.members.models import Member
from crm.outreach.models import Arm, DeferralReason, Enrolment, ExclusionReason, Journey, Message, MessageState
from crm.values import Value

CSV_COLUMNS = ("member_ref", "name", "name_local", "step", "channel", "reason", "due_at")
ROWS_AT_ONCE = 2_000
"""Read from the database at a time: an export takes no more memory for a million rows than for a thousand."""
_FORMULA = re.compile(r"((?:^|[\t\r\n,;|])[\s\ufeff\"]*)([=+\-@\uff1d\uff0b\uff0d\uff20])")
"""What a spreadsheet takes for a formula, in full width, too, where a cell begins: there, or after a sign that is
a separator where the file is opened."""
_ORDER = tuple(ExclusionReason)


class ExclusionCount(Value):
    """Messages of one channel that will not be sent, for one reason."""

    channel: str
    reason: str
    count: int


class ExclusionRow(Value):
    """One reason on one channel in one step."""

    reason: ExclusionReason
    channel: Channel
    step: str
    messages: int
    members: int


class PutOffRow(Value):
    """Messages that wait longer than planned. They are pending, and not excluded."""

    reason: DeferralReason
    channel: Channel
    step: str
    messages: int


class ReasonTotal(Value):
    reason: ExclusionReason
    messages: int
    members: int
    """Each counted once, on however many channels and in however many steps."""


class ExclusionNumbers(Value):
    as_of: datetime
    messages: int
    """Every excluded message; equal to the monitor's."""
    members: int
    """Members with at least one excluded message, each counted once."""
    by_reason: tuple[ReasonTotal, ...]
    """In the order in which the gate asks."""
    rows: tuple[ExclusionRow, ...]
    put_off: tuple[PutOffRow, ...]


@dataclass(frozen=True)
class ExclusionFilter:
    """Which exclusions; None: all."""

    reason: ExclusionReason | None = None
    channel: Channel | None = None
    step: str | None = None

    def changed(self, **changes: Any) -> "ExclusionFilter":
        return replace(self, **changes)


class ExcludedMember(Value):
    """One excluded message. Contact details are no part of the log."""

    message_id: int
    member_id: int
    member_ref: str
    name: str
    name_local: str | None
    step: str
    channel: Channel
    reason: ExclusionReason
    due_at: datetime


class ExcludedPage(Value):
    total: int
    """Messages that fit, of members whom the reader may see."""
    items: tuple[ExcludedMember, ...]
    next_cursor: int | None
    """Pass as `after` to read on; None at the end."""


class JourneyExclusionLog(ExclusionNumbers):
    journey_id: int
    name: str
    versions: tuple[int, ...]
    """Which it counts, the newest first."""


def exclusion_numbers(session: Session, journey_ids: Collection[int], now: datetime) -> dict[str, Any]:
    """What every exclusion log says, of some journeys together. Nothing before the first message."""
    by_reason = _totals(session, journey_ids)
    return {
        "as_of": now,
        "messages": sum(total.messages for total in by_reason),
        "members": session.scalar(_in_state(MessageState.EXCLUDED, journey_ids, _MEMBERS)) or 0,
        "by_reason": by_reason,
        "rows": _rows(session, journey_ids),
        "put_off": _put_off(session, journey_ids),
    }


def journey_exclusion_log(session: Session, versions: Sequence[Journey], now: datetime) -> JourneyExclusionLog:
    """Of some versions of one journey together, the newest first."""
    numbers = exclusion_numbers(session, [version.id for version in versions], now)
    shown = tuple(version.version for version in versions)
    return JourneyExclusionLog(journey_id=versions[0].id, name=versions[0].name, versions=shown, **numbers)


def exclusion_counts(
    session: Session, journey_ids: Collection[int], *, arm: Arm | None = None
) -> tuple[ExclusionCount, ...]:
    """Messages that were not sent, by channel and reason, the most frequent first; of one arm or of both."""
    reason = func.coalesce(Message.reason, "unknown")
    query = _in_state(MessageState.EXCLUDED, journey_ids, Message.channel, reason, _MESSAGES)
    if arm is not None:
        query = query.join(Enrolment, Enrolment.id == Message.enrolment_id).where(Enrolment.arm == arm)
    query = query.group_by(Message.channel, Message.reason)
    query = query.order_by(Message.channel, func.count().desc(), Message.reason)
    return tuple(
        ExclusionCount(channel=channel, reason=reason, count=number)
        for channel, reason, number in session.execute(query)
    )


_MESSAGES = func.count()
_MEMBERS = func.count(Message.member_id.distinct())
_PLACES = (Message.reason, Message.channel, Message.step_key)


def _in_state(state: MessageState, journey_ids: Collection[int], *columns: Any) -> Select[Any]:
    return select(*columns).where(Message.journey_id.in_(journey_ids), Message.state == state)


def _totals(session: Session, journey_ids: Collection[int]) -> tuple[ReasonTotal, ...]:
    query = _in_state(MessageState.EXCLUDED, journey_ids, Message.reason, _MESSAGES, _MEMBERS).group_by(Message.reason)
    totals = [
        ReasonTotal(reason=ExclusionReason(reason), messages=messages, members=members)
        for reason, messages, members in session.execute(query)
    ]
    return tuple(sorted(totals, key=lambda total: _ORDER.index(total.reason)))


def _rows(session: Session, journey_ids: Collection[int]) -> tuple[ExclusionRow, ...]:
    query = _in_state(MessageState.EXCLUDED, journey_ids, *_PLACES, _MESSAGES, _MEMBERS).group_by(*_PLACES)
    rows = [
        ExclusionRow(reason=ExclusionReason(reason), channel=channel, step=step, messages=messages, members=members)
        for reason, channel, step, messages, members in session.execute(query)
    ]
    return tuple(sorted(rows, key=lambda row: (_ORDER.index(row.reason), row.channel, row.step)))


def _put_off(session: Session, journey_ids: Collection[int]) -> tuple[PutOffRow, ...]:
    query = _in_state(MessageState.DEFERRED, journey_ids, *_PLACES, _MESSAGES).group_by(*_PLACES).order_by(*_PLACES)
    return tuple(
        PutOffRow(reason=DeferralReason(reason), channel=channel, step=step, messages=messages)
        for reason, channel, step, messages in session.execute(query)
    )


def excluded_members(
    session: Session,
    journey_ids: Collection[int],
    wanted: ExclusionFilter,
    *,
    actor: Actor,
    after: int = 0,
    limit: int = 50,
) -> ExcludedPage:
    """Who was excluded, message by message; a customer success manager reads of his own members alone."""
    require(actor, Permission.READ_MEMBERS)
    found = _found(journey_ids, wanted, actor)
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    page = session.execute(found.where(Message.id > after).limit(limit + 1)).all()
    items = tuple(ExcludedMember(**row._mapping) for row in page[:limit])
    return ExcludedPage(total=total, items=items, next_cursor=items[-1].message_id if len(page) > limit else None)


def _found(journey_ids: Collection[int], wanted: ExclusionFilter, actor: Actor) -> Select[Any]:
    columns = (
        Message.id.label("message_id"),
        Message.member_id,
        Member.external_ref.label("member_ref"),
        Member.name,
        Member.name_local,
        Message.step_key.label("step"),
        Message.channel,
        Message.reason,
        Message.due_at,
    )
    query = _in_state(MessageState.EXCLUDED, journey_ids, *columns).join(Member, Member.id == Message.member_id)
    narrowing = ((Message.reason, wanted.reason), (Message.channel, wanted.channel), (Message.step_key, wanted.step))
    query = query.where(*(column == value for column, value in narrowing if value is not None))
    if actor.row_owner_id is not None:
        query = query.where(Member.owner_id == actor.row_owner_id)
    return query.order_by(Message.id)


def record_export(session: Session, subject: str, wanted: ExclusionFilter, *, actor: Actor, now: datetime) -> None:
    """Note in the audit log that somebody takes the excluded members of a subject, e.g. `campaign:7`, away.

    Raises Forbidden for roles that may not export members.
    """
    require(actor, Permission.EXPORT_MEMBERS)
    narrowed = {name: value for name, value in asdict(wanted).items() if value is not None}
    action = f"{subject.partition(':')[0]}.exclusions_exported"
    audit.record(session, now=now, actor=actor, action=action, subject=subject, **narrowed)


def exclusion_lines(
    session: Session, journey_ids: Collection[int], wanted: ExclusionFilter, *, actor: Actor
) -> Iterator[str]:
    """The excluded messages as lines of CSV, headings first; needs the session until the last line.

    Raises Forbidden for roles that may not export members. See `record_export`.
    """
    require(actor, Permission.EXPORT_MEMBERS)
    found = _found(journey_ids, wanted, actor).execution_options(yield_per=ROWS_AT_ONCE)
    yield _line(CSV_COLUMNS)
    for row in session.execute(found):
        yield _line([_cell(row._mapping[name]) for name in CSV_COLUMNS])


def _cell(value: object) -> str:
    """Names come from members: one that a spreadsheet would take for a formula is kept as text."""
    text = value.isoformat() if isinstance(value, datetime) else str(value if value is not None else "")
    return _FORMULA.sub(r"\1'\2", text)


def _line(cells: Iterable[str]) -> str:
    buffer = StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
