import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.errors import InvalidRequest
from crm.outreach.template import (
    ALLOWED,
    FIELDS,
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_EXPRESSION,
    MAX_PLACES,
    fields_of,
    render,
)
from tests.conftest import examples


def test_fields_are_filled_in() -> None:
    assert render("Hi {{ name }}, {{ offer }}!", {"name": "Ann", "offer": "15% off"}, "en") == "Hi Ann, 15% off!"


@pytest.mark.parametrize(("language", "expected"), [("en", "Dear member"), ("zh", "Dear 会员")])
@pytest.mark.parametrize("name", [None, ""])
def test_a_missing_name_becomes_a_friendly_word(language: str, expected: str, name: str | None) -> None:
    assert render("Dear {{ name }}", {"name": name}, language) == expected


def test_what_a_member_typed_is_never_run() -> None:
    assert render("Hi {{ name }}", {"name": "{{ 7 * 7 }}<b>"}, "en") == "Hi {{ 7 * 7 }}<b>"


def test_a_text_may_ask_whether_a_field_is_filled() -> None:
    text = "{% if code %}Code {{ code }}{% else %}No code needed{% endif %}"
    assert render(text, {"code": "C50"}, "en") == "Code C50"
    assert render(text, {}, "en") == "No code needed"


def nested(times: int) -> str:
    return "{% if name %}" * times + "x" + "{% endif %}" * times


REFUSED = {
    "Hi {{ nickname }}": "there is no field 'nickname'",
    "你好 {{ 名字 }}": "there is no field '名字'",
    "{{ self }}": "there is no field 'self'",
    "{{ ｎame }}": "there is no field 'ｎame'",
    "Hi {{ name": "cannot be read as a template",
    "{% if name %}Hi": "cannot be read as a template",
    "{{ }}": "cannot be read as a template",
    "{# never closed": "cannot be read as a template",
    "{% endif %}": "cannot be read as a template",
    "{{ name.__class__ }}": "does more than name a field",
    "{{ ''.__class__ }}": "does more than name a field",
    "{{ name['x'] }}": "does more than name a field",
    "{{ name | upper }}": "does more than name a field",
    "{{ 'x' ~ name }}": "does more than name a field",
    "{{ 'x' * name }}": "does more than name a field",
    "{{ name, tier }}": "does more than name a field",
    "{{ [name] }}": "does more than name a field",
    "{{ name() }}": "does more than name a field",
    "{{ 'a' if name else 'b' }}": "does more than name a field",
    "{% if name is defined %}x{% endif %}": "does more than name a field",
    "{% if tier == 'gold' %}x{% endif %}": "does more than name a field",
    "您好，{{ name.__init__ }}": "does more than name a field",
    "{% for letter in name %}{{ letter }}{% endfor %}": "says {% for %}",
    "{% for i in range(10**9) %}x{% endfor %}": "says {% for %}",
    "{% set x = name %}": "says {% set %}",
    "{% macro m() %}x{% endmacro %}": "says {% macro %}",
    "{% include 'other' %}": "says {% include %}",
    "{% extends 'other' %}": "says {% extends %}",
    "{% block b %}{% endblock %}": "says {% block %}",
    "{{ 'x' * 10**9 }}": "a number within braces",
    "{{ 10 ** 10 }}": "a number within braces",
    "{{ 9**9**9**9 }}": "a number within braces",
    "{{ name|center(10**9) }}": "a number within braces",
    "{{ " + "9" * 5_000 + " }}": "a number within braces",
    "{{ 1e400 }}": "a number within braces",
    "{{ none }}": "a value that is no text",
    "{% if true %}x{% endif %}": "a value that is no text",
    "{{ '\\ud800' }}": "a backslash within braces",
    "{{ '\\q' }}": "a backslash within braces",
    "Hi \ud83d": "the character U+D83D",
    "Hi \x00": "the character U+0000",
    "Hi \x1b[31m": "the character U+001B",
    nested(MAX_DEPTH + 1): "more than 8 deep",
    nested(150): "more than 8 deep",
    "{{ " + "(" * 3_000 + "name" + ")" * 3_000 + " }}": "more than 8 deep",
    "{{ " + "[" * 3_000 + "]" * 3_000 + " }}": "more than 8 deep",
    "{{ " + "-" * 3_000 + "name }}": "more than 8 deep",
    "{% if " + "not " * 3_000 + "name %}x{% endif %}": "more than 8 deep",
    "{{ " + " ~ ".join(["name"] * 2_000) + " }}": f"more than {MAX_EXPRESSION} words",
    "{{ name" + "|upper" * 2_000 + " }}": f"more than {MAX_EXPRESSION} words",
    "{% if " + " or ".join(["name"] * 1_000) + " %}x{% endif %}": f"more than {MAX_EXPRESSION} words",
    "{{name}}" * (MAX_PLACES + 1): f"more than {MAX_PLACES} fields",
    "{% if name %}" + "{% elif tier %}" * 1_000 + "{% endif %}": f"more than {MAX_PLACES} fields",
    "{##}" * 3_000: f"more than {MAX_PLACES} fields",
    "好" * (MAX_CHARACTERS + 1): f"at most {MAX_CHARACTERS:,}",
    "{{ '" + "x" * 10**7 + "' }}": f"at most {MAX_CHARACTERS:,}",
}


