"""What a spec must fulfil, and what is worth saying of it: decisions on values alone."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.access.policy import Policy
from crm.clock import local_day
from crm.journeys.house_rules import Finding
from crm.outreach.priority import Priority
from crm.outreach.spec import JourneySpec, WaitStep

SMALL_HOLDOUT = 0.05
"""Below it, effects of a usual size stay within chance even for some thousands of members (experiments/power.py)."""
FEW_ODD_CHARACTERS = 3
"""So few are a slip (a curly quote, an emoji) that can be named; more are the language of the text."""


def start_has_passed(start: datetime | None, local_now: datetime) -> bool:
    """Whether a start lies in the past. Today without a time (midnight) means at once, and so does none."""
    now = local_now.replace(tzinfo=None, second=0, microsecond=0)
    today = datetime.combine(now.date(), time.min)
    return start is not None and start < now and start != today


def of_start(start: datetime | None, local_now: datetime) -> Iterator[Finding]:
    """A start that has passed."""
    if start is not None and start_has_passed(start, local_now):
        now = f"{local_now:%Y-%m-%d %H:%M}"
        yield Finding("start", f"the start {start:%Y-%m-%d %H:%M} lies in the past; it is {now} now")


def of_name(name: str, kind: str) -> Iterator[Finding]:
    if not name.strip():
        yield Finding("name", f"a {kind} needs a name")


def sending_days(spec: JourneySpec, starts_at: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last local day of the workspace on which it is known to send; where members walk, the first."""
    first = local_day(starts_at, zone)
    return first, first + timedelta(days=max((step.offset_days for step in spec.sends), default=0))


def warnings_of(spec: JourneySpec, kind: str, policy: Policy, waiver: str | None = None) -> Iterator[Finding]:
    """What keeps nothing from being sent, but should be known."""
    if spec.holdout_share == 0:
        reason = f" Reason given: {waiver}" if waiver else ""
        yield Finding("holdout_share", f"Without a holdout the effect of this {kind} cannot be measured.{reason}")
    elif spec.holdout_share < SMALL_HOLDOUT:
        sentence = f"A holdout of {spec.holdout_share * 100:g}% is small: only a large effect will show."
        yield Finding("holdout_share", sentence)
    if spec.priority is Priority.SERVICE:
        yield Finding(
            "priority",
            "Its messages count as service: no frequency cap holds them back, and they carry no way to opt out.",
        )
    if spec.is_walked:
        yield from _of_quiet_hours(spec, policy)


def _of_quiet_hours(spec: JourneySpec, policy: Policy) -> Iterator[Finding]:
    """Times that members wait for; of what is planned whole the plan counts the messages."""
    sends = {step.key for step in spec.sends}
    for index, step in enumerate(spec.steps):
        if not isinstance(step, WaitStep) or spec.after(step) not in sends:
            continue
        name, at = ("until_time", step.until_time) if step.until_time else ("at", step.at)
        if at is not None and is_quiet(at, policy):
            hours = f"{policy.quiet_hours_start} to {policy.quiet_hours_end}"
            yield Finding(
                f"steps[{index}].{name}",
                f"Step {spec.after(step)} sends at {at}, within the quiet hours ({hours}): its messages wait for "
                "their end.",
            )


def is_quiet(at: str, policy: Policy) -> bool:
    """Whether a time of day lies within the quiet hours, which may go over midnight."""
    start, end = policy.quiet_hours_start, policy.quiet_hours_end
    return start <= at < end if start <= end else at >= start or at < end


def length_warning(step: str, variant: str, parts: int, odd: Sequence[str]) -> str:
    """Of a text message that takes several parts."""
    why = f" because of {' '.join(odd)}" if 0 < len(odd) <= FEW_ODD_CHARACTERS else ""
    return (
        f"The text message of step {step}, variant {variant}, takes up to {parts} parts"
        f"{why}; where each is charged as a message, it costs up to {parts} times as much."
    )
