"""A mistake in raw arguments becomes one sentence that says what would be right."""

import pytest
from pydantic import BaseModel, ConfigDict, Field

from crm.access.actor import Permission
from crm.errors import InvalidRequest
from tools.base import Effect, Tool, ToolArgs, ToolContext, ToolResult
from tools.binding import bind_arguments


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: str


class SampleArgs(ToolArgs):
    name: str = Field(min_length=1)
    amount: int = Field(default=1, ge=1)
    parts: tuple[Part, ...] = ()


def _nothing(_ctx: ToolContext, _args: SampleArgs) -> ToolResult:
    return ToolResult({}, {})


SAMPLE = Tool("sample", SampleArgs, Effect.READ, Permission.READ_MEMBERS, _nothing, "A sample.")


@pytest.mark.parametrize(
    ("raw", "message", "path"),
    [
        ({}, "sample: name is missing; it must be given", "name"),
        ({"name": "a", "amont": 2}, "sample: there is no argument amont; did you mean amount?", "amont"),
        ({"name": "a", "zzz": 2}, "sample: there is no argument zzz; the arguments are name, amount, parts", "zzz"),
        ({"name": "a", "amount": 0}, "sample: amount = 0 does not fit: input should be greater than", "amount"),
        ({"name": "a", "parts": [{"kind": "x", "of": 1}]}, "sample: parts[0].of does not exist there", "parts[0].of"),
        ({"name": "a", "parts": [{}]}, "sample: parts[0].kind is missing", "parts[0].kind"),
    ],
)
def test_a_mistake_is_one_sentence(raw: dict[str, object], message: str, path: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        bind_arguments(SAMPLE, raw)
    assert error.value.message.startswith(message)
    assert error.value.path == path


def test_names_copied_from_a_result_lose_their_marks() -> None:
    assert bind_arguments(SAMPLE, {"name": "⟦Spring⟧", "parts": [{"kind": "⟦x⟧"}]}).name == "Spring"
