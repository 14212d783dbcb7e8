"""What a language model is told before a conversation: its task, the day, the fields of this workspace, the rules."""

from functools import cache
from importlib.resources import files

from agent.context import TurnContext
from crm.catalog import CATALOG
from crm.fields import Field
from crm.segments.language.vocabulary import MEMBER
from tools.fence import fence

LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
MAX_VALUES = 40
"""Values of one kind (cities, tags, campaigns) that the prompt lists."""


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
        person=fence(turn.actor.display_name),
        role=turn.actor.role.value,
        language=LANGUAGE_NAMES[turn.language],
        fields="\n".join(_field_line(field) for field in CATALOG.fields),
        values="\n".join(_value_lines(turn)),
        policy=policy_page(),
    )


def _field_line(field: Field) -> str:
    """e.g. `- orders.spend: amount spent (number, money; = != > ...; window; category)`."""
    details = [", ".join((field.kind.value, *([field.unit.value] if field.unit else []))), " ".join(field.ops)]
    if field.has_windows:
        details.append("window")
    if field.qualifiers:
        details.append(", ".join(qualifier.name for qualifier in field.qualifiers))
    return f"- {field.name}: {field.label.en} ({'; '.join(details)})"


def _value_lines(turn: TurnContext) -> list[str]:
    """The names that people may use, as data. Members' names are too many and are resolved by the tools."""
    lines = []
    for name, values in turn.vocabulary.values.items():
        if name == MEMBER or not values:
            continue
        shown = " ".join(f"{fence(value)}" for value in values[:MAX_VALUES])
        rest = len(values) - MAX_VALUES
        lines.append(f"- {name}: {shown}" + (f" and {rest} more" if rest > 0 else ""))
    return lines
