"""Tools over members: who is in a segment and how it splits."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from crm.access.actor import Permission
from crm.catalog import segment_scope
from crm.errors import InvalidRequest
from crm.fields import Op
from crm.reading.fields import DayIn
from crm.segments import service
from crm.segments.definition import AllOf, Condition, Definition, parse_definition
from crm.segments.describe import describe
from crm.segments.scope import SegmentScope
from tools.base import Effect, Tool, ToolArgs, ToolContext, ToolResult
from tools.fence import fence

ROWS_FOR_MODEL = 5
ROWS_ON_CARD = 20
GROUPS_FOR_MODEL = 20
GROUPS_ON_CHART = 12

WHO = 'A segment definition, e.g. {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}; {"all": []} is everyone.'
AS_OF = "A past day: the members of that day. Leave it out for today. Fields without history are refused."


class QuerySegmentArgs(ToolArgs):
    definition: dict[str, JsonValue] = Field(description=WHO)
    order_by: dict[str, JsonValue] | None = Field(
        default=None, description='Order of a list, e.g. {"field": "orders.spend", "window_days": 90, "dir": "desc"}.'
    )
    limit: int | None = Field(default=None, ge=1, description="At most so many members, e.g. 20 for a top 20.")
    limit_percent: float | None = Field(
        default=None, gt=0, le=100, description="Instead of limit: the first so many percent in the order."
    )
    share_of: dict[str, JsonValue] | None = Field(
        default=None, description="A definition: what share of those members the segment is, e.g. all gold members."
    )
    as_of: DayIn | None = Field(default=None, description=AS_OF)


class MetricArgs(ToolArgs):
    """A window and its like, as in a definition, stand beside `field`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    fn: Literal["count", "sum", "avg", "median", "share"] = "count"
    field: str | None = Field(default=None, description="What is summed or averaged, e.g. orders.spend.")


class BreakDownSegmentArgs(ToolArgs):
    definition: dict[str, JsonValue] = Field(description=WHO)
    group_by: tuple[str, ...] = Field(
        max_length=2, description='One or two fields, e.g. ["tier"]; none for one number over all.'
    )
    metric: MetricArgs | None = Field(
        default=None,
        description='The number of each group; default: its members. E.g. {"fn": "avg", "field": "points_balance"}.',
    )
    limit: int | None = Field(default=None, ge=1, le=100, description="At most so many groups, the largest first.")
    as_of: date | None = Field(default=None, description=AS_OF)


def query_segment(ctx: ToolContext, args: QuerySegmentArgs) -> ToolResult:
    """Content: {"count": 102, "as_of": "2026-06-01", "read_back": "Members whose tier is platinum ...",
    "shown": 5, "members": [{"id": 12, "name": "⟦Zhang Min⟧", "tier": "platinum", "city": "Shanghai"}],
    "chart": {"by": "city", "groups": [{"key": "Shanghai", "count": 40}]}}. A member of an ordered list
    also has "order_value". With `share_of` also {"share_of": {"count": 900, "share": 0.113, "read_back": "..."}}.

    Artifact: definition, count, as_of, read_back, share_of, shown, members (at most 20), chart.
    """
    scope = segment_scope(ctx.session, ctx.actor, ctx.now, args.as_of)
    given = {**args.definition, "order_by": args.order_by, "limit": args.limit, "limit_percent": args.limit_percent}
    definition = read_definition(
        {key: value for key, value in given.items() if value is not None or key in args.definition}, scope
    )
    facts: dict[str, Any] = {
        "count": service.count(ctx.session, definition, scope),
        "as_of": scope.today.isoformat(),
        "read_back": read_back(definition, scope, ctx),
    }
    if args.share_of is not None:
        facts["share_of"] = _share(ctx, args.share_of, scope, facts["count"])
    rows = [asdict(row) for row in service.sample(ctx.session, definition, scope, limit=ROWS_ON_CARD)]
    chart = _chart(ctx, definition, scope)
    few = member_rows(rows[:ROWS_FOR_MODEL])
    return ToolResult(
        content={**facts, "shown": len(few), "members": few, "chart": chart},
        artifact={"definition": definition.to_json(), **facts, "shown": len(rows), "members": rows, "chart": chart},
    )


