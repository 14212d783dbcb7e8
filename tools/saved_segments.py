"""Tools over saved segments: keep a definition under a name, and look at what is kept."""

from dataclasses import asdict
from typing import Any

from pydantic import Field, JsonValue

from crm.access.actor import Permission
from crm.access.models import Account
from crm.campaigns.subscribers import builders_on
from crm.catalog import CATALOG, segment_scope
from crm.segments import history, saved
from crm.segments.definition import parse_definition
from crm.segments.history import SegmentState, Standing
from crm.segments.models import Segment
from crm.workspace import get_workspace
from tools.base import Effect, Tool, ToolArgs, ToolContext, ToolResult
from tools.fence import fence
from tools.segments import WHO, read_back, read_definition

LISTED_FOR_MODEL = 20
DAYS_FOR_MODEL = 7
DAYS_ON_CARD = 60
EVENTS_FOR_MODEL = 5
EVENTS_ON_CARD = 20


class SaveSegmentArgs(ToolArgs):
    name: str = Field(min_length=1, max_length=saved.MAX_NAME_LENGTH, description="Under which name, e.g. Lapsed gold.")
    definition: dict[str, JsonValue] = Field(description=WHO)
    description: str | None = Field(default=None, max_length=500, description="What it is for, in the person's words.")


class ListSegmentsArgs(ToolArgs):
    state: SegmentState | None = Field(default=None, description="Only segments that are fresh, stale or failed.")


class ShowSegmentArgs(ToolArgs):
    segment: str = Field(min_length=1, max_length=saved.MAX_NAME_LENGTH, description="The segment's name or id.")


def save_segment(ctx: ToolContext, args: SaveSegmentArgs) -> ToolResult:
    """Content and artifact: see `_facts`, with "summary": what was saved, as one sentence."""
    definition = read_definition(args.definition, segment_scope(ctx.session, ctx.actor, ctx.now))
    segment = saved.put_segment(
        ctx.session,
        name=args.name,
        changes=saved.SegmentChanges(description=args.description, definition=definition.to_json()),
        actor=ctx.actor,
        now=ctx.now,
        catalog=CATALOG,
        subscribers=builders_on,
    )
    facts, definition_json = _facts(ctx, segment), segment.definition
    return ToolResult(
        content={**facts, "summary": _summary(ctx, segment, facts)},
        artifact={**facts, "summary": _summary(ctx, segment, facts), "definition": definition_json},
    )


def list_segments(ctx: ToolContext, args: ListSegmentsArgs) -> ToolResult:
    """Content: {"total": 5, "shown": 5, "segments": [{"segment_id", "name", "count": 120, "state": "fresh",
    "state_reason": null, "evaluated_at": "2026-06-01T09:00"}]}, by name. Artifact: the same with all of them.
    """
    segments = saved.list_segments(ctx.session)
    standings = history.standings(ctx.session, ctx.now, CATALOG)
    counts = history.counts(ctx.session, segments, ctx.actor.row_owner_id)
    rows = [
        _row(ctx, segment, standings[segment.id], counts[segment.id])
        for segment in segments
        if args.state in (None, standings[segment.id].state)
    ]
    few = rows[:LISTED_FOR_MODEL]
    return ToolResult(
        content={"total": len(rows), "shown": len(few), "segments": few},
        artifact={"total": len(rows), "shown": len(rows), "segments": rows},
    )


def show_segment(ctx: ToolContext, args: ShowSegmentArgs) -> ToolResult:
    """Content: see `_facts`, with "days": the last week as [{"on", "count", "entered", "left"}] (none for a CSM),
    "events": who came and went last, as [{"name": "⟦Li Lei⟧", "kind": "left", "at": "2026-06-01T09:00"}],
    "versions": how many, "subscribers": [{"kind", "name", "state"}].

    Artifact: the same with definition, up to 60 days, and every version.
    """
    segment = saved.find_segment(ctx.session, args.segment)
    found = [] if ctx.actor.row_owner_id else history.days(ctx.session, segment, limit=DAYS_ON_CARD)
    days = [{"on": day.on.isoformat(), "count": day.count, "entered": day.entered, "left": day.left} for day in found]
    subscribers = [
        {"kind": each.kind, "name": each.name, "state": each.state} for each in builders_on(ctx.session, segment.id)
    ]
    versions = [
        {**asdict(version), "changed_at": version.changed_at.isoformat()}
        for version in history.versions(ctx.session, segment)
    ]
    facts = {**_facts(ctx, segment), "subscribers": subscribers}
    events = _events(ctx, segment)
    few = [{**event, "name": fence(event["name"])} for event in events[:EVENTS_FOR_MODEL]]
    return ToolResult(
        content={**facts, "days": days[:DAYS_FOR_MODEL], "events": few, "versions": len(versions)},
        artifact={**facts, "days": days, "events": events, "versions": versions, "definition": segment.definition},
    )


