"""Reads phone numbers as people write them and as spreadsheets leave them.

A number is read, or refused with the reason; it never becomes the number of somebody else. So what could be two
numbers is neither: whoever knows it writes it with its country code.
"""

import re
from collections.abc import Mapping, Sequence
from unicodedata import category, decimal

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneNumber, PhoneNumberType, ValidationResult

from crm.errors import InvalidRequest
from crm.reading.texts import plain_text, unquoted

LONGEST = 60
"""Characters; a number with its punctuation has fewer."""

_EXTENSION = re.compile(r"(?:ext\w*|[x×#转轉]|分机|分機|内线|доб)\W*\d{1,7}$", re.IGNORECASE)
_BETWEEN = re.compile(r"[;,、|&/]|\bor\b|\band\b|或|和")
"""Between two numbers in one field."""
A_NUMBER = 6
"""Digits from which on a part is a number of its own; what a slash divides from the rest, an area code, has fewer."""
_POWER = re.compile(r"(?P<sign>\+?)(?P<whole>\d+)(?:[.,](?P<rest>\d*))?\s?[eE]\s?\+?(?P<power>\d{1,2})")
_DECIMAL = re.compile(r"(?P<number>[^.,]*\d)[.,](?P<rest>\d{1,2}|0+)")
_THOUSANDS = re.compile(r"(?P<number>\+?\d{1,3}(?P<by>[,.'’ ])\d{3}(?:(?P=by)\d{3})+)(?:(?!(?P=by))[.,]0{1,2})?")
_TRUNK = re.compile(r"^(?P<code>\(?(?:\+|00)\s?\d{1,3}\)?)\s?\(0\)")
"""`+44 (0) 20`: the nought is dialled within the country only."""
_SEPARATORS = str.maketrans(dict.fromkeys("‐‑‒–—−⁃﹣·•", "-"))
_ALLOWED = re.compile(r"\(?\+?[\d\s().\-/]+")

