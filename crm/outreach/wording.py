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
_MARK = "\x00"
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


class Phrase:
    """A template in which only the member's fields are still open; filling them in gives what `render` gives.

    A batch has one text for hundreds of members. Where no condition looks at a member's field, all that differs
    between them is put between pieces that are the same.
    """

    def __init__(self, template: str, values: Mapping[str, str | None], language: str) -> None:
        self._template, self._values, self._language = template, values, language
        self._pieces: list[str] | None = None
        """The same text and a member's field in turn; None where the template has to be read anew each time."""
        if not _asks_about_members(template) and not any(
            _MARK in (text or "") for text in (template, *values.values())
        ):
            marked = {**values, **{field: f"{_MARK}{field}{_MARK}" for field in MEMBER_FIELDS}}
            self._pieces = render(template, marked, language).split(_MARK)

    def fill(self, own: Mapping[str, str | None]) -> str:
        """The text for one member, by his fields."""
        if self._pieces is None:
            return render(self._template, {**self._values, **own}, self._language)
        fallbacks = _FALLBACKS[self._language]
        return "".join(
            [
                own.get(piece) or fallbacks.get(piece, "") if place % 2 else piece
                for place, piece in enumerate(self._pieces)
            ]
        )


@lru_cache(maxsize=512)
def _asks_about_members(template: str) -> bool:
    """Whether more depends on a member's field than what stands in its place."""
    tree = _environment().parse(template)
    conditions = [
        *(node.test for node in tree.find_all(nodes.If)),
        *tree.find_all((nodes.Not, nodes.And, nodes.Or)),
    ]
    named = {name.name for condition in conditions for name in _names_in(condition)}
    return not named.isdisjoint(MEMBER_FIELDS)


def _names_in(node: nodes.Node) -> list[nodes.Name]:
    return [*([node] if isinstance(node, nodes.Name) else []), *node.find_all(nodes.Name)]


@lru_cache(maxsize=512)
def _compiled(template: str) -> Template:
    fields_of(template)
    return _environment().from_string(template)


def render(template: str, values: Mapping[str, str | None], language: str) -> str:
    """The text with its fields filled in. A missing name or tier becomes a friendly word, anything else nothing."""
    fallbacks = _FALLBACKS[language]
    filled = {field: values.get(field) or fallbacks.get(field, "") for field in FIELDS}
    return _compiled(template).render(filled)
