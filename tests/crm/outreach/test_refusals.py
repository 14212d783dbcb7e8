"""What answers of real mail servers and gateways say of the address that was written to."""

import pytest

from crm.outreach.channels.refusals import Refusal, refusal_by_mail, refusal_by_words, without_addresses

DEAD, RECIPIENT, OTHER = Refusal.DEAD, Refusal.RECIPIENT, Refusal.OTHER

AT_RECIPIENT = [
    # Codes that leave no doubt, with the words of large providers.
    ("550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown in virtual mailbox table", DEAD),
    ("550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking", DEAD),
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient bob@example.org not found by SMTP address lookup", DEAD),
    ("550-5.1.1 no mailbox", DEAD),
    ("511 5.1.1 unknown address or alias: bob@example.org", DEAD),
    ("550 5.1.2 Host unknown (Name server: example.invalid: host not found)", DEAD),
    ("556 5.1.10 Domain does not accept mail (nullMX)", DEAD),
    ("553 sorry, no mailbox here by that name (#5.1.1)", DEAD),
    # Words that leave no doubt, without a code.
    ("550 No such user here", DEAD),
    ("550 No Such User Here", DEAD),
    ("550 user unknown", DEAD),
    ("550 Unknown user", DEAD),
    ("550 mailbox not found", DEAD),
    ("550 User not found: bob@163.example", DEAD),
    ("550 <bob@example.org> recipient does not exist", DEAD),
    ("554 delivery error: dd This user doesn't have a yahoo.example account (bob@yahoo.example) [0]", DEAD),
    ("550 Invalid recipient bob@example.org", DEAD),
    ('550 unknown local-part "bob" in domain example.org', DEAD),
    ("550 Requested mail action not taken: no such mailbox", DEAD),
    ("550 5.5.0 user unknown", DEAD),
    ("550 5.0.0 <bob@example.org>... User unknown", DEAD),
    ("550 The recipient bob@mail.example.org was not found here", DEAD),
    ("550 user <bob.bob@example.org> does not exist", DEAD),
    ("550 用户不存在", DEAD),
    ("550 收件人不存在", DEAD),
    ("550 没有此用户", DEAD),
    ("550 该邮箱不存在", DEAD),
    ("550 无效收件人", DEAD),
    # Refusals of the recipient that may have another reason.
    ("550 Requested action not taken: mailbox unavailable", RECIPIENT),
    ("550 5.5.0 Requested action not taken: mailbox unavailable", RECIPIENT),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", RECIPIENT),
    ("550 #5.1.0 Address rejected.", RECIPIENT),
    ("550 5.2.1 The email account that you tried to reach is disabled.", RECIPIENT),
    ("550 Unrouteable address", RECIPIENT),
    ("551 User not local; please try elsewhere", RECIPIENT),
    ("553 mailbox name not allowed", RECIPIENT),
    ("550 Mailbox unavailable or access denied", RECIPIENT),
    ("550 <bob@example.org>: Recipient address rejected", RECIPIENT),
    ("550", RECIPIENT),
    # About us, the message, a full mailbox, or for a while.
    ("550 5.7.1 Service unavailable; client host [192.0.2.1] blocked using Spamhaus", OTHER),
    ("550 5.7.1 user unknown", OTHER),
    ("550-5.7.26 This message does not pass authentication checks (SPF and DKIM both do not pass)", OTHER),
    ("550 5.7.0 Local Policy Violation", OTHER),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", OTHER),
    ("554 5.7.1 <bob@example.org>: Relay access denied", OTHER),
    ("552 5.2.2 Mailbox full", OTHER),
    ("550 5.2.2 user over quota", OTHER),
    ("552 Requested mail action aborted: exceeded storage allocation", OTHER),
    ("550 The user's mailbox is full, user unknown to have space", OTHER),
    ("550 邮箱已满", OTHER),
    ("550 relay not permitted", OTHER),
    ("550 Administrative prohibition", OTHER),
    ("550 Sender verify failed", OTHER),
    ("550 Ip frequency limited", OTHER),
    ("550 Mail content denied", OTHER),
    ("550 Connection denied", OTHER),
    ("550 rejected", OTHER),
    ("550 发件人被列入黑名单", OTHER),
    ("550 5.1.1 blocked by our policy", OTHER),
    ("550 5.1.8 Bad sender address", OTHER),
    ("550 5.3.4 Message too big for system", OTHER),
    ("550 4.2.1 mailbox unavailable", OTHER),
    ("554 5.3.0 service refused", OTHER),
    ("554 Transaction failed", OTHER),
    ("554 5.6.0 Message content rejected", OTHER),
    ("550 greylisted, try again later", OTHER),
    ("450 4.1.1 user unknown", OTHER),
    ("451 4.7.1 no such user, come back", OTHER),
    ("421 4.7.0 too many connections", OTHER),
    ("550 client 5.1.1.20 is listed", OTHER),
]


@pytest.mark.parametrize(("words", "meant"), AT_RECIPIENT)
def test_what_a_mail_server_means(words: str, meant: Refusal) -> None:
    assert refusal_by_mail(int(words[:3]), words, at_recipient=True) is meant


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("554 5.7.1 looks like spam", OTHER),
        ("550 rejected", OTHER),
        ("550 message refused", OTHER),
        ("550 Requested action not taken", OTHER),
        ("550 5.1.1 user unknown", DEAD),
        ("550 no such user", DEAD),
        ("554 rejected due to virus, user unknown", OTHER),
    ],
)
def test_what_it_means_once_it_has_seen_the_content(words: str, meant: Refusal) -> None:
    assert refusal_by_mail(int(words[:3]), words, at_recipient=False) is meant


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("no such number", DEAD),
        ("Unknown subscriber", DEAD),
        ("invalid phone number", DEAD),
        ("空号", DEAD),
        ("NotRegistered", DEAD),
        ("BadDeviceToken", DEAD),
        ("550 5.1.1 no such user", DEAD),
        ("5.1.1 (bad destination mailbox address)", DEAD),
        ("subscriber barred", RECIPIENT),
        ("number switched off for good", RECIPIENT),
        ("号码停机", RECIPIENT),
        ("5.2.2 mailbox full", OTHER),
        ("552 quota exceeded", OTHER),
        ("5.7.1 rejected by policy", OTHER),
        ("421 try later", OTHER),
        ("blocked as spam", OTHER),
        ("content rejected", OTHER),
        ("refused with status 400", OTHER),
        ("", OTHER),
        ("内容被拦截", OTHER),
    ],
)
def test_what_a_gateway_means(words: str, meant: Refusal) -> None:
    assert refusal_by_words(words) is meant


@pytest.mark.parametrize("shape", ["x", "5.", "没有", "无效的", "a.b-", "<", "@", "a@"])
def test_words_of_any_length_are_read_in_linear_time(shape: str) -> None:
    """Tried from each letter anew, words of this length would take minutes."""
    words = shape * (200_000 // len(shape))
    assert refusal_by_mail(550, words, at_recipient=True) in Refusal
    assert without_addresses(f"{words} gone").endswith("gone")
