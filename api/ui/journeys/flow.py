"""A journey's steps as one readable flow, with who stands where and where members went."""

from collections.abc import Mapping, Sequence

from api.ui import formats
from api.ui.journeys.step_forms import STEP_FORMS
from api.ui.theme import block, chip, fold, icon, text
from crm.journeys.models import THROUGH
from crm.journeys.steps.kind import WayInWords
from crm.journeys.views import StepCounts
from crm.journeys.words import JourneyInWords, StepInWords
from crm.outreach.models import MessageState
from crm.success.models import TaskState


def draw_flow(words: JourneyInWords, counts: Mapping[str, StepCounts], *, is_started: bool) -> None:
    """The trigger, each step with its ways out, and what ends it early."""
    with block("journey-flow", "ol").props('aria-label="Steps"'):
        with block("flow-step", "li"):
            _mark("bolt", is_start=True)
            with block("stack snug grow"):
                text(words.trigger, "strong wrap")
                text(words.reentry, "small muted wrap")
        following = [step.key for step in words.steps[1:]]
        for step, after in zip(words.steps, [*following, None], strict=True):
            _step(step, after, counts.get(step.key), is_started=is_started)
    for ending in words.exits:
        with block("line tight small muted"):
            icon("logout")
            text(f"Early end: {ending}.", "wrap")
    text(words.holdout, "small muted wrap")
    if words.priority is not None:
        text(words.priority, "small strong wrap")


def _step(step: StepInWords, after: str | None, counts: StepCounts | None, *, is_started: bool) -> None:
    with block("flow-step", "li").props(f'id="step-{step.key}"'):
        _mark(STEP_FORMS[step.kind].symbol)
        with block("stack snug grow"):
            with block("line tight flow"):
                text(step.key, "eyebrow wrap")
                if counts is not None and counts.standing:
                    chip(f"{formats.count(counts.standing)} here", "info", "person")
            text(step.words, "wrap")
            _ways(step.ways, after, counts if is_started else None)
            if counts is not None:
                _messages(counts)
                _tasks(counts)


def _mark(symbol: str, *, is_start: bool = False) -> None:
    with block("flow-mark start" if is_start else "flow-mark", "span"):
        icon(symbol)


def _ways(ways: Sequence[WayInWords], after: str | None, counts: StepCounts | None) -> None:
    """Ways that do not simply lead on to the next step, or by which members went."""
    for way in ways:
        went = counts.went_to.get(way.to or THROUGH, 0) if counts is not None else 0
        is_plain = not way.label and way.to == after
        if is_plain and not went:
            continue
        with block("line tight small"):
            icon("arrow_downward" if way.to == after else "arrow_forward").style("color: var(--ink-3)")
            label = f"{way.label}: " if way.label else ""
            text(f"{label}{'end' if way.to is None else way.to}", "muted wrap")
            if counts is not None:
                text(f"{formats.count(went)} went", "faint number")


def _messages(counts: StepCounts) -> None:
    shown = [(state, number) for state, number in counts.messages.items() if number]
    if not shown:
        return
    with block("line tight flow small"):
        for state, number in sorted(shown, key=lambda each: list(MessageState).index(each[0])):
            text(f"{formats.count(number)} {formats.words(state).lower()}", "number muted")
    if counts.excluded:
        left_out = sum(counts.excluded.values())
        with fold(f"{formats.plural(left_out, 'message')} left out, and why"), block("facts"):
            for reason, number in sorted(counts.excluded.items(), key=lambda each: -each[1]):
                text(formats.count(number), "number")
                text(formats.reason(reason), "wrap")


def _tasks(counts: StepCounts) -> None:
    shown = [f"{formats.count(counts.tasks[state])} {state.value}" for state in TaskState if counts.tasks.get(state)]
    if shown:
        text(f"Tasks: {', '.join(shown)}", "small muted number wrap")
