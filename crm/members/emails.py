"""Reads e-mail addresses as people write them and as address books, spreadsheets and links leave them."""

import re
from urllib.parse import unquote

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from crm.errors import InvalidRequest
from crm.reading.texts import plain_text, unquoted

_LINK = re.compile(r"^mailto:\s*", re.IGNORECASE)
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>?")
"""`Ann Lee <ann@example.com>`"""
_AROUND_AT = re.compile(r"\s*@\s*")
_ENDS = " .,;:、，。；"


def mailbox(given: str) -> str:
    """The mailbox that a field names, spelt as its owner spells it."""
    text = plain_text(given)
    if _LINK.match(text):
        text = unquote(_LINK.sub("", text).partition("?")[0])
    text = unquoted(text.strip(_ENDS))
    if named := _NAMED.fullmatch(text):
        name, text = unquoted(named["name"]), _LINK.sub("", named["address"].strip())
        # An address as the name of another one: which of them is meant, nobody can tell.
        if "@" in name and name.casefold() != text.casefold():
            return f"{name} {text}"
    return _AROUND_AT.sub("@", unquoted(text)).strip(_ENDS)


def read_email(given: str) -> ValidatedEmail:
    """An address that mail can be sent to. Raises InvalidRequest with a sentence."""
    text = mailbox(given)
    if text.count("@") > 1:
        raise InvalidRequest("There are two e-mail addresses in one field; leave the one to be written to.")
    try:
        return validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidRequest(str(error)) from None
