"""Reads addresses as people write them, into the form in which two of them are the same mailbox or phone.

Pure decisions. Every way in for an address goes through here, so that a record is recognised wherever it came from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from unicodedata import category, normalize
from zoneinfo import ZoneInfo

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from crm.access.policy import Policy
from crm.members.models import Channel


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
    Phone: E.164. Push tokens: as they are, capitals and all. Paper: case and runs of spaces do not count.
    """
    address = given.strip()
    try:
        return ReadAddress(address, _READERS[channel](normalize("NFKC", address), rules), None)
    except _Unreadable as unreadable:
        return ReadAddress(address, "", str(unreadable))


def deliverable(channel: Channel, address: str, normalised: str) -> str:
    """What a channel is handed: numbers as networks take them, mailboxes as their owner wrote them, tags and all."""
    if channel is Channel.SMS:
        return normalised
    return normalize("NFKC", address) if channel is Channel.EMAIL else address


class _Unreadable(Exception):
    """The words go on file beside the address."""


def _email(plain: str, rules: IdentityRules) -> str:
    try:
        read = validate_email(plain, check_deliverability=False)
    except EmailNotValidError as error:
        raise _Unreadable(str(error)) from None
    local, domain = read.local_part.casefold(), read.ascii_domain.lower()
    if rules.ignores_plus_tags:
        local = local.partition("+")[0] or local
    if domain in rules.ignores_dots_at:
        local = local.replace(".", "")
    return f"{local}@{domain}"


_PHONE_PROBLEMS: Mapping[int, str] = {
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "The phone number lacks its area code.",
    phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "The phone number begins with a country code that is not one.",
    phonenumbers.ValidationResult.TOO_SHORT: "The phone number is too short for its country.",
    phonenumbers.ValidationResult.INVALID_LENGTH: "No phone number of its country has this length.",
    phonenumbers.ValidationResult.TOO_LONG: "The phone number is too long for its country.",
}


def _phone(plain: str, rules: IdentityRules) -> str:
    """By the lengths of each country and not by its prefixes: those change faster than any list of them."""
    try:
        number = phonenumbers.parse(plain, rules.phone_region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            known = "is not one" if plain.startswith("+") else "is missing, and the workspace has none"
            raise _Unreadable(f"The phone number's country code {known}.") from None
        raise _Unreadable("This is not a phone number.") from None
    if number.extension:
        raise _Unreadable("The phone number has an extension, which no text message reaches.")
    verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise _Unreadable(_PHONE_PROBLEMS[verdict])
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _token(plain: str, _rules: IdentityRules) -> str:
    if not plain:
        raise _Unreadable("There is no device token.")
    if any(character.isspace() or category(character) == "Cc" for character in plain):
        raise _Unreadable("A device token has no spaces or control characters.")
    return plain


def _paper(plain: str, _rules: IdentityRules) -> str:
    if not plain:
        raise _Unreadable("There is no postal address.")
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
