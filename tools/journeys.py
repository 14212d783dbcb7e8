"""Tools over journeys and their tasks: look, find a member's place, draft from a template, ask for approval, hold."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import Field, JsonValue

from crm.access.actor import Permission
from crm.access.approvals import approval_for
from crm.catalog import CATALOG
from crm.journeys import service
from crm.journeys.comparison import journey_figures
from crm.journeys.finding import find_running, find_version
from crm.journeys.lookup import SUBJECT_KIND, journey_scope, versions_of
from crm.journeys.overview import summarise
from crm.journeys.reopening import mark_of
from crm.journeys.steps.kind import TimelineEntry
from crm.journeys.views import MemberWay, ways_of_member
from crm.journeys.views import show_journey as read_journey
from crm.journeys.words import journey_in_words
from crm.members.service import find_member
from crm.outreach.ledger import spec_of
from crm.outreach.models import Journey
from crm.success.service import Whose
from crm.success.service import list_tasks as read_tasks
from crm.workspace import get_workspace
from tools.base import Effect, Tool, ToolArgs, ToolContext, ToolResult
from tools.campaign_cards import standing_of
from tools.fence import fence
from tools.journey_drafting import DraftJourneyArgs, effect_of_drafting, spec_of_draft, summary_of_draft

LISTED_FOR_MODEL = 20
ENTRIES_FOR_MODEL = 12
TASKS_FOR_MODEL = 10
TASKS_ON_CARD = 100

_SUMMARIES: Mapping[str, Mapping[str, str]] = {
    "submit": {
        "en": "Ask for approval of the journey {name}: {trigger}. Nothing is sent before somebody else approves it.",
        "zh": "提交旅程“{name}”审批：{trigger}。由他人批准之前不会发送任何消息。",
    },
    "pause": {
        "en": "Pause the journey {name}; nobody enters, nobody moves on and nothing is sent until it is resumed.",
        "zh": "暂停旅程“{name}”，恢复之前无人加入、无人前进，也不发送任何消息。",
    },
    "resume": {
        "en": "Resume the journey {name}; it goes on where it was paused, and what became too late is left out.",
        "zh": "恢复旅程“{name}”，从暂停处继续；已超过时限的消息将被排除。",
    },
}


class JourneyArgs(ToolArgs):
    journey: str = Field(min_length=1, max_length=80, description="The journey's name, a part of it, or its id.")


class ListJourneysArgs(ToolArgs):
    pass


class ShowJourneyMemberArgs(JourneyArgs):
    member: str = Field(min_length=1, max_length=200, description="Name or number.")


class ListTasksArgs(ToolArgs):
    whose: Whose = Field(default="mine", description="A customer success manager sees no other's.")


def list_journeys(ctx: ToolContext, _args: ListJourneysArgs) -> ToolResult:
    """Content: {"total": 3, "shown": 3, "journeys": [{"journey_id", "name", "version", "state": "running", "trigger",
    "under_way": 12, "entered": 40, "left": 28, "has_draft": false}]}; counts are people.

    Artifact: the same with all of them.
    """
    rows = [
        {
            "journey_id": (summary.started or summary.newest).journey_id,
            "name": summary.name,
            "version": (summary.started or summary.newest).version,
            "state": summary.state.value,
            "end_reason": summary.end_reason,
            "trigger": summary.newest.trigger,
            "under_way": summary.under_way,
            "entered": summary.entered,
            "left": summary.left,
            "has_draft": summary.has_draft,
        }
        for summary in summarise(ctx.session, actor=ctx.actor)
    ]
    few = rows[:LISTED_FOR_MODEL]
    return ToolResult(
        content={"total": len(rows), "shown": len(few), "journeys": few},
        artifact={"total": len(rows), "shown": len(rows), "journeys": rows},
    )


def show_journey(ctx: ToolContext, args: JourneyArgs) -> ToolResult:
    """Content and artifact: see `_card`."""
    return _card(ctx, find_running(ctx.session, args.journey))


def show_journey_member(ctx: ToolContext, args: ShowJourneyMemberArgs) -> ToolResult:
    """Content: {"name", "member": "⟦Li Lei⟧", "ways": [{"version", "occurrence", "state", "arm": "treatment" or
    "holdout" (gets nothing), "step_key": where he stands, "step": in words, "wake_at": moves on then at the latest,
    "entries": the last ones as [{"at", "kind", "what", "detail"}]}]}. Artifact: the same with every entry.
    """
    journey = find_version(ctx.session, args.journey)
    member = find_member(ctx.session, args.member, owner_id=ctx.actor.row_owner_id)
    found = [way for way in ways_of_member(ctx.session, member.id, actor=ctx.actor) if way.journey_name == journey.name]
    facts = {"journey_id": journey.id, "name": journey.name, "member": fence(member.name)}
    return ToolResult(
        content={**facts, "ways": [_way(ctx, way, ENTRIES_FOR_MODEL) for way in found]},
        artifact={**facts, "member": member.name, "ways": [_way(ctx, way, len(way.entries)) for way in found]},
    )


def list_tasks(ctx: ToolContext, args: ListTasksArgs) -> ToolResult:
    """Content: {"total": 4, "shown": 4, "whose": "mine", "tasks": [{"task_id", "title", "member": "⟦Li Lei⟧",
    "journey", "origin", "owner", "due_at": "2026-06-04T09:00", "is_overdue"}]}, the most urgent first.
    """
    page = read_tasks(ctx.session, actor=ctx.actor, now=ctx.now, whose=args.whose, limit=TASKS_ON_CARD)
    rows = [
        {
            "task_id": line.task_id,
            "title": line.title,
            "member": line.member_name,
            "journey": line.journey_name,
            "origin": line.origin_name,
            "owner": line.owner_name,
            "due_at": _local(ctx, line.due_at),
            "is_overdue": line.is_overdue,
        }
        for line in page.lines
    ]
    few = [{**row, "member": fence(str(row["member"]))} for row in rows[:TASKS_FOR_MODEL]]
    return ToolResult(
        content={"total": page.total, "shown": len(few), "whose": args.whose, "tasks": few},
        artifact={"total": page.total, "shown": len(rows), "whose": args.whose, "tasks": rows},
    )


def draft_journey(ctx: ToolContext, args: DraftJourneyArgs) -> ToolResult:
    """Content and artifact: see `_card`, with "summary": what was drafted, and what it replaces."""
    spec = spec_of_draft(ctx, args)
    before = versions_of(ctx.session, spec.name)
    summary = summary_of_draft(ctx, spec.name, before[0] if before else None)
    mark = mark_of(before[0], before[0].spec) if before else None
    journey = service.save_draft(
        ctx.session,
        data=spec.model_dump(mode="json"),
        actor=ctx.actor,
        request_id=f"{ctx.thread_id}:{ctx.call_id}",
        now=ctx.now,
        catalog=CATALOG,
        confirmed=ctx.confirmed,
    )
    card = _card(ctx, journey)
    return ToolResult({**card.content, "summary": summary}, {**card.artifact, "summary": summary}, mark=mark)


def set_up_journey(ctx: ToolContext, args: DraftJourneyArgs) -> ToolResult:
    """Draft it and ask for its approval in one."""
    drafted = draft_journey(ctx, args)
    moved = submit_journey(ctx, JourneyArgs(journey=str(drafted.content["journey_id"])))
    summary = f"{drafted.content['summary']} {moved.content['summary']}"
    return ToolResult(
        {**moved.content, "summary": summary}, {**moved.artifact, "summary": summary}, moved.approval_id, drafted.mark
    )


def submit_journey(ctx: ToolContext, args: JourneyArgs) -> ToolResult:
    journey = find_version(ctx.session, args.journey)
    approval = service.submit(ctx.session, journey.id, actor=ctx.actor, now=ctx.now, catalog=CATALOG)
    return _moved(ctx, journey, "submit", approval.id)


def pause_journey(ctx: ToolContext, args: JourneyArgs) -> ToolResult:
    journey = find_running(ctx.session, args.journey)
    return _moved(ctx, service.pause(ctx.session, journey.id, actor=ctx.actor, now=ctx.now), "pause")


def resume_journey(ctx: ToolContext, args: JourneyArgs) -> ToolResult:
    journey = find_running(ctx.session, args.journey)
    return _moved(ctx, service.resume(ctx.session, journey.id, actor=ctx.actor, now=ctx.now), "resume")


def _moved(ctx: ToolContext, journey: Journey, move: str, approval_id: int | None = None) -> ToolResult:
    card = _card(ctx, journey)
    summary = _SUMMARIES[move][ctx.language].format(name=journey.name, trigger=card.content["trigger"])
    return ToolResult({**card.content, "summary": summary}, {**card.artifact, "summary": summary}, approval_id)


def _card(ctx: ToolContext, journey: Journey) -> ToolResult:
    """Content: {"journey_id", "name", "version", "state", "end_reason", "note", "trigger": in words, "reentry",
    "exits", "steps": [{"key", "kind", "words", "ways": [{"label", "to"}], "standing": how many are there, "tasks"}],
    "entered", "under_way", "held_out", "members_reached", "channels": [{"channel", "planned", "delivered", ...,
    "opened", "clicked"}], "ordered": {"ripe", "ordered", "share"}, "approval": its state or null}. People count once
    in "entered", "under_way", "held_out" and "members_reached"; "entries" are all entries of all their records.

    Artifact: the same with the whole spec.
    """
    seen = read_journey(ctx.session, journey.id, actor=ctx.actor, now=ctx.now)
    scope = journey_scope(ctx.session, journey, CATALOG, ctx.now)
    words = journey_in_words(spec_of(journey), scope, language=ctx.language)
    figures = journey_figures(ctx.session, [journey.id], ctx.now)
    approval = approval_for(ctx.session, SUBJECT_KIND, journey.id)
    counts = {step.key: step for step in seen.steps}
    content: dict[str, Any] = {
        "journey_id": journey.id,
        "name": journey.name,
        "version": journey.version,
        **standing_of(journey),
        "note": fence(journey.note),
        "trigger": words.trigger,
        "reentry": words.reentry,
        "exits": list(words.exits),
        "steps": [
            {**asdict(step), "standing": counts[step.key].standing, "tasks": dict(counts[step.key].tasks)}
            for step in words.steps
        ],
        "entered": figures.entered,
        "entries": figures.entries,
        "under_way": figures.under_way,
        "held_out": figures.held_out,
        "members_reached": figures.members_reached,
        "channels": [asdict(channel) for channel in figures.channels],
        "ordered": asdict(figures.treated),
        "conversion_definition": figures.conversion_definition,
        "approval": approval.state.value if approval else None,
    }
    return ToolResult(content=content, artifact={**content, "note": journey.note, "spec": journey.spec})


def _way(ctx: ToolContext, way: MemberWay, most: int) -> dict[str, Any]:
    journey = ctx.session.get_one(Journey, way.journey_id)
    words = journey_in_words(
        spec_of(journey), journey_scope(ctx.session, journey, CATALOG, ctx.now), language=ctx.language
    )
    steps = {step.key: step.words for step in words.steps}
    return {
        "version": way.version,
        "occurrence": way.occurrence,
        "state": way.state.value,
        "arm": way.arm.value,
        "step_key": way.step_key,
        "step": steps.get(way.step_key or ""),
        "wake_at": None if way.wake_at is None else _local(ctx, way.wake_at),
        "entries": [_entry(ctx, entry) for entry in way.entries[-most:]],
    }


def _entry(ctx: ToolContext, entry: TimelineEntry) -> dict[str, JsonValue]:
    return {"at": _local(ctx, entry.at), "kind": entry.kind, "what": entry.what, "detail": fence(entry.detail)}


def _local(ctx: ToolContext, moment: Any) -> str:
    return f"{moment.astimezone(get_workspace(ctx.session).zone):%Y-%m-%dT%H:%M}"


JOURNEY_TOOLS: tuple[Tool[Any], ...] = (
    Tool(
        "list_journeys",
        ListJourneysArgs,
        Effect.READ,
        Permission.READ_MEMBERS,
        list_journeys,
        "The journeys that members walk through by themselves, with state and how many are under way. Example: {}.",
    ),
    Tool(
        "show_journey",
        JourneyArgs,
        Effect.READ,
        Permission.READ_MEMBERS,
        show_journey,
        "One journey: its steps in words, who stands where, messages, opens, clicks, orders. Use it for how a journey "
        'is doing; campaigns have monitor_campaign. Example: {"journey": "welcome"}.',
    ),
    Tool(
        "show_journey_member",
        ShowJourneyMemberArgs,
        Effect.READ,
        Permission.READ_MEMBERS,
        show_journey_member,
        "Where one member is in a journey and everything that happened to him there. "
        'Example: {"journey": "welcome", "member": "Li Lei"}.',
    ),
    Tool(
        "list_tasks",
        ListTasksArgs,
        Effect.READ,
        Permission.READ_MEMBERS,
        list_tasks,
        'Open tasks that journeys gave to customer success managers. Example: {"whose": "mine"}.',
    ),
    Tool(
        "draft_journey",
        DraftJourneyArgs,
        Effect.DRAFT,
        Permission.DRAFT_CAMPAIGN,
        draft_journey,
        "Makes a draft of a journey that runs by itself from a template: whenever somebody joins, enters a stage, or "
        "has a birthday. Nothing is sent before it is submitted, approved and started. For one mailing to an audience "
        'use draft_campaign. Example: {"template": "reactivation", "tiers": ["gold"], "offers": [{"kind": '
        '"percent_off", "value": 15}], "days": 7}.',
        effect_of=effect_of_drafting(Effect.DRAFT),
    ),
    Tool(
        "set_up_journey",
        DraftJourneyArgs,
        Effect.REACH,
        Permission.SUBMIT_CAMPAIGN,
        set_up_journey,
        "Makes a journey from a template and asks a manager to approve it at once. Use it when somebody wants members "
        'to be written to automatically, e.g. "when someone becomes dormant, send ..."; draft_journey when he wants '
        'to look at it first. Example: {"template": "reactivation", "stages": ["dormant"], "channels": ["push"], '
        '"days": 7}.',
        effect_of=effect_of_drafting(Effect.REACH),
    ),
    Tool(
        "submit_journey",
        JourneyArgs,
        Effect.WRITE,
        Permission.SUBMIT_CAMPAIGN,
        submit_journey,
        'Asks a manager to approve the newest version of a journey. Example: {"journey": "welcome"}.',
    ),
    Tool(
        "pause_journey",
        JourneyArgs,
        Effect.WRITE,
        Permission.OPERATE_CAMPAIGN,
        pause_journey,
        'Holds a journey in all its versions; it can be resumed. Example: {"journey": "welcome"}.',
    ),
    Tool(
        "resume_journey",
        JourneyArgs,
        Effect.WRITE,
        Permission.OPERATE_CAMPAIGN,
        resume_journey,
        'Goes on with a paused journey, which was approved before. Example: {"journey": "welcome"}.',
    ),
)
