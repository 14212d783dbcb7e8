"""A phrase, put together once for many members, says what the template itself would say to each."""

from hypothesis import example, given
from hypothesis import strategies as st

from crm.outreach.wording import FIELDS, MEMBER_FIELDS, Phrase, render

PARTS = st.sampled_from(
    [
        "Hello ",
        "{{ name }}",
        "{{ tier }}",
        "{{ offer }}",
        "{{ unsubscribe }}",
        "{{ name or offer }}",
        "{% if code %} with {{ code }}{% endif %}",
        "{% if name %}Dear {{ name }}{% else %}Hello{% endif %}",
        "{% if code and tier %}{{ tier }}{% endif %}",
        "{% if not goods %}soon{% endif %}",
        "\x00",
        "\n",
    ]
)
TEXTS = st.none() | st.sampled_from(["", "Ann", "{{ name }}", "a\x00b", "https://shop.example.com/"])
OWN = st.fixed_dictionaries(dict.fromkeys(sorted(MEMBER_FIELDS), TEXTS))
SHARED = st.fixed_dictionaries(dict.fromkeys(sorted(set(FIELDS) - MEMBER_FIELDS), TEXTS))


@given(
    st.lists(PARTS, max_size=6).map("".join),
    SHARED,
    st.lists(OWN, min_size=1, max_size=3),
    st.sampled_from(["en", "zh"]),
)
@example("{{ name }}, {{ offer }}", {"offer": None, "code": ""}, [dict.fromkeys(sorted(MEMBER_FIELDS))], "zh")
def test_a_phrase_reads_as_its_template(
    template: str, shared: dict[str, str | None], members: list[dict[str, str | None]], language: str
) -> None:
    phrase = Phrase(template, shared, language)
    for own in members:
        assert phrase.fill(own) == render(template, shared | own, language)
