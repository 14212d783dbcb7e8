"""What a channel's setting may say, and that no error tells its secrets."""

import pytest

from crm.channels import Channel
from crm.errors import InvalidRequest
from crm.outreach.channels.opening import ChannelSetting, open_adapters
from crm.outreach.channels.outbox import OutboxAdapter
from crm.outreach.channels.urls import AppriseService, Encryption, Gateway, MailServer, Outbox, read_channel_url

SECRET = "s3cret-s3cret-s3cret"


def read(url: str, channel: Channel = Channel.EMAIL) -> object:
    return read_channel_url(url, channel, variable="NURTURE_CHANNEL_EMAIL")


def test_a_mail_server_with_everything() -> None:
    url = "smtp://club%40x:p%40ss@mail.example.com:2525?from=Club%20%3Cclub@example.com%3E&reply_to=desk@example.com"
    server = read(url)
    assert isinstance(server, MailServer)
    assert (server.host, server.port, server.encryption) == ("mail.example.com", 2525, Encryption.STARTTLS)
    assert (server.user, server.password) == ("club@x", "p@ss")
    assert (server.sender_name, server.sender, server.reply_to) == ("Club", "club@example.com", "desk@example.com")


@pytest.mark.parametrize(
    ("scheme", "port", "encryption"), [("smtp", 587, Encryption.STARTTLS), ("smtps", 465, Encryption.TLS)]
)
def test_the_usual_ports(scheme: str, port: int, encryption: Encryption) -> None:
    server = read(f"{scheme}://mail.example.com?from=club@example.com")
    assert isinstance(server, MailServer)
    assert (server.port, server.encryption) == (port, encryption)


def test_a_gateway_keeps_its_own_query_and_loses_the_secret() -> None:
    gateway = read(f"webhook+https://:{SECRET}@sms.example.com:8443/v2/send?key=abc#keys=honoured&receipts=no")
    assert isinstance(gateway, Gateway)
    assert gateway.url == "https://sms.example.com:8443/v2/send?key=abc"
    assert (gateway.secret, gateway.honours_idempotency_key, gateway.sends_receipts) == (SECRET, True, False)


def test_a_gateway_is_not_trusted_with_repeats_unless_told() -> None:
    gateway = read(f"webhook+https://:{SECRET}@sms.example.com/send")
    assert isinstance(gateway, Gateway)
    assert (gateway.honours_idempotency_key, gateway.sends_receipts) == (False, True)


def test_the_outbox_and_apprise() -> None:
    assert read("outbox:") == Outbox()
    assert read("apprise+ntfy://ntfy.sh/{address}", Channel.PUSH) == AppriseService("ntfy://ntfy.sh/{address}")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "begin with outbox:"),
        (f"http://{SECRET}@x", "begin with outbox:"),
        (f"outbox:{SECRET}", "begin with outbox:"),
        (f"smtp://u:{SECRET}#@mail.example.com?from=a@b.c", "no URL"),
        (f"smtp://u:{SECRET}@mail.example.com:port?from=a@b.c", "no URL"),
        (f"smtp://u:{SECRET}é@mail.example.com?from=a@b.c", "no URL"),
        (f"smtp://u:{SECRET}@?from=a@b.c", "names no host"),
        (f"smtp://u:{SECRET}@mail.example.com", "from=... is missing"),
        (f"smtp://u:{SECRET}@mail.example.com?from=nobody", "from=... is missing or no address"),
        (f"smtp://u:{SECRET}@mail.example.com?from=a@b.c%0D%0ABcc:x@y.z", "from=... is missing or no address"),
        (f"smtp://u:{SECRET}@mail.example.com?from=a@b.c&tsl=none", "there is no option 'tsl'"),
        (f"smtp://u:{SECRET}@mail.example.com?from=a@b.c&tls=maybe", "tls is one of: starttls, none"),
        (f"smtp://u:{SECRET}@mail.example.com?from=a@b.c&tls=none", "for everybody to read"),
        (f"smtp://u:{SECRET}@mail.example.com?from=a@b.c&timeout_seconds=900", "a number up to 20"),
        (f"smtp://u:{SECRET}@mail.example.com?from=a@b.c&timeout_seconds=nan", "a number up to 20"),
        (f"smtp://u:{SECRET}@mail.example.com?from=a@b.c&ca=missing.pem", "names no file"),
        (f"smtps://u:{SECRET}@mail.example.com?from=a@b.c&tls=none", "leave tls=... out"),
        ("webhook+https://sms.example.com/send", "the shared secret stands before the host"),
        ("webhook+https://:short@sms.example.com/send", "at least 16 characters"),
        (f"webhook+https://{SECRET}@sms.example.com/send", "the shared secret stands before the host"),
        (f"webhook+https://:{SECRET}@sms.example.com/send#key=honoured", "there is no option 'key'"),
        (f"apprise+json://{SECRET}@example.com/", "write {address}"),
    ],
)
def test_what_makes_no_sense_is_said_without_the_secret(url: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^NURTURE_CHANNEL_EMAIL: ") as refused:
        read(url)
    assert words in refused.value.message
    assert SECRET not in refused.value.message


def test_a_mail_server_sends_no_sms() -> None:
    with pytest.raises(InvalidRequest, match="a mail server sends e-mail only"):
        read("smtp://mail.example.com?from=a@b.c", Channel.SMS)


def test_no_representation_tells_a_secret() -> None:
    for url in (
        f"smtp://u:{SECRET}@mail.example.com?from=a@b.c",
        f"webhook+https://:{SECRET}@sms.example.com/send?key={SECRET}",
        f"apprise+json://u:{SECRET}@example.com/{{address}}",
    ):
        assert SECRET not in repr(read(url))
        assert SECRET not in repr(ChannelSetting(url))


def test_each_channel_is_opened_by_its_own_setting() -> None:
    adapters = open_adapters(
        {
            Channel.EMAIL: ChannelSetting("smtp://mail.example.com?from=a@b.c", per_second=2),
            Channel.SMS: ChannelSetting(f"webhook+https://:{SECRET}@sms.example.com/send#keys=honoured"),
            Channel.PUSH: ChannelSetting("outbox:", per_second=3),
        }
    )
    assert [adapter.honours_idempotency_key for adapter in adapters.values()] == [False, True, True]
    assert [adapter.pace.batch_size for adapter in adapters.values() if adapter.pace] == [2, 100, 3]
    assert all(isinstance(adapter, OutboxAdapter) for adapter in open_adapters({}).values())


def test_a_service_that_apprise_does_not_know_is_refused_at_start() -> None:
    setting = ChannelSetting(f"apprise+nosuch://{SECRET}/{{address}}")
    with pytest.raises(InvalidRequest, match=r"^NURTURE_CHANNEL_PUSH: Apprise knows no service") as refused:
        open_adapters({Channel.PUSH: setting})
    assert SECRET not in refused.value.message
