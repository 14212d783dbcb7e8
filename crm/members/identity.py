"""Reads addresses as people write them, into the form in which two of them are the same mailbox or phone.

Pure decisions. Every way in for an address goes through here, so that a record is recognised wherever it came from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from unicodedata import category, normalize
from zoneinfo import ZoneInfo

from crm.access.policy import Policy
from crm.channels import Channel
from crm.errors import InvalidRequest
from crm.members.emails import mailbox, read_email
from crm.members.phones import read_phone


@dataclass(frozen=True)
class IdentityRules:
    """What makes two addresses the same, by policy."""

    ignores_plus_tags: bool = True
    ignores_dots_at: frozenset[str] = frozenset()
    """Domains, in lower case."""
    phone_region: str | None = None
    """Country of numbers that name none; without it they cannot be read."""

    @classmethod
    def of(cls, policy: Policy, zone: ZoneInfo) -> "IdentityRules":
        return cls(
            ignores_plus_tags=policy.identity_ignores_plus_tags,
            ignores_dots_at=frozenset(domain.lower() for domain in policy.identity_ignores_dots_at),
            phone_region=policy.phone_region or country_of(zone.key),
        )


@dataclass(frozen=True)
class ReadAddress:
    """An address that came in. Exactly one of `normalised` and `problem` is there."""

    address: str
    """As given, without the spaces around it."""
    normalised: str
    """Empty when nobody can be reached there."""
    problem: str | None
    """Why it cannot be read, in words for whoever can put it right."""


def read_address(channel: Channel, given: str, rules: IdentityRules) -> ReadAddress:
    """An address in the form in which duplicates are found. Whatever cannot be read is kept, with the reason.

    E-mail: Unicode in its compatible form, domain as DNS knows it, case folded; plus-tags and dots by policy.
    Phone: E.164, of a phone that text messages reach. Push tokens: as they are, capitals and all.
    Paper: case and runs of spaces do not count.
    """
    address = given.strip()
    try:
        return ReadAddress(address, _READERS[channel](address, rules), None)
    except InvalidRequest as unreadable:
        return ReadAddress(address, "", unreadable.message)


def deliverable(channel: Channel, address: str, normalised: str) -> str:
    """What a channel is handed: numbers as networks take them, mailboxes as their owner wrote them, tags and all."""
    if channel is Channel.SMS:
        return normalised
    return mailbox(address) if channel is Channel.EMAIL else address


def _email(given: str, rules: IdentityRules) -> str:
    read = read_email(given)
    local, domain = read.local_part.casefold(), read.ascii_domain.lower()
    if rules.ignores_plus_tags:
        local = local.partition("+")[0] or local
    if domain in rules.ignores_dots_at:
        local = local.replace(".", "")
    return f"{local}@{domain}"


def _phone(given: str, rules: IdentityRules) -> str:
    return read_phone(given, rules.phone_region)


def _token(given: str, _rules: IdentityRules) -> str:
    plain = normalize("NFKC", given)
    if not plain:
        raise InvalidRequest("There is no device token.")
    if any(character.isspace() or category(character) == "Cc" for character in plain):
        raise InvalidRequest("A device token has no spaces or control characters.")
    return plain


def _paper(given: str, _rules: IdentityRules) -> str:
    plain = normalize("NFKC", given)
    if not plain:
        raise InvalidRequest("There is no postal address.")
    return " ".join(plain.split()).casefold()


_READERS: Mapping[Channel, Callable[[str, IdentityRules], str]] = {
    Channel.EMAIL: _email,
    Channel.SMS: _phone,
    Channel.PUSH: _token,
    Channel.MAIL: _paper,
}


@cache
def country_of(zone_name: str) -> str | None:
    """The country that an IANA zone lies in, e.g. CN for Asia/Shanghai; None for UTC and the like."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return next((country for country, _, name, *_ in rows if name == zone_name), None)