def _events(ctx: ToolContext, segment: Segment) -> list[dict[str, Any]]:
    """Who came and went, the newest first."""
    zone = get_workspace(ctx.session).zone
    found = history.events(ctx.session, segment, ctx.actor.row_owner_id, limit=EVENTS_ON_CARD)
    return [
        {"name": each.member_name, "kind": each.kind.value, "at": f"{each.at.astimezone(zone):%Y-%m-%dT%H:%M}"}
        for each in found
    ]


def _facts(ctx: ToolContext, segment: Segment) -> dict[str, Any]:
    """{"segment_id", "name", "count": members of whom the person sees all or his own, "state": "fresh", "stale" or
    "failed", "state_reason", "evaluated_at": local time, "version", "owner", "description", "read_back", "as_of"}.
    """
    scope = segment_scope(ctx.session, ctx.actor, ctx.now)
    standing = history.standings(ctx.session, ctx.now, CATALOG)[segment.id]
    count = history.counts(ctx.session, [segment], ctx.actor.row_owner_id)[segment.id]
    return {
        **_row(ctx, segment, standing, count),
        "version": segment.version,
        "owner": ctx.session.get_one(Account, segment.owner_id).display_name,
        "description": fence(segment.description),
        "read_back": read_back(parse_definition(segment.definition, CATALOG), scope, ctx),
        "as_of": scope.today.isoformat(),
    }


def _row(ctx: ToolContext, segment: Segment, standing: Standing, count: int) -> dict[str, Any]:
    evaluated_at = segment.evaluated_at.astimezone(get_workspace(ctx.session).zone)
    return {
        "segment_id": segment.id,
        "name": segment.name,
        "count": count,
        "state": standing.state.value,
        "state_reason": standing.reason,
        "evaluated_at": f"{evaluated_at:%Y-%m-%dT%H:%M}",
    }


def _summary(ctx: ToolContext, segment: Segment, facts: dict[str, Any]) -> str:
    is_new, count, words = segment.version == 1, facts["count"], facts["read_back"]
    if ctx.language == "zh":
        done = f"保存新分组“{segment.name}”" if is_new else f"将“{segment.name}”更新为第 {segment.version} 版"
        return f"{done}（{count:,} 名会员）：{words}"
    done = f"Save {segment.name} as a new segment" if is_new else f"Make version {segment.version} of {segment.name}"
    return f"{done}, {count:,} member{'' if count == 1 else 's'}: {words}"


SAVE_SEGMENT = Tool(
    "save_segment",
    SaveSegmentArgs,
    Effect.WRITE,
    Permission.SAVE_SEGMENT,
    save_segment,
    "Keeps a definition under a name, up to date from then on, for everybody to use and build on; a name that exists "
    "gets a new version. Use it when somebody asks to save or keep a segment. Write people's names instead of @me. "
    'Example: {"name": "Lapsed gold", "definition": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}}.',
)
LIST_SEGMENTS = Tool(
    "list_segments",
    ListSegmentsArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    list_segments,
    'The saved segments by name, with their size and whether it is up to date. Example: {"state": "failed"}.',
)
SHOW_SEGMENT = Tool(
    "show_segment",
    ShowSegmentArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    show_segment,
    "One saved segment: size, state, age, how it came and went, versions, and what builds on it. For its members use "
    "query_segment with the condition on the field segment. "
    'Example: {"segment": "Lapsed gold"}.',
)
SAVED_SEGMENT_TOOLS: tuple[Tool[Any], ...] = (SAVE_SEGMENT, LIST_SEGMENTS, SHOW_SEGMENT)
