"""Tools that explain a segment: why a member is in or out, who is at its edge, what each condition costs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import Field, JsonValue

from crm.access.actor import Permission
from crm.catalog import segment_scope
from crm.members.service import find_member
from crm.reading.fields import DayIn
from crm.segments.boundary import BoundaryMember, boundary_examples
from crm.segments.explain import LeafVerdict, definition_behind, explain_member
from crm.segments.marginal import marginal_counts
from tools.base import Effect, Tool, ToolArgs, ToolContext, ToolResult
from tools.fence import fence
from tools.segments import AS_OF, WHO, read_back, read_definition

EXAMPLES_FOR_MODEL = 5
PARTS_FOR_MODEL = 12


class ExplainMembershipArgs(ToolArgs):
    definition: dict[str, JsonValue] = Field(description=WHO)
    member: str = Field(min_length=1, max_length=80, description="A member's name or number.")
    as_of: DayIn | None = Field(default=None, description=AS_OF)


class ExplainSegmentArgs(ToolArgs):
    definition: dict[str, JsonValue] = Field(description=WHO)
    as_of: DayIn | None = Field(default=None, description=AS_OF)


def explain_membership(ctx: ToolContext, args: ExplainMembershipArgs) -> ToolResult:
    """Content: {"member": {"id": 12, "name": "⟦Zhang Min⟧"}, "is_member": false, "as_of": "2026-06-01",
    "read_back": "...", "missed": ["tier is gold"], "conditions": [{"words": "tier is gold", "value": "silver",
    "verdict": false, "missing": null, "rank": null}], "rank": null}. A verdict of null means that the value named
    by `missing` is not known. A rank is {"place": 151, "ranked": 3000, "places": 150, "cut_off": 12800.5}: the
    member's place, how many are ranked, how many places lead in, the value of the last one in.

    Artifact: the same with the definition and each condition's path, field, operator and threshold; no fence.
    """
    scope = segment_scope(ctx.session, ctx.actor, ctx.now, args.as_of)
    asked = read_definition(args.definition, scope)
    member = find_member(ctx.session, args.member, owner_id=scope.row_owner_id)
    definition = definition_behind(ctx.session, asked, scope)
    found = explain_member(ctx.session, definition, scope, member.id, language=ctx.language)
    rank = asdict(found.rank) if found.rank else None
    facts = {
        "is_member": found.is_member,
        "as_of": scope.today.isoformat(),
        "read_back": read_back(definition, scope, ctx),
        "missed": [words for path, words in found.missed],
        "rank": rank,
    }
    return ToolResult(
        content={
            "member": {"id": member.id, "name": fence(member.name)},
            **facts,
            "conditions": [_leaf_for_model(leaf) for leaf in found.conditions],
        },
        artifact={
            "definition": asked.to_json(),
            "member": {"id": member.id, "name": member.name},
            **facts,
            "conditions": [asdict(leaf) for leaf in found.conditions],
        },
    )


def explain_segment(ctx: ToolContext, args: ExplainSegmentArgs) -> ToolResult:
    """Content: {"count": 57, "as_of": "2026-06-01", "read_back": "...", "conditions": [{"path": "all[1]",
    "words": "city is Shanghai", "without": 412, "difference": 355}], "just_out": [{"id": 12,
    "name": "⟦Zhang Min⟧", "tier": "gold", "city": "Shanghai", "words": "...", "measured": "amount spent",
    "value": 4950, "distance": 50, "unit": "money"}], "just_in": [...]}. `without` counts the members who meet
    everything else; `distance` is how far the value is from changing the verdict.

    Artifact: the same with the definition, every example and every condition; no fence.
    """
    scope = segment_scope(ctx.session, ctx.actor, ctx.now, args.as_of)
    asked = read_definition(args.definition, scope)
    definition = definition_behind(ctx.session, asked, scope)
    counts = marginal_counts(ctx.session, definition, scope, language=ctx.language)
    edge = boundary_examples(ctx.session, definition, scope, language=ctx.language)
    facts = {
        "count": counts.count,
        "as_of": scope.today.isoformat(),
        "read_back": read_back(definition, scope, ctx),
    }
    conditions = [
        {"path": part.path, "words": part.words, "without": part.count, "difference": part.difference}
        for part in counts.parts
    ]
    just_out, just_in = [asdict(each) for each in edge.just_out], [asdict(each) for each in edge.just_in]
    return ToolResult(
        content={
            **facts,
            "conditions": conditions[:PARTS_FOR_MODEL],
            "just_out": _examples_for_model(edge.just_out),
            "just_in": _examples_for_model(edge.just_in),
        },
        artifact={
            "definition": asked.to_json(),
            **facts,
            "conditions": conditions,
            "conditions_total": counts.parts_total,
            "just_out": just_out,
            "just_in": just_in,
        },
    )


def _leaf_for_model(leaf: LeafVerdict) -> Mapping[str, Any]:
    return {
        "words": leaf.words,
        "value": leaf.value,
        "verdict": leaf.verdict,
        "missing": leaf.missing,
        "rank": asdict(leaf.rank) if leaf.rank else None,
    }


def _examples_for_model(examples: Sequence[BoundaryMember]) -> list[dict[str, Any]]:
    return [
        {
            "id": each.id,
            "name": fence(each.name),
            "tier": each.tier,
            "city": each.city,
            "words": each.words,
            "measured": each.measured,
            "value": each.value,
            "distance": each.distance,
            "unit": each.unit,
        }
        for each in examples[:EXAMPLES_FOR_MODEL]
    ]


EXPLAIN_MEMBERSHIP = Tool(
    "explain_membership",
    ExplainMembershipArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    explain_membership,
    "Why a member is, or is not, in a segment, condition by condition, with his value and his place where places "
    "decide. A saved segment is a condition on the field segment. Example: "
    '{"definition": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}, "member": "Zhang Min"}.',
)
EXPLAIN_SEGMENT = Tool(
    "explain_segment",
    ExplainSegmentArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    explain_segment,
    "What makes up a segment: how many members each condition costs, who just misses it and who is only just in. Use "
    "it for 'which condition costs the most', 'who just missed it'. Not for one named member (explain_membership). "
    'Example: {"definition": {"all": [{"field": "orders.spend", "window_days": 90, "op": ">=", "value": 5000}]}}.',
)
EXPLANATION_TOOLS: tuple[Tool[Any], ...] = (EXPLAIN_MEMBERSHIP, EXPLAIN_SEGMENT)