@pytest.mark.parametrize(("template", "complaint"), REFUSED.items(), ids=[text[:40] for text in REFUSED])
def test_anything_else_is_refused_with_a_sentence(template: str, complaint: str) -> None:
    for use in (fields_of, lambda text: render(text, {"name": "Ann"}, "en")):
        with pytest.raises(InvalidRequest) as raised:
            use(template)
        assert complaint in raised.value.message
        assert len(raised.value.message) < 500, "the sentence does not say the text again"


def test_a_text_is_read_however_deep_the_caller_stands() -> None:
    """The parser and the compiler call themselves: their depth is bounded, so that a quarter of the stack is enough."""

    def deeper(calls: int) -> str:
        return deeper(calls - 1) if calls else render(nested(MAX_DEPTH) + condition, {"name": "Ann"}, "en")

    condition = "{% if " + "(" * (MAX_DEPTH - 1) + "not name" + ")" * (MAX_DEPTH - 1) + " %}x{% else %}y{% endif %}"
    assert deeper(sys.getrecursionlimit() * 3 // 5) == "xy"


@pytest.mark.parametrize(
    "template",
    [
        nested(MAX_DEPTH),
        "{{name}}" * MAX_PLACES,
        "好" * MAX_CHARACTERS,
        "{% if " + " or ".join(["name"] * 20) + " %}x{% endif %}",
        "{% raw %}{{ 10 ** 10 }}{% endraw %}{# a note #}",
        "{{ '{{' }} 100% {%- if not (code and offer) %} {{ name or tier }}{% endif -%} \r\n\t",
    ],
)
def test_whatever_keeps_within_the_limits_is_allowed(template: str) -> None:
    fields_of(template)
    assert render(template, {"name": "Ann"}, "zh")


def test_texts_say_what_is_allowed() -> None:
    with pytest.raises(InvalidRequest) as raised:
        fields_of("{{ name.title() }}")
    assert raised.value.message == f"line 1 of the text does more than name a field; {ALLOWED}"


EXPRESSIONS = st.recursive(
    st.sampled_from([*FIELDS, "'x'", '"您好"']),
    lambda inner: st.one_of(
        inner.map(lambda each: f"not {each}"),
        inner.map(lambda each: f"({each})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
    ),
    max_leaves=4,
)
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="{}%#"), max_size=8)
TEMPLATES = st.recursive(
    st.one_of(WORDS, EXPRESSIONS.map(lambda each: f"{{{{ {each} }}}}"), st.just("{# 备注 #}")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.tuples(EXPRESSIONS, inner, inner).map(
            lambda parts: f"{{% if {parts[0]} %}}{parts[1]}{{% else %}}{parts[2]}{{% endif %}}"
        ),
    ),
    max_leaves=6,
)
ODD_PARTS = (
    "{{ }} {% %} {# #} {%- -%} if endif else elif for set raw endraw not and or in is ( ) [ ] { } | ~ + - * ** . , : "
    "= == ' \" \\ 1 0x 1e9 name tier 名字 none self range __class__ upper call macro include"
)
SOUP = st.lists(st.one_of(st.sampled_from(ODD_PARTS.split()), st.text(max_size=2)), max_size=30).map(" ".join)


@settings(max_examples=examples(60))
@given(TEMPLATES, st.dictionaries(st.sampled_from(list(FIELDS)), st.text(max_size=5)))
def test_every_tree_of_allowed_parts_renders(template: str, values: dict[str, str]) -> None:
    assert fields_of(template) <= set(FIELDS)
    render(template, values, "en")


@settings(max_examples=examples(200))
@given(SOUP)
def test_whatever_is_written_is_allowed_or_refused(template: str) -> None:
    """No other error than the one that is told, and what is refused when drafted is refused when rendered."""
    complaint = complaint_about(template)
    if complaint is None:
        assert render(template, {"name": template}, "en") is not None
    else:
        with pytest.raises(InvalidRequest) as raised:
            render(template, {}, "en")
        assert raised.value.message == complaint


def complaint_about(template: str) -> str | None:
    try:
        fields_of(template)
    except InvalidRequest as error:
        return error.message
    return None
