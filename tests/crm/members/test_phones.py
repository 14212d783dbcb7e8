"""Phone numbers after a spreadsheet, an address book or a hurried hand: the same number, or none."""

from collections.abc import Callable, Mapping

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from crm.errors import InvalidRequest
from crm.members.phones import read_phone
from tests.conftest import examples

NUMBER = "+8613800000001"


@pytest.mark.parametrize(
    "given",
    [
        "13800000001.0",
        "13800000001,00",
        "1.3800000001E10",
        "1,3800000001e+10",
        "8.613800000001E+12",
        "'13800000001",
        '="13800000001"',
        "=+8613800000001",
        " 138-0000-0001 ",
        "１３８０００００００１",
        "١٣٨٠٠٠٠٠٠٠١",
        "+86 (0) 138 0000 0001",
        "(86)13800000001",
        "0086 138 0000 0001",
        "8613800000001",
        "138\u00a00000\u00a00001",
        "\u202a13800000001\u202c",
        "\ufeff138\u200b00000001",
        "138‑0000–0001",
        "13,800,000,001",
        "13.800.000.001",
        "13 800 000 001.00",
        "13'800'000'001",
        "013800000001",
        "1380000.0001",
        "tel:+86-138-0000-0001",
    ],
)
def test_a_spreadsheet_changes_how_a_number_looks_and_not_whose_it_is(given: str) -> None:
    assert read_phone(given, "CN") == NUMBER


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("1.38E+10", "rounded"),
        ("1.380000E+10", "rounded"),
        ("138e8", "rounded"),
        ("138 0000 000l", "letters are no digits"),
        ("138OOOO0001", "letters are no digits"),
        ("1380000О001", "letters are no digits"),
        ("一三八00000001", "letters are no digits"),
        ("1-800-FLOWERS", "letters are no digits"),
        ("138 0000 0001 Ann", "letters are no digits"),
        ("13800000001/13900000002", "two phone numbers"),
        ("13800000001、13900000002", "two phone numbers"),
        ("13800000001; 13900000002", "two phone numbers"),
        ("13800000001\n13900000002", "two phone numbers"),
        ("13800000001或13900000002", "two phone numbers"),
        ("13800000001 13900000002", "too long"),
        ("+86+13800000001", "two phone numbers"),
        ("138 0000 0001 x5", "extension"),
        ("13800000001转5", "extension"),
        ("13800000001①", "circled"),
        ("13800000001²", "raised"),
        ("13800000001.5", "decimals"),
        ("-13800000001", "minus"),
        ("13800000001*", "no part of a number"),
        ("+86138000000010", "length"),
        ("138000000010", "length"),
        ("1380000000", "length"),
        ("010-65529988", "landline"),
        ("+44 20 7946 0958", "landline"),
        ("400-820-8820", "shared cost"),
        ("+1 800 356 9377", "free service"),
        ("491701234567", "length"),
        ("12025550143", "with + and its country code"),
        ("+13800000001", "its own country code"),
        ("+49 151 2345678", "length"),
        ("1" * 200, "at most 60 characters"),
        ("NaN", "not a phone number"),
    ],
)
def test_what_may_be_somebody_elses_is_refused_with_the_reason(given: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says.replace("+", r"\+")):
        read_phone(given, "CN")


def test_a_new_prefix_is_taken_where_the_number_names_its_country() -> None:
    assert read_phone("+86 100 0001 0001", "CN") == "+8610000010001"
    with pytest.raises(InvalidRequest, match="country code"):
        read_phone("100 0001 0001", "CN")


def test_a_lost_nought_is_asked_for_where_the_number_could_be_another_one_without_it() -> None:
    assert read_phone("7911 123456", "GB") == "+447911123456"
    with pytest.raises(InvalidRequest, match="lost a 0"):
        read_phone("6031234", "GA")


Form = Callable[[phonenumbers.PhoneNumber], str]


def _written(style: int) -> Form:
    return lambda number: phonenumbers.format_number(number, style)


_international, _national, _e164 = map(
    _written, (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL, PhoneNumberFormat.E164)
)


