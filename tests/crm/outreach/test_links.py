"""Signed links: ours are read, everybody else's are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.outreach.links import Links, LinkToken, Purpose

KEY, OTHER = b"k" * 32, b"o" * 32
LINKS = Links((KEY,), "https://post.example")
ids = st.integers(min_value=0, max_value=2**31 - 1)


@given(ids, ids)
def test_what_was_signed_is_read_for_its_purpose_only(message_id: int, link_id: int) -> None:
    tokens = [
        LinkToken(Purpose.OPEN, message_id),
        LinkToken(Purpose.CLICK, message_id, link_id),
        LinkToken(Purpose.UNSUBSCRIBE, message_id),
    ]
    for token in tokens:
        written = LINKS.sign(token)
        assert LINKS.read(written, token.purpose) == token
        assert all(LINKS.read(written, purpose) is None for purpose in Purpose if purpose is not token.purpose)


@given(st.data())
def test_no_changed_character_passes(data: st.DataObject) -> None:
    written = LINKS.sign(LinkToken(Purpose.CLICK, 123_456, 7))
    place = data.draw(st.integers(0, len(written) - 1))
    sign = data.draw(st.sampled_from("ABCxyz019-_").filter(lambda sign: sign != written[place]))
    assert LINKS.read(written[:place] + sign + written[place + 1 :], Purpose.CLICK) is None


@given(st.text(max_size=60))
def test_nothing_else_is_read_and_nothing_fails(written: str) -> None:
    assert all(LINKS.read(written, purpose) is None for purpose in Purpose)


def test_links_that_are_out_outlive_a_new_key_but_not_the_loss_of_their_own() -> None:
    written = LINKS.sign(LinkToken(Purpose.UNSUBSCRIBE, 5))
    rotated = Links((KEY, OTHER))
    assert rotated.read(written, Purpose.UNSUBSCRIBE) == LinkToken(Purpose.UNSUBSCRIBE, 5)
    assert Links((OTHER,)).read(written, Purpose.UNSUBSCRIBE) is None
    new = rotated.sign(LinkToken(Purpose.UNSUBSCRIBE, 5))
    assert LINKS.read(new, Purpose.UNSUBSCRIBE) is None


def test_addresses_are_short_of_one_length_and_name_the_message_alone() -> None:
    assert {len(LINKS.unsubscribe(number)) for number in (1, 2**31 - 1)} == {len("https://post.example/u/") + 20}
    assert {len(LINKS.click(number, number)) for number in (1, 2**31 - 1)} == {len("https://post.example/t/c/") + 26}
    assert LINKS.open_pixel(1).startswith("https://post.example/t/o/")
    assert LINKS.open_pixel(1).endswith(".gif")
    assert Links((KEY,)).unsubscribe(1).startswith("/u/")


def test_a_key_is_never_shown() -> None:
    assert "kkkk" not in repr(LINKS)


@pytest.mark.parametrize("token", ["", "=", "AAAA", "A" * 20, "é" * 20, "A" * 10_000])
def test_odd_tokens_are_no_tokens(token: str) -> None:
    assert LINKS.read(token, Purpose.UNSUBSCRIBE) is None