def break_down_segment(ctx: ToolContext, args: BreakDownSegmentArgs) -> ToolResult:
    """Content: {"count": 3000, "as_of": "2026-06-01", "read_back": "...", "group_by": ["tier"],
    "metric": {"fn": "avg", "field": "points_balance"}, "groups": [{"key": ["gold"], "value": 812.5, "count": 900}],
    "groups_total": 4}. Money in major units, shares from 0 to 1; a key of null holds members without a value.
    At most 20 groups.

    Artifact: the same with the definition and every group.
    """
    scope = segment_scope(ctx.session, ctx.actor, ctx.now, args.as_of)
    definition = read_definition(args.definition, scope)
    metric = service.parse_metric(args.metric.model_dump(exclude_none=True) if args.metric else None, scope.catalog)
    found = service.break_down(ctx.session, definition, scope, args.group_by, metric, limit=args.limit)
    groups = [{"key": list(group.key), "value": group.value, "count": group.count} for group in found.groups]
    facts = {
        "count": found.total,
        "as_of": found.as_of.isoformat(),
        "read_back": read_back(definition, scope, ctx),
        "group_by": list(found.group_by),
        "metric": found.metric.to_json(),
    }
    return ToolResult(
        content={**facts, "groups": groups[:GROUPS_FOR_MODEL], "groups_total": len(groups)},
        artifact={"definition": definition.to_json(), **facts, "groups": groups},
    )


def read_definition(data: Mapping[str, Any], scope: SegmentScope, argument: str = "definition") -> Definition:
    """The definition in a tool's arguments. Raises InvalidRequest whose path starts at the argument."""
    try:
        return parse_definition(data, scope.catalog)
    except InvalidRequest as error:
        path = f"{argument}.{error.path}" if error.path else argument
        raise InvalidRequest(error.message, path=path, candidates=error.candidates) from error


def read_back(definition: Definition, scope: SegmentScope, ctx: ToolContext) -> str:
    """The definition in plain words of the person's language."""
    return describe(definition, scope, language=ctx.language)


def member_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Members as a model may see them: id, name as data, tier, city. No contact detail exists here."""
    return [
        {"id": row["id"], "name": fence(row["name"]), "tier": row["tier"], "city": row["city"]}
        | ({"order_value": row["order_value"]} if row["order_value"] is not None else {})
        for row in rows
    ]


def _share(ctx: ToolContext, whole: Mapping[str, Any], scope: SegmentScope, count: int) -> dict[str, Any]:
    """How large a part of other members the counted ones are; no share of nobody."""
    definition = read_definition(whole, scope, argument="share_of")
    total = service.count(ctx.session, definition, scope)
    share = count / total if total else None
    return {"count": total, "share": share, "read_back": read_back(definition, scope, ctx)}


def _chart(ctx: ToolContext, definition: Definition, scope: SegmentScope) -> dict[str, Any]:
    """How the segment splits by tier or, where it is about one tier, by city."""
    by = "city" if _is_about_one_tier(definition) else "tier"
    found = service.break_down(ctx.session, definition, scope, (by,), service.Metric(), limit=GROUPS_ON_CHART)
    return {"by": by, "groups": [{"key": group.key[0], "count": group.count} for group in found.groups]}


def _is_about_one_tier(definition: Definition) -> bool:
    root = definition.root
    parts = root.parts if isinstance(root, AllOf) else (root,)
    return any(
        isinstance(part, Condition)
        and part.field.name == "tier"
        and part.op in (Op.EQ, Op.IN)
        and isinstance(part.value, tuple)
        and len(part.value) == 1
        for part in parts
    )


QUERY_SEGMENT = Tool(
    "query_segment",
    QuerySegmentArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    query_segment,
    "Who is in a segment and how many: use it for counts and lists of members, also for a 'top 20'. Not for splits "
    "(break_down_segment). The card shows up to 20 members; you see the count and a few. Example: "
    '{"definition": {"all": [{"field": "tier", "op": "in", "value": ["platinum"]}, '
    '{"field": "orders.count", "window_days": 30, "op": "=", "value": 0}]}}.',
)
BREAK_DOWN_SEGMENT = Tool(
    "break_down_segment",
    BreakDownSegmentArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    break_down_segment,
    "Splits a segment into groups with one number each: members, sum, average, median or share. Use it for 'by tier', "
    "'per city', 'average ... of'. Example: "
    '{"definition": {"all": []}, "group_by": ["tier"], "metric": {"fn": "avg", "field": "points_balance"}}.',
)
SEGMENT_TOOLS: tuple[Tool[Any], ...] = (QUERY_SEGMENT, BREAK_DOWN_SEGMENT)
