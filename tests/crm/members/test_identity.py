"""Addresses as people write them, and the form in which two of them are the same."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.access.policy import Policy
from crm.channels import Channel
from crm.members.identity import IdentityRules, ReadAddress, country_of, deliverable, read_address

RULES = IdentityRules(ignores_plus_tags=True, ignores_dots_at=frozenset({"gmail.com"}), phone_region="CN")


def normal(channel: Channel, given: str, rules: IdentityRules = RULES) -> str:
    read = read_address(channel, given, rules)
    assert read.problem is None, read.problem
    return read.normalised


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Ann.Lee@Example.COM", "ann.lee@example.com"),
        ("  ann@example.com\t", "ann@example.com"),
        ("ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ann@example.com"),
        ("ann+spring@example.com", "ann@example.com"),
        ("+@example.com", "+@example.com"),
        ("a.n.n+x@gmail.com", "ann@gmail.com"),
        ("a.n.n@example.com", "a.n.n@example.com"),
        ("李雷@例子.中国", "李雷@xn--fsqu00a.xn--fiqs8s"),
        ("LI@XN--FSQU00A.XN--FIQS8S", "li@xn--fsqu00a.xn--fiqs8s"),
        ("Straße@example.de", "strasse@example.de"),
        ("Ann Lee <ann@example.com>", "ann@example.com"),
        ('"Lee, Ann" <Ann@example.com>', "ann@example.com"),
        ("ann@example.com <ann@example.com>", "ann@example.com"),
        ("mailto:ann@example.com?subject=Hello", "ann@example.com"),
        ("MAILTO:Ann%40example.com", "ann@example.com"),
        ("ann@example.com.", "ann@example.com"),
        ("ann@example.com,", "ann@example.com"),
        (";ann@example.com；", "ann@example.com"),
        ("ann @ example.com", "ann@example.com"),
        ("ann@example。com", "ann@example.com"),
        ("ann\u200b@example.com\u00a0", "ann@example.com"),
        ("'ann@example.com'", "ann@example.com"),
        ('="ann@example.com"', "ann@example.com"),
        ("ann@BÜCHER.de", "ann@xn--bcher-kva.de"),
    ],
)
def test_one_mailbox_has_one_form(given: str, expected: str) -> None:
    assert normal(Channel.EMAIL, given) == expected


def test_whether_tags_and_dots_count_is_policy() -> None:
    strict = IdentityRules(ignores_plus_tags=False)
    assert normal(Channel.EMAIL, "a.nn+x@gmail.com", strict) == "a.nn+x@gmail.com"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("+86 138 1234 5678", "+8613812345678"),
        ("138-1234-5678", "+8613812345678"),
        ("０１３８１２３４５６７８", "+8613812345678"),
        ("0086 138 1234 5678", "+8613812345678"),
        ("+44 7911 123456", "+447911123456"),
        ("+1 (202) 555-0143", "+12025550143"),
        ("+86 100 0001 0001", "+8610000010001"),
    ],
)
def test_one_phone_has_one_number(given: str, expected: str) -> None:
    assert normal(Channel.SMS, given) == expected


@pytest.mark.parametrize(
    ("channel", "given", "says"),
    [
        (Channel.EMAIL, "", "@-sign"),
        (Channel.EMAIL, "ann", "@-sign"),
        (Channel.EMAIL, "ann lee@example.com", "SPACE"),
        (Channel.EMAIL, "ann@example.com, bob@example.com", "two e-mail addresses"),
        (Channel.EMAIL, "ann@example.com;bob@example.com", "two e-mail addresses"),
        (Channel.EMAIL, "ann@example.com bob@example.com", "two e-mail addresses"),
        (Channel.EMAIL, "bob@example.com <ann@example.com>", "two e-mail addresses"),
        (Channel.EMAIL, "ann@@example.com", "two e-mail addresses"),
        (Channel.EMAIL, "ann(at)example.com", "@-sign"),
        (Channel.EMAIL, "ann@example.com\r\nBcc: bob@example.com", "two e-mail addresses"),
        (Channel.EMAIL, "ann@localhost", "period"),
        (Channel.SMS, "call me", "not a phone number"),
        (Channel.SMS, "12345", "area code"),
        (Channel.SMS, "110", "too short"),
        (Channel.SMS, "+999 12345678", "not one"),
        (Channel.SMS, "(010) 6552 9988 ext. 12", "extension"),
        (Channel.PUSH, "   ", "no device token"),
        (Channel.PUSH, "two words", "spaces"),
        (Channel.MAIL, "", "no postal address"),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(channel: Channel, given: str, says: str) -> None:
    read = read_address(channel, given, RULES)
    assert (read.address, read.normalised) == (given.strip(), "")
    assert read.problem is not None
    assert says in read.problem


def test_a_national_number_needs_a_country() -> None:
    read = read_address(Channel.SMS, "138 1234 5678", IdentityRules())
    assert read.problem == "The phone number's country code is missing, and the workspace has none."


def test_device_tokens_keep_their_capitals_and_paper_does_not() -> None:
    assert normal(Channel.PUSH, " aB:c ") == "aB:c"
    assert normal(Channel.MAIL, "1  Main St\n Springfield") == "1 main st springfield"


def test_the_country_of_numbers_is_that_of_the_workspace_unless_the_policy_says_otherwise() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert IdentityRules.of(Policy(), berlin).phone_region == "DE"
    assert IdentityRules.of(Policy(phone_region="CN"), berlin).phone_region == "CN"
    assert country_of("UTC") is None


def test_a_channel_is_handed_the_number_for_networks_and_the_mailbox_as_its_owner_writes_it() -> None:
    assert deliverable(Channel.SMS, "138 1234 5678", "+8613812345678") == "+8613812345678"
    assert deliverable(Channel.EMAIL, "Ａnn+x@Example.com", "ann@example.com") == "Ann+x@Example.com"
    assert deliverable(Channel.EMAIL, "Ann Lee <Ann@Example.com>,", "ann@example.com") == "Ann@Example.com"


@given(st.sampled_from(Channel), st.text(max_size=40))
def test_every_text_is_either_read_or_has_a_reason_and_reading_again_changes_nothing(
    channel: Channel, text: str
) -> None:
    read = read_address(channel, text, RULES)
    assert (read.problem is None) is (read.normalised != "")
    if read.normalised:
        assert read_address(channel, read.normalised, RULES) == ReadAddress(read.normalised, read.normalised, None)
