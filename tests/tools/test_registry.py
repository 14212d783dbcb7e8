"""The registry holds the product's tools, and a role gets those that its rights cover."""

import pytest

from crm.access.actor import Actor
from crm.access.models import Role
from tools.base import Effect
from tools.registry import TOOLS, tools_for

EFFECTS = {
    "query_segment": Effect.READ,
    "break_down_segment": Effect.READ,
    "explain_membership": Effect.READ,
    "explain_segment": Effect.READ,
    "list_segments": Effect.READ,
    "show_segment": Effect.READ,
    "save_segment": Effect.WRITE,
    "list_campaigns": Effect.READ,
    "show_campaign": Effect.READ,
    "plan_campaign": Effect.READ,
    "monitor_campaign": Effect.READ,
    "review_campaign": Effect.READ,
    "search_insights": Effect.READ,
    "draft_campaign": Effect.DRAFT,
    "change_campaign": Effect.DRAFT,
    "submit_campaign": Effect.WRITE,
    "approve_campaign": Effect.WRITE,
    "reject_campaign": Effect.WRITE,
    "pause_campaign": Effect.WRITE,
    "resume_campaign": Effect.WRITE,
    "cancel_campaign": Effect.WRITE,
    "export_review": Effect.WRITE,
    "schedule_campaign": Effect.REACH,
    "list_journeys": Effect.READ,
    "show_journey": Effect.READ,
    "show_journey_member": Effect.READ,
    "list_tasks": Effect.READ,
    "draft_journey": Effect.DRAFT,
    "set_up_journey": Effect.REACH,
    "submit_journey": Effect.WRITE,
    "pause_journey": Effect.WRITE,
    "resume_journey": Effect.WRITE,
}
DECIDES = {"approve_campaign", "reject_campaign"}
OPERATES = {
    "submit_campaign",
    "schedule_campaign",
    "pause_campaign",
    "resume_campaign",
    "cancel_campaign",
    "set_up_journey",
    "submit_journey",
    "pause_journey",
    "resume_journey",
}
DRAFTS = {"draft_campaign", "change_campaign", "draft_journey"}


def test_the_tools_are_those_of_the_product() -> None:
    assert {tool.name: tool.effect for tool in TOOLS} == EFFECTS
    assert len(TOOLS) == len(EFFECTS)


@pytest.mark.parametrize(
    ("role", "without"),
    [
        (Role.OPERATIONS, DECIDES),
        (Role.CSM, DECIDES | OPERATES | {"export_review"}),
        (Role.MANAGER, set()),
        (Role.ANALYST, DECIDES | OPERATES | DRAFTS | {"save_segment"}),
        (Role.ADMIN, set()),
    ],
)
def test_a_role_gets_what_its_rights_cover(role: Role, without: set[str]) -> None:
    allowed = {tool.name for tool in tools_for(Actor(1, "a", "A", role))}
    assert allowed == EFFECTS.keys() - without


def test_no_tool_takes_an_identity_a_clock_or_a_call_id() -> None:
    for tool in TOOLS:
        names = {name.lower() for name in tool.args.model_fields}
        assert not names & {"actor", "user", "account_id", "role", "now", "today", "call_id", "thread_id", "session"}
        assert tool.args.model_config["extra"] == "forbid"
        assert tool.args.model_config["frozen"] is True


def test_every_tool_tells_the_model_an_example_that_fits() -> None:
    import json

    for tool in TOOLS:
        before, example = tool.doc.split("Example: ")
        assert before
        tool.args.model_validate(json.loads(example.removesuffix(".")))
