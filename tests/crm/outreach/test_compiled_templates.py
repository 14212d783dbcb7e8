"""A letter, read once for many members, says to each what its templates would say to him alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from crm.channels import Channel
from crm.outreach.compiled_template import CompiledTemplate, Written
from crm.outreach.link_targets import journey_values
from crm.outreach.priority import Priority
from crm.outreach.spec import JourneySpec
from crm.outreach.template import Wording, render
from crm.outreach.tracked_links import MessageLinks, as_page, with_tracked_links
from tests.journeys import journey_spec, send_step

SHOP = "https://shop.example.com/tea"
PARTS = st.sampled_from(
    [
        "Hello",
        "100% %s %(name)s",
        "{{ name }}",
        "{{ tier }}",
        "{{ goods }}",
        "{{ unsubscribe }}",
        "{{ name or goods }}",
        "{% if name %}Dear {{ name }}{% else %}Hello{% endif %}",
        "{% if tier and goods %}{{ tier }}{% endif %}",
        "{% if not goods %}soon{% endif %}",
        "~name~",
        SHOP,
        f"({SHOP}).",
        f"{SHOP}?for={{{{ unsubscribe }}}}",
        "<b> &",
        "\n",
        "\n\n",
    ]
)
WORDS = st.none() | st.sampled_from(["", "Ann", "{{ name }}", "%(tier)s", "<i>&", "  ", "欧阳", "~tier~"])


@dataclass(frozen=True)
class Someone:
    name: str
    name_local: str | None
    tier: str


def links(number: int) -> MessageLinks:
    """Of one message."""
    base = f"https://post.example.com/{number}"
    return MessageLinks(unsubscribe=f"{base}/u?a&b", pixel=f"{base}/o", clicks={SHOP: f"{base}/c?a&b"})


def written_alone(
    spec: JourneySpec, words: Wording, own: Mapping[str, str | None], way: MessageLinks | None
) -> Written:
    """One template, one member: what a letter is a quicker way to."""
    values = journey_values(spec) | dict(own) | {"unsubscribe": way.unsubscribe if way else None}
    subject = render(words.subject, values, spec.language) if words.subject else None
    body = render(words.body, values, spec.language)
    if way is None:
        return Written(subject, body, None)
    if words.channel is Channel.EMAIL:
        return Written(subject, body, as_page(body, subject, way, spec.language))
    return Written(subject, with_tracked_links(body, way), None)


@given(
    st.lists(PARTS, min_size=1, max_size=7).map(" ".join),
    st.none() | st.lists(PARTS, max_size=3).map(" ".join),
    st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=4),
    st.sampled_from([Channel.EMAIL, Channel.SMS]),
    st.booleans(),
)
@example("{{ goods }}\n\n{{ name }} {{ unsubscribe }}", "{{ name }}", [(None, "", None)], Channel.EMAIL, True)
def test_a_letter_reads_as_its_templates_do(
    body: str,
    subject: str | None,
    members: list[tuple[str | None, str | None, str | None]],
    channel: Channel,
    is_tracked: bool,
) -> None:
    assume(body.strip())
    words = Wording(channel=channel, subject=subject, body=body)
    # Service adds no way out of its own, so that a letter is its templates and nothing more.
    spec = journey_spec(send_step("main", channel.value, wordings=(words,)), priority=Priority.SERVICE)
    letter = CompiledTemplate(spec, words)
    for number, (name, tier, goods) in enumerate(members):
        # A page drops blanks at its ends, whoever they are of.
        assume(not (name or "x").isspace() and not (tier or "x").isspace() and not (goods or "x").isspace())
        way = links(number) if is_tracked else None
        own = {"name": name, "tier": tier, "goods": goods}
        reader = Someone(name or "", None, tier or "")
        assert letter.write(reader, way, goods) == written_alone(spec, words, own, way)


def test_a_name_that_looks_like_a_link_or_a_paragraph_stays_a_name() -> None:
    words = Wording(channel=Channel.EMAIL, subject="Hello", body="Dear {{ name }}, see " + SHOP)
    spec = journey_spec(send_step("main", "email", wordings=(words,)), priority=Priority.SERVICE)
    odd = Someone(f"Ann\n\n{SHOP}", None, "gold")
    page = CompiledTemplate(spec, words).write(odd, links(1)).html
    assert page is not None
    assert page.count("/1/c?") == 1
    assert page.count("<p>") == 2


@pytest.mark.parametrize("name", ["Ann", "欧阳", "<i>"])
def test_an_address_that_a_name_runs_into_is_no_link(name: str) -> None:
    words = Wording(channel=Channel.SMS, body=f"{SHOP}{{{{ name }}}}, {SHOP}")
    letter = CompiledTemplate(
        journey_spec(send_step("main", "sms", wordings=(words,)), priority=Priority.SERVICE), words
    )
    assert letter.write(Someone(name, None, "gold"), links(1)).body == f"{SHOP}{name}, {links(1).clicks[SHOP]}"


def test_a_chinese_text_calls_members_by_their_local_names() -> None:
    words = Wording(channel=Channel.SMS, body="{{ name }}您好")
    spec = journey_spec(send_step("main", "sms", wordings=(words,))).model_copy(update={"language": "zh"})
    letter = CompiledTemplate(spec, words)
    assert letter.write(Someone("Li Lei", "李雷", "gold"), None).body == "李雷您好"
    assert letter.write(Someone("Ann", None, "gold"), None).body == "Ann您好"
    assert letter.write(Someone("", None, "gold"), None).body == "会员您好"
