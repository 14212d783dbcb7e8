"""What a language model is told before a conversation: its task, the day, the fields of this workspace, the rules."""

from functools import cache
from importlib.resources import files

from agent.context import TurnContext
from crm.catalog import CATALOG

LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
MAX_VALUES = 40
"""Values of one kind (cities, tags, ...) that the prompt lists."""


@cache
def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def policy_page() -> str:
    return _text("agent", "policy.md")


def system_prompt(turn: TurnContext) -> str:
    """The prompt for one turn. Everything in it comes from the code, the catalog and the workspace."""
    return _text("agent.prompts", "system.md").format(
        weekday=f"{turn.today:%A}",
        today=turn.today.isoformat(),
        zone=turn.zone.key,
        currency=turn.currency,
        person=turn.actor.display_name,
        role=turn.actor.role.value,
        language=LANGUAGE_NAMES[turn.language],
        fields=_fields(),
        values=_values(turn),
        policy=policy_page(),
    )
