"""The keys of the links in messages."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.link_keys import KEYS_FILE, add_key, open_links
from crm.errors import InvalidRequest
from crm.outreach.links import Purpose
from crm.settings import Settings


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    first = open_links(settings)
    assert first.keys == open_links(settings).keys
    assert stat.S_IMODE((tmp_path / "home" / KEYS_FILE).stat().st_mode) == 0o600


def test_a_new_key_signs_and_old_links_stay_valid(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    before = open_links(settings)
    token = before.unsubscribe(7).rpartition("/")[2]
    assert add_key(settings) == 2
    after = open_links(settings)
    assert after.read(token, Purpose.UNSUBSCRIBE) is not None
    assert after.unsubscribe(7) != before.unsubscribe(7)


def test_keys_may_come_from_the_environment(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, link_keys=SecretStr(f"{'a' * 32}, {'b' * 32}"), public_url="https://x.example/")
    links = open_links(settings)
    assert (links.keys, links.base_url) == ((b"a" * 32, b"b" * 32), "https://x.example")
    assert not (tmp_path / KEYS_FILE).exists()
    with pytest.raises(InvalidRequest, match="NURTURE_LINK_KEYS"):
        add_key(settings)


def test_a_short_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="fewer than 32") as refused:
        open_links(Settings(home=tmp_path, link_keys=SecretStr("hunter2")))
    assert "hunter2" not in str(refused.value)


def test_messages_that_leave_the_machine_need_links_that_lead_back(tmp_path: Path) -> None:
    outside = Settings(home=tmp_path, channel_email=SecretStr("smtp://mail.example?from=a@b.example"))
    with pytest.raises(InvalidRequest, match="set NURTURE_PUBLIC_URL"):
        open_links(outside)
    reachable = outside.model_copy(update={"public_url": "https://post.example"})
    assert open_links(reachable).base_url == "https://post.example"


@pytest.mark.parametrize("address", ["post.example.com", "ftp://post.example.com", "https://", "https://a.example/?b"])
def test_a_public_address_that_leads_nowhere_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="such as https"):
        Settings(public_url=address)
