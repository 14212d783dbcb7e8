"""The words of a message and how a member's fields are put into them.

Templates are text with a few named fields, nothing more: no loops, no attributes, no calls. What a text may hold is
an allow-list over its parsed tree, with limits on length, places and depth. It is asked before anything is compiled or
worked out, so that no text, whoever wrote it and however it got into the store, costs more than its length.
"""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field

from crm.channels import Channel
from crm.errors import InvalidRequest

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

MAX_CHARACTERS = 20_000
"""Of one text. A long newsletter has 5,000."""
MAX_PLACES = 200
"""Fields, conditions and comments in one text."""
MAX_DEPTH = 8
"""Of conditions in conditions, and of brackets and `not` in one condition. The parser calls itself for each of them,
and Python refuses blocks that are indented a hundred times."""
MAX_EXPRESSION = 40
"""Words and signs within one pair of braces: every field of the six asked for several times over."""

ALLOWED = (
    "a text may name fields as {{ name }} and ask whether one is filled as "
    "{% if code %} … {% else %} … {% endif %}, with and, or and not; nothing else"
)

_FALLBACKS: Mapping[str, Mapping[str, str]] = {
    "en": {"name": "member", "tier": "member"},
    "zh": {"name": "会员", "tier": "会员"},
}
_SAMPLES: tuple[Mapping[str, str], ...] = (dict.fromkeys(FIELDS, "x"), dict.fromkeys(FIELDS, ""))
"""Values to try a text with: every field filled, and none."""
_CLIPPED = 60
_STATEMENTS = frozenset({"if", "elif", "else", "endif"})
_BEGINS, _ENDS = frozenset({"variable_begin", "block_begin"}), frozenset({"variable_end", "block_end"})
_PLACES = _BEGINS | {"comment_begin", "raw_begin"}
_SILENT = frozenset({"whitespace", "data", "comment", "comment_begin", "comment_end", "raw_begin", "raw_end"})
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


def fields_of(template: str) -> frozenset[str]:
    """The fields that a text uses, after it was read, compiled and rendered once with sample values.

    Raises InvalidRequest, saying what is allowed, when it holds anything else or is too long.
    """
    return _checked(template).fields


def render(template: str, values: Mapping[str, str | None], language: str) -> str:
    """The text with its fields filled in. A missing name or tier becomes a friendly word, anything else nothing.

    Raises InvalidRequest for a text that `fields_of` refuses.
    """
    fallbacks = _FALLBACKS[language]
    filled = {field: values.get(field) or fallbacks.get(field, "") for field in FIELDS}
    return _checked(template).compiled.render(filled)


class _Checked:
    """A text that passed every check."""

    def __init__(self, template: str) -> None:
        _check_characters(template)
        try:
            _check_tokens(template)
            tree = _environment().parse(template)
        except TemplateSyntaxError as error:
            said = _clipped(error.message or "")
            raise InvalidRequest(f"the text cannot be read as a template: {said}; {ALLOWED}") from error
        self.fields = _fields_in(tree)
        self.compiled: Template = _environment().from_string(tree)
        for values in _SAMPLES:
            self.compiled.render(values)


@lru_cache(maxsize=512)
def _checked(template: str) -> _Checked:
    return _Checked(template)


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)


def _check_characters(text: str) -> None:
    """Neither too long nor with characters that cannot be stored or sent."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidRequest(f"the text has {len(text):,} characters; a text may have at most {MAX_CHARACTERS:,}")
    odd = next((sign for sign in text if _is_unwritable(sign)), None)
    if odd is not None:
        raise InvalidRequest(
            f"the text holds the character U+{ord(odd):04X}, which cannot be sent; leave it out "
            "(line breaks and tabs are fine)"
        )


def _is_unwritable(sign: str) -> bool:
    """Control characters other than breaks and tabs, and halves of characters."""
    return (sign < " " and sign not in "\n\r\t") or sign == "\x7f" or "\ud800" <= sign <= "\udfff"


def _check_tokens(text: str) -> None:
    """What the parser would call itself for is counted first: it, too, must not run out of depth."""
    places = depth = signs = nested = 0
    before = ""
    for line, kind, value in _environment().lex(text):
        places += kind in _PLACES
        if kind in _BEGINS:
            signs = nested = 0
        elif kind not in _SILENT and kind not in _ENDS:
            signs += 1
            nested += _goes_deeper(kind, value)
            if before == "block_begin":
                _check_statement(line, value)
                depth += {"if": 1, "endif": -1}.get(value, 0)
            _check_value(line, kind, value)
        if kind != "whitespace":
            before = kind
        _check_measures(line, places, max(depth, nested), signs)


def _goes_deeper(kind: str, value: str) -> bool:
    return (kind == "operator" and value in "([{+-") or (kind == "name" and value == "not")


def _check_statement(line: int, word: str) -> None:
    if word not in _STATEMENTS:
        raise InvalidRequest(
            f"line {line} of the text says {{% {_clipped(word)} %}}, which does more than name a field; {ALLOWED}"
        )


def _check_value(line: int, kind: str, value: str) -> None:
    if kind in ("integer", "float"):
        raise InvalidRequest(f"line {line} of the text holds a number within braces; {ALLOWED}")
    if kind == "string" and "\\" in value:
        raise InvalidRequest(f"line {line} of the text holds a backslash within braces; write the character itself")


def _check_measures(line: int, places: int, depth: int, signs: int) -> None:
    if places > MAX_PLACES:
        raise InvalidRequest(f"the text has more than {MAX_PLACES} fields and conditions; make it shorter")
    if depth > MAX_DEPTH:
        raise InvalidRequest(
            f"line {line} of the text puts conditions or brackets more than {MAX_DEPTH} deep into one another; "
            "ask one thing after the other"
        )
    if signs > MAX_EXPRESSION:
        raise InvalidRequest(f"line {line} of the text has a condition of more than {MAX_EXPRESSION} words; shorten it")


def _fields_in(tree: nodes.Template) -> frozenset[str]:
    """The names in the tree. Raises InvalidRequest for whatever is not on the allow-list."""
    used: set[str] = set()
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, _ALLOWED_NODES):
            raise InvalidRequest(f"line {node.lineno} of the text does more than name a field; {ALLOWED}")
        if isinstance(node, nodes.Name):
            if node.name not in FIELDS:
                fields = ", ".join(f"{name} ({meaning})" for name, meaning in FIELDS.items())
                raise InvalidRequest(f"there is no field {_clipped(node.name)!r} for texts; there are: {fields}")
            used.add(node.name)
        if isinstance(node, nodes.Const):
            if not isinstance(node.value, str):
                raise InvalidRequest(f"line {node.lineno} of the text holds a value that is no text; {ALLOWED}")
            _check_characters(node.value)
        waiting.extend(node.iter_child_nodes())
    return frozenset(used)


def _clipped(words: str) -> str:
    return words if len(words) <= _CLIPPED else f"{words[:_CLIPPED]}…"