_LENGTHS: Mapping[int, str] = {
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "The phone number lacks its area code.",
    ValidationResult.INVALID_COUNTRY_CODE: "The phone number begins with a country code that is not one.",
    ValidationResult.TOO_SHORT: "The phone number is too short for its country.",
    ValidationResult.INVALID_LENGTH: "No phone number of its country has this length.",
    ValidationResult.TOO_LONG: "The phone number is too long for its country.",
}
_KINDS: Mapping[int, str] = {
    PhoneNumberType.FIXED_LINE: "a landline",
    PhoneNumberType.TOLL_FREE: "a free service number",
    PhoneNumberType.PREMIUM_RATE: "a number at extra cost",
    PhoneNumberType.SHARED_COST: "a number of shared cost",
    PhoneNumberType.VOIP: "an internet telephone",
    PhoneNumberType.PERSONAL_NUMBER: "a forwarding number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.UAN: "a company's switchboard",
    PhoneNumberType.VOICEMAIL: "a mailbox",
}
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def read_phone(given: str, region: str | None) -> str:
    """The number of a phone that text messages reach, as E.164; `region` is the country of numbers that name none.

    Raises InvalidRequest with a sentence. Lengths stay and new prefixes come: a number with a prefix that nobody knows
    is taken where it names its country.
    """
    number = _as_dialled_today(_parsed(_digits_as_written(given), region))
    verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict != ValidationResult.IS_POSSIBLE:
        raise InvalidRequest(_LENGTHS[verdict])
    kind = phonenumbers.number_type(number)
    if kind in _KINDS:
        raise InvalidRequest(f"The phone number is {_KINDS[kind]}, which no text message reaches.")
    if phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE) != verdict:
        raise InvalidRequest("No mobile number of its country has this length.")
    if kind not in _MOBILE:
        _check_new_prefix(number, region)
    elif number.country_code_source == CountryCodeSource.FROM_DEFAULT_COUNTRY:
        _check_lost_zero(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _digits_as_written(given: str) -> str:
    """The digits with their punctuation, after all that a spreadsheet does to them."""
    if len(given) > LONGEST:
        raise InvalidRequest(f"A phone number has at most {LONGEST} characters.")
    if any(category(character) in ("No", "Nl") for character in given):
        raise InvalidRequest("The phone number holds a raised or circled figure, which may be no part of it.")
    lines = [plain_text(line) for line in given.splitlines() if plain_text(line)]
    if len(lines) > 1:
        raise InvalidRequest("There are two phone numbers in one field; leave the one to be written to.")
    text = unquoted(lines[0] if lines else "").translate(_SEPARATORS)
    text = re.sub(r"^tel:\s*", "", text, flags=re.IGNORECASE)
    text = "".join(str(decimal(character, character)) for character in text)
    text = _TRUNK.sub(r"\g<code> ", _whole(text)).strip(" .")
    _check_characters(text)
    return text


def _whole(text: str) -> str:
    """A number that a spreadsheet took for a quantity, as the digits that it had. Raises where some are gone."""
    if power := _POWER.fullmatch(text):
        rest, count = power["rest"] or "", int(power["power"])
        if len(rest.rstrip("0")) > count or len(rest) < count:
            raise InvalidRequest(
                f"A spreadsheet has rounded the phone number to {text}; format the column as text and export it again."
            )
        return power["sign"] + power["whole"] + rest[:count]
    if thousands := _THOUSANDS.fullmatch(text):
        return re.sub(r"[,.'’ ]", "", thousands["number"])
    if part := _DECIMAL.fullmatch(text):
        if part["rest"].strip("0"):
            raise InvalidRequest("The phone number has decimals; write it without them.")
        return part["number"]
    return text


def _check_characters(text: str) -> None:
    """Raises for whatever is no part of a number, and may have replaced a part."""
    if not any(character.isdigit() for character in text):
        raise InvalidRequest("This is not a phone number.")
    if _EXTENSION.search(text):
        raise InvalidRequest("The phone number has an extension, which no text message reaches.")
    if text.startswith("-"):
        raise InvalidRequest("The phone number begins with a minus; write the number as it is dialled.")
    numbers = [part for part in _BETWEEN.split(text) if sum(map(str.isdigit, part)) >= A_NUMBER]
    if text.count("+") > 1 or len(numbers) > 1:
        raise InvalidRequest("There are two phone numbers in one field; leave the one to be written to.")
    if any(character.isalpha() for character in text):
        raise InvalidRequest("The phone number has letters, and letters are no digits; write it in digits.")
    if not _ALLOWED.fullmatch(text):
        raise InvalidRequest("The phone number holds something that is no part of a number; write it in digits.")


def _parsed(text: str, region: str | None) -> PhoneNumber:
    try:
        return phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException as error:
        kinds = phonenumbers.NumberParseException
        if error.error_type == kinds.INVALID_COUNTRY_CODE:
            known = "is not one" if text.startswith("+") else "is missing, and the workspace has none"
            raise InvalidRequest(f"The phone number's country code {known}.") from None
        if error.error_type == kinds.TOO_LONG:
            raise InvalidRequest("The phone number is too long for its country.") from None
        if error.error_type in (kinds.TOO_SHORT_NSN, kinds.TOO_SHORT_AFTER_IDD):
            raise InvalidRequest("The phone number is too short for its country.") from None
        raise InvalidRequest("This is not a phone number.") from None


_MEXICO, _BRAZIL = 52, 55
_MEXICAN_PREFIX = re.compile(r"0?(?:1|44|45)(?P<number>\d{10})")
"""`+52 1 ...`, `044 ...`, `045 ...` and `01 ...` reached mobiles until August 2019; each number has ten digits
(numbering plan of the Instituto Federal de Telecomunicaciones)."""
_BRAZILIAN_EIGHT = re.compile(r"\d\d[6-9]\d{7}")
"""An area code and a mobile without the 9 that stands before each since 2016 (Anatel, resolution 553)."""


def _as_dialled_today(number: PhoneNumber) -> PhoneNumber:
    """Without what was once dialled in front of mobiles. Raises where a digit is missing by now."""
    national = phonenumbers.national_significant_number(number)
    if number.country_code == _MEXICO and (former := _MEXICAN_PREFIX.fullmatch(national)):
        return phonenumbers.parse(f"+{_MEXICO}{former['number']}", keep_raw_input=True)
    if number.country_code == _BRAZIL and _BRAZILIAN_EIGHT.fullmatch(national):
        raise InvalidRequest("Brazilian mobile numbers have nine digits after the area code; write the 9 before it.")
    return number


def _check_lost_zero(number: PhoneNumber) -> None:
    """In a few countries a nought is the number's first digit, and without it the number is another one."""
    national = phonenumbers.national_significant_number(number)
    other = phonenumbers.parse(f"+{number.country_code}0{national}")
    if other.italian_leading_zero and phonenumbers.is_valid_number(other):
        raise InvalidRequest(
            "The phone number may have lost a 0 at its beginning; write it with + and its country code."
        )


def _check_new_prefix(number: PhoneNumber, region: str | None) -> None:
    """No prefix of the country begins this number: it may be a new one, if nothing else can be meant."""
    if number.country_code_source != CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN:
        raise InvalidRequest("No mobile number of its country begins like this; write it with + and its country code.")
    code, national = number.country_code, phonenumbers.national_significant_number(number)
    for length in _mobile_lengths(number):
        if phonenumbers.number_type(phonenumbers.parse(f"+{code}{national[:length]:0<{length}}")) in _MOBILE:
            raise InvalidRequest("No mobile number that begins like this has this length.")
    if region is None or phonenumbers.country_code_for_region(region) == code:
        return
    if phonenumbers.is_valid_number(phonenumbers.parse(f"{code}{national}", region)):
        raise InvalidRequest(
            f"No phone number of the country +{code} begins like this, but one of {region} does; "
            "write it with its own country code."
        )


def _mobile_lengths(number: PhoneNumber) -> Sequence[int]:
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    return metadata.mobile.possible_length if metadata and metadata.mobile else ()
