"""The gate: the ordered checks that every message passes, when it is planned and when it is claimed.

Each check is one SQL condition over a row of a table shaped like the ledger: the draft of a plan or a
launch (`draft.py`), or the ledger itself (`dispatch.py`). Checks run in stages, in the order of
`ExclusionReason`, because some look at what earlier ones left standing; the first that fails is recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    FromClause,
    String,
    and_,
    case,
    exists,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.expression import TableClause

from crm.access.policy import Policy
from crm.members.models import Consent, ContactPoint
from crm.members.people import PERSON_CHANNELS
from crm.members.reach import is_readable
from crm.members.suppression import is_among_suppressed, is_suppressed
from crm.outreach import frequency_caps
from crm.outreach.models import REALLY_SENT, WAITING, ExclusionReason, MessageState
from crm.outreach.moments import earlier
from crm.outreach.rules import FREQUENCY_WINDOW

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Check:
    reason: ExclusionReason
    fails: Condition


def standing_checks(row: FromClause, *, of_many: bool = False) -> Sequence[Check]:
    """What depends on the member alone. Asked a third time in the transaction that sends.

    `of_many`: the rows are those of a whole draft and not of a batch. Says the same, in the time that fits.
    """
    consents = exists().where(
        Consent.member_id == row.c.member_id, Consent.channel == row.c.channel, Consent.granted.is_(True)
    )
    reachable = exists().where(
        ContactPoint.member_id == row.c.member_id,
        ContactPoint.channel == row.c.channel,
        is_readable(ContactPoint),
    )
    return (
        Check(ExclusionReason.SUPPRESSED, is_among_suppressed(row) if of_many else is_suppressed(row)),
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
        # An e-mail address or a phone number that is shared makes one person, and was found above.
        Check(
            ExclusionReason.DUPLICATE_ADDRESS,
            and_(row.c.channel.not_in(PERSON_CHANNELS), _has_twin(row, rows, same_channel=True)),
        ),
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
        # A step that comes back, each year or with each order, may be heard again then.
        other.c.due_at > earlier(row.c.due_at, FREQUENCY_WINDOW),
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


def frequency_check(row: FromClause, policy: Policy, *counters: frequency_caps.Counter) -> Check:
    """Whether the member has had enough, on the channel or in all, by what `counters` count (`frequency_caps.py`)."""
    return Check(ExclusionReason.FREQUENCY_CAP, frequency_caps.is_capped(row, policy, *counters))


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
) -> int:
    """Exclude the rows that fail one of `checks`, for the first one they fail. `row` is an alias of `rows`.

    Says how many they are.
    """
    reason = case(*[(check.fails, literal(check.reason.value, String)) for check in checks], else_=null())
    judged = select(row.c.id, reason.label("reason")).where(row.c.state.in_(states), within).cte("judged")
    judged = judged.prefix_with("MATERIALIZED")  # each check is asked once, not again where its result is used
    excluded = (
        update(rows)
        .where(rows.c.id == judged.c.id, judged.c.reason.is_not(None))
        .values(state=MessageState.EXCLUDED, reason=judged.c.reason)
        .execution_options(synchronize_session=False)
    )
    return cast(CursorResult[Any], session.execute(excluded)).rowcount
