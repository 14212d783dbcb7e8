"""Parts of text messages, against cases whose answer is known."""

import pytest

from crm.outreach.sms import GSM_BASIC, GSM_EXTENSION, Encoding, measure

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", GSM, 0, 0),
        ("a", GSM, 1, 1),
        ("a" * 160, GSM, 160, 1),
        ("a" * 161, GSM, 161, 2),
        ("a" * 306, GSM, 306, 2),
        ("a" * 307, GSM, 307, 3),
        ("é" * 160, GSM, 160, 1),
        ("€" * 80, GSM, 160, 1),
        ("€" * 81, GSM, 162, 2),
        ("a" * 152 + "€" + "a" * 10, GSM, 164, 2),
        ("a" * 152 + "€" + "a" * 151, GSM, 305, 2),
        ("a" * 152 + "€" + "a" * 152, GSM, 306, 3),
        ("你" * 70, UCS, 70, 1),
        ("你" * 71, UCS, 71, 2),
        ("你" * 134, UCS, 134, 2),
        ("你" * 135, UCS, 135, 3),
        ("😀" * 35, UCS, 70, 1),
        ("😀" * 36, UCS, 72, 2),
        ("a" * 66 + "😀" + "a" * 66, UCS, 134, 3),
        ("a" * 69 + "ë", UCS, 70, 1),
        ("a" * 70 + "’", UCS, 71, 2),
    ],
)
def test_known_lengths(text: str, encoding: Encoding, units: int, parts: int) -> None:
    length = measure(text)
    assert (length.encoding, length.units, length.parts) == (encoding, units, parts)


def test_the_characters_that_make_a_text_dear_are_named() -> None:
    assert measure("It’s “tea” for Zoë’s").odd == ("’", "“", "”", "ë")


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert (len(GSM_BASIC), len(GSM_EXTENSION)) == (127, 10)
    assert not GSM_BASIC & GSM_EXTENSION