def _digits(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.national_significant_number(number)


FORMS: Mapping[str, Form] = {
    "international": _international,
    "national": _national,
    "as a float": lambda number: f"{_digits(number)}.0",
    "as a float with its country": lambda number: f"{_e164(number)[1:]}.0",
    "as a whole number": lambda number: str(int(_digits(number))),
    "with thousands": lambda number: f"{int(_digits(number)):,}",
    "with thousands and decimals": lambda number: f"{int(_digits(number)):,}.00",
    "with dots for thousands": lambda number: f"{int(_digits(number)):,}".replace(",", "."),
    "rounded": lambda number: f"{int(_digits(number)):.2E}",
    "rounded with its country": lambda number: f"{int(_e164(number)[1:]):.5E}",
    "general": lambda number: f"{float(_digits(number)):G}",
    "as a formula": lambda number: f'="{_national(number)}"',
    "as text": lambda number: f"'{_digits(number)}",
    "without its noughts": lambda number: "".join(filter(str.isdigit, _national(number))).lstrip("0"),
    "with 00": lambda number: f"00{_e164(number)[1:]}",
    "with (0)": lambda number: _international(number).replace(" ", " (0) ", 1),
    "with spaces that do not break": lambda number: _international(number).replace(" ", "\u00a0"),
    "between marks of direction": lambda number: f"\u202a{_e164(number)}\u202c",
    "an l for a 1": lambda number: _national(number).replace("1", "l"),
    "an O for a 0": lambda number: _national(number).replace("0", "O"),
    "twice": lambda number: f"{_national(number)} {_national(number)}",
    "with an extension": lambda number: f"{_national(number)} x12",
}
REGIONS = sorted(
    region
    for region in phonenumbers.SUPPORTED_REGIONS
    if phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
)


@st.composite
def mobiles(draw: st.DrawFn) -> tuple[str, phonenumbers.PhoneNumber]:
    """A country, and a mobile number of it that begins as its example does."""
    region = draw(st.sampled_from(REGIONS))
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None
    digits = phonenumbers.national_significant_number(example)
    last = draw(st.integers(min_value=1, max_value=6).map(lambda count: min(count, len(digits) - 1)))
    other = draw(st.text("0123456789", min_size=last, max_size=last))
    number = phonenumbers.parse(f"+{example.country_code}{digits[:-last]}{other}")
    mobile = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return region, number if phonenumbers.number_type(number) in mobile else example


@settings(max_examples=examples(60), deadline=None)
@given(mobiles())
def test_a_mobile_of_any_country_written_in_any_way_stays_the_same_or_is_refused(
    drawn: tuple[str, phonenumbers.PhoneNumber],
) -> None:
    region, number = drawn
    assert read_phone(_e164(number), region) == _e164(number)
    for form, write in FORMS.items():
        try:
            read = read_phone(write(number), region)
        except InvalidRequest:
            continue
        assert read == _e164(number), form


@pytest.mark.parametrize(
    "given",
    ["+52 1 55 1234 5678", "52 1 55 1234 5678", "044 55 1234 5678", "045-55-1234-5678", "01 55 1234 5678",
     "0052 1 55 1234 5678", "5215512345678.0", "5.215512345678E+12", "55 1234 5678"],
)  # fmt: skip
def test_what_was_once_dialled_before_mexican_mobiles_is_left_out(given: str) -> None:
    assert read_phone(given, "MX") == "+525512345678"


@pytest.mark.parametrize(
    "given", ["+55 11 8123 4567", "(11) 8123-4567", "0 11 7123 4567", "551181234567", "11 6123 4567"]
)
def test_a_brazilian_mobile_without_its_ninth_digit_is_asked_back(given: str) -> None:
    with pytest.raises(InvalidRequest, match="write the 9 before it"):
        read_phone(given, "BR")
    assert read_phone("+55 11 98123 4567", "BR") == "+5511981234567"


@pytest.mark.parametrize("given", ["011 15 2345 6789", "11 15-2345-6789", "+54 11 15 2345 6789", "+54 9 11 2345 6789"])
def test_an_argentine_mobile_is_one_number_however_it_is_dialled(given: str) -> None:
    assert read_phone(given, "AR") == "+5491123456789"
