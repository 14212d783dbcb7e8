"""The words of a message and how a member's fields are put into them.

Templates are text with a few named fields, nothing more: no loops, no attributes, no calls. Whoever
writes one is told at once what is wrong with it.
"""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field

from crm.errors import InvalidRequest
from crm.members.models import Channel

FIELDS: Mapping[str, str] = {
    "name": "the member's name",
    "tier": "the member's tier",
    "goods": "goods that suit the member, e.g. Longjing and Jasmine Pearls",
    "offer": "the campaign's offers in words",
    "code": "the coupon code",
    "unsubscribe": "the link to opt out",
}
OFFER_FIELDS = frozenset({"offer", "code"})
"""Fields that promise something: they need an offer."""
MEMBER_FIELDS = frozenset(FIELDS) - OFFER_FIELDS
"""Fields that differ from member to member."""

_FALLBACKS: Mapping[str, Mapping[str, str]] = {
    "en": {"name": "member", "tier": "member"},
    "zh": {"name": "会员", "tier": "会员"},
}
_ALLOWED_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.Not,
    nodes.And,
    nodes.Or,
)


class Wording(BaseModel):
    """What one channel says in one variant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Channel
    variant: str = "A"
    subject: str | None = None
    body: str = Field(min_length=1)


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)


def fields_of(template: str) -> frozenset[str]:
    """The fields that a template uses. Raises InvalidRequest when it uses something that there is not."""
    try:
        tree = _environment().parse(template)
    except TemplateSyntaxError as error:
        raise InvalidRequest(f"the text cannot be read as a template: {error.message}") from error
    used = frozenset(find_undeclared_variables(tree))
    unknown = sorted(used - set(FIELDS))
    if unknown:
        fields = ", ".join(f"{name} ({meaning})" for name, meaning in FIELDS.items())
        raise InvalidRequest(f"there is no field {unknown[0]!r} for texts; there are: {fields}")
    odd = next((node for node in tree.find_all(nodes.Node) if not isinstance(node, _ALLOWED_NODES)), None)
    if odd is not None:
        raise InvalidRequest(
            f"line {odd.lineno} of the text does more than name a field or ask whether one is filled; "
            "write fields as {{ name }}"
        )
    return used


@lru_cache(maxsize=512)
def _compiled(template: str) -> Template:
    fields_of(template)
    return _environment().from_string(template)


def render(template: str, values: Mapping[str, str | None], language: str) -> str:
    """The text with its fields filled in. A missing name or tier becomes a friendly word, anything else nothing."""
    fallbacks = _FALLBACKS[language]
    filled = {field: values.get(field) or fallbacks.get(field, "") for field in FIELDS}
    return _compiled(template).render(filled)
