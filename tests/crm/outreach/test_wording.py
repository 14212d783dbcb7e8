import pytest

from crm.errors import InvalidRequest
from crm.outreach.wording import fields_of, render


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


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("Hi {{ nickname }}", "there is no field 'nickname'"),
        ("Hi {{ name", "cannot be read as a template"),
        ("{{ name.__class__ }}", "does more than name a field"),
        ("{{ name | upper }}", "does more than name a field"),
        ("{{ 10 ** 10 }}", "does more than name a field"),
        ("{% for letter in name %}{{ letter }}{% endfor %}", "does more than name a field"),
        ("{% set x = 1 %}", "does more than name a field"),
        ("{{ name() }}", "does more than name a field"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(template: str, complaint: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        fields_of(template)
    assert complaint in raised.value.message
