"""The gate: the ordered checks that every message passes, when it is planned and when it is claimed.

Each check is one SQL condition over a row of a table shaped like the ledger: the draft of a plan or a
launch (`draft.py`), or the ledger itself (`dispatch.py`). Checks run in stages, in the order of
`ExclusionReason`, because some look at what earlier ones left standing; the first that fails is recorded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.expression import TableClause

from crm.access.policy import Policy
from crm.database import UtcDateTime
from crm.members.models import Channel, Consent, ContactPoint, Suppression
from crm.outreach.models import ExclusionReason, Message, MessageState
from crm.outreach.rules import FREQUENCY_WINDOW

Condition = ColumnElement[bool]
Count = ColumnElement[int]
Counter = Callable[[ColumnElement[str] | None], Count]
"""Counts messages of the row's member, on one channel or (None) on all."""

WAITING = (MessageState.PLANNED, MessageState.DEFERRED)
REALLY_SENT = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
"""States that use up the frequency cap: an unknown one may well have arrived."""
PERSON_CHANNELS = (Channel.EMAIL, Channel.SMS)
"""Two records with the same e-mail address or phone number are one person; a push token names a device."""


@dataclass(frozen=True)
class Check:
    reason: ExclusionReason
    fails: Condition


def standing_checks(row: FromClause) -> Sequence[Check]:
    """What depends on the member alone. Asked a third time in the transaction that sends."""
    consents = exists().where(
        Consent.member_id == row.c.member_id, Consent.channel == row.c.channel, Consent.granted.is_(True)
    )
    reachable = exists().where(
        ContactPoint.member_id == row.c.member_id,
        ContactPoint.channel == row.c.channel,
        ContactPoint.normalised != "",
    )
    return (
        Check(ExclusionReason.SUPPRESSED, exists().where(Suppression.member_id == row.c.member_id)),
        Check(ExclusionReason.NO_CONSENT, ~consents),
        Check(ExclusionReason.UNREACHABLE, ~reachable),
    )


def duplicate_checks(row: FromClause, rows: TableClause) -> Sequence[Check]:
    """Whether somebody else's message in the same step goes to the same person, or to the same address.

    Of several records of one person the one with the lowest id that may hear from us takes part in the
    step, on all its channels; the others are left out.
    """
    return (
        Check(ExclusionReason.DUPLICATE_PERSON, _has_twin(row, rows, same_channel=False)),
        Check(ExclusionReason.DUPLICATE_ADDRESS, _has_twin(row, rows, same_channel=True)),
    )


def _has_twin(row: FromClause, rows: TableClause, *, same_channel: bool) -> Condition:
    mine, theirs, other = aliased(ContactPoint), aliased(ContactPoint), rows.alias()
    goes_out = or_(
        other.c.state.in_(REALLY_SENT),
        and_(other.c.state.in_((*WAITING, MessageState.CLAIMED)), other.c.member_id < row.c.member_id),
    )
    # The journey's index would be the wrong way in: a twin has few messages, a journey many. Hence `+ 0`.
    in_same_step = exists().where(
        other.c.member_id == theirs.member_id,
        other.c.journey_id + 0 == row.c.journey_id,
        other.c.step_key == row.c.step_key,
        goes_out,
        *([other.c.channel == row.c.channel] if same_channel else []),
    )
    twins = (
        select(literal(1))
        .select_from(mine)
        .join(theirs, and_(theirs.channel == mine.channel, theirs.normalised == mine.normalised))
        .where(
            mine.member_id == row.c.member_id,
            mine.normalised != "",
            mine.channel == row.c.channel if same_channel else mine.channel.in_(PERSON_CHANNELS),
            theirs.member_id != mine.member_id,
            in_same_step.correlate(row, theirs),
        )
    )
    return twins.correlate(row).exists()


def frequency_check(
    row: FromClause, policy: Policy, *, moment: ColumnElement[datetime], planned_before: Counter | None
) -> Check:
    """Whether the member has had enough in the seven days before `moment`, on the channel or in all.

    Counts what was really sent or is being sent, over all campaigns, and with `planned_before` the
    earlier messages of the same plan that passed.
    """

    def used(channel: ColumnElement[str] | None) -> Count:
        sent = messages_before(row, moment, channel)
        return sent if planned_before is None else sent + planned_before(channel)

    cap = case(
        *[(row.c.channel == channel, limit) for channel, limit in policy.frequency_cap_per_channel_7d.items()],
        else_=policy.frequency_cap_total_7d,
    )
    return Check(
        ExclusionReason.FREQUENCY_CAP,
        or_(used(None) >= policy.frequency_cap_total_7d, used(row.c.channel) >= cap),
    )


def messages_before(row: FromClause, moment: ColumnElement[datetime], channel: ColumnElement[str] | None) -> Count:
    """Messages of the row's member in the seven days up to `moment`; a claimed one counts as sent."""
    past = aliased(Message)
    in_window = and_(
        past.state.in_(REALLY_SENT),
        past.sent_at > earlier(moment, FREQUENCY_WINDOW),
        past.sent_at <= moment,
    )
    query = select(func.count()).where(
        past.member_id == row.c.member_id, or_(in_window, past.state == MessageState.CLAIMED)
    )
    if channel is not None:
        query = query.where(past.channel == channel)
    return query.correlate(row).scalar_subquery()


def too_late_check(row: FromClause, policy: Policy, now: datetime) -> Check:
    limit = now - timedelta(hours=policy.late_limit_hours)
    return Check(ExclusionReason.TOO_LATE, row.c.due_at < limit)


def exclude(
    session: Session,
    rows: TableClause,
    row: FromClause,
    checks: Sequence[Check],
    within: Condition,
    *,
    states: Sequence[MessageState] = WAITING,
) -> None:
    """Exclude the rows that fail one of `checks`, for the first one they fail. `row` is an alias of `rows`."""
    reason = case(*[(check.fails, literal(check.reason.value, String)) for check in checks], else_=null())
    judged = select(row.c.id, reason.label("reason")).where(row.c.state.in_(states), within).cte("judged")
    judged = judged.prefix_with("MATERIALIZED")  # each check is asked once, not again where its result is used
    session.execute(
        update(rows)
        .where(rows.c.id == judged.c.id, judged.c.reason.is_not(None))
        .values(state=MessageState.EXCLUDED, reason=judged.c.reason)
        .execution_options(synchronize_session=False)
    )


def earlier(moment: ColumnElement[datetime], by: timedelta) -> ColumnElement[datetime]:
    """`moment - by`, in SQL: moments are integer seconds."""
    # A cast: coercing the type of a bound moment would bind it as text, and every window would reach back for ever.
    seconds = cast(moment, BigInteger) - literal(int(by.total_seconds()), BigInteger)
    return type_coerce(seconds, UtcDateTime)
